"""What a chain does with lines that are right, wrong, or no lines at all."""

import re

import numpy as np
import pytest
from scipy.special import entr

from emtutor import derivations, gaussian, old_faithful
from emtutor.causes import Problem
from emtutor.derivations.engine import Derivation, Line, Numerical
from emtutor.derivations.engine.plain_math import plain

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


def loose(log_joint, q):
    """L(q) - 1."""
    return (q * (log_joint - np.log(q))).sum() - 1


def test_an_inequality_must_hold():
    false = quadratic(Line("<=", "a^2", lambda a: a**2)).run()
    assert false.breaks == (2,)
    assert false.lines[1].note == "line 1 is larger"


@pytest.mark.parametrize("after", [1, 2, 4])
def test_a_loose_inequality_is_true_and_no_step_of_the_chain(after):
    result = derivations.jensen_bound.with_line("L - 1", loose, ">=", after=after).run()
    assert result.holds, str(result)
    assert "never tight here" in str(result)
    assert result.lines[after].status == "holds"


def test_an_inequality_that_is_said_to_be_tight_must_be():
    tight = derivations.jensen_bound.lines[2].tight
    result = derivations.jensen_bound.with_line("L - 1", loose, ">=", tight=tight).run()
    assert len(result.breaks) == 1
    assert "not tight" in result.lines[result.breaks[0] - 1].note


def test_two_true_inequalities_that_are_no_chain_are_told_so():
    wide = Line("<=", "2 (a + b)^2", lambda a, b: 2 * (a + b) ** 2)
    narrow = Line("<=", "1.5 (a + b)^2", lambda a, b: 1.5 * (a + b) ** 2)
    result = quadratic(wide, narrow).run()
    assert result.breaks == (3,)
    assert "compared with line 1 it holds" in result.lines[2].note


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


def test_a_maximiser_on_the_edge_is_tried_inward():
    a, q = np.array([1.0, 0.5]), np.array([0.5, 0.5])
    start = Line("start", "E[a] + H(q)", lambda a, q: a @ q + entr(q).sum())
    problems = lambda rng: [Problem("one", {"a": a, "q": q})]
    edge = Line("maximises", "the largest", lambda a: np.eye(2)[a.argmax()], unknown="q")
    top = Line("maximises", "softmax", lambda a: np.exp(a) / np.exp(a).sum(), unknown="q")
    result = Derivation("q", "f", problems, (start, edge, top)).run()
    assert result.breaks == (2,)
    assert "larger" in result.lines[1].note


def test_what_does_not_depend_on_the_unknown_has_no_maximiser_and_no_root():
    free = Line("maximises", "b = 7", lambda b: 0 * b + 7, unknown="b", of=lambda a: float(a.sum()))
    nothing = Line("therefore", "b = 7", lambda b: 0 * b + 7, unknown="b", into=lambda a: 0 * a)
    result = quadratic(free, nothing).run()
    assert result.breaks == (2, 3)
    assert "does not depend on b" in result.lines[1].note
    assert "whatever is put in" in result.lines[2].note


def test_a_solution_is_put_into_the_equation_and_not_into_another_solution():
    by_average = lambda x, r: np.stack([np.average(x, axis=0, weights=w) for w in r.T])
    chain = derivations.grad_mu.with_line("again", by_average, "therefore")
    result = chain.run()
    assert result.holds
    assert result.lines[-1].against == 7


def test_a_limit_that_is_off_in_the_seventh_digit_breaks():
    def half_the_distortion(x, mu):
        return ((x[:, None] - mu) ** 2).sum(2).min(1).sum() / 2 * (1 + 2e-7)

    chain = derivations.kmeans_limit_objective.with_line("J / 2", half_the_distortion, "tends to")
    assert chain.run().breaks == (4,)


