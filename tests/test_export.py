"""The exported page: one file, no network, players that play, formulas drawn, what needs a kernel off."""

import re
import subprocess
import sys

import browsing
import nbformat
import pytest

from emtutor.desk import page
from emtutor.desk.mathml import mathml

MARKDOWN = r"""# A title

A formula $\frac12 \sum_j \pi_j$ and one that is unknown: $\fancy{x}$.

$$\mathcal{L}(q) = \sum_z q(z) \log \frac{p(x, z)}{q(z)}$$

`code with $5 and $6`"""
PLAYER = """from emtutor import gaussian, old_faithful, play, scenes

x = old_faithful()

def film(k):
    return scenes.em(gaussian.model, x, gaussian.named_starts(x, k)["random 1"], iterations=3, max_iter=3)

play(film, k=[1, 2])"""
NOTEBOOK = [
    ("markdown", MARKDOWN),
    ("code", PLAYER),
    ("code", "import ipywidgets\nipywidgets.RadioButtons(options=['yes', 'no'])"),
    ("code", "from IPython.display import HTML\nHTML('<b>rich</b> $R_j$ <code>$not$</code>')"),
    ("code", "print('</script> is text')\n1 / 0"),
]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    nbformat.write(
        nbformat.v4.new_notebook(cells=[make[kind](text) for kind, text in NOTEBOOK]), folder / "small.ipynb"
    )
    command = [sys.executable, "-m", "emtutor", "export", folder / "small.ipynb", "-o", folder / "page.html"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder / "page.html"


def test_the_page_refers_to_nothing_outside(page_file):
    html = page_file.read_text(encoding="utf-8")
    addresses = set(re.findall(r"""(?:src|href)=["']([^"']{1,80})""", html))
    assert {a for a in addresses if not a.startswith(("data:", "#"))} == set()
    assert set(re.findall(r"https?://[\w./-]+", html)) <= {"http://www.w3.org/2000/svg"}  # a namespace's name


def test_outputs_are_there_in_their_best_form(page_file):
    html = page_file.read_text(encoding="utf-8")
    assert "ZeroDivisionError" in html
    assert "&lt;/script&gt; is text" in html
    assert '<b>rich</b> <math alttext="R_j">' in html
    assert "<code>$not$</code>" in html
    assert '<code class="tex">\\fancy{x}</code>' in html
    assert "Switched off: answering needs the notebook" in html


@pytest.mark.browser
def test_in_chromium_without_network_the_players_play_and_choices_work(page_file):
    with browsing.chromium() as browser:
        context = browser.new_context(offline=True)
        page = context.new_page()
        asked, errors = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(page_file.as_uri())
        page.wait_for_selector("[data-testid=emt-view]")
        page.click("[data-testid=emt-step]")
        assert page.inner_text("[data-testid=emt-place]").startswith("E 1 ")
        page.select_option("[data-testid=emt-choice-k]", "2")
        assert page.inner_text("[data-testid=emt-title]") == "EM, 2 components, 272 points"
        page.keyboard.press("End")
        assert page.locator("math").first.evaluate("(m) => m.getBoundingClientRect().height") > 10
        assert page.locator("[data-testid=emt-off]").is_visible()
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert errors == []


def test_a_page_is_html(tmp_path):
    with pytest.raises(ValueError, match=r"must be an \.html file, got page.txt"):
        page.export("any.ipynb", tmp_path / "page.txt")


@pytest.mark.parametrize(
    ("tex", "holds"),
    [
        (r"\frac12", "<mfrac><mn>1</mn><mn>2</mn></mfrac>"),
        (r"x_i^2", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
        (r"\sum_{i=1}^n", "<munderover>"),
        (r"\left(\frac{a}{b}\right]", '<mo fence="true">(</mo>'),
        (r"\begin{aligned} a &= b \\ &= c \end{aligned}", "<mtr>"),
        (r"\mathcal{L}", "ℒ"),
        (r"\mathbb{E}", "𝔼"),
        (r"\text{if } x < 1", "if\xa0"),
        (r"f'(x)", "′"),
        (r"\mathrm{KL}(q \,\|\, p)", "<mi>KL</mi>"),
        (r"a - b", "<mo>−</mo>"),
    ],
)
def test_formulas(tex, holds):
    assert holds in mathml(tex)


@pytest.mark.parametrize("tex", [r"\fancy", r"\frac{a}", r"{a", r"a}", r"\left( a", r"\begin{tikz}\end{tikz}", "a & b"])
def test_a_formula_that_is_not_understood_raises_and_is_shown_as_it_is_written(tex):
    with pytest.raises(ValueError, match="formula"):
        mathml(tex)
    assert "tex" in page.formula(tex)
