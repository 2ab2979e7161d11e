"""Predictions of lesson 08."""

from emtutor.tutor.predictions import Prediction

PREDICTIONS = {
    "kl": Prediction(
        "q = (1, 0) and p = (1/2, 1/2). Which of the two divergences is infinite?",
        {
            "KL(q || p)": "q is zero where p is not, and that costs nothing: KL(q || p) = log 2.",
            "both": "Only one of the two puts mass where the other has none.",
            "KL(p || q)": "p puts half its mass on a label that q calls impossible.",
            "neither": "One of the ratios is 1/2 divided by 0.",
        },
        right="KL(p || q)",
    ),
    "temperature": Prediction(
        "Raise the temperature from 1 towards infinity. Where does q go?",
        {
            "to the most likely label": "That is the cold end: as T goes to zero only the energy counts.",
            "to equal probabilities": "With T large only the entropy counts, and it is largest when nothing is known.",
            "it stays at the posterior": "The posterior is the balance at T = 1, and only there.",
        },
        right="to equal probabilities",
    ),
}
