"""What a call came to: it returned, or it failed. And how one call is made, in whatever process."""

import builtins
import inspect
import linecache
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from emtutor.worker.plain import plain

LONGEST = 2000  # characters kept of an error's text


class Returned(NamedTuple):
    """A result as plain data (`plain`), and the places of the arguments that the function wrote into."""

    value: Any
    wrote: tuple[int, ...] = ()


class Failed(NamedTuple):
    """An exception, a hang (kind "TimeoutError") or the end of the process (kind "Ended"), in words.

    line, source: the line of the function's own file that was passed last; None and "" where nobody knows.
    """

    kind: str
    text: str
    line: int | None = None
    source: str = ""

    def error(self):
        """The same as an exception that can be raised here: of its own type if that is Python's or NumPy's."""
        found = getattr(builtins, self.kind, None) or getattr(np.linalg, self.kind, None)
        found = found or getattr(np.exceptions, self.kind, None)
        fits = inspect.isclass(found) and issubclass(found, Exception)
        try:
            return found(self.text) if fits else RuntimeError(f"{self.kind}: {self.text}")
        except TypeError:  # an exception that wants more than a text
            return RuntimeError(f"{self.kind}: {self.text}")


class Report(NamedTuple):
    """Some calls of one function. A call after one that hung or ended its process was not made."""

    outcomes: list[Returned | Failed]
    printed: str = ""  # by the first call
    warned: tuple[str, ...] = ()  # texts of RuntimeWarnings, NumPy's
    computed: float = 0.0  # seconds of computing


def outcome(function, args):
    """Call the function with copies of the arguments."""
    given = deepcopy(args)
    try:
        value = plain(function(*given))
    except BaseException as error:
        if type(error).__name__ == "TimeUp":  # the clock's, of a call in place
            raise
        return failure(error, file_of(function))
    return Returned(value, tuple(i for i, (a, b) in enumerate(zip(args, given, strict=True)) if not _unchanged(a, b)))


def failure(error, file):
    """An exception in words, with the last line of `file` that it passed."""
    try:
        text = str(error)[:LONGEST]
    except BaseException:
        text = "(its text could not be read)"
    if isinstance(error, SystemExit):
        text = "it tried to exit"
    elif isinstance(error, KeyError):
        text = f"no such key: {text}"
    line, tb = None, error.__traceback__
    while tb is not None:
        if file is not None and tb.tb_frame.f_code.co_filename == file:
            line = tb.tb_lineno
        tb = tb.tb_next
    return with_source(Failed(type(error).__name__, text, line), file)


def with_source(failed, file):
    """The same with the text of its line, as far as this process knows the file."""
    if failed.line is None or not file:
        return failed
    return failed._replace(source=linecache.getline(file, failed.line).strip()[:120])


def file_of(function):
    """The file (or the notebook's cell) in which a function was written, or None."""
    try:
        return inspect.unwrap(function).__code__.co_filename
    except Exception:  # compiled, built in, or an object that answers no question
        return None


def _unchanged(a, b):
    if isinstance(a, np.ndarray):
        with np.errstate(all="ignore"):
            return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(_unchanged(u, v) for u, v in zip(a, b, strict=True))
    return True
