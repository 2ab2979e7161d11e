"""The special cases: transformations of a problem that keep it valid, from the weakest to the strongest.

A case is known by a slug ("pi equal"), a condition in words ("all pi_j are equal") and the change that brings it
about. `stronger_than` lists the cases that it implies: where one of those already explains a wrong answer, the stronger
one says nothing new.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from emtutor.problems.worlds import World, short, slice_axis


class Case(NamedTuple):
    slug: str
    when: str  # "all pi_j are equal", to stand after "right whenever"
    ask: str  # a question that leads on
    about: str  # the argument or axis that it is about: "pi", "Sigma", "d"
    change: Callable[[World, Any], World | None]  # (world, rng) -> world, or None where it makes no sense
    stronger_than: tuple[str, ...] = ()
    trivial: bool = False  # the truth is the same there whatever the rest is


def cases(w):
    """The cases that make sense for a world's arguments."""
    found = []
    for name, q in w.kinds.items():
        if name in w.values and "." not in name:
            found += _BY_KIND.get(q.kind, lambda *_: [])(name, q)
    found += _pairs(w) + _tuples(w)
    letters = {letter for q in w.kinds.values() for letter in q.axes}
    weaker = tuple(c.slug for c in found if c.about not in letters)
    for letter, (when, ask) in _AXES.items():
        if letter in letters:
            found.append(Case(f"{letter} = 1", when, ask, letter, _first(letter), _implied(letter, weaker)))
    return found


_AXES = {
    "d": ("d = 1", "in one dimension a matrix is a number: what do order, transpose, inverse and d itself do here?"),
    "k": ("there is only one component (k = 1)", "where do several components enter together?"),
    "n": ("there is only one point (n = 1)", "where do several points enter together?"),
    "p": ("there is only one parameter (p = 1)", "how are several coordinates put together?"),
    "t": ("there is only one time step", "what does the recursion do from one step to the next?"),
}
_IMPLIED = {"p": (), "d": ("diagonal",), "k": ("equal", "hard", "alike"), "n": ("alike",), "t": ()}


def _implied(letter, slugs):
    """d = 1 makes every covariance diagonal; k = 1 makes everything equal."""
    return tuple(s for s in slugs if any(word in s for word in _IMPLIED[letter]))


def _first(letter):
    def change(w, rng):
        return slice_axis(w, letter, 1) if w.sizes.get(letter, 1) > 1 else None

    return change


def _set(name, function):
    """A case's change: a new value of one leaf from its old one."""

    def change(w, rng):
        value = function(np.asarray(w.values[name], float), w)
        return None if value is None else w.replace(**{name: value})

    return change


def _simplex(name, q):
    last = q.axes[-1]
    if len(q.axes) == 1:
        found = [
            Case(
                f"{name} equal",
                f"all {name}_{_index(last)} are equal",
                f"where does {name} enter?",
                name,
                _set(name, lambda a, w: np.full(a.shape, 1 / len(a))),
            ),
            Case(
                f"{name} hard",
                f"{name} puts everything on one value",
                f"what is different once {name} is spread out?",
                name,
                _set(name, lambda a, w: np.eye(len(a))[a.argmax()]),
            ),
        ]
        return found[:1] if name == "pi" else found  # with pi hard there is only one component left
    return [
        Case(
            f"{name} equal counts",
            f"every component has the same {_total(name)}_j = sum_i {name}_ij",
            f"where must {_total(name)}_j enter, component by component?",
            name,
            _set(name, _balanced),
        ),
        Case(
            f"{name} hard",
            f"every {name}_ij is 0 or 1",
            "what changes when a point belongs to several components at once?",
            name,
            _set(name, _hard),
        ),
        Case(
            f"{name} equal",
            f"all {name}_ij are 1/k",
            f"where does {name} enter?",
            name,
            _set(name, lambda a, w: np.full(a.shape, 1 / a.shape[1])),
            (f"{name} equal counts", f"{name} rows alike"),
        ),
        Case(
            f"{name} rows alike",
            f"all points have the same {name}_i",
            f"which {name}_ij belongs to which point?",
            name,
            _set(name, lambda a, w: np.tile(a.mean(0), (len(a), 1))),
        ),
    ]


