"""Two coins: each row is one coin, drawn with equal probability and tossed `flips` times; which coin is hidden.

p(heads_i, z_ij = 1 | theta) = 1/k Binomial(heads_i; flips_i, bias_j). Do and Batzoglou (2008), Nature Biotechnology 26,
897-899, with k = 2; any k works.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, xlog1py, xlogy

from emtutor.maths import arguments, degenerate
from emtutor.maths.examples.counted import weights
from emtutor.maths.model import mixture


class Theta(NamedTuple):
    """theta = (bias (k,),): the probability of heads of each coin."""

    bias: np.ndarray


def log_joint(x, theta):
    """log 1/k + log C(f_i, h_i) + h_i log bias_j + (f_i - h_i) log(1 - bias_j), (n, k). x (n, 2): heads h, flips f."""
    h, f = _columns(x)
    bias = arguments.array("bias", *arguments.parts("theta", theta, "bias"), "(k)")
    if not bias.size or bias.min() < 0 or bias.max() > 1:
        raise ValueError(f"bias must lie in [0, 1], got {arguments.shown(bias)}: it is a probability of heads")
    orders = gammaln(f + 1) - gammaln(h + 1) - gammaln(f - h + 1)
    return -np.log(len(bias)) + orders + xlogy(h, bias) + xlog1py(f - h, -bias)


def m_step(x, r):
    """bias_j = sum_i r_ij heads_i / sum_i r_ij flips_i."""
    h, f = _columns(x)
    r = weights(r, len(h))
    return Theta((r * h).sum(0) / degenerate.nonempty((r * f).sum(0), "coin"))


def _columns(x):
    h, f = arguments.points(arguments.array("x", x, "(n, 2)")).T[:, :, None]
    if (h < 0).any() or (h > f).any():
        raise ValueError("x must hold columns heads, flips with 0 <= heads <= flips: are they swapped?")
    return h, f


model = mixture(log_joint, m_step)
