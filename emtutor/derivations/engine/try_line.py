"""A learner's own line against the next line of a chain: `derivations.grad_mu.try_line(7, "inv(Sigma) @ ...")`."""

import ast
import builtins
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import entr, logsumexp, softmax, xlogy

from emtutor.derivations.engine.line import Line
from emtutor.derivations.engine.view import escape, greek

_NUMPY = (
    *("abs", "arange", "array", "diag", "einsum", "exp", "eye", "full", "log", "logaddexp", "max", "maximum", "mean"),
    *("min", "minimum", "newaxis", "ones", "outer", "prod", "sqrt", "stack", "sum", "swapaxes", "tile", "trace"),
    *("transpose", "zeros"),
)
_LINEAR = ("cholesky", "det", "inv", "slogdet", "solve")
_TOOLS = {name: getattr(np, name) for name in _NUMPY} | {name: getattr(np.linalg, name) for name in _LINEAR}
_TOOLS |= {"np": np, "entr": entr, "logsumexp": logsumexp, "softmax": softmax, "xlogy": xlogy}


_SHORT = "; write R as r.sum(0)"


@dataclass(frozen=True, repr=False)
class Tried:
    """What became of a learner's line; true if it holds where the chain's own line stands."""

    number: int
    holds: bool
    message: str

    def __bool__(self):
        return self.holds

    def __str__(self):
        return self.message

    __repr__ = __str__

    def _repr_html_(self):
        colour = "success" if self.holds else "warn"
        style = f"border-left: 4px solid var(--jp-{colour}-color1); padding: 4px 10px; white-space: normal"
        return f'<div class="emtutor-tried" role="status" style="{style}">{escape(self.message)}</div>'


def try_line(chain, number, mine):
    """`Tried`: is `mine` (a NumPy expression, or a function of the chain's arguments) what line `number` says?

    The form is free: of two formulas the values are compared, on all the chain's problems; a root is put into its
    equation, a maximiser and a limit are tried as the chain's are. Raises ValueError for a number that is no line's and
    for a text that is no expression.
    """
    if not (isinstance(number, int) and 1 <= number <= len(chain.lines)):
        raise ValueError(f"number must be that of a line, 1 to {len(chain.lines)}, got {number!r}")
    names = (*chain.arguments, *chain.given)
    function, target = as_function(mine, names), chain.lines[number - 1]
    if target.solves:
        here = replace(target, function=function)
        checked = replace(chain, lines=(*chain.lines[: number - 1], here)).run().lines[-1]
        if checked.status == "holds":
            return Tried(number, True, f"Right: {_ROOTS[target.relation]}.")
        return Tried(number, False, f"Not yet: {_where(checked)} {_causes(chain, number, function)}".strip())
    checked = _compared(chain, number, function)
    if checked.status == "holds":
        said = f"Right: it is equal to line {number} on all problems of the chain. Open it and compare the form."
        return Tried(number, True, said)
    if target.relation in ("<=", ">=") and _is_a_bound(chain, number, function):
        return Tried(number, False, f"It is true, and another bound than line {number}: {greek(target.reason)}.")
    return Tried(number, False, f"Not yet: {_where(checked)} {' '.join(checked.cases)}".strip())


_ROOTS = {
    "therefore": "put into the line before it gives zero",
    "tends to": "the line before tends to it",
    "maximises": "no step from there is better",
}


def as_function(mine, names):
    """`mine` as a function of those of `names` that it uses. Raises ValueError for what is neither."""
    if callable(mine):
        return mine
    if not isinstance(mine, str):
        raise ValueError(f"mine must be a NumPy expression in quotes or a function, got {type(mine).__name__}")
    try:
        tree = ast.parse(mine.strip(), mode="eval")
    except SyntaxError as error:
        raise ValueError(f"mine must be one expression such as 'r.T @ x', got {mine!r:.80}: {error.msg}") from None
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    takes = ", ".join(name for name in names if name in used)
    unknown = _unbound(tree) - {*names, *_TOOLS, *dir(builtins)}
    if unknown:
        known = ", ".join(names)
        raise ValueError(
            f"{', '.join(sorted(unknown))} is no name here: the chain has {known}{_SHORT if 'R' in unknown else ''}"
        )
    return eval(f"lambda {takes}: (\n{mine.strip()}\n)", dict(_TOOLS))


def _unbound(tree):
    """The names that an expression uses and does not itself bind, as a comprehension or a lambda does."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return {node.id for node in names} - bound - {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}


def _compared(chain, number, function):
    """The learner's line as one more line "=" after the chain's, or after the last right one if that is a misprint."""
    right = next(i for i in range(number, 0, -1) if i not in chain.breaks and not chain.lines[i - 1].solves)
    start = replace(chain.lines[right - 1], relation="start", do=None)
    lines = (start, Line("=", "", function))
    return replace(chain, lines=lines, breaks=()).run().lines[1]


def _is_a_bound(chain, number, function):
    lines = (*chain.lines[: number - 1], replace(chain.lines[number - 1], function=function, aside=True))
    return replace(chain, lines=lines).run().lines[-1].status == "holds"


def _causes(chain, number, function):
    """What the tutor knows of a solution that is none: how it is related to the right one."""
    target = chain.lines[number - 1]
    lines = (Line("start", "", target.function), Line("=", "", function))
    return " ".join(replace(chain, lines=lines, breaks=()).run().lines[1].cases)


def _where(checked):
    """Where it differs, without the value that is asked for."""
    if checked.each is None:
        return f"{checked.note}."
    fell = [label for label, held in checked.each.items() if not held]
    few = f"on {len(fell)} of the {len(checked.each)} problems" if len(fell) < len(checked.each) else "on all problems"
    return f"it differs {few}, first on “{fell[0]}”."
