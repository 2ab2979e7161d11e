"""What the lecture's names stand for: axes, power of the unit of x, constraint. And what a problem is."""

from typing import Any, NamedTuple

import numpy as np


class Problem(NamedTuple):
    """Arguments of a function, by the lecture's names in the function's order, and what they are in words.

    extreme: what a statement allows and ordinary data never show. It decides whether an answer is right; what is wrong
    with one that fails on ordinary problems is seen there.
    """

    label: str  # "hand-sized", "one component", "one point far out"
    args: dict[str, Any]
    extreme: bool = False


class Quantity(NamedTuple):
    """axes: one letter each, "" for a number. kind: what values are valid. unit: power of the unit of x."""

    axes: str
    kind: str = "real"
    unit: float = 0
    parts: tuple[str, ...] = ()  # a tuple of other quantities, by name


# Letters of axes: n points, d dimensions, k components, t times, m iterates or values of t, p parameters, a and b the
# values of two hidden variables. Kinds: real; points, means, centre (they move with x); spd, negative (definite);
# simplex (last axis sums to one), rows of z one-hot, labels; log (log-probabilities), logsimplex; positive, above1,
# chance (in (0, 1)), counts (whole numbers); size (of an axis); opaque (left alone).
NOTATION: dict[str, Quantity | tuple[Quantity, ...]] = {
    "x": (Quantity("nd", "points", 1), Quantity("n", "counts")),
    "pi": Quantity("k", "simplex"),
    "mu": (Quantity("kd", "means", 1), Quantity("d", "centre", 1)),
    "mu_a": Quantity("kd", "means", 1),
    "mu_b": Quantity("kd", "means", 1),
    "Sigma": (Quantity("kdd", "spd", 2), Quantity("dd", "spd", 2)),
    "r": Quantity("nk", "simplex"),
    "z": Quantity("nk", "onehot"),
    "labels": Quantity("n", "labels"),
    "R": Quantity("k", "positive"),
    "k": Quantity("", "size"),
    "n": Quantity("", "size"),
    "d": Quantity("", "size"),
    "beta": Quantity("", "positive", 2),
    "s": Quantity("", "positive", 1),
    "lam": Quantity("", "real"),
    "a": (Quantity("k", "real"), Quantity("nk", "positive")),
    "alpha": Quantity("k", "above1"),
    "q": (Quantity("nk", "simplex"), Quantity("k", "simplex")),
    "p": (Quantity("nk", "simplex"), Quantity("k", "simplex")),
    "q_old": Quantity("nk", "simplex"),
    "q1": Quantity("a", "simplex"),
    "q2": Quantity("b", "simplex"),
    "w": Quantity("k", "simplex"),
    "v": Quantity("k", "positive"),
    "log_p": (Quantity("ab", "log"), Quantity("k", "log")),
    "log_joint": (Quantity("nk", "log"), Quantity("k", "log")),
    "log_joint_old": Quantity("nk", "log"),
    "log_joint_new": Quantity("nk", "log"),
    "T": Quantity("", "positive"),
    "theta_a": Quantity("", "tuple", parts=("pi", "mu", "Sigma")),
    "theta_b": Quantity("", "tuple", parts=("pi", "mu", "Sigma")),
    "t": (Quantity("m", "real"), Quantity("", "real")),
    "heads": Quantity("n", "counts"),
    "flips": (Quantity("n", "counts"), Quantity("", "counts")),
    "theta": (Quantity("k", "chance"), Quantity("", "chance")),
    "rate": Quantity("k", "positive"),
    "y": Quantity("c", "counts"),
    "counts": Quantity("c", "counts"),
    "x2": Quantity("", "positive"),
    "eta1": Quantity("d", "real", -1),
    "eta2": Quantity("dd", "negative", -2),
    "m0": Quantity("d", "centre", 1),
    "kappa0": Quantity("", "positive"),
    "nu0": Quantity("", "positive"),
    "S0": (Quantity("dd", "spd", 2), Quantity("k", "positive")),
    "S1": Quantity("kd", "real", 1),
    "S2": Quantity("kdd", "real", 2),
    "S": Quantity("", "tuple", parts=("S0", "S1", "S2")),
    "S_block": Quantity("", "tuple", parts=("S0", "S1", "S2")),
    "log_pi": Quantity("k", "logsimplex"),
    "log_A": Quantity("kk", "logsimplex"),
    "log_B": Quantity("tk", "log"),
    "thetas": Quantity("mp", "real"),
    "filled": Quantity("nkd", "points", 1),
    "C": Quantity("nkdd", "real", 2),
    "log_likelihood": Quantity("", "real"),
    "mus": Quantity("mkd", "means", 1),
    "flat": Quantity("m", "real", 1),
    "away": Quantity("nkd", "real", 1),
    "step": Quantity("", "positive"),
    "tol": Quantity("", "opaque"),
    "max_iter": Quantity("", "opaque"),
    "rng": Quantity("", "opaque"),
}


def quantity(name, value, notation=None):
    """The `Quantity` of an argument: from `notation`, else from NOTATION, whichever alternative has the value's axes.

    `notation` maps a name to a Quantity or to axes alone ("d"). A name that nobody knows is left alone ("opaque").
    """
    known = (notation or {}).get(name)
    alternatives = NOTATION.get(name, Quantity("", "opaque"))
    alternatives = (alternatives,) if isinstance(alternatives, Quantity) else alternatives
    if isinstance(known, Quantity):
        return known
    if isinstance(known, str):
        return next((q for q in alternatives if q.axes == known), alternatives[0]._replace(axes=known))
    if alternatives[0].kind in ("opaque", "tuple"):
        return alternatives[0]
    ndim = np.ndim(value)
    return next((q for q in alternatives if len(q.axes) == ndim), Quantity("", "opaque"))
