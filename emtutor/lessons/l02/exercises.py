"""Lesson 02: the Gaussian mixture, its log-likelihood, and what changes when the labels are known."""

import numpy as np

from emtutor import problems
from emtutor.causes import Problem
from emtutor.maths.formulas import posterior
from emtutor.problems import Quantity
from emtutor.tutor.exercise import Exercise, Mistake

LESSON = "02-mixtures"


# ---- log_gaussian


def log_gaussian(x, mu, Sigma):
    away = x - mu
    squared = (away * np.linalg.solve(Sigma, away.T).T).sum(1)
    log_det = np.linalg.slogdet(Sigma)[1]
    return -(x.shape[1] * np.log(2 * np.pi) + log_det + squared) / 2


def _one_gaussian(rng):
    return problems.posed("x mu Sigma", rng, mu=lambda w: w["mu"][0], Sigma=lambda w: w["Sigma"][0])


def _log_gaussian_from(x, mu, Sigma, constant=1.0, log_det=1.0, quadratic=1.0, P=None):
    P = np.linalg.inv(Sigma) if P is None else P
    away = x - mu
    squared = np.einsum("na,ab,nb->n", away, P, away)
    d = x.shape[1]
    volume = np.linalg.slogdet(Sigma)[1]
    return -(constant * d * np.log(2 * np.pi) + log_det * volume + quadratic * squared) / 2


LOG_GAUSSIAN = Exercise(
    log_gaussian, lesson=LESSON, out={"log_density": "n"}, problems=_one_gaussian, notation={"mu": "d", "Sigma": "dd"},
    statement="log N(x_i; mu, Sigma) of one Gaussian, mean mu (d,) and covariance Sigma (d, d), at each point: (n,).",
    mistakes=[
        Mistake("all-pairs", lambda x, mu, Sigma:
                _log_gaussian_from(x, mu, Sigma, quadratic=0) - ((x - mu) @ np.linalg.inv(Sigma) @ (x - mu).T).sum(1) /
                2,
                "You summed a row of (x - mu) P (x - mu)^T, an n by n table: each point meets all others in it. "
                "Where in that table does a point meet itself?"),
    ],
    ask={
        "term:log det Sigma": "A wide Gaussian is lower at its top than a narrow one: by which power of the "
            "determinant?",
        "term:d/2 log 2 pi": "A density integrates to one: which constant sees to that?",
        "factor:d": "How many factors of (2 pi)^(1/2) has a density over d dimensions?",
        "inverse:Sigma": "A wide ellipse should make distances count less: which power of Sigma does that?",
        "term:the quadratic form": "Which factor stands before it in the exponent?",
    },
    hints=[
        "Write the density on paper and take its logarithm term by term. There are three terms.",
        "x - mu has one row a point. The squared distance of a row a is a Sigma^-1 a; np.linalg.solve(Sigma, away.T) "
        "computes Sigma^-1 a for all rows at once, as columns.",
        "(away * solved.T).sum(1) gives the squared distances, np.linalg.slogdet(Sigma)[1] the log-determinant. Add d "
        "log(2 pi), and take minus one half of it all.",
    ],
    by_hand="Write log N(x; mu, sigma^2) in one dimension. Replace, term by term: sigma^2 by Sigma, its logarithm by "
            "log det Sigma, (x - mu)^2 / sigma^2 by the quadratic form.",
)  # fmt: skip


# ---- log_joint


def log_joint(x, pi, mu, Sigma):
    columns = []
    for j in range(len(pi)):
        away = x - mu[j]
        squared = (away * np.linalg.solve(Sigma[j], away.T).T).sum(1)
        log_det = np.linalg.slogdet(Sigma[j])[1]
        columns.append(np.log(pi[j]) - (x.shape[1] * np.log(2 * np.pi) + log_det + squared) / 2)
    return np.stack(columns, axis=1)


def _table(x, pi, mu, Sigma, **changed):
    """log N with a change, one column a component; pi is not used."""
    return np.stack([_log_gaussian_from(x, m, S, **changed) for m, S in zip(mu, Sigma, strict=True)], axis=1)


def _mixture(rng):
    return problems.posed("x pi mu Sigma", rng)


