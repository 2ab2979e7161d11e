"""Predictions of lesson 02."""

from emtutor.tutor.predictions import Prediction

PREDICTIONS = {
    "sample": Prediction(
        "You draw 1000 points with pi = (0.3, 0.7). How many come from component 1?",
        {
            "exactly 300": "Each point draws its own component, so the number varies from sample to sample.",
            "about 300, give or take 150": "That would be the spread if the points moved in one block. They are drawn independently.",
            "about 300, give or take 15": "The number is binomial: its standard deviation is the root of 1000 x 0.3 x 0.7.",
        },
        right="about 300, give or take 15",
    ),
    "kmeans-limit": Prediction(
        "Let Sigma_1 = eps I and Sigma_2 = 4 eps I, eps going to zero. Is the limit k-means?",
        {
            "yes, all small covariances are alike": "Multiply log(r_1 / r_2) by eps: the distances to component 2 keep their factor 1/4 in the limit.",
            "no: distances to component 2 count a quarter": "The border moves towards component 1: on Old Faithful 17 labels change.",
            "only if the weights are equal": "The weights drop out: eps times log pi goes to zero.",
        },
        right="no: distances to component 2 count a quarter",
    ),
    "spike": Prediction(
        "Shrink s from one minute downwards on Old Faithful. What does log p do?",
        {
            "it rises all the way": "At first component 2 loses its neighbours, and that costs more than one point gains.",
            "it falls first, then rises without bound": "Once the neighbours are lost nothing is left to lose: each further decade gains d log 10 = 4.6 nats, for ever.",
            "it falls all the way": "Then there would be no problem. But one density in the sum grows without bound.",
        },
        right="it falls first, then rises without bound",
    ),
}
