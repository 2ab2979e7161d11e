"""A learner's functions are called in the worker: there a loop that never ends has an end, whichever thread asks.

A choice and a handle are answered in a thread of their own, where no signal arrives; and they answer while a cell runs.
"""

from contextlib import contextmanager

from emtutor import worker
from emtutor.maths.model import FromTable, check

PATIENCE = 3.0  # seconds of computing that one call may take before it counts as hung


class Failure(Exception):
    """A learner's function came to no result; the text says how, as the end of a sentence about it."""


@contextmanager
def guarded(model):
    """The same model, its foreign functions called in one session of the worker; each call may raise `Failure`."""
    check(model)
    tables = {id(f): f for f in map(_asked, _functions(model)) if is_foreign(f)}
    with calling(**{str(key): f for key, f in tables.items()}) as called:

        def put(f):
            other = called.get(str(id(_asked(f))), None)
            return f if other is None else f._replace(table=other) if isinstance(f, FromTable) else other

        names = [name for name in model._fields if callable(getattr(model, name))]
        yield model._replace(**{name: put(getattr(model, name)) for name in names})


@contextmanager
def calling(**functions):
    """{name: the same function, called in one session of the worker}."""
    if not functions:
        yield {}
        return

    def one_of_them(name, *args):
        return functions[name](*args)

    with worker.session(one_of_them) as session:
        yield {name: _Caller(session, name) for name in functions}


class _Caller:
    def __init__(self, session, name):
        self._session, self._name = session, name

    def __call__(self, *args):
        outcome = self._session.calls([(self._name, *args)], PATIENCE).outcomes[0]
        if isinstance(outcome, worker.Failed):
            raise Failure(_how(outcome))
        if isinstance(outcome.value, worker.Other):
            raise Failure(f"returned {outcome.value.name or 'a ' + outcome.value.kind}, where numbers are expected")
        return outcome.value


def _how(failed):
    if failed.kind == "TimeoutError" and failed.text.startswith(("still running", "waiting")):
        return f"was {failed.text}: is there a loop that never ends?"
    if failed.kind == "Ended":
        return f"ended its process: {failed.text}"
    if failed.kind == "SystemExit":
        return "raised SystemExit"
    first = failed.text.strip().split("\n")[0]
    return f"raised {failed.kind}: {first}" if first and not first.startswith("(its text") else f"raised {failed.kind}"


def is_foreign(function):
    """True for what somebody wrote outside of this package, also where `using` has wrapped it."""
    module = getattr(function, "__module__", None) or ""
    return not module.startswith("emtutor.") or "<locals>" in getattr(function, "__qualname__", "")


def _functions(model):
    return [f for f in model if callable(f)]


def _asked(function):
    return function.table if isinstance(function, FromTable) else function
