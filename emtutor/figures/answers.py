"""What a learner's function returns, for a figure that is to be drawn from it whatever she wrote.

It is called in the worker, as for a check or a film: an endless loop has an end, and nothing that it changes stays.
What did not come to an end is not asked again, until it, or something that it uses, is written anew.
"""

import numpy as np

from emtutor import worker
from emtutor.maths import em
from emtutor.worker.travel import packed

_STOPPED: dict[int, str] = {}  # functions, by what travels of them, and how each ended


def of(answer, package, *args):
    """answer(*args) and "yours"; where it has no value like the package's, package(*args) and why, in words.

    Both return one array, or a tuple of arrays. An answer gets copies, and may do anything.
    """
    return _all(answer, package, [args])[0]


def series(answer, package, rows):
    """`of` for each row of arguments: all values as one array, and "yours" or why they are not."""
    found = _all(answer, package, rows)
    return np.array([value for value, _ in found]), next((whose for _, whose in found if whose != "yours"), "yours")


def called(answer, *args):
    """answer(*args), in the worker; what it raises is raised here, and a TimeoutError where it does not end."""
    outcome = worker.call(answer, *_copies(args))
    if isinstance(outcome, worker.Failed):
        raise outcome.error()
    return outcome.value


def _all(answer, package, rows):
    right = [package(*_copies(args)) for args in rows]
    name = getattr(answer, "__name__", "your function")
    if em.is_stub(answer):
        return [(value, f"the package's: {name} is not written yet") for value in right]
    data = packed(answer) if worker.can_start() else None
    known = _STOPPED.get(hash(data)) if data else None
    if known:
        return [(value, f"the package's: your {name} {known}") for value in right]
    outcomes = worker.calls(answer, [_copies(args) for args in rows])
    if data and isinstance(outcomes[-1], worker.Failed) and outcomes[-1].kind in ("TimeoutError", "Ended"):
        _STOPPED[hash(data)] = _failed(outcomes[-1])
    return [_taken(name, outcome, value) for outcome, value in zip(outcomes, right, strict=True)]


def _taken(name, outcome, right):
    """The answer's value where it is like the right one."""
    if isinstance(outcome, worker.Failed):
        return right, f"the package's: your {name} {_failed(outcome)}"
    try:
        value = _arrays(outcome.value)
    except (TypeError, ValueError):
        return right, f"the package's: your {name} returned no numbers"
    if _shapes(value) != _shapes(right):
        return right, f"the package's: your {name} returned another shape"
    return value, "yours"


def _failed(outcome):
    """How, in few words: they are in a picture's title."""
    if outcome.kind == "Ended":
        return "ended its process"
    return f"was stopped: {outcome.text}" if outcome.kind == "TimeoutError" else f"raised {outcome.kind}"


def _copies(args):
    return [a.copy() if isinstance(a, np.ndarray) else a for a in args]


def _arrays(value):
    return tuple(np.asarray(v, float) for v in value) if isinstance(value, tuple) else np.asarray(value, float)


def _shapes(value):
    return [np.shape(v) for v in value] if isinstance(value, tuple) else np.shape(value)
