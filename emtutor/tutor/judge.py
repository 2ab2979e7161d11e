"""check: from an answer to a verdict, and the sentence that leads on.

The order: not written yet; wrong kind of thing; stopped with an error; right; a named mistake; wrong type or shape or
NaN; what the exercise itself knows; what the probes find; where it is wrong and by how much.
"""

import inspect

import numpy as np

from emtutor.maths import em
from emtutor.tutor import errors, sandbox, store, values
from emtutor.tutor import exercise as registry
from emtutor.tutor.feedback import Feedback, Table
from emtutor.worker.clock import time_limit

FREE = ("t", "m")  # axes of outputs whose length is the learner's choice, where the exercise has a judge of its own
SEED = 19  # of the problems: everybody gets the same ones, so a verdict does not change from run to run
PROBING = 3.0  # seconds for the probes; they need a tenth of it


def check(answer, name=None):
    """Judge a function: right, or which mistake it is.

    answer: the function itself, `check(e_step)`. name: the exercise, if the function is called otherwise. Returns a
    `Feedback`, true if the answer is right; whatever the answer does, it raises nothing but KeyboardInterrupt.
    """
    try:
        feedback = _checked(answer, name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the last net: whatever an answer does, the lesson goes on
        try:
            failure = sandbox.failure_of(error, answer)
            why = f": {failure.kind}: {failure.text}" if failure.text else f": {failure.kind}"
        except BaseException:  # an object that raises whatever it is asked
            why = ", every look at it raises an error"
        feedback = Feedback(
            name if isinstance(name, str) else "check",
            "error",
            f"The tutor could not judge this{why}.\nWrite a plain function with `def`.",
            verdict="Not judged",
        )
    if feedback.exercise in registry.exercises() and feedback.status != "unattempted":
        note = store.record(feedback.exercise, feedback.status, feedback.mistake)
        if note:
            feedback.asides = (*feedback.asides, note)
    return feedback


def _checked(answer, name):
    name, trouble = _name_of(answer, name)
    trouble = trouble or _not_a_function(answer, name)
    if trouble:
        return Feedback(name, "error", trouble, verdict="Not judged")
    if _unwritten(answer):
        return Feedback(name, "unattempted", f"Write its body in the place of `...`; {_first_hint(name)}.")
    trouble = _signature(answer, name)
    if trouble:
        return Feedback(name, "incorrect", trouble)
    # No reference may lie in a frame below the answer: problems and axes are all that is known here.
    trial = sandbox.trial(answer, _problems(name), _outputs(name))
    return _Verdict(registry.find(name), answer, trial).feedback()


def _problems(name):
    return registry.find(name).problems(np.random.default_rng(SEED))


def _outputs(name):
    return registry.find(name).out


# ---- before it runs


def _name_of(answer, name):
    if name is None:
        name = getattr(answer, "__name__", None) if callable(answer) else None
        if not isinstance(name, str) or name == "<lambda>":
            if callable(answer):
                return "check", "This function has no name: say which exercise it is, `check(f, 'e_step')`."
            return "check", _not_a_function(answer, "e_step")
    try:
        return registry.find(name).name, ""
    except ValueError as error:
        text = str(error)
        return str(name)[:60], text[0].upper() + text[1:] + "." * (not text.endswith("?"))


def _not_a_function(answer, name):
    if inspect.isclass(answer):
        return f"{name} is a class. Write a function: `def {name}(...):`."
    if not callable(answer):
        kind = type(answer).__name__
        return f"check takes the function itself, `check({name})`, without calling it; it got a value of type {kind}."
    if inspect.iscoroutinefunction(answer):
        return f"{name} is written with `async def`: calling it computes nothing yet. Write `def {name}(...):`."
    return ""


def _unwritten(answer):
    """Only `...`, `pass`, a docstring, or `raise NotImplementedError`."""
    try:
        if em.is_stub(answer):
            return True
        code = answer.__code__
    except (AttributeError, TypeError):
        return False
    return code.co_names == ("NotImplementedError",) and not code.co_cellvars and len(code.co_code) <= 40


def _first_hint(name):
    return f"`hint('{name}')` gives a first nudge"


def _signature(answer, name):
    """A sentence if the function cannot take the exercise's arguments."""
    wanted = registry.find(name).parameters
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):
        return ""  # compiled, or built in: try it
    takes = f"{name} takes {', '.join(wanted)}"
    try:
        signature.bind(*wanted)
    except TypeError:
        theirs = str(signature)[1:-1] or "nothing"
        return f"{takes}; yours takes {theirs}. It is called with these {len(wanted)}, in this order."
    own = tuple(signature.parameters)[: len(wanted)]
    if set(own) == set(wanted) and own != wanted:
        return f"{takes}, in this order; yours takes {', '.join(own)}. Arguments are matched by position."
    return ""


