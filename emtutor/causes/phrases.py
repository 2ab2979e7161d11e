"""What the expressions of a formula's source are called, in words: by what they are made of, or by their value."""

import ast

import numpy as np

from emtutor.causes.findings import same
from emtutor.problems.problem import NOTATION, Quantity

OPERATORS = {ast.Add: " + ", ast.Sub: " - ", ast.Mult: " ", ast.Div: " / ", ast.MatMult: " ", ast.Pow: "^"}
PART = "the part made of "  # what is said of an expression that has no short phrase
LONG, DEEP = 48, 3  # a formula of more letters, or of more names put in for others, is no phrase


class Words:
    """Phrases for the expressions of a function. known: {local name: words}, found by `by_value`."""

    def __init__(self, body, known=None):
        self.parameters = [a.arg for a in body.args.args]
        self.known = known or {}
        self.assigned, self.sources, self.looped = {}, {}, {}
        for node in ast.walk(body):
            for target, value in bindings(node):
                for t in ast.walk(target):
                    if isinstance(t, ast.Name) and t.id not in self.parameters:
                        self.sources.setdefault(t.id, []).append(value)
                        self._bind(node, target, t, value)
        self.names = [*self.parameters, *[a for a in self.assigned if a not in self.parameters]]

    def _bind(self, node, target, t, value):
        several = isinstance(target, ast.Tuple) and t in target.elts
        if isinstance(node, ast.Assign) and t is target:
            self.assigned.setdefault(t.id, value)
        elif isinstance(node, ast.Assign) and several:
            self.assigned.setdefault(t.id, _part(value, target.elts.index(t)))
        elif isinstance(node, (ast.For, ast.comprehension)):
            looped = value.args[target.elts.index(t)] if several and called(value) == "zip" else value
            if isinstance(looped, ast.Name) and looped.id in self.parameters:
                known = NOTATION.get(looped.id)
                first = known if isinstance(known, Quantity) or known is None else known[0]
                index = {"k": "j", "n": "i"}.get(first.axes[:1] if first else "")
                self.looped[t.id] = f"{looped.id}_{index}" if index else looped.id

    def arguments(self, node):
        """The parameters that an expression depends on, in the function's order."""
        todo, done = [node], set()
        while todo:
            for u in ast.walk(todo.pop()):
                if isinstance(u, ast.Name) and u.id not in done:
                    done.add(u.id)
                    todo += self.sources.get(u.id, [])
        return [p for p in self.parameters if p in done]

    def __call__(self, node):
        """A short phrase for an expression: its formula where that is short, else what it contains."""
        text = self.formula(node)
        if text and len(text) <= LONG:
            return text
        used = {u.id for u in ast.walk(node) if isinstance(u, ast.Name)}
        spoken = [self.known[u] for u in self.names if u in used and u in self.known]
        names = [u for u in self.parameters if u in used] + list(dict.fromkeys(spoken)) or self.arguments(node)
        if not names:
            return "a number"
        return PART + (names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}")

    def formula(self, node, depth=0):
        """An expression as one would write it by hand, or None where that gets long."""
        if depth > DEEP:
            return None
        tell = getattr(self, f"_{type(node).__name__.lower()}", None)
        return tell(node, lambda u: self.formula(u, depth + 1)) if tell else None

    def _constant(self, node, f):
        number = isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
        return f"{node.value}" if number else None

    def _name(self, node, f):
        if node.id in self.parameters:
            return node.id
        if node.id in self.known or node.id in self.looped:
            return self.known.get(node.id) or self.looped[node.id]
        return f(self.assigned[node.id]) if node.id in self.assigned else None

    def _attribute(self, node, f):
        return f(node.value) if node.attr == "T" else "π" if node.attr == "pi" else None

    def _subscript(self, node, f):
        inner = f(node.value)
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            return self.size(node.value.value, node.slice)
        if isinstance(node.value, ast.Call) and called(node.value) == "slogdet":
            matrix = f(node.value.args[0])
            return f"log det {matrix}" if matrix and " " not in matrix else "the log-determinant"
        position = number(node.slice)
        return f"{inner}[{position}]" if position is not None and inner and " " not in inner else inner

    def _unaryop(self, node, f):
        inner = f(node.operand)
        return f"-{inner}" if inner and isinstance(node.op, ast.USub) else None

    def _binop(self, node, f):
        a, b, sign = f(node.left), f(node.right), OPERATORS.get(type(node.op))
        if not a or not b or not sign:
            return None
        if sign.strip() in ("", "/", "^"):
            a, b = (f"({u})" if " + " in u or " - " in u else u for u in (a, b))
        if a == b and isinstance(node.op, ast.Mult) and isinstance(node.left, ast.Subscript):
            return f"{a} {a}^T"  # a column times a row
        return a + sign + b

    def _call(self, node, f):
        name, given = called(node), operands(node)
        inner = f(given[0]) if given else None
        if not inner:
            return None
        if name in ("log", "exp", "sqrt", "abs"):
            return f"{name} {inner}" if " " not in inner else f"{name}({inner})"
        if name == "len":
            return self.size(node.args[0], ast.Constant(0))
        if name == "solve" and len(given) == 2:
            b = f(given[1])
            return f"the inverse of {inner} times {b}" if b else None
        told = {"inv": "the inverse of {}", "max": "the largest {}", "min": "the smallest {}", "sum": "the sum of {}"}
        told |= {"mean": "the mean of {}"} | dict.fromkeys(("asarray", "atleast_2d", "float", "array"), "{}")
        return told[name].format(inner) if name in told else None

    def size(self, array, index):
        """n, d or k: the length of a parameter's axis."""
        known = NOTATION.get(array.id) if isinstance(array, ast.Name) else None
        try:
            return (known if isinstance(known, Quantity) else known[0]).axes[ast.literal_eval(index)]
        except (TypeError, ValueError, IndexError):
            return "a size"


