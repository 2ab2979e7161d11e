"""One judge for each relation: what a line computes against the last line that can be trusted.

Each takes (chain, line, cases, before) and returns a `Checked` that holds, or raises `Breaks`; `Skip` where nothing can
be said.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from emtutor import causes
from emtutor.derivations.engine import maximum
from emtutor.derivations.engine.compare import (
    RTOL,
    RTOL_NUMERICAL,
    WORN,
    Comparison,
    apart,
    computed,
    difference,
    on_each,
)
from emtutor.derivations.engine.elsewhere import at_tight, elsewhere
from emtutor.derivations.engine.line import Breaks, Checked, Numerical, Skip, call
from emtutor.derivations.engine.values import is_numerical, largest, own_error, units, value

RTOL_ROOT = 1e-8  # of a gradient at its root, relative to what a root wrong by a tenth would leave
RTOL_LIMIT = 1e-6  # of the last step of a limit


def after(line, before, cases):
    """What a line is compared with: the line before, with what is done to both sides."""
    if line.do is None:
        return before
    values = tuple(done(line, v, case) for case, v in zip(cases, before.values, strict=True))
    function = lambda **args: call(line.do, args | {"value": value(call(before.function, args))})
    return replace(before, values=values, function=function)


def done(line, before, case):
    """The value before, after what the line does to both sides."""
    if line.do is None:
        return before
    if isinstance(before, Numerical):
        result = value(call(line.do, case.args | {"value": before.value}))
        return Numerical(result, np.abs(result) * own_error(before))
    return value(call(line.do, case.args | {"value": before}))


def start(chain, line, cases, before=None):
    """A definition, or a numerical derivative of it: nothing to compare with."""
    values = computed(line.function, cases)
    numerical = is_numerical(values)
    errors = [own_error(v, case.size) for v, case in zip(values, cases, strict=True)]
    return Checked(line, "start", error=max(errors) if numerical else None, numerical=numerical, values=values)


def equal(chain, line, cases, before):
    """Equal to the line before, entry by entry."""
    values, seen = computed(line.function, cases), Comparison()
    for case, mine, other in zip(cases, values, before.values, strict=True):
        seen.of(case, apart(mine, other, [line.function, before.function], case))
    numerical = is_numerical(values + before.values)
    return Checked(line, "holds", error=seen.judged(), note=seen.lost, numerical=numerical, values=values)


# ---- inequalities


def inequality(chain, line, cases, before, *, relation=None, tight=None):
    """Nowhere on the wrong side of the line before, and equal to it in the tight case."""
    relation, tight = relation or line.relation, tight or line
    side = 1 if relation == "<=" else -1
    what = f"line {before.number} is {'larger' if side > 0 else 'smaller'}"
    values, seen, functions = computed(line.function, cases), Comparison(), [line.function, before.function]
    equal_somewhere = False
    for case, mine, other in zip(cases, values, before.values, strict=True):
        found = apart(mine, other, functions, case, side=side)
        same_shape = np.shape(mine) == np.shape(other)
        seen.of(case, found._replace(what=what) if same_shape and not np.isinf(found.error) else found)
        equal_somewhere = equal_somewhere or (found.equal and difference(mine, other, case.size) <= RTOL)
    seen.judged()
    _tried_elsewhere(chain, line, cases, before, tight, side, what)
    checked = Checked(line, "holds", note=seen.lost, values=values)
    return _tight(chain, checked, cases, before, tight, equal_somewhere)


def _tried_elsewhere(chain, line, cases, before, tight, side, what):
    functions = [line.function, before.function]
    for case in elsewhere(cases, tight):
        try:
            if before.first and difference(call(before.first, case.args), call(before.function, case.args)) > 1e-6:
                continue  # outside of what the chain speaks of
            pair = [value(call(f, case.args)) for f in functions]
            found = apart(*pair, functions, case, side=side)
        except Exception:
            continue
        if not found.equal and np.isfinite(found.error):
            raise Breaks(found.error, case.label, what)


def _tight(chain, checked, cases, before, tight, equal_somewhere):
    """The same with what is known of the tight case. Raises `Breaks` if it should be tight there and is not."""
    if tight.tight is None:
        note = "equal on some of the problems" if equal_somewhere else "true, and never tight here"
        return replace(checked, note=note, tight=equal_somewhere)
    seen, functions = Comparison(), [checked.line.function, before.function]
    touched = on_each(cases, lambda case: at_tight(case, tight))
    pairs = on_each(touched, lambda there: [value(call(f, there.args)) for f in functions])
    words = f" where {tight.tight_when}" if tight.tight_when else ""
    for there, pair, *here in zip(touched, pairs, checked.values, before.values, strict=True):
        size = max(there.size, *(largest(value(v)) for v in here))
        found = apart(*pair, functions, there, size=size)
        seen.of(there, found._replace(what=f"not tight{words}: {found.what}"))
    if tight.aside and not seen.holds:
        return replace(checked, note="true, and never tight here", tight=False)
    return replace(checked, error=seen.judged(), note=f"tight{words}")


# ---- roots


def root(chain, line, cases, before):
    """Put into the line before it gives zero, everything derived held fixed."""
    into = line.into or before.function
    seen, free = Comparison(), True

    def put_in(case):
        solution = maximum.as_dict(line, call(line.function, case.args))
        maximum.refuse_infeasible(solution)
        there = [call(into, case.args | s) for s in (solution, _moved(solution, 0.1), _moved(solution, -0.1))]
        if np.isnan(value(there[0])).any():
            raise Breaks(np.inf, case.label, "the equation has no value (NaN) at this root", no_value=True)
        return solution, isinstance(there[0], Numerical), *map(value, there)

    tried = on_each(cases, put_in)
    for case, (solution, is_numerical_, left, *wrong) in zip(cases, tried, strict=True):
        unit = np.maximum(np.abs(wrong).max(0), 1e-6 * units(*wrong))
        if largest(unit) <= 1e-300:
            seen.see(case, not left.any(), 0.0 if not left.any() else np.inf, _largest_entry(np.abs(left), left))
            continue
        free, unit = False, np.maximum(unit, case.size)
        error = np.divide(np.abs(left), unit, out=np.where(left == 0, 0.0, np.inf), where=unit > 0)
        limit = np.full(error.shape, 10 * RTOL_NUMERICAL if is_numerical_ else RTOL_ROOT)
        if ((error > limit) & (error < WORN)).any():
            limit = np.maximum(limit, np.minimum(_last_digits(into, case.args, solution, left) / unit, WORN))
        what = f"at this root the gradient is not zero: {_largest_entry(error, left)}"
        seen.see(case, (error <= limit).all(), float(error.max(initial=0.0)), what)
    error = seen.judged()
    if free:
        _indifferent(cases, f"it is zero whatever is put in for {', '.join(tried[0][0])}")
    return Checked(line, "holds", error=error, note="a root", values=tuple(_alone(s) for s, *_ in tried))


def _indifferent(cases, what):
    """Any other solution is as good: a person's own data may make it so; of all problems together it is a mistake."""
    if len(cases) == 1 and cases[0].own:
        raise Skip(f"on these data {what}")
    raise Breaks(np.inf, "", what)


