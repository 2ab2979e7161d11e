"""The scene `em`: data, responsibilities and ellipses on the left, log p = L + KL as a staircase on the right."""

from typing import NamedTuple

import numpy as np

from emtutor.films import film
from emtutor.films.film import number
from emtutor.films.scenes import common
from emtutor.maths import arguments, gaussian
from emtutor.maths import em as half_steps
from emtutor.maths.fit import limits
from emtutor.maths.theta import check_with

CROWD = 1000  # more points than this are thinned in the picture
LATER = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)  # of every power of 32: the iterations kept once all are no longer shown


def em(model, x, theta0, iterations=25, *, labels=None, title=None, tol=1e-6, max_iter=300):
    """Film of EM, half-step by half-step, for any model whose theta is (pi, mu, Sigma) and whose q is r (n, k).

    Every half-step of the first `iterations` is a frame; after them a few iterations are kept, until log p changes by
    less than `tol` or `max_iter` is reached. x (n, d) with d = 1 is drawn as a density, with d > 2 by its first two
    columns. A learner's wrong steps are shown as they are; one that raises or hangs ends the film with a sentence.
    labels: a name with its unit for each column.
    """
    x, *_ = check_with(x, theta0)  # else the first picture fails, and not with its own name
    names, title = common.labels_of(x, labels), arguments.text("title", title)
    iterations = common.iterations_of(iterations)
    tol, max_iter = limits(tol, common.iterations_of(max_iter, "max_iter", common.ITERATIONS))
    states, ending = _run(model, x, theta0, iterations, tol, max_iter)
    drawing = _Line(x, states) if x.shape[1] == 1 else _Plane(x, states)
    kept = _kept(states, iterations)
    stair = common.Staircase(kept, [states[i].log_likelihood for i in kept], [states[i].elbo for i in kept])
    shown = [states[i] for i in kept]
    frames, before = [], None
    for position, step in enumerate(shown):
        following = shown[position + 1] if position + 1 < len(shown) else None
        frames.append(
            film.Frame(
                marks=(*drawing.marks(step, _trace(shown, position)), *stair.marks(position)),
                words=_words(model, x, step, before, drawing.what),
                label=_label(step, before),
                next=_next(following, step) if following else "",
                heads=(_head(step, before, drawing.what), _figures(step)),
                views=(None, stair.view(position)),
            )
        )
        before = step
    last = frames[-1]
    if ending.failed:
        frames[-1] = last._replace(next="M" if before.phase == "E" else "E")
        frames.append(last._replace(words=ending.words, label="stopped", next="", heads=("Stopped", last.heads[1])))
    else:
        frames[-1] = last._replace(words=f"{last.words} {ending.words}")
    k = len(np.atleast_1d(states[0].theta[0]))
    left_out = "" if x.shape[1] <= 2 else f" Only the first two of {x.shape[1]} columns are drawn."
    left_out += "" if len(x) <= CROWD else f" One point of {_every(x)} is drawn; EM uses all."
    return film.Film(
        title=title or f"EM, {k} component{'s' * (k > 1)}, {len(x)} points",
        caption=f"{drawing.caption} An E step changes colours only, an M step moves {drawing.what} only.{left_out}",
        panels=(
            drawing.panel(names),
            common.staircase_panel(),
        ),
        frames=tuple(frames),
    )


class _Ending(NamedTuple):
    words: str
    failed: bool = False


def _run(model, x, theta0, iterations, tol, max_iter):
    """All states until EM has converged, may not go on, or fails; and how it ended, in words."""
    states, steps = [], half_steps.steps(model, x, theta0)
    while True:
        stopped = common.next_state(steps, states)
        if stopped:
            return states, _Ending(stopped, failed=True)
        step = states[-1]
        if step.phase != "M":
            continue
        gain = step.log_likelihood - states[-3].log_likelihood
        if abs(gain) < tol:
            count = f"{step.t} iteration{'s' * (step.t > 1)}"
            words = f"Converged after {count}: log p changed by less than {tol:g} nats in the last one."
            return states, _Ending(words)
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


# ---- words


def _label(step, before):
    if before is None:
        return "start"
    return f"{step.phase} {step.t}" if _one_step(step, before) else f"iteration {step.t}"


def _next(following, step):
    return following.phase if _one_step(following, step) else f"to iteration {following.t}"


def _one_step(step, before):
    return step.t - before.t == (step.phase == "E")


def _head(step, before, what):
    if before is None:
        return "Start: no responsibilities yet"
    if not _one_step(step, before):
        return f"Iteration {step.t}, {step.t - before.t} later"
    if np.isnan(step.log_likelihood):
        happens = "no valid theta"
    elif step.phase == "E":
        happens = f"colours {'change' if _recoloured(step, before) else 'stay'}"
        happens = "no valid q" if np.isnan(step.elbo) else happens
    else:
        happens = f"{what} {'stay' if _same(step.theta, before.theta) else 'move'}"
    return f"Iteration {step.t}, {step.phase} step: {happens}"


