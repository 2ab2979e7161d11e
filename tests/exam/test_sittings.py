"""An exam for a class: each paper has numbers of its own, and what is handed in is marked as `exam.submit` marks it."""

import csv
import re

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from emtutor import exam
from emtutor.desk import answers, cli, marks, notebooks, sittings

NAMES = ["Ann", "Émile Borel", "Yuki"]


@pytest.fixture(scope="module")
def class_of_three(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exam")
    (folder / "students.txt").write_text("\n".join([*NAMES, "", " "]), encoding="utf-8")
    assert cli.main(["exam", "papers", str(folder / "students.txt"), str(folder / "papers")]) == 0
    return folder / "papers"


def filled(notebook, seed, keep=lambda name: True):
    """The notebook with the model answers of that seed, those that `keep` says."""
    right = {f"answer_{p.name}": p.right for q in exam.sit(seed).questions for p in q.parts}
    solved, _ = notebooks.solve(notebook, lambda name: notebooks.tutor_solution(name) if keep(name) else None)
    for cell in solved.cells:
        for name, value in right.items():
            if cell.cell_type == "code" and not callable(value) and keep(name):
                cell.source = re.sub(rf"(?m)^{name} = .*$", lambda _, n=name, v=value: f"{n} = {v!r}", cell.source)
    return solved


def test_each_student_has_a_paper_of_her_own_and_the_pages_have_all_of_them(class_of_three):
    seeds = sittings.read_seeds(class_of_three / "seeds.csv")
    assert list(seeds) == NAMES
    assert len(set(seeds.values())) == 3
    printed, answered = ((class_of_three / name).read_text("utf-8") for name in ("papers.html", "answers.html"))
    for name, seed in seeds.items():
        notebook = notebooks.read(class_of_three / name / "12-exam.ipynb")
        assert marks.own_seed(notebook) == seed
        assert not any(cell.get("outputs") for cell in notebook.cells)
        assert name in printed
        assert f"seed {seed}" in answered
        numbers = re.findall(r"\d+\.\d+", exam.sit(seed).show(5).markdown) or re.findall(
            r"\d+", exam.sit(seed).show(5).markdown
        )
        assert all(number in printed for number in numbers)
    assert printed.count("answer_15b") == 3
    assert "answer_1b(density, pi):\n    weighted" not in printed


def test_the_class_is_marked_in_one_go_as_each_would_be_alone(class_of_three, tmp_path, capsys):
    seeds = sittings.read_seeds(class_of_three / "seeds.csv")
    handed_in = tmp_path / "handed in"
    some = lambda name: name in ("answer_1b", "answer_5a", "answer_8", "answer_14a", "answer_15a")
    for name, keep in {"Ann": lambda name: True, "Yuki": some}.items():
        (handed_in / name).mkdir(parents=True)
        notebook = notebooks.read(class_of_three / name / "12-exam.ipynb")
        notebooks.write(filled(notebook, seeds[name], keep), handed_in / name / "mine.ipynb")
    (handed_in / "Émile Borel.ipynb").write_text('{"cells": [')
    (handed_in / "Other.ipynb").write_bytes((handed_in / "Ann" / "mine.ipynb").read_bytes())
    table, page = tmp_path / "marks.csv", tmp_path / "marks.html"
    given = ["--seeds", class_of_three / "seeds.csv", "--csv", table, "--html", page, "--jobs", "2"]
    assert cli.main(["exam", "mark", str(handed_in), *map(str, given)]) == 0
    rows = {row["student"]: row for row in csv.DictReader(table.open(encoding="utf-8", newline=""))}
    full = exam.sit(0).points
    assert {name: float(row["points"]) for name, row in rows.items() if name in ("Ann", "Other")} == {
        "Ann": full, "Other": full,
    }  # fmt: skip
    right = {f"answer_{p.name}": p.right for q in exam.sit(seeds["Yuki"]).questions for p in q.parts}
    alone = exam.submit(exam.sit(seeds["Yuki"]), {name: value for name, value in right.items() if some(name)})
    assert 0 < float(rows["Yuki"]["points"]) == alone.points < full
    assert "cannot be read" in rows["Émile Borel"]["notes"]
    assert "Fewest points" in capsys.readouterr().out
    assert "left open" in page.read_text(encoding="utf-8")


def test_another_seed_than_the_students_own_is_marked_by_hers_and_said(class_of_three, tmp_path):
    seeds = sittings.read_seeds(class_of_three / "seeds.csv")
    notebook = notebooks.read(class_of_three / "Ann" / "12-exam.ipynb")
    other = sittings.with_seed(notebook, seeds["Ann"] + 1)
    notebooks.write(filled(other, seeds["Ann"] + 1), tmp_path / "Ann.ipynb")
    found = {s.student: s for s in sittings.mark(tmp_path, seeds, progress=False)}
    assert found["Ann"].points < exam.sit(0).points
    assert "was sat with seed" in found["Ann"].notes[0]
    assert found["Yuki"].notes == ("nothing was handed in",)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a", "a"], "stands twice"),
        (["../a"], "cannot be the name"),
        ([".."], "cannot be the name"),
        ([], "no student"),
    ],
)
def test_a_list_that_cannot_be_used_is_said(names, words):
    with pytest.raises(sittings.SittingError, match=words):
        sittings.drawn(names)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("answer = 3.5", 3.5),
        ("answer = 'TF-TFT'", "TF-TFT"),
        ("answer = [1, ..., -2]", [1, ..., -2]),
        ("answer = ...", ...),
        ("import numpy as np\nanswer = [np.log(1), 2 * 3]", [0, 6]),
        ("a = 4\nb = a + 1\nanswer = b / 2", 2.5),
        ("answer, other = 7, 8", 7),
        ("answer = 1\nanswer = 2", 2),
        ("answer = 1\nanswer += 5", 6),
        ("def half(v):\n    return v / 2\nanswer = half(3)", 1.5),
    ],
)
def test_a_value_is_read_or_computed_apart(source, value):
    found, notes = answers.values(new_notebook(cells=[new_code_cell(source)]), ["answer"])
    assert found == {"answer": value}
    assert notes == []


def test_a_value_that_cannot_be_had_is_said_and_takes_no_other_with_it(tmp_path):
    mark = tmp_path / "ran"
    cells = [f"open({str(mark)!r}, 'w').close()", "a = 1 / 0", "while True:\n    b = 1", "c = 3", "d = undefined"]
    found, notes = answers.values(new_notebook(cells=[new_code_cell(cell) for cell in cells]), ["a", "b", "c", "d"])
    assert found == {"c": 3}
    assert any(note.startswith("b: ") for note in notes)
    assert not mark.exists()
