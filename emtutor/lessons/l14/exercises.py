"""Lesson 14, the capstone: a mixture with missing entries, the number of components, and how sure the answer is."""

import numpy as np

from emtutor import problems
from emtutor.causes import Problem
from emtutor.maths import formulas, incomplete
from emtutor.tutor.exercise import Exercise, Mistake

LESSON = "14-capstone"


def _gaps(x):
    """x with NaN by a fixed rule: rows that miss one entry, rows that miss none, and the fourth misses all."""
    n, d = x.shape
    holes = (np.arange(n)[:, None] + np.arange(d)) % 3 == 1
    if n > 3:
        holes[3] = True
    return np.where(holes, np.nan, x)


def _mixture(names, rng, **given):
    made = problems.posed(names, rng, **given)
    return [problem._replace(args=problem.args | {"x": _gaps(problem.args["x"])}) for problem in made]


# ---- seen_log_joint


def seen_log_joint(x, pi, mu, Sigma):
    table = np.empty((len(x), len(pi)))
    for i in range(len(x)):
        o = ~np.isnan(x[i])
        for j in range(len(pi)):
            away, S = x[i, o] - mu[j][o], Sigma[j][np.ix_(o, o)]
            squared = away @ np.linalg.solve(S, away)
            table[i, j] = np.log(pi[j]) - (np.linalg.slogdet(2 * np.pi * S)[1] + squared) / 2
    return table


def _filled_with(x, pi, mu, Sigma, what):
    """The log-joint as if `what`, (k, d), had been seen where x has a gap."""
    columns = [formulas.log_joint(np.where(np.isnan(x), v, x), pi, mu, Sigma)[:, j] for j, v in enumerate(what)]
    return np.stack(columns, axis=1)


def _by_precision(x, pi, mu, Sigma):
    """With the block of the inverse: the seen part given the missing one, at its mean."""
    table = np.tile(np.log(pi), (len(x), 1))
    for rows, o in incomplete.patterns(x):
        if o.any():
            S = np.linalg.inv(np.linalg.inv(Sigma)[:, o][:, :, o])
            table[rows] += formulas.log_normal(x[np.ix_(rows, o)], mu[:, o], S)
    return table


SEEN_LOG_JOINT = Exercise(
    seen_log_joint, lesson=LESSON, out={"log_joint": "nk"}, problems=lambda rng: _mixture("x pi mu Sigma", rng),
    statement="The table (n, k) of log pi_j + log N(what was seen of x_i; its part of mu_j, its part of Sigma_j). "
              "Entries of x (n, d) that were not seen are NaN. Where a row has nothing at all, log pi_j is left.",
    mistakes=[
        Mistake("gaps-and-all", lambda x, pi, mu, Sigma: formulas.log_joint(x, pi, mu, Sigma),
                "A row with a gap has become NaN as a whole. Which coordinates of x_i, of mu_j and of Sigma_j can you "
                "compute with?"),
        Mistake("mean-as-seen", lambda x, pi, mu, Sigma: _filled_with(x, pi, mu, Sigma, mu),
                "You put mu_j where nothing was seen, as if that had been measured. What is left of a density when a "
                "coordinate is summed out?"),
        Mistake("column-mean-as-seen", lambda x, pi, mu, Sigma:
                formulas.log_joint(np.where(np.isnan(x), np.nanmean(x, axis=0), x), pi, mu, Sigma)
                if not np.isnan(x).all(0).any() else None,
                "You put the mean of the column where nothing was seen, as if that had been measured. What is left of "
                "a density when a coordinate is summed out?"),
        Mistake("zero-as-seen", lambda x, pi, mu, Sigma: _filled_with(x, pi, mu, Sigma, 0 * mu),
                "A gap counts as the number 0 here. No eruption lasted 0 minutes: how is a coordinate left out?"),
        Mistake("block-of-inverse", _by_precision,
                "You took a block of the inverse of Sigma_j. The seen part alone has a block of Sigma_j itself as its "
                "covariance: which comes first, choosing the block or inverting?"),
        Mistake("empty-row-counts-nothing", lambda x, pi, mu, Sigma:
                np.where(np.isnan(x).all(1)[:, None], 0.0, incomplete.log_joint(x, pi, mu, Sigma)),
                "It is right where something was seen. What do we believe of the label of a row in which nothing was?"),
    ],
    hints=[
        "The seen coordinates of a Gaussian are Gaussian themselves. What are their mean and covariance?",
        "For row i: a mask o of what was seen. Take x[i, o], mu[j][o], and those rows and columns of Sigma[j] that o "
        "selects: np.ix_(o, o).",
        "Then the log-density as always, with the smaller mean and matrix, plus log pi_j. Two loops are fine. NumPy's "
        "determinant of a (0, 0) matrix is 1, so an empty row needs no case of its own.",
    ],
    by_hand="x_1 = (2, not seen), mu_1 = (0, 7), Sigma_1 = ((4, 1), (1, 9)). Which one-dimensional density do you "
            "need?",
)  # fmt: skip


