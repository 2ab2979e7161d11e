"""Where a false inequality would fail first: next to its tight case, and in the special cases of a problem."""

import numpy as np

from emtutor import causes
from emtutor.causes.special import cases as special_cases
from emtutor.derivations.engine.line import Case, call
from emtutor.derivations.engine.maximum import normalised, refuse_infeasible
from emtutor.problems.worlds import fresh, world

NEAR = (0.1, -0.1, 0.01)  # steps from the tight case towards the problem, and away from it


def at_tight(case, line):
    """The case in which both sides of an inequality are equal."""
    return case.changed({name: normalised(name, v) for name, v in call(line.tight, case.args).items()})


def elsewhere(cases, line):
    """Other cases for an inequality; what cannot be made is left out."""
    rng = np.random.default_rng(3)
    for i, case in enumerate(cases):
        yield from _near_tight(case, line)
        if i in (1, 2):
            yield from _special(case, rng)


def _near_tight(case, line):
    if line.tight is None:
        return
    try:
        tight = call(line.tight, case.args)
    except Exception:
        return
    own = {name: case.args[name] for name in tight if name in case.args}
    for t in NEAR:
        try:
            moved = {name: (1 - t) * np.asarray(tight[name]) + t * np.asarray(v) for name, v in own.items()}
            refuse_infeasible(moved)
            there = case.changed({name: normalised(name, v) for name, v in moved.items()})
        except Exception:
            continue
        there.label = f"{case.label}, close to where {line.tight_when or 'it is tight'}"
        yield there


def _special(case, rng):
    w = world(causes.Problem(case.label, case.base))
    if min(w.sizes.values(), default=0) < 2:
        return
    for special in special_cases(w):
        try:
            changed = special.change(fresh(w, rng), rng)
            if changed is not None:
                yield Case(f"{case.label}, {special.when}", changed.problem().args, case.given, case.worth)
        except Exception:
            continue
