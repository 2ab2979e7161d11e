"""The scene `em`: data, responsibilities and ellipses on the left, log p = L + KL as a staircase on the right."""

import re
from typing import NamedTuple

import numpy as np

from emtutor.films import film
from emtutor.films.scenes import at_rest, by_hand, common, learners, pictures
from emtutor.films.scenes import mixture_words as words
from emtutor.maths import arguments, formulas
from emtutor.maths import em as half_steps
from emtutor.maths.degenerate import Degenerate, collapsed
from emtutor.maths.fit import limits
from emtutor.maths.theta import Theta, check_with

LATER = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)  # of every power of 32: the iterations kept once all are no longer shown
NEARLY = 1e-3  # a standard deviation this small beside the data's own may be too small for a learner's density
WITH_PRIOR = "log p(x | θ) + log p(θ)"


def em(model, x, theta0, iterations=25, *, labels=None, title=None, tol=1e-6, max_iter=300, bound=True, log_prior=None):
    """Film of EM, half-step by half-step, for any model whose theta is (pi, mu, Sigma) and whose q is r (n, k).

    Every half-step of the first `iterations` is a frame; after them a few iterations are kept, until log p changes by
    less than `tol` or `max_iter` is reached. x (n, d) with d = 1 is drawn as a density, with d > 2 by its first two
    columns. A learner's wrong steps are shown as they are; one that raises or hangs ends the film with a sentence.
    labels: a name with its unit for each column. bound: whether L and KL are shown; False before they have a name.
    log_prior: theta -> log p(theta), for an M-step under a prior: then log p + log prior is drawn, which never falls.
    Means, ellipses and points can be taken by hand.
    """
    x, *_ = check_with(x, theta0)  # else the first picture fails, and not with its own name
    names, title = common.labels_of(x, labels), arguments.text("title", title)
    iterations = common.iterations_of(iterations)
    tol, max_iter = limits(tol, common.iterations_of(max_iter, "max_iter", common.ITERATIONS))
    bound = arguments.one_of("bound", bound, True, False)
    if log_prior is not None and not callable(log_prior):
        raise ValueError(f"log_prior must be a function of theta, got {arguments.shown(log_prior)}")
    theta0 = Theta(*(np.asarray(part, float) for part in theta0))
    with learners.guarded(model) as guarded:
        states, ending = _run(guarded, x, theta0, iterations, tol, max_iter, log_prior)
    kept = _kept(states, iterations)
    shown = [states[i] for i in kept]
    drawing = (pictures.Line if x.shape[1] == 1 else pictures.Plane)(x, shown)
    stair = common.Staircase(kept, [s.log_likelihood for s in shown], [s.elbo for s in shown], bound=bound)
    tale = words.Tale(model, x, drawing.what, bound, words.first_fault(states), [], bool(log_prior))
    hands = by_hand.Hands(tale, names, shown, drawing, stair)
    frames = _frames(tale, shown, drawing, stair, hands)
    last = frames[-1]
    if ending.failed:
        frames[-1] = last._replace(next="M" if shown[-1].phase == "E" else "E")
        frames.append(last._replace(words=ending.words, label="stopped", next="", heads=("Stopped", last.heads[1])))
        hands.shown = [*shown, shown[-1]]
    else:
        rest = (
            ""
            if log_prior or not ending.converged
            else at_rest.told(model, x, theta0, shown[-1].theta, tol, tale.faults)
        )
        said = [last.words, ending.words, rest, words.in_all(tale, shown)]
        frames[-1] = last._replace(words=" ".join(part for part in said if part))
    k = len(theta0.pi)
    left_out = "" if x.shape[1] <= 2 else f" Only the first two of {x.shape[1]} columns are drawn."
    left_out += "" if len(x) <= pictures.CROWD else f" One point of {pictures.every(x)} is drawn; EM uses all."
    made = film.Film(
        title=title or f"EM, {k} component{'s' * (k > 1)}, {len(x)} points",
        caption=f"{drawing.caption} An E step changes colours only, an M step moves {drawing.what} only.{left_out}",
        panels=(drawing.panel(names), common.staircase_panel(WITH_PRIOR if log_prior else common.LOG_P, bound)),
        frames=tuple(frames),
    )
    if log_prior:
        return _renamed(made)
    options = {"labels": labels, "title": title, "tol": tol, "max_iter": max_iter, "bound": bound}
    return made._replace(
        handles=hands.handles,
        hand=hands.frame,
        onward=lambda i, places: em(model, x, hands.theta(i, places), iterations, **options),
    )


