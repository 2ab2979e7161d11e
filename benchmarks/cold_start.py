"""Seconds from a clone with nothing installed to a page that answers: `make lab` beside a bare JupyterLab.

Both begin with an empty virtual environment and end when the server's printed address gives JupyterLab's page. The
bare one is what a student would type otherwise: pip install jupyterlab numpy scipy matplotlib ipywidgets. Nothing
comes from pip's cache unless --cached is said. Needs Python 3.11, git and make; all is in a temporary folder.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
BARE = ["jupyterlab", "numpy", "scipy", "matplotlib", "ipywidgets"]


def until_the_page(command, folder, environment):
    """Start `command` in `folder`; seconds until the address that it prints answers. The server is stopped then."""
    start = time.perf_counter()
    log = folder / "log"
    with log.open("w") as file:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=file, stderr=file, start_new_session=True
        )
    try:
        while True:
            if server.poll() is not None:
                sys.exit(f"{' '.join(command)} ended with {server.returncode}:\n{log.read_text()[-2000:]}")
            addresses = [word for word in log.read_text().split() if word.startswith("http://127.0.0.1")]
            try:
                if addresses and b"JupyterLab" in urllib.request.urlopen(addresses[0], timeout=30).read():
                    return time.perf_counter() - start
            except OSError:
                pass  # printed, and not listening yet
            time.sleep(0.05)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def make_lab(folder, environment):
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder / "clone")], check=True)
    command = ["make", "lab", f"PYTHON={sys.executable}", "ARGS=--no-browser"]
    return until_the_page(command, folder / "clone", environment)


def bare(folder, environment):
    python = folder / "venv" / "bin" / "python"
    steps = [
        [sys.executable, "-m", "venv", str(folder / "venv")],
        [str(python), "-m", "pip", "install", "--quiet", *BARE],
    ]
    start = time.perf_counter()
    for step in steps:
        subprocess.run(step, check=True, env=environment)
    installed = time.perf_counter() - start
    command = [str(python), "-m", "jupyterlab", "--no-browser", "--allow-root"]
    return installed + until_the_page(command, folder, environment)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cached", action="store_true", help="let pip use its cache for both")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each, in turn (default 1)")
    options = parser.parse_args()
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment.pop("VIRTUAL_ENV", None)
    if not options.cached:
        environment["PIP_NO_CACHE_DIR"] = "1"
    seconds: dict = {make_lab: [], bare: []}
    for _ in range(options.repeat):
        for start, measured in seconds.items():
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
                measured.append(start(Path(scratch), environment))
    ours, theirs = min(seconds[make_lab]), min(seconds[bare])
    print(f"make lab, cold, to a page that answers          {ours:6.1f} s")
    print(f"bare {' '.join(BARE)}  {theirs:6.1f} s")
    print(f"ratio                                           {ours / theirs:6.2f}")


if __name__ == "__main__":
    main()