# ---- after it ran


class _Verdict:
    """One trial of one exercise, judged."""

    def __init__(self, exercise, answer, trial):
        self.exercise, self.answer, self.trial = exercise, answer, trial
        self.expected = [self._call(exercise.solution, run.problem) for run in trial.runs]
        self.floors = self._floors()
        self.wrong = [not self._right(run, i) for i, run in enumerate(trial.runs)]

    def feedback(self):
        """The verdict with its sentences."""
        trial, name = self.trial, self.exercise.name
        asides = [*trial.notes, self._printed()]
        failed = next((run for run in trial.runs if run.failure), None)
        if failed:
            slug, hint = self._named()
            cause = hint or self._cause_of(failed) or self._elsewhere()
            sentences = "\n".join(s for s in (self._failure(failed), cause) if s)
            return Feedback(name, "error", sentences, mistake=slug, asides=asides)
        if not any(self.wrong) or self._by_convention():
            if trial.steady and self._deaf():
                return Feedback(name, "incorrect", _DEAF, mistake="own-random-numbers", asides=asides)
            if trial.steady:
                return Feedback(name, "correct", self._praise(), asides=[*asides, self._boxed()])
            return Feedback(name, "incorrect", self._unsteady(), asides=asides)
        if not trial.steady:
            return Feedback(name, "incorrect", self._unsteady(), asides=asides)
        slug, sentences, table = self._mistake()
        return Feedback(name, "incorrect", sentences, mistake=slug, table=table, asides=[*asides, self._warned()])

    # -- right or wrong

    def _deaf(self):
        """True if another rng changes nothing: the random numbers came from elsewhere."""
        first = self.trial.runs[0]
        if "rng" not in first.problem.args:
            return False
        other = first.problem._replace(args=first.problem.args | {"rng": np.random.default_rng(SEED)})
        run = sandbox.trial(self.answer, [other], self.exercise.out).runs[0]
        return run.outputs is not None and values.close(run.outputs, first.outputs)

    def _call(self, function, problem):
        """The outputs of a reference or of a named mistake as values; None where it says nothing."""
        try:
            with np.errstate(all="ignore"):
                result = function(*sandbox.deepcopy(list(problem.args.values())))
            return None if result is None else values.read(result, self.exercise.out)
        except (ArithmeticError, LookupError, TypeError, ValueError, values.Odd, np.linalg.LinAlgError):
            return None

    def _expected(self, run):
        return next(e for r, e in zip(self.trial.runs, self.expected, strict=True) if r is run)

    def _floors(self):
        """What counts as nothing, by problem and output: rounding, seen from the size of the terms."""
        count = len(self.exercise.out)
        sizes = [[_size(v.a) for v in outputs] if outputs else [0.0] * count for outputs in self.expected]
        usual = [float(np.median(column)) for column in zip(*sizes, strict=True)]
        floors = []
        for run, own in zip(self.trial.runs, sizes, strict=True):
            zero = [size <= 1e-12 * u for size, u in zip(own, usual, strict=True)]
            floor = [max(1e-12, 1e-12 * u) if z else 1e-14 * u for z, u in zip(zero, usual, strict=True)]
            if self.exercise.scale:
                scale = self.exercise.scale(*sandbox.deepcopy(list(run.problem.args.values())))
                scale = scale if isinstance(scale, (tuple, list)) else [scale] * count
                floor = [max(f, 1e-9 * float(np.max(s))) for f, s in zip(floor, scale, strict=True)]
            floors.append(floor)
        return floors

    def _right(self, run, i):
        if run.outputs is None:
            return False
        if self.exercise.judge:
            return not self._said_by_judge(run)
        return self._same(run, run.outputs, self.expected[i], i) or self._in_single(run, i)

    def _same(self, run, a, b, i):
        if a is None or b is None:
            return False
        if self.exercise.same:
            try:
                return bool(self.exercise.same(run.problem, _bare(a), _bare(b)))
            except (ValueError, TypeError, IndexError, ArithmeticError, np.linalg.LinAlgError):
                return False
        return values.close(a, b, self.floors[i])

    def _in_single(self, run, i):
        """True if the answer computes in single precision inside, and is as right as that allows.

        It stays the same, bit for bit, when the arguments change in the twelfth digit, and it is no further off than
        the solution moves when they are rounded to single precision.
        """
        want = self.expected[i]
        if (
            want is None
            or self.exercise.same
            or any(a.a.shape != b.a.shape for a, b in zip(run.outputs, want, strict=True))
        ):
            return False
        off = [values.differences(a, b)[0] for a, b in zip(run.outputs, want, strict=True)]
        far = [0.01 * _size(b.a) + 1e4 * f for b, f in zip(want, self.floors[i], strict=True)]
        if any(o.max(initial=0) > most for o, most in zip(off, far, strict=True)):
            return False
        nudged = _nudged(run.problem, 1e-12, 0)
        again, there = sandbox.trial(self.answer, [nudged], self.exercise.out).runs[0].outputs, self._solved(nudged)
        if again is None or there is None or _equal(there, want) or not _equal(again, run.outputs):
            return False
        moved = [self._solved(_nudged(run.problem, 1.2e-7, seed)) for seed in range(6)]
        if None in moved:
            return False
        spread = [np.max([values.differences(m[j], b)[0] for m in moved], axis=0) for j, b in enumerate(want)]
        limits = [8 * s + 1e-6 * np.abs(b.a) + f for s, b, f in zip(spread, want, self.floors[i], strict=True)]
        return all(bool((o <= limit).all()) for o, limit in zip(off, limits, strict=True))

    def _solved(self, problem):
        return self._call(self.exercise.solution, problem)

    def _said_by_judge(self, run):
        """(slug or None, sentence) of the exercise's own judge; None if it is content."""
        if said := self._shape(run) or self._not_finite(run):
            return None, said  # a comparison with NaN is false: no judge has to think of that
        try:
            with np.errstate(all="ignore"):
                said = self.exercise.judge(run.problem, _bare(run.outputs))
        except (ValueError, TypeError, IndexError, ArithmeticError, np.linalg.LinAlgError):
            said = "The result has a form that cannot be judged: are its shape and its numbers what is asked?"
        if not said:
            return None
        slug, sentence = said if isinstance(said, tuple) else (None, said)
        return slug, sentence

    def _by_convention(self):
        """True if the answer agrees with another convention that the exercise leaves open."""
        for other in self.exercise.accepts:
            outputs = [self._call(other, run.problem) for run in self.trial.runs]
            if all(
                run.outputs is not None and self._same(run, run.outputs, o, i)
                for i, (run, o) in enumerate(zip(self.trial.runs, outputs, strict=True))
            ):
                return True
        return False

    # -- which mistake

    def _mistake(self):
        """(slug, sentences, table) of a wrong answer."""
        slug, hint = self._named()
        if hint:
            return slug, hint, self._row_sums()
        i = self.wrong.index(True)
        run = self.trial.runs[i]
        if run.odd:
            return None, f"{run.odd}\n{self._where(run)}".rstrip(), None
        if self.exercise.judge:
            slug, sentence = self._said_by_judge(run)
            cause = "" if slug or "rng" in self.exercise.parameters else self._cause(80)
            return slug, "\n".join(s for s in (sentence, cause, self._where(run)) if s), None
        for i, run in enumerate(self.trial.runs):
            if self.wrong[i] and run.outputs is not None and (said := self._shape(run, self.expected[i])):
                cause = "" if said.startswith(_ANOTHER_ORDER) else self._cause(80)
                sentences = "\n".join(s for s in (said, cause, self._where(run)) if s)
                return None, sentences, self._shapes(run, self.expected[i])
        for run in self.trial.runs:
            if run.outputs is not None and (said := self._not_finite(run)):
                wrong = (r for w, r in zip(self.wrong, self.trial.runs, strict=True) if w and r.outputs)
                elsewhere = all(np.isfinite(v.a).all() for v in next(wrong, run).outputs)  # in the simplest
                if (found := self._probed()) and found.weight >= (60 if elsewhere else 80):
                    return None, found.sentence, None  # where it comes from says more than that it is NaN
                if elsewhere and len(self.exercise.out) == 1:
                    break  # its finite values are wrong too: what is not finite may be another matter
                return None, f"{said}\n{self._where(run)}{self._elsewhere(' ')}", None
        if said := self._extra():
            return *said, None
        if found := self._probed():
            return None, found.sentence, self._row_sums() or (self._table() if found.cause == "case" else None)
        return None, self._by_how_much(), self._table()

    def _named(self):
        """(slug, hint) of the named mistake that the answer agrees with, or (None, "")."""
        ran = [(i, run) for i, run in enumerate(self.trial.runs) if run.outputs is not None]
        for strict in (True, False):
            for mistake in self.exercise.mistakes:
                if self._agrees(mistake, ran, strict):
                    return mistake.slug, mistake.hint
        return None, ""

    def _agrees(self, mistake, ran, strict):
        """The answer agrees wherever the mistake says something, and there the mistake is wrong at least once.

        Not strict: what is not finite in either is left out, so that a mistake is known through an overflow too.
        """
        seen = False
        for i, run in ran:
            outputs = self._call(mistake.function, run.problem)
            if outputs is None:
                continue
            a, b, truth = run.outputs, outputs, self.expected[i]
            if not strict and not self.exercise.same:
                a, b, truth = _where_finite(a, b, truth)
            if not self._same(run, a, b, i):
                return False
            seen = seen or (self.wrong[i] and (strict or truth is None or not self._same(run, b, truth, i)))
        return seen

    def _extra(self):
        """What the exercise's own look at a wrong value says: (slug or None, sentence), or None."""
        if not self.exercise.extra:
            return None
        for i, run in enumerate(self.trial.runs):
            if self.wrong[i] and run.outputs is not None and self.expected[i] is not None:
                try:
                    with np.errstate(all="ignore"):
                        said = self.exercise.extra(run.problem, _bare(run.outputs), _bare(self.expected[i]))
                except (ValueError, TypeError, IndexError, ArithmeticError, np.linalg.LinAlgError):
                    continue
                if said:
                    return said if isinstance(said, tuple) else (None, said)
        return None

    def _probed(self):
        """The probes' best `Finding`, or None."""
        if any("replaced" in note for note in self.trial.notes):
            return None
        try:
            from emtutor import causes

            with sandbox.quarantine(), time_limit(PROBING):
                found = causes.find(
                    sandbox.guarded(self.answer, self.exercise.out),
                    self.exercise.solution,
                    [run.problem for run in self.trial.runs],
                    notation=self.exercise.notation,
                    out=self.exercise.out,
                )
        except KeyboardInterrupt:
            raise
        except BaseException:  # the answer may do anything; without a finding the verdict stands all the same
            return None
        return found[0] if found else None

    def _cause_of(self, failed):
        """What the probes say of an error: the same one comes where .. is transposed; "" for a hang."""
        if failed.failure.kind == "TimeoutError":
            return ""
        return self._cause()

    def _cause(self, at_least=60):
        """The probes' best sentence, if it is telling."""
        found = self._probed()
        return found.sentence if found and found.weight >= at_least else ""

    # -- sentences

    def _praise(self):
        if len(self.trial.runs) == 1:
            return "It does what is asked for."
        return f"It agrees on all {len(self.trial.runs)} problems, from a hand-sized one to hostile ones."

    def _boxed(self):
        if not any(v.boxed for run in self.trial.runs for v in run.outputs):
            return ""
        return "The number came inside an array, and is judged by its value. Elsewhere write `float(...)` or take [0]."

    def _unsteady(self):
        return (
            "Called twice with the same arguments it gave two different results: it remembers something between calls "
            "(a global, a default argument that grows) or draws random numbers of its own. Let the result depend on "
            "the arguments only."
        )

    def _failure(self, run):
        f = run.failure
        if f.kind == "TimeoutError" and f.text.startswith("still running"):
            what = f"It was {f.text} and was stopped"
        else:
            what = f"{f.kind}: {f.text}" if f.text else f.kind
        line = f", in line {f.line} of your code" if f.line else ""
        source = f": `{f.source}`" if f.source else ""
        return "\n".join(s for s in (f"{what}{line}{source}", errors.meaning(f.text), self._where(run)) if s)

    def _where(self, run):
        if not run.problem.args:
            return ""
        return f"The problem: {run.problem.label} ({', '.join(_sizes(run.problem.args))})."

    def _elsewhere(self, lead=""):
        right = [run.problem.label for run, wrong in zip(self.trial.runs, self.wrong, strict=True) if not wrong]
        if not right:
            return ""
        if len(self.trial.runs) == len(right) + 1:
            return f"{lead}On the other problems{' so far' * bool(self.trial.cut)} it is right."
        more = f"; and {len(right) - 3} more" if len(right) > 3 else ""
        return f"{lead}It is right on: {'; '.join(right[:3])}{more}."

    def _shape(self, run, expected=None):
        """A sentence if an output has another shape than expected."""
        expected = expected or self._expected(run)
        if expected is None:
            return ""
        names = list(self.exercise.out)
        for name, axes, got, want in zip(names, self.exercise.out.values(), run.outputs, expected, strict=True):
            if got.a.ndim == want.a.ndim and self.exercise.judge and axes in FREE:
                continue
            if got.a.shape != want.a.shape:
                known = _in_another_order(run.outputs, expected, names) or _coded(name, got.a, want.a)
                return known or _shape_sentence(name if len(names) > 1 else "", axes, got.a.shape, want.a.shape)
        return ""

    def _not_finite(self, run):
        expected = self._expected(run)
        for name, got, want in zip(self.exercise.out, run.outputs, expected or run.outputs, strict=True):
            bad = ~np.isfinite(got.a) & (np.isfinite(want.a) if got.a.shape == want.a.shape else True)
            if bad.any():
                kinds = [w for w, f in (("NaN", np.isnan), ("inf", np.isinf)) if f(got.a[bad]).any()]
                several = len(self.exercise.out) > 1
                count = (
                    f"{int(bad.sum())} of {bad.size} entries are" if bad.size > 1 else f"{name if several else 'It'} is"
                )
                of = f" of {name}" if several and bad.size > 1 else ""
                count = count.replace(" entries", f" entries{of}")
                return (
                    f"{count} {' or '.join(kinds)}. Where do you divide by something that can be 0, or take the "
                    "logarithm of it or of a negative number, or exponentiate something large?"
                )
        return ""

    def _is_infinite(self, i):
        return bool(self._not_finite(self.trial.runs[i]))

    def _by_how_much(self):
        """Where it differs and by how much, without the right value."""
        i = min((i for i, wrong in enumerate(self.wrong) if wrong), key=self._is_infinite)
        run, expected = self.trial.runs[i], self.expected[i]
        if expected is None:
            return f"The result differs from the right one.\n{self._where(run)}"
        parts = []
        for name, got, want, floor in zip(self.exercise.out, run.outputs, expected, self.floors[i], strict=True):
            off, near = values.differences(got, want, floor)
            if near.all():
                if len(self.exercise.out) > 1:
                    parts.append(f"{name} is right.")
                continue
            size = _size(want.a)
            amount = _amount(off.max(), size)
            if got.a.ndim == 0:
                parts.append(f"{'The result' if len(self.exercise.out) == 1 else name} is off by {amount}.")
            else:
                how = f"the first of them at {_place(~near)}" if _whole(want.a) else f"by up to {amount}"
                parts.append(f"{int((~near).sum())} of {near.size} entries of {name} are wrong, {how}.")
        follow = "Follow one number by hand: where does it part?"
        return f"{' '.join(parts)}\n{self._where(run)}{self._elsewhere(' ')}\n{follow}"

    def _row_sums(self):
        """Of the first problem, where the rows should sum to one and do not: the learner's own sums, no right value."""
        run, expected = self.trial.runs[0], self.expected[0]
        if len(self.exercise.out) > 1 or run.outputs is None or expected is None:
            return None
        got, want = run.outputs[0].a, expected[0].a
        if got.shape != want.shape or got.ndim != 2 or not np.allclose(want.sum(1), 1):
            return None
        sums = got.sum(1)
        if np.allclose(sums, 1, atol=1e-6) or not np.isfinite(sums).all():
            return None
        shown = (f"{v:.3g}" if abs(v - 1) > 5e-3 else f"1 {v - 1:+.0e}" for v in sums[:6])
        rows = tuple((f"row {i} (point {i + 1})", v, "1") for i, v in enumerate(shown))
        return Table((run.problem.label, "your sum", "should be"), rows)

    def _shapes(self, run, expected):
        """Several outputs, each with its shape and the one that is expected."""
        if len(self.exercise.out) == 1:
            return None
        parts = zip(self.exercise.out, run.outputs, expected, strict=True)
        return Table(
            ("result", "your shape", "expected"), tuple((n, str(a.a.shape), str(b.a.shape)) for n, a, b in parts)
        )

    def _table(self):
        rows = tuple(
            (run.problem.label, "wrong" if wrong else "right")
            for run, wrong in zip(self.trial.runs, self.wrong, strict=True)
        )
        return Table(("problem", "your result"), rows) if any(not w for w in self.wrong) else None

    def _printed(self):
        text = " / ".join(line.strip() for line in self.trial.printed.splitlines() if line.strip())
        if not text:
            return ""
        return f"It printed on the first problem (no mistake): {text if len(text) <= 160 else text[:160] + ' ...'}"

    def _warned(self):
        return f"NumPy warned: {self.trial.warned[0]}." if self.trial.warned else ""


