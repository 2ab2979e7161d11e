"""Questions 1 to 5 and 10: responsibilities, a gradient, weights, M-steps, one iteration, a prior.

Everything that a hand must compute is drawn so that it comes out in small fractions or powers of two.
"""

import numpy as np

from emtutor.causes import Problem, Quantity
from emtutor.exam.marking import HALF, Part, Question, Slip, choice, function, near, order
from emtutor.exam.printed import head, options, row, shuffled
from emtutor.exam.reading import Unread, numbers
from emtutor.tutor.exercise import Exercise, Mistake


def shares(rng, n, k):
    """(n, k), rows positive that sum to one."""
    return rng.dirichlet(np.full(k, 2.0), size=n)


def asked(solution, lesson, statement, out, problems, mistakes, **more):
    """The record of a function that the exam asks for: the tutor judges it after hand-in."""
    return Exercise(solution, lesson=lesson, statement=statement, out=out, problems=lambda rng: problems, hints=[],
                    mistakes=[Mistake(*mistake) for mistake in mistakes], **more)  # fmt: skip


# ---- 1: responsibilities

# The index of the sum is m, not j': a prime on a small index is lost in print.
TRUE_LINES = (
    r"$\dfrac{p(x_i, z_{ij} = 1)}{p(x_i)}$",
    r"$\dfrac{p(z_{ij} = 1)\, p(x_i \mid z_{ij} = 1)}{p(x_i)}$",
    r"$\dfrac{p(z_{ij} = 1)\, p(x_i \mid z_{ij} = 1)}{\sum_m p(z_{im} = 1)\, p(x_i \mid z_{im} = 1)}$",
    r"$\dfrac{\pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_m \pi_m \mathcal{N}(x_i; \mu_m, \Sigma_m)}$",
)
FALSE_LINES = {
    r"$\dfrac{\pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_m \pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)}$":
        "its sum has k equal terms, so it is 1/k for all points.",
    r"$\dfrac{\pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_m \pi_j \mathcal{N}(x_m; \mu_j, \Sigma_j)}$":
        "its sum runs over points, and not over components.",
    r"$\dfrac{\mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_m \mathcal{N}(x_i; \mu_m, \Sigma_m)}$":
        "its weights are missing: it is right only where all weights are equal.",
}  # fmt: skip


def answer_1b(density, pi):
    weighted = pi * density
    return weighted / weighted.sum(axis=1, keepdims=True)


def draw_1(rng):
    """Bayes' rule in four lines, and in code."""
    text, right, why = shuffled(rng, TRUE_LINES, FALSE_LINES)
    problems = [
        Problem("three components", {"density": rng.uniform(0.05, 2, (5, 3)), "pi": shares(rng, 1, 3)[0]}),
        Problem("as many points as components", {"density": rng.uniform(0.05, 2, (3, 3)), "pi": shares(rng, 1, 3)[0]}),
        Problem("one component", {"density": rng.uniform(0.05, 2, (4, 1)), "pi": np.ones(1)}),
    ]
    exercise = asked(answer_1b, "05-em", "r (n, k) from density (n, k) and pi (k,).", {"r": "nk"}, problems, [
        ("no-weights", lambda density, pi: density / density.sum(1, keepdims=True),
         "The weights pi are missing: a rare component is not as likely as a common one."),
        ("over-points", lambda density, pi: pi * density / (pi * density).sum(0),
         "You normalise over the points. Each point hands out one unit: along which axis?"),
        ("same-index", lambda density, pi: np.full_like(density, 1 / len(pi)),
         "Your r is 1/k everywhere: the sum in the denominator needs an index of its own."),
        ("joint", lambda density, pi: pi * density,
         "These are joint densities: what is still to be done so that each row sums to one?"),
    ])  # fmt: skip
    model = (
        "Conditional probability, product rule, sum rule, the model. In the denominator the sum runs over all "
        "components, so weight, mean and covariance there have its index $m$."
    )
    return Question(1, "Responsibilities", "05-em", f"The seven lines, in no order:\n\n{text}", (
        Part("1a", 3, order(right, 3, why), right, model),
        Part("1b", 2, function(exercise, [2]), answer_1b),
    ))  # fmt: skip


# ---- 2: gradient in mu


def answer_2a(x, pi, mu, Sigma, density):
    r = pi * density / (density @ pi)[:, None]
    away = x[:, None] - mu  # (n, k, d)
    return (r[:, :, None] * away).sum(axis=0) @ np.linalg.inv(Sigma)


