"""Lesson 11: statistics that add, chains of labels, and a q that is restricted."""

import numpy as np

from emtutor import problems
from emtutor.causes import Problem, Quantity
from emtutor.maths.formulas import log_joint
from emtutor.tutor.exercise import Exercise, Mistake

LESSON = "11-beyond"


# ---- block_statistics


def block_statistics(x, pi, mu, Sigma):
    columns = []
    for p, m, S in zip(pi, mu, Sigma, strict=True):
        squared = ((x - m) * np.linalg.solve(S, (x - m).T).T).sum(1)
        log_det = np.linalg.slogdet(S)[1]
        columns.append(np.log(p) - (x.shape[1] * np.log(2 * np.pi) + log_det + squared) / 2)
    a = np.stack(columns, axis=1)
    top = a.max(1, keepdims=True)
    log_p = top + np.log(np.exp(a - top).sum(1, keepdims=True))
    r = np.exp(a - log_p)
    return r.sum(0), r.T @ x, np.einsum("nk,na,nb->kab", r, x, x), log_p.sum()


def _statistics(x, pi, mu, Sigma, r=None, second=None, log_p=None):
    a = log_joint(x, pi, mu, Sigma)
    evidence = np.logaddexp.reduce(a, axis=1)
    r = np.exp(a - evidence[:, None]) if r is None else r(a)
    S2 = np.einsum("nk,na,nb->kab", r, x, x) if second is None else second(x, r)
    return r.sum(0), r.T @ x, S2, evidence.sum() if log_p is None else log_p(a, r)


def _with(**changes):
    return lambda x, pi, mu, Sigma: _statistics(x, pi, mu, Sigma, **changes)


def _centred(x, r):
    m = r.T @ x / r.sum(0)[:, None]
    return np.einsum("nk,na,nb->kab", r, x, x) - r.sum(0)[:, None, None] * m[:, :, None] * m[:, None]


BLOCK_STATISTICS = Exercise(
    block_statistics, lesson=LESSON, out={"S0": "k", "S1": "kd", "S2": "kdd", "log_likelihood": ""},
    problems=lambda rng: problems.posed("x pi mu Sigma", rng),
    statement="Of one block of rows: S0 (k,) = sum_i r_ij, S1 (k, d) = sum_i r_ij x_i, S2 (k, d, d) = sum_i r_ij x_i "
              "x_i^T, and the block's log p. All four add over blocks. x (n, d), pi (k,), mu (k, d), Sigma (k, d, d).",
    mistakes=[
        Mistake("averages", lambda x, *theta: tuple(part / len(x) for part in _statistics(x, *theta)),
                "You divide by the number of rows. Averages of blocks of different length do not add; sums do."),
        Mistake("centred", _with(second=_centred),
                "S2 is centred at the block's own mean. Scatters around different means do not add; sums of x x^T do."),
        Mistake("hard", _with(r=lambda a: np.eye(a.shape[1])[a.argmax(1)]),
                "Each point is given to one component. The statistics are weighted with r."),
        Mistake("outer-of-sums", _with(second=lambda x, r: (lambda s: s[:, :, None] * s[:, None])(r.T @ x)),
                "S2 is the outer product of S1. Sum the products, not the product of the sums."),
    ],
    hints=[
        "First the table of log-joints and the responsibilities, as in lesson 05; then three weighted sums.",
        "S0 = r.sum(0) and S1 = r.T @ x. For S2 sum r_ij x_ia x_ib over the rows i.",
        "np.einsum('nk,na,nb->kab', r, x, x) does that. log p is the sum of the rows' log-sum-exp.",
    ],
    by_hand="Two blocks of one point each: which numbers of the two must you add to get the M-step?",
)  # fmt: skip


# ---- theta_from_statistics


def theta_from_statistics(S0, S1, S2):
    mu = S1 / S0[:, None]
    Sigma = S2 / S0[:, None, None] - mu[:, :, None] * mu[:, None, :]
    return S0 / S0.sum(), mu, Sigma


def _sums(rng):
    made = []
    for p in problems.posed("x r", rng, hostile=False):
        x, r = p.args.values()
        made.append((p.label, x, r, p.extreme))
    world = problems.world(rng, 9, 2, 1)
    made.append(("d = 1", world["x"], world["r"], False))
    world = problems.world(rng, 8, 1, 2)
    made.append(("one component", world["x"], world["r"], False))
    return [
        Problem(label, {"S0": r.sum(0), "S1": r.T @ x, "S2": np.einsum("nk,na,nb->kab", r, x, x)}, extreme)
        for label, x, r, extreme in made
    ]


