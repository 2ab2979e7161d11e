"""Pictures of lesson 03: which points pull, what a unit does, what balances Sigma, and where an update leads."""

import numpy as np

from emtutor import figures
from emtutor.figures import picture
from emtutor.films import palette
from emtutor.maths import gaussian


def pulls(x, theta):
    """One panel a component: each point as large as its responsibility, and the step from mu_j to the weighted mean."""
    r = gaussian.e_step(x, theta)
    new = r.T @ x / r.sum(0)[:, None]
    fig, axes = figures.canvas(len(new), width=5.2 * len(new), height=3.9, sharey=True)
    for j, ax in enumerate(np.atleast_1d(axes)):
        ax.scatter(*x.T, s=2 + 34 * r[:, j], color=palette.COMPONENTS[j], edgecolors="white", linewidths=0.4)
        ax.plot(*theta.mu[j], "o", color="white", markeredgecolor=palette.LOG_P, markersize=9, label="mean now")
        ax.plot(*new[j], "X", color=palette.LOG_P, markersize=9, label="weighted mean")
        ax.annotate("", new[j], theta.mu[j], arrowprops={"arrowstyle": "->", "lw": 2, "shrinkA": 6, "shrinkB": 6})
        figures.faithful_axes(ax, f"the pull on mean {j + 1}: R_{j + 1} = {r[:, j].sum():.1f}")
        ax.label_outer()
        ax.legend(loc="lower right")
    return picture(
        fig,
        "Old Faithful once for each component, every point as large as its responsibility. An arrow leads from each "
        f"mean to the mean of all points with these weights. R = ({', '.join(f'{v:.1f}' for v in r.sum(0))}).",
    )


def units(x, theta):
    """The largest entry of the gradients over the unit of x: the right ones, and the slide's two."""
    unit = np.geomspace(0.1, 10, 9)
    rows = []
    for c in unit:
        moved = gaussian.Theta(theta.pi, c * theta.mu, c**2 * theta.Sigma)
        r, away = gaussian.e_step(c * x, moved), c * x[:, None] - moved.mu
        slide_mu = -0.5 * np.einsum("nk,kab,nkb->ka", r, moved.Sigma, away)
        slide_Sigma = -0.5 * np.einsum("nk,nka,nkb->kab", r, away, away)
        four = gaussian.grad_mu(c * x, moved), slide_mu, gaussian.grad_Sigma(c * x, moved), slide_Sigma
        rows.append([np.abs(v).max() for v in four])
    size = np.array(rows)
    powers = np.round(np.log(size[-1] / size[0]) / np.log(unit[-1] / unit[0])).astype(int)
    fig, axes = figures.canvas(2, width=10, height=3.5)
    for ax, first, name in zip(axes, (0, 2), ("mean", "covariance"), strict=True):
        for i, style, colour, who in ((first, "-o", 0, "correct"), (first + 1, "--s", 1, "slide")):
            label = f"{who}: power {powers[i]}"
            ax.loglog(unit, size[:, i] / size[4, i], style, color=palette.COMPONENTS[colour], label=label, markersize=4)
        ax.set(xlabel="c: every x is multiplied by c", ylabel="size beside c = 1", title=f"gradient in the {name}")
        ax.legend(loc="upper center")
    words = (
        "Two panels on logarithmic axes: how the gradients in the mean and in the covariance scale when all data are "
        f"multiplied by c. The right ones fall with the powers {powers[0]} and {powers[2]}; the slide's rise with "
        f"{powers[1]} and {powers[3]}."
    )
    return picture(fig, words.replace("-", "minus "))


def balance(W=8.0, R=2.0):
    """The two terms of the log-likelihood that hold the variance s, in one dimension, and what the slide keeps."""
    s = np.linspace(0.9, 14, 400)
    wide, near = -R * np.log(s) / 2, -W / (2 * s)
    fig, axes = figures.canvas(2, width=10.5, height=3.6)
    axes[0].plot(s, wide, "--", color=palette.COMPONENTS[1], label="-R/2 log s: against width")
    axes[0].plot(s, near, "-.", color=palette.COMPONENTS[2], label="-W/(2s): against distance")
    axes[0].plot(s, wide + near, color=palette.LOG_P, label="their sum")
    axes[0].plot(W / R, -R * np.log(W / R) / 2 - R / 2, "o", color=palette.LOG_P)
    axes[0].set(xlabel="variance s", ylabel="nats", title="log-likelihood", ylim=(-5.4, 1.4))
    axes[1].axhline(0, color=palette.UNLABELLED, linewidth=1)
    axes[1].plot(s, (W / s**2 - R / s) / 2, color=palette.LOG_P, label="(W/s² - R/s) / 2")
    axes[1].plot(s, np.full_like(s, -W / 2), "--", color=palette.COMPONENTS[1], label="the slide: -W/2")
    axes[1].plot(W / R, 0, "o", color=palette.LOG_P)
    axes[1].annotate("s = W/R", (W / R, 0), (W / R + 0.6, 0.7), size=9)
    axes[1].set(xlabel="variance s", ylabel="nats per unit of s", title="its derivative", ylim=(-4.8, 4.4))
    axes[0].legend(loc="upper right")
    axes[1].legend(loc="upper right")
    return picture(
        fig,
        "Left: over the variance s one term falls, the other rises, and their sum has one maximum, at s = W/R. Right: "
        "the derivative crosses zero there, while the slide's expression is a constant below zero and never does.",
    )


