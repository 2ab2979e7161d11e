"""Questions 12, 13 and 15: what a graph says, the gradient in Sigma, an exponential family."""

from typing import NamedTuple

import numpy as np

from emtutor.causes import Problem, Quantity
from emtutor.exam.marking import HALF, Part, Question, Slip, choice, function, near, several
from emtutor.exam.printed import LETTERS, head, lettered, options, row
from emtutor.exam.updates import asked, shares

# ---- 12: the graph


class Graph(NamedTuple):
    """Arrows in words, its joint, other products with reasons, and equations that follow or do not, with reasons."""

    arrows: str
    joint: str
    others: dict[str, str]
    follow: dict[str, str]
    fail: dict[str, str]


MIXTURE = Graph(
    r"A mixture with unknown weights $\pi$ and means $\mu$, two points. Arrows: $\pi \to z_1$, $\pi \to z_2$, "
    r"$z_1 \to x_1$, $z_2 \to x_2$, $\mu \to x_1$, $\mu \to x_2$.",
    r"$p(\pi)\, p(\mu)\, p(z_1 \mid \pi)\, p(z_2 \mid \pi)\, p(x_1 \mid z_1, \mu)\, p(x_2 \mid z_2, \mu)$",
    {
        r"$p(\pi)\, p(\mu)\, p(z_1)\, p(z_2)\, p(x_1 \mid z_1, \mu)\, p(x_2 \mid z_2, \mu)$":
            "The arrows from $\\pi$ are missing.",
        r"$p(\pi)\, p(\mu)\, p(z_1 \mid \pi, x_1)\, p(z_2 \mid \pi, x_2)\, p(x_1 \mid \mu)\, p(x_2 \mid \mu)$":
            "This turns the arrows $z_i \\to x_i$ round.",
        r"$p(\pi)\, p(\mu)\, p(z_1 \mid \pi)\, p(z_2 \mid \pi)\, p(x_1 \mid z_1)\, p(x_2 \mid z_2)$":
            "The arrows from $\\mu$ are missing.",
    },
    {
        r"$p(z_1, z_2 \mid \pi) = p(z_1 \mid \pi)\, p(z_2 \mid \pi)$":
            "the only path between them is blocked at $\\pi$",
        r"$p(z_1, \mu) = p(z_1)\, p(\mu)$": "they meet only at $x_1$, which is not given",
        r"$p(z_1, z_2 \mid x_1, x_2, \pi, \mu) = p(z_1 \mid x_1, \pi, \mu)\, p(z_2 \mid x_2, \pi, \mu)$":
            "with all parameters given the points have nothing to do with each other: this is the E-step",
        r"$p(\pi, x_1 \mid z_1) = p(\pi \mid z_1)\, p(x_1 \mid z_1)$":
            "the path from $\\pi$ to $x_1$ is blocked at $z_1$",
    },
    {
        r"$p(z_1, \mu \mid x_1) = p(z_1 \mid x_1)\, p(\mu \mid x_1)$":
            "their arrows meet at $x_1$, which is given: that opens the path",
        r"$p(z_1, z_2 \mid x_1, x_2) = p(z_1 \mid x_1)\, p(z_2 \mid x_2)$":
            "the path through $\\pi$ is open as long as $\\pi$ is not given",
        r"$p(x_1, x_2) = p(x_1)\, p(x_2)$": "they share $\\pi$ and $\\mu$, which are not given",
        r"$p(\pi, \mu \mid x_1, x_2) = p(\pi \mid x_1, x_2)\, p(\mu \mid x_1, x_2)$":
            "the path through $z_1$ is open, since arrows meet at $x_1$, which is given",
    },
)  # fmt: skip
CHAIN = Graph(
    r"A hidden Markov model of three days. Arrows: $z_1 \to z_2$, $z_2 \to z_3$, $z_1 \to x_1$, $z_2 \to x_2$, "
    r"$z_3 \to x_3$.",
    r"$p(z_1)\, p(z_2 \mid z_1)\, p(z_3 \mid z_2)\, p(x_1 \mid z_1)\, p(x_2 \mid z_2)\, p(x_3 \mid z_3)$",
    {
        r"$p(z_1)\, p(z_2)\, p(z_3)\, p(x_1 \mid z_1)\, p(x_2 \mid z_2)\, p(x_3 \mid z_3)$":
            "The arrows between the days are missing.",
        r"$p(z_1)\, p(z_2 \mid z_1)\, p(z_3 \mid z_1)\, p(x_1 \mid z_1)\, p(x_2 \mid z_2)\, p(x_3 \mid z_3)$":
            "The third day hangs on the second, and not on the first.",
        r"$p(z_1)\, p(z_2 \mid x_1)\, p(z_3 \mid x_2)\, p(x_1 \mid z_1)\, p(x_2 \mid z_2)\, p(x_3 \mid z_3)$":
            "No arrow leads from what is seen to the next state.",
    },
    {
        r"$p(z_1, z_3 \mid z_2) = p(z_1 \mid z_2)\, p(z_3 \mid z_2)$": "past and future meet only in the present",
        r"$p(x_1, x_2 \mid z_1) = p(x_1 \mid z_1)\, p(x_2 \mid z_1)$": "the only path between them is blocked at $z_1$",
        r"$p(x_1, x_3 \mid z_2) = p(x_1 \mid z_2)\, p(x_3 \mid z_2)$": "the only path between them is blocked at $z_2$",
        r"$p(z_1, x_3 \mid z_2, x_2) = p(z_1 \mid z_2, x_2)\, p(x_3 \mid z_2, x_2)$":
            "the only path between them is blocked at $z_2$",
    },
    {
        r"$p(z_1, z_3 \mid x_2) = p(z_1 \mid x_2)\, p(z_3 \mid x_2)$":
            "what is seen on day 2 does not block the path through $z_2$",
        r"$p(x_1, x_3) = p(x_1)\, p(x_3)$": "the path through the hidden days is open",
        r"$p(z_1, z_2 \mid x_1, x_2) = p(z_1 \mid x_1)\, p(z_2 \mid x_2)$": "the arrow $z_1 \\to z_2$ remains",
        r"$p(x_1, x_3 \mid x_2) = p(x_1 \mid x_2)\, p(x_3 \mid x_2)$": "the observations are no Markov chain",
    },
)  # fmt: skip


