"""Questions 6, 7, 11 and 14: Jensen's inequality, the decomposition, two proofs, free energy."""

import numpy as np

from emtutor.exam.marking import HALF, Part, Question, Slip, choice, near, order
from emtutor.exam.printed import head, options, row, shuffled

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
        {
            "exactly if $q(z)$ is the same for all $z$": "Then the ratio p(x, z) / q(z) still varies with z.",
            "exactly if $q(z) = p(z)$ for all $z$": "Then the ratio is p(x | z), which varies with z.",
            r"exactly if $\log p(x)$ is at a maximum in $\theta$": "The step is about q, at any theta.",
        },
    ),
    GIBBS: (
        "exactly if $q(z) = p(z)$ for all $z$",
        {
            "exactly if $q(z)$ is the same for all $z$": "Then the ratio p(z) / q(z) still varies with z.",
            "exactly if $q$ and $p$ have the same entropy": "Two permutations of one distribution have it, and differ.",
            "exactly if $q$ and $p$ have the same most probable $z$": "They may differ in all other places.",
        },
    ),
}


def draw_6(rng):
    """A chain whose signs are left out."""
    chain, jensen = [(BOUND, 3), (GIBBS, 3)][int(rng.integers(2))]
    dropped = int(rng.choice([-1, *(i for i in range(len(chain)) if i not in (jensen - 1, jensen))]))
    lines = [line for i, line in enumerate(chain) if i != dropped]
    number = lines.index(chain[jensen]) + 1
    right, wrong = TIGHT[chain]
    text, letter, why = options(rng, right, wrong)
    slips = [Slip(1, "Line 1 follows from no line.")]
    slips += [Slip(i, f"Line {i} equals line {i - 1}: no logarithm changes places with an average there.")
              for i in range(2, len(lines) + 1) if i != number]  # fmt: skip
    numbered = "\n\n".join(f"{i}. {line}" for i, line in enumerate(lines, 1))
    shown = f"For 6a:\n\n{numbered}\n\nFor 6b: that step holds with equality\n\n{text}"
    return Question(6, "Jensen's inequality", "07-jensen", shown, (
        Part("6a", 2, near(number, 2, ["the line"], 0, slips=slips), number,
             "There the logarithm and the average under $q$ change places. All other steps are equalities."),
        Part("6b", 2, choice(letter, 2, why), letter,
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
    slips = [
        Slip(
            np.array(answers) / np.log(2), "This is in units of ln 2, or bits: in nats it is ln 2 times as much.", HALF
        ),
        Slip([-elbo, elbo - log_p, -log_p], "The sign is the other one.", HALF),
        Slip(
            [np.nan, np.nan, np.log(joint.sum())],
            "You added the two points under one logarithm: points are independent, so their logarithms are added.",
        ),
        Slip(np.array(answers) / 2, "The sum over both points is asked for, and not the mean."),
        Slip(
            [(q[some] * np.log(joint[some])).sum(), np.nan, np.nan],
            "The entropy of q is missing: divide by q under the logarithm.",
        ),
        Slip([log_p - elbo, elbo, np.nan], "L and KL are exchanged."),
        Slip(
            [np.nan, np.nan, np.log(joint).sum()],
            "You added logarithms over the labels; p(x) is a sum over them, so the logarithm comes last.",
        ),
    ]
    shown = head("$i$", *(rf"$p(x_i, z_{{i{j}}} = 1)$" for j in (1, 2, 3)), *(f"$q_{{i{j}}}$" for j in (1, 2, 3)))
    for i, (values, weights) in enumerate(zip(joint, q, strict=True), 1):
        shown += row(i, *(f"1/{round(1 / v)}" if v else "0" for v in (*values, *weights)))
    shown += "\n" + r"$\ln 2 = 0.6931$"
    return Question(7, r"$\mathcal{L}$, KL and $\log p$", "08-elbo-kl", shown, (
        Part("7", 6, near(answers, 6, ["L", "KL", "log p"], slips=slips), answers,
             rf"In units of $\ln 2$: $\mathcal{{L}} = {elbo / np.log(2):.4g}$, $D_{{\mathrm{{KL}}}} = "
             rf"{(log_p - elbo) / np.log(2):.4g}$, $\log p = {log_p / np.log(2):.4g}$. A term with $q_{{ij}} = 0$ is "
             r"zero. $\log p = \mathcal{L} + D_{\mathrm{KL}}$ is the test."),
    ))  # fmt: skip


# ---- 11: two proofs

LEMMA = (
    r"$\sum_z q(z) \log p(x)$",
    r"$\sum_z q(z) \log \dfrac{p(x, z)}{p(z \mid x)}$",
    r"$\sum_z q(z) \log \Bigl( \dfrac{p(x, z)}{q(z)} \cdot \dfrac{q(z)}{p(z \mid x)} \Bigr)$",
    r"$\sum_z q(z) \log \dfrac{p(x, z)}{q(z)} + \sum_z q(z) \log \dfrac{q(z)}{p(z \mid x)}$",
)
NOT_LEMMA = {
    r"$\sum_z q(z) \log \dfrac{p(x, z)}{p(z)}$": "p(x, z) / p(z) is p(x | z), and not p(x).",
    r"$\sum_z q(z) \log \Bigl( \dfrac{p(x, z)}{q(z)} \cdot \dfrac{p(z \mid x)}{q(z)} \Bigr)$":
        "here q(z) does not cancel.",
    r"$\sum_z q(z) \log \dfrac{p(x, z)}{q(z)} + \sum_z q(z) \log \dfrac{p(z \mid x)}{q(z)}$":
        "its second sum is minus the divergence.",
}  # fmt: skip
ASCENT = (
    r"$\mathcal{L}(q, \theta_{\text{new}}) + D(q, \theta_{\text{new}})$",
    r"$\mathcal{L}(q, \theta_{\text{new}})$",
    r"$\mathcal{L}(q, \theta_{\text{old}})$",
    r"$\mathcal{L}(q, \theta_{\text{old}}) + D(q, \theta_{\text{old}})$",
)
NOT_ASCENT = {
    r"$\mathcal{L}(q, \theta_{\text{new}}) - D(q, \theta_{\text{new}})$":
        "the divergence is added to the bound; with a minus it may lie below everything that follows.",
    r"$\mathcal{L}(q, \theta_{\text{old}}) - D(q, \theta_{\text{new}})$":
        "the M-step says nothing about it, and it lies below log p at theta_old.",
    r"$\sum_z q(z) \log p(x, z \mid \theta_{\text{new}})$":
        "this is L without the entropy of q, and may lie below L at theta_old.",
}  # fmt: skip


def draw_11(rng):
    """The lemma, and that log p never falls, line by line."""
    lemma, right_a, why_a = shuffled(rng, LEMMA, NOT_LEMMA)
    ascent, right_b, why_b = shuffled(rng, ASCENT, NOT_ASCENT)
    shown = f"For 11a, lines for the dots in $\\log p(x) = \\ldots = \\mathcal{{L}}(q) + D$:\n\n{lemma}\n\n"
    shown += r"For 11b, lines for the dots in $\log p(x \mid \theta_{\text{new}}) = \ldots \ge \ldots = "
    shown += r"\log p(x \mid \theta_{\text{old}})$:" + f"\n\n{ascent}"
    return Question(11, "Two proofs", "09-em-as-ascent", shown, (
        Part("11a", 4, order(right_a, 4, why_a), right_a,
             "$q$ sums to one; the product rule, $p(x) = p(x, z) / p(z \\mid x)$; a factor $q(z) / q(z)$; the "
             "logarithm of a product. The last line is $\\mathcal{L}(q) + D$."),
        Part("11b", 4, order(right_b, 4, why_b), right_b,
             "The lemma at $\\theta_{\\text{new}}$; a divergence is not negative; the M-step; the E-step, by which "
             "$D(q, \\theta_{\\text{old}}) = 0$. Then the lemma at $\\theta_{\\text{old}}$."),
    ))  # fmt: skip


# ---- 14: free energy


def draw_14(rng):
    """Three states whose energies are multiples of ln 2."""
    T = int(rng.choice([2, 3]))
    levels = T * rng.permutation([1, 2, 3]) + int(rng.integers(0, 3))  # - log2 p(x, z)
    q = rng.permutation([0.5, 0.25, 0.25])
    while (q * levels).sum() == (np.sort(q)[::-1] * np.sort(levels)).sum():  # not the posterior's own order
        q = rng.permutation([0.5, 0.25, 0.25])
    U, S = float(q @ levels), float(-(q * np.log2(q)).sum())
    right = np.array([U, S, U - S]) * np.log(2)
    weight, posterior, square = (2.0 ** (-levels * power) for power in (1 / T, 1, T))
    best = float((weight / weight.sum())[0])
    slips = [
        Slip(right / np.log(2), "This is in units of ln 2, or bits: in nats it is ln 2 times as much.", HALF),
        Slip(-right, "The sign is the other one.", HALF),
        Slip([np.nan, np.nan, (U + S) * np.log(2)], "The entropy is taken away: F = U - S at T = 1."),
        Slip([np.nan, np.nan, -np.log(posterior.sum())], "This is the smallest F, - log p(x): that of the posterior."),
        Slip([levels.mean() * np.log(2), np.log(3), np.nan], "This is the value for a uniform q: use the q given."),
    ]
    hot = [
        Slip(posterior[0] / posterior.sum(), "This is the posterior, the best q at T = 1."),
        Slip(square[0] / square.sum(), f"The exponent is 1/T, and not T: at T = {T} the best q is flatter."),
        Slip(weight[0], "This is not normalised: divide by the sum over the three states."),
        Slip(1 / 3, "That is the best q at an infinite temperature."),
    ]
    shown = head("state $z$", 1, 2, 3) + row("$p(x, z)$", *(f"1/{2**v}" for v in levels))
    shown += row("$q(z)$", *(f"1/{round(1 / v)}" for v in q)) + f"\nFor 14b: $T = {T}$\n\n$\\ln 2 = 0.6931$"
    return Question(14, "Free energy", "08-elbo-kl", shown, (
        Part("14a", 3, near(right, 3, ["U", "S", "F"], slips=slips), right.tolist(),
             rf"In units of $\ln 2$: $U = {U:.4g}$, $S = {S:.4g}$, and $F = U - S = {U - S:.4g}$. It is "
             r"$-\mathcal{L}(q)$."),
        Part("14b", 2, near(best, 2, ["q(1)"], slips=hot), best,
             rf"$q(z) \propto p(x, z)^{{1/T}}$, here the weights {', '.join(f'1/{round(1 / v)}' for v in weight)}: "
             "warmer is flatter."),
    ))  # fmt: skip
