"""Wrong answers by the thousand: the solutions of the exercises, each changed in one place by an operator.

The operators are written here anew, apart from those that `emtutor.causes.source` knows, and the account of what a
message must name stands beside each.
"""

import ast
import copy
import inspect
import textwrap
from typing import NamedTuple


class Mutant(NamedTuple):
    exercise: str
    operator: str  # "sign", "factor", "axis", ...
    where: str  # the source before -> after
    names: frozenset  # parameters that the changed expression depends on
    function: object

    def __repr__(self):
        return f"{self.exercise}: {self.operator}: {self.where}"


def mutants(exercise):
    """All mutants of an exercise's solution, each once."""
    solution = exercise.solution
    tree = ast.parse(textwrap.dedent(inspect.getsource(solution)))
    seen = {ast.unparse(tree)}
    origin = _Origin(tree.body[0])
    found = []
    for number, node in enumerate(ast.walk(tree)):
        for operator, edit in _edits(node, origin):
            changed = copy.deepcopy(tree)
            target = next(u for i, u in enumerate(ast.walk(changed)) if i == number)
            new = edit(copy.deepcopy(target))
            changed = _Put(target, new).visit(changed)
            ast.fix_missing_locations(changed)
            try:
                text = ast.unparse(changed)
                if text in seen:
                    continue
                seen.add(text)
                function = _compiled(changed, solution, text)
            except (SyntaxError, ValueError, TypeError):
                continue
            where = f"{_short(node)} -> {_short(new)}"
            found.append(Mutant(exercise.name, operator, where, origin.parameters_of(node), function))
    return found


def _short(node):
    text = ast.unparse(node) if isinstance(node, ast.AST) else "nothing"
    return " ".join(text.split())


def _compiled(tree, solution, text):
    # A mutated loop may never end; a mutant is run with a bound on every `while`, as a learner's would be by the clock.
    tree = ast.fix_missing_locations(_Bounded().visit(copy.deepcopy(tree)))
    namespace = dict(solution.__globals__)
    exec(compile(tree, "<mutant>", "exec"), namespace)
    function = namespace[solution.__name__]
    function.source = text
    return function


class _Bounded(ast.NodeTransformer):
    def visit_While(self, node):
        self.generic_visit(node)
        stop = ast.parse("if not c: break").body[0]
        stop.test.operand = node.test
        loop = ast.parse("for _turn in range(500): pass").body[0]
        loop.body = [stop, *node.body]
        return loop


class _Put(ast.NodeTransformer):
    def __init__(self, target, new):
        self.target, self.new = target, new

    def visit(self, node):
        return self.new if node is self.target else super().generic_visit(node)


class _Origin:
    """Parents, and on which parameters a local name depends."""

    def __init__(self, function):
        self.parent = {c: p for p in ast.walk(function) for c in ast.iter_child_nodes(p)}
        self.parameters = [a.arg for a in function.args.args]
        self.sources: dict[str, set] = {}
        self.locals: list[str] = []
        for node in ast.walk(function):
            pairs = []
            if isinstance(node, ast.Assign):
                pairs = [(t, node.value) for t in node.targets]
            elif isinstance(node, ast.AugAssign):
                pairs = [(node.target, node.value)]
            elif isinstance(node, (ast.For, ast.comprehension)):
                pairs = [(node.target, node.iter)]
            for target, value in pairs:
                for t in ast.walk(target):
                    if isinstance(t, ast.Name) and t.id not in self.parameters:
                        self.sources.setdefault(t.id, set()).update(_names(value))
                        if isinstance(node, ast.Assign):
                            self.locals.append(t.id)

    def parameters_of(self, node):
        todo, done = _names(node), set()
        while todo:
            name = todo.pop()
            if name not in done:
                done.add(name)
                todo |= self.sources.get(name, set()) - done
        return frozenset(done & set(self.parameters))

    def role(self, node):
        """What a number does where it stands: "index", "axis", "shape" or "value"."""
        child, parent = node, self.parent.get(node)
        while parent is not None and not isinstance(parent, ast.stmt):
            if isinstance(parent, ast.Subscript) and child is parent.slice:
                return "index"
            if isinstance(parent, ast.keyword):
                return {"axis": "axis", "keepdims": "keepdims"}.get(parent.arg, "option")
            if isinstance(parent, ast.Call):
                name = _name(parent)
                if name in _REDUCE and child in parent.args and (child is not parent.args[0] or _is_method(parent)):
                    return "axis"
                if name == "range":
                    return "index"
                if name in (
                    "zeros",
                    "empty",
                    "ones",
                    "eye",
                    "reshape",
                    "full",
                    "tile",
                    "swapaxes",
                    "transpose",
                    "diagonal",
                    "moveaxis",
                ):
                    return "shape"
            child, parent = parent, self.parent.get(parent)
        return "value"


