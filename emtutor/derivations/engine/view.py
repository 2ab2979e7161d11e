"""How a chain looks: rich HTML with formulas for MathJax, and plain text that says the same.

Errors are given as a power of ten above them, not to their last digit, so that two machines write the same page.
"""

import html as _html
import re
import textwrap

import numpy as np

from emtutor.derivations.engine.plain_math import plain as _plain_math

_SIGN = {"start": "=", "=": "=", "<=": r"\le", ">=": r"\ge", "therefore": r"\Rightarrow", "tends to": r"\to",
         "maximises": r"\Rightarrow"}  # fmt: skip
_PLAIN_SIGN = {"start": "=", "=": "=", "<=": "<=", ">=": ">=", "therefore": "so", "tends to": "->", "maximises": "best"}
_GREEK = {"alpha": "α", "beta": "β", "eps": "ε", "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
          "pi": "π", "phi": "φ", "Sigma": "Σ", "eta": "η"}  # fmt: skip
# Far apart, so that rounding, which differs between machines, does not show: two formulas agree to 1e-11 or better,
# and what is searched for or approached (a derivative, a maximum, a limit) to 1e-6 or better.
_STEPS = (1e-9, 1e-6, 1e-3)
_STEPS_APPROACHED = (1e-5, 1e-3)


def plain(derivation, result):
    """The chain as text, at most 100 columns wide."""
    lines = [*textwrap.wrap(_title(derivation, result), 96), ""]
    for number, line in enumerate(derivation.lines, 1):
        checked = result.lines[number - 1] if result is not None else None
        left = line.left or (derivation.left if number == 1 else "")
        if left:
            lines.append("    " + _plain_math(left))
        formula = f"{_PLAIN_SIGN[line.relation]} {_plain_math(line.latex)}"
        lines += textwrap.wrap(formula, 96, initial_indent=f"{number:2}  ", subsequent_indent="        ")
        verdict = _verdict(line, checked)
        said = " ".join(part for part in (f"[{verdict}]" if verdict else "", _greek(line.reason)) if part)
        lines += textwrap.wrap(said, 96, initial_indent="        ", subsequent_indent="        ")
    for paragraph in _footer(derivation, result):
        lines += ["", *textwrap.wrap(paragraph, 96)]
    return "\n".join(lines)


def html(derivation, result):
    """The chain as a table: number, relation, formula, verdict, reason. Colours are the theme's own."""
    cell = 'style="text-align: left; padding: 3px 8px; vertical-align: middle; white-space: nowrap"'
    wrap = 'style="text-align: left; padding: 3px 8px; vertical-align: middle; white-space: normal"'
    rows = []
    for number, line in enumerate(derivation.lines, 1):
        checked = result.lines[number - 1] if result is not None else None
        left = line.left or (derivation.left if number == 1 else "")
        if left:
            rows.append(f'<tr><td {cell}></td><td {cell} colspan="3">{_math(left)}</td></tr>')
        said = "<br>".join(part for part in (_verdict_html(line, checked), _escape(_greek(line.reason))) if part)
        rows.append(
            f"<tr><td {cell}>{number}</td><td {cell}>{_math(_SIGN[line.relation])}</td>"
            f"<td {cell}>{_math(line.latex)}</td><td {wrap}>{said}</td></tr>"
        )
    head = f"<p><b>{_escape(_title(derivation, result))}</b></p>"
    foot = "".join(f"<p>{_escape(paragraph)}</p>" for paragraph in _footer(derivation, result))
    return f'<div class="emtutor-derivation">{head}<table><tbody>{"".join(rows)}</tbody></table>{foot}</div>'


def bucket(error, approached=False):
    """The error in words: "< 1e-9", or two digits where it is large enough to be worth them."""
    if error is None:
        return ""
    if not np.isfinite(error):
        return "no comparison"
    for step in _STEPS_APPROACHED if approached else _STEPS:
        if 3 * error < step:
            return f"< 1e{round(np.log10(step))}"
    return f"{error:.2g}"


def _title(derivation, result):
    if result is None:
        return f"{derivation.title}: not run yet"
    if result.holds:
        out = sum(line.status == "skipped" for line in result.lines)
        how_many = f"all {len(result.lines)}" if not out else f"{len(result.lines) - out} of {len(result.lines)}"
        return f"{derivation.title}: {how_many} lines hold on {_tried(result)}{f', {out} left out' if out else ''}"
    which = ", ".join(map(str, result.breaks))
    return f"{derivation.title}: breaks at line {which} ({_tried(result)} tried)"


def _tried(result):
    if len(result.problems) == 1:
        return result.problems[0] if result.problems[0] == "your data" else "1 problem"
    return f"{len(result.problems)} problems"


def _verdict(line, checked):
    if checked is None:
        return ""
    if checked.status == "start":
        return (
            f"numerical derivative, its own error {bucket(checked.error, True)}" if checked.note else "where it starts"
        )
    if checked.status == "skipped":
        return f"left out: {checked.note}"
    if checked.status == "breaks":
        return f"BREAKS: error {bucket(checked.error)}" if np.isfinite(checked.error) else "BREAKS"
    numerical = checked.note.startswith("numerical")
    approached = numerical or line.relation in ("maximises", "tends to")
    said = f"holds {bucket(checked.error, approached)}".strip()
    return "; ".join(part for part in (said, "" if numerical else checked.note) if part)


def _verdict_html(line, checked):
    words = _escape(_verdict(line, checked))
    if checked is None or checked.status in ("start", "skipped"):
        return words
    if checked.status == "breaks":
        return f'<b style="color: var(--jp-error-color1)">{words}</b>'
    return rf"$\checkmark$ {words}"


def _footer(derivation, result):
    paragraphs = []
    for c in result.lines if result is not None else ():
        if c.status != "breaks":
            continue
        where = f"on the problem “{c.problem}”" if c.problem else ""
        against = f", compared with line {c.against}" if c.against else ""
        by = f" (relative error {c.error:.3g})" if np.isfinite(c.error) and c.against else ""
        paragraphs.append(" ".join([f"Line {c.number} breaks{by}{against}, {where}: {c.note}.", *c.cases]))
    if derivation.remark:
        paragraphs.append(derivation.remark)
    return paragraphs


def _math(latex):
    return "$" + _escape(rf"\displaystyle {latex}") + "$"


def _greek(words):
    """mu_j as μ_j: a reason is read, not typed."""
    return re.sub(rf"(?<![A-Za-z`])({'|'.join(_GREEK)})(?![A-Za-z])", lambda m: _GREEK[m[1]], words)


def _escape(text):
    return _html.escape(text, quote=False)
