"""What a function changes in its process beyond its own variables: compared, never put back."""

import gc
import os
import random
import signal
import sys
import threading
from types import ModuleType

import numpy as np

# Names that Python itself moves.
_MOVING = ("stdin", "stdout", "stderr", "last_type", "last_value", "last_traceback", "last_exc", "path_importer_cache")


def snapshot():
    """The state of this process, for `changes`."""
    return _settings(), _modules()


def _settings():
    """{what, in words: its state}."""
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
    }


def changes(before):
    """What differs from `before` now, in words: ("np.seterr", "numpy.abs", ...)."""
    now = _settings()
    return tuple([what for what, value in before[0].items() if value != now[what]] + list(_replaced(before[1])))


def _modules():
    """{module: (its dictionary, a copy of it as it is now)}, and under "" the modules themselves."""
    modules = {name: module for name, module in sys.modules.items() if isinstance(module, ModuleType)}
    held = {name: (vars(module), dict(vars(module))) for name, module in modules.items() if name != "__main__"}
    return held | {"": (sys.modules, modules)}


def _replaced(modules):
    """Public names of modules that hold something else than before."""
    for module, (now, before) in modules.items():
        if len(now) == len(before) and _alike(now, before):
            continue
        for name, value in before.items():
            if now.get(name) is not value and not name.startswith("_") and name not in _MOVING:
                yield f"{module}.{name}".removeprefix("builtins.").removeprefix(".")


def _alike(a, b):
    try:
        return a == b  # identity first, name by name: fast where nothing has changed
    except Exception:  # objects that refuse to be compared
        return False


def _random():
    state = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    return (state["key"].tobytes(), state["pos"], random.getstate())


def _folder():
    try:
        return os.getcwd()
    except OSError:
        return None
