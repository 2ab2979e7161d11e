"""Answer and truth, evaluated with care and counted: on the given problems and on fresh ones near them."""

import numpy as np

from emtutor.causes.findings import agree, finite
from emtutor.problems.extremes import asks
from emtutor.problems.worlds import fresh, slice_axis

CALLS = 600  # how often answer and truth are called beyond the given problems, at most


def called(function, problem, errors=None, key=None):
    """A function's output as an array or a tuple of arrays; None if it has none, and errors[key] says why."""
    try:
        with np.errstate(all="ignore"):
            result = function(*problem.args.values())
        if isinstance(result, list) and len({np.shape(r) for r in result}) <= 1:
            result = np.asarray(result, float)
        if isinstance(result, (tuple, list)):
            return tuple(np.asarray(r, float) for r in result)
        return None if result is None else np.asarray(result, float)
    except Exception as error:
        if errors is not None:
            errors[key] = (type(error), str(error))
        return None


class Study:
    """The outputs of answer and truth on the worlds of the given problems, and on as many fresh ones as are asked."""

    def __init__(self, answer, truth, worlds, seed, given=None):
        self.answer, self.truth, self.worlds = answer, truth, worlds
        self.rng = np.random.default_rng(seed)
        self.calls = 0
        self.errors = {}
        self.given = [self.both(w, i) for i, w in enumerate(worlds)] if given is None else given
        self.drawn = []  # (world, answer's output, truth's) of fresh problems, kept
        self.calls = 0

    def both(self, w, key=None):
        """(answer's output, truth's output); None in the place of one that failed."""
        self.calls += 1
        a, t = called(self.answer, w.problem(), self.errors, key), called(self.truth, w.problem())
        if isinstance(t, tuple) and isinstance(a, np.ndarray) and a.ndim and len(a) == len(t):
            a = tuple(a)
        elif isinstance(t, np.ndarray) and isinstance(a, tuple) and len({u.shape for u in a}) == 1:
            a = np.array(a)
        return a, t

    def pair(self, w):
        """Both outputs as arrays, or None if either failed or the budget is used up."""
        if self.calls > CALLS:
            return None
        a, t = self.both(w)
        return None if a is None or t is None or isinstance(a, tuple) or isinstance(t, tuple) else (a, t)

    def part(self, i):
        """The study of one part of a tuple."""
        first = lambda u: None if u is None else u[i]
        return Study(lambda *args: self.answer(*args)[i], lambda *args: self.truth(*args)[i], self.worlds, self.rng,
                     [(first(a), first(t)) for a, t in self.given])  # fmt: skip

    def is_wrong(self, i):
        """True if the answer is wrong on the i-th given problem."""
        a, t = self.given[i]
        return t is not None and (a is None or not agree(a, t))

    def right(self):
        return all(t is not None and a is not None and agree(a, t) for a, t in self.given)

    def generic(self):
        """Numbers of the given worlds of more than one point, component and dimension with an ordinary truth."""
        good = []
        for i, w in enumerate(self.worlds):
            t = self.given[i][1]
            if t is None or not finite(t, any):
                continue
            small = sum(size == 1 for size in w.sizes.values()) + 2 * (w.sizes.get("n") == w.sizes.get("k"))
            good.append(((extreme(w) or asks(w.label) != "", not finite(t), small), i))
        lowest = min((s for s, _ in good), default=0)
        chosen = [i for s, i in sorted(good) if s == lowest]
        quick = 20 * min((self.worlds[i].length for i in chosen), default=0)
        chosen = [i for i in chosen if self.worlds[i].length <= quick]
        richest = max((self.worlds[i].pattern for i in chosen), key=lambda p: len("".join(p)), default=())
        return [i for i in chosen if self.worlds[i].pattern == richest]

    def draws(self, count):
        """So many fresh problems near the generic ones, in turn: (world, answer's output, truth's), kept."""
        base = self.generic()
        while base and len(self.drawn) < count:
            w = fresh(self.worlds[base[len(self.drawn) % len(base)]], self.rng)
            self.drawn.append((w, *self.both(w)))
        return self.drawn[:count]

    def sized(self, count):
        """Fresh problems of other sizes: each axis of a generic one cut to some length above one."""
        base = [self.worlds[i] for i in self.generic()]
        for number in range(count if base else 0):
            w = fresh(base[number % len(base)], self.rng)
            for letter in "d" if w.leaves("labels", "onehot") else "nkd":  # no component may be left without a point
                size = w.sizes.get(letter, 1)
                if size > 2:
                    w = slice_axis(w, letter, int(self.rng.integers(2, size + 1)))
            yield w

    def order(self):
        """The given problems, a generic one on which the answer is wrong first: (world, answer's output, truth's)."""
        generic = self.generic()
        wrong = [i for i in (*generic, *range(len(self.worlds))) if self.is_wrong(i)]
        numbers = dict.fromkeys([*wrong[:1], *generic, *range(len(self.worlds))])
        return [(self.worlds[i], *self.given[i]) for i in numbers]


def extreme(w):
    """True if a point lies far outside the rest, or a table's entries are far apart."""
    for u in w.leaves("points"):
        x = np.asarray(w.values[u], float)
        if len(x) > 2:
            middle = np.median(x, 0)
            spread = np.median(np.abs(x - middle), 0) + 1e-300
            if (np.abs(x - middle) / spread).max() > 100:
                return True
    logs = (np.asarray(w.values[u], float) for u in w.leaves("log"))
    return any(np.ptp(a[np.isfinite(a)]) > 500 for a in logs if np.isfinite(a).any())
