"""What the film of EM says: of the start, of each half-step, and of what is wrong with it."""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from emtutor.films.marks import number
from emtutor.films.scenes import common
from emtutor.maths import gaussian

PLEASE = {
    "no q": "in {} the rows of q were no distributions",
    "not the posterior": "in {} q was not the posterior",
    "L fell in E": "in {} L fell",
    "no theta": "in {} theta was out of bounds",
    "not the top": "in {} theta did not maximise L",
    "L fell in M": "in {} L fell",
    "log p fell": "in {} log p fell",
}  # what is wrong with half-steps, as it is told at the end


class Tale(NamedTuple):
    """What all sentences of one film need to know."""

    model: Any
    x: np.ndarray
    what: str  # "ellipses"
    bound: bool = True  # whether L and KL have a name yet
    culprit: Any = None  # the first step that left something undefined
    faults: list = []  # noqa: RUF012  (iteration, phase, key of PLEASE), as they are found
    prior: bool = False  # whether a prior is in what rises: then the M step does not maximise L alone

    def note(self, step):
        """What has no value here; where an earlier step is to blame, that one."""
        if not step.note or self.culprit is None or step is self.culprit:
            return common.note_of(step)
        first = self.culprit
        since = f"Since the {first.phase} step of iteration {first.t}"
        return f"{since}, what is undefined: {common.sentence(first.note)} Mend that step first. "


def first_fault(states):
    """The first step after which a figure has no value."""
    return next((step for step in states if step.note), None)


def in_all(tale, states):
    """What was wrong on the way, counted: no complaint vanishes with its frame."""
    steps = {phase: sum(step.phase == phase for step in states) for phase in "EM"}
    found = Counter((phase, key) for _, phase, key in tale.faults)
    told = [
        PLEASE[key].format(f"{count} of {steps[phase]} {phase} steps") for (phase, key), count in sorted(found.items())
    ]
    return f"On the way: {'; '.join(told)}." if told else ""


def label(step, before):
    if before is None:
        return "start"
    return f"{step.phase} {step.t}" if one_step(step, before) else f"iteration {step.t}"


def next_of(following, step):
    return following.phase if one_step(following, step) else f"to iteration {following.t}"


def one_step(step, before):
    return step.t - before.t == (step.phase == "E")


def head(step, before, what):
    if before is None:
        return "Start: no responsibilities yet"
    if not one_step(step, before):
        return f"Iteration {step.t}, {step.t - before.t} later"
    if np.isnan(step.log_likelihood):
        happens = "no valid theta"
    elif step.phase == "E":
        happens = f"colours {'change' if _recoloured(step, before) else 'stay'}"
        happens = "no valid q" if np.isnan(step.elbo) else happens
    else:
        happens = f"{what} {'stay' if _same(step.theta, before.theta) else 'move'}"
    return f"Iteration {step.t}, {step.phase} step: {happens}"


def figures(step, bound=True):
    """The heading of the staircase."""
    if step.q is None or not bound:
        return f"log p = {number(step.log_likelihood)}"
    return f"log p = {number(step.log_likelihood)}, KL = {number(step.kl)}"


def told(tale, step, before):
    """The words of one frame."""
    model, x = tale.model, tale.x
    if before is None:
        packaged = model in (gaussian.model, gaussian.tied)
        whose = model.whose or f"the {'package' if packaged else 'model'}'s e_step and m_step"
        start = f"Start with log p = {number(step.log_likelihood)} nats."
        return f"Steps shown: {whose}. {tale.note(step)}{start} {_components(step)}"
    if not one_step(step, before):
        gain = step.log_likelihood - before.log_likelihood
        rise = f"log p {common.change(gain, 4)}; it is {number(step.log_likelihood, 4)}."
        many = step.t - before.t
        return f"{many} iteration{'s' * (many > 1)} later: {rise} {tale.note(step)}{_moved(x, before, step)}".strip()
    return _after_e(tale, step, before) if step.phase == "E" else _after_m(tale, step, before)


def _after_e(tale, step, before):
    what, fault = tale.what, lambda key: tale.faults.append((step.t, "E", key))
    if not np.isfinite(step.elbo):
        if step is tale.culprit or not (tale.culprit and np.isnan(before.log_likelihood)):
            fault("no q")
        stays = f"The {what} stay, log p is {number(step.log_likelihood)}."
        return f"E step: the colours show the q that came back. {tale.note(step)}{stays}"
    colours = f"the colours change, the {what} stay" if _recoloured(step, before) else "no colour changes visibly"
    parts = [f"E step: {colours}. {_switched(step, before)}"]
    if before.q is None:
        parts.append(f"L starts at {number(step.elbo)}." if tale.bound else "")
    else:
        rise = f"L {common.change(step.elbo - before.elbo)}, " if tale.bound else ""
        parts.append(
            f"{rise}log p stays at {number(step.log_likelihood)}.".replace("log", "Log" if not rise else "log", 1)
        )
        if common.exceeds(before.elbo, step.elbo):
            fault("L fell in E")
            parts.append("L fell: an E step that sets q to the posterior never lowers it." if tale.bound else "")
    if step.kl < 1e-6:
        parts.append("KL is 0: q is the posterior, and L touches log p." if tale.bound else "")
    else:
        fault("not the posterior")
        gap = f"KL is {number(step.kl)} nats, not 0: this" if tale.bound else "This"
        parts.append(f"{gap} q is not the posterior of these {what}.")
    return " ".join(part.strip() for part in parts if part)