def _last_digits(function, args, solution, here):
    """By how much the function may miss zero at a root: 10 times what it moves by with the root's last digits."""
    moved = maximum.in_last_digits(solution)
    return 10 * np.max([np.abs(value(call(function, args | m)) - here) for m in moved], axis=0)


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


def _largest_entry(error, left):
    if not left.size:
        return ""
    at = np.unravel_index(int(np.argmax(error >= 0.999 * error.max())), left.shape)
    return f"entry [{', '.join(map(str, at))}] is {left[at]:.6g}" if at else f"it is {left:.6g}"


# ---- limits and maximisers


def limit(chain, line, cases, before):
    """Approached by the line before, still falling at the end, as `toward` runs through twelve powers of ten."""
    seen, orders = Comparison(), []

    def approach(case):
        end, path = value(call(line.function, case.args)), []
        for power in range(13):
            there = case.changed({line.toward: case.args[line.toward] * 10.0**-power})
            path.append((there, value(call(before.function, there.args))))
        return (
            end,
            [difference(v, end, case.size) for _, v in path],
            apart(path[-1][1], end, [before.function], path[-1][0]),
        )

    tried = on_each(cases, approach)
    for case, (_, errors, last) in zip(cases, tried, strict=True):
        orders.append(_order(errors))
        stays = errors[-1] > RTOL and errors[-1] > 0.3 * errors[-4]  # it no longer falls: no error of the limit
        near = errors[-1] <= (RTOL if stays else RTOL_LIMIT)
        seen.see(case, near or last.equal, min(errors[-1], last.error) if last.equal else errors[-1], last.what)
    note = f"limit, {_in_words(min(orders))}"
    return Checked(line, "holds", error=seen.judged(), note=note, values=tuple(end for end, *_ in tried))


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
    seen, objective = Comparison(), line.of or before.function

    def tried_from(case):
        best = maximum.as_dict(line, call(line.function, case.args))
        maximum.refuse_infeasible(best)
        f = lambda changes: float(value(call(objective, case.args | changes)))
        top = maximum.away_from_top(f, best, case.args, np.random.default_rng(1))
        if not np.isfinite(top.error):
            raise Breaks(np.inf, case.label, top.where, no_value=True)
        return best, top

    tried = on_each(cases, tried_from)
    for case, (_, top) in zip(cases, tried, strict=True):
        seen.see(case, top.holds, top.error, top.where)
    error = seen.judged()
    free = [top for _, top in tried if top.free]
    if free and all(top.level for top in free):
        names = ", ".join(tried[0][0])
        _indifferent(cases, f"the objective does not depend on {names}: any other value is as good")
    note = maximum.FOUND if free else "nothing else is possible here"
    return Checked(line, "holds", error=error, note=note, values=tuple(_alone(best) for best, _ in tried))


JUDGES: dict[str, Callable] = {
    "start": start,
    "=": equal,
    "<=": inequality,
    ">=": inequality,
    "therefore": root,
    "tends to": limit,
    "maximises": maximiser,
}
