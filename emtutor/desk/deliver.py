"""The learner's own copy of the course: delivered once, upgraded where she changed nothing, never overwritten.

Her notebooks have no outputs: what a cell shows, she sees when she has run it. What was delivered is remembered by its
digest in `.emtutor/delivered.json` beside the notebooks. A lesson is upgraded in place only if her file still is what
was delivered. Running and saving a notebook changes its outputs and not its sources: then the lesson is upgraded too,
and the file with her outputs is kept in `.emtutor/kept`. A lesson that she changed stays as it is, and the newer one
arrives beside it as `05-em.new.ipynb`. Whatever cannot be known (no record, a broken record) counts as changed.
"""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from emtutor.desk import files

RECORD = Path(".emtutor", "delivered.json")
KEPT = Path(".emtutor", "kept")
SCRATCH = Path(".emtutor", "arriving")  # on the same disk as the notebooks, so that a file arrives whole


class CourseError(Exception):
    """The course cannot be delivered; the message says why and what to do."""


class Digest(NamedTuple):
    """Of a file: all its bytes, and what a person wrote in it (for a notebook its cells without their outputs)."""

    bytes: str
    sources: str


def lessons():
    """The folder of the course's notebooks: the checkout's, or the one that came with the installed package."""
    package = Path(__file__).parents[1]
    checkout = package.parent / "notebooks"
    if (package.parent / "pyproject.toml").exists() and checkout.is_dir():
        return checkout
    if (package / "_notebooks").is_dir():
        return package / "_notebooks"
    raise CourseError(
        f"this installation has no notebooks (looked in {checkout} and {package / '_notebooks'}): install it again"
    )


def deliver(folder, source=None):
    """Bring the course to `folder`, which is made if need be; returns what there is to say, a sentence a string.

    Raises CourseError where `folder` cannot be used. Nothing that the learner wrote is changed or removed; a lesson
    that she deleted or renamed is delivered again, which is how to start one afresh.
    """
    folder, source = Path(folder), Path(source) if source else lessons()
    files = _course_files(source)
    if not files:
        raise CourseError(f"there are no notebooks in {source}: this installation is not complete, install it again")
    try:
        folder = folder.absolute()  # the working folder may be gone, which is said below
        if folder.resolve() == source.resolve():
            raise CourseError(f"{folder} holds the course's own files: choose another folder for your copy")
        if folder.exists() and not folder.is_dir():
            raise CourseError(
                f"{folder} is a file, and the course needs a folder: move it away or choose another with --folder"
            )
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        record, said = _read_record(folder)
        before = json.dumps(record, sort_keys=True)
        new = [name for name in files if not (folder / name).exists()]
        for name in files:
            said += _deliver_one(source, folder, name, record)
        if json.dumps(record, sort_keys=True) != before:
            _write(folder, RECORD, json.dumps(record, indent=1, sort_keys=True).encode())
    except OSError as error:
        raise CourseError(
            f"the course cannot be written to {folder} ({error.strerror or error}): "
            "make room or rights there, or choose another folder with --folder"
        ) from error
    if len(new) == len(files):
        said.append(f"The course is now in {folder}; what you write there is yours.")
    elif new:
        said.append(f"New in {folder}: {', '.join(new)}.")
    return said


def first_page(folder):
    """The notebook to open, relative to `folder`: the one that the learner changed last, else the first."""
    folder = Path(folder)
    delivered = _read_record(folder)[0]["delivered"]
    names = sorted(name for name in delivered if name.endswith(".ipynb") and (folder / name).exists())
    changed = [name for name in names if digest((folder / name).read_bytes(), name).bytes != delivered[name]["bytes"]]
    if changed:
        return max(changed, key=lambda name: (folder / name).stat().st_mtime)
    return names[0] if names else ""


def digest(content, name):
    """The Digest of a file's bytes; a notebook that is no JSON has nothing but its bytes."""
    whole = hashlib.sha256(content).hexdigest()
    if not name.endswith(".ipynb"):
        return Digest(whole, whole)
    try:
        cells = [
            (cell["cell_type"], "".join(cell["source"]).replace("\r\n", "\n").rstrip(), cell.get("attachments", {}))
            for cell in json.loads(content)["cells"]
        ]
        cells = [cell for cell in cells if cell[1]]  # JupyterLab puts an empty one at the end
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Digest(whole, whole)
    return Digest(whole, hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest())


