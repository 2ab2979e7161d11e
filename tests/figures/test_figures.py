"""A lesson's picture: its words reach every reader, and it is no slab on a dark page."""

import base64
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from emtutor import figures, old_faithful, worker
from emtutor.figures import answers, generic, jensen, mixtures
from emtutor.films import palette

WORDS = 'A line that rises from left to right, "steeply" & <fast>.'


def drawn():
    fig, ax = figures.canvas()
    ax.plot([0, 1], [0, 1], color=palette.LOG_P)
    return figures.picture(fig, WORDS)


def test_the_words_are_alt_text_in_both_forms_and_the_picture_is_the_same():
    data, metadata = drawn()._repr_mimebundle_()
    assert data["text/plain"] == metadata["image/png"]["alt"] == WORDS
    alt, source = re.fullmatch(
        r'<img class="emt-figure" alt="([^"]*)" src="data:image/png;base64,([^"]*)">', data["text/html"]
    ).groups()
    assert alt == "A line that rises from left to right, &quot;steeply&quot; &amp; &lt;fast&gt;."
    assert base64.b64decode(source) == data["image/png"]


def test_its_ground_is_transparent():
    pixels = np.asarray(Image.open(BytesIO(drawn().png)).convert("RGBA"))
    assert np.median(pixels[..., 3]) == 0


@pytest.mark.parametrize("paper", ["#ffffff", "#111111"])  # JupyterLab's two
def test_what_is_written_reads_on_white_and_on_dark(paper):
    light, dark = sorted((palette.luminance(palette.LOG_P), palette.luminance(paper)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) > 4


def test_words_are_required():
    fig, _ = figures.canvas()
    with pytest.raises(ValueError, match="words must say what the picture shows"):
        figures.picture(fig, "A plot")


# ---- what a learner's function returns


def test_her_values_are_taken_where_they_are_like_the_packages():
    x = np.array([1.0, 2.0])
    value, whose = answers.of(lambda a: a * 3, lambda a: a * 2, x)
    assert (value.tolist(), whose) == ([3, 6], "yours")
    (one, two), whose = answers.of(lambda a: (a, [5]), lambda a: (a, np.zeros(1)), x)
    assert (one.tolist(), two.tolist(), whose) == ([1, 2], [5], "yours")


def stub(a):
    """Nothing yet."""
    ...


def endless(a):
    while True:
        pass


def zero(a):
    return a / 0 if isinstance(a, float) else 1 / 0


def exits(a):
    import os

    os._exit(3)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (stub, "stub is not written yet"),
        (endless, "your endless was stopped: still running after 3 s"),
        (zero, "your zero raised ZeroDivisionError"),
        (exits, "your exits ended its process"),
        (lambda a: a[:1], "your <lambda> returned another shape"),
        (lambda a: "text", "your <lambda> returned no numbers"),
        (lambda a: (a, a), "your <lambda> returned another shape"),
    ],
)
def test_without_her_values_the_packages_are_drawn_and_it_is_said_why(answer, why):
    value, whose = answers.of(answer, lambda a: a * 2, np.array([1.0, 2.0]))
    assert value.tolist() == [2, 4]
    assert whose.startswith(f"the package's: {why}")
    assert len(whose) < 80  # it is in a title
    values, whose = answers.series(answer, lambda a: a * 2, [(np.ones(2),), (np.zeros(2),)])
    assert values.tolist() == [[2, 2], [0, 0]]
    assert whose.startswith(f"the package's: {why}")


def test_what_did_not_end_is_not_asked_again_until_it_is_written_anew(monkeypatch):
    asked, calls = [], worker.calls
    monkeypatch.setattr(worker, "calls", lambda *args: asked.append(args) or calls(*args))
    helper = {"wait": True}

    def hers(a):
        while helper["wait"]:
            pass
        return a

    for _ in range(3):
        assert "was stopped" in answers.of(hers, lambda a: a, np.ones(2))[1]
    assert len(asked) == 1
    helper["wait"] = False
    assert answers.of(hers, lambda a: a, np.ones(2))[1] == "yours"


def test_what_she_changes_stays_in_the_worker():
    data = np.ones(2)

    def hers(a):
        a[:] = 7
        np.seterr(all="raise")
        return a

    assert answers.of(hers, lambda a: a, data)[0].tolist() == [7, 7]
    assert data.tolist() == [1, 1]


def test_a_figure_with_an_endless_function_is_drawn_in_the_end():
    x = old_faithful()[:40]
    told = [
        mixtures.spike(x, lambda x, s: endless(x)), jensen.in_other_units(lambda: endless(0)),
        generic.lamps(np.array([3.0, 4.0]), 5.0, 1, 2, lambda *args: endless(0), lambda *args: 1.0),
    ]  # fmt: skip
    assert all(picture.png for picture in told)
    assert "Your steps ended with TimeoutError" in repr(told[2])
