"""The Gaussian mixture p(x) = prod_i sum_j pi_j N(x_i; mu_j, Sigma_j), in the lecture's formulas.

x (n, d); theta = Theta(pi (k,), mu (k, d), Sigma (k, d, d)); r (n, k), r[i, j] = p(z_ij = 1 | x_i, theta).
Log-densities are in nats and in the data's own units.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from emtutor.maths import arguments, bounds, em


class Theta(NamedTuple):
    """theta = (pi, mu, Sigma): weights (k,), means (k, d), covariances (k, d, d)."""

    pi: np.ndarray
    mu: np.ndarray
    Sigma: np.ndarray


# ---- the model


def log_joint(x, theta):
    """log p(x_i, z_ij = 1 | theta) = log pi_j + log N(x_i; mu_j, Sigma_j), (n, k); -inf where pi_j = 0."""
    return _log_joint(*_checked(x, theta))


def log_likelihood(x, theta):
    """log p(x | theta) = sum_i log sum_j pi_j N(x_i; mu_j, Sigma_j), in nats."""
    return bounds.log_evidence(log_joint(x, theta))


def e_step(x, theta):
    """r_ij = pi_j N(x_i; mu_j, Sigma_j) / sum_j' pi_j' N(x_i; mu_j', Sigma_j'), (n, k). Bishop, PRML, (9.13)."""
    return bounds.posterior(log_joint(x, theta))


def m_step(x, r):
    """R_j = sum_i r_ij, pi_j = R_j / n, mu_j = sum_i r_ij x_i / R_j, Sigma_j = sum_i r_ij (x_i - mu_j)(..)^T / R_j.

    The covariance is taken around the *new* mean. Bishop, PRML, (9.24)-(9.26). Raises ValueError for a component
    that is empty or has collapsed: there the likelihood has no maximum, and no jitter is added behind your back.
    """
    return _m_step(*_points_and_weights(x, r))


def m_step_tied(x, r):
    """The M-step of one shared covariance: Sigma_j = sum_ij r_ij (x_i - mu_j)(x_i - mu_j)^T / n for every j."""
    return _m_step_tied(*_points_and_weights(x, r))


def fit_complete(x, z):
    """Maximum likelihood with the labels known, z (n, k) one-hot: the M-step with z in the place of r."""
    return _m_step(*_points_and_weights(x, z, "z"))


def map_m_step(x, r, alpha, m0, kappa0, S0, nu0):
    """The M-step under a prior: the mode of Q + log p(theta), theta as `Theta`.

    pi ~ Dirichlet(alpha (k,)), each (mu_j, Sigma_j) ~ normal-inverse-Wishart(m0 (d,), kappa0, S0 (d, d), nu0), so that
    Sigma_j = (W_j + S0 + kappa0 (mu_j - m0)(mu_j - m0)^T) / (nu0 + R_j + d + 2), W_j around the new mu_j. No component
    collapses if S0 is positive definite. Murphy, MLAPP, 11.4.2.8 (there the mode of Sigma_j alone: one less below).
    """
    x, r = _points_and_weights(x, r)
    R, (d, k) = r.sum(0), (x.shape[1], r.shape[1])
    alpha = arguments.array("alpha", alpha, f"({k})", f"as r has {k} columns")
    m0 = arguments.array("m0", m0, f"({d})", f"as x has {d} columns")
    S0 = arguments.array("S0", S0, f"({d}, {d})", f"as x has {d} columns")
    kappa0 = arguments.number("kappa0", kappa0, "a finite number >= 0, of points", lambda kappa0: 0 <= kappa0 < np.inf)
    least = -R.min() - d - 2
    nu0 = arguments.number("nu0", nu0, f"finite and above {least:.6g}", lambda nu0: least < nu0 < np.inf)
    counts = R + alpha - 1
    if counts.min() < 0 or not counts.any():
        raise ValueError(
            f"alpha_j must be at least 1 - R_j, got {alpha.tolist()}: the mode has no such weights; take alpha_j >= 1"
        )
    if kappa0 == 0:
        arguments.nonempty(R, lost="mean and covariance")
    mu = (r.T @ x + kappa0 * m0) / (R + kappa0)[:, None]
    pull = np.einsum("ka,kb->kab", mu - m0, mu - m0)
    Sigma = (_scatter(x, r, mu) + S0 + kappa0 * pull) / (nu0 + R + d + 2)[:, None, None]
    return check(Theta(counts / counts.sum(), mu, Sigma))


def sample(n, theta, rng):
    """Draw z_i from pi, then x_i from N(mu_z, Sigma_z): x (n, d), z (n, k) one-hot. rng: np.random.Generator."""
    pi, mu, Sigma = check(theta)
    n, rng = arguments.whole("n", n, 0), arguments.generator(rng)
    label = rng.choice(len(pi), size=n, p=pi / pi.sum())
    noise = rng.standard_normal((n, mu.shape[1]))
    x = mu[label] + np.einsum("nab,nb->na", np.linalg.cholesky(Sigma)[label], noise)
    return x, np.eye(len(pi))[label]


def random_start(x, k, rng):
    """A start: k distinct data points as means, the data's covariance (1/n) for each, equal weights."""
    x = arguments.points(x)
    n, rng = len(x), arguments.generator(rng)
    k = arguments.whole("k", k, 1, (f"n = {n}", n), "each component needs a point")
    mu = x[rng.choice(n, size=k, replace=False)]
    covariance = np.atleast_2d(np.cov(x.T, bias=True))
    _refuse_collapse(x, np.array([n]), covariance[None])
    return Theta(np.full(k, 1 / k), mu, np.tile(covariance, (k, 1, 1)))


