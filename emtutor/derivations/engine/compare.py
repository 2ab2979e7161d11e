"""How far two values are apart, entry by entry, and how much of that is rounding.

Every entry is measured in its own size, so that no unit hides another. An entry that is small because larger numbers
cancel in it is forgiven what the last digits of the arguments do to it, and nothing more.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from emtutor import causes
from emtutor.derivations.engine.line import Breaks, Numerical, Skip, call
from emtutor.derivations.engine.values import Unsettled, largest, own_error, said, units, value

RTOL = 1e-9  # of two formulas, relative to the entry
RTOL_NUMERICAL = 1e-7  # of a formula and a numerical derivative
WORN = 1e-2  # if rounding alone may do as much, nothing can be said
SETTLED = 1e-3  # the relative error that a numerical derivative may expect of itself
_EPS = np.finfo(float).eps
_FLOOR = 64 * _EPS  # below the column's size nobody sees more
_WHOLE = ("size", "onehot", "labels")  # kinds that have no last digits
_UNSTEADY = (
    "it gives another value when it is called again: a line may not draw random numbers or remember the last call"
)


# ---- values


def computed(function, cases):
    """The function's values on all cases. Raises `Breaks` where it has none, or more than one."""
    values = on_each(cases, lambda case: _evaluated(function, case))
    for case, v in list(zip(cases, values, strict=True))[:2]:
        _refuse_unsteady(function, case, v)
    return tuple(values)


def on_each(cases, f):
    """f(case) for each. Raises `Breaks` where that fails."""
    values = []
    for case in cases:
        try:
            values.append(f(case))
        except (Breaks, Skip):
            raise
        except Exception as problem:
            raise Breaks(np.inf, case.label, said(problem), no_value=True) from problem
    return values


def _evaluated(function, case):
    v = call(function, case.args)
    v = Numerical(*map(value, v)) if isinstance(v, Numerical) else value(v)
    if np.isnan(value(v)).any():
        raise Breaks(np.inf, case.label, "it has no value (NaN)", no_value=True)
    if own_error(v) > SETTLED and np.max(v.error, initial=0.0) > SETTLED * largest(
        v.value, case.size, _natural(function, case, v.value)
    ):
        raise Unsettled("the numerical derivative did not converge")
    return v


def _refuse_unsteady(function, case, v):
    again, v = value(call(function, case.args)), value(v)
    if again.shape != v.shape or not np.allclose(again, v, RTOL, 0, equal_nan=True):
        raise Breaks(np.inf, case.label, _UNSTEADY)


# ---- two of them


class Apart(NamedTuple):
    """Two values compared: equal but for rounding? The largest relative error, where it is, what rounding takes."""

    equal: bool
    error: float
    what: str = ""
    lost: float = 0.0  # what rounding may do to the worst entry, relative to its natural size


def apart(mine, other, functions, case, *, size=None, side=0):
    """`Apart`: value `mine` against `other`, which `functions` compute in this case.

    size: how large a difference is worth speaking of, if it is not the case's. side: 1 if mine may be larger, -1 if
    smaller. Raises `Skip` if on a person's own data rounding hides all there is to compare.
    """
    a, b = value(mine), value(other)
    if a.shape != b.shape:
        hint = ": transposed?" if a.shape == b.shape[::-1] else ""
        return Apart(False, np.inf, f"it has shape {a.shape}, the line before {b.shape}{hint}")
    if a.size == 0:
        return Apart(True, 0.0)
    size = case.size if size is None else size
    off = _off(a, b, side)
    if np.isnan(off).any():
        return Apart(False, np.inf, "it has no value (NaN)")
    rtol = RTOL_NUMERICAL if isinstance(mine, Numerical) or isinstance(other, Numerical) else RTOL
    scale = _finite(np.maximum(np.maximum(np.abs(a), np.abs(b)), max(size, 1e-300)))
    floor = _FLOOR * units(a, b)
    allowed = np.maximum(rtol * scale, floor)
    for v in (mine, other):
        if isinstance(v, Numerical):
            allowed = np.maximum(allowed, 10 * v.error)
    lost, wrong = 0.0, off > allowed
    if wrong.any() and np.isfinite(off).all() and (case.own or off.max() <= WORN * largest(a, b, size)):
        noise, natural = rounding(functions, case, scale)
        if case.own and (off <= np.maximum(noise, allowed)).all() and (noise > WORN * natural)[wrong].any():
            raise Skip("rounding leaves no digit to compare" + _remedy(case))
        allowed = np.maximum(allowed, np.minimum(noise, WORN * natural))
        if rtol == RTOL_NUMERICAL:  # where a derivative vanishes, its own estimate of its error is rounding too
            allowed = np.maximum(allowed, RTOL * natural)
        lost = float((noise / natural)[wrong].max())
    return _apart(off, scale, allowed, rtol, a, b, lost)


