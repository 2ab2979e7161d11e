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

LOG_2PI = math.log(2 * math.pi)


class Components(NamedTuple):
    """theta as maps between a component's own coordinates y ~ N(0, 1) and z: [1, z] = F_j [1, y], G_j = F_j^-1.

    F_j = [[1, 0], [mu_j, L_j]] and G_j = [[1, 0], [-W_j mu_j, W_j]] with Sigma_j = L_j L_j^T, W_j = L_j^-1, L_j lower
    triangular. L keeps digits that Sigma loses. A component seen from another is a product of such maps.
    """

    pi: np.ndarray  # (k,)
    F: np.ndarray  # (k, d + 1, d + 1)
    G: np.ndarray  # (k, d + 1, d + 1)

    @classmethod
    def of(cls, pi, mu, L, W):
        """From pi (k,), mu (k, d), L and W (k, d, d)."""
        return cls(pi, _affine(mu, L), _affine(-(W @ mu[:, :, None])[:, :, 0], W))

    @property
    def mu(self):
        """(k, d)."""
        return self.F[:, 1:, 0]

    @property
    def L(self):
        """(k, d, d), lower triangular."""
        return self.F[:, 1:, 1:]

    @property
    def W(self):
        """(k, d, d), lower triangular."""
        return self.G[:, 1:, 1:]


def _affine(shift, linear):
    """[[1, 0], [shift_j, linear_j]] (k, d + 1, d + 1)."""
    k, d = shift.shape
    A = np.zeros((k, d + 1, d + 1))
    A[:, 0, 0], A[:, 1:, 0], A[:, 1:, 1:] = 1, shift, linear
    return A


@dataclass(frozen=True)
class Statistics:
    """T = sum_i r_i phi(z_i)^T, (k, p), and log p(z). Both add over rows."""

    T: np.ndarray
    log_likelihood: float

    def __add__(self, other):
        return Statistics(self.T + other.T, self.log_likelihood + other.log_likelihood)


# ---- the E-step's sums, in two forms


def by_residuals(d, k):
    """Which form is faster, measured: phi's d^2 / 2 numbers a row must be made and read, whatever k; few components do
    not use them often enough.
    """
    return d >= 24 and 128 * k <= d * d


def expected_statistics(z, eta):
    """T = r phi(z)^T with r = softmax(eta phi(z)): the E-step's sums over the columns of z (d, b)."""
    return statistics_of(features(z, out=_kept("phi", (eta.shape[1], z.shape[1]))), eta)


def statistics_of(phi, eta):
    """The same from phi (p, b)."""
    r, log_likelihood = posterior(_product(eta, phi, out=_kept("log_joint", (len(eta), phi.shape[1]))))
    return Statistics(r @ phi.T, log_likelihood)


def residual_statistics(z, theta, height, frame=None):
    """The same sums without phi: r from residuals W_j (z - mu_j) of theta, then sum_i r_ij z_i z_i^T for each j.

    A triangular and a symmetric product a component: 2 d^2 flops a row, in long runs. height is `log_height(theta)`.
    `frame` (Components) says in whose coordinates to sum: T_j = sum_i r_ij phi(y_ij), y_j = W_j (z - mu_j) of frame.
    Where a common origin would cost digits, the component's own does not.
    """
    (k, d), b = theta.mu.shape, z.shape[1]
    y, log_joint, T = _kept("y", (d, b)), _kept("log_joint", (k, b)), np.empty((k, size(d)))
    for j in range(k):
        _own_coordinates(z, theta, j, out=y)
        np.einsum("db,db->b", y, y, out=log_joint[j])
    log_joint *= -0.5
    log_joint += height[:, None]
    r, log_likelihood = posterior(log_joint)
    root = np.sqrt(r, out=log_joint)
    upper = _upper(d)
    for j in range(k):
        seen = z if frame is None else _own_coordinates(z, frame, j, out=y)
        np.matmul(seen, r[j], out=T[j, 1 : d + 1])
        T[j, d + 1 :] = _gram(np.multiply(seen, root[j], out=y))[upper]
    T[:, 0] = r.sum(1)
    return Statistics(T, log_likelihood)


def _own_coordinates(z, frame, j, out):
    """W_j (z - mu_j), (d, b)."""
    np.subtract(z, frame.mu[j][:, None], out=out)
    return blas().dtrmm(1.0, frame.W[j].T, out.T, side=1, overwrite_b=1).T


def _gram(y):
    """The upper triangle of y y^T, y (d, b)."""
    return blas().dsyrk(1.0, y.T, trans=1)


# ---- the M-step


def theta_from_statistics(T):
    """The M-step: R_j = T_j0, pi_j = R_j / n, [1, mu_j; mu_j, Sigma_j + mu_j mu_j^T] = E[1, z][1, z]^T under r_j / R_j.

    That matrix is F_j F_j^T: its Cholesky factor holds mean and factor of the covariance. LinAlgError if it has none.
    """
    d = dimension(T.shape[1])
    R = T[:, 0]
    E = T.take(_square(d), axis=1)
    E /= R[:, None, None]
    F = np.linalg.cholesky(E)
    return Components(R / np.add.reduce(R), F, np.linalg.inv(F))


