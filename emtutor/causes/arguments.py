"""Other values in an argument's place: an answer that takes Sigma for its inverse is the truth at Sigma^-1.

The same rows serve for one place alone (`places`). Values need not be valid of their kind: a wrong answer does not ask.
{v} is the argument, {v_} the argument with its index, "Sigma_j".
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from emtutor.causes.findings import Hypothesis
from emtutor.causes.wording import ARGUMENT, axis


class Row(NamedTuple):
    told: str  # after "the right one "
    cause: str
    change: Callable  # value -> value, or None where it makes no sense
    question: str = ""


def _eye(a):
    return np.broadcast_to(np.eye(a.shape[-1]), a.shape).copy()


def _all(a, part):
    return np.repeat(a[part], len(a), 0)


_ENTERS = "where does {v_} enter?"
_TWO = "where does a factor 2 belong?"
_DEVIATION = "is it a variance or a standard deviation?"
# fmt: off
ALONG = (  # whatever has one entry, or one row, for each point or component
    Row("with {v} in reverse order", "index", lambda a: a[::-1], "which entry belongs to which?"),
    Row("with {v} shifted by one place", "index", lambda a: np.roll(a, 1, 0), "which entry belongs to which?"),
    Row("with {v} shifted by one place", "index", lambda a: np.roll(a, -1, 0), "which entry belongs to which?"),
    Row("with the first {v_} in the place of all", "index", lambda a: _all(a, slice(1)), "which index does {v} carry?"),
    Row("with the last {v_} in the place of all", "index", lambda a: _all(a, slice(-1, None)), "which index does {v} carry?"),
    Row("with the mean of all {v_} in the place of each", "axis", lambda a: _all(a.mean(0, keepdims=True), slice(1)), "may they differ?"),
)
WEIGHTS = (
    Row("for a uniform {v}", "uniform", lambda a: np.full(a.shape, 1 / a.shape[-1]), _ENTERS),
    Row("with every {v_} set to 1", "argument", np.ones_like, _ENTERS),
    Row("with {v_} squared", "power", np.square, "does {v} enter twice?"),
    Row("with log {v_} in the place of {v_}", "log", np.log),
    Row("with sqrt {v_} in the place of {v_}", "power", np.sqrt),
    Row("with 1/{v_} in the place of {v_}", "inverse", lambda a: 1 / a),
    Row("with 1 - {v_} in the place of {v_}", "sign", lambda a: 1 - a, "which of the two events is meant?"),
)
SHARES = (
    Row("for hard {v}, each row given wholly to its largest entry", "hard", lambda a: np.eye(a.shape[1])[a.argmax(1)]),
    *WEIGHTS[:3],
    Row("for {v} with columns that sum to one", "over-points", lambda a: a / a.sum(0)),
    *WEIGHTS[3:],
    Row("with the columns of {v} in reverse order", "index", lambda a: a[:, ::-1], "which column belongs to which component?"),
    Row("with the columns of {v} shifted by one place", "index", lambda a: np.roll(a, 1, 1), "which column belongs to which component?"),
    Row("with the columns of {v} shifted by one place", "index", lambda a: np.roll(a, -1, 1), "which column belongs to which component?"),
    Row("with the first column of {v} for every component", "index", lambda a: np.repeat(a[:, :1], a.shape[1], 1)),
    Row("with the mean row of {v} for every point", "prior-for-posterior", lambda a: _all(a.mean(0, keepdims=True), slice(1))),
)
MATRIX = (
    Row("with the inverse of {v_} in the place of {v_}", "inverse", np.linalg.inv, "is it a covariance or a precision here?"),
    Row("for {v_} without its off-diagonal entries", "diagonal", lambda a: a * _eye(a), "what do those do?"),
    Row("with the Cholesky factor of {v_} for {v_}", "power", np.linalg.cholesky, _DEVIATION),
    Row("with {v_} squared", "power", lambda a: a @ a, _DEVIATION),
    Row("with the entries of {v_} under a square root", "power", lambda a: np.sqrt(np.abs(a)), _DEVIATION),
    Row("for {v_} = the unit matrix", "argument", _eye, _ENTERS),
    Row("for twice {v_}", "factor", lambda a: 2 * a, _TWO),
    Row("for half of {v_}", "factor", lambda a: a / 2, _TWO),
    Row("with one over each entry of {v_} for its inverse", "inverse", lambda a: np.linalg.inv(1 / a), "is that the inverse of a matrix?"),
    Row("with -{v_} in the place of {v_}", "sign", np.negative),
)
PLACES = (
    Row("with -{v_} in the place of {v_}", "sign", np.negative, "is it a difference or a sum?"),
    Row("for {v} = 0", "argument", np.zeros_like, _ENTERS),
    Row("with {v} squared", "power", np.square),
)
ROWS = (
    Row("for {v} with its mean taken away", "shift", lambda a: a - a.mean(0), "should that be done here?"),
    Row("when the first column of {v} stands for all", "axis", lambda a: np.repeat(a[:, :1], a.shape[1], 1), "does every dimension enter?"),
    Row("with {v} reshaped, not transposed", "reshape", lambda a: a.T.reshape(a.shape)),
)
NUMBER = (
    Row("with 1/(2 {v_}) in the place of {v_}", "inverse", lambda a: 1 / (2 * a)),
    Row("with 1/{v_} in the place of {v_}", "inverse", lambda a: 1 / a),
    Row("with {v_} squared", "power", np.square, "which power of {v} belongs there?"),
    Row("with sqrt {v_} in the place of {v_}", "power", np.sqrt, "which power of {v} belongs there?"),
    Row("for twice {v_}", "factor", lambda a: 2 * a, _TWO),
    Row("for half of {v_}", "factor", lambda a: a / 2, _TWO),
    Row("for {v_} = 1", "argument", np.ones_like, _ENTERS),
    Row("for {v_} + 1 in the place of {v_}", "number", lambda a: a + 1),
    Row("for {v_} + 2 in the place of {v_}", "number", lambda a: a + 2),
    Row("for {v_} - 1 in the place of {v_}", "number", lambda a: a - 1),
    Row("with -{v_} in the place of {v_}", "sign", np.negative),
    Row("for {v_} = 0", "argument", np.zeros_like, _ENTERS),
    Row("with log {v_} in the place of {v_}", "log", np.log),
)
REAL = (
    Row("with -{v} in the place of {v}", "sign", np.negative),
    Row("for {v} = 0", "argument", np.zeros_like, _ENTERS),
    Row("for twice {v}", "factor", lambda a: 2 * a, _TWO),
    Row("for half of {v}", "factor", lambda a: a / 2, _TWO),
    Row("with 1 - {v} in the place of {v}", "sign", lambda a: 1 - a, "from which end is it measured?"),
    Row("with exp({v}) in the place of {v}", "log", np.exp),
    Row("with log {v} in the place of {v}", "log", np.log),
    Row("with {v} squared", "power", np.square),
    Row("with sqrt {v} in the place of {v}", "power", np.sqrt),
)
LOG = (
    Row("with exp({v}) in the place of {v}", "log", np.exp, "does it hold logarithms already?"),
    Row("with -{v} in the place of {v}", "sign", np.negative),
    Row("with all entries of {v} equal", "uniform", lambda a: np.full(a.shape, a.mean()), "where does {v} enter?"),
    Row("for {v} = 0", "argument", np.zeros_like, "where does {v} enter?"),
    Row("for twice {v}", "factor", lambda a: 2 * a, "is it added twice?"),
    Row("with {v} to the base 2", "bits", lambda a: a / np.log(2)),
    Row("with {v} to the base 10", "bits", lambda a: a / np.log(10)),
)
LOG_ROWS = (
    Row("for {v} with rows that are normalised first", "normalise", lambda a: a - np.logaddexp.reduce(a, axis=1, keepdims=True)),
    Row("for {v} with columns that are normalised first", "over-points", lambda a: a - np.logaddexp.reduce(a, axis=0, keepdims=True)),
    Row("with the rows of {v} shifted by one place", "index", lambda a: np.roll(a, 1, 0), "which row belongs to which step?"),
    Row("with the rows of {v} shifted by one place", "index", lambda a: np.roll(a, -1, 0), "which row belongs to which step?"),
    Row("with {v} transposed", "transpose", lambda a: a.T if a.shape[0] == a.shape[1] else None, "which index is the earlier state?"),
    Row("for {v} whose rows are all alike", "axis", lambda a: _all(a.mean(0, keepdims=True), slice(1))),
)
SERIES = (
    Row("for {v} in reverse order", "order", lambda a: a[::-1], "which difference is the later one?"),
    Row("without the last row of {v}", "index", lambda a: a[:-1] if len(a) > 3 else None, "where does the index end?"),
    Row("from the last three rows of {v} alone", "index", lambda a: a[-3:], "which ones count?"),
    Row("from the first three rows of {v} alone", "index", lambda a: a[:3], "which ones count?"),
)
# fmt: on
KINDS = {  # kind: (rows for any axes, and for one and two leading axes besides)
    "simplex": (WEIGHTS, ALONG[:3], ()),
    "onehot": (SHARES, (), ALONG[1:3]),
    "spd": (MATRIX, (), ()),
    "negative": (MATRIX, (), ()),
    "points": (PLACES, (), (*ALONG, *ROWS)),
    "means": (PLACES, (), (*ALONG, *ROWS)),
    "centre": (PLACES, (), ()),
    "positive": (NUMBER, ALONG, ()),
    "above1": (NUMBER, ALONG, ()),
    "chance": (NUMBER, ALONG, ()),
    "counts": (NUMBER, ALONG, ()),
    "real": (REAL, (), ()),
    "log": (LOG, (), LOG_ROWS),
    "logsimplex": (LOG, (), LOG_ROWS),
}  # fmt: skip


def rows(q):
    """The rows for a quantity, by its kind and axes."""
    if q.kind == "simplex" and len(q.axes) == 2:
        return (*SHARES, *ALONG[1:3])
    if q.axes == "mp":
        return SERIES
    every, one, two = KINDS.get(q.kind, ((), (), ()))
    return (
        *every,
        *(one if len(q.axes) == 1 else two if len(q.axes) == 2 else ()),
        *(ALONG if q.axes == "kdd" else ()),
    )


def indexed(name, axes):
    """ "Sigma_j", "r_ij": a name with the indices of its first axes."""
    index = {"k": "j", "n": "i", "nk": "ij", "kd": "j", "kdd": "j"}.get(axes, "")
    return f"{name}_{index}" if index else name


def changed(row, value):
    """The row's value, or None where it has none."""
    try:
        with np.errstate(all="ignore"):
            return row.change(np.asarray(value, float))
    except (ValueError, IndexError, TypeError, np.linalg.LinAlgError):
        return None


