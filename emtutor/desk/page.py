"""One self-contained page of a notebook: it needs no network and no kernel.

Players are inlined with the films of all their choices, formulas are MathML, pictures are embedded. What needs a kernel
is switched off and says so. The page's policy lets one script run, the player's: whatever slipped through would not.
"""

import base64
import hashlib
import os
from html import escape
from pathlib import Path

from pygments.formatters import HtmlFormatter

from emtutor.desk import cells, files, notebooks
from emtutor.films import player
from emtutor.films.player import EVERYTHING

_HERE = Path(__file__).parent
FONT = _HERE / "fonts" / "stix-two-math.woff2"


def export(notebook_path, output_path):
    """Run the notebook and write it as one HTML file; returns the path written.

    Cells that raise stay, with their error. The learner's progress is neither read nor written.
    """
    notebook_path, output_path = Path(notebook_path), Path(output_path)
    if output_path.suffix not in (".html", ".htm"):
        raise ValueError(f"the page must be an .html file, got {output_path.name}: give -o {output_path.stem}.html")
    notebook, states = run(notebooks.read(notebook_path), notebook_path.resolve().parent)
    title = os.fsencode(notebook_path.stem).decode("utf-8", "replace")  # a system of ASCII letters reads ü as bytes
    text = page(notebook, states, title=title)
    files.write(output_path, text.encode())
    return output_path


def run(notebook, folder):
    """(the notebook with its outputs, {model id: state} of its widgets), films with all their choices."""
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
    body = "\n".join(cells.cell(cell, states) for cell in notebook.cells)
    note = f"""<p class="note" data-testid="emt-page-note">This page is a copy of the notebook {escape(title)}. Players
run here. Exercises, predictions and whatever else computes need the notebook itself; here they are switched off.</p>"""
    moves = "data-emt-film" in body or "emtutor-unfold" in body
    return frame(title, f"<main>\n{note}\n{body}\n</main>", script() if moves else "")


def frame(title, body, script=""):
    """A page that holds `body` and runs `script`, and no other."""
    code = f"\n{script}\n"
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; font-src data:; "
        "img-src data: file: http: https:; base-uri 'none'; form-action 'none'"
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{style()}
</style></head><body>{body}{f"<script type='module'>{code}</script>" if script else ""}</body></html>
"""


def style(font=None):
    """The looks of text, code, formulas and players, light, dark and in print. font: the address of the formulas' font,
    by default the font itself."""
    light, dark = (HtmlFormatter(style=name).get_style_defs("pre.light") for name in ("default", "github-dark"))
    font = font or f"data:font/woff2;base64,{base64.b64encode(FONT.read_bytes()).decode()}"
    return "\n".join(
        [
            f'@font-face {{ font-family: "STIX Two Math"; src: url({font}) format("woff2"); font-display: swap; }}',
            light,
            f"@media screen and (prefers-color-scheme: dark) {{ {dark} }}",
            (_HERE / "page.css").read_text(encoding="utf-8"),
            player.LOOKS,
        ]
    )


def script():
    """The player, what starts it wherever the page holds a film, and a presenter's keys."""
    return player.SCRIPT + (_HERE / "page.js").read_text(encoding="utf-8")
