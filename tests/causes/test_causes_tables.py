"""Each row of the tables of causes has a wrong answer of its own: no row dies unseen, and each says what it does."""

import ast
import linecache

import numpy as np
import pytest

from emtutor.causes import FAMILIES, Problem, Quantity, arguments, find, outputs, source, special
from emtutor.causes.findings import EQUAL, SCALED, alike
from emtutor.problems.worlds import fresh, world

RNG = np.random.default_rng(5)
RULES = [rule for rule in source.table() if not isinstance(rule, str)]


def shown(rule):
    return f"{ast.unparse(rule.pattern)} -> {ast.unparse(rule.new)}"


# ---- rewrites: the pattern itself is a truth, and what takes its place a wrong answer


def function(text):
    """A function whose source can be looked up."""
    name = f"<made {abs(hash(text))}>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    namespace = {"np": np}
    exec(
        "from scipy import special\nfrom numpy.linalg import *\nfrom numpy import *\nfrom scipy.special import *",
        namespace,
    )
    exec(compile(text, name, "exec"), namespace)
    return namespace["truth"]


def truth_of(rule):
    """A function that holds the pattern, in a place where it counts."""
    text = ast.unparse(rule.pattern).replace(", ...", ", axis=0")
    if rule.section == "index":
        return f"def truth(x, a, b, c):\n    return x[{text.replace('a', '2').replace('b', '1')}]\n"
    if text.startswith("keepdims"):
        return "def truth(x, a, b, c):\n    return x / x.sum(axis=1, keepdims=True)\n"
    if text.startswith("f("):
        return "def truth(x, a, b, c):\n    return np.subtract(a, b, dtype=float)\n"
    if text.startswith("return"):
        return f"def truth(x, a, b, c):\n    {text}\n"
    if isinstance(rule.pattern, ast.stmt):
        return f"def truth(x, a, b, c):\n    a = a + 0.0\n    {text}\n    return a\n"
    if " if " in text:
        text = "(a if c.sum() > 0 else b) + (a if c.sum() < 0 else b)"
    if text.startswith("not"):
        text = "b if not (a.sum() > 0) else c"
    if text.startswith("where"):
        text = text.replace("where(c", "where(c > 0.8")
    text = "np.zeros(4)" if text.startswith("zeros") else text
    return f"def truth(x, a, b, c):\n    return {text}\n"


@pytest.mark.parametrize("rule", RULES, ids=shown)
def test_a_rule_makes_a_wrong_answer(rule):
    truth = function(truth_of(rule))
    x, a, b, c = (RNG.uniform(0.5, 2, (4, 4)) + 2 * np.eye(4) for _ in range(4))

    if "eigvalsh" in truth_of(rule):
        a = a + a.T
    if rule.cause == "underflow":
        a = a + 1000.0  # exp overflows
    if "abs" in truth_of(rule):
        a = a - 3.0
    b = np.where(np.eye(4) > 0, a, b)  # some are equal
    kinds = tuple((u, Quantity("nd", "points")) for u in "x")
    made = [v for v in source.variants(truth, kinds) if v.change.told == rule.told and v.change.cause == rule.cause]
    assert made, truth_of(rule)
    right, wrong = truth(x, a, b, c), []
    for v in made:
        try:
            wrong.append(v.function(x, a, b, c))
        except (ValueError, TypeError, IndexError):
            wrong.append(None)
    assert any(w is None or not alike(np.asarray(w, float), np.asarray(right, float), 1e-13) for w in wrong)
    assert rule.cause in FAMILIES


# ---- arguments

EXAMPLES = {  # a value of each kind and axes
    ("simplex", "k"): np.array([0.5, 0.2, 0.3]),
    ("simplex", "nk"): np.array([[0.5, 0.2, 0.3], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.3, 0.4, 0.3]]),
    ("onehot", "nk"): np.eye(3)[[0, 1, 2, 1, 1]],
    ("spd", "kdd"): np.stack([np.array([[2.0, 0.5], [0.5, 1.0]]) * c + c**2 * np.eye(2) for c in (1, 0.6, 1.7)]),
    ("negative", "dd"): -np.array([[2.0, 0.5], [0.5, 1.0]]),
    ("points", "nd"): np.array([[0.3, 1.0], [2.0, -1.0], [1.2, 0.4], [3.0, 0.9]]),
    ("means", "kd"): np.array([[0.3, 1.0], [2.0, -1.0], [1.2, 0.4]]),
    ("centre", "d"): np.array([0.3, 1.2]),
    ("positive", "k"): np.array([0.3, 1.2, 2.1]),
    ("above1", "k"): np.array([1.3, 3.2, 2.1]),
    ("chance", "k"): np.array([0.3, 0.6, 0.8]),
    ("counts", "n"): np.array([3, 1, 4, 6]),
    ("real", ""): 0.7,
    ("real", "mp"): np.array([[0.3, 1.0], [2.0, -1.0], [1.2, 0.4], [3.0, 0.9], [0.1, 0.2]]),
    ("log", "kk"): np.log(np.array([[0.5, 0.2, 0.4], [0.1, 0.8, 0.3], [0.2, 0.3, 0.6]])),
    ("logsimplex", "k"): np.log(np.array([0.5, 0.2, 0.3])),
}
ONLY_SPECIAL = {
    ("simplex", "a"): EXAMPLES["simplex", "k"],
    ("real", "k"): np.array([0.3, 1.2, -2.1]),
    ("logsimplex", "kk"): EXAMPLES["log", "kk"],
    ("positive", ""): 0.7,
}
SUBSTITUTED = [(kind, axes, i) for kind, axes in EXAMPLES for i in range(len(arguments.rows(Quantity(axes, kind))))]


