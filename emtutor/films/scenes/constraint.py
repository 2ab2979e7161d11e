"""The scene `simplex`: sum_j R_j log pi_j, its gradient, the constraint sum pi = 1, and what lambda does."""

from typing import NamedTuple

import numpy as np

from emtutor.films import film, palette
from emtutor.films.marks import number
from emtutor.maths import arguments

GRADIENT, NORMAL, POINT = palette.COMPONENTS[1], palette.COMPONENTS[2], palette.COMPONENTS[0]
OBLIQUE = np.array([[-0.35, -0.5], [1.0, -0.1], [0.1, 1.0]])  # where the three axes of pi point on paper
_GRAD, _ONE = ("gradient", "line", GRADIENT, 0), ("Σ π = 1", "line", "ink", 0)
_OFF = ("off it", "line", POINT, 0)
_KEYS = {
    "lambda": (_GRAD, ("λ (1, .., 1)", "line", NORMAL, 1), _ONE, _OFF),
    "constraint": (_GRAD, ("normal", "line", NORMAL, 1), _ONE),
    "free": (_GRAD, _ONE, _OFF),
}


def simplex(R, show="lambda"):
    """Film of f(pi) = sum_j R_j log pi_j for k = 2 or 3, R (k,) > 0, n = sum R.

    show: "lambda": the slider is the multiplier: grad f + lambda (1, .., 1) = 0 at pi_j = -R_j / lambda, which
    lies on the simplex only for lambda = -n; "constraint", a walk along the simplex through the maximum; or "free",
    uphill without any constraint.
    """
    R = arguments.array("R", R, "(k)")
    if len(R) not in (2, 3) or R.min() <= 1e-6 * R.max() or not 1e-100 < R.max() < 1e100:
        raise ValueError(f"R must be 2 or 3 numbers > 0, of sizes that one picture can show, got {arguments.shown(R)}")
    show = arguments.one_of("show", show, *_WALKS)
    space = _Space(R)
    shots = _WALKS[show](R)
    side, key = _SIDES[show](R, shots)
    frames = []
    for i, shot in enumerate(shots):
        now = [[shot.place, shot.height]]
        marks = (
            *space.still,
            *space.moving(shot),
            *side,
            film.points("now", now, colour=POINT, size=7, panel=1),
        )
        following = "uphill" if show == "free" else shots[min(i + 1, len(shots) - 1)].label
        places = (space.on_paper(shot.pi),) if show == "constraint" else ()
        following = following if i + 1 < len(shots) else ""
        frames.append(film.Frame(marks, shot.words, shot.label, following, shot.heads, places=places))
    title, caption, slider, panel = _TEXTS[show]
    places, heights = [s.place for s in shots], [s.height for s in shots]
    film_limits = _room(places, heights, show)
    return film.Film(
        title=title,
        caption=f"{caption} Thin lines: equal f. Diamond: the maximum on the simplex. Arrows show directions only. "
        f"R = ({', '.join(number(v, 1) for v in R)}), n = {number(R.sum(), 1)}.",
        panels=(
            space.panel._replace(key=_KEYS[show]),
            film.Panel(
                panel[0] if len(R) == 2 else panel[0].replace("π₁", "place"),
                panel[1],
                *film_limits,
                width=332,
                key=key,
            ),
        ),
        frames=tuple(frames),
        slider=slider,
        end="To the last",
        poster=min(range(len(shots)), key=lambda i: abs(shots[i].pi.sum() - 1) + abs(shots[i].pi - R / R.sum()).max()),
        **(_by_hand(R, space, side, film_limits) if show == "constraint" else {}),
    )


