"""Lesson 04: the update of pi, with a Lagrange multiplier and without."""

import numpy as np
from scipy.special import softmax

from emtutor import problems
from emtutor.causes import Problem
from emtutor.lessons.shares import hard, soft
from emtutor.maths.formulas import log_normal
from emtutor.tutor.exercise import Exercise, Mistake

LESSON = "04-lagrange"

# ---- what the mistakes of this lesson are made of


def _R(x, pi, mu, Sigma):
    return soft(x, pi, mu, Sigma).sum(0)


def _free(x, pi, mu, Sigma):
    return _R(x, pi, mu, Sigma) / pi


def _soft(f):
    """The same formula after pi = softmax(a)."""
    return lambda x, a, mu, Sigma: f(x, softmax(a), mu, Sigma)


def _n(x, *rest):
    return float(len(x))


# ---- grad_pi


def grad_pi(x, pi, mu, Sigma):
    """(k,): the derivative of log p(x | theta) in each weight, the others held fixed."""
    log_density = np.empty((len(x), len(pi)))
    for j in range(len(pi)):
        away = x - mu[j]
        squared = (away * np.linalg.solve(Sigma[j], away.T).T).sum(axis=1)
        log_density[:, j] = -(np.linalg.slogdet(Sigma[j])[1] + squared) / 2
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    return (density / (density @ pi)[:, None]).sum(axis=0)


GRAD_PI = Exercise(
    grad_pi, lesson=LESSON, chain="grad_pi", out={"gradient": "k"},
    problems=lambda rng: problems.posed("x pi mu Sigma", rng),
    statement="The derivative of log p(x | theta) in each weight pi_j, the other weights held fixed: (k,). The "
              "constraint is not used. It must also be right for a point so far out that every density there is 0 for "
              "a computer.",
    mistakes=[
        Mistake("counts", _R,
                "These are the R_j. The derivative of log pi_j is 1 / pi_j: where is it? (Or: in r_ij the factor "
                "pi_j stands on top. Does it still stand there after you differentiate?)"),
        Mistake("one-over-pi", lambda x, pi, mu, Sigma: len(x) / pi,
                "Every point counts fully for every component. Which fraction of point i does component j answer for?"),
        Mistake("along-the-simplex", lambda x, pi, mu, Sigma:
                _free(x, pi, mu, Sigma) - _free(x, pi, mu, Sigma).mean() if len(pi) > 1 else None,
                "Your entries sum to zero: this is the gradient's part along the simplex. Wanted is the whole "
                "gradient."),
        Mistake("last-weight-eliminated", lambda x, pi, mu, Sigma:
                _free(x, pi, mu, Sigma) - _free(x, pi, mu, Sigma)[-1] if len(pi) > 1 else None,
                "You let the last weight give what the others take. Here each weight moves alone, and the sum may "
                "change."),
        Mistake("missing-prime", lambda x, pi, mu, Sigma: len(x) / (len(pi) * pi) if len(pi) > 1 else None,
                "This is what the slide's denominator gives if it is read literally: the sum over j' of pi_j N(x_i; "
                "mu_j, Sigma_j), k equal terms. Which symbols below the fraction must carry the prime?"),
        Mistake("no-prior", lambda x, pi, mu, Sigma: _R(x, np.ones_like(pi), mu, Sigma) / pi if len(pi) > 1 else None,
                "Your responsibilities are what they would be if all weights were equal. Where does pi enter Bayes' "
                "rule?"),
        Mistake("hard", lambda x, pi, mu, Sigma: hard(soft(x, pi, mu, Sigma)).sum(0) / pi,
                "You count each point for its most probable component only. May it count in part for several?"),
        Mistake("r-times-one-minus-r", lambda x, pi, mu, Sigma:
                (soft(x, pi, mu, Sigma) * (1 - soft(x, pi, mu, Sigma))).sum(0) / pi if len(pi) > 1 else None,
                "This is the derivative of the responsibilities, r (1 - r) / pi. Which function was to be "
                "differentiated?"),
        Mistake("sum-of-densities", lambda x, pi, mu, Sigma: np.exp(log_normal(x, mu, Sigma)).sum(0),
                "This is the derivative of the sum of the densities p(x_i). By what does the derivative of log u "
                "divide?"),
    ],
    ask={
        "factor:R_j": "Each point contributes: with which weight?",
        "term:n": "Here the constraint is not used: what is the derivative without it?",
        "argument:pi": "Below the fraction stands p(x_i), a sum of densities with their weights: where are the "
            "weights?",
        "underflow:far": "Which factor can be taken out of the numerator and the denominator of one row?",
        "sign:result": "If one weight grows and nothing else changes, does p(x_i) grow or shrink?",
    },
    hints=[
        "One point first: log(pi_1 a + pi_2 b) with two fixed numbers a and b. What is its derivative in pi_1?",
        "On top stands the density N(x_i; mu_j, Sigma_j) without its weight; below stands p(x_i), with all weights. "
        "Then sum over the points.",
        "Top and bottom of one row may be multiplied by the same factor. So subtract the row's largest log-density "
        "before you exponentiate. (Or compute r as in lesson 02, and divide R_j by pi_j.)",
    ],
    by_hand="One point, two components, densities 2 and 1 at that point, pi = (1/4, 3/4). Compute p(x), both "
            "derivatives, and the sum pi_1 times the first plus pi_2 times the second. Why is it 1?",
)  # fmt: skip


