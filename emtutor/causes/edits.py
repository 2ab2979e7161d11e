"""The changes that turn a right formula into a wrong one: what takes a node's place, and how that is told."""

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

from emtutor.causes.phrases import SPOKEN, called, is_np
from emtutor.problems.problem import NOTATION, Quantity


class Change(NamedTuple):
    edit: Callable[[ast.AST], ast.AST | None]  # the node -> what takes its place
    sentence: str
    cause: str
    about: str
    weight: float


def changes(node, words) -> Iterator[Change]:
    if isinstance(node, (ast.arg, ast.arguments)) or _in_annotation(node, words):
        return
    for kind, rule in _RULES:
        if isinstance(node, kind):
            yield from rule(node, words)


def _in_annotation(node, words):
    parent = words.parents.get(node)
    return isinstance(parent, (ast.arg, ast.alias, ast.Import, ast.ImportFrom))


def _shape_part(node, words):
    """True inside an index, a shape, an axis or a range: a number there counts, it does not measure."""
    child, parent = node, words.parents.get(node)
    while parent is not None and not isinstance(parent, ast.stmt):
        if isinstance(parent, ast.Subscript) and child is parent.slice:
            return "index"
        if isinstance(parent, ast.keyword):
            return "axis" if parent.arg == "axis" else "keyword"
        if isinstance(parent, ast.Call) and child in parent.args:
            name = called(parent)
            if name == "range":
                return "index"
            method = isinstance(parent.func, ast.Attribute) and not is_np(parent.func.value)
            if name in _REDUCTIONS and (method or parent.args.index(child) == 1):
                return "axis"
            if name in (
                "swapaxes",
                "transpose",
                "reshape",
                "zeros",
                "ones",
                "full",
                "empty",
                "eye",
                "tile",
                "expand_dims",
            ):
                return "shape"
        child, parent = parent, words.parents.get(parent)
    return ""


_REDUCTIONS = (
    "sum",
    "mean",
    "max",
    "min",
    "argmax",
    "argmin",
    "prod",
    "logsumexp",
    "cumsum",
    "softmax",
    "std",
    "var",
    "stack",
    "concatenate",
)


