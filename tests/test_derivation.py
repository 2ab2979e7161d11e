"""What a chain does with lines that are right, wrong, or no lines at all."""

import numpy as np
import pytest

from emtutor import derivations, gaussian, old_faithful
from emtutor.derivation import Derivation, Line, Numerical
from emtutor.plain_math import plain
from emtutor.probes import Problem

inv = np.linalg.inv


def quadratic(*lines, **more):
    """A small chain about (a + b)^2."""

    def problems(rng):
        return [Problem(f"random {i}", {"a": rng.uniform(1, 3, 4), "b": rng.uniform(4, 6, 4)}) for i in range(4)]

    first = Line("start", r"(a + b)^2", lambda a, b: (a + b) ** 2, "the definition")
    return Derivation("A square", r"f(a, b)", problems, (first, *lines), **more)


right = Line("=", r"a^2 + 2 a b + b^2", lambda a, b: a**2 + 2 * a * b + b**2, "multiplied out")
wrong = Line("=", r"a^2 + b^2", lambda a, b: a**2 + b**2, "the freshman's dream")


def test_a_wrong_line_does_not_condemn_the_next():
    result = quadratic(wrong, right).run()
    assert not result
    assert result.breaks == (2,)
    assert result.lines[2].against == 1
    assert "random" in result.lines[1].problem
    assert result.lines[1].error > 0.1


def test_a_right_form_written_otherwise_holds():
    chain = derivations.grad_mu.with_line(
        r"\Sigma_j^{-1} R_j (\bar x_j - \mu_j)",
        lambda x, r, mu, Sigma: np.stack(
            [
                inv(S) @ (w.sum() * (np.average(x, axis=0, weights=w) - m))
                for S, w, m in zip(Sigma, r.T, mu, strict=True)
            ]
        ),
    )
    result = chain.run()
    assert result.holds
    assert result.lines[7].line.reason == "your line"


@pytest.mark.parametrize(
    ("function", "word"),
    [
        (lambda x, r, mu, Sigma: -derivations.grad_mu.lines[6].function(x, r, mu, Sigma), "sign"),
        (lambda x, r, mu, Sigma: 0.5 * derivations.grad_mu.lines[6].function(x, r, mu, Sigma), "half"),
        (lambda x, r, mu, Sigma: derivations.grad_mu.lines[6].function(x, r, mu, Sigma).T, "transposed"),
        (lambda x, r, mu, Sigma: np.einsum("ij,jab,ijb->ja", r, Sigma, x[:, None] - mu), "Sigma"),
        (lambda x, mu, Sigma: np.einsum("jab,ijb->ja", inv(Sigma), x[:, None] - mu), "r"),
        (lambda x, nothing: x, "nothing"),
        (lambda x: 1 / 0, "ZeroDivisionError"),
        (lambda x: np.nan, "NaN"),
    ],
)
def test_a_wrong_line_of_a_learner_is_told_from_the_rest(function, word):
    result = derivations.grad_mu.with_line("mine", function).run()
    assert result.breaks == (8,)
    assert word.lower() in str(result).split("Line 8")[1].lower()


def test_a_wrong_root_breaks_and_a_right_one_holds():
    add = derivations.grad_mu.with_line
    assert add("x", lambda x: np.tile(x.mean(0), (1, 1)), "therefore").run().breaks
    n = len(derivations.grad_mu.lines)
    wrong_root = add("half", lambda x, r: r.T @ x / len(x), "therefore").run()
    assert wrong_root.breaks == (n + 1,)


def test_an_inequality_must_hold_and_be_tight():
    loose = derivations.jensen_bound.with_line(
        "L - 1", lambda log_joint, q: (q * (log_joint - np.log(q))).sum() - 1, ">="
    )
    result = loose.run()
    assert len(result.breaks) == 1
    assert "not tight" in result.lines[result.breaks[0] - 1].note
    false = quadratic(Line("<=", "a^2", lambda a: a**2)).run()
    assert false.breaks == (2,)
    assert false.lines[1].note == "line 1 is larger"


def test_after_a_wrong_inequality_an_equality_claims_no_more_than_it_may():
    halved = Line(">=", "(a + b)^2 / 2", lambda a, b: 3 * (a + b) ** 2, tight=lambda a: {"b": -a}, tight_when="b = -a")
    further = Line("=", "0", lambda a: 0 * a, "")
    result = quadratic(halved, further).run()
    assert 2 in result.breaks


