"""What the lecture's derivations share: their problems, and the definitions that they start from."""

import numpy as np
from scipy.differentiate import jacobian
from scipy.special import logsumexp

from emtutor import gaussian, problems
from emtutor.derivation import Derivation, Line, Numerical
from emtutor.probes import Problem

__all__ = [
    "Derivation", "Line", "Numerical", "Problem", "extent", "joint", "log_normal", "log_p", "mixtures", "np", "numerical",
    "posterior", "stacked",
]  # fmt: skip

joint = gaussian._log_joint  # log p(x_i, z_ij = 1 | theta), (n, k): the unchecked form, each entry of Sigma its own


def log_normal(x, mu, Sigma):
    """log N(x_i; mu_j, Sigma_j), (n, k)."""
    return joint(x, np.ones(len(mu)), mu, Sigma)


def log_p(x, pi, mu, Sigma):
    """log p(x_i | theta), (n,)."""
    return logsumexp(joint(x, pi, mu, Sigma), axis=1)


def posterior(x, pi, mu, Sigma):
    """r_ij = p(z_ij = 1 | x_i, theta), (n, k)."""
    return np.exp(joint(x, pi, mu, Sigma) - log_p(x, pi, mu, Sigma)[:, None])


def mixtures(names, *, at_least=1, **given):
    """Problems with these arguments: ordinary and hostile ones, nine in all; `at_least` components."""

    def make(rng):
        chosen = problems.mixture(names, rng, **given)
        chosen += [
            problems.draw(names, rng, n=8, k=2, d=2, label="random, 8 points, 2 components", **given),
            problems.draw(names, rng, n=6, k=3, d=4, label="four dimensions", **given),
            problems.draw(names, rng, n=11, k=4, d=1, label="four components on a line", **given),
        ]
        return [p for p in chosen if at_least == 1 or p.label != "one component"]

    return make


def numerical(f, at, scale=None):
    """d f / d at by `scipy.differentiate.jacobian`, entry by entry, with its error estimate: a `Numerical`.

    f: function of an array shaped as `at`, giving a number or an array; the result has the shape of f(at), then that
    of `at`. scale: the first step is a tenth of it, and shrinks until the error is small; the largest entry of `at` if not
    given.
    """
    at = np.asarray(at, float)
    scale = float(np.max(np.abs(at), initial=0.0)) + 1e-12 if scale is None else scale
    shape = np.shape(f(at))

    def columns(t):
        flat = t.reshape(at.size, -1)
        values = [np.ravel(f(at + scale * column.reshape(at.shape))) for column in flat.T]
        return np.array(values).T.reshape(-1, *t.shape[1:])

    with np.errstate(all="ignore"):
        d = jacobian(columns, np.zeros(at.size), initial_step=0.1, order=8, tolerances={"rtol": 1e-9, "atol": 1e-14})
    return Numerical(d.df.reshape(shape + at.shape) / scale, d.error.reshape(shape + at.shape) / scale)


def extent(Sigma):
    """The smallest standard deviation in any direction: a step that no density fails to notice or to survive."""
    return float(np.sqrt(np.linalg.eigvalsh(Sigma).min()))


def stacked(parts):
    """Numerical derivatives, one a component, on a first axis."""
    parts = list(parts)
    return Numerical(np.stack([p.value for p in parts]), np.stack([p.error for p in parts]))
