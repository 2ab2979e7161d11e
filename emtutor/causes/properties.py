"""How a wrong answer behaves where the truth behaves otherwise: under other units, a shift, another order, new values.

Each change is made to the problem; what the truth does is read off the truth itself, so nothing is assumed of it.
`run` is world -> (the answer's output, the truth's), or None.
"""

import numpy as np

from emtutor.causes.findings import SURE, Finding, same
from emtutor.causes.wording import axis, listed, number
from emtutor.problems.worlds import redraw, short

UNIT = 1.7  # the factor of another unit: no power of it is a number that a formula has


def behaviour(worlds, run, axes):
    """Under other units, orders, repetition and shifts."""
    return [*units(worlds, run), *orders(worlds, run, axes), *doubling(worlds, run, axes), *shifts(worlds, run)]


class _Dependence:
    """On which leaves answer, truth, their difference and their quotient depend, as far as was seen."""

    def __init__(self, worlds, run, rng):
        self.worlds, self.run, self.rng = worlds, run, rng
        self.leaves = [u for u in worlds[0].values if worlds[0].kinds[u].kind not in ("opaque", "size")]
        self.answer, self.truth, self.difference, self.quotient, self.sure = set(), set(), set(), set(), set()
        self.wrong = False
        self.seen = all(map(self._look, worlds[:2]))

    def _look(self, w):
        base = self.run(w)
        if base is None or not np.isfinite(base[0]).any():
            return False
        self.wrong |= base[0].shape == base[1].shape and not same(*base, 1e-9)
        for u in self.leaves:
            for _ in range(2):
                other = self.run(w.replace(**{u: redraw(w, u, self.rng)}))
                if other is not None:
                    self.sure.add(u)
                    self._compare(u, *base, *other)
        return True

    def _compare(self, u, a0, t0, a1, t1):
        if not same(a1, a0, 1e-9):
            self.answer.add(u)
        if not same(t1, t0, 1e-9):
            self.truth.add(u)
        if a0.shape == t0.shape == a1.shape == t1.shape:
            noise = 1e-13 * max(np.abs(t0).max(initial=0), np.abs(a0).max(initial=0))
            if not np.allclose(a1 - t1, a0 - t0, rtol=1e-7, atol=noise):
                self.difference.add(u)
            with np.errstate(all="ignore"):
                if not same(a1 / t1, a0 / t0, 1e-7):
                    self.quotient.add(u)

    def moves(self, u, which, steps=6):
        """True if answer (0) or truth (1) changes with u after all: whole numbers may stay for small changes."""
        for v in self.worlds[:3]:
            base, w = self.run(v), v
            for _ in range(steps):
                w = w.replace(**{u: redraw(w, u, self.rng)})
                other = self.run(w)
                if base is not None and other is not None and not same(other[which], base[which], 1e-9):
                    return True
        return False

    def whole(self):
        """True if the answer or the truth is whole numbers: small changes of an argument do not show there."""
        base = self.run(self.worlds[0])
        return base is None or any(u.ndim and np.array_equal(u, np.round(u)) for u in base)


def dependence(worlds, run, rng):
    """Arguments that the answer ignores, or needs and should not; and the arguments that its error depends on."""
    seen = _Dependence(worlds, run, rng)
    if not seen.seen:
        return
    whole = seen.whole()
    still = [u for u in seen.leaves if u in seen.truth - seen.answer and u in seen.sure]
    ignored = [] if whole and seen.answer else [u for u in still if not seen.moves(u, 0)]
    if ignored and not seen.answer and set(ignored) == seen.truth:
        yield Finding("{It} {is} the same whatever the arguments are", "argument", "all",
                      question="where do the arguments enter?", exactness=SURE)  # fmt: skip
        return
    for u in ignored:
        told = {"v": _full(u)}
        yield Finding("{It} {does} not change when {v} changes, but must", "argument", short(u), told,
                      f"where does {_full(u)} enter?", SURE)  # fmt: skip
    for u in [u for u in seen.leaves if u in seen.answer - seen.truth and u in seen.sure and not seen.moves(u, 1)]:
        yield Finding("{It} {changes} with {v}, and {one} {does} not", "argument", short(u), {"v": _full(u)},
                      f"what is {_full(u)} doing in it?")  # fmt: skip
    if whole:
        return  # labels: their differences say nothing
    if seen.wrong and not seen.difference and seen.truth and not ignored:
        relation = ("What is too much or too little in {it} depends on no value, only on how many points, components "
                    "and dimensions there are")  # fmt: skip
        yield Finding(relation, "number", "size", question="which constants are there, and what is counted?")
    off, share = "is too much or too little in {it}", "is wrong as a factor in {it}"
    for deps, what in ((seen.difference, off), (seen.quotient, share)):
        if deps and deps < seen.truth:
            yield _error(
                what, [u for u in seen.leaves if u in deps], [u for u in seen.leaves if u in seen.truth - deps]
            )


