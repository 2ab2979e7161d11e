"""A chain of lines and its run: `Derivation(title, left, problems, lines).run()` is a `Result`."""

import warnings
from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

import numpy as np

from emtutor.causes import Problem
from emtutor.derivations.engine import boundary, judges, own_data, view
from emtutor.derivations.engine.explain import explained
from emtutor.derivations.engine.line import Breaks, Case, Checked, Line, Skip
from emtutor.derivations.engine.try_line import try_line
from emtutor.derivations.engine.unfold import Unfolding

INEQUALITIES = ("<=", ">=")
COMPARED = ("=", *INEQUALITIES)
_BELONGS = {
    "<=": ("tight", "tight_when"),
    ">=": ("tight", "tight_when"),
    "therefore": ("unknown", "into"),
    "tends to": ("toward",),
    "maximises": ("unknown", "of"),
}


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
        rng = _generator(seed)
        tried = [self._own(rng, own)] if own else self.problems(rng)
        return Result(self, tuple(_check(self, tried, bool(own))), tuple(p.label for p in tried))

    def unfold(self, *, seed=0, **own):
        """The same run, opened line by line: the reason of the next line first, the line when one asks for it."""
        return Unfolding(self.run(seed=seed, **own))

    def try_line(self, number, mine):
        """Your own line against line `number`: a NumPy expression in quotes, or a function of the chain's arguments.

        >>> derivations.grad_mu.try_line(7, "inv(Sigma) @ (r.T @ x - r.sum(0)[:, None] * mu)[..., None]")
        """
        return try_line(self, number, mine)

    def with_line(self, latex, function, relation="=", reason="your line", after=None, **more):
        """The same chain with one more line, after line number `after`.

        Without `after`: behind the last line of the first stretch, before anything is solved for. `more`: other
        fields of a `Line`, such as unknown="mu" with "therefore"; what is not said is as in the chain's own such lines,
        but an inequality need not be tight unless `tight` is said: then the chain goes on from the line before it.
        """
        more = self._usual(relation, more) | ({"aside": "tight" not in more} if relation in INEQUALITIES else {}) | more
        line = Line(relation, latex, function, reason, **more)
        if after is None:
            solved = [i for i, l in enumerate(self.lines) if l.solves]
            after = solved[0] if solved and relation in COMPARED else len(self.lines)
        if not (isinstance(after, int) and 1 <= after <= len(self.lines)):
            raise ValueError(f"after must be the number of a line, 1 to {len(self.lines)}, got {after!r}")
        return replace(self, lines=(*self.lines[:after], line, *self.lines[after:]))

    def _usual(self, relation, more):
        """What the chain's last line of that relation is solved for, put into, compared with."""
        fields = _BELONGS.get(relation, ())
        for line in reversed(self.lines):
            usual = {name: getattr(line, name) for name in fields if getattr(line, name)}
            if usual and more.get("unknown", line.unknown) == line.unknown:
                return usual
        return {}

    def upto(self, number):
        """The chain's first lines only, to go on with pencil and paper."""
        if not 1 <= number <= len(self.lines):
            raise ValueError(f"number must be 1 to {len(self.lines)}, got {number}")
        return replace(self, lines=self.lines[:number])

    @property
    def arguments(self):
        """The names of the problem's arguments."""
        return tuple(self.problems(np.random.default_rng(0))[0].args)

    def case(self, problem, own=False):
        """The problem with what is given, as the lines are called on it. own: it is a person's own data."""
        return Case(problem.label, problem.args, self.given, self.size, own)

    def _own(self, rng, own):
        problem = Problem("your data", own_data.arguments(self, rng, own))
        try:
            with _quiet():
                self.case(problem)
        except Exception as error:
            given = ", ".join(self.given)
            raise ValueError(f"these data leave {given} without a value: {type(error).__name__}: {error}") from error
        return problem

    def __str__(self):
        return view.plain(self, None)

    __repr__ = __str__

    def _repr_html_(self):
        return view.html(self, None)


@dataclass(frozen=True, repr=False)
class Result:
    """What became of each line; true if all hold, and none was left out."""

    derivation: Derivation
    lines: tuple[Checked, ...]
    problems: tuple[str, ...]  # labels

    @property
    def holds(self):
        """True if no line breaks and no line was left out: what was not compared is not known to be true."""
        return not self.breaks and not self.skipped

    @property
    def breaks(self):
        """The numbers of the lines that break, from 1."""
        return tuple(line.number for line in self.lines if line.status == "breaks")

    @property
    def skipped(self):
        """The numbers of the lines that were left out, from 1; each says why."""
        return tuple(line.number for line in self.lines if line.status == "skipped")

    def __bool__(self):
        return self.holds

    def __str__(self):
        return view.plain(self.derivation, self)

    __repr__ = __str__

    def _repr_html_(self):
        return view.html(self.derivation, self)


