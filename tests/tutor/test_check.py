"""check: right answers in unusual forms pass, wrong and hostile ones get a verdict and a true sentence."""

import asyncio
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from emtutor import check, hint, progress, solution
from emtutor.causes import FAMILIES
from emtutor.desk import notebooks
from emtutor.tutor import wording
from emtutor.tutor.exercise import find

RIGHT = find("e_step").solution


def wrong(x, pi, mu, Sigma):
    return np.full((len(x), len(pi)), 0.3)


def judged(answer):
    feedback = check(answer, "e_step")
    assert feedback.exercise == "e_step"
    assert feedback.head in str(feedback)
    assert feedback._repr_html_().count("<div") == feedback._repr_html_().count("</div>")
    return feedback


# ---- right ones


def by_loops(x, pi, mu, Sigma):
    rows = []
    for xi in x:
        logs = []
        for pj, mj, Sj in zip(pi, mu, Sigma, strict=True):
            P, away = np.linalg.inv(Sj), xi - mj
            squared = sum(away[a] * P[a, b] * away[b] for a in range(len(xi)) for b in range(len(xi)))
            logs.append(float(np.log(pj) - 0.5 * np.log(np.linalg.det(Sj)) - 0.5 * squared))
        top = max(logs)
        total = sum(np.exp(v - top) for v in logs)
        rows.append([np.exp(v - top) / total for v in logs])
    return rows


def by_scipy(x, pi, mu, Sigma):
    from scipy.special import softmax
    from scipy.stats import multivariate_normal

    a = [np.log(p) + np.atleast_1d(multivariate_normal(m, S).logpdf(x)) for p, m, S in zip(pi, mu, Sigma, strict=True)]
    return softmax(np.array(a).T, axis=1)


class Sub(np.ndarray):
    """Lies wherever it is asked; its numbers are what counts."""

    def __eq__(self, other):
        return np.ones(np.ndarray.__getattribute__(self, "size"), bool)

    def __array_ufunc__(self, *args, **kwargs):
        return np.zeros(3)

    def __array_function__(self, *args, **kwargs):
        return True

    def __getattribute__(self, name):
        if name in ("shape", "view", "copy"):
            raise ValueError("nothing to see")
        return super().__getattribute__(name)


@pytest.mark.parametrize(
    "answer",
    [
        by_loops,
        by_scipy,
        lambda *a: RIGHT(*a).astype(object),
        lambda *a: np.ma.masked_array(RIGHT(*a)),
        lambda *a: RIGHT(*a).view(Sub),
        lambda *a: [np.float32(row) for row in RIGHT(*a)],
        lambda x, weights, centres, covariances: RIGHT(x, weights, centres, covariances),
        lambda x, pi, mu, Sigma, verbose=False: RIGHT(x, pi, mu, Sigma),
    ],
    ids=["loops", "scipy", "objects", "masked nowhere", "lying subclass", "float32 rows", "other names", "default"],
)
def test_right_in_unusual_forms(answer):
    assert judged(answer).status == "correct", judged(answer)


def test_print_is_shown_and_not_punished():
    def answer(*args):
        print("<b>", args[0].shape)
        return RIGHT(*args)

    feedback = judged(answer)
    assert feedback
    assert "<b> (4, 2)" in feedback.message
    assert "&lt;b&gt;" in feedback._repr_html_()


def test_writing_to_arguments_is_told():
    def answer(x, pi, mu, Sigma):
        r = RIGHT(x, pi, mu, Sigma)
        x -= 1
        return r

    assert "writes into its argument x" in judged(answer).message


# ---- wrong and hostile ones: (answer, status, what the message must say)


def memoised(*args, memory=[]):  # noqa: B006
    memory.append(RIGHT(*args))
    return memory[0]


def drifting(*args, count=[0]):  # noqa: B006
    count[0] += 1
    return RIGHT(*args) * (1 + 1e-3 * (count[0] % 8 == 0))


def generator(*args):
    yield from RIGHT(*args)


async def coroutine(*args):
    return RIGHT(*args)


def a_coroutine(*args):
    return coroutine(*args)


def a_class(*args):
    return Sub


