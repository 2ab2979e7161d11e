"""What a class has handed in: `emtutor report FOLDER` judges every notebook in a folder and writes one table.

One row a student, one column an exercise. Only what the functions do counts, nothing that a notebook prints.
"""

import csv
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from emtutor.desk import files, page
from emtutor.tutor.exercise import exercises

KEPT = Path(".emtutor", "report.jsonl")  # what is known already, in the folder: a report that was stopped goes on
SECONDS = 300.0  # by the wall clock for one notebook, the last net: each answer has limits of its own
WORDS = {"correct": "right", "incorrect": "not right", "error": "stopped", "unattempted": "not written", "": "missing"}


class Row(NamedTuple):
    """One student: the notebooks that were read, {exercise: mark}, and what could not be read."""

    student: str
    files: tuple[str, ...]
    marks: dict[str, dict]
    notes: tuple[str, ...]


def report(folder, jobs=None, again=False, progress=True):
    """The `Row`s of all notebooks below a folder, by student; `columns(rows)` names their exercises.

    jobs: notebooks at the same time, by default one a core. again: judge anew what is known from an earlier run.
    """
    folder = Path(folder)
    paths = [p for p in sorted(folder.rglob("*.ipynb")) if not hidden(p.relative_to(folder))]
    known = {} if again else _known(folder)
    marks, todo = {}, []
    for path in paths:
        key = _key(path)
        if key in known:
            marks[path] = known[key]
        else:
            todo.append((path, key))
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        waiting = {pool.submit(judge, path): (path, key) for path, key in todo}
        for done in tqdm(as_completed(waiting), total=len(todo), unit="notebook", disable=not progress or not todo):
            path, key = waiting[done]
            marks[path] = done.result()
            _keep(folder, key, marks[path])
    return _rows(folder, {path: marks[path] for path in paths})


def columns(rows):
    """The exercises of a report in the course's order: all of each lesson from which somebody has one."""
    lessons = {exercises()[name].lesson for row in rows for name in row.marks if name in exercises()}
    return [name for name, exercise in exercises().items() if exercise.lesson in lessons]


# ---- judging


