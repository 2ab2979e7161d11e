"""Pictures of lesson 11: a chain's graph and its trellis, many causes of one effect, and two projections."""

import numpy as np
from scipy.special import softmax

from emtutor import figures
from emtutor.figures import answers
from emtutor.films import palette
from emtutor.maths import bounds
from emtutor.maths.examples import hmm


def graph(times=4):
    """A hidden Markov model as a graph: a chain of hidden states, each with what is seen of it."""
    fig, ax = figures.canvas(width=6.4, height=2.2)
    for t in range(times):
        for y, name, seen in ((1, f"$z_{t + 1}$", False), (0, f"$x_{t + 1}$", True)):
            face = palette.SHADE if seen else "none"
            ax.scatter(t, y, s=900, facecolor=face, edgecolor=palette.LOG_P, linewidths=1.5)
            ax.text(t, y, name, ha="center", va="center", size=13)
        _arrow(ax, (t, 0.78), (t, 0.24))
        if t + 1 < times:
            _arrow(ax, (t + 0.16, 1), (t + 0.84, 1))
            ax.text(t + 0.5, 1.12, "$A$", ha="center")
    ax.set(xlim=(-0.4, times - 0.6), ylim=(-0.45, 1.45))
    ax.axis("off")
    return figures.picture(
        fig,
        f"A graph: hidden states z_1 to z_{times} in a row, an arrow from each to the next, and from each an arrow "
        "down to what is seen of it, x_t, which is shaded.",
    )


def _arrow(ax, start, end, **style):
    style = {"color": palette.LOG_P, "arrowstyle": "-|>", "linewidth": 1.4} | style
    ax.annotate("", end, start, arrowprops=style)


def trellis(answer, log_pi, log_A, log_B, times, states, seen):
    """Two trellises: what the forward pass knows of each state so far, by the learner's `forward`, and what all know.

    times, states, seen: the names to write at columns, rows and below.
    """
    log_alpha, whose = answers.of(answer, hmm.forward, log_pi, log_A, log_B)
    so_far = softmax(np.nan_to_num(log_alpha, nan=-1e3, posinf=1e3, neginf=-1e3), axis=1)
    both = softmax(hmm.forward(log_pi, log_A, log_B) + hmm.backward(log_A, log_B), axis=1)
    fig, axes = figures.canvas(2, width=9.4, height=3.2)
    titles = ("forward: what was seen so far", "forward and backward: all that was seen")
    for ax, share, title in zip(axes, (so_far, both), titles, strict=True):
        for t, i, j in np.ndindex(len(share) - 1, *log_A.shape):
            width = 0.5 + 4 * np.exp(log_A[i, j])
            ax.plot([t, t + 1], [-i, -j], color=palette.UNLABELLED, linewidth=width, alpha=0.35, zorder=1)
        for t, j in np.ndindex(share.shape):
            ax.scatter(t, -j, s=200 + 1400 * share[t, j], color=palette.COMPONENTS[j % 6], zorder=2)
            ax.text(t, -j, f"{share[t, j]:.2f}", color="white", ha="center", va="center", size=9, zorder=3)
        ax.set_xticks(range(len(share)), [f"{a}\n{b}" for a, b in zip(times, seen, strict=True)])
        ax.set_yticks([-j for j in range(len(states))], states)
        ax.set(title=title, xlim=(-0.5, len(share) - 0.5), ylim=(0.6 - len(states), 0.6))
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.tick_params(length=0)
    fig.supxlabel(f"forward: {whose}", size=9)
    told = "; ".join(f"{name} {', '.join(f'{v:.3f}' for v in share[:, 0])}" for name, share in
                     (("so far", so_far), ("all days", both)))  # fmt: skip
    return figures.picture(
        fig,
        f"Two trellises, days from left to right, a row for each state; lines as thick as the transitions are likely. "
        f"The probability of the first state by day: {told} ({whose}).",
    )


