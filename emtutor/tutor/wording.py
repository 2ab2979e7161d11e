"""What the tutor says, in one place: sentences from what was found, never read again. (Causes: `emtutor.causes`.)

The functions on a run take a `verdict.Verdict` and the run's index. Nothing here says a right value.
"""

import numpy as np

from emtutor import causes
from emtutor.tutor import errors, values
from emtutor.tutor.feedback import Table
from emtutor.tutor.trial import Returned

FREE = ("t", "m")  # axes of outputs whose length is the learner's choice, where the exercise has a judge of its own

UNJUDGED = "The result has a form that cannot be judged: are its shape and its numbers what is asked?"
RIGHT_ALONE = "It does what is asked for."
DEAF = (
    "Another rng gives the same points: your random numbers come from a generator of your own, so two calls never "
    "differ. Draw from the rng that is passed in."
)
UNSTEADY = (
    "Called twice with the same arguments it gave two different results: it remembers something between calls "
    "(a global, a default argument that grows) or draws random numbers of its own. Let the result depend on "
    "the arguments only."
)
BOXED = "The number came inside an array, and is judged by its value. Elsewhere write `float(...)` or take [0]."
FOLLOW = "Follow one number by hand: where does it part?"
NO_NAME = "This function has no name: say which exercise it is, `check(f, 'e_step')`."

CLINIC = "numpy-clinic"
AXES, KEEPDIMS, TRANSPOSE, OUTER, SOLVE, LOGS = CLINIC_SECTIONS = (
    "1. Axes", "2. keepdims", "3. Reshape and transpose", "4. Outer products", "5. Batched solve", "6. Log-sum-exp",
)  # fmt: skip
SECTION_OF_CAUSE = {  # by cause, alone or with its subject
    "axis:keepdims": KEEPDIMS, "axis": AXES, "transpose": TRANSPOSE, "reshape": TRANSPOSE, "broadcast": OUTER,
    "elementwise": OUTER, "batch": SOLVE, "underflow": LOGS,
}  # fmt: skip
SECTION_OF_ERROR = {  # by a part of its message, where no cause is known
    "operands could not be broadcast": KEEPDIMS, "matmul: Input operand 1": TRANSPOSE, "solve: Input operand 1": SOLVE,
}  # fmt: skip


def lines(*sentences):
    """The sentences that there are, one a line."""
    return "\n".join(s for s in sentences if s)


# ---- before it runs


def not_a_function(name, kind):
    return f"check takes the function itself, `check({name})`, without calling it; it got a value of type {kind}."


def a_class(name):
    return f"{name} is a class. Write a function: `def {name}(...):`."


def a_coroutine(name):
    return f"{name} is written with `async def`: calling it computes nothing yet. Write `def {name}(...):`."


def unwritten(name):
    return f"Write its body in the place of `...`; `hint('{name}')` gives a first nudge."


def other_signature(name, wanted, theirs):
    count = f"{len(wanted)}, in this order" if wanted else "none"
    return f"{name} takes {', '.join(wanted) or 'nothing'}; yours takes {theirs}. It is called with these {count}."


def other_order(name, wanted, own):
    return (
        f"{name} takes {', '.join(wanted)}, in this order; yours takes {', '.join(own)}. Arguments are matched by "
        "position."
    )


def not_judged(kind, text):
    why = f": {kind}: {text}" if text else f": {kind}" if kind else ", every look at it raises an error"
    return f"The tutor could not judge this{why}.\nWrite a plain function with `def`."


# ---- what it did besides


def praise(count):
    return RIGHT_ALONE if count == 1 else f"It agrees on all {count} problems, from a hand-sized one to hostile ones."


def printed(text):
    text = " / ".join(line.strip() for line in text.splitlines() if line.strip())
    if not text:
        return ""
    return f"It printed on the first problem (no mistake): {text if len(text) <= 160 else text[:160] + ' ...'}"


def warned(texts):
    return f"NumPy warned: {texts[0]}." if texts else ""


def wrote(names):
    if not names:
        return ""
    return (
        f"Your function writes into its argument{'s' * (len(names) > 1)} {' and '.join(names)}, so the caller's own "
        "data change. Here it got copies; elsewhere it spoils them. Work on a copy, made with `.copy()`."
    )


def changed(what):
    """What it changed around it: nothing of it has reached the notebook."""
    if not what:
        return ""
    if what[0] == "np.seterr":
        return "Your function changes np.seterr for the whole notebook. Use `with np.errstate(...)`."
    if what[0] == "the global random numbers":
        return "Your function draws from, or seeds, the global random numbers, which others use too."
    more = f" and {len(what) - 3} more" if len(what) > 3 else ""
    return f"Your function changes {', '.join(what[:3])}{more} for the whole notebook: leave that as it is."


