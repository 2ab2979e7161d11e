"""The gradients of log p(x | theta) in mu and Sigma, line by line, what they rest on, and EM as a step along them."""

import numpy as np

from emtutor.derivations.chains.common import (
    NOT_FLAT,
    area,
    extent,
    joint,
    log_normal,
    log_p,
    mixtures,
    numerical,
    numerical_in_pi,
    posterior,
    scatter,
    stacked,
    through,
)
from emtutor.derivations.engine import Derivation, Line
from emtutor.maths import formulas

inv = np.linalg.inv


# ---- what the gradients rest on


def _skewed(world):
    """A general matrix for each component: a covariance and something that is not symmetric."""
    Sigma = world["Sigma"]
    d = Sigma.shape[-1]
    return Sigma * (1 + 0.3 * np.sin(1.0 + np.arange(d * d)).reshape(d, d))


def _room(M):
    """(d, d): how far each entry may move before M is singular, or has left the size of its row and column."""
    s = np.sqrt(np.abs(np.diag(M)))
    return 1 / (np.abs(inv(M).T) + 1 / np.outer(s, s))


def _minors(A):
    """Cofactors (-1)^(a+b) det(A without row a and column b), (d, d)."""
    d = len(A)
    return np.array(
        [[(-1) ** (a + b) * np.linalg.det(np.delete(np.delete(A, a, 0), b, 1)) for b in range(d)] for a in range(d)]
    )


log_det = Derivation("The derivative of a log-determinant",
    r"\Bigl[\frac{\partial}{\partial A} \log \det A\Bigr]_{ab}", mixtures("A", A=_skewed), (
    Line("start", r"\frac{\partial}{\partial A_{ab}} \log \det A",
         lambda A: stacked(numerical(lambda B: np.linalg.slogdet(B)[1], M, _room(M)) for M in A),
         "each entry of A moves by itself"),
    Line("=", r"\frac{1}{\det A} \frac{\partial}{\partial A_{ab}} \det A",
         lambda A: stacked(numerical(lambda B, M=M: np.linalg.det(B) / np.linalg.det(M), M, _room(M)) for M in A),
         "chain rule"),
    Line("=", r"\frac{1}{\det A} C_{ab}", lambda A: np.stack([_minors(M) / np.linalg.det(M) for M in A]),
         "Laplace: det A = sum_b A_ab C_ab, and the cofactors of row a do not hold A_ab"),
    Line("=", r"\bigl[A^{-1}\bigr]_{ba}", lambda A: inv(A).transpose(0, 2, 1),
         "Cramer's rule: A^-1 = C^T / det A; for a symmetric Sigma simply Sigma^-1"),
))  # fmt: skip


def _v(x, mu):
    """One vector a component: x_1 - mu_j, (k, d)."""
    return x[0] - mu


quadratic_form = Derivation("The derivative of a quadratic form in its matrix",
    r"\Bigl[\frac{\partial}{\partial A} v^\top A^{-1} v\Bigr]_{ab}", mixtures("x mu A", A=_skewed), (
    Line("start", r"\frac{\partial}{\partial A_{ab}} v^\top A^{-1} v",
         lambda x, mu, A: stacked(numerical(lambda B, v=v: v @ np.linalg.solve(B, v), M, _room(M)) for v, M in zip(_v(x, mu), A, strict=True)),
         "each entry of A moves by itself"),
    Line("=", r"v^\top \Bigl(\frac{\partial}{\partial A_{ab}} A^{-1}\Bigr) v",
         lambda x, mu, A: stacked(through(lambda D, v=v: np.einsum("c,cdab,d->ab", v, D, v), numerical(inv, M, _room(M))) for v, M in zip(_v(x, mu), A, strict=True)),
         "v does not depend on A"),
    Line("=", r"-v^\top A^{-1} E_{ab} A^{-1} v",
         lambda x, mu, A: -np.einsum("jc,jca,jbd,jd->jab", _v(x, mu), inv(A), inv(A), _v(x, mu)),
         "differentiate A A^-1 = I; E_ab is one at (a, b), else zero"),
    Line("=", r"-\bigl[A^{-\top} v v^\top A^{-\top}\bigr]_{ab}",
         lambda x, mu, A: np.stack([-inv(M).T @ np.outer(v, v) @ inv(M).T for v, M in zip(_v(x, mu), A, strict=True)]),
         "two numbers, multiplied; for a symmetric Sigma the transposes go"),
))  # fmt: skip

