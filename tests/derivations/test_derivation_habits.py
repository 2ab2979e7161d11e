"""Lines that are false only where a generator of problems has a habit, and true lines in other forms.

A habit is a change of arguments that alters nothing on tame problems: probabilities are never below 0.01, there are at
most 40 points, lambda is negative. The formulas of each chain are computed with each habit that concerns them, and one
of them at least must differ on the chain's own problems. `HARMLESS` says where none can.
"""

# ruff: noqa: E501 (one line of a chain a line)

import inspect
from collections.abc import Callable
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
from scipy.special import entr, logsumexp, rel_entr, softmax

from emtutor import derivations
from emtutor.derivations.engine import Numerical, call, compare, values
from emtutor.desk import notebooks

COURSE = Path(__file__).parents[2] / "notebooks"


# ---- habits: {argument: what a function with the habit takes for it}


def at_least(low):
    return lambda v: np.maximum(v, low)


def at_most(high):
    return lambda v: np.minimum(v, high)


def first(count, axis=0):
    """The later ones counted as the last of the first."""
    return lambda v: np.take(v, np.minimum(np.arange(np.shape(v)[axis]), count - 1), axis)


def well_conditioned(Sigma):
    """Eigenvalues below 1e-4 of the largest cut, as pinv(Sigma, 1e-4) cuts them."""
    values, vectors = np.linalg.eigh(Sigma)
    return vectors * np.maximum(values, 1e-4 * values[..., -1:])[..., None, :] @ vectors.swapaxes(-1, -2)


def within_row(v):
    """A log-joint whose smaller terms are at most 20 below the largest."""
    return np.maximum(v, np.max(v, axis=-1, keepdims=True) - 20)


HABITS: dict[str, dict[str, Callable]] = {
    "no probability below 0.01": dict.fromkeys(("pi", "q", "r", "p", "w", "q1", "q2"), at_least(0.01))
    | dict.fromkeys(("log_pi", "log_A"), at_least(np.log(0.01))),
    "no probability below 1e-6": dict.fromkeys(("q", "p", "q1", "q2"), at_least(1e-6)),
    "at most 40 points": dict.fromkeys(("x", "r", "q", "p", "z", "log_joint", "log_joint_new"), first(40)),
    "at most 4 dimensions": {"x": first(4, 1), "mu": first(4, 1)},
    "at most 4 components": dict.fromkeys(("mu", "Sigma", "R", "A"), first(4)),
    "at most 8 times": {"log_B": first(8)},
    "condition numbers below 1e4": {"Sigma": well_conditioned},
    "x above -1e4": dict.fromkeys(("x", "mu"), at_least(-1e4)),
    "x below 1e4 in size": {"x": lambda v: np.clip(v, -1e4, 1e4)},
    "x positive": {"x": np.abs},
    "lambda negative": {"lam": lambda v: -np.abs(v)},
    "alpha above one": {"alpha": at_least(1.0)},
    "T at most 10": {"T": at_most(10.0)},
    "T at least one": {"T": at_least(1.0)},
    "no term far below the others": dict.fromkeys(("log_joint", "log_joint_old", "log_joint_new", "log_p"), within_row),
    "logits below 6": {"a": lambda v: np.clip(v, -6.0, 6.0)},
    "no v near zero": {"v": at_least(1e-3)},
    "no long tail in v": {"v": at_most(1e3)},
    "counts of at least one": {"y": at_least(1.0)},
    "theta positive": {"theta": np.abs},
}

