"""How an answer becomes points: numbers, choices, orders and functions; whatever it is, marking raises nothing.

A marker is a function of (answer, given), given being all answers by name, and returns a `Mark`. It is asked only where
something was answered. What is known of wrong answers stands in the questions' records: a `Slip` for a number, a reason
for a choice or a line, an `Exercise` with its mistakes for a function, which the tutor then judges as `check` does.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from emtutor import worker
from emtutor.exam.reading import Unread, letter, letters, numbers
from emtutor.tutor import values
from emtutor.tutor.check import judged
from emtutor.tutor.trial import Returned, trial

TWO_DECIMALS = 0.0051  # half a unit of the second decimal, and a little for the last bit
HALF = 0.5  # of the points, for what is right but for its sign or its unit


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


class Slip(NamedTuple):
    """Wrong values that people find, NaN where this slip finds no other than the right one, and what went wrong.

    share: of the points, for a value that is wrong in nothing else.
    """

    values: Any
    why: str
    share: float = 0.0


def halves(points):
    """Rounded down to half a point."""
    return math.floor(2 * points + 1e-9) / 2


# ---- numbers


def near(right, points, names=None, within=TWO_DECIMALS, own=None, slips=()):
    """Marks a list of numbers, each for its share of the points; own(given): right numbers by the learner's own way."""
    right = np.atleast_1d(np.asarray(right, float))
    names = names or [f"number {i + 1}" for i in range(len(right))]
    table = [np.broadcast_to(np.asarray(slip.values, float), right.shape) for slip in slips]

    def mark(answer, given):
        got = _nearest(answer, right, within)
        good = np.abs(got - right) <= within
        other = own(given) if own else None
        if other is not None:
            good |= np.abs(got - other) <= within
        lost = np.flatnonzero(~good)
        if not lost.size:
            return Mark(points)
        known = [[j for j, wrong in enumerate(table) if abs(got[i] - wrong[i]) <= within] for i in lost]
        earned = good.sum() + sum(max((slips[j].share for j in found), default=0) for found in known)
        note = " ".join(dict.fromkeys(slips[j].why for j in _explaining(known)))
        note = f"Not right: {', '.join(names[i] for i in lost)}. {note}" if len(right) > 1 else note
        return Mark(halves(points * earned / len(right)), note.strip() or "Another number is right.")

    return mark


def _nearest(answer, right, within):
    """The numbers as read, "ln 1/8" in the way that makes them right if one does."""
    plain, wide = (_readable(answer, len(right), wide) for wide in (False, True))
    if plain is None or wide is None:
        return numbers(answer, len(right), plain is None and wide is not None)
    return np.where(np.abs(wide - right) <= within, wide, plain)


def _readable(answer, count, wide):
    try:
        return numbers(answer, count, wide)
    except Unread:
        return None


def _explaining(known):
    """Of the slips that explain each wrong number the first that explains all of them, else the first of each."""
    all_of_them = [j for j in known[0] if all(j in found for found in known)]
    return all_of_them[:1] or [found[0] for found in known if found]


# ---- choices


def choice(right, points, why=None):
    """Marks one letter; why: {wrong letter: what speaks against it}."""

    def mark(answer, given):
        got = letter(answer)
        return Mark(points) if got == right else Mark(0, (why or {}).get(got, "Another answer is right."))

    return mark


def several(right, points, why):
    """Marks a set of letters: right ones less wrong ones, by their share; why: {letter: what is true of it}."""

    def mark(answer, given):
        got = letters(answer)
        wrong, missing = sorted(set(got) - set(right)), sorted(set(right) - set(got))
        notes = [f"{one} is not: {why[one]}" if one in why else f"There is no {one}." for one in wrong]
        notes += [f"{one} is missing: {why[one]}" for one in missing]
        found = len(set(right)) - len(missing) - len(wrong)
        return Mark(halves(points * max(found, 0) / len(right)), " ".join(notes))

    return mark


def order(right, points, why):
    """Marks lines in an order: as far as they are right from the beginning; right ones in another order count half.

    why: {letter of a line that does not belong: what speaks against it}. Each letter too many takes one away.
    """

    def mark(answer, given):
        got = letters(answer)
        if got == right:
            return Mark(points)
        begun = next((i for i, (a, b) in enumerate(zip(got, right, strict=False)) if a != b), min(len(got), len(right)))
        both = len(set(got) & set(right))
        share = max(begun - max(len(got) - len(right), 0), (both - (len(got) - both)) / 2, 0) / len(right)
        return Mark(min(halves(points * share), points - HALF), " ".join(_order_notes(got, right, begun, why)))

    return mark


def _order_notes(got, right, begun, why):
    if begun:
        yield f"Right from the beginning: {right[:begun]}."
    for one in dict.fromkeys(got):
        if one not in right:
            yield f"{one} does not belong: {why[one]}" if one in why else f"There is no line {one}."
    wrong = got[begun : begun + 1]
    if wrong and wrong in right:
        after = f"from {right[begun - 1]}" if begun else "from what is given"
        yield f"{wrong} does not follow {after} by one rule." if wrong not in right[:begun] else f"{wrong} comes twice."
    if right.startswith(got):
        yield f"{len(right) - len(got)} more belong to it."


# ---- functions


def function(exercise, points, shares=None):
    """Marks a function by an `Exercise`; points: one number for each of its outputs, in their order.

    An output that is right in every problem earns its points. One that is right in the first, ordinary problem and not
    in all earns half of them. shares: {mistake: share of all points}, for what is nearly right. The tutor says what is
    wrong, as `check` does.
    """
    out = exercise.out

    def mark(answer, given):
        if not callable(answer):
            return Mark(0, "A function is expected, written with `def` under the name in the question.")
        problems = exercise.problems(None)
        with worker.session(answer) as session:
            tried = trial(session, problems, out, exercise.seconds)
        good = np.array([_right(run, exercise.solution, out) for run in tried.runs])
        always = good.all(axis=0) & (len(good) == len(problems))
        earned = sum(
            p if whole else p / 2 if first else 0 for p, whole, first in zip(points, always, good[0], strict=True)
        )
        if always.all():
            return Mark(sum(points))
        said = judged(answer, exercise)
        nearly = (shares or {}).get(said.mistake, 0) * sum(points)
        return Mark(halves(max(earned, nearly)), _one_line(said.sentences) or "Its result is not right.")

    return mark


def _right(run, solution, out):
    """One truth value for each output."""
    if not isinstance(run, Returned):
        return [False] * len(out)
    want = values.read(solution(*run.problem.args.values()), out)
    return [values.close([g], [w], 1e-9) for g, w in zip(run.outputs, want, strict=True)]


def _one_line(text):
    return " ".join(text.split())
