"""A mixture of exponentials, p(x_i) = sum_j pi_j rate_j exp(-rate_j x_i), as a model that EM takes; and data."""

from typing import NamedTuple

import numpy as np

from emtutor import em


class Theta(NamedTuple):
    """theta = (pi (k,), rate (k,)): weights, and rates in 1 / minutes."""

    pi: np.ndarray
    rate: np.ndarray


def log_joint(x, theta):
    """log pi_j + log rate_j - rate_j x_i, (n, k) from x (n,)."""
    return np.log(theta.pi) + np.log(theta.rate) - theta.rate * np.asarray(x)[:, None]


def m_step(x, r):
    """pi_j = R_j / n and rate_j = R_j / sum_i r_ij x_i, with R_j = sum_i r_ij."""
    R = r.sum(axis=0)
    return Theta(R / len(x), R / (r.T @ x))


model = em.mixture(log_joint, m_step)
start = Theta(np.array([0.5, 0.5]), np.array([1.0, 0.1]))


def waiting_times():
    """200 waiting times in minutes, (n,), always the same: most are short, some are long."""
    rng = np.random.default_rng(1)
    mean = np.where(rng.random(200) < 0.7, 2.0, 20.0)
    return np.round(rng.exponential(mean), 2) + 0.01
