"""How a chain looks: rich HTML with formulas for MathJax, and plain text that says the same.

Errors are given as a power of ten above them, not to their last digit, so that two machines write the same page.
"""

import html as _html
import re
import textwrap

import numpy as np

from emtutor.derivations.engine.plain_math import plain as plain_math

_SIGN = {"start": "=", "=": "=", "<=": r"\le", ">=": r"\ge", "therefore": r"\Rightarrow", "tends to": r"\to",
         "maximises": r"\Rightarrow"}  # fmt: skip
PLAIN_SIGN = {"start": "=", "=": "=", "<=": "<=", ">=": ">=", "therefore": "so", "tends to": "->", "maximises": "best"}
_GREEK = {"alpha": "α", "beta": "β", "eps": "ε", "theta": "θ", "kappa": "κ", "lambda": "λ", "Lambda": "Λ", "mu": "μ",
          "nu": "ν", "pi": "π", "phi": "φ", "Sigma": "Σ", "eta": "η"}  # fmt: skip
# Far apart, and the first of each is what a line that holds was held to: rounding, which differs between machines,
# does not show.
_STEPS = (1e-9, 1e-6, 1e-3)
_STEPS_APPROACHED = (1e-5, 1e-3)


def plain(derivation, result):
    """The chain as text, at most 100 columns wide."""
    lines = [*textwrap.wrap(title(derivation, result), 96), ""]
    for number, line in enumerate(derivation.lines, 1):
        checked = result.lines[number - 1] if result is not None else None
        left = line.left or (derivation.left if number == 1 else "")
        if left:
            lines.append("    " + plain_math(left))
        formula = f"{PLAIN_SIGN[line.relation]} {plain_math(line.latex)}"
        lines += textwrap.wrap(formula, 96, initial_indent=f"{number:2}  ", subsequent_indent="        ")
        became = verdict(checked)
        said = " ".join(part for part in (f"[{became}]" if became else "", greek(line.reason)) if part)
        lines += textwrap.wrap(said, 96, initial_indent="        ", subsequent_indent="        ")
    for paragraph in footer(derivation, result):
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
            rows.append(f'<tr><td {cell}></td><td {cell} colspan="3">{math(left)}</td></tr>')
        said = "<br>".join(part for part in (verdict_html(checked), escape(greek(line.reason))) if part)
        rows.append(
            f"<tr><td {cell}>{number}</td><td {cell}>{math(_SIGN[line.relation])}</td>"
            f"<td {cell}>{math(line.latex)}</td><td {wrap}>{said}</td></tr>"
        )
    head = f"<p><b>{escape(title(derivation, result))}</b></p>"
    foot = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in footer(derivation, result))
    return f'<div class="emtutor-derivation">{head}<table><tbody>{"".join(rows)}</tbody></table>{foot}</div>'


def bucket(error, approached=False):
    """The error in words: "< 1e-9", or two digits where it is large enough to be worth them."""
    if error is None:
        return ""
    if not np.isfinite(error):
        return "no comparison"
    for step in _STEPS_APPROACHED if approached else _STEPS:
        if error <= step:
            return f"< 1e{round(np.log10(step))}"
    return f"{error:.2g}"


def title(derivation, result):
    if result is None:
        return f"{derivation.title}: not run yet"
    if not result.breaks:
        out = len(result.skipped)
        how_many = f"all {len(result.lines)}" if not out else f"{len(result.lines) - out} of {len(result.lines)}"
        return f"{derivation.title}: {how_many} lines hold on {_tried(result)}{f', {out} left out' if out else ''}"
    which = ", ".join(map(str, result.breaks))
    return f"{derivation.title}: breaks at line {which} ({_tried(result)} tried)"


def _tried(result):
    if len(result.problems) == 1:
        return result.problems[0] if result.problems[0] == "your data" else "1 problem"
    return f"{len(result.problems)} problems"


def verdict(checked):
    if checked is None:
        return ""
    if checked.status == "start":
        return (
            f"numerical derivative, its own error {bucket(checked.error, True)}"
            if checked.numerical
            else "where it starts"
        )
    if checked.status == "skipped":
        return f"left out: {checked.note}"
    if checked.status == "breaks":
        return f"BREAKS: error {checked.error:.2g}" if np.isfinite(checked.error) else "BREAKS"
    approached = checked.numerical or checked.line.relation in ("therefore", "maximises", "tends to")
    said = f"holds {bucket(checked.error, approached)}".strip()
    return "; ".join(part for part in (said, checked.note) if part)


def verdict_html(checked):
    words = escape(verdict(checked))
    if checked is None or checked.status in ("start", "skipped"):
        return words
    if checked.status == "breaks":
        return f'<b style="color: var(--jp-error-color1)">{words}</b>'
    return rf"$\checkmark$ {words}"


def broken(checked):
    """What is known of a line that breaks, in a paragraph."""
    where = f", on the problem “{checked.problem}”" if checked.problem else ""
    against = f", compared with line {checked.against}" if checked.against else ""
    by = f" (relative error {checked.error:.3g})" if np.isfinite(checked.error) and checked.against else ""
    return " ".join([f"Line {checked.number} breaks{by}{against}{where}: {checked.note}.", *checked.cases])


def footer(derivation, result):
    paragraphs = [broken(c) for c in (result.lines if result is not None else ()) if c.status == "breaks"]
    if derivation.remark:
        paragraphs.append(derivation.remark)
    return paragraphs


def math(latex):
    return "$" + escape(rf"\displaystyle {latex}") + "$"


def greek(words):
    """mu_j as μ_j: a reason is read, not typed."""
    return re.sub(rf"(?<![A-Za-z`])({'|'.join(_GREEK)})(?![A-Za-z])", lambda m: _GREEK[m[1]], words)


def escape(text):
    return _html.escape(text, quote=False)
