"""Lesson 10: gradients of the bound, generalised EM, exponential families, priors, rates."""

import numpy as np

from emtutor import problems
from emtutor.causes import Problem, Quantity
from emtutor.maths import gaussian
from emtutor.maths.formulas import log_joint, m_step
from emtutor.tutor.exercise import Exercise, Mistake

LESSON = "10-observations"


# ---- grad_elbo_mu


def grad_elbo_mu(x, r, pi, mu, Sigma):
    pull = r.T @ x - r.sum(0)[:, None] * mu
    return np.stack([np.linalg.solve(S, v) for S, v in zip(Sigma, pull, strict=True)])


def _pull(x, r, mu):
    return r.T @ x - r.sum(0)[:, None] * mu


def _solved(Sigma, v):
    return np.linalg.solve(Sigma, v[:, :, None])[:, :, 0]


GRAD_ELBO_MU = Exercise(
    grad_elbo_mu, lesson=LESSON, chain="fisher", out={"gradient": "kd"},
    problems=lambda rng: problems.posed("x r pi mu Sigma", rng),
    statement="The gradient (k, d) of the total L(q, theta) in mu, q held fixed and given by r (n, k). x (n, d), pi "
              "(k,), mu (k, d), Sigma (k, d, d).",
    mistakes=[
        Mistake("own-posterior", lambda x, r, pi, mu, Sigma:
                _solved(Sigma, _pull(x, gaussian.e_step(x, gaussian.Theta(pi, mu, Sigma)), mu)),
                "You computed r from theta: that is the gradient of log p. Here r is given, and need not be the "
                "posterior."),
        Mistake("divided-by-R", lambda x, r, pi, mu, Sigma: _solved(Sigma, _pull(x, r, mu)) / r.sum(0)[:, None],
                "Divided by R_j. That belongs to the update, not to the gradient."),
        Mistake("times-pi", lambda x, r, pi, mu, Sigma: pi[:, None] * grad_elbo_mu(x, r, pi, mu, Sigma),
                "A factor pi_j: it is in r already, if anywhere. In L, log pi_j is a term that does not contain mu."),
    ],
    ask={
        "inverse:Sigma": "If x is in minutes, which unit must the gradient have?",
        "sign:result": "Put mu_j left of all its points: should L rise or fall when mu_j moves right?",
    },
    hints=[
        "Which terms of L contain mu_j? The entropy of q does not, nor does log pi_j.",
        "Only -r_ij (x_i - mu_j)^T Sigma_j^-1 (x_i - mu_j) / 2, summed over i. Differentiate it.",
        "The weighted differences sum to r.T @ x - R mu, row by row. Solve with Sigma_j.",
    ],
    by_hand="One dimension, two points: write out the terms with mu_1 and differentiate.",
)  # fmt: skip


# ---- gem_step


def gem_step(x, pi, mu, Sigma, step):
    def log_joint(mu):
        columns = []
        for p, m, S in zip(pi, mu, Sigma, strict=True):
            squared = ((x - m) * np.linalg.solve(S, (x - m).T).T).sum(1)
            columns.append(np.log(p) - np.linalg.slogdet(S)[1] / 2 - squared / 2)
        return np.stack(columns, axis=1)

    a = log_joint(mu)
    r = np.exp(a - a.max(1, keepdims=True))
    r /= r.sum(1, keepdims=True)
    gradient = np.stack([np.linalg.solve(S, v) for S, v in zip(Sigma, r.T @ x - r.sum(0)[:, None] * mu, strict=True)])
    for halvings in range(61):
        new = mu + step / 2**halvings * gradient
        if (r * log_joint(new)).sum() > (r * a).sum():
            return new
    return mu


def _gradient(x, r, mu, Sigma):
    return _solved(Sigma, _pull(x, r, mu))


def _only(j):
    """The gradient in mu_j, the other means held."""
    return lambda x, r, mu, Sigma: _gradient(x, r, mu, Sigma) * (np.arange(len(mu)) == j)[:, None]


