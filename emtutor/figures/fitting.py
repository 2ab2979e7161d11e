"""Pictures of lesson 05: shares beside labels, one iteration, when to stop, where starts end, how many components."""

from itertools import islice

import numpy as np

from emtutor import figures
from emtutor.figures import answers, picture
from emtutor.films import palette
from emtutor.maths import em, gaussian, kmeans


def labels_and_shares(x, mu, deviations):
    """The points by k-means, which gives each to one centre, and by responsibilities; both from the same centres.

    deviations (d,): the standard deviations of both components; k-means measures in them too.
    """
    labels = kmeans.assign(x / deviations, mu / deviations)
    Sigma = np.tile(np.diag(np.square(deviations)), (len(mu), 1, 1))
    r = gaussian.e_step(x, gaussian.Theta(np.full(len(mu), 1 / len(mu)), mu, Sigma))
    fig, axes = figures.canvas(2, width=10.5, height=3.8, sharey=True)
    for ax, share, title in zip(axes, (np.eye(len(mu))[labels], r), ("k-means: labels", "EM: shares"), strict=True):
        figures.points(ax, x, share)
        for j, centre in enumerate(mu):
            figures.ellipse(ax, centre, Sigma[j], j, deviations=1)
        figures.faithful_axes(ax, title)
        ax.label_outer()
    torn = int(((r.max(1) < 0.9) & (r.max(1) > 0)).sum())
    return picture(
        fig,
        "Old Faithful twice, with the same two centres. Left every point has the full colour of one centre. Right the "
        f"colours of {torn} points between the clouds are mixed: their largest share is below 0.9.",
    )


def one_iteration(model, x, theta):
    """The start, after one E-step, after one M-step, by the learner's functions where they have values."""
    whose = model.whose or "the package's"
    try:
        states = list(islice(em.steps(model, x, theta), 3))
        if not np.isfinite([s.log_likelihood for s in states]).all():
            raise ValueError("no finite log p")
    except (Exception, SystemExit):
        states, whose = list(islice(em.steps(gaussian.model, x, theta), 3)), "the package's: yours have no values"
    fig, axes = figures.canvas(3, width=11.5, height=3.6, sharey=True)
    for ax, step, name in zip(axes, states, ("start", "after E", "after M"), strict=True):
        figures.mixture(ax, x, step.theta, step.q)
        ax.set(title=f"{name}: log p = {step.log_likelihood:.1f}", xlim=(0.6, 6.4), ylim=(30, 105))
        ax.label_outer()
    return picture(
        fig,
        f"Three panels of Old Faithful with two ellipses (steps: {whose}). Start: grey points. After E: the same "
        "ellipses, points coloured by responsibility. After M: the same colours, ellipses moved.",
    )


def stopping(em_fit, x, theta, tols=(1e-2, 1e-3, 1e-4)):
    """log p over the iterations, and where the learner's em_fit stops for each tolerance."""
    limit = gaussian.fit(x, theta, tol=1e-11, max_iter=5000)
    fig, ax = figures.canvas(width=7, height=3.6)
    ax.plot(limit.log_likelihoods, color=palette.UNLABELLED, label="without an end")
    rest, whose = [], "yours"
    for j, tol in enumerate(tols):
        (*_, path), whose = answers.of(em_fit, _packaged, x, *theta, tol, 400)
        look = {"color": palette.COMPONENTS[j], "markersize": 9, "linestyle": "none"}
        ax.plot(len(path), path[-1], "os^"[j], label=f"tol = {tol:g}", **look)
        rest.append(f"{limit.log_likelihood - path[-1]:.2f} at {tol:g}")
    ax.set(xlabel="iteration", ylabel="log p (nats)", title=whose, xlim=(0, 450))
    ax.set(ylim=(limit.log_likelihood - 6, limit.log_likelihood + 0.5))
    ax.legend(loc="lower right")
    return picture(
        fig,
        "log p over the iterations climbs, rests on a plateau and climbs again. Marks show where em_fit stops "
        f"({whose}). What is still to come, in nats, by the tolerance: {', '.join(rest)}.",
    )


def _packaged(x, pi, mu, Sigma, tol, max_iter):
    found = em.fit(gaussian.model, x, gaussian.Theta(pi, mu, Sigma), tol=tol, max_iter=max_iter)
    return (*found.theta, np.array(found.log_likelihoods[1:]))


