"""Pictures of lesson 04: slopes that must be equal, what lambda does, ways to the best weights, and what they cost."""

import numpy as np

from emtutor import figures
from emtutor.figures import answers, picture
from emtutor.films import palette
from emtutor.maths import gaussian

_TRIANGLE = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])  # where weight 1, 2 and 3 are all there is


def slopes(R):
    """k = 2: what each component gains per unit of weight, along the segment pi_1 + pi_2 = 1, and f itself."""
    R = np.asarray(R, float)
    n, p = R.sum(), np.linspace(0.01, 0.99, 400)
    best = R[0] / n
    fig, axes = figures.canvas(2, width=10.5, height=3.7)
    axes[0].plot(p, R[0] * np.log(p) + R[1] * np.log(1 - p), color=palette.LOG_P)
    axes[0].plot(best, R @ np.log(R / n), "o", color=palette.LOG_P)
    axes[0].set(xlabel=r"$\pi_1$, while $\pi_2 = 1 - \pi_1$", ylabel="f (nats)", title="along the segment", xlim=(0, 1))
    for j, (slope, name) in enumerate(((R[0] / p, r"$R_1 / \pi_1$"), (R[1] / (1 - p), r"$R_2 / \pi_2$"))):
        axes[1].plot(p, slope, color=palette.COMPONENTS[j], linestyle=palette.DASHES[j], label=name)
    axes[1].plot(best, n, "o", color=palette.LOG_P)
    axes[1].annotate(f"both are {n:g}", (best, n), (best + 0.1, 0.2 * n), size=9, arrowprops=_ARROW)
    axes[1].set(
        xlabel=r"$\pi_1$, while $\pi_2 = 1 - \pi_1$",
        ylabel="nats per unit of weight",
        title="what a little more weight brings",
    )
    axes[1].set(xlim=(0, 1), ylim=(0, 4 * n))
    axes[1].legend(loc="upper center")
    return picture(
        fig,
        f"Left: f along the segment has one top, at pi_1 = {best:.2f}. Right: R_1 / pi_1 falls and R_2 / pi_2 rises; "
        f"they cross at the same place, at the height {n:g}.",
    )


def price(R):
    """The best value of sum_j R_j log pi_j if the weights must sum to c, and its tangent at c = 1, of slope n."""
    R = np.asarray(R, float)
    n, c = R.sum(), np.linspace(0.6, 1.5, 200)
    best = R @ np.log(R / n)
    fig, ax = figures.canvas(width=6.4, height=3.6)
    ax.plot(c, best + n * np.log(c), color=palette.LOG_P, label="best value for the sum c")
    ax.plot(c, best + n * (c - 1), "--", color=palette.COMPONENTS[1], label=f"tangent at c = 1, slope {n:g}")
    ax.plot(1, best, "o", color=palette.LOG_P)
    ax.axvline(1, color=palette.UNLABELLED, linewidth=1)
    ax.set(xlabel="c: what the weights must sum to", ylabel="f (nats)", title="The price of probability")
    ax.legend(loc="upper left")
    return picture(
        fig,
        f"The best value of f over the sum c that the weights must have: a rising curve. Its tangent at c = 1 has the "
        f"slope {n:g}, which is minus lambda.",
    )


