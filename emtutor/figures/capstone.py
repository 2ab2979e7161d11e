"""The capstone's pictures and runs: a logbook with gaps, the learner's functions on it, many starts, a bootstrap."""

from itertools import permutations
from typing import NamedTuple

import numpy as np

from emtutor import figures
from emtutor.figures import answers, picture
from emtutor.films import palette
from emtutor.maths import formulas, incomplete
from emtutor.maths.theta import Theta

ITERATIONS = 40  # of the learner's functions, which may be slow
PACKAGE = {"seen_log_joint": incomplete.log_joint, "fill_in": incomplete.fill_in, "m_step_seen": incomplete.m_step}


class Run(NamedTuple):
    """What the learner's functions came to: theta, and for each row its shares, expected point and deviations."""

    theta: Theta
    r: np.ndarray  # (n, k)
    expected: np.ndarray  # (n, d)
    deviation: np.ndarray  # (n, d)
    whose: str


def weak_prior(x):
    """nu0 and S0: worth about four points, whose variances are a fiftieth of the data's."""
    return 2.0, 0.02 * np.diag(np.nanvar(x, axis=0))


def logbook(x):
    """The rows without gaps as points, the others as ticks on the axis that was recorded."""
    fig, ax = figures.canvas(width=5.6, height=3.8)
    gap = np.isnan(x)
    figures.points(ax, x[~gap.any(1)])
    figures.faithful_axes(ax, "a dot: both recorded; a tick: only one")
    ax.plot(x[gap[:, 1], 0], np.full(gap[:, 1].sum(), 41.5), "|", color=palette.COMPONENTS[1], markersize=12)
    ax.plot(np.full(gap[:, 0].sum(), 1.27), x[gap[:, 0], 1], "_", color=palette.COMPONENTS[0], markersize=12)
    return picture(
        fig,
        f"Old Faithful's logbook: {int((~gap.any(1)).sum())} eruptions as points in two clouds. "
        f"{int(gap[:, 1].sum())} ticks below, all above 4.2 minutes, are durations without a waiting time; "
        f"{int(gap[:, 0].sum())} ticks on the left are waiting times without a duration.",
    )


def run(x, k, seen_log_joint, fill_in, m_step_seen):
    """EM with k components by the learner's functions, and by the package's where hers have no values."""
    nu0, S0 = weak_prior(x)
    theta = incomplete.start(x, k, np.random.default_rng(0))
    mine = {f.__name__: f for f in (seen_log_joint, fill_in, m_step_seen)}
    try:
        chosen, whose = _chosen(mine, x, theta, nu0, S0)
        return _run(x, theta, nu0, S0, chosen, whose)
    except (Exception, SystemExit):
        return _run(x, theta, nu0, S0, PACKAGE, "the package's: yours stopped on the way")


def _chosen(mine, x, theta, nu0, S0):
    """The three functions, each hers where it has a value like the package's; and in words whose they are."""
    parts = [incomplete.fill_in(x, m, S) for m, S in zip(theta.mu, theta.Sigma, strict=True)]
    filled, C = (np.stack(part, axis=1) for part in zip(*parts, strict=True))
    r = formulas.posterior(incomplete.log_joint(x, *theta))
    args = {
        "seen_log_joint": (x, *theta),
        "fill_in": (x, theta.mu[0], theta.Sigma[0]),
        "m_step_seen": (r, filled, C, nu0, S0),
    }
    found = {name: answers.of(mine[name], PACKAGE[name], *args[name])[1] for name in PACKAGE}
    chosen = {name: mine[name] if whose == "yours" else PACKAGE[name] for name, whose in found.items()}
    words = [whose.removeprefix("the package's: ") for whose in found.values() if whose != "yours"]
    return chosen, f"the package's where {', '.join(words)}" if words else "yours"


def _run(x, theta, nu0, S0, chosen, whose):
    for _ in range(ITERATIONS):
        theta = incomplete.step(x, theta, nu0, S0, *chosen.values())
    if not all(np.isfinite(part).all() for part in theta):
        raise ValueError("no finite theta")
    r = formulas.posterior(np.asarray(chosen["seen_log_joint"](x, *theta), float))
    parts = [chosen["fill_in"](x, m, S) for m, S in zip(theta.mu, theta.Sigma, strict=True)]
    filled, C = (np.stack(part, axis=1) for part in zip(*parts, strict=True))
    expected = np.einsum("nk,nkd->nd", r, filled)
    second = np.diagonal(C, axis1=2, axis2=3) + (filled - expected[:, None]) ** 2
    return Run(theta, r, expected, np.sqrt(np.einsum("nk,nkd->nd", r, second)), whose)


