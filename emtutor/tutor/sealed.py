"""Exercises without the code of their solutions: what it returns on the exercise's problems, and nothing else.

In the package that `emtutor release --without-solutions` makes, a lesson's records hold values from a file in the place
of functions. `check` judges by them as by any others. What needs a solution on problems of the tutor's own making (some
causes that no record names) is not found there.
"""

import pickle
import zlib
from copy import deepcopy
from functools import cache
from inspect import Parameter, Signature
from pathlib import Path

import numpy as np

from emtutor.tutor import exercise as registry
from emtutor.tutor.check import SEED

FILE = "sealed.bin"  # beside the lesson's exercises.py


class Sealed:
    """In the place of a function: its values on the exercise's problems; LookupError for any other arguments."""

    def __init__(self, exercise, parameters, outputs):
        self.__name__, self.exercise, self.outputs = exercise, exercise, outputs
        self.__signature__ = Signature([Parameter(p, Parameter.POSITIONAL_OR_KEYWORD) for p in parameters])

    def __call__(self, *args):
        for known, output in zip(_arguments(self.exercise), self.outputs, strict=True):
            if _same(args, known):
                return deepcopy(output)
        raise LookupError(f"{self.exercise} is sealed: it has values for the exercise's own problems only")


class Values:
    """The values of one lesson's exercises, from the file beside its module."""

    def __init__(self, module):
        self._kept = pickle.loads(zlib.decompress(Path(module).with_name(FILE).read_bytes()))

    def solution(self, name):
        """In the place of the solution of that exercise."""
        kept = self._kept[name]
        return Sealed(name, kept["parameters"], kept["outputs"])

    def mistakes(self, name):
        """In the place of the list of its named mistakes."""
        kept = self._kept[name]
        return [
            registry.Mistake(slug, Sealed(name, kept["parameters"], outputs), hint, same_as)
            for slug, hint, same_as, outputs in kept["mistakes"]
        ]


def content(exercises):
    """What the file of these exercises holds, in bytes."""
    return zlib.compress(pickle.dumps({exercise.name: _values(exercise) for exercise in exercises}, protocol=5), 9)


def _values(exercise):
    mistakes = [(m.slug, m.hint, m.same_as, _outputs(m.function, exercise)) for m in exercise.mistakes]
    return {
        "parameters": exercise.parameters,
        "outputs": _outputs(exercise.solution, exercise),
        "mistakes": mistakes,
    }


def _outputs(function, exercise):
    """The value on each problem; None where it returns None or raises, which a verdict takes as one."""
    outputs = []
    for problem in exercise.problems(np.random.default_rng(SEED)):
        try:
            with np.errstate(all="ignore"):
                outputs.append(function(*problem.args.values()))
        except Exception:  # whatever a wrong formula raises on a problem that does not suit it
            outputs.append(None)
    return outputs


@cache
def _arguments(name):
    problems = registry.exercises()[name].problems(np.random.default_rng(SEED))
    return [tuple(problem.args.values()) for problem in problems]


def _same(args, known):
    """Equal arguments; a generator of random numbers equals any other."""
    return len(args) == len(known) and all(map(_equal, args, known))


def _equal(a, b):
    if isinstance(b, np.random.Generator):
        return isinstance(a, np.random.Generator)
    if isinstance(b, tuple):
        return isinstance(a, tuple) and _same(a, b)
    return np.array_equal(a, b, equal_nan=np.asarray(b).dtype.kind == "f")
