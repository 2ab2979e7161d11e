"""How an answer becomes points: numbers, choices and functions; whatever it is, marking raises nothing.

A marker is a function of (answer, given), given being all answers by name, and returns a `Mark`. It is asked only where
something was answered.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from emtutor import worker
from emtutor.maths import em
from emtutor.tutor import values
from emtutor.tutor.trial import Raised, Refused, Returned, trial

TWO_DECIMALS = 0.0051  # half a unit of the second decimal, and a little for the last bit


class Mark(NamedTuple):
    """Points earned, and why not all of them."""

    points: float
    note: str = ""


class Part(NamedTuple):
    """What is asked for under one name: "2a" is answered by `answer_2a`."""

    name: str
    points: int
    mark: Callable[[Any, dict], Mark]
    right: Any  # an answer that earns all points
    model: str = ""  # why, in Markdown; the answer itself is shown besides

    @property
    def is_function(self):
        """True where a function is asked for."""
        return callable(self.right)


class Question(NamedTuple):
    """One question with the numbers of one seed."""

    number: int
    title: str
    lesson: str
    shown: str  # numbers, lines and choices that depend on the seed, in Markdown
    parts: tuple[Part, ...]

    @property
    def points(self):
        """Of all parts together."""
        return sum(part.points for part in self.parts)


def halves(points):
    """Rounded down to half a point."""
    return math.floor(2 * points + 1e-9) / 2


def is_open(answer):
    """True if nothing was answered: `...`, None, an empty text or list, a list of such, or a stub."""
    if answer is ... or answer is None:
        return True
    if isinstance(answer, str):
        return not answer.strip(" .?-_")
    if isinstance(answer, (list, tuple)):
        return all(is_open(item) for item in answer)
    if isinstance(answer, np.ndarray):
        return answer.size == 0
    return callable(answer) and em.is_stub(answer)


# ---- numbers


def numbers(answer, count):
    """(count,) floats, NaN for an item left open; raises `values.Odd` with a sentence."""
    if isinstance(answer, np.ndarray):
        answer = answer.ravel().tolist()
    items = list(answer) if isinstance(answer, (list, tuple)) else [answer]
    if len(items) != count:
        raise values.Odd(f"{count} number{'s are' if count > 1 else ' is'} expected; there are {len(items)}.")
    return np.array([_number(item) for item in items])


def _number(item):
    if item is ... or item is None:
        return math.nan
    a = values.read(item, {"": ""})[0].a
    if a.size != 1:
        raise values.Odd("Single numbers are expected, not a list within a list.")
    return float(a.ravel()[0])


def near(right, points, names=None, within=TWO_DECIMALS, own=None):
    """Marks a list of numbers, each for its share of the points; own(given): right numbers by the learner's own way."""
    right = np.atleast_1d(np.asarray(right, float))

    def mark(answer, given):
        got = numbers(answer, len(right))
        good = np.abs(got - right) <= within
        other = own(given) if own else None
        if other is not None:
            good |= np.abs(got - other) <= within
        labels = names or [f"number {i + 1}" for i in range(len(right))]
        lost = [label for label, fine in zip(labels, good, strict=True) if not fine]
        return Mark(halves(points * good.mean()), f"Not right: {', '.join(lost)}." if lost else "")

    return mark


# ---- choices


def letters(answer):
    """The letters and digits of a choice, upper case: "c, a" and ["C", "A"] are both "CA"."""
    if isinstance(answer, (list, tuple)):
        return "".join(letters(item) for item in answer)
    if not isinstance(answer, str):
        raise values.Odd("A text in quotation marks is expected, as described in the question.")
    return "".join(c for c in str.upper(answer) if c.isalnum())


def choice(right, points):
    """Marks one letter."""

    def mark(answer, given):
        got = letters(answer)
        if len(got) != 1:
            return Mark(0, "One letter is expected.")
        return Mark(points) if got == right else Mark(0, "Another answer is right.")

    return mark


# ---- functions


def function(solution, problems, points, out):
    """Marks a function; points: one number for each output, in the order of out, {name: axes}.

    An output that is right in every problem earns its points. One that is right in the first, ordinary problem and not
    in all earns half of them.
    """

    def mark(answer, given):
        if not callable(answer):
            return Mark(0, "A function is expected, written with `def` under the name in the question.")
        with worker.session(answer) as session:
            runs = trial(session, problems, out).runs
        good = np.array([_right(run, solution, out) for run in runs])
        always = good.all(axis=0) & (len(good) == len(problems))
        earned = sum(
            p if whole else p / 2 if first else 0 for p, whole, first in zip(points, always, good[0], strict=True)
        )
        return Mark(halves(earned), "" if always.all() else _why(runs, good, out))

    return mark


def _right(run, solution, out):
    """One truth value for each output."""
    if not isinstance(run, Returned):
        return [False] * len(out)
    want = values.read(solution(*run.problem.args.values()), out)
    return [values.close([g], [w], 1e-9) for g, w in zip(run.outputs, want, strict=True)]


def _why(runs, good, out):
    index = int(np.argmin(good.all(axis=1)))
    run = runs[index]
    where = f'In the case "{run.problem.label}"'
    if isinstance(run, Raised):
        line = f" (`{run.failure.source}`)" if run.failure.source else ""
        return f"{where} it stopped with {run.failure.kind}: {run.failure.text}{line}."
    if isinstance(run, Refused):
        return f"{where}: {run.why}"
    names = [name for name, fine in zip(out, good[index], strict=True) if not fine and name]
    return f"{where} {' and '.join(names) or 'its result'} {'are' if len(names) > 1 else 'is'} not right."
