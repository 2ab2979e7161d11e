"""The player: what Python sends, and in Chromium what is drawn, where, and what the controls do."""

import re

import browsing
import every_film
import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle
from matplotlib.text import Annotation, Text

from emtutor import film, play
from emtutor.films import palette, player
from emtutor.films.player import EVERYTHING

# ---- in Python


def simple(title="A film", n=3):
    dots = [film.points("dots", [[0.1 * i, 0.5]]) for i in range(n)]
    frames = [
        film.Frame((d,), f"Frame {i} of a small film.", f"s {i}", f"s {i + 1}" if i < n - 1 else "")
        for i, d in enumerate(dots)
    ]
    return film.Film(title, "Dots move.", (film.Panel("x (m)", "y (m)"),), tuple(frames))


def test_the_output_holds_a_picture_words_and_the_widget():
    data, metadata = play(simple())._repr_mimebundle_()
    assert data["image/png"][:4] == b"\x89PNG"
    assert data["text/plain"].startswith("A film. Dots move.")
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "text/html" not in data
    assert metadata["image/png"]["alt"] == "Frame 2 of a small film."


def test_one_film_several_films_and_a_family():
    assert play(simple()).choices == {}
    named = play({"one": simple("One"), "two": lambda: simple("Two")})
    assert named.choices == {"film": ["one", "two"]}
    family = play(lambda k, start: simple(f"{k} {start}"), k=[2, 3], start=["near", "far"])
    assert family.choices == {"k": ["2", "3"], "start": ["near", "far"]}
    assert list(family.films) == ["0/0"]
    assert "Choose k: 2, 3." in repr(family)


def test_a_choice_is_made_when_it_is_asked_for_and_once(monkeypatch):
    made, sent = [], []

    def make(k):
        made.append(k)
        if k == 3:
            raise ValueError("k = 3 is too many")
        return simple(str(k))

    player = play(make, k=[1, 2, 3])
    monkeypatch.setattr(type(player), "send", lambda self, content, buffers=None: sent.append(content))
    for key in ("1", "1", "2"):
        player._answer(None, {"want": key}, [])
    assert made == [1, 2, 3]
    assert sent[0]["film"] == sent[1]["film"]
    assert sent[2] == {"key": "2", "error": "This film could not be made: ValueError: k = 3 is too many"}


