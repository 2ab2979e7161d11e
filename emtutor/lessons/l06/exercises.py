"""Lesson 06: the same two steps on other models."""

import numpy as np

from emtutor import problems
from emtutor.causes import Problem, Quantity
from emtutor.tutor.exercise import Exercise, Mistake

LESSON = "06-generic-em"


def _rows(a):
    weight = np.exp(a - a.max(1, keepdims=True))
    return weight / weight.sum(1, keepdims=True)


# ---- expected_complete_log_likelihood


def expected_complete_log_likelihood(x, r, pi, mu, Sigma):
    total = 0.0
    for j in range(len(pi)):
        away = x - mu[j]
        squared = (away * np.linalg.solve(Sigma[j], away.T).T).sum(1)
        log_det = np.linalg.slogdet(Sigma[j])[1]
        log_density = -(x.shape[1] * np.log(2 * np.pi) + log_det + squared) / 2
        total += (r[:, j] * (np.log(pi[j]) + log_density)).sum()
    return total


def _table(x, mu, Sigma, log_det=1.0, quadratic=1.0):
    columns = []
    for m, S in zip(mu, Sigma, strict=True):
        squared = np.einsum("na,ab,nb->n", x - m, np.linalg.inv(S), x - m)
        volume = np.linalg.slogdet(S)[1]
        columns.append(-(x.shape[1] * np.log(2 * np.pi) + log_det * volume + quadratic * squared) / 2)
    return np.stack(columns, axis=1)


EXPECTED_COMPLETE = Exercise(
    expected_complete_log_likelihood, lesson=LESSON, chain="expected_complete", out={"Q": ""},
    problems=lambda rng: problems.posed("x r pi mu Sigma", rng),
    statement="Q = E_q[log p(x, z | theta)] for q given by the responsibilities r (n, k): a number. x (n, d), pi "
              "(k,), mu (k, d), Sigma (k, d, d).",
    mistakes=[
        Mistake("log-of-expectation", lambda x, r, pi, mu, Sigma:
                np.log((r * np.exp(_table(x, mu, Sigma) + np.log(pi))).sum(1)).sum(),
                "The logarithm stands outside the average. Q is an expectation of logarithms."),
        Mistake("unweighted", lambda x, r, pi, mu, Sigma: (_table(x, mu, Sigma) + np.log(pi)).sum(),
                "Every component counts in full for every point. Which weights does the expectation have?"),
    ],
    hints=[
        "Take the complete-data log-likelihood and replace each z_ij by its expectation.",
        "The expectation of z_ij under q is r_ij, and the complete-data log-likelihood is linear in z.",
        "Multiply the table log pi_j + log N(x_i; mu_j, Sigma_j) by r, entry by entry, and add everything up.",
    ],
    by_hand="Two points, two components, numbers of your choice for the table: write out the four terms.",
)  # fmt: skip


# ---- two coins


def coin_e_step(heads, flips, theta):
    tails = flips - heads
    a = np.outer(heads, np.log(theta)) + np.outer(tails, np.log1p(-theta))
    weight = np.exp(a - a.max(1, keepdims=True))
    return weight / weight.sum(1, keepdims=True)


def coin_m_step(heads, flips, r):
    return r.T @ heads / (r * (flips * np.ones(len(heads)))[:, None]).sum(0)


def _log_coins(heads, flips, theta):
    tails = np.asarray(flips) - heads
    return np.outer(heads, np.log(theta)) + np.outer(tails, np.log(1 - theta))


def _tosses(rng):
    made = [("five rounds of ten flips", np.array([5, 9, 8, 4, 7]), 10, np.array([0.6, 0.5]))]
    made.append(("rounds of different length", np.array([3, 11, 2, 9, 6, 1]), np.array([7, 13, 9, 12, 8, 5]), None))
    made.append(("two rounds", np.array([2, 7]), np.array([9, 8]), None))
    made.append(("many flips", np.array([3100, 1700, 2500]), 5000, np.array([0.62, 0.35])))
    made.append(("ten flips and thousands", np.array([4, 3100, 9]), np.array([10, 5000, 12]), None))
    made.append(("no heads and all heads", np.array([0, 6, 3, 2]), 6, None))
    made.append(("a coin that hardly ever shows heads", np.array([0, 1, 0, 7]), 9, np.array([1e-12, 0.8])))
    made.append(("a coin that nearly always shows heads", np.array([4, 5, 2]), 5, np.array([0.3, 1 - 1e-9])))
    made.append(("two equal coins", np.array([3, 1]), 4, np.array([0.35, 0.35])))
    made.append(("a round twice", np.array([3, 3, 1]), np.array([8, 8, 5]), None))
    made.append(("1000 rounds", rng.binomial(20, 0.4, 1000), 20, None))
    return [(label, h, f, rng.permutation([0.27, 0.66]) if t is None else t) for label, h, f, t in made]


