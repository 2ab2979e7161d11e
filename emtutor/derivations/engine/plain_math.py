"""LaTeX in plain text: `plain(r"\\frac{1}{R_j} \\sum_i r_{ij} x_i")` is "1/R_j Σ_i r_ij x_i".

For terminals, screen readers and tests that compare text. It knows the commands that the derivations use; one that it
does not know stays as its own name.
"""

import re

_WORDS = {
    "alpha": "α", "beta": "β", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ", "sigma": "σ", "phi": "φ", "psi": "ψ",
    "Sigma": "Σ",
    "Delta": "Δ", "Lambda": "Λ", "Psi": "Ψ", "sum": "Sum", "prod": "Product", "nabla": "∇", "partial": "∂",
    "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "to": "→", "Rightarrow": "⇒", "infty": "∞",
    "cdot": "·", "times": "×", "in": "in", "mid": "|", "parallel": "||", "|": "||", "top": "T", "propto": "∝",
    "odot": "·", "pm": "±", "approx": "≈", "dots": "...", "ldots": "...", "cdots": "...", "lVert": "|", "rVert": "|",
    "lvert": "|", "rvert": "|", "langle": "⟨", "rangle": "⟩", "prime": "'", "mathrm": "", "mathcal": "",
    "mathbb": "", "mathbf": "", "text": "", "operatorname": "", "left": "", "right": "", "bigl": "", "bigr": "",
    "Bigl": "", "Bigr": "", "big": "", "Big": "", "displaystyle": "", "quad": "  ", "qquad": "    ", "ell": "l",
    ",": "",
    ";": " ", ":": " ", "!": "", "{": "{", "}": "}", " ": " ", "limits": "",
}  # fmt: skip
_FUNCTIONS = {"log", "exp", "det", "max", "min", "arg", "lim", "tr", "cov"}


def plain(latex):
    """The formula in one line of plain text."""
    text, _ = _group(latex, 0, top=True)
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s+([,.;)\]])", r"\1", text)
    return re.sub(r"([(\[])\s+", r"\1", text)


def _group(s, i, top=False):
    """The text of s from i to the closing brace."""
    out = []
    while i < len(s):
        if s[i] == "}" and not top:
            return "".join(out), i + 1
        piece, i = _atom(s, i)
        out.append(piece)
    return "".join(out), i


def _atom(s, i):
    c = s[i]
    if c == "{":
        return _group(s, i + 1)
    if c == "\\":
        return _command(s, i)
    if c in "_^":
        return _script(s, i)
    if c in "~\n":
        return " ", i + 1
    return ("" if c in "&$" else c), i + 1


def _command(s, i):
    name = re.match(r"\\([A-Za-z]+|.)", s[i:], re.S).group(1)
    i += 1 + len(name)
    if name == "\\":
        return " ", i
    if name in ("frac", "tfrac", "dfrac"):
        above, i = _argument(s, i)
        below, i = _argument(s, i)
        below = below.strip().replace("∂ ", "∂")
        return f"{_closed(above.strip().replace('∂ ', '∂'))}/{_closed(below)} ", i
    if name == "sqrt":
        inner, i = _argument(s, i)
        return f"√{_closed(inner, always=True)}", i
    if name in ("underbrace", "overline", "bar", "hat", "tilde"):
        inner, i = _argument(s, i)
        marks = {"bar": "mean ", "hat": "^", "tilde": "~"}
        return f"{marks.get(name, '')}{inner}", i
    if name in ("text", "mathrm", "operatorname", "textstyle"):
        inner, i = _argument(s, i)
        return inner, i
    if name in _FUNCTIONS:
        space = " " if i < len(s) and s[i] not in "_^" else ""
        return f" {name}{space}", i
    word = _WORDS.get(name, name)
    return (f" {word} " if name in ("sum", "prod", "le", "ge", "leq", "geq", "ne", "to", "Rightarrow", "mid", "in",
                                    "cdot", "times", "parallel", "propto", "approx", "|") and
            not (name in ("sum", "prod") and i < len(s) and s[i] == "_") else
            f" {word}" if name in ("sum", "prod") else word), i  # fmt: skip


def _script(s, i):
    inner, j = _argument(s, i + 1)
    inner = inner.strip()
    if s[i] == "^":
        if inner in ("'", "''", "T"):
            return ("'" if inner == "'" else "^T"), j
        return "^" + _closed(inner), j
    short = len(inner) <= 3 and " " not in inner
    after = " " if j < len(s) and s[j] not in "_^,)|}]" else ""
    sum_before = re.search(r"\\(sum|prod|log|max|min|lim)$", s[:i]) is not None
    return (f"_{inner}" if short or inner.isalnum() else f"_({inner})") + (after if sum_before else ""), j


def _argument(s, i):
    while i < len(s) and s[i] == " ":
        i += 1
    return _atom(s, i) if i < len(s) else ("", i)


def _closed(text, always=False):
    """In brackets, if without them it could be read wrongly."""
    text = text.strip()
    if not always and re.fullmatch(r"[\w'.∂∇]+|∂[\w']+|-?\w+|\w+\([^()]*\)|\([^()]*\)", text):
        return text
    return f"({text})"
