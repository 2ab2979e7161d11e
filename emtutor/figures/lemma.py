"""Pictures for log p = L + KL, drawn by the learner's functions: entropy, divergence, free energy, temperature."""

import numpy as np

from emtutor import figures
from emtutor.figures import answers
from emtutor.films import palette
from emtutor.maths import bounds

_Q1 = np.linspace(0, 1, 201)
_ROWS = np.stack([_Q1, 1 - _Q1], 1)


def entropies(answer):
    """The entropy of two labels, over the probability of the first."""
    H, whose = answers.series(answer, bounds.entropy, [(q,) for q in _ROWS])
    fig, ax = figures.canvas(width=6.4, height=2.9)
    ax.plot(_Q1, H, color=palette.LOG_P)
    ax.plot(0.5, np.log(2), "o", color=palette.COMPONENTS[1], label="log 2")
    ax.set(xlabel="$q_1$", ylabel="entropy (nats)", xlim=(-0.02, 1.02), title=whose)
    ax.legend(loc="lower center")
    return figures.picture(
        fig,
        f"The entropy of (q_1, 1 - q_1), {whose}: {H[0]:.3f} at q_1 = 0, {H[100]:.3f} at one half, {H[-1]:.3f} at 1.",
    )


def asymmetry(answer):
    """KL(q || p) and KL(p || q) for p = (0.9, 0.1), as q_1 runs from 0 to 1."""
    p = np.array([0.9, 0.1])
    forward, whose = answers.series(answer, bounds.kl, [(q, p) for q in _ROWS])
    backward, _ = answers.series(answer, bounds.kl, [(p, q) for q in _ROWS])
    fig, ax = figures.canvas(width=6.8, height=3.4)
    ax.plot(_Q1, forward, color=palette.COMPONENTS[0], label="KL(q || p)")
    ax.plot(_Q1, backward, "--", color=palette.COMPONENTS[1], label="KL(p || q)")
    ax.plot(0.9, 0, "o", color=palette.LOG_P)
    ax.annotate("q = p", (0.9, 0), (0.9, 0.35), ha="center", size=9)
    ax.set(xlabel="$q_1$", ylabel="nats", xlim=(0, 1), ylim=(-0.1, 4), title=f"p = (0.9, 0.1); {whose}")
    ax.legend(loc="upper center")
    return figures.picture(
        fig,
        f"The two divergences between q and p = (0.9, 0.1) as q_1 runs from 0 to 1 ({whose}). KL(q || p) is "
        f"{forward[0]:.3f} and {forward[-1]:.3f} at the ends, KL(p || q) {backward[0]:.3f} and {backward[-1]:.3f}.",
    )


def free_energies(answer, log_p):
    """F = U - S over q_1 for one observation and two labels, above -log p."""
    package = lambda a, q: bounds.free_energy(a, q)
    F, whose = answers.series(answer, package, [(log_p[None], q[None]) for q in _ROWS])
    lowest = -bounds.log_evidence(log_p)
    fig, ax = figures.canvas(width=6.4, height=3.2)
    ax.fill_between(_Q1, lowest, F, color=palette.GAP, alpha=0.3, label="KL")
    ax.plot(_Q1, F, "--", color=palette.ELBO, label=f"F(q), {whose}")
    ax.axhline(lowest, color=palette.LOG_P, label="-log p")
    ax.plot(bounds.posterior(log_p)[0], lowest, "o", color=palette.LOG_P)
    ax.set(xlabel="$q_1$", ylabel="nats", xlim=(0, 1))
    ax.legend(loc="upper center", ncols=3)
    return figures.picture(
        fig,
        f"Free energy over q_1 ({whose}): {F[0]:.3f} at q_1 = 0 and {F[-1]:.3f} at 1; it touches -log p = "
        f"{lowest:.3f} at the posterior, q_1 = {bounds.posterior(log_p)[0]:.3f}.",
    )


def temperatures(log_p, answer):
    """F = U - T S over q_1 for three temperatures above its lowest value, and the learner's minimiser of each."""
    fig, ax = figures.canvas(width=6.8, height=3.6)
    minimisers = []
    for j, T in enumerate((0.2, 1.0, 5.0)):
        best, whose = answers.of(answer, bounds.tempered_posterior, log_p[None], T)
        lowest = bounds.free_energy(log_p, bounds.tempered_posterior(log_p, T), T)
        F = np.array([bounds.free_energy(log_p, q, T) for q in _ROWS]) - lowest
        minimisers.append(best[0, 0])
        ax.plot(_Q1, F, color=palette.COMPONENTS[j], linestyle=palette.DASHES[j], label=f"T = {T:g}")
        at = np.interp(best[0, 0], _Q1, F)
        ax.plot(best[0, 0], at, "os^"[j], color=palette.COMPONENTS[j], markersize=8)
    ax.set(xlabel="$q_1$", ylabel="free energy above its minimum (nats)", xlim=(0, 1), ylim=(-0.15, 2.2), title=whose)
    ax.legend(loc="upper center", ncols=3)
    told = [f"{q:.3f}" for q in minimisers]
    return figures.picture(
        fig,
        f"Free energy over q_1 at three temperatures, each above its own minimum. Marked ({whose}): q_1 = {told[0]} "
        f"when cold (T = 0.2), {told[1]} at T = 1, and {told[2]} when hot (T = 5).",
    )
