"""Pictures of lesson 03: which points pull, what a unit does, what balances Sigma, and where an update leads."""

import numpy as np

from emtutor import figures
from emtutor.figures import answers, picture
from emtutor.films import palette
from emtutor.maths import formulas, gaussian


def pulls(x, theta):
    """One panel a component: each point as large as its responsibility, and the step from mu_j to the weighted mean."""
    r = gaussian.e_step(x, theta)
    new = r.T @ x / r.sum(0)[:, None]
    fig, axes = figures.canvas(len(new), width=5.2 * len(new), height=3.9, sharey=True)
    for j, ax in enumerate(np.atleast_1d(axes)):
        ax.scatter(*x.T, s=2 + 34 * r[:, j], color=palette.COMPONENTS[j], edgecolors="none")
        ax.plot(*theta.mu[j], "o", color="white", markeredgecolor=palette.LOG_P, markersize=9, label="mean now")
        ax.plot(*new[j], "X", color=palette.LOG_P, markersize=9, label="weighted mean")
        ax.annotate("", new[j], theta.mu[j], arrowprops=_ARROW)
        figures.faithful_axes(ax, f"the pull on mean {j + 1}: R_{j + 1} = {r[:, j].sum():.1f}")
        ax.label_outer()
        ax.legend(loc="lower right")
    return picture(
        fig,
        "Old Faithful once for each component, every point as large as its responsibility. An arrow leads from each "
        f"mean to the mean of all points with these weights. R = ({', '.join(f'{v:.1f}' for v in r.sum(0))}).",
    )


def wishes(answer):
    """The gradient of one log Gaussian in its mean at the points 0, 1 and 5, by the learner's function."""
    return _bars(answer, lambda x, mu, Sigma: np.linalg.solve(Sigma, (x - mu).T).T, "mean")


def widths(answer):
    """The same for the gradient in the variance."""
    return _bars(answer, lambda x, mu, Sigma: ((x - mu)[:, :, None] ** 2 / Sigma - 1) / Sigma / 2, "variance")


def _bars(answer, package, what, points=(0.0, 1.0, 5.0), mu=1.0, s=3.0):
    x = np.array(points)
    value, whose = answers.of(answer, package, x[:, None], np.array([mu]), np.array([[s]]))
    height = np.nan_to_num(np.clip(np.ravel(value), -1e9, 1e9))
    fig, ax = figures.canvas(width=6.4, height=2.9)
    ax.axhline(0, color=palette.UNLABELLED, linewidth=1)
    ax.axvline(mu, color=palette.COMPONENTS[1], linestyle="--", label=f"the mean, {mu:g}")
    ax.vlines(x, 0, height, color=palette.COMPONENTS[0], linewidth=6)
    ax.plot(x, height, "o", color=palette.COMPONENTS[0], markersize=8)
    ax.margins(y=0.25)
    ax.set(xlabel="point", ylabel=f"gradient in the {what}", title=whose)
    ax.legend(loc="upper left")
    heights = ", ".join(f"{g:.2f}" for g in np.round(height, 4) + 0.0)
    at = ", ".join(f"{v:g}" for v in x)
    return picture(
        fig,
        f"Bars at the points {at}, the mean being {mu:g}: the gradients in the {what} are {heights} ({whose}).",
    )


def beside(answer, x, theta, part):
    """Each entry of the learner's gradient in `part` ("pi", "mu" or "Sigma") over the numerical one, at many thetas.

    answer (x, pi, mu, Sigma) -> an array like that part of theta. Where it is right, all dots lie on the diagonal.
    """
    package = getattr(gaussian, f"grad_{part}")
    mine, numerical, whose = [], [], "yours"
    for near in _around(theta):
        value, whose = answers.of(answer, lambda x, *t: package(x, gaussian.Theta(*t)), x, *near)
        mine.append(np.ravel(value))
        numerical.append(np.ravel(_numerical(x, near, part)))
    mine, numerical = np.array(mine), np.array(numerical)
    scale = np.abs(numerical).max(0)
    on = np.abs(mine - numerical) < 1e-4 * scale
    fig, ax = figures.canvas(width=4.9, height=4.2)
    ax.axline((0, 0), slope=1, color=palette.UNLABELLED, linewidth=1)
    for m, right, colour, name in ((on, "o", 0, "agree"), (~on, "X", 1, "differ")):
        ax.plot(
            (numerical / scale)[m], (mine / scale)[m], right, color=palette.COMPONENTS[colour], label=name, alpha=0.7
        )
    ax.set(xlabel="numerical derivative of log p", ylabel="the formula", title=whose)
    ax.legend(loc="upper left")
    return picture(
        fig,
        f"The gradient in {part} by the formula over the numerical one, at {len(on)} thetas: {on.sum()} of {on.size} "
        f"dots lie on the diagonal ({whose}).",
    )