_DEAF = (
    "Another rng gives the same points: your random numbers come from a generator of your own, so two calls never "
    "differ. Draw from the rng that is passed in."
)


def _bare(outputs):
    """What a judge of the exercise's own gets: arrays, numbers as floats, several as a tuple."""
    plain = [float(v.a) if v.a.ndim == 0 else v.a.copy() for v in outputs]
    return plain[0] if len(plain) == 1 else tuple(plain)


def _nudged(problem, size, seed):
    """The problem with every array of floats changed by so much of itself, at random. (Numbers seldom are rounded.)"""
    rng = np.random.default_rng(seed)

    def nudge(v):
        if isinstance(v, np.ndarray) and v.dtype.kind == "f":
            return v * (1 + size * rng.uniform(-1, 1, np.shape(v)))
        return tuple(map(nudge, v)) if type(v) is tuple else v

    return problem._replace(args={name: nudge(v) for name, v in problem.args.items()})


def _equal(a, b):
    return all(np.array_equal(u.a, v.a) for u, v in zip(a, b, strict=True))


def _whole(a):
    return bool(a.size and np.isfinite(a).all() and (a == np.round(a)).all())


def _place(wrong):
    """The index of the first wrong entry, as one writes it."""
    return f"[{', '.join(str(int(i)) for i in np.argwhere(wrong)[0])}]"