def _spd(name, q):
    eye = lambda a: np.broadcast_to(np.eye(a.shape[-1]), a.shape).copy()
    j = "_j" if "k" in q.axes else ""
    several = (
        [
            Case(
                f"{name} same determinant",
                f"all {name}_j have the same determinant",
                f"where does the size of {name}_j enter?",
                name,
                _set(name, lambda a, w: _rescaled(a, None)),
            ),
            Case(
                f"{name} equal",
                f"all {name}_j are equal",
                f"which {name}_j belongs to which component?",
                name,
                _set(name, lambda a, w: np.tile(a.mean(0), (len(a), 1, 1))),
                (f"{name} same determinant",),
            ),
        ]
        if j
        else []
    )
    return [
        *several,
        Case(
            f"{name} determinant 1",
            f"det {name}{j} = 1",
            f"where does log det {name}{j} enter?",
            name,
            _set(name, lambda a, w: _rescaled(a, 1.0)),
            (f"{name} same determinant",),
        ),
        Case(
            f"{name} diagonal",
            f"{name}{j} is diagonal",
            f"what do the off-diagonal entries of {name}{j} do?",
            name,
            _set(name, lambda a, w: a * eye(a)),
        ),
        Case(
            f"{name} isotropic",
            f"{name}{j} is a multiple of the unit matrix",
            f"on which side, and with which power, does {name}{j} stand?",
            name,
            _set(name, lambda a, w: eye(a) * np.trace(a, axis1=-2, axis2=-1)[..., None, None] / a.shape[-1]),
            (f"{name} diagonal",),
        ),
        Case(
            f"{name} unit",
            f"{name}{j} is the unit matrix",
            f"where does {name}{j} enter, and as {name}{j} or its inverse?",
            name,
            _set(name, lambda a, w: eye(a)),
            (
                f"{name} isotropic",
                f"{name} diagonal",
                f"{name} determinant 1",
                f"{name} same determinant",
                f"{name} equal",
            ),
        ),
    ]


def _number(name, q):
    """A positive number or several: 1, all equal."""
    if not q.axes:
        return [
            Case(
                f"{name} = 1",
                f"{name} = 1",
                f"where does {name} enter, and with which power?",
                name,
                _set(name, lambda a, w: 1.0),
            )
        ]
    j = _index(q.axes[-1])
    return [
        Case(
            f"{name} equal",
            f"all {name}_{j} are equal",
            f"which {name}_{j} goes with which {_THING.get(j, 'entry')}?",
            name,
            _set(name, lambda a, w: np.full(a.shape, a.mean())),
        ),
        Case(
            f"{name} = 1",
            f"all {name}_{j} are 1",
            f"where does {name} enter?",
            name,
            _set(name, lambda a, w: np.ones(a.shape)),
            (f"{name} equal",),
        ),
    ]


def _real(name, q):
    found = [
        Case(
            f"{name} = 0",
            f"{name} = 0",
            f"where does {name} enter?",
            name,
            _set(name, lambda a, w: a * 0 if a.ndim else 0.0),
        )
    ]
    if not q.axes:
        found.append(
            Case(f"{name} = 1", f"{name} = 1", f"where does {name} enter?", name, _set(name, lambda a, w: 1.0))
        )
    elif q.axes == "k":
        found.append(
            Case(
                f"{name} equal",
                f"all {name}_j are equal",
                f"where does {name} enter?",
                name,
                _set(name, lambda a, w: np.full(a.shape, a.mean())),
            )
        )
        found[0] = found[0]._replace(stronger_than=(f"{name} equal",))
    if name == "lam":
        found.append(
            Case(
                "lam = -n",
                "lam = -n",
                "where does lam enter, for a value that is not the multiplier's?",
                name,
                lambda w, rng: w.replace(lam=-float(w.sizes["n"])) if "n" in w.sizes else None,
            )
        )
    return found


def _points(name, q):
    if q.axes != "nd":
        return []
    return [
        Case(
            f"{name} centred",
            "the mean of the points is zero",
            f"around which point is {name} measured?",
            name,
            _set(name, lambda a, w: a - a.mean(0) if len(a) > 1 else None),
        ),
        Case(
            f"{name} alike",
            "all points coincide",
            "with which weight does each point enter?",
            name,
            _set(name, lambda a, w: np.tile(a.mean(0), (len(a), 1)) if len(a) > 1 else None),
        ),
    ]


