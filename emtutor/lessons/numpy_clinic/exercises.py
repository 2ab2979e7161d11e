"""The NumPy clinic: axes, keepdims, reshape and transpose, outer products, batched solve, log-sum-exp; two each."""

import numpy as np

from emtutor import problems
from emtutor.causes import Problem
from emtutor.tutor.exercise import Exercise, Mistake

LESSON = "numpy-clinic"

# ---- 1. axes


def column_means(x):
    return x.sum(axis=0) / len(x)


COLUMN_MEANS = Exercise(
    column_means, lesson=LESSON, out={"means": "d"}, problems=lambda rng: problems.posed("x", rng),
    statement="The mean of each column of x (n, d): one number a column, shape (d,).",
    mistakes=[
        Mistake("spread-over-rows", lambda x: np.full(x.shape[1], x.mean()),
                "Every entry is the mean of all numbers of x, minutes of one kind mixed with minutes of another. "
                "Which axis has to stay?"),
        Mistake("of-rows", lambda x: x.mean(axis=1),
                "There is one number for each row now. Which axis disappears when you write axis=1?"),
        Mistake("repeated", lambda x: np.tile(x.mean(axis=0), (len(x), 1)),
                "The means are right, and they come once for each point. How many numbers are asked for?"),
    ],
    hints=[
        "x has one row a point. Which of its two axes should be gone afterwards?",
        "The axis that you name is the one that disappears: axis=0 leaves one number a column.",
        "Sum along axis 0, then divide by the number of rows; the method `mean` does both with the same axis.",
    ],
    by_hand="Write the points (1, 10), (2, 20), (6, 60) below each other and take the mean down each column.",
)  # fmt: skip


def largest_shares(r):
    return r.max(axis=1)


LARGEST_SHARES = Exercise(
    largest_shares, lesson=LESSON, out={"shares": "n"}, problems=lambda rng: problems.posed("r", rng),
    statement="For each point the largest of its responsibilities r (n, k): one number a point, shape (n,).",
    mistakes=[
        Mistake("whose", lambda r: r.argmax(axis=1),
                "This says which component has the largest share. How large is that share?"),
        Mistake("of-components", lambda r: r.max(axis=0),
                "You found the largest entry of each column. One number for each row is asked for: which axis should "
                "be gone?"),
        Mistake("smallest-other", lambda r: 1 - r.min(axis=1) if r.shape[1] != 2 else None,
                "One minus the smallest share is what all the others have together. Which one is the largest?"),
    ],
    hints=[
        "One row of r belongs to one point. Within a row, you walk along which axis?",
        "The axis of the components is axis 1: it should be gone afterwards.",
        "Take the maximum along axis 1.",
    ],
    by_hand="r has the rows (0.9, 0.1) and (0.3, 0.7). Which two numbers are asked for?",
)  # fmt: skip


# ---- 2. keepdims


def below_the_largest(log_joint):
    return log_joint - log_joint.max(axis=1, keepdims=True)


BELOW_THE_LARGEST = Exercise(
    below_the_largest, lesson=LESSON, out={"below": "nk"}, problems=lambda rng: problems.posed("log_joint", rng),
    statement="The table log_joint (n, k) with each row's own largest entry subtracted from that row: (n, k), and the "
              "largest entry of each row is then 0.",
    mistakes=[
        Mistake("largest-of-all", lambda log_joint: log_joint - log_joint.max(),
                "You subtract the largest entry of the whole table. Each row has a largest entry of its own: how do "
                "you get one number a row?"),
        Mistake("largest-of-columns", lambda log_joint: log_joint - log_joint.max(axis=0),
                "You subtract the largest entry of each column. A row belongs to one point: along which axis do you "
                "look for its largest entry?"),
        Mistake("from-the-largest", lambda log_joint: log_joint.max(axis=1, keepdims=True) - log_joint,
                "The largest entry is 0, and the others lie above it. What is subtracted from what?"),
    ],
    hints=[
        "First find one number a row: which shape has it?",
        "(n, k) minus (n,) does not go row by row: shapes are lined up from the right. You need the shape (n, 1).",
        "`keepdims=True` keeps the axis that is taken away, with length 1.",
    ],
    by_hand="Take the rows (-1, -3) and (-7, -2). What is subtracted from each, and what is left?",
)  # fmt: skip


