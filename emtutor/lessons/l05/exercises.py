"""Lesson 05: both steps put together."""

from itertools import permutations

import numpy as np

from emtutor import problems
from emtutor.causes import Problem
from emtutor.lessons.shares import hard, soft
from emtutor.maths.formulas import log_joint, posterior
from emtutor.tutor.exercise import Exercise, Mistake

# ---- e_step


def e_step(x, pi, mu, Sigma):
    """r (n, k): r_ij = p(z_ij = 1 | x_i, theta)."""
    log_joint = np.empty((len(x), len(pi)))
    for j in range(len(pi)):
        away = x - mu[j]
        squared = np.sum(away * np.linalg.solve(Sigma[j], away.T).T, axis=1)
        log_det = np.linalg.slogdet(2 * np.pi * Sigma[j])[1]
        log_joint[:, j] = np.log(pi[j]) - (log_det + squared) / 2
    r = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    return r / r.sum(axis=1, keepdims=True)


def _squared(x, mu, Sigma):
    return np.stack(
        [np.sum((x - m) * np.linalg.solve(S, (x - m).T).T, axis=1) for m, S in zip(mu, Sigma, strict=True)], axis=1
    )


def _log_det(Sigma):
    return np.linalg.slogdet(2 * np.pi * Sigma)[1]


E_STEP = Exercise(
    e_step, lesson="05-em", chain="bayes", out={"r": "nk"}, problems=lambda rng: problems.posed("x pi mu Sigma", rng),
    statement="The responsibilities r (n, k): r[i, j] is the probability that component j made the point x[i], given "
              "the weights pi (k,), the means mu (k, d) and the covariances Sigma (k, d, d). A point may lie so far "
              "out that its density is 0 for a computer; its responsibilities still exist.",
    mistakes=[
        Mistake("unprimed-sum", lambda x, pi, mu, Sigma: np.full((len(x), len(pi)), 1 / len(pi)),
                "Every entry is 1/k, whatever the data. In the sum below the fraction, which symbols must carry the "
                "running index j' instead of j?"),
        Mistake("densities", lambda x, pi, mu, Sigma: np.exp(-(_log_det(Sigma) + _squared(x, mu, Sigma)) / 2),
                "This is N(x_i; mu_j, Sigma_j). Two things of Bayes' theorem are missing: the prior, and the "
                "division by p(x_i). What are they here?"),
        Mistake("log-ratio", lambda x, pi, mu, Sigma:
                log_joint(x, pi, mu, Sigma) / log_joint(x, pi, mu, Sigma).sum(axis=1, keepdims=True),
                "You divided logarithms by a sum of logarithms. Of which quantity do the rows have to be normalised?"),
        Mistake("softmax-of-joint", lambda x, pi, mu, Sigma: posterior(np.exp(log_joint(x, pi, mu, Sigma))),
                "You exponentiated the joint once more. A softmax takes logarithms: of what?"),
        Mistake("prior-only", lambda x, pi, mu, Sigma: np.tile(pi, (len(x), 1)) if len(pi) > 1 else None,
                "Every row is pi: that is what we believe before we look at x_i. What does the point itself say "
                "about its component?"),
        Mistake("no-determinant", lambda x, pi, mu, Sigma: posterior(np.log(pi) - _squared(x, mu, Sigma) / 2),
                "The exponent is right, but a narrow Gaussian is also higher than a wide one. Which factor in front "
                "of the exponential depends on j?"),
        Mistake("determinant-not-halved", lambda x, pi, mu, Sigma:
                posterior(np.log(pi) - _log_det(Sigma) - _squared(x, mu, Sigma) / 2),
                "The density has 1 / sqrt(det Sigma_j) in front. With which power does the determinant enter yours?"),
        Mistake("other-components", lambda x, pi, mu, Sigma: 1 - soft(x, pi, mu, Sigma) if len(pi) > 1 else None,
                "Your number is the probability that the point does not come from component j. Which joint stands on "
                "top of the fraction?"),
    ],
    ask={
        "underflow:far": "Which factor, common to a whole row, can you take out before you exponentiate?",
        "uniform:pi": "In Bayes' theorem, what plays the role of the prior?",
        "over-points:n": "Each point hands out one unit of its own: along which axis must the shares sum to one?",
        "hard:nk": "May a point half-way between two components have half a membership in each?",
        "normalise:k": "What do you divide it by to get the probability of z given x?",
        "term:log p(x_i, z_ij = 1)": "How do you get from there to a probability of z given x?",
        "factor:Sigma": "Compare with the density of one Gaussian in one dimension: what stands in front of (x - "
            "mu)^2 / sigma^2?",
        "sign:Sigma": "Which sign has the exponent?",
        "inverse:Sigma": "If x is in minutes, which unit may the exponent have?",
        "diagonal:Sigma": "Can the ellipses of your components tilt?",
        "index:Sigma": "Which index is stuck?",
    },
    hints=[
        "Bayes' theorem for one point: what are the prior, the likelihood and the evidence of 'component j made x_i'?",
        "The joint of x_i and component j is pi_j N(x_i; mu_j, Sigma_j). Compute its logarithm as a table (n, k), one "
        "column a component. The log-density has three parts: a constant, the log-determinant, the quadratic form.",
        "A responsibility is a joint divided by the sum of the joints in its row. To survive points far out, subtract "
        "each row's largest log-joint before you exponentiate: numerator and denominator change by the same factor.",
        "With the log-joint in a table a: exponentiate a minus its row maxima (keepdims=True keeps the shapes apart), "
        "then divide each row by its own sum.",
    ],
    by_hand="Take one point half-way between two means in one dimension, equal variances, pi = (0.2, 0.8). What is r? "
            "Then move the point towards the first mean until r is one half.",
)  # fmt: skip


