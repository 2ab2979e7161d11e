"""The Gaussian mixture: published numbers, gradients, identities for arbitrary q, and what bad input gets."""

import json
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import differentiate, stats
from scipy.special import logsumexp

from emtutor import data, em, gaussian
from emtutor.maths import formulas
from emtutor.maths.gaussian import Theta

NUMBERS = json.loads((Path(__file__).parents[1] / "reference" / "numbers.json").read_text())
FAITHFUL = data.old_faithful()
WAITING = FAITHFUL[:, 1:]


def theta_of(entry):
    return Theta(*(np.array(entry[k], float) for k in ("pi", "mu", "Sigma")))


def univariate(pi, mu, variance):
    return Theta(np.array(pi), np.array(mu, float)[:, None], np.array(variance, float)[:, None, None])


def log_p_path(model, x, theta, iterations):
    return [s.log_likelihood for s in islice(em.steps(model, x, theta), 2 * iterations + 1) if s.phase != "E"]


THETA0 = theta_of(NUMBERS["faithful_onestep_theta0"]["start"])

# ---- published numbers


def test_waiting_times_with_one_spread():
    numbers = NUMBERS["faithful_waiting_equal_sd"]
    start = univariate([0.5, 0.5], [55, 80], [25, 25])
    np.testing.assert_allclose(log_p_path(gaussian.tied, WAITING, start, 9), numbers["expected"]["ll_path"], rtol=1e-11)
    found = em.fit(gaussian.tied, WAITING, start, tol=1e-12).theta
    published = numbers["published"]
    for got, exact, printed in zip(
        (found.pi, found.mu[:, 0], np.sqrt(found.Sigma[:, 0, 0])),
        (numbers["expected"][k] for k in ("pi", "mu", "sd")),
        (published["lam"], published["mu"], [published["sd"]] * 2),
        strict=True,
    ):
        np.testing.assert_allclose(got, exact, rtol=1e-6)
        np.testing.assert_allclose(got, printed, atol=1e-4)


def test_waiting_times_with_two_spreads():
    numbers = NUMBERS["faithful_waiting_free_sd"]
    found = em.fit(gaussian.model, WAITING, univariate([0.5, 0.5], [55, 80], [25, 25]), tol=1e-12)
    for got, key, printed in (
        (found.theta.pi, "pi", "lam"),
        (found.theta.mu[:, 0], "mu", "mu"),
        (np.sqrt(found.theta.Sigma[:, 0, 0]), "sd", "sd"),
    ):
        np.testing.assert_allclose(got, numbers["expected"][key], rtol=1e-6)
        np.testing.assert_allclose(got, numbers["published"][printed], atol=1e-4)
    assert found.log_likelihood == pytest.approx(numbers["expected"]["ll"], abs=1e-9)


def test_old_faithful_with_two_full_covariances():
    numbers = NUMBERS["faithful_VVV2"]
    start, expected = theta_of(numbers["start"]), numbers["expected"]
    np.testing.assert_allclose(log_p_path(gaussian.model, FAITHFUL, start, 11), expected["path"], rtol=1e-12)
    found = em.fit(gaussian.model, FAITHFUL, start, tol=1e-12)
    for got, key in zip(found.theta, ("pi", "mu", "Sigma"), strict=True):
        np.testing.assert_allclose(got, expected[key], rtol=1e-6)
    parameters = 11
    assert 2 * found.log_likelihood - parameters * np.log(272) == pytest.approx(-2322.192, abs=1e-3)
    assert -2 * found.log_likelihood + 2 * parameters == pytest.approx(expected["aic"], abs=1e-8)
    assert np.bincount(found.q.argmax(1)).tolist() == expected["map_counts"]
    assert -(found.q * np.log(found.q)).sum() == pytest.approx(expected["entropy"], abs=1e-5)


def test_old_faithful_with_one_shared_covariance():
    numbers = NUMBERS["faithful_EEE2"]
    found = em.fit(gaussian.tied, FAITHFUL, theta_of(NUMBERS["faithful_VVV2"]["start"]), tol=1e-12)
    np.testing.assert_allclose(found.theta.pi, numbers["expected"]["pi"], rtol=1e-5)
    np.testing.assert_allclose(found.theta.mu, numbers["expected"]["mu"], rtol=1e-5)
    np.testing.assert_allclose(found.theta.Sigma, [numbers["expected"]["Sigma"]] * 2, rtol=1e-5)
    assert found.log_likelihood == pytest.approx(numbers["expected"]["ll"], abs=1e-8)
    assert 2 * found.log_likelihood - 8 * np.log(272) == pytest.approx(numbers["published"]["bic_mclust"], abs=6e-3)


