"""Exercises of other people: at once, registered, and from an installed package; as the page on them says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emtutor.tutor import check, hint, register, solution
from emtutor.tutor.contract import broken
from emtutor.tutor.exercise import exercises, find

PAGE = (Path(__file__).parents[2] / "docs" / "your-own-exercise.md").read_text()
CODE = re.search(r"```python\n(import numpy.*?)```", PAGE, re.S)[1]


@pytest.fixture
def record(tmp_path, monkeypatch):
    """The page's exercise, from a module of its own."""
    (tmp_path / "page_exercise.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("page_exercise", None)
    import page_exercise

    yield page_exercise.CENTROID
    exercises().pop("centroid", None)


def test_the_page_shows_a_whole_one_that_is_sound(record):
    assert len([line for line in CODE.splitlines() if line.strip()]) <= 24
    assert broken(record) == []


def test_at_once(record):
    assert check(lambda x: x.mean(0), record)
    wrong = check(lambda x: x.mean(1), record)
    assert wrong.exercise == "centroid"
    assert not wrong
    assert check(lambda x: x.sum(0) / x.shape[1], record).mistake == "over-d"
    assert "hint 1 of 3" in str(hint(record))
    assert "x.sum(0) / len(x)" in str(solution(record, sure=True))


def test_registered(record):
    with pytest.raises(ValueError, match="no exercise"):
        find("centroid")
    for _ in range(2):  # a cell may be run twice
        assert register(record) is record
    assert check(lambda x: x.mean(0), "centroid")
    assert "hint" in str(hint("centroid"))
    with pytest.raises(ValueError, match="already"):
        register(find("e_step"))
    with pytest.raises(TypeError, match="must be an Exercise"):
        register(np.sum)


def test_one_of_your_own_is_not_taken_for_that_of_a_lesson(record, tmp_path, monkeypatch):
    import dataclasses

    from emtutor.tutor import store

    def e_step(x):
        return x.sum(0) / len(x)

    monkeypatch.setenv("EMTUTOR_HOME", str(tmp_path / "home"))
    assert check(e_step, dataclasses.replace(record, solution=e_step))
    assert not store.entry("e_step")[0].attempts


INSTALLED = """
from emtutor.tutor import check, progress
from emtutor.tutor.contract import broken
from emtutor.tutor.exercise import exercises, find
print(broken(find("centroid")), check(lambda x: x.mean(0), "centroid").status, len(exercises()) > 60)
print("my-course" in str(progress()))
"""


def test_from_an_installed_package_in_an_empty_folder(tmp_path):
    site, empty = tmp_path / "site", tmp_path / "empty"
    for folder in (site / "my_course", site / "my_course-1.0.dist-info", site / "bad-1.0.dist-info", empty):
        folder.mkdir(parents=True)
    (site / "my_course" / "__init__.py").write_text("")
    (site / "my_course" / "exercises.py").write_text(CODE)
    for name, module in (("my_course", "my_course.exercises"), ("bad", "there.is.none")):
        info = site / f"{name}-1.0.dist-info"
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[emtutor.lessons]\n{name} = {module}\n")
    env = os.environ | {"PYTHONPATH": str(site), "EMTUTOR_HOME": str(tmp_path / "home")}
    ran = subprocess.run([sys.executable, "-c", INSTALLED], cwd=empty, env=env, capture_output=True, text=True)
    assert ran.stdout == "[] correct True\nTrue\n", ran
    assert "the lessons of there.is.none cannot be used" in ran.stderr