def named_starts(x, k):
    """{name: Theta}: starts to choose from, two of them hostile ("identical", "on one point")."""
    x = arguments.points(x)
    starts = {f"random {seed + 1}": random_start(x, k, np.random.default_rng(seed)) for seed in range(3)}
    base = starts["random 1"]
    k = len(base.pi)
    identical = base._replace(mu=np.tile(x.mean(0), (k, 1)))
    tiny = np.diag(x.var(0)) * 3e-4
    return {
        "spread out": base._replace(mu=_spread_out(x, k), Sigma=base.Sigma / k**2),
        **starts,
        "identical": identical,
        "on one point": identical._replace(
            mu=np.concatenate([x[:1], base.mu[1:]]), Sigma=np.concatenate([tiny[None], base.Sigma[1:]])
        ),
    }


def _spread_out(x, k):
    """k points, each as far as possible (in standard deviations) from those chosen before it."""
    z = (x - x.mean(0)) / np.where(x.std(0) > 0, x.std(0), 1)
    chosen = [int((z**2).sum(1).argmax())]
    while len(chosen) < k:
        chosen.append(int(((z[:, None] - z[chosen]) ** 2).sum(2).min(1).argmax()))
    return x[chosen]


def fit(x, theta0, *, tol=1e-8, max_iter=1000, progress=False):
    """Run EM from `theta0`, as `em.fit(model, x, theta0)` does, by matrix products over blocks that fit the cache.

    x (n, d): array, numpy.memmap or dask array; beyond the input, memory does not grow with n. Stops when log p changes
    by less than `tol` nats in an iteration, or after `max_iter`. Returns `em.Fit`; its q is None (n k numbers:
    `e_step(x, fit.theta)` has them). Raises ValueError for an empty or collapsed component and for constant or
    collinear columns, as `m_step` does. How it works: `emtutor.maths.statistics`, then `emtutor.maths.sweeps`.
    """
    from emtutor.maths import sweeps  # which imports this module

    return sweeps.fit(x, theta0, tol=tol, max_iter=max_iter, progress=progress)


# ---- gradients of log p(x | theta); each entry of pi and Sigma taken as independent


def grad_pi(x, theta):
    """d log p / d pi_j = R_j / pi_j = sum_i N(x_i; mu_j, Sigma_j) / p(x_i), (k,): without the constraint, so > 0."""
    x, pi, mu, Sigma = _checked(x, theta)
    log_density = _log_joint(x, np.ones_like(pi), mu, Sigma)
    log_evidence = logsumexp(_log_joint(x, pi, mu, Sigma), axis=1, keepdims=True)
    return np.exp(log_density - log_evidence).sum(0)


def grad_mu(x, theta):
    """d log p / d mu_j = Sigma_j^-1 sum_i r_ij (x_i - mu_j), (k, d)."""
    x, _, mu, Sigma = _checked(x, theta)
    r = e_step(x, theta)
    return np.linalg.solve(Sigma, (r.T @ x - r.sum(0)[:, None] * mu)[:, :, None])[:, :, 0]


def grad_Sigma(x, theta):
    """d log p / d Sigma_j = (Sigma_j^-1 W_j Sigma_j^-1 - R_j Sigma_j^-1) / 2, W_j = sum_i r_ij (x_i - mu_j)(..)^T.

    (k, d, d), the entries of Sigma_j taken as independent; with Sigma_ab = Sigma_ba tied, off-diagonal entries double.
    """
    x, _, mu, Sigma = _checked(x, theta)
    r = e_step(x, theta)
    P = np.linalg.inv(Sigma)
    return (P @ _scatter(x, r, mu) @ P - r.sum(0)[:, None, None] * P) / 2


# ---- the inner forms: unchecked, defined for unnormalised pi and for Sigma whose entries move one by one


