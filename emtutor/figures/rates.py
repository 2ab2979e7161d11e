"""Pictures of EM's rate: how the error shrinks where little is hidden, and where much is."""

from itertools import islice

import numpy as np

from emtutor import data, figures
from emtutor.films import palette
from emtutor.maths import em
from emtutor.maths.examples import linkage, poisson


def linkage_and_deaths(iterations=60):
    """Distance to the limit over the iterations, for genetic linkage and for the deaths in The Times."""
    fig, ax = figures.canvas(width=7, height=3.4)
    cases = (
        ("linkage", linkage.model, data.linkage_counts(), linkage.Theta(0.5), {"tol": 0, "max_iter": 60}),
        ("deaths", poisson.model, data.times_deaths(), _times_start(), {"tol": 1e-12, "accelerate": "squarem"}),
    )
    for j, (label, model, x, start, options) in enumerate(cases):
        limit = _flat(em.fit(model, x, start, **options).theta)
        run = [step.theta for step in islice(em.steps(model, x, start), 2 * iterations + 1) if step.phase != "E"]
        error = np.array([np.linalg.norm(_flat(theta) - limit) for theta in run])
        shown = error > 1e-11
        rate = error[shown][-1] / error[shown][-2]
        label = f"{label}: the last error is {rate:.3f} times the one before"
        style = {"color": palette.COMPONENTS[j], "linestyle": palette.DASHES[j]}
        ax.semilogy(np.flatnonzero(shown), error[shown], label=label, **style)
    ax.set(xlabel="iteration", ylabel="distance of theta from its limit", ylim=(1e-11, 3))
    ax.legend(loc="center right")
    return figures.picture(
        fig,
        "Error over the iterations on a logarithmic scale. For linkage it falls in a steep straight line, to 1e-11 in "
        "about a dozen iterations. For the deaths in The Times it hardly moves in sixty.",
    )


def _times_start():
    return poisson.Theta(np.array([0.3, 0.7]), np.array([1.0, 2.5]))


def _flat(theta):
    return np.concatenate([np.ravel(part) for part in theta])
