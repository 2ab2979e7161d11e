"""A folder of collected notebooks: who has solved what, whatever the notebooks print, break or try."""

# ruff: noqa: E501 (one case a line)

import csv
import json
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from emtutor.desk import answers, cli, report

RIGHT = "import numpy as np\ndef update_pi(r):\n    return r.sum(0) / len(r)"
SUM = "def update_pi(r):\n    return r.sum(0)"
MULTIPLIER = "def multiplier(r):\n    return -float(len(r))"


def write(path, *cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), path)


def verdicts(path, *cells):
    """{exercise: (status, mistake)} of one notebook."""
    write(path / "one.ipynb", *cells)
    (row,) = report.report(path, jobs=1, progress=False)
    return {name: mark["status"] for name, mark in row.marks.items()}


KINDS = {  # what stands in the cells -> the verdict on update_pi
    "right": ([RIGHT], "correct"),
    "wrong": ([SUM], "incorrect"),
    "a stub": (["def update_pi(r):\n    ..."], "unattempted"),
    "forged by printing": ([SUM, "print('update_pi: Right')"], "incorrect"),
    "forged by another check": (["def check(f):\n    return 'update_pi: Right'", SUM, "check(update_pi)"], "incorrect"),
    "forged in the tutor": (
        ["import emtutor.tutor.verdict as v\nv.Verdict.wrong = []", f"import emtutor.tutor.values as u\n{SUM}"],
        "incorrect",
    ),
    "forged by a default": (
        ["import emtutor.tutor.values as u\ndef update_pi(r, a=setattr(u, 'close', lambda *b: True)):\n    return r"],
        "incorrect",
    ),
    "forged by a decorator": (
        ["import emtutor.tutor.values as u\ndef d(f):\n    u.close = lambda *b: True\n    return f", f"@d\n{SUM}"],
        "incorrect",
    ),
    "another cell fails": (["1 / 0", "undefined_name", RIGHT, "raise SystemExit"], "correct"),
    "another cell is no Python": (["def m_step(x, r:\n    pass", RIGHT], "correct"),
    "an endless loop": (["def update_pi(r):\n    while True:\n        pass"], "error"),
    "an end of Python": (["def update_pi(r):\n    import os\n    os._exit(0)"], "error"),
    "an end of Python in a cell": (["import os\nn = os._exit(0)", "def update_pi(r):\n    return r.sum(0) / n"], "error"),
    "all memory": (["def update_pi(r):\n    return bytearray(1 << 45)"], "error"),
    "defined twice": ([SUM, RIGHT], "correct"),
    "defined again as a stub": ([RIGHT, "def update_pi(r):\n    ..."], "correct"),
    "by another name": (["def my_pi(r):\n    return r.sum(0) / len(r)", "check(my_pi, 'update_pi')"], "correct"),
    "with a helper": (["def share(R, n):\n    return R / n", "def update_pi(r):\n    return share(r.sum(0), len(r))"], "correct"),
    "with a value": (["import numpy as np", "one = np.float64(3) / 3", "def update_pi(r):\n    return one * r.sum(0) / len(r)"], "correct"),
    "with a default": (["import numpy as np", "def update_pi(r, n=np.sum([1])):\n    return r.sum(0) / len(r) * n"], "correct"),
    "with a magic": (["%%time\n" + RIGHT, "!ls"], "correct"),
    "with an annotation that fails": (["def update_pi(r: 1 / 0) -> undefined:\n    return r.sum(0) / len(r)"], "correct"),
}  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["right", "forged by a default", "another cell fails", "by another name", "with a value"]
)
def test_only_what_functions_do_counts(kind, tmp_path):
    cells, status = KINDS[kind]
    assert verdicts(tmp_path, *cells)["update_pi"] == status