# ---- grad_lagrangian


def grad_lagrangian(x, pi, mu, Sigma, lam):
    """(k,): the derivative of log p(x | theta) + lam (sum_j pi_j - 1) in each weight."""
    log_density = np.empty((len(x), len(pi)))
    for j in range(len(pi)):
        away = x - mu[j]
        squared = (away * np.linalg.solve(Sigma[j], away.T).T).sum(axis=1)
        log_density[:, j] = -(np.linalg.slogdet(Sigma[j])[1] + squared) / 2
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    return (density / (density @ pi)[:, None]).sum(axis=0) + lam


def _lagrangians(rng):
    made = problems.posed("x pi mu Sigma lam", rng)
    single = next(p for p in made if p.label == "one component")
    made.append(Problem("one component, lam = -n", single.args | {"lam": -float(len(single.args["x"]))}))
    positive = problems.draw("x pi mu Sigma lam", rng, label="a positive lam", lam=2.7)
    return [*made, positive]


GRAD_LAGRANGIAN = Exercise(
    grad_lagrangian, lesson=LESSON, chain="pi_lagrange", out={"gradient": "k"}, problems=_lagrangians, scale=_n,
    statement="The derivative of the Lagrangian log p(x | theta) + lam (sum_j pi_j - 1) in each weight pi_j: (k,). "
              "lam is a number, and the sign before it is the slide's.",
    mistakes=[
        Mistake("minus-lam", lambda x, pi, mu, Sigma, lam: _free(x, pi, mu, Sigma) - lam,
                "Your sign belongs to log p - lam (sum pi - 1). Both signs are in use, and the multiplier changes "
                "its sign with them. Which one does the slide print?"),
        Mistake("lam-times-pi", lambda x, pi, mu, Sigma, lam: _free(x, pi, mu, Sigma) + lam * pi,
                "You added lam pi_j. What is the derivative of lam (pi_1 + ... + pi_k - 1) in pi_j?"),
        Mistake("times-pi", lambda x, pi, mu, Sigma, lam: _R(x, pi, mu, Sigma) + lam * pi,
                "You are one line ahead: this is the derivative multiplied by pi_j."),
        Mistake("counts", lambda x, pi, mu, Sigma, lam: _R(x, pi, mu, Sigma) + lam,
                "Only the first term is multiplied by pi_j. In the derivative neither is: where is 1 / pi_j?"),
        Mistake("lam-over-pi", lambda x, pi, mu, Sigma, lam: (_R(x, pi, mu, Sigma) + lam) / pi,
                "lam is divided by pi_j as well. Only R_j comes from a logarithm: how does pi_j enter the constraint?"),
        Mistake("lam-k-times", lambda x, pi, mu, Sigma, lam: _free(x, pi, mu, Sigma) + len(pi) * lam,
                "lam is counted k times. How often does pi_j stand in the sum pi_1 + ... + pi_k?"),
        Mistake("lam-n-times", lambda x, pi, mu, Sigma, lam: _free(x, pi, mu, Sigma) + len(x) * lam,
                "lam is counted n times: it stands inside the sum over the points. There is one constraint, not one "
                "for each point."),
        Mistake("hard", lambda x, pi, mu, Sigma, lam: hard(soft(x, pi, mu, Sigma)).sum(0) / pi + lam,
                "You count each point for its most probable component only. May it count in part for several?"),
        Mistake("lam-replaced", lambda x, pi, mu, Sigma, lam: _free(x, pi, mu, Sigma) - len(x),
                "You put in -n for lam. That is what lam turns out to be; here it may be any number."),
        Mistake("missing-prime", lambda x, pi, mu, Sigma, lam: len(x) / (len(pi) * pi) + lam if len(pi) > 1 else None,
                "This is the slide's denominator read literally, k equal terms. Which symbols below the fraction "
                "must carry the prime?"),
        Mistake("only-multiplier", lambda x, pi, mu, Sigma, lam: np.full(len(pi), float(lam)),
                "Only the constraint's part is there. What is the derivative of log p in pi_j?"),
        Mistake("constraint-appended", lambda x, pi, mu, Sigma, lam:
                np.append(_free(x, pi, mu, Sigma) + lam, pi.sum() - 1),
                "The first k entries are right. The last one is the derivative in lam, the constraint itself: here "
                "only the k derivatives in pi are wanted."),
    ],
    ask={
        "term:lam": "The value of the constraint is zero on the simplex: is its derivative zero as well?",
        "argument:pi": "Below the fraction stands p(x_i), a sum of densities with their weights: where are the "
            "weights?",
        "underflow:far": "Which factor can be taken out of the numerator and the denominator of one row?",
    },
    hints=[
        "The derivative of a sum is the sum of the derivatives. The first part is grad_pi.",
        "The second part: write lam (pi_1 + pi_2 + ... + pi_k - 1) out and differentiate it in pi_1. What is left?",
        "So every entry of grad_pi is shifted by the same number.",
    ],
    by_hand="k = 2, R = (30, 70), pi = (1/2, 1/2). Compute the two derivatives for lam = 0, -60, -100 and -140. Is "
            "there a lam for which both vanish? Change pi and try again.",
)  # fmt: skip