def _size(a):
    return float(np.abs(a[np.isfinite(a)]).max(initial=0.0))


def _where_finite(a, b, truth):
    """The same outputs with zeros wherever the answer or the mistake is not finite."""
    if len(a) != len(b) or any(u.a.shape != v.a.shape for u, v in zip(a, b, strict=True)):
        return a, b, truth
    keep = [np.isfinite(u.a) & np.isfinite(v.a) for u, v in zip(a, b, strict=True)]

    def cut(outputs):
        return [v._replace(a=np.where(k, v.a, 0.0)) for v, k in zip(outputs, keep, strict=True)]

    fits = truth is not None and all(u.a.shape == v.a.shape for u, v in zip(a, truth, strict=True))
    return cut(a), cut(b), cut(truth) if fits else truth


def _sizes(args):
    """Each argument with its shape, or its value if it is a number."""
    for name, v in args.items():
        if isinstance(v, np.ndarray) and v.ndim:
            yield f"{name} {v.shape}".replace(",)", ",)")
        elif isinstance(v, (int, float, np.number)):
            yield f"{name} = {v:.4g}"
        elif isinstance(v, (tuple, list)):
            yield f"{name} of {len(v)}"


def _coded(name, got, want):
    """A sentence if one-hot rows came for labels, or labels for one-hot rows."""
    if got.shape[:-1] == want.shape and _one_hot(got) and _whole(want):
        return f"These are one-hot rows; {name} asks for whole numbers: where in each row does the 1 stand?"
    if want.shape[:-1] == got.shape and _one_hot(want) and _whole(got):
        return f"These are labels; {name} asks for one-hot rows: a single 1 in each, in the column of the label."
    return ""


