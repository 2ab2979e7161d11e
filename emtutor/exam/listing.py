"""Question 9: a listing of EM in one dimension with one wrong line; the corrected line is run in its place."""

from typing import NamedTuple

import numpy as np

from emtutor.causes import Problem
from emtutor.exam.marking import Mark, Part, Question, function, numbers

LISTING = (
    "def iteration(x, pi, mu, s2):",
    "    log_p = np.log(pi) - np.log(s2) / 2 - (x[:, None] - mu) ** 2 / (2 * s2)",
    "    log_p = log_p - log_p.max(axis=1, keepdims=True)",
    "    r = np.exp(log_p)",
    "    r = r / r.sum(axis=1, keepdims=True)",
    "    R = r.sum(axis=0)",
    "    pi = R / len(x)",
    "    mu = r.T @ x / R",
    "    s2 = (r * (x[:, None] - mu) ** 2).sum(axis=0) / R",
    "    return pi, mu, s2",
)


class Bug(NamedTuple):
    """A line in the place of the right one, and what is wrong with it."""

    line: int  # from 1
    code: str
    why: str


BUGS = (
    Bug(2, "    log_p = -np.log(s2) / 2 - (x[:, None] - mu) ** 2 / (2 * s2)", "The weights pi are missing."),
    Bug(2, "    log_p = np.log(pi) - np.log(s2) - (x[:, None] - mu) ** 2 / (2 * s2)",
        "The density has the root of the variance in its denominator, so half its logarithm."),
    Bug(2, "    log_p = np.log(pi) - (x[:, None] - mu) ** 2 / (2 * s2)",
        "The normalising constant differs from component to component and does not cancel."),
    Bug(3, "    log_p = log_p - log_p.max(axis=0, keepdims=True)",
        "What is subtracted must be the same for all components of one point, not for all points of one component."),
    Bug(5, "    r = r / r.sum(axis=0, keepdims=True)", "Each point, not each component, hands out one unit."),
    Bug(7, "    pi = R / len(mu)", "The weights are shares of n points, not of k components."),
    Bug(8, "    mu = r.T @ x / len(x)", "A weighted mean is divided by the sum of its weights, R."),
    Bug(9, "    s2 = (r * (x[:, None] - mu) ** 2).sum(axis=0) / len(x)",
        "A weighted variance is divided by the sum of its weights, R."),
    Bug(9, "    s2 = (r * (x[:, None] - mu)).sum(axis=0) ** 2 / R", "The square belongs inside the sum."),
)  # fmt: skip


def lines_with(line, code):
    """The listing with that line, from 1, replaced."""
    return [code if i == line else old for i, old in enumerate(LISTING, 1)]


def built(lines):
    """The function that the lines define."""
    space = {"np": np}
    exec(compile("\n".join(lines), "<the listing>", "exec"), space)  # a learner's line, in her own kernel
    return space["iteration"]


def draw_9(rng):
    """One wrong line out of ten."""
    bug = BUGS[int(rng.integers(len(BUGS)))]
    broken = lines_with(bug.line, bug.code)
    right = LISTING[bug.line - 1].strip()
    problems = [_problem(rng, "two components", 6, 2), _problem(rng, "three components", 8, 3)]
    fixed = function(built(LISTING), problems, [1, 1, 1], {"pi": "k", "mu": "k", "s2": "k"})

    def mark_line(answer, given):
        return Mark(2) if numbers(answer, 1)[0] == bug.line else Mark(0, "The error is in another line.")

    def mark_fix(answer, given):
        if not isinstance(answer, str):
            return Mark(0, "The corrected line is expected as a text in quotation marks.")
        for line in dict.fromkeys((_whole(given.get("answer_9a")), bug.line)):
            if line and _runs(broken, line, answer) and fixed(_runs(broken, line, answer), given).points == 3:
                return Mark(3)
        return Mark(0, "With this line in its place the listing is not EM.")

    shown = "```text\n" + "\n".join(f"{i:2}  {line}" for i, line in enumerate(broken, 1)) + "\n```"
    return Question(9, "Find the error", "05-em", shown, (
        Part("9a", 2, mark_line, bug.line, bug.why),
        Part("9b", 3, mark_fix, right),
    ))  # fmt: skip


def _problem(rng, label, n, k):
    return Problem(label, {
        "x": rng.normal(scale=2, size=n), "pi": rng.dirichlet(np.full(k, 3.0)), "mu": rng.normal(size=k),
        "s2": rng.uniform(0.5, 3, k),
    })  # fmt: skip


def _whole(answer):
    try:
        line = float(numbers(answer, 1)[0])
    except Exception:
        return 0
    return int(line) if line in range(2, len(LISTING) + 1) else 0


def _runs(broken, line, text):
    """The listing as a function, or None where the line cannot be compiled."""
    try:
        return built([f"    {text.strip()}" if i == line else old for i, old in enumerate(broken, 1)])
    except Exception:
        return None
