"""The numbers that the lessons print in their text, for the points 0, 1, 5 and for other data, computed anew.

Nothing of the package computes here: each number comes from a definition, in a few lines, and is looked for in the cell
that prints it.
"""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

ROOT = Path(__file__).parents[2]
LESSONS = {path.stem[:2]: path for path in (ROOT / "notebooks").glob("0[1-9]-*.ipynb")}
POINTS, MEANS, VARIANCE = np.array([0.0, 1.0, 5.0]), np.array([1.0, 4.0]), 3.0
QUAKES = np.loadtxt(ROOT / "emtutor" / "data" / "earthquakes.csv", delimiter=",", skiprows=1)
HEADS = np.array([5, 9, 8, 4, 7])


def cell(lesson, phrase):
    """The text of the one cell that has the phrase, with what it prints."""
    found = [c for c in nbformat.read(LESSONS[lesson], 4).cells if phrase in c.source]
    assert len(found) == 1, (lesson, phrase, len(found))
    return found[0].source + "".join(output.get("text", "") for output in found[0].get("outputs", []))


def says(text, *phrases):
    """Each phrase is there, and no longer number begins before it or goes on after it."""
    missing = [p for p in phrases if not re.search(r"(?<![\d.])" + re.escape(p) + r"(?!\.?\d)", text)]
    assert not missing, f"not printed: {missing}\nin: {text}"


def joint(x, pi, means, variances):
    """log pi_j N(x_i; m_j, v_j), (n, k)."""
    squares = (np.asarray(x)[:, None] - means) ** 2
    return np.log(pi) - np.log(2 * np.pi * np.asarray(variances)) / 2 - squares / (2 * np.asarray(variances))


def shares(a):
    return np.exp(a - logsumexp(a, axis=1, keepdims=True))


def m_step(x, r):
    """Weights, means and variances."""
    R = r.sum(0)
    means = r.T @ x / R
    return R / len(x), means, (r * (x[:, None] - means) ** 2).sum(0) / R


def em(x, pi, means, variances, iterations):
    """(log p, weights, means, variances) after so many iterations."""
    for _ in range(iterations):
        pi, means, variances = m_step(x, shares(joint(x, pi, means, variances)))
    return logsumexp(joint(x, pi, means, variances), axis=1).sum(), pi, means, variances


def bound(a, q):
    return (q * (a - np.log(q))).sum(1)


def listed(values, digits, between=", "):
    return between.join(f"{v:.{digits}f}" for v in values)


SMALL = joint(POINTS, [0.5, 0.5], MEANS, VARIANCE)
R = shares(SMALL)
COINS = np.log(0.5) + stats.binom(10, [0.6, 0.5]).logpmf(HEADS[:, None])


# ---- the points 0, 1, 5


def test_01_k_means_from_the_centres_0_and_1():
    text, centres = cell("01", "## By hand: the points 0, 1 and 5"), np.array([0.0, 1.0])
    for _ in range(2):
        labels = abs(POINTS[:, None] - centres).argmin(1)
        for phase in ("assign", "update"):
            if phase == "update":
                centres = np.array([POINTS[labels == j].mean() for j in (0, 1)])
            parts = (POINTS - centres[labels]) ** 2
            says(text, f"| {phase} | {', '.join(str(j + 1) for j in labels)} | {centres[0]:g} and {centres[1]:g} | "
                 f"${' + '.join(f'{p:g}' for p in parts)} = {parts.sum():g}$ |")  # fmt: skip
    assert (abs(POINTS[:, None] - centres).argmin(1) == labels).all()  # after that no label changes


def test_01_soft_k_means_with_beta_5():
    text = cell("01", "Points 0, 1, 5 again, centres 1 and 4")
    squares = (POINTS[:, None] - MEANS) ** 2
    says(text, ", ".join(f"{a:g} and {b:g}" for a, b in squares))
    r = shares(-squares / 10)
    says(text, r",\ ".join(f"{s:g}" for s in (squares[:, 1] - squares[:, 0]) / 10))
    first, second, third = r[:, 0]
    says(text, f"{first:.2f}, {second:.2f} and {third:.2f}")
    for r_j, centre in zip(r.T, (r.T @ POINTS) / r.sum(0), strict=True):
        says(text, f"{{{r_j.sum():.2f}}} = {centre:.2f}$")
        says(text, r"\frac{" + " + ".join(rf"{w:.2f} \cdot {x:g}" for w, x in zip(r_j, POINTS, strict=True)) + "}")


