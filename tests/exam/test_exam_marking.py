"""What partly right answers of the exam earn, and what is said of wrong ones after hand-in."""

import itertools
import re

import numpy as np
import pytest

from emtutor import exam
from emtutor.exam import divergences, families, listing, marking, updates

SEEDS = range(12)
PAPERS = [exam.sit(seed) for seed in SEEDS]
each_seed = pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.seed))


def one(paper, **answers):
    """{part: (points, note)} of the parts that were answered."""
    report = exam.submit(paper, {f"answer_{name.removeprefix('a_')}": answer for name, answer in answers.items()})
    return {m.name.removeprefix("answer_"): (m.points, m.note) for m in report.marks if m.status != "unattempted"}


def part(paper, name):
    return next(p for q in paper.questions for p in q.parts if p.name == name)


# ---- orders and sets of letters


@pytest.mark.parametrize(
    ("got", "points"),
    [
        ("AFDG", 3), ("AFDE", 2), ("AFD", 2), ("AFDGE", 2), ("AF", 1.5), ("A", 0.5), ("AFGD", 1.5), ("FADG", 1.5),
        ("ADFG", 1.5), ("GDFA", 1.5), ("DG", 0.5), ("BCEA", 0), ("AAAA", 0.5), ("ABCDEFG", 0), ("BCE", 0), ("XYZ", 0),
        ("AFDGAFDG", 0),
    ],
)  # fmt: skip
def test_an_order_counts_from_its_beginning_and_right_lines_count_half(got, points):
    mark = marking.order("AFDG", 3, {"B": "one.", "C": "two.", "E": "three."})(got, {})
    assert mark.points == points
    assert bool(mark.note) == (points < 3)


def test_the_report_says_where_an_order_goes_wrong():
    mark = marking.order("AFDG", 3, {"E": "its sum has k equal terms."})
    assert mark("AFDE", {}).note == "Right from the beginning: AFD. E does not belong: its sum has k equal terms."
    assert "G does not follow from F by one rule" in mark("AFGD", {}).note
    assert "D does not follow from what is given" in mark("DAFG", {}).note
    assert "2 more belong to it" in mark("AF", {}).note
    assert "There is no line X" in mark("AFDX", {}).note


def test_no_order_but_the_right_one_earns_all_points():
    mark = marking.order("AFDG", 4, {})
    for length in range(1, 6):
        for got in itertools.product("ABDFG", repeat=length):
            points = mark("".join(got), {}).points
            assert 0 <= points <= 4
            assert (points == 4) == ("".join(got) == "AFDG")


@pytest.mark.parametrize(
    ("got", "points"), [("BD", 3), ("db", 3), ("B", 1.5), ("BDA", 1.5), ("BC", 0), ("ABCDE", 0), ("X", 0)]
)
def test_a_set_of_letters_counts_right_ones_less_wrong_ones(got, points):
    mark = marking.several("BD", 3, dict.fromkeys("ABCDE", "because."))(got, {})
    assert mark.points == points
    assert bool(mark.note) == (points < 3)


# ---- numbers


def test_a_quoted_number_a_fraction_and_a_unit_are_the_number():
    for paper in PAPERS[:4]:
        log_p, joint = part(paper, "7").right[2], [v / np.log(2) for v in part(paper, "7").right]
        assert one(paper, a_6a=str(part(paper, "6a").right))["6a"][0] == 2
        assert one(paper, a_9a=f"line {part(paper, '9a').right}")["9a"][0] == 2
        assert one(paper, a_7=[f"{v} ln 2" for v in joint])["7"] == (6, "")
        assert one(paper, a_7=[f"{v} bits" for v in joint])["7"] == (6, "")
        assert one(paper, a_7=[..., ..., f"{log_p:.2f} nats"])["7"][0] == 2
        assert (
            one(paper, a_15b=[f"-1/{2 * paper_s(paper)}", f"ln {paper_s(paper)}", f"2*{paper_s(paper)}"])["15b"][0] == 3
        )


def paper_s(paper):
    return int(re.search(r"s = (\d+)", paper.show(15).markdown)[1])


@each_seed
def test_bits_for_nats_count_half_and_are_named(paper):
    points, note = one(paper, a_7=[v / np.log(2) for v in part(paper, "7").right])["7"]
    assert points == 3
    assert "bits" in note


@each_seed
def test_a_wrong_sign_counts_half_and_is_named(paper):
    assert one(paper, a_2b=-part(paper, "2b").right)["2b"] == (1, "The sign: each point pulls the mean towards itself.")
    points, note = one(paper, a_13b=-part(paper, "13b").right)["13b"]
    assert points == 1
    assert note.startswith("The sign")


def _slips(monkeypatch, seed):
    """{names of the part: (right, slips, within)} of all numbers of a paper."""
    seen, near = [], marking.near

    def spy(right, points, names=None, within=marking.TWO_DECIMALS, own=None, slips=()):
        mark = near(right, points, names, within, own, slips)
        seen.append((np.atleast_1d(np.asarray(right, float)), points, slips, within, mark))
        return mark

    for module in (updates, divergences, families):
        monkeypatch.setattr(module, "near", spy)
    exam.sit(seed)
    return seen


@pytest.mark.parametrize("seed", SEEDS)
def test_each_slip_is_said_and_none_earns_all(monkeypatch, seed):
    for right, points, slips, within, mark in _slips(monkeypatch, seed):
        for slip in slips:
            wrong = np.broadcast_to(np.asarray(slip.values, float), right.shape)
            differs = np.isfinite(wrong) & (np.abs(wrong - right) > within)
            if not differs.any():  # with these numbers the slip happens to be right
                continue
            got = mark(np.where(differs, wrong, right).tolist(), {})
            assert got.points < points
            full = [np.broadcast_to(np.asarray(other.values, float), right.shape) for other in slips]
            same = [np.allclose(values[differs], wrong[differs], atol=within) for values in full]
            assert any(slips[j].why in got.note for j in np.flatnonzero(same)), (slip, got)


