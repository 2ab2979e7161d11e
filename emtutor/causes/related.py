"""Relations with an unknown that is solved for: a factor, a power of a size, a term too much, an exponent.

pairs are a wrong answer's outputs and the truth's on several problems of the same axes, all finite and of one shape.
"""

import numpy as np

from emtutor.causes import terms
from emtutor.causes.findings import Finding, alike, same
from emtutor.causes.wording import COEFFICIENTS, NUMBERS, axis, named, nice, number

POWERS = ((1, "{}"), (-1, "1/{}"), (2, "{}^2"), (-2, "1/{}^2"), (0.5, "sqrt({})"), (-0.5, "1/sqrt({})"))
COUNTED = {  # (what, power): cause and question of a factor that is a size
    ("n", 1): (
        "sum-for-mean",
        "is a division by n missing, or does (n, 1) + (n,) make n times n numbers?",
    ),
    ("n", -1): ("mean-for-sum", "is a sum asked for, or does a division by n come in too often?"),
    ("k", 1): ("factor", "is something summed once for every component?"),
    ("k", -1): ("factor", "is a sum over components asked for, and a mean taken?"),
    ("d", 1): ("factor", "is something counted once for every dimension?"),
    ("d", -1): ("factor", "is a sum over dimensions asked for, and a mean taken?"),
    ("n / (n - 1)", 1): ("unbiased", ""),
}
CONTEXT = ("the entropy", "KL(", "log p(", "the expectation")  # terms whose sign depends on what is asked for


def ratio(p):
    """a / t where t is not (almost) zero, else NaN; None if a does not vanish with t."""
    size = np.abs(p.t).max(initial=0)
    if size == 0:
        return None
    small = np.abs(p.t) <= 1e-9 * size
    if (np.abs(p.a[small]) > 1e-7 * np.abs(p.a).max()).any():
        return None
    with np.errstate(all="ignore"):
        return np.where(small, np.nan, p.a / np.where(small, 1, p.t))


def common_ratio(p):
    """The c with a = c t, or None."""
    r = ratio(p)
    if r is None or np.isnan(r).all():
        return None
    c = float(np.nanmedian(r))
    return c if same(p.a, c * p.t) else None


def factors(pairs):
    """The answer is a constant, or a power of a size, times the truth."""
    usual = float(np.median([np.abs(p.t).max(initial=0) for p in pairs]))
    pairs = [p for p in pairs if np.abs(p.t).max(initial=0) > 1e-9 * usual]  # rounding has no ratio
    inner = [common_ratio(p) for p in pairs]
    if not inner or None in inner:
        return
    c = np.array(inner)
    if np.allclose(c, c[0], rtol=1e-6):
        if not np.isclose(c[0], 1, rtol=1e-6):
            yield _constant_factor(c[0], pairs)
        return
    if (c == 0).any():
        return
    for sign in (1, -1):
        found = _power(sign * c, pairs) if (sign * c > 0).all() else None
        if found:
            words, cause, subject, question = found
            wrong = ", with the wrong sign" if sign < 0 else ""
            yield Finding(f"{{It}} {{is}} {{size}} times {{one}}{wrong}", cause, subject, {"size": words}, question)
            return


def _constant_factor(c, pairs):
    words = nice(c)
    if np.isclose(c, 0):
        if any(p.a.any() for p in pairs):
            question = "do terms cancel in a sum before they are multiplied or squared?"
            return Finding("{It} {is} zero but for rounding", "zero", question=question)
        return Finding(
            "{It} {is} zero throughout",
            "zero",
            question=(
                "does // cut something off, does a condition leave nothing to sum, or is nothing ever written into it?"
            ),
        )
    if np.isclose(c, -1):
        return Finding("{It} {has} the right size and the wrong sign, everywhere", "sign", "result")
    for base in (2, 10):
        if np.isclose(abs(c), 1 / np.log(base), rtol=1e-6) or np.isclose(abs(c), np.log(base), rtol=1e-6):
            told = "{It} {is} {factor} {one}, as with a logarithm to the base {base}"
            return Finding(told, "bits", "result", {"factor": words, "base": str(base)})
    sign = " and {has} the wrong sign" if c < 0 else ""
    amount = nice(abs(c)) or f"{number(abs(c))} times"
    told = "{It} {is} {factor} {one}" + sign + ", everywhere"
    return Finding(told, "factor", number(c), {"factor": amount})


