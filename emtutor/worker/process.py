"""The kernel's side of a worker: start it, ask it, end it, and say in words how it ended."""

import contextlib
import io
import os
import pickle
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

import numpy as np

from emtutor.worker import serve
from emtutor.worker.outcomes import Failed, Returned
from emtutor.worker.plain import Other

IDLE = 6.0  # seconds in which a busy worker neither computes nor answers: it waits for something that never comes
WALL = 120.0  # seconds for one batch, whatever the machine does besides; shorter where nobody can say who computes
WALL_UNKNOWN = 20.0
START = 60.0  # seconds to start in
QUIET = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
MARK = "EMTUTOR_WORKER"  # set in the environment of a worker: what runs there starts no other


class Ended(Exception):
    """The worker is no more; `failed` says why, for the learner. trace: (file, line) pairs, the innermost first."""

    def __init__(self, failed, trace):
        super().__init__(failed.text)
        self.failed, self.trace = failed, trace


class Worker:
    """One process that serves. Raises OSError where none can be started."""

    def __init__(self):
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        code = f"import sys; sys.path[:] = {sys.path!r}; from emtutor.worker import serve; serve.main()"
        group = {"start_new_session": True} if os.name == "posix" else {"creationflags": 0x200}
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=os.environ | QUIET | {MARK: "1"},
            **group,
        )
        self.owner = os.getpid()
        self.holds = None  # whoever has loaded a function last
        self._answers = queue.SimpleQueue()
        self._ready = False
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        out = self._process.stdout.fileno()
        with contextlib.suppress(OSError, ValueError, EOFError, pickle.UnpicklingError, MemoryError):
            while (message := serve.receive(out, _plain_loads)) is not None:
                self._answers.put(message)
        self._answers.put(None)

    @property
    def alive(self):
        return self.owner == os.getpid() and self._process.poll() is None

    def load(self, data):
        """Load a pickled function; returns why it cannot be loaded, or ""."""
        self._tell(("load", data))
        return self._answer(time.monotonic() + WALL)[1]

    def calls(self, batch, seconds):
        """Yield ("outcome", outcome, what the first call printed) for each call, then ("done", warnings, seconds that
        they took to compute). Raises Ended.

        batch: the arguments of each call. seconds: of computing, for all of them.
        """
        self._tell(("calls", seconds, batch))
        until = time.monotonic() + (WALL if _computed(self._process.pid) is not None else WALL_UNKNOWN)
        while True:
            message = self._answer(until, seconds)
            yield message
            if message[0] == "done":
                return

    def changes(self):
        """What functions have changed in the process, in words."""
        self._tell(("changes",))
        return self._answer(time.monotonic() + WALL)[1]

    def end(self):
        """End the process and all that it has started, at once."""
        if self.owner != os.getpid():
            return  # a fork of the kernel: the process is not its own
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()

    def disown(self):
        """In a fork of the kernel: let go of the pipes, so that the process sees its own kernel end."""
        for pipe in (self._process.stdin, self._process.stdout):
            os.close(pipe.fileno())

    # -- asking

    def _tell(self, message):
        if not self._ready:
            self._ready = self._answer(time.monotonic() + START)[0] == "ready"
        try:
            serve.write(self._process.stdin.fileno(), serve.pack(message))
        except (OSError, ValueError):
            raise self._ended(None) from None

    def _answer(self, until, seconds=None):
        """The next message; raises Ended. until: the time by the wall clock."""
        before, moved = _computed(self._process.pid), time.monotonic()
        while True:
            try:
                message = self._answers.get(timeout=0.2)
            except queue.Empty:
                now = time.monotonic()
                computed = _computed(self._process.pid)
                if computed != before or computed is None:
                    before, moved = computed, now
                if now > until or now - moved > IDLE:
                    raise self._stopped(now - moved > IDLE) from None
                continue
            if message is None:
                raise self._ended(seconds)
            return message

    def _stopped(self, idle):
        """End a process that does not end by itself."""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired, AttributeError):
            os.kill(self._process.pid, signal.SIGPROF)  # it says where it was
            self._process.wait(1)
        self.end()
        why = f"waiting without computing anything for {IDLE:g} s" if idle else f"still running after {WALL:g} s"
        return Ended(Failed("TimeoutError", why), self._trace())

    def _ended(self, seconds):
        """How the process ended by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        code = self._process.poll()
        self.end()
        if code is not None and hasattr(signal, "SIGPROF") and code == -signal.SIGPROF:
            return Ended(Failed("TimeoutError", f"still running after {seconds or 0:g} s"), self._trace())
        return Ended(Failed("Ended", _ending(code)), self._trace())

    def _trace(self):
        """(file, line) pairs of the traceback that it has left behind."""
        self._log.seek(0)
        text = self._log.read().decode(errors="replace")
        return [(file, int(line)) for file, line in re.findall(r'File "(.*)", line (\d+)', text)]


def _computed(pid):
    """Seconds that a process has computed, or None where nobody says."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return None


def _ending(code):
    """A return code in words."""
    if code is None or code == serve.CUT_OFF:
        return "it closed the files of its own process."
    if code >= 0:
        return "it ended Python (by `os._exit` or the like)." if code < 2**30 else "it crashed Python itself."
    crashes = {"SIGSEGV": "segmentation fault", "SIGBUS": "bus error", "SIGABRT": "aborted", "SIGFPE": "arithmetic",
               "SIGILL": "illegal instruction"}  # fmt: skip
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(code)
    if name in crashes:
        return f"it crashed Python itself ({crashes[name]}): does it call itself without end, or go past an array in C?"
    return f"its process was ended by the signal {name}: does it take more memory than there is?"


class _Plain(pickle.Unpickler):
    """Reads what a worker sends, and nothing that could run."""

    def find_class(self, module, name):
        if (module, name) in _KNOWN:
            return _KNOWN[module, name]
        if module.startswith(("numpy.core.", "numpy._core.")) and name in ("_reconstruct", "_frombuffer", "scalar"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")


_SENT = (Returned, Failed, Other, np.ndarray, np.dtype)
_KNOWN: dict[tuple[str, str], Any] = {(c.__module__, c.__name__): c for c in _SENT} | {("builtins", "Ellipsis"): ...}


def _plain_loads(data):
    return _Plain(io.BytesIO(data)).load()
