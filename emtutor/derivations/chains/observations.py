"""Fisher's identity, exponential families and moment matching."""

import numpy as np
from scipy.special import entr, logsumexp

from emtutor.derivations.chains.common import (
    AMPLE,
    draws,
    extent,
    joint,
    log_normal,
    log_p,
    mixtures,
    numerical,
    posterior,
)
from emtutor.derivations.engine import Derivation, Line
from emtutor.maths import formulas

inv = np.linalg.inv


# ---- Fisher's identity


def _grad_evidence(x, pi, mu, Sigma):
    return numerical(lambda m: log_p(x, pi, m, Sigma).sum(), mu, extent(Sigma))


def _grad_bound(x, pi, mu, Sigma, q):
    return numerical(lambda m: formulas.elbo(joint(x, pi, m, Sigma), q), mu, extent(Sigma))


fisher = Derivation("Fisher's identity: at theta_old both gradients agree",
    r"\nabla_{\mu_j} \log p(x \mid \theta) \quad \text{at } \theta_{\text{old}}", mixtures("x pi mu Sigma"), (
    Line("start", r"\frac{\partial}{\partial \mu_j} \log \sum_z p(x, z \mid \theta)", _grad_evidence,
         "the definition, differentiated numerically"),
    Line("=", r"\frac{\partial}{\partial \mu_j} \mathcal{L}(q, \theta) + \frac{\partial}{\partial \mu_j} D_{KL}\bigl( q \,\|\, p(z \mid x, \theta) \bigr)",
         lambda x, pi, mu, Sigma, q: numerical(lambda m: formulas.elbo(joint(x, pi, m, Sigma), q) + formulas.kl(joint(x, pi, m, Sigma), q), mu, extent(Sigma)),
         "the lemma; q = p(z | x, theta_old) is held fixed"),
    Line("=", r"\frac{\partial}{\partial \mu_j} \mathcal{L}(q, \theta)", _grad_bound,
         "KL is at its minimum at theta_old: its gradient is zero there"),
    Line("=", r"\sum_z q(z) \frac{\partial}{\partial \mu_j} \log p(x, z \mid \theta)",
         lambda x, pi, mu, Sigma, q: numerical(lambda m: (q * joint(x, pi, m, Sigma)).sum(), mu, extent(Sigma)),
         "the entropy of q does not depend on theta"),
    Line("=", r"\Sigma_j^{-1} \sum_i r_{ij} (x_i - \mu_j)",
         lambda x, mu, Sigma, q: np.einsum("jab,ij,ijb->ja", inv(Sigma), q, x[:, None] - mu),
         "for the Gaussian mixture"),
), given={"q": posterior})  # fmt: skip

fisher_elsewhere = Derivation("Away from theta_old the gradients differ",
    r"\nabla_{\mu_j} \log p(x \mid \theta) \quad \text{at } \theta \ne \theta_{\text{old}}",
    mixtures("x pi mu Sigma", keep=lambda n, k, d: k > 1), (
    Line("start", r"\frac{\partial}{\partial \mu_j} \log p(x \mid \theta)", _grad_evidence,
         "the definition, differentiated numerically"),
    Line("=", r"\frac{\partial}{\partial \mu_j} \mathcal{L}(q, \theta)", _grad_bound,
         "claimed, with q = p(z | x, theta_old) of another theta"),
    Line("=", r"\frac{\partial}{\partial \mu_j} \mathcal{L}(q, \theta) + \frac{\partial}{\partial \mu_j} D_{KL}\bigl( q \,\|\, p(z \mid x, \theta) \bigr)",
         lambda x, pi, mu, Sigma, q: numerical(lambda m: formulas.elbo(joint(x, pi, m, Sigma), q) + formulas.kl(joint(x, pi, m, Sigma), q), mu, extent(Sigma)),
         "true for any q: the lemma"),
),
   given={"q": lambda x, pi, mu, Sigma: np.maximum(posterior(x, pi, mu + 0.2 * extent(Sigma), Sigma), 1e-300)},
   breaks=(2,))  # fmt: skip


# ---- exponential families: natural parameters (a, eta1, eta2) of the joint, base measure (2 pi)^(-d/2)


def _natural(mu, Sigma):
    """eta1_j = Sigma_j^-1 mu_j, eta2_j = -Sigma_j^-1 / 2."""
    P = inv(Sigma)
    return (P @ mu[..., None])[..., 0], -P / 2


def _A(eta1, eta2):
    """The log-partition function of each Gaussian: -eta1^T eta2^-1 eta1 / 4 - log det(-2 eta2) / 2, (k,)."""
    solved = np.linalg.solve(eta2, eta1[..., None])[..., 0]
    return -(eta1 * solved).sum(-1) / 4 - np.linalg.slogdet(-2 * eta2)[1] / 2