def _known_Sigma(rng, label, n, d, k):
    x, mu, root = rng.normal(scale=2, size=(n, d)), rng.normal(size=(k, d)), rng.normal(size=(d, d))
    Sigma = root @ root.T + 0.5 * np.eye(d)
    away = x[:, None] - mu
    density = np.exp(-0.5 * (away @ np.linalg.inv(Sigma) * away).sum(axis=2))
    density /= np.sqrt(np.linalg.det(2 * np.pi * Sigma))
    return Problem(label, {"x": x, "pi": shares(rng, 1, k)[0], "mu": mu, "Sigma": Sigma, "density": density})


def _pull(weights, x, mu):
    return weights.T @ x - weights.sum(0)[:, None] * mu


def _r(pi, density):
    return pi * density / (density @ pi)[:, None]


def draw_2(rng):
    """One known covariance for all components."""
    x = rng.choice(np.arange(1, 10), 3, replace=False)
    r = rng.choice(np.arange(1, 10), 3, replace=False) / 10
    s2 = int(rng.choice([2, 4, 5]))
    mean = r @ x / r.sum()
    m = int(rng.choice([v for v in range(1, 10) if abs(v - mean) >= 1]))
    right = float(r @ (x - m) / s2)
    shown = f"For 2b: three points on a line, $d = 1$, with $\\mu_1 = {m}$ and $\\Sigma = {s2}$ (a variance).\n\n"
    shown += head("$i$", 1, 2, 3) + row("$x_i$", *x) + row("$r_{i1}$", *(f"{v:.1f}" for v in r))
    problems = [
        _known_Sigma(rng, "three components in two dimensions", 6, 2, 3),
        _known_Sigma(rng, "one dimension", 5, 1, 2),
        _known_Sigma(rng, "one component", 4, 3, 1),
    ]
    exercise = asked(
        answer_2a, "03-gradients", "The gradient in mu (k, d).", {"gradient": "kd"}, problems, [
            ("sign", lambda *args: -answer_2a(*args),
             "The sign: put the mean to the left of its points. Does log p rise to the right?"),
            ("no-inverse", lambda x, pi, mu, Sigma, density: _pull(_r(pi, density), x, mu),
             "Sigma^-1 is missing: the gradient has the unit 1/x."),
            ("Sigma", lambda x, pi, mu, Sigma, density: _pull(_r(pi, density), x, mu) @ Sigma,
             "Sigma is where its inverse belongs: the gradient has the unit 1/x."),
            ("slide", lambda x, pi, mu, Sigma, density: -_pull(_r(pi, density), x, mu) @ Sigma / 2,
             "Check the sign, the factor and the unit. The gradient has the unit 1/x: it needs the inverse of Sigma."),
            ("no-share", lambda x, pi, mu, Sigma, density: _pull(np.ones_like(density), x, mu) @ np.linalg.inv(Sigma),
             "The shares r are missing: the derivative of log sum_j brings out each term's share."),
            ("over-points", lambda x, pi, mu, Sigma, density:
             _pull(pi * density / (pi * density).sum(0), x, mu) @ np.linalg.inv(Sigma),
             "Your shares are normalised over the points. Each point hands out one unit, over the components."),
            ("joint-weights", lambda x, pi, mu, Sigma, density: _pull(pi * density, x, mu) @ np.linalg.inv(Sigma),
             "Your weights are pi times the density. The derivative of a logarithm divides by what is under it."),
        ])  # fmt: skip
    slips = [
        Slip(-right, "The sign: each point pulls the mean towards itself.", HALF),
        Slip(r @ (x - m), "The variance is missing: divide by it."),
        Slip(r @ (x - m) * s2, "You multiplied by the variance where you should divide."),
        Slip(r @ (x - m) / s2**0.5, "You divided by the standard deviation; the inverse of the variance belongs here."),
        Slip((x - m).sum() / s2, "The responsibilities are missing: each point pulls by its share."),
        Slip(right / r.sum(), "You divided by $R_1$: the gradient is the sum, not the mean, of the pulls."),
        Slip(right / 3, "You divided by n: the gradient is the sum, not the mean, of the pulls."),
        Slip(right / 2, "There is a factor of one half too many: the square's 2 cancels it."),
        Slip(mean, "This is where the gradient is zero, the new mean. The gradient itself is asked for."),
    ]
    terms = " + ".join(rf"{v:.1f} \cdot ({p} - {m})" for v, p in zip(r, x, strict=True))
    return Question(2, "The gradient in $\\mu_j$", "03-gradients", shown, (
        Part("2a", 4, function(exercise, [4], {"sign": HALF}), answer_2a,
             r"The derivative of $\log \sum_j$ is the share $r_{ij}$ times the derivative of "
             r"$\log \mathcal{N}(x_i; \mu_j, \Sigma)$, so it is $\Sigma^{-1} \sum_i r_{ij} (x_i - \mu_j)$."),
        Part("2b", 2, near(right, 2, ["the gradient"], slips=slips), right, rf"$({terms}) / {s2}$."),
    ))  # fmt: skip


