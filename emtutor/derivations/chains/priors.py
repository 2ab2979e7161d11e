"""MAP: a log-prior is added to the expected complete-data log-likelihood."""

import numpy as np
from scipy.special import gammaln

from emtutor.derivations.chains.common import (
    area,
    extent,
    log_normal,
    mixtures,
    numerical,
    scatter,
)
from emtutor.derivations.engine import Derivation, Line

inv = np.linalg.inv


def log_dirichlet(pi, alpha):
    return gammaln(alpha.sum()) - gammaln(alpha).sum() + ((alpha - 1) * np.log(pi)).sum()


map_dirichlet = Derivation("MAP: the weights under a Dirichlet prior",
    r"\frac{\partial}{\partial \pi_j} \Bigl[ Q + \log \text{Dir}(\pi \mid \alpha) + \lambda \bigl( \textstyle\sum_{j'} \pi_{j'} - 1 \bigr) \Bigr]",
    mixtures("r pi alpha lam"), (
    Line("start", r"\frac{\partial}{\partial \pi_j} \Bigl[ \sum_{ij} r_{ij} \log \pi_j + \log \text{Dir}(\pi \mid \alpha) + \lambda \bigl( \textstyle\sum_{j'} \pi_{j'} - 1 \bigr) \Bigr]",
         lambda r, pi, alpha, lam: numerical(lambda p: (r * np.log(p)).sum() + log_dirichlet(p, alpha) + lam * (p.sum() - 1), pi, pi),
         "differentiated numerically"),
    Line("=", r"\frac{R_j}{\pi_j} + \frac{\alpha_j - 1}{\pi_j} + \lambda",
         lambda r, pi, alpha, lam: r.sum(0) / pi + (alpha - 1) / pi + lam,
         "log Dir = sum (alpha_j - 1) log pi_j + a constant"),
    Line("=", r"\frac{R_j + \alpha_j - 1}{\pi_j} + \lambda",
         lambda r, pi, alpha, lam: (r.sum(0) + alpha - 1) / pi + lam, "alpha_j - 1 points that nobody saw"),
    Line("therefore", r"\pi_j = \frac{R_j + \alpha_j - 1}{n + \sum_{j'} (\alpha_{j'} - 1)}, \quad \lambda = -n - \textstyle\sum_{j'} (\alpha_{j'} - 1)",
         lambda r, alpha: {"pi": (r.sum(0) + alpha - 1) / (len(r) + (alpha - 1).sum()), "lam": -(len(r) + (alpha - 1).sum())},
         "multiply by pi_j and sum, as for pi without a prior"),
    Line("maximises", r"\pi_j = \frac{R_j + \alpha_j - 1}{n + \sum_{j'} (\alpha_{j'} - 1)}",
         lambda r, alpha: (r.sum(0) + alpha - 1) / (len(r) + (alpha - 1).sum()),
         "the mode, not the mean (R_j + alpha_j) / (n + sum alpha)", unknown="pi",
         of=lambda r, pi, alpha: (r * np.log(pi)).sum() + log_dirichlet(pi, alpha)),
))  # fmt: skip


def log_niw(mu, Sigma, m0, kappa0, S0, nu0):
    """log N(mu_j; m0, Sigma_j / kappa0) + log IW(Sigma_j; S0, nu0), summed over j, up to a constant."""
    total = 0.0
    for m, S in zip(mu, Sigma, strict=True):
        log_det, away = np.linalg.slogdet(S)[1], m - m0
        total += -0.5 * log_det - 0.5 * kappa0 * away @ np.linalg.solve(S, away)
        total += -0.5 * (nu0 + len(m) + 1) * log_det - 0.5 * np.trace(np.linalg.solve(S, S0))
    return total


def _niw_objective(x, r, mu, Sigma, m0, kappa0, S0, nu0):
    return (r * log_normal(x, mu, Sigma)).sum() + log_niw(mu, Sigma, m0, kappa0, S0, nu0)


def _niw_mean(x, r, m0, kappa0):
    return (kappa0 * m0 + r.T @ x) / (kappa0 + r.sum(0))[:, None]


def _niw_scatter(x, r, mu, m0, kappa0, S0):
    return scatter(x, r, mu) + S0 + kappa0 * np.einsum("ja,jb->jab", mu - m0, mu - m0)


def _niw_Sigma(x, r, mu, m0, kappa0, S0, nu0):
    return _niw_scatter(x, r, mu, m0, kappa0, S0) / (nu0 + r.sum(0) + x.shape[1] + 2)[:, None, None]