def _phi_eta(x, eta1, eta2):
    """phi(x_i) . eta_j with phi(x) = (x, x x^T), (n, k)."""
    return x @ eta1.T + np.einsum("ia,jab,ib->ij", x, eta2, x)


def log_h(x):
    return -x.shape[1] / 2 * np.log(2 * np.pi)


natural_parameters = Derivation("The Gaussian as an exponential family",
    r"\log \mathcal{N}(x_i; \mu_j, \Sigma_j)", mixtures("x mu Sigma"), (
    Line("start", r"-\tfrac{d}{2} \log 2 \pi - \tfrac{1}{2} \log \det \Sigma_j - \tfrac{1}{2} (x_i - \mu_j)^\top \Sigma_j^{-1} (x_i - \mu_j)",
         lambda x, mu, Sigma: log_normal(x, mu, Sigma), "the definition"),
    Line("=", r"-\tfrac{d}{2} \log 2 \pi - \tfrac{1}{2} \log \det \Sigma_j + \mu_j^\top \Sigma_j^{-1} x_i - \tfrac{1}{2} x_i^\top \Sigma_j^{-1} x_i - \tfrac{1}{2} \mu_j^\top \Sigma_j^{-1} \mu_j",
         lambda x, mu, Sigma: log_h(x) - np.linalg.slogdet(Sigma)[1] / 2 + np.einsum("ja,jab,ib->ij", mu, inv(Sigma), x) - np.einsum("ia,jab,ib->ij", x, inv(Sigma), x) / 2 - np.einsum("ja,jab,jb->j", mu, inv(Sigma), mu) / 2,
         "expand the square"),
    Line("=", r"\eta_j^{(1)} \cdot x_i + \eta_j^{(2)} \cdot x_i x_i^\top - A(\eta_j) + \log h(x_i)",
         lambda x, mu, Sigma: _phi_eta(x, *_natural(mu, Sigma)) - _A(*_natural(mu, Sigma)) + log_h(x),
         "natural parameters Sigma^-1 mu and -Sigma^-1 / 2; base measure h = (2 pi)^(-d/2)"),
))  # fmt: skip

_SHIFT = 0.7  # the natural parameters of the joint have one number too many: any shift of a is absorbed in Z


def _joint_family(pi, mu, Sigma):
    """(a, eta1, eta2) and log Z of p(x, z) = h(x) exp(sum_j z_j (a_j + eta_j . phi(x)) - log Z)."""
    eta = _natural(mu, Sigma)
    a = np.log(pi) - _A(*eta) + _SHIFT
    return a, *eta, logsumexp(a + _A(*eta))


def phi_theta(x, pi, mu, Sigma):
    a, eta1, eta2, log_Z = _joint_family(pi, mu, Sigma)
    return a + _phi_eta(x, eta1, eta2), log_Z


exponential_family = Derivation("The bound for an exponential family, with base measure and entropy",
    r"\mathcal{L}(q, \theta)", mixtures("x q pi mu Sigma"), (
    Line("start", r"\sum_z q(z) \log \frac{p(x, z \mid \theta)}{q(z)}",
         lambda x, q, pi, mu, Sigma: formulas.elbo(joint(x, pi, mu, Sigma), q), "the definition"),
    Line("=", r"\mathbb{E}_q [\log p(x, z \mid \theta)] + \mathbb{H}(q)",
         lambda x, q, pi, mu, Sigma: (q * joint(x, pi, mu, Sigma)).sum() + entr(q).sum(), "the log of a quotient"),
    Line("=", r"\sum_i \mathbb{E}_q \bigl[ \phi(x_i, z_i)^\top \theta - \log Z(\theta) + \log h(x_i) \bigr] + \mathbb{H}(q)",
         lambda x, q, pi, mu, Sigma: (q * (phi_theta(x, pi, mu, Sigma)[0] - phi_theta(x, pi, mu, Sigma)[1] + log_h(x))).sum() + entr(q).sum(),
         "p = h exp(phi . theta - log Z), theta the natural parameters of the joint"),
    Line("=", r"\mathbb{E}_q [\phi(x, z)]^\top \theta - n \log Z(\theta) + \sum_i \log h(x_i) + \mathbb{H}(q)",
         lambda x, q, pi, mu, Sigma: (q * phi_theta(x, pi, mu, Sigma)[0]).sum() - len(x) * phi_theta(x, pi, mu, Sigma)[1] + len(x) * log_h(x) + entr(q).sum(),
         "only the first two terms hold theta"),
))  # fmt: skip


def _vector(a, eta1, eta2):
    return np.concatenate([np.ravel(a), np.ravel(eta1), np.ravel(eta2)])


