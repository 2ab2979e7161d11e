"""Notebooks as the course keeps them: read, normalise, run, and put solutions into their stubs.

`python -m emtutor.desk.notebooks FILES` runs notebooks and writes their outputs in normal form; `make notebooks` calls
it for all. The normal form holds what a reader sees and nothing that changes from one run to the next.
"""

import ast
import copy
import hashlib
import inspect
import itertools
import os
import re
import sys
import tempfile
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import nbformat

from emtutor import exam
from emtutor.desk import files
from emtutor.tutor.exercise import exercises
from emtutor.tutor.sealed import Sealed

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"  # points to a widget of a kernel that has gone
CELL_METADATA = ("tags", "slideshow")
OUTPUT_METADATA = ("alt", "width", "height", "needs_background")
OUTPUTS = {  # the kinds of outputs, and what each of them holds
    "stream": {"name": str, "text": str},
    "error": {"ename": str, "evalue": str, "traceback": list},
    "display_data": {"data": dict},
    "execute_result": {"data": dict},
}
OTHER_LANGUAGE = re.compile(r"\s*%%(?!(?:time|timeit|capture|prun)\b)")
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class Stub(NamedTuple):
    """A function defined at the top of a code cell: where it stands, counted in lines from 0, end excluded."""

    cell: int
    name: str
    start: int
    end: int
    node: ast.FunctionDef
    unsolved: bool  # nothing but a docstring and `...`


def read(path):
    """The notebook at `path`, brought to nbformat 4.5. Raises ValueError if it is no notebook."""
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name a notebook in it")
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8-sig"), as_version=4)
        _check(notebook)
        text(notebook).encode()  # half a character can be read from JSON, and never be written
    except FileNotFoundError:
        raise
    except Exception as error:  # nbformat wraps some causes and lets others through
        raise ValueError(f"{path} is not a notebook that can be read: {error}") from error
    return _upgraded(notebook)


def _check(notebook):
    """ValueError where a cell is not what everything here takes for granted; what is only missing is put there."""
    for number, cell in enumerate(notebook.cells, 1):
        if not (isinstance(cell.get("source"), str) and isinstance(cell.get("metadata", {}), dict)):
            raise ValueError(f"cell {number} has no text as its source, or no metadata")
        if cell.get("cell_type") not in ("code", "markdown", "raw"):
            raise ValueError(f"cell {number} is neither code nor text")
        cell.setdefault("metadata", nbformat.from_dict({}))
        if cell.get("cell_type") == "code":
            cell.setdefault("execution_count", None)
            if not all(map(_is_output, cell.setdefault("outputs", []))):
                raise ValueError(f"an output of cell {number} is none that Jupyter knows")


def _is_output(out):
    fields = OUTPUTS[out["output_type"]]
    return isinstance(out.get("metadata", {}), dict) and all(isinstance(out[name], fields[name]) for name in fields)


def _upgraded(notebook):
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        cell.setdefault("id", f"new-{number}")
    return notebook


def text(notebook):
    """The notebook as it stands in its file: sorted keys, one line a line of source, a newline at the end."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


def write(notebook, path):
    """Write `notebook` to `path` whole or not at all; returns whether that changed the file."""
    path, new = Path(path), text(notebook).encode()
    if path.exists() and path.read_bytes() == new:
        return False
    files.write(path, new)
    return True


def normalise(notebook):
    """A copy in normal form; normalise(normalise(nb)) == normalise(nb).

    Kernel, language, cell ids and execution counts are fixed; timings, widget state and views of widgets go; the
    picture and the words of a display stay. Cell ids come from the source, so inserting a cell changes no other.
    """
    notebook = copy.deepcopy(notebook)
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    count, seen = 0, {}
    for cell in notebook.cells:
        cell.source = cell.source.rstrip()
        cell.metadata = nbformat.from_dict(_of_cell(cell))
        cell.id = _cell_id(cell, seen)
        if cell.cell_type != "code":
            continue
        if cell.source:
            count += 1
        cell.execution_count = count if cell.source else None
        cell.outputs = [_output(out, cell.execution_count) for out in _merged(cell.outputs) if _has_content(out)]
    return notebook


def _of_cell(cell):
    kept = {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
    return kept | ({"jupyter": {"source_hidden": True}} if is_folded(cell) else {})


def is_folded(cell):
    """True where a reader sees a cell's code only when she asks for it: code that draws, and nothing she must read."""
    looks = cell.metadata.get("jupyter")
    return cell.cell_type == "code" and isinstance(looks, dict) and looks.get("source_hidden") is True


def _cell_id(cell, seen):
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
    seen[digest] = seen.get(digest, 0) + 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def _merged(outputs):
    """Streams of one name that follow each other are one: where a kernel cuts them is chance."""
    merged: list = []
    for out in outputs:
        if out.output_type == "stream" and merged and merged[-1].get("name") == out.name:
            merged[-1].text += out.text
        else:
            merged.append(out)
    return merged


def _has_content(out):
    return "data" not in out or any(kind != WIDGET_VIEW for kind in out.data)


def _output(out, count):
    if "data" in out:
        out.data = nbformat.from_dict({kind: value for kind, value in out.data.items() if kind != WIDGET_VIEW})
        kept = {kind: _of_picture(out.metadata[kind]) for kind in out.data if kind in out.get("metadata", {})}
        out.metadata = nbformat.from_dict({kind: size for kind, size in kept.items() if size})
        out.pop("transient", None)
    if out.output_type == "execute_result":
        out.execution_count = count
    return out


def _of_picture(metadata):
    return {key: metadata[key] for key in OUTPUT_METADATA if key in metadata}


