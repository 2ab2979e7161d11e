"""Executable derivations: a chain of lines, each of them LaTeX and a function, tried on many problems.

>>> derivations.grad_mu.run()                        # every "=" with the largest relative error seen
>>> derivations.grad_mu.run(x=x, theta=theta)        # on your own data
>>> derivations.grad_mu.with_line(r"\\sum_i r_{ij} (x_i - \\mu_j)", my_function).run()

A tick says: equal, on so many problems, to so many digits. That is evidence and not a proof; but a false identity
passes only if it is true of every one of these problems, and they are made to differ in all that may matter.

Relations of a line to the last line that can be trusted (a wrong line does not condemn the one after it):
    "start"      the definition, or a numerical derivative of it: nothing to compare with
    "="          equal
    "<=", ">="   an inequality; in the case that `tight` makes, an equality
    "therefore"  a root: put into the line before it gives zero, everything derived (such as r) held fixed
    "tends to"   the limit of the line before as a small number goes to zero, with the order that is observed
    "maximises"  no feasible step from here makes the objective larger
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from emtutor import derivation_cases, probes, problems
from emtutor.probes import Problem

RELATIONS = ("start", "=", "<=", ">=", "therefore", "tends to", "maximises")

RTOL = 1e-9  # of two formulas, relative to the largest entry
RTOL_NUMERICAL = 1e-6  # of a formula and a numerical derivative
RTOL_ROOT = 1e-8  # of a gradient at its root, relative to what a root wrong by a tenth would leave
RTOL_LIMIT = 1e-6  # of the last step of a limit
RTOL_MAXIMUM = 1e-5  # of a maximiser: how far, relative to its size, the top of a parabola through it is


class Numerical(NamedTuple):
    """A numerical derivative and the error that the method itself expects."""

    value: np.ndarray
    error: np.ndarray


class Skip(Exception):
    """Raised by a line that cannot be evaluated on this problem, in words why: it is left out, and judged by nobody."""


@dataclass(frozen=True)
class Line:
    """One line of a chain. `function` takes the problem's arguments by name; what it returns depends on `relation`.

    For "therefore" and "maximises" it returns the new value of `unknown`, or a dict of several; for "tends to" the
    limit; else the line's value, a number or an array.
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


class Checked(NamedTuple):
    """What became of one line."""

    number: int  # from 1
    line: Line
    status: str  # "start", "holds", "breaks" or "skipped"
    error: float | None  # the largest relative error, over all problems; of an inequality, that of its tight case
    against: int | None  # the number of the line that it was compared with
    problem: str = ""  # where it breaks: the label of the problem with the largest error
    note: str = ""  # more in words: how tight, which order, what went wrong
    cases: tuple[str, ...] = ()  # where it breaks: what is known of the mistake, in sentences


@dataclass(frozen=True)
class Derivation:
    """A chain of lines about quantities of a problem.

    problems: function of a random generator -> list of Problem. given: what follows from the arguments and is held
    fixed afterwards, {"r": function}. size: how large a difference would be worth speaking of, for values that may be
    zero. breaks: the numbers of the lines that are wrong on purpose. name: how it is called in `emtutor.derivations`.
    """

    title: str
    left: str
    problems: Callable
    lines: tuple[Line, ...]
    given: Mapping[str, Callable] = field(default_factory=dict)
    size: Callable | None = None
    breaks: tuple[int, ...] = ()
    remark: str = ""
    name: str = ""

    def run(self, *, seed=0, **own):
        """Evaluate every line on every problem: a `Result`. With own data (x=, theta=, or any argument): on that one.

        x: (n, d); theta: (pi, mu, Sigma); other arguments by name. What is not given is drawn at random to fit.
        """
        rng = np.random.default_rng(seed)
        tried = [self._own(rng, own)] if own else self.problems(rng)
        return Result(self, tuple(_check(self, tried)), tuple(p.label for p in tried))

    def with_line(self, latex, function, relation="=", reason="your line", after=None, **more):
        """The same chain with one more line, after line number `after`.

        Without `after`: behind the last line of the first stretch, before anything is solved for. `more`: other
        fields of a `Line`, such as unknown="mu" with "therefore".
        """
        line = Line(relation, latex, function, reason, **more)
        if after is None:
            solved = [i for i, l in enumerate(self.lines) if l.relation not in ("start", "=", "<=", ">=")]
            after = solved[0] if solved and relation in ("=", "<=", ">=") else len(self.lines)
        if not (isinstance(after, int) and 1 <= after <= len(self.lines)):
            raise ValueError(f"after must be the number of a line, 1 to {len(self.lines)}, got {after!r}")
        if relation == "therefore" and not line.unknown:
            known = [l.unknown for l in self.lines if l.unknown]
            line = replace(line, unknown=known[-1] if known else "")
        if relation in ("<=", ">=") and line.tight is None:
            same = [l for l in self.lines if l.tight is not None]
            if same:
                line = replace(line, tight=same[-1].tight, tight_when=same[-1].tight_when)
        return replace(self, lines=(*self.lines[:after], line, *self.lines[after:]))

    def upto(self, number):
        """The chain's first lines only, to go on with pencil and paper."""
        if not 1 <= number <= len(self.lines):
            raise ValueError(f"number must be 1 to {len(self.lines)}, got {number}")
        return replace(self, lines=self.lines[:number])

    @property
    def arguments(self):
        """The names of the problem's arguments."""
        return tuple(self.problems(np.random.default_rng(0))[0].args)

    def _own(self, rng, own):
        return Problem("your data", _own_arguments(self.arguments, rng, own))

    def __str__(self):
        from emtutor import derivation_view

        return derivation_view.plain(self, None)

    __repr__ = __str__

    def _repr_html_(self):
        from emtutor import derivation_view

        return derivation_view.html(self, None)