# ---- running


def _generator(seed):
    """The generator of that seed. Raises ValueError for what is none."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ValueError(f"seed must be a whole number >= 0, got {seed!r:.60}: try run(seed=1)") from None


@contextmanager
def _quiet():
    """A value that is none is said in words, and not warned of."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def _check(chain, tried, own):
    """Each line in turn, compared with the last one that can be trusted."""
    with _quiet():
        done = _checked(chain, [chain.case(p, own) for p in tried])
        return [explained(chain, c, done) if c.status == "breaks" else c for c in done]


def _checked(chain, cases):
    done: list[Checked] = []
    trusted: Checked | None = None
    claimed = "="  # what the wrong lines since the last trusted one have claimed
    for number, line in enumerate(chain.lines, 1):
        before = None if trusted is None or line.relation == "start" else _compared_with(line, trusted, cases)
        try:
            checked = _judged(chain, number, line, cases, before, claimed)
        except Skip as why:
            checked = Checked(line, "skipped", note=str(why))
            trusted = None if line.relation == "start" else trusted
        except Breaks as broken:
            what = broken.what + _follows_from(chain, line, cases, before)
            checked = Checked(line, "breaks", error=broken.error, problem=broken.label, note=what, each=broken.each)
            claimed = _join(claimed, line.relation)
            if trusted is not None and line.relation in COMPARED:
                trusted = judges.after(line, trusted, cases)
        else:
            compared = before is not None or line.relation == "start" or not done
            if (checked.tight or not line.aside) and (compared or _is_a_formula(checked)):
                trusted, claimed = _trusted(number, checked, before), "="
            if not compared:
                alone = f"nothing to compare it with: line {done[-1].number} was left out"
                checked = replace(checked, status="skipped", note=alone, error=None)
        done.append(replace(checked, number=number, against=before and before.number))
    return done


def _is_a_formula(checked):
    """True for what the next line may be compared with although nobody has compared it."""
    return checked.line.relation in COMPARED and not checked.numerical


def _trusted(number, checked, before):
    """A line that holds, as what the next lines are compared with."""
    line = checked.line
    return replace(
        checked,
        number=number,
        function=line.function,
        equation=before if line.solves else None,
        first=(before.first or before.function) if before and line.relation == "=" and not line.do else None,
        wider=before if line.relation in INEQUALITIES else None,
    )


def _compared_with(line, trusted, cases):
    """A formula is compared with the last line; a solution is put into what the last solution was put into."""
    return judges.after(line, (trusted.equation or trusted) if line.solves else trusted, cases)


def _judged(chain, number, line, cases, before, claimed):
    judge = judges.JUDGES[line.relation] if before is not None else judges.start
    try:
        return judge(chain, line, cases, before)
    except Breaks as broken:
        if before is not None and line.relation in COMPARED and claimed in INEQUALITIES:
            # a wrong "a <= b" stands before this "b = c": of a and c no more is claimed than a <= c
            relation, tight = _composed(claimed, line, chain.lines[: number - 1])
            with suppress(Breaks):
                return judges.inequality(chain, line, cases, before, relation=relation, tight=tight)
        if cases[0].own:
            boundary.excuse(chain, line, cases[0], before, broken, judge)
        raise


def _follows_from(chain, line, cases, before):
    """What to say of an inequality that holds, but not after the one before it: both are true, they are no chain."""
    if before is None or before.wider is None or line.relation not in INEQUALITIES:
        return ""
    with suppress(Breaks, Skip):
        judges.inequality(chain, line, cases, judges.after(line, before.wider, cases))
        true = f"compared with line {before.wider.number} it holds"
        return f"; {true}, so it is true, but no step on from line {before.number}"
    return ""


def _join(first, then):
    """a R b and b S c: what holds of a and c, or "?" if nothing."""
    if then not in COMPARED:
        return "="
    if "=" in (first, then):
        return then if first == "=" else first
    return first if first == then else "?"


def _composed(claimed, line, before):
    joined = _join(claimed, line.relation)
    if joined == "?":
        joined = line.relation
    source = next((l for l in (line, *reversed(before)) if l.tight is not None), line)
    return joined, source
