"""A problem taken apart by its notation: sizes of axes, fresh draws near it, and put together again.

The leaves of a problem are its arguments, with a tuple such as theta_a = (pi, mu, Sigma) opened: "theta_a.pi".
"""

from typing import Any, NamedTuple

import numpy as np

from emtutor.problems.problem import Problem, Quantity, quantity


class World(NamedTuple):
    """The leaves of one problem: what each is, and its value."""

    label: str
    names: tuple[str, ...]  # the arguments, in the function's order
    kinds: dict[str, Quantity]
    values: dict[str, Any]

    def replace(self, label=None, **changed):
        """The same world with other values; keys may be given as a dict by `**`."""
        return self._replace(label=self.label if label is None else label, values=self.values | changed)

    @property
    def sizes(self):
        """{"n": 7, "d": 2, ...}: the length of every axis."""
        sizes = {}
        for name, q in self.kinds.items():
            for letter, size in zip(q.axes, np.shape(self.values.get(name, ())), strict=False):
                sizes.setdefault(letter, size)
        for name, q in self.kinds.items():
            if q.kind == "size":
                sizes.setdefault(name, int(self.values[name]))
        return sizes

    @property
    def pattern(self):
        """The axes of all leaves: worlds of one pattern can be treated alike."""
        return tuple(q.axes for q in self.kinds.values())

    @property
    def length(self):
        """How many numbers there are."""
        return sum(np.size(value) for name, value in self.values.items() if self.kinds[name].kind != "opaque") + 1

    def problem(self):
        """The problem again, with copies of all arrays."""
        args = {}
        for name in self.names:
            q = self.kinds[name]
            if q.kind == "tuple":
                args[name] = tuple(_copy(self.values[f"{name}.{part}"]) for part in q.parts)
            else:
                args[name] = _copy(self.values[name])
        return Problem(self.label, args)

    def leaves(self, *kinds, axes=None):
        """Names of the leaves of these kinds (and of these axes)."""
        return [
            name
            for name, q in self.kinds.items()
            if (not kinds or q.kind in kinds) and (axes is None or q.axes == axes) and name in self.values
        ]


def world(problem, notation=None):
    """The problem as a `World`."""
    kinds, values = {}, {}
    for name, value in problem.args.items():
        q = quantity(name, value, notation)
        kinds[name] = q
        if q.kind == "tuple":
            for part, v in zip(q.parts, value, strict=True):
                kinds[f"{name}.{part}"] = quantity(part, v, notation)
                values[f"{name}.{part}"] = v
        else:
            values[name] = value
    return World(problem.label, tuple(problem.args), kinds, values)


def short(name):
    """The name that a sentence uses: "Sigma" for the leaf "theta_a.Sigma"."""
    return name.rsplit(".", 1)[-1]


def slice_axis(w, letter, size):
    """The world with only the first `size` entries along an axis; probabilities are made to sum to one again."""
    values = {}
    for name, value in w.values.items():
        q = w.kinds[name]
        if letter in q.axes and np.ndim(value) == len(q.axes):
            index = tuple(slice(size) if axis == letter else slice(None) for axis in q.axes)
            value = np.asarray(value)[index].copy()
            if q.kind == "simplex" and letter == q.axes[-1]:
                value = value / value.sum(-1, keepdims=True)
            if q.kind == "logsimplex" and letter == q.axes[-1]:
                value = value - np.logaddexp.reduce(value, axis=-1, keepdims=True)
            if q.kind == "onehot" and letter == q.axes[-1]:
                value = np.eye(size)[np.arange(len(value)) % size]
        elif q.kind == "labels" and letter == "k":
            value = np.asarray(value) % size
        elif q.kind == "size" and name == letter:
            value = size
        values[name] = value
    return w._replace(values=values)


def fresh(w, rng):
    """Another world of the same sizes, every value redrawn near the old one and valid of its kind."""
    return w._replace(values={name: redraw(w, name, rng) for name in w.values})