class Liar:
    def __init__(self, a):
        self.a = a

    def __array__(self, *args, **kwargs):
        return self.a

    def __eq__(self, other):
        return True

    __hash__ = None


class LyingClass(Liar):
    """An array to isinstance, and to nobody else."""

    __class__ = np.ndarray


class LyingFloat(float):
    def __float__(self):
        return 0.5


class Silent(Exception):
    def __str__(self):
        raise ValueError


def silent(*args):
    raise Silent


def scripted(*args):
    raise RuntimeError("<script>alert(1)</script>")


def deep(*args):
    return deep(*args)


def selfish(*args):
    a = []
    a.append(a)
    return a


def in_frames(x, pi, mu, Sigma):
    """Looks for anything that could be the solution, or a right value, in the frames that called it."""
    frame = sys._getframe(1)
    while frame is not None:
        for value in list(frame.f_locals.values()):
            if hasattr(value, "solution"):
                return value.solution(x, pi, mu, Sigma)
            if isinstance(value, np.ndarray) and value.shape == (len(x), len(pi)) and np.allclose(value.sum(1), 1):
                return value
        frame = frame.f_back
    return wrong(x, pi, mu, Sigma)


def exits(*args):
    sys.exit(1)


def big(*args):
    return np.ones((10**6, 10**6))


def nothing(*args):
    RIGHT(*args)


def dots(*args):
    r = ...
    return r


def parted(x, pi, mu, Sigma):
    r = RIGHT(x, pi, mu, Sigma)
    return np.ma.masked_array(r, mask=r < 0.5)


def hole(*args):
    r = RIGHT(*args)
    r[0] = np.nan
    return r


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        (memoised, "incorrect", "shape"),
        (drifting, "incorrect", "Called twice"),
        (generator, "incorrect", "a generator"),
        (coroutine, "error", "async def"),
        (a_coroutine, "incorrect", "a coroutine"),
        (a_class, "incorrect", "returned a class"),
        (lambda *a: Liar(RIGHT(*a)), "incorrect", "an object of type Liar"),
        (lambda *a: LyingClass(RIGHT(*a)), "incorrect", "an object of type LyingClass"),
        (lambda *a: [[LyingFloat(7)] * 2] * 4, "incorrect", "LyingFloat"),
        (lambda *a: wrong(*a).view(Sub), "incorrect", ""),
        (lambda *a: RIGHT(*a) + 0j, "incorrect", "complex"),
        (lambda *a: np.array([object()] * 4), "incorrect", "object"),
        (lambda *a: RIGHT(*a).T, "incorrect", "Transposed?"),
        (lambda *a: RIGHT(*a)[:, :, None], "incorrect", "One axis of length 1 is too much"),
        (lambda *a: RIGHT(*a).sum(1), "incorrect", "Which axis got lost (k = 2)"),
        (lambda *a: "<b>r</b>", "incorrect", "text"),
        (lambda *a: {"r": 1}, "incorrect", "dict"),
        (lambda *a: [[1.0], [1.0, 2.0]], "incorrect", "differ in shape"),
        (lambda *a: [[10**400] * 2] * 4, "incorrect", "too large"),
        (lambda *a: np.linalg.inv, "incorrect", "a function"),
        (parted, "incorrect", "masked array, in which 4 of 8"),
        (hole, "incorrect", "2 of 8 entries are NaN"),
        (lambda *a: RIGHT(*a) * np.inf, "incorrect", "inf"),
        (nothing, "incorrect", "is a `return` missing?"),
        (dots, "incorrect", "still to be written"),
        (selfish, "incorrect", "contains itself"),
        (in_frames, "incorrect", ""),
        (silent, "error", "could not be read"),
        (scripted, "error", "<script>"),
        (deep, "error", "RecursionError"),
        (exits, "error", "tried to exit"),
        (big, "error", "MemoryError"),
        (lambda *a: RIGHT(*a) + 1e-4, "incorrect", ""),
    ],
    ids=lambda v: getattr(v, "__name__", None),
)
def test_hostile_answers(answer, status, says):
    feedback = judged(answer)
    assert feedback.status == status
    assert not feedback
    assert says in feedback.message, feedback
    assert "<script>" not in feedback._repr_html_()
    assert len(feedback.message) < 1200