def _power(c, pairs):
    """(words, cause, subject, question) of the size with c = c0 size^p, or None."""
    for words, size in _sizes(pairs).items():
        if not (np.isfinite(size).all() and (size > 0).all()) or np.ptp(size) <= 1e-9 * size.max():
            continue
        for power, how in POWERS:
            rest = c / size**power
            if np.allclose(rest, rest[0], rtol=1e-6) and nice(rest[0]):
                front = "" if np.isclose(rest[0], 1) else f"{nice(rest[0])} "
                wrapped = f"({words})" if " " in words else words
                cause, question = COUNTED.get((words, power), ("factor", f"where does {words} enter?"))
                return front + how.format(wrapped), cause, words, question
    return None


def _sizes(pairs):
    """{words: values, one a pair}: sizes of axes, numbers of the problem, sums of its positive quantities."""
    found = {}
    for letter in "nkd":
        if all(letter in p.world.sizes for p in pairs):
            found[letter] = [p.world.sizes[letter] for p in pairs]
    tables = [{u.words: u for u in terms.factors(p.world)} for p in pairs]
    for words, term in tables[0].items():
        if all(words in table for table in tables):
            if term.axes == "":
                found.setdefault(words, [table[words].value for table in tables])
            elif term.axes in ("k", "n") and "/" not in words:
                found[f"the sum of {words}"] = [table[words].value.sum() for table in tables]
    size = {u: np.array(v, float) for u, v in found.items()}
    with np.errstate(all="ignore"):
        if "n" in size:
            size |= {f"n {u}": size["n"] * size[u] for u in "kd" if u in size}
            size |= {"n - 1": size["n"] - 1, "n / (n - 1)": size["n"] / (size["n"] - 1)}
    first = next(iter(pairs[0].world.values), "")
    shapes = [np.shape(p.world.values.get(first, 0.0)) or (1,) for p in pairs]
    size[f"the length of {first}"] = np.array([shape[0] for shape in shapes], float)
    size[f"the number of entries of {first}"] = np.array([np.prod(shape) for shape in shapes], float)
    return size


# ---- sums


def sums(pairs, axes):
    """The answer is the truth plus a known term, or such a term alone."""
    off = [p.a - p.t for p in pairs]
    scale = [max(np.abs(p.a).max(initial=0), np.abs(p.t).max(initial=0)) for p in pairs]
    keep = [i for i, u in enumerate(off) if np.abs(u).max(initial=0) > 1e-9 * scale[i]]
    if len(keep) < 3 or axes is None:
        return
    order = [*keep, *(i for i in range(len(off)) if i not in keep)]
    tables = [terms.summands(p.world) for p in pairs]
    for index, term in enumerate(tables[keep[0]]):
        c = _coefficient(off, tables, index, pairs, axes, order, scale)
        if c:
            foreign = axes.endswith("d") and not term.axes.endswith("d")  # a gradient has no log det in it
            yield _added(term._replace(usual=None) if foreign else term, c)
            break
    answers = [p.a for p in pairs]
    for index, term in enumerate(tables[0]):
        c = _coefficient(answers, tables, index, pairs, axes, range(len(pairs)), scale)
        if c and term.words != "1":
            amount = "minus " * (c < 0) + named(c, COEFFICIENTS)
            yield Finding("{It} {is} {amount_}{term}", "term", term.words, {"amount_": amount, "term": term.words},
                          "what else belongs to it, or what is to be done with it?")  # fmt: skip
            break
    every = np.concatenate([u.ravel() for u in off])
    if every.size > 2 and np.ptp(every) <= 1e-7 * np.abs(every).max():
        c = float(every.mean())
        told = {"how": "plus" if c > 0 else "minus", "term": named(c, NUMBERS) or number(abs(c))}
        yield Finding("{It} {is} {one} {how} {term}, always", "constant", told["term"], told,
                      "which number is missing or too many, perhaps inside a logarithm?")  # fmt: skip