@dataclass(frozen=True, repr=False)
class Result:
    """What became of each line; true if all hold."""

    derivation: Derivation
    lines: tuple[Checked, ...]
    problems: tuple[str, ...]  # labels

    @property
    def holds(self):
        """True if no line breaks."""
        return not self.breaks

    @property
    def breaks(self):
        """The numbers of the lines that break, from 1."""
        return tuple(line.number for line in self.lines if line.status == "breaks")

    def __bool__(self):
        return self.holds

    def __str__(self):
        from emtutor import derivation_view

        return derivation_view.plain(self.derivation, self)

    __repr__ = __str__

    def _repr_html_(self):
        from emtutor import derivation_view

        return derivation_view.html(self.derivation, self)


# ---- running


class _Trusted(NamedTuple):
    """The last line that can be trusted, with what was done to both sides since then."""

    number: int
    values: list
    function: Callable

    def after(self, line, cases):
        """The same after what `line` does to both sides."""
        if line.do is None:
            return self
        values = [_done(line, value, case) for case, value in zip(cases, self.values, strict=True)]
        return _Trusted(self.number, values, _then(self.function, line))


def _then(function, line):
    return lambda **args: call(line.do, args | {"value": _value(call(function, args))})


class _Case:
    """One problem: its arguments and what is given with them."""

    def __init__(self, label, args, given):
        self.label, self.base, self.given = label, args, given
        self.args = dict(args)
        for name, function in given.items():
            self.args[name] = call(function, self.args)

    def changed(self, changes):
        """The same with other arguments; what is given follows, unless it is itself among the changes."""
        base = {k: changes.get(k, v) for k, v in self.base.items()}
        case = _Case(self.label, base, self.given)
        case.args |= changes
        return case


def call(function, args):
    """function(**those of args that it asks for). Raises TypeError for a name that the problem does not hold."""
    parameters = _parameters(function)
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return function(**args)
    missing = [p.name for p in parameters if p.name not in args and p.default is p.empty]
    if missing:
        raise TypeError(f"the problem holds no {', '.join(missing)}: it has {', '.join(args)}")
    return function(**{p.name: args[p.name] for p in parameters if p.name in args})


@lru_cache(maxsize=1000)
def _parameters(function):
    return tuple(inspect.signature(function).parameters.values())


def _check(derivation, tried):
    """Each line in turn, compared with the last one that can be trusted."""
    with np.errstate(all="ignore"):  # a value that is none is said in words
        return _checked(derivation, tried)


