"""From a finding to its sentence. Sentences are made here, last, and are never read again.

A relation is a template. {It} and {it} are what the sentence speaks of ("Your r", "the line"), {is}, {has}, {does},
{change}, {hold} its verbs, {one} is "the right one" or "the right ones"; the finding's objects have their own names.
"""

import string

import numpy as np

NICE = {
    2: "twice", 0.5: "half", 4: "four times", 0.25: "a quarter of", 3: "three times", 1 / 3: "a third of",
    1 / np.log(2): "1/ln 2 times", np.log(2): "ln 2 times", 1 / np.log(10): "1/ln 10 times", np.pi: "pi times",
    2 * np.pi: "2 pi times", 1 / (2 * np.pi): "1/(2 pi) times", np.sqrt(2 * np.pi): "sqrt(2 pi) times",
    1 / np.sqrt(2 * np.pi): "1/sqrt(2 pi) times", np.sqrt(2): "sqrt 2 times", np.sqrt(0.5): "1/sqrt 2 times",
    1: "exactly",
}  # fmt: skip
COEFFICIENTS = {1.0: "", 0.5: "half of ", 2.0: "twice ", 1.5: "3/2 of ", 0.25: "a quarter of ", 3.0: "three times ",
                4.0: "four times "}  # fmt: skip
NUMBERS = {np.log(2): "ln 2", np.log(4): "ln 4", np.log(3): "ln 3", np.log(2 * np.pi): "ln 2π",
           np.log(2 * np.pi) / 2: "half of ln 2π", np.log(np.pi): "ln π", np.log(10): "ln 10"}  # fmt: skip
AXES = {"n": ("point", "points"), "k": ("component", "components"), "d": ("column", "columns"),
        "t": ("time step", "time steps"), "a": ("row", "rows"), "b": ("column", "columns"),
        "p": ("parameter", "parameters"), "m": ("entry", "entries")}  # fmt: skip

ARGUMENT = "{It} {is} {amount}{one} "  # how a relation begins that tells what stood in an argument's place
REWRITE = "{It} {is} {amount}what comes out "  # and one that tells how the formula was changed


def nice(c):
    """A constant in words ("minus twice" for -2), or None if it is none that has a name."""
    for value, words in NICE.items():
        if abs(abs(c) - value) <= 1e-6 * value:
            return words if c > 0 else f"minus {words}"
    return None


def named(c, table):
    """The name of |c| in COEFFICIENTS or NUMBERS, or None."""
    return next((words for value, words in table.items() if np.isclose(abs(c), value, rtol=1e-6)), None)


def axis(letter):
    """("point", "points"): what an axis runs over."""
    return AXES.get(letter, ("entry", "entries"))


def listed(names):
    """ "pi", "pi and mu", "pi, mu and Sigma"."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def number(c):
    """A number as one writes it by hand."""
    return f"{c + 0.0:.4g}" if abs(abs(c) - 1) > 1e-3 or c in (0, 1, -1) else f"{c:.9g}"


def sentence(finding, subject=None):
    """The finding in a sentence or two: of "your r", or of any `subject` such as "line 3"."""
    it = subject or f"your {finding.name}"
    several = not subject and plural(finding.name)
    words = {
        "It": it[0].upper() + it[1:],
        "it": it,
        "yours": f"that of {subject}" if subject else "yours",
        "You": "It" if subject else "You",
        "your": "its" if subject else "your",
        "name": finding.name,
        "one": "the right ones" if several else "the right one",
        "amount": _amount(finding.objects.get("c", 1.0)),
        **dict(zip(_VERBS, _PLURAL if several else _VERBS, strict=True)),
        **finding.objects,
    }
    text = _Lenient().format(finding.relation, **words)
    if np.isclose(finding.objects.get("c", 1.0), -1) and "{amount}" in finding.relation:
        text = f"Apart from its sign {text[0].lower()}{text[1:]}"
    text = _lead(finding) + text + _asked(text, finding.question)
    if finding.besides:
        text += f" Besides, there is no finite number for this problem: {finding.besides}."
    return text


_VERBS = ("is", "has", "does", "changes", "holds", "mixes", "adds", "comes", "differs")
_PLURAL = ("are", "have", "do", "change", "hold", "mix", "add", "come", "differ")


def plural(name):
    """True for a name such as "labels"."""
    return len(name) > 3 and name.endswith("s") and not name.endswith(("ss", "us", "is")) and name.islower()


class _Lenient(string.Formatter):
    """A formula in an object may hold braces; a missing name is a mistake of ours, and an error."""

    def check_unused_args(self, used_args, args, kwargs):
        return


def _amount(c):
    return "" if np.isclose(abs(c), 1) else f"{nice(c)} "


def _lead(finding):
    """Of several outputs: which are right, and which one the sentence speaks of."""
    right, wrong = finding.others
    if finding.part is None:
        return ""
    lead = f"{listed(right)} {'is' if len(right) == 1 else 'are'} right. " if right else ""
    if len(wrong) > 1:
        first = finding.part == wrong[0] or not right
        lead += f"First look at {finding.part}. " if first else f"{listed(wrong)} are not; first {finding.part}. "
    return lead


def _asked(text, question):
    """The question after the statement: a new sentence if it is one of its own."""
    if not question:
        return "." * (text[-1:] not in (".", "?"))
    own = question[0].isupper()
    return f". {question}" if own else f": {question}"
