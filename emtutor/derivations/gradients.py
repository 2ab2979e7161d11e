"""The gradients of log p(x | theta) in mu and Sigma, line by line, and what they rest on."""

from emtutor.derivations.common import (
    Derivation,
    Line,
    extent,
    joint,
    log_normal,
    log_p,
    mixtures,
    np,
    numerical,
    posterior,
    stacked,
)

grad_mu = Derivation(
    "The gradient in the means",
    r"\nabla_{\mu_j} \log p(x \mid \pi, \mu, \Sigma)",
    mixtures("x pi mu Sigma"),
    (
        Line(
            "start",
            r"\frac{\partial}{\partial \mu_j} \sum_i \log \sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})",
            lambda x, pi, mu, Sigma: numerical(lambda m: log_p(x, pi, m, Sigma).sum(), mu, extent(Sigma)),
            "the definition, differentiated numerically",
        ),
        Line(
            "=",
            r"\sum_i \frac{1}{p(x_i)} \frac{\partial}{\partial \mu_j} "
            r"\sum_{j'} \pi_{j'} \mathcal{N}(x_i; \mu_{j'}, \Sigma_{j'})",
            lambda x, pi, mu, Sigma: numerical(
                lambda m, p=log_p(x, pi, mu, Sigma)[:, None]: np.exp(joint(x, pi, m, Sigma) - p).sum(),
                mu,
                extent(Sigma),
            ),
            "chain rule: the derivative of log u is u' / u",
        ),
        Line(
            "=",
            r"\sum_i \frac{\pi_j}{p(x_i)} \frac{\partial}{\partial \mu_j} \mathcal{N}(x_i; \mu_j, \Sigma_j)",
            lambda x, pi, mu, Sigma: stacked(
                numerical(
                    lambda m, j=j, p=log_p(x, pi, mu, Sigma)[:, None]: (
                        pi[j] * np.exp(log_normal(x, m[None], Sigma[j : j + 1]) - p)
                    ).sum(),
                    mu[j],
                    extent(Sigma),
                )
                for j in range(len(pi))
            ),
            "only the term j' = j holds mu_j",
        ),
        Line(
            "=",
            r"\sum_i \frac{\pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)}{p(x_i)} "
            r"\frac{\partial}{\partial \mu_j} \log \mathcal{N}(x_i; \mu_j, \Sigma_j)",
            lambda x, pi, mu, Sigma: numerical(
                lambda m, w=np.exp(joint(x, pi, mu, Sigma) - log_p(x, pi, mu, Sigma)[:, None]): (
                    w * log_normal(x, m, Sigma)
                ).sum(),
                mu,
                extent(Sigma),
            ),
            "u' = u (log u)'",
        ),
        Line(
            "=",
            r"\sum_i r_{ij} \frac{\partial}{\partial \mu_j} \log \mathcal{N}(x_i; \mu_j, \Sigma_j)",
            lambda x, r, mu, Sigma: numerical(lambda m: (r * log_normal(x, m, Sigma)).sum(), mu, extent(Sigma)),
            "Bayes: the fraction is r_ij; from here on it is held fixed",
        ),
        Line(
            "=",
            r"\sum_i r_{ij} \Sigma_j^{-1} (x_i - \mu_j)",
            lambda x, r, mu, Sigma: np.einsum(
                "ij,jab,ijb->ja", r, np.linalg.inv(Sigma), x[:, None, :] - mu[None, :, :]
            ),
            "gradient of one log Gaussian",
        ),
        Line(
            "=",
            r"\Sigma_j^{-1} \Bigl( \sum_i r_{ij} x_i - R_j \mu_j \Bigr)",
            lambda x, r, mu, Sigma: np.linalg.solve(Sigma, (r.T @ x - r.sum(0)[:, None] * mu)[:, :, None])[:, :, 0],
            "Sigma_j and mu_j do not depend on i; R_j = sum_i r_ij",
        ),
        Line(
            "therefore",
            r"\mu_j = \frac{1}{R_j} \sum_i r_{ij} x_i",
            lambda x, r: (r.T @ x) / r.sum(0)[:, None],
            "set to zero, r held fixed: an equation for a fixed point, since r depends on mu",
            unknown="mu",
        ),
    ),
    given={"r": posterior},
)