# ---- fill_in


def fill_in(x, mu, Sigma):
    filled, C = np.array(x, float), np.zeros((*x.shape, x.shape[1]))
    for i in range(len(x)):
        u = np.isnan(x[i])
        o = ~u
        A = Sigma[np.ix_(u, o)] @ np.linalg.inv(Sigma[np.ix_(o, o)])
        filled[i, u] = mu[u] + A @ (x[i, o] - mu[o])
        C[i][np.ix_(u, u)] = Sigma[np.ix_(u, u)] - A @ Sigma[np.ix_(o, u)]
    return filled, C


def _marginal(x, Sigma):
    """Sigma's block of what is missing, for each row."""
    gap = np.isnan(x)
    return np.where(gap[:, :, None] & gap[:, None], Sigma, 0.0)


def _mean_filled(x, mu, Sigma):
    return np.where(np.isnan(x), mu, x), _marginal(x, Sigma)


def _each_alone(x, mu, Sigma):
    """The gaps filled by a regression with the wrong slope: covariance by covariance, not divided by the variance."""
    filled = x.copy()
    for rows, o in incomplete.patterns(x):
        filled[np.ix_(rows, ~o)] = mu[~o] + (x[np.ix_(rows, o)] - mu[o]) @ Sigma[np.ix_(o, ~o)]
    return filled, incomplete.fill_in(x, mu, Sigma)[1]


FILL_IN = Exercise(
    fill_in, lesson=LESSON, out={"filled": "nd", "C": "ndd"}, notation={"mu": "d", "Sigma": "dd"},
    problems=lambda rng: _mixture("x mu Sigma", rng, mu=lambda w: w["mu"][0], Sigma=lambda w: w["Sigma"][0]),
    statement="For one component, mu (d,) and Sigma (d, d): what is expected of each row of x (n, d), given what was "
              "seen of it. filled (n, d): the seen entries as they are, the missing ones (NaN in x) by their "
              "conditional mean. C (n, d, d): the conditional covariance of the missing ones, 0 elsewhere.",
    mistakes=[
        Mistake("mean-only", _mean_filled,
                "The gaps hold mu, whatever was seen beside them. If the seen coordinate lies above its mean and the "
                "two are correlated, where do you expect the missing one?"),
        Mistake("no-uncertainty", lambda x, mu, Sigma:
                (incomplete.fill_in(x, mu, Sigma)[0], np.zeros_like(_marginal(x, Sigma))),
                "filled is right, and C is 0: as if what you filled in had been measured. How sure are you of it?"),
        Mistake("uncertainty-not-reduced", lambda x, mu, Sigma:
                (incomplete.fill_in(x, mu, Sigma)[0], _marginal(x, Sigma)),
                "filled is right. C is the covariance of the missing entries before anything was seen: by how much "
                "does what was seen reduce it?"),
        Mistake("slope-not-divided", _each_alone,
                "C is right. In filled the difference x_o - mu_o is multiplied by a covariance: in which unit is that? "
                "A slope is a covariance divided by a variance."),
        Mistake("column-means", lambda x, mu, Sigma:
                (np.where(np.isnan(x), np.nanmean(x, axis=0), x), incomplete.fill_in(x, mu, Sigma)[1])
                if not np.isnan(x).all(0).any() else None,
                "C is right. The gaps hold the mean of their column, of all the components together. Which mean has "
                "this one?"),
    ],
    hints=[
        "It is a regression of the missing coordinates on the seen ones. What is its slope?",
        "With masks u (unseen) and o: the slope A is Sigma_uo Sigma_oo^-1. The mean is mu_u + A (x_o - mu_o).",
        "The covariance is Sigma_uu - A Sigma_ou. Put it into C[i] at np.ix_(u, u). In a row without gaps u selects "
        "nothing, and nothing is written.",
    ],
    by_hand="mu = (0, 10), Sigma = ((4, 2), (2, 9)), and x_1 = (2, not seen). The slope is 2/4. What are the mean and "
            "the variance of the missing entry?",
)  # fmt: skip


