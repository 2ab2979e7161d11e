"""Genetic linkage: 197 animals in four cells of probability 1/2 + theta/4, (1 - theta)/4, (1 - theta)/4, theta/4.

The first cell is two in one, of 1/2 and theta/4; which of them an animal belongs to is hidden. Rao (1965), as the first
example of Dempster, Laird and Rubin (1977), J. R. Statist. Soc. B 39, 1-38.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import xlog1py, xlogy

from emtutor.maths import arguments, degenerate
from emtutor.maths.examples import counted


class Theta(NamedTuple):
    """theta = (theta,): one number in [0, 1]."""

    theta: float


def log_joint(y, theta):
    """log (1/2, theta/4), (1, 2): the two hidden parts of the first cell. y (4,)."""
    with np.errstate(divide="ignore"):
        return np.log([[1 / 2, _number(theta) / 4]])


def known(y, theta):
    """log n!/(y1! y2! y3! y4!) + (y2 + y3) log((1 - theta)/4) + y4 log(theta/4)."""
    y, t = _counts(y), _number(theta)
    return counted.log_multinomial(y) + xlog1py(y[1] + y[2], -t) + xlogy(y[3], t) - y[1:].sum() * np.log(4)


def m_step(y, q):
    """theta = (x2 + y4) / (x2 + y2 + y3 + y4) with x2 = y1 q[0, 1], the expected count of the theta/4 part of y1."""
    y = _counts(y)
    x2 = y[0] * counted.weights(q, 1, 2)[0, 1]
    if x2 + y[1:].sum() == 0:
        raise degenerate.Degenerate(
            f"y = {arguments.shown(y)} and x2 = 0: no animal lies in a cell that depends on theta"
        )
    return Theta(float((x2 + y[3]) / (x2 + y[1:].sum())))


def _counts(y):
    return counted.counts("y", y, "(4)")


def _number(theta):
    t = float(arguments.array("theta", *arguments.parts("theta", theta, "theta"), "()"))
    if not 0 <= t <= 1:
        raise ValueError(f"theta must lie in [0, 1], got {t}: the cells' probabilities would be negative")
    return t


# q (1, 2) is the split probability, the same for each of the y1 animals: it determines a distribution over the split,
# Binomial(y1, q[0, 1]). The expected count x2 alone would not, and L(q, theta) would have no meaning.
model = counted.mixture(log_joint, m_step, lambda y: _counts(y)[:1], known)