# What only the combination of several would show: doubled where all of these are true of a problem's arguments.
WHERE: dict[str, Callable] = {
    "more than 40 points, 4 dimensions and 4 components": lambda x, mu: len(x) > 40 and min(mu.shape) > 4,
    "5 dimensions, far below zero, nearly flat": lambda x, Sigma: (
        x.shape[1] > 4 and x.min() < -1e4 and np.linalg.cond(Sigma).max() > 1e5
    ),
    "5 components and a weight below 1e-9": lambda x, pi: len(pi) > 4 and pi.min() < 1e-9,
    "many rows and tiny q": lambda q: len(q) > 40 and q.min() < 1e-9,
    "r with a zero and a tiny entry, 5 components": lambda r: (
        np.shape(r)[1] > 4 and r.min() == 0 and r[r > 0].min() < 1e-9
    ),
    "lambda > 0 and 5 components": lambda lam, pi: lam > 0 and len(pi) > 4,
    "alpha < 1 and lambda > 0": lambda alpha, lam: alpha.min() < 1 and lam > 0,
    "11 times and a rare transition": lambda log_A, log_B: len(log_B) > 10 and log_A.min() < -10,
    "an impossible transition": lambda log_A: np.isinf(log_A).any(),
    "T > 10, 5 columns": lambda T, log_joint: T > 10 and log_joint.shape[1] > 4,
    "densities above one, tiny q": lambda log_joint, q: log_joint.max() > 5 and q.min() < 1e-9,
    "v with a long tail and a value near zero": lambda v: v.max() > 1e3 and v.min() < 1e-3,
    "two means that tie": lambda x, mu: (
        len(mu) > 1
        and np.isclose(*np.sort(((x[:, None] - mu) ** 2).sum(2), axis=1).T[:2], rtol=1e-14, atol=0).any()
    ),
    "theta negative": lambda theta: theta < 0,
}  # fmt: skip


HARMLESS = {
    "no probability below 0.01": "m_step_gain_any_q decoupling slide_support multiplier_price slide_jensen",  # q is uniform; 0; n
    "no probability below 1e-6": "m_step_gain_any_q slide_support pi_gibbs slide_jensen",  # its p is a mean over the points
    "at most 40 points": "decoupling expected_complete quadratic_form kl_not_negative product_of_sums multiplier_price "
    "pi_gibbs",  # 0 in each row; k^n assignments; x_1 alone; n; p is one row
    "at most 4 dimensions": "decoupling preconditioned_ascent_pi",  # 0; r is held, and of x only n is left
    "at most 4 components": "decoupling",
    "condition numbers below 1e4": "decoupling preconditioned_ascent",  # Sigma_j cancels
    "x above -1e4": "decoupling preconditioned_ascent_pi",
    "x below 1e4 in size": "decoupling preconditioned_ascent_pi",
    "x positive": "decoupling preconditioned_ascent_pi",
    "no term far below the others": "e_step_tight m_step_gain_any_q lemma slide_bound slide_jensen",  # e^-20 of log p is no digit
    "theta positive": "rate_of_log_p",  # the maximum is
}


def with_habit(function, changes):
    return lambda **args: call(function, args | {name: f(args[name]) for name, f in changes.items() if name in args})


NOT_FLAT = "preconditioned_ascent_Sigma"  # a derivative between two matrices: of nearly flat ones no digit is left
for _habit in ("at most 4 dimensions", "condition numbers below 1e4", "x above -1e4", "x below 1e4 in size"):
    HARMLESS[_habit] += f" {NOT_FLAT}"


def concerned(function, names):
    return not set(names).isdisjoint(inspect.signature(function).parameters)


def cases(name):
    derivation = derivations.ALL[name]
    return [derivation.case(p) for p in derivation.problems(np.random.default_rng(0))]


def formulas(name):
    """The formulas of a chain that are right, no numerical derivatives, with their values."""
    derivation, tried = derivations.ALL[name], cases(name)
    with np.errstate(all="ignore"):
        kept = [
            line.function
            for number, line in enumerate(derivation.lines, 1)
            if line.relation in ("=", "<=", ">=") and number not in derivation.breaks
            if not isinstance(call(line.function, tried[0].args), Numerical)
        ]
        return [(f, [(case, values.value(call(f, case.args))) for case in tried]) for f in kept]


