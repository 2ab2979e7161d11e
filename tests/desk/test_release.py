"""What a class gets: chosen lessons and exercises, without solutions, as an assignment of nbgrader."""

import ast
import csv
import inspect
import json
import os
import shutil
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from emtutor.desk import cli, nbgrader, notebooks, release, sealing
from emtutor.tutor import lessons, sealed
from emtutor.tutor.exercise import exercises

STUB = 'def {}(r):\n    """Doc."""\n    ...'


def of(*sources):
    cells = [new_markdown_cell(s[3:]) if s.startswith("md:") else new_code_cell(s) for s in sources]
    return new_notebook(cells=cells)


# Plain notebooks


def test_chosen_lessons_arrive_without_outputs_and_what_was_not_asked_has_no_check(tmp_path, capsys):
    folder = tmp_path / "handed out"
    assert cli.main(["release", "--lessons", "03-04", "--exercises", "update_pi", "grad_mu", "--", str(folder)]) == 0
    assert sorted(p.name for p in folder.iterdir()) == ["03-gradients.ipynb", "04-lagrange.ipynb"]
    checks, stubs = [], []
    for path in folder.iterdir():
        notebook = notebooks.read(path)
        assert not any(cell.get("outputs") for cell in notebook.cells)
        checks += [n for c in notebook.cells for s in notebooks.parsed(c.source) if (n := notebooks.checked(s))]
        stubs += [s.name for s in notebooks.stubs(notebook)]
    assert sorted(checks) == ["grad_mu", "update_pi"]
    lesson = {"03-gradients", "04-lagrange"}
    assert sorted(stubs) == sorted(
        n for n, e in exercises().items() if e.lesson in lesson
    )  # later cells need the names
    assert "2 exercises" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lessons", "stems"),
    [
        ("03-05", ["03-c", "04-d", "05-e"]),
        ("3", ["03-c"]),
        ("00, 04-05", ["00-a", "04-d", "05-e"]),
        ("05,03-04,04", ["03-c", "04-d", "05-e"]),
        ("clinic,04-d", ["04-d", "clinic"]),
        (None, ["00-a", "03-c", "04-d", "05-e", "clinic"]),
    ],
)
def test_lessons_are_named_by_number(lessons, stems):
    paths = [Path(f"{stem}.ipynb") for stem in ("00-a", "03-c", "04-d", "05-e", "clinic")]
    assert [path.stem for path in release.chosen(paths, lessons)] == stems


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (["--lessons", "77"], "there is no lesson '77'"),
        (["--lessons", "05-03"], "name numbers"),
        (["--lessons", ""], "name numbers"),
        (["--lessons", "04", "--exercises", "e_step"], "e_step is no exercise of these lessons"),
    ],
)
def test_what_is_not_there_is_said_and_nothing_is_written(how, words, tmp_path, capsys):
    folder = tmp_path / "new"
    assert cli.main(["release", str(folder), *how]) == 1
    assert words in capsys.readouterr().err
    assert not folder.exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert cli.main(["release", str(tmp_path), "--lessons", "00"]) == 1
    assert "is not empty" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_links_to_lessons_that_do_not_come_along_become_words():
    text = (
        "md:[last](03-gradients.ipynb) [here](04-lagrange.ipynb#A), [there](https://example.org) [01](01-kmeans.ipynb)"
    )
    notebook = release.only(of(text), [], {"04-lagrange"})
    assert notebook.cells[0].source == "last [here](04-lagrange.ipynb#A), [there](https://example.org) 01"


def test_a_check_goes_and_what_stands_beside_it_stays():
    source = "x = 1\ncheck(update_pi)\nhint('update_pi')\ncheck(m_step,\n      name='m_step')"
    assert release.without_checks(source, {"update_pi", "m_step"}) == "x = 1\nhint('update_pi')"
    notebook = release.only(of(STUB.format("update_pi"), "check(update_pi)", "update_pi"), [], set())
    assert [cell.source for cell in notebook.cells] == [f"{release.NOT_ASKED}\n{STUB.format('update_pi')}", "update_pi"]
    assert [stub.name for stub in notebooks.stubs(notebook)] == ["update_pi"]


