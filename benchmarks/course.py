"""The course's own speed: `import emtutor`, and nbval over all notebooks, each beside the least it could cost.

    python benchmarks/course.py [--rounds 7] [--notebooks FOLDER] [--no-nbval]

1. `import emtutor` in a fresh interpreter, and with all names that a notebook uses, beside `import numpy,
   scipy.special`; interleaved, median, less the bare interpreter.
2. nbval over the notebooks in one process, beside starting as many kernels that run the same imports and stop.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
IMPORTS = {
    "nothing": "pass",
    "numpy, scipy.special": "import numpy, scipy.special",
    "emtutor": "import emtutor",
    "emtutor, core used": "from emtutor import bounds, em, gaussian, kmeans",
    "emtutor, all names": "import emtutor; [getattr(emtutor, name) for name in emtutor.__all__]",
}


def seconds(command, **options):
    begun = time.perf_counter()
    subprocess.run(command, check=True, **options)
    return time.perf_counter() - begun


def imports(rounds):
    took = {name: [] for name in IMPORTS}
    for _ in range(rounds + 1):  # the first round fills the disk's cache
        for name, code in IMPORTS.items():
            took[name].append(seconds([sys.executable, "-c", code], cwd=ROOT))
    bare = median(took["nothing"][1:])
    least = median(took["numpy, scipy.special"][1:]) - bare
    print("import, less a bare interpreter:")
    for name in list(IMPORTS)[1:]:
        cost = median(took[name][1:]) - bare
        print(f"  {name:22} {1e3 * cost:7.0f} ms   {cost / least:5.2f} x numpy and scipy.special")


def import_cell(notebook):
    """All import statements of a notebook's cells, as one cell's source."""
    lines = [line for cell in notebook.cells if cell.cell_type == "code" for line in cell.source.splitlines()]
    return "\n".join(line for line in lines if line.startswith(("import ", "from ")))


def kernels(paths):
    """Seconds to start a kernel for each notebook, run its imports, and stop it."""
    begun = time.perf_counter()
    for path in paths:
        bare = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(import_cell(nbformat.read(path, 4)))])
        NotebookClient(bare, timeout=120, kernel_name="python3").execute(stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def nbval(paths):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env"]
    command += ["--nbval-sanitize-with", "tests/nbval_sanitize.cfg", *map(str, paths)]
    begun = time.perf_counter()
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return time.perf_counter() - begun, run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--notebooks", type=Path, default=ROOT / "notebooks")
    parser.add_argument("--no-nbval", action="store_true")
    args = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    imports(args.rounds)
    paths = sorted(args.notebooks.resolve().glob("*.ipynb"))
    if args.no_nbval:
        return
    if not paths:
        print(f"\nnbval: no notebooks in {args.notebooks}")
        return
    bare = kernels(paths)
    took, run = nbval(paths)
    print(f"\nnbval over {len(paths)} notebooks: {took:.1f} s, {took / len(paths):.1f} s each")
    print(f"as many kernels, same imports, no lesson: {bare:.1f} s, {bare / len(paths):.1f} s each")
    print(f"nbval / kernels: {took / bare:.2f}")
    if run.returncode:
        print(f"but nbval failed, so its time says little:\n{run.stdout[-2000:]}")


if __name__ == "__main__":
    main()
