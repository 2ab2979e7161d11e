"""find: what is true of a wrong answer, best first. special_cases: where two functions agree."""

import re
from time import perf_counter, process_time

import numpy as np

from emtutor.causes import behaviour, relations, shapes
from emtutor.causes.cases import cases
from emtutor.causes.findings import Finding, Pair, nice, same
from emtutor.causes.inputs import replacements
from emtutor.causes.variants import variants as source_variants
from emtutor.problems.worlds import fresh, world

# How often answer and truth may be called, by what one call costs: that keeps `find` within a second on slow ones.
PACES = ((0.3e-3, 700), (1e-3, 300), (np.inf, 120))  # (seconds up to, calls)


def agree(a, b, rtol=1e-6, atol=1e-9):
    """True if two results are equal to the eye of a computer: same shape, finite alike, close in value."""
    if isinstance(a, (tuple, list)) and isinstance(b, tuple):
        return len(a) == len(b) and all(agree(u, v, rtol, atol) for u, v in zip(a, b, strict=True))
    try:
        a, b = np.asarray(a, float), np.asarray(b, float)
    except (TypeError, ValueError):
        return False
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True))


def find(answer, truth, problems, *, notation=None, out=None, name="result", variants=None, seed=0):
    """What is true of a wrong answer, best first; an empty list if it is right or nothing is known.

    answer, truth: called with a problem's arguments by position; what raises counts as disagreement.
    problems: list of Problem. notation: axes of arguments where they differ from NOTATION, {"mu": "d"}.
    out: axes of the output ("kd"), or names and axes of its parts, {"pi": "k", "mu": "kd", "Sigma": "kdd"}.
    name: what the output is called in a sentence. variants: variants of the truth
    with their own sentences; None makes them from its source, () makes none.
    """
    with np.errstate(all="ignore"):
        found = _found(answer, truth, problems, notation, out, name, variants, seed)
    best: dict[str, Finding] = {}
    for f in sorted(found, key=lambda f: -f.weight):
        best.setdefault(f.sentence, f)
    return [f._replace(sentence=_grammar(f.sentence)) for f in best.values()]


def _found(answer, truth, problems, notation, out, name, variants, seed):
    study = _Study(answer, truth, [world(p, notation) for p in problems], seed)
    if study.right():
        return []
    if isinstance(out, dict) and len(out) == 1:
        ((name, out),) = out.items()
    results = [t for _, t in study.given.values() if t is not None]
    if study.fails():
        found = []  # on ordinary problems too: only what raises in the same way says why
    elif results and isinstance(results[0], tuple):
        found = _in_parts(study, results, out, seed)
    else:
        found = _one_output(study, out if isinstance(out, str) else None, name)
    return [*found, *_exact(study, source_variants(truth) if variants is None else variants, name)]


def _grammar(sentence):
    """ "Your labels are", not "is"; "the right ones"."""
    verbs = {"is": "are", "has": "have", "does": "do", "changes": "change"}
    pattern = r"(?<!all )(?<!in )(?<!time )\b([Yy]our|right) (\w+[^s\W]s) (is|has|does|changes)\b"
    plural = re.search(pattern, sentence)
    if not plural:
        return sentence
    sentence = re.sub(pattern, lambda m: f"{m[1]} {m[2]} {verbs[m[3]]}", sentence)
    return (
        sentence.replace("right one ", "right ones ")
        .replace("right one,", "right ones,")
        .replace("right one:", "right ones:")
        .replace("right ones differs", "right ones differ")
    )


def special_cases(f, g, problems, *, notation=None, seed=0):
    """The weakest special cases, in words, in which two functions agree that differ in general: ["d = 1", ...]."""
    study = _Study(f, g, [world(p, notation) for p in problems], seed)
    if study.right():
        return []
    with np.errstate(all="ignore"):
        return [case.when for case in _agreeing(study)]


