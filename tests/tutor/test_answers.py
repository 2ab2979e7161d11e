"""No wrong answer passes and no right one fails: tables of both, and what may be done to any right one."""

import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import linalg, optimize, spatial, special, stats

from emtutor import causes, check
from emtutor.tutor.exercise import exercises, find

FOLDER = Path(__file__).parents[1] / "answers"
# What may be done to an argument, or to a result, of a right answer: `v` is its value.
# fmt: off
INPUTS = {
    "x": ("np.abs(v)", "np.round(v, 1)", "np.maximum(v, 0)", "v.astype(np.float16)", "np.unique(v, axis=0)", "v[:500]",
          "np.floor(v)", "np.clip(v, -100, 100)"),
    "pi": ("np.maximum(v, .01)", "np.maximum(v, 1e-6)", "np.maximum(v, 1e-10)", "np.round(v, 3)",
           "np.full(len(v), 1 / len(v))"),
    "mu": ("np.abs(v)", "np.maximum(v, 0)", "np.round(v)", "v.astype(np.float16)"),
    "Sigma": ("np.abs(v)", "v + 1e-6 * np.eye(v.shape[-1])", "v * np.eye(v.shape[-1])", "np.maximum(v, 1e-3)"),
    "r": ("np.round(v)", "np.maximum(v, 1e-4)", "v.astype(np.float16)", "(v > .5) * 1.0", "v[:500]"),
    "z": ("v[::-1]", "v[:500]"),
    "q": ("np.round(v, 2)", "np.maximum(v, 1e-3)", "v.astype(np.float16)", "v[:500]"),
    "q_old": ("np.round(v, 2)", "np.maximum(v, 1e-3)", "v.astype(np.float16)"),
    "q2": ("np.maximum(v, 1e-3)", "np.round(v, 1)"),
    "p": ("np.maximum(v, 1e-3)", "np.maximum(v, 1e-9)"),
    "log_joint": ("np.clip(v, -700, 700)", "np.maximum(v, -500)", "np.minimum(v, 0)", "np.abs(v)",
                  "v.astype(np.float16)", "np.log(np.exp(v) + 1e-300)", "np.log(np.exp(v) + 1e-12)"),
    "log_joint_old": ("np.clip(v, -700, 700)", "np.minimum(v, 0)"),
    "log_joint_new": ("np.clip(v, -700, 700)", "np.minimum(v, 0)"),
    "log_p": ("np.clip(v, -700, 700)", "np.minimum(v, 0)", "np.maximum(v, -500)"),
    "log_A": ("np.maximum(v, -.5)", "np.round(v, 1)"),
    "log_B": ("np.minimum(v, 0)", "np.maximum(v, -3)", "v[:1000]"),
    "log_pi": ("np.full(len(v), -np.log(len(v)))",),
    "a": ("np.clip(v, -20, 20)", "np.abs(v)", "v.astype(np.float16)"),
    "alpha": ("np.round(v)", "np.minimum(v, 2)"),
    "beta": ("max(v, .1)", "round(v)"),
    "s": ("max(v, 1e-50)", "max(v, 1e-90)", "min(v, 1)", "np.float32(v)"),
    "lam": ("-abs(v)", "abs(v)", "round(v)"),
    "T": ("max(v, .1)", "max(v, 1e-6)", "min(v, 10)", "min(v, 100)", "max(v, 1)"),
    "theta": ("np.clip(v, .01, .99)", "np.clip(v, 1e-6, 1 - 1e-6)"),
    "rate": ("np.maximum(v, 1)", "np.maximum(v, 1e-6)", "np.round(v)"),
    "y": ("np.minimum(v, 1000)", "np.maximum(v, 1)"),
    "x2": ("round(v)", "max(v, 1)", "int(v)"),
    "counts": ("np.minimum(v, 1000)", "np.maximum(v, 5)"),
    "heads": ("np.minimum(v, 100)", "np.maximum(v, 1)"),
    "w": ("np.maximum(v, .01)", "np.maximum(v, 1e-9)", "np.full(len(v), 1 / len(v))"),
    "v": ("np.maximum(v, 1e-3)", "np.maximum(v, 1)", "np.round(v)"),
    "thetas": ("np.abs(v)", "v[:20]", "v[:, :3]", "np.round(v, 2)"),
    "eta1": ("np.abs(v)", "np.maximum(v, 0)", "np.round(v, 2)"),
    "eta2": ("v * np.eye(len(v))", "v - 1e-6 * np.eye(len(v))"),
    "m0": ("np.abs(v)", "np.round(v)"),
    "S0": ("np.round(v, 3)",),
    "S1": ("np.abs(v)", "np.round(v)"),
    "S2": ("np.abs(v)", "np.round(v)"),
    "step": ("min(v, 1e-3)", "max(v, 1e-2)"),
    "labels": ("np.minimum(v, 2)", "v[::-1]"),
    "k": ("2",),
}
OUTPUTS = ("np.abs(v)", "np.minimum(v, 0)", "np.maximum(v, 0)", "np.round(v, 3)", "np.clip(v, -700, 700)",
           "np.asarray(v).astype(np.float16)", "np.asarray(v).astype(int)", "np.minimum(v, 1)", "v * (1 + 1e-5)",
           "np.asarray(v)[..., ::-1] if np.ndim(v) else -v")
