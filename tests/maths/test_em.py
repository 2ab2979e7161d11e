"""The iterator of half-steps, a learner's own steps in it, and what `fit` promises."""

from itertools import islice

import numpy as np
import pytest

from emtutor import data, em, gaussian
from emtutor.maths.examples import coins, linkage

X = data.old_faithful()
THETA0 = gaussian.Theta(
    np.array([0.4, 0.6]),
    np.array([[2.2, 57], [4.1, 78]]),
    np.array([[[0.12, 0.6], [0.6, 40]], [[0.25, 1.1], [1.1, 30]]]),
)


def e_step(x, pi, mu, Sigma):
    return gaussian.e_step(x, gaussian.Theta(pi, mu, Sigma))


def m_step(x, r):
    return tuple(gaussian.m_step(x, r))


def walk(model, n=7, theta=THETA0):
    return list(islice(em.steps(model, X, theta), n))


# ---- steps


def test_start_then_e_and_m_in_turn():
    steps = walk(gaussian.model)
    assert [(s.t, s.phase) for s in steps] == [(0, "start"), (1, "E"), (1, "M"), (2, "E"), (2, "M"), (3, "E"), (3, "M")]
    assert steps[0].q is None
    assert np.isnan([steps[0].elbo, steps[0].kl]).all()
    assert steps[1].theta is not None
    np.testing.assert_array_equal(steps[1].theta.mu, THETA0.mu)  # an E-step leaves theta alone
    np.testing.assert_array_equal(steps[2].q, steps[1].q)  # an M-step leaves q alone
    assert type(steps[2].theta) is gaussian.Theta


def test_history_is_of_many_objects_and_nobody_can_write_to_it():
    steps = walk(gaussian.model)
    for step in steps:
        with pytest.raises(ValueError, match="read-only"):
            step.theta.mu[0] = 0
    assert len({id(s.theta.mu) for s in steps}) >= 4
    THETA = gaussian.Theta(*(a.copy() for a in THETA0))
    first = walk(gaussian.model, 1, THETA)[0]
    THETA.mu[:] = 99
    np.testing.assert_array_equal(first.theta.mu, THETA0.mu)


def test_data_changed_on_the_way_change_nothing():
    x = X.copy()
    iterator = em.steps(gaussian.model, x, THETA0)
    next(iterator)
    x[:] = 0
    assert next(iterator).log_likelihood == walk(gaussian.model, 2)[1].log_likelihood


# ---- a learner's own steps


def test_right_steps_walk_as_the_packages_own():
    own = walk(gaussian.model.using(e_step=e_step, m_step=m_step), 9)
    for a, b in zip(own, walk(gaussian.model, 9), strict=True):
        assert a.log_likelihood == b.log_likelihood
        assert a.note == b.note == ""
    assert type(own[-1].theta) is gaussian.Theta


def test_stub_is_replaced_and_said_so():
    def stub(x, pi, mu, Sigma):
        """r (n, k): ..."""
        ...

    def passing(x, r):
        pass

    model = gaussian.model.using(e_step=stub, m_step=passing)
    assert "the package's e_step (yours is still a stub)" in model.whose
    assert "the package's m_step (yours is still a stub)" in model.whose
    assert walk(model)[-1].log_likelihood == walk(gaussian.model)[-1].log_likelihood
    assert gaussian.model.using(e_step=e_step).whose.startswith("your e_step")
    assert gaussian.model.whose == ""


@pytest.mark.parametrize(
    ("function", "stub"),
    [
        (lambda x: None, True),
        (lambda x: x, False),
        (len, False),
        (np.sum, False),
        (e_step, False),
    ],
)
def test_is_stub(function, stub):
    assert em.is_stub(function) is stub


def test_rows_that_do_not_sum_to_one_are_shown_with_the_reason():
    wrong = lambda x, pi, mu, Sigma: np.exp(gaussian.log_joint(x, gaussian.Theta(pi, mu, Sigma)))
    step = walk(gaussian.model.using(e_step=wrong), 2)[1]
    assert np.isnan(step.elbo)
    assert np.isnan(step.kl)
    assert np.isfinite(step.log_likelihood)
    assert "rows of q must sum to 1" in step.note
    assert step.q.shape == (272, 2)


def test_a_wrong_e_step_cannot_show_a_closed_gap():
    """Weights forgotten: rows sum to one, and KL says how far that q is from the model's own posterior."""

    def forgets_pi(x, pi, mu, Sigma):
        return e_step(x, np.full(len(pi), 1 / len(pi)), mu, Sigma)

    step = walk(gaussian.model.using(e_step=forgets_pi), 2)[1]
    assert step.kl > 1e-3
    assert step.log_likelihood == pytest.approx(step.elbo + step.kl, rel=1e-12)


def test_nan_is_shown_with_the_reason():
    step = walk(gaussian.model.using(e_step=lambda x, *theta: np.full((len(x), 2), np.nan)), 2)[1]
    assert np.isnan(step.kl)
    assert "q must be finite, got nan" in step.note


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (lambda x, *theta: e_step(x, *theta).T, r"\(272, k\) as x has 272 rows, got \(2, 272\): transposed\? try r.T"),
        (lambda x, *theta: print(end=""), "e_step returned None: is a return missing"),
    ],
)
def test_a_step_that_cannot_be_used_is_an_error_in_words(wrong, match):
    with pytest.raises(ValueError, match=match):
        walk(gaussian.model.using(e_step=wrong), 3)


def test_transposed_is_noted_before_the_m_step_refuses_it():
    step = walk(gaussian.model.using(e_step=lambda x, *theta: e_step(x, *theta).T), 2)[1]
    assert "transposed? try q.T" in step.note


