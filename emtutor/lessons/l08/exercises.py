"""Lesson 08: log p = L + KL, and free energy."""

import numpy as np

from emtutor import problems
from emtutor.causes import Problem
from emtutor.tutor.exercise import Exercise, Mistake

LESSON = "08-elbo-kl"


def _xlog(q, f):
    """sum q f(q) with 0 where q is 0."""
    with np.errstate(all="ignore"):
        return np.where(q > 0, q * f, 0.0).sum()


def _log(q):
    with np.errstate(divide="ignore"):
        return np.log(q)


def _lse(a):
    return np.logaddexp.reduce(a, axis=-1)


# ---- entropy


def entropy(q):
    p = q[q > 0]
    return -(p * np.log(p)).sum()


_SMALL = np.array([2e-6, 3e-4, 0.02, 0.979698])  # a number added to q, or q cut off below, shows here


def _distributions(rng):
    made = [Problem("hand-sized", {"q": np.array([0.5, 0.25, 0.25])})]
    made.append(Problem("four points, three labels", {"q": problems.simplex(rng, 3, 4)}))
    made.append(Problem("random", {"q": problems.simplex(rng, 5)}))
    made.append(Problem("a zero in q", {"q": np.array([0.0, 0.3, 0.7])}))
    made.append(Problem("small entries", {"q": _SMALL}))
    made.append(Problem("certain", {"q": np.array([[0.0, 1.0], [1.0, 0.0]])}))
    made.append(Problem("one label", {"q": np.ones((3, 1))}))
    made.append(Problem("an entry of 1e-300", {"q": np.array([[1e-300, 1.0], [1e-12, 1 - 1e-12]])}, True))
    made.append(Problem("1000 points", {"q": problems.simplex(rng, 2, 1000)}, True))
    return made


ENTROPY = Exercise(
    entropy, lesson=LESSON, out={"entropy": ""}, problems=_distributions, scale=lambda q: 1.0,
    statement="H(q) = - sum q log q in nats, over all entries; 0 log 0 counts 0. q is (k,), or (n, k) and then summed.",
    mistakes=[
        Mistake("zero-log-zero", lambda q: -(q * _log(q)).sum(),
                "Right as long as no entry is 0. 0 log 0 gives NaN on a computer; as a limit it is 0."),
        Mistake("mean", lambda q: entropy(q) / (len(q) if q.ndim == 2 else q.size),
                "A mean is taken. The entropy is a sum over all entries."),
        Mistake("mean-over-points", lambda q: entropy(q) / len(q) if q.ndim == 2 else entropy(q),
                "For (n, k) a mean over the points is taken. The entropy is a sum over all entries."),
        Mistake("gini", lambda q: 1 - (q**2).sum(), "This is 1 - sum q^2, another measure of spread."),
        Mistake("of-each-label", lambda q: -(_xlog(q, _log(q)) + _xlog(1 - q, _log(1 - q))),
                "Each entry is treated as a coin of its own: the terms (1 - q) log(1 - q) are too many."),
        Mistake("relative", lambda q: entropy(q) / np.log(max(q.shape[-1], 2)),
                "Divided by log k, the largest value that it could have. Here H itself is wanted, in nats."),
        Mistake("gap-to-uniform", lambda q: (q.sum() * np.log(q.shape[-1])) - entropy(q),
                "This is log k - H: how far q is from uniform. H itself is wanted."),
        Mistake("log-of-complement", lambda q: -_xlog(q, np.log(np.where(q < 1, 1 - q, 1))),
                "The logarithm is that of 1 - q. What is averaged is -log q."),
    ],
    ask={
        "sign:result": "What is the entropy of a fair coin, in nats?",
    },
    hints=[
        "An expectation: the average of -log q, with the weights q.",
        "Take out the entries with q = 0 first: q[q > 0] works for (k,) and for (n, k).",
        "For p = q[q > 0]: multiply p with np.log(p), sum, and change the sign.",
    ],
    by_hand="A fair coin, a fair die, a coin that always shows heads: compute H in nats. What does 0 log 0 tend to? "
            "(Try 0.01 log 0.01.)",
)  # fmt: skip


# ---- kl


def kl(q, p):
    used = q > 0
    with np.errstate(divide="ignore"):
        return (q[used] * (np.log(q[used]) - np.log(p[used]))).sum()