# fmt: on
# Where a change is none: what lies in [0, 1], what is positive, what is whole; a gain that is 0, and a p of many kinds.
SHARES = """
    abo_step.p coin_e_step.r coin_m_step.theta e_step.r em_fit.pi fit_complete.pi linkage_m_step.theta
    m_step.pi map_m_step.pi mean_field.q1 mean_field.q2 normalise.shares online_update.S0 poisson_e_step.r
    poisson_m_step.pi posterior_table.table responsibilities.r soft_assign.r tempered_posterior.q
    theta_from_statistics.pi tightest_q.q update_pi.pi update_pi_map.pi largest_shares.shares product_table.table
    m_step_seen.pi
"""
POSITIVE = """
    best_beta.beta block_statistics.S0 convergence_rate.rate critical_beta.beta decompose.kl distortion.J
    e_step_gains.gain_L entropy.entropy grad_pi.gradient jensen_gap.gap kl.kl lamp_e_step.life_burning
    lamp_e_step.life_out lamp_m_step.tau lamp_m_step.x linkage_e_step.x2 poisson_e_step.x
    poisson_m_step.rate poisson_m_step.x squared_lengths.squared standard_errors.errors
"""
WHOLE = """
    assign.labels match_labels.p sample.z
"""
ANY = """
    e_step_gains.gain_log_p unweighted_counterexample.p
"""
HARMLESS = {
    "np.abs(v)": SHARES + POSITIVE + WHOLE + ANY + "normalise.a",
    "np.maximum(v, 0)": SHARES + POSITIVE + WHOLE + ANY,
    "np.clip(v, -700, 700)": SHARES
    + WHOLE
    + ANY
    + "m_step_seen.mu standard_errors.errors aitken.limit block_statistics.S0 convergence_rate.rate entropy.entropy "
    "grad_logits.gradient jensen_gap.gap natural_parameters.eta1 online_update.S1 online_update.S2 "
    "sample.x",
    "np.minimum(v, 1)": SHARES
    + "below_the_largest.below log_shares.log_r e_step_gains.change_KL e_step_gains.gain_log_p multiplier.lambda "
    "natural_parameters.eta2 sample.z",
    "np.round(v, 3)": WHOLE + ANY + "grad_elbo_mu.pi multiplier.lambda sample.x",
    "np.asarray(v).astype(np.float16)": ANY + "assign.labels multiplier.lambda sample.z",
    "np.asarray(v).astype(int)": WHOLE + ANY,
    "np.maximum(v, 1e-10)": "grad_elbo_mu.pi sample.pi",
    "v.astype(np.float16)": "standard_errors.mu multiplier.r poisson_e_step.x poisson_m_step.x sample.mu",
    "v + 1e-6 * np.eye(v.shape[-1])": "sample.Sigma",
    "v * (1 + 1e-5)": ANY + "sample.x",
    "np.minimum(v, 0)": "e_step_gains.change_KL e_step_gains.gain_log_p multiplier.lambda "
    "below_the_largest.below log_shares.log_r",
    "np.round(v, 1)": "poisson_e_step.x poisson_m_step.x",
    "np.floor(v)": "poisson_e_step.x poisson_m_step.x",
    "np.maximum(v, 1e-9)": "abo_step.p",
    "np.maximum(v, 1e-4)": "largest_shares.r",
    "np.asarray(v)[..., ::-1] if np.ndim(v) else -v": ANY,
    "v[:500]": "lower_bound.q",
    "np.maximum(v, .01)": "grad_elbo_mu.pi",
    "np.maximum(v, 1e-6)": "grad_elbo_mu.pi",
    "np.full(len(v), 1 / len(v))": "grad_elbo_mu.pi",
}


