"""What a class gets: `emtutor release --lessons 03-05 FOLDER`, as plain notebooks or as an assignment of nbgrader.

An exercise that is not asked keeps its stub, for later cells use the name, and loses its check. Without solutions a
wheel of emtutor comes along that has none (`sealing`).
"""

import re
from pathlib import Path

from emtutor.desk import deliver, files, nbgrader, notebooks, sealing
from emtutor.tutor.exercise import exercises

NOT_ASKED = "# Not asked in this release: leave it as it is."


class ReleaseError(Exception):
    """The release cannot be made; the message says why and what to do."""


def release(folder, lessons=None, names=None, without_solutions=False, form="notebooks"):
    """Write the release into `folder`, an empty or a new one; returns what there is to say, a sentence a string.

    lessons: "03-05" or "00,03-05", by default all. names: the exercises that are asked, by default all of these
    lessons. form: "notebooks" or "nbgrader". Raises ReleaseError.
    """
    folder, source = Path(folder), deliver.lessons()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ReleaseError(f"{folder} is not empty: name a new folder, so that nothing of yours is written over")
    paths = chosen(sorted(source.glob("*.ipynb")), lessons)
    read = {path.stem: notebooks.read(path) for path in paths}
    asked = _asked(read, names)
    plain = {stem: only(notebook, asked, set(read)) for stem, notebook in read.items()}
    folder.mkdir(parents=True, exist_ok=True)
    if form == "nbgrader":
        solutions = None if without_solutions else notebooks.tutor_solution
        said = nbgrader.write(folder, plain, asked, solutions)
    else:
        for stem, notebook in plain.items():
            notebooks.write(notebook, folder / f"{stem}.ipynb")
        said = [
            f"{folder} has {_count(len(plain), 'notebook')}, in which {_count(len(asked), 'exercise')} can be checked."
        ]
    for beside in source.rglob("*"):
        if beside.is_file() and beside.suffix != ".ipynb" and form == "notebooks":
            (folder / beside.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            files.write(folder / beside.relative_to(source), beside.read_bytes())
    if without_solutions:
        contents = {f"{stem}.ipynb": notebooks.text(notebook).encode() for stem, notebook in plain.items()}
        path, readable = sealing.wheel(folder, contents)
        said.append(f"{path} is emtutor without solutions: students install this one, pip install '{path.name}[lab]'.")
        if left := [name for name in readable if name in asked]:
            said.append(f"Code that judges still shows a way to the answer of: {', '.join(left)}.")
    return said


def chosen(paths, lessons):
    """Those notebooks that are named: "03-05", "00,numpy-clinic"; all if lessons is None."""
    if lessons is None:
        return paths
    wanted = []
    for part in map(str.strip, lessons.split(",")):
        numbers = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        first, last = (int(n or numbers[1]) for n in numbers.groups()) if numbers else (1, 0)
        of_part = [path for path in paths if path.stem == part or first <= _number(path) <= last]
        if not of_part:
            known = ", ".join(path.stem for path in paths)
            raise ReleaseError(f"there is no lesson {part!r}: name numbers, such as 03-05 or 00,03, of {known}")
        wanted += of_part
    return [path for path in paths if path in wanted]


def _number(path):
    numbered = re.match(r"\d+", path.stem)
    return int(numbered[0]) if numbered else -1


def _asked(read, names):
    there = [s.name for notebook in read.values() for s in notebooks.stubs(notebook) if s.name in exercises()]
    for name in names or ():
        if name not in there:
            raise ReleaseError(f"{name} is no exercise of these lessons: there are {', '.join(there) or 'none'}")
    return [name for name in there if names is None or name in names]


def only(notebook, asked, stems):
    """A copy without outputs: only these exercises are asked, and links lead only to notebooks that come along."""
    notebook = notebooks.without_outputs(notebook)
    left_out = {s.name for s in notebooks.stubs(notebook) if s.name in exercises() and s.name not in asked}
    for stub in reversed(notebooks.stubs(notebook)):
        if stub.name in left_out:
            lines = notebook.cells[stub.cell].source.split("\n")
            lines.insert(stub.start, NOT_ASKED)
            notebook.cells[stub.cell].source = "\n".join(lines)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = without_checks(cell.source, left_out)
        elif cell.cell_type == "markdown":
            cell.source = _linked(cell.source, stems)
    notebook.cells = [cell for cell in notebook.cells if cell.source.strip()]
    return notebook


def without_checks(source, names):
    """The cell without its statements check(name) of these exercises."""
    lines = source.split("\n")
    for statement in reversed(notebooks.parsed(source)):
        if notebooks.checked(statement) in names:
            del lines[statement.lineno - 1 : statement.end_lineno]
    return "\n".join(lines).strip("\n")


def _linked(source, stems):
    """Links to notebooks that do not come along are their words alone."""

    def link(found):
        return found[0] if found[2] in stems else found[1]

    return re.sub(r"\[([^\[\]]+)\]\(<?([\w-]+)\.ipynb[^)]*\)", link, source)


def _count(number, what):
    return f"{number} {what}{'s' * (number != 1)}"