def _binary(node, words):
    where = _shape_part(node, words)
    if where in ("shape", "keyword"):
        return
    a, b, op = words(node.left), words(node.right), type(node.op)

    def to(new):
        return lambda u: ast.BinOp(u.left, new(), u.right)

    left, right, turned = (lambda u: u.left), (lambda u: u.right), (lambda u: ast.BinOp(u.right, u.op, u.left))
    if where:
        if op in (ast.Add, ast.Sub):
            yield Change(
                left, "with an index that is one off: where does it begin, where does it end?", "index", "index", 80
            )
            yield Change(
                to(ast.Sub if op is ast.Add else ast.Add),
                "with an index that is off: where does it begin, where does it end?",
                "index",
                "index",
                79,
            )
        return
    if op is ast.Add:
        yield Change(to(ast.Sub), f"when {b} has the wrong sign.", "sign", b, 90)
        yield Change(lambda u: ast.BinOp(u.right, ast.Sub(), u.left), f"when {a} has the wrong sign.", "sign", a, 89)
        yield Change(left, f"when {b} is left out.", "term", b, 88)
        yield Change(right, f"when {a} is left out.", "term", a, 87)
        yield Change(to(ast.Mult), f"when {a} and {b} are multiplied instead of added.", "operator", b, 60)
        yield from _scaled(node, words)
    elif op is ast.Sub:
        yield from _scaled(node, words)
        yield Change(to(ast.Add), f"when {b} has the wrong sign.", "sign", b, 90)
        yield Change(turned, f"when {a} and {b} are subtracted the wrong way round.", "sign", f"{a},{b}", 89)
        yield Change(left, f"when {b} is not subtracted.", "term", b, 88)
        yield Change(right, f"when {a} is left out.", "term", a, 86)
        yield Change(lambda u: ast.UnaryOp(ast.USub(), u.right), f"when {a} is left out.", "term", a, 86)
        yield Change(to(ast.Div), f"when {a} is divided by {b} instead of their difference taken.", "operator", b, 60)
    elif op is ast.Mult:
        yield Change(right, f"when {a} is left out as a factor.", "factor", a, 88)
        yield Change(left, f"when {b} is left out as a factor.", "factor", b, 88)
        yield Change(to(ast.Div), f"when {a} is divided by {b}, not multiplied.", "inverse", b, 85)
        yield Change(
            lambda u: ast.BinOp(u.right, ast.Div(), u.left),
            f"when {b} is divided by {a}, not multiplied.",
            "inverse",
            a,
            84,
        )
        yield Change(to(ast.Add), f"when {a} and {b} are added instead of multiplied.", "operator", b, 62)
        yield Change(
            lambda u: ast.BinOp(u.left, ast.Mult(), ast.BinOp(u.right, ast.Pow(), ast.Constant(2))),
            f"when {b} enters squared.",
            "power",
            b,
            70,
        )
        yield Change(
            lambda u: ast.BinOp(ast.BinOp(u.left, ast.Pow(), ast.Constant(2)), ast.Mult(), u.right),
            f"when {a} enters squared.",
            "power",
            a,
            70,
        )
        yield Change(
            to(ast.MatMult), "with a matrix product in the place of a product entry by entry.", "matrix product", b, 60
        )
        yield from _product_scaled(node, words)
    elif op is ast.Div:
        yield from _product_scaled(node, words)
        yield Change(left, f"when the division by {b} is left out.", "factor", b, 89)
        yield Change(right, f"when only the divisor, {b}, is left.", "factor", a, 80)
        yield Change(to(ast.Mult), f"when {a} is multiplied by {b}, not divided.", "inverse", b, 86)
        yield Change(turned, f"when {b} is divided by {a}: which of them is the divisor?", "inverse", f"{a},{b}", 85)
        yield Change(
            lambda u: ast.BinOp(u.left, ast.Div(), ast.BinOp(u.right, ast.Pow(), ast.Constant(2))),
            f"when {b} divides twice.",
            "power",
            b,
            70,
        )
        yield Change(
            lambda u: ast.BinOp(u.left, ast.Div(), _np("sqrt", u.right)),
            f"when sqrt({b}) divides, not {b}.",
            "power",
            b,
            70,
        )
        yield Change(to(ast.Sub), f"when {b} is subtracted, not divided by.", "operator", b, 60)
        for size in ("n", "k", "d"):
            yield from _other_divisor(node, words, size, b)
    elif op is ast.Pow:
        yield Change(left, f"when {a} does not get its power.", "power", a, 88)
        yield Change(
            lambda u: ast.BinOp(u.left, ast.Mult(), u.right),
            f"when {a} is multiplied by {b}, not taken to that power.",
            "power",
            a,
            70,
        )
    elif op is ast.MatMult:
        yield from _product_scaled(node, words)
        yield Change(turned, f"when {a} and {b} are multiplied in the other order.", "transpose", f"{a},{b}", 84)
        yield Change(
            to(ast.Mult), "with a product entry by entry in the place of a matrix product.", "matrix product", b, 84
        )
        yield Change(left, f"when {b} is left out as a factor.", "factor", b, 83)
        yield Change(right, f"when {a} is left out as a factor.", "factor", a, 83)
        yield Change(
            lambda u: ast.BinOp(ast.Attribute(u.left, "T", ast.Load()), u.op, u.right),
            f"when {a} is transposed.",
            "transpose",
            a,
            80,
        )
        yield Change(
            lambda u: ast.BinOp(u.left, u.op, ast.Attribute(u.right, "T", ast.Load())),
            f"when {b} is transposed.",
            "transpose",
            b,
            80,
        )


def _other_divisor(node, words, size, b):
    """n where R_j belongs, and its kin: another size divides."""
    shape = dict(_sizes(words)).get(size)
    if shape is None:
        return
    yield Change(
        lambda u: ast.BinOp(u.left, ast.Div(), shape()),
        f"when {size} divides, in the place of {b}: the share of what is wanted?",
        "factor",
        f"{b},{size}",
        82,
    )


def _sizes(words):
    """(letter, a function that makes its expression) for each of n, k, d that the parameters have."""
    for letter in "nkd":
        for name in words.parameters:
            known = NOTATION.get(name)
            first = known if isinstance(known, Quantity) or known is None else known[0]
            if first is not None and letter in first.axes:
                axis = first.axes.index(letter)
                yield (
                    letter,
                    lambda name=name, axis=axis: ast.Subscript(
                        _np("shape", ast.Name(name, ast.Load())), ast.Constant(axis), ast.Load()
                    ),
                )
                break