LOG_JOINT = Exercise(
    log_joint, lesson=LESSON, out={"log_joint": "nk"}, problems=_mixture,
    statement="The table log pi_j + log N(x_i; mu_j, Sigma_j), one row a point and one column a component.",
    mistakes=[
        Mistake("pi-times-log", lambda x, pi, mu, Sigma: _table(x, pi, mu, Sigma) * pi,
                "The logarithm of the density is multiplied by the weight. What is the logarithm of a product?"),
    ],
    ask={
        "term:log pi_j": "A joint is prior times likelihood: which is the prior?",
        "index:Sigma": "Which index does Sigma carry in your loop?",
    },
    hints=[
        "The logarithm of a product of two factors is a sum of two terms. Which are the factors?",
        "Loop over the components. In each turn you need log N(x_i; mu_j, Sigma_j) for all points: a vector (n,).",
        "Collect the k vectors and put them side by side with np.stack(columns, axis=1).",
    ],
    by_hand="Draw the graph pi -> z -> x. Write p(x_i, z_ij = 1) as a product of two factors, then take the logarithm.",
)  # fmt: skip


# ---- log_likelihood


def log_likelihood(x, pi, mu, Sigma):
    columns = []
    for j in range(len(pi)):
        away = x - mu[j]
        squared = (away * np.linalg.solve(Sigma[j], away.T).T).sum(1)
        log_det = np.linalg.slogdet(Sigma[j])[1]
        columns.append(np.log(pi[j]) - (x.shape[1] * np.log(2 * np.pi) + log_det + squared) / 2)
    a = np.stack(columns, axis=1)
    top = a.max(1)
    return (top + np.log(np.exp(a - top[:, None]).sum(1))).sum()


def _with_many_points(rng):
    """... and 400 points: no density underflows, but their product does."""
    return [*_mixture(rng), problems.draw("x pi mu Sigma", rng, n=400, k=2, d=2, label="400 points")]


LOG_LIKELIHOOD = Exercise(
    log_likelihood, lesson=LESSON, chain="marginal", out={"log_likelihood": ""}, problems=_with_many_points,
    statement="log p(x | theta), one number for all points, right also for points far out.",
    mistakes=[
        Mistake("product-of-densities", lambda x, pi, mu, Sigma:
                np.log(np.prod(np.exp(log_joint(x, pi, mu, Sigma)).sum(1))),
                "The densities are multiplied before the logarithm is taken. With a few hundred factors, or one far "
                "point, the product underflows. What does the logarithm make of a product?"),
        Mistake("largest-only", lambda x, pi, mu, Sigma: log_joint(x, pi, mu, Sigma).max(1).sum(),
                "Only the likeliest component of each point counts here. Which others contribute to its density?"),
        Mistake("one-log", lambda x, pi, mu, Sigma: np.logaddexp.reduce(log_joint(x, pi, mu, Sigma), axis=None),
                "One logarithm is taken of the sum over points and components. The points are independent: their "
                "densities multiply. For which index does the sum stand outside the logarithm?"),
        Mistake("sum-over-points-first", lambda x, pi, mu, Sigma:
                np.logaddexp.reduce(log_joint(x, pi, mu, Sigma).sum(0)),
                "The points are multiplied within each component before the components are added: as if one label "
                "held for all points. Each point draws its own."),
    ],
    ask={
        "term:log p(x_i, z_ij = 1)": "The hidden label is summed out of the density first: where is the sum over j in "
            "p(x_i)?",
        "term:the entropy of the posterior": "Which sum stands inside the logarithm of p(x_i)?",
        "underflow:far": "Which factor can you take out of the sum before you exponentiate?",
    },
    hints=[
        "Which sum is inside the logarithm, the one over points or the one over components?",
        "Compute the table log_joint (n, k) first. Wanted: the logarithm of the sum of its exponentials, row by row.",
        "Take the largest entry of each row out: top + log(sum(exp(a - top))). Then add up the points.",
    ],
    by_hand="One point, log-joints (-1000, -1001). What is the sum of the exponentials on a computer, and what is the "
            "logarithm of the sum, worked out by taking the larger one out?",
)  # fmt: skip


