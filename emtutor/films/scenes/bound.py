"""The scene `bound`: log p and the bound that touches it, along one line."""

from typing import NamedTuple

import numpy as np

from emtutor.films import film, palette
from emtutor.films.marks import number
from emtutor.films.scenes import common, learners
from emtutor.maths import arguments
from emtutor.maths import em as half_steps

STEP = 1e-4  # in s, of the differences that give slopes
TANGENT = palette.COMPONENTS[1]


def bound(model, x, theta0, iterations=3, *, title=None):
    """Film of log p and the bound that touches it, along theta_t + s (theta_t+1 - theta_t), s from -1/2 to 3/2.

    Any model whose theta is a number, an array or a tuple of them; where theta(s) is out of bounds
    there is no curve. Each iteration: the E step makes the bound touch, the M step goes to its top. A learner's wrong
    steps are shown as they are; one that raises or hangs ends the film with a sentence. Bishop, PRML, figure 9.14.
    theta_t can be dragged along the line: the E step answers there.
    """
    iterations, title = common.iterations_of(iterations, most=100), arguments.text("title", title)
    with learners.guarded(model) as guarded:
        states, lines, ending = _lines(guarded, x, theta0, iterations)
    if not np.isfinite(states[0].log_likelihood):
        raise ValueError(f"theta0 must have a log-likelihood to begin with. {common.note_of(states[0])}".strip())
    scenes = _scenes(lines, states)
    half_step = np.cumsum([scene.label[0] in "EM" for scene in scenes])
    stair = common.Staircase(half_step, [a.log_p for a in scenes], [a.elbo for a in scenes])
    frames = [_frame(scenes, lines, stair, i) for i in range(len(scenes))]
    if ending:
        last = frames[-1]
        frames[-1] = last._replace(next="M" if last.label.startswith("E") else "E")
        frames.append(last._replace(words=ending, label="stopped", next="", heads=("Stopped", last.heads[1])))
    right = "With the right steps the" if model.whose else "The"
    return film.Film(
        title=title or f"The bound along the EM step{model.whose and ': ' + model.whose}",
        caption=f"The line leads from θₜ (s = 0) through θₜ₊₁ (s = 1). {right} bound touches log p at s = 0 "
        "with the same slope and has its top at s = 1; the gap there is the KL divergence. Each line has its own "
        "scale.",
        panels=(
            film.Panel(
                "s, where θ = θₜ + s (θₜ₊₁ − θₜ)",
                "nats",
                (-0.5, 1.5),
                (-1, 0),
                key=common.STAIRCASE_KEY,
            ),
            common.staircase_panel(),
        ),
        frames=tuple(frames),
        slider="frame",
        end="To the last",
        handles=(film.Handle("θₜ", ("s",), xlim=(-0.5, 1.5)),) if lines else (),
        hand=lambda i, places, held: _by_hand(model, x, scenes, lines, stair, i, places[0][0]),
    )


def _frame(scenes, lines, stair, i):
    scene = scenes[i]
    line = lines[scene.line] if scene.line < len(lines) else _Point(scene)
    following = scenes[i + 1].label if i + 1 < len(scenes) else ""
    seen = scene.line < len(lines) and line.limits[0] <= scene.log_p <= line.limits[1]
    return film.Frame(
        marks=(*line.marks(scene), *stair.marks(i)),
        words=scene.words,
        label=scene.label,
        next=following.split(" ")[0] if following[:1] in "EM" else following,
        heads=(scene.head, f"log p = {number(scene.log_p, 3)}"),
        views=(((-0.5, 1.5), line.limits), stair.view(i)),
        places=((scene.at, scene.log_p) if seen else None,) if lines else (),
    )


def _by_hand(model, x, scenes, lines, stair, i, s):
    """theta_t at s on the line: the E step there, its bound, the tangent, and where the bound has its top."""
    scene = scenes[min(i, len(scenes) - 1)]
    line = lines[scene.line]
    with learners.guarded(model) as guarded:
        here, trouble = line.at(guarded, x, s)
    marks, words = [film.path("curve log p", line.curve(line.log_p), width=2.6)], [f"θₜ stands at s = {number(s)}."]
    if here is None:
        marks.append(film.path("hand", [[s, line.limits[0]], [s, line.limits[1]]], colour="muted", dash=3))
        at, levels, view = (s, line.limits[0]), [], stair.view(i)
        words.append(trouble)
    else:
        at = (s, float(np.clip(here.log_p, *line.limits)))
        marks += _touching(line, here)
        levels, view = stair.levels(min(i, len(scenes) - 1), here.log_p, here.touch)
        words.append(_told(here, line))
    return film.Frame(
        marks=(*marks, *levels),
        words=" ".join(words),
        label="by hand",
        heads=(f"By hand: θₜ at s = {number(s)}", f"log p = {number(here.log_p, 3)}" if here else "no answer"),
        views=(((-0.5, 1.5), line.limits), view),
        places=(at,),
    )