# ---- multiplier


def multiplier(r):
    """The value of lambda for which the weights sum to one: minus the sum of all responsibilities."""
    return -r.sum()


def _without_x(names):
    """Problems about responsibilities alone: no far point, but hard and single rows."""

    def make(rng):
        made = [p for p in problems.posed(names, rng) if p.label != "one point far out"]
        sharp = problems.draw(names, rng, n=9, k=4, label="one-hot rows", r=lambda w: hard(w["r"]))
        single = problems.draw(names, rng, n=1, k=3, label="one point, three components")
        return [*made, sharp, single]

    return make


MULTIPLIER = Exercise(
    multiplier, lesson=LESSON, chain="pi_lagrange", out={"lambda": ""}, problems=_without_x("r"),
    statement="The multiplier lambda for which all derivatives of log p(x | theta) + lambda (sum_j pi_j - 1) vanish "
              "and the weights sum to one: a number. r (n, k), each row sums to one.",
    mistakes=[
        Mistake("positive", lambda r: float(len(r)),
                "The sign: R_j / pi_j is positive, so lambda has to cancel something positive."),
        Mistake("minus-k", lambda r: -float(r.shape[1]),
                "You counted components. Sum R_j + lambda pi_j over j: what do the R_j sum to?"),
        Mistake("plus-k", lambda r: float(r.shape[1]),
                "You counted components. Sum R_j + lambda pi_j over j: what do the R_j sum to, and which sign has "
                "lambda?"),
        Mistake("one", lambda r: 1.0,
                "The weights sum to 1; lambda is something else. Sum R_j + lambda pi_j over j and read it off."),
        Mistake("minus-one", lambda r: -1.0,
                "That would hold for a single point. How many units of responsibility are handed out in all?"),
        Mistake("zero", lambda r: 0.0, "With lambda = 0 the derivatives are R_j / pi_j. Can those vanish?"),
        Mistake("mean", lambda r: -float(len(r)) / r.shape[1],
                "You averaged over the components. Multiply each equation by pi_j and add them: there is no division."),
        Mistake("without-pi", lambda r: -float(len(r)) * r.shape[1],
                "n k: that is what comes out if you sum R_j / pi_j at equal weights. Multiply by pi_j before you sum."),
        Mistake("per-component", lambda r: -r.sum(0),
                "One number for each component. There is one constraint, so there is one multiplier."),
        Mistake("one-less", lambda r: 1.0 - len(r),
                "One off: -(n - 1). Each of the n points hands out one unit, and no unit is used up by the "
                "constraint."),
        Mistake("inverse", lambda r: -1.0 / len(r),
                "Upside down. pi_j = -R_j / lambda: for which lambda do these sum to one?"),
    ],
    hints=[
        "At the optimum R_j / pi_j + lambda = 0 for every j: k equations. Can you add them so that the pi_j disappear?",
        "Multiply each by pi_j first: R_j + lambda pi_j = 0. Now add. What does the constraint say about the second "
        "term?",
        "The sum of all R_j is the sum of all entries of r. Each row sums to one, so you also know it without adding.",
    ],
    by_hand="R = (30, 70): solve 30 / pi_1 + lambda = 0 and 70 / pi_2 + lambda = 0 for the weights, then choose "
            "lambda so that they sum to one.",
)  # fmt: skip