@pytest.mark.parametrize(
    ("name", "relation", "after", "function"),
    [
        ("kl_not_negative", "<=", 1, lambda q, p: -(np.abs(q - p).sum(1) ** 2)),  # Pinsker without its 1/2
        ("kl_not_negative", ">=", 1, lambda q, p: -0.9 * ((q - p) ** 2 / p).sum(1)),  # false where q is nearly hard
        ("pi_gibbs", "<=", 5, lambda r, p, pi: -len(r) * (entr(p).sum() + 2 * ((p**0.5 - pi**0.5) ** 2).sum())),
        ("tempered", ">=", 2, lambda log_joint, q: (q * log_joint).sum() + entr(q).sum()),  # true for T > 1
        ("marginal", "<=", 3, lambda x: np.zeros(len(x))),  # true where no density is above one
        ("kmeans_limit", "tends to", 4, lambda x, mu: np.eye(len(mu))[np.abs(x[:, None] - mu).max(2).argmin(1)]),
        (
            "grad_mu",
            "=",
            1,
            lambda x, r, mu, Sigma: (1 + 4e-7) * derivations.grad_mu.lines[6].function(x, r, mu, Sigma),
        ),
    ],
)
def test_lines_that_are_false_only_here_and_there_break(name, relation, after, function):
    chain = derivations.ALL[name].with_line("false", function, relation, after=after)
    assert after + 1 in chain.run().breaks


def test_a_case_in_which_nothing_is_left_to_compute_is_no_crash():
    short = lambda x, pi, R: R[:-1] / pi[:-1] - len(x)
    assert derivations.pi_elimination.with_line("short", short).run().breaks == (4,)
    half_way = lambda v: np.log((v[0] + v[1]) / 2)
    assert derivations.chord.with_line("half-way", half_way, "<=", after=2).run().breaks == (3,)


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


def test_far_from_zero_a_right_formula_loses_digits_and_does_not_break():
    x = old_faithful() + 1e6
    result = derivations.natural_parameters.run(x=x)
    assert result.holds
    assert "rounding leaves few digits here: take the mean off x" in re.sub(r"\s+", " ", str(result))
    wrong = derivations.natural_parameters.with_line("wrong", lambda x, mu, Sigma: np.zeros((len(x), len(mu))))
    assert wrong.run(x=x).breaks == (4,)


def test_data_that_nobody_can_fit_are_no_fault_of_a_line():
    result = derivations.known_labels.run(x=old_faithful()[:3])
    assert not result.breaks
    assert result.skipped == (4,)
    assert not result
    assert "3 of 4 lines hold on your data, 1 left out" in str(result)


def test_own_data_fill_what_a_chain_draws_by_itself():
    assert derivations.kmeans_limit.run(x=old_faithful()).holds
    assert derivations.log_det.run(x=old_faithful()).holds
    assert derivations.map_dirichlet.run(alpha=[2.0, 3.0, 1.5, 4.0]).holds


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
    assert "it gives text, not numbers" in result.lines[result.breaks[0] - 1].note


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"pi": [0.5, 0.6]}, "pi must sum to 1"),
        ({"x": [[1, 2], [3, 5], [5, 4]], "pi": [0.5, -0.5, 1]}, "pi must not be negative"),
        ({"Sigma": np.zeros((2, 2, 2))}, "positive definite"),
        ({"theta": (np.ones(2) / 2, np.zeros((2, 3)), np.eye(3))}, "Sigma must have shape"),
        ({"mu": [[np.nan, 1.0]]}, "mu must be finite"),
    ],
)
def test_own_data_that_cannot_be_are_refused_with_their_name(own, words):
    with pytest.raises(ValueError, match=words):
        derivations.grad_mu.run(**own)


@pytest.mark.parametrize(
    ("name", "own", "words"),
    [
        ("m_step", {"x": np.eye(4), "r": np.ones((4, 2))}, "r must hold probabilities"),
        ("m_step", {"x": np.eye(4), "r": np.full((5, 2), 0.5)}, "r has 5 points, x has 4"),
        ("tempered", {"T": 0}, "T must be positive"),
        ("map_dirichlet", {"alpha": [2.0, 0.5]}, "alpha must be larger than 1"),
        ("known_labels", {"z": np.full((5, 2), 0.5)}, "z must have one 1 in each row"),
    ],
)
def test_own_arguments_of_any_kind_are_checked(name, own, words):
    with pytest.raises(ValueError, match=words):
        derivations.ALL[name].run(**own)


def test_theta_without_points_is_used():
    theta = gaussian.Theta(np.array([1.0]), np.zeros((1, 4)), np.eye(4)[None])
    assert derivations.grad_mu.run(theta=theta).breaks == ()
    with pytest.raises(ValueError, match="latex must be a text"):
        derivations.grad_mu.with_line(3, lambda mu: mu)