def _course_files(source):
    """Names of all files of the course, relative to `source`, without hidden ones."""
    paths = (path.relative_to(source) for path in sorted(source.rglob("*")) if path.is_file())
    return [path.as_posix() for path in paths if not any(p.startswith((".", "__pycache__")) for p in path.parts)]


def unrun(content, name):
    """A course's file as the learner gets it: no chain is run and no question answered in a notebook of hers."""
    if not name.endswith(".ipynb"):
        return content
    try:
        notebook = json.loads(content)
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
    except (
        ValueError,
        KeyError,
        TypeError,
        RecursionError,
    ):  # no notebook: it arrives as it is
        return content
    return (json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _deliver_one(source, folder, name, record):
    """Bring one file and note it in `record`; returns the sentences to say."""
    content = unrun((source / name).read_bytes(), name)
    new, old, target = digest(content, name), _delivered(record, name), folder / name
    if not target.exists():
        _write(folder, name, content)
        record["delivered"][name] = new._asdict()
        return []
    hers = digest(target.read_bytes(), name) if target.is_file() else None
    if hers and hers.sources == new.sources:  # nothing newer for her; her outputs are hers
        if old and hers.bytes == old.bytes != new.bytes:  # untouched: only looks differ, or outputs that were ours
            _write(folder, name, content)
        record["delivered"][name] = new._asdict()
        return []
    if old and old.sources == new.sources:  # she changed it, and there is nothing newer
        return []
    if hers and old and hers.sources == old.sources:
        said = [f"{name} was upgraded to version {version('emtutor')}."]
        if hers.bytes != old.bytes:
            kept = _keep(folder, name, target.read_bytes())
            said = [f"{name} was upgraded to version {version('emtutor')}; the one with your outputs is {kept}."]
        _write(folder, name, content)
        record["delivered"][name] = new._asdict()
        return said
    return _offer(folder, name, content, new, record)


def _offer(folder, name, content, new, record):
    """Put the newer lesson beside the learner's, once; an earlier offer that she did not touch makes room."""
    last = record["offered"].get(name, {})
    if last.get("sources") == new.sources:  # she knows of it, and may have deleted it
        return []
    place = folder / str(last.get("as", ""))
    if not (last and place.is_file() and digest(place.read_bytes(), name).bytes == last.get("bytes")):
        place = next(path for path in _names_beside(folder / name) if not path.exists() or path.read_bytes() == content)
    beside = place.relative_to(folder).as_posix()
    _write(folder, beside, content)
    record["offered"][name] = {**new._asdict(), "as": beside}
    return [f"{name} is yours and stays as it is; the lesson of version {version('emtutor')} is beside it as {beside}."]


def _names_beside(path):
    yield path.with_name(f"{path.stem}.new{path.suffix}")
    number = 2
    while True:
        yield path.with_name(f"{path.stem}.new-{number}{path.suffix}")
        number += 1


def _keep(folder, name, content):
    """Set a file of the learner's aside, under a name that no other content has."""
    path = Path(name)
    kept = KEPT / path.with_name(f"{path.stem}-{hashlib.sha256(content).hexdigest()[:8]}{path.suffix}")
    _write(folder, kept, content)
    return kept.as_posix()


def _write(folder, name, content):
    target, scratch = folder / name, folder / SCRATCH
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        files.write(target, content, scratch)
    except FileNotFoundError:  # swept away by another delivery that has just begun
        files.write(target, content, scratch)


def _sweep(folder):
    """Remove what deliveries that were killed have left half-written."""
    for left in (folder / SCRATCH).glob(".*.tmp"):
        left.unlink(missing_ok=True)


def _delivered(record, name):
    entry = record["delivered"].get(name)
    return Digest(entry["bytes"], entry["sources"]) if entry else None


def _read_record(folder):
    """(record, what to say): an empty record where there is none; a broken one is set aside."""
    empty: dict = {"delivered": {}, "offered": {}}
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        for entry in record["delivered"].values():
            Digest(**entry)
        for entry in record["offered"].values():
            Path(entry["as"])
        return record, []
    except FileNotFoundError:
        return empty, []
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        aside = _keep(folder, path.name, path.read_bytes())
        return empty, [f"The record of what was delivered could not be read and is set aside as {aside}."]
