"""EM for the Gaussian mixture by sweeps over the data: what `gaussian.fit` runs.

One sweep yields the expected sufficient statistics of theta and log p(x | theta); the M-step is a function of the
statistics alone. All of it happens in whitened coordinates, where the data has mean 0 and covariance 1.
"""

from contextlib import contextmanager
from functools import partial

import numpy as np

from emtutor.maths import arguments, blocks, degenerate, statistics
from emtutor.maths.fit import Fit, limits
from emtutor.maths.formulas import COLLAPSED
from emtutor.maths.statistics import Components
from emtutor.maths.theta import Theta, check

LOST = 1e4  # (sep / std)^2 above which a component gets its own origin: eps times this is the error of a common one


def fit(x, theta0, *, tol=1e-8, max_iter=1000, progress=False):
    """See `gaussian.fit`."""
    theta0 = check(theta0)
    k, d = theta0.mu.shape
    tol, max_iter = limits(tol, max_iter)
    progress = arguments.one_of("progress", progress, False, True)
    data = blocks.of(x, d, blocks.block_rows(d, k))
    moments = data.total(blocks.Moments.of)
    degenerate.enough(moments.n, d, k)
    white = blocks.whitener(data, moments)
    log_det = moments.n * white.log_det
    theta = whitened(theta0, white)
    frame = frame_for(theta)
    path, converged, reason = [], False, f"max_iter = {max_iter} reached"
    with _bar(max_iter, progress) as show:
        while True:
            sums = sweep(data, white, theta, frame)
            path.append(sums.log_likelihood + log_det)
            show(path)
            if len(path) > 1 and abs(path[-1] - path[-2]) < tol:
                converged, reason = True, f"log p changed by less than tol = {tol:g}"
                break
            if len(path) > max_iter:
                break
            theta, frame = m_step(data, white, theta, frame, sums.T)
    return Fit(
        theta=unwhitened(theta, white),
        q=None,
        log_likelihood=path[-1],
        log_likelihoods=tuple(path),
        iterations=len(path) - 1,
        converged=converged,
        reason=reason,
    )


def sweep(data, white, theta, frame):
    """Expected statistics and log p in one pass over the data; frame None is the origin common to all components."""
    k, d = theta.mu.shape
    with np.errstate(over="ignore", divide="ignore"):  # pi_j may be 0, and exp far out: the sums look after both
        if frame is not None or statistics.by_residuals(d, k):
            height = statistics.log_height(theta)
            return data.total(partial(statistics.residual_statistics, theta=theta, height=height, frame=frame), white)
        eta = statistics.natural_parameters(theta)
        if data.few:
            return data.total(partial(statistics.statistics_of, eta=eta), white.features)
        return data.total(partial(statistics.expected_statistics, eta=eta), white)


def m_step(data, white, theta, frame, T):
    """theta from the statistics T of `frame`, and the frame for the next. If T has lost digits: once more, around the
    means just found. That is so where a component shrinks, in one step, to a hundredth of its distance from the origin.
    """
    for _ in range(4):
        degenerate.nonempty(T[:, 0], lost="mean and covariance")
        new, lost = placed(T, frame)
        if lost < LOST:
            break
        frame = new
        T = sweep(data, white, theta, frame).T
    refuse_collapse(new, T, lost)
    return new, None if frame is None else frame_for(new)


def frame_for(theta):
    """None, the common origin, or theta itself where a component is too narrow for that."""
    return None if statistics.lost_digits(theta) < LOST else theta


def placed(T, frame):
    """Components from statistics in the frame's coordinates, and the factor on eps that they have lost."""
    try:
        new = statistics.theta_from_statistics(T)
        lost = statistics.lost_digits(new)
    except np.linalg.LinAlgError:  # no digit left: only the means are of use
        pi, mu, Sigma = statistics.moments_from_statistics(T)
        one = np.broadcast_to(np.eye(Sigma.shape[1]), Sigma.shape)
        new, lost = Components.of(pi, mu, one, one), np.inf
    return (new if frame is None else seen_from(frame, new)), lost


def seen_from(frame, theta):
    """theta, given in the coordinates of each component of `frame`, in those of `frame` itself."""
    return Components(theta.pi, frame.F @ theta.F, theta.G @ frame.G)


# ---- to whitened coordinates and back


def whitened(theta, white):
    """theta (pi, mu, Sigma) in the coordinates z = W (x - centre), as Components."""
    L = _cholesky(theta.Sigma)
    mu = (theta.mu - white.centre) @ white.W.T
    return Components.of(theta.pi, mu, white.W @ L, np.linalg.inv(L) @ white.L)


def _cholesky(Sigma):
    """L L^T = Sigma, improved once: where Sigma is nearly singular its thin direction is a difference of large entries.

    L (1 + half of L^-1 (Sigma - L L^T) L^-T) with the difference in long double, where the machine has it.
    """
    L = np.linalg.cholesky(Sigma)
    W = np.linalg.inv(L)
    if ((W * W).sum((1, 2)) * (L * L).sum((1, 2))).max() < LOST * L.shape[1] ** 2:
        return L
    long = L.astype(np.longdouble)
    E = np.tril(W @ (Sigma - long @ long.transpose(0, 2, 1)).astype(float) @ W.transpose(0, 2, 1))
    E[:, *np.diag_indices(L.shape[1])] /= 2
    return L + L @ E


def unwhitened(theta, white):
    """Components in z as theta (pi, mu, Sigma) in the data's own units."""
    L = white.L @ theta.L
    Sigma = L @ L.transpose(0, 2, 1)
    return Theta(theta.pi, theta.mu @ white.L.T + white.centre, (Sigma + Sigma.transpose(0, 2, 1)) / 2)


# ---- what has no answer


def refuse_collapse(theta, T, lost):
    """Whitened data has standard deviation 1 in each direction; a component's own is 1 / |W_j|, or none at all."""
    if lost < np.inf and np.vdot(theta.G, theta.G) * COLLAPSED**2 < 1:
        return
    narrow = np.abs(theta.W).max((1, 2))
    if lost == np.inf:  # some covariance had no Cholesky factor: whose?
        low_to_high = np.linalg.eigvalsh(statistics.moments_from_statistics(T)[2])
        narrow = 1 / COLLAPSED - low_to_high[:, 0] / np.maximum(low_to_high[:, -1], 1e-300)
    elif narrow.max() * COLLAPSED < 1:
        return
    j = int(narrow.argmax())
    raise degenerate.collapsed(j, T[j, 0])


@contextmanager
def _bar(max_iter, wanted):
    """A function that shows the path so far: a tqdm bar, or nothing."""
    if not wanted:
        yield lambda path: None
        return
    from tqdm.auto import tqdm

    with tqdm(total=max_iter, unit="iteration") as bar:

        def show(path):
            if len(path) > 1:
                bar.set_postfix_str(f"log p = {path[-1]:.9g}, change {path[-1] - path[-2]:.1e}", refresh=False)
                bar.update()

        yield show
