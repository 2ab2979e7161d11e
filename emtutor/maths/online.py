"""Online EM: one pass over a stream, theta after every block, only the statistics kept (Cappe and Moulines 2009).

    S <- (1 - gamma_t) S + gamma_t T(block; theta) / rows,    theta <- theta(S)

T are the expected sufficient statistics of `maths.statistics`. With steps gamma_t = t^-alpha, 1/2 < alpha <= 1, the
old blocks are forgotten slowly enough for the noise to average out and fast enough to forget a poor start.
"""

from typing import NamedTuple

import numpy as np

from emtutor.maths import arguments, blocks, degenerate, statistics, sweeps
from emtutor.maths.theta import Theta, check


class Online(NamedTuple):
    """What one pass over a stream has found."""

    theta: Theta
    n: int  # rows seen
    log_predictive: tuple  # log p a row of each block under the theta *before* that block, in nats


LOST = 1e10  # (sep / std)^2 at which eps times this, a millionth, reaches what a stream can be asked for


def fit(x, theta0, *, block=100, step=lambda t: (t + 2) ** -0.6):
    """One pass of online EM from `theta0`. Returns `Online`.

    x: array, memmap or dask array (n, d), read in blocks of `block` rows; or any iterable of blocks, (b, d) each, taken
    as they come. step: t = 0, 1, ... -> gamma_t in (0, 1]. Raises ValueError for an empty or collapsed component.
    Source: Cappe and Moulines (2009), J. R. Stat. Soc. B 71, 593-613, eq. (16), with a block in place of a single row.
    """
    theta0 = check(theta0)
    block = arguments.whole("block", block, 1)
    if not callable(step):
        raise ValueError(f"step must be a function of t = 0, 1, .., got {type(step).__name__}")
    white = _white_of(theta0)
    theta = sweeps.whitened(theta0, white)
    S = statistics.mean_statistics(theta)
    n, log_predictive = 0, []
    for t, b in enumerate(_blocks(x, block)):
        data = blocks.of(b, theta0.mu.shape[1], blocks.block_rows(*theta0.mu.shape[::-1]))
        gamma = _weight(step, t)
        block_sum = sweeps.sweep(data, white, theta, None)
        S = (1 - gamma) * S + gamma * block_sum.T / len(b)
        theta = _theta_of(S)
        n += len(b)
        log_predictive.append(block_sum.log_likelihood / len(b) + white.log_det)
    if n == 0:
        raise ValueError("x must hold at least one block of rows, got none: has the iterator been used up already?")
    return Online(sweeps.unwhitened(theta, white), n, tuple(log_predictive))


def _weight(step, t):
    try:
        gamma = step(t)
    except Exception as error:
        why = arguments.shown(str(error))
        raise ValueError(
            f"step must be a function of t = 0, 1, .., and step({t}) raised {type(error).__name__}: {why}"
        ) from error
    words = "a number in (0, 1], the weight of the new block"
    return arguments.number(f"step({t})", gamma, words, lambda gamma: 0 < gamma <= 1)


def _white_of(theta):
    """The coordinates in which the mixture theta itself has mean 0 and covariance 1: there is no other pass to ask."""
    centre = theta.pi @ theta.mu
    away = theta.mu - centre
    L = np.linalg.cholesky(np.einsum("k,kab->ab", theta.pi, theta.Sigma + away[:, :, None] * away[:, None]))
    return blocks.White(centre, L, np.tril(np.linalg.inv(L)))


def _theta_of(S):
    degenerate.nonempty(S[:, 0], lost="mean and covariance")
    theta, lost = sweeps.placed(S, None)
    if not lost < LOST:
        j = int(np.abs(theta.W).max((1, 2)).argmax())
        raise degenerate.Degenerate(
            f"component {j + 1} has collapsed, or is too narrow for one pass (standard deviation below 1e-5 of its "
            "distance from the others): restart it, take larger blocks or smaller steps, or use gaussian.fit"
        )
    return theta


def _blocks(x, block):
    """Blocks of an array of any kind, in its order, or those of an iterable."""
    if hasattr(x, "to_delayed"):
        for chunk in x.rechunk({1: -1}).to_delayed().ravel():
            yield from _blocks(chunk.compute(), block)
    elif getattr(x, "shape", ()):
        for i in range(0, len(x), block):
            yield x[i : i + block]
    elif isinstance(x, np.ndarray) or not hasattr(x, "__iter__"):
        raise ValueError(f"x must be an array (n, d) or an iterable of blocks (b, d), got {type(x).__name__}")
    else:
        for i, b in enumerate(x):
            b = np.asarray(b)
            if b.ndim != 2:
                raise ValueError(
                    f"block {i} of x must have shape (b, d), got {b.shape}: write row[None, :] for one row"
                )
            yield b
