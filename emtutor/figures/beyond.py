"""Pictures of lesson 11: the earthquakes and their states, and the best factorised q."""

import numpy as np

from emtutor import figures
from emtutor.films import palette
from emtutor.maths import bounds


def earthquakes(counts, theta, gamma):
    """Earthquakes a year, with the two rates, and below them the probability of the busy state."""
    years = 1900 + np.arange(len(counts))
    fig, axes = figures.canvas(1, width=9, height=3.6)
    axes.bar(years, counts, color=palette.SHADE, label="earthquakes of magnitude 7 or more")
    expected = gamma @ theta.rate
    style = {"where": "mid", "color": palette.LOG_P, "linewidth": 1.4}
    axes.step(years, expected, label="expected rate, given all years", **style)
    for j, rate in enumerate(theta.rate):
        style = {"color": palette.COMPONENTS[j], "linestyle": palette.DASHES[j], "linewidth": 1.2}
        axes.axhline(rate, label=f"state {j + 1}: {rate:.1f} a year", **style)
    axes.set(xlabel="year", ylabel="earthquakes", xlim=(1899, 2007), ylim=(0, 58))
    axes.legend(loc="upper right", ncols=2)
    return figures.picture(
        fig,
        f"Earthquakes a year from 1900 to 2006 as bars, with the rates {theta.rate[0]:.1f} and {theta.rate[1]:.1f}. "
        "The expected rate given all years switches between them; the longest busy stretch is around 1940.",
    )


def factorised(log_p, sweeps=30):
    """The posterior of two dependent labels beside the best product of two factors."""
    q1, q2 = bounds.posterior(log_p.max(1)), bounds.posterior(log_p.max(0))
    for _ in range(sweeps):
        q1, q2 = bounds.mean_field(log_p, q1, q2)
    exact = bounds.posterior(log_p.reshape(1, -1)).reshape(log_p.shape)
    fig, axes = figures.canvas(2, width=8, height=3.4)
    for ax, table, title in zip(axes, (exact, np.outer(q1, q2)), ("the posterior", "the best product"), strict=True):
        ax.imshow(table, cmap="Blues", vmin=0, vmax=exact.max() * 2)  # pale enough for the numbers
        for i, j in np.ndindex(table.shape):
            ax.text(j, i, f"{table[i, j]:.2f}", ha="center", va="center", size=10)
        ax.set_xticks(range(table.shape[1]), range(1, table.shape[1] + 1))
        ax.set_yticks(range(table.shape[0]), range(1, table.shape[0] + 1))
        ax.set(xlabel="$z_2$", ylabel="$z_1$", title=title)
    return figures.picture(
        fig,
        f"Two tables of probabilities over two labels. The posterior has most of its mass on the diagonal, "
        f"{np.trace(exact):.2f} in all. The best product of two factors cannot follow it and spreads; its largest is "
        f"{np.outer(q1, q2).max():.2f}.",
    )
