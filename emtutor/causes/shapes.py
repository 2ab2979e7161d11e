"""The wrong shape: what was summed away, left over, transposed or put in one row."""

import numpy as np

from emtutor.causes.findings import Finding, axis_words, same


def shapes(pairs, axes, name):
    """The wrong shape: which axis is swapped, summed away, or left over."""
    rows = [p for p in pairs if p.a.shape != p.t.shape]
    if len(rows) < max(1, len(pairs) - 2) or not all(p.a.size for p in rows):
        return
    generic = [p for p in rows if p.t.size > 1] or rows
    for slug, sentence, cause, change in _reshapings(axes, name):
        try:
            if all(same(p.a, change(p.t)) for p in generic):
                yield Finding(slug, sentence, cause, "shape", weight=100)
        except (ValueError, IndexError, np.exceptions.AxisError):
            continue
    if (
        axes
        and axes.endswith("dd")
        and all(p.a.shape == (*p.t.shape[:-2], *2 * (p.world.sizes["n"],)) for p in generic)
    ):
        text = f"Your {name} is n by n where d by d is asked: of A A^T and A^T A, which one sums over the points?"
        yield Finding("outer product", text, "transpose", "n", weight=98)
    for extra in range(generic[0].a.ndim if axes else 0):
        if all(p.a.ndim == p.t.ndim + 1 and p.a.shape[:extra] + p.a.shape[extra + 1 :] == p.t.shape for p in generic):
            for slug, how in (("sum", np.sum), ("mean", np.mean)):
                if all(same(how(p.a, extra), p.t) for p in generic):
                    text = f"A {slug} is still to be taken: the {slug} of your {name} over its axis {extra} is right."
                    yield Finding("not summed", text, "axis", axes[0], weight=99)
    if not axes and all(p.t.ndim == 0 and p.a.ndim for p in generic):
        for slug, how in (("sum", np.sum), ("mean", np.mean)):
            if all(same(how(p.a), p.t) for p in generic):
                yield Finding(
                    "not summed",
                    f"One number is asked for: the {slug} of all your entries is right. Over what is still to be "
                    "summed?",
                    "axis",
                    "sum",
                    weight=99,
                )


def _reshapings(axes, name):
    yield (
        "transposed",
        f"Your {name} is the transpose of the right one: which index comes first?",
        "transpose",
        lambda t: np.swapaxes(t, 0, 1),
    )
    yield (
        "transposed",
        f"Your {name} has its axes in another order than asked.",
        "transpose",
        lambda t: np.moveaxis(t, 0, -1),
    )
    yield (
        "transposed",
        f"Your {name} has its axes in another order than asked.",
        "transpose",
        lambda t: np.moveaxis(t, -1, 0),
    )
    for i, letter in enumerate(axes or ""):
        plural = axis_words(letter)
        yield (
            "summed away",
            f"You have summed over the {plural}; one result for each is asked for.",
            "axis",
            lambda t, i=i: t.sum(i),
        )
        yield (
            "averaged away",
            f"You have averaged over the {plural}; one result for each is asked for.",
            "axis",
            lambda t, i=i: t.mean(i),
        )
        yield (
            "first only",
            f"Only the first of the {plural} is there; one result for each is asked for.",
            "index",
            lambda t, i=i: t.take(0, i),
        )
        yield (
            "last only",
            f"Only the last of the {plural} is there: does the loop overwrite its result?",
            "index",
            lambda t, i=i: t.take(-1, i),
        )
        yield (
            "one missing",
            f"The first of the {plural} is missing: where does the range begin?",
            "index",
            lambda t, i=i: np.delete(t, 0, i),
        )
        yield (
            "one missing",
            f"The last of the {plural} is missing: where does the range end?",
            "index",
            lambda t, i=i: np.delete(t, -1, i),
        )
        yield (
            "kept axis",
            "The numbers are right, with an axis of length 1 too many.",
            "shape",
            lambda t, i=i: np.expand_dims(t, i),
        )
    yield "kept axis", "The numbers are right, with an axis of length 1 too many.", "shape", lambda t: t[..., None]
    yield "kept axis", "The numbers are right, with an axis of length 1 too many.", "shape", lambda t: t[None]
    yield (
        "flattened",
        "The numbers are right, but all in one row: which shape is asked for?",
        "shape",
        lambda t: t.ravel() if t.ndim > 1 else t[None, None],
    )
    yield (
        "diagonal only",
        "Only the diagonals are there; the whole matrices are asked for.",
        "diagonal",
        lambda t: np.diagonal(t, axis1=-2, axis2=-1) if t.ndim > 1 else t[None, None],
    )
    yield (
        "summed away",
        "One number came: the sum of the right result's entries. Which axes are to be kept?",
        "axis",
        lambda t: t.sum(),
    )
    yield (
        "averaged away",
        "One number came: the mean of the right result's entries. Which axes are to be kept?",
        "axis",
        lambda t: t.mean(),
    )
