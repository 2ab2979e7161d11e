"""Is this the top? Feasible steps from a claimed maximiser, all parts together and one by one, near and far."""

from typing import NamedTuple

import numpy as np

from emtutor import causes
from emtutor.derivations.engine.compare import WORN, last_digit
from emtutor.derivations.engine.values import Infeasible

RTOL_MAXIMUM = 1e-7  # how far, relative to its size, the top of a parabola through the maximiser is
TOGETHER = 4  # paths on which all moves at once
APIECE = 120  # rows, components and entries that move alone, at most
FAR = 16  # values elsewhere
FOUND = "no step tried, near or far, is better"
_H = 3e-3
_SMALL = 256 * np.finfo(float).eps


class Top(NamedTuple):
    """What was found: how far the top is, relative to the argument, and in words."""

    holds: bool
    error: float
    where: str
    level: bool  # the objective does not change along any step
    free: bool  # there is a step to make


def as_dict(line, solution):
    """The solution by name. Raises ValueError if nobody says what it is a solution for."""
    if isinstance(solution, dict):
        return solution
    if not line.unknown:
        raise ValueError('say what is solved for: unknown="mu"')
    return {line.unknown: np.array(solution, float)}


def refuse_infeasible(solution):
    """Raise `Infeasible` for pi that does not sum to one, a negative variance: what is no such quantity at all."""
    for name, v in solution.items():
        kind, v = causes.quantity(name, v).kind, np.asarray(v, float)
        if kind == "simplex" and v.size and not (v.min() >= 0 and np.abs(v.sum(-1) - 1).max() <= 1e-8):
            raise Infeasible(f"{name} must hold probabilities that sum to one, got {v.ravel()[:4].round(4)}")
        if kind == "positive" and v.min() <= 0:
            raise Infeasible(f"{name} must be positive, got {v.min():.4g}")
        if kind == "above1" and v.min() <= 1:
            raise Infeasible(f"{name} must be larger than 1, got {v.min():.4g}")
        if kind == "spd" and not _is_definite(v):
            raise Infeasible(f"{name} must be positive definite")


def _is_definite(v):
    """True if no matrix is singular to working precision, whatever the units of its rows are."""
    s = np.sqrt(np.diagonal(v, axis1=-2, axis2=-1))
    if not (np.isfinite(v).all() and (s > 0).all()):
        return False
    correlation = (v + np.swapaxes(v, -1, -2)) / 2 / s[..., :, None] / s[..., None, :]
    return bool(np.linalg.eigvalsh(correlation).min() > 4 * v.shape[-1] * np.finfo(float).eps)


def normalised(name, v):
    """Probabilities whose sum is one to the last digit; anything else as it is. A sum that is off by 1e-9 has not the
    wrong weights, but times a log-joint of 1e8 it looks so.
    """
    if causes.quantity(name, v).kind != "simplex" or not np.size(v):
        return v
    v = np.asarray(v, float)
    return v / v.sum(-1, keepdims=True)


def away_from_top(f, best, args, rng, together=TOGETHER, apiece=APIECE):
    """`Top`: whether any feasible step from `best` makes f larger.

    f: function of changed arguments -> number. best: the maximiser by name. args: all arguments of the problem.
    """
    best = {name: normalised(name, v) for name, v in best.items()}
    here = f(best)
    if not np.isfinite(here):
        return Top(False, np.inf, f"the objective is {here} there", False, True)
    seen = _Seen(f, best, here)
    for mask in _masks(best, rng, together, apiece):
        path = _feasible(best, args, rng, mask)
        far = [path(0.3), path(-0.3), *(_mixed(best, mask, t, rng) for t in (0.1, 1e-3, 1e-6))]
        seen.far([p for p in far if p is not None], "a feasible step makes the objective larger")
        seen.near(path)
    seen.far([_elsewhere(best, args, rng) for _ in range(FAR)], "far from here the objective is larger")
    return Top(seen.error <= RTOL_MAXIMUM, seen.error, seen.where, seen.level, seen.free)


class _Seen:
    """The worst of all steps. A gain that the last digits of `best` may make is none."""

    def __init__(self, f, best, here):
        self.f, self.best, self.here = f, best, here
        self.error, self.where, self.level, self.free = 0.0, "", True, False
        self.scale, self.noise = abs(here), None

    def _value(self, changes):
        try:
            v = self.f(changes)
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            return -np.inf
        return v if np.isfinite(v) else -np.inf

    def far(self, steps, words):
        tried = [self._value(step) for step in steps]
        self.free = self.free or any(_differ(step, self.best) for step in steps)
        known = [abs(u - self.here) for u in tried if np.isfinite(u)]
        self.scale = max([self.scale, 1e-300, *known])
        small = _SMALL * max(abs(self.here), 1e-300)
        self.level = self.level and all(u <= small for u in known)
        gain = max(tried, default=-np.inf) - self.here
        if gain > small and gain > self._noise():
            self._worse(np.sqrt(gain / self.scale), words)

    def near(self, path):
        """The slope at `best` by differences of fourth order (the objective is no parabola), over the curvature."""
        slope, curvature = self._slope(path, {})
        if not abs(slope) > 1e-10 * self.scale:
            return
        error = abs(slope) / max(abs(curvature), 1e-3 * self.scale)
        if error <= max(RTOL_MAXIMUM, self.error):
            return
        if error < WORN:
            others = [abs(self._slope(path, moved)[0] - slope) for moved in in_last_digits(self.best)]
            if abs(slope) <= 10 * max(others):
                return
        self._worse(error, "the objective still rises along a feasible direction")

    def _slope(self, path, start):
        up, down, twice_up, twice_down = (self._value(path(t, start)) for t in (_H, -_H, 2 * _H, -2 * _H))
        if not np.isfinite([up, down, twice_up, twice_down]).all():
            return 0.0, 0.0
        return (8 * (up - down) - (twice_up - twice_down)) / (12 * _H), (2 * self.here - up - down) / _H**2

    def _noise(self):
        if self.noise is None:
            self.noise = 10 * max(abs(self._value(moved) - self.here) for moved in in_last_digits(self.best))
            self.noise = min(self.noise, WORN * self.scale) if np.isfinite(self.noise) else 0.0
        return self.noise

    def _worse(self, error, where):
        if error > 1.001 * self.error:
            self.error, self.where = float(error), where


