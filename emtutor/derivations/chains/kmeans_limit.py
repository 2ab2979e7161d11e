"""k-means as the limit Sigma_j = eps I, eps -> 0, of the mixture; and how to set beta."""

import numpy as np
from scipy.special import softmax

from emtutor import problems
from emtutor.causes import Problem
from emtutor.derivations.chains.common import AMPLE, draws, joint, mixtures, numerical, posterior, with_given
from emtutor.derivations.engine import Derivation, Line


def _round(mu, eps):
    """eps I for each component."""
    return eps * np.tile(np.eye(mu.shape[1]), (len(mu), 1, 1))


def distances(x, mu):
    return ((x[:, None] - mu) ** 2).sum(2)


def _share(x, pi, mu, eps):
    """r for Sigma_j = eps I: the determinants cancel, and only differences of distances matter."""
    away = distances(x, mu)
    weight = pi * np.exp((away.min(1, keepdims=True) - away) / (2 * eps))
    return weight / weight.sum(1, keepdims=True)


def _nearest(x, pi, mu):
    """1 for the nearest mean, else 0; means that tie share the point as pi."""
    away = distances(x, mu)
    weight = pi * (away <= away.min(1, keepdims=True) * (1 + 1e-13))
    return weight / weight.sum(1, keepdims=True)


def _near(w):
    """Means beside the first k points, nearer to them than half the way to any other: no cluster is empty."""
    x = w["x"][: w["k"]]
    to_others = np.sqrt(distances(x, x) + np.diag(np.full(len(x), np.inf))).min(1, initial=10 * w["x"].std())
    direction = (w["mu"] - x) / (np.linalg.norm(w["mu"] - x, axis=1, keepdims=True) + 1e-300)
    return x + 0.3 * to_others.min() * direction


NEAR = {"mu": _near, "eps": lambda w: 0.3 * float(w["x"].var())}


def _with_ties(names):
    """The ordinary problems, and one where points lie midway between two means or among three."""

    def make(rng):
        x = np.vstack([[[2.0, 1.0], [2.0, -3.0], [0.0, 3.0], [2.0, 3.0]], rng.uniform(-3.0, 7.0, (20, 2))])
        pi, mu = problems.simplex(rng, 3), np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 6.0]])
        args = {"x": x, "pi": pi, "mu": mu, "eps": 0.3 * x.var()}
        return [*mixtures(names, **NEAR)(rng), Problem("points midway between means", args)]

    return with_given(make, NEAR)


kmeans_limit = Derivation("k-means' assignments are the limit of the E-step",
    r"r_{ij} \quad \text{for } \Sigma_j = \varepsilon I", _with_ties("x pi mu eps"), (
    Line("start", r"\frac{\pi_j \mathcal{N}(x_i; \mu_j, \varepsilon I)}{\sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \varepsilon I)}",
         lambda x, pi, mu, eps: posterior(x, pi, mu, _round(mu, eps)), "the E-step; eps is set, not estimated"),
    Line("=", r"\frac{\pi_j \exp(-|x_i - \mu_j|^2 / 2 \varepsilon)}{\sum_{j'} \pi_{j'} \exp(-|x_i - \mu_{j'}|^2 / 2 \varepsilon)}",
         lambda x, pi, mu, eps: softmax(np.log(pi) - distances(x, mu) / (2 * eps), axis=1),
         "equal covariances: the determinants cancel"),
    Line("=", r"\Bigl[ \sum_{j'} \frac{\pi_{j'}}{\pi_j} \exp \frac{|x_i - \mu_j|^2 - |x_i - \mu_{j'}|^2}{2 \varepsilon} \Bigr]^{-1}",
         lambda x, pi, mu, eps: 1 / (pi / pi[:, None] * np.exp((distances(x, mu)[:, :, None] - distances(x, mu)[:, None, :]) / (2 * eps))).sum(2),
         "divide by the numerator"),
    Line("tends to", r"\frac{\pi_j\, [j \in N_i]}{\sum_{j' \in N_i} \pi_{j'}}, \quad N_i: \text{ the means nearest to } x_i", _nearest,
         "all pi_j > 0: 1 for the nearest mean, else 0, whatever pi is; only means that tie share a point, as pi",
         toward="eps"),
))  # fmt: skip

