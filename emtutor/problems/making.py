"""Problems to try a function on: `mixture("x pi mu Sigma", rng)` is a list, from hand-sized to hostile.

Everything is generic on purpose, so that no false identity passes by luck: the columns of x have different units, no
weight and no covariance equals another, no number that enters a formula is 0 or 1, and n, k and d differ unless the
label says otherwise. Names are the lecture's; every quantity of one problem belongs to the same world (n, k, d).
"""

import numpy as np

from emtutor.problems.problem import Problem


def mixture(names, rng, *, hostile=True, **given):
    """Problems with the arguments `names` ("x pi mu Sigma", in the function's order), hand-sized first.

    rng: np.random.Generator. hostile: also d = 1, k = 1, n = k and a point so far out that its density underflows.
    given: a value, or a function of the world (a dict of all names) for a name that no world has, or another one.
    """
    names = names.split() if isinstance(names, str) else list(names)
    worlds = [("hand-sized", hand_sized())]
    worlds.append(("random, 7 points, 3 components, 2 dimensions", world(rng, 7, 3, 2)))
    worlds.append(("random, 9 points, 2 components, 3 dimensions", world(rng, 9, 2, 3)))
    if hostile:
        worlds.append(("one dimension", world(rng, 6, 3, 1)))
        worlds.append(("one component", world(rng, 5, 1, 2)))
        worlds.append(("as many points as components", world(rng, 4, 4, 2)))
        worlds.append(("one point far out", far_out(world(rng, 6, 2, 2), rng)))
    return [Problem(label, pick(w, names, given)) for label, w in worlds]


def draw(names, rng, *, n=7, k=3, d=2, label="random", **given):
    """One random problem of the given size."""
    names = names.split() if isinstance(names, str) else list(names)
    return Problem(label, pick(world(rng, n, k, d), names, given))


def pick(world, names, given=None):
    """The arguments of those names, in that order; `given` comes before the world."""
    given = given or {}
    missing = [name for name in names if name not in world and name not in given]
    if missing:
        raise ValueError(f"no problem holds {', '.join(missing)}: known are {', '.join(sorted(world))}; pass the rest")
    chosen = {name: given.get(name, world.get(name)) for name in names}
    return {name: value(world) if callable(value) else _copy(value) for name, value in chosen.items()}


def hand_sized():
    """Numbers that can be followed by hand: four points, two components, two dimensions."""
    w = {
        "x": np.array([[1.0, 2.0], [3.0, 1.0], [2.0, 5.0], [6.0, 4.0]]),
        "pi": np.array([0.3, 0.7]),
        "mu": np.array([[2.0, 1.0], [4.0, 5.0]]),
        "Sigma": np.array([[[2.0, 0.5], [0.5, 3.0]], [[4.0, -1.0], [-1.0, 2.0]]]),
        "r": np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]]),
        "labels": np.array([0, 0, 1, 0]),
        "log_joint": np.log(np.array([[0.2, 0.1], [0.05, 0.25], [0.4, 0.3], [0.02, 0.15]])),
        "q": np.array([[0.6, 0.4], [0.3, 0.7], [0.8, 0.2], [0.5, 0.5]]),
        "log_joint_new": np.log(np.array([[0.3, 0.05], [0.1, 0.2], [0.35, 0.4], [0.05, 0.1]])),
        "a": np.array([0.5, -0.3]),
        "alpha": np.array([2.0, 3.5]),
        "beta": 2.5,
        "lam": -3.0,
        "T": 2.0,
        "step": 0.4,
        "s": 0.5,
    }
    return completed(w)


def world(rng, n, k, d):
    """Every named quantity of one random mixture problem, in a dict."""
    unit = np.exp(rng.uniform(-0.6, 0.6, d)) * np.geomspace(0.7, 7.0, d)[rng.permutation(d)] if d > 1 else 2.3
    offset = rng.uniform(1.5, 4.0, d) * unit
    mu = offset + 1.6 * unit * rng.standard_normal((k, d))
    label = np.concatenate([np.arange(k), rng.integers(0, k, n)])[:n]
    Sigma = _covariances(rng, k, d, unit)
    x = mu[label] + 1.2 * np.einsum("nab,nb->na", np.linalg.cholesky(Sigma)[label], rng.standard_normal((n, d)))
    w = {
        "x": x,
        "pi": simplex(rng, k),
        "mu": mu,
        "Sigma": Sigma,
        "r": simplex(rng, k, n),
        "labels": rng.permutation(np.concatenate([np.arange(k), np.zeros(n, int), rng.integers(0, k, n)])[:n]),
        "log_joint": rng.normal(-3.0, 1.3, (n, k)),
        "q": simplex(rng, k, n),
        "log_joint_new": rng.normal(-2.6, 1.3, (n, k)),
        "a": rng.normal(0.0, 0.8, k),
        "alpha": rng.uniform(1.3, 4.0, k),
        "beta": float(rng.uniform(1.5, 4.0) * np.mean(unit) ** 2),
        "lam": float(-n * rng.uniform(0.4, 0.8)),
        "T": float(rng.uniform(1.4, 3.0)),
        "step": float(rng.uniform(0.2, 0.7)),
        "s": float(rng.uniform(0.3, 0.7) * np.min(unit)),
    }
    return completed(w)


