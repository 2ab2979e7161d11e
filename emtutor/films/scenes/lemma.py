"""The scenes `decomposition` and `temperature`: log p = L + KL, and F = U - T S, for one observation."""

import numpy as np
from scipy.special import entr, rel_entr

from emtutor.films import film, palette
from emtutor.films.marks import number
from emtutor.films.scenes import common
from emtutor.maths import arguments, bounds


def decomposition(log_joint, path=None):
    """Film of log p = L + KL for one observation: the bar stays, its division moves with q.

    log_joint (k,): log p(x, z = j). path (m, k): the distributions q to show; by default, for k = 2, from
    nearly all mass on component 2 to nearly all on component 1; else from component 1 through the posterior to the
    uniform q.
    """
    a = _one_row(log_joint)
    posterior = bounds.posterior(a)
    q = _default_path(posterior) if path is None else _path(path, len(a))
    log_p = bounds.log_evidence(a)
    elbo = np.array([bounds.elbo(a, row) for row in q])
    kl = np.array([float(rel_entr(row, posterior).sum()) for row in q])
    seen = elbo[np.isfinite(elbo)]
    room = max(log_p - seen.min(initial=log_p - 1), 0.5)
    bar = _Bar(a, posterior, log_p, log_p - 1.15 * room, room)
    frames = [bar.frame(row, after) for row, after in zip(q, [*q[1:], None], strict=True)]
    key = (("L(q)", "fill", palette.ELBO, 0), ("KL", "fill", palette.GAP, 0), ("log p", "line", "ink", 0))
    return film.Film(
        title="log p = L + KL, for every q",
        caption="Left: q (bars) beside the posterior (lines). Right: log p stays where it is; q only decides how it is "
        "divided. L reaches log p only where KL is 0. The scale does not begin at 0.",
        panels=(
            _share_panel(len(a), "posterior"),
            film.Panel("", "nats", (0, 1), (bar.low, log_p + 0.2 * room), width=332, key=key, xticks=()),
        ),
        frames=tuple(frames),
        slider="q",
        end="To the last",
        poster=int(abs(kl - kl[np.isfinite(kl)].max(initial=0) / 2).argmin()),  # where both parts of the bar are seen
        handles=tuple(
            film.Handle(f"q{common.low(j + 1)}", (f"q{common.low(j + 1)}",), ylim=(0.0, 1.0)) for j in range(len(a))
        ),
        hand=lambda i, places, held: bar.frame(_moved([place[1] for place in places], held), label="by hand"),
    )


def _moved(q, held):
    """The distribution with q_held as it is, the others sharing the rest as before."""
    q = np.clip(np.array(q, float), 0, 1)
    others = np.arange(len(q)) != held
    rest = q[others].sum()
    q[others] = (1 - q[held]) * (q[others] / rest if rest > 1e-9 else 1 / others.sum())
    return q


class _Bar:
    """The bar log p = L + KL for any q."""

    def __init__(self, log_joint, posterior, log_p, low, room):
        self.a, self.posterior, self.log_p, self.low, self.room = log_joint, posterior, log_p, low, room

    def frame(self, q, after=None, label=None):
        elbo, kl = bounds.elbo(self.a, q), float(rel_entr(q, self.posterior).sum())
        low, log_p = self.low, self.log_p
        level = max(elbo, low)
        marks = [
            film.bars("L", [[0.15, low, 0.85, level]], colours=[palette.ELBO], panel=1),
            film.bars("KL", [[0.15, level, 0.85, log_p]], colours=[palette.GAP], panel=1),
            film.path("log p", [[0, log_p], [1, log_p]], width=3, panel=1),
            film.path("L level", [[0.05, level], [0.95, level]], colour="ink", dash=1, width=2, panel=1),
            film.text("log p is", (0.5, log_p + 0.07 * self.room), f"log p = {number(log_p, 3)}", size=16, panel=1),
        ]
        near = " q is the posterior: KL is 0 and L is all of log p." if kl < 1e-9 else ""
        lost = "" if np.isfinite(elbo) else " q has mass where the joint is zero, so L falls without end."
        return film.Frame(
            marks=(*_shares(q, self.posterior, "posterior"), *marks),
            words=f"q = ({_list(q)}). L = {number(elbo, 3)}, KL = {number(kl, 3)}; their sum is log p = "
            f"{number(log_p, 3)}, whatever q is.{near}{lost}",
            label=label or f"q₁ = {number(q[0])}",
            next="" if after is None else f"q₁ = {number(after[0])}",
            heads=(f"q = ({_list(q)})", f"L = {number(elbo, 3)}, KL = {number(kl, 3)}"),
            places=tuple((j + 1, float(v)) for j, v in enumerate(q)),
        )


