"""Where a wrong answer is right, and where not: special cases, sizes, far points. Each claim is tried, both ways."""

import numpy as np

from emtutor.causes.findings import PROPERTY, SURE, Finding, agree, finite
from emtutor.causes.special import cases
from emtutor.causes.study import called, extreme
from emtutor.problems.extremes import asks
from emtutor.problems.worlds import fresh

FAR = "far"  # the subject of what only problems far from ordinary ones show
TRIES = 12  # fresh problems of a case that must agree before it is claimed
AROUND = 2  # and near each given problem
ELSEWHERE = 40  # fresh problems of other sizes on all of which it must be wrong before that is said
OPPOSITES = 12  # fresh problems of other sizes on which a condition on the sizes is tried
CONDITIONS = (  # (in words, which sizes it needs, whether it holds, question)
    ("k = d", "kd", lambda s: s["k"] == s["d"], "is an array sized by the wrong axis?"),
    ("n = k", "nk", lambda s: s["n"] == s["k"], "is an array sized by the wrong axis?"),
    ("n = d", "nd", lambda s: s["n"] == s["d"], "is an array sized by the wrong axis?"),
    ("d is even", "d", lambda s: s["d"] % 2 == 0, "what does // do with an odd number?"),
    ("n is even", "n", lambda s: s["n"] % 2 == 0, "what does // do with an odd number?"),
    ("k is even", "k", lambda s: s["k"] % 2 == 0, "what does // do with an odd number?"),
    ("k is at most d", "kd", lambda s: s["k"] <= s["d"], "is an array sized by the wrong axis?"),
    ("d is at most k", "kd", lambda s: s["d"] <= s["k"], "is an array sized by the wrong axis?"),
    ("d is at most 2", "d", lambda s: s["d"] <= 2, "for how many dimensions is it written?"),
    ("k is at most 2", "k", lambda s: s["k"] <= 2, "for how many components is it written?"),
    ("d is above 1", "d", lambda s: s["d"] > 1, "what becomes of a matrix in one dimension?"),
    ("k is above 1", "k", lambda s: s["k"] > 1, "what is left to share with one component alone?"),
    ("n is above 1", "n", lambda s: s["n"] > 1, "what becomes of a sum over one point?"),
)  # fmt: skip


def fails_at_times(study):
    """Findings on an answer that is right on ordinary problems and wrong on others: far out, one component, a zero."""
    generic = study.generic()
    ordinary = [study.given[i] for i in generic] + [(a, t) for _, a, t in study.draws(4)]
    ordinary = [(a, t) for a, t in ordinary if t is not None]
    if not ordinary or all(a is not None and not finite(a) and finite(t) for a, t in ordinary):
        return
    right = [a is not None and agree(a, t) for a, t in ordinary]
    wrong = [i for i in range(len(study.worlds)) if study.is_wrong(i)]
    bad = [i for i in wrong if study.given[i][0] is None or not finite(study.given[i][0])]
    lost = [not r and (a is None or not finite(a)) and finite(t) for r, (a, t) in zip(right, ordinary, strict=True)]
    near = [_near(*study.given[i]) for i in generic]
    if all(right):
        yield from _far(study, wrong, bad)
    elif all(near) and (plain := [i for i in wrong if not _near(*study.given[i])]):
        relation = "{It} {is} almost right on ordinary problems, and plainly wrong on this one: {label}"
        question = "is a small number added in a logarithm or under a fraction, and what was it to catch?"
        yield _property(relation, "epsilon", FAR, {"label": study.worlds[plain[0]].label}, question, SURE)
    if any(right):
        yield from _by_size(study, wrong)
    if all(right) and wrong:
        yield from _elsewhere(study, wrong, bad)
    elif all(r or x for r, x in zip(right, lost, strict=True)) and wrong == bad:
        yield _finite_only(study.worlds[wrong[0] if wrong else generic[0]].label)


def _near(a, t):
    """True if an answer differs from the truth by little of its size."""
    if a is None or t is None or isinstance(a, tuple) or isinstance(t, tuple) or a.shape != t.shape:
        return False
    return bool(np.isfinite(a).all() and np.abs(a - t).max(initial=0) <= 1e-3 * np.abs(t).max(initial=0))


def _far(study, wrong, bad):
    """Right on all problems but those with a point far out."""
    if not wrong or not all(extreme(study.worlds[i]) for i in wrong):
        return
    relation, question = "{It} {is} right on all other problems, and wrong where one point lies far out", ""
    if wrong == bad:
        relation = "{It} {is} right on all other problems, but nan, inf or an error where one point lies far out"
        question = "what does exp(-45000) give, and when is the logarithm taken?"
    yield _property(relation, "underflow", FAR, {}, question, SURE)


def _elsewhere(study, wrong, bad):
    """Right on ordinary problems, wrong on the named ones."""
    if wrong == bad:
        yield _finite_only(study.worlds[wrong[0]].label)
        return
    labels = [study.worlds[i].label for i in wrong]
    told = {"labels": ", ".join(labels[:3])}
    question = next(filter(None, map(asks, labels)), "")
    relation = "{It} {is} right on most problems, and wrong for "
    relation += "this one: {labels}" if len(wrong) == 1 else "these: {labels}"
    yield _property(relation, "case", "label", told, question)


