"""The lesson in a real JupyterLab: Run All, step by mouse and keyboard, colours after E and ellipses after M."""

import shutil
from pathlib import Path

import browsing
import nbformat
import numpy as np
import pytest

from emtutor import derivations
from emtutor.desk import deliver

pytestmark = pytest.mark.browser
LESSON = "05-em.ipynb"

WRONG = """from emtutor import em, gaussian, old_faithful, play, scenes

x = old_faithful()

def e_step(x, pi, mu, Sigma):
    r = gaussian.e_step(x, gaussian.Theta(pi, mu, Sigma))
    return 3 * r

play(lambda k: scenes.em(gaussian.model.using(e_step=e_step), x, gaussian.named_starts(x, k)["random 1"]), k=[2, 3])"""


CHAIN = """from emtutor import derivations

derivations.grad_mu.unfold()"""
MINE = 'derivations.grad_mu.try_line(6, "np.stack([inv(S) @ (x - m).T @ w for S, m, w in zip(Sigma, mu, r.T)])")'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    shutil.copy(deliver.lessons() / LESSON, folder)
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    for name, sources in {"wrong": [WRONG], "chain": [CHAIN, MINE]}.items():
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / f"{name}.ipynb")
    return folder


@pytest.fixture(scope="module")
def address(folder):
    with browsing.jupyterlab(folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1500, "height": 1000})
    yield page
    page.close()


def looks(page):
    """(colours of the data, outlines of the ellipses, of the staircase) as they stand in the page."""
    marks = {mark["name"]: mark["parts"] for mark in browsing.drawn(page)["marks"]}
    colours = [part["fill"] for part in marks["data"]]
    ellipses = [part["d"] for name, parts in marks.items() if name.startswith("component") for part in parts]
    return colours, ellipses


def test_the_lesson_runs_and_its_player_steps(page, address, record_property):
    browsing.open_notebook(page, address(LESSON))
    browsing.run_all(page)
    page.wait_for_selector("[data-testid=emt-step]", timeout=180_000)
    page.wait_for_function(browsing.READY, timeout=180_000)
    page.hover("[data-testid=emt-step]")  # scrolls there and waits until it stands still

    def press(how):
        if how == "mouse":
            page.click("[data-testid=emt-step]")
        else:
            page.keyboard.press("ArrowRight")

    before = looks(page)
    assert page.inner_text("[data-testid=emt-step]") == "Step: E"
    for t, how in enumerate(("mouse", "mouse", "keyboard", "keyboard", "mouse", "mouse")):
        press(how)
        after = looks(page)
        moved = tuple(a != b for a, b in zip(after, before, strict=True))
        assert moved == ((True, False) if t % 2 == 0 else (False, True)), f"half-step {t + 1} by {how}"
        before = after
    assert page.inner_text("[data-testid=emt-place]").startswith("M 3 ")
    times = np.array(browsing.click_times(page, 60))
    middle, most = np.quantile(times, (0.5, 0.95))
    record_property(
        "click to changed marks in JupyterLab while other tests run (benchmarks/player.py: on an idle machine)",
        f"median {middle:.1f} ms, 95th percentile {most:.1f} ms",
    )
    assert len(times) == 60  # each click has changed marks


def test_a_wrong_e_step_is_shown_and_a_choice_asks_the_kernel(page, address):
    browsing.open_notebook(page, address("wrong.ipynb"))
    browsing.run_all(page)
    page.wait_for_selector("[data-testid=emt-step]", timeout=60_000)
    assert "your e_step" in page.inner_text("[data-testid=emt-words]")
    page.click("[data-testid=emt-step]")
    assert "rows of q must sum to 1, got 3" in page.inner_text("[data-testid=emt-words]")
    page.select_option("[data-testid=emt-choice-k]", "3")
    page.wait_for_selector("[data-testid=emt-title]:has-text('3 components')")
    assert page.inner_text("[data-testid=emt-place]").startswith("start (0 of ")


def test_a_chain_unfolds_and_judges_a_line_of_ones_own(page, address):
    browsing.open_notebook(page, address("chain.ipynb"))
    browsing.run_all(page)
    chain = page.locator(".emtutor-unfold")
    chain.wait_for()
    steps, lines = chain.locator("summary"), chain.locator("details")
    assert steps.count() == len(derivations.grad_mu.lines) - 1
    assert sum(step.is_visible() for step in steps.all()) == 1
    for number in range(steps.count()):
        assert "lines hold on" not in chain.inner_text()
        if number % 2:
            steps.nth(number).press("Enter")
        else:
            steps.nth(number).click()
        lines.nth(number).locator("mjx-container").first.wait_for(state="visible")
        assert sum(step.is_visible() for step in steps.all()) == min(number + 2, steps.count())
    assert "all 8 lines hold" in chain.inner_text()
    assert "Right: it is equal to line 6" in page.locator(".jp-OutputArea").nth(1).inner_text()


def test_both_themes_of_jupyterlab(page, address):
    browsing.open_notebook(page, address("wrong.ipynb"))
    browsing.run_all(page)
    page.wait_for_selector("[data-testid=emt-step]", timeout=60_000)
    colours = {}
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        page.evaluate("(theme) => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
        page.wait_for_function(f"() => document.body.dataset.jpThemeName === '{theme}'")
        style = "(e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
        colours[theme] = page.locator("[data-testid=emt-player]").evaluate(style)
    page.evaluate("() => jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' })")
    assert colours["JupyterLab Light"] == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert colours["JupyterLab Dark"] == ["rgb(255, 255, 255)", "rgb(17, 17, 17)"]


def test_reopened_without_a_kernel_the_lesson_shows_the_picture(page, address, folder):
    shutil.copy(deliver.lessons() / LESSON, folder / "reopened.ipynb")
    pictures = sum("image/png" in out.get("data", {}) for out in _outputs(folder / "reopened.ipynb"))
    page.goto(address("reopened.ipynb"), timeout=120_000)
    page.wait_for_selector(".jp-RenderedImage img", timeout=60_000)
    assert page.locator("[data-testid=emt-player]").count() == 0
    assert 0 < page.locator(".jp-RenderedImage img").count() <= pictures
    assert page.locator(".jp-RenderedImage img").first.evaluate("(img) => img.naturalWidth") > 300


def _outputs(path):
    return [out for cell in nbformat.read(path, as_version=4).cells for out in cell.get("outputs", [])]


def test_static_html_by_nbconvert_shows_the_picture():
    from nbconvert import HTMLExporter

    html, _ = HTMLExporter().from_filename(str(Path(deliver.lessons(), LESSON)))
    assert html.count("data:image/png;base64") >= 1
