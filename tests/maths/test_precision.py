"""The fast form against EM in 50-digit arithmetic, where double precision is in danger.

The start is the same doubles in both; three iterations, so that nothing is hidden by convergence. Errors are taken in
the units in which they hurt: means and covariances in standard deviations of the component in question.
"""

import mpmath as mp
import numpy as np
import pytest

from emtutor import gaussian

EPS = np.finfo(float).eps
ITERATIONS = 3


def em_50_digits(x, theta, iterations):
    """(pi, mu, Sigma as nested lists of mpf, log p of each theta): the lecture's formulas, nothing clever."""
    with mp.workdps(50):
        x = [[mp.mpf(float(v)) for v in row] for row in x]
        pi = [mp.mpf(float(v)) for v in theta.pi]
        mu = [[mp.mpf(float(v)) for v in row] for row in theta.mu]
        Sigma = [mp.matrix(S.tolist()) for S in theta.Sigma]
        n, d, k = len(x), len(x[0]), len(pi)
        path = []
        for t in range(iterations + 1):
            P = [S**-1 for S in Sigma]
            height = [p / mp.sqrt(mp.det(2 * mp.pi * S)) for p, S in zip(pi, Sigma, strict=True)]
            r, log_p = [], mp.mpf(0)
            for row in x:
                joint = []
                for j in range(k):
                    away = mp.matrix([row[a] - mu[j][a] for a in range(d)])
                    joint.append(height[j] * mp.exp(-(away.T * P[j] * away)[0] / 2))
                log_p += mp.log(mp.fsum(joint))
                r.append([v / mp.fsum(joint) for v in joint])
            path.append(log_p)
            if t == iterations:
                return pi, mu, Sigma, path
            for j in range(k):
                R = mp.fsum(r[i][j] for i in range(n))
                pi[j] = R / n
                mu[j] = [mp.fsum(r[i][j] * x[i][a] for i in range(n)) / R for a in range(d)]
                Sigma[j] = mp.matrix(d, d)
                for a in range(d):
                    for b in range(d):
                        terms = (r[i][j] * (x[i][a] - mu[j][a]) * (x[i][b] - mu[j][b]) for i in range(n))
                        Sigma[j][a, b] = mp.fsum(terms) / R


def errors(theta, log_likelihoods, exact):
    """Largest errors: of pi, of mu and of Sigma in the component's standard deviations, of log p relative."""
    pi, mu, Sigma, path = exact
    k, d = theta.mu.shape
    with mp.workdps(50):
        std = [[mp.sqrt(Sigma[j][a, a]) for a in range(d)] for j in range(k)]
        off = [(j, a, b) for j in range(k) for a in range(d) for b in range(d)]
        return {
            "pi": float(max(abs(float(theta.pi[j]) - pi[j]) / pi[j] for j in range(k))),
            "mu": float(
                max(  # a mean far from 0 is rounded to its nearest double whatever we do: half an ulp is no error
                    max(abs(float(theta.mu[j, a]) - mu[j][a]) - EPS * abs(mu[j][a]), mp.mpf(0)) / std[j][a]
                    for j, a, _ in off
                )
            ),
            "Sigma": float(
                max(abs(float(theta.Sigma[s]) - Sigma[s[0]][s[1:]]) / std[s[0]][s[1]] / std[s[0]][s[2]] for s in off)
            ),
            "log p": float(max(abs(v - e) / abs(e) for v, e in zip(log_likelihoods, path, strict=True))),
        }


def pair(std=1.0, offset=0.0, overlap=2.0, rng=None, n=24):
    """Two overlapping components far from 0: x and a start that is off."""
    rng = rng or np.random.default_rng(8)
    x = np.concatenate([rng.normal(size=(n, 2)) @ [[1, 0.4], [0, 0.8]], overlap + rng.normal(size=(n, 2))])
    x = offset + std * x
    mu = offset + std * np.array([[-0.5, 0.3], [overlap, overlap]])
    Sigma = std**2 * np.array([[[1.5, 0.2], [0.2, 1.0]], [[1.0, -0.3], [-0.3, 2.0]]])
    return x, gaussian.Theta(np.array([0.4, 0.6]), mu, Sigma)


def separated(ratio):
    """Two overlapping components of standard deviation 1 at 0, and one that is `ratio` away."""
    x, theta = pair()
    rng = np.random.default_rng(9)
    far = ratio * np.array([1.0, -0.5])
    x = np.concatenate([x, far + rng.normal(size=(20, 2))])
    mu = np.concatenate([theta.mu, [far + 0.25]])
    return x, gaussian.Theta(np.array([0.3, 0.4, 0.3]), mu, np.concatenate([theta.Sigma, [np.eye(2)]]))


def nearly_singular(turn):
    """Smallest eigenvalue of both covariances 1e-10 of the largest, along an axis or across (turn in radians)."""
    x, theta = pair()
    c, s = np.cos(turn), np.sin(turn)
    A = np.array([[c, -s], [s, c]]) * [1, 1e-5]
    Sigma = A @ theta.Sigma @ A.T
    return x @ A.T, gaussian.Theta(theta.pi, theta.mu @ A.T, (Sigma + Sigma.transpose(0, 2, 1)) / 2)


def one_nearly_singular():
    """A thin component across a round one."""
    x, theta = nearly_singular(0.6)
    y, round_ = pair()
    mu, Sigma = np.stack([theta.mu[0], round_.mu[1]]), np.stack([theta.Sigma[0], round_.Sigma[1]])
    return np.concatenate([x[:24], y[24:]]), gaussian.Theta(theta.pi, mu, Sigma)


def wide_start(ratio):
    """Components that shrink, in the first step, to a `ratio`-th of their distance."""
    x, theta = separated(ratio)
    mu = theta.mu.copy()
    mu[1] = [0, -ratio]
    x[24:48] += mu[1]
    return x, gaussian.Theta(theta.pi, mu, theta.Sigma * (ratio / 20) ** 2)


def outlier():
    x, theta = pair()
    return np.concatenate([x, [[1e3, -1e3]]]), theta


CASES = {
    "easy": (pair(), 1),
    "offset 1e8, std 1": (pair(offset=1e8), 1),
    "offset 100, std 1e-6": (pair(offset=100.0, std=1e-6), 1),
    "sep / std 1e3": (separated(1e3), 1e3),
    "sep / std 1e5": (separated(1e5), 1e5),
    "sep / std 1e8": (separated(1e8), 1e8),
    "near-singular, along an axis": (nearly_singular(0.0), 1),
    "near-singular, across": (nearly_singular(0.6), 1),
    "one component near-singular": (one_nearly_singular(), 1),
    "wide start, then sep / std 1e3": (wide_start(1e3), 1e3),
    "wide start, then sep / std 1e8": (wide_start(1e8), 1e8),
    "an outlier at 1e3 std": (outlier(), 1),
}


@pytest.mark.parametrize("name", CASES)
def test_equal_to_50_digits(name):
    (x, theta0), ratio = CASES[name]
    fit = gaussian.fit(x, theta0, tol=0, max_iter=ITERATIONS)
    found = errors(fit.theta, fit.log_likelihoods, em_50_digits(x, theta0, ITERATIONS))
    allowed = max(1e-9, 10 * EPS * ratio)
    print(name, {key: f"{value:.1e}" for key, value in found.items()}, f"allowed {allowed:.1e}")
    assert max(found.values()) < allowed, (found, allowed)
