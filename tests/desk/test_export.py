"""The exported page: one file, no network, players that play, formulas drawn, what needs a kernel off."""

import json
import re
import subprocess
import sys
from html import unescape

import browsing
import every_film
import nbformat
import pytest
from nbformat import v4

from emtutor import derivations, exam, film
from emtutor.desk import cells, deliver, notebooks, page
from emtutor.desk.safe import safe
from emtutor.desk.tex import formula, mathml
from emtutor.tutor.predictions import predictions

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
    addresses = set(re.findall(r"""(?:src|href)=["']([^"']{1,80})|\burl\(([^)]{1,80})""", html))
    assert {a or b for a, b in addresses if not (a or b).startswith(("data:", "#"))} == set()
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


# ---- formulas


@pytest.mark.parametrize(
    ("tex", "holds"),
    [
        (r"\frac12", "<mfrac><mn>1</mn><mn>2</mn></mfrac>"),
        (r"x_i^2", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
        (r"\begin{aligned} a &= b \\ &= c \end{aligned}", "<mtr>"),
        (r"\mathcal{L}", "ℒ"),
        (r"\mathbb{E}", "𝔼"),
        (r"\pi_{j'}", '<msub><mi>π</mi><mrow><mi>j</mi><mo lspace="0" rspace="0">′</mo></mrow></msub>'),
        (r"\Longleftrightarrow", "⟺"),
        (r"a < b", 'alttext="a &lt; b"'),
        (r"\text{\"<b>}", "&lt;b&gt;"),
    ],
)
def test_formulas(tex, holds):
    assert holds in mathml(tex)


@pytest.mark.parametrize("tex", [r"\fancy", r"\frac{a}", r"{a", r"a}", r"\left( a", r"\begin{tikz}\end{tikz}", "a & b"])
def test_a_formula_that_is_not_understood_raises_and_is_shown_as_it_is_written(tex):
    with pytest.raises(ValueError, match="formula"):
        mathml(tex)
    assert "tex" in formula(tex)


def _strings(value):
    """Every string inside of records, lists and dictionaries."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (s for item in value.values() for s in _strings(item))
    elif isinstance(value, (list, tuple)):
        yield from (s for item in value for s in _strings(item))
    elif hasattr(value, "__dict__"):
        yield from _strings(vars(value))


def _chains():
    for chain in derivations.ALL.values():
        yield from (tex for line in chain.lines for tex in (line.latex, line.left) if tex)
        yield from [chain.left] if chain.left else []


def _texts(place):
    """What a reader is shown there; its formulas are between dollars."""
    if place == "predictions":
        yield from _strings(list(predictions().values()))
    elif place == "exam":
        yield from (s for seed in range(5) for s in _strings([exam.Paper(seed).questions]))
    elif place == "films":
        yield from (s for name in every_film.NAMES for s in _strings(json.loads(film.encode(every_film.film(name)))))
    else:
        for path in sorted(deliver.lessons().glob("*.ipynb")):
            for cell in notebooks.read(path).cells:
                yield from [cell.source] if cell.cell_type == "markdown" else []
                for out in cell.get("outputs", []):
                    yield from (unescape(out.get("data", {}).get(kind, "")) for kind in ("text/html", "text/markdown"))


@pytest.mark.parametrize(("place", "few"), [("notebooks", 1500), ("exam", 100), ("predictions", 0), ("films", 0)])
def test_every_formula_that_a_reader_is_shown_is_drawn(place, few):
    texts = (re.sub(r"```.*?```|`[^`\n]*`|<code>.*?</code>", "", text, flags=re.S) for text in _texts(place))
    found = [tex for text in texts for display, tex in re.findall(r"(\$\$?)([^$]+)\1", text)]
    assert len(found) >= few
    assert [tex for tex in found if "<math" not in formula(tex)] == []


def test_every_formula_of_the_chains_is_drawn():
    assert len(list(_chains())) > 300
    assert [tex for tex in _chains() if "<math" not in formula(tex)] == []


def test_the_font_has_what_the_formulas_hold():
    ranges = page.FONT.with_name("characters.txt").read_text().replace("\n", ",").strip(",").split(",")
    ends = [[int(end, 16) for end in each.removeprefix("U+").split("-")] for each in ranges]
    known = {chr(code) for first, *last in ends for code in range(first, (last or [first])[0] + 1)}
    drawn = "".join(unescape(re.sub("<[^>]*>", "", mathml(tex))) for tex in _chains())
    assert set(drawn) - known == {"\ufe00"}  # chooses between two forms of a letter and has no picture


# ---- what a notebook may not do to its page

PWN = "document.title='PWNED'"
MARKUP = [
    f"<script>{PWN}</script>",
    f"<SCRIPT SRC='data:text/javascript,{PWN}'></SCRIPT>",
    f"<scr<script>ipt>{PWN}</script>",
    f"<img src=x onerror=\"{PWN}\">",
    f"<img src=x oNeRrOr={PWN}//",
    f"<svg onload=\"{PWN}\"></svg>",
    f"<svg><script>{PWN}</script></svg>",
    f"<svg><animate onbegin=\"{PWN}\" attributeName=x dur=1s></svg>",
    f"<svg><a href=\"javascript:{PWN}\"><text y=20>svg link</text></a></svg>",
    f"<math><a href=\"javascript:{PWN}\">math link</a></math>",
    f"<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror={PWN}&gt;\">",
    f"<noscript><p title=\"</noscript><img src=x onerror={PWN}>\">",
    f"<svg></p><style><a id=\"</style><img src=1 onerror={PWN}>\">",
    f"<a href=\"javascript:{PWN}\">link</a>",
    f"<a href=\"JaVaScRiPt:{PWN}\">link</a>",
    f"<a href=\"java\tscript:{PWN}\">link</a>",
    f"<a href=\" &#14; javascript:{PWN}\">link</a>",
    f"<a href=\"&#106;&#x61;vascript&colon;{PWN}\">link</a>",
    f"<a href=\"data:text/html,<script>{PWN}</script>\">link</a>",
    f"<a href=\"vbscript:{PWN}\">link</a>",
    f"[link](javascript:{PWN})",
    f"[link](<&#106;avascript:{PWN}>)",
    f"![picture](javascript:{PWN})",
    f"<javascript:{PWN}>",
    f"<iframe src=\"javascript:parent.{PWN}\"></iframe>",
    f"<iframe srcdoc=\"<script>parent.{PWN}</script>\"></iframe>",
    f"<object data=\"data:text/html,<script>parent.{PWN}</script>\"></object><embed src=\"javascript:{PWN}\">",
    f"<form action=\"javascript:{PWN}\"><button>link</button></form>",
    f"<details open ontoggle=\"{PWN}\"><summary>s</summary></details>",
    f"<body onload=\"{PWN}\"><input autofocus onfocus=\"{PWN}\">",
    f"<p style=\"animation-name:x\" onanimationstart=\"{PWN}\" onmouseover=\"{PWN}\">hover</p>",
    f"$\\href{{javascript:{PWN}}}{{x}}$ and $\\text{{<img src=x onerror={PWN}>}}$",
    f"$<img src=x onerror={PWN}>$",
    "<meta http-equiv=refresh content=\"0;url=about:blank\"><base href=\"https://example.invalid/\">",
    "<!--",
    "<!--<script>",
    "</script></section></main></body></html>",
    "<style>body { display: none }</style>",
    "<div style=\"position:fixed;inset:0;background:red\">over all</div>",
    "<div style=\"margin-top:-9000px;background:url(https://example.invalid/x)\">over all</div>",
    "<div style=\"margin:/**/-9000px;background:\\75rl(https://example.invalid/x)\">over all</div>",
    "<plaintext>",
    "<textarea>",
    "<title>",
    "<xmp>",
    "<select><option>",
    "<template>",
    "<div class=\"emt-here\" data-emt-film><script type=\"application/json\">{}</script></div>",
    "<img name=\"querySelectorAll\"><form id=\"getElementById\" name=\"querySelectorAll\"></form>",
]  # fmt: skip


def _hostile(markup):
    """(notebook, states): the markup wherever a notebook can put it."""
    out, kinds = nbformat.v4.new_output, ("text/html", "text/markdown", "text/latex", "image/svg+xml", "text/plain")
    outputs = [out("display_data", {kind: markup, "text/plain": markup}) for kind in kinds]
    outputs += [
        out("display_data", {"image/png": f'AAAA">{markup}', "text/plain": f'">{markup}'}),
        out("display_data", {"image/png": "AAAA"}, metadata={"image/png": {"alt": f'">{markup}'}}),
        out("display_data", {"image/svg+xml": f'<svg xmlns="http://www.w3.org/2000/svg">{markup}</svg>'}),
        out("display_data", {notebooks.WIDGET_VIEW: {"model_id": "gone"}, "text/plain": markup}),
        out("display_data", {notebooks.WIDGET_VIEW: {"model_id": "film"}, "text/plain": markup}),
        out("stream", name=f"stdout'>{markup}", text=markup),
        out("error", ename="E", evalue=markup, traceback=[f"\x1b[31m{markup}\x1b[0m"]),
    ]
    movie = {**json.loads(FILM), "title": markup}
    state = {"_anywidget_id": cells.PLAYER, "films": {"": json.dumps(movie)}, "choices": {}, "chosen": {}}
    make = nbformat.v4
    book = [make.new_markdown_cell(markup), make.new_markdown_cell(f"| a | {markup} |\n|---|---|\n| 1 | 2 |")]
    book += [make.new_code_cell(markup, outputs=outputs), make.new_markdown_cell("The end of the page.")]
    return make.new_notebook(cells=book), {"film": state}


FILM = film.encode(every_film.film("jensen"))


@pytest.fixture(scope="module")
def browser():
    with browsing.chromium() as browser:
        yield browser


@pytest.mark.browser
@pytest.mark.parametrize("guarded", [False, True], ids=["by what is kept", "by the page's policy"])
def test_no_markup_runs_or_covers_anything(browser, guarded, monkeypatch):
    """Once without the page's policy, to try what is kept; once with all markup kept, to try the policy."""
    if guarded:
        monkeypatch.setattr(cells, "safe", lambda html: html)
    for markup in (m for m in MARKUP if not guarded or PWN in m):
        text = page.page(*_hostile(markup), title=f'x"></title>{markup}')
        text = text if guarded else text.replace("Content-Security-Policy", "nothing")
        tab = browser.new_page()
        tab.route(re.compile("^http"), lambda route: route.abort())
        asked: list = []
        tab.on("request", lambda request, asked=asked: asked.append(request.url))
        tab.set_content(text)
        if not guarded:  # what a policy does not stop is to leave the page
            tab.evaluate(
                "() => document.querySelectorAll('a, summary, p, text').forEach((e) => {"
                " for (const kind of ['mouseover', 'click']) e.dispatchEvent(new MouseEvent(kind, {bubbles: true})) })"
            )
        tab.wait_for_timeout(20)
        assert "PWNED" not in tab.title().split('x"></title>')[0], markup
        if not guarded:
            assert [url for url in asked if url.startswith("http")] == [], markup
            assert tab.locator("[data-testid=emt-view]").count() == 1, f"the film does not play: {markup}"
            end = tab.get_by_text("The end of the page.")
            end.scroll_into_view_if_needed()
            seen = "(e) => { const b = e.getBoundingClientRect();"
            seen += " return e.contains(document.elementFromPoint(b.x + 5, b.y + 5)) }"
            assert end.evaluate(seen), f"the end is not seen: {markup}"
        tab.close()


@pytest.mark.browser
def test_a_presenters_key_opens_a_chain_line_by_line(browser):
    chain = derivations.bayes
    body = f"<main>{safe(chain.unfold()._repr_html_())}</main>"
    tab = browser.new_page(viewport={"width": 1200, "height": 900})
    tab.set_content(page.frame("chain", body, page.script()))
    opened = "document.querySelectorAll('details[open]').length"
    for key, count in [("PageDown", 1), ("PageDown", 2), ("PageUp", 1), ("PageUp", 0), ("PageDown", 1)]:
        tab.keyboard.press(key)
        assert tab.evaluate(opened) == count
    for _ in chain.lines:
        tab.keyboard.press("PageDown")
    assert tab.evaluate(opened) == len(chain.lines) - 1
    small = tab.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    tab.keyboard.press("p")
    assert tab.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") > 1.5 * small


@pytest.mark.browser
def test_on_a_phone_no_page_scrolls_sideways(browser):
    wide = "| a | b |\n|---|---|\n| " + "x" * 90 + " | $" + "+".join("x" * 40) + "$ |"
    book = [wide, "$$" + "+".join("y" * 60) + "$$", "`" + "z" * 120 + "`"]
    chain = nbformat.v4.new_output("display_data", {"text/html": derivations.ALL["grad_mu"].run()._repr_html_()})
    made = [nbformat.v4.new_markdown_cell(text) for text in book]
    made.append(nbformat.v4.new_code_cell("chain", outputs=[chain]))
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    tab.set_content(page.page(nbformat.v4.new_notebook(cells=made), {}, "wide"))
    assert tab.evaluate("() => document.documentElement.scrollWidth") == 390
    tab.close()


def test_code_that_only_draws_is_folded_and_its_picture_is_not():
    cell = v4.new_code_cell("draw()", metadata={"jupyter": {"source_hidden": True}})
    cell.outputs = [v4.new_output("display_data", {"image/png": "AAAA", "text/plain": "Two clouds."})]
    _, folded, after = re.split(r"<details class=\"source\"><summary>Code</summary>|</details>", cells.cell(cell, {}))
    assert "draw" in folded
    assert "<img" in after
    cell.metadata = {}
    assert "<details" not in cells.cell(cell, {})


def test_what_the_course_shows_is_kept():
    """The tutor's boxes and the chains look in a page as they do in a notebook."""
    kept = '<div role="status" style="border-left:6px dashed #D55E00;background:var(--a,rgba(1,2,3,.1))">x</div>'
    assert safe(kept) == kept
    drawing = '<svg viewBox="0 0 9 9"><path d="M0 0L9 9" stroke="rgb(0,0,0)"></path></svg>'
    assert safe(drawing) == drawing
    table = '<table><tbody><tr><td colspan="3">a &lt; b</td></tr></tbody></table>'
    assert safe(table) == table
    assert safe('<a href="05-em.ipynb#4.-A">a</a>') == '<a href="05-em.ipynb#4.-A">a</a>'
