"""Pictures of the mixture itself: its graph, what one point couples, its density, and what couples with what."""

import numpy as np

from emtutor import figures
from emtutor.figures import answers
from emtutor.films import palette
from emtutor.maths import em, formulas, gaussian


def graph():
    """The generative model with plates: pi -> z_i -> x_i <- mu_j, Sigma_j; x observed."""
    import matplotlib.patches as patches

    fig, ax = figures.canvas(width=6.6, height=2.7)
    at = {
        r"$\pi$": (0.4, 1.5),
        "$z_i$": (2.1, 1.5),
        "$x_i$": (3.9, 1.5),
        r"$\mu_j$": (6.1, 2.1),
        r"$\Sigma_j$": (6.1, 0.8),
    }
    for name, (a, b) in at.items():
        observed = name == "$x_i$"
        face = palette.SHADE if observed else "none"
        ax.add_patch(patches.Circle((a, b), 0.38, facecolor=face, edgecolor=palette.LOG_P, linewidth=1.6, zorder=3))
        ax.text(a, b, name, ha="center", va="center", size=13, zorder=4)
    for start, end in ((r"$\pi$", "$z_i$"), ("$z_i$", "$x_i$"), (r"$\mu_j$", "$x_i$"), (r"$\Sigma_j$", "$x_i$")):
        look = {"arrowstyle": "-|>", "shrinkA": 19, "shrinkB": 19, "lw": 1.6, "color": palette.LOG_P}
        ax.annotate("", at[end], at[start], arrowprops=look)
    for (a, b, width, height), words in (
        ((1.4, 0.55, 3.2, 1.75), "$i = 1, …, n$"),
        ((5.4, 0.1, 1.5, 2.7), "$j = 1, …, k$"),
    ):
        ax.add_patch(
            patches.FancyBboxPatch((a, b), width, height, boxstyle="round,pad=0.05", fill=False, linewidth=1.2)
        )
        ax.text(a + width, b - 0.02, words, ha="right", va="bottom", size=9)
    ax.set(xlim=(-0.1, 7.1), ylim=(-0.05, 3), aspect="equal")
    ax.axis("off")
    return figures.picture(
        fig,
        "Graph of the model: an arrow from pi to z_i, one from z_i to x_i, one each from mu_j and Sigma_j to x_i. "
        "z_i and x_i stand in a plate repeated n times, mu_j and Sigma_j in one repeated k times. "
        "Only x_i is observed.",
    )


def posterior_table(pi, prior, likelihood):
    """p(z, mu | x) as a table (k, m), from p(z) (k,), p(mu) (m,) and p(x | z, mu) (k, m)."""
    joint = np.outer(pi, prior) * likelihood
    return joint / joint.sum()


def drawn(x, z, theta):
    """Points (n, 2) with their labels z (n, k), and the components from which they were drawn."""
    fig, ax = figures.canvas(width=5.6, height=3.8)
    figures.mixture(ax, x, theta, z)
    ax.set_title(f"{len(x)} points drawn from the mixture")
    return figures.picture(
        fig,
        "Points drawn from the fitted mixture, coloured by the component that made each, with the ellipses of the two "
        "components. Two clouds, as in Old Faithful.",
    )


def dependent_given_x(point=1.0, other=-1.0):
    """p(mu_1 | x, z) and p(z | x, mu_1) for one observed point: independent before it, dependent after it."""
    mean = np.linspace(-5, 5, 601)
    width = mean[1] - mean[0]
    prior = np.exp(-(mean**2) / 8) / np.sqrt(8 * np.pi)
    made_by_1 = 0.5 * np.exp(-((point - mean) ** 2) / 2) / np.sqrt(2 * np.pi)
    made_by_2 = np.full_like(mean, 0.5 * np.exp(-((point - other) ** 2) / 2) / np.sqrt(2 * np.pi))
    fig, axes = figures.canvas(2, width=10.5, height=3.2)
    axes[0].plot(mean, prior, color=palette.UNLABELLED, label="before x is seen, whatever z")
    for j, likelihood in enumerate((made_by_1, made_by_2)):
        density = prior * likelihood / (prior * likelihood).sum() / width
        style = {"color": palette.COMPONENTS[j], "linestyle": palette.DASHES[j]}
        axes[0].plot(mean, density, label=f"after x = {point:g}, if component {j + 1} made it", **style)
    axes[0].set(
        xlabel=r"mean $\mu_1$ of component 1", ylabel="density", ylim=(0, 0.85), title="What we believe about the mean"
    )
    axes[0].legend(loc="upper left")
    axes[1].plot(mean, made_by_1 / (made_by_1 + made_by_2), color=palette.COMPONENTS[0])
    axes[1].axhline(0.5, color=palette.UNLABELLED, linestyle="--")
    axes[1].text(-4.9, 0.52, "before x is seen", size=9)
    axes[1].set(xlabel=r"mean $\mu_1$ of component 1", ylabel=f"p(z = 1 | x = {point:g}, mean)", ylim=(0, 1))
    axes[1].set_title("What we believe about the label")
    return figures.picture(
        fig,
        "Left: before x is seen the mean has one density whatever the label; after x = 1 the density moves to x if "
        "component 1 made it and stays if not. Right: the probability of label 1 is 1/2 before, and after depends on "
        "the mean: high where the mean is near x.",
    )


