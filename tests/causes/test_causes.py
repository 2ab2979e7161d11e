"""Causes: what is found, that it is true, and that nothing is found in a right answer."""

import numpy as np
import pytest
from scipy.special import logsumexp

from emtutor import gaussian, problems
from emtutor.causes import NOTATION, Problem, Quantity, agree, find, quantity, special_cases
from emtutor.causes.special import cases
from emtutor.maths import formulas
from emtutor.problems.worlds import fresh, world

THETA = "x pi mu Sigma"


def made(names=THETA, seed=0):
    return problems.mixture(names, np.random.default_rng(seed))


# ---- truths and wrong answers, written apart from the package's own forms where that is short


def log_joint(x, pi, mu, Sigma):
    return formulas.log_joint(x, pi, mu, Sigma)


def responsibilities(x, pi, mu, Sigma):
    a = log_joint(x, pi, mu, Sigma)
    return np.exp(a - logsumexp(a, axis=1, keepdims=True))


def log_likelihood(x, pi, mu, Sigma):
    return logsumexp(log_joint(x, pi, mu, Sigma), axis=1).sum()


def weighted_away(x, pi, mu, Sigma):
    r = responsibilities(x, pi, mu, Sigma)
    return r.T @ x - r.sum(0)[:, None] * mu


def grad_mu(x, pi, mu, Sigma):
    return np.linalg.solve(Sigma, weighted_away(x, pi, mu, Sigma)[:, :, None])[:, :, 0]


def grad_Sigma(x, pi, mu, Sigma):
    return gaussian.grad_Sigma(x, gaussian.Theta(pi, mu, Sigma))


def scatter(x, pi, mu, Sigma):
    return formulas.scatter(x, responsibilities(x, pi, mu, Sigma), mu)


def m_step(x, r):
    return tuple(formulas.m_step(x, r))


def without_pi(f):
    return lambda x, pi, mu, Sigma: f(x, np.full(len(pi), 1 / len(pi)), mu, Sigma)


