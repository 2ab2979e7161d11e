"""One film of every scene, with the variations that matter: contract, comparison of renderers and pictures use them."""

from functools import cache

import numpy as np

from emtutor import gaussian, old_faithful, scenes
from emtutor.data import coin_flips, linkage_counts
from emtutor.maths.examples import coins, linkage

X = old_faithful()
WAITING = X[:, 1:]


def _start(k, name="random 1", x=X):
    return gaussian.named_starts(x, k)[name]


def _three_columns():
    rng = np.random.default_rng(3)
    return np.concatenate([rng.normal(0, 1, (40, 3)), rng.normal(3, 1, (40, 3))])


def _six():
    """Points about six centres, and a start near them: all six colours, the pale ones too."""
    rng = np.random.default_rng(4)
    mu = rng.uniform(-6, 6, (6, 2))
    x = np.concatenate([rng.normal(m, 0.7, (30, 2)) for m in mu])
    return x, gaussian.Theta(np.full(6, 1 / 6), mu + rng.normal(0, 0.4, (6, 2)), np.tile(np.eye(2), (6, 1, 1)))


_MAKERS = {
    "kmeans": lambda: scenes.kmeans(X, [[2.0, 85.0], [4.5, 55.0]]),
    "kmeans-standardised": lambda: scenes.kmeans(X, [[2.0, 85.0], [4.5, 55.0]], standardise=True),
    "branching": lambda: scenes.branching(X),
    "em": lambda: scenes.em(gaussian.model, X, _start(2)),
    "em-one": lambda: scenes.em(gaussian.model, X, _start(1)),
    "em-three": lambda: scenes.em(gaussian.model, X, _start(3)),
    "em-four": lambda: scenes.em(gaussian.model, X, _start(4, "spread out"), iterations=5),
    "em-six": lambda: scenes.em(gaussian.model, *_six(), iterations=3, max_iter=3),
    "em-identical": lambda: scenes.em(gaussian.model, X, _start(2, "identical")),
    "em-on-one-point": lambda: scenes.em(gaussian.model, X, _start(2, "on one point")),
    "em-tied": lambda: scenes.em(gaussian.tied, X, _start(2), iterations=6),
    "em-line": lambda: scenes.em(gaussian.model, WAITING, _start(2, x=WAITING), labels=["waiting (min)"]),
    "em-space": lambda: scenes.em(gaussian.model, _three_columns(), _start(2, x=_three_columns())),
    "em-without-bound": lambda: scenes.em(gaussian.model, X, _start(2), iterations=4, max_iter=4, bound=False),
    "gradient": lambda: scenes.gradient(X, _start(3)),
    "softness": lambda: scenes.softness(X, gaussian.fit(X, _start(2)).theta),
    "surface": lambda: scenes.surface(WAITING, label="min"),
    "simplex-2": lambda: scenes.simplex([6, 14]),
    "simplex-3": lambda: scenes.simplex([5, 12, 8]),
    "simplex-2-constraint": lambda: scenes.simplex([6, 14], "constraint"),
    "simplex-3-constraint": lambda: scenes.simplex([5, 12, 8], "constraint"),
    "simplex-2-free": lambda: scenes.simplex([6, 14], "free"),
    "simplex-3-free": lambda: scenes.simplex([5, 12, 8], "free"),
    "jensen": lambda: scenes.jensen(),
    "jensen-root": lambda: scenes.jensen(f="square root"),
    "decomposition": lambda: scenes.decomposition(np.log([0.12, 0.03])),
    "decomposition-3": lambda: scenes.decomposition(np.log([0.1, 0.02, 0.05])),
    "temperature": lambda: scenes.temperature(np.log([0.1, 0.02, 0.05])),
    "bound": lambda: scenes.bound(gaussian.model, X, _start(2)),
    "bound-coins": lambda: scenes.bound(coins.model, coin_flips(), coins.Theta(np.array([0.6, 0.5]))),
    "bound-linkage": lambda: scenes.bound(linkage.model, linkage_counts(), linkage.Theta(0.2), iterations=2),
}
NAMES = list(_MAKERS)


@cache
def film(name):
    return _MAKERS[name]()
