"""The scene `branching`: the means of soft k-means as beta falls."""

import numpy as np

from emtutor.films import film, palette
from emtutor.films.marks import number
from emtutor.films.scenes import common
from emtutor.maths import arguments
from emtutor.maths import kmeans as hard


def branching(x, betas=None, *, labels=None):
    """Film of the two means of soft k-means (Sigma_j = beta I, equal pi) as the variance beta falls.

    Above the critical beta, the largest eigenvalue of the data's covariance (1/n), both means are one. x (n, 2);
    betas: falling variances in squared units of x; by default 40 from 1.4 to 0.1 times the critical one.
    """
    x, names = common.plane(x, labels)
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
    limits, unit = common.around(x), common.unit_squared(names)
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
