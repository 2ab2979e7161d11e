"""Links of a site: lessons lead to lessons, and a link that leads nowhere is found before anybody follows it."""

import re
from html import escape, unescape
from urllib.parse import quote, unquote

_LESSON = re.compile(r'href="([\w-]+)\.ipynb(#[^"]*)?"')
_TARGET = re.compile(r'\b(?:href|src)="([^"]*)"')
_ID = re.compile(r'\bid="([^"]+)"')


def to_pages(html):
    """The HTML with its links to notebooks leading to their pages."""
    return _LESSON.sub(lambda m: f'href="{m[1]}.html{m[2] or ""}"', html)


def anchors(html):
    """What a link into this page can name."""
    return {unescape(name) for name in _ID.findall(html)}


def fragment(anchor):
    """`anchor` as it stands in an address."""
    return escape(quote(anchor, safe="/:,.()'=+"), quote=True)


def dead(folder, outside=()):
    """["page: target", ...]: links and pictures of the pages in `folder` that lead nowhere.

    outside: beginnings of addresses that are not of the site; any other address of another host is dead too.
    """
    pages = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.html"))}
    known = {name: anchors(html) for name, html in pages.items()}
    lost = []
    for name, html in pages.items():
        for target in sorted(set(map(unescape, _TARGET.findall(html)))):
            file, _, anchor = target.partition("#")
            file = unquote(file.partition("?")[0])
            if target.startswith(("data:", *outside)):
                continue
            there = not file or file in known or (folder / file).is_file()
            if not there or (anchor and unquote(anchor) not in known.get(file or name, ())):
                lost.append(f"{name}: {target}")
    return lost
