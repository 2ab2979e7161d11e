"""Predictions of lesson 10."""

from emtutor.tutor.predictions import Prediction

PREDICTIONS = {
    "long-step": Prediction(
        "Move both means along the gradient of log p, by 0.01 times the gradient. What does log p do?",
        {
            "it rises: the gradient points uphill": "Uphill at the start. The gradient of the first mean is about a hundred per minute, so the step is a whole minute long.",
            "it falls": "The step is far too long: it jumps across the top and down the other side.",
            "it rises by about 0.01": "The gain of a short step is its length times the squared gradient, far more than 0.01.",
        },
        right="it falls",
    ),
    "prior-where": Prediction(
        "A prior on theta is added. Which half-step changes?",
        {
            "only the M-step": "The prior is one more term in what the M-step maximises.",
            "only the E-step": "The E-step asks who made each point, given theta. The prior on theta says nothing about that.",
            "both": "The E-step's posterior p(z | x, theta) takes theta as given: the prior does not enter.",
        },
        right="only the M-step",
    ),
}
