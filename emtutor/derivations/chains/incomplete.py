"""Entries of x are missing: what the M-step does with expected points and the covariance of what was filled in."""

import numpy as np

from emtutor.derivations.chains.common import AMPLE, draws
from emtutor.derivations.engine import Derivation, Line


def _gap(x):
    """Some rows miss one coordinate, some none; the same for all components."""
    return (np.arange(len(x))[:, None] + np.arange(x.shape[1])) % 3 == 1


def _filled(w):
    """(n, k, d): the point, drawn towards mu_j where it has a gap."""
    return np.where(_gap(w["x"])[:, None], 0.7 * w["x"][:, None] + 0.3 * w["mu"], w["x"][:, None])


def _C(w):
    """(n, k, d, d): a covariance of what is missing, 0 elsewhere."""
    gap = _gap(w["x"])
    return np.where((gap[:, :, None] & gap[:, None])[:, None], 0.6 * w["Sigma"], 0.0)


def _expected(r, filled, C, mu, Sigma):
    """E[..] by 2 d points for each Gaussian N(filled_ij, C_ij): exact for a quadratic function."""
    d = filled.shape[2]
    values, vectors = np.linalg.eigh(C)
    arms = np.sqrt(d * np.maximum(values, 0.0))[:, :, None] * vectors
    total = 0.0
    for arm in np.moveaxis(np.concatenate([arms, -arms], axis=3), 3, 0):
        away = filled + arm - mu
        squared = (away * np.linalg.solve(Sigma, away[..., None])[..., 0]).sum(2)
        total -= (r * (np.linalg.slogdet(2 * np.pi * Sigma)[1] + squared)).sum() / (4 * d)
    return total


def _mean(r, filled):
    return np.einsum("nk,nkd->kd", r, filled) / r.sum(0)[:, None]


def _second(r, filled, C, mu):
    """sum_i r_ij ((xhat_ij - mu_j)(xhat_ij - mu_j)^T + C_ij), (k, d, d), exactly symmetric."""
    away = filled - mu
    W = np.einsum("nk,nka,nkb->kab", r, away, away) + np.einsum("nk,nkab->kab", r, C)
    return (W + W.swapaxes(1, 2)) / 2


def _by_trace(r, filled, C, mu, Sigma):
    trace = np.trace(np.linalg.solve(Sigma, _second(r, filled, C, mu)), axis1=1, axis2=2)
    return -(r.sum(0) * np.linalg.slogdet(2 * np.pi * Sigma)[1] + trace).sum() / 2


m_step_incomplete = Derivation("The M-step where entries are missing",
    r"\sum_{ij} r_{ij}\, \mathbb{E} \bigl[ \log \mathcal{N}(x_i; \mu_j, \Sigma_j) \bigr]",
    draws("r filled C mu Sigma", *AMPLE, filled=_filled, C=_C), (
    Line("start", r"\sum_{ij} r_{ij} \int \mathcal{N}(x; \hat x_{ij}, C_{ij}) \log \mathcal{N}(x; \mu_j, \Sigma_j) \, dx", _expected,
         "given the label and what was seen, x_i has the mean x̂_ij and the covariance C_ij, 0 where it was seen"),
    Line("=", r"-\tfrac12 \sum_j \Bigl[ R_j \log \det 2 \pi \Sigma_j + \operatorname{tr} \Sigma_j^{-1} \sum_i r_{ij} \bigl( (\hat x_{ij} - \mu_j)(\hat x_{ij} - \mu_j)^\top + C_{ij} \bigr) \Bigr]",
         _by_trace, "E[a a^T] = E[a] E[a]^T + Cov[a], for a = x_i - mu_j"),
    Line("maximises", r"\mu_j = \frac{1}{R_j} \sum_i r_{ij} \hat x_{ij}", _mean, "C_ij stands beside mu_j, not in it",
         unknown="mu", of=_by_trace),
    Line("maximises", r"\Sigma_j = \frac{1}{R_j} \sum_i r_{ij} \bigl( (\hat x_{ij} - \mu_j)(\hat x_{ij} - \mu_j)^\top + C_{ij} \bigr)",
         lambda r, filled, C, mu: _second(r, filled, C, mu) / r.sum(0)[:, None, None],
         "as in lesson 03, for the mu_j that is used in it", unknown="Sigma", of=_by_trace),
))  # fmt: skip
