"""EM until log p no longer changes: the loop of `em.fit`, and what every fit reports."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from emtutor.maths import arguments, states
from emtutor.maths.model import At, check
from emtutor.maths.squarem import squarem


class Fit(NamedTuple):
    """Where EM stopped. Every figure belongs to the `theta` returned, not to the one before."""

    theta: Any
    q: Any  # p(z | x, theta)
    log_likelihood: float
    log_likelihoods: tuple  # the start's, then one a full iteration (accelerated: one a cycle of two or three)
    iterations: int  # pairs of E- and M-steps made
    converged: bool
    reason: str  # why it stopped, in words


def fit(model, x, theta, *, tol=1e-8, max_iter=1000, accelerate=None):
    """Run EM from `theta` until log p changes by less than `tol` nats in a full iteration, or `max_iter` of them.

    Returns a `Fit`; ValueError if log p has no finite value at the start. A small change is not a small error: where EM
    converges at rate rho the remaining error is about change * rho / (1 - rho). accelerate="squarem" extrapolates
    between EM steps, for slow problems: log p still never falls, but of several maxima it may end in another one.
    """
    at = partial(At, check(model), states.frozen(x))
    tol, max_iter = limits(tol, max_iter)
    accelerate = arguments.one_of("accelerate", accelerate, None, "squarem")
    iterates, path, converged, reason = squarem if accelerate else plain, [], False, f"max_iter = {max_iter} reached"
    for here, made in iterates(at, theta):
        log_p, note = here.log_likelihood
        path.append(log_p)
        if not np.isfinite(log_p):
            if not made:
                raise ValueError(f"log p is {log_p} at the start" + (note and f": {note}"))
            reason = f"log p is {log_p} at iteration {made}" + (note and f": {note}")
            break
        if len(path) > 1 and abs(path[-1] - path[-2]) < tol:
            converged, reason = True, f"log p changed by less than tol = {tol:g}"
            break
        if made >= max_iter:
            break
    q = here.e_step() if np.isfinite(path[-1]) else None
    return Fit(here.theta, q, path[-1], tuple(path), made, converged, reason)


def plain(at, theta):
    """Yield the model at each theta, and the EM steps made so far. at: theta -> `At`."""
    here, made = at(theta), 0
    while True:
        yield here, made
        here, made = here.m_step(here.e_step()), made + 1


def limits(tol, max_iter):
    """Both as numbers, or ValueError."""
    tol = arguments.number("tol", tol, "a number >= 0 (nats)", lambda tol: tol >= 0)
    return tol, arguments.whole("max_iter", max_iter, 1)
