"""Which cause has a wrong answer? Ways to find one, asked in turn; the first that knows something is heard.

Each way takes the verdict and returns `Said`, or None. The record's own mistakes come first, then what the result's
form tells, then `emtutor.causes`; where nothing is known, where and by how much it differs.
"""

from typing import NamedTuple

import numpy as np

from emtutor import causes
from emtutor.tutor import values, wording
from emtutor.tutor.feedback import Table
from emtutor.tutor.trial import Callable, Raised, Refused, Returned, Stopped, in_worker
from emtutor.tutor.verdict import UNSUITED, bare


class Said(NamedTuple):
    """What is said of a wrong answer: sentences, the slug of a named mistake, and at most one table."""

    sentences: str
    slug: str | None = None
    table: Table | None = None
    subject: str = ""  # of a cause: the argument, axis or term that it is about


class Naming:
    """The ways to a cause, over one verdict."""

    def __init__(self, verdict):
        self.v, self.exercise = verdict, verdict.exercise
        self._found: list | None = None

    def of_a_wrong_answer(self):
        """What is said of an answer that returned something wrong."""
        ways = (self.own, self._rearranged, self._refused, self._judged, self._shape, self._not_finite, self._extra,
                self._other_cause)  # fmt: skip
        return next((said for way in ways if (said := way())), None) or self._by_how_much()

    def of_a_failure(self, run):
        """What is said besides the failure itself: the same one comes where .. is transposed."""
        named = self.own()
        if named:
            return named
        cause = Said("") if run.failure.kind in ("TimeoutError", "Ended") else self._cause()
        return cause._replace(sentences=cause.sentences or wording.elsewhere(self.v))

    # -- the ways

    def own(self):
        """A mistake of the record's own that the answer agrees with."""
        for strict in (True, False):
            for mistake in self.exercise.mistakes:
                if self.v.agrees(mistake.function, strict):
                    return Said(mistake.hint, mistake.slug, self._row_sums())
        return None

    def _rearranged(self):
        """The right results, in another order, or only one of them, or among others."""
        matches = [_matches(run, self.v.expected[i], self.v.floors[i]) for i, run in enumerate(self.v.runs)]
        matches = [m for m in matches if m is not None]
        if not matches or len({len(m) for m in matches}) > 1 or not any(self.v.wrong):
            return None
        always = [set.intersection(*parts) for parts in zip(*matches, strict=True)]
        which = [self.v.names[i if i in found else min(found)] if found else "" for i, found in enumerate(always)]
        said = wording.rearranged(self.v.names, which)
        return Said(said) if said else None

    def _refused(self):
        """Something that cannot be read as what is asked for."""
        run = next((run for run in self.v.runs if isinstance(run, Refused)), None)
        first = next((i for i, wrong in enumerate(self.v.wrong) if wrong), 0)
        if run is None or self.v.runs[first] is not run:
            return None
        return Said(wording.lines(run.why, wording.where(run)))

    def _judged(self):
        if not self.exercise.judge:
            return None
        i, run = self.v.wrongly_returned()[0]
        slug, sentence = self.v.judged(i)
        cause = Said("") if slug or "rng" in self.exercise.parameters else self._cause(telling=True)
        sentences = wording.lines(sentence, cause.sentences, wording.where(run))
        return cause._replace(sentences=sentences, slug=slug or cause.slug)

    def _shape(self):
        for i, run in self.v.wrongly_returned():
            if said := wording.shape(self.v, i):
                cause = Said("") if wording.in_another_order(self.v, i) else self._cause(telling=True)
                sentences = wording.lines(said, cause.sentences, wording.where(run))
                return cause._replace(sentences=sentences, table=_shapes(self.v, i))
        return None

    def _not_finite(self):
        for i, run in self.v.returned():
            if not (said := wording.not_finite(self.v, i)):
                continue
            simplest = next((r for _, r in self.v.wrongly_returned()), run)
            elsewhere = all(np.isfinite(v.a).all() for v in simplest.outputs)
            if (cause := self._cause(telling=not elsewhere)).sentences:
                return cause  # where it comes from says more than that it is NaN
            if elsewhere and len(self.v.names) == 1:
                return None  # its finite values are wrong too: what is not finite may be another matter
            return Said(wording.lines(said, f"{wording.where(run)}{wording.elsewhere(self.v, ' ')}"))
        return None

    def _extra(self):
        """What the exercise's own look at a wrong value says."""
        for i, run in self.v.wrongly_returned() if self.exercise.extra else ():
            if self.v.expected[i] is None:
                continue
            try:
                with np.errstate(all="ignore"):
                    said = self.exercise.extra(run.problem, bare(run.outputs), bare(self.v.expected[i]))
            except UNSUITED:
                continue
            if said:
                slug, sentence = said if isinstance(said, tuple) else (None, said)
                return Said(sentence, slug)
        return None

    def _other_cause(self):
        if not self.found:
            return None
        best = self.found[0]
        table = self._row_sums() or (_verdicts(self.v) if best.cause == "case" else None)
        return Said(best.sentence, _slug(best), table, best.subject)

    def _by_how_much(self):
        """Where it differs and by how much, without the right value."""
        returned = self.v.wrongly_returned()
        if not returned:  # it failed or was refused wherever it is wrong, after it had been right elsewhere
            run = self.v.runs[self.v.wrong.index(True)]
            return Said(wording.lines(run.why if isinstance(run, Refused) else "", wording.where(run)))
        i, _ = min(returned, key=lambda pair: bool(wording.not_finite(self.v, pair[0])))
        return Said(wording.by_how_much(self.v, i), None, _verdicts(self.v))

    # -- what `causes` knows

    @property
    def found(self):
        """The findings of `emtutor.causes`, best first; looked for once."""
        if self._found is None:
            answer = Callable(self.v.session, self.exercise.out)
            wrong = [run.problem for run, wrong in zip(self.v.runs, self.v.wrong, strict=True) if wrong]
            ordinary = any(not problem.extreme for problem in wrong)
            problems = [run.problem for run in self.v.runs if not (ordinary and run.problem.extreme)]
            known = {"notation": self.exercise.notation, "out": self.exercise.out, "ask": self.exercise.ask}
            own = {"function": self.v.answer or answer, "run": in_worker}
            try:
                self._found = causes.find(answer, self.exercise.solution, problems, **known, **own)
            except (Stopped, *UNSUITED):  # without a finding the verdict stands all the same
                self._found = []
        return self._found

    def _cause(self, telling=False):
        """The best finding, told; telling: only if it names a cause, and does not only say how the answer behaves."""
        best = self.found[0] if self.found else None
        if best is None or best.cause == "part" or (telling and not best.telling):
            return Said("")
        return Said(best.sentence, _slug(best), subject=best.subject)

    def _row_sums(self):
        """Of the first problem, where the rows should sum to one and do not: the learner's own sums, no right value."""
        run, expected = self.v.runs[0], self.v.expected[0]
        if len(self.v.names) > 1 or not isinstance(run, Returned) or expected is None:
            return None
        got, want = run.outputs[0].a, expected[0].a
        if got.shape != want.shape or got.ndim != 2 or not np.allclose(want.sum(1), 1):
            return None
        sums = got.sum(1)
        if np.allclose(sums, 1, atol=1e-6) or not np.isfinite(sums).all():
            return None
        return wording.row_sums(run.problem.label, sums)