def _log_joint(x, pi, mu, Sigma):
    """log pi_j - (d log 2 pi + log det Sigma_j + (x_i - mu_j)^T Sigma_j^-1 (x_i - mu_j)) / 2, by slogdet and solve."""
    columns = []
    for pi_j, mu_j, Sigma_j in zip(pi, mu, Sigma, strict=True):
        away = x - mu_j
        squared = (away * np.linalg.solve(Sigma_j, away.T).T).sum(1)
        log_det = np.linalg.slogdet(Sigma_j)[1]
        with np.errstate(divide="ignore"):
            columns.append(np.log(pi_j) - (x.shape[1] * np.log(2 * np.pi) + log_det + squared) / 2)
    return np.stack(columns, axis=1)


def _m_step(x, r):
    R, mu = _counts_and_means(x, r)
    Sigma = _scatter(x, r, mu) / R[:, None, None]
    _refuse_collapse(x, R, Sigma)
    return Theta(R / len(x), mu, Sigma)


def _m_step_tied(x, r):
    R, mu = _counts_and_means(x, r)
    Sigma = _scatter(x, r, mu).sum(0) / len(x)
    _refuse_collapse(x, R.sum(keepdims=True), Sigma[None])
    return Theta(R / len(x), mu, np.tile(Sigma, (len(R), 1, 1)))


def _counts_and_means(x, r):
    R = arguments.nonempty(r.sum(0), lost="mean and covariance")
    return R, (r.T @ x) / R[:, None]


def _scatter(x, r, mu):
    """W_j = sum_i r_ij (x_i - mu_j)(x_i - mu_j)^T, (k, d, d), exactly symmetric."""
    W = np.stack([((x - mu_j) * r_j[:, None]).T @ (x - mu_j) for r_j, mu_j in zip(r.T, mu, strict=True)])
    return (W + W.transpose(0, 2, 1)) / 2


_COLLAPSED = 1e-10  # a standard deviation this small beside the data's own is a point, a line or a plane


def _refuse_collapse(x, R, Sigma):
    """A covariance with (almost) no extent in some direction: the likelihood is unbounded there."""
    spread = x.std(0)
    if not (spread > 0).all():
        column = int(np.argmin(spread))
        raise arguments.Degenerate(
            f"column {column} of x is constant, so no covariance is positive definite: drop that column"
        )
    if not np.isfinite(Sigma).all():
        return  # a wrong r put in by a learner: the figures of the step say so
    low = np.linalg.eigvalsh(Sigma / np.outer(spread, spread))
    rounding = 4 * x.shape[1] * np.finfo(float).eps * low[:, -1]  # an eigenvalue below this is zero, computed
    for j in map(int, np.flatnonzero(low[:, 0] < np.maximum(_COLLAPSED**2, rounding))):
        kind = "one point" if low[j, -1] < _COLLAPSED**2 else "a line or plane"
        if len(x) > 1 and np.linalg.matrix_rank((x - x.mean(0)) / spread) < x.shape[1]:
            raise arguments.Degenerate(
                "the columns of x are collinear, so no covariance is positive definite: drop one of them"
            )
        raise arguments.Degenerate(
            f"component {j + 1} has collapsed onto {kind} (R_{j + 1} = {R[j]:.3g}): the likelihood is unbounded there; "
            "restart it or use a prior (map_m_step)"
        )


# ---- what arguments must be


def check(theta):
    """theta as a `Theta` of arrays, or ValueError: shapes that do not fit, NaN, pi no distribution, Sigma not
    positive definite."""
    pi, mu, Sigma = arguments.parts("theta", theta, "pi", "mu", "Sigma")
    mu = arguments.points(mu, "mu", "(k, d)")
    k, d = mu.shape
    because = f"as mu is {mu.shape}"
    pi = arguments.distribution("pi", pi, f"({k})", because)
    return Theta(pi, mu, arguments.positive_definite("Sigma", Sigma, f"({k}, {d}, {d})", because))


def _checked(x, theta):
    x, theta = arguments.points(x), check(theta)
    arguments.array("mu", theta.mu, f"(k, {x.shape[1]})", f"as x is {x.shape}")
    return x, *theta


def _points_and_weights(x, r, name="r"):
    x = arguments.points(x)
    r = arguments.responsibilities(r, len(x), name)
    if r.shape[1] > len(x):
        raise ValueError(f"k = {r.shape[1]} components need at least as many points, got n = {len(x)}")
    return x, r


# A learner's q need be no distribution, and must be filmable all the same: the model's M-step asks only for shapes.
model = em.mixture(log_joint, lambda x, r: _m_step(*_shaped(x, r)))
tied = em.mixture(log_joint, lambda x, r: _m_step_tied(*_shaped(x, r)))


def _shaped(x, r):
    x = arguments.points(x)
    return x, arguments.array("r", r, f"({len(x)}, k)", f"as x has {len(x)} rows", finite=False)
