"""Pictures of lesson 10: slopes that agree, steps along a gradient, information, a prior, and extrapolation."""

import numpy as np

from emtutor import figures
from emtutor.figures import answers
from emtutor.films import palette
from emtutor.maths import bounds, formulas, gaussian
from emtutor.maths.examples import poisson


def step_lengths(x, theta, longest=0.004):
    """log p, and L with q held, over the length of a step along the gradient in mu."""
    g, r = gaussian.grad_mu(x, theta), gaussian.e_step(x, theta)
    lengths = np.linspace(0, longest, 81)
    thetas = [theta._replace(mu=theta.mu + length * g) for length in lengths]
    log_p = np.array([gaussian.log_likelihood(x, t) for t in thetas])
    fig, ax = figures.canvas(width=6, height=3.2)
    ax.axhline(log_p[0], color=palette.UNLABELLED, linewidth=1.2, label="the start")
    ax.plot(lengths, log_p, color=palette.LOG_P, label="log p")
    elbo = [bounds.elbo(gaussian.log_joint(x, t), r) for t in thetas]
    ax.plot(lengths, elbo, "--", color=palette.ELBO, label="L, q held")
    ax.set(xlabel="step, as a multiple of the gradient", ylabel="nats", title="Uphill, but not for long")
    ax.legend()
    top = lengths[log_p.argmax()]
    return figures.picture(
        fig,
        "log p and L over the length of a step along the gradient in mu, hardly to be told apart: they rise to a top "
        f"near {top:.4f} times the gradient, and then fall far below the start.",
    )


def _grad_elbo_mu(x, r, pi, mu, Sigma):
    return np.stack([np.linalg.solve(S, w @ (x - m)) for S, w, m in zip(Sigma, r.T, mu, strict=True)])


def touching(answer, x, theta, direction):
    """log p and L (q held) along a line through theta in mu_1, with the learner's slope of L at two places.

    answer: the form of `grad_elbo_mu`. direction (d,): where t = 1 leads.
    """
    r, way = gaussian.e_step(x, theta), np.zeros_like(theta.mu)
    way[0] = direction
    t = np.linspace(-1.2, 1.6, 141)
    along = [theta._replace(mu=theta.mu + s * way) for s in t]
    fig, ax = figures.canvas(width=6.4, height=3.4)
    ax.plot(t, [gaussian.log_likelihood(x, there) for there in along], color=palette.LOG_P, label="log p")
    elbo = [bounds.elbo(gaussian.log_joint(x, there), r) for there in along]
    ax.plot(t, elbo, "--", color=palette.ELBO, label="L, q held")
    for s in (0.0, 1.0):
        there = theta._replace(mu=theta.mu + s * way)
        gradient, whose = answers.of(answer, _grad_elbo_mu, x, r, *there)
        slope = float((np.nan_to_num(gradient) * way).sum())
        level, wide = bounds.elbo(gaussian.log_joint(x, there), r), np.array([-0.35, 0.35])
        label = f"slope of L: {whose}" if s else None
        ax.plot(s + wide, level + slope * wide, color=palette.COMPONENTS[1], linewidth=3, label=label)
        ax.plot(s, level, "o", color=palette.COMPONENTS[1])
    ax.set(xlabel="place on the line; theta_old is at 0", ylabel="nats", title="One touch, one slope")
    ax.legend()
    return figures.picture(
        fig,
        "log p and the bound L along a line. At theta_old the two curves touch, and the slope of L, drawn as a short "
        f"straight line ({whose}), is that of log p too. At 1 the bound lies below log p and is steeper.",
    )


def _gem_step(x, pi, mu, Sigma, step):
    r = gaussian.e_step(x, gaussian.Theta(pi, mu, Sigma))
    gradient = _grad_elbo_mu(x, r, pi, mu, Sigma)
    start = formulas.elbo(formulas.log_joint(x, pi, mu, Sigma), r)
    for halvings in range(61):
        new = mu + step / 2**halvings * gradient
        if formulas.elbo(formulas.log_joint(x, pi, new, Sigma), r) > start:
            return new
    return mu


