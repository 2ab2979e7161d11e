"""The truth for another argument: an answer that takes Sigma for its inverse is the truth at Sigma^-1.

Each replacement changes one argument (or exchanges two); an answer that equals the truth at the changed problem, on
every problem tried, is named exactly. Values need not be valid of their kind: a wrong answer does not ask either.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from emtutor.problems.worlds import World


class Replacement(NamedTuple):
    slug: str
    sentence: str  # after "Your result is the right one "
    cause: str
    about: str
    change: Callable[[World], World | None]


def replacements(w):
    """What may have been put in the place of an argument, for a world's arguments."""
    found = []
    for name, q in w.kinds.items():
        if name in w.values and "." not in name:
            found += [Replacement(*row[:4], _apply(name, row[4])) for row in _rows(name, q)]
    found += list(_exchanges(w)) + list(_left_out(w))
    return found


def _apply(name, function):
    def change(w):
        try:
            with np.errstate(all="ignore"):
                value = function(np.asarray(w.values[name], float))
        except (ValueError, IndexError, np.linalg.LinAlgError):
            return None
        return None if value is None else w.replace(**{name: value})

    return change


def _rows(name, q):
    """(slug, end of the sentence, cause, about, change of the value) for one argument, by its kind."""
    kind, axes = q.kind, q.axes
    j = {"k": "_j", "n": "_i", "nk": "_ij", "kd": "_j", "kdd": "_j"}.get(axes, "")
    eye = lambda a: np.eye(a.shape[-1])
    if kind == "simplex" and len(axes) == 1:
        return [
            (
                "uniform",
                f"for a uniform {name}: where does {name}{j} itself enter?",
                "argument",
                name,
                lambda a: np.full(a.shape, 1 / len(a)),
            ),
            (
                "without",
                f"with every {name}{j} set to 1: where does {name}{j} enter?",
                "argument",
                name,
                lambda a: np.ones(a.shape),
            ),
            ("squared", f"with {name}{j} squared: does {name} enter twice?", "argument", name, lambda a: a**2),
            ("reversed", f"with {name} in reverse order.", "index", name, lambda a: a[::-1]),
            ("shifted", f"with {name} shifted by one place.", "index", name, lambda a: np.roll(a, 1)),
            ("shifted", f"with {name} shifted by one place.", "index", name, lambda a: np.roll(a, -1)),
            ("logarithm", f"with log {name} in the place of {name}.", "log", name, np.log),
            ("root", f"with sqrt {name} in the place of {name}.", "power", name, np.sqrt),
            ("reciprocal", f"with 1/{name}{j} in the place of {name}{j}.", "inverse", name, lambda a: 1 / a),
        ]
    if kind in ("simplex", "onehot") and axes == "nk":
        return [
            (
                "hard",
                f"for hard {name}: each point given wholly to its likeliest component. May a point in the middle "
                "belong to several?",
                "hard",
                name,
                lambda a: np.eye(a.shape[1])[a.argmax(1)],
            ),
            (
                "uniform",
                f"for {name}_ij = 1/k: where does {name}_ij itself enter?",
                "argument",
                name,
                lambda a: np.full(a.shape, 1 / a.shape[1]),
            ),
            (
                "without",
                f"with every {name}_ij set to 1: where does {name}_ij enter?",
                "argument",
                name,
                lambda a: np.ones(a.shape),
            ),
            ("squared", f"with {name}_ij squared: does it enter twice?", "argument", name, lambda a: a**2),
            ("root", f"with sqrt {name}_ij in the place of {name}_ij.", "power", name, np.sqrt),
            (
                "columns",
                f"for {name} with columns that sum to one: along which axis is it normalised?",
                "axis",
                name,
                lambda a: a / a.sum(0),
            ),
            ("complement", f"with 1 - {name}_ij in the place of {name}_ij.", "sign", name, lambda a: 1 - a),
            ("reversed", f"with the components of {name} in reverse order.", "index", name, lambda a: a[:, ::-1]),
            (
                "shifted",
                f"with the components of {name} shifted by one place.",
                "index",
                name,
                lambda a: np.roll(a, 1, 1),
            ),
            (
                "shifted",
                f"with the components of {name} shifted by one place.",
                "index",
                name,
                lambda a: np.roll(a, -1, 1),
            ),
            ("shifted", f"with the rows of {name} shifted by one place.", "index", name, lambda a: np.roll(a, 1, 0)),
            ("shifted", f"with the rows of {name} shifted by one place.", "index", name, lambda a: np.roll(a, -1, 0)),
            (
                "first component",
                f"with the first column of {name} for every component.",
                "index",
                name,
                lambda a: np.repeat(a[:, :1], a.shape[1], 1),
            ),
            ("logarithm", f"with log {name} in the place of {name}.", "log", name, np.log),
        ]
    if kind == "spd":
        rows = [
            (
                "inverse",
                f"with the inverse of {name}{j} in the place of {name}{j}: is it a covariance or a precision here?",
                "inverse",
                name,
                np.linalg.inv,
            ),
            (
                "diagonal",
                f"for {name}{j} without its off-diagonal entries: what do those do?",
                "diagonal",
                name,
                lambda a: a * eye(a),
            ),
            (
                "factor",
                f"with the Cholesky factor of {name}{j} for {name}{j}: a standard deviation, where a variance belongs?",
                "power",
                name,
                np.linalg.cholesky,
            ),
            (
                "squared",
                f"with {name}{j} squared: is a standard deviation expected where {name}{j} is a variance?",
                "power",
                name,
                lambda a: a @ a,
            ),
            (
                "root",
                f"with the entries of {name}{j} under a square root: variance or standard deviation?",
                "power",
                name,
                lambda a: np.sqrt(np.abs(a)),
            ),
            (
                "unit",
                f"for {name}{j} = the unit matrix: where does {name}{j} enter?",
                "argument",
                name,
                lambda a: np.broadcast_to(eye(a), a.shape).copy(),
            ),
            ("twice", f"for twice {name}{j}: where does a factor 2 belong?", "factor", name, lambda a: 2 * a),
            ("half", f"for half of {name}{j}: where does a factor 2 belong?", "factor", name, lambda a: a / 2),
            (
                "entrywise",
                f"with one over each entry of {name}{j} for its inverse: the inverse of a matrix is another thing.",
                "inverse",
                name,
                lambda a: np.linalg.inv(1 / a),
            ),
            ("negative", f"with -{name}{j} in the place of {name}{j}.", "sign", name, lambda a: -a),
        ]
        if axes == "kdd":
            rows += [
                (
                    "first",
                    f"with the first {name}_j for all components: which index does {name} carry?",
                    "index",
                    name,
                    lambda a: np.repeat(a[:1], len(a), 0),
                ),
                (
                    "last",
                    f"with the last {name}_j for all components: which index does {name} carry?",
                    "index",
                    name,
                    lambda a: np.repeat(a[-1:], len(a), 0),
                ),
                (
                    "mean",
                    f"with the mean of all {name}_j for each: every component has its own.",
                    "axis",
                    name,
                    lambda a: np.repeat(a.mean(0, keepdims=True), len(a), 0),
                ),
                ("reversed", f"with {name} in reverse order.", "index", name, lambda a: a[::-1]),
                ("shifted", f"with {name} shifted by one component.", "index", name, lambda a: np.roll(a, 1, 0)),
                ("shifted", f"with {name} shifted by one component.", "index", name, lambda a: np.roll(a, -1, 0)),
            ]
        return rows
    if kind in ("points", "means", "centre"):
        rows = [
            ("negative", f"with -{name}{j} in the place of {name}{j}: x - mu, or x + mu?", "sign", name, lambda a: -a),
            ("zero", f"for {name} = 0: where does {name}{j} enter?", "argument", name, lambda a: 0 * a),
            ("squared", f"with {name} squared.", "power", name, lambda a: a**2),
        ]
        if len(axes) == 2:
            rows += [
                (
                    "mean",
                    f"with the mean of all {name}{j} in the place of each: every "
                    f"{'point' if axes[0] == 'n' else 'component'} has its own.",
                    "axis",
                    name,
                    lambda a: np.repeat(a.mean(0, keepdims=True), len(a), 0),
                ),
                (
                    "first",
                    f"with the first {name}{j} in the place of all: which index does {name} carry?",
                    "index",
                    name,
                    lambda a: np.repeat(a[:1], len(a), 0),
                ),
                (
                    "last",
                    f"with the last {name}{j} in the place of all: which index does {name} carry?",
                    "index",
                    name,
                    lambda a: np.repeat(a[-1:], len(a), 0),
                ),
                ("shifted", f"with {name} shifted by one place.", "index", name, lambda a: np.roll(a, 1, 0)),
                ("shifted", f"with {name} shifted by one place.", "index", name, lambda a: np.roll(a, -1, 0)),
                ("reversed", f"with {name} in reverse order.", "index", name, lambda a: a[::-1]),
                (
                    "centred",
                    f"for {name} with its mean taken away: should that be done here?",
                    "shift",
                    name,
                    lambda a: a - a.mean(0),
                ),
                (
                    "first column",
                    f"when the first column of {name} stands for all: does every dimension enter?",
                    "axis",
                    name,
                    lambda a: np.repeat(a[:, :1], a.shape[1], 1),
                ),
            ]
        return rows
    if kind in ("positive", "above1", "chance", "counts"):
        one = name if not axes else f"{name}{j}"
        rows = [
            (
                "half reciprocal",
                f"with 1/(2 {one}) in the place of {one}: does it multiply or divide?",
                "inverse",
                name,
                lambda a: 1 / (2 * a),
            ),
            (
                "reciprocal",
                f"with 1/{one} in the place of {one}: does it multiply or divide?",
                "inverse",
                name,
                lambda a: 1 / a,
            ),
            ("squared", f"with {one} squared: which power of {name} belongs there?", "power", name, lambda a: a**2),
            (
                "root",
                f"with sqrt {one} in the place of {one}: which power of {name} belongs there?",
                "power",
                name,
                lambda a: np.sqrt(a),
            ),
            ("twice", f"for twice {one}: where does a factor 2 belong?", "factor", name, lambda a: 2 * a),
            ("half", f"for half of {one}: where does a factor 2 belong?", "factor", name, lambda a: a / 2),
            ("one", f"for {one} = 1: where does {name} enter?", "argument", name, lambda a: np.ones(a.shape)),
            ("plus one", f"for {one} + 1 in the place of {one}.", "number", name, lambda a: a + 1),
            ("plus two", f"for {one} + 2 in the place of {one}.", "number", name, lambda a: a + 2),
            ("minus one", f"for {one} - 1 in the place of {one}.", "number", name, lambda a: a - 1),
            ("negative", f"with -{one} in the place of {one}.", "sign", name, lambda a: -a),
            ("zero", f"for {one} = 0: where does {name} enter?", "argument", name, lambda a: 0 * a),
            ("logarithm", f"with log {one} in the place of {one}.", "log", name, np.log),
        ]
        if len(axes) == 1:
            rows += [
                ("shifted", f"with {name} shifted by one place.", "index", name, lambda a: np.roll(a, 1)),
                ("shifted", f"with {name} shifted by one place.", "index", name, lambda a: np.roll(a, -1)),
                ("reversed", f"with {name} in reverse order.", "index", name, lambda a: a[::-1]),
                (
                    "mean",
                    f"with the mean of {name} for each entry.",
                    "axis",
                    name,
                    lambda a: np.full(a.shape, a.mean()),
                ),
                ("first", f"with the first entry of {name} for all.", "index", name, lambda a: np.full(a.shape, a[0])),
            ]
        return rows
    if kind == "real":
        rows = [
            ("negative", f"with -{name} in the place of {name}: check its sign.", "sign", name, lambda a: -a),
            ("zero", f"for {name} = 0: where does {name} enter?", "argument", name, lambda a: 0 * a),
            ("twice", f"for twice {name}: where does a factor 2 belong?", "factor", name, lambda a: 2 * a),
            ("half", f"for half of {name}: where does a factor 2 belong?", "factor", name, lambda a: a / 2),
            (
                "complement",
                f"with 1 - {name} in the place of {name}: from which end is it measured?",
                "sign",
                name,
                lambda a: 1 - a,
            ),
            ("exponential", f"with exp({name}) in the place of {name}.", "log", name, np.exp),
            (
                "logarithm",
                f"with log {name} in the place of {name}.",
                "log",
                name,
                lambda a: np.log(a) if (a > 0).all() else None,
            ),
        ]
        if name == "thetas":
            rows = [
                (
                    "reversed",
                    "for the iterates in reverse order: which difference is the later one?",
                    "order",
                    name,
                    lambda a: a[::-1],
                ),
                (
                    "one earlier",
                    "without the last iterate: where does the index end?",
                    "index",
                    name,
                    lambda a: a[:-1] if len(a) > 3 else None,
                ),
                ("one later", "without the first iterates: which ones count?", "index", name, lambda a: a[-3:]),
                ("first three", "from the first three iterates: which ones count?", "index", name, lambda a: a[:3]),
            ]
        return rows
    if kind in ("log", "logsimplex"):
        rows = [
            (
                "exponential",
                f"with exp({name}) in the place of {name}: it holds logarithms already.",
                "log",
                name,
                np.exp,
            ),
            ("negative", f"with -{name} in the place of {name}: check its sign.", "sign", name, lambda a: -a),
            (
                "uniform",
                f"with all entries of {name} equal: where does {name} enter?",
                "argument",
                name,
                lambda a: np.full(a.shape, -np.log(a.shape[-1]) if kind == "logsimplex" else a.mean()),
            ),
            ("zero", f"for {name} = 0: where does {name} enter?", "argument", name, lambda a: 0 * a),
            ("twice", f"for twice {name}: is it added twice?", "factor", name, lambda a: 2 * a),
            (
                "base 2",
                f"with {name} to the base 2: here logarithms are natural.",
                "log",
                name,
                lambda a: a / np.log(2),
            ),
            (
                "base 10",
                f"with {name} to the base 10: here logarithms are natural.",
                "log",
                name,
                lambda a: a / np.log(10),
            ),
        ]
        if len(axes) == 2:
            rows.append(
                (
                    "normalised",
                    f"for {name} with rows that are normalised first.",
                    "normalise",
                    name,
                    lambda a: a - np.logaddexp.reduce(a, axis=1, keepdims=True),
                )
            )
            rows.append(
                (
                    "columns",
                    f"for {name} with columns that are normalised first.",
                    "axis",
                    name,
                    lambda a: a - np.logaddexp.reduce(a, axis=0, keepdims=True),
                )
            )
            rows.append(
                (
                    "shifted",
                    f"with the rows of {name} shifted by one place: which row belongs to which step?",
                    "index",
                    name,
                    lambda a: np.roll(a, 1, 0),
                )
            )
            rows.append(
                (
                    "shifted",
                    f"with the rows of {name} shifted by one place: which row belongs to which step?",
                    "index",
                    name,
                    lambda a: np.roll(a, -1, 0),
                )
            )
        if axes == "kk":
            rows.append(
                (
                    "transposed",
                    f"with {name} transposed: which index is the earlier state?",
                    "transpose",
                    name,
                    lambda a: a.T,
                )
            )
        if axes == "ab":
            rows.append(
                (
                    "independent",
                    f"for a {name} whose rows are all alike.",
                    "axis",
                    name,
                    lambda a: np.repeat(a.mean(0, keepdims=True), len(a), 0),
                )
            )
        return rows
    if kind == "negative":
        return [
            ("twice", f"for twice {name}: where does a factor 2 belong?", "factor", name, lambda a: 2 * a),
            ("half", f"for half of {name}: where does a factor 2 belong?", "factor", name, lambda a: a / 2),
            ("negative", f"with -{name} in the place of {name}: check its sign.", "sign", name, lambda a: -a),
            ("inverse", f"with the inverse of {name} in the place of {name}.", "inverse", name, np.linalg.inv),
            ("diagonal", f"for {name} without its off-diagonal entries.", "diagonal", name, lambda a: a * eye(a)),
        ]
    return []