class _Study:
    """Answer and truth, evaluated with care and counted, on the given problems and on fresh ones near them."""

    def __init__(self, answer, truth, worlds, seed, given=None, limit=None):
        self.answer, self.truth, self.worlds = answer, truth, worlds
        self.rng = np.random.default_rng(seed)
        self.calls = 0
        self.errors = {}
        self.cost = np.inf  # the least that both together took: what else the machine does shall change no sentence
        self.given = given or {i: self.both(w, i) for i, w in enumerate(worlds)}
        self.limit = next(calls for seconds, calls in PACES if self.cost <= seconds) if limit is None else limit

    def both(self, w, key=None):
        """(answer's output, truth's output) as arrays or tuples of them; None in the place of one that failed."""
        self.calls += 1
        begin = perf_counter()
        a, t = _called(self.answer, w.problem(), self.errors, key), _called(self.truth, w.problem())
        self.cost = min(self.cost, perf_counter() - begin)
        if isinstance(t, tuple) and isinstance(a, np.ndarray) and a.ndim and len(a) == len(t):
            a = tuple(a)
        elif isinstance(t, np.ndarray) and isinstance(a, tuple) and len({u.shape for u in a}) == 1:
            a = np.array(a)
        return a, t

    def pair(self, w):
        """Both outputs as arrays, or None if either failed."""
        if self.calls > self.limit:
            return None
        a, t = self.both(w)
        return None if a is None or t is None or isinstance(a, tuple) or isinstance(t, tuple) else (a, t)

    def right(self):
        return all(t is not None and a is not None and agree(a, t) for a, t in self.given.values())

    def fails(self):
        """True if the answer has no result on an ordinary problem."""
        return any(self.given[i][0] is None for i in self.generic()[:1])

    def generic(self):
        """Worlds of more than one point, component and dimension with an ordinary truth, the given ones first."""
        good = []
        for i, w in enumerate(self.worlds):
            t = self.given[i][1]
            if t is None or not _finite(t, any):
                continue
            sizes = w.sizes
            small = (
                9 * (not _finite(t))
                + sum(size == 1 for size in sizes.values())
                + 2 * (sizes.get("n") == sizes.get("k"))
            )
            good.append((small + 5 * _extreme(w), i))
        lowest = min((s for s, _ in good), default=0)
        chosen = [i for s, i in sorted(good) if s == lowest]
        quick = 20 * min((self.worlds[i].length for i in chosen), default=0)
        chosen = [i for i in chosen if self.worlds[i].length <= quick]
        richest = max((self.worlds[i].pattern for i in chosen), key=lambda p: len("".join(p)), default=())
        return [i for i in chosen if self.worlds[i].pattern == richest]

    def draws(self, count):
        """Fresh worlds near the generic ones, in turn."""
        base = self.generic()
        for number in range(count if base else 0):
            yield fresh(self.worlds[base[number % len(base)]], self.rng)


def _called(function, problem, errors=None, key=None):
    try:
        with np.errstate(all="ignore"):
            result = function(*problem.args.values())
        if isinstance(result, (tuple, list)) and any(
            np.ndim(r) != np.ndim(result[0]) or np.shape(r) != np.shape(result[0]) for r in result
        ):
            return tuple(np.asarray(r, float) for r in result)
        if isinstance(result, tuple):
            return tuple(np.asarray(r, float) for r in result)
        return None if result is None else np.asarray(result, float)
    except Exception as error:
        if errors is not None:
            errors[key] = (type(error), str(error))
        return None


def _finite(t, how=all):
    """True if all numbers of an output are finite, or any."""
    parts = t if isinstance(t, tuple) else (t,)
    return all(how(np.isfinite(u).ravel()) for u in parts)


def _extreme(w):
    """A point far outside the rest."""
    for u in w.leaves("points"):
        x = np.asarray(w.values[u], float)
        if len(x) > 2:
            middle = np.median(x, 0)
            spread = np.median(np.abs(x - middle), 0) + 1e-300
            if (np.abs(x - middle) / spread).max() > 100:
                return True
    logs = (np.asarray(w.values[u], float) for u in w.leaves("log"))
    return any(np.ptp(a[np.isfinite(a)]) > 500 for a in logs if np.isfinite(a).any())


