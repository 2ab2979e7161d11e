"""How a wrong answer behaves where the truth behaves otherwise: under other units, a shift, another order, new values.

Each change is made to the problem; what the truth does is read off the truth itself, so nothing is assumed of it.
"""

import numpy as np

from emtutor.causes.findings import Finding, axis_words, same
from emtutor.problems.worlds import redraw, short


def dependence(worlds, run, name, rng):
    """Arguments that the answer ignores, or needs and should not; and the arguments that its error depends on."""
    w = worlds[0]
    leaves = [u for u in w.values if w.kinds[u].kind not in ("opaque", "size")]
    a_dep, t_dep, d_dep, q_dep, sure = set(), set(), set(), set(), set()
    off = False
    for v in worlds[:2]:
        base = run(v)
        if base is None or not np.isfinite(base[0]).any():
            return
        off |= base[0].shape == base[1].shape and not same(*base, 1e-9)
        for u in leaves:
            for _ in range(2):
                changed = redraw(v, u, rng)
                other = run(v.replace(**{u: changed}))
                if other is None:
                    continue
                sure.add(u)
                (a0, t0), (a1, t1) = base, other
                if a0.shape != a1.shape or t0.shape != t1.shape:
                    a_dep |= {u} if a0.shape != a1.shape else set()
                    t_dep |= {u} if t0.shape != t1.shape else set()
                    continue
                a_dep |= {u} if not same(a1, a0, 1e-9) else set()
                t_dep |= {u} if not same(t1, t0, 1e-9) else set()
                if a0.shape == t0.shape:
                    noise = 1e-13 * max(np.abs(t0).max(initial=0), np.abs(a0).max(initial=0))
                    d_dep |= {u} if not np.allclose(a1 - t1, a0 - t0, rtol=1e-7, atol=noise) else set()
                    with np.errstate(all="ignore"):
                        q0, q1 = a0 / t0, a1 / t1
                    q_dep |= {u} if not same(q1, q0, 1e-7) else set()
    ignored = [u for u in leaves if u in t_dep - a_dep and u in sure and not _moves(worlds[:3], u, run, rng)]
    if ignored and not a_dep and set(ignored) == t_dep:
        text = f"Your {name} is the same whatever the arguments are"
        first = run(w)
        zero = first is not None and not first[0].any()
        text += ", 0: does // cut something off, or is nothing ever written into it?" if zero else "."
        yield Finding("constant answer", text, "argument", "all", weight=79)
        return
    for u in ignored:
        yield Finding(
            f"{u} ignored",
            f"Your {name} does not change when {_full(u)} changes, but must: where does {_full(u)} enter?",
            "argument",
            short(u),
            weight=89,
        )
    unneeded = [u for u in leaves if u in a_dep - t_dep and u in sure]
    for u in [u for u in unneeded if not _moves(worlds[:3], u, run, rng, which=1)]:
        yield Finding(
            f"{u} unneeded",
            f"Your {name} changes with {_full(u)}, and the right one does not: what is {_full(u)} doing in it?",
            "argument",
            short(u),
            weight=80,
        )
    first = run(w)
    if first is None or (first[1].ndim and np.array_equal(first[1], np.round(first[1]))):
        return  # labels: their differences say nothing
    if off and not d_dep and t_dep and not ignored:
        text = (
            f"What is too much or too little in your {name} depends on no value, only on how many points, components "
            "and dimensions there are: look at the constants and at what is counted."
        )
        yield Finding("error of sizes", text, "number", "size", weight=70)
    for dep, what, weight in (
        (d_dep, "is too much or too little in your {}", 66),
        (q_dep, "is wrong as a factor in your {}", 64),
    ):
        if dep and dep < t_dep and len(dep) <= max(1, len(t_dep) - 1):
            few = [_full(u) for u in leaves if u in dep]
            rest = [_full(u) for u in leaves if u in t_dep - dep]
            text = (
                f"What {what.format(name)} depends on {_list(few)} and not on {_list(rest)}: look at the place where "
                f"{_list(few)} {'stands' if len(few) == 1 else 'stand'} alone."
                if len(few) <= len(rest)
                else f"What {what.format(name)} does not depend on {_list(rest)}: look at what you do with the others."
            )
            yield Finding(
                "error depends on",
                text,
                "argument",
                few[0] if len(few) == 1 else ",".join(few),
                weight=weight - 2 * len(few),
            )


def _full(u):
    """ "Sigma of theta_b" for the leaf theta_b.Sigma: the one of theta_a is another."""
    return f"{short(u)} of {u.split('.')[0]}" if "." in u else u