def _scaled(node, words):
    """A summand twice or half."""
    for side in ("left", "right"):
        term = words(getattr(node, side))
        for c, how in ((2.0, "twice"), (0.5, "half")):

            def scaled(u, side=side, c=c):
                setattr(u, side, ast.BinOp(ast.Constant(c), ast.Mult(), getattr(u, side)))
                return u

            yield Change(scaled, f"when {term} counts {how}: where does a factor 2 belong?", "factor", term, 87)


def _product_scaled(node, words):
    """A product or quotient twice or half."""
    term = words(node)
    for c, how in ((2.0, "twice"), (0.5, "half")):
        edit = lambda u, c=c: ast.BinOp(ast.Constant(c), ast.Mult(), u)
        yield Change(edit, f"when {term} counts {how}: where does a factor 2 belong?", "factor", term, 82)


def _np(name, *args, **keywords):
    keywords = [ast.keyword(k, v if isinstance(v, ast.AST) else ast.Constant(v)) for k, v in keywords.items()]
    return ast.Call(_np_attribute(name), list(args), keywords)


def _augmented(node, words):
    a, b, op = words(node.target), words(node.value), type(node.op)
    yield Change(
        lambda u: ast.Pass(),
        f"when {a} stays without its {_DEED.get(op, 'change')} {b}.",
        "term" if op in (ast.Add, ast.Sub) else "factor",
        b,
        88,
    )
    if op in (ast.Add, ast.Sub):
        new = ast.Sub if op is ast.Add else ast.Add
        yield Change(lambda u: ast.AugAssign(u.target, new(), u.value), f"when {b} has the wrong sign.", "sign", b, 90)
        yield Change(
            lambda u: ast.Assign([u.target], u.value), f"when {a} is overwritten, not added to.", "index", a, 80
        )
    elif op in (ast.Mult, ast.Div):
        new = ast.Div if op is ast.Mult else ast.Mult
        yield Change(
            lambda u: ast.AugAssign(u.target, new(), u.value),
            f"when {a} is {'divided' if op is ast.Mult else 'multiplied'} by {b}.",
            "inverse",
            b,
            86,
        )


_DEED = {ast.Add: "addition of", ast.Sub: "subtraction of", ast.Mult: "multiplication by", ast.Div: "division by"}


def _unary(node, words):
    if isinstance(node.op, ast.USub) and not _shape_part(node, words):
        a = words(node.operand)
        yield Change(lambda u: u.operand, f"when {a} has the wrong sign.", "sign", a, 91)
    if isinstance(node.op, ast.Not):
        yield Change(lambda u: u.operand, "when a condition is turned round.", "condition", "condition", 70)


def _constant(node, words):
    value = node.value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        if isinstance(value, str) and "->" in value:
            yield from _einsum(value)
        if value is None and isinstance(words.parents.get(node), (ast.Tuple, ast.Subscript)):
            yield from ()
        parent = words.parents.get(node)
        if value is True and isinstance(parent, ast.keyword) and parent.arg == "keepdims":
            text = "when the axis of a sum is lost: keepdims=True, or [:, None], keeps one number for each row."
            yield Change(lambda u: ast.Constant(False), text, "axis", "keepdims", 88)
        if value is True and isinstance(words.parents.get(node), ast.keyword) and words.parents[node].arg == "bias":
            yield Change(
                lambda u: ast.Constant(False),
                "with n - 1 in the place of n as divisor: maximum likelihood has n.",
                "factor",
                "n",
                90,
            )
        return
    where = _shape_part(node, words)
    c = lambda v: lambda u: ast.Constant(v)
    if where == "axis" and isinstance(value, int):
        for other in {0, 1, 2, -1, None} - {value}:
            if {value, other} != {1, -1}:
                over = "over everything at once" if other is None else "along another axis"
                yield Change(
                    c(other),
                    f"when the {_reduction(node, words)} is taken {over}: over which index does it run?",
                    "axis",
                    "axis",
                    87,
                )
        return
    if where == "index" and isinstance(value, int):
        parent = words.parents.get(node)
        if isinstance(parent, ast.Subscript) and isinstance(parent.value, ast.Attribute):
            right = words.size(parent.value.value, node)
            for other in (0, 1):
                wrong = words.size(parent.value.value, ast.Constant(other))
                if other != value and "size" not in wrong:
                    text = f"with {wrong} in the place of {right}: which length is meant?"
                    yield Change(c(other), text, "index", f"{right},{wrong}", 85)
            return
        for other in (value + 1, value - 1):
            yield Change(
                c(other), "with an index that is one off: where does it begin, where does it end?", "index", "index", 78
            )
        return
    if where in ("shape", "keyword"):
        return
    parent = words.parents.get(node)
    others = {2: (1, 4, 3), 0.5: (1, 0.25, 2), 1: (0, 2), 0: (1,), 4: (2,), 3: (2, 1)}.get(
        value, (value + 1, value - 1, 2 * value, value / 2)
    )
    near = words(parent) if isinstance(parent, (ast.BinOp, ast.UnaryOp)) else "a formula"
    if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Pow):
        for other in (1, 3, 0.5):
            if other != value:
                yield Change(
                    c(other), f"with {other} for the power of {words(parent.left)}.", "power", words(parent.left), 80
                )
        return
    if value in (1, 2):
        for letter, shape in _sizes(words):
            text = f"with {letter} in the place of a {value:g} in {near}: what is counted there?"
            yield Change(lambda u, shape=shape: shape(), text, "number", f"{near},{letter}", 73)
    for other in others:
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Div) and other == 0:
            continue
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, (ast.Mult, ast.Div)):
            partner = words(parent.left if parent.right is node else parent.right)
            yield Change(
                c(other),
                f"with another number beside {partner}: which factor stands there, and why?",
                "factor",
                partner,
                84,
            )
        else:
            yield Change(
                c(other), f"with another number in {near}: where does that number come from?", "number", near, 80
            )


