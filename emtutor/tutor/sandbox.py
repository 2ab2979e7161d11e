"""Runs an answer so that it cannot hurt: not the kernel, not numpy, not the tutor, not itself.

What is kept from the answer: time (`limits`) and memory without end, the screen (what it prints is kept, shortened),
the ways to end the process, the references (they are computed after it, so no frame below it holds one). What it
changes and should not (numpy, the global random state, error settings, figures) is put back, and said.

Not kept from it: whatever a determined programmer can do with `gc` or `ctypes`. This is a tutor, not an examiner.
"""

import builtins
import gc
import inspect
import io
import linecache
import os
import random
import signal
import sys
import warnings
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from emtutor.tutor import values
from emtutor.tutor.exercise import exercises
from emtutor.worker.clock import TimeUp, time_limit

_SUBCLASS = issubclass  # kept: an answer may have replaced the one in builtins when its error is read
SECONDS = 3.0  # for one answer on all its problems; most need a few milliseconds, a slow loop on a busy machine more
MEMORY = 2 * 1024**3  # bytes that it may take besides
DEEPEST = 20_000  # calls within calls
PRINTED = 1000  # characters kept of what it prints


class Failure(NamedTuple):
    """An exception, in words."""

    kind: str  # "ValueError", "TimeoutError"
    text: str
    line: int | None = None  # in the learner's own code
    source: str = ""


class Run(NamedTuple):
    """One call on one problem."""

    problem: Any
    outputs: list | None  # of values.Value, or None
    odd: str = ""  # why there is no output though it returned
    failure: Failure | None = None


class Trial(NamedTuple):
    """All calls of one answer."""

    runs: list[Run]
    steady: bool  # called again with the first problem it gave the same
    printed: str
    notes: list[str]  # what it did besides, in sentences
    cut: bool  # stopped before it had run on all problems
    warned: list[str]  # NumPy's warnings


def trial(answer, problems, out):
    """Call the answer on every problem, each with fresh copies, and once more on the first."""
    runs: list[Run] = []
    wrote: dict[str, None] = {}
    steady, printed = True, ""
    with quarantine() as ward:
        try:
            with time_limit(SECONDS):
                for problem in [*problems, problems[0]]:
                    run = _call(answer, problem, out, wrote)
                    printed = printed or (ward.tape.text() if not runs else "")
                    if len(runs) == len(problems):
                        steady = _same(run, runs[0])
                    else:
                        runs.append(run)
        except TimeoutError as error:
            if len(runs) < len(problems):
                runs.append(Run(problems[len(runs)], None, failure=failure_of(error, answer)))
    notes = [_wrote(list(wrote)), *ward.notes] if wrote else ward.notes
    cut = len(runs) < len(problems)
    return Trial(runs, steady, printed or ward.tape.text() * cut, notes, cut, list(dict.fromkeys(ward.warned)))


def _call(answer, problem, out, wrote):
    args = [deepcopy(v) for v in problem.args.values()]
    before = [deepcopy(v) for v in args]
    try:
        outputs = values.read(answer(*args), out)
    except values.Odd as odd:
        return Run(problem, None, odd=str(odd))
    except (KeyboardInterrupt, TimeUp):
        raise
    except BaseException as error:
        return Run(problem, None, failure=failure_of(error, answer))
    for name, a, b in zip(problem.args, args, before, strict=True):
        if not _unchanged(a, b):
            wrote[name] = None
    return Run(problem, outputs)


def guarded(answer, out):
    """The answer as a function that gives plain values or raises: for use inside `quarantine`, by the probes."""

    def call(*args):
        outputs = values.read(answer(*deepcopy(args)), out)
        result = tuple(v.a for v in outputs)
        return result if len(out) > 1 else result[0]

    return call


def _same(run, first):
    """The second call on the same problem gave the same; a failure now or then is another matter."""
    if run.outputs is None or first.outputs is None:
        return (run.outputs is None) == (first.outputs is None)
    return values.close(run.outputs, first.outputs)


def _unchanged(a, b):
    if isinstance(a, np.ndarray):
        with np.errstate(all="ignore"):
            return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(_unchanged(u, v) for u, v in zip(a, b, strict=True))
    return True


def _wrote(names):
    which = " and ".join(names)
    return (
        f"Your function writes into its argument{'s' * (len(names) > 1)} {which}, so the caller's own data change. "
        "Here it got copies; elsewhere it spoils them. Work on a copy, made with `.copy()`."
    )


# ---- failures, in the learner's own frame


