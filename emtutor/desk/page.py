"""One self-contained page of a notebook: it needs no network and no kernel.

Players are inlined with the films of all their choices, formulas are MathML, pictures are embedded. What needs a kernel
is switched off and says so.
"""

import json
import re
from html import escape
from pathlib import Path

from nbconvert.filters import ansi2html
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from emtutor.desk import files, notebooks
from emtutor.desk.mathml import mathml
from emtutor.films import player
from emtutor.films.player import EVERYTHING

PLAYER = "emtutor.films.player.Player"
_FILMS = Path(player.__file__).parent
_VERBATIM = re.compile(r"<(pre|code|script|style|math)\b.*?</\1>|<[^>]*>", re.S)
_MATH = re.compile(
    r"\$\$(?P<display>.+?)\$\$|\\\[(?P<bracket>.+?)\\\]|\\\((?P<paren>.+?)\\\)|\$(?P<inline>[^$]+?)\$", re.S
)


def export(notebook_path, output_path):
    """Run the notebook and write it as one HTML file; returns the path written.

    Cells that raise stay, with their error. The learner's progress is neither read nor written.
    """
    notebook_path, output_path = Path(notebook_path), Path(output_path)
    if output_path.suffix not in (".html", ".htm"):
        raise ValueError(f"the page must be an .html file, got {output_path.name}: give -o {output_path.stem}.html")
    notebook, states = _run(notebooks.read(notebook_path), notebook_path.resolve().parent)
    text = page(notebook, states, title=notebook_path.stem)
    files.write(output_path, text.encode())
    return output_path


def _run(notebook, folder):
    """The notebook with its outputs, and the state of every widget by its id."""
    client = notebooks.ran(
        notebook,
        folder,
        {EVERYTHING: "1"},
        timeout=600,
        allow_errors=True,
        store_widget_state=True,
        coalesce_streams=True,  # lines that arrive in two messages are one text
    )
    return client.nb, client.widget_state


def page(notebook, states, title):
    """The whole HTML page of an executed notebook. states: {model id: state} of its widgets."""
    cells = "\n".join(_cell(cell, states) for cell in notebook.cells)
    script = f"<script type='module'>\n{_script()}\n</script>" if 'class="emt-here"' in cells else ""
    name = escape(title)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title>
<style>
{_CSS}
{HtmlFormatter(style="default").get_style_defs("pre.light")}
{(_FILMS / "player.css").read_text(encoding="utf-8")}
</style></head><body><main>
<p class="note" data-testid="emt-page-note">This page is a copy of the notebook {name}. Players run here.
Exercises, predictions and whatever else computes need the notebook itself; here they are switched off.</p>
{cells}
</main>{script}</body></html>
"""


def _script():
    """The player, and a host in the place of the notebook's widget manager: there is no kernel to send to."""
    host = """
for (const el of document.querySelectorAll(".emt-here")) {
  const state = JSON.parse(el.querySelector("script").textContent);
  el.replaceChildren();
  render({ el, model: { kernel: false, get: (key) => state[key], on() {}, off() {}, send() {} } });
}
"""
    return (_FILMS / "player.js").read_text(encoding="utf-8") + host


def _cell(cell, states):
    if cell.cell_type == "markdown":
        return f'<section class="markdown">{_markdown(cell.source, cell.get("attachments", {}))}</section>'
    if cell.cell_type != "code" or not cell.source.strip():
        return ""
    outputs = "\n".join(_output(out, states) for out in cell.outputs)
    return f'<section class="code">{_code(cell.source)}{outputs}</section>'


def _code(source):
    return highlight(source, PythonLexer(), HtmlFormatter(nowrap=False, cssclass="source")).replace(
        "<pre>", '<pre class="light" tabindex="0" aria-label="code">', 1
    )


class _Renderer(IPythonRenderer):
    def block_math(self, body):
        return formula(body, display=True)

    def inline_math(self, body):
        return formula(body)

    def latex_environment(self, name, body):
        return formula(rf"\begin{{{name}}}{body}\end{{{name}}}", display=True)


def _markdown(source, attachments=None):
    renderer = _Renderer(escape=False, attachments=attachments or {}, embed_images=False)
    return MarkdownWithMath(renderer=renderer).render(source)


def formula(tex, display=False):
    """MathML where the formula is understood, else its source, readably."""
    try:
        return mathml(tex, display)
    except ValueError:
        return f'<code class="tex">{escape(tex)}</code>'


