"""One judge for each relation: what a line computes against the last line that can be trusted.

Each takes (chain, line, cases, before) and returns a `Verdict`, or raises `Breaks`.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from emtutor import causes
from emtutor.derivations.engine import maximum
from emtutor.derivations.engine.compare import (
    RTOL,
    RTOL_NUMERICAL,
    RTOL_TIE,
    computed,
    difference,
    kind,
    largest,
    largest_entry,
    last_digits,
    on_each,
    own_error,
    rounding,
    size_of,
    tolerance,
    value,
)
from emtutor.derivations.engine.elsewhere import elsewhere
from emtutor.derivations.engine.line import Breaks, Numerical, Skip, call

RTOL_ROOT = 1e-8  # of a gradient at its root, relative to what a root wrong by a tenth would leave
RTOL_LIMIT = 1e-6  # of the last step of a limit
_WORN = 1e-2  # if rounding alone may do as much, nothing can be said


class Verdict(NamedTuple):
    error: float | None
    note: str
    values: list


class Trusted(NamedTuple):
    """The last line that can be trusted, with what was done to both sides since then."""

    number: int
    values: list
    function: Callable
    equation: "Trusted | None" = None  # of a solution: what it was put into, and another may be
    first: Callable | None = None  # the formula that it is equal to by the lines before
    wider: "Trusted | None" = None  # of an inequality: what it was compared with

    def after(self, line, cases):
        """The same after what `line` does to both sides."""
        if line.do is None:
            return self
        values = [done(line, v, case) for case, v in zip(cases, self.values, strict=True)]
        return self._replace(values=values, function=_then(self.function, line))


def _then(function, line):
    return lambda **args: call(line.do, args | {"value": value(call(function, args))})


def done(line, before, case):
    """The value before, after what the line does to both sides."""
    if line.do is None:
        return before
    if isinstance(before, Numerical):
        after = call(line.do, case.args | {"value": before.value})
        return Numerical(after, np.abs(np.asarray(after)) * own_error(before))
    return call(line.do, case.args | {"value": before})


class _Worst:
    """The largest error over all cases, with what is said of it."""

    def __init__(self):
        self.error, self.label, self.what, self.each = -np.inf, "", "", {}

    def see(self, error, limit, case, what):
        error = np.inf if np.isnan(error) else error
        self.each[case.label] = bool(error <= limit)
        if error > self.error and not np.isclose(error, self.error, rtol=RTOL_TIE, atol=0):  # of equals the first
            self.error, self.label, self.what = error, case.label, what

    def judged(self):
        """The error. Raises `Breaks` if it was too large anywhere."""
        if not all(self.each.values()):
            raise Breaks(self.error, self.label, self.what, self.each)
        return max(self.error, 0.0)


def start(chain, line, cases, before=None):
    """A definition, or a numerical derivative of it: nothing to compare with."""
    values = computed(chain, line.function, cases)
    note = kind(values)
    errors = [own_error(v, size_of(chain, case)) for v, case in zip(values, cases, strict=True)]
    return Verdict(max(errors, default=0.0) if note else None, note, values)


def equal(chain, line, cases, before):
    """Equal to the line before, entry by entry, relative to the largest."""
    values, worst, lost = computed(chain, line.function, cases), _Worst(), 0.0
    for case, mine, other in zip(cases, values, before.values, strict=True):
        size = size_of(chain, case)
        error, where = difference(value(mine), value(other), size)
        limit = max(tolerance(mine, size), tolerance(other, size))
        if _may_be_rounding(error, limit, cases):
            lost = max(lost, _rounding(line, before, case, size, error))
            limit = max(limit, lost)
        worst.see(error, limit, case, where)
    note = "; ".join(filter(None, (kind(values + before.values), _digits(lost))))
    return Verdict(worst.judged(), note, values)


def _may_be_rounding(error, limit, cases):
    """True for a small error; for any on a person's own data, which may lie where no digit is left."""
    return limit < error < (np.inf if len(cases) == 1 else _WORN)