def _gem(
    x, pi, mu, Sigma, step, gradient=_gradient, halve=True, refresh=False, accept=None, anew=False, factor=2.0,
    best=False, give_up=True, first=0,
):  # fmt: skip
    """One gradient step on mu with a change: another gradient, another test, another way to shorten the step."""
    r = gaussian.e_step(x, gaussian.Theta(pi, mu, Sigma))
    g = gradient(x, r, mu, Sigma)

    def value(m):
        a = log_joint(x, pi, m, Sigma)
        if refresh:
            return np.logaddexp.reduce(a, axis=1).sum()
        weight = gaussian.e_step(x, gaussian.Theta(pi, m, Sigma)) if anew else r
        return (weight * np.where(weight > 0, a, 0)).sum()

    start = value(mu)
    tried = [mu + step / factor**times * g for times in range(61 if halve else 1)]
    if best:
        return max([mu, *tried], key=value)
    for new in tried[first:]:
        if not halve or (accept or (lambda new, old: new > old))(value(new), start):
            return new
    return mu if give_up else tried[-1]


def _steps(rng):
    """Too long, just right, and so long that 60 halvings do not help."""
    made = []
    sizes = (
        ("a short step", 7, 2, 2, 1e-3),
        ("a long step", 9, 3, 2, 40.0),
        ("d = 1", 6, 2, 1, 3.0),
        ("huge", 8, 2, 2, 1e6),
    )
    for label, n, k, d, length in (*sizes, ("a huge step", 8, 2, 2, 1e6)):
        world = problems.world(rng, n, k, d)
        made.append(Problem(label, {name: world[name] for name in ("x", "pi", "mu", "Sigma")} | {"step": length}))
    far = problems.far_out(problems.world(rng, 6, 2, 2), rng)
    made.append(Problem("one point far out", {name: far[name] for name in ("x", "pi", "mu", "Sigma")} | {"step": 1e-3}))
    # With k = 1 and d = 1 L rises if step < 2 Sigma / n: here only the 60th half is short enough, or not even that.
    one = problems.world(rng, 5, 1, 1)
    for label, power in (("60 halvings", 60), ("more than 60 halvings: mu stays", 61)):
        step = 1.2 * 2.0**power * float(one["Sigma"][0, 0, 0]) / 5
        made.append(Problem(label, {name: one[name] for name in ("x", "pi", "mu", "Sigma")} | {"step": step}))
    return made + problems.extremes("x pi mu Sigma step", rng, step=1e-3)


