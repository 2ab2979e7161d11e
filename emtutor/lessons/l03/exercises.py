"""Lesson 03: the gradients of log p in mu and Sigma, and the fixed-point equations that they lead to."""

import numpy as np

from emtutor import problems
from emtutor.lessons.shares import hard, soft
from emtutor.maths.formulas import log_joint, log_normal, scatter
from emtutor.tutor.exercise import Exercise, Mistake

LESSON = "03-gradients"

# ---- what the mistakes of this lesson are made of


def _one_gaussian(rng):
    return problems.posed("x mu Sigma", rng, mu=lambda w: w["mu"][0], Sigma=lambda w: w["Sigma"][0])


def _outer(a):
    return np.einsum("na,nb->nab", a, a)


def _towards(x, r, mu):
    """sum_i r_ij (x_i - mu_j), (k, d)."""
    return r.T @ x - r.sum(0)[:, None] * mu


def _per_component(R):
    return np.asarray(R)[:, None, None]


def _solve(Sigma, v):
    return np.linalg.solve(Sigma, v[:, :, None])[:, :, 0]


def _adjugate(Sigma):
    """det(Sigma) Sigma^-1, where 1 / det was meant to be undone: Jacobi's formula without its division."""
    return np.linalg.inv(Sigma) * np.asarray(np.linalg.det(Sigma))[..., None, None]


# ---- grad_log_gaussian_mu


def grad_log_gaussian_mu(x, mu, Sigma):
    """(n, d): row i is the gradient of log N(x_i; mu, Sigma) in mu."""
    away = x - mu
    return np.linalg.solve(Sigma, away.T).T


def _pull(x, mu, Sigma):
    return (x - mu) @ np.linalg.inv(Sigma)


GRAD_LOG_GAUSSIAN_MU = Exercise(
    grad_log_gaussian_mu, lesson=LESSON, chain="grad_log_gaussian_mu", out={"gradient": "nd"}, problems=_one_gaussian,
    notation={"mu": "d", "Sigma": "dd"},
    statement="The gradient of log N(x_i; mu, Sigma) in mu, one row for each point: (n, d). One Gaussian: mu (d,), "
              "Sigma (d, d).",
    mistakes=[
        Mistake("slide", lambda x, mu, Sigma: -(x - mu) @ Sigma / 2,
                "This is what the slide prints: factor -1/2 and Sigma. Check the unit, the sign and the factor, one "
                "after the other."),
        Mistake("entry-by-entry", lambda x, mu, Sigma: (x - mu) @ (1 / Sigma),
                "You inverted Sigma entry by entry. Which matrix gives the unit matrix when multiplied by Sigma?"),
        Mistake("deviation", lambda x, mu, Sigma: np.linalg.solve(np.linalg.cholesky(Sigma), (x - mu).T).T,
                "You divided by a square root of Sigma (a Cholesky factor) once. These are standardised points; how "
                "often does Sigma divide in the quadratic form?"),
        Mistake("of-the-density", lambda x, mu, Sigma:
                np.exp(log_normal(x, mu[None], Sigma[None])) * _pull(x, mu, Sigma),
                "This is the gradient of the density itself. What does the derivative of a logarithm divide by?"),
        Mistake("constant-kept", lambda x, mu, Sigma:
                _pull(x, mu, Sigma) - (x.shape[1] * np.log(2 * np.pi) + np.linalg.slogdet(Sigma)[1]) / 2,
                "The terms of log N without mu are still there. What is the derivative of a constant?"),
    ],
    ask={
        "inverse:Sigma": "If x is in minutes, which unit must the gradient of a number without unit have?",
        "sign:result": "Put mu to the left of a point: does the log-density at that point rise or fall when mu moves "
            "to the right?",
        "factor:0.5": "What is the derivative of half a quadratic form with a symmetric matrix?",
        "factor:2": "Which factor stands before the quadratic form in log N?",
        "factor:-0.5": "What becomes of the factor of the exponent when the square is differentiated, and which sign "
            "has the inner derivative of x - mu?",
        "power:Sigma": "In which directions should a point pull more weakly?",
    },
    hints=[
        "Only one of the three terms of log N holds mu. Which?",
        "In one dimension: differentiate -(x - mu)^2 / (2 sigma^2) in mu. Mind the inner derivative of x - mu.",
        "In d dimensions 1 / sigma^2 becomes the inverse of Sigma. np.linalg.solve(Sigma, B) applies it to each "
        "column of B; your points are rows.",
    ],
    by_hand="Take Sigma = [[2, 1], [1, 2]] and x - mu = (1, 0). Write the quadratic form as a polynomial in the two "
            "entries of mu and differentiate it entry by entry.",
)  # fmt: skip