def draw_12(rng):
    """Which joint, and which equations, a graph has."""
    graph = (MIXTURE, CHAIN)[int(rng.integers(2))]
    joint, right_a, why_a = options(rng, graph.joint, graph.others)
    follow = [list(graph.follow)[i] for i in rng.permutation(4)[: int(rng.integers(2, 4))]]
    fail = [list(graph.fail)[i] for i in rng.permutation(4)[: 5 - len(follow)]]
    texts = [[*follow, *fail][i] for i in rng.permutation(5)]
    right_b = "".join(LETTERS[i] for i, text in enumerate(texts) if text in follow)
    why_b = {LETTERS[i]: f"{(graph.follow | graph.fail)[text]}." for i, text in enumerate(texts)}
    shown = f"{graph.arrows}\n\nFor 12a: the joint distribution is\n\n{joint}\n\nFor 12b:\n\n{lettered(texts)}"
    model = "\n\n".join(f"- **{one}**: {why}" for one, why in why_b.items())
    return Question(12, "What the graph says", "02-mixtures", shown, (
        Part("12a", 2, choice(right_a, 2, why_a), right_a,
             "One factor for each variable, given those with an arrow to it."),
        Part("12b", 3, several(right_b, 3, why_b), right_b, model),
    ))  # fmt: skip


# ---- 13: the gradient in Sigma


def answer_13a(x, r, mu, Sigma):
    away, inverse = x - mu, np.linalg.inv(Sigma)
    W = (r[:, None] * away).T @ away
    return inverse @ (W - r.sum() * Sigma) @ inverse / 2


def _W(x, r, mu):
    return (r[:, None] * (x - mu)).T @ (x - mu)


