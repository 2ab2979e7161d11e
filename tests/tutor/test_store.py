"""Progress survives what disks and kernels do; the lesson goes on."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from emtutor import check, hint, progress
from emtutor.tutor import store
from emtutor.tutor.exercise import find


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EMTUTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(store, "WAIT", 0.2)
    return tmp_path / "home"


def run(code, home, **kwargs):
    env = dict(os.environ, EMTUTOR_HOME=str(home))
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], env=env, **kwargs)


def test_entries_add_up(home):
    assert store.entries() == ({}, "")
    store.record("e_step", "incorrect", "no-prior")
    store.record("e_step", "correct")
    store.record("e_step", "error")
    store.count_hint("e_step")
    entry, note = store.entry("e_step")
    assert note == ""
    assert (entry.attempts, entry.hints, entry.last) == (3, 1, "error")
    assert entry.solved, "once solved stays solved"
    assert (home / "progress.sqlite3").exists()


def test_home_moves(tmp_path, monkeypatch):
    for place in ("a", "b"):
        monkeypatch.setenv("EMTUTOR_HOME", str(tmp_path / place))
        store.record("e_step", place)
    assert store.entry("e_step")[0].last == "b"
    monkeypatch.setenv("EMTUTOR_HOME", str(tmp_path / "a"))
    assert store.entry("e_step")[0].last == "a"


def test_two_notebooks_at_once(home):
    code = """
        from emtutor.tutor import store
        for _ in range(60):
            assert store.record("e_step", "incorrect") == ""
        """
    writers = [run(code, home) for _ in range(3)]
    assert [w.wait(60) for w in writers] == [0, 0, 0]
    assert store.entry("e_step")[0].attempts == 180


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_killed_at_any_moment_it_loses_nothing_acknowledged(home):
    """300 writers, each killed after some acknowledged writes, in the middle of the next."""
    store.record("e_step", "correct")
    acknowledged = 0
    for writer in range(300):
        ends = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                while store.record("m_step", "incorrect") == "":
                    os.write(ends[1], b".")
            finally:
                os._exit(1)
        os.close(ends[1])
        os.read(ends[0], 1) if writer % 3 else None  # some die before their first write is done
        acknowledged += writer % 3 > 0
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while more := os.read(ends[0], 4096):
            acknowledged += len(more)
        os.close(ends[0])
    entries, note = store.entries()
    assert note == ""
    assert entries["e_step"].solved
    assert acknowledged <= entries["m_step"].attempts <= acknowledged + 300
    assert acknowledged >= 200


@pytest.mark.parametrize("damage", [b"this is no database " * 99, b"SQLite format 3\x00" + b"\xff" * 4000])
def test_a_damaged_file_is_set_aside(home, damage):
    home.mkdir()
    store.path().write_bytes(damage)
    (home / "progress.sqlite3.broken-1").write_text("an older one")
    feedback = check(find("e_step").solution)
    assert feedback, "the lesson goes on"
    assert "was damaged" in feedback.message
    assert (home / "progress.sqlite3.broken-2").read_bytes() == damage
    assert (home / "progress.sqlite3.broken-1").read_text() == "an older one"
    assert progress().solved == 1
    assert "damaged" not in check(find("e_step").solution).message


@pytest.mark.parametrize("page", range(1, 8))
def test_a_file_damaged_in_the_middle(home, page):
    store.record("e_step", "correct")
    with sqlite3.connect(store.path()) as connection:
        names = [(f"exercise {number}",) for number in range(300)]
        connection.executemany("INSERT INTO progress (exercise, solved) VALUES (?, 'long ago')", names)
    connection.close()
    content = bytearray(store.path().read_bytes())
    content[4096 * page : 4096 * page + 3000] = b"\x07" * 3000
    store.path().write_bytes(bytes(content))
    said = [store.entries()[1], store.record("e_step", "correct")]
    assert store.entry("e_step")[0].solved
    if not any("damaged" in s for s in said):  # a page of the index that nobody has asked for yet
        assert len(store.entries()[0]) == 301
        return
    kept = len(store.entries()[0])
    assert kept > 150 or page == 1, "what lies before and behind the damage is read; page 1 leads to all others"
    assert (home / "progress.sqlite3.broken-1").read_bytes() == bytes(content)


GOOD = "INSERT INTO progress VALUES ('e_step', 3, 1, 0, '2026-01-31 12:00', 'correct', NULL)"
OLD = "CREATE TABLE progress (exercise TEXT PRIMARY KEY, attempts INTEGER NOT NULL DEFAULT 0, solved TEXT)"
LOOSE = "CREATE TABLE progress (exercise, attempts, hints, shown, solved, last, mistake)"
SOUND = store._SCHEMA


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([SOUND, GOOD], ""),
        ([OLD, "INSERT INTO progress VALUES ('e_step', 3, '2026-01-31 12:00')"], ""),
        ([LOOSE, GOOD], ""),
        ([LOOSE, GOOD, "INSERT INTO progress VALUES ('e_step', 1, 0, 0, NULL, 'error', NULL)"], ""),
        ([SOUND, GOOD, "CREATE INDEX i ON progress (last)"], ""),
        ([SOUND, GOOD, "INSERT INTO progress VALUES (CAST(x'ff' AS TEXT), 1, 0, 0, NULL, NULL, NULL)"], "1 row"),
        ([SOUND, GOOD, "INSERT INTO progress VALUES ('m_step', 'many', 'all', 0, NULL, NULL, NULL)"], "1 row"),
        ([SOUND, GOOD, "INSERT INTO progress VALUES ('m_step', -1, 2.5, 0, x'ff', NULL, 7)"], "1 row"),
        ([LOOSE, GOOD, "INSERT INTO progress (attempts) VALUES (1)", "INSERT INTO progress VALUES"
          " (7, NULL, NULL, NULL, NULL, NULL, NULL)"], "2 rows"),
        ([SOUND.replace("mistake TEXT", "mistake TEXT, of TEXT NOT NULL DEFAULT ''"),
          GOOD.replace("progress", "progress (exercise, attempts, hints, shown, solved, last, mistake)", 1)], ""),
    ],
)  # fmt: skip
def test_what_can_be_read_is_kept_and_what_cannot_is_set_aside_and_said(home, statements, said):
    home.mkdir()
    with sqlite3.connect(store.path()) as connection:
        for statement in statements:
            connection.execute(statement)
        rows = connection.execute("SELECT count(*) FROM progress").fetchone()
    connection.close()
    entries, note = store.entries()
    assert (entries["e_step"].attempts, bool(entries["e_step"].solved)) == (3, True)
    assert said in note
    assert bool(note) is bool(said)
    assert hint("m_step")
    assert progress().solved == 1
    assert store.record("e_step", "correct") == store.record("m_step", "incorrect") == ""
    assert store.entry("e_step") == store.entry("e_step")
    assert store.entry("e_step")[0].attempts == 4
    with sqlite3.connect(store.path()) as connection:
        aside = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'progress_aside%'").fetchall()
        assert all(connection.execute(f"SELECT count(*) FROM {name}").fetchone() == rows for (name,) in aside)
    connection.close()
    assert len(aside) == 1 or not said


@pytest.mark.parametrize("first", [store.entries, lambda: store.record("m_step", "incorrect")])
def test_a_table_without_the_name_of_an_exercise_is_kept_beside(home, first):
    home.mkdir()
    with sqlite3.connect(store.path()) as connection:
        connection.execute("CREATE TABLE progress (name TEXT)")
        connection.execute("INSERT INTO progress VALUES ('e_step')")
    connection.close()
    assert "1 row" in str(first())
    store.record("e_step", "correct")
    assert store.entry("e_step")[0].solved


def test_a_file_of_no_length_has_lost_something_and_a_new_one_has_not(home):
    home.mkdir()
    store.path().touch()
    assert "was empty" in store.record("e_step", "correct")
    assert store.entry("e_step")[0].solved
    assert sorted(path.name for path in home.iterdir()) == ["progress.sqlite3", "progress.sqlite3.broken-1"]


def _refusing(message):
    real = sqlite3.connect

    class Connection(sqlite3.Connection):
        def execute(self, sql, *args):
            if sql.startswith(("INSERT", "CREATE")) or "IMMEDIATE" in sql:
                raise sqlite3.OperationalError(message)
            return super().execute(sql, *args)

    def connect(file, **kwargs):
        return real(file) if file == ":memory:" else real(file, factory=Connection, **kwargs)

    return connect


@pytest.mark.parametrize(
    ("message", "says"),
    [("database or disk is full", "disk is full"), ("attempt to write a readonly database", "read-only")],
)
def test_what_the_disk_refuses_is_kept_and_written_later(home, monkeypatch, message, says):
    store.record("e_step", "correct")
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", _refusing(message))
        feedback = check(find("m_step").solution)
        assert feedback
        assert says in feedback.message
        assert says not in check(find("m_step").solution).message, "said once"
        assert progress().solved == 2, "what is not on the disk yet counts all the same"
        first, second = (str(hint("m_step")) for _ in range(2))
        assert first.split("\n")[1] != second.split("\n")[1]
    store.record("match_labels", "incorrect")
    with sqlite3.connect(store.path()) as connection:
        rows = dict(connection.execute("SELECT exercise, attempts FROM progress"))
    connection.close()
    assert rows == {"e_step": 1, "m_step": 2, "match_labels": 1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a limit on the size of files")
def test_a_full_disk_for_real(home):
    """A process that may write no byte more to any file."""
    store.record("e_step", "correct")
    size = store.path().stat().st_size
    code = f"""
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, ({size // 2}, {size // 2}))
        from emtutor import check, progress
        from emtutor.tutor.exercise import find
        feedback = check(find("m_step").solution)
        assert feedback and "could not be saved" in feedback.message, feedback
        assert progress().solved == 2, progress()
        """
    assert run(code, home).wait(60) == 0
    entries, note = store.entries()
    assert note == ""
    assert entries["e_step"].solved


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EMTUTOR_HOME", str(tmp_path / "file" / "home"))
    feedback = check(find("e_step").solution)
    assert feedback
    assert "could not be saved" in feedback.message
    assert progress().solved == 1


@pytest.mark.parametrize("place", ["~nosuch/x", "/dev/null/x", "/proc/x", "bad\udcff/../file/x"])
def test_a_place_that_cannot_be(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EMTUTOR_HOME", place)
    monkeypatch.setattr(store, "_pending", {})
    assert "could not be saved" in store.record("e_step", "correct")
    assert str(hint("m_step")).split("\n")[1] != str(hint("m_step")).split("\n")[1], "the one that was shown counts"
    assert progress().solved == 1


def test_a_lock_that_stays(home):
    store.record("e_step", "correct")
    other = sqlite3.connect(store.path(), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert "another notebook" in store.record("m_step", "correct")
    assert progress().solved == 2
    other.execute("COMMIT")
    other.close()
    assert store.record("m_step", "incorrect") == ""
    assert store.entry("m_step")[0].attempts == 2
