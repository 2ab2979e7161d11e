"""Where the posterior is a recursion, and where it may not be the posterior: the forward pass, and the best factors."""

import numpy as np
from scipy.special import entr, logsumexp, softmax

from emtutor import problems
from emtutor.causes import Problem
from emtutor.derivations.chains.common import assignments, log, mean, tiny
from emtutor.derivations.engine import Derivation, Line


def _chains(rng):
    """Hidden Markov chains that are short enough to enumerate; log_B[t, j] = log p(x_t | z_t = j).

    In every second one transitions are rare, down to 1e-12, and a third of those that leave a state for another are
    impossible.
    """
    made = []
    for T, k in ((3, 2), (4, 3), (5, 2), (3, 4), (2, 3), (6, 2), (4, 1), (3, 3), (6, 5), (12, 2)):
        pi, A, B = problems.simplex(rng, k), problems.simplex(rng, k, k), rng.normal(-2.0, 1.2, (T, k))
        rare = len(made) % 2 == 1
        if rare:
            A = A * np.where(np.eye(k) == 1, 1.0, 10.0 ** rng.uniform(-12, 0, (k, k)) * (rng.random((k, k)) > 1 / 3))
            A, B = A / A.sum(1, keepdims=True), 8 * B
        with np.errstate(divide="ignore"):
            args = {"log_pi": np.log(pi), "log_A": np.log(A), "log_B": B}
        made.append(Problem(f"{T} times, {k} state{'s' * (k > 1)}{', rare transitions' * rare}", args))
    return made


def _paths(log_pi, log_A, log_B):
    """log p(x_1..T, z_1..T) of all k^T paths, and where each ends."""
    z = assignments(len(log_B), len(log_pi))
    steps = log_A[z[:, :-1], z[:, 1:]].sum(1)
    return log_pi[z[:, 0]] + steps + log_B[np.arange(len(log_B)), z].sum(1), z[:, -1]


def _ending(log_pi, log_A, log_B):
    """log p(x_1..T, z_T = j), (k,): all paths that end in j, one by one."""
    total, last = _paths(log_pi, log_A, log_B)
    return np.array([logsumexp(total[last == j]) for j in range(len(log_pi))])


def _alpha(log_pi, log_A, log_B):
    """The last row of log alpha, in the plain way: probabilities, and no path."""
    alpha = np.exp(log_pi + log_B[0])
    for row in log_B[1:]:
        alpha = (alpha @ np.exp(log_A)) * np.exp(row)
    return np.log(alpha)


forward = Derivation("The forward pass: a sum over all paths, one step at a time",
    r"\log \alpha_T(j) = \log p(x_1, \ldots, x_T, z_T = j)", _chains, (
    Line("start", r"\log \sum_{z_1, \ldots, z_{T-1}} p(x_1, \ldots, x_T, z_1, \ldots, z_{T-1}, z_T = j)",
         _ending,
         "sum rule: one term for each path that ends in j"),
    Line("=", r"\log \sum_i \sum_{z_1, \ldots, z_{T-2}} p(x_1, \ldots, x_{T-1}, z_1, \ldots, z_{T-1} = i)\, A_{ij}\, p(x_T \mid z_T = j)",
         lambda log_pi, log_A, log_B: logsumexp(_ending(log_pi, log_A, log_B[:-1])[:, None] + log_A + log_B[-1], axis=0),
         "given the last state, the past no longer matters; x_T depends on z_T alone"),
    Line("=", r"\log p(x_T \mid z_T = j) + \log \sum_i \alpha_{T-1}(i)\, A_{ij}",
         lambda log_pi, log_A, log_B: log_B[-1] + logsumexp(_alpha(log_pi, log_A, log_B[:-1])[:, None] + log_A, axis=0),
         "distributive law: the inner sum is alpha, one time earlier"),
), size=lambda log_pi: 1.0)  # fmt: skip


def _tables(rng):
    """Joints log p(x, z_1, z_2) of two hidden variables, (a, b), and two factors, with tiny entries in some."""
    made = []
    for a, b, spread in ((2, 3, 1.0), (3, 2, 1.5), (3, 4, 1.5), (4, 3, 0.7), (3, 3, 2.0), (2, 2, 1.2), (5, 2, 1.0),
                         (2, 4, 15.0), (7, 6, 12.0)):  # fmt: skip
        draw = problems.simplex if spread < 10 else (lambda rng, k: tiny(rng, 1, k)[0])
        args = {"log_p": rng.normal(-2.0, spread, (a, b)), "q1": draw(rng, a), "q2": draw(rng, b)}
        made.append(Problem(f"{a} by {b}, spread {spread:g}", args))
    return made


def _best(log_p, q2):
    return softmax(log_p @ q2)


mean_field = Derivation("The best factor: q_1 while q_2 is held", r"\mathcal{L}(q_1 q_2)", _tables, (
    Line("start", r"\sum_{z_1, z_2} q_1(z_1)\, q_2(z_2) \log \frac{p(x, z_1, z_2)}{q_1(z_1)\, q_2(z_2)}",
         lambda log_p, q1, q2: mean(np.outer(q1, q2), log_p - log(np.outer(q1, q2))),
         "the bound, for a q that is a product"),
    Line("=", r"\sum_{z_1, z_2} q_1 q_2 \log p(x, z_1, z_2) + \mathbb{H}(q_1) + \mathbb{H}(q_2)",
         lambda log_p, q1, q2: q1 @ log_p @ q2 + entr(q1).sum() + entr(q2).sum(),
         "the log of a product; each factor sums to one"),
    Line("=", r"\sum_{z_1} q_1(z_1) \bigl[ a(z_1) - \log q_1(z_1) \bigr] + \mathbb{H}(q_2), \quad a(z_1) = \sum_{z_2} q_2(z_2) \log p(x, z_1, z_2)",
         lambda log_p, q1, q2: mean(q1, log_p @ q2 - log(q1)) + entr(q2).sum(),
         "keep the terms in q_1: the old bound again, with a where the log-joint was"),
    Line("<=", r"\log \sum_{z_1} \exp a(z_1) + \mathbb{H}(q_2)",
         lambda log_p, q2: logsumexp(log_p @ q2) + entr(q2).sum(), "Jensen",
         tight=lambda log_p, q2: {"q1": _best(log_p, q2)}, tight_when="q_1 is exp a, normalised"),
    Line("maximises", r"q_1(z_1) \propto \exp a(z_1)", lambda log_p, q2: _best(log_p, q2),
         "where the bound is reached; the same for q_2 while q_1 is held", unknown="q1",
         of=lambda log_p, q1, q2: q1 @ log_p @ q2 + entr(q1).sum() + entr(q2).sum()),
), size=lambda q1: 1.0)  # fmt: skip