# ---- m_step


def m_step(x, r):
    """pi (k,), mu (k, d), Sigma (k, d, d): the maximisers of L for these responsibilities."""
    R = r.sum(axis=0)
    mu = r.T @ x / R[:, None]
    Sigma = np.empty((len(R), x.shape[1], x.shape[1]))
    for j in range(len(R)):
        away = x - mu[j]
        Sigma[j] = (r[:, j, None] * away).T @ away / R[j]
    return R / len(x), mu, Sigma


def _m(x, r, around=None, weights=None, denominator=None):
    """The M-step with one thing exchanged: the centre, the weights of the scatter, or its denominator (k,)."""
    R = r.sum(axis=0)
    mu = r.T @ x / R[:, None]
    centre = mu if around is None else around
    w = r if weights is None else weights
    W = np.stack([(w[:, j, None] * (x - centre[j])).T @ (x - centre[j]) for j in range(len(R))])
    return R / len(x), mu, W / np.reshape(R if denominator is None else denominator, (-1, 1, 1))


def _pooled(x, r):
    pi, mu, Sigma = _m(x, r)
    return pi, mu, np.tile(np.einsum("k,kab->ab", pi, Sigma), (len(pi), 1, 1))


def _m_mistakes():
    def overall(x, r):
        return np.tile(x.mean(axis=0), (r.shape[1], 1))

    def over_n(x, r):
        return r.T @ x / len(x)

    return [
        Mistake("Sigma-around-overall-mean", lambda x, r: _m(x, r, around=overall(x, r)),
                "Sigma_j is taken around the mean of all points. Around which point is the weighted scatter of "
                "component j smallest, and do you not know that point already?"),
        Mistake("Sigma-not-centred", lambda x, r: _m(x, r, around=np.zeros((r.shape[1], x.shape[1]))),
                "Sigma_j is the weighted mean of x x^T: that is E[x x^T], not a covariance. What has to be "
                "subtracted?"),
        Mistake("Sigma-unweighted", lambda x, r:
                _m(x, r, weights=np.ones_like(r), denominator=np.full(r.shape[1], len(x))),
                "In Sigma_j every point counts the same. How much of point i belongs to component j?"),
        Mistake("Sigma-unweighted-over-R", lambda x, r: _m(x, r, weights=np.ones_like(r)),
                "In Sigma_j every point counts fully, but you divide by R_j. What is the weight of point i in "
                "component j?"),
        Mistake("Sigma-pooled", _pooled,
                "All components share one covariance. That is the M-step of another model: here each has its own "
                "Sigma_j."),
    ]  # fmt: skip