_REDUCE = (
    "sum",
    "mean",
    "max",
    "min",
    "argmax",
    "argmin",
    "prod",
    "logsumexp",
    "reduce",
    "cumsum",
    "var",
    "std",
    "average",
)


def _names(node):
    return {u.id for u in ast.walk(node) if isinstance(u, ast.Name)}


def _name(call):
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _is_method(call):
    """x.sum(0), not np.sum(x, 0)."""
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) not in (
        "np", "np.linalg", "np.add", "np.logaddexp", "special", "scipy.special", "np.random")  # fmt: skip


def _edits(node, origin):
    """(operator, edit) for one node of the tree."""
    if isinstance(node, ast.BinOp):
        role = origin.role(node)
        if role == "value":
            yield from _arithmetic(node)
    elif isinstance(node, ast.AugAssign):
        yield "dropped line", lambda u: ast.Pass()
        swap = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}.get(type(node.op))
        if swap:
            yield (
                "sign" if swap in (ast.Add, ast.Sub) else "inverse",
                lambda u: ast.AugAssign(u.target, swap(), u.value),
            )
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and origin.role(node) == "value":
        yield "sign", lambda u: u.operand
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transpose", lambda u: u.value
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield from _number(node, origin)
    elif isinstance(node, ast.keyword) and node.arg == "keepdims":
        yield "keepdims", lambda u: ast.keyword("keepdims", ast.Constant(False))
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        turned = {
            ast.Lt: ast.Gt,
            ast.Gt: ast.Lt,
            ast.LtE: ast.GtE,
            ast.GtE: ast.LtE,
            ast.Eq: ast.NotEq,
            ast.NotEq: ast.Eq,
        }.get(type(node.ops[0]))
        if turned:
            yield "condition", lambda u: ast.Compare(u.left, [turned()], u.comparators)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        yield "order", lambda u: ast.Return(ast.Tuple(u.value.elts[::-1], ast.Load()))
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield from _other_names(node, origin)


def _arithmetic(node):
    op = type(node.op)
    to = lambda new: lambda u: ast.BinOp(u.left, new(), u.right)
    if op in (ast.Add, ast.Sub):
        yield "sign", to(ast.Sub if op is ast.Add else ast.Add)
        yield "dropped term", lambda u: u.left
        yield "dropped term", lambda u: u.right
    elif op in (ast.Mult, ast.Div):
        yield "inverse", to(ast.Div if op is ast.Mult else ast.Mult)
        yield "dropped factor", lambda u: u.left
        yield "dropped factor", lambda u: u.right
        yield "factor", lambda u: ast.BinOp(ast.Constant(2.0), ast.Mult(), u)
        yield "factor", lambda u: ast.BinOp(ast.Constant(0.5), ast.Mult(), u)
    elif op is ast.MatMult:
        yield "matrix order", lambda u: ast.BinOp(u.right, ast.MatMult(), u.left)
        yield "dropped factor", lambda u: u.left
        yield "dropped factor", lambda u: u.right
        yield "elementwise", to(ast.Mult)
    elif op is ast.Pow:
        yield "power", lambda u: u.left