def primes(x, theta):
    """The gradient in pi with the primes and without them; and pi_j times it, which sums to n either way."""
    right = gaussian.grad_pi(x, theta)
    bare = len(x) / (len(theta.pi) * theta.pi)
    fig, axes = figures.canvas(2, width=10, height=3.5)
    place = np.arange(len(right))
    colours = [palette.COMPONENTS[j] for j in place]
    for shift, values, hatch, name in ((-0.2, right, "", "with the primes"), (0.2, bare, "//", "without")):
        bars = axes[0].bar(place + shift, values, 0.36, hatch=hatch, color=colours, alpha=0.8)
        axes[0].bar_label(bars, fmt="%.0f")
        axes[0].bar(0, 0, color=palette.UNLABELLED, hatch=hatch, label=name)
        bottom = 0.0
        for j in place:
            part = theta.pi[j] * values[j]
            axes[1].bar(shift, part, 0.3, bottom=bottom, hatch=hatch, color=palette.COMPONENTS[j], alpha=0.8)
            axes[1].text(shift, bottom + part / 2, f"{part:.1f}", ha="center", va="center", size=10,
                         bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})  # fmt: skip
            bottom += part
        axes[1].text(shift, bottom + 5, f"{bottom:.1f}", ha="center", size=10)
    axes[0].set_xticks(place, [f"component {j + 1}" for j in place])
    axes[0].set(ylabel="nats per unit of weight", title="the gradient in each weight", ylim=(0, 1.35 * bare.max()))
    axes[0].legend(loc="upper center", ncols=2)
    axes[1].set_xticks([-0.2, 0.2], ["with the primes", "without"])
    axes[1].set(ylabel="nats", title="times the weight, and summed", ylim=(0, 1.15 * len(x)), xlim=(-0.5, 0.5))
    numbers = [", ".join(f"{v:.1f}" for v in values) for values in (right, bare)]
    return picture(
        fig,
        f"Left: the gradient in the weights is ({numbers[0]}) with the primes and ({numbers[1]}) without them. Right: "
        f"multiplied by the weights and stacked, both columns reach {len(x)}.",
    )


def lagrangian(answer, x, theta):
    """Both entries of the learner's grad_lagrangian over lambda, at theta and at the best pi for its mu and Sigma."""
    package = lambda x, pi, mu, Sigma, lam: gaussian.grad_pi(x, gaussian.Theta(pi, mu, Sigma)) + lam
    lam = np.linspace(-1.3 * len(x), -0.7 * len(x), 41)
    fig, axes = figures.canvas(2, width=10.5, height=3.6, sharey=True)
    crossings, whose = [], "yours"
    for ax, at, name in zip(axes, (theta, _settled(x, theta)), ("at theta_0", "at the best weights"), strict=True):
        found = [answers.of(answer, package, x, *at, l) for l in lam]
        whose = next((w for _, w in found if w != "yours"), "yours")
        lines = np.array([value for value, _ in found])
        ax.axhline(0, color=palette.UNLABELLED, linewidth=1)
        for j, line in enumerate(lines.T):
            style = {"color": palette.COMPONENTS[j], "linestyle": palette.DASHES[j]}
            ax.plot(lam, line, label=f"entry {j + 1}", **style)
        crossings.append(", ".join(f"{_zero(lam, line):.1f}" for line in lines.T))
        ax.axvline(-len(x), color=palette.LOG_P, linewidth=1, linestyle=":")
        pi = ", ".join(f"{p:.2f}" for p in at.pi)
        ax.set(xlabel=r"$\lambda$", title=f"{name}, pi = ({pi})")
        ax.legend(loc="upper left")
    axes[0].set(ylabel=f"the gradient ({whose})" if whose == "yours" else "the gradient (the package's)")
    return picture(
        fig,
        f"Two rising lines over lambda, one an entry of the gradient ({whose}). At theta_0 they cross zero at "
        f"{crossings[0]}; at the best weights at {crossings[1]}. A dotted line marks minus n = {-len(x)}.",
    )


def _settled(x, theta, rounds=200):
    """theta with the weights that the update no longer changes."""
    for _ in range(rounds):
        theta = theta._replace(pi=gaussian.e_step(x, theta).mean(0))
    return theta


def _zero(at, line):
    """Where a line crosses zero first, NaN if nowhere."""
    change = np.flatnonzero(np.diff(np.sign(line)))
    if not len(change):
        return np.nan
    i = change[0]
    return at[i] - line[i] * (at[i + 1] - at[i]) / (line[i + 1] - line[i])


