"""What an answer returned, by value: plain arrays, read without asking the answer's own objects anything.

A subclass of ndarray is read by its memory, a list item by item; an object of the learner's that would have to be
asked (`__array__`, `__eq__`, `__iter__`) is refused with a sentence, so it cannot lie.
"""

import array
import inspect
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

# Kept here, so that an answer which patches numpy does not patch its judge.
_ARRAY, _ZEROS, _VIEW, _MASKED, _ISFINITE = np.array, np.zeros, np.ndarray.view, np.ma.MaskedArray, np.isfinite
_SUBCLASS = issubclass
_NUMBERS = (bool, int, float, Fraction, Decimal)


def _is(v, kinds):
    """isinstance by the type itself: `__class__` may say anything."""
    return _SUBCLASS(type(v), kinds)


class Odd(Exception):
    """A result that cannot be read as numbers; the message is a sentence for the learner."""


class Value(NamedTuple):
    """One output: a float64 array of its own; did it come in single precision, or as a number in an array?"""

    a: np.ndarray
    single: bool = False
    boxed: bool = False


def read(result, out):
    """The outputs as a list of `Value`, one for each name in `out` ({name: axes}); raises `Odd` with a sentence."""
    names = list(out)
    _refuse(result)
    if len(names) == 1:
        return [_unboxed(_value(result, f"the {names[0]}" if out[names[0]] else "the number"), out[names[0]])]
    wanted = f"{len(names)} results are expected, {', '.join(names)}, in this order"
    if _is(result, dict):
        raise Odd(f"It returned a dict; {wanted}: return {', '.join(names)}.")
    if _is(result, (tuple, list)):
        parts = list(tuple.__iter__(result) if _is(result, tuple) else list.__iter__(result))
    elif _is(result, np.ndarray) and result.ndim:
        parts = list(_VIEW(result, np.ndarray))
    else:
        raise Odd(f"It returned one {_kind(result)}; {wanted}.")
    if len(parts) != len(names):
        raise Odd(f"It returned {len(parts)} result{'s' * (len(parts) != 1)}; {wanted}.")
    for part, name in zip(parts, names, strict=True):
        _refuse(part, f"its {name}")
    return [_unboxed(_value(part, name), out[name]) for part, name in zip(parts, names, strict=True)]


def _unboxed(value, axes):
    """A number where a number is asked, if it comes as an array with one entry."""
    boxed = not axes and value.a.ndim > 0 and value.a.size == 1
    return value._replace(a=value.a.reshape(()), boxed=True) if boxed else value


def _refuse(result, what="it"):
    """Things that are returned by mistake, each with its own sentence."""
    What = what[0].upper() + what[1:]
    returned = "It returned" if what == "it" else f"{What} is"
    if result is None:
        raise Odd(f"{returned} None: is a `return` missing?" if what == "it" else f"{What} is None: was it ever set?")
    if result is Ellipsis:
        raise Odd(f"{returned} `...`: something is still to be written.")
    if inspect.iscoroutine(result):
        result.close()
        raise Odd(f"{returned} a coroutine: write `def`, without `async`.")
    if inspect.isgenerator(result) or type(result) in (map, filter, zip):
        raise Odd(f"{returned} a {type(result).__name__}, which has computed nothing yet: make an array of it.")
    if isinstance(result, type):
        raise Odd(f"{returned} a class. Numbers are expected: an array, a list or a float.")
    if callable(result) and not _is(result, np.ndarray):
        raise Odd(f"{returned} a function: was it meant to be called, with parentheses?")


def _value(result, what):
    try:
        a = _plain(result, what)
    except RecursionError:
        raise Odd("It returned a list in a list in a list without end, or one that contains itself.") from None
    single = _is(result, (np.ndarray, np.generic)) and result.dtype.kind == "f" and result.dtype.itemsize == 4
    single = single or (type(result) in (list, tuple) and any(_is(v, np.float32) for v in result))
    return Value(a, single)