def _reduction(node, words):
    parent = words.parents.get(node)
    while parent is not None and not isinstance(parent, ast.Call):
        parent = words.parents.get(parent)
    return _REDUCTION.get(called(parent) if parent is not None else "", "sum")


_REDUCTION = {
    "mean": "mean",
    "max": "maximum",
    "min": "minimum",
    "argmax": "argmax",
    "argmin": "argmin",
    "logsumexp": "log of the sum",
    "prod": "product",
    "cumsum": "running sum",
}


def _einsum(value):
    """Another operand order or a transposed operand in an einsum's subscripts."""
    left, right = value.split("->")
    operands = left.split(",")
    for i, operand in enumerate(operands):
        if len(operand) >= 2:
            turned = operand[:-2] + operand[-1] + operand[-2]
            changed = ",".join([*operands[:i], turned, *operands[i + 1 :]]) + "->" + right
            yield Change(
                lambda u, s=changed: ast.Constant(s),
                "when one factor of a product of matrices is transposed.",
                "transpose",
                "einsum",
                75,
            )
    if len(right) >= 2:
        yield Change(
            lambda u, s=left + "->" + right[:-2] + right[-1] + right[-2]: ast.Constant(s),
            "with the last two indices of a product exchanged.",
            "transpose",
            "einsum",
            75,
        )


def _attribute(node, words):
    if node.attr == "T":
        yield Change(
            lambda u: u.value, f"when {words(node.value)} is not transposed.", "transpose", words(node.value), 85
        )


_UNWRAP = {
    "exp": ("without an exp: logarithm or not?", "log"),
    "log": ("without a logarithm.", "log"),
    "sqrt": ("without a square root.", "power"),
    "abs": ("without taking absolute values.", "sign"),
    "inv": ("when {} stands in the place of its inverse.", "inverse"),
    "sum": ("without a sum.", "axis"),
    "mean": ("without a mean.", "axis"),
    "cumsum": ("without a running sum.", "axis"),
    "maximum": ("without a bound from below.", "condition"),
    "square": ("without a square.", "power"),
    "diag": ("without a diagonal.", "diagonal"),
    "log1p": ("without a logarithm.", "log"),
}
_SWAP = {
    "sum": ("mean", "with a mean in the place of a sum.", "sum or mean"),
    "mean": ("sum", "with a sum in the place of a mean.", "sum or mean"),
    "max": ("min", "with a minimum in the place of a maximum.", "condition"),
    "min": ("max", "with a maximum in the place of a minimum.", "condition"),
    "argmin": ("argmax", "when the farthest is taken, not the nearest.", "sign"),
    "argmax": ("argmin", "when the smallest is taken, not the largest.", "sign"),
    "log": ("log2", "with a logarithm to the base 2: here logarithms are natural.", "log"),
    "exp": ("expm1", "with exp(..) - 1 for exp.", "log"),
    "eigvalsh": ("diag", "with the diagonal in the place of the eigenvalues.", "diagonal"),
    "prod": ("sum", "with a sum in the place of a product.", "operator"),
    "outer": ("multiply", "with a product entry by entry for an outer product.", "matrix product"),
    "zeros": ("ones", "with ones where zeros begin.", "number"),
}
_SWAP2 = {
    "log": ("log10", "with a logarithm to the base 10: here logarithms are natural.", "log"),
    "logsumexp": ("max", "with the largest term for the log of the sum.", "log"),
    "logaddexp": ("maximum", "with the larger of two terms for the log of their sum.", "log"),
    "sum": ("max", "with the largest term for the sum.", "axis"),
    "mean": ("median", "with a median for the mean.", "sum or mean"),
    "eigvalsh": ("eigvals", "with eigenvalues in another order.", "index"),
}


