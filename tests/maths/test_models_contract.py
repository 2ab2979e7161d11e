"""What every model must keep, whatever it models: one test over all of them."""

from collections.abc import Callable
from itertools import islice, pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest

from emtutor import data, em, gaussian
from emtutor.maths import states
from emtutor.maths.examples import abo, coins, hmm, linkage, missing, poisson


class Case(NamedTuple):
    name: str
    model: em.Model
    x: Any
    theta: Callable  # rng -> a random valid theta
    q: Callable  # (rng, x) -> a random valid q, no model's posterior


def simplex(rng, *shape):
    return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])


def covariance(rng, d):
    a = rng.normal(size=(d, d + 2))
    return a @ a.T


def rows(n, k):
    return lambda rng, x: simplex(rng, n, k)


def random_chain(T, k):
    def draw(rng, x):
        gamma, xi = [simplex(rng, k)], []
        for _ in range(T - 1):
            xi.append(gamma[-1][:, None] * simplex(rng, k, k))
            gamma.append(xi[-1].sum(0))
        return hmm.Chain(np.array(gamma), np.array(xi).reshape(T - 1, k, k))

    return draw


def random_completion(rng, x):
    m = np.isnan(x)
    mean = np.where(m, rng.normal(size=x.shape), x)
    cov = np.stack([covariance(rng, x.shape[1]) for _ in x]) * (m[:, :, None] & m[:, None, :])
    return missing.Completed(mean, cov)


def gaussian_theta(rng, k, tied=False):
    Sigma = np.stack([covariance(rng, 2) for _ in range(k)])
    Sigma = np.tile(Sigma[0], (k, 1, 1)) if tied else Sigma
    return gaussian.Theta(simplex(rng, k), np.array([3.5, 70]) + rng.normal(size=(k, 2)), Sigma * [[1, 5], [5, 25]])


def hole(x, rng):
    """Rows with nothing, one, two or three entries missing, in three dimensions."""
    return np.where(rng.random(x.shape) < 0.4, np.nan, x)


SEQUENCE = np.random.default_rng(5).integers(0, 3, size=40)
_rng = np.random.default_rng(6)
CORRELATED = hole(_rng.multivariate_normal(np.zeros(3), covariance(_rng, 3), 30), _rng)
FEW = data.old_faithful()[::4]

CASES = [
    Case("gaussian", gaussian.model, FEW, lambda g: gaussian_theta(g, 3), rows(68, 3)),
    Case("gaussian k=1", gaussian.model, FEW, lambda g: gaussian_theta(g, 1), rows(68, 1)),
    Case("gaussian tied", gaussian.tied, FEW, lambda g: gaussian_theta(g, 2, tied=True), rows(68, 2)),
    Case("coins", coins.model, data.coin_flips(), lambda g: coins.Theta(g.random(2)), rows(5, 2)),
    Case("three coins", coins.model, data.coin_flips(), lambda g: coins.Theta(g.random(3)), rows(5, 3)),
    Case("poisson table", poisson.model, data.times_deaths(),
         lambda g: poisson.Theta(simplex(g, 2), 4 * g.random(2)), rows(10, 2)),
    Case("poisson list", poisson.model, SEQUENCE,
         lambda g: poisson.Theta(simplex(g, 3), 4 * g.random(3)), rows(40, 3)),
    Case("linkage", linkage.model, data.linkage_counts(), lambda g: linkage.Theta(g.random()), rows(1, 2)),
    Case("abo", abo.model, data.blood_groups(), lambda g: abo.Theta(simplex(g, 3)), rows(2, 2)),
    Case("hmm categorical", hmm.categorical(3), SEQUENCE,
         lambda g: hmm.Theta(simplex(g, 2), simplex(g, 2, 2), simplex(g, 2, 3)), random_chain(40, 2)),
    Case("hmm T=1", hmm.categorical(3), SEQUENCE[:1],
         lambda g: hmm.Theta(simplex(g, 2), simplex(g, 2, 2), simplex(g, 2, 3)), random_chain(1, 2)),
    Case("hmm poisson", hmm.poisson, data.earthquakes(),
         lambda g: hmm.PoissonTheta(simplex(g, 3), simplex(g, 3, 3), 10 + 30 * g.random(3)), random_chain(107, 3)),
    Case("missing", missing.model, data.murray(), lambda g: missing.Theta(covariance(g, 2)), random_completion),
    Case("missing d=3", missing.model, CORRELATED, lambda g: missing.Theta(covariance(g, 3)), random_completion),
]  # fmt: skip

