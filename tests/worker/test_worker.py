"""Functions run in a process of their own: what they return travels, and whatever they do, the next call answers."""

import ctypes
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from emtutor import worker
from emtutor.worker import Failed, Other, Returned, process, sessions, state
from emtutor.worker.plain import plain

posix = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer of computing time")
linux = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="nobody says who computes")
OFFSET = 5.0


def helper(a):
    return a + OFFSET


def uses_helper(a):
    return helper(a)


class Own:
    def __init__(self, a):
        self.a = a


def stays_alive():
    """The next call answers, in a process."""
    return worker.call(uses_helper, 1.0) == Returned(6.0) and sessions.warm()


class Sub(np.ndarray):
    pass


# ---- what travels


def test_a_function_travels_with_what_it_uses():
    factor = 3.0
    assert worker.call(lambda a: factor * helper(a), 1.0) == Returned(18.0)
    assert worker.call(lambda a: Own(a).a, 2.0) == Returned(2.0)
    assert worker.call(lambda: os.getpid()).value != os.getpid()
    came = worker.call(lambda x: x @ x.T, np.eye(3))
    np.testing.assert_array_equal(came.value, np.eye(3))


def test_calls_come_in_order_and_remember():
    def counts(a, seen=[]):  # noqa: B006
        seen.append(a)
        return len(seen)

    assert [o.value for o in worker.calls(counts, [(0,), (0,), (0,)])] == [1, 2, 3]
    assert counts(0) == 1, "the kernel's own function has seen none of it"


def test_a_session_within_another_leaves_it_its_function():
    def outer(a):
        return a + 1

    with worker.session(outer) as open_session:
        assert open_session.calls([(1,)], 3.0).outcomes == [Returned(2)]
        assert worker.call(lambda a: 10 * a, 1) == Returned(10)
        assert open_session.calls([(1,)], 3.0).outcomes == [Returned(2)]
        assert worker.call(lambda: os._exit(0)).kind == "Ended"
        assert open_session.calls([(2,)], 3.0).outcomes == [Returned(3)]
        assert open_session.changes() == ()


def test_arguments_are_copies_and_writing_is_told():
    def writes(a, b):
        b += 1
        return b

    mine = np.zeros(2)
    assert worker.call(writes, np.ones(2), mine).wrote == (1,)
    assert not mine.any()


def test_errors_come_with_their_line_and_can_be_raised_again():
    def wrong(a):
        b = a + 1
        return b @ np.ones(7)

    failed = worker.call(wrong, np.ones(3))
    assert isinstance(failed, Failed)
    assert failed.source == "return b @ np.ones(7)"
    with pytest.raises(ValueError, match="matmul"):
        raise failed.error()
    assert isinstance(worker.call(lambda: np.linalg.inv(np.zeros((2, 2)))).error(), np.linalg.LinAlgError)
    assert isinstance(worker.call(lambda: missing).error(), NameError)  # noqa: F821


def test_what_cannot_travel_runs_in_place():
    lock = threading.Lock()
    assert worker.call(lambda: (lock.locked(), os.getpid())) == Returned((False, os.getpid()))
    failed = worker.call(lambda: lock.locked() / 0)
    assert failed.kind == "ZeroDivisionError"
    assert failed.source.startswith("failed =")


def test_in_place_the_screen_the_settings_and_the_clock_are_guarded(capsys):
    lock = threading.Lock()

    def loud():
        print("loud" * 10_000)
        np.seterr(all="ignore")
        return bool(lock)

    before = np.geterr()
    with worker.session(loud) as open_session:
        report = open_session.calls([()], 3.0)
    assert report.outcomes == [Returned(True)]
    assert report.printed.startswith("loudloud")
    assert len(report.printed) < 1100
    assert capsys.readouterr() == ("", "")
    assert np.geterr() == before


@posix
def test_in_place_a_loop_ends():
    lock = threading.Lock()

    def spins():
        while lock:
            pass

    assert worker.call(spins, seconds=0.2).kind == "TimeoutError"


def test_without_processes_all_runs_in_place(monkeypatch):
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert worker.call(lambda: os.getpid()) == Returned(os.getpid())


def test_a_worker_starts_no_other():
    def within():
        from emtutor import worker

        return worker.call(lambda: os.getpid()).value == os.getpid()

    assert worker.call(within) == Returned(True)


# ---- what comes back


def test_plain_data_stays_and_the_rest_is_named():
    for value in (None, ..., True, 3, 2.5, 1j, [1, (2.0, [])]):
        assert plain(value) == value
    assert plain(plain({"a": 1})) == Other("mapping", "dict")
    assert [plain(v).kind for v in ("r", np.sum, Own, Own(1), iter(map(abs, [])), (v for v in []))] == [
        "text", "function", "class", "object", "generator", "generator"]  # fmt: skip
    assert plain(np.array(["a"])).kind == "dtype"
    assert type(plain(np.eye(2).view(Sub))) is np.ndarray
    assert plain(np.ma.masked_array([1.0, 2.0], [True, False])) == Other("masked", "1 of 2")
    nested = []
    nested.append(nested)
    assert plain(nested).kind == "endless"
    assert plain(np.broadcast_to(0.5, 10**8)).kind == "large"


def test_tables_of_pandas_are_arrays():
    pandas = pytest.importorskip("pandas")
    np.testing.assert_array_equal(plain(pandas.Series([1.0, 2.0])), [1, 2])
    np.testing.assert_array_equal(plain(pandas.DataFrame({"a": [1, 2], "b": [3, 4]})), [[1, 3], [2, 4]])


