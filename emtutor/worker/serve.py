"""The worker's side: a loop that loads a function, calls it, and says what came of each call.

Started by `process.Worker`. Messages are pickles behind their length. Its own pipes are moved away from 0, 1 and 2, so
that what a function prints or reads, in C too, goes nowhere. Nothing that a function changes here is put back:
`changes` says what it was, and the kernel starts another worker.
"""

import faulthandler
import io
import os
import pickle
import signal
import struct
import sys
import threading
import time
import warnings

import cloudpickle

from emtutor.worker import state
from emtutor.worker.outcomes import outcome
from emtutor.worker.tape import Tape

MEMORY = 2 * 1024**3  # bytes that functions may take beside what Python and NumPy have
DEEPEST = 20_000  # calls within calls
CUT_OFF = 97  # its return code where its pipes are closed behind its back
PATIENCE = 600.0  # seconds after which a worker ends by itself whatever holds it


def main():
    """Serve until the other end of the pipe is closed."""
    inbox, outbox, log = os.dup(0), os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(""), Tape(), Tape()
    faulthandler.enable(log)
    if hasattr(signal, "SIGPROF"):  # when the time is up: where it was, by a handler in C, and then the end
        faulthandler.register(signal.SIGPROF, log, chain=True)
    _limit_memory()
    busy = _end_with(os.getppid())
    function = None
    untouched = state.snapshot()
    try:
        _send(outbox, ("ready",))
        while (message := receive(inbox)) is not None:
            busy.set()
            faulthandler.dump_traceback_later(PATIENCE, exit=True, file=log)
            kind, *rest = message
            if kind == "load":
                function = None  # first of all let go of the last one, and of what it holds
                function, trouble = _loaded(*rest)
                _send(outbox, ("loaded", trouble))
            elif kind == "calls":
                _calls(function, *rest, outbox)
            elif kind == "changes":
                _send(outbox, ("changes", state.changes(untouched)))
            faulthandler.cancel_dump_traceback_later()
            busy.clear()
    except OSError:
        os._exit(CUT_OFF)


def _loaded(data):
    """(the function, "") or (None, why it could not be loaded)."""
    try:
        function = cloudpickle.loads(data)
        _import_ahead(function)
        return function, ""
    except BaseException as error:
        return None, f"{type(error).__name__}"


def _import_ahead(function):
    """What the function itself imports, before its clock starts: the first import of scipy.stats takes a second."""
    todo = [getattr(function, "__code__", None)]
    while todo:
        code = todo.pop()
        if code is None:
            continue
        todo += [c for c in code.co_consts if type(c) is type(code)]
        for name in code.co_names:
            if name in ("scipy", "pandas") or name.startswith("scipy."):
                try:
                    __import__(name)
                except ImportError:
                    continue


def _calls(function, seconds, batch, outbox):
    tape = sys.stdout = sys.stderr = Tape()
    begun = time.process_time()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _set_timer(seconds)
        printed = None
        for args in batch:
            came = outcome(function, args)
            printed = tape.text() if printed is None else printed
            try:
                _send(outbox, ("outcome", came, printed))
            except MemoryError:
                os._exit(1)
        _set_timer(0)
    texts = [str(w.message)[:120] for w in caught if issubclass(w.category, RuntimeWarning)]
    _send(outbox, ("done", tuple(dict.fromkeys(texts))[:5], time.process_time() - begun))


# Kept: a function may replace them in their modules.
_timer = getattr(signal, "setitimer", None)
_PROFILING = getattr(signal, "ITIMER_PROF", None)


def _set_timer(seconds):
    """End this process (SIGPROF) after so many seconds of computing, where the system can."""
    if _timer is not None:
        _timer(_PROFILING, seconds)


def _limit_memory():
    """At most `MEMORY` more than now, and no core file, where the system can (Linux)."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with open("/proc/self/statm") as f:
            used = int(f.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    except (ImportError, OSError, ValueError):
        pass
    # Without a limit a function that calls itself takes all memory first.
    deepest = sys.setrecursionlimit
    sys.setrecursionlimit = lambda limit: deepest(min(limit, DEEPEST))


def _end_with(parent):
    """An event, set while this process is busy: a thread then sees to it that it does not outlive its kernel.

    (An idle one sees the end of the pipe.)
    """
    busy = threading.Event()

    def watch():
        while True:
            busy.wait()
            if os.getppid() != parent:
                os._exit(0)
            time.sleep(0.5)

    threading.Thread(target=watch, daemon=True).start()
    return busy


# ---- messages: also the kernel's


def pack(message):
    """The bytes of a message."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return struct.pack(">Q", len(data)) + data


def receive(fd, loads=pickle.loads):
    """The next message, or None at the end of the pipe."""
    head = _read(fd, 8)
    data = None if head is None else _read(fd, struct.unpack(">Q", head)[0])
    return None if data is None else loads(data)


def _read(fd, count):
    parts = []
    while count:
        part = os.read(fd, min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def write(fd, data):
    """All the bytes."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _send(fd, message):
    write(fd, pack(message))
