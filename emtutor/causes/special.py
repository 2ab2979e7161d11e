"""The special cases: changes of a problem that keep it valid, from the weakest to the strongest, one a row.

A case is known by a slug ("pi equal"), a condition in words and the change that brings it about. `stronger_than` lists
the cases that it implies: where one of those already explains a wrong answer, the stronger one says nothing new.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from emtutor.causes.arguments import indexed
from emtutor.causes.wording import axis
from emtutor.problems.worlds import World, slice_axis


class Case(NamedTuple):
    slug: str
    when: str  # "all pi_j are equal", to stand after "right whenever"
    ask: str  # a question that leads on
    about: str  # the argument or axis that it is about: "pi", "Sigma", "d"
    change: Callable[[World, Any], World | None]  # (world, rng) -> world, or None where it makes no sense
    stronger_than: tuple[str, ...] = ()
    trivial: bool = False  # the truth is the same there whatever the rest is


def _full(c):
    return lambda a: np.full(a.shape, c, float)


def _tile(a):
    return np.tile(a.mean(0), (len(a), *[1] * (a.ndim - 1)))


def _hard(a):
    """One-hot rows, by the largest entry; with enough points no component is left empty."""
    label = a.argmax(1)
    n, k = a.shape
    for j in range(k if n >= k else 0):
        if not (label == j).any():
            counts = np.bincount(label, minlength=k)
            rows = np.flatnonzero(counts[label] > 1)
            label[rows[a[rows, j].argmax()]] = j
    return np.eye(k)[label]


def _balanced(a):
    """The nearest table with rows summing to one and all column sums n/k (Sinkhorn)."""
    n, k = a.shape
    b = np.maximum(a, 1e-6)
    for _ in range(300):
        b = b / b.sum(0) * (n / k)
        b = b / b.sum(1, keepdims=True)
        if np.ptp(b.sum(0)) < 1e-13:
            break
    return b if np.ptp(b.sum(0)) < 1e-10 else None


def _rescaled(det=None):
    """The same matrices with determinant `det` (None: the first one's)."""

    def change(a):
        sign, log_det = np.linalg.slogdet(a)
        target = np.log(det) if det else np.ravel(log_det)[0]
        return a * np.exp((target - log_det) / a.shape[-1])[..., None, None] if (sign > 0).all() else None

    return change


def _symmetric(a):
    """A doubly stochastic symmetric table near exp(a), in logarithms."""
    b = np.exp(a) + np.exp(a).T
    for _ in range(500):
        s = np.sqrt(b.sum(1))
        b = b / np.outer(s, s)
    return np.log(b)


def _eye(a):
    return np.broadcast_to(np.eye(a.shape[-1]), a.shape).copy()


def _isotropic(a):
    return _eye(a) * np.trace(a, axis1=-2, axis2=-1)[..., None, None] / a.shape[-1]


def _normal(a):
    return a - np.logaddexp.reduce(a, axis=-1, keepdims=True)


_ENTERS = "where does {v} enter?"
# fmt: off
# (kinds, axes or None for any, slug, when, question, change of the value, slugs of weaker ones)
ROWS = (
    ("simplex", "kab", "equal", "all {v_} are equal", _ENTERS, lambda a: np.full(a.shape, 1 / len(a)), ()),
    ("simplex", "ab", "hard", "{v} puts everything on one value", "what is different once {v} is spread out?", lambda a: np.eye(len(a))[a.argmax()], ()),
    ("simplex", ("nk",), "equal counts", "every component has the same sum_i {v_}", "where must that sum enter, component by component?", _balanced, ()),
    ("simplex", ("nk",), "hard", "every {v_} is 0 or 1", "what changes when a point belongs to several components at once?", _hard, ()),
    ("simplex", ("nk",), "equal", "all {v_} are 1/k", _ENTERS, lambda a: np.full(a.shape, 1 / a.shape[1]), ("equal counts", "rows alike")),
    ("simplex", ("nk",), "rows alike", "all points have the same {v}_i", "which {v_} belongs to which point?", _tile, ()),
    ("spd", ("kdd",), "same determinant", "all {v_} have the same determinant", "where does the size of {v_} enter?", _rescaled(), ()),
    ("spd", ("kdd",), "equal", "all {v_} are equal", "which {v_} belongs to which component?", _tile, ("same determinant",)),
    ("spd", None, "determinant 1", "det {v_} = 1", "where does log det {v_} enter?", _rescaled(1.0), ("same determinant",)),
    ("spd", None, "diagonal", "{v_} is diagonal", "what do the off-diagonal entries of {v_} do?", lambda a: a * _eye(a), ()),
    ("spd", None, "isotropic", "{v_} is a multiple of the unit matrix", "on which side, and with which power, does {v_} stand?", _isotropic, ("diagonal",)),
    ("spd", None, "unit", "{v_} is the unit matrix", "where does {v_} enter, and as {v_} or its inverse?", _eye, ("isotropic", "diagonal", "determinant 1", "same determinant", "equal")),
    ("positive above1", ("",), "= 1", "{v} = 1", "where does {v} enter, and with which power?", _full(1.0), ()),
    ("positive above1 chance counts", "knc", "equal", "all {v_} are equal", "which {v_} goes with which entry?", lambda a: np.full(a.shape, a.mean() or 1), ()),
    ("positive above1", "knc", "= 1", "all {v_} are 1", _ENTERS, _full(1.0), ("equal",)),
    ("real", None, "= 0", "{v} = 0", _ENTERS, np.zeros_like, ("equal",)),
    ("real", ("",), "= 1", "{v} = 1", _ENTERS, _full(1.0), ()),
    ("real", ("k",), "equal", "all {v_} are equal", _ENTERS, lambda a: np.full(a.shape, a.mean()), ()),
    ("points", ("nd",), "centred", "the mean of the points is zero", "around which point is {v} measured?", lambda a: a - a.mean(0) if len(a) > 1 else None, ()),
    ("points", ("nd",), "alike", "all points coincide", "with which weight does each point enter?", lambda a: _tile(a) if len(a) > 1 else None, ()),
    ("means centre", None, "= 0", "{v} = 0", _ENTERS, np.zeros_like, ("equal",)),
    ("means", ("kd",), "equal", "all {v_} are equal", "which {v_} belongs to which component?", _tile, ()),
    ("log", None, "normalised", "exp({v}) sums to one{rows}", "{v} need not be normalised: where does the log of the sum enter?", _normal, ()),
    ("log", None, "equal", "all entries of {v} are equal{rows}", "which entry of {v} goes with which value of z?", lambda a: np.broadcast_to(a.mean(-1, keepdims=True), a.shape).copy(), ()),
    ("logsimplex", ("kk",), "symmetric", "{v} is symmetric", "which index of {v} is the earlier state?", _symmetric, ()),
    ("logsimplex", None, "equal", "all probabilities in {v} are equal", _ENTERS, lambda a: np.full(a.shape, -np.log(a.shape[-1])), ("symmetric",)),
)
AXES = (  # (letter, question, words of the cases that it makes true)
    ("d", "in one dimension a matrix is a number: what do order, transpose, inverse and d itself do here?", ("diagonal", "isotropic")),
    ("k", "where do several components enter together?", ("equal", "hard", "alike", "determinant")),
    ("n", "where do several points enter together?", ("alike",)),
    ("p", "how are several coordinates put together?", ()),
    ("t", "what does the recursion do from one step to the next?", ()),
)
# fmt: on


def cases(w):
    """The cases that make sense for a world's arguments."""
    found = []
    for name, q in w.kinds.items():
        if name in w.values and "." not in name:
            found += [case(row, name, q) for row in ROWS if fits(row, q)]
            found += _balanced_labels(name, q)
    found += [*_pairs(w), *_equal_arguments(w)]
    letters = {letter for q in w.kinds.values() for letter in q.axes}
    weaker = [c.slug for c in found if c.about not in letters]
    for letter, ask, implied in AXES:
        if letter in letters:
            when = f"{letter} = 1" if letter in "dp" else f"there is only one {axis(letter)[0]}"
            when += f" ({letter} = 1)" if letter in "kn" else ""
            slugs = tuple(s for s in weaker if any(word in s for word in implied))
            found.append(Case(f"{letter} = 1", when, ask, letter, _first(letter), slugs))
    return found


def fits(row, q):
    kinds, axes = row[:2]
    one = isinstance(axes, str)  # a string: any one of these axes
    return q.kind in kinds.split() and (
        axes is None or (len(q.axes) == 1 and q.axes in axes if one else q.axes in axes)
    )


def case(row, name, q):
    _, _, slug, when, ask, function, weaker = row
    index = {"a": "z", "b": "z"}.get(q.axes)
    told = {"v": name, "v_": f"{name}_{index}" if index else indexed(name, q.axes),
            "rows": " in each row" if len(q.axes) > 1 else ""}  # fmt: skip
    slugs = tuple(f"{name} {s}" for s in weaker)
    return Case(f"{name} {slug}", when.format(**told), ask.format(**told), name, _set(name, function), slugs)


def _set(name, function):
    def change(w, rng):
        value = function(np.asarray(w.values[name], float))
        if value is not None and not np.ndim(value):
            value = float(value)
        return None if value is None else w.replace(**{name: value})

    return change


def _first(letter):
    return lambda w, rng: slice_axis(w, letter, 1) if w.sizes.get(letter, 1) > 1 else None


def _balanced_labels(name, q):
    def change(w, rng):
        n, k = w.sizes["n"], w.sizes.get("k") or int(np.max(w.values.get("k", 0)))
        if not k or n < k:
            return None
        m = n - n % k
        labels = rng.permutation(np.arange(m) % k)
        return slice_axis(w, "n", m).replace(**{name: np.eye(k)[labels] if q.kind == "onehot" else labels})

    if q.kind in ("onehot", "labels"):
        ask = "where must the number of points of a component enter?"
        yield Case(f"{name} equal counts", "every component has the same number of points", ask, name, change)


def _pairs(w):
    """Cases that tie two arguments together by what they are."""
    leaves = [u for u in w.values if "." not in u]
    kind = lambda u: (w.kinds[u].kind, w.kinds[u].axes)
    for q in (u for u in leaves if kind(u) in (("simplex", "nk"), ("simplex", "k"))):
        tables = [u for u in leaves if kind(u) == ("log", w.kinds[q].axes)]
        for table in tables:
            of = f" that belongs to {table}" if len(tables) > 1 else ""
            yield Case(f"{q} {table} posterior", f"{q} is the posterior{of}", f"which terms change when {q} is any other "
                       "distribution?", q, lambda v, rng, q=q, t=table: v.replace(**{q: np.exp(_normal(v.values[t]))}))  # fmt: skip
    for x in (u for u in leaves if kind(u) == ("points", "nd")):
        for mu in (u for u in leaves if kind(u) == ("centre", "d")):
            yield Case(f"{x} = {mu}", f"every point lies at {mu}", f"what happens away from {mu}?", x,
                       lambda v, rng, x=x, m=mu: v.replace(**{x: np.tile(v.values[m], (len(v.values[x]), 1))}))  # fmt: skip
            yield Case(f"{mu} = mean", f"{mu} is the mean of the points", f"where does {mu} enter?", mu,
                       lambda v, rng, x=x, m=mu: v.replace(**{m: v.values[x].mean(0)}))  # fmt: skip
        for r in (u for u in leaves if kind(u) == ("simplex", "nk")):
            for mu in (u for u in leaves if kind(u) == ("means", "kd")):
                yield Case(f"{mu} = weighted means", f"{mu}_j is the weighted mean of the points", "around which mean are "
                           "the deviations taken?", mu, _weighted(x, r, mu))  # fmt: skip


def _weighted(x, r, mu):
    return lambda v, rng: v.replace(**{mu: v.values[r].T @ v.values[x] / v.values[r].sum(0)[:, None]})


def _equal_arguments(w):
    """Two arguments of one kind that are equal, whole or in a part."""
    names = [u for u in w.names if w.kinds[u].kind not in ("opaque", "size", "points", "labels")]
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            p, q = w.kinds[a], w.kinds[b]
            if p.kind == q.kind == "tuple" and p.parts == q.parts:
                yield Case(f"{a} = {b}", f"{a} = {b}", "which of the two enters where?", a, _copied(a, b, p.parts))
                for part in p.parts:
                    yield Case(f"{a}.{part} = {b}.{part}", f"{part} is the same in {a} and {b}",
                               f"does {part} move too?", part, _copied(a, b, (part,)))  # fmt: skip
            elif p == q and p.axes and np.shape(w.values[a]) == np.shape(w.values[b]):
                yield Case(f"{a} = {b}", f"{a} = {b}", "which of the two enters where?", a,
                           lambda v, rng, a=a, b=b: v.replace(**{a: np.array(v.values[b])}))  # fmt: skip


def _copied(a, b, parts):
    return lambda v, rng: v.replace(**{f"{b}.{part}": v.values[f"{a}.{part}"] for part in parts})