# ---- wrong answers that no record names: (exercise, answer, what the message must say)


def squared(x, mu):
    return ((x[:, None] - mu) ** 2).sum(2)


def soft(a):
    e = np.exp(a - a.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def joint(*args):
    return find("log_joint").solution(*args)


def covariances(x, r):
    return find("update_Sigma").solution(x, r, r.T @ x / r.sum(0)[:, None])


def returns_early(x, pi, mu, Sigma):
    total = 0.0
    for row in joint(x, pi, mu, Sigma):
        total += np.logaddexp.reduce(row)
        return total


def in_whole_numbers(x, labels, k):
    mu = np.zeros((k, x.shape[1]), int)
    for j in range(k):
        mu[j] = x[labels == j].mean(0)
    return mu


NAMELESS = [
    ("normalise", lambda a: np.round(a / a.sum(1, keepdims=True), 2), "rounded to 2 decimals"),
    ("normalise", lambda a: a / a[0].sum(), "should sum to 1"),
    ("normalise", lambda a: a // a.sum(1, keepdims=True), "does // cut something off"),
    ("assign", lambda x, mu: np.zeros(len(x), int), "is 0, on every problem"),
    ("update_means", in_whole_numbers, "cut off to whole numbers"),
    ("update_means", lambda x, l, k: np.array([x[l == j].sum(0) / (1 + (l == j).sum()) for j in range(k)]), "j + 1"),
    ("distortion", lambda x, mu, labels: (x - mu[labels]).sum() ** 2, "summed before it is squared"),
    ("distortion", lambda x, mu, labels: ((x - mu[labels])[:-1] ** 2).sum(), "without the last point"),
    ("soft_assign", lambda x, mu, beta: soft(-2 * squared(x, mu) / beta), "to the power 4"),
    (
        "soft_assign",
        lambda x, mu, beta: soft(-squared(x, mu) / (2 * beta)) / (1 + 1e-6 * x[:, :1] ** 2),
        "almost right",
    ),
    ("log_gaussian", lambda x, mu, S: joint(x, np.ones(1), mu[None], S[None])[:, 0] + np.log(2) * len(mu) / 2, "log 2"),
    ("log_joint", lambda x, pi, mu, S: joint(x, pi / len(x), mu, S), "log n"),
    ("log_likelihood", returns_early, "the first point alone"),
    ("log_likelihood", lambda *a: np.log(np.exp(joint(*a)).sum(1) + 1e-10).sum(), "small number"),
    ("responsibilities", lambda *a: soft(joint(*a) / 2), "to the power 0.5"),
    ("update_mu", lambda x, r: r.T @ x / (r.sum(0)[:, None] + 1), "R_j + 1"),
    ("update_pi", lambda r: soft(r.mean(0)[None])[0], "a softmax of the right one"),
    ("grad_lagrangian", lambda *a: find("grad_lagrangian").solution(*a) - 1, "minus 1, in every entry"),
    ("match_labels", lambda a, b: np.eye(len(a)), "These are one-hot rows"),
    ("update_Sigma", lambda x, r, mu: find("update_Sigma").solution(x, r, mu) / 2, "half the right one"),
    (
        "update_Sigma",
        lambda x, r, mu: np.tile(find("update_Sigma").solution(x, r, mu).mean(0), (len(mu), 1, 1)),
        "mean",
    ),
    ("grad_pi", lambda *a: soft(joint(*a)).sum(0) / (a[1] + 1e-6), "1e-06"),
    ("grad_lagrangian", lambda *a: find("grad_lagrangian").solution(*a) - len(a[0]), "minus n"),
    ("m_step", lambda x, r: (r.mean(0), r.T @ x / len(x) * 2, covariances(x, r)), "pi and Sigma are right"),
    ("kl", lambda q, p: find("kl").solution(q, p) / np.log(10), "base 10"),
    ("free_energy", lambda a, q: find("free_energy").solution(a, q) - find("entropy").solution(q), "once too often"),
    ("log_partition", lambda a, b: find("log_partition").solution(a, b) + len(a) / 2 * np.log(2), "d/2 log 2"),
    ("aitken", lambda t: t[-2] - (t[-1] - t[-2]) ** 2 / (t[-1] - 2 * t[-2] + t[-3]), "thetas[-2] in the place of"),
    (
        "theta_from_statistics",
        lambda a, b, c: find("theta_from_statistics").solution(a, b, 2 * c),
        "pi and mu are right",
    ),
]


@pytest.mark.parametrize(("name", "answer", "says"), NAMELESS)
def test_a_cause_that_no_record_holds_is_told(name, answer, says):
    feedback = check(answer, name)
    assert feedback.status == "incorrect"
    assert feedback.mistake in (None, *FAMILIES)
    assert says in feedback.message, feedback


def test_nothing_is_called_ignored_that_matters_for_a_larger_change():
    """Hard counts stay for a small change of Sigma, labels for a small change of x."""
    hard = lambda *a: np.eye(len(a[1]))[joint(*a[:4]).argmax(1)].sum(0) / a[1] + a[4]
    for name, answer in (
        ("grad_lagrangian", hard),
        ("assign", lambda x, mu: np.abs(x[:, None] - mu).max(2).argmax(1)),
        ("distortion", lambda x, mu, labels: (x - mu[labels]).sum() ** 2),
    ):
        assert "does not change" not in check(answer, name).message


def test_a_sample_draws_from_the_rng_it_is_given():
    solved = find("sample").solution
    own = check(lambda n, pi, mu, Sigma, rng: solved(n, pi, mu, Sigma, np.random.default_rng(0)), "sample")
    assert own.mistake == "own-random-numbers"

    def by_counts(n, pi, mu, Sigma, rng):
        count = np.diff(np.round(np.cumsum([0, *pi]) * n)).astype(int)
        x = [rng.multivariate_normal(m, S, size=c) for m, S, c in zip(mu, Sigma, count, strict=True)]
        mixed = rng.permutation(n)
        return np.vstack(x)[mixed], np.repeat(np.eye(len(pi)), count, axis=0)[mixed]

    assert check(by_counts, "sample").mistake == "fixed-counts"

    def by_drawn_counts(n, pi, mu, Sigma, rng):
        count = rng.multinomial(n, pi)
        x = [rng.multivariate_normal(m, S, size=c) for m, S, c in zip(mu, Sigma, count, strict=True)]
        return np.vstack(x), np.repeat(np.eye(len(pi)), count, axis=0)

    assert check(by_drawn_counts, "sample").mistake == "sorted-labels"


def test_error_shows_her_own_line_and_the_problem():
    def e_step(x, pi, mu, Sigma):
        away = x - mu
        return np.linalg.solve(Sigma, away)

    feedback = check(e_step)
    assert feedback.status == "error"
    assert "away = x - mu" in feedback.message
    assert "hand-sized (x (4, 2), pi (2,), mu (2, 2), Sigma (2, 2, 2))" in feedback.message


def _sum_before_it_is_there(x):
    for x_i in x:
        total = total + x_i  # noqa: F821
    return total


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda x: exp(x), "is `np.` missing"),  # noqa: F821
        (lambda x: math.exp(x), "those of NumPy"),
        (lambda x: x if x > 0 else -x, "Many numbers are not one yes or no"),
        (lambda x: x.sort() * 2, "None stands where a number"),
        (lambda x: x(0), "are square ones meant"),
        (lambda x: x.log(), "called as `np.log(a)`"),
        (lambda x: x.tolist()[99], "fewer parts than that"),
        (lambda x: x[:, 99], "An axis of length m"),
        (lambda x: x[0.5], "An index must be a whole number"),
        (lambda x: x + np.ones(7), "shapes up from the right"),
        (lambda x: x @ np.ones(7), "the last axis of A"),
        (lambda x: np.zeros(4, 2), "A shape is one argument"),
        (lambda x: np.array([[1, 2], [3]]), "not all of one length"),
        (lambda x: np.linalg.inv(x), "Only a square matrix"),
        (lambda x: np.linalg.inv(0 * np.eye(2)), "A matrix without inverse"),
        (lambda x: np.sum(x, axes=1), "called axis and keepdims"),
        (_sum_before_it_is_there, "read before a line has given it a value"),
    ],
)
def test_frequent_errors_are_explained(answer, sentence):
    """What NumPy and Python say changes with their versions: each error is raised here, none is typed."""
    feedback = check(lambda x, pi, mu, Sigma: answer(x), "e_step")
    assert feedback.status == "error"
    assert sentence in feedback.message