def execute(notebook, folder=".", *, timeout=600, environment=None):
    """A copy of `notebook`, run in this Python from top to bottom; raises CellExecutionError where a cell raises.

    `folder` is where its cells stand. The learner's progress is out of reach: EMTUTOR_HOME and IPYTHONDIR are empty
    folders unless `environment` says otherwise.
    """
    return ran(notebook, folder, environment, timeout=timeout, record_timing=False, store_widget_state=False).nb


def ran(notebook, folder, environment=None, **options):
    """The nbclient.NotebookClient that has run a copy of `notebook`, with these options, as `execute` says."""
    from nbclient import NotebookClient  # not needed to solve or to normalise

    notebook = copy.deepcopy(notebook)
    notebook.metadata.kernelspec = nbformat.from_dict(METADATA["kernelspec"])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        env = {**os.environ, "EMTUTOR_HOME": f"{scratch}/home", "IPYTHONDIR": f"{scratch}/ipython"}
        env.pop("MPLBACKEND", None)  # the kernel's own backend, which shows pictures in the notebook
        place = {"metadata": {"path": str(folder)}}
        client = NotebookClient(notebook, resources=place, extra_arguments=["--log-level=ERROR"], **options)
        client.execute(env={**env, **(environment or {})})
    return client


def functions(notebook):
    """Every function at the top of a code cell, as a list of Stub. A cell that is no Python is left out."""
    found = []
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        for node in parsed(cell.source):
            if isinstance(node, ast.FunctionDef):
                start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
                found.append(Stub(index, node.name, start, node.end_lineno or node.lineno, node, is_empty(node)))
    return found


def parsed(source):
    """The statements of a cell; IPython's own lines (magics, shell, help) count as comments, `%%html` is no Python."""
    try:
        return ast.parse(python(source)).body
    except SyntaxError:
        return []


def python(source):
    """A cell's text with IPython's own lines as comments; nothing of a cell that is in another language."""
    if OTHER_LANGUAGE.match(source):
        return ""
    lines = ["#" + line if line[:1] in "%!?" or line.endswith("?") else line for line in source.split("\n")]
    return "\n".join(lines)


def is_empty(node):
    """True of a function without a body of its own: a docstring at most, and `...` or `pass`."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return all(
        isinstance(line, ast.Pass) or (isinstance(line, ast.Expr) and getattr(line.value, "value", None) is ...)
        for line in body
    )


def checked(statement):
    """The exercise that a statement checks, check(e_step), or ""."""
    call = getattr(statement, "value", None)
    if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "check" and call.args:
        return getattr(call.args[0], "id", "")
    return ""


def stubs(notebook):
    """The functions of `notebook` whose body is still `...`."""
    return [function for function in functions(notebook) if function.unsolved]


def _replaced(notebook, source_of):
    """A copy without outputs in which source_of(function), where it is not None, stands in place of that function."""
    notebook, names = copy.deepcopy(notebook), []
    replacements = [(function, source_of(function)) for function in functions(notebook)]
    for function, source in reversed(replacements):  # from the end, so that earlier positions stay true
        if source is None:
            continue
        cell = notebook.cells[function.cell]
        lines = cell.source.split("\n")
        lines[function.start : function.end] = source.rstrip("\n").split("\n")
        cell.source = "\n".join(lines)
        names.append(function.name)
    return without_outputs(notebook), names[::-1]


def without_outputs(notebook):
    """A copy as nobody has run it."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def solve(notebook, solution_of=None):
    """(solved, names): a copy in which each function named like an exercise or an answer of the exam is its solution.

    Outputs are cleared, for they belong to the code before. `solution_of(name)` gives the solution's source or None;
    by default it is the tutor's.
    """
    source_of = solution_of or tutor_solution
    return _replaced(notebook, lambda function: source_of(function.name))


def tutor_solution(name):
    """The source of the solution of exercise `name`, or of the exam's function `name`; None where there is none."""
    record = exercises().get(name)
    solution = exam.functions().get(name) if record is None else record.solution
    return None if solution is None or isinstance(solution, Sealed) else textwrap.dedent(inspect.getsource(solution))


def break_(notebook, *bodies):
    """A copy in which stubs have the given bodies in turn: what a learner's mistakes do to the rest of the notebook."""
    turn = itertools.cycle(bodies)

    def source_of(function):
        if not function.unsolved:
            return None
        return f"def {function.name}({ast.unparse(function.node.args)}):\n" + textwrap.indent(next(turn), "    ")

    return _replaced(notebook, source_of)[0]


def refresh(path):
    """Run the notebook at `path` and write it back in normal form. Returns (changed, seconds)."""
    path, start = Path(path), time.perf_counter()
    notebook = execute(normalise(read(path)), folder=path.parent)
    changed = write(normalise(notebook), path)
    return changed, time.perf_counter() - start


def _collect(arguments):
    for argument in map(Path, arguments):
        yield from sorted(argument.glob("*.ipynb")) if argument.is_dir() else [argument]


def main(arguments=None):
    """Refresh the notebooks and folders of notebooks named; returns the exit code, the number of failures."""
    paths = list(_collect(sys.argv[1:] if arguments is None else arguments))
    failed = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for path, task in [(path, pool.submit(refresh, path)) for path in paths]:
            try:
                changed, seconds = task.result()
            except Exception as error:
                failed += 1
                print(f"{path}: not written, {type(error).__name__}: {error}", file=sys.stderr)
            else:
                print(f"{path}: {'rewritten' if changed else 'unchanged'} ({seconds:.1f} s)")
    return min(failed, 100)


if __name__ == "__main__":
    sys.exit(main())