def _coin_e_problems(rng):
    return [Problem(label, {"heads": h, "flips": f, "theta": t}) for label, h, f, t in _tosses(rng)]


def _coin_m_problems(rng):
    made = [
        Problem(label, {"heads": h, "flips": f, "r": problems.simplex(rng, 2, len(h))})
        for label, h, f, _ in _tosses(rng)
    ]
    hard = np.array([[1.0, 0.0], [0.0, 1.0], [1 - 1e-6, 1e-6], [1.0, 1e-300], [0.3, 0.7]])
    made.append(Problem("zeros and tiny entries in r", made[0].args | {"r": hard}, True))
    empty = np.column_stack([1 - hard[:, 0] * 1e-6, hard[:, 0] * 1e-6])
    made.append(Problem("a coin that is hardly ever tossed", made[0].args | {"r": empty}, True))
    return made


COIN_E_STEP = Exercise(
    coin_e_step, lesson=LESSON, out={"r": "nk"}, problems=_coin_e_problems,
    statement="r (n, 2): the probability that round i was tossed with coin j. heads (n,), flips (n,) or one int, "
              "theta (2,) the coins' probabilities of heads; both coins are equally likely to be picked.",
    mistakes=[
        Mistake("heads-only", lambda h, f, t: _rows(np.outer(h, np.log(t))),
                "Only the heads count in your likelihood. The tails tell about the coin as well."),
        Mistake("one-flip", lambda h, f, t:
                np.stack([h / f * t[0] / (h / f * t.sum()), h / f * t[1] / (h / f * t.sum())], 1),
                "Your r is theta_j over the sum of the thetas: as if one flip, a head, had been seen."),
        Mistake("swapped", lambda h, f, t: _rows(_log_coins(h, f, 1 - t)),
                "Heads and tails are swapped: theta is the probability of heads."),
        Mistake("underflow", lambda h, f, t: (lambda w: w / w.sum(1, keepdims=True))(np.exp(_log_coins(h, f, t))),
                "Right for a few flips. For thousands both likelihoods are 0 for a computer: work in logarithms."),
        Mistake("averaged-over-flips", lambda h, f, t:
                _rows(_log_coins(h, f, t) / np.asarray(f * np.ones(len(h)))[:, None]),
                "The log-likelihood is divided by the number of flips: a long round should tell more than a short "
                "one."),
        Mistake("theta-as-prior", lambda heads, flips, theta:
                _rows(np.log(theta) + np.outer(heads, np.log(theta)) + np.outer(flips - heads, np.log1p(-theta))),
                "theta counts once more, as if it were the probability of picking the coin. Both coins are picked "
                "equally often."),
        Mistake("logs-normalised", lambda h, f, t: (lambda a: a / a.sum(1, keepdims=True))(_log_coins(h, f, t)),
                "The log-likelihoods themselves are divided by their sum. Then the less likely coin gets the larger "
                "share: exponentiate first."),
        Mistake("tails-as-heads", lambda h, f, t: _rows(np.outer(f * np.ones(len(h)), np.log(t))),
                "Tails are counted with theta too, as if every flip were a head. What is the probability of a tail?"),
    ],
    hints=[
        "Bayes with equal priors: the likelihood of round i under each coin, normalised over the two coins.",
        "The likelihood is theta^heads (1 - theta)^tails; the binomial coefficient is the same for both coins.",
        "In logarithms that is heads log theta + tails log(1 - theta), a table (n, 2): np.outer makes it.",
    ],
    by_hand="Five heads in ten, coins 0.6 and 0.5: compute the ratio of the two likelihoods.",
)  # fmt: skip

COIN_M_STEP = Exercise(
    coin_m_step, lesson=LESSON, out={"theta": "k"}, problems=_coin_m_problems,
    statement="theta (2,): for each coin the expected number of heads over the expected number of flips. heads (n,), "
              "flips (n,) or one int, r (n, 2).",
    mistakes=[
        Mistake("mean-of-shares", lambda h, f, r: r.T @ (h / f) / r.sum(0),
                "You average the shares of heads. Right when all rounds are equally long: a long round should count "
                "more."),
        Mistake("heads-over-tails", lambda h, f, r: r.T @ h / (r.T @ (f - h)),
                "This is heads over tails, the odds. Divide by all flips of the coin."),
        Mistake("over-all-heads", lambda h, f, r: r.T @ h / h.sum(),
                "This is coin j's share of all heads. Of its own flips, how many were heads?"),
        Mistake("tails", lambda h, f, r: r.T @ (f - h) / (r.T @ (f * np.ones(len(h)))),
                "This is the probability of tails."),
        Mistake("smoothed", lambda h, f, r: (r.T @ h + 1) / (r.T @ (f * np.ones(len(h))) + 2),
                "One head and one tail that nobody saw are added, as a prior would. Maximum likelihood adds none."),
    ],
    ask={
        "axis:axis": "How many of the flips belong to coin j?",
    },
    hints=[
        "If the coins were known you would count heads and flips for each coin. Now count with fractions.",
        "r.T @ heads is the expected number of heads of each coin.",
        "The flips may be one int: flips * np.ones(n) is one number a round; r.T @ that gives each coin's flips.",
    ],
    by_hand="Two rounds, 5 and 9 heads in ten, r = (1/2, 1/2) in both: what is theta?",
)  # fmt: skip


