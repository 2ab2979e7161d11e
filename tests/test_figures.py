"""A lesson's picture: its words reach every reader, and it is no slab on a dark page."""

import base64
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from emtutor import figures
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
