"""The exercise of lesson 01. What each field means: the docstring of emtutor.tutor.exercise."""

import numpy as np

from emtutor.problems import Problem, Quantity, simplex
from emtutor.tutor import Exercise, Mistake


def waiting_m_step(x, r):
    """pi (k,) and rate (k,): the maximisers of Q for these responsibilities."""
    R = r.sum(axis=0)
    return R / len(x), R / (r.T @ x)


def _problems(rng):
    sizes = {"three components": (7, 3, 1.0), "one component": (4, 1, 5.0), "one point": (1, 2, 1.0)}
    found = [Problem("hand-sized", {"x": np.array([1.0, 2.0, 6.0]), "r": np.array([[1, 0], [0.5, 0.5], [0, 1.0]])})]
    for label, (n, k, unit) in sizes.items():
        found.append(Problem(label, {"x": unit * rng.exponential(size=n), "r": simplex(rng, k, n)}))
    return [*found, Problem("in seconds", {"x": 60 * rng.exponential(size=9), "r": simplex(rng, 2, 9)})]


WAITING_M_STEP = Exercise(
    waiting_m_step,
    lesson="01-waiting",
    statement="The M-step of a mixture of exponentials, from times x (n,) and responsibilities r (n, k): "
    "the weights pi (k,) and the rates (k,), in this order.",
    out={"pi": "k", "rate": "k"},
    problems=_problems,
    notation={"x": Quantity("n", "positive", 1)},
    mistakes=[
        Mistake(
            "one-rate",
            lambda x, r: (r.mean(axis=0), np.full(r.shape[1], len(x) / x.sum())) if r.shape[1] > 1 else None,
            "All your rates are that of one component that has all points. How much of point i belongs to component j?",
        ),
    ],
    ask={"inverse": "Has a rate the unit of a time, or of one over a time?"},
    hints=[
        "Which terms of Q hold the rate of component j, and which hold pi?",
        "Set the derivative of Q in that rate to zero: one sum of responsibilities, one weighted sum of times.",
        "A rate is a count divided by a time: how many points component j has, and how long they waited together.",
    ],
    by_hand="Take the times 1, 2 and 6; the first belongs to component 1, the last to component 2, the second to both.",
)
EXERCISES = [WAITING_M_STEP]
