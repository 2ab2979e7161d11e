"""Answers as people write them: 7/4, "7/4", "3/2 ln 2", "-5.25 bits", "nu = 7", ["B"], "c, a". What is unclear raises.

`numbers` and `letters` raise `Unread` with a sentence for whoever wrote the answer.
"""

import math
import re
from fractions import Fraction
from numbers import Number

import numpy as np

from emtutor.maths import em
from emtutor.tutor import values

LONGEST = 200  # characters of one number
_SIGNS = str.maketrans(
    {"−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", "⁄": "/", "√": " sqrt ", "π": " pi "}
)
_FRACTION = re.compile(r"\\?[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_UNIT = re.compile(r"(?<![a-z])(nats?|bits?)\.?$")
_TOKEN = re.compile(r"\s*(?:(\d+(?:[.,]\d*)?(?:e[+-]?\d+)?|[.,]\d+)|(log2|log10)(?=\s*\()|([a-z]+)|(\*\*|[-+*/^()]))")
_FUNCTIONS = {"ln": math.log, "log": math.log, "log2": math.log2, "log10": math.log10, "exp": math.exp,
              "sqrt": math.sqrt}  # fmt: skip
_CONSTANTS = {"e": math.e, "pi": math.pi}


class Unread(ValueError):
    """An answer that cannot be read as what is asked for; the message is a sentence."""


def is_open(answer):
    """True if nothing was answered: `...`, None, an empty text or list, a list of such, or a stub."""
    if answer is ... or answer is None:
        return True
    if isinstance(answer, str):
        return not answer.strip(" .?-_")
    if isinstance(answer, (list, tuple)):
        return all(is_open(item) for item in answer)
    if isinstance(answer, np.ndarray):
        return answer.size == 0
    return callable(answer) and em.is_stub(answer)


# ---- numbers


def numbers(answer, count, wide=False):
    """(count,) floats, NaN for an item left open. wide: "ln 1/8" is ln(1/8), and not (ln 1)/8."""
    items = _items(answer, count)
    if len(items) != count:
        there = "is 1" if len(items) == 1 else f"are {len(items)}"
        raise Unread(f"{count} number{'s are' if count > 1 else ' is'} expected; there {there}.")
    return np.array([math.nan if is_open(item) else _number(item, wide) for item in items])


def _items(answer, count):
    if isinstance(answer, np.ndarray):
        answer = answer.ravel().tolist()
    if isinstance(answer, str):
        return _pieces(answer, count)
    while isinstance(answer, (list, tuple)) and len(answer) == 1 and isinstance(answer[0], (list, tuple)):
        answer = answer[0]
    return list(answer) if isinstance(answer, (list, tuple)) else [answer]


def _pieces(text, count):
    """A list that was written as one text. A comma between digits may stand for the point."""
    text = text.strip()
    if re.fullmatch(r"\[.*\]|\{.*\}", text, re.S) or (count > 1 and re.fullmatch(r"\([^()]*\)", text, re.S)):
        text = text[1:-1]
    if count == 1:
        return [text]
    for between in (r"[;\n]", r",\s+", r","):
        parts = re.split(between, text)
        if len(parts) == count:
            break
    return parts


def _number(item, wide):
    if isinstance(item, str):
        return _written(item, wide)
    if isinstance(item, (bool, np.bool_)):
        raise Unread(f"A number is expected; {bool(item)} is none.")
    if not isinstance(item, (Number, np.ndarray, list, tuple, Fraction)):
        raise Unread(f"A number is expected; this is {_kind(item)}.")
    try:
        a = values.value(values.plain(item)).a
    except values.Odd:
        raise Unread(f"A number is expected, a real one that is not too large; this is {_kind(item)}.") from None
    if a.size != 1:
        raise Unread("Single numbers are expected, not a list within a list.")
    return float(a.ravel()[0])


def _kind(item):
    return "a function" if callable(item) else f"of type {type(item).__name__}"


def _written(text, wide):
    """The value of a text: arithmetic with ln, log, log2, exp, sqrt, e and pi; nats and bits; after the last "="."""
    plain = _FRACTION.sub(r"((\1)/(\2))", text.translate(_SIGNS).lower()).replace("\\", " ")
    plain = re.sub(r"(?<=\d)\s*:\s*(?=\d)", "/", plain)  # 7:4
    plain = re.split(r"[=≈~:]", plain)[-1].strip(" $")
    plain = re.sub(r"^(?:line|row|number|no\.)\s*(?=[\d(])", "", plain)
    plain = re.sub(r"(\d+)\s+(\d+)\s*/\s*(\d+)", r"(\1+\2/\3)", plain)  # 3 1/2
    factor = 1.0
    if unit := _UNIT.search(plain):
        plain, factor = plain[: unit.start()].strip(), math.log(2) if unit[1].startswith("bit") else 1.0
    if plain.endswith("%"):
        plain, factor = plain[:-1], 0.01
    try:
        if len(plain) > LONGEST:
            raise Unread("it is too long")
        value = factor * _Arithmetic(plain, wide).value()
        if isinstance(value, complex) or not math.isfinite(value):
            raise ArithmeticError
        return value
    except (Unread, ArithmeticError, ValueError, RecursionError) as error:
        why = error if isinstance(error, Unread) else "it has no finite real value"
        shown = "".join(c for c in text if c.isprintable())[:60]
        raise Unread(f'"{shown}" cannot be read as a number ({why}): write it like 7/4, 1.75 or "3/2 ln 2".') from None


class _Arithmetic:
    """Recursive descent; two factors side by side are multiplied, as in "3/2 ln 2"."""

    def __init__(self, text, wide):
        self.tokens, self.wide, at = [], wide, 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if not found:
                raise Unread(f"what is {text[at:].strip()[:12]}?")
            self.tokens.append(found[0].strip())
            at = found.end()

    def value(self):
        value = self.sum()
        if self.tokens:
            raise Unread(f"what is {self.tokens[0]} here?")
        return value

    def sum(self):
        value = self.product()
        while self.next() in ("+", "-"):
            value += self.product() if self.tokens.pop(0) == "+" else -self.product()
        return value

    def product(self):
        value = self.factor()
        while (sign := self.next()) in ("*", "/") or sign[:1].isalnum() or sign in ("(",):
            if sign in ("*", "/"):
                self.tokens.pop(0)
            value = value / self.factor() if sign == "/" else value * self.factor()
        return value

    def factor(self):
        if self.next() in ("+", "-"):
            return self.factor() if self.tokens.pop(0) == "+" else -self.factor()
        value = self.atom()
        if self.next() in ("**", "^"):
            self.tokens.pop(0)
            value = value ** self.factor()
        return value

    def atom(self):
        token = self.tokens.pop(0) if self.tokens else ""
        if token == "(":
            value = self.sum()
            if not self.tokens or self.tokens.pop(0) != ")":
                raise Unread("a parenthesis is not closed")
            return value
        if token in _FUNCTIONS:
            whole = self.wide and self.next() != "("
            return _FUNCTIONS[token](self.product() if whole else self.factor())
        if token in _CONSTANTS:
            return _CONSTANTS[token]
        try:
            return float(token.replace(",", "."))
        except ValueError:
            raise Unread(f"what is {token}?" if token else "something is missing") from None

    def next(self):
        return self.tokens[0] if self.tokens else ""


# ---- letters


def letters(answer):
    """The letters and digits of a choice, upper case: "c, a" and ["C", "A"] are both "CA"."""
    if isinstance(answer, np.ndarray):
        answer = answer.ravel().tolist()
    if isinstance(answer, (list, tuple)):
        return "".join(letters(item) for item in answer)
    if not isinstance(answer, str):
        raise Unread(f'A text in quotation marks is expected, such as "B"; this is {_kind(answer)}.')
    return "".join(c for c in str.upper(answer) if c.isalnum())


def letter(answer):
    """One letter, whatever stands around it: "b)", ["B"] and "Answer B" are all "B"."""
    if isinstance(answer, str):
        alone = re.findall(r"(?<![^\W_])[A-Z](?![^\W_])", answer.upper())
        answer = alone[0] if len(alone) == 1 else answer
    got = letters(answer)
    if len(got) != 1:
        raise Unread(f"One letter is expected; there are {len(got)} letters or digits.")
    return got


def signs(answer):
    """True and false, one sign each: T, F, or - for one left open, from a text or a list of whatever means them."""
    if isinstance(answer, np.ndarray):
        answer = answer.ravel().tolist()
    if isinstance(answer, str):
        answer = re.sub(r"(?i)\b(?:true|false)\b", lambda word: word[0][0], answer.replace("\N{MINUS SIGN}", "-"))
    items = answer if isinstance(answer, (list, tuple, str)) else [answer]
    return "".join(_sign(item) for item in items)


def _sign(item):
    if is_open(item):
        return "" if item in (" ", "\n", "\t") else "-"
    if isinstance(item, (bool, np.bool_)):
        return "T" if item else "F"
    if isinstance(item, str) and item.strip().lower() in ("true", "false"):
        return item.strip()[0].upper()
    return "" if item in (",", ";") else letters(item)
