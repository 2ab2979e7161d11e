"""In which special cases a line holds that is no equation of two formulas: an inequality, a root, a limit."""

import numpy as np

from emtutor.probes.cases import cases
from emtutor.probes.worlds import fresh, world

UNITS = (1.0, 0.1, 3.0, 10.0)


def where(holds, problems, draws=8, seed=0):
    """The weakest special cases, in words, in which `holds(problem)` is true on as many fresh draws as asked for.

    holds: function of a Problem -> True, False, or None where that cannot be said. Every draw has a unit of its own: an
    inequality that holds by luck in one seldom does in all. An empty list if it mostly holds anyway: then a case would
    explain nothing.
    """
    rng = np.random.default_rng(seed)
    worlds = [w for w in map(world, problems) if min(w.sizes.values(), default=0) > 1]
    if not worlds or sum(holds(fresh(w, rng).problem()) is not False for w in worlds[:4]) > 1:
        return []
    held = []
    for case in cases(worlds[0]):
        agreed = 0
        for attempt in range(2 * draws):
            unit = UNITS[attempt % len(UNITS)]
            changed = case.change(_rescaled(fresh(worlds[attempt % len(worlds)], rng), unit), rng)
            good = None if changed is None else holds(changed.problem())
            if good is False:
                break
            agreed += good is True
            if agreed == draws:
                held.append(case)
                break
    slugs = {case.slug for case in held}
    return [case.when for case in held if not slugs & set(case.stronger_than)]


def _rescaled(w, c):
    """The world with x in a unit 1 / c times as long."""
    return w._replace(
        values={u: value * c ** w.kinds[u].unit if w.kinds[u].unit else value for u, value in w.values.items()}
    )
