"""The formulas themselves, unchecked: for the checked doors above, for derivations, films, figures and exercises.

x (n, d), pi (k,), mu (k, d), Sigma (k, d, d), r (n, k) are arrays of floats. Nothing here asks whether pi and r sum to
one or whether Sigma is symmetric: each entry is a variable of its own, as numerical derivatives need it. Hence slogdet
and solve: a Cholesky factor reads one triangle only and would give a tied, wrong derivative. `Degenerate` is raised
where the data leave no value. Formulas of `log_joint` hold for any model: log p(x_i, z_i = j) in row i, column j.
"""

import numpy as np
from scipy.special import logsumexp

from emtutor.maths import degenerate
from emtutor.maths.theta import Theta

COLLAPSED = 1e-10  # a standard deviation this small beside the data's own is a point, a line or a plane
ROWS = 1 << 13  # of a log-density's table made together: what is needed on the way is k d numbers a row

# ---- the Gaussian mixture


def log_joint(x, pi, mu, Sigma):
    """log pi_j + log N(x_i; mu_j, Sigma_j), (n, k); -inf where pi_j = 0."""
    with np.errstate(divide="ignore"):
        log_pi = np.log(pi)
    table = log_normal(x, mu, Sigma)
    table += log_pi
    return table


def log_normal(x, mu, Sigma):
    """log N(x_i; mu_j, Sigma_j) = -(d log 2 pi + log det Sigma_j + a^T Sigma_j^-1 a) / 2, a = x_i - mu_j, (n, k)."""
    if len(x) > ROWS:
        table = np.empty((len(mu), len(x))).T
        for i in range(0, len(x), ROWS):
            table[i : i + ROWS] = log_normal(x[i : i + ROWS], mu, Sigma)
        return table
    away = (x - np.asarray(mu)[:, None]).swapaxes(1, 2)
    squared = (away * np.linalg.solve(Sigma, away)).sum(1)
    log_det = np.linalg.slogdet(Sigma)[1]
    return -((x.shape[1] * np.log(2 * np.pi) + log_det)[:, None] + squared).T / 2


def m_step(x, r):
    """R_j = sum_i r_ij, pi_j = R_j / n, mu_j = sum_i r_ij x_i / R_j, Sigma_j = W_j / R_j, W_j around the new mu_j."""
    R, mu = counts_and_means(x, r)
    Sigma = scatter(x, r, mu) / R[:, None, None]
    refuse_collapse(x, R, Sigma)
    return Theta(R / len(x), mu, Sigma)


def m_step_tied(x, r):
    """The same with one shared covariance, Sigma_j = sum_j W_j / n for every j."""
    R, mu = counts_and_means(x, r)
    Sigma = scatter(x, r, mu).sum(0) / len(x)
    refuse_collapse(x, R.sum(keepdims=True), Sigma[None])
    return Theta(R / len(x), mu, np.tile(Sigma, (len(R), 1, 1)))


def counts_and_means(x, r):
    """R_j = sum_i r_ij (k,) and mu_j = sum_i r_ij x_i / R_j (k, d)."""
    R = degenerate.nonempty(r.sum(0), lost="mean and covariance")
    return R, (r.T @ x) / R[:, None]


def scatter(x, r, mu):
    """W_j = sum_i r_ij (x_i - mu_j)(x_i - mu_j)^T, (k, d, d), exactly symmetric."""
    W = np.stack([((x - mu_j) * r_j[:, None]).T @ (x - mu_j) for r_j, mu_j in zip(r.T, mu, strict=True)])
    return (W + W.transpose(0, 2, 1)) / 2


def refuse_collapse(x, R, Sigma):
    """Degenerate for a covariance with (almost) no extent in some direction: the likelihood is unbounded there.

    A point is measured by the data's spread, a line or plane by the component's own: two clusters may be far apart.
    """
    degenerate.enough(*x.shape)
    spread = x.std(0)
    if not (spread > 0).all():
        raise degenerate.constant(int(np.argmin(spread)))
    if not np.isfinite(Sigma).all():
        return  # a wrong r put in by a learner: the figures of the step say so
    for j, S in enumerate(Sigma):
        own = np.sqrt(np.maximum(S.diagonal(), 0))
        narrow = own < COLLAPSED * spread
        if not narrow.any():
            low = np.linalg.eigvalsh(S / np.outer(own, own))[0]
            if low >= 4 * len(own) * np.finfo(float).eps:  # an eigenvalue below this is zero, computed
                continue
        if np.linalg.matrix_rank((x - x.mean(0)) / spread) < x.shape[1]:
            raise degenerate.collinear()
        raise degenerate.collapsed(j, R[j], "one point" if narrow.all() else "a line or plane")


# ---- any model, from its log_joint (n, k), or (k,) for one observation; in logarithms: where a posterior underflows to
# zero its logarithm is still finite


def log_p(log_joint):
    """log p(x_i) = log sum_j p(x_i, z_i = j), (n,), with the largest term taken out before exponentiating."""
    if log_joint.ndim == 2 and len(log_joint) > ROWS:  # SciPy needs five tables on the way
        return np.concatenate([log_p(log_joint[i : i + ROWS]) for i in range(0, len(log_joint), ROWS)])
    return logsumexp(log_joint, axis=-1)


def log_posterior(log_joint):
    """log p(z_i = j | x_i), of the same shape as `log_joint`."""
    highest = log_joint.max(-1, keepdims=True)
    if (highest == -np.inf).any():
        i = int(np.argmax(highest.ravel() == -np.inf))
        raise degenerate.Degenerate(
            f"point {i} has density 0 under every component, so it has no posterior: "
            "it lies too far out even for logarithms, or every pi_j is 0"
        )
    a = log_joint - highest  # first: far out, where log p is -1e9, rows would otherwise sum to one only within 1e-7
    a -= log_p(a)[..., None]
    return a


def posterior(log_joint):
    """p(z_i = j | x_i) = p(x_i, j) / sum_j' p(x_i, j'), of the same shape as `log_joint`."""
    r = log_posterior(log_joint)
    return np.exp(r, out=r)


def elbo(log_joint, q):
    """L(q) = sum q (log_joint - log q)."""
    return expectation(q, log_joint - log(q))


def kl(log_joint, q):
    """D_KL(q || p(z | x)) = sum q (log q - log_posterior)."""
    return expectation(q, log(q) - log_posterior(log_joint))


def expectation(q, f):
    """sum q f, where 0 times anything, -inf too, is 0."""
    return float(np.where(q > 0, q * np.where(q > 0, f, 0.0), 0.0).sum())


def log(q):
    """log q, and 0 where q is 0: what it is multiplied with there is 0."""
    return np.log(np.where(q > 0, q, 1.0))
