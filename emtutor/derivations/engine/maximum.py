"""Is this the top? Feasible steps from a claimed maximiser, and how far the top of a parabola along them is."""

import numpy as np

from emtutor import causes
from emtutor.derivations.engine.compare import Infeasible

RTOL_MAXIMUM = 1e-7  # how far, relative to its size, the top of a parabola through the maximiser is
DIRECTIONS = 6


def as_dict(line, solution):
    """The solution by name. Raises ValueError if nobody says what it is a solution for."""
    if isinstance(solution, dict):
        return solution
    if not line.unknown:
        raise ValueError('say what is solved for: unknown="mu"')
    return {line.unknown: np.asarray(solution, float)}


def refuse_infeasible(solution):
    """Raise `Infeasible` for pi that does not sum to one, a negative variance: what is no such quantity at all."""
    for name, v in solution.items():
        kind, v = causes.quantity(name, v).kind, np.asarray(v, float)
        if kind == "simplex" and (v.min() < 0 or np.abs(v.sum(-1) - 1).max() > 1e-8):
            raise Infeasible(f"{name} must hold probabilities that sum to one, got {v.ravel()[:4].round(4)}")
        if kind == "positive" and v.min() <= 0:
            raise Infeasible(f"{name} must be positive, got {v.min():.4g}")
        if kind == "above1" and v.min() <= 1:
            raise Infeasible(f"{name} must be larger than 1, got {v.min():.4g}")
        if kind == "spd" and np.linalg.eigvalsh((v + np.swapaxes(v, -1, -2)) / 2).min() < -1e-9 * v.max():
            raise Infeasible(f"{name} must be positive definite")


def away_from_top(f, best, args, rng, directions=DIRECTIONS):
    """(how far the top is, relative to the argument; in words; True if f does not change along any step).

    f: function of changed arguments -> number. best: the maximiser by name. args: all arguments of the problem.
    """
    here = f(best)
    if not np.isfinite(here):
        return np.inf, f"the objective is {here} there", False
    scale = max(abs(here), 1.0)
    worst, where, level = 0.0, "", True
    for _ in range(directions):
        path = _feasible(best, args, rng)
        far = [f(path(t)) for t in (0.3, -0.3)]
        if inward := _inward(best, rng):
            far += [f(inward(t)) for t in (0.1, 1e-3)]
        gain = max(far) - here
        level = level and max(map(abs, (u - here for u in far))) <= 1e-11 * scale
        if gain > 1e-11 * scale:
            worst, where = max(worst, np.sqrt(gain / scale)), "a feasible step makes the objective larger"
        h = 3e-3  # fourth order: the objective is no parabola
        up, down, twice_up, twice_down = (f(path(t)) for t in (h, -h, 2 * h, -2 * h))
        slope = (8 * (up - down) - (twice_up - twice_down)) / (12 * h)
        curvature = (2 * here - up - down) / h**2
        if abs(slope) > 1e-10 * scale:
            error = abs(slope) / max(abs(curvature), 1e-3 * scale)
            if error > worst:
                worst, where = error, "the objective still rises along a feasible direction"
    return worst, where, level


def _feasible(best, args, rng):
    """A random path t -> arguments through `best` that stays where the arguments are valid."""
    quantities = {name: causes.quantity(name, v) for name, v in best.items()}
    drawn = {name: rng.standard_normal(np.shape(v)) for name, v in best.items()}
    spread = np.std(args["x"], axis=0) if np.ndim(args.get("x")) == 2 else None

    def path(t):
        moved = {}
        for name, v in best.items():
            q, v, step = quantities[name], np.asarray(v, float), t * drawn[name]
            if q.kind in ("means", "centre") and spread is not None:
                moved[name] = v + step * np.maximum(spread, 1e-12 * np.abs(v).max())
            else:
                moved[name] = _along(v, q.kind, step)
        return moved

    return path


def _along(v, kind, step):
    if kind in ("simplex", "positive"):
        moved = v * np.exp(step)
        return moved / moved.sum(-1, keepdims=True) if kind == "simplex" else moved
    if kind == "chance":
        odds = v / (1 - v) * np.exp(step)
        return odds / (1 + odds)
    if kind == "spd":
        root = np.linalg.cholesky(v)
        turn = np.eye(v.shape[-1]) + (step + np.swapaxes(step, -1, -2)) / 4
        moved = root @ turn @ turn @ np.swapaxes(root, -1, -2)
        return (moved + np.swapaxes(moved, -1, -2)) / 2
    return v + step * max(float(np.std(v)), 0.1 * float(np.max(np.abs(v), initial=0.0)), 1e-3)


def _inward(best, rng):
    """A path from the simplex' boundary inward, or None: multiplying a zero leaves it where it is."""
    edges = {
        name: rng.dirichlet(np.ones(np.shape(v)[-1]), np.shape(v)[:-1] or None)
        for name, v in best.items()
        if causes.quantity(name, v).kind == "simplex" and np.min(v) == 0
    }
    if not edges:
        return None
    return lambda t: dict(best) | {name: (1 - t) * np.asarray(best[name]) + t * u for name, u in edges.items()}
