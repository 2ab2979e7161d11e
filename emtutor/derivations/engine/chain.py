"""A chain of lines and its run: `Derivation(title, left, problems, lines).run()` is a `Result`."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from emtutor.causes import Problem
from emtutor.derivations.engine import judges, own_data
from emtutor.derivations.engine.explain import explained
from emtutor.derivations.engine.line import Breaks, Case, Checked, Line, Skip

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
        rng = np.random.default_rng(seed)
        tried = [self._own(rng, own)] if own else self.problems(rng)
        return Result(self, tuple(_check(self, tried)), tuple(p.label for p in tried))

    def with_line(self, latex, function, relation="=", reason="your line", after=None, **more):
        """The same chain with one more line, after line number `after`.

        Without `after`: behind the last line of the first stretch, before anything is solved for. `more`: other
        fields of a `Line`, such as unknown="mu" with "therefore"; what is not said is as in the chain's own such lines.
        """
        line = Line(relation, latex, function, reason, **(self._usual(relation, more) | more))
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

    def _own(self, rng, own):
        return Problem("your data", own_data.arguments(self, rng, own))

    def __str__(self):
        from emtutor.derivations.engine import view

        return view.plain(self, None)

    __repr__ = __str__

    def _repr_html_(self):
        from emtutor.derivations.engine import view

        return view.html(self, None)


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
        from emtutor.derivations.engine import view

        return view.plain(self.derivation, self)

    __repr__ = __str__

    def _repr_html_(self):
        from emtutor.derivations.engine import view

        return view.html(self.derivation, self)


# ---- running


def _check(chain, tried):
    """Each line in turn, compared with the last one that can be trusted."""
    with np.errstate(all="ignore"):  # a value that is none is said in words
        cases = [Case(p.label, p.args, chain.given) for p in tried]
        done = _checked(chain, cases)
        return [explained(chain, c, done) if c.status == "breaks" else c for c in done]


def _checked(chain, cases):
    done: list[Checked] = []
    trusted: judges.Trusted | None = None
    skipped = "="  # what the wrong lines since then have claimed
    for number, line in enumerate(chain.lines, 1):
        against = None if trusted is None or line.relation == "start" else _compared_with(line, trusted)
        before = against and against.number
        try:
            verdict = _judged(chain, number, line, cases, against, skipped)
        except Skip as why:
            done.append(Checked(number, line, "skipped", None, None, note=str(why)))
        except Breaks as broken:
            what = broken.what + _follows_from(chain, line, cases, against)
            done.append(Checked(number, line, "breaks", broken.error, before, broken.label, what, each=broken.each))
            skipped = _join(skipped, line.relation)
            if trusted is not None and line.relation in COMPARED:
                trusted = trusted.after(line, cases)
        else:
            status = "holds" if against else "start"
            done.append(Checked(number, line, status, verdict.error, before, note=verdict.note))
            first = against and (against.first or against.function) if line.relation == "=" and not line.do else None
            equation = against if line.solves else None
            wider = against if line.relation in INEQUALITIES else None
            trusted = judges.Trusted(number, verdict.values, line.function, equation, first, wider)
            skipped = "="
    return done


def _compared_with(line, trusted):
    """A formula is compared with the last line; a solution is put into what the last solution was put into."""
    return (trusted.equation or trusted) if line.solves else trusted


def _judged(chain, number, line, cases, against, skipped):
    if against is None:
        return judges.start(chain, line, cases)
    before = against.after(line, cases)
    try:
        return judges.JUDGES[line.relation](chain, line, cases, before)
    except Breaks:
        if line.relation not in COMPARED or skipped not in INEQUALITIES:
            raise
        # a wrong "a <= b" stands before this "b = c": of a and c no more is claimed than a <= c
        relation, tight = _composed(skipped, line, chain.lines[: number - 1])
        with suppress(Breaks):
            return judges.inequality(chain, line, cases, before, relation=relation, tight=tight)
        raise


def _follows_from(chain, line, cases, against):
    """What to say of an inequality that holds, but not after the one before it: both are true, they are no chain."""
    if against is None or against.wider is None or line.relation not in INEQUALITIES:
        return ""
    with suppress(Breaks, Skip):
        judges.inequality(chain, line, cases, against.wider.after(line, cases))
        true = f"compared with line {against.wider.number} it holds"
        return f"; {true}, so it is true, but no step on from line {against.number}"
    return ""


def _join(first, then):
    """a R b and b S c: what holds of a and c, or "?" if nothing."""
    if then not in COMPARED:
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
