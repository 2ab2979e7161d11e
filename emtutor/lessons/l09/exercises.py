"""Lesson 09: what each half-step gains, and the bound that touches."""

import numpy as np

from emtutor import problems
from emtutor.causes import Problem
from emtutor.maths.formulas import elbo, kl, log_joint, log_p, posterior
from emtutor.tutor.exercise import Exercise, Mistake

LESSON = "09-em-as-ascent"


def _evidence(a):
    return log_p(a).sum()


def _terms(a, *rest):
    """The size of what cancels in a gain."""
    return np.abs(a).sum() + 1.0


# ---- e_step_gains


def e_step_gains(log_joint, q_old):
    top = log_joint.max(1, keepdims=True)
    log_p = top + np.log(np.exp(log_joint - top).sum(1, keepdims=True))
    log_posterior = log_joint - log_p
    used = q_old > 0
    L_old = (q_old[used] * (log_joint[used] - np.log(q_old[used]))).sum()
    KL_old = (q_old[used] * (np.log(q_old[used]) - log_posterior[used])).sum()
    return log_p.sum() - L_old, 0.0, -KL_old


def _e_step_problems(rng):
    made = problems.posed("log_joint q_old", rng)
    a = made[1].args["log_joint"]
    hard = np.eye(a.shape[1])[rng.integers(0, a.shape[1], len(a))]
    made.append(Problem("q_old one-hot", {"log_joint": a, "q_old": hard}))
    made.append(Problem("q_old is the posterior", {"log_joint": a, "q_old": posterior(a)}))
    return made


E_STEP_GAINS = Exercise(
    e_step_gains, lesson=LESSON, chain="e_step_gain", out={"gain_L": "", "gain_log_p": "", "change_KL": ""},
    problems=_e_step_problems, scale=_terms,
    statement="One E-step: the gain in L, the gain in log p and the change of KL, totals over the points, new minus "
              "old. log_joint, q_old (n, k); theta does not move.",
    mistakes=[
        Mistake("log-p-gains-too", lambda a, q: (kl(a, q), kl(a, q), -kl(a, q)),
                "log p gains nothing in an E-step. Which of theta and q does log p(x | theta) depend on?"),
        Mistake("old-minus-new", lambda a, q: (-kl(a, q), 0.0, kl(a, q)),
                "The signs are those of old minus new. A gain is new minus old."),
        Mistake("kl-as-gain", lambda a, q: (kl(a, q), 0.0, kl(a, q)),
                "KL falls to zero in the E-step: its change is negative."),
        Mistake("without-entropy", lambda a, q:
                ((posterior(a) * a).sum() - np.where(q > 0, q * a, 0).sum(), 0.0, -kl(a, q)),
                "The gain of E_q[log p(x, z)] is taken for the gain of L. Their difference is an entropy, and q "
                "changes."),
        Mistake("only-the-joint", lambda a, q: (lambda g: (g, 0.0, -g))(((posterior(a) - q) * a).sum()),
                "This is the gain of E_q[log p(x, z)]. L has the entropy of q as well, and q changes."),
        Mistake("hard", lambda a, q: (lambda g: (g, 0.0, -g))(a.max(1).sum() - elbo(a, q)),
                "Your new q is one-hot, the likeliest label of each point. The E-step sets q to the posterior."),
        Mistake("kl-unchanged", lambda a, q: (kl(a, q), 0.0, 0.0),
                "Your KL does not change. log p = L + KL stays, and L rises: what must KL do?"),
        Mistake("old-values", lambda a, q: (elbo(a, q), 0.0, -elbo(a, q)),
                "This is L before the step, not what it gains. What is L after the step?"),
        Mistake("new-values", lambda a, q: (_evidence(a), 0.0, 0.0),
                "This is L after the step, and KL after the step. Subtract their values before it."),
        Mistake("kl-reversed", lambda a, q:
                (kl(a, q), 0.0,
                -np.where(posterior(a) > 0, posterior(a) * (np.log(posterior(a)) - np.log(q)), 0).sum()) if
                (q > 0).all() else None,
                "The divergence is taken from the posterior to q_old. In the lemma the expectation is under q."),
        Mistake("to-uniform", lambda a, q: (elbo(a, np.full(a.shape, 1 / a.shape[1])) - elbo(a, q), 0.0, -kl(a, q)),
                "Your new q is uniform. The E-step sets q to the posterior."),
    ],
    hints=[
        "theta is fixed. Which of the three totals can then not change at all?",
        "After the step q is the posterior: what are KL and L there?",
        "The gain in L is log p minus the old L; KL goes from its old value to zero. For the old KL use logarithms of "
        "the posterior.",
    ],
    by_hand="One point, two labels, p = (0.3, 0.1), q_old = (1/2, 1/2): compute all six numbers before and after.",
)  # fmt: skip


