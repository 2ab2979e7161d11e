"""What the expressions of a formula's source are called, in words."""

import ast

from emtutor.problems.problem import NOTATION, Quantity


class Words:
    """What the expressions of a function are called."""

    def __init__(self, body):
        self.parameters = [a.arg for a in body.args.args]
        self.assigned = {}
        self.sources = {}
        self.body = body
        self.parents = {child: parent for parent in ast.walk(body) for child in ast.iter_child_nodes(parent)}
        for node in ast.walk(body):
            for target, value in _bindings(node):
                for t in ast.walk(target):
                    if isinstance(t, ast.Name) and t.id not in self.parameters:
                        self.sources.setdefault(t.id, []).append(value)
                        if isinstance(node, ast.Assign) and t is target:
                            self.assigned.setdefault(t.id, value)
                        elif isinstance(node, ast.Assign) and isinstance(target, ast.Tuple) and t in target.elts:
                            self.assigned.setdefault(t.id, _part(value, target.elts.index(t)))
        self.names = [*self.parameters, *[a for a in self.assigned if a not in self.parameters]]

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
        if text and len(text) <= 48:
            return text
        used = {u.id for u in ast.walk(node) if isinstance(u, ast.Name)}
        spoken = [SPOKEN[u] for u in self.names if u in used and u in SPOKEN and u not in self.parameters]
        names = [u for u in self.parameters if u in used] + list(dict.fromkeys(spoken)) or self.arguments(node)
        if not names:
            return "a number"
        return (
            f"the part made of {' and '.join(names) if len(names) < 3 else ', '.join(names[:-1]) + ' and ' + names[-1]}"
        )

    def formula(self, node, depth=0):
        """An expression as one would write it by hand, or None where that gets long."""
        if depth > 3:
            return None
        f = lambda u: self.formula(u, depth + 1)
        if isinstance(node, ast.Constant):
            return (
                f"{node.value}" if isinstance(node.value, (int, float)) and not isinstance(node.value, bool) else None
            )
        if isinstance(node, ast.Name):
            if node.id in self.parameters:
                return node.id
            if node.id in LOOPED and node.id in self.sources and node.id not in self.assigned:
                return LOOPED[node.id]
            if node.id in SPOKEN:
                return SPOKEN[node.id]
            return f(self.assigned[node.id]) if node.id in self.assigned else None
        if isinstance(node, ast.Attribute):
            if node.attr == "T":
                return f(node.value)
            if node.attr == "pi":
                return "π"
            return None
        if isinstance(node, ast.Subscript):
            inner = f(node.value)
            if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
                return self.size(node.value.value, node.slice)
            if isinstance(node.value, ast.Call) and called(node.value) == "slogdet":
                matrix = f(node.value.args[0])
                return f"log det {matrix}" if matrix and " " not in matrix else "the log-determinant"
            number = _number(node.slice)
            if number is not None and inner and " " not in inner:
                return f"{inner}[{number}]"
            return inner
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = f(node.operand)
            return f"-{inner}" if inner else None
        if isinstance(node, ast.BinOp):
            a, b = f(node.left), f(node.right)
            sign = {ast.Add: " + ", ast.Sub: " - ", ast.Mult: " ", ast.Div: " / ", ast.MatMult: " ", ast.Pow: "^"}.get(
                type(node.op)
            )
            if not a or not b or not sign:
                return None
            if sign.strip() in ("", "/", "^"):
                a, b = (f"({u})" if " + " in u or " - " in u else u for u in (a, b))
            if a == b and isinstance(node.op, ast.Mult) and isinstance(node.left, ast.Subscript):
                return f"{a} {a}^T"  # a column times a row
            return a + sign + b
        if isinstance(node, ast.Call):
            name = called(node)
            inner = (
                f(node.func.value)
                if isinstance(node.func, ast.Attribute) and not is_np(node.func.value)
                else f(node.args[0])
                if node.args
                else None
            )
            if name in ("log", "exp", "sqrt", "abs") and inner:
                return f"{name} {inner}" if " " not in inner else f"{name}({inner})"
            if name == "inv" and inner:
                return f"the inverse of {inner}"
            if name == "len" and inner:
                return self.size(node.args[0], ast.Constant(0))
            if name in ("max", "min"):
                return f"the {'largest' if name == 'max' else 'smallest'} {inner}" if inner else None
            if name == "solve" and len(node.args) == 2:
                a, b = f(node.args[0]), f(node.args[1])
                return f"the inverse of {a} times {b}" if a and b else None
            if name in ("sum", "mean", "einsum") and inner:
                return f"the {name} of {inner}" if name != "einsum" else None
            if name in ("asarray", "atleast_2d", "float", "array") and inner:
                return inner
        return None

    def size(self, array, index):
        """n, d or k: the length of a parameter's axis."""
        known = NOTATION.get(array.id) if isinstance(array, ast.Name) else None
        try:
            first = known if isinstance(known, Quantity) else known[0]
            return first.axes[ast.literal_eval(index)]
        except (TypeError, ValueError, IndexError):
            return "a size"