# ---- 3: weights under two constraints


def answer_3a(R, a, b):
    pi = R / R.sum()
    pi[[a, b]] = (pi[a] + pi[b]) / 2
    return pi


def _both(R, a, b):
    pi = R / R.sum()
    pi[[a, b]] = pi[a] + pi[b]
    return pi


def draw_3(rng):
    """Weights that sum to one, two of them equal."""
    a, b = (int(v) for v in sorted(rng.choice(4, 2, replace=False)))
    R = rng.integers(2, 13, 4)
    while abs(R[a] - R[b]) < 2:
        R = rng.integers(2, 13, 4)
    n = R.sum()
    nu = n * (R[b] - R[a]) / (R[a] + R[b])
    shown = f"For 3b: $n = {n}$ points, $R = ({', '.join(map(str, R))})$, $a = {a + 1}$ and $b = {b + 1}$: "
    shown += f"the constraint is $\\pi_{a + 1} = \\pi_{b + 1}$, components counted from 1."
    problems = [
        Problem("four components", {"R": rng.uniform(1, 9, 4), "a": 1, "b": 3}),
        Problem("seven components", {"R": rng.uniform(1, 9, 7), "a": 0, "b": 2}),
        Problem("two components", {"R": rng.uniform(1, 9, 2), "a": 0, "b": 1}),
        Problem("one of the two is empty", {"R": np.array([0.0, 3.0, 5.0]), "a": 0, "b": 2}),
        Problem("b before a", {"R": rng.uniform(1, 9, 5), "a": 4, "b": 1}),
    ]
    exercise = asked(answer_3a, "04-lagrange", "pi (k,) with pi[a] == pi[b].", {"pi": "k"}, problems, [
        ("not-tied", lambda R, a, b: R / R.sum(), "These are the weights without the second constraint."),
        ("both", _both, "Each of the two has what they have together; they share it."),
        ("counted-from-one", lambda R, a, b: answer_3a(R, a - 1, b - 1) if min(a, b) else None,
         "You count components from 1; `a` and `b` are array indices, counted from 0."),
        ("counts", lambda R, a, b: answer_3a(R, a, b) * R.sum(), "These are counts; weights sum to one."),
    ], notation={"a": Quantity("", "opaque"), "b": Quantity("", "opaque")})  # fmt: skip
    free = n - R[a] / (R[a] / n)
    slips = [
        Slip([n, -nu], "The sign: each equation is $R_j / \\pi_j + \\lambda \\pm \\nu = 0$.", HALF),
        Slip([np.nan, free], "With $\\pi_a = R_a / n$ the second constraint is not kept."),
        Slip([np.nan, nu / 2], "$\\pi_a = (R_a + R_b) / (2n)$: a factor of 2 is lost."),
        Slip([-1 / n, nu / n], "You divided by n once too often: what is $\\sum_j R_j$?"),
        Slip([-4, np.nan], "$\\lambda$ counts the points, not the components: multiply by $\\pi_j$ before you sum."),
    ]
    model = (
        rf"$R_j / \pi_j + \lambda = 0$; for $j = {a + 1}$ with $+\nu$ and for $j = {b + 1}$ with $-\nu$. Times $\pi_j$ "
        rf"and summed over $j$, $\nu$ cancels, since $\pi_{a + 1} = \pi_{b + 1}$: $\lambda = -n$. Adding the two "
        rf"equations of $a$ and $b$ gives $\pi_a = (R_a + R_b) / (2n)$, and $\nu = n - R_a / \pi_a$."
    )
    return Question(3, "Weights, two of them equal", "04-lagrange", shown, (
        Part("3a", 4, function(exercise, [4]), answer_3a,
             "The two share equally what they have together; the others are $R_j / n$, as before."),
        Part("3b", 4, near([-n, nu], 4, ["lambda", "nu"], slips=slips), [float(-n), float(nu)], model),
    ))  # fmt: skip


# ---- 4: mixture of exponentials


def answer_4a(x, r):
    R = r.sum(axis=0)
    return R / len(x), R / (r.T @ x)


UNITS = ((60, "minutes", "hours"), (24, "hours", "days"), (7, "days", "weeks"))