def divide_each(S2, R):
    return S2 / R[:, None, None]


DIVIDE_EACH = Exercise(
    divide_each, lesson=LESSON, out={"matrices": "kdd"}, problems=lambda rng: problems.posed("S2 R", rng),
    statement="Each of the k matrices in S2 (k, d, d) divided by its own number in R (k,): shape (k, d, d).",
    mistakes=[
        Mistake("by-columns", lambda S2, R: S2 / R if S2.shape[1] == len(R) else None,
                "R is lined up with the last axis of S2, so each column is divided by another number. With which "
                "shape would R be lined up with the first axis?"),
        Mistake("by-rows", lambda S2, R: S2 / R[:, None] if S2.shape[1] == len(R) else None,
                "R has the shape (k, 1) now, and is lined up with the rows of each matrix. How many axes of length 1 "
                "does it need after its own?"),
        Mistake("by-all", lambda S2, R: S2 / R.sum(),
                "All matrices are divided by the same number, the sum of R. Each has its own."),
    ],
    hints=[
        "S2[0] is to be divided by R[0], S2[1] by R[1]. Which axis of S2 does R belong to?",
        "Shapes are lined up from the right. To stand below the first of three axes, R needs two more after its own.",
        "`R[:, None, None]` has the shape (k, 1, 1).",
    ],
    by_hand="Write the shapes (k, d, d) and (k,) below each other, flush right. Under which axis does k stand?",
)  # fmt: skip


# ---- 3. reshape and transpose


def from_columns(flat, d):
    return flat.reshape(d, -1).T


def _flat(w):
    return w["x"].T.ravel()


FROM_COLUMNS = Exercise(
    from_columns, lesson=LESSON, out={"x": "nd"},
    problems=lambda rng: problems.mixture("flat d", rng, flat=_flat),
    statement="The points x (n, d), one row a point, from one long vector flat (n d,): first the first coordinate of "
              "all n points, then the second coordinate of all, and so on up to the d-th.",
    mistakes=[
        Mistake("reshaped", lambda flat, d: flat.reshape(-1, d),
                "The shape is right, and the first row has the first coordinates of several points. reshape keeps the "
                "order of the numbers: in which shape do the first n of them make one row?"),
        Mistake("columns-as-rows", lambda flat, d: flat.reshape(d, -1) if len(flat) != d * d and d > 1 else None,
                "Each row is one coordinate of all points. Rows and columns have still to change places."),
    ],
    hints=[
        "The first n numbers belong together. As what: a row or a column of x?",
        "reshape fills row by row. With d rows of n numbers each coordinate gets a row of its own.",
        "Make it (d, n) with reshape, and then let rows and columns change places with `.T`.",
    ],
    by_hand="flat is (1, 2, 6, 10, 20, 60) and d is 2: the points are (1, 10), (2, 20), (6, 60). Write flat in two "
            "rows of three, and then turn it.",
)  # fmt: skip


def components_first(away):
    return away.swapaxes(0, 1)


COMPONENTS_FIRST = Exercise(
    components_first, lesson=LESSON, out={"away": "knd"},
    problems=lambda rng: problems.mixture("away", rng, away=lambda w: w["x"][:, None] - w["mu"]),
    statement="The same numbers as in away (n, k, d), with the component as the first index: the result has shape "
              "(k, n, d), and its entry [j, i] is away[i, j].",
    mistakes=[
        Mistake("reshaped", lambda away: away.reshape(away.shape[1], away.shape[0], -1),
                "The shape is right, and the numbers stand where they stood. reshape does not let axes change places: "
                "which method does?"),
        Mistake("turned-round", lambda away: away.T,
                ".T turns the order of all three axes round. Here the last one stays: which two change places?"),
    ],
    hints=[
        "Two axes change places and the third stays.",
        "reshape counts the numbers anew in the same order. Axes change places with transpose or swapaxes.",
        "Let the axes 0 and 1 change places.",
    ],
    by_hand="For n = 2, k = 3, d = 1 write away as a table with two rows. Which number is entry [2, 0] of the result?",
)  # fmt: skip