GEM_STEP = Exercise(
    gem_step, lesson=LESSON, chain="monotone",
    out={"mu": "kd"}, problems=_steps, notation={"step": Quantity("", "opaque")},
    statement="mu (k, d) after one gradient step on the total L: r is the posterior at the start; the full step is "
              "tried first and halved until L rises strictly, at most 60 times, then mu stays.",
    mistakes=[
        Mistake("no-backtracking", lambda x, pi, mu, Sigma, step: _gem(x, pi, mu, Sigma, step, halve=False),
                "The full step is taken even if L falls. A gradient step is a generalised M-step only if it raises L."),
        Mistake("the-gradient", lambda x, pi, mu, Sigma, step:
                _gradient(x, gaussian.e_step(x, gaussian.Theta(pi, mu, Sigma)), mu, Sigma),
                "This is the gradient itself. Wanted is mu after a step along it."),
        Mistake("full-m-step", lambda x, pi, mu, Sigma, step:
                gaussian.e_step(x, gaussian.Theta(pi, mu, Sigma)).T @ x /
                gaussian.e_step(x, gaussian.Theta(pi, mu, Sigma)).sum(0)[:, None],
                "This is the full M-step for mu. Here one gradient step of the given length is asked."),
        Mistake("accepts-a-fall", lambda x, pi, mu, Sigma, step:
                _gem(x, pi, mu, Sigma, step, accept=lambda new, old: new < old),
                "Your test accepts a step when L falls."),
        Mistake("mean-gradient", lambda x, pi, mu, Sigma, step:
                _gem(x, pi, mu, Sigma, step, gradient=lambda x, r, m, S: _solved(S, _pull(x, r, m)) / len(x)),
                "The gradient is divided by n. It is that of the total L."),
        Mistake("natural-gradient", lambda x, pi, mu, Sigma, step:
                _gem(x, pi, mu, Sigma, step, gradient=lambda x, r, m, S: _pull(x, r, m)),
                "Sigma_j^-1 is missing from the gradient. (With it left out the direction is that of EM's own step.)"),
        Mistake("never-moves", lambda x, pi, mu, Sigma, step: mu,
                "mu stays where it was, although a short enough step would raise L. Does your step go along the "
                "gradient, or against it?"),
        Mistake("half-first", lambda x, pi, mu, Sigma, step:  # whether the halvings are 60 or 61 is another matter
                (lambda a, b: a if np.array_equal(a, b) else None)(
                    _gem(x, pi, mu, Sigma, step, first=1), _gem(x, pi, mu, Sigma, step / 2)),
                "The step is halved before it is tried. The full step comes first."),
        Mistake("log-p-for-L", lambda x, pi, mu, Sigma, step: _gem(x, pi, mu, Sigma, step, refresh=True),
                "Your test asks whether log p rises. Here L has to rise, with the r of the start. The two gains "
                "differ by the gap that opens, so log p accepts longer steps."),
        Mistake("r-anew", lambda x, pi, mu, Sigma, step: _gem(x, pi, mu, Sigma, step, anew=True),
                "r is computed anew for each trial. It belongs to the bound: compute it once, at the start, and hold "
                "it."),
        Mistake("tenths", lambda x, pi, mu, Sigma, step: _gem(x, pi, mu, Sigma, step, factor=10),
                "The step is divided by ten each time. It is to be halved."),
        Mistake("unit-gradient", lambda x, pi, mu, Sigma, step:
                _gem(x, pi, mu, Sigma, step, gradient=lambda x, r, m, S:
                (lambda g: g / np.linalg.norm(g))(_gradient(x, r, m, S))),
                "The gradient is scaled to length one. The step multiplies the gradient as it is."),
        Mistake("each-component-alone", lambda x, pi, mu, Sigma, step:
                np.stack([_gem(x, pi, mu, Sigma, step, gradient=_only(j))[j] for j in range(len(mu))]),
                "Each mean has a step length of its own. Here all means move together, with one length."),
        Mistake("best-of-all", lambda x, pi, mu, Sigma, step: _gem(x, pi, mu, Sigma, step, best=True),
                "You try all lengths and keep the best. The first one that raises L is asked for."),
        Mistake("last-try", lambda x, pi, mu, Sigma, step: _gem(x, pi, mu, Sigma, step, give_up=False),
                "Where none of the trials raises L you return the last one. Then mu is to stay."),
    ],
    hints=[
        "Three parts: r at the start, the gradient at the start, then a loop over ever shorter steps.",
        "r and the gradient are computed once. In the loop only mu changes, and L is compared with its value at the "
        "start.",
        "Try step, step / 2, step / 4, ..: return the first mu for which sum r log_joint is larger than at the start.",
    ],
    by_hand="L(m) = -(m - 3)^2, m = 0, step 2: which of the steps 2, 1, 1/2 is accepted?",
)  # fmt: skip


# ---- natural parameters


def natural_parameters(mu, Sigma):
    P = np.linalg.inv(Sigma)
    return P @ mu, -P / 2


def mean_and_covariance(eta1, eta2):
    Sigma = np.linalg.inv(-2 * eta2)
    return Sigma @ eta1, Sigma


def log_partition(eta1, eta2):
    Sigma = np.linalg.inv(-2 * eta2)
    return (eta1 @ Sigma @ eta1 + np.linalg.slogdet(Sigma)[1]) / 2


def _one(rng):
    made = [
        Problem(p.label, {"mu": p.args["mu"][0], "Sigma": p.args["Sigma"][0]}, p.extreme)
        for p in problems.posed("mu Sigma", rng)
        if p.label not in ("one component", "as many points as components", "one point far out")
    ]
    far = made[1].args | {"mu": 40 * made[1].args["mu"]}
    return [*made, Problem("a mean far from zero", far, True)]


def _natural(rng):
    made = []
    for p in _one(rng):
        eta1, eta2 = natural_parameters(*p.args.values())
        made.append(Problem(p.label, {"eta1": eta1, "eta2": eta2}, p.extreme))
    return made


_GAUSS = {"mu": Quantity("d", "centre", 1), "Sigma": Quantity("dd", "spd", 2)}