grad_log_gaussian_mu = Derivation("The gradient of one log Gaussian in its mean",
    r"\frac{\partial}{\partial \mu_j} \log \mathcal{N}(x_i; \mu_j, \Sigma_j)", mixtures("x mu Sigma"), (
    Line("start", r"\frac{\partial}{\partial \mu_j} \Bigl[-\tfrac{1}{2} \log \det 2 \pi \Sigma_j - \tfrac{1}{2} (x_i - \mu_j)^\top \Sigma_j^{-1} (x_i - \mu_j)\Bigr]",
         lambda x, mu, Sigma: _own_columns(lambda m, j: log_normal(x, m[None], Sigma[j : j + 1])[:, 0], mu, Sigma),
         "the definition, differentiated numerically"),
    Line("=", r"-\tfrac{1}{2} \frac{\partial}{\partial \mu_j} (x_i - \mu_j)^\top \Sigma_j^{-1} (x_i - \mu_j)",
         lambda x, mu, Sigma: _own_columns(lambda m, j: -0.5 * ((x - m) * np.linalg.solve(Sigma[j], (x - m).T).T).sum(1), mu, Sigma),
         "the determinant does not hold mu_j"),
    Line("=", r"\tfrac{1}{2} \bigl(\Sigma_j^{-1} + \Sigma_j^{-\top}\bigr) (x_i - \mu_j)",
         lambda x, mu, Sigma: np.einsum("jab,ijb->ija", (inv(Sigma) + inv(Sigma).transpose(0, 2, 1)) / 2, x[:, None] - mu),
         "product rule; the inner derivative is -1"),
    Line("=", r"\Sigma_j^{-1} (x_i - \mu_j)",
         lambda x, mu, Sigma: np.linalg.solve(Sigma, (x[:, None] - mu)[..., None])[..., 0],
         "Sigma_j is symmetric: the 2 cancels the 1/2"),
))  # fmt: skip


def _own_columns(f, at, Sigma):
    """d f(at_j, j) / d at_j for each component j, as (n, k, ...)."""
    step = extent(Sigma) if at.ndim == 2 else area(Sigma)
    parts = stacked(numerical(lambda m, j=j: f(m, j), at[j], step) for j in range(len(at)))
    return through(lambda a: np.swapaxes(a, 0, 1), parts)


def _less(a, derivative):
    return derivative._replace(value=derivative.value - a)


grad_log_gaussian_Sigma = Derivation("The gradient of one log Gaussian in its covariance",
    r"\frac{\partial}{\partial \Sigma_j} \log \mathcal{N}(x_i; \mu_j, \Sigma_j)", mixtures("x mu Sigma"), (
    Line("start", r"\frac{\partial}{\partial \Sigma_j} \Bigl[-\tfrac{1}{2} \log \det 2 \pi \Sigma_j - \tfrac{1}{2} (x_i - \mu_j)^\top \Sigma_j^{-1} (x_i - \mu_j)\Bigr]",
         lambda x, mu, Sigma: _own_columns(lambda S, j: log_normal(x, mu[j : j + 1], S[None])[:, 0], Sigma, Sigma),
         "entries independent, differentiated numerically"),
    Line("=", r"-\tfrac{1}{2} \Sigma_j^{-1} - \tfrac{1}{2} \frac{\partial}{\partial \Sigma_j} (x_i - \mu_j)^\top \Sigma_j^{-1} (x_i - \mu_j)",
         lambda x, mu, Sigma: _less(inv(Sigma) / 2, _own_columns(lambda S, j: -0.5 * ((x - mu[j]) * np.linalg.solve(S, (x - mu[j]).T).T).sum(1), Sigma, Sigma)),
         "the log-determinant's derivative"),
    Line("=", r"-\tfrac{1}{2} \Sigma_j^{-1} + \tfrac{1}{2} \Sigma_j^{-1} (x_i - \mu_j)(x_i - \mu_j)^\top \Sigma_j^{-1}",
         lambda x, mu, Sigma: -inv(Sigma) / 2 + np.einsum("jab,ijb,ijc,jcd->ijad", inv(Sigma), x[:, None] - mu, x[:, None] - mu, inv(Sigma)) / 2,
         "the quadratic form's derivative: a sandwich"),
))  # fmt: skip

