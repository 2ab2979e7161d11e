"""No command line of `solve`, `export` and `lab` ends in a traceback: it does its work or says one sentence."""

import copy
import json
import logging
import os
import random

import pytest
from nbformat import v4

from emtutor.desk import cli, deliver, notebooks, page

STUB = 'def update_pi(r):\n    """pi (k,)."""\n    ...'
NAMES = [
    "",
    " ",
    "-",
    "--",
    "x" * 300,
    "a/" * 2000,
    "nul\0",
    "new\nline",
    "../..",
    "ü",
    "\udcff",
    "folder",
    "file",
    ".",
]
NAMES += ["/dev/null/x", "/proc/x", "file/x", "folder/page.html", "page.html", "x.HTML", ".html", "~nosuch/page.html"]
ODD = [
    5,
    None,
    "",
    [],
    {},
    -1,
    True,
    "x",
    ["a", 5],
    [None],
    {"a": [1]},
    10**30,
    "\ud800",
    "%%time\n" + STUB,
    "\x00",
    [[]],
]


OUTPUT = {"text/html": "<b>x</b>", "image/png": "AAAA", "text/plain": "x"}
OUTPUTS = [v4.new_output("display_data", OUTPUT), v4.new_output("stream", text="a")]
CELLS = [v4.new_markdown_cell("# A $x$"), v4.new_code_cell(STUB, outputs=OUTPUTS)]
BOOK = json.dumps(v4.new_notebook(cells=CELLS), indent=1)


def _places(value, path=()):
    """The path of every value in a tree of lists and dictionaries."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*path, key))


def _changed(book, rng):
    *path, last = rng.choice([path for path in _places(book) if path])
    inside = book
    for key in path:
        inside = inside[key]
    if rng.random() < 0.3:
        del inside[last]
    else:
        inside[last] = copy.deepcopy(rng.choice(ODD))
    return book


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in; kernels and servers are not started: what they would get is looked at."""
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)  # half a letter in a log cannot be reported
    (tmp_path / "folder" / "page.html").mkdir(parents=True)
    (tmp_path / "folder" / "05-em.ipynb").mkdir()
    (tmp_path / "file").write_text("hers")
    (tmp_path / "05-em.ipynb").write_text(BOOK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(page, "run", lambda notebook, folder: (notebook, {}))
    lessons = tmp_path / "lessons"
    lessons.mkdir()
    (lessons / "05-em.ipynb").write_text(BOOK)
    monkeypatch.setattr(deliver, "lessons", lambda: lessons)
    from jupyterlab.labapp import LabApp

    monkeypatch.setattr(LabApp, "launch_instance", lambda argv: None)
    return tmp_path


def _ends(arguments, capsys):
    try:
        code = cli.main(arguments)
    except SystemExit as end:
        code = end.code
    said = capsys.readouterr()
    assert code in (0, 1, 2), arguments
    assert bool(said.err) is (code != 0), (arguments, said.err)
    assert "not foreseen" not in said.err, (arguments, said.err)
    assert "Traceback" not in said.err
    return code, said.err


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_whatever_the_paths_are_called(name, here, capsys):
    for line in (
        ["solve", name, "-o", "out"],
        ["solve", "05-em.ipynb", "-o", name],
        ["solve", "05-em.ipynb", "--force", "-o", name],
        ["export", name, "-o", "out.html"],
        ["export", "05-em.ipynb", "-o", name],
        ["export", "05-em.ipynb", "-o", f"{name}.html"],
        ["lab", "--no-browser", "--folder", name],
        ["lab", "--no-browser", f"--folder={name}"],
        ["lab", "--port", name],
    ):
        _ends(line, capsys)
    assert (here / "file").read_text() == "hers"
    assert (here / "05-em.ipynb").read_text() == BOOK


def test_whatever_a_notebook_holds(here, capsys):
    rng = random.Random(20)
    codes = []
    for _ in range(400):
        book = json.loads(BOOK)
        for _ in range(rng.choice([1, 1, 2])):
            book = _changed(book, rng)
        (here / "odd.ipynb").write_text(json.dumps(book), encoding="utf-8")
        codes.append(_ends(["solve", "odd.ipynb", "--force", "-o", "out"], capsys)[0])
        codes.append(_ends(["export", "odd.ipynb", "-o", "odd.html"], capsys)[0])
    assert 100 < codes.count(0) < 700, "some are notebooks and some are not"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"5", b"[]", b"{}", b"null", b"\xff\xfe", b"[" * 100_000, b'{"cells": 5}']
)
def test_what_is_no_notebook_is_said(content, here, capsys):
    (here / "odd.ipynb").write_bytes(content)
    for line in (["solve", "odd.ipynb", "-o", "out"], ["export", "odd.ipynb", "-o", "odd.html"]):
        code, said = _ends(line, capsys)
        assert (code, "is not a notebook that can be read" in said) == (1, True)
        assert len(said) < 500
    (here / "lessons" / "05-em.ipynb").write_bytes(content)
    _ends(["lab", "--no-browser"], capsys)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace('"nbformat_minor": 5', '"nbformat_minor": 4').replace('"id"', '"was"'),
        lambda text: text.replace("def update_pi", "%%time\\ndef update_pi"),
        lambda text: text.replace("def update_pi", "%%timeit -n 1\\n\\n%matplotlib inline\\ndef update_pi"),
        lambda text: text.replace("\\n    ...", "\\r\\n    ..."),
    ],
)
def test_a_stub_is_solved_whatever_the_file_went_through(change, here, capsys):
    (here / "odd.ipynb").write_text(change(BOOK), encoding="utf-8", newline="")
    assert _ends(["solve", "odd.ipynb", "-o", "out"], capsys)[0] == 0
    solved = notebooks.read(here / "out" / "odd.ipynb").cells[1].source
    assert "..." not in solved
    assert "%%time" not in change("def update_pi") or solved.startswith("%%time")


def test_commands_in_a_working_folder_that_is_gone(here, capsys):
    gone = here / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    for line in (["lab", "--no-browser"], ["solve", "x.ipynb", "-o", "out"], ["export", "x.ipynb", "-o", "x.html"]):
        assert _ends(line, capsys)[0] == 1
    assert _ends(["solve", str(here / "05-em.ipynb"), "-o", str(here / "out")], capsys)[0] == 0
    assert _ends(["lab", "--no-browser", "--folder", str(here / "mine")], capsys)[0] == 0
