"""The learner's progress, on her own disk: one SQLite file in the platform's data folder, or in EMTUTOR_HOME.

Nothing here raises into a lesson. What cannot be written is kept in memory, tried again with the next write, and said
once; a broken file is set aside under another name, never deleted. Each write is one transaction, so a process killed
in the middle of it loses at most that write; two notebooks wait for each other.
"""

import os
import sqlite3
import time
from contextlib import closing
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
    """Where progress is kept."""
    home = os.environ.get("EMTUTOR_HOME")
    if not home:
        from platformdirs import user_data_dir

        home = user_data_dir("emtutor", appauthor=False)
    return Path(home).expanduser() / "progress.sqlite3"


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
    (rows, note) = _try(_read)
    if rows is None:
        rows = _rows(_memory())
    return {row[0]: Entry(*row) for row in rows}, note


# ---- the file, and what stands in for it

_pending: dict[Path, list] = {}  # writes that the disk has not taken yet, by file
_said: set[tuple] = set()  # what was said already, so that it is said once


def _write(sql, values):
    file = path()
    waiting = _pending.setdefault(file, [])
    waiting.append((sql, values))

    def write(connection):
        for statement in waiting:
            connection.execute(*statement)
        return True

    done, note = _try(write)
    if done:
        waiting.clear()
    return note


def _try(action):
    """(the action's result on an open file, note); (None, note) if the disk cannot. A broken file is set aside once."""
    file, note = path(), ""
    for attempt in range(2):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(file, timeout=WAIT, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("BEGIN IMMEDIATE" if action is not _read else "BEGIN")
                if action is not _read or not _has_table(connection):
                    connection.execute(_SCHEMA)
                result = action(connection)
                connection.execute("COMMIT")
                return result, note
        except sqlite3.DatabaseError as error:
            if attempt or not _broken(error):
                return None, _once(file, _cannot(file, error))
            note = _set_aside(file)
        except OSError as error:
            return None, _once(file, _cannot(file, error))
    return None, note


def _has_table(connection):
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'progress'").fetchone() is not None


def _read(connection):
    rows = _rows(connection)
    waiting = _pending.get(path())
    if not waiting:
        return rows
    memory = _memory(rows)
    return _rows(memory)


def _rows(connection):
    return connection.execute(f"SELECT {', '.join(Entry._fields)} FROM progress").fetchall()


def _memory(rows=()):
    """A file in memory with these rows and what is still waiting to be written."""
    memory = sqlite3.connect(":memory:")
    memory.execute(_SCHEMA)
    memory.executemany(f"INSERT INTO progress ({', '.join(Entry._fields)}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    for statement in _pending.get(path(), []):
        memory.execute(*statement)
    return memory


def _broken(error):
    """Not a database, damaged, or somebody else's: not locked, full or read-only."""
    return not isinstance(error, sqlite3.OperationalError) or "column" in str(error)


def _cannot(file, error):
    text = str(error)
    cause = {
        "database is locked": "another notebook is writing to it for longer than usual",
        "database or disk is full": "the disk is full",
        "attempt to write a readonly database": "it is read-only",
        "unable to open database file": "it cannot be opened",
    }.get(text, text)
    return (
        f"Your progress could not be saved in {file}: {cause}. It is kept until this notebook closes and saved as "
        "soon as that works; EMTUTOR_HOME names another folder."
    )


def _once(file, sentence):
    if (file, sentence) in _said:
        return ""
    _said.add((file, sentence))
    return sentence


def _set_aside(file):
    """Rename a file that is no database (any more), with its journal; never over another one."""
    number = 1
    while (aside := file.with_name(f"{file.name}.broken-{number}")).exists():
        number += 1
    try:
        file.rename(aside)
        for suffix in ("-journal", "-wal", "-shm"):
            beside = file.with_name(file.name + suffix)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        return _once(file, _cannot(file, error))
    return f"The file with your progress was damaged. It is kept as {aside}, and a new one was begun."