# ---- the gradients of log p(x | theta)


def numerical_mu(x, pi, mu, Sigma):
    return numerical(lambda m: log_p(x, pi, m, Sigma).sum(), mu, extent(Sigma))


def _mu_2(x, pi, mu, Sigma):
    here = log_p(x, pi, mu, Sigma)[:, None]  # 1 / p(x_i), taken into the exponent: far out it would overflow
    return numerical(lambda m: np.exp(joint(x, pi, m, Sigma) - here).sum(), mu, extent(Sigma))


def _mu_3(x, pi, mu, Sigma):
    here = log_p(x, pi, mu, Sigma)[:, None]

    def term(m, j):
        return pi[j] * np.exp(log_normal(x, m[None], Sigma[j : j + 1]) - here).sum()

    return stacked(numerical(lambda m, j=j: term(m, j), mu[j], extent(Sigma)) for j in range(len(pi)))


def _mu_4(x, pi, mu, Sigma):
    fraction = pi * np.exp(log_normal(x, mu, Sigma) - log_p(x, pi, mu, Sigma)[:, None])
    return numerical(lambda m: (fraction * log_normal(x, m, Sigma)).sum(), mu, extent(Sigma))


grad_mu = Derivation("The gradient in the means",
    r"\nabla_{\mu_j} \log p(x \mid \pi, \mu, \Sigma)", mixtures("x pi mu Sigma"), (
    Line("start", r"\frac{\partial}{\partial \mu_j} \sum_i \log \sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})",
         numerical_mu, "the definition, differentiated numerically"),
    Line("=", r"\sum_i \frac{1}{p(x_i)} \frac{\partial}{\partial \mu_j} \sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})",
         _mu_2, "chain rule: the derivative of log u is u' / u"),
    Line("=", r"\sum_i \frac{\pi_j}{p(x_i)} \frac{\partial}{\partial \mu_j} \mathcal{N}(x_i; \mu_j, \Sigma_j)", _mu_3,
         "only the term j' = j holds mu_j"),
    Line("=", r"\sum_i \frac{\pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)}{p(x_i)} \frac{\partial}{\partial \mu_j} \log \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         _mu_4, "u' = u (log u)'"),
    Line("=", r"\sum_i r_{ij} \frac{\partial}{\partial \mu_j} \log \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, r, mu, Sigma: numerical(lambda m: (r * log_normal(x, m, Sigma)).sum(), mu, extent(Sigma)),
         "Bayes: the fraction is r_ij, held fixed from here on"),
    Line("=", r"\sum_i r_{ij} \Sigma_j^{-1} (x_i - \mu_j)",
         lambda x, r, mu, Sigma: np.einsum("ij,jab,ijb->ja", r, inv(Sigma), x[:, None, :] - mu[None, :, :]),
         "gradient of one log Gaussian"),
    Line("=", r"\Sigma_j^{-1} \Bigl( \sum_i r_{ij} x_i - R_j \mu_j \Bigr)",
         lambda x, r, mu, Sigma: np.linalg.solve(Sigma, (r.T @ x - r.sum(0)[:, None] * mu)[:, :, None])[:, :, 0],
         "Sigma_j and mu_j do not depend on i; R_j = sum_i r_ij"),
    Line("therefore", r"\mu_j = \frac{1}{R_j} \sum_i r_{ij} x_i", lambda x, r: (r.T @ x) / r.sum(0)[:, None],
         "set to zero with r held fixed; but r depends on mu, so this is a fixed-point equation", unknown="mu"),
), given={"r": posterior})  # fmt: skip


def numerical_Sigma(x, pi, mu, Sigma):
    return numerical(lambda S: log_p(x, pi, mu, S).sum(), Sigma, area(Sigma))


def _from_scatter(x, r, mu, Sigma):
    return inv(Sigma) @ (scatter(x, r, mu) - r.sum(0)[:, None, None] * Sigma) @ inv(Sigma) / 2


grad_Sigma = Derivation("The gradient in the covariances",
    r"\nabla_{\Sigma_j} \log p(x \mid \pi, \mu, \Sigma)", mixtures("x pi mu Sigma"), (
    Line("start", r"\frac{\partial}{\partial \Sigma_j} \sum_i \log \sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})",
         numerical_Sigma, "the definition, entries independent, differentiated numerically"),
    Line("=", r"\sum_i r_{ij} \frac{\partial}{\partial \Sigma_j} \log \mathcal{N}(x_i; \mu_j, \Sigma_j)",
         lambda x, r, mu, Sigma: numerical(lambda S: (r * log_normal(x, mu, S)).sum(), Sigma, area(Sigma)),
         "as for mu: chain rule, one term, Bayes"),
    Line("=", r"\sum_i r_{ij} \Bigl[ -\tfrac{1}{2} \Sigma_j^{-1} + \tfrac{1}{2} \Sigma_j^{-1} (x_i - \mu_j)(x_i - \mu_j)^\top \Sigma_j^{-1} \Bigr]",
         lambda x, r, mu, Sigma: np.einsum("ij,ijab->jab", r, -inv(Sigma) / 2 + np.einsum("jab,ijb,ijc,jcd->ijad", inv(Sigma), x[:, None] - mu, x[:, None] - mu, inv(Sigma)) / 2),
         "log-determinant and quadratic form"),
    Line("=", r"\tfrac{1}{2} \bigl( \Sigma_j^{-1} W_j \Sigma_j^{-1} - R_j \Sigma_j^{-1} \bigr)",
         lambda x, r, mu, Sigma: (inv(Sigma) @ scatter(x, r, mu) @ inv(Sigma) - r.sum(0)[:, None, None] * inv(Sigma)) / 2,
         "W_j = sum_i r_ij (x_i - mu_j)(x_i - mu_j)^T"),
    Line("=", r"\tfrac{1}{2} \Sigma_j^{-1} \bigl( W_j - R_j \Sigma_j \bigr) \Sigma_j^{-1}",
         lambda x, r, mu, Sigma: inv(Sigma) @ (scatter(x, r, mu) - r.sum(0)[:, None, None] * Sigma) @ inv(Sigma) / 2,
         "take Sigma_j^-1 out on both sides"),
    Line("therefore", r"\Sigma_j = \frac{W_j}{R_j} = \frac{1}{R_j} \sum_i r_{ij} (x_i - \mu_j)(x_i - \mu_j)^\top",
         lambda x, r, mu: scatter(x, r, mu) / r.sum(0)[:, None, None], "set to zero with r and mu held fixed",
         unknown="Sigma", into=_from_scatter),
), given={"r": posterior})  # fmt: skip


def _in_precision(f, Sigma):
    """d f(Lambda^-1) / d Lambda for each component's precision Lambda_j = Sigma_j^-1, entries independent."""
    return numerical(lambda precision: f(inv(precision)), inv(Sigma), area(inv(Sigma)))


grad_precision = Derivation("The gradient in the precisions, of which the slide's formula for Sigma is a case",
    r"\nabla_{\Lambda_j} \log p(x \mid \pi, \mu, \Sigma), \quad \Lambda_j = \Sigma_j^{-1}", mixtures("x pi mu Sigma"), (
    Line("start", r"\frac{\partial}{\partial \Lambda_j} \sum_i \log \sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Lambda_{j'}^{-1})",
         lambda x, pi, mu, Sigma: _in_precision(lambda S: log_p(x, pi, mu, S).sum(), Sigma),
         "the definition, entries independent, differentiated numerically"),
    Line("=", r"\sum_i r_{ij} \frac{\partial}{\partial \Lambda_j} \Bigl[ \tfrac{1}{2} \log \det \Lambda_j - \tfrac{1}{2} (x_i - \mu_j)^\top \Lambda_j (x_i - \mu_j) \Bigr]",
         lambda x, r, mu, Sigma: _in_precision(lambda S: (r * log_normal(x, mu, S)).sum(), Sigma),
         "as for mu: chain rule, one term, Bayes; the rest of log N does not depend on the precision"),
    Line("=", r"\sum_i r_{ij} \Bigl[ \tfrac{1}{2} \Lambda_j^{-1} - \tfrac{1}{2} (x_i - \mu_j)(x_i - \mu_j)^\top \Bigr]",
         lambda x, r, mu, Sigma: np.einsum("ij,ijab->jab", r, (Sigma - np.einsum("ija,ijb->ijab", x[:, None] - mu, x[:, None] - mu)) / 2),
         "the log-determinant's derivative; the quadratic form is linear in the precision"),
    Line("=", r"-\tfrac{1}{2} \sum_i r_{ij} (x_i - \mu_j)(x_i - \mu_j)^\top + \tfrac{1}{2} R_j \Sigma_j",
         lambda x, r, mu, Sigma: -scatter(x, r, mu) / 2 + r.sum(0)[:, None, None] * Sigma / 2,
         "what the slide prints under Sigma_j, with R_j Sigma_j / 2 for its constant"),
    Line("therefore", r"\Sigma_j = W_j / R_j", lambda x, r, mu: scatter(x, r, mu) / r.sum(0)[:, None, None],
         "set to zero with r and mu held fixed: the same root as in Sigma_j", unknown="Sigma"),
), given={"r": posterior})  # fmt: skip


def tied(x, pi, mu, Sigma):
    """The derivative along E_ab + E_ba (a < b) and E_aa, as a symmetric matrix for each component."""
    d = Sigma.shape[-1]
    a, b = np.triu_indices(d)

    def symmetric(u):
        S = np.zeros((len(u), d, d))
        S[:, a, b] = u
        S[:, b, a] = u
        return S

    return through(
        symmetric,
        numerical(lambda u: log_p(x, pi, mu, symmetric(u)).sum(), Sigma[:, a, b], area(Sigma)[a, b]),
    )


grad_Sigma_symmetric = Derivation("The same with each entry tied to its mirror image",
    r"\frac{\partial}{\partial \Sigma_{j,ab}} \log p(x \mid \theta), \quad \Sigma_{j,ab} = \Sigma_{j,ba}",
    mixtures("x pi mu Sigma"), (
    Line("start", r"\frac{\partial}{\partial \Sigma_{j,ab}} \sum_i \log \sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})",
         tied, "two entries move at once, differentiated numerically"),
    Line("=", r"G_{ab} + G_{ba} - \delta_{ab} G_{ab}, \quad G = \tfrac{1}{2} \Sigma_j^{-1} ( W_j - R_j \Sigma_j ) \Sigma_j^{-1}",
         lambda x, r, mu, Sigma: (2 - np.eye(Sigma.shape[-1])) * (inv(Sigma) @ (scatter(x, r, mu) - r.sum(0)[:, None, None] * Sigma) @ inv(Sigma) / 2),
         "off the diagonal twice the free derivative; the root is the same"),
    Line("therefore", r"\Sigma_j = W_j / R_j", lambda x, r, mu: scatter(x, r, mu) / r.sum(0)[:, None, None],
         "set to zero with r and mu held fixed", unknown="Sigma",
         into=lambda x, r, mu, Sigma: (2 - np.eye(Sigma.shape[-1])) * _from_scatter(x, r, mu, Sigma)),
), given={"r": posterior})  # fmt: skip

# ---- EM as preconditioned gradient ascent (Xu and Jordan, 1996)


preconditioned_ascent = Derivation("EM's step in mu is a gradient step, preconditioned (Xu and Jordan)",
    r"\frac{\Sigma_j}{R_j} \nabla_{\mu_j} \log p(x \mid \theta)", mixtures("x pi mu Sigma"), (
    Line("start", r"\frac{\Sigma_j}{R_j} \frac{\partial}{\partial \mu_j} \log p(x \mid \theta)",
         lambda x, pi, mu, Sigma, r: through(lambda g: np.einsum("jab,jb->ja", Sigma, g) / r.sum(0)[:, None], numerical_mu(x, pi, mu, Sigma)),
         "the gradient, differentiated numerically"),
    Line("=", r"\frac{\Sigma_j}{R_j} \Sigma_j^{-1} \sum_i r_{ij} (x_i - \mu_j)",
         lambda x, mu, Sigma, r: (Sigma @ inv(Sigma) @ np.einsum("ij,ija->ja", r, x[:, None] - mu)[..., None])[..., 0] / r.sum(0)[:, None],
         "the gradient's formula"),
    Line("=", r"\frac{1}{R_j} \sum_i r_{ij} x_i - \mu_j", lambda x, mu, r: (r.T @ x) / r.sum(0)[:, None] - mu,
         "Sigma_j cancels"),
    Line("=", r"\mu_j^{\text{new}} - \mu_j", lambda x, mu, r: formulas.counts_and_means(x, r)[1] - mu, "the M-step"),
), given={"r": posterior})  # fmt: skip


def _covariance(away, weights):
    return np.average([np.outer(u, u) for u in away], axis=0, weights=weights)


preconditioned_ascent_Sigma = Derivation("The same in Sigma, around the old mean",
    r"\frac{2}{R_j} \Sigma_j \bigl(\nabla_{\Sigma_j} \log p(x \mid \theta)\bigr) \Sigma_j", mixtures("x pi mu Sigma", habits=NOT_FLAT), (
    Line("start", r"\frac{2}{R_j} \Sigma_j \Bigl(\frac{\partial}{\partial \Sigma_j} \log p(x \mid \theta)\Bigr) \Sigma_j",
         lambda x, pi, mu, Sigma, r: through(lambda G: 2 * Sigma @ G @ Sigma / r.sum(0)[:, None, None], numerical_Sigma(x, pi, mu, Sigma)),
         "the gradient, differentiated numerically"),
    Line("=", r"\frac{1}{R_j} \bigl( W_j - R_j \Sigma_j \bigr)",
         lambda x, mu, Sigma, r: (scatter(x, r, mu) - r.sum(0)[:, None, None] * Sigma) / r.sum(0)[:, None, None],
         "the gradient's formula: the sandwich is undone"),
    Line("=", r"\Sigma_j^{\text{new}} - \Sigma_j",
         lambda x, mu, Sigma, r: np.stack([_covariance(x - m, w) for m, w in zip(mu, r.T, strict=True)]) - Sigma,
         "the M-step's covariance, around the old mu_j"),
), given={"r": posterior})  # fmt: skip

preconditioned_ascent_pi = Derivation("The same in pi",
    r"\frac{1}{n} \bigl( \operatorname{diag} \pi - \pi \pi^\top \bigr) \nabla_\pi \log p(x \mid \theta)",
    mixtures("x pi mu Sigma"), (
    Line("start", r"\frac{1}{n} \bigl( \operatorname{diag} \pi - \pi \pi^\top \bigr) \frac{\partial}{\partial \pi} \log p(x \mid \theta)",
         lambda x, pi, mu, Sigma: through(lambda g: (np.diag(pi) - np.outer(pi, pi)) @ g / len(x), numerical_in_pi(lambda log_p, p: log_p, x, pi, mu, Sigma)),
         "the gradient, differentiated numerically"),
    Line("=", r"\frac{1}{n} \bigl( R_j - \pi_j \sum_{j'} R_{j'} \bigr)",
         lambda x, pi, r: (r.sum(0) - pi * r.sum()) / len(x), "the gradient is R_j / pi_j"),
    Line("=", r"\frac{R_j}{n} - \pi_j = \pi_j^{\text{new}} - \pi_j", lambda x, pi, r: r.mean(0) - pi,
         "all responsibilities together are n"),
), given={"r": posterior}, size=lambda pi: float(pi.max()))  # fmt: skip