# ---- update_pi


def update_pi(r):
    """(k,): the share of each component in all responsibilities."""
    return r.sum(axis=0) / len(r)


UPDATE_PI = Exercise(
    update_pi, lesson=LESSON, chain="pi_lagrange", out={"pi": "k"}, problems=_without_x("r"),
    statement="The weights (k,) that maximise sum_ij r_ij log pi_j among all weights that sum to one, r (n, k) held "
              "fixed.",
    mistakes=[
        Mistake("sign", lambda r: -r.sum(0) / len(r),
                "Your weights are negative. With the slide's sign lambda is -n, and pi_j = -R_j / lambda."),
        Mistake("over-points", lambda r: r.mean(1),
                "You averaged along the wrong axis: one number a point. Weights are one number a component."),
        Mistake("geometric", lambda r:
                np.exp(np.log(r).mean(0)) / np.exp(np.log(r).mean(0)).sum() if r.shape[1] > 1 and r.min() > 0 and
                len(r) > 1 else None,
                "You averaged the logarithms. In sum_ij r_ij log pi_j the logarithm is that of pi, not of r."),
        Mistake("smoothed", lambda r: (r.sum(0) + 1) / (len(r) + r.shape[1]) if r.shape[1] > 1 else None,
                "You added 1 to every count. That is sensible with a prior (the last exercise); maximum likelihood "
                "adds nothing."),
        Mistake("squared", lambda r: (r**2).sum(0) / (r**2).sum() if r.shape[1] > 1 and (r < 1).any() else None,
                "The responsibilities enter squared. With which power do they stand in R_j?"),
    ],
    ask={
        "sum-for-mean:n": "Which constraint did you introduce lambda for?",
        "normalise:k": "What does R_1 + ... + R_k sum to?",
        "axis:k": "Which component owns more of the points?",
        "hard:r": "May a point count in part for several components?",
        "softmax:pi": "The R_j are positive already: what is the simplest way to make them sum to one?",
    },
    hints=[
        "From R_j / pi_j + lambda = 0: what is pi_j in terms of R_j and lambda?",
        "Put in the lambda of the last exercise.",
        "A share: what component j got, divided by what was handed out in all. What is handed out in all?",
    ],
    by_hand="Three points, two components, r = ((1, 0), (1/2, 1/2), (0, 1)). Compute R and the new weights. What do "
            "they sum to, and why must they?",
)  # fmt: skip