def _coefficient(arrays, tables, index, pairs, axes, order, scale):
    """The c with array = c * term in every problem, if it is one that has a name; else None."""
    order = list(order)
    term, c = tables[order[0]][index], None
    for i in order:
        other = tables[i][index] if index < len(tables[i]) else None
        if other is None or other.words != term.words:
            return None
        u = terms.fitted(other, axes, pairs[i].world.sizes)
        if u is None or u.shape != arrays[i].shape or not np.isfinite(u).all():
            return None
        if c is None:
            norm = float((u * u).sum())
            c = float((u * arrays[i]).sum()) / norm if norm > 0 else 0.0
            if named(c, COEFFICIENTS) is None:
                return None
        size = 1e-6 * np.abs(arrays[i]).max(initial=0) + 1e-9 * scale[i] + 1e-12
        if np.abs(arrays[i] - c * u).max(initial=0) > size:
            return None
    return c


def _added(term, c):
    told = {"how": "plus" if c > 0 else "minus", "amount_": named(c, COEFFICIENTS), "term": term.words}
    if term.words == "1":
        told = {"how": told["how"], "amount_": "", "term": number(abs(c))}
        return Finding("{It} {is} {one} {how} {amount_}{term}, in every entry", "constant", "1", told)
    relation, usual = "{It} {is} exactly {one} {how} {amount_}{term}", term.usual
    cause, question = "term", "where does that term come from?"
    if usual is not None and term.words.startswith(CONTEXT):
        if np.isclose(abs(c), 1):
            question = "is that term missing, or counted once too often?"
        elif np.isclose(abs(c), 2):
            cause, question = "sign", "has that term the wrong sign in it?"
    elif usual is not None and np.isclose(c, -usual):
        question = "is that term missing in it?"
    elif usual is not None and np.isclose(c, -2 * usual):
        cause, question = "sign", "has that term the wrong sign in it?"
    elif usual is not None and np.isclose(c, usual):
        question = "does that term count twice in it?"
    return Finding(relation, cause, term.words, told, question)


# ---- factors of their own for each component or point


def term_factors(pairs, axes):
    """The ratio is a known quantity of each component or point, or a count with something added."""
    ratios = [ratio(p) for p in pairs]
    if not axes or any(r is None or np.isnan(r).all() for r in ratios):
        return
    big = [(p, r) for p, r in zip(pairs, ratios, strict=True) if p.t.shape[0] > 1]
    if len(big) < 3:
        return
    tables = [{u.words: u for u in terms.factors(p.world)} for p, _ in big]
    for words, term in tables[0].items():
        if not term.axes or set(term.axes) - set(axes) or any(words not in table for table in tables):
            continue
        fitted = [terms.fitted(t[words], axes, p.world.sizes) for (p, _), t in zip(big, tables, strict=True)]
        if any(u is None or u.shape != r.shape for u, (_, r) in zip(fitted, big, strict=True)):
            continue
        yield from _times(words, term, fitted, [r for _, r in big])


