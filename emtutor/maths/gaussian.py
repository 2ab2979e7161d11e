"""The Gaussian mixture p(x) = prod_i sum_j pi_j N(x_i; mu_j, Sigma_j), in the lecture's formulas.

x (n, d); theta = Theta(pi (k,), mu (k, d), Sigma (k, d, d)); r (n, k), r[i, j] = p(z_ij = 1 | x_i, theta).
Log-densities are in nats and in the data's own units.
"""

import numpy as np

from emtutor.maths import arguments, bounds, degenerate, formulas, sweeps
from emtutor.maths.model import mixture
from emtutor.maths.theta import Theta, check, check_with

# ---- the model


def log_joint(x, theta):
    """log p(x_i, z_ij = 1 | theta) = log pi_j + log N(x_i; mu_j, Sigma_j), (n, k); -inf where pi_j = 0."""
    return formulas.log_joint(*check_with(x, theta))


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
    return formulas.m_step(*_points_and_weights(x, r))


def m_step_tied(x, r):
    """The M-step of one shared covariance: Sigma_j = sum_ij r_ij (x_i - mu_j)(x_i - mu_j)^T / n for every j."""
    return formulas.m_step_tied(*_points_and_weights(x, r))


def fit_complete(x, z):
    """Maximum likelihood with the labels known, z (n, k) one-hot: the M-step with z in the place of r."""
    return formulas.m_step(*_points_and_weights(x, z, "z"))


def map_m_step(x, r, alpha, m0, kappa0, S0, nu0):
    """The M-step under a prior: the mode of Q + log p(theta), theta as `Theta`.

    pi ~ Dirichlet(alpha (k,)), each (mu_j, Sigma_j) ~ normal-inverse-Wishart(m0 (d,), kappa0, S0 (d, d), nu0), so that
    Sigma_j = (W_j + S0 + kappa0 (mu_j - m0)(mu_j - m0)^T) / (nu0 + R_j + d + 2), W_j around the new mu_j. No component
    collapses if S0 is positive definite. Murphy, MLAPP, 11.4.2.8 (there the mode of Sigma_j alone: one less below).
    """
    x, r = _points_and_weights(x, r, fewest=False)
    R, (d, k) = r.sum(0), (x.shape[1], r.shape[1])
    alpha = arguments.array("alpha", alpha, f"({k})", f"as r has {k} columns")
    m0 = arguments.array("m0", m0, f"({d})", f"as x has {d} columns")
    S0 = arguments.array("S0", S0, f"({d}, {d})", f"as x has {d} columns")
    kappa0 = arguments.number(
        "kappa0", kappa0, "a number of points from 0 to 1e100", lambda kappa0: 0 <= kappa0 <= 1e100
    )
    least = -R.min() - d - 2
    nu0 = arguments.number("nu0", nu0, f"above {least:.6g} and at most 1e100", lambda nu0: least < nu0 <= 1e100)
    counts = R + alpha - 1
    if counts.min() < 0 or not counts.any():
        raise ValueError(
            f"alpha_j must be at least 1 - R_j, got {arguments.shown(alpha)}: the mode has no such weights; "
            "take alpha_j >= 1"
        )
    if kappa0 == 0:
        degenerate.nonempty(R, lost="mean and covariance")
    mu = (r.T @ x + kappa0 * m0) / (R + kappa0)[:, None]
    pull = np.einsum("ka,kb->kab", mu - m0, mu - m0)
    Sigma = (formulas.scatter(x, r, mu) + S0 + kappa0 * pull) / (nu0 + R + d + 2)[:, None, None]
    return check(Theta(counts / counts.sum(), mu, Sigma))


def sample(n, theta, rng):
    """Draw z_i from pi, then x_i from N(mu_z, Sigma_z): x (n, d), z (n, k) one-hot. rng: np.random.Generator."""
    pi, mu, Sigma = check(theta)
    n, rng = arguments.whole("n", n, 0, ("10^9", 10**9)), arguments.generator(rng)
    label = rng.choice(len(pi), size=n, p=pi / pi.sum())
    noise = rng.standard_normal((n, mu.shape[1]))
    x = mu[label] + np.einsum("nab,nb->na", np.linalg.cholesky(Sigma)[label], noise)
    return x, np.eye(len(pi))[label]


