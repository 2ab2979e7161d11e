"""Pictures for Jensen's inequality: what the unit does to the slide's version, and the bound as q moves."""

import numpy as np

from emtutor import figures
from emtutor.films import palette
from emtutor.maths import bounds, gaussian


def units(x, theta):
    """For each eruption, sum_z log p against log sum_z p, in minutes, hours and days (two components)."""
    a = gaussian.log_joint(x, theta)
    fig, axes = figures.canvas(3, width=11, height=3.6)
    counts = []
    for ax, (unit, minutes) in zip(axes, (("minutes", 1), ("hours", 60), ("days", 1440)), strict=True):
        shifted = a + x.shape[1] * np.log(minutes)
        left, right = shifted.sum(1), np.logaddexp.reduce(shifted, axis=1)
        bad = left > right
        counts.append(int(bad.sum()))
        ax.scatter(right[~bad], left[~bad], s=16, color=palette.COMPONENTS[0], label="holds")
        ax.scatter(right[bad], left[bad], s=30, color=palette.COMPONENTS[1], marker="x", label="violated")
        low, high = right.min() - 1, right.max() + 1
        ax.plot([low, high], [low, high], color=palette.LOG_P, linewidth=1)
        ax.set(
            xlabel=r"$\log\, \sum_z p(x, z)$",
            ylabel=r"$\sum_z \log\, p(x, z)$",
            title=f"in {unit}: {counts[-1]} violations",
        )
        ax.set_ylim(left.max() - 40, max(left.max(), high) + 2)
    axes[-1].legend(loc="lower right")
    return figures.picture(
        fig,
        "Three scatter plots of the left against the right side of the slide's inequality, one point an eruption, with "
        f"the diagonal. Points above it violate the inequality: {counts[0]} in minutes, {counts[1]} in hours, "
        f"{counts[2]} in days.",
    )


def bound_over_q(log_p):
    """L(q) for one observation and two labels, as q_1 runs from 0 to 1, under log p(x); the gap is filled."""
    q1 = np.linspace(0, 1, 401)
    L = np.array([bounds.elbo(log_p, np.array([a, 1 - a])) for a in q1])
    evidence, best = bounds.log_evidence(log_p), bounds.posterior(log_p)
    fig, ax = figures.canvas(width=6.8, height=3.5)
    ax.fill_between(q1, L, evidence, color=palette.GAP, alpha=0.3, label="the gap")
    ax.axhline(evidence, color=palette.LOG_P, label="log p(x)")
    ax.plot(q1, L, "--", color=palette.ELBO, label="L(q)")
    ax.plot(best[0], evidence, "o", color=palette.ELBO, markersize=9)
    ax.annotate("the posterior", (best[0], evidence), (best[0], evidence + 0.12), ha="center", size=9)
    ax.set(xlabel="$q_1$, the probability of label 1 under q", ylabel="nats", xlim=(0, 1))
    ax.set_ylim(L.min() - 0.1, evidence + 0.3)
    ax.legend(loc="lower center", ncols=3)
    return figures.picture(
        fig,
        f"The bound L(q) over the probability of label 1: a curve that touches the horizontal line log p(x) once, at "
        f"the posterior {best[0]:.2f}, and lies below it everywhere else; the gap is shaded.",
    )