# ---- Poisson mixture


def poisson_e_step(x, pi, rate):
    a = np.log(pi) + np.outer(x, np.log(rate)) - rate
    weight = np.exp(a - a.max(1, keepdims=True))
    return weight / weight.sum(1, keepdims=True)


def poisson_m_step(x, r):
    R = r.sum(0)
    return R / len(x), r.T @ x / R


def _rates(rng):
    made = [("hand-sized", np.array([0, 1, 2, 5]), np.array([0.3, 0.7]), np.array([1.0, 2.5]))]
    made.append(
        ("three components", np.array([0, 3, 1, 8, 12, 4, 2]), problems.simplex(rng, 3), np.array([0.8, 3.7, 9.1]))
    )
    made.append(("one component", np.array([2, 0, 3]), np.ones(1), np.array([1.9])))
    made.append(("large counts", np.array([400, 950, 4200]), problems.simplex(rng, 2), np.array([900.0, 410.0])))
    made.append(("all zero", np.zeros(4, int), problems.simplex(rng, 2), np.array([0.4, 3.3])))
    rare = np.array([0.3, problems.RARE, 0.7 - problems.RARE])
    made.append(("a rare component", np.array([2, 9, 0, 1]), rare, np.array([1.2, 6.0, 3.1])))
    made.append(("a rate near 0", np.array([0, 3, 1]), problems.simplex(rng, 2), np.array([1e-12, 2.2])))
    made.append(("two equal components", np.array([4, 0]), np.array([0.3, 0.3, 0.4]), np.array([2.1, 2.1, 5.5])))
    made.append(("a count twice", np.array([0, 0, 3, 3, 7]), problems.simplex(rng, 2), np.array([1.4, 5.2])))
    made.append(("six components", np.arange(7), problems.simplex(rng, 6), rng.uniform(0.3, 9, 6)))
    made.append(("1000 counts", rng.poisson(3.0, 1000), problems.simplex(rng, 2), np.array([2.4, 4.6])))
    return made


def _poisson_e_problems(rng):
    return [Problem(label, {"x": x, "pi": pi, "rate": rate}) for label, x, pi, rate in _rates(rng)]


def _poisson_m_problems(rng):
    made = [
        Problem(label, {"x": x, "r": problems.simplex(rng, len(pi), len(x))})
        for label, x, pi, _ in _rates(rng)
        if label != "all zero"
    ]
    for label, change in (
        ("zeros and tiny entries in r", problems.sparse),
        ("an almost empty component", problems.almost_empty),
    ):
        made.append(Problem(label, {"x": made[1].args["x"], "r": change(problems.world(rng, 7, 3, 1))["r"]}))
    return made


_COUNTS = {"x": Quantity("n", "counts")}