def _number(node, origin):
    role, v = origin.role(node), node.value
    if role == "axis" and v in (0, 1, -1, 2):
        yield "axis", lambda u: ast.Constant({0: 1, 1: 0, -1: 0, 2: 1}[v])
        yield "axis", lambda u: ast.Constant(None)
    elif role == "index":
        yield "off by one", lambda u: ast.Constant(v + 1)
        yield "off by one", lambda u: ast.Constant(v - 1)
    elif role == "value":
        yield "number", lambda u: ast.Constant(v + 1)
        yield "number", lambda u: ast.Constant(v - 1)


def _calls(node):
    name = _name(node)
    method = _is_method(node)
    inside = (lambda u: u.func.value) if method else (lambda u: u.args[0])
    if not method and not node.args:
        return
    swaps = {
        "sum": "mean",
        "mean": "sum",
        "max": "min",
        "min": "max",
        "argmin": "argmax",
        "argmax": "argmin",
        "log": "log2",
    }
    if name in swaps and (name != "log" or isinstance(node.func, ast.Attribute)):
        operator = {"sum": "sum or mean", "mean": "sum or mean", "log": "log base"}.get(name, "extreme")
        yield operator, lambda u: ast.Call(ast.Attribute(u.func.value, swaps[name], ast.Load()), u.args, u.keywords)
    if name in ("exp", "log", "sqrt", "abs", "square"):
        yield f"dropped {name}", inside
    if name in ("sum", "mean", "cumsum", "prod"):
        yield "dropped sum", inside
    if name == "inv":
        yield "dropped inverse", inside
    if name == "solve":
        yield "dropped inverse", lambda u: ast.BinOp(u.args[0], ast.MatMult(), u.args[1])
        yield "dropped inverse", lambda u: u.args[1]
    if name in ("logsumexp", "reduce") and "log" in ast.unparse(node.func):
        yield "underflow", _naive
    if not method and len(node.args) > 1 and name not in ("solve", "einsum", "range", "full", "zip"):
        yield "swapped arguments", lambda u: ast.Call(u.func, [u.args[1], u.args[0], *u.args[2:]], u.keywords)


def _naive(u):
    template = ast.parse("np.log(np.sum(np.exp(a)))").body[0].value
    inner = template.args[0]
    inner.args = [ast.Call(inner.args[0].func, [u.args[0]], []), *u.args[1:]]
    inner.keywords = u.keywords
    return template


# Names that people take for each other.
TWINS = [
    {"x", "mu"}, {"q", "p"}, {"log_joint_old", "log_joint_new"}, {"mu_a", "mu_b"}, {"theta_a", "theta_b"},
    {"heads", "flips"}, {"log_joint", "q"}, {"log_joint", "q_old"}, {"pi", "rate"}, {"S", "S_block"}, {"q1", "q2"},
    {"w", "v"}, {"eta1", "eta2"}, {"log_pi", "log_B"}, {"mu", "m0"}, {"kappa0", "nu0"}, {"pi", "alpha"},
    {"log_p", "q"}, {"R", "r"}, {"n", "k"}, {"n", "d"}, {"k", "d"},
]  # fmt: skip


def _other_names(node, origin):
    """Another name of the same kind of thing: an argument for an argument, a new variable for an old one."""
    parent = origin.parent.get(node)
    if (isinstance(parent, ast.Call) and parent.func is node) or node.id == "np":
        return
    if isinstance(parent, ast.Attribute) and parent.attr in ("shape", "size", "ndim"):
        return
    known = {*origin.parameters, *origin.locals}
    for pair in TWINS:
        if node.id in pair:
            (other,) = pair - {node.id}
            if other in known:
                yield "other name", lambda u, other=other: ast.Name(other, ast.Load())
    for other in dict.fromkeys(origin.locals):
        if other != node.id and (other.startswith(node.id + "_") or node.id.startswith(other + "_")):
            yield "old for new", lambda u, other=other: ast.Name(other, ast.Load())
