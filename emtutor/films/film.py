"""A film: frames of simple marks on one or two panels, as JSON for the browser and drawn by matplotlib.

Every frame is complete in itself. `encode` finds what differs between frames and stores each value once, so that a
frame costs what changes in it. A film knows nothing of EM: scenes make films, the player shows them.
"""

import base64
import json
from collections.abc import Sequence
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np

from emtutor.films import palette

# One unit is one pixel of the picture at its natural size.
HEIGHT = 352  # of a panel between its axes
LEFT, RIGHT, TOP, BOTTOM = 106, 20, 62, 54  # room around it: labels, heading and key
DASHES: tuple[tuple[float, ...], ...] = ((), (8, 4), (11, 3, 2, 3), (2, 3), (14, 4), (6, 2, 2, 2, 2, 2))
EDGE = 2.5  # how much wider the ink beneath a pale line is
TURN = np.linspace(0, 2 * np.pi, 73)  # the vertices of an ellipse; the same in both renderers
SPREAD = np.linspace(-4, 4, 97)  # those of a bell, in standard deviations
# Colours that follow the theme, as they are on paper; everything else is '#rrggbb'.
PAPER = {"ink": palette.INK, "muted": "#595959", "faint": "#d0d0d0", "paper": "#ffffff"}


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


class Film(NamedTuple):
    """A run as a sequence of frames. Immutable; the same film gives the same JSON and the same pictures."""

    title: str
    caption: str
    panels: tuple
    frames: tuple
    slider: str = "half-step"  # what the slider counts
    end: str = "Converge"  # what the button says that goes to the last frame
    poster: int = -1  # the frame that stands for the film where it cannot be played


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


