"""A Poisson mixture p(x_i) = sum_j pi_j rate_j^x_i exp(-rate_j) / x_i!, from single counts or from a frequency table.

x (n,) holds one count an observation; x (m, 2) holds a count and how often it was seen. Both give the same theta.
Hasselblad (1969), J. Amer. Statist. Assoc. 64, 1459-1471, with the deaths of women of 80 and over in The Times.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, xlogy

from emtutor.maths import arguments, degenerate
from emtutor.maths.examples import counted


class Theta(NamedTuple):
    """theta = (pi (k,), rate (k,)): weights, and means in counts per observation."""

    pi: np.ndarray
    rate: np.ndarray


def log_joint(x, theta):
    """log pi_j + x_i log rate_j - rate_j - log x_i!, (n, k); -inf where pi_j = 0."""
    pi, rate = arguments.parts("theta", theta, "pi", "rate")
    pi = arguments.distribution("pi", pi, "(k)")
    rate = arguments.array("rate", rate, f"({len(pi)})", f"as pi has {len(pi)} entries")
    with np.errstate(divide="ignore"):
        return np.log(pi) + log_density(_columns(x)[0], rate)


def log_density(x, rate):
    """log Poisson(x_i; rate_j) = x_i log rate_j - rate_j - log x_i!, (n, k) from x (n,) and rate (k,)."""
    rate = arguments.array("rate", rate, "(k)")
    if not rate.size or rate.min() < 0:
        raise ValueError(f"rate must not be negative, the mean of a count, nor empty; got {arguments.shown(rate)}")
    x = counted_values(arguments.array("x", x, "(n)")[:, None])
    return xlogy(x, rate) - rate - gammaln(x + 1)


def m_step(x, r):
    """pi_j = R_j / n and rate_j = sum_i r_ij x_i / R_j, R_j = sum_i r_ij, each row counted as often as it was seen."""
    value, often = _columns(x)
    r = counted.weights(r, len(value)) * often[:, None]
    R = degenerate.nonempty(r.sum(0))
    return Theta(R / often.sum(), value @ r / R)


def _columns(x):
    x = arguments.reals("x", x)
    x = counted_values(x[:, None] if x.ndim == 1 else arguments.array("x", x, "(m, 2)"))
    return x[:, 0], x[:, 1] if x.shape[1] == 2 else np.ones(len(x))


def counted_values(x):
    """x as an array of counts, at least one of them, none negative."""
    x = arguments.points(x)
    if x.min() < 0:
        raise ValueError(f"x must hold counts >= 0, got {x.min():g}")
    return x


model = counted.mixture(log_joint, m_step, lambda x: _columns(x)[1])
