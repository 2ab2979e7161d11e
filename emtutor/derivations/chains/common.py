"""What the lecture's derivations share: their problems, and the definitions that they start from."""

from itertools import product

import numpy as np
from scipy.differentiate import jacobian
from scipy.special import logsumexp, softmax

from emtutor import problems
from emtutor.derivations.engine import Numerical, Skip
from emtutor.maths import formulas

joint, log_normal, scatter = formulas.log_joint, formulas.log_normal, formulas.scatter
log, log_posterior, mean = formulas.log, formulas.log_posterior, formulas.expectation


def log_p(x, pi, mu, Sigma):
    """log p(x_i | theta), (n,): `formulas.log_p` of the joint, for a numerical derivative that asks a hundred times."""
    return np.logaddexp.reduce(joint(x, pi, mu, Sigma), axis=1)


def posterior(x, pi, mu, Sigma):
    """r_ij = p(z_ij = 1 | x_i, theta), (n, k)."""
    return formulas.posterior(joint(x, pi, mu, Sigma))


def means(q, f):
    """sum_j q_ij f_ij for each row, (n,), where 0 times anything is 0, even minus infinity."""
    return np.where(q > 0, q * np.where(q > 0, f, 0.0), 0.0).sum(-1)


def evidence(log_joint):
    """log p(x) of a log-joint (n, k)."""
    return formulas.log_p(log_joint).sum()


# ---- problems: ordinary ones, and ones without the habits of those


def apart(w, rng):
    """Components far apart, each with points of its own, of weights down to 1e-12."""
    n, k, d, Sigma = w["n"], w["k"], w["d"], w["Sigma"]
    deviation = np.sqrt(np.diagonal(Sigma, axis1=1, axis2=2)).max(0) * rng.choice([-1, 1], d)
    mu, own = w["mu"] + 9 * deviation * rng.permutation(k)[:, None], np.arange(n) % k
    noise = np.einsum("nab,nb->na", np.linalg.cholesky(Sigma)[own], rng.standard_normal((n, d)))
    weights = rng.permutation(np.geomspace(1e-12, 1.0, k))
    return problems.completed(w | {"x": mu[own] + noise, "mu": mu, "pi": weights / weights.sum()})


def extreme(w, rng):
    """r and q with tiny entries, zeros in r; posteriors down to 1e-20; lambda > 0, alpha < 1, T large."""
    n, k = w["n"], w["k"]
    return problems.completed(
        w
        | {
            "r": tiny(rng, n, k, zeros=0.2),
            "q": tiny(rng, n, k),
            "a": rng.permutation(np.linspace(-14.0, 14.0, k)),
            "log_joint": rng.normal(-3.0, 12.0, (n, k)),
            "log_joint_new": rng.normal(-3.0, 12.0, (n, k)),
            "alpha": rng.uniform(0.2, 0.95, k),
            "lam": abs(w["lam"]),
            "T": 40.0,
        }
    )


def uneven(w, rng):
    """Weights that differ by a factor of 300."""
    weights = rng.permutation(np.geomspace(3e-3, 1.0, w["k"]))
    return problems.completed(w | {"pi": weights / weights.sum()})


