"""The tutor says of each frozen wrong answer what it said before; `tests/net.py --write` freezes what is wanted."""

import net
import pytest

from emtutor.tutor.exercise import exercises

pytestmark = pytest.mark.mutation


@pytest.mark.parametrize("name", exercises())
def test_verdicts_are_those_of_the_net(name):
    answers = net.frozen_answers(f"^{name}: ")
    if not answers:
        pytest.skip("the answers are frozen for another version of Python")
    changed = list(net.differences(answers, net.frozen_verdicts()))
    lines = "\n".join(f"{key}\n  was {before}\n  is  {now}" for key, before, now in changed)
    assert not changed, f"`python tests/net.py --write` freezes what is wanted:\n{lines}"