# ---- m_step_gains


def m_step_gains(log_joint_old, log_joint_new, q):
    totals = []
    used = q > 0
    for a in (log_joint_old, log_joint_new):
        top = a.max(1, keepdims=True)
        log_p = top + np.log(np.exp(a - top).sum(1, keepdims=True))
        elbo = (q[used] * (a[used] - np.log(q[used]))).sum()
        kl = (q[used] * (np.log(q[used]) - (a - log_p)[used])).sum()
        totals.append((elbo, log_p.sum(), kl))
    old, new = totals
    return tuple(b - a for a, b in zip(old, new, strict=True))


def _gains(old, new, q):
    return elbo(new, q) - elbo(old, q), _evidence(new) - _evidence(old), kl(new, q) - kl(old, q)


def _m_step_problems(rng):
    made = problems.posed("log_joint_old log_joint_new q", rng)
    args = made[1].args
    hard = np.eye(args["q"].shape[1])[rng.integers(0, args["q"].shape[1], len(args["q"]))]
    made.append(Problem("q one-hot", args | {"q": hard}))
    made.append(Problem("q is the old posterior", args | {"q": posterior(args["log_joint_old"])}))
    made.append(Problem("nothing moves", args | {"log_joint_new": args["log_joint_old"].copy()}))
    return made


M_STEP_GAINS = Exercise(
    m_step_gains, lesson=LESSON, chain="m_step_gain", out={"gain_L": "", "gain_log_p": "", "change_KL": ""},
    problems=_m_step_problems, scale=_terms,
    statement="One M-step with any q held fixed: gain in L, gain in log p, change of KL; totals, new minus old. "
              "log_joint_old and log_joint_new (n, k) are the log-joints before and after, q (n, k).",
    mistakes=[
        Mistake("kl-was-zero", lambda old, new, q: (_gains(old, new, q)[0], _gains(old, new, q)[1], kl(new, q)),
                "You take KL before the step to be zero. That is so only if q was the old posterior; here q is "
                "anything."),
        Mistake("posterior-of-old", lambda old, new, q: _gains(old, new, posterior(old)),
                "You replaced q by the old posterior. Right inside EM; here q is given, and may be anything."),
        Mistake("posterior-of-new", lambda old, new, q:
                (_evidence(new) - elbo(old, q), _evidence(new) - _evidence(old), -kl(old, q)),
                "q moves in your M-step. An M-step holds q fixed; the next E-step moves it."),
        Mistake("log-p-gains-as-L", lambda old, new, q:
                (_gains(old, new, q)[0], _gains(old, new, q)[0], _gains(old, new, q)[2]),
                "log p gains more or less than L does: by how much, says the change of KL."),
        Mistake("new-values", lambda old, new, q: (elbo(new, q), _evidence(new), kl(new, q)),
                "These are the values after the step. Subtract those before it."),
        Mistake("kl-unchanged", lambda old, new, q: (*_gains(old, new, q)[:2], 0.0),
                "Your KL does not change. q stays, but the posterior moves with theta: so does the divergence from "
                "it."),
        Mistake("kl-sign", lambda old, new, q: (*_gains(old, new, q)[:2], -_gains(old, new, q)[2]),
                "The change of KL has the wrong sign. The three must satisfy: gain of log p = gain of L + change of "
                "KL."),
        Mistake("kl-sum", lambda old, new, q: (*_gains(old, new, q)[:2], sum(_gains(old, new, q)[:2])),
                "Your change of KL is the sum of the two gains. log p = L + KL: what is KL itself, and so its change?"),
    ],
    hints=[
        "Three functions, L, log p and KL, each at two places. Write the three once and call them twice.",
        "q is the same before and after; the joint is not, and so neither is the posterior in KL.",
        "For each of the two tables: log-sum-exp of the rows, then L and KL with q, from their own definitions.",
    ],
    by_hand="One point: joints (0.3, 0.1) before, (0.1, 0.3) after, q = (1/2, 1/2). What does log p do, what does KL?",
)  # fmt: skip