NATURAL_PARAMETERS = Exercise(
    natural_parameters, lesson=LESSON, chain="natural_parameters", out={"eta1": "d", "eta2": "dd"}, problems=_one,
    notation=_GAUSS,
    statement="eta1 (d,) and eta2 (d, d) of the Gaussian with mean mu (d,) and covariance Sigma (d, d), for phi(x) = "
              "(x, x x^T): log N = eta1 . x + sum(eta2 * x x^T) - log Z - (d/2) log 2 pi.",
    mistakes=[
        Mistake("covariance-for-precision", lambda mu, Sigma: (Sigma @ mu, -Sigma / 2),
                "Sigma stands where its inverse should."),
        Mistake("order", lambda mu, Sigma: (-np.linalg.inv(Sigma) / 2, np.linalg.inv(Sigma) @ mu),
                "The order is eta1 (d,), then eta2 (d, d)."),
        Mistake("mean-and-covariance", lambda mu, Sigma: (mu, Sigma),
                "These are the mean and the covariance. Which factors stand before x and x x^T in the exponent?"),
        Mistake("moments", lambda mu, Sigma: (mu, Sigma + np.outer(mu, mu)),
                "These are the moments E[x] and E[x x^T]. Which factors stand before x and x x^T in the exponent?"),
    ],
    ask={
        "power:Sigma": "Which factor multiplies x when you expand the square?",
    },
    hints=[
        "Expand -(x - mu)^T P (x - mu) / 2 with P the inverse of Sigma. Which terms contain x?",
        "One is quadratic, -x^T P x / 2, and one linear, mu^T P x.",
        "x^T P x is the sum of the entries of P times x x^T. Read off both coefficients.",
    ],
    by_hand="One dimension: write (x - mu)^2 / (2 s) as a polynomial in x.",
)  # fmt: skip

MEAN_AND_COVARIANCE = Exercise(
    mean_and_covariance, lesson=LESSON, chain="natural_parameters", out={"mu": "d", "Sigma": "dd"}, problems=_natural,
    statement="mu (d,) and Sigma (d, d) from the natural parameters eta1 (d,), eta2 (d, d): the way back.",
    mistakes=[
        Mistake("no-two", lambda a, b: (np.linalg.inv(-b) @ a, np.linalg.inv(-b)),
                "A factor 2 is missing: eta2 is minus half the inverse covariance."),
        Mistake("sign", lambda a, b: (np.linalg.inv(2 * b) @ a, np.linalg.inv(2 * b)),
                "The sign: eta2 is negative definite, a covariance is not."),
        Mistake("not-inverted", lambda a, b: (-2 * b @ a, -2 * b), "-2 eta2 is the inverse of the covariance."),
        Mistake("eta1-for-mean", lambda a, b: (a, np.linalg.inv(-2 * b)),
                "eta1 is not the mean: it is the inverse covariance times the mean."),
        Mistake("half-inverse", lambda a, b: (np.linalg.inv(b) @ a / 2, -np.linalg.inv(b) / 2),
                "Sigma is right, but the mean has the wrong sign: use Sigma itself to compute it."),
        Mistake("precision-times-eta1", lambda a, b: (-2 * b @ a, np.linalg.inv(-2 * b)),
                "The mean is eta1 multiplied by the wrong matrix: eta1 = P mu, so mu = ?"),
    ],
    hints=[
        "Undo natural_parameters step by step: which of the two gives Sigma alone?",
        "eta2 = -P / 2, so P = -2 eta2, and Sigma is its inverse.",
        "eta1 = P mu, so mu is Sigma times eta1.",
    ],
    by_hand="One dimension, eta1 = 3, eta2 = -1/4: what are the variance and the mean?",
)  # fmt: skip

