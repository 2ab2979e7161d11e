"""Iteration counts that a notebook shows, and whether another rounding would change them: runs in a notebook's kernel.

A count is where the change of log p first falls below tol. Both log p are rounded, so the change is known to a few
spacings of doubles there: the count is safe if tol is far above those, and no change lies close to tol.
"""

import functools
import inspect

import numpy as np

from emtutor import em, gaussian

FAR = 1000  # spacings of log p that tol must be above
CLEAR = 100  # spacings that every change must be away from tol
shown = []  # complaints about counts that were shown


class Count(int):
    """A number of iterations that notes when somebody shows it, or a whole number made from it."""

    def __new__(cls, value, complaint):
        self = super().__new__(cls, value)
        self.complaint = complaint
        return self

    def __format__(self, spec):
        return self._seen(format(int(self), spec))

    def __repr__(self):
        return self._seen(int.__repr__(self))

    __str__ = __repr__

    def _seen(self, text):
        if self.complaint and self.complaint not in shown:
            shown.append(self.complaint)
        return text


def _keeping(name):
    def operation(self, *others):
        value = getattr(int, name)(self, *others)
        return Count(value, self.complaint) if type(value) is int else value

    return operation


for _name in ["add", "radd", "sub", "rsub", "mul", "rmul", "floordiv", "mod", "neg", "abs", "round"]:
    setattr(Count, f"__{_name}__", _keeping(f"__{_name}__"))


def complaint(log_likelihoods, tol):
    """Why the number of these iterations may differ on another machine, in words; "" if it cannot."""
    changes = np.abs(np.diff(log_likelihoods))
    spacing = float(np.spacing(np.abs(log_likelihoods[-1])))
    if tol == 0 or not len(changes):
        return ""  # no change is below zero: max_iter alone ends it
    nearest = float(np.abs(changes - tol).min())
    if changes.min() < tol < FAR * spacing:
        return f"a count at tol = {tol:g}, which is {tol / spacing:.0f} spacings of log p: at least {FAR} are safe"
    if nearest < CLEAR * spacing:
        return f"a count at tol = {tol:g}, where a change is {nearest / spacing:.0f} spacings from it: take another tol"
    return ""


def watch():
    """From now on `em.fit` and `gaussian.fit` return counts that note when they are shown."""
    for module in (em, gaussian):
        module.fit = _watched(module.fit)


def _watched(fit):
    @functools.wraps(fit)
    def watched(*args, **kwargs):
        result = fit(*args, **kwargs)
        given = inspect.signature(fit).bind(*args, **kwargs)
        given.apply_defaults()
        why = complaint(result.log_likelihoods, float(given.arguments["tol"]))
        return result._replace(iterations=Count(result.iterations, why))

    return watched