# ---- bound_along, log_likelihood_along


def bound_along(x, r, theta_a, theta_b, t):
    def log_density(mu, Sigma):
        away = x - mu
        squared = (away * np.linalg.solve(Sigma, away.T).T).sum(1)
        return -(x.shape[1] * np.log(2 * np.pi) + np.linalg.slogdet(Sigma)[1] + squared) / 2

    L = np.full(len(t), np.nan)
    used = r > 0
    for i, s in enumerate(t):
        pi, mu, Sigma = (a + s * (b - a) for a, b in zip(theta_a, theta_b, strict=True))
        if pi.min() > 0 and np.linalg.eigvalsh(Sigma).min() > 0:
            columns = [np.log(pi[j]) + log_density(mu[j], Sigma[j]) for j in range(len(pi))]
            a = np.stack(columns, axis=1)
            L[i] = (r[used] * (a[used] - np.log(r[used]))).sum()
    return L


def log_likelihood_along(x, theta_a, theta_b, t):
    def log_density(mu, Sigma):
        away = x - mu
        squared = (away * np.linalg.solve(Sigma, away.T).T).sum(1)
        return -(x.shape[1] * np.log(2 * np.pi) + np.linalg.slogdet(Sigma)[1] + squared) / 2

    log_p = np.full(len(t), np.nan)
    for i, s in enumerate(t):
        pi, mu, Sigma = (a + s * (b - a) for a, b in zip(theta_a, theta_b, strict=True))
        if pi.min() > 0 and np.linalg.eigvalsh(Sigma).min() > 0:
            columns = [np.log(pi[j]) + log_density(mu[j], Sigma[j]) for j in range(len(pi))]
            a = np.stack(columns, axis=1)
            top = a.max(1)
            log_p[i] = (top + np.log(np.exp(a - top[:, None]).sum(1))).sum()
    return log_p


def _along(function, theta_a, theta_b, t, at=None):
    """function(theta) at theta_a + t (theta_b - theta_a), NaN where that is no theta; `at` puts in a wrong path."""
    at = at or (lambda a, b, s: a + s * (b - a))
    values = []
    for s in t:
        pi, mu, Sigma = (at(a, b, s) for a, b in zip(theta_a, theta_b, strict=True))
        valid = pi.min() > 0 and np.linalg.eigvalsh(Sigma).min() > 0
        values.append(function(pi, mu, Sigma) if valid else np.nan)
    return np.array(values)


def _bound(x, r):
    return lambda *theta: elbo(log_joint(x, *theta), r)


def _log_p(x):
    return lambda *theta: _evidence(log_joint(x, *theta))


