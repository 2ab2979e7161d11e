"""If z were known: the complete-data log-likelihood, its maximum, its expectation, and how z decouples."""

import numpy as np

from emtutor.derivations.chains.common import (
    AMPLE,
    FEW_WITHOUT_HABITS,
    assignments,
    draws,
    joint,
    log_normal,
    log_p,
    mixtures,
    scatter,
)
from emtutor.derivations.engine import Derivation, Line
from emtutor.derivations.engine.maximum import refuse_infeasible
from emtutor.maths import formulas

complete_log_likelihood = Derivation("The complete-data log-likelihood",
    r"\log p(x, z \mid \theta)", mixtures("x z pi mu Sigma"), (
    Line("start", r"\log \prod_i \pi_{k_i} \mathcal{N}(x_i; \mu_{k_i}, \Sigma_{k_i})",
         lambda x, z, pi, mu, Sigma: sum(joint(x[i : i + 1], pi, mu, Sigma)[0, k] for i, k in enumerate(z.argmax(1))),
         "k_i is the component that point i came from"),
    Line("=", r"\log \prod_i \prod_j \bigl[ \pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j) \bigr]^{z_{ij}}",
         lambda x, z, pi, mu, Sigma: np.where(z == 1, joint(x, pi, mu, Sigma), 0.0).sum(),
         "z_ij is 1 for j = k_i, else 0"),
    Line("=", r"\sum_i \sum_j z_{ij} \bigl( \log \pi_j + \log \mathcal{N}(x_i; \mu_j, \Sigma_j) \bigr)",
         lambda x, z, pi, mu, Sigma: (z * (np.log(pi) + log_normal(x, mu, Sigma))).sum(),
         "the log of a product of powers: no sum is left inside a log"),
    Line("=", r"\sum_j N_j \log \pi_j + \sum_i \sum_j z_{ij} \log \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, z, pi, mu, Sigma: z.sum(0) @ np.log(pi) + (z * log_normal(x, mu, Sigma)).sum(),
         "a term in pi and a term in (mu, Sigma); N_j = sum_i z_ij"),
))  # fmt: skip


def _other(pi, mu, Sigma):
    """pi' and mu': other weights, though all pi_j be equal, and other means."""
    tilted = pi * np.geomspace(1.0, 3.0, len(pi))
    return tilted / tilted.sum(), mu + 0.4 * np.sqrt(np.diagonal(Sigma, axis1=1, axis2=2))


def _mixed(f, x, pi, mu, Sigma, z):
    """f(pi', mu') - f(pi', mu) - f(pi, mu') + f(pi, mu): zero for all of them only if f is a sum of one term in each."""
    other_pi, other_mu = _other(pi, mu, Sigma)
    a, b = f(x, other_pi, other_mu, Sigma, z), f(x, other_pi, mu, Sigma, z)
    return a - b - f(x, pi, other_mu, Sigma, z) + f(x, pi, mu, Sigma, z)


def _complete(x, pi, mu, Sigma, z):
    return (z * joint(x, pi, mu, Sigma)).sum()


def _mixed_in_steps(x, pi, mu, Sigma, z):
    """The same as the change with pi at the new mu, less the change with pi at the old one."""
    other_pi, other_mu = _other(pi, mu, Sigma)
    change = z * (np.log(other_pi) - np.log(pi))
    at = [(change + z * (log_normal(x, m, Sigma) - log_normal(x, m, Sigma))).sum() for m in (other_mu, mu)]
    return at[0] - at[1]


decoupling = Derivation("How z decouples pi from mu: the mixed difference is zero",
    r"\Delta_\pi \Delta_\mu \log p(x, z \mid \theta)", mixtures("x pi mu Sigma z", keep=lambda n, k, d: k > 1), (
    Line("start", r"f(\pi', \mu') - f(\pi', \mu) - f(\pi, \mu') + f(\pi, \mu)",
         lambda x, pi, mu, Sigma, z: _mixed(_complete, x, pi, mu, Sigma, z),
         "the change with mu, at two values of pi; f = log p(x, z)"),
    Line("=", r"\sum_{ij} z_{ij} (\log \pi_j' - \log \pi_j) - \sum_{ij} z_{ij} (\log \pi_j' - \log \pi_j)",
         _mixed_in_steps, "regroup: the change with pi, at mu' and at mu; in each the Gaussians cancel"),
    Line("=", "0", lambda x: 0.0, "so pi and (mu, Sigma) can be maximised one without the other"),
), size=lambda x, pi, mu, Sigma, z: abs(_complete(x, pi, mu, Sigma, z)))  # fmt: skip