WRONG = {
    # name: (answer, truth, words that the best sentence must hold)
    "half": (lambda *a: grad_mu(*a) / 2, grad_mu, ["half the right one"]),
    "minus": (lambda *a: -grad_mu(*a), grad_mu, ["wrong sign"]),
    "Sigma for its inverse": (
        lambda x, pi, mu, Sigma: np.einsum("kab,kb->ka", Sigma, weighted_away(x, pi, mu, Sigma)),
        grad_mu,
        ["Sigma where its inverse belongs"],
    ),
    "no Sigma": (weighted_away, grad_mu, ["Sigma_j", "missing"]),
    "slide": (
        lambda x, pi, mu, Sigma: -np.einsum("kab,kb->ka", Sigma, weighted_away(x, pi, mu, Sigma)) / 2,
        grad_mu,
        ["minus half", "Sigma where its inverse belongs"],
    ),
    "no pi": (without_pi(grad_mu), grad_mu, ["where does pi"]),
    "over R": (
        lambda *a: grad_mu(*a) / responsibilities(*a).sum(0)[:, None],
        grad_mu,
        ["1/R_j"],
    ),
    "r over points": (
        lambda *a: (lambda L: np.exp(L - logsumexp(L, axis=0)))(log_joint(*a)),
        responsibilities,
        ["columns of your result sum to one"],
    ),
    "r unnormalised": (lambda *a: np.exp(log_joint(*a)), responsibilities, ["should sum to 1"]),
    "r naive": (
        lambda *a: (lambda p: p / p.sum(1, keepdims=True))(np.exp(log_joint(*a))),
        responsibilities,
        ["far out", "exp(-45000)"],
    ),
    "no determinant": (
        lambda x, pi, mu, Sigma: responsibilities(x, pi * np.sqrt(np.linalg.det(Sigma)), mu, Sigma),
        responsibilities,
        ["same determinant"],
    ),
    "diagonals only": (
        lambda x, pi, mu, Sigma: responsibilities(x, pi, mu, Sigma * np.eye(x.shape[1])),
        responsibilities,
        ["off-diagonal"],
    ),
    "mean": (lambda *a: log_likelihood(*a) / len(a[0]), log_likelihood, ["1/n times"]),
    "Q": (
        lambda *a: (responsibilities(*a) * log_joint(*a)).sum(),
        log_likelihood,
        ["minus the entropy of the posterior", "missing"],
    ),
    "not summed": (lambda *a: logsumexp(log_joint(*a), axis=1), log_likelihood, ["One number is asked for"]),
    "base 2": (lambda *a: log_likelihood(*a) / np.log(2), log_likelihood, ["base 2"]),
    "no constant": (
        lambda *a: log_likelihood(*a) + a[0].size * np.log(2 * np.pi) / 2,
        log_likelihood,
        ["n d/2 log 2 pi", "missing"],
    ),
    "det sign": (
        lambda x, pi, mu, Sigma: log_joint(x, pi, mu, Sigma) + np.linalg.slogdet(Sigma)[1],
        log_joint,
        ["log det Sigma_j", "wrong sign"],
    ),
    "no log det": (
        lambda x, pi, mu, Sigma: log_joint(x, pi, mu, Sigma) + np.linalg.slogdet(Sigma)[1] / 2,
        log_joint,
        ["half of log det Sigma_j", "missing"],
    ),
    "transposed": (lambda *a: log_joint(*a).T, log_joint, ["transpose"]),
    "exp": (lambda *a: np.exp(log_joint(*a)), log_joint, ["exp of the right one"]),
    "tied": (lambda *a: grad_Sigma(*a) * (2 - np.eye(a[0].shape[1])), grad_Sigma, ["twice too large", "one variable"]),
    "no sandwich, no log det": (lambda *a: -scatter(*a) / 2, grad_Sigma, ["minus half of W_j"]),
    "no log det in gradient": (
        lambda x, pi, mu, Sigma: grad_Sigma(x, pi, mu, Sigma)
        + responsibilities(x, pi, mu, Sigma).sum(0)[:, None, None] * np.linalg.inv(Sigma) / 2,
        grad_Sigma,
        ["R_j times the inverse of Sigma_j", "missing"],
    ),
}  # fmt: skip


def best(answer, truth, given, **options):
    found = find(answer, truth, given, **options)
    return found[0].sentence if found else ""


@pytest.mark.parametrize("name", WRONG)
def test_the_best_finding_names_the_cause(name):
    answer, truth, words = WRONG[name]
    sentence = best(answer, truth, made())
    assert all(word in sentence for word in words), sentence


M_WRONG = {
    "pi = R": (lambda x, r: (r.sum(0), *m_step(x, r)[1:]), "pi", ["mu and Sigma are right", "n times"]),
    "Sigma over n": (
        lambda x, r: (*m_step(x, r)[:2], m_step(x, r)[2] * r.sum(0)[:, None, None] / len(x)),
        "Sigma",
        ["pi and mu are right", "R_j / n"],
    ),
    "diagonal": (
        lambda x, r: (*m_step(x, r)[:2], m_step(x, r)[2] * np.eye(x.shape[1])),
        "Sigma",
        ["everything beside them is 0"],
    ),
    "jitter": (
        lambda x, r: (*m_step(x, r)[:2], m_step(x, r)[2] + 1e-3 * np.eye(x.shape[1])),
        "Sigma",
        ["0.001 times the unit matrix"],
    ),
    "Cholesky": (
        lambda x, r: (*m_step(x, r)[:2], np.linalg.cholesky(m_step(x, r)[2])),
        "Sigma",
        ["Cholesky factor"],
    ),
}


@pytest.mark.parametrize("name", M_WRONG)
def test_of_a_tuple_the_wrong_part_is_named(name):
    answer, part, words = M_WRONG[name]
    found = find(answer, m_step, made("x r"), out={"pi": "k", "mu": "kd", "Sigma": "kdd"})
    assert found[0].part == part
    assert all(word in found[0].sentence for word in words), found[0].sentence


