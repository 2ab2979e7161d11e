"""Confusions of the notebook: its own n or x read in an argument's place, and np, sum or range given another value.

The learner's function is run again with such a name put right; what it then gives decides.
"""

import builtins
import types

import numpy as np

from emtutor.causes.findings import PROPERTY, Finding

MODULES = {"np": np, "numpy": np}
READS = "{It} {is} what comes out when {g} is the notebook's own, not {what}"
OTHER = "In the notebook {g} is {kind} now, and no longer {was}"


def names_of(code):
    """The global names that a code object and the functions inside it may read."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= names_of(constant)
    return found


def overwritten(function):
    """[(name, its value, what it should be)] of built-in names and np that the notebook has given another value."""
    found = []
    for name, value in _globals(function):
        right = MODULES.get(name, getattr(builtins, name, None))
        if right is not None and value is not right and not (callable(value) or isinstance(value, types.ModuleType)):
            found.append((name, value, right))
    return found


def data(function):
    """[(name, value)] of the data of the notebook that a function reads: numbers and arrays."""
    known = {*MODULES, *dir(builtins)}
    plain = (int, float, np.ndarray, np.number, list, tuple)
    return [(name, v) for name, v in _globals(function) if name not in known and isinstance(v, plain)]


def _globals(function):
    code, around = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    return [(name, around[name]) for name in sorted(names_of(code)) if name in around] if code else []


def rebuilt(function, name, value):
    """The function with another value of one global name."""
    around = function.__globals__ | {name: value}
    new = types.FunctionType(function.__code__, around, function.__name__, function.__defaults__, function.__closure__)
    new.__kwdefaults__ = function.__kwdefaults__
    return new


def findings(function, run, study, name, agrees):
    """What is true of a function that reads the notebook, best first.

    run: function -> the same, called as the answer is called. agrees: (a, t) -> bool.
    """
    for g, value, _ in overwritten(function):
        was = "NumPy" if g in MODULES else f"Python's own {g}"
        objects = {"g": g, "kind": _kind(value), "was": was}
        yield Finding(OTHER, "overwritten", g, objects, name=name)
    for g, _ in data(function):
        told = _in_place_of(function, run, study, g, agrees)
        if told:
            yield Finding(READS, "global", g, {"g": g, "what": told}, name=name)
        elif g in study.worlds[0].values or g in study.worlds[0].sizes:
            relation = "{It} {is} made with the notebook's own {g}, which is no argument"
            yield Finding(relation, "global", g, {"g": g}, exactness=PROPERTY, name=name)


def _in_place_of(function, run, study, g, agrees):
    """What the name should have been, in words: with it there the answer is right; "" if nothing makes it so."""
    sizes, values = study.worlds[0].sizes, study.worlds[0].values
    for what in dict.fromkeys([*(u for u in (g,) if u in sizes or u in values), *sizes, *values]):
        get = (lambda w, u=what: w.sizes[u]) if what in sizes else (lambda w, u=what: w.values[u])
        if all(
            _right(function, run, g, get(w), w, t, agrees) for w, (_, t) in zip(study.worlds, study.given, strict=True)
        ):
            return f"the {what} of the arguments" if what in sizes and what not in values else f"the argument {what}"
    return ""


def _right(function, run, g, value, w, t, agrees):
    try:
        with np.errstate(all="ignore"):
            return t is None or agrees(run(rebuilt(function, g, value))(*w.problem().args.values()), t)
    except Exception:
        return False


def _kind(value):
    if value is None or isinstance(value, (bool, int, float)):
        return str(value)[:20]
    return {list: "a list", tuple: "a tuple", str: "a text", dict: "a dict", np.ndarray: "an array"}.get(
        type(value), f"a {type(value).__name__}"
    )