def _checked(derivation, tried):
    cases = [_Case(p.label, p.args, derivation.given) for p in tried]
    done: list[Checked] = []
    trusted: _Trusted | None = None
    skipped = "="  # what the wrong lines since then have claimed
    for number, line in enumerate(derivation.lines, 1):
        try:
            outcome, values = _judged(derivation, number, line, cases, trusted, skipped)
        except Skip as why:
            done.append(Checked(number, line, "skipped", None, None, note=str(why)))
            continue
        if outcome.status != "breaks":
            trusted, skipped = _Trusted(number, values, line.function), "="
        else:
            skipped = _join(skipped, line.relation)
            if trusted is not None and line.relation in ("=", "<=", ">="):
                trusted = trusted.after(line, cases)
        done.append(outcome)
    return [_explained(derivation, c, done) if c.status == "breaks" else c for c in done]


def _judged(derivation, number, line, cases, trusted, skipped):
    if line.relation == "start" or trusted is None:
        return _start(number, line, cases)
    judge = {"=": _equal, "therefore": _root, "tends to": _limit, "maximises": _maximiser}.get(
        line.relation, _inequality
    )
    before = trusted.after(line, cases)
    outcome, values = judge(derivation, number, line, cases, before, relation=line.relation, tight=line)
    if outcome.status == "breaks" and line.relation in ("=", "<=", ">=") and skipped in ("<=", ">="):
        # a wrong "a <= b" stands before this "b = c": of a and c no more is claimed than a <= c
        relation, tight = _composed(skipped, line, derivation.lines[: number - 1])
        weaker = _inequality(derivation, number, line, cases, before, relation=relation, tight=tight)
        return weaker if weaker[0].status == "holds" else (outcome, values)
    return outcome, values


def _join(first, then):
    """a R b and b S c: what holds of a and c, or "?" if nothing."""
    if then not in ("=", "<=", ">="):
        return "="
    if "=" in (first, then):
        return then if first == "=" else first
    return first if first == then else "?"


def _composed(skipped, line, before):
    joined = _join(skipped, line.relation)
    if joined == "?":
        joined = line.relation
    source = next((l for l in (line, *reversed(before)) if l.tight is not None), line)
    return joined, source


def _start(number, line, cases):
    values, failure = _values(line.function, cases)
    if failure:
        return _broken(number, line, None, *failure), None
    error = max((_own_error(v) for v in values), default=0.0)
    note = "numerical derivative" if any(isinstance(v, Numerical) for v in values) else ""
    return Checked(number, line, "start", error if note else None, None, note=note), values


def _equal(derivation, number, line, cases, trusted, **_):
    against, before = trusted.number, trusted.values
    values, failure = _values(line.function, cases)
    if failure:
        return _broken(number, line, against, *failure), None
    worst = (-1.0, "", "")
    good = True
    for case, mine, other in zip(cases, values, before, strict=True):
        error, where = difference(_value(mine), _value(other), _size(derivation, case))
        limit = max(_tolerance(mine), _tolerance(other))
        good = good and error <= limit
        if error > worst[0]:
            worst = (error, case.label, where)
    error, label, where = worst
    if good:
        return Checked(number, line, "holds", error, against, note=_kind(values + before)), values
    return _broken(number, line, against, error, label, where), None


def _inequality(derivation, number, line, cases, trusted, relation, tight):
    against, before = trusted.number, trusted.values
    values, failure = _values(line.function, cases)
    if failure:
        return _broken(number, line, against, *failure), None
    sign = 1 if relation == "<=" else -1
    worst, gap = (-np.inf, "", ""), np.inf
    for case, mine, other in zip(cases, values, before, strict=True):
        mine, other = _value(mine), _value(other)
        if np.shape(mine) != np.shape(other):
            error, where = difference(mine, other, 0.0)
            return _broken(number, line, against, error, case.label, where), None
        scale = _scale(mine, other, _size(derivation, case))
        room = sign * (np.asarray(mine, float) - np.asarray(other, float)) / scale
        low = -np.inf if np.isnan(room).any() else float(np.min(room, initial=np.inf))
        gap = min(gap, low)
        if -low > worst[0]:
            worst = (-low, case.label, "")
    if worst[0] > RTOL:
        word = "larger" if relation == "<=" else "smaller"
        return _broken(number, line, against, worst[0], worst[1], f"line {against} is {word}"), None
    if tight.tight is None:
        return Checked(number, line, "holds", None, against, note="whether it is ever tight was not tried"), values
    worst = (-1.0, "", "")
    for case in cases:
        try:
            touched = case.changed(call(tight.tight, case.args))
            mine = _value(call(line.function, touched.args))
            other = _value(call(trusted.function, touched.args))
        except Exception as problem:
            return _broken(number, line, against, np.inf, case.label, _said(problem)), None
        error, where = difference(mine, other, _size(derivation, touched))
        if error > worst[0]:
            worst = (error, case.label, where)
    if worst[0] > RTOL:
        when = f" where {tight.tight_when}" if tight.tight_when else ""
        return _broken(number, line, against, worst[0], worst[1], f"not tight{when}: {worst[2]}"), None
    return Checked(number, line, "holds", worst[0], against, note=f"tight where {tight.tight_when}"), values


