"""Predictions of lesson 09."""

from emtutor.tutor.predictions import Prediction

PREDICTIONS = {
    "gain-of-the-e-step": Prediction(
        "In an E-step, by how much does log p(x | theta) rise?",
        {
            "not at all": "log p depends on theta and not on q. Only theta's step can change it.",
            "by as much as L": "L rises, and the gap closes by the same amount. Their sum is log p.",
            "by the divergence": "By the divergence L rises. log p is the sum of the two, and that is constant.",
        },
        right="not at all",
    ),
    "what-guarantees": Prediction(
        "What guarantees that the second bracket, D_new - D_old, is at least zero?",
        {
            "that the M-step finds the maximum of L": "That makes the first bracket at least zero. The second can still be negative.",
            "that KL was zero before the step": "A divergence that starts at zero can only grow.",
            "nothing: a divergence is never negative": "The bracket is a difference of two divergences. It may well be negative if the first was not zero.",
        },
        right="that KL was zero before the step",
    ),
    "saddle": Prediction(
        "EM has stopped: theta no longer changes, and no weight is zero. What do we know about the gradient of log p there, along the valid parameters?",
        {
            "nothing": "The bound touches log p there and has its top there, so both are flat.",
            "it is zero, and the point is a maximum": "Flat, yes. But a saddle is flat too.",
            "it is zero": "A fixed point inside the valid parameters is a stationary point: the bound has its top there, and the same slope as log p. (A weight of zero stays zero, whatever the slope is.)",
        },
        right="it is zero",
    ),
}
