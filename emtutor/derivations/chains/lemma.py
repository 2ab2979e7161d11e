"""log p(x) = L(q) + KL(q || p(z | x)) for any q, free energy, and what Q is not."""

from typing import Any

import numpy as np
from scipy.special import entr, logsumexp, rel_entr, softmax

from emtutor.causes import Problem
from emtutor.derivations.chains.common import evidence, log, log_posterior, mean, means, mixtures, with_posterior
from emtutor.derivations.engine import Derivation, Line
from emtutor.maths import bounds, formulas


def _and_hard(names):
    """The ordinary problems, and some where q is one-hot, or where p(x, z) is zero and q too."""

    def make(rng):
        problems = mixtures(names)(rng)
        hard, blocked = (dict(problem.args) for problem in problems[1:3])
        hard["q"] = np.eye(hard["q"].shape[1])[hard["q"].argmin(1)]
        where = np.zeros(blocked["q"].shape, bool)
        where[::2, 0] = True
        q = np.where(where, 0.0, blocked["q"])
        blocked |= {"log_joint": np.where(where, -np.inf, blocked["log_joint"]), "q": q / q.sum(1, keepdims=True)}
        return [*problems, Problem("q is one-hot", hard), Problem("p(x, z) = 0 in places, and q too", blocked)]

    return make


_TIGHT: dict[str, Any] = {
    "tight": lambda log_joint: {"q": softmax(log_joint, axis=1)},
    "tight_when": "q is the posterior",
}

lemma = Derivation("The lemma: log p = L + KL, for any q",
    r"\mathcal{L}(q) + D_{KL}\bigl( q \,\|\, p(z \mid x) \bigr)", _and_hard("log_joint q"), (
    Line("start", r"\sum_z q(z) \log \frac{p(x, z)}{q(z)} - \sum_z q(z) \log \frac{p(z \mid x)}{q(z)}",
         lambda log_joint, q: formulas.elbo(log_joint, q) + formulas.kl(log_joint, q),
         "the definitions; q(z) = 0 wherever p(x, z) = 0"),
    Line("=", r"\sum_z q(z) \bigl[ \log p(x, z) - \log q(z) \bigr] - \sum_z q(z) \bigl[ \log p(z \mid x) - \log q(z) \bigr]",
         lambda log_joint, q: mean(q, log_joint - log(q)) - mean(q, log_posterior(log_joint) - log(q)),
         "the log of a quotient"),
    Line("=", r"\sum_z q(z) \bigl[ \log p(x, z) - \log p(z \mid x) \bigr]",
         lambda log_joint, q: mean(q, log_joint - log_posterior(log_joint)), "log q cancels, whatever q is"),
    Line("=", r"\sum_z q(z) \bigl[ \log p(z \mid x) + \log p(x) - \log p(z \mid x) \bigr]",
         lambda log_joint, q: mean(q, log_posterior(log_joint) + logsumexp(log_joint, axis=1, keepdims=True) - log_posterior(log_joint)),
         "product rule"),
    Line("=", r"\sum_z q(z) \log p(x)", lambda log_joint, q: mean(q, logsumexp(log_joint, axis=1, keepdims=True)),
         "the posterior cancels"),
    Line("=", r"\log p(x)",
         lambda log_joint: sum(np.log(np.exp(row - row.max()).sum()) + row.max() for row in log_joint),
         "log p(x) does not depend on z, and q sums to one"),
))  # fmt: skip

_divergence = mixtures("q p", p=lambda w: _covering(w["p"]))


def _covering(p):
    """p again, nowhere zero: where q is positive the divergence would be infinite, and nothing be left to compare."""
    p = np.maximum(p, 1e-12)
    return p / p.sum(1, keepdims=True)


kl_not_negative = Derivation("A divergence is never negative", r"-D_{KL}\bigl( q \,\|\, p \bigr)", _divergence, (
    Line("start", r"\sum_z q(z) \log \frac{p(z)}{q(z)}", lambda q, p: -rel_entr(q, p).sum(1), "the definition"),
    Line("<=", r"\log \sum_{z:\, q(z) \ne 0} q(z) \frac{p(z)}{q(z)}",
         lambda q, p: np.log(means(q, _u(q, p))), "Jensen: the weights q sum to one",
         tight=lambda p: {"q": p}, tight_when="q = p"),
    Line("=", r"\log \sum_{z:\, q(z) \ne 0} p(z)", lambda q, p: np.log(np.where(q > 0, p, 0.0).sum(1)), "q cancels"),
    Line("<=", r"\log \sum_z p(z)", lambda p: np.log(p.sum(1)), "more terms, and p is not negative",
         tight=lambda p: {"q": p}, tight_when="q > 0 wherever p > 0"),
    Line("=", r"0", lambda p: np.zeros(len(p)), "p sums to one"),
), size=lambda q: 1.0)  # fmt: skip