def moments_from_statistics(T):
    """The same as pi (k,), mu (k, d), Sigma (k, d, d), where a covariance need not be positive definite."""
    d = dimension(T.shape[1])
    R = T[:, 0]
    E = T.take(_square(d), axis=1) / R[:, None, None]
    mu = E[:, 1:, 0]
    return R / R.sum(), mu, E[:, 1:, 1:] - mu[:, :, None] * mu[:, None]


def mean_statistics(theta):
    """E[z_j phi(z)] under theta itself, (k, p): pi_j [1, mu_j, Sigma_j + mu_j mu_j^T], theta Components.

    The inverse of `theta_from_statistics`. c times this is a conjugate prior worth c points, to be added to T.
    """
    E = theta.F @ theta.F.transpose(0, 2, 1)
    return theta.pi[:, None] * E[:, *_upper(E.shape[1])]


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
    """eta_j = [log pi_j - log Z_j, P_j mu_j, -P_aa / 2 and -P_ab (a < b)], P = Sigma^-1: (k, p), theta Components.

    -|W (z - mu)|^2 / 2 = -|B [1, z]|^2 / 2 with the rows B of G below the first: eta is the triangle of -B^T B / 2, its
    entries off the diagonal twice, and the height in the corner.
    """
    B = theta.G[:, 1:]
    k, _, width = B.shape
    eta = (B.transpose(0, 2, 1) @ B).reshape(k, -1).take(_flat_upper(width), axis=1)
    eta *= _twice_off_diagonal(width)
    eta[:, 0] += log_height(theta)
    return eta


def log_height(theta):
    """log pi_j N(mu_j; mu_j, Sigma_j): the log-joint at the component's own mean; where pi_j = 0 so low that exp is 0.

    Not -inf: a matrix product may pad its blocks with zeros, and 0 times -inf is NaN.
    """
    log_pi = np.maximum(np.log(theta.pi), -1e300)
    log_det = np.add.reduce(np.log(theta.F.diagonal(axis1=1, axis2=2)), axis=1)
    return log_pi - log_det - theta.mu.shape[1] / 2 * LOG_2PI


def posterior(log_joint):
    """r = exp(log_joint) / sum_j exp(log_joint_j), (k, b), and sum_i log p(z_i). r is used again next time.

    Nothing is subtracted first, which saves two passes, unless some point is so far out that exp has no number for it.
    """
    r = np.exp(log_joint, out=_kept("r", log_joint.shape))
    p = np.add.reduce(r, axis=0)
    low, high = np.minimum.reduce(p), np.maximum.reduce(p)
    top = 0.0
    if not (low > 1e-280 and high < np.inf):
        top = log_joint.max(0)
        np.exp(np.subtract(log_joint, top, out=r), out=r)
        p = r.sum(0)
        low, high, top = 1, len(r), float(top.sum())
    r /= p
    return r, top + _sum_of_logs(p, low, high)


def _sum_of_logs(p, low, high):
    """sum_i log p_i: a logarithm takes as long as ten products, so eight entries at a time share one."""
    if len(p) >= 1024 and low > 1e-35 and high < 1e35:
        rest = len(p) % 8
        return float(np.log(np.multiply.reduce(p[rest:].reshape(8, -1), axis=0)).sum() + np.log(p[:rest]).sum())
    return float(np.add.reduce(np.log(p)))


def lost_digits(theta):
    """E[z_a z_b] over Sigma_ab, about (sep / std)^2: the factor on eps when the means are subtracted, the largest."""
    d = theta.F.shape[1] - 1
    bound = float(np.vdot(theta.G, theta.G)) * float(np.vdot(theta.F, theta.F)) / d**2
    if bound < 1e4:  # of all components together, and without the means
        return bound
    with np.errstate(over="ignore"):
        return float(((theta.W**2).sum((1, 2)) * ((theta.F**2).sum((1, 2)) - 1)).max()) / d**2


def size(d):
    """p = 1 + d + d (d + 1) / 2, the length of phi."""
    return 1 + d + d * (d + 1) // 2


def dimension(p):
    """d from p = 1 + d + d (d + 1) / 2."""
    return int((np.sqrt(8 * p + 1) - 3) / 2)


@functools.cache
def _upper(d):
    return np.triu_indices(d)


@functools.cache
def _flat_upper(d):
    return np.ravel_multi_index(_upper(d), (d, d))


@functools.cache
def _twice_off_diagonal(d):
    a, b = _upper(d)
    return np.where(a == b, -0.5, -1.0)


@functools.cache
def _square(d):
    """Where in phi the entries of [1, z][1, z]^T stand, (d + 1, d + 1)."""
    a, b = _upper(d + 1)
    place = np.empty((d + 1, d + 1), int)
    place[a, b] = place[b, a] = np.arange(len(a))
    return place


@functools.cache
def blas():
    """SciPy's BLAS, which knows triangular and symmetric products. Loaded when wanted: a small fit starts sooner."""
    from scipy.linalg import blas

    return blas


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