def test_one_step_from_an_asymmetric_start():
    expected = NUMBERS["faithful_onestep_theta0"]["expected"]
    after = gaussian.m_step(FAITHFUL, gaussian.e_step(FAITHFUL, THETA0))
    for got, key in zip(after, ("pi", "mu", "Sigma"), strict=True):
        np.testing.assert_allclose(got, expected[key], rtol=1e-10)
    assert gaussian.log_likelihood(FAITHFUL, THETA0) == pytest.approx(expected["ll0"], abs=1e-9)
    assert gaussian.log_likelihood(FAITHFUL, after) == pytest.approx(expected["ll1"], abs=1e-9)


def test_three_points_of_the_published_puzzle():
    numbers = NUMBERS["cv_123"]
    x, start = np.array([[1.0], [2], [3]]), univariate([0.5, 0.5], [1, 3], [1, 1])
    walk = list(islice(em.steps(gaussian.model, x, start), 7))
    np.testing.assert_allclose([s.log_likelihood for s in walk[::2]], numbers["expected"]["loglik"], rtol=1e-12)
    np.testing.assert_allclose([s.q[:, 0] for s in walk[1:4:2]], numbers["expected"]["r1"], atol=1e-9)
    assert walk[2].theta.Sigma[0, 0, 0] == pytest.approx(numbers["expected"]["var1"], abs=1e-9)
    assert walk[2].theta.mu[0, 0] == pytest.approx(numbers["expected"]["mu1"], abs=1e-9)


# ---- oracles


def test_density_is_scipys():
    joint = np.stack(
        [p * stats.multivariate_normal(m, S).pdf(FAITHFUL) for p, m, S in zip(*THETA0, strict=True)], axis=1
    )
    np.testing.assert_allclose(gaussian.log_joint(FAITHFUL, THETA0), np.log(joint), rtol=1e-11)
    np.testing.assert_allclose(gaussian.e_step(FAITHFUL, THETA0), joint / joint.sum(1, keepdims=True), atol=1e-13)
    assert gaussian.log_likelihood(FAITHFUL, THETA0) == pytest.approx(np.log(joint.sum(1)).sum(), rel=1e-13)


