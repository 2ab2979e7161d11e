"""Where exercises and predictions are found: in the lessons by being there, in other packages by an entry point."""

import warnings
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pkgutil import iter_modules

GROUP = "emtutor.lessons"  # entry points of other packages: modules with EXERCISES or PREDICTIONS
PACKAGE = "emtutor.lessons"  # a name and no import: lessons are written with the tutor, the tutor without them


def modules(kind):
    """The modules `emtutor.lessons.lNN.<kind>` in the lessons' order; kind: "exercises" or "predictions"."""
    lessons = sorted(m.name for m in iter_modules(import_module(PACKAGE).__path__) if m.ispkg)
    names = (f"{PACKAGE}.{lesson}.{kind}" for lesson in lessons)
    return [import_module(name) for name in names if find_spec(name)]


def of_others(table):
    """(module's name, its table) of other packages' modules that have one; table: "EXERCISES" or "PREDICTIONS"."""
    for entry in entry_points(group=GROUP):
        try:
            module = entry.load()
            if not hasattr(module, "EXERCISES") and not hasattr(module, "PREDICTIONS"):
                raise AttributeError("it has neither EXERCISES nor PREDICTIONS")
        except Exception as error:  # somebody else's package must not end this course
            unusable(entry.value, error)
            continue
        if hasattr(module, table):
            yield entry.value, getattr(module, table)


def unusable(module, error):
    """Warn that a module of another package cannot be used."""
    warnings.warn(f"the lessons of {module} cannot be used: {error}", stacklevel=3)