def uphill(answer, x, theta, lengths=(0.1, 0.001, 0.0001), iterations=25):
    """log p over the iterations of `answer` (gem_step's form) from several first lengths, and of EM's update of mu."""
    fig, ax = figures.canvas(width=6.4, height=3.4)
    _, whose = answers.of(answer, _gem_step, x, *theta, lengths[0])
    runs = {f"step {length:g}": lambda t, h=length: answers.of(answer, _gem_step, x, *t, h)[0] for length in lengths}
    runs["EM's update of mu"] = lambda t: gaussian.m_step(x, gaussian.e_step(x, t)).mu
    for j, (name, move) in enumerate(runs.items()):
        here, path = theta, [gaussian.log_likelihood(x, theta)]
        for _ in range(iterations):
            here = here._replace(mu=move(here))
            path.append(gaussian.log_likelihood(x, here))
        ax.plot(path, color=palette.COMPONENTS[j], linestyle=palette.DASHES[j], label=name)
    ax.set(xlabel="iteration", ylabel="log p (nats)", title=f"Only mu moves ({whose})")
    ax.legend()
    return figures.picture(
        fig,
        f"log p over {iterations} iterations in which only the means move: gradient steps with backtracking, from "
        f"several first lengths ({whose}), and EM's own update of mu. With a right gem_step no curve falls.",
    )


def information(y, theta):
    """Two curvatures at the top: log p(y | theta), and what the complete data would say, for the linkage counts."""
    x2 = y[0] * theta / (2 + theta)
    t = np.linspace(theta - 0.4, theta + 0.28, 161)
    observed = y[0] * np.log(2 + t) + (y[1] + y[2]) * np.log(1 - t) + y[3] * np.log(t)
    complete = (x2 + y[3]) * np.log(t) + (y[1] + y[2]) * np.log(1 - t)
    observed, complete = observed - observed.max(), complete - complete.max()
    fig, ax = figures.canvas(width=6.4, height=3.4)
    ax.fill_between(t, complete, observed, color=palette.GAP, alpha=0.45, label="what is missing")
    ax.plot(t, observed, color=palette.LOG_P, label="log p, observed data")
    ax.plot(t, complete, "--", color=palette.ELBO, label="Q, complete data")
    ax.axvline(theta, color=palette.UNLABELLED, linewidth=1)
    ax.set(xlabel="theta", ylabel="nats below the top", title="Information is curvature at the top")
    ax.legend(loc="lower center")
    return figures.picture(
        fig,
        "Two curves with the same top. The expected log-likelihood of the complete data bends down faster than log p "
        "of the observed data; the band between them is what is missing.",
    )


def prior_draws(m0, kappa0, S0, strengths, seed=0):
    """Ellipses of components drawn from a normal-inverse-Wishart prior, a panel for each nu0 in `strengths`."""
    from scipy.stats import invwishart

    rng = np.random.default_rng(seed)
    fig, axes = figures.canvas(len(strengths), width=9, height=3.4, squeeze=False)
    for ax, nu0 in zip(axes[0], strengths, strict=True):
        for j in range(6):
            Sigma = invwishart.rvs(nu0, S0 * nu0 / strengths[0], random_state=rng)
            mu = rng.multivariate_normal(m0, Sigma / kappa0)
            figures.ellipse(ax, mu, Sigma, j, number=False)
        ax.plot(*m0, "x", color=palette.LOG_P, markersize=9)
        figures.faithful_axes(ax, f"nu0 = {nu0:g}").set(xlim=(-1, 8), ylim=(20, 120))
    return figures.picture(
        fig,
        "Ellipses of six components drawn from the prior, for a small and a large nu0. All lie around m0, marked by a "
        "cross. With the small nu0 their sizes and tilts differ widely, with the large one they are alike.",
    )


