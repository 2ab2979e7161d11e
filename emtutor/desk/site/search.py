"""The index of a site's sections, for a search that needs no server: a word is found by its beginning."""

import json
import re
from collections import Counter
from html import unescape
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]{2,}")
_HEADING = re.compile(r'<h[1-4] id="([^"]+)">(.*?)</h[1-4]>', re.S)
_FORMULA = re.compile(r"<math.*?</math>", re.S)
_TAG = re.compile(r"<[^>]*>")
EXCERPT = 160


class Section(NamedTuple):
    """A part of a lesson under one heading: where it is, of which lesson, and what it says."""

    address: str
    lesson: str
    heading: str
    text: str


def sections(page, title, texts):
    """The Sections of a lesson. page: its address in the site; texts: the HTML of each of its text cells."""
    found = [[f"{page}#text", title, title, ""]]
    for text in texts:
        before, *rest = _HEADING.split(text)
        found[-1][3] += " " + _plain(_FORMULA.sub(" ", before))
        for anchor, heading, body in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            if _plain(heading) != title:
                found.append([f"{page}#{unescape(anchor)}", title, _plain(heading), ""])
            found[-1][3] += " " + _plain(_FORMULA.sub(" ", body))
    return [Section(*fields) for fields in found]


def _plain(html):
    """The words of it."""
    return " ".join(unescape(_TAG.sub("", html)).split())


def index(sections):
    """The script that brings the index: {"s": [[address, lesson, heading, excerpt]], "w": {word: [sections]}}.

    A word's sections are in order of how often they hold it.
    """
    where: dict = {}
    for at, section in enumerate(sections):
        for word, often in Counter(_WORD.findall(f"{section.heading} {section.text}".lower())).items():
            where.setdefault(word, []).append((-often, at))
    shown = [[s.address, s.lesson, s.heading, s.text.strip()[:EXCERPT]] for s in sections]
    words = {word: [at for _, at in sorted(places)] for word, places in sorted(where.items())}
    data = json.dumps({"s": shown, "w": words}, ensure_ascii=False, separators=(",", ":"))
    return f"window.emtutorIndex={data}"