def cobweb(x, theta, start):
    """x (n,): the map from mean 1 to its update, all else held fixed, and the stairs that EM's repetition climbs."""
    spread = np.linspace(x.min(), x.max(), 200)
    new = np.array([_update_first(x, theta, m) for m in spread])
    stairs = [(start, start)]
    for _ in range(12):
        m = _update_first(x, theta, stairs[-1][0])
        stairs += [(stairs[-1][0], m), (m, m)]
    fig, ax = figures.canvas(width=5.6, height=4.4)
    ax.plot(spread, spread, color=palette.UNLABELLED, label="new mean = old mean")
    ax.plot(spread, new, color=palette.LOG_P, label="the update")
    ax.plot(*np.array(stairs).T, "--", color=palette.COMPONENTS[1], linewidth=1.4, label="updated again and again")
    ax.plot(*stairs[-1], "o", color=palette.COMPONENTS[1])
    ax.set(xlabel="mean 1 before (minutes)", ylabel="mean 1 after (minutes)", title="An update is a map")
    ax.legend(loc="upper left")
    return picture(
        fig,
        f"The updated mean over the old one, a curve that crosses the diagonal once. Stairs between the curve and the "
        f"diagonal lead from {start:.1f} to the crossing at {stairs[-1][0]:.2f} minutes.",
    )


def _update_first(x, theta, m):
    mu = np.array([[m], theta.mu[1]])
    r = gaussian.e_step(x[:, None], theta._replace(mu=mu))[:, 0]
    return float(r @ x / r.sum())


def two_units(x, theta):
    """log p over the first mean, waiting time in minutes and in hours: the gradient turns, the EM step does not."""
    fig, axes = figures.canvas(2, width=11, height=3.9)
    angles = []
    for ax, (unit, c) in zip(axes, (("minutes", 1.0), ("hours", 1 / 60)), strict=True):
        scale = np.array([1.0, c])
        seen = gaussian.Theta(theta.pi, theta.mu * scale, theta.Sigma * np.outer(scale, scale))
        r = gaussian.e_step(x * scale, seen)
        step = r[:, 0] @ (x * scale) / r[:, 0].sum() - seen.mu[0]
        gradient = gaussian.grad_mu(x * scale, seen)[0]
        ends = _contours(ax, x * scale, seen, c)
        width, height = (np.ptp(side) for side in ends)
        uphill = gradient / np.hypot(gradient[0] / width, gradient[1] / height) * 0.3
        angles.append(np.degrees(np.arctan2(*(gradient / [width, height])[::-1])))
        for v, colour, dash, name in ((uphill, 1, "--", "gradient"), (step, 0, "-", "EM step")):
            look = {
                "arrowstyle": "-|>",
                "color": palette.COMPONENTS[colour],
                "lw": 2.2,
                "linestyle": dash,
                "shrinkA": 0,
            }
            ax.annotate("", seen.mu[0] + v, seen.mu[0], arrowprops=look)
            ax.plot([], [], dash, color=palette.COMPONENTS[colour], label=name)
        ax.plot(*seen.mu[0], "o", color=palette.LOG_P)
        ax.set(xlabel="mean 1: duration (minutes)", ylabel=f"mean 1: waiting ({unit})", title=f"waiting in {unit}")
        ax.legend(loc="upper right", frameon=True, framealpha=1, edgecolor="white")
    return picture(
        fig,
        "Lines of equal log p over the first mean, drawn with the waiting time in minutes and in hours: the same "
        "picture. The arrow of the EM step is the same in both. The gradient's arrow points left in minutes and "
        "down in hours.",
    )


def _contours(ax, x, theta, c):
    across = np.linspace(1.8, 2.6, 61)
    up = np.linspace(50, 62, 61) * c
    height = np.array([
        [gaussian.log_likelihood(x, theta._replace(mu=np.array([[a, b], theta.mu[1]]))) for a in across] for b in up
    ])  # fmt: skip
    top = height.max()
    levels = top - (top - height.min()) * 0.5 ** np.arange(1, 8)
    ax.contour(
        across, up, height, levels=np.sort(levels), colors=palette.UNLABELLED, linewidths=0.8, linestyles="solid"
    )
    return across, up
