"""What an answer returned, as values: float arrays, one for each name that is asked for. And when two are close.

`emtutor.worker.plain` has made plain data of it before, without asking the answer's own objects anything: they cannot
lie. Here what is no number gets its sentence.
"""

from typing import Any, NamedTuple

import numpy as np

from emtutor.worker import Other, plain


class Odd(Exception):
    """A result that cannot be read as numbers; the message is a sentence for the learner."""


class Value(NamedTuple):
    """One output: a float64 array of its own; did it come in single precision, or as a number in an array?

    indexes: can it stand in brackets as it came, `mu[p]`: whole numbers by type, in an array or a list?
    """

    a: np.ndarray
    single: bool = False
    boxed: bool = False
    indexes: bool = False


def read(result, out):
    """The outputs as a list of `Value`, one for each name in `out` ({name: axes}); raises `Odd` with a sentence."""
    names, result = list(out), plain(result)
    _refuse(result)
    if len(names) == 1:
        return [_unboxed(value(result), out[names[0]])]
    wanted = f"{len(names)} results are expected, {', '.join(names)}, in this order"
    if isinstance(result, Other) and result.kind == "mapping":
        raise Odd(f"It returned a {result.name}; {wanted}: return {', '.join(names)}.")
    if type(result) not in (tuple, list) and (type(result) is not np.ndarray or not result.ndim):
        raise Odd(f"It returned one {_kind(result)}; {wanted}.")
    if len(result) != len(names):
        raise Odd(f"It returned {len(result)} result{'s' * (len(result) != 1)}; {wanted}.")
    for part, name in zip(result, names, strict=True):
        _refuse(part, f"its {name}")
    return [_unboxed(value(part), out[name]) for part, name in zip(result, names, strict=True)]


def value(result):
    """Plain data as one `Value`; raises `Odd`."""
    single = isinstance(result, np.ndarray) and result.dtype == np.float32
    if type(result) in (list, tuple):
        single = any(isinstance(v, np.ndarray) and v.dtype == np.float32 for v in result)
    return Value(_numbers(result), single, indexes=_is_index(result))


def _is_index(result):
    """Integers in an array or a list: a tuple in brackets counts as one index for each axis."""
    parts = result if type(result) is list else [result]
    return all(type(v) is int or (isinstance(v, np.ndarray) and v.dtype.kind in "iu") for v in parts)


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
    if isinstance(result, Other) and result.kind in _MISTAKEN:
        raise Odd(f"{returned} {_MISTAKEN[result.kind].format(result.name)}")


_MISTAKEN = {
    "coroutine": "a coroutine: write `def`, without `async`.",
    "generator": "a {}, which has computed nothing yet: make an array of it.",
    "class": "a class. Numbers are expected: an array, a list or a float.",
    "function": "a function: was it meant to be called, with parentheses?",
}
_NO_NUMBERS = {
    "text": "text; numbers are expected.",
    "mapping": "a {}; an array is expected, since the order matters.",
    "masked": "a masked array, in which {} entries have no value: return a plain array with a number in every place.",
    "dtype": "an array of type {}; numbers are expected.",
    "large": "far more numbers than are asked for, an array of shape {}.",
    "huge": "a whole number too large for floating point.",
    "object": "{}; numbers are expected: an array, a list or a float.",
}
_COMPLEX = "complex numbers; real ones are expected. Where does a root of a negative number arise?"


def _numbers(v):
    """Plain data as one array of floats."""
    if isinstance(v, Other):
        if v.kind == "endless":
            raise Odd("It returned a list in a list in a list without end, or one that contains itself.")
        raise Odd(f"It returned {(_NO_NUMBERS | _MISTAKEN)[v.kind].format(v.name)}")
    if isinstance(v, (list, tuple)):
        parts = [_numbers(item) for item in v]
        shapes = {p.shape for p in parts}
        if len(shapes) > 1:
            raise Odd(
                f"It returned a list whose items differ in shape ({_few(shapes)}): every row needs the same length."
            )
        return np.array(parts, dtype=float) if parts else np.zeros(0)
    if v is None or v is Ellipsis:
        raise Odd(f"It returned a list or array with {v if v is None else '`...`'} in it: is a number missing?")
    if isinstance(v, complex) or (isinstance(v, np.ndarray) and v.dtype.kind == "c"):
        raise Odd(f"It returned {_COMPLEX}")
    try:
        return np.array(v, dtype=float, order="C")
    except OverflowError:
        raise Odd(f"It returned {_NO_NUMBERS['huge']}") from None


def _kind(v):
    if isinstance(v, Other):
        return v.name if v.kind == "object" else v.kind
    return "array of no dimension" if isinstance(v, np.ndarray) else f"value of type {type(v).__name__}"


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


def size(value):
    """The largest finite absolute value, 0 if there is none."""
    return float(np.abs(value.a[np.isfinite(value.a)]).max(initial=0.0))
