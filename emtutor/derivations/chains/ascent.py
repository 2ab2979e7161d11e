"""EM as ascent: the E-step closes the gap, the M-step raises the bound, and log p rises by at least as much."""

from typing import Any

import numpy as np
from scipy.special import entr, logsumexp, softmax

from emtutor.causes import Problem
from emtutor.derivations.chains.common import (
    AMPLE,
    draws,
    evidence,
    joint,
    log,
    log_p,
    log_posterior,
    mean,
    mixtures,
    posterior,
    scatter,
    with_posterior,
)  # fmt: skip
from emtutor.derivations.engine import Derivation, Line
from emtutor.maths import formulas, gaussian

_GIVEN_R = {"r": lambda log_joint: softmax(log_joint, axis=1)}

e_step_tight = Derivation("The E-step makes the bound tight",
    r"\mathcal{L}(q, \theta_{\text{old}}), \quad q(z) = p(z \mid x, \theta_{\text{old}})", mixtures("log_joint"), (
    Line("start", r"\sum_z q(z) \log \frac{p(x, z \mid \theta_{\text{old}})}{q(z)}",
         lambda log_joint, r: formulas.elbo(log_joint, r), "the definition"),
    Line("=", r"\sum_z p(z \mid x, \theta_{\text{old}}) \log \frac{p(x, z \mid \theta_{\text{old}})}{p(z \mid x, \theta_{\text{old}})}",
         lambda log_joint, r: mean(r, log_joint - log_posterior(log_joint)), "this q, put in"),
    Line("=", r"\sum_z p(z \mid x, \theta_{\text{old}}) \log p(x \mid \theta_{\text{old}})",
         lambda log_joint, r: mean(r, logsumexp(log_joint, axis=1, keepdims=True)), "product rule"),
    Line("=", r"\log p(x \mid \theta_{\text{old}})", lambda log_joint: evidence(log_joint),
         "the posterior sums to one: the gap is closed, at theta_old"),
), given=_GIVEN_R)  # fmt: skip

e_step_gain = Derivation("What an E-step gains",
    r"\mathcal{L}(q_{\text{new}}, \theta) - \mathcal{L}(q_{\text{old}}, \theta)", mixtures("log_joint q"), (
    Line("start", r"\mathcal{L}(q_{\text{new}}, \theta) - \mathcal{L}(q_{\text{old}}, \theta), \quad q_{\text{new}} = p(z \mid x, \theta)",
         lambda log_joint, q, r: formulas.elbo(log_joint, r) - formulas.elbo(log_joint, q), "the definition"),
    Line("=", r"\log p(x \mid \theta) - \mathcal{L}(q_{\text{old}}, \theta)",
         lambda log_joint, q: evidence(log_joint) - mean(q, log_joint - log(q)), "the E-step is tight"),
    Line("=", r"D_{KL}\bigl( q_{\text{old}} \,\|\, p(z \mid x, \theta) \bigr)",
         lambda log_joint, q: mean(q, log(q) - log_posterior(log_joint)), "the lemma"),
    Line(">=", "0", lambda log_joint: 0.0, "so L never falls; log p does not move at all", tight=with_posterior,
         tight_when="q_old is the posterior already"),
), given=_GIVEN_R, size=lambda log_joint: abs(evidence(log_joint)))  # fmt: skip

m_step_bound = Derivation("The M-step maximises the bound",
    r"\mathcal{L}(q, \theta) + \sum_z q(z) \log q(z)", draws("x q pi mu Sigma", *AMPLE), (
    Line("start", r"\sum_z q(z) \log \frac{p(x, z \mid \theta)}{q(z)} + \sum_z q(z) \log q(z)",
         lambda x, q, pi, mu, Sigma: formulas.elbo(joint(x, pi, mu, Sigma), q) + mean(q, log(q)),
         "the definition, for any q"),
    Line("=", r"\sum_z q(z) \bigl[ \log p(x, z \mid \theta) - \log q(z) + \log q(z) \bigr]",
         lambda x, q, pi, mu, Sigma: mean(q, joint(x, pi, mu, Sigma) - log(q) + log(q)),
         "the log of a quotient"),
    Line("=", r"\sum_z q(z) \log p(x, z \mid \theta)",
         lambda x, q, pi, mu, Sigma: np.einsum("ij,ij->", q, joint(x, pi, mu, Sigma)),
         "the entropy of q does not depend on theta"),
    Line("maximises", r"\theta_{\text{new}} = \arg\max_\theta \mathcal{L}(q, \theta)",
         lambda x, q: formulas.m_step(x, q)._asdict(), "so both have the same maximiser",
         of=lambda x, q, pi, mu, Sigma: formulas.elbo(joint(x, pi, mu, Sigma), q)),
))  # fmt: skip