def test_named_mistakes_survive_an_overflow():
    """A forgotten prior, and besides 0/0 far out: the prior is named."""

    def answer(x, pi, mu, Sigma):
        d = x.shape[1]
        away = x[:, None] - mu
        squared = np.einsum("nka,kab,nkb->nk", away, np.linalg.inv(Sigma), away)
        density = np.exp(-squared / 2) / np.sqrt((2 * np.pi) ** d * np.linalg.det(Sigma))
        return density / density.sum(axis=1, keepdims=True)

    feedback = judged(answer)
    assert feedback.mistake == "uniform"
    assert "the role of the prior?" in feedback.message


def test_outputs_in_another_order():
    solved = find("m_step").solution
    feedback = check(lambda x, r: solved(x, r)[::-1], "m_step")
    assert "yours are Sigma, mu, pi" in feedback.message
    doubled = check(lambda x, r: tuple(2 * v for v in solved(x, r)[::-1]), "m_step")
    assert "yours look like Sigma, mu, pi" in doubled.message
    assert "3 results are expected" in check(lambda x, r: tuple(2 * v for v in solved(x, r)[:2]), "m_step").message
    assert "Its mu is None" in check(lambda x, r: (solved(x, r)[0], None, solved(x, r)[2]), "m_step").message


def test_jitter_is_recognised_whatever_its_size():
    solved = find("m_step").solution

    def answer(x, r, size):
        pi, mu, Sigma = solved(x, r)
        return pi, mu, Sigma + size * np.eye(x.shape[1])

    for size in (1e-8, 1e-6, 1e-3, 0.1):
        feedback = check(lambda x, r, size=size: answer(x, r, size), "m_step")
        assert feedback.mistake == "Sigma-jitter", size


