"""Wrong lines by the hundred: each must break its chain, at its own line and at no other.

A mutant that computes the same as the line on fresh problems of another seed is no mistake and does not count.
"""

import ast
import copy
import inspect
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.special import softmax

from emtutor import derivations
from emtutor.derivations.engine import Numerical, call, chain, compare, maximum, values
from emtutor.problems import worlds

pytestmark = pytest.mark.mutation

MEMORY: dict = {}


@pytest.fixture(autouse=True)
def no_more_than_needed(monkeypatch):
    """What is found out about a break is tested elsewhere; a wrong maximiser must fall in few directions."""
    away = maximum.away_from_top
    monkeypatch.setattr(maximum, "away_from_top", lambda *args: away(*args, together=3, apiece=12))
    monkeypatch.setattr(chain, "explained", lambda derivation, broken, done: broken)


def remembered(function):
    """The same function; what it gives in the chain as it is (MEMORY holds "learning" then) is computed once."""
    names = inspect.signature(function).parameters

    def once(**args):
        key = (function, *(np.asarray(args[name]).tobytes() for name in names if name in args))
        if key in MEMORY:
            return MEMORY[key]
        value = call(function, args)
        if "learning" in MEMORY:
            MEMORY[key] = value
        return value

    return once


def with_memory(derivation):
    """The same chain; what no mutant touches is computed once."""
    lines = []
    for line in derivation.lines:
        others = {name: remembered(f) for name in ("of", "into") if (f := getattr(line, name))}
        lines.append(replace(line, function=remembered(line.function), **others))
    same_problems = derivation.problems(np.random.default_rng(0))
    return replace(derivation, lines=tuple(lines), problems=lambda rng: same_problems)


# ---- mutants of what a line returns


def by_value():
    """(name, function of an array) of what goes wrong with a result as a whole."""
    yield "sign", lambda v: -v
    yield "twice", lambda v: 2 * v
    yield "half", lambda v: v / 2
    yield "one per cent", lambda v: 1.01 * v
    yield "one per million of the largest", lambda v: v + 3e-6 * np.max(np.abs(v), initial=1e-300)
    yield "square", lambda v: v * np.abs(v)
    for constant in (1.0, -1.0, 0.1, -0.5, 3.0, 10.0):
        yield f"and {constant:g}", lambda v, c=constant: v + c
    yield "transposed", lambda v: np.swapaxes(v, -1, -2) if v.ndim > 1 else v
    yield "first index reversed", lambda v: v[::-1] if v.ndim else v
    yield "last index shifted", lambda v: np.roll(v, 1, -1) if v.ndim else v
    yield "summed", lambda v: v.sum(-1) if v.ndim else v
    yield "mean in the place of each", lambda v: np.full_like(v, v.mean()) if v.ndim else v
    yield "one entry lost", lambda v: np.where(np.arange(v.size).reshape(v.shape) == v.size - 1, 0.0, v)


def mutated_value(function, change):
    def wrong(**args):
        value = call(function, args)
        if isinstance(value, Numerical):
            return value._replace(value=change(np.asarray(value.value, float)))
        if isinstance(value, dict):
            return {name: change(np.asarray(v, float)) for name, v in value.items()}
        return change(np.asarray(value, float))

    return wrong


# ---- mutants of how it is written


@cache
def parsed(module):
    return ast.parse(inspect.getsource(module))


def node_of(function):
    """The lambda's node in its module's source: the smallest that holds all its instructions."""
    module = parsed(inspect.getmodule(function))
    places = [p for p in function.__code__.co_positions() if None not in p and p[0] and p[3]]
    first, last = min((p[0], p[2]) for p in places), max((p[1], p[3]) for p in places)
    holding = [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.Lambda)
        and (node.lineno, node.col_offset) <= first
        and (node.end_lineno, node.end_col_offset) >= last
    ]
    return min(holding, key=lambda n: (n.end_lineno - n.lineno, n.end_col_offset - n.col_offset), default=None)


SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}


def edits(node):
    """Other nodes that one slip of the pen could put in this one's place."""
    if isinstance(node, ast.BinOp):
        if type(node.op) in SWAPPED:
            yield ast.BinOp(node.left, SWAPPED[type(node.op)](), node.right)
        if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.MatMult):
            yield node.left
        if isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
            yield node.right
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        yield ast.Constant(node.value + 1)
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and "->" in node.value:
        inputs, out = node.value.split("->")
        parts = inputs.split(",")
        for i, part in enumerate(parts):
            if len(part) > 1:
                yield ast.Constant(",".join([*parts[:i], part[::-1], *parts[i + 1 :]]) + "->" + out)


def by_source(function):
    """(what was changed, wrong function) for every edit of a lambda."""
    if function.__name__ != "<lambda>" or function.__closure__:
        return
    node = node_of(function)
    if node is None:
        return
    for index, part in enumerate(ast.walk(node.body)):
        for other in edits(part):
            tree = copy.deepcopy(node)
            target = list(ast.walk(tree.body))[index]
            wrong = Put(target, other).visit(tree)
            code = compile(ast.fix_missing_locations(ast.Expression(wrong)), "<mutant>", "eval")
            yield f"{ast.unparse(part)} as {ast.unparse(other)}", eval(code, function.__globals__)


