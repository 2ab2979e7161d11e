"""What several scenes share: names of axes, limits, how components look, and the staircase of log p and L."""

import numpy as np

from emtutor import data
from emtutor.films import film, palette
from emtutor.films.marks import number
from emtutor.films.scenes import learners
from emtutor.maths import arguments

FRAMES, ITERATIONS = 1000, 100_000  # the most that a film shows each of, and that it goes on for

LOG_P = "log p(x | θ)"
STAIRCASE_KEY = (
    (LOG_P, "line", "ink", 0),
    ("L(q, θ)", "line", palette.ELBO, 1),
    ("KL", "fill", palette.GAP, 0),
)
# The frames at which the view of the staircase moves on: seldom, so that in most steps nothing moves but marks.
TURNS = (0, 3, 6, 10, 16, 24, 36, 54, 80, 120, 180, 270, 400, 600, 900, 1350, 2000)


def labels_of(x, labels=None):
    """One name a column, with its unit; Old Faithful is recognised, other columns are x_1, x_2, ..."""
    d = x.shape[1]
    if labels is not None:
        names = tuple(labels) if isinstance(labels, (tuple, list)) else ()
        if len(names) != d or not all(isinstance(name, str) for name in names):
            raise ValueError(f"labels must name the {d} columns of x, in texts, got {arguments.shown(labels)}")
        return names
    if x.shape == (272, 2) and np.array_equal(x, data.old_faithful()):
        return data.FAITHFUL_COLUMNS
    return tuple(f"x_{a + 1}" for a in range(d))


def plane(x, labels):
    """x (n, 2) and the names of its columns."""
    x = arguments.points(x)
    if x.shape[1] != 2:
        raise ValueError(f"x must have two columns to be drawn, got shape {x.shape}: choose two")
    return x, labels_of(x, labels)


def unit_squared(names):
    """The unit of a squared distance, " min²" say; "" where the columns have none in common."""
    units = {name.rsplit("(", 1)[1].rstrip(")") for name in names if "(" in name}
    return f" {units.pop()}²" if len(units) == 1 else ""


def iterations_of(value, name="iterations", most=FRAMES):
    """How many iterations are shown, or made: enough for any film, and not so many that it never ends."""
    return arguments.whole(name, value, 1, (str(most), most))


def low(i):
    """A number as an index: 12 -> ₁₂."""
    return str(i).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def colour(j):
    return palette.COMPONENTS[j % len(palette.COMPONENTS)]


def dash(j):
    return j % len(film.DASHES)


def blend(r, n):
    """What n points look like under r (n, k): mixed colours (bytes), and a shape for the largest share.

    r may be anything that a learner's E-step returned: a row without a positive number is grey, a shape that does
    not fit makes all grey.
    """
    grey = np.array(palette.rgb(palette.UNLABELLED), np.uint8)
    r = np.asarray(r, float) if np.asarray(r).dtype.kind in "fiub" else np.zeros((0, 0))
    if r.ndim != 2 or len(r) != n or r.shape[1] == 0:
        return np.tile(grey, (n, 1)), np.zeros(n, int)
    r = np.nan_to_num(r, nan=0.0, posinf=1e300, neginf=0.0)
    colours = np.rint(255 * palette.mixed(r)).astype(np.uint8)
    nothing = r.max(1) <= 0
    colours[nothing] = grey
    shapes = np.where(nothing, 0, r.argmax(1) % len(film.CORNERS))
    return colours, shapes


def around(*clouds, margin=0.06):
    """Limits ((x0, x1), (y0, y1)) that hold all clouds (m, 2), with a margin."""
    points = np.concatenate([np.asarray(c, float).reshape(-1, 2) for c in clouds])
    points = points[np.isfinite(points).all(1)]
    low, high = points.min(0), points.max(0)
    span = np.where(high > low, high - low, np.maximum(1, abs(high)))
    low, high = low - margin * span, high + margin * span
    return tuple((float(a), float(b)) for a, b in zip(low, high, strict=True))