# ---- 4. outer products


def product_table(q1, q2):
    return q1[:, None] * q2


def _other(w):
    """Probabilities of another variable, d of them."""
    return np.abs(w["x"][0]) / np.abs(w["x"][0]).sum()


def _two_variables(rng):
    """... and one in which a value almost never occurs."""
    rare = Problem("a value that almost never occurs", {"q1": np.array([0.3, 0.7]), "q2": np.array([1e-12, 0.4, 0.6])})
    return [*problems.mixture("q1 q2", rng, q1=lambda w: w["pi"], q2=_other), rare]


PRODUCT_TABLE = Exercise(
    product_table, lesson=LESSON, out={"table": "ab"},
    problems=_two_variables,
    statement="The joint table (a, b) of two independent variables with the probabilities q1 (a,) and q2 (b,): entry "
              "[i, j] is q1[i] times q2[j].",
    mistakes=[
        Mistake("turned", lambda q1, q2: q2[:, None] * q1 if len(q1) != len(q2) else None,
                "The rows of the table belong to q2. Which of the two has to stand as a column?"),
        Mistake("inner", lambda q1, q2: q1 @ q2,
                "A row times a column is one number. The table needs a column times a row."),
        Mistake("summed", lambda q1, q2: q1[:, None] + q2,
                "Each entry is a sum. What is the probability of two independent things together?"),
    ],
    hints=[
        "How many entries has the table, and which of the two lengths counts its rows?",
        "A column (a, 1) beside a row (b,): NumPy fills in the table of all pairs.",
        "`q1[:, None]` is that column; np.outer does it in one call.",
    ],
    by_hand="q1 = (0.2, 0.8), q2 = (0.5, 0.3, 0.2). Write the table with two rows and three columns.",
)  # fmt: skip


def outer_each(x):
    return x[:, :, None] * x[:, None, :]


OUTER_EACH = Exercise(
    outer_each, lesson=LESSON, out={"products": "ndd"}, problems=lambda rng: problems.posed("x", rng),
    statement="For each point of x (n, d) the matrix x_i x_i^T: shape (n, d, d), entry [i, a, b] is x[i, a] times "
              "x[i, b].",
    mistakes=[
        Mistake("gram", lambda x: x @ x.T if len(x) != x.shape[1] else None,
                "x @ x.T is one (n, n) matrix: the inner product of each pair of points. Here each point alone makes "
                "a (d, d) matrix: which index is not summed over?"),
        Mistake("summed", lambda x: x.T @ x,
                "This is the sum of all the matrices x_i x_i^T. They are asked for one by one: which axis got lost?"),
        Mistake("all-with-all", lambda x: np.outer(x, x),
                "np.outer makes one long vector of all of x first, so each number meets each other one. How can each "
                "point keep a matrix of its own?"),
        Mistake("squares", lambda x: x**2,
                "These are the squares of the coordinates, the diagonals only. What stands in entry [i, 0, 1]?"),
        Mistake("inner", lambda x: (x * x).sum(axis=1),
                "This is x_i^T x_i, one number a point. A column times a row, x_i x_i^T, is a matrix."),
    ],
    hints=[
        "For one point: a column (d, 1) times a row (1, d). How is that written with None?",
        "For all points: x as (n, d, 1) times x as (n, 1, d).",
        "`x[:, :, None]` and `x[:, None, :]`, multiplied entry by entry.",
    ],
    by_hand="The point (2, 20): write the four entries of its matrix.",
)  # fmt: skip