# ---- grad_logits


def grad_logits(x, a, mu, Sigma):
    """(k,): the derivative of log p(x | theta) in each logit, where pi = softmax(a)."""
    log_pi = a - a.max()
    log_pi = log_pi - np.log(np.exp(log_pi).sum())
    log_joint = np.empty((len(x), len(a)))
    for j in range(len(a)):
        away = x - mu[j]
        squared = (away * np.linalg.solve(Sigma[j], away.T).T).sum(axis=1)
        log_joint[:, j] = log_pi[j] - (np.linalg.slogdet(Sigma[j])[1] + squared) / 2
    r = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    r = r / r.sum(axis=1, keepdims=True)
    return r.sum(axis=0) - len(x) * np.exp(log_pi)


def _logits(rng):
    made = problems.posed("x a mu Sigma", rng)
    large = problems.draw("x a mu Sigma", rng, label="logits near 900", a=lambda w: 900 + w["a"])
    # e^725 is too large for a computer, e^-725 is not yet 0: R_j / pi_j times pi_j remains a right way.
    apart = problems.draw(
        "x a mu Sigma", rng, label="logits 725 apart", a=lambda w: 0.1 * w["a"] + np.linspace(-380, 345, 3)
    )
    return [*made, large, apart]


def _overflowing(x, a, mu, Sigma):
    pi = np.exp(a) / np.exp(a).sum()
    return _R(x, pi, mu, Sigma) - len(x) * pi