def _moves(worlds, u, run, rng, steps=4, which=0):
    """True if the answer (which=1: the truth) changes with u after all: whole numbers may stay for small changes."""
    for v in worlds:
        base, w = run(v), v
        for _ in range(steps):
            w = w.replace(**{u: redraw(w, u, rng)})
            other = run(w)
            if base is not None and other is not None and not same(other[which], base[which], 1e-9):
                return True
    return False


def units(worlds, run, name, c=1.7):
    """x in another unit: the power with which the answer scales, against the truth's."""
    w = worlds[0]
    if not any(w.kinds[u].unit for u in w.values):
        return
    a_powers, t_powers = [], []
    for v in worlds[:3]:
        scaled = v._replace(
            values={u: value * c ** v.kinds[u].unit if v.kinds[u].unit else value for u, value in v.values.items()}
        )
        base, other = run(v), run(scaled)
        if base is None or other is None:
            return
        if not all(np.isfinite(u).all() for u in (*base, *other)):
            return
        (a0, t0), (a1, t1) = base, other
        t_powers.append(_power(t0, t1, c))
        a_powers.append(_power(a0, a1, c))
    t, a = _one(t_powers), _one(a_powers)
    if t is not None and a is not None and t != a:
        guess = ""
        if "Sigma" in w.values and abs(a - t) == 4:
            guess = " Sigma, where its inverse belongs?" if a > t else " An inverse of Sigma, where Sigma belongs?"
        elif "Sigma" in w.values and abs(a - t) == 2:
            guess = " Is one power of Sigma missing, or too many?"
        elif abs(a - t) == 1:
            guess = " A standard deviation in the place of a variance, or a length that is not squared?"
        elif a == 0:
            guess = " Is something standardised that should keep its unit?"
        yield Finding(
            "unit",
            f"In units where x is c times as large, the right {name} is {_times(t)}, and yours is {_times(a)}.{guess}",
            "unit",
            f"{a - t:g}",
            weight=76,
        )
    elif t is not None and any(p is None for p in a_powers):
        added = _added(worlds, run, c)
        if t == 0 and added is not None:
            return
        yield Finding(
            "units mixed",
            f"In units where x is c times as large, the right {name} is {_times(t)}; yours mixes terms of different "
            "units: which one does not fit?",
            "unit",
            "mixed",
            weight=68,
        )
    else:
        added = _added(worlds, run, c)
        if added is not None and not np.allclose(added[0], added[1], rtol=1e-6, atol=1e-9):
            yield Finding("unit", _fall(added, _added(worlds, run, c**2), c, name), "unit", "log det", weight=69)


def _fall(added, again, c, name):
    """How log-densities fall in a coarser unit: by d log c for each point. again: the same for the unit c squared."""
    mine, right = added[0] / np.log(c), added[1][0] / np.log(c)
    text = f"In units where x is c times as large the right {name} changes by {right:g} log c on the first problem"
    if np.abs(mine).max() < 1e-6:
        return f"{text}, yours not at all: where does the size of the covariance enter?"
    if again is None or not np.allclose(again[0], 2 * added[0], rtol=1e-6, atol=1e-9):
        return f"{text}, yours not in proportion to log c: is there a density whose logarithm is not taken?"
    if np.ptp(mine) < 1e-6 * np.abs(mine).max():
        return f"{text}, yours by {mine[0]:.4g} log c: over how many points and dimensions is summed, and where?"
    return f"{text}, yours by another amount in each entry: which term does not scale as it should?"


def _added(worlds, run, c):
    """What is added to answer and truth when the unit changes, if the truth changes by one number."""
    v = worlds[0]
    scaled = v._replace(
        values={u: value * c ** v.kinds[u].unit if v.kinds[u].unit else value for u, value in v.values.items()}
    )
    base, other = run(v), run(scaled)
    if base is None or other is None or base[0].shape != base[1].shape:
        return None
    t = np.ravel(other[1] - base[1])
    if not t.size or not np.allclose(t, t[0], rtol=1e-7) or np.isclose(t[0], 0) or "Sigma" not in v.values:
        return None
    return np.ravel(other[0] - base[0]), t


def _power(before, after, c):
    if before.shape != after.shape or not before.size or not np.isfinite(before).all() or not np.abs(before).max() > 0:
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
    if p == 0:
        return "unchanged"
    return "c times as large" if p == 1 else f"c^{p:g} times as large"


