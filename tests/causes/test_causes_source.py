"""The truth's source changed in one place: what is built, what it is called, and that nothing else is touched."""

import ast
import inspect

import numpy as np
import pytest

from emtutor import problems
from emtutor.causes import FAMILIES, Problem, find, places, terms
from emtutor.causes.findings import EQUAL
from emtutor.causes.phrases import Words, by_value
from emtutor.causes.source import locals_of, variants
from emtutor.problems.worlds import world


def log_gaussian(x, mu, Sigma):
    away = x - mu
    squared = (away * np.linalg.solve(Sigma, away.T).T).sum(1)
    log_det = np.linalg.slogdet(Sigma)[1]
    return -(x.shape[1] * np.log(2 * np.pi) + log_det + squared) / 2


def normalised(a):
    return a / a.sum(1, keepdims=True)


def endless(s):
    while s > 1:
        s = s / 2
    return s


GIVEN = [Problem(p.label, p.args | {"mu": p.args["mu"][0], "Sigma": p.args["Sigma"][0]}) for p in
         problems.mixture("x mu Sigma", np.random.default_rng(0))]  # fmt: skip


def best(answer, truth=log_gaussian, given=GIVEN):
    return find(answer, truth, given, name="log_density")[0].sentence


def test_a_function_is_left_as_it_was():
    before = inspect.getsource(log_gaussian)
    x, mu, Sigma = GIVEN[0].args.values()
    value = log_gaussian(x, mu, Sigma)
    assert len(list(variants(log_gaussian))) > 50
    assert inspect.getsource(log_gaussian) == before
    np.testing.assert_array_equal(log_gaussian(x, mu, Sigma), value)


def test_each_variant_is_built_once_and_kept():
    one, two = list(variants(log_gaussian)), list(variants(log_gaussian))
    assert all(a is b for a, b in zip(one, two, strict=True))


def test_a_sentence_holds_no_line_of_the_source():
    words = Words(ast.parse(inspect.getsource(log_gaussian)).body[0])
    for v in variants(log_gaussian):
        objects, subject, _ = places.told(v.change, words)
        told = v.change.told.format(**objects)
        assert "np." not in told
        assert "away" not in told
        assert v.change.cause in FAMILIES
        assert "away" not in subject


@pytest.mark.parametrize("function", [np.sum, len, lambda x: x, type("A", (), {}), print])
def test_what_has_no_source_has_no_variants(function):
    assert isinstance(list(variants(function)), list)


def test_a_loop_without_end_ends():
    for v in variants(endless):
        try:
            v.function(8.0)
        except (ValueError, TypeError, ZeroDivisionError, OverflowError):
            continue


def test_the_changed_place_is_told():
    def no_transpose_of_constant(x, mu, Sigma):
        return log_gaussian(x, mu, Sigma) + (x.shape[1] * np.log(2 * np.pi) - x.shape[1] * np.log(np.pi)) / 2

    assert "2" in best(no_transpose_of_constant)
    mean = lambda x, mu, Sigma: (
        -(x.shape[1] * np.log(2 * np.pi) + np.linalg.slogdet(Sigma)[1]) / 2
        - ((x - mu) * np.linalg.solve(Sigma, (x - mu).T).T).mean(1) / 2
    )
    assert "mean in the place of a sum" in best(mean)


def test_the_same_error_is_told():
    lost = lambda a: a / a.sum(1)
    given = [Problem("a table", {"a": np.arange(1.0, 13).reshape(4, 3)}),
             Problem("another", {"a": np.arange(2.0, 12).reshape(5, 2)})]  # fmt: skip
    text = find(lost, normalised, given)[0].sentence
    assert text.startswith("The same error comes")
    assert "keepdims" in text


def test_words_of_an_expression():
    words = Words(ast.parse(inspect.getsource(log_gaussian)).body[0])
    expression = lambda text: ast.parse(text, mode="eval").body
    assert words(expression("x - mu")) == "x - mu"
    assert words(expression("np.linalg.inv(Sigma)")) == "the inverse of Sigma"
    assert words(expression("np.linalg.slogdet(Sigma)[1]")) == "log det Sigma"
    assert words(expression("x.shape[1]")) == "d"
    assert words(expression("log_det")) == "log det Sigma"
    assert words.arguments(expression("squared")) == ["x", "mu", "Sigma"]
    long = words(expression("np.foo(x)(mu)(Sigma) + np.bar(x) ** np.baz(mu)"))
    assert long == "the part made of x, mu and Sigma"


def test_a_local_variable_is_known_by_its_value():
    """Whatever it is called: the quadratic form is one, and log det Sigma another."""
    worlds = [world(p) for p in GIVEN[1:3]]
    values = [locals_of(log_gaussian, w.problem().args.values()) for w in worlds]
    known = by_value(values, [list(terms.summands(w)) for w in worlds])
    assert known["squared"] == "the quadratic form"
    assert known["log_det"] == "log det Sigma"


def test_a_variant_agrees_with_itself_only_where_it_says_so():
    """An answer that is a variant is what is claimed of it, on problems of another seed too."""
    others = problems.mixture("x mu Sigma", np.random.default_rng(5))
    others = [Problem(p.label, p.args | {"mu": p.args["mu"][0], "Sigma": p.args["Sigma"][0]}) for p in others]
    told = 0
    for v in list(variants(log_gaussian))[::6]:
        found = find(v.function, log_gaussian, GIVEN)
        if found and found[0].exactness == EQUAL and not found[0].besides:
            told += 1
            again = find(v.function, log_gaussian, others, seed=1)
            assert found[0].relation in {f.relation for f in again}, found[0].sentence
    assert told >= 10
