"""log p(x) = L(q) + KL(q || p(z | x)) for any q, free energy, and what Q is not."""

from typing import Any

import numpy as np
from scipy.special import entr, logsumexp, rel_entr

from emtutor.causes import Problem
from emtutor.derivations.chains.common import mixtures, with_posterior
from emtutor.derivations.engine import Derivation, Line
from emtutor.maths import bounds, formulas


def _with_zeros(names):
    """The ordinary problems, and some where q is zero in places, or where p(x, z) is zero and q too."""
    ordinary = mixtures(names)

    def make(rng):
        problems = ordinary(rng)
        hard = dict(problems[1].args)
        hard["q"] = np.eye(hard["q"].shape[1])[hard["q"].argmin(1)]
        blocked = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in problems[2].args.items()}
        blocked["log_joint"][::2, 0] = -np.inf
        blocked["q"][::2] = np.where(np.isinf(blocked["log_joint"][::2]), 0.0, 1.0)
        blocked["q"] /= blocked["q"].sum(1, keepdims=True)
        return [*problems, Problem("q is one-hot", hard), Problem("p(x, z) = 0 in places, and q too", blocked)]

    return make


def _log(p):
    return np.log(np.where(p > 0, p, 1.0))


def _sum(q, f):
    """sum q f, with 0 times anything = 0."""
    return np.where(q > 0, q * np.where(q > 0, f, 0.0), 0.0).sum()


def _log_posterior(a):
    return a - logsumexp(a, axis=1, keepdims=True)


def _posterior(a):
    return np.exp(_log_posterior(a))


_TIGHT: dict[str, Any] = {"tight": lambda log_joint: {"q": _posterior(log_joint)}, "tight_when": "q is the posterior"}

lemma = Derivation("The lemma: log p = L + KL, for any q",
    r"\mathcal{L}(q) + D_{KL}\bigl( q \,\|\, p(z \mid x) \bigr)", _with_zeros("log_joint q"), (
    Line("start", r"\sum_z q(z) \log \frac{p(x, z)}{q(z)} - \sum_z q(z) \log \frac{p(z \mid x)}{q(z)}",
         lambda log_joint, q: bounds._elbo(log_joint, q) + bounds._kl_from_posterior(log_joint, q),
         "the definitions; q(z) = 0 wherever p(x, z) = 0"),
    Line("=", r"\sum_z q(z) \bigl[ \log p(x, z) - \log q(z) \bigr] - \sum_z q(z) \bigl[ \log p(z \mid x) - \log q(z) \bigr]",
         lambda log_joint, q: _sum(q, log_joint - _log(q)) - _sum(q, _log_posterior(log_joint) - _log(q)),
         "the log of a quotient"),
    Line("=", r"\sum_z q(z) \bigl[ \log p(x, z) - \log p(z \mid x) \bigr]",
         lambda log_joint, q: _sum(q, log_joint - _log_posterior(log_joint)), "log q cancels, whatever q is"),
    Line("=", r"\sum_z q(z) \bigl[ \log p(z \mid x) + \log p(x) - \log p(z \mid x) \bigr]",
         lambda log_joint, q: _sum(q, _log_posterior(log_joint) + logsumexp(log_joint, axis=1, keepdims=True) - _log_posterior(log_joint)),
         "product rule"),
    Line("=", r"\sum_z q(z) \log p(x)", lambda log_joint, q: _sum(q, logsumexp(log_joint, axis=1, keepdims=True)),
         "the posterior cancels"),
    Line("=", r"\log p(x)",
         lambda log_joint: sum(np.log(np.exp(row - row.max()).sum()) + row.max() for row in log_joint),
         "log p(x) does not depend on z, and q sums to one"),
))  # fmt: skip

kl_not_negative = Derivation("A divergence is never negative", r"-D_{KL}\bigl( q \,\|\, p \bigr)", mixtures("q p"), (
    Line("start", r"\sum_z q(z) \log \frac{p(z)}{q(z)}", lambda q, p: -rel_entr(q, p).sum(1), "the definition"),
    Line("<=", r"\log \sum_z q(z) \frac{p(z)}{q(z)}", lambda q, p: np.log((q * (p / q)).sum(1)), "Jensen",
         tight=lambda p: {"q": p}, tight_when="q = p"),
    Line("=", r"\log \sum_z p(z)", lambda p: np.log(p.sum(1)), "q cancels"),
    Line("=", "0", lambda p: np.zeros(len(p)), "p sums to one"),
), size=lambda q: 1.0)  # fmt: skip

