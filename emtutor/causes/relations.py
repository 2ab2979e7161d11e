"""How the outputs are related: a constant factor, a term too much, a logarithm, another order, a power of Sigma.

A relation sees pairs of a wrong answer and the truth, on several worlds, and yields findings that hold on all of them.
"""

import numpy as np

from emtutor.causes import terms
from emtutor.causes.findings import COEFFICIENTS, Finding, axis_words, nice, same


def values(pairs, axes, name, others=()):
    """Same shape, other numbers. Pairs are generic worlds; a factor is held against the other problems too."""
    pairs = [p for p in pairs if p.a.shape == p.t.shape and np.isfinite(p.t).any()]
    full = [p for p in pairs if np.isfinite(p.a).all() and np.isfinite(p.t).all()]
    if len(full) < 3:
        return
    yield from _one_factor(full, name, [p for p in others if p.a.shape == p.t.shape])
    if not any(np.abs(p.a).max(initial=0) > 0 for p in full):
        return  # zero throughout: minus the truth is missing, and no more can be said
    yield from _maps(full, axes, name)
    yield from _arrangement(full, axes, name)
    yield from _partly(full, axes, name)
    yield from _normalised(full, axes, name)
    yield from _matrices(full, axes, name)
    yield from _terms(full, axes, name)


def _ratio(p):
    """a / t where t is not (almost) zero, else NaN; None if a does not vanish with t."""
    size = np.abs(p.t).max()
    if size == 0:
        return None
    small = np.abs(p.t) <= 1e-9 * size
    if (np.abs(p.a[small]) > 1e-7 * np.abs(p.a).max()).any():
        return None
    with np.errstate(all="ignore"):
        return np.where(small, np.nan, p.a / np.where(small, 1, p.t))


def _one_factor(pairs, name, others):
    usual = float(np.median([np.abs(p.t).max() for p in pairs]))
    pairs = [p for p in pairs if np.abs(p.t).max() > 1e-9 * usual]  # rounding has no ratio
    inner = [_common_ratio(p) for p in pairs]
    if not inner or None in inner:
        return
    if len({p.a.size for p in pairs}) == 1 or np.allclose(inner, inner[0], rtol=1e-6):
        for p in others:
            ordinary = p.a.size and np.isfinite(p.a).all() and np.isfinite(p.t).all() and np.abs(p.t).max() > 1e-9
            if ordinary and (c_other := _common_ratio(p)) is not None:
                pairs, inner = [*pairs, p], [*inner, c_other]
    c = np.array(inner)
    if np.allclose(c, 1, rtol=1e-6):
        return
    if np.allclose(c, c[0], rtol=1e-6):
        words = nice(c[0])
        if np.isclose(c[0], 0) and any(p.a.any() for p in pairs):
            text = (
                f"Your {name} is zero but for rounding: do terms cancel in a sum before they are multiplied or squared?"
            )
            yield Finding("zero", text, "zero", weight=97)
        elif np.isclose(c[0], 0):
            text = f"Your {name} is zero throughout: does // cut something off, or is nothing ever written into it?"
            yield Finding("zero", text, "zero", weight=79.5)
        elif np.isclose(c[0], -1):
            yield Finding("sign", f"Your {name} has the right size and the wrong sign, everywhere.", "sign", weight=98)
        elif (words and "ln 2" in words) or (words and "ln 10" in words):
            base = 2 if "ln 2" in words else 10
            yield Finding(
                "log base",
                f"Your {name} is {words} the right one: a logarithm to the base {base}? Here logarithms are natural.",
                "log",
                weight=98,
            )
        else:
            digits = 4 if abs(abs(c[0]) - 1) > 1e-3 else 9
            amount = f"{words} the right one" if words else f"{c[0]:.{digits}g} times the right one"
            sign = " and has the wrong sign" if c[0] < 0 else ""
            amount = amount.replace("minus ", "") + sign
            yield Finding(
                "factor",
                f"Your {name} is {amount}, everywhere: where does that factor come from?",
                "factor",
                f"{c[0]:.6g}",
                weight=97,
            )
        return
    if (c == 0).any():
        return
    for sign in (1, -1):
        if (sign * c > 0).all():
            found = _powers(sign * c, pairs)
            if found:
                wrong = ", with the wrong sign" if sign < 0 else ""
                yield Finding(
                    "factor",
                    f"Your {name} is {found[0]} the right one{wrong}: {found[1]}",
                    "factor",
                    found[2],
                    weight=97,
                )
                return
    if all(p.t.size < 2 for p in pairs):
        return  # one number is always some multiple of another
    yield Finding(
        "factor by problem",
        f"Your {name} is right up to one common factor, which changes from problem to problem: what is it normalised "
        "by?",
        "factor",
        "",
        weight=60,
    )