def shifts(worlds, run, name):
    """All points and means moved by the same amount."""
    w = worlds[0]
    moved = w.leaves("points", "means", "centre")
    if not moved or "points" not in {w.kinds[u].kind for u in moved}:
        return
    verdicts = []
    for v in worlds[:3]:
        d = v.sizes.get("d", 1)
        shift = 2.3 * np.arange(1, d + 1) * np.std([np.ravel(v.values[u]).std() for u in moved] or 1.0) + 1.1
        base, other = run(v), run(v._replace(values=v.values | {u: v.values[u] + shift for u in moved}))
        if base is None or other is None or base[0].shape != base[1].shape:
            return
        (a0, t0), (a1, t1) = base, other
        if same(t1, t0, 1e-6):
            verdicts.append(("stays", same(a1, a0, 1e-5)))
        elif t0.ndim and t0.shape[-1] == d and same(t1, t0 + shift, 1e-6):
            verdicts.append(("moves along", same(a1, a0 + shift, 1e-5)))
        else:
            return
    if verdicts and not any(follows for _, follows in verdicts) and len({v for v, _ in verdicts}) == 1:
        what = verdicts[0][0]
        who = "points and means" if len(moved) > 1 else "points"
        text = (
            f"When all {who} move by the same amount the right {name} {what}; yours does not: which difference, such "
            "as x - mu, is not taken, or not of the right two?"
        )
        yield Finding("shift", text, "shift", "x - mu", weight=62)


def orders(worlds, run, name, axes):
    """Components relabelled, points or columns in another order: the result ought to follow."""
    for letter in "knd":
        votes = []
        for v in worlds[:3]:
            size = v.sizes.get(letter, 1)
            if size < 2 or axes is None:
                continue
            order = np.roll(np.arange(size), 1)  # nothing stays where it was
            base, other = run(v), run(_reordered(v, letter, order))
            if base is None or other is None or base[0].ndim != len(axes) or base[1].ndim != len(axes):
                votes = []
                break
            follows = []
            for before, after in zip(base, other, strict=True):
                expected = before
                for i, l in enumerate(axes):
                    if l == letter:
                        expected = expected.take(order, i) if expected.shape[i] == size else expected
                follows.append(same(after, expected, 1e-6))
            votes.append((follows[0], follows[1]))
        if len(votes) >= 2 and all(t and not a for a, t in votes):
            who, ask = _ORDER[letter]
            if letter == "k":
                own = [short(u) for u, q in worlds[0].kinds.items() if q.axes[:1] == "k" and q.kind != "opaque"]
                ask = f"does each component use its own {_list([f'{u}_j' for u in own]) if own else 'points'}?"
            text = f"When the {who} change places your {name} does not follow them: {ask}"
            yield Finding(f"order of {axis_words(letter)}", text, "index", letter, weight=74)


_ORDER = {
    "k": ("components", ""),
    "n": ("points", "does each point use its own row?"),
    "d": ("columns of x", "is each pair of columns treated alike?"),
}


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


def doubling(worlds, run, name, axes):
    """Every point twice: a sum doubles, a mean stays."""
    if axes is None or "n" in axes:
        return
    votes = []
    for v in worlds[:3]:
        if v.sizes.get("n", 0) < 2:
            return
        twice = {}
        for u, value in v.values.items():
            q = v.kinds[u]
            twice[u] = np.concatenate([value, value]) if q.axes[:1] == "n" and np.ndim(value) == len(q.axes) else value
            if q.kind == "size" and u == "n":
                twice[u] = 2 * value
        base, other = run(v), run(v._replace(values=twice))
        if base is None or other is None:
            return
        kinds = []
        for before, after in zip(base, other, strict=True):
            if not (np.isfinite(before).all() and np.isfinite(after).all()):
                return  # NaN twice is NaN, and tells nothing of sums
            if same(after, before):
                kinds.append("stays the same")
            elif same(after, 2 * before):
                kinds.append("doubles")
            else:
                kinds.append("neither doubles nor stays")
        votes.append(tuple(kinds))
    if (
        len(votes) == 3
        and len(set(votes)) == 1
        and votes[0][0] != votes[0][1]
        and votes[0][1] != "neither doubles nor stays"
    ):
        text = (
            f"With every point entered twice the right {name} {votes[0][1]}; yours {votes[0][0]}: what is summed "
            "over the points, and what is divided by how many?"
        )
        yield Finding("doubling", text, "sum or mean", "n", weight=67)


def _list(names):
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