LOG_PARTITION = Exercise(
    log_partition, lesson=LESSON, chain="natural_parameters", out={"log_Z": ""}, problems=_natural,
    statement="log Z(eta1, eta2) for the base measure (2 pi)^(-d/2): a number. eta1 (d,), eta2 (d, d).",
    mistakes=[
        Mistake("no-log-det", lambda a, b: a @ np.linalg.inv(-2 * b) @ a / 2,
                "The log-determinant is missing: a wide Gaussian has more to normalise."),
        Mistake("log-det-sign", lambda a, b:
                (a @ np.linalg.inv(-2 * b) @ a - np.linalg.slogdet(np.linalg.inv(-2 * b))[1]) / 2,
                "The log-determinant has the wrong sign: is it that of Sigma or of its inverse?"),
        Mistake("quadratic-sign", lambda a, b:
                (a @ np.linalg.inv(2 * b) @ a + np.linalg.slogdet(np.linalg.inv(-2 * b))[1]) / 2,
                "The term with eta1 has the wrong sign: eta2 is negative definite, Sigma is not."),
        Mistake("negative-determinant", lambda a, b:
                a @ np.linalg.inv(-2 * b) @ a / 2 - np.log(np.linalg.det(2 * b)) / 2,
                "You take the log of det(2 eta2). eta2 is negative definite, so for odd d that determinant is "
                "negative: of which matrix is the determinant to be taken?"),
        Mistake("sign", lambda a, b: -log_partition(a, b), "The sign: log Z is subtracted in the density."),
    ],
    ask={
        "argument:eta1": "Complete the square: which constant is left over?",
    },
    hints=[
        "Write log N with mu and Sigma and collect the terms without x, except (d/2) log 2 pi.",
        "They are mu^T Sigma^-1 mu / 2 and log det Sigma / 2.",
        "In natural parameters mu^T Sigma^-1 mu is eta1^T Sigma eta1, with Sigma the inverse of -2 eta2.",
    ],
    by_hand="One dimension: integrate exp(eta1 x + eta2 x^2) by completing the square.",
)  # fmt: skip


# ---- moment_matching


def moment_matching(x, r):
    R = r.sum(0)
    first = r.T @ x / R[:, None]
    second = np.einsum("nk,na,nb->kab", r, x, x) / R[:, None, None]
    return first, second


def _moments(x, r, divide=None, second=None):
    R = r.sum(0)
    first = r.T @ x / R[:, None]
    outer = np.einsum("nk,na,nb->kab", r, x, x) / R[:, None, None]
    return first, outer if second is None else second(x, r, first, outer, R)


MOMENT_MATCHING = Exercise(
    moment_matching, lesson=LESSON, chain="moment_matching", out={"first": "kd", "second": "kdd"},
    problems=lambda rng: problems.posed("x r", rng),
    statement="E[x] (k, d) and E[x x^T] (k, d, d) of each component, averages weighted by r (n, k). x (n, d).",
    mistakes=[
        Mistake("covariance", lambda x, r: _moments(x, r, second=lambda x, r, m, o, R: o - m[:, :, None] * m[:, None]),
                "This is the covariance. The second moment is E[x x^T], with no mean subtracted."),
        Mistake("outer-of-means", lambda x, r: _moments(x, r, second=lambda x, r, m, o, R: m[:, :, None] * m[:, None]),
                "This is E[x] E[x]^T. The average of the products is not the product of the averages."),
    ],
    hints=[
        "Two weighted averages, with weights r_ij / R_j.",
        "For the second, average the outer products x_i x_i^T.",
        "np.einsum('nk,na,nb->kab', r, x, x) sums r_ij x_ia x_ib over the points.",
    ],
    by_hand="Points 1 and 3 with weights 3/4 and 1/4: E[x], E[x^2], and E[x^2] - E[x]^2.",
)  # fmt: skip


# ---- map_m_step


def map_m_step(x, r, alpha, m0, kappa0, S0, nu0):
    n, d = x.shape
    R = r.sum(0)
    pi = (R + alpha - 1) / (n + (alpha - 1).sum())
    mu = (r.T @ x + kappa0 * m0) / (R + kappa0)[:, None]
    Sigma = []
    for j in range(len(R)):
        scatter = ((x - mu[j]) * r[:, j, None]).T @ (x - mu[j])
        prior = S0 + kappa0 * np.outer(mu[j] - m0, mu[j] - m0)
        Sigma.append((scatter + prior) / (nu0 + R[j] + d + 2))
    return pi, mu, np.stack(Sigma)


def _map(x, r, alpha, m0, kappa0, S0, nu0, pi=None, mu=None, extra=1.0, shift=2, centre=None, pull=None):
    d, R = x.shape[1], r.sum(0)
    weights = (R + alpha - 1) / (len(x) + (alpha - 1).sum()) if pi is None else pi(R, alpha, len(x))
    means = (r.T @ x + kappa0 * m0) / (R + kappa0)[:, None] if mu is None else mu(x, r, R)
    weight, away = (extra * kappa0 + 0 * R, means - m0) if pull is None else pull(x, r, R, kappa0, m0)
    Sigma = []
    for j in range(len(R)):
        c = means[j] if centre is None else centre(x, r, R)[j]
        scatter = ((x - c) * r[:, [j]]).T @ (x - c)
        prior = S0 + weight[j] * np.outer(away[j], away[j])
        Sigma.append((scatter + prior) / (nu0 + R[j] + d + shift))
    return weights, means, np.stack(Sigma)


