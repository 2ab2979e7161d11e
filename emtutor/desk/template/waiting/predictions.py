"""The predictions of lesson 01: a question, what each answer would imply, and the one that holds."""

from emtutor.tutor.predictions import Prediction

PREDICTIONS = {
    "another-unit": Prediction(
        "The times were in minutes. Now they are in seconds, 60 times as large. What does EM find?",
        {
            "rates 60 times as large": "A rate counts events in one unit of time, and a second is the shorter unit.",
            "rates 60 times as small, and the same pi": "A rate has the unit of 1 / time; a weight has none.",
            "the same rates and the same pi": "Then an event in a minute would be an event in a second.",
        },
        right="rates 60 times as small, and the same pi",
    ),
}