# ---- m_step_seen


def m_step_seen(r, filled, C, nu0, S0):
    n, k, d = filled.shape
    R = r.sum(axis=0)
    mu, Sigma = np.empty((k, d)), np.empty((k, d, d))
    for j in range(k):
        mu[j] = r[:, j] @ filled[:, j] / R[j]
        away = filled[:, j] - mu[j]
        scatter = (r[:, j, None] * away).T @ away + (r[:, j, None, None] * C[:, j]).sum(axis=0)
        Sigma[j] = (scatter + S0) / (R[j] + nu0 + d + 1)
    return R / n, mu, Sigma


def _filled(w):
    return np.where(np.isnan(_gaps(w["x"]))[:, None], 0.7 * w["x"][:, None] + 0.3 * w["mu"], w["x"][:, None])


def _C(w):
    gap = np.isnan(_gaps(w["x"]))
    return np.where((gap[:, :, None] & gap[:, None])[:, None], 0.6 * w["Sigma"], 0.0)


def _m(r, filled, C, S0, below):
    """The M-step with another C, S0 or denominator `below` (k,)."""
    pi, mu, Sigma = incomplete.m_step(r, filled, C, -1.0 - len(S0), S0)
    return pi, mu, Sigma * (r.sum(0) / below)[:, None, None]


def _below(r, nu0, S0):
    return r.sum(0) + nu0 + len(S0) + 1


M_STEP_SEEN = Exercise(
    m_step_seen, lesson=LESSON, chain="m_step_incomplete", out={"pi": "k", "mu": "kd", "Sigma": "kdd"},
    problems=lambda rng: problems.posed("r filled C nu0 S0", rng, filled=_filled, C=_C),
    statement="pi (k,), mu (k, d), Sigma (k, d, d) for responsibilities r (n, k), expected points filled (n, k, d) and "
              "the covariance C (n, k, d, d) of what was filled in. Each Sigma_j has an inverse Wishart prior with nu0 "
              "and S0 (d, d): S0 is added to the sum, and nu0 + d + 1 to R_j below it. pi and mu have no prior.",
    mistakes=[
        Mistake("filled-as-seen", lambda r, filled, C, nu0, S0: _m(r, filled, 0 * C, S0, _below(r, nu0, S0)),
                "pi and mu are right. Sigma counts what was filled in as if it had been measured, so it is too small. "
                "Where does C_ij come in?"),
        Mistake("C-not-weighted", lambda r, filled, C, nu0, S0:
                _m(r, filled, 0 * C, C.sum(0) + S0, _below(r, nu0, S0)),
                "C_ij is added for each point in full. How much of point i belongs to component j?"),
        Mistake("no-prior", lambda r, filled, C, nu0, S0: _m(r, filled, C, 0 * S0, r.sum(0)),
                "This is the step without a prior. What do S0 and nu0 add, above and below?"),
        Mistake("prior-above-only", lambda r, filled, C, nu0, S0: _m(r, filled, C, S0, r.sum(0)),
                "S0 is there, and the denominator is still R_j. A prior brings its points as well: what is added "
                "below?"),
        Mistake("prior-below-only", lambda r, filled, C, nu0, S0: _m(r, filled, C, 0 * S0, _below(r, nu0, S0)),
                "The denominator is right. What does the prior add above it, so that Sigma_j cannot become 0?"),
        Mistake("prior-on-mu-too", lambda r, filled, C, nu0, S0: _m(r, filled, C, S0, _below(r, nu0, S0) + 1),
                "d + 2 is for a prior on the mean as well, as in lesson 10. Here mu has none: what is added to R_j?"),
        Mistake("without-d", lambda r, filled, C, nu0, S0: _m(r, filled, C, S0, r.sum(0) + nu0),
                "Only nu0 is added below. The density of the prior has det Sigma to the power -(nu0 + d + 1)/2: what "
                "follows for the denominator?"),
        Mistake("prior-for-all-together", lambda r, filled, C, nu0, S0:
                _m(r, filled, C, S0 / r.shape[1], _below(r, nu0, S0)) if r.shape[1] > 1 else None,
                "S0 is shared out among the components. Each of them has the whole prior."),
    ],
    hints=[
        "Without gaps and prior it is the M-step of lesson 05. Which two things are new in Sigma_j?",
        "The mean of component j is the weighted mean of filled[:, j]. The scatter is taken around it, also of "
        "filled[:, j].",
        "To the weighted scatter of component j add the weighted sum of its C[:, j], then S0. Divide by R_j + nu0 + d "
        "+ 1.",
    ],
    by_hand="Two points with r = 1 in one dimension: 2, seen, and 4, filled in with variance 1. Without a prior, what "
            "are mu and Sigma? And if C is forgotten?",
)  # fmt: skip