def _in_parts(study, results, out, seed):
    """A tuple: which part is wrong first, and what is true of that."""
    count = len(results[0])
    names, outs = [f"part {i + 1}" for i in range(count)], [None] * count
    if isinstance(out, dict) and len(out) == count:
        names, outs = list(out), list(out.values())
    answers = [a for a, _ in study.given.values() if a is not None]
    if not answers:
        return []
    if not all(isinstance(a, tuple) and len(a) == count for a in answers):
        if all(isinstance(a, tuple) for a in answers):
            return [
                Finding(
                    "parts",
                    f"{len(answers[0])} results came, {count} are asked for: {', '.join(names)}.",
                    "shape",
                    weight=100,
                )
            ]
        return []
    good = [(a, t) for a, t in study.given.values() if a is not None and t is not None]
    wrong = [i for i in range(count) if not all(agree(a[i], t[i]) for a, t in good)]
    if not wrong:
        return []
    for i in wrong:
        for j in wrong:
            if i < j and all(agree(a[i], t[j]) and agree(a[j], t[i]) for a, t in good):
                return [
                    Finding(
                        "swapped parts",
                        f"{names[i]} and {names[j]} are right, but in each other's place.",
                        "order",
                        weight=100,
                    )
                ]
    ordinary = [study.given[i] for i in study.generic()]
    ordinary = [(a, t) for a, t in ordinary if a is not None and t is not None]
    first = max(wrong, key=lambda i: sum(not agree(a[i], t[i]) for a, t in ordinary))  # of equals the first
    study_part = _Study(
        lambda *args: study.answer(*args)[first],
        lambda *args: study.truth(*args)[first],
        study.worlds,
        seed,
        {i: (None if a is None else a[first], None if t is None else t[first]) for i, (a, t) in study.given.items()},
        limit=study.limit,
    )
    right = [n for i, n in enumerate(names) if i not in wrong]
    lead = f"{_and(right)} {'is' if len(right) == 1 else 'are'} right. " if right else ""
    if len(wrong) > 1:
        lead += (
            f"First look at {names[first]}. "
            if first == 0 or not right
            else f"{_and([names[i] for i in wrong])} are not; first {names[first]}. "
        )
    found = _one_output(study_part, outs[first], names[first]) + list(_exact(study_part, (), names[first]))
    found = [f._replace(sentence=lead + f.sentence, part=names[first]) for f in found]
    text = (
        f"{lead}Your {names[first]} is wrong: does it use what has just been computed, and what was given, in the "
        "right places?"
    )
    return [*found, Finding("part", text, "part", names[first], names[first], weight=30)]


def _and(names):
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _one_output(study, out, name):
    found = []
    base = study.generic()
    pairs = []
    for i, w in enumerate(study.worlds):
        a, t = study.given[i]
        if i in base and a is not None and t is not None and not isinstance(a, tuple):
            pairs.append(Pair(w, a, t))
    for w in study.draws(4 if len(pairs) > 2 else 6):
        both = study.pair(w)
        if both is not None and _finite(both[1], any):
            pairs.append(Pair(w, *both))
    if not pairs:
        return found
    axes = out if out is not None else _axes(pairs)
    if axes is not None and any(p.t.ndim != len(axes) for p in pairs):
        axes = _axes(pairs)
    found += _only_sometimes(study, pairs, name)
    if found:
        return found
    found += shapes.shapes(pairs, axes, name)
    if all(p.a.shape == p.t.shape for p in pairs):
        others = [
            Pair(w, *study.given[i])
            for i, w in enumerate(study.worlds)
            if i not in base and all(isinstance(u, np.ndarray) for u in study.given[i])
        ]
        found += relations.values(pairs, axes, name, others)
    if max((f.weight for f in found), default=0) >= 96:
        return found  # exact and complete: nothing below says more
    worlds = [p.world for p in pairs[-4:]] + [p.world for p in pairs[:-4]]
    found += behaviour.dependence(worlds, study.pair, name, study.rng)
    if all(p.a.shape == p.t.shape for p in pairs):
        found += behaviour.units(worlds, study.pair, name)
        found += behaviour.orders(worlds, study.pair, name, axes)
        found += behaviour.doubling(worlds, study.pair, name, axes)
        found += behaviour.shifts(worlds, study.pair, name)
        found += _case_findings(study)
    return found


