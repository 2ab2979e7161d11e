"""Sums over the rows of x, wherever they are: an array in memory, a memmap on disk, a dask array on a cluster.

What is summed is a function of a block of whitened rows that fits the cache, with a result that adds. Memory does not
grow with n, and the order of the sum depends on the blocks alone, never on which worker was first.
"""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from emtutor.maths import arguments, degenerate, statistics

KEPT = 32 << 20  # bytes of whitened rows that are kept from one sweep to the next; larger data is whitened each time
FEW = 1 << 15  # numbers in x: so few rows that phi, too, is kept
FAN_IN = 16  # partial sums that one dask task adds


@dataclass(frozen=True, eq=False)
class White:
    """z = W (x - centre), W = L^-1, L L^T the covariance of all rows: once and for all, so that sums lose no digits."""

    centre: np.ndarray  # (d,)
    L: np.ndarray  # (d, d)
    W: np.ndarray  # (d, d)

    def __call__(self, x):
        """z (d, b), rows become columns."""
        return self.W @ (x - self.centre).T

    @cached_property
    def features(self):
        """phi(z) in place of z."""
        return partial(_features, self)

    @property
    def log_det(self):
        """log |det W|: what log p of one row gains in these coordinates."""
        return float(np.log(self.W.diagonal()).sum())


def _features(white, x):
    return statistics.features(white(x))


@dataclass(frozen=True)
class Moments:
    """n, mean and scatter of some rows. They add, too, each around its own mean (Chan, Golub and LeVeque 1983)."""

    n: int
    mean: np.ndarray
    scatter: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __add__(self, other):
        n = self.n + other.n
        step = other.mean - self.mean
        return Moments(
            n,
            self.mean + step * (other.n / n),
            self.scatter + other.scatter + np.outer(step, step) * (self.n * other.n / n),
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
        )

    @classmethod
    def of(cls, x):
        return cls.of_columns(np.ascontiguousarray(x.T))  # sums along memory: ten times as fast for few columns

    @classmethod
    def of_columns(cls, z):
        with np.errstate(over="ignore", invalid="ignore"):  # `whitener` says which column is too large
            mean = z.mean(1)
            away = z - mean[:, None]
            return cls(z.shape[1], mean, away @ away.T, z.min(1), z.max(1))


class Rows:
    """The rows of an array or memmap, in blocks of `block` rows."""

    def __init__(self, x, block):
        self.x, self.block = x, block
        self.kept, self.kept_of = None, None
        self.few = x.size < FEW

    def total(self, function, prepare=None):
        """Sum of function(prepare(block)) over all blocks of x, or of function(block)."""
        if prepare is None or self.x.size * 8 > KEPT or isinstance(self.x, np.memmap):
            return total(self.x, function, self.block, prepare)
        if self.kept_of is not prepare:
            self.kept, self.kept_of = [prepare(x) for _, x in blocks(self.x, self.block)], prepare
        return _sum(map(function, self.kept))


class DaskRows:
    """The rows of a dask array: one task a chunk, then a tree of sums, both run by whichever scheduler is active."""

    few = False

    def __init__(self, x, block):
        from dask import delayed

        self.block = block
        self.delayed = delayed
        self.chunks = list(x.rechunk({1: -1}).to_delayed().ravel())

    def total(self, function, prepare=None):
        task, add = self.delayed(total, pure=False), self.delayed(_sum, pure=False)
        function, prepare = self.delayed(function, traverse=False), self.delayed(prepare, traverse=False)
        parts = [task(chunk, function, self.block, prepare) for chunk in self.chunks]
        while len(parts) > 1:
            parts = [add(parts[i : i + FAN_IN]) for i in range(0, len(parts), FAN_IN)]
        return parts[0].compute()


def of(x, d_of_theta, block):
    """`x` (n, d) as an object with `.total(function, prepare)`; ValueError if it cannot be that."""
    lazy = hasattr(x, "to_delayed") and hasattr(x, "rechunk")
    if not lazy and (not isinstance(x, np.ndarray) or np.ma.is_masked(x)):
        x = arguments.reals("x", x)
    if x.ndim != 2 or x.shape[1] != d_of_theta or x.shape[0] == 0:
        hint = arguments.remedy_of("x", x.shape, ("n", str(d_of_theta)))
        raise ValueError(
            f"x must have shape (n >= 1, {d_of_theta}) as mu has {d_of_theta} columns, got {x.shape}{hint}"
        )
    return DaskRows(x, block) if lazy else Rows(x, block)


def block_rows(d, k):
    """Rows a block: phi and r, or z and one component's residuals, stay in the cache (about 2 MB)."""
    numbers, held = (2**17, d) if statistics.by_residuals(d, k) else (2**18, d * d // 2 + d + 2 * k)
    return int(np.clip(numbers // held, 64, 8192))


def total(x, function: Any, block, prepare=None):
    """Sum of function(prepare(block)) over the blocks of an array, or of function(block)."""
    with np.errstate(over="ignore"):  # exp may, on the way: `statistics.posterior` looks after that
        return _sum(function(b if prepare is None else prepare(b)) for _, b in blocks(x, block))


def blocks(x, size):
    """Yield (first row's index, block as finite float64)."""
    for i in range(0, len(x), size):
        block = arguments.reals(f"x[{i}:{min(i + size, len(x))}]", x[i : i + size])
        low, high = block.min(), block.max()
        if not -arguments.LARGEST <= low <= high <= arguments.LARGEST:  # NaN is not, either
            a, b = np.argwhere(~(np.abs(block) <= arguments.LARGEST))[0]
            place = f"got {block[a, b]:.6g} at x[{i + a}, {b}]"
            if np.isfinite(block[a, b]):
                raise ValueError(f"x must stay below {arguments.LARGEST:g} in size, {place}: choose another unit")
            raise ValueError(f"x must be finite, {place}: remove such rows or mend them")
        yield i, block


def whitener(data, m):
    """The `White` of data with moments m; Degenerate where no covariance can be positive definite."""
    n, d = m.n, len(m.mean)
    degenerate.enough(n, d)
    for column in map(int, np.flatnonzero(m.low == m.high)):
        raise degenerate.constant(column)
    variance = m.scatter.diagonal() / n
    for column in map(int, np.flatnonzero(~((variance > 1e-280) & (variance < 1e280)))):
        raise ValueError(
            f"column {column} of x runs from {m.low[column]:.3g} to {m.high[column]:.3g}, the squares of that leave "
            "the range of floating-point numbers: choose another unit"
        )
    std = np.sqrt(variance)
    eigenvalues, axes = np.linalg.eigh(m.scatter / n / np.outer(std, std))
    least = 10 * d * np.finfo(float).eps  # a correlation matrix does not know smaller ones
    L = np.linalg.cholesky((axes * np.maximum(eigenvalues, least)) @ axes.T)
    white = White(m.mean, std[:, None] * L, np.tril(np.linalg.inv(L)) / std)
    if eigenvalues[0] < least:
        _refuse_collinear(data.total(Moments.of_columns, white))
    return white


def _refuse_collinear(m):
    """Thin directions, measured by themselves: far clusters on a line are thin, collinear columns have no width."""
    if np.linalg.eigvalsh(m.scatter / m.n)[0] < 1e-12:
        raise degenerate.collinear()


def _sum(parts):
    result = None
    for part in parts:
        if part is not None:
            result = part if result is None else result + part
    return result
