"""What a film is made of: panels, marks, frames, handles; and how they are laid out, once for both renderers.

Every frame is complete in itself. A film knows nothing of EM: scenes make films, the player shows them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from emtutor.films import palette

HEIGHT = 352  # of a panel between its axes
LEFT, RIGHT, TOP, BOTTOM = 106, 20, 62, 54  # room around it: labels, heading and key
DASHES: tuple[tuple[float, ...], ...] = ((), (8, 4), (11, 3, 2, 3), (2, 3), (14, 4), (6, 2, 2, 2, 2, 2))
EDGE = 2.5  # how much wider the ink beneath a pale line is
TURN = np.linspace(0, 2 * np.pi, 73)  # the vertices of an ellipse; the same in both renderers
SPREAD = np.linspace(-4, 4, 97)  # those of a bell, in standard deviations
# Colours that follow the theme, as they are on paper; everything else is '#rrggbb'.
PAPER = {"ink": palette.INK, "muted": "#595959", "faint": "#d0d0d0", "paper": "#ffffff"}
CORNERS = (  # circle is round; the others by their corners, all of about equal area, y downwards
    None,
    ((-0.89, -0.89), (0.89, -0.89), (0.89, 0.89), (-0.89, 0.89)),
    ((0, -1.25), (1.2, 0.83), (-1.2, 0.83)),
    ((0, -1.3), (1.15, 0), (0, 1.3), (-1.15, 0)),
    ((0, 1.25), (1.2, -0.83), (-1.2, -0.83)),
    ((-1.3, -0.6), (-0.6, -0.6), (0, -1.3), (0.6, -0.6), (1.3, -0.6), (0.7, 1.1), (-0.7, 1.1)),
)


class Panel(NamedTuple):
    """Axes with labels (units included), limits, and a key that stands above them, never over the data."""

    xlabel: str
    ylabel: str
    xlim: tuple = (0.0, 1.0)
    ylim: tuple = (0.0, 1.0)
    width: float = 500
    key: tuple = ()  # (text, "line" | "fill" | "point" | "ring", colour, dash or shape)
    xticks: tuple | None = None  # ((value, text), ..); None: round numbers; (): none
    yticks: tuple | None = None
    counts: bool = False  # x counts something: ticks at whole numbers only


class Mark(NamedTuple):
    """One thing drawn: made by the functions below, never by hand."""

    kind: str
    name: str
    panel: int
    props: dict


class Frame(NamedTuple):
    """One state. `label` is the step that led here ("E"), `next` the one that follows ("M"; "" at the end)."""

    marks: tuple
    words: str
    label: str
    next: str = ""
    heads: tuple = ()  # one heading a panel
    views: tuple = ()  # per panel (xlim, ylim), or None for the panel's own
    places: tuple = ()  # where each handle stands, (x, y); of one that chooses a point its index, or None


class Handle(NamedTuple):
    """Something that a hand can move, in every frame; where it stands says `Frame.places`.

    xlim, ylim: where it may go; None: it does not move along this axis. corners: of the segment or triangle on which
    it stays instead, one a weight. chooses: the name of a mark of points; it does not move, one of these is chosen.
    """

    name: str  # "mean 1"
    names: tuple = ("x", "y")  # of what it changes, with units: one a direction, or one a corner
    panel: int = 0
    xlim: tuple | None = None
    ylim: tuple | None = None
    corners: tuple = ()
    chooses: str = ""
    carries: tuple = ()  # ((mark, prop), ..): they follow at once; the first two numbers of such a value are the place
    rides: int | None = None  # the number of a handle with which it moves
    size: float = 15  # radius of its ring


class Film(NamedTuple):
    """A run as a sequence of frames. Immutable; the same film gives the same JSON and the same pictures.

    hand(i, places, held) -> Frame: what is seen when, in frame i, handle number `held` was moved and all stand at
    `places`. onward(i, places) -> Film: the film that goes on from there, if one can.
    """

    title: str
    caption: str
    panels: tuple
    frames: tuple
    slider: str = "half-step"  # what the slider counts
    end: str = "Converge"  # what the button says that goes to the last frame
    poster: int = -1  # the frame that stands for the film where it cannot be played
    handles: tuple = ()
    hand: Callable | None = None
    onward: Callable | None = None


# ---- marks


def points(name, xy, *, colour="muted", shape=0, size=4.5, panel=0):
    """Dots at xy (n, 2). colour: one, or bytes (n, 3); shape: one of 0 .. 5, or one a point."""
    return Mark("points", name, panel, {"xy": _pairs(xy), "colour": colour, "shape": shape, "size": size})


def path(name, xy, *, colour="ink", dash=0, width=2.2, fill=None, opacity=1, count=None, panel=0):
    """A line through xy (n, 2); NaN lifts the pen. `count`: only the first so many points; `fill`: a colour."""
    props = {"xy": _pairs(xy), "colour": colour, "dash": dash, "width": width, "fill": fill, "opacity": opacity}
    return Mark("path", name, panel, {**props, "count": len(props["xy"]) if count is None else int(count)})


def ellipse(name, six, *, colour="ink", dash=0, width=3, panel=0):
    """The curve centre + root (cos u, sin u); six numbers: centre (2,), root (2, 2)."""
    return Mark(
        "ellipse", name, panel, {"curve": np.asarray(six, float), "colour": colour, "dash": dash, "width": width}
    )


def bell(name, height, mean, sd, *, colour="ink", dash=0, width=3, panel=0):
    """The curve height exp(-(x - mean)^2 / (2 sd^2)), to four standard deviations."""
    three = np.array([height, mean, sd], float)
    return Mark("bell", name, panel, {"bell": three, "colour": colour, "dash": dash, "width": width})


def band(name, x, low, high, *, colour, opacity=0.75, count=None, panel=0):
    """What lies between two curves over x, up to `count` points; where either is NaN there is nothing."""
    edges = np.column_stack([x, low, high]).astype(float)
    props = {"edges": edges, "colour": colour, "opacity": opacity}
    return Mark("band", name, panel, {**props, "count": len(edges) if count is None else int(count)})


def bars(name, boxes, *, colours, opacity=1, panel=0):
    """Boxes (m, 4): left, bottom, right, top; one colour each."""
    boxes = np.asarray(boxes, float).reshape(-1, 4)
    return Mark("bars", name, panel, {"boxes": boxes, "colours": list(colours), "opacity": opacity})


def arrows(name, tails, heads, *, colour="ink", width=2, dash=0, panel=0):
    """Arrows from tails (m, 2) to heads (m, 2)."""
    ends = np.column_stack([_pairs(tails), _pairs(heads)])
    return Mark("arrows", name, panel, {"ends": ends, "colour": colour, "width": width, "dash": dash})


def text(name, at, string, *, colour="ink", anchor="middle", size=15, ring=None, panel=0):
    """Words at a point; `ring` draws a disc of that colour around them, for the number of a component."""
    props = {"at": np.asarray(at, float), "text": string, "colour": colour, "anchor": anchor, "size": size}
    return Mark("text", name, panel, {**props, "ring": ring})


def number(value, digits=2):
    """A number for people: fixed decimals, a true minus sign, no negative zero."""
    value = float(value)
    if not np.isfinite(value):
        return "undefined" if np.isnan(value) else ("infinite" if value > 0 else "−infinite")
    if value != 0 and abs(value) >= 1e7:
        return f"{value:.3g}".replace("e+", "e").replace("-", "−")
    written = f"{value:.{digits}f}"
    return written.lstrip("-") if float(written) == 0 else written.replace("-", "−")


def _pairs(xy):
    xy = np.asarray(xy, float)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise ValueError(f"xy must have shape (n, 2), got {xy.shape}: one row a point, columns are x and y")
    return xy


# ---- curves, as both renderers draw them


def curve(six):
    """The vertices (73, 2) of an ellipse mark."""
    return six[:2] + np.column_stack([np.cos(TURN), np.sin(TURN)]) @ six[2:].reshape(2, 2).T


def hump(three):
    """The vertices (97, 2) of a bell mark."""
    height, mean, sd = three
    return np.column_stack([mean + sd * SPREAD, height * np.exp(-(SPREAD**2) / 2)])


def runs(rows):
    """The stretches of rows without NaN, of two rows or more."""
    good = np.isfinite(rows).all(1)
    cuts = np.flatnonzero(np.diff(good.astype(int))) + 1
    return [part for part in np.split(rows, cuts) if len(part) > 1 and np.isfinite(part).all()]


def pale(colour):
    """True where a mark of this colour needs an edge of ink on white paper; what follows the theme needs none."""
    return False if isinstance(colour, str) and colour in PAPER else palette.pale(colour)


# ---- ticks and layout: decided here, once, for both renderers


def ticks(low, high, most=7, whole=False):
    """Round numbers between low and high, at most `most`, as ((value, text), ..); whole: no fractions."""
    span = high - low
    if not (np.isfinite(span) and span > 0):
        raise ValueError(f"limits must be finite and rising, got {low} .. {high}")
    power = 10.0 ** max(np.floor(np.log10(span / most)), 0.0 if whole else -np.inf)
    step = next(m * power for m in (1, 2, 5, 10, 20, 50) if span / (m * power) <= most)
    digits = max(0, -int(np.floor(np.log10(step) + 1e-9)))
    values = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step
    return tuple((round(float(v), 12), number(v, digits)) for v in values)


def boxes(panels):
    """(x, y, width, height) of each panel's axes, from the upper left corner, and the size of the whole picture."""
    placed, x = [], 0.0
    for panel in panels:
        placed.append((x + LEFT, TOP, panel.width, HEIGHT))
        x += LEFT + panel.width + RIGHT
    return placed, (x, TOP + HEIGHT + BOTTOM)