POISSON_E_STEP = Exercise(
    poisson_e_step, lesson=LESSON, out={"r": "nk"}, problems=_poisson_e_problems, notation=_COUNTS,
    statement="r (n, k): the probability that count x_i came from component j. x (n,) whole numbers, pi (k,), rate "
              "(k,) the means of the Poisson distributions.",
    mistakes=[
        Mistake("no-exp-rate", lambda x, pi, rate: _rows(np.log(pi) + np.outer(x, np.log(rate))),
                "The factor exp(-rate) is missing from the Poisson probability. It differs between the components."),
        Mistake("underflow", lambda x, pi, rate:
                (lambda w: w / w.sum(1, keepdims=True))(pi * np.exp(-rate) * np.power(rate, x[:, None].astype(float))),
                "Right for small counts. rate to the power x overflows for large ones: work in logarithms."),
        Mistake("swapped-roles", lambda x, pi, rate: _rows(np.log(pi) + np.outer(x, rate) - np.log(rate)),
                "rate and log rate have changed places: the logarithm of rate^x exp(-rate) is x log rate - rate."),
        Mistake("normal", lambda x, pi, rate:
                _rows(np.log(pi) - np.log(rate) / 2 - (x[:, None] - rate) ** 2 / (2 * rate)),
                "This is a normal density with the Poisson mean and variance. For small counts the two differ: which "
                "probability has x under Poisson?"),
        Mistake("normal-without-size", lambda x, pi, rate: _rows(np.log(pi) - (x[:, None] - rate) ** 2 / (2 * rate)),
                "This is a normal density, and one without its factor before the exponential. Which probability has "
                "x under Poisson?"),
        Mistake("exponential", lambda x, pi, rate: _rows(np.log(pi) + np.log(rate) - np.outer(x, rate)),
                "This is the density of an exponential distribution, rate exp(-rate x). A Poisson count has rate^x "
                "exp(-rate) / x!."),
    ],
    ask={
        "uniform:pi": "What plays the role of the prior?",
    },
    hints=[
        "The Poisson probability is rate^x exp(-rate) / x!. Which factor is the same for all components?",
        "Its logarithm without the factorial: x log(rate) - rate. Add log pi.",
        "Then as always: subtract the largest of each row, exponentiate, divide each row by its sum.",
    ],
    by_hand="Rates 1 and 2.5, weights 0.3 and 0.7, x = 0: compute r.",
)  # fmt: skip

POISSON_M_STEP = Exercise(
    poisson_m_step, lesson=LESSON, out={"pi": "k", "rate": "k"}, problems=_poisson_m_problems, notation=_COUNTS,
    statement="pi (k,) and rate (k,): shares and weighted means of the counts. x (n,), r (n, k).",
    mistakes=[
        Mistake("order", lambda x, r: (r.T @ x / r.sum(0), r.sum(0) / len(x)), "The order is pi, then rate."),
        Mistake("by-counts", lambda x, r: ((r.T @ x) / x.sum(), r.T @ x / r.sum(0)),
                "pi is a share of the counts. It is a share of the points."),
        Mistake("variance", lambda x, r: (r.mean(0), (r * (x[:, None] - r.T @ x / r.sum(0)) ** 2).sum(0) / r.sum(0)),
                "rate_j is a weighted variance. For a Poisson distribution mean and variance are the same number, "
                "but the likelihood is largest with the weighted mean."),
    ],
    hints=[
        "If the labels were known: shares, and the mean count of each component.",
        "R_j = r.sum(0) is the expected number of points of component j.",
        "The weighted sum of the counts of component j is r.T @ x; divide by R_j.",
    ],
    by_hand="Counts 0, 2, 4 with r = (1, 0), (1/2, 1/2), (0, 1): what are pi and rate?",
)  # fmt: skip


# ---- linkage


def linkage_e_step(y, theta):
    return y[0] * (theta / 4) / (1 / 2 + theta / 4)


def linkage_m_step(y, x2):
    return (x2 + y[3]) / (x2 + y[1] + y[2] + y[3])


_CELLS = [
    np.array([125, 18, 20, 34]),
    np.array([14, 0, 1, 5]),
    np.array([40, 9, 4, 11]),
    np.array([1997, 906, 904, 32]),
    np.array([0, 6, 3, 2]),
    np.array([31, 6, 0, 2]),
    np.array([200000, 31000, 28000, 40000]),
]
_LINKAGE = {"y": Quantity("c", "counts"), "theta": Quantity("", "chance")}


def _linkage_e_problems(rng):
    thetas = [0.5, 0.17, 0.83, float(rng.uniform(0.1, 0.9)), 0.4, 1e-12, 1 - 1e-12]
    return [Problem(f"y = {y.tolist()}", {"y": y, "theta": t}) for y, t in zip(_CELLS, thetas, strict=True)]


def _linkage_m_problems(rng):
    shares = [0.2, 0.31, 0.07, float(rng.uniform(0.1, 0.3)), 0.5, 0.0, 1e-12]
    return [Problem(f"y = {y.tolist()}", {"y": y, "x2": s * y[0]}) for y, s in zip(_CELLS, shares, strict=True)]


