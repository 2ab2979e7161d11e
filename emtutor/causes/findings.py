"""What a finding is, and when two outputs count as the same."""

from typing import NamedTuple

import numpy as np

from emtutor.problems.worlds import World


class Finding(NamedTuple):
    """One true thing about a wrong answer."""

    slug: str  # "pi equal", "factor", "transposed"
    sentence: str  # what a student can act on
    cause: str = ""  # the kind of mistake it names: "factor", "sign", "axis", "term", "unit", "argument", ...
    about: str = ""  # the argument, axis or term that it is about: "pi", "n", "log det Sigma_j"
    part: str | None = None  # which part of a tuple it speaks of: "Sigma"
    weight: float = 0.0  # how specific and actionable it is; the best comes first


class Pair(NamedTuple):
    world: World
    a: np.ndarray  # the answer's output
    t: np.ndarray  # the truth


def same(a, b, rtol=1e-6, scale=None):
    """Equal up to rounding, relative to the size of the numbers compared (or to `scale`)."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        return False
    finite = np.isfinite(b)
    if not np.array_equal(finite, np.isfinite(a)):
        return False
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return False
    if not finite.any():
        return True
    a, b = a[finite], b[finite]
    size = np.abs(b) + (1e-6 * np.abs(b).max() if scale is None else 1e-9 * scale) + 1e-12
    return bool((np.abs(a - b) <= rtol * size).all())


def axis_words(letter):
    return {"n": "points", "k": "components", "d": "columns", "t": "time steps", "a": "rows", "b": "columns"}.get(
        letter, "entries"
    )


NICE = {
    2: "twice",
    0.5: "half",
    4: "four times",
    0.25: "a quarter of",
    3: "three times",
    1 / 3: "a third of",
    1 / np.log(2): "1/ln 2 times",
    np.log(2): "ln 2 times",
    1 / np.log(10): "1/ln 10 times",
    np.pi: "pi times",
    2 * np.pi: "2 pi times",
    1 / (2 * np.pi): "1/(2 pi) times",
    np.sqrt(2 * np.pi): "sqrt(2 pi) times",
    1 / np.sqrt(2 * np.pi): "1/sqrt(2 pi) times",
    np.sqrt(2): "sqrt 2 times",
    np.sqrt(0.5): "1/sqrt 2 times",
    1: "exactly",
}
COEFFICIENTS = {
    1.0: "",
    0.5: "half of ",
    2.0: "twice ",
    1.5: "3/2 of ",
    0.25: "a quarter of ",
    3.0: "three times ",
    4.0: "four times ",
}


def nice(c):
    """A constant in words ("-2" -> "minus twice"), or None if it is none that we know."""
    for value, words in NICE.items():
        if abs(abs(c) - value) <= 1e-6 * value:
            return words if c > 0 else f"minus {words}"
    return None
