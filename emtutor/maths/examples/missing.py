"""A normal distribution of mean zero with entries missing at random: what is missing is what is hidden.

x (n, d) with NaN where nothing was seen; theta = (Sigma (d, d),). q is a Gaussian over each row's missing entries, so
the sums over z are integrals here and entropies are differential; log p = L + KL holds as ever.
Murray (1977), in the discussion of Dempster, Laird and Rubin: from rho = 0 EM stays on a saddle for ever.
"""

from typing import NamedTuple

import numpy as np

from emtutor.maths import arguments
from emtutor.maths.model import Model


class Theta(NamedTuple):
    """theta = (Sigma (d, d),): the covariance, in the squared units of x."""

    Sigma: np.ndarray


class Completed(NamedTuple):
    """q(missing entries of row i) = N(mean_i, cov_i); observed entries have their value as mean and no covariance."""

    mean: np.ndarray  # (n, d)
    cov: np.ndarray  # (n, d, d)


def log_likelihood(x, theta):
    """log p(x | Sigma) = sum_i log N(observed part of x_i; 0, its block of Sigma); a row with nothing seen gives 0."""
    x, S = _checked(x, theta)
    return float(sum(_log_normal(row[seen], S[np.ix_(seen, seen)]) for row, seen in zip(x, ~np.isnan(x), strict=True)))


def e_step(x, theta):
    """mean_m = -P_mm^-1 P_mo x_o, cov_mm = P_mm^-1, with P = Sigma^-1, m missing, o observed."""
    x, S = _checked(x, theta)
    mean, cov = x.copy(), np.zeros((*x.shape, x.shape[1]))
    for i, m, given, C in _conditionals(x, S):
        mean[i, m], cov[i][np.ix_(m, m)] = given, C
    return Completed(mean, cov)


def m_step(x, q):
    """Sigma = sum_i (mean_i mean_i^T + cov_i) / n: the second moment that q expects."""
    mean, cov = _shaped_q(*_points(x).shape, q)
    Sigma = (mean.T @ mean + cov.sum(0)) / len(mean)
    return Theta((Sigma + Sigma.T) / 2)


def elbo(x, q, theta):
    """sum_i E_q[log N(x_i; 0, Sigma)] + h(q_i), h = log det(2 pi e cov_mm) / 2."""
    x, S = _checked(x, theta)
    mean, cov = _checked_q(x, q)
    second = mean.T @ mean + cov.sum(0)
    energy = -(len(x) * np.linalg.slogdet(2 * np.pi * S)[1] + np.trace(np.linalg.solve(S, second))) / 2
    h = [np.linalg.slogdet(2 * np.pi * np.e * cov[i][np.ix_(m, m)])[1] / 2 for i, m in enumerate(np.isnan(x))]
    return float(energy + sum(h))


def kl(x, q, theta):
    """sum_i KL(N(mean, C) || N(m*, C*)) = (tr(C*^-1 C) + |m* - mean|^2 in C*^-1 - #m + log det C* - log det C) / 2."""
    x, S = _checked(x, theta)
    mean, cov = _checked_q(x, q)
    total = 0.0
    for i, m, given, C in _conditionals(x, S):
        away, Q = given - mean[i, m], cov[i][np.ix_(m, m)]
        log_dets = np.linalg.slogdet(C)[1] - np.linalg.slogdet(Q)[1]
        total += (np.trace(np.linalg.solve(C, Q)) + away @ np.linalg.solve(C, away) - m.sum() + log_dets) / 2
    return float(total)


def _conditionals(x, S):
    """For each row that misses something: its index, what it misses, and the mean and covariance of that."""
    P = np.linalg.inv(S)
    for i, m in enumerate(np.isnan(x)):
        if m.any():
            C = np.linalg.inv(P[np.ix_(m, m)])
            yield i, m, -C @ P[np.ix_(m, ~m)] @ x[i, ~m], (C + C.T) / 2


def _log_normal(x, S):
    return -(np.linalg.slogdet(2 * np.pi * S)[1] + x @ np.linalg.solve(S, x)) / 2


def _checked(x, theta):
    x = _points(x)
    d = x.shape[1]
    Sigma = arguments.array("Sigma", *arguments.parts("theta", theta, "Sigma"), f"({d}, {d})", f"as x is {x.shape}")
    return x, arguments.positive_definite("Sigma", Sigma[None], f"(1, {d}, {d})")[0]


def _points(x):
    x = arguments.reals("x", x)
    arguments.points(np.where(np.isnan(x), 0.0, x))
    return x


def _shaped_q(n, d, q):
    mean, cov = arguments.parts("q", q, "mean", "cov")
    because = f"as x is {(n, d)}"
    mean = arguments.array("mean", mean, f"({n}, {d})", because)
    return mean, arguments.array("cov", cov, f"({n}, {d}, {d})", because)


def _checked_q(x, q):
    mean, cov = _shaped_q(*x.shape, q)
    for i, m in enumerate(np.isnan(x)):
        if not np.array_equal(mean[i, ~m], x[i, ~m]) or cov[i][~m].any() or cov[i][:, ~m].any():
            raise ValueError(f"row {i} of q must have the observed entries as mean, without covariance")
        if m.any():
            arguments.positive_definite("cov of the missing entries", cov[i][np.ix_(m, m)][None], "(1, m, m)")
    return mean, cov


model = Model(e_step, m_step, log_likelihood, elbo, kl)
