"""EM for any latent-variable model, as an iterator of half-steps.

>>> for step in islice(steps(gaussian.model, x, theta0), 5): ...

A model is a tuple of pure functions; `steps` yields the start and then the state after every E-step and every M-step;
stepping, plotting, testing and playing consume that iterator, and `fit` a leaner one that leaves out the bound. theta
and q are opaque here: arrays, numbers or (named) tuples of them.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from emtutor.maths import states
from emtutor.maths.fit import Fit, fit
from emtutor.maths.model import At, Model, check, is_stub, mixture

__all__ = ["Fit", "Model", "Step", "fit", "is_stub", "mixture", "steps"]


class Step(NamedTuple):
    """The start, then the state after one half-step. Arrays are read-only and belong to this step alone."""

    t: int  # full iterations begun: 0 at the start, then 1, 1, 2, 2, ...
    phase: str  # "start", "E" or "M"
    theta: Any
    q: Any  # None at the start
    log_likelihood: float
    elbo: float  # NaN at the start
    kl: float  # NaN at the start
    note: str  # why a figure is NaN; usually ""


def steps(model, x, theta) -> Iterator[Step]:
    """Yield the start, then the state after each E-step and each M-step, without end.

    A figure that has no value (q is no distribution, theta is out of bounds) is NaN, and `note` says why. What a step
    function itself raises is raised here.
    """
    here, t = At(check(model), states.frozen(x), theta), 0
    log_likelihood, note = here.log_likelihood
    yield Step(t, "start", here.theta, None, log_likelihood, np.nan, np.nan, note)
    while True:
        t += 1
        q = here.e_step()
        yield Step(t, "E", here.theta, q, *here.figures(q))
        here = here.m_step(q)
        yield Step(t, "M", here.theta, q, *here.figures(q))
