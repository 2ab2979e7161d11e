"""A lesson where much is missing, as in a browser: python tests/bare.py [--start] NOTEBOOK

Runs the notebook's code cells in a plain IPython shell, without a kernel and without a process of its own for answers:
no timer, thread, process or socket, no `resource`, and nothing of JupyterLab or of the other extras can be had. Prints
what differs from the committed outputs, and ends with 1 if anything does. --start: only the cell that imports.
"""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

BLOCKED = {"jupyterlab", "jupyter_server", "jupyter_client", "jupyter_core", "ipykernel", "nbformat", "nbclient",
           "nbconvert", "mistune", "math_core", "nh3", "zmq", "tornado", "dask", "distributed", "resource"}  # fmt: skip


class _NotHere:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _refuse(*args, **kwargs):
    raise OSError("there is none here")


def _no_thread(self):
    raise RuntimeError("can't start new thread")


def take_away():
    """Take from this Python what a browser has not got."""
    for name in BLOCKED & set(sys.modules):
        del sys.modules[name]
    sys.meta_path.insert(0, _NotHere)
    del signal.setitimer, os.link
    threading.Thread.start = _no_thread
    subprocess.Popen = socket.socket.connect = os.posix_spawn = os.fork = os.forkpty = _refuse
    os.system = os.popen = _refuse


def shell():
    """An IPython that keeps no history, for which it would want a thread."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    return InteractiveShell.instance(config=config)


def committed(cell):
    """The lines that it printed and displayed in the notebook's file, sorted."""
    texts = ["".join(out["text"]) for out in cell["outputs"] if out.get("name") == "stdout"]
    texts += ["".join(out["data"].get("text/plain", "")) for out in cell["outputs"] if "data" in out]
    return lines(texts)


def lines(texts):
    return sorted(line for text in texts for line in text.splitlines() if line.strip())


def differences(path, *, only_start=False):
    """Yield a sentence for each cell that raises or that says something else than in the notebook's file."""
    from IPython.utils.capture import capture_output

    cells = [
        cell for cell in json.loads(Path(path).read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"
    ]
    session = shell()
    for number, cell in enumerate(cells[:1] if only_start else cells, 1):
        with capture_output() as caught:
            result = session.run_cell("".join(cell["source"]), store_history=True)
        if not result.success:
            yield f"cell {number} raises {result.error_before_exec or result.error_in_exec!r}"
        texts = [re.sub(r"^Out\[\d+\]: \n?", "", caught.stdout, flags=re.M)]
        came = lines(texts + [out.data.get("text/plain", "") for out in caught.outputs])
        if came != committed(cell):
            yield f"cell {number} says {came}, and in the file {committed(cell)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--start", action="store_true", help="only the first code cell")
    parser.add_argument("notebook", type=Path)
    options = parser.parse_args()
    path = options.notebook.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ |= {"EMTUTOR_HOME": f"{scratch}/home", "IPYTHONDIR": f"{scratch}/ipython", "MPLBACKEND": "Agg"}
        os.chdir(scratch)
        take_away()
        found = list(differences(path, only_start=options.start))
        os.chdir(path.parent)
    brought = sorted(BLOCKED & set(sys.modules))
    print(*found, *(f"{name} was imported" for name in brought), sep="\n", end="")
    return 1 if found or brought else 0


if __name__ == "__main__":
    sys.exit(main())