def _theta(S0, S1, S2, pi=None, mu=None, Sigma=None):
    m = S1 / S0[:, None]
    square = m[:, :, None] * m[:, None]
    return (
        S0 / S0.sum() if pi is None else pi(S0),
        m if mu is None else mu(S0, S1),
        S2 / S0[:, None, None] - square if Sigma is None else Sigma(S0, S1, S2, square),
    )


def _wrong(**changes):
    return lambda S0, S1, S2: _theta(S0, S1, S2, **changes)


THETA_FROM_STATISTICS = Exercise(
    theta_from_statistics, lesson=LESSON, out={"pi": "k", "mu": "kd", "Sigma": "kdd"}, problems=_sums,
    notation={"S0": Quantity("k", "positive")},
    statement="pi (k,), mu (k, d), Sigma (k, d, d) from the sums S0 (k,), S1 (k, d), S2 (k, d, d) over all rows.",
    mistakes=[
        Mistake("not-centred", _wrong(Sigma=lambda S0, S1, S2, sq: S2 / S0[:, None, None]),
                "Sigma is the second moment. Subtract mu mu^T: spread is measured around the mean."),
        Mistake("counts-for-pi", _wrong(pi=lambda S0: S0), "pi holds counts. Which number makes them sum to one?"),
        Mistake("over-n", _wrong(Sigma=lambda S0, S1, S2, sq: S2 / S0.sum() - sq),
                "S2 is divided by the number of all rows. Component j has S0_j of them."),
        Mistake("subtract-S1", _wrong(Sigma=lambda S0, S1, S2, sq:
                S2 / S0[:, None, None] - S1[:, :, None] * S1[:, None]),
                "S1 S1^T is subtracted; it should be mu mu^T. Look at the units: S1 is a sum over rows."),
    ],
    hints=[
        "S0 is R. Which number is S0.sum()?",
        "mu_j = S1_j / S0_j, with the axes lined up by S0[:, None].",
        "Covariance = second moment minus the outer product of the mean: E[x x^T] - mu mu^T.",
    ],
    by_hand="One component, points 1 and 3: S0, S1, S2, then the variance.",
)  # fmt: skip


# ---- online_update


def online_update(S, S_block, step):
    return tuple((1 - step) * a + step * b for a, b in zip(S, S_block, strict=True))


def _blocks(rng):
    made = []
    for label, step, sizes in (
        ("hand-sized", 0.5, None),
        ("a small step", 0.07, (8, 3, 2)),
        ("d = 1", 0.4, (6, 2, 1)),
        ("one component", 0.9, (7, 1, 2)),
        ("the whole step", 1.0, (5, 2, 3)),
    ):
        pair = []
        for _ in range(2):
            w = problems.hand_sized() if sizes is None and not pair else problems.world(rng, *(sizes or (4, 2, 2)))
            n = len(w["x"])
            S2 = np.einsum("nk,na,nb->kab", w["r"], w["x"], w["x"])
            pair.append((w["r"].sum(0) / n, w["r"].T @ w["x"] / n, S2 / n))
        made.append(Problem(label, {"S": pair[0], "S_block": pair[1], "step": step}))
    S, S_block = ((made[1].args[name][0], -made[1].args[name][1], made[1].args[name][2]) for name in ("S", "S_block"))
    made.append(Problem("sums below zero, a tiny step", {"S": S, "S_block": S_block, "step": 1e-4}, True))
    return made


def _mixed(f):
    return lambda S, B, step: tuple(f(a, b, step) for a, b in zip(S, B, strict=True))


