"""Change the code in places drawn at random, one at a time, and see whether a test fails.

    python scripts/mutate.py --seed 1 --count 20            twenty places of emtutor/
    python scripts/mutate.py --seed 1 --count 20 --only 7   the seventh of them again
    python scripts/mutate.py emtutor/maths --count 5

Each change is made in a copy outside of the tree. A survivor is a change that no test noticed; read it: it is a missing
test, or code that can go, or a change that changes nothing.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
OPPOSITE = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


def place(path, rng):
    """One place of a file: (line, what happens, the module's source with it changed), or None if it has none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if _can_change(node)]
    rng.shuffle(nodes)
    return next(((node.lineno, what, ast.unparse(tree)) for node in nodes if (what := _change(node))), None)


def _can_change(node):
    return isinstance(node, (ast.BinOp, ast.Compare, ast.BoolOp, ast.If, ast.Return)) or (
        isinstance(node, ast.Constant) and type(node.value) in (int, float, bool)
    )


def _change(node):
    """Change a node in its place; the change in words."""
    if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in OPPOSITE:
        before = type(node.op).__name__
        node.op = OPPOSITE[type(node.op)]()
        return f"{before} becomes {type(node.op).__name__}"
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OPPOSITE:
        before = type(node.ops[0]).__name__
        node.ops[0] = OPPOSITE[type(node.ops[0])]()
        return f"{before} becomes {type(node.ops[0]).__name__}"
    if isinstance(node, ast.If):
        node.test = ast.Constant(False)
        return "a condition is never true"
    if isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        node.value = ast.Constant(None)
        return "None is returned"
    if isinstance(node, ast.Constant):
        before = node.value
        node.value = (not before) if isinstance(before, bool) else before + 1
        return f"{before} becomes {node.value}"
    return ""


def drawn(folder, seed, count):
    """`count` places: (path, line, what, source), the same for the same seed and the same code."""
    rng = random.Random(seed)
    paths = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]
    lines = [len(path.read_text(encoding="utf-8").splitlines()) for path in paths]
    found = []
    while len(found) < count:
        path = rng.choices(paths, lines)[0]
        if here := place(path, rng):
            found.append((path, *here))
    return found


def survives(path, source, tests):
    """True if all tests pass with that source in the place of the file's."""
    with tempfile.TemporaryDirectory(prefix="emtutor-mutate-") as scratch:
        copied = Path(scratch, "emtutor-changed")
        shutil.copytree(ROOT, copied, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "my-course"))
        (copied / path.relative_to(ROOT)).write_text(source, encoding="utf-8")
        environment = os.environ | {"PYTHONPATH": str(copied), "OPENBLAS_NUM_THREADS": "1"}
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-x",
                "-n",
                "auto",
                "-p",
                "no:cacheprovider",
                "-m",
                "not browser",
                *tests,
            ],
            cwd=copied,
            env=environment,
            capture_output=True,
            text=True,
        )
        failed = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return run.returncode == 0, (failed or [""])[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "emtutor")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--only", type=int, help="the number of one place")
    parser.add_argument("--tests", nargs="+", default=["tests"])
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.count} places of {options.folder}")
    survivors = 0
    for number, (path, line, what, source) in enumerate(
        drawn(options.folder.resolve(), options.seed, options.count), 1
    ):
        if options.only not in (None, number):
            continue
        alive, failed = survives(path, source, options.tests)
        survivors += alive
        said = "SURVIVED" if alive else f"found: {failed[:100]}"
        print(f"{number:3d}  {path.relative_to(ROOT)}:{line}  {what}  {said}", flush=True)
    print(f"{survivors} survived")


if __name__ == "__main__":
    main()
