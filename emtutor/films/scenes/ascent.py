"""The scenes `surface` and `bound`: log p over two means, and the bound that touches it along one line."""

from typing import NamedTuple

import numpy as np

from emtutor.films import film, palette
from emtutor.films.film import number
from emtutor.films.scenes import common
from emtutor.maths import arguments
from emtutor.maths import em as half_steps

GRADIENT = palette.COMPONENTS[1]


def surface(x, mu0=None, *, sd=None, iterations=12, label=None):
    """Film of EM on log p over (mu_1, mu_2): one dimension, equal weights, one known standard deviation `sd`.

    x (n,) or (n, 1). Shown are contours, the gradient, the EM step, the ridge mu_1 = mu_2 and the saddle on it. An EM
    step is the gradient with component j scaled by sd^2 / R_j. Xu and Jordan (1996), Neural Computation 8, 129-151.
    """
    x = arguments.reals("x", x)
    if x.ndim > 2 or x.size != len(np.atleast_1d(x)):
        raise ValueError(f"x must have shape (n,) or (n, 1), got {x.shape}: choose one column")
    x = arguments.points(x.reshape(-1, 1))[:, 0]
    iterations, label = common.iterations_of(iterations), arguments.text("label", label)
    middle, spread = float(x.mean()), float(x.std())
    if spread == 0:
        raise ValueError("x must hold different values, got a single one: its surface has no shape")
    low, high = 1e-3 * spread, 1e3 * spread  # narrower or wider ones have no picture on this scale
    words = f"a standard deviation from {low:.3g} to {high:.3g}, as x spreads by {spread:.3g}"
    sd = arguments.number("sd", 0.45 * spread if sd is None else sd, words, lambda sd: low <= sd <= high)
    mu = np.array([middle - 0.9 * spread, middle - 0.8 * spread] if mu0 is None else arguments.array("mu0", mu0, "(2)"))
    path = [mu, _em_step(x, mu, sd)[0]]
    while len(path) <= iterations and abs(path[-1] - path[-2]).max() >= 1e-3 * spread:
        path.append(_em_step(x, path[-1], sd)[0])
    rests = abs(path[-1] - path[-2]).max() < 1e-3 * spread
    path = np.array(path[:-1] if rests else path)  # a step that nobody would see is no frame
    limits = common.around(np.column_stack([x, x])[[x.argmin(), x.argmax()]], path, margin=0.04)
    still = _scenery(x, sd, limits, middle)
    name, unit = label or "x", f" ({label})" if label else ""
    key = (("EM step", "line", palette.ELBO, 0), ("gradient", "line", GRADIENT, 1), ("ridge", "line", "muted", 3))
    parted = sd < spread  # else one density is wide enough for all data, and the only top lies on the ridge
    key += (("saddle", "point", "muted", 1),) * parted + (("top", "point", palette.COMPONENTS[2], 2),)
    ridge = (
        "the square on it is the saddle, which EM never leaves" if parted else "with so large an sd the top is on it"
    )
    still = [mark for mark in still if parted or mark.name != "saddle"]
    densities = _Densities(x, sd)
    frames = []
    for i, mu in enumerate(path):
        after, R, gradient, log_p = _em_step(x, mu, sd)
        marks = [*still, film.path("way", path, count=i + 1, colour=palette.ELBO, width=2.4)]
        marks.append(film.points("visited", path[: i + 1], colour=palette.ELBO, size=4))
        uphill = mu + 0.16 * (limits[0][1] - limits[0][0]) * gradient / max(np.hypot(*gradient), 1e-300)
        if i + 1 < len(path):
            marks.append(film.arrows("gradient", [mu], [_inside(mu, uphill, limits)], colour=GRADIENT, dash=1))
            marks.append(film.arrows("EM step", [mu], [after], colour=palette.ELBO, width=3))
            angle = number(_angle(gradient, after - mu), 0)
            factors = " and ".join(f"{sd**2 / part:.2g}" for part in R)
            step = f"The EM step moves each mean by sd² / R_j times its gradient, here {factors}: it points {angle} "
            step += "degrees away from the gradient."
        elif rests:
            saddle = parted and abs(mu - middle).max() < 1e-2 * spread
            where = "on the saddle, between the tops" if saddle else "at the top"
            step = f"The gradient has all but vanished: EM stands still {where}."
        else:
            step = f"The film ends here, after {i} iterations; EM would go on."
        marks.append(film.points("here", [mu], colour="ink", shape=3, size=7))
        rise = f" log p {common.change(log_p - _em_step(x, path[i - 1], sd)[3])}." if i else ""
        frames.append(
            film.Frame(
                marks=(*marks, *densities.marks(mu)),
                words=f"mu = ({number(mu[0])}, {number(mu[1])}), log p = {number(log_p)}.{rise} {step}",
                label="start" if i == 0 else f"EM {i}",
                next="E and M" if i + 1 < len(path) else "",
                heads=(f"log p = {number(log_p)}", f"mu = ({number(mu[0])}, {number(mu[1])})"),
            )
        )
    return film.Film(
        title="The log-likelihood over two means",
        caption="The diamond is where EM stands. Lines of equal log p, one for each halving of the distance to the "
        "top. The gradient is drawn by its direction alone. On the ridge both means are equal; "
        f"{ridge}. Exchanging the means mirrors the picture.",
        panels=(
            film.Panel(f"mu_1{unit}", f"mu_2{unit}", *limits, width=450, key=key),
            densities.panel(name),
        ),
        frames=tuple(frames),
        slider="iteration",
    )