def _view(film, frame, i):
    panel, ((x0, x1), (y0, y1)) = film.panels[i], limits(film, frame, i)
    xt = ticks(x0, x1, max(2, panel.width // 64), panel.counts) if panel.xticks is None else panel.xticks
    yt = ticks(y0, y1) if panel.yticks is None else panel.yticks
    return [x0, x1, y0, y1, xt, yt]


# ---- JSON


def encode(film):
    """The film as compact JSON. A value that changes is a table of its distinct values and, per frame, an index.

    {"t": [values], "i": [index per frame]}; a mark that is absent from a frame has index -1 everywhere.
    """
    placed, size = boxes(film.panels)
    views = [[_view(film, frame, i) for frame in film.frames] for i in range(len(film.panels))]
    decimals = [_decimals(column) for column in views]
    panels = [
        {
            "box": box,
            "xlabel": panel.xlabel,
            "ylabel": panel.ylabel,
            "key": panel.key,
            "view": _table([_plain(view, decimals[i]) for view in views[i]]),
            "head": _table([frame.heads[i] if frame.heads else "" for frame in film.frames]),
        }
        for i, (panel, box) in enumerate(zip(film.panels, placed, strict=True))
    ]
    shots = [{mark.name: mark for mark in frame.marks} for frame in film.frames]
    marks = []
    for first in _in_order(film):
        seen = [shot.get(first.name) for shot in shots]
        props = {
            prop: _table([None if m is None else _plain(m.props[prop], decimals[m.panel]) for m in seen], absent=seen)
            for prop in first.props
        }
        marks.append({"kind": first.kind, "name": first.name, "panel": first.panel, "props": props})
    whole = {
        "title": film.title,
        "caption": film.caption,
        "slider": film.slider,
        "end": film.end,
        "poster": film.poster % len(film.frames),
        "size": size,
        "n": len(film.frames),
        "panels": panels,
        "marks": marks,
        **{key: _table([getattr(frame, key) for frame in film.frames]) for key in ("words", "label", "next")},
    }
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _in_order(film):
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


def _table(values, absent=None):
    table: dict[str, int] = {}
    index = []
    for i, value in enumerate(values):
        missing = absent is not None and absent[i] is None
        index.append(-1 if missing else table.setdefault(json.dumps(value), len(table)))
    return {"t": [json.loads(key) for key in table], "i": index}


def _decimals(views):
    """Per axis so many decimals that the finest view still shows half a pixel."""
    x = min(v[1] - v[0] for v in views)
    y = min(v[3] - v[2] for v in views)
    return [max(0, int(np.ceil(np.log10(1500 / span)))) for span in (x, y)]


def _plain(value, decimals):
    """Arrays as flat lists of short decimals (x, y in turn), bytes as base64, NaN as null."""
    if isinstance(value, np.ndarray):
        if value.dtype == np.uint8:
            return "b64:" + base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        if value.dtype.kind in "iu":
            return "".join(map(str, value.tolist()))
        dx, dy = decimals
        if value.ndim == 1 and len(value) == 6:  # an ellipse: centre, then root row by row
            places = [dx, dy, dx, dx, dy, dy]
        elif value.ndim == 2 and value.shape[1] == 3:  # a band
            places = [dx, dy, dy] * len(value)
        elif value.ndim == 1 and len(value) == 3:  # a bell: height, mean, standard deviation
            places = [dy, dx, dx]
        else:
            places = [dx, dy] * (value.size // 2)
        return [_short(v, p) for v, p in zip(value.ravel().tolist(), places, strict=True)]
    if isinstance(value, (list, tuple)):
        return [_plain(v, decimals) for v in value]
    return value.item() if isinstance(value, np.generic) else value


def _short(value, places):
    if not np.isfinite(value):
        return None
    value = round(value, places) + 0.0
    return int(value) if value == int(value) else value


# ---- matplotlib


def draw(film, frame=None):
    """A matplotlib Figure of one frame (an index; None is the poster). Artists carry the marks' names as gid."""
    placed, size = boxes(film.panels)
    figure = _figure(size)
    _draw_into(figure, film, _frame(film, frame), placed, size)
    return figure


def strip(film, frames: Sequence[int] | None = None):
    """A film strip: several frames below one another, from first to last, for print."""
    if frames is None:
        frames = sorted({round(i) for i in np.linspace(0, len(film.frames) - 1, 4)})
    placed, (width, height) = boxes(film.panels)
    figure = _figure((width, height * len(frames)))
    for row, index in enumerate(frames):
        shifted = [(x, y + row * height, w, h) for x, y, w, h in placed]
        _draw_into(figure, film, _frame(film, index), shifted, (width, height * len(frames)))
    return figure


def png(film, frame=None):
    """The picture of one frame as bytes; the same film gives the same bytes."""
    file = BytesIO()
    draw(film, frame).savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def in_words(film):
    """What the film shows, as text: title, caption, how it begins and how it ends."""
    first, last = film.frames[0], film.frames[-1]
    lines = [f"{film.title}. {film.caption}", f"First of {len(film.frames)} frames: {first.words}"]
    if len(film.frames) > 1:
        lines.append(f"Last: {last.words}")
    return "\n".join(lines)


def _frame(film, frame):
    return film.frames[film.poster if frame is None else frame]


def _figure(size):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size[0] / 96, size[1] / 96), dpi=96, facecolor=PAPER["paper"])
    FigureCanvasAgg(figure)
    return figure


def _draw_into(figure, film, frame, placed, size):
    axes = []
    for i, (panel, (x, y, w, h)) in enumerate(zip(film.panels, placed, strict=True)):
        ax = figure.add_axes((x / size[0], 1 - (y + h) / size[1], w / size[0], h / size[1]))
        _draw_axes(ax, panel, _view(film, frame, i), frame.heads[i] if frame.heads else "", (w, h))
        axes.append(ax)
    rank = {mark.name: order for order, mark in enumerate(_in_order(film))}
    for mark in sorted(frame.marks, key=lambda m: rank[m.name]):
        _DRAW[mark.kind](axes[mark.panel], mark, 3 + rank[mark.name])


def _draw_axes(ax, panel, view, head, size):
    ax.set_xlim(view[0], view[1])
    ax.set_ylim(view[2], view[3])
    ax.set_xticks([v for v, _ in view[4]], [t for _, t in view[4]])
    ax.set_yticks([v for v, _ in view[5]], [t for _, t in view[5]])
    ax.tick_params(labelsize=10, colors=PAPER["ink"], length=4)
    ax.spines[["top", "right"]].set_visible(False)
    if not view[4] and not view[5]:
        ax.spines[["left", "bottom"]].set_visible(False)
    ax.set_facecolor("none")
    across, up = -42 / size[1], -98 / size[0]  # where the player has them
    place = {"transform": ax.transAxes, "fontsize": 10.5, "ha": "center"}
    ax.text(0.5, across, panel.xlabel, va="baseline", **place)
    ax.text(up, 0.5, panel.ylabel, va="center", rotation=90, **place)
    ax.text(0, 1 + 38 / size[1], head, transform=ax.transAxes, fontsize=13.5, weight="bold", va="baseline")
    x = 0.0
    for entry, kind, colour, style in panel.key:
        _draw_key(ax, x, 1 + 15 / size[1], kind, colour, style, size)
        ax.text((x + 34) / size[0], 1 + 10 / size[1], entry, transform=ax.transAxes, fontsize=10.5, va="baseline")
        x += 34 + key_width(entry)


def key_width(entry):
    """Room for an entry of the key, the gap after it included; letters are about 7.6 units wide."""
    return 7.6 * len(entry) + 14


def _draw_key(ax, x, y, kind, colour, style, size):
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    place = {"transform": ax.transAxes, "clip_on": False}
    left, right = x / size[0], (x + 28) / size[0]
    if kind == "line":
        ax.add_line(Line2D([left, right], [y, y], color=_paper(colour), lw=2 * 0.75, ls=_dash(style, 2), **place))
    elif kind == "fill":
        edge = 6 / size[1]
        ax.add_patch(
            Rectangle((left, y - edge), right - left, 2 * edge, fc=_paper(colour), ec=PAPER["ink"], lw=0.75, **place)
        )
    else:
        marker = _shape(style)
        face = "none" if kind == "ring" else _paper(colour)
        ax.add_line(
            Line2D(
                [(left + right) / 2], [y], marker=marker, ms=8, mfc=face, mec=_paper(colour), mew=1.5, ls="", **place
            )
        )


def _paper(colour):
    return PAPER.get(colour, colour)


def _dash(dash, width):
    pattern = DASHES[dash]
    return (0, tuple(v / width for v in pattern)) if pattern else "-"


CORNERS = (  # circle is round; the others by their corners, all of about equal area, y downwards
    None,
    ((-0.89, -0.89), (0.89, -0.89), (0.89, 0.89), (-0.89, 0.89)),
    ((0, -1.25), (1.2, 0.83), (-1.2, 0.83)),
    ((0, -1.3), (1.15, 0), (0, 1.3), (-1.15, 0)),
    ((0, 1.25), (1.2, -0.83), (-1.2, -0.83)),
    ((-1.3, -0.6), (-0.6, -0.6), (0, -1.3), (0.6, -0.6), (1.3, -0.6), (0.7, 1.1), (-0.7, 1.1)),
)


def _shape(shape):
    from matplotlib.path import Path

    corners = CORNERS[int(shape) % len(CORNERS)]
    if corners is None:
        return Path.unit_circle()
    corners = [(x, -y) for x, y in corners]
    return Path([*corners, corners[0]], closed=True)


def _draw_points(ax, mark, z):
    from matplotlib.collections import PathCollection
    from matplotlib.transforms import IdentityTransform

    p = mark.props
    n = len(p["xy"])
    edged = np.broadcast_to(_pale(p["colour"]), n)
    dots = PathCollection(
        [_shape(s) for s in np.broadcast_to(p["shape"], n)],
        sizes=[(p["size"] * 0.75) ** 2] * n,
        offsets=p["xy"],
        offset_transform=ax.transData,
        facecolors=p["colour"] / 255 if isinstance(p["colour"], np.ndarray) else [_paper(p["colour"])] * n,
        edgecolors=[PAPER["ink" if p else "paper"] for p in edged],
        linewidths=[0.75 if p else 0.5 for p in edged],
        zorder=z,
        gid=mark.name,
    )
    dots.set_transform(IdentityTransform())
    ax.add_collection(dots, autolim=False)


def _line(ax, mark, xy, z, **options):
    from matplotlib.lines import Line2D

    p = mark.props
    ax.add_line(
        Line2D(
            xy[:, 0],
            xy[:, 1],
            color=_paper(p["colour"]),
            lw=p["width"] * 0.75,
            ls=_dash(p["dash"], p["width"]),
            zorder=z,
            gid=mark.name,
            dash_capstyle="butt",
            path_effects=_edge(p["colour"], p["width"]),
            **options,
        )
    )


def _edge(colour, width):
    """A line too pale for paper has a wider line of ink beneath it."""
    if not _pale(colour):
        return None
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=(width + EDGE) * 0.75, foreground=PAPER["ink"]), Normal()]


