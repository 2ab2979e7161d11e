"""The truth's own source, changed in one place: the table of rewrites, the matcher, and the functions it makes.

An answer that equals such a variant on every problem tried has that mistake, or one that nobody could tell from it.
"""

import ast
import copy
import inspect
import textwrap
from collections import Counter
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.resources import files
from itertools import count
from typing import NamedTuple

import numpy as np

from emtutor.causes import places
from emtutor.causes.phrases import called, is_method, operands
from emtutor.causes.places import Change

LIMIT = 1500  # variants of one function
LOOPS = 2000  # what a `while` may take: a changed condition may never become false
EPS = (*(10.0**-i for i in range(3, 17)), 1e-20, 1e-100, 1e-300)
ANY = {"a", "b", "c", "f"}  # what stands for any expression in a pattern


class Rule(NamedTuple):
    section: str
    pattern: ast.AST
    new: ast.AST
    cause: str
    subject: str
    told: str
    question: str


class Variant(NamedTuple):
    """A changed truth, and what was changed."""

    function: Callable
    change: Change
    cost: int  # how many words of the source it changes
    small: bool  # it is asked only of an answer that is almost right


@cache
def table():
    """The rows of rewrites.table: rules, and the names of generators."""
    rows, section = [], ""
    for line in files("emtutor.causes").joinpath("rewrites.table").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line.startswith("@"):
            rows.append(line[1:])
        elif line and not line.startswith("#"):
            rule, cause, subject, told, *question = line.split(" : ")
            pattern, new = rule.split(" -> ")
            rows.append(Rule(section, _parsed(pattern), _parsed(new), cause, subject, told, *(question or [""])))
    return rows


def _parsed(text):
    if text.startswith("keepdims="):
        return ast.parse(f"f({text})").body[0].value.keywords[0]
    statement = ast.parse(f"def _():\n {text}").body[0].body[0]
    return statement.value if isinstance(statement, ast.Expr) else statement


# ---- matching


def match(pattern, node, bound):
    """True if a node has the pattern's form; bound gets what the letters stand for."""
    if isinstance(pattern, ast.Name) and pattern.id in ANY:
        if not isinstance(node, (ast.expr, ast.keyword)):
            return False
        held = bound.setdefault(pattern.id, node)
        return held is node or ast.dump(held) == ast.dump(node)
    if isinstance(pattern, ast.Call):
        return isinstance(node, ast.Call) and _match_call(pattern, node, bound)
    if isinstance(pattern, ast.AST):
        return type(pattern) is type(node) and all(
            match(value, getattr(node, name), bound)
            for name, value in ast.iter_fields(pattern)
            if name not in ("ctx", "kind", "type_comment")
        )
    if isinstance(pattern, list):
        return len(pattern) == len(node) and all(match(p, u, bound) for p, u in zip(pattern, node, strict=True))
    return pattern == node


def _match_call(pattern, node, bound):
    name, given = called(pattern), operands(node)
    wanted = [u for u in pattern.args if not _rest(u)]
    more = len(wanted) < len(pattern.args)
    if name == "f":
        if is_method(node) or not more:
            return False
        bound["f"] = node.func
    elif name != called(node):
        return False
    if len(given) < len(wanted) or (len(given) > len(wanted) and not more):
        return False
    if not more and not match(pattern.keywords, node.keywords, bound):
        return False
    bound["call"] = node
    bound["..."] = (given[len(wanted) :], node.keywords)
    return all(match(p, u, bound) for p, u in zip(wanted, given, strict=False))


def _rest(node):
    return isinstance(node, ast.Constant) and node.value is Ellipsis


class _Fill(ast.NodeTransformer):
    """The letters of a replacement, put in."""

    def __init__(self, bound):
        self.bound = bound

    def visit_Name(self, node):
        return self.bound.get(node.id, node)  # shared, not copied: nobody changes what the source says

    def visit_Call(self, node):
        rest = node.args and _rest(node.args[-1])
        original = self.bound.get("call")
        self.generic_visit(node)
        if original is not None and called(node) == called(original) and not is_method(original):
            node.func = original.func  # special.entr, whatever it was imported as
        if rest:
            args, keywords = self.bound["..."]
            node.args, node.keywords = [*node.args[:-1], *args], [*node.keywords, *keywords]
        return node


def _changes(rule, nodes, scope):
    """(node, Change) wherever a rule's pattern stands in the function."""
    any_node = isinstance(rule.pattern, ast.Name)
    for node in nodes:
        if not any_node and type(node) is not type(rule.pattern):
            continue
        bound = {}
        counts = isinstance(node, (ast.BinOp, ast.UnaryOp)) and scope.role(node)
        if counts != "index" if rule.section == "index" else counts:
            continue
        if not match(rule.pattern, node, bound):
            continue
        text = ast.dump(rule.new)
        fills = [{}]
        if "'SIZE'" in text:
            fills = [{"SIZE": shape, "size": letter} for letter, shape in scope.sizes()]
        elif "'EPS'" in text:
            fills = [{"EPS": ast.Constant(e), "eps": f"{e:g}"} for e in EPS]
        for fill in fills:
            new = _Fill(bound | fill).visit(copy.deepcopy(rule.new))
            told = {u: v for u, v in (bound | fill).items() if u in ("a", "b", "c", "size", "eps")}
            yield node, Change(new, rule.told, rule.cause, rule.subject, told, rule.question)


