"""What can be seen of a wrong answer's numbers where no hypothesis makes them: right in some places, sums, symmetry."""

import numpy as np

from emtutor.causes.findings import PROPERTY, Finding, same
from emtutor.causes.related import common_ratio, ratio, shares, sum_words
from emtutor.causes.wording import axis


def seen(pairs, axes, name):
    """Findings on pairs of one shape, finite; the most telling first."""
    for look in (_almost, _places, _diagonals, _alike, _sums, _differences, _ratios, _symmetry):
        for finding in look(pairs, axes, name):
            yield finding._replace(exactness=PROPERTY)


def _almost(pairs, axes, name):
    off = max(np.abs(p.a - p.t).max(initial=0) / (np.abs(p.t).max(initial=0) or 1.0) for p in pairs)
    if off < 1e-3:
        yield Finding("{It} {is} almost right, off by {off} of its size", "epsilon", "", {"off": f"{off:.0e}"},
                      "is something small added, under a fraction, in a logarithm or on a diagonal? Or rounded, "
                      "or found by differences?")  # fmt: skip


def _big(pairs, i=0):
    return [p for p in pairs if p.t.ndim > i and p.t.shape[i] > 1]


def _right(p):
    return np.abs(p.a - p.t) <= 1e-6 * (np.abs(p.t) + 1e-6 * np.abs(p.t).max() + 1e-12)


def _places(pairs, axes, name):
    """The first, the last, or all others are right."""
    for i in range(min(p.t.ndim for p in pairs)):
        big, letter = _big(pairs, i), axes[i] if axes and i < len(axes) else ""
        one, plural = axis(letter)
        ok = [_right(p).all(tuple(j for j in range(p.t.ndim) if j != i)) for p in big]
        if len(ok) < 3:
            continue
        for relation, question, holds in (
            (f"Only the first {one} is right", "what changes from the first to the second?",
             lambda m: m[0] and not m[1:].any()),
            (f"Only the last {one} is right", "is something overwritten in a loop?",
             lambda m: m[-1] and not m[:-1].any()),
            (f"All {plural} but the first are right", "where does it begin?", lambda m: m[1:].all() and not m[0]),
            (f"All {plural} but the last are right", "where does it end?", lambda m: m[:-1].all() and not m[-1]),
        ):  # fmt: skip
            if all(map(holds, ok)):
                yield Finding(relation, "index", letter, question=question)
                break
        for way, told in ((slice(1, None), "late: entry i holds what belongs to i - 1"),
                          (slice(None, -1), "early: entry i holds what belongs to i + 1")):  # fmt: skip
            more = [p for p in big if p.t.shape[i] > 2]
            other = slice(None, -1) if way.start else slice(1, None)
            cut = lambda u, s, i=i: np.moveaxis(u, i, 0)[s]
            if len(more) > 1 and all(same(cut(p.a, way), cut(p.t, other)) for p in more):
                yield Finding(f"{{It}} {{is}} one place {told}", "index", letter)


def _diagonals(pairs, axes, name):
    square = [p for p in _big(pairs) if p.t.ndim > 1 and p.t.shape[-1] == p.t.shape[-2] > 1]
    if len(square) < 3 or len(square) < len(pairs) - 2 or (axes and axes[-1] != axes[-2]):
        return
    eyes = [np.broadcast_to(np.eye(p.t.shape[-1], dtype=bool), p.t.shape) for p in square]
    ok = [(m[e].all(), m[~e].all(), m[e].any(), m[~e].any())
          for m, e in zip(map(_right, square), eyes, strict=True)]  # fmt: skip
    if all(on and not some for on, _, _, some in ok):
        yield Finding("Only the diagonals are right", "diagonal", "d",
                      question="how is entry ab formed where a is not b?")  # fmt: skip
    elif all(beside and not some for _, beside, some, _ in ok):
        yield Finding("Everything beside the diagonals is right, and the diagonals are not", "diagonal", "d",
                      question="what is added to a diagonal, or left out there?")  # fmt: skip
    elif all(same(p.a, p.a[..., :1, :1] * np.eye(p.a.shape[-1])) for p in square):
        yield Finding("{It} {is} a multiple of the unit matrix, one number for all directions", "diagonal", "d",
                      question="may they differ, and tilt?")  # fmt: skip


