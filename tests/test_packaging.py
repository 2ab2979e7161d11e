"""One source of truth: what pyproject.toml asks for is what the lock, conda, the wheel and the README give."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from emtutor.desk import cli

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LAB = PROJECT["project"]["optional-dependencies"]["lab"]
LOCKS = {name: (ROOT / name).read_text() for name in ("requirements.lock", "requirements-test.lock")}
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONDA_NAMES = {"matplotlib": "matplotlib-base"}  # without the Qt that nobody needs here
NOT_IN_CONDA = {"math-core"}  # pip brings it with emtutor itself


def asked_for():
    """(lock, requirement): the course's lock holds what it runs on and is built by, the tests' one everything."""
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    course = [*project["dependencies"], *LAB, *PROJECT["build-system"]["requires"], *groups["build"]]
    rest = [text for texts in [*project["optional-dependencies"].values(), *groups.values()] for text in texts]
    asked = [(name, Requirement(text)) for name in LOCKS for text in course + (rest if "test" in name else [])]
    return [(name, requirement) for name, requirement in asked if requirement.name != PROJECT["project"]["name"]]


def entries(lock):
    """{name: [(version, hashes), ...]}; more than one where a version serves some Pythons only."""
    found: dict = {}
    for entry in re.split(r"^(?=[A-Za-z0-9])", LOCKS[lock], flags=re.MULTILINE)[1:]:
        name, version = re.match(r"([\w.-]+)==([^\s;\\]+)", entry).groups()
        found.setdefault(canonicalize_name(name), []).append((version, re.findall(r"--hash=sha256:(\w{64})\b", entry)))
    return found


@pytest.mark.parametrize(("lock", "requirement"), asked_for(), ids=str)
def test_a_lock_holds_versions_that_satisfy(lock, requirement):
    for version, _ in entries(lock)[canonicalize_name(requirement.name)]:
        assert requirement.specifier.contains(version)


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_in_a_lock_has_a_hash_and_nothing_an_address(lock):
    assert len(entries(lock)) > 100
    assert [name for name, versions in entries(lock).items() for _, hashes in versions if not hashes] == []
    assert not re.search(r"://|--(extra-)?index-url|--find-links", LOCKS[lock])


def test_the_tests_run_on_what_the_course_runs_on():
    course, tests = entries("requirements.lock"), entries("requirements-test.lock")
    assert {name: tests.get(name) for name in course} == course


def test_conda_asks_for_the_same_as_pyproject():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = {item for item in listed if isinstance(item, str)}
    project = PROJECT["project"]
    wanted = {f"python{project['requires-python']}", "pip"}
    for requirement in map(Requirement, [*project["dependencies"], *LAB]):
        if requirement.name in NOT_IN_CONDA:
            continue
        wanted.add(f"{CONDA_NAMES.get(requirement.name, requirement.name)}{requirement.specifier}")
    assert conda == wanted
    assert [item for item in listed if not isinstance(item, str)] == [{"pip": ["--editable .[lab]"]}]


def test_the_citation_and_the_licence_are_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["project"]["version"]
    assert citation["license"] == PROJECT["project"]["license"]
    assert "Redistribution and use" in (ROOT / "LICENSE").read_text()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist, and the wheel made from that sdist, not from the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


def test_the_wheel_brings_the_notebooks_the_data_and_the_player(built):
    (wheel,) = built.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    package = [path for path in (ROOT / "emtutor").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {path.relative_to(ROOT).as_posix() for path in package if not path.name.startswith(".")} <= inside
    for path in (ROOT / "notebooks").rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(ROOT).parts):
            assert f"emtutor/_notebooks/{path.relative_to(ROOT / 'notebooks').as_posix()}" in inside
    assert any(name.endswith("licenses/LICENSE") for name in inside)
    assert not any(name.startswith(("tests/", "my-course/")) for name in inside)


def test_the_sdist_brings_what_its_tests_need(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"conftest.py", "Makefile", "environment.yml", "README.md", "LICENSE", *LOCKS} <= inside
    assert not any(name.startswith(("my-course/", ".venv/")) for name in inside)


def test_importing_emtutor_loads_nothing_heavy():
    code = "import sys, emtutor; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert loaded.isdisjoint({"matplotlib", "ipywidgets", "anywidget", "dask", "jupyterlab", "nbformat", "IPython"})


def targets():
    rules = re.findall(r"^([a-z ]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return {name for rule in rules for name in rule.split()}


def commands(document):
    """The lines of the document's shell blocks, and the inline code that begins like one."""
    text = document.read_text()
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines + re.findall(r"`((?:make|emtutor) [^`\n]+)`", text) if line]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_commands_in_a_document_exist(document, monkeypatch):
    for command in commands(document):
        words = command.split()
        if words[0] == "make":
            assert {word for word in words[1:] if re.fullmatch(r"[a-z]+", word)} <= targets(), command
        elif words[0] == "emtutor" or words[:3] == ["python", "-m", "emtutor"]:
            rest = words[1:] if words[0] == "emtutor" else words[3:]
            cli._parser().parse_args(rest)  # exits where it is not understood


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_files_a_document_names_exist(document):
    """`../../` leads from a document to the forge's own pages of the repository, which are no files."""
    for target in re.findall(r"\]\((?!https?:|#|mailto:|\.\./\.\./)([^)#\s]+)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_the_first_screen_of_the_readme_has_both_commands():
    screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:25])
    assert "make lab" in screen
    assert "make test" in screen
    assert len(commands(ROOT / "README.md")) >= 6


def test_the_forge_runs_the_script_that_runs_here():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    yaml.safe_load(workflow)
    assert ".ci/run" in workflow
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
