"""The course that runs in the browser: what its notebooks hold, and a lesson run in Chromium without a network."""

import functools
import http.server
import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import bare
import browsing
import lite_kit
import nbformat
import pytest

from emtutor.desk import cli, deliver, notebooks
from emtutor.desk.site import lite

PATHS = sorted(deliver.lessons().glob("*.ipynb"))
ROOT = Path(__file__).parents[2]
READY = "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel"
BOOK = "jupyterapp.shell.currentWidget.content.model.sharedModel.toJSON()"
LAST = "jupyterapp.shell.currentWidget.content.widgets.filter((w) => w.model.type === 'code').at(-1).model"
ENDLESS = """def normalise(a):
    while True:
        try:
            pass
        except BaseException:
            continue"""


def test_a_notebook_of_the_browser_is_the_courses_after_one_cell_that_installs():
    for path in PATHS:
        said, install, *rest = nbformat.reads(lite.for_browser(path), as_version=4).cells
        assert "In the browser" in said.source
        assert "%pip install" in install.source
        assert [cell.source for cell in rest] == [cell.source for cell in notebooks.read(path).cells]
        assert not any(cell.get("outputs") for cell in rest)


def test_without_the_wheel_nothing_is_begun(tmp_path, capsys):
    (tmp_path / "wheels").mkdir()
    assert cli.main(["site", str(tmp_path / "site"), "--lite", str(tmp_path / "wheels")]) == 1
    assert "make wheels" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_a_python_without_jupyterlite_is_said(tmp_path):
    (tmp_path / "emtutor-1-py3-none-any.whl").touch()
    code = tmp_path / "python"
    code.write_text("#!/bin/sh\necho \"No module named 'jupyterlite_core'\" >&2\nexit 1\n")
    code.chmod(0o755)
    with pytest.raises(ModuleNotFoundError) as raised:
        lite.build(tmp_path / "site", tmp_path, python=str(code))
    assert raised.value.name == "jupyterlite_core"


def test_the_installed_jupyterlite_makes_a_site_that_brings_the_course_and_asks_no_index(tmp_path):
    """The same as is published: its wheels are the site's own, its notebooks the course's, its widgets draw."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", wheels, ROOT]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    lite.build(tmp_path / "site", wheels)
    config = json.loads((tmp_path / "site" / "jupyter-lite.json").read_text())["jupyter-config-data"]
    assert config["litePluginSettings"][lite.KERNEL]["disablePyPIFallback"] is True
    assert {"anywidget", "@jupyter-widgets/jupyterlab-manager"} <= {e["name"] for e in config["federated_extensions"]}
    assert "emtutor" in json.loads((tmp_path / "site" / "pypi" / "all.json").read_text())
    assert {path.name for path in PATHS} <= {path.name for path in (tmp_path / "site" / "files").iterdir()}


# ---- in Chromium


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The address of the Lite site, built with a Pyodide that is on this machine."""
    try:
        kit = lite_kit.fetched()
    except lite_kit.NotFetched as missing:
        pytest.skip(f"Pyodide could not be had: {missing}")
    folder = tmp_path_factory.mktemp("lite")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", ROOT]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    (built,) = (folder / "dist").glob("*.whl")
    found, lessons = lite_kit.wheels(kit, built, folder / "wheels"), folder / "lessons"
    lessons.mkdir()
    for name in ("00-start.ipynb", "05-em.ipynb"):
        lessons.joinpath(name).write_bytes((deliver.lessons() / name).read_bytes())
    answers = [
        notebooks.tutor_solution("normalise"),
        "check(normalise)",
        ENDLESS,
        "check(normalise)",
        "progress('00-start')",
    ]
    cells = ["from emtutor import check, progress", *answers]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    made.metadata = nbformat.from_dict(notebooks.METADATA)  # else JupyterLab asks which kernel it is to be
    nbformat.write(made, lessons / "answers.ipynb")
    python = str(kit / "venv" / "bin" / "python")
    lite.build(folder / "site", found, pyodide="./static/pyodide/pyodide.js", python=python, notebooks=lessons)
    assert lite_kit.put_pyodide(kit, folder / "site") > 30
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder / "site"))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def ran(tab, address, name):
    """Open a notebook of the site and run it; (its code cells with outputs, seconds)."""
    begun = time.perf_counter()
    tab.goto(f"{address}/lab/index.html?path={name}", timeout=300_000)
    tab.wait_for_function(READY, timeout=300_000)
    tab.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells').finally(() => { window.ended = 1; }) }")
    tab.wait_for_function("() => window.ended", timeout=600_000)
    tab.wait_for_function(f"() => {LAST}.outputs.length > 0", timeout=60_000)  # what is printed comes a little later
    cells = tab.evaluate(f"() => {BOOK}")["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"], time.perf_counter() - begun


def told(cell):
    return "".join(bare.committed({"outputs": cell["outputs"]}))


@pytest.mark.browser
@pytest.mark.parametrize("name", ["00-start.ipynb", "05-em.ipynb"])
def test_a_lesson_says_the_same_in_the_browser(served, name, record_property):
    with browsing.chromium() as browser:
        tab, asked = browser.new_page(), []
        tab.on("request", lambda request: asked.append(request.url))
        (installed, *cells), seconds = ran(tab, served, name)
    record_property("a lesson in the browser, opened and run", f"{name:16} {seconds:5.0f} s")
    assert told(installed) == "The course is here."
    wanted = [
        cell for cell in json.loads((deliver.lessons() / name).read_text())["cells"] if cell["cell_type"] == "code"
    ]
    assert [bare.committed(cell) for cell in cells] == [bare.committed(cell) for cell in wanted]
    assert [url for url in asked if not url.startswith((served, "data:", "blob:"))] == []


@pytest.mark.browser
def test_answers_are_checked_an_endless_one_is_stopped_and_progress_is_there_the_next_day(served):
    with browsing.chromium() as browser:
        context = browser.new_context()
        cells, _ = ran(context.new_page(), served, "answers.ipynb")
        right, endless, progress = told(cells[3]), told(cells[5]), told(cells[6])
        assert "Right" in right
        assert "still running" in endless
        assert "1 of 1" in progress
        again, _ = ran(context.new_page(), served, "00-start.ipynb")
        assert re.search(r"\b1 of \d+ exercises solved", "\n".join(bare.committed(again[-1])))
