"""Problems: arguments for a formula, made by hand or drawn at random, and what each argument is."""

from emtutor.problems.extremes import (
    EXTREMES,
    RARE,
    almost_empty,
    below_zero,
    extremes,
    posed,
    rare,
    repeated,
    sparse,
    whole,
)
from emtutor.problems.making import completed, dense, draw, far_out, hand_sized, mixture, pick, rescaled, simplex, world
from emtutor.problems.problem import NOTATION, Problem, Quantity, quantity

__all__ = [
    "EXTREMES",
    "NOTATION",
    "RARE",
    "Problem",
    "Quantity",
    "almost_empty",
    "below_zero",
    "completed",
    "dense",
    "draw",
    "extremes",
    "far_out",
    "hand_sized",
    "mixture",
    "pick",
    "posed",
    "quantity",
    "rare",
    "repeated",
    "rescaled",
    "simplex",
    "sparse",
    "whole",
    "world",
]