def _times(words, term, fitted, ratios):
    for power, how in POWERS:
        with np.errstate(all="ignore"):
            rest = np.concatenate([(r / u**power).ravel() for u, r in zip(fitted, ratios, strict=True)])
        rest = rest[np.isfinite(rest)]
        if rest.size and np.allclose(rest, rest[0], rtol=1e-6) and nice(rest[0]):
            told = {"front": "" if np.isclose(rest[0], 1) else f"{nice(rest[0])} ", "term": how.format(words)}
            yield Finding("{It} {is} {front}{one} times {term}", "factor", words, told,
                          f"where does {words} come in, and where does it cancel?")  # fmt: skip
            return
    if term.axes != "k" or "/" in words or "det" in words:
        return
    with np.errstate(all="ignore"):
        extra = np.concatenate([(u / r - u).ravel() for u, r in zip(fitted, ratios, strict=True)])
    extra = extra[np.isfinite(extra)]
    c = float(np.median(extra)) if extra.size else 0.0
    if abs(c) > 1e-12 and np.allclose(extra, c, rtol=1e-3, atol=0):
        how = f"{'+' if c > 0 else '-'} {number(float(f'{abs(c):.3g}'))}"
        yield Finding("{It} {is} {one} times {term} / ({term} {how}), as if divided by {term} {how}",
                      "unbiased" if np.isclose(c, -1) else "factor", words, {"term": words, "how": how},
                      f"where does the {number(float(f'{abs(c):.3g}'))} come from?")  # fmt: skip


# ---- rows of probabilities


def shared_out(pairs, axes):
    """Shares that sum to one along another axis, or that are right up to the sum of their row."""
    big = [p for p in pairs if p.t.ndim and p.t.shape[-1] > 1]
    if len(big) < 3 or not axes or not all(shares(p.t) for p in big):
        return
    if not any(np.abs(p.a.sum(-1) - 1).max() > 1e-6 for p in big):
        return
    table = big[0].t.ndim > 1
    if table and all(np.allclose(p.a.sum(0), 1, rtol=1e-8) for p in big):
        question = f"each {axis(axes[0])[0]} has one unit to hand out: along which axis?"
        yield Finding("The columns of {it} sum to one, the rows do not", "over-points", axes[0], {}, question)
    elif table and all(np.isclose(p.a.sum(), 1, rtol=1e-8) for p in big):
        yield Finding("All entries of {it} together sum to one; each row should", "over-points", axes[0])
    elif all(same(p.a / p.a.sum(-1, keepdims=True), p.t) for p in big if (np.abs(p.a.sum(-1)) > 0).all()):
        told = {"sums": sum_words(big)}
        relation = ("Each row of {it} is right up to a common factor. The rows" if table else
                    "Each entry of {it} is right up to a common factor. They")  # fmt: skip
        yield Finding(relation + " sum to {sums}, and should sum to 1", "normalise", axes[-1], told)


def sum_words(pairs):
    sums = np.concatenate([np.ravel(p.a.sum(-1)) for p in pairs])
    off = float(np.abs(sums - 1).max())
    if off < 0.02:
        return f"1 only to within {off:.1g}"
    s = np.round(sums, 12) + 0.0
    return f"{s.min():.3g} .. {s.max():.3g}" if np.ptp(s) > 1e-2 * abs(s.max()) else f"{s[0]:.3g}"


def rows(pairs, name):
    """Probabilities to a power and normalised again; exponentials of them."""
    big = [p for p in pairs if p.t.ndim and p.t.shape[-1] > 1]
    if len(big) < 3 or not all(shares(p.t) and shares(p.a) for p in big):
        return
    with np.errstate(all="ignore"):
        c = _slope([(np.log(p.a), np.log(p.t)) for p in big])
        if c is not None and not np.isclose(c, 1) and abs(c) > 1e-6:
            question = "with which power does it come in, and which factor stands in the exponent?"
            yield Finding("{It} {is} {one} to the power {power}, normalised again", "power", name,
                          {"power": number(c)}, question)  # fmt: skip
        some = [(np.log(p.a), p.t) for p in big if p.t.shape[-1] > 2 and np.ptp(p.t, -1).max() > 0]
        slopes = [_slope([pair], 1) for pair in some]  # a multiple may change with the size of a problem
        if len(some) > 2 and all(c is not None and c > 0 for c in slopes):
            yield Finding("{It} {is} a softmax of what is right, or of a multiple", "softmax", name)


def shares(t):
    return bool(np.allclose(t.sum(-1), 1, rtol=1e-8) and (t >= 0).all())


