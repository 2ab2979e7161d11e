"""The tutor and the commands where a machine lacks what others have: they do their work or say one sentence."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from nbformat import v4

from emtutor.desk import notebooks

TUTOR = """
import os, shutil, tempfile
if {gone}:
    place = tempfile.mkdtemp(); os.chdir(place); os.rmdir(place)
from emtutor import check, hint, progress, solution
def update_pi(r):
    return r.sum(0) / len(r)
verdict = check(update_pi)
wrong = check(lambda r: r.sum(0), "update_pi")
for said in (verdict, wrong, hint("e_step"), solution("e_step", sure=True), progress()):
    print(str(said).encode("ascii", "replace").decode())
    said._repr_html_()
print("verdicts", verdict.status, wrong.status, progress().solved)
"""
NO_HOME = "import pwd\ndef unknown(*_): raise KeyError('uid not found')\npwd.getpwuid = pwd.getpwnam = unknown\n"
NOBODY = ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups", "--inh-caps", "+dac_read_search",
          "--ambient-caps", "+dac_read_search"]  # fmt: skip
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
CASES = {
    "nothing unusual": {"HOME": "{tmp}"},
    "no HOME and nobody knows the user": {},
    "a HOME that does not exist": {"HOME": "{tmp}/nowhere"},
    "a HOME that cannot be": {"HOME": "/dev/null/x"},
    "EMTUTOR_HOME of an unknown user": {"HOME": "{tmp}", "EMTUTOR_HOME": "~nosuch/x"},
    "EMTUTOR_HOME is a file": {"HOME": "{tmp}", "EMTUTOR_HOME": "{tmp}/file"},
    "EMTUTOR_HOME in the system": {"HOME": "{tmp}", "EMTUTOR_HOME": "/proc/x"},
    "EMTUTOR_HOME is empty": {"HOME": "{tmp}", "EMTUTOR_HOME": ""},
    "letters of ASCII only": {"HOME": "{tmp}", **ASCII},
}


def _run(command, env, folder):
    (folder / "file").touch()
    env = {name: value.format(tmp=folder) for name, value in env.items()}
    env = {"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1", **env}
    done = subprocess.run([*map(str, command)], env=env, cwd=folder, capture_output=True, text=True, errors="replace")
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    assert "not foreseen" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("case", CASES)
def test_the_tutor(case, tmp_path):
    before = NO_HOME if "nobody" in case else ""
    done = _run([sys.executable, "-c", before + TUTOR.format(gone=False)], CASES[case], tmp_path)
    assert "verdicts correct incorrect 1" in done.stdout, done.stderr


@pytest.mark.parametrize("options", [["-O"], ["-OO"], ["-X", "utf8=0"], ["-B", "-s", "-I"]], ids=" ".join)
def test_the_tutor_in_another_python(options, tmp_path):
    done = _run([sys.executable, *options, "-c", TUTOR.format(gone=False)], CASES["nothing unusual"], tmp_path)
    assert "verdicts correct incorrect 1" in done.stdout, done.stderr


def test_the_tutor_in_a_working_folder_that_is_gone(tmp_path):
    done = _run([sys.executable, "-c", TUTOR.format(gone=True)], CASES["nothing unusual"], tmp_path)
    assert "verdicts correct incorrect 1" in done.stdout, done.stdout + done.stderr


@pytest.fixture
def lesson(tmp_path):
    cells = [v4.new_markdown_cell("Grüße"), v4.new_code_cell("def update_pi(r):\n    ..."), v4.new_code_cell("1 + 1")]
    notebooks.write(v4.new_notebook(cells=cells), tmp_path / "ü.ipynb")
    return tmp_path


@pytest.mark.parametrize("case", CASES)
def test_solve_and_export(case, lesson):
    start = NO_HOME if "nobody" in case else ""
    start = f"{start}import sys\nfrom emtutor.desk.cli import main\nsys.exit(main(sys.argv[1:]))"
    for line in (["solve", "ü.ipynb", "-o", "out"], ["export", "ü.ipynb", "-o", "page.html"]):
        done = _run([sys.executable, "-c", start, *line], CASES[case], lesson)
        assert done.returncode == 0, done.stderr
    assert "<code>" not in (lesson / "page.html").read_text(encoding="utf-8").split("Grüße")[0]
    assert list((lesson / "out").iterdir())


@pytest.mark.parametrize("case", ["no HOME and nobody knows the user", "a HOME that cannot be"])
def test_lab_keeps_what_it_must_in_the_course(case, tmp_path):
    start = NO_HOME if "nobody" in case else "import os\naccess = os.access\nos.access = lambda *a: False\n"
    start += "import sys, types\nserver = types.SimpleNamespace(launch_instance=print)\n"
    start += "sys.modules['jupyterlab.labapp'] = types.SimpleNamespace(LabApp=server)\n"
    start += "from emtutor.desk.cli import main\nsys.exit(main(['lab', '--no-browser', '--folder', 'mine']))"
    done = _run([sys.executable, "-c", start], {**CASES[case], "HOME": "/dev/null"} if case[0] == "a" else {}, tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"kept in {tmp_path}/mine/.emtutor/home" in done.stdout


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("setpriv"),
    reason="needs root, to become nobody",
)
def test_a_user_id_that_nobody_knows(tmp_path):
    tmp_path.chmod(0o777)
    done = _run([*NOBODY, sys.executable, "-B", "-c", TUTOR.format(gone=False)], {}, tmp_path)
    assert "verdicts correct incorrect 1" in done.stdout, done.stderr
    assert "could not be saved" in done.stdout


def _until_it_answers(address):
    for _ in range(600):
        try:
            return urllib.request.urlopen(address, timeout=60).read()
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nothing answers at {address}")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX")
def test_lab_says_nothing_that_a_student_cannot_use(tmp_path):
    """What the server says from its start to its end: where the course is, the address, and that it stops."""
    command = [sys.executable, "-m", "emtutor", "lab", "--no-browser", "--folder", str(tmp_path / "mine")]
    env = {**os.environ, "HOME": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True, env=env) as server:
        lines, address = [], None
        for line in server.stdout:
            lines.append(line)
            if address is None and (address := re.search(r"http://127\.0\.0\.1\S*", line)):
                _until_it_answers(address[0])  # a signal amid its own first words is not what this is about
                server.send_signal(signal.SIGTERM)
    assert not re.search(r"WARN|not trusted|websocket|eavesdrop|Traceback", "".join(lines))
    assert len(lines) < 12
