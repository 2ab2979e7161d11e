"""Predictions of lesson 11."""

from emtutor.tutor.predictions import Prediction

PREDICTIONS = {
    "blocks": Prediction(
        "EM is run on the rows in four blocks, the statistics added. How far is the result from EM on all rows at once?",
        {
            "close, if the blocks look alike": "Nothing is estimated from a block alone, so they need not look alike.",
            "close, if the blocks are large": "The size does not matter: blocks of one row would do.",
            "the same, up to rounding": "Sums do not care how they are bracketed, but for the last digits.",
        },
        right="the same, up to rounding",
    ),
    "factorised": Prediction(
        "Sweep over q1 and q2 until nothing changes. Is the bound then equal to log p?",
        {
            "yes: each sweep raises it until it touches": "It rises until nothing changes. It could touch only if the posterior itself were a product.",
            "no: a gap stays unless z1 and z2 are independent given x": "The best product is not the posterior, and the gap is its divergence from it.",
            "no: the bound may fall": "Each half of a sweep maximises it in one factor, so it cannot fall.",
        },
        right="no: a gap stays unless z1 and z2 are independent given x",
    ),
}