def _changed(**changes):
    return lambda *args: _map(*args, **changes)


MAP_M_STEP = Exercise(
    map_m_step, lesson=LESSON, chain="map_niw", out={"pi": "k", "mu": "kd", "Sigma": "kdd"},
    problems=lambda rng: problems.posed("x r alpha m0 kappa0 S0 nu0", rng),
    notation={"S0": Quantity("dd", "spd", 2), "m0": Quantity("d", "centre", 1)},
    statement="pi (k,), mu (k, d), Sigma (k, d, d): the joint mode under Dirichlet(alpha) and, for each component, "
              "normal-inverse-Wishart(m0, kappa0, S0, nu0), so that the denominator of Sigma_j is nu0 + R_j + d + 2. x "
              "(n, d), r (n, k), alpha (k,), m0 (d,), S0 (d, d).",
    mistakes=[
        Mistake("dirichlet-mean", _changed(pi=lambda R, a, n: (R + a) / (n + a.sum())),
                "pi is the mean of the Dirichlet, not its mode: what do the exponents alpha_j - 1 say?"),
        Mistake("no-pull-term", _changed(extra=0.0),
                "Sigma lacks kappa0 (mu_j - m0)(mu_j - m0)^T: the prior ties the mean to m0 in units of Sigma_j."),
        Mistake("marginal-mode", _changed(shift=1),
                "The denominator is that of Sigma's own mode, nu0 + R_j + d + 1. In the joint mode with mu there is "
                "one more."),
        Mistake("pull-twice", _changed(pull=lambda x, r, R, kappa0, m0:
                (kappa0 * R / (kappa0 + R), r.T @ x / R[:, None] - m0)),
                "The distance of the weighted mean from m0 is counted twice: the scatter around mu_j holds a part of "
                "it already."),
        Mistake("pull-in-full", _changed(centre=lambda x, r, R: r.T @ x / R[:, None], pull=lambda x, r, R, kappa0, m0:
                (kappa0 + 0 * R, r.T @ x / R[:, None] - m0)),
                "Scatter and prior both refer to the weighted mean. The joint mode has mu_j itself in both places."),
        Mistake("sample-centre", _changed(centre=lambda x, r, R: r.T @ x / R[:, None]),
                "The scatter is taken around the weighted mean. In the joint mode it is around mu_j, the new one."),
        Mistake("maximum-likelihood", lambda x, r, *prior: tuple(m_step(x, r)),
                "The prior does not enter at all: this is the M-step of maximum likelihood."),
    ],
    hints=[
        "Treat the prior as points already seen: alpha_j - 1 for the weights, kappa0 at m0 for the mean.",
        "Differentiate the expected complete-data log-likelihood plus the log prior. For mu_j that is a weighted mean "
        "of the data and m0.",
        "Sigma_j: scatter around the new mu_j, plus S0, plus kappa0 (mu_j - m0)(mu_j - m0)^T, over nu0 + R_j + d + 2.",
    ],
    by_hand="One dimension, one point x = 4, r = 1, m0 = 0, kappa0 = 1: what is mu?",
)  # fmt: skip


# ---- convergence_rate, aitken


def convergence_rate(thetas):
    steps = np.diff(thetas, axis=0)
    return np.linalg.norm(steps[-1]) / np.linalg.norm(steps[-2])


def aitken(thetas):
    a, b, c = thetas[-3:]
    return c - (c - b) ** 2 / ((c - b) - (b - a))