def _jitter(problem, output, expected):
    """A multiple of the unit matrix added to every Sigma_j, the rest right."""
    if any(not np.allclose(a, b, rtol=1e-6) for a, b in zip(output[:2], expected[:2], strict=True)):
        return ""
    extra = output[2] - expected[2]
    c = extra[0, 0, 0]
    if c > 0 and np.allclose(extra, c * np.eye(extra.shape[-1]), rtol=1e-3, atol=1e-12):
        return (
            "Sigma-jitter",
            f"Something like {c:.2g} is added to every variance. That keeps Sigma_j invertible, but the step no longer "
            "maximises the likelihood, which may then fall. Which function would your step maximise?",
        )
    return ""


def _m_problems(rng):
    """The last one in another unit: there whatever is added to a variance to keep it positive is seen."""
    several = problems.posed("x r", rng)
    last = problems.draw("x r", rng, label="the data in a unit a thousand times larger")
    return [*several, last._replace(args=last.args | {"x": last.args["x"] / 1000})]


M_STEP = Exercise(
    m_step, lesson="05-em", chain="m_step", out={"pi": "k", "mu": "kd", "Sigma": "kdd"}, problems=_m_problems,
    extra=_jitter,
    statement="The maximum-likelihood parameters for given responsibilities r (n, k): weights pi (k,), means mu (k, "
              "d) and covariances Sigma (k, d, d), in this order. Each Sigma_j is taken around the new mu_j.",
    mistakes=_m_mistakes(),
    ask={
        "factor:R_j / n": "If a component owns only a tenth of the points, what does a division by n make of it?",
        "unbiased:R_j": "Maximum likelihood does not correct for the mean that it estimated: which denominator is "
            "left?",
        "power:r": "If you weight x - mu_j on both sides of the product, with which power does r_ij appear?",
        "factor:R_j": "What turns a weighted sum into a weighted mean?",
        "diagonal:d": "Can your ellipses tilt?",
        "power:d": "How do you get from the factor to the covariance?",
        "power:kdd": "Which unit has Sigma if x is in minutes?",
        "inverse:d": "Which unit has Sigma if x is in minutes?",
        "sum-for-mean:n": "Which constraint must the weights obey?",
        "axis:k": "Which parameters belong to theta?",
        "normalise:k": "What does R_1 + ... + R_k sum to?",
        "hard:r": "May a point count half?",
    },
    hints=[
        "If r were one-hot, what would you do with the points of one component? Now let each point belong to it in "
        "part.",
        "R_j = sum_i r_ij is the number of points that component j owns. It is the denominator of everything that is "
        "a mean over the points of component j; the share of R_j in all points is the weight.",
        "mu_j is the mean of the points with weights r_ij. Sigma_j is the mean, with the same weights, of the outer "
        "products of x_i - mu_j with itself. Use the new mu_j.",
        "For one component: subtract mu_j from all points (n, d); multiply row i by r_ij; the transposed of that "
        "times the unweighted differences is (d, d); divide by R_j.",
    ],
    by_hand="Three points 0, 1, 5 on a line, r[:, 0] = (1, 1/2, 0). Compute R_1, pi_1, mu_1 and Sigma_1.",
)  # fmt: skip


# ---- em_fit