# ---- grad_mu


def grad_mu(x, pi, mu, Sigma):
    """(k, d): the gradient of log p(x | theta) in each mean."""
    log_joint = np.empty((len(x), len(pi)))
    pull = np.empty((len(pi), *x.shape))
    for j in range(len(pi)):
        away = x - mu[j]
        pull[j] = np.linalg.solve(Sigma[j], away.T).T
        log_joint[:, j] = np.log(pi[j]) - (np.linalg.slogdet(Sigma[j])[1] + (away * pull[j]).sum(1)) / 2
    r = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    r = r / r.sum(axis=1, keepdims=True)
    return np.stack([r[:, j] @ pull[j] for j in range(len(pi))])


def _g_mu(x, pi, mu, Sigma, r=None):
    r = soft(x, pi, mu, Sigma) if r is None else r
    return _solve(Sigma, _towards(x, r, mu))


def _mixture(rng):
    return problems.posed("x pi mu Sigma", rng)


def _other_weights(gradient, ask):
    """Mistakes of a gradient that has other weights than r; `ask` is the question for those who took the prior."""
    return [
        Mistake("prior-for-r", lambda x, pi, mu, Sigma: gradient(x, pi, mu, Sigma, r=np.tile(pi, (len(x), 1))),
                f"Your weights are pi_j, the same for every point: the prior. {ask}"),
        Mistake("joint-for-r", lambda x, pi, mu, Sigma:
                gradient(x, pi, mu, Sigma, r=np.exp(log_joint(x, pi, mu, Sigma))),
                "Your weights are the joint pi_j N(x_i; mu_j, Sigma_j): this is the gradient of the sum of "
                "densities. By what does the derivative of log u divide?"),
    ]  # fmt: skip


