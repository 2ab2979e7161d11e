"""Pictures of theta = (pi, mu, Sigma) over the data: ellipses in the plane, weighted densities over a line."""

import numpy as np

from emtutor.films import film
from emtutor.films.scenes import common

CROWD = 1000  # more points than this are thinned in the picture

MIXED = "A point's colour mixes the components' by its responsibilities; its shape is that of the largest."


class Plane:
    """Two columns: points, and each component as an ellipse at two standard deviations."""

    caption = "Each ellipse is one component at two standard deviations. " + MIXED
    what = "ellipses"

    def __init__(self, x, states):
        self._states = states  # their thetas are known by identity, as long as they live
        self.n, self.x = len(x), x[:: every(x), :2]
        room = common.around(self.x, margin=0.35)
        self.ellipses = _once(ellipses_of, states)
        curves = [film.curve(six) for ellipses in self.ellipses.values() for _, six in ellipses]
        curves = [
            np.clip(c, [room[0][0], room[1][0]], [room[0][1], room[1][1]]) for c in curves if np.isfinite(c).all()
        ]
        self.limits = common.around(self.x, *curves, margin=0.03)

    def panel(self, names):
        return film.Panel(names[0], names[1], *self.limits, width=500)

    def marks(self, q, theta, old):
        """q: gives the colours; theta: the ellipses; old: another theta, dotted (the one before), or None."""
        colours, shapes = _looks(q, self.n, self.x)
        marks = [film.points("data", self.x, colour=colours, shape=shapes, size=4.6)]
        for j, six in self.ellipses_at(old):
            marks.append(film.ellipse(f"before {j + 1}", six, colour="muted", dash=3, width=1.3))
        ellipses = self.ellipses_at(theta)
        for j, six in ellipses:
            marks.append(film.ellipse(f"component {j + 1}", six, colour=common.colour(j), dash=common.dash(j)))
        numbered = [(j, six[:2]) for j, six in ellipses if common.within(six[:2], self.limits)]
        centres = common.apart([centre for _, centre in numbered], self.limits)
        for (j, _), at in zip(numbered, centres, strict=True):
            marks.append(film.text(f"number {j + 1}", at, str(j + 1), ring=common.colour(j)))
        return marks

    def ellipses_at(self, theta):
        """(j, six numbers) for each component that can be drawn; [] for None."""
        return [] if theta is None else self.ellipses.get(id(theta)) or list(ellipses_of(theta))


class Line:
    """One column: points on the axis, and each component as its weighted density."""

    caption = "Each curve is one component's weight times its density. " + MIXED
    what = "curves"

    def __init__(self, x, states):
        self._states = states  # their thetas are known by identity, as long as they live
        self.n, self.x = len(x), x[:: every(x), 0]
        self.xlim, _ = common.around(np.column_stack([self.x, self.x]), margin=0.15)
        self.bells = _once(bells_of, states)
        heights = [bell[0] for bells in self.bells.values() for _, bell in bells]
        self.top = min(max(heights, default=1.0), 40 / (self.xlim[1] - self.xlim[0]))
        self.row = -0.05 * self.top - 0.04 * self.top * (np.arange(len(self.x)) * 0.618034 % 1)

    def panel(self, names):
        return film.Panel(names[0], "weight times density", self.xlim, (-0.13 * self.top, 1.08 * self.top))

    def marks(self, q, theta, old):
        """As those of `Plane`."""
        colours, shapes = _looks(q, self.n, self.x)
        marks = [film.points("data", np.column_stack([self.x, self.row]), colour=colours, shape=shapes, size=4.6)]
        for j, bell in self.bells_at(old):
            marks.append(film.bell(f"before {j + 1}", *bell, colour="muted", dash=3, width=1.3))
        shapes = self.bells_at(theta)
        for j, bell in shapes:
            marks.append(film.bell(f"component {j + 1}", *bell, colour=common.colour(j), dash=common.dash(j)))
        room = (self.xlim, (0, 1.2 * self.top))
        numbered = [(j, np.array([mean, min(height, self.top)])) for j, (height, mean, _) in shapes]
        numbered = [(j, at) for j, at in numbered if common.within(at, room)]
        for (j, _), at in zip(numbered, common.apart([at for _, at in numbered], room), strict=True):
            marks.append(film.text(f"number {j + 1}", at, str(j + 1), ring=common.colour(j)))
        return marks

    def bells_at(self, theta):
        """(j, (height, mean, sd)) for each component that can be drawn; [] for None."""
        return [] if theta is None else self.bells.get(id(theta)) or list(bells_of(theta))


def _once(shapes, states):
    """{id of theta: the list of its shapes}; the start and the first E step, an M and the next E share their theta."""
    thetas = {id(step.theta): step.theta for step in states}
    return {key: list(shapes(theta)) for key, theta in thetas.items()}


def bells_of(theta):
    """(j, (height, mean, standard deviation)) for each component of one dimension that can be drawn."""
    try:
        parts = [np.ravel(np.asarray(part, float)) for part in theta]
    except (ValueError, TypeError):
        return
    for j, (pi, mean, var) in enumerate(zip(*parts, strict=False)):
        if np.isfinite([pi, mean, var]).all() and var > 0:
            yield j, (pi / np.sqrt(2 * np.pi * var), mean, np.sqrt(var))


def every(x):
    """One point of so many is drawn."""
    return -(-len(x) // CROWD)


def _looks(q, n, drawn):
    """Colours and shapes of the points that are drawn: one of every so many; grey without a q."""
    colours, shapes = common.blend(np.zeros((0, 0)) if q is None else q, n)
    step = every(range(n))
    return colours[::step][: len(drawn)], shapes[::step][: len(drawn)]


def ellipses_of(theta):
    """(j, six numbers of the ellipse at two standard deviations) for each component that can be drawn."""
    try:
        mu, Sigma = np.asarray(theta[1], float), np.asarray(theta[2], float)
        pairs = list(zip(mu, Sigma, strict=True))
    except (ValueError, TypeError, IndexError):
        return
    for j, (m, S) in enumerate(pairs):
        if m.shape[0] < 2 or S.ndim != 2 or min(S.shape) < 2:
            continue
        S = (S[:2, :2] + S[:2, :2].T) / 2
        if not (np.isfinite(m[:2]).all() and np.isfinite(S).all()):
            continue
        values, vectors = np.linalg.eigh(S)
        root = 2 * vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
        yield j, np.concatenate([m[:2], root.ravel()])
