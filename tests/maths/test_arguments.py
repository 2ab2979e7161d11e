"""Every public function of the core on input of every kind: the right value, or a sentence that names the argument."""

import re
import warnings
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pytest

from emtutor import bounds, data, em, gaussian, kmeans, scenes
from emtutor.maths import arguments, degenerate, online
from emtutor.maths.examples import abo, coins, hmm, linkage, missing, poisson

X = data.old_faithful()[:40]
THETA = gaussian.named_starts(X, 2)["random 1"]
R = gaussian.e_step(X, THETA)
Z = np.eye(2)[R.argmax(1)]
A = gaussian.log_joint(X, THETA)
LABELS = kmeans.assign(X, THETA.mu)
PRIOR = {"alpha": np.full(2, 2.0), "m0": np.zeros(2), "kappa0": 1.0, "S0": np.eye(2), "nu0": 5.0}
CHAIN = hmm.Theta(np.full(2, 0.5), np.full((2, 2), 0.5), np.full((2, 3), 1 / 3))
QUAKES = hmm.PoissonTheta(np.full(2, 0.5), np.full((2, 2), 0.5), np.array([10.0, 20.0]))


class Call(NamedTuple):
    name: str
    function: Any
    good: dict


def of_model(name, model, x, theta):
    q = model.e_step(x, theta)
    yield Call(f"{name}.e_step", lambda x, theta: model.e_step(x, theta), {"x": x, "theta": theta})
    yield Call(f"{name}.log_likelihood", lambda x, theta: model.log_likelihood(x, theta), {"x": x, "theta": theta})
    yield Call(f"{name}.elbo", lambda x, q, theta: model.elbo(x, q, theta), {"x": x, "q": q, "theta": theta})
    yield Call(f"{name}.kl", lambda x, q, theta: model.kl(x, q, theta), {"x": x, "q": q, "theta": theta})
    yield Call(f"{name}.m_step", lambda x, q: model.m_step(x, q), {"x": x, "q": q})


CALLS = [
    Call("entropy", bounds.entropy, {"q": R}),
    Call("kl", bounds.kl, {"q": R, "p": Z / 2 + 0.25}),
    Call("elbo", bounds.elbo, {"log_joint": A, "q": R}),
    Call("free_energy", bounds.free_energy, {"log_joint": A, "q": R, "T": 1.5}),
    Call("log_evidence", bounds.log_evidence, {"log_joint": A}),
    Call("posterior", bounds.posterior, {"log_joint": A}),
    Call("tempered_posterior", bounds.tempered_posterior, {"log_joint": A, "T": 2.0}),
    Call(
        "mean_field", bounds.mean_field, {"log_p": np.zeros((2, 3)), "q1": np.full(2, 1 / 2), "q2": np.full(3, 1 / 3)}
    ),
    Call("jensen_gap", bounds.jensen_gap, {"w": np.full(4, 1 / 4), "v": np.arange(1.0, 5)}),
    *(Call(f.__name__, f, {"x": X, "theta": THETA}) for f in (gaussian.log_joint, gaussian.log_likelihood)),
    *(Call(f.__name__, f, {"x": X, "theta": THETA}) for f in (gaussian.e_step, gaussian.grad_pi, gaussian.grad_mu)),
    Call("grad_Sigma", gaussian.grad_Sigma, {"x": X, "theta": THETA}),
    Call("m_step", gaussian.m_step, {"x": X, "r": R}),
    Call("m_step_tied", gaussian.m_step_tied, {"x": X, "r": R}),
    Call("fit_complete", gaussian.fit_complete, {"x": X, "z": Z}),
    Call("map_m_step", gaussian.map_m_step, {"x": X, "r": R, **PRIOR}),
    Call("sample", lambda n, theta: gaussian.sample(n, theta, np.random.default_rng(0)), {"n": 5, "theta": THETA}),
    Call("random_start", lambda x, k: gaussian.random_start(x, k, np.random.default_rng(0)), {"x": X, "k": 2}),
    Call("named_starts", gaussian.named_starts, {"x": X, "k": 2}),
    Call("fit", gaussian.fit, {"x": X, "theta0": THETA, "tol": 1e-3, "max_iter": 5}),
    Call(
        "em.fit", lambda **given: em.fit(gaussian.model, **given), {"x": X, "theta": THETA, "tol": 0.1, "max_iter": 5}
    ),
    Call("online.fit", online.fit, {"x": X, "theta0": THETA, "block": 20}),
    Call("assign", kmeans.assign, {"x": X, "mu": THETA.mu}),
    Call("update_means", kmeans.update_means, {"x": X, "labels": LABELS, "k": 2}),
    Call("distortion", kmeans.distortion, {"x": X, "mu": THETA.mu, "labels": LABELS}),
    Call("soft_assign", kmeans.soft_assign, {"x": X, "mu": THETA.mu, "beta": 1.0}),
    Call("best_beta", kmeans.best_beta, {"x": X, "mu": THETA.mu, "r": R}),
    Call("critical_beta", kmeans.critical_beta, {"x": X}),
    *of_model("coins", coins.model, data.coin_flips(), coins.Theta(np.array([0.6, 0.5]))),
    *of_model("linkage", linkage.model, data.linkage_counts(), linkage.Theta(0.5)),
    *of_model("abo", abo.model, data.blood_groups(), abo.Theta(np.full(3, 1 / 3))),
    *of_model("poisson", poisson.model, data.times_deaths(), poisson.Theta(np.array([0.3, 0.7]), np.array([1, 2.5]))),
    *of_model("missing", missing.model, data.murray(), missing.Theta(np.array([[1, 0.3], [0.3, 1]]))),
    *of_model("hmm categorical", hmm.categorical(3), np.array([0.0, 1, 2, 1, 0]), CHAIN),
    *of_model("hmm poisson", hmm.poisson, data.earthquakes(), QUAKES),
]
each = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)


