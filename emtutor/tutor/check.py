"""check: from an answer to a verdict, and the sentence that leads on.

The order: not written yet; wrong kind of thing; stopped with an error; right; else what `naming` finds. The answer runs
in a worker's process; the solution and the judgement stay here.
"""

import inspect

import numpy as np

from emtutor import worker
from emtutor.maths import em
from emtutor.tutor import exercise as registry
from emtutor.tutor import store, wording
from emtutor.tutor.display import shown
from emtutor.tutor.feedback import Feedback
from emtutor.tutor.naming import Naming
from emtutor.tutor.trial import Raised, trial
from emtutor.tutor.verdict import Verdict
from emtutor.worker.outcomes import failure

SEED = 19  # of the problems: everybody gets the same ones, so a verdict does not change from run to run


def check(answer, name=None):
    """Judge a function: right, or which mistake it is.

    answer: the function itself, `check(e_step)`. name: the exercise, if the function is called otherwise, or an
    `Exercise` of your own. Returns a `Feedback`, true if the answer is right; whatever the answer does, it raises
    nothing but KeyboardInterrupt.
    """
    try:
        feedback = judged(answer, name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the last net: whatever an answer does, the lesson goes on
        kind, text, *_ = _failure_of(error)
        known = name if isinstance(name, str) else "check"
        feedback = Feedback(known, "error", wording.not_judged(kind, text), verdict="Not judged")
    known = registry.exercises().get(feedback.exercise)
    if known and feedback.status != "unattempted" and (name is known or not isinstance(name, registry.Exercise)):
        note = store.record(feedback.exercise, feedback.status, feedback.mistake)
        if note:
            feedback.asides = (*feedback.asides, note)
    return shown(feedback)


def judged(answer, name=None):
    """The same `Feedback`, without a note in the learner's progress; it may raise what an odd object raises."""
    exercise, name, trouble = _exercise(answer, name)
    trouble = trouble or _not_a_function(answer, name)
    if trouble:
        return Feedback(name, "error", trouble, verdict="Not judged")
    if _unwritten(answer):
        return Feedback(name, "unattempted", wording.unwritten(name))
    if trouble := _signature(answer, exercise):
        return Feedback(name, "incorrect", trouble)
    with worker.session(answer) as session:
        problems = exercise.problems(np.random.default_rng(SEED))
        tried = trial(session, problems, exercise.out, exercise.seconds)
        return _feedback(Verdict(exercise, session, tried, answer))


def _feedback(verdict):
    tried, name = verdict.trial, verdict.exercise.name
    asides = [wording.wrote(tried.wrote), wording.changed(tried.changed), wording.printed(tried.printed)]
    raised = next((run for run in tried.runs if isinstance(run, Raised)), None)
    if raised:
        said = Naming(verdict).of_a_failure(raised)
        asides.insert(0, wording.clinic(verdict.exercise.lesson, said.slug, said.subject, raised.failure.text))
        sentences = wording.lines(wording.failure(raised), said.sentences)
        return Feedback(name, "error", sentences, mistake=said.slug, asides=asides)
    if not tried.steady:
        return Feedback(name, "incorrect", wording.UNSTEADY, asides=asides)
    if not any(verdict.wrong):
        if verdict.deaf():
            return Feedback(name, "incorrect", wording.DEAF, mistake="own-random-numbers", asides=asides)
        if name_of := verdict.no_index():
            return Feedback(name, "incorrect", wording.no_index(name_of), mistake="no-index", asides=asides)
        return Feedback(name, "correct", wording.praise(len(tried.runs)), asides=[*asides, wording.boxed(tried.runs)])
    said = Naming(verdict).of_a_wrong_answer()
    asides.insert(0, wording.clinic(verdict.exercise.lesson, said.slug, said.subject))
    asides.append(wording.warned(tried.warned))
    return Feedback(name, "incorrect", said.sentences, mistake=said.slug, table=said.table, asides=asides)


# ---- before it runs


def _exercise(answer, name):
    """(the exercise or None, what it is called, what is wrong with the name)."""
    if isinstance(name, registry.Exercise):
        return name, name.name, ""
    if name is None:
        name = getattr(answer, "__name__", None) if callable(answer) else None
        if not isinstance(name, str) or name == "<lambda>":
            return None, "check", wording.NO_NAME if callable(answer) else _not_a_function(answer, "e_step")
    try:
        exercise = registry.find(name)
        return exercise, exercise.name, ""
    except ValueError as error:
        text = str(error)
        return None, str(name)[:60], text[0].upper() + text[1:] + "." * (not text.endswith("?"))


def _not_a_function(answer, name):
    if inspect.isclass(answer):
        return wording.a_class(name)
    if not callable(answer):
        return wording.not_a_function(name, type(answer).__name__)
    return wording.a_coroutine(name) if inspect.iscoroutinefunction(answer) else ""


def _unwritten(answer):
    """Only `...`, `pass`, a docstring, or `raise NotImplementedError`."""
    try:
        if em.is_stub(answer):
            return True
        code = answer.__code__
    except (AttributeError, TypeError):
        return False
    return code.co_names == ("NotImplementedError",) and not code.co_cellvars and len(code.co_code) <= 40


def _signature(answer, exercise):
    """A sentence if the function cannot take the exercise's arguments."""
    wanted = exercise.parameters
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):
        return ""  # compiled, or built in: try it
    try:
        signature.bind(*wanted)
    except TypeError:
        return wording.other_signature(exercise.name, wanted, str(signature)[1:-1] or "nothing")
    own = tuple(signature.parameters)[: len(wanted)]
    return wording.other_order(exercise.name, wanted, own) if set(own) == set(wanted) and own != wanted else ""


def _failure_of(error):
    """The error in words, whatever it does when it is asked."""
    try:
        return failure(error, None)
    except BaseException:
        return "", ""