def _iterates(rng):
    made = []
    for label, m, p, rates in (
        ("one parameter", 5, 1, [0.6]),
        ("three parameters", 6, 3, [0.8, 0.5, 0.3]),
        ("four iterates of two", 4, 2, [0.9, 0.4]),
        ("three iterates", 3, 2, [0.7, 0.2]),
        ("a limit below zero", 5, 2, [0.8, 0.3]),
        ("iterates that alternate", 4, 2, [-0.6, -0.3]),
        ("iterates that run away", 4, 2, [1.3, 1.1]),
        ("40 iterates of six", 40, 6, [0.97, 0.96, 0.95, 0.94, 0.93, 0.92]),
    ):
        limit, error = rng.normal(2, 1, p), rng.normal(0, 1, p) + 0.3
        if label == "a limit below zero":
            limit = -np.abs(limit) - 3
        if label == "iterates that alternate":
            limit = 0.05 * limit  # and change their sign
        iterates = limit + np.power.outer(rates, np.arange(m)).T * error
        if label == "40 iterates of six":
            iterates = iterates @ rng.normal(0, 1, (p, p))  # no coordinate has a rate of its own
        made.append(Problem(label, {"thetas": iterates}, label in ("a limit below zero", "iterates that run away")))
    linkage = [0.5]
    for _ in range(4):
        x2 = 125 * (linkage[-1] / 4) / (0.5 + linkage[-1] / 4)
        linkage.append((x2 + 34) / (x2 + 72))
    made.append(Problem("genetic linkage", {"thetas": np.array(linkage)[:, None]}))
    return made


CONVERGENCE_RATE = Exercise(
    convergence_rate, lesson=LESSON, chain="rate", out={"rate": ""}, problems=_iterates,
    statement="The length of the last difference of the iterates over that of the one before: a number. thetas (m, "
              "p), one iterate a row, m >= 3, not yet converged; they may also run away, and then the rate is above "
              "one.",
    mistakes=[
        Mistake("first-differences", lambda t:
                np.linalg.norm(t[2] - t[1]) / np.linalg.norm(t[1] - t[0]) if len(t) > 3 else None,
                "This is the ratio at the start. The rate shows in the last iterates."),
        Mistake("iterates-not-differences", lambda t: np.linalg.norm(t[-1]) / np.linalg.norm(t[-2]),
                "This is a ratio of iterates: near one whatever the rate. Take differences first."),
        Mistake("two-apart", lambda t: np.linalg.norm(t[-1] - t[-2]) / np.linalg.norm(t[-1] - t[-3]),
                "The denominator spans two iterations. Take the difference of the two iterates before the last."),
        Mistake("sum-of-differences", lambda t:
                abs((t[-1] - t[-2]).sum()) / abs((t[-2] - t[-3]).sum()) if t.shape[1] > 1 else None,
                "The coordinates are added with their signs, and may cancel. Use the length of the difference."),
        Mistake("first-coordinate", lambda t:
                abs(t[-1, 0] - t[-2, 0]) / abs(t[-2, 0] - t[-3, 0]) if t.shape[1] > 1 else None,
                "Only the first coordinate is used."),
        Mistake("mean-of-ratios", lambda t:
                (lambda s: np.mean(s[1:] / s[:-1]))(np.linalg.norm(np.diff(t, axis=0), axis=1)),
                "This is the mean of all ratios. The rate is that of the end: take the last two differences."),
        Mistake("mean-by-coordinate", lambda t: np.mean(np.abs((t[-1] - t[-2]) / (t[-2] - t[-3]))),
                "Each coordinate has a ratio of its own, and you average them. Take the length of each difference "
                "first."),
        Mistake("projection", lambda t: (t[-1] - t[-2]) @ (t[-2] - t[-3]) / ((t[-2] - t[-3]) @ (t[-2] - t[-3])),
                "This is the part of the last difference along the one before. Lengths are to be compared, whatever "
                "their directions."),
        Mistake("difference-of-lengths", lambda t:
                (lambda s: (s[2] - s[1]) / (s[1] - s[0]))(np.linalg.norm(t[-3:], axis=1)),
                "You take lengths first and differences then. How far is one iterate from the next?"),
        Mistake("over-the-first", lambda t: np.linalg.norm(t[-1] - t[-2]) / np.linalg.norm(t[1] - t[0]),
                "The last difference is divided by the first one: that is the product of all ratios between. Take "
                "its neighbour."),
        Mistake("relative-change", lambda t: np.linalg.norm(t[-1] - t[-2]) / np.linalg.norm(t[-1]),
                "The last difference is divided by the iterate itself. That is how much moves, not how fast it slows "
                "down."),
        Mistake("sum-of-absolute-values", lambda t: np.abs(t[-1] - t[-2]).sum() / np.abs(t[-2] - t[-3]).sum(),
                "Each difference is measured by the sum of its absolute values. How long is the vector (3, 4)?"),
        Mistake("largest-coordinate", lambda t: np.abs(t[-1] - t[-2]).max() / np.abs(t[-2] - t[-3]).max(),
                "Each difference is measured by its largest coordinate. How long is the vector (3, 4)?"),
    ],
    ask={
        "inverse": "For iterates that settle, is the rate above or below one?",
    },
    hints=[
        "Near the limit each difference is the one before times the rate.",
        "np.diff(thetas, axis=0) gives the differences, one a row.",
        "Divide the length (np.linalg.norm) of the last row by that of the row before.",
    ],
    by_hand="Iterates 0, 8, 12, 14: what is the rate, and what the limit?",
)  # fmt: skip