@st.composite
def mixtures(draw):
    """x (n, d) with, now and then, a point 1e6 standard deviations away; any theta; any r."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, d, k = draw(st.integers(1, 8)), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    x = rng.normal(size=(n, d))
    x[0] *= draw(st.sampled_from([1, 1, 1e3, 1e6]))
    a = rng.normal(size=(k, d, d + 1))
    Sigma = a @ a.transpose(0, 2, 1) * draw(st.sampled_from([1, 1e-4, 1e4])) + 1e-3 * np.eye(d)
    r = rng.dirichlet(np.full(k, draw(st.sampled_from([0.05, 1]))), size=n)
    return x, Theta(rng.dirichlet(np.ones(k)), rng.normal(size=(k, d)), Sigma), r


@settings(max_examples=200, deadline=None)
@given(mixtures())
def test_evidence_is_bound_plus_divergence_for_any_r(mixture):
    x, theta, r = mixture
    log_p, L = gaussian.log_likelihood(x, theta), gaussian.model.elbo(x, r, theta)
    gap = gaussian.model.kl(x, r, theta)
    assert abs(log_p - L - gap) <= 1e-10 * max(1, abs(log_p), abs(L))
    assert gaussian.model.kl(x, gaussian.e_step(x, theta), theta) == pytest.approx(0, abs=1e-10)


def sensitivities(x, theta, f):
    """d f / d (every entry of pi, mu, Sigma, each moved alone), by scipy.differentiate."""
    flat = np.concatenate([np.ravel(part) for part in theta])
    splits = np.cumsum([part.size for part in theta])[:-1]

    def at(v):
        return np.apply_along_axis(
            lambda row: f(*(p.reshape(t.shape) for p, t in zip(np.split(row, splits), theta, strict=True))), 0, v
        )

    steps = 0.02 * np.maximum(np.abs(flat), 1e-2)
    found = differentiate.jacobian(at, flat, initial_step=steps, tolerances={"rtol": 1e-11})
    return [p.reshape(t.shape) for p, t in zip(np.split(found.df, splits), theta, strict=True)]


@pytest.mark.parametrize("case", ["old faithful", "d = 3, k = 3", "d = 1, k = 1"])
def test_gradients_are_the_derivatives(case):
    rng = np.random.default_rng(4)
    if case == "old faithful":
        x, theta = FAITHFUL, THETA0
    else:
        k = d = 3 if "3" in case else 1
        a = rng.normal(size=(k, d, d + 2))
        theta = Theta(rng.dirichlet(np.ones(k)), rng.normal(size=(k, d)), a @ a.transpose(0, 2, 1))
        x = rng.normal(size=(12, d))
    log_p = lambda pi, mu, Sigma: logsumexp(formulas.log_joint(x, pi, mu, Sigma), axis=1).sum()
    for gradient, oracle in zip(
        (gaussian.grad_pi, gaussian.grad_mu, gaussian.grad_Sigma), sensitivities(x, theta, log_p), strict=True
    ):
        exact = gradient(x, theta)
        np.testing.assert_allclose(exact, oracle, rtol=1e-6, atol=1e-6 * np.abs(exact).max())


def test_gradient_figures_at_theta0():
    np.testing.assert_allclose(gaussian.grad_mu(FAITHFUL, THETA0)[0], [-107.119146, -4.429214], atol=1e-5)
    np.testing.assert_allclose(gaussian.grad_pi(FAITHFUL, THETA0), [242.761921, 291.492053], atol=1e-5)
    G = gaussian.grad_Sigma(FAITHFUL, THETA0)[0]
    np.testing.assert_allclose([G[0, 0], G[1, 1], G[0, 1] + G[1, 0]], [-115.52725, -0.109787, 9.431355], rtol=1e-5)
    assert THETA0.pi @ gaussian.grad_pi(FAITHFUL, THETA0) == pytest.approx(272)


def test_gradients_vanish_at_the_optimum():
    found = em.fit(gaussian.model, FAITHFUL, THETA0, tol=0, max_iter=200).theta
    assert np.abs(gaussian.grad_mu(FAITHFUL, found)).max() < 1e-8
    assert np.abs(gaussian.grad_Sigma(FAITHFUL, found)).max() < 1e-7
    np.testing.assert_allclose(gaussian.grad_pi(FAITHFUL, found), 272, rtol=1e-9)


def test_identical_components_stay_on_a_saddle():
    """Both components at the sample's mean and covariance: EM never leaves, a nudge of 1e-6 does."""
    mean, C = FAITHFUL.mean(0), np.cov(FAITHFUL.T, bias=True)
    saddle = Theta(np.array([0.5, 0.5]), np.array([mean, mean]), np.array([C, C]))
    held = em.fit(gaussian.model, FAITHFUL, saddle, tol=0, max_iter=200)
    assert held.log_likelihood == pytest.approx(-1289.796745, abs=1e-6)
    np.testing.assert_allclose(held.theta.mu[0], held.theta.mu[1], rtol=1e-13)
    assert np.abs(gaussian.grad_mu(FAITHFUL, saddle)).max() < 4e-5
    nudged = em.fit(
        gaussian.model, FAITHFUL, saddle._replace(mu=saddle.mu + np.array([[1e-6, 0], [0, 0]])), tol=0, max_iter=300
    )
    assert nudged.log_likelihood == pytest.approx(NUMBERS["faithful_VVV2"]["expected"]["ll"], abs=1e-8)


def test_known_labels_give_each_groups_own_mean_and_covariance():
    x, z = gaussian.sample(500, THETA0, np.random.default_rng(0))
    found = gaussian.fit_complete(x, z)
    for j in range(2):
        own = x[z[:, j] == 1]
        np.testing.assert_allclose(found.mu[j], own.mean(0))
        np.testing.assert_allclose(found.Sigma[j], np.cov(own.T, bias=True))
        assert found.pi[j] == len(own) / 500


def test_sample_follows_theta():
    """With n = 2e5 and a fixed seed: every moment within five standard errors."""
    n = 200_000
    x, z = gaussian.sample(n, THETA0, np.random.default_rng(1))
    assert x.shape == (n, 2)
    assert set(np.unique(z)) == {0, 1}
    assert (z.sum(1) == 1).all()
    found = gaussian.fit_complete(x, z)
    assert np.abs(found.pi - THETA0.pi).max() < 5 * 0.5 / np.sqrt(n)
    sd = np.sqrt(np.einsum("kdd->kd", THETA0.Sigma))
    assert (np.abs(found.mu - THETA0.mu) < 5 * sd / np.sqrt(0.4 * n)).all()
    scale = sd[:, :, None] * sd[:, None, :]
    assert (np.abs(found.Sigma - THETA0.Sigma) < 5 * scale * np.sqrt(2 / (0.4 * n))).all()
    again, _ = gaussian.sample(n, THETA0, np.random.default_rng(1))
    np.testing.assert_array_equal(x, again)
    assert gaussian.sample(0, THETA0, np.random.default_rng(1))[0].shape == (0, 2)


