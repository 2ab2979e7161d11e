"""log p = L + KL for arbitrary q, hostile tables included."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import optimize, stats

from emtutor import bounds
from emtutor.maths import formulas


@st.composite
def tables(draw):
    """A log-joint with entries from -1e6 to 700 and, here and there, -inf (never a whole row), and any q on it."""
    n, k = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    a = draw(arrays(float, (n, k), elements=st.floats(-1e6, 700) | st.floats(-5, 5)))
    q = draw(arrays(float, (n, k), elements=st.floats(0, 1) | st.sampled_from([0.0, 1e-300, 1e-9, 1.0])))
    holes = draw(arrays(bool, (n, k)))
    holes[np.arange(n), draw(arrays(int, n, elements=st.integers(0, k - 1)))] = False
    q = np.where(holes & draw(st.booleans()), 0.0, q)  # sometimes q respects the support, sometimes not
    q[q.sum(1) < 1e-200] = ~holes[q.sum(1) < 1e-200]
    return np.where(holes, -np.inf, a), q / q.sum(1, keepdims=True)


@settings(max_examples=400, deadline=None)
@given(tables())
@example((np.array([[0.0, -1e5]]), np.array([[0.0, 1.0]])))  # a posterior that underflows where q has all its mass
@example((np.array([[-np.inf, 3.0]]), np.array([[0.0, 1.0]])))
def test_log_p_is_bound_plus_divergence(table):
    a, q = table
    log_p, lower = bounds.log_evidence(a), bounds.elbo(a, q)
    gap = formulas.kl(a, q)
    if ((q > 0) & (a == -np.inf)).any():  # the support condition: here the sum has no value
        assert lower == -np.inf
        assert gap == np.inf
    else:
        assert abs(log_p - lower - gap) <= 1e-10 * max(1, abs(log_p), abs(lower))
        assert gap >= -1e-10 * max(1, abs(lower))
    assert bounds.free_energy(a, q) == pytest.approx(-lower, rel=1e-10, abs=1e-10)


@settings(max_examples=200, deadline=None)
@given(tables())
def test_posterior_closes_the_gap_and_nothing_rises_above(table):
    a, q = table
    log_p, best = bounds.log_evidence(a), bounds.posterior(a)
    np.testing.assert_allclose(best.sum(1), 1, rtol=1e-12)
    assert bounds.elbo(a, best) == pytest.approx(log_p, rel=1e-10, abs=1e-10)
    assert bounds.elbo(a, q) <= log_p + 1e-10 * max(1, abs(log_p))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 6))
def test_kl_and_entropy_are_scipys(seed, n, k):
    rng = np.random.default_rng(seed)
    q, p = rng.dirichlet(np.ones(k), size=n), rng.dirichlet(np.ones(k), size=n)
    assert bounds.kl(q, p) == pytest.approx(stats.entropy(q, p, axis=1).sum(), rel=1e-10, abs=1e-13)
    assert bounds.entropy(q) == pytest.approx(stats.entropy(q, axis=1).sum(), rel=1e-12, abs=1e-13)
    a = rng.normal(size=(n, k))
    assert bounds.kl(q, bounds.posterior(a)) == pytest.approx(formulas.kl(a, q), rel=1e-10, abs=1e-12)


def test_kl_at_the_edges():
    assert bounds.kl([1, 0], [0.5, 0.5]) == pytest.approx(np.log(2))
    assert bounds.kl([0.5, 0.5], [1, 0]) == np.inf
    assert bounds.kl([0.2, 0.8], [0.2, 0.8]) == 0
    assert bounds.entropy([1, 0, 0]) == 0
    assert bounds.entropy(np.full((3, 4), 0.25)) == pytest.approx(3 * np.log(4))


def test_slide_condition_on_the_support_is_the_wrong_way_round():
    """p(x, z) = (.3, 0) at the x observed: the posterior is (1, 0), and q may vanish where p does not."""
    with np.errstate(divide="ignore"):
        a = np.log([0.3, 0.0])
    assert bounds.elbo(a, [1, 0]) == pytest.approx(-1.203973, abs=1e-6)
    assert bounds.elbo(a, [0.7, 0.3]) == -np.inf
    b, delta = np.log([0.1, 0.2, 0.7]), [1, 0, 0]
    assert bounds.elbo(b, delta) == pytest.approx(-2.302585, abs=1e-6)
    assert bounds.kl(delta, bounds.posterior(b)) == pytest.approx(2.302585, abs=1e-6)


def test_far_outliers_keep_their_evidence():
    a = np.array([[-1e5, -1e5 - 3], [-745.2, -2000.0]])
    assert bounds.log_evidence(a) == pytest.approx(-1e5 + np.log1p(np.exp(-3)) - 745.2, rel=1e-14)
    np.testing.assert_allclose(bounds.posterior(a)[0], [1 / (1 + np.exp(-3)), 1 / (1 + np.exp(3))])


def test_posterior_is_a_distribution_however_far_out():
    for far in (-1e3, -1e9, -1e15):
        q = bounds.posterior(far + np.array([[0.0, 1.0, -2.0]]))
        assert abs(q.sum() - 1) < 1e-15
        assert bounds.elbo(np.full((1, 3), far), q) <= far + 2


def test_tempered_posterior_minimises_free_energy():
    a, T = np.array([0.3, -1.2, 0.9]), 2.5
    softmax = lambda v: np.exp(v - np.logaddexp.reduce(v))
    best = optimize.minimize(lambda v: bounds.free_energy(a, softmax(v), T), np.zeros(3), tol=1e-12)
    np.testing.assert_allclose(softmax(best.x), bounds.tempered_posterior(a, T), atol=1e-6)
    np.testing.assert_allclose(bounds.tempered_posterior(a, 1), bounds.posterior(a))
    np.testing.assert_allclose(bounds.tempered_posterior(a, 1e-4), [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(bounds.tempered_posterior(a, 1e9), np.full(3, 1 / 3), atol=1e-8)


@settings(max_examples=100, deadline=None)
@given(arrays(float, 4, elements=st.floats(1e-3, 1e3)), st.integers(0, 2**32 - 1))
def test_jensen_gap_is_not_negative(v, seed):
    w = np.random.default_rng(seed).dirichlet(np.ones(4))
    gap = bounds.jensen_gap(w, v)
    assert gap >= -1e-13
    assert gap == pytest.approx(np.log(w @ v) - w @ np.log(v), abs=1e-12)
    assert bounds.jensen_gap(w, np.full(4, v[0])) == pytest.approx(0, abs=1e-13)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: bounds.entropy([0.5, 0.6]), r"q must sum to 1, got 1.1"),
        (lambda: bounds.entropy([[1, 0], [0.5, 0.4]]), r"rows of q must sum to 1, got 0.9 .. 1"),
        (lambda: bounds.entropy([1.5, -0.5]), "not be negative"),
        (lambda: bounds.entropy([np.nan, 1]), r"finite, got nan at q\[0\]"),
        (lambda: bounds.kl([1, 0], [[1, 0]]), "p must have the shape of q"),
        (lambda: bounds.elbo(np.zeros((3, 2)), np.full((2, 3), 1 / 3)), r"transposed\? try q.T"),
        (lambda: bounds.elbo([np.nan, 0], [1, 0]), "got NaN or inf"),
        (lambda: bounds.elbo([np.inf, 0], [1, 0]), "got NaN or inf"),
        (lambda: bounds.log_evidence(np.zeros((2, 2, 2))), r"shape \(n, k\)"),
        (lambda: bounds.posterior([[0, 0], [-np.inf, -np.inf]]), "point 1 has density 0"),
        (lambda: bounds.tempered_posterior([0, 1], 0), "temperature > 0"),
        (lambda: bounds.free_energy([0, 1], [1, 0], -1), "temperature >= 0"),
        (lambda: bounds.jensen_gap([1, 0], [1, 0]), "v must be positive"),
        (lambda: bounds.entropy("ab"), "array of real numbers|could not convert"),
    ],
)
def test_bad_input_is_named(call, match):
    with pytest.raises(ValueError, match=match):
        call()
