"""Progress survives what disks and kernels do; the lesson goes on."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time

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


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL")
def test_killed_while_writing(home):
    store.record("e_step", "correct")
    code = """
        from emtutor.tutor import store
        print("go", flush=True)
        while True:
            store.record("m_step", "incorrect")
        """
    for pause in (0.02, 0.05, 0.08, 0.11):
        writer = run(code, home, stdout=subprocess.PIPE)
        writer.stdout.readline()
        time.sleep(pause)
        writer.kill()
        writer.wait()
        writer.stdout.close()
        with sqlite3.connect(store.path()) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
    entries, note = store.entries()
    assert note == ""
    assert entries["e_step"].solved
    assert entries["m_step"].attempts > 0


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


def test_a_file_damaged_in_the_middle(home):
    for exercise in range(300):
        store.record(f"exercise {exercise}", "correct")
    content = bytearray(store.path().read_bytes())
    content[4096 : 4096 + 3000] = b"\x07" * 3000
    store.path().write_bytes(bytes(content))
    said = [store.entries()[1], store.record("e_step", "correct")]
    assert any("damaged" in s for s in said)
    assert store.entry("e_step")[0].solved
    assert (home / "progress.sqlite3.broken-1").read_bytes() == bytes(content)


def test_a_file_of_another_layout(home):
    home.mkdir()
    with sqlite3.connect(store.path()) as connection:
        connection.execute("CREATE TABLE progress (name TEXT)")
    connection.close()
    assert "damaged" in store.record("e_step", "correct")
    assert store.entry("e_step")[0].solved


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
        first, second = hint("m_step"), hint("m_step")
        assert first.sentences != second.sentences
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
