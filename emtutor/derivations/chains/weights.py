"""The update of pi: by Lagrange (slowly), by softmax, by Gibbs' inequality, by elimination."""

import numpy as np
from scipy.special import entr, logsumexp, rel_entr, softmax

from emtutor.derivations.chains.common import log_normal, log_p, mean, mixtures, numerical, numerical_in_pi, posterior
from emtutor.derivations.engine import Derivation, Line

_ENOUGH = lambda n, k, d: k > 1  # with one component there is nothing to choose


def ratio(x, pi, mu, Sigma):
    """N(x_i; mu_j, Sigma_j) / sum_j' pi_j' N(x_i; mu_j', Sigma_j'), (n, k): the largest of a row is taken out first."""
    a = log_normal(x, mu, Sigma)
    a = a - a.max(1, keepdims=True)
    return np.exp(a - logsumexp(a, b=pi, axis=1, keepdims=True))


def free(x, pi, mu, Sigma):
    return numerical_in_pi(lambda log_p, p: log_p, x, pi, mu, Sigma)


grad_pi = Derivation("The gradient in the weights, without the constraint",
    r"\frac{\partial}{\partial \pi_j} \log p(x \mid \pi, \mu, \Sigma)", mixtures("x pi mu Sigma"), (
    Line("start", r"\frac{\partial}{\partial \pi_j} \sum_i \log \sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})",
         free, "the definition, each pi_j by itself, differentiated numerically"),
    Line("=", r"\sum_i \frac{\mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})}",
         lambda x, pi, mu, Sigma: ratio(x, pi, mu, Sigma).sum(0), "chain rule: pi_j stands before one term only"),
    Line("=", r"\frac{1}{\pi_j} \sum_i r_{ij}", lambda pi, r: r.sum(0) / pi, "multiply and divide by pi_j"),
    Line("=", r"\frac{R_j}{\pi_j}", lambda pi, R: R / pi, "always positive: without the constraint all weights grow"),
), given={"r": posterior, "R": lambda r: r.sum(0)})  # fmt: skip

pi_lagrange = Derivation("The update of pi with a Lagrange multiplier, slowly",
    r"\frac{\partial}{\partial \pi_j} \Bigl[ \log p(x \mid \theta) + \lambda \Bigl( \sum_{j'} \pi_{j'} - 1 \Bigr) \Bigr]",
    mixtures("x pi mu Sigma lam"), (
    Line("start", r"\frac{\partial}{\partial \pi_j} \Bigl[ \sum_i \log \sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'}) + \lambda \Bigl( \sum_{j'} \pi_{j'} - 1 \Bigr) \Bigr]",
         lambda x, pi, mu, Sigma, lam: numerical_in_pi(lambda log_p, p: log_p + lam * (p.sum() - 1), x, pi, mu, Sigma),
         "the Lagrangian, differentiated numerically"),
    Line("=", r"\frac{\partial}{\partial \pi_j} \log p(x \mid \theta) + \lambda \frac{\partial}{\partial \pi_j} \Bigl( \sum_{j'} \pi_{j'} - 1 \Bigr)",
         lambda x, pi, mu, Sigma, lam: plus(free(x, pi, mu, Sigma), lam * numerical(lambda p: p.sum() - 1, pi, 1.0).value),
         "the derivative of a sum"),
    Line("=", r"\frac{\partial}{\partial \pi_j} \log p(x \mid \theta) + \lambda",
         lambda x, pi, mu, Sigma, lam: plus(free(x, pi, mu, Sigma), lam),
         "pi_j enters the constraint once, with factor 1"),
    Line("=", r"\sum_i \frac{\mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})} + \lambda",
         lambda x, pi, mu, Sigma, lam: ratio(x, pi, mu, Sigma).sum(0) + lam,
         "the gradient without the constraint; mind the primes below"),
    Line("=", r"\sum_i \frac{r_{ij}}{\pi_j} + \lambda", lambda pi, lam, r: (r / pi).sum(0) + lam,
         "multiply and divide by pi_j: r_ij appears"),
    Line("=", r"\frac{R_j}{\pi_j} + \lambda", lambda pi, lam, R: R / pi + lam,
         "R_j = sum_i r_ij, held fixed from here on"),
    Line("=", r"R_j + \lambda \pi_j", lambda pi, lam, R: R + lam * pi,
         "both sides times pi_j (no root is lost, since pi_j > 0)",
         left=r"\pi_j \frac{\partial}{\partial \pi_j} \bigl[ \ldots \bigr]", do=lambda value, pi: pi * value),
    Line("=", r"\sum_j R_j + \lambda \sum_j \pi_j", lambda pi, lam, R: R.sum() + lam * pi.sum(),
         "both sides summed over j", left=r"\sum_j \pi_j \frac{\partial}{\partial \pi_j} \bigl[ \ldots \bigr]",
         do=lambda value: np.sum(value)),
    Line("=", r"\sum_j R_j + \lambda", lambda R, lam: R.sum() + lam, "the constraint: the weights sum to one"),
    Line("=", r"n + \lambda", lambda x, lam: len(x) + lam, "each row of r sums to one, and there are n rows"),
    Line("therefore", r"\lambda = -n", lambda x: -float(len(x)), "set to zero", unknown="lam"),
    Line("therefore", r"\pi_j = -\frac{R_j}{\lambda} = \frac{R_j}{n}",
         lambda x, R: {"pi": R / len(x), "lam": -float(len(x))}, "line 6 set to zero, with this lambda",
         into=lambda pi, lam, R: R / pi + lam),
), given={"r": posterior, "R": lambda r: r.sum(0)})  # fmt: skip


