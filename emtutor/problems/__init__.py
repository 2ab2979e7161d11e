"""Problems: arguments for a formula, made by hand or drawn at random, and what each argument is."""

from emtutor.problems.making import completed, dense, draw, far_out, hand_sized, mixture, pick, simplex, world
from emtutor.problems.problem import NOTATION, Problem, Quantity, quantity

__all__ = [
    "NOTATION",
    "Problem",
    "Quantity",
    "completed",
    "dense",
    "draw",
    "far_out",
    "hand_sized",
    "mixture",
    "pick",
    "quantity",
    "simplex",
    "world",
]
