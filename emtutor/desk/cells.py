"""The cells of a notebook as HTML that is safe in any page: text, formulas, code, outputs and films.

Whatever a notebook brings goes through `safe`; what is put around it, code and films, is escaped here.
"""

import base64
import json
import re
from collections.abc import Callable
from html import escape, unescape
from typing import NamedTuple

from nbconvert.filters import ansi2html
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from emtutor.desk import notebooks
from emtutor.desk.safe import safe
from emtutor.desk.tex import formula
from emtutor.tutor.predictions import predictions

PLAYER = "emtutor.films.player.Player"
_PICTURES = ("image/png", "image/jpeg", "image/gif")
_INLINE = re.compile(
    r'src="data:(image/(?:png|jpeg|gif));base64,((?:[\w+/]{4})+(?:[\w+/]{2}==|[\w+/]{3}=)?)"', re.ASCII
)
_VERBATIM = re.compile(r"<(pre|code|script|style|math)\b.*?</\1>|<[^>]*>", re.S)
_MATH = re.compile(
    r"\$\$(?P<display>.+?)\$\$|\\\[(?P<bracket>.+?)\\\]|\\\((?P<paren>.+?)\\\)|\$(?P<inline>[^$]+?)\$", re.S
)


class Keep(NamedTuple):
    """Where what is large goes: into the page, or into files beside it. Each function gives the HTML in its place."""

    film: Callable  # (the player's state) -> what stands for a film's data
    picture: Callable  # (media type, base64) -> the address of a picture


def _film(state):
    """`<` is spelt so that no label can end or open a script."""
    data = json.dumps(state, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/json">{data}</script>'


EMBEDDED = Keep(_film, lambda kind, content: f"data:{kind};base64,{content}")


def cell(cell, states, keep=EMBEDDED):
    """The HTML of one executed cell, "" where there is nothing to show. states: {model id: state} of its widgets."""
    if cell.cell_type == "markdown":
        return f'<section class="markdown">{markdown(cell.source, cell.get("attachments"))}</section>'
    if cell.cell_type != "code" or not cell.source.strip():
        return ""
    outputs = "\n".join(output(out, states, keep) for out in cell.outputs)
    source = code(cell.source)
    if notebooks.is_folded(cell):
        source = f'<details class="source"><summary>Code</summary>{source}</details>'
    return f'<section class="code">{source}{outputs}</section>'


def markdown(source, attachments=None):
    """A text cell; its formulas are drawn."""
    renderer = _Renderer(escape=False, attachments=attachments or {}, embed_images=False)
    return safe(MarkdownWithMath(renderer=renderer).render(source))


def code(source):
    """Python in colours."""
    return highlight(source, PythonLexer(), HtmlFormatter(nowrap=False, cssclass="source")).replace(
        "<pre>", '<pre class="light" tabindex="0" aria-label="code">', 1
    )


def output(out, states, keep=EMBEDDED):
    """One output of a cell in its best form: a film that plays, what was drawn or written, or words."""
    if "data" in out and notebooks.WIDGET_VIEW in out.data:
        view = out.data[notebooks.WIDGET_VIEW]
        return _widget(out, states.get(str(view["model_id"]), {}) if "model_id" in view else {}, keep)
    return safe(_shown(out, keep))


class _Renderer(IPythonRenderer):
    def block_math(self, body):
        return formula(body, display=True)

    def inline_math(self, body):
        return formula(body)

    def latex_environment(self, name, body):
        return formula(rf"\begin{{{name}}}{body}\end{{{name}}}", display=True)

    def heading(self, text, level, **attrs):
        """Its anchor is JupyterLab's: the words, blanks as dashes."""
        words = escape(unescape(re.sub(r"<[^>]*>", "", text)).replace(" ", "-"))
        return f'<h{level} id="{words}">{text}</h{level}>\n'

    def table(self, text):
        return f'<div class="wide"><table>{text}</table></div>'


def _shown(out, keep):
    if out.output_type == "stream":
        return f'<pre class="{"stderr" if out.name == "stderr" else "stdout"}">{ansi2html(out.text)}</pre>'
    if out.output_type == "error":
        return f'<pre class="stderr">{ansi2html(chr(10).join(map(str, out.traceback)))}</pre>'
    if html := _text(out, "text/html"):
        html = _INLINE.sub(lambda found: f'src="{keep.picture(found[1], found[2])}"', html)
        return f'<div class="output">{_with_formulas(html)}</div>'
    if latex := _text(out, "text/latex"):
        return f'<div class="output">{_with_formulas(escape(latex, quote=False))}</div>'
    if picture := _picture(out, keep):
        return f'<div class="output">{picture}</div>'
    if source := _text(out, "text/markdown"):
        return f'<div class="output">{markdown(source)}</div>'
    return f"<pre>{_words(out)}</pre>"


def _widget(out, state, keep):
    kept = {key: state[key] for key in ("films", "choices", "chosen") if key in state}
    if state.get("_anywidget_id") == PLAYER and len(kept) == 3:
        return f'<div class="emt-here" data-emt-film>{safe(_picture(out, keep))}{keep.film(kept)}</div>'
    asked = next((p for p in predictions().values() if p.words == _text(out, "text/plain")), None)
    if asked:
        return _prediction(asked)
    return (
        f'<div class="off" data-testid="emt-off"><pre>{_words(out)}</pre>'
        "<p>Switched off: answering needs the notebook and its kernel.</p></div>"
    )


def _prediction(asked):
    """The question; each answer unfolds to what it would imply."""
    rows = []
    for answer in asked.replies:
        held, implied = asked.met(answer)
        rows.append(
            f"<details><summary>{escape(answer)}</summary><p><b>{escape(held)}</b> {escape(implied)}</p></details>"
        )
    question = f"<p><b>Predict.</b> {escape(asked.question)}</p>"
    return f'<div class="predict" data-testid="emt-predict">{question}{"".join(rows)}</div>'


def _picture(out, keep):
    """An <img> of what was drawn: in one, even a drawing with a script in it is only a picture."""
    drawing = _text(out, "image/svg+xml")
    kind, content = "image/svg+xml", base64.b64encode(drawing.encode()).decode()
    if not drawing:
        kind = next((kind for kind in _PICTURES if _text(out, kind)), "")
        content = "".join(_text(out, kind).split())
    if not content:
        return ""
    looks = out.get("metadata", {}).get(kind)
    said = looks.get("alt") if isinstance(looks, dict) else None
    alt = escape(said) if isinstance(said, str) and said else _words(out)
    return f'<img alt="{alt}" src="{escape(keep.picture(kind, content))}">'


def _words(out):
    return escape(_text(out, "text/plain"))


def _text(out, kind):
    """The output in that form, "" where there is none: a kernel may send anything under any name."""
    value = out.data.get(kind, "")
    return value if isinstance(value, str) else ""


def _with_formulas(html):
    """HTML that a cell made, its $..$ drawn; code, tags and formulas that are drawn already stay as they are."""
    parts, end = [], 0
    for verbatim in _VERBATIM.finditer(html):
        parts += [_formulas_in(html[end : verbatim.start()]), verbatim[0]]
        end = verbatim.end()
    return "".join([*parts, _formulas_in(html[end:])])


def _formulas_in(text):
    def drawn(match):
        display = match["display"] or match["bracket"]
        return formula(unescape(display or match["paren"] or match["inline"]), display=bool(display))

    return _MATH.sub(drawn, text)