def _alike(pairs, axes, name):
    for i in range(min(p.t.ndim for p in pairs)):
        big, letter = _big(pairs, i), axes[i] if axes and i < len(axes) else ""
        one, plural = axis(letter)
        if len(big) > 1 and all(not np.ptp(p.a, i).any() and np.ptp(p.t, i).any() for p in big):
            relation = f"{{It}} {{is}} the same for all {plural}, and {{one}} {{differs}} from {one} to {one}"
            yield Finding(relation, "axis", letter, question="which index has been lost?")


def _sums(pairs, axes, name):
    """Sums that ought to be one."""
    big = [p for p in pairs if p.t.ndim and p.t.shape[-1] > 1]
    if len(big) < 3 or not axes or not all(shares(p.t) for p in big):
        return
    if any(np.abs(p.a.sum(-1) - 1).max() > 1e-6 for p in big):
        rows = "The rows of {it}" if big[0].t.ndim > 1 else "The entries of {it}"
        yield Finding(rows + " sum to {sums}, and should sum to 1", "normalise", axes[-1], {"sums": sum_words(big)})


def _differences(pairs, axes, name):
    """The difference varies along some axes only: which terms cannot be at fault."""
    if not axes or len(axes) < 2 or len(set(axes)) < len(axes):
        return
    off = [p.a - p.t for p in pairs]
    flat = []
    for i, letter in enumerate(axes):
        some = [u for u in off if u.shape[i] > 1]
        if len(some) >= 3 and all(np.ptp(u, axis=i).max() <= 1e-7 * np.abs(u).max() for u in some):
            flat.append(letter)
    rest = [letter for letter in axes if letter not in flat]
    if flat and not rest:
        yield Finding("{It} {is} off by the same number in every entry of a problem", "term", "constant")
    elif flat:
        one, over = axis(rest[0])[0], axis(flat[0])[1]
        relation = f"{{It}} {{is}} off by a number of each {one}, the same for all {over}"
        yield Finding(relation, "term", rest[0], question=f"which terms belong to a {one} alone?")


def _ratios(pairs, axes, name):
    ratios = [ratio(p) for p in pairs]
    if any(r is None for r in ratios):
        return
    if all(common_ratio(p) is not None for p in pairs) and any(p.t.size > 1 for p in pairs):
        relation = "{It} {is} right up to one common factor, which changes from problem to problem"
        yield Finding(relation, "normalise", "", question="by what is it divided?")
    elif axes and len(axes) > 1:
        big = [r for r in ratios if r.shape[0] > 1]
        if len(big) > 2 and all(map(_flat, big)):
            one = axis(axes[0])[0]
            relation = f"{{It}} {{is}} right up to one factor for each {one}"
            yield Finding(relation, "factor", axes[0], question=f"by what is a {one}'s share divided?")


def _flat(r):
    """True if r does not change along all axes but the first."""
    rest = tuple(range(1, r.ndim))
    with np.errstate(all="ignore"):
        low, high = np.nanmin(r, axis=rest), np.nanmax(r, axis=rest)
    return bool((np.abs(high - low) <= 1e-6 * np.maximum(np.abs(high), np.abs(low))).all())


def _symmetry(pairs, axes, name):
    big = [p for p in pairs if p.t.ndim > 1 and p.t.shape[-1] == p.t.shape[-2] > 1]
    if len(big) > 2 and all(_symmetric(p.t) and not _symmetric(p.a) for p in big):
        half = all(same((p.a + np.swapaxes(p.a, -1, -2)) / 2, p.t) for p in big)
        relation = "{It} {is} not symmetric" + (", but its symmetric part is right" if half else ", and should be")
        yield Finding(relation, "side", "d", question="does every factor stand on the side it belongs to?")
    if all((p.t > 0).all() for p in pairs) and all((p.a < 0).any() for p in pairs):
        yield Finding("{It} {has} entries below zero, and {one} never {has}", "sign", "negative")


def _symmetric(a):
    return same(a, np.swapaxes(a, -1, -2), 1e-5)


def shapes(pairs, axes):
    """What the shape alone says: n by n for d by d."""
    rows = [p for p in pairs if p.a.shape != p.t.shape and p.a.size]
    if (
        axes
        and axes.endswith("dd")
        and rows
        and all(p.a.shape == (*p.t.shape[:-2], *2 * (p.world.sizes["n"],)) for p in rows)
    ):
        asked = "of A A^T and A^T A, which one sums over the points?"
        yield Finding("{It} {is} n by n where d by d is asked", "transpose", "n", question=asked)
