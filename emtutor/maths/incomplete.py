"""The Gaussian mixture where entries of x are missing: what is hidden is the label and what was not seen.

x (n, d) with NaN where nothing was seen, missing at random: whether an entry is missing may hang on what is seen, and
not on the entry itself. Rows are taken together by what they miss. Unchecked, as `formulas` is. Ghahramani and Jordan
(1994), Supervised learning from incomplete data via an EM approach.
"""

from typing import NamedTuple

import numpy as np

from emtutor.maths import formulas
from emtutor.maths.theta import Theta

LEAST, MOST = 1e-6, 600  # a change of log p for each point, and iterations


class Fit(NamedTuple):
    """Where EM came to rest: theta, its log p(x_seen | theta), and whether a component collapsed on the way."""

    theta: Theta
    log_likelihood: float
    collapsed: bool


def patterns(x):
    """For each set of seen coordinates: the rows that have it (indices), and the set as a mask (d,)."""
    masks, which = np.unique(~np.isnan(x), axis=0, return_inverse=True)
    return [(np.flatnonzero(which.ravel() == p), seen) for p, seen in enumerate(masks)]


def log_joint(x, pi, mu, Sigma):
    """log pi_j + log N(x_i seen; mu_j seen, Sigma_j seen), (n, k); log pi_j where nothing was seen."""
    table = np.tile(np.log(pi), (len(x), 1))
    for rows, seen in patterns(x):
        if seen.any():
            table[rows] += formulas.log_normal(x[np.ix_(rows, seen)], mu[:, seen], Sigma[:, seen][:, :, seen])
    return table


def fill_in(x, mu, Sigma):
    """E[x_i | seen] (n, d) and Cov[x_i | seen] (n, d, d) under one Gaussian, mu (d,), Sigma (d, d)."""
    filled, C = x.copy(), np.zeros((*x.shape, x.shape[1]))
    for rows, o in patterns(x):
        m = ~o
        A = np.linalg.solve(Sigma[np.ix_(o, o)], Sigma[np.ix_(o, m)])
        filled[np.ix_(rows, m)] = mu[m] + (x[np.ix_(rows, o)] - mu[o]) @ A
        C[np.ix_(rows, m, m)] = Sigma[np.ix_(m, m)] - Sigma[np.ix_(m, o)] @ A
    return filled, C


def m_step(r, filled, C, nu0, S0):
    """pi, mu, Sigma of largest expected log p + log prior: filled (n, k, d), C (n, k, d, d); inverse Wishart(nu0, S0).

    Sigma_j = (sum_i r_ij ((xhat_ij - mu_j)(xhat_ij - mu_j)^T + C_ij) + S0) / (R_j + nu0 + d + 1).
    """
    R = r.sum(0)
    mu = np.einsum("nk,nkd->kd", r, filled) / R[:, None]
    away = filled - mu
    scatter = np.einsum("nk,nka,nkb->kab", r, away, away) + np.einsum("nk,nkab->kab", r, C)
    return Theta(R / len(r), mu, (scatter + S0) / (R + nu0 + len(S0) + 1)[:, None, None])


def step(x, theta, nu0, S0, log_joint=log_joint, fill_in=fill_in, m_step=m_step):
    """One iteration of EM, by these functions or a learner's own."""
    r = formulas.posterior(np.asarray(log_joint(x, *theta), float))
    parts = [fill_in(x, m, S) for m, S in zip(theta.mu, theta.Sigma, strict=True)]
    filled, C = (np.stack(part, axis=1) for part in zip(*parts, strict=True))
    return Theta(*m_step(r, filled, C, nu0, S0))


def fit(x, theta, nu0, S0):
    """EM from theta until log p changes by less than 1e-6 for each point. nu0 = -d - 1, S0 = 0: no prior."""
    spread, before = np.nanvar(x, axis=0), -np.inf
    for _ in range(MOST):
        theta = step(x, theta, nu0, S0)
        if (np.linalg.det(theta.Sigma) < 1e-12 * spread.prod()).any():
            return Fit(theta, np.nan, True)
        log_p = float(formulas.log_p(log_joint(x, *theta)).sum())
        if abs(log_p - before) < LEAST * len(x):
            break
        before = log_p
    return Fit(theta, log_p, False)


def start(x, k, rng):
    """k of the rows without gaps as means, for each a twentieth of the covariance of all of those, equal weights."""
    whole = x[~np.isnan(x).any(1)]
    mu = whole[rng.choice(len(whole), k, replace=False)]
    Sigma = np.atleast_2d(np.cov(whole.T, bias=True)) / 20
    return Theta(np.full(k, 1 / k), mu, np.tile(Sigma, (k, 1, 1)))
