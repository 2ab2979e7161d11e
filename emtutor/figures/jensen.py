"""Pictures for Jensen's inequality: what the unit does to the slide's version, and the bound as q moves."""

import numpy as np

from emtutor import figures
from emtutor.figures import answers
from emtutor.films import palette
from emtutor.maths import bounds, em, gaussian


def gaps(answer, v=(0.3, 3.0)):
    """The learner's Jensen gap of two values, over the weight of the second."""
    w = np.linspace(0, 1, 41)
    gap, whose = answers.series(answer, bounds.jensen_gap, [(np.array([1 - a, a]), np.array(v)) for a in w])
    best = w[np.nanargmax(gap)] if np.isfinite(gap).any() else np.nan
    fig, ax = figures.canvas(width=6.4, height=3)
    ax.axhline(0, color=palette.UNLABELLED, linewidth=1)
    ax.fill_between(w, 0, gap, color=palette.GAP, alpha=0.4)
    ax.plot(w, gap, color=palette.LOG_P)
    ax.set(xlabel=f"weight of the value {v[1]:g}; the other value is {v[0]:g}", ylabel="gap (nats)", title=whose)
    return figures.picture(
        fig,
        f"The gap over the weight of {v[1]:g}, {whose}: {gap[0]:z.3f} and {gap[-1]:z.3f} at the ends, and largest, "
        f"{np.nanmax(gap, initial=-np.inf):.3f}, at {best:.3f}.",
    )


def in_other_units(answer):
    """sum log p - log sum p for the learner's numbers, taken as densities in units 1/c times as large."""
    p = _numbers(answer)
    c = np.geomspace(1e-3, 1e3, 121)
    excess = np.array([np.log(p * a).sum() - np.log((p * a).sum()) for a in c])
    zero = np.exp((np.log(p.sum()) - np.log(p).sum()) / (len(p) - 1))
    fig, ax = figures.canvas(width=6.4, height=3)
    ax.axhline(0, color=palette.UNLABELLED, linewidth=1)
    ax.plot(c, excess, color=palette.LOG_P)
    ax.plot(1, np.log(p).sum() - np.log(p.sum()), "o", color=palette.COMPONENTS[1], markersize=8, label="as given")
    ax.plot(zero, 0, "s", color=palette.COMPONENTS[0], label="from here on the slide's inequality is false")
    ax.set(xscale="log", xlabel="all numbers times", ylabel="left side less right side (nats)")
    ax.legend(loc="upper left")
    told = ", ".join(f"{v:g}" for v in p[:6])
    return figures.picture(
        fig,
        f"Left less right side of the slide's inequality for the numbers {told}, all of them times a factor: a rising "
        f"line that crosses zero at the factor {zero:.3g}.",
    )


def _numbers(answer):
    """The learner's numbers, or two tens where they cannot be used."""
    try:
        p = np.array([10.0, 10.0]) if em.is_stub(answer) else np.asarray(answers.called(answer), float)
    except Exception:
        p = np.empty(0)
    usable = p.ndim == 1 and len(p) > 1 and np.isfinite(p).all() and p.min() > 0
    return p if usable else np.array([10.0, 10.0])


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


def bound_over_q(log_p, lower_bound, tightest_q=None):
    """L(q) for one observation and two labels, as q_1 runs from 0 to 1, under log p(x); the gap is filled.

    The learner's `lower_bound` draws the curve, and her `tightest_q`, where it is given, places a mark.
    """
    q1 = np.linspace(0, 1, 201)
    L, whose = answers.series(lower_bound, bounds.elbo, [(log_p, np.array([a, 1 - a])) for a in q1])
    evidence = bounds.log_evidence(log_p)
    fig, ax = figures.canvas(width=6.8, height=3.5)
    ax.fill_between(q1, L, evidence, color=palette.GAP, alpha=0.3, label="the gap")
    ax.axhline(evidence, color=palette.LOG_P, label="log p(x)")
    ax.plot(q1, L, "--", color=palette.ELBO, label=f"L(q), {whose}")
    told = ""
    if tightest_q is not None:
        best, by = answers.of(tightest_q, bounds.posterior, log_p)
        ax.plot(best[0], evidence, "o", color=palette.ELBO, markersize=9, label=f"the tightest q, {by}")
        told = f" The tightest q has {best[0]:.2f} for label 1 ({by})."
    ax.set(xlabel="$q_1$, the probability of label 1 under q", ylabel="nats", xlim=(0, 1))
    ax.set_ylim(min(evidence - 2, np.nanmin(L, initial=evidence)) - 0.1, evidence + 0.2)
    ax.legend(loc="lower center", ncols=2)
    return figures.picture(
        fig,
        f"The bound L(q) over the probability of label 1 ({whose}), under the horizontal line log p(x) = "
        f"{evidence:.3f}; the gap is shaded.{told}",
    )
