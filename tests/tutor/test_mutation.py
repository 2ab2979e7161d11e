"""The tutor against wrong answers by the thousand: none passes, and the message names a cause that is true of each.

`make mutation` runs this. A mutant that passes must agree on 200 fresh problems, and `EQUAL` says in one line of
algebra why it is no mistake. Whether a message names the cause is judged by the operator that made the mutant
(`NAMED`): words for the kind of mistake, or a question about the very argument that was touched. Of an error only the
sentence on its cause counts, not what Python said. Named mistakes count as named: the tutor gives such a hint only if
the answer agrees with that mistake on every problem. Of each exercise's wrong answers at most a fifth, or three, may go
without a cause.
"""

import re
import warnings
from copy import deepcopy

import mutations
import numpy as np
import pytest

from emtutor.causes import FAMILIES, agree
from emtutor.tutor.check import judged
from emtutor.tutor.exercise import exercises

pytestmark = pytest.mark.mutation

# (exercise, operator, change): why the mutant is right. Patterns, matched from the start; the first that fits counts.
EQUAL = [
    ("assign|match_labels|standard_errors", "sum or mean", ".*",
     "sum over d = d times the mean: the order of the distances stays"),
    ("e_step|responsibilities|poisson_e_step", "dropped|factor|inverse|number", r".*2( \* np\.pi)?|.*np\.pi",
     "a factor common to all components cancels where rows are made to sum to one"),
    ("posterior_table", "factor", ".*", "a factor common to all cells cancels where the table is made to sum to one"),
    ("sample", "sign", r"mu\[label\] \+ .* -> mu\[label\] - ", "noise and -noise have the same distribution"),
    ("em_fit", "dropped abs", ".*", "EM never lowers log p, so the change is its own absolute value"),
    ("em_fit", "underflow", r"np\.logaddexp\.reduce\(a, axis=1\) ",
     "after an M-step sum_i r_ij d_ij^2 = R_j d: no point is far from every component"),
    ("coin_m_step", "inverse", r"flips \* np\.ones", "y * 1 = y / 1"),
    ("m_step_gains", "dropped log|dropped term|log base|sign", r"(a\[used\] [-+] )?np\.log\(q|a\[used\] - ",
     "sum q log q is the same before and after the M-step: it cancels in the gains"),
    ("m_step_gains", "sum or mean", r"np\.exp\(a - top\)",
     "log of a mean = log of the sum - log k: that cancels in the gain"),
    ("mean_and_covariance|log_partition|natural_parameters", "matrix order", ".*",
     "Sigma = Sigma^T, so eta Sigma = Sigma eta"),
    ("bound_along|log_likelihood_along", "extreme|number", r"pi\.min|0 -> -1", "log of a negative pi_j is NaN already"),
    ("seen_log_joint", "matrix order", r"away @ np", "v^T w = w^T v"),
    ("solve_each", "off by one", "0 -> -1", "of an axis of length 1 the first entry is the last"),
    ("critical_beta", "matrix order", r".*\.T @ .*", "A A^T and A^T A have the same largest eigenvalue"),
    (".*", "swapped arguments", r"np\.logaddexp\(", "log(exp a + exp b) is symmetric"),
    ("unweighted_counterexample", "number|factor", ".*", "another p with sum log p > log sum p"),
]  # fmt: skip

# operator -> words of which a true message holds at least one
NAMED = {
    "sign": (
        r"sign|wrong way round|minus|negative|subtract|\+ mu|x - |-x|-mu|difference|below zero"
        r"|instead of added|rise or fall|direction|logarithm"
    ),
    "dropped term": (
        r"missing|left out|not subtracted|without|= 0|for .* = 0|does not change|term|keep|whatever|= 1"
        r"|only the|nothing else|zero throughout|not normalised|should sum to|far out|underflow|what else belongs"
        r"|in the place of|logarithm"
    ),
    "dropped factor": (
        r"factor|times|half|twice|divi|multipl|power|left out|without|normalis|sum to|set to 1|= 1|squared"
        r"|whatever|does not change|unit|share|weight|n - 1|what else belongs|uniform"
    ),
    "factor": r"factor|times|half|twice|quarter|divi|multipl|number|normalis|sum to|power|ln 2|counted once too often",
    "number": (
        r"factor|times|half|twice|divi|number|power|squar|plus|minus|ln |left out|whatever|base|one off"
        r"|condition|sum to|= 0|not subtracted"
    ),
    "inverse": (
        r"divi|multipl|inverse|1/|one over|reciprocal|factor|times|power|squared|normalis|sum to|unit"
        r"|precision|\bn\b"
    ),
    "power": r"power|squar|cancel|unit|root",
    "axis": (
        r"axis|far out|sum|shape|along|column|row|same for|transpos|normalis|mean|average|broadcast"
        r"|core dimension"
    ),
    "dropped sum": r"axis|sum|shape|mean|number is asked|broadcast",
    "keepdims": r"axis|keepdims|None|broadcast|row|column|shape|normalis",
    "sum or mean": r"mean|sum|average|divi|1/|factor|n times|times the right|normalis",
    "transpose": r"transpos|shape|order|index|core dimension|broadcast|matmul|size|row|column|side",
    "matrix order": r"order|transpos|shape|side|core dimension|size|index|matmul|outer",
    "elementwise": r"entry by entry|matrix product|product|off-diagonal|diagonal|broadcast|shape|outer",
    "dropped inverse": r"inverse|precision|power|unit matrix|Sigma|solve",
    "dropped exp": r"exp|log",
    "dropped log": r"log|exp",
    "log base": r"base 2|log",
    "dropped sqrt": r"root|power|variance|deviation|unit",
    "dropped abs": r"absolute|sign|negative",
    "dropped square": r"squar|power",
    "underflow": r"far out|underflow|exp|overflow|largest",
    "off by one": (
        r"index|one off|begin|end|first|last|shift|component|place|order|left out|out of bounds|shape|row"
        r"|column|log det|does not change"
    ),
    "condition": (
        r"condition|turned|largest|smallest|nearest|farthest|minimum|maximum|never|always|stop"
        r"|taken|iteration|empty|other"
    ),
    "extreme": r"nearest|farthest|largest|smallest|minimum|maximum|argm|underflow|overflow|far out",
    "order": r"order|place|each other|come|which is which|swapped|shape|parts",
    "swapped arguments": (
        r"place|order|which is which|exchange|reverse|sign|wrong way|transpos|shape|direction|whose"
        r"|argument"
    ),
    "other name": (
        r"in the place of|where does|does not change|each other|does it use|whose|which|instead of"
        r"|coincide|divides|old|= 0|right one (for|with)|all terms cancel"
    ),
    "old for new": r"old|new|in the place of|which|where does|does not change|before|after|first",
    "dropped line": r"without|missing|left out|stays|keeps|term|factor|normalis|sum to|far out|underflow",
}


