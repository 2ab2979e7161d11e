"""A film on paper: matplotlib draws the same frames for print, for tests, and where no browser plays them."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np

from emtutor.films.marks import CORNERS, DASHES, EDGE, PAPER, boxes, curve, hump, in_order, pale, runs, view


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
        _draw_axes(ax, panel, view(film, frame, i), frame.heads[i] if frame.heads else "", (w, h))
        axes.append(ax)
    rank = {mark.name: order for order, mark in enumerate(in_order(film))}
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
    edged = np.broadcast_to(pale(p["colour"]), n)
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
    if not pale(colour):
        return None
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=(width + EDGE) * 0.75, foreground=PAPER["ink"]), Normal()]


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


def _draw_ellipse(ax, mark, z):
    _line(ax, mark, curve(mark.props["curve"]), z)


def _draw_bell(ax, mark, z):
    _line(ax, mark, hump(mark.props["bell"]), z)


def _draw_band(ax, mark, z):
    edges = mark.props["edges"][: mark.props["count"]]
    for part in runs(edges):
        outline = np.concatenate([part[:, [0, 2]], part[::-1, [0, 1]]])
        _polygon(ax, mark, outline, z, mark.props["colour"])


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