LINKAGE_E_STEP = Exercise(
    linkage_e_step, lesson=LESSON, out={"x2": ""}, problems=_linkage_e_problems, notation=_LINKAGE,
    statement="The expected count x2 of the theta/4 part of the first cell, a number. y (4,) holds the counts of "
              "cells with probabilities 1/2 + theta/4, (1 - theta)/4, (1 - theta)/4, theta/4.",
    mistakes=[
        Mistake("other-part", lambda y, t: y[0] * 0.5 / (0.5 + t / 4),
                "This is the expected count of the other part, the one with probability 1/2."),
        Mistake("not-conditional", lambda y, t: y.sum() * t / 4,
                "This is what you would expect before looking at y. Given y_1, its parts must add up to y_1."),
        Mistake("not-divided", lambda y, t: y[0] * t / 4,
                "theta/4 is a probability among all cells. Given that a count fell in the first cell, what is the "
                "chance of this part?"),
        Mistake("against-the-half", lambda y, t: y[0] * (t / 4) / 0.5,
                "This is the ratio of the two parts. A share divides by their sum."),
        Mistake("split-in-halves", lambda y, t: y[0] / 2,
                "The cell is split in halves whatever theta is. The parts stand in the ratio 1/2 to theta/4."),
        Mistake("theta-itself", lambda y, t: y[0] * t,
                "The share is not theta: it is the part theta/4 of 1/2 + theta/4."),
    ],
    hints=[
        "y_1 counts fell into a cell made of two parts. What share belongs to the second part?",
        "Given that a count fell in the cell, the chance of a part is its probability over the cell's.",
        "The cell has probability 1/2 + theta/4, the part theta/4. Expected count: y_1 times the share.",
    ],
    by_hand="theta = 1/2 and y_1 = 125: which share, and how many?",
)  # fmt: skip

LINKAGE_M_STEP = Exercise(
    linkage_m_step, lesson=LESSON, out={"theta": ""}, problems=_linkage_m_problems, notation=_LINKAGE,
    statement="theta of maximum likelihood when the first cell's theta/4 part is known to hold x2 counts. y (4,).",
    mistakes=[
        Mistake("over-all", lambda y, x2: (x2 + y[3]) / y.sum(),
                "You divide by all counts. Those of the part with probability 1/2 say nothing about theta."),
        Mistake("over-all-with-x2", lambda y, x2: (x2 + y[3]) / (x2 + y.sum()),
                "The whole first cell stands in the denominator. Only its theta/4 part tells about theta."),
        Mistake("x2-on-top-only", lambda y, x2: (x2 + y[3]) / (y[1] + y[2] + y[3]),
                "x2 stands on top but not below: then theta may exceed one."),
        Mistake("odds", lambda y, x2: (x2 + y[3]) / (y[1] + y[2]),
                "This is the odds theta / (1 - theta). Divide by all counts that tell about theta."),
        Mistake("other-part", lambda y, x2: (y[0] - x2 + y[3]) / (y[0] - x2 + y[1] + y[2] + y[3]),
                "The other part of the first cell is counted, y1 - x2. Its probability, 1/2, says nothing of theta."),
        Mistake("rest-of-all", lambda y, x2: (x2 + y[3]) / (y.sum() - x2),
                "The divisor is all counts without x2. Which counts say something of theta, for it or against it?"),
        Mistake("smoothed", lambda y, x2: (x2 + y[3] + 1) / (x2 + y[1] + y[2] + y[3] + 2),
                "One count is added on each side, as a prior would. Maximum likelihood has none."),
        Mistake("share-of-the-first-class", lambda y, x2: x2 / y[0],
                "This is the share of the first class that lies in its second part. Which of the other counts tell "
                "about theta?"),
        Mistake("one-middle-cell", lambda y, x2: (x2 + y[3]) / (x2 + y[1] + y[3]),
                "Only one of the two cells with (1 - theta)/4 is counted. Which cells tell against a large theta?"),
        Mistake("middle-cells-halved", lambda y, x2: (x2 + y[3]) / (x2 + (y[1] + y[2]) / 2 + y[3]),
                "The two cells with (1 - theta)/4 count a half each. How often does log(1 - theta) occur there?"),
        Mistake("published-counts", lambda y, x2: (x2 + 34) / (x2 + 72),
                "34 and 72 belong to the published example. Which of the counts in y stand in their place?"),
    ],
    hints=[
        "Write the complete-data log-likelihood. Which counts go with log theta, which with log(1 - theta)?",
        "x2 + y_4 go with log theta, y_2 + y_3 with log(1 - theta): as with a coin.",
        "The best theta is the share of the first kind among both kinds.",
    ],
    by_hand="x2 = 25 and y = (125, 18, 20, 34): which fraction?",
)  # fmt: skip


# ---- blood groups


def abo_step(counts, p):
    A, B, AB, O = counts
    a, b, o = p
    AA = A * a / (a + 2 * o)
    BB = B * b / (b + 2 * o)
    alleles = np.array([2 * AA + (A - AA) + AB, 2 * BB + (B - BB) + AB, 2 * O + (A - AA) + (B - BB)])
    return alleles / alleles.sum()


def _abo(counts, p, split_a=None, split_b=None, count=None):
    A, B, AB, O = counts
    a, b, o = p
    AA = A * (a / (a + 2 * o) if split_a is None else split_a(a, b, o))
    BB = B * (b / (b + 2 * o) if split_b is None else split_b(a, b, o))
    alleles = np.array([2 * AA + (A - AA) + AB, 2 * BB + (B - BB) + AB, 2 * O + (A - AA) + (B - BB)])
    alleles = alleles if count is None else np.array(count(A, B, AB, O, AA, BB))
    return alleles / alleles.sum()