def far(mine, value, size):
    """The largest difference, relative to the largest entry (at least `size`)."""
    if mine.shape != value.shape:
        return np.inf
    off = np.where(mine == value, 0.0, np.abs(mine - value)).max()
    return np.inf if np.isnan(off) else off / values.largest(value, size)


def differs(function, right):
    """True if a function is not equal to the formula on all of the chain's problems."""
    for case, value in right:
        try:
            mine = values.value(call(function, case.args))
        except Exception:
            return True
        if far(mine, value, case.size) > compare.RTOL:
            return True
    return False


@pytest.mark.parametrize("name", derivations.ALL)
def test_a_line_that_is_false_beyond_a_habit_differs(name):
    all_right, missed = formulas(name), []
    with np.errstate(all="ignore"):
        for habit, changes in HABITS.items():
            tried = [differs(with_habit(f, changes), right) for f, right in all_right if concerned(f, changes)]
            if tried and not any(tried) and name not in HARMLESS.get(habit, "").split():
                missed.append(habit)
    assert not missed


def test_a_line_that_is_false_beyond_a_habit_breaks_its_chain():
    for name, habit, after in (
        ("grad_mu", "at most 40 points", 7), ("bayes", "no probability below 0.01", 4), ("forward", "at most 8 times", 3),
        ("pi_lagrange", "lambda negative", 6), ("map_dirichlet", "alpha above one", 3), ("rate", "theta positive", 4),
        ("grad_Sigma", "condition numbers below 1e4", 5), ("jensen", "no long tail in v", 5),
        ("grad_mu", "at most 4 dimensions", 7), ("natural_parameters", "x above -1e4", 3),
    ):  # fmt: skip
        chain = derivations.ALL[name]
        false = with_habit(chain.lines[after - 1].function, HABITS[habit])
        assert after + 1 in chain.with_line("false", false, after=after).run().breaks, (name, habit)


COVERED = {
    "more than 40 points, 4 dimensions and 4 components": "grad_mu grad_Sigma fisher m_step natural_parameters map_niw",
    "5 dimensions, far below zero, nearly flat": "grad_mu grad_Sigma moment_matching bayes marginal pi_lagrange",
    "5 components and a weight below 1e-9": "grad_pi pi_lagrange bayes pi_elimination preconditioned_ascent_pi",
    "many rows and tiny q": "lemma jensen_bound e_step_gain tempered kl_not_negative kl_zero_only_if m_step_bound",
    "r with a zero and a tiny entry, 5 components": "m_step best_beta map_dirichlet map_niw mu_is_maximum multiplier_price",
    "lambda > 0 and 5 components": "pi_lagrange map_dirichlet slide_sum",
    "alpha < 1 and lambda > 0": "map_dirichlet map_mean_for_mode",
    "11 times and a rare transition": "forward",
    "an impossible transition": "forward",
    "T > 10, 5 columns": "tempered",
    "densities above one, tiny q": "jensen_bound lemma free_energy slide_bound",
    "v with a long tail and a value near zero": "jensen chord",
    "two means that tie": "kmeans_limit kmeans_limit_means kmeans_limit_objective",
    "theta negative": "rate",
}


@pytest.mark.parametrize("where", WHERE)
def test_several_habits_at_once(where):
    for name in COVERED[where].split():
        assert any(call(WHERE[where], case.args) for case in cases(name)), name


# ---- true lines in other forms


inv = np.linalg.inv