def _pale(colour):
    return False if isinstance(colour, str) and colour in PAPER else palette.pale(colour)


def _draw_path(ax, mark, z):
    p = mark.props
    xy = p["xy"][: p["count"]]
    if p["fill"] is not None and len(xy):
        _polygon(ax, mark, xy, z, p["fill"])
    if p["width"] > 0:
        _line(ax, mark, xy, z, alpha=None if p["fill"] else p["opacity"])


def _polygon(ax, mark, xy, z, colour):
    from matplotlib.patches import Polygon

    ax.add_patch(
        Polygon(xy, closed=True, fc=_paper(colour), ec="none", alpha=mark.props["opacity"], zorder=z, gid=mark.name)
    )


def curve(six):
    """The vertices (73, 2) of an ellipse mark."""
    return six[:2] + np.column_stack([np.cos(TURN), np.sin(TURN)]) @ six[2:].reshape(2, 2).T


def _draw_ellipse(ax, mark, z):
    _line(ax, mark, curve(mark.props["curve"]), z)


def hump(three):
    """The vertices (97, 2) of a bell mark."""
    height, mean, sd = three
    return np.column_stack([mean + sd * SPREAD, height * np.exp(-(SPREAD**2) / 2)])


def _draw_bell(ax, mark, z):
    _line(ax, mark, hump(mark.props["bell"]), z)


