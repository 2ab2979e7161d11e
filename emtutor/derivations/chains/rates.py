"""The rate of convergence, on the linkage model of Dempster, Laird and Rubin."""

import numpy as np

from emtutor.causes import Problem
from emtutor.derivations.chains.common import (
    numerical,
    with_given,
)
from emtutor.derivations.engine import Derivation, Line

inv = np.linalg.inv


def _best_theta(y):
    """The maximum of the likelihood: the positive root of a quadratic equation. Raises ValueError if y is not (4,)."""
    return _roots(y)[0]


def _roots(y):
    """Both fixed points of EM: the maximum, and one that is negative."""
    y = np.asarray(y, float)
    if y.shape != (4,):
        raise ValueError(f"y must hold the counts of four cells, got shape {y.shape}")
    n, b = y.sum(), y[0] - 2 * y[1] - 2 * y[2] - y[3]
    root = np.sqrt(b**2 + 8 * n * y[3])
    far = (b + np.copysign(root, b)) / (2 * n)  # without cancellation; the other one by their product
    other = -2 * y[3] / (n * far)
    return max(far, other), min(far, other)


def _linkage(rng, *, negative=True):
    """Counts y of the four cells 1/2 + theta/4, (1 - theta)/4, (1 - theta)/4, theta/4, and a fixed point of EM."""
    classical = np.array([125.0, 18.0, 20.0, 34.0])
    counts = [("197 animals, the classical counts", classical), ("the same as fractions of 1000", classical / 1000)]
    for i in range(8):
        t = rng.uniform(0.15, 0.85) if i < 6 else (0.003, 0.996)[i - 6]
        cells = [0.5 + t / 4, (1 - t) / 4, (1 - t) / 4, t / 4]
        y = rng.multinomial(int(rng.integers(60, 900)), cells) + np.array([3.0, 1.0, 2.0, 4.0])
        counts.append((f"random counts ({i + 1})", y if i < 6 else 1000.0 * np.array(cells)))
    made = [Problem(label, {"y": y, "theta": _roots(y)[0]}) for label, y in counts]
    if negative:
        made += [Problem(f"{label}, the negative root", {"y": y, "theta": _roots(y)[1]}) for label, y in counts[2:5]]
    return made


def _em_map(t, y):
    x2 = y[0] * t / (2 + t)
    return (x2 + y[3]) / (x2 + y[1] + y[2] + y[3])


def _score(t, y):
    return y[0] / (2 + t) - (y[1] + y[2]) / (1 - t) + y[3] / t


def _complete_information(t, y):
    return (y[0] * t / (2 + t) + y[3]) / t**2 + (y[1] + y[2]) / (1 - t) ** 2


def _missing_information(t, y):
    share = t / (2 + t)  # of the first cell, the part that belongs to theta
    return y[0] * share * (1 - share) / t**2


def _step(theta):
    return min(abs(theta), 1 - theta, 2 + theta)


_GIVEN_THETA = {"theta": lambda w: _best_theta(w["y"])}

rate = Derivation("The rate of EM is the fraction of missing information (linkage)",
    r"M'(\theta) \quad \text{at the fixed point } \theta = M(\theta)", with_given(_linkage, _GIVEN_THETA), (
    Line("start", r"\frac{d}{d \theta} M(\theta)",
         lambda y, theta: numerical(lambda t: _em_map(t, y), theta, _step(theta)),
         "one EM step as a map, differentiated numerically"),
    Line("=", r"\frac{2 y_1}{(2 + \theta)^2} \cdot \frac{y_2 + y_3}{(x_2 + y_2 + y_3 + y_4)^2}, \quad x_2 = \frac{y_1 \theta}{2 + \theta}",
         lambda y, theta: 2 * y[0] / (2 + theta) ** 2 * (y[1] + y[2]) / (y[0] * theta / (2 + theta) + y[1:].sum()) ** 2,
         "quotient rule"),
    Line("=", r"1 - \frac{I_{\text{obs}}}{I_{\text{com}}}, \quad I_{\text{obs}} = -\frac{d^2}{d \theta^2} \log p(y \mid \theta)",
         lambda y, theta: _one_less(numerical(lambda t: -_score(t, y), theta, _step(theta)), _complete_information(theta, y)),
         "observed information over expected complete information"),
    Line("=", r"\frac{I_{\text{mis}}}{I_{\text{com}}}",
         lambda y, theta: _missing_information(theta, y) / _complete_information(theta, y),
         "complete is observed and missing; missing is the variance of the complete-data score given y"),
))  # fmt: skip