TRUE = [
    ("grad_mu", 7, lambda x, r, mu, Sigma: np.array([sum(w * inv(S) @ (u - m) for w, u in zip(r_j, x, strict=True)) for r_j, m, S in zip(r.T, mu, Sigma, strict=True)])),
    ("grad_mu", 7, lambda x, r, mu, Sigma: np.stack([np.linalg.lstsq(S, (x - m).T @ w)[0] for m, S, w in zip(mu, Sigma, r.T, strict=True)])),
    ("grad_mu", 7, lambda x, r, mu, Sigma: [(np.linalg.solve(S, (x - m).T) @ w).tolist() for m, S, w in zip(mu, Sigma, r.T, strict=True)]),
    ("grad_Sigma", 5, lambda x, r, mu, Sigma: np.stack([inv(S) @ ((x - m).T @ np.diag(w) @ (x - m)) @ inv(S) / 2 - w.sum() * inv(S) / 2 for m, S, w in zip(mu, Sigma, r.T, strict=True)])),
    ("grad_precision", 4, lambda x, r, mu, Sigma: np.stack([(w.sum() * S - (x - m).T @ ((x - m) * w[:, None])) / 2 for m, S, w in zip(mu, Sigma, r.T, strict=True)])),
    ("grad_pi", 4, lambda pi, r: [sum(r[i, j] for i in range(len(r))) / pi[j] for j in range(len(pi))]),
    ("pi_lagrange", 6, lambda pi, lam, r: (r.sum(axis=0) + lam * pi) / pi),
    ("pi_lagrange", 10, lambda x, lam: lam + x.shape[0]),
    ("pi_softmax", 5, lambda x, a, R: R - len(x) * np.exp(a) / np.exp(a).sum()),
    ("pi_gibbs", 3, lambda r, pi: sum((r[:, j] * np.log(pi[j])).sum() for j in range(len(pi)))),
    ("pi_elimination", 3, lambda pi, r: (r / pi).sum(0)[:-1] - (r / pi).sum(0)[-1]),
    ("multiplier_price", 2, lambda r: r.shape[0]),
    ("preconditioned_ascent", 3, lambda x, r, mu: np.array([np.average(x, axis=0, weights=w) for w in r.T]) - mu),
    ("preconditioned_ascent_pi", 3, lambda r, pi: r.sum(0) / len(r) - pi),
    ("preconditioned_ascent_Sigma", 3, lambda x, r, mu, Sigma: np.stack([np.average(np.einsum("ia,ib->iab", x - m, x - m), axis=0, weights=w) for m, w in zip(mu, r.T, strict=True)]) - Sigma),
    ("log_det", 4, lambda A: np.linalg.inv(np.swapaxes(A, 1, 2))),
    ("marginal", 3, lambda x, pi, mu, Sigma: logsumexp([np.log(p) + derivations.ALL["natural_parameters"].lines[0].function(x, m[None], S[None])[:, 0] for p, m, S in zip(pi, mu, Sigma, strict=True)], axis=0)),
    ("complete_log_likelihood", 4, lambda x, z, pi, mu, Sigma: np.sum(z * np.log(pi)) + (z * derivations.ALL["natural_parameters"].lines[0].function(x, mu, Sigma)).sum()),
    ("jensen", 5, lambda w, v: np.log(sum(a * b for a, b in zip(w, v, strict=True)))),
    ("jensen", 2, lambda w, v: sum(a * np.log(b) for a, b in zip(w, v, strict=True))),
    ("chord", 4, lambda w, v: np.log(v[1] + w[0] * (v[0] - v[1]))),
    ("jensen_bound", 4, lambda log_joint, q: (q * (log_joint - np.log(q))).sum()),
    ("jensen_bound", 4, lambda log_joint, q: np.sum(q * log_joint) + entr(q).sum()),
    ("lemma", 5, lambda log_joint: np.logaddexp.reduce(log_joint, axis=1).sum()),
    ("free_energy", 4, lambda log_joint, q: rel_entr(q, np.exp(np.minimum(log_joint, 700))).sum() if log_joint.min() > -600 else -np.where(q > 0, q * np.where(q > 0, log_joint, 0), 0).sum() - entr(q).sum()),
    ("tempered", 2, lambda log_joint, q, T: (q * (log_joint - T * np.log(q))).sum()),
    ("kl_zero_only_if", 4, lambda q, p: 2 - 2 * np.sqrt(p * q).sum(1)),
    ("kl_not_negative", 1, lambda q, p: -(q * np.log(q / p)).sum(1)),
    ("e_step_gain", 3, lambda log_joint, q: rel_entr(q, np.maximum(softmax(log_joint, axis=1), 1e-300)).sum() if np.ptp(log_joint, axis=1).max() < 600 else logsumexp(log_joint, axis=1).sum() - (q * (log_joint - np.log(q))).sum()),
    ("q_is_not_log_p", 3, lambda log_joint: (softmax(log_joint, axis=1) * log_joint).sum()),
    ("m_step_gain", 5, lambda log_joint_old, log_joint_new, q: (q * (log_joint_new - log_joint_old)).sum()),
    ("surrogate", 4, lambda log_joint_old, log_joint_new, r: (logsumexp(log_joint_old, axis=1) + (r * (log_joint_new - log_joint_old)).sum(1)).sum()),
    ("best_beta", 3, lambda x, mu, r, beta: sum((r[:, j] * (((x - mu[j]) ** 2).sum(1) - x.shape[1] * beta)).sum() for j in range(len(mu))) / (2 * beta**2)),
    ("map_dirichlet", 3, lambda r, pi, alpha, lam: (r.sum(0) + alpha - 1 + lam * pi) / pi),
    ("rate", 4, lambda y, theta: 2 * y[0] * theta / (2 + theta) ** 2 / (y[0] * theta / (2 + theta) + y[3] + (y[1] + y[2]) * theta**2 / (1 - theta) ** 2)),
    ("forward", 3, lambda log_pi, log_A, log_B: reduce(lambda a, b: logsumexp(a[:, None] + log_A, axis=0) + b, log_B[1:], log_pi + log_B[0])),
    ("mean_field", 3, lambda log_p, q1, q2: np.outer(q1, q2).ravel() @ log_p.ravel() - q1 @ np.log(q1) - q2 @ np.log(q2)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "after", "function"), TRUE, ids=[f"{t[0]}-{i}" for i, t in enumerate(TRUE)])