def _axes(pairs):
    """The output's axes from its sizes: letters that fit in every problem."""
    ndim = {p.t.ndim for p in pairs}
    if len(ndim) > 1:
        return None
    letters = ""
    for i in range(ndim.pop()):
        fitting = [u for u in "nkdtabcmp" if all(p.world.sizes.get(u) == p.t.shape[i] for p in pairs)]
        if not fitting:
            return None
        letters += fitting[0]
    return letters


def _only_sometimes(study, pairs, name):
    """Right on ordinary problems, wrong on special ones: far out, one component, a zero."""
    yield from _almost(study, pairs, name)
    lost = [p for p in pairs if np.isfinite(p.t).all() and not np.isfinite(p.a).all()]
    if len(lost) == len(pairs) or not all(same(p.a, p.t) for p in pairs if not any(p is u for u in lost)):
        return
    wrong = [
        (w, a)
        for w, (a, t) in zip(study.worlds, study.given.values(), strict=True)
        if t is not None and (a is None or not agree(a, t))
    ]
    for w, a in wrong:
        bad = a is None or not np.isfinite(a).all()
        if _extreme(w):
            how = "nan, inf or an error" if bad else "the wrong number"
            text = (
                f"Right on ordinary points, but {how} where one point lies far out: what does exp(-45000) give, and "
                "when is the logarithm taken?"
            )
            yield Finding("underflow", text, "underflow", "exp", weight=99)
            return
    if lost or any(a is not None and not np.isfinite(a).all() for _, a in wrong):
        label = wrong[0][0].label if wrong else pairs[0].world.label
        text = (
            f"Right wherever it is finite, but nan or inf at times, as for this problem: {label}. Which exp, logarithm "
            "or quotient leaves the numbers that a computer holds (exp(-800) is 0, exp(800) is inf)?"
        )
        yield Finding("underflow", text, "underflow", "exp", weight=86)
        return
    for w, a in wrong:
        what = "fails" if a is None else "is wrong"
        text = f"Right in general; it {what} for this problem: {w.label}."
        yield Finding("only sometimes", text, "case", w.label, weight=85)


def _almost(study, pairs, name):
    """Almost right on ordinary problems, plainly wrong on a special one: a small number was added somewhere."""
    if any(p.a.shape != p.t.shape or not _near(p.a, p.t) for p in pairs) or all(same(p.a, p.t) for p in pairs):
        return
    for w, (a, t) in zip(study.worlds, study.given.values(), strict=True):
        if t is not None and (a is None or a.shape != t.shape or not _near(a, t)):
            text = (
                f"Your {name} is almost right on ordinary problems, and plainly wrong on this one: {w.label}. A small "
                "number added in a logarithm or under a fraction can do that: is there one, and what was it to catch?"
            )
            yield Finding("almost", text, "underflow", "small", weight=98)
            return


def _near(a, t):
    return bool(np.isfinite(a).all() and np.abs(a - t).max(initial=0) <= 1e-3 * np.abs(t).max(initial=0))


