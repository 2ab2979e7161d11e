"""find: what is true of a wrong answer, best first. One loop over all hypotheses: does it agree, everywhere?"""

import warnings

import numpy as np

from emtutor.causes import (
    arguments,
    confusions,
    outputs,
    partly,
    places,
    properties,
    related,
    rewriting,
    sometimes,
    source,
)
from emtutor.causes.families import question
from emtutor.causes.findings import (
    EQUAL,
    PROPERTY,
    SCALED,
    SURE,
    Finding,
    Pair,
    agree,
    alike,
    factor,
    finite,
)
from emtutor.causes.phrases import PART
from emtutor.causes.study import Study, called
from emtutor.problems.worlds import world

DRAWS = 3  # fresh problems on which a hypothesis must agree too
DUELS = 8  # and on which two that agree so far may differ
ENOUGH = 6  # variants that agree, after which no more are looked for


def find(
    answer,
    truth,
    problems,
    *,
    notation=None,
    out=None,
    name="result",
    ask=None,
    variants=None,
    function=None,
    run=lambda f: f,
    seed=0,
):
    """What is true of a wrong answer, best first; an empty list if it is right or nothing is known.

    answer, truth: called with a problem's arguments by position; what raises counts as disagreement.
    problems: list of Problem. notation: axes of arguments where they differ from NOTATION, {"mu": "d"}.
    out: axes of the output ("kd"), or names and axes of its parts, {"pi": "k", "mu": "kd", "Sigma": "kdd"}.
    name: what the output is called in a sentence.
    ask: a record's questions by cause. variants: () asks no rewrites of the truth's source.
    function: the learner's own function, where `answer` calls it elsewhere; run: function -> the same, called there.
    """
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # variants are compiled: what Python thinks of them is no word to a learner
        study = Study(answer, truth, [world(p, notation) for p in problems], seed)
        if study.right():
            return []
        search = _Search(study, out, name, variants is None, function or answer, run)
        found = sorted(search.found(), key=lambda f: (f.exactness, f.cost))
    return [f._replace(question=_question(f, ask)) for f in found]


def _question(f, ask):
    asked = question(f.cause, f.subject, ask)
    general = asked == question(f.cause)
    return f.question if general and f.question else asked


def special_cases(f, g, problems, *, notation=None, seed=0):
    """The weakest special cases, in words, in which two functions agree that differ in general: ["d = 1", ...]."""
    with np.errstate(all="ignore"):
        study = Study(f, g, [world(p, notation) for p in problems], seed)
        return [] if study.right() else [case.when for case in sometimes.agreeing(study)]


