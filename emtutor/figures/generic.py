"""Pictures of the classical models: counts in The Times, Murray's twelve pairs, and lamps."""

import numpy as np

from emtutor import data, figures
from emtutor.figures import answers
from emtutor.films import palette
from emtutor.maths import em
from emtutor.maths.examples import missing, poisson


def deaths():
    """Days by number of deaths: observed, one Poisson distribution, and a mixture of two."""
    counts = data.times_deaths()
    values, days = counts.T
    n = days.sum()
    mean = (values * days).sum() / n
    one = n * np.exp(poisson.log_density(values, np.array([mean])))[:, 0]
    start = poisson.Theta(np.array([0.3, 0.7]), np.array([1.0, 2.5]))
    pi, rate = em.fit(poisson.model, counts, start, max_iter=3000).theta
    two = n * (pi * np.exp(poisson.log_density(values, rate))).sum(1)
    fig, ax = figures.canvas(width=7, height=3.3)
    ax.bar(values, days, color=palette.SHADE, label="observed")
    ax.plot(values, one, "s--", color=palette.COMPONENTS[1], label=f"one Poisson distribution, rate {mean:.2f}")
    ax.plot(values, two, "o-", color=palette.COMPONENTS[0], label=f"two, rates {rate[0]:.2f} and {rate[1]:.2f}")
    ax.set(xlabel="deaths on one day", ylabel="days")
    ax.set_xticks(values)
    ax.legend()
    return figures.picture(
        fig,
        f"Bars: on how many of {n:.0f} days there were 0 to 9 deaths. One Poisson distribution of rate {mean:.2f} has "
        f"too few days with none and too few with many; a mixture of rates {rate[0]:.2f} and {rate[1]:.2f} follows "
        "the bars.",
    )


def murray():
    """The twelve pairs, and log p over the correlation with the best variance for each."""
    x = data.murray()
    fig, axes = figures.canvas(2, width=10, height=3.8)
    whole = ~np.isnan(x).any(1)
    axes[0].scatter(*x[whole].T, s=60, color=palette.COMPONENTS[0], label="complete")
    for row in x[~whole]:
        line = axes[0].axvline if np.isnan(row[1]) else axes[0].axhline
        line(np.nansum(row), color=palette.COMPONENTS[1], linestyle="--", linewidth=1.2)
    axes[0].plot([], [], "--", color=palette.COMPONENTS[1], label="one entry missing (each line twice)")
    axes[0].set(xlabel="first entry", ylabel="second entry", xlim=(-3, 3), ylim=(-3, 4.2))
    axes[0].legend(loc="upper center")
    rho = np.linspace(-0.9, 0.9, 91)
    variances = np.linspace(1.5, 5, 141)
    best = [
        max(missing.log_likelihood(x, missing.Theta(np.array([[v, c * v], [c * v, v]]))) for v in variances)
        for c in rho
    ]
    axes[1].plot(rho, best, color=palette.LOG_P)
    axes[1].plot(0, best[45], "o", color=palette.COMPONENTS[1])
    axes[1].annotate("start", (0, best[45]), (0, best[45] - 0.12), ha="center", size=9)
    axes[1].set(xlabel="correlation", ylabel="log p at the best variance (nats)", ylim=(min(best), max(best) + 0.1))
    return figures.picture(
        fig,
        "Left: four complete pairs at the corners of a square, and lines at plus and minus 2 in both directions for "
        "the pairs with one entry missing. Right: log p over the correlation has two equal tops at plus and minus one "
        "half and a dip at zero between them.",
    )


def lamps(x, t, burning, out, e_step, m_step, start=3.0, iterations=8):
    """log p of the lamps over tau, and where the learner's two steps lead from `start`.

    x (n,) known lifetimes; `burning` lamps were seen burning at t, and `out` were out.
    """
    grid = np.linspace(2.5, 11, 171)
    tau, ending = _lamp_iterates(x, t, burning, out, e_step, m_step, start, iterations)
    fig, ax = figures.canvas(width=6.4, height=3.4)
    ax.plot(grid, _lamps_log_p(grid, x, t, burning, out), color=palette.LOG_P, label="log p")
    seen = tau[(tau > grid[0]) & (tau < grid[-1])]
    ax.plot(seen, _lamps_log_p(seen, x, t, burning, out), "o", color=palette.ELBO, label="start, and your iterates")
    ax.set(xlabel="tau (hundred hours)", ylabel="nats", title=ending)
    ax.legend(loc="lower center")
    values = ", ".join(f"{v:.3f}" for v in tau[[0, *range(1, min(4, len(tau)))]])
    return figures.picture(
        fig,
        f"log p over the mean lifetime tau, with one top, and the iterates of your steps as dots on it: {values}"
        f"{', and on to ' + format(tau[-1], '.3f') if len(tau) > 4 else ''}. {ending}",
    )


def _lamps_log_p(tau, x, t, burning, out):
    return -len(x) * np.log(tau) - x.sum() / tau - burning * t / tau + out * np.log(-np.expm1(-t / tau))


def _lamp_iterates(x, t, burning, out, e_step, m_step, start, iterations):
    """tau from the start on, and what is to be said of it."""
    tau = [start]
    for answer in (e_step, m_step):
        if em.is_stub(answer):
            return np.array(tau), f"Only the start: {answer.__name__} is not written yet."
    for _ in range(iterations):
        try:
            expected = map(float, answers.called(e_step, t, tau[-1]))
            tau.append(float(answers.called(m_step, x, burning, out, *expected)))
        except Exception as error:
            return np.array(tau), f"Your steps ended with {type(error).__name__}."
        if not 0 < tau[-1] < np.inf:
            return np.array(tau[:-1]), "Your steps left the positive numbers."
    return np.array(tau), "By your two steps."