def _common_ratio(p):
    """The c with a = c t, or None."""
    r = _ratio(p)
    if r is None or np.isnan(r).all():
        return None
    c = float(np.nanmedian(r))
    return c if same(p.a, c * p.t) else None


def _powers(c, pairs):
    """c = c0 * size^p for one scalar size of the problems, in words."""
    candidates = {}
    for letter in "nkd":
        if all(letter in p.world.sizes for p in pairs):
            candidates[letter] = np.array([p.world.sizes[letter] for p in pairs], float)
    for term in terms.factors(pairs[0].world):
        if term.axes == "" and term.words not in candidates:
            other = [next((u.value for u in terms.factors(p.world) if u.words == term.words), np.nan) for p in pairs]
            candidates[term.words] = np.array(other, float)
    for p in pairs[:1]:
        for term in terms.factors(p.world):
            if term.axes in ("k", "n") and "/" not in term.words:
                sums = [
                    next((u.value.sum() for u in terms.factors(q.world) if u.words == term.words), np.nan)
                    for q in pairs
                ]
                candidates[f"the sum of {term.words}"] = np.array(sums, float)
    extra = {}
    if "n" in candidates and "k" in candidates:
        extra["n k"] = candidates["n"] * candidates["k"]
    if "n" in candidates and "d" in candidates:
        extra["n d"] = candidates["n"] * candidates["d"]
    if "n" in candidates:
        extra["n - 1"] = candidates["n"] - 1
        with np.errstate(all="ignore"):
            extra["n / (n - 1)"] = candidates["n"] / (candidates["n"] - 1)
    first = next(iter(pairs[0].world.values), "")
    shapes = [np.shape(p.world.values.get(first, 0.0)) or (1,) for p in pairs]
    extra[f"the length of {first}"] = np.array([shape[0] for shape in shapes], float)
    extra[f"the number of entries of {first}"] = np.array([np.prod(shape) for shape in shapes], float)
    for words, size in (candidates | extra).items():
        if not (np.isfinite(size).all() and (size > 0).all()) or np.ptp(size) <= 1e-9 * size.max():
            continue
        for power, how in (
            (1, "{} times"),
            (-1, "1/{} times"),
            (2, "{}^2 times"),
            (-2, "1/{}^2 times"),
            (0.5, "sqrt({}) times"),
            (-0.5, "1/sqrt({}) times"),
        ):
            rest = c / size**power
            if np.allclose(rest, rest[0], rtol=1e-6) and nice(rest[0]):
                front = "" if np.isclose(rest[0], 1) else f"{nice(rest[0])} "
                wrapped = words if words in ("n", "k", "d") or " " not in words else f"({words})"
                ask = _ASK.get((words, power), f"where does {words} enter?")
                return front + how.format(wrapped), ask, words
    return None


_ASK = {
    ("n", 1): "a sum where a mean is asked for, or a division by n that is missing?",
    ("n", -1): "a mean where a sum is asked for, or a division by n too much?",
    ("k", 1): "is something summed once for every component?",
    ("k", -1): "a mean over components where a sum is asked for?",
    ("d", 1): "is something counted once for every dimension?",
    ("d", -1): "a mean over dimensions where a sum is asked for?",
    ("n / (n - 1)", 1): "is it n or n - 1 that divides? Maximum likelihood has n.",
}


def _maps(pairs, axes, name):
    """The truth, put through one elementary function."""
    for slug, words, cause, function in _MAPS:
        with np.errstate(all="ignore"):
            if all(same(p.a, function(p.t), 1e-6) for p in pairs):
                yield Finding(slug, f"Your {name} is {words}", cause, slug, weight=96)
                return
    for decimals in range(9):
        if all(np.allclose(p.a, np.round(p.t, decimals), rtol=0, atol=1e-12) for p in pairs):
            to = f"to {decimals} decimals" if decimals else "to whole numbers"
            text = f"Your {name} is the right one rounded {to}: keep all digits, and round only what you print."
            yield Finding("rounded", text, "integer", "rounded", weight=97)
            return
    off = max(np.abs(p.a - p.t).max() / (np.abs(p.t).max() or 1.0) for p in pairs)
    if off < 1e-3:
        text = (
            f"Your {name} is almost right, off by {off:.0e} of its size. Is something small added, as 1e-10 under a "
            "fraction, in a logarithm or on a diagonal? Or rounded, or found by differences?"
        )
        yield Finding("almost", text, "small number", "small", weight=78)


