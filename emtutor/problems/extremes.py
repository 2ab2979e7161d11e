"""What a statement allows and ordinary data never show: rare components, repeated rows, ties, a thousand points.

One table, `EXTREMES`: label -> (the arguments that it concerns, how such a world is made, what to ask whoever is wrong
only there). A right answer is right there too; a clip, a rounding, an `np.unique` or an `abs` is not.
"""

import numpy as np

from emtutor.maths import formulas
from emtutor.problems.making import completed, dense, mixture, pick, rescaled, world
from emtutor.problems.problem import Problem

RARE = 1e-12  # the smallest weight that is tried


def posed(names, rng, *, hostile=True, without=(), **given):
    """`mixture(names, rng)` and, after it, every extreme that concerns one of the names.

    without: labels of `EXTREMES` that the exercise does not allow. The rest is as in `mixture`.
    """
    return [*mixture(names, rng, hostile=hostile, **given), *extremes(names, rng, without=without, **given)]


def extremes(names, rng, *, without=(), **given):
    """The problems of `EXTREMES` that concern one of the names. They take nothing from rng's own stream."""
    names = names.split() if isinstance(names, str) else list(names)
    if unknown := set(without) - set(EXTREMES):
        raise ValueError(f"no extreme is called {', '.join(sorted(unknown))}: known are {', '.join(EXTREMES)}")
    streams = rng.spawn(len(EXTREMES))
    return [
        Problem(label, pick(make(stream), names, given), extreme=True)
        for (label, (concerned, make, _)), stream in zip(EXTREMES.items(), streams, strict=True)
        if label not in without and not concerned.isdisjoint(names)
    ]


def rare(w):
    """The same world, one weight at `RARE`: a third of the points lie where that component counts as much as others."""
    pi = np.where(np.arange(w["k"]) == 1, RARE, w["pi"])
    pi = pi / pi.sum()
    x, mu, Sigma = w["x"].copy(), w["mu"].copy(), w["Sigma"]
    away = mu[0] + np.linspace(2, 30, 300)[:, None] * np.linalg.cholesky(Sigma[0])[:, 0]
    others = np.delete(formulas.log_joint(away, pi, mu, Sigma), 1, axis=1).max(1)
    own = np.log(pi[1]) - np.linalg.slogdet(2 * np.pi * Sigma[1])[1] / 2
    mu[1] = away[np.argmax(others < own)]  # there the rare component begins to win
    x[1::3] = mu[1] + 0.05 * (x[1::3] - x[1::3].mean(0))
    return completed(w | {"x": x, "mu": mu, "pi": pi, "a": np.log(pi) + 0.4})


def repeated(w):
    """The same world in which some points occur twice or three times, with all that belongs to them."""
    again = np.arange(w["n"])
    again[1:3], again[5] = again[0], again[4]
    rows = {name: w[name][again] for name in ("x", "r", "q", "log_joint", "log_joint_new")}
    labels = np.where(np.isin(np.arange(w["n"]), (3, w["n"] - 1)), 1, 0)
    return completed(w | rows | {"labels": labels if w["k"] == 2 else w["labels"]})


def whole(w):
    """The same world with whole numbers in x, as integers."""
    w = rescaled(w, 10.0)
    return completed(w | {"x": np.rint(w["x"]).astype(int)})


def below_zero(w):
    """The same world in a smaller unit, with every coordinate of x and mu below zero."""
    w = rescaled(w, 100.0)
    shift = 1.1 * np.concatenate([w["x"], w["mu"]]).max(0)
    return completed(w | {"x": w["x"] - shift, "mu": w["mu"] - shift})


def tied(w):
    """The same world, its first two components equal, and their log-joints in every row."""
    pi, mu, Sigma, a = (w[name].copy() for name in ("pi", "mu", "Sigma", "a"))
    pi[:2] = pi[:2].mean()
    joints = {name: w[name] + [0.7, 0.7, 0.0] for name in ("log_joint", "log_joint_new")}
    for v in (mu.T, Sigma.T, a, *joints.values()):
        v[..., 1] = v[..., 0]
    return completed(w | {"pi": pi, "mu": mu, "Sigma": Sigma, "a": a} | joints)


