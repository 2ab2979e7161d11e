"""The page of demonstrations: its code runs as it stands, on Old Faithful and on somebody else's data."""

import re
from pathlib import Path

import numpy as np
import pytest

from emtutor.films.player import Player

PAGE = Path(__file__).parents[2] / "docs" / "demonstrations.md"


def shown(x=None):
    """What the last line of each cell shows, in order."""
    world, found = {}, []
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S):
        *body, last = code.rstrip().split("\n")
        exec("\n".join(body), world)
        if last.startswith("start") and x is not None:
            world["x"] = x
        if last.startswith(("play", "derivations")):
            found.append(eval(last, world))
        else:
            exec(last, world)
    return found


def test_every_demonstration_runs_and_shows_what_is_said():
    films = [one.first for one in shown() if isinstance(one, Player)]
    assert len(films) == 7
    assert "L fell" in films[1].frames[2].words
    assert "collapsed" in films[1].frames[-1].words
    assert all(len(film.frames) > 1 for film in films)


@pytest.mark.parametrize("n", [20, 90])
def test_with_other_data_in_the_place_of_x(n):
    rng = np.random.default_rng(n)
    x = 1e3 * (rng.normal(size=(n, 2)) + np.where(rng.random((n, 1)) < 0.5, 0, 4))
    found = shown(x)
    assert len(found) == 9
    assert all(one.first.frames for one in found if isinstance(one, Player))
    assert found[-3]  # the chain holds on them