def _gain(f, new, old):
    return f(new) - f(old)


_CHANGE = (
    Line("start", r"\log p(x \mid \theta_{\text{new}}) - \log p(x \mid \theta_{\text{old}})",
         lambda log_joint_old, log_joint_new: _gain(evidence, log_joint_new, log_joint_old), "the definition"),
    Line("=", r"\bigl[ \mathcal{L}_{\text{new}} + KL_{\text{new}} \bigr] "
         r"- \bigl[ \mathcal{L}_{\text{old}} + KL_{\text{old}} \bigr]",
         lambda log_joint_old, log_joint_new, q: _gain(
             lambda a: formulas.elbo(a, q) + formulas.kl(a, q), log_joint_new, log_joint_old),
         "the lemma, twice, with the same q"),
    Line("=", r"\mathcal{L}_{\text{new}} - \mathcal{L}_{\text{old}} + KL_{\text{new}}",
         lambda log_joint_old, log_joint_new, q: _gain(lambda a: formulas.elbo(a, q), log_joint_new, log_joint_old)
         + mean(q, log(q) - log_posterior(log_joint_new)),
         "KL was zero before: q is the posterior at theta_old"),
    Line(">=", r"\mathcal{L}_{\text{new}} - \mathcal{L}_{\text{old}}",
         lambda log_joint_old, log_joint_new, q: _gain(lambda a: formulas.elbo(a, q), log_joint_new, log_joint_old),
         "KL is not negative after", tight=lambda log_joint_old: {"log_joint_new": log_joint_old + 0.25},
         tight_when="the posterior has not moved"),
    Line("=", r"Q_{\text{new}} - Q_{\text{old}}, \quad Q = \mathbb{E}_q [\log p(x, z \mid \theta)]",
         lambda log_joint_old, log_joint_new, q: mean(q, log_joint_new) - mean(q, log_joint_old),
         "the entropy of q has not moved"),
)  # fmt: skip

m_step_gain = Derivation("log p gains at least what the bound gains, if KL was zero before",
    r"\log p(x \mid \theta_{\text{new}}) - \log p(x \mid \theta_{\text{old}})",
    mixtures("log_joint_old log_joint_new", keep=lambda n, k, d: k > 1), _CHANGE
,
   given={"q": lambda log_joint_old: softmax(log_joint_old, axis=1)},
   size=lambda log_joint_old: abs(evidence(log_joint_old)))  # fmt: skip

surrogate = Derivation("EM is an MM algorithm: a surrogate that touches log p and lies below it",
    r"\log p(x \mid \theta)", mixtures("log_joint_old log_joint_new"), (
    Line("start", r"\sum_i \log \sum_j p(x_i, z_{ij} = 1 \mid \theta)", lambda log_joint_new: evidence(log_joint_new),
         "at any theta"),
    Line(">=", r"\sum_i \sum_j r_{ij} \log \frac{p(x_i, z_{ij} = 1 \mid \theta)}{r_{ij}}, \quad r_{ij} = p(z_{ij} = 1 \mid x_i, \theta_{\text{old}})",
         lambda log_joint_new, r: mean(r, log_joint_new - log(r)), "Jensen; r belongs to theta_old",
         tight=lambda log_joint_old: {"log_joint_new": log_joint_old}, tight_when="theta = theta_old: there it touches"),
    Line("=", r"Q(\theta \mid \theta_{\text{old}}) + \mathbb{H}(r)", lambda log_joint_new, r: mean(r, log_joint_new) + entr(r).sum(),
         "Q = E_r [log p(x, z | theta)]; only this term depends on theta"),
    Line("=", r"\log p(x \mid \theta_{\text{old}}) + Q(\theta \mid \theta_{\text{old}}) - Q(\theta_{\text{old}} \mid \theta_{\text{old}})",
         lambda log_joint_old, log_joint_new, r: evidence(log_joint_old) + mean(r, log_joint_new - log_joint_old),
         "log r = log p(x, z | theta_old) - log p(x | theta_old): raise Q, and log p is at least as high"),
), given={"r": lambda log_joint_old: softmax(log_joint_old, axis=1)})  # fmt: skip