_MAPS = [
    ("log", "the logarithm of the right one: is an exp missing, or a log too much?", "log", np.log),
    ("exp", "exp of the right one: the logarithm is asked for.", "log", np.exp),
    ("square root", "the square root of the right one.", "power", np.sqrt),
    ("square", "the square of the right one.", "power", np.square),
    ("reciprocal", "one over the right one: what divides what?", "inverse", lambda t: 1 / t),
    ("minus log", "minus the logarithm of the right one.", "log", lambda t: -np.log(t)),
    ("complement", "one minus the right one: which of the two events is meant?", "sign", lambda t: 1 - t),
    ("absolute", "the absolute value of the right one: where is the sign lost?", "sign", np.abs),
    ("truncated", "the right one cut off to whole numbers: is an array of integers being filled?", "integer", np.trunc),
    ("log2", "the logarithm, to the base 2, of the right one.", "log", np.log2),
    ("log1p", "log(1 + the right one).", "log", np.log1p),
    ("expm1", "exp(the right one) - 1.", "log", np.expm1),
]


def _arrangement(pairs, axes, name):
    """The right numbers in wrong places."""
    big = [p for p in pairs if p.t.ndim and max(p.t.shape) > 1]
    if len(big) < 2:
        return
    for i in range(min(p.t.ndim for p in big)):
        letter = axes[i] if axes and i < len(axes) else ""
        plural, some = axis_words(letter), [p for p in big if p.t.shape[i] > 1]
        if len(some) < 2:
            continue
        if all(same(p.a, np.flip(p.t, i)) for p in some):
            yield Finding("reversed", f"The {plural} come in reverse order.", "index", letter, weight=95)
        for shift in (1, -1):
            if all(same(p.a, np.roll(p.t, shift, i)) for p in some):
                yield Finding("shifted", f"The {plural} are shifted by one place.", "index", letter, weight=94)
                break
        more = [p for p in some if p.t.shape[i] > 2]
        if more and all(same(p.a.take(range(1, p.t.shape[i]), i), p.t.take(range(p.t.shape[i] - 1), i)) for p in more):
            yield Finding(
                "shifted",
                f"Your {name} is one place late: entry i holds what belongs to i - 1.",
                "index",
                letter,
                weight=93,
            )
        elif more and all(
            same(p.a.take(range(p.t.shape[i] - 1), i), p.t.take(range(1, p.t.shape[i]), i)) for p in more
        ):
            yield Finding(
                "shifted",
                f"Your {name} is one place early: entry i holds what belongs to i + 1.",
                "index",
                letter,
                weight=93,
            )
        if all(not np.ptp(p.a, i).any() and np.ptp(p.t, i).any() for p in some):
            one = {"n": "point", "k": "component", "d": "column", "t": "time step"}.get(letter, "entry")
            text = f"Your {name} is the same for all {plural}; the right one differs from {one} to {one}."
            yield Finding("all alike", text, "axis", letter, weight=81)
        if all(same(p.a, np.cumsum(p.t, i)) for p in some):
            yield Finding(
                "cumulated",
                f"Your {name} adds up along the {plural}: is a running sum not reset?",
                "index",
                letter,
                weight=95,
            )
        if all(same(p.a, np.broadcast_to(p.t.sum(i, keepdims=True), p.t.shape)) for p in some):
            yield Finding("summed away", f"Every entry holds the sum over the {plural}.", "axis", letter, weight=95)
        elif all(same(p.a, np.broadcast_to(p.t.mean(i, keepdims=True), p.t.shape)) for p in some):
            yield Finding(
                "averaged away",
                f"Every entry holds the mean over the {plural}: each has a value of its own.",
                "axis",
                letter,
                weight=95,
            )
        elif all(same(p.a, np.broadcast_to(p.t.take([0], i), p.t.shape)) for p in some):
            yield Finding("first only", f"All {plural} hold the result of the first one.", "index", letter, weight=95)
        elif all(same(p.a, np.broadcast_to(p.t.take([-1], i), p.t.shape)) for p in some):
            yield Finding(
                "last only",
                f"All {plural} hold the result of the last one: is the index of the loop used?",
                "index",
                letter,
                weight=95,
            )
    if all(p.t.ndim > 1 and p.t.shape[-1] == p.t.shape[-2] for p in big) and all(
        same(p.a, np.swapaxes(p.t, -1, -2)) for p in big
    ):
        yield Finding(
            "transposed",
            f"Your {name} is the transpose of the right one: which index is the row?",
            "transpose",
            weight=97,
        )


