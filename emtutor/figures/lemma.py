"""Pictures for log p = L + KL: the two directions of the divergence, and what a temperature does."""

import numpy as np

from emtutor import figures
from emtutor.films import palette
from emtutor.maths import bounds


def asymmetry():
    """KL(q || p) and KL(p || q) for p = (0.9, 0.1), as q_1 runs from 0 to 1."""
    p = np.array([0.9, 0.1])
    q1 = np.linspace(0, 1, 401)
    rows = np.stack([q1, 1 - q1], 1)
    forward = [bounds.kl(q, p) for q in rows]
    backward = [bounds.kl(p, q) for q in rows]
    fig, ax = figures.canvas(width=6.8, height=3.4)
    ax.plot(q1, forward, color=palette.COMPONENTS[0], label="KL(q || p): finite everywhere")
    ax.plot(q1, backward, "--", color=palette.COMPONENTS[1], label="KL(p || q): infinite at both ends")
    ax.plot(0.9, 0, "o", color=palette.LOG_P)
    ax.annotate("q = p", (0.9, 0), (0.9, 0.35), ha="center", size=9)
    ax.set(xlabel="$q_1$", ylabel="nats", xlim=(0, 1), ylim=(-0.1, 4), title="p = (0.9, 0.1)")
    ax.legend(loc="upper center")
    return figures.picture(
        fig,
        "The two divergences between q and p = (0.9, 0.1) as q_1 runs from 0 to 1. Both are zero at q = p only. "
        "KL(q || p) is finite everywhere, KL(p || q) grows without bound at both ends.",
    )


def temperatures(log_p):
    """F = U - T S over q_1 for three temperatures, with its minimum; one observation, two labels."""
    q1 = np.linspace(0, 1, 401)
    rows = np.stack([q1, 1 - q1], 1)
    fig, ax = figures.canvas(width=6.8, height=3.6)
    lowest = []
    for j, T in enumerate((0.2, 1.0, 5.0)):
        F = np.array([bounds.free_energy(log_p, q, T) for q in rows])
        best = bounds.tempered_posterior(log_p, T)
        F0 = bounds.free_energy(log_p, best, T)
        lowest.append(best[0])
        ax.plot(q1, F - F0, color=palette.COMPONENTS[j], linestyle=palette.DASHES[j], label=f"T = {T:g}")
        ax.plot(best[0], 0, "os^"[j], color=palette.COMPONENTS[j], markersize=8)
    ax.set(xlabel="$q_1$", ylabel="free energy above its minimum (nats)", xlim=(0, 1), ylim=(-0.15, 2.2))
    ax.legend(loc="upper center", ncols=3)
    return figures.picture(
        fig,
        "Free energy over q_1 at three temperatures, each above its own minimum. The minimum lies at "
        f"q_1 = {lowest[0]:.3f} when cold (T = 0.2), at the posterior {lowest[1]:.3f} at T = 1, and at "
        f"{lowest[2]:.3f} when hot (T = 5).",
    )
