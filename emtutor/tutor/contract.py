"""What every exercise keeps, those of other packages too: `broken(exercise)` says what is not so."""

import inspect
import re

import numpy as np

from emtutor.causes import unknown
from emtutor.tutor.check import judged


def broken(exercise):
    """Sentences on what the record does not keep; none if all is well."""
    return [said for promise in PROMISES for said in promise(exercise)]


def right_solution(exercise):
    """The solution is right, also in lists and in single precision."""
    for form, change in (
        ("as it is", lambda v: v),
        ("as lists", lambda v: np.asarray(v).tolist()),
        ("in single precision", _single),
    ):
        feedback = judged(_changed(exercise.solution, change), exercise)
        if not feedback:
            yield f"The solution {form} is refused: {feedback.message}"


def named_mistakes(exercise):
    """Each mistake is known as itself."""
    for mistake in exercise.mistakes:
        feedback = judged(mistake.function, exercise)
        if feedback.mistake not in (mistake.slug, *mistake.same_as):
            yield f"The mistake {mistake.slug} is taken for {feedback.mistake or feedback.status}: {feedback.message}"


def complete_record(exercise):
    """A statement, three hints, questions for causes that are known, something to do by hand."""
    slugs = [m.slug for m in exercise.mistakes]
    sentences = [*_texts(exercise), exercise.by_hand]
    told = {
        "the statement says too little": len(exercise.statement) > 40,
        "three hints are needed": len(exercise.hints) >= 3,
        "`ask` has a key whose cause nobody knows": not unknown(exercise.ask),
        "a question of `ask` does not end as one": all(q.endswith("?") for q in exercise.ask.values()),
        "two mistakes have one slug": len(set(slugs)) == len(slugs),
        "`same_as` names a slug that is none": all(s in slugs for m in exercise.mistakes for s in m.same_as),
        "a slug has other signs than letters, digits and -": all(re.fullmatch(r"[\w-]+", s) for s in slugs),
        "`by_hand` is missing": exercise.by_hand,
        "a text does not end as a sentence does": all(s and s == s.strip() and s[-1] in ".?:)" for s in sentences if s),
    }
    yield from (f"{exercise.name}: {what}." for what, kept in told.items() if not kept)


def steady_problems(exercise):
    """The problems fit the signature, have labels of their own and are the same with the same seed."""
    first, second = (exercise.problems(np.random.default_rng(5)) for _ in range(2))
    if len(first) < 3 and exercise.parameters:
        yield f"{exercise.name}: three problems are needed, there are {len(first)}."
    if len({p.label for p in first}) < len(first):
        yield f"{exercise.name}: two problems have one label."
    for a, b in zip(first, second, strict=True):
        if tuple(a.args) != exercise.parameters:
            yield f"{exercise.name}: {a.label!r} has {tuple(a.args)}, the solution takes {exercise.parameters}."
        plain = {name: value for name, value in a.args.items() if not isinstance(value, np.random.Generator)}
        try:
            np.testing.assert_equal({name: b.args[name] for name in plain}, plain)
        except AssertionError:
            yield f"{exercise.name}: the problem {a.label!r} is another one with the same seed."


def kept_secret(exercise):
    """No text holds a line of the solution."""
    lines = [re.sub(r"\W+", "", line) for line in inspect.getsource(exercise.solution).splitlines()[1:]]
    telling = [line for line in lines if len(line) > 18 and not line.startswith(("import", "from"))]
    for text in _texts(exercise):
        if any(line in re.sub(r"\W+", "", text) for line in telling):
            yield f"{exercise.name}: this text gives the solution away: {text}"


def open_stub(exercise):
    """A stub is called unwritten."""
    world: dict = {}
    exec(f"def {exercise.name}({', '.join(exercise.parameters)}):\n    '''doc'''\n    ...", world)
    feedback = judged(world[exercise.name], exercise)
    if feedback.status != "unattempted":
        yield f"{exercise.name}: a stub is called {feedback.status}."


PROMISES = (right_solution, named_mistakes, complete_record, steady_problems, kept_secret, open_stub)


def _texts(exercise):
    """All that a learner may read of a record before it is solved."""
    return [exercise.statement, *exercise.hints, *(m.hint for m in exercise.mistakes), *exercise.ask.values()]


def _single(v):
    return np.asarray(v, dtype=np.float32) if np.asarray(v).dtype.kind == "f" else v


def _changed(function, change):
    def answer(*args):
        result = function(*args)
        return type(result)(map(change, result)) if type(result) in (tuple, list) else change(result)

    return answer