# ---- responsibilities


def responsibilities(x, pi, mu, Sigma):
    columns = []
    for j in range(len(pi)):
        away = x - mu[j]
        squared = (away * np.linalg.solve(Sigma[j], away.T).T).sum(1)
        columns.append(np.log(pi[j]) - (np.linalg.slogdet(Sigma[j])[1] + squared) / 2)
    a = np.stack(columns, axis=1)
    weight = np.exp(a - a.max(1, keepdims=True))
    return weight / weight.sum(1, keepdims=True)


RESPONSIBILITIES = Exercise(
    responsibilities, lesson=LESSON, chain="bayes", out={"r": "nk"}, problems=_mixture,
    statement="r_ij = p(z_ij = 1 | x_i, theta) by Bayes' rule; each row sums to one.",
    mistakes=[
        Mistake("missing-primes", lambda x, pi, mu, Sigma: np.full((len(x), len(pi)), 1 / len(pi)),
                "Every entry is 1/k. In the denominator, a sum over j', which symbols must carry the prime?"),
        Mistake("no-log-det", lambda x, pi, mu, Sigma: posterior(_table(x, pi, mu, Sigma, log_det=0) + np.log(pi)),
                "Right when all covariances have the same determinant. The height of each bell depends on its width: "
                "which term of the density says so?"),
        Mistake("log-ratio", lambda x, pi, mu, Sigma:
                log_joint(x, pi, mu, Sigma) / log_joint(x, pi, mu, Sigma).sum(axis=1, keepdims=True),
                "Logarithms are divided by a sum of logarithms. Of which quantity do the rows have to be normalised?"),
        Mistake("softmax-of-joint", lambda x, pi, mu, Sigma: posterior(np.exp(log_joint(x, pi, mu, Sigma))),
                "The joint was exponentiated once more. A softmax takes logarithms: of what?"),
    ],
    ask={
        "uniform:pi": "In Bayes' rule, what plays the role of the prior?",
        "hard:nk": "Is a point in the middle not allowed half a membership?",
        "normalise:k": "Divided by what does it become the probability of the label, given the point?",
    },
    hints=[
        "Bayes: prior times likelihood, divided by the sum of the same over all components.",
        "Start from the table of log-joints. Subtract the largest entry of each row: the ratio does not change, and "
        "the exponentials are safe.",
        "weight = exp(a - a.max(1, keepdims=True)), then divide each row by its own sum, again with keepdims=True.",
    ],
    by_hand="One point, log-joints (-1000, -1001). Write r_1 / r_2 first; then use r_1 + r_2 = 1.",
)  # fmt: skip


# ---- sample


def sample(n, pi, mu, Sigma, rng):
    label = rng.choice(len(pi), size=n, p=pi)
    A = np.linalg.cholesky(Sigma)
    noise = rng.standard_normal((n, mu.shape[1]))
    x = mu[label] + np.einsum("nab,nb->na", A[label], noise)
    return x, np.eye(len(pi))[label]


ENOUGH = 30  # points of one component for its moments to be tested
SIZE = 2000  # large enough for the tests of `_fair` to be sharp, small enough for a loop over the points