def _touching(line, here):
    curve = line.curve(here.elbo)
    low = np.where(np.isfinite(here.elbo), np.maximum(here.elbo, line.limits[0]), np.nan)
    yield film.band("KL", line.s, low, line.curve(line.log_p)[:, 1], colour=palette.GAP, opacity=0.35)
    yield film.path("curve L", curve, colour=palette.ELBO, dash=1, width=2.6)
    for reach in (0.3, 0.2, 0.1, 0.05):
        ends = np.array([-reach, reach])
        tangent = np.column_stack([here.s + ends, here.log_p + here.slope * ends])
        if ((tangent >= (-0.5, line.limits[0])) & (tangent <= (1.5, line.limits[1]))).all():
            yield film.path("tangent", tangent, colour=TANGENT, dash=2, width=2)
            break
    for name, (s, v), colour, shape in (
        ("here log p", (here.s, here.log_p), "ink", 1),
        ("here L", (here.s, here.touch), palette.ELBO, 0),
        ("top of L", here.top or (0, np.nan), TANGENT, 2),
    ):
        if np.isfinite(v) and line.limits[0] <= v <= line.limits[1]:
            yield film.points(name, [[s, v]], colour=colour, shape=shape, size=6)


def _told(here, line):
    gap = here.log_p - here.touch
    if not np.isfinite(gap):
        return f"log p = {number(here.log_p, 3)}; there is no bound for the q that came back."
    if gap > 5e-4:
        touches = (
            f"L = {number(here.touch, 3)} lies {number(gap, 3)} below log p = {number(here.log_p, 3)}: it should touch"
        )
    else:
        touches = f"L touches log p = {number(here.log_p, 3)}"
    top = f" Its top on this line is at s = {number(here.top[0])}." if here.top else ""
    slopes = f" Slopes there: log p {number(here.slope)}, L {number(here.slope_of_L)} (Fisher: they are one)."
    return f"{touches}.{slopes if np.isfinite(here.slope) else ''}{top}"


def _lines(model, x, theta0, iterations):
    """All states, a line for each full iteration, and the sentence that ends the film early ("" if nothing did)."""
    steps, states, lines, ending = half_steps.steps(model, x, theta0), [], [], ""
    s = np.unique(np.concatenate([np.linspace(-0.5, 1.5, 81), [0, 1]]))
    while len(states) < 2 * iterations + 1 and not ending:
        ending = common.next_state(steps, states)
        if ending or states[-1].phase != "M":
            continue
        start, end = states[-3], states[-1]
        try:
            lines.append(_Line(model, x, start.theta, end.theta, end.q, s))
        except Exception:  # another number of components, words in the place of numbers
            what = f"returned a theta of another form than θ{common.low(start.t)}, so no line leads to it"
            ending = f"Stopped: the M step of iteration {end.t} {what}. The picture is the last one before it."
    return states, lines, ending


class _Scene(NamedTuple):
    line: int  # which line is shown
    label: str
    at: int  # s = 0 or 1: where we stand
    log_p: float
    elbo: float
    bounded: bool  # whether the bound is drawn
    head: str
    words: str