class Frame:
    """What a table of another package looks like to NumPy, which is all that may be asked of it."""

    def __init__(self, values):
        self.values, self.shape = values, np.shape(values)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)

    def __len__(self):
        return len(self.values)

    def __getitem__(self, rows):
        return Frame(self.values[rows])


def variations(good, change):
    """`good` with one array changed: itself, or in turn each part of a theta or q. (the part's name, the whole)."""
    if hasattr(good, "_fields"):
        for name, part in good._asdict().items():
            for _, changed in variations(part, change):
                yield name, good._replace(**{name: changed})
    else:
        yield "", change(good)


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


HARMLESS = {
    "list": lambda a: a.tolist(),
    "Fortran order": np.asfortranarray,
    "every second row": lambda a: np.repeat(a, 2, axis=0)[::2],
    "read-only": read_only,
    "objects": lambda a: a.astype(object),
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "unmasked": np.ma.masked_array,
    "table": Frame,
}


@each
def test_another_container_of_the_same_numbers_gives_the_same(call):
    expected = call.function(**call.good)
    for argument, good in call.good.items():
        for form, change in HARMLESS.items():
            if (call.name, argument, form) == ("online.fit", "x", "list"):
                continue  # that is an iterable of rows where blocks are wanted
            for part, value in variations(good, lambda a, change=change: change(a) if np.ndim(a) else np.float64(a)):
                got = call.function(**call.good | {argument: value})
                assert agree(got, expected), f"{argument} {part} as {form}"