def _off(a, b, side):
    with np.errstate(invalid="ignore"):
        off = np.where(a == b, 0.0, a - b)
    return np.abs(off) if side == 0 else np.maximum(-side * off, 0.0)


def _finite(scale):
    return np.where(np.isfinite(scale), scale, 1.0)


def _apart(off, scale, allowed, rtol, a, b, lost):
    wrong = off > allowed
    if not wrong.any():
        return Apart(True, float((off / np.maximum(scale, allowed / rtol)).max()), "", lost)
    # The entry to name is the one that is wrong by most of what its column holds; of equal ones it is the first.
    score = np.where(wrong, off / np.maximum(scale, _finite(units(a, b))), 0.0)
    at = np.unravel_index(int(np.argmax(score >= 0.999 * score.max())), score.shape)
    place = f"entry [{', '.join(map(str, at))}] is " if at else "it is "
    shown, wanted = (in_digits(v[at], largest(a[at], b[at], units(a, b)[at])) for v in (a, b))
    what = f"{shown}, off by {off[at]:.2g}" if shown == wanted else f"{shown}, not {wanted}"
    return Apart(False, float(score[at]), place + what, lost)


def in_digits(number, scale):
    """Six digits, or 0 for what is only rounding beside `scale`."""
    return "0" if abs(number) < RTOL * scale < np.inf else f"{number:.6g}"


def difference(a, b, size=0.0):
    """The largest difference of two plain values, each entry relative to its own size (at least `size`)."""
    a, b = value(a), value(b)
    if a.shape != b.shape:
        return np.inf
    off = _off(a, b, 0)
    scale = np.maximum(np.maximum(np.abs(a), np.abs(b)), np.maximum(1e-6 * units(a, b), max(size, 1e-300)))
    return float(np.max(np.nan_to_num(off, nan=np.inf) / _finite(scale), initial=0.0))


# ---- rounding


def rounding(functions, case, scale, tries=5):
    """(noise, natural), entry by entry: 10 times what the last digits of the arguments do to these functions, and how
    large such an entry is where nothing cancels. Zero noise where that cannot be said.
    """
    rng = np.random.default_rng(5)
    noise, natural = np.zeros_like(scale), scale.copy()
    for function in functions:
        try:
            here = value(call(function, case.args))
            natural = np.maximum(natural, _natural(function, case, here))
            for _ in range(tries):
                moved = {name: last_digit(name, v, rng) for name, v in case.base.items()}
                there = value(call(function, case.changed(moved).args))
                noise = np.maximum(noise, 10 * _off(there, here, 0))
        except Exception:
            return np.zeros_like(scale), natural
    return np.where(np.isfinite(noise), noise, 0.0), natural


