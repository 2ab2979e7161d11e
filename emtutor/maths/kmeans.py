"""k-means and soft k-means, as the limits of the Gaussian mixture that they are.

Hard: Sigma_j = eps I, equal and held fixed, eps -> 0, whatever pi. Soft: Sigma_j = beta I and equal pi, beta > 0 being
the *variance*, as on the slide (MacKay's beta is a stiffness, 1 / variance).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from emtutor.maths import arguments, degenerate

ROWS = 1 << 14  # whose distances are looked at together, while they are in the cache


class Step(NamedTuple):
    """The start, then the state after one half-step."""

    t: int
    phase: str  # "start", "assign" or "update"
    mu: np.ndarray  # (k, d)
    labels: np.ndarray | None  # (n,) int; None at the start
    distortion: float  # NaN at the start


def assign(x, mu):
    """labels[i] = argmin_j |x_i - mu_j|^2, (n,) int; the lower label wins a tie."""
    x, mu = _checked(x, mu)
    return np.concatenate([_nearest(_squared_distances(x[i : i + ROWS], mu).T) for i in range(0, len(x), ROWS)])


def update_means(x, labels, k):
    """mu_j = the mean of the points labelled j, (k, d). Raises ValueError for a cluster without points."""
    x = arguments.points(x)
    k = arguments.whole("k", k, 1, (f"n = {len(x)}", len(x)), "a cluster without points has no mean")
    labels = _labels(labels, len(x), k)
    count = np.bincount(labels, minlength=k)
    if (count == 0).any():
        raise degenerate.Degenerate(
            f"cluster {int(np.argmin(count)) + 1} has no points, so no mean: start it elsewhere"
        )
    return np.stack([np.bincount(labels, column, k) for column in x.T], axis=1) / count[:, None]


def distortion(x, mu, labels):
    """J = sum_i |x_i - mu_label(i)|^2. Bishop, PRML, (9.1)."""
    x, mu = _checked(x, mu)
    labels = _labels(labels, len(x), len(mu))
    away = (column - means[labels] for column, means in zip(x.T, mu.T.copy(), strict=True))
    return float(sum(np.einsum("n,n->", a, a) for a in away))


def steps(x, mu, *, assign=assign, update_means=update_means):
    """Yield the start, then the state after each assignment and each update, without end. J never rises.

    assign (x, mu) -> labels (n,), update_means (x, labels, k) -> mu (k, d): a learner's, if not these. They get copies.
    """
    x, mu = _checked(x, mu)
    k, t, labels = len(mu), 0, None
    yield Step(0, "start", mu, None, np.nan)
    while True:
        t += 1
        labels = _labels(assign(x.copy(), mu.copy()), len(x), k)
        yield Step(t, "assign", mu, labels, distortion(x, mu, labels))
        mu = arguments.array("mu", update_means(x.copy(), labels.copy(), k), f"({k}, {x.shape[1]})")
        yield Step(t, "update", mu, labels, distortion(x, mu, labels))


def soft_assign(x, mu, beta):
    """r_ij = exp(-|x_i - mu_j|^2 / (2 beta)) / sum_j' .., (n, k): Sigma_j = beta I and equal pi."""
    x, mu = _checked(x, mu)
    beta = arguments.number("beta", beta, "a variance > 0 (it divides the squared distance)", lambda b: 0 < b < np.inf)
    squared = _squared_distances(x, mu)
    with np.errstate(over="ignore"):  # the nearest mean first: then 0 stays 0, however small beta is
        return softmax(-(squared - squared.min(1, keepdims=True)) / (2 * beta), axis=1)


def best_beta(x, mu, r):
    """beta = sum_ij r_ij |x_i - mu_j|^2 / (n d): the variance of largest likelihood, r held fixed."""
    x, mu = _checked(x, mu)
    r = arguments.distribution("r", r, f"({len(x)}, {len(mu)})", f"as x has {len(x)} rows and mu {len(mu)}")
    return float((r * _squared_distances(x, mu)).sum() / x.size)


def critical_beta(x):
    """The largest eigenvalue of the data's covariance (1/n): above it, two equally weighted means collapse into one."""
    x = arguments.points(x)
    return float(np.linalg.eigvalsh(np.atleast_2d(np.cov(x.T, bias=True)))[-1])


def _squared_distances(x, mu):
    """|x_i - mu_j|^2, (n, k), a column of x at a time: sums along memory."""
    squared = np.zeros((len(mu), len(x)))
    for column, means in zip(np.ascontiguousarray(x.T), mu.T, strict=True):
        away = column - means[:, None]
        away *= away
        squared += away
    return squared.T


def _nearest(squared):
    """The first j of the smallest entry in each column of (k, n), as argmin(0), which takes thirty times as long."""
    k = len(squared)
    marks = (squared == squared.min(0)) * np.arange(k, 0, -1, dtype=np.min_scalar_type(k))[:, None]
    return k - marks.max(0).astype(int)


def _labels(labels, n, k):
    given = arguments.array("labels", labels, f"({n})", f"as x has {n} rows")
    labels = given.astype(int)
    if (labels != given).any():
        raise ValueError(f"labels must be whole numbers, got {given[labels != given][0]:g}")
    if labels.min() < 0 or labels.max() >= k:
        raise ValueError(f"labels must lie in 0 .. {k - 1} for k = {k}, got {labels.min()} .. {labels.max()}")
    return labels


def _checked(x, mu):
    x = arguments.points(x)
    return x, arguments.points(mu, "mu", f"(k, {x.shape[1]})", f"as x is {x.shape}")
