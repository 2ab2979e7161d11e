"""What a chain is made of: a line, the case that it is evaluated on, and what became of it."""

import copy
import inspect
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

RELATIONS = ("start", "=", "<=", ">=", "therefore", "tends to", "maximises")


class Numerical(NamedTuple):
    """A numerical derivative and the error that the method itself expects, both in the shape of the derivative."""

    value: np.ndarray
    error: np.ndarray


class Skip(Exception):
    """Raised by a line that cannot be evaluated on this problem, in words why: it is left out, and judged by nobody."""


class Breaks(Exception):
    """Raised where a line does not hold: the relative error, on which problem, and what is wrong there.

    each: {label of a problem: does the line hold there}, where that is known. no_value: there is nothing to compare.
    """

    def __init__(self, error, label, what, each=None, no_value=False):
        super().__init__(what)
        self.error, self.label, self.what, self.each, self.no_value = error, label, what, each, no_value


@dataclass(frozen=True)
class Line:
    """One line of a chain. `function` takes the problem's arguments by name; what it returns depends on `relation`.

    For "therefore" and "maximises" it returns the new value of `unknown`, or a dict of several; for "tends to" the
    limit; else the line's value, a number or an array. Raises ValueError for an unknown relation, a `latex` that is no
    text and a `function` that cannot be called.
    """

    relation: str
    latex: str
    function: Callable
    reason: str = ""
    _: KW_ONLY
    left: str = ""  # the left-hand side from here on, where it changes
    do: Callable | None = None  # what is done to both sides before this line: do(value before, arguments by name)
    unknown: str = ""  # "therefore", "maximises": the argument that is solved for
    into: Callable | None = None  # "therefore": what vanishes, if not the last trusted line
    of: Callable | None = None  # "maximises": the objective
    tight: Callable | None = None  # "<=", ">=": the arguments to change so that both sides are equal
    tight_when: str = ""  # the same in words
    aside: bool = False  # an inequality that may be loose: then the next line goes on from the line before it
    toward: str = ""  # "tends to": the argument that goes to zero

    def __post_init__(self):
        if self.relation not in RELATIONS:
            raise ValueError(f"relation must be one of {', '.join(map(repr, RELATIONS))}, got {self.relation!r}")
        if not isinstance(self.latex, str):
            raise ValueError(f"latex must be a text such as r'\\sum_i r_{{ij}}', got {type(self.latex).__name__}")
        if not callable(self.function):
            raise ValueError(
                f"function must be a function of the problem's arguments, got {type(self.function).__name__}: "
                "write lambda x, mu: ..."
            )

    @property
    def solves(self):
        """True if the line gives a solution or a limit: no formula that another solution could be put into."""
        return self.relation in ("therefore", "tends to", "maximises")


@dataclass(frozen=True)
class Checked:
    """What became of one line, and what a later line needs to know of it."""

    line: Line
    status: str  # "start", "holds", "breaks" or "skipped"
    _: KW_ONLY
    number: int = 0  # from 1
    error: float | None = None  # the largest relative error, over all problems; of an inequality, of its tight case
    against: int | None = None  # the number of the line that it was compared with
    problem: str = ""  # where it breaks: the label of the problem with the largest error
    note: str = ""  # more in words: how tight, which order, what went wrong
    cases: tuple[str, ...] = ()  # where it breaks: what is known of the mistake, in sentences
    each: dict[str, bool] | None = None  # where it breaks: on which problems it holds, where that is known
    numerical: bool = False  # a numerical derivative is compared
    tight: bool = True  # of an inequality: equal somewhere
    values: tuple[Any, ...] = ()  # one a problem
    function: Callable | None = None  # the formula, with what was done to both sides since then
    equation: "Checked | None" = None  # of a solution: what it was put into, and another may be
    first: Callable | None = None  # the formula that it is equal to by the lines before
    wider: "Checked | None" = None  # of an inequality: what it was compared with


class Case:
    """One problem: its arguments, and what is given with them and held fixed.

    worth: function of the arguments, how large a difference is worth speaking of. own: made of a person's data, which
    may lie where a formula has no value and where no digit is left.
    """

    def __init__(self, label, args, given, worth=None, own=False):
        self.label, self.base, self.given, self.worth, self.own = label, args, given, worth, own
        self.args = dict(args)
        for name, function in given.items():
            self.args[name] = call(function, self.args)

    def changed(self, changes):
        """The same with other arguments; what is given follows, unless it is itself among the changes."""
        base = {k: changes.get(k, v) for k, v in self.base.items()}
        case = Case(self.label, base, self.given, self.worth, self.own)
        case.args |= changes
        return case

    @property
    def size(self):
        """How large a difference is worth speaking of; 0 if the chain does not say."""
        return float(call(self.worth, self.args)) if self.worth else 0.0


def call(function, args):
    """function(**copies of those of args that it asks for): whatever it writes to, nobody else sees it.

    Raises TypeError for a name that the problem does not hold.
    """
    parameters = _parameters(function)
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return function(**{name: copy.deepcopy(v) for name, v in args.items()})
    missing = [p.name for p in parameters if p.name not in args and p.default is p.empty]
    if missing:
        raise TypeError(f"the problem holds no {', '.join(missing)}: it has {', '.join(args)}")
    return function(**{p.name: copy.deepcopy(args[p.name]) for p in parameters if p.name in args})


@lru_cache(maxsize=1000)
def _parameters(function):
    return tuple(inspect.signature(function).parameters.values())