def plus(derivative, a):
    return derivative._replace(value=derivative.value + a)


multiplier_price = Derivation("What the multiplier means: the price of one more unit of probability",
    r"\frac{d}{dc} \max_{\sum_j \pi_j = c} \sum_j R_j \log \pi_j \quad \text{at } c = 1", mixtures("r"), (
    Line("start", r"\frac{d}{dc} \sum_j R_j \log \frac{c\, R_j}{\sum_{j'} R_{j'}}",
         lambda R: numerical(lambda c: (R * np.log(c * R / R.sum())).sum(), 1.0),
         "the best pi with sum c, put in; differentiated numerically"),
    Line("=", r"\sum_j R_j", lambda R: R.sum(), "d log(c a) / dc = 1 / c"),
    Line("=", r"n = -\lambda", lambda r: float(len(r)), "one more unit would raise the objective by n"),
), given={"R": lambda r: r.sum(0)})  # fmt: skip

pi_softmax = Derivation("The update of pi without a constraint: pi = softmax(a)",
    r"\frac{\partial}{\partial a_j} \log p(x \mid \pi(a), \mu, \Sigma)", mixtures("x a mu Sigma"), (
    Line("start", r"\frac{\partial}{\partial a_j} \sum_i \log \sum_{j'} \pi_{j'}(a) \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})",
         lambda x, a, mu, Sigma: numerical(lambda b: log_p(x, softmax(b), mu, Sigma).sum(), a, 1.0),
         "differentiated numerically; pi_j = exp(a_j) / sum exp(a_j')"),
    Line("=", r"\sum_{j'} \frac{\partial \log p}{\partial \pi_{j'}} \frac{\partial \pi_{j'}}{\partial a_j}",
         lambda x, a, mu, Sigma: ratio(x, softmax(a), mu, Sigma).sum(0) @ numerical(softmax, a, 1.0).value,
         "chain rule: each a_j moves all weights"),
    Line("=", r"\sum_{j'} \frac{R_{j'}}{\pi_{j'}} \pi_{j'} (\delta_{jj'} - \pi_j)",
         lambda a, R: (np.diag(softmax(a)) - np.outer(softmax(a), softmax(a))) @ (R / softmax(a)),
         "the derivative of softmax"),
    Line("=", r"R_j - \pi_j \sum_{j'} R_{j'}", lambda a, R: R - softmax(a) * R.sum(), "the delta picks one term"),
    Line("=", r"R_j - n \pi_j", lambda x, a, R: R - len(x) * softmax(a), "all responsibilities together are n"),
    Line("therefore", r"\pi_j = \frac{R_j}{n}", lambda x, R: np.log(R / len(x)),
         "set to zero with r held fixed; a is free, so nothing need be enforced", unknown="a",
         into=lambda x, a, R: R - len(x) * softmax(a)),
),
   given={"r": lambda x, a, mu, Sigma: posterior(x, softmax(a), mu, Sigma), "R": lambda r: r.sum(0)},
   size=lambda x, a: 1e-3 * len(x))  # fmt: skip

