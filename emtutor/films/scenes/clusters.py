"""The scenes `kmeans` and `branching`: hard assignments step by step, and the means of soft k-means as beta falls."""

import numpy as np

from emtutor.films import film, palette
from emtutor.films.film import number
from emtutor.films.scenes import common
from emtutor.maths import arguments
from emtutor.maths import kmeans as hard
from emtutor.maths.model import learners


def kmeans(x, mu0, *, standardise=False, labels=None, max_iter=100, assign=None, update_means=None):
    """Film of k-means: assign changes colours, update moves means, the distortion J falls. Bishop, PRML, figure 9.1.

    x (n, 2), mu0 (k, 2) in the units of x. standardise: columns divided by their standard deviation first, else the
    column with the larger numbers decides nearly every distance. assign, update_means: a learner's steps, in the
    exercises' signatures; one that is None or still a stub is taken from the package.
    """
    x, names = _plane(x, labels)
    mu0 = arguments.points(mu0, "mu0", f"(k, {x.shape[1]})", f"as x has {x.shape[1]} columns")
    standardise = arguments.one_of("standardise", standardise, False, True)
    max_iter = common.iterations_of(max_iter, "max_iter")
    unit = _unit_squared(names)
    if standardise:
        mean, scale = x.mean(0), np.where(x.std(0) > 0, x.std(0), 1)
        x, mu0, unit = (x - mean) / scale, (mu0 - mean) / scale, ""
        names = tuple(f"{name.rsplit(' (', 1)[0]} (standard deviations)" for name in names)
    mine, whose = learners(assign=assign, update_means=update_means)
    whose = whose if assign or update_means else ""
    states, ending = _run(x, mu0, max_iter, mine)
    limits = common.around(x, *(s.mu for s in states))
    J = np.array([s.distortion for s in states])
    steps = np.arange(len(J), dtype=float)
    top = 1.08 * J[1:].max(initial=0) or 1.0
    right = max(6, 1.03 * steps[-1])
    frames = []
    for i, step in enumerate(states):
        r = np.zeros((0, 0)) if step.labels is None else np.eye(len(mu0))[step.labels]
        colours, shapes = common.blend(r, len(x))
        centres = common.apart(step.mu, limits)
        marks = [film.points("data", x, colour=colours, shape=shapes)]
        marks += [film.path("border", border, colour="muted", dash=3, width=2.4) for border in _border(step.mu, limits)]
        for j in range(len(mu0)):
            trail = np.array([s.mu[j] for s in states[: i + 1]])
            marks.append(film.path(f"trail {j + 1}", trail, colour=common.colour(j), dash=common.dash(j), width=2))
        for j, centre in enumerate(centres):
            marks.append(film.text(f"number {j + 1}", centre, str(j + 1), ring=common.colour(j)))
        fall = film.path("J", np.column_stack([steps, J]), count=i + 1, width=2.4, panel=1)
        dots = film.points("dots", np.column_stack([steps, J])[1 : i + 1], colour="ink", panel=1)
        frames.append(
            film.Frame(
                marks=(*marks, fall, dots),
                words=_words(x, states, i, unit, whose) + (f" {ending}" if i == len(states) - 1 else ""),
                label="start" if i == 0 else f"{step.phase} {step.t}",
                next=states[i + 1].phase if i + 1 < len(states) else "",
                heads=(_head(states, i), f"J = {number(step.distortion, 1)}{unit}" if i else "J: no labels yet"),
            )
        )
    scaled = "standardised" if standardise else "raw units"
    return film.Film(
        title=f"k-means, {len(mu0)} clusters, {scaled}",
        caption="Assigning changes colours only, updating moves the means only; a line shows the way of each mean. J "
        f"is the sum of squared distances to the means and never rises{' if both steps are right' if mine else ''}."
        + (" The dotted line is where both means are equally near." if len(mu0) == 2 else ""),
        panels=(
            film.Panel(*names, *limits),
            film.Panel(
                "half-step",
                f"distortion J{unit and f' ({unit.strip()})'}",
                (0, right),
                (0, top),
                width=332,
                counts=True,
            ),
        ),
        frames=tuple(frames),
    )


def _plane(x, labels):
    x = arguments.points(x)
    if x.shape[1] != 2:
        raise ValueError(f"x must have two columns to be drawn, got shape {x.shape}: choose two")
    return x, common.labels_of(x, labels)


def _unit_squared(names):
    units = {name.rsplit("(", 1)[1].rstrip(")") for name in names if "(" in name}
    return f" {units.pop()}²" if len(units) == 1 else ""


def _run(x, mu0, max_iter, own):
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


