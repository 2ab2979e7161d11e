"""Predictions of lesson 00."""

from emtutor.tutor.predictions import Prediction

PREDICTIONS = {
    "row-sums": Prediction(
        "A row of three positive numbers is divided by its sum. What is the sum of the new row?",
        {
            "1": "Each number is now its share of the whole, and the shares make one whole.",
            "3": "That is how many numbers there are. Each is now a share of the whole.",
            "it depends on the numbers": "The sum depends on them, and so does what we divide by: the two cancel.",
        },
        right="1",
    ),
}