def in_last_digits(solution, tries=4):
    """The same solution a few times, each number moved in its last digits."""
    rng = np.random.default_rng(6)
    return [{name: last_digit(name, v, rng) for name, v in solution.items()} for _ in range(tries)]


def _differ(step, best):
    return any(not np.allclose(step[name], v, rtol=1e-12, atol=0) for name, v in best.items())


# ---- steps


def _masks(best, rng, together, apiece):
    """{name: which numbers move}: all, then rows and components alone, then entries alone."""
    everything = {name: np.full(np.shape(v), not _settled(name, v)) for name, v in best.items()}
    alone = []
    for name, v in best.items():
        if _settled(name, v):
            continue
        kind, shape = causes.quantity(name, v).kind, np.shape(v)
        nothing = {other: np.zeros(np.shape(u), bool) for other, u in best.items()}
        rows = [(i,) for i in range(shape[0])] if len(shape) > 1 and shape[0] > 1 else []
        entries = list(np.ndindex(shape)) if kind not in ("simplex", "spd") and np.size(v) > 1 else []
        if len(best) > 1:
            rows.append(())
        for at in (*rows, *entries):
            mask = nothing[name].copy()
            mask[at] = True
            alone.append(nothing | {name: mask})
    if len(alone) > apiece:
        alone = [alone[i] for i in np.sort(rng.choice(len(alone), apiece, replace=False))]
    return [everything] * together + alone


def _settled(name, v):
    """True for probabilities of one thing: it has probability one, and nowhere to go."""
    return causes.quantity(name, v).kind == "simplex" and np.shape(v)[-1:] == (1,)


def _feasible(best, args, rng, mask):
    """A random path (t, from where) -> arguments through `best` that stays where the arguments are valid."""
    drawn = {name: rng.standard_normal(np.shape(v)) * mask[name] for name, v in best.items()}
    spread = _spread(args.get("x"))

    def path(t, start=None):
        moved = {}
        for name, v in (best | (start or {})).items():
            kind, v, step = causes.quantity(name, v).kind, np.asarray(v, float), t * drawn[name]
            if not mask[name].any():
                moved[name] = v
            elif kind in ("means", "centre") and spread is not None:
                moved[name] = v + step * spread
            else:
                moved[name] = _along(v, kind, step)
        return moved

    return path


def _spread(x):
    """(d,): how far the points lie apart; if they do not, how large they are. None if there are no points."""
    if np.ndim(x) != 2:
        return None
    sd, size = np.std(x, axis=0), np.max(np.abs(x), axis=0)
    return np.where(sd > 1e-12 * size, sd, np.where(size > 0, size, 1.0) / 10)


def _along(v, kind, step):
    if kind in ("simplex", "positive"):
        moved = v * np.exp(step)
        return moved / moved.sum(-1, keepdims=True) if kind == "simplex" else moved
    if kind == "chance":
        odds = v * np.exp(step)
        return odds / (odds + (1 - v))
    if kind == "spd":
        root = np.linalg.cholesky(v)
        turn = np.eye(v.shape[-1]) + (step + np.swapaxes(step, -1, -2)) / 4
        moved = root @ turn @ turn @ np.swapaxes(root, -1, -2)
        return (moved + np.swapaxes(moved, -1, -2)) / 2
    return v + step * max(float(np.std(v)), 0.1 * float(np.max(np.abs(v), initial=0.0)), 1e-3)


def _mixed(best, mask, t, rng):
    """A step inward from a boundary, or None where nothing has one: multiplying a zero leaves it where it is."""
    changed = {}
    for name, v in best.items():
        kind = causes.quantity(name, v).kind
        if kind in ("simplex", "chance") and mask[name].any():
            v = np.asarray(v, float)
            inner = rng.dirichlet(np.ones(v.shape[-1]), v.shape[:-1] or None) if kind == "simplex" else 0.5
            changed[name] = np.where(mask[name], (1 - t) * v + t * inner, v)
    return dict(best) | changed if changed else None


def _elsewhere(best, args, rng):
    """Valid values of the same kind, far from `best`."""
    x, changed = args.get("x"), {}
    for name, v in best.items():
        kind, v = causes.quantity(name, v).kind, np.asarray(v, float)
        if kind == "simplex":
            changed[name] = rng.dirichlet(np.full(v.shape[-1], 0.5), v.shape[:-1] or None)
        elif kind == "chance":
            changed[name] = rng.uniform(0.02, 0.98, v.shape)
        elif kind in ("positive", "spd"):
            factor = np.exp(rng.uniform(-3, 3, v.shape[: max(v.ndim - 2, 0)] if kind == "spd" else v.shape))
            changed[name] = v * (factor[..., None, None] if kind == "spd" else factor)
        elif kind in ("means", "centre") and np.ndim(x) == 2:
            changed[name] = x[rng.integers(len(x), size=v.shape[:-1] or None)]
        else:
            width = max(float(np.std(v)), float(np.abs(v).max(initial=0)), 1e-3) * np.exp(rng.uniform(-1, 1.5))
            changed[name] = v + width * rng.standard_normal(v.shape)
    return changed