def _frames(tale, shown, drawing, stair, hands):
    frames, before = [], None
    for position, step in enumerate(shown):
        following = shown[position + 1] if position + 1 < len(shown) else None
        frames.append(
            film.Frame(
                marks=(*drawing.marks(step.q, step.theta, _trace(shown, position)), *stair.marks(position)),
                words=words.told(tale, step, before),
                label=words.label(step, before),
                next=words.next_of(following, step) if following else "",
                heads=(words.head(step, before, drawing.what), words.figures(step, tale.bound)),
                views=(None, stair.view(position)),
                places=hands.places(step.theta),
            )
        )
        before = step
    return frames


def _renamed(made):
    """The same film with "log p" called what it is where a prior is in it, and with nothing to take by hand."""

    def name(text):
        return re.sub(r"log p\b(?!\()", "log p(x, θ)", text)

    return made._replace(
        frames=tuple(f._replace(words=name(f.words), heads=tuple(map(name, f.heads)), places=()) for f in made.frames)
    )


class _Ending(NamedTuple):
    words: str
    failed: bool = False
    converged: bool = False


def _with_prior(step, log_prior):
    prior = common.value(log_prior, step.theta)
    return step._replace(log_likelihood=step.log_likelihood + prior, elbo=step.elbo + prior)


def _with_cause(x, step, stopped):
    """A step that failed on a component that has all but collapsed: that is the cause, whatever the step raised."""
    shape = (len(np.atleast_1d(step.theta.pi)), x.shape[1], x.shape[1])
    if step.phase != "M" or "collapsed" in stopped or np.shape(step.theta.Sigma) != shape:
        return stopped
    extent = np.linalg.eigvalsh(np.nan_to_num(step.theta.Sigma / np.outer(x.std(0), x.std(0)), nan=1.0)).min(1)
    j = int(extent.argmin())
    if extent[j] > NEARLY**2 or not np.isfinite(step.theta.Sigma).all():
        return stopped
    R_j = common.value(lambda: np.asarray(step.q, float).sum(0)[j])
    what = f"{collapsed(j, R_j)}. Then t"
    return f"Stopped: after the M step of iteration {step.t}, {what}{stopped.removeprefix('Stopped: t')}"


def _collapsed(x, step, model):
    """The sentence on a component that a learner's M-step has left without extent; "" if there is none."""
    if not model.whose or step.q is None:
        return ""
    try:
        formulas.refuse_collapse(x, np.asarray(step.q, float).sum(0), np.asarray(step.theta.Sigma, float))
    except Degenerate as collapse:
        return str(collapse)
    except (ValueError, TypeError, IndexError, np.linalg.LinAlgError):
        pass
    return ""


def _run(model, x, theta0, iterations, tol, max_iter, log_prior=None):
    """All states until EM has converged, may not go on, or fails; and how it ended, in words."""
    states, steps = [], half_steps.steps(model, x, theta0)
    while True:
        stopped = common.next_state(steps, states)
        if stopped:
            return states, _Ending(_with_cause(x, states[-1], stopped), failed=True)
        if log_prior:
            states[-1] = _with_prior(states[-1], log_prior)
        step = states[-1]
        if step.phase != "M":
            continue
        if collapse := _collapsed(x, step, model):
            return states, _Ending(f"Stopped: after the M step of iteration {step.t}, {collapse}.", failed=True)
        gain = step.log_likelihood - states[-3].log_likelihood
        if abs(gain) < tol:
            count = f"{step.t} iteration{'s' * (step.t > 1)}"
            words = f"Converged after {count}: log p changed by less than {tol:g} nats in the last one."
            return states, _Ending(words, converged=True)
        if step.t >= max(max_iter, iterations) or (step.t >= iterations and not np.isfinite(gain)):
            ending = (
                f"the last one changed log p by {gain:.2g} nats".replace("-", "−")
                if np.isfinite(gain)
                else "log p has no value"
            )
            return states, _Ending(f"Not converged after {step.t} iterations: {ending}.")


def _kept(states, iterations):
    """Indices of the states that become frames: all at first, then whole iterations further and further apart."""
    last = states[-1].t
    later = {iterations + m * 32**p for p in range(3) for m in LATER} | {last}
    return [
        i
        for i, s in enumerate(states)
        if s.t <= iterations or (s.t in later and (s.phase == "M" or i == len(states) - 1))
    ]


def _trace(shown, position):
    """The theta from which the last move led here: it stays as a dotted trace until the next one; None at first."""
    moves = [a for a in (position, position - 1) if a > 0 and shown[a].phase == "M"]
    return shown[moves[0] - 1].theta if moves else None