def _property(relation, cause, subject, told=None, question="", exactness=PROPERTY):
    return Finding(relation, cause, subject, told or {}, question, exactness)


def _finite_only(label):
    relation = "{It} {is} right wherever finite, but nan, inf or an error at times, as for this problem: {label}"
    question = "Which exp, logarithm or quotient leaves the numbers that a computer holds (exp(-800) is 0)?"
    return _property(relation, "underflow", "exp", {"label": label}, question)


def _by_size(study, wrong):
    """A condition on the sizes that says exactly where the answer is right, on the given problems and fresh ones."""
    seen = [(study.worlds[i].sizes, i in wrong) for i in range(len(study.worlds)) if study.given[i][1] is not None]
    for w in study.sized(OPPOSITES):
        a, t = study.both(w)
        if t is not None:
            seen.append((w.sizes, a is None or not agree(a, t)))
    for words, needs, holds, question in CONDITIONS:
        if all(set(needs) <= set(sizes) for sizes, _ in seen):
            right = [holds(sizes) for sizes, _ in seen]
            if any(right) and all(r != bad for r, (_, bad) in zip(right, seen, strict=True)):
                cause = "integer-division" if "even" in words else "size"
                yield _property("{It} {is} right where {words}, and wrong or an error elsewhere", cause, needs,
                                {"words": words}, question, SURE)  # fmt: skip
                return


def special_cases(study):
    """Findings on the weakest cases in which the answer is right."""
    held = [c for c in agreeing(study) if not c.trivial]
    sizes = {c.about for c in held} & set("dkntp")
    held.sort(key=lambda c: c.about in sizes)
    otherwise = held and _wrong_otherwise(study, held)
    for c in held[:3]:
        relation = (
            "{It} {is} right whenever {when}"
            if not otherwise
            else "Right whenever {when}, and wrong wherever else it was tried"
        )
        yield _property(relation, "case", c.about, {"when": c.when}, c.ask)


def _wrong_otherwise(study, held):
    """True if the answer is wrong on many fresh problems of other sizes, in none of which a case holds by its size, and
    near all that are given, the far ones too.
    """
    for w in (*study.sized(ELSEWHERE), *(fresh(w, study.rng) for w in study.worlds for _ in range(AROUND))):
        if min(w.sizes.values(), default=0) == 1:
            continue
        a, t = study.both(w)
        if t is None or (a is not None and agree(a, t)):
            return False
    given = [(w, a, t) for w, (a, t) in zip(study.worlds, study.given, strict=True) if t is not None]
    right = [w for w, a, t in given if a is not None and agree(a, t)]
    return len(held) == 1 and all(_inside(w, held[0]) for w in right)


def _inside(w, case):
    """True if a problem is one of the case already: the change leaves it as it is."""
    try:
        changed = case.change(w, np.random.default_rng(0))
    except (ValueError, np.linalg.LinAlgError):
        return False
    if changed is None:
        return w.sizes.get(case.about) == 1
    return changed.values.keys() == w.values.keys() and all(
        agree(np.asarray(v, float), np.asarray(changed.values[u], float))
        for u, v in w.values.items() if w.kinds[u].kind not in ("opaque",))  # fmt: skip


def agreeing(study, tries=TRIES):
    """The weakest cases in which answer and truth agree, on several fresh draws each, while differing otherwise."""
    base = study.generic()
    drawn = [(a, t) for _, a, t in study.draws(4) if t is not None]
    if not base or not drawn or any(a is not None and agree(a, t) for a, t in drawn):
        return []
    held = []
    for case in cases(study.worlds[base[0]]):
        truths = _agreed(study, case, base, tries)
        if truths:
            held.append(case._replace(trivial=_constant(truths)))
    slugs = {c.slug for c in held}
    return [c for c in held if not slugs & set(c.stronger_than)]


def _agreed(study, case, base, tries):
    """The truth's outputs on fresh problems of a case, if the answer agrees on all of them; else []."""
    truths = []
    near = [study.worlds[base[attempt % len(base)]] for attempt in range(2 * tries)]
    alike = [w for w in study.worlds if w.pattern == near[0].pattern]
    for w in (*near, *alike):  # the small and the far ones last: most cases fall before
        w = case.change(fresh(w, study.rng), study.rng)
        t = None if w is None else called(study.truth, w.problem())
        if t is None or not finite(t):
            continue
        a, _ = study.both(w)
        if a is None or not agree(a, t):
            return []
        truths.append(t)
    return truths if len(truths) >= tries else []


def _constant(outputs):
    """True if all outputs of one shape are the same: a case in which the truth says nothing, such as KL(q || q) = 0."""
    parts = [u for t in outputs for u in (t if isinstance(t, tuple) else (t,))]
    flat = np.concatenate([u.ravel() for u in parts])
    if not flat.size or np.ptp(flat) <= 1e-9:
        return True
    same_shape = [(u, v) for i, u in enumerate(parts) for v in parts[:i] if u.shape == v.shape]
    return bool(same_shape) and all(np.abs(u - v).max(initial=0) <= 1e-9 for u, v in same_shape)
