"""The Gaussian mixture as an exponential family: one matrix product for the E-step, one for the M-step's statistics.

    log pi_j N(z; mu_j, Sigma_j) = eta_j . phi(z),    phi(z) = [1, z, z_a z_b (a <= b)]

So eta phi(z) holds the log-joint of all points and components (E-step), and T = r phi(z)^T = sum_i r_i phi(z_i)^T is
all that the M-step asks of the data: the expected sufficient statistics. T has a fixed size and adds over rows, so the
same two functions serve blocks, streams, clusters, online EM, and priors (a conjugate prior is statistics of points
that nobody saw, added to T).

Points are columns here: z (d, b), phi (p, b), r and log-joint (k, b). With components on the first axis a sum over
them runs along memory; over the last axis it takes twenty times as long.
"""

import functools
import math
import threading
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Components(NamedTuple):
    """theta with each covariance as a factor: Sigma_j = L_j L_j^T, W_j = L_j^-1. L keeps digits that Sigma loses."""

    pi: np.ndarray  # (k,)
    mu: np.ndarray  # (k, d)
    L: np.ndarray  # (k, d, d)
    W: np.ndarray  # (k, d, d)


@dataclass(frozen=True)
class Statistics:
    """T = sum_i r_i phi(z_i)^T, (k, p), and log p(z). Both add over rows."""

    T: np.ndarray
    log_likelihood: float

    def __add__(self, other):
        return Statistics(self.T + other.T, self.log_likelihood + other.log_likelihood)


# ---- the two functions


def expected_statistics(z, eta):
    """T = r phi(z)^T with r = softmax(eta phi(z)): the E-step's sums over the columns of z (d, b)."""
    b = z.shape[1]
    phi = features(z, out=_kept("phi", (eta.shape[1], b)))
    r, log_likelihood = posterior(_product(eta, phi, out=_kept("log_joint", (len(eta), b))))
    return Statistics(r @ phi.T, log_likelihood)


def theta_from_statistics(T):
    """The M-step: R_j = T_j0, pi_j = R_j / n, mu_j = E[z], Sigma_j = E[z z^T] - mu_j mu_j^T, E under r_j / R_j.

    Returns pi (k,), mu (k, d), Sigma (k, d, d).
    """
    d = dimension(T.shape[1])
    a, b = _upper(d)
    R = T[:, 0]
    mean = T[:, 1 : d + 1] / R[:, None]
    Sigma = np.empty((len(T), d, d))
    Sigma[:, a, b] = Sigma[:, b, a] = T[:, d + 1 :] / R[:, None] - mean[:, a] * mean[:, b]
    return R / R.sum(), mean, Sigma


def mean_statistics(theta):
    """E[z_j phi(z)] under theta itself, (k, p): pi_j [1, mu_j, Sigma_j + mu_j mu_j^T], theta Components.

    The inverse of `theta_from_statistics`. c times this is a conjugate prior worth c points, to be added to T.
    """
    a, b = _upper(theta.mu.shape[1])
    second = theta.L @ theta.L.transpose(0, 2, 1) + theta.mu[:, :, None] * theta.mu[:, None]
    return theta.pi[:, None] * np.concatenate([np.ones((len(theta.pi), 1)), theta.mu, second[:, a, b]], axis=1)


# ---- their parts


def features(z, out=None):
    """phi(z) = [1, z, z_a z_b (a <= b)] of the columns of z (d, b): (p, b), p = 1 + d + d (d + 1) / 2."""
    d, b = z.shape
    phi = np.empty((size(d), b)) if out is None else out
    phi[0] = 1
    phi[1 : d + 1] = z
    row = d + 1
    for a in range(d):
        np.multiply(z[a], z[a:], out=phi[row : row + d - a])
        row += d - a
    return phi


def natural_parameters(theta):
    """eta_j = [log pi_j - log Z_j, P_j mu_j, -P_aa / 2 and -P_ab (a < b)], P = Sigma^-1: (k, p), theta Components."""
    k, d = theta.mu.shape
    P = theta.W.transpose(0, 2, 1) @ theta.W
    h = (P @ theta.mu[:, :, None])[:, :, 0]
    eta = np.empty((k, size(d)))
    # log 0 as a finite number whose exp is 0: where a BLAS pads its blocks with zeros, -inf times 0 would be invalid.
    eta[:, 0] = np.maximum(log_height(theta), -1e300) - (h * theta.mu).sum(1) / 2
    eta[:, 1 : d + 1] = h
    a, b = _upper(d)
    eta[:, d + 1 :] = P[:, a, b] * np.where(a == b, -0.5, -1.0)
    return eta