def _em_step(x, mu, sd):
    """The means after one EM step, R, the gradient, and log p."""
    a = -((x[:, None] - mu) ** 2) / (2 * sd**2) - np.log(2 * sd * np.sqrt(2 * np.pi))
    log_evidence = np.logaddexp(a[:, 0], a[:, 1])
    r = np.exp(a - log_evidence[:, None])
    R = r.sum(0)
    return r.T @ x / R, R, (r.T @ x - R * mu) / sd**2, float(log_evidence.sum())


def _scenery(x, sd, limits, middle):
    from contourpy import contour_generator

    side = [np.linspace(*limit, 61) for limit in limits]
    height = np.array([[_em_step(x, np.array([a, b]), sd)[3] for a in side[0]] for b in side[1]])
    levels = height.max() - (height.max() - height.min()) * 0.5 ** np.arange(1, 8)
    lines = contour_generator(side[0], side[1], height)
    contours = [line for level in levels for line in lines.lines(level)]
    joined = np.concatenate([part for line in contours for part in (line, [[np.nan, np.nan]])])
    low, high = max(limits[0][0], limits[1][0]), min(limits[0][1], limits[1][1])
    best = _summit(x, sd, middle)
    return [
        film.path("contours", joined, colour="muted", width=1),
        film.path("ridge", [[low, low], [high, high]], colour="muted", dash=3, width=2.4),
        film.points("saddle", [[middle, middle]], colour="muted", shape=1, size=7),
        film.points("tops", [best, best[::-1]], colour=palette.COMPONENTS[2], shape=2, size=7),
    ]


def _summit(x, sd, middle):
    mu = np.array([middle - x.std(), middle + x.std()])
    for _ in range(300):
        mu = _em_step(x, mu, sd)[0]
    return mu


def _inside(start, end, limits):
    """The end of an arrow, shortened to stay within the limits."""
    low, high = np.array(limits).T
    step = end - start
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(step > 0, (high - start) / step, np.where(step < 0, (low - start) / step, np.inf))
    return start + min(1.0, 0.98 * float(room.min())) * step


def _angle(a, b):
    size = np.hypot(*a) * np.hypot(*b)
    return float(np.degrees(np.arccos(np.clip(a @ b / size, -1, 1)))) if size > 0 else np.nan


