"""A film as compact JSON: each value once, and per frame which; and an answer as what differs from a frame."""

import base64
import json

import numpy as np

from emtutor.films.marks import boxes, in_order, view


def encode(film):
    """The film as compact JSON. A value that changes is a table of its distinct values and, per frame, an index.

    {"t": [values], "i": [index per frame]}; a mark that is absent from a frame has index -1 everywhere.
    """
    placed, size = boxes(film.panels)
    views = [[view(film, frame, i) for frame in film.frames] for i in range(len(film.panels))]
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
    for first in in_order(film):
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
        "handles": [handle._asdict() for handle in film.handles],
        "onward": film.onward is not None,
        "places": _table([_places(film, frame, decimals) for frame in film.frames]),
        **{key: _table([getattr(frame, key) for frame in film.frames]) for key in ("words", "label", "next")},
    }
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


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


def _places(film, frame, decimals):
    """A place has one decimal more than what is drawn there; an index of a chosen point, or None, is as it is."""
    return [
        p
        if p is None or isinstance(p, int)
        else [_short(float(v), d + 1) for v, d in zip(p, decimals[h.panel], strict=True)]
        for h, p in zip(film.handles, frame.places, strict=bool(frame.places))
    ]


def delta(film, i, frame):
    """`frame` as what differs from frame i of the film: any view can draw it alone, whatever it has left out."""
    views = [view(film, frame, panel) for panel in range(len(film.panels))]
    decimals = [[places + 1 for places in _decimals([v])] for v in views]
    old = {mark.name: mark.props for mark in film.frames[i].marks}
    changed, new = {}, []
    for mark in frame.marks:
        known = old.get(mark.name, {})
        props = {p: v for p, v in mark.props.items() if p not in known or not _equal(known[p], v)}
        if props:
            changed[mark.name] = {p: _plain(v, decimals[mark.panel]) for p, v in props.items()}
        if not known:
            new.append([mark.name, mark.kind, mark.panel])
    return {
        "set": changed,
        "new": new,
        "gone": sorted(set(old) - {mark.name for mark in frame.marks}),
        "views": [_plain(v, d) for v, d in zip(views, decimals, strict=True)],
        "heads": list(frame.heads) or [""] * len(film.panels),
        "words": frame.words,
        "places": _places(film, frame, decimals),
    }


def _equal(a, b):
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a is b or (a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
    return type(a) is type(b) and not isinstance(a, np.ndarray) and a == b
