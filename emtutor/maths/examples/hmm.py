"""Hidden Markov models as EM: the E-step is forward-backward.

p(x, z) = pi_z1 prod_t A[z_t, z_t+1] prod_t p(x_t | z_t). theta = (pi (k,), A (k, k), emission): A[i, j] = p(z_t+1 = j |
z_t = i), and the emission is a table B (k, m) in `categorical(m)`, rates (k,) in `poisson`. q holds the margins of a
chain, gamma (T, k) and xi (T - 1, k, k), which must match: then they determine q(z) = q(z_1) prod_t q(z_t+1 | z_t).
Rabiner (1989), Proc. IEEE 77, 257-286; Bishop, PRML, section 13.2.
"""

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.special import entr, logsumexp

from emtutor.maths import arguments, bounds, degenerate
from emtutor.maths.examples.poisson import counted_values, log_density
from emtutor.maths.formulas import expectation, log, log_posterior
from emtutor.maths.model import FromTable, Model


class Theta(NamedTuple):
    """theta = (pi (k,), A (k, k), B (k, m)): start, transitions, p(x_t = b | z_t = j) = B[j, b]."""

    pi: np.ndarray
    A: np.ndarray
    B: np.ndarray


class PoissonTheta(NamedTuple):
    """theta = (pi (k,), A (k, k), rate (k,)): start, transitions, the mean count in each state."""

    pi: np.ndarray
    A: np.ndarray
    rate: np.ndarray


class Chain(NamedTuple):
    """q: gamma[t, j] = q(z_t = j), xi[t, i, j] = q(z_t = i, z_t+1 = j)."""

    gamma: np.ndarray  # (T, k)
    xi: np.ndarray  # (T - 1, k, k)


def forward(log_pi, log_A, log_B):
    """log alpha[t, j] = log p(x_1..t, z_t = j), (T, k), from log p(x_t | z_t = j) in log_B (T, k)."""
    log_A, log_B = _logs(log_A, log_B)
    log_pi = bounds.log_table("log_pi", log_pi, f"({len(log_A)})", f"as log_B has {len(log_A)} columns")
    return Tables(log_pi, log_A, log_B).forward


def backward(log_A, log_B):
    """log beta[t, i] = log p(x_t+1..T | z_t = i), (T, k); zero in the last row."""
    log_A, log_B = _logs(log_A, log_B)
    return Tables(np.zeros(len(log_A)), log_A, log_B).backward


def _logs(log_A, log_B):
    """Tables of log-probabilities that fit each other, or ValueError."""
    log_B = bounds.log_table("log_B", log_B, "(T, k)")
    k = log_B.shape[1]
    return bounds.log_table("log_A", log_A, f"({k}, {k})", f"as log_B has {k} columns"), log_B


class Tables:
    """log pi (k,), log A (k, k), log p(x_t | z_t = j) (T, k) at one theta, and forward and backward made of them."""

    def __init__(self, log_pi, log_A, log_B):
        self.log_pi, self.log_A, self.log_B = log_pi, log_A, log_B

    @cached_property
    def _passes(self):
        """Both at once: log (beta_t p(x_t | z_t)) runs from the end as log alpha does from the start, with A^T."""
        first = np.stack([self.log_pi + self.log_B[0], self.log_B[-1]])
        log_A = np.stack([self.log_A, self.log_A.T])
        return _scan(first, log_A, np.stack([self.log_B[1:], self.log_B[-2::-1]]))

    @cached_property
    def forward(self):
        """log alpha (T, k)."""
        return np.concatenate([(self.log_pi + self.log_B[0])[None], self._passes[0] + self.log_B[1:]])

    @property
    def backward(self):
        """log beta (T, k)."""
        return np.concatenate([self._passes[1, ::-1], np.zeros((1, len(self.log_pi)))])


