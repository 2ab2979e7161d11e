"""What the lecture's derivations share: their problems, and the definitions that they start from."""

from itertools import product

import numpy as np
from scipy.differentiate import jacobian

from emtutor import problems
from emtutor.derivations.engine import Numerical, Skip
from emtutor.maths import formulas

joint, log_normal, scatter = formulas.log_joint, formulas.log_normal, formulas.scatter


def log_p(x, pi, mu, Sigma):
    """log p(x_i | theta), (n,)."""
    return formulas.log_p(joint(x, pi, mu, Sigma))


def posterior(x, pi, mu, Sigma):
    """r_ij = p(z_ij = 1 | x_i, theta), (n, k)."""
    return formulas.posterior(joint(x, pi, mu, Sigma))


def mixtures(names, *, keep=lambda n, k, d: True, **given):
    """Problems with these arguments: ordinary and hostile ones, ten in all, less those whose sizes are not to `keep`.

    given: a value, or a function of the world, for a name that no world holds.
    """
    names = names.split()

    def make(rng):
        worlds = [(p.label, p.args) for p in problems.mixture([*names, "n", "k", "d"], rng, **given)]
        for label, change, n, k, d in (
            ("8 points in a small unit", problems.dense, 8, 2, 2),
            ("four dimensions", dict, 30, 3, 4),
            ("four components on a line", dict, 11, 4, 1),
        ):
            made = change(problems.world(rng, n, k, d))
            worlds.append((label, problems.pick(made, [*names, "n", "k", "d"], given)))
        return [
            problems.Problem(label, {name: args[name] for name in names})
            for label, args in worlds
            if keep(args["n"], args["k"], args["d"])
        ]

    return with_given(make, given)


def draws(names, *sizes, **given):
    """Random problems of the given sizes (n, k, d), where hostile ones have no answer (too few points)."""

    def make(rng):
        return [
            problems.draw(names, rng, n=n, k=k, d=d, label=f"{n} points, k = {k}, d = {d} ({i})", **given)
            for i, (n, k, d) in enumerate(sizes, 1)
        ]

    return with_given(make, given)


def with_given(make, given):
    """The same function; what it gives on top of a world is known to those who bring their own data."""
    make.given = given
    return make


AMPLE = ((16, 2, 2), (18, 3, 2), (20, 2, 3), (14, 3, 1), (12, 1, 2), (24, 4, 2), (17, 2, 1), (25, 3, 3), (22, 3, 2))


def assignments(n, k):
    """All k^n ways to label n points, (k^n, n) int. Skips the line where there are too many to enumerate."""
    if k**n > 20_000:
        raise Skip(f"{k}^{n} assignments are too many to enumerate: run it on fewer points, x[:6]")
    return np.array(list(product(range(k), repeat=n)))


def with_posterior(log_joint, T=1.0):
    """The arguments for which q is the posterior of log_joint / T; so far out as a computer can tell it from zero."""
    log_joint = np.maximum(log_joint, log_joint.max(1, keepdims=True) - 300 * T)
    return {
        "log_joint": log_joint,
        "q": np.exp(log_joint / T - np.logaddexp.reduce(log_joint / T, axis=1, keepdims=True)),
    }


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
    return Numerical(d.df.reshape(shape + at.shape) / scale, d.error.reshape(shape + at.shape) / scale)


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