def test_algorithms_are_judged_by_their_contract():
    """Whether the first iteration is compared with the start's log p is left open."""
    e, m = find("e_step").solution, find("m_step").solution

    def answer(x, pi, mu, Sigma, tol, max_iter):
        from scipy.stats import multivariate_normal

        def total(pi, mu, Sigma):
            joint = [np.log(p) + multivariate_normal(a, S).logpdf(x) for p, a, S in zip(pi, mu, Sigma, strict=True)]
            return np.logaddexp.reduce(joint, axis=0).sum()

        path, before = [], total(pi, mu, Sigma)
        while len(path) < max_iter:
            pi, mu, Sigma = m(x, e(x, pi, mu, Sigma))
            path.append(total(pi, mu, Sigma))
            if abs(path[-1] - before) < tol:
                break
            before = path[-1]
        return pi, mu, Sigma, path

    assert check(answer, "em_fit"), check(answer, "em_fit")


@pytest.mark.parametrize(
    ("name", "spoil", "says"),
    [
        ("em_fit", lambda pi, mu, Sigma, path: (pi, mu[None], Sigma, path), "mu has shape"),
        ("em_fit", lambda pi, mu, Sigma, path: (pi, mu, Sigma, np.array(path)[:, None]), "log_likelihoods has shape"),
        ("em_fit", lambda pi, mu, Sigma, path: (pi, mu * np.nan, Sigma, path), "of mu are NaN"),
        ("em_fit", lambda pi, mu, Sigma, path: (pi, mu, Sigma, []), "is empty"),
        ("em_fit", lambda pi, mu, Sigma, path: (pi, mu, Sigma, path[:-1]), ""),
        ("em_fit", lambda pi, mu, Sigma, path: (pi, mu, Sigma, [*path, path[-1]]), "for at most"),
        ("sample", lambda x, z: (x * np.nan, z), "NaN"),
        ("sample", lambda x, z: (x, z * np.nan), "NaN"),
        ("sample", lambda x, z: (x[:-1], z[:-1]), "shape"),
        ("match_labels", lambda *p: np.array(p) + 0.5, "whole numbers"),
        ("match_labels", lambda *p: np.array(p) * np.nan, "NaN"),
        ("unweighted_counterexample", lambda *p: np.full(3, np.nan), "NaN"),
        ("unweighted_counterexample", lambda *p: [np.inf, 1.0], "inf"),
        ("gem_step", lambda *mu: np.array(mu) * np.nan, "NaN"),
    ],
)
def test_a_judge_of_its_own_lets_no_shape_and_no_nan_pass(name, spoil, says):
    solved = find(name).solution
    feedback = check(lambda *args: spoil(*solved(*args)), name)
    assert feedback.status == "incorrect", feedback
    assert says in feedback.message, feedback