# ---- 5. batched solve


def solve_each(Sigma, mu):
    return np.linalg.solve(Sigma, mu[:, :, None])[:, :, 0]


SOLVE_EACH = Exercise(
    solve_each, lesson=LESSON, out={"solutions": "kd"}, problems=lambda rng: problems.posed("Sigma mu", rng),
    statement="For each component the vector Sigma_j^-1 mu_j, from Sigma (k, d, d) and mu (k, d): shape (k, d).",
    mistakes=[
        Mistake("vectors-as-a-matrix", lambda Sigma, mu: np.linalg.solve(Sigma, mu),
                "solve took mu (k, d) for one matrix of right-hand sides. With which shape is it a stack of k "
                "columns?"),
        Mistake("first-matrix", lambda Sigma, mu: np.linalg.solve(Sigma[0], mu.T).T if len(mu) > 1 else None,
                "The first matrix is used for all components. Which one belongs to mu_j?"),
        Mistake("divided", lambda Sigma, mu: mu / np.diagonal(Sigma, axis1=1, axis2=2),
                "You divide by the entries on the diagonal. What do the others do in an inverse?"),
    ],
    hints=[
        "One component first: `np.linalg.solve(Sigma[j], mu[j])`. For all of them, a loop is right too.",
        "solve takes a stack of matrices. The right-hand side must be a stack of matrices as well: (k, d, 1).",
        "Give mu a last axis of length 1 with None, solve, and take that axis away again with [:, :, 0].",
    ],
    by_hand="Sigma_1 = diag(2, 4), mu_1 = (6, 6). What is Sigma_1^-1 mu_1? Check it: Sigma_1 times it is mu_1.",
)  # fmt: skip


def squared_lengths(x, mu, Sigma):
    away = x - mu[:, None]
    solved = np.linalg.solve(Sigma, away.swapaxes(1, 2)).swapaxes(1, 2)
    return (away * solved).sum(axis=2).T


SQUARED_LENGTHS = Exercise(
    squared_lengths, lesson=LESSON, out={"squared": "nk"}, problems=lambda rng: problems.posed("x mu Sigma", rng),
    statement="The exponent of each Gaussian without its -1/2: entry [i, j] of the table (n, k) is "
              "(x_i - mu_j)^T Sigma_j^-1 (x_i - mu_j).",
    mistakes=[
        Mistake("euclidean", lambda x, mu, Sigma: ((x[:, None] - mu) ** 2).sum(axis=2),
                "These are plain squared distances. Sigma_j does not enter: where in the formula does it stand?"),
        Mistake("first-matrix", lambda x, mu, Sigma: np.stack(
            [((x - m) * np.linalg.solve(Sigma[0], (x - m).T).T).sum(1) for m in mu], axis=1) if len(mu) > 1 else None,
                "The first Sigma is used for all components. Which one belongs to mu_j?"),
    ],
    hints=[
        "A loop over j is fine. For one component, x - mu_j has shape (n, d): one difference a row.",
        "solve wants its right-hand sides as columns: (d, n). So transpose the differences, solve, transpose back.",
        "Multiply the differences with what solve gave, entry by entry, and sum over the last axis: one number a "
        "point. Stack the components as columns.",
    ],
    by_hand="One point (3, 0), mu = (1, 0), Sigma = diag(2, 5): the result is 4 / 2. Now move the point to (3, 5).",
)  # fmt: skip


# ---- 6. log-sum-exp


def log_sum_exp(log_joint):
    largest = log_joint.max(axis=1)
    return largest + np.log(np.exp(log_joint - largest[:, None]).sum(axis=1))


