"""The truth's own source, changed in one place: a sign, a factor, an axis, an index, a name, an inverse, a term.

An answer that equals such a variant on every problem tried has that mistake, or one that nobody could tell from it. The
finding says which place, in the words of the formula and without its source.
"""

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from emtutor.causes.edits import changes
from emtutor.causes.phrases import Words

LIMIT = 1000  # variants of one function
LOOPS = 2000  # what a `while` may take: a changed condition may never become false


class Variant(NamedTuple):
    function: Callable
    sentence: str  # after "Your result is what comes out "
    cause: str
    about: str
    weight: float


class Variants:
    """The variants of a function, the most telling first; each is built when it is first asked for, and kept."""

    def __init__(self, function):
        self.function = function
        self.built: list[Variant] = []
        self.left = iter(self._build())

    def __iter__(self):
        number = 0
        while True:
            while number < len(self.built):
                yield self.built[number]
                number += 1
            following = next(self.left, None)
            if following is None:
                return
            self.built.append(following)

    def _build(self):
        tree = _tree(self.function)
        if tree is None:
            return
        body = tree.body[0]
        words = Words(body)
        found = [(node, change) for node in ast.walk(body) for change in changes(node, words)]
        found.sort(key=lambda item: -item[1].weight)
        places = _places(body)
        for node, change in found[:LIMIT]:
            built = _built(tree, node, places.get(node), change, self.function)
            if built is not None:
                yield Variant(built, change.sentence, change.cause, change.about, change.weight)


@lru_cache(maxsize=256)
def variants(function):
    """The `Variants` of a function; none if it has no source of its own or hangs on variables around it."""
    return Variants(function)


def _tree(function):
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    body = tree.body[0]
    code = getattr(function, "__code__", None)
    if not isinstance(body, ast.FunctionDef) or code is None or code.co_name != body.name or code.co_freevars:
        return None
    body.decorator_list = []
    body.returns = None
    return ast.fix_missing_locations(_Bounded().visit(tree))


def _places(body):
    """Where each node hangs: (parent, field, position in a list or None)."""
    places = {}
    for parent in ast.walk(body):
        for field, value in ast.iter_fields(parent):
            if isinstance(value, ast.AST):
                places[value] = (parent, field, None)
            elif isinstance(value, list):
                places.update({item: (parent, field, i) for i, item in enumerate(value) if isinstance(item, ast.AST)})
    return places


def _built(tree, node, place, change, function):
    """The function with one node replaced, or None if that is no function any more. The tree is left as it was."""
    new = change.edit(copy.deepcopy(node))
    if new is None or place is None:
        return None
    ast.copy_location(new, node)
    for u in ast.walk(new):
        if not hasattr(u, "lineno") and "lineno" in u._attributes:
            ast.copy_location(u, node)
    _put(place, new)
    namespace = dict(function.__globals__)
    try:
        exec(compile(tree, "<variant>", "exec"), namespace)
    except (SyntaxError, TypeError, ValueError):
        return None
    finally:
        _put(place, node)
    return namespace[function.__name__]


def _put(place, node):
    parent, field, position = place
    if position is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[position] = node


class _Bounded(ast.NodeTransformer):
    """`while c:` as a `for` of at most LOOPS turns."""

    def visit_While(self, node):
        self.generic_visit(node)
        stop = ast.If(ast.UnaryOp(ast.Not(), node.test), [ast.Break()], [])
        turns = ast.Call(ast.Name("range", ast.Load()), [ast.Constant(LOOPS)], [])
        return ast.For(ast.Name("_turn", ast.Store()), turns, [stop, *node.body], node.orelse)