def table(x, pi, mu, Sigma, log_pi=None):
    """log pi_j + log N_j, (n, k), by scipy."""
    log_pi = np.log(pi) if log_pi is None else log_pi
    densities = [stats.multivariate_normal(m, S).logpdf(x) * np.ones(len(x)) for m, S in zip(mu, Sigma, strict=True)]
    return log_pi + np.transpose(densities)


AROUND = {
    "np": np,
    "math": math,
    "itertools": itertools,
    "stats": stats,
    "special": special,
    "linalg": linalg,
    "optimize": optimize,
    "spatial": spatial,
    "lj": table,
    "lse": lambda a: np.logaddexp.reduce(a, axis=1),
}


def written(table):
    """(exercise, source, function) for each answer of a table, "right" or "wrong"."""
    text = re.sub(r"(?m)^#.*\n", "", (FOLDER / f"{table}.txt").read_text(encoding="utf-8"))
    for block in re.split(r"\n(?=\w)", text.strip("\n")):
        name, body = block.split(":", 1)
        exercise = find(name)
        body = body.strip("\n") if body.startswith("\n") else f"    return {body.strip()}"
        around = AROUND | {"right": exercise.solution}
        exec(f"def {name}({', '.join(exercise.parameters)}):\n{body}\n", around)
        yield name, block, around[name]


def changed(exercise):
    """(place, change, function) for whatever the tables do to an argument or a result of any answer."""
    solution = exercise.solution

    def before(i, change):
        return lambda *args: solution(*args[:i], change(args[i]), *args[i + 1 :])

    def after(i, change):
        def answer(*args):
            result = solution(*args)
            if len(exercise.out) == 1:
                return change(result)
            return (*result[:i], change(result[i]), *result[i + 1 :])

        return answer

    for i, name in enumerate(exercise.parameters):
        for text in INPUTS.get(name, ()):
            yield name, text, before(i, eval(f"lambda v: {text}", {"np": np}))
    for i, name in enumerate(exercise.out):
        for text in OUTPUTS:
            yield name, text, after(i, eval(f"lambda v: {text}", {"np": np}))


@pytest.fixture
def unexplained(monkeypatch):
    """Whether an answer passes is all that is asked: no cause is looked for."""
    monkeypatch.setattr(causes, "find", lambda *args, **kwargs: [])


each = pytest.mark.parametrize("name", exercises())
quiet = pytest.mark.filterwarnings("ignore")


@quiet
@each
def test_right_answers_pass(name, unexplained):
    for exercise, source, answer in written("right"):
        if exercise == name:
            assert check(answer, name), f"{source}\n{check(answer, name)}"


@quiet
@each
def test_wrong_answers_do_not_pass(name, unexplained):
    for exercise, source, answer in written("wrong"):
        if exercise == name:
            assert not check(answer, name), source


@pytest.mark.mutation
@quiet
@each
def test_what_changes_an_answer_makes_it_wrong(name, unexplained):
    """A clip, an abs, a rounding: each is seen, except where it changes nothing that is asked for."""
    for place, text, answer in changed(find(name)):
        harmless = f"{name}.{place}" in HARMLESS.get(text, "").split()
        assert bool(check(answer, name)) == harmless, f"{place}: {text}"


def test_the_tables_are_large_and_cover_every_exercise():
    for table, least in (("right", 120), ("wrong", 150)):
        names = [name for name, _, _ in written(table)]
        assert len(names) >= least
        assert set(names) == set(exercises())
