"""emtutor without the code of its solutions, as a wheel: `wheel(folder, notebooks)`.

The modules of the lessons are rewritten: solutions and named mistakes give way to the values that they return, and the
functions that nobody needs then are left out. All else is the package as it is installed here.
"""

import ast
import base64
import hashlib
import inspect
import re
import textwrap
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

from emtutor.tutor import lessons, sealed
from emtutor.tutor.exercise import Exercise

PACKAGE = Path(__file__).parents[1]
LABEL = "sealed"  # in the version of the wheel: 0.1.0+sealed
TAG = "py3-none-any"
_DATE = (2020, 1, 1, 0, 0, 0)  # of every file, so that the same package gives the same wheel


class Module(NamedTuple):
    """A lesson's module without solutions: its source, its values, and those exercises whose way can still be read."""

    source: str
    values: bytes
    readable: tuple[str, ...]


def module(original):
    """The `Module` for a lesson's module of exercises."""
    records = {name: value for name, value in vars(original).items() if isinstance(value, Exercise)}
    body = ast.parse(inspect.getsource(original)).body
    for statement in body:
        if name := _record(statement, records):
            _seal(statement.value, records[name].name)
    body = _needed(body)
    place = next(i for i, s in enumerate(body) if not isinstance(s, ast.Import | ast.ImportFrom | ast.Expr))
    body[place:place] = ast.parse("from emtutor.tutor import sealed\n_SEALED = sealed.Values(__file__)").body
    left = {ast.dump(node) for s in body for node in ast.walk(s) if isinstance(node, ast.stmt)}
    readable = tuple(e.name for e in original.EXERCISES if e.judge or left & _steps(e.solution))
    source = ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))
    return Module(source + "\n", sealed.content(records.values()), readable)


def _steps(function):
    """The statements of a function's body, to be found again elsewhere."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    docstring = ast.get_docstring(definition) is not None
    return {ast.dump(step) for step in definition.body[docstring:]}


def _record(statement, records):
    """The name of the record that a statement makes, "" if it makes none."""
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    name = getattr(target, "id", "")
    return name if name in records and isinstance(statement.value, ast.Call) else ""


def _seal(call, name):
    """Put values in the place of a record's solution and of its mistakes."""
    in_its_place = {what: ast.parse(f"_SEALED.{what}({name!r})").body[0].value for what in ("solution", "mistakes")}
    call.args[:1] = [in_its_place["solution"]] if call.args else []
    for keyword in call.keywords:
        keyword.value = in_its_place.get(keyword.arg, keyword.value)


def _needed(body):
    """The statements that EXERCISES hangs on, imports and the docstring, in their order."""
    binds = {id(s): _bound(s) for s in body}
    todo, seen = ["EXERCISES"], {"EXERCISES"}
    while todo:
        name = todo.pop()
        for statement in body:
            if name in binds[id(statement)]:
                read = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)} - seen
                seen |= read
                todo += read
    return [s for s in body if not binds[id(s)] or binds[id(s)] & seen]


def _bound(statement):
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def wheel(folder, notebooks):
    """Write the wheel into `folder`: (its path, exercises whose way can still be read in what judges).

    notebooks: {name: bytes}, what `emtutor lab` brings from it.
    """
    own = distribution("emtutor")
    version = f"{own.version.partition('+')[0]}+{LABEL}"
    info = f"emtutor-{version}.dist-info"
    sealed_modules = {Path(inspect.getfile(m)): module(m) for m in lessons.modules("exercises")}
    parts = {f"emtutor/_notebooks/{name}": content for name, content in notebooks.items()}
    parts |= _package(sealed_modules)
    metadata = re.sub(r"(?m)^Version: .*$", f"Version: {version}", own.read_text("METADATA"), count=1)
    parts[f"{info}/METADATA"] = metadata.encode()
    parts[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: emtutor\nRoot-Is-Purelib: true\nTag: {TAG}\n".encode()
    parts[f"{info}/entry_points.txt"] = (own.read_text("entry_points.txt") or "").encode()
    path = Path(folder, f"emtutor-{version}-{TAG}.whl")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (*parts.items(), (f"{info}/RECORD", _listed(parts, f"{info}/RECORD"))):
            archive.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED)
    return path, [name for one in sealed_modules.values() for name in one.readable]


def _package(sealed_modules) -> dict[str, bytes]:
    parts = {}
    for path in _files(PACKAGE):
        name = f"emtutor/{path.relative_to(PACKAGE).as_posix()}"
        if path in sealed_modules:
            parts[name] = sealed_modules[path].source.encode()
            parts[f"{name.rpartition('/')[0]}/{sealed.FILE}"] = sealed_modules[path].values
        else:
            parts[name] = path.read_bytes()
    return parts


def _files(folder) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in ("__pycache__", "_notebooks", sealed.FILE):
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _listed(parts, record):
    """RECORD: every file with its digest and its size."""
    lines = []
    for name, content in parts.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    return "".join([*lines, f"{record},,\n"]).encode()
