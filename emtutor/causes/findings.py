"""What a hypothesis and a finding are, and when two outputs count as the same."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from emtutor.causes import wording

# The answer is what a hypothesis makes; a constant times that; has a property that names its cause; narrows it down.
EQUAL, SCALED, SURE, PROPERTY = range(4)


class Hypothesis(NamedTuple):
    """A function that may have been written in the place of the truth."""

    relation: str  # how `wording` tells it; {names} stand for `objects`
    cause: str  # a key of FAMILIES
    subject: str  # the argument, axis or term that it is about: "pi", "n", "log det Sigma_j"
    output: Callable  # (world, the truth's output there) -> what would come out; None where it says nothing
    objects: Mapping = MappingProxyType({})
    question: str = ""  # where the family's own is too general
    cost: int = 1  # how many changes it takes


class Finding(NamedTuple):
    """One true thing about a wrong answer: `wording.sentence` tells it."""

    relation: str
    cause: str
    subject: str = ""
    objects: Mapping = MappingProxyType({})  # names and numbers of the relation; "c": the constant of a scaled one
    question: str = ""
    exactness: int = EQUAL
    cost: int = 1
    name: str = "result"  # what the output is called
    part: str | None = None  # which part of a tuple it speaks of
    others: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())  # the parts that are right, and those that are wrong
    besides: str = ""  # the label of a problem on which the answer has no number at all

    @property
    def telling(self):
        """True if it names a cause, and does not only say how the answer behaves."""
        return self.exactness < PROPERTY

    @property
    def sentence(self):
        """The finding, told of a learner's own result."""
        return wording.sentence(self)


class Pair(NamedTuple):
    """The answer's output and the truth's on one problem."""

    world: object
    a: np.ndarray
    t: np.ndarray


def agree(a, b, rtol=1e-6, atol=1e-9):
    """True if two results are equal to the eye of a computer: same shape, finite alike, close in value."""
    if isinstance(a, (tuple, list)) and isinstance(b, tuple):
        return len(a) == len(b) and all(agree(u, v, rtol, atol) for u, v in zip(a, b, strict=True))
    try:
        a, b = np.asarray(a, float), np.asarray(b, float)
    except (TypeError, ValueError):
        return False
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True))


def same(a, b, rtol=1e-6):
    """Equal up to rounding, relative to the size of the numbers compared."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        return False
    finite = np.isfinite(b)
    if not np.array_equal(finite, np.isfinite(a)) or not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return False
    if not finite.any():
        return True
    a, b = a[finite], b[finite]
    size = np.abs(b) + 1e-6 * np.abs(b).max() + 1e-12
    return bool((np.abs(a - b) <= rtol * size).all())


def alike(a, b, rtol=1e-7):
    """`same` for outputs that may be tuples."""
    if isinstance(a, tuple) or isinstance(b, tuple):
        both = isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b)
        return both and all(alike(u, v, rtol) for u, v in zip(a, b, strict=True))
    return same(a, b, rtol)


def finite(t, how=all):
    """True if all numbers of an output are finite, or any."""
    return all(how(np.isfinite(u).ravel()) for u in (t if isinstance(t, tuple) else (t,)))


def factor(a, b):
    """The constant c with a = c b, if it is one that has a name; 0 if there is none."""
    if b is None or isinstance(a, tuple) != isinstance(b, tuple):
        return 0.0
    if alike(a, b):
        return 1.0
    if isinstance(a, tuple) or a.shape != b.shape or not a.size or not np.isfinite(b).all() or not np.abs(b).max() > 0:
        return 0.0
    with np.errstate(all="ignore"):
        c = float((a * b).sum() / (b * b).sum())
    return c if c and wording.nice(c) and alike(a, c * b) else 0.0
