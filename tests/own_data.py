"""What people bring: 51 kinds of data that a true chain must survive, and the chains that take each of them."""

import numpy as np

from emtutor import derivations, gaussian, old_faithful


def _rng(seed=0):
    return np.random.default_rng(seed)


def _start(x, k=2, seed=0):
    return gaussian.random_start(x, k, _rng(seed))


def _fitted(x, k=2, steps=400):
    theta = _start(x, k)
    for _ in range(steps):
        theta = gaussian.m_step(x, gaussian.e_step(x, theta))
    return theta


def _points(n=30, d=2, seed=1):
    return _rng(seed).normal(size=(n, d)) @ np.triu(np.ones((d, d))) + np.arange(d) * 3.0


def _with(x, **more):
    return {"x": x, **more}


def _clusters(far):
    x = _rng(2).normal(size=(30, 2))
    x[:15] += far
    x[15:, 0] -= far
    mu = np.array([[far, far], [-far, 0.0]])
    return {"x": x, "pi": np.array([0.5, 0.5]), "mu": mu, "Sigma": np.stack([np.eye(2)] * 2)}


def points():
    """{what is special: arguments} around x."""
    x = old_faithful()
    half = np.array([0.4, 0.6])
    r = _rng(3).dirichlet([1, 1], len(x))
    empty = r * [1, 0] + [[0, 0]]
    empty[:, 0] = 1
    theta = _start(x)
    narrow = np.stack([np.eye(2), [[1, 1 - 1e-12], [1 - 1e-12, 1]]])
    kinds = {"Old Faithful": _with(x), "20 points": _with(x[:20]), "with theta": _with(x, theta=theta)}
    kinds["the fitted theta"] = _with(x, theta=_fitted(x))
    for k in (1, 3, 5):
        kinds[f"k = {k}"] = _with(x, theta=_start(x, k))
    kinds["k = 1, few points"] = _with(_points(6), theta=_start(_points(6), 1))
    kinds["fitted, k = 1"] = _with(x, theta=_fitted(x, 1, 3))
    kinds["pi with a zero"] = _with(x, pi=np.array([0.0, 1.0]), mu=theta.mu, Sigma=theta.Sigma)
    kinds["pi with 1e-12"] = _with(x, pi=np.array([1e-12, 1 - 1e-12]), mu=theta.mu, Sigma=theta.Sigma)
    kinds["an empty column of r"] = _with(x, r=empty)
    kinds["one-hot r"] = _with(x, r=np.eye(2)[r.argmax(1)])
    kinds["r with 1e-12"] = _with(x, r=np.clip(np.eye(2)[r.argmax(1)], 1e-12, 1 - 1e-12))
    kinds["labels known"] = _with(x, z=np.eye(2)[r.argmax(1)])
    kinds["an empty label"] = _with(x, z=np.eye(2)[np.zeros(len(x), int)])
    for power in (1, 3, 5, 6, 8, 9, 10):
        kinds[f"offset 1e{power}"] = _with(x + 10.0**power)
    for far in (1e2, 1e3, 1e5):
        kinds[f"means {far:g} apart"] = _clusters(far)
    for unit in (1e-160, 1e-100, 1e-6, 1e6, 1e100):
        kinds[f"unit {unit:g}"] = _with(x * unit)
    kinds["minutes and milliseconds"] = _with(x * [1, 6e4])
    kinds["units 1e-6 : 1e6"] = _with(x * [1e-6, 1e6])
    for n in (1, 2, 3):
        kinds[f"n = {n}"] = _with(_points(3)[:n])
    kinds["n < d"] = _with(_points(4, 6))
    kinds["n = d"] = _with(_points(3, 3))
    kinds["d = 1"] = _with(x[:, :1])
    kinds["d = 5"] = _with(_points(40, 5))
    kinds["float32"] = _with(x.astype(np.float32))
    kinds["whole numbers"] = _with(np.round(x).astype(int))
    kinds["a list"] = _with(x[:12].tolist())
    kinds["theta as lists"] = _with(x, theta=tuple(np.asarray(p).tolist() for p in theta))
    kinds["duplicated points"] = _with(np.repeat(x[:10], 3, axis=0))
    kinds["all points equal"] = _with(np.ones((8, 2)))
    kinds["a constant column"] = _with(np.column_stack([x[:, 0], np.ones(len(x))]))
    kinds["collinear columns"] = _with(np.column_stack([x[:, 0], 2 * x[:, 0]]))
    kinds["a nearly singular Sigma"] = _with(x, pi=half, mu=theta.mu, Sigma=narrow)
    kinds["a point far out"] = _with(np.vstack([x[:30], [[1e4, -1e4]]]))
    kinds["round Sigma"] = _with(x, pi=half, mu=theta.mu, Sigma=np.stack([np.eye(2)] * 2))
    kinds["equal components"] = _with(x, pi=half, mu=np.stack([x.mean(0)] * 2), Sigma=np.stack([np.cov(x.T)] * 2))
    return kinds


def tables():
    """{what is special: arguments} around log_joint and q."""
    a, q = _rng(4).normal(-3, 1.3, (6, 3)), _rng(5).dirichlet([1, 1, 1], 6)
    hard, post = np.eye(3)[q.argmax(1)], np.exp(a - np.logaddexp.reduce(a, 1)[:, None])
    return {
        "one-hot q": {"log_joint": a, "q": hard},
        "q is the posterior": {"log_joint": a, "q": post},
        "q with 1e-12": {"log_joint": a, "q": np.array([[1e-12, 0.3, 0.7 - 1e-12]] * 6)},
        "q with 1e-300": {"log_joint": a, "q": np.array([[1e-300, 0.3, 0.7]] * 6)},
        "-inf in log_joint": {"log_joint": np.array([[-np.inf, 0.0], [0.0, -1.0]])},
        "-inf, and q too": {"log_joint": np.array([[-np.inf, 0.0], [0.0, -1.0]]), "q": np.array([[0, 1], [0.4, 0.6]])},
        "k = 1": {"log_joint": a[:, :1], "q": np.ones((6, 1))},
        "n = 1": {"log_joint": a[:1], "q": q[:1]},
        "far apart": {"log_joint": a * 1000, "q": q},
        "an offset": {"log_joint": a + 1e8, "q": q},
        "ties": {"log_joint": np.zeros((4, 2)), "q": np.full((4, 2), 0.5)},
        "float32": {"log_joint": a.astype(np.float32)},
    }


def runs():
    """(name of a chain, what is special, arguments): every true chain that takes all of them."""
    chains = {name: set(chain.arguments) for name, chain in derivations.ALL.items() if not chain.breaks}
    for kinds in (points(), tables()):
        for label, own in kinds.items():
            asked = set(own) - {"theta", *gaussian.Theta._fields} | ({"mu"} & set(own))
            for name, takes in chains.items():
                if asked <= takes:
                    yield name, label, own