def _partly(pairs, axes, name):
    """Right in some places only, always the same ones."""
    big = [p for p in pairs if p.t.ndim and max(p.t.shape) > 1]
    if len(big) < 3:
        return
    ok = [np.abs(p.a - p.t) <= 1e-6 * (np.abs(p.t) + 1e-6 * np.abs(p.t).max() + 1e-12) for p in big]
    for i in range(min(p.t.ndim for p in big)):
        letter = axes[i] if axes and i < len(axes) else ""
        one, plural = (
            {"n": "point", "k": "component", "d": "column", "t": "time step"}.get(letter, "entry"),
            axis_words(letter),
        )
        chosen = [m.all(tuple(j for j in range(m.ndim) if j != i)) for m in ok if m.shape[i] > 1]
        if len(chosen) < 3:
            continue
        if all(m[0] and not m[1:].any() for m in chosen):
            yield Finding(
                "first right",
                f"Only the first {one} is right: what changes from the first to the second?",
                "index",
                letter,
                weight=82,
            )
        elif all(m[-1] and not m[:-1].any() for m in chosen):
            yield Finding(
                "last right",
                f"Only the last {one} is right: is something overwritten in a loop?",
                "index",
                letter,
                weight=82,
            )
        elif all(m[1:].all() and not m[0] for m in chosen):
            yield Finding(
                "first wrong", f"All {plural} but the first are right: where does it begin?", "index", letter, weight=90
            )
        elif all(m[:-1].all() and not m[-1] for m in chosen):
            yield Finding(
                "last wrong", f"All {plural} but the last are right: where does it end?", "index", letter, weight=90
            )
    square = [(p, m) for p, m in zip(big, ok, strict=True) if p.t.ndim > 1 and p.t.shape[-1] == p.t.shape[-2] > 1]
    if len(square) < 3 or len(square) < len(big) - 2 or (axes and axes[-1] != axes[-2]):
        return
    eye = [np.broadcast_to(np.eye(p.t.shape[-1], dtype=bool), p.t.shape) for p, _ in square]
    if all(m[e].all() and not m[~e].any() for (_, m), e in zip(square, eye, strict=True)):
        zero = all((p.a[~e] == 0).all() for (p, _), e in zip(square, eye, strict=True))
        twice = all(same(p.a[~e], 2 * p.t[~e]) for (p, _), e in zip(square, eye, strict=True))
        half = all(same(2 * p.a[~e], p.t[~e]) for (p, _), e in zip(square, eye, strict=True))
        if zero:
            yield Finding(
                "diagonal only",
                "The diagonals are right and everything beside them is 0: what of the covariances?",
                "diagonal",
                weight=96,
            )
        elif twice:
            yield Finding(
                "tied",
                "The diagonals are right, the entries beside them twice too large: are entries ab and ba one "
                "variable here, or two?",
                "diagonal",
                weight=96,
            )
        elif half:
            yield Finding(
                "tied",
                "The diagonals are right, the entries beside them are half of what they should be.",
                "diagonal",
                weight=96,
            )
        else:
            yield Finding(
                "diagonal right",
                "Only the diagonals are right: look at how entry ab with a different from b is formed.",
                "diagonal",
                weight=84,
            )
    elif all(m[~e].all() and not m[e].any() for (_, m), e in zip(square, eye, strict=True)):
        gap = [(p.a - p.t)[e].reshape(*p.t.shape[:-1]) for (p, _), e in zip(square, eye, strict=True)]
        constant = np.concatenate([g.ravel() for g in gap])
        if np.allclose(constant, constant[0], rtol=1e-5):
            yield Finding(
                "regularised",
                f"Your {name} is the right one plus {constant[0]:.3g} times the unit matrix: that is another "
                "estimate than the one asked for.",
                "term",
                "identity",
                weight=96,
            )
        else:
            yield Finding(
                "diagonal wrong",
                "Everything beside the diagonals is right, and the diagonals are not.",
                "diagonal",
                weight=84,
            )
    elif all(same(p.a, p.a[..., :1, :1] * np.eye(p.a.shape[-1])) for p, _ in square):
        text = (
            f"Your {name} is a multiple of the unit matrix: one number for all directions. May they differ, and tilt?"
        )
        yield Finding("isotropic", text, "diagonal", weight=90)
    elif all(same(p.t, np.swapaxes(p.t, -1, -2)) for p, _ in square):
        if all(same(p.a, np.tril(p.t)) or same(p.a, np.triu(p.t)) for p, _ in square):
            yield Finding("triangle", "One triangle of the matrix is right, the other is 0.", "diagonal", weight=96)
        with np.errstate(all="ignore"):
            try:
                if all(same(p.a, np.linalg.cholesky(p.t)) for p, _ in square):
                    yield Finding(
                        "cholesky",
                        f"Your {name} is the Cholesky factor of the right one: a covariance is asked for.",
                        "power",
                        weight=97,
                    )
            except np.linalg.LinAlgError:
                pass


