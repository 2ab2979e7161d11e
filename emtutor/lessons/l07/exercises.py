"""Lesson 07: Jensen's inequality, its gap, and the bound that follows from it."""

import numpy as np

from emtutor import problems
from emtutor.causes import Problem
from emtutor.tutor.exercise import Exercise, Mistake

LESSON = "07-jensen"


# ---- jensen_gap


def jensen_gap(w, v):
    return np.log((w * v).sum()) - (w * np.log(v)).sum()


def _weights_and_values(rng):
    made = [Problem("hand-sized", {"w": np.array([0.25, 0.75]), "v": np.array([2.0, 6.0])})]
    for label, k in (("three values", 3), ("five values", 5)):
        made.append(Problem(label, {"w": problems.simplex(rng, k), "v": np.exp(rng.normal(0.5, 1.2, k))}))
    made.append(Problem("all values equal", {"w": problems.simplex(rng, 3), "v": np.full(3, 2.7)}))
    made.append(Problem("one value", {"w": np.ones(1), "v": np.array([3.3])}))
    made.append(Problem("values far apart", {"w": problems.simplex(rng, 3), "v": np.array([1e-9, 4.0, 1e7])}))
    rare = np.array([0.3, problems.RARE, 0.7 - problems.RARE])
    made.append(Problem("a rare value", {"w": rare, "v": np.array([0.4, 3e12, 0.9])}, True))
    made.append(
        Problem("values near 1e-300", {"w": problems.simplex(rng, 3), "v": np.array([1e-300, 4e-300, 3e-299])}, True)
    )
    made.append(Problem("values below one", {"w": problems.simplex(rng, 6), "v": rng.uniform(0.05, 0.9, 6)}, True))
    made.append(Problem("a value twice", {"w": np.array([0.2, 0.2, 0.6]), "v": np.array([3.0, 3.0, 8.0])}, True))
    return made


JENSEN_GAP = Exercise(
    jensen_gap, lesson=LESSON, chain="jensen", out={"gap": ""}, problems=_weights_and_values,
    statement="log E[v] - E[log v] for weights w that sum to one: how far the chord lies below the curve.",
    mistakes=[
        Mistake("direction", lambda w, v: -jensen_gap(w, v),
                "The sign: you have E[log v] - log E[v]. The logarithm is concave, so the curve lies above its "
                "chords."),
        Mistake("equal-weights", lambda w, v: np.log(v.mean()) - np.log(v).mean(),
                "Every value counts alike. Right when all w_j are equal: where does w enter?"),
        Mistake("weight-inside", lambda w, v: np.log((w * v).sum()) - np.log(w * v).sum(),
                "The weight stands inside the logarithm of the second term. E[log v] averages the logarithms of v."),
        Mistake("log-of-mean-only", lambda w, v: np.log((w * v).sum()),
                "This is the height of the curve, log E[v]. Subtract the height of the chord."),
        Mistake("difference-of-means", lambda w, v: (w * v).sum() - np.exp((w * np.log(v)).sum()),
                "This is the arithmetic minus the geometric mean. The gap is the difference of their logarithms."),
        Mistake("largest-value", lambda w, v: np.log(v.max()) - (w * np.log(v)).sum(),
                "The first term is the logarithm of the largest value. It is that of the mean of v."),
    ],
    hints=[
        "Two numbers: the logarithm of an average, and an average of logarithms.",
        "An average with weights w is (w * something).sum().",
        "The first takes the average of v, then the logarithm. The second takes np.log(v), then the average.",
    ],
    by_hand="w = (1/2, 1/2), v = (1, 4). Draw log v, the chord between the two points, and the vertical distance at "
            "the mean of v.",
)  # fmt: skip


# ---- unweighted_counterexample


def unweighted_counterexample():
    return np.array([10.0, 10.0])