# Without solutions


@pytest.mark.parametrize("original", lessons.modules("exercises"), ids=lambda m: m.__name__.split(".")[-2])
def test_a_sealed_module_holds_no_code_of_solutions_and_mistakes(original):
    module = sealing.module(original)
    for exercise in original.EXERCISES:
        lines = ast.unparse(ast.parse(textwrap.dedent(inspect.getsource(exercise.solution)))).split("\n")[1:]
        telling = [line.strip() for line in lines if len(line.strip()) > 20 and ("return" in line or " = " in line)]
        assert exercise.name in module.readable or not [line for line in telling if line in module.source]
    assert "Mistake(" not in module.source
    compile(module.source, "sealed", "exec")


def test_what_stands_for_a_solution_knows_the_exercises_problems_and_no_others(tmp_path):
    exercise = exercises()["e_step"]
    (tmp_path / sealed.FILE).write_bytes(sealed.content([exercise]))
    values = sealed.Values(tmp_path / "exercises.py")
    stands, (first, *_) = values.solution("e_step"), exercise.problems(release_rng())
    assert (stands(*first.args.values()) == exercise.solution(*first.args.values())).all()
    stands(*first.args.values())[:] = 0  # what is handed out is a copy
    assert (stands(*first.args.values()) == exercise.solution(*first.args.values())).all()
    other = exercise.problems(release_rng(20))[-1]
    with pytest.raises(LookupError):
        stands(*other.args.values())
    assert stands.__name__ == "e_step"
    assert tuple(inspect.signature(stands).parameters) == exercise.parameters
    assert [m.slug for m in values.mistakes("e_step")] == [m.slug for m in exercise.mistakes]


def release_rng(seed=None):
    import numpy as np

    from emtutor.tutor.check import SEED

    return np.random.default_rng(SEED if seed is None else seed)


WRONG = {  # an answer, and what the sealed tutor must still see in it
    "e_step": ("np.full((len(x), len(pi)), 1 / len(pi))", "unprimed-sum"),
    "update_pi": ("r.sum(0)", "sum-for-mean"),
    "multiplier": ("len(r)", "positive"),
    "grad_pi": ("np.zeros((3, 3))", "zero"),
}
JUDGE = """
import json, linecache, sys
import numpy as np
import emtutor
from emtutor.tutor.check import judged
verdicts = {"version": emtutor.__version__, "solution": str(emtutor.solution("e_step"))}
for key, (name, source) in json.load(open(sys.argv[1])).items():
    space = {"np": np, "__name__": "__main__"}
    linecache.cache[key] = (len(source), None, source.splitlines(True), key)
    exec(compile(source, key, "exec"), space)
    verdict = judged(space[name])
    verdicts[key] = [verdict.status, verdict.mistake, verdict.message]
json.dump(verdicts, sys.stdout)
"""


