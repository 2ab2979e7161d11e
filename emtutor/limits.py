"""A limit on the time that somebody else's code may take."""

import signal
import sys
import threading
import time
from contextlib import contextmanager

AGAIN = 0.05  # seconds until the next attempt, where the code has caught the first


class TimeUp(BaseException):
    """Raised inside the limited code: no Exception, so that `except Exception` does not swallow it."""


@contextmanager
def time_limit(seconds):
    """Raise TimeoutError in the caller if the body runs for longer than `seconds`.

    Works in the main thread (a notebook's cells run there) of systems with interval timers. Elsewhere, on Windows and in
    other threads, the body runs without a limit; `can_limit()` says which. One call into C cannot be interrupted: the
    limit takes effect when it returns. A limit inside a limit is possible: the shorter one wins.
    """
    if not can_limit():
        yield
        return
    old_trace, began, fired, over = sys.gettrace(), time.monotonic(), 0, False

    def on_alarm(signum, frame):
        nonlocal fired
        if over:
            return
        fired += 1
        if fired > 1:  # it was caught, by a bare `except:` perhaps: raise again a few lines on, in that handler
            _raise_later(frame, lines=(fired - 2) % 8)
        raise TimeUp

    old_handler = signal.signal(signal.SIGALRM, on_alarm)
    remaining, _ = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    if 0 < remaining < seconds:
        signal.setitimer(signal.ITIMER_REAL, remaining, AGAIN)
    try:
        yield
    except TimeUp:
        raise TimeoutError(f"still running after {seconds:g} s") from None
    finally:
        over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old_handler)
        if fired > 1:
            sys.settrace(old_trace)
        if remaining:
            signal.setitimer(signal.ITIMER_REAL, max(remaining - (time.monotonic() - began), 1e-3), AGAIN)


def can_limit():
    """True where `time_limit` can interrupt: the main thread of a system with interval timers (not Windows)."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


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
