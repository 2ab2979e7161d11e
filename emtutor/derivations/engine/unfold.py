"""A chain that is opened line by line: first the relation and the reason, then, when the learner asks, the line.

Plain <details>, one inside the other: a browser opens them with mouse and keyboard, without a script and without a
kernel, in JupyterLab, in the exported page and on a site. As text it is the whole chain.
"""

from dataclasses import dataclass
from typing import Any

from emtutor.derivations.engine.view import broken, escape, greek, math, plain, title, verdict_html

_WORDS = {
    "start": "starts from",
    "=": "is equal to",
    "<=": "is at most",
    ">=": "is at least",
    "therefore": "so",
    "tends to": "tends to",
    "maximises": "is largest for",
}
_HEAD = 'style="padding: 6px 0; white-space: normal"'
_ROW = 'style="padding: 2px 0 8px 22px; overflow-x: auto; max-width: 100%"'
_SAID = 'style="padding: 0 0 6px 22px; white-space: normal"'


@dataclass(frozen=True, repr=False)
class Unfolding:
    """A chain that has run, shown line by line."""

    result: Any

    def __bool__(self):
        return bool(self.result)

    def __str__(self):
        return plain(self.result.derivation, self.result)

    __repr__ = __str__

    def _repr_html_(self):
        chain, lines = self.result.derivation, self.result.lines
        inner = "".join(f"<p>{escape(text)}</p>" for text in [title(chain, self.result), chain.remark] if text)
        for checked in reversed(lines[1:]):
            inner = _folded(checked, inner)
        first = lines[0]
        left = first.line.left or chain.left
        head = f"<p><b>{escape(chain.title)}</b></p><p {_HEAD}>{_try(chain)}</p><div {_ROW}>{math(left)}</div>"
        return f'<div class="emtutor-unfold">{head}{_opening(first)}{inner}</div>'


def _try(chain):
    name = f"derivations.{chain.name}" if chain.name else "chain"
    takes = ", ".join((*chain.arguments, *chain.given))
    return (
        "Each step names its reason. Write the line yourself before you open it. To have yours judged: "
        f'<code>{escape(name)}.try_line(2, "...")</code>, with {escape(takes)}.'
    )


def _opening(checked):
    """The first line and its reason, which are given."""
    return (
        f"<div {_HEAD}><b>1</b> {_WORDS[checked.line.relation]} &mdash; {escape(greek(checked.line.reason))}</div>"
        + _shown(checked)
    )


def _folded(checked, inner):
    line = checked.line
    left = f"<div {_ROW}>{math(line.left)}</div>" if line.left else ""
    words = f"<b>{checked.number}</b> {_WORDS[line.relation]} &mdash; {escape(greek(line.reason or 'why?'))}"
    return f"<details><summary {_HEAD}>{words}</summary>{left}{_shown(checked)}{inner}</details>"


def _shown(checked):
    why = f"<div {_SAID}>{escape(broken(checked))}</div>" if checked.status == "breaks" else ""
    return f"<div {_ROW}>{math(checked.line.latex)}</div><div {_SAID}>{verdict_html(checked)}</div>{why}"