def _draw_band(ax, mark, z):
    edges = mark.props["edges"][: mark.props["count"]]
    for part in runs(edges):
        outline = np.concatenate([part[:, [0, 2]], part[::-1, [0, 1]]])
        _polygon(ax, mark, outline, z, mark.props["colour"])


def runs(rows):
    """The stretches of rows without NaN, of two rows or more."""
    good = np.isfinite(rows).all(1)
    cuts = np.flatnonzero(np.diff(good.astype(int))) + 1
    return [part for part in np.split(rows, cuts) if len(part) > 1 and np.isfinite(part).all()]


def _draw_bars(ax, mark, z):
    from matplotlib.patches import Rectangle

    for (x0, y0, x1, y1), colour in zip(mark.props["boxes"], mark.props["colours"], strict=True):
        ax.add_patch(
            Rectangle(
                (x0, y0),
                x1 - x0,
                y1 - y0,
                fc=_paper(colour),
                ec=PAPER["ink"],
                lw=0.75,
                alpha=mark.props["opacity"],
                zorder=z,
                gid=mark.name,
            )
        )


def _draw_arrows(ax, mark, z):
    p = mark.props
    for x0, y0, x1, y1 in p["ends"]:
        arrow = ax.annotate(
            "",
            (x1, y1),
            (x0, y0),
            arrowprops={
                "arrowstyle": "-|>,head_length=0.5,head_width=0.25",
                "mutation_scale": 6 + 3 * p["width"],
                "color": _paper(p["colour"]),
                "lw": p["width"] * 0.75,
                "ls": _dash(p["dash"], p["width"]),
                "shrinkA": 0,
                "shrinkB": 0,
            },
            annotation_clip=False,
            zorder=z,
        )
        arrow.set_gid(mark.name)
        arrow.arrow_patch.set_clip_path(ax.patch)


def _draw_text(ax, mark, z):
    p = mark.props
    around: dict[str, Any] = {}
    if p["ring"] is not None:
        around["bbox"] = {"boxstyle": "circle,pad=0.25", "fc": PAPER["paper"], "ec": _paper(p["ring"]), "lw": 2}
    ax.text(
        *p["at"],
        p["text"],
        color=_paper(p["colour"]),
        fontsize=p["size"] * 0.75,
        ha={"start": "left", "middle": "center", "end": "right"}[p["anchor"]],
        va="center",
        weight="bold" if p["ring"] else "normal",
        zorder=z,
        gid=mark.name,
        clip_on=True,
        **around,
    )


_DRAW = {
    "points": _draw_points,
    "path": _draw_path,
    "ellipse": _draw_ellipse,
    "bell": _draw_bell,
    "band": _draw_band,
    "bars": _draw_bars,
    "arrows": _draw_arrows,
    "text": _draw_text,
}