def _means(name, q):
    found = [Case(f"{name} = 0", f"{name} = 0", f"where does {name} enter?", name, _set(name, lambda a, w: a * 0))]
    if "k" in q.axes:
        found.append(
            Case(
                f"{name} equal",
                f"all {name}_j are equal",
                f"which {name}_j belongs to which component?",
                name,
                _set(name, lambda a, w: np.tile(a.mean(0), (len(a), 1))),
            )
        )
        found[0] = found[0]._replace(stronger_than=(f"{name} equal",))
    return found


def _log(name, q):
    return [
        Case(
            f"{name} normalised",
            f"the entries of {'each row of ' * (len(q.axes) > 1)}exp({name}) sum to one",
            f"{name} need not be normalised: where does log p(x), the log of the sum, enter?",
            name,
            _set(name, lambda a, w: a - np.logaddexp.reduce(a, axis=-1, keepdims=True)),
        ),
        Case(
            f"{name} equal",
            f"all entries of {'a row of ' * (len(q.axes) > 1)}{name} are equal",
            f"which entry of {name} goes with which value of z?",
            name,
            _set(name, lambda a, w: np.broadcast_to(a.mean(-1, keepdims=True), a.shape).copy()),
        ),
    ]


def _logsimplex(name, q):
    found = [
        Case(
            f"{name} equal",
            f"all probabilities in {name} are equal",
            f"where does {name} enter?",
            name,
            _set(name, lambda a, w: np.full(a.shape, -np.log(a.shape[-1]))),
        )
    ]
    if q.axes == "kk":
        found.insert(
            0,
            Case(
                f"{name} symmetric",
                f"{name} is symmetric",
                f"which index of {name} is the earlier state?",
                name,
                _set(name, _symmetric),
            ),
        )
        found[1] = found[1]._replace(stronger_than=(f"{name} symmetric",))
    return found


def _labels(name, q):
    def balanced(w, rng):
        n, k = w.sizes["n"], w.sizes.get("k") or int(np.max(w.values.get("k", 0)))
        if not k or n < k:
            return None
        m = n - n % k
        return slice_axis(w, "n", m).replace(**{name: _encode(rng.permutation(np.arange(m) % k), k, q)})

    return [
        Case(
            f"{name} equal counts",
            "every component has the same number of points",
            "where must the number of points of a component enter?",
            name,
            balanced,
        )
    ]


def _counts(name, q):
    return _number(name, q)[:1] if q.axes else []


_BY_KIND: dict[str, Callable] = {
    "simplex": _simplex,
    "spd": _spd,
    "positive": _number,
    "above1": _number,
    "chance": lambda name, q: _number(name, q)[:1] if q.axes else [],
    "counts": _counts,
    "real": _real,
    "points": _points,
    "means": _means,
    "centre": _means,
    "log": _log,
    "logsimplex": _logsimplex,
    "onehot": _labels,
    "labels": _labels,
}


