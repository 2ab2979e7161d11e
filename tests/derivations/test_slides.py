"""The slides, run: the notebook's numbers by a second route, finite differences and plain sums, at the test point."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from emtutor import derivations, old_faithful
from emtutor.derivations.chains import slides
from emtutor.desk import notebooks

PATH = Path(__file__).parents[2] / "notebooks" / "13-slides-run.ipynb"
NOTEBOOK = notebooks.read(PATH)
SOURCE = "\n".join(cell.source for cell in NOTEBOOK.cells)
PRINTED = "\n".join(
    out.text
    for cell in NOTEBOOK.cells
    if cell.cell_type == "code"
    for out in cell.outputs
    if out.output_type == "stream"
)
TABLE = [line.strip("| ").split(" | ") for line in SOURCE.splitlines() if re.match(r"\| \d+ \*\*", line)]

X = old_faithful().tolist()
PI = (0.4, 0.6)
MU = ((2.2, 57.0), (4.1, 78.0))
SIGMA = (((0.12, 0.6), (0.6, 40.0)), ((0.25, 1.1), (1.1, 30.0)))


def density(u, m, S):
    """A Gaussian in two dimensions, written out."""
    (a, b), (c, d) = S
    det = a * d - b * c
    p, q = u[0] - m[0], u[1] - m[1]
    return math.exp(-(d * p * p - (b + c) * p * q + a * q * q) / (2 * det)) / (2 * math.pi * math.sqrt(det))


def log_p(pi=PI, mu=MU, sigma=SIGMA):
    return math.fsum(math.log(sum(w * density(u, m, S) for w, m, S in zip(pi, mu, sigma, strict=True))) for u in X)


def central(f, h):
    """A central difference with its first correction."""
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


def numbers(start):
    """The numbers on the notebook's printed line that begins so."""
    line = next(line for line in PRINTED.splitlines() if start in line)
    return [float(v) for v in re.findall(r"-?\d+\.\d+|-?\d+", line.split(start, 1)[1])]


def test_the_table_numbers_every_item_and_each_is_shown_below_with_the_same_letter():
    letters = {
        int(number): letter for number, letter in (re.match(r"(\d+) \*\*([WSM])", row[0]).groups() for row in TABLE)
    }
    assert list(letters) == list(range(1, len(TABLE) + 1))
    below = re.findall(r"\*\*([WSM]) \((\d+)\)", SOURCE)
    assert {int(number): letter for letter, number in below} == letters
    assert len(below) == len(letters)
    assert all(len(row) == 5 and all(row) for row in TABLE)


def test_the_list_of_chains_and_the_table_give_each_item_the_same_letter():
    for slide in slides.SLIDES:
        assert bool(slide.items) == (slide.status != "holds")
        letters = {re.search(r"\*\*([WSM])", TABLE[item - 1][0])[1] for item in slide.items}
        assert not letters or slide.status in letters


@pytest.mark.parametrize("slide", slides.SLIDES, ids=lambda s: s.formula)
def test_every_formula_is_run_with_the_verdict_it_gets(slide):
    assert f"derivations.{slide.chain}.run(" in SOURCE
    chain = derivations.ALL[slide.chain]
    if slide.status == "W":
        assert chain.breaks
    if slide.status == "holds":
        assert not chain.breaks


def test_every_chain_that_breaks_on_the_slides_is_in_the_list():
    listed = {s.chain for s in slides.SLIDES}
    assert {name for name in derivations.ALL if name.startswith("slide_")} <= listed


def test_log_likelihood():
    assert math.isclose(numbers("log p(x | theta0) =")[0], log_p(), abs_tol=1e-8)


def test_gradient_in_mu():
    def moved(h, axis):
        m = list(MU[0])
        m[axis] += h
        return log_p(mu=(tuple(m), MU[1]))

    right = [central(lambda h, a=a: moved(h, a), 1e-3) for a in (0, 1)]
    assert np.allclose(numbers("for mu_1: right")[:2], right, rtol=1e-5)


def test_gradient_in_Sigma_along_three_directions():
    def moved(h, entries):
        S = [list(row) for row in SIGMA[0]]
        for a, b in entries:
            S[a][b] += h
        return log_p(sigma=(S, SIGMA[1]))

    directions = ([(0, 0)], [(1, 1)], [(0, 1), (1, 0)])
    right = [central(lambda h, e=e: moved(h, e), 1e-4) for e in directions]
    printed = numbers("right     along E11")
    assert np.allclose([printed[0], printed[2], printed[-1]], right, rtol=1e-4)


def test_gradient_in_the_precision_along_three_directions():
    def moved(h, entries):
        precision = np.linalg.inv(SIGMA[0])
        for a, b in entries:
            precision[a, b] += h
        return log_p(sigma=(np.linalg.inv(precision).tolist(), SIGMA[1]))

    directions = ([(0, 0)], [(1, 1)], [(0, 1), (1, 0)])
    right = [central(lambda h, e=e: moved(h, e), 1e-5) for e in directions]
    printed = numbers("in Lambda along E11")
    assert np.allclose([printed[0], printed[2], printed[-1]], right, rtol=1e-4)


def test_gradient_in_pi_and_the_multiplier():
    def moved(h, j):
        pi = list(PI)
        pi[j] += h
        return log_p(pi=pi)

    right = [central(lambda h, j=j: moved(h, j), 1e-4) for j in (0, 1)]
    assert np.allclose(numbers("gradient in pi")[:2], right, rtol=1e-6)
    assert math.isclose(PI[0] * right[0] + PI[1] * right[1], len(X), rel_tol=1e-6)


def test_responsibilities_one_by_one():
    R = [0.0, 0.0]
    for u in X:
        p = [w * density(u, m, S) for w, m, S in zip(PI, MU, SIGMA, strict=True)]
        R = [R[j] + p[j] / sum(p) for j in (0, 1)]
    assert np.allclose(R, numbers("R =")[:2], atol=1e-5)


def test_the_violations_of_the_unweighted_inequality_counted():
    for name, unit in (("minutes", 1), ("hours", 60), ("days", 1440)):
        count = 0
        for u in X:
            a, b = (w * density(u, m, S) * unit**2 for w, m, S in zip(PI, MU, SIGMA, strict=True))
            count += a * b > a + b
        assert numbers(name)[0] == count


def test_what_the_gradient_steps_do():
    def moved(h, j, axis):
        mu = [list(m) for m in MU]
        mu[j][axis] += h
        return log_p(mu=mu)

    gradient = [[central(lambda h, j=j, a=a: moved(h, j, a), 1e-3) for a in (0, 1)] for j in (0, 1)]
    mu = [[m + 1e-3 * g for m, g in zip(*pair, strict=True)] for pair in zip(MU, gradient, strict=True)]
    assert math.isclose(log_p(mu=mu) - log_p(), numbers("step 0.001: log p changes by +")[0], abs_tol=2e-3)


def test_no_number_of_the_data_is_typed_in_the_prose():
    prose = "\n".join(cell.source for cell in NOTEBOOK.cells if cell.cell_type == "markdown")
    assert not re.findall(r"\d+\.\d{3,}", prose)


def test_a_cell_has_ten_lines_of_code_at_most():
    for cell in NOTEBOOK.cells:
        if cell.cell_type == "code":
            assert len([line for line in cell.source.splitlines() if line.strip()]) <= 10