GRAD_MU = Exercise(
    grad_mu, lesson=LESSON, chain="grad_mu", out={"gradient": "kd"}, problems=_mixture,
    statement="The gradient of log p(x | theta) in every mean, one row for each component: (k, d). It must also be "
              "right for a point so far out that every density there is 0 for a computer.",
    mistakes=[
        Mistake("slide", lambda x, pi, mu, Sigma:
                -np.einsum("kab,kb->ka", Sigma, _towards(x, soft(x, pi, mu, Sigma), mu)) / 2,
                "This is what the slide prints. Check the unit, the sign and the factor: none of the three is right."),
        *_other_weights(_g_mu, "Should a point near mu_j not pull harder than one far away?"),
        Mistake("over-points", lambda x, pi, mu, Sigma: _g_mu(x, pi, mu, Sigma, r=soft(x, pi, mu, Sigma, axis=0)),
                "Your responsibilities are normalised over the points. Each point hands out one unit: along which "
                "axis?"),
        Mistake("r-times-one-minus-r", lambda x, pi, mu, Sigma:
                _g_mu(x, pi, mu, Sigma, r=soft(x, pi, mu, Sigma) * (1 - soft(x, pi, mu, Sigma))) if len(pi) > 1 else
                None,
                "You differentiated r as well. The derivative of log p has r_ij in front and no derivative of it: "
                "which function did you differentiate?"),
        Mistake("em-step", lambda x, pi, mu, Sigma:
                _towards(x, soft(x, pi, mu, Sigma), mu) / soft(x, pi, mu, Sigma).sum(0)[:, None],
                "This is the step of EM, new mean minus old. It vanishes where the gradient does, but it has another "
                "unit: by which matrix and which number do the two differ?"),
        Mistake("new-mean", lambda x, pi, mu, Sigma:
                _towards(x, soft(x, pi, mu, Sigma), 0 * mu) / soft(x, pi, mu, Sigma).sum(0)[:, None],
                "This is the mean for which the gradient would vanish. Wanted is the gradient at the mu that is "
                "given."),
        Mistake("first-covariance", lambda x, pi, mu, Sigma:
                _solve(Sigma[[0] * len(pi)], _towards(x, soft(x, pi, mu, Sigma), mu)),
                "Each component pulls through its own covariance. Which index does Sigma carry in your last line?"),
    ],
    ask={
        "inverse:Sigma": "If x is in minutes, which unit must the gradient have?",
        "sign:result": "Put mu_j left of all its points: should log p rise or fall when mu_j moves to the right?",
        "factor:0.5": "What becomes of the one half when a quadratic form with a symmetric matrix is differentiated?",
        "argument:r_ij": "Which fraction appears in front of each term when you differentiate the logarithm of a sum?",
        "uniform:pi": "Where does pi enter Bayes' rule?",
        "uniform:r_ij": "In the sum below the fraction, which symbols must carry the running index j'?",
        "hard:r_ij": "May a point pull at two means?",
        "underflow:far": "Which common factor of a row can you take out before you exponentiate?",
        "factor:R_j": "The sum becomes a mean with the same root: is it still the gradient?",
        "power:Sigma": "Which unit has the gradient if x is in minutes, and which power of Sigma_j gives it?",
        "term:log pi_j": "What is the derivative of log pi_j in mu_j?",
    },
    hints=[
        "Start with one point. What is the derivative of log u, if u is a sum of k terms of which one holds mu_j?",
        "The derivative of pi_j N_ij is pi_j N_ij times the derivative of log N_ij. Divide by p(x_i): which fraction "
        "stands in front now? You have met it in lesson 02.",
        "So: responsibilities as a table (n, k), computed from logarithms; then for each component the sum over the "
        "points of r_ij times what grad_log_gaussian_mu gives.",
        "For component j: solve Sigma_j against the differences x - mu_j, one row a point; the vector r[:, j] times "
        "that matrix is the row j of the result.",
    ],
    by_hand="One dimension, points 0 and 4, means 0 and 4, unit variances, equal weights. Which sign has the gradient "
            "in mu_1, and why is it not zero?",
)  # fmt: skip


# ---- update_mu


def update_mu(x, r):
    """(k, d): row j is the mean of the points, weighted by r[:, j]."""
    R = r.sum(axis=0)
    return r.T @ x / R[:, None]


UPDATE_MU = Exercise(
    update_mu, lesson=LESSON, chain="grad_mu", out={"mu": "kd"}, problems=lambda rng: problems.posed("x r", rng),
    statement="The means (k, d) for which the gradient in mu vanishes, the responsibilities r (n, k) held fixed.",
    mistakes=[
        Mistake("other-weights", lambda x, r: (1 - r).T @ x / (1 - r).sum(0)[:, None] if r.shape[1] > 1 else None,
                "Your weights are 1 - r: a point counts most where it belongs least."),
        Mistake("wrong-axis", lambda x, r: r.T @ x / r.sum(0),
                "You divide columns by R where rows are meant: NumPy lines shapes up from the right, and here d = k "
                "hides it. Each row j has its own R_j: which axis do you add?"),
    ],
    ask={
        "factor:R_j / n": "If a component owns a tenth of the points, where does its mean end up?",
        "factor:R_j": "By what do you divide to get a mean?",
        "hard:r": "May a point count in part for several?",
        "power:r": "With which power does r_ij stand in the gradient?",
        "unbiased:R_j": "The gradient vanishes where sum_i r_ij x_i = R_j mu_j: by what is divided there?",
        "factor:R_j / k": "How many points does component j answer for?",
    },
    hints=[
        "Set the gradient to zero. The inverse of Sigma_j stands in front of the whole: may you drop it, and why?",
        "What is left says: sum_i r_ij x_i = mu_j sum_i r_ij. The second sum is called R_j.",
        "r.T @ x adds the weighted points, one row a component. Each row is divided by its own R_j: give R an axis "
        "more so that the shapes (k, d) and (k, 1) meet.",
    ],
    by_hand="Points 0, 1, 5 on a line, r[:, 0] = (1, 1/2, 0). Compute R_1 and mu_1.",
)  # fmt: skip


