"""The ten questions: each draw takes a random generator and gives a `Question` with numbers of its own.

Their wording stands in the notebook; here are the numbers, lines and choices, in Markdown, and the answers.

Everything that a hand must compute is drawn so that it comes out in small fractions or powers of two.
"""

import numpy as np

from emtutor.causes import Problem
from emtutor.exam.listing import draw_9
from emtutor.exam.marking import Mark, Part, Question, choice, function, letters, near, numbers
from emtutor.exam.statements import draw_8

LETTERS = "ABCDEFGH"


def options(rng, right, *wrong):
    """(text, letter of the right one): answers to choose from, in random order."""
    texts = [right, *wrong]
    order = rng.permutation(len(texts))
    return lettered(texts[o] for o in order), LETTERS[list(order).index(0)]


def lettered(texts):
    """A list with A, B, C, ... before its lines, in Markdown."""
    return "\n\n".join(f"- **{letter}** {text}" for letter, text in zip(LETTERS, texts, strict=False))


def row(*cells):
    """One row of a Markdown table."""
    return f"| {' | '.join(map(str, cells))} |\n"


def head(*cells):
    """The head of a Markdown table."""
    return row(*cells) + row(*["---"] * len(cells))


def shares(rng, n, k):
    """(n, k), rows positive that sum to one."""
    return rng.dirichlet(np.full(k, 2.0), size=n)


# ---- 1: responsibilities

# The index of the sum is m, not j': a prime on a small index is lost in print.
TRUE_LINES = (
    r"$\dfrac{p(x_i, z_{ij} = 1)}{p(x_i)}$",
    r"$\dfrac{p(z_{ij} = 1)\, p(x_i \mid z_{ij} = 1)}{p(x_i)}$",
    r"$\dfrac{p(z_{ij} = 1)\, p(x_i \mid z_{ij} = 1)}{\sum_m p(z_{im} = 1)\, p(x_i \mid z_{im} = 1)}$",
    r"$\dfrac{\pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_m \pi_m \mathcal{N}(x_i; \mu_m, \Sigma_m)}$",
)
FALSE_LINES = (
    r"$\dfrac{\pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_m \pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)}$",
    r"$\dfrac{\pi_j \mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_m \pi_j \mathcal{N}(x_m; \mu_j, \Sigma_j)}$",
    r"$\dfrac{\mathcal{N}(x_i; \mu_j, \Sigma_j)}{\sum_m \mathcal{N}(x_i; \mu_m, \Sigma_m)}$",
)


def answer_1b(density, pi):
    weighted = pi * density
    return weighted / weighted.sum(axis=1, keepdims=True)