every_model = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def close(a, b, *, scale=0.0):
    assert abs(a - b) <= 1e-10 * max(1.0, abs(a), abs(b), scale), f"{a!r} and {b!r}"


@every_model
def test_evidence_is_bound_plus_divergence_for_any_q_and_theta(case):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        theta, q = case.theta(rng), case.q(rng, case.x)
        log_p, L, KL = (f(case.x, *a) for f, a in zip(case.model[2:5], [(theta,), (q, theta), (q, theta)], strict=True))
        assert np.isfinite(log_p)
        assert KL + 1e-12 * abs(L) >= 0
        close(log_p, L + KL, scale=abs(L))


@every_model
def test_no_half_step_lowers_the_bound_and_kl_is_zero_after_e(case):
    for seed in range(3):
        walk = list(islice(em.steps(case.model, case.x, case.theta(np.random.default_rng(seed))), 61))
        scale = 1e-10 * max(1, abs(walk[-1].log_likelihood))
        assert all(step.note == "" for step in walk)
        for before, after in pairwise(walk[1:]):
            assert after.elbo >= before.elbo - scale, (before.t, before.phase)
            assert after.log_likelihood >= before.log_likelihood - scale
        for step in walk[1:]:
            close(step.log_likelihood, step.elbo + step.kl)
            if step.phase == "E":
                assert abs(step.kl) <= scale


@every_model
def test_m_step_is_the_maximum_of_the_bound_for_any_q(case):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        q = case.q(rng, case.x)
        best = case.model.m_step(case.x, q)
        top = case.model.elbo(case.x, q, best)
        for size in (1, 0.1, 1e-3):  # a convex combination of two thetas is a theta, in all of these models
            other = case.theta(rng)
            near = type(best)(
                *((1 - size) * np.asarray(a) + size * np.asarray(b) for a, b in zip(best, other, strict=True))
            )
            assert case.model.elbo(case.x, q, near) <= top + 1e-10 * abs(top)


@every_model
def test_em_ends_at_a_fixed_point(case):
    found = em.fit(case.model, case.x, case.theta(np.random.default_rng(1)), tol=1e-13, max_iter=3000)
    once_more = case.model.m_step(case.x, case.model.e_step(case.x, found.theta))
    for a, b in zip(found.theta, once_more, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
    assert found.log_likelihood == case.model.log_likelihood(case.x, found.theta)
    assert np.diff(found.log_likelihoods).min() >= -1e-10 * abs(found.log_likelihood)


@every_model
def test_steps_hold_fresh_read_only_arrays(case):
    theta = case.theta(np.random.default_rng(0))
    walk = list(islice(em.steps(case.model, case.x, theta), 9))
    seen = []
    for step in walk:
        for a in (*states.arrays(step.theta), *states.arrays(step.q)):
            assert not a.flags.writeable
        seen.append([a.copy() for a in (*states.arrays(step.theta), *states.arrays(step.q))])
    for a in states.arrays(theta):
        assert a.flags.writeable  # the caller's own stays hers
        a += 1
    again = [[*states.arrays(step.theta), *states.arrays(step.q)] for step in walk]
    assert all(
        np.array_equal(a, b) for one, two in zip(seen, again, strict=True) for a, b in zip(one, two, strict=True)
    )


@every_model
def test_broken_theta_and_data_are_refused_in_words(case):
    theta = case.theta(np.random.default_rng(0))
    spoilt = theta._replace(**{theta._fields[-1]: np.asarray(theta[-1]) * np.nan})
    with pytest.raises(ValueError, match=r"must be|must not"):
        case.model.log_likelihood(case.x, spoilt)
    with pytest.raises(ValueError, match="must"):
        case.model.e_step(np.zeros((2, 2, 2)), theta)