# ---- grad_log_gaussian_Sigma


def grad_log_gaussian_Sigma(x, mu, Sigma):
    """(n, d, d): the gradient of log N(x_i; mu, Sigma) in Sigma, its entries taken as independent."""
    P = np.linalg.inv(Sigma)
    pull = (x - mu) @ P
    return (pull[:, :, None] * pull[:, None, :] - P) / 2


def _g_one(x, mu, Sigma, det=1.0, quadratic=1.0):
    P = np.linalg.inv(Sigma)
    return (quadratic * _outer((x - mu) @ P) - det * P) / 2


GRAD_LOG_GAUSSIAN_SIGMA = Exercise(
    grad_log_gaussian_Sigma, lesson=LESSON, chain="grad_log_gaussian_Sigma", out={"gradient": "ndd"},
    problems=_one_gaussian, notation={"mu": "d", "Sigma": "dd"},
    statement="The gradient of log N(x_i; mu, Sigma) in Sigma, one matrix for each point: (n, d, d). The entries of "
              "Sigma are taken as independent: Sigma[0, 1] and Sigma[1, 0] are two variables.",
    mistakes=[
        Mistake("only-determinant", lambda x, mu, Sigma: _g_one(x, mu, Sigma, quadratic=0),
                "Two terms of log N hold Sigma; you differentiated the log-determinant. Where do the points enter?"),
        Mistake("slide", lambda x, mu, Sigma: -_outer(x - mu) / 2,
                "This is what the slide prints. It vanishes only for a point on the mean. Two places in log N hold "
                "Sigma: differentiate each by itself, and check the unit."),
        Mistake("no-sandwich", lambda x, mu, Sigma: (_outer(x - mu) - np.linalg.inv(Sigma)) / 2,
                "Your two terms have different units. What is the derivative of Sigma^-1, and on how many sides does "
                "an inverse stand in it?"),
        Mistake("one-slice-of-bread", lambda x, mu, Sigma:
                (np.einsum("na,nb->nab", (x - mu) @ np.linalg.inv(Sigma), x - mu) - np.linalg.inv(Sigma)) / 2,
                "One inverse is missing in the first term. In one dimension, what is the derivative of 1 / s? Where "
                "do the two factors 1 / s stand when s is a matrix?"),
        Mistake("sign-of-the-inverse", lambda x, mu, Sigma: _g_one(x, mu, Sigma, quadratic=-1),
                "Both terms have the same sign, so nothing can balance. What is the derivative of 1 / s in s?"),
        Mistake("quadratic-not-halved", lambda x, mu, Sigma: _g_one(x, mu, Sigma, quadratic=2),
                "The term of the quadratic form counts twice. With which factor does it stand in log N?"),
        Mistake("one-over-determinant", lambda x, mu, Sigma:
                (_outer((x - mu) @ np.linalg.inv(Sigma)) - 1 / np.linalg.det(Sigma)) / 2,
                "The derivative of log det Sigma is not 1 / det Sigma: which shape must it have? Jacobi's formula "
                "has it."),
        Mistake("derivative-of-determinant", lambda x, mu, Sigma:
                (_outer((x - mu) @ np.linalg.inv(Sigma)) - _adjugate(Sigma)) / 2,
                "You took the derivative of det Sigma. Which factor does the logarithm divide away?"),
        Mistake("by-the-inverse", lambda x, mu, Sigma: (Sigma - _outer(x - mu)) / 2,
                "This is the gradient in the inverse of Sigma, the precision. It has the same root. Which unit has a "
                "derivative with respect to Sigma?"),
        Mistake("of-the-density", lambda x, mu, Sigma:
                np.exp(log_normal(x, mu[None], Sigma[None]))[:, :, None] * _g_one(x, mu, Sigma),
                "This is the gradient of the density itself. What does the derivative of a logarithm divide by?"),
    ],
    ask={
        "term:the inverse of Sigma": "With which sign and which factor does log det Sigma stand in log N?",
        "sign:result": "If the point lies far outside the ellipse, should a larger Sigma raise or lower the density "
            "there?",
        "factor:2": "Which factor do both terms carry in log N?",
        "power:Sigma": "Which unit must a derivative with respect to Sigma have?",
        "diagonal:Sigma": "Which entries of Sigma do you not use?",
    },
    hints=[
        "In which two places does Sigma stand in log N? Differentiate each by itself, in one dimension first.",
        "The derivative of log det Sigma is the inverse of Sigma (transposed, which does not matter here). Its factor "
        "in log N is -1/2.",
        "A small change E of Sigma changes the inverse P by -P E P. So the quadratic form a^T P a, with a = x_i - mu, "
        "changes by -(P a)^T E (P a): the derivative is an outer product.",
        "With pull = P a as rows: one half of (the outer product of pull with itself, minus P). An extra axis on "
        "either side of pull makes all n outer products at once.",
    ],
    by_hand="One dimension: differentiate -(log s)/2 - a^2 / (2 s) in s. Where is it zero? Then replace, factor by "
            "factor, 1/s by the inverse of Sigma.",
)  # fmt: skip


