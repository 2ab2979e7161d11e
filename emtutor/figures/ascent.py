"""Pictures for EM as ascent: the staircase, two curves along a line, coordinate ascent in (q, theta)."""

from itertools import islice, pairwise

import numpy as np

from emtutor import figures
from emtutor.figures import answers
from emtutor.films import palette
from emtutor.maths import bounds, em, formulas, gaussian


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


def climbed(e_step_gains, m_step_gains, log_joint):
    """log p and L after each half-step, by adding up the gains that the learner's two functions return.

    log_joint: a list of tables (n, k), one for each theta of a run of EM.
    """
    q = np.full(log_joint[0].shape, 1 / log_joint[0].shape[1])
    exact = [(bounds.elbo(log_joint[0], q), bounds.log_evidence(log_joint[0]))]
    told, names, whose = [np.array(exact[0])], ["start"], set()
    for t, (old, new) in enumerate(pairwise(log_joint), 1):
        r = bounds.posterior(old)
        halves = (("E", e_step_gains, e_gains, (old, q), old), ("M", m_step_gains, m_gains, (old, new, r), new))
        for phase, answer, package, args, after in halves:
            gains, by = answers.of(answer, package, *args)
            told.append(told[-1] + np.array(gains[:2]))
            exact.append((bounds.elbo(after, r), bounds.log_evidence(after)))
            names.append(f"{phase}{t}")
            whose.add(by)
        q = r
    return _climb(np.array(told), np.array(exact), names, "; ".join(sorted(whose)))


def _climb(told, exact, names, whose):
    at = np.arange(len(told))
    fig, ax = figures.canvas(width=8.2, height=3.6)
    ax.fill_between(at, told[:, 0], told[:, 1], color=palette.GAP, alpha=0.35, label="KL, the gap")
    ax.plot(at, told[:, 1], color=palette.LOG_P, label="log p, by adding up gains")
    ax.plot(at, told[:, 0], "--", color=palette.ELBO, label="L, by adding up gains")
    ax.plot(at, exact[:, 1], "o", color=palette.LOG_P, label="log p and L as they are")
    ax.plot(at, exact[:, 0], "o", color=palette.ELBO)
    ax.set_xticks(at, names)
    low = min(told[1:].min(), exact[1:].min())
    ax.set(xlabel="after half-step", ylabel="nats", title=f"gains: {whose}", ylim=(low - 25, None))
    ax.legend(loc="lower right")
    off = np.abs(told - exact).max() > 1e-6 * np.abs(exact).max()
    return figures.picture(
        fig,
        f"log p and L after {len(told) - 1} half-steps, by adding up gains ({whose}). L starts far below, at "
        f"{exact[0, 0]:.1f}, meets log p in each E-step, and stays a little behind in each M-step; log p goes from "
        f"{exact[0, 1]:.1f} to {exact[-1, 1]:.1f}. The sums {'leave' if off else 'meet'} the dots.",
    )


def e_gains(log_joint, q_old):
    """What an E-step adds to L, to log p and to KL."""
    gain = bounds.elbo(log_joint, bounds.posterior(log_joint)) - bounds.elbo(log_joint, q_old)
    return gain, 0.0, -gain


def m_gains(old, new, q):
    """What a step of theta, with q held, adds to L, to log p and to KL."""
    L, log_p = (f(new, *args) - f(old, *args) for f, args in ((bounds.elbo, (q,)), (bounds.log_evidence, ())))
    r_old, r_new = bounds.posterior(old), bounds.posterior(new)
    return L, log_p, bounds.kl(q, r_new) - bounds.kl(q, r_old)


def along(bound_along, log_likelihood_along, x, theta, t=None):
    """The learner's two curves along the line that one EM step takes from theta."""
    t = np.linspace(-0.5, 1.5, 81) if t is None else t
    r = gaussian.e_step(x, theta)
    start, end = tuple(theta), tuple(gaussian.m_step(x, r))
    L, by_bound = answers.of(bound_along, _bound_along, x, r, start, end, t)
    log_p, by_likelihood = answers.of(log_likelihood_along, _log_likelihood_along, x, start, end, t)
    fig, ax = figures.canvas(width=6.8, height=3.6)
    ax.plot(t, log_p, color=palette.LOG_P, label=f"log p, {by_likelihood}")
    ax.plot(t, L, "--", color=palette.ELBO, label=f"L, {by_bound}")
    ends = [gaussian.log_likelihood(x, gaussian.Theta(*where)) for where in (start, end)]
    for s, mark in ((0, "o"), (1, "s")):
        name = f"log p at the {('old', 'new')[s]} theta"
        ax.plot(s, ends[s], mark, color=palette.COMPONENTS[1], label=name)
    rise = abs(ends[1] - ends[0])
    ax.set(xlabel="t: from the old theta (0) to the new (1)", ylabel="nats")
    ax.set_ylim(min(ends) - 1.5 * rise, max(ends) + rise / 3)
    ax.legend(loc="lower right")
    top = t[np.nanargmax(L)] if np.isfinite(L).any() else np.nan
    return figures.picture(
        fig,
        f"log p ({by_likelihood}) and the bound L ({by_bound}) along one EM step. L is largest near t = {top:.2f}; "
        f"{np.isnan(log_p).sum()} of {len(t)} places have no value.",
    )


def _places(theta_a, theta_b, t):
    """theta at each place, and None where it is no theta."""
    for s in t:
        theta = gaussian.Theta(*(a + s * (b - a) for a, b in zip(theta_a, theta_b, strict=True)))
        yield theta if theta.pi.min() > 0 and np.linalg.eigvalsh(theta.Sigma).min() > 0 else None


def _bound_along(x, r, theta_a, theta_b, t):
    places = _places(theta_a, theta_b, t)
    return np.array([np.nan if a is None else bounds.elbo(gaussian.log_joint(x, a), r) for a in places])


def _log_likelihood_along(x, theta_a, theta_b, t):
    places = _places(theta_a, theta_b, t)
    return np.array([np.nan if a is None else gaussian.log_likelihood(x, a) for a in places])


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
    from matplotlib.colors import BoundaryNorm

    fig, ax = figures.canvas(width=6.2, height=4.8)
    levels = [-60, -40, -20, -10, -5, -2, -1, -0.5, -0.2, 0]
    shades = {"cmap": "Greys_r", "norm": BoundaryNorm(levels, 256), "alpha": 0.6, "extend": "min"}
    shading = ax.contourf(grid, grid, surface - surface.max(), levels, **shades)
    fig.colorbar(shading, ax=ax, label="L less its largest value (nats)")
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
        "L over theta (across) and q (upwards), the lighter the higher. EM's path is made of vertical E-steps, "
        "which end on the diagonal where q is the posterior, and horizontal M-steps, which leave it; it climbs to "
        "the top.",
    )
