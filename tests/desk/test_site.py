"""The site of all lessons: its links, its search, its size; and in Chromium from the built files, without a network."""

import gzip
import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import browsing
import nbformat
import pytest

from emtutor.desk import cells, cli, deliver, notebooks, site
from emtutor.desk.site import links, pages, search, ways

PATHS = sorted(deliver.lessons().glob("*.ipynb"))
STEMS = [path.stem for path in PATHS]
MB = 1_000_000


def lesson(stem, *texts):
    made = [nbformat.v4.new_markdown_cell(text) for text in texts]
    return pages.Lesson(stem, nbformat.v4.new_notebook(cells=made), {})


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """The site of the committed outputs: all but the films."""
    folder = tmp_path_factory.mktemp("read") / "site"
    lessons = [pages.Lesson(path.stem, notebooks.read(path), {}) for path in PATHS]
    site.build(folder, repository="ada/emtutor", lessons=lessons)
    return folder


def test_every_lesson_has_a_page_with_its_title_the_contents_and_its_neighbours(read):
    for at, stem in enumerate(STEMS):
        html = (read / f"{stem}.html").read_text()
        number = rf"{stem[:2]} · " if stem[0].isdigit() else ""
        assert re.search(rf"<title>{number}.+ \| emtutor</title>", html)
        assert all(f'href="{other}.html"' in html for other in STEMS)
        near = [STEMS[i] for i in (at - 1, at + 1) if 0 <= i < len(STEMS)]
        assert re.findall(r'<a rel="(?:prev|next)" href="([\w-]+)\.html"', html) == near
        assert html.count("aria-current=page") == 1
        assert ".ipynb" not in re.sub(r'href="https://[^"]*"', "", html)


def test_the_first_page_has_the_map_and_what_each_lesson_gives(read):
    html = (read / "index.html").read_text()
    assert '<img src="map.png" alt="Map of the course' in html
    assert html.count("You will be able to") >= len(STEMS) - 2
    assert f'href="{STEMS[0]}.html"' in html


def test_the_glossary_has_the_symbols_and_leads_into_the_lessons(read):
    html = (read / "glossary.html").read_text()
    assert "<math" in html
    assert len(re.findall(r'href="\d\d-[\w-]+\.html#', html)) > 30


def test_nothing_on_a_page_comes_from_elsewhere(read):
    for page in read.glob("*.html"):
        sources = re.findall(r"""\bsrc="([^"]*)|\burl\(([^)]*)""", page.read_text())
        assert [a or b for a, b in sources if urlsplit(a or b).netloc] == [], page.name


def test_the_site_is_small(read):
    assert sum(path.stat().st_size for path in read.rglob("*") if path.is_file()) < 25 * MB


@pytest.mark.parametrize("text", ["[a](02-b.ipynb)", "[a](01-a.ipynb#No-such-place)", "[a](gone.pdf)", "![a](gone.png)",
                                  "[a](https://elsewhere.example/)", "[a](#nowhere)"])  # fmt: skip
def test_a_link_that_leads_nowhere_stops_the_build(text, tmp_path):
    with pytest.raises(site.SiteError, match=r"1 links lead nowhere: 01-a\.html: "):
        site.build(tmp_path / "site", lessons=[lesson("01-a", "# 01 · A", "## A place", text)])


def test_links_to_headings_are_kept_whatever_the_heading_holds(tmp_path):
    headings = ["A `code` & more", "4. Zwölf, (or $x_1$) <5", 'Is "it"?']
    text = "\n\n".join(f"## {heading}" for heading in headings)
    place = "[a](01-a.ipynb#A-code-&-more)"
    site.build(tmp_path / "site", lessons=[lesson("01-a", "# 01 · A", text), lesson("02-b", "# 02 · B", place)])
    assert len(links.anchors((tmp_path / "site" / "01-a.html").read_text())) >= 5


@pytest.mark.parametrize("there", ["a file", "a folder with something in it"])
def test_nothing_is_written_over(there, tmp_path):
    place = tmp_path / "site"
    if there == "a file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / "mine").touch()
    with pytest.raises(site.SiteError, match="not an empty folder"):
        site.build(place, lessons=[lesson("01-a", "# 01 · A")])


def test_a_cell_that_raises_stops_the_build(tmp_path):
    make = nbformat.v4
    notebooks.write(make.new_notebook(cells=[make.new_code_cell("1 / 0")]), tmp_path / "01-a.ipynb")
    with pytest.raises(site.SiteError, match="cell 1 of 01-a raises ZeroDivisionError"):
        pages.run([tmp_path / "01-a.ipynb"])