def failure_of(error, answer):
    """The exception with the line of the learner's code that it passed last."""
    kind = type(error).__name__
    try:
        text = str(error)
    except BaseException:
        text = "(its text could not be read)"
    if _SUBCLASS(type(error), SystemExit):
        text = "it tried to exit"
    if _SUBCLASS(type(error), KeyError):
        text = f"no such key: {text}"
    text = " ".join(text.split())
    place = None
    try:
        file = inspect.unwrap(answer).__code__.co_filename
    except Exception:
        file = None
    tb = error.__traceback__
    while tb is not None:
        if file is not None and tb.tb_frame.f_code.co_filename == file:
            place = (tb.tb_frame.f_code, tb.tb_lineno)
        tb = tb.tb_next
    return Failure(kind, text if len(text) <= 240 else text[:240] + " ...", *_line_of(answer, place))


def _line_of(answer, place):
    if place is None:
        return None, ""
    code, line = place
    return line, linecache.getline(code.co_filename, line).strip()[:120]


# ---- the ward


class Ward:
    """What was noticed while an answer ran."""

    def __init__(self):
        self.notes: list[str] = []
        self.warned: list[str] = []
        self.tape = _Tape()


class Refused(RuntimeError):
    """An answer called something that would end or hang the kernel."""


@contextmanager
def quarantine():
    """Keep the process as it is while foreign code runs in the body; yields a `Ward` with what was noticed."""
    ward = Ward()
    undo = [f() for f in (_modules, _records, _random_state, _numpy_settings, _figures, _interpreter, _memory)]
    streams = sys.stdout, sys.stderr, sys.stdin
    sys.stdout = sys.stderr = ward.tape
    sys.stdin = io.StringIO("")
    doors = _shut()
    try:
        with warnings.catch_warnings(record=True) as caught, _no_display():
            warnings.simplefilter("always")
            yield ward
    finally:
        _open(doors)
        sys.stdout, sys.stderr, sys.stdin = streams
        for f in undo:
            ward.notes += f()
        ward.warned += [str(w.message)[:120] for w in caught if issubclass(w.category, RuntimeWarning)]


class _Tape(io.TextIOBase):
    """Takes what is printed and keeps the beginning."""

    def __init__(self):
        self.kept, self.size = [], 0

    def write(self, s):
        if self.size < PRINTED:
            self.kept.append(str(s)[: PRINTED - self.size])
        self.size += len(s)
        return len(s)

    def writable(self):
        return True

    def text(self):
        text = "".join(self.kept).rstrip()
        more = self.size - PRINTED
        return text + (f" ... and {more} more characters" if more > 0 else "")


_GUARDED = ("builtins", "math", "inspect", "numpy", "numpy.linalg", "numpy.random", "scipy.special", "scipy.linalg",
            "scipy.stats", "scipy.optimize")  # fmt: skip


def _modules():
    """Names in numpy, builtins, the tutor, ... that the answer replaced are put back."""
    names = [n for n in sys.modules if n in _GUARDED or n == "emtutor" or n.startswith("emtutor.")]
    modules = {n: sys.modules[n] for n in names}
    loaded = {n: m for n, m in sys.modules.items() if n.partition(".")[0] in ("numpy", "scipy", "emtutor")}
    saved = [(n, m, dict(vars(m))) for n, m in modules.items()]
    for n, m in modules.items():
        if n.startswith("emtutor"):
            own = [c for c in vars(m).values() if inspect.isclass(c) and c.__module__ == n]
            saved += [(f"{n}.{c.__name__}", c, dict(vars(c))) for c in own]
    codes = [
        (f, f.__code__, f.__defaults__)
        for n, _, old in saved
        if n.startswith("emtutor")
        for f in old.values()
        if inspect.isfunction(f)
    ]

    def restore():
        patched = [name for name, module in loaded.items() if sys.modules.get(name) is not module]
        sys.modules.update(loaded)
        for name, place, old in saved:
            now = vars(place)
            for key, value in old.items():
                if now.get(key) is not value and not (key == "_" or key.startswith("__")):
                    setattr(place, key, value)
                    patched.append(f"{name}.{key}")
        for f, code, defaults in codes:
            if f.__code__ is not code or f.__defaults__ is not defaults:
                f.__code__, f.__defaults__ = code, defaults
                patched.append(f"{f.__module__}.{f.__name__}")
        if not patched:
            return []
        return [f"Your function replaced {', '.join(patched[:3])} for the whole notebook; that was put back."]

    return restore


def _records():
    """The exercises themselves."""
    table = exercises()
    saved = {name: (record, dict(vars(record))) for name, record in table.items()}

    def restore():
        changed = table.keys() != saved.keys() or any(
            table.get(name) is not record or vars(record) != fields for name, (record, fields) in saved.items()
        )
        if not changed:
            return []
        table.clear()
        for name, (record, fields) in saved.items():
            vars(record).clear()
            vars(record).update(fields)
            table[name] = record
        return ["Your function replaced parts of the exercises themselves; that was put back."]

    return restore