def _by_hand(R, space, side, limits):
    """pi is dragged along the simplex: f, both forces on it, and the multiplier that would balance them."""
    n, k = R.sum(), len(R)
    corners = space.on_paper(np.eye(k))
    names = tuple(f"π{'₁₂₃'[j]}" for j in range(k))
    lows, highs = limits[1]

    def answer(i, places, held):
        pi = np.linalg.lstsq(np.vstack([corners.T, np.ones(k)]), [*places[0], 1.0], rcond=None)[0]
        pi = np.clip(pi, 1e-3, 1) / np.clip(pi, 1e-3, 1).sum()
        gradient, f = R / pi, float(R @ np.log(pi))
        along = gradient - gradient.mean()
        size = float(np.sqrt((along**2).sum()))
        shot = _Shot(
            pi, "up", pi[0], f,
            f"π = ({_list(pi)}), f = {number(f)}. The forces are R_j / π_j = ({_list(gradient, 1)}); one λ for all "
            f"would have to be minus each of them, on average {number(-gradient.mean(), 1)}. "
            + ("They are equal: the maximum, and λ = −n." if size < 2e-2 * n else
               f"They differ, so a part of length {number(size, 1)} along the simplex is left: there is a way up."),
            "by hand", (f"π = ({_list(pi)})", f"f = {number(f)}"),
        )  # fmt: skip
        now = film.points("now", [[pi[0] if k == 2 else np.nan, f]], colour=POINT, size=7, panel=1)
        level = film.path("f by hand", [[limits[0][0], f], [limits[0][1], f]], colour=POINT, width=2, panel=1)
        low = min(lows, f - 0.05 * (highs - lows))
        return film.Frame(
            (*space.still, *space.moving(shot), *side, now if k == 2 else level),
            shot.words, shot.label, heads=shot.heads,
            views=(None, (limits[0], (float(low), highs))), places=(space.on_paper(pi),),
        )  # fmt: skip

    return {"handles": (film.Handle("π", names, corners=tuple(map(tuple, corners))),), "hand": answer}


class _Shot(NamedTuple):
    pi: np.ndarray
    normal: str | None  # "up" or "along" lambda (1, .., 1), which points back
    place: float  # where on the right panel, and how high
    height: float
    words: str
    label: str
    heads: tuple


def _by_lambda(R):
    n = R.sum()
    shots = []
    for share in (2.5, 2.2, 1.9, 1.7, 1.5, 1.35, 1.2, 1.1, 1.05, 1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65):
        lam = -share * n
        pi = -R / lam
        where = {True: "below", False: "beyond"}[share > 1]
        verdict = (
            "exactly on the simplex: this is the maximum under the constraint, and λ = −n"
            if share == 1
            else f"{where} the simplex: the constraint does not hold"
        )
        shots.append(
            _Shot(
                pi,
                "along",
                lam,
                pi.sum(),
                f"λ = {number(lam, 1)}: grad f + λ (1, .., 1) = 0 at π = ({_list(pi)}). The sum is "
                f"{number(pi.sum())}, {verdict}.",
                f"λ {number(lam, 1)}",
                (f"λ = {number(lam, 1)}", f"sum of π = {number(pi.sum())}"),
            )
        )
    return shots


def _along_constraint(R):
    n, best = R.sum(), R / R.sum()
    far = np.full(len(R), 0.08 if len(R) == 3 else 0.06)
    far[int(R.argmax())] = 1 - far[0] * (len(R) - 1)
    other = np.roll(far, 1)
    t = np.linspace(0, 1, 9)[:, None]
    walk = np.concatenate([(1 - t) * other + t * best, (1 - t[1:]) * best + t[1:] * far])
    shots = []
    for i, pi in enumerate(walk):
        gradient = R / pi
        along = gradient - gradient.mean()
        size = float(np.sqrt((along**2).sum()))
        verdict = (
            "the gradient is normal to the simplex: no step along it leads higher. This is the maximum"
            if size < 1e-9 * n
            else f"the gradient still has a part along the simplex, of length {number(size, 1)}: there is a way up"
        )
        f = float(R @ np.log(pi))
        shots.append(
            _Shot(
                pi,
                "up",
                pi[0] if len(R) == 2 else i + 1,
                f,
                f"π = ({_list(pi)}), f = {number(f)}: {verdict}.",
                f"π₁ = {number(pi[0])}" if len(R) == 2 else f"place {i + 1}",
                (f"π = ({_list(pi)})", f"f = {number(f)}"),
            )
        )
    return shots