def _scan(first, log_A, log_B):
    """w_s = log (v_s-1 A), v_s = w_s + log_B_s in logarithms, v_0 = first: (c, s, k) for c chains side by side.

    first (c, k), log_A (c, k, k), log_B (c, s, k). The steps are cut into about sqrt(s) stretches. What a stretch does
    to any vector is a matrix, and all these matrices grow side by side, a step at a time. They take `first` from
    stretch to stretch; then the vectors inside of all stretches run side by side. That is 3 sqrt(s) calls, not s.
    """
    c, s, k = log_B.shape
    if not s:
        return np.empty((c, 0, k))
    largest = log_A.max()
    shift = largest if np.isfinite(largest) else 0.0
    log_A, log_B = log_A - shift, log_B + shift  # no exp of log_A overflows
    length = max(1, math.isqrt(s))
    count = -(-s // length)
    E = np.zeros((c, count * length, k))
    E[:, :s] = log_B
    E = np.ascontiguousarray(E.reshape(c, count, length, k).transpose(2, 0, 3, 1))  # E[l]: each stretch's l-th step
    At = np.exp(log_A).transpose(0, 2, 1)
    M = log_A.transpose(0, 2, 1)[..., None] + E[0][:, :, None]  # (c, k, k, count): to a state, from a state, a stretch
    for l in range(1, length):
        M = _times(M.reshape(c, k, -1), At, log_A).reshape(M.shape) + E[l][:, :, None]
    v = np.empty((c, k, count))
    v[:, :, 0] = first
    for i in range(1, count):
        v[:, :, i] = _logsumexp(v[:, None, :, i - 1] + M[..., i - 1], axis=2)
    w = np.empty((length, c, k, count))
    for l in range(length):
        w[l] = _times(v, At, log_A)
        v = w[l] + E[l]
    return w.transpose(1, 3, 0, 2).reshape(c, -1, k)[:, :s] + shift


def _times(log_v, At, log_A):
    """log (v A) of the columns v, log_v (c, k, any): by a matrix product, term by term where that would underflow."""
    top = np.maximum(np.maximum.reduce(log_v, axis=1, keepdims=True), -1e300)  # from -inf nothing can be subtracted
    vA = At @ np.exp(log_v - top)
    if np.minimum.reduce(vA, axis=None) > 1e-280:
        return np.log(vA, out=vA) + top
    return _logsumexp(log_v[:, :, None] + log_A[..., None], axis=1)


def _logsumexp(a, axis):
    """log sum exp a over one axis; -inf where all are -inf. SciPy's takes ten times as long on few numbers."""
    top = np.maximum(a.max(axis, keepdims=True), -1e300)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(a - top).sum(axis)) + top.squeeze(axis)