def _switched(step, before):
    q = np.asarray(step.q)
    shared = int((q.max(1) < 0.9).sum())
    sure = f"{shared} of {len(q)} points {'is' if shared == 1 else 'are'} shared (largest share below 0.9)."
    if before.q is None or np.shape(before.q) != q.shape or q.shape[1] == 1:
        return sure if q.shape[1] > 1 else "With one component every share is 1."
    switched = int((q.argmax(1) != np.argmax(before.q, 1)).sum())
    return f"{switched} point{'s' * (switched != 1)} changed sides, {sure}"


def _recoloured(step, before):
    """Whether the points look different after the E step."""
    if before.q is None:
        return True
    old, new = (common.blend(q, len(step.q)) for q in (before.q, step.q))
    return any(not np.array_equal(a, b) for a, b in zip(old, new, strict=True))


def _after_m(tale, step, before):
    what, fault = tale.what, lambda key: tale.faults.append((step.t, "M", key))
    gain = step.log_likelihood - before.log_likelihood
    if not np.isfinite(step.log_likelihood):
        if step is tale.culprit:
            fault("no theta")
        return f"M step: the {what} show the theta that came back. {tale.note(step)}The colours stay."
    if _same(step.theta, before.theta):
        return f"M step: nothing moves, theta is a fixed point. log p stays at {number(step.log_likelihood)}."
    parts = [f"M step: the {what} move, the colours stay. {_moved(tale.x, before, step)}"]
    to = "stays at" if abs(gain) < 1e-9 else f"{common.change(gain)} to"
    parts.append(f"log p {to} {number(step.log_likelihood)}.")
    if np.isfinite(step.elbo) and np.isfinite(before.elbo):
        parts += _of_bound(tale, step, before, fault)
    elif step.note:
        parts.append(tale.note(step))
    if common.exceeds(before.log_likelihood, step.log_likelihood):
        fault("log p fell")
        right = "right after KL was 0, " if tale.bound else ""
        parts.append(
            f"log p fell: an M step that maximises {'L' if tale.bound else 'its bound'}, {right}never lowers it."
        )
    return " ".join(part.strip() for part in parts if part)


def _of_bound(tale, step, before, fault):
    """Sentences on L and KL; where they have no name yet, only what is wrong."""
    opens = "opens to" if step.kl > before.kl else "is now"
    parts = [f"L {common.change(step.elbo - before.elbo)}, KL {opens} {_size(step.kl)}."] if tale.bound else []
    if common.exceeds(before.elbo, step.elbo):
        fault("L fell in M")
        return [*parts, "L fell: the M step that maximises L over theta never lowers it."] if tale.bound else parts
    if tale.model.whose and not tale.prior and (length := _better_length(tale.model, tale.x, before, step)):
        fault("not the top")
        best = "maximise L" if tale.bound else "take the best place"
        parts.append(f"But this theta does not {best}: a step {length:g} times as long would end higher.")
    return parts


def _better_length(model, x, before, step):
    """How many times the M step's length would end at a higher L; None where no other length does, as at its top."""
    lengths = (0.5, 0.9, 0.98, 1.02, 1.1)
    try:
        ends = [common.along(before.theta, step.theta, s) for s in lengths]
    except (TypeError, ValueError):  # another number of components
        return None
    reached = np.nan_to_num([common.value(model.elbo, x, step.q, theta) for theta in ends], nan=-np.inf)
    return lengths[int(reached.argmax())] if common.exceeds(reached.max(), step.elbo) else None


def _same(theta, other):
    pairs = zip(theta, other, strict=True)
    return all(np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-12, atol=1e-12) for a, b in pairs)


def _moved(x, before, step):
    """Which mean went furthest, in standard deviations of the data."""
    try:
        away = (np.asarray(step.theta[1], float) - np.asarray(before.theta[1], float)) / np.maximum(x.std(0), 1e-300)
        far = np.sqrt((away**2).sum(1))
    except (ValueError, IndexError, TypeError):
        return ""
    if not np.isfinite(far).all():
        return ""
    j = int(far.argmax())
    if far[j] < 1e-4:
        return "No mean moves by more than 0.0001 standard deviations. "
    digits = 2 if far[j] >= 0.01 else 4
    furthest = "furthest, " if len(far) > 1 else ""
    return f"Mean {j + 1} moves {furthest}by {number(far[j], digits)} standard deviations of the data. "


def _components(step):
    pi, mu = np.asarray(step.theta[0], float), np.asarray(step.theta[1], float)
    means = [", ".join(number(v) for v in m[:2]) for m in mu]
    return " ".join(f"Component {j + 1} has weight {number(pi[j])} and mean ({means[j]})." for j in range(len(pi)))


def _size(kl):
    return number(kl) if kl >= 0.005 else "less than 0.01"