def redraw(w, name, rng):
    """A new value of one leaf, of the same kind and scale."""
    value, q = w.values[name], w.kinds[name]
    a = np.asarray(value) if q.kind not in ("opaque", "size") else value
    if q.kind in ("opaque", "size"):
        return _copy(value)
    if q.kind == "simplex":
        b = (a + 1e-3) * np.exp(0.6 * rng.standard_normal(a.shape))
        return b / b.sum(-1, keepdims=True)
    if q.kind in ("onehot", "labels"):
        return _relabelled(rng.permutation(a), rng)
    if q.kind == "positive":
        return _like(value, a * np.exp(0.35 * rng.standard_normal(a.shape)))
    if q.kind == "above1":
        return _like(value, 1 + (a - 1 + 0.1) * np.exp(0.35 * rng.standard_normal(a.shape)))
    if q.kind == "chance":
        odds = np.log(a / (1 - a)) if (a > 0).all() and (a < 1).all() else np.zeros(a.shape)
        return _like(value, 1 / (1 + np.exp(-odds - 0.5 * rng.standard_normal(a.shape))))
    if q.kind == "counts":
        return _counts(w, name, a, value, rng)
    if q.kind in ("spd", "negative"):
        s = np.sqrt(np.abs(np.diagonal(a, axis1=-2, axis2=-1)))
        d = a.shape[-1]
        A = np.eye(d) + 0.25 * rng.standard_normal((*a.shape[:-2], d, d))
        A = A * s[..., :, None] / s[..., None, :]
        b = A @ a @ np.swapaxes(A, -1, -2)
        return (b + np.swapaxes(b, -1, -2)) / 2
    if q.kind == "log":
        return a + 0.6 * rng.standard_normal(a.shape)
    if q.kind == "logsimplex":
        b = a + 0.5 * rng.standard_normal(a.shape)
        return b - np.logaddexp.reduce(b, axis=-1, keepdims=True)
    return _like(value, a + 0.35 * _scale(w, a, q) * rng.standard_normal(a.shape))


def _relabelled(a, rng):
    """Labels, or one-hot rows, of which some have moved: no component is left empty, no count stays what it was."""
    label = a.argmax(1) if a.ndim == 2 else a.copy()
    k = a.shape[1] if a.ndim == 2 else int(label.max(initial=0)) + 1
    for i in rng.permutation(len(label))[: (len(label) + 1) // 2]:
        if (label == label[i]).sum() > 1:
            label[i] = rng.integers(k)
    return np.eye(k)[label] if a.ndim == 2 else label


def _scale(w, a, q):
    """How far a value may be moved: the spread of the data by column, else the value's own size."""
    if q.kind in ("points", "means", "centre") and "d" in q.axes:
        for other in w.leaves("points", "means"):
            b = np.asarray(w.values[other], float)
            if w.kinds[other].axes[-1] == "d" and len(b) > 1:
                spread = np.minimum(b.std(0), 3 * np.median(np.abs(b - np.median(b, 0)), 0) + 1e-300)
                return np.where(spread > 0, spread, 1.0)
    size = np.median(np.abs(a)) if a.size else 1.0
    return size if size > 0 else 1.0


def _counts(w, name, a, value, rng):
    """Whole numbers again: heads stay below flips."""
    low = rng.poisson(np.maximum(a, 1)) if short(name) != "flips" else a + rng.integers(0, 4, a.shape)
    if short(name) == "heads" and "flips" in w.values:
        flips = np.asarray(w.values["flips"])
        low = rng.binomial(flips.astype(int), rng.uniform(0.2, 0.8, a.shape))
    return _like(value, low.astype(a.dtype))


def _like(value, new):
    """A Python number stays one."""
    if isinstance(value, np.ndarray):
        return new
    return type(value)(new) if isinstance(value, (int, float)) and np.ndim(new) == 0 else new


def _copy(value):
    if isinstance(value, np.ndarray):
        return value.copy()
    return tuple(_copy(v) for v in value) if isinstance(value, tuple) else value