def _slope(pairs, least=3):
    """The c with u = c v in all pairs of arrays, but for what is added to a whole row; None if there is none."""
    found = []
    for u, v in pairs:
        u, v = (y - y.mean(-1, keepdims=True) for y in (u, v))
        if not (np.isfinite(u).all() and np.isfinite(v).all() and (v * v).sum() > 0):
            continue  # a share of exactly 0 or 1 says nothing
        c = float((u * v).sum() / (v * v).sum())
        if not np.allclose(u, c * v, rtol=1e-6, atol=1e-9):
            return None
        found.append(c)
    return found[0] if len(found) >= least and np.allclose(found, found[0], rtol=1e-6) else None


def diagonals(pairs, axes):
    """The truth plus a multiple of the unit matrix."""
    big = [p for p in pairs if p.t.ndim > 1 and p.t.shape[-1] == p.t.shape[-2] > 1]
    if len(big) < 3 or not axes or axes[-2:] != "dd":
        return
    gaps = np.concatenate([np.diagonal(p.a - p.t, axis1=-2, axis2=-1).ravel() for p in big])
    c = float(gaps[0])
    unit = [same(p.a, p.t + c * np.eye(p.t.shape[-1])) for p in big]
    if c and all(unit) and np.allclose(gaps, c, rtol=1e-4):
        yield Finding("{It} {is} {one} plus {c_} times the unit matrix", "constant", "identity", {"c_": f"{c:.3g}"},
                      "is that the estimate that is asked for?")  # fmt: skip


# ---- numbers that came, whatever the truth


def one_number(study):
    """Every number that came is the same, on all problems: no argument enters, whatever else is true."""
    came = [a for a, _ in study.given if a is not None]
    if len(came) < 3 or any(isinstance(a, tuple) or not a.size for a in came):
        return
    truths = [np.ravel(t) for _, t in study.given if isinstance(t, np.ndarray) and t.size]
    c = came[0].flat[0]
    right = np.concatenate(truths) if truths else np.zeros(1)
    if not np.isfinite(c) or any((a != c).any() for a in came) or (right == right[0]).all():
        return
    whole = not any(a.ndim for a in came)
    if c:
        cause, asked = "argument", "where do the arguments enter?"
    elif whole:
        cause, asked = "zero", "do all terms cancel, or does a condition leave nothing to sum?"
    else:
        cause, asked = "zero", "do // or an array of integers cut something off, or is nothing ever written into it?"
    told = {"c_": f"{c + 0.0:g}"}
    relation = "On every problem {it} {is} {c_}" if whole else "Every number in {it} is {c_}, on every problem"
    yield Finding(relation, cause, "all", told, asked)


def not_summed(pairs, axes):
    """An axis, or everything, over which a sum or a mean is still to be taken."""
    rows = [p for p in pairs if p.a.shape != p.t.shape and p.a.size]
    if len(rows) < max(1, len(pairs) - 2):
        return
    if all(p.t.ndim == 0 and p.a.ndim for p in rows):
        for how, function in (("sum", np.sum), ("mean", np.mean)):
            if all(alike(np.asarray(function(p.a)), p.t) for p in rows):
                relation = "One number is asked for: the {how} of all entries of {it} is right"
                yield Finding(relation, "axis", "sum", {"how": how}, "over what is still to be summed?")
    for i in range(rows[0].a.ndim):
        if all(p.a.ndim == p.t.ndim + 1 and p.a.shape[:i] + p.a.shape[i + 1 :] == p.t.shape for p in rows):
            for how, function in (("sum", np.sum), ("mean", np.mean)):
                if all(alike(np.asarray(function(p.a, i)), p.t) for p in rows):
                    relation = "A {how} is still to be taken: the {how} of {it} over its axis {i} is right"
                    yield Finding(
                        relation, "axis", axes[:1] if axes else "", {"how": how, "i": i}, "over what does it run?"
                    )
