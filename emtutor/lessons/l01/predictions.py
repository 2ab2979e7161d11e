"""Predictions of lesson 01."""

from emtutor.tutor.predictions import Prediction

PREDICTIONS = {
    "falls": Prediction(
        "J falls in each half-step, until nothing changes any more. It cannot be negative. What follows?",
        {
            "k-means finds the best clustering": "Then every start would end at the same J. You will meet three starts that do not.",
            "k-means stops after finitely many steps, somewhere": "There are finitely many ways to label the points, and none comes back once J has fallen.",
            "k-means may run for ever, ever more slowly": "That would need infinitely many different labellings. There are only k to the power n.",
        },
        right="k-means stops after finitely many steps, somewhere",
    ),
    "soft": Prediction(
        "Let the variance beta go to zero, the centres held fixed. What becomes of r?",
        {
            "every entry becomes 1/k": "That is the other end: with a huge variance all distances look alike.",
            "r becomes undefined": "The formula divides by beta, but only ratios of exponentials matter.",
            "each row becomes one-hot: 1 at the nearest centre": "The nearest centre wins every comparison of exponentials. Soft k-means becomes k-means.",
        },
        right="each row becomes one-hot: 1 at the nearest centre",
    ),
    "critical": Prediction(
        "Two centres with equal weights, beta lowered slowly. What decides the beta at which they part?",
        {
            "the distance between the two clouds": "Only through the spread it causes: the algorithm does not know about clouds before it has found them.",
            "the largest variance of the data in any direction": "The centres part along the direction in which the data spread most.",
            "the number of points": "Repeat every point twice and nothing changes.",
        },
        right="the largest variance of the data in any direction",
    ),
}
