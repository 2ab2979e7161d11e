"""The cells of a notebook as HTML that is safe in any page: text, formulas, code, outputs and films.

Whatever a notebook brings goes through `safe`; what is put around it, code and films, is escaped here.
"""

import base64
import json
import re
from html import escape, unescape

from nbconvert.filters import ansi2html
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from emtutor.desk import notebooks
from emtutor.desk.safe import safe
from emtutor.desk.tex import formula

PLAYER = "emtutor.films.player.Player"
_PICTURES = ("image/png", "image/jpeg", "image/gif")
_VERBATIM = re.compile(r"<(pre|code|script|style|math)\b.*?</\1>|<[^>]*>", re.S)
_MATH = re.compile(
    r"\$\$(?P<display>.+?)\$\$|\\\[(?P<bracket>.+?)\\\]|\\\((?P<paren>.+?)\\\)|\$(?P<inline>[^$]+?)\$", re.S
)


def embedded(state):
    """A film in the page itself, as data beside its picture: `<` is spelt so that no label can end or open a script."""
    data = json.dumps(state, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/json">{data}</script>'


def cell(cell, states, film=embedded):
    """The HTML of one executed cell, "" where there is nothing to show.

    states: {model id: state} of the notebook's widgets. film(state) -> HTML: what stands for a film's data.
    """
    if cell.cell_type == "markdown":
        return f'<section class="markdown">{markdown(cell.source, cell.get("attachments"))}</section>'
    if cell.cell_type != "code" or not cell.source.strip():
        return ""
    outputs = "\n".join(output(out, states, film) for out in cell.outputs)
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


def output(out, states, film=embedded):
    """One output of a cell in its best form: a film that plays, what was drawn or written, or words."""
    if "data" in out and notebooks.WIDGET_VIEW in out.data:
        view = out.data[notebooks.WIDGET_VIEW]
        return _widget(out, states.get(str(view["model_id"]), {}) if "model_id" in view else {}, film)
    return safe(_shown(out))


class _Renderer(IPythonRenderer):
    def block_math(self, body):
        return formula(body, display=True)

    def inline_math(self, body):
        return formula(body)

    def latex_environment(self, name, body):
        return formula(rf"\begin{{{name}}}{body}\end{{{name}}}", display=True)

    def table(self, text):
        return f'<div class="wide"><table>{text}</table></div>'


def _shown(out):
    if out.output_type == "stream":
        return f'<pre class="{"stderr" if out.name == "stderr" else "stdout"}">{ansi2html(out.text)}</pre>'
    if out.output_type == "error":
        return f'<pre class="stderr">{ansi2html(chr(10).join(map(str, out.traceback)))}</pre>'
    if html := _text(out, "text/html"):
        return f'<div class="output">{_with_formulas(html)}</div>'
    if latex := _text(out, "text/latex"):
        return f'<div class="output">{_with_formulas(escape(latex, quote=False))}</div>'
    if picture := _picture(out):
        return f'<div class="output">{picture}</div>'
    if source := _text(out, "text/markdown"):
        return f'<div class="output">{markdown(source)}</div>'
    return f"<pre>{_words(out)}</pre>"


def _widget(out, state, film):
    kept = {key: state[key] for key in ("films", "choices", "chosen") if key in state}
    if state.get("_anywidget_id") == PLAYER and len(kept) == 3:
        return f'<div class="emt-here" data-emt-film>{safe(_picture(out))}{film(kept)}</div>'
    return (
        f'<div class="off" data-testid="emt-off"><pre>{_words(out)}</pre>'
        "<p>Switched off: answering needs the notebook and its kernel.</p></div>"
    )


def _picture(out):
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
    return f'<img alt="{alt}" src="data:{kind};base64,{escape(content)}">'


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