def _lines(names):
    def make(rng):
        made = []
        for label, n, k, d in (("two components", 7, 2, 2), ("three components", 9, 3, 2), ("d = 1", 6, 2, 1)):
            world = problems.world(rng, n, k, d)
            other = problems.world(rng, n, k, d)
            near = tuple(a + 0.4 * (b - a) for a, b in zip(world["theta_a"], other["theta_a"], strict=True))
            line = {"theta_b": near, "t": np.array([-0.5, 0.0, 0.3, 1.0, 1.5])}
            made.append(Problem(label, {name: (world | line)[name] for name in names.split()}))
        made.append(_leaving(made[0], names))
        made.append(_too_correlated(made[0], names))
        far = problems.far_out(problems.world(rng, 6, 2, 2), rng)
        moved = tuple(
            a + 0.3 * (b - a) for a, b in zip(far["theta_a"], problems.world(rng, 6, 2, 2)["theta_a"], strict=True)
        )
        line = {"theta_b": moved, "t": np.array([0.0, 0.4, 1.0])}
        made.append(Problem("one point far out", {name: (far | line)[name] for name in names.split()}))
        if "r" in names.split():
            certain = made[0].args["r"].copy()
            certain[0] = np.eye(certain.shape[1])[1]
            made.append(Problem("a zero in r", made[0].args | {"r": certain}))
        return made + problems.extremes(names, rng, theta_b=_further, t=np.array([0.0, 0.3, 1.0]))

    return make


def _further(w):
    """Another theta for a world: other weights, means a little further on, larger covariances."""
    pi, mu, Sigma = w["theta_a"]
    return (
        0.5 * pi[::-1] + 0.5 / len(pi),
        mu + 0.3 * (w["x"][0] - mu),
        Sigma * np.linspace(1.2, 1.7, len(pi))[:, None, None],
    )


def _leaving(problem, names):
    """A line that leaves the valid region on both sides: pi and Sigma turn negative."""
    args = dict(problem.args)
    _, mu, Sigma = args["theta_a"]
    a = (np.array([0.15, 0.85]), mu, Sigma)
    b = (np.array([0.55, 0.45]), mu + 0.5, Sigma * np.array([0.2, 1.6])[:, None, None])
    args |= {"theta_a": a, "theta_b": b, "t": np.array([-0.5, -0.2, 0.1, 0.8, 1.2, 1.2501, 1.4])}
    return Problem("a line that leaves the valid parameters", args)


def _too_correlated(problem, names):
    """A line on which all variances stay positive, and component 2's covariance grows too large for them."""
    args = dict(problem.args)
    pi, mu, Sigma = args["theta_a"]
    spread = np.sqrt(np.diagonal(Sigma, axis1=1, axis2=2))
    scale = spread[:, :, None] * spread[:, None, :]
    a, b = ((pi, mu, scale * np.array([[[1.0, 0.1], [0.1, 1.0]], [[1.0, rho], [rho, 1.0]]])) for rho in (0.1, 0.9))
    args |= {"theta_a": a, "theta_b": b, "t": np.array([-0.4, 0.2, 1.0, 1.2, 1.45])}
    return Problem("a line on which the correlation grows beyond 1", args)


def _beyond_the_valid(problem, output, expected):
    """Where theta(t) is no theta, NaN is asked for; any number there is a value of something else."""
    output = np.asarray(output, dtype=float)
    outside = np.isnan(expected) & ~np.isnan(output)
    if not outside.any() or not np.allclose(output[~outside], expected[~outside], equal_nan=True):
        return ""  # where others are wrong too, their cause is the nearer one
    t = problem.args["t"][outside][0]
    return (
        f"The other entries are right. At t = {t:.2g} a weight or an eigenvalue of a Sigma_j is not positive, so "
        f"theta(t) is no theta: NaN is asked for, and yours is {output[outside][0]:.4g}. What do you test first, and "
        "of which arrays?"
    )


