"""What a line may not do to a chain, and what may not hide in one: each of these was once believed."""

import numpy as np
import pytest

from emtutor import derivations, old_faithful
from emtutor.causes import Problem
from emtutor.derivations.engine import Derivation, Line

D = derivations
L = D.jensen_bound.lines[2].function
G_MU, G_SIGMA = D.grad_mu.lines[6].function, D.grad_Sigma.lines[4].function


def lowered(log_joint, q):
    """The right value, and then the argument is changed."""
    value = L(log_joint, q)
    log_joint -= 5
    return value


def moved(x, r, mu, Sigma):
    value = G_MU(x, r, mu, Sigma)
    x -= mu[0]
    return value


def test_no_line_changes_what_the_next_one_sees():
    assert D.jensen_bound.with_line("m", lowered, after=3).run().holds
    assert D.grad_mu.with_line("m", moved, after=6).run().holds


def test_no_line_changes_what_the_caller_has():
    a, x = np.array([[0.0, -1.0], [-2.0, 0.0]]), old_faithful().copy()
    kept, kept_x = a.copy(), x.copy()
    D.jensen_bound.with_line("m", lowered, after=3).run(log_joint=a)
    D.grad_mu.with_line("m", moved, after=6).run(x=x)
    np.testing.assert_array_equal(a, kept)
    np.testing.assert_array_equal(x, kept_x)


def test_a_value_that_a_line_keeps_and_changes_later_is_judged_as_it_was():
    buffer = np.zeros(4)

    def kept(a, b):
        buffer[:] = (a + b) ** 2
        return buffer

    def later(a, b):
        buffer[:] = 0
        return (a + b) ** 2

    def problems(rng):
        return [Problem(f"{i}", {"a": rng.uniform(1, 3, 4), "b": rng.uniform(4, 6, 4)}) for i in range(3)]

    lines = (Line("start", "s", kept), Line("=", "t", later), Line("=", "t", lambda a, b: (a + b) ** 2))
    assert Derivation("s", "s", problems, lines).run().holds


def test_no_unit_hides_another():
    wrong = D.grad_Sigma.with_line(
        "x", lambda **a: G_SIGMA(**{k: a[k] for k in ("x", "r", "mu", "Sigma")}) * [[1, 1], [1, 3]], after=5
    )
    assert wrong.run(x=old_faithful() * [1, 6e4]).breaks == (6,)
    twice = lambda x, r, mu, Sigma: G_MU(x, r, mu, Sigma) * [1, 2]
    for unit in ([1, 1e5], [1e-6, 1e6], [1e5, 1]):
        assert D.grad_mu.with_line("x", twice, after=7).run(x=old_faithful() * unit).breaks == (8,)
        assert not D.grad_mu.run(x=old_faithful() * unit).breaks


FALSE_EQUATIONS = [
    name
    for name, c in derivations.ALL.items()
    if any(c.lines[number - 1].relation in ("=", "therefore") for number in c.breaks)
]


@pytest.mark.parametrize("name", FALSE_EQUATIONS)
def test_a_false_equation_is_false_in_every_unit(name):
    chain = derivations.ALL[name]
    if "x" not in chain.arguments:
        pytest.skip("it has no points")
    plain = chain.run(x=old_faithful()).breaks
    for unit in ([1, 1e5], [1e-6, 1e6], [1e5, 1]):
        assert chain.run(x=old_faithful() * unit).breaks == plain


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda v: v + 100j, "imaginary"),
        (lambda v: np.ma.masked_array(v, v > v.mean()), "masked"),
        (lambda v: np.array([["1.5", "2"]]), "text"),
        (lambda v: None, "return its result"),
        (lambda v: [v, v[0]], "differ in shape"),
        (lambda v: {"mu": v}, "not one value"),
    ],
)
def test_what_is_no_number_does_not_hold(change, word):
    result = D.grad_mu.with_line("x", lambda x, r, mu, Sigma: change(G_MU(x, r, mu, Sigma)), after=7).run()
    assert result.breaks == (8,)
    assert word in result.lines[7].note


@pytest.mark.parametrize("noise", [3e-3, 1e-7])
def test_a_line_that_draws_random_numbers_does_not_hold_and_is_told_why(noise):
    rng = np.random.default_rng(0)
    random = lambda x, r, mu, Sigma: G_MU(x, r, mu, Sigma) * (1 + noise * rng.standard_normal(mu.shape))
    for own in ({}, {"x": old_faithful()}):
        result = D.grad_mu.with_line("x", random, after=7).run(**own)
        assert result.breaks == (8,)
        assert "called again" in result.lines[7].note


