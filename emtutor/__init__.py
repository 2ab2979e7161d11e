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
    "online",
    "picture",
    "play",
    "predict",
    "progress",
    "scenes",
    "solution",
]

_HOME = {
    "bounds": "emtutor.maths.bounds",
    "check": "emtutor.tutor:check",
    "derivation": "emtutor.derivations.engine",
    "em": "emtutor.maths.em",
    "examples": "emtutor.maths.examples",
    "film": "emtutor.films.film",
    "gaussian": "emtutor.maths.gaussian",
    "hint": "emtutor.tutor:hint",
    "kmeans": "emtutor.maths.kmeans",
    "old_faithful": "emtutor.data:old_faithful",
    "online": "emtutor.maths.online",
    "picture": "emtutor.figures:picture",
    "play": "emtutor.films.player:play",
    "predict": "emtutor.tutor.predictions:predict",
    "progress": "emtutor.tutor:progress",
    "scenes": "emtutor.films.scenes",
    "solution": "emtutor.tutor:solution",
}  # where each name lives, if not in emtutor itself; loaded at first use


def __getattr__(name):
    if name == "__version__":
        return import_module("importlib.metadata").version("emtutor")
    if name not in __all__:
        raise AttributeError(f"module 'emtutor' has no attribute {name!r}")
    module, _, function = _HOME.get(name, f"emtutor.{name}").partition(":")
    value = getattr(import_module(module), function) if function else import_module(module)
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