def test_parts_in_the_wrong_order():
    out = {"pi": "k", "mu": "kd", "Sigma": "kdd"}
    swapped = lambda x, r: (m_step(x, r)[1], m_step(x, r)[0], m_step(x, r)[2])
    assert "each other's place" in best(swapped, m_step, made("x r"), out=out)


# ---- nothing but the truth


@pytest.mark.parametrize("truth", [log_joint, responsibilities, log_likelihood, grad_mu, grad_Sigma])
def test_nothing_is_found_in_a_right_answer(truth):
    assert find(lambda *a: truth(*a) * (1 + 1e-12), truth, made()) == []
    assert special_cases(truth, truth, made()) == []


@pytest.mark.parametrize("name", WRONG)
def test_what_is_found_is_found_again_on_other_problems(name):
    """A claim is about the answer, not about the problems that it was found on."""
    answer, truth, _ = WRONG[name]
    first = find(answer, truth, made())
    others = {f.cause for f in find(answer, truth, made(seed=77), seed=5)}
    claims = [f for f in first if f.telling]
    assert all(f.cause in others for f in claims), [f.cause for f in claims if f.cause not in others]


@pytest.mark.parametrize("name", WRONG)
def test_every_special_case_holds_on_fresh_problems_and_only_there(name):
    answer, truth, _ = WRONG[name]
    claimed = {f.objects.get("when") for f in find(answer, truth, made())}
    base = [world(p) for p in made(seed=123)[1:3]]
    rng = np.random.default_rng(9)
    for case in cases(base[0]):
        if case.when not in claimed:
            continue
        for w in base * 10:
            drawn = fresh(w, rng)
            inside = case.change(drawn, rng).problem()
            assert agree(answer(*inside.args.values()), truth(*inside.args.values())), case
            outside = drawn.problem()
            assert not agree(answer(*outside.args.values()), truth(*outside.args.values())), case


def test_random_wrong_answers_are_told_nothing_false():
    """Sums of right and wrong pieces that no table knows: whatever case is claimed must hold elsewhere too."""
    rng = np.random.default_rng(4)
    for seed in range(15):
        c = rng.uniform(0.3, 2.0, 4)

        def answer(x, pi, mu, Sigma, c=c, seed=seed):
            S = Sigma * np.where(np.eye(x.shape[1]) == 1, 1, c[0] if seed % 3 == 0 else 1)
            w = pi ** (c[1] if seed % 3 == 1 else 1)
            r = responsibilities(x, w / w.sum(), mu, S)
            extra = c[2] * mu * (seed % 3 == 2)
            return np.linalg.solve(Sigma, (r.T @ x - r.sum(0)[:, None] * mu)[:, :, None])[:, :, 0] + extra

        claimed = {f.objects.get("when") for f in find(answer, grad_mu, made(seed=seed))}
        base = world(made(seed=1000 + seed)[1])
        for case in cases(base):
            if case.when in claimed:
                for _ in range(5):
                    inside = case.change(fresh(base, rng), rng).problem()
                    assert agree(answer(*inside.args.values()), grad_mu(*inside.args.values())), (seed, case.slug)


def test_the_weakest_case_is_reported():
    """Wrong for unequal determinants: nothing is said of the stronger cases in which it is right as well."""
    answer, truth, _ = WRONG["no determinant"]
    held = special_cases(answer, truth, made())
    assert "all Sigma_j have the same determinant" in held
    assert "all Sigma_j are equal" not in held
    assert "Sigma_j is the unit matrix" not in held
    assert "there is only one component (k = 1)" not in held


def test_special_cases_of_a_broken_line():
    right = lambda x, pi, mu, Sigma: np.linalg.inv(Sigma)
    assert special_cases(lambda x, pi, mu, Sigma: 1 / Sigma, right, made()) == ["d = 1"]
    held = special_cases(lambda x, pi, mu, Sigma: Sigma, right, made())
    assert held == ["Sigma_j is the unit matrix"]


# ---- robust and fast


def test_an_answer_that_fails_is_no_accident():
    def raises(*_):
        raise RuntimeError("no")

    find(raises, grad_mu, made())
    find(lambda *a: None, grad_mu, made())
    find(lambda *a: "text", grad_mu, made())
    find(lambda *a: np.full(3, np.nan), grad_mu, made())
    find(lambda *a: (1, 2, 3), grad_mu, made())
    find(lambda *a: np.zeros((2, 3, 4, 5)), grad_mu, made())