class _Densities:
    """The data and both components' densities, for the panel beside the surface."""

    def __init__(self, x, sd):
        (low, high), _ = common.around(np.column_stack([x, x]), margin=0.1)
        self.x, self.sd, self.xlim = x, sd, (low, high)
        self.top = 0.5 / (sd * np.sqrt(2 * np.pi))
        self.row = -self.top * (0.05 + 0.06 * (np.arange(len(x)) * 0.618034 % 1))

    def panel(self, name):
        limits = self.xlim, (-0.15 * self.top, 1.15 * self.top)
        return film.Panel(name, "weight times density", *limits, width=380)

    def marks(self, mu):
        a = -((self.x[:, None] - mu) ** 2) / (2 * self.sd**2)
        r = np.exp(a - np.logaddexp(a[:, 0], a[:, 1])[:, None])
        colours, shapes = common.blend(r, len(self.x))
        marks = [film.points("data", np.column_stack([self.x, self.row]), colour=colours, shape=shapes, panel=1)]
        for j in (0, 1):
            look = {"colour": common.colour(j), "dash": common.dash(j), "panel": 1}
            marks.append(film.bell(f"component {j + 1}", self.top, mu[j], self.sd, **look))
        centres = common.apart([np.array([m, self.top]) for m in mu], (self.xlim, (0, 1.3 * self.top)), 380)
        for j, at in enumerate(centres):
            marks.append(film.text(f"number {j + 1}", at, str(j + 1), ring=common.colour(j), panel=1))
        return marks


# ---- the bound


def bound(model, x, theta0, iterations=3, *, title=None):
    """Film of log p and the bound that touches it, along theta_t + s (theta_t+1 - theta_t), s from -1/2 to 3/2.

    Any model whose theta is a number, an array or a tuple of them; where theta(s) is out of bounds
    there is no curve. Each iteration: the E step makes the bound touch, the M step goes to its top. A learner's wrong
    steps are shown as they are; one that raises or hangs ends the film with a sentence. Bishop, PRML, figure 9.14.
    """
    iterations, title = common.iterations_of(iterations, most=100), arguments.text("title", title)
    states, lines, ending = _lines(model, x, theta0, iterations)
    if not np.isfinite(states[0].log_likelihood):
        raise ValueError(f"theta0 must have a log-likelihood to begin with. {common.note_of(states[0])}".strip())
    scenes = _scenes(lines, states)
    half_step = np.cumsum([scene.label[0] in "EM" for scene in scenes])
    stair = common.Staircase(half_step, [a.log_p for a in scenes], [a.elbo for a in scenes])
    frames = []
    for i, scene in enumerate(scenes):
        line = lines[scene.line] if scene.line < len(lines) else _Point(scene)
        following = scenes[i + 1].label if i + 1 < len(scenes) else ""
        frames.append(
            film.Frame(
                marks=(*line.marks(scene), *stair.marks(i)),
                words=scene.words,
                label=scene.label,
                next=following.split(" ")[0] if following[:1] in "EM" else following,
                heads=(scene.head, f"log p = {number(scene.log_p, 3)}"),
                views=(((-0.5, 1.5), line.limits), stair.view(i)),
            )
        )
    if ending:
        last = frames[-1]
        frames[-1] = last._replace(next="M" if last.label.startswith("E") else "E")
        frames.append(last._replace(words=ending, label="stopped", next="", heads=("Stopped", last.heads[1])))
    right = "With the right steps the" if model.whose else "The"
    return film.Film(
        title=title or f"The bound along the EM step{model.whose and ': ' + model.whose}",
        caption=f"The line leads from theta_t (s = 0) through theta_t+1 (s = 1). {right} bound touches log p at s = 0 "
        "with the same slope and has its top at s = 1; the gap there is the KL divergence. Each line has its own "
        "scale.",
        panels=(
            film.Panel(
                "s, where theta = theta_t + s (theta_t+1 − theta_t)",
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
    )


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
            what = f"returned a theta of another form than theta_{start.t}, so no line leads to it"
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
            head = f"A new line, from theta_{i} to theta_{i + 1}"
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
        self.s = s
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