def _normalised(pairs, axes, name):
    """Sums that ought to be one, along which axis."""
    big = [p for p in pairs if p.t.ndim and p.t.shape[-1] > 1]
    if len(big) < 3 or not axes:
        return
    if all(np.allclose(p.t.sum(-1), 1, rtol=1e-9) and (p.t >= 0).all() for p in big):
        if any(np.abs(p.a.sum(-1) - 1).max() > 1e-6 for p in big):
            if all(p.t.ndim > 1 and np.allclose(p.a.sum(0), 1, rtol=1e-8) for p in big):
                yield Finding(
                    "wrong axis",
                    f"Your columns sum to one, your rows do not: each of the {axis_words(axes[0])} has one unit to "
                    "hand out, along which axis?",
                    "axis",
                    axes[0],
                    weight=96,
                )
            elif all(np.isclose(p.a.sum(), 1, rtol=1e-8) for p in big) and big[0].t.ndim > 1:
                yield Finding(
                    "wrong axis",
                    "All of your entries together sum to one; each row should.",
                    "axis",
                    axes[0],
                    weight=96,
                )
            elif all(same(p.a / p.a.sum(-1, keepdims=True), p.t) for p in big if (np.abs(p.a.sum(-1)) > 0).all()):
                sums = _sum_words(big)
                text = (
                    f"Each {'row is' if big[0].t.ndim > 1 else 'entry is'} right up to a common factor: your "
                    f"{'rows sum' if big[0].t.ndim > 1 else name + ' sums'} to {sums}, and should sum to 1"
                )
                almost = ": is something small added, or rounded?" if "within" in sums else "."
                yield Finding("not normalised", text + almost, "normalise", axes[-1], weight=93.5)
            else:
                yield Finding(
                    "not normalised",
                    f"The entries of {'a row of ' * (big[0].t.ndim > 1)}your {name} sum to {_sum_words(big)}: "
                    "probabilities sum to 1.",
                    "normalise",
                    axes[-1],
                    weight=58,
                )
        else:
            yield from _power_of_rows(big, name)
            yield from _softmax(big, name)
    elif all(p.t.ndim == 2 and np.allclose(np.exp(p.t).sum(-1), 1, rtol=1e-8) for p in big):
        yield Finding(
            "not normalised",
            f"exp of your rows sums to {np.exp(big[0].a).sum(-1).min():.3g}, not to 1.",
            "normalise",
            weight=50,
        )
    if all(_symmetric(p.t) and p.t.shape[-1] > 1 and not _symmetric(p.a) for p in big):
        if all(same((p.a + np.swapaxes(p.a, -1, -2)) / 2, p.t) for p in big):
            text = "The symmetric part of your matrix is right, but it is not symmetric."
            yield Finding("not symmetric", text, "transpose", weight=90)
        else:
            text = f"Your {name} is not symmetric, and should be: does every factor stand on the side it belongs to?"
            yield Finding("not symmetric", text, "transpose", weight=57)
    if all((p.t > 0).all() for p in big) and all((p.a <= 0).any() for p in big):
        what = "below zero" if all((p.a < 0).any() for p in big) else "that are not above zero"
        yield Finding("negative", f"Your {name} has entries {what}, and the right one never has.", "sign", weight=45)


def _power_of_rows(big, name):
    """Probabilities taken to a power and normalised again: an exponent that counts twice, or half."""
    powers = []
    for p in big:
        with np.errstate(all="ignore"):
            a, t = (np.log(u) - np.log(u).mean(-1, keepdims=True) for u in (p.a, p.t))
        if not (np.isfinite(a).all() and np.isfinite(t).all() and (t * t).sum() > 0):
            continue  # a share of exactly 0 or 1 says nothing
        c = float((a * t).sum() / (t * t).sum())
        if not np.allclose(a, c * t, rtol=1e-6, atol=1e-9):
            return
        powers.append(c)
    if (
        len(powers) > 2
        and np.allclose(powers, powers[0], rtol=1e-6)
        and not np.isclose(powers[0], 1)
        and abs(powers[0]) > 1e-6
    ):
        c = f"{powers[0]:.4g}"
        text = f"Your {name} is the right one to the power {c}, normalised again: "
        if big[0].world.leaves("means", "log", "centre"):  # the power comes from an exponent
            text += (
                f"in the exponent everything counts {c} times. Which factor stands there, and which base has the log?"
            )
        else:
            text += "what divides what?" if np.isclose(powers[0], -1) else "with which power does it come in?"
        yield Finding("power", text, "power", name, weight=95)


