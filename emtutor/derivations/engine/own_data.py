"""A chain's problem from a person's own data: what is not given is drawn, or fitted, to match."""

import numpy as np

from emtutor import causes, problems
from emtutor.derivations.engine.maximum import refuse_infeasible
from emtutor.maths import arguments as checks
from emtutor.maths import formulas, gaussian
from emtutor.maths.degenerate import Degenerate
from emtutor.maths.theta import check_with

_AXES = {"n": "points", "k": "components", "d": "dimensions", "a": "values of z_1", "b": "values of z_2", "t": "times"}
_SPREAD = 1e-70, 1e70  # of a column of x: its fourth power must be a number
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
    tried = [problem.args for problem in chain.problems(np.random.default_rng(0))]
    _fits_the_chain(tried, own)
    if all(name in own for name in names) and not _parts(own):
        return {name: own[name] for name in names}
    world = _world(rng, own, _sizes(own)) | own
    made = {name: f(world) if callable(f) else f for name, f in getattr(chain.problems, "given", {}).items()}
    world |= {name: value for name, value in made.items() if name not in own}
    like = next(
        (args for args in tried if all(np.shape(args[n]) == np.shape(v) for n, v in own.items() if n in args)), {}
    )
    world |= {name: v for name, v in like.items() if name not in own and np.ndim(world.get(name)) != np.ndim(v)}
    world = {name: v for name, v in tried[0].items() if np.ndim(v) == 0} | world  # a number fits whatever is given
    missing = [name for name in names if name not in world]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing: pass them by name, run({missing[0]}=...)")
    return {name: world[name] for name in names}


def _parts(own):
    return {name: own[name] for name in gaussian.Theta._fields if name in own}


def _valid(name, value):
    """The value as an array of its kind. Raises ValueError with its name for what is none."""
    quantity = causes.quantity(name, value)
    if quantity.kind in ("opaque", "tuple", "size"):
        return value
    if quantity.kind == "points":
        return _in_a_fit_unit(checks.points(value))
    a = checks.array(name, value, finite=quantity.kind not in ("log", "logsimplex"))
    if name not in gaussian.Theta._fields:  # those are checked together, in `_world`
        refuse_infeasible({name: a})
    if quantity.kind == "onehot" and not (np.isin(a, (0, 1)).all() and (a.sum(-1) == 1).all()):
        raise ValueError(f"{name} must have one 1 in each row and else zeros, got {a[:1].round(4).tolist()}")
    return a if a.ndim else float(a)


def _in_a_fit_unit(x):
    for column, spread in enumerate(np.ptp(x, axis=0)):
        if spread and not _SPREAD[0] < spread < _SPREAD[1]:
            raise ValueError(
                f"x must vary by more than {_SPREAD[0]:g} and less than {_SPREAD[1]:g}, got {spread:.3g} in column "
                f"{column}: powers of it are no numbers for a computer; choose another unit"
            )
    return x


def _fits_the_chain(tried, own):
    """Raise ValueError for an argument unlike those of all problems tried: in axes, sign, a size that never varies."""
    for name, value in own.items():
        shapes = {
            np.shape(args[name]) for args in tried if name in args and causes.quantity(name, value).kind != "tuple"
        }
        shape = np.shape(value)
        if not shapes:
            continue
        ndim = len(next(iter(shapes)))
        if len(shape) != ndim:
            example = np.zeros(min(shapes))
            axes = ", ".join(causes.quantity(name, example).axes)
            shown = f"({axes}), such as {min(shapes)}" if axes else f"like {min(shapes)}"
            remedy = f": write {name}[:, None] for one dimension" if ndim == 2 and len(shape) == 1 else ""
            raise ValueError(f"{name} must have shape {shown}, got {shape}{remedy}")
        if causes.quantity(name, value).kind == "counts" and np.min(value, initial=0) < 0 <= min(
            np.min(args[name], initial=0) for args in tried if name in args
        ):
            raise ValueError(f"{name} must not be negative, got {np.min(value):g}: it counts something")
        for axis, size in enumerate(shape):
            sizes = {s[axis] for s in shapes}
            if len(sizes) == 1 and len(tried) > 3 and sizes != {size}:
                raise ValueError(f"{name} must have {sizes.pop()} entries along axis {axis} in this chain, got {size}")


def _sizes(own):
    """{"n": 272, ...}: how many points, components and dimensions the given values have."""
    found = {}
    for name, value in own.items():
        for letter, size in zip(causes.quantity(name, value).axes, np.shape(value), strict=False):
            first, known = found.setdefault(letter, (name, size))
            if known != size and letter in _AXES:
                raise ValueError(f"{name} has {size} {_AXES[letter]}, {first} has {known}: they must agree")
    return {letter: size for letter, (_, size) in found.items()}


def _around(rng, x, k):
    """A theta for these data: an M-step, or round covariances where the points are too few or too flat for one."""
    n, d = x.shape
    try:
        return formulas.m_step(x, problems.simplex(rng, k, n))
    except Degenerate:
        width = np.maximum(np.ptp(x, axis=0), np.abs(x).max(0) / 10)
        width = np.where(width > 0, width, 1.0)
        mu = x[rng.integers(n, size=k)] + rng.normal(size=(k, d)) * width / 3
        return gaussian.Theta(problems.simplex(rng, k), mu, np.stack([np.diag(width**2) * (1 + j) for j in range(k)]))


def _world(rng, own, sizes):
    """Every named quantity, built around x, theta or parts of it."""
    x = own["x"] if np.ndim(own.get("x")) == 2 else None
    usual = _USUAL | ({"k": 2} if x is not None else {})
    n, k, d = (sizes.get(letter, usual[letter]) for letter in "nkd")
    world = problems.world(rng, n, k, d)
    own = {name: v for name, v in own.items() if np.ndim(v) == np.ndim(world.get(name, v))}
    parts = _parts(own)
    if x is not None and len(parts) < 3:
        parts = _around(rng, x, k)._asdict() | parts
    theta = gaussian.Theta(**{name: parts.get(name, world[name]) for name in gaussian.Theta._fields})
    theta = gaussian.check(theta) if x is None else check_with(x, theta)[1:]
    world |= own | dict(zip(gaussian.Theta._fields, theta, strict=True))
    if x is not None and "log_joint" not in own:
        world["log_joint"] = formulas.log_joint(x, *theta)
    return problems.completed(world)