ONLINE_UPDATE = Exercise(
    online_update, lesson=LESSON, out={"S0": "k", "S1": "kd", "S2": "kdd"}, problems=_blocks,
    statement="The running averages after one block: S moved by `step` towards S_block, a convex combination. S and "
              "S_block are tuples (S0, S1, S2) of averages a row; step is between 0 and 1.",
    mistakes=[
        Mistake("swapped", _mixed(lambda a, b, s: s * a + (1 - s) * b),
                "step multiplies the old average. A small step should change little."),
        Mistake("added", _mixed(lambda a, b, s: a + s * b),
                "The old average is not made smaller, so the sum of the weights grows. Both weights together must be "
                "one."),
        Mistake("half-half", _mixed(lambda a, b, s: (a + b) / 2), "Old and new count alike, whatever the step."),
        Mistake("replaced", _mixed(lambda a, b, s: b), "The past is forgotten: right for step = 1 only."),
        Mistake("sign", _mixed(lambda a, b, s: a - s * (b - a)), "The average moves away from the block."),
        Mistake("sums", _mixed(lambda a, b, s: a + b), "The two are added, as sums would be. These are averages."),
        Mistake("scaled-block", _mixed(lambda a, b, s: (1 - s) * a + b),
                "The block enters in full: its weight is step."),
        Mistake("block-only", _mixed(lambda a, b, s: s * b),
                "Only the block's part is there. Where is the old average, and with which weight?"),
        Mistake("old-only", _mixed(lambda a, b, s: (1 - s) * a),
                "Only the old average's part is there. What does the block add, and with which weight?"),
        Mistake("weights-over-their-sum", _mixed(lambda a, b, s: (a + s * b) / (1 + s)),
                "The weights are 1 and step, over their sum 1 + step. step itself is to be the weight of the block."),
    ],
    hints=[
        "A convex combination has two weights that sum to one. Which two?",
        "step is the weight of the new block, 1 - step that of the old average.",
        "Do the same for each of the three arrays and return them as a tuple.",
    ],
    by_hand="Old average 10, block 20, step 0.1: what is the new average?",
)  # fmt: skip


# ---- forward


def forward(log_pi, log_A, log_B):
    log_alpha = np.empty_like(log_B)
    log_alpha[0] = log_pi + log_B[0]
    for t in range(1, len(log_B)):
        log_alpha[t] = np.logaddexp.reduce(log_alpha[t - 1][:, None] + log_A, axis=0) + log_B[t]
    return log_alpha


def _forward(log_pi, log_A, log_B, start=None, move=None, emit=None):
    rows = [log_pi + log_B[0] if start is None else start(log_pi, log_B)]
    for t in range(1, len(log_B)):
        arrived = np.logaddexp.reduce(rows[-1][:, None] + log_A, axis=0) if move is None else move(rows[-1], log_A)
        rows.append(arrived + log_B[t] if emit is None else emit(arrived, log_B, t))
    return np.array(rows)


def _different(**changes):
    return lambda log_pi, log_A, log_B: _forward(log_pi, log_A, log_B, **changes)


def _late(log_pi, log_A, log_B):
    rows = [log_pi + log_B[0]]
    for row in log_B[1:]:
        rows.append(np.logaddexp.reduce((rows[-1] + row)[:, None] + log_A, axis=0))
    return np.array(rows)


def _naive(log_pi, log_A, log_B):
    alpha = [np.exp(log_pi + log_B[0])]
    for row in log_B[1:]:
        alpha.append((alpha[-1] @ np.exp(log_A)) * np.exp(row))
    return np.log(np.array(alpha))


def _chains(rng):
    made = []
    weather = {
        "log_pi": np.log([0.6, 0.4]),
        "log_A": np.log([[0.7, 0.3], [0.4, 0.6]]),
        "log_B": np.log([[0.1, 0.6], [0.4, 0.3], [0.5, 0.1]]),
    }
    made.append(Problem("weather, three days", weather))
    for label, T, k in (
        ("three states", 5, 3),
        ("one time", 1, 3),
        ("one state", 4, 1),
        ("as many times as states", 3, 3),
        ("six states", 4, 6),
        ("2000 times", 2000, 2),
    ):
        args = {
            "log_pi": np.log(problems.simplex(rng, k)),
            "log_A": np.log(problems.simplex(rng, k, k)),
            "log_B": rng.normal(-2, 1.2, (T, k)),
        }
        made.append(Problem(label, args))
    made.append(Problem("densities above one", made[1].args | {"log_B": rng.normal(300, 1.2, (5, 3))}, True))
    return made