def rounds(answer, x):
    """k = 3 on Old Faithful: the weights on their triangle, round after round of the learner's update_pi."""
    mu = np.array([[2.0, 54.0], [3.6, 70.0], [4.3, 81.0]])
    Sigma = np.array([np.diag([0.1, 36.0]), np.diag([0.3, 60.0]), np.diag([0.15, 36.0])])
    starts = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9], [1 / 3, 1 / 3, 1 / 3]])
    fig, ax = figures.canvas(width=5.6, height=4.7)
    _triangle(ax)
    ends, whose = [], "yours"
    for i, pi in enumerate(starts):
        path = [pi]
        for _ in range(60):
            r = gaussian.e_step(x, gaussian.Theta(np.clip(path[-1], 1e-9, None) / sum(path[-1]), mu, Sigma))
            pi, whose = answers.of(answer, lambda r: r.mean(0), r)
            path.append(np.array(pi))
            if not np.isfinite(pi).all() or min(pi) < 0 or sum(pi) <= 0:
                break
        way = np.array(path) @ _TRIANGLE
        ax.plot(*way.T, "o-", color=palette.COMPONENTS[i], markersize=4, linewidth=1.2)
        ax.plot(*way[0], "s", color=palette.COMPONENTS[i], markersize=8)
        ends.append(f"({', '.join(f'{p:.2f}' for p in path[-1])})")
    ax.set_title(f"update_pi, again and again ({'yours' if whose == 'yours' else 'the package' + chr(39) + 's'})")
    ends = sorted(set(ends))
    return picture(
        fig,
        f"The triangle of three weights. Four paths of points begin at squares near corners and in the middle, make "
        f"shorter and shorter steps, and end at {' and '.join(ends)} ({whose}).",
    )


def _triangle(ax):
    ax.plot(*_TRIANGLE[[0, 1, 2, 0]].T, color=palette.LOG_P)
    for j, (corner, side) in enumerate(zip(_TRIANGLE, ("right", "left", "center"), strict=True)):
        away = 0.04 * np.array([(-1, 1, 0)[j], (-0.5, -0.5, 1)[j]])
        ax.text(*(corner + away), rf"$\pi_{j + 1} = 1$", ha=side, color=palette.LOG_P)
    ax.set(aspect="equal", xlim=(-0.25, 1.25), ylim=(-0.1, 1.0))
    ax.axis("off")


def logits(answer, x, theta, steps=40):
    """pi_1 over steps: a program that climbs with the learner's grad_logits, and EM's rule for pi, from (0.9, 0.1)."""
    package = lambda x, a, mu, Sigma: (
        gaussian.e_step(x, gaussian.Theta(_softmax(a), mu, Sigma)).sum(0) - len(x) * _softmax(a)
    )
    a, em = np.log([0.9, 0.1]), theta._replace(pi=np.array([0.9, 0.1]))
    climb, rule, whose = [0.9], [0.9], "yours"
    for _ in range(steps):
        slope, whose = answers.of(answer, package, x, a, theta.mu, theta.Sigma)
        a = np.clip(np.nan_to_num(a + slope / len(x)), -50, 50)
        em = em._replace(pi=gaussian.e_step(x, em).mean(0))
        climb.append(_softmax(a)[0])
        rule.append(em.pi[0])
    fig, ax = figures.canvas(width=6.8, height=3.4)
    ax.plot(climb, "o-", color=palette.COMPONENTS[1], markersize=3, label=f"gradient in the logits ({whose})")
    ax.plot(rule, "s-", color=palette.COMPONENTS[0], markersize=3, label=r"$\pi_j = R_j / n$, again and again")
    ax.set(xlabel="step", ylabel=r"$\pi_1$", ylim=(0, 1))
    ax.legend(loc="upper right")
    near = [next((i for i, v in enumerate(way) if abs(v - rule[-1]) < 0.01), None) for way in (climb, rule)]
    words = [f"after {i} steps" if i is not None else f"not within {steps} steps" for i in near]
    return picture(
        fig,
        f"The first weight over the steps, from 0.9. By the gradient in the logits ({whose}) it is within 0.01 of "
        f"{rule[-1]:.2f} {words[0]}, by EM's rule {words[1]}.",
    )


def _softmax(a):
    p = np.exp(a - np.max(a))
    return p / p.sum()