def _call(node, words):
    name = called(node)
    method = isinstance(node.func, ast.Attribute) and not is_np(node.func.value)
    inner = node.func.value if method else node.args[0] if node.args else None
    if inner is None:
        return
    get = (lambda u: u.func.value) if method else (lambda u: u.args[0])
    if name in _UNWRAP:
        sentence, cause = _UNWRAP[name]
        what = f"{words(inner)}"
        extra = "" if "{}" in sentence else f" Look at {what}." if cause == "log" and len(what) < 30 else ""
        yield Change(get, sentence.format(what) + extra, cause, what, 86)
    for table in (_SWAP, _SWAP2):
        if name in table:
            other, sentence, cause = table[name]
            what = words(inner)
            yield Change(
                lambda u, other=other: _renamed(u, other),
                f"{sentence} Look at {what}." if len(what) < 30 else sentence,
                cause,
                what,
                84,
            )
    square = isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Pow) and ast.unparse(inner.right) == "2"
    if name == "sum" and square:
        what = words(inner.left)

        def squared_after(u):
            v = get(u)
            if method:
                u.func.value = v.left
            else:
                u.args[0] = v.left
            return ast.BinOp(u, ast.Pow(), ast.Constant(2))

        text = f"when {what} is summed before it is squared: what cancels?"
        yield Change(squared_after, text, "order", what, 83)
        in_rows = lambda u: _np("sum", ast.BinOp(_np("sum", get(u).left, axis=-1), ast.Pow(), ast.Constant(2)))
        if not node.keywords and len(node.args) < 2 - method:
            yield Change(in_rows, text, "order", what, 83)
    if name == "solve" and len(node.args) == 2:
        a = words(node.args[0])
        yield Change(
            lambda u: ast.BinOp(u.args[0], ast.MatMult(), u.args[1]),
            f"when {a} stands in the place of its inverse.",
            "inverse",
            a,
            90,
        )
        yield Change(lambda u: u.args[1], f"when the inverse of {a} is left out.", "inverse", a, 90)
    if name == "norm" and node.args and not node.keywords:
        yield Change(lambda u: _np("sum", _np("abs", u.args[0])),
                     "with the sum of absolute entries for a length.", "power", "length", 80)  # fmt: skip
        yield Change(lambda u: _np("max", _np("abs", u.args[0])),
                     "with the largest entry for a length.", "power", "length", 80)  # fmt: skip
        yield Change(lambda u: _np("sum", u.args[0]), "with a sum for a length.", "power", "length", 80)
        yield Change(lambda u: ast.BinOp(u, ast.Pow(), ast.Constant(2)),
                     "with a length squared.", "power", "length", 80)  # fmt: skip
    if name == "reduce" and "logaddexp" in ast.unparse(node.func):
        for other, sentence in (
            ("maximum", "with the largest term for the log of the sum."),
            ("add", "with a sum of logarithms for the log of a sum."),
        ):
            yield Change(
                lambda u, other=other: ast.Call(_np_attribute(f"{other}.reduce"), u.args, u.keywords),
                sentence,
                "log",
                "logsumexp",
                84,
            )
    if name == "slogdet":
        yield Change(
            lambda u: ast.Tuple([ast.Constant(1.0), _np("linalg.det", u.args[0])], ast.Load()),
            "with the determinant in the place of its logarithm.",
            "log",
            "log det",
            88,
        )
    if name == "logsumexp":
        yield Change(
            _naive_logsumexp,
            "when exp is taken before the largest term is taken out: far out it underflows.",
            "underflow",
            "exp",
            86,
        )
    if name in ("logsumexp", "sum", "mean", "max", "min", "argmax", "argmin", "prod"):
        axis = next((kw for kw in node.keywords if kw.arg == "axis"), None)
        positional = (
            node.args[0] if method and node.args else node.args[1] if not method and len(node.args) > 1 else None
        )
        if axis is None and positional is None:
            for a in (0, 1):
                yield Change(
                    lambda u, a=a: _with_axis(u, a), f"when the {name} runs along one axis only.", "axis", "axis", 70
                )
    if name == "cov":
        yield Change(
            lambda u: ast.Call(u.func, u.args, [kw for kw in u.keywords if kw.arg not in ("bias", "ddof")]),
            "with n - 1 in the place of n as divisor: maximum likelihood has n.",
            "factor",
            "n",
            90,
        )
    if name == "where" and len(node.args) == 3:
        yield Change(lambda u: u.args[1], "without a distinction of cases.", "condition", "where", 75)
        yield Change(lambda u: u.args[2], "without a distinction of cases.", "condition", "where", 75)
    if name in ("entr",):
        yield Change(
            lambda u: ast.UnaryOp(ast.USub(), u), "when the entropy has the wrong sign.", "sign", "entropy", 90
        )
    if name in ("rel_entr", "xlogy", "subtract", "divide") and len(node.args) == 2:
        yield Change(
            lambda u: ast.Call(u.func, u.args[::-1], []),
            f"when {words(node.args[0])} and {words(node.args[1])} change places.",
            "order",
            words(node.args[0]),
            88,
        )
    if len(node.args) >= 2 and not method and name not in ("solve", "rel_entr", "xlogy", "range", "einsum", "full"):
        yield Change(
            lambda u: ast.Call(u.func, [u.args[1], u.args[0], *u.args[2:]], u.keywords),
            "with two arguments of a step in each other's place.",
            "order",
            name,
            60,
        )


