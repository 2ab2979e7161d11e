"""theta of a Gaussian mixture, and what it must be."""

from typing import NamedTuple

import numpy as np

from emtutor.maths import arguments


class Theta(NamedTuple):
    """theta = (pi, mu, Sigma): weights (k,), means (k, d), covariances (k, d, d)."""

    pi: np.ndarray
    mu: np.ndarray
    Sigma: np.ndarray


def check(theta):
    """theta as a `Theta` of arrays, or ValueError: shapes that do not fit, NaN, pi no distribution, Sigma not
    positive definite."""
    pi, mu, Sigma = arguments.parts("theta", theta, "pi", "mu", "Sigma")
    mu = arguments.points(mu, "mu", "(k, d)")
    k, d = mu.shape
    because = f"as mu is {mu.shape}"
    pi = arguments.distribution("pi", pi, f"({k})", because)
    return Theta(pi, mu, arguments.positive_definite("Sigma", Sigma, f"({k}, {d}, {d})", because))


def check_with(x, theta):
    """x, pi, mu, Sigma as arrays that fit each other, or ValueError."""
    theta = check(theta)
    d = theta.mu.shape[1]
    return arguments.points(x, "x", f"(n, {d})", f"as mu has {d} columns"), *theta
