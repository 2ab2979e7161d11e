"""The judge stands whatever a run is: every named mistake with its name taken away, also where it returns None at
times, or raises, or something that is no number."""

import dataclasses

import numpy as np
import pytest

from emtutor.causes import FAMILIES
from emtutor.tutor.check import judged
from emtutor.tutor.exercise import exercises

SOMETIMES = {
    "None": lambda: None,
    "an error": lambda: np.ones(2) @ np.ones(3),
    "text": lambda: "nothing",
    "dots": lambda: ...,
}


@pytest.mark.mutation
@pytest.mark.parametrize("name", exercises())
def test_a_mistake_without_its_name_gets_a_verdict(name):
    exercise = exercises()[name]
    nameless = dataclasses.replace(exercise, mistakes=[])
    others = list(SOMETIMES.values())
    for number, mistake in enumerate(exercise.mistakes):
        for answer in (mistake.function, now_and_then(mistake.function, others[number % len(others)])):
            feedback = judged(answer, nameless)
            assert feedback.status in ("incorrect", "error"), (mistake.slug, feedback)
            assert feedback.mistake in (None, "own-random-numbers", *FAMILIES) or exercise.judge or exercise.extra
            assert feedback.message
            assert "Not judged" not in feedback.head


def now_and_then(function, other):
    """The function on every second problem, something else on the rest."""
    count = [0]

    def answer(*args):
        count[0] += 1
        return other() if count[0] % 2 == 0 else function(*args)

    return answer


def test_wrong_on_one_problem_and_none_on_another():
    def grad_mu(x, pi, mu, Sigma):
        if len(pi) > 1:
            return np.zeros_like(mu) + 0.1

    feedback = judged(grad_mu, dataclasses.replace(exercises()["grad_mu"], mistakes=[]))
    assert feedback.status == "incorrect"
    assert "Not judged" not in feedback.head