def _abo_problems(rng):
    cells = [[186, 38, 13, 284], [44, 27, 4, 88], [7, 12, 3, 9], [0, 15, 0, 20], [3, 50, 1, 46], [31000, 9000, 800, 7]]
    start = [np.full(3, 1 / 3), *(problems.simplex(rng, 3) for _ in cells[1:])]
    start[4] = np.array([1e-12, 0.4, 0.6 - 1e-12])
    return [Problem(f"counts {c}", {"counts": np.array(c), "p": p}) for c, p in zip(cells, start, strict=True)]


ABO_STEP = Exercise(
    abo_step, lesson=LESSON, out={"p": "k"}, problems=_abo_problems,
    notation={"counts": Quantity("c", "counts"), "p": Quantity("k", "simplex")},
    statement="One EM iteration for the allele frequencies p (3,) of A, B, O from the counts (4,) of blood groups A, "
              "B, AB, O. A person has two alleles, drawn independently; A and B both show over O.",
    mistakes=[
        Mistake("no-two", lambda c, p: _abo(c, p, lambda a, b, o: a / (a + o), lambda a, b, o: b / (b + o)),
                "AO can arise in two ways, A from the mother or from the father. Its probability is 2 p_A p_O."),
        Mistake("no-hidden", lambda c, p: _abo(c, p, lambda a, b, o: 0.5, lambda a, b, o: 0.5),
                "Group A is split in halves whatever p is. How likely is AA against AO?"),
        Mistake("all-heterozygous", lambda c, p: _abo(c, p, lambda a, b, o: 0, lambda a, b, o: 0),
                "Everybody of group A is taken for AO. Some are AA."),
        Mistake("all-homozygous", lambda c, p: _abo(c, p, lambda a, b, o: 1, lambda a, b, o: 1),
                "Everybody of group A is taken for AA (or you count persons, not alleles). Some are AO and carry an "
                "O."),
        Mistake("AA-once", lambda c, p:
                _abo(c, p, count=lambda A, B, AB, O, AA, BB: (A + AB, B + AB, 2 * O + (A - AA) + (B - BB))),
                "A person AA carries the allele A twice."),
        Mistake("O-once", lambda c, p:
                _abo(c, p, count=lambda A, B, AB, O, AA, BB: (A + AA + AB, B + BB + AB, O + (A - AA) + (B - BB))),
                "A person of group O carries the allele O twice."),
        Mistake("AB-forgotten", lambda c, p:
                _abo(c, p, count=lambda A, B, AB, O, AA, BB: (A + AA, B + BB, 2 * O + (A - AA) + (B - BB))),
                "Persons of group AB carry one A and one B each."),
        Mistake("AB-twice", lambda c, p:
                _abo(c, p, count=lambda A, B, AB, O, AA, BB:
                (A + AA + 2 * AB, B + BB + 2 * AB, 2 * O + (A - AA) + (B - BB))),
                "A person of group AB has one A and one B, not two of each."),
        Mistake("AB-with-an-O", lambda c, p:
                _abo(c, p, count=lambda A, B, AB, O, AA, BB:
                (A + AA + AB, B + BB + AB, 2 * O + (A - AA) + (B - BB) + AB)),
                "AB counts for O as well. A person has two alleles; which two has group AB?"),
        Mistake("AO-without-A", lambda c, p:
                _abo(c, p, count=lambda A, B, AB, O, AA, BB: (2 * AA + AB, 2 * BB + AB, 2 * O + (A - AA) + (B - BB))),
                "A person AO carries one A as well as one O."),
        Mistake("AO-without-O", lambda c, p:
                _abo(c, p, count=lambda A, B, AB, O, AA, BB: (A + AA + AB, B + BB + AB, 2 * O)),
                "Only group O gives the allele O here. A person AO, or BO, carries one as well."),
        Mistake("shares-exchanged", lambda c, p:
                _abo(c, p, lambda a, b, o: 2 * o / (a + 2 * o), lambda a, b, o: 2 * o / (b + 2 * o)),
                "The share of AO is taken for that of AA. Which of the two has probability p_A^2?"),
        Mistake("O-squared", lambda c, p:
                _abo(c, p, lambda a, b, o: a * a / (a * a + o * o), lambda a, b, o: b * b / (b * b + o * o)),
                "AA is weighed against OO. Group A is AA or AO: what is the probability of AO?"),
        Mistake("probability-not-share", lambda c, p: _abo(c, p, lambda a, b, o: a * a, lambda a, b, o: b * b),
                "p_A^2 is the probability of AA among all. Wanted is its share among those of group A: divide by the "
                "probability of group A."),
        Mistake("A-and-B-exchanged", lambda c, p: abo_step(c, p)[[1, 0, 2]],
                "The shares of A and B are exchanged. In which order do the counts come, and in which the alleles?"),
    ],
    ask={
        "factor:2": "How many alleles does a person have?",
    },
    hints=[
        "What is hidden? Of the persons of group A, how many are AA and how many AO; the same for B.",
        "AA has probability p_A^2, AO 2 p_A p_O. The share of AA in group A is p_A / (p_A + 2 p_O).",
        "Then count alleles: AA two A, AO one A and one O, AB one A and one B, OO two O. Divide by their total.",
    ],
    by_hand="p = (1/3, 1/3, 1/3) and 186 of group A: how many are expected to be AA?",
)  # fmt: skip