def test_02_density_evidence_and_share():
    text = cell("02", "**By hand.** The points 0, 1 and 5; two components with weights")
    assert r"weights $\frac23, \frac13$, means 1 and 4, and variance 5 each" in text
    a = joint(POINTS, [2 / 3, 1 / 3], MEANS, 5.0)
    says(text, f"{(10 * np.pi) ** -0.5:.3f}", f"${logsumexp(a, axis=1).sum():.2f}$")
    for point, p in zip(POINTS, np.exp(a).sum(1), strict=True):
        assert re.search(rf"p\({point:g}\) = 0\.178[^$]* = {p:.3f}\$", text), (point, p)
    one, two = np.exp(a[2])
    says(text, f"{one:.3f} and {two:.3f}", f"{one:.3f} / {one + two:.3f} = {one / (one + two):.2f}")
    before = shares(joint(POINTS, [0.5, 0.5], MEANS, 5.0))[2, 0]
    says(text, f"In lesson 01 it was {before:.2f}")


def test_03_responsibilities_gradient_and_variance():
    text = cell("03", "### By hand: the points 0, 1 and 5")
    says(text, rf"({listed(R[:, 0], 3, r',' + chr(92) + ' ')})")
    pulls = R[:, 0].round(3) * (POINTS - 1)  # on paper one goes on with what is written
    says(text, f"({pulls[0]:.3f} + {pulls[2]:.3f}) = {pulls.sum() / 3:.3f}$")
    step = 1e-6
    up, down = (logsumexp(joint(POINTS, [0.5, 0.5], [1 + h, 4], VARIANCE), axis=1).sum() for h in (step, -step))
    assert abs((up - down) / (2 * step) - R[:, 0] @ (POINTS - 1) / 3) < 1e-6  # the gradient, without the formula
    text = cell("03", "### By hand: the variance of the three points")
    _, means, variances = m_step(POINTS, R)
    parts = R[:, 0].round(3) * (POINTS - means[0].round(3)) ** 2
    says(text, f"({listed(R[:, 0], 3)})", f"R_1 = {R[:, 0].sum():.3f}$", f"= {means[0]:.3f}$", listed(parts, 3, " + "))
    says(text, f"= {parts.sum():.2f}$", f"W_1 / R_1 = {variances[0]:.2f}$")
    assert R[2, 0] < 1 / 12


def test_04_counts_multiplier_and_weights():
    text = cell("04", "What are $R$, $\\lambda$ and the new weights?")
    one, two = R.sum(0)
    says(text, f"({listed(R[:, 0], 3)})", f"R_1 = {one:.3f}$", f"R_2 = 3 - {one:.3f} = {two:.3f}$")
    says(text, rf"\lambda = {-(one + two):.0f}$", f"({one / 3:.3f}, {two / 3:.3f})")


def test_05_one_iteration():
    text = cell("05", "What is $r_{i1}$ for each point")
    first, second, third = R[:, 0]
    says(text, f"{first:.3f}, {second:.3f} and {third:.3f}", "At 2.5,")
    assert abs(shares(joint([2.5], [0.5, 0.5], MEANS, VARIANCE))[0, 0] - 0.5) < 1e-12
    text, (pi, means, variances) = cell("05", "One M-step on 0, 1 and 5"), m_step(POINTS, R)
    says(text, f"R_1 = {R[:, 0].sum():.3f}$", f"= {pi[0]:.3f}$", f"= {means[0]:.3f}$", f"Sigma_1 = {variances[0]:.2f}$")
    says(text, f"goes to {means[1]:.2f}, with variance {variances[1]:.2f}")
    before, after = (logsumexp(a, axis=1).sum() for a in (SMALL, joint(POINTS, pi, means, variances)))
    says(text, f"from ${before:.2f}$ to ${after:.2f}$")


def test_06_what_q_lacks():
    first, second, third = R[:, 0]
    says(cell("06", "The three points 0, 1 and 5 again"), f"{first:.3f}, {second:.3f} and {third:.3f}")
    told = cell("06", 'print(f"H(r)  = ')
    entropy = stats.entropy(R, axis=1).sum()
    says(told, f"log p = {logsumexp(SMALL, axis=1).sum():.3f}", f"Q     = {(R * SMALL).sum():.3f}", f"= {entropy:.3f}")