kl_zero_only_if = Derivation("The divergence is zero only if q = p", r"D_{KL}\bigl( q \,\|\, p \bigr)", _divergence, (
    Line("start", r"\sum_z q(z) \log \frac{q(z)}{p(z)}", lambda q, p: rel_entr(q, p).sum(1), "the definition"),
    Line("=", r"\sum_z q \Bigl[ \frac{p}{q} - 1 - \log \frac{p}{q} \Bigr] + \sum_{z:\, q = 0} p",
         lambda q, p: means(q, _u(q, p) - 1 - log(_u(q, p))) + np.where(q == 0, p, 0.0).sum(1),
         "what is added is sum p - sum q = 0: both sum to one"),
    Line(">=", r"\sum_z q \Bigl[ \sqrt{p / q} - 1 \Bigr]^2 + \sum_{z:\, q = 0} p",
         lambda q, p: means(q, (np.sqrt(_u(q, p)) - 1) ** 2) + np.where(q == 0, p, 0.0).sum(1),
         "log u = 2 log sqrt(u) is at most 2 (sqrt(u) - 1)", tight=lambda p: {"q": p}, tight_when="q = p"),
    Line("=", r"\sum_z \bigl[ \sqrt{p(z)} - \sqrt{q(z)} \bigr]^2",
         lambda q, p: ((np.sqrt(p) - np.sqrt(q)) ** 2).sum(1), "q goes into the square; where q = 0 the square is p"),
    Line(">=", r"0", lambda q: np.zeros(len(q)), "a sum of squares: zero only if p(z) = q(z) for every z",
         tight=lambda p: {"q": p}, tight_when="q = p"),
), size=lambda q: 1.0)  # fmt: skip


def _u(q, p):
    """p / q, and 1 where q is 0: there it has weight 0."""
    return np.where(q > 0, p / np.where(q > 0, q, 1.0), 1.0)


free_energy = Derivation("The variational free energy, F = U - T S at T = 1",
    r"-\mathcal{L}(q)", _and_hard("log_joint q"), (
    Line("start", r"-\sum_z q(z) \log \frac{p(x, z)}{q(z)}", lambda log_joint, q: -mean(q, log_joint - log(q)),
         "the definition"),
    Line("=", r"-\sum_z q(z) \log p(x, z) + \sum_z q(z) \log q(z)",
         lambda log_joint, q: -mean(q, log_joint) + mean(q, log(q)), "the log of a quotient"),
    Line("=", r"\mathbb{E}_q [E(z)] - \mathbb{H}(q), \quad E(z) = -\log p(x, z)",
         lambda log_joint, q: mean(q, -log_joint) - entr(q).sum(), "energy and entropy"),
    Line("=", r"U - T S, \quad T = 1", lambda log_joint, q: bounds.free_energy(log_joint, q, T=1.0),
         "the physicists' letters"),
    Line(">=", r"-\log p(x)", lambda log_joint: -evidence(log_joint), "the divergence is not negative",
         **_TIGHT),
))  # fmt: skip

tempered = Derivation("Temperature: the minimiser of U - T S", "-(U - T S)", mixtures("log_joint q T"), (
    Line("start", r"\mathbb{E}_q [\log p(x, z)] + T\, \mathbb{H}(q)",
         lambda log_joint, q, T: mean(q, log_joint) + T * entr(q).sum(), "the definition"),
    Line("=", r"T \sum_z q(z) \Bigl[ \tfrac{1}{T} \log p(x, z) - \log q(z) \Bigr]",
         lambda log_joint, q, T: T * mean(q, log_joint / T - log(q)), "take out T: a bound for p^(1/T)"),
    Line("<=", r"T \sum_i \log \sum_{z_i} p(x_i, z_i)^{1/T}",
         lambda log_joint, T: T * logsumexp(log_joint / T, axis=1).sum(), "Jensen", tight=with_posterior,
         tight_when="q is p^(1/T), normalised"),
    Line("maximises", r"q(z) \propto p(x, z)^{1/T}", lambda log_joint, T: softmax(log_joint / T, axis=1),
         "where the bound is reached", unknown="q",
         of=lambda log_joint, q, T: mean(q, log_joint) + T * entr(q).sum()),
))  # fmt: skip


def _only_largest(a):
    return np.where(a == a.max(1, keepdims=True), a, -1e4)


q_is_not_log_p = Derivation("The expected complete-data log-likelihood is not the log-likelihood",
    r"Q(\theta \mid \theta) = \mathbb{E}_{p(z \mid x)} [\log p(x, z)]", mixtures("log_joint"), (
    Line("start", r"\sum_i \sum_j r_{ij} \log p(x_i, z_{ij} = 1)",
         lambda log_joint: mean(softmax(log_joint, axis=1), log_joint), "r is the posterior"),
    Line("=", r"\sum_i \sum_j r_{ij} \bigl( \log r_{ij} + \log p(x_i) \bigr)",
         lambda log_joint: mean(softmax(log_joint, axis=1), log_posterior(log_joint) + logsumexp(log_joint, axis=1, keepdims=True)),
         "product rule"),
    Line("=", r"\log p(x) - \mathbb{H}(r)",
         lambda log_joint: evidence(log_joint) - entr(softmax(log_joint, axis=1)).sum(),
         "rows of r sum to one"),
    Line("<=", r"\log p(x)", lambda log_joint: evidence(log_joint), "entropy is not negative",
         tight=lambda log_joint: {"log_joint": _only_largest(log_joint)}, tight_when="r is hard"),
))  # fmt: skip
