"""Predictions: the right answer stands anywhere, and is told only after choosing."""

from collections import Counter

import pytest

from emtutor.tutor.predictions import predict, predictions


def test_the_right_answer_stands_in_every_place_and_in_none_by_habit():
    of_three = [p for p in predictions().values() if len(p.replies) == 3]
    places = Counter(list(p.replies).index(p.right) for p in of_three)
    assert set(places) == {0, 1, 2}
    assert max(places.values()) <= len(of_three) / 2


@pytest.mark.parametrize("name", predictions())
def test_nothing_is_told_before_choosing_and_each_choice_is_met_by_its_own_reply(name):
    asking, record = predict(name), predictions()[name]
    assert list(asking.choice.options) == list(record.replies)  # the same order every time
    before = asking.reply.value + repr(asking)
    assert not [reply for reply in record.replies.values() if reply in before]
    for answer in record.replies:
        asking.choice.value = answer
        assert asking.reply.value.startswith("<b>That is what happens.</b>") == (answer == record.right)