pi_gibbs = Derivation("The update of pi by Gibbs' inequality", r"\sum_i \sum_j r_{ij} \log \pi_j", mixtures("pi r"), (
    Line("start", r"\sum_i \sum_j r_{ij} \log \pi_j", lambda pi, r: mean(r, np.log(pi)), "what pi is chosen for"),
    Line("=", r"\sum_j R_j \log \pi_j", lambda pi, r: r.sum(0) @ np.log(pi), "log pi_j does not depend on i"),
    Line("=", r"n \sum_j p_j \log \pi_j, \quad p_j = R_j / n", lambda pi, r, p: len(r) * p @ np.log(pi),
         "p is a distribution"),
    Line("=", r"n \sum_j p_j \log p_j - n \sum_j p_j \log \frac{p_j}{\pi_j}",
         lambda pi, r, p: len(r) * mean(p, np.log(p)) - len(r) * mean(p, np.log(p / pi)),
         "add and subtract log p_j"),
    Line("=", r"-n\, \mathbb{H}(p) - n\, D_{KL}(p \,\|\, \pi)",
         lambda pi, r, p: -len(r) * entr(p).sum() - len(r) * rel_entr(p, pi).sum(), "entropy and divergence"),
    Line("<=", r"-n\, \mathbb{H}(p)", lambda r, p: -len(r) * entr(p).sum(), "Gibbs: a divergence is never negative",
         tight=lambda p: {"pi": p}, tight_when="pi = p"),
    Line("maximises", r"\pi_j = p_j = R_j / n", lambda p: p, "where the bound is reached", unknown="pi",
         of=lambda pi, r: mean(r, np.log(pi))),
), given={"p": lambda r: r.sum(0) / len(r)}, size=lambda r: 1e-3 * len(r))  # fmt: skip


def _eliminated(x, pi, mu, Sigma):
    """The derivative where the last weight is what the others leave, each by a step that no p(x_i) notices too much."""
    a = log_normal(x, mu, Sigma)
    unit = 1 / ratio(x, pi, mu, Sigma).max(0)
    moved = lambda t: pi + np.append(t, -t.sum())
    return numerical(
        lambda t: logsumexp(a, b=moved(t), axis=1).sum(), np.zeros(len(pi) - 1), np.minimum(unit[:-1], unit[-1])
    )


pi_elimination = Derivation("The update of pi with pi_k eliminated",
    r"\frac{\partial}{\partial \pi_j} \log p(x \mid \theta), \quad \pi_k = 1 - \sum_{j < k} \pi_j",
    mixtures("x pi mu Sigma", keep=_ENOUGH), (
    Line("start", r"\frac{\partial}{\partial \pi_j} \sum_i \log \sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})",
         lambda x, pi, mu, Sigma: _eliminated(x, pi, mu, Sigma),
         "pi_k gives what pi_j takes; differentiated numerically"),
    Line("=", r"\frac{\partial \log p}{\partial \pi_j} - \frac{\partial \log p}{\partial \pi_k}",
         lambda x, pi, mu, Sigma: ratio(x, pi, mu, Sigma).sum(0)[:-1] - ratio(x, pi, mu, Sigma).sum(0)[-1],
         "chain rule: d pi_k / d pi_j = -1"),
    Line("=", r"\frac{R_j}{\pi_j} - \frac{R_k}{\pi_k}", lambda pi, R: R[:-1] / pi[:-1] - R[-1] / pi[-1],
         "the gradient without the constraint"),
    Line("therefore", r"\frac{\pi_j}{\pi_k} = \frac{R_j}{R_k} \quad \text{and so} \quad \pi_j = \frac{R_j}{n}",
         lambda x, R: R / len(x), "set to zero: pi is proportional to R, and sums to one", unknown="pi",
         into=lambda pi, R: R[:-1] / pi[:-1] - R[-1] / pi[-1]),
), given={"r": posterior, "R": lambda r: r.sum(0)})  # fmt: skip
