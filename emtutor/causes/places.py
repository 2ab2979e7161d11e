"""Where a formula can be changed, and the changes that no pattern says: axes, numbers, indices, names, whole rows.

Each generator gives (node, Change); `source` puts the change in.
"""

import ast
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from emtutor.causes import arguments
from emtutor.causes.phrases import Words, called, is_method

REDUCTIONS = {"sum": "sum", "mean": "mean", "max": "maximum", "min": "minimum", "argmax": "argmax", "argmin": "argmin",
              "prod": "product", "logsumexp": "log of the sum", "cumsum": "running sum", "softmax": "softmax",
              "std": "deviation", "var": "variance", "stack": "stack", "concatenate": "stack",
              "logaddexp.reduce": "log of the sum", "add.reduce": "sum"}  # fmt: skip
SHAPES = {"swapaxes", "transpose", "reshape", "zeros", "ones", "full", "empty", "eye", "tile", "expand_dims"}
OTHERS = {
    2: (1, 4, 3),
    0.5: (1, 0.25, 2),
    1: (0, 2),
    0: (1,),
    4: (2,),
    3: (2, 1),
}  # what stands for a number by mistake


class Change(NamedTuple):
    """What takes a node's place, and how that is told."""

    new: ast.AST
    told: str
    cause: str
    subject: str  # names of objects, or words
    objects: dict  # expressions, to be put in words, or words
    question: str = ""
    helpers: Mapping = MappingProxyType({})  # names that the new expression uses


class Scope:
    """A function's body: the role of each node, its names and their kinds."""

    def __init__(self, body, kinds):
        self.body, self.kinds = body, kinds
        self.words = Words(body)
        self.parents = {child: parent for parent in ast.walk(body) for child in ast.iter_child_nodes(parent)}
        self.roles = {}

    def is_declared(self, node):
        """True for parameters, imports and what belongs to their declaration."""
        declarations = (ast.arg, ast.arguments, ast.alias, ast.Import, ast.ImportFrom)
        return isinstance(node, declarations) or isinstance(self.parents.get(node), declarations)

    def role(self, node):
        """ "index", "axis", "shape" or "keyword" where a number counts, "" where it measures."""
        if node not in self.roles:
            self.roles[node] = self._role(node)
        return self.roles[node]

    def _role(self, node):
        child, parent = node, self.parents.get(node)
        while parent is not None and not isinstance(parent, ast.stmt):
            if isinstance(parent, ast.Subscript) and child is parent.slice:
                return "index"
            if isinstance(parent, ast.keyword):
                return "axis" if parent.arg == "axis" else "keyword"
            if isinstance(parent, ast.Call) and child in parent.args:
                name = called(parent)
                if name == "range":
                    return "index"
                if name in REDUCTIONS and (is_method(parent) or parent.args.index(child) == 1):
                    return "axis"
                if name in SHAPES:
                    return "shape"
            child, parent = parent, self.parents.get(parent)
        return ""

    def sizes(self):
        """(letter, expression of its length) for each of n, k, d that the parameters have."""
        for letter in "nkd":
            for name in self.words.parameters:
                axes = self.kinds[name].axes if name in self.kinds else ""
                if letter in axes:
                    shape = ast.Attribute(ast.Name(name, ast.Load()), "shape", ast.Load())
                    yield letter, ast.Subscript(shape, ast.Constant(axes.index(letter)), ast.Load())
                    break

    def around(self, node):
        """The nearest call or operation around a node."""
        parent = self.parents.get(node)
        while parent is not None and not isinstance(parent, (ast.Call, ast.BinOp, ast.stmt)):
            parent = self.parents.get(parent)
        return parent


def axes(nodes, scope):
    for node in nodes:
        if _is_number(node) and scope.role(node) == "axis" and isinstance(node.value, int):
            what = REDUCTIONS.get(called(_call_around(node, scope)), "sum")
            for other in (0, 1, 2, -1, None):
                if other != node.value and {other, node.value} != {1, -1}:
                    over = "over everything at once" if other is None else "along another axis"
                    yield node, Change(ast.Constant(other), f"when the {what} is taken {over}", "axis", "axis", {},
                                       "over which index does it run?")  # fmt: skip