def matched(match_labels, x, seeds=(0, 1)):
    """The means of two runs, numbered as they came, and again after the learner's match_labels."""
    one, two = (gaussian.fit(x, gaussian.random_start(x, 2, np.random.default_rng(seed))).theta for seed in seeds)
    order, whose = answers.of(match_labels, _nearest, one.mu, two.mu)
    order = order.astype(int) if sorted(order) == list(range(len(order))) else np.arange(len(order))
    fig, axes = figures.canvas(3, width=11.5, height=3.4, sharey=True)
    again = one._replace(mu=one.mu[order], Sigma=one.Sigma[order])
    shown = (one, "run 1"), (two, "run 2"), (again, f"run 1, matched ({'yours' if whose == 'yours' else 'package'})")
    for ax, (theta, title) in zip(axes, shown, strict=True):
        figures.mixture(ax, x, theta)
        ax.set_title(title)
        ax.label_outer()
    first = ", ".join(f"{name} ({m[0]:.1f}, {m[1]:.0f})" for (theta, name) in shown[:2] for m in theta.mu[:1])
    return picture(
        fig,
        f"Old Faithful three times with the same two ellipses. The mean of component 1: {first}; after matching "
        f"({again.mu[0, 0]:.1f}, {again.mu[0, 1]:.0f}) ({whose}).",
    )


def _nearest(mu_a, mu_b):
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(((mu_b[:, None] - mu_a) ** 2).sum(2))[1]


# ---- failures


def local_maxima(x, seeds=(1, 0, 4)):
    """k = 3: where three starts end."""
    fig, axes = figures.canvas(3, width=11.5, height=3.6, sharey=True)
    ends = []
    for ax, seed in zip(axes, seeds, strict=True):
        end = gaussian.fit(x, gaussian.random_start(x, 3, np.random.default_rng(seed)), max_iter=5000)
        figures.mixture(ax, x, end.theta, gaussian.e_step(x, end.theta))
        ends.append(f"{end.log_likelihood:.1f}")
        ax.set_title(f"start {seed}: log p = {ends[-1]}")
        ax.label_outer()
    return picture(
        fig,
        f"Old Faithful with three ellipses, as three starts end, at log p = {', '.join(ends)}. First two of the "
        "ellipses share the short eruptions; then one lies between the clouds; last two share the long ones.",
    )


def fates(x, spread=(0.002, 0.2)):
    """Where EM ends if mean 1 is put on a point with a small covariance, for every fourth point of x."""
    all_data = np.cov(x.T, bias=True)
    kinds = {"collapse": [], "the good maximum": [], "another maximum": []}
    best = gaussian.fit(x, gaussian.named_starts(x, 2)["spread out"]).log_likelihood
    for point in x[::4]:
        Sigma = np.array([np.diag(spread), all_data])
        start = gaussian.Theta(np.array([0.5, 0.5]), np.array([point, x.mean(0)]), Sigma)
        try:
            reached = gaussian.fit(x, start, tol=1e-6, max_iter=2000).log_likelihood
            kind = "the good maximum" if abs(reached - best) < 0.1 else "another maximum"
        except ValueError:
            kind = "collapse"
        kinds[kind].append(point)
    fig, ax = figures.canvas(width=6.6, height=4.2)
    for (kind, where), mark, j in zip(kinds.items(), "Xos", (1, 2, 0), strict=True):
        if where:
            ax.plot(*np.array(where).T, mark, color=palette.COMPONENTS[j], label=f"{kind}: {len(where)}", markersize=7)
    figures.faithful_axes(ax, "where a small component on this point ends")
    ax.legend(loc="lower right")
    counts = ", ".join(f"{kind} {len(where)}" for kind, where in kinds.items())
    return picture(
        fig, f"Every fourth eruption, marked by what became of a small component that started on it: {counts}."
    )


# ---- starts, and the number of components


