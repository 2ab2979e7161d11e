"""An exam for a class: a paper a student, answers to print, and all of it marked in one go.

`papers` writes a notebook for each student with a seed of her own, a table of the seeds, and two pages to print: all
papers, and all model answers. `mark` reads what was handed in, as `report` does, without running a notebook.
"""

import csv
import io
import os
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from emtutor import exam
from emtutor.desk import cells, deliver, files, marks, notebooks, page, report

EXAM = "12-exam"
SEEDS = "seeds.csv"
LARGEST_SEED = 10**6
_SIT = re.compile(r"exam\.sit\([^)]*\)")
_SHOW = re.compile(r"paper\.show\((\d+)\)")
_NEW_SHEET = '<div style="break-before: page"></div>'
_ENDS = "## Hand in"  # what follows in the notebook is done at the computer


class SittingError(Exception):
    """It cannot be done; the message says why and what to do."""


class Sitting(NamedTuple):
    """One student's exam: the points, {part: {points, of, status, note}}, and what is to be said besides."""

    student: str
    seed: int | None
    points: float
    of: int
    marks: dict[str, dict]
    notes: tuple[str, ...]


# ---- before


def papers(students, folder):
    """Write a paper for each of the names into `folder`, an empty or a new one; returns {student: seed}."""
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SittingError(f"{folder} is not empty: name a new folder, so that nothing of yours is written over")
    seeds = drawn(students)
    notebook = notebooks.read(deliver.lessons() / f"{EXAM}.ipynb")
    sheets, answers = [], []
    for student, seed in seeds.items():
        own = with_seed(notebook, seed)
        (folder / student).mkdir(parents=True)
        notebooks.write(own, folder / student / f"{EXAM}.ipynb")
        sheets.append(_sheet(own, student, seed))
        told = exam.sit(seed).model_answers(sure=True)
        answers.append(f"<h1>{escape(student)}</h1>{cells.markdown(told.markdown)}")
    for name, title, parts in (("papers.html", "Exam", sheets), ("answers.html", "Model answers", answers)):
        body = _NEW_SHEET.join(f"<main>{part}</main>" for part in parts)
        files.write(folder / name, page.frame(title, body).encode())
    files.write(folder / SEEDS, _table([["student", "seed"], *seeds.items()]))
    return seeds


def drawn(students):
    """{student: a seed of her own}. SittingError where a name is no name of a folder, or stands twice."""
    seeds: dict[str, int] = {}
    for student in students:
        if student in seeds:
            raise SittingError(f"{student} stands twice in the list: tell the two apart")
        if not student or student.startswith(".") or re.search(r'[/\\:*?"<>|\0]', student):
            raise SittingError(f"{student!r} cannot be the name of a folder: write it with letters, digits and blanks")
        seeds[student] = next(s for s in iter(lambda: secrets.randbelow(LARGEST_SEED), -1) if s not in seeds.values())
    if not seeds:
        raise SittingError("there is no student in the list: one name a line is expected")
    return seeds


def with_seed(notebook, seed):
    """A copy of the exam without outputs that is sat with this seed."""
    own = notebooks.without_outputs(notebook)
    for cell in own.cells:
        if cell.cell_type == "code":
            cell.source = _SIT.sub(f"exam.sit(seed={seed})", cell.source)
    return own


def _sheet(notebook, student, seed):
    """The paper as it is printed: texts, the numbers of this seed, and what is to be filled in."""
    paper, shown = exam.sit(seed), [f"<h1>{escape(student)}</h1>"]
    for cell in notebook.cells:
        if cell.source.startswith(_ENDS):
            break
        if number := _SHOW.fullmatch(cell.source.strip()):
            shown.append(cells.markdown(paper.show(int(number[1])).markdown))
        elif cell.cell_type == "markdown":
            shown.append(cells.markdown(cell.source))
        elif "answer_" in cell.source:
            shown.append(cells.code(cell.source))
    return "\n".join(shown)


