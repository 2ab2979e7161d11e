"""A function in this very process: for what cannot travel, and where no process can be started.

It is kept from the screen, from NumPy's settings and, in the main thread, from running for ever. No more than that.
"""

import contextlib
import io
import sys
import warnings

import numpy as np

from emtutor.worker import state
from emtutor.worker.clock import computed, time_limit
from emtutor.worker.outcomes import Failed, Report, failure, file_of, outcome
from emtutor.worker.tape import Tape

DEEPEST = 20_000  # calls within calls


@contextlib.contextmanager
def session(function):
    """As `sessions.session`, in place."""
    yield _Here(function)


class _Here:
    def __init__(self, function):
        self._function, self._before = function, state.snapshot()

    def calls(self, list_of_args, seconds):
        """Call it with each of these arguments; after one that hung no other is made."""
        outcomes, printed, file = [], None, file_of(self._function)
        begun = computed()
        with _guard() as (tape, caught):
            try:
                with time_limit(seconds):
                    for args in list_of_args:
                        came = outcome(self._function, args)
                        if isinstance(came, Failed) and came.kind == "KeyboardInterrupt":
                            raise KeyboardInterrupt
                        outcomes.append(came)
                        printed = tape.text() if printed is None else printed
            except TimeoutError as error:
                outcomes.append(failure(error, file))
        texts = [str(w.message)[:120] for w in caught if issubclass(w.category, RuntimeWarning)]
        printed = tape.text() if printed is None else printed
        return Report(outcomes, printed, tuple(dict.fromkeys(texts))[:5], computed() - begun)

    def changes(self):
        """What it has changed, in words."""
        return state.changes(self._before)


@contextlib.contextmanager
def _guard():
    """Screen, settings and the depth of calls stay as they are; yields (what is printed, the warnings)."""
    tape, streams, deepest = Tape(), (sys.stdin, sys.stdout, sys.stderr), sys.setrecursionlimit
    limit = sys.getrecursionlimit()
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(""), tape, tape
    sys.setrecursionlimit = lambda n: deepest(min(n, DEEPEST))
    try:
        with warnings.catch_warnings(record=True) as caught, np.errstate(), _no_display():
            warnings.simplefilter("always")
            yield tape, caught
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams
        sys.setrecursionlimit = deepest
        deepest(limit)


def _no_display():
    """What is displayed in a notebook goes nowhere."""
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        return contextlib.nullcontext()
    from IPython.utils.capture import capture_output

    return capture_output(stdout=False, stderr=False, display=True)
