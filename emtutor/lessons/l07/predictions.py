"""Predictions of lesson 07."""

from emtutor.tutor.predictions import Prediction

PREDICTIONS = {
    "gap": Prediction(
        "Two different values, weight w on the first. For which w is the gap log E[v] - E[log v] zero?",
        {
            "for w = 1/2": "There the chord is usually far below the curve.",
            "for no w": "At its two ends the chord lies on the curve.",
            "for w = 0 and w = 1": "All weight on one value: then nothing is averaged, and chord and curve meet.",
        },
        right="for w = 0 and w = 1",
    ),
    "unit": Prediction(
        "At theta0 the slide's inequality holds for all 272 eruptions, measured in minutes. Measure both columns in days instead. What changes?",
        {
            "some eruptions violate it now": "In days the densities are two million times larger, and their product grows faster than their sum.",
            "nothing: it is the same data": "A density is a probability per unit. Change the unit, and every density changes by a factor.",
            "all eruptions violate it now": "Where one of the two densities is very small, the product is too.",
        },
        right="some eruptions violate it now",
    ),
    "tight": Prediction(
        "For an eruption between the clouds, q moves from (0, 1) to (1, 0). What does L(q) do?",
        {
            "it rises, touches log p(x) once, and falls": "It touches at the posterior and lies below it everywhere else.",
            "it rises all the way": "Then the best q would be certain. But certainty costs entropy.",
            "it is constant": "log p(x) is: it does not know q. L does.",
        },
        right="it rises, touches log p(x) once, and falls",
    ),
}