def _root(derivation, number, line, cases, trusted, **_):
    against = trusted.number
    into = line.into or trusted.function
    values, worst, good = [], (-1.0, "", ""), True
    for case in cases:
        try:
            root = _as_dict(line, call(line.function, case.args))
            _refuse_infeasible(root)
            left = call(into, case.args | root)
            limit = RTOL_ROOT if not isinstance(left, Numerical) else 10 * RTOL_NUMERICAL
            left = _value(left)
            elsewhere = [_value(call(into, case.args | _moved(root, by))) for by in (0.1, -0.1)]
        except Exception as problem:
            return _broken(number, line, against, np.inf, case.label, _said(problem)), None
        scale = max(float(np.max(np.abs(v), initial=0.0)) for v in elsewhere)
        rest = float(np.max(np.abs(left), initial=0.0))
        error = 0.0 if rest == 0 else rest / scale if scale > 0 else np.inf
        error = np.inf if np.isnan(error) else error
        good = good and error <= limit
        values.append(next(iter(root.values())) if len(root) == 1 else root)
        if error > worst[0]:
            worst = (error, case.label, f"at this root the gradient is not zero: {_largest(left)}")
    if not good:
        return _broken(number, line, against, *worst), None
    return Checked(number, line, "holds", worst[0], against, note="a root"), values


def _limit(derivation, number, line, cases, trusted, **_):
    against = trusted.number
    values, worst, orders = [], (-1.0, "", ""), []
    for case in cases:
        try:
            limit = np.asarray(_value(call(line.function, case.args)), float)
            start = case.args[line.toward]
            path = []
            for power in range(13):
                there = case.changed({line.toward: start * 10.0**-power})
                path.append(difference(_value(call(trusted.function, there.args)), limit, _size(derivation, case)))
        except Exception as problem:
            return _broken(number, line, against, np.inf, case.label, _said(problem)), None
        values.append(limit)
        orders.append(_order([error for error, _ in path]))
        if path[-1][0] > worst[0]:
            worst = (path[-1][0], case.label, path[-1][1])
    if worst[0] > RTOL_LIMIT:
        return _broken(number, line, against, *worst), None
    return Checked(number, line, "holds", worst[0], against, note=f"limit, {_in_words(min(orders))}"), values


def _maximiser(derivation, number, line, cases, trusted, **_):
    against = trusted.number
    rng = np.random.default_rng(1)
    values, worst = [], (-1.0, "", "")
    of = line.of or trusted.function
    for case in cases:
        try:
            best = _as_dict(line, call(line.function, case.args))
            _refuse_infeasible(best)
            error, where = _away_from_top(lambda changes, case=case: float(call(of, case.args | changes)), best, rng)
        except Exception as problem:
            return _broken(number, line, against, np.inf, case.label, _said(problem)), None
        values.append(next(iter(best.values())) if len(best) == 1 else best)
        if error > worst[0]:
            worst = (error, case.label, where)
    if worst[0] > RTOL_MAXIMUM:
        return _broken(number, line, against, *worst), None
    return Checked(number, line, "holds", worst[0], against, note="no feasible step is better"), values


# ---- pieces of the running


def _values(function, cases):
    """The values on all cases and, if one of them has none, (error, label, what happened)."""
    values = []
    for case in cases:
        try:
            value = call(function, case.args)
            finite = _value(value)
        except Skip:
            raise
        except Exception as problem:
            return [], (np.inf, case.label, _said(problem))
        if np.isnan(finite).any():
            return [], (np.inf, case.label, "it has no value (NaN)")
        if isinstance(value, Numerical) and _own_error(value) > 1e-3:
            return [], (np.inf, case.label, "the numerical derivative did not converge")
        values.append(value)
    return values, None