# ---- bic


def bic(log_likelihood, n, k, d):
    m = (k - 1) + k * d + k * d * (d + 1) / 2
    return -2 * log_likelihood + m * np.log(n)


def _fits(rng):
    sizes = [(272, 2, 2), (100, 1, 1), (150, 3, 4), (60, 5, 2), (1000, 2, 6)]
    per_number = [*(-rng.uniform(1, 3, len(sizes))), -0.37, 2.9]  # in a large unit densities are above one
    return [
        Problem(f"n = {n}, k = {k}, d = {d}", {"log_likelihood": float(c * n * d), "n": n, "k": k, "d": d})
        for c, (n, k, d) in zip(per_number, [*sizes, (4, 1, 1), (90, 2, 3)], strict=True)
    ]


def _bic(log_likelihood, n, m):
    return -2 * log_likelihood + m * np.log(n)


BIC = Exercise(
    bic, lesson=LESSON, out={"bic": ""}, problems=_fits,
    statement="BIC of a Gaussian mixture with k components in d dimensions, each with a covariance of its own: -2 log "
              "p plus log n for each free number. log_likelihood is log p at the estimate, n the number of points.",
    mistakes=[
        Mistake("weights-free", lambda log_likelihood, n, k, d:
                _bic(log_likelihood, n, k + k * d + k * d * (d + 1) / 2),
                "k weights are counted. They sum to one: how many can be chosen freely?"),
        Mistake("no-weights", lambda log_likelihood, n, k, d:
                _bic(log_likelihood, n, k * d + k * d * (d + 1) / 2) if k > 1 else None,
                "Means and covariances are counted, the weights are not. How many of them are free?"),
        Mistake("all-entries", lambda log_likelihood, n, k, d:
                _bic(log_likelihood, n, k - 1 + k * d + k * d * d) if d > 1 else None,
                "All d^2 entries of a covariance are counted. It is symmetric: how many are free?"),
        Mistake("below-diagonal", lambda log_likelihood, n, k, d:
                _bic(log_likelihood, n, k - 1 + k * d + k * d * (d - 1) / 2),
                "The entries off the diagonal are counted once, as they should be. And those on it?"),
        Mistake("one-covariance", lambda log_likelihood, n, k, d:
                _bic(log_likelihood, n, k - 1 + k * d + d * (d + 1) / 2) if k > 1 else None,
                "One covariance is counted. Each component has its own."),
        Mistake("aic", lambda log_likelihood, n, k, d:
                -2 * log_likelihood + 2 * ((k - 1) + k * d + k * d * (d + 1) / 2),
                "This is AIC, with a price of 2 for each free number. What is the price in BIC?"),
        Mistake("times-entries", lambda log_likelihood, n, k, d:
                -2 * log_likelihood + ((k - 1) + k * d + k * d * (d + 1) / 2) * np.log(n * d) if d > 1 else None,
                "The price is log(n d). n counts points, not numbers: what is a point here?"),
    ],
    hints=[
        "Count what can be chosen freely: weights, means, covariances.",
        "The weights sum to one, so k - 1 are free. A symmetric matrix has d (d + 1) / 2 free entries.",
        "m = (k - 1) + k d + k d (d + 1) / 2, and BIC is the price m log n less twice log p.",
    ],
    by_hand="k = 2, d = 2: how many numbers does theta hold, and how many of them are free?",
)  # fmt: skip


# ---- standard_errors


def standard_errors(mus, mu):
    from scipy.optimize import linear_sum_assignment

    matched = np.empty(mus.shape)
    for b, theirs in enumerate(mus):
        squared = ((mu[:, None] - theirs) ** 2).sum(axis=2)
        matched[b] = theirs[linear_sum_assignment(squared)[1]]
    return matched.std(axis=0, ddof=1)