def _without(R):
    pi = np.full(len(R), 0.6 / len(R))
    shots = []
    for i in range(13):
        f = float(R @ np.log(pi))
        total = pi.sum()
        off = "still below" if total < 1 - 1e-9 else "beyond"
        shots.append(
            _Shot(
                pi,
                None,
                i,
                f,
                f"{f'{i} steps uphill' if i > 1 else ('The start', 'One step uphill')[i]}: the gradient R_j / π_j = "
                f"({_list(R / pi, 1)}) is positive in every part, so uphill every weight grows. The sum is "
                f"{number(total)}, {off} 1; f = {number(f)}, and nothing stops it.",
                f"step {i}",
                (f"sum of π = {number(total)}, no constraint", f"f = {number(f)}"),
            )
        )
        gradient = R / pi
        pi = pi + 0.07 * gradient / np.sqrt((gradient**2).sum())
    return shots


_WALKS = {"lambda": _by_lambda, "constraint": _along_constraint, "free": _without}
_TEXTS = {
    "lambda": (
        "The multiplier picks the sum of π",
        "For each λ one point has grad f = −λ (1, .., 1); all of them lie on one ray through the origin.",
        "λ",
        ("λ", "sum of π"),
    ),
    "constraint": (
        "Along the simplex, through the maximum",
        "The weights stay on the simplex. At the maximum the gradient points along its normal (1, .., 1).",
        "place",
        ("π₁", "f = Σ R_j log π_j (nats)"),
    ),
    "free": (
        "Uphill without the constraint",
        "Without Σ π = 1 nothing holds the weights: larger is always better.",
        "step",
        ("step", "f = Σ R_j log π_j (nats)"),
    ),
}


def _lambda_side(R, shots):
    n = R.sum()
    lam = -np.linspace(2.6, 0.62, 60) * n
    line = film.path("sum over lambda", np.column_stack([lam, -n / lam]), colour="muted", width=2, panel=1)
    one = film.path("one", [[-2.6 * n, 1], [-0.6 * n, 1]], colour="ink", width=2, panel=1)
    price = film.path("price", [[-n, 0.3], [-n, 1]], colour="muted", dash=1, width=1.6, panel=1)
    name = film.text("price name", (-1.04 * n, 0.42), "λ = −n", anchor="end", size=14, panel=1)
    return (line, one, price, name), (("−n / λ", "line", "muted", 0), ("sum = 1", "line", "ink", 0))


def _walk_side(R, shots):
    t = np.linspace(0, len(shots) - 1, 8 * (len(shots) - 1) + 1)  # between two places pi goes straight
    places, *pi = (np.interp(t, range(len(shots)), v) for v in np.array([[s.place, *s.pi] for s in shots]).T)
    way = np.column_stack([places, R @ np.log(pi)])
    return (film.path("f", way, colour="muted", width=2, panel=1),), (("f", "line", "muted", 0),)


_SIDES = {"lambda": _lambda_side, "constraint": _walk_side, "free": _walk_side}


def _room(places, heights, show):
    if show == "lambda":
        low = min(places)
        return (1.06 * low, 0.2 * low), (0.3, 1.65)
    pad = 0.08 * (max(heights) - min(heights))
    side = 0.05 * (max(places) - min(places))
    across = (0.0, 1.0) if max(places) < 1 else (min(places) - side, max(places) + side)  # a share, or a count
    return across, (min(heights) - pad, max(heights) + pad)


def _list(values, digits=2):
    return ", ".join(number(v, digits) for v in values)