# ---- building


class Variants:
    """The variants of a function, in the table's order; each is built when it is first asked for, and kept."""

    def __init__(self, function, kinds=()):
        self.function, self.kinds = function, dict(kinds)
        self.tree = tree_of(function)
        self.built = []
        self.left = iter(self._build())

    def __iter__(self):
        for number in count():
            if number == len(self.built):
                following = next(self.left, None)
                if following is None:
                    return
                self.built.append(following)
            yield self.built[number]

    def _build(self):
        if self.tree is None:
            return
        scope = places.Scope(self.tree.body[0], self.kinds)
        where = _places(scope.body)
        nodes = [u for u in ast.walk(scope.body) if u in where and not scope.is_declared(u)]
        made = 0
        for rule in table():
            generated = isinstance(rule, str)
            found = getattr(places, rule)(nodes, scope) if generated else _changes(rule, nodes, scope)
            for node, change in found:
                function = self._put_in(node, where[node], change)
                if function is not None:
                    small = not generated and rule.section == "small"
                    yield Variant(function, change, _cost(node, change.new), small)
                    made += 1
                if made == LIMIT:
                    return

    def _put_in(self, node, place, change):
        """The function with one node replaced, or None if that is no function any more. The tree stays as it was."""
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            return None
        for u in ast.walk(change.new):
            if not hasattr(u, "lineno"):
                ast.copy_location(u, node if hasattr(node, "lineno") else self.tree.body[0])
        namespace = {"np": np} | self.function.__globals__ | dict(change.helpers)
        _put(place, change.new)
        try:
            exec(compile(self.tree, "<variant>", "exec"), namespace)
        except (SyntaxError, TypeError, ValueError):
            return None
        finally:
            _put(place, node)
        return namespace[self.function.__name__]


def _cost(old, new):
    """How many words of the source go, and how many come."""
    before, after = (Counter(map(_word, ast.walk(u))) for u in (old, new))
    return ((before - after) + (after - before)).total()


def _word(node):
    return f"{type(node).__name__} {getattr(node, 'id', getattr(node, 'value', ''))!r:.40}" if isinstance(
        node, (ast.Name, ast.Constant)) else type(node).__name__  # fmt: skip


@lru_cache(maxsize=256)
def variants(function, kinds=()):
    """The `Variants` of a function; none if it has no source of its own or hangs on variables around it.

    kinds: pairs (name, Quantity) of its parameters and local variables.
    """
    return Variants(function, kinds)


def tree_of(function):
    """The syntax tree of a plain function, its loops bounded; None if it has none or hangs on outer variables."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    body = tree.body[0]
    code = getattr(function, "__code__", None)
    if not isinstance(body, ast.FunctionDef) or code is None or code.co_name != body.name or code.co_freevars:
        return None
    body.decorator_list, body.returns = [], None
    return ast.fix_missing_locations(_Bounded().visit(tree))


def locals_of(function, args):
    """{name: value} of a function's local variables when it returns; {} if that cannot be seen."""
    tree = tree_of(function)
    if tree is None:
        return {}
    tree = ast.fix_missing_locations(_Looking().visit(tree))
    namespace = {"np": np} | function.__globals__
    try:
        exec(compile(tree, "<locals>", "exec"), namespace)
        with np.errstate(all="ignore"):
            found = namespace[function.__name__](*args)
    except Exception:
        return {}
    numeric = (int, float, np.ndarray, np.number)
    return {u: v for u, v in found.items() if isinstance(v, numeric) and np.asarray(v).dtype.kind in "fi"}


class _Looking(ast.NodeTransformer):
    """`return dict(locals())` in the place of each `return`; functions inside stay as they are."""

    def visit_Return(self, node):
        return ast.Return(ast.parse("dict(locals())").body[0].value)

    def visit_Lambda(self, node):
        return node


class _Bounded(ast.NodeTransformer):
    """`while c:` as a `for` of at most LOOPS turns."""

    def visit_While(self, node):
        self.generic_visit(node)
        stop = ast.If(ast.UnaryOp(ast.Not(), node.test), [ast.Break()], [])
        turns = ast.Call(ast.Name("range", ast.Load()), [ast.Constant(LOOPS)], [])
        return ast.For(ast.Name("_turn", ast.Store()), turns, [stop, *node.body], node.orelse)


def _places(body):
    """Where each node hangs: (parent, field, position in a list or None)."""
    found = {}
    for parent in ast.walk(body):
        for field, value in ast.iter_fields(parent):
            if isinstance(value, ast.AST):
                found[value] = (parent, field, None)
            elif isinstance(value, list):
                found.update({item: (parent, field, i) for i, item in enumerate(value) if isinstance(item, ast.AST)})
    return found


def _put(place, node):
    parent, field, position = place
    if position is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[position] = node
