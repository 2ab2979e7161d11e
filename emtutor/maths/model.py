"""A latent-variable model as a tuple of functions, a learner's steps in it if wanted, and what it says at one theta."""

import dis
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from emtutor.maths import bounds, formulas, states


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
    given: Any = None  # the model into which `using` has put them

    def using(self, e_step=None, m_step=None):
        """The same model with a learner's steps: `e_step(x, *theta)` -> q and `m_step(x, q)` -> the parts of theta.

        A step that is None or still a stub (a body of `...`) is taken from the model. Each call gets copies, so a
        step that writes to its inputs spoils nothing.
        """
        mine, whose = learners(e_step=e_step, m_step=m_step)
        model = self._replace(whose=whose, given=self.given or self)
        if "e_step" in mine:
            model = model._replace(e_step=lambda x, theta: _returned("e_step", e_step(*states.copied((x, *theta)))))
        if "m_step" in mine:
            model = model._replace(m_step=lambda x, q: _returned("m_step", m_step(*states.copied((x, q)))))
        return model


def mixture(log_joint, m_step):
    """The model that log p(x_i, z_i = j | theta) defines, with rows independent given theta.

    log_joint: (x, theta) -> (n, k). m_step: (x, q (n, k)) -> theta, the maximiser of sum_ij q_ij log_joint_ij.
    """
    return Model(
        e_step=FromTable(log_joint, bounds.posterior),
        m_step=m_step,
        log_likelihood=FromTable(log_joint, bounds.log_evidence),
        elbo=FromTable(log_joint, bounds.elbo),
        kl=FromTable(log_joint, lambda a, q: formulas.kl(*bounds.check(a, q))),
    )


class FromTable(NamedTuple):
    """A function of a model that asks theta for one table only, the log-joint say: (x, theta) -> of(table(x, theta)).

    With a q in the middle, (x, q, theta) -> of(table(x, theta), q). Those of the same `table` share it, `At` one theta.
    """

    table: Callable[[Any, Any], Any]
    of: Callable

    def __call__(self, x, *q_and_theta):
        *q, theta = q_and_theta
        return self.of(self.table(x, theta), *q)


class At:
    """A model at one theta: what several of its functions need is computed once."""

    def __init__(self, model, x, theta):
        self.model, self.x, self.theta = model, x, states.frozen(theta)
        self._tables = {}

    def e_step(self):
        """q."""
        return states.frozen(self._value(self.model.e_step))

    def m_step(self, q):
        """The model at the next theta."""
        return At(self.model, self.x, states.like(self.theta, self.model.m_step(self.x, q)))

    @cached_property
    def log_likelihood(self):
        """log p(x | theta), and "" or the sentence that says why it is NaN."""
        return self._figure(self.model.log_likelihood)

    def figures(self, q):
        """log p, L(q, theta), KL, and a note: each of them may be NaN, and then the note says why."""
        found = self.log_likelihood, self._figure(self.model.elbo, q), self._figure(self.model.kl, q)
        notes = dict.fromkeys(note for _, note in found if note)
        return *(value for value, _ in found), "; ".join(notes)

    def _figure(self, function, *q):
        try:
            return float(self._value(function, *q)), ""
        except (ValueError, FloatingPointError) as error:
            return np.nan, str(error)

    def _value(self, function, *q):
        if not isinstance(function, FromTable):
            return function(self.x, *q, self.theta)
        key = id(function.table)
        if key not in self._tables:
            self._tables[key] = function.table(self.x, self.theta)
        return function.of(self._tables[key], *q)


# ---- what came


def check(model):
    """`model`, or ValueError if it is no Model."""
    if not isinstance(model, Model):
        hint = f": try {model.__name__.split('.')[-1]}.model" if hasattr(model, "model") else ""
        raise ValueError(f"model must be an em.Model, got {states.described(model)}{hint}")
    return model


def learners(**given):
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


def is_stub(function):
    """True if nobody has written the function's body yet: it is only `...`, `pass` or a docstring."""
    code = getattr(function, "__code__", None)
    return code is not None and _instructions(function) == _instructions(_stub)


def _stub(): ...


def _instructions(function):
    return [(i.opname, i.argval) for i in dis.get_instructions(function)]


def _returned(name, value):
    """What a learner's step returned: a list of rows is as good as an array, nothing at all is a mistake."""
    if value is None or value is ...:
        raise ValueError(f"{name} returned {value}: is a return missing?")
    return np.asarray(value, float) if name == "e_step" and isinstance(value, list) else value
