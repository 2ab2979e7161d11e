"""What the tutor says: plain text, and the same as a quiet box in a notebook."""

import re
from html import escape
from typing import NamedTuple

VERDICT = {
    "correct": "Right",
    "incorrect": "Not right yet",
    "unattempted": "Not written yet",
    "error": "Stopped with an error",
}
# A bar in the Okabe-Ito palette with its own line style: the word, the colour and the line all say the verdict.
BAR = {
    "correct": "6px solid #009E73",
    "incorrect": "6px dashed #D55E00",
    "unattempted": "6px dotted #8a8a8a",
    "error": "6px double #CC79A7",
    "": "6px solid #56B4E9",
}
BOX = (
    "border-left:{bar};padding:.5em .9em;margin:.3em 0;max-width:52em;line-height:1.45;"
    "background:var(--jp-layout-color1,transparent);color:var(--jp-content-font-color1,inherit);"
    "font-family:var(--jp-content-font-family,sans-serif);font-size:var(--jp-content-font-size1,14px)"
)
_FAINT = "color:var(--jp-content-font-color2,inherit);"
_PRE = (
    "margin:.3em 0;padding:.4em .6em;white-space:pre-wrap;overflow-wrap:anywhere;"
    "background:var(--jp-cell-editor-background,rgba(127,127,127,.12));color:inherit;"
    "font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px)"
)


class Table(NamedTuple):
    """A small table: one head, rows of short texts."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def text(self):
        lines = [self.head, *self.rows]
        widths = [max(len(line[c]) for line in lines) for c in range(len(self.head))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        )

    def html(self):
        cell = "padding:.1em .9em .1em 0;text-align:left;border:0;background:transparent"
        head = "".join(f'<th scope="col" style="{cell};font-weight:600">{escape(h)}</th>' for h in self.head)
        rows = "".join(
            "<tr>" + "".join(f'<td style="{cell}">{escape(c)}</td>' for c in row) + "</tr>" for row in self.rows
        )
        return (
            '<table style="margin:.4em 0;border-collapse:collapse;font-size:inherit;color:inherit">'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )


class Said:
    """Something that the tutor says: a head, sentences, at most one table, code, asides."""

    def __init__(self, head, sentences="", *, status="", table=None, code="", asides=()):
        self.head, self.sentences, self.table, self.code = _shown(head), _shown(sentences), table, code
        self.asides = tuple(_shown(a) for a in asides if a)
        self.status = status
        self.seen = False  # by anybody: as text or as HTML

    @property
    def message(self):
        """All sentences, plain text."""
        return "\n".join(s for s in (self.sentences, *self.asides) if s)

    def show(self):
        """It is being shown: called before each of its forms is made."""
        self.seen = True

    def __str__(self):
        self.show()
        parts = [self.head, self.sentences, self.table.text() if self.table else "", self.code, *self.asides]
        return "\n".join(p for p in parts if p)

    __repr__ = __str__

    def _repr_html_(self):
        self.show()
        inside = f'<div style="font-weight:600">{escape(self.head)}</div>'
        inside += "".join(f"<div>{_marked(line)}</div>" for line in self.sentences.splitlines() if line)
        inside += self.table.html() if self.table else ""
        inside += f'<pre style="{_PRE}">{escape(self.code)}</pre>' if self.code else ""
        inside += "".join(f'<div style="{_FAINT}">{_marked(a)}</div>' for a in self.asides)
        return f'<div role="status" style="{BOX.format(bar=BAR[self.status])}">{inside}</div>'


class Feedback(Said):
    """What `check` found; true if the answer is right.

    exercise: its name. status: "correct", "incorrect", "unattempted" or "error". mistake: slug of the record's mistake
    or the cause that a table names, "sign"; None where none is known. message: the sentences, plain text.
    """

    def __init__(self, exercise, status, sentences, *, mistake=None, table=None, asides=(), verdict=None):
        super().__init__(
            f"{exercise}: {verdict or VERDICT[status]}", sentences, status=status, table=table, asides=asides
        )
        self.exercise, self.mistake = exercise, mistake

    def __bool__(self):
        return self.status == "correct"


def _shown(text):
    """What can be shown: of a learner's text control characters and halves of characters are left out."""
    return "".join(c for c in text if c == "\n" or c.isprintable())


def _marked(text):
    """Escaped, with `code` set as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))