def test_match_labels_accepts_any_best_permutation():
    from itertools import permutations

    def answer(mu_a, mu_b):
        k = len(mu_a)
        return list(min(permutations(range(k)), key=lambda p: ((mu_a[list(p)] - mu_b) ** 2).sum()))

    assert check(answer, "match_labels")
    assert check(lambda a, b: np.argsort(answer(a, b)), "match_labels").mistake == "inverse"


# ---- what is no answer at all


@pytest.mark.parametrize("thing", [5, None, "e_step", np.ones(3), [RIGHT], asyncio])
def test_not_a_function(thing):
    for feedback in (check(thing), check(thing, "e_step")):
        assert feedback.status == "error"
        assert "check takes the function itself" in feedback.message


class Contrary:
    """Callable, and nothing can be asked of it."""

    def __call__(self, *args):
        return RIGHT(*args)

    def __getattribute__(self, name):
        raise RuntimeError(f"no {name}")


def test_an_object_that_answers_no_question():
    for feedback in (check(Contrary()), check(Contrary(), "e_step")):
        assert feedback.status in ("error", "correct")


def test_names():
    assert "did you mean e_step?" in check(RIGHT, "e_stp").message
    assert "has no name" in check(lambda x: x).message
    assert "is a class" in check(Sub, "e_step").message

    def e_step(x, pi):
        return x

    assert "e_step takes x, pi, mu, Sigma; yours takes x, pi" in check(e_step).message

    def e_step(x, mu, pi, Sigma):
        return x

    assert "in this order; yours takes x, mu, pi, Sigma" in check(e_step).message

    def e_step(x, pi, mu, Sigma):
        raise NotImplementedError

    assert check(e_step).status == "unattempted"


def test_feedback_is_the_same_every_time():
    def answer(*args):
        return RIGHT(*args) ** 2

    first, second = check(answer, "e_step"), check(answer, "e_step")
    assert repr(first) == repr(second)
    assert first._repr_html_() == second._repr_html_()


# ---- hint, solution, progress


def test_hints_come_one_by_one_and_lead_on(tmp_path, monkeypatch):
    monkeypatch.setenv("EMTUTOR_HOME", str(tmp_path))
    hints = find("m_step").hints
    for number, text in enumerate(hints, 1):
        said = hint("m_step")
        assert said.sentences == text
        assert f"hint {number} of {len(hints)}" in str(said)
    after = str(hint("m_step"))
    assert all(text in after for text in hints)
    assert "05-em" in after
    assert "By hand" in after
    assert "solution('m_step')" in after
    for ask in (hint, solution):
        assert "did you mean m_step?" in str(ask("mstep"))


def test_a_hint_that_nobody_has_seen_is_not_used_up(tmp_path, monkeypatch):
    monkeypatch.setenv("EMTUTOR_HOME", str(tmp_path))
    for _ in range(3):
        hint("m_step")
    said = hint("m_step")
    assert "hint 1 of" in said._repr_html_()
    assert "hint 1 of" in str(said), "in another form it is still the same"
    assert "hint 2 of" in str(hint("m_step"))


def test_solution_after_a_confirmation_or_once_solved(tmp_path, monkeypatch):
    monkeypatch.setenv("EMTUTOR_HOME", str(tmp_path))
    assert "def m_step" not in str(solution("m_step"))
    assert "def m_step" in str(solution("m_step", sure=True))
    assert "def e_step" not in str(solution("e_step"))
    assert check(RIGHT)
    assert "def e_step" in str(solution("e_step"))


