"""Where the lessons' exercises and predictions are found: by being there."""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

PACKAGE = "emtutor.lessons"  # a name and no import: lessons are written with the tutor, the tutor without them


def modules(kind):
    """The modules `emtutor.lessons.lNN.<kind>` in the lessons' order; kind: "exercises" or "predictions"."""
    lessons = sorted(m.name for m in iter_modules(import_module(PACKAGE).__path__) if m.ispkg)
    names = (f"{PACKAGE}.{lesson}.{kind}" for lesson in lessons)
    return [import_module(name) for name in names if find_spec(name)]