def _error(what, few, rest):
    told = {"few": listed([_full(u) for u in few]), "rest": listed([_full(u) for u in rest])}
    subject = ",".join(short(u) for u in few)
    if len(few) <= len(rest):
        stands = "stands" if len(few) == 1 else "stand"
        return Finding(f"What {what} depends on {{few}} and not on {{rest}}", "argument", subject, told,
                       f"is it right where {told['few']} {stands} alone?")  # fmt: skip
    return Finding(f"What {what} does not depend on {{rest}}", "argument", subject, told,
                   "what is done with the other arguments?")  # fmt: skip


def _full(u):
    """ "Sigma of theta_b" for the leaf theta_b.Sigma: the one of theta_a is another."""
    return f"{short(u)} of {u.split('.')[0]}" if "." in u else u


# ---- units


def units(worlds, run, c=UNIT):
    """x in another unit: the power with which the answer scales, against the truth's."""
    w = worlds[0]
    if not any(w.kinds[u].unit for u in w.values):
        return
    runs = []
    for v in worlds[:3]:
        both = [run(_scaled(v, c**i)) for i in range(5)]
        if None in both or not all(np.isfinite(u).all() for pair in both for u in pair):
            return
        runs.append(([a for a, _ in both], [t for _, t in both]))
    t, a = (_one([_power(r[i][0], r[i][1], c) for r in runs]) for i in (1, 0))
    spd = bool(w.leaves("spd"))
    if t is not None and a is not None and t != a:
        told = {"right": _times(t), "wrong": _times(a)}
        relation = "In units where x is c times as large, {one} {is} {right}, and {yours} {is} {wrong}"
        yield Finding(relation, "unit", f"{a - t:g}", told, _guess(a, t, spd))
    elif t is not None and a is None and all(_two_terms(r[0], t, c) for r in runs):
        relation = "In units where x is c times as large, {one} {is} {right}; {yours} {mixes} terms of different units"
        yield Finding(relation, "unit", "mixed", {"right": _times(t)})
    elif t is None:
        yield from _falls(*runs[0], c)


def _scaled(v, c):
    return v._replace(values={u: x * c ** v.kinds[u].unit if v.kinds[u].unit else x for u, x in v.values.items()})


def _guess(a, t, spd):
    if spd and abs(a - t) == 4:
        return "is Sigma there where its inverse belongs, or the inverse where Sigma belongs?"
    if spd and abs(a - t) == 2:
        return "is one power of Sigma missing, or too many?"
    if abs(a - t) == 1:
        return "is a standard deviation in the place of a variance, or a length not squared?"
    return "is something standardised that should keep its unit?" if a == 0 else ""


def _two_terms(outputs, t, c):
    """True if the outputs for the units 1, c, c^2, ... are A + B of two powers, one of them the truth's."""
    y = np.array([u.ravel() for u in outputs])
    steps = np.arange(len(outputs))
    for q in range(-8, 9):
        if q != t:
            basis = np.stack([c ** (t * steps), c ** (q * steps)], 1)
            fit = basis @ np.linalg.lstsq(basis, y, rcond=None)[0]
            if np.allclose(fit, y, rtol=1e-9, atol=1e-11 * np.abs(y).max()):
                return True
    return False


def _falls(mine, right, c):
    """How log-densities fall in a coarser unit: by d log c for each point."""
    if any(u.shape != right[0].shape for u in mine):
        return
    fall = np.ravel(right[1] - right[0]) / np.log(c)
    if not fall.size or not np.allclose(fall, fall[0], rtol=1e-7) or np.isclose(fall[0], 0):
        return
    own, twice = np.ravel(mine[1] - mine[0]) / np.log(c), np.ravel(mine[2] - mine[0]) / np.log(c)
    if np.allclose(own, fall, rtol=1e-6, atol=1e-9):
        return
    relation = "In units where x is c times as large {one} {changes} by {right} log c on the first problem, {yours} "
    told = {"right": number(fall[0])}
    if np.abs(own).max() < 1e-6:
        yield Finding(relation + "not at all", "unit", "log det", told, "where does the size of the covariance enter?")
    elif not np.allclose(twice, 2 * own, rtol=1e-6, atol=1e-9):
        yield Finding(relation + "not in proportion to log c", "unit", "log det", told,
                      "is there a density whose logarithm is not taken?")  # fmt: skip
    elif np.ptp(own) < 1e-6 * np.abs(own).max():
        yield Finding(relation + "by {wrong} log c", "unit", "log det", told | {"wrong": number(own[0])},
                      "over how many points and dimensions is summed, and where?")  # fmt: skip
    else:
        yield Finding(relation + "by another amount in each entry", "unit", "log det", told)


def _power(before, after, c):
    if before.shape != after.shape or not before.size or not np.abs(before).max() > 0:
        return None
    big = np.abs(before) > 1e-9 * np.abs(before).max()
    with np.errstate(all="ignore"):
        p = np.log(after[big] / before[big]) / np.log(c)
    if not p.size or not np.isfinite(p).all() or np.ptp(p) > 1e-6:
        return None
    return round(float(p.mean()), 4)


