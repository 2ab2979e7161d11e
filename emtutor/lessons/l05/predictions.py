"""Predictions of lesson 05."""

from emtutor.tutor.predictions import Prediction

PREDICTIONS = {
    "halfway": Prediction(
        "A point lies exactly halfway between two means. Both covariances are equal. The weights are 0.9 and 0.1. What is its responsibility under component 1?",
        {
            "0.9": "The densities cancel, and what remains is the prior.",
            "0.5": "That would be so if the weights were equal: with equal densities only the prior is left.",
            "1": "Then component 2 could not have made it, but its density there is just as high.",
        },
        right="0.9",
    ),
    "equal-shares": Prediction(
        "Give every point the same responsibilities, r = (1/2, 1/2). What does one M-step return?",
        {
            "two components that split the data in halves": "Nothing in r tells the two apart, so nothing in the result can.",
            "an error, because no point belongs to anybody": "Each point belongs half to each: R = (n/2, n/2), and the formulas are defined.",
            "two identical components, each with the mean and covariance of all data": "Equal weights for all points: both weighted means are the plain mean.",
        },
        right="two identical components, each with the mean and covariance of all data",
    ),
    "how-close": Prediction(
        "EM stops because log p changed by less than 0.001 nats. How close is log p to its limit?",
        {
            "within 0.001": "That holds if each change is at most half the one before: the rest then adds up to no more than the last. Nothing guarantees it.",
            "this number alone does not say": "A change of 0.001 means a small error when changes halve, and a large one when they shrink by one per cent.",
            "within 0.002": "That holds if each change is at most two thirds of the one before. Nothing guarantees it.",
        },
        right="this number alone does not say",
    ),
}
