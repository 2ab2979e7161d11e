"""Lesson 00: the warm-up."""

import numpy as np

from emtutor.causes import Problem
from emtutor.tutor.exercise import Exercise, Mistake


def normalise(a):
    return a / a.sum(1, keepdims=True)


def _tables(rng):
    tables = {
        "hand-sized": np.array([[1.0, 3.0, 4.0], [2.0, 2.0, 1.0]]),
        "as many rows as columns": rng.uniform(0.2, 7, (3, 3)),
        "one column": rng.uniform(0.2, 7, (4, 1)),
        "one row": rng.uniform(0.2, 7, (1, 5)),
        "tiny numbers": rng.uniform(0.2, 3, (5, 2)) * 1e-200,
        "numbers from 1e-300 to 1e200": 10.0 ** rng.uniform(-300, 200, (6, 3)),
        "repeated rows": np.array([[2.5, 0.5], [2.5, 0.5], [0.2, 0.6]]),
        "whole numbers": np.array([[1, 3, 5], [2, 2, 9]]),
        "1000 rows": rng.uniform(0.2, 7, (1000, 6)),
    }
    ordinary = len(tables) - 4
    return [Problem(label, {"a": a}, extreme=i >= ordinary) for i, (label, a) in enumerate(tables.items())]


NORMALISE = Exercise(
    normalise,
    lesson="00-start",
    statement="Divide each row of a positive table (n, k) by its own sum, so that every row sums to one, whole numbers "
    "and very small ones (1e-300) too.",
    problems=_tables,
    notation={"a": "nk"},
    out={"shares": "nk"},
    mistakes=[
        Mistake(
            "over-columns",
            lambda a: a / a.sum(0),
            "The columns sum to one, not the rows. a.sum(0) adds along axis 0, down each column: which axis runs along "
            "a row?",
        ),
        Mistake(
            "over-everything",
            lambda a: a / a.sum(),
            "All entries together sum to one. Each row should do so by itself: give sum an axis.",
        ),
        Mistake(
            "mean",
            lambda a: a / a.mean(1, keepdims=True),
            "Each row has mean one now, so it sums to the number of its entries. Divide by the sum, not by the mean.",
        ),
        Mistake(
            "largest",
            lambda a: a / a.max(1, keepdims=True),
            "Each row's largest entry is one now. It is the sum of the row that should be one.",
        ),
        Mistake(
            "no-keepdims",
            lambda a: a / a.sum(1),
            "a.sum(1) has shape (n,), and NumPy lines it up with the columns. Where n = k this even runs. Keep the "
            "axis: keepdims=True.",
        ),
        Mistake(
            "softmax",
            lambda a: np.exp(a) / np.exp(a).sum(1, keepdims=True),
            "The rows sum to one, but the entries were exponentiated first. Here the shares of the numbers themselves "
            "are wanted.",
        ),
        Mistake(
            "euclidean",
            lambda a: a / np.linalg.norm(a, axis=1, keepdims=True),
            "Each row has length one: its squares sum to one. Here the entries themselves should.",
        ),
        Mistake("sums-only", lambda a: a.sum(1), "These are the sums of the rows. Now divide each row by its own."),
    ],
    hints=[
        "What must you divide a row by, so that what is left sums to one?",
        "a.sum(1) holds the sum of each row. It has shape (n,); a has shape (n, k). How do they line up?",
        "With keepdims=True the sums come as a column (n, 1), and dividing by a column divides each row by its own "
        "number.",
    ],
    by_hand="Write down the rows (1, 3) and (2, 2). What are their sums, and what do the rows become when each is "
    "divided by its own?",
)

EXERCISES = [NORMALISE]