def _fair(problem, output):
    """ "" if (x, z) could be a sample of the mixture. Each test alarms falsely less than once in 1e8 samples.

    Counts, means and covariances are compared in standard errors; with at most 13 tests a problem and four problems
    that is below 1e-6 in all, and the seed is fixed besides.
    """
    from scipy.special import gammainc, kolmogorov, ndtr

    n, pi, mu, Sigma, _ = problem.args.values()
    x, z = (np.asarray(part, dtype=float) for part in output)
    if not np.isin(z, (0, 1)).all() or (z.sum(1) != 1).any():
        return "not-one-hot", "Each row of z must be one-hot: a single 1, at the component that made the point."
    if (np.abs(z.mean(0) - pi) > 6 * np.sqrt(pi * (1 - pi) / n) + 1e-12).any():
        got = ", ".join(f"{share:.3f}" for share in z.mean(0)[:4]) + ", ..." * (len(pi) > 4)
        return "weights", f"The components occur with shares {got}. That is not pi: how likely is each label?"
    if len(pi) > 1 and gammainc((len(pi) - 1) / 2, ((z.sum(0) - n * pi) ** 2 / (n * pi)).sum() / 2) < 1e-9:
        return (
            "fixed-counts",
            "Each component occurs almost exactly n pi_j times. In a sample the counts vary too, by about the root of "
            "n pi_j: each point draws its label by itself.",
        )
    if said := _in_some_order(z):
        return said
    whitened = np.empty_like(x)
    for j in range(len(pi)):
        y = np.linalg.solve(np.linalg.cholesky(Sigma[j]), (x[z[:, j] == 1] - mu[j]).T)
        count = y.shape[1]
        whitened[z[:, j] == 1] = y.T
        if count < ENOUGH:
            continue
        if np.unique(y[0]).size < 0.9 * count:  # in single precision a few coincide by rounding
            return "repeated", "Some points occur twice: each needs normal numbers of its own."
        if (np.sqrt(count) * np.abs(y.mean(1)) > 6 * y.std(1)).any():
            return "mean", f"The points of component {j + 1} do not scatter around mu[{j}]. Do x and z belong together?"
        spread = y @ y.T / count
        if np.sqrt(count / 2) * np.abs(np.diag(spread) - 1).max() > 7:
            return "spread", f"The points of component {j + 1} have the wrong spread: which A has A A^T = Sigma[{j}]?"
        if np.sqrt(count) * np.abs(spread - np.diag(np.diag(spread))).max() > 7:
            return "tilt", f"The cloud of component {j + 1} is tilted the wrong way, or not at all: is it A or A^T?"
    below = ndtr(np.sort(whitened.ravel()))
    steps = np.arange(len(below) + 1) / len(below)
    gap = max((steps[1:] - below).max(), (below - steps[:-1]).max())
    if n >= ENOUGH and kolmogorov(np.sqrt(len(below)) * gap) < 1e-9:
        return "shape", "Means and covariances are right, but the points are not normally distributed around them."
    if np.abs((whitened[1:] * whitened[:-1]).sum(0)).max(initial=0) > 8 * np.sqrt(n):
        return "sorted-points", "Each point depends on the one before: are they sorted? The draws are independent."
    return ""


def _in_some_order(z):
    """(slug, sentence) if labels follow one another too seldom or too often to be independent draws."""
    n, share = len(z), z.mean(0)
    changes = (z[1:] != z[:-1]).any(1).sum()
    if abs(changes - (n - 1) * (1 - (share**2).sum())) <= 8 * np.sqrt(0.75 * n):
        return None
    return "sorted-labels", "The labels come in an order, one component after the other. Which draw orders them?"


def _sampling(rng):
    made = []
    for label, n, k, d in (
        ("two components", SIZE, 2, 2),
        ("three components", SIZE, 3, 2),
        ("twenty components, d = 1", SIZE, 20, 1),
        ("one component", SIZE, 1, 3),
        ("a rare component", 500, 3, 1),
        ("one point", 1, 2, 2),
    ):
        w = problems.world(rng, 7, k, d)
        pi = w["pi"] if k < 20 else 0.3 * w["pi"] + 0.7 / k  # enough points for the tests of each component
        if label == "a rare component":
            pi = np.array([0.4, problems.RARE, 0.6 - problems.RARE])
        args = {"n": n, "pi": pi, "mu": w["mu"], "Sigma": w["Sigma"], "rng": np.random.default_rng(len(made))}
        made.append(Problem(label, args))
    return made


def _drawn(label=None, factor=np.linalg.cholesky, shuffle=False, shared=False, one_hot=True):
    """A sampler with a mistake put in."""

    def sampler(n, pi, mu, Sigma, rng):
        chosen = rng.choice(len(pi), size=n, p=pi) if label is None else label(rng, n, len(pi))
        noise = np.tile(rng.standard_normal(mu.shape[1]), (n, 1)) if shared else rng.standard_normal((n, mu.shape[1]))
        x = mu[chosen] + np.einsum("nab,nb->na", factor(Sigma)[chosen], noise)
        z = np.eye(len(pi))[rng.permutation(chosen) if shuffle else chosen]
        return x, z if one_hot else chosen

    return sampler


