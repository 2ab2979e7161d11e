"""Lesson 01: k-means in three functions, soft k-means, and how to set beta."""

import numpy as np
from scipy.special import softmax

from emtutor import problems
from emtutor.causes import Problem
from emtutor.tutor.exercise import Exercise, Mistake

LESSON = "01-kmeans"


def _squared(x, mu):
    return ((x[:, None] - mu) ** 2).sum(2)


# ---- assign


def assign(x, mu):
    squared = ((x[:, None, :] - mu) ** 2).sum(2)
    return squared.argmin(1)


def _points_and_means(rng):
    """... and one problem in which the nearest mean by |a| + |b| is not the nearest."""
    far = {"x": np.array([[1000.2], [1000.1], [1000.4]]), "mu": np.array([[1000.3], [1000.0], [999.0]])}
    corner = {"x": np.array([[0.2, 0.1], [3.1, 2.8]]), "mu": np.array([[3.0, 3.0], [0.0, 4.5]])}
    many = problems.draw("x mu", rng, n=60, k=5, label="60 points around the origin, 5 means")
    middle = many.args["x"].mean(0)
    many = many._replace(args={name: a - middle for name, a in many.args.items()})
    return [
        *problems.posed("x mu", rng),
        Problem("a mean around the corner", corner),
        many,
        Problem("far from zero", far),
    ]


ASSIGN = Exercise(
    assign, lesson=LESSON, chain="kmeans_limit", out={"labels": "n"}, problems=_points_and_means,
    statement="For each point the index of the nearest mean.",
    mistakes=[
        Mistake("farthest", lambda x, mu: _squared(x, mu).argmax(1),
                "These are the labels of the farthest means. Which of the two, argmin or argmax?"),
        Mistake("absolute", lambda x, mu: np.abs(x[:, None] - mu).sum(2).argmin(1),
                "This measures |a| + |b|, the distance along the axes. k-means uses squares. (For most points the "
                "two agree; not for all.)"),
        Mistake("first-column", lambda x, mu: np.abs(x[:, :1] - mu[:, 0]).argmin(1),
                "Only the first column decides. A squared distance adds up all of them."),
        Mistake("one-hot", lambda x, mu: np.eye(len(mu))[_squared(x, mu).argmin(1)],
                "These are one-hot rows. Here the labels themselves are wanted, one whole number a point."),
        Mistake("distances", lambda x, mu: _squared(x, mu).min(1),
                "These are the smallest squared distances. Wanted is where they occur."),
        Mistake("last-column", lambda x, mu: np.abs(x[:, -1:] - mu[:, -1]).argmin(1),
                "Only the last column decides. A squared distance adds up all of them."),
        Mistake("means", lambda x, mu: mu[((x[:, None] - mu) ** 2).sum(-1).argmin(1)],
                "These are the nearest means themselves. Wanted is the index of the row of mu in which each stands."),
        Mistake("inner-product", lambda x, mu: (x @ mu.T).argmax(1),
                "This takes the mean with the largest inner product with x. In |x - mu|^2 that product stands beside "
                "|mu|^2, and the means are not equally long."),
        Mistake("inner-product-of-unit-length", lambda x, mu: ((x @ mu.T) / np.linalg.norm(mu, axis=1)).argmax(1),
                "This takes the mean in the direction most like that of x. Near is another thing: how long is x - mu?"),
        Mistake("standardised", lambda x, mu: _squared(x / x.std(0), mu / x.std(0)).argmin(1),
                "The columns are divided by their spread first. That is another distance, and often a sensible one; "
                "here the one of x as it stands is wanted."),
        Mistake("lengths-compared", lambda x, mu:
                np.abs(np.linalg.norm(x, axis=1)[:, None] - np.linalg.norm(mu, axis=1)).argmin(1),
                "The lengths of x and mu are compared. Two points of one length may lie on opposite sides: take the "
                "length of the difference."),
    ],
    ask={
        "axis:axis": "For each point the nearest mean is wanted: which axis is that?",
    },
    hints=[
        "Make a table of squared distances first, one row a point and one column a mean.",
        "x[:, None, :] - mu has shape (n, k, d). Square it and sum over the last axis.",
        "argmin along the axis of the means gives the label of each point.",
    ],
    by_hand="Points 0, 1, 5 on a line, centres 1 and 4. Write the table of squared distances, one row a point, and "
            "mark the smallest entry in each row.",
)  # fmt: skip


# ---- update_means


def update_means(x, labels, k):
    return np.stack([x[labels == j].mean(0) for j in range(k)])