def test_progress_lists_lessons_with_bars(tmp_path, monkeypatch):
    monkeypatch.setenv("EMTUTOR_HOME", str(tmp_path))
    assert "0 of" in str(progress())
    check(RIGHT)
    check(wrong, "m_step")
    now = progress()
    assert now.solved == 1
    assert "05-em" in str(now)
    assert "#..." in str(now)
    html = now._repr_html_()
    assert "e_step: solved" in html
    assert "m_step: tried" in html
    assert 'aria-label="1 of 4 solved"' in html


def test_a_part_that_is_nan_now_and_then_is_named_and_others_that_are_wrong_everywhere_come_first():
    def gain(log_joint, q_old):
        log_p = np.logaddexp.reduce(log_joint, axis=1).sum()
        return log_p - np.sum(q_old * (log_joint - np.log(q_old)))

    with np.errstate(all="ignore"):
        alone = check(lambda log_joint, q_old: (gain(log_joint, q_old), 0, -gain(log_joint, q_old)), "e_step_gains")
        more = check(lambda log_joint, q_old: (gain(log_joint, q_old), gain(log_joint, q_old), 0), "e_step_gains")
    assert alone.message.startswith("gain_L is NaN")
    assert "zeros and tiny entries in r" in alone.message
    assert more.message.startswith("First look at gain_log_p.")


def test_nan_on_nearly_all_problems_is_told_and_not_the_error_on_the_others():
    with np.errstate(all="ignore"):
        twice = check(lambda log_joint, q: np.sum(q * np.log(log_joint / q)), "elbo")
        single = check(lambda log_p, q: np.sum(q * np.log(log_p / q)), "lower_bound")
    assert twice.message.startswith("It is NaN.")
    assert single.message.startswith("It is NaN.")


def test_a_number_in_an_array_counts_by_its_value():
    boxed = check(lambda x, mu, labels: np.array([[((x - mu[labels]) ** 2).sum()]]), "distortion")
    assert boxed
    assert "inside an array" in str(boxed)


def test_single_precision_inside_is_right_as_far_as_it_goes_and_a_small_number_added_is_not():
    def single(x, pi, mu, Sigma):
        return find("grad_mu").solution(*(a.astype("f4") for a in (x, pi, mu, Sigma))).astype(float)

    def added(x, pi, mu, Sigma):
        return find("grad_mu").solution(x, pi, mu, Sigma + 1e-6 * np.eye(x.shape[1]))

    assert check(single, "grad_mu")
    assert not check(added, "grad_mu")
    assert not check(lambda *a: np.round(find("grad_mu").solution(*a), 4), "grad_mu")


def test_an_exercise_without_arguments_speaks_of_no_problems():
    assert "problem" not in check(lambda: [3, 3], "unweighted_counterexample").message
    assert "The problem" not in check(lambda: [0.5, 2.0], "unweighted_counterexample").message


# ---- the way to the NumPy clinic


@pytest.mark.parametrize(
    ("name", "answer", "section"),
    [
        ("update_mu", lambda x, r: (r.T @ x) / r.sum(0), "2: keepdims"),
        ("update_mu", lambda x, r: r @ x / r.sum(0)[:, None], "3: reshape and transpose"),
        ("log_gaussian", lambda x, mu, Sigma: np.sum(x - mu, axis=0), ""),
        ("tightest_q", lambda log_p: np.exp(log_p) / np.exp(log_p).sum(), "6: log-sum-exp"),
        ("update_pi", lambda r: r.sum(1) / len(r), "1: axes"),
        ("update_pi", lambda r: r.sum(0), ""),
        ("below_the_largest", lambda log_joint: log_joint - log_joint.max(1), ""),
    ],
)  # fmt: skip
def test_an_answer_whose_axes_are_wrong_is_sent_to_the_clinic_once_and_not_from_there(name, answer, section):
    message = check(answer, name).message
    assert re.findall(r"NumPy clinic, section (.*)\.", message) == [section] * bool(section), message


def test_the_clinic_has_the_sections_that_are_named():
    path = Path(__file__).parents[2] / "notebooks" / f"{wording.CLINIC}.ipynb"
    headings = re.findall(r"^## (\d.*)$", "\n".join(c.source for c in notebooks.read(path).cells), re.M)
    assert tuple(headings) == wording.CLINIC_SECTIONS
    assert {key.split(":")[0] for key in wording.SECTION_OF_CAUSE} <= set(FAMILIES)