def judge(path, *more):
    """What `emtutor.desk.marks` says of a notebook, in a process and a store of its own. more: its arguments."""
    with tempfile.TemporaryDirectory(prefix="emtutor-report-", ignore_cleanup_errors=True) as scratch:
        fixed = {"EMTUTOR_HOME": scratch, "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        command = [sys.executable, "-m", "emtutor.desk.marks", str(path.absolute()), *more]
        try:
            run = subprocess.run(
                command, cwd=scratch, env=os.environ | fixed, capture_output=True, timeout=SECONDS, check=False
            )
            return json.loads(run.stdout)
        except subprocess.TimeoutExpired:
            return {"note": f"was not judged within {SECONDS:g} s"}
        except ValueError:
            return {"note": "could not be judged: its process ended without a word"}


def _key(path):
    try:
        content = path.read_bytes()
    except OSError as error:
        content = str(error).encode()
    return hashlib.sha256(content).hexdigest() + " " + version("emtutor")


def _known(folder):
    """What an earlier run has found; a line that was cut off is left out."""
    known = {}
    try:
        lines = (folder / KEPT).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return known
    for line in lines:
        try:
            key, found = json.loads(line)
            known[key] = dict(found)
        except (ValueError, TypeError):
            continue
    return known


def _keep(folder, key, found):
    try:
        (folder / KEPT).parent.mkdir(exist_ok=True)
        with open(folder / KEPT, "a", encoding="utf-8") as stream:
            stream.write(json.dumps([key, found]) + "\n")
    except OSError:
        return  # a folder that cannot be written to: the next run begins anew


def hidden(path):
    """True of a path of which a part begins with a dot."""
    return any(part.startswith(".") for part in path.parts)


# ---- rows


def _rows(folder, marks):
    """One row a student. Notebooks in one sub-folder are one student's, unless two of them answer the same exercise."""
    groups: dict[str, list[Path]] = {}
    for path in marks:
        parts = path.relative_to(folder).parts
        groups.setdefault(parts[0] if len(parts) > 1 else path.stem, []).append(path)
    rows = []
    for student, paths in groups.items():
        counts = Counter(name for path in paths for name in marks[path].get("marks", ()))
        if max(counts.values(), default=0) > 1:
            rows += [_row(folder, path.relative_to(folder).with_suffix("").as_posix(), [path], marks) for path in paths]
        else:
            rows.append(_row(folder, student, paths, marks))
    return rows


def _row(folder, student, paths, marks):
    together, notes = {}, []
    for path in paths:
        together |= marks[path].get("marks", {})
        if note := marks[path].get("note"):
            notes.append(f"{path.name} {note}")
    return Row(student, tuple(p.relative_to(folder).as_posix() for p in paths), together, tuple(notes))


# ---- as a table


def write_csv(rows, path):
    """The table as CSV: the verdict, and the named cause after a colon; totals; what could not be read."""
    names = columns(rows)
    lines = [["student", *names, "right", "of", "notes"]]
    for row in rows:
        cells = [_cell(row.marks.get(name)) for name in names]
        lines.append([harmless(row.student), *cells, _solved(row), len(names), harmless(" ".join(row.notes))])
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(lines)
        stream.seek(0)
        files.write(Path(path), stream.read().encode())


def _cell(mark):
    if mark is None:
        return WORDS[""]
    return WORDS[mark["status"]] + (f": {mark['mistake']}" if mark["mistake"] else "")


def _solved(row):
    return sum(mark["status"] == "correct" for mark in row.marks.values())


def harmless(text):
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def text(rows):
    """The class in a few lines, for the terminal."""
    names = columns(rows)
    said = [f"{len(rows)} students, {len(names)} exercises."]
    for name in names:
        marks = [row.marks.get(name) for row in rows]
        right = sum(bool(m) and m["status"] == "correct" for m in marks)
        frequent = [f"{cause} ({count})" for cause, count in _causes(marks)[:3]]
        said.append(f"  {name}: {right} right" + (f"; most often {', '.join(frequent)}" if frequent else ""))
    said += [f"  {row.student}: {note}" for row in rows for note in row.notes]
    return "\n".join(said)


def _causes(marks):
    """[(what went wrong, how often)], the most frequent first: the cause's name, or the first sentence."""
    wrong = [m for m in marks if m and m["status"] in ("incorrect", "error")]
    return Counter(m["mistake"] or (m["message"] or m["note"]).split("\n")[0][:90] for m in wrong).most_common()


# ---- as a page


def write_html(rows, path):
    """A page to read: the table, the class's mistakes by exercise, and each student's functions and messages."""
    body = f"<main>\n<h1>What the class has handed in</h1>\n{_overview(rows)}{_mistakes(rows)}{_students(rows)}</main>"
    files.write(Path(path), page.frame("emtutor report", body).encode())


def _overview(rows):
    names = columns(rows)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("student", *names, "right"))
    lines = []
    for i, row in enumerate(rows):
        cells = "".join(f"<td>{escape(_cell(row.marks.get(name)))}</td>" for name in names)
        link = f'<th scope="row"><a href="#student-{i}">{escape(row.student)}</a></th>'
        lines.append(f"<tr>{link}{cells}<td>{_solved(row)} of {len(names)}</td></tr>")
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>\n'


def _mistakes(rows):
    said = ["<h2>By exercise</h2>"]
    for name in columns(rows):
        marks = [row.marks.get(name) for row in rows]
        counts = Counter(WORDS[m["status"]] if m else WORDS[""] for m in marks)
        told = ", ".join(f"{count} {word}" for word, count in counts.most_common())
        causes = "".join(f"<li>{count} × {escape(cause)}</li>" for cause, count in _causes(marks))
        said.append(f"<h3>{escape(name)}</h3><p>{escape(told)}</p>" + (f"<ul>{causes}</ul>" if causes else ""))
    return "\n".join(said)


def _students(rows):
    said = ["<h2>By student</h2>"]
    for i, row in enumerate(rows):
        said.append(f'<h3 id="student-{i}">{escape(row.student)}</h3><p>{escape(", ".join(row.files))}</p>')
        said += [f"<p>{escape(note)}</p>" for note in row.notes]
        for name, mark in row.marks.items():
            lines = [*mark["message"].split("\n"), mark["note"]]
            message = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
            code = f"<pre><code>{escape(mark['source'])}</code></pre>" if mark["source"] else ""
            said.append(f"<details><summary>{escape(name)}: {escape(_cell(mark))}</summary>{message}{code}</details>")
    return "\n".join(said)
