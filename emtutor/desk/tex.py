r"""TeX formulas as MathML, which browsers draw by themselves: `mathml(r"\frac{a}{b}")`."""

import re
from html import escape

from math_core import LatexError, LatexToMathML

_CONVERTER = LatexToMathML(fancy_error=False)
_PRIME = re.compile(r"<msup>(<mi[^>]*>[^<]*</mi>)<mo>([′″‴⁗])</mo></msup>")


def mathml(tex, display=False):
    """The formula as a <math> element, its source as alternative text; raises ValueError for what is no formula."""
    tex = tex.strip()
    try:
        drawn = _CONVERTER.convert_with_local_state(tex, displaystyle=display)
    except LatexError as error:
        raise ValueError(f"the formula {tex!r} is not understood: {error}") from error
    # The sign is raised in itself: set as a superscript too, it is a speck in an index (j' of pi_j').
    drawn = _PRIME.sub(r'<mrow>\1<mo lspace="0" rspace="0">\2</mo></mrow>', drawn)
    return drawn.replace("<math", f'<math alttext="{escape(tex, quote=True)}"', 1)


def formula(tex, display=False):
    """MathML where the formula is understood, else its source, readably."""
    try:
        return mathml(tex, display)
    except ValueError:
        return f'<code class="tex">{escape(tex)}</code>'
