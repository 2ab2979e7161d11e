"""An answer can hurt nothing: not the clock, the screen, numpy, the tutor, the kernel."""

import builtins
import contextlib
import os
import signal
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from emtutor import check
from emtutor.tutor import judge, sandbox, values
from emtutor.tutor.exercise import exercises, find
from emtutor.worker.clock import can_limit, time_limit

RIGHT = find("e_step").solution
limited = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer: a hang cannot be interrupted")


def wrong(x, pi, mu, Sigma):
    return np.full((len(x), len(pi)), 0.3)


# ---- time


def catches_everything():
    while True:
        try:  # noqa: SIM105
            time.sleep(10)
        except:  # noqa: E722
            pass


def continues_in_finally():
    while True:
        try:
            try:
                while True:
                    pass
            except BaseException:
                x = 1  # noqa: F841
        finally:
            continue  # noqa: B012


def spins():
    while True:
        pass


def spins_in_c():
    return sum(1 for _ in iter(int, 1))


@limited
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize("body", [catches_everything, continues_in_finally, spins, spins_in_c])
def test_time_limit_interrupts(body):
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"still running after 0\.1 s"), time_limit(0.1):
        body()
    assert time.monotonic() - began < 5
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert sys.gettrace() is None or "TimeUp" not in repr(sys.gettrace())


@limited
def test_time_limits_nest_and_leave_the_old_handler():
    handler = signal.getsignal(signal.SIGALRM)

    def outer():
        with time_limit(0.3):
            with contextlib.suppress(TimeoutError), time_limit(0.05):
                spins()
            spins()

    with pytest.raises(TimeoutError, match=r"0\.3"):
        outer()
    assert signal.getsignal(signal.SIGALRM) is handler


def test_without_a_timer_the_body_runs():
    seen = []

    def elsewhere():
        with time_limit(0.01):
            seen.append(can_limit())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [False]


@limited
@pytest.mark.parametrize("body", [catches_everything, spins])
def test_a_hang_is_told_with_its_line(body, monkeypatch):
    monkeypatch.setattr(sandbox, "SECONDS", 0.5)

    def answer(*args):
        body()

    began = time.monotonic()
    feedback = check(answer, "e_step")
    assert feedback.status == "error"
    assert "still running" in feedback.message
    assert "body()" in feedback.message or "in line" in feedback.message
    assert time.monotonic() - began < 8


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no limit on memory here")
def test_memory_ends_before_the_machine_does():
    def answer(*args):
        hoard = []
        while True:
            hoard.append(np.empty(10**8))

    assert "MemoryError" in check(answer, "e_step").message
    assert check(RIGHT)


def test_interrupt_of_the_user_passes():
    def answer(*args):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(answer, "e_step")
    assert check(RIGHT)
    assert not isinstance(sys.stdout, sandbox._Tape)


# ---- the screen


def test_floods_are_cut(capsys):
    def answer(*args):
        for i in range(20_000):
            print("flood", i)
        sys.stderr.write("x" * 10**6)
        return RIGHT(*args)

    feedback = check(answer, "e_step")
    assert feedback
    assert "flood 0" in feedback.message
    assert len(feedback.message) < 500
    assert capsys.readouterr() == ("", "")


def test_figures_are_closed():
    plt = pytest.importorskip("matplotlib.pyplot")
    mine = plt.figure()

    def answer(*args):
        plt.figure()
        plt.plot([1, 2])
        return RIGHT(*args)

    feedback = check(answer, "e_step")
    assert feedback
    assert "figure" in feedback.message
    assert plt.get_fignums() == [mine.number]
    plt.close(mine)


def test_warnings_are_kept_in_and_shown_where_they_help():
    def answer(x, pi, mu, Sigma):
        np.log(np.zeros(3))
        return wrong(x, pi, mu, Sigma)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        feedback = check(answer, "e_step")
    assert not caught
    assert "NumPy warned: divide by zero" in feedback.message


# ---- what it changes


def patches_numpy(*args):
    np.allclose = lambda *a, **k: True
    np.abs = np.isfinite = lambda a: np.ones_like(a, dtype=bool)
    builtins.all = lambda a: True
    return wrong(*args)


def patches_tutor(*args):
    values.close = lambda *a: True
    judge._Verdict._right = lambda *a: True
    values.differences.__code__ = (lambda got, want, floor=0.0: (0 * got.a, got.a == got.a)).__code__
    return wrong(*args)


def unloads(*args):
    for name in [n for n in sys.modules if n.startswith(("emtutor", "numpy", "scipy"))]:
        del sys.modules[name]
    return wrong(*args)