def filled_in(found, x):
    """The fitted components, and each gap as the point that is expected there, with its deviation as a bar."""
    fig, ax = figures.canvas(width=7, height=4.2)
    gap = np.isnan(x)
    figures.points(ax, x[~gap.any(1)], found.r[~gap.any(1)], alpha=0.45)
    for j, (mu, Sigma) in enumerate(zip(found.theta.mu, found.theta.Sigma, strict=True)):
        figures.ellipse(ax, mu, Sigma, j)
    rows = np.flatnonzero(gap.any(1))
    bars = np.where(gap, found.deviation, np.nan)
    style = {"fmt": "none", "ecolor": palette.LOG_P, "elinewidth": 0.8, "zorder": 2}
    ax.errorbar(*found.expected[rows].T, xerr=bars[rows, 0], yerr=bars[rows, 1], **style)
    figures.points(ax, found.expected[rows], found.r[rows], marker="D", s=20, alpha=1, zorder=3)
    figures.faithful_axes(ax, "diamonds: expected where something is missing, with a standard deviation")
    return picture(
        fig,
        f"Old Faithful with two ellipses; {len(rows)} rows with a gap as diamonds at their expected place, each with a "
        f"bar of one standard deviation along what is missing (functions: {found.whose}).",
    )


def many_starts(x, most=4, starts=8):
    """{k: fits from random starts under the weak prior, the best first} for k = 1, .., most."""
    rng = np.random.default_rng(0)
    prior = weak_prior(x)
    return {
        k: sorted(
            (incomplete.fit(x, incomplete.start(x, k, rng), *prior) for _ in range(starts)),
            key=lambda found: -found.log_likelihood,
        )
        for k in range(1, most + 1)
    }


def from_a_speck(x, k):
    """{"without": .., "with": ..} the prior: does EM collapse, where component 1 starts as a speck on one row?"""
    theta = incomplete.start(x, k, np.random.default_rng(1))
    Sigma = theta.Sigma.copy()
    Sigma[0] *= 1e-6
    speck, d = theta._replace(Sigma=Sigma), x.shape[1]
    priors = {"without": (-d - 1.0, np.zeros((d, d))), "with": weak_prior(x)}
    return {name: incomplete.fit(x, speck, *prior).collapsed for name, prior in priors.items()}


def refits(x, k, times=30, starts=3):
    """The means (times, k, d) of fits to rows drawn from x with replacement, each the best of some random starts."""
    rng = np.random.default_rng(0)
    prior = weak_prior(x)

    def best(rows):
        fits = [incomplete.fit(rows, incomplete.start(rows, k, rng), *prior) for _ in range(starts)]
        return max(fits, key=lambda found: found.log_likelihood).theta.mu

    return np.stack([best(x[rng.integers(len(x), size=len(x))]) for _ in range(times)])


def of_bic(bic, log_likelihood, n, k, d):
    """bic(..) by the learner or the package, and whose it is."""
    free = k * (1 + d + d * (d + 1) // 2) - 1
    return answers.of(bic, lambda *_: free * np.log(n) - 2 * log_likelihood, log_likelihood, n, k, d)


def of_standard_errors(standard_errors, mus, mu):
    """standard_errors(mus, mu) by the learner or the package, and whose it is."""

    def package(mus, mu):
        orders = np.array(list(permutations(range(len(mu)))))
        best = [fit[min(orders, key=lambda order, fit=fit: ((fit[order] - mu) ** 2).sum())] for fit in mus]
        return np.std(best, axis=0, ddof=1)

    return answers.of(standard_errors, package, mus, mu)


def correlation(theta):
    """The correlation of the two columns that theta predicts, all components together."""
    away = theta.mu - theta.pi @ theta.mu
    C = np.einsum("k,kab->ab", theta.pi, theta.Sigma + away[:, :, None] * away[:, None])
    return C[0, 1] / np.sqrt(C[0, 0] * C[1, 1])