def fitted(x):
    """A good theta for Old Faithful with two components: what EM finds from a random start."""
    return em.fit(gaussian.model, x, gaussian.named_starts(x, 2)["random 3"]).theta


def two_tops(x, sd=6.0):
    """log p of a column x (n,) over two means, weights 1/2, both standard deviations sd: two tops and a saddle."""
    at = np.linspace(48, 88, 121)
    parts = -((x[:, None] - at) ** 2) / (2 * sd**2)
    height = np.array([[np.logaddexp(a, b).sum() for b in parts.T] for a in parts.T])
    height -= height.max()
    fig, ax = figures.canvas(width=5.4, height=4.4)
    levels = height.min() * 0.5 ** np.arange(1, 9)
    ax.contour(at, at, height.T, levels, colors=palette.LOG_P, linewidths=0.9, linestyles="-")
    ax.plot(at[[0, -1]], at[[0, -1]], color=palette.COMPONENTS[1], linestyle="--", label="both means equal")
    i, j = np.unravel_index(height.argmax(), height.shape)
    ax.plot(at[[i, j]], at[[j, i]], "o", color=palette.COMPONENTS[0], markersize=9, label="the two tops")
    middle = at[np.diag(height).argmax()]
    ax.plot(middle, middle, "s", color=palette.COMPONENTS[1], markersize=9, label="the saddle")
    ax.set(xlabel=r"$\mu_1$: waiting (min)", ylabel=r"$\mu_2$: waiting (min)", aspect="equal")
    ax.set_title("Lines of equal log p")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.08), ncols=3)
    return figures.picture(
        fig,
        "Lines of equal log-likelihood over two means. Two tops, one the mirror image of the other across the diagonal "
        "on which both means are equal. On the diagonal, between the tops, is a saddle.",
    )


def density(x, theta):
    """The mixture's density as contours over the data, and along one column as a sum of its components."""
    fig, axes = figures.canvas(2, width=10.5, height=3.6)
    a, b = np.meshgrid(np.linspace(1.2, 5.5, 120), np.linspace(40, 100, 120))
    grid = np.stack([a.ravel(), b.ravel()], 1)
    log_density = np.logaddexp.reduce(gaussian.log_joint(grid, theta), axis=1).reshape(a.shape)
    levels = log_density.max() - np.array([12, 8, 5, 3, 1.5, 0.5])
    axes[0].contour(a, b, log_density, levels, colors=palette.LOG_P, linewidths=0.9, linestyles="-", zorder=1)
    figures.points(axes[0], x, gaussian.e_step(x, theta))
    figures.faithful_axes(axes[0], "log density, in steps")
    waiting = np.linspace(40, 100, 301)
    total = np.zeros_like(waiting)
    for j, (pi, mu, Sigma) in enumerate(zip(*theta, strict=True)):
        part = pi * np.exp(-((waiting - mu[1]) ** 2) / (2 * Sigma[1, 1])) / np.sqrt(2 * np.pi * Sigma[1, 1])
        total += part
        style = {"color": palette.COMPONENTS[j], "linestyle": palette.DASHES[j]}
        axes[1].plot(waiting, part, label=f"component {j + 1}, times its weight", **style)
    axes[1].plot(waiting, total, color=palette.LOG_P, linewidth=1.2, label="their sum", zorder=1)
    axes[1].hist(x[:, 1], bins=24, density=True, color=palette.SHADE, zorder=0)
    axes[1].set(
        xlabel=figures.FAITHFUL_COLUMNS[1], ylabel="density (1/min)", title="The waiting time alone", ylim=(0, 0.062)
    )
    axes[1].legend(loc="upper left")
    return figures.picture(
        fig,
        "Left: contours of the mixture's log density over Old Faithful, with two hills. Right: the density of the "
        "waiting time is the sum of two weighted bells, over the histogram of the data.",
    )