def temperature(log_joint, T=None):
    """Film of F = U - T S at its minimum: the q of each temperature, for one observation, log_joint (k,).

    At T = 1 the minimiser is the posterior and F = -log p; cold, all mass is on the largest joint; hot, q is uniform.
    """
    a = _one_row(log_joint)
    T = np.concatenate([np.arange(1, 10) / 10, np.arange(10, 41, 2) / 10]) if T is None else T
    T = arguments.several("T", T, "temperatures from 1e-6 to 1e6", lambda T: 1e-6 <= T.min() <= T.max() <= 1e6)
    q = np.array([bounds.tempered_posterior(a, t) for t in T])
    with np.errstate(invalid="ignore"):
        U = np.where(q > 0, -q * a, 0).sum(1)
    S = entr(q).sum(1)
    F = U - T * S
    posterior = bounds.posterior(a)
    limits = common.around(np.column_stack([T, U]), np.column_stack([T, F]), margin=0.08)
    frames = []
    for i, t in enumerate(T):
        marks = [
            film.band("T S", T, F, U, colour=palette.GAP, count=i + 1, panel=1),
            film.path("U", np.column_stack([T, U]), count=i + 1, width=2.6, panel=1),
            film.path("F", np.column_stack([T, F]), count=i + 1, colour=palette.ELBO, dash=1, width=2.6, panel=1),
            film.points("U now", [[t, U[i]]], colour="ink", shape=1, size=6, panel=1),
            film.points("F now", [[t, F[i]]], colour=palette.ELBO, size=6, panel=1),
        ]
        one = f" At T = 1 q is the posterior and F = −log p = {number(F[i], 3)}." if abs(t - 1) < 1e-12 else ""
        frames.append(
            film.Frame(
                marks=(*_shares(q[i], posterior, "posterior"), *marks),
                words=f"T = {number(t, 1)}: q = ({_list(q[i])}). Energy U = {number(U[i], 3)}, entropy S = "
                f"{number(S[i], 3)}, F = U − T S = {number(F[i], 3)} nats.{one}",
                label=f"T = {number(t, 1)}",
                next=f"T = {number(T[i + 1], 1)}" if i + 1 < len(T) else "",
                heads=(
                    f"q at T = {number(t, 1)}",
                    f"F = {number(U[i])} − {number(t, 1)} × {number(S[i])} = {number(F[i])}",
                ),
            )
        )
    key = (("U", "line", "ink", 0), ("F", "line", palette.ELBO, 1), ("T S", "fill", palette.GAP, 0))
    return film.Film(
        title="Free energy F = U − T S and its minimiser",
        caption="T is the pay for each nat of entropy: the hotter, the better doubt is paid and the more even is q. "
        "Left: the minimising q (bars) beside the posterior (lines).",
        panels=(
            _share_panel(len(a), "posterior"),
            film.Panel("temperature T", "nats", *limits, width=332, key=key),
        ),
        frames=tuple(frames),
        slider="temperature",
        end="To the last",
        poster=int(abs(T - 1).argmin()),
    )


def _one_row(log_joint):
    a = bounds.log_table("log_joint", log_joint, "(k)", "of one observation")
    if len(a) < 2 or not np.isfinite(a).any() or a.min(where=np.isfinite(a), initial=0) < -1e100:
        what = "one observation's log p(x, z = j), two or more, not all of them -inf"
        raise ValueError(f"log_joint must be {what}, got {arguments.shown(log_joint)}")
    return a


def _path(path, k):
    q = arguments.distribution("path", path, f"(m, {k})", f"as log_joint has {k} entries")
    if not 1 <= len(q) <= common.FRAMES:
        raise ValueError(f"path must hold 1 to {common.FRAMES} distributions, got {len(q)}")
    return q


def _default_path(posterior):
    k = len(posterior)
    t = np.linspace(0, 1, 11)[:, None]
    if k == 2:
        first = np.sort(np.append(np.linspace(0.02, 0.98, 25), np.clip(posterior[0], 0.001, 0.999)))
        return np.column_stack([first, 1 - first])
    corner, flat = np.full(k, 0.02), np.full(k, 1 / k)
    corner[0] = 1 - 0.02 * (k - 1)
    return np.concatenate([(1 - t) * corner + t * posterior, ((1 - t) * posterior + t * flat)[1:]])


def _list(row):
    return ", ".join(number(v) for v in row[:6]) + (", .." if len(row) > 6 else "")


def _shares(q, other, name):
    k = len(q)
    at = np.arange(1, k + 1)
    boxes = [[j - 0.3, 0, j + 0.3, value] for j, value in zip(at, q, strict=True)]
    lines = np.concatenate([[[j - 0.4, v], [j + 0.4, v], [np.nan, np.nan]] for j, v in zip(at, other, strict=True)])
    return (
        film.bars("q", boxes, colours=[common.colour(j) for j in range(k)]),
        film.path(name, lines, colour="ink", width=3),
    )


def _share_panel(k, name):
    where = tuple((j, str(j)) for j in range(1, k + 1))
    key = (("q", "fill", "faint", 0), (name, "line", "ink", 0))
    return film.Panel("component", "probability", (0.4, k + 0.6), (0, 1.05), width=400, key=key, xticks=where)