HARD = np.array([[0.0, -50.0], [0.0, -0.1]])


def test_a_maximiser_is_tried_row_by_row():
    one_hot = lambda log_joint: np.eye(log_joint.shape[1])[log_joint.argmax(1)]
    objective = D.jensen_bound.lines[-1].of
    chain = D.jensen_bound.with_line("x", one_hot, "maximises", unknown="q", of=objective)
    assert chain.run(log_joint=HARD).breaks == (6,)
    assert not any("far out" in words for words in chain.run().lines[5].cases)


def test_a_maximiser_is_tried_component_by_component_and_entry_by_entry():
    def one_off(x, r):
        mu = r.T @ x / r.sum(0)[:, None]
        mu[0, 0] *= 1 + 1e-5
        return mu

    chain = D.m_step.with_line(
        "x", one_off, "maximises", unknown="mu", of=D.m_step.lines[2].of or D.m_step.lines[0].function
    )
    assert chain.run(x=old_faithful()).breaks == (len(D.m_step.lines) + 1,)


def test_a_local_maximum_is_no_maximum_where_a_better_one_is_far():
    def problems(rng):
        return [Problem(f"{i}", {"t": 0.3, "a": rng.uniform(1, 2)}) for i in range(3)]

    def top(near):
        """The root of the derivative -4 t (t^2 - 1) + 1/2 by Newton's steps."""
        t = near
        for _ in range(60):
            t -= (-4 * t * (t**2 - 1) + 0.5) / (-12 * t**2 + 4)
        return t

    start = Line("start", "f", lambda t, a: a * (-((t**2 - 1) ** 2) + t / 2))
    lower = Line("maximises", "t", lambda a: top(-1.0), unknown="t")
    higher = Line("maximises", "t", lambda a: top(1.0), unknown="t")
    result = Derivation("f", "f", problems, (start, lower, higher)).run()
    assert result.breaks == (2,)
    assert "far from here" in result.lines[1].note


def test_what_was_left_out_is_not_true():
    result = D.product_of_sums.run(x=old_faithful())
    assert result.skipped
    assert not result.breaks
    assert not result.holds
    assert not result


def test_a_start_that_was_left_out_is_a_barrier():
    narrow = np.array([[1, 1 - 1e-12], [1 - 1e-12, 1]])
    theta = (np.array([0.5, 0.5]), np.array([[2.0, 60.0], [4.0, 80.0]]), np.stack([narrow, narrow]))
    assert not D.map_niw.run(x=old_faithful(), theta=theta).breaks


def test_loose_inequalities_that_are_true_hold():
    loose = lambda log_joint: -(log_joint.max(1) + np.log(log_joint.shape[1])).sum()
    for chain in (
        D.free_energy.with_line("x", loose, ">="),
        D.jensen.with_line("x", lambda w, v: np.log(w @ v) + 1, "<=", after=5),
        D.pi_gibbs.with_line("x", lambda r, p, pi: 0.0, "<=", after=5),
    ):
        result = chain.run()
        assert result.holds, str(result)
        assert "never tight here" in str(result)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (lambda: D.jensen_bound.run(log_joint=[-1.0, -2.0]), r"log_joint must have shape \(n, k\)"),
        (lambda: D.log_det.run(A=np.eye(2)), "A must have shape"),
        (lambda: D.rate.run(y=[1, 2, 3]), "y must have 4 entries"),
        (lambda: D.rate.run(y=[1, 2, 3, -4]), "y must not be negative"),
        (lambda: D.grad_mu.run(seed="x"), "seed must be"),
        (lambda: D.chord.run(w=[1.0], v=[2.0]), "without a value"),
        (lambda: D.grad_mu.run(x=old_faithful() * 1e-160), "choose another unit"),
    ],
)
def test_arguments_that_cannot_be_are_named(run, words):
    with pytest.raises(ValueError, match=words):
        run()


def test_factors_that_fit_are_taken_where_only_some_are_given():
    assert D.mean_field.run(log_p=np.log(np.arange(1.0, 7).reshape(2, 3) / 21)).holds


def test_the_gradient_is_zero_at_the_fitted_theta_and_holds():
    from own_data import points

    assert D.grad_mu.run(**points()["the fitted theta"]).holds
