"""The course that runs in the browser: the lessons in a JupyterLite site, with Python itself and no server.

The notebooks are the course's own, without outputs, with one cell before the first: it installs emtutor from the site,
and keeps progress in the browser's storage.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from emtutor.desk import deliver

KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
SAID = """**In the browser.** Run the next cell first: it loads Python and the course, which takes a minute the first \
time. Nothing is installed on your machine, and nothing that you write leaves it. Your notebooks and your progress are \
kept in this browser; to take them along, download them from the list of files at the left (right click, *Download*). \
The folder `progress` holds what you have solved."""
INSTALL = """import os

%pip install --quiet emtutor
os.environ["EMTUTOR_HOME"] = "/drive/progress"
print("The course is here.")"""


class LiteError(Exception):
    """The site cannot be built; the message says why."""


def build(folder, wheels, *, pyodide="", python=sys.executable, notebooks=None):
    """Write the JupyterLite site to `folder`. Raises LiteError.

    wheels: a folder with the wheel of emtutor and of the pure packages that it needs: none is asked for elsewhere.
    pyodide: the address of pyodide.js or pyodide.mjs, seen from the site; by default the one that the kernel was made
    for, at its own makers'. python: one that has jupyterlite. notebooks: their folder, by default the course's.
    """
    wheels = wheels_in(wheels)
    settings = {"disablePyPIFallback": True} | ({"pyodideUrl": pyodide} if pyodide else {})
    config = {"exposeAppInBrowser": True, "appName": "emtutor", "litePluginSettings": {KERNEL: settings}}
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        (place / "content").mkdir()
        for path in sorted(Path(notebooks or deliver.lessons()).glob("*.ipynb")):
            (place / "content" / path.name).write_text(for_browser(path), encoding="utf-8")
        text = json.dumps({"jupyter-lite-schema-version": 0, "jupyter-config-data": config})
        (place / "jupyter-lite.json").write_text(text, encoding="utf-8")
        command = [python, "-m", "jupyterlite_core", "build", "--lite-dir", scratch, "--no-sourcemaps"]
        command += ["--contents", place / "content", "--output-dir", Path(folder).absolute(), "--apps", "lab"]
        command += [word for wheel in wheels for word in ("--piplite-wheels", wheel.absolute())]
        done = subprocess.run(list(map(str, command)), cwd=scratch, capture_output=True, text=True)
    if done.returncode or not (Path(folder) / "lab" / "index.html").exists():
        if "No module named" in done.stderr:
            raise ModuleNotFoundError(name=re.findall(r"No module named '?([\w.]+)", done.stderr)[-1])
        raise LiteError(f"JupyterLite could not be built: {(done.stderr or done.stdout)[-800:]}")


def wheels_in(folder):
    """The wheels in `folder`; raises LiteError where that of emtutor is missing."""
    wheels = sorted(Path(folder).glob("*.whl"))
    if not any(wheel.name.startswith("emtutor-") for wheel in wheels):
        raise LiteError(f"there is no wheel of emtutor in {folder}: make wheels fills such a folder, build/wheels")
    return wheels


def for_browser(path):
    """The text of the notebook as it stands in the site."""
    notebook = nbformat.reads(deliver.unrun(path.read_bytes(), path.name).decode(), as_version=4)
    said, install = nbformat.v4.new_markdown_cell(SAID), nbformat.v4.new_code_cell(INSTALL)
    said["id"], install["id"] = "in-the-browser", "install"
    notebook.cells[:0] = [said, install]
    return nbformat.writes(notebook)