def _renamed(u, other):
    """The same call of another function; what arrays have no method for becomes a function of np."""
    method = isinstance(u.func, ast.Attribute) and not is_np(u.func.value)
    if method and other == "median":
        return ast.Call(_np_attribute(other), [u.func.value, *u.args], u.keywords)
    if other in ("diag", "multiply"):
        return ast.Call(_np_attribute(other), u.args, [])
    if isinstance(u.func, ast.Attribute):
        return ast.Call(ast.Attribute(u.func.value, other, ast.Load()), u.args, u.keywords)
    return ast.Call(_np_attribute(other), u.args, u.keywords)


def _np_attribute(name):
    """np.name, or np.linalg.name for "linalg.name"."""
    node: ast.expr = ast.Name("np", ast.Load())
    for part in name.split("."):
        node = ast.Attribute(node, part, ast.Load())
    return node


def _naive_logsumexp(u):
    rest = u.keywords + ([ast.keyword("axis", u.args[1])] if len(u.args) > 1 else [])
    return _np("log", ast.Call(_np_attribute("sum"), [_np("exp", u.args[0])], rest))


def _with_axis(u, axis):
    return ast.Call(u.func, u.args, [*u.keywords, ast.keyword("axis", ast.Constant(axis))])


def _name(node, words):
    if not isinstance(node.ctx, ast.Load) or node.id not in words.names:
        return
    if isinstance(words.parents.get(node), ast.Call) and words.parents[node].func is node:
        return
    if isinstance(words.parents.get(node), ast.Attribute) and words.parents[node].attr in ("shape", "ndim", "size"):
        return
    for other in words.names:
        if other != node.id:
            a, b = words.formula(ast.Name(node.id, ast.Load())) or node.id, words.formula(ast.Name(other, ast.Load()))
            if b is None or a == b:
                sentence = (
                    f"with another quantity in the place of {a if len(a) < 30 else 'one that was computed before'}."
                )
            else:
                sentence = (
                    f"with {b if len(b) < 30 else 'another quantity'} in the place of "
                    f"{a if len(a) < 30 else 'one that was computed before'}."
                )
            yield Change(lambda u, other=other: ast.Name(other, ast.Load()), sentence, "argument", f"{a},{b}", 77)
    yield from _other_forms(node, words)
    if node.id in words.assigned:
        a = words.formula(node) or "a quantity"
        a = a if len(a) < 30 else "a quantity that was computed before"
        yield Change(lambda u: _np("sqrt", u), f"with the square root of {a}.", "power", a, 76)
        yield Change(lambda u: ast.BinOp(u, ast.Pow(), ast.Constant(2)), f"with the square of {a}.", "power", a, 76)
    if node.id in ("r", "q", "resp", "posterior", "responsibilities", "tau", "gamma"):
        hard = lambda u: ast.BinOp(
            ast.Compare(u, [ast.Eq()], [_np("max", u, axis=-1, keepdims=True)]), ast.Mult(), ast.Constant(1.0)
        )
        yield Change(
            hard,
            f"for hard {node.id}: each point given wholly to its likeliest component. May a point in the middle "
            "belong to several?",
            "hard",
            node.id,
            83,
        )
        column = lambda u: ast.BinOp(u, ast.Div(), _np("sum", u, axis=0))
        yield Change(column, f"when {node.id} is normalised over the points.", "axis", node.id, 75)
        flat = lambda u: ast.BinOp(ast.BinOp(u, ast.Mult(), ast.Constant(0)), ast.Add(), ast.Constant(1.0))
        yield Change(
            flat,
            f"when every {node.id}_ij counts as 1: which share of a point belongs to a component?",
            "argument",
            node.id,
            83,
        )
        yield Change(
            lambda u: ast.BinOp(u, ast.Pow(), ast.Constant(2)),
            f"when {node.id}_ij enters squared.",
            "power",
            node.id,
            75,
        )
    for slug, value in (("0", 0.0), ("1", 1.0)):
        blank = lambda u, value=value: ast.BinOp(
            ast.BinOp(u, ast.Mult(), ast.Constant(0)), ast.Add(), ast.Constant(value)
        )
        a = words.formula(node) or node.id
        if len(a) < 25:
            yield Change(blank, f"with {slug} in one place where {a} belongs: where does {a} enter?", "argument", a, 68)


