"""The solutions of lesson 03 against derivatives by finite differences of the definition, and against an optimiser."""

import numpy as np
import pytest
from scipy.differentiate import derivative
from scipy.optimize import approx_fprime, minimize
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from emtutor import gaussian, old_faithful
from emtutor.lessons.l03 import exercises as lesson
from emtutor.maths import formulas
from emtutor.tutor.exercise import find

THETA0 = gaussian.Theta(
    np.array([0.4, 0.6]),
    np.array([[2.2, 57.0], [4.1, 78.0]]),
    np.array([[[0.12, 0.6], [0.6, 40.0]], [[0.25, 1.1], [1.1, 30.0]]]),
)


def problems_of(name):
    return [pytest.param(*p.args.values(), id=p.label) for p in find(name).problems(np.random.default_rng(7))]


def log_p(x, pi, mu, Sigma):
    return logsumexp(formulas.log_joint(x, pi, mu, Sigma), axis=1)


def log_normal(x, mu, Sigma):
    return formulas.log_joint(x, np.ones(1), mu[None], Sigma[None])[:, 0]


def along(f, at, step):
    """The derivative of f(at + t step) at t = 0, for a scalar f, by scipy.differentiate."""
    found = derivative(np.vectorize(lambda t: f(at + t * step)), 0.0, initial_step=0.1, order=8)
    assert found.error <= 1e-6 * max(1.0, abs(found.df))
    return float(found.df)


def entrywise(f, at, scale):
    """d f / d at, entry by entry: the entries of a covariance move one by one."""
    result = np.empty(at.shape)
    for index in np.ndindex(at.shape):
        step = np.zeros(at.shape)
        step[index] = scale
        result[index] = along(f, at, step) / scale
    return result


def extent(Sigma):
    return float(np.sqrt(np.linalg.eigvalsh(Sigma).min()))


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=2e-6, atol=2e-7 * np.abs(b).max())


@pytest.mark.parametrize(("x", "mu", "Sigma"), problems_of("grad_log_gaussian_mu"))
def test_gradient_of_one_gaussian_in_mu(x, mu, Sigma):
    truth = [entrywise(lambda m, i=i: log_normal(x[[i]], m, Sigma)[0], mu, extent(Sigma)) for i in range(len(x))]
    close(lesson.grad_log_gaussian_mu(x, mu, Sigma), np.array(truth))


@pytest.mark.parametrize(("x", "mu", "Sigma"), problems_of("grad_log_gaussian_Sigma"))
def test_gradient_of_one_gaussian_in_sigma(x, mu, Sigma):
    scale = 0.3 * extent(Sigma) ** 2
    truth = [entrywise(lambda S, i=i: log_normal(x[[i]], mu, S)[0], Sigma, scale) for i in range(len(x))]
    close(lesson.grad_log_gaussian_Sigma(x, mu, Sigma), np.array(truth))


@pytest.mark.parametrize(("x", "pi", "mu", "Sigma"), problems_of("grad_mu"))
def test_gradient_in_mu(x, pi, mu, Sigma):
    close(
        lesson.grad_mu(x, pi, mu, Sigma),
        entrywise(lambda m: log_p(x, pi, m, Sigma).sum(), mu, 0.3 * extent(Sigma)),
    )


@pytest.mark.parametrize(("x", "pi", "mu", "Sigma"), problems_of("grad_Sigma"))
def test_gradient_in_sigma(x, pi, mu, Sigma):
    close(
        lesson.grad_Sigma(x, pi, mu, Sigma),
        entrywise(lambda S: log_p(x, pi, mu, S).sum(), Sigma, 0.1 * extent(Sigma) ** 2),
    )


