"""ABO blood groups: frequencies of the alleles A, B, O from counts of the groups A, B, AB, O (gene counting).

Group A is AA or AO, group B is BB or BO; which is hidden. Ceppellini, Siniscalco and Smith (1955); Lange, Mathematical
and Statistical Methods for Genetic Analysis, section 2.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import xlogy

from emtutor.maths import arguments
from emtutor.maths.examples import counted


class Theta(NamedTuple):
    """theta = (p (3,),): the frequencies of A, B and O, summing to one."""

    p: np.ndarray


def log_joint(counts, theta):
    """log of (pA^2, 2 pA pO) in row A and (pB^2, 2 pB pO) in row B, (2, 2)."""
    A, B, O = _frequencies(theta)
    with np.errstate(divide="ignore"):
        return np.log([[A * A, 2 * A * O], [B * B, 2 * B * O]])


def known(counts, theta):
    """log n!/(nA! nB! nAB! nO!) + nAB log(2 pA pB) + nO log pO^2."""
    y, (A, B, O) = _counts(counts), _frequencies(theta)
    return counted.log_multinomial(y) + xlogy(y[2], 2 * A * B) + xlogy(y[3], O * O)


def m_step(counts, q):
    """p = alleles counted / 2n: pA = (2 nAA + nAO + nAB) / 2n and so on, with nAA = nA q[0, 0], nAO = nA q[0, 1], .."""
    nA, nB, nAB, nO = _counts(counts)
    (AA, AO), (BB, BO) = counted.weights(q, 2, 2) * [[nA], [nB]]
    alleles = np.array([2 * AA + AO + nAB, 2 * BB + BO + nAB, AO + BO + 2 * nO])
    return Theta(alleles / alleles.sum())


def _counts(counts):
    return counted.counts("counts", counts, "(4)")


def _frequencies(theta):
    return arguments.distribution("p", *arguments.parts("theta", theta, "p"), "(3)")


# q (2, 2): the split probabilities of the groups A (into AA, AO) and B (into BB, BO)
model = counted.mixture(log_joint, m_step, lambda counts: _counts(counts)[:2], known)
