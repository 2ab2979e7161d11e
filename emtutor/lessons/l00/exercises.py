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
    normalise, lesson="00-start", out={"shares": "nk"}, problems=_tables, notation={"a": "nk"},
    statement="Divide each row of a positive table (n, k) by its own sum, so that every row sums to one, whole "
              "numbers and very small ones (1e-300) too.",
    mistakes=[
        Mistake("mean", lambda a: a / a.mean(1, keepdims=True),
                "Each row has mean one now, so it sums to the number of its entries. Divide by the sum, not by the "
                "mean."),
        Mistake("softmax", lambda a: np.exp(a) / np.exp(a).sum(1, keepdims=True),
                "The rows sum to one, but the entries were exponentiated first. Here the shares of the numbers "
                "themselves are wanted."),
        Mistake("sums-only", lambda a: a.sum(1), "These are the sums of the rows. Now divide each row by its own."),
    ],
    ask={
        "over-points:n": "a.sum(0) adds along axis 0, down each column: which axis runs along a row?",
    },
    hints=[
        "What must you divide a row by, so that what is left sums to one?",
        "a.sum(1) holds the sum of each row. It has shape (n,); a has shape (n, k). How do they line up?",
        "With keepdims=True the sums come as a column (n, 1), and dividing by a column divides each row by its own "
        "number.",
    ],
    by_hand="Write down the rows (1, 3) and (2, 2). What are their sums, and what do the rows become when each is "
            "divided by its own?",
)  # fmt: skip

EXERCISES = [NORMALISE]