def _figures(step):
    if step.q is None:
        return f"log p = {number(step.log_likelihood)}"
    return f"log p = {number(step.log_likelihood)}, KL = {number(step.kl)}"


def _words(model, x, step, before, what):
    if before is None:
        packaged = model in (gaussian.model, gaussian.tied)
        whose = model.whose or f"the {'package' if packaged else 'model'}'s e_step and m_step"
        start = f"Start with log p = {number(step.log_likelihood)} nats."
        return f"Steps shown: {whose}. {common.note_of(step)}{start} {_components(step)}"
    if not _one_step(step, before):
        gain = step.log_likelihood - before.log_likelihood
        rise = f"log p {common.change(gain, 4)}; it is {number(step.log_likelihood, 4)}."
        many = step.t - before.t
        return (
            f"{many} iteration{'s' * (many > 1)} later: {rise} {common.note_of(step)}{_moved(x, before, step)}".strip()
        )
    return _after_e(step, before, what) if step.phase == "E" else _after_m(model, x, step, before, what)


def _after_e(step, before, what):
    if not np.isfinite(step.elbo):
        stays = f"The {what} stay, log p is {number(step.log_likelihood)}."
        return f"E step: the colours show the q that came back. {common.note_of(step)}{stays}"
    colours = f"the colours change, the {what} stay" if _recoloured(step, before) else "no colour changes visibly"
    parts = [f"E step: {colours}. {_switched(step, before)}"]
    if before.q is None:
        parts.append(f"L starts at {number(step.elbo)}.")
    else:
        parts.append(f"L {common.change(step.elbo - before.elbo)}, log p stays at {number(step.log_likelihood)}.")
        if common.exceeds(before.elbo, step.elbo):
            parts.append("L fell: an E step that sets q to the posterior never lowers it.")
    if step.kl < 1e-6:
        parts.append("KL is 0: q is the posterior, and L touches log p.")
    else:
        parts.append(f"KL is {number(step.kl)} nats, not 0: this q is not the posterior of these {what}.")
    return " ".join(parts)


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


def _after_m(model, x, step, before, what):
    gain = step.log_likelihood - before.log_likelihood
    if not np.isfinite(step.log_likelihood):
        return f"M step: the {what} show the theta that came back. {common.note_of(step)}The colours stay."
    if _same(step.theta, before.theta):
        return f"M step: nothing moves, theta is a fixed point. log p stays at {number(step.log_likelihood)}."
    parts = [f"M step: the {what} move, the colours stay. {_moved(x, before, step)}"]
    to = "stays at" if abs(gain) < 1e-9 else f"{common.change(gain)} to"
    parts.append(f"log p {to} {number(step.log_likelihood)}.")
    if np.isfinite(step.elbo) and np.isfinite(before.elbo):
        opens = "opens to" if step.kl > before.kl else "is now"
        parts.append(f"L {common.change(step.elbo - before.elbo)}, KL {opens} {_size(step.kl)}.")
        if common.exceeds(before.elbo, step.elbo):
            parts.append("L fell: the M step that maximises L over theta never lowers it.")
        elif model.whose and (length := _better_length(model, x, before, step)):
            parts.append(f"But this theta does not maximise L: a step {length:g} times as long would end higher.")
    elif common.note_of(step):
        parts.append(common.note_of(step))
    if common.exceeds(before.log_likelihood, step.log_likelihood):
        parts.append("log p fell: an M step that maximises L, right after KL was 0, never lowers it.")
    return " ".join(part.strip() for part in parts)


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


# ---- pictures of theta

MIXED = "A point's colour mixes the components' by its responsibilities; its shape is that of the largest."


class _Plane:
    """Two columns: points, and each component as an ellipse at two standard deviations."""

    caption = "Each ellipse is one component at two standard deviations. " + MIXED
    what = "ellipses"

    def __init__(self, x, states):
        self.n, self.x = len(x), x[:: _every(x), :2]
        room = common.around(self.x, margin=0.35)
        self.ellipses = _once(_ellipses, states)
        curves = [film.curve(six) for ellipses in self.ellipses.values() for _, six in ellipses]
        curves = [
            np.clip(c, [room[0][0], room[1][0]], [room[0][1], room[1][1]]) for c in curves if np.isfinite(c).all()
        ]
        self.limits = common.around(self.x, *curves, margin=0.03)

    def panel(self, names):
        return film.Panel(names[0], names[1], *self.limits, width=500)

    def marks(self, step, old):
        """step: the state; old: the theta that the last M step left, or None."""
        colours, shapes = _looks(step.q, self.n, self.x)
        marks = [film.points("data", self.x, colour=colours, shape=shapes, size=4.6)]
        for j, six in self.ellipses.get(id(old), ()):
            marks.append(film.ellipse(f"before {j + 1}", six, colour="muted", dash=3, width=1.3))
        ellipses = self.ellipses[id(step.theta)]
        for j, six in ellipses:
            marks.append(film.ellipse(f"component {j + 1}", six, colour=common.colour(j), dash=common.dash(j)))
        numbered = [(j, six[:2]) for j, six in ellipses if common.within(six[:2], self.limits)]
        centres = common.apart([centre for _, centre in numbered], self.limits)
        for (j, _), at in zip(numbered, centres, strict=True):
            marks.append(film.text(f"number {j + 1}", at, str(j + 1), ring=common.colour(j)))
        return marks


