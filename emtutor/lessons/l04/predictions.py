"""Predictions of lesson 04."""

from emtutor.tutor.predictions import Prediction

PREDICTIONS = {
    "both-doubled": Prediction(
        "Forget for a moment that weights sum to one, and double both of them. What does log p(x) do, for n points?",
        {
            "it grows by n log 2": "Each p(x_i) doubles. So larger weights always look better, and nothing holds them back.",
            "it stays: only the ratio of the weights matters": "That holds for the responsibilities, where a common factor cancels. In p(x_i) it does not.",
            "it grows by log 2": "That is the growth for one point. There are n of them.",
        },
        right="it grows by n log 2",
    ),
    "equal-slopes": Prediction(
        "R = (30, 70). You stand on the simplex at pi = (1/2, 1/2), so R_1 / pi_1 = 60 and R_2 / pi_2 = 140. Where do you go?",
        {
            "nowhere: equal weights are fair": "A little weight is worth 60 nats per unit to component 1 and 140 to component 2.",
            "towards component 1: it has too little": "Each unit moved there brings 60 and costs 140.",
            "towards component 2": "Each unit of weight moved brings 140 and costs 60. Go on until both are worth the same.",
        },
        right="towards component 2",
    ),
    "gradient-at-top": Prediction(
        "Now R = (12, 4), so the best point of the simplex is pi = (3/4, 1/4). What is the gradient (R_1 / pi_1, R_2 / pi_2) there?",
        {
            "(0, 0), as at every maximum": "So it is at a maximum without a constraint. This one is held by the constraint.",
            "(16, 16)": "Not zero, but both entries are equal: it points straight off the simplex.",
            "(12, 4)": "Those are the R_j. Divide each by its weight.",
        },
        right="(16, 16)",
    ),
    "price": Prediction(
        "n = 100. Suppose that the weights had to sum to 1.01 in the place of 1. By how much would the best value of sum_j R_j log pi_j rise?",
        {
            "by 0.01 nats": "That would be a price of 1 nat per unit. But every one of the 100 points gains.",
            "by about 1 nat": "All weights grow by 1 %, so each of the 100 points gains log 1.01, about 0.01.",
            "by about 100 nats": "That is the price of a whole unit more. Here a hundredth of a unit is for sale.",
        },
        right="by about 1 nat",
    ),
    "which-number": Prediction(
        "The slide's denominator has lost its primes, so the printed gradient in pi is wrong. Which number on the slide would show it?",
        {
            "neither lambda nor the sum of the weights": "Both come out as they should. Only the weights themselves are wrong: 1/k, whatever the data.",
            "lambda: it would not be -n": "Multiply the printed gradient by pi_j and sum over j: n / k in each term, n in all. It is -n.",
            "the weights: they would not sum to one": "They would be 1/k each, and k of them sum to one.",
        },
        right="neither lambda nor the sum of the weights",
    ),
    "prior": Prediction(
        "R = (3, 1). A Dirichlet prior with alpha = (2, 2) is added. What are the most probable weights?",
        {
            "(0.75, 0.25)": "That is without the prior.",
            "(0.625, 0.375)": "That is (R + alpha) / 8, the posterior's mean. The mode has alpha - 1.",
            "(0.667, 0.333)": "(3 + 1) / 6 and (1 + 1) / 6: the prior counts like one more point for each component.",
        },
        right="(0.667, 0.333)",
    ),
}