kmeans_limit_means = Derivation("k-means' means are the limit of the M-step",
    r"\mu_j^{\text{new}} \quad \text{for } \Sigma_j = \varepsilon I", _with_ties("x pi mu eps"), (
    Line("start", r"\frac{\sum_i r_{ij} x_i}{\sum_i r_{ij}}",
         lambda x, pi, mu, eps: _means(x, posterior(x, pi, mu, _round(mu, eps))),
         "the M-step after an E-step with Sigma_j = eps I"),
    Line("=", r"\frac{\sum_i s_{ij} x_i}{\sum_i s_{ij}}, \quad s_{ij} = \frac{\pi_j \exp(-|x_i - \mu_j|^2 / 2 \varepsilon)}{\sum_{j'} \pi_{j'} \exp(-|x_i - \mu_{j'}|^2 / 2 \varepsilon)}",
         lambda x, pi, mu, eps: _means(x, _share(x, pi, mu, eps)), "equal covariances: the determinants cancel"),
    Line("tends to", r"\text{the mean of the points nearest to } \mu_j", lambda x, pi, mu: _means(x, _nearest(x, pi, mu)),
         "Lloyd's update; a point between means that tie is shared as pi", toward="eps"),
))  # fmt: skip


def _means(x, r):
    return (r.T @ x) / r.sum(0)[:, None]


kmeans_limit_objective = Derivation("k-means' distortion is the limit of the expected complete-data log-likelihood",
    r"-\varepsilon\, \mathbb{E}_r \bigl[ \log p(x, z \mid \theta) \bigr]", _with_ties("x pi mu eps"), (
    Line("start", r"-\varepsilon \sum_i \sum_j r_{ij} \log \pi_j \mathcal{N}(x_i; \mu_j, \varepsilon I)",
         lambda x, pi, mu, eps: -eps * (posterior(x, pi, mu, _round(mu, eps)) * joint(x, pi, mu, _round(mu, eps))).sum(),
         "scaled by eps, for it grows as 1 / eps"),
    Line("=", r"\sum_{ij} r_{ij} \Bigl[ \tfrac{1}{2} |x_i - \mu_j|^2 - \varepsilon \log \pi_j + \tfrac{d \varepsilon}{2} \log 2 \pi \varepsilon \Bigr]",
         lambda x, pi, mu, eps: (softmax(np.log(pi) - distances(x, mu) / (2 * eps), axis=1) * (distances(x, mu) / 2 - eps * np.log(pi) + x.shape[1] * eps / 2 * np.log(2 * np.pi * eps))).sum(),
         "the log of a Gaussian, times -eps"),
    Line("tends to", r"\tfrac{1}{2} J = \tfrac{1}{2} \sum_i \min_j |x_i - \mu_j|^2",
         lambda x, mu: distances(x, mu).min(1).sum() / 2, "the other terms vanish as eps log eps", toward="eps"),
))  # fmt: skip

best_beta = Derivation("How to set beta: as the mixture's variance it is estimated",
    r"\frac{\partial}{\partial \beta} \sum_i \sum_j r_{ij} \log \mathcal{N}(x_i; \mu_j, \beta I)",
    draws("x mu r beta", *AMPLE), (
    Line("start", r"\frac{\partial}{\partial \beta} \sum_{ij} r_{ij} \log \mathcal{N}(x_i; \mu_j, \beta I)",
         lambda x, mu, r, beta: numerical(lambda b: (r * joint(x, np.ones(len(mu)), mu, _round(mu, float(b)))).sum(), beta, beta),
         "differentiated numerically"),
    Line("=", r"\sum_{ij} r_{ij} \Bigl[ -\frac{d}{2 \beta} + \frac{|x_i - \mu_j|^2}{2 \beta^2} \Bigr]",
         lambda x, mu, r, beta: (r * (-x.shape[1] / (2 * beta) + distances(x, mu) / (2 * beta**2))).sum(),
         "det(beta I) = beta^d"),
    Line("=", r"\frac{1}{2 \beta^2} \Bigl[ \sum_{ij} r_{ij} |x_i - \mu_j|^2 - n d \beta \Bigr]",
         lambda x, mu, r, beta: ((r * distances(x, mu)).sum() - x.size * beta) / (2 * beta**2),
         "rows of r sum to one"),
    Line("therefore", r"\beta = \frac{1}{n d} \sum_{ij} r_{ij} |x_i - \mu_j|^2",
         lambda x, mu, r: (r * distances(x, mu)).sum() / x.size, "set to zero with r and mu held fixed",
         unknown="beta"),
))  # fmt: skip
