"""The learner's progress, on her own disk: one SQLite file in the platform's data folder, or in EMTUTOR_HOME.

Nothing here raises into a lesson. What cannot be written is kept in memory, tried again with the next write, and said
once. What can be read is kept: rows that cannot stay in a table beside, a file that is no database stays under another
name, and both are said; nothing is ever deleted. Each write is one transaction, so a process killed in the middle of it
loses at most that write; two notebooks wait for each other.
"""

import os
import sqlite3
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

WAIT = 3.0  # seconds to wait for another notebook's write
_SCHEMA = """
CREATE TABLE IF NOT EXISTS progress (
    exercise TEXT PRIMARY KEY, attempts INTEGER NOT NULL DEFAULT 0, hints INTEGER NOT NULL DEFAULT 0,
    shown INTEGER NOT NULL DEFAULT 0, solved TEXT, last TEXT, mistake TEXT)
"""


class Entry(NamedTuple):
    """What is known of one exercise."""

    exercise: str
    attempts: int = 0  # checks of something written
    hints: int = 0  # hints read
    shown: int = 0  # 1 once the solution was shown
    solved: str | None = None  # when it was first right, "2026-01-31 12:00"
    last: str | None = None  # status of the last check
    mistake: str | None = None  # its named mistake


def path():
    """Where progress is kept; raises OSError where that would be in the home of somebody who has none."""
    home = os.environ.get("EMTUTOR_HOME")
    try:
        if not home:
            from platformdirs import user_data_dir

            home = user_data_dir("emtutor", appauthor=False)
        return Path(home).expanduser() / "progress.sqlite3"
    except RuntimeError:
        raise FileNotFoundError(f"{home or 'its place'} is in the home of a user who has none here") from None


def record(exercise, status, mistake=None):
    """Note a check; returns a sentence if the disk could not take it, else ""."""
    solved = time.strftime("%Y-%m-%d %H:%M") if status == "correct" else None
    return _write(
        "INSERT INTO progress (exercise, attempts, solved, last, mistake) VALUES (?, 1, ?, ?, ?) ON CONFLICT "
        "(exercise) DO UPDATE SET attempts = attempts + 1, solved = coalesce(solved, excluded.solved), last = "
        "excluded.last, mistake = excluded.mistake",
        (exercise, solved, status, mistake),
    )


def count_hint(exercise):
    """Note that one more hint was read."""
    return _write(
        "INSERT INTO progress (exercise, hints) VALUES (?, 1) ON CONFLICT (exercise) DO UPDATE SET hints = hints + 1",
        (exercise,),
    )


def count_solution(exercise):
    """Note that the solution was shown."""
    return _write(
        "INSERT INTO progress (exercise, shown) VALUES (?, 1) ON CONFLICT (exercise) DO UPDATE SET shown = 1",
        (exercise,),
    )


def entry(exercise):
    """(what is known of the exercise, a sentence if something is wrong with the disk)."""
    found, note = entries()
    return found.get(exercise, Entry(exercise)), note


def entries():
    """({exercise: Entry}, a sentence if something is wrong with the disk)."""
    found, note = _try(_read, "BEGIN")
    rows, lost, fits = found or ({}, 0, True)
    if lost or not fits:
        mended, more = _try(_mend)
        note = " ".join(filter(None, (note, mended, more)))
    return _with_pending(rows), note


# ---- the file, and what stands in for it

_pending: dict[Path | None, list] = {}  # writes that the disk has not taken yet, by file
_said: set[tuple] = set()  # what was said already, so that it is said once


def _write(sql, values):
    waiting = _pending.setdefault(_file(), [])
    waiting.append((sql, values))

    def write(connection):
        note = _mend(connection)
        for statement in waiting:
            connection.execute(*statement)
        return [note]

    done, note = _try(write)
    if done:
        waiting.clear()
    return " ".join(filter(None, (note, *(done or ()))))


def _file():
    try:
        return path()
    except OSError:
        return None


def _try(action, begin="BEGIN IMMEDIATE"):
    """(the action's result on an open file, note); (None, note) if the disk cannot. A broken file is set aside once."""
    file, note = None, ""
    try:
        file = path()
        file.parent.mkdir(parents=True, exist_ok=True)
        note = _begun(file)
        try:
            return _done(file, action, begin), note
        except sqlite3.DatabaseError as error:
            if not _broken(error):
                raise
            note = _set_aside(file)
            return _done(file, action, begin), note
    except (OSError, sqlite3.Error) as error:
        return None, " ".join(filter(None, (note, _once(file, _cannot(file, error)))))


def _done(file, action, begin):
    with closing(sqlite3.connect(file, timeout=WAIT, isolation_level=None)) as connection:
        connection.text_factory = bytes  # text that is none must not hide the rest
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(begin)
        result = action(connection)
        connection.execute("COMMIT")
        return result


def _begun(file):
    """Make the file, if there is none, under its name only when it is whole: one of no length has lost what it held."""
    if file.exists() and file.stat().st_size == 0:
        return _set_aside(file)
    if not file.exists():
        handle, new = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".tmp")
        os.close(handle)
        try:
            with closing(sqlite3.connect(new)) as connection:
                connection.execute(_SCHEMA)
            try:
                os.link(new, file)
            except FileExistsError:
                pass  # another notebook was faster
            except (OSError, AttributeError):  # no links here, and in a browser not even the function
                with closing(sqlite3.connect(file)) as connection:
                    connection.execute(_SCHEMA)
        finally:
            os.unlink(new)
    return ""


