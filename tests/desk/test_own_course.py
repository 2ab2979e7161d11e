"""A course of another lecture, from the template, in an empty folder, from the built wheel; and pytest's plugin."""

import ast
import json
import os
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from emtutor.desk import cli, new, notebooks

ROOT = Path(__file__).parents[2]
NAMED = ["-p", "emtutor.desk.pytest_plugin"]  # where emtutor was installed before it had a plugin
KNOWN = any(point.value == NAMED[1] for point in entry_points(group="pytest11"))
PLUGIN = ["-m", "pytest", "-q", "--emtutor-notebooks", "-p", "no:cacheprovider", *([] if KNOWN else NAMED)]


def test_a_new_course_arrives_whole_and_writes_over_nothing(tmp_path, capsys):
    folder = tmp_path / "my lecture"
    assert cli.main(["new", "course", str(folder)]) == 0
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {".github/workflows/ci.yml", ".gitignore", "README.md", "notebooks/01-waiting.ipynb"} <= there
    assert len(there) == len([p for p in new.TEMPLATE.rglob("*") if p.is_file() and "__pycache__" not in p.parts])
    table = [line.split("`")[1] for line in (folder / "README.md").read_text().splitlines() if line.startswith("| `")]
    assert set(table) <= there
    (folder / "README.md").write_text("mine")
    assert cli.main(["new", "course", str(folder)]) == 1
    assert "is not empty" in capsys.readouterr().err
    assert (folder / "README.md").read_text() == "mine"


def test_the_template_uses_public_names_only_and_arrives_unrun():
    notebook = notebooks.read(new.TEMPLATE / "notebooks" / "01-waiting.ipynb")
    assert not any(cell.get("outputs") for cell in notebook.cells)
    sources = [path.read_text() for path in new.TEMPLATE.rglob("*.py")]
    sources += [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    taken = [node for s in sources for node in ast.walk(ast.parse(s)) if isinstance(node, ast.ImportFrom)]
    of_emtutor = [f"{node.module}.{a.name}" for node in taken for a in node.names if node.module.startswith("emtutor")]
    assert len(of_emtutor) > 10
    assert [name for name in of_emtutor if "._" in name] == []


def run(*command, folder, **environment):
    done = subprocess.run([sys.executable, *map(str, command)], cwd=folder, capture_output=True, text=True,
                          env=os.environ | environment)  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def install(project, site, wheels):
    """A wheel of the project, built and unpacked: what pip does, in any environment."""
    code, said = run("-m", "build", "--no-isolation", "--wheel", "--outdir", wheels, project, folder=wheels.parent)
    assert code == 0, said
    with zipfile.ZipFile(*wheels.glob("*.whl")) as archive:
        archive.extractall(site)


@pytest.mark.course
def test_the_new_course_runs_in_an_empty_folder_from_the_wheel(tmp_path):
    site, folder = tmp_path / "site", tmp_path / "lecture"
    there = {"PYTHONPATH": str(site), "EMTUTOR_HOME": str(tmp_path / "home")}
    install(ROOT, site, tmp_path / "wheel")
    assert run("-m", "emtutor", "new", "course", folder, folder=tmp_path, **there)[0] == 0
    install(folder, site, tmp_path / "own wheel")
    where = "import emtutor, waiting.model; print(emtutor.__file__, waiting.__file__)"
    assert run("-c", where, folder=tmp_path, **there)[1].count(str(site)) == 2
    outputs = ["-m", "emtutor.desk.notebooks", "notebooks"]
    assert run(*outputs, folder=folder, **there)[0] == 0
    code, said = run("-m", "pytest", "-q", "--emtutor-notebooks", folder=folder, **there)
    assert code == 0, said
    code, said = run("-m", "pytest", "--emtutor-notebooks", "--collect-only", "-q", folder=folder, **there)
    for name in (
        "Cell 0",
        "form_is_normal",
        "solved_form_is_right",
        "contract_of_waiting_m_step",
        "test_em_never_falls",
    ):
        assert name in said
    lesson = folder / "notebooks" / "01-waiting.ipynb"
    notebook = notebooks.read(lesson)
    cell = next(cell for cell in notebook.cells if "fit.theta" in cell.source)
    cell.outputs[0].text = cell.outputs[0].text.replace("minutes", "hours")
    notebooks.write(notebook, lesson)
    code, said = run("-m", "pytest", "-q", "--emtutor-notebooks", "notebooks", folder=folder, **there)
    assert code == 1
    assert "1 failed" in said
    assert "hours" in said


# The plugin by itself, on notebooks that know nothing of EM


def lesson(path, *sources):
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# One"), *map(v4.new_code_cell, sources)])
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebooks.normalise(notebooks.execute(notebook)), path)


def outcomes(folder, *options):
    """{test: outcome} of the plugin's run over a folder."""
    code, said = run(*PLUGIN, "-rA", *options, folder, folder=folder)
    told = [line.split(" - ")[0] for line in said.splitlines() if line.startswith(("PASSED ", "FAILED "))]
    return code, {line.split("::", 1)[1]: line.split()[0] for line in told}, said


@pytest.mark.course
def test_a_sound_notebook_passes_and_a_broken_one_is_told_what_is_broken(tmp_path):
    lesson(tmp_path / "sound" / "a.ipynb", "total = sum(range(4))", "print(total)")
    code, found, said = outcomes(tmp_path / "sound")
    assert code == 0, said
    assert {"form_is_normal", "outputs_are_stable", "Cell 0", "Cell 1"} <= set(found)
    lesson(tmp_path / "broken" / "b.ipynb", "print(1)", "def no_exercise(x):\n    ...")
    notebook = json.loads((tmp_path / "broken" / "b.ipynb").read_text())
    notebook["cells"][1]["outputs"][0]["text"] = ["2\n"]
    (tmp_path / "broken" / "b.ipynb").write_text(json.dumps(notebook))
    code, found, said = outcomes(tmp_path / "broken")
    failed = {test for test, outcome in found.items() if outcome == "FAILED"}
    assert code == 1
    assert failed == {"Cell 0", "form_is_normal", "stubs_are_checked", "solved_form_is_right"}
    assert "no_exercise is no exercise's that is known" in said


def test_without_its_option_the_plugin_does_nothing_and_loads_nothing(tmp_path):
    lesson(tmp_path / "a.ipynb", "print(1)")
    loaded = "[name for name in sys.modules if name in ('emtutor.tutor', 'emtutor.desk.rules', 'numpy')]"
    probe = "import sys, pytest\ncode = pytest.main(['-q', '-p', 'emtutor.desk.pytest_plugin', sys.argv[1]])\n"
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # others may load what they like
    _, said = run("-c", f"{probe}print(int(code), {loaded})", tmp_path, folder=tmp_path, **alone)
    assert said.splitlines()[-1] == "5 []"  # nothing collected