def em_fit(x, pi, mu, Sigma, tol, max_iter):
    """pi, mu, Sigma, log_likelihoods: EM until log p changes by less than tol, or max_iter full iterations."""

    def log_joint(pi, mu, Sigma):
        away = x[:, None] - mu
        squared = np.einsum("nka,kab,nkb->nk", away, np.linalg.inv(Sigma), away)
        return np.log(pi) - (np.linalg.slogdet(2 * np.pi * Sigma)[1] + squared) / 2

    a, log_likelihoods = log_joint(pi, mu, Sigma), []
    for _ in range(max_iter):
        r = np.exp(a - np.logaddexp.reduce(a, axis=1, keepdims=True))
        R = r.sum(axis=0)
        pi, mu = R / len(x), r.T @ x / R[:, None]
        away = x[:, None] - mu
        Sigma = np.einsum("nk,nka,nkb->kab", r, away, away) / R[:, None, None]
        a = log_joint(pi, mu, Sigma)
        log_likelihoods.append(np.logaddexp.reduce(a, axis=1).sum())
        if len(log_likelihoods) > 1 and abs(log_likelihoods[-1] - log_likelihoods[-2]) < tol:
            break
    return pi, mu, Sigma, log_likelihoods


def _log_likelihood(x, theta):
    return float(np.logaddexp.reduce(log_joint(x, *theta), axis=1).sum())


def _fit(x, pi, mu, Sigma, tol, max_iter, *, e=None, m=None, record=None, stop=None):
    """EM with one thing exchanged: a step, what is recorded, when to stop."""
    theta, path, before = (pi, mu, Sigma), [], None
    for _ in range(max_iter):
        r = e(x, *theta) if e else posterior(log_joint(x, *theta))
        new = m(x, r, theta) if m else _m(x, r)
        path.append(record(x, r, theta, new) if record else _log_likelihood(x, new))
        theta = new
        if stop and stop(path, before, tol):
            break
        if not stop and len(path) > 1 and abs(path[-1] - path[-2]) < tol:
            break
        before = path[-1]
    return *theta, path


def _r_once(x, pi, mu, Sigma, tol, max_iter):
    r = soft(x, pi, mu, Sigma)
    return _fit(x, pi, mu, Sigma, tol, max_iter, e=lambda *_: r)


def _with_start(x, pi, mu, Sigma, tol, max_iter):
    *theta, path = _fit(x, pi, mu, Sigma, tol, max_iter)
    return *theta, [_log_likelihood(x, (pi, mu, Sigma)), *path]


def _last_only(x, pi, mu, Sigma, tol, max_iter):
    *theta, path = _fit(x, pi, mu, Sigma, tol, max_iter)
    return *theta, path[-1:]


def _variant(**change):
    return lambda x, pi, mu, Sigma, tol, max_iter: _fit(x, pi, mu, Sigma, tol, max_iter, **change)


def _old_mu(x, r, theta):
    return _m(x, r, around=theta[1])


def _expected_complete(x, r, theta, new):
    return float((r * log_joint(x, *new)).sum())


def _over(x, r, divisor):
    """The M-step with another divisor of Sigma."""
    pi, mu, Sigma = _m(x, r)
    return pi, mu, Sigma * (r.sum(0) / divisor)[:, None, None]


def _fit_problems(rng):
    def at(label, n, k, d, tol, max_iter, change=lambda w: w):
        w = change(problems.world(rng, n, k, d))
        args = {name: w[name] for name in ("x", "pi", "mu", "Sigma")}
        return Problem(label, args | {"tol": tol, "max_iter": max_iter})

    return [
        at("one iteration, 20 points, 2 components", 20, 2, 2, 0.0, 1),
        at("three iterations, 25 points, 2 components", 25, 2, 2, 0.0, 3),
        at("tol = 0.05, 30 points, 2 components", 30, 2, 2, 0.05, 100),
        at("tol = 0.01 a point, one dimension", 24, 2, 1, 0.24, 100),
        at("four iterations, 3 components", 40, 3, 2, 1e-9, 4),
        at("one iteration, 800 points", 800, 2, 2, 0.0, 1),
        _in_thousands(at("two iterations, the data in a unit a thousand times larger", 20, 2, 2, 0.0, 2)),
        _far_start(at("two iterations, a start so far out that every density underflows", 20, 2, 2, 0.0, 2)),
        _far_point(at("one iteration, 2000 points, one so far out that its density underflows", 2000, 2, 1, 0.0, 1)),
        at("one iteration, a rare component", 20, 3, 2, 0.0, 1, problems.rare),
        at("two iterations, repeated rows", 24, 2, 2, 0.0, 2, problems.repeated),
        at("two iterations, whole numbers in x", 30, 2, 3, 0.0, 2, problems.whole),
        at("two iterations, all numbers below zero", 20, 2, 2, 0.0, 2, problems.below_zero),
    ]