def _rounding(line, before, case, size, error):
    """The rounding of both lines. Raises `Skip` if it explains the error and hides all there is to compare."""
    lost = rounding([line.function, before.function], case, size)
    if error <= lost and lost > _WORN:
        raise Skip("rounding leaves no digit to compare: take the mean off x")
    return lost if lost <= _WORN else 0.0


def _digits(lost):
    return f"rounding leaves only {max(int(-np.log10(lost)), 0)} digits: take the mean off x" if lost > RTOL else ""


def inequality(chain, line, cases, before, *, relation=None, tight=None):
    """Nowhere on the wrong side of the line before, and equal to it in the tight case."""
    relation, tight = relation or line.relation, tight or line
    values, worst = computed(chain, line.function, cases), _Worst()
    word = "larger" if relation == "<=" else "smaller"

    def excess(mine, other, size):
        mine, other = value(mine), value(other)
        if mine.shape != other.shape:
            return difference(mine, other)
        over = (other - mine) * (1 if relation == "<=" else -1) / largest(mine, other, size)
        return float(np.max(np.where(mine == other, 0.0, over), initial=-np.inf)), f"line {before.number} is {word}"

    for case, mine, other in zip(cases, values, before.values, strict=True):
        size = size_of(chain, case)
        error, what = excess(mine, other, size)
        limit = RTOL
        if _may_be_rounding(error, limit, cases):
            limit = max(limit, _rounding(line, before, case, size, error))
        worst.see(error, limit, case, what)
    worst.judged()
    for i, case in elsewhere(cases, tight):
        try:
            if before.first and not _agree(before.first, before.function, case):
                continue  # outside of what the chain speaks of
            size = largest(value(values[i]), value(before.values[i]), size_of(chain, case))
            error, what = excess(call(line.function, case.args), call(before.function, case.args), size)
        except Exception:
            continue
        if RTOL < error < np.inf and error > rounding([line.function, before.function], case, size):
            raise Breaks(error, case.label, what)
    if tight.tight is None:
        return Verdict(None, "whether it is ever tight was not tried", values)
    error = _tight(chain, line, cases, values, before, tight)
    return Verdict(error, f"tight where {tight.tight_when}", values)


def _agree(one, two, case):
    return difference(value(call(one, case.args)), value(call(two, case.args)))[0] < 1e-6


def _tight(chain, line, cases, values, before, tight):
    """The error in the tight case, relative to the size of the line there and elsewhere."""
    worst = _Worst()
    touched = on_each(cases, lambda case: case.changed(call(tight.tight, case.args)))
    pairs = on_each(touched, lambda there: [value(call(f, there.args)) for f in (line.function, before.function)])
    for case, there, pair, mine, other in zip(cases, touched, pairs, values, before.values, strict=True):
        size = largest(value(mine), value(other), size_of(chain, there))
        error, where = difference(*pair, size)
        limit = RTOL
        if RTOL < error < _WORN:
            limit = max(RTOL, rounding([line.function, before.function], there, size))
        worst.see(error, limit, case, f"not tight{f' where {tight.tight_when}' if tight.tight_when else ''}: {where}")
    return worst.judged()


def root(chain, line, cases, before):
    """Put into the line before it gives zero, everything derived held fixed."""
    into = line.into or before.function
    worst, free = _Worst(), True

    def put_in(case):
        solution = maximum.as_dict(line, call(line.function, case.args))
        maximum.refuse_infeasible(solution)
        there = [call(into, case.args | s) for s in (solution, _moved(solution, 0.1), _moved(solution, -0.1))]
        return solution, isinstance(there[0], Numerical), *map(value, there)

    tried = on_each(cases, put_in)
    for case, (solution, is_numerical, left, *wrong) in zip(cases, tried, strict=True):
        scale, rest = largest(*wrong, size_of(chain, case)), float(np.max(np.abs(left), initial=0.0))
        error = 0.0 if rest == 0 else rest / scale if scale > 1e-300 else np.inf
        limit = 10 * RTOL_NUMERICAL if is_numerical else RTOL_ROOT
        if limit < error < _WORN:
            limit = max(limit, last_digits(into, case.args, solution, left) / scale)
        free = free and largest(*wrong) <= 1e-300
        worst.see(error, limit, case, f"at this root the gradient is not zero: {largest_entry(left, scale)}")
    error = worst.judged()
    if free:
        raise Breaks(np.inf, "", f"it is zero whatever is put in for {', '.join(tried[0][0])}")
    return Verdict(error, "a root", [_alone(solution) for solution, *_ in tried])