UPDATE_MEANS = Exercise(
    update_means, lesson=LESSON, chain="kmeans_limit_means", out={"mu": "kd"},
    problems=lambda rng: problems.posed("x labels k", rng),
    statement="The mean of the points of each cluster: (k, d), row j for the points with label j.",
    mistakes=[
        Mistake("wrong-axis", lambda x, labels, k:
                np.stack([np.full(x.shape[1], x[labels == j].mean()) for j in range(k)]),
                "The columns are averaged together: minutes of one kind with minutes of another. Average over the "
                "points only, axis 0."),
        Mistake("one-less", lambda x, labels, k:
                np.stack([x[labels == j].sum(0) / ((labels == j).sum() - 1) for j in range(k)]),
                "You divided by one less than the number of points. That is for a variance whose mean was estimated; "
                "a mean divides by the number itself."),
        Mistake("first-point", lambda x, labels, k: np.stack([x[labels == j][0] for j in range(k)]),
                "Only the first point of each cluster is used."),
    ],
    ask={
        "index:x": "Which rows of x belong to cluster j?",
    },
    hints=[
        "Take one cluster j first. Which rows of x are its points?",
        "x[labels == j] has just those rows; their mean along axis 0 has shape (d,).",
        "Collect the k means and stack them to (k, d).",
    ],
    by_hand="Points 0, 1, 5 with labels 0, 0, 1. Compute both means; then change the second label to 1 and do it "
            "again.",
)  # fmt: skip


# ---- distortion


def distortion(x, mu, labels):
    return ((x - mu[labels]) ** 2).sum()


DISTORTION = Exercise(
    distortion, lesson=LESSON, chain="kmeans_limit_objective", out={"J": ""},
    problems=lambda rng: problems.posed("x mu labels", rng),
    statement="J, the sum of the squared distances of all points from their own centres.",
    mistakes=[
        Mistake("not-squared", lambda x, mu, labels: np.sqrt(((x - mu[labels]) ** 2).sum(1)).sum(),
                "The distances are added, not their squares. Look at the unit: J is in squared minutes."),
        Mistake("all-centres", lambda x, mu, labels: _squared(x, mu).sum(),
                "The distances from all centres are added. Each point counts its own centre only."),
        Mistake("nearest", lambda x, mu, labels: _squared(x, mu).min(1).sum(),
                "Each point is measured from its nearest centre, whatever its label. Right after an assignment, "
                "wrong after an update: use the labels that are given."),
        Mistake("one-per-cluster", lambda x, mu, labels: np.bincount(labels, ((x - mu[labels]) ** 2).sum(1), len(mu)),
                "This is the share of each cluster. J is one number: add them."),
    ],
    hints=[
        "Which centre belongs to point i? Its index is labels[i].",
        "mu[labels] has shape (n, d): row i is the centre of point i.",
        "Subtract it from x, square, and add up all entries.",
    ],
    by_hand="Points 0, 1, 5 with labels 0, 0, 1 and centres 1/2 and 4: write the three terms of J. In what unit is J "
            "if the points are in minutes?",
)  # fmt: skip


# ---- soft_assign


def soft_assign(x, mu, beta):
    exponent = -((x[:, None, :] - mu) ** 2).sum(2) / (2 * beta)
    weight = np.exp(exponent - exponent.max(1, keepdims=True))
    return weight / weight.sum(1, keepdims=True)


def _with_beta(rng):
    made = problems.posed("x mu beta", rng)
    close = made[1].args  # where beta as a variance and as a stiffness are both soft
    made.append(Problem("points close together", {"x": close["x"] / 10, "mu": close["mu"] / 10, "beta": 0.3}))
    return made


SOFT_ASSIGN = Exercise(
    soft_assign, lesson=LESSON, chain="kmeans_limit", out={"r": "nk"}, problems=_with_beta,
    statement="The responsibilities of soft k-means: Sigma_j = beta I with beta a variance, equal weights.",
    mistakes=[
        Mistake("sign", lambda x, mu, beta: softmax(_squared(x, mu) / (2 * beta), axis=1),
                "The far centre gets the larger share. What sign has the exponent of a Gaussian?"),
        Mistake("distance-not-squared", lambda x, mu, beta: softmax(-np.sqrt(_squared(x, mu)) / (2 * beta), axis=1),
                "The distance enters without its square."),
        Mistake("hard", lambda x, mu, beta: np.eye(len(mu))[_squared(x, mu).argmin(1)],
                "Each point is given to its nearest centre: that is the limit beta -> 0, hard k-means."),
    ],
    ask={
        "inverse:beta": "Should a large variance make the shares harder or softer?",
    },
    hints=[
        "Bayes' rule with equal weights: the densities, each row divided by its sum. What do all densities have in "
        "common that cancels?",
        "The exponent is minus the squared distance over 2 beta: a table (n, k).",
        "Subtract each row's largest exponent, exponentiate, divide each row by its sum (keepdims=True).",
    ],
    by_hand="One point at 1, centres 0 and 4, beta = 2. Compute both exponents, their difference, and from the "
            "difference alone the responsibility.",
)  # fmt: skip