def agree(a, b):
    """Equal but for the order in which sums are taken."""
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(agree, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(agree(a[key], b[key]) for key in a)
    return (
        a is b or a == b if isinstance(b, (str, bool)) or b is None else np.allclose(a, b, rtol=1e-10, equal_nan=True)
    )


def one_is(bad):
    def change(good):
        a = np.array(good, dtype=float)
        a.flat[-1] = bad
        return a if a.ndim else bad

    return change


NO_NUMBERS = {
    "nothing": lambda a: None,
    "a word": lambda a: "abc",
    "words": lambda a: np.full(np.shape(a), "1.5").tolist(),
    "bytes": lambda a: b"12",
    "an object": lambda a: object(),
    "a function": lambda a: len,
    "a dictionary": lambda a: {"a": 1},
    "a set": lambda a: {1, 2},
    "ragged": lambda a: [[1, 2], [3]],
    "complex": lambda a: np.asarray(a) * (1 + 0j),
    "dates": lambda a: np.zeros(np.shape(a), "datetime64[D]"),
    "records": lambda a: np.zeros(3, [("a", float), ("b", float)]),
    "masked": lambda a: np.ma.masked_array(a, mask=np.arange(np.size(a)).reshape(np.shape(a)) == 0),
    "too large an integer": lambda a: 10**400,
    "four axes": lambda a: np.ones((2, 2, 2, 2)),
    "no rows": lambda a: np.zeros((0, *np.shape(a)[1:])),
    "NaN": one_is(np.nan),
    "infinite": one_is(np.inf),
}
# What passes, and why: NaN is what is missing there; x are blocks; a step of EM may be wrong and is shown all the same.
PASSES = {
    ("missing", "x", "NaN"),
    ("online.fit", "x", "no rows"),
    ("entropy", "q", "no rows"),
    ("fit", "tol", "infinite"),
    ("em.fit", "tol", "infinite"),
}


@each
def test_what_is_no_such_array_is_an_error_that_names_it(call):
    for argument, good in call.good.items():
        for kind, change in NO_NUMBERS.items():
            if (call.name.split(".")[0], argument, kind) in PASSES or (call.name, argument, kind) in PASSES:
                continue
            if call.name.endswith(".m_step") and argument == "q" and kind in ("NaN", "infinite"):
                continue
            for part, value in variations(good, change):
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    with pytest.raises(ValueError, match=r".") as raised:
                        call.function(**call.good | {argument: value})
                said = str(raised.value)
                names = {
                    argument.removesuffix("0"),
                    argument,
                    part,
                    *NAMES.get((call.name.split(".")[0], argument), ()),
                }
                assert re.search(rf"\b({'|'.join(filter(None, names))})\b", said), f"{argument} {part}, {kind}: {said}"
                assert "/emtutor/" in str(raised.traceback[-1].path), f"{argument} {part}, {kind}: {said}"


NAMES = {
    ("linkage", "x"): "y",
    ("abo", "x"): ["counts"],
    **{(m, "q"): "r" for m in ("coins", "linkage", "abo", "poisson")},
}


@pytest.mark.parametrize("bad", [np.nan, -1, 2.5, "2", None, [2], 1j, np.array([2, 3]), np.inf])
def test_a_whole_number_is_whole(bad):
    with pytest.raises(ValueError, match=r"k must be a whole number from 1 to n = 9, got .*: why"):
        arguments.whole("k", bad, 1, ("n = 9", 9), "why")


def test_a_whole_number_may_come_as_any_type():
    assert [arguments.whole("k", k, 1) for k in (2, 2.0, np.int8(2), np.float32(2))] == [2] * 4


@pytest.mark.parametrize("rng", [None, 0, np.random])
def test_a_seed_is_no_generator(rng):
    with pytest.raises(ValueError, match="rng must be a Generator"):
        gaussian.sample(3, THETA, rng)


def test_squares_that_leave_the_numbers_are_refused_before_they_are_formed():
    for call in (c for c in CALLS if c.good.get("x") is X):
        with pytest.raises(ValueError, match=r"choose another unit|squares"):
            call.function(**call.good | {"x": X * 1e200})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"alpha": np.full(2, -30.0)}, "alpha_j must be at least 1 - R_j"),
        ({"alpha": 2.0}, r"alpha must have shape \(2,\) as r has 2 columns, got \(\)"),
        ({"m0": np.zeros(3)}, r"m0 must have shape \(2,\) as x has 2 columns"),
        ({"kappa0": -1}, "kappa0 must be a number of points from 0"),
        ({"S0": np.eye(3)}, r"S0 must have shape \(2, 2\)"),
        ({"nu0": -100}, "nu0 must be above -"),
        ({"r": np.tile([1.0, 0], (40, 1)), "kappa0": 0}, "component 2 is empty"),
    ],
)
def test_a_prior_that_is_none_is_named(change, words):
    with pytest.raises(ValueError, match=words):
        gaussian.map_m_step(**{"x": X, "r": R, **PRIOR} | change)