def test_nothing_that_could_run_comes_back():
    import pickle

    class Evil:
        def __reduce__(self):
            return os.system, ("true",)

    with pytest.raises(pickle.UnpicklingError):
        process._plain_loads(pickle.dumps(Evil()))


# ---- how it ends


@posix
@pytest.mark.parametrize(
    "spins",
    [
        "while True: pass",
        "sum(range(10**11))",
        "list(map(id, __import__('itertools').repeat(0)))",
        "7 ** 10**9",
        "__import__('collections').deque(__import__('itertools').repeat(0), maxlen=0)",
    ],
)
def test_what_never_ends_is_ended_with_its_line(spins, tmp_path, monkeypatch):
    (tmp_path / "endless.py").write_text(f"def endless():\n    a = 1\n    {spins}\n")
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("endless", None)
    import endless

    failed = worker.call(endless.endless, seconds=0.2)
    assert (failed.kind, failed.line) == ("TimeoutError", 3) or failed.kind == "MemoryError", failed
    assert stays_alive()


@posix
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_no_handler_keeps_it_alive():
    def catches():
        while True:
            try:
                while True:
                    pass
            except BaseException:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            finally:
                continue  # noqa: B012

    assert worker.call(catches, seconds=0.2).text == "still running after 0.2 s"
    assert stays_alive()


@linux
def test_what_only_waits_is_ended(monkeypatch):
    monkeypatch.setattr(process, "IDLE", 0.5)
    failed = worker.call(lambda: threading.Event().wait())
    assert "waiting without computing" in failed.text
    assert "Event().wait()" in failed.source
    assert stays_alive()


@pytest.mark.parametrize(
    ("ends", "says"),
    [
        (lambda: os._exit(3), "ended Python"),
        (lambda: ctypes.string_at(0), "segmentation fault"),
        (lambda: os.abort(), "aborted"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "SIGKILL"),
        (lambda: os.closerange(3, 200), "closed the files"),
    ],
)
@posix
def test_the_end_of_the_process_is_told(ends, says):
    outcomes = worker.calls(lambda a: a if a < 2 else ends(), [(0,), (1,), (2,), (3,)])
    assert outcomes[:2] == [Returned(0), Returned(1)]
    assert outcomes[2] == outcomes[3]
    assert outcomes[2].kind == "Ended"
    assert says in outcomes[2].text
    assert stays_alive()


@linux
def test_memory_is_limited():
    def hoards():
        hoard = []
        while True:
            hoard.append(np.empty(10**8))

    assert worker.call(hoards).kind == "MemoryError"
    assert worker.call(lambda: np.ones((10**6, 10**6))).kind == "MemoryError"
    assert stays_alive()


def test_what_it_changes_is_told_and_stays_there():
    def changes():
        np.seterr(all="ignore")
        np.abs = None
        os.environ["SOMETHING"] = "else"
        threading.Thread(target=threading.Event().wait, daemon=True).start()

    with worker.session(changes) as open_session:
        assert open_session.calls([()], 3.0).outcomes == [Returned(None)]
        assert {"np.seterr", "numpy.abs", "the environment", "the threads that run"} <= set(open_session.changes())
    assert "SOMETHING" not in os.environ
    assert np.abs is not None
    with worker.session(lambda: np.abs(-1)) as open_session:
        assert open_session.calls([()], 3.0).outcomes[0].value == 1
        assert open_session.changes() == ()


def test_a_snapshot_that_nobody_touched_has_no_changes():
    assert state.changes(state.snapshot()) == ()


def test_an_interrupt_ends_the_call_and_the_next_one_answers(tmp_path):
    began = tmp_path / "began"

    def waits():
        began.touch()
        threading.Event().wait()

    def interrupts():  # not before it runs: an interrupt amid the start of a worker is another matter
        while not began.exists():
            time.sleep(0.01)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a kernel, whatever ran here before
    try:
        threading.Thread(target=interrupts).start()
        with pytest.raises(KeyboardInterrupt):
            worker.call(waits)
    finally:
        signal.signal(signal.SIGINT, before)
    assert stays_alive()


def test_threads_take_turns():
    came = []
    threads = [threading.Thread(target=lambda i=i: came.append(worker.call(helper, float(i)))) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(o.value for o in came) == [5, 6, 7, 8]


SCRIPT = """
import os
from emtutor import worker
print("once")
def f(a):
    return a + 1
print(worker.call(f, 1), worker.call(os.getpid).value != os.getpid())
"""


def test_a_script_needs_no_main_guard(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    ran = subprocess.run([sys.executable, tmp_path / "script.py"], capture_output=True, text=True, timeout=120)
    assert ran.stdout == "once\nReturned(value=2, wrote=()) True\n", ran


@linux
@pytest.mark.parametrize("busy", [False, True])
def test_a_worker_dies_with_its_kernel(busy):
    code = """
    import os, sys, threading, time
    from emtutor import worker
    print(worker.call(os.getpid).value, flush=True)
    if {busy}:
        threading.Thread(target=worker.call, args=(time.sleep, 1000)).start()
    sys.stdin.readline()
    os.kill(os.getpid(), 9)
    """
    code = textwrap.dedent(code).replace("{busy}", str(busy))
    kernel = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pid = int(kernel.stdout.readline())
    kernel.communicate("go\n")
    for _ in range(6000):
        if not _runs(pid):
            return
        threading.Event().wait(0.01)
    pytest.fail("it outlived its kernel by a minute")


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_has_a_worker_of_its_own():
    mine = worker.call(os.getpid).value
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writing, str(worker.call(os.getpid).value).encode())
        finally:
            sessions._end()
            os._exit(0)
    os.waitpid(child, 0)
    theirs = int(os.read(reading, 100))
    assert theirs not in (mine, os.getpid())
    assert worker.call(os.getpid).value == mine
