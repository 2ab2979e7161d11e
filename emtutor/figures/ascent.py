"""Pictures for EM as ascent: the staircase, and coordinate ascent in (q, theta) for one parameter."""

from itertools import islice

import numpy as np

from emtutor import figures
from emtutor.films import palette
from emtutor.maths import bounds, em, formulas


def staircase(model, x, theta, iterations=6):
    """log p, L and the gap after each half-step."""
    run = list(islice(em.steps(model, x, theta), 1, 2 * iterations + 1))
    log_p = np.array([step.log_likelihood for step in run])
    L = np.array([step.elbo for step in run])
    at = np.arange(1, len(run) + 1)
    fig, ax = figures.canvas(width=8.2, height=3.6)
    ax.fill_between(at, L, log_p, color=palette.GAP, alpha=0.35, label="KL, the gap")
    ax.plot(at, log_p, color=palette.LOG_P, label="log p")
    ax.plot(at, L, "--", color=palette.ELBO, label="L")
    ax.set_xticks(at, [f"{step.phase}{step.t}" for step in run])
    ax.set(xlabel="half-step", ylabel="nats", title="The staircase")
    ax.legend(loc="lower right")
    return figures.picture(
        fig,
        f"log p and L over {len(run)} half-steps. In each E-step L climbs up to log p, which stays; in each M-step "
        f"both rise, log p by more, and a gap opens. log p goes from {log_p[0]:.1f} to {log_p[-1]:.1f}.",
    )


def coordinate_ascent(x, sweeps=6):
    """L(q, theta) over one parameter of q and one of theta, with EM's path parallel to the axes.

    x (n,): two Gaussians with unit variance and equal weights; mean 1 is theta, mean 2 is fixed at the largest value.
    q = p(z | x, mu_1 = m) is given by one number m, so that L can be drawn.
    """
    points, fixed = np.asarray(x, float)[:, None], float(np.max(x))

    def table(mean):
        return formulas.log_joint(points, [0.5, 0.5], np.array([[mean], [fixed]]), np.ones((2, 1, 1)))

    grid = np.linspace(points.min() - 1, fixed, 90)
    tables = [table(m) for m in grid]
    rows = [bounds.posterior(a) for a in tables]
    surface = np.array([[bounds.elbo(a, q) for a in tables] for q in rows])
    path = [(grid[4], grid[70])]
    for _ in range(sweeps):
        mean = path[-1][1]
        path.append((mean, mean))
        r = bounds.posterior(table(mean))[:, 0]
        path.append((mean, float(r @ points[:, 0] / r.sum())))
    fig, ax = figures.canvas(width=5.4, height=4.6)
    levels = surface.max() - np.geomspace(0.05, 60, 14)[::-1]
    ax.contour(grid, grid, surface, levels, colors=palette.UNLABELLED, linewidths=0.8, linestyles="-")
    ax.plot(grid, grid, color=palette.GAP, linewidth=1.5, label="KL = 0: q is the posterior")
    ax.plot(
        *np.array(path)[:, ::-1].T,
        "o-",
        color=palette.ELBO,
        markersize=4,
        linewidth=1.4,
        label="EM: E up or down, M across",
    )
    ax.set(xlabel="theta: the mean of component 1", ylabel="q: the mean for which it is the posterior")
    ax.set_title("L(q, theta), one number for each")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14))
    return figures.picture(
        fig,
        "Contours of L over theta (across) and q (upwards). EM's path is made of vertical E-steps, which end on the "
        "diagonal where q is the posterior, and horizontal M-steps, which leave it; it climbs to the top.",
    )