def _slug(finding):
    """The cause, where one is named; None for how an answer behaves."""
    return finding.cause if finding.telling else None


def _matches(run, expected, floors):
    """For each part of a result the indices of the outputs that it equals; None where there are no parts to tell."""
    if isinstance(run, Raised) or expected is None:
        return None
    result = run.result if isinstance(run.result, tuple) or len(expected) == 1 else (run.result,)
    if not isinstance(result, tuple):
        return None
    pairs = list(zip(expected, floors, strict=True))
    return [
        {j for j, (e, f) in enumerate(pairs) if p is not None and values.close([p], [e], f)} for p in _parts(result)
    ]


def _parts(result):
    """Each part of a tuple as a `Value`, None where it is none."""
    for part in result:
        try:
            yield values.value(part)
        except values.Odd:
            yield None


def _shapes(verdict, i):
    """Several outputs, each with its shape and the one that is expected."""
    if len(verdict.names) == 1:
        return None
    parts = zip(verdict.names, verdict.runs[i].outputs, verdict.expected[i], strict=True)
    return wording.shapes([(name, got.a.shape, want.a.shape) for name, got, want in parts])


def _verdicts(verdict):
    """Problem by problem, if it is right on one."""
    if all(verdict.wrong):
        return None
    return wording.verdicts(
        [(run.problem.label, wrong) for run, wrong in zip(verdict.runs, verdict.wrong, strict=True)]
    )