def draw_1(rng):
    """Bayes' rule in four lines, and in code."""
    texts = [*TRUE_LINES, *FALSE_LINES]
    order = list(rng.permutation(len(texts)))
    right = "".join(LETTERS[order.index(i)] for i in range(4))
    shown = "The seven lines, in no order:\n\n" + lettered(texts[o] for o in order)

    def mark(answer, given):
        got = letters(answer)
        same = sorted(got) == sorted(right)
        points = same + (got == right) + (got[-1:] == right[-1])
        return Mark(points, "" if points == 3 else "Which lines, or their order, are not right.")

    problems = [
        Problem("three components", {"density": rng.uniform(0.05, 2, (5, 3)), "pi": shares(rng, 1, 3)[0]}),
        Problem("as many points as components", {"density": rng.uniform(0.05, 2, (3, 3)), "pi": shares(rng, 1, 3)[0]}),
        Problem("one component", {"density": rng.uniform(0.05, 2, (4, 1)), "pi": np.ones(1)}),
    ]
    model = (
        "Conditional probability, product rule, sum rule, the model. In the denominator the sum runs over all "
        "components, so weight, mean and covariance there have its index $m$."
    )
    return Question(1, "Responsibilities", "05-em", shown, (
        Part("1a", 3, mark, right, model),
        Part("1b", 2, function(answer_1b, problems, [2], {"r": "nk"}), answer_1b),
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
    terms = " + ".join(rf"{v:.1f} \cdot ({p} - {m})" for v, p in zip(r, x, strict=True))
    return Question(2, "The gradient in $\\mu_j$", "03-gradients", shown, (
        Part("2a", 4, function(answer_2a, problems, [4], {"gradient": "kd"}), answer_2a,
             r"The derivative of $\log \sum_j$ is the share $r_{ij}$ times the derivative of "
             r"$\log \mathcal{N}(x_i; \mu_j, \Sigma)$, so it is $\Sigma^{-1} \sum_i r_{ij} (x_i - \mu_j)$."),
        Part("2b", 2, near(right, 2, ["the gradient"]), right, rf"$({terms}) / {s2}$."),
    ))  # fmt: skip


# ---- 3: weights under two constraints


def answer_3a(R, a, b):
    pi = R / R.sum()
    pi[[a, b]] = (pi[a] + pi[b]) / 2
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
    model = (
        rf"$R_j / \pi_j + \lambda = 0$; for $j = {a + 1}$ with $+\nu$ and for $j = {b + 1}$ with $-\nu$. Times $\pi_j$ "
        rf"and summed over $j$, $\nu$ cancels, since $\pi_{a + 1} = \pi_{b + 1}$: $\lambda = -n$. Adding the two "
        rf"equations of $a$ and $b$ gives $\pi_a = (R_a + R_b) / (2n)$, and $\nu = n - R_a / \pi_a$."
    )
    return Question(3, "Weights, two of them equal", "04-lagrange", shown, (
        Part("3a", 4, function(answer_3a, problems, [4], {"pi": "k"}), answer_3a,
             "The two share equally what they have together; the others are $R_j / n$, as before."),
        Part("3b", 4, near([-n, nu], 4, ["lambda", "nu"]), [float(-n), float(nu)], model),
    ))  # fmt: skip


# ---- 4: mixture of exponentials


def answer_4a(x, r):
    R = r.sum(axis=0)
    return R / len(x), R / (r.T @ x)


UNITS = ((60, "minutes", "hours"), (24, "hours", "days"), (7, "days", "weeks"))


def draw_4(rng):
    """Waiting times."""
    f, old, new = UNITS[rng.integers(len(UNITS))]
    text, letter = options(
        rng,
        f"each $\\lambda_j$ is {f} times as large, and $\\pi$ is as before",
        f"each $\\lambda_j$ is {f} times as small, and $\\pi$ is as before",
        f"each $\\lambda_j$ is {f} times as large, and each $\\pi_j$ is {f} times as small",
        "each $\\lambda_j$ is as before, and $\\pi$ too, since $r$ is as before",
    )
    problems = [
        Problem("two components", {"x": rng.exponential(3.0, 6), "r": shares(rng, 6, 2)}),
        Problem("four components", {"x": rng.exponential(0.2, 9), "r": shares(rng, 9, 4)}),
        Problem("hard labels", {"x": rng.exponential(2.0, 4), "r": np.eye(2)[[0, 1, 1, 1]]}),
        Problem("one component", {"x": rng.exponential(2.0, 3), "r": np.ones((3, 1))}),
    ]
    marker = function(answer_4a, problems, [2, 4], {"pi": "k", "rate": "k"})
    shown = f"For 4b: the $x_i$ were in {old}. Put into 4a in {new}, each divided by {f}, with the same $r$:\n\n{text}"
    return Question(4, "A mixture of exponentials", "10-observations", shown, (
        Part("4a", 6, marker, answer_4a,
             r"$Q = \sum_{ij} r_{ij} (\log \pi_j + \log \lambda_j - \lambda_j x_i)$. Its derivative in $\lambda_j$, "
             r"$R_j / \lambda_j - \sum_i r_{ij} x_i$, is zero at the maximum; $\pi$ is as in lesson 04."),
        Part("4b", 2, choice(letter, 2), letter,
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
            own = numbers(given["answer_5a"], 5)
        except Exception:
            return None
        fine = np.isfinite(own).all() and (own >= 0).all() and (own <= 1).all() and 0 < own.sum() < 5
        return np.array(m_step_5(x, own)) if fine else None

    names = [f"r of point {i}" for i in range(1, 6)]
    updated = [float(v) for v in m_step_5(x, r)]
    return Question(5, "One iteration by hand", "05-em", shown, (
        Part("5a", 3, near(r, 3, names), r.tolist(),
             r"With the odds $o_i = \frac{\pi_1}{\pi_2}\, 2^{" + f"{m + 1}" + r" - x_i}$: $r_{i1} = o_i / (1 + o_i)$."),
        Part("5b", 3, near(updated, 3, ["pi_1", "mu_1", "mu_2"], 0.02, from_own), updated,
             r"$R_1 / n$ and the two weighted means, $\sum_i r_{ij} x_i / R_j$ with $r_{i2} = 1 - r_{i1}$."),
    ))  # fmt: skip


def m_step_5(x, r):
    """pi_1, mu_1, mu_2."""
    return r.mean(), r @ x / r.sum(), (1 - r) @ x / (1 - r).sum()


# ---- 6: Jensen

BOUND = (
    r"$\log p(x)$",
    r"$\log \sum_z p(x, z)$",
    r"$\log \sum_z q(z) \dfrac{p(x, z)}{q(z)}$",
    r"$\sum_z q(z) \log \dfrac{p(x, z)}{q(z)}$",
    r"$\sum_z q(z) \log p(x, z) - \sum_z q(z) \log q(z)$",
)
GIBBS = (
    r"$-D_{\mathrm{KL}}(q \,\|\, p)$",
    r"$-\sum_z q(z) \log \dfrac{q(z)}{p(z)}$",
    r"$\sum_z q(z) \log \dfrac{p(z)}{q(z)}$",
    r"$\log \sum_z q(z) \dfrac{p(z)}{q(z)}$",
    r"$\log \sum_z p(z)$",
    "$0$",
)
TIGHT = {
    BOUND: (
        r"exactly if $q(z) = p(z \mid x)$ for all $z$",
        "exactly if $q(z)$ is the same for all $z$",
        "exactly if $q(z) = p(z)$ for all $z$",
        r"exactly if $\log p(x)$ is at a maximum in $\theta$",
    ),
    GIBBS: (
        "exactly if $q(z) = p(z)$ for all $z$",
        "exactly if $q(z)$ is the same for all $z$",
        "exactly if $q$ and $p$ have the same entropy",
        "exactly if $q$ and $p$ have the same most probable $z$",
    ),
}


def draw_6(rng):
    """A chain whose signs are left out."""
    chain, jensen = [(BOUND, 3), (GIBBS, 3)][int(rng.integers(2))]
    dropped = int(rng.choice([-1, *(i for i in range(len(chain)) if i not in (jensen - 1, jensen))]))
    lines = [line for i, line in enumerate(chain) if i != dropped]
    number = lines.index(chain[jensen]) + 1
    text, letter = options(rng, *TIGHT[chain])
    numbered = "\n\n".join(f"{i}. {line}" for i, line in enumerate(lines, 1))
    shown = f"For 6a:\n\n{numbered}\n\nFor 6b: that step holds with equality\n\n{text}"
    return Question(6, "Jensen's inequality", "07-jensen", shown, (
        Part("6a", 2, near(number, 2, ["the line"], 0), number,
             "There the logarithm and the average under $q$ change places. All other steps are equalities."),
        Part("6b", 2, choice(letter, 2), letter,
             "The logarithm is strictly concave, so the ratio under it must be the same for all $z$."),
    ))  # fmt: skip


# ---- 7: the decomposition


def draw_7(rng):
    """Two points, three labels, everything a power of two."""
    half = np.array([0.5, 0.25, 0.25])
    posterior = np.array([rng.permutation(half) for _ in range(2)])
    scale = rng.choice([0.5, 0.25, 0.125], 2)
    q = np.array([np.roll(posterior[0], int(rng.integers(1, 3))), rng.permutation([0.5, 0.5, 0.0])])
    swap = rng.permutation(2)  # which of the two rows has the zero
    joint, q = (posterior * scale[:, None])[swap], q[swap]
    log_p = float(np.log(joint.sum(axis=1)).sum())
    some = q > 0
    elbo = float((q[some] * np.log(joint[some] / q[some])).sum())
    answers = [elbo, log_p - elbo, log_p]
    shown = head("$i$", *(rf"$p(x_i, z_{{i{j}}} = 1)$" for j in (1, 2, 3)), *(f"$q_{{i{j}}}$" for j in (1, 2, 3)))
    for i, (values, weights) in enumerate(zip(joint, q, strict=True), 1):
        shown += row(i, *(f"1/{round(1 / v)}" if v else "0" for v in (*values, *weights)))
    shown += "\n" + r"$\ln 2 = 0.6931$"
    return Question(7, r"$\mathcal{L}$, KL and $\log p$", "08-elbo-kl", shown, (
        Part("7", 6, near(answers, 6, ["L", "KL", "log p"]), answers,
             rf"In units of $\ln 2$: $\mathcal{{L}} = {elbo / np.log(2):.4g}$, $D_{{\mathrm{{KL}}}} = "
             rf"{(log_p - elbo) / np.log(2):.4g}$, $\log p = {log_p / np.log(2):.4g}$. A term with $q_{{ij}} = 0$ is "
             r"zero. $\log p = \mathcal{L} + D_{\mathrm{KL}}$ is the test."),
    ))  # fmt: skip


# ---- 10: MAP


def answer_10a(heads, flips, r, a, b):
    return (r.T @ heads + a - 1) / (r.T @ flips + a + b - 2)


RISES_RIGHT = r"$\log p(h \mid \theta) + \log p(\theta)$"
RISES_WRONG = (
    r"$\log p(h \mid \theta)$",
    r"the entropy of the responsibilities, $-\sum_{ij} r_{ij} \log r_{ij}$",
    r"$\log p(\theta)$",
)


def draw_10(rng):
    """A Beta prior on each coin."""
    text, letter = options(rng, RISES_RIGHT, *RISES_WRONG)

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
    shown = f"For 10b: whatever the data, no iteration of this algorithm lowers\n\n{text}"
    return Question(10, "A prior on the coins", "10-observations", shown, (
        Part("10a", 4, function(answer_10a, problems, [4], {"theta": "k"}), answer_10a,
             "The prior adds $a - 1$ heads and $b - 1$ tails to each coin's expected counts. The E-step is as before."),
        Part("10b", 2, choice(letter, 2), letter,
             r"$\mathcal{L}(q, \theta) + \log p(\theta)$ touches it from below after each E-step. The likelihood alone "
             "may fall."),
    ))  # fmt: skip


DRAWS = (draw_1, draw_2, draw_3, draw_4, draw_5, draw_6, draw_7, draw_8, draw_9, draw_10)