def within(at, limits):
    """True if the point lies inside: a mean that a wrong step sent far away has no place for its number."""
    return all(low <= v <= high for v, (low, high) in zip(at, limits, strict=True))


def ended(start, end, limits):
    """The end of an arrow, shortened to stay within the limits."""
    low, high = np.array(limits).T
    step = end - start
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(step > 0, (high - start) / step, np.where(step < 0, (low - start) / step, np.inf))
    return start + min(1.0, 0.98 * float(room.min())) * step


def apart(centres, limits, width=500):
    """The same points, those that would hide an earlier one moved to its right: numbers of components stay legible."""
    unit = np.array([(limits[0][1] - limits[0][0]) / width, (limits[1][1] - limits[1][0]) / film.HEIGHT])
    aside, placed = np.array([23 * unit[0], 0]), []
    for centre in centres:
        while any((abs((centre - other) / unit) < (22, 20)).all() for other in placed):
            centre = centre + aside
        placed.append(centre)
    return placed


def staircase_panel(top=LOG_P, bound=True):
    """Where a Staircase stands; its limits come with each frame. top: the name of what is climbed."""
    key = ((top, *STAIRCASE_KEY[0][1:]), *STAIRCASE_KEY[1:]) if bound else ((top, *STAIRCASE_KEY[0][1:]),)
    return film.Panel("half-step", "nats", (0, 12), (-1, 0), width=332, key=key, counts=True)