def _scenes(lines, states):
    """What is told: at first the curve alone, then per iteration E, M, and the next line through the new point."""
    here, told = states[0].log_likelihood, []
    along = "log p along the line that the first EM step takes. " if lines else ""
    words = f"{along}{_standing(here)} {common.note_of(states[0])}".strip()
    head = "log p along the first EM step" if lines else "Start"
    told.append(_Scene(0, "start", 0, here, np.nan, False, head, words))
    for i, line in enumerate(lines):
        after_e, after_m = states[2 * i + 1], states[2 * i + 2]
        if i > 0:
            here = after_e.log_likelihood
            words = "The picture turns to the line of the next EM step, on its own scale. "
            words += _standing(here)
            head = f"A new line, from θ{common.low(i)} to θ{common.low(i + 1)}"
            told.append(_Scene(i, "new line", 0, here, told[-1].elbo, False, head, words))
        touches, words = _after_e(after_e)
        head = f"Iteration {i + 1}, E step: {touches}"
        told.append(_Scene(i, f"E {i + 1}", 0, after_e.log_likelihood, after_e.elbo, True, head, words))
        to, words = _after_m(line, after_e, after_m)
        head = f"Iteration {i + 1}, M step: to {to}"
        told.append(_Scene(i, f"M {i + 1}", 1, after_m.log_likelihood, after_m.elbo, True, head, words))
    t = len(lines)
    if len(states) > 2 * t + 1:  # an E step after which no line follows
        last = states[2 * t + 1]
        touches, words = _after_e(last)
        head = f"Iteration {t + 1}, E step: {touches}"
        told.append(_Scene(t, f"E {t + 1}", 0, last.log_likelihood, last.elbo, True, head, words))
    return told


def _standing(log_p):
    return f"We stand at s = 0, where log p is {number(log_p, 3)}{' nats' if np.isfinite(log_p) else ''}."


def _after_e(step):
    """What the bound does at s = 0, and the sentence."""
    log_p, elbo, gap = (number(v, 3) for v in (step.log_likelihood, step.elbo, step.kl))
    if not np.isfinite(step.elbo):
        words = f"E step: there is no bound for the q that came back. {common.note_of(step)}log p stays {log_p}."
        return "no bound", words
    if step.kl < 5e-4:
        words = f"E step: q becomes the posterior at s = 0, so L = {elbo} touches log p = {log_p} there (KL is 0); "
        return "the bound touches", words + "elsewhere L lies below."
    words = f"E step: the q that came back is not the posterior at s = 0: L = {elbo} lies KL = {gap} below log p = "
    return "the bound does not touch", words + f"{log_p}, where it should touch."


def _after_m(line, before, step):
    """Where the M step leads, and the sentence."""
    if not np.isfinite(step.log_likelihood):
        words = f"M step: s = 1 is the theta that came back, and log p has no value there. {common.note_of(step)}"
        return "no valid theta", words.strip()
    gain = f"log p {common.change(step.log_likelihood - before.log_likelihood, 3)}"
    if not (np.isfinite(step.elbo) and np.isfinite(before.elbo)):
        return "s = 1", f"M step: to s = 1. There is still no bound; {gain}. {common.note_of(step)}".strip()
    if not np.ptp(line.log_p):
        return (
            "where it was",
            f"M step: theta does not move, so the line is a point. log p = {number(line.log_p[0], 3)}.",
        )
    top = line.top()
    where = "s = 1" if top is None else f"s = 1, which is not its top: on this line L is largest at s = {number(top)}"
    words = f"M step: to the top of the bound, {where}. " if top is None else f"M step: along the bound to {where}. "
    words += f"L {common.change(step.elbo - before.elbo, 3)}, {gain}"
    if before.kl < 5e-4:
        words += f": the difference is the gap that opens, KL = {number(step.kl, 3)}."
    else:
        words += f", KL is now {number(step.kl, 3)}."
    if common.exceeds(before.log_likelihood, step.log_likelihood):
        words += " log p fell: an M step to the top of a bound that touches never lowers it."
    return ("the bound's top" if top is None else "s = 1, not the top"), words


class _Here(NamedTuple):
    """What the E step at s on a line says."""

    s: float
    log_p: float
    touch: float  # L at s
    elbo: np.ndarray  # L along the line
    slope: float  # of log p at s
    slope_of_L: float
    top: tuple | None  # (s, L) where L is largest on the line


class _Point:
    """Where no line leads on: log p and L at s = 0 alone."""

    def __init__(self, scene):
        self.heights = [(scene.log_p, "log p", "ink", 1), (scene.elbo, "L", palette.ELBO, 0)]
        values = [value for value, *_ in self.heights if np.isfinite(value)] or [0.0]
        pad = max(1.0, max(values) - min(values))
        self.limits = (float(min(values) - pad), float(max(values) + pad))

    def marks(self, scene):
        return [
            film.points(f"here {name}", [[0, value]], colour=colour, shape=shape, size=6)
            for value, name, colour, shape in self.heights
            if np.isfinite(value)
        ]