def test_07_the_bound_for_one_point():
    text, (one, two) = cell("07", "**By hand.** One point, $x = 0$."), np.exp(SMALL[0])
    log_p, L = np.log(one + two), bound(SMALL[:1], np.full((1, 2), 0.5))[0]
    says(text, f"({one:.4f}, {two:.4f})", rf"\log {one + two:.4f} = {log_p:.3f}$", f"({np.log(2 * one):.3f})")
    says(text, f"({np.log(2 * two):.3f}) = {L:.3f}$", f"The gap is {log_p - L:.3f}")
    told = cell("07", "for point in (0.0, 1.0, 5.0):")
    for point, a in zip(POINTS, SMALL, strict=True):
        L = bound(a[None], np.full((1, 2), 0.5))[0]
        says(told, f"x = {point:g}: log p = {logsumexp(a):.3f}, L = {L:.3f}")


def test_08_the_three_parts():
    text, q = cell("08", "So the three divergences must be"), np.full((3, 2), 0.5)
    L, log_p = bound(SMALL, q), logsumexp(SMALL, axis=1)
    kl = (q * np.log(q / R)).sum(1)
    says(text, f"{L[0]:.3f} - {-L[1]:.3f} - {-L[2]:.3f}$", f"{log_p[0]:.3f} - {-log_p[1]:.3f} - {-log_p[2]:.3f}$")
    says(text, f"{kl[0]:.3f}, {kl[1]:.3f} and {kl[2]:.3f}", f"({listed(R[0], 3)})")
    says(text, "{} + {}".format(*(f"{0.5 * np.log(0.5 / r):.3f}" for r in R[0])))


def test_09_what_both_half_steps_gain():
    text, q = cell("09", "Say the three gains before you run the cell."), np.full((3, 2), 0.5)
    L, log_p = bound(SMALL, q).sum(), logsumexp(SMALL, axis=1).sum()
    says(text, rf"\mathcal{{L}} = {L:.3f}$", f"= {log_p:.3f}$", ", ".join(f"({listed(row, 3)})" for row in R))
    says(cell("09", 'print(f"E-step: L '), f"L {log_p - L:+.3f}, log p {0:+.3f}, KL {L - log_p:+.3f}")
    pi, means, variances = m_step(POINTS, R)
    text = cell("09", "The small example again.")
    says(
        text,
        f"R_1 = {R[:, 0].sum():.3f}$",
        f"pi_1 = {pi[0]:.3f}$",
        f"= {means[0]:.3f}$, with variance {variances[0]:.3f}",
    )
    says(text, rf"\pi_2 = {pi[1]:.3f}$", f"mu_2 = {means[1]:.3f}$, with variance {variances[1]:.3f}")
    new = joint(POINTS, pi, means, variances)
    gain, rise = bound(new, R).sum() - log_p, logsumexp(new, axis=1).sum() - log_p
    says(cell("09", 'print(f"M-step: L '), f"L {gain:+.3f}, log p {rise:+.3f}, KL {rise - gain:+.3f}")


# ---- other data


def test_01_k_means_and_soft_k_means_on_earthquakes():
    text, centres = cell("01", "k-means finds centres near"), np.array([10.0, 30.0])
    for _ in range(50):
        labels = abs(QUAKES[:, None] - centres).argmin(1)
        centres = np.array([QUAKES[labels == j].mean() for j in (0, 1)])
    says(text, f"{centres[0]:.1f} and {centres[1]:.1f}")
    soft, beta = np.array([10.0, 30.0]), 50.0
    for _ in range(6000):
        r = shares(-((QUAKES[:, None] - soft) ** 2) / (2 * beta))
        soft = (r.T @ QUAKES) / r.sum(0)
        beta = (r * (QUAKES[:, None] - soft) ** 2).sum() / len(QUAKES)
    assert abs(soft - QUAKES.mean()).max() < 0.5
    says(text, f"near the mean, {QUAKES.mean():.1f}", f"{QUAKES.var():.0f}")
    assert abs(beta - QUAKES.var()) < 0.5


def test_02_one_gaussian_against_two():
    one = logsumexp(joint(QUAKES, [1.0], [QUAKES.mean()], [QUAKES.var()]), axis=1).sum()
    two = logsumexp(joint(QUAKES, [0.6, 0.4], [15, 26], [20, 20]), axis=1).sum()
    says(cell("02", "for the one,"), f"${one:.1f}$ for the one", f"${two:.1f}$ for the two")