def _natural(function, case, here):
    """What a tenth more or less of each argument does to each entry; zeros where that cannot be said."""
    size = np.zeros(np.shape(here))
    for by in (0.1, -0.07):
        try:
            there = case.changed({name: _by_a_tenth(name, v, by) for name, v in case.base.items()})
            size = np.maximum(size, np.nan_to_num(_off(value(call(function, there.args)), here, 0), posinf=0.0))
        except Exception:
            continue
    return size


def _moves(name, v):
    """The kind of an argument that may be any number near its own; "" for what is whole or no number at all."""
    kind = causes.quantity(name, v).kind
    a = np.asarray(v) if not isinstance(v, tuple) else None
    whole = (
        kind in _WHOLE or a is None or a.dtype.kind != "f" or (kind in ("counts", "opaque") and (a == a.round()).all())
    )
    return "" if whole else kind


def _by_a_tenth(name, v, by):
    kind = _moves(name, v)
    if not kind:
        return _each_part(name, v, lambda *part: _by_a_tenth(*part, by))
    a = np.asarray(v, float)
    if kind in ("spd", "negative"):
        return a * (1 + by)
    turn = np.cos(1.7 * np.arange(a.size) + 0.4).reshape(a.shape)
    if kind in ("points", "means", "centre") and a.ndim:
        spread = a.std(0) if a.ndim > 1 else 0.0  # each column has a unit of its own
        return a + by * turn * np.where(spread > 0, spread, 0.1 * np.abs(a))
    return a * (1 + by * turn)


def last_digit(name, v, rng):
    """The argument with each number moved a little in its last digits; zeros stay, and whole numbers too."""
    kind = _moves(name, v)
    if not kind:
        return _each_part(name, v, lambda *part: last_digit(*part, rng))
    a = np.asarray(v, float)
    step = rng.integers(-16, 17, a.shape)
    step = (step + np.swapaxes(step, -1, -2)) / 2 if kind in ("spd", "negative") else step
    return a * (1 + _EPS * step)


def _each_part(name, v, change):
    parts = causes.quantity(name, v).parts
    if not parts or not isinstance(v, tuple):
        return v
    return tuple(change(part, u) for part, u in zip(parts, v, strict=True))


def worn(lost, case):
    """What to say where rounding takes so much."""
    return f"rounding leaves few digits here{_remedy(case)}" if lost > 1e-8 else ""


def is_far(case):
    """True if x lies so far from zero, for its spread, that sums of squares lose their digits."""
    x = case.args.get("x")
    return np.ndim(x) == 2 and len(x) > 1 and bool((np.abs(np.mean(x, axis=0)) > 100 * np.std(x, axis=0)).any())


def _remedy(case):
    return ": take the mean off x" if is_far(case) else ""


# ---- over all problems


@dataclass
class Comparison:
    """A line on one problem after another: the errors, what is said of them, and where the line holds."""

    seen: list[tuple] = field(default_factory=list)  # (label, holds, error, what)
    lost: str = ""  # what is said of rounding

    def see(self, case, holds, error, what):
        """One problem more."""
        self.seen.append((case.label, bool(holds), np.inf if np.isnan(error) else error, what))

    def of(self, case, a):
        """The same of an `Apart`."""
        self.see(case, a.equal, a.error, a.what)
        self.lost = self.lost or worn(a.lost, case)

    @property
    def holds(self):
        """True if it holds on all of them."""
        return all(holds for _, holds, *_ in self.seen)

    def judged(self):
        """The largest error. Raises `Breaks` if the line does not hold somewhere; the first clear case is named."""
        if self.holds:
            return max((error for _, _, error, _ in self.seen), default=0.0)
        fell = [(label, error, what) for label, holds, error, what in self.seen if not holds]
        worst = max(error for _, error, _ in fell)
        clear = min(worst, 1.0) / 2 if np.isfinite(worst) else np.inf  # a wrong shape says more than a number
        label, error, what = next((f for f in fell if f[1] >= clear), fell[0])
        raise Breaks(error, label, what, {label: holds for label, holds, *_ in self.seen})