def by_value(values, quantities):
    """{local name: words} of the locals that equal a known quantity in every world.

    values: one {name: value} a world. quantities: one list of `Term` a world.
    """
    known = {}
    for name, value in values[0].items():
        for term in quantities[0]:
            if _equal(value, term) and all(
                name in v and any(u.words == term.words and _equal(v[name], u) for u in q)
                for v, q in zip(values[1:], quantities[1:], strict=True)
            ):
                known[name] = term.words
                break
    return known


def _equal(value, term):
    return np.shape(value) == np.shape(term.value) and same(value, term.value)


def bindings(node):
    """(target, value) wherever a name gets a value: =, +=, for, a comprehension, append."""
    if isinstance(node, ast.Assign):
        return [(t, node.value) for t in node.targets]
    if isinstance(node, ast.AugAssign):
        return [(node.target, node.value)]
    if isinstance(node, (ast.For, ast.comprehension)):
        return [(node.target, node.iter)]
    if isinstance(node, ast.Call) and called(node) == "append" and isinstance(node.func, ast.Attribute):
        return [(node.func.value, node.args[0])]
    return []


def _part(value, i):
    """What stands at place i of a value that is unpacked: p[i], iterates[-3]."""
    if isinstance(value, ast.Tuple) and i < len(value.elts):
        return value.elts[i]
    if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice):
        start = number(value.slice.lower)
        value, i = (value.value, i + start) if start is not None else (value, i)
    shape = isinstance(value, ast.Attribute) and value.attr == "shape"
    return ast.Subscript(value, ast.Constant(i), ast.Load()) if shape or isinstance(value, ast.Name) else value


def number(node):
    """The whole number that a node stands for, or None."""
    try:
        value = ast.literal_eval(node)
    except (TypeError, ValueError):
        return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def is_module(node):
    """True for np, np.linalg, special: what stands before the name of a function."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in ("np", "numpy", "scipy", "special", "linalg", "stats")


def called(node):
    """The last name of what is called: "sum" for np.sum(a) and a.sum(); "logaddexp.reduce" keeps both."""
    func = getattr(node, "func", None)
    if isinstance(func, ast.Attribute):
        before = getattr(func.value, "attr", "")
        return f"{before}.reduce" if func.attr == "reduce" else func.attr
    return func.id if isinstance(func, ast.Name) else ""


def is_method(node):
    """x.sum(0), not np.sum(x, 0)."""
    func = node.func
    return isinstance(func, ast.Attribute) and func.attr != "reduce" and not is_module(func.value)


def operands(node):
    """What a call works on: its array first, for a method too."""
    return [node.func.value, *node.args] if is_method(node) else node.args