def test_03_where_two_means_want_to_go():
    text, r = cell("03", "the new means are"), shares(joint(QUAKES, [0.5, 0.5], [16, 24], 16.0))
    down, up = (r * (QUAKES[:, None] - [16, 24])).sum(0) / 16
    means = (r.T @ QUAKES) / r.sum(0)
    says(text, f"${down:.2f}$ and ${up:+.2f}$", f"{means[0]:.2f} and {means[1]:.2f}")
    says(text, f"{r[:, 0].sum():.1f} years count as quiet and {r[:, 1].sum():.1f} as busy")


def test_04_the_share_of_quiet_years():
    pi, path = np.array([0.5, 0.5]), []
    for _ in range(2000):
        pi = shares(joint(QUAKES, pi, [15, 25], [16, 36])).mean(0)
        path.append(pi[0])
    text = cell("04", "% (0.")
    says(text, f"{100 * pi[0]:.0f} % ({pi[0]:.4f})", f"from 0.5 to {path[0]:.3f}")


def test_05_bic():
    text, n = cell("05", "so BIC is"), len(QUAKES)
    best = []
    for k in (1, 2, 3):
        ends = []
        for seed in range(12):
            means = np.random.default_rng(seed).choice(QUAKES, k, replace=False)
            log_p, _, _, variances = em(QUAKES, np.full(k, 1 / k), means, np.full(k, QUAKES.var() / k), 1500)
            if variances.min() > 1:  # none has collapsed
                ends.append(log_p)
        best.append(max(ends))
    bic = [-2 * log_p + (3 * k - 1) * np.log(n) for k, log_p in enumerate(best, 1)]
    says(text, f"${best[0]:.2f}$, ${best[1]:.2f}$ and ${best[2]:.2f}$", f"{bic[0]:.1f}, {bic[1]:.1f} and {bic[2]:.1f}")
    assert int(np.argmin(bic)) == 0


def test_06_two_poisson_rates():
    pi, rates = np.array([0.5, 0.5]), np.array([15.0, 25.0])
    for _ in range(3000):
        a = np.log(pi) + stats.poisson(rates).logpmf(QUAKES[:, None])
        r = shares(a)
        pi, rates = r.mean(0), (r.T @ QUAKES) / r.sum(0)
    text = cell("06", "EM ends at weights")
    says(text, f"weights {pi[0]:.2f} and {pi[1]:.2f}", f"rates {rates[0]:.1f} and {rates[1]:.1f}")
    says(text, f"log p = {logsumexp(a, axis=1).sum():.2f}$")


def test_07_a_round_of_the_coins():
    one, two = np.exp(COINS[0]).round(4)  # the task gives them so
    says(cell("07", "Take the first round of lesson 06's coins"), f"({one:.4f}, {two:.4f})")
    text, a = cell("07", "the tightest $q$ is"), np.log([[one, two]])
    says(text, rf"\log {one + two:.4f} = {np.log(one + two):.3f}$", f"= {bound(a, np.full((1, 2), 0.5))[0]:.3f}$")
    says(text, f"({listed(shares(a)[0], 3)})", rf"{a.sum():.2f} \le {np.log(one + two):.2f}$")


def test_08_all_rounds_of_the_coins():
    q = np.full((5, 2), 0.5)
    L, kl = bound(COINS, q).sum(), (q * np.log(q / shares(COINS))).sum()
    text = cell("08", "The coins are so alike")
    says(text, f"= {logsumexp(COINS, axis=1).sum():.3f}$", f"= {L:.3f}$", f"= {kl:.3f}$")


def test_09_what_the_coins_gain():
    q, r = np.full((5, 2), 0.5), shares(COINS)
    theta = (r.T @ HEADS) / (10 * r.sum(0))
    says(cell("09", "What do the first E-step and the first M-step gain"), f"({theta[0]:.4f}, {theta[1]:.4f})")
    new = np.log(0.5) + stats.binom(10, theta).logpmf(HEADS[:, None])
    before, after = (logsumexp(a, axis=1).sum() for a in (COINS, new))
    E, M = before - bound(COINS, q).sum(), bound(new, r).sum() - before
    text = cell("09", "the gap that opens. Nothing in this lesson")
    says(
        text,
        f"gains {E:.3f}, $",
        f"gains {M:.3f}, $",
        f"gains {after - before:.3f}",
        f"{after - before - M:.3f}, is the gap",
    )


def test_a_wrong_digit_is_seen():
    for text in ("0.6581", "10.658", "0.65", "0.659"):
        with pytest.raises(AssertionError):
            says(text, "0.658")
    says("is 0.658, and 0.658.", "0.658")