def _parts(v, k, d):
    return v[:k], v[k : k + k * d].reshape(k, d), v[k + k * d :].reshape(k, d, d)


def _log_Z(v, k, d):
    a, eta1, eta2 = _parts(v, k, d)
    return np.logaddexp.reduce(a + _A(eta1, eta2))


def _scaled_gradient(f, pi, mu, Sigma):
    """d f / d (a, eta1, eta2), each entry with a step that suits it."""
    a, eta1, eta2, _ = _joint_family(pi, mu, Sigma)
    v = _vector(a, eta1, eta2)
    deviation = np.sqrt(np.diagonal(Sigma, axis1=1, axis2=2)) + np.abs(mu)
    unit = _vector(np.ones_like(a), 1 / deviation, 1 / np.einsum("ja,jb->jab", deviation, deviation))
    scaled = numerical(lambda t: f(v + unit * t), np.zeros_like(v), 0.2)
    return scaled._replace(value=scaled.value / unit, error=scaled.error / unit)


def _standard(x, mu, Sigma):
    """x, mu and Sigma measured from the mean of x, in its standard deviations: an offset leaves all its digits."""
    m, s = x.mean(0), x.std(0)
    return (x - m) / s, (mu - m) / s, Sigma / np.outer(s, s)


def _expected(x, r, mu, Sigma):
    u, _, _ = _standard(x, mu, Sigma)
    return _vector(r.sum(0), r.T @ u, np.einsum("ij,ia,ib->jab", r, u, u))


def _moments(x, pi, mu, Sigma):
    _, m, C = _standard(x, mu, Sigma)
    return _vector(pi, pi[:, None] * m, pi[:, None, None] * (C + np.einsum("ja,jb->jab", m, m)))


def _slope(f, x, pi, mu, Sigma):
    """d f(u, v) / d v at the natural parameters v, u the points, both in standard units."""
    u, m, C = _standard(x, mu, Sigma)
    return _scaled_gradient(lambda v: f(u, v), pi, m, C)


def _natural_bound(u, r, v):
    a, eta1, eta2 = _parts(v, r.shape[1], u.shape[1])
    return (r * (a + _phi_eta(u, eta1, eta2))).sum() - len(u) * _log_Z(v, r.shape[1], u.shape[1])


def _matched(x, r):
    """In the moments' own form, mu_j from the first and Sigma_j from the second, around the mean of x."""
    R, m = r.sum(0), x.mean(0)
    mu = r.T @ (x - m) / R[:, None]
    second = np.einsum("ij,ia,ib->jab", r, x - m, x - m) / R[:, None, None]
    return {"pi": R / len(x), "mu": mu + m, "Sigma": second - np.einsum("ja,jb->jab", mu, mu)}


moment_matching = Derivation("The M-step of an exponential family is moment matching",
    r"\nabla_\theta \mathcal{L}(q, \theta)", draws("x r pi mu Sigma", *AMPLE), (
    Line("start", r"\frac{\partial}{\partial \theta} \bigl( \mathbb{E}_q [\phi]^\top \theta - n \log Z(\theta) \bigr)",
         lambda x, r, pi, mu, Sigma: _slope(lambda u, v: _natural_bound(u, r, v), x, pi, mu, Sigma),
         "natural parameters of the joint, differentiated numerically; x from its mean, in its standard deviation"),
    Line("=", r"\mathbb{E}_q [\phi] - n \frac{\partial}{\partial \theta} \log Z(\theta)",
         lambda x, r, pi, mu, Sigma: _minus(_expected(x, r, mu, Sigma), len(x), _slope(lambda u, v: _log_Z(v, *mu.shape), x, pi, mu, Sigma)),
         "the first term is linear in theta"),
    Line("=", r"\mathbb{E}_q [\phi] - n\, \mathbb{E}_\theta [\phi]",
         lambda x, r, pi, mu, Sigma: _expected(x, r, mu, Sigma) - len(x) * _moments(x, pi, mu, Sigma),
         "the gradient of log Z is the vector of moments: pi, pi mu, pi (Sigma + mu mu^T)"),
    Line("therefore", r"\pi_j = \frac{R_j}{n}, \; \mu_j = \frac{1}{R_j} \sum_i r_{ij} x_i, \; \Sigma_j + \mu_j \mu_j^\top = \frac{1}{R_j} \sum_i r_{ij} x_i x_i^\top",
         _matched, "set to zero: the model's moments are those expected under q",
         into=lambda x, r, pi, mu, Sigma: _expected(x, r, mu, Sigma) - len(x) * _moments(x, pi, mu, Sigma)),
))  # fmt: skip


def _minus(a, n, derivative):
    return derivative._replace(value=a - n * derivative.value, error=n * derivative.error)