def _agreeing(study, tries=4):
    """The weakest cases in which answer and truth agree, on several fresh draws each, while differing otherwise."""
    base = study.generic()
    if not base:
        return []
    wrong = tried = 0
    for w in study.draws(4):
        a, t = study.both(w)
        if t is not None:
            tried += 1
            wrong += a is None or not agree(a, t)
    if not tried or wrong < tried:
        return []
    held = []
    table = cases(study.worlds[base[0]])
    for case in table:
        if study.calls > 2 * study.limit:
            break
        agreed, truths = 0, []
        for attempt in range(3 * tries):
            w = case.change(fresh(study.worlds[base[attempt % len(base)]], study.rng), study.rng)
            if w is None:
                continue
            a, t = study.both(w)
            if t is None or not _finite(t):
                continue
            truths.append(t)
            if a is None or not agree(a, t):
                break
            agreed += 1
            if agreed == tries:
                break
        if agreed == tries:
            held.append(case._replace(trivial=_constant(truths)))
    slugs = {c.slug for c in held}
    return [c for c in held if not slugs & set(c.stronger_than)]


def _constant(outputs):
    """True if all outputs of one shape are the same: a case in which the truth says nothing, such as KL(q || q) = 0."""
    parts = [u for t in outputs for u in (t if isinstance(t, tuple) else (t,))]
    flat = np.concatenate([u.ravel() for u in parts])
    if not flat.size or np.ptp(flat) <= 1e-9:
        return True
    alike = [(u, v) for i, u in enumerate(parts) for v in parts[:i] if u.shape == v.shape]
    return bool(alike) and all(np.abs(u - v).max(initial=0) <= 1e-9 for u, v in alike)


def _case_findings(study):
    held = _agreeing(study)
    shape_letters = set("dkntp")
    held.sort(key=lambda c: c.about in shape_letters)
    for c in [c for c in held if not c.trivial][:3]:
        weight = 56 if c.about in shape_letters else 60 if c.slug.endswith("alike") else 75
        yield Finding(c.slug, f"Right whenever {c.when}, wrong otherwise: {c.ask}", "case", c.about, weight=weight)


def _same_everywhere(study, other, c=1.0, pattern=None):
    """True if the answer's output is c times `other(world)` on every problem where it has one, and on fresh draws."""
    compared = 0
    for i, w in [*study.order, *study.more]:
        a, t = study.given[i] if isinstance(i, int) else study.extra[i]
        if a is None or t is None or (pattern is not None and w.pattern != pattern):
            continue
        b = other(w)
        if b is None:
            return False
        if not _alike(a, b if c == 1 else c * b):
            return False
        compared += _finite(a, any)
    return compared >= 3


def _alike(a, b):
    if isinstance(a, tuple) or isinstance(b, tuple):
        return isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b) and all(map(_alike, a, b))
    return same(a, b, 1e-7)


def _exact(study, variants, name):
    """Answers that equal the truth for another argument, or a variant of the truth's source, everywhere."""
    generic = study.generic()
    if not generic:
        return
    wrong = [i for i in generic if study.given[i][0] is None or not agree(*study.given[i])] or [
        i for i, (a, t) in study.given.items() if t is not None and (a is None or not agree(a, t))
    ]
    study.order = [(i, study.worlds[i]) for i in dict.fromkeys([*wrong[:1], *generic, *range(len(study.worlds))])]
    study.extra, study.more = {}, []
    for number, w in enumerate(study.draws(3)):
        study.extra[f"draw {number}"] = study.both(w)
        study.more.append((f"draw {number}", w))
    start = study.order[0]
    pattern = start[1].pattern
    a = study.given[start[0]][0]
    if a is None:
        yield from _same_failure(study, variants, start)
        return
    if said := _one_number(study, name):
        yield said
        return
    t = study.given[start[0]][1]
    parts = zip(*(u if isinstance(u, tuple) else (u,) for u in (a, t)), strict=False)
    empty = any(np.abs(u).max(initial=0) <= 1e-12 * np.abs(v).max(initial=0) for u, v in parts)
    for r in () if empty else replacements(study.worlds[generic[0]]):

        def other(w, r=r):
            changed = r.change(w)
            return None if changed is None else _called(study.truth, changed.problem())

        b = other(start[1])
        if b is not None and agree(b, t):
            continue  # it changes nothing here, so it explains nothing
        c = _factor(a, b)
        if c and _same_everywhere(study, other, c, pattern):
            text, loss = _apart(c, name)
            yield Finding(
                f"{r.about} {r.slug}",
                f"{text} the right one {r.sentence}",
                r.cause,
                r.about,
                weight={"negative": 90, "complement": 89}.get(r.slug, 94) - loss,
            )
    matches = 0
    for v in _affordable(variants):
        c = _factor(a, _called(v.function, start[1].problem()))
        if c and _same_everywhere(study, lambda w, v=v: _called(v.function, w.problem()), c):
            text, loss = _apart(c, name)
            weight = v.weight + 4 * (v.weight >= 76) - loss
            yield Finding("variant", f"{text} what comes out {v.sentence}", v.cause, v.about, weight=weight)
            matches += c == 1
            if matches == 2:
                return