AITKEN = Exercise(
    aitken, lesson=LESSON, out={"limit": "p"}, problems=_iterates,
    statement="The limit (p,) extrapolated from the last three iterates, each coordinate by itself. thetas (m, p).",
    mistakes=[
        Mistake("last", lambda t: t[-1], "This is the last iterate. Its error is still there: extrapolate."),
        Mistake("first-three", lambda t: aitken(t[:3]) if len(t) > 3 else None,
                "You use the first three iterates. The last three know more."),
        Mistake("sign", lambda t: t[-1] + (t[-1] - t[-2]) ** 2 / ((t[-1] - t[-2]) - (t[-2] - t[-3])),
                "The correction goes the wrong way: try it on 0, 8, 12, which tends to 16."),
        Mistake("from-the-first", lambda t: t[-3] - (t[-1] - t[-2]) ** 2 / ((t[-1] - t[-2]) - (t[-2] - t[-3])),
                "The correction for the last iterate is subtracted from the first of the three."),
        Mistake("not-squared", lambda t: t[-1] - (t[-1] - t[-2]) / ((t[-1] - t[-2]) - (t[-2] - t[-3])),
                "The difference on top must be squared: else the unit does not fit."),
        Mistake("one-rate", lambda t:
                t[-1] + (t[-1] - t[-2]) * convergence_rate(t) / (1 - convergence_rate(t)) if t.shape[1] > 1 else None,
                "One rate is used for all coordinates. Here each coordinate has its own."),
        Mistake("one-more-step", lambda t: t[-1] + (t[-1] - t[-2]) ** 2 / (t[-2] - t[-3]),
                "This adds one more step. All the steps still to come form a geometric series: sum it."),
        Mistake("linear", lambda t: 2 * t[-1] - t[-2],
                "This goes on by the last difference once more. The differences shrink; what do all that are still "
                "to come sum to?"),
        Mistake("mixed-product", lambda t: t[-1] - (t[-1] - t[-2]) * (t[-2] - t[-3]) / (t[-1] - 2 * t[-2] + t[-3]),
                "On top stands the product of both differences. Which of the two is it, squared, if you start from "
                "the last iterate?"),
        Mistake("rate-inverted", lambda t:
                (lambda rho: t[-1] + rho / (1 - rho) * (t[-1] - t[-2]))((t[-2] - t[-3]) / (t[-1] - t[-2])),
                "Your rate is above one where the steps shrink: which difference is divided by which?"),
        Mistake("added-to-the-first", lambda t: t[-3] + (t[-2] - t[-3]) ** 2 / (t[-1] - 2 * t[-2] + t[-3]),
                "The correction has the wrong sign for a start from the first of the three."),
        Mistake("mean", lambda t: t[-3:].mean(0),
                "This is the mean of three iterates. The limit lies beyond the last one."),
    ],
    hints=[
        "If each step is rho times the one before, the steps still to come sum to step rho / (1 - rho).",
        "For each coordinate rho is the last difference over the one before.",
        "Put that rho in: last - (last difference)^2 / (last difference - difference before).",
    ],
    by_hand="Iterates 0, 8, 12: rho, the sum of the steps to come, and the limit.",
)  # fmt: skip

EXERCISES = [
    GRAD_ELBO_MU,
    GEM_STEP,
    NATURAL_PARAMETERS,
    MEAN_AND_COVARIANCE,
    LOG_PARTITION,
    MOMENT_MATCHING,
    MAP_M_STEP,
    CONVERGENCE_RATE,
    AITKEN,
]