def test_a_true_line_in_another_form_holds(name, after, function):
    result = derivations.ALL[name].with_line("mine", function, after=after).run()
    assert result.holds, str(result)


def reversed_points(f, n):
    """The same, the points taken from the last to the first; what has a row a point is put back in order."""

    def function(**args):
        turned = {k: v[::-1] if np.ndim(v) and len(v) == n and k != "pi" else v for k, v in args.items()}
        value = values.value(call(f, turned))
        return value[::-1] if value.ndim and len(value) == n else value

    return function


ROWS = ("x", "log_joint", "log_joint_new", "r", "q")


@pytest.mark.parametrize("name", derivations.ALL)
def test_the_order_of_the_points_does_not_matter_to_a_line(name):
    if name in ("quadratic_form", "forward", "mean_field") or not set(ROWS) & set(derivations.ALL[name].arguments):
        pytest.skip("it has no points, or speaks of the first")
    for f, right in formulas(name):
        for case, value in right:
            rows = next(case.args[k] for k in ROWS if k in case.args)
            if len(rows) > 12 or len(rows) in {
                len(v) for k, v in case.args.items() if k in ("pi", "mu", "R", "a", "c")
            }:
                continue
            with np.errstate(all="ignore"):
                mine = reversed_points(f, len(rows))(**case.args)
            assert far(mine, value, case.size) < 1e-8


def test_every_chain_runs_in_a_notebook():
    source = "".join(
        cell.source
        for path in sorted(COURSE.glob("*.ipynb"))
        for cell in notebooks.read(path).cells
        if cell.cell_type == "code"
    )
    ways = ("run", "unfold")
    assert not [name for name in derivations.ALL if not any(f"derivations.{name}.{way}(" in source for way in ways)]
