"""Question 9: a listing of EM in one dimension with one wrong line; the corrected line is run in its place."""

import ast
import inspect
from typing import NamedTuple

import numpy as np

from emtutor.causes import Problem
from emtutor.exam.marking import Mark, Part, Question, function
from emtutor.exam.reading import Unread, numbers
from emtutor.tutor.exercise import Exercise, Mistake


# fmt: off
def iteration(x, pi, mu, s2):
    log_p = np.log(pi) - np.log(s2) / 2 - (x[:, None] - mu) ** 2 / (2 * s2)
    log_p = log_p - log_p.max(axis=1, keepdims=True)
    r = np.exp(log_p)
    r = r / r.sum(axis=1, keepdims=True)
    R = r.sum(axis=0)
    pi = R / len(x)
    mu = r.T @ x / R
    s2 = (r * (x[:, None] - mu) ** 2).sum(axis=0) / R
    return pi, mu, s2
# fmt: on


LISTING = tuple(inspect.getsource(iteration).splitlines())


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
    """The function that the lines define, and nothing else: SyntaxError where they are more, or less, than that."""
    tree = ast.parse("\n".join(lines))
    if [type(node) for node in tree.body] != [ast.FunctionDef] or tree.body[0].decorator_list:
        raise SyntaxError("one line of the function is expected")
    space = {"np": np}
    exec(compile(tree, "<the listing>", "exec"), space)  # it defines; what a learner's line does, it does in the worker
    return space["iteration"]


def draw_9(rng):
    """One wrong line out of ten."""
    bug = BUGS[int(rng.integers(len(BUGS)))]
    broken = lines_with(bug.line, bug.code)
    right = LISTING[bug.line - 1].strip()
    problems = [_problem(rng, "two components", 6, 2), _problem(rng, "three components", 8, 3)]
    exercise = Exercise(
        iteration, lesson="05-em", statement="One iteration of EM on a line.", hints=[],
        out={"pi": "k", "mu": "k", "s2": "k"}, problems=lambda rng: problems,
        notation={"x": "n", "mu": "k", "s2": "k"},
        mistakes=[Mistake(f"bug-{i}", built(lines_with(b.line, b.code)), b.why) for i, b in enumerate(BUGS)],
    )  # fmt: skip
    fixed = function(exercise, [1, 1, 1])

    def mark_line(answer, given):
        line = numbers(answer, 1)[0]
        if line == bug.line:
            return Mark(2)
        known = line in range(1, len(LISTING) + 1)
        return Mark(0, f"Line {line:g} is as it should be." if known else f"There is no line {line:g}.")

    def mark_fix(answer, given):
        if not isinstance(answer, str):
            return Mark(0, "The corrected line is expected as a text in quotation marks.")
        marks = []
        for line in dict.fromkeys((bug.line, _whole(given.get("answer_9a")) or bug.line)):
            try:
                mended = built([f"    {answer.strip()}" if i == line else old for i, old in enumerate(broken, 1)])
            except (SyntaxError, ValueError) as error:
                marks.append(Mark(0, f"As line {line} this is no Python that can be run: {error.args[0]}."))
            else:
                marks.append(fixed(mended, given))
            if marks[-1].points == 3:
                return Mark(3)
        return Mark(0, f"With your line as line {bug.line} the listing is not EM. {marks[0].note}")

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
    """The number of a line inside the function, or 0."""
    try:
        line = numbers(answer, 1)[0]
    except Unread:
        line = 0
    return int(line) if line in range(2, len(LISTING) + 1) else 0