def equal(mutant):
    """Why a mutant is right, or ""."""
    for exercise, operator, where, reason in EQUAL:
        if (
            re.fullmatch(exercise, mutant.exercise)
            and re.match(operator, mutant.operator)
            and re.match(where, mutant.where)
        ):
            return reason
    return ""


def on_fresh_problems(exercise, mutant, count=200):
    """True if the mutant agrees with the solution on that many problems that `check` never shows."""
    tried = 0
    for seed in range(1000, 1400):
        for problem in exercise.problems(np.random.default_rng(seed)):
            if not _right(exercise, problem, *(_called(f, problem) for f in (mutant.function, exercise.solution))):
                return False
            tried += 1
        if tried >= count:
            return True
    return tried >= count or len(problem.args) == 0


def _called(function, problem):
    with np.errstate(all="ignore"):
        return function(*deepcopy(list(problem.args.values())))


def _right(exercise, problem, a, b):
    if exercise.judge:
        return not exercise.judge(problem, a)
    return agree(a, b)


def names_the_cause(mutant, feedback):
    """ "named mistake", "words" or "argument" if the message points at what the operator did, else ""."""
    if feedback.mistake and feedback.mistake not in FAMILIES:
        return "named mistake"
    text = _without_problem(feedback.message)
    if re.search(NAMED[mutant.operator], text):
        return "words"
    asked = set(re.findall(r"where does (\w+)(?:_\w+)? ", text)) | set(
        re.findall(r"[Rr]ight whenever (?:all )?(\w+?)(?:_j)? ", text)
    )
    return "argument" if asked & mutant.names and len(mutant.names) <= 2 else ""


def _without_problem(text):
    """The sentences on the cause: not the problem on which it was seen, nor Python's own words and what they mean."""
    lines = text.split("\n")
    if re.match(r"\w*(Error|Warning|Exception)\b", lines[0]):
        lines = lines[1:]
    skipped = r"^The problem: .*?\)\.|^NumPy (warned|lines).*|^In `A @ B`.*|^An axis of length.*"
    return " ".join(re.sub(skipped, "", line) for line in lines)


@pytest.mark.parametrize("name", exercises())
def test_no_wrong_answer_passes_and_the_cause_is_named(name, record_property):
    exercise, passed, ways = exercises()[name], [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for mutant in mutations.mutants(exercise):
            feedback = judged(mutant.function, name)
            if feedback.status == "correct":
                passed.append(mutant)
            else:
                ways.append(names_the_cause(mutant, feedback))
        wrong = [repr(m) for m in passed if equal(m) and not on_fresh_problems(exercise, m)]
    unexplained = [repr(m) for m in passed if not equal(m)]
    assert not unexplained, "these passed; wrong, or a line for EQUAL?\n" + "\n".join(unexplained)
    assert not wrong, "these passed and differ on fresh problems\n" + "\n".join(wrong)
    named = sum(map(bool, ways))
    by = ", ".join(f"{ways.count(way)} {way}" for way in ("named mistake", "words", "argument"))
    line = f"{name:34} {named:4} of {len(ways):4}  {named / max(1, len(ways)):5.0%}  ({by})"
    record_property("wrong answers whose cause the message names", line)
    assert len(ways) - named <= max(3, len(ways) // 5), line


def test_the_wrong_answers_are_thousands():
    assert sum(len(list(mutations.mutants(exercise))) for exercise in exercises().values()) >= 2500