def _far_point(problem):
    """After an M-step a single one of n points lies sqrt(n) standard deviations out at most: here exp(-1000) is 0."""
    x = problem.args["x"].copy()
    x[3] += 1e6
    return problem._replace(args=problem.args | {"x": x})


def _far_start(problem):
    """Both means far from all points, and close enough to each other that they share them."""
    x = problem.args["x"]
    spread = x.std(0)
    mu = x.mean(0) + 60 * spread + np.array([[0.02], [-0.02]]) * spread * np.array([1, -1])
    return problem._replace(args=problem.args | {"mu": mu, "Sigma": np.tile(np.diag(spread**2), (2, 1, 1))})


def _in_thousands(problem):
    """The same in another unit: there whatever is added to a variance to keep it positive is seen."""
    return problem._replace(args=problems.rescaled(problem.args, 1e-3))


def _judge_fit(problem, output):
    """Each iteration of EM is determined by the one before; free is only whether the first compares with the start."""
    x, pi, mu, Sigma, tol, max_iter = problem.args.values()
    *theta, path = output
    if len(path) == 0:
        return "log_likelihoods is empty: it needs one entry for each full iteration, and max_iter is at least 1."
    if len(path) > max_iter:
        return f"log_likelihoods holds {len(path)} entries for at most {max_iter} iterations: one for each full one."
    *best, truth = _fit(x, pi, mu, Sigma, -1.0, len(path))
    close = lambda a, b: np.allclose(a, b, rtol=1e-6, atol=1e-6 * np.abs(b).max())
    moved = all(close(a, b) for a, b in zip(theta, best, strict=True))
    if not np.isclose(path[-1], _log_likelihood(x, best if moved else theta), rtol=1e-7):
        return "The last entry of log_likelihoods is not log p of the parameters that you return: which theta made it?"
    if not moved:
        return (
            f"After {len(path)} iteration{'s' * (len(path) > 1)} your parameters are not those of EM, though the last "
            "log_likelihood belongs to them. Check one E-step and one M-step alone: check(e_step), check(m_step)."
        )
    if not np.allclose(path, truth, rtol=1e-7):
        return (
            "The parameters are right to six digits, but some entry of log_likelihoods is not log p after that "
            "iteration: is each recorded after its M-step, and is nothing small added to Sigma?"
        )
    changes = np.abs(np.diff([_log_likelihood(x, (pi, mu, Sigma)), *truth]))
    slack = 1e-9 * abs(truth[-1])
    if len(path) < max_iter and changes[-1] >= tol + slack:
        return (
            f"EM stopped after {len(path)} of {max_iter} iterations, while log p still changed by more than tol. Which "
            "two numbers do you compare?"
        )
    if (changes[1:-1] < tol - slack).any():
        return (
            "EM went on after log p had changed by less than tol in a full iteration. Which two numbers do you compare?"
        )
    return ""