FORWARD = Exercise(
    forward, lesson=LESSON, chain="forward", out={"log_alpha": "tk"}, problems=_chains,
    statement="log_alpha (T, k), the unnormalised log p(x_1..t, z_t). log_pi (k,), log_A (k, k) with log_A[i, j] = "
              "log p(z_t+1 = j | z_t = i), log_B (T, k) the emissions' log-density. T may be long.",
    mistakes=[
        Mistake("underflow", _naive,
                "Right for a short chain. The product of two thousand probabilities underflows: stay with logarithms "
                "and use log-sum-exp."),
        Mistake("best-path", _different(move=lambda row, A: (row[:, None] + A).max(0)),
                "You take the best predecessor: that is Viterbi. Here all predecessors are summed."),
        Mistake("no-first-emission", _different(start=lambda pi, B: pi),
                "The first row lacks the emission of the first observation."),
        Mistake("normalised", lambda log_pi, log_A, log_B:
                (lambda a: a - np.logaddexp.reduce(a, axis=1, keepdims=True))(forward(log_pi, log_A, log_B)),
                "Each row is normalised: p(z_t | x_1..t). Wanted is the unnormalised joint with the observations."),
        Mistake("late-emission", _different(emit=lambda arrived, B, t: arrived + B[t - 1]),
                "Row t uses the emission of t - 1."),
        Mistake("no-emission", _different(emit=lambda arrived, B, t: arrived),
                "After the first row the observations no longer enter."),
        Mistake("no-transition", lambda log_pi, log_A, log_B: log_pi + np.cumsum(log_B, axis=0),
                "This is what comes out if the state never changes. Either A does not enter, or it is summed over "
                "its second index, the state that is reached: those rows sum to one, and A is gone. Sum over the state "
                "before."),
        Mistake("a-step-before-the-first", lambda log_pi, log_A, log_B:
                _forward(np.logaddexp.reduce(log_pi[:, None] + log_A, axis=0), log_A, log_B),
                "The state makes a step before the first observation. log_pi is the distribution of z_1 itself."),
        Mistake("from-the-first-row", lambda log_pi, log_A, log_B:
                np.vstack([(log_pi + log_B[0])[None],
                np.logaddexp.reduce((log_pi + log_B[0])[:, None] + log_A, axis=0) + log_B[1:]]),
                "Every row is made from the first one. Row t comes from row t - 1."),
        Mistake("emission-before-the-step", _late,
                "The emission of time t is multiplied in before the step to t, so it is that of the state before. "
                "First move, then emit."),
    ],
    ask={
        "transpose:log_A": "log_A[i, j] leads from i to j: over which of the two do you sum?",
    },
    hints=[
        "Row 0: the start and the first emission. Each later row: come from any state, move, emit.",
        "In probabilities: alpha_t(j) = b_t(j) sum_i alpha_t-1(i) A_ij. Take the logarithm of that.",
        "np.logaddexp.reduce(previous[:, None] + log_A, axis=0) sums over the predecessor i, for each j.",
    ],
    by_hand="Two states, two times: write out the four paths and add those that end in state 1.",
)  # fmt: skip


# ---- mean_field


def mean_field(log_p, q1, q2):
    a = log_p @ q2
    q1 = np.exp(a - a.max())
    q1 = q1 / q1.sum()
    b = q1 @ log_p
    q2 = np.exp(b - b.max())
    return q1, q2 / q2.sum()


def _normalised(a):
    weight = np.exp(a - a.max())
    return weight / weight.sum()


def _sweep(log_p, q1, q2):
    new = _normalised(log_p @ q2)
    return new, _normalised(new @ log_p)


def _swept(log_p, q1, q2, times):
    for _ in range(times):
        q1, q2 = _sweep(log_p, q1, q2)
    return q1, q2


def _logs(q):
    with np.errstate(divide="ignore"):
        return np.log(q)


def _joint_tables(rng):
    made = []
    hand = np.log([[0.3, 0.05, 0.1], [0.05, 0.4, 0.1]])
    made.append(Problem("hand-sized", {"log_p": hand, "q1": np.array([0.4, 0.6]), "q2": np.array([0.2, 0.3, 0.5])}))
    for label, shape, shift in (("three by four", (3, 4), 0), ("square", (3, 3), 0), ("far out", (2, 3), -3000)):
        made.append(
            Problem(
                label,
                {
                    "log_p": rng.normal(-2, 1.5, shape) + shift,
                    "q1": problems.simplex(rng, shape[0]),
                    "q2": problems.simplex(rng, shape[1]),
                },
            )
        )
    args = made[1].args
    made.append(Problem("cells far apart", args | {"log_p": 4000 * args["log_p"]}))
    made.append(Problem("log-densities near 900", args | {"log_p": 900 + args["log_p"]}, True))
    made.append(Problem("a zero in q2", args | {"q2": np.array([0.0, 0.2, 0.5, 0.3])}, True))
    tied = np.log([[0.2, 0.1, 0.1], [0.2, 0.1, 0.1], [0.05, 0.1, 0.15]])
    start = {"q1": np.array([0.2, 0.5, 0.3]), "q2": np.array([0.5, 0.2, 0.3])}
    made.append(Problem("two equal rows", {"log_p": tied} | start, True))
    return made


