"""What an exercise is, and where all of them are found.

An exercise is one record. A lesson's records stand in `emtutor/lessons/lNN/exercises.py`, in a list `EXERCISES` in the
lesson's order; a module is found by being there. `register(exercise)` and other packages add theirs
(docs/your-own-exercise.md). The whole of one, in a file of its own:

    import numpy as np

    from emtutor import problems
    from emtutor.tutor.exercise import Exercise, Mistake

    def update_pi(r):
        return r.sum(0) / len(r)

    EXERCISES = [
        Exercise(
            update_pi, lesson="04-lagrange", out={"pi": "k"}, problems=lambda rng: problems.posed("r", rng),
            statement="The weights that maximise sum_j R_j log pi_j on the simplex, from r (n, k).",
            mistakes=[
                Mistake("lambda-k", lambda r: r.sum(0) / r.shape[1],
                        "You divided by the number of components. What does R_1 + ... + R_k sum to?"),
            ],
            ask={
                "sum-for-mean:n": "Which constraint did lambda stand for?",
                "hard:r": "May a point count in part for several components?",
            },
            hints=["a nudge", "a step", "nearly there"],
            by_hand="Take three points and two components and ...",
            chain="pi_lagrange",
        ),
    ]

solution   a function with the learner's name and parameters. Its source is shown by `solution()` and put into the stub
           by `emtutor solve`, so it is readable and self-contained: about a dozen lines, only `np` and imports inside.
statement  one to three sentences: what the function returns, with every symbol's shape. Not how.
out        names and axes of what is returned, in order: {"r": "nk"}, {"pi": "k", "mu": "kd", "Sigma": "kdd"}, and
           {"log_likelihood": ""} for a number. Several names: a tuple in this order is expected.
problems   rng -> list of `Problem(label, args)`, args by parameter name in order; hand-sized first, then hostile ones.
           They must tell every two mistakes apart; use `emtutor.problems`: `posed` gives a mixture's, and the
           extremes that a statement allows (a rare component, repeated rows, ties, whole numbers, a thousand points).
mistakes   wrong formulas that no table of `emtutor.causes` makes: rows of a slug, a function of the same parameters and
           a hint. An answer is named by the first that agrees with it on every problem (where the mistake raises or
           returns None it says nothing) and that differs from the truth on one. The hint says what is wrong and asks
           one question. `same_as` lists slugs that no problem can tell apart from this one. Mistakes may use anything,
           emtutor too; only solutions may not. Try `check` on a wrong formula first: a sign, a factor, an inverse, a
           mean for a sum, hard r and many others are told as they are.
ask        questions by cause, for what the tables name: {"sign": "Put mu to the left of a point: does it rise?"}. A
           key is a cause of `emtutor.causes.FAMILIES`, alone or with its subject after a colon: an argument
           ("inverse:Sigma", "argument:pi"), a letter of an axis ("axis:n", "index:k") or a term
           ("term:log det Sigma_j"). The key with the subject is tried first, then the cause alone, then the family's
           own question. The value is one question, without the statement of what is wrong: that is made from what was
           found.
hints      three or more, from a nudge to nearly the answer, none of them a line of the solution.
by_hand    what to try with pencil and paper when the hints are used up.
chain      name of the derivation that leads to the formula, "grad_mu": `hint` says where to read it at the end.
notation   axes of parameters, and their kind, where they differ from `NOTATION` (handed to `causes.find`).
judge      (problem, output) -> "" if the output is right, else a sentence for the student, or a pair (slug, sentence).
           For open answers and algorithms, where the solution's own value is only one of the right ones. Shapes (axes
           "t" and "m" may have any length) and NaN are looked at before it is asked.
scale      (*args) -> the size of the terms that cancel (a number or one for each output), for outputs that are exactly
           zero on some problem: differences below 1e-9 of it do not count.
extra      extra sentence for wrong values: (problem, output, expected) -> "" or a true sentence, tried before causes.
seconds    of computing that an answer may take on all problems; more where right ones are slow.
index      names of outputs that are used in brackets, `mu_a[p]`: whole numbers by type, in an array or a list.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from inspect import signature
from typing import Any, NamedTuple

from emtutor import worker
from emtutor.tutor import lessons


class Mistake(NamedTuple):
    """A wrong formula that people write, and what to say to those who did."""

    slug: str
    function: Callable
    hint: str
    same_as: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise; the module's docstring says what each field is."""

    solution: Callable
    lesson: str
    statement: str
    out: dict[str, str]
    problems: Callable[[Any], list]
    hints: list[str]
    mistakes: list[Mistake] = field(default_factory=list)
    by_hand: str = ""
    chain: str = ""
    notation: dict[str, Any] | None = None
    judge: Callable | None = None
    scale: Callable | None = None
    extra: Callable | None = None
    seconds: float = worker.SECONDS
    index: tuple[str, ...] = ()
    ask: dict[str, str] = field(default_factory=dict)

    @property
    def name(self):
        return self.solution.__name__

    @property
    def parameters(self):
        return tuple(signature(self.solution).parameters)

    def __repr__(self):
        return f"Exercise({self.name}, lesson {self.lesson})"


@cache
def exercises():
    """{name: Exercise} in the order of the lessons, then those of other packages and of `register`."""
    found: dict[str, Exercise] = {}
    for module in lessons.modules("exercises"):
        for exercise in module.EXERCISES:
            if exercise.name in found:
                raise ValueError(f"two exercises are called {exercise.name!r}: {found[exercise.name]!r}, {exercise!r}")
            found[exercise.name] = exercise
    for module, others in lessons.of_others("EXERCISES"):
        try:
            for exercise in others:
                _add(exercise, found)
        except Exception as error:
            lessons.unusable(module, error)
    return found


def register(exercise):
    """Make an exercise of your own known by its name, as those of the lessons are; returns it.

    Run again it replaces the one of that name; one that a lesson has is not replaced: ValueError.
    """
    if not isinstance(exercise, Exercise):
        raise TypeError(f"exercise must be an Exercise, got {type(exercise).__name__}")
    table = exercises()
    if exercise.name in _registered:
        del table[exercise.name]
    _add(exercise, table)
    _registered.add(exercise.name)
    return exercise


_registered: set[str] = set()


def _add(exercise, table):
    if exercise.name in table:
        raise ValueError(
            f"there is an exercise {exercise.name!r} already, in {table[exercise.name].lesson}: rename yours"
        )
    table[exercise.name] = exercise


def find(name):
    """The exercise of that name; ValueError with the nearest name if there is none."""
    if not isinstance(name, str):
        raise ValueError(f"an exercise is known by its name, such as 'e_step', got {type(name).__name__}")
    if name in exercises():
        return exercises()[name]
    near = get_close_matches(name, exercises(), n=1, cutoff=0.5)
    meant = f"did you mean {near[0]}?" if near else "progress() lists them all"
    raise ValueError(f"there is no exercise {name!r}: {meant}")