def _exchanges(w):
    """Two arguments of one shape in each other's place, or one in the place of both."""
    names = [u for u in w.names if w.kinds[u].kind not in ("opaque", "size", "labels")]
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            if w.kinds[a].kind == "tuple" or w.kinds[b].kind == "tuple":
                if w.kinds[a].parts and w.kinds[a].parts == w.kinds[b].parts:
                    yield from _both_ways(a, b, w.kinds[a].parts)
            elif w.kinds[a].axes == w.kinds[b].axes and w.kinds[a].axes:
                yield from _both_ways(a, b, None)


def _both_ways(a, b, parts):
    pairs = [(a, b)] if parts is None else [(f"{a}.{part}", f"{b}.{part}") for part in parts]

    def exchange(w):
        return w._replace(values=w.values | {u: w.values[v] for u, v in pairs} | {v: w.values[u] for u, v in pairs})

    def only(w, keep):
        return w._replace(
            values=w.values | ({v: w.values[u] for u, v in pairs} if keep == a else {u: w.values[v] for u, v in pairs})
        )

    yield Replacement(
        "exchanged", f"with {a} and {b} in each other's place: which is which?", "order", f"{a},{b}", exchange
    )
    yield Replacement(
        "one for both", f"with {a} also in the place of {b}: where does {b} enter?", "argument", b, lambda w: only(w, a)
    )
    yield Replacement(
        "one for both", f"with {b} also in the place of {a}: where does {a} enter?", "argument", a, lambda w: only(w, b)
    )


