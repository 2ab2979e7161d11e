"""Frames to JSON and to pictures: values stored once, short numbers, one set of ticks for both renderers."""

import json

import numpy as np
import pytest

from emtutor import film


def movie(*marks, n=3, **options):
    frames = [film.Frame(marks, f"Frame {i} says something.", str(i), str(i + 1)) for i in range(n)]
    return film.Film("A film", "What is seen", (film.Panel("x (m)", "y (s)"),), tuple(frames), **options)


def test_what_does_not_change_is_stored_once():
    dots = film.points("dots", np.random.default_rng(0).random((500, 2)))
    few, many = (len(film.encode(movie(dots, n=n))) for n in (2, 50))
    assert many - few < 48 * 60


def test_a_value_that_comes_back_is_the_same_value():
    frames = [film.Frame((film.path("p", [[0, i % 2], [1, 1]]),), f"{i}", str(i)) for i in range(4)]
    data = json.loads(film.encode(film.Film("t", "c", (film.Panel("x", "y"),), tuple(frames))))
    xy = data["marks"][0]["props"]["xy"]
    assert xy == {"t": [[0, 0, 1, 1], [0, 1, 1, 1]], "i": [0, 1, 0, 1]}


def test_a_mark_may_come_and_go():
    dot = film.points("dot", [[0.5, 0.5]])
    frames = (film.Frame((), "none", "a"), film.Frame((dot,), "one", "b"))
    data = json.loads(film.encode(film.Film("t", "c", (film.Panel("x", "y"),), frames)))
    assert data["marks"][0]["props"]["xy"]["i"] == [-1, 0]


def test_coordinates_are_short_and_exact_to_a_fraction_of_a_pixel():
    xy = np.random.default_rng(1).random((100, 2))
    data = json.loads(film.encode(movie(film.points("dots", xy))))
    written = np.reshape(data["marks"][0]["props"]["xy"]["t"][0], (-1, 2))
    assert abs(written - xy).max() < 1 / 1000
    assert max(len(str(v)) for v in written.ravel()) <= 6


def test_nan_lifts_the_pen_and_colours_are_bytes():
    line = film.path("line", [[0, 0], [np.nan, 0], [1, 1]])
    dots = film.points("dots", [[0, 0], [1, 1]], colour=np.array([[0, 114, 178], [1, 2, 3]], np.uint8))
    marks = json.loads(film.encode(movie(line, dots)))["marks"]
    assert marks[0]["props"]["xy"]["t"][0] == [0, 0, None, 0, 1, 1]
    assert marks[1]["props"]["colour"]["t"] == ["b64:AHKyAQID"]


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-1287.1, -1286.2, ["−1287.0", "−1286.8", "−1286.6", "−1286.4", "−1286.2"]),
        (40, 100, ["40", "50", "60", "70", "80", "90", "100"]),
    ],
)
def test_ticks_are_round_numbers_with_a_true_minus_sign(low, high, texts):
    assert [text for _, text in film.ticks(low, high)] == texts


def test_what_is_counted_has_whole_ticks():
    assert [text for _, text in film.ticks(0, 2, 5)] == ["0.0", "0.5", "1.0", "1.5", "2.0"]
    assert [text for _, text in film.ticks(0, 2, 5, whole=True)] == ["0", "1", "2"]


@pytest.mark.parametrize("limits", [(1, 1), (2, 1), (0, np.inf), (np.nan, 1)])
def test_limits_must_rise(limits):
    with pytest.raises(ValueError, match="limits must be finite and rising"):
        film.ticks(*limits)


@pytest.mark.parametrize(
    ("value", "text"),
    [(-1.25, "−1.25"), (-0.001, "0.00"), (np.nan, "undefined"), (-np.inf, "−infinite"), (-2e9, "−2e09"), (3, "3.00")],
)
def test_numbers_for_people(value, text):
    assert film.number(value) == text


def test_two_kinds_of_one_name_are_refused():
    a = film.Frame((film.points("a", [[0, 0]]),), "w", "l")
    b = film.Frame((film.path("a", [[0, 0]]),), "w", "l")
    with pytest.raises(ValueError, match="give them two names"):
        film.encode(film.Film("t", "c", (film.Panel("x", "y"),), (a, b)))
    with pytest.raises(ValueError, match="must differ"):
        film.encode(movie(film.points("a", [[0, 0]]), film.points("a", [[0, 0]])))


def test_coordinates_are_pairs():
    with pytest.raises(ValueError, match=r"xy must have shape \(n, 2\), got \(3,\)"):
        film.points("a", [1, 2, 3])


def test_the_picture_is_the_same_each_time_and_belongs_to_no_global_state():
    import matplotlib.pyplot as plt

    open_before = plt.get_fignums()
    one = movie(film.points("dots", [[0.2, 0.3]]), film.text("t", (0.5, 0.5), "1", ring="#0072B2"))
    assert film.png(one) == film.png(one)
    assert film.png(one)[:4] == b"\x89PNG"
    assert plt.get_fignums() == open_before


def test_a_strip_holds_several_frames():
    figure = film.strip(movie(film.points("dots", [[0.2, 0.3]]), n=9))
    assert len(figure.axes) == 4


def test_words_name_the_beginning_and_the_end():
    words = film.in_words(movie())
    assert "First of 3 frames: Frame 0" in words
    assert "Last: Frame 2" in words
