"""Readings that go further than the slides do: no slide prints them, and they are easily made. Each breaks, and is mended.

k-means as a limit of any covariances, a gradient step of any length as generalised EM, the mean for the mode.
"""

import numpy as np

from emtutor.derivations.chains import ascent, kmeans_limit, priors
from emtutor.derivations.chains.common import AMPLE, draws, log_normal, log_p, mixtures, numerical, posterior
from emtutor.derivations.engine import Derivation, Line


def _stretched(mu, eps):
    """Sigma_j = eps s_j I with unequal s_j."""
    return eps * np.geomspace(1.0, 4.0, len(mu))[:, None, None] * np.eye(mu.shape[1])


def _tilted(x, mu, eps):
    """Sigma_j = eps C, the data's covariance."""
    return eps * np.tile(np.cov(x.T, bias=True).reshape(2 * x.shape[1:]), (len(mu), 1, 1))


def _nearest(distances):
    return np.eye(distances.shape[1])[distances.argmin(1)]


kmeans_limit_unequal = Derivation("The limit Sigma -> 0 with unequal sizes: not k-means, but a relative of it",
    r"r_{ij} \quad \text{for } \Sigma_j = \varepsilon s_j I, \; s_j \text{ unequal}",
    draws("x pi mu eps", *((48, k, d) for _, k, d in AMPLE if k > 1), **kmeans_limit.NEAR), (
    Line("start", r"\frac{\pi_j \mathcal{N}(x_i; \mu_j, \varepsilon s_j I)}{\sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \varepsilon s_{j'} I)}",
         lambda x, pi, mu, eps: posterior(x, pi, mu, _stretched(mu, eps)), "the E-step; s runs from 1 to 4"),
    Line("tends to", r"1 \text{ for the nearest } \mu_j, \text{ else } 0", lambda x, mu: _nearest(kmeans_limit.distances(x, mu)),
         "k-means' rule, which asks for equal and round Sigma_j", toward="eps"),
    Line("tends to", r"1 \text{ for the smallest } |x_i - \mu_j|^2 / s_j, \text{ else } 0",
         lambda x, mu: _nearest(kmeans_limit.distances(x, mu) / np.geomspace(1.0, 4.0, len(mu))),
         "another partition: k-means needs equal s_j", toward="eps"),
), breaks=(2,))  # fmt: skip

kmeans_limit_tilted = Derivation("The limit Sigma -> 0 with one tilted Sigma: k-means in another distance",
    r"r_{ij} \quad \text{for } \Sigma_j = \varepsilon C",
    draws("x pi mu eps", *((48, k, d) for _, k, d in AMPLE if k > 1), **kmeans_limit.NEAR), (
    Line("start", r"\frac{\pi_j \mathcal{N}(x_i; \mu_j, \varepsilon C)}{\sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \varepsilon C)}",
         lambda x, pi, mu, eps: posterior(x, pi, mu, _tilted(x, mu, eps / x.var())),
         "the E-step; C is the data's covariance"),
    Line("tends to", r"1 \text{ for the nearest } \mu_j, \text{ else } 0", lambda x, mu: _nearest(kmeans_limit.distances(x, mu)),
         "k-means' rule, which asks for equal and round Sigma_j", toward="eps"),
    Line("tends to", r"1 \text{ for the smallest } (x_i - \mu_j)^\top C^{-1} (x_i - \mu_j), \text{ else } 0",
         lambda x, mu: _nearest(-log_normal(x, mu, _tilted(x, mu, 1.0))), "k-means in Mahalanobis' distance",
         toward="eps"),
), breaks=(2,))  # fmt: skip


def _after(x, pi, mu, Sigma, move):
    return log_p(x, pi, mu + move, Sigma).sum()


def _gradient(x, r, mu, Sigma):
    return np.einsum("jab,ij,ijb->ja", np.linalg.inv(Sigma), r, x[:, None] - mu)


gem_too_long = Derivation("A step along the gradient raises log p only if it is short enough",
    r"\log p(x \mid \mu)", draws("x pi mu Sigma", *AMPLE), (
    Line("start", r"\sum_i \log \sum_j \pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, pi, mu, Sigma: log_p(x, pi, mu, Sigma).sum(), "before the step"),
    Line("<=", r"\log p\bigl(x \mid \mu + \nabla_\mu \log p \bigr)",
         lambda x, pi, mu, Sigma, gradient: _after(x, pi, mu, Sigma, gradient), "a step of length one: uphill at first, and then too far",
         tight=ascent.same_everywhere, tight_when="the gradient is zero"),
    Line("<=", r"\log p\bigl(x \mid \mu_j + \Sigma_j \nabla_{\mu_j} \log p / R_j \bigr)",
         lambda x, pi, mu, Sigma, r, gradient: _after(x, pi, mu, Sigma, (Sigma @ gradient[..., None])[..., 0] / r.sum(0)[:, None]),
         "EM's own step raises Q, and so log p", tight=ascent.same_everywhere, tight_when="the gradient is zero"),
),
given={"r": posterior, "gradient": _gradient},
breaks=(2,))  # fmt: skip

map_mean_for_mode = Derivation("MAP: the mode of the weights, and the mean that is easily taken for it",
    r"\frac{R_j + \alpha_j - 1}{\pi_j} + \lambda", mixtures("r pi alpha lam"), (
    Line("start", r"\frac{\partial}{\partial \pi_j} \bigl[ Q + \log \text{Dir}(\pi \mid \alpha) + \lambda (\textstyle\sum_{j'} \pi_{j'} - 1) \bigr]",
         lambda r, pi, alpha, lam: numerical(lambda p: (r * np.log(p)).sum() + priors.log_dirichlet(p, alpha) + lam * p.sum(), pi, pi),
         "differentiated numerically"),
    Line("therefore", r"\pi_j = \frac{R_j + \alpha_j}{n + \sum_{j'} \alpha_{j'}}",
         lambda r, alpha: {"pi": (r.sum(0) + alpha) / (len(r) + alpha.sum()), "lam": -(len(r) + alpha.sum())},
         "a common slip: the posterior's mean", into=lambda r, pi, alpha, lam: (r.sum(0) + alpha - 1) / pi + lam),
    Line("therefore", r"\pi_j = \frac{R_j + \alpha_j - 1}{n + \sum_{j'} (\alpha_{j'} - 1)}",
         lambda r, alpha: {"pi": (r.sum(0) + alpha - 1) / (len(r) + (alpha - 1).sum()), "lam": -(len(r) + (alpha - 1).sum())},
         "its mode", into=lambda r, pi, alpha, lam: (r.sum(0) + alpha - 1) / pi + lam),
), breaks=(2,))  # fmt: skip
