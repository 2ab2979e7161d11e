"""An answer is run on an exercise's problems: each run returned, was refused, or failed."""

from typing import NamedTuple

import numpy as np

from emtutor import worker
from emtutor.problems import Problem
from emtutor.tutor import values
from emtutor.worker import Failed


class Returned(NamedTuple):
    """The answer returned numbers. result: as plain data; outputs: one `values.Value` for each name of `out`."""

    problem: Problem
    result: object
    outputs: list[values.Value]


class Refused(NamedTuple):
    """The answer returned something that cannot be read as the numbers asked for. why: a sentence."""

    problem: Problem
    result: object
    why: str


class Raised(NamedTuple):
    """The answer stopped: an exception, a hang, the end of its process."""

    problem: Problem
    failure: Failed


class Trial(NamedTuple):
    """All runs of one answer. A run after one that hung or ended its process was not made."""

    runs: list[Returned | Refused | Raised]
    steady: bool  # called again with the first problem it gave the same
    wrote: list[str]  # names of arguments that it wrote into
    printed: str  # on the first problem
    warned: tuple[str, ...]  # NumPy's warnings
    changed: tuple[str, ...]  # what it changed around it, in words
    cut: bool  # stopped before it had run on all problems


def trial(session, problems, out, seconds=worker.SECONDS):
    """Call the answer of a worker's session on every problem, and once more on the first, for so long at most."""
    report = session.calls([tuple(p.args.values()) for p in [*problems, problems[0]]], seconds)
    runs = [read(problem, outcome, out) for problem, outcome in zip(problems, report.outcomes, strict=False)]
    steady = True
    if len(report.outcomes) > len(problems):
        steady = _same(runs[0], read(problems[0], report.outcomes[-1], out))
    names = list(problems[0].args)
    wrote = {names[i]: None for o in report.outcomes if not isinstance(o, Failed) for i in o.wrote}
    cut = len(runs) < len(problems)
    return Trial(runs, steady, list(wrote), report.printed, report.warned, session.changes(), cut)


def read(problem, outcome, out):
    """One call's outcome as a run."""
    if isinstance(outcome, Failed):
        return Raised(problem, outcome)
    try:
        return Returned(problem, outcome.value, values.read(outcome.value, out))
    except values.Odd as odd:
        return Refused(problem, outcome.value, str(odd))


def _same(first, again):
    """A second call on the same problem gave the same; a failure now or then is another matter."""
    if isinstance(first, Returned) and isinstance(again, Returned):
        return values.close(again.outputs, first.outputs)
    return isinstance(first, Returned) == isinstance(again, Returned)


class Stopped(BaseException):
    """An answer is not asked any more: it hung, or it has computed for long enough. No Exception, so that nothing
    which looks for causes takes it for an answer that has no result."""


class Callable:
    """The answer as a function of a problem's arguments that gives plain values or raises: for those who look for its
    cause. It raises `Stopped` when it hangs, or when all calls together have computed for `seconds`."""

    def __init__(self, session, out, seconds=20.0):
        self._session, self._out, self._left = session, out, seconds

    def __call__(self, *args):
        report = self._session.calls([args], min(worker.SECONDS, self._left))
        self._left -= report.computed
        outcome = report.outcomes[-1]
        if isinstance(outcome, Failed):
            if outcome.kind in ("TimeoutError", "Ended"):
                raise Stopped
            raise outcome.error()
        if self._left <= 0:
            raise Stopped
        outputs = values.read(outcome.value, self._out)
        result = tuple(v.a for v in outputs)
        return result if len(self._out) > 1 else result[0]


def in_worker(function):
    """Another function, called as an answer is called: in the worker, with its plain value or its error."""

    def run(*args):
        outcome = worker.call(function, *args)
        if isinstance(outcome, Failed):
            raise Stopped if outcome.kind in ("TimeoutError", "Ended") else outcome.error()
        return outcome.value

    return run


def nudged(problem, size, seed):
    """The problem with every array of floats changed by so much of itself, at random. (Numbers seldom are rounded.)"""
    rng = np.random.default_rng(seed)

    def nudge(v):
        if isinstance(v, np.ndarray) and v.dtype.kind == "f":
            return v * (1 + size * rng.uniform(-1, 1, np.shape(v)))
        return tuple(map(nudge, v)) if type(v) is tuple else v

    return problem._replace(args={name: nudge(v) for name, v in problem.args.items()})