def _rate(thetas):
    last, before = thetas[-1] - thetas[-2], thetas[-2] - thetas[-3]
    return np.linalg.norm(last) / np.linalg.norm(before)


def settling(answer, runs):
    """`answer` (convergence_rate's form) of ever longer runs. runs: {name: thetas (m, p)}."""
    fig, ax = figures.canvas(width=6.4, height=3.2)
    for j, (name, thetas) in enumerate(runs.items()):
        found = [answers.of(answer, _rate, thetas[:m]) for m in range(3, len(thetas) + 1)]
        values, whose = [float(value) for value, _ in found], found[-1][1]
        style = {"color": palette.COMPONENTS[j], "linestyle": palette.DASHES[j]}
        ax.plot(range(3, len(thetas) + 1), values, label=f"{name}: {values[-1]:.3f}", **style)
    ax.set(xlabel="iterates looked at", ylabel="rate", ylim=(0, 1.05), title=f"The measured rate settles ({whose})")
    ax.legend(loc="center right")
    return figures.picture(
        fig,
        "The rate measured from ever more iterates, for "
        + " and ".join(runs)
        + f": each settles at its own level ({whose}).",
    )


def _aitken(thetas):
    a, b, c = thetas[-3:]
    return c - (c - b) ** 2 / (c - 2 * b + a)


def extrapolated(answer, thetas, limit):
    """Errors of the iterates (m,) and of what `answer` (aitken's form) makes of those seen so far, logarithmic."""
    found = [answers.of(answer, _aitken, thetas[:m, None]) for m in range(3, len(thetas) + 1)]
    better, whose = [float(np.ravel(value)[0]) for value, _ in found], found[-1][1]
    fig, ax = figures.canvas(width=6, height=3.2)
    ax.semilogy(np.abs(thetas - limit), "o-", color=palette.LOG_P, label="EM")
    ax.semilogy(
        range(2, len(thetas)), np.abs(np.array(better) - limit), "s--", color=palette.ELBO, label="extrapolated"
    )
    ax.set(xlabel="iteration", ylabel="error of theta", title=f"Linkage ({whose})")
    ax.legend()
    return figures.picture(
        fig,
        f"Error of theta over the iterations, logarithmic: EM's, and that of the extrapolated values ({whose}), which "
        "are nearer to the limit.",
    )


def _moments(x, r):
    R = r.sum(0)[:, None]
    return r.T @ x / R, np.einsum("ij,ia,ib->jab", r, x, x) / R[:, :, None]


def counts(answer, x, theta):
    """The M-step's Poisson rates beside the first moments that `answer` (moment_matching's form) finds; x (n,)."""
    r = bounds.posterior(poisson.log_joint(x, theta))
    (first, _), whose = answers.of(answer, _moments, x[:, None], r)
    rates, first = poisson.model.m_step(x, r).rate, np.nan_to_num(np.ravel(first))
    fig, ax = figures.canvas(width=5.6, height=3)
    place = np.arange(len(rates))
    ax.bar(place - 0.17, rates, 0.3, color=palette.COMPONENTS[0], label="the M-step's rate")
    ax.bar(place + 0.17, first, 0.3, color=palette.COMPONENTS[1], hatch="//", label=f"E[x]: {whose}")
    ax.set_xticks(place, [f"component {j + 1}" for j in place])
    ax.set(ylabel="deaths a day", ylim=(0, 1.45 * max(rates.max(), first.max())), title="Moment matching, on counts")
    ax.legend(loc="upper left")
    shown = ", ".join(f"{a:.3f} and {b:.3f}" for a, b in zip(rates, first, strict=True))
    return figures.picture(
        fig, f"Two bars for each component of a Poisson mixture, the M-step's rate and E[x] ({whose}): {shown}."
    )