def _pairs(rng):
    made = [Problem("hand-sized", {"q": np.array([0.9, 0.1]), "p": np.array([0.6, 0.4])})]
    made.append(Problem("random", {"q": problems.simplex(rng, 4), "p": problems.simplex(rng, 4)}))
    made.append(
        Problem("five points, three labels", {"q": problems.simplex(rng, 3, 5), "p": problems.simplex(rng, 3, 5)})
    )
    made.append(Problem("a zero in q", {"q": np.array([0.0, 0.3, 0.7]), "p": np.array([0.2, 0.5, 0.3])}))
    made.append(Problem("small entries", {"q": _SMALL, "p": np.array([3e-4, 0.4, 2e-6, 0.599698])}))
    made.append(Problem("a zero in p where q is not zero", {"q": np.array([0.2, 0.8]), "p": np.array([0.0, 1.0])}))
    made.append(Problem("zero in both", {"q": np.array([0.0, 0.4, 0.6]), "p": np.array([0.0, 0.7, 0.3])}))
    made.append(Problem("equal", {"q": np.array([0.3, 0.7]), "p": np.array([0.3, 0.7])}))
    made.append(Problem("p of 1e-300", {"q": np.array([0.4, 0.6]), "p": np.array([1e-300, 1.0])}, True))
    made.append(Problem("q of 1e-300", {"q": np.array([1e-300, 1.0]), "p": np.array([0.4, 0.6])}, True))
    made.append(
        Problem("1000 points", {"q": problems.simplex(rng, 2, 1000), "p": problems.simplex(rng, 2, 1000)}, True)
    )
    return made


KL = Exercise(
    kl, lesson=LESSON, chain="kl_not_negative", out={"kl": ""}, problems=_pairs,
    statement="D_KL(q || p) = sum q log(q / p); 0 where q is 0, inf where q puts mass on p = 0; (n, k) is summed.",
    mistakes=[
        Mistake("zero-log-zero", lambda q, p: (lambda s: s)((q * (_log(q) - _log(p))).sum()),
                "Right as long as no q is 0. Where q is 0 the term counts 0, whatever p is."),
        Mistake("finite-where-infinite", lambda q, p:
                _xlog(np.where(p > 0, q, 0), _log(q) - _log(np.where(p > 0, p, 1))),
                "Terms with p = 0 are left out. Where q > 0 and p = 0 the divergence is infinite, and that is the "
                "right answer."),
        Mistake("clipped", lambda q, p: kl(q, np.clip(p, 1e-12, None)),
                "p is kept away from 0 by a small number. Where q > 0 and p = 0 the answer is inf, not large."),
        Mistake("symmetrised", lambda q, p: (kl(q, p) + kl(p, q)) / 2,
                "The mean of both directions. The divergence in the lemma is not symmetric."),
        Mistake("absolute", lambda q, p: _xlog(q, np.abs(_log(q) - _log(p))),
                "Each term is made positive. Single terms may be negative; only their sum is not."),
        Mistake("unweighted", lambda q, p: (np.log(np.where(q > 0, q, 1)) - np.log(np.where(p > 0, p, 1))).sum(),
                "Each log ratio must be weighted with its probability q: this is a plain sum."),
        Mistake("squared-difference", lambda q, p: ((q - p) ** 2).sum(),
                "This is the sum of squared differences. The divergence is an expectation of a log ratio."),
        Mistake("total-variation", lambda q, p: np.abs(q - p).sum() / 2,
                "This is half the sum of |q - p|, another measure. The divergence is an expectation of a log ratio."),
        Mistake("chi-squared", lambda q, p: ((q - p) ** 2 / np.where(p > 0, p, 1)).sum(),
                "This is (q - p)^2 / p, which is near twice the divergence for small differences only. Where is the "
                "logarithm?"),
        Mistake("to-the-mean", lambda q, p: (kl(q, (p + q) / 2) + kl(p, (p + q) / 2)) / 2,
                "This compares both with their mean (Jensen and Shannon). The lemma has q against p."),
    ],
    ask={
        "term:KL(p || q)": "In the lemma, whose expectation is taken: that of q or that of p?",
        "sign:result": "What sign must a divergence have?",
    },
    hints=[
        "An expectation under q of a difference of logarithms.",
        "Terms with q = 0 count nothing: pick the others with used = q > 0 before you take logarithms.",
        "np.log(0) is -inf, and minus that is inf: where p is 0 and q is not, let it happen.",
    ],
    by_hand="q = (1/2, 1/2), p = (1/4, 3/4): compute both D(q || p) and D(p || q). Then let p = (0, 1): which of the "
            "two is infinite?",
)  # fmt: skip


# ---- elbo, free_energy


def elbo(log_joint, q):
    used = q > 0
    return (q[used] * (log_joint[used] - np.log(q[used]))).sum()