SAMPLE = Exercise(
    sample, lesson=LESSON, out={"x": "nd", "z": "nk"}, problems=_sampling, judge=_fair,
    seconds=12.0,  # ten thousand calls of rng.multivariate_normal are right too, on a slow machine
    statement="n independent draws from the mixture: x (n, d), and z (n, k) one-hot, the component that made each "
              "point.",
    mistakes=[
        Mistake("equal-weights", _drawn(label=lambda rng, n, k: rng.integers(0, k, n)),
                "All components occur equally often. How likely is each label?"),
        Mistake("sigma-as-factor", _drawn(factor=lambda Sigma: Sigma),
                "Normal numbers multiplied by Sigma have covariance Sigma Sigma^T. Which A has A A^T = Sigma?"),
        Mistake("transposed-factor", _drawn(factor=lambda Sigma: np.linalg.cholesky(Sigma).transpose(0, 2, 1)),
                "A^T A is not A A^T: the ellipses are tilted otherwise. Does your factor stand on the right side?"),
        Mistake("standard-deviations-only", _drawn(factor=lambda S:
                np.stack([np.diag(np.sqrt(np.diag(s))) for s in S])),
                "The columns are uncorrelated within each component. Sigma has entries off the diagonal too."),
        Mistake("labels-of-others", _drawn(shuffle=True),
                "x and z do not belong together: row i of z must say which component made row i of x."),
        Mistake("one-noise-for-all", _drawn(shared=True),
                "All points of a component are the same: each needs normal numbers of its own."),
        Mistake("labels-not-one-hot", _drawn(one_hot=False),
                "z holds labels. It should be one-hot, (n, k): np.eye(k)[labels] turns one into the other."),
    ],
    hints=[
        "Two draws: first the labels of all points, then the points.",
        "rng.choice(k, size=n, p=pi) draws labels; rng.standard_normal((n, d)) what is to be stretched and moved.",
        "np.linalg.cholesky(Sigma) gives an A with A A^T = Sigma for each component; pick A[label], and mu[label].",
    ],
    by_hand="Draw three points by hand: throw a coin for the label, then look up the mean you would add.",
)  # fmt: skip


# ---- complete_log_likelihood


def complete_log_likelihood(x, z, pi, mu, Sigma):
    total = 0.0
    for j in range(len(pi)):
        away = x - mu[j]
        squared = (away * np.linalg.solve(Sigma[j], away.T).T).sum(1)
        log_det = np.linalg.slogdet(Sigma[j])[1]
        log_density = -(x.shape[1] * np.log(2 * np.pi) + log_det + squared) / 2
        total += (z[:, j] * (np.log(pi[j]) + log_density)).sum()
    return total


COMPLETE_LOG_LIKELIHOOD = Exercise(
    complete_log_likelihood, lesson=LESSON, chain="complete_log_likelihood", out={"log_likelihood": ""},
    problems=lambda rng: problems.posed("x z pi mu Sigma", rng),
    statement="log p(x, z | theta): the log-likelihood if the labels z (n, k), one-hot, were known: a number.",
    mistakes=[
        Mistake("labels-ignored", lambda x, z, pi, mu, Sigma: log_likelihood(x, pi, mu, Sigma),
                "This is log p(x): the labels are summed out. Here they are given, and each point counts only the "
                "component that made it."),
        Mistake("no-pi", lambda x, z, pi, mu, Sigma: (z * _table(x, pi, mu, Sigma)).sum(),
                "This is log p(x | z). The joint also has p(z): what is the probability of the label itself?"),
        Mistake("all-components", lambda x, z, pi, mu, Sigma: log_joint(x, pi, mu, Sigma).sum(),
                "Every component is counted for every point. The exponents z_ij pick one."),
        Mistake("last-label-for-all", lambda x, z, pi, mu, Sigma: (z[:, -1:] * log_joint(x, pi, mu, Sigma)).sum(),
                "One column of z is used for all components, as on the slide with its z_ik. The sum over j needs "
                "z_ij."),
        Mistake("pi-only", lambda x, z, pi, mu, Sigma: (z * np.log(pi)).sum(),
                "This is log p(z) alone. The points themselves do not enter."),
    ],
    hints=[
        "Which of the k terms of a row survive when z_i is one-hot?",
        "Multiply the table log pi_j + log N(x_i; mu_j, Sigma_j) by z, entry by entry.",
        "Then add everything up: over the components it picks, over the points it sums.",
    ],
    by_hand="Two points, z = (1, 0) and (0, 1). Write all four terms of the double sum; which of them survive?",
)  # fmt: skip