coupling = Derivation("Without z they are coupled: the claim about log p(x)",
    r"\Delta_\pi \Delta_\mu \log p(x \mid \theta)", mixtures("x pi mu Sigma z", keep=lambda n, k, d: k > 1), (
    Line("start", r"f(\pi', \mu') - f(\pi', \mu) - f(\pi, \mu') + f(\pi, \mu)",
         lambda x, pi, mu, Sigma, z: _mixed(lambda x, p, m, S, z: log_p(x, p, m, S).sum(), x, pi, mu, Sigma, z),
         "now f = log p(x), a log of a sum"),
    Line("=", "0", lambda x: 0.0, "claimed"),
    Line("=", r"\sum_i \log \frac{p(x_i \mid \pi', \mu')\, p(x_i \mid \pi, \mu)}{p(x_i \mid \pi', \mu)\, p(x_i \mid \pi, \mu')}",
         lambda x, pi, mu, Sigma, z: _mixed(lambda x, p, m, S, z: log_p(x, p, m, S), x, pi, mu, Sigma, z).sum(),
         "point by point; no factor cancels"),
), size=lambda x, pi, mu, Sigma: 1e-6 * abs(log_p(x, pi, mu, Sigma).sum()), breaks=(2,))  # fmt: skip

known_labels = Derivation("Maximum likelihood with the labels known",
    r"\log p(x, z \mid \theta)", draws("x z pi mu Sigma", *AMPLE), (
    Line("start", r"\sum_i \sum_j z_{ij} \bigl( \log \pi_j + \log \mathcal{N}(x_i; \mu_j, \Sigma_j) \bigr)",
         lambda x, z, pi, mu, Sigma: (z * joint(x, pi, mu, Sigma)).sum(), "the complete-data log-likelihood"),
    Line("maximises", r"\pi_j = \frac{N_j}{n}, \quad N_j = \sum_i z_{ij}", lambda x, z: z.sum(0) / len(x),
         "as for r, with z in its place", unknown="pi",
         of=lambda x, z, pi, mu, Sigma: (z * joint(x, pi, mu, Sigma)).sum()),
    Line("maximises", r"\mu_j = \frac{1}{N_j} \sum_i z_{ij} x_i",
         lambda x, z: np.stack([x[z_j == 1].mean(0) for z_j in z.T]), "the mean of the points of component j",
         unknown="mu", of=lambda x, z, pi, mu, Sigma: (z * joint(x, pi, mu, Sigma)).sum()),
    Line("maximises", r"\mu_j, \quad \Sigma_j = \frac{1}{N_j} \sum_i z_{ij} (x_i - \mu_j)(x_i - \mu_j)^\top",
         lambda x, z: {"mu": np.stack([x[z_j == 1].mean(0) for z_j in z.T]), "Sigma": np.stack([np.cov(x[z_j == 1].T, bias=True).reshape(2 * x.shape[1:]) for z_j in z.T])},
         "their covariance, divided by N_j, around the new mean",
         of=lambda x, z, pi, mu, Sigma: (z * joint(x, pi, mu, Sigma)).sum()),
), given={"z": lambda z: _filled(z)})  # fmt: skip