GRAD_LOGITS = Exercise(
    grad_logits, lesson=LESSON, chain="pi_softmax", out={"gradient": "k"}, problems=_logits, scale=_n,
    statement="The derivative of log p(x | theta) in each logit a_j, where pi = softmax(a), that is pi_j = exp(a_j) / "
              "sum_j' exp(a_j'): (k,). The a_j are any real numbers, small or large.",
    mistakes=[
        Mistake("counts", _soft(_R),
                "These are the R_j, all positive. If all a_j grow by the same amount, pi does not change: what must "
                "your derivatives sum to?"),
        Mistake("in-pi", _soft(_free),
                "This is the derivative in pi. One step of the chain rule is missing: how does pi move when a_j does?"),
        Mistake("no-n", _soft(lambda x, pi, mu, Sigma: _R(x, pi, mu, Sigma) - pi),
                "You subtract pi_j once. R_j counts points: how many points do the weights have to share?"),
        Mistake("k-for-n", _soft(lambda x, pi, mu, Sigma: _R(x, pi, mu, Sigma) - len(pi) * pi),
                "You subtract k pi_j. What do the R_j sum to: the number of components, or the number of points?"),
        Mistake("only-own-weight", _soft(lambda x, pi, mu, Sigma: _R(x, pi, mu, Sigma) * (1 - pi)),
                "a_j moves every weight: pi_j up and all others down. You followed only pi_j. What do the others add?"),
        Mistake("others-not-lowered", _soft(lambda x, pi, mu, Sigma:
                (_R(x, pi, mu, Sigma) * (1 - pi) + pi * (len(x) - _R(x, pi, mu, Sigma)) if len(pi) > 1 else None)),
                "When a_j rises, pi_j rises and all other weights fall. In yours they rise as well: which sign has "
                "the derivative of pi_j' in a_j?"),
        Mistake("in-pi-minus-n", _soft(lambda x, pi, mu, Sigma: _free(x, pi, mu, Sigma) - len(x)),
                "This is the derivative of the Lagrangian in pi at lambda = -n. It vanishes at the same place; the "
                "factor between the two is the derivative of pi_j in a_j. Which?"),
        Mistake("logits-as-weights", lambda x, a, mu, Sigma:
                _R(x, a / a.sum(), mu, Sigma) - len(x) * a / a.sum() if a.min() > 0 else None,
                "You took a / sum(a) for the weights. What does softmax do to a first?"),
        Mistake("r-without-pi", _soft(lambda x, pi, mu, Sigma:
                _R(x, np.ones_like(pi), mu, Sigma) - len(x) * pi if len(pi) > 1 else None),
                "Your responsibilities are what they would be if all weights were equal. Where does pi = softmax(a) "
                "enter Bayes' rule?"),
        Mistake("squared", _soft(lambda x, pi, mu, Sigma:
                pi * (_R(x, pi, mu, Sigma) - len(x) * pi) if len(pi) > 1 else None),
                "There is a factor pi_j too much: R_j / pi_j times the derivative of softmax leaves none. Did you "
                "start from R_j instead of R_j / pi_j?"),
        Mistake("overflow", _overflowing,
                "The formula is right, but the exponential of 900 is too large for a computer. Adding a number to "
                "all a_j changes no weight: which number would you add?"),
        Mistake("r-times-one-minus-r", _soft(lambda x, pi, mu, Sigma:
                (soft(x, pi, mu, Sigma) * (1 - soft(x, pi, mu, Sigma))).sum(0)),
                "This is r (1 - r), the derivative of a responsibility. Which function was to be differentiated?"),
    ],
    ask={
        "sign:result": "If a component answers for more points than its weight allows for, should its logit rise or "
            "fall?",
    },
    hints=[
        "The chain rule: the derivative in a_j is the sum over j' of (derivative in pi_j') times (derivative of pi_j' "
        "in a_j).",
        "The derivative of softmax: pi_j (1 - pi_j) for j' = j, and -pi_j pi_j' for the others. The first factor of "
        "each term is R_j' / pi_j': something cancels.",
        "What is left is R_j, minus pi_j times the sum of all R. You know that sum.",
    ],
    by_hand="k = 2, pi = (1/2, 1/2), R = (30, 70). Compute both derivatives in a. What do they sum to, and which way "
            "do the weights move?",
)  # fmt: skip


# ---- update_pi_map


def update_pi_map(r, alpha):
    """(k,): the mode of the posterior of pi under a Dirichlet(alpha) prior, alpha_j > 1."""
    counts = r.sum(axis=0) + alpha - 1
    return counts / counts.sum()


def _normalised(c):
    return c / c.sum()


