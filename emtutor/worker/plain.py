"""What a function returned, as plain data: nothing of it can run, lie or refuse to be sent.

Plain are None, `...`, bool, int, float, complex, arrays of numbers, and lists and tuples of these. Subclasses are read
by their memory, not by their methods; a Series or DataFrame of pandas is read as its array. The rest becomes `Other`.
"""

import array
import inspect
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

LARGEST = 10**7  # numbers in one array
_PANDAS = ("Series", "DataFrame", "Index")


@dataclass(frozen=True)
class Other:
    """Something that is no data. kind: "generator", "coroutine", "class", "function", "text", "mapping", "masked",
    "dtype", "large", "huge", "endless" or "object"; name: its type, or how many, in words."""

    kind: str
    name: str = ""


def plain(v):
    """The value as plain data; what is plain already stays as it is."""
    try:
        return _plain(v)
    except RecursionError:
        return Other("endless")


def _plain(v):
    kind = type(v)
    if v is None or v is Ellipsis or kind in (bool, int, float, complex, Other):
        return v
    if issubclass(kind, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(v)
        return (
            Other("masked", f"{int(mask.sum())} of {mask.size}")
            if mask.any()
            else _plain(np.ndarray.view(v.data, np.ndarray))
        )
    if issubclass(kind, (np.ndarray, np.generic)):
        return _array(np.ndarray.view(v, np.ndarray) if issubclass(kind, np.ndarray) else np.array(v))
    if kind in (Fraction, Decimal):
        try:
            return float(v)
        except OverflowError:
            return Other("huge")
    if issubclass(kind, (list, tuple)):
        items = list.__iter__(v) if issubclass(kind, list) else tuple.__iter__(v)
        parts = [_plain(item) for item in items]
        return parts if issubclass(kind, list) else tuple(parts)
    if kind in (range, array.array):
        return _array(np.array(v)) if len(v) <= LARGEST else Other("large", f"({len(v)},)")
    return _other(v, kind)


def _array(a):
    if a.dtype.kind == "O":
        return _plain(a.tolist())
    if a.dtype.kind not in "fiubc":
        return Other("dtype", str(a.dtype))
    if a.size > LARGEST:
        return Other("large", str(a.shape))
    return np.array(a, order="C")


def _other(v, kind):
    if inspect.iscoroutine(v):
        v.close()
        return Other("coroutine")
    name = type.__getattribute__(kind, "__name__")
    module = kind.__dict__.get("__module__", "")
    if inspect.isgenerator(v) or kind in (map, filter, zip):
        return Other("generator", name)
    if issubclass(kind, type):
        return Other("class")
    if isinstance(module, str) and module.partition(".")[0] == "pandas" and name in _PANDAS:
        return _plain(v.to_numpy())
    if callable(v):
        return Other("function")
    if issubclass(kind, str):
        return Other("text")
    if issubclass(kind, (dict, set, frozenset)):
        return Other("mapping", name)
    return Other(
        "object", f"an object of type {name}" if module not in ("builtins", "numpy") else f"a value of type {name}"
    )
