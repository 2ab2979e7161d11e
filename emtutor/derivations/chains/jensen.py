"""Jensen's inequality, from two points to the bound on log p(x)."""

import numpy as np
from scipy.special import entr, logsumexp, softmax

from emtutor.derivations.chains.common import evidence, log, mean, mixtures, with_posterior
from emtutor.derivations.engine import Derivation, Line


def _outermost(world):
    """v with its smallest and its largest first: these two the chord joins."""
    order = np.argsort(world["v"])
    return world["v"][np.roll(order, 1)[::-1]] if len(order) > 2 else world["v"]


chord = Derivation("The logarithm lies above its chords",
    r"w_1 \log v_1 + (1 - w_1) \log v_2", mixtures("w v", keep=lambda n, k, d: k > 1, v=_outermost), (
    Line("start", r"w_1 \log v_1 + (1 - w_1) \log v_2", lambda w, v: w[0] * np.log(v[0]) + (1 - w[0]) * np.log(v[1]),
         "a point of the chord from v_1 to v_2"),
    Line("=", r"\log m + w_1 \log \frac{v_1}{m} + (1 - w_1) \log \frac{v_2}{m}, \quad m = w_1 v_1 + (1 - w_1) v_2",
         lambda w, v, m: np.log(m) + w[0] * np.log(v[0] / m) + (1 - w[0]) * np.log(v[1] / m),
         "take out the log of the mean"),
    Line("<=", r"\log m + w_1 \Bigl( \frac{v_1}{m} - 1 \Bigr) + (1 - w_1) \Bigl( \frac{v_2}{m} - 1 \Bigr)",
         lambda w, v, m: np.log(m) + w[0] * (v[0] / m - 1) + (1 - w[0]) * (v[1] / m - 1),
         "log u is at most u - 1, its tangent at 1", tight=lambda v: {"v": np.full_like(v, v[0])},
         tight_when="v_1 = v_2"),
    Line("=", r"\log \bigl( w_1 v_1 + (1 - w_1) v_2 \bigr)", lambda w, v: np.log(w[0] * v[0] + (1 - w[0]) * v[1]),
         "the two brackets cancel"),
), given={"m": lambda w, v: w[0] * v[0] + (1 - w[0]) * v[1]}, size=lambda v: 0.1)  # fmt: skip

jensen = Derivation("Jensen's inequality for the logarithm",
    r"\mathbb{E}_w [\log v]", mixtures("w v"), (
    Line("start", r"\sum_j w_j \log v_j", lambda w, v: w @ np.log(v), "weights w_j >= 0 that sum to one"),
    Line("=", r"\log m + \sum_j w_j \log \frac{v_j}{m}, \quad m = \sum_j w_j v_j",
         lambda w, v: np.log(w @ v) + w @ np.log(v / (w @ v)), "take out the log of the mean"),
    Line("<=", r"\log m + \sum_j w_j \Bigl( \frac{v_j}{m} - 1 \Bigr)",
         lambda w, v: np.log(w @ v) + w @ (v / (w @ v) - 1), "log u is at most u - 1",
         tight=lambda v: {"v": np.full_like(v, v[0])}, tight_when="all v_j are equal"),
    Line("=", r"\log m + \frac{\sum_j w_j v_j}{m} - \sum_j w_j",
         lambda w, v: np.log(w @ v) + (w * v).sum() / (w @ v) - w.sum(), "written out"),
    Line("=", r"\log \sum_j w_j v_j = \log \mathbb{E}_w [v]", lambda w, v: logsumexp(np.log(v), b=w),
         "one less one: the weights must sum to one"),
), size=lambda v: 0.1)  # fmt: skip


jensen_bound = Derivation("From Jensen to the bound", r"\log p(x)", mixtures("log_joint q"), (
    Line("start", r"\sum_i \log \sum_{z_i} p(x_i, z_i)", lambda log_joint: evidence(log_joint),
         "sum rule"),
    Line(">=", r"\sum_i \log \sum_{z_i:\, q(z_i) \ne 0} q(z_i) \frac{p(x_i, z_i)}{q(z_i)}",
         lambda log_joint, q: logsumexp(log_joint - log(q), axis=1, b=q).sum(),
         "multiply and divide by q; equal, unless q is 0 somewhere: what it leaves out is not negative",
         tight=with_posterior, tight_when="q > 0"),
    Line(">=", r"\sum_i \sum_{z_i} q(z_i) \log \frac{p(x_i, z_i)}{q(z_i)} = \mathcal{L}(q)",
         lambda log_joint, q: mean(q, log_joint - log(q)), "Jensen: the weights q sum to one",
         tight=with_posterior, tight_when="q is the posterior"),
    Line("=", r"\sum_i \sum_{z_i} q(z_i) \log p(x_i, z_i) - \sum_i \sum_{z_i} q(z_i) \log q(z_i)",
         lambda log_joint, q: mean(q, log_joint) - mean(q, log(q)), "the log of a quotient"),
    Line("maximises", r"q(z_i) = p(z_i \mid x_i)", lambda log_joint: softmax(log_joint, axis=1), "the q that closes the gap",
         unknown="q", of=lambda log_joint, q: mean(q, log_joint) + entr(q).sum()),
), size=lambda log_joint: 1.0)  # fmt: skip
