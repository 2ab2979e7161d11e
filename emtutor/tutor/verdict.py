"""Does the answer agree with the solution, or with any other function, on the problems that were tried?"""

from copy import deepcopy

import numpy as np

from emtutor.tutor import values, wording
from emtutor.tutor.trial import Returned, nudged, read

# What a judge, a mistake or a solution may raise on a result or a problem that does not suit it.
UNSUITED = (ValueError, TypeError, LookupError, ArithmeticError, np.linalg.LinAlgError)


class Verdict:
    """One trial of one exercise, judged. `wrong[i]` says it of run i, `expected[i]` is the solution's outputs there."""

    def __init__(self, exercise, session, trial, answer=None):
        self.exercise, self.session, self.trial, self.answer = exercise, session, trial, answer
        self.runs, self.names = trial.runs, list(exercise.out)
        self.expected = [self.outputs(exercise.solution, run.problem) for run in trial.runs]
        self.floors = _floors(exercise, self.runs, self.expected)
        self.wrong = [not self._right(i) for i in range(len(trial.runs))]

    def returned(self):
        """[(i, run)] of the runs that have outputs."""
        return [(i, run) for i, run in enumerate(self.runs) if isinstance(run, Returned)]

    def wrongly_returned(self):
        """The same of those whose outputs are wrong."""
        return [(i, run) for i, run in self.returned() if self.wrong[i]]

    def outputs(self, function, problem):
        """The outputs of a solution or of a named mistake as values; None where it says nothing."""
        try:
            with np.errstate(all="ignore"):
                result = function(*deepcopy(list(problem.args.values())))
            return None if result is None else values.read(result, self.exercise.out)
        except (*UNSUITED, values.Odd):
            return None

    def agrees(self, function, strict):
        """True if the answer agrees with a mistake wherever that says something, and is wrong there at least once.

        Not strict: what is not finite in either is left out, so that a mistake is known through an overflow too.
        """
        seen = False
        for i, run in self.returned():
            b = self.outputs(function, run.problem)
            if b is None:
                continue
            a, truth = run.outputs, self.expected[i]
            if not strict:
                a, b, truth = _where_finite(a, b, truth)
            if not values.close(a, b, self.floors[i]):
                return False
            seen = seen or (self.wrong[i] and (strict or truth is None or not values.close(b, truth, self.floors[i])))
        return seen

    def judged(self, i):
        """(slug or None, sentence) of the exercise's own judge on run i; None if it is content."""
        if said := wording.shape(self, i) or wording.not_finite(self, i):
            return None, said  # a comparison with NaN is false: no judge has to think of that
        try:
            with np.errstate(all="ignore"):
                said = self.exercise.judge(self.runs[i].problem, bare(self.runs[i].outputs))
        except UNSUITED:
            said = wording.UNJUDGED
        if not said:
            return None
        return said if isinstance(said, tuple) else (None, said)

    def deaf(self):
        """True if another rng changes nothing: the random numbers came from elsewhere."""
        first = self.runs[0]
        if "rng" not in first.problem.args or not isinstance(first, Returned):
            return False
        other = first.problem._replace(args=first.problem.args | {"rng": np.random.default_rng(19)})
        again = self._once_more(other)
        return isinstance(again, Returned) and values.close(again.outputs, first.outputs)

    def no_index(self):
        """The name of an output that stands in brackets and came as floats or as a tuple, "" if there is none."""
        used = [(i, name) for i, name in enumerate(self.names) if name in self.exercise.index]
        return next((name for _, run in self.returned() for i, name in used if not run.outputs[i].indexes), "")

    # -- right or wrong

    def _right(self, i):
        if not isinstance(self.runs[i], Returned):
            return False
        if self.exercise.judge:
            return self.judged(i) is None
        want = self.expected[i]
        return want is not None and (
            values.close(self.runs[i].outputs, want, self.floors[i]) or self._in_single(self.runs[i], i, want)
        )

    def _in_single(self, run, i, want):
        """True if the answer computes in single precision inside, and is as right as that allows.

        It stays the same, bit for bit, when the arguments change in the twelfth digit, and it is no further off than
        the solution moves when they are rounded to single precision.
        """
        if any(a.a.shape != b.a.shape for a, b in zip(run.outputs, want, strict=True)):
            return False
        off = [values.differences(a, b)[0] for a, b in zip(run.outputs, want, strict=True)]
        far = [0.01 * values.size(b) + 1e4 * f for b, f in zip(want, self.floors[i], strict=True)]
        if any(o.max(initial=0) > most for o, most in zip(off, far, strict=True)):
            return False
        near = nudged(run.problem, 1e-12, 0)
        again, there = self._once_more(near), self._solved(near)
        if not isinstance(again, Returned) or there is None or _equal(there, want):
            return False
        moved = [self._solved(nudged(run.problem, 1.2e-7, seed)) for seed in range(6)]
        if not _equal(again.outputs, run.outputs) or None in moved:
            return False
        spread = [np.max([values.differences(m[j], b)[0] for m in moved], axis=0) for j, b in enumerate(want)]
        limits = [8 * s + 1e-6 * np.abs(b.a) + f for s, b, f in zip(spread, want, self.floors[i], strict=True)]
        return all(bool((o <= limit).all()) for o, limit in zip(off, limits, strict=True))

    def _once_more(self, problem):
        report = self.session.calls([tuple(problem.args.values())])
        return read(problem, report.outcomes[-1], self.exercise.out)

    def _solved(self, problem):
        return self.outputs(self.exercise.solution, problem)


def bare(outputs):
    """What a judge of the exercise's own gets: arrays, numbers as floats, several as a tuple."""
    plain = [float(v.a) if v.a.ndim == 0 else v.a.copy() for v in outputs]
    return plain[0] if len(plain) == 1 else tuple(plain)


def _floors(exercise, runs, expected):
    """What counts as nothing, by problem and output: rounding, seen from the size of the terms."""
    count = len(exercise.out)
    sizes = [[values.size(v) for v in outputs] if outputs else [0.0] * count for outputs in expected]
    usual = [float(np.median(column)) for column in zip(*sizes, strict=True)]
    floors = []
    for run, own in zip(runs, sizes, strict=True):
        zero = [size <= 1e-12 * u for size, u in zip(own, usual, strict=True)]
        floor = [max(1e-12, 1e-12 * u) if z else 1e-14 * u for z, u in zip(zero, usual, strict=True)]
        if exercise.scale:
            scale = exercise.scale(*deepcopy(list(run.problem.args.values())))
            scale = scale if isinstance(scale, (tuple, list)) else [scale] * count
            floor = [max(f, 1e-9 * float(np.max(s))) for f, s in zip(floor, scale, strict=True)]
        floors.append(floor)
    return floors


def _equal(a, b):
    return all(np.array_equal(u.a, v.a) for u, v in zip(a, b, strict=True))


def _where_finite(a, b, truth):
    """The same outputs with zeros wherever the answer or the mistake is not finite."""
    if len(a) != len(b) or any(u.a.shape != v.a.shape for u, v in zip(a, b, strict=True)):
        return a, b, truth
    keep = [np.isfinite(u.a) & np.isfinite(v.a) for u, v in zip(a, b, strict=True)]

    def cut(outputs):
        return [v._replace(a=np.where(k, v.a, 0.0)) for v, k in zip(outputs, keep, strict=True)]

    fits = truth is not None and all(u.a.shape == v.a.shape for u, v in zip(a, truth, strict=True))
    return cut(a), cut(b), cut(truth) if fits else truth
