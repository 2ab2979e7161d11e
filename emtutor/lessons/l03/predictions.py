"""Predictions of lesson 03."""

from emtutor.tutor.predictions import Prediction

PREDICTIONS = {
    "one-per-cent": Prediction(
        "At some point, component 1 contributes 0.20 to the density and component 2 contributes 0.02. Now the part of component 1 grows by 1 %. By how much does log p at this point grow?",
        {
            "0.0091": "The sum grows from 0.220 to 0.222. That is the share 0.20 / 0.22 of one per cent.",
            "0.01": "So it would be if component 1 were alone: then 1 % more density is 0.01 more in the logarithm.",
            "0.002": "That is by how much the density grows. The logarithm divides by the density itself.",
        },
        right="0.0091",
    ),
    "which-unit": Prediction(
        "All data are in minutes. You change to seconds, so every number in x and mu is 60 times as large. What becomes of the gradient of log p in mu?",
        {
            "it is 60 times as large": "Then a change of mu by one second would matter more than a change by one minute.",
            "it does not change": "The same move of mu has a number 60 times as large, and log p changes by as much as before.",
            "it is 60 times as small": "One second is a small move: log p changes 60 times less for it than for a minute.",
        },
        right="it is 60 times as small",
    ),
    "zero-now": Prediction(
        "You compute r, and then set mu_j = (1/R_j) sum_i r_ij x_i for every j. Is the gradient of log p in mu zero now?",
        {
            "no: with the new mu there is a new r": "The formula solves the equation for one r. Moving mu changes r, and the equation with it.",
            "yes, that is how the formula was found": "It was found with r held fixed. But r belongs to the old mu.",
            "no: mu has moved away from the maximum": "It has moved uphill, as you will see. It has not arrived.",
        },
        right="no: with the new mu there is a new r",
    ),
    "no-determinant": Prediction(
        "Suppose somebody forgets the log-determinant in log N and maximises over Sigma. What happens?",
        {
            "nothing: it is a constant": "It is constant in mu. In Sigma it is the only term that speaks against a wide ellipse.",
            "Sigma grows without bound": "A wider ellipse brings every point nearer to the mean, and width costs nothing.",
            "Sigma comes out a little too small": "Without the determinant nothing ever speaks for a small Sigma.",
        },
        right="Sigma grows without bound",
    ),
    "steepest": Prediction(
        "Does an EM step move mu_j in the direction of the gradient?",
        {
            "no, but uphill all the same": "The gradient is turned and stretched by a positive definite matrix: less than 90 degrees, so still uphill.",
            "yes, EM climbs the steepest way": "The steepest way depends on the units of the columns. EM's step does not.",
            "no, it may even point downhill": "Its angle with the gradient is always below 90 degrees unless the gradient is zero.",
        },
        right="no, but uphill all the same",
    ),
}