def _call_around(node, scope):
    while node is not None and not isinstance(node, ast.Call):
        node = scope.parents.get(node)
    return node


def _is_number(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool)


def lengths(nodes, scope):
    """x.shape[1] for x.shape[0]."""
    for node in nodes:
        parent = scope.parents.get(node)
        if not (_is_number(node) and isinstance(parent, ast.Subscript) and isinstance(parent.value, ast.Attribute)):
            continue
        right = scope.words.size(parent.value.value, node)
        for other in (0, 1):
            wrong = scope.words.size(parent.value.value, ast.Constant(other))
            if other != node.value and "size" not in wrong:
                told = f"with {wrong} in the place of {right}"
                yield node, Change(ast.Constant(other), told, "size", f"{right},{wrong}", {})


def numbers(nodes, scope):
    for node in nodes:
        if not _is_number(node) or scope.role(node):
            continue
        parent, value = scope.parents.get(node), node.value
        op = type(parent.op) if isinstance(parent, ast.BinOp) else None
        if op is ast.Pow:
            for other in (1, 3, 0.5):
                if other != value:
                    told = f"with {other} for the power of {{a}}"
                    yield node, Change(ast.Constant(other), told, "power", "a", {"a": parent.left})
            continue
        near = parent if op or isinstance(parent, ast.UnaryOp) else "a formula"
        factor = op in (ast.Mult, ast.Div)
        partner = near if not factor else parent.left if parent.right is node else parent.right
        told = "with another number {} {{a}}".format("beside" if factor else "in")
        for other in OTHERS.get(value, (value + 1, value - 1, 2 * value, value / 2)):
            if not (op is ast.Div and other == 0):
                yield node, Change(ast.Constant(other), told, "factor" if factor else "number", "a", {"a": partner})
        if value in (1, 2):
            for letter, shape in scope.sizes():
                told = f"with {letter} in the place of {value:g} in {{a}}"
                yield node, Change(shape, told, "number", letter, {"a": near}, "what is counted there?")


def assignments(nodes, scope):
    """A line left out that changes a name which has a value already."""
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in scope.words.parameters or any(
                isinstance(u, ast.Assign) and u.lineno < node.lineno and ast.dump(u.targets[0]) == _stored(name)
                for u in ast.walk(scope.body)
            ):
                told = "when {a} stays at its old value"
                yield node, Change(ast.Pass(), told, "argument", "a", {"a": ast.Name(name, ast.Load())})


def _stored(name):
    return ast.dump(ast.Name(name, ast.Store()))


def indices(nodes, scope):
    """[:, None] left out, an index left out, the first or last entry for all, an index that is one off."""
    for node in nodes:
        if _is_number(node) and scope.role(node) == "index":
            parent = scope.parents.get(node)
            if not (isinstance(parent, ast.Subscript) and isinstance(parent.value, ast.Attribute)):
                for other in (node.value + 1, node.value - 1):
                    yield node, Change(ast.Constant(other), "with an index that is one off", "index", "index", {})
        if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
            continue
        if isinstance(scope.parents.get(node), ast.Subscript) or isinstance(node.value, ast.Call):
            continue  # slogdet(..)[1] and its kin
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            continue
        told = {"a": node.value}
        if "None" in ast.unparse(node.slice):
            yield node, Change(node.value, "when {a} stands as a row where a column belongs, or the other way round",
                               "broadcast", "a", told, "does [:, None] belong there?")  # fmt: skip
            continue
        yield node, Change(node.value, "when {a} stands without its index", "index", "a", told)
        if isinstance(node.slice, ast.Name):
            for c, which in ((0, "first"), (-1, "last")):
                new = ast.Subscript(node.value, ast.Constant(c), ast.Load())
                yield node, Change(new, f"when the {which} entry of {{a}} serves for all", "index", "a", told,
                                   "which index does it carry?")  # fmt: skip
            for letter, shape in scope.sizes():
                yield node, Change(shape, f"with {letter} in the place of {{a}}", "over-n", "a", told)