def limits(film, frame, i):
    """((x0, x1), (y0, y1)) of panel i in that frame."""
    own = film.panels[i]
    seen = frame.views[i] if frame.views else None
    return (own.xlim, own.ylim) if seen is None else seen


def view(film, frame, i):
    """[x0, x1, y0, y1, ticks of x, ticks of y] of panel i in that frame."""
    panel, ((x0, x1), (y0, y1)) = film.panels[i], limits(film, frame, i)
    xt = ticks(x0, x1, max(2, panel.width // 64), panel.counts) if panel.xticks is None else panel.xticks
    yt = ticks(y0, y1) if panel.yticks is None else panel.yticks
    return [x0, x1, y0, y1, xt, yt]


def in_order(film):
    """Each mark once, in drawing order; a name that means two kinds of thing is a mistake of the scene.

    A mark that appears in a later frame comes right after the one before it there.
    """
    first: dict[str, Mark] = {}
    order: list[str] = []
    for frame in film.frames:
        names = [mark.name for mark in frame.marks]
        if len(set(names)) < len(names):
            raise ValueError(f"names of marks must differ within a frame, got {sorted(names)}")
        place = 0
        for mark in frame.marks:
            if mark.name not in first:
                first[mark.name] = mark
                order.insert(place, mark.name)
            known = first[mark.name]
            if (known.kind, known.panel) != (mark.kind, mark.panel):
                raise ValueError(f"the mark {mark.name!r} is a {known.kind} and a {mark.kind}: give them two names")
            place = order.index(mark.name) + 1
    return [first[name] for name in order]


def in_words(film):
    """What the film shows, as text: title, caption, how it begins and how it ends."""
    first, last = film.frames[0], film.frames[-1]
    lines = [f"{film.title}. {film.caption}", f"First of {len(film.frames)} frames: {first.words}"]
    if len(film.frames) > 1:
        lines.append(f"Last: {last.words}")
    return "\n".join(lines)