def test_for_an_exported_page_all_choices_are_made_beforehand(monkeypatch):
    monkeypatch.setenv(EVERYTHING, "1")
    assert set(play(lambda k: simple(str(k)), k=[1, 2, 3]).films) == {"0", "1", "2"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: play(7), "film must be a film, a mapping of films or a function, got int"),
        (lambda: play({}), "at least one film"),
        (lambda: play(simple(), k=[1]), "need a function that makes the film"),
        (lambda: play(lambda k: simple(), k=[]), "k must list at least one value"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_importing_the_course_loads_no_widgets_and_no_matplotlib():
    import subprocess
    import sys

    code = """import sys, emtutor, emtutor.films.scenes
print([m for m in ("matplotlib", "ipywidgets", "anywidget") if m in sys.modules])"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_both_renderers_know_the_same_shapes_dashes_and_room():
    import json

    script = player.SCRIPT

    def constant(name):
        text = re.search(rf"const {name} = (.+?);", script, re.S)[1]
        return json.loads(re.sub(r",(\s*])", r"\1", re.sub(r"//.*", "", text)))

    assert constant("CORNERS") == [corners and [list(c) for c in corners] for corners in film.CORNERS]
    assert constant("DASHES") == [" ".join(map(str, dash)) for dash in film.DASHES]
    assert constant("EDGE") == film.EDGE
    assert f"MARGIN = {{ left: {film.LEFT}, top: {film.TOP}, bottom: {film.BOTTOM} }}" in script


# ---- in Chromium


@pytest.fixture(scope="module")
def browser():
    with browsing.chromium() as browser:
        yield browser


def numbers(d):
    """The corners of an SVG path, M and L alike."""
    return np.array([float(v) for v in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", d)]).reshape(-1, 2)


def open_end(corners):
    """An outline without the corners at its end that are the first again: only one renderer repeats it."""
    while len(corners) > 1 and np.allclose(corners[0], corners[-1], rtol=0, atol=0.002):
        corners = corners[:-1]
    return corners


def to_axes(xy, box):
    x, y, w, h = box
    return np.column_stack([(xy[:, 0] - x) / w, 1 - (xy[:, 1] - y) / h])


def of_browser(mark, box):
    """(corners in axes coordinates, colours) of a mark in the page."""
    parts = [p for p in mark["parts"] if (p["d"] or p["text"]) and not p["edge"]]
    if mark["kind"] == "text":
        text = parts[0]
        return to_axes(np.array([[float(text["x"]), float(text["y"])]]), box), [text["fill"]], text["text"]
    if mark["kind"] == "arrows":
        ends = [
            np.stack([numbers(shaft["d"])[0], numbers(tip["d"])[0]])
            for shaft, tip in zip(parts[::2], parts[1::2], strict=True)
        ]
        return to_axes(np.concatenate(ends), box), [p["stroke"] for p in parts[::2]], None
    if mark["kind"] == "points":
        centres = []
        for part in parts:
            corners = numbers(part["d"].split("a")[0]) if "a" in part["d"] else numbers(part["d"])
            if "a" in part["d"]:  # a circle begins at its left end
                corners = corners + np.array([float(part["d"].split("a")[1].split()[0]), 0])
            centres.append(corners[0] if len(corners) == 1 else [corners[:, 0].mean(), corners[:, 1].mean()])
        return to_axes(np.array(centres).reshape(-1, 2), box), [p["fill"] for p in parts], None
    pieces = [to_axes(numbers(piece), box) for p in parts for piece in p["d"].split("M")[1:]]
    if mark["kind"] == "band":
        pieces = [open_end(piece) for piece in pieces]
    colours = [p["fill"] if p["fill"] != "none" else p["stroke"] for p in parts]
    return np.concatenate(pieces or [np.zeros((0, 2))]), colours, None


def of_matplotlib(artists, ax, mark):
    """The same of the artists that film.draw made for a mark."""
    flat = ax.transData + ax.transAxes.inverted()
    corners, colours, text = [], [], None
    for artist in artists:
        if isinstance(artist, PathCollection):
            shift = [path.vertices[:-1] if len(path.vertices) < 20 else np.zeros((1, 2)) for path in artist.get_paths()]
            scale = np.sqrt(artist.get_sizes()[0]) * 96 / 72
            pixels = ax.get_window_extent()
            size = np.array([pixels.width, pixels.height])
            centres = flat.transform(artist.get_offsets())
            corners += [c + (s * scale / size).mean(0) for c, s in zip(centres, shift, strict=True)]
            colours += [to_hex(c) for c in np.broadcast_to(artist.get_facecolor(), (len(centres), 4))]
        elif isinstance(artist, Annotation):
            corners += list(flat.transform([artist.xyann, artist.xy]))
            colours.append(to_hex(artist.arrow_patch.get_edgecolor()))
        elif isinstance(artist, Text):
            corners.append(flat.transform(artist.get_position()))
            colours.append(to_hex(artist.get_color()))
            text = artist.get_text()
        elif isinstance(artist, Line2D):
            xy = artist.get_xydata()
            corners += list(flat.transform(xy[np.isfinite(xy).all(1)]))
            colours.append(to_hex(artist.get_color()))
        elif isinstance(artist, Rectangle):
            (a, b), (c, d) = artist.get_xy(), np.add(artist.get_xy(), (artist.get_width(), artist.get_height()))
            corners += list(flat.transform([(a, b), (c, b), (c, d), (a, d)]))
            colours.append(to_hex(artist.get_facecolor()))
        elif isinstance(artist, Polygon):
            xy = artist.get_xy()
            corners += list(open_end(flat.transform(xy[np.isfinite(xy).all(1)])))
            colours.append(to_hex(artist.get_facecolor()))
    return np.array(corners).reshape(-1, 2), colours, text


def hexed(colour):
    return to_hex(np.array([float(v) for v in re.findall(r"[\d.]+", colour)[:3]]) / 255)


def edged_in_browser(mark):
    """How many parts have an edge of ink, in dots and lines."""
    ink = to_rgb(film.PAPER["ink"])
    dots = mark["kind"] == "points"
    return sum(p["edge"] or (dots and bool(p["d"]) and np.allclose(rgb(p["stroke"]), ink)) for p in mark["parts"])


def edged_in_matplotlib(artists):
    ink = to_rgb(film.PAPER["ink"])
    lines = sum(bool(a.get_path_effects()) for a in artists if isinstance(a, Line2D))
    return lines + sum(
        np.allclose(edge[:3], ink) for a in artists if isinstance(a, PathCollection) for edge in a.get_edgecolor()
    )


PAPER = {"content-font-color0": film.PAPER["ink"], "layout-color0": "#ffffff"}


@pytest.mark.browser
@pytest.mark.parametrize("name", every_film.NAMES)
def test_both_renderers_draw_the_same(browser, name):
    movie = every_film.film(name)
    with browsing.opened(browser, movie, theme=PAPER) as page:
        for i in sorted({0, len(movie.frames) // 2, len(movie.frames) - 1}):
            browsing.go_to(page, i)
            seen = browsing.drawn(page)
            figure = film.draw(movie, i)
            wanted = {mark.name: mark for mark in movie.frames[i].marks}
            present = {mark["name"] for mark in seen["marks"] if any(p["d"] or p["text"] for p in mark["parts"])}
            empty = {n for n, m in wanted.items() if m.kind in ("path", "band", "points") and not _anything(m)}
            assert present >= set(wanted) - empty
            assert present <= set(wanted)
            for mark in seen["marks"]:
                if mark["name"] not in present:
                    continue
                ax = figure.axes[mark["panel"]]
                artists = [a for a in ax.get_children() if a.get_gid() == mark["name"]]
                here, colours, text = of_browser(mark, seen["boxes"][mark["panel"]])
                there, theirs, words = of_matplotlib(artists, ax, wanted[mark["name"]])
                assert here.shape == there.shape, mark["name"]
                assert abs(here - there).max() < 0.004, f"{mark['name']} in frame {i}"
                assert text == words
                if str(wanted[mark["name"]].props.get("colour")) != "muted":  # mixed by the browser
                    assert [hexed(c) for c in colours] == theirs, mark["name"]
                assert edged_in_browser(mark) == edged_in_matplotlib(artists), mark["name"]


def _anything(mark):
    p = mark.props
    if mark.kind == "band":
        return len(film.runs(p["edges"][: p["count"]])) > 0
    xy = p["xy"][: p.get("count", len(p["xy"]))]
    return np.isfinite(xy).all(1).any()


def place(page):
    return page.inner_text("[data-testid=emt-place]")


@pytest.mark.browser
def test_two_hundred_fast_clicks_lose_none(browser):
    with browsing.opened(browser, simple(n=300)) as page:
        page.evaluate(
            """() => { const step = document.querySelector('[data-testid=emt-step]');
                       for (let i = 0; i < 200; i++) step.click(); }"""
        )
        assert place(page) == "s 200 (200 of 299)"
        for _ in range(20):
            page.click("[data-testid=emt-back]")
        assert place(page) == "s 180 (180 of 299)"


@pytest.mark.browser
def test_keys(browser):
    with browsing.opened(browser, simple(n=9)) as page:
        page.focus("[data-testid=emt-player]")
        for key, where in [
            ("ArrowRight", 1),
            ("ArrowRight", 2),
            ("ArrowLeft", 1),
            ("End", 8),
            ("ArrowRight", 8),
            ("Home", 0),
        ]:
            page.keyboard.press(key)
            assert place(page) == f"s {where} ({where} of 8)"
        page.keyboard.press(" ")
        assert page.inner_text("[data-testid=emt-play]") == "Pause"
        page.keyboard.press(" ")
        assert page.inner_text("[data-testid=emt-play]") == "Play"
        page.focus("[data-testid=emt-slider]")
        page.keyboard.press("ArrowRight")
        assert place(page).startswith("s 1 ")
        page.keyboard.press("End")
        assert place(page).startswith("s 8 ")
        page.focus("[data-testid=emt-back]")
        page.keyboard.press("Enter")
        assert place(page).startswith("s 7 ")


@pytest.mark.browser
def test_projected_it_has_large_type_and_takes_a_presenters_keys(browser):
    seen = (
        "[...document.querySelectorAll('.emt-words, .emt-view .emt-head')]"  # a picture is drawn larger, by its scale
    )
    size = f"{seen}.map((e) => parseFloat(getComputedStyle(e).fontSize) * (e.getCTM?.().a ?? 1))"
    with browsing.opened(browser, simple(n=9)) as page:
        page.set_viewport_size({"width": 1600, "height": 900})
        before = page.evaluate(size)
        page.focus("[data-testid=emt-player]")
        for key, where in [("PageDown", 1), ("PageDown", 2), ("PageUp", 1)]:
            page.keyboard.press(key)
            assert place(page) == f"s {where} ({where} of 8)"
        page.click("[data-testid=emt-project]")
        page.wait_for_function("document.fullscreenElement?.matches('.emt')")
        page.wait_for_function(f"{size}.every((size) => size >= 20)")
        assert all(large > small for large, small in zip(page.evaluate(size), before, strict=True))
        page.keyboard.press("PageDown")
        assert place(page) == "s 2 (2 of 8)"
        for part in ("step", "words"):
            box = page.locator(f"[data-testid=emt-{part}]").bounding_box()
            assert box["y"] + box["height"] <= 900
        page.keyboard.press("p")
        page.wait_for_function("!document.fullscreenElement && !document.querySelector('.emt-projected')")
        assert page.evaluate(size) == before


@pytest.mark.browser
def test_play_runs_to_the_end_and_nothing_runs_on_after_pause(browser):
    with browsing.opened(browser, simple(n=40)) as page:
        page.clock.install()
        page.click("[data-testid=emt-play]")
        assert page.get_attribute("[data-testid=emt-words]", "aria-live") == "off"
        page.clock.run_for(5000)
        page.click("[data-testid=emt-play]")
        stopped = place(page)
        assert stopped != "s 0 (0 of 39)"
        page.clock.run_for(60_000)
        assert place(page) == stopped
        assert page.get_attribute("[data-testid=emt-words]", "aria-live") == "polite"
        page.click("[data-testid=emt-play]")
        page.clock.run_for(60_000)
        assert place(page) == "s 39 (39 of 39)"
        assert page.inner_text("[data-testid=emt-play]") == "Play"


@pytest.mark.browser
def test_play_is_slower_where_motion_is_not_wanted_and_nothing_is_animated(browser):
    with browsing.opened(browser, simple(n=40), motion="reduce") as page:
        page.clock.install()
        page.click("[data-testid=emt-play]")
        page.clock.run_for(5000)
        assert place(page) == "s 2 (2 of 39)"
        moving = """() => [...document.querySelectorAll('.emt, .emt *')].map((e) => getComputedStyle(e))
            .filter((s) => s.animationName !== 'none' || parseFloat(s.transitionDuration) > 0).length"""
        assert page.evaluate(moving) == 0


@pytest.mark.browser
def test_the_step_button_names_the_next_half_step_and_words_follow(browser):
    movie = every_film.film("em")
    with browsing.opened(browser, movie) as page:
        for i in range(4):
            assert page.inner_text("[data-testid=emt-step]") == f"Step: {movie.frames[i].next}"
            assert page.inner_text("[data-testid=emt-words]") == movie.frames[i].words
            page.click("[data-testid=emt-step]")
        page.click("[data-testid=emt-end]")
        assert page.inner_text("[data-testid=emt-step]") == "Again"
        assert page.evaluate("() => document.activeElement.dataset.testid") == "emt-end"


@pytest.mark.browser
def test_choices_that_were_not_computed_are_off_and_new_start_skips_them(browser):
    choices = {"k": ["1", "2"], "start": ["a", "b", "c"]}
    others = {"0/2": simple("Third"), "1/0": simple("Other k")}
    with browsing.opened(browser, simple("First"), choices=choices, others=others) as page:
        options = page.locator("[data-testid=emt-choice-start] option").all_inner_texts()
        assert options == ["a", "b (needs the notebook)", "c"]
        page.click("[data-testid=emt-restart]")
        assert page.inner_text("[data-testid=emt-title]") == "Third"
        page.click("[data-testid=emt-restart]")
        assert page.inner_text("[data-testid=emt-title]") == "First"
        page.select_option("[data-testid=emt-choice-k]", "2")
        assert page.inner_text("[data-testid=emt-title]") == "Other k"


@pytest.mark.browser
def test_a_kernel_that_does_not_answer_is_told_and_the_film_stays(browser):
    with browsing.opened(browser, simple("First"), choices={"k": ["1", "2"]}, silent_kernel=True) as page:
        page.clock.install()
        page.select_option("[data-testid=emt-choice-k]", "2")
        assert page.inner_text("[data-testid=emt-words]") == "The kernel is making this film."
        page.clock.run_for(20_000)
        assert "has not answered" in page.inner_text("[data-testid=emt-words]")
        assert page.inner_text("[data-testid=emt-title]") == "First"
        page.select_option("[data-testid=emt-choice-k]", "1")
        assert page.inner_text("[data-testid=emt-words]") == "Frame 0 of a small film."


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1100])
def test_nothing_is_wider_than_the_screen_and_targets_are_large_enough(browser, width):
    with browsing.opened(browser, every_film.film("em"), width=width) as page:
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        heights = page.evaluate(
            "() => [...document.querySelectorAll('.emt button, .emt select, .emt input')].map((e) => e.offsetHeight)"
        )
        assert min(heights) >= 32
        size = """() => Math.min(...[...document.querySelectorAll('.emt-view text')]
            .map((text) => text.getBoundingClientRect().height))"""
        assert page.evaluate(size) >= 9


@pytest.mark.browser
@pytest.mark.parametrize("name", ["em-four", "branching", "simplex-2"])
@pytest.mark.parametrize("width", [400, 1100])
def test_nothing_to_press_moves_while_stepping(browser, name, width):
    movie = every_film.film(name)
    where = """() => [...document.querySelectorAll('.emt button, .emt input')].map((e) => {
        const r = e.getBoundingClientRect(); return [r.x, r.y, r.width].join(' '); }).join(', ')"""
    with browsing.opened(browser, movie, width=width) as page:
        places = set()
        for i in range(len(movie.frames)):
            browsing.go_to(page, i)
            places.add(page.evaluate(where))
        assert len(places) == 1


@pytest.mark.browser
def test_everything_to_press_has_a_name_and_a_mark_for_tests(browser):
    with browsing.opened(browser, every_film.film("em")) as page:
        for element in page.locator(".emt button, .emt select, .emt input").all():
            assert element.get_attribute("data-testid").startswith("emt-")
            assert element.inner_text() or element.get_attribute("aria-label")
        assert page.get_attribute("[data-testid=emt-slider]", "aria-valuetext") == "half-step 0 of 46: start"
        assert page.locator("[data-lm-suppress-shortcuts=true]").count() == 1


def luminance(rgb):
    c = np.asarray(rgb, float)
    c = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return float(c @ [0.2126, 0.7152, 0.0722])


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


TEXTS = """() => [...document.querySelectorAll('.emt *')]
  .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).map((e) => {
  const look = getComputedStyle(e), ink = e.closest('svg') ? look.fill : look.color;
  let at = e, paper = 'rgba(0, 0, 0, 0)';
  while (at && paper === 'rgba(0, 0, 0, 0)') { paper = getComputedStyle(at).backgroundColor; at = at.parentElement; }
  return [e.textContent.slice(0, 30), ink, paper];
})"""


def rgb(text):
    """'rgb(..)' in bytes or 'color(srgb ..)' in fractions, as a browser computes them."""
    values = np.array([float(v) for v in re.findall(r"[\d.]+", text.replace("srgb", ""))][:3])
    return values if "srgb" in text else values / 255


FILLED = {"band": "edges", "bars": "boxes"}


@pytest.mark.browser
@pytest.mark.parametrize("theme", [browsing.LIGHT, browsing.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", every_film.NAMES)
def test_contrast_of_text_and_marks(browser, name, theme):
    movie = every_film.film(name)
    paper = to_rgb(theme["layout-color0"])
    with browsing.opened(browser, movie, theme=theme) as page:
        for i in sorted({0, 1, len(movie.frames) // 2, len(movie.frames) - 1}):
            browsing.go_to(page, i)
            for words, ink, behind in page.evaluate(TEXTS):
                assert contrast(rgb(ink), rgb(behind)) >= 4.5, words
            for mark in browsing.drawn(page)["marks"]:
                if mark["kind"] in ("band", "text"):  # see below; a number stands in a ring, and is measured as text
                    continue
                parts = [part for part in mark["parts"] if part["d"]]
                seen = [[part[key] for key in ("fill", "stroke") if part[key] != "none"] for part in parts]
                if mark["kind"] in ("path", "ellipse", "bell"):
                    seen = [[tone for tones in seen for tone in tones]] if parts else []  # a line and its edge
                for tones in seen:
                    assert max(contrast(rgb(tone), paper) for tone in tones) >= 3, (mark["name"], tones)


def test_a_pale_band_lies_between_two_lines_that_are_not_pale():
    for name in every_film.NAMES:
        for frame in every_film.film(name).frames:
            lines = [m for m in frame.marks if m.kind == "path"]
            for band in (m for m in frame.marks if m.kind == "band" and palette.pale(m.props["colour"])):
                edges = band.props["edges"][: band.props["count"]]
                edges = edges[np.isfinite(edges).all(1)]
                for side in (1, 2):
                    on = [
                        line
                        for line in lines
                        if line.panel == band.panel
                        and not film.pale(line.props["colour"])
                        and _holds(line, edges[:, [0, side]], frame, name)
                    ]
                    assert on, (name, frame.label, band.name)


def _holds(line, edge, frame, name):
    """True if the line passes through the edge, wherever the axes show it."""
    low, high = film.limits(every_film.film(name), frame, line.panel)[1]
    inside = (edge[:, 1] > low) & (edge[:, 1] < high)
    points = {tuple(p) for p in line.props["xy"][: line.props["count"]]}
    return all(tuple(p) in points for p in edge[inside])


@pytest.mark.browser
@pytest.mark.parametrize("name", every_film.NAMES)
def test_every_frame_of_every_film_plays(browser, name):
    movie = every_film.film(name)
    with browsing.opened(browser, movie) as page:
        seen = page.evaluate(
            """(n) => { const step = document.querySelector('[data-testid=emt-step]'), said = [];
            const words = document.querySelector('[data-testid=emt-words]');
            for (let i = 0; i < n; i++) { said.push(words.textContent); if (i < n - 1) step.click(); }
            return said; }""",
            len(movie.frames),
        )
        assert seen == [frame.words for frame in movie.frames]
