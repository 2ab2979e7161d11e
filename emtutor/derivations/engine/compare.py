"""How far two values are apart, relative to their size, and how much of that is rounding."""

import numpy as np

from emtutor import causes
from emtutor.derivations.engine.line import Breaks, Numerical, Skip, call
from emtutor.maths import degenerate

RTOL = 1e-9  # of two formulas, relative to the largest entry
RTOL_TIE = 1e-6  # of two errors or entries that are as large as each other
RTOL_NUMERICAL = 1e-7  # of a formula and a numerical derivative
NUMERICAL = "numerical derivative"
_EPS = np.finfo(float).eps


def value(v):
    """What a line returned, as an array of numbers. Raises TypeError or ValueError if it is none."""
    if isinstance(v, dict):
        raise TypeError(f"a dict of {', '.join(v)} is not one value: compare one of them")
    return np.asarray(v.value if isinstance(v, Numerical) else v, float)


def own_error(v, size=0.0):
    """A numerical derivative's own estimate of its relative error (to at least `size`); 0 for a formula.

    Where the derivative is zero its value and its error are both rounding: only `size` gives that a measure.
    """
    if not isinstance(v, Numerical):
        return 0.0
    return float(np.max(v.error, initial=0.0)) / largest(v.value, size)


def tolerance(v, size=0.0):
    """How far another value may be from this one, relative to the largest entry (at least `size`)."""
    return max(RTOL_NUMERICAL, 10 * own_error(v, size)) if isinstance(v, Numerical) else RTOL


def kind(values):
    """NUMERICAL if one of the values is a numerical derivative, else ""."""
    return NUMERICAL if any(isinstance(v, Numerical) for v in values) else ""


def computed(chain, function, cases):
    """The function's values on all cases. Raises `Breaks` where it has none."""
    return on_each(cases, lambda case: _evaluated(function, case, size_of(chain, case)))


def on_each(cases, f):
    """f(case) for each. Raises `Breaks` where that fails; `Skip` if it is the only case, and too poor for anybody."""
    values = []
    for case in cases:
        try:
            values.append(f(case))
        except (Breaks, Skip):
            raise
        except Exception as problem:
            if len(cases) == 1 and _of_the_data(problem):
                raise Skip(f"{problem}; these data are too few, too flat or too far apart") from problem
            raise Breaks(np.inf, case.label, said(problem)) from problem
    return values


def _evaluated(function, case, size):
    v = call(function, case.args)
    if np.isnan(value(v)).any():
        raise Breaks(np.inf, case.label, "it has no value (NaN)")
    if own_error(v, size) > 1e-3:
        raise Unsettled("the numerical derivative did not converge")
    return v


class Unsettled(ArithmeticError):
    """A numerical derivative that did not converge."""


def _of_the_data(problem):
    """True for what a singular covariance does, or a collapsed component: no fault of a line."""
    return isinstance(problem, (degenerate.Degenerate, Unsettled, np.linalg.LinAlgError))


def difference(a, b, size=0.0):
    """The largest difference relative to the largest entry (at least `size`), and where it is, in words."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        hint = ": transposed?" if a.shape == b.shape[::-1] else ""
        return np.inf, f"it has shape {a.shape}, the line before {b.shape}{hint}"
    if a.size == 0:
        return 0.0, ""
    with np.errstate(invalid="ignore"):
        off = np.where(a == b, 0.0, np.abs(a - b))
    if np.isnan(off).any():
        return np.inf, "it has no value (NaN)"
    at = where_largest(off)
    scale = largest(a, b, size)
    error = 0.0 if off[at] == 0 else float(off[at] / scale) if np.isfinite(scale) else np.inf
    return error, f"{_place(at)}{_shown(a[at], scale)}, not {_shown(b[at], scale)}"


def where_largest(a):
    """The place of the largest entry in size; of those that are equally large up to rounding the first."""
    a = np.abs(a)
    return tuple(map(int, np.unravel_index(int((a >= a.max() * (1 - RTOL_TIE)).argmax()), a.shape)))


def largest_entry(a, size=0.0):
    """The largest entry of one value, in words."""
    at = where_largest(a)
    return f"{_place(at)}{_shown(a[at], largest(a, size))}"


def _place(at):
    return f"entry [{', '.join(map(str, at))}] is " if at else "it is "


def _shown(number, scale):
    """Six digits, or 0 for what is only rounding beside `scale`."""
    return "0" if abs(number) < RTOL * scale < np.inf else f"{number:.6g}"


def largest(*values):
    """The largest entry of all these, in size; never zero."""
    return max(1e-300, *(float(np.max(np.abs(v), initial=0.0)) for v in values))


def size_of(chain, case):
    """How large a difference is worth speaking of, in the chain's own words; 0 if it has none."""
    return float(call(chain.size, case.args)) if chain.size else 0.0


def rounding(functions, case, size=0.0, tries=6):
    """How much of a relative difference of these functions may be rounding: 10 times what they differ by if the
    arguments move in their last digits. 0 where that cannot be said.
    """
    rng = np.random.default_rng(5)
    noise = 0.0
    for function in functions:
        try:
            here = value(call(function, case.args))
            for _ in range(tries):
                moved = {name: _last_digit(name, v, rng) for name, v in case.base.items()}
                there = value(call(function, case.changed(moved).args))
                noise = max(noise, difference(there, here, size)[0])
        except Exception:
            return 0.0
    return 10 * noise if np.isfinite(noise) else 0.0


def last_digits(function, args, solution, here):
    """By how much the function may miss zero at a root: 10 times what it moves by with the root's last digits."""
    rng = np.random.default_rng(6)
    moved = [{name: _last_digit(name, v, rng) for name, v in solution.items()} for _ in range(4)]
    return 10 * largest(*(value(call(function, args | m)) - here for m in moved))


def _last_digit(name, v, rng):
    """The argument with each number moved a little in its last digit."""
    kind_ = causes.quantity(name, v).kind
    if kind_ not in ("points", "means", "centre", "spd", "log", "real", "positive"):
        return v
    a = np.asarray(v, float)
    step = rng.integers(-16, 17, a.shape)
    step = (step + np.swapaxes(step, -1, -2)) / 2 if kind_ == "spd" else step
    return a * (1 + _EPS * step)


def said(problem):
    """An exception in words."""
    plain = isinstance(problem, (Infeasible, Unsettled))
    return str(problem) if plain else f"it raised {type(problem).__name__}: {problem}"


class Infeasible(ValueError):
    """A solution that lies outside of where its arguments live."""