def sweeps(answer, log_p, count=8):
    """L after each sweep of `answer` (mean_field's form) over a table, below log p, which it does not reach."""
    q1, q2 = np.full(log_p.shape[0], 1 / log_p.shape[0]), np.full(log_p.shape[1], 1 / log_p.shape[1])
    q1[0], whose = q1[0] + 0.05, "yours"
    q1 /= q1.sum()
    path = [_bound(log_p, q1, q2)]
    for _ in range(count):
        (q1, q2), now = answers.of(answer, bounds.mean_field, log_p, q1, q2)
        if not all(np.isfinite(q).all() and q.min() >= 0 and abs(q.sum() - 1) < 1e-6 for q in (q1, q2)):
            (q1, q2), now = bounds.mean_field(log_p, q1, q2), "the package's: yours are no distributions"
        whose = now if now != "yours" else whose
        path.append(_bound(log_p, q1, q2))
    top = bounds.log_evidence(log_p.reshape(1, -1))
    fig, ax = figures.canvas(width=6.4, height=3)
    ax.axhline(top, color=palette.LOG_P, label="log p")
    ax.plot(path, "o--", color=palette.ELBO, label=f"L ({whose})")
    ax.fill_between(range(count + 1), path, top, color=palette.GAP, alpha=0.45, label="the gap")
    ax.set(xlabel="sweeps", ylabel="nats", title="It rises, and stops")
    ax.legend(loc="center right")
    return figures.picture(
        fig,
        f"L over {count} sweeps ({whose}), below the line of log p: after the last one a gap of {top - path[-1]:.3f} "
        "nats is left.",
    )


def _bound(log_p, q1, q2):
    return bounds.elbo(log_p.reshape(1, -1), np.outer(q1, q2).reshape(1, -1))


def causes(exact, factors):
    """The posterior probability that each cause is on, exactly, and by the best product that was found."""
    fig, ax = figures.canvas(width=6.8, height=3)
    place = np.arange(len(exact))
    ax.bar(place - 0.2, exact, 0.36, color=palette.COMPONENTS[0], label="the posterior's")
    ax.bar(place + 0.2, factors, 0.36, color=palette.COMPONENTS[1], hatch="//", label="the factors'")
    ax.set_xticks(place, [f"$z_{{{m + 1}}}$" for m in place])
    ax.set(ylabel="probability to be on", ylim=(0, 1.25), title="A product must decide")
    ax.legend(loc="upper left", ncols=2)
    return figures.picture(
        fig,
        f"For each of {len(exact)} causes the probability to be on. The posterior's are all near one third; the "
        "factors of the best product found say nearly 1 for a few causes and nearly 0 for most others.",
    )


def projections(seen=0.75, theta=0.05, iterations=3):
    """EM in a triangle of distributions over three cells, as two projections that take turns.

    The model has the cells (1, theta, 1 - theta) / 2, the first two of which are seen together, with frequency `seen`.
    """
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])

    def model(t):
        return np.array([0.5, t / 2, (1 - t) / 2])

    path = [model(theta)]
    for _ in range(iterations):
        pair = path[-1][:2]
        path.append(np.array([*(seen * pair / pair.sum()), 1 - seen]))  # E: on the line of the data
        path.append(model(path[-1][1] / path[-1][1:].sum()))  # M: on the line of the model
    at = np.array(path) @ corners
    fig, ax = figures.canvas(width=6.4, height=4.6)
    ax.fill(*corners.T, facecolor="none", edgecolor=palette.LOG_P, linewidth=1)
    ends = np.array([model(0), model(1)]) @ corners
    ax.plot(*ends.T, color=palette.COMPONENTS[0], linewidth=3, label="the model's distributions")
    ends = np.array([[seen, 0, 1 - seen], [0, seen, 1 - seen]]) @ corners
    ax.plot(*ends.T, "--", color=palette.COMPONENTS[1], linewidth=3, label="those that fit the data")
    for i in range(len(at) - 1):
        _arrow(ax, at[i], at[i + 1], linestyle="-" if i % 2 else "--")
        if i < 2:
            ax.text(*((at[i] + at[i + 1]) / 2 + [(-0.02, 0.01), (0.012, -0.012)][i]), "EM"[i], size=12, weight="bold")
    ax.plot(*at[0], "o", color=palette.LOG_P)
    for name, x, y in (("to cell 1", 0.1, 0.13), ("to cell 2", 0.47, 0.225), ("to cell 3", 0.33, 0.5)):
        ax.annotate(name, (x, y), ha="center", va="bottom", color=palette.UNLABELLED)
    ax.set(xlim=(0.04, 0.52), ylim=(0.11, 0.53), aspect="equal")
    ax.axis("off")
    ax.legend(loc="upper left")
    return figures.picture(
        fig,
        "A part of the triangle of all distributions over three cells. One line holds those of the model, another "
        "those that fit the data. Arrows go to and fro between the two lines, E-step and M-step in turn, towards their "
        "crossing.",
    )