class _Search:
    """All that is asked about one answer."""

    def __init__(self, study, out, name, rewrites, function, run):
        self.study, self.out, self.name = study, out, name
        self.rewrites, self.function, self.run = rewrites, function, run

    def found(self):
        study = self.study
        if isinstance(self.out, dict) and len(self.out) == 1:
            ((self.name, self.out),) = self.out.items()
        said = list(confusions.findings(self.function, self.run, study, self.name, agree))
        if said and said[0].telling:
            return said
        truths = [t for _, t in study.given if t is not None]
        generic = study.generic()
        if not truths or not generic:
            return said
        if study.given[generic[0]][0] is None:
            return [*said, *self._same_failure()]
        found = self._parts(truths) if isinstance(truths[0], tuple) else self._single(study, self.out, self.name)
        return [*said, *found]

    # -- tuples

    def _parts(self, truths):
        """Which parts of a tuple are wrong, and what is true of the first of them, or of all."""
        study, count = self.study, len(truths[0])
        names, axes = [f"part {i + 1}" for i in range(count)], [None] * count
        if isinstance(self.out, dict) and len(self.out) == count:
            names, axes = list(self.out), list(self.out.values())
        good = [(a, t) for a, t in study.given if a is not None and t is not None]
        if not good or not all(isinstance(a, tuple) and len(a) == count for a, _ in good):
            if good and all(isinstance(a, tuple) for a, _ in good):
                told = {"came": len(good[0][0]), "count": count, "names": ", ".join(names)}
                relation = "{came} results came, {count} are asked for: {names}"
                return [Finding(relation, "shape", "parts", told, "which are missing or too many?")]
            return []
        wrong = [i for i in range(count) if not all(agree(a[i], t[i]) for a, t in good)]
        for i in wrong:
            for j in wrong:
                if i < j and all(agree(a[i], t[j]) and agree(a[j], t[i]) for a, t in good):
                    told = {"a": names[i], "b": names[j]}
                    relation = "{a} and {b} are right, but in each other's place"
                    return [
                        Finding(relation, "order", f"{names[i]},{names[j]}", told, "in which order are they asked?")
                    ]
        if not wrong:
            return list(sometimes.fails_at_times(study))
        whole = self._exact(study, None, self.name, [])
        whole = [f for f in whole if f.exactness == EQUAL]
        ordinary = [study.given[i] for i in study.generic()]
        ordinary = [(a, t) for a, t in ordinary if a is not None and t is not None]
        first = max(wrong, key=lambda i: sum(not agree(a[i], t[i]) for a, t in ordinary))  # of equals the first
        others = tuple(n for i, n in enumerate(names) if i not in wrong), tuple(names[i] for i in wrong)
        found = self._single(study.part(first), axes[first], names[first], source_too=False)
        last = Finding("{It} {is} wrong", "part", names[first], name=names[first], exactness=PROPERTY, cost=9)
        return [*(f._replace(part=names[first], others=others) for f in (*found, last)), *whole]

    # -- one output

    def _single(self, study, out, name, source_too=True):
        at_times = [f._replace(name=name) for f in sometimes.fails_at_times(study)]
        pairs = self._pairs(study)
        axes = out if isinstance(out, str) else _axes(pairs)
        if axes is not None and any(p.t.ndim != len(axes) for p in pairs):
            axes = _axes(pairs)
        if any(f.subject == sometimes.FAR for f in at_times):
            return at_times
        exact = self._exact(study, axes, name, pairs, source_too)
        if any(f.telling for f in exact):
            return exact
        if at_times:
            return [*exact, *at_times]
        found = [*exact, *self._properties(study, pairs, axes, name)]
        return [f._replace(name=name, exactness=SURE if f.exactness == SURE else PROPERTY, cost=i)
                for i, f in enumerate(found)]  # fmt: skip

    def _pairs(self, study):
        """Answer and truth on the generic problems and on fresh ones."""
        seen = [(study.worlds[i], *study.given[i]) for i in study.generic()] + study.draws(4 + DRAWS)
        return [
            Pair(w, a, t)
            for w, a, t in seen
            if a is not None and t is not None and not isinstance(a, tuple) and finite(t, any)
        ]

    def _exact(self, study, axes, name, pairs, source_too=True):
        """What the answer is, exactly: the first table that has an equal decides; what is only scaled waits."""
        order = [*study.order(), *study.draws(DRAWS)]
        start, a, _ = order[0]
        if a is None:
            return []
        scaled, small = [], min(order[1:], key=lambda seen: seen[0].length, default=order[0])
        small = small if start.length > 20 * small[0].length else None
        lost = next((w.label for w, a, t in order if t is not None and finite(t) and (a is None or not finite(a))), "")
        for table in self._tables(study, start, axes, pairs, name, source_too):
            fits = []
            for h in table:
                fit = h._replace(besides=lost) if isinstance(h, Finding) else _fit(h, order, small)
                if fit is not None:
                    fits.append((fit._replace(name=name), h))
                    if sum(f.exactness == EQUAL for f, _ in fits) == ENOUGH:
                        break
            equal = [(f, h) for f, h in fits if f.exactness == EQUAL]
            if equal:
                return [*_decided(equal, study), *scaled]
            scaled += [f for f, _ in fits]
        return scaled

    def _tables(self, study, start, axes, pairs, name, source_too):
        """Hypotheses, table by table: maps of the output, relations, arguments, rewrites, pairs."""
        truth = lambda w: called(study.truth, w.problem())
        yield related.one_number(study)
        if pairs:
            full = _full(study, pairs)
            zero = not any(p.a.any() for p in full)
            if len(full) > 2:
                yield related.factors(full)
            yield related.not_summed(pairs, axes)
            if not zero or len(full) < 3:
                yield outputs.hypotheses(start, axes)
            if len(full) > 2 and not zero:
                yield [*related.sums(full, axes), *related.term_factors(full, axes)]
                yield [*related.shared_out(full, axes), *related.rows(full, name), *related.diagonals(full, axes)]
            if zero and len(full) > 2:
                return
        yield arguments.hypotheses(start, truth)
        if self.rewrites and source_too:
            known, almost = rewriting.Known(study), _almost(pairs)
            yield rewriting.one_at_a_time(study, known, almost)
            yield rewriting.two_at_once(study, known, almost)

    def _same_failure(self):
        """An answer that raises: the variants that raise the same error on every problem, and agree on the rest."""
        study = self.study
        first = study.generic()[0]
        if (
            first not in study.errors
            or not self.rewrites
            or issubclass(study.errors.get(first, (Exception,))[0], NameError)
        ):
            return  # it names the culprit itself
        known = rewriting.Known(study)
        for v, _ in zip(source.variants(study.truth, known.kinds), range(known.budget), strict=False):
            mine = {}
            called(v.function, study.worlds[first].problem(), mine, first)
            if mine.get(first) != study.errors.get(first):
                continue
            outputs_ = [called(v.function, w.problem(), mine, i) for i, w in enumerate(study.worlds)]
            if all(
                (a is None) == (b is None) and (a is None or alike(a, b)) and mine.get(i) == study.errors.get(i)
                for i, (b, (a, _)) in enumerate(zip(outputs_, study.given, strict=True))
            ):
                objects, subject, asked = places.told(v.change, known.words)
                relation = "The same error comes, for example, " + v.change.told
                yield Finding(relation, v.change.cause, subject, objects, asked, name=self.name)
                return

    def _properties(self, study, pairs, axes, name):
        """What is asked only where nothing fits."""
        if not pairs:
            return
        same_shape = [p for p in pairs if p.a.shape == p.t.shape]
        full = [p for p in same_shape if finite(p.a) and finite(p.t)]
        if len(same_shape) == len(pairs) and len(full) > 2:
            yield from partly.seen(full, axes, name)
        else:
            yield from partly.shapes(pairs, axes)
        worlds = [p.world for p in (*pairs[-4:], *pairs[:-4])]
        yield from properties.dependence(worlds, study.pair, study.rng)
        if len(same_shape) == len(pairs):
            yield from sometimes.special_cases(study)
            yield from properties.behaviour(worlds, study.pair, axes)