STRANGE = {
    "nan": lambda t: np.full(t.shape, np.nan),
    "one nan": lambda t: np.where(np.arange(t.size).reshape(t.shape) == 0, np.nan, t),
    "inf": lambda t: np.full(t.shape, np.inf),
    "one inf": lambda t: np.where(np.arange(t.size).reshape(t.shape) == 0, -np.inf, t),
    "zeros": lambda t: np.zeros(t.shape),
    "ones": lambda t: np.ones(t.shape),
    "whole numbers": lambda t: np.round(t).astype(int),
    "huge": lambda t: t * 1e300,
    "tiny": lambda t: t * 1e-300,
    "shuffled": lambda t: np.random.default_rng(0).permutation(t.ravel()).reshape(t.shape),
    "empty": lambda t: np.zeros(0),
    "empty rows": lambda t: np.zeros((0, 3)),
    "scalar": lambda t: 3.5,
    "booleans": lambda t: t > 0,
    "complex": lambda t: t + 1j,
    "many axes": lambda t: np.zeros((1, 2, 1, 2, 1)),
    "more rows": lambda t: np.concatenate([np.atleast_1d(t)] * 2),
    "objects": lambda t: np.array([None, "a"], dtype=object),
    "a dict": lambda t: {"a": 1},
    "ragged": lambda t: [[1.0], [1.0, 2.0]],
}


@pytest.mark.parametrize("truth", [log_joint, log_likelihood, grad_Sigma, m_step])
@pytest.mark.parametrize("how", STRANGE)
def test_strange_answers_are_met_with_calm(how, truth):
    names = "x r" if truth is m_step else THETA
    out = {"pi": "k", "mu": "kd", "Sigma": "kdd"} if truth is m_step else None

    def answer(*args):
        t = truth(*args)
        return tuple(STRANGE[how](u) for u in t) if isinstance(t, tuple) else STRANGE[how](np.asarray(t))

    for finding in find(answer, truth, made(names), out=out):
        assert finding.sentence.endswith((".", "?"))


def test_inputs_are_not_written_to():
    given = made()
    before = [p.args["mu"].copy() for p in given]

    def writes(x, pi, mu, Sigma):
        mu += 1
        return mu

    find(writes, grad_mu, given)
    assert all(np.array_equal(a, p.args["mu"]) for a, p in zip(before, given, strict=True))


def test_the_same_answer_gets_the_same_words():
    answer, truth, _ = WRONG["no pi"]
    assert find(answer, truth, made()) == find(answer, truth, made())


# ---- notation


def test_notation_by_axes_and_override():
    assert quantity("mu", np.zeros((3, 2))).axes == "kd"
    assert quantity("mu", np.zeros(2)).axes == "d"
    assert quantity("mu", np.zeros(2), {"mu": "k"}).axes == "k"
    assert quantity("S0", np.eye(2)).kind == "spd"
    assert quantity("S0", np.ones(2)).kind == "positive"
    assert quantity("nobody", 1).kind == "opaque"
    own = Quantity("n", "counts")
    assert quantity("x", np.arange(3), {"x": own}) is own


def test_every_name_of_the_notation_has_a_kind_that_is_known():
    known = {
        *("real", "points", "means", "centre", "spd", "negative", "simplex", "onehot", "labels", "log", "logsimplex"),
        *("positive", "above1", "chance", "counts", "size", "opaque", "tuple"),
    }
    for name, q in NOTATION.items():
        for alternative in q if isinstance(q[0], Quantity) else (q,):
            assert alternative.kind in known, name


def test_numbers_without_arrays():
    given = [Problem("one", {"y": np.array([125.0, 18, 20, 34]), "theta": 0.4})]
    truth = lambda y, theta: y[0] * theta / (2 + theta)
    assert "twice" in best(lambda y, theta: 2 * y[0] * theta / (2 + theta), truth, given)
