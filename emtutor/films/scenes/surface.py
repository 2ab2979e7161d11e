"""The scene `surface`: log p over two means, its gradient, and the EM step, from any place."""

import numpy as np

from emtutor.films import film, palette
from emtutor.films.marks import number
from emtutor.films.scenes import common
from emtutor.maths import arguments

GRADIENT = palette.COMPONENTS[1]


def surface(x, mu0=None, *, sd=None, iterations=12, label=None):
    """Film of EM on log p over (μ₁, μ₂): one dimension, equal weights, one known standard deviation `sd`.

    x (n,) or (n, 1). Shown are contours, the gradient, the EM step, the ridge mu_1 = mu_2 and the saddle on it. An EM
    step is the gradient with component j scaled by sd^2 / R_j. Xu and Jordan (1996), Neural Computation 8, 129-151.
    theta can be dragged; gradient and EM step follow.
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
    path, rests = _path(x, mu, sd, iterations, 1e-3 * spread)
    here = _Surface(x, sd, path, rests)
    unit = f" ({label})" if label else ""
    return film.Film(
        title="The log-likelihood over two means",
        caption="The diamond is where EM stands. Lines of equal log p, one for each halving of the distance to the "
        "top. The gradient is drawn by its direction alone. On the ridge both means are equal; "
        f"{here.ridge}. Exchanging the means mirrors the picture.",
        panels=(
            film.Panel(f"μ₁{unit}", f"μ₂{unit}", *here.limits, width=450, key=here.key),
            here.densities.panel(label or "x"),
        ),
        frames=tuple(here.frame(i) for i in range(len(path))),
        slider="iteration",
        handles=(film.Handle("θ", ("μ₁", "μ₂"), xlim=here.limits[0], ylim=here.limits[1], carries=(("here", "xy"),)),),
        hand=lambda i, places, held: here.by_hand(i, np.array(places[0], float)),
        onward=lambda i, places: surface(x, places[0], sd=sd, iterations=iterations, label=label),
    )


def _path(x, mu, sd, iterations, small):
    """The places of EM, and whether it has come to rest: a step that nobody would see is no frame."""
    path = [mu, _em_step(x, mu, sd)[0]]
    while len(path) <= iterations and abs(path[-1] - path[-2]).max() >= small:
        path.append(_em_step(x, path[-1], sd)[0])
    rests = abs(path[-1] - path[-2]).max() < small
    return np.array(path[:-1] if rests else path), rests


class _Surface:
    """What stands still in the picture, and the marks and words for one place on it."""

    def __init__(self, x, sd, path, rests):
        self.x, self.sd, self.path, self.rests = x, sd, path, rests
        self.middle, self.spread = float(x.mean()), float(x.std())
        self.limits = common.around(np.column_stack([x, x])[[x.argmin(), x.argmax()]], path, margin=0.04)
        self.parted = sd < self.spread  # else one density is wide enough for all, and the only top lies on the ridge
        still = _scenery(x, sd, self.limits, self.middle)
        self.still = [mark for mark in still if self.parted or mark.name != "saddle"]
        self.densities = _Densities(x, sd)
        self.ridge = "the square on it is the saddle, which EM never leaves"
        if not self.parted:
            self.ridge = "with so large an sd the top is on it"
        lines = (("EM step", palette.ELBO, 0), ("gradient", GRADIENT, 1), ("ridge", "muted", 3))
        shapes = (("saddle", "muted", 1),) * self.parted + (("top", palette.COMPONENTS[2], 2),)
        self.key = tuple((a, "line", b, c) for a, b, c in lines) + tuple((a, "point", b, c) for a, b, c in shapes)

    def frame(self, i):
        """Iteration i."""
        mu, last = self.path[i], i + 1 == len(self.path)
        after, R, gradient, log_p = _em_step(self.x, mu, self.sd)
        if not last:
            step = self._told(after - mu, R, gradient)
        elif self.rests:
            saddle = self.parted and abs(mu - self.middle).max() < 1e-2 * self.spread
            where = "on the saddle, between the tops" if saddle else "at the top"
            step = f"The gradient has all but vanished: EM stands still {where}."
        else:
            step = f"The film ends here, after {i} iterations; EM would go on."
        rise = f" log p {common.change(log_p - _em_step(self.x, self.path[i - 1], self.sd)[3])}." if i else ""
        label, following = "start" if i == 0 else f"EM {i}", "" if last else "E and M"
        return self._frame(i, mu, after if not last else None, gradient, log_p, f"{rise} {step}", label, following)

    def by_hand(self, i, mu):
        """Any place, in the picture of iteration i."""
        after, R, gradient, log_p = _em_step(self.x, mu, self.sd)
        rise = common.change(_em_step(self.x, after, self.sd)[3] - log_p)
        words = f" {self._told(after - mu, R, gradient)} There log p {rise}."
        return self._frame(i, mu, after, gradient, log_p, words, "by hand", "")

    def _told(self, step, R, gradient):
        factors = " and ".join(f"{self.sd**2 / part:.2g}" for part in R)
        if abs(step).max() < 1e-9 * self.spread:
            return "The gradient has vanished, and the EM step with it."
        angle = number(_angle(gradient, step), 0)
        words = f"The EM step moves each mean by sd² / R_j times its gradient, here {factors}: it points {angle} "
        return words + "degrees away from the gradient."

    def _frame(self, i, mu, after, gradient, log_p, words, label, following):
        marks = [*self.still, film.path("way", self.path, count=i + 1, colour=palette.ELBO, width=2.4)]
        marks.append(film.points("visited", self.path[: i + 1], colour=palette.ELBO, size=4))
        if after is not None:
            uphill = mu + 0.16 * np.ptp(self.limits[0]) * gradient / max(np.hypot(*gradient), 1e-300)
            marks.append(
                film.arrows("gradient", [mu], [common.ended(mu, uphill, self.limits)], colour=GRADIENT, dash=1)
            )
            marks.append(film.arrows("EM step", [mu], [after], colour=palette.ELBO, width=3))
        marks.append(film.points("here", [mu], colour="ink", shape=3, size=7))
        return film.Frame(
            marks=(*marks, *self.densities.marks(mu)),
            words=f"μ = ({number(mu[0])}, {number(mu[1])}), log p = {number(log_p)}.{words}",
            label=label,
            next=following,
            heads=(f"log p = {number(log_p)}", f"μ = ({number(mu[0])}, {number(mu[1])})"),
            places=(mu,),
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