free_energy = Derivation("The variational free energy, F = U - T S at T = 1",
    r"-\mathcal{L}(q)", _with_zeros("log_joint q"), (
    Line("start", r"-\sum_z q(z) \log \frac{p(x, z)}{q(z)}", lambda log_joint, q: -_sum(q, log_joint - _log(q)),
         "the definition"),
    Line("=", r"-\sum_z q(z) \log p(x, z) + \sum_z q(z) \log q(z)",
         lambda log_joint, q: -_sum(q, log_joint) + _sum(q, _log(q)), "the log of a quotient"),
    Line("=", r"\mathbb{E}_q [E(z)] - \mathbb{H}(q), \quad E(z) = -\log p(x, z)",
         lambda log_joint, q: _sum(q, -log_joint) - entr(q).sum(), "energy and entropy"),
    Line("=", r"U - T S, \quad T = 1", lambda log_joint, q: bounds.free_energy(log_joint, q, T=1.0),
         "the physicists' letters"),
    Line(">=", r"-\log p(x)", lambda log_joint: -logsumexp(log_joint, axis=1).sum(), "the divergence is not negative",
         **_TIGHT),
))  # fmt: skip

tempered = Derivation("Temperature: the minimiser of U - T S", "-(U - T S)", mixtures("log_joint q T"), (
    Line("start", r"\mathbb{E}_q [\log p(x, z)] + T\, \mathbb{H}(q)",
         lambda log_joint, q, T: (q * log_joint).sum() + T * entr(q).sum(), "the definition"),
    Line("=", r"T \sum_z q(z) \Bigl[ \tfrac{1}{T} \log p(x, z) - \log q(z) \Bigr]",
         lambda log_joint, q, T: T * (q * (log_joint / T - np.log(q))).sum(), "take out T: a bound for p^(1/T)"),
    Line("<=", r"T \sum_i \log \sum_{z_i} p(x_i, z_i)^{1/T}",
         lambda log_joint, T: T * logsumexp(log_joint / T, axis=1).sum(), "Jensen", tight=with_posterior,
         tight_when="q is p^(1/T), normalised"),
    Line("maximises", r"q(z) \propto p(x, z)^{1/T}", lambda log_joint, T: _posterior(log_joint / T),
         "where the bound is reached", unknown="q",
         of=lambda log_joint, q, T: (q * log_joint).sum() + T * entr(q).sum()),
))  # fmt: skip


def _only_largest(a):
    return np.where(a == a.max(1, keepdims=True), a, -1e4)


q_is_not_log_p = Derivation("The expected complete-data log-likelihood is not the log-likelihood",
    r"Q(\theta \mid \theta) = \mathbb{E}_{p(z \mid x)} [\log p(x, z)]", mixtures("log_joint"), (
    Line("start", r"\sum_i \sum_j r_{ij} \log p(x_i, z_{ij} = 1)",
         lambda log_joint: (_posterior(log_joint) * log_joint).sum(), "r is the posterior"),
    Line("=", r"\sum_i \sum_j r_{ij} \bigl( \log r_{ij} + \log p(x_i) \bigr)",
         lambda log_joint: _sum(_posterior(log_joint), _log_posterior(log_joint) + logsumexp(log_joint, axis=1, keepdims=True)),
         "product rule"),
    Line("=", r"\log p(x) - \mathbb{H}(r)",
         lambda log_joint: logsumexp(log_joint, axis=1).sum() - entr(_posterior(log_joint)).sum(),
         "rows of r sum to one"),
    Line("<=", r"\log p(x)", lambda log_joint: logsumexp(log_joint, axis=1).sum(), "entropy is not negative",
         tight=lambda log_joint: {"log_joint": _only_largest(log_joint)}, tight_when="r is hard"),
))  # fmt: skip