def clinic(lesson, cause, subject="", error=""):
    """Where the clinic treats what a finding or an error of another lesson is about; "" where it does not."""
    section = next((SECTION_OF_CAUSE[key] for key in (f"{cause}:{subject}", cause) if key in SECTION_OF_CAUSE), "")
    if cause not in causes.FAMILIES and not section:
        section = next((section for part, section in SECTION_OF_ERROR.items() if part in error), "")
    return f"NumPy clinic, section {section.replace('. ', ': ').lower()}." if section and lesson != CLINIC else ""


# ---- failures


def failure(run):
    """What happened, in which line, what such an error means, and on which problem."""
    f = run.failure
    text = " ".join(f.text.split())
    text = text if len(text) <= 240 else text[:240] + " ..."
    if f.kind == "TimeoutError" and text.startswith(("still running", "waiting")):
        what = f"It was {text} and was stopped"
    elif f.kind == "Ended":
        what = f"{text[0].upper()}{text[1:]} It had a process of its own: nothing of the notebook is lost."
    else:
        what = f"{f.kind}: {text}" if text else f.kind
    line = f", in line {f.line} of your code" if f.line else ""
    source = f": `{f.source}`" if f.source else ""
    return lines(f"{what}{line}{source}", errors.meaning(f.text), where(run))


def where(run):
    """The problem and its sizes."""
    if not run.problem.args:
        return ""
    return f"The problem: {run.problem.label} ({', '.join(_sizes(run.problem.args))})."


def elsewhere(verdict, lead=""):
    """On which other problems it is right."""
    right = [run.problem.label for run, wrong in zip(verdict.runs, verdict.wrong, strict=True) if not wrong]
    if not right:
        return ""
    if len(verdict.runs) == len(right) + 1:
        return f"{lead}On the other problems{' so far' * verdict.trial.cut} it is right."
    more = f"; and {len(right) - 3} more" if len(right) > 3 else ""
    return f"{lead}It is right on: {'; '.join(right[:3])}{more}."


def _sizes(args):
    """Each argument with its shape, or its value if it is a number."""
    for name, v in args.items():
        if isinstance(v, np.ndarray) and v.ndim:
            yield f"{name} {v.shape}".replace(",)", ",)")
        elif isinstance(v, (int, float, np.number)):
            yield f"{name} = {v:.4g}"
        elif isinstance(v, (tuple, list)):
            yield f"{name} of {len(v)}"


# ---- the form of a result


def rearranged(names, which):
    """A result whose parts are known by their values. which: for each part the output that it is, "" for none."""
    if not any(which):
        return ""
    if len(names) == 1:
        place = ("first", "second", "third", *["later"] * len(which))[which.index(names[0])]
        return f"{len(which)} results came, one is asked for: {names[0]}. The {place} of yours is it: return it alone."
    if len(which) == len(names):
        if not all(which) or len(set(which)) < len(which):
            return ""
        return (
            f"All results are right, but in another order: expected are {', '.join(names)}; yours are "
            f"{', '.join(which)}."
        )
    known = list(dict.fromkeys(w for w in which if w))
    came = "One result came" if len(which) == 1 else f"{len(which)} results came"
    are = "is" if len(known) == 1 else "are"
    return f"{came}, {len(names)} are asked for: {', '.join(names)}, in this order. Of yours {_and(known)} {are} right."


def shape(verdict, i):
    """A sentence if an output of run i has another shape than expected."""
    run, expected, out = verdict.runs[i], verdict.expected[i], verdict.exercise.out
    if expected is None:
        return ""
    for name, got, want in zip(verdict.names, run.outputs, expected, strict=True):
        if got.a.ndim == want.a.ndim and verdict.exercise.judge and out[name] in FREE:
            continue
        if got.a.shape != want.a.shape:
            known = in_another_order(verdict, i) or _coded(name, got.a, want.a)
            return known or _shape(name if len(out) > 1 else "", out[name], got.a.shape, want.a.shape)
    return ""


def in_another_order(verdict, i):
    """A sentence if the outputs are all there, in another order, to judge by their shapes."""
    want, names = [v.a.shape for v in verdict.expected[i]], verdict.names
    got = [v.a.shape for v in verdict.runs[i].outputs]
    if len(set(want)) != len(want) or got == want or sorted(got) != sorted(want):
        return ""
    order = [names[want.index(s)] for s in got]
    return f"The results come in another order: expected are {', '.join(names)}; yours look like {', '.join(order)}."


def _coded(name, got, want):
    """A sentence if one-hot rows came for labels, or labels for one-hot rows."""
    if got.shape[:-1] == want.shape and _one_hot(got) and _whole(want):
        return f"These are one-hot rows; {name} asks for whole numbers: where in each row does the 1 stand?"
    if want.shape[:-1] == got.shape and _one_hot(want) and _whole(got):
        return f"These are labels; {name} asks for one-hot rows: a single 1 in each, in the column of the label."
    return ""


def _one_hot(a):
    return a.ndim > 1 and a.shape[-1] > 1 and bool(np.isin(a, (0, 1)).all() and (a.sum(-1) == 1).all())


def _whole(a):
    return bool(a.size and np.isfinite(a).all() and (a == np.round(a)).all())


