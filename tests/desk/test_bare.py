"""Lessons in a plain Python that lacks what a browser lacks, and without the extra that brings JupyterLab."""

import subprocess
import sys
from pathlib import Path

import pytest

from emtutor.desk import cli

HERE = Path(__file__).parents[1]
PATHS = sorted((HERE.parent / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_lesson_says_the_same_where_much_is_missing(path):
    """No timer, thread, process, socket or JupyterLab: every cell runs, and its words are the committed ones."""
    done = subprocess.run([sys.executable, HERE / "bare.py", path], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("module", "extra"),
    [("jupyterlab", "lab"), ("nbconvert.filters", "lab"), ("math_core", "lab"), ("jupyterlite_core", "site")],
)
def test_a_command_whose_extra_is_missing_says_how_to_get_it(module, extra, monkeypatch, capsys, tmp_path):
    def missing(*_):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(cli, "_export", missing)
    assert cli.main(["export", "a.ipynb", "-o", str(tmp_path / "a.html")]) == 1
    assert f"pip install 'emtutor[{extra}]'" in capsys.readouterr().err
