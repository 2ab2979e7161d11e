"""The slides' formulas that do not hold as printed: chains that break there, and go on with the form that holds.

Each starts from the definition, has the printed formula as a line (its number is in `breaks`), and ends with a formula
that is right. `SLIDES` lists what the slides say in their order, with the chain that runs it.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import entr, logsumexp, softmax

from emtutor.causes import Problem
from emtutor.derivations.chains import gradients, observations, weights
from emtutor.derivations.chains.common import (
    AMPLE,
    draws,
    evidence,
    joint,
    log,
    log_normal,
    log_posterior,
    mean,
    means,
    mixtures,
    posterior,
    scatter,
    with_posterior,
)
from emtutor.derivations.engine import Derivation, Line
from emtutor.maths import formulas, gaussian

_R = {"r": posterior}
_several = {"keep": lambda n, k, d: k > 1}

slide_denominator = Derivation("The slide's denominator: sum over j' of what does not hold j'",
    "r_{ij}", mixtures("x pi mu Sigma"), (
    Line("start", r"p(x_i, z_{ij} = 1) \big/ p(x_i)", posterior, "Bayes"),
    Line("=", r"\frac{\pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_{j'} \pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)}",
         lambda x, pi, mu, Sigma: np.full((len(x), len(pi)), 1 / len(pi)),
         "as printed: k times the numerator, so 1 / k in every row"),
    Line("=", r"\frac{\pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})}",
         lambda x, pi, mu, Sigma: softmax(np.log(pi) + log_normal(x, mu, Sigma), axis=1), "with the primes"),
), breaks=(2,))  # fmt: skip

slide_missing_pi = Derivation("The slide's conditioning: pi is left out",
    r"p(z_{ij} = 1 \mid x_i, \pi, \mu, \Sigma)", mixtures("x pi mu Sigma"), (
    Line("start", r"p(x_i, z_{ij} = 1) \big/ p(x_i)", posterior, "Bayes"),
    Line("=", r"p(z_{ij} = 1 \mid x_i, \mu, \Sigma) \propto \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, mu, Sigma: softmax(log_normal(x, mu, Sigma), axis=1), "taken at its word: no pi"),
    Line("=", r"p(z_{ij} = 1 \mid x_i, \pi, \mu, \Sigma) \propto \pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, pi, mu, Sigma: softmax(np.log(pi) + log_normal(x, mu, Sigma), axis=1), "all of theta"),
), breaks=(2,))  # fmt: skip


slide_conditional = Derivation("The slide's p(x | z): it is the joint",
    r"\log p(x \mid z, \theta)", mixtures("x z pi mu Sigma"), (
    Line("start", r"\log p(x, z \mid \theta) - \log p(z \mid \theta)",
         lambda x, z, pi, mu, Sigma: (z * joint(x, pi, mu, Sigma)).sum() - (z * np.log(pi)).sum(),
         "what a conditional density is"),
    Line("=", r"\sum_i \log \pi_{k_i} \mathcal{N}(x_i; \mu_{k_i}, \Sigma_{k_i})",
         lambda x, z, pi, mu, Sigma: (z * joint(x, pi, mu, Sigma)).sum(), "as printed, with pi"),
    Line("=", r"\sum_i \log \mathcal{N}(x_i; \mu_{k_i}, \Sigma_{k_i})",
         lambda x, z, mu, Sigma: (z * log_normal(x, mu, Sigma)).sum(), "without pi: z is known"),
), breaks=(2,))  # fmt: skip


def _sandwich(x, r, mu, Sigma):
    """Sigma_j^-1 (W_j - R_j Sigma_j) Sigma_j^-1 / 2, (k, d, d)."""
    P = np.linalg.inv(Sigma)
    return P @ (scatter(x, r, mu) - r.sum(0)[:, None, None] * Sigma) @ P / 2


def _sum_of_pulls(x, r, mu, Sigma):
    """sum_i r_ij Sigma_j^-1 (x_i - mu_j), (k, d)."""
    return np.einsum("jab,ij,ijb->ja", np.linalg.inv(Sigma), r, x[:, None] - mu)


slide_grad_mu = Derivation("The slide's gradient in mu",
    r"\nabla_{\mu_j} \log p(x \mid \pi, \mu, \Sigma)", mixtures("x pi mu Sigma"), (
    Line("start", r"\frac{\partial}{\partial \mu_j} \sum_i \log \sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})",
         gradients.numerical_mu, "the definition, differentiated numerically"),
    Line("=", r"-\tfrac{1}{2} \sum_i r_{ij} \Sigma_j (x_i - \mu_j)",
         lambda x, r, mu, Sigma: -np.einsum("jab,ij,ijb->ja", Sigma, r, x[:, None] - mu) / 2,
         "as printed: the unit is x^3 where 1 / x is wanted"),
    Line("=", r"\sum_i r_{ij} \Sigma_j^{-1} (x_i - \mu_j)",
         _sum_of_pulls, "the inverse, the sign, the factor 1"),
), given=_R, breaks=(2,))  # fmt: skip


def _free_gradient(x, pi, mu, Sigma):
    return _sandwich(x, posterior(x, pi, mu, Sigma), mu, Sigma)


slide_constant = Derivation("The slide's \"+ const.\" in a gradient",
    r"\nabla_{\mu_j} \log p(x \mid \pi, \mu, \Sigma)", mixtures("x pi mu Sigma"), (
    Line("start", r"\frac{\partial}{\partial \mu_j} \log p(x \mid \theta)", gradients.numerical_mu,
         "the definition, differentiated numerically"),
    Line("=", r"\sum_i r_{ij} \Sigma_j^{-1} (x_i - \mu_j) + c",
         lambda x, r, mu, Sigma, c: _sum_of_pulls(x, r, mu, Sigma) + c,
         "any constant c but zero: here (1, 0.1, ...) over the standard deviation of x"),
    Line("=", r"\sum_i r_{ij} \Sigma_j^{-1} (x_i - \mu_j)",
         _sum_of_pulls, "what does not depend on mu_j has gradient zero"),
    Line("therefore", r"\mu_j = \frac{1}{R_j} \Bigl( \sum_i r_{ij} x_i + \Sigma_j c \Bigr)",
         lambda x, r, Sigma, c: (r.T @ x + Sigma @ c) / r.sum(0)[:, None],
         "where the constant would put the root", unknown="mu", into=_sum_of_pulls),
    Line("therefore", r"\mu_j = \frac{1}{R_j} \sum_i r_{ij} x_i", lambda x, r: (r.T @ x) / r.sum(0)[:, None],
         "where it is", unknown="mu", into=_sum_of_pulls),
), given=_R | {"c": lambda x: 0.1 ** np.arange(x.shape[1]) / x.std(0)}, breaks=(2, 4))  # fmt: skip


slide_fixed_point = Derivation("The slide's root: a fixed-point equation, not a solution",
    r"\nabla_{\mu_j} \log p(x \mid \pi, \mu, \Sigma)", mixtures("x pi mu Sigma", **_several), (
    Line("start", r"\sum_i r_{ij} \Sigma_j^{-1} (x_i - \mu_j)",
         _sum_of_pulls, "the gradient"),
    Line("therefore", r"\mu_j = \frac{1}{R_j} \sum_i r_{ij} x_i", lambda x, r: (r.T @ x) / r.sum(0)[:, None],
         "put in with r computed anew: not zero", unknown="mu",
         into=lambda x, pi, mu, Sigma: gaussian.grad_mu(x, gaussian.Theta(pi, mu, Sigma))),
    Line("therefore", r"\mu_j = \frac{1}{R_j} \sum_i r_{ij} x_i", lambda x, r: (r.T @ x) / r.sum(0)[:, None],
         "put in with r held fixed: zero", unknown="mu"),
), given=_R, breaks=(2,))  # fmt: skip

slide_grad_Sigma = Derivation("The slide's gradient in Sigma, taken as printed: in Sigma",
    r"\nabla_{\Sigma_j} \log p(x \mid \pi, \mu, \Sigma)", mixtures("x pi mu Sigma"), (
    Line("start", r"\frac{\partial}{\partial \Sigma_j} \sum_i \log \sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})",
         gradients.numerical_Sigma, "entries independent, differentiated numerically"),
    Line("=", r"-\tfrac{1}{2} \sum_i r_{ij} (x_i - \mu_j)(x_i - \mu_j)^\top", lambda x, r, mu: -scatter(x, r, mu) / 2,
         "as printed, less its constant: of unit x^2 where x^-2 is wanted; it belongs to the precision (grad_precision)"),
    Line("=", r"\tfrac{1}{2} \Sigma_j^{-1} \bigl( W_j - R_j \Sigma_j \bigr) \Sigma_j^{-1}",
         _sandwich,
         "the sandwich, the sign, and the log-determinant's term, which is no constant"),
    Line("therefore", r"\Sigma_j = W_j / R_j", lambda x, r, mu: scatter(x, r, mu) / r.sum(0)[:, None, None],
         "the slide's root is right: it is the root of this", unknown="Sigma", into=_sandwich),
), given=_R, breaks=(2,))  # fmt: skip

slide_symmetric = Derivation("A gradient in a symmetric matrix: which one?",
    r"\frac{\partial}{\partial \Sigma_{j,ab}} \log p(x \mid \theta), \quad \Sigma_{j,ab} = \Sigma_{j,ba}",
    mixtures("x pi mu Sigma", keep=lambda n, k, d: d > 1), (
    Line("start", r"\frac{\partial}{\partial \Sigma_{j,ab}} \log p(x \mid \theta)", gradients.tied,
         "two entries tied together, differentiated numerically"),
    Line("=", r"G_{ab} = \tfrac{1}{2} \bigl[ \Sigma_j^{-1} ( W_j - R_j \Sigma_j ) \Sigma_j^{-1} \bigr]_{ab}",
         _free_gradient, "that of independent entries: half, off the diagonal"),
    Line("=", r"G_{ab} + G_{ba} - \delta_{ab} G_{ab}",
         lambda x, pi, mu, Sigma: _free_gradient(x, pi, mu, Sigma) * (2 - np.eye(x.shape[1])), "the tied one"),
), breaks=(2,))  # fmt: skip

slide_lagrange = Derivation("The slide's Lagrangian: the missing prime is invisible in lambda",
    r"\nabla_{\pi_j} \Bigl[ \log p(x \mid \theta) + \lambda \Bigl( \sum_{j'} \pi_{j'} - 1 \Bigr) \Bigr]",
    mixtures("x pi mu Sigma lam"), (
    Line("start", r"\frac{\partial}{\partial \pi_j} \Bigl[ \log p(x \mid \theta) + \lambda \Bigl( \sum_{j'} \pi_{j'} - 1 \Bigr) \Bigr]",
         lambda x, pi, mu, Sigma, lam: weights.plus(weights.free(x, pi, mu, Sigma), lam),
         "differentiated numerically"),
    Line("=", r"\sum_i \frac{\mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_{j'} \pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)} + \lambda",
         lambda x, pi, lam: len(x) / (len(pi) * pi) + lam, "as printed: n / (k pi_j)"),
    Line("=", r"\sum_i \frac{\mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})} + \lambda",
         lambda x, pi, mu, Sigma, lam: weights.ratio(x, pi, mu, Sigma).sum(0) + lam, "with the primes"),
    Line("=", r"\sum_j \pi_j \frac{n}{k \pi_j} + \lambda",
         lambda x, pi, lam: (pi * len(x) / (len(pi) * pi)).sum() + lam,
         "the printed form again, times pi_j and summed: n + lambda all the same",
         left=r"\sum_j \pi_j \nabla_{\pi_j} \bigl[ \ldots \bigr]", do=lambda value, pi: (pi * value).sum()),
    Line("=", r"n + \lambda", lambda x, lam: len(x) + lam, "so lambda = -n either way"),
), breaks=(2,))  # fmt: skip

slide_sum = Derivation("The slide's maximum for pi: \"just a sum\"",
    r"\frac{R_j}{\pi_j} + \lambda", mixtures("r pi lam"), (
    Line("start", r"\frac{R_j}{\pi_j} + \lambda", lambda r, pi, lam: r.sum(0) / pi + lam,
         "the Lagrangian's gradient; lambda = -n"),
    Line("therefore", r"\pi_j = \sum_i r_{ij}", lambda r: {"pi": r.sum(0), "lam": -float(len(r))}, "a sum, as printed"),
    Line("therefore", r"\pi_j = \frac{1}{n} \sum_i r_{ij}", lambda r: {"pi": r.mean(0), "lam": -float(len(r))},
         "the mean"),
), breaks=(2,))  # fmt: skip

slide_old_mean = Derivation("The slide's Sigma uses mu: which one?", r"Q(\mu, \Sigma)", draws("x r mu Sigma", *AMPLE), (
    Line("start", r"\sum_i \sum_j r_{ij} \log \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, r, mu, Sigma: (r * log_normal(x, mu, Sigma)).sum(), "r held fixed"),
    Line("maximises", r"\mu_j^{\text{new}}, \quad \Sigma_j = \frac{1}{R_j} \sum_i r_{ij} (x_i - \mu_j^{\text{old}})(x_i - \mu_j^{\text{old}})^\top",
         lambda x, r, mu: {"mu": (r.T @ x) / r.sum(0)[:, None], "Sigma": scatter(x, r, mu) / r.sum(0)[:, None, None]},
         "around the old mean", of=lambda x, r, mu, Sigma: (r * log_normal(x, mu, Sigma)).sum()),
    Line("maximises", r"\mu_j^{\text{new}}, \quad \Sigma_j = \frac{1}{R_j} \sum_i r_{ij} (x_i - \mu_j^{\text{new}})(x_i - \mu_j^{\text{new}})^\top",
         lambda x, r: {"mu": formulas.m_step(x, r).mu, "Sigma": formulas.m_step(x, r).Sigma}, "around the new mean",
         of=lambda x, r, mu, Sigma: (r * log_normal(x, mu, Sigma)).sum()),
), breaks=(2,))  # fmt: skip

slide_z_index = Derivation("The slide's z_ik under a sum over j",
    r"\log p(x, z \mid \theta)", mixtures("x z pi mu Sigma", **_several), (
    Line("start", r"\log \prod_i \prod_j \bigl[ \pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j) \bigr]^{z_{ij}}",
         lambda x, z, pi, mu, Sigma: np.where(z == 1, joint(x, pi, mu, Sigma), 0.0).sum(), "the definition"),
    Line("=", r"\sum_i \sum_j z_{ik} \bigl( \log \pi_j + \log \mathcal{N}(x_i; \mu_j, \Sigma_j) \bigr)",
         lambda x, z, pi, mu, Sigma: (z[:, -1:] * joint(x, pi, mu, Sigma)).sum(), "as printed, k the last component"),
    Line("=", r"\sum_i \sum_j z_{ij} \bigl( \log \pi_j + \log \mathcal{N}(x_i; \mu_j, \Sigma_j) \bigr)",
         lambda x, z, pi, mu, Sigma: (z * (np.log(pi) + log_normal(x, mu, Sigma))).sum(), "z_ij"),
), breaks=(2,))  # fmt: skip


def _dense(rng):
    """Log-joints of densities: in another unit of x they are as large as one likes."""
    problems = mixtures("log_joint q", **_several)(rng)
    dense = [Problem(f"{p.label}, x in a unit 1000 times as long", p.args | {"log_joint": p.args["log_joint"] + 6.9})
             for p in problems[:3]]  # fmt: skip
    return [*problems, *dense]


_TIGHT: dict[str, Any] = {
    "tight": with_posterior,
    "tight_when": "q is the posterior",
}

slide_jensen = Derivation("The slide's Jensen: without weights it is not Jensen's", r"\sum_z \log p(x_i, z)", _dense, (
    Line("start", r"\sum_z \log p(x_i, z)", lambda log_joint: log_joint.sum(1), "one point"),
    Line("<=", r"\log \sum_z p(x_i, z)", lambda log_joint: logsumexp(log_joint, axis=1),
         "as printed: true while all p are at most 1, false for densities"),
    Line("start", r"\sum_z q(z) \log \frac{p(x_i, z)}{q(z)}", lambda log_joint, q: means(q, log_joint - log(q)),
         "with weights that sum to one", left=r"\mathcal{L}(q)"),
    Line("<=", r"\log \sum_{z:\, q(z) \ne 0} q(z) \frac{p(x_i, z)}{q(z)}",
         lambda log_joint, q: logsumexp(log_joint - log(q), axis=1, b=q), "Jensen", **_TIGHT),
    Line("<=", r"\log p(x_i)", lambda log_joint: logsumexp(log_joint, axis=1), "q cancels; equal where q > 0", **_TIGHT),
), size=lambda log_joint: 1.0, breaks=(2,))  # fmt: skip


def _blocked(rng):
    """Problems in which p(x, z) is zero for some z, at the observed x."""
    problems = mixtures("log_joint q", **_several)(rng)
    for p in problems:
        p.args["log_joint"][:, 0] = -np.inf
    return problems


def _sides(a, q):
    """L + KL, each from its definition: undefined where q puts mass on p(x, z) = 0."""
    return mean(q, a - log(q)) + mean(q, log(q) - log_posterior(a))


slide_support = Derivation("The slide's support condition is the wrong way round", r"\log p(x)", _blocked, (
    Line("start", r"\sum_i \log \sum_z p(x_i, z)", lambda log_joint: evidence(log_joint), "sum rule"),
    Line("=", r"\mathcal{L}(q) + D_{KL}(q \,\|\, p), \quad q(z) > 0 \text{ wherever } p(z) > 0",
         lambda log_joint, q: _sides(log_joint, q), "as printed: -inf + inf where p(x, z) = 0 at this x"),
    Line("=", r"\mathcal{L}(q) + D_{KL}(q \,\|\, p), \quad q(z) = 0 \text{ wherever } p(x, z) = 0",
         lambda log_joint, q: _sides(log_joint, _kept(log_joint, q)), "the other way round"),
), breaks=(2,))  # fmt: skip


def _kept(a, q):
    """q without the mass that it puts on p(x, z) = 0."""
    q = np.where(np.isfinite(a), q, 0.0)
    return q / q.sum(1, keepdims=True)


slide_bound = Derivation("The slide's L(q) <= p(x): true, and yet wrong", r"\mathcal{L}(q)", mixtures("log_joint q"), (
    Line("start", r"\sum_z q(z) \log \frac{p(x_i, z)}{q(z)}", lambda log_joint, q: means(q, log_joint - log(q)),
         "one point"),
    Line("<=", "p(x_i)", lambda log_joint: np.exp(logsumexp(log_joint, axis=1)),
         "as printed: never violated, for log p < p; never tight", **_TIGHT),
    Line("<=", r"\log p(x_i)", lambda log_joint: logsumexp(log_joint, axis=1), "the bound", **_TIGHT),
), breaks=(2,))  # fmt: skip

slide_zero_kl = Derivation("The slide's KL = 0: at which theta?",
    r"D_{KL}\bigl( q \,\|\, p(z \mid x, \theta) \bigr), \quad q = p(z \mid x, \theta_{\text{old}})",
    mixtures("log_joint_old log_joint_new", **_several), (
    Line("start", r"\sum_z q(z) \log \frac{q(z)}{p(z \mid x, \theta)}",
         lambda log_joint_new, q: formulas.kl(log_joint_new, q), "at a theta that is not theta_old"),
    Line("=", "0", lambda log_joint_new: 0.0, "as printed, for every theta"),
    Line("=", r"\log p(x \mid \theta) - \mathcal{L}(q, \theta)",
         lambda log_joint_new, q: evidence(log_joint_new) - mean(q, log_joint_new - log(q)),
         "the lemma"),
),
   given={"q": lambda log_joint_old: softmax(log_joint_old, axis=1)},
   size=lambda log_joint_old: 1.0,
   breaks=(2,))  # fmt: skip


def _expected_log_density(x, q, pi, mu, Sigma):
    """E_q log p(x, z | theta) in natural parameters, the base measure included."""
    inner, log_Z = observations.phi_theta(x, pi, mu, Sigma)
    return (q * inner).sum() + len(x) * (observations.log_h(x) - log_Z)


slide_exponential = Derivation("The slide's exponential family: the entropy is missing",
    r"\mathcal{L}(q, \theta)", mixtures("x q pi mu Sigma"), (
    Line("start", r"\sum_z q(z) \log \frac{p(x, z \mid \theta)}{q(z)}",
         lambda x, q, pi, mu, Sigma: formulas.elbo(joint(x, pi, mu, Sigma), q), "the definition"),
    Line("=", r"\mathbb{E}_q \bigl[ \phi(x, z)^\top \theta - \log Z(\theta) \bigr]",
         lambda x, q, pi, mu, Sigma: _expected_log_density(x, q, pi, mu, Sigma),
         "as printed; that log Z or the measure of x takes in the base measure is a convention"),
    Line("=", r"\mathbb{E}_q \bigl[ \phi(x, z)^\top \theta - \log Z(\theta) \bigr] + \mathbb{H}(q)",
         lambda x, q, pi, mu, Sigma: _expected_log_density(x, q, pi, mu, Sigma) + entr(q).sum(),
         "the entropy does not depend on theta: the maximiser was right, the equality was not"),
), breaks=(2,))  # fmt: skip


class Slide(NamedTuple):
    """One formula of the lecture. status: "holds", "W" wrong, "S" sloppy, "M" true and misleading."""

    slide: str
    formula: str
    status: str
    items: tuple[int, ...]  # numbers in the table that opens notebook 13; () if it holds
    chain: str  # the derivation that runs it, by name; "" if there is nothing to run


SLIDES = (
    Slide("Gaussian Mixtures", "p(x | theta) = sum_j pi_j N_j", "holds", (), "marginal"),
    Slide("Gaussian Mixtures", "k-means is maximum likelihood as Sigma -> 0", "S", (1,), "kmeans_limit"),
    Slide("Gaussian Mixtures", "soft k-means for Sigma = beta I", "S", (3,), "best_beta"),
    Slide("Gaussian Mixtures", "pi is just a sum over z_ij", "S", (5,), "slide_sum"),
    Slide("Gaussian Mixtures", "r_ij, the denominator", "W", (6, 7), "slide_denominator"),
    Slide("Gaussian Mixtures", "r_ij, given mu and Sigma", "S", (8,), "slide_missing_pi"),
    Slide("Why is this hard?", "p(x) = prod_i sum_j", "holds", (), "product_of_sums"),
    Slide("Deriving the EM algorithm", "gradient in mu", "W", (11,), "slide_grad_mu"),
    Slide("Deriving the EM algorithm", "+ const.", "W", (12,), "slide_constant"),
    Slide("Deriving the EM algorithm", "gradient zero, so mu_j = ...", "M", (13,), "slide_fixed_point"),
    Slide("Deriving the EM algorithm", "gradient in Sigma: that in the precision", "S", (14,), "grad_precision"),
    Slide("Deriving the EM algorithm", "gradient in Sigma, + const.", "W", (15,), "slide_grad_Sigma"),
    Slide("Deriving the EM algorithm", "gradient in a symmetric matrix", "S", (16,), "slide_symmetric"),
    Slide("Deriving the EM algorithm", "Lagrange multiplier", "W", (6, 17), "slide_lagrange"),
    Slide("The EM Algorithm", "M-step, which mu in Sigma", "M", (19,), "slide_old_mean"),
    Slide("The EM Algorithm", "r_ij by Bayes", "holds", (), "bayes"),
    Slide("Taking the easy way out", "p(x | z)", "W", (22,), "slide_conditional"),
    Slide("Taking the easy way out", "estimates with z known", "holds", (), "known_labels"),
    Slide("EM for Gaussian Mixtures", "complete-data log-likelihood, z_ik", "W", (25,), "slide_z_index"),
    Slide("EM for Gaussian Mixtures", "its expectation", "holds", (), "expected_complete"),
    Slide("The EM algorithm", "the same theta in both places", "S", (26,), "q_is_not_log_p"),
    Slide("The EM algorithm", "By Jensen's inequality", "W", (27, 28), "slide_jensen"),
    Slide("A Mathematical Insight", "the lemma's condition", "W", (29, 30), "slide_support"),
    Slide("A Mathematical Insight", "log p = L + KL", "holds", (), "lemma"),
    Slide("A Mathematical Insight", "F = U - T S", "holds", (), "free_energy"),
    Slide("A Mathematical Insight", "L <= p(x)", "W", (33,), "slide_bound"),
    Slide("EM maximizes the ELBO", "KL = 0 after the E-step", "S", (36,), "slide_zero_kl"),
    Slide("EM maximizes the ELBO", "argmax L + sum q log q", "holds", (), "m_step_bound"),
    Slide("Some Observations", "grad log p = grad L", "holds", (), "fisher"),
    Slide("Some Observations", "generalized EM", "S", (40,), "gem_too_long"),
    Slide("Some Observations", "exponential family", "W", (41,), "slide_exponential"),
    Slide("Some Observations", "MAP: add a log prior", "holds", (), "map_dirichlet"),
)
