"""The mixture's marginal from the joint, and the responsibilities by Bayes."""

import numpy as np
from scipy.special import logsumexp, softmax
from scipy.stats import multivariate_normal

from emtutor.derivations.chains.common import FEW_WITHOUT_HABITS, assignments, joint, log_normal, log_p, mixtures
from emtutor.derivations.engine import Derivation, Line


def _scipy_joint(x, pi, mu, Sigma):
    """log pi_j + log N(x_i; mu_j, Sigma_j) from scipy.stats, in units of each column: an oracle of its own."""
    columns = []
    for m, S in zip(mu, Sigma, strict=True):
        s = np.sqrt(np.diag(S))
        columns.append(np.atleast_1d(multivariate_normal.logpdf(x / s, m / s, S / np.outer(s, s))) - np.log(s).sum())
    return np.log(pi) + np.stack(columns, axis=1)


def _densities(x, mu, Sigma):
    """N(x_i; mu_j, Sigma_j), each row in a unit of its own: far out all would be 0."""
    a = log_normal(x, mu, Sigma)
    return np.exp(a - a.max(1, keepdims=True))


def _chosen(a, z):
    """log of prod_j exp(a_ij)^z_j for one-hot z (k,): (n,)."""
    return np.where(z > 0, a * z, 0.0).sum(1)


marginal = Derivation("The mixture's density from the joint", r"\log p(x_i \mid \theta)", mixtures("x pi mu Sigma"), (
    Line("start", r"\log \sum_{z_i} p(x_i \mid z_i, \theta)\, p(z_i \mid \theta)",
         lambda x, pi, mu, Sigma: logsumexp(_scipy_joint(x, pi, mu, Sigma), axis=1),
         "sum rule and product rule; densities from scipy.stats"),
    Line("=", r"\log \sum_{z_i} \prod_j \pi_j^{z_{ij}} \mathcal{N}(x_i; \mu_j, \Sigma_j)^{z_{ij}}",
         lambda x, pi, mu, Sigma: logsumexp([_chosen(joint(x, pi, mu, Sigma), z) for z in np.eye(len(pi))], axis=0),
         "the joint; z_i runs over the one-hot vectors"),
    Line("=", r"\log \sum_j \pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, pi, mu, Sigma: logsumexp(log_normal(x, mu, Sigma), axis=1, b=pi),
         "for one z_i all factors but one are to the power 0"),
))  # fmt: skip

product_of_sums = Derivation("A sum over all assignments is a product of small sums",
    r"\log p(x \mid \theta)", mixtures("x pi mu Sigma", keep=lambda n, k, d: k**n < 3000, habits=FEW_WITHOUT_HABITS), (
    Line("start", r"\log \sum_{z_1} \cdots \sum_{z_n} \prod_i p(x_i, z_i \mid \theta)",
         lambda x, pi, mu, Sigma: logsumexp(joint(x, pi, mu, Sigma)[np.arange(len(x)), assignments(len(x), len(pi))].sum(1)),
         "sum rule: one term for each of the k^n assignments"),
    Line("=", r"\log \prod_i \sum_{z_i} p(x_i, z_i \mid \theta)",
         lambda x, pi, mu, Sigma: logsumexp(_scipy_joint(x, pi, mu, Sigma), axis=1).sum(),
         "distributive law: z_i enters the i-th factor only"),
    Line("=", r"\sum_i \log \sum_j \pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, pi, mu, Sigma: log_p(x, pi, mu, Sigma).sum(),
         "the log of a product; the inner sum stays inside its log"),
))  # fmt: skip

bayes = Derivation("The responsibilities by Bayes' theorem",
    r"r_{ij} = p(z_{ij} = 1 \mid x_i, \theta)", mixtures("x pi mu Sigma"), (
    Line("start", r"\frac{p(x_i, z_{ij} = 1 \mid \theta)}{p(x_i \mid \theta)}",
         lambda x, pi, mu, Sigma: softmax(_scipy_joint(x, pi, mu, Sigma), axis=1),
         "what a conditional probability is; densities from scipy.stats"),
    Line("=", r"\frac{p(z_{ij} = 1)\, p(x_i \mid z_{ij} = 1)}{\sum_{j'} p(z_{ij'} = 1)\, p(x_i \mid z_{ij'} = 1)}",
         lambda x, pi, mu, Sigma: pi * _densities(x, mu, Sigma) / (_densities(x, mu, Sigma) @ pi)[:, None],
         "product rule above, sum rule below"),
    Line("=", r"\frac{\pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})}",
         lambda x, pi, mu, Sigma: softmax(np.log(pi) + log_normal(x, mu, Sigma), axis=1),
         "the model's two factors; mind the primes below"),
    Line("=", r"\frac{1}{1 + \sum_{j' \ne j} e^{a_{ij'} - a_{ij}}}, \quad a_{ij} = \log \pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, pi, mu, Sigma: 1 / np.exp(joint(x, pi, mu, Sigma)[:, None, :] - joint(x, pi, mu, Sigma)[:, :, None]).sum(2),
         "divide both by the numerator: only differences of logs matter"),
))  # fmt: skip