def _one_number(study, name):
    """A finding if every number that came is the same, on all problems: no argument enters, whatever else is true."""
    outputs = [a for a, _ in study.given.values() if a is not None]
    if len(outputs) < 3 or any(isinstance(a, tuple) or not a.size for a in outputs):
        return None
    truths = [t for _, t in study.given.values() if isinstance(t, np.ndarray) and t.size]
    c = outputs[0].flat[0]
    right = np.concatenate([t.ravel() for t in truths]) if truths else np.zeros(1)
    if not np.isfinite(c) or any((a != c).any() for a in outputs) or (right == right[0]).all():
        return None
    whole = not any(a.ndim for a in outputs)
    if c:
        ask = "where do the arguments enter?"
    elif whole:
        ask = "do all terms cancel, or does a condition leave nothing to sum?"
    else:
        ask = "do // or an array of integers cut something off, or is nothing ever written into it?"
    what = "time your" if whole else "number in your"
    text = f"Every {what} {name} is {c + 0.0:g}, on all problems: {ask}"
    return Finding("one number", text, "argument", "all", weight=99)


def _affordable(variants, seconds=0.3, least=60):
    """The variants that can be run in so many seconds of computing; a busy machine changes nothing in that."""
    begin = process_time()
    for number, variant in enumerate(variants):
        if number >= least and process_time() - begin > seconds:
            return
        yield variant


def _same_failure(study, variants, start):
    """An answer that raises: the variants that raise the same error on every problem, and agree on the rest."""
    if issubclass(study.errors.get(start[0], (Exception,))[0], NameError):
        return  # it names the culprit itself
    for v in _affordable(variants):
        mine = {}
        _called(v.function, start[1].problem(), mine, start[0])
        if not mine or mine[start[0]] != study.errors.get(start[0]):
            continue
        for i, w in enumerate(study.worlds):
            b = _called(v.function, w.problem(), mine, i)
            a = study.given[i][0]
            if (a is None) != (b is None) or (a is not None and not _alike(a, b)) or mine.get(i) != study.errors.get(i):
                break
        else:
            yield Finding(
                "same error", f"The same error comes, for example, {v.sentence}", v.cause, v.about, weight=v.weight
            )


def _factor(a, b):
    """The nice constant c with a = c b, or 0 if there is none."""
    if b is None or isinstance(a, tuple) != isinstance(b, tuple):
        return 0.0
    if _alike(a, b):
        return 1.0
    if isinstance(a, tuple) or a.shape != b.shape or not a.size or not np.isfinite(b).all() or not np.abs(b).max() > 0:
        return 0.0
    c = float((a * b).sum() / (b * b).sum())
    return c if c and nice(c) and _alike(a, c * b) else 0.0


def _apart(c, name):
    """How a sentence begins, and what a second mistake costs in weight."""
    if c == 1:
        return f"Your {name} is", 0.0
    if np.isclose(c, -1):
        return f"Apart from its sign your {name} is", 8.0
    return f"Your {name} is {nice(c)}", 8.0