# ---- grad_Sigma


def grad_Sigma(x, pi, mu, Sigma):
    """(k, d, d): the gradient of log p(x | theta) in each covariance, its entries taken as independent."""
    log_joint = np.empty((len(x), len(pi)))
    for j in range(len(pi)):
        away = x - mu[j]
        squared = (away * np.linalg.solve(Sigma[j], away.T).T).sum(1)
        log_joint[:, j] = np.log(pi[j]) - (np.linalg.slogdet(Sigma[j])[1] + squared) / 2
    r = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    r = r / r.sum(axis=1, keepdims=True)
    gradient = np.empty_like(Sigma)
    for j in range(len(pi)):
        P = np.linalg.inv(Sigma[j])
        pull = (x - mu[j]) @ P
        gradient[j] = ((r[:, j, None] * pull).T @ pull - r[:, j].sum() * P) / 2
    return gradient


def _g_Sigma(x, pi, mu, Sigma, r=None, det=1.0, quadratic=1.0, R=None, around=None):
    r = soft(x, pi, mu, Sigma) if r is None else r
    P = np.linalg.inv(Sigma)
    W = scatter(x, r, mu if around is None else around)
    return (quadratic * P @ W @ P - det * _per_component(r.sum(0) if R is None else R) * P) / 2


GRAD_SIGMA = Exercise(
    grad_Sigma, lesson=LESSON, chain="grad_Sigma", out={"gradient": "kdd"}, problems=_mixture,
    statement="The gradient of log p(x | theta) in every covariance, one matrix for each component: (k, d, d). The "
              "entries of Sigma_j are taken as independent. It must also be right for points far out.",
    mistakes=[
        Mistake("slide", lambda x, pi, mu, Sigma: -scatter(x, soft(x, pi, mu, Sigma), mu) / 2,
                "This is what the slide prints; it vanishes only if all points lie on the mean. Two places in log N "
                "hold Sigma_j: differentiate each by itself, and check the unit."),
        Mistake("no-sandwich", lambda x, pi, mu, Sigma:
                (scatter(x, soft(x, pi, mu, Sigma), mu) - _per_component(soft(x, pi, mu, Sigma).sum(0)) *
                np.linalg.inv(Sigma)) / 2,
                "Your two terms have different units. What is the derivative of an inverse, and on how many sides "
                "does an inverse stand in it?"),
        Mistake("R-forgotten", lambda x, pi, mu, Sigma: _g_Sigma(x, pi, mu, Sigma, R=np.ones(len(pi))),
                "The log-determinant is counted once, not once for each point. With which weights does it enter the "
                "sum over i?"),
        *_other_weights(_g_Sigma, "Which probability of component j belongs to the point x_i?"),
        Mistake("n-for-R", lambda x, pi, mu, Sigma: _g_Sigma(x, pi, mu, Sigma, R=np.full(len(pi), len(x))),
                "The log-determinant is counted n times in every component. How many points does component j answer "
                "for?"),
        Mistake("one-over-determinant", lambda x, pi, mu, Sigma:
                (np.linalg.inv(Sigma) @ scatter(x, soft(x, pi, mu, Sigma), mu) @ np.linalg.inv(Sigma) -
                _per_component(soft(x, pi, mu, Sigma).sum(0) / np.linalg.det(Sigma))) / 2,
                "The derivative of log det Sigma_j is not 1 / det Sigma_j: which shape must it have? Jacobi's "
                "formula has it."),
        Mistake("by-the-inverse", lambda x, pi, mu, Sigma: -Sigma @ _g_Sigma(x, pi, mu, Sigma) @ Sigma,
                "This is the gradient in the inverse of Sigma_j, the precision. It has the same root. Which unit has "
                "a derivative with respect to Sigma_j?"),
        Mistake("times-Sigma-twice", lambda x, pi, mu, Sigma: Sigma @ _g_Sigma(x, pi, mu, Sigma) @ Sigma,
                "You multiplied by Sigma_j on both sides. That keeps the root and is how EM steps, but it is no "
                "longer the gradient: which unit must that have?"),
        Mistake("em-step", lambda x, pi, mu, Sigma:
                scatter(x, soft(x, pi, mu, Sigma), mu) / soft(x, pi, mu, Sigma).sum(0)[:, None, None] - Sigma,
                "This is the step of EM, new covariance minus old. It vanishes where the gradient does, but has "
                "another unit: which matrix stands on both sides of it in the gradient, and which number in front?"),
        Mistake("no-responsibilities", lambda x, pi, mu, Sigma:
                _g_Sigma(x, pi, mu, Sigma, r=np.ones((len(x), len(pi)))),
                "Every point counts fully in every component. Which fraction appears when you differentiate the "
                "logarithm of a sum?"),
        Mistake("over-points", lambda x, pi, mu, Sigma: _g_Sigma(x, pi, mu, Sigma, r=soft(x, pi, mu, Sigma, axis=0)),
                "Your responsibilities are normalised over the points. Each point hands out one unit: along which "
                "axis?"),
        Mistake("unprimed-sum", lambda x, pi, mu, Sigma:
                _g_Sigma(x, pi, mu, Sigma, r=np.full((len(x), len(pi)), 1 / len(pi))),
                "All your responsibilities are 1/k: that is the slide's denominator, taken literally. Which symbols "
                "below the fraction must carry the running index j'?"),
        Mistake("hard", lambda x, pi, mu, Sigma: _g_Sigma(x, pi, mu, Sigma, r=hard(soft(x, pi, mu, Sigma))),
                "Each point counts only in its most probable component. May a point count in part for several?"),
        Mistake("around-the-new-mean", lambda x, pi, mu, Sigma:
                _g_Sigma(x, pi, mu, Sigma, around=update_mu(x, soft(x, pi, mu, Sigma))),
                "The scatter is taken around the weighted mean of the points. The gradient is wanted at the given "
                "mu: around which point does log N measure distances?"),
        Mistake("new-covariance", lambda x, pi, mu, Sigma:
                scatter(x, soft(x, pi, mu, Sigma), mu) / _per_component(soft(x, pi, mu, Sigma).sum(0)),
                "This is the covariance for which the gradient would vanish. Wanted is the gradient at the Sigma "
                "that is given."),
    ],
    ask={
        "term:R_j times the inverse of Sigma_j": "With which sign does log det Sigma_j stand in log N, and how often "
            "is it counted?",
        "sign:result": "If the points of component j scatter more widely than Sigma_j says, should log p rise or fall "
            "when Sigma_j grows?",
        "sign:the sandwich of W_j between two inverses of Sigma_j": "What is the derivative of 1 / s in s?",
        "sign:R_j times the inverse of Sigma_j": "With which sign does log det Sigma_j stand in log N?",
        "factor:2": "Which factor do both terms carry in log N?",
        "uniform:pi": "Where does pi enter Bayes' rule?",
        "underflow:far": "Which common factor of a row can you take out before you exponentiate?",
        "factor:R_j": "The root stays the same: is it still the gradient of a sum over the points?",
    },
    hints=[
        "The same chain as for mu: log-derivative, one term of the sum, r_ij in front. What stands behind r_ij now?",
        "It is the sum over the points of r_ij times what grad_log_gaussian_Sigma gives for component j.",
        "Sum the two parts by themselves: the outer products, weighted by r_ij; and the inverse of Sigma_j, which "
        "does not depend on i and so is counted R_j times.",
        "With pull = (x - mu_j) times the inverse, one row a point: weight the rows by r[:, j], multiply the "
        "transposed of that by pull, subtract R_j times the inverse, and halve.",
    ],
    by_hand="One dimension, one component, points -1 and 1, mu = 0, Sigma = 4: compute the gradient by hand. Which "
            "sign has it, and for which Sigma would it vanish?",
)  # fmt: skip


