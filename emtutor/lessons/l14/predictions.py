"""Predictions of lesson 14."""

from emtutor.tutor.predictions import Prediction

PREDICTIONS = {
    "rows-without-gaps": Prediction(
        "After every second eruption longer than 4.2 minutes the waiting time is missing. You keep the rows without a gap and drop the rest. What happens to the mean waiting time?",
        {
            "nothing, it is only less certain": "That would be so if the gaps had nothing to do with the eruption. They are all among the long ones.",
            "it becomes too short": "Long eruptions are followed by long waits, and it is long eruptions that were dropped.",
            "it becomes too long": "Which rows were dropped, those before long waits or those before short ones?",
        },
        right="it becomes too short",
    ),
    "nothing-seen": Prediction(
        "In one row both entries are missing. What are its responsibilities?",
        {
            "its share of pi: r_i = pi": "Nothing was seen, so nothing changes what we believed before: the prior. The row then pulls the estimate nowhere.",
            "1/k for each component": "That would be so if all weights were equal. What do we believe of a row before we look at it?",
            "0 for each component": "A row of r sums to one, also for this row: some component made it.",
        },
        right="its share of pi: r_i = pi",
    ),
}
