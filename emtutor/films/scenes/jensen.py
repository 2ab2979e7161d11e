"""The scene `jensen`: a concave curve, its chord, and the gap between f of the mean and the mean of f."""

import numpy as np

from emtutor.films import film, palette
from emtutor.films.marks import number
from emtutor.films.scenes import common
from emtutor.maths import arguments

GAP = palette.COMPONENTS[1]
CONCAVE = {"log": np.log, "square root": np.sqrt, "-1/v": lambda v: -1 / v}  # concave for v > 0


def jensen(v=(0.3, 3.0), f="log", weights=None):
    """Film of f(E v) >= E f(v) for two values v > 0: curve, chord and gap; the weight of the larger is the slider.

    f: "log", "square root" or "-1/v", or a pair (name, concave function). weights: rising, from 0 to 1. Both values and
    the mean can be dragged.
    """
    name, function = (f, CONCAVE[f]) if isinstance(f, str) and f in CONCAVE else _pair(f)
    low, high = np.sort(arguments.array("v", v, "(2)"))
    if not 1e-100 < low < high < 1e100 or high - low < 1e-6 * high:
        raise ValueError(f"v must be two different values > 0, got {low:g} and {high:g}")
    weights = np.linspace(0, 1, 21) if weights is None else weights
    w = arguments.several("weights", weights, "numbers from 0 to 1", lambda w: 0 <= w.min() <= w.max() <= 1)
    picture = _Chord(name.replace("-", "−"), function, low, high)
    frames = [
        picture.frame(low, high, a, f"w = {number(b)}" if b is not None else "")
        for a, b in zip(w, [*w[1:], None], strict=True)
    ]
    gaps = [picture.gap(low, high, a) for a in w]
    rise = max(*gaps, picture.gap(low, high, np.linspace(0, 1, 101)).max(), 1e-12)
    return film.Film(
        title=f"Jensen's inequality, f = {picture.name}",
        caption="The curve is concave, so every chord lies below it. The thick line is the gap between f of the mean "
        "(square) and the mean of f (dot).",
        panels=(
            film.Panel(
                "v",
                "f(v)",
                *common.around(picture.curve),
                key=(("f(v)", "line", "ink", 0), ("chord", "line", palette.ELBO, 1), ("gap", "line", GAP, 0)),
            ),
            film.Panel("weight w of the larger value", "gap", (-0.02, 1.02), (-0.03 * rise, 1.15 * rise), width=332),
        ),
        frames=tuple(frames),
        slider="weight",
        end="To the last",
        poster=int(np.argmax(gaps)),
        handles=picture.handles,
        hand=picture.by_hand,
    )


class _Chord:
    """The curve, and the picture for two values and a weight."""

    def __init__(self, name, function, low, high):
        self.name, self.f = name, function
        grid = np.linspace(0.7 * low, high + 0.15 * (high - low), 161)
        self.curve = np.column_stack([grid, _drawable(function, grid)])
        self.least = 1e-3 * (high - low)
        reach = (float(grid[0]), float(grid[-1]))
        self.handles = (
            film.Handle("smaller value", ("v",), xlim=reach),
            film.Handle("larger value", ("v",), xlim=reach),
            film.Handle("weight of the larger value", ("w",), panel=1, xlim=(0.0, 1.0)),
        )

    def gap(self, low, high, w):
        """f of the mean less the mean of f."""
        return self.f(low + w * (high - low)) - ((1 - w) * self.f(low) + w * self.f(high))

    def frame(self, low, high, w, following="", label=None):
        mean, gap = low + w * (high - low), float(self.gap(low, high, w))
        on_curve = float(self.f(mean))
        on_chord = on_curve - gap
        ends = np.array([[low, self.f(low)], [high, self.f(high)]])
        fine = np.linspace(0, 1, 101)
        marks = (
            film.path("f", self.curve, width=2.6),
            film.path("chord", ends, colour=palette.ELBO, dash=1, width=2.6),
            film.path("gap", [[mean, on_chord], [mean, on_curve]], colour=GAP, width=5),
            film.points("ends", ends, colour=palette.ELBO, size=6),
            film.points("f of the mean", [[mean, on_curve]], colour="ink", shape=1, size=6.5),
            film.points("mean of f", [[mean, on_chord]], colour=palette.ELBO, size=6.5),
            film.path(
                "gap curve", np.column_stack([fine, self.gap(low, high, fine)]), colour="muted", width=1.6, panel=1
            ),
            film.path("gap here", [[w, 0], [w, gap]], colour=GAP, width=5, panel=1),
            film.points("gap now", [[w, gap]], colour="ink", shape=1, size=6, panel=1),
        )
        ending = " All weight on one value: no gap." if w in (0, 1) else ""
        return film.Frame(
            marks=marks,
            words=f"Weight {number(w)} on v = {number(high)}, {number(1 - w)} on v = {number(low)}: the "
            f"mean is {number(mean)}. f of the mean is {number(on_curve, 3)}, the mean of f is "
            f"{number(on_chord, 3)}: the gap is {number(gap, 3)}.{ending}",
            label=label or f"w = {number(w)}",
            next=following,
            heads=(f"f = {self.name}, weight {number(w)}", f"gap = {number(gap, 3)}"),
            places=(ends[0], ends[1], (w, gap)),
        )

    def by_hand(self, i, places, held):
        """A value or the weight is dragged; the other two stay."""
        low, high, w = (place[0] for place in places)
        if held == 0:
            low = min(low, high - self.least)
        elif held == 1:
            high = max(high, low + self.least)
        frame = self.frame(low, high, float(w), label="by hand")
        top = max(1.15 * self.gap(low, high, np.linspace(0, 1, 101)).max(), 1e-9)
        return frame._replace(views=(None, ((-0.02, 1.02), (-0.03 * top, float(top)))))


def _pair(f):
    try:
        name, function = f
    except (TypeError, ValueError):
        name, function = None, None
    if not callable(function) or not isinstance(name, str):
        raise ValueError(f"f must be one of {list(CONCAVE)} or a pair (name, function), got {arguments.shown(f)}")
    return name, function


def _drawable(function, grid):
    """function(grid), or ValueError where it has no finite values."""
    try:
        return arguments.array("the values of f", function(grid), f"({len(grid)})", "as f gets an array of v")
    except ValueError:
        raise
    except Exception as error:
        why = arguments.shown(str(error))
        raise ValueError(
            f"f must be a function of an array of v > 0, it raised {type(error).__name__}: {why}"
        ) from error