def _shape(name, axes, got, want):
    what = f"{name} has" if name else "The result has"
    letters = f" ({', '.join(axes)}{',' * (len(axes) == 1)})" if axes else ""
    expected = f"{want}{letters}" if want else "a single number"
    return f"{what} shape {got if got else '() (a single number)'}; expected is {expected}. {_why(got, want, axes)}"


def _why(got, want, axes):
    """What may have led to the shape `got` in the place of `want`."""
    if len(got) == 2 and got == want[::-1]:
        return "Transposed?"
    if len(got) == len(want) + 1 and 1 in got and tuple(s for s in got if s != 1) == tuple(s for s in want if s != 1):
        return "One axis of length 1 is too much: was keepdims left on, or an index written as a slice?"
    if want[-2:] == (1, 1) and got == want[:-2]:
        return "With one column np.cov gives a number: `np.atleast_2d` makes a (1, 1) matrix of it."
    if not want:
        return "Is a sum over all of them missing?"
    if not got:
        return "Over which axis was summed that should have stayed?"
    if len(got) < len(want):
        missing = [f"{a} = {s}" for a, s in zip(axes, want, strict=False) if s not in got]
        return f"Which axis got lost{f' ({missing[0]})' if missing else ''}: over which one do you sum?"
    if len(got) > len(want):
        return "There is an axis too many: over which one is to be summed?"
    if sorted(got) == sorted(want):
        return "The axes are in another order."
    return "Which axis has the wrong length?"


# ---- its numbers


def not_finite(verdict, i):
    """A sentence if an output of run i is NaN or inf where the right one is not."""
    run, several = verdict.runs[i], len(verdict.names) > 1
    for name, got, want in zip(verdict.names, run.outputs, verdict.expected[i] or run.outputs, strict=True):
        bad = ~np.isfinite(got.a) & (np.isfinite(want.a) if got.a.shape == want.a.shape else True)
        if bad.any():
            kinds = [w for w, f in (("NaN", np.isnan), ("inf", np.isinf)) if f(got.a[bad]).any()]
            of = f" of {name}" if several else ""
            who = (
                f"{int(bad.sum())} of {bad.size} entries{of} are" if bad.size > 1 else f"{name if several else 'It'} is"
            )
            return (
                f"{who} {' or '.join(kinds)}. Where do you divide by something that can be 0, or take the logarithm of "
                "it or of a negative number, or exponentiate something large?"
            )
    return ""


def by_how_much(verdict, i):
    """Where run i differs and by how much."""
    run, expected = verdict.runs[i], verdict.expected[i]
    if expected is None:
        return lines("The result differs from the right one.", where(run))
    parts = []
    for name, got, want, floor in zip(verdict.names, run.outputs, expected, verdict.floors[i], strict=True):
        off, near = values.differences(got, want, floor)
        alone = len(verdict.names) == 1
        if near.all():
            parts += [] if alone else [f"{name} is right."]
        elif got.a.ndim == 0:
            parts.append(
                f"{'The result' if alone else name} is off by {_amount(off.max(), values.size(want), 'value')}."
            )
        else:
            first = f"the first of them at [{', '.join(str(int(u)) for u in np.argwhere(~near)[0])}]"
            amount = f"by up to {_amount(off.max(), values.size(want), 'largest entry')}"
            how = first if _whole(want.a) else amount
            parts.append(f"{int((~near).sum())} of {near.size} entries of {name} are wrong, {how}.")
    return lines(" ".join(parts), f"{where(run)}{elsewhere(verdict, ' ')}", FOLLOW)


def _amount(off, size, of):
    """A difference, seen from the size of what is right."""
    if not np.isfinite(off):
        return "an infinite amount"
    if size == 0 or off > 1e4 * size:
        return f"about {off:.1g}"
    whole = "the right value" if of == "value" else f"the {of}"
    share = float(f"{off / size:.1g}")
    return f"about {share:g} times {whole}" if share >= 1 else f"about {100 * share:g} % of {whole}"


def _and(names):
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


# ---- tables


def row_sums(label, sums):
    """The learner's own sums of rows that should sum to one."""
    shown = (f"{v:.3g}" if abs(v - 1) > 5e-3 else f"1 {v - 1:+.0e}" for v in sums[:6])
    rows = tuple((f"row {i} (point {i + 1})", v, "1") for i, v in enumerate(shown))
    return Table((label, "your sum", "should be"), rows)


def shapes(parts):
    """parts: (name, shape, the expected one)."""
    return Table(("result", "your shape", "expected"), tuple((n, str(got), str(want)) for n, got, want in parts))


def verdicts(problems):
    """problems: (label, is it wrong?)."""
    return Table(("problem", "your result"), tuple((label, "wrong" if bad else "right") for label, bad in problems))


def no_index(name):
    return (
        f"The numbers are right, but {name} cannot be used as an index: in brackets stand whole numbers (of type int), "
        "in an array or a list. Of which type are yours?"
    )


def boxed(runs):
    """If a number came in an array."""
    return BOXED if any(v.boxed for run in runs if isinstance(run, Returned) for v in run.outputs) else ""
