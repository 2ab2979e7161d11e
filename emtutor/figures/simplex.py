"""Pictures of lesson 04: slopes that must be equal, the price of one more unit, the gap of Gibbs' inequality."""

import numpy as np

from emtutor import figures
from emtutor.figures import picture
from emtutor.films import palette
from emtutor.maths import gaussian


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
    """The gradient in pi with the primes and as the slide prints it; and pi_j times it, which sums to n either way."""
    right = gaussian.grad_pi(x, theta)
    slide = len(x) / (len(theta.pi) * theta.pi)
    fig, axes = figures.canvas(2, width=10, height=3.5)
    place = np.arange(len(right))
    colours = [palette.COMPONENTS[j] for j in place]
    for shift, values, hatch, name in ((-0.2, right, "", "with the primes"), (0.2, slide, "//", "as printed")):
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
    axes[0].set(ylabel="nats per unit of weight", title="the gradient in each weight", ylim=(0, 1.35 * slide.max()))
    axes[0].legend(loc="upper center", ncols=2)
    axes[1].set_xticks([-0.2, 0.2], ["with the primes", "as printed"])
    axes[1].set(ylabel="nats", title="times the weight, and summed", ylim=(0, 1.15 * len(x)), xlim=(-0.5, 0.5))
    numbers = [", ".join(f"{v:.1f}" for v in values) for values in (right, slide)]
    return picture(
        fig,
        f"Left: the gradient in the weights is ({numbers[0]}) with the primes and ({numbers[1]}) as printed. Right: "
        f"multiplied by the weights and stacked, both columns reach {len(x)}.",
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