# ---- lamps


def lamp_e_step(t, tau):
    out = tau - t / np.expm1(t / tau)
    return t + tau, out


def lamp_m_step(x, burning, out, life_burning, life_out):
    hours = x.sum() + burning * life_burning + out * life_out
    return hours / (len(x) + burning + out)


_HOURS = {"t": Quantity("", "positive", 1), "tau": Quantity("", "positive", 1)}
_LIVES = {
    "x": Quantity("n", "positive", 1),
    "burning": Quantity("", "positive"),
    "out": Quantity("", "positive"),
    "life_burning": Quantity("", "positive", 1),
    "life_out": Quantity("", "positive", 1),
}


def _lamp_e_problems(rng):
    made = [
        (2.0, 1.5),
        (6.0, 8.2),
        (0.3, 40.0),
        (50.0, 0.9),
        (3000.0, 9000.0),
        (float(rng.uniform(1, 9)), float(rng.uniform(1, 9))),
    ]
    return [Problem(f"looked at after {t:.3g}, tau = {tau:.3g}", {"t": t, "tau": tau}) for t, tau in made]


def _lamp_m_problems(rng):
    made = [("hand-sized", np.array([1.0, 3.0]), 2, 1, 5.0, 0.5)]
    made.append(("none burns", rng.exponential(3, 5), 0, 4, 7.5, 1.2))
    made.append(("none is out", rng.exponential(3, 4), 3, 0, 9.5, 2.1))
    made.append(("one exact lifetime", np.array([0.7]), 5, 9, 2.9, 0.31))
    made.append(("hundreds", rng.exponential(1200, 300), 170, 95, 2100.0, 430.0))
    made.append(("a thousand, in whole hours", np.ceil(rng.exponential(90, 1000)), 60, 40, 150.0, 31.0))
    names = ("x", "burning", "out", "life_burning", "life_out")
    return [Problem(label, dict(zip(names, args, strict=True))) for label, *args in made]


LAMP_E_STEP = Exercise(
    lamp_e_step, lesson=LESSON, out={"life_burning": "", "life_out": ""}, problems=_lamp_e_problems, notation=_HOURS,
    statement="life_burning, life_out: the expected lifetimes of a lamp that still burns after t hours, and of one "
              "that is found out at t. Lifetimes are exponential with mean tau; t and tau are numbers.",
    mistakes=[
        Mistake("burning-as-new", lambda t, tau: (tau, tau - t / np.expm1(t / tau)),
                "life_burning is the mean of a new lamp. This one has burned for t hours already: can it live "
                "shorter?"),
        Mistake("ended-at-t", lambda t, tau: (t, tau - t / np.expm1(t / tau)),
                "You let the burning lamp go out at t. It was seen burning then: how much longer do you expect it to?"),
        Mistake("out-in-the-middle", lambda t, tau: (t + tau, t / 2),
                "Half of t would be right if a lamp went out at any time before t with equal chance. An exponential "
                "lifetime prefers which times?"),
        Mistake("out-at-t", lambda t, tau: (t + tau, t),
                "A lamp found out at t went out before. Average its lifetime over the times up to t."),
        Mistake("not-divided", lambda t, tau: (t + tau, tau - (t + tau) * np.exp(-t / tau)),
                "For the lamp that is out you integrate from 0 to t. Given that it is out, by which chance do you "
                "divide?"),
        Mistake("burning-not-divided", lambda t, tau: ((t + tau) * np.exp(-t / tau), tau - t / np.expm1(t / tau)),
                "For the lamp that burns you integrate from t on. Given that it burns, by which chance do you divide?"),
        Mistake("out-as-new", lambda t, tau: (t + tau, tau),
                "life_out is the mean of a new lamp. This one is known to have lived for less than t hours."),
        Mistake("order", lambda t, tau: (tau - t / np.expm1(t / tau), t + tau),
                "The order is: the lamp that burns, then the lamp that is out."),
        Mistake("rate", lambda t, tau: (t + 1 / tau, 1 / tau - t / np.expm1(t * tau)),
                "tau is used as a rate. It is the mean lifetime, and the rate is 1/tau."),
        Mistake("median", lambda t, tau: (t + tau * np.log(2), -tau * np.log((1 + np.exp(-t / tau)) / 2)),
                "These are medians: half of such lamps live longer. The M-step needs expectations."),
    ],
    hints=[
        "The complete-data log-likelihood is linear in the lifetimes, so their expectations are all you need. Given "
        "what was seen, each is an average over a part of the exponential density.",
        "A lamp that burns is as good as new: an exponential lifetime has no memory. What does that add to t?",
        "For the other one use that a new lamp is one of the two: tau is the mean of both expectations, weighted with "
        "the chances exp(-t/tau) and 1 - exp(-t/tau). Solve for the unknown one.",
    ],
    by_hand="tau = 1 and t = log 2, so that half of the lamps are out at t. Which two numbers have the mean 1, and "
            "which of them do you know?",
)  # fmt: skip

