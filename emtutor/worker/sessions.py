"""One function for a while: in the worker if it can travel, else in place."""

import atexit
import os
import sys
import threading
from contextlib import contextmanager

from emtutor.worker import inplace
from emtutor.worker.outcomes import Failed, Report, file_of, with_source
from emtutor.worker.process import MARK, Ended, Worker
from emtutor.worker.travel import packed

SECONDS = 3.0  # of computing, for all calls of a batch; most need a few milliseconds

_lock = threading.RLock()  # one session at a time: a kernel's other threads wait
_worker: Worker | None = None


def call(function, *args, seconds=SECONDS):
    """What function(*args) comes to: `Returned` with its value as plain data, or `Failed`. It raises nothing."""
    return calls(function, [args], seconds=seconds)[0]


def calls(function, list_of_args, seconds=SECONDS):
    """The same for several tuples of arguments, in order; `Failed` for all after one that hung or ended its process."""
    list_of_args = list(list_of_args)
    with session(function) as open_session:
        outcomes = open_session.calls(list_of_args, seconds).outcomes
    return outcomes + [outcomes[-1]] * (len(list_of_args) - len(outcomes))


@contextmanager
def session(function):
    """A context in which a function is called again and again, with what it remembers between its calls.

    Yields an object with `calls(list_of_args, seconds)` -> `Report` and `changes()` -> what it changed around it, in
    words.
    """
    with _lock:
        data = packed(function) if can_start() else None
        remote = None if data is None else _Remote(function, data)
        if remote is None or not (remote.loads() or remote.deadly):
            with inplace.session(function) as here:
                yield here
            return
        try:
            yield remote
        except BaseException:  # an interrupt, most of the time: the worker may be in the middle of something
            _end()
            raise
        remote.close()


def warm():
    """Start the worker, if there is none, without waiting for it; False where no process can be started."""
    global _worker
    with _lock:
        if _worker is not None and not _worker.alive:
            _end()
        if _worker is None and can_start():
            try:
                _worker = Worker()
            except OSError:
                return False
    return _worker is not None


def can_start():
    """True where another process can run a learner's function: not in a browser, nor in a worker."""
    return sys.platform not in ("emscripten", "wasi") and bool(sys.executable) and MARK not in os.environ


def _end():
    global _worker
    if _worker is not None:
        _worker.end()
    _worker = None


def _forget():
    """In a fork of this process."""
    global _worker, _lock
    if _worker is not None:
        _worker.disown()
    _worker, _lock = None, threading.RLock()


atexit.register(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


class _Remote:
    """A session in the worker."""

    def __init__(self, function, data):
        self._data, self._file = data, file_of(function)
        self._ended = None  # how loading it has ended a worker

    @property
    def _loaded(self):
        """True if the worker holds this session's function: another session within this one may have loaded its own."""
        return _worker is not None and _worker.holds is self

    @property
    def deadly(self):
        """True if loading it has ended a worker: it is not tried in place."""
        return self._ended is not None

    def loads(self):
        """True if a worker can load the function: this one, or a new one."""
        for _ in range(2):
            if not warm():
                return False
            try:
                _worker.holds = None if _worker.load(self._data) else self
            except Ended as ended:
                self._ended = ended.failed
            if self._loaded:
                return True
            _end()
        return False

    def calls(self, list_of_args, seconds=SECONDS):
        """Call it with each of these arguments; after one that ended the process no other is made."""
        report = Report([])
        if not self._loaded and not self.loads():
            return report._replace(outcomes=[self._ended or Failed("Ended", "it cannot be started again.")])
        try:
            for kind, *came in _worker.calls([tuple(args) for args in list_of_args], seconds):
                if kind == "done":
                    return report._replace(warned=came[0], computed=came[1])
                report.outcomes.append(self._told(came[0]))
                report = report._replace(printed=came[1])
        except Ended as ended:
            _end()
            warm()
            report.outcomes.append(self._placed(ended))
        return report

    def changes(self):
        """What it has changed in its process, in words; nothing if it has ended it."""
        if not self._loaded:
            return ()
        try:
            return _worker.changes()
        except Ended:
            _end()
            return ()

    def close(self):
        """Leave a worker that is as before, or start another."""
        if _worker is not None and self.changes():
            _end()
        warm()

    def _told(self, outcome):
        return with_source(outcome, self._file) if isinstance(outcome, Failed) else outcome

    def _placed(self, ended):
        """The failure at the innermost line of the function's own file."""
        line = next((n for file, n in ended.trace if file == self._file), None)
        return with_source(ended.failed._replace(line=line), self._file)
