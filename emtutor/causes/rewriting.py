"""Rewrites of the truth's source as hypotheses: one at a time, and two at once."""

import sys
from itertools import islice

import numpy as np

from emtutor.causes import places, source, terms
from emtutor.causes.findings import Hypothesis, agree, finite
from emtutor.causes.phrases import Words, by_value
from emtutor.causes.study import called
from emtutor.causes.wording import REWRITE
from emtutor.problems.problem import Quantity

STEPS = 400_000  # lines of the truth's code that may be run for its variants
PAIRED = 250  # variants of which two at once are tried


class Known:
    """What is known of the truth's source: kinds and names of its local variables, and what a call costs."""

    def __init__(self, study):
        drawn = [w for w, _, t in study.draws(1) if t is not None]
        telling = max(
            (study.worlds[i] for i in study.generic()), key=lambda w: len({*w.sizes.values()})
        )  # n, k, d apart
        self.worlds = [telling, *drawn]
        self.study = study
        locals_ = [source.locals_of(study.truth, w.problem().args.values()) for w in self.worlds]
        self.values = locals_ if all(locals_) else []
        self.kinds = tuple(sorted(self._kinds().items()))
        self.budget = STEPS // _steps(study.truth, self.worlds[0])
        self._words = None

    def _kinds(self):
        """{name: Quantity} of parameters and local variables."""
        w = self.worlds[0]
        found = {u: q for u, q in w.kinds.items() if u in w.values and "." not in u}
        for name, value in (self.values[0] if self.values else {}).items():
            if name not in found and (q := _kind(value, w.sizes)):
                found[name] = q
        return found

    @property
    def words(self):
        if self._words is None:
            tree = source.tree_of(self.study.truth)
            quantities = [[*terms.summands(w), *terms.factors(w)] for w in self.worlds]
            values = [{u: x for u, x in v.items() if u not in self.worlds[0].values} for v in self.values]
            self._words = Words(tree.body[0], by_value(values, quantities) if values else {})
        return self._words


class Told(dict):
    """A change's objects, put in words when they are asked for."""

    def __init__(self, change, known):
        super().__init__()
        self.change, self.known = change, known

    def told(self):
        """(objects, subject, question) in words."""
        return places.told(self.change, self.known.words)


class _Two(Told):
    """The objects of two changes at once."""

    def __init__(self, one, two):
        dict.__init__(self)
        self.one, self.two = one, two

    def told(self):
        told = [h.objects.told() for h in (self.one, self.two)]
        first, second = (h.objects.change.told.format(**u[0]) for h, u in zip((self.one, self.two), told, strict=True))
        return {"first": first, "second": second}, told[0][1], ""


def _kind(value, sizes):
    """The `Quantity` of a local variable, by its shape and its values."""
    a = np.asarray(value, float)
    letters = {sizes[u]: u for u in "dkn" if u in sizes}
    if a.ndim == 0:
        return Quantity("", "positive" if a > 0 else "real")
    axes = "".join(letters.get(s, "?") for s in a.shape)
    if "?" in axes or not np.isfinite(a).all():
        return None
    if axes in ("nk", "k") and np.allclose(a.sum(-1), 1) and (a >= 0).all():
        return Quantity(axes, "simplex")
    if axes in ("dd", "kdd") and np.allclose(a, np.swapaxes(a, -1, -2)):
        return Quantity(axes, "spd")
    return Quantity(axes, "positive" if (a > 0).all() and len(axes) == 1 else "real")


def _steps(function, w):
    """How many lines a call runs, and how many numbers come: a measure of its cost that no busy machine changes."""
    lines = 0

    def count(frame, event, arg):
        nonlocal lines
        lines += 1
        return count if frame.f_code.co_filename == here else None

    here = getattr(getattr(function, "__code__", None), "co_filename", None)
    before = sys.gettrace()
    sys.settrace(count)
    try:
        result = called(function, w.problem())
    finally:
        sys.settrace(before)
    parts = result if isinstance(result, tuple) else (result,)
    return max(lines, 1) + sum(u.size for u in parts if u is not None) // 20


def one_at_a_time(study, known, almost):
    """The truth's variants as hypotheses, as many as the budget of steps allows."""
    for v in islice(source.variants(study.truth, known.kinds), known.budget):
        if v.small <= almost:
            output = lambda w, t, f=v.function: called(f, w.problem())
            yield Hypothesis(REWRITE + v.change.told, v.change.cause, "", output, Told(v.change, known), cost=v.cost)


def two_at_once(study, known, almost):
    """Two rewrites in one sum, or in one product: their effects add up, or multiply, to the answer's error."""
    w, a, t = study.order()[0]
    if (
        a is None
        or isinstance(t, tuple)
        or isinstance(a, tuple)
        or a.shape != t.shape
        or not (finite(a) and finite(t))
        or not t.size
    ):
        return
    rewrites = islice(one_at_a_time(study, known, almost), PAIRED)
    made = [(h, h.output(w, t)) for h in rewrites]
    made = [(h, b) for h, b in made if _of_shape(b, t) and finite(b) and not agree(b, t)]
    product = bool(made) and (t != 0).all()
    ways = [(lambda b: b - t, lambda b, c, t: b + c - t), (lambda b: np.log(np.abs(b / t)), lambda b, c, t: b * c / t)]
    for effect, joined in ways[: 1 + product]:
        for i, j in _adding_up([effect(b).ravel() for _, b in made], effect(a).ravel()):
            one, two = made[i][0], made[j][0]
            output = lambda w, t, one=one, two=two, joined=joined: _joined(
                one.output(w, t), two.output(w, t), t, joined
            )
            yield Hypothesis(
                REWRITE + "{first}, and {second}", one.cause, "", output, _Two(one, two), cost=one.cost + two.cost
            )


def _of_shape(b, t):
    return isinstance(b, np.ndarray) and b.shape == np.shape(t)


def _joined(b, c, t, joined):
    return joined(b, c, t) if _of_shape(b, t) and _of_shape(c, t) else None


def _adding_up(effects, wanted, most=40):
    """Pairs (i, j) of effects that add up to what is wanted."""
    if not effects or not np.isfinite(wanted).all():
        return
    table = np.stack(effects)
    table[~np.isfinite(table)] = 1e300
    size = np.abs(wanted).max() + 1e-300
    weights = np.random.default_rng(0).uniform(0.5, 1.5, wanted.size)
    sums, target, found = table @ weights, wanted @ weights, 0
    order = np.argsort(sums)
    near = 1e-7 * size * wanted.size
    for i in range(len(sums)):
        low, high = np.searchsorted(sums[order], [target - sums[i] - near, target - sums[i] + near])
        for j in order[low:high]:
            if i < j and np.abs(table[i] + table[j] - wanted).max() <= 1e-7 * size:
                yield i, j
                found += 1
                if found == most:
                    return