def _alone(solution):
    return next(iter(solution.values())) if len(solution) == 1 else solution


def _moved(solution, by):
    """The root, wrong by a tenth of its size, each entry in its own way and in its own unit."""
    moved = {}
    for name, v in solution.items():
        v = np.asarray(v, float)
        pattern = np.cos(1.7 * np.arange(v.size) + 0.4).reshape(v.shape)
        moved[name] = v + by * pattern * (np.abs(v) + 0.1 * _unit_of_entries(name, v))
    return moved


def _unit_of_entries(name, v):
    """How large an entry could be that happens to be zero: columns of mu and entries of Sigma have their own units."""
    if causes.quantity(name, v).kind == "spd":
        s = np.sqrt(np.abs(np.diagonal(v, axis1=-2, axis2=-1)).reshape(-1, v.shape[-1]).max(0))
        return np.outer(s, s)
    return np.max(np.abs(v), axis=0 if v.ndim == 2 else None, initial=1e-300)


def limit(chain, line, cases, before):
    """Approached by the line before, still falling at the end, as `toward` runs through twelve powers of ten."""
    worst, orders = _Worst(), []

    def approach(case):
        end, path = value(call(line.function, case.args)), []
        for power in range(13):
            there = case.changed({line.toward: case.args[line.toward] * 10.0**-power})
            path.append(difference(value(call(before.function, there.args)), end, size_of(chain, case)))
        return end, path

    tried = on_each(cases, approach)
    for case, (_, path) in zip(cases, tried, strict=True):
        errors = [error for error, _ in path]
        orders.append(_order(errors))
        last, where = path[-1]
        stays = last > RTOL and last > 0.3 * errors[-4]  # an error that no longer falls is no error of the limit
        worst.see(last, RTOL if stays else RTOL_LIMIT, case, where)
    return Verdict(worst.judged(), f"limit, {_in_words(min(orders))}", [end for end, _ in tried])


def _order(errors):
    """p where the error falls as eps^p from one power of ten to the next, as last seen above the noise."""
    falls = [(a, np.log10(a / max(b, 1e-17))) for a, b in pairwise(errors) if a > 1e-12]
    if not falls or any(a > 1e-9 and order > 6 for a, order in falls):
        return np.inf
    clear = [order for a, order in falls if 1e-9 < a < 0.1]
    return clear[-1] if clear else falls[-1][1]


def _in_words(order):
    return "faster than any power" if order == np.inf else f"order {order:.1f}"


def maximiser(chain, line, cases, before):
    """No feasible step from here makes the objective larger, and some make it smaller."""
    rng, worst = np.random.default_rng(1), _Worst()
    objective = line.of or before.function

    def tried_from(case):
        best = maximum.as_dict(line, call(line.function, case.args))
        maximum.refuse_infeasible(best)
        f = lambda changes: float(value(call(objective, case.args | changes)))
        return best, *maximum.away_from_top(f, best, case.args, rng)

    tried = on_each(cases, tried_from)
    for case, (_, error, where, _) in zip(cases, tried, strict=True):
        worst.see(error, maximum.RTOL_MAXIMUM, case, where)
    error = worst.judged()
    if all(level for *_, level in tried):
        names = ", ".join(tried[0][0])
        raise Breaks(np.inf, "", f"the objective does not depend on {names}: any other value is as good")
    return Verdict(error, "no feasible step is better", [_alone(best) for best, *_ in tried])


JUDGES: dict[str, Callable] = {
    "start": start,
    "=": equal,
    "<=": inequality,
    ">=": inequality,
    "therefore": root,
    "tends to": limit,
    "maximises": maximiser,
}