# ---- fit_complete


def fit_complete(x, z):
    N = z.sum(0)
    mu = z.T @ x / N[:, None]
    Sigma = []
    for j in range(len(N)):
        away = x - mu[j]
        Sigma.append((away * z[:, j, None]).T @ away / N[j])
    return N / len(x), mu, np.stack(Sigma)


def _fit(x, z, pi=None, mu=None, centre=None, divide=None):
    N = z.sum(0)
    means = z.T @ x / N[:, None]
    centre = means if centre is None else centre(x, means)
    divide = N if divide is None else divide(x, N)
    Sigma = np.stack([((x - c) * z[:, [j]]).T @ (x - c) / divide[j] for j, c in enumerate(centre)])
    return N / len(x) if pi is None else pi(x, N), means if mu is None else mu(x, z, N), Sigma


def _several_a_component(rng):
    """Each component with enough points for a covariance, as maximum likelihood asks for."""
    made = []
    for label, n, k, d in (
        ("seven points, two components", 7, 2, 2),
        ("thirteen points", 13, 3, 2),
        ("d = 1", 8, 2, 1),
        ("one component", 6, 1, 3),
        ("three dimensions", 17, 2, 3),
    ):
        world = problems.world(rng, n, k, d)
        labels = np.concatenate([np.repeat(np.arange(k), n // k), np.zeros(n % k, int)])
        made.append(Problem(label, {"x": world["x"], "z": np.eye(k)[rng.permutation(labels)]}))

    def several(w):
        """Some points for each; of a thousand, one in forty for the second."""
        n, k = w["n"], w["k"]
        return np.eye(k)[np.arange(n) % k if n < 100 else (np.arange(n) % 40 == 0).astype(int)]

    return made + problems.extremes("x z", rng, without=("5 components in 6 dimensions",), z=several)


FIT_COMPLETE = Exercise(
    fit_complete, lesson=LESSON, chain="known_labels", out={"pi": "k", "mu": "kd", "Sigma": "kdd"},
    problems=_several_a_component,
    statement="Maximum likelihood with known labels: shares, means, covariances of each kind.",
    mistakes=[
        Mistake("common-centre", lambda x, z: _fit(x, z, centre=lambda x, mu: np.tile(x.mean(0), (len(mu), 1))),
                "The scatter is taken around the mean of all points, not around the mean of each kind."),
    ],
    ask={
        "factor:sum_i z_ij / n": "How many of the points did component j make?",
        "axis:k": "Which share of the points did each component make?",
    },
    hints=[
        "Fit each kind by itself, as if it were the only one: that is what decoupling means.",
        "N_j = z.sum(0). For the means, z.T @ x adds the points of each kind.",
        "For Sigma_j: away = x - mu[j]; weight the rows by z[:, j], multiply with away and divide by N_j.",
    ],
    by_hand="Points 0, 2, 5 with labels 0, 0, 1: how many points has each component, what is its mean, and the "
            "variance of the first around it?",
)  # fmt: skip


# ---- spike_log_likelihood


def spike_log_likelihood(x, s):
    n, d = x.shape
    away = x - x.mean(0)
    C = away.T @ away / n
    squared = (away * np.linalg.solve(C, away.T).T).sum(1)
    broad = -(d * np.log(2 * np.pi) + np.linalg.slogdet(C)[1] + squared) / 2
    ratio = (x - x[0]) / s
    narrow = -(d * np.log(2 * np.pi)) / 2 - d * np.log(s) - (ratio**2).sum(1) / 2
    return (np.log(0.5) + np.logaddexp(broad, narrow)).sum()


def _broad(x, C):
    return _log_gaussian_from(x, x.mean(0), C)


def _spiked(x, s, *, narrow=None, covariance=None, weight=0.5):
    d = x.shape[1]
    C = np.atleast_2d(np.cov(x.T, bias=True)) if covariance is None else covariance(x)
    spike = -(d * np.log(2 * np.pi)) / 2 - d * np.log(s) - (((x - x[0]) / s) ** 2).sum(1) / 2
    spike = spike if narrow is None else narrow(x, s)
    return (np.log(weight) + np.logaddexp(_broad(x, C), spike)).sum()


def _spikes(rng):
    made = []
    for label, n, d, s in (
        ("nine points, s = 0.7", 9, 2, 0.7),
        ("s = 0.03", 8, 2, 0.03),
        ("s = 1e-20", 7, 2, 1e-20),
        ("d = 1", 6, 1, 0.4),
        ("three dimensions", 11, 3, 0.6),
        ("s = 1e-60", 6, 2, 1e-60),
        ("s = 1e-100", 5, 2, 1e-100),
        ("s = 1e-100 in four dimensions", 8, 4, 1e-100),
        ("s = 7", 9, 2, 7.0),
    ):
        made.append(Problem(label, {"x": problems.world(rng, n, 2, d)["x"], "s": s}))
    return made + [
        p._replace(args=p.args | {"s": float(0.1 * p.args["x"].std())}) for p in problems.extremes("x s", rng)
    ]


SPIKE_LOG_LIKELIHOOD = Exercise(
    spike_log_likelihood, lesson=LESSON, out={"log_likelihood": ""}, problems=_spikes,
    statement="log p(x) of a half-and-half mixture: the data's own Gaussian (covariance with 1/n), and N(x[0], s^2 "
              "I), a spike: a number. s may be as small as 1e-100.",
    mistakes=[
        Mistake("no-weights", lambda x, s: _spiked(x, s, weight=1.0),
                "The weights, one half each, are missing: you are too high by log 2 for each point."),
        Mistake("one-label-for-all", lambda x, s:
                np.logaddexp((np.log(0.5) + _broad(x, np.atleast_2d(np.cov(x.T, bias=True)))).sum(),
                (np.log(0.5) - x.shape[1] * np.log(2 * np.pi * s**2) / 2 - (((x - x[0]) / s) ** 2).sum(1) / 2).sum()),
                "The points are summed within each component before the two are added: as if one label held for all "
                "points. Each point draws its own."),
        Mistake("spike-only", lambda x, s:
                (np.log(0.5) - x.shape[1] * np.log(2 * np.pi) / 2 - x.shape[1] * np.log(s) -
                (((x - x[0]) / s) ** 2).sum(1) / 2).sum(),
                "Only the spike counts here. The wide component keeps all the other points alive."),
        Mistake("one-weight", lambda x, s:
                np.logaddexp(_broad(x, np.atleast_2d(np.cov(x.T, bias=True))),
                np.log(0.5) - x.shape[1] * np.log(2 * np.pi) / 2 - x.shape[1] * np.log(s) -
                (((x - x[0]) / s) ** 2).sum(1) / 2).sum(),
                "Only the spike has its weight of one half. The weights of both components sum to one."),
    ],
    ask={
        "argument:d": "The determinant of s^2 I is s^(2d): how often does log s enter?",
    },
    hints=[
        "Two columns of log-densities: one for the wide component, one for the spike. Then log-sum-exp over the two.",
        "The spike's log-density is -(d/2) log 2 pi - d log s - |(x - x[0]) / s|^2 / 2: divide before you square.",
        "np.logaddexp(a, b) is log(e^a + e^b), safely. Add log(1/2) for each point and sum.",
    ],
    by_hand="Write log p of the first point alone and of all others for s so small that the spike reaches no other "
            "point. Which of the terms depend on s, and how?",
)  # fmt: skip

# ---- posterior_table


def posterior_table(pi, prior, likelihood):
    joint = pi[:, None] * prior * likelihood
    return joint / joint.sum()


def _joint_table(pi, prior, likelihood):
    return np.reshape(pi, (-1, 1)) * prior * likelihood


def _product_of_margins(pi, prior, likelihood):
    table = posterior_table(pi, prior, likelihood)
    return table.sum(1, keepdims=True) * table.sum(0)


def _tables(rng):
    hand = np.array([[0.4, 0.1, 0.2], [0.2, 0.3, 0.3]])
    made = [Problem("hand-sized", {"pi": np.array([0.4, 0.6]), "prior": np.array([0.5, 0.2, 0.3]), "likelihood": hand})]
    for label, k, m, size in (
        ("three by four", 3, 4, 1.0),
        ("square", 3, 3, 1.0),
        ("two by six", 2, 6, 5.0),
        ("densities near 1e-150", 3, 5, 1e-150),
        ("one label", 1, 4, 1.0),
    ):
        args = {"pi": problems.simplex(rng, k), "prior": problems.simplex(rng, m)}
        made.append(Problem(label, args | {"likelihood": size * np.exp(rng.normal(-1, 1.5, (k, m)))}))
    ordinary = made[1].args
    few = np.array([[1e12], [1.0], [1.0]])  # how likely x is under the rare label
    return [
        *made,
        Problem("a mean that the prior excludes", ordinary | {"prior": np.array([0.3, 0.0, 0.5, 0.2])}, True),
        Problem("a label without weight", ordinary | {"pi": np.array([0.7, 0.0, 0.3])}, True),
        Problem("a label of weight 1e-12 under which x is likely",
                ordinary | {"pi": np.array([1e-12, 0.7, 0.3]), "likelihood": few * ordinary["likelihood"]}, True),
    ]  # fmt: skip


POSTERIOR_TABLE = Exercise(
    posterior_table, lesson=LESSON, out={"table": "km"}, problems=_tables,
    statement="p(z = j, mu = m | x) for one point x: (k, m). pi (k,) is p(z = j), prior (m,) is p(mu = m), likelihood "
              "(k, m) is the density p(x | z = j, mu = m).",
    notation={
        "pi": Quantity("k", "simplex"),
        "prior": Quantity("m", "simplex"),
        "likelihood": Quantity("km", "positive"),
    },
    mistakes=[
        Mistake("given-the-mean", lambda *a: _joint_table(*a) / _joint_table(*a).sum(0),
                "Each column sums to one: that is p(z | mu, x), for each mean by itself. Here label and mean are "
                "both uncertain: over what does the whole table sum?"),
        Mistake("given-the-label", lambda *a: _joint_table(*a) / _joint_table(*a).sum(1, keepdims=True),
                "Each row sums to one: that is p(mu | z, x), for each label by itself. Here label and mean are both "
                "uncertain: over what does the whole table sum?"),
        Mistake("as-if-independent", _product_of_margins,
                "This is the product of the two margins: as if label and mean were independent given x. Does that "
                "follow from their being independent before x is seen?"),
        Mistake("joint", _joint_table,
                "The table is p(x, z, mu): its sum is p(x), not one. What turns a joint into a posterior?"),
        Mistake("before-x", lambda pi, prior, likelihood: np.reshape(pi, (-1, 1)) * prior * np.ones_like(likelihood),
                "This is p(z, mu) before x is seen. What does the observed x say about each cell?"),
        Mistake("likelihood-only", lambda pi, prior, likelihood: likelihood / np.sum(likelihood),
                "Only the density of x counts here. What was believed about the label and the mean before?"),
    ],
    hints=[
        "Bayes' rule for two unknowns at once: prior times likelihood, divided by what they sum to.",
        "Before x is seen label and mean are independent, so their prior is a product: a table (k, m) from pi and "
        "prior.",
        "A column vector times a row vector makes that table: which of the two needs a new axis, and where?",
    ],
    by_hand="Take two labels with pi = (1/2, 1/2), two means with prior (1/2, 1/2), and the densities (0.4, 0.1) and "
            "(0.2, 0.3). Write the four products, add them up, and divide.",
)  # fmt: skip


EXERCISES = [
    SAMPLE,
    LOG_GAUSSIAN,
    LOG_JOINT,
    LOG_LIKELIHOOD,
    RESPONSIBILITIES,
    POSTERIOR_TABLE,
    COMPLETE_LOG_LIKELIHOOD,
    FIT_COMPLETE,
    SPIKE_LOG_LIKELIHOOD,
]
