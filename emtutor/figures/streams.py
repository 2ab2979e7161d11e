"""Pictures of lesson 11: EM in blocks and online EM, on the learner's own sums and updates."""

import numpy as np

from emtutor import figures
from emtutor.figures import answers
from emtutor.films import palette
from emtutor.maths import em, gaussian


def _sums(x, pi, mu, Sigma):
    theta = gaussian.Theta(pi, mu, Sigma)
    r = gaussian.e_step(x, theta)
    return r.sum(0), r.T @ x, np.einsum("ij,ia,ib->jab", r, x, x), gaussian.log_likelihood(x, theta)


def _theta(S0, S1, S2):
    mu = S1 / S0[:, None]
    return S0 / S0.sum(), mu, S2 / S0[:, None, None] - mu[:, :, None] * mu[:, None, :]


def in_blocks(sums, to_theta, x, theta, blocks=(1, 4), iterations=12):
    """log p over EM's iterations, every one made of blocks' sums. sums, to_theta: the forms of `block_statistics`
    and `theta_from_statistics`; blocks: how many blocks, once for each curve."""
    fig, ax = figures.canvas(width=6.4, height=3.2)
    whose = "yours"
    for j, number in enumerate(blocks):
        here, path = tuple(theta), []
        for _ in range(iterations):
            total = None
            for part in np.array_split(x, number):
                found, one = answers.of(sums, _sums, part, *here)
                total = found if total is None else tuple(a + b for a, b in zip(total, found, strict=True))
            path.append(float(total[3]))
            here, two = answers.of(to_theta, _theta, *total[:3])
            if not _usable(here):
                here, two = _theta(*_sums(x, *theta)[:3]), "the package's: your theta is no mixture"
            whose = next((w for w in (one, two) if w != "yours"), whose)
        style = {"linestyle": palette.DASHES[j], "linewidth": 5 if j == 0 else 2, "alpha": 0.5 if j == 0 else 1}
        name = "all rows at once" if number == 1 else f"{number} blocks"
        ax.plot(path, color=palette.COMPONENTS[j], label=name, **style)
    ax.set(xlabel="iteration", ylabel="log p (nats)", title=f"Sums of blocks ({whose})")
    ax.legend(loc="lower right")
    return figures.picture(
        fig,
        f"log p over {iterations} iterations of EM, with the sums of all rows at once and added from blocks ({whose}): "
        "with right sums one curve lies on the other.",
    )


def _usable(theta):
    pi, _, Sigma = theta
    if not all(np.isfinite(part).all() for part in theta) or pi.min() <= 0:
        return False
    return np.allclose(Sigma, Sigma.swapaxes(1, 2)) and np.linalg.eigvalsh(Sigma).min() > 0


def _update(S0, S1, S2, B0, B1, B2, step):
    return tuple((1 - step) * a + step * b for a, b in zip((S0, S1, S2), (B0, B1, B2), strict=True))


def one_pass(update, rows, theta, best, block=100, checks=12):
    """Mean log p a row as online EM reads the rows once, with the learner's `online_update`; EM's value as a line."""

    def hers(S0, S1, S2, B0, B1, B2, step):
        return update((S0, S1, S2), (B0, B1, B2), step)

    if em.is_stub(update):
        hers = update
    else:
        hers.__name__ = getattr(update, "__name__", "online_update")
    S, here = tuple(part / len(rows[:block]) for part in _sums(rows[:block], *theta)[:3]), tuple(theta)
    read, values, whose = [], [], "yours"
    wanted = set((np.geomspace(1, len(rows) // block, checks)).astype(int))
    for t in range(len(rows) // block):
        part = rows[t * block : (t + 1) * block]
        B = tuple(sums / len(part) for sums in _sums(part, *here)[:3])
        S, now = answers.of(hers, _update, *S, *B, (t + 2) ** -0.6)
        if not _usable(_theta(*S)):
            S, now = B, "the package's: your sums make no mixture"
        here, whose = _theta(*S), now if now != "yours" else whose
        if t + 1 in wanted:
            read.append((t + 1) * block)
            values.append(gaussian.log_likelihood(rows, gaussian.Theta(*here)) / len(rows))
    fig, ax = figures.canvas(width=7, height=3.2)
    ax.semilogx(read, values, "o-", color=palette.COMPONENTS[0], label=f"online EM, so far ({whose})")
    level = gaussian.log_likelihood(rows, best) / len(rows)
    ax.axhline(level, color=palette.LOG_P, linestyle="--", label="EM, all rows in each iteration")
    ax.set(xlabel="rows read, each once", ylabel="mean log p a row (nats)")
    ax.legend(loc="lower right")
    return figures.picture(
        fig,
        f"Mean log p a row as online EM reads {len(rows)} rows once ({whose}): it climbs, with some noise, towards the "
        "dashed line of EM, which reads all rows in every iteration.",
    )