@each_seed
def test_a_number_nobody_thought_of_gets_no_reason_but_is_wrong(paper):
    assert one(paper, a_2b=123.45)["2b"] == (0, "Another number is right.")
    points, note = one(paper, a_3b=[123.45, part(paper, "3b").right[1]])["3b"]
    assert (points, note) == (2, "Not right: lambda.")


@pytest.mark.parametrize("answer", ["apples", {}, [1, 2], True, print, "1/0", [[1, 2], [3]]])
def test_what_cannot_be_read_is_said_in_the_report(answer):
    points, note = one(PAPERS[0], a_2b=answer)["2b"]
    assert points == 0
    assert "expected" in note or "cannot be read" in note


# ---- choices and statements


@each_seed
def test_each_wrong_letter_has_its_reason(paper):
    for name in ("4b", "6b", "10b", "12a"):
        for letter in "ABCD":
            points, note = one(paper, **{f"a_{name}": letter})[name]
            assert bool(points) == (letter == part(paper, name).right)
            assert (len(note) > 20) == (not points)


@each_seed
def test_a_wrong_sign_of_a_statement_gets_its_reason(paper):
    right = part(paper, "8").right
    wrong = right[:-1] + ("T" if right[-1] == "F" else "F")
    points, note = one(paper, a_8=wrong)["8"]
    assert points == 5
    assert note.startswith("6 is true:" if right[-1] == "T" else "6 is false:")


# ---- functions


def _exercises(monkeypatch):
    found, function = [], marking.function

    def spy(exercise, points, shares=None):
        found.append((exercise, sum(points), shares or {}))
        return function(exercise, points, shares)

    for module in (updates, families, listing):
        monkeypatch.setattr(module, "function", spy)
    exam.sit(7)
    return found


def test_each_known_mistake_is_told_and_earns_less_than_all(monkeypatch):
    found = _exercises(monkeypatch)
    assert {e.name for e, *_ in found} == {*exam.functions(), "iteration"}
    for exercise, points, shares in found:
        mark = marking.function(exercise, [points / len(exercise.out)] * len(exercise.out), shares)
        for mistake in exercise.mistakes:
            got = mark(mistake.function, {})
            assert mistake.hint in got.note, (exercise.name, mistake.slug, got)
            assert got.points < points
            assert got.points >= shares.get(mistake.slug, 0) * points - 0.5


def test_a_mistake_that_no_record_has_is_found_by_the_tutor():
    def answer_13a(x, r, mu, Sigma):
        away, inverse = x - mu, np.linalg.inv(Sigma)
        W = (r[:, None] * away).T @ away
        return inverse @ (W / r.sum() - Sigma) @ inverse / 2

    def answer_1b(density, pi):
        return (pi * density / (pi * density).sum(axis=1, keepdims=True)).T

    def answer_15a(x):
        return x

    def answer_4a(x, r):
        return 1 / 0

    def answer_3a(R, a, b):
        while True:
            pass

    got = one(PAPERS[1], a_13a=answer_13a, a_1b=answer_1b, a_15a=answer_15a, a_4a=answer_4a, a_3a=answer_3a)
    assert [points for points, _ in got.values()] == [0] * 5
    assert "the sum of r_i" in got["13a"][1]
    assert "transpose" in got["1b"][1].lower() or "(3, 5)" in got["1b"][1]
    assert "x, r" in got["15a"][1]
    assert "ZeroDivisionError" in got["4a"][1]
    assert "running" in got["3a"][1]


# ---- the listing


@each_seed
def test_the_line_as_it_was_gets_its_reason(paper):
    (bug,) = [b for b in listing.BUGS if b.code in paper.show(9).markdown]
    points, note = one(paper, a_9a=bug.line, a_9b=bug.code)["9b"]
    assert points == 0
    assert bug.why in note
    other = bug.line % 9 + 1
    assert one(paper, a_9a=other)["9a"] == (0, f"Line {other} is as it should be.")
    assert "There is no line 77" in one(paper, a_9a=77)["9a"][1]


@pytest.mark.parametrize(
    "line",
    ["r = (", "mu = 1\nimport os", "return 1\n\nprint('outside')", "def f(): pass\n@f\ndef iteration(): pass", 7],
)
def test_a_line_is_one_line_of_python(line, capsys):
    points, note = one(PAPERS[0], a_9b=line)["9b"]
    assert points == 0
    assert "no Python that can be run" in note or "expected" in note
    assert capsys.readouterr().out == ""


# ---- bad input


@pytest.mark.parametrize("number", [0, 16, -1, True, "5", 5.0, None, [1]])
def test_a_question_has_a_whole_number(number):
    with pytest.raises(ValueError, match=r"number must be a question from 1 to 15, such as paper\.show\(5\), got"):
        PAPERS[0].show(number)


@pytest.mark.parametrize("answers", [7, [1.75], "answer_2b", {1}])
def test_answers_are_a_mapping(answers):
    with pytest.raises(ValueError, match="answers must be a dict such as"):
        exam.submit(PAPERS[0], answers)


@pytest.mark.parametrize("sure", ["no", 1, None])
def test_sure_is_true_or_false(sure):
    with pytest.raises(ValueError, match="sure must be True or False"):
        PAPERS[0].model_answers(sure=sure)


def test_a_long_repr_is_cut():
    with pytest.raises(ValueError, match="seed must be") as refused:
        exam.sit([0] * 1000)
    assert len(str(refused.value)) < 300