def _other_forms(node, words):
    """A covariance without its off-diagonal entries, squared, inverted, ..., in this one place; weights likewise."""
    known = NOTATION.get(node.id)
    first = known if isinstance(known, Quantity) or known is None else known[0]
    if first is None:
        return
    name = node.id
    flat = lambda u: ast.BinOp(u, ast.Mult(), ast.Constant(0))
    eye = lambda: _np("eye", ast.Subscript(_np("shape", ast.Name(name, ast.Load())), ast.Constant(-1), ast.Load()))
    if first.kind in ("spd", "negative"):
        forms = [
            (lambda u: ast.BinOp(u, ast.Mult(), eye()), f"{name} loses its off-diagonal entries", "diagonal"),
            (lambda u: _np("linalg.inv", ast.BinOp(ast.Constant(1.0), ast.Div(), u)),
             f"one over each entry stands for the inverse of {name}", "inverse"),
            (lambda u: ast.BinOp(u, ast.MatMult(), u), f"{name} enters squared, as if it were a deviation", "power"),
            (lambda u: _np("linalg.cholesky", u), f"the Cholesky factor stands for {name}", "power"),
            (lambda u: _np("linalg.inv", u), f"the inverse of {name} stands for {name}", "inverse"),
            (lambda u: ast.BinOp(flat(u), ast.Add(), eye()), f"the unit matrix stands for {name}", "argument"),
        ]  # fmt: skip
        if first.axes == "kdd":
            mean = lambda u: ast.BinOp(flat(u), ast.Add(), _np("mean", u, axis=0))
            forms.append((mean, f"the mean of all {name}_j stands for each", "axis"))
    elif first.kind == "simplex" and first.axes == "k":
        flip = lambda u: ast.Subscript(u, ast.Slice(None, None, ast.Constant(-1)), ast.Load())
        forms = [
            (flip, f"{name} enters in reverse order", "index"),
            (lambda u: ast.BinOp(u, ast.Pow(), ast.Constant(2)), f"{name}_j enters squared", "power"),
            (lambda u: _np("sqrt", u), f"the root of {name}_j stands for {name}_j", "power"),
            (
                lambda u: ast.BinOp(flat(u), ast.Add(), _np("mean", u)),
                f"all {name}_j are taken to be equal",
                "argument",
            ),
        ]
    elif first.kind == "means" and "x" in words.parameters:
        centre = lambda u: ast.BinOp(flat(u), ast.Add(), _np("mean", ast.Name("x", ast.Load()), axis=0))
        forms = [(centre, f"the mean of all points stands for {name}_j", "argument")]
    else:
        return
    for edit, what, cause in forms:
        yield Change(edit, f"when {what} in one place: look at each place where {name} enters.", cause, name, 77)