def free_energy(log_joint, q):
    used = q > 0
    U = -(q[used] * log_joint[used]).sum()
    S = -(q[used] * np.log(q[used])).sum()
    return U - S


def _joints(rng):
    made = problems.posed("log_joint q", rng)
    hard = made[1].args["q"].copy()
    hard[0] = np.eye(hard.shape[1])[0]
    made.append(Problem("a zero in q", {"log_joint": made[1].args["log_joint"], "q": hard}))
    impossible = np.array([[-1.2, -np.inf], [-0.7, -1.9]])
    small = rng.normal(-3, 1.5, (2, 4))
    made.append(Problem("small entries in q", {"log_joint": small, "q": np.array([_SMALL, _SMALL[::-1]])}))
    made.append(
        Problem("a joint of zero where q is not", {"log_joint": impossible, "q": np.array([[0.7, 0.3], [0.4, 0.6]])})
    )
    return made


ELBO = Exercise(
    elbo, lesson=LESSON, chain="lemma", out={"elbo": ""}, problems=_joints,
    statement="L(q) = sum q log(p(x, z) / q), summed over points and labels; both (n, k).",
    mistakes=[
        Mistake("zero-log-zero", lambda a, q: (q * (a - _log(q))).sum(),
                "Right as long as no q is 0: there 0 log 0 gives NaN. What is it as a limit?"),
    ],
    ask={
        "sign:result": "Is it to be large, as L, or small, as the free energy F = -L?",
    },
    hints=[
        "An expectation under q of log p(x, z) - log q(z).",
        "Only entries with q > 0 count: used = q > 0 works for tables too.",
        "Subtract np.log(q[used]) from log_joint[used], multiply by q[used], sum.",
    ],
    by_hand="One point, joint (0.3, 0.1), q = (1/2, 1/2): write each term q_j log(p_j / q_j), add them up, and "
            "compare with log 0.4.",
)  # fmt: skip

FREE_ENERGY = Exercise(
    free_energy, lesson=LESSON, chain="free_energy", out={"free_energy": ""}, problems=_joints,
    statement="F = U - T S at T = 1: U = - E_q log p(x, z), S the entropy of q; summed over points.",
    mistakes=[
        Mistake("zero-log-zero", lambda a, q: -(q * (a - _log(q))).sum(),
                "Right as long as no q is 0: there 0 log 0 gives NaN. What is it as a limit?"),
    ],
    ask={
        "sign:result": "Is it to be large, as L, or small, as the free energy F = -L?",
    },
    hints=[
        "Two sums: the energy U, minus the expected log-joint, and the entropy S.",
        "Both count only entries with q > 0.",
        "F = U - S. Compare with your elbo: what should F + L be?",
    ],
    by_hand="One point, joint (0.3, 0.1), q = (1/2, 1/2): compute U, S and F = U - S. Which sign must F have compared "
            "with -log 0.4?",
)  # fmt: skip


# ---- decompose


def decompose(log_joint, q):
    top = log_joint.max(1)
    log_p = top + np.log(np.exp(log_joint - top[:, None]).sum(1))
    used = q > 0
    log_posterior = log_joint - log_p[:, None]
    elbo = (q[used] * (log_joint[used] - np.log(q[used]))).sum()
    kl = (q[used] * (np.log(q[used]) - log_posterior[used])).sum()
    return log_p.sum(), elbo, kl


def _parts(a, q):
    return _lse(a).sum(), elbo(a, q), _xlog(q, _log(q) - (a - _lse(a)[:, None]))


def _far_joints(rng):
    """... and a row beside whose log-joint every KL is lost: log p - L has no digits left there."""
    made = _joints(rng)
    row = np.array([[-1e12, -2e12, -3e12]])
    args = {
        "log_joint": np.vstack([row, made[1].args["log_joint"]]),
        "q": np.vstack([np.eye(3)[:1], made[1].args["q"]]),
    }
    return [*made, Problem("one point so far out that log p is -1e12", args, True)]


def _by_difference(problem, output, expected):
    """Where KL has no digits left: was it log p - L?"""
    log_p, L, gap = output
    if abs(gap - (log_p - L)) > 1e-15 * abs(log_p) or abs(gap - expected[2]) < 1e-6 * abs(expected[2]):
        return ""
    return "kl-by-difference", (
        "Your kl is log p - L. Then the lemma cannot be tested with it, and where log p is large no digit is left. "
        "Which sum over q and the posterior is KL by its own definition?"
    )