def _with_formulas(html):
    """HTML that a cell made, its $..$ drawn; code, tags and formulas that are drawn already stay as they are."""
    parts, end = [], 0
    for verbatim in _VERBATIM.finditer(html):
        parts += [_formulas_in(html[end : verbatim.start()]), verbatim[0]]
        end = verbatim.end()
    return "".join([*parts, _formulas_in(html[end:])])


def _formulas_in(text):
    from html import unescape

    def drawn(match):
        display = match["display"] or match["bracket"]
        return formula(unescape(display or match["paren"] or match["inline"]), display=bool(display))

    return _MATH.sub(drawn, text)


def _output(out, states):
    if out.output_type == "stream":
        return f"<pre class='{out.name}'>{ansi2html(out.text)}</pre>"
    if out.output_type == "error":
        return f"<pre class='stderr'>{ansi2html(chr(10).join(out.traceback))}</pre>"
    data, words = out.data, escape(out.data.get("text/plain", ""))
    if notebooks.WIDGET_VIEW in data:
        return _widget(data, states.get(data[notebooks.WIDGET_VIEW]["model_id"], {}), out)
    if "text/html" in data:
        return f'<div class="output">{_with_formulas(data["text/html"])}</div>'
    if "text/latex" in data:
        return f'<div class="output">{_with_formulas(escape(data["text/latex"], quote=False))}</div>'
    if "image/svg+xml" in data:
        return f'<div class="output" role="img" aria-label="{words}">{data["image/svg+xml"]}</div>'
    if "image/png" in data:
        return f'<div class="output">{_image(out, words)}</div>'
    if "text/markdown" in data:
        return f'<div class="output">{_markdown(data["text/markdown"])}</div>'
    return f"<pre>{words}</pre>"


def _widget(data, state, out):
    words = escape(data.get("text/plain", ""))
    if state.get("_anywidget_id") == PLAYER:
        kept = {key: state[key] for key in ("films", "choices", "chosen")}
        inside = json.dumps(kept, ensure_ascii=False).replace("</", "<\\/")
        return f'<div class="emt-here">{_image(out, words)}<script type="application/json">{inside}</script></div>'
    return (
        f'<div class="off" data-testid="emt-off"><pre>{words}</pre>'
        "<p>Switched off: answering needs the notebook and its kernel.</p></div>"
    )


def _image(out, words):
    alt = escape(out.get("metadata", {}).get("image/png", {}).get("alt", ""), quote=True) or words
    return f'<img alt="{alt}" src="data:image/png;base64,{"".join(out.data.get("image/png", "").split())}">'


_CSS = """
:root { color-scheme: light dark; --jp-content-font-color0: #1a1a1a; --jp-content-font-color1: #1a1a1a;
  --jp-layout-color0: #ffffff; --jp-layout-color1: #ffffff; --jp-layout-color2: #f3f3f3; --jp-border-color1: #8a8a8a;
  --jp-border-color2: #c8c8c8; --jp-ui-font-color1: #1a1a1a; --jp-ui-font-color2: #595959; }
@media (prefers-color-scheme: dark) { :root { --jp-content-font-color0: #ffffff; --jp-content-font-color1: #e8e8e8;
  --jp-layout-color0: #111111; --jp-layout-color1: #111111; --jp-layout-color2: #222222; --jp-border-color1: #8a8a8a;
  --jp-border-color2: #555555; --jp-ui-font-color1: #e8e8e8; --jp-ui-font-color2: #b8b8b8; } }
body { margin: 0; font: 17px/1.55 system-ui, sans-serif; color: var(--jp-content-font-color1);
  background: var(--jp-layout-color0); }
main { max-width: 1080px; margin: 0 auto; padding: 16px 24px 80px; }
a { color: inherit; }
img, svg { max-width: 100%; height: auto; }
.output img, .emt-here img { background: #fff; }
table { border-collapse: collapse; } td, th { padding: 3px 10px; border: 1px solid var(--jp-border-color2); }
pre { font: 14px/1.4 ui-monospace, monospace; overflow-x: auto; white-space: pre-wrap; }
pre.light { padding: 10px 12px; border: 1px solid #c8c8c8; background: #f7f7f7; color: #1a1a1a; }
pre.stderr { border-left: 4px solid #d55e00; padding-left: 10px; }
.note, .off { border: 2px dashed var(--jp-border-color1); padding: 8px 14px; }
.off { opacity: 0.85; } .off p { margin: 4px 0; font-weight: 600; }
code.tex { background: var(--jp-layout-color2); padding: 1px 4px; }
math { font-size: 1.08em; } math[display="block"] { margin: 0.8em 0; padding: 2px 0; }
.anchor-link { display: none; }
"""