def _pairs(w):
    """Cases that tie two arguments together."""
    found = []
    has = w.values.__contains__

    def same(a, b):
        return lambda v, rng: v.replace(**{a: np.array(v.values[b])})

    for q in ("q", "q_old", "r"):
        for table in ("log_joint", "log_p", "log_joint_old"):
            if has(q) and has(table) and w.kinds[q].axes == w.kinds[table].axes:
                found.append(
                    Case(
                        f"{q} posterior",
                        f"{q} is the posterior",
                        f"which terms change when {q} is any other distribution?",
                        q,
                        lambda v, rng, q=q, table=table: v.replace(**{q: _softmax(v.values[table])}),
                    )
                )
    for a, b, ask in (
        ("q", "p", "in whose expectation, and which of the two stands on top?"),
        ("log_joint_new", "log_joint_old", "which of the two tables, old or new, enters where?"),
        ("mu_a", "mu_b", "which of the two is permuted?"),
        ("q1", "q2", "which factor is updated with which?"),
    ):
        if has(a) and has(b) and np.shape(w.values[a]) == np.shape(w.values[b]):
            found.append(Case(f"{a} = {b}", f"{a} = {b}", ask, a, same(a, b)))
    if has("x") and has("mu") and w.kinds["mu"].axes == "d" and w.kinds["x"].axes == "nd":
        found.append(
            Case(
                "x = mu",
                "every point lies at mu",
                "what happens away from the mean?",
                "x",
                lambda v, rng: v.replace(x=np.tile(v.values["mu"], (len(v.values["x"]), 1))),
            )
        )
    if has("x") and has("mu") and has("r") and w.kinds["mu"].axes == "kd":
        found.append(
            Case(
                "mu = weighted means",
                "mu_j is the weighted mean of the points",
                "around which mean are the deviations taken?",
                "mu",
                lambda v, rng: v.replace(mu=(v.values["r"].T @ v.values["x"]) / v.values["r"].sum(0)[:, None]),
            )
        )
    if has("x") and has("m0"):
        found.append(
            Case(
                "m0 = mean",
                "m0 is the mean of the points",
                "where does m0 enter?",
                "m0",
                lambda v, rng: v.replace(m0=v.values["x"].mean(0)),
            )
        )
    if has("heads") and has("flips"):
        found.append(
            Case(
                "all heads",
                "every toss shows heads",
                "what do tails contribute?",
                "flips",
                lambda v, rng: v.replace(heads=np.broadcast_to(v.values["flips"], np.shape(v.values["heads"])).copy()),
            )
        )
    return found


def _tuples(w):
    tuples = [name for name in w.names if w.kinds[name].kind == "tuple"]
    found = []
    if len(tuples) == 2:
        a, b = tuples
        found.append(
            Case(
                f"{a} = {b}",
                f"{a} = {b}",
                "which of the two enters where?",
                a,
                lambda v, rng: v.replace(**{f"{b}.{part}": v.values[f"{a}.{part}"] for part in v.kinds[a].parts}),
            )
        )
        for part in w.kinds[a].parts:
            found.append(
                Case(
                    f"{a}.{part} = {b}.{part}",
                    f"{part} is the same in {a} and {b}",
                    f"does {part} move too?",
                    part,
                    lambda v, rng, part=part: v.replace(**{f"{b}.{part}": v.values[f"{a}.{part}"]}),
                )
            )
    return found


# ---- values


def _hard(a, w):
    """One-hot rows, by the largest entry; with enough points no component is left empty."""
    label = a.argmax(1)
    n, k = a.shape
    if n >= k:
        for j in range(k):
            if not (label == j).any():
                counts = np.bincount(label, minlength=k)
                rows = np.flatnonzero(counts[label] > 1)
                label[rows[a[rows, j].argmax()]] = j
    return np.eye(k)[label]


def _balanced(a, w):
    """The nearest table with rows summing to one and all column sums n/k (Sinkhorn)."""
    n, k = a.shape
    b = np.maximum(a, 1e-6)
    for _ in range(300):
        b = b / b.sum(0) * (n / k)
        b = b / b.sum(1, keepdims=True)
        if np.ptp(b.sum(0)) < 1e-13:
            break
    return b if np.ptp(b.sum(0)) < 1e-10 else None


def _rescaled(a, det):
    """The same matrices with determinant `det` (None: the first one's)."""
    sign, log_det = np.linalg.slogdet(a)
    if not (sign > 0).all():
        return None
    target = np.log(det) if det else np.ravel(log_det)[0]
    return a * np.exp((target - log_det) / a.shape[-1])[..., None, None]


def _symmetric(a, w):
    """A doubly stochastic symmetric table near exp(a), in logarithms."""
    b = np.exp(a)
    b = b + b.T
    for _ in range(500):
        s = np.sqrt(b.sum(1))
        b = b / np.outer(s, s)
    return np.log(b)


def _softmax(a):
    a = np.asarray(a, float)
    return np.exp(a - np.logaddexp.reduce(a, axis=-1, keepdims=True))


def _encode(labels, k, q):
    return np.eye(k)[labels] if q.kind == "onehot" else labels


def _index(letter):
    return {"k": "j", "n": "i", "a": "z", "b": "z"}.get(letter, letter)


_THING = {"j": "component", "i": "point"}


def _total(name):
    return "R" if name == "r" else f"sum of {short(name)}" if name != "q" else "Q"
