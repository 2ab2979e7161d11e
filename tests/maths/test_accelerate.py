"""SQUAREM ends where EM ends, in fewer steps, and never gives up what EM guarantees."""

import json
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from emtutor import data, em, gaussian
from emtutor.maths import squarem, states
from emtutor.maths.examples import abo, coins, hmm, linkage, missing, poisson
from emtutor.maths.model import At

NUMBERS = json.loads((Path(__file__).parents[1] / "reference" / "numbers.json").read_text())
TIMES = poisson.Theta(np.array([0.3, 0.7]), np.array([1.0, 2.5]))


def overlapping(seed, k=3, d=2, n=400):
    """Components whose means are 1.5 standard deviations from the middle: EM takes over 300 iterations."""
    rng = np.random.default_rng(seed)
    theta = gaussian.Theta(np.full(k, 1 / k), 1.5 * rng.normal(size=(k, d)), np.tile(np.eye(d), (k, 1, 1)))
    x, _ = gaussian.sample(n, theta, rng)
    return x, gaussian.random_start(x, k, rng)


def assert_keeps_its_promises(model, x, found):
    assert np.diff(found.log_likelihoods).min() >= -1e-12 * abs(found.log_likelihood)
    assert found.log_likelihood == model.log_likelihood(x, found.theta) == found.log_likelihoods[-1]
    assert all(not a.flags.writeable for a in states.arrays(found.theta))


def test_hasselblad_in_about_as_many_steps_as_published():
    """2909 EM steps against 72 in the vignette of the R package SQUAREM."""
    numbers, x = NUMBERS["poisson_mixture_hasselblad"], data.times_deaths()
    slow = em.fit(poisson.model, x, TIMES, tol=1e-12, max_iter=10_000)
    fast = em.fit(poisson.model, x, TIMES, tol=1e-12, max_iter=10_000, accelerate="squarem")
    assert_keeps_its_promises(poisson.model, x, fast)
    assert slow.converged
    assert slow.iterations > 2000
    assert fast.converged
    assert fast.iterations < 2 * numbers["published"]["squarem_evals"]
    assert fast.log_likelihood >= slow.log_likelihood - 1e-11
    assert [fast.theta.pi[0], *fast.theta.rate] == pytest.approx(numbers["expected"]["p"], abs=1e-6)


@pytest.mark.parametrize("seed", [0, 3, 5, 8, 10])
def test_overlapping_mixtures_take_fewer_steps(seed):
    x, start = overlapping(seed)
    slow = gaussian.fit(x, start, max_iter=20_000)  # the same steps, in a tenth of the time
    fast = em.fit(gaussian.model, x, start, max_iter=20_000, accelerate="squarem")
    assert slow.iterations > 300
    assert fast.iterations < slow.iterations / 2
    assert_keeps_its_promises(gaussian.model, x, fast)
    gaussian.check(fast.theta)
    assert np.abs(gaussian.grad_mu(x, fast.theta)).max() < 0.05  # at a stationary point, maybe another one


@pytest.mark.parametrize(
    ("model", "x", "theta"),
    [
        (coins.model, data.coin_flips(), coins.Theta(np.array([0.6, 0.5]))),
        (linkage.model, data.linkage_counts(), linkage.Theta(0.5)),
        (abo.model, data.blood_groups(), abo.Theta(np.ones(3) / 3)),
        (missing.model, data.murray(), missing.Theta(np.array([[1, 0.001], [0.001, 1]]))),
        (hmm.poisson, data.earthquakes(),
         hmm.PoissonTheta(np.array([0.5, 0.5]), np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([10.0, 30]))),
        (gaussian.tied, *overlapping(1)),
        (gaussian.model, *overlapping(3, k=1)),
    ],
    ids=["coins", "linkage", "abo", "missing", "hmm", "tied", "k = 1"],
)  # fmt: skip
def test_every_kind_of_theta_stays_valid_and_log_p_never_falls(model, x, theta):
    slow = em.fit(model, x, theta, tol=1e-11, max_iter=20_000)
    fast = em.fit(model, x, theta, tol=1e-11, max_iter=20_000, accelerate="squarem")
    assert_keeps_its_promises(model, x, fast)
    assert type(fast.theta) is type(theta)
    assert fast.converged
    assert fast.log_likelihood >= slow.log_likelihood - 1e-8
    assert fast.iterations <= slow.iterations + 6


def test_each_cycle_is_valid_and_not_lower_than_the_one_before():
    x, start = overlapping(7)
    last = -np.inf
    for here, _ in islice(squarem.squarem(partial(At, gaussian.model, x), start), 60):
        gaussian.check(here.theta)
        log_p, note = here.log_likelihood
        assert note == ""
        assert log_p >= last - 1e-12 * abs(log_p)
        last = log_p


def test_a_saddle_is_left_alone():
    saddle = missing.Theta(2.5 * np.eye(2))
    found = em.fit(missing.model, data.murray(), saddle, tol=0, max_iter=50, accelerate="squarem")
    np.testing.assert_allclose(found.theta.Sigma, saddle.Sigma, atol=1e-12)


def test_a_learners_steps_are_accelerated_too():
    x, start = overlapping(0)
    model = gaussian.model.using(
        e_step=lambda x, *theta: gaussian.e_step(x, gaussian.Theta(*theta)),
        m_step=lambda x, r: tuple(gaussian.m_step(x, r)),
    )
    own = em.fit(model, x, start, accelerate="squarem")
    assert own.log_likelihood == em.fit(gaussian.model, x, start, accelerate="squarem").log_likelihood


def test_an_unknown_acceleration_is_refused():
    with pytest.raises(ValueError, match="accelerate must be None or \"squarem\", got 'anderson'"):
        em.fit(coins.model, data.coin_flips(), coins.Theta(np.array([0.6, 0.5])), accelerate="anderson")


def test_a_theta_that_cannot_be_extrapolated_is_named():
    bare = linkage.model._replace(
        m_step=lambda x, q: linkage.m_step(x, q).theta,
        e_step=lambda x, theta: linkage.model.e_step(x, (theta,)),
        log_likelihood=lambda x, theta: linkage.model.log_likelihood(x, (theta,)),
    )
    assert em.fit(bare, data.linkage_counts(), 0.5).theta == pytest.approx(0.6268, abs=1e-4)
    with pytest.raises(ValueError, match="theta must be a tuple of arrays or numbers to be accelerated, got float"):
        em.fit(bare, data.linkage_counts(), 0.5, accelerate="squarem")