def branching(x, betas=None, *, labels=None):
    """Film of the two means of soft k-means (Sigma_j = beta I, equal pi) as the variance beta falls.

    Above the critical beta, the largest eigenvalue of the data's covariance (1/n), both means are one. x (n, 2);
    betas: falling variances in squared units of x; by default 40 from 1.4 to 0.1 times the critical one.
    """
    x, names = _plane(x, labels)
    critical = hard.critical_beta(x)
    if critical == 0:
        raise ValueError("x must hold different points, got a single one: its means never part")
    betas = arguments.several(
        "betas",
        critical * np.linspace(1.4, 0.1, 40) if betas is None else betas,
        "two or more falling variances > 0",
        lambda betas: len(betas) > 1 and betas.min() > 0 and (np.diff(betas) < 0).all(),
    )
    axis = _first_axis(x)
    means = _settled(x, betas, axis)
    along = (means - x.mean(0)) @ axis
    limits, unit = common.around(x), _unit_squared(names)
    length = unit.rstrip("²")
    reach = 1.15 * abs((x - x.mean(0)) @ axis).max()
    rule = np.array([[critical, -reach], [critical, reach]])
    ways = [np.column_stack([betas, along[:, j]]) for j in (0, 1)]
    cut = int((betas >= critical).sum())
    if 0 < cut < len(betas):  # the lines part at the critical beta, whatever the betas beside it are
        ways = [np.insert(way, cut, (critical, 0), axis=0) for way in ways]
    frames = []
    for i, beta in enumerate(betas):
        r = hard.soft_assign(x, means[i], beta)
        colours, shapes = common.blend(r, len(x))
        apart = float(abs(along[i, 0] - along[i, 1]))
        marks = [film.points("data", x, colour=colours, shape=shapes)]
        for j, centre in enumerate(common.apart(means[i], limits)):
            marks.append(film.text(f"number {j + 1}", centre, str(j + 1), ring=common.colour(j)))
        marks.append(film.path("critical", rule, colour="muted", dash=1, width=1.6, panel=1))
        at = (critical - 0.012 * betas[0], -0.93 * reach)
        marks.append(film.text("critical beta", at, "critical", anchor="end", size=14, panel=1))
        for j in (0, 1):
            look = {"colour": common.colour(j), "dash": common.dash(j), "width": 3, "panel": 1}
            marks.append(film.path(f"mean {j + 1}", ways[j], count=i + 1 + (0 < cut <= i), **look))
            now = [[beta, along[i, j]]]
            marks.append(film.points(f"now {j + 1}", now, colour=common.colour(j), shape=j, size=6, panel=1))
        one = apart < 0.02 * reach
        distance = f"{number(apart)}{length} apart"
        state = "both means lie on the data's mean" if one else f"the means are {distance}"
        where = "above" if beta > critical else "below"
        frames.append(
            film.Frame(
                marks=tuple(marks),
                words=f"beta = {number(beta, 1)}{unit}, {number(beta / critical)} times the critical "
                f"{number(critical, 1)}: {where} it, and {state}. Largest share of a point: {number(r.max())}.",
                label=f"beta {number(beta, 1)}",
                next=f"beta {number(betas[i + 1], 1)}" if i + 1 < len(betas) else "",
                heads=(f"beta = {number(beta, 1)}{unit}", "One mean" if one else f"Two means, {distance}"),
            )
        )
    return film.Film(
        title="Soft k-means: the means part as beta falls",
        caption="beta is the variance of both clusters. Right: the means along the direction in which the data spread "
        "most. At the critical beta, the largest eigenvalue of the covariance, one mean becomes two.",
        panels=(
            film.Panel(*names, *limits),
            film.Panel(
                f"beta{unit and f' ({unit.strip()})'}",
                f"means along the first axis{length and f' ({length.strip()})'}",
                (0, float(1.03 * betas[0])),
                (-reach, reach),
                width=380,
                key=(("mean 1", "line", palette.COMPONENTS[0], 0), ("mean 2", "line", palette.COMPONENTS[1], 1)),
            ),
        ),
        frames=tuple(frames),
        slider="beta",
        end="To the last",
    )


def _first_axis(x):
    axis = np.linalg.eigh(np.cov(x.T, bias=True)).eigenvectors[:, -1]
    return axis * np.sign(axis[abs(axis).argmax()])


def _settled(x, betas, axis, sweeps=400):
    """The two means at each beta, each from where the last ones came to rest, parted by a hair."""
    hair = 1e-3 * x.std(0).max() * np.outer([-1, 1], axis)
    mu, found = np.tile(x.mean(0), (2, 1)), []
    for beta in betas:
        mu = mu + hair
        for _ in range(sweeps):
            r = hard.soft_assign(x, mu, beta)
            new = r.T @ x / r.sum(0)[:, None]
            still = abs(new - mu).max() < 1e-6 * x.std(0).max()
            mu = new
            if still:
                break
        found.append(mu)
    return np.array(found)