def _read(connection, table="progress"):
    """({exercise: Entry}, how many rows could not be read whole, whether the table is one that can be written to)."""
    columns = {name.decode(): key for _, name, _, _, _, key in connection.execute(f"PRAGMA table_info({table})")}
    known = [name for name in Entry._fields if name in columns]
    found: dict[str, Entry] = {}
    if "exercise" not in columns:
        lost = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] if columns else 0
        return found, lost, False
    lost = 0
    for row in connection.execute(f"SELECT {', '.join(known)} FROM {table}"):
        entry, whole = _entry(dict(zip(known, row, strict=True)))
        lost += not whole
        if entry:
            found[entry.exercise] = _joined(found.get(entry.exercise, entry), entry)
    return found, lost, len(known) == len(Entry._fields) and columns["exercise"] == 1


def _entry(row):
    """(Entry or None, whether all was what it should be): a number that is none counts 0, text that is none is lost."""
    values, whole = {}, True
    for name, value in row.items():
        counted = name in ("attempts", "hints", "shown")
        try:
            values[name] = _number(value) if counted else None if value is None else value.decode()
        except (ValueError, AttributeError):
            whole, values[name] = False, 0 if counted else None
    entry = Entry(**values)
    return (entry, whole) if entry.exercise else (None, False)


def _number(value):
    if not isinstance(value, int) or value < 0:
        raise ValueError(value)
    return value


def _joined(a, b):
    """Two rows of one exercise, from a table that did not forbid it."""
    most = (max(x, y) for x, y in zip(a[1:4], b[1:4], strict=True))
    return Entry(a.exercise, *most, min(filter(None, (a.solved, b.solved)), default=None), b.last, b.mistake)


def _mend(connection):
    """Put a table that can be read and written whole in the place of one that cannot; returns what there is to say."""
    found, lost, fits = _read(connection)
    if fits and not lost:
        return ""
    aside = ""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'progress'").fetchone():
        taken = {name.decode() for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        aside = next(name for n in range(1, len(taken) + 2) if (name := f"progress_aside_{n}") not in taken)
        connection.execute(f"ALTER TABLE progress RENAME TO {aside}")
    connection.execute(_SCHEMA)
    _insert(connection, found)
    if not lost:
        return ""
    rows = "1 row" if lost == 1 else f"{lost} rows"
    return f"Of your progress {rows} could not be read whole: kept as the table {aside} in {path()}. The rest goes on."


def _insert(connection, found):
    marks = ", ".join("?" * len(Entry._fields))
    names = ", ".join(Entry._fields)
    connection.executemany(f"INSERT OR REPLACE INTO progress ({names}) VALUES ({marks})", found.values())


def _with_pending(found):
    """The entries as they will be when the disk has taken what is waiting."""
    waiting = _pending.get(_file())
    if not waiting:
        return found
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
        memory.text_factory = bytes
        memory.execute(_SCHEMA)
        _insert(memory, found)
        for statement in waiting:
            memory.execute(*statement)
        return _read(memory)[0]


def _broken(error):
    """Not a database, damaged, or somebody else's: not locked, full or read-only."""
    return not isinstance(error, sqlite3.OperationalError) or "malformed" in str(error)


def _cannot(file, error):
    text = getattr(error, "strerror", None) or str(error)
    cause = {
        "database is locked": "another notebook is writing to it for longer than usual",
        "database or disk is full": "the disk is full",
        "attempt to write a readonly database": "it is read-only",
        "unable to open database file": "it cannot be opened",
    }.get(text, text)
    place = f" in {file}" if file else ""
    return (
        f"Your progress could not be saved{place}: {cause}. It is kept until this notebook closes and saved as soon as "
        "that works; EMTUTOR_HOME names another folder."
    )


def _once(file, sentence):
    if (file, sentence) in _said:
        return ""
    _said.add((file, sentence))
    return sentence


def _set_aside(file):
    """Rename a file that is no database (any more), with its journal; begin a new one with what can be read of it."""
    number = 1
    while (aside := file.with_name(f"{file.name}.broken-{number}")).exists():
        number += 1
    file.rename(aside)
    for suffix in ("-journal", "-wal", "-shm"):
        beside = file.with_name(file.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    _begun(file)
    found = _salvaged(aside)
    _done(file, lambda connection: _insert(connection, found), "BEGIN IMMEDIATE")
    how = "damaged" if aside.stat().st_size else "empty"
    read = f" with the {len(found)} exercises that could be read" if found else ""
    return f"The file with your progress was {how}. It is kept as {aside}, and a new one was begun{read}."


def _salvaged(aside):
    """What rows a damaged file still gives: from the first to the damage, and from the last."""
    found: dict[str, Entry] = {}
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.Error), closing(sqlite3.connect(aside)) as connection:
            connection.text_factory = bytes
            names = ", ".join(Entry._fields)
            for row in connection.execute(f"SELECT {names} FROM progress ORDER BY rowid {order}"):
                entry, _ = _entry(dict(zip(Entry._fields, row, strict=True)))
                if entry:
                    found[entry.exercise] = entry
    return found