def test_every_section_can_be_found_by_its_words(read):
    index = json.loads((read / "search.js").read_text().removeprefix("window.emtutorIndex="))
    assert len(index["s"]) > 200
    for address, _, heading, _ in index["s"]:
        page, _, anchor = address.partition("#")
        assert anchor in links.anchors((read / page).read_text()), address
        for word in re.findall(r"[^\W_]{2,}", heading.lower()):
            assert any(index["s"][at][0] == address for at in index["w"][word])


def test_sections_are_cut_at_headings_and_hold_no_markup():
    book = lesson("01-a", "# 01 · A\n\nFirst **words**.", "## One `two`\n\nA [link](b) and $x$.\n\n### Three\n\nEnd.")
    texts = [cells.markdown(cell.source) for cell in book.notebook.cells]
    found = search.sections("01-a.html", book.title, texts)
    assert [(s.address, s.heading) for s in found] == [
        ("01-a.html#text", "01 · A"), ("01-a.html#One-two", "One two"), ("01-a.html#Three", "Three"),
    ]  # fmt: skip
    assert not re.search(r"[*`$\[\]]", "".join(s.text for s in found))


# ---- the ways to open a lesson


def test_without_a_repository_no_host_is_named(tmp_path):
    site.build(tmp_path / "site", lessons=[lesson("01-a", "# 01 · A")])
    text = "".join(page.read_text() for page in (tmp_path / "site").glob("*.html"))
    assert "http" not in re.sub(r"http://www\.w3\.org/[\w/]*", "", text)
    assert not (tmp_path / "site" / ways.COLAB).exists()


def test_binder_opens_the_lesson_in_jupyterlab_and_colab_a_notebook_that_installs_the_release(read):
    html = (read / "05-em.html").read_text()
    (binder,) = re.findall(r'href="https://mybinder\.org/v2/gh/ada/emtutor/HEAD\?urlpath=([^"]*)"', html)
    assert unquote(binder) == "lab/tree/notebooks/05-em.ipynb"
    assert "https://colab.research.google.com/github/ada/emtutor/blob/colab/05-em.ipynb" in html
    told, install, *rest = notebooks.read(read / ways.COLAB / "05-em.ipynb").cells
    assert "Colab" in told.source
    assert re.search(
        r"^%pip install .*/ada/emtutor/releases/download/v[\d.]+/emtutor-[\d.]+-py3-none-any\.whl", install.source
    )
    assert [cell.source for cell in rest] == [cell.source for cell in notebooks.read(PATHS[5]).cells]


@pytest.mark.parametrize("text", ["ada", "ada/em/tutor", "https://github.com/ada/em", "ada/em?x", "a b/c"])
def test_what_is_no_repository_is_said(text, tmp_path, capsys):
    assert cli.main(["site", str(tmp_path / "site"), "--repository", text]) == 1
    assert "a repository is OWNER/NAME" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_a_workflow_names_its_repository(monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "ada/em")
    assert ways.known_repository() == "ada/em"