class _Space:
    """pi on paper: two axes as they are, three in an oblique view that shows what is off the simplex."""

    def __init__(self, R):
        self.R, self.k, best = R, len(R), R / R.sum()
        self.arrow = 0.32 if self.k == 2 else 0.6
        levels = R @ np.log(best) - R.sum() * np.array([0.02, 0.08, 0.2, 0.4])
        if self.k == 2:
            unit = 1.9 / 460  # the same along both axes, so that a normal looks normal
            self.panel = film.Panel("π₁", "π₂", (-0.15, 1.75), (-0.1, film.HEIGHT * unit - 0.1), width=460)
            p1 = np.linspace(0.004, 1.75, 250)
            levels = np.append(levels, R @ np.log(best * np.array([1.25, 1.25])))
            levels = np.append(levels, R @ np.log(best))
            curves = [np.column_stack([p1, np.exp((level - R[0] * np.log(p1)) / R[1])]) for level in levels]
            top = self.panel.ylim[1]
            curves = [np.where(c[:, 1:] <= top, c, np.nan) for c in curves]
            edge = np.array([[1.0, 0], [0, 1.0]])
            ray = [[0, 0], _until(best, 1.75, top)]
            extra = [film.path("ray", ray, colour="muted", dash=3, width=1.6)]
        else:
            self.panel = film.Panel("", "", (-0.7, 1.6), (-0.85, 1.55), width=400, xticks=(), yticks=())
            curves = [self._on_triangle(level) for level in levels]
            edge = OBLIQUE[[0, 1, 2, 0]]
            extra = [film.arrows("axes", np.zeros((3, 2)), 1.3 * OBLIQUE, colour="muted", width=1)]
            extra += [film.text(f"axis {j + 1}", at, f"π{'₁₂₃'[j]}") for j, at in enumerate(1.42 * OBLIQUE)]
            extra.append(film.path("ray", [[0, 0], (1.6 * best) @ OBLIQUE], colour="muted", dash=3, width=1.6))
        joined = np.concatenate([part for c in curves for part in (c, [[np.nan, np.nan]])])
        at_best = best if self.k == 2 else best @ OBLIQUE
        self.still = (
            *extra,
            film.path("contours", joined, colour="muted", width=1),
            film.path("simplex", edge, colour="ink", width=3),
            film.points("maximum", [at_best], colour="ink", shape=3, size=6),
        )

    def _on_triangle(self, level):
        from contourpy import contour_generator

        t = np.linspace(0.004, 0.992, 90)
        a, b = np.meshgrid(t, t)
        c = 1 - a - b
        with np.errstate(invalid="ignore", divide="ignore"):
            inside = np.stack([a, b, np.maximum(c, 1e-9)], axis=-1)
            f = np.where(c > 0, np.log(inside) @ self.R, -1e9)
        lines = contour_generator(t, t, f).lines(level)
        pieces = [np.column_stack([line, 1 - line.sum(1)]) @ OBLIQUE for line in lines] or [np.full((1, 2), np.nan)]
        return np.concatenate([part for piece in pieces for part in (piece, [[np.nan, np.nan]])])

    def on_paper(self, pi):
        """Where pi (.., k) lies in the picture."""
        return pi if self.k == 2 else pi @ OBLIQUE

    def moving(self, shot):
        at = self.on_paper(shot.pi)
        gradient = self.R / shot.pi
        scale = self.arrow / np.sqrt((gradient**2).sum())
        ones = np.ones(self.k) / np.sqrt(self.k) * self.arrow
        paper = (lambda v: v) if self.k == 2 else (lambda v: v @ OBLIQUE)
        marks = [film.arrows("gradient", [at], [at + paper(scale * gradient)], colour=GRADIENT, width=3.5)]
        if shot.normal is not None:  # with lambda < 0, lambda (1, .., 1) points back and holds the gradient
            away = -ones if shot.normal == "along" else ones
            marks.append(film.arrows("normal", [at], [at + paper(away)], colour=NORMAL, width=2.5, dash=1))
        foot = shot.pi / shot.pi.sum()
        stem = [at, foot if self.k == 2 else foot @ OBLIQUE]  # how far off the simplex, along the ray
        marks.append(film.path("stem", stem, colour=POINT, width=2.5))
        return (*marks, film.points("pi", [at], colour=POINT, size=7))


def _until(direction, x, y):
    return direction * min(x / direction[0], y / direction[1])
