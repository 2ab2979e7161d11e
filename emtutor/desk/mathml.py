r"""TeX formulas as MathML, which browsers draw by themselves: `mathml(r"\frac{a}{b}")`.

An exported page must show its formulas without a network. This knows the commands that the course uses; a formula with
any other raises ValueError, and the page then shows its TeX source.
"""

import re
from html import escape

_LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "phi": "ϕ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "ell": "ℓ",
    "infty": "∞", "partial": "∂", "nabla": "∇", "emptyset": "∅",
}  # fmt: skip
_SIGNS = {
    "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "ll": "≪", "gg": "≫", "approx": "≈",
    "equiv": "≡", "sim": "∼", "propto": "∝", "in": "∈", "notin": "∉", "subset": "⊂", "cup": "∪", "cap": "∩",
    "to": "→", "rightarrow": "→", "longrightarrow": "⟶", "leftarrow": "←", "gets": "←", "mapsto": "↦",
    "Rightarrow": "⇒", "Leftrightarrow": "⇔", "iff": "⇔", "implies": "⇒", "cdot": "⋅", "times": "×", "odot": "⊙",
    "otimes": "⊗", "pm": "±", "mp": "∓", "mid": "∣", "parallel": "∥", "|": "‖", "top": "⊤", "bot": "⊥", "perp": "⊥",
    "dots": "…", "ldots": "…", "cdots": "⋯", "vdots": "⋮", "ddots": "⋱", "langle": "⟨", "rangle": "⟩", "lvert": "|",
    "rvert": "|", "lVert": "‖", "rVert": "‖", "vert": "|", "Vert": "‖", "forall": "∀", "exists": "∃", "colon": ":",
    "prime": "′", "star": "⋆", "ast": "∗", "circ": "∘", "setminus": "∖", "checkmark": "✓", "{": "{", "}": "}",
    "lbrace": "{", "rbrace": "}", "lfloor": "⌊", "rfloor": "⌋", "%": "%", "_": "_", "&": "&", "#": "#", "$": "$",
    "triangleq": "≜", "uparrow": "↑", "downarrow": "↓", "bullet": "∙", "neg": "¬", "land": "∧", "lor": "∨",
}  # fmt: skip
_BIG = {"sum": "∑", "prod": "∏", "int": "∫", "bigcup": "⋃", "bigcap": "⋂"}
_NAMED = {"log", "ln", "exp", "max", "min", "sup", "inf", "lim", "arg", "det", "dim", "sin", "cos", "tan", "Pr", "tr"}
_NAMED |= {"diag", "argmax", "argmin"}
_LIMITS = {"max", "min", "sup", "inf", "lim", "argmax", "argmin"}
_SPACES = {",": 0.17, ":": 0.22, ";": 0.28, "!": -0.17, " ": 0.3, "quad": 1, "qquad": 2, "enspace": 0.5}
_STYLES = {
    "mathbf": "bold", "boldsymbol": "bold-italic", "bm": "bold", "mathrm": "normal", "mathit": "italic",
    "mathsf": "sans-serif", "mathtt": "monospace", "mathcal": "script", "mathbb": "double-struck",
}  # fmt: skip
_ACCENTS = {
    "hat": "^", "widehat": "^", "tilde": "~", "widetilde": "~", "bar": "‾", "overline": "‾", "dot": "˙", "vec": "→"
}  # fmt: skip
_IGNORED = {
    "displaystyle",
    "textstyle",
    "scriptstyle",
    "limits",
    "nolimits",
    "nonumber",
    "notag",
    "hfill",
    "allowbreak",
}
_SIZES = {"big", "Big", "bigg", "Bigg"}
_FENCES = {  # what surrounds a matrix
    "pmatrix": "()", "bmatrix": "[]", "vmatrix": "||", "matrix": "  ", "cases": "{ ", "aligned": "  ", "align": "  ",
    "align*": "  ", "split": "  ", "gathered": "  ", "gather": "  ", "gather*": "  ", "array": "  ", "equation": "  ",
    "equation*": "  ", "smallmatrix": "  ", "eqnarray": "  ", "eqnarray*": "  ", "alignedat": "  ",
}  # fmt: skip
_SCRIPT = {"L": "ℒ", "E": "ℰ", "F": "ℱ", "H": "ℋ", "I": "ℐ", "B": "ℬ", "M": "ℳ", "R": "ℛ", "e": "ℯ", "g": "ℊ", "o": "ℴ"}
_DOUBLE = {"R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "C": "ℂ", "P": "ℙ", "H": "ℍ"}
_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\d+(?:\.\d+)?|\s+|.", re.S)


def mathml(tex, display=False):
    """The formula as a <math> element; raises ValueError for what it does not know."""
    parser = _Parser(tex)
    body = parser.row(())
    if parser.rest():
        raise ValueError(f"unexpected {parser.rest()[0]!r} in the formula {tex!r}")
    block = ' display="block"' if display else ""
    return f'<math{block} alttext="{escape(tex.strip(), quote=True)}">{body}</math>'


class _Parser:
    def __init__(self, tex):
        self.tex = tex
        self.tokens = [t for t in _TOKEN.findall(tex) if not t.isspace()]
        self.spaced = _TOKEN.findall(tex)
        self.at = 0

    def rest(self):
        return self.tokens[self.at :]

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, wanted=None):
        token = self.peek()
        if token is None or (wanted is not None and token != wanted):
            raise ValueError(f"expected {wanted or 'more'}, got {token} in the formula {self.tex!r}")
        self.at += 1
        return token

    def row(self, stops):
        items = []
        while self.peek() is not None and self.peek() not in stops and self.peek() != "}":
            items.append(self.scripted())
        inside = "".join(items)
        return inside if len(items) == 1 else f"<mrow>{inside}</mrow>"

    def scripted(self):
        token = self.peek()
        base, limits = self.atom()
        while self.peek() in (r"\limits", r"\nolimits"):
            self.take()
        low = high = None
        primes = ""
        while self.peek() in ("_", "^", "'"):
            mark = self.take()
            if mark == "'":
                primes += "′"
            elif mark == "_":
                low = self.argument()
            else:
                high = self.argument()
        if primes:
            prime = f"<mo>{primes}</mo>"
            high = prime if high is None else f"<mrow>{prime}{high}</mrow>"
        if low is None and high is None:
            return base
        under = limits or token == r"\underbrace"
        kind = {(1, 0): ("msub", "munder"), (0, 1): ("msup", "mover"), (1, 1): ("msubsup", "munderover")}
        tag = kind[(low is not None, high is not None)][under]
        return f"<{tag}>{base}{low or ''}{high or ''}</{tag}>"

    def argument(self):
        token = self.peek() or ""
        if token == "{":
            return self.group()
        if token[:1].isdigit():  # TeX takes one digit: \frac12 is a half
            self.tokens[self.at : self.at + 1] = [token[0], token[1:]] if len(token) > 1 else [token]
            where = self._spaced_at()
            self.spaced[where : where + 1] = self.tokens[self.at : self.at + 1 + (len(token) > 1)]
            return f"<mn>{self.take()}</mn>"
        return self.atom()[0]

    def group(self):
        self.take("{")
        inside = self.row(())
        self.take("}")
        return inside

    def atom(self):
        """(MathML, whether scripts go below and above)."""
        token = self.take()
        if token == "{":
            self.at -= 1
            return self.group(), False
        if token.startswith("\\"):
            return self.command(token[1:])
        if token[0].isdigit():
            return f"<mn>{token}</mn>", False
        if token.isalpha():
            return f"<mi>{token}</mi>", False
        if token in ("_", "^"):
            self.at -= 1
            return "<mrow></mrow>", False
        if token == "&":
            raise ValueError(f"a stray & in the formula {self.tex!r}")
        if token == "~":
            return _space(0.3), False
        return f"<mo{_flat(token)}>{escape('−' if token == '-' else token)}</mo>", False

    def command(self, name):
        if name in _LETTERS:
            upright = ' mathvariant="normal"' if _LETTERS[name].isupper() else ""
            return f"<mi{upright}>{_LETTERS[name]}</mi>", False
        if name in _SIGNS:
            return f"<mo{_flat(_SIGNS[name])}>{escape(_SIGNS[name])}</mo>", False
        if name in _BIG:
            return f'<mo movablelimits="true">{_BIG[name]}</mo>', name != "int"
        if name in _NAMED:
            return f"<mi>{name}</mi>", name in _LIMITS
        if name in _SPACES:
            return _space(_SPACES[name]), False
        if name in _IGNORED:
            return "", False
        if name in ("frac", "tfrac", "dfrac"):
            fraction = f"<mfrac>{self.argument()}{self.argument()}</mfrac>"
            return f'<mstyle displaystyle="true">{fraction}</mstyle>' if name == "dfrac" else fraction, False
        if name == "binom":
            above, below = self.argument(), self.argument()
            return f'<mrow><mo>(</mo><mfrac linethickness="0">{above}{below}</mfrac><mo>)</mo></mrow>', False
        if name == "sqrt":
            return f"<msqrt>{self.argument()}</msqrt>", False
        if name in ("text", "textrm", "textbf", "textit", "mbox", "operatorname", "operatorname*"):
            words = self.verbatim()
            if name.startswith("operatorname"):
                return f"<mi>{escape(words.replace(chr(92) + ',', ' '))}</mi>", name.endswith("*")
            return f"<mtext>{escape(words).replace(' ', chr(160))}</mtext>", False
        if name in _STYLES:
            return self.styled(_STYLES[name]), False
        if name in _ACCENTS:
            return f'<mover accent="true">{self.argument()}<mo>{_ACCENTS[name]}</mo></mover>', False
        if name in ("underbrace", "overbrace"):
            tag, brace = ("munder", "⏟") if name == "underbrace" else ("mover", "⏞")
            return f"<{tag}>{self.argument()}<mo>{brace}</mo></{tag}>", True
        if name in ("underset", "overset", "stackrel"):
            mark, base = self.argument(), self.argument()
            tag = "munder" if name == "underset" else "mover"
            return f"<{tag}>{base}{mark}</{tag}>", False
        if name == "left":
            return self.fenced(), False
        if name.rstrip("lrm") in _SIZES:
            return self.delimiter('stretchy="true" minsize="1.4em"'), False
        if name == "begin":
            return self.table(), False
        if name == "not":
            return f"<mo>{escape(re.sub('<[^>]*>', '', self.atom()[0]))}&#x338;</mo>", False
        if name in ("color", "label", "tag", "phantom", "hspace"):
            self.verbatim()
            return "", False
        raise ValueError(rf"\{name} is not known in the formula {self.tex!r}")

    def verbatim(self):
        """The text of the next group, as it is written."""
        position = self._spaced_at()
        self.take("{")
        words, depth = [], 1
        for token in self.spaced[position + 1 :]:
            depth += (token == "{") - (token == "}")
            if not token.isspace():
                self.at += 1
            if depth == 0:
                return "".join(words).replace("\\ ", " ").replace("$", "")
            words.append(token)
        raise ValueError(f"a brace is not closed in the formula {self.tex!r}")

    def _spaced_at(self):
        """Where the next token stands among the tokens with their blanks."""
        solid = [i for i, token in enumerate(self.spaced) if not token.isspace()]
        return solid[self.at] if self.at < len(solid) else len(self.spaced)

    def styled(self, variant):
        inside = self.argument()

        def restyle(match):
            letter = match[2]
            if variant == "script":
                return f"<mi>{_SCRIPT.get(letter) or _shifted(letter, 0x1D49C)}</mi>"
            if variant == "double-struck":
                return f"<mi>{_DOUBLE.get(letter) or _shifted(letter, 0x1D538)}</mi>"
            if variant == "bold":
                return f'<mi mathvariant="normal">{_shifted(letter, 0x1D400)}</mi>'
            if variant == "normal":
                return f'<mi mathvariant="normal">{letter}</mi>'
            return match[0]

        if variant == "normal" and re.fullmatch(r"<mrow>(<mi>\w</mi>)+</mrow>", inside):
            return f"<mi>{''.join(re.findall(r'<mi>(.)</mi>', inside))}</mi>"
        return re.sub(r"<mi( [^>]*)?>(.)</mi>", restyle, inside)

    def delimiter(self, attributes):
        token = self.take()
        sign = _SIGNS.get(token[1:]) if token.startswith("\\") else token
        if sign is None:
            raise ValueError(f"{token} is no delimiter in the formula {self.tex!r}")
        return "" if sign == "." else f"<mo {attributes}>{escape(sign)}</mo>"

    def fenced(self):
        opening = self.delimiter('fence="true"')
        parts = [self.row((r"\right", r"\middle"))]
        while self.peek() == r"\middle":
            self.take()
            parts.append(self.delimiter('fence="true"'))
            parts.append(self.row((r"\right", r"\middle")))
        self.take(r"\right")
        return f"<mrow>{opening}{''.join(parts)}{self.delimiter('fence=' + chr(34) + 'true' + chr(34))}</mrow>"

    def table(self):
        name = self.verbatim()
        if name not in _FENCES:
            raise ValueError(f"the environment {name} is not known in the formula {self.tex!r}")
        if name in ("array", "alignedat"):
            self.verbatim()
        rows = [[]]
        while True:
            rows[-1].append(self.row(("&", r"\\", r"\end")))
            stop = self.take()
            if stop == r"\\":
                if self.peek() == "[":  # extra room below a row
                    while self.take() != "]":
                        pass
                rows.append([])
            elif stop == r"\end":
                break
        if self.verbatim() != name:
            raise ValueError(f"{name} is not ended in the formula {self.tex!r}")
        if rows[-1] == ["<mrow></mrow>"]:
            rows.pop()
        aligned = name.startswith(("align", "split", "eqnarray"))
        sides = ["right", "left"] if aligned else ["left"] if name == "cases" else ["center"]
        body = "".join(
            "<mtr>"
            + "".join(f'<mtd style="text-align:{sides[c % len(sides)]}">{cell}</mtd>' for c, cell in enumerate(row))
            + "</mtr>"
            for row in rows
        )
        style = ' displaystyle="true"' if aligned or name.startswith(("gather", "equation")) else ""
        left, right = (f'<mo fence="true">{f}</mo>' if f != " " else "" for f in _FENCES[name])
        return f"<mrow>{left}<mtable{style}>{body}</mtable>{right}</mrow>"


def _shifted(letter, start):
    if "A" <= letter <= "Z":
        return chr(start + ord(letter) - ord("A"))
    if "a" <= letter <= "z":
        return chr(start + 26 + ord(letter) - ord("a"))
    return letter


def _flat(sign):
    """Fences stand at their natural size unless \\left and \\right ask for more."""
    return ' stretchy="false"' if sign in "()[]{}|‖⟨⟩" else ""


def _space(ems):
    return f'<mspace width="{ems}em"></mspace>'
