"""One contract for all exercises: whatever is written down in a lesson's module is held to it."""

import dataclasses
import inspect
import re
import textwrap
from functools import cache

import net
import numpy as np
import pytest

from emtutor import derivations
from emtutor.tutor import Mistake, check, contract
from emtutor.tutor.exercise import exercises, find

ALL = list(exercises().values())
each = pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.name)
VERDICTS = net.frozen_verdicts()
mistakes = pytest.mark.parametrize(
    ("exercise", "mistake"), [(e, m) for e in ALL for m in e.mistakes], ids=lambda v: getattr(v, "slug", None) or v.name
)


def converted(result, change):
    return type(result)(change(v) for v in result) if type(result) in (tuple, list) else change(result)


def single(v):
    return np.asarray(v, dtype=np.float32) if np.asarray(v).dtype.kind == "f" else v


def read_only(*args):
    for a in args:
        if isinstance(a, np.ndarray):
            a.flags.writeable = False
    return args


FORMS = {
    "as it is": lambda f, *a: f(*a),
    "lists": lambda f, *a: converted(f(*a), lambda v: np.asarray(v).tolist()),
    "tuples": lambda f, *a: converted(f(*a), lambda v: tuple(v) if np.ndim(v) else v),
    "single precision": lambda f, *a: converted(f(*a), single),
    "matrix or array of no dimension": lambda f, *a: converted(
        f(*a), lambda v: np.matrix(v) if np.ndim(v) == 2 else np.array(v)
    ),
    "views": lambda f, *a: converted(f(*a), lambda v: np.asfortranarray(v)[::-1][::-1] if np.ndim(v) else v),
    "arguments not writeable": lambda f, *a: f(*read_only(*a)),
    "arguments in column order": lambda f, *a: f(
        *(np.asfortranarray(v) if isinstance(v, np.ndarray) else v for v in a)
    ),
}


@pytest.mark.parametrize("form", FORMS)
@each
def test_solution_is_right_in_every_form(exercise, form):
    feedback = check(lambda *args: FORMS[form](exercise.solution, *args), exercise.name)
    if form == "tuples" and exercise.index:
        assert "cannot be used as an index" in str(feedback)
        return
    assert feedback.status == "correct", feedback


@each
def test_solution_stands_alone(exercise):
    """As `emtutor solve` puts it into a notebook: nothing but np around it."""
    source = textwrap.dedent(inspect.getsource(exercise.solution))
    assert len(source.splitlines()) <= 30
    assert "emtutor" not in source
    world = {"np": np}
    exec(source, world)
    assert check(world[exercise.name]), check(world[exercise.name])


@cache
def mistaken(name, slug):
    """What is said of a named mistake; its name and its numbers are looked at in two tests."""
    exercise = find(name)
    return check(next(m.function for m in exercise.mistakes if m.slug == slug), name)


@mistakes
def test_mistake_is_named_as_itself(exercise, mistake):
    feedback = mistaken(exercise.name, mistake.slug)
    assert feedback.status in ("incorrect", "error")
    assert feedback.mistake in (mistake.slug, *mistake.same_as), feedback


@each
def test_each_question_by_cause_has_an_answer_that_gets_it(exercise):
    """Of the frozen answers: former mistakes and mutants."""
    said = [message for key, (*_, message) in VERDICTS.items() if key.startswith(f"{exercise.name}: ")]
    assert not [key for key, question in exercise.ask.items() if not any(question in message for message in said)]


@each
def test_the_chain_of_a_record_exists(exercise):
    assert exercise.chain in ("", *derivations.ALL)


@pytest.mark.parametrize(
    "promise", [contract.complete_record, contract.steady_problems, contract.kept_secret, contract.open_stub]
)
@each
def test_the_record_keeps_its_promises(exercise, promise):
    assert not list(promise(exercise))


@each
def test_right_values_are_never_printed(exercise):
    """Neither for named mistakes nor for a nameless one: no number of the solution's with four digits or more."""
    problems = exercise.problems(np.random.default_rng(19))
    secret = set()
    for p in problems:
        with np.errstate(all="ignore"):
            outputs = exercise.solution(*p.args.values())
        outputs = outputs if isinstance(outputs, (tuple, list)) else [outputs]
        for number in np.concatenate([np.ravel(v) for v in outputs]).astype(float):
            for digits in (4, 5, 6, 8):
                text = f"{number:.{digits}g}"
                if len(re.sub(r"\D", "", text).strip("0")) >= 4:
                    secret.add(text.lstrip("-"))

    def nameless(*args):
        return converted(exercise.solution(*args), lambda v: np.asarray(v) * 1.0371 + 0.0113)

    said = [str(mistaken(exercise.name, m.slug)) for m in exercise.mistakes] + [str(check(nameless, exercise.name))]
    for text in said:
        numbers = set(re.findall(r"\d+\.\d+(?:e[-+]\d+)?", text))
        assert not numbers & secret, text


def test_unknown_names_lead_to_the_nearest():
    with pytest.raises(ValueError, match="did you mean e_step"):
        find("e_stp")


def test_a_broken_record_is_told():
    sound = find("update_pi")
    assert not contract.broken(sound)
    for field, value, says in (
        ("judge", lambda problem, output: "No.", "is refused"),
        ("hints", ["Divide R by the number of rows: r.sum(0) / len(r)."], "three hints"),
        ("mistakes", [Mistake("right", sound.solution, "Nothing is wrong.")], "taken for"),
        ("problems", lambda rng: sound.problems(np.random.default_rng()), "another one"),
        ("by_hand", "", "by_hand"),
    ):
        told = "\n".join(contract.broken(dataclasses.replace(sound, **{field: value})))
        assert says in told, (field, told)
