"""A limit on time, for what runs in place: it interrupts Python's own code, and leaves the clock as it was."""

import contextlib
import signal
import sys
import threading
import time

import pytest

from emtutor.worker import clock
from emtutor.worker.clock import can_limit, time_limit

limited = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer: a hang cannot be interrupted")


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
    with pytest.raises(TimeoutError, match=r"still running after 0\.1 s"), time_limit(0.1):
        body()
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
def test_another_timer_can_be_put_in(monkeypatch):
    """As where there is none, and something else raises the signal."""
    monkeypatch.setattr(clock, "_set_timer", None)
    assert not can_limit()
    calls = []

    def timer(which, seconds, again=0.0):
        calls.append(seconds)
        return signal.setitimer(which, seconds, again)

    clock.use(timer)
    with pytest.raises(TimeoutError), time_limit(0.1):
        spins()
    assert calls == [0.1, 0]