def log_height(theta):
    """log pi_j N(mu_j; mu_j, Sigma_j): the log-joint at the component's own mean; where pi_j = 0 so low that exp is 0.

    Not -inf: a matrix product may pad its blocks with zeros, and 0 times -inf is NaN.
    """
    log_pi = np.log(theta.pi, out=np.full_like(theta.pi, -1e300), where=theta.pi > 0)
    log_det = np.log(np.abs(theta.L.diagonal(axis1=1, axis2=2))).sum(1)
    return log_pi - log_det - theta.mu.shape[1] / 2 * np.log(2 * np.pi)


def posterior(log_joint):
    """r = exp(log_joint) / sum_j exp(log_joint_j), (k, b), and sum_i log p(z_i). r is used again next time.

    Nothing is subtracted first, which saves two passes, unless some point is so far out that exp has no number for it.
    """
    with np.errstate(over="ignore"):
        r = np.exp(log_joint, out=_kept("r", log_joint.shape))
        p = r.sum(0)
    shift = 0.0
    if not 1e-280 < p.min() <= p.max() < np.inf:
        top = log_joint.max(0)
        np.exp(np.subtract(log_joint, top, out=r), out=r)
        p, shift = r.sum(0), top.sum()
    log_likelihood = float(np.log(p).sum() + shift)
    r *= np.divide(1, p, out=p)
    return r, log_likelihood


def own_statistics(z, theta, frame):
    """The same sums where a common origin would cost digits: phi of each component's own coordinates.

    r from theta by residuals W_j (z - mu_j); T_j = sum_i r_ij phi(y_ij), y_j = W_j (z - mu_j) of `frame` (Components).
    """
    y = _own_coordinates(z, theta)
    log_joint = np.einsum("kdb,kdb->kb", y, y, out=_kept("log_joint", (len(y), z.shape[1])))
    log_joint /= -2
    log_joint += log_height(theta)[:, None]
    r, log_likelihood = posterior(log_joint)
    if frame is not theta:
        y = _own_coordinates(z, frame)
    ry = np.multiply(y, r[:, None], out=_kept("ry", y.shape))
    k, d, _ = y.shape
    T = np.empty((k, size(d)))
    T[:, 0] = r.sum(1)
    T[:, 1 : d + 1] = ry.sum(2)
    T[:, d + 1 :] = (ry @ y.transpose(0, 2, 1))[:, *_upper(d)]
    return Statistics(T, log_likelihood)


def _own_coordinates(z, frame):
    shape = (*frame.mu.shape, z.shape[1])
    away = np.subtract(z, frame.mu[:, :, None], out=_kept("ry", shape))
    return np.matmul(frame.W, away, out=_kept("y", shape))


def lost_digits(mean, L, W):
    """E[z_a z_b] over Sigma_ab, about (sep / std)^2: the factor on eps when the means are subtracted. (k,)"""
    d = mean.shape[1]
    return (W * W).sum((1, 2)) * ((mean * mean).sum(1) + (L * L).sum((1, 2))) / d**2


def size(d):
    """p = 1 + d + d (d + 1) / 2, the length of phi."""
    return 1 + d + d * (d + 1) // 2


def dimension(p):
    """d from p = 1 + d + d (d + 1) / 2."""
    return int((np.sqrt(8 * p + 1) - 3) / 2)


@functools.cache
def _upper(d):
    return np.triu_indices(d)


def _product(eta, phi, out):
    """eta @ phi, (k, b). Long inner axes go through the transposed product, which the BLAS packs twice as cheaply."""
    if len(phi) < 200:
        return np.matmul(eta, phi, out=out)
    out[:] = (phi.T @ eta.T).T
    return out


_own = threading.local()


def _kept(name, shape):
    """An array of this thread, the same memory block after block: to ask the system for it costs more than the sums."""
    size = math.prod(shape)
    array = getattr(_own, name, None)
    if array is None or array.size < size:
        array = np.empty(size)
        setattr(_own, name, array)
    return array[:size].reshape(shape)
