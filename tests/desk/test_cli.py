"""The command line: what it says, what it writes, how it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path

import pytest
from nbformat import v4

from emtutor.desk import cli, deliver, notebooks, page

SCRATCH_LESSON = v4.new_notebook(cells=[v4.new_markdown_cell("# A lesson"), v4.new_code_cell("1 + 1")])


@pytest.fixture
def lesson(tmp_path):
    notebooks.write(SCRATCH_LESSON, tmp_path / "05-em.ipynb")
    return tmp_path / "05-em.ipynb"


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """The arguments that JupyterLab would be started with, in an empty current folder."""
    from jupyterlab.labapp import LabApp

    lessons = tmp_path / "lessons"
    lessons.mkdir()
    for name in ("00-start.ipynb", "05-em.ipynb"):
        notebooks.write(SCRATCH_LESSON, lessons / name)
    monkeypatch.setattr(deliver, "lessons", lambda: lessons)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    arguments: list = []
    monkeypatch.setattr(LabApp, "launch_instance", lambda argv: arguments.extend(argv))
    return arguments


def ends(arguments, capsys):
    """(exit code, what was said, what was complained)."""
    try:
        code = cli.main(arguments)
    except SystemExit as end:
        code = end.code
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize("command", [["--help"], ["lab", "--help"], ["solve", "--help"], ["export", "--help"]])
def test_help_says_how_each_command_is_used(command, capsys):
    code, said, _ = ends(command, capsys)
    assert code == 0
    assert said.startswith("usage: emtutor")


def test_the_version_is_the_packages(capsys):
    assert ends(["--version"], capsys)[:2] == (0, f"emtutor {version('emtutor')}\n")


def test_python_m_emtutor_is_the_command():
    run = subprocess.run([sys.executable, "-m", "emtutor", "--version"], capture_output=True, text=True, check=True)
    assert run.stdout == f"emtutor {version('emtutor')}\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "COMMAND"),
        (["open"], "invalid choice"),
        (["lab", "--port", "eighty"], "a port is a number from 1 to 65535, got 'eighty'"),
        (["lab", "--port", "70000"], "got '70000'"),
        (["lab", "05-em.ipynb"], "--folder"),
        (["solve", "05-em.ipynb"], "-o/--output"),
    ],
)
def test_what_is_not_understood_ends_with_2_and_says_what(arguments, complaint, capsys):
    code, said, complained = ends(arguments, capsys)
    assert (code, said) == (2, "")
    assert complaint in complained


def test_lab_brings_the_course_says_where_and_opens_the_first_lesson(opened, capsys):
    code, said, _ = ends(["lab"], capsys)
    assert code == 0
    assert Path("my-course", "05-em.ipynb").exists()
    assert str(Path("my-course").absolute()) in said
    assert f"--ServerApp.root_dir={Path('my-course').absolute()}" in opened
    assert "--LabApp.default_url=/lab/tree/00-start.ipynb" in opened


def test_lab_takes_a_port_a_folder_and_options_for_jupyterlab(opened, capsys):
    assert ends(["lab", "--no-browser", "--port", "9000", "--folder", "mine", "--", "--ip=0.0.0.0"], capsys)[0] == 0
    assert {"--ServerApp.port=9000", "--no-browser", "--ip=0.0.0.0"} <= set(opened)
    assert f"--ServerApp.root_dir={Path('mine').absolute()}" in opened


def test_lab_called_inside_the_course_opens_that_one(opened, capsys, monkeypatch):
    ends(["lab"], capsys)
    monkeypatch.chdir("my-course")
    ends(["lab"], capsys)
    assert not Path("my-course").exists()
    assert opened.count(f"--ServerApp.root_dir={Path('.').absolute()}") == 2


@pytest.mark.parametrize(("display", "quiet"), [("", True), (":0", False)])
def test_lab_prints_the_address_only_where_no_screen_is(opened, capsys, monkeypatch, display, quiet):
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", display)
    ends(["lab"], capsys)
    assert ("--no-browser" in opened) is quiet


@pytest.mark.parametrize("user", [0, 1000])
def test_lab_runs_as_root_where_there_is_nobody_else(opened, capsys, monkeypatch, user):
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    ends(["lab"], capsys)
    assert ("--allow-root" in opened) is (user == 0)


def test_lab_that_cannot_write_ends_with_1_and_says_what_to_do(opened, capsys):
    Path("my-course").write_text("a file")
    code, _, complained = ends(["lab"], capsys)
    assert code == 1
    assert "--folder" in complained
    assert opened == []


def test_lab_says_that_its_port_is_taken_before_it_does_anything(opened, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, said, complained = ends(["lab", "--port", str(port)], capsys)
    assert (code, said, opened) == (1, "", [])
    assert f"port {port} cannot be used" in complained
    assert not Path("my-course").exists()


def test_solve_writes_beside_and_leaves_the_notebook_alone(lesson, tmp_path, capsys):
    before = lesson.read_bytes()
    code, said, _ = ends(["solve", str(lesson), "-o", str(tmp_path / "solved")], capsys)
    assert code == 0
    assert "no exercise" in said
    assert (tmp_path / "solved" / "05-em.ipynb").exists()
    assert lesson.read_bytes() == before
    assert ends(["solve", str(lesson), "-o", str(tmp_path / "solved")], capsys)[0] == 0  # again: the same


def test_solve_never_writes_over_the_notebook_itself(lesson, tmp_path, capsys):
    code, _, complained = ends(["solve", str(lesson), "-o", str(tmp_path), "--force"], capsys)
    assert code == 1
    assert "itself" in complained


def test_solve_writes_over_another_file_only_by_force(lesson, tmp_path, capsys):
    other = tmp_path / "solved" / "05-em.ipynb"
    other.parent.mkdir()
    other.write_text("hers")
    code, _, complained = ends(["solve", str(lesson), "-o", str(other.parent)], capsys)
    assert code == 1
    assert "--force" in complained
    assert other.read_text() == "hers"
    assert ends(["solve", str(lesson), "-o", str(other.parent), "--force"], capsys)[0] == 0
    assert other.read_text() != "hers"


def test_what_cannot_be_written_ends_with_1(lesson, tmp_path, capsys, monkeypatch):

    monkeypatch.setattr(page, "export", lambda *_: pytest.fail("a notebook is run for nothing"))
    for command in (["solve", str(lesson), "-o", str(lesson)], ["export", str(lesson), "-o", f"{lesson}/page.html"]):
        code, said, complained = ends(command, capsys)
        assert (code, said) == (1, "")
        assert "cannot be written (" in complained
    monkeypatch.undo()
    code, _, complained = ends(["export", str(lesson), "-o", str(tmp_path / "page.pdf")], capsys)
    assert code == 1
    assert "page.html" in complained
    assert ends(["solve", str(tmp_path), "-o", str(tmp_path)], capsys)[2].endswith(
        "is a folder: name a notebook in it\n"
    )


@pytest.mark.parametrize("command", ["solve", "export"])
@pytest.mark.parametrize(("content", "complaint"), [(None, "there is no notebook"), ("{", "is not a notebook")])
def test_a_notebook_that_cannot_be_read_ends_with_1(command, content, complaint, tmp_path, capsys):
    path = tmp_path / "05-em.ipynb"
    if content:
        path.write_text(content)
    code, _, complained = ends([command, str(path), "-o", str(tmp_path / "out")], capsys)
    assert code == 1
    assert complaint in complained
    assert not (tmp_path / "out").exists()


def _page(address, seconds=30):
    """What the server answers there; it prints its address a little before it listens."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=seconds) as page:
                return page.read()
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_the_server_answers_at_the_address_that_lab_prints(tmp_path):
    """The real thing, once: a server in an empty folder, its printed address opened, and stopped by Ctrl-C."""
    command = [sys.executable, "-m", "emtutor", "lab", "--no-browser", "--folder", str(tmp_path / "mine")]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=tmp_path
    ) as server:
        try:
            lines = iter(server.stderr.readline, "")
            address = next(line.strip() for line in lines if "http://127.0.0.1" in line)
            assert b"JupyterLab" in _page(address)
            assert list((tmp_path / "mine").glob("*.ipynb"))
        finally:
            server.send_signal(signal.SIGTERM)
            server.stderr.close()
