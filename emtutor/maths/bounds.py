"""log p = L + KL, for discrete q: entropy, KL divergence, ELBO, free energy, Jensen's gap.

Each is computed from its own definition and none as the difference of two others, so that
``log_evidence(a) == elbo(a, q) + kl(q, posterior(a))`` is a test and not a tautology. All are in nats.
`log_joint` holds log p(x_i, z_i = j) in row i, column j: (n, k), or (k,) for one observation; -inf where the joint is
zero. `q` has its shape, with rows that sum to one. Sums run over all points.
"""

import numpy as np
from scipy.special import entr, logsumexp, rel_entr

from emtutor.maths import arguments, formulas


def entropy(q):
    """H(q) = - sum_z q(z) log q(z), in nats, summed over rows; 0 log 0 = 0.

    q: (k,) or (n, k). Raises ValueError if a row is no distribution.
    """
    return float(entr(_distribution("q", q)).sum())


def kl(q, p):
    """D_KL(q || p) = sum_z q(z) log (q(z) / p(z)) >= 0, inf where q puts mass on p = 0.

    q, p: (k,), or (n, k) and then summed over rows. Bishop, PRML, (1.113).
    """
    q, p = _distribution("q", q), _distribution("p", p)
    _same_shape("p", p, "q", q)
    return float(rel_entr(q, p).sum())


def elbo(log_joint, q):
    """L(q) = sum_z q(z) log (p(x, z) / q(z)) <= log p(x), summed over points; -inf where q > 0 and the joint is 0.

    Bishop, PRML, (9.71).
    """
    return formulas.elbo(*check(log_joint, q))


def free_energy(log_joint, q, T=1.0):
    """F = U - T S with U = -E_q log p(x, z) and S = H(q); at T = 1, F = -L(q). MacKay, ITILA, ch. 33."""
    a, q = check(log_joint, q)
    T = arguments.number("T", T, "a finite temperature >= 0", lambda T: 0 <= T < np.inf)
    return formulas.expectation(q, -a) - T * float(entr(q).sum())


def log_evidence(log_joint):
    """log p(x) = sum_i log sum_j p(x_i, z_i = j), with the largest term taken out before exponentiating."""
    return float(np.sum(formulas.log_p(_joint_table(log_joint))))


def posterior(log_joint):
    """p(z = j | x_i) = p(x_i, j) / sum_j' p(x_i, j'): the q at which KL is zero. Same shape as `log_joint`."""
    return formulas.posterior(_joint_table(log_joint))


def tempered_posterior(log_joint, T):
    """q(z) proportional to p(x, z)^(1/T): the minimiser of U - T S, for a temperature T > 0."""
    T = arguments.number("T", T, "a finite temperature > 0", lambda T: 0 < T < np.inf)
    a = _joint_table(log_joint)
    top = a.max(-1, keepdims=True)
    with np.errstate(over="ignore"):  # the largest entry first: then it stays 0, however cold it is
        return formulas.posterior(np.where(top > -np.inf, a - np.maximum(top, -1e300), a) / T)


def mean_field(log_p, q1, q2):
    """One sweep towards the best q1(a) q2(b) for a table log_p (a, b): q1 prop. to exp E_q2[log p], then q2 with it.

    L never falls; its gap to log p stays open unless the posterior is a product. Bishop, PRML, (10.9).
    """
    table, q1, q2 = log_table("log_p", log_p, "(a, b)"), _distribution("q1", q1), _distribution("q2", q2)
    if table.shape != (*q1.shape, *q2.shape):
        raise ValueError(f"log_p must have shape (a, b) = {(q1.size, q2.size)} as q1 and q2 say, got {table.shape}")
    q1 = posterior(table @ q2)
    return q1, posterior(q1 @ table)


def jensen_gap(w, v):
    """log E[v] - E[log v] >= 0 for weights w (k,) that sum to one and values v (k,) > 0; zero only if v is constant."""
    w, v = _distribution("w", w), arguments.array("v", v)
    _same_shape("v", v, "w", w)
    if v.min() <= 0:
        raise ValueError(f"v must be positive, got {v.min():.6g}: the logarithm of nothing is -inf")
    return float(logsumexp(np.log(v), b=w) - w @ np.log(v))


# ---- what arguments must be


def _distribution(name, q):
    q = arguments.array(name, q)
    return arguments.distribution(name, q, "(k)" if q.ndim == 1 else "(n, k)")


def log_table(name, value, shape="(n, k)", because=""):
    """`value` as an array of log-probabilities of this shape: below +inf, and -inf where the probability is 0."""
    a = arguments.array(name, value, shape, because, finite=False)
    if a.size == 0:
        raise ValueError(f"{name} must hold at least one entry, got shape {a.shape}")
    if np.isnan(a).any() or (a == np.inf).any():
        raise ValueError(f"{name} must hold log-probabilities below +inf (-inf where the joint is 0), got NaN or inf")
    return a


def _joint_table(log_joint):
    a = arguments.reals("log_joint", log_joint)
    if a.ndim not in (1, 2):
        raise ValueError(f"log_joint must have shape (n, k) or (k,), got {a.shape}")
    return log_table("log_joint", a, "(k)" if a.ndim == 1 else "(n, k)")


def check(log_joint, q):
    """Both as arrays of one shape, log-probabilities and rows that sum to one, or ValueError."""
    a, q = _joint_table(log_joint), arguments.array("q", q)
    _same_shape("q", q, "log_joint", a)  # first: of a transposed q it is the shape that helps, not the sums
    return a, _distribution("q", q)


def _same_shape(name, a, other, b):
    if a.shape != b.shape:
        hint = f": transposed? try {name}.T" if a.shape == b.shape[::-1] else ""
        raise ValueError(f"{name} must have the shape of {other}, {b.shape}, got {a.shape}{hint}")
