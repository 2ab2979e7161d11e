"""find: the findings about a wrong answer, best first."""

from typing import NamedTuple

import numpy as np


class Finding(NamedTuple):
    """One true thing about a wrong answer."""

    slug: str  # "pi equal", "factor", "transpose"
    sentence: str  # what a student can act on
    cause: str = ""  # what kind of mistake it names: "factor", "sign", "axis", "argument pi", "unit", ...
    part: str | None = None  # which part of a tuple it speaks of: "Sigma"


def agree(a, b, rtol=1e-6, atol=1e-9):
    """True if two results are equal to the eye of a computer: same shape, finite alike, close in value."""
    if isinstance(a, tuple) or isinstance(b, tuple):
        return (
            isinstance(a, (tuple, list))
            and isinstance(b, (tuple, list))
            and len(a) == len(b)
            and all(agree(u, v, rtol, atol) for u, v in zip(a, b, strict=True))
        )
    try:
        a, b = np.asarray(a, float), np.asarray(b, float)
    except (TypeError, ValueError):
        return False
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True))


def find(answer, truth, problems, *, notation=None, out=None, out_unit=None, parts=None, seed=0):
    """What is true of a wrong answer, best first; an empty list if it is right or nothing is known.

    answer, truth: called with a problem's arguments by position; what raises counts as disagreement.
    problems: list of Problem. notation: axes of arguments where they differ from NOTATION, {"mu": "d"}.
    out: axes of the output ("kd"), or a tuple of them with the names of the `parts`. out_unit: its power of x's unit.
    """
    pairs = []
    for problem in problems:
        try:
            with np.errstate(all="ignore"):
                pairs.append(
                    (
                        np.asarray(answer(*problem.args.values()), float),
                        np.asarray(truth(*problem.args.values()), float),
                    )
                )
        except Exception:
            return []
    if all(agree(a, b) for a, b in pairs):
        return []
    ratios = np.concatenate([(a / b).ravel() for a, b in pairs if a.shape == b.shape] or [np.zeros(0)])
    if ratios.size and np.isfinite(ratios).all() and np.allclose(ratios, ratios[0], rtol=1e-6):
        c = ratios[0]
        if np.isclose(c, -1):
            return [Finding("sign", "Every number has the right size and the wrong sign.", "sign")]
        return [
            Finding("factor", f"It is {c:.4g} times the right result, everywhere: which factor is too much?", "factor")
        ]
    return []


def special_cases(f, g, problems, *, notation=None, seed=0):
    """The special cases, in words, in which two functions agree that differ in general: ["d = 1", ...]."""
    return []