def couplings(x, theta, r):
    """The second derivatives of log p and of the complete-data log-likelihood, scaled to +-1, as two pictures.

    Parameters in order: pi_1 (pi_2 = 1 - pi_1), mu, Sigma (tied across the diagonal). Returns the picture and the
    largest scaled mixed derivative between pi and (mu, Sigma) of each.
    """
    start, unpack = _flat(theta)
    hidden = _scaled_hessian(lambda t: np.logaddexp.reduce(formulas.log_joint(x, *unpack(t)), axis=1).sum(), start)
    known = _scaled_hessian(lambda t: (r * formulas.log_joint(x, *unpack(t))).sum(), start)
    names = _names(*theta.mu.shape)
    fig, axes = figures.canvas(2, width=11, height=4.8)
    for ax, matrix, title in zip(
        axes, (known, hidden), ("labels known: log p(x, z)", "labels hidden: log p(x)"), strict=True
    ):
        strength = np.sqrt(np.abs(matrix))  # the root, so that weak couplings are seen; nothing where there is none
        image = ax.imshow(np.sign(matrix) * strength, vmin=-1, vmax=1, cmap="PuOr_r", alpha=np.minimum(strength, 1))
        ax.set_xticks(range(len(names)), names, rotation=90, size=8)
        ax.set_yticks(range(len(names)), names, size=8)
        ax.set_title(title)
        for edge in (0.5, 0.5 + theta.mu.size):
            ax.axhline(edge, color=palette.LOG_P, linewidth=0.8)
            ax.axvline(edge, color=palette.LOG_P, linewidth=0.8)
    bar = fig.colorbar(image, ax=axes, shrink=0.8, label="second derivative, scaled")
    bar.set_ticks([-1, -0.5, 0, 0.5, 1], labels=["-1", "-0.25", "0", "0.25", "1"])
    words = (
        "Two tables of scaled second derivatives in pi, mu and Sigma. With known labels the row and column of pi "
        "are empty but for the diagonal, and so are the blocks between the two components. With hidden labels these "
        "places are filled too, many of them weakly."
    )
    return figures.picture(fig, words), np.abs(known[0, 1:]).max(), np.abs(hidden[0, 1:]).max()


def _flat(theta):
    """theta for k = 2 as a vector of free numbers, each in its own unit, and the way back."""
    k, d = theta.mu.shape
    rows, columns = np.triu_indices(d)
    spread = np.sqrt(theta.Sigma[:, np.arange(d), np.arange(d)])
    scale = np.concatenate([[0.1], spread.ravel(), (spread[:, rows] * spread[:, columns]).ravel()])
    start = np.concatenate([theta.pi[:1], theta.mu.ravel(), theta.Sigma[:, rows, columns].ravel()]) / scale

    def unpack(t):
        t = t * scale
        Sigma = np.empty((k, d, d))
        Sigma[:, rows, columns] = Sigma[:, columns, rows] = t[1 + k * d :].reshape(k, -1)
        return np.array([t[0], 1 - t[0]]), t[1 : 1 + k * d].reshape(k, d), Sigma

    return start, unpack


def _scaled_hessian(f, start, step=1e-3):
    m = len(start)
    e = np.eye(m) * step
    H = np.empty((m, m))
    for a in range(m):
        for b in range(a, m):
            four = f(start + e[a] + e[b]) - f(start + e[a] - e[b]) - f(start - e[a] + e[b]) + f(start - e[a] - e[b])
            H[a, b] = H[b, a] = four / (4 * step**2)
    size = np.sqrt(np.abs(np.diag(H)))
    return H / np.outer(size, size)


def _names(k, d):
    pairs = [f"{a + 1}{b + 1}" for a, b in zip(*np.triu_indices(d), strict=True)]
    means = [f"mean {j + 1}, column {c + 1}" for j in range(k) for c in range(d)]
    return ["pi 1", *means, *(f"cov {j + 1}, {pair}" for j in range(k) for pair in pairs)]


def spike(x, log_likelihood=None):
    """log p of a mixture with one component on x[0], over its standard deviation s from 1 down to 1e-90.

    log_likelihood(x, s): a learner's function to be drawn.
    """
    exponent = np.linspace(0, -90, 181)
    d = x.shape[1]
    broad = formulas.log_joint(x, [0.5], x.mean(0)[None], np.cov(x.T, bias=True)[None])[:, 0]
    squared = ((x - x[0]) ** 2).sum(1)
    log_s = exponent[:, None] * np.log(10)
    with np.errstate(over="ignore"):
        narrow = np.log(0.5) - d / 2 * np.log(2 * np.pi) - d * log_s - squared * np.exp(-2 * log_s) / 2
    log_p = np.logaddexp(broad, narrow).sum(1)
    if log_likelihood is not None:
        table = dict(zip(10.0**exponent, log_p, strict=True))
        log_p, _ = answers.series(log_likelihood, lambda x, s: table[s], [(x, s) for s in table])
    fig, ax = figures.canvas(width=7, height=3.4)
    ax.plot(exponent, log_p, color=palette.LOG_P)
    starts = [gaussian.random_start(x, 2, np.random.default_rng(seed)) for seed in (0, 1)]
    good = max(em.fit(gaussian.model, x, start).log_likelihood for start in starts)
    ax.axhline(good, color=palette.COMPONENTS[2], linestyle="--")
    ax.text(-2, good + 3, "the good solution", color=palette.COMPONENTS[2], va="bottom", size=9)
    ax.set(xlabel="log10 of s (minutes)", ylabel="log p (nats)", xlim=(2, -92), title="A spike on one point")
    return figures.picture(
        fig,
        "Log-likelihood over the spike's standard deviation, from one minute down to 1e-90 minutes. It falls to about "
        "-1466 near a hundredth of a minute, then rises in a straight line and passes the good solution near 1e-75.",
    )