@pytest.mark.parametrize("value", [(1, 2), 3.0, None, ...])
def test_m_step_must_return_the_parts_of_theta(value):
    def wrong(x, r):
        return value

    with pytest.raises(ValueError, match=r"m_step (must return pi, mu, Sigma, got|returned (None|Ellipsis))"):
        walk(gaussian.model.using(m_step=wrong), 3)


def test_lists_are_as_good_as_arrays():
    listed = gaussian.model.using(
        e_step=lambda *a: e_step(*a).tolist(), m_step=lambda x, r: [part.tolist() for part in m_step(x, r)]
    )
    assert walk(listed)[-1].log_likelihood == pytest.approx(walk(gaussian.model)[-1].log_likelihood)


def test_a_step_that_writes_to_its_inputs_spoils_nothing():
    def vandal(x, pi, mu, Sigma):
        r = e_step(x, pi, mu, Sigma)
        for a in (x, pi, mu, Sigma):
            a *= 0
        return r

    def second_vandal(x, r):
        theta = m_step(x, r)
        x *= 0
        r *= 0
        return theta

    own = walk(gaussian.model.using(e_step=vandal, m_step=second_vandal))
    assert own[-1].log_likelihood == walk(gaussian.model)[-1].log_likelihood
    assert own[-1].q.sum() == pytest.approx(272)


def test_an_array_kept_by_the_learner_does_not_change_the_history():
    buffer = np.empty((272, 2))

    def reuses(x, *theta):
        buffer[:] = e_step(x, *theta)
        return buffer

    steps = walk(gaussian.model.using(e_step=reuses))
    assert not np.array_equal(steps[1].q, steps[5].q)
    assert buffer.flags.writeable


def test_a_model_whose_theta_is_a_single_number_takes_a_learners_steps_too():
    model = linkage.model.using(
        e_step=lambda y, t: np.array([[2 / (2 + t), t / (2 + t)]]),
        m_step=lambda y, q: ((y[0] * q[0, 1] + y[3]) / (y[0] * q[0, 1] + y[1:].sum()),),
    )
    own = em.fit(model, data.linkage_counts(), linkage.Theta(0.5))
    packages = em.fit(linkage.model, data.linkage_counts(), linkage.Theta(0.5))
    assert own.theta.theta == pytest.approx(packages.theta.theta, rel=1e-14)


@pytest.mark.parametrize("wrong", [e_step(X, *THETA0), "e_step", 3])
def test_using_wants_functions(wrong):
    with pytest.raises(ValueError, match=r"e_step must be a function.*without calling it"):
        gaussian.model.using(e_step=wrong)


# ---- fit


def test_what_fit_reports_belongs_to_what_it_returns():
    for max_iter in (1, 3, 1000):
        found = em.fit(gaussian.model, X, THETA0, max_iter=max_iter)
        assert found.log_likelihood == gaussian.log_likelihood(X, found.theta) == found.log_likelihoods[-1]
        np.testing.assert_array_equal(found.q, gaussian.e_step(X, found.theta))
        assert found.log_likelihoods[0] == gaussian.log_likelihood(X, THETA0)
        assert len(found.log_likelihoods) == found.iterations + 1
        assert found.converged == (max_iter == 1000)
    assert "less than tol" in found.reason
    assert "max_iter = 3 reached" in em.fit(gaussian.model, X, THETA0, max_iter=3).reason


def test_fit_stops_when_log_p_changes_by_less_than_tol():
    path = em.fit(gaussian.model, X, THETA0, tol=1e-4).log_likelihoods
    assert abs(path[-1] - path[-2]) < 1e-4
    assert abs(path[-2] - path[-3]) >= 1e-4


def test_fit_stops_with_the_reason_where_log_p_has_no_value():
    found = em.fit(gaussian.model.using(m_step=lambda x, r: (np.array([0.5, 0.6]), *m_step(x, r)[1:])), X, THETA0)
    assert not found.converged
    assert "log p is nan at iteration 1: pi must sum to 1, got 1.1" in found.reason
    assert found.q is None


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({"tol": -1}, "tol must be"),
        ({"tol": np.nan}, "tol must be"),
        ({"max_iter": 0}, "max_iter must be"),
        ({"max_iter": 2.5}, "max_iter must be"),
    ],
)
def test_fit_refuses_senseless_stopping_rules(kwargs, match):
    with pytest.raises(ValueError, match=match):
        em.fit(gaussian.model, X, THETA0, **kwargs)


def test_mixture_is_defined_by_its_log_joint_alone():
    """`em.mixture` from a two-line log-joint is the package's own coins model."""
    own = em.mixture(coins.log_joint, coins.m_step)
    theta, x = coins.Theta(np.array([0.6, 0.5])), data.coin_flips()
    assert em.fit(own, x, theta).log_likelihood == em.fit(coins.model, x, theta).log_likelihood


def test_one_table_of_the_joint_serves_all_that_is_asked_of_a_theta():
    """log p, the E-step, L and KL: each from its own definition, and all from the same numbers."""
    asked = []

    def log_joint(x, theta):
        asked.append(theta)
        return gaussian.log_joint(x, theta)

    model = em.mixture(log_joint, gaussian.m_step)
    list(islice(em.steps(model, X, THETA0), 5))  # start, E, M, E, M
    assert len(asked) == 3
    asked.clear()
    assert em.fit(model, X, THETA0, tol=0, max_iter=4).iterations == 4
    assert len(asked) == 5
    spoilt = model._replace(elbo=lambda x, q, theta: 0.0, e_step=lambda x, theta: np.full((len(x), 2), 0.5))
    step = next(islice(em.steps(spoilt, X, THETA0), 1, None))
    assert (step.elbo, step.q[0, 0]) == (0, 0.5)  # a step put in is used, not the table's
    assert step.kl > 0