def tiny(rng, n, k, zeros=0.0):
    """n rows of k probabilities from 1 down to 1e-12, a share of the later ones zero; no column is empty."""
    p = 10.0 ** rng.uniform(-12, 0, (n, k))
    p[n // 2 :] *= rng.random((n - n // 2, k)) >= zeros
    p[np.arange(n), rng.permutation(np.arange(n) % k)] = 1.0
    return p / p.sum(1, keepdims=True)


def flat(w, rng):
    """x on the far side of zero, its columns in units 1e3 to 1e6, its covariances with condition numbers to 1e8."""
    d = w["d"]
    A = rng.permutation(np.geomspace(1e3, 1e6, d))[:, None] * (np.eye(d) - 0.8 / d)
    away = 3 * w["x"].mean(0)
    Sigma = A @ w["Sigma"] @ A.T
    moved = {"x": (w["x"] - away) @ A.T, "mu": (w["mu"] - away) @ A.T, "Sigma": (Sigma + Sigma.swapaxes(1, 2)) / 2}
    return problems.completed(w | moved | {"beta": w["beta"] * float((A**2).mean())})


def small(w, rng):
    """x in a unit 1000 times as long: densities far above one; another T and another prior."""
    return problems.dense(w)


WITHOUT_HABITS = (
    ("12 points in a small unit, weights down to 1e-12", (apart, extreme, small), 12, 3, 2),
    ("30 points, nearly flat, far below zero", (uneven, flat), 30, 2, 3),
    ("64 points, 5 components, 5 dimensions, nearly flat", (uneven, extreme, flat), 64, 5, 5),
    ("50 points, 6 components on a line, weights down to 1e-12", (apart, extreme), 50, 6, 1),
)
NOT_FLAT = (WITHOUT_HABITS[0], WITHOUT_HABITS[3])  # for a derivative between two matrices: it loses digits
FEW_WITHOUT_HABITS = (  # so few that all assignments can be written down
    ("6 points, weights down to 1e-12", (apart, extreme, small), 6, 3, 2),
    ("11 points in 5 dimensions, nearly flat", (uneven, extreme, flat), 11, 2, 5),
    ("4 points, 6 components", (uneven, extreme), 4, 6, 1),
)


def _without_habits(sorts, names, rng, given):
    for label, changes, n, k, d in sorts:
        w = problems.world(rng, n, k, d)
        for change in changes:
            w = change(w, rng)
        yield label, problems.pick(w, names, given)


def mixtures(names, *, keep=lambda n, k, d: True, habits=WITHOUT_HABITS, **given):
    """Problems with these arguments: ordinary, hostile and without habits, eleven in all, less those whose sizes are
    not to `keep`.

    given: a value, or a function of the world, for a name that no world holds.
    """
    names = names.split()
    wanted = [*names, "n", "k", "d"]

    def make(rng):
        worlds = [(p.label, p.args) for p in problems.mixture(wanted, rng, **given)]
        worlds += _without_habits(habits, wanted, rng, given)
        return [
            problems.Problem(label, {name: args[name] for name in names})
            for label, args in worlds
            if keep(args["n"], args["k"], args["d"])
        ]

    return with_given(make, given)


def draws(names, *sizes, habits=WITHOUT_HABITS, **given):
    """Random problems of the given sizes (n, k, d), where hostile ones have no answer (too few points)."""

    def make(rng):
        drawn = [
            problems.draw(names, rng, n=n, k=k, d=d, label=f"{n} points, k = {k}, d = {d} ({i})", **given)
            for i, (n, k, d) in enumerate(sizes, 1)
        ]
        more = _without_habits(habits, names.split(), rng, given)
        return [*drawn, *(problems.Problem(label, args) for label, args in more)]

    return with_given(make, given)


def with_given(make, given):
    """The same function; what it gives on top of a world is known to those who bring their own data."""
    make.given = given
    return make


AMPLE = ((16, 2, 2), (18, 3, 2), (20, 2, 3), (14, 3, 1), (12, 1, 2), (24, 4, 2), (22, 3, 2))


def assignments(n, k):
    """All k^n ways to label n points, (k^n, n) int. Skips the line where there are too many to enumerate."""
    if k**n > 20_000:
        raise Skip(f"{k}^{n} assignments are too many to enumerate: run it on fewer points, x[:6]")
    return np.array(list(product(range(k), repeat=n)))


def with_posterior(log_joint, T=1.0):
    """The arguments for which q is the posterior of log_joint / T; so far out as a computer can tell it from zero."""
    log_joint = np.maximum(log_joint, log_joint.max(1, keepdims=True) - 300 * T)
    return {"log_joint": log_joint, "q": softmax(log_joint / T, axis=1)}


def numerical(f, at, scale=None):
    """d f / d at by `scipy.differentiate.jacobian`, entry by entry, with its error estimate: a `Numerical`.

    f: function of an array shaped as `at`, giving a number or an array; the result has the shape of f(at), then that
    of `at`. scale: the first step is a tenth of it, and shrinks until the error is small; a number, or an array that
    broadcasts to `at`; the largest entry of `at` if not given.
    """
    at = np.asarray(at, float)
    scale = float(np.max(np.abs(at), initial=0.0)) + 1e-12 if scale is None else scale
    here = np.asarray(f(at))
    shape = here.shape

    def columns(t):
        flat = t.reshape(at.size, -1)
        # from f(at) on: where f is constant, its size would leave rounding in the place of a zero
        values = [np.ravel(f(at + scale * column.reshape(at.shape)) - here) for column in flat.T]
        return np.array(values).T.reshape(-1, *t.shape[1:])

    with np.errstate(all="ignore"):
        d = jacobian(columns, np.zeros(at.size), initial_step=0.1, order=8, tolerances={"rtol": 1e-7, "atol": 1e-14})
        last_digits = np.finfo(float).eps * np.abs(here).reshape(-1, 1) * 2.0**d.nit / 0.1
    error = d.error + last_digits
    return Numerical(d.df.reshape(shape + at.shape) / scale, error.reshape(shape + at.shape) / scale)


def numerical_in_pi(f, x, pi, mu, Sigma):
    """d f(sum_i log p(x_i), pi) / d pi, each weight by itself. p is linear in pi, so pi_j = 0 is no edge: the step is
    one that leaves every p(x_i) positive. f: function of log p(x) and pi, if not log p(x) alone.
    """
    a = log_normal(x, mu, Sigma)
    unit = np.exp((log_p(x, pi, mu, Sigma) - a.T).min(1))
    return numerical(lambda p: f(logsumexp(a, b=p, axis=1).sum(), p), pi, unit)


def extent(Sigma):
    """(d,): the smallest standard deviation of each coordinate, the others known: a step that no density fails to
    notice or to survive, whatever the units of the coordinates are.
    """
    return np.sqrt(1 / np.diagonal(np.linalg.inv(Sigma), axis1=-2, axis2=-1).reshape(-1, Sigma.shape[-1]).max(0))


def area(Sigma):
    """(d, d): the same for each entry of a covariance."""
    return np.outer(extent(Sigma), extent(Sigma))


def through(linear, derivative):
    """A linear function of a numerical derivative."""
    return Numerical(linear(derivative.value), np.abs(linear(derivative.error)))


def stacked(parts):
    """Numerical derivatives, one a component, on a first axis."""
    parts = list(parts)
    return Numerical(np.stack([p.value for p in parts]), np.stack([p.error for p in parts]))
