"""EM in larger strides: SQUAREM, for any model whose theta is a tuple of arrays or numbers.

Where EM converges at rate rho close to 1, its steps point in nearly the same direction with nearly the same length, so
two of them say where the next hundred would lead. Varadhan and Roland (2008), Scandinavian Journal of Statistics 35,
335-353, scheme S3; each extrapolation is followed by one EM step, and is taken only if log p has not fallen.
"""

import numpy as np

from emtutor.maths import states


def squarem(at, theta):
    """Yield the model at theta, and the EM steps made so far, once a cycle. at: theta -> `model.At`.

    theta' = theta_0 - 2 a r + a^2 v with r = theta_1 - theta_0, v = theta_2 - 2 theta_1 + theta_0, a = -|r| / |v|. The
    weights add up to one, so sums (pi, rows of A) and symmetry are kept by themselves. What is not, signs and positive
    definiteness, the log-likelihood refuses (it is NaN); then, or where log p is lower than at theta_0, `a` is halved
    towards -1, which is plain EM's theta_2. So log p never falls and theta is always valid.
    """
    if not isinstance(theta, tuple):
        raise ValueError(f"theta must be a tuple of arrays or numbers to be accelerated, got {type(theta).__name__}")
    here, made = at(theta), 0
    while True:
        yield here, made
        best, _ = here.log_likelihood
        one = _em_step(here)
        two = _em_step(one)
        made += 2
        start, r = _flat(here.theta), _flat(one.theta) - _flat(here.theta)
        v = _flat(two.theta) - _flat(one.theta) - r
        turn = np.linalg.norm(v)
        a = -min(np.linalg.norm(r) / turn, 1e6) if turn > 0 else -1.0
        here = two
        while a < -1.1:  # nearer to -1 there is nothing to gain
            bold = at(_as_theta(two.theta, start - 2 * a * r + a * a * v))
            if bold.log_likelihood[0] >= best:
                try:
                    here = _em_step(bold)
                except ValueError:  # the bold theta is one that EM cannot go on from, an empty component, say
                    pass
                else:
                    made += 1
                    break
            a = (a - 1) / 2


def _em_step(here):
    return here.m_step(here.e_step())


def _flat(theta):
    return np.concatenate([np.ravel(part) for part in theta])


def _as_theta(like, flat):
    sizes = np.cumsum([np.size(part) for part in like])[:-1]
    parts = (v.reshape(np.shape(part)) for v, part in zip(np.split(flat, sizes), like, strict=True))
    return states.like(like, tuple(parts))