class _Line:
    """log p and L over s, on one line."""

    def __init__(self, model, x, start, end, q, s):
        points = [common.along(start, end, float(a)) for a in s]
        self.s, self.ends = s, (start, end)
        self.log_p = np.array([common.value(model.log_likelihood, x, theta) for theta in points])
        self.elbo = np.array([common.value(model.elbo, x, q, theta) for theta in points])
        zero, one = int(np.searchsorted(s, 0)), int(np.searchsorted(s, 1))
        ends = np.array([*self.log_p[[zero, one]], *self.elbo[[zero, one]]])
        ends = ends[np.isfinite(ends)]
        span = max(np.ptp(ends), 1e-5 * abs(ends).max()) if len(ends) and np.ptp(ends) else 1.0
        top = np.nanmax(self.log_p, initial=ends.max(initial=-np.inf)) if len(ends) else 0.0
        low = ends.min(initial=np.inf) if len(ends) else -1.0
        self.limits = (float(low - 0.9 * span), float(min(top, low + 3 * span) + 0.15 * span))

    def top(self):
        """Where L is largest along the line, if that is not s = 1; else None."""
        one, best = np.searchsorted(self.s, 1), np.nanargmax(self.elbo)
        return float(self.s[best]) if common.exceeds(self.elbo[best], self.elbo[one]) else None

    def curve(self, values):
        """(s, value), NaN where it leaves the picture."""
        return np.column_stack(
            [self.s, np.where((values >= self.limits[0]) & (values <= self.limits[1]), values, np.nan)]
        )

    def at(self, model, x, s):
        """(what the E step at s says along the line, ""), or (None, why there is no answer)."""
        theta_at = [common.along(*self.ends, float(a)) for a in (s, s - STEP, s + STEP)]
        log_p, *beside = (common.value(model.log_likelihood, x, theta) for theta in theta_at)
        if not np.isfinite(log_p):
            return None, "There theta is out of bounds, so nothing is defined."
        try:
            q = model.e_step(x, theta_at[0])
        except learners.Failure as failure:
            return None, f"The E step {common.sentence(str(failure))}"
        except Exception as error:
            return None, f"The E step raised {common.sentence(common.said(error))}"
        elbo = np.full_like(self.log_p, np.nan)
        for a in range(0, len(self.s), 2):  # every second point is enough, and twice as soon there
            elbo[a] = common.value(model.elbo, x, q, common.along(*self.ends, float(self.s[a])))
        known = np.isfinite(elbo)
        if known.any():
            between = (self.s >= self.s[known].min()) & (self.s <= self.s[known].max())
            elbo[between] = np.interp(self.s[between], self.s[known], elbo[known])
        touch, *L_beside = (common.value(model.elbo, x, q, theta) for theta in theta_at)
        best = None if not np.isfinite(elbo).any() else int(np.nanargmax(elbo))
        top = None if best is None else (float(self.s[best]), float(elbo[best]))
        slopes = [(after - before) / (2 * STEP) for before, after in (beside, L_beside)]
        return _Here(float(s), log_p, touch, elbo, *slopes, top), ""

    def marks(self, scene):
        seen = [np.where((c >= self.limits[0]) & (c <= self.limits[1]), c, np.nan) for c in (self.log_p, self.elbo)]
        log_p, elbo = (np.column_stack([self.s, c]) for c in seen)
        marks = []
        if scene.bounded:
            low = np.where(np.isfinite(self.elbo), np.maximum(self.elbo, self.limits[0]), np.nan)
            marks.append(film.band("KL", self.s, low, seen[0], colour=palette.GAP, opacity=0.35))
        marks.append(film.path("curve log p", log_p, width=2.6))
        if scene.bounded:
            marks.append(film.path("curve L", elbo, colour=palette.ELBO, dash=1, width=2.6))
            walked = elbo[(self.s >= 0) & (self.s <= 1)]
            if scene.at == 1 and np.ptp(walked[:, 1]) > 0:  # the way of the M step
                marks.append(film.path("M step", walked, colour=palette.ELBO, width=5))
        heights = {"here log p": (scene.log_p, "ink", 1), "here L": (scene.elbo, palette.ELBO, 0)}
        for name, (value, colour, shape) in heights.items():
            if np.isfinite(value) and self.limits[0] <= value <= self.limits[1] and (scene.bounded or shape):
                marks.append(film.points(name, [[scene.at, value]], colour=colour, shape=shape, size=6))
        return marks