def _matched(mus, mu, nearest=False):
    from scipy.optimize import linear_sum_assignment

    squared = ((mus[:, None] - mu[:, None]) ** 2).sum(-1)  # [fit, of mu, of the fit]
    if nearest:
        return np.stack([m[s.argmin(1)] for m, s in zip(mus, squared, strict=True)])
    return np.stack([m[linear_sum_assignment(s)[1]] for m, s in zip(mus, squared, strict=True)])


def _replicates(rng):
    """Means of m fits whose components come in any order; in the last problem two replicates compete for one mean."""
    made = []
    for m, k, d in [(4, 2, 2), (9, 3, 2), (12, 4, 3), (7, 2, 1), (6, 1, 2), (40, 3, 2)]:
        unit = np.geomspace(1.0, 9.0, d)
        mu = (4.0 * rng.permutation(k)[:, None] + rng.uniform(1, 2, (k, d))) * unit
        mus = np.stack([rng.permutation(mu + 0.3 * unit * rng.standard_normal((k, d))) for _ in range(m)])
        made.append(Problem(f"{m} fits, k = {k}, d = {d}", {"mus": mus, "mu": mu}))
    close = np.array([[[0.9], [1.4]], [[0.1], [1.1]], [[1.2], [0.2]], [[0.3], [2.0]], [[1.3], [0.8]]])
    below_zero = np.array([[[-0.5], [0.1]], [[0.2], [-0.35]], [[-0.42], [-0.05]], [[-0.2], [-0.6]]])
    return [
        *made,
        Problem("components close together", {"mus": close, "mu": np.array([[0.0], [1.0]])}),
        Problem("below zero", {"mus": below_zero, "mu": np.array([[-0.45], [-0.1]])}),
    ]


STANDARD_ERRORS = Exercise(
    standard_errors, lesson=LESSON, out={"errors": "kd"}, problems=_replicates,
    statement="The bootstrap's standard error of each entry of mu (k, d), from mus (B, k, d), the means of B fits to "
              "resampled data. The components of each fit come in any order: match them to mu first, by the "
              "permutation of smallest summed squared distance. Then take the standard deviation over the fits, with "
              "B - 1 below.",
    mistakes=[
        Mistake("not-matched", lambda mus, mu: mus.std(axis=0, ddof=1) if mus.shape[1] > 1 else None,
                "The components are not matched. In one fit the short eruptions come first, in the next the long ones: "
                "what does such a standard deviation measure?"),
        Mistake("m-below", lambda mus, mu: _matched(mus, mu).std(axis=0),
                "The matching is right. The mean of the fits was estimated from the same fits: what stands below?"),
        Mistake("of-the-mean", lambda mus, mu: _matched(mus, mu).std(axis=0, ddof=1) / np.sqrt(len(mus)),
                "You divided by sqrt(B) as well. More fits do not make the data any larger: which spread do they "
                "show?"),
        Mistake("variance", lambda mus, mu: _matched(mus, mu).var(axis=0, ddof=1),
                "This is the variance, in squared minutes."),
        Mistake("around-mu", lambda mus, mu: np.sqrt(((_matched(mus, mu) - mu) ** 2).sum(0) / (len(mus) - 1)),
                "The spread is taken around mu. It should be around the mean of the fits themselves: which of the two "
                "has B - 1 below?"),
        Mistake("nearest", lambda mus, mu: _matched(mus, mu, nearest=True).std(axis=0, ddof=1),
                "Each component takes the nearest one of a fit, so two may take the same. Which pairing uses each just "
                "once?"),
        Mistake("sorted", lambda mus, mu: np.sort(mus, axis=1).std(axis=0, ddof=1) if mus.shape[1] > 1 else None,
                "Each coordinate is sorted by itself. That tears the coordinates of one component apart, and puts them "
                "in an order that mu may not have."),
    ],
    hints=[
        "First let every fit number its components as mu does. You have written that in lesson 05.",
        "For one fit: the table (k, k) of squared distances, and the permutation with the smallest sum: "
        "scipy.optimize.linear_sum_assignment.",
        "Collect the matched means in an array (B, k, d) and take the standard deviation over axis 0, with ddof=1.",
    ],
    by_hand="mu = (0, 10) in one dimension, three fits: (1, 10), (9, 0), (-1, 11). Match them, and compute the first "
            "standard error.",
)  # fmt: skip

EXERCISES = [SEEN_LOG_JOINT, FILL_IN, M_STEP_SEEN, BIC, STANDARD_ERRORS]