def _niw_grad_mu(x, r, mu, Sigma, m0, kappa0):
    away = np.einsum("ij,ija->ja", r, x[:, None] - mu) - kappa0 * (mu - m0)
    return np.einsum("jab,jb->ja", inv(Sigma), away)


def _niw_grad_Sigma(x, r, mu, Sigma, m0, kappa0, S0, nu0):
    count = nu0 + r.sum(0) + x.shape[1] + 2
    return inv(Sigma) @ (_niw_scatter(x, r, mu, m0, kappa0, S0) - count[:, None, None] * Sigma) @ inv(Sigma) / 2


def _niw_both(x, r, m0, kappa0, S0, nu0):
    mu = _niw_mean(x, r, m0, kappa0)
    return {"mu": mu, "Sigma": _niw_Sigma(x, r, mu, m0, kappa0, S0, nu0)}


map_niw = Derivation("MAP: mean and covariance under a normal-inverse-Wishart prior",
    r"\frac{\partial}{\partial \mu_j} \bigl[ Q + \log \text{NIW}(\mu, \Sigma \mid m_0, \kappa_0, S_0, \nu_0) \bigr]",
    mixtures("x r mu Sigma m0 kappa0 S0 nu0"), (
    Line("start", r"\frac{\partial}{\partial \mu_j} \bigl[ Q + \log \mathcal{N}(\mu_j; m_0, \Sigma_j / \kappa_0) \bigr]",
         lambda x, r, mu, Sigma, m0, kappa0, S0, nu0: numerical(lambda m: _niw_objective(x, r, m, Sigma, m0, kappa0, S0, nu0), mu, extent(Sigma)),
         "differentiated numerically"),
    Line("=", r"\Sigma_j^{-1} \Bigl[ \sum_i r_{ij} (x_i - \mu_j) - \kappa_0 (\mu_j - m_0) \Bigr]",
         lambda x, r, mu, Sigma, m0, kappa0: _niw_grad_mu(x, r, mu, Sigma, m0, kappa0),
         "the prior is kappa_0 more points at m_0"),
    Line("therefore", r"\mu_j = \frac{\kappa_0 m_0 + \sum_i r_{ij} x_i}{\kappa_0 + R_j}",
         lambda x, r, m0, kappa0: _niw_mean(x, r, m0, kappa0), "set to zero", unknown="mu", into=_niw_grad_mu),
    Line("start", r"\frac{\partial}{\partial \Sigma_j} \bigl[ Q + \log \text{NIW} \bigr]",
         lambda x, r, mu, Sigma, m0, kappa0, S0, nu0: numerical(lambda S: _niw_objective(x, r, mu, S, m0, kappa0, S0, nu0), Sigma, area(Sigma)),
         "entries independent, differentiated numerically",
         left=r"\frac{\partial}{\partial \Sigma_j} \bigl[ Q + \log \text{NIW}(\mu, \Sigma) \bigr]"),
    Line("=", r"\tfrac{1}{2} \Sigma_j^{-1} \bigl[ W_j + S_0 + \kappa_0 (\mu_j - m_0)(\mu_j - m_0)^\top - (\nu_0 + R_j + d + 2) \Sigma_j \bigr] \Sigma_j^{-1}",
         lambda x, r, mu, Sigma, m0, kappa0, S0, nu0: _niw_grad_Sigma(x, r, mu, Sigma, m0, kappa0, S0, nu0),
         "the prior counts log det Sigma nu_0 + d + 2 times over two"),
    Line("therefore", r"\Sigma_j = \frac{W_j + S_0 + \kappa_0 (\mu_j - m_0)(\mu_j - m_0)^\top}{\nu_0 + R_j + d + 2}",
         lambda x, r, mu, m0, kappa0, S0, nu0: _niw_Sigma(x, r, mu, m0, kappa0, S0, nu0),
         "set to zero, for the mu_j that is used in it", unknown="Sigma", into=_niw_grad_Sigma),
    Line("maximises", r"(\mu_j, \Sigma_j)", lambda x, r, m0, kappa0, S0, nu0: _niw_both(x, r, m0, kappa0, S0, nu0),
         "both together, the covariance around the new mean: the joint mode",
         of=lambda x, r, mu, Sigma, m0, kappa0, S0, nu0: _niw_objective(x, r, mu, Sigma, m0, kappa0, S0, nu0)),
))  # fmt: skip