def _tied(x, r, mu, Sigma):
    gradient = answer_13a(x, r, mu, Sigma)
    return 2 * gradient - np.diag(np.diag(gradient)) if len(mu) > 1 else None


def _one_component(rng, label, n, d):
    root = rng.normal(size=(d, d))
    return Problem(label, {"x": rng.normal(scale=2, size=(n, d)), "r": rng.uniform(0.05, 1, n),
                           "mu": rng.normal(size=d), "Sigma": root @ root.T + 0.5 * np.eye(d)})  # fmt: skip


def draw_13(rng):
    """One component of a mixture, its responsibilities held."""
    x = rng.choice(np.arange(1, 10), 3, replace=False)
    r = rng.choice(np.arange(1, 10), 3, replace=False) / 10
    m, s2 = int(rng.integers(3, 8)), int(rng.choice([2, 4, 5]))
    R, W = float(r.sum()), float(r @ (x - m) ** 2)
    right = (W - R * s2) / (2 * s2**2)
    problems = [
        _one_component(rng, "two dimensions", 6, 2), _one_component(rng, "one dimension", 5, 1),
        _one_component(rng, "three dimensions", 9, 3), _one_component(rng, "one point", 1, 2),
    ]  # fmt: skip
    inv = np.linalg.inv
    exercise = asked(answer_13a, "03-gradients", "The gradient in Sigma (d, d).", {"gradient": "dd"}, problems, [
        ("precision", lambda x, r, mu, Sigma: (r.sum() * Sigma - _W(x, r, mu)) / 2,
         "This is the gradient in the precision, the inverse of Sigma. In Sigma it is Sigma^-1 on both sides, with "
         "the other sign."),
        ("tied", _tied, "You tied Sigma_ab and Sigma_ba into one variable; the question takes them as independent."),
        ("sign", lambda *args: -answer_13a(*args),
         "The sign: should Sigma grow where the scatter is larger than R Sigma?"),
        ("no-determinant", lambda x, r, mu, Sigma: inv(Sigma) @ _W(x, r, mu) @ inv(Sigma) / 2,
         "Two terms of log N have Sigma in them; the log-determinant is missing."),
        ("no-sandwich", lambda x, r, mu, Sigma: (_W(x, r, mu) - r.sum() * inv(Sigma)) / 2,
         "Your two terms have different units: the derivative of an inverse has the inverse on both sides."),
        ("slide", lambda x, r, mu, Sigma: -_W(x, r, mu) / 2,
         "Only the scatter is here. In the precision R Sigma / 2 is still to be added; in Sigma it needs "
         "Sigma^-1 on both sides, too."),
        ("no-half", lambda *args: 2 * answer_13a(*args), "A factor of one half is missing."),
    ], notation={"r": Quantity("n", "chance"), "mu": "d", "Sigma": "dd"})  # fmt: skip
    slips = [
        Slip(-right, "The sign: where the scatter is larger than R Sigma, a larger Sigma is better.", HALF),
        Slip((R * s2 - W) / 2, "This is the derivative in the precision 1/Sigma, and not in Sigma."),
        Slip(W / (2 * s2**2), "The derivative of the log-determinant is missing."),
        Slip(2 * right, "A factor of one half is missing."),
        Slip((W - R / s2) / 2, "The derivative of 1/Sigma is -1/Sigma^2: both terms have the unit of 1/Sigma."),
        Slip(W / R, "This is where the derivative is zero, the new variance. The derivative itself is asked for."),
        Slip((r @ (x - m) - R * s2) / (2 * s2**2), "The distances are to be squared."),
    ]
    shown = f"For 13b: $d = 1$, three points, $\\mu = {m}$ and $\\Sigma = {s2}$ (a variance).\n\n"
    shown += head("$i$", 1, 2, 3) + row("$x_i$", *x) + row("$r_i$", *(f"{v:.1f}" for v in r))
    return Question(13, r"The gradient in $\Sigma$", "03-gradients", shown, (
        Part("13a", 4, function(exercise, [4], {"sign": HALF, "precision": HALF, "tied": HALF}), answer_13a,
             r"With $W = \sum_i r_i (x_i - \mu)(x_i - \mu)^\top$ and $R = \sum_i r_i$: the log-determinant gives "
             r"$-\frac12 R\, \Sigma^{-1}$, the quadratic form $\frac12 \Sigma^{-1} W \Sigma^{-1}$."),
        Part("13b", 2, near(right, 2, ["the derivative"], slips=slips), right,
             rf"$\frac12 (W / \Sigma^2 - R / \Sigma)$ with $W = {W:.4g}$ and $R = {R:.4g}$."),
    ))  # fmt: skip