def _left_out(w):
    """One point, time step or component that does not take part."""
    for letter, one in (("n", "point"), ("t", "time step"), ("k", "component"), ("d", "column")):
        if w.sizes.get(letter, 0) > 1:
            for slug, part in (("first", slice(1, None)), ("last", slice(None, -1))):
                yield Replacement(
                    f"{slug} left out",
                    f"without the {slug} {one}: where does the sum or the loop "
                    f"{'begin' if slug == 'first' else 'end'}?",
                    "index",
                    letter,
                    lambda w, letter=letter, part=part: _cut(w, letter, part),
                )
            for slug, part, why in (
                ("first", slice(0, 1), "does a `return` stand inside the loop?"),
                ("last", slice(-1, None), "does a loop overwrite instead of adding up?"),
            ):
                yield Replacement(
                    f"{slug} alone",
                    f"for the {slug} {one} alone: {why}",
                    "index",
                    letter,
                    lambda w, letter=letter, part=part: _cut(w, letter, part),
                )


def _cut(w, letter, part):
    if w.sizes.get(letter, 0) < 3:
        return None
    values = {}
    for name, value in w.values.items():
        q = w.kinds[name]
        if letter in q.axes and np.ndim(value) == len(q.axes):
            value = np.asarray(value)[tuple(part if l == letter else slice(None) for l in q.axes)]
        values[name] = value
    return w._replace(values=values)