def _softmax(big, name):
    """The logarithm is a multiple of the right one, but for what is added to a whole row."""
    some = [p for p in big if p.t.shape[-1] > 2 and np.ptp(p.t, -1).max() > 0]
    for p in some:
        with np.errstate(all="ignore"):
            a, t = (u - u.mean(-1, keepdims=True) for u in (np.log(p.a), p.t))
            c = (a * t).sum() / (t * t).sum()
        if not (c > 0 and np.allclose(a, c * t, rtol=1e-6, atol=1e-9)):
            return
    if len(some) > 2:
        text = f"Your {name} is a softmax of what is right, or of a multiple: what does the exponential do here?"
        yield Finding("softmax", text, "log", name, weight=95)


def _symmetric(a):
    return a.ndim > 1 and a.shape[-1] == a.shape[-2] and same(a, np.swapaxes(a, -1, -2), 1e-5)


def _sum_words(pairs):
    off = max(float(np.abs(p.a.sum(-1) - 1).max()) for p in pairs)
    if off < 0.02:
        return f"1 only to within {off:.1g}"
    s = np.round(np.concatenate([np.ravel(p.a.sum(-1)) for p in pairs]), 12) + 0.0
    return f"{s.min():.3g} .. {s.max():.3g}" if np.ptp(s) > 1e-2 * abs(s.max()) else f"{s[0]:.3g}"


def _matrices(pairs, axes, name):
    """The truth times a power of Sigma: an inverse forgotten, a factor too much, on one side or both."""
    if not axes or not axes.endswith("d"):
        return
    for S in pairs[0].world.leaves("spd"):
        j = "_j" if "k" in pairs[0].world.kinds[S].axes else ""
        big = [p for p in pairs if p.t.shape[-1] > 1]
        if len(big) < 3 or "." in S or (j and "k" not in axes):
            continue
        for power, words in (
            (2, f"{S}{j}^2"),
            (-2, f"the inverse of {S}{j}^2"),
            (1, f"{S}{j}"),
            (-1, f"the inverse of {S}{j}"),
        ):
            for slug, how in (("left", _left), ("both", _both), ("right", _right)):
                if slug != "left" and not axes.endswith("dd"):
                    continue
                cs = []
                for p in big:
                    M = np.linalg.matrix_power(p.world.values[S], power)
                    if (axes in ("nd", "ndd") and M.ndim == 3) or axes.startswith("k") != (M.ndim == 3):
                        break
                    u = how(M, p.t)
                    c = float((u * p.a).sum() / (u * u).sum())
                    if not same(p.a, c * u):
                        break
                    cs.append(c)
                if len(cs) == len(big) and np.allclose(cs, cs[0], rtol=1e-6) and nice(cs[0]):
                    side = {"left": "times", "right": "with, on the right,", "both": "with, on both sides,"}[slug]
                    front = "" if np.isclose(cs[0], 1) else f"{nice(cs[0])} "
                    ask = {2: f"{S} where its inverse belongs?", -2: "an inverse where the matrix itself belongs?"}.get(
                        power, f"is {S} missing somewhere, or one too many?"
                    )
                    text = f"Your {name} is {front}the right one {side} {words}: {ask}"
                    yield Finding("power of Sigma", text, "inverse", S, weight=96)
                    return


def _left(M, t):
    return np.einsum("...ab,...b->...a", M, t) if t.ndim == M.ndim - 1 or t.shape[-2] != t.shape[-1] else M @ t


def _right(M, t):
    return t @ M


def _both(M, t):
    return M @ t @ M