def _plain(v, what):
    if _is(v, _MASKED):
        mask = np.ma.getmaskarray(v)
        if mask.any():
            raise Odd(
                f"It returned a masked array, in which {int(mask.sum())} of {mask.size} entries have no value: "
                "return a plain array with a number in every place."
            )
        return _plain(_VIEW(v.data, np.ndarray), what)
    if _is(v, (np.ndarray, np.generic)):
        a = _VIEW(v, np.ndarray) if _is(v, np.ndarray) else _ARRAY(v)
        kind = a.dtype.kind
        if kind in "fiub":
            return _ARRAY(a, dtype=float, order="C")
        if kind == "c":
            raise Odd(
                "It returned complex numbers; real ones are expected. Where does a root of a negative number arise?"
            )
        if kind == "O":
            return _plain(a.tolist(), what)
        raise Odd(f"It returned an array of type {a.dtype}; numbers are expected.")
    if type(v) in _NUMBERS:
        try:
            return _ARRAY(float(v))
        except OverflowError:
            raise Odd("It returned a whole number too large for floating point.") from None
    if _is(v, complex):
        raise Odd("It returned a complex number; a real one is expected. Where does a root of a negative number arise?")
    if _is(v, (list, tuple)):
        items = list(list.__iter__(v) if _is(v, list) else tuple.__iter__(v))
        parts = [_plain(item, what) for item in items]
        shapes = {p.shape for p in parts}
        if len(shapes) > 1:
            raise Odd(
                f"It returned a list whose items differ in shape ({_few(shapes)}): every row needs the same length."
            )
        return _ARRAY(parts, dtype=float) if parts else _ZEROS(0)
    if type(v) in (range, array.array):
        return _plain(list(v), what)
    if v is None:
        raise Odd("It returned a list or array with None in it: is a number missing?")
    if _is(v, str):
        raise Odd("It returned text; numbers are expected.")
    if _is(v, (dict, set, frozenset)):
        raise Odd(f"It returned a {type(v).__name__}; an array is expected, since the order matters.")
    raise Odd(f"It returned {_kind(v)}; numbers are expected: an array, a list or a float.")


def _kind(v):
    name = type.__getattribute__(type(v), "__name__")
    return f"an object of type {name}" if type(v).__module__ not in ("builtins", "numpy") else f"a value of type {name}"


def _few(shapes):
    words = sorted(map(str, shapes))
    return ", ".join(words[:3]) + (", ..." if len(words) > 3 else "")


# ---- closeness


def close(got: Any, want: Any, floor=0.0):
    """True if two lists of `Value` are the same by value: 1e-6 relative, wider where one is in single precision.

    floor: absolute, one for each output or one for all. Infinities and NaN are the same where they stand alike.
    """
    if len(got) != len(want):
        return False
    floors = floor if isinstance(floor, (list, tuple)) else [floor] * len(want)
    return all(
        a.a.shape == b.a.shape and bool(differences(a, b, f)[1].all())
        for a, b, f in zip(got, want, floors, strict=True)
    )


def differences(got, want, floor=0.0):
    """(|got - want| (inf where one is not finite and the other is not the same), which entries are close)."""
    a, b = got.a, want.a
    single = got.single or want.single
    with np.errstate(all="ignore"):
        finite = np.isfinite(a) & np.isfinite(b)
        off = np.where(finite, np.abs(np.where(finite, a, 0) - np.where(finite, b, 0)), np.inf)
        same = (np.isnan(a) & np.isnan(b)) | (np.isinf(a) & (a == b))
        off = np.where(same, 0.0, off)
        size = np.abs(b[np.isfinite(b)]).max(initial=0.0)
        rtol, share = (1e-3, 1e-4) if single else (1e-6, 1e-9)
        limit = rtol * np.abs(np.where(finite, b, 0)) + share * size + floor
    return off, off <= limit