def _one_hot(a):
    return a.ndim > 1 and a.shape[-1] > 1 and bool(np.isin(a, (0, 1)).all() and (a.sum(-1) == 1).all())


def _shape_sentence(name, axes, got, want):
    what = f"{name} has" if name else "The result has"
    letters = f" ({', '.join(axes)}{',' * (len(axes) == 1)})" if axes else ""
    expected = f"{want}{letters}" if want else "a single number"
    cause = _shape_cause(got, want, axes)
    return f"{what} shape {got if got else '() (a single number)'}; expected is {expected}. {cause}"


def _shape_cause(got, want, axes):
    if len(got) == 2 and got == want[::-1]:
        return "Transposed?"
    if len(got) == len(want) + 1 and 1 in got and tuple(s for s in got if s != 1) == tuple(s for s in want if s != 1):
        return "One axis of length 1 is too much: was keepdims left on, or an index written as a slice?"
    if not want:
        return "Is a sum over all of them missing?"
    if not got:
        return "Over which axis was summed that should have stayed?"
    if len(got) < len(want):
        missing = [f"{a} = {s}" for a, s in zip(axes, want, strict=False) if s not in got]
        return f"Which axis got lost{f' ({missing[0]})' if missing else ''}: over which one do you sum?"
    if len(got) > len(want):
        return "There is an axis too many: over which one is to be summed?"
    if sorted(got) == sorted(want):
        return "The axes are in another order."
    return "Which axis has the wrong length?"


_ANOTHER_ORDER = "The results come in another order"


def _in_another_order(got, want, names):
    """A sentence if the outputs are all there, in another order, to judge by their shapes."""
    shapes = [v.a.shape for v in want]
    if len(set(shapes)) != len(shapes) or sorted(map(str, shapes)) != sorted(str(v.a.shape) for v in got):
        return ""
    order = [names[shapes.index(v.a.shape)] for v in got]
    return f"{_ANOTHER_ORDER}: expected are {', '.join(names)}; yours look like {', '.join(order)}."


def _amount(off, size):
    if not np.isfinite(off):
        return "an infinite amount"
    if size == 0 or off > 1e4 * size:
        return f"about {off:.1g}"
    share = float(f"{off / size:.1g}")
    return f"about {share:g} times the largest entry" if share >= 1 else f"about {100 * share:g} % of the largest entry"