def _terms(pairs, axes, name):
    """The difference, or the ratio, is one known term."""
    if axes is None:
        return
    D = [p.a - p.t for p in pairs]
    scale = [max(np.abs(p.a).max(initial=0), np.abs(p.t).max(initial=0)) for p in pairs]
    if any(np.abs(u).max(initial=0) <= 1e-9 * s for u, s in zip(D, scale, strict=True)):
        keep = [i for i, (u, s) in enumerate(zip(D, scale, strict=True)) if np.abs(u).max(initial=0) > 1e-9 * s]
        zero = [i for i in range(len(D)) if i not in keep]
    else:
        keep, zero = list(range(len(D))), []
    if len(keep) >= 3:
        tables = [terms.summands(p.world) for p in pairs]
        for index, term in enumerate(tables[keep[0]]):
            c = _coefficient(D, tables, index, pairs, axes, keep + zero, scale)
            if c:
                foreign = axes.endswith("d") and not term.axes.endswith("d")  # a gradient has no log det in it
                yield _missing(term._replace(usual=None) if foreign else term, c, name)
                break
        A = [p.a for p in pairs]
        for index, term in enumerate(tables[0]):
            c = _coefficient(A, tables, index, pairs, axes, range(len(pairs)), scale)
            if c and term.words != "1":
                amount = "minus " * (c < 0) + next(
                    w for v, w in COEFFICIENTS.items() if np.isclose(abs(c), v, rtol=1e-6)
                )
                ask = "is that all that is asked for" if term.axes == "" else "what else belongs to it"
                text = f"Your {name} is {amount}{term.words}, and nothing else: {ask}?"
                yield Finding("one term only", text, "term", term.words, weight=83)
                break
        yield from _constant_difference(pairs, D, axes, name)
    yield from _term_factor(pairs, axes, name)


def _coefficient(arrays, tables, index, pairs, axes, order, scale):
    """The c with array = c * term in every problem, if it is one that we know; else None."""
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
            if not any(np.isclose(abs(c), v, rtol=1e-6) for v in COEFFICIENTS):
                return None
        size = 1e-6 * np.abs(arrays[i]).max(initial=0) + 1e-9 * scale[i] + 1e-12
        if np.abs(arrays[i] - c * u).max(initial=0) > size:
            return None
    return c


def _missing(term, c, name):
    amount = next(w for v, w in COEFFICIENTS.items() if np.isclose(abs(c), v, rtol=1e-6))
    if term.words == "1":
        how = f"{'plus' if c > 0 else 'minus'} {abs(c):.3g}"
        return Finding(
            "off by a number",
            f"Your {name} is the right one {how}, in every entry: where does that come from?",
            "term",
            "1",
            weight=92,
        )
    text = f"Your {name} is exactly the right one {'plus' if c > 0 else 'minus'} {amount}{term.words}"
    if term.usual is not None and term.words.startswith(("the entropy", "KL(", "log p(", "the expectation")):
        # its sign in the right result depends on which bound, gain or divergence is asked for
        if np.isclose(abs(c), 1):
            return Finding(
                "term missing",
                f"{text}: is that term missing, or counted once too often?",
                "term",
                term.words,
                weight=94,
            )
        if np.isclose(abs(c), 2):
            return Finding("term sign", f"{text}: has that term the wrong sign in it?", "sign", term.words, weight=94)
    elif term.usual is not None and np.isclose(c, -term.usual):
        return Finding("term missing", f"{text}: is that term missing in it?", "term", term.words, weight=94)
    elif term.usual is not None and np.isclose(c, -2 * term.usual):
        return Finding("term sign", f"{text}: has that term the wrong sign in it?", "sign", term.words, weight=94)
    elif term.usual is not None and np.isclose(c, term.usual):
        return Finding("term twice", f"{text}: does that term count twice in it?", "term", term.words, weight=94)
    return Finding("term", f"{text}: where does that term come from?", "term", term.words, weight=92)


_NUMBERS = {
    np.log(2): "ln 2",
    np.log(4): "ln 4",
    np.log(3): "ln 3",
    np.log(2 * np.pi): "ln 2π",
    np.log(2 * np.pi) / 2: "half of ln 2π",
    np.log(np.pi): "ln π",
    np.log(10): "ln 10",
}


def _constant_difference(pairs, D, axes, name):
    """The difference varies along some axes only: it says which terms cannot be at fault."""
    every = np.concatenate([u.ravel() for u in D])
    if every.size > 2 and np.ptp(every) <= 1e-7 * np.abs(every).max() and every.max() != 1:
        c = float(every.mean())
        known = next((w for v, w in _NUMBERS.items() if np.isclose(abs(c), v, rtol=1e-6)), f"{abs(c):.4g}")
        how = "plus" if c > 0 else "minus"
        text = (
            f"Your {name} is the right one {how} {known}, always: which number is missing or too many, perhaps "
            "inside a logarithm?"
        )
        yield Finding("off by a number", text, "number", known, weight=92)
        return
    if len(axes) < 2 or len(set(axes)) < len(axes):
        return
    free = []
    for i, letter in enumerate(axes):
        some = [u for u in D if u.shape[i] > 1]
        if len(some) >= 3 and all(np.ptp(u, axis=i).max() <= 1e-7 * np.abs(u).max() for u in some):
            free.append(letter)
    if len(free) == len(axes):
        yield Finding(
            "same everywhere",
            f"Your {name} is off by the same number in every entry of a problem.",
            "term",
            "constant",
            weight=72,
        )
    elif free:
        rest = [letter for letter in axes if letter not in free]
        one = {"n": "point", "k": "component", "d": "column", "t": "time step"}.get(rest[0], "entry")
        over = axis_words(free[0])
        yield Finding(
            "off by axis",
            f"Your {name} is off by a number of each {one}, the same for all {over}: look at the terms that belong "
            f"to a {one} alone.",
            "term",
            rest[0],
            weight=83,
        )


