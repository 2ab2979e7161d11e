"""EM for any latent-variable model, as an iterator of half-steps.

>>> for step in islice(steps(gaussian.model, x, theta0), 5): ...

A model is a tuple of pure functions; `steps` yields the start and then the state after every E-step and every M-step;
stepping, plotting, testing and playing consume that iterator, and `fit` a leaner one that leaves out the bound. theta
and q are opaque here: arrays, numbers or (named) tuples of them.
"""

import dis
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from emtutor.maths import arguments, bounds


class Model(NamedTuple):
    """A latent-variable model p(x, z | theta), given by what EM needs of it.

    `log_likelihood`, `elbo` and `kl` are each computed from their own definition and always with the model's own
    posterior: a wrong `e_step` put in by `using` cannot show KL = 0.
    """

    e_step: Callable[[Any, Any], Any]  # (x, theta) -> q           q(z) = p(z | x, theta)
    m_step: Callable[[Any, Any], Any]  # (x, q) -> theta           argmax_theta L(q, theta)
    log_likelihood: Callable[[Any, Any], float]  # (x, theta)      log p(x | theta)
    elbo: Callable[[Any, Any, Any], float]  # (x, q, theta)        L(q, theta)
    kl: Callable[[Any, Any, Any], float]  # (x, q, theta)          D_KL(q || p(z | x, theta))
    whose: str = ""  # whose steps these are, in words; "" if all are the model's own

    def using(self, e_step=None, m_step=None):
        """The same model with a learner's steps: `e_step(x, *theta)` -> q and `m_step(x, q)` -> the parts of theta.

        A step that is None or still a stub (a body of `...`) is taken from the model. Each call gets copies, so a
        step that writes to its inputs spoils nothing.
        """
        mine, whose = _learners(e_step=e_step, m_step=m_step)
        model = self._replace(whose=whose)
        if "e_step" in mine:
            model = model._replace(e_step=lambda x, theta: _returned("e_step", e_step(*_copied((x, *theta)))))
        if "m_step" in mine:
            model = model._replace(m_step=lambda x, q: _returned("m_step", m_step(*_copied((x, q)))))
        return model


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


class Fit(NamedTuple):
    """Where EM stopped. Every figure belongs to the `theta` returned, not to the one before."""

    theta: Any
    q: Any  # p(z | x, theta)
    log_likelihood: float
    log_likelihoods: tuple  # the start's, then one a full iteration (accelerated: one a cycle of two or three)
    iterations: int  # pairs of E- and M-steps made
    converged: bool
    reason: str  # why it stopped, in words


def mixture(log_joint, m_step):
    """The model that log p(x_i, z_i = j | theta) defines, with rows independent given theta.

    log_joint: (x, theta) -> (n, k). m_step: (x, q (n, k)) -> theta, the maximiser of sum_ij q_ij log_joint_ij.
    """

    def checked(x, q, theta):
        return bounds._log_joint(log_joint(x, theta), q)

    return Model(
        e_step=lambda x, theta: bounds.posterior(log_joint(x, theta)),
        m_step=m_step,
        log_likelihood=lambda x, theta: bounds.log_evidence(log_joint(x, theta)),
        elbo=lambda x, q, theta: bounds._elbo(*checked(x, q, theta)),
        kl=lambda x, q, theta: bounds._kl_from_posterior(*checked(x, q, theta)),
    )


def steps(model, x, theta) -> Iterator[Step]:
    """Yield the start, then the state after each E-step and each M-step, without end.

    A figure that has no value (q is no distribution, theta is out of bounds) is NaN, and `note` says why. What a step
    function itself raises is raised here.
    """
    x, theta = _frozen(x), _frozen(theta)
    _check(model)
    log_likelihood, note = _figure(model.log_likelihood, x, theta)
    yield Step(0, "start", theta, None, log_likelihood, np.nan, np.nan, note)
    t = 0
    while True:
        t += 1
        q = _frozen(model.e_step(x, theta))
        yield _state(model, x, t, "E", theta, q)
        theta = _frozen(_like(theta, model.m_step(x, q)))
        yield _state(model, x, t, "M", theta, q)