EM_FIT = Exercise(
    em_fit, lesson="05-em", out={"pi": "k", "mu": "kd", "Sigma": "kdd", "log_likelihoods": "t"}, problems=_fit_problems,
    notation={"tol": "", "max_iter": ""}, judge=_judge_fit,
    statement="EM from the start (pi, mu, Sigma): returns pi, mu, Sigma, log_likelihoods. One entry of "
              "log_likelihoods a full iteration (not the start's), the last one that of the returned parameters. Stop "
              "when the total log p changes by less than tol in an iteration, or after max_iter >= 1 iterations.",
    mistakes=[
        Mistake("before-update", _variant(record=lambda x, r, theta, new: _log_likelihood(x, theta)),
                "Each entry is log p before the update, but it is reported with the parameters after it. Which theta "
                "made this number?"),
        Mistake("start-included", _with_start,
                "log_likelihoods begins with the start's: one entry a full iteration was asked, the first after the "
                "first."),
        Mistake("last-only", _last_only,
                "Only the last log_likelihood is there. Keep one for each iteration: how else would you see it rise?"),
        Mistake("expected-complete", _variant(record=_expected_complete),
                "You record the expected complete-data log-likelihood, sum_ij r_ij log(pi_j N_ij). Which term lies "
                "between it and log p(x), and is that term the same in every iteration?"),
        Mistake("log-inside", _variant(record=lambda x, r, theta, new: float(log_joint(x, *new).sum())),
                "You sum the logarithms over the components. In p(x_i) the components are summed first: where is the "
                "log?"),
        Mistake("product", _variant(record=lambda x, r, theta, new:
                float(np.log(np.prod(np.exp(log_joint(x, *new)).sum(axis=1))))),
                "You take the logarithm of the product over all points. With many points the product is 0 for a "
                "computer. What does the logarithm make of a product?"),
        Mistake("old-mu", _variant(m=_old_mu),
                "Sigma is taken around the old means. It goes up all the same, so no test of monotony sees it. Which "
                "result of the M-step can you use already?"),
        Mistake("no-prior", _variant(e=lambda x, pi, mu, Sigma: posterior(log_joint(x, np.ones_like(pi), mu, Sigma))),
                "The weights pi do not enter your responsibilities. What plays the role of the prior in Bayes' "
                "theorem?"),
        Mistake("pi-fixed", _variant(m=lambda x, r, theta: (theta[0], *_m(x, r)[1:])),
                "pi is never updated. Which parameters belong to theta?"),
        Mistake("Sigma-fixed", _variant(m=lambda x, r, theta: (*_m(x, r)[:2], theta[2])),
                "Sigma is never updated. Which parameters belong to theta?"),
        Mistake("no-change", lambda x, pi, mu, Sigma, tol, max_iter:
                (pi, mu, Sigma, _fit(x, pi, mu, Sigma, tol, max_iter, m=lambda x, r, theta: theta)[3]),
                "The parameters that come back are those of the start. Does the result of the M-step reach the next "
                "E-step?"),
        Mistake("hard", _variant(e=lambda x, pi, mu, Sigma: hard(soft(x, pi, mu, Sigma))),
                "Your E-step gives each point wholly to one component. May a point in the middle count half for each?"),
        Mistake("r-once", _r_once,
                "The responsibilities are those of the start in every iteration. Which parameters does the second "
                "E-step need?"),
        Mistake("never-stops", _variant(stop=lambda path, before, tol: False),
                "You always run max_iter iterations. Where is tol used?"),
        Mistake("no-constant", _variant(record=lambda x, r, theta, new:
                _log_likelihood(x, new) + x.size * np.log(2 * np.pi) / 2),
                "Your log p lacks a number that theta does not change: n d/2 log 2 pi. Which factor stands before "
                "the exponential of a Gaussian?"),
        Mistake("no-determinant", _variant(record=lambda x, r, theta, new:
                float(np.logaddexp.reduce(log_joint(x, *new) + np.linalg.slogdet(new[2])[1] / 2, axis=1).sum())),
                "Your log p lacks the log-determinants. Sigma changes in every iteration, and so does its size."),
        Mistake("bound-of-the-old-q", _variant(record=lambda x, r, theta, new:
                (_expected_complete(x, r, theta, new) -
                float(np.where(r > 0, r * np.log(np.where(r > 0, r, 1)), 0).sum()))),
                "You record L at the new theta, with the q of the E-step before. After the M-step L lies below log "
                "p: by how much?"),
        Mistake("Sigma-over-n", _variant(m=lambda x, r, theta: _over(x, r, np.full(r.shape[1], len(x)))),
                "Sigma_j is divided by n. Which share of the points does component j answer for?"),
        Mistake("Sigma-unbiased", _variant(m=lambda x, r, theta: _over(x, r, r.sum(0) - 1)),
                "Sigma_j is divided by R_j - 1. The likelihood is largest with R_j."),
        Mistake("Sigma-diagonal", _variant(m=lambda x, r, theta: (*_m(x, r)[:2], _m(x, r)[2] * np.eye(x.shape[1]))),
                "Your covariances are kept diagonal: the ellipses cannot tilt. That is another model."),
        Mistake("over-points", _variant(e=lambda x, pi, mu, Sigma: posterior(log_joint(x, pi, mu, Sigma).T).T),
                "Your responsibilities are normalised over the points. Each point hands out one unit: along which "
                "axis?"),
    ],
    ask={
        "condition": "Which way round is the comparison with tol?",
    },
    hints=[
        "You have both halves already: a loop around e_step and m_step, and one number to remember from each pass.",
        "After the M-step, compute log p of the new parameters: the log of the sum over the components, summed over "
        "the points. Append it, then compare the last two entries.",
        "The loop runs at most max_iter times. Inside: responsibilities from the current parameters, new parameters "
        "from the responsibilities, log p from the new parameters. Leave the loop when two neighbours in the list "
        "differ by less than tol.",
    ],
    by_hand="Write down, for two iterations, in which order r_1, theta_1, log p(x | theta_1), r_2, theta_2 are made, "
            "and which of them each one needs.",
)  # fmt: skip