def hypotheses(w, truth):
    """What may have stood in an argument's place, for a world's arguments. truth: World -> the truth's output."""
    for name, q in w.kinds.items():
        if name in w.values and "." not in name:
            objects = {"v": name, "v_": indexed(name, q.axes)}
            for row in rows(q):
                yield Hypothesis(ARGUMENT + row.told, row.cause, name, _elsewhere(truth, _replace(name, row)), objects,
                                 row.question.format(**objects))  # fmt: skip
    for told, cause, subject, change, question in (*_exchanges(w), *_left_out(w)):
        yield Hypothesis(ARGUMENT + told, cause, subject, _elsewhere(truth, change), {}, question)


def _elsewhere(truth, change):
    """The truth's output for the changed world."""

    def output(w, t):
        other = change(w)
        return None if other is None else truth(other)

    return output


def _replace(name, row):
    def change(w):
        value = changed(row, w.values[name])
        return None if value is None else w.replace(**{name: value})

    return change


def _exchanges(w):
    """Two arguments of one shape in each other's place, or one in the place of both."""
    names = [u for u in w.names if w.kinds[u].kind not in ("opaque", "size", "labels")]
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            p, q = w.kinds[a], w.kinds[b]
            if "tuple" in (p.kind, q.kind):
                pairs = [(f"{a}.{part}", f"{b}.{part}") for part in p.parts] if p.parts == q.parts else []
            else:
                pairs = [(a, b)] if p.axes == q.axes and p.axes else []
            if pairs:
                turned = [(v, u) for u, v in pairs]
                yield (f"with {a} and {b} in each other's place", "order", f"{a},{b}", _moved([*pairs, *turned]), "")
                for one, other, move in ((a, b, turned), (b, a, pairs)):
                    told = f"with {one} also in the place of {other}"
                    yield told, "argument", other, _moved(move), f"where does {other} enter?"


def _moved(pairs):
    """The first leaf of each pair gets the value of the second."""
    return lambda w: w._replace(values=w.values | {u: w.values[v] for u, v in pairs})


def _left_out(w):
    """One point, time step, component or column that does not take part, or that alone does."""
    for letter in "ntkd":
        if w.sizes.get(letter, 0) > 1:
            one = axis(letter)[0]
            for told, part, question in (
                (f"without the first {one}", slice(1, None), "where does the sum or the loop begin?"),
                (f"without the last {one}", slice(None, -1), "where does the sum or the loop end?"),
                (f"for the first {one} alone", slice(0, 1), "does a `return` stand inside the loop?"),
                (f"for the last {one} alone", slice(-1, None), "does a loop overwrite instead of adding up?"),
            ):
                yield told, "index", letter, lambda w, letter=letter, part=part: _cut(w, letter, part), question


def _cut(w, letter, part):
    if w.sizes.get(letter, 0) < 3:
        return None
    values = {}
    for name, value in w.values.items():
        axes = w.kinds[name].axes
        if letter in axes and np.ndim(value) == len(axes):
            value = np.asarray(value)[tuple(part if u == letter else slice(None) for u in axes)]
        values[name] = value
    return w._replace(values=values)