DECOMPOSE = Exercise(
    decompose, lesson=LESSON, chain="lemma", out={"log_evidence": "", "elbo": "", "kl": ""}, problems=_far_joints,
    extra=_by_difference,
    statement="log p(x), L(q) and KL(q || posterior), totals over the points, each from its own definition, not from "
              "the other two: a point may lie so far out that log p - L keeps no digit of KL. log_joint, q (n, k).",
    mistakes=[
        Mistake("kl-from-joint", lambda a, q: (_lse(a).sum(), elbo(a, q), _xlog(q, _log(q) - a)),
                "The divergence is taken from the joint, which does not sum to one. It is from the posterior: divide "
                "the joint by the evidence first."),
        Mistake("kl-reversed", lambda a, q:
                (_lse(a).sum(), elbo(a, q), (lambda lp: _xlog(np.exp(lp), lp - _log(q)))(a - _lse(a)[:, None])),
                "The divergence runs from the posterior to q. In the lemma the expectation is under q."),
        Mistake("log-inside", lambda a, q: (a.sum(), *_parts(a, q)[1:]),
                "The evidence sums the logarithms. The joint is summed over the labels first, then logged."),
        Mistake("kl-sign", lambda a, q: (*_parts(a, q)[:2], -_parts(a, q)[2]),
                "The divergence is negative. L lies below log p(x): by how much, and with which sign?"),
        Mistake("order", lambda a, q: (lambda e, b, d: (e, d, b))(*_parts(a, q)),
                "The second and third are swapped: log_evidence, elbo, kl."),
        Mistake("means", lambda a, q: tuple(part / len(a) for part in _parts(a, q)),
                "These are means over the points. All three are sums."),
    ],
    hints=[
        "Three separate sums. Check at the end that the first is the sum of the other two.",
        "log p(x_i) is the log-sum-exp of row i; the log-posterior is the row minus that number.",
        "For kl use the log-posterior, not its exponential: far out it underflows.",
    ],
    by_hand="One point, joint (0.3, 0.1), q = (1/2, 1/2). Compute the three numbers each from its own definition, and "
            "only then add two of them.",
)  # fmt: skip


# ---- tempered_posterior


def tempered_posterior(log_joint, T):
    a = log_joint / T
    weight = np.exp(a - a.max(1, keepdims=True))
    return weight / weight.sum(1, keepdims=True)


def _with_temperature(rng):
    made = problems.posed("log_joint T", rng)
    made.append(Problem("cold", {"log_joint": made[1].args["log_joint"], "T": 0.002}))
    made.append(Problem("hot", {"log_joint": made[1].args["log_joint"], "T": 50.0}))
    made.append(Problem("very cold, two equal labels", {"log_joint": np.array([[-1.0, -3.0, -1.0]]), "T": 1e-8}, True))
    near = np.array([[-1.0, -1.0 - 3e-8, -1.0 + 2e-8]])
    made.append(Problem("very cold, three labels that are nearly equal", {"log_joint": near, "T": 1e-8}, True))
    made.append(Problem("very hot", {"log_joint": made[1].args["log_joint"], "T": 1e4}, True))
    return made


def _rows(a):
    weight = np.exp(a - a.max(1, keepdims=True))
    return weight / weight.sum(1, keepdims=True)


TEMPERED_POSTERIOR = Exercise(
    tempered_posterior, lesson=LESSON, chain="tempered", out={"q": "nk"}, problems=_with_temperature,
    statement="The q that minimises U - T S: one row a point.",
    mistakes=[
        Mistake("posterior-over-T", lambda a, T: _rows(a) / T,
                "The posterior is divided by T, so its rows no longer sum to one. T acts on the logarithm."),
        Mistake("underflow", lambda a, T: (lambda w: w / w.sum(1, keepdims=True))(np.exp(a / T)),
                "Right for moderate numbers. When it is cold, or far out, everything underflows: subtract the "
                "largest of each row first."),
        Mistake("uniform", lambda a, T: np.full(a.shape, 1 / a.shape[1]),
                "This is the limit T -> infinity, where only the entropy counts."),
    ],
    ask={
        "inverse:T": "A hot system should be less certain: multiply or divide?",
    },
    hints=[
        "Divide U - T S by T. It looks like the free energy of another joint: which one?",
        "The minimiser is proportional to p(x, z)^(1/T).",
        "Divide log_joint by T, then proceed as for a posterior: subtract the row's largest, exponentiate, normalise.",
    ],
    by_hand="Joint (0.3, 0.1): compute the ratio q_1 / q_2 for T = 1, T = 2, T very large and T very small.",
)  # fmt: skip

EXERCISES = [ENTROPY, KL, ELBO, FREE_ENERGY, DECOMPOSE, TEMPERED_POSTERIOR]