def sparse(w):
    """The same world with zeros in r (and q), rows that are certain, and a probability of 1e-300; k is 3."""
    r = w["r"].copy()
    r[:4] = [[1.0, 0.0, 0.0], [1e-300, 0.25, 0.75], [0.0, 0.0, 1.0], [0.0, 0.4, 0.6]]
    return completed(w | {"r": r, "q": r})


def almost_empty(w):
    """The same world in which one component holds about a millionth of a point."""
    r = np.where(np.arange(w["k"]) == 1, 1e-6, 1.0) * w["r"]
    r = r / r.sum(1, keepdims=True)
    return completed(w | {"r": r, "q": r})


def shifted(w, amount):
    """The same world, its log-joints moved: as they are where densities are very large or very small."""
    return completed(w | {name: w[name] + amount for name in ("log_joint", "log_joint_new")})


_WEIGHTS = frozenset({"pi", "a", "theta_a"})
_DATA = frozenset({"x"})
_JOINT = frozenset({"log_joint", "log_joint_old", "log_joint_new"})
_SHARES = frozenset({"r", "q", "q_old"})
EXTREMES = {
    "a rare component": (
        _WEIGHTS, lambda rng: rare(world(rng, 6, 3, 2)),
        "What becomes of a weight of 1e-12 that is rounded, cut off or has a small number added?"),
    "repeated rows": (
        _DATA, lambda rng: repeated(world(rng, 7, 2, 2)),
        "Are points told apart by their values, or by their index?"),
    "densities far above one": (
        _DATA | {"Sigma"}, lambda rng: dense(world(rng, 6, 2, 2)),
        "A density may be a million: is it taken for a probability, or cut off somewhere?"),
    "whole numbers in x": (
        _DATA, lambda rng: whole(world(rng, 6, 3, 2)),
        "Which array has taken the type of x, integers, and drops what stands behind the point?"),
    "all numbers below zero": (
        _DATA | {"mu"}, lambda rng: below_zero(world(rng, 8, 2, 3)),
        "What does an absolute value do here, or a search that starts from 0?"),
    "two equal components": (
        _WEIGHTS | {"beta"} | _JOINT, lambda rng: tied(world(rng, 7, 3, 2)),
        "Two components claim a point alike: does your formula decide for one of them?"),
    "zeros and tiny entries in r": (
        _SHARES, lambda rng: sparse(world(rng, 7, 3, 2)),
        "What becomes of an entry of 0, and of one of 1e-300?"),
    "a component that is almost empty": (
        _SHARES, lambda rng: almost_empty(world(rng, 7, 3, 2)),
        "What is added to a count of a millionth, or rounded away?"),
    "log-densities near 900": (
        _JOINT, lambda rng: shifted(world(rng, 5, 3, 2), 900.0),
        "What is exp(900) for a computer, and what can be taken out before?"),
    "probabilities near 1e-300": (
        _JOINT, lambda rng: shifted(world(rng, 5, 3, 2), -688.0),
        "What is left of 1e-300 where a small number is added to it, or another such number multiplies it?"),
    "5 components in 6 dimensions": (
        _DATA | _SHARES | _JOINT | {"mu"}, lambda rng: world(rng, 9, 5, 6),
        "Which size is written as a number, or taken from the wrong axis?"),
    "1000 points": (
        _DATA | _SHARES | _JOINT, lambda rng: world(rng, 1000, 2, 2),
        "What becomes of a product of a thousand factors, or of a loop that ends early?"),
}  # fmt: skip


def asks(label):
    """What to ask whoever is right on ordinary data and wrong for this label of `EXTREMES`; "" for other labels."""
    return EXTREMES[label][2] if label in EXTREMES else ""
