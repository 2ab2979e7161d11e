"""The scene `kmeans`: hard assignments step by step, and by hand."""

import numpy as np

from emtutor.films import film
from emtutor.films.marks import number
from emtutor.films.scenes import common, learners
from emtutor.maths import arguments
from emtutor.maths import kmeans as hard
from emtutor.maths.model import learners as written


def kmeans(x, mu0, *, standardise=False, labels=None, max_iter=100, assign=None, update_means=None):
    """Film of k-means: assign changes colours, update moves means, the distortion J falls. Bishop, PRML, figure 9.1.

    x (n, 2), mu0 (k, 2) in the units of x. standardise: columns divided by their standard deviation first, else the
    column with the larger numbers decides nearly every distance. assign, update_means: a learner's steps, in the
    exercises' signatures; one that is None or still a stub is taken from the package. Means can be dragged.
    """
    x, names = common.plane(x, labels)
    mu0 = arguments.points(mu0, "mu0", f"(k, {x.shape[1]})", f"as x has {x.shape[1]} columns")
    standardise = arguments.one_of("standardise", standardise, False, True)
    max_iter = common.iterations_of(max_iter, "max_iter")
    unit = common.unit_squared(names)
    mean, scale = np.zeros(2), np.ones(2)
    if standardise:
        mean, scale, unit = x.mean(0), np.where(x.std(0) > 0, x.std(0), 1), ""
        names = tuple(f"{name.rsplit(' (', 1)[0]} (standard deviations)" for name in names)
    mine, whose = written(assign=assign, update_means=update_means)
    run = _Run((x - mean) / scale, unit, mine, whose if assign or update_means else "")
    run.make((mu0 - mean) / scale, max_iter)

    def onward(i, places):
        again = {"standardise": standardise, "labels": labels, "max_iter": max_iter, "assign": assign}
        return kmeans(x, np.array(places) * scale + mean, update_means=update_means, **again)

    return film.Film(
        title=f"k-means, {len(mu0)} clusters, {'standardised' if standardise else 'raw units'}",
        caption="Assigning changes colours only, updating moves the means only; a line shows the way of each mean. J "
        f"is the sum of squared distances to the means and never rises{' if both steps are right' if mine else ''}."
        + (" The dotted line is where both means are equally near." if len(mu0) == 2 else ""),
        panels=(
            film.Panel(*names, *run.limits),
            film.Panel("half-step", f"distortion J{unit and f' ({unit.strip()})'}", *run.room, width=332, counts=True),
        ),
        frames=tuple(run.frame(i) for i in range(len(run.states))),
        handles=tuple(
            film.Handle(
                f"mean {j + 1}", names, xlim=run.limits[0], ylim=run.limits[1], carries=((f"number {j + 1}", "at"),)
            )
            for j in range(len(mu0))
        ),
        hand=run.by_hand,
        onward=onward,
    )


class _Run:
    """The states of a run, and the picture of each; or of means put somewhere by hand."""

    def __init__(self, x, unit, mine, whose):
        self.x, self.unit, self.mine, self.whose = x, unit, mine, whose

    def make(self, mu0, max_iter):
        with learners.calling(**self.mine) as own:
            self.states, self.ending = _states(self.x, mu0, max_iter, own)
        self.limits = common.around(self.x, *(s.mu for s in self.states))
        self.J = np.array([s.distortion for s in self.states])
        self.steps = np.arange(len(self.J), dtype=float)
        top = 1.08 * self.J[1:].max(initial=0) or 1.0
        self.room = (0, max(6, 1.03 * self.steps[-1])), (0, top)

    def _plane(self, labels, mu, trails):
        r = np.zeros((0, 0)) if labels is None else np.eye(len(mu))[labels]
        colours, shapes = common.blend(r, len(self.x))
        marks = [film.points("data", self.x, colour=colours, shape=shapes)]
        marks += [film.path("border", line, colour="muted", dash=3, width=2.4) for line in _border(mu, self.limits)]
        for j, trail in enumerate(trails):
            marks.append(film.path(f"trail {j + 1}", trail, colour=common.colour(j), dash=common.dash(j), width=2))
        for j, centre in enumerate(common.apart(mu, self.limits)):
            marks.append(film.text(f"number {j + 1}", centre, str(j + 1), ring=common.colour(j)))
        return marks

    def frame(self, i):
        """Half-step i."""
        states, step = self.states, self.states[i]
        trails = [np.array([s.mu[j] for s in states[: i + 1]]) for j in range(len(step.mu))]
        last = i == len(states) - 1
        return film.Frame(
            marks=(*self._plane(step.labels, step.mu, trails), *self._fall(i)),
            words=_words(self.x, states, i, self.unit, self.whose) + (f" {self.ending}" if last else ""),
            label="start" if i == 0 else f"{step.phase} {step.t}",
            next="" if last else states[i + 1].phase,
            heads=(_head(states, i), f"J = {number(step.distortion, 1)}{self.unit}" if i else "J: no labels yet"),
            places=tuple(step.mu),
        )

    def _fall(self, i):
        line = np.column_stack([self.steps, self.J])
        fall = film.path("J", line, count=i + 1, width=2.4, panel=1)
        return fall, film.points("dots", line[1 : i + 1], colour="ink", panel=1)

    def by_hand(self, i, places, held):
        """The labels of means put somewhere, by the learner's own assign, and J."""
        mu = np.array(places, float)
        with learners.calling(**self.mine) as own:
            steps = hard.steps(self.x, mu, **own)
            states = [next(steps)]
            trouble = common.next_state(steps, states, ("assign", "update"))
            trouble = trouble or common.next_state(steps, states, ("assign", "update"))
        seen = states[min(1, len(states) - 1)]
        marks = self._plane(seen.labels, mu, [])
        told = [f"Mean {held + 1} at ({', '.join(number(v) for v in mu[held])})."]
        if seen.labels is not None:
            sizes = np.bincount(seen.labels, minlength=len(mu))
            told.append(f"J = {number(seen.distortion, 1)}{self.unit}; points: {', '.join(map(str, sizes))}.")
        if len(states) > 2:
            marks.append(film.arrows("update", mu, states[2].mu, colour="ink", width=2))
            told.append(
                f"Arrows: where the update leads; J {common.change(states[2].distortion - seen.distortion, 1)} there."
            )
        told.append(trouble.split(" The picture is")[0])
        level = min(seen.distortion, 10 * self.room[1][1]) if np.isfinite(seen.distortion) else np.nan
        line = film.path("J by hand", [[self.room[0][0], level], [self.room[0][1], level]], width=2.4, dash=1, panel=1)
        top = max(self.room[1][1], 1.05 * np.nan_to_num(level))
        return film.Frame(
            marks=(*marks, *self._fall(i), line),
            words=" ".join(part for part in told if part),
            label="by hand",
            heads=("By hand", f"J = {number(seen.distortion, 1)}{self.unit}"),
            views=(None, (self.room[0], (0, float(top)))),
            places=tuple(mu),
        )