def _compare(node, words):
    turned = {
        ast.Lt: ast.GtE,
        ast.LtE: ast.Gt,
        ast.Gt: ast.LtE,
        ast.GtE: ast.Lt,
        ast.Eq: ast.NotEq,
        ast.NotEq: ast.Eq,
    }.get(type(node.ops[0]))
    near = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}.get(type(node.ops[0]))
    if turned:
        yield Change(
            lambda u: ast.Compare(u.left, [turned()], u.comparators),
            "when a condition is turned round: what is to hold when it stops, or when it is taken?",
            "condition",
            "condition",
            77,
        )
    if near:
        yield Change(
            lambda u: ast.Compare(u.left, [near()], u.comparators),
            "when equality counts on the other side of a condition.",
            "condition",
            "condition",
            65,
        )


def _statement(node, words):
    """A line left out that changes a name which has a value already."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        name = node.targets[0].id
        earlier = name in words.parameters or any(
            isinstance(u, ast.Assign)
            and u.lineno < node.lineno
            and any(isinstance(t, ast.Name) and t.id == name for t in u.targets)
            for u in ast.walk(words.body)
        )
        if earlier:
            yield Change(
                lambda u: ast.Pass(), f"when {SPOKEN.get(name, name)} keeps its old value.", "argument", name, 82
            )


def _return(node, words):
    if isinstance(node.value, ast.Tuple):
        for i in range(len(node.value.elts)):
            for j in range(i):

                def exchanged(u, i=i, j=j):
                    e = list(u.value.elts)
                    e[i], e[j] = e[j], e[i]
                    return ast.Return(ast.Tuple(e, ast.Load()))

                yield Change(exchanged, f"with parts {j + 1} and {i + 1} in each other's place.", "order", "parts", 80)
    elif node.value is not None:
        yield Change(
            lambda u: ast.Return(ast.UnaryOp(ast.USub(), u.value)),
            "with the wrong sign throughout.",
            "sign",
            "result",
            85,
        )


def _if(node, words):
    yield Change(lambda u: u.body, "when one case is taken always.", "condition", "condition", 70)
    yield Change(lambda u: u.orelse, "when one case is never taken.", "condition", "condition", 70)


def _subscript(node, words):
    """[:, None] left out: a row where a column belongs; an index left out."""
    if not isinstance(node.ctx, ast.Load) or isinstance(words.parents.get(node), ast.Subscript):
        return
    if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        return
    if isinstance(node.value, ast.Call):
        return  # slogdet(..)[1] and its kin
    what = words.formula(node.value) or "a quantity"
    if "None" in ast.unparse(node.slice):
        text = (
            f"when {what} stands as a row where a column belongs, or the other way round: [:, None] turns one into "
            "the other."
        )
        yield Change(lambda u: u.value, text, "axis", what, 80)
    else:
        yield Change(lambda u: u.value, f"when {what} stands without its index.", "index", what, 80)
        if isinstance(node.slice, ast.Name):
            if what in ("R_j", "the number of points", "S0_j"):
                for letter, shape in _sizes(words):
                    text = f"with {letter} in the place of {what}: how many points does component j answer for?"
                    yield Change(lambda u, shape=shape: shape(), text, "factor", f"{what},{letter}", 82)
            for c in (0, -1):
                which = "first" if c == 0 else "last"
                yield Change(
                    lambda u, c=c: ast.Subscript(u.value, ast.Constant(c), ast.Load()),
                    f"when the {which} entry of {what} serves for all: which index does it carry?",
                    "index",
                    what,
                    82,
                )


_RULES = [
    (ast.BinOp, _binary),
    (ast.AugAssign, _augmented),
    (ast.UnaryOp, _unary),
    (ast.Constant, _constant),
    (ast.Attribute, _attribute),
    (ast.Call, _call),
    (ast.Name, _name),
    (ast.Compare, _compare),
    (ast.Assign, _statement),
    (ast.Return, _return),
    (ast.IfExp, _if),
    (ast.Subscript, _subscript),
]