def chosen(x, most=4, starts=12):
    """BIC and log p over k = 1, .., most: the best of some random starts for each k."""
    n, d = x.shape
    ks, log_p = range(1, most + 1), []
    for k in ks:
        runs = [gaussian.random_start(x, k, np.random.default_rng(seed)) for seed in range(starts)]
        log_p.append(max(gaussian.fit(x, start, max_iter=5000).log_likelihood for start in runs))
    count = [k - 1 + k * d + k * d * (d + 1) // 2 for k in ks]
    bic = -2 * np.array(log_p) + np.array(count) * np.log(n)
    fig, axes = figures.canvas(2, width=10, height=3.4)
    for ax, values, name, j in ((axes[0], log_p, "log p of the best start", 0), (axes[1], bic, "BIC", 1)):
        ax.plot(ks, values, "o-", color=palette.COMPONENTS[j])
        for k, value in zip(ks, values, strict=True):
            ax.annotate(f"{value:.1f}", (k, value), (0, 7), textcoords="offset points", ha="center", size=9)
        ax.set(xlabel="k", ylabel=name, xticks=list(ks), xlim=(0.6, most + 0.4))
        ax.margins(y=0.2)
    words = [", ".join(f"{value:.1f}" for value in values) for values in (log_p, bic)]
    return picture(
        fig, f"Over k = 1, .., {most}: log p of the best of {starts} starts rises, {words[0]}. BIC is {words[1]}."
    )


def ways_to_start(x, k=4, starts=12):
    """Where starts end, by three recipes; and the best log p to be expected from the iterations spent."""
    recipes = {
        "random points": gaussian.random_start,
        "k-means++": spread_start,
        "k-means, from k-means++": kmeans_start,
    }
    fig, axes = figures.canvas(2, width=11, height=3.8)
    told = []
    for row, (name, recipe) in enumerate(recipes.items()):
        runs = [gaussian.fit(x, recipe(x, k, np.random.default_rng(seed)), max_iter=5000) for seed in range(starts)]
        ends, cost = np.array([run.log_likelihood for run in runs]), np.mean([run.iterations for run in runs])
        look = {"color": palette.COMPONENTS[row], "marker": "os^"[row]}
        axes[0].scatter(ends, row + np.linspace(-0.25, 0.25, starts), s=28, alpha=0.8, **look)
        many = np.arange(1, starts + 1)
        axes[1].plot(many * cost, expected_best(ends, many), linestyle=palette.DASHES[row], label=name, **look)
        told.append((name, ends))
    top = max(ends.max() for _, ends in told)
    axes[0].set_yticks(range(len(recipes)), list(recipes))
    axes[0].set(xlabel="log p in the end (nats)", title=f"k = {k}: {starts} starts each")
    axes[1].set(xlabel="EM iterations in all", ylabel="best log p so far, expected", title="the cost of many starts")
    axes[1].legend(loc="lower right")
    counts = "; ".join(f"{name}: {int((ends > top - 0.05).sum())}" for name, ends in told)
    return picture(
        fig,
        f"Left: where {starts} starts end for each of three recipes. The best log p, {top:.2f}, is reached by so many: "
        f"{counts}. Right: the best log p to be expected rises with the iterations spent, by all three.",
    )


def expected_best(ends, many):
    """The expected largest of m draws from `ends`, with replacement, for each m in `many`."""
    ends = np.sort(ends)
    below = np.arange(len(ends) + 1) / len(ends)
    return np.array([ends @ np.diff(below**m) for m in many])


def spread_start(x, k, rng):
    """k-means++: each further mean is a data point, drawn by its squared distance from the means so far."""
    return gaussian.random_start(x, k, np.random.default_rng(0))._replace(mu=_plus_plus(x, k, rng))


def kmeans_start(x, k, rng):
    """k-means from k-means++ means; then the weights, means and covariances of its clusters."""
    scale, labels = x.std(0), None
    for step in kmeans.steps(x / scale, _plus_plus(x, k, rng) / scale):
        if step.phase == "update" and np.array_equal(step.labels, labels):
            break
        labels = step.labels if step.phase == "update" else labels
    return gaussian.m_step(x, np.eye(k)[labels])


def _plus_plus(x, k, rng):
    scaled = x / x.std(0)
    chosen = [rng.integers(len(x))]
    while len(chosen) < k:
        away = ((scaled[:, None] - scaled[chosen]) ** 2).sum(2).min(1)
        chosen.append(rng.choice(len(x), p=away / away.sum()))
    return x[chosen]