def parts(nodes, scope):
    for node in nodes:
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            elements = node.value.elts
            for i in range(len(elements)):
                for j in range(i):
                    turned = list(elements)
                    turned[i], turned[j] = turned[j], turned[i]
                    told = f"with parts {j + 1} and {i + 1} in each other's place"
                    yield node, Change(ast.Return(ast.Tuple(turned, ast.Load())), told, "order", "parts", {})


def _loads(nodes, scope):
    """Names that are read as values."""
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in scope.words.names:
            parent = scope.parents.get(node)
            called_ = isinstance(parent, ast.Call) and parent.func is node
            if not called_ and not (isinstance(parent, ast.Attribute) and parent.attr in ("shape", "ndim", "size")):
                yield node


def places(nodes, scope):
    """Each row of the arguments' table, in one place alone, for parameters and for local variables."""
    rows = {name: arguments.rows(q) for name, q in scope.kinds.items()}
    for node in _loads(nodes, scope):
        for i, row in enumerate(rows.get(node.id, ())):
            new = ast.Call(ast.Name(f"_row{i}", ast.Load()), [node], [])
            told = {"v": node, "v_": node}
            yield node, Change(new, f"{row.told}, in one place", row.cause, "v", told,
                               row.question, {f"_row{i}": _Row(row)})  # fmt: skip
        q = scope.kinds.get(node.id)
        zero = ast.BinOp(node, ast.Mult(), ast.Constant(0.0))
        for x in scope.words.parameters if q and q.axes == "kd" else ():
            if x in scope.kinds and scope.kinds[x].kind == "points":
                new = ast.BinOp(zero, ast.Add(), ast.Call(ast.Name("_mean", ast.Load()), [ast.Name(x, ast.Load())], []))
                yield node, Change(new, "with the mean of all points in one place of {a}", "argument", "a",
                                   {"a": node}, "has each component its own?", {"_mean": _mean})  # fmt: skip
        if q and q.kind == "simplex" and q.axes == "nk":
            for prior in scope.words.parameters:
                if prior in scope.kinds and scope.kinds[prior].kind == "simplex" and scope.kinds[prior].axes == "k":
                    new = ast.BinOp(zero, ast.Add(), ast.Name(prior, ast.Load()))
                    told = f"with the prior {prior}_j in the place of {{a}}"
                    yield node, Change(new, told, "prior-for-posterior", "a", {"a": node})


def _mean(x):
    return x.mean(0)


class _Row:
    """A row's change as a function; where it has no value the call fails."""

    def __init__(self, row):
        self.row = row

    def __call__(self, value):
        found = arguments.changed(self.row, value)
        if found is None:
            raise ValueError("no such value")
        return found


def names(nodes, scope):
    """Another quantity in the place of one."""
    for node in _loads(nodes, scope):
        for other in scope.words.names:
            if other != node.id and not isinstance(scope.words.assigned.get(other), ast.Compare):
                a, b = node, ast.Name(other, ast.Load())
                yield node, Change(b, "with {b} in the place of {a}", "argument", "a,b", {"a": a, "b": b},
                                   "which quantity belongs there?")  # fmt: skip


def einsum(nodes, scope):
    """Another order of operands, or a transposed operand, in an einsum's subscripts."""
    for node in nodes:
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str) and "->" in node.value):
            continue
        left, right = node.value.split("->")
        factors = left.split(",")
        for i, factor in enumerate(factors):
            if len(factor) >= 2:
                turned = ",".join([*factors[:i], factor[:-2] + factor[-1] + factor[-2], *factors[i + 1 :]])
                told = "when one factor of a product of matrices is transposed"
                yield node, Change(ast.Constant(f"{turned}->{right}"), told, "transpose", "einsum", {})
        if len(right) >= 2:
            turned = f"{left}->{right[:-2]}{right[-1]}{right[-2]}"
            told = "with the last two indices of a product exchanged"
            yield node, Change(ast.Constant(turned), told, "transpose", "einsum", {})


def told(change, words):
    """(objects in words, subject) of a change."""
    objects = {u: v if isinstance(v, str) else words(v) for u, v in change.objects.items()}
    subject = ",".join(objects.get(u, u) for u in change.subject.split(","))
    question = change.question.format(**objects) if "{" in change.question else change.question
    return objects, subject, question