@pytest.mark.course
def test_the_wheel_without_solutions_judges_right_answers_right_and_wrong_ones_wrong(tmp_path):
    folder, answers = tmp_path / "out", tmp_path / "answers.json"
    assert cli.main(["release", str(folder), "--lessons", "04-05", "--without-solutions"]) == 0
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
        brought = [name for name in archive.namelist() if name.startswith("emtutor/_notebooks")]
    assert brought == ["emtutor/_notebooks/04-lagrange.ipynb", "emtutor/_notebooks/05-em.ipynb"]
    given = {n: (n, textwrap.dedent(inspect.getsource(e.solution))) for n, e in exercises().items()}
    for name, (wrong, _) in WRONG.items():
        head = f"def {name}({', '.join(exercises()[name].parameters)}):"
        given[f"wrong {name}"] = (name, f"{head}\n    return {wrong}")
    answers.write_text(json.dumps(given))
    env = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    run = subprocess.run([sys.executable, "-c", JUDGE, answers], env=env, capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    verdicts = json.loads(run.stdout)
    assert verdicts.pop("version").endswith("+sealed")
    assert "not here" in verdicts.pop("solution")
    assert {name: v for name, v in verdicts.items() if "wrong" not in name and v[0] != "correct"} == {}
    said = {name: verdicts[f"wrong {name}"][:2] for name in WRONG}
    assert said == {name: ["incorrect", slug] for name, (_, slug) in WRONG.items()}


# nbgrader


def test_stubs_and_checks_become_cells_of_nbgrader():
    told = of(STUB.format("update_pi"), "check(update_pi)", "def multiplier(r): ...", "check(multiplier)", "1 + 1")
    notebook = nbgrader.assigned(told, ["update_pi", "multiplier"], notebooks.tutor_solution)
    nbformat.validate(notebook)
    marks = [dict(cell.metadata.get("nbgrader", {})) for cell in notebook.cells]
    assert [m.get("grade_id") for m in marks] == [
        "update_pi", None, "update_pi-points", "multiplier", None, "multiplier-points", None,
    ]  # fmt: skip
    assert [m.get("points") for m in marks if m.get("grade")] == [1, 1]
    for index, name in ((0, "update_pi"), (3, "multiplier")):
        source = notebook.cells[index].source
        space = {}
        exec("import numpy as np\n" + source, space)
        assert space[name].__name__ == name
        start, end = source.index("### BEGIN SOLUTION"), source.index("### END SOLUTION")
        stub = source[:start] + "..." + source[end + len("### END SOLUTION") :]
        assert notebooks.is_empty(ast.parse(stub).body[0])  # what is left when nbgrader has cut it out
    without = nbgrader.assigned(of(STUB.format("update_pi"), "check(update_pi)"), ["update_pi"], None)
    assert "SOLUTION" not in without.cells[0].source


@pytest.mark.course
def test_nbgrader_generates_autogrades_and_scores(tmp_path):
    pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install nbgrader, and run this again")
    folder = tmp_path / "course"
    assert cli.main(["release", str(folder), "--lessons", "04", "--format", "nbgrader"]) == 0

    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # it calls alembic by its name
    env = os.environ | {"PATH": tools, "HOME": str(tmp_path)}

    def run(*command):
        nbgrader_itself = [sys.executable, "-m", "nbgrader", *command]
        done = subprocess.run(nbgrader_itself, cwd=folder, capture_output=True, text=True, env=env)
        assert done.returncode == 0, done.stderr[-3000:]

    run("generate_assignment", nbgrader.ASSIGNMENT)
    name = Path(nbgrader.ASSIGNMENT, "04-lagrange.ipynb")
    handed_out = notebooks.read(folder / "release" / name)
    assert not any("SOLUTION" in cell.source for cell in handed_out.cells)
    asked = [stub.name for stub in notebooks.stubs(handed_out)]
    right = {n: textwrap.dedent(inspect.getsource(exercises()[n].solution)) for n in asked}
    wrong = right | {"update_pi": "def update_pi(r):\n    return r.sum(0)", "multiplier": "def check(f):\n    return 1"}
    for student, answers in {"nothing": {}, "right": right, "wrong": wrong}.items():
        place = folder / "submitted" / student / name
        place.parent.mkdir(parents=True)
        shutil.copy(folder / "release" / name, place)
        notebook = notebooks.read(place)
        for stub in notebooks.stubs(notebook):
            notebook.cells[stub.cell].source = answers.get(stub.name, notebook.cells[stub.cell].source)
        nbformat.write(notebook, place)
    run("autograde", nbgrader.ASSIGNMENT)
    run("export", "--to", "grades.csv")
    with open(folder / "grades.csv", encoding="utf-8") as stream:
        scores = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(stream)}
    full = float(len(asked))
    assert scores == {"nothing": (0, full), "right": (full, full), "wrong": (full - 2, full)}
