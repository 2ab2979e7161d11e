"""EM by hand: a mean or a whole ellipse is dragged, a point is chosen, and the model's own steps answer."""

import numpy as np

from emtutor.films import film
from emtutor.films.marks import number
from emtutor.films.scenes import common, learners, pictures
from emtutor.maths.model import At


class Hands:
    """The handles of a film of EM: for each component its mean and, in the plane, its tip; and the points."""

    def __init__(self, tale, names, shown, drawing, stair):
        """shown: the step of each frame."""
        model, x = tale.model, tale.x
        self.tale, self.model, self.x, self.shown, self.drawing, self.stair = tale, model, x, shown, drawing, stair
        self.plane, self.k = x.shape[1] > 1, len(shown[0].theta.pi)
        self.tips = x.shape[1] == 2
        self.names = names
        panel = drawing.panel(names)
        self.limits = np.array([panel.xlim, panel.ylim])
        self.handles = (*self._means(panel), *self._tips(panel), film.Handle("point", ("point",), chooses="data"))

    def _means(self, panel):
        reach = {"names": self.names[:2], "ylim": panel.ylim} if self.plane else {"names": self.names[:1]}
        for j in range(self.k):
            shape = ((f"component {j + 1}", "curve"),) if self.plane else ()
            carries = ((f"number {j + 1}", "at"), *shape)
            yield film.Handle(f"mean {j + 1}", xlim=panel.xlim, carries=carries, **reach)

    def _tips(self, panel):
        for j in range(self.k if self.tips else 0):
            reach = {"xlim": panel.xlim, "ylim": panel.ylim, "rides": j}
            yield film.Handle(f"tip of ellipse {j + 1}", self.names[:2], size=8, **reach)

    # -- places

    def places(self, theta, chosen=None):
        """Where the handles stand at this theta, None for one that has no place."""
        if not self.plane:
            heights = {
                j: (mean, min(height, self.drawing.top)) for j, (height, mean, _) in self.drawing.bells_at(theta)
            }
            return (*(heights.get(j) for j in range(self.k)), chosen)
        shapes = dict(self.drawing.ellipses_at(theta))
        means = [shapes[j][:2] if j in shapes else None for j in range(self.k)]
        tips = [self._tip(theta, j) if j in shapes else None for j in range(self.k)] if self.tips else []
        return (*(self._seen(place) for place in (*means, *tips)), chosen)

    def _seen(self, place):
        return place if place is not None and common.within(place, self.limits) else None

    def _unit(self):
        """Data units of the same length on the screen, along both axes."""
        return (self.limits[:, 1] - self.limits[:, 0]) / (500, film.HEIGHT)

    def _axes(self, Sigma):
        """Variances as seen, and their directions, the longer one last and pointing to the right."""
        unit = self._unit()
        values, vectors = np.linalg.eigh(Sigma / np.outer(unit, unit))
        return values, vectors * np.where(vectors[0] < 0, -1, 1)

    def _tip(self, theta, j):
        values, vectors = self._axes(theta.Sigma[j])
        return theta.mu[j] + 2 * np.sqrt(max(values[1], 0)) * vectors[:, 1] * self._unit()

    def theta(self, i, places):
        """theta of frame i with means and ellipses where the hand has put them."""
        theta = self.shown[i].theta
        mu, Sigma = theta.mu.copy(), theta.Sigma.copy()
        for j in range(self.k):
            place = places[j]
            if place is not None:
                mu[j, : 2 if self.plane else 1] = place[: 2 if self.plane else 1]
        for j in range(self.k if self.tips else 0):
            mean, tip = places[j], places[self.k + j]
            if mean is not None and tip is not None:
                Sigma[j] = self._turned(Sigma[j], (np.array(tip) - mean) / self._unit())
        return theta._replace(mu=mu, Sigma=Sigma)

    def _turned(self, Sigma, tip):
        """Sigma with its longer axis, as seen, ending at `tip`; the other keeps its length."""
        (short, long), vectors = self._axes(Sigma)
        if abs(tip - 2 * np.sqrt(long) * vectors[:, 1]).max() < 0.5:  # half a pixel: nobody has touched it
            return Sigma
        length = max(np.hypot(*tip), 2.0)
        along = tip / max(np.hypot(*tip), 1e-9) if np.hypot(*tip) > 1e-9 else vectors[:, 1]
        across = np.array([-along[1], along[0]])
        unit = self._unit()
        seen = (length / 2) ** 2 * np.outer(along, along) + short * np.outer(across, across)
        return seen * np.outer(unit, unit)

    # -- the answer

    def frame(self, i, places, held):
        """What is seen when, in frame i, the handles stand at `places`."""
        theta, chosen = self.theta(i, places), places[-1]
        with learners.guarded(self.model) as model:
            here = At(model, self.x, theta)
            q, trouble = _tried(here.e_step, "E")
            after, trouble = _tried(lambda: here.m_step(q), "M", trouble)
        log_p, elbo, kl, note = (*here.log_likelihood[:1], np.nan, np.nan, "") if q is None else here.figures(q)
        marks = self.drawing.marks(q, here.theta, after.theta if after else None)
        chosen_marks, share = self._chosen(chosen, q, here.theta)
        levels, view = self.stair.levels(min(i, len(self.stair.t) - 1), log_p, elbo)
        told = [self._where(places, held), f"log p = {number(log_p)}."]
        if self.stair.bound and q is not None:
            told.append(f"L = {number(elbo)}, KL = {number(kl)}.")
        if note:  # of this theta, unless an earlier step is to blame
            inherited = np.isnan(self.shown[i].log_likelihood)
            told.append(self.tale.note(self.shown[i]) if inherited else f"What is undefined: {common.sentence(note)}")
        elif q is not None and kl > 1e-6:
            told.append(f"The colours are not the posterior of these {self.drawing.what}: look at the E step.")
        if after:
            gain = after.log_likelihood[0] - log_p
            told.append(f"Dotted: where the M step leads; log p {common.change(gain)} there.")
        told = [share, *told, trouble] if self.handles[held].chooses else [*told, trouble, share]
        return film.Frame(
            marks=(*marks, *chosen_marks, *levels),
            words=" ".join(part for part in told if part),
            label="by hand",
            heads=("By hand", f"log p = {number(log_p)}" + (f", KL = {number(kl)}" if self.stair.bound else "")),
            views=(None, view),
            places=self.places(here.theta, chosen),
        )

    def _where(self, places, held):
        handle = self.handles[held]
        if handle.chooses:
            return ""
        return f"{handle.name.capitalize()} at ({', '.join(number(v) for v in places[held][: len(handle.names)])})."

    def _chosen(self, i, q, theta):
        """A ring around the chosen point, and its r and its share of every mean in words."""
        if i is None or not 0 <= i < len(self.drawing.x):
            return (), ""
        place = self.drawing.x[i] if self.plane else (self.drawing.x[i], self.drawing.row[i])
        across, up = 9 * self._unit()
        marks = [film.ellipse("chosen", [*place, across, 0, 0, up], width=2.5)]
        row = i * pictures.every(self.x)
        name = f"Point {i + 1} at ({', '.join(number(v) for v in np.atleast_1d(self.drawing.x[i]))})"
        if q is None or np.shape(q) != (len(self.x), self.k):
            return marks, f"{name} has no responsibilities here."
        r, R = np.asarray(q, float)[row], np.asarray(q, float).sum(0)
        shares = [f"{number(100 * a / b)} % of mean {j + 1}" for j, (a, b) in enumerate(zip(r, R, strict=True)) if b]
        for j, centre in enumerate(theta.mu) if self.plane else ():
            line = np.array([place, centre[:2]])
            if np.isfinite(r[j]) and r[j] > 0.005:
                look = {"colour": common.colour(j), "width": 1 + 4 * min(float(r[j]), 1.0), "opacity": 0.8}
                marks.append(film.path(f"share {j + 1}", line, **look))
        return marks, f"{name}: r = ({', '.join(number(v) for v in r)}). It makes {', '.join(shares)}."


def _tried(step, phase, trouble=""):
    """(what the step returned, ""), or (None, a sentence on what happened in its place)."""
    if trouble:
        return None, trouble
    try:
        return step(), ""
    except learners.Failure as failure:
        return None, f"The {phase} step {common.sentence(str(failure))}"
    except Exception as error:
        return None, f"The {phase} step raised {common.sentence(common.said(error))}"
