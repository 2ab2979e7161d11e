"""emtutor: the EM lecture that you can run, step through, and be corrected by."""

from importlib import import_module

__all__ = [
    "bounds",
    "check",
    "data",
    "derivation",
    "derivations",
    "em",
    "exam",
    "examples",
    "figures",
    "film",
    "gaussian",
    "hint",
    "kmeans",
    "old_faithful",
    "picture",
    "play",
    "predict",
    "progress",
    "scenes",
    "solution",
]

_HOME = {
    "check": "emtutor.tutor",
    "hint": "emtutor.tutor",
    "old_faithful": "emtutor.data",
    "picture": "emtutor.figures",
    "play": "emtutor.player",
    "predict": "emtutor.prediction",
    "progress": "emtutor.tutor",
    "solution": "emtutor.tutor",
}  # what else a notebook uses, loaded at first use


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module 'emtutor' has no attribute {name!r}")
    module = import_module(_HOME.get(name, f"emtutor.{name}"))
    value = getattr(module, name) if name in _HOME else module
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