def difference(a, b, size=0.0):
    """The largest difference relative to the largest entry (at least `size`), and where it is, in words."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        hint = ": transposed?" if a.shape == b.shape[::-1] else ""
        return np.inf, f"it has shape {a.shape}, the line before {b.shape}{hint}"
    if a.size == 0:
        return 0.0, ""
    with np.errstate(invalid="ignore"):
        off = np.where(a == b, 0.0, np.abs(a - b))
    if np.isnan(off).any():
        return np.inf, "it has no value (NaN)"
    at = np.unravel_index(int(off.argmax()), off.shape)
    scale = _scale(a, b, size)
    place = f"entry [{', '.join(map(str, at))}] is " if at else "it is "
    error = 0.0 if off[at] == 0 else float(off[at] / scale) if np.isfinite(scale) else np.inf
    return error, f"{place}{a[at]:.6g}, not {b[at]:.6g}"


def _scale(a, b, size):
    return max(float(np.max(np.abs(a), initial=0.0)), float(np.max(np.abs(b), initial=0.0)), size, 1e-300)


def _size(derivation, case):
    return float(call(derivation.size, case.args)) if derivation.size else 0.0


def _value(v):
    return np.asarray(v.value if isinstance(v, Numerical) else v, float)


def _own_error(v):
    """A numerical derivative's own estimate of its relative error; 0 for a formula."""
    if not isinstance(v, Numerical):
        return 0.0
    scale = float(np.max(np.abs(v.value), initial=1e-300))
    return float(np.max(v.error, initial=0.0)) / max(scale, 1e-300)


def _tolerance(v):
    return max(RTOL_NUMERICAL, 10 * _own_error(v)) if isinstance(v, Numerical) else RTOL


def _kind(values):
    return "numerical derivative" if any(isinstance(v, Numerical) for v in values) else ""


def _done(line, value, case):
    """The line before, after what this line does to both sides."""
    if line.do is None:
        return value
    if isinstance(value, Numerical):
        done = call(line.do, case.args | {"value": value.value})
        return Numerical(done, np.abs(np.asarray(done)) * _own_error(value))
    return call(line.do, case.args | {"value": value})


def _as_dict(line, solution):
    if isinstance(solution, dict):
        return solution
    if not line.unknown:
        raise ValueError('say what is solved for: unknown="mu"')
    return {line.unknown: np.asarray(solution, float)}


class _Infeasible(ValueError):
    """A solution that lies outside of where its arguments live."""


def _refuse_infeasible(solution):
    """A solution outside of where its arguments live is none: pi that does not sum to one, a negative variance."""
    for name, value in solution.items():
        kind, value = probes.quantity(name, value).kind, np.asarray(value, float)
        if kind == "simplex" and (value.min() < 0 or np.abs(value.sum(-1) - 1).max() > 1e-8):
            raise _Infeasible(f"{name} must hold probabilities that sum to one, got {value.ravel()[:4].round(4)}")
        if kind == "positive" and value.min() <= 0:
            raise _Infeasible(f"{name} must be positive, got {value.min():.4g}")
        if kind == "spd" and np.linalg.eigvalsh((value + np.swapaxes(value, -1, -2)) / 2).min() < -1e-9 * value.max():
            raise _Infeasible(f"{name} must be positive definite")


def _moved(root, by):
    """The root, wrong by a tenth of its size, each entry in its own way."""
    moved = {}
    for name, value in root.items():
        value = np.asarray(value, float)
        pattern = np.cos(1.7 * np.arange(value.size) + 0.4).reshape(value.shape)
        moved[name] = value + by * pattern * (np.abs(value) + 0.1 * np.max(np.abs(value), initial=1e-300))
    return moved


def _order(errors):
    """p where the error falls as eps^p from one power of ten to the next, as last seen above the noise."""
    falls = [(a, np.log10(a / max(b, 1e-17))) for a, b in pairwise(errors) if a > 1e-12]
    if not falls or any(a > 1e-9 and order > 6 for a, order in falls):
        return np.inf
    clear = [order for a, order in falls if 1e-9 < a < 0.1]
    return clear[-1] if clear else falls[-1][1]


def _in_words(order):
    return "faster than any power" if order == np.inf else f"order {order:.1f}"