LAMP_M_STEP = Exercise(
    lamp_m_step, lesson=LESSON, out={"tau": ""}, problems=_lamp_m_problems, notation=_LIVES,
    statement="The mean lifetime tau that maximises the expected complete-data log-likelihood, a number. x (n,) known "
              "lifetimes; burning and out, how many lamps were seen so; life_burning and life_out, their expected "
              "lifetimes.",
    mistakes=[
        Mistake("exact-only", lambda x, burning, out, life_burning, life_out: x.mean(),
                "Only the lamps with a known lifetime count. The others tell about tau as well."),
        Mistake("each-kind-once", lambda x, burning, out, life_burning, life_out:
                (x.sum() + life_burning + life_out) / (len(x) + 2),
                "Each of the two kinds counts as one lamp. How many lamps of each kind are there?"),
        Mistake("mean-of-three", lambda x, burning, out, life_burning, life_out:
                (x.mean() + life_burning + life_out) / 3,
                "You average three means. Each of them should count by the number of its lamps."),
        Mistake("out-forgotten", lambda x, burning, out, life_burning, life_out:
                (x.sum() + burning * life_burning) / (len(x) + burning),
                "The lamps that were found out are missing: without them tau is too large."),
        Mistake("burning-forgotten", lambda x, burning, out, life_burning, life_out:
                (x.sum() + out * life_out) / (len(x) + out),
                "The lamps that still burn are missing: without them tau is too small."),
        Mistake("over-the-known", lambda x, burning, out, life_burning, life_out:
                (x.sum() + burning * life_burning + out * life_out) / len(x),
                "All hours are added up, and divided by the number of known lifetimes only. How many lamps are there?"),
        Mistake("over-those-that-went-out", lambda x, burning, out, life_burning, life_out:
                (x.sum() + burning * life_burning + out * life_out) / (len(x) + out),
                "You divide by the lamps that went out. Every lamp whose hours you add counts."),
        Mistake("rate", lambda x, burning, out, life_burning, life_out:
                (len(x) + burning + out) / (x.sum() + burning * life_burning + out * life_out),
                "This is the rate, lamps per hour. tau is its inverse."),
        Mistake("one-less", lambda x, burning, out, life_burning, life_out:
                (x.sum() + burning * life_burning + out * life_out) / (len(x) + burning + out - 1),
                "The number of lamps is one too small. Maximum likelihood divides by all of them."),
        Mistake("kinds-exchanged", lambda x, burning, out, life_burning, life_out:
                (x.sum() + out * life_burning + burning * life_out) / (len(x) + burning + out),
                "The lamps that burn get the lifetime of those that are out, and the other way round."),
    ],
    hints=[
        "Write the log-likelihood of N lamps whose lifetimes are all known. What of them does it contain?",
        "It is -N log tau minus the sum of all lifetimes over tau. Put expected lifetimes where they are unknown.",
        "The derivative in tau is zero where tau is the mean lifetime of all lamps.",
    ],
    by_hand="Known lifetimes 1 and 3, two lamps that burn with expected lifetime 5, one that is out with 1/2: how "
            "many hours, how many lamps?",
)  # fmt: skip

EXERCISES = [
    EXPECTED_COMPLETE,
    COIN_E_STEP,
    COIN_M_STEP,
    LAMP_E_STEP,
    LAMP_M_STEP,
    POISSON_E_STEP,
    POISSON_M_STEP,
    LINKAGE_E_STEP,
    LINKAGE_M_STEP,
    ABO_STEP,
]
