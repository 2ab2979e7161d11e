"""Maps of the output: the truth, put through one step too much or too few, or in another arrangement."""

import numpy as np

from emtutor.causes.findings import Hypothesis
from emtutor.causes.wording import axis

_ALL = "{It} {is} {amount}"


def _softmax(t):
    e = np.exp(t - t.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _hard(t):
    """One-hot rows of a table of shares, 0 and 1 for a share alone."""
    if not t.ndim or not np.allclose(t.sum(-1), 1) or (t < 0).any():
        return None
    return np.eye(t.shape[-1])[t.argmax(-1)]


def _square(function):
    """A map of square matrices, None for other arrays."""
    return lambda t: function(t) if t.ndim > 1 and t.shape[-1] == t.shape[-2] else None


def _traces(t):
    return np.broadcast_to(np.trace(t, axis1=-2, axis2=-1)[..., None, None], t.shape)


# fmt: off
ANY = (  # (what the answer is, cause, map of the truth, question)
    (_ALL + "the logarithm of {one}", "log", np.log, "is an exp missing, or a log too much?"),
    (_ALL + "exp of {one}", "log", np.exp, "is a logarithm missing, or an exp too much?"),
    (_ALL + "the square root of {one}", "power", np.sqrt, "is a square root too much, or a square missing?"),
    (_ALL + "the square of {one}", "power", np.square, "is a square too much, or a root missing?"),
    (_ALL + "one over {one}", "inverse", lambda t: 1 / t, "what divides what?"),
    (_ALL + "minus the logarithm of {one}", "log", lambda t: -np.log(t), ""),
    (_ALL + "one minus {one}", "sign", lambda t: 1 - t, "which of the two events is meant?"),
    (_ALL + "the absolute value of {one}", "sign", np.abs, "where is the sign lost?"),
    ("For {it} each row is given wholly to its largest entry", "hard", _hard, ""),
    (_ALL + "{one} cut off to whole numbers", "integer", np.trunc, "does // cut something off, or is an array of integers being filled?"),
    (_ALL + "the logarithm, to the base 2, of {one}", "bits", np.log2, ""),
    (_ALL + "the logarithm, to the base 10, of {one}", "bits", np.log10, ""),
    (_ALL + "log(1 + {one})", "log", np.log1p, ""),
    (_ALL + "exp({one}) - 1", "log", np.expm1, ""),
    *((_ALL + "{one} rounded to " + (f"{i} decimals" if i else "whole numbers"), "integer",
       lambda t, i=i: np.round(t, i), "is something rounded that is only to be printed so?") for i in range(6)),
)
ARRAYS = (  # of arrays of any shape
    (_ALL + "a softmax of {one}", "softmax", lambda t: _softmax(t) if t.ndim else None, ""),
    (_ALL + "{one}, divided by the sum over everything", "axis", lambda t: t / t.sum() if t.ndim else None, ""),
    (_ALL + "{one}, made to sum to one along the last axis", "normalise",
     lambda t: t / t.sum(-1, keepdims=True) if t.ndim else None, ""),
    (_ALL + "{one} with each column divided by its sum", "over-points",
     lambda t: t / t.sum(0) if t.ndim > 1 else None, ""),
    (_ALL + "the transpose of {one}", "transpose", _square(lambda t: np.swapaxes(t, -1, -2)), ""),
    (_ALL + "the transpose of {one}", "transpose", lambda t: np.swapaxes(t, 0, 1) if t.ndim > 1 else None, "which index comes first?"),
    ("{It} {has} its axes in another order than asked", "transpose", lambda t: np.moveaxis(t, 0, -1) if t.ndim > 2 else None, "which index comes first?"),
    ("{It} {has} its axes in another order than asked", "transpose", lambda t: np.moveaxis(t, -1, 0) if t.ndim > 2 else None, "which index comes first?"),
    (_ALL + "the transpose of {one}, reshaped", "reshape", lambda t: t.T.reshape(t.shape) if t.ndim == 2 else None, ""),
    (_ALL + "{one}, reshaped instead of transposed", "reshape", lambda t: t.reshape(t.shape[::-1]) if t.ndim == 2 else None, ""),
    ("One number came: the sum of all entries of {one}", "axis", np.sum, "which axes are to be kept?"),
    ("One number came: the mean of all entries of {one}", "axis", np.mean, "which axes are to be kept?"),
    ("The numbers are right, but all in one row", "shape", lambda t: t.ravel() if t.ndim > 1 else None, ""),
    ("The numbers are right, with an axis of length 1 too many", "shape", lambda t: t[..., None], "was keepdims left on, or an index written as a slice?"),
    ("The numbers are right, with an axis of length 1 too many", "shape", lambda t: t[None], "was keepdims left on, or an index written as a slice?"),
)
MATRICES = (  # of the last two axes
    ("The diagonals are right and everything beside them is 0", "diagonal", lambda t: t * np.eye(t.shape[-1]), "what of the covariances?"),
    ("Only the diagonals are there; the whole matrices are asked for", "diagonal", lambda t: np.diagonal(t, axis1=-2, axis2=-1), ""),
    ("The diagonals are right, the entries beside them twice too large", "diagonal", lambda t: t * (2 - np.eye(t.shape[-1])), "are entries ab and ba one variable here, or two?"),
    ("The diagonals are right, the entries beside them are half of what they should be", "diagonal", lambda t: t * (1 + np.eye(t.shape[-1])) / 2, "are entries ab and ba one variable here, or two?"),
    ("One triangle of the matrix is right, the other is 0", "diagonal", np.tril, "what of the other triangle?"),
    ("One triangle of the matrix is right, the other is 0", "diagonal", np.triu, "what of the other triangle?"),
    (_ALL + "the Cholesky factor of {one}", "power", np.linalg.cholesky, "is a covariance asked for, or its root?"),
    (_ALL + "the inverse of {one}", "inverse", np.linalg.inv, "is a covariance asked for, or a precision?"),
    ("Each matrix holds its trace in every entry", "broadcast", _traces, "is v @ v.T of one axis a number, where a column times a row was meant?"),
    (_ALL + "the mean of the diagonal of {one}, times the unit matrix", "diagonal", lambda t: _traces(t) / t.shape[-1] * np.eye(t.shape[-1]), "may the directions differ, and tilt?"),
)
ALONG = (  # of an axis i of length above one
    ("The {plural} come in reverse order", "index", lambda t, i: np.flip(t, i), "where does the index begin?"),
    ("The {plural} are shifted by one place", "index", lambda t, i: np.roll(t, 1, i), "where does the index begin?"),
    ("The {plural} are shifted by one place", "index", lambda t, i: np.roll(t, -1, i), "where does the index begin?"),
    ("{It} {adds} up along the {plural}", "index", np.cumsum, "is a running sum not reset?"),
    ("{It} {is} {amount}the differences of {one} along the {plural}", "index", lambda t, i: np.diff(t, axis=i), "is a difference taken too much?"),
    ("Every entry holds the sum over the {plural}", "axis", lambda t, i: _spread(t.sum(i, keepdims=True), t), ""),
    ("Every entry holds the mean over the {plural}", "axis", lambda t, i: _spread(t.mean(i, keepdims=True), t), "has each a value of its own?"),
    ("All {plural} hold the result of the first one", "index", lambda t, i: _spread(t.take([0], i), t), "is the index of the loop used?"),
    ("All {plural} hold the result of the last one", "index", lambda t, i: _spread(t.take([-1], i), t), "is the index of the loop used?"),
    ("{You} summed over the {plural}; one result for each is asked for", "axis", lambda t, i: t.sum(i), "which axes are to be kept?"),
    ("{You} averaged over the {plural}; one result for each is asked for", "axis", lambda t, i: t.mean(i), "which axes are to be kept?"),
    ("Only the first of the {plural} is there; one result for each is asked for", "index", lambda t, i: t.take(0, i), "does a `return` stand inside the loop?"),
    ("Only the last of the {plural} is there", "index", lambda t, i: t.take(-1, i), "does the loop overwrite its result?"),
    ("The first of the {plural} is missing", "index", lambda t, i: np.delete(t, 0, i), "where does the range begin?"),
    ("The last of the {plural} is missing", "index", lambda t, i: np.delete(t, -1, i), "where does the range end?"),
    ("The numbers are right, with an axis of length 1 too many", "shape", lambda t, i: np.expand_dims(t, i), "was keepdims left on, or an index written as a slice?"),
)
# fmt: on


def _spread(part, t):
    return np.broadcast_to(part, t.shape)


def _side(how, matrices, name, p):
    """M^p on one side of the output, or on both; of vectors there is one side only."""

    def output(w, t):
        M = np.linalg.matrix_power(w.values[name], p)
        if matrices:
            return {"left": lambda: M @ t, "right": lambda: t @ M, "both": lambda: M @ t @ M}[how]()
        return np.einsum("...ab,...b->...a", M, t)

    return output


SIDES = (("left", "times"), ("both", "with, on both sides,"), ("right", "with, on the right,"))
POWERS = (
    (2, "{m}^2", "inverse", "is there {v} where its inverse belongs?"),
    (-2, "the inverse of {m}^2", "inverse", "is there an inverse where the matrix itself belongs?"),
    (1, "{m}", "power", "is {v} missing somewhere, or one too many?"),
    (-1, "the inverse of {m}", "power", "is {v} missing somewhere, or one too many?"),
)


def hypotheses(w, axes):
    """What may have been done with the right output; axes: its letters, or None."""
    for table in (ANY, ARRAYS):
        for told, cause, function, question in table:
            yield Hypothesis(told, cause, axes or "", _of_truth(function), {}, question)
    for i, letter in enumerate(axes or ""):
        plural = axis(letter)[1]
        for told, cause, function, question in ALONG:
            some = lambda t, f=function, i=i: f(t, i) if t.ndim > i else None
            yield Hypothesis(told, cause, letter, _of_truth(some), {"plural": plural}, question)
    if axes and len(axes) > 1 and axes[-1] == axes[-2]:
        for told, cause, function, question in MATRICES:
            yield Hypothesis(told, cause, axes[-1], _of_truth(_square(function)), {}, question)
    if axes and axes.endswith("d"):
        yield from _powers_of_matrices(w, axes)


def _powers_of_matrices(w, axes):
    for name in w.leaves("spd"):
        own = w.kinds[name].axes
        if "." in name or ("k" in own) != axes.startswith("k"):
            continue
        m = f"{name}_j" if "k" in own else name
        for p, power, cause, question in POWERS:
            for how, words in SIDES:
                if how == "left" or axes.endswith("dd"):
                    told = f"{{It}} {{is}} {{amount}}{{one}} {words} {power.format(m=m)}"
                    output = _side(how, axes.endswith("dd"), name, p)
                    yield Hypothesis(told, cause, name, output, {}, question.format(v=name))


def _of_truth(function):
    def output(w, t):
        try:
            return function(t)
        except (ValueError, IndexError, TypeError, np.exceptions.AxisError, np.linalg.LinAlgError):
            return None

    return output
