"""What a line returns, as numbers; what is none is said in words."""

import numpy as np

from emtutor.derivations.engine.line import Numerical
from emtutor.maths.degenerate import Degenerate


class Unsettled(ArithmeticError):
    """A numerical derivative that did not converge."""


class Infeasible(ValueError):
    """A solution that lies outside of where its arguments live."""


class NoNumber(TypeError):
    """A line that returned something else."""


def value(v):
    """What a line returned, as an array of its own of real numbers. Raises `NoNumber` if it is none."""
    v = v.value if isinstance(v, Numerical) else v
    if isinstance(v, dict):
        raise NoNumber(f"it gives a dict of {', '.join(map(str, v))}, which is not one value: compare one of them")
    if np.ma.is_masked(v):
        raise NoNumber("it gives masked entries: a masked entry is no number")
    try:
        a = np.array(v)
    except (TypeError, ValueError):
        raise NoNumber(f"it gives a {type(v).__name__} whose parts differ in shape: make one array of it") from None
    if a.dtype.kind == "c":
        if (a.imag != 0).any():
            raise NoNumber(f"it gives complex numbers, with imaginary parts up to {np.abs(a.imag).max():.3g}")
        a = a.real
    if a.dtype.kind == "O" and all(hasattr(e, "__float__") and not isinstance(e, str) for e in a.flat):
        a = a.astype(float)
    if a.dtype.kind not in "biuf":
        what = "nothing: does it return its result?" if v is None else f"{_sort(a)}, not numbers"
        raise NoNumber(f"it gives {what}")
    return a.astype(float)


def _sort(a):
    return "text" if a.dtype.kind in "US" else f"objects ({type(a.flat[0]).__name__})" if a.size else "nothing"


def own_error(v, size=0.0):
    """A numerical derivative's own estimate of its relative error (to at least `size`); 0 for a formula."""
    return float(np.max(v.error, initial=0.0)) / largest(v.value, size) if isinstance(v, Numerical) else 0.0


def is_numerical(values):
    """True if one of the values is a numerical derivative."""
    return any(isinstance(v, Numerical) for v in values)


def largest(*values):
    """The largest entry of all these, in size; never zero."""
    return max(1e-300, *(float(np.max(np.abs(v), initial=0.0)) for v in values))


def units(*values):
    """How large the entries of a column are, shaped as the values: columns have units of their own, of a matrix
    rows too. Zero for a number or a vector, whose entries may have any.
    """
    v = np.max([np.where(np.isfinite(v), np.abs(v), 0.0) for v in values], axis=0)
    if v.ndim < 2 or v.size == 0:
        return np.zeros_like(v)
    if v.ndim > 2 and v.shape[-1] == v.shape[-2]:
        s = np.sqrt(np.diagonal(v, axis1=-2, axis2=-1).reshape(-1, v.shape[-1]).max(0))
        return np.broadcast_to(np.outer(s, s), v.shape)
    return np.broadcast_to(v.max(axis=tuple(range(v.ndim - 1))), v.shape)


def said(problem):
    """An exception in words."""
    if isinstance(problem, np.linalg.LinAlgError):
        return "a matrix is singular, or not positive definite, to working precision"
    plain = isinstance(problem, (Infeasible, Unsettled, NoNumber, Degenerate))
    return str(problem) if plain else f"it raised {type(problem).__name__}: {problem}"
