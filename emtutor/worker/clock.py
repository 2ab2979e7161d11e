"""A limit on the time that somebody else's code may take."""

import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import NamedTuple

from emtutor.worker import browser

# Taken here, so that code which replaces them in their module does not stop the clock.
_on_signal, _set_timer = signal.signal, getattr(signal, "setitimer", None) or browser.timer()
computed = time.perf_counter if sys.platform == "emscripten" else time.process_time  # which stands still in a browser
AGAIN = 0.05  # seconds until the next attempt, where the code has caught the first
IMPORTS = 20.0  # seconds that importing modules may take in addition
LAST_NET = 10  # times as long by the clock on the wall ends what sleeps or waits, and on no machine what computes


def use(timer):
    """Take another interval timer, called as `signal.setitimer` is; it has to raise SIGALRM. None: there is none.

    In a browser an interrupt buffer can be one.
    """
    global _set_timer
    _set_timer = timer


class TimeUp(BaseException):
    """Raised inside the limited code: no Exception, so that `except Exception` does not swallow it."""


@contextmanager
def time_limit(seconds):
    """Raise TimeoutError in the caller if the body computes for longer than `seconds`, whatever else the machine does.

    Seconds of this process's own computing count. What waits for something is ended after LAST_NET times as long.
    Works in the main thread (where a notebook runs) of systems with interval timers. Elsewhere, on Windows and in
    other threads, the body runs without a limit; `can_limit()` says which. One call into C cannot be interrupted: the
    limit takes effect when it returns. A limit inside a limit is possible: the shorter one wins.
    """
    if not can_limit():
        yield
        return
    old_trace, fired, over = sys.gettrace(), 0, False
    begun = since = _now()

    def on_alarm(signum, frame):
        nonlocal fired, since
        if over:
            return
        if not fired and _within(IMPORTS, begun) and _importing(frame):
            since = _now()
            return
        if not fired and _within(seconds, since):
            return
        fired += 1
        if fired > 1:  # it was caught, by a bare `except:` perhaps: raise again a few lines on, in that handler
            _raise_later(frame, lines=(fired - 2) % 8)
        raise TimeUp

    old_handler = _on_signal(signal.SIGALRM, on_alarm)
    remaining, _ = _set_timer(signal.ITIMER_REAL, seconds, AGAIN)
    if 0 < remaining < seconds:
        _set_timer(signal.ITIMER_REAL, remaining, AGAIN)
    try:
        yield
    except TimeUp as up:  # with the frames that it came through, so that one can say where it was
        raise TimeoutError(f"still running after {seconds:g} s").with_traceback(up.__traceback__) from None
    finally:
        over = True
        _set_timer(signal.ITIMER_REAL, 0)
        _on_signal(signal.SIGALRM, old_handler)
        if fired > 1:
            sys.settrace(old_trace)
        if remaining:
            _set_timer(signal.ITIMER_REAL, max(remaining - (time.monotonic() - begun.wall), 1e-3), AGAIN)


def can_limit():
    """True where `time_limit` can interrupt: the main thread of a system with interval timers (not Windows)."""
    return _set_timer is not None and threading.current_thread() is threading.main_thread()


class _Clocks(NamedTuple):
    wall: float
    computing: float


def _now():
    return _Clocks(time.monotonic(), computed())


def _within(seconds, since):
    now = _now()
    return now.computing - since.computing < seconds and now.wall - since.wall < LAST_NET * seconds


def _importing(frame):
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def _raise_later(frame, lines):
    """Raise once more after so many further lines have run: in a handler, in a `finally`, wherever it is not caught."""

    def trace(frame, event, arg):
        nonlocal lines
        if event == "line":
            lines -= 1
            if lines < 0:
                raise TimeUp
        return trace

    sys.settrace(trace)
    while frame is not None and frame.f_globals.get("__name__") != __name__:
        frame.f_trace = trace
        frame = frame.f_back