def draw_4(rng):
    """Waiting times."""
    f, old, new = UNITS[rng.integers(len(UNITS))]
    text, right, why = options(rng, f"each $\\lambda_j$ is {f} times as large, and $\\pi$ is as before", {
        f"each $\\lambda_j$ is {f} times as small, and $\\pi$ is as before":
            "A rate is one over a time: where times become smaller, it becomes larger.",
        f"each $\\lambda_j$ is {f} times as large, and each $\\pi_j$ is {f} times as small":
            "The weights sum to one in any unit.",
        "each $\\lambda_j$ is as before, and $\\pi$ too, since $r$ is as before":
            "r is as before, but $\\lambda_j = R_j / \\sum_i r_{ij} x_i$ has x in it.",
    })  # fmt: skip
    problems = [
        Problem("two components", {"x": rng.exponential(3.0, 6), "r": shares(rng, 6, 2)}),
        Problem("four components", {"x": rng.exponential(0.2, 9), "r": shares(rng, 9, 4)}),
        Problem("hard labels", {"x": rng.exponential(2.0, 4), "r": np.eye(2)[[0, 1, 1, 1]]}),
        Problem("one component", {"x": rng.exponential(2.0, 3), "r": np.ones((3, 1))}),
    ]
    exercise = asked(
        answer_4a, "10-observations", "pi (k,), rate (k,).", {"pi": "k", "rate": "k"}, problems, [
            ("mean-for-rate", lambda x, r: (r.mean(0), r.T @ x / r.sum(0)),
             "These are the mean waiting times. A rate is one over a mean."),
            ("over-n", lambda x, r: (r.mean(0), len(x) / (r.T @ x)),
             "Each rate has its own number of points, R_j, in its numerator."),
            ("mean-of-inverses", lambda x, r: (r.mean(0), r.T @ (1 / x) / r.sum(0)),
             "You averaged 1/x. Set the derivative R_j / lambda_j - sum_i r_ij x_i to zero."),
        ], notation={"x": "n"})  # fmt: skip
    shown = f"For 4b: the $x_i$ were in {old}. Put into 4a in {new}, each divided by {f}, with the same $r$:\n\n{text}"
    return Question(4, "A mixture of exponentials", "10-observations", shown, (
        Part("4a", 6, function(exercise, [2, 4], {"mean-for-rate": 2 / 3}), answer_4a,
             r"$Q = \sum_{ij} r_{ij} (\log \pi_j + \log \lambda_j - \lambda_j x_i)$. Its derivative in $\lambda_j$, "
             r"$R_j / \lambda_j - \sum_i r_{ij} x_i$, is zero at the maximum; $\pi$ is as in lesson 04."),
        Part("4b", 2, choice(right, 2, why), right,
             r"$R_j / \sum_i r_{ij} x_i$ has the unit of $1 / x$, as a rate must; $\pi$ has no unit."),
    ))  # fmt: skip


# ---- 5: one iteration by hand


def draw_5(rng):
    """Five points on a line; the ratio of the two densities is a power of two."""
    m = int(rng.integers(2, 7))
    offsets = rng.permutation(np.arange(-3, 4))[:5]
    numerator, denominator = [(1, 2), (1, 3), (2, 3)][int(rng.integers(3))]
    pi = numerator / denominator
    x = m + 1 + offsets
    odds = pi / (1 - pi) * 2.0**-offsets
    r = odds / (1 + odds)
    pair = rf"\left(\tfrac{{{numerator}}}{{{denominator}}}, \tfrac{{{denominator - numerator}}}{{{denominator}}}\right)"
    shown = (
        head("$i$", 1, 2, 3, 4, 5) + row("$x_i$", *x) + "\n"
        rf"$\pi = {pair}$, $\mu = ({m}, {m + 2})$. Both variances are $2 / \ln 2$, known and held. With this variance "
        rf"$\mathcal{{N}}(x; \mu_1) / \mathcal{{N}}(x; \mu_2) = 2^{{{m + 1} - x}}$."
    )

    def from_own(given):
        try:
            own = numbers(given.get("answer_5a"), 5)
        except Unread:
            return None
        fine = np.isfinite(own).all() and (own >= 0).all() and (own <= 1).all() and 0 < own.sum() < 5
        return np.array(m_step_5(x, own)) if fine else None

    equal = 2.0**-offsets
    slips_a = [
        Slip(equal / (1 + equal), "The weights are missing: the odds are $\\pi_1 / \\pi_2$ times $2^{..}$."),
        Slip(1 - r, "These are the responsibilities of component 2."),
        Slip(odds, "These are the odds $o_i$: $r_{i1} = o_i / (1 + o_i)$."),
    ]
    pi_1, mu_1, mu_2 = updated = [float(v) for v in m_step_5(x, r)]
    slips_b = [
        Slip([5 * pi_1, mu_1 * r.sum(), mu_2 * (5 - r.sum())], "This is a sum: divide by the sum of its weights."),
        Slip([np.nan, mu_1 * r.mean(), mu_2 * (1 - r.mean())], "A weighted mean is divided by $R_j$, and not by n."),
        Slip([1 - pi_1, mu_2, mu_1], "The two components are exchanged."),
        Slip([pi, m, m + 2], "This is the old value: the M-step gives a new one."),
    ]
    names = [f"r of point {i}" for i in range(1, 6)]
    return Question(5, "One iteration by hand", "05-em", shown, (
        Part("5a", 3, near(r, 3, names, slips=slips_a), r.tolist(),
             r"With the odds $o_i = \frac{\pi_1}{\pi_2}\, 2^{" + f"{m + 1}" + r" - x_i}$: $r_{i1} = o_i / (1 + o_i)$."),
        Part("5b", 3, near(updated, 3, ["pi_1", "mu_1", "mu_2"], 0.02, from_own, slips_b), updated,
             r"$R_1 / n$ and the two weighted means, $\sum_i r_{ij} x_i / R_j$ with $r_{i2} = 1 - r_{i1}$."),
    ))  # fmt: skip