# ---- in Chromium, from the disk, offline


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The site as the command makes it: every lesson is run, with the films of every choice."""
    folder = tmp_path_factory.mktemp("built") / "site"
    assert cli.main(["site", str(folder), "--repository", ""]) == 0
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def browser():
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture
def visit(built, browser):
    """Opens a page from the disk without a network; nothing may ask elsewhere or raise. Keeps what was fetched."""
    context, asked, errors = browser.new_context(offline=True), [], []
    context.on("request", lambda request: asked.append(request.url))

    def visit(name, width=1280, **media):
        tab = context.new_page()
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.set_viewport_size({"width": width, "height": 844})
        tab.emulate_media(**media)
        tab.goto(f"{built.as_uri()}/{name}")
        return tab

    visit.asked = asked
    yield visit
    context.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def files(asked):
    return {Path(unquote(urlsplit(url).path)) for url in asked if url.startswith("file:")}


@pytest.mark.browser
def test_a_film_is_fetched_when_it_comes_near_and_a_choice_when_it_is_made(visit):
    tab = visit("05-em.html")
    tab.wait_for_timeout(300)
    assert not any("/films/" in url for url in visit.asked)
    for player in tab.locator("[data-emt-film]").all():
        player.scroll_into_view_if_needed()
        player.locator("[data-testid=emt-view]").wait_for()
        if player.locator("[data-testid=emt-choice-k]").count():
            break
    before = len([url for url in visit.asked if "/films/" in url])
    player.locator("[data-testid=emt-step]").click()
    assert player.locator("[data-testid=emt-place]").inner_text().startswith("E 1 ")
    player.locator("[data-testid=emt-choice-k]").select_option("3")
    tab.wait_for_function("() => /3 components/.test(document.querySelector('[data-testid=emt-title]').textContent)")
    assert len([url for url in visit.asked if "/films/" in url]) == before + 1


@pytest.mark.browser
def test_every_player_of_every_lesson_plays(visit):
    for stem in STEMS:
        tab = visit(f"{stem}.html")
        for player in tab.locator("[data-emt-film]").all():
            player.scroll_into_view_if_needed()
            player.locator("[data-testid=emt-view]").wait_for()
            step = player.locator("[data-testid=emt-step]")
            if step.is_visible():  # a film of one frame has nothing to step through: it answers to its handles
                step.click()
            assert "(needs the notebook)" not in player.inner_text(), stem
        tab.close()


@pytest.mark.browser
def test_predictions_answer(visit):
    tab = visit("04-lagrange.html")
    answer = tab.locator("[data-testid=emt-predict] details").first
    assert not answer.locator("p").is_visible()
    answer.locator("summary").click()
    assert answer.locator("p").is_visible()
    assert tab.locator("[data-testid=emt-off]").count() == 0


@pytest.mark.browser
def test_a_chain_unfolds_line_by_line_with_the_keyboard_alone(visit):
    tab = visit("03-gradients.html")
    chain = tab.locator(".emtutor-unfold", has_text="The gradient in the means").first
    steps = chain.locator("summary")
    assert [step.is_visible() for step in steps.all()] == [number == 0 for number in range(steps.count())]
    steps.first.focus()
    for number in range(steps.count()):
        below = chain.locator("details").nth(number).locator("math, .emt-math").first
        assert not below.is_visible()
        tab.keyboard.press("Enter")
        below.wait_for(state="visible")
        tab.keyboard.press("Tab")
    assert chain.get_by_text("lines hold on").is_visible()


@pytest.mark.browser
def test_search_finds_a_section_and_leads_there(visit):
    tab = visit("index.html")
    tab.get_by_label("Search").fill("colla")
    tab.locator("#found a").first.wait_for()
    assert "collapses" in tab.locator("#found").inner_text()
    tab.get_by_label("Search").press("Enter")
    tab.wait_for_url("**/*.html#*")
    tab.get_by_label("Search").fill("xyzzy")
    tab.get_by_text("Nothing found.").wait_for()


@pytest.mark.browser
def test_a_link_to_a_heading_leads_there_and_back_to_the_lesson_before(visit):
    tab = visit("glossary.html")
    tab.locator("a[href*='05-em.html#4.-A-component-collapses']").first.click()
    tab.wait_for_url("**/05-em.html#*")
    box = tab.locator("h3", has_text="4. A component collapses").bounding_box()
    assert 0 <= box["y"] < 400
    tab.locator("a[rel=prev]").click()
    tab.wait_for_url("**/04-lagrange.html")


@pytest.mark.browser
def test_on_a_phone_no_page_scrolls_sideways_and_the_contents_unfold(visit, built):
    for page in sorted(built.glob("*.html")):
        tab = visit(page.name, width=390)
        assert tab.evaluate("() => document.documentElement.scrollWidth") == 390, page.name
        tab.close()
    tab = visit("05-em.html", width=390)
    assert not tab.locator(".menu nav").is_visible()
    tab.get_by_text("Contents").click()
    tab.locator(".menu nav").get_by_text("When to stop").click()
    assert not tab.locator(".menu nav").is_visible()


@pytest.mark.browser
def test_the_first_view_of_every_page_is_light(visit, built, record_property):
    for page in sorted(built.glob("*.html")):
        visit.asked.clear()
        tab = visit(page.name)
        tab.wait_for_timeout(200)
        size = sum(len(gzip.compress(path.read_bytes())) for path in files(visit.asked))
        record_property("the first view of a page, in kB compressed", f"{page.stem:16} {size / 1000:5.0f}")
        assert size < 200_000, f"{page.name}: {size}"
        tab.close()


@pytest.mark.browser
def test_dark_and_print(visit):
    paper = "() => getComputedStyle(document.body).backgroundColor"
    assert visit("05-em.html", color_scheme="dark").evaluate(paper) == "rgb(17, 17, 17)"
    printed = visit("05-em.html", media="print", color_scheme="dark")
    assert printed.evaluate(paper) == "rgb(255, 255, 255)"
    assert not printed.locator("header").is_visible()


@pytest.mark.browser
def test_the_built_site_is_small(built, record_property):
    size = sum(path.stat().st_size for path in built.rglob("*") if path.is_file())
    record_property("the site", f"{size / MB:.1f} MB")
    assert size < 25 * MB