def _one(powers):
    return powers[0] if powers and powers[0] is not None and all(p == powers[0] for p in powers) else None


def _times(p):
    return "unchanged" if p == 0 else "c times as large" if p == 1 else f"c^{p:g} times as large"


# ---- moves, orders, repetition


def shifts(worlds, run):
    """All points and means moved by the same amount."""
    moved = worlds[0].leaves("points", "means", "centre")
    if "points" not in {worlds[0].kinds[u].kind for u in moved}:
        return
    verdicts = set()
    for v in worlds[:3]:
        d = v.sizes.get("d", 1)
        shift = 2.3 * np.arange(1, d + 1) * np.std([np.ravel(v.values[u]).std() for u in moved]) + 1.1
        base, other = run(v), run(v._replace(values=v.values | {u: v.values[u] + shift for u in moved}))
        if base is None or other is None or base[0].shape != base[1].shape:
            return
        (a0, t0), (a1, t1) = base, other
        if same(t1, t0):
            verdicts.add(("stays", same(a1, a0, 1e-5)))
        elif t0.ndim and t0.shape[-1] == d and same(t1, t0 + shift):
            verdicts.add(("moves along", same(a1, a0 + shift, 1e-5)))
        else:
            return
    if len(verdicts) == 1 and not next(iter(verdicts))[1]:
        told = {"who": "points and means" if len(moved) > 1 else "points", "what": next(iter(verdicts))[0]}
        yield Finding(
            "When all {who} move by the same amount {one} {what}; {yours} {does} not", "shift", "x - mu", told
        )


def orders(worlds, run, axes):
    """Components relabelled, points or columns in another order: the result ought to follow."""
    for letter, question in (("k", ""), ("n", "does each point use its own row?"),
                             ("d", "is each pair of columns treated alike?")):  # fmt: skip
        votes = [_follows(v, run, axes, letter) for v in worlds[:3] if axes and v.sizes.get(letter, 1) > 1]
        if len(votes) >= 2 and all(vote == (False, True) for vote in votes):
            own = [f"{short(u)}_j" for u, q in worlds[0].kinds.items() if q.axes[:1] == "k" and q.kind != "opaque"]
            question = question or f"does each component use its own {listed(own) if own else 'points'}?"
            told = {"who": "columns of x" if letter == "d" else axis(letter)[1]}
            yield Finding("When the {who} change places {it} {does} not follow them", "index", letter, told, question)


def _follows(v, run, axes, letter):
    """(answer follows, truth follows) when an axis is put in another order; None if that cannot be seen."""
    order = np.roll(np.arange(v.sizes[letter]), 1)  # nothing stays where it was
    base, other = run(v), run(_reordered(v, letter, order))
    if base is None or other is None or any(u.ndim != len(axes) for u in base):
        return None
    follows = []
    for before, after in zip(base, other, strict=True):
        for i, l in enumerate(axes):
            if l == letter and before.shape[i] == len(order):
                before = before.take(order, i)
        follows.append(same(after, before))
    return tuple(follows)


def _reordered(v, letter, order):
    values = dict(v.values)
    for u, value in v.values.items():
        q = v.kinds[u]
        if letter in q.axes and np.ndim(value) == len(q.axes):
            for i, l in enumerate(q.axes):
                if l == letter:
                    value = np.take(value, order, i)
            values[u] = value
        elif letter == "k" and q.kind == "labels":
            values[u] = np.argsort(order)[value]
    return v._replace(values=values)


def doubling(worlds, run, axes):
    """Every point twice: a sum doubles, a mean stays."""
    if axes is None or "n" in axes or any(v.sizes.get("n", 0) < 2 for v in worlds[:3]):
        return
    votes = set()
    for v in worlds[:3]:
        base, other = run(v), run(v._replace(values={u: _twice(u, x, v.kinds[u]) for u, x in v.values.items()}))
        if base is None or other is None or not all(np.isfinite(u).all() for u in (*base, *other)):
            return  # NaN twice is NaN, and tells nothing of sums
        votes.add(tuple(_grown(*u) for u in zip(base, other, strict=True)))
    if len(votes) == 1 and len(set(*votes)) == 2 and not next(iter(votes))[1].startswith("neither"):
        told = dict(zip(("mine", "right"), *votes, strict=True))
        yield Finding("With every point entered twice {one} {right}; {yours} {mine}", "doubling", "n", told)


def _twice(u, value, q):
    if q.axes[:1] == "n" and np.ndim(value) == len(q.axes):
        return np.concatenate([value, value])
    return 2 * value if q.kind == "size" and u == "n" else value


def _grown(before, after):
    return "stays the same" if same(after, before) else "doubles" if same(after, 2 * before) else (
        "neither doubles nor stays")  # fmt: skip
