"""The models of lesson 06 with a learner's steps in them: adapters from em.steps' arguments to those of her functions.

A step that is still a stub is the package's.
"""

import numpy as np

from emtutor.maths import em
from emtutor.maths.examples import coins as two_coins
from emtutor.maths.examples import linkage as animals
from emtutor.maths.examples import poisson as counts


def coins(e_step, m_step):
    """Two coins: e_step(heads, flips, theta) -> r, m_step(heads, flips, r) -> theta."""
    return two_coins.model.using(
        _unless_stub(e_step, lambda x, bias: e_step(x[:, 0], x[:, 1], bias)),
        _unless_stub(m_step, lambda x, r: (m_step(x[:, 0], x[:, 1], r),)),
    )


def poisson(e_step, m_step):
    """A Poisson mixture of single counts: e_step(x, pi, rate) -> r, m_step(x, r) -> pi, rate."""
    return counts.model.using(e_step, m_step)


def linkage(e_step, m_step):
    """Genetic linkage: e_step(y, theta) -> x2, m_step(y, x2) -> theta."""

    def shares(y, theta):
        second = e_step(y, theta) / y[0]
        return np.array([[1 - second, second]])

    return animals.model.using(
        _unless_stub(e_step, shares), _unless_stub(m_step, lambda y, q: (m_step(y, y[0] * q[0, 1]),))
    )


def _unless_stub(answer, adapted):
    return None if em.is_stub(answer) else adapted