def m_step_5(x, r):
    """pi_1, mu_1, mu_2."""
    return r.mean(), r @ x / r.sum(), (1 - r) @ x / (1 - r).sum()


# ---- 10: MAP


def answer_10a(heads, flips, r, a, b):
    return (r.T @ heads + a - 1) / (r.T @ flips + a + b - 2)


RISES_RIGHT = r"$\log p(h \mid \theta) + \log p(\theta)$"
RISES_WRONG = {
    r"$\log p(h \mid \theta)$": "The likelihood alone may fall where the prior pulls away from its maximum.",
    r"the entropy of the responsibilities, $-\sum_{ij} r_{ij} \log r_{ij}$":
        "It is no part of what is maximised by itself: labels may become surer.",
    r"$\log p(\theta)$": "The prior alone may fall where the data pull away from its mode.",
}  # fmt: skip


def draw_10(rng):
    """A Beta prior on each coin."""
    text, right, why = options(rng, RISES_RIGHT, RISES_WRONG)

    def problem(label, n, k, a, b):
        flips = rng.integers(3, 12, n)
        heads = rng.integers(0, flips + 1)
        return Problem(label, {"heads": heads, "flips": flips, "r": shares(rng, n, k), "a": a, "b": b})

    spare = problem("a coin that made no series", 4, 2, 3.0, 2.0)
    spare.args["r"] = np.tile([1.0, 0.0], (4, 1))
    problems = [
        problem("two coins", 5, 2, float(rng.integers(2, 6)), float(rng.integers(6, 9))),
        problem("three coins", 7, 3, 1.5, 4.0),
        problem("a flat prior", 4, 2, 1.0, 1.0),
        spare,
    ]
    exercise = asked(answer_10a, "10-observations", "theta (k,).", {"theta": "k"}, problems, [
        ("mean-for-mode", lambda heads, flips, r, a, b: (r.T @ heads + a) / (r.T @ flips + a + b),
         "This is the posterior's mean. The mode is asked for: the prior's exponents are a - 1 and b - 1."),
        ("no-prior", lambda heads, flips, r, a, b: r.T @ heads / (r.T @ flips) if (r.sum(0) > 0).all() else None,
         "This maximises the likelihood; the prior is missing."),
        ("heads-only", lambda heads, flips, r, a, b: (r.T @ heads + a - 1) / (r.T @ flips + a - 1)
         if (r.sum(0) > 0).all() else None,
         "The prior adds tails too: b - 1 of them belong in the denominator."),
        ("exchanged", lambda heads, flips, r, a, b: (r.T @ heads + b - 1) / (r.T @ flips + a + b - 2),
         "a and b are exchanged: a belongs to heads."),
    ], notation={"a": Quantity("", "above1"), "b": Quantity("", "above1")})  # fmt: skip
    shown = f"For 10b: whatever the data, no iteration of this algorithm lowers\n\n{text}"
    return Question(10, "A prior on the coins", "10-observations", shown, (
        Part("10a", 4, function(exercise, [4], {"mean-for-mode": HALF}), answer_10a,
             "The prior adds $a - 1$ heads and $b - 1$ tails to each coin's expected counts. The E-step is as before."),
        Part("10b", 2, choice(right, 2, why), right,
             r"$\mathcal{L}(q, \theta) + \log p(\theta)$ touches it from below after each E-step. The likelihood alone "
             "may fall."),
    ))  # fmt: skip