def _term_factor(pairs, axes, name):
    """The ratio is a known quantity of each component or point, or depends on one axis only."""
    if not axes:
        return
    ratios = []
    for p in pairs:
        r = _ratio(p)
        if r is None or np.isnan(r).all():
            return
        ratios.append(r)
    big = [(p, r) for p, r in zip(pairs, ratios, strict=True) if p.t.shape[0] > 1]
    if len(big) < 3:
        return
    tables = [terms.factors(p.world) for p, _ in big]
    for index, term in enumerate(tables[0]):
        if not term.axes:
            continue
        for power, how in (
            (1, "{}"),
            (-1, "1/{}"),
            (2, "{}^2"),
            (-2, "1/{}^2"),
            (0.5, "sqrt({})"),
            (-0.5, "1/sqrt({})"),
        ):
            c = None
            for (p, r), table in zip(big, tables, strict=True):
                other = table[index] if index < len(table) else None
                u = terms.fitted(other, axes, p.world.sizes) if other and other.words == term.words else None
                if u is None or u.shape != r.shape:
                    c = None
                    break
                if set(other.axes) - set(axes):
                    c = None
                    break
                rest = r / u**power
                c = np.nanmedian(rest) if c is None else c
                if not np.allclose(rest[np.isfinite(rest)], c, rtol=1e-6):
                    c = None
                    break
            if c and nice(c):
                front = "" if np.isclose(c, 1) else f"{nice(c)} "
                words = how.format(term.words)
                text = (
                    f"Your {name} is {front}the right one times {words}: where does {term.words} come in, and where "
                    "does it cancel?"
                )
                yield Finding("term factor", text, "factor", term.words, weight=93)
                return
    yield from _wrong_count(big, axes, name)
    if len(axes) < 2:
        return
    others = tuple(range(1, len(axes)))
    if all(_flat(r, others) for _, r in big) and not all(_flat(r, tuple(range(r.ndim))) for _, r in big):
        one = {"n": "point", "k": "component", "d": "column"}.get(axes[0], "entry")
        text = f"Your {name} is right up to one factor for each {one}: what is a {one}'s share divided by?"
        yield Finding("factor by axis", text, "factor", axes[0], weight=70)


def _wrong_count(big, axes, name):
    """A division by R_j + c where R_j belongs: by R_j - 1, or with a small number added."""
    tables = [terms.factors(p.world) for p, _ in big]
    for index, term in enumerate(tables[0]):
        if term.axes != "k" or "/" in term.words or "det" in term.words:
            continue
        for c, how in ((-1.0, "- 1"), (1.0, "+ 1"), (None, "")):
            found = set()
            for (p, r), table in zip(big, tables, strict=True):
                other = table[index] if index < len(table) else None
                u = terms.fitted(other, axes, p.world.sizes) if other and other.words == term.words else None
                if u is None or u.shape != r.shape:
                    return
                with np.errstate(all="ignore"):
                    extra = (u / r - u)[np.isfinite(r)]
                if not extra.size or not np.allclose(extra, np.median(extra), rtol=1e-4, atol=1e-9 * np.abs(u).max()):
                    found = None
                    break
                found.add(float(f"{np.median(extra):.3g}"))
            if not found or len(found) > 1 or found == {0.0} or (c is not None and found != {c}):
                continue
            (extra,) = found
            how = how or f"{'+' if extra > 0 else '-'} {abs(extra):g}"
            text = (
                f"Your {name} is the right one times {term.words} / ({term.words} {how}): you divide by "
                f"{term.words} {how}. Where does the {abs(extra):g} come from?"
            )
            yield Finding("wrong count", text, "factor", term.words, weight=94)
            return


def _flat(r, axes):
    """True if r does not change along these axes."""
    with np.errstate(all="ignore"):
        low, high = np.nanmin(r, axis=axes), np.nanmax(r, axis=axes)
    return bool((np.abs(high - low) <= 1e-6 * np.maximum(np.abs(high), np.abs(low))).all())