# ---- update_Sigma


def update_Sigma(x, r, mu):
    """(k, d, d): the weighted mean of (x_i - mu_j)(x_i - mu_j)^T, weights r[:, j]."""
    Sigma = np.empty((len(mu), x.shape[1], x.shape[1]))
    for j in range(len(mu)):
        away = x - mu[j]
        Sigma[j] = (r[:, j, None] * away).T @ away / r[:, j].sum()
    return Sigma


def _S(x, r, mu, weights=None, denominator=None):
    denominator = r.sum(0) if denominator is None else denominator
    return scatter(x, r if weights is None else weights, mu) / _per_component(denominator)


def _jitter(problem, output, expected):
    """A multiple of the unit matrix added to every Sigma_j."""
    extra = output - expected
    c = extra[0, 0, 0]
    if c > 0 and np.allclose(extra, c * np.eye(extra.shape[-1]), rtol=1e-3, atol=1e-12):
        return (
            "jitter",
            f"Something like {c:.2g} is added to every variance. That keeps Sigma_j invertible, but the gradient no "
            "longer vanishes there. Which function would this maximise?",
        )
    return ""


def _with_given_mu(rng):
    """The last one in another unit: there whatever is added to a variance to keep it positive is seen."""
    several = problems.posed("x r mu", rng)
    last = problems.draw("x r mu", rng, label="the data in a unit a thousand times larger")
    small = {"x": last.args["x"] / 1000, "mu": last.args["mu"] / 1000}
    return [*several, last._replace(args=last.args | small)]