def rewrites_the_record(*args):
    object.__setattr__(exercises()["e_step"], "solution", wrong)
    return wrong(*args)


def empties_the_table(*args):
    exercises().clear()
    return wrong(*args)


@pytest.mark.parametrize("answer", [patches_numpy, patches_tutor, unloads, rewrites_the_record, empties_the_table])
def test_what_it_replaces_is_put_back(answer):
    before = np.allclose, np.abs, builtins.all, values.close, judge._Verdict._right, sys.modules["numpy"]
    feedback = check(answer, "e_step")
    assert feedback.status == "incorrect"
    assert "was put back" in feedback.message
    assert before == (np.allclose, np.abs, builtins.all, values.close, judge._Verdict._right, sys.modules["numpy"])
    assert check(RIGHT)


def test_settings_are_put_back():
    errors, limit, folder = np.geterr(), sys.getrecursionlimit(), os.getcwd()
    state = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002

    def answer(*args):
        np.seterr(all="ignore")
        np.set_printoptions(precision=1)
        sys.setrecursionlimit(12345)
        os.chdir("/")
        np.random.seed(1)  # noqa: NPY002
        return RIGHT(*args)

    feedback = check(answer, "e_step")
    assert feedback
    assert "np.seterr" in feedback.message
    assert "global random numbers" in feedback.message
    assert (np.geterr(), sys.getrecursionlimit(), os.getcwd()) == (errors, limit, folder)
    assert np.get_printoptions()["precision"] == 8
    np.testing.assert_array_equal(np.random.get_state(legacy=False)["state"]["key"], state)  # noqa: NPY002


@pytest.mark.parametrize(
    "door",
    [
        lambda: os._exit(1),
        lambda: os.kill(os.getpid(), 9),
        lambda: os.fork(),
        lambda: signal.setitimer(signal.ITIMER_REAL, 0),
        lambda: input("?"),
        lambda: os.abort(),
    ],
)
def test_doors_are_shut(door):
    feedback = check(lambda *args: door(), "e_step")
    assert feedback.status == "error"
    assert "cannot be called while an answer is checked" in feedback.message


def test_no_reference_lies_in_a_frame_below_the_answer():
    """While the verdict is open; the probes, which come after it, do compare with the solution."""
    seen, calls = [], []

    def answer(x, pi, mu, Sigma):
        calls.append(1)
        if len(calls) > len(find("e_step").problems(np.random.default_rng(0))):
            return wrong(x, pi, mu, Sigma)
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_name != "test_no_reference_lies_in_a_frame_below_the_answer":
            seen.extend(type(v).__name__ for v in frame.f_locals.values())
            frame = frame.f_back
        return wrong(x, pi, mu, Sigma)

    check(answer, "e_step")
    assert "Problem" in seen
    assert "Exercise" not in seen
    assert "_Verdict" not in seen


def test_a_recursion_without_end_is_an_error_however_high_the_limit():
    def answer(*args):
        sys.setrecursionlimit(10**9)
        return answer(*args)

    limit, began = sys.getrecursionlimit(), time.monotonic()
    feedback = check(answer, "e_step")
    assert feedback.status == "error"
    assert "RecursionError" in feedback.message
    assert sys.getrecursionlimit() == limit
    assert time.monotonic() - began < 6


def test_the_environment_is_put_back(monkeypatch):
    monkeypatch.setenv("SOME_FOLDER", "here")

    def answer(*args):
        os.environ["SOME_FOLDER"] = "elsewhere"
        return RIGHT(*args)

    feedback = check(answer, "e_step")
    assert feedback
    assert "SOME_FOLDER" in feedback.message
    assert os.environ["SOME_FOLDER"] == "here"


@pytest.mark.parametrize("error", [BaseException("x"), GeneratorExit(), StopIteration(), SystemExit(3)])
def test_whatever_is_raised_gets_a_verdict(error):
    """Also where it comes in the probes only, after all problems."""
    calls = []

    def late(*args):
        calls.append(1)
        if len(calls) > 9:
            raise error
        return wrong(*args)

    def at_once(*args):
        raise error

    assert check(at_once, "e_step").status == "error"
    assert check(late, "e_step").status == "incorrect"


def test_a_learners_text_can_be_shown():
    def answer(*args):
        raise ValueError("\ud800 \x1b[31m <b>\x00")

    feedback = check(answer, "e_step")
    str(feedback).encode()
    assert "\x1b" not in str(feedback)
    assert "<b>" not in feedback._repr_html_()


def test_a_learners_global_state_is_hers():
    """Only what is not hers is put back: her own variables may change, as in any call."""
    box = []

    def answer(*args):
        box.append(1)
        return RIGHT(*args)

    assert check(answer, "e_step")
    assert box