def _filled(z):
    """The same labels in another order, with at least four points a component: fewer have no covariance."""
    n, k = z.shape
    labels = z.argmax(1)
    d_enough = min(n // k, 6)
    labels[: k * d_enough] = np.tile(np.arange(k), d_enough)
    return np.eye(k)[labels]


expected_complete = Derivation("The expected complete-data log-likelihood",
    r"\mathbb{E}_{p(z \mid x, \theta_{\text{old}})} \bigl[ \log p(x, z \mid \theta) \bigr]",
    mixtures("x r pi mu Sigma", keep=lambda n, k, d: k**n < 3000, habits=FEW_WITHOUT_HABITS), (
    Line("start", r"\sum_z p(z \mid x, \theta_{\text{old}}) \log p(x, z \mid \theta)",
         lambda x, r, pi, mu, Sigma: _expected_by_enumeration(joint(x, pi, mu, Sigma), r),
         "all k^n assignments, one by one"),
    Line("=", r"\sum_i \sum_z p(z \mid x, \theta_{\text{old}}) \sum_j z_{ij} \log \pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, r, pi, mu, Sigma: sum(_weights(r)[assignments(*r.shape)[:, i] == j].sum() * joint(x, pi, mu, Sigma)[i, j] for i in range(len(x)) for j in range(len(pi))),
         "log p(x, z) is a sum over points: exchange the sums"),
    Line("=", r"\sum_i \sum_j \mathbb{E}[z_{ij}] \bigl( \log \pi_j + \log \mathcal{N}(x_i; \mu_j, \Sigma_j) \bigr)",
         lambda x, r, pi, mu, Sigma: np.einsum("ij,ij->", r, np.log(pi) + log_normal(x, mu, Sigma)),
         "the other points' sums are one; E[z_ij] = r_ij"),
    Line("=", r"\sum_j R_j \log \pi_j + \sum_i \sum_j r_{ij} \log \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, r, pi, mu, Sigma: r.sum(0) @ np.log(pi) + (r * log_normal(x, mu, Sigma)).sum(),
         "a term in pi, a term in (mu, Sigma): decoupled as if z were known"),
))  # fmt: skip


def _weights(r):
    """p(z | x) of every assignment, (k^n,)."""
    return np.exp(np.log(r)[np.arange(len(r)), assignments(*r.shape)].sum(1))


def _expected_by_enumeration(a, r):
    return _weights(r) @ a[np.arange(len(a)), assignments(*a.shape)].sum(1)


m_step = Derivation("The M-step: the maximum of the expected complete-data log-likelihood",
    r"Q(\theta) = \mathbb{E} \bigl[ \log p(x, z \mid \theta) \bigr]", draws("x r pi mu Sigma", *AMPLE), (
    Line("start", r"\sum_i \sum_j r_{ij} \bigl( \log \pi_j + \log \mathcal{N}(x_i; \mu_j, \Sigma_j) \bigr)",
         lambda x, r, pi, mu, Sigma: (r * joint(x, pi, mu, Sigma)).sum(), "r is given"),
    Line("maximises", r"\pi_j = \frac{R_j}{n}", lambda x, r: r.sum(0) / len(x), "whatever mu and Sigma are",
         unknown="pi", of=lambda x, r, pi, mu, Sigma: (r * joint(x, pi, mu, Sigma)).sum()),
    Line("maximises", r"\mu_j = \frac{1}{R_j} \sum_i r_{ij} x_i", lambda x, r: (r.T @ x) / r.sum(0)[:, None],
         "whatever pi and Sigma are", unknown="mu", of=lambda x, r, pi, mu, Sigma: (r * joint(x, pi, mu, Sigma)).sum()),
    Line("maximises", r"\Sigma_j = \frac{1}{R_j} \sum_i r_{ij} (x_i - \mu_j)(x_i - \mu_j)^\top",
         lambda x, r, mu: scatter(x, r, mu) / r.sum(0)[:, None, None], "for the mu_j that is used in it",
         unknown="Sigma", of=lambda x, r, pi, mu, Sigma: (r * joint(x, pi, mu, Sigma)).sum()),
    Line("maximises", r"(\pi, \mu, \Sigma)_{\text{new}}", lambda x, r: formulas.m_step(x, r)._asdict(),
         "all three together, the covariance around the new mean",
         of=lambda x, r, pi, mu, Sigma: (r * joint(x, pi, mu, Sigma)).sum()),
))  # fmt: skip

# ---- a root of the gradient need not be a maximum: here it is, whatever r is


def _mean(x, r):
    return (r.T @ x) / r.sum(0)[:, None]


def _covariance(x, r, mu):
    Sigma = scatter(x, r, mu) / r.sum(0)[:, None, None]
    refuse_infeasible({"Sigma": Sigma})  # too few points: what its logarithm would be is decided by rounding
    return Sigma


def _with_mean(x, r):
    return {"mu": _mean(x, r)}


def _with_covariance(x, r, mu):
    return {"Sigma": _covariance(x, r, mu)}


def _ratios(x, r, mu, Sigma):
    """The eigenvalues of Lambda_j W_j / R_j, (k, d)."""
    root = np.linalg.cholesky(Sigma)
    half = np.linalg.solve(root, _covariance(x, r, mu))
    return np.linalg.eigvalsh(np.linalg.solve(root, half.swapaxes(1, 2)))


mu_is_maximum = Derivation("The root in mu is a maximum",
    r"\sum_i \sum_j r_{ij} \log \mathcal{N}(x_i; \mu_j, \Sigma_j)", draws("x r mu Sigma", *AMPLE), (
    Line("start", r"\sum_i \sum_j r_{ij} \log \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, r, mu, Sigma: (r * log_normal(x, mu, Sigma)).sum(), "r held fixed"),
    Line("=", r"\sum_i \sum_j r_{ij} \log \mathcal{N}(x_i; \bar x_j, \Sigma_j) - \tfrac{1}{2} \sum_j R_j (\mu_j - \bar x_j)^\top \Sigma_j^{-1} (\mu_j - \bar x_j), \quad \bar x_j = \frac{1}{R_j} \sum_i r_{ij} x_i",
         lambda x, r, mu, Sigma: (r * log_normal(x, _mean(x, r), Sigma)).sum() - r.sum(0) @ _squared(mu - _mean(x, r), Sigma) / 2,
         "x_i - mu_j = (x_i - mean) + (mean - mu_j): the mixed terms sum to zero"),
    Line("<=", r"\sum_i \sum_j r_{ij} \log \mathcal{N}(x_i; \bar x_j, \Sigma_j)",
         lambda x, r, Sigma: (r * log_normal(x, _mean(x, r), Sigma)).sum(),
         "Sigma_j is positive definite: any other mu_j is worse, however far", tight=_with_mean,
         tight_when="mu is the root"),
))  # fmt: skip


def _squared(away, Sigma):
    """(k,): away_j^T Sigma_j^-1 away_j."""
    return (away * np.linalg.solve(Sigma, away[..., None])[..., 0]).sum(1)


Sigma_is_maximum = Derivation("The root in Sigma is a maximum: Q is concave in the precision",
    r"\sum_i \sum_j r_{ij} \log \mathcal{N}(x_i; \mu_j, \Sigma_j)", draws("x r mu Sigma", *AMPLE), (
    Line("start", r"\sum_i \sum_j r_{ij} \log \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, r, mu, Sigma: (r * log_normal(x, mu, Sigma)).sum(), "r and mu held fixed"),
    Line("=", r"\tfrac{1}{2} \sum_j \bigl[ R_j \log \det \Lambda_j - \operatorname{tr} \Lambda_j W_j \bigr] - \tfrac{n d}{2} \log 2 \pi, \quad \Lambda_j = \Sigma_j^{-1}",
         lambda x, r, mu, Sigma: (-r.sum(0) @ np.linalg.slogdet(Sigma)[1] - np.trace(np.linalg.solve(Sigma, scatter(x, r, mu)), axis1=1, axis2=2).sum() - x.size * np.log(2 * np.pi)) / 2,
         "log det is concave in the precision and the trace is linear: there is one top at most"),
    Line("=", r"\tfrac{1}{2} \sum_j R_j \Bigl[ \sum_a ( \log u_{ja} - u_{ja} ) - \log \det \frac{W_j}{R_j} \Bigr] - \tfrac{n d}{2} \log 2 \pi, \quad u_{ja} \text{ the eigenvalues of } \Lambda_j \frac{W_j}{R_j}",
         lambda x, r, mu, Sigma: (r.sum(0) @ ((np.log(_ratios(x, r, mu, Sigma)) - _ratios(x, r, mu, Sigma)).sum(1) - np.linalg.slogdet(_covariance(x, r, mu))[1]) - x.size * np.log(2 * np.pi)) / 2,
         "determinant and trace are the product and the sum of the eigenvalues"),
    Line("<=", r"\tfrac{1}{2} \sum_j R_j \Bigl[ -d - \log \det \frac{W_j}{R_j} \Bigr] - \tfrac{n d}{2} \log 2 \pi",
         lambda x, r, mu: (-x.size - r.sum(0) @ np.linalg.slogdet(_covariance(x, r, mu))[1] - x.size * np.log(2 * np.pi)) / 2,
         "log u is at most u - 1", tight=_with_covariance, tight_when="Sigma is the root, and all u are 1"),
    Line("=", r"\sum_i \sum_j r_{ij} \log \mathcal{N}(x_i; \mu_j, W_j / R_j)",
         lambda x, r, mu: (r * log_normal(x, mu, _covariance(x, r, mu))).sum(), "any other Sigma_j is worse"),
))  # fmt: skip