class _Line:
    """One column: points on the axis, and each component as its weighted density."""

    caption = "Each curve is one component's weight times its density. " + MIXED
    what = "curves"

    def __init__(self, x, states):
        self.n, self.x = len(x), x[:: _every(x), 0]
        self.xlim, _ = common.around(np.column_stack([self.x, self.x]), margin=0.15)
        self.bells = _once(_bells, states)
        heights = [bell[0] for bells in self.bells.values() for _, bell in bells]
        self.top = min(max(heights, default=1.0), 40 / (self.xlim[1] - self.xlim[0]))
        self.row = -0.05 * self.top - 0.04 * self.top * (np.arange(len(self.x)) * 0.618034 % 1)

    def panel(self, names):
        return film.Panel(names[0], "weight times density", self.xlim, (-0.13 * self.top, 1.08 * self.top))

    def marks(self, step, old):
        colours, shapes = _looks(step.q, self.n, self.x)
        marks = [film.points("data", np.column_stack([self.x, self.row]), colour=colours, shape=shapes, size=4.6)]
        for j, bell in self.bells.get(id(old), ()):
            marks.append(film.bell(f"before {j + 1}", *bell, colour="muted", dash=3, width=1.3))
        bells = self.bells[id(step.theta)]
        for j, bell in bells:
            marks.append(film.bell(f"component {j + 1}", *bell, colour=common.colour(j), dash=common.dash(j)))
        room = (self.xlim, (0, 1.2 * self.top))
        numbered = [(j, np.array([mean, min(height, self.top)])) for j, (height, mean, _) in bells]
        numbered = [(j, at) for j, at in numbered if common.within(at, room)]
        for (j, _), at in zip(numbered, common.apart([at for _, at in numbered], room), strict=True):
            marks.append(film.text(f"number {j + 1}", at, str(j + 1), ring=common.colour(j)))
        return marks


def _once(shapes, states):
    """{id of theta: the list of its shapes}; the start and the first E step, an M and the next E share their theta."""
    thetas = {id(step.theta): step.theta for step in states}
    return {key: list(shapes(theta)) for key, theta in thetas.items()}


def _bells(theta):
    """(j, (height, mean, standard deviation)) for each component of one dimension that can be drawn."""
    try:
        parts = [np.ravel(np.asarray(part, float)) for part in theta]
    except (ValueError, TypeError):
        return
    for j, (pi, mean, var) in enumerate(zip(*parts, strict=False)):
        if np.isfinite([pi, mean, var]).all() and var > 0:
            yield j, (pi / np.sqrt(2 * np.pi * var), mean, np.sqrt(var))


def _every(x):
    return -(-len(x) // CROWD)


def _looks(q, n, drawn):
    """Colours and shapes of the points that are drawn: one of every so many; grey without a q."""
    colours, shapes = common.blend(np.zeros((0, 0)) if q is None else q, n)
    every = _every(range(n))
    return colours[::every][: len(drawn)], shapes[::every][: len(drawn)]


def _ellipses(theta):
    """(j, six numbers of the ellipse at two standard deviations) for each component that can be drawn."""
    try:
        mu, Sigma = np.asarray(theta[1], float), np.asarray(theta[2], float)
        pairs = list(zip(mu, Sigma, strict=True))
    except (ValueError, TypeError, IndexError):
        return
    for j, (m, S) in enumerate(pairs):
        if m.shape[0] < 2 or S.ndim != 2 or min(S.shape) < 2:
            continue
        S = (S[:2, :2] + S[:2, :2].T) / 2
        if not (np.isfinite(m[:2]).all() and np.isfinite(S).all()):
            continue
        values, vectors = np.linalg.eigh(S)
        root = 2 * vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
        yield j, np.concatenate([m[:2], root.ravel()])


def _trace(shown, position):
    """The theta from which the last move led here: it stays as a dotted trace until the next one; None at first."""
    moves = [a for a in (position, position - 1) if a > 0 and shown[a].phase == "M"]
    return shown[moves[0] - 1].theta if moves else None
