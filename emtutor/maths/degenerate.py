"""What the data leave without a value: one kind of error, and each of its sentences once.

An empty component, a collapsed one, columns that are constant or collinear, too few points: the arguments are fine, and
what was asked for does not exist all the same.
"""

import numpy as np


class Degenerate(ValueError):
    """The data leave something without a value: an empty or collapsed component, a constant column."""


def nonempty(R, what="component", lost="parameters"):
    """R (k,), R_j > 0 for every j: what is `lost` otherwise has no value. NaN passes, the figures will say so."""
    if np.isfinite(R).all() and R.min() <= 0:
        j = int(R.argmin())
        raise Degenerate(
            f"{what} {j + 1} is empty (R_{j + 1} = {R[j]:.3g}): no point belongs to it, so its {lost} are "
            f"undefined; start it elsewhere or use one {what} fewer"
        )
    return R


def enough(n, d, k=1):
    """n points in d dimensions, or Degenerate where no covariances of k components can all be positive definite."""
    turned = " (or is x transposed? try x.T)" if n < d else ""
    if k > n:
        raise Degenerate(f"k = {k} components need at least as many points, got n = {n}{turned}")
    if n == 1:
        raise Degenerate(f"x has one point: a covariance needs two or more{turned}")
    if n <= d:
        raise Degenerate(
            f"{n} points span at most {n - 1} of {d} dimensions, so no covariance is positive definite: take more "
            f"points or fewer columns{turned}"
        )


def constant(column):
    """The error for a column of x that holds a single value."""
    return Degenerate(f"column {column} of x is constant, so no covariance is positive definite: drop that column")


def collinear():
    """The error for columns of x of which one is a sum of multiples of the others."""
    return Degenerate("the columns of x are collinear, so no covariance is positive definite: drop one of them")


def collapsed(j, R_j, onto="a point, a line or a plane"):
    """The error for component j (counted from 0), whose covariance is no longer positive definite."""
    return Degenerate(
        f"component {j + 1} has collapsed onto {onto} (R_{j + 1} = {R_j:.3g}): the likelihood is unbounded there; "
        "restart it or use a prior (map_m_step)"
    )