def chain(log_emission, fit_emission, Theta):
    """The model with log_emission (x, theta) -> log p(x_t | z_t = j), (T, k), fit_emission (x, gamma) -> theta[2]."""

    def logs(x, theta):
        pi, A, _ = arguments.parts("theta", theta, *Theta._fields)
        pi = arguments.distribution("pi", pi, "(k)")
        A = arguments.distribution("A", A, f"({len(pi)}, {len(pi)})", f"as pi has {len(pi)} entries")
        with np.errstate(divide="ignore"):
            return Tables(np.log(pi), np.log(A), log_emission(x, theta))

    def log_likelihood(logs):
        return float(_logsumexp(logs.forward[-1], 0))

    def e_step(logs):
        log_alpha, log_beta = logs.forward, logs.backward
        log_p = _logsumexp(log_alpha[-1], 0)
        if log_p == -np.inf:
            raise ValueError(
                "x has probability 0 under theta, so z has no posterior: is a needed entry of A or B zero?"
            )
        past, to_come = log_alpha.T.copy(), (logs.log_B + log_beta - log_p).T.copy()  # (k, T): sums along memory
        gamma = np.exp(past + (log_beta - log_p).T)
        xi = past[:, None, :-1] + logs.log_A[:, :, None]
        xi += to_come[:, 1:]
        np.exp(xi, out=xi)
        gamma /= gamma.sum(0)
        xi /= xi.sum((0, 1))
        return Chain(gamma.T, xi.transpose(2, 0, 1))

    def m_step(x, q):
        """pi = gamma_1, A[i, j] = sum_t xi[t, i, j] / sum_tj' xi[t, i, j'] (any row will do for a state never left)."""
        gamma, xi = _shaped(arguments.array("x", x, "(T)").size, "k", q)
        xi = xi.sum(0)
        degenerate.nonempty(gamma.sum(0), "state")
        left = xi.sum(1, keepdims=True)
        A = np.divide(xi, left, out=np.full_like(xi, 1 / len(xi)), where=left != 0)
        return Theta(gamma[0] / gamma[0].sum(), A, fit_emission(x, gamma))

    def elbo(logs, q):
        """E_q[log pi + sum log A + sum log B] + H(q), H(q) = H(gamma_1) + sum_t (H(xi_t) - H(gamma_t))."""
        gamma, xi = _margins(q, logs.log_B)
        energy = expectation(gamma[0], logs.log_pi) + expectation(xi, logs.log_A) + expectation(gamma, logs.log_B)
        return energy + float(entr(gamma[0]).sum() + entr(xi).sum() - entr(gamma[:-1]).sum())

    def kl(logs, q):
        """KL(q(z_1) || p(z_1 | x)) + sum_t E_q KL(q(z_t+1 | z_t) || p(z_t+1 | z_t, x)): two chains, step by step."""
        gamma, xi = _margins(q, logs.log_B)
        to_come = logs.log_B + logs.backward  # log p(x_t..T | z_t)
        log_next = logs.log_A + to_come[1:, None, :]
        log_next = log_next - np.maximum(logsumexp(log_next, axis=2, keepdims=True), -1e300)  # -inf stays -inf
        log_first = log_posterior(logs.log_pi + to_come[0])
        given = log(xi) - log(gamma[:-1])[:, :, None]
        return expectation(gamma[0], log(gamma[0]) - log_first) + expectation(xi, given - log_next)

    of_theta = (FromTable(logs, figure) for figure in (log_likelihood, elbo, kl))
    return Model(FromTable(logs, e_step), m_step, *of_theta)


def _shaped(T, k, q):
    gamma, xi = arguments.parts("q", q, *Chain._fields)
    gamma = arguments.array("gamma", gamma, f"({T}, {k})", f"as x has {T} entries")
    k = gamma.shape[1]
    return gamma, arguments.array("xi", xi, f"({T - 1}, {k}, {k})", f"as gamma is {gamma.shape}")


def _margins(q, log_B):
    T, k = log_B.shape
    gamma, xi = _shaped(T, k, q)
    arguments.distribution("gamma", gamma, f"({T}, {k})")
    if xi.min(initial=0) < 0:
        raise ValueError(f"xi must not be negative, got {xi.min():.6g}")
    off = max(np.abs(xi.sum(2) - gamma[:-1]).max(initial=0), np.abs(xi.sum(1) - gamma[1:]).max(initial=0))
    if off > arguments.SINGLE:
        raise ValueError(f"the margins of xi must be gamma, they differ by {off:.3g}: no chain has these margins")
    return gamma, xi


def categorical(m):
    """The model of a sequence x (T,) of symbols 0 .. m - 1; theta = Theta(pi, A, B)."""
    m = arguments.whole("m", m, 1, ("10^6", 10**6))

    def symbols(x):
        x = arguments.array("x", x, "(T)")
        if not (x.size and ((x == np.floor(x)) & (x >= 0) & (x < m)).all()):
            raise ValueError(
                f"x must hold at least one symbol, whole numbers from 0 to {m - 1}, got {arguments.shown(x)}"
            )
        return x.astype(int)

    def log_emission(x, theta):
        B = arguments.distribution("B", theta[2], f"({len(theta[0])}, {m})")
        with np.errstate(divide="ignore"):
            return np.log(B).T[symbols(x)]

    return chain(log_emission, lambda x, gamma: gamma.T @ np.eye(m)[symbols(x)] / gamma.sum(0)[:, None], Theta)


def _log_poisson(x, theta):
    rate = arguments.array("rate", theta[2], f"({len(theta[0])})")
    return log_density(_counts(x), rate)


def _counts(x):
    return counted_values(arguments.array("x", x, "(T)")[:, None])[:, 0]


poisson = chain(_log_poisson, lambda x, gamma: _counts(x) @ gamma / gamma.sum(0), PoissonTheta)