# ---- match_labels


def match_labels(mu_a, mu_b):
    """p (k,): the permutation for which mu_a[p] is closest to mu_b in summed squared distance."""
    from scipy.optimize import linear_sum_assignment

    squared = np.sum((mu_b[:, None] - mu_a) ** 2, axis=2)
    return linear_sum_assignment(squared)[1]


def _costs(mu_a, mu_b):
    return np.sum((mu_b[:, None] - mu_a) ** 2, axis=2)


def _greedy(mu_a, mu_b):
    cost, p = _costs(mu_a, mu_b), []
    for row in cost:
        p.append(min((j for j in range(len(row)) if j not in p), key=row.__getitem__))
    return np.array(p)


def _by_distance(power):
    def best(mu_a, mu_b):
        cost = _costs(mu_a, mu_b) ** power
        k = range(len(cost))
        return np.array(min(permutations(k), key=lambda p: sum(cost[j, p[j]] for j in k)))

    return best


def _match_problems(rng):
    def permuted(k, d, noise):
        mu = rng.standard_normal((k, d)) * 3
        return mu, mu[rng.permutation(k)] + noise * rng.standard_normal((k, d))

    cycle = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    pairs = {
        "hand-sized": (cycle, cycle[[1, 2, 0]] + 0.1),
        "one component": permuted(1, 2, 0.1),
        "one dimension, where the nearest mean is taken twice": (
            np.array([[0.0], [2.0], [7.0]]),
            np.array([[7.5], [1.1], [1.2]]),
        ),
        "the greedy choice is not the best": (
            np.array([[2.1], [0.0], [9.0]]),
            np.array([[1.2], [8.0], [3.6]]),
        ),
        "one far pair": (
            np.array([[0.0, 0.0], [3.0, 0.0], [9.0, 1.0]]),
            np.array([[3.0, 0.2], [6.0, 0.0], [0.0, 0.1]]),
        ),
        "distances, their squares and fourth powers decide otherwise": (
            np.array([[3.9, -3.8], [-3.5, -0.3], [2.6, -0.6], [1.5, 2.7]]),
            np.array([[1.0, -0.5], [0.8, 2.5], [2.4, 2.8], [4.8, 3.2]]),
        ),
        "4 components": permuted(4, 2, 0.3),
        "5 components, all far from their partners": permuted(5, 3, 4.0),
        "6 components in one dimension": permuted(6, 1, 2.0),
    }
    return [Problem(label, {"mu_a": a, "mu_b": b}) for label, (a, b) in pairs.items()]