class Staircase:
    """log p, L and the gap over half-steps: the same marks in every frame, more of them revealed."""

    def __init__(self, t, log_p, elbo, panel=1, bound=True):
        """t: the number of half-steps behind each state; log_p, elbo: NaN where they have no value.

        bound: whether L and the gap are shown.
        """
        self.t, self.log_p, self.elbo = (np.asarray(a, float) for a in (t, log_p, elbo))
        self.elbo = self.elbo if bound else np.full_like(self.elbo, np.nan)
        self.bound = bound
        self.panel = panel

    def marks(self, i):
        """Those of state i."""
        common = {"count": i + 1, "panel": self.panel}
        marks = [film.path("log p", np.column_stack([self.t, self.log_p]), colour="ink", width=2.4, **common)]
        if self.bound:
            curve = np.column_stack([self.t, self.elbo])
            marks.insert(0, film.band("gap", self.t, self.elbo, self.log_p, colour=palette.GAP, **common))
            marks.append(film.path("L", curve, colour=palette.ELBO, dash=1, width=2.4, **common))
        if self.log_p[i] - self.elbo[i] > 1e-6 and not (i and np.isfinite(self.elbo[i - 1])):
            gap = [[self.t[i], self.elbo[i]], [self.t[i], self.log_p[i]]]  # here the band begins and has no width yet
            marks.append(film.path("first gap", gap, colour=palette.GAP, width=5, panel=self.panel))
        now = ("now log p", self.log_p[i], "ink", 1), ("now L", self.elbo[i], palette.ELBO, 0)
        for name, value, tone, shape in now:
            if np.isfinite(value):
                dot = [[self.t[i], value]]
                marks.append(film.points(name, dot, colour=tone, shape=shape, size=5, panel=self.panel))
        return marks

    def view(self, i):
        """Limits around the last steps of the climb, so that late gaps are seen too; they move on only at TURNS."""
        block = max(b for b in range(len(TURNS)) if TURNS[b] <= i)
        first, last = 2 * (TURNS[block] // 3), min([*TURNS[block + 1 : block + 2], len(self.t)]) - 1
        seen = slice(first, last + 1)
        reach = max(self.t[last] - self.t[first], 2.0)
        across = (float(self.t[first] - 0.03 * reach), float(self.t[first] + 1.03 * reach))
        values = np.concatenate([self.log_p[seen], self.elbo[seen]])
        if not np.isfinite(values).any():
            values = np.concatenate([self.log_p, self.elbo])
        values = values[np.isfinite(values)]
        low, high = (values.min(), values.max()) if len(values) else (-1.0, 0.0)
        pad = 1.0 if high - low < 1e-6 else 0.07 * (high - low) + max(0.01, 1e-5 * abs(high))
        return (across, (float(low - pad), float(high + pad)))

    def levels(self, i, log_p, elbo):
        """For a theta that is on no step: marks, log p and L as lines across, and limits that hold them."""
        across, (low, high) = self.view(i)
        room = max(high - low, 1.0)
        values = [v for v in (log_p, elbo if self.bound else np.nan) if np.isfinite(v)]
        if values and min(values) < low:  # by doubling, so that the scale holds still under a hand
            low = high - room * 2.0 ** np.ceil(np.log2((high - min(values)) / room + 0.1))
        high = max([high, *(v + 0.05 * room for v in values)])
        marks = [mark for mark in self.marks(i) if mark.name == "log p"]
        if self.bound and len(values) == 2:
            box = [[across[0], elbo, across[1], max(log_p, elbo)]]
            marks.append(film.bars("gap by hand", box, colours=[palette.GAP], opacity=0.75, panel=self.panel))
        for name, value, tone, dash in (("log p by hand", log_p, "ink", 0), ("L by hand", elbo, palette.ELBO, 1)):
            if value in values:
                line = [[across[0], value], [across[1], value]]
                marks.append(film.path(name, line, colour=tone, dash=dash, width=2.4, panel=self.panel))
        return marks, (across, (float(low), float(high + 0.04 * (high - low))))


def next_state(steps, states, phases=("E", "M")):
    """Append the next half-step to `states`; "", or the sentence on what happened in its place.

    Whatever a learner's step does is part of the film; only where there is no start yet is an exception one.
    """
    try:
        states.append(next(steps))
        return ""
    except learners.Failure as failure:
        what = str(failure)
    except (Exception, SystemExit) as error:
        if not states:
            raise
        what = f"raised {said(error)}"
    last = states[-1]
    phase, t = (phases[1], last.t) if last.phase == phases[0] else (phases[0], last.t + 1)
    return f"Stopped: the {phase} step of iteration {t} {sentence(what)} The picture is the last one before it."


def said(error):
    """'ValueError: what it says', its first line; an exception that cannot be printed has its name."""
    try:
        what = str(error).strip().split("\n")[0]
    except Exception:
        what = ""
    return f"{type(error).__name__}: {what}" if what else type(error).__name__


def sentence(words):
    return words if words.endswith(("?", ".")) else words + "."


def note_of(step):
    """What has no value in this state, and why; "" if all have one."""
    return f"What is undefined: {sentence(step.note.strip())} " if step.note.strip() else ""


def along(start, end, s):
    """start + s (end - start), entry by entry through tuples of arrays and numbers."""
    if isinstance(start, (tuple, list)):
        parts = [along(a, b, s) for a, b in zip(start, end, strict=True)]
        return type(start)(*parts) if hasattr(start, "_fields") else type(start)(parts)
    return start + s * (end - start)


def value(function, *args):
    """function(*args), or NaN where it has none: theta is out of bounds, q is no distribution."""
    try:
        with np.errstate(all="ignore"):
            return float(function(*args))
    except Exception:
        return np.nan


def exceeds(a, b):
    """True where a > b by more than rounding explains."""
    return a > b + 1e-9 * np.maximum(abs(b), 1e-3)


def change(value, digits=2):
    """'rises by 3.21' / 'falls by 0.50' / 'does not change'."""
    if not np.isfinite(value):
        return "has no value"
    if abs(value) < 0.5 * 10.0**-digits:
        return (
            "does not change"
            if abs(value) < 1e-9
            else f"{'rises' if value > 0 else 'falls'} by less than 0.{'0' * (digits - 1)}1"
        )
    return f"{'rises' if value > 0 else 'falls'} by {number(abs(value), digits)}"
