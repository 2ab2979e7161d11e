"""A limit on the time that somebody else's code may take."""

import signal
import sys
import threading
import time
from contextlib import contextmanager

# Taken here, so that code which replaces them in their module does not stop the clock.
_on_signal, _set_timer = signal.signal, getattr(signal, "setitimer", None)
AGAIN = 0.05  # seconds until the next attempt, where the code has caught the first
IMPORTS = 20.0


class TimeUp(BaseException):
    """Raised inside the limited code: no Exception, so that `except Exception` does not swallow it."""


@contextmanager
def time_limit(seconds):
    """Raise TimeoutError in the caller if the body runs for longer than `seconds`.

    Works in the main thread (where a notebook runs) of systems with interval timers. Elsewhere, on Windows and in
    other threads, the body runs without a limit; `can_limit()` says which. One call into C cannot be interrupted: the
    limit takes effect when it returns. A limit inside a limit is possible: the shorter one wins.
    """
    if not can_limit():
        yield
        return
    old_trace, begun, fired, over = sys.gettrace(), time.monotonic(), 0, False
    clock, computed = begun, time.process_time()

    def on_alarm(signum, frame):
        nonlocal fired, clock, computed
        now = time.monotonic()
        if over:
            return
        if not fired and now - begun < IMPORTS and _importing(frame):
            clock, computed = now, time.process_time()
            return
        if not fired and now - clock < 2 * seconds and time.process_time() - computed < seconds:
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
            _set_timer(signal.ITIMER_REAL, max(remaining - (time.monotonic() - begun), 1e-3), AGAIN)


def can_limit():
    """True where `time_limit` can interrupt: the main thread of a system with interval timers (not Windows)."""
    return _set_timer is not None and threading.current_thread() is threading.main_thread()


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