@pytest.mark.mutation
def test_a_class_of_forty(tmp_path, monkeypatch):
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")  # a machine with other settings judges the same
    handed_in = tmp_path / "class"
    expected = {}
    for i, (kind, (cells, status)) in enumerate(KINDS.items()):
        name = f"{i:02d} {kind}"
        write(handed_in / f"{name}.ipynb", *cells, MULTIPLIER)
        expected[name] = status
    for i in range(len(KINDS), 38):
        write(handed_in / f"Übung {i}" / "abgabe" / "renamed.ipynb", RIGHT if i % 2 else SUM)
        expected[f"Übung {i}"] = "correct" if i % 2 else "incorrect"
    (handed_in / "cut off.ipynb").write_text('{"cells": [', encoding="utf-8")
    (handed_in / "empty.ipynb").write_bytes(b"")
    rows = {row.student: row for row in report.report(handed_in, progress=False)}
    assert len(rows) == 40
    assert {name: rows[name].marks["update_pi"]["status"] for name in expected} == expected
    assert all(
        row.marks["multiplier"]["status"] == "correct"
        for name, row in rows.items()
        if name in expected and "Übung" not in name
    )
    assert all("cannot be read" in rows[name].notes[0] for name in ("cut off", "empty"))
    again = {row.student: row for row in report.report(handed_in, again=True, progress=False)}
    assert again == rows


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    write(folder / "ann" / "04.ipynb", RIGHT)
    write(folder / "ann" / "05.ipynb", "def match_labels(mu_a, mu_b):\n    ...")
    write(folder / "=HYPERLINK(1).ipynb", SUM, "def grad_pi(r: '<script>alert(1)</script>'):\n    return '<b>'")
    report.report(folder, progress=False)
    return folder


def test_notebooks_in_one_folder_are_one_students(two):
    rows = {row.student: row for row in report.report(two, progress=False)}
    assert set(rows) == {"ann", "=HYPERLINK(1)"}
    assert set(rows["ann"].marks) == {"update_pi", "match_labels"}


def test_what_is_known_is_not_judged_again(two, monkeypatch):
    monkeypatch.setattr(report, "judge", lambda path: pytest.fail(f"{path} is known"))
    kept = two / report.KEPT
    with kept.open("a") as stream:
        stream.write('["cut o')
    assert len(report.report(two, progress=False)) == 2


def test_the_table_and_the_page(two, tmp_path, capsys):
    table, page = tmp_path / "class.csv", tmp_path / "class.html"
    assert cli.main(["report", str(two), "--csv", str(table), "--html", str(page)]) == 0
    said = capsys.readouterr().out
    assert "2 students" in said
    assert "update_pi: 1 right" in said
    with table.open(encoding="utf-8", newline="") as stream:
        rows = {row["student"]: row for row in csv.DictReader(stream)}
    assert rows["ann"]["update_pi"] == "right"
    assert rows["ann"]["multiplier"] == "missing"
    assert rows["'=HYPERLINK(1)"]["update_pi"].startswith("not right")
    text = page.read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "r.sum(0)" in text


def test_a_folder_without_notebooks_is_said(tmp_path, capsys):
    assert cli.main(["report", str(tmp_path)]) == 1
    assert "no notebook" in capsys.readouterr().err
    assert cli.main(["report", str(tmp_path / "nowhere")]) == 1


def test_reading_a_notebook_runs_nothing_of_it(tmp_path):
    mark = tmp_path / "ran"
    touch = f"open({str(mark)!r}, 'w').close()"
    cells = [touch, f"def update_pi(r, a={touch}):\n    return r", f"class A:\n    {touch}"]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    found = answers.answers(notebook, ["update_pi"])
    assert found["update_pi"].function is not None
    mark.unlink(missing_ok=True)  # the default was computed, in the worker
    notebook.cells = [*notebook.cells[:1], new_code_cell(RIGHT)]
    assert answers.answers(notebook, ["update_pi"])["update_pi"].function is not None
    assert not mark.exists()


def test_marks_are_plain_json(tmp_path):
    write(tmp_path / "a.ipynb", RIGHT)
    rows = report.report(tmp_path, progress=False)
    assert json.loads(json.dumps(rows[0].marks)) == rows[0].marks
    shutil.rmtree(tmp_path / report.KEPT.parent)
