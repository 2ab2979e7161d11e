"""The scene `softness`: one slider from hard to soft assignments, and EM beside it on the same means."""

import numpy as np

from emtutor.films import film
from emtutor.films.marks import number
from emtutor.films.scenes import common, learners, pictures
from emtutor.maths import arguments, gaussian
from emtutor.maths import kmeans as hard
from emtutor.maths.model import learners as written
from emtutor.maths.theta import Theta, check_with

SHARES = np.concatenate([[1e-4], np.geomspace(0.01, 4, 24)])  # of the data's mean variance: from hard to soft


def softness(x, theta0, betas=None, *, soft_assign=None, labels=None):
    """Film of soft k-means' responsibilities as the variance beta grows, beside those of EM, for the same means.

    x (n, 2), in standard deviations of each column, as a single beta asks for; theta0 = (pi, mu, Sigma) in the units of
    x. betas: variances > 0, in squared standard deviations. soft_assign(x, mu, beta) -> r (n, k): a learner's, or None
    for the package's. The means can be dragged, in both pictures at once.
    """
    x, *_ = check_with(x, theta0)
    x, names = common.plane(x, labels)
    mean, scale = x.mean(0), np.where(x.std(0) > 0, x.std(0), 1)
    names = tuple(f"{name.rsplit(' (', 1)[0]} (standard deviations)" for name in names)
    theta = Theta(*(np.asarray(part, float) for part in theta0))
    theta = Theta(theta.pi, (theta.mu - mean) / scale, theta.Sigma / np.outer(scale, scale))
    betas = SHARES if betas is None else betas
    betas = arguments.several("betas", betas, "variances > 0", lambda b: 0 < b.min() <= b.max() < np.inf)
    mine, whose = written(soft_assign=soft_assign)
    pair = _Pair((x - mean) / scale, theta, betas, mine)
    return film.Film(
        title="From hard to soft, and EM beside it" + (f": {whose}" if mine else ""),
        caption="Left: every component has the variance beta and the same weight; near 0 each point belongs to "
        "its nearest mean alone, as in k-means. Right: EM, each with weight and covariance. The means are the same.",
        panels=(
            film.Panel(*names, *pair.limits, width=400),
            film.Panel(names[0], names[1], *pair.limits, width=400),
        ),
        frames=tuple(pair.frame(i, theta.mu) for i in range(len(betas))),
        slider="beta",
        end="To the last",
        poster=len(betas) // 2,
        handles=tuple(
            film.Handle(
                f"mean {j + 1}", names, xlim=pair.limits[0], ylim=pair.limits[1], carries=((f"number {j + 1}", "at"),)
            )
            for j in range(len(theta.mu))
        ),
        hand=lambda i, places, held: pair.frame(i, np.array(places, float), held),
    )


def _told(beta):
    """In words; not 0.000, which it is not."""
    return number(beta, 3) if beta >= 0.001 else f"{beta:g}"


class _Pair:
    def __init__(self, x, theta, betas, mine):
        self.x, self.theta, self.betas, self.mine = x, theta, betas, mine
        self.trouble = ""
        self.limits = common.around(x, theta.mu, margin=0.12)
        self.drawing = pictures.Plane(x, [])

    def shares(self, mu, beta):
        """(r (n, k), a sentence where it is not the learner's). What failed is not asked again: it may hang."""
        right = hard.soft_assign(self.x, mu, beta)
        if self.mine and not self.trouble:
            with learners.calling(**self.mine) as called:
                try:
                    r = np.asarray(called["soft_assign"](self.x, mu, float(beta)), float)
                    if r.shape == right.shape and np.isfinite(r).all():
                        return r, ""
                    self.trouble = "did not return finite numbers of shape (n, k)."
                except learners.Failure as failure:
                    self.trouble = common.sentence(str(failure))
                except (TypeError, ValueError):
                    self.trouble = "returned something else than numbers."
        return right, self.trouble and f"Your soft_assign {self.trouble} The package's shares are shown. "

    def frame(self, i, mu, held=None):
        beta, following = self.betas[i], self.betas[i + 1] if i + 1 < len(self.betas) else None
        soft, trouble = self.shares(mu, beta)
        q = gaussian.e_step(self.x, self.theta._replace(mu=mu))
        shared = [int((r.max(1) < 0.9).sum()) for r in (soft, q)]
        away = int((soft.argmax(1) != q.argmax(1)).sum())
        where = "" if held is None else f"Mean {held + 1} at ({', '.join(number(v) for v in mu[held])}). "
        return film.Frame(
            marks=(*self._cloud(soft, mu, 0, beta), *self._cloud(q, mu, 1)),
            words=f"{trouble}{where}beta = {_told(beta)} squared standard deviations: {shared[0]} of "
            f"{len(self.x)} points are shared (no share of theirs reaches 0.9); in EM {shared[1]}. Points "
            f"whose largest share goes to another mean in EM: {away}.",
            label=f"beta {_told(beta)}" if held is None else "by hand",
            next="" if following is None else f"beta {_told(following)}",
            heads=(f"Soft k-means, beta = {_told(beta)}", "EM"),
            places=tuple(mu),
        )

    def _cloud(self, r, mu, panel, beta=None):
        colours, shapes = common.blend(r, len(self.x))
        suffix = " of EM" * panel
        yield film.points(f"data{suffix}", self.x, colour=colours, shape=shapes, panel=panel)
        round_ = None if beta is None else np.tile(beta * np.eye(2), (len(mu), 1, 1))
        theta = self.theta._replace(mu=mu, Sigma=self.theta.Sigma if round_ is None else round_)
        for j, six in pictures.ellipses_of(theta):
            look = {"colour": common.colour(j), "dash": common.dash(j)}
            yield film.ellipse(f"component {j + 1}{suffix}", six, panel=panel, **look)
        for j, at in enumerate(common.apart(list(mu), self.limits)):
            yield film.text(f"number {j + 1}{suffix}", at, str(j + 1), ring=common.colour(j), panel=panel)