def _states(x, mu0, max_iter, own):
    states = []
    steps = hard.steps(x, mu0, **own)
    while not (failed := common.next_state(steps, states, ("assign", "update"))):
        step = states[-1]
        if step.t > 1 and step.phase == "assign" and np.array_equal(step.labels, states[-3].labels):
            return states, "No label has changed, so nothing will move any more."
        if step.t >= max_iter and step.phase == "update":
            return states, f"Stopped after {max_iter} iterations."
    return states, failed


def _head(states, i):
    step = states[i]
    if step.phase == "start":
        return "Start: no labels yet"
    what = "update: means move" if step.phase == "update" else "assign: colours change"
    if step.phase == "assign" and i > 1 and not _relabelled(states, i):
        what = "assign: no label changes"
    return f"Iteration {step.t}, {what}"


def _relabelled(states, i):
    """How many labels the assignment that led to state i has changed."""
    return int((states[i].labels != states[i - 2].labels).sum())


def _words(x, states, i, unit, whose):
    step = states[i]
    if i == 0:
        places = "; ".join(f"mean {j + 1} at ({', '.join(number(v) for v in m)})" for j, m in enumerate(step.mu))
        steps = whose and f" Steps shown: {whose}."
        return f"The start: {places}. No point belongs to a cluster yet.{steps}"
    before = states[i - 1]
    now = f"{number(step.distortion, 1)}{unit}"
    fell = step.distortion - before.distortion if i > 1 else np.nan
    told = f" J stays at {now}." if fell == 0 else f" J {common.change(fell, 1)}, to {now}."
    if step.phase == "assign":
        if i == 1:
            sizes = np.bincount(step.labels, minlength=len(step.mu))
            share = " and ".join(f"{size} to mean {j + 1}" for j, size in enumerate(sizes))
            rule = "" if "your assign" in whose else "each point goes to its nearest mean, "
            return f"Assign: {rule}{share}. J is {now}."
        moved = _relabelled(states, i)
        which = f"{moved} point{'s' * (moved != 1)} change{'s' * (moved == 1)} cluster" if moved else "no label changes"
        return f"Assign: {which}.{told}"
    away = np.sqrt((((step.mu - before.mu) / np.maximum(x.std(0), 1e-300)) ** 2).sum(1))
    j = int(away.argmax())
    far = f"Mean {j + 1} moves furthest, by {number(away[j])} standard deviations."
    rule = "" if "your update_means" in whose else "each mean goes to the middle of its points. "
    return f"Update: {rule}{far}{told}"


def _border(mu, limits):
    """For two means, the line of equal distance, within the limits."""
    if len(mu) != 2 or np.allclose(mu[0], mu[1]):
        return []
    normal, middle = mu[1] - mu[0], mu.mean(0)
    (x0, x1), (y0, y1) = limits
    if abs(normal[1]) * (y1 - y0) >= abs(normal[0]) * (x1 - x0):
        xs = np.linspace(x0, x1, 201)
        line = np.column_stack([xs, middle[1] - normal[0] / normal[1] * (xs - middle[0])])
    else:
        ys = np.linspace(y0, y1, 201)
        line = np.column_stack([middle[0] - normal[1] / normal[0] * (ys - middle[1]), ys])
    inside = ((line >= (x0, y0)) & (line <= (x1, y1))).all(1)
    return [line[inside][[0, -1]]] if inside.sum() > 1 else []
