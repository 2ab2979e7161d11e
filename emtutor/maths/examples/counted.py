"""Mixtures whose rows each stand for many observations: a table of frequencies instead of a list.

Four people of blood group A are one row that counts four times. Nothing else changes: the E-step works on the row, and
every sum over observations becomes a sum over rows times their counts.
"""

import numpy as np
from scipy.special import gammaln

from emtutor.maths import arguments, bounds, formulas
from emtutor.maths.model import FromTable, Model


def mixture(log_joint, m_step, counts, known=lambda x, theta: 0.0):
    """log p(x | theta) = known(x, theta) + sum_i counts_i log sum_j p(row i, z = j | theta).

    log_joint: (x, theta) -> (n, k). counts: x -> (n,) >= 0. known: the observations about which nothing is hidden, and
    constants. q (n, k) is each observation's distribution over z, the same for all that a row stands for.
    """

    def table(x, theta):
        w = counts(x)[:, None]
        return known(x, theta), w, np.where(w > 0, log_joint(x, theta), 0.0)  # a row of nobody: any q will do

    def log_evidence(table):
        log_known, w, a = table
        return float(log_known + (w[:, 0] * formulas.log_p(a)).sum())

    def elbo(table, q):
        log_known, w, a = table
        a, q = bounds.check(a, q)
        return float(log_known + formulas.expectation(w * q, a - formulas.log(q)))

    def kl(table, q):
        _, w, a = table
        a, q = bounds.check(a, q)
        return formulas.expectation(w * q, formulas.log(q) - formulas.log_posterior(a))

    return Model(
        e_step=FromTable(table, lambda table: bounds.posterior(table[2])),
        m_step=m_step,
        log_likelihood=FromTable(table, log_evidence),
        elbo=FromTable(table, elbo),
        kl=FromTable(table, kl),
    )


def log_multinomial(y):
    """log (sum y)! / prod_i y_i!, the number of orders in which the counts y can have come."""
    return gammaln(y.sum() + 1) - gammaln(y + 1).sum()


def counts(name, y, shape):
    """y as an array of counts >= 0, at least one of them positive."""
    y = arguments.array(name, y, shape)
    if y.size and y.min() < 0:
        raise ValueError(f"{name} must hold counts >= 0, got {y.min():g}")
    if not y.sum() > 0:
        raise ValueError(f"{name} must count at least one observation, got {arguments.shown(y)}")
    return y


def weights(r, n, k="k"):
    """r (n, k), of finite numbers. It need not be a distribution: a learner's is shown all the same."""
    return arguments.array("r", r, f"({n}, {k})", f"as x has {n} row{'s' * (n != 1)} with something hidden")