def prior(answer, R):
    """The weights under a Dirichlet prior with equal parameters, over their size, by the learner's update_pi_map."""
    R = np.asarray(R)
    r = np.repeat(np.eye(len(R)), R, axis=0)
    package = lambda r, alpha: (r.sum(0) + alpha - 1) / (len(r) + (alpha - 1).sum())
    strength = np.geomspace(1.01, 1e4, 60)
    found = [answers.of(answer, package, r, np.full(len(R), c)) for c in strength]
    whose = next((w for _, w in found if w != "yours"), "yours")
    fig, ax = figures.canvas(width=6.6, height=3.4)
    for j, line in enumerate(np.array([pi for pi, _ in found]).T):
        ax.semilogx(strength, line, palette.DASHES[j], color=palette.COMPONENTS[j], label=rf"$\pi_{j + 1}$")
        ax.plot(strength[0], R[j] / R.sum(), "o", color=palette.COMPONENTS[j])
    ax.set(
        xlabel=r"$\alpha_1 = \alpha_2$", ylabel="weight", ylim=(0, 1), title=f"stronger and stronger prior ({whose})"
    )
    ax.legend(loc="upper right")
    first, last = found[0][0], found[-1][0]
    return picture(
        fig,
        f"The weights over the size of alpha ({whose}): they go from ({', '.join(f'{p:.2f}' for p in first)}), those "
        f"without a prior, to ({', '.join(f'{p:.2f}' for p in last)}).",
    )


def preconditioned(R):
    """k = 3: from several points of the simplex, the gradient's part along it and EM's step to R / n."""
    R = np.asarray(R, float)
    starts = np.array([[0.7, 0.15, 0.15], [0.12, 0.76, 0.12], [0.1, 0.1, 0.8], [0.45, 0.45, 0.1], [0.48, 0.1, 0.42]])
    fig, ax = figures.canvas(width=5.8, height=4.7)
    _triangle(ax)
    for pi in starts:
        slope = R / pi
        along = (slope - slope.mean()) @ _TRIANGLE
        step = (np.diag(pi) - np.outer(pi, pi)) @ slope / R.sum() @ _TRIANGLE
        at = pi @ _TRIANGLE
        for v, j, dash in ((0.22 * along / np.hypot(*along), 1, "--"), (step, 0, "-")):
            look = {"arrowstyle": "-|>", "color": palette.COMPONENTS[j], "lw": 2, "linestyle": dash, "shrinkA": 0}
            ax.annotate("", at + v, at, arrowprops=look | {"shrinkB": 0})
        ax.plot(*at, "o", color=palette.LOG_P, markersize=5)
    for j, dash, name in ((1, "--", "gradient, along the simplex"), (0, "-", "EM's step")):
        ax.plot([], [], dash, color=palette.COMPONENTS[j], label=name)
    ax.plot(*(R / R.sum() @ _TRIANGLE), "D", color=palette.COMPONENTS[2], label=r"$R / n$")
    ax.legend(loc="upper left", bbox_to_anchor=(-0.05, 1.0))
    return picture(
        fig,
        "The triangle of three weights with five starting points. The arrow of EM's step leads from each straight to "
        "the point R / n. The arrow of the gradient along the simplex points elsewhere, mostly away from the nearest "
        "side, and less than 90 degrees from EM's step.",
    )


def gibbs(R):
    """k = 2: sum_j R_j log pi_j over pi_1 below its bound -n H(p); the gap is n D_KL(p || pi)."""
    R = np.asarray(R, float)
    n, q = R.sum(), np.linspace(0.004, 0.996, 500)
    p = R / n
    f, top = R[0] * np.log(q) + R[1] * np.log(1 - q), R @ np.log(p)
    fig, ax = figures.canvas(width=6.6, height=3.7)
    ax.fill_between(q, f, top, color=palette.GAP, alpha=0.35, label=r"gap: $n\, D_{KL}(p\,\|\,\pi)$")
    ax.axhline(top, color=palette.LOG_P, label=r"$-n\, H(p)$: does not depend on $\pi$")
    ax.plot(q, f, "--", color=palette.ELBO, label=r"$\sum_j R_j \log \pi_j$")
    ax.plot(p[0], top, "o", color=palette.ELBO)
    ax.set(
        xlabel=r"$\pi_1$, while $\pi_2 = 1 - \pi_1$", ylabel="nats", xlim=(0, 1), ylim=(top - 1.6 * n, top + 0.75 * n)
    )
    ax.legend(loc="upper right")
    return picture(
        fig,
        f"The curve of sum R_j log pi_j over pi_1 lies below a horizontal line and touches it once, at pi_1 = p_1 = "
        f"{p[0]:.2f}; the gap between them is shaded.",
    )


_ARROW = {"arrowstyle": "-", "color": palette.LOG_P}