def test_limits_say_their_order():
    def problems(rng):
        return [Problem(f"{i}", {"a": rng.uniform(1, 3), "eps": 0.5}) for i in range(3)]

    def chain(limit):
        return Derivation("A limit", "f", problems, (
            Line("start", "a + a eps^2", lambda a, eps: a + a * eps**2),
            Line("tends to", "limit", limit, toward="eps"),
        ))  # fmt: skip

    result = chain(lambda a: a).run()
    assert result.holds
    assert "order 2.0" in str(result)
    assert chain(lambda a: a + 1e-4).run().breaks == (2,)


def test_a_maximiser_must_be_feasible_and_best():
    def problems(rng):
        return [Problem(f"{i}", {"R": rng.uniform(1, 5, 3), "pi": np.array([0.2, 0.5, 0.3])}) for i in range(3)]

    def chain(best):
        start = Line("start", "sum R log pi", lambda R, pi: R @ np.log(pi))
        return Derivation("pi", "f", problems, (start, Line("maximises", "pi", best, unknown="pi")))

    assert chain(lambda R: R / R.sum()).run().holds
    assert chain(lambda R: R).run().breaks == (2,)
    assert chain(lambda R: R**1.001 / (R**1.001).sum()).run().breaks == (2,)


def test_a_numerical_derivative_that_does_not_converge_is_no_evidence():
    start = Line("start", "d", lambda a: Numerical(a, 0.1 * a), "")
    assert quadratic().run().holds
    chain = quadratic()
    assert Derivation("d", "d", chain.problems, (start,)).run().breaks == (1,)


def test_own_data_is_one_problem_and_bad_data_is_named():
    x = old_faithful()
    result = derivations.grad_mu.run(x=x)
    assert result.problems == ("your data",)
    assert result.holds
    for own, word in (
        ({"x": x[:, 0]}, "x must have shape"),
        ({"y": x}, "no such argument"),
        ({"x": x, "theta": 3}, "theta must be"),
    ):
        with pytest.raises(ValueError, match=word):
            derivations.grad_mu.run(**own)


def test_near_a_fixed_point_roots_still_hold():
    x = old_faithful()
    theta = gaussian.random_start(x, 2, np.random.default_rng(0))
    for _ in range(300):
        theta = gaussian.m_step(x, gaussian.e_step(x, theta))
    assert derivations.grad_mu.run(x=x, theta=theta).lines[-1].status == "holds"


def test_bad_lines_are_refused():
    with pytest.raises(ValueError, match="relation must be one of"):
        Line("==", "x", lambda: 0)
    with pytest.raises(ValueError, match="function must be"):
        Line("=", "x", 3)
    with pytest.raises(ValueError, match="after must be"):
        derivations.lemma.with_line("x", lambda q: q, after=0)
    with pytest.raises(ValueError, match="number must be"):
        derivations.lemma.upto(99)


def test_a_chain_that_has_not_run_shows_its_lines_only():
    text = str(derivations.lemma.upto(2))
    assert "not run yet" in text
    assert "holds" not in text
    assert " 2  =" in text
    assert "checkmark" not in derivations.lemma._repr_html_()


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{1}{R_j} \sum_i r_{ij} x_i", "1/R_j Sum_i r_ij x_i"),
        (r"\Sigma_j^{-1} (x_i - \mu_j)", "Σ_j^-1 (x_i - μ_j)"),
        (r"\log p(x \mid \theta) \le 0", "log p(x | θ) ≤ 0"),
        (r"\frac{a + b}{2 c}", "(a + b)/(2 c)"),
        (r"\unknown x", "unknown x"),
    ],
)
def test_latex_in_plain_text(latex, text):
    assert plain(latex) == text


def test_a_line_that_returns_no_number_breaks_and_says_so():
    result = derivations.grad_mu.with_line("a", lambda mu: "no").run()
    assert len(result.breaks) == 1
    assert "could not convert string to float" in str(result).replace("\n", " ")


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"pi": [0.5, 0.6]}, "pi must sum to 1"),
        ({"x": [[1, 2], [3, 5], [5, 4]], "pi": [0.5, -0.5, 1]}, "pi must not be negative"),
        ({"Sigma": np.zeros((2, 2, 2))}, "positive definite"),
        ({"theta": (np.ones(2) / 2, np.zeros((2, 3)), np.eye(3))}, "Sigma must have shape"),
    ],
)
def test_own_data_that_cannot_be_are_refused_with_their_name(own, words):
    with pytest.raises(ValueError, match=words):
        derivations.grad_mu.run(**own)


def test_theta_without_points_is_used():
    theta = gaussian.Theta(np.array([1.0]), np.zeros((1, 4)), np.eye(4)[None])
    assert derivations.grad_mu.run(theta=theta).breaks == ()
    with pytest.raises(ValueError, match="latex must be a text"):
        derivations.grad_mu.with_line(3, lambda mu: mu)