def test_random_start_is_a_start():
    theta = gaussian.random_start(FAITHFUL, 4, np.random.default_rng(0))
    assert len(np.unique(theta.mu, axis=0)) == 4
    assert all((m == FAITHFUL).all(1).any() for m in theta.mu)
    walk = log_p_path(gaussian.model, FAITHFUL, theta, 50)
    assert all(b >= a - 1e-9 for a, b in pairwise(walk))


def test_far_outlier_keeps_a_posterior_and_a_likelihood():
    """At 40 standard deviations every density underflows to 0; its logarithm does not."""
    x = np.vstack([FAITHFUL, [[500.0, 9000.0]]])
    assert np.exp(gaussian.log_joint(x, THETA0)[-1]).max() == 0
    assert gaussian.e_step(x, THETA0)[-1].sum() == pytest.approx(1)
    assert np.isfinite(gaussian.log_likelihood(x, THETA0))


def test_zero_weight_is_absorbing():
    theta = THETA0._replace(pi=np.array([1.0, 0.0]))
    assert (gaussian.e_step(FAITHFUL, theta)[:, 1] == 0).all()
    with pytest.raises(ValueError, match="component 2 is empty"):
        em.fit(gaussian.model, FAITHFUL, theta)


def test_nothing_is_written_to():
    x, theta = FAITHFUL.copy(), Theta(*(a.copy() for a in THETA0))
    r = gaussian.e_step(x, theta)
    before = r.copy()
    gaussian.m_step(x, r), gaussian.grad_Sigma(x, theta), gaussian.grad_mu(x, theta), gaussian.grad_pi(x, theta)
    for a, b in ((x, FAITHFUL), (r, before), *zip(theta, THETA0, strict=True)):
        np.testing.assert_array_equal(a, b)


# ---- what bad input gets


def test_collapse_is_an_error_and_says_where():
    r = np.zeros((272, 2))
    r[:, 1] = 1
    r[0] = [1, 0]
    with pytest.raises(ValueError, match=r"component 1 has collapsed onto one point \(R_1 = 1\).*map_m_step"):
        gaussian.m_step(FAITHFUL, r)
    r[1] = [1, 0]
    with pytest.raises(ValueError, match="component 1 has collapsed onto a line or plane"):
        gaussian.m_step(FAITHFUL, r)
    spike = Theta(
        np.array([0.5, 0.5]), np.array([FAITHFUL[0], FAITHFUL.mean(0)]), np.stack([np.eye(2) * 1e-6, np.eye(2)])
    )
    with pytest.raises(ValueError, match="component 1 has collapsed"):
        em.fit(gaussian.model, FAITHFUL, spike)


def test_two_healthy_clusters_may_be_far_apart():
    """In one coordinate or in both: what is thin beside the distance is not thin beside the cluster itself."""
    rng = np.random.default_rng(1)
    near, r = rng.normal(size=(40, 2)), np.repeat(np.eye(2), 20, axis=0)
    for apart in ([1e8, 0], [0, 1e8], [1e8, 1e8], [-1e8, 1e8]):
        x = near + r[:, 1:] * apart
        theta = gaussian.m_step(x, r)
        np.testing.assert_allclose(theta.Sigma[0], np.cov(near[:20].T, bias=True), rtol=1e-6)
        np.testing.assert_allclose(theta.Sigma[1], np.cov(near[20:].T, bias=True), rtol=1e-6)
        found = em.fit(gaussian.model, x, theta, tol=1e-3)
        assert found.converged
        assert found.log_likelihood == pytest.approx(gaussian.fit(x, theta, tol=1e-3).log_likelihood, rel=1e-6)


@pytest.mark.parametrize(
    ("x", "match"),
    [
        (np.column_stack([FAITHFUL, np.ones(272)]), "column 2 of x is constant"),
        (np.column_stack([FAITHFUL, FAITHFUL.sum(1)]), "collinear"),
        (FAITHFUL[:1], "x has one point"),
    ],
)
def test_data_without_a_covariance_are_refused(x, match):
    with pytest.raises(ValueError, match=match):
        gaussian.m_step(x, np.ones((len(x), 1)))