def far_out(world, rng):
    """The same world with its first point about 300 standard deviations away: exp(-45000) is 0 for a computer."""
    x = world["x"].copy()
    deviation = np.sqrt(np.diagonal(world["Sigma"], axis1=1, axis2=2).max(0))
    x[0] += 300 * deviation * rng.choice([-1, 1], x.shape[1])
    log_joint = world["log_joint"].copy()
    # Far apart within the row too: exp of the difference overflows if the wrong term is taken out.
    log_joint[0] -= rng.permutation(np.linspace(4000, 9000, log_joint.shape[1]))
    return completed(world | {"x": x, "log_joint": log_joint})


def dense(world):
    """The same world with x in a unit 1000 times as long: densities far above one; T below one, another prior."""
    w = rescaled(world, 1e-3)
    for name in ("log_joint", "log_joint_new"):
        w[name] = w[name] + 9.0
    return completed(w) | {"T": 1 / w["T"], "kappa0": 2.3, "nu0": w["d"] + 1.7}


def rescaled(world, factor):
    """The same world with x in another unit; what follows from x is left to `completed`."""
    powers = {"x": 1, "mu": 1, "s": 1, "Sigma": 2, "beta": 2}
    return world | {name: world[name] * factor**power for name, power in powers.items() if name in world}


def simplex(rng, k, n=None):
    """A vector of k probabilities (or n rows of them), none of them near 0 and no two equal."""
    weights = rng.permuted(np.tile(np.linspace(0.6, 2.4, k), (n or 1, 1)), axis=1) * rng.uniform(0.5, 1.5, (n or 1, k))
    p = weights / weights.sum(1, keepdims=True)
    return p if n else p[0]


def _covariances(rng, k, d, unit):
    """k covariances, correlated at about +-0.3 to +-0.8 and each of another size."""
    size = rng.permutation(np.geomspace(0.5, 2.0, k)) if k > 1 else np.array([1.4])
    result = []
    for j in range(k):
        A = rng.standard_normal((d, d)) + 1.2 * np.eye(d)
        C = A @ A.T + 0.3 * np.eye(d)
        C /= np.sqrt(np.outer(np.diag(C), np.diag(C)))
        spread = unit * np.exp(rng.uniform(-0.4, 0.4, d)) * np.sqrt(size[j])
        result.append(C * np.outer(spread, spread))
    return np.array(result)


def completed(w):
    """What follows from the rest: z from labels, R from r, the sizes, the prior's parameters, sufficient statistics."""
    n, d = w["x"].shape
    k = len(w["pi"])
    r, x = w["r"], w["x"]
    spread = x.std(0) + 0.1 * np.abs(x).mean(0)
    return w | {
        "n": n,
        "d": d,
        "k": k,
        "z": np.eye(k)[w["labels"]],
        "R": r.sum(0),
        "log_joint_old": w["log_joint"],
        "q_old": w["q"],
        "log_p": w["log_joint"][0],
        "w": w["pi"],
        "v": np.exp(w["a"]) * 1.7,
        "p": w["r"],
        "m0": x[0] + 0.3 * spread,
        "kappa0": 0.7,
        "nu0": d + 2.6,
        "S0": np.diag(spread**2) * 0.8 + 0.2 * np.outer(spread, spread),
        "S1": r.T @ x,
        "S2": np.einsum("nk,na,nb->kab", r, x, x),
        "theta_a": (w["pi"], w["mu"], w["Sigma"]),
    }


def _copy(value):
    if isinstance(value, np.ndarray):
        return value.copy()
    return tuple(_copy(v) for v in value) if isinstance(value, tuple) else value
