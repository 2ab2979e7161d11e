"""The derivation of the M-step: `m_step.unfold()` opens it line by line."""

import numpy as np
from scipy.stats import expon

from emtutor.derivations.engine import Derivation, Line, Problem
from emtutor.problems import simplex


def problems(rng):
    """What the lines are tried on: a label and the arguments, by name."""
    found = []
    for n, k, unit in [(1, 1, 1.0), (4, 2, 0.1), (7, 3, 30.0), (40, 2, 1e-3)]:
        arguments = {"x": unit * rng.exponential(size=n), "r": simplex(rng, k, n), "pi": simplex(rng, k)}
        arguments["rate"] = rng.uniform(0.3, 3.0, k) / unit
        found.append(Problem(f"{n} times, {k} components", arguments))
    return found


m_step = Derivation(
    "The rates of the M-step",
    r"Q(\theta) = \sum_{ij} r_{ij} \log p(x_i, z_{ij} = 1 \mid \theta)",
    problems,
    (
        Line(
            "start",
            r"\sum_{ij} r_{ij} \left( \log \pi_j + \log \lambda_j e^{-\lambda_j x_i} \right)",
            lambda x, r, pi, rate: np.sum(r * (np.log(pi) + expon(scale=1 / rate).logpdf(x[:, None]))),
            "the joint of a point and its component",
        ),
        Line(
            "=",
            r"\sum_j R_j (\log \pi_j + \log \lambda_j) - \sum_j \lambda_j \sum_i r_{ij} x_i",
            lambda x, r, pi, rate: r.sum(0) @ (np.log(pi) + np.log(rate)) - rate @ (r.T @ x),
            "the log of a product, and the sum over i inside",
        ),
        Line(
            "maximises",
            r"\lambda_j = \frac{R_j}{\sum_i r_{ij} x_i}",
            lambda x, r: r.sum(0) / (r.T @ x),
            "the derivative R_j / lambda_j - sum_i r_ij x_i vanishes",
            unknown="rate",
        ),
    ),
)
