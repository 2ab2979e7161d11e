"""Hostile values for every argument of every public function: a right answer, or one sentence that names the argument.

The functions are found by walking the modules, the arguments by reading signatures. A new function, or a new argument
without a kind and a good value, fails the walk until it has one.
"""

import inspect
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from emtutor import bounds, data, em, gaussian, kmeans, online, scenes
from emtutor.films.film import Film
from emtutor.maths.examples import abo, coins, hmm, linkage, missing, poisson

X = data.old_faithful()[:30]
THETA = gaussian.named_starts(X, 2)["random 1"]
R = gaussian.e_step(X, THETA)
CHAIN = hmm.Theta(np.full(2, 0.5), np.full((2, 2), 0.5), np.full((2, 3), 1 / 3))
SYMBOLS = np.array([0.0, 1, 2, 1, 0])
POISSON = poisson.Theta(np.array([0.3, 0.7]), np.array([1, 2.5]))

GOOD = {  # by the argument's name; what belongs to one module only stands in ITS
    "x": X, "theta": THETA, "theta0": THETA, "r": R, "z": np.eye(2)[np.arange(30) % 2], "q": R, "p": R, "k": 2, "n": 5,
    "mu": THETA.mu, "mu0": THETA.mu, "labels": kmeans.assign(X, THETA.mu), "beta": 1.0, "betas": [3.0, 2.0],
    "alpha": np.full(2, 2.0), "m0": np.zeros(2), "kappa0": 1.0, "S0": np.eye(2), "nu0": 5.0, "T": 1.5,
    "log_joint": gaussian.log_joint(X, THETA), "log_p": np.zeros((2, 3)), "q1": np.full(2, 1 / 2),
    "q2": np.full(3, 1 / 3), "w": np.full(4, 1 / 4), "v": np.arange(1.0, 5), "tol": 0.1, "max_iter": 3,
    "iterations": 2, "block": 10, "rng": np.random.default_rng(0), "model": gaussian.model, "accelerate": None,
    "progress": False, "step": lambda t: 0.5, "assign": None, "update_means": None, "e_step": None, "m_step": None,
    "title": "a title", "label": "x (min)", "show": "free", "sd": None, "standardise": False, "f": "log",
    "weights": [0.0, 0.5, 1.0], "path": [[0.5, 0.5]], "R": [2.0, 3.0], "m": 3, "log_pi": np.log(CHAIN.pi),
    "log_A": np.log(CHAIN.A), "log_B": np.log(np.full((5, 2), 0.5)), "rate": np.array([1.0, 2]),
    "bound": True, "log_prior": None, "grad_mu": None, "soft_assign": None,
    "counts": data.blood_groups(), "y": data.linkage_counts(), "function": len,
}  # fmt: skip
ITS = {
    abo: {"theta": abo.Theta(np.full(3, 1 / 3)), "q": np.full((2, 2), 0.5)},
    coins: {"x": data.coin_flips(), "theta": coins.Theta(np.array([0.6, 0.5])), "r": np.full((5, 2), 0.5)},
    linkage: {"theta": linkage.Theta(0.5), "q": np.full((1, 2), 0.5)},
    missing: {"x": data.murray(), "theta": missing.Theta(np.eye(2)),
              "q": missing.e_step(data.murray(), missing.Theta(np.eye(2)))},
    poisson: {"x": data.times_deaths(), "theta": POISSON, "r": np.full((10, 2), 0.5)},
    "log_density": {"x": np.arange(4.0)},
    "scenes": {"labels": ("a (min)", "b"), "log_joint": np.array([-1.0, -2]), "T": [1.0, 2.0], "v": (0.3, 3.0)},
    "surface": {"x": X[:, 0], "mu0": [1.0, 2.0]},
}  # fmt: skip
WORDS = {  # what a sentence may name in the place of the argument: its parts, and what is wrong with the data
    "theta0": ("theta",), "q": ("r must", "gamma", "xi", "mean must", "cov"), "log_joint": ("point ",),
    "r": ("component", "coin"), "z": ("component",), "labels": ("cluster",), "log_p": ("point ",),
    "x": ("component", "points span", "column", "x has", "counts", "y must", "log_joint"),
}  # fmt: skip
PARTS = {*gaussian.Theta._fields, *hmm.Theta._fields, *poisson.Theta._fields, "p must", "bias", "alpha"}


