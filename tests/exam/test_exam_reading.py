"""Answers as people write them: what is read as the same number, letter or sign, and what is refused."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from emtutor.exam import reading

L = math.log(2)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (7 / 4, 1.75), ("7/4", 1.75), (" 7 / 4 ", 1.75), ("1.75", 1.75), ("1,75", 1.75), (Fraction(7, 4), 1.75),
        (Decimal("1.75"), 1.75), (np.float32(1.75), 1.75), (np.array([1.75]), 1.75), ([1.75], 1.75), ("[7/4]", 1.75),
        ("x = 7/4", 1.75), ("7/4 = 1.75", 1.75), ("≈ 1.75", 1.75), (r"\frac{7}{4}", 1.75), ("$7/4$", 1.75),
        ("7:4", 1.75), ("1 3/4", 1.75), ("7⁄4", 1.75), ("175%", 1.75), ("(3+4)/4", 1.75), ("1.75e0", 1.75),
        ("4", 4), ("4.0", 4), ("4.", 4), ("line 4", 4), ("(4)", 4), ("2**2", 4), ("2^2", 4), ("sqrt 16", 4),
        ("−3", -3), ("-3", -3), ("- 3", -3), ("--3", 3), (".5", 0.5), ("1e-2", 0.01), ("2^-2", 0.25),
        ("ln 2", L), ("log 2", L), ("ln2", L), ("log(2)", L), (r"\ln 2", L), ("LN 2", L), ("3/2 ln 2", 1.5 * L),
        ("-5.25 ln2", -5.25 * L), ("-21/4 · ln 2", -5.25 * L), (r"-\tfrac{21}{4} \ln 2", -5.25 * L),
        ("2 nats", 2), ("1 nat", 1), ("-5.25 bits", -5.25 * L), ("1 bit", L), ("ln 2 nats", L), ("log2(8)", 3),
        ("log10(100)", 2), ("ln 4 - ln 2", L), ("2 (3 + 4)", 14), ("e", math.e), ("exp(1)", math.e), ("π", math.pi),
    ],
)  # fmt: skip
def test_a_number_is_read_as_it_is_meant(written, value):
    assert reading.numbers(written, 1) == pytest.approx([value], abs=1e-12)


@pytest.mark.parametrize("written", ["ln 1/8", "-ln 8", "-3 ln 2", "ln(1/8)"])
def test_a_logarithm_without_parentheses_may_be_that_of_a_fraction(written):
    assert -3 * L in [pytest.approx(reading.numbers(written, 1, wide)[0]) for wide in (False, True)]


@pytest.mark.parametrize(
    "written",
    ["abc", "7//4", "1/0", "ln 0", "ln(-1)", "(-8)^(1/3)", "10**10**10", "2 +", "((2)", "2)", "import os", "__import__",
     "9" * 300, "(" * 150, "1 apple", "½", True, np.True_, {"a": 1}, {1}, b"4", 1j, print, object(), 10**400,
     [[1, 2]], [1, 2], np.zeros(2), "1; 2 3", lambda: 4],
)  # fmt: skip
def test_what_is_no_number_is_refused_with_a_sentence(written):
    with pytest.raises(reading.Unread) as refused:
        reading.numbers(written, 1)
    sentence = str(refused.value)
    assert sentence.endswith((".", '"3/2 ln 2".'))
    assert len(sentence) < 250


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("-28, 7", [-28, 7]), ("[-28, 7]", [-28, 7]), ("(-28; 7)", [-28, 7]), ("-28,7", [-28, 7]),
        ("1,5; 2,5", [1.5, 2.5]), ("lambda = -28, nu = 7", [-28, 7]), (np.array([[-28], [7]]), [-28, 7]),
        ([[-28, 7]], [-28, 7]), (("-28", "28/4"), [-28, 7]), ([..., "7"], [math.nan, 7]), ("?, 7", [math.nan, 7]),
    ],
)  # fmt: skip
def test_a_list_of_numbers_too(written, values):
    assert reading.numbers(written, 2) == pytest.approx(values, nan_ok=True)


@pytest.mark.parametrize("written", ["b", "B", "b)", "(B)", "B.", "answer B", ["B"], np.array(["b"]), " B "])
def test_one_letter(written):
    assert reading.letter(written) == "B"


@pytest.mark.parametrize("written", ["A or B", "", "AB", ["A", "B"], 2, None, True, "Beta"])
def test_what_is_not_one_letter_is_refused(written):
    with pytest.raises(reading.Unread, match="expected"):
        reading.letter(written)


@pytest.mark.parametrize("written", ["AFDG", "a, f, d, g", "A -> F -> D -> G", ["A", "F", "D", "G"], ("af", "dg")])
def test_letters_in_their_order(written):
    assert reading.letters(written) == "AFDG"


@pytest.mark.parametrize(
    "written",
    ["TF-TFT", "tf-tft", "T F - T F T", "T, F, -, T, F, T", "true, false, -, True, False, TRUE", "T F − T F T",
     [True, False, None, True, False, True], ["T", "F", ..., "t", "false", "True"],
     [np.True_, 0 > 1, "-", "T", "F", "T"]],
)  # fmt: skip
def test_signs(written):
    assert reading.signs(written) == "TF-TFT"