class Put(ast.NodeTransformer):
    def __init__(self, target, other):
        self.target, self.other = target, other

    def visit(self, node):
        return copy.deepcopy(self.other) if node is self.target else self.generic_visit(node)


# ---- the demand


def same(derivation, cases, right, wrong):
    """True if both functions compute the same on fresh problems of another seed."""
    for case in cases:
        try:
            with np.errstate(all="ignore"):
                a, b = right(**case.args), call(wrong, case.args)
            limit = 1e-5 if isinstance(a, Numerical) else 1e-9
            a = a if isinstance(a, dict) else {"": values.value(a)}
            b = b if isinstance(b, dict) else {"": values.value(b)}
            errors = [compare.difference(a[k], b[k], case.size) for k in a]
            if not all(error < limit for error in errors):
                return False
        except Exception:
            return False
    return True


def fresh_cases(derivation):
    """Other problems of the derivation, and problems near them: a number that never varies in the first does there."""
    rng = np.random.default_rng(77)
    problems = derivation.problems(rng)
    near = [worlds.fresh(worlds.world(p), rng).problem() for p in problems[:3]]
    cases = [derivation.case(p) for p in (*problems, *near)]
    return [case for i, case in enumerate(cases) if i < len(problems) or has_values(derivation, case)]


def has_values(derivation, case):
    """False where a line has none: k-means may leave a cluster empty."""
    try:
        with np.errstate(all="ignore"):
            for line in derivation.lines:
                call(line.function, case.args)
    except (ArithmeticError, ValueError, RuntimeWarning):
        return False
    return True


# At theta_old the gradient of KL is zero: added, subtracted or left out it changes nothing.
_BOUND, _GAP = "formulas.elbo(joint(x, pi, m, Sigma), q)", "formulas.kl(joint(x, pi, m, Sigma), q)"
TRUE_ALL_THE_SAME = {
    ("fisher", f"{_BOUND} + {_GAP} as {_BOUND} - {_GAP}"),
    ("fisher", f"{_BOUND} + {_GAP} as {_BOUND}"),
}
# Lines that break too: the start leaves no digits for ever smaller steps, log p less log p; a limit's value is its own.
ALONG = {("rate_of_log_p", 2): {3, 4}, ("rate_of_log_p", 3): {4}}


def is_bound(derivation, i, function):
    """True if the wrong function is a true bound of the line before, too: what breaks is the line after it."""
    side = {"<=": 1, ">=": -1}.get(derivation.lines[i].relation, 0)
    before = derivation.lines[i - 1].function
    with np.errstate(all="ignore"):
        pairs = [
            (values.value(call(before, c.args)), values.value(call(function, c.args))) for c in fresh_cases(derivation)
        ]
    return side != 0 and all((side * (b - a) >= -1e-9 * (np.abs(a) + np.abs(b))).all() for a, b in pairs)


def weights_of(function):
    return lambda **args: softmax(call(function, args))


def mutants(derivation):
    """(index of the line, what is wrong with it, the wrong function)."""
    cases = fresh_cases(derivation)
    for i, line in enumerate(derivation.lines):
        if line.relation == "start" or i + 1 in derivation.breaks:
            continue
        right = remembered(line.function)
        wrong = [(name, mutated_value(right, change)) for name, change in by_value()]
        wrong += list(by_source(line.function))
        for name, function in wrong:
            if line.relation in ("<=", ">=", "maximises", "tends to") and name.startswith("one per million"):
                continue  # a limit and a maximiser are known to fewer digits
            if (derivation.name, name) in TRUE_ALL_THE_SAME:
                continue
            if derivation.name == "pi_softmax" and line.unknown:  # a constant added to all logits changes no weight
                if not same(derivation, cases, weights_of(right), weights_of(function)):
                    yield i, name, function
                continue
            if not same(derivation, cases, right, function):
                yield i, name, function


@pytest.mark.parametrize("name", derivations.ALL)
def test_each_wrong_line_breaks_the_chain_there_and_only_there(name):
    MEMORY.clear()
    MEMORY["learning"] = True
    derivation = derivations.ALL[name]
    kept = with_memory(derivation)
    assert set(kept.run().breaks) == set(derivation.breaks)
    fresh = fresh_cases(derivation)
    with np.errstate(all="ignore"):
        for line in kept.lines:
            for case in fresh:
                line.function(**case.args)
    del MEMORY["learning"]
    tried, failures = 0, []
    for i, what, function in mutants(derivation):
        tried += 1
        lines = (*kept.lines[:i], replace(kept.lines[i], function=function), *kept.lines[i + 1 :])
        breaks = set(replace(kept, lines=lines).run().breaks) - set(derivation.breaks)
        expected = {i + 1} | (ALONG.get((name, i + 1), set()) & breaks)
        if breaks != expected and not (breaks and min(breaks) > i + 1 and is_bound(derivation, i, function)):
            failures.append(f"line {i + 1} ({derivation.lines[i].relation}), {what}: breaks {sorted(breaks)}")
    assert not failures, "\n".join(failures)
    assert tried >= 10