def test_the_map_m_step_is_the_top_of_q_plus_log_prior():
    rng = np.random.default_rng(4)
    r = gaussian.e_step(FAITHFUL, THETA0)
    alpha, m0, kappa0, nu0 = np.array([2.0, 3.5]), np.array([3.0, 70.0]), 4.0, 6.5
    S0 = np.array([[2.0, 5.0], [5.0, 90.0]])

    def objective(theta):
        log_prior = stats.dirichlet.logpdf(theta.pi, alpha)
        for mu, Sigma in zip(theta.mu, theta.Sigma, strict=True):
            log_prior += stats.multivariate_normal.logpdf(mu, m0, Sigma / kappa0)
            log_prior += stats.invwishart.logpdf(Sigma, nu0, S0)
        return (r * gaussian.log_joint(FAITHFUL, theta)).sum() + log_prior

    top = gaussian.map_m_step(FAITHFUL, r, alpha, m0, kappa0, S0, nu0)
    for size in (1e-2, 1e-3):
        for _ in range(20):
            away, S = rng.normal(size=(2, 2)), size * rng.normal(size=(2, 2, 2))
            beside = gaussian.Theta(
                top.pi + size * np.array([1, -1]) * away[0, 0] * 0.1,
                top.mu + size * away,
                (np.eye(2) + S) @ top.Sigma @ (np.eye(2) + S).transpose(0, 2, 1),
            )
            assert objective(beside) < objective(top)
    flat = gaussian.map_m_step(FAITHFUL, r, np.ones(2), np.zeros(2), 0, np.zeros((2, 2)), -4)
    for a, b in zip(flat, gaussian.m_step(FAITHFUL, r), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


X3 = FAITHFUL[:3]
HALF = np.full((3, 2), 0.5)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (
            lambda: gaussian.e_step(FAITHFUL[:, 0], THETA0),
            r"x must have shape \(n, 2\) as mu .*, got \(272,\)$",
        ),
        (lambda: gaussian.e_step(FAITHFUL.T, THETA0), r"x must have shape \(n, 2\) as mu has 2 columns.*try x\.T"),
        (lambda: gaussian.e_step(np.empty((0, 2)), THETA0), "at least one row"),
        (lambda: gaussian.e_step([[1, np.nan]], THETA0), r"x must be finite, got nan at x\[0, 1\]"),
        (lambda: gaussian.e_step([[1, np.inf]], THETA0), r"finite, got inf"),
        (lambda: gaussian.e_step([["a", "b"]], THETA0), "real numbers"),
        (lambda: gaussian.e_step(X3, THETA0._replace(pi=np.array([0.4, 0.7]))), "pi must sum to 1, got 1.1"),
        (lambda: gaussian.e_step(X3, THETA0._replace(pi=np.array([1.4, -0.4]))), "pi must not be negative"),
        (
            lambda: gaussian.e_step(X3, THETA0._replace(pi=np.ones(3) / 3)),
            r"pi must have shape \(2,\) as mu is \(2, 2\), got \(3,\)",
        ),
        (lambda: gaussian.e_step(X3, THETA0._replace(mu=np.zeros((2, 3)))), "shape"),
        (lambda: gaussian.e_step(X3, THETA0._replace(Sigma=-THETA0.Sigma)), r"Sigma\[0\] must be positive definite"),
        (lambda: gaussian.e_step(X3, THETA0._replace(Sigma=THETA0.Sigma * 0)), r"Sigma\[0\] must be positive definite"),
        (lambda: gaussian.e_step(X3, THETA0._replace(Sigma=np.tril(THETA0.Sigma))), "symmetric"),
        (lambda: gaussian.e_step(X3, THETA0[:2]), r"theta must be \(pi, mu, Sigma\)"),
        (lambda: gaussian.m_step(X3, HALF * 1.1), "rows of r must sum to 1"),
        (lambda: gaussian.m_step(X3, np.full((2, 3), 1 / 3)), "transposed"),
        (lambda: gaussian.m_step(X3, np.full((3, 4), 0.25)), "at least as many points"),
        (lambda: gaussian.m_step_tied(X3, HALF - 1), "negative"),
        (lambda: gaussian.m_step(X3, np.tile([1.0, 0], (3, 1))), "component 2 is empty"),
        (lambda: gaussian.random_start(X3, 4, np.random.default_rng(0)), "k must be a whole number from 1 to n = 3"),
        (lambda: gaussian.random_start(X3, 0, np.random.default_rng(0)), "k must be"),
        (lambda: gaussian.sample(-1, THETA0, np.random.default_rng(0)), "n must be"),
        (lambda: gaussian.sample(2.5, THETA0, np.random.default_rng(0)), "n must be"),
    ],
)
def test_bad_input_is_named(call, match):
    with pytest.raises(ValueError, match=match):
        call()
