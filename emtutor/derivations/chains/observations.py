"""Fisher's identity, exponential families and moment matching, MAP, and the rate as missing information."""

import numpy as np
from scipy.special import entr, gammaln, logsumexp

from emtutor.causes import Problem
from emtutor.derivations.chains.common import (
    AMPLE,
    area,
    draws,
    extent,
    joint,
    log_normal,
    log_p,
    mixtures,
    numerical,
    posterior,
    scatter,
    with_given,
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


# ---- MAP: a log-prior is added to the expected complete-data log-likelihood


def log_dirichlet(pi, alpha):
    return gammaln(alpha.sum()) - gammaln(alpha).sum() + ((alpha - 1) * np.log(pi)).sum()


map_dirichlet = Derivation("MAP: the weights under a Dirichlet prior",
    r"\frac{\partial}{\partial \pi_j} \Bigl[ Q + \log \text{Dir}(\pi \mid \alpha) + \lambda \bigl( \textstyle\sum_{j'} \pi_{j'} - 1 \bigr) \Bigr]",
    mixtures("r pi alpha lam"), (
    Line("start", r"\frac{\partial}{\partial \pi_j} \Bigl[ \sum_{ij} r_{ij} \log \pi_j + \log \text{Dir}(\pi \mid \alpha) + \lambda \bigl( \textstyle\sum_{j'} \pi_{j'} - 1 \bigr) \Bigr]",
         lambda r, pi, alpha, lam: numerical(lambda p: (r * np.log(p)).sum() + log_dirichlet(p, alpha) + lam * (p.sum() - 1), pi, pi),
         "differentiated numerically"),
    Line("=", r"\frac{R_j}{\pi_j} + \frac{\alpha_j - 1}{\pi_j} + \lambda",
         lambda r, pi, alpha, lam: r.sum(0) / pi + (alpha - 1) / pi + lam,
         "log Dir = sum (alpha_j - 1) log pi_j + a constant"),
    Line("=", r"\frac{R_j + \alpha_j - 1}{\pi_j} + \lambda",
         lambda r, pi, alpha, lam: (r.sum(0) + alpha - 1) / pi + lam, "alpha_j - 1 points that nobody saw"),
    Line("therefore", r"\pi_j = \frac{R_j + \alpha_j - 1}{n + \sum_{j'} (\alpha_{j'} - 1)}, \quad \lambda = -n - \textstyle\sum_{j'} (\alpha_{j'} - 1)",
         lambda r, alpha: {"pi": (r.sum(0) + alpha - 1) / (len(r) + (alpha - 1).sum()), "lam": -(len(r) + (alpha - 1).sum())},
         "multiply by pi_j and sum, as for pi without a prior"),
    Line("maximises", r"\pi_j = \frac{R_j + \alpha_j - 1}{n + \sum_{j'} (\alpha_{j'} - 1)}",
         lambda r, alpha: (r.sum(0) + alpha - 1) / (len(r) + (alpha - 1).sum()),
         "the mode, not the mean (R_j + alpha_j) / (n + sum alpha)", unknown="pi",
         of=lambda r, pi, alpha: (r * np.log(pi)).sum() + log_dirichlet(pi, alpha)),
))  # fmt: skip


def log_niw(mu, Sigma, m0, kappa0, S0, nu0):
    """log N(mu_j; m0, Sigma_j / kappa0) + log IW(Sigma_j; S0, nu0), summed over j, up to a constant."""
    total = 0.0
    for m, S in zip(mu, Sigma, strict=True):
        log_det, away = np.linalg.slogdet(S)[1], m - m0
        total += -0.5 * log_det - 0.5 * kappa0 * away @ np.linalg.solve(S, away)
        total += -0.5 * (nu0 + len(m) + 1) * log_det - 0.5 * np.trace(np.linalg.solve(S, S0))
    return total


def _niw_objective(x, r, mu, Sigma, m0, kappa0, S0, nu0):
    return (r * log_normal(x, mu, Sigma)).sum() + log_niw(mu, Sigma, m0, kappa0, S0, nu0)


def _niw_mean(x, r, m0, kappa0):
    return (kappa0 * m0 + r.T @ x) / (kappa0 + r.sum(0))[:, None]


def _niw_scatter(x, r, mu, m0, kappa0, S0):
    return scatter(x, r, mu) + S0 + kappa0 * np.einsum("ja,jb->jab", mu - m0, mu - m0)


def _niw_Sigma(x, r, mu, m0, kappa0, S0, nu0):
    return _niw_scatter(x, r, mu, m0, kappa0, S0) / (nu0 + r.sum(0) + x.shape[1] + 2)[:, None, None]


def _niw_grad_mu(x, r, mu, Sigma, m0, kappa0):
    away = np.einsum("ij,ija->ja", r, x[:, None] - mu) - kappa0 * (mu - m0)
    return np.einsum("jab,jb->ja", inv(Sigma), away)


def _niw_grad_Sigma(x, r, mu, Sigma, m0, kappa0, S0, nu0):
    count = nu0 + r.sum(0) + x.shape[1] + 2
    return inv(Sigma) @ (_niw_scatter(x, r, mu, m0, kappa0, S0) - count[:, None, None] * Sigma) @ inv(Sigma) / 2


def _niw_both(x, r, m0, kappa0, S0, nu0):
    mu = _niw_mean(x, r, m0, kappa0)
    return {"mu": mu, "Sigma": _niw_Sigma(x, r, mu, m0, kappa0, S0, nu0)}


map_niw = Derivation("MAP: mean and covariance under a normal-inverse-Wishart prior",
    r"\frac{\partial}{\partial \mu_j} \bigl[ Q + \log \text{NIW}(\mu, \Sigma \mid m_0, \kappa_0, S_0, \nu_0) \bigr]",
    mixtures("x r mu Sigma m0 kappa0 S0 nu0"), (
    Line("start", r"\frac{\partial}{\partial \mu_j} \bigl[ Q + \log \mathcal{N}(\mu_j; m_0, \Sigma_j / \kappa_0) \bigr]",
         lambda x, r, mu, Sigma, m0, kappa0, S0, nu0: numerical(lambda m: _niw_objective(x, r, m, Sigma, m0, kappa0, S0, nu0), mu, extent(Sigma)),
         "differentiated numerically"),
    Line("=", r"\Sigma_j^{-1} \Bigl[ \sum_i r_{ij} (x_i - \mu_j) - \kappa_0 (\mu_j - m_0) \Bigr]",
         lambda x, r, mu, Sigma, m0, kappa0: _niw_grad_mu(x, r, mu, Sigma, m0, kappa0),
         "the prior is kappa_0 more points at m_0"),
    Line("therefore", r"\mu_j = \frac{\kappa_0 m_0 + \sum_i r_{ij} x_i}{\kappa_0 + R_j}",
         lambda x, r, m0, kappa0: _niw_mean(x, r, m0, kappa0), "set to zero", unknown="mu", into=_niw_grad_mu),
    Line("start", r"\frac{\partial}{\partial \Sigma_j} \bigl[ Q + \log \text{NIW} \bigr]",
         lambda x, r, mu, Sigma, m0, kappa0, S0, nu0: numerical(lambda S: _niw_objective(x, r, mu, S, m0, kappa0, S0, nu0), Sigma, area(Sigma)),
         "entries independent, differentiated numerically",
         left=r"\frac{\partial}{\partial \Sigma_j} \bigl[ Q + \log \text{NIW}(\mu, \Sigma) \bigr]"),
    Line("=", r"\tfrac{1}{2} \Sigma_j^{-1} \bigl[ W_j + S_0 + \kappa_0 (\mu_j - m_0)(\mu_j - m_0)^\top - (\nu_0 + R_j + d + 2) \Sigma_j \bigr] \Sigma_j^{-1}",
         lambda x, r, mu, Sigma, m0, kappa0, S0, nu0: _niw_grad_Sigma(x, r, mu, Sigma, m0, kappa0, S0, nu0),
         "the prior counts log det Sigma nu_0 + d + 2 times over two"),
    Line("therefore", r"\Sigma_j = \frac{W_j + S_0 + \kappa_0 (\mu_j - m_0)(\mu_j - m_0)^\top}{\nu_0 + R_j + d + 2}",
         lambda x, r, mu, m0, kappa0, S0, nu0: _niw_Sigma(x, r, mu, m0, kappa0, S0, nu0),
         "set to zero, for the mu_j that is used in it", unknown="Sigma", into=_niw_grad_Sigma),
    Line("maximises", r"(\mu_j, \Sigma_j)", lambda x, r, m0, kappa0, S0, nu0: _niw_both(x, r, m0, kappa0, S0, nu0),
         "both together, the covariance around the new mean: the joint mode",
         of=lambda x, r, mu, Sigma, m0, kappa0, S0, nu0: _niw_objective(x, r, mu, Sigma, m0, kappa0, S0, nu0)),
))  # fmt: skip


# ---- the rate of convergence, on the linkage model of Dempster, Laird and Rubin


def _best_theta(y):
    """The maximum of the likelihood: the positive root of a quadratic equation. Raises ValueError if y is not (4,)."""
    return _roots(y)[0]


def _roots(y):
    """Both fixed points of EM: the maximum, and one that is negative."""
    y = np.asarray(y, float)
    if y.shape != (4,):
        raise ValueError(f"y must hold the counts of four cells, got shape {y.shape}")
    n, b = y.sum(), y[0] - 2 * y[1] - 2 * y[2] - y[3]
    root = np.sqrt(b**2 + 8 * n * y[3])
    far = (b + np.copysign(root, b)) / (2 * n)  # without cancellation; the other one by their product
    other = -2 * y[3] / (n * far)
    return max(far, other), min(far, other)


def _linkage(rng, *, negative=True):
    """Counts y of the four cells 1/2 + theta/4, (1 - theta)/4, (1 - theta)/4, theta/4, and a fixed point of EM."""
    classical = np.array([125.0, 18.0, 20.0, 34.0])
    counts = [("197 animals, the classical counts", classical), ("the same as fractions of 1000", classical / 1000)]
    for i in range(8):
        t = rng.uniform(0.15, 0.85) if i < 6 else (0.003, 0.996)[i - 6]
        cells = [0.5 + t / 4, (1 - t) / 4, (1 - t) / 4, t / 4]
        y = rng.multinomial(int(rng.integers(60, 900)), cells) + np.array([3.0, 1.0, 2.0, 4.0])
        counts.append((f"random counts ({i + 1})", y if i < 6 else 1000.0 * np.array(cells)))
    made = [Problem(label, {"y": y, "theta": _roots(y)[0]}) for label, y in counts]
    if negative:
        made += [Problem(f"{label}, the negative root", {"y": y, "theta": _roots(y)[1]}) for label, y in counts[2:5]]
    return made


def _em_map(t, y):
    x2 = y[0] * t / (2 + t)
    return (x2 + y[3]) / (x2 + y[1] + y[2] + y[3])


def _score(t, y):
    return y[0] / (2 + t) - (y[1] + y[2]) / (1 - t) + y[3] / t


def _complete_information(t, y):
    return (y[0] * t / (2 + t) + y[3]) / t**2 + (y[1] + y[2]) / (1 - t) ** 2


def _missing_information(t, y):
    share = t / (2 + t)  # of the first cell, the part that belongs to theta
    return y[0] * share * (1 - share) / t**2


def _step(theta):
    return min(abs(theta), 1 - theta, 2 + theta)


_GIVEN_THETA = {"theta": lambda w: _best_theta(w["y"])}

rate = Derivation("The rate of EM is the fraction of missing information (linkage)",
    r"M'(\theta) \quad \text{at the fixed point } \theta = M(\theta)", with_given(_linkage, _GIVEN_THETA), (
    Line("start", r"\frac{d}{d \theta} M(\theta)",
         lambda y, theta: numerical(lambda t: _em_map(t, y), theta, _step(theta)),
         "one EM step as a map, differentiated numerically"),
    Line("=", r"\frac{2 y_1}{(2 + \theta)^2} \cdot \frac{y_2 + y_3}{(x_2 + y_2 + y_3 + y_4)^2}, \quad x_2 = \frac{y_1 \theta}{2 + \theta}",
         lambda y, theta: 2 * y[0] / (2 + theta) ** 2 * (y[1] + y[2]) / (y[0] * theta / (2 + theta) + y[1:].sum()) ** 2,
         "quotient rule"),
    Line("=", r"1 - \frac{I_{\text{obs}}}{I_{\text{com}}}, \quad I_{\text{obs}} = -\frac{d^2}{d \theta^2} \log p(y \mid \theta)",
         lambda y, theta: _one_less(numerical(lambda t: -_score(t, y), theta, _step(theta)), _complete_information(theta, y)),
         "observed information over expected complete information"),
    Line("=", r"\frac{I_{\text{mis}}}{I_{\text{com}}}",
         lambda y, theta: _missing_information(theta, y) / _complete_information(theta, y),
         "complete is observed and missing; missing is the variance of the complete-data score given y"),
))  # fmt: skip


def _one_less(derivative, by):
    return derivative._replace(value=1 - derivative.value / by, error=derivative.error / by)


# How log p falls short of its top after a step: theta = theta_* + eps, and its EM step theta_* + _next(eps).


def _log_likelihood(y, t):
    return y[0] * np.log(2 + t) + (y[1] + y[2]) * np.log(1 - t) + y[3] * np.log(t)


def _next(y, theta, eps):
    """M(theta + eps) - M(theta), without cancellation."""
    rest, t = y[1:].sum(), theta + eps
    change = 2 * y[0] * eps / ((2 + t) * (2 + theta))
    return (y[1] + y[2]) * change / ((y[0] * t / (2 + t) + rest) * (y[0] * theta / (2 + theta) + rest))


def _bend(u):
    """u - log(1 + u) >= 0, by its series where the difference would lose all digits."""
    powers = np.arange(2, 12)
    series = ((-u[:, None]) ** powers / powers).sum(1)
    return np.where(np.abs(u) < 0.01, series, u - np.log1p(u))


def _shortfall(y, theta, eps):
    """log p at theta less log p at theta + eps, where the score at theta is zero."""
    return np.array([y[0], y[1] + y[2], y[3]]) @ _bend(eps / np.array([2 + theta, theta - 1, theta]))


def _beside_the_top(rng):
    problems = _linkage(rng, negative=False)[:8]  # in the others line 1 would lose too many digits
    side = np.tile([0.2, -0.2], 4)
    return [Problem(p.label, p.args | {"eps": s * _step(p.args["theta"])}) for p, s in zip(problems, side, strict=True)]


rate_of_log_p = Derivation("theta converges with rho, log p with the square of it (linkage)",
    r"\frac{\ell(\theta_*) - \ell(M(\theta))}{\ell(\theta_*) - \ell(\theta)}, \quad \theta = \theta_* + \varepsilon, \quad \ell(\theta) = \log p(y \mid \theta)",
    with_given(_beside_the_top, _GIVEN_THETA | {"eps": lambda w: 0.1 * _step(_best_theta(w["y"]))}), (
    Line("start", r"\frac{\log p(y \mid \theta_*) - \log p(y \mid M(\theta_* + \varepsilon))}{\log p(y \mid \theta_*) - \log p(y \mid \theta_* + \varepsilon)}",
         lambda y, theta, eps: (_log_likelihood(y, theta) - _log_likelihood(y, _em_map(theta + eps, y))) / (_log_likelihood(y, theta) - _log_likelihood(y, theta + eps)),
         "what log p still falls short of its top, after an EM step and before"),
    Line("=", r"\frac{\sum_c y_c\, b(u'_c)}{\sum_c y_c\, b(u_c)}, \quad b(u) = u - \log(1 + u), \quad u = \frac{\varepsilon}{2 + \theta_*},\, \frac{-\varepsilon}{1 - \theta_*},\, \frac{\varepsilon}{\theta_*}; \quad u' \text{ with } \varepsilon' = M(\theta) - \theta_*",
         lambda y, theta, eps: _shortfall(y, theta, _next(y, theta, eps)) / _shortfall(y, theta, eps),
         "the score is zero at theta_*: the linear terms cancel"),
    Line("tends to", r"M'(\theta_*)^2 = \rho^2", lambda y, theta: (_missing_information(theta, y) / _complete_information(theta, y)) ** 2,
         "b(u) is u^2 / 2 at first: log p is flat at its top, and eps shrinks by rho", toward="eps"),
    Line("=", r"\Bigl( 1 - \frac{I_{\text{obs}}}{I_{\text{com}}} \Bigr)^2",
         lambda y, theta: (1 - _observed_information(theta, y) / _complete_information(theta, y)) ** 2,
         "so the log p that is still to come is about (last gain) rho^2 / (1 - rho^2), not rho / (1 - rho)"),
))  # fmt: skip


def _observed_information(t, y):
    return y[0] / (2 + t) ** 2 + (y[1] + y[2]) / (1 - t) ** 2 + y[3] / t**2
