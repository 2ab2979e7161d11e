"""What a function changes in its process beyond its own variables: compared, never put back."""

import gc
import os
import random
import signal
import sys
import threading

import numpy as np

_MODULES = ("builtins", "math", "os", "sys", "time", "signal", "threading", "random", "pickle", "numpy", "numpy.linalg",
            "numpy.random", "scipy.special", "scipy.linalg", "scipy.stats", "scipy.optimize", "emtutor.worker.outcomes",
            "emtutor.worker.plain", "emtutor.worker.serve", "emtutor.worker.tape")  # fmt: skip
_MOVING = ("_", "stdin", "stdout", "stderr", "last_type", "last_value", "last_traceback", "last_exc")


def snapshot():
    """{what, in words: its state} of this process."""
    return {
        "np.seterr": np.geterr(),
        "np.set_printoptions": repr(np.get_printoptions()),
        "the global random numbers": _random(),
        "the environment": dict(os.environ),
        "the working folder": _folder(),
        "the recursion limit": sys.getrecursionlimit(),
        "sys.path": (list(sys.path), list(sys.meta_path), list(sys.path_hooks)),
        "how signals are handled": [signal.getsignal(s) for s in signal.valid_signals()],
        "Python's tracing": (sys.gettrace(), sys.getprofile()),
        "Python's garbage collector": gc.isenabled(),
        "the threads that run": threading.active_count(),
        "": _names(),
    }


def changes(before):
    """What differs from `before` now, in words: ("np.seterr", "numpy.abs", ...)."""
    now = snapshot()
    found = [what for what, value in before.items() if what and value != now[what]]
    for module, names in before[""].items():
        held = now[""].get(module, {})
        found += [f"{module}.{n}".removeprefix("builtins.") for n, i in names.items() if held.get(n) != i]
    return tuple(found)


def _names():
    """{module: {name: identity}}; attributes that Python itself moves are left out."""
    return {
        m: {n: id(v) for n, v in vars(sys.modules[m]).items() if not n.startswith("__") and n not in _MOVING}
        for m in _MODULES
        if m in sys.modules
    } | {"sys.modules": {m: id(sys.modules[m]) for m in _MODULES if m in sys.modules}}


def _random():
    state = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    return (state["key"].tobytes(), state["pos"], random.getstate())


def _folder():
    try:
        return os.getcwd()
    except OSError:
        return None