MEAN_FIELD = Exercise(
    mean_field, lesson=LESSON, chain="mean_field", out={"q1": "a", "q2": "b"}, problems=_joint_tables,
    statement="q1 (a,) and q2 (b,) after one sweep of the best factorised q = q1 q2 for the table log_p (a, b): first "
              "q1 from the given q2, then q2 from the new q1.",
    mistakes=[
        Mistake("at-once", lambda a, q1, q2: (_normalised(a @ q2), _normalised(q1 @ a)),
                "q2 is updated with the old q1. Updates at once may lower L; one after the other never do."),
        Mistake("marginals", lambda a, q1, q2:
                (_normalised(np.logaddexp.reduce(a, axis=1)), _normalised(np.logaddexp.reduce(a, axis=0))),
                "These are the exact marginals. The best factorised q has others: it averages log p, not p."),
        Mistake("average-of-p", lambda a, q1, q2:
                (lambda p: (lambda n: (n, n @ p / (n @ p).sum()))(p @ q2 / (p @ q2).sum()))(np.exp(a - a.max())),
                "You average p under the other factor. It is log p that is averaged, then exponentiated."),
        Mistake("q2-first", lambda a, q1, q2: (lambda n: (_normalised(a @ n), n))(_normalised(q1 @ a)),
                "q2 is updated first. Here q1 comes first."),
        Mistake("underflow", lambda a, q1, q2:
                (lambda n: (n / n.sum(), (lambda m: m / m.sum())(np.exp(n / n.sum() @ a))))(np.exp(a @ q2)),
                "Right for moderate numbers; far out everything underflows. Subtract the largest first."),
        Mistake("logs-normalised", lambda a, q1, q2: (lambda n: (n, n @ a / (n @ a).sum()))(a @ q2 / (a @ q2).sum()),
                "The averaged logarithms are normalised as they are. Exponentiate first."),
        Mistake("two-sweeps", lambda a, q1, q2: _sweep(a, *_sweep(a, q1, q2)),
                "You sweep twice. One sweep is asked for: q1 once, then q2 once."),
        Mistake("to-the-end", lambda a, q1, q2: _swept(a, q1, q2, 500),
                "You sweep until nothing changes. One sweep is asked for: q1 once, then q2 once."),
        Mistake("with-its-old-self", lambda a, q1, q2:
                (lambda n: (n, _normalised(_logs(q2) + n @ a)))(_normalised(_logs(q1) + a @ q2)),
                "Each factor is multiplied by its old value. The best q1 depends on q2 alone: its own old value is "
                "forgotten."),
        Mistake("largest-only", lambda a, q1, q2: (_normalised(a.max(1)), _normalised(a.max(0))),
                "You take the largest log p over the other variable. It is to be averaged under the other factor."),
        Mistake("q2-kept", lambda a, q1, q2: (mean_field(a, q1, q2)[0], q2),
                "q1 is new and q2 the one that was given. What does the second half of a sweep do?"),
        Mistake("q1-kept", lambda a, q1, q2: (q1, _normalised(q1 @ a)),
                "q1 is the one that was given; the sweep begins with it. From what is the new q1 computed?"),
    ],
    hints=[
        "Hold q2. L is then a bound for q1 alone, with the averaged log p in the place of a log-joint.",
        "The best q1 is proportional to exp(E_q2[log p]); E_q2[log p] is log_p @ q2.",
        "Normalise q1 (largest subtracted), then do the same for q2 with the new q1: q1 @ log_p.",
    ],
    by_hand="A 2 x 2 table with equal entries on each diagonal: what does symmetry say about q1 and q2?",
)  # fmt: skip

EXERCISES = [BLOCK_STATISTICS, THETA_FROM_STATISTICS, ONLINE_UPDATE, FORWARD, MEAN_FIELD]