m_step_gain_any_q = Derivation("After any other q it need not: the counterexample",
    r"\log p(x \mid \theta_{\text{new}}) - \log p(x \mid \theta_{\text{old}})",
    mixtures("log_joint_old log_joint_new", keep=lambda n, k, d: k > 1), (
    *_CHANGE[:2],
    Line("=", r"\mathcal{L}_{\text{new}} - \mathcal{L}_{\text{old}} + KL_{\text{new}} - KL_{\text{old}}",
         lambda log_joint_old, log_joint_new, q: _gain(lambda a: mean(q, a) + mean(q, log(q) - log_posterior(a)), log_joint_new, log_joint_old),
         "true of any q; the entropy of q cancels"),
    *_CHANGE[2:4],
),
   given={"q": lambda log_joint_old: np.full_like(log_joint_old, 1 / log_joint_old.shape[1])},
   size=lambda log_joint_old: abs(evidence(log_joint_old)),
   breaks=(4, 5),
   remark="Here q is uniform, not the posterior at theta_old: the gap may close, and then log p gains less than L.")  # fmt: skip


def same_everywhere(x, pi):
    """All components equal to the data's mean and covariance: EM stays there."""
    k = len(pi)
    return {
        "mu": np.tile(x.mean(0), (k, 1)),
        "Sigma": np.tile(np.cov(x.T, bias=True).reshape(2 * x.shape[1:]), (k, 1, 1)),
    }


_FIXED: dict[str, Any] = {"tight": same_everywhere, "tight_when": "theta is a fixed point"}


def _early_and_late(rng):
    """Random theta, and theta fitted in whole or in part: there a step that is no EM step is likely to be wrong."""
    late = []
    for problem in draws("x pi mu Sigma", (60, 2, 2), (50, 3, 1), habits=())(rng):
        x, *theta = problem.args.values()
        for _ in range(20):
            theta = formulas.m_step(x, posterior(x, *theta))
        late.append(Problem(f"{problem.label}, after 20 EM steps", {"x": x, **gaussian.Theta(*theta)._asdict()}))
        pi, mu, Sigma = theta
        mu = mu + 0.4 * np.sqrt(np.diagonal(Sigma, axis1=1, axis2=2))
        for _ in range(20):
            r = posterior(x, pi, mu, Sigma)
            pi, Sigma = r.mean(0), scatter(x, r, mu) / r.sum(0)[:, None, None]
        late.append(Problem(f"{problem.label}, all but the means fitted", {"x": x, "pi": pi, "mu": mu, "Sigma": Sigma}))
    return [*draws("x pi mu Sigma", *AMPLE)(rng), *late]


monotone = Derivation("EM never lowers log p", r"\log p(x \mid \theta_{\text{old}})", _early_and_late, (
    Line("start", r"\sum_i \log \sum_j \pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, pi, mu, Sigma: log_p(x, pi, mu, Sigma).sum(), "the definition"),
    Line("=", r"\mathcal{L}(q, \theta_{\text{old}}), \quad q = p(z \mid x, \theta_{\text{old}})",
         lambda x, pi, mu, Sigma, q: formulas.elbo(joint(x, pi, mu, Sigma), q), "the E-step is tight"),
    Line("<=", r"\mathcal{L}(q, \theta_{\text{new}})", lambda q, new: mean(q, new) + entr(q).sum(),
         "the M-step maximises L over theta", **_FIXED),
    Line("<=", r"\log p(x \mid \theta_{\text{new}})", lambda new: evidence(new), "the bound, at theta_new", **_FIXED),
), given={"q": posterior, "new": lambda x, q: joint(x, *formulas.m_step(x, q))})  # fmt: skip
