"""What stands around a page of the site: contents, search, the ways to open a lesson, previous and next."""

import re
from html import escape, unescape
from pathlib import PurePosixPath

from emtutor.desk.site import links

_HEADING = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>', re.S)
_TAGS = re.compile(r"<(?!/?(?:math|m[a-z]+|code)\b)[^>]*>")


def lesson(stem, contents, body, near, ways):
    """The page of a lesson. contents: {stem: title} of all pages; near: the stems before and after, or None."""
    note = (
        '<p class="note" data-testid="emt-page-note">A copy to read: players step and predictions answer here. '
        f"To write and check the exercises, open this lesson {_ways(ways.of(f'{stem}.ipynb'))}.</p>"
    )
    return _page(stem, contents[stem], contents, f"{note}\n{body}", near)


def plain(stem, contents, body):
    """A page that is no lesson."""
    return _page(stem, contents[stem], contents, f"<h1>{escape(contents[stem])}</h1>\n{body}", (None, None))


def start(contents, gives, map_in_words, ways):
    """The first page: what this is, the map, and what each lesson gives. gives: {stem: HTML}."""
    lessons = "\n".join(
        f'<section><h3><a href="{stem}.html">{escape(contents[stem])}</a></h3>{_gives(given)}'
        f'<p class="ways">Open it {_ways(ways.of(f"{stem}.ipynb"))}.</p></section>'
        for stem, given in gives.items()
    )
    first = next(iter(gives))
    clone = f"git clone https://github.com/{ways.repository}\ncd {PurePosixPath(ways.repository).name}\n"
    body = f"""<h1>The EM algorithm, run</h1>
<p>A lecture that you can run, step through, and be corrected by. Every formula is re-derived in numbers, a tutor names
the mistake you made, and a player steps EM, half-step by half-step, on your own code. These pages are there to read:
films play, chains unfold, predictions answer.</p>
<p><a class="button" href="{first}.html">Begin: {escape(contents[first])}</a></p>
<h2 id="map">The map</h2>
<p class="wide"><img src="map.png" alt="{escape(map_in_words, quote=True)}"></p>
<h2 id="lessons">The lessons, and what each gives</h2>
{lessons}
<h2 id="install">Install it</h2>
<p>With Python 3.11 or newer, in a clone of the repository; the course opens in JupyterLab:</p>
<pre tabindex="0">{escape(clone) if ways.repository else ""}make lab</pre>
<p>Without make, on Windows for example: <code>python -m pip install ".[lab]"</code>, then <code>emtutor lab</code>.</p>
"""
    return _page("index", "The EM algorithm, run", contents, body, (None, first))


def _gives(html):
    return f"<p>You will be able to</p>{html}" if html else ""


def _ways(found):
    return " | ".join(f'<a href="{escape(address, quote=True)}">{escape(name)}</a>' for name, address in found)


def _page(stem, title, contents, body, near):
    inside = "".join(
        f'<li><a href="#{links.fragment(unescape(anchor))}">{_TAGS.sub("", text)}</a></li>'
        for anchor, text in _HEADING.findall(body)
    )
    entries = "".join(
        f'<li><a href="{name}.html"{" aria-current=page" if name == stem else ""}>{escape(words)}</a>'
        f"{f'<ul>{inside}</ul>' if name == stem and inside else ''}</li>"
        for name, words in contents.items()
    )
    steps = "".join(
        f'<a rel="{rel}" href="{to}.html"><small>{word}</small> {escape(contents[to])}</a>'
        for to, word, rel in zip(near, ("Previous", "Next"), ("prev", "next"), strict=True)
        if to
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} | emtutor</title>
<link rel="stylesheet" href="site.css"><script defer src="site.js"></script></head>
<body><a class="skip" href="#text">To the text</a>
<header><details class="menu"><summary>Contents</summary><nav aria-label="lessons"><ul>{entries}</ul></nav></details>
<form role="search"><label for="q">Search</label> <input id="q" type="search" autocomplete="off">
<ol id="found" aria-live="polite" aria-label="found"></ol></form></header>
<main id="text" tabindex="-1">
{body}
<nav class="step" aria-label="previous and next lesson">{steps}</nav></main></body></html>
"""