# ---- best_beta


def best_beta(x, mu, r):
    n, d = x.shape
    squared = ((x[:, None, :] - mu) ** 2).sum(2)
    return (r * squared).sum() / (n * d)


BEST_BETA = Exercise(
    best_beta, lesson=LESSON, chain="best_beta", out={"beta": ""}, problems=lambda rng: problems.posed("x mu r", rng),
    statement="The variance beta of largest likelihood, given means and responsibilities.",
    mistakes=[
        Mistake("k-for-d", lambda x, mu, r:
                (r * _squared(x, mu)).sum() / r.size if len(mu) not in (1, x.shape[1]) else None,
                "Divided by n k. The rows of r sum to one, so k does not count. Over how many columns does each "
                "squared distance add up?"),
        Mistake("hard", lambda x, mu, r: _squared(x, mu)[np.arange(len(x)), r.argmax(1)].sum() / x.size,
                "Each point is given to its most responsible centre. The shares should weight the squared distances."),
    ],
    ask={
        "factor:n d": "A variance is a mean: over how many numbers?",
    },
    hints=[
        "If all points belonged to one centre, this would be the variance: mean squared distance per dimension.",
        "Weight the table of squared distances (n, k) by r and add everything up.",
        "Divide by n times d: x.size.",
    ],
    by_hand="Write the expected complete-data log-likelihood as a function of beta alone: one term in log beta, one "
            "in 1/beta. Set its derivative to zero for n = 1, d = 1, then for any n and d.",
)  # fmt: skip


# ---- critical_beta


def critical_beta(x):
    away = x - x.mean(0)
    C = away.T @ away / len(x)
    return np.linalg.eigvalsh(C)[-1]


def _covariance(x):
    return np.atleast_2d(np.cov(x.T, bias=True))


def _points_only(rng):
    made = problems.posed("x", rng, hostile=False)
    made.append(Problem("one dimension", {"x": problems.world(rng, 6, 2, 1)["x"]}))
    made.append(Problem("four dimensions", {"x": problems.world(rng, 9, 2, 4)["x"]}))
    return made


CRITICAL_BETA = Exercise(
    critical_beta, lesson=LESSON, out={"beta": ""}, problems=_points_only,
    statement="The variance at which two equally weighted means part.",
    mistakes=[
        Mistake("smallest", lambda x: np.linalg.eigvalsh(_covariance(x))[0],
                "This is the smallest eigenvalue. The means part along the direction in which the data spread most."),
        Mistake("mean-eigenvalue", lambda x: np.trace(_covariance(x)) / x.shape[1],
                "This is the mean of the eigenvalues, the beta that would be estimated in the collapsed state. The "
                "means part earlier, in the direction of largest spread."),
        Mistake("largest-column", lambda x: x.var(0).max(),
                "This is the largest variance of a column. The data may spread more in a slanting direction."),
        Mistake("trace", lambda x: np.trace(_covariance(x)),
                "This is the sum of the eigenvalues. Only the largest decides."),
        Mistake("not-centred", lambda x: np.linalg.eigvalsh(x.T @ x / len(x))[-1],
                "The mean was not subtracted: spread is measured around it."),
        Mistake("determinant", lambda x: np.linalg.det(_covariance(x)),
                "This is the determinant, the product of all eigenvalues. In how many directions do two means part?"),
    ],
    hints=[
        "One iteration multiplies a small displacement by C / beta. When does no direction grow?",
        "C is the covariance with 1/n: centre the data, then away.T @ away / n.",
        "np.linalg.eigvalsh returns the eigenvalues of a symmetric matrix in ascending order.",
    ],
    by_hand="In one dimension: put mu = +e and -e around the mean of the data, expand r to first order in e, and ask "
            "for which beta the new mean is further out than e.",
)  # fmt: skip

EXERCISES = [ASSIGN, UPDATE_MEANS, DISTORTION, SOFT_ASSIGN, BEST_BETA, CRITICAL_BETA]