def _away_from_top(f, best, rng, directions=12):
    """How far the top of a parabola is, relative to the argument, along random feasible directions."""
    here = f(best)
    if not np.isfinite(here):
        return np.inf, f"the objective is {here} there"
    scale = max(abs(here), 1.0)
    worst, where = 0.0, ""
    for _ in range(directions):
        path = _feasible(best, rng)
        for t in (0.3, -0.3, 0.05, -0.05):
            there = f(path(t))
            if there > here + 1e-11 * scale:
                gain = (there - here) / scale
                worst, where = max(worst, np.sqrt(gain)), "a feasible step makes the objective larger"
        h = 1e-3
        up, down = f(path(h)), f(path(-h))
        slope, curvature = (up - down) / (2 * h), (2 * here - up - down) / h**2
        if abs(slope) > 1e-9 * scale:
            error = abs(slope) / max(abs(curvature), 1e-3 * scale)
            if error > worst:
                worst, where = error, "the objective still rises along a feasible direction"
    return worst, where


def _feasible(best, rng):
    """A random path t -> arguments through `best` that stays where the arguments are valid."""
    kinds = {name: probes.quantity(name, value).kind for name, value in best.items()}
    drawn = {name: rng.standard_normal(np.shape(value)) for name, value in best.items()}

    def path(t):
        return {name: _along(np.asarray(v, float), kinds[name], t * drawn[name]) for name, v in best.items()}

    return path


def _along(value, kind, step):
    if kind in ("simplex", "positive"):
        moved = value * np.exp(step)
        return moved / moved.sum(-1, keepdims=True) if kind == "simplex" else moved
    if kind == "chance":
        odds = value / (1 - value) * np.exp(step)
        return odds / (1 + odds)
    if kind == "spd":
        root = np.linalg.cholesky(value)
        turn = np.eye(value.shape[-1]) + (step + np.swapaxes(step, -1, -2)) / 4
        moved = root @ turn @ turn @ np.swapaxes(root, -1, -2)
        return (moved + np.swapaxes(moved, -1, -2)) / 2
    return value + step * max(float(np.std(value)), 0.1 * float(np.max(np.abs(value), initial=0.0)), 1e-3)


def _largest(left):
    left = np.asarray(left, float)
    at = np.unravel_index(int(np.abs(left).argmax()), left.shape)
    return f"entry [{', '.join(map(str, at))}] is {left[at]:.6g}" if at else f"it is {left:.6g}"


def _said(problem):
    if isinstance(problem, _Infeasible):
        return str(problem)
    return f"it raised {type(problem).__name__}: {problem}"


def _broken(number, line, against, error, label, where):
    return Checked(number, line, "breaks", error, against, label, where)


def _explained(derivation, broken, done):
    """The same line with what the probes find out about it, compared with a formula that can be trusted.

    They ask the derivation's own problems, whatever data the chain ran on: one data set has no special cases.
    """
    if broken.against is None:
        return broken
    tried = derivation.problems(np.random.default_rng(0))
    try:
        value, _ = _evaluated(derivation, broken.line.function, tried[0], tried[0].args.values())
        is_equation = broken.line.relation == "=" and not isinstance(value, Numerical)
        has_value = is_equation and np.isfinite(_value(value)).all()
    except Exception:
        return broken  # nothing to compare
    if not is_equation:
        return broken._replace(cases=_where_it_holds(derivation, broken, tried))
    truth, apply = _formula_equal_to(derivation, broken, done)

    def answer(*args):
        return _value(_evaluated(derivation, broken.line.function, tried[0], args)[0])

    def right(*args):
        value, case = _evaluated(derivation, truth, tried[0], args)
        return _value(_done(broken.line, value, case) if apply else value)

    found = probes.find(answer, right, tried) if has_value else []
    cases = probes.special_cases(answer, right, tried)
    # "= 0" is a claim, and no slip of code: what would explain such a function says nothing of it.
    claims_a_number = any(f.slug in ("zero", "constant answer") for f in found)
    sentences = [] if claims_a_number else [_of_a_line(f.sentence) for f in found[:2]]
    if cases and not any("wrong otherwise" in s for s in sentences):
        sentences.append(f"It would be right where {' or '.join(cases[:3])}.")
    return broken._replace(cases=tuple(dict.fromkeys(sentences)))


def _of_a_line(sentence):
    """A sentence about a learner's result as one about a line of the chain."""
    return sentence.replace("Your result", "The line").replace("your result", "the line").replace("yours", "the line's")


