"""Predictions of lesson 06."""

from emtutor.tutor.predictions import Prediction

PREDICTIONS = {
    "q": Prediction(
        "Each M-step raises Q( . | theta_t). Does Q(theta_t | theta_t) rise from iteration to iteration?",
        {
            "yes, since each M-step raises it": "The M-step raises Q with r fixed. Then the E-step changes r, and Q with it.",
            "it is constant": "It is log p minus an entropy, and both move.",
            "it may fall": "log p = Q + H(r) rises; but as r becomes less certain, H may rise by more.",
        },
        right="it may fall",
    ),
    "abo": Prediction(
        "With p = (1/3, 1/3, 1/3), what share of the people of group A is expected to be AA?",
        {
            "one third": "1/9 against 2/9: AO is twice as likely.",
            "one half": "That forgets the two ways in which AO can arise.",
            "one ninth": "That is the share among all people, before the group is known.",
        },
        right="one third",
    ),
    "murray": Prediction(
        "EM starts from correlation rho = 0. Where does it end?",
        {
            "at rho = 1/2": "By symmetry, why not at rho = -1/2? The data do not tell the two signs apart.",
            "it jumps between 1/2 and -1/2": "Both have the same log p, so a jump would lower nothing. But a maximum is a fixed point: once there, EM stays.",
            "at rho = 0": "With rho = 0 nothing suggests a sign, so each step keeps it at 0.",
        },
        right="at rho = 0",
    ),
}