@pytest.mark.parametrize("model", [gaussian, None, "gaussian", gaussian.m_step])
def test_a_module_is_no_model(model):
    hint = r"got module: try gaussian.model" if model is gaussian else "model must be an em.Model, got"
    for run in (lambda: em.fit(model, X, THETA), lambda: next(em.steps(model, X, THETA))):
        with pytest.raises(ValueError, match=hint):
            run()


def test_a_fit_needs_a_start_that_has_a_likelihood_and_steps_do_not():
    with pytest.raises(ValueError, match=r"log p is nan at the start: x must have shape \(n, 2\).* try x\.T"):
        em.fit(gaussian.model, X.T, THETA)
    assert np.isnan(next(em.steps(gaussian.model, X.T, THETA)).log_likelihood)


def single(value):
    """The same numbers as float32 has them, in the same containers."""
    if isinstance(value, tuple):
        return type(value)(*map(single, value)) if hasattr(value, "_fields") else tuple(map(single, value))
    return np.asarray(value, np.float32)


def test_single_precision_is_good_enough_for_every_door():
    """Weights of 1/3 and 2/3 sum to 1.00000003, rows of r to 0.9999999, and Sigma is symmetric to seven digits."""
    theta = THETA._replace(pi=np.array([1 / 3, 2 / 3], np.float32), Sigma=single(THETA.Sigma * [[1, 1], [1 + 5e-8, 1]]))
    assert gaussian.fit(X, theta, max_iter=3).iterations == 3
    model = gaussian.model.using(
        e_step=lambda x, *theta: single(gaussian.e_step(x, theta)), m_step=lambda x, r: single(gaussian.m_step(x, r))
    )
    assert np.isfinite(em.fit(model, X, theta, tol=1e-4).log_likelihood)
    for step in islice(em.steps(model, X, theta), 1, 9):
        assert step.note == ""
        assert step.log_likelihood == pytest.approx(step.elbo + step.kl, rel=1e-9)
        assert step.kl >= -1e-9 * abs(step.log_likelihood)
    film = scenes.em(model, X, theta, iterations=4, max_iter=4)
    assert "Stopped" not in str([frame.words for frame in film.frames])


@pytest.mark.parametrize(
    "run",
    [
        lambda x, theta: gaussian.fit(x, theta),
        lambda x, theta: em.fit(gaussian.model, x, theta),
        lambda x, theta: gaussian.m_step(x, np.full((len(x), len(theta.pi)), 1 / len(theta.pi))),
        lambda x, theta: gaussian.m_step_tied(x, np.full((len(x), len(theta.pi)), 1 / len(theta.pi))),
        lambda x, theta: gaussian.random_start(x, 1, np.random.default_rng(0)),
        lambda x, theta: gaussian.named_starts(x, 1),
    ],
    ids=["gaussian.fit", "em.fit", "m_step", "m_step_tied", "random_start", "named_starts"],
)
def test_too_few_points_are_told_in_the_same_words_at_every_door(run):
    one = THETA._replace(pi=np.ones(1), mu=THETA.mu[:1], Sigma=THETA.Sigma[:1])
    for x, words in (
        (X[:1], "x has one point: a covariance needs two or more"),
        (X[:2], "2 points span at most 1 of 2 dimensions"),
        (np.tile(X[:1], (5, 1)), "column 0 of x is constant"),
        (X[:, :1] * [1, 2], "the columns of x are collinear"),
    ):
        with pytest.raises(degenerate.Degenerate, match=words):
            run(x, one)


def test_a_transposed_x_is_told_so():
    rng = np.random.default_rng(0)
    for run in (
        lambda: gaussian.fit(X.T, THETA),
        lambda: em.fit(gaussian.model, X.T, THETA),
        lambda: gaussian.m_step(X.T, R),
        lambda: gaussian.random_start(X.T, 2, rng),
        lambda: gaussian.named_starts(X.T, 2),
        lambda: gaussian.e_step(X.T, THETA),
    ):
        with pytest.raises(ValueError, match=r"transposed\? try x\.T"):
            run()


def test_sums_that_are_off_by_little_are_shown_to_be_off():
    with pytest.raises(ValueError, match=r"rows of r must sum to 1, got 0\.999995.* \.\. 0\.999995.*: divide"):
        gaussian.m_step(X, R * (1 - 5e-6))