def _where_it_holds(derivation, broken, tried, draws=8):
    """In which special cases, or on which of the problems, a line holds that is no equation of two formulas."""

    def holds(problem):
        case = _Case(problem.label, problem.args, derivation.given)
        values, failure = _values(before, [case])
        if failure:
            return None
        trusted = _Trusted(broken.against, values, before).after(line, [case])
        return _judged(derivation, broken.number, line, [case], trusted, "=")[0].status != "breaks"

    line, before = broken.line, derivation.lines[broken.against - 1].function
    each = {p.label: holds(p) for p in tried}
    held, fell = ([label for label, was in each.items() if was is good] for good in (True, False))
    words = []
    where = derivation_cases.where(holds, [p for p in tried if p.label in fell], draws)
    if where:
        words.append(f"It would hold where {' or '.join(where[:3])}.")
    if held and fell:
        few, it = (fell, "breaks") if len(fell) <= len(held) else (held, "holds")
        more = f" and on {len(few) - 3} more" if len(few) > 3 else ""
        names = ", ".join(f"“{label}”" for label in few[:3])
        words.append(f"Of the {len(tried)} problems it {it} on {len(few)} only: {names}{more}.")
    return tuple(words)


def _formula_equal_to(derivation, broken, done):
    """A trusted formula with the broken line's value, and whether its `do` is still to be applied."""
    after = []
    for c in done[broken.number :]:
        if c.line.relation != "=" or c.line.do is not None:
            break
        if c.status == "holds" and not broken.line.do:
            after.append(c)
    first = done[broken.against - 1]
    for c in (*after, first):
        if not c.note.startswith("numerical") or c.line.relation == "=":
            return c.line.function, c is first and broken.line.do is not None
    return first.line.function, broken.line.do is not None


def _evaluated(derivation, function, like, args):
    case = _Case("", dict(zip(like.args, args, strict=True)), derivation.given)
    return call(function, case.args), case


# ---- own data


def _own_arguments(names, rng, own):
    """The arguments of a problem made from a person's own data; what is not given is drawn to fit."""
    own = dict(own)
    theta = own.pop("theta", None)
    if theta is not None and "theta" in names:
        own["theta"], theta = theta, None
    unknown = [name for name in own if name not in names and name != "x"]
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: this chain has no such argument; it has {', '.join(names)}")
    world = _world(rng, own.pop("x", None), theta, own)
    missing = [name for name in names if name not in own and name not in world]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing: pass them by name, run({missing[0]}=...)")
    return {name: _array(own[name]) if name in own else world[name] for name in names}


def _array(value):
    if isinstance(value, (list, np.ndarray)):
        return np.array(value, float)
    return value


def _world(rng, x, theta, own):
    """Every named quantity, built around x, theta or parts of it."""
    from emtutor import arguments, gaussian

    parts = {name: own[name] for name in ("pi", "mu", "Sigma") if name in own}
    if theta is not None:
        parts = dict(zip(gaussian.Theta._fields, gaussian.check(theta), strict=True)) | parts
    k = next((len(part) for part in (*parts.values(), own.get("w", ())) if np.size(part)), None)
    if x is not None:
        x = arguments.points(x)
        if len(parts) < 3:
            fitted = gaussian._m_step(x, problems.simplex(rng, k or 2, len(x)))
            parts = dict(zip(gaussian.Theta._fields, fitted, strict=True)) | parts
        x, *theta = gaussian._checked(x, gaussian.Theta(**parts))
        world = problems.world(rng, len(x), len(theta[0]), x.shape[1])
        world |= {"x": x, **own, "pi": theta[0], "mu": theta[1], "Sigma": theta[2]}
        world["log_joint"] = gaussian._log_joint(x, *theta)
        return problems._completed(world)
    sized = own.get("log_joint", own.get("q", own.get("r")))
    n, k = np.shape(sized) if np.ndim(sized) == 2 else (7, k or 3)
    d = next((np.shape(part)[-1] for name, part in parts.items() if name != "pi" and np.ndim(part)), 2)
    world = problems.world(rng, n, k, d)
    if parts:
        drawn = gaussian.Theta(world["pi"], world["mu"], world["Sigma"])
        world |= dict(zip(drawn._fields, gaussian.check(drawn._replace(**parts)), strict=True))
    return world