def _violates(problem, output):
    p = np.asarray(output, dtype=float)
    if p.ndim != 1 or p.size < 2:
        return "too-few", f"p must be one-dimensional with two or more entries; yours has shape {p.shape}."
    if not np.isfinite(p).all() or p.min() <= 0:
        return "not-positive", "All entries of p must be positive and finite: they are values of a density."
    left, right = np.log(p).sum(), np.log(p.sum())
    if not left > right + 1e-12 * abs(right):
        why = (
            "All your entries are at most 1, and then it always holds. Can a density exceed 1?"
            if p.max() <= 1
            else "log turns a product into a sum: when is the product of the entries larger than their sum?"
        )
        return "holds", f"For your p the inequality holds: {left:.4g} is not above {right:.4g}. {why}"
    return ""


UNWEIGHTED_COUNTEREXAMPLE = Exercise(
    unweighted_counterexample, lesson=LESSON, out={"p": "m"}, problems=lambda rng: [Problem("no arguments", {})],
    judge=_violates,
    statement="Positive numbers p, two or more, for which sum log p exceeds log sum p, against the slide.",
    mistakes=[
        Mistake("probabilities", lambda: np.array([0.3, 0.7]),
                "These sum to one, so each is at most 1: every log is negative, and the inequality holds. Densities "
                "need not be so small."),
        Mistake("two-twos", lambda: np.array([2.0, 2.0]),
                "Here the product equals the sum: both sides are log 4. Go a little further."),
        Mistake("one-entry", lambda: np.array([10.0]),
                "With one entry both sides are the same number. Two or more are needed."),
        Mistake("with-a-zero", lambda: np.array([0.0, 10.0]),
                "The logarithm of 0 is -inf, so the left side is as small as can be. All entries must be positive."),
    ],
    hints=[
        "Take the exponential of both sides: a product is compared with a sum.",
        "For which two numbers is the product larger than the sum?",
        "Two equal numbers a: the product a a exceeds the sum 2 a as soon as a exceeds 2.",
    ],
    by_hand="Two equal numbers a: write both sides as functions of a and find where they cross.",
)  # fmt: skip


# ---- lower_bound


def lower_bound(log_p, q):
    used = q > 0
    return (q[used] * (log_p[used] - np.log(q[used]))).sum()


def _one_observation(rng):
    made = [Problem("hand-sized", {"log_p": np.log(np.array([0.2, 0.05])), "q": np.array([0.6, 0.4])})]
    for label, k in (("three labels", 3), ("five labels", 5)):
        made.append(Problem(label, {"log_p": rng.normal(-3, 1.5, k), "q": problems.simplex(rng, k)}))
    made.append(Problem("a density above one", {"log_p": np.array([2.1, 1.3, 0.4]), "q": problems.simplex(rng, 3)}))
    made.append(Problem("q is zero somewhere", {"log_p": rng.normal(-3, 1.5, 3), "q": np.array([0.3, 0.0, 0.7])}))
    small = np.array([2e-6, 3e-4, 0.02, 0.979698])  # clipping q from below shows here
    made.append(Problem("small entries in q", {"log_p": rng.normal(-3, 1.5, 4), "q": small}))
    made.append(Problem("one point far out", {"log_p": np.array([-2000.0, -2003.0]), "q": np.array([0.8, 0.2])}))
    wide = np.array([-1.0, -2500.0, -4.0])  # exp overflows if the smallest entry is taken out
    made.append(Problem("one label far less likely", {"log_p": wide, "q": problems.simplex(rng, 3)}))
    made.append(Problem("one label", {"log_p": np.array([-1.7]), "q": np.ones(1)}))
    made.append(Problem("a rare label", {"log_p": np.array([-1.2, -9.1, -2.3]), "q": problems.simplex(rng, 3)}))
    made.append(
        Problem("two equal labels", {"log_p": np.array([-1.1, -3.0, -1.1]), "q": problems.simplex(rng, 3)}, True)
    )
    high = np.array([900.0, 897.5, 899.2])
    made.append(Problem("log-densities near 900", {"log_p": high, "q": problems.simplex(rng, 3)}, True))
    tiny = {"log_p": np.array([-689.0, -690.2, -687.1]), "q": np.array([0.4, 1e-300, 0.6])}
    made.append(Problem("probabilities near 1e-300", tiny, True))
    made.append(
        Problem("an impossible label", {"log_p": np.array([-1.2, -np.inf, -0.4]), "q": problems.simplex(rng, 3)}, True)
    )
    made.append(Problem("six labels", {"log_p": rng.normal(-3, 1.5, 6), "q": problems.simplex(rng, 6)}, True))
    return made