UPDATE_SIGMA = Exercise(
    update_Sigma, lesson=LESSON, chain="grad_Sigma", out={"Sigma": "kdd"}, problems=_with_given_mu, extra=_jitter,
    statement="The covariances (k, d, d) for which the gradient in Sigma vanishes, if r (n, k) is held fixed, around "
              "the means mu (k, d) that are given.",
    mistakes=[
        Mistake("shortcut", lambda x, r, mu:
                scatter(x, r, 0 * mu) / _per_component(r.sum(0)) - np.einsum("ka,kb->kab", mu, mu),
                "You took the mean of x x^T minus mu mu^T. That is the scatter around mu only if mu is the weighted "
                "mean; here it may be another point."),
        Mistake("sum-before-product", lambda x, r, mu:
                np.einsum("ka,kb->kab", _towards(x, r, mu), _towards(x, r, mu)) / _per_component(r.sum(0)),
                "You summed the weighted differences first and multiplied the sums. Differences of opposite sign "
                "cancel in them: what is to be summed, x - mu or its products?"),
        Mistake("around-the-new-mean", lambda x, r, mu: _S(x, r, update_mu(x, r)),
                "You took the scatter around the weighted mean of the points. Here mu is given, and may be another "
                "point. (In the M-step the given mu will be that mean.)"),
        Mistake("around-overall-mean", lambda x, r, mu: _S(x, r, np.tile(x.mean(0), (len(mu), 1))),
                "You took the scatter around the mean of all points. Around which point does component j measure?"),
        Mistake("unweighted-over-R", lambda x, r, mu: _S(x, r, mu, weights=np.ones_like(r)),
                "In the sum every point counts fully, yet you divide by R_j. What is the weight of point i?"),
        Mistake("weights-squared", lambda x, r, mu: _S(x, r, mu, weights=r**2),
                "The responsibility enters twice. If you weight x - mu_j on both sides of the product, with which "
                "power does r_ij appear?"),
        Mistake("pooled", lambda x, r, mu: np.tile(scatter(x, r, mu).sum(0) / len(x), (len(mu), 1, 1)),
                "All components share one covariance. That is another model: here each has its own."),
        Mistake("squares-only", lambda x, r, mu:
                np.einsum("ka,b->kab", np.einsum("nk,nka->ka", r, (x[:, None] - mu) ** 2) / r.sum(0)[:, None],
                np.ones(x.shape[1])) if x.shape[1] > 1 else None,
                "The entries of a row are all the same: you squared the differences instead of multiplying each with "
                "each. Which two indices has (x_i - mu_j)(x_i - mu_j)^T?"),
    ],
    ask={
        "factor:R_j / n": "Put all r_ij = 1/2 for two components: which denominator returns the covariance of the "
            "sample?",
        "factor:R_j": "What turns a weighted sum into a weighted mean?",
        "unbiased:R_j": "Set the gradient to zero: which denominator comes out?",
        "argument:mu": "What has to be subtracted from x first?",
        "uniform:r": "How much of point i belongs to component j?",
        "hard:r": "May a point count in part for several?",
        "diagonal:d": "Can your ellipses tilt?",
        "power:d": "Which power of the factor is the covariance?",
        "inverse:d": "Which unit has Sigma if x is in minutes?",
    },
    hints=[
        "Set the gradient of the last exercise to zero, and multiply it by Sigma_j from the left and from the right.",
        "What is left: the weighted scatter equals R_j Sigma_j. Which shape has (x_i - mu_j)(x_i - mu_j)^T?",
        "For one component: the differences (n, d); the same with row i multiplied by r_ij; the transposed of one "
        "times the other is the sum of all outer products. Divide by R_j.",
    ],
    by_hand="Points 0, 1, 5 on a line, r[:, 0] = (1, 1/2, 0), mu_1 = 1: compute Sigma_1. Then with mu_1 = 1/3. Which "
            "is smaller, and why?",
)  # fmt: skip

EXERCISES = [
    GRAD_LOG_GAUSSIAN_MU,
    GRAD_MU,
    UPDATE_MU,
    UPDATE_SIGMA,
    GRAD_LOG_GAUSSIAN_SIGMA,
    GRAD_SIGMA,
]
