"""What tests of films share: E-steps that are wrong in a way of their own, and where a mark lies."""

import numpy as np

from emtutor import film
from emtutor.maths import formulas


def coordinates(mark):
    """All (x, y) that a mark touches."""
    p = mark.props
    if mark.kind in ("points", "path"):
        return p["xy"][: p.get("count", len(p["xy"]))]
    if mark.kind == "ellipse":
        return film.curve(p["curve"])
    if mark.kind == "bell":
        return film.hump(p["bell"])
    if mark.kind == "band":
        return p["edges"][: p["count"]][:, [0, 1, 0, 2]].reshape(-1, 2)
    if mark.kind == "bars":
        return p["boxes"].reshape(-1, 2)
    if mark.kind == "arrows":
        return p["ends"].reshape(-1, 2)
    return p["at"][None]


def unnormalised(x, pi, mu, Sigma):
    return np.exp(formulas.log_joint(x, pi, mu, Sigma))


def columns(x, pi, mu, Sigma):
    r = np.exp(formulas.log_joint(x, pi, mu, Sigma))
    return r / r.sum(0)


def without_pi(x, pi, mu, Sigma):
    r = np.exp(formulas.log_joint(x, np.ones(2), mu, Sigma))
    return r / r.sum(1, keepdims=True)


def raising(x, pi, mu, Sigma):
    return 1 / 0


def hanging(x, pi, mu, Sigma):
    count = 0
    while True:
        count += 1
