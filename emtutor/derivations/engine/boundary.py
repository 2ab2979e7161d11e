"""Where a person's own data leave a formula without a value: a weight of zero, an empty component, too few points.

A line that fails there is tried a small step inside; if it holds there it is left out, with the reason, and not wrong.
"""

from dataclasses import replace

import numpy as np

from emtutor import causes
from emtutor.derivations.engine.compare import computed, is_far
from emtutor.derivations.engine.line import Breaks, Skip, call
from emtutor.derivations.engine.values import Unsettled, value
from emtutor.maths.degenerate import Degenerate

STEP = 1e-6  # how far inside


def excuse(chain, line, case, before, broken, judge):
    """Raise `Skip` with the reason if the data are to blame that `line` breaks on this case, and not the line."""
    holds = lambda there: _holds(chain, line, there, before, judge)
    edges, peculiar = _edges(case), _peculiar(case)
    if edges and holds(_all(case, _inside)):
        raise Skip(
            f"{' and '.join(edges[:2])}: this line speaks of what is not zero; a step of {STEP:g} inside it holds"
        )
    if is_far(case) and holds(_all(case, _centred(case.args["x"]))):
        raise Skip("x is so far from zero that rounding takes all digits: with the mean taken off x it holds")
    if broken.no_value and _has_values_elsewhere(chain, line):
        raise Skip(_in_words(broken, edges or peculiar))


def _in_words(broken, why):
    cause = broken.__cause__
    if isinstance(cause, Unsettled):
        return f"{broken.what} on these data"
    if isinstance(cause, Degenerate):
        few = [w for w in why if "no volume" in w]
        return f"{few[0]}, so no covariance is positive definite" if few else broken.what
    return f"{broken.what}: {' and '.join(why[:2]) or 'on these data only'}"


def _edges(case):
    """What of the arguments lies on the boundary of what it may be, in words."""
    found = []
    for name, v in case.args.items():
        kind, a = causes.quantity(name, v).kind, np.asarray(v) if not isinstance(v, tuple) else np.zeros(0)
        if kind == "simplex" and a.size:
            empty = np.flatnonzero(a.sum(0) == 0) if a.ndim == 2 else []
            if len(empty):
                found.insert(0, f"column {empty[0]} of {name} is empty")
            elif (a == 0).any():
                found.append(f"{name} holds zeros")
        if kind in ("log", "logsimplex") and a.size and np.isneginf(a).any():
            found.append(f"{name} holds -inf")
        if kind == "chance" and a.size and ((a == 0) | (a == 1)).any():
            found.append(f"{name} is 0 or 1")
    return found


def _peculiar(case):
    """Other reasons for which a formula may have no value on these data, in words."""
    found = []
    x, z = case.args.get("x"), case.args.get("z")
    if np.ndim(z) == 2 and (np.sum(z, axis=0) == 0).any():
        found.append(f"component {int(np.argmin(np.sum(z, axis=0))) + 1} has no points")
    if np.ndim(x) == 2:
        n, d = np.shape(x)
        flat = np.flatnonzero(np.ptp(x, axis=0) == 0)
        if n <= d:
            found.append(f"{n} point{'s' * (n > 1)} in {d} dimension{'s' * (d > 1)} span{'s' * (n == 1)} no volume")
        elif len(flat):
            found.append(f"column {flat[0]} of x is constant")
        elif np.ptp(x, axis=0).max() > 1e4 * np.ptp(x, axis=0).min():
            found.append("the columns of x are in very different units")
    return found


def _holds(chain, line, there, before, judge):
    try:
        trusted = before and replace(before, values=computed(before.function, [there]))
        judge(chain, line, [there], trusted)
    except (Breaks, Skip):
        return False
    return True


def _all(case, change):
    return case.changed({name: change(name, v) for name, v in case.base.items()})


def _centred(x):
    middle = np.mean(x, axis=0)

    def change(name, v):
        q = causes.quantity(name, v)
        return np.asarray(v, float) - middle if q.kind in ("points", "means", "centre") and q.axes[-1] == "d" else v

    return change


def _inside(name, v):
    kind = causes.quantity(name, v).kind
    if kind == "simplex":
        a = np.asarray(v, float)
        return (1 - STEP) * a + STEP / a.shape[-1]
    if kind in ("log", "logsimplex"):
        a = np.asarray(v, float)
        return np.maximum(a, a.max(-1, keepdims=True) - 300) if a.ndim else v
    if kind == "chance":
        return (1 - STEP) * np.asarray(v, float) + STEP / 2
    return v


def _has_values_elsewhere(chain, line):
    """True if the line can be computed on the chain's own problems: then it is no fault of the line."""
    try:
        with np.errstate(all="ignore"):
            for problem in chain.problems(np.random.default_rng(0))[:3]:
                result = call(line.function, chain.case(problem).args)
                parts = result.values() if isinstance(result, dict) else [result]
                if any(np.isnan(value(part)).any() for part in parts):
                    return False
    except Exception:
        return False
    return True