def _term(q, f):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(q > 0, q * f(q), 0.0).sum()


LOWER_BOUND = Exercise(
    lower_bound, lesson=LESSON, chain="jensen_bound", out={"bound": ""}, problems=_one_observation,
    notation={"log_p": "k", "q": "k"},
    statement="The bound sum_j q_j log(p_j / q_j) of one observation, from log p_j, both (k,): a number. Terms with "
              "q_j = 0 count nothing; log p_j may be -inf, and then the bound is -inf where q_j > 0.",
    mistakes=[
        Mistake("zero-times-log-zero", lambda log_p, q: (q * (log_p - np.log(q))).sum(),
                "Right as long as no q_j is zero. 0 log 0 gives NaN on a computer; in the sum it counts 0."),
        Mistake("log-outside", lambda log_p, q: np.log(_term(q, lambda q: np.exp(log_p) / q)),
                "The logarithm stands outside the sum, and q cancels: this is log p(x). Jensen moves the logarithm "
                "inside."),
        Mistake("weighted-with-p", lambda log_p, q:
                (np.exp(log_p) * np.where(q > 0, log_p - np.log(np.where(q > 0, q, 1)), 0)).sum(),
                "The logarithms are weighted with p_j. The expectation is under q."),
        Mistake("no-weight", lambda log_p, q: (log_p - np.log(q)).sum(),
                "log(p_j / q_j) is summed without a weight. An expectation under q has one."),
        Mistake("log-of-expectation", lambda log_p, q: np.log((q * np.exp(log_p)).sum()),
                "This is log E_q[p]. The bound is an expectation of a logarithm, and q stands below the fraction too."),
        Mistake("entropy-unweighted", lambda log_p, q: (q * log_p).sum() - np.log(np.where(q > 0, q, 1)).sum(),
                "In the second term log q_j is not weighted with q_j. Both terms are expectations under q."),
    ],
    ask={
        "sign:the entropy of q": "Split the logarithm of p/q: what becomes of the denominator?",
    },
    hints=[
        "The logarithm of a ratio is a difference: log p_j - log q_j.",
        "Average it with the weights q_j.",
        "Leave out the entries with q_j = 0 before you take their logarithm: used = q > 0.",
    ],
    by_hand="Joint (0.3, 0.1). Compute L for q = (1, 0), (1/2, 1/2) and (3/4, 1/4), and compare each with log 0.4.",
)  # fmt: skip


# ---- tightest_q


def tightest_q(log_p):
    weight = np.exp(log_p - log_p.max())
    return weight / weight.sum()


def _tables(rng):
    return [Problem(p.label, {"log_p": p.args["log_p"]}, p.extreme) for p in _one_observation(rng)]


TIGHTEST_Q = Exercise(
    tightest_q, lesson=LESSON, chain="jensen_bound", out={"q": "k"}, problems=_tables, notation={"log_p": "k"},
    statement="The q that closes the gap: for it the bound equals log p(x).",
    mistakes=[
        Mistake("logs-normalised", lambda log_p: log_p / log_p.sum(),
                "The logarithms are normalised. Which quantity must q be proportional to, p or log p?"),
        Mistake("underflow", lambda log_p: np.exp(log_p) / np.exp(log_p).sum(),
                "Right near the data; far out all p_j underflow and 0/0 is left. Subtract the largest log_p first."),
    ],
    ask={
        "axis:k": "The gap closes when p_j / q_j is the same for all j: what must q_j be proportional to?",
        "underflow:far": "Which log p_j, taken out, leaves no exponent above zero?",
    },
    hints=[
        "Jensen's gap is zero only if the averaged quantity is constant. What is averaged here?",
        "p_j / q_j constant means that q_j is proportional to p_j.",
        "Exponentiate log_p (minus its largest entry) and divide by the sum. It is the posterior.",
    ],
    by_hand="Joint (0.3, 0.1). For which q are the two ratios p_j / q_j the same number? What is that number?",
)  # fmt: skip

EXERCISES = [JENSEN_GAP, UNWEIGHTED_COUNTEREXAMPLE, LOWER_BOUND, TIGHTEST_Q]
