"""What is known of a line that breaks: how it is related to the right one, and in which special cases it would hold."""

from dataclasses import replace

import numpy as np

from emtutor import causes
from emtutor.causes.special import cases
from emtutor.causes.wording import sentence
from emtutor.derivations.engine import judges
from emtutor.derivations.engine.compare import computed
from emtutor.derivations.engine.line import Breaks, Checked, Numerical, Skip, call
from emtutor.derivations.engine.values import value
from emtutor.problems.worlds import fresh, world

UNITS = (1.0, 0.1, 3.0, 10.0)  # of x, in turn, where a special case is tried
DRAWS = (20, 60)  # the fewest and the most problems on which a special case must hold to be claimed
RARE = 2  # a line that fails on so few problems fails rarely


def explained(chain, broken, done):
    """The same `Checked` with what is found out about it, compared with a formula that can be trusted.

    They ask the derivation's own problems, whatever data the chain ran on: one data set has no special cases.
    """
    if broken.against is None:
        return broken
    tried = chain.problems(np.random.default_rng(0))
    try:
        here, _ = _evaluated(chain, broken.line.function, tried[0], tried[0].args.values())
        is_equation = broken.line.relation == "=" and not isinstance(here, Numerical)
        has_value = is_equation and np.isfinite(value(here)).all()
    except Exception:
        return broken  # nothing to compare
    if not is_equation:
        return replace(broken, cases=_where_it_holds(chain, broken, tried))
    truth, apply = _formula_equal_to(broken, done)

    def answer(*args):
        return value(_evaluated(chain, broken.line.function, tried[0], args)[0])

    def right(*args):
        v, case = _evaluated(chain, truth, tried[0], args)
        return value(judges.done(broken.line, v, case) if apply else v)

    found = causes.find(answer, right, tried) if has_value else []
    special = causes.special_cases(answer, right, tried)
    # "= 0" is a claim, and no slip of code: what would explain such a function says nothing of it.
    claims_a_number = any(f.cause == "zero" or f.subject == "all" for f in found)
    told = [] if claims_a_number else found[: 1 if found and found[0].telling else 2]
    sentences = [sentence(f, "the line") for f in told]
    if special and not any(f.cause == "case" for f in told):
        sentences.append(f"It would be right where {' or '.join(special[:3])}.")
    return replace(broken, cases=tuple(dict.fromkeys(sentences)))


def _evaluated(chain, function, like, args):
    case = chain.case(like._replace(args=dict(zip(like.args, args, strict=True))))
    return call(function, case.args), case


def _formula_equal_to(broken, done):
    """A trusted formula with the broken line's value, and whether its `do` is still to be applied."""
    after = []
    for c in done[broken.number :]:
        if c.line.relation != "=" or c.line.do is not None:
            break
        if c.status == "holds" and not broken.line.do:
            after.append(c)
    first = done[broken.against - 1]
    for c in (*after, first):
        if not c.numerical or c.line.relation == "=":
            return c.line.function, c is first and broken.line.do is not None
    return first.line.function, broken.line.do is not None


# ---- inequalities, roots, limits: no two formulas to compare


def _where_it_holds(chain, broken, tried):
    """In which special cases, or on which of the problems, a line holds that is no equation of two formulas."""
    line, before = broken.line, chain.lines[broken.against - 1].function

    def holds(problem):
        """True, False, or None where that cannot be said."""
        try:
            case = chain.case(problem, own=True)
            values = computed(before, [case])
            trusted = Checked(line, "holds", number=broken.against, values=values, function=before)
            trusted = judges.after(line, trusted, [case])
        except Exception:
            return None
        try:
            judges.JUDGES[line.relation](chain, line, [case], trusted)
        except Breaks:
            return False
        except Skip:
            return None
        return True

    each = broken.each
    if each is None or each.keys() != {p.label for p in tried}:
        each = {p.label: holds(p) for p in tried}
    held, fell = ([label for label, was in each.items() if was is good] for good in (True, False))
    words = []
    where = []
    if len(fell) > RARE or len(fell) >= len(held):  # what is rarely false holds by luck wherever one looks
        fell_first = sorted(tried, key=lambda p: p.label not in fell)
        where = special_cases(holds, fell_first, len(fell), _draws(len(held), len(fell)))
    if where:
        words.append(f"It would hold where {' or '.join(where[:3])}.")
    if held and fell:
        few, it = (fell, "breaks") if len(fell) <= len(held) else (held, "holds")
        more = f" and on {len(few) - 3} more" if len(few) > 3 else ""
        names = ", ".join(f"“{label}”" for label in few[:3])
        words.append(f"Of the {len(tried)} problems it {it} on {len(few)} only: {names}{more}.")
    return tuple(words)


def _draws(held, fell):
    """So many draws that a line which holds as often as on the problems passes all of them once in 10000 times."""
    return int(np.clip(np.log(1e-4) / np.log(held / (held + fell)), *DRAWS)) if held and fell else DRAWS[0]


def special_cases(holds, problems, fell, draws, seed=0):
    """The weakest special cases, in words, in which `holds(problem)` is true on as many fresh draws as asked for.

    holds: function of a Problem -> True, False, or None where that cannot be said. fell: it is false on so many of the
    problems, which come first. Every draw has a unit of its own: an inequality that holds by luck in one seldom does
    in all. An empty list if it mostly holds near those: then a case would explain nothing.
    """
    rng = np.random.default_rng(seed)
    worlds = [w for w in map(world, problems) if min(w.sizes.values(), default=0) > 1]
    if not worlds or sum(holds(fresh(w, rng).problem()) is not False for w in worlds[: min(fell, 4)]) > 1:
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
    return w._replace(values={u: v * c ** w.kinds[u].unit if w.kinds[u].unit else v for u, v in w.values.items()})