@pytest.mark.parametrize(("kind", "axes", "number"), SUBSTITUTED)
def test_a_row_of_the_arguments_is_found(kind, axes, number):
    """An answer that takes the row's value for the argument is told so, or something that is as exact."""
    quantity, value = Quantity(axes, kind), EXAMPLES[kind, axes]
    row = arguments.rows(quantity)[number]
    new = arguments.changed(row, value)
    if new is None or not np.isfinite(new).all() or alike(np.asarray(new, float), np.asarray(value, float)):
        pytest.skip("the row says nothing of this kind")
    weights = np.cos(np.arange(100.0))
    truth = lambda v: np.array(
        [weights[: np.size(v)] @ np.ravel(v), np.sum(np.sin(v)), np.sum(weights[3] * np.ravel(v) ** 3)]
    )
    answer = lambda v: truth(arguments.changed(row, v))
    rng = np.random.default_rng(0)
    w = world(Problem("given", {"v": value}), {"v": quantity})
    given = [w.problem(), *(fresh(w, rng).problem()._replace(label=f"{i}") for i in range(4))]
    found = find(answer, truth, given, notation={"v": quantity}, variants=())
    assert found, row.told
    assert found[0].exactness == EQUAL, found[0].sentence
    assert row.cause in FAMILIES


# ---- outputs

MAPS = [(table, row) for table in (outputs.ANY, outputs.ARRAYS, outputs.MATRICES) for row in table]


@pytest.mark.parametrize("number", range(len(MAPS) + len(outputs.ALONG)))
def test_a_map_of_the_output_is_found(number):
    along = number >= len(MAPS)
    table, row = (outputs.ALONG, outputs.ALONG[number - len(MAPS)]) if along else MAPS[number]
    told, cause, function, _ = row
    seen = 0
    for axes in ("kdd",) if table is outputs.MATRICES else ("kdd", "nk"):
        make = lambda s, axes=axes: _output(axes, s, told)
        change = (lambda t: function(t, 0)) if along else function
        try:
            first = change(make(1.0))
        except (ValueError, np.linalg.LinAlgError):
            continue
        if first is None or alike(np.asarray(first), make(1.0)):
            continue
        seen += 1
        given = [Problem(f"{s}", {"s": s}) for s in (1.0, 1.7, 2.4, 3.1)]
        found = find(lambda s, g=change, m=make: g(m(s)), lambda s, m=make: m(s), given, out=axes, variants=())
        assert found, told
        assert found[0].exactness in (EQUAL, SCALED), found[0].sentence
    assert seen, told
    assert cause in FAMILIES


def _output(axes, s, told):
    """An output of these axes, another for each s."""
    rng = np.random.default_rng(int(10 * s))
    if axes == "kdd":
        A = rng.uniform(0.2, 1, (3, 4, 4))
        return A @ np.swapaxes(A, 1, 2) + 2 * np.eye(4) + np.triu(A, 1)
    t = rng.uniform(0.1, 3, (5, 3))
    return t / t.sum(1, keepdims=True) if told.startswith("For {it}") else t - 1.5 if "absolute" in told else t


# ---- special cases


@pytest.mark.parametrize("row", special.ROWS, ids=lambda row: f"{row[0]} {row[2]}")
def test_a_special_case_changes_the_problem(row):
    tried = 0
    for (kind, axes), value in (EXAMPLES | ONLY_SPECIAL).items():
        quantity = Quantity(axes, kind)
        if special.fits(row, quantity):
            w = world(Problem("given", {"v": value}), {"v": quantity})
            changed = special.case(row, "v", quantity).change(w, RNG)
            tried += changed is not None and not alike(np.asarray(changed.values["v"], float), np.asarray(value, float))
    assert tried