def _around(theta, times=12):
    """Thetas near this one."""
    rng = np.random.default_rng(1)
    for _ in range(times):
        root = np.linalg.cholesky(theta.Sigma)
        turn = np.eye(root.shape[1]) + 0.15 * rng.standard_normal(root.shape)
        pi = theta.pi * np.exp(0.3 * rng.standard_normal(len(theta.pi)))
        mu = theta.mu + 0.4 * np.einsum("jab,jb->ja", root, rng.standard_normal(theta.mu.shape))
        yield gaussian.Theta(pi / pi.sum(), mu, root @ turn @ turn.swapaxes(1, 2) @ root.swapaxes(1, 2))


def _numerical(x, theta, part):
    """Central differences of log p in each entry of one part of theta, of an error far below what a dot shows."""
    at = getattr(theta, part)
    slope = np.empty(at.shape)
    for index in np.ndindex(at.shape):
        ends = []
        for side in (1e-5, -1e-5):
            moved = at.copy()
            moved[index] += side * np.abs(at[index])
            ends.append(formulas.log_p(formulas.log_joint(x, *theta._replace(**{part: moved}))))
        slope[index] = (ends[0] - ends[1]).sum() / (2e-5 * np.abs(at[index]))
    return slope


def units(x, theta):
    """The largest entry of the gradients over the unit of x, beside two formulas whose power of x is wrong."""
    unit = np.geomspace(0.1, 10, 9)
    rows = []
    for c in unit:
        moved = gaussian.Theta(theta.pi, c * theta.mu, c**2 * theta.Sigma)
        r, away = gaussian.e_step(c * x, moved), c * x[:, None] - moved.mu
        no_inverse = np.einsum("nk,kab,nkb->ka", r, moved.Sigma, away)
        scatter_alone = np.einsum("nk,nka,nkb->kab", r, away, away) / 2
        four = gaussian.grad_mu(c * x, moved), no_inverse, gaussian.grad_Sigma(c * x, moved), scatter_alone
        rows.append([np.abs(v).max() for v in four])
    size = np.array(rows)
    powers = np.round(np.log(size[-1] / size[0]) / np.log(unit[-1] / unit[0])).astype(int)
    fig, axes = figures.canvas(2, width=10, height=3.5)
    names = ("right", "$\\Sigma_j$ for its inverse"), ("right", "the scatter alone, $W_j / 2$")
    for ax, first, name in zip(axes, (0, 2), ("mean", "covariance"), strict=True):
        for i, style, colour, who in ((first, "-o", 0, "right"), (first + 1, "--s", 1, names[first // 2][1])):
            label = f"{who}: power {powers[i]}"
            ax.loglog(unit, size[:, i] / size[4, i], style, color=palette.COMPONENTS[colour], label=label, markersize=4)
        ax.set(xlabel="c: every x is multiplied by c", ylabel="size beside c = 1", title=f"gradient in the {name}")
        ax.legend(loc="upper center")
    words = (
        "Two panels on logarithmic axes: how the gradients in the mean and in the covariance scale when all data are "
        f"multiplied by c. The right ones fall with the powers {powers[0]} and {powers[2]}; a formula with Sigma in "
        f"place of its inverse, and one without the sandwich, rise with {powers[1]} and {powers[3]}."
    )
    return picture(fig, words.replace("-", "minus "))


def balance(W=8.0, R=2.0):
    """The two terms of the log-likelihood that depend on the variance s, in one dimension, and their slopes."""
    s = np.linspace(1.2, 14, 400)
    wide, near = -R * np.log(s) / 2, -W / (2 * s)
    fig, axes = figures.canvas(2, width=10.5, height=3.6)
    axes[0].plot(s, wide, "--", color=palette.COMPONENTS[1], label="-R/2 log s: against width")
    axes[0].plot(s, near, "-.", color=palette.COMPONENTS[2], label="-W/(2s): against distance")
    axes[0].plot(s, wide + near, color=palette.LOG_P, label="their sum")
    axes[0].plot(W / R, -R * np.log(W / R) / 2 - R / 2, "o", color=palette.LOG_P)
    axes[0].set(xlabel="variance s", ylabel="nats", title="log-likelihood", ylim=(-5.4, 1.4))
    axes[1].axhline(0, color=palette.UNLABELLED, linewidth=1)
    axes[1].plot(s, W / (2 * s**2), "-.", color=palette.COMPONENTS[2], label="W/(2s²): wider is better")
    axes[1].plot(s, R / (2 * s), "--", color=palette.COMPONENTS[1], label="R/(2s): narrower is better")
    axes[1].plot(s, (W / s**2 - R / s) / 2, color=palette.LOG_P, label="the first minus the second")
    axes[1].plot([W / R] * 2, [0, R**2 / (2 * W)], "o:", color=palette.LOG_P)
    axes[1].annotate("s = W/R", (W / R, 0), (W / R + 0.6, -0.13), size=9)
    axes[1].set(xlabel="variance s", ylabel="nats per unit of s", title="slopes", ylim=(-0.2, 0.8))
    axes[0].legend(loc="upper right")
    axes[1].legend(loc="upper right")
    return picture(
        fig,
        f"Left: over the variance s one term falls, the other rises, and their sum has one maximum, at s = {W / R:g}. "
        f"Right: the two slopes as two falling curves that meet at s = {W / R:g}; their difference is positive before, "
        f"zero there, and negative after.",
    )


def cobweb(x, theta, start, update_mu):
    """x (n,): the map from mean 1 to its update by the learner's function, and the stairs that repeating it climbs."""
    spread = np.linspace(x.min(), x.max(), 200)
    whose = answers.of(update_mu, _weighted_means, x[:, None], gaussian.e_step(x[:, None], theta))[1]
    update = update_mu if whose == "yours" else _weighted_means
    new = np.array([_update_first(update, x, theta, m) for m in spread])
    stairs = [(start, start)]
    for _ in range(12):
        m = _update_first(update, x, theta, stairs[-1][0])
        stairs += [(stairs[-1][0], m), (m, m)]
    fig, ax = figures.canvas(width=5.6, height=4.4)
    ax.plot(spread, spread, color=palette.UNLABELLED, label="new mean = old mean")
    ax.plot(spread, new, color=palette.LOG_P, label="the update")
    ax.plot(*np.array(stairs).T, "--", color=palette.COMPONENTS[1], linewidth=1.4, label="updated again and again")
    ax.plot(*stairs[-1], "o", color=palette.COMPONENTS[1])
    ax.set(xlabel="mean 1 before (minutes)", ylabel="mean 1 after (minutes)", title=f"An update is a map ({whose})")
    ax.legend(loc="upper left")
    return picture(
        fig,
        f"The updated mean over the old one ({whose}). Stairs between the curve and the diagonal lead from {start:.1f} "
        f"to {stairs[-1][0]:.2f} minutes, where the curve crosses the diagonal.",
    )


def _weighted_means(x, r):
    return r.T @ x / r.sum(0)[:, None]


def _update_first(update, x, theta, m):
    """Mean 1 after one update; NaN where the function has none, or leads out of all bounds."""
    if not np.isfinite(m) or abs(m) > 1e6:
        return np.nan
    r = gaussian.e_step(x[:, None], theta._replace(mu=np.array([[m], theta.mu[1]])))
    return float(answers.of(update, _weighted_means, x[:, None], r)[0][0, 0])


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


_ARROW = {"arrowstyle": "->", "lw": 2, "shrinkA": 6, "shrinkB": 6, "color": palette.LOG_P}