def random_start(x, k, rng):
    """A start: k distinct data points as means, the data's covariance (1/n) for each, equal weights."""
    x = arguments.points(x)
    degenerate.enough(*x.shape)
    n, rng = len(x), arguments.generator(rng)
    k = arguments.whole("k", k, 1, (f"n = {n}", n), "each component needs a point")
    mu = x[rng.choice(n, size=k, replace=False)]
    covariance = np.atleast_2d(np.cov(x.T, bias=True))
    formulas.refuse_collapse(x, np.array([n]), covariance[None])
    return Theta(np.full(k, 1 / k), mu, np.tile(covariance, (k, 1, 1)))


def named_starts(x, k):
    """{name: Theta}: starts to choose from, two of them hostile ("identical", "on one point").

    Three random ones are listed; any other, "random 4711" say, is drawn when it is asked for, with the seed 4710.
    """
    x = arguments.points(x)
    base = random_start(x, k, np.random.default_rng(0))
    k = len(base.pi)
    identical = base._replace(mu=np.tile(x.mean(0), (k, 1)))
    tiny = np.diag(x.var(0)) * 3e-4
    starts = _Starts(x, k)
    starts["spread out"] = base._replace(mu=_spread_out(x, k), Sigma=base.Sigma / k**2)
    starts.update({name: starts[name] for name in ("random 1", "random 2", "random 3")})
    starts["identical"] = identical
    starts["on one point"] = identical._replace(
        mu=np.concatenate([x[:1], base.mu[1:]]), Sigma=np.concatenate([tiny[None], base.Sigma[1:]])
    )
    return starts


class _Starts(dict):
    """Starts by name; a random one that is not listed is drawn."""

    def __init__(self, x, k):
        super().__init__()
        self._x, self._k = x, k

    def __missing__(self, name):
        word, _, number = str(name).partition(" ")
        if word != "random" or not number.isdecimal() or int(number) == 0:
            raise KeyError(name)
        return random_start(self._x, self._k, np.random.default_rng(int(number) - 1))


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
    return sweeps.fit(x, theta0, tol=tol, max_iter=max_iter, progress=progress)


# ---- gradients of log p(x | theta); each entry of pi and Sigma taken as independent


def grad_pi(x, theta):
    """d log p / d pi_j = R_j / pi_j = sum_i N(x_i; mu_j, Sigma_j) / p(x_i), (k,): without the constraint, so > 0."""
    x, pi, mu, Sigma = check_with(x, theta)
    log_p = formulas.log_p(formulas.log_joint(x, pi, mu, Sigma))
    return np.exp(formulas.log_normal(x, mu, Sigma) - log_p[:, None]).sum(0)


def grad_mu(x, theta):
    """d log p / d mu_j = Sigma_j^-1 sum_i r_ij (x_i - mu_j), (k, d)."""
    x, _, mu, Sigma = check_with(x, theta)
    r = e_step(x, theta)
    return np.linalg.solve(Sigma, (r.T @ x - r.sum(0)[:, None] * mu)[:, :, None])[:, :, 0]


def grad_Sigma(x, theta):
    """d log p / d Sigma_j = (Sigma_j^-1 W_j Sigma_j^-1 - R_j Sigma_j^-1) / 2, W_j = sum_i r_ij (x_i - mu_j)(..)^T.

    (k, d, d), the entries of Sigma_j taken as independent; with Sigma_ab = Sigma_ba tied, off-diagonal entries double.
    """
    x, _, mu, Sigma = check_with(x, theta)
    r = e_step(x, theta)
    P = np.linalg.inv(Sigma)
    return (P @ formulas.scatter(x, r, mu) @ P - r.sum(0)[:, None, None] * P) / 2


# ---- what arguments must be


def _points_and_weights(x, r, name="r", fewest=True):
    """fewest: whether a maximum of the likelihood is asked for, which too few points have not got."""
    x = arguments.points(x)
    if fewest:
        degenerate.enough(*x.shape)
    r = arguments.responsibilities(r, len(x), name)
    if fewest:
        degenerate.enough(*x.shape, r.shape[1])
    return x, r


# A learner's q need be no distribution, and must be filmable all the same: the model's M-step asks only for shapes.
model = mixture(log_joint, lambda x, r: formulas.m_step(*_shaped(x, r)))
tied = mixture(log_joint, lambda x, r: formulas.m_step_tied(*_shaped(x, r)))


def _shaped(x, r):
    x = arguments.points(x)
    r = arguments.array("r", r, f"({len(x)}, k)", f"as x has {len(x)} rows", finite=False)
    degenerate.enough(*x.shape, r.shape[1])
    return x, r