class Raises:
    """An object that answers nothing."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no numbers here")

    def __len__(self):
        raise RuntimeError("no length either")

    def __repr__(self):
        raise RuntimeError("nor words")


HOSTILE = {
    "nan": np.nan, "Decimal NaN": Decimal("NaN"), "row of NaN": [np.nan, np.nan], "table of NaN": X * np.nan,
    "None": None, "text": "abc", "empty text": "", "bytes": b"12", "inf": np.inf, "-inf": -np.inf, "-1": -1, "0": 0,
    "half": 0.5, "huge": 10**400, "2**63": 2**63, "1e300": 1e300, "tiny": 5e-324, "1e-310": 1e-310, "empty": [],
    "empty table": np.zeros((0, 2)), "no columns": np.zeros((30, 0)), "ragged": [[1], [1, 2]], "objects": [object()],
    "dict": {"a": 1}, "set": {1, 2}, "complex": 1j, "function": len, "type": int, "raises": Raises(), "True": True,
    "fraction": Fraction(1, 3), "(3, 3)": np.ones((3, 3)), "(30, 3)": np.ones((30, 3)) / 3,
    "4 axes": np.ones((1, 1, 1, 1)), "(2, 30)": np.ones((2, 30)), "zeros": np.zeros((30, 2)), "many": np.ones(5000),
    "long text": "a" * 5000,
    "array of text": np.array(["a", "b"]), "dates": np.zeros(2, "datetime64[D]"), "large": np.full((30, 2), 1e200),
    "generator": (i for i in ()), "negative": [-1.0, -2.0], "masked": np.ma.masked_array([1.0, 2], [True, False]),
}  # fmt: skip


def functions():
    """(name, function, good arguments) of all that is public in the mathematics and the films' scenes."""
    for module in (bounds, gaussian, kmeans, em, online, abo, coins, hmm, linkage, missing, poisson):
        for name, function in vars(module).items():
            if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == module.__name__:
                yield (
                    f"{module.__name__.split('.')[-1]}.{name}",
                    function,
                    GOOD | ITS.get(module, {}) | ITS.get(name, {}),
                )
    yield "em.fit", em.fit, GOOD
    for name in scenes.__all__:
        yield f"scenes.{name}", getattr(scenes, name), GOOD | ITS["scenes"] | ITS.get(name, {})
    for model, its in (
        ("gaussian", {"model": gaussian.model}),
        ("coins", {"model": coins.model, "q": np.full((5, 2), 0.5)} | ITS[coins]),
        ("abo", {"model": abo.model} | ITS[abo] | {"x": GOOD["counts"]}),
        ("linkage", {"model": linkage.model} | ITS[linkage] | {"x": GOOD["y"]}),
        ("poisson", {"model": poisson.model, "q": np.full((10, 2), 0.5)} | ITS[poisson]),
        ("missing", {"model": missing.model} | ITS[missing]),
        ("hmm.categorical", {"model": hmm.categorical(3), "x": SYMBOLS, "theta": CHAIN,
                             "q": hmm.categorical(3).e_step(SYMBOLS, CHAIN)}),
    ):  # fmt: skip
        for name, call in (
            ("e_step", lambda x, theta, m=its["model"]: m.e_step(x, theta)),
            ("log_likelihood", lambda x, theta, m=its["model"]: m.log_likelihood(x, theta)),
            ("elbo", lambda x, q, theta, m=its["model"]: m.elbo(x, q, theta)),
            ("kl", lambda x, q, theta, m=its["model"]: m.kl(x, q, theta)),
            ("m_step", lambda x, q, m=its["model"]: m.m_step(x, q)),
        ):
            yield f"{model}.model.{name}", call, GOOD | its


# Functions of functions; and the M-step of a film, which shows what a wrong q leads to.
SKIPPED = {"em.mixture", "em.is_stub", "em.steps", "hmm.chain", "hmm.categorical", "gaussian.model.m_step"}
SKIPPED |= {"bounds.log_table"}  # a check itself
FUNCTIONS = [(name, f, good) for name, f, good in functions() if name not in SKIPPED]


def parameters(function):
    return [name for name, p in inspect.signature(function).parameters.items() if name != "m" or p.default is p.empty]


def has_nan(value):
    if isinstance(value, (float, np.floating, np.ndarray)):
        return bool(np.isnan(value).any()) if np.asarray(value).dtype.kind == "f" else False
    if isinstance(value, dict):
        return any(map(has_nan, value.values()))
    return any(map(has_nan, value)) if isinstance(value, (tuple, list)) else False


@pytest.mark.parametrize(("name", "function", "good"), FUNCTIONS, ids=[name for name, *_ in FUNCTIONS])
def test_a_hostile_value_gets_an_answer_or_a_sentence(name, function, good):
    names = parameters(function)
    unknown = [n for n in names if n not in good]
    assert not unknown, f"{name}: give {unknown} a good value in GOOD or ITS"
    arguments = {n: good[n] for n in names}
    function(**fresh(arguments))
    faults = []
    for argument in names:
        fields = getattr(good[argument], "_fields", ()) if argument != "model" else ()
        for kind, value in HOSTILE.items():
            for part in ("", *fields):
                spoilt = good[argument]._replace(**{part: value}) if part else value
                if told := fault(function, fresh(arguments | {argument: spoilt}), said_of(argument, part), kind):
                    faults.append(f"{argument}{part and '.' + part} = {kind}: {told}")
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:40])


def fresh(arguments):
    return {n: np.random.default_rng(0) if n == "rng" and isinstance(a, np.random.Generator) else a
            for n, a in arguments.items()}  # fmt: skip


def said_of(argument, part):
    words = {argument, part, *WORDS.get(argument, ())} - {""}
    return words | PARTS if argument.startswith("theta") else words


def fault(function, arguments, words, kind):
    """What is wrong with what came of the call; None if nothing is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = function(**arguments)
    except ValueError as error:
        said = str(error)
        if len(said) > 500 or "\n" in said:
            return f"a message of {len(said)} characters"
        return None if any(word in said for word in words) else f"names no argument: {said}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:120]}"
    if isinstance(result, Film):  # it holds NaN where a curve has a gap, but may not be made of one
        return "a film of NaN" if "nan" in kind.lower() else None
    return "NaN came back" if has_nan(result) else None
