"""Where steps have come to rest: a fixed point of EM, or only of these steps? A maximum, a saddle, or neither shown?"""

import numpy as np

from emtutor.films.marks import number
from emtutor.maths import em as half_steps
from emtutor.maths import gaussian
from emtutor.maths.theta import Theta

H = 1e-4  # of the differences of gradients, in standard deviations of the data
FLAT = 1e-5  # a curvature this small beside the largest is none
CROWD = 5000  # points above which curvatures are not computed
FIXED = "This is a fixed point of EM"
TRIES = (0.05, 0.2, 0.5)  # how far one looks along a direction without curvature


def told(model, x, theta0, theta, tol, faults):
    """The verdict on theta, at which EM on `model` from theta0 has come to rest; "" for a model that is not known.

    faults: whether something was wrong with a step on the way.
    """
    base = model.given if model.whose else model
    if base not in (gaussian.model, gaussian.tied):
        return ""
    rest = _kind(base, x, theta, tol)
    wrong = model.whose and (faults or not rest.startswith(FIXED))
    return f"{rest} {_beside(base, x, theta0, theta)}".strip() if wrong else rest


def _kind(base, x, theta, tol):
    try:
        here = base.log_likelihood(x, theta)
        gain = base.log_likelihood(x, base.m_step(x, base.e_step(x, theta))) - here
    except ValueError as error:
        return f"The package's steps cannot go on from here: {error}."
    if gain > max(100 * tol, 1e-9 * abs(here)):
        rise = number(gain) if gain >= 0.005 else "less than 0.01"
        return f"But this is a fixed point of your steps only, not of EM: an EM step from here raises log p by {rise}."
    fixed = f"{FIXED}: its steps leave it where it is, and the gradient of log p is zero"
    if base is not gaussian.model or len(x) > CROWD:
        return f"{fixed}."
    return f"{fixed}; {_curvature(x, theta)}."


def _beside(base, x, theta0, theta):
    """How log p compares with where EM leads from the same start."""
    try:
        fit = gaussian.fit if base is gaussian.model else lambda *args, **limits: half_steps.fit(base, *args, **limits)
        there = fit(x, theta0, tol=1e-6, max_iter=1000).log_likelihood
    except ValueError:
        return ""
    away = there - base.log_likelihood(x, theta)
    if abs(away) < 0.005:
        return "The package's steps from the same start end at the same log p."
    where = "below" if away > 0 else "above"
    return (
        f"log p is {number(abs(away))} nats {where} {number(there)}, where the package's steps end from the same start."
    )


def _curvature(x, theta):
    """By the observed information: a maximum, a saddle, or neither of them shown."""
    scale = x.std(0)
    z = (x - x.mean(0)) / scale
    here = Theta(theta.pi, (theta.mu - x.mean(0)) / scale, theta.Sigma / np.outer(scale, scale))
    try:
        chart = _Chart(here)
        values, vectors = np.linalg.eigh(chart.hessian(z))
    except (ValueError, np.linalg.LinAlgError):  # a weight of zero, a covariance without extent
        return "theta lies on the border, so its curvature says nothing"
    largest = abs(values).max()
    up = int((values > FLAT * largest).sum())
    if up:
        return f"a saddle, for log p still curves upwards in {up} of {len(values)} directions"
    flat = vectors[:, values > -FLAT * largest].T
    if not len(flat):
        return f"a maximum, for log p curves downwards in all {len(values)} directions"
    top = chart.log_p(z, 0 * values)
    if any(chart.log_p(z, sign * s * v) > top + 1e-6 * abs(top) for v in flat for s in TRIES for sign in (-1, 1)):
        return "a saddle: in some directions log p has no curvature, and along them it rises"
    return "in some directions log p has no curvature, so whether it is a maximum is not shown"


class _Chart:
    """Free coordinates around a theta: log pi_j / pi_k, mu, and the Cholesky factors of Sigma."""

    def __init__(self, theta):
        self.theta = theta
        self.k, self.d = theta.mu.shape
        self.rows, self.columns = np.tril_indices(self.d)
        self.factors = np.linalg.cholesky(theta.Sigma)
        self.a = np.log(theta.pi) - np.log(theta.pi[-1])

    def at(self, phi):
        """(theta, factors) at the coordinates phi; 0 is where we stand."""
        k, d = self.k, self.d
        a = self.a + np.append(phi[: k - 1], 0)
        mu = self.theta.mu + phi[k - 1 : k - 1 + k * d].reshape(k, d)
        factors = self.factors.copy()
        factors[:, self.rows, self.columns] += phi[k - 1 + k * d :].reshape(k, -1)
        pi = np.exp(a - a.max())
        return Theta(pi / pi.sum(), mu, factors @ factors.transpose(0, 2, 1)), factors

    def log_p(self, x, phi):
        try:
            return gaussian.log_likelihood(x, self.at(phi)[0])
        except ValueError:
            return -np.inf

    def gradient(self, x, phi):
        """d log p / d phi, by the chain rule from the gradients in pi, mu and Sigma."""
        theta, factors = self.at(phi)
        g = gaussian.grad_pi(x, theta)
        in_a = theta.pi * (g - theta.pi @ g)
        G = gaussian.grad_Sigma(x, theta)
        in_factors = (G + G.transpose(0, 2, 1)) @ factors
        return np.concatenate(
            [in_a[:-1], gaussian.grad_mu(x, theta).ravel(), in_factors[:, self.rows, self.columns].ravel()]
        )

    def hessian(self, x):
        size = self.k - 1 + self.k * self.d + self.k * len(self.rows)
        steps = H * np.eye(size)
        rows = [(self.gradient(x, s) - self.gradient(x, -s)) / (2 * H) for s in steps]
        return (np.array(rows) + np.array(rows).T) / 2