def _random_state():
    legacy, own = np.random.get_state(legacy=False), random.getstate()  # noqa: NPY002

    def restore():
        now = np.random.get_state(legacy=False)  # noqa: NPY002
        same = (
            now["bit_generator"] == legacy["bit_generator"]
            and now["state"]["pos"] == legacy["state"]["pos"]
            and np.array_equal(now["state"]["key"], legacy["state"]["key"])
        )
        changed = not same or random.getstate() != own
        np.random.set_state(legacy)  # noqa: NPY002
        random.setstate(own)
        return ["Your function draws from, or seeds, the global random numbers; they were put back."] if changed else []

    return restore


def _numpy_settings():
    errors, printing = np.geterr(), np.get_printoptions()

    def restore():
        changed = np.geterr() != errors
        np.seterr(**errors)
        if np.get_printoptions() != printing:
            np.set_printoptions(**printing)
        if not changed:
            return []
        return [
            "Your function changed np.seterr for the whole notebook; that was put back. Use `with np.errstate(...)`."
        ]

    return restore


def _figures():
    def numbers():
        plt = sys.modules.get("matplotlib.pyplot")
        return set(plt.get_fignums()) if plt else set()

    before = numbers()

    def restore():
        new = numbers() - before
        for number in new:
            sys.modules["matplotlib.pyplot"].close(number)
        return [f"It drew {len(new)} figure{'s' * (len(new) > 1)}, which were closed."] if new else []

    return restore


def _interpreter():
    limit, folder, trace, profile = sys.getrecursionlimit(), os.getcwd(), sys.gettrace(), sys.getprofile()
    collecting, environment = gc.isenabled(), dict(os.environ)

    def restore():
        sys.setrecursionlimit(limit)
        if sys.gettrace() is not trace:
            sys.settrace(trace)
        if sys.getprofile() is not profile:
            sys.setprofile(profile)
        if collecting and not gc.isenabled():
            gc.enable()
        if os.getcwd() != folder:
            os.chdir(folder)
        changed = {name: value for name, value in environment.items() if os.environ.get(name) != value}
        os.environ.update(changed)
        return [f"Your function changed {', '.join(changed)} for the whole notebook; put back."] if changed else []

    return restore


def _memory():
    """At most `MEMORY` more than now, where the system can say how much that is (Linux)."""
    try:
        import resource

        with open("/proc/self/statm") as f:
            used = int(f.read().split()[0]) * resource.getpagesize()
        old = resource.getrlimit(resource.RLIMIT_AS)
        limit = used + MEMORY
        if all(bound == resource.RLIM_INFINITY or limit < bound for bound in old):
            resource.setrlimit(resource.RLIMIT_AS, (limit, old[1]))
    except (ImportError, OSError, ValueError):
        return lambda: []

    def restore():
        resource.setrlimit(resource.RLIMIT_AS, old)
        return []

    return restore


_DOORS = [
    (os, "_exit abort kill killpg fork forkpty execv execve execvp execl posix_spawn system"),
    (signal, "signal setitimer alarm raise_signal pthread_kill pause"),
    (builtins, "input breakpoint"),
]


def _shut():
    """Functions that would end, fork or hang the kernel, or stop its clock, refuse while an answer runs."""
    shut = []
    for module, names in _DOORS:
        for name in names.split():
            if hasattr(module, name):
                shut.append((module, name, getattr(module, name)))
                setattr(module, name, _refusing(f"{module.__name__}.{name}".removeprefix("builtins.")))
    # Without a limit a function that calls itself takes all memory, and the clock cannot stop it.
    deepest = sys.setrecursionlimit
    shut.append((sys, "setrecursionlimit", deepest))
    sys.setrecursionlimit = lambda limit: deepest(min(limit, DEEPEST))
    shell = _shell()
    if shell is not None:
        shut.append((shell, "ask_exit", shell.ask_exit))
        shell.ask_exit = _refusing("exit")
    return shut


def _refusing(name):
    def refuse(*args, **kwargs):
        raise Refused(f"{name} cannot be called while an answer is checked")

    return refuse


def _open(shut):
    for module, name, function in shut:
        setattr(module, name, function)


def _shell():
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None


@contextmanager
def _no_display():
    """What the answer displays goes nowhere."""
    if _shell() is None:
        yield
        return
    from IPython.utils.capture import capture_output

    with capture_output(stdout=False, stderr=False, display=True):
        yield
