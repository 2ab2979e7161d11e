"""Pictures of k-means and of its soft form: where it fails, and how the centres part."""

from itertools import islice

import numpy as np

from emtutor import figures
from emtutor.films import palette
from emtutor.maths import kmeans


def unlabelled(x):
    """Old Faithful as it comes."""
    fig, ax = figures.canvas(width=5.6, height=3.8)
    figures.points(ax, x)
    figures.faithful_axes(ax, f"Old Faithful, {len(x)} eruptions")
    return figures.picture(
        fig,
        "Scatter plot: waiting time against duration of the eruptions, two clouds, one near 2 minutes and 55 minutes, "
        "one near 4.3 minutes and 80 minutes.",
    )


def labels_that_differ(x, labels, others):
    """The data in the colours of `labels`; a circle where `others` say something else."""
    fig, ax = figures.canvas(width=5.6, height=3.8)
    figures.points(ax, x, np.eye(2)[labels])
    moved = np.asarray(labels) != others
    ax.scatter(*x[moved].T, s=130, facecolors="none", edgecolors=palette.LOG_P, linewidths=1.8)
    figures.faithful_axes(ax, "Circled: the label depends on the unit")
    return figures.picture(
        fig,
        "Old Faithful in two colours by k-means on standardised data. Four points between the clouds are circled: "
        "with raw minutes they would get the other label.",
    )


def two_shapes():
    """{title: x}: 60 points in a narrow cloud and 300 in a wide one; two flat clouds of 150, one above the other."""
    rng = np.random.default_rng(3)
    narrow, wide = rng.normal((0, 0), 0.4, (60, 2)), rng.normal((4, 0), 1.6, (300, 2))
    lower = rng.normal(0, (4.0, 0.4), (150, 2))
    upper = rng.normal(0, (4.0, 0.4), (150, 2)) + np.array([0, 2.5])
    return {"unequal sizes": np.vstack([narrow, wide]), "elongated": np.vstack([lower, upper])}


def wrong_shapes(data, ends):
    """Two data sets, each in the colours of what k-means ends with. data {title: x}, ends {title: a k-means step}."""
    fig, axes = figures.canvas(2, width=10, height=3.6)
    for ax, (name, end) in zip(axes, ends.items(), strict=True):
        _clusters(ax, data[name], end)
        ax.set(title=name, xlabel="first column", ylabel="second column")
        ax.set_aspect("equal", "datalim")
    return figures.picture(
        fig,
        "Left: a narrow and a wide cloud; k-means gives the near side of the wide cloud to the narrow one. "
        "Right: two long flat clouds one above the other; k-means cuts both in the middle, left from right.",
    )


def ends(x, starts):
    """Where k-means ends on Old Faithful, standardised, from three centres each: {title: rows to begin with}."""
    z = x / x.std(0)
    fig, axes = figures.canvas(len(starts), width=11, height=3.4)
    for ax, (name, rows) in zip(axes, starts.items(), strict=True):
        end = list(islice(kmeans.steps(z, z[rows]), 81))[-1]
        _clusters(ax, x, end._replace(mu=end.mu * x.std(0)))
        figures.faithful_axes(ax, f"{name}: J = {end.distortion:.2f}")
    return figures.picture(
        fig,
        "Three panels of Old Faithful cut into three clusters. In the first and the last the large cloud is cut in "
        "two, at different places; in the second the small cloud is cut, and J is much larger.",
    )


def parting(x, sweeps=6000):
    """How far apart two centres are that began a hair apart, beta estimated: both columns, and waiting alone."""
    fig, ax = figures.canvas(width=7, height=3.4)
    names = ("both columns", "waiting time alone")
    for j, (name, rows) in enumerate(zip(names, (x, x[:, 1:]), strict=True)):
        apart = _distances(rows, sweeps)
        style = {"color": palette.COMPONENTS[j], "linestyle": palette.DASHES[j]}
        ax.loglog(np.arange(1, sweeps + 1), apart, label=name, **style)
    ax.set(xlabel="iteration", ylabel="distance of the centres (min)", title="Estimating β, the centres part")
    ax.legend(loc="center")
    return figures.picture(
        fig,
        "Distance of the two centres over the iterations, both axes logarithmic. With both columns it grows by a "
        "constant factor and reaches 25 minutes within ten iterations. With the waiting time alone it hardly moves "
        "for a thousand iterations, and then reaches 25 minutes too.",
    )


def _clusters(ax, x, end):
    figures.points(ax, x, np.eye(len(end.mu))[end.labels])
    ax.scatter(*end.mu.T, marker="X", s=150, color=palette.LOG_P, edgecolors="white", zorder=3)


def _distances(x, sweeps):
    """Soft k-means with beta estimated, from half a minute apart along the widest direction; written out for speed."""
    x = x - x.mean(0)
    n, d = x.shape
    C = x.T @ x / n
    mu, beta, apart = np.outer([-0.25, 0.25], np.linalg.eigh(C)[1][:, -1]), np.trace(C) / d, []
    for _ in range(sweeps):
        second = 1 / (1 + np.exp((x @ (mu[0] - mu[1]) - (mu[0] @ mu[0] - mu[1] @ mu[1]) / 2) / beta))
        r = np.stack([1 - second, second])
        R = r.sum(1)
        mu = r @ x / R[:, None]
        beta = ((x * x).sum() - R @ (mu * mu).sum(1)) / (n * d)
        apart.append(np.linalg.norm(mu[1] - mu[0]))
    return apart