def test_gradients_on_old_faithful_by_forward_differences_of_scipys_density():
    """Another density (scipy.stats) and another method (scipy.optimize)."""
    x = old_faithful()
    pi, mu, Sigma = THETA0

    def log_p(mu, Sigma):
        parts = [multivariate_normal(m, S, allow_singular=False) for m, S in zip(mu, Sigma, strict=True)]
        return np.log(sum(p * part.pdf(x) for p, part in zip(pi, parts, strict=True))).sum()

    fd = approx_fprime(mu.ravel(), lambda m: log_p(m.reshape(2, 2), Sigma), 1e-7).reshape(2, 2)
    np.testing.assert_allclose(lesson.grad_mu(x, pi, mu, Sigma), fd, rtol=1e-3, atol=2e-3)
    E = np.array([[0.0, 1.0], [1.0, 0.0]])
    for j in range(2):
        for direction in (np.diag([1.0, 0]), np.diag([0, 1.0]), E):  # symmetric: scipy's density asks for it
            moved = [Sigma.copy(), Sigma.copy()]
            moved[0][j] += 1e-6 * direction
            moved[1][j] -= 1e-6 * direction
            fd = (log_p(mu, moved[0]) - log_p(mu, moved[1])) / 2e-6
            gradient = lesson.grad_Sigma(x, pi, mu, Sigma)[j]
            np.testing.assert_allclose((gradient * direction).sum(), fd, rtol=1e-5, atol=1e-4)


def test_published_figures_of_old_faithful():
    x = old_faithful()
    np.testing.assert_allclose(lesson.grad_mu(x, *THETA0)[0], [-107.119146, -4.429214], atol=5e-7)
    G = lesson.grad_Sigma(x, *THETA0)[0]
    np.testing.assert_allclose([G[0, 0], G[1, 1], G[0, 1] + G[1, 0]], [-115.52725, -0.109787, 9.431355], atol=1e-5)


@pytest.mark.parametrize(("x", "r"), problems_of("update_mu"))
def test_update_of_mu_is_where_an_optimiser_ends(x, r):
    """argmax_mu sum_i r_ij log N(x_i; mu, I): for each component by itself, whatever its covariance."""
    unit = x.std(0) + 1e-3
    for j, mu in enumerate(lesson.update_mu(x, r)):
        found = minimize(
            lambda m, j=j: (r[:, j] * (((x / unit - m) ** 2).sum(1))).sum(), np.zeros(x.shape[1]), tol=1e-12
        )
        np.testing.assert_allclose(mu / unit, found.x, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("x", "r", "mu"), problems_of("update_Sigma"))
def test_at_the_update_of_sigma_no_small_change_raises_the_expectation(x, r, mu):
    """E_q log N is stationary there, along every symmetric direction that stays positive definite."""
    rng = np.random.default_rng(3)
    for j, Sigma in enumerate(lesson.update_Sigma(x, r, mu)):
        low, vectors = np.linalg.eigh(Sigma)
        if low[0] < 1e-9 * low[-1]:
            continue  # fewer points than dimensions: no maximum
        root = vectors * np.sqrt(low)
        for _ in range(4):
            A = rng.standard_normal(Sigma.shape)
            step = root @ (A + A.T) @ root.T / 20
            slope = along(lambda S, j=j: (r[:, j] * log_normal(x, mu[j], S)).sum(), Sigma, step)
            assert abs(slope) < 1e-6 * r[:, j].sum() * x.shape[1]


@pytest.mark.parametrize(("x", "pi", "mu", "Sigma"), problems_of("grad_mu"))
def test_an_em_step_is_a_preconditioned_gradient_step(x, pi, mu, Sigma):
    """Xu and Jordan (1996): Sigma_j / R_j times the gradient in mu; 2 / R_j Sigma_j G Sigma_j with the old mean."""
    r = np.exp(formulas.log_joint(x, pi, mu, Sigma) - log_p(x, pi, mu, Sigma)[:, None])
    R = r.sum(0)
    if R.min() < 1e-9:
        return
    G_mu, G_Sigma = lesson.grad_mu(x, pi, mu, Sigma), lesson.grad_Sigma(x, pi, mu, Sigma)
    for j in range(len(pi)):
        np.testing.assert_allclose(mu[j] + Sigma[j] @ G_mu[j] / R[j], lesson.update_mu(x, r)[j], rtol=1e-8)
        stepped = Sigma[j] + 2 / R[j] * Sigma[j] @ G_Sigma[j] @ Sigma[j]
        np.testing.assert_allclose(stepped, lesson.update_Sigma(x, r, mu)[j], rtol=1e-7, atol=1e-9 * Sigma[j].max())