def _line_mistakes(x_function):
    """What goes wrong on the way along the line; x_function(*data) is the function of theta."""

    def moved(at):
        return lambda *args: _along(x_function(*args[:-3]), *args[-3:], at=at)

    return [
        Mistake("sum", moved(lambda a, b, s: a + s * b),
                "theta_b itself is added, not the difference theta_b - theta_a. What should t = 1 give?"),
        Mistake("clipped", moved(lambda a, b, s: a + min(max(s, 0), 1) * (b - a)),
                "t is kept between 0 and 1. The line goes on: from -1/2 to 3/2."),
        Mistake("means-only", lambda *args:
                (lambda data, a, b, t: _along(x_function(*data), a, (a[0], b[1], a[2]), t))(args[:-3], *args[-3:]),
                "Only the means move. pi and Sigma go along the line too."),
        Mistake("values-interpolated", lambda *args:
                (lambda f, a, b, t: f(*a) + t * (f(*b) - f(*a)))(x_function(*args[:-3]), *args[-3:]),
                "The values at both ends are joined by a straight line. It is theta that moves along the line."),
    ]  # fmt: skip


BOUND_ALONG = Exercise(
    bound_along, lesson=LESSON, chain="m_step_bound", out={"L": "m"}, problems=_lines("x r theta_a theta_b t"),
    extra=_beyond_the_valid,
    statement="L(q, theta(t)) for q given by r (n, k), at theta(t) = theta_a + t (theta_b - theta_a) for each t (m,); "
              "theta_a, theta_b are tuples (pi, mu, Sigma). NaN where theta(t) is invalid: a weight or eigenvalue not "
              "positive.",
    mistakes=[
        *_line_mistakes(_bound),
        Mistake("new-r", lambda x, r, a, b, t: _along(_log_p(x), a, b, t),
                "r is computed anew at each t, so this is log p itself. The bound keeps the r it was given."),
        Mistake("zero-log-zero", lambda x, r, a, b, t:
                _along(lambda *theta: (r * (log_joint(x, *theta) - np.log(r))).sum(), a, b, t),
                "Right as long as no r is 0: there 0 log 0 gives NaN, and should count 0."),
    ],
    hints=[
        "Move each of the three arrays: theta(t) is again (pi, mu, Sigma).",
        "For one t: the table log pi_j + log N, then L with the r that you were given.",
        "Before you compute, test: all pi > 0, and np.linalg.eigvalsh(Sigma) > 0 for all. Otherwise leave NaN.",
    ],
    by_hand="Draw log p and a bound that touches it at t = 0. Where on the line must the bound have its highest point?",
)  # fmt: skip

LOG_LIKELIHOOD_ALONG = Exercise(
    log_likelihood_along, lesson=LESSON, out={"log_p": "m"}, problems=_lines("x theta_a theta_b t"),
    extra=_beyond_the_valid,
    statement="log p(x | theta(t)) at theta(t) = theta_a + t (theta_b - theta_a) for each t (m,), NaN where theta(t) "
              "is invalid: a weight or an eigenvalue not positive. theta_a, theta_b are tuples (pi, mu, Sigma).",
    mistakes=[
        *_line_mistakes(_log_p),
        Mistake("frozen-r", lambda x, a, b, t: _along(_bound(x, posterior(log_joint(x, *a))), a, b, t),
                "This is the bound with r of theta_a. log p sums the joint over the labels at each t."),
        Mistake("log-inside", lambda x, a, b, t: _along(lambda *theta: log_joint(x, *theta).sum(), a, b, t),
                "The logarithms are summed over the components. The joint is summed first, then logged."),
        Mistake("likeliest-only", lambda x, a, b, t: _along(lambda *theta: log_joint(x, *theta).max(1).sum(), a, b, t),
                "Only the likeliest component of each point counts. log p adds up the joint over all of them."),
    ],
    hints=[
        "Move each of the three arrays: theta(t) is again (pi, mu, Sigma).",
        "For one t this is the log-likelihood of lesson 02: log-sum-exp over the components, sum over the points.",
        "Test for validity first: all pi > 0, and np.linalg.eigvalsh(Sigma) > 0 for all. Otherwise leave NaN.",
    ],
    by_hand="For which t does the line from pi = (0.2, 0.8) to (0.6, 0.4) leave the valid weights?",
)  # fmt: skip

EXERCISES = [E_STEP_GAINS, M_STEP_GAINS, BOUND_ALONG, LOG_LIKELIHOOD_ALONG]