LOG_SUM_EXP = Exercise(
    log_sum_exp, lesson=LESSON, out={"log_p": "n"}, problems=lambda rng: problems.posed("log_joint", rng),
    statement="log p(x_i) = log sum_j exp(log_joint[i, j]) for each row of log_joint (n, k): shape (n,). Entries may "
              "be -5000 or 900, and the result is still a finite number.",
    mistakes=[
        Mistake("not-added-back", lambda log_joint:
                np.log(np.exp(log_joint - log_joint.max(1, keepdims=True)).sum(1)) if log_joint.shape[1] > 1 else None,
                "The largest entry was taken out of the sum and never put back. As what does the factor exp(m) come "
                "out of a logarithm?"),
        Mistake("over-points", lambda log_joint: np.logaddexp.reduce(log_joint, axis=0),
                "You summed over the points. One number a point is asked for: which axis holds the components?"),
        Mistake("sum-of-logs", lambda log_joint: log_joint.sum(axis=1),
                "You added the logarithms: that is the log of a product. What is the log of a sum?"),
        Mistake("largest", lambda log_joint: log_joint.max(axis=1),
                "This is the largest entry of each row. It is the greater part of the answer; what do the other "
                "entries of the row add?"),
    ],
    hints=[
        "exp(-5000) is 0 and exp(900) is infinite for a computer. Which factor can you take out of the sum first?",
        "log sum_j exp(a_j) = m + log sum_j exp(a_j - m), for any m. Which m makes the largest exponent 0?",
        "m is the largest entry of the row. Keep it as (n, 1) to subtract it, and as (n,) to add it back.",
    ],
    by_hand="Take the row (-1000, -1000). The answer is -1000 + log 2: find it with m = -1000.",
)  # fmt: skip


def log_shares(log_joint):
    below = log_joint - log_joint.max(axis=1, keepdims=True)
    return below - np.log(np.exp(below).sum(axis=1, keepdims=True))


LOG_SHARES = Exercise(
    log_shares, lesson=LESSON, out={"log_r": "nk"}, problems=lambda rng: problems.posed("log_joint", rng),
    statement="The logarithm of the responsibilities, log r_ij = log_joint[i, j] - log p(x_i), as a table (n, k). A "
              "share may be exp(-9000), which is 0 for a computer; its logarithm is -9000, and finite.",
    mistakes=[
        Mistake("log-of-zero", lambda log_joint: np.log(_shares(log_joint)) if np.abs(log_joint).max() > 1000 else None,
                "A share that is too small becomes 0 before its logarithm is taken. Do you need the share itself?"),
        Mistake("over-points", lambda log_joint: log_joint - np.logaddexp.reduce(log_joint, axis=0),
                "The shares of each column sum to one. A point hands out one unit of its own: along which axis?"),
        Mistake("largest-only", lambda log_joint:
                log_joint - log_joint.max(axis=1, keepdims=True) if log_joint.shape[1] > 1 else None,
                "You subtracted each row's largest entry. What has to be subtracted is log p(x_i), which is larger: by "
                "how much?"),
        Mistake("shares", lambda log_joint: _shares(log_joint),
                "These are the shares themselves. Their logarithms are asked for: which step is one too many?"),
    ],
    hints=[
        "A division becomes a subtraction of logarithms: what is subtracted from each entry of a row?",
        "log p(x_i) is the log-sum-exp of the row. As (n, 1) it can be subtracted from (n, k).",
        "First take the largest entry of each row out, as in `below_the_largest`. Then subtract the log of the sum of "
        "the exponentials, with keepdims.",
    ],
    by_hand="Take the row (0, -5000): log p is 0 to all digits, so which two numbers are the answer?",
)  # fmt: skip


def _shares(log_joint):
    r = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    return r / r.sum(axis=1, keepdims=True)


EXERCISES = [
    COLUMN_MEANS, LARGEST_SHARES, BELOW_THE_LARGEST, DIVIDE_EACH, FROM_COLUMNS, COMPONENTS_FIRST,
    PRODUCT_TABLE, OUTER_EACH, SOLVE_EACH, SQUARED_LENGTHS, LOG_SUM_EXP, LOG_SHARES,
]  # fmt: skip