def _judge_match(problem, output):
    mu_a, mu_b = problem.args.values()
    k, p = len(mu_a), np.asarray(output)
    if p.shape != (k,):
        return f"p must hold one index for each of the {k} components, got shape {p.shape}."
    if (p != np.round(p)).any():
        return "p must hold whole numbers: it is used as an index, mu_a[p]."
    p = p.astype(int)
    if sorted(p) != list(range(k)):
        if sorted(p) == list(range(1, k + 1)):
            return "from-one", "Your labels count from 1. As an index, mu_a[p], they must count from 0."
        return f"p = {list(map(int, p))} is no permutation of 0 .. {k - 1}: each component must be used exactly once."
    cost = lambda p: np.sum((mu_a[p] - mu_b) ** 2)
    best = min(cost(list(q)) for q in permutations(range(k)))
    if cost(p) <= best * (1 + 1e-9) + 1e-12:
        return ""
    if cost(np.argsort(p)) <= best * (1 + 1e-9):
        return "inverse", (
            "This is the inverse permutation: mu_b[p] is close to mu_a. The other way round was asked. p[j] is the row "
            "of which array?"
        )
    return (
        f"mu_a[p] is at a summed squared distance of {cost(p):.4g} from mu_b, and another permutation comes closer. "
        "How can you be sure to have compared all of them?"
    )


MATCH_LABELS = Exercise(
    match_labels, lesson="05-em", out={"p": "k"}, problems=_match_problems, index=("p",), judge=_judge_match,
    statement="The permutation p (k,) of 0 .. k-1 for which mu_a[p] is closest to mu_b in summed squared distance: "
              "whole numbers, in an array or a list. mu_a and mu_b are (k, d).",
    mistakes=[
        Mistake("inverse", lambda mu_a, mu_b: np.argsort(match_labels(mu_a, mu_b)),
                "This is the inverse permutation: mu_b[p] is close to mu_a. The other way round was asked. p[j] is "
                "the row of which array?"),
        Mistake("nearest", lambda mu_a, mu_b: _costs(mu_a, mu_b).argmin(axis=1),
                "Each mean takes its nearest partner, even if another has taken it already. What makes p a "
                "permutation?"),
        Mistake("greedy", _greedy,
                "Each mean in turn takes the nearest partner that is left. An early choice can cost a later one "
                "dearly: which sum is to be smallest?"),
        Mistake("farthest", lambda mu_a, mu_b: match_labels(-mu_a, mu_b),
                "This permutation brings mu_a[p] as far from mu_b as can be. Is the sum to be largest or smallest?"),
        Mistake("distance-not-squared", _by_distance(0.5),
                "You minimise the sum of the distances. The sum of their squares was asked: one long way counts for "
                "more."),
        Mistake("sorted", lambda mu_a, mu_b: np.argsort(mu_a[:, 0])[np.argsort(np.argsort(mu_b[:, 0]))],
                "You pair the means by the order of their first coordinate. In more than one dimension, is that the "
                "nearest?"),
        Mistake("identity", lambda mu_a, mu_b: np.arange(len(mu_a)),
                "You leave the labels as they are. They are arbitrary: which order of mu_a's rows comes closest to "
                "mu_b?"),
        Mistake("sum-over-k", lambda mu_a, mu_b: match_labels(mu_a, mu_b) + 1,
                "Your labels count from 1. As an index, mu_a[p], they must count from 0."),
        Mistake("rows-instead-of-p", lambda mu_a, mu_b: mu_a[match_labels(mu_a, mu_b)],
                "You return the permuted means, mu_a[p]. The permutation p itself was asked."),
    ],
    hints=[
        "For a small k you can simply try all orders. Which number do you compare?",
        "Make a table of squared distances, one row for each row of mu_b, one column for each row of mu_a. A "
        "permutation picks one entry in every row and in every column.",
        "Either loop over itertools.permutations(range(k)) and keep the one with the smallest sum, or look at "
        "scipy.optimize.linear_sum_assignment, which finds it for large k too.",
    ],
    by_hand="Means 0, 2, 7 on a line and 7.5, 1.1, 1.2: write the table of squared distances and pick one entry in "
            "every row and column.",
)  # fmt: skip

EXERCISES = [E_STEP, M_STEP, EM_FIT, MATCH_LABELS]