UPDATE_PI_MAP = Exercise(
    update_pi_map, lesson=LESSON, chain="map_dirichlet", out={"pi": "k"}, problems=_without_x("r alpha"),
    statement="The weights (k,) that maximise sum_ij r_ij log pi_j + log Dirichlet(pi; alpha) among all weights that "
              "sum to one. r (n, k), alpha (k,) with alpha_j > 1.",
    mistakes=[
        Mistake("posterior-mean", lambda r, alpha: _normalised(r.sum(0) + alpha),
                "This is the mean of the posterior. The mode is wanted: which power of pi_j has the Dirichlet "
                "density?"),
        Mistake("prior-only", lambda r, alpha: _normalised(alpha - 1),
                "This is the mode of the prior: the points do not enter."),
        Mistake("denominator-without-k", lambda r, alpha: (r.sum(0) + alpha - 1) / (len(r) + alpha.sum()),
                "Your weights sum to less than one. If 1 is subtracted in each of the k numerators, what must be "
                "subtracted below?"),
        Mistake("denominator-minus-one", lambda r, alpha:
                (r.sum(0) + alpha - 1) / (len(r) + alpha.sum() - 1) if r.shape[1] > 1 else None,
                "Below you subtracted 1 once. It is subtracted in each of the k numerators."),
        Mistake("denominator-n", lambda r, alpha: (r.sum(0) + alpha - 1) / len(r),
                "Your weights do not sum to one: with the prior lambda is no longer -n. Sum the numerators to see "
                "what it is."),
        Mistake("not-divided", lambda r, alpha: r.sum(0) + alpha - 1,
                "These are counts and pseudo-counts. Which constraint must the weights obey?"),
        Mistake("uniform-prior-count", lambda r, alpha:
                _normalised(r.sum(0) + alpha.sum() - 1) if r.shape[1] > 1 else None,
                "You added the same number to every count. Each component has its own alpha_j."),
        Mistake("numerator-without-one", lambda r, alpha: (r.sum(0) + alpha) / (len(r) + alpha.sum() - len(alpha)),
                "Your weights sum to more than one: below, the k ones are subtracted, above they are not. Which "
                "power of pi_j has the Dirichlet density?"),
        Mistake("prior-subtracted", lambda r, alpha: _normalised(r.sum(0) - alpha + 1),
                "You subtract what the prior adds. Is log Dirichlet added to the objective or taken away?"),
        Mistake("plus-one", lambda r, alpha: _normalised(r.sum(0) + alpha + 1),
                "The density of Dirichlet(alpha) is proportional to the product of pi_j^(alpha_j - 1). Which sign "
                "has the 1?"),
        Mistake("at-every-point", lambda r, alpha:
                _normalised(r.sum(0) + len(r) * (alpha - 1)) if r.shape[1] > 1 and len(r) > 1 else None,
                "The prior is counted once for every point. How often is pi drawn from it?"),
        Mistake("half-and-half", lambda r, alpha: (r.mean(0) + alpha / alpha.sum()) / 2 if r.shape[1] > 1 else None,
                "You averaged the data's share and the prior's share with equal weights. With many points the data "
                "should weigh more: what is each worth?"),
        Mistake("average-of-modes", lambda r, alpha:
                (r.mean(0) + _normalised(alpha - 1)) / 2 if r.shape[1] > 1 else None,
                "You averaged the data's maximum and the prior's with equal weights. With many points the data "
                "should weigh more: what is each worth?"),
        Mistake("likelihood-times-prior-mode", lambda r, alpha: _normalised(r.sum(0) * (alpha - 1)),
                "You multiplied R_j by alpha_j - 1. In the objective both multiply log pi_j: how do two multiples of "
                "the same logarithm combine?"),
        Mistake("likelihood-times-prior-mean", lambda r, alpha: _normalised(r.sum(0) * alpha),
                "You multiplied R_j by alpha_j. In the objective both multiply log pi_j: how do two multiples of the "
                "same logarithm combine?"),
    ],
    ask={
        "argument:alpha": "Which term does the prior add to the objective?",
    },
    hints=[
        "Write down the logarithm of the Dirichlet density as a function of pi. What does it look like beside sum_j "
        "R_j log pi_j?",
        "Both are sums of (number) times log pi_j. Add the numbers: the problem has the old form, with another number "
        "in the place of R_j.",
        "The solution of the old problem was: each number divided by the sum of all of them.",
    ],
    by_hand="R = (3, 1) and alpha = (2, 2): compute the weights without and with the prior. Then R = (300, 100). What "
            "does the prior do in each case?",
)  # fmt: skip

EXERCISES = [GRAD_PI, GRAD_LAGRANGIAN, MULTIPLIER, UPDATE_PI, GRAD_LOGITS, UPDATE_PI_MAP]
