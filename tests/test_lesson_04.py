"""The solutions of lesson 04 against derivatives of the unnormalised definition, optimisers and scipy.stats."""

import numpy as np
import pytest
from scipy.differentiate import derivative
from scipy.optimize import LinearConstraint, minimize
from scipy.special import logsumexp, softmax
from scipy.stats import dirichlet

from emtutor import gaussian, old_faithful
from emtutor.lessons.l04 import exercises as lesson
from emtutor.maths import formulas
from emtutor.tutor.exercise import find

THETA0 = gaussian.Theta(
    np.array([0.4, 0.6]),
    np.array([[2.2, 57.0], [4.1, 78.0]]),
    np.array([[[0.12, 0.6], [0.6, 40.0]], [[0.25, 1.1], [1.1, 30.0]]]),
)


def problems_of(name):
    return [pytest.param(*p.args.values(), id=p.label) for p in find(name).problems(np.random.default_rng(11))]


def log_p(x, pi, mu, Sigma):
    """Defined for weights that do not sum to one: the derivative off the simplex."""
    return logsumexp(formulas.log_joint(x, pi, mu, Sigma), axis=1).sum()


def entrywise(f, at, scale):
    result = []
    for j in range(len(at)):
        step = np.zeros(len(at))
        step[j] = scale
        found = derivative(np.vectorize(lambda t, s=step: f(at + t * s)), 0.0, initial_step=0.1, order=8)
        result.append(float(found.df) / scale)
    return np.array(result)


def on_the_simplex(objective, k):
    """argmin over weights that sum to one, by a general constrained optimiser (k > 1)."""
    found = minimize(
        objective,
        np.full(k, 1 / k),
        method="SLSQP",
        bounds=[(1e-9, 1)] * k,
        constraints=LinearConstraint(np.ones((1, k)), 1, 1),
        options={"ftol": 1e-14, "maxiter": 500},
    )
    return found.x


@pytest.mark.parametrize(("x", "pi", "mu", "Sigma"), problems_of("grad_pi"))
def test_gradient_in_pi(x, pi, mu, Sigma):
    got = lesson.grad_pi(x, pi, mu, Sigma)
    np.testing.assert_allclose(got, entrywise(lambda p: log_p(x, p, mu, Sigma), pi, 0.5 * pi.min()), rtol=1e-6)
    np.testing.assert_allclose(pi @ got, len(x))  # a homogeneous function: Euler's theorem
    assert (got > 0).all() or x.max() > 100


@pytest.mark.parametrize(("x", "pi", "mu", "Sigma", "lam"), problems_of("grad_lagrangian"))
def test_gradient_of_the_lagrangian(x, pi, mu, Sigma, lam):
    def lagrangian(p):
        return log_p(x, p, mu, Sigma) + lam * (p.sum() - 1)

    fd = entrywise(lagrangian, pi, 0.5 * pi.min())
    np.testing.assert_allclose(lesson.grad_lagrangian(x, pi, mu, Sigma, lam), fd, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("x", "a", "mu", "Sigma"), problems_of("grad_logits"))
def test_gradient_in_the_logits(x, a, mu, Sigma):
    got = lesson.grad_logits(x, a, mu, Sigma)
    fd = entrywise(lambda b: log_p(x, softmax(b), mu, Sigma), a, 0.5)
    np.testing.assert_allclose(got, fd, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(got.sum(), 0, atol=1e-9 * len(x))


@pytest.mark.parametrize("r", problems_of("update_pi"))
def test_update_and_multiplier_make_every_derivative_vanish(r):
    (r,) = [np.asarray(r)]
    pi, lam = lesson.update_pi(r), lesson.multiplier(r)
    np.testing.assert_allclose(pi.sum(), 1)
    np.testing.assert_allclose(r.sum(0) + lam * pi, 0, atol=1e-12 * len(r))


@pytest.mark.parametrize("r", problems_of("update_pi"))
def test_update_is_where_a_constrained_optimiser_ends(r):
    R = np.asarray(r).sum(0)
    if len(R) == 1 or R.min() == 0:
        return
    found = on_the_simplex(lambda p: -(R @ np.log(p)), len(R))
    np.testing.assert_allclose(lesson.update_pi(np.asarray(r)), found, rtol=1e-4)


@pytest.mark.parametrize("r", problems_of("multiplier"))
def test_multiplier_is_minus_the_price_of_one_more_unit_of_probability(r):
    """The envelope theorem: d/dc of the best value under sum pi = c is -lambda at c = 1."""
    R = np.asarray(r).sum(0)
    R = R[R > 0]
    price = derivative(np.vectorize(lambda c: (R * np.log(c * R / R.sum())).sum()), 1.0, initial_step=0.1).df
    np.testing.assert_allclose(lesson.multiplier(np.asarray(r)), -price, rtol=1e-7)


@pytest.mark.parametrize(("r", "alpha"), problems_of("update_pi_map"))
def test_map_update_is_the_mode_of_scipys_dirichlet(r, alpha):
    pi = lesson.update_pi_map(r, alpha)
    np.testing.assert_allclose(pi.sum(), 1)
    if len(alpha) == 1:
        return
    R = r.sum(0)
    found = on_the_simplex(lambda p: -(R @ np.log(p)) - dirichlet.logpdf(p / p.sum(), alpha), len(alpha))
    np.testing.assert_allclose(pi, found, rtol=2e-4)


def test_published_figures_of_old_faithful():
    x = old_faithful()
    got = lesson.grad_pi(x, *THETA0)
    np.testing.assert_allclose(got, [242.761921, 291.492053], atol=5e-7)
    assert round(float(THETA0.pi @ got), 6) == 272
    r = gaussian.e_step(x, THETA0)
    assert lesson.multiplier(r) == pytest.approx(-272)
    np.testing.assert_allclose(lesson.update_pi(r), [97.104768 / 272, 174.895232 / 272], atol=1e-8)
    np.testing.assert_allclose(lesson.update_pi_map(r, np.array([2.0, 2.0])), [0.358047, 0.641953], atol=5e-7)
