"""A chain's problem from a person's own data: what is not given is drawn, or fitted, to match."""

import numpy as np

from emtutor import causes, problems
from emtutor.derivations.engine.maximum import refuse_infeasible
from emtutor.maths import arguments as checks
from emtutor.maths import formulas, gaussian
from emtutor.maths.theta import check_with

_AXES = {"n": "points", "k": "components", "d": "dimensions"}
_USUAL = {"n": 7, "k": 3, "d": 2}


def arguments(chain, rng, own):
    """{name: value}: the arguments of a problem made from a person's own data.

    Raises ValueError for a name that the chain does not have or that must be given, for values that are not valid of
    their kind, and for sizes that do not agree.
    """
    names, own = chain.arguments, dict(own)
    unknown = [name for name in own if name not in (*names, "x", "theta")]
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: this chain has no such argument; it has {', '.join(names)}")
    if "theta" in own and "theta" not in names:
        own = dict(zip(gaussian.Theta._fields, gaussian.check(own.pop("theta")), strict=True)) | own
    own = {name: _valid(name, value) for name, value in own.items()}
    world = _world(rng, own, _sizes(own)) | own
    made = {name: f(world) if callable(f) else f for name, f in getattr(chain.problems, "given", {}).items()}
    world |= {name: value for name, value in made.items() if name not in own}
    missing = [name for name in names if name not in world]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing: pass them by name, run({missing[0]}=...)")
    return {name: world[name] for name in names}


def _valid(name, value):
    """The value as an array of its kind. Raises ValueError with its name for what is none."""
    if name == "x":
        return checks.points(value)
    quantity = causes.quantity(name, value)
    if quantity.kind in ("opaque", "tuple", "size"):
        return value
    a = checks.array(name, value, finite=quantity.kind not in ("log", "logsimplex"))
    if name not in gaussian.Theta._fields:  # those are checked together, in `_world`
        refuse_infeasible({name: a})
    if quantity.kind == "onehot" and not (np.isin(a, (0, 1)).all() and (a.sum(-1) == 1).all()):
        raise ValueError(f"{name} must have one 1 in each row and else zeros, got {a[:1].round(4).tolist()}")
    return a if a.ndim else float(a)


def _sizes(own):
    """{"n": 272, ...}: how many points, components and dimensions the given values have."""
    found = {}
    for name, value in own.items():
        for letter, size in zip(causes.quantity(name, value).axes, np.shape(value), strict=False):
            first, known = found.setdefault(letter, (name, size))
            if known != size and letter in _AXES:
                raise ValueError(f"{name} has {size} {_AXES[letter]}, {first} has {known}: they must agree")
    return {letter: size for letter, (_, size) in found.items()}


def _world(rng, own, sizes):
    """Every named quantity, built around x, theta or parts of it."""
    x, usual = own.get("x"), _USUAL | ({"k": 2} if "x" in own else {})
    n, k, d = (sizes.get(letter, usual[letter]) for letter in "nkd")
    world = problems.world(rng, n, k, d)
    parts = {name: own[name] for name in gaussian.Theta._fields if name in own}
    if x is not None and len(parts) < 3:
        parts = formulas.m_step(x, problems.simplex(rng, k, n))._asdict() | parts
    theta = gaussian.Theta(**{name: parts.get(name, world[name]) for name in gaussian.Theta._fields})
    theta = gaussian.check(theta) if x is None else check_with(x, theta)[1:]
    world |= own | dict(zip(gaussian.Theta._fields, theta, strict=True))
    if x is not None and "log_joint" not in own:
        world["log_joint"] = formulas.log_joint(x, *theta)
    return problems.completed(world)
