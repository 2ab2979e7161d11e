"""Shares of points among components, as the lessons' mistakes need them: along either axis, or hard."""

import numpy as np
from scipy.special import softmax

from emtutor.maths.formulas import log_joint


def soft(x, pi, mu, Sigma, axis=1):
    """r (n, k) that sums to one along `axis`: 1 is right, 0 hands each component out among the points."""
    return softmax(log_joint(x, pi, mu, Sigma), axis=axis)


def hard(r):
    """Each row wholly to its largest entry."""
    return np.eye(r.shape[1])[r.argmax(1)]
