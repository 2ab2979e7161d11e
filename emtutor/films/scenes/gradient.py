"""The scene `gradient`: d log p / d mu_j as arrows, by a learner's function and by differences of log p."""

import numpy as np

from emtutor.films import film, palette
from emtutor.films.marks import number
from emtutor.films.scenes import common, learners, pictures
from emtutor.maths import formulas, gaussian
from emtutor.maths.model import learners as written
from emtutor.maths.theta import Theta, check_with

HERS, NUMERICAL = palette.COMPONENTS[1], "ink"
H = 1e-5  # of the central differences, in standard deviations of the component
AGREE = 1e-5  # relative; differences are no better than 1e-8


def gradient(x, theta0, grad_mu=None, *, labels=None):
    """Film of one frame: at each mean the gradient of log p by `grad_mu`, beside the one by differences of log p.

    x (n, 2); theta0 = (pi, mu, Sigma); grad_mu(x, pi, mu, Sigma) -> (k, 2): a learner's, or None for the package's.
    Drag a mean: both arrows follow. Arrows are as long as a step of Sigma_j / R_j times the gradient: EM's own step.
    """
    x, *_ = check_with(x, theta0)
    x, names = common.plane(x, labels)
    mine, whose = written(grad_mu=grad_mu)
    place = _Place(x, Theta(*(np.asarray(part, float) for part in theta0)), mine, names)
    return film.Film(
        title="The gradient in the means" + (f": {whose}" if mine else ""),
        caption="Each arrow is Σ_j / R_j times the gradient of log p in μ_j: the step that EM takes. Solid: "
        "by differences of log p; dashed: by the function. Where the function is right they are one.",
        panels=(
            film.Panel(
                *names,
                *place.limits,
                key=(("differences of log p", "line", NUMERICAL, 0), ("the function", "line", HERS, 1)),
            ),
        ),
        frames=(place.frame(place.theta.mu),),
        slider="place",
        end="To the last",
        handles=tuple(
            film.Handle(f"mean {j + 1}", names, xlim=place.limits[0], ylim=place.limits[1], carries=place.carries(j))
            for j in range(len(place.theta.mu))
        ),
        hand=lambda i, places, held: place.frame(np.array(places, float), held),
    )


class _Place:
    def __init__(self, x, theta, mine, names):
        self.x, self.theta, self.mine = x, theta, mine
        self.drawing = pictures.Plane(x, [])
        self.limits = common.around(x, theta.mu, margin=0.15)

    def carries(self, j):
        """What follows mean j at once."""
        return ((f"number {j + 1}", "at"), (f"component {j + 1}", "curve"))

    def numerical(self, theta):
        """Central differences of log p, (k, 2)."""
        found = np.zeros_like(theta.mu)
        for j, a in np.ndindex(*theta.mu.shape):
            h = H * np.sqrt(theta.Sigma[j, a, a])
            values = []
            for sign in (1, -1):
                mu = theta.mu.copy()
                mu[j, a] += sign * h
                values.append(formulas.log_p(formulas.log_joint(self.x, theta.pi, mu, theta.Sigma)).sum())
            found[j, a] = (values[0] - values[1]) / (2 * h)
        return found

    def hers(self, theta):
        """(what the function says (k, 2), ""), or (None, a sentence)."""
        if not self.mine:
            return gaussian.grad_mu(self.x, theta), ""
        with learners.calling(**self.mine) as called:
            try:
                found = np.asarray(called["grad_mu"](self.x, *theta), float)
            except learners.Failure as failure:
                return None, f"Your grad_mu {common.sentence(str(failure))}"
            except (TypeError, ValueError):
                return None, "Your grad_mu returned something else than numbers."
        if found.shape != theta.mu.shape or not np.isfinite(found).all():
            return (
                None,
                f"Your grad_mu returned shape {found.shape}, or no finite numbers; {theta.mu.shape} is expected.",
            )
        return found, ""

    def frame(self, mu, held=None):
        """Arrows at means mu (k, 2)."""
        theta = self.theta._replace(mu=mu)
        q = gaussian.e_step(self.x, theta)
        truth, (found, trouble) = self.numerical(theta), self.hers(theta)
        reach = theta.Sigma / np.maximum(q.sum(0), 1e-3)[:, None, None]
        marks = self.drawing.marks(q, theta, None)
        for name, g, look in (
            ("differences", truth, {"colour": NUMERICAL, "width": 3}),
            ("function", found, {"colour": HERS, "width": 2.2, "dash": 1}),
        ):
            if g is not None:
                ends = mu + np.einsum("jab,jb->ja", reach, g)
                kept = [
                    (a, common.ended(a, b, self.limits)) for a, b in zip(mu, ends, strict=True) if abs(b - a).max() > 0
                ]
                if kept:
                    marks.append(film.arrows(name, *map(np.array, zip(*kept, strict=True)), **look))
        j = 0 if held is None else held
        log_p = float(formulas.log_p(formulas.log_joint(self.x, *theta)).sum())
        words = f"Mean {j + 1} at ({', '.join(number(v) for v in mu[j])}): by differences of log p its gradient is "
        words += f"({', '.join(number(v) for v in truth[j])}), by the function "
        words += f"({', '.join(number(v) for v in found[j])}). " if found is not None else f"unknown. {trouble} "
        return film.Frame(
            marks=tuple(marks),
            words=words + self._verdict(truth, found),
            label="start" if held is None else "by hand",
            heads=(f"log p = {number(log_p)}",),
            places=tuple(mu),
        )

    def _verdict(self, truth, found):
        if found is None:
            return "log p is drawn all the same."
        size = np.maximum(abs(truth), abs(found)).max()
        wrong = [j + 1 for j in range(len(truth)) if abs(found[j] - truth[j]).max() > AGREE * max(size, 1e-6)]
        if not wrong:
            return "They agree for every mean."
        return f"They differ for mean{'s' * (len(wrong) > 1)} {', '.join(map(str, wrong))}."