# ---- one hypothesis against the answer


def _fit(h, order, small):
    """The hypothesis as a `Finding`, if the answer is what it makes, or a constant times that, on all problems."""
    (w, a, t), *rest = order
    if small is not None:
        b = h.output(small[0], small[2])  # most are seen to differ here already, at a hundredth of the price
        if b is None or small[1] is None or not factor(small[1], b):
            return None
    b = h.output(w, t)
    if b is None or t is None or agree(b, t):
        return None  # it changes nothing here, so it explains nothing
    c = factor(a, b)
    if not c:
        return None
    compared, besides = int(finite(a, any)), ""
    for w, a, t in rest:
        if t is None:
            continue
        b = h.output(w, t)
        if a is None or (b is not None and not finite(a) and finite(b)):
            if a is None and b is None:
                continue
            besides = besides or w.label
            continue
        if b is None or not alike(a, b if c == 1 else _times(c, b)):
            return None
        compared += finite(a, any)
    if compared < min(3, len(order)):
        return None
    objects, subject, asked = h.objects, h.subject, h.question
    if isinstance(objects, rewriting.Told):
        objects, subject, asked = objects.told()
        if "{b} in the place of {a}" in h.relation and all(objects[u].startswith(PART) for u in "ab"):
            return None  # "a part in the place of a part" tells nothing
    exactness = EQUAL if c == 1 else SCALED
    return Finding(
        h.relation, h.cause, subject, {**objects, "c": c}, asked, exactness, h.cost + (c != 1), besides=besides
    )


def _times(c, b):
    return tuple(c * u for u in b) if isinstance(b, tuple) else c * b


def _decided(equal, study):
    """Of hypotheses that agree so far, those that still agree on more problems."""
    equal.sort(key=lambda pair: (bool(pair[0].besides), pair[0].cost))
    if len(equal) > 1:
        for w, a, t in study.draws(DRAWS + DUELS)[DRAWS:]:
            if a is None or t is None:
                continue
            left = [(f, h) for f, h in equal if isinstance(h, Finding) or alike(a, h.output(w, t))]
            equal = left or equal
    return [f for f, _ in equal]


def _almost(pairs):
    """True if the answer is near the truth on ordinary problems."""
    return bool(pairs) and all(
        p.a.shape == p.t.shape and finite(p.a) and np.abs(p.a - p.t).max(initial=0) <= 1e-2 * np.abs(p.t).max(initial=0)
        for p in pairs
    )


def _axes(pairs):
    """The output's axes from its sizes: letters that fit in every problem."""
    ndim = {p.t.ndim for p in pairs}
    if len(ndim) != 1:
        return None
    letters = ""
    for i in range(ndim.pop()):
        fitting = [u for u in "nkdtabcmp" if all(p.world.sizes.get(u) == p.t.shape[i] for p in pairs)]
        if not fitting:
            return None
        letters += fitting[0]
    return letters


def _full(study, pairs):
    """The pairs of one shape with finite numbers, of the other problems too."""
    known = {id(p.world) for p in pairs}
    seen = [Pair(w, a, t) for w, (a, t) in zip(study.worlds, study.given, strict=True) if id(w) not in known]
    seen = [
        p
        for p in seen
        if isinstance(p.a, np.ndarray) and isinstance(p.t, np.ndarray) and p.world.pattern == pairs[0].world.pattern
    ]
    return [p for p in (*pairs, *seen) if p.a.shape == p.t.shape and p.a.size and finite(p.a) and finite(p.t)]