def fit(model, x, theta, *, tol=1e-8, max_iter=1000, accelerate=None):
    """Run EM from `theta` until log p changes by less than `tol` nats in a full iteration, or `max_iter` of them.

    Returns a `Fit`; ValueError if log p has no finite value at the start. A small change is not a small error: where EM
    converges at rate rho the remaining error is about change * rho / (1 - rho). accelerate="squarem" extrapolates
    between EM steps, for slow problems: log p still never falls, but of several maxima it may end in another one.
    """
    _check(model)
    tol, max_iter = _stop(tol, max_iter)
    if accelerate not in (None, "squarem"):
        raise ValueError(f'accelerate must be None or "squarem", got {accelerate!r}')
    iterates = import_module("emtutor.maths.squarem").squarem if accelerate else _plain
    x, path, converged, reason = _frozen(x), [], False, f"max_iter = {max_iter} reached"
    for state in iterates(*_maps(model, x), _frozen(theta)):
        theta, log_p, note, made = state
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
    q = _frozen(model.e_step(x, theta)) if np.isfinite(path[-1]) else None
    return Fit(theta, q, path[-1], tuple(path), made, converged, reason)


def _check(model):
    if not isinstance(model, Model):
        hint = f": try {model.__name__.split('.')[-1]}.model" if hasattr(model, "model") else ""
        raise ValueError(f"model must be an em.Model, got {_describe(model)}{hint}")


def _stop(tol, max_iter):
    tol = arguments.number("tol", tol, "a number >= 0 (nats)", lambda tol: tol >= 0)
    return tol, arguments.whole("max_iter", max_iter, 1)


def _plain(log_p, em_step, theta):
    """Yield theta, its log p, the note if that has no value, and the EM steps made so far."""
    for made in count():
        yield theta, *log_p(theta), made
        theta = em_step(theta)


def _maps(model, x):
    """theta -> (log p, note), and theta -> theta by an E- and an M-step."""

    def em_step(theta):
        return _frozen(_like(theta, model.m_step(x, _frozen(model.e_step(x, theta)))))

    return lambda theta: _figure(model.log_likelihood, x, theta), em_step


def is_stub(function):
    """True if nobody has written the function's body yet: it is only `...`, `pass` or a docstring."""
    code = getattr(function, "__code__", None)
    return code is not None and _instructions(function) == _instructions(_stub)


def _stub(): ...


def _instructions(function):
    return [(i.opname, i.argval) for i in dis.get_instructions(function)]


def _learners(**given):
    """Those of the given steps that somebody has written, by name, and in words whose steps all of them are."""
    mine, words = {}, []
    for name, step in given.items():
        if step is not None and not callable(step):
            raise ValueError(f"{name} must be a function, got {type(step).__name__}: pass it without calling it")
        if step is not None and not is_stub(step):
            mine[name] = step
            words.append(f"your {name}")
        elif step is not None:
            words.append(f"the package's {name} (yours is still a stub)")
        else:
            words.append(f"the package's {name}")
    return mine, ", ".join(words)


def _state(model, x, t, phase, theta, q):
    figures = (
        _figure(model.log_likelihood, x, theta),
        _figure(model.elbo, x, q, theta),
        _figure(model.kl, x, q, theta),
    )
    notes = dict.fromkeys(note for _, note in figures if note)
    return Step(t, phase, theta, q, *(value for value, _ in figures), "; ".join(notes))


def _figure(function, *args):
    """The value, or NaN and the sentence that says why there is none."""
    try:
        return float(function(*args)), ""
    except (ValueError, FloatingPointError) as error:
        return np.nan, str(error)


def _like(start, theta):
    """theta as the start's own type: a learner's m_step returns a plain tuple."""
    if hasattr(start, "_fields"):
        if not isinstance(theta, (tuple, list)) or len(theta) != len(start):
            raise ValueError(f"m_step must return {', '.join(start._fields)}, got {_describe(theta)}")
        return type(start)(
            *(np.asarray(b, float) if isinstance(a, np.ndarray) else b for a, b in zip(start, theta, strict=True))
        )
    return theta


def _returned(name, value):
    """What a learner's step returned: a list of rows is as good as an array, nothing at all is a mistake."""
    if value is None or value is ...:
        raise ValueError(f"{name} returned {value}: is a return missing?")
    return np.asarray(value, float) if name == "e_step" and isinstance(value, list) else value


def _describe(value):
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    return type(value).__name__


def _copied(value):
    """Fresh arrays all the way down tuples; anything else as it is."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (tuple, list)):
        parts = [_copied(v) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def _frozen(value):
    value = _copied(value)
    for a in _arrays(value):
        a.flags.writeable = False
    return value


def _arrays(value):
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (tuple, list)):
        for v in value:
            yield from _arrays(v)
