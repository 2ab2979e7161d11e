"""Nothing false is said: every claim of a finding is tried again on many problems of other sizes."""

import itertools
import warnings

import mutations
import numpy as np
import pytest

from emtutor.causes import agree, find
from emtutor.causes.special import cases
from emtutor.causes.study import called
from emtutor.problems.worlds import fresh, slice_axis, world
from emtutor.tutor.exercise import exercises

SAMPLE = ("update_mu", "log_gaussian", "grad_log_gaussian_Sigma", "responsibilities", "elbo")


def wrong_answers(exercise, every):
    """(what it is, function): the record's mistakes and the mutants, one in so many."""
    named = ((m.slug, m.function) for m in exercise.mistakes)
    made = ((repr(m), m.function) for m in mutations.mutants(exercise))
    return itertools.islice(itertools.chain(named, made), 0, None, every)


def others(exercise, count):
    """Worlds of other sizes and values near the exercise's ordinary problems."""
    rng = np.random.default_rng(77)
    base = [world(p, exercise.notation) for p in exercise.problems(np.random.default_rng(5))]
    base = [w for w in base if min(w.sizes.values(), default=0) > 1]
    for number in range(count if base else 0):
        w = fresh(base[number % len(base)], rng)
        for letter in "d" if w.leaves("labels", "onehot") else "nkd":  # no component may be left without a point
            if w.sizes.get(letter, 1) > 2 and rng.random() < 0.5:
                w = slice_axis(w, letter, int(rng.integers(2, w.sizes[letter] + 1)))
        yield w


def right(exercise, answer, w, name):
    """True or False, of one part of the output or of all; None where the solution says nothing."""
    t, a = called(exercise.solution, w.problem()), called(answer, w.problem())
    if t is None:
        return None
    if isinstance(t, tuple) and name in exercise.out:
        i = list(exercise.out).index(name)
        t, a = t[i], a[i] if isinstance(a, tuple) and len(a) == len(exercise.out) else None
    return a is not None and (agree(a, t) or (np.shape(a) == np.shape(t) and np.allclose(a, t, 1e-7, 1e-9)))


def falsehoods(exercise, answer, finding, count):
    """Where a claim does not hold, in words."""
    given = [world(p, exercise.notation) for p in exercise.problems(np.random.default_rng(5))]
    held = {c.when: (c, w.pattern) for w in reversed(given) for c in cases(w)}
    rng = np.random.default_rng(3)
    elsewhere = []
    for w in others(exercise, count):
        if "when" in finding.objects:
            case, pattern = held[finding.objects["when"]]
            inside = case.change(w, rng) if w.pattern == pattern else None
            if inside is not None and right(exercise, answer, inside, finding.part) is False:
                yield f"wrong where {finding.objects['when']}: {w.label} {inside.sizes}"
            if "wherever else" in finding.relation and right(exercise, answer, w, finding.part):
                elsewhere.append(f"{w.label} {w.sizes}")
    if len(elsewhere) > count / 20:  # of what was tried the sentence is true; of nearly all else it is to be
        yield f"right elsewhere: {elsewhere}"


@pytest.mark.parametrize(("name", "every", "count"), [
    *(pytest.param(name, 12, 20, id=name) for name in SAMPLE),
    *(pytest.param(name, 1, 100, id=f"all of {name}", marks=pytest.mark.mutation) for name in exercises()),
])  # fmt: skip
def test_every_claim_of_a_special_case_holds_on_other_problems(name, every, count):
    exercise, found = exercises()[name], []
    given = exercise.problems(np.random.default_rng(19))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for what, answer in wrong_answers(exercise, every):
            said = find(answer, exercise.solution, given, notation=exercise.notation, out=exercise.out)
            for finding in said[:2]:
                if "when" in finding.objects:
                    false = next(falsehoods(exercise, answer, finding, count), None)
                    found += [f"{what}: {finding.sentence} But {false}"] if false else []
    assert not found, "\n".join(found)