# ---- after


def mark(folder, seeds=None, jobs=None, progress=True):
    """The `Sitting`s of all notebooks below a folder, one a notebook, by student.

    A notebook in a sub-folder is that student's, any other is called by its name. seeds: {student: seed} from `papers`;
    a student who is not in it, and everybody without it, is marked by the seed in her own notebook.
    """
    folder, seeds = Path(folder), dict(seeds or {})
    paths = [p for p in sorted(folder.rglob("*.ipynb")) if not report.hidden(p.relative_to(folder))]
    students = [_student(path.relative_to(folder)) for path in paths]
    wanted = [str(seeds.get(student, marks.OWN)) for student in students]
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        told = pool.map(report.judge, paths, wanted)
        said = [*tqdm(told, total=len(paths), unit="paper", disable=not progress or not paths)]
    found = [_sitting(student, one) for student, one in zip(students, said, strict=True)]
    missing = [Sitting(s, seed, 0, 0, {}, ("nothing was handed in",)) for s, seed in seeds.items() if s not in students]
    return found + missing


def _student(path):
    return path.parts[0] if len(path.parts) > 1 else path.stem


def _sitting(student, said):
    notes = tuple([said["note"]] if "note" in said else said["notes"])
    return Sitting(student, said.get("seed"), said.get("points", 0), said.get("of", 0), said.get("exam", {}), notes)


def read_seeds(path):
    """{student: seed} of a table that `papers` wrote."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            return {row["student"]: int(row["seed"]) for row in csv.DictReader(stream)}
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise SittingError(f"{path} is no table with the columns student and seed: {error}") from error


def parts(sittings):
    """The names of the exam's parts, in its order."""
    return list(dict.fromkeys(name for sitting in sittings for name in sitting.marks))


def write_csv(sittings, path):
    """The table as CSV: points by part, their sum, the seed, notes."""
    names = parts(sittings)
    lines: list[list] = [["student", "seed", *names, "points", "of", "notes"]]
    for s in sittings:
        earned = [s.marks[name]["points"] if name in s.marks else "" for name in names]
        lines.append([report.harmless(s.student), s.seed, *earned, s.points, s.of, report.harmless(" ".join(s.notes))])
    files.write(Path(path), _table(lines))


def write_html(sittings, path):
    """A page to print: for each student her points, part by part, each with what was not right."""
    body = _NEW_SHEET.join(f"<main>{_result(sitting)}</main>" for sitting in sittings)
    files.write(Path(path), page.frame("Exam, marked", body).encode())


def _result(s):
    rows = []
    for name, one in s.marks.items():
        said = "left open" if one["status"] == "unattempted" else one["note"]
        points = f"{one['points']:g} of {one['of']}"
        rows.append(f"<tr><td>{escape(name)}</td><td>{points}</td><td>{cells.markdown(escape(said))}</td></tr>")
    head = '<tr><th scope="col">part</th><th scope="col">points</th><th scope="col"></th></tr>'
    notes = "".join(f"<p>{escape(note)}</p>" for note in s.notes)
    title = f"<h1>{escape(s.student)}: {s.points:g} of {s.of} points</h1><p>Seed {s.seed}.</p>"
    return f"{title}{notes}<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def text(sittings):
    """The class in a few lines, for the terminal."""
    said = [f"{s.student}: {s.points:g} of {s.of}" + "".join(f"; {note}" for note in s.notes) for s in sittings]
    lost = []
    for name in parts(sittings):
        of = [s.marks[name] for s in sittings if name in s.marks]
        lost.append((sum(m["points"] for m in of) / sum(m["of"] for m in of), name))
    hardest = ", ".join(f"{name} ({share:.0%})" for share, name in sorted(lost)[:3])
    return "\n".join([*said, f"Fewest points: {hardest}." if hardest else ""]).strip()


def _table(lines):
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(lines)
    return stream.getvalue().encode()