# ---- 15: an exponential family


def answer_15a(x, r):
    return r.T @ x**2 / (2 * r.sum(axis=0))


def draw_15(rng):
    """Rayleigh: log p is linear in the square of x."""
    problems = [
        Problem("two components", {"x": rng.rayleigh(2.0, 6), "r": shares(rng, 6, 2)}),
        Problem("three components", {"x": rng.rayleigh(0.5, 8), "r": shares(rng, 8, 3)}),
        Problem("hard labels", {"x": rng.rayleigh(1.0, 4), "r": np.eye(2)[[0, 1, 1, 0]]}),
        Problem("one component", {"x": rng.rayleigh(1.0, 3), "r": np.ones((3, 1))}),
    ]
    exercise = asked(answer_15a, "10-observations", "s (k,).", {"s": "k"}, problems, [
        ("no-half", lambda x, r: r.T @ x**2 / r.sum(0), "The model expects 2s of x squared, and not s."),
        ("root", lambda x, r: np.sqrt(r.T @ x**2 / (2 * r.sum(0))), "This is the root of s."),
        ("over-n", lambda x, r: r.T @ x**2 / (2 * len(x)), "A weighted mean is divided by R_j, and not by n."),
        ("around-the-mean", lambda x, r: (r * (x[:, None] - r.T @ x / r.sum(0)) ** 2).sum(0) / (2 * r.sum(0)),
         "x squared is the statistic; no mean is taken away."),
        ("moment-of-x", lambda x, r: (r.T @ x / r.sum(0)) ** 2 / 2,
         "You matched the mean of x; match that of its square."),
    ], notation={"x": "n"})  # fmt: skip
    s = int(rng.choice([2, 4, 8]))
    right = [-1 / (2 * s), float(np.log(s)), 2.0 * s]
    slips = [
        Slip([1 / (2 * s), -np.log(s), np.nan], "The sign is the other one.", HALF),
        Slip([-1 / s, np.nan, s], "A factor of 2 is lost: the exponent is x squared over 2s."),
        Slip([s, s, np.nan], "This is s, or Z itself: what multiplies x squared in log p, and what is log Z?"),
        Slip([np.nan, np.log(2 * s), np.nan], "Z = s: integrate x exp(eta x^2) over x > 0."),
        Slip([np.nan, np.log(s) / np.log(2), np.nan], "This is in bits: the logarithm is natural.", HALF),
        Slip([np.nan, np.nan, np.sqrt(np.pi * s / 2)], "This is the mean of x; that of its square is asked for."),
    ]
    return Question(15, "An exponential family", "10-observations", f"For 15b: $s = {s}$.", (
        Part("15a", 3, function(exercise, [3], {"no-half": HALF}), answer_15a,
             r"The model expects $2 s_j$ of $x^2$, so the M-step sets $2 s_j$ to the weighted average of $x^2$."),
        Part("15b", 3, near(right, 3, ["eta", "log Z", "E[x^2]"], slips=slips), right,
             r"$\log p = -\frac{1}{2s} x^2 - \log s + \log x$: $\eta = -\frac{1}{2s}$, $\log Z = \log s = "
             r"-\log(-2\eta)$, and the derivative of $\log Z$ in $\eta$ is $-1/\eta = 2s$."),
    ))  # fmt: skip