def _one_less(derivative, by):
    return derivative._replace(value=1 - derivative.value / by, error=derivative.error / by)


# How log p falls short of its top after a step: theta = theta_* + eps, and its EM step theta_* + _next(eps).


def _log_likelihood(y, t):
    return y[0] * np.log(2 + t) + (y[1] + y[2]) * np.log(1 - t) + y[3] * np.log(t)


def _next(y, theta, eps):
    """M(theta + eps) - M(theta), without cancellation."""
    rest, t = y[1:].sum(), theta + eps
    change = 2 * y[0] * eps / ((2 + t) * (2 + theta))
    return (y[1] + y[2]) * change / ((y[0] * t / (2 + t) + rest) * (y[0] * theta / (2 + theta) + rest))


def _bend(u):
    """u - log(1 + u) >= 0, by its series where the difference would lose all digits."""
    powers = np.arange(2, 12)
    series = ((-u[:, None]) ** powers / powers).sum(1)
    return np.where(np.abs(u) < 0.01, series, u - np.log1p(u))


def _shortfall(y, theta, eps):
    """log p at theta less log p at theta + eps, where the score at theta is zero."""
    return np.array([y[0], y[1] + y[2], y[3]]) @ _bend(eps / np.array([2 + theta, theta - 1, theta]))


def _beside_the_top(rng):
    problems = _linkage(rng, negative=False)[:8]  # in the others line 1 would lose too many digits
    side = np.tile([0.2, -0.2], 4)
    return [Problem(p.label, p.args | {"eps": s * _step(p.args["theta"])}) for p, s in zip(problems, side, strict=True)]


rate_of_log_p = Derivation("theta converges with rho, log p with the square of it (linkage)",
    r"\frac{\ell(\theta_*) - \ell(M(\theta))}{\ell(\theta_*) - \ell(\theta)}, \quad \theta = \theta_* + \varepsilon, \quad \ell(\theta) = \log p(y \mid \theta)",
    with_given(_beside_the_top, _GIVEN_THETA | {"eps": lambda w: 0.1 * _step(_best_theta(w["y"]))}), (
    Line("start", r"\frac{\log p(y \mid \theta_*) - \log p(y \mid M(\theta_* + \varepsilon))}{\log p(y \mid \theta_*) - \log p(y \mid \theta_* + \varepsilon)}",
         lambda y, theta, eps: (_log_likelihood(y, theta) - _log_likelihood(y, _em_map(theta + eps, y))) / (_log_likelihood(y, theta) - _log_likelihood(y, theta + eps)),
         "what log p still falls short of its top, after an EM step and before"),
    Line("=", r"\frac{\sum_c y_c\, b(u'_c)}{\sum_c y_c\, b(u_c)}, \quad b(u) = u - \log(1 + u), \quad u = \frac{\varepsilon}{2 + \theta_*},\, \frac{-\varepsilon}{1 - \theta_*},\, \frac{\varepsilon}{\theta_*}; \quad u' \text{ with } \varepsilon' = M(\theta) - \theta_*",
         lambda y, theta, eps: _shortfall(y, theta, _next(y, theta, eps)) / _shortfall(y, theta, eps),
         "the score is zero at theta_*: the linear terms cancel"),
    Line("tends to", r"M'(\theta_*)^2 = \rho^2", lambda y, theta: (_missing_information(theta, y) / _complete_information(theta, y)) ** 2,
         "b(u) is u^2 / 2 at first: log p is flat at its top, and eps shrinks by rho", toward="eps"),
    Line("=", r"\Bigl( 1 - \frac{I_{\text{obs}}}{I_{\text{com}}} \Bigr)^2",
         lambda y, theta: (1 - _observed_information(theta, y) / _complete_information(theta, y)) ** 2,
         "so the log p that is still to come is about (last gain) rho^2 / (1 - rho^2), not rho / (1 - rho)"),
))  # fmt: skip


def _observed_information(t, y):
    return y[0] / (2 + t) ** 2 + (y[1] + y[2]) / (1 - t) ** 2 + y[3] / t**2