LOOPED = {"p": "pi_j", "m": "mu_j", "s": "t"}  # of a loop over components, or over t
SPOKEN = {
    "R": "R_j",
    "n": "n",
    "k": "k",
    "d": "d",
    "r": "r",
    "q": "q",
    "S": "Sigma",
    "log_det": "log det Sigma",
    "logdet": "log det Sigma",
    "away": "x - mu",
    "diff": "x - mu",
    "delta": "x - mu",
    "P": "the inverse of Sigma",
    "precision": "the inverse of Sigma",
    "evidence": "p(x)",
    "log_evidence": "log p(x)",
    "squared": "the quadratic form",
    "quadratic": "the quadratic form",
    "joint": "the joint",
    "log_joint": "the log joint",
    "posterior": "the posterior",
    "mu_j": "mu_j",
    "Sigma_j": "Sigma_j",
    "pi_j": "pi_j",
    "x_i": "x_i",
    "r_j": "r_j",
    "means": "mu",
    "weights": "the weights",
    "entropy": "the entropy",
    "W": "W_j",
    "mu": "mu",
    "Sigma": "Sigma",
    "N": "the number of points",
    "C": "the covariance",
    "top": "the largest entry of the row",
    "pull": "the inverse of Sigma times x - mu",
    "gradient": "the gradient",
    "density": "the densities",
    "log_density": "the log-density",
    "log_p": "log p(x)",
    "log_posterior": "the log-posterior",
    "weight": "the weights",
    "narrow": "the spike's log-density",
    "broad": "the broad one's log-density",
    "scatter": "the scatter",
    "prior": "the prior's part",
    "counts": "the counts",
    "alleles": "the allele counts",
    "AA": "the number of AA",
    "BB": "the number of BB",
    "tails": "tails",
    "exponent": "the exponent",
    "L_old": "the old L",
    "KL_old": "the old KL",
    "elbo": "L",
    "kl": "KL",
    "steps": "the differences",
    "square": "mu mu^T",
    "label": "the labels",
    "noise": "the noise",
    "U": "U",
    "first": "the first moment",
    "second": "the second moment",
    "log_pi": "log pi",
}


def _bindings(node):
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
    """What stands at place i of a value that is unpacked: p[i], thetas[-3]."""
    if isinstance(value, ast.Tuple) and i < len(value.elts):
        return value.elts[i]
    if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice):
        start = _number(value.slice.lower)
        value, i = (value.value, i + start) if start is not None else (value, i)
    if isinstance(value, ast.Attribute) and value.attr == "shape":
        return ast.Subscript(value, ast.Constant(i), ast.Load())
    if not isinstance(value, ast.Name):
        return value
    return ast.Subscript(value, ast.Constant(i), ast.Load())


def _number(node):
    try:
        number = ast.literal_eval(node)
    except (TypeError, ValueError):
        return None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def is_np(node):
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in ("np", "scipy", "special", "linalg", "stats")


def called(node):
    return (
        node.func.attr
        if isinstance(node.func, ast.Attribute)
        else node.func.id
        if isinstance(node.func, ast.Name)
        else ""
    )
