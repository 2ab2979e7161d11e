"""HTML that can be shown in a page of ours whoever wrote it: `safe(html)`.

A notebook's text and outputs may hold any markup. What is kept here is structure, simple looks, links, pictures,
formulas and drawings; what a browser would run or lay over the page is taken out. nh3 reads markup as a browser does,
so it is judged by what it is and not by how it is spelt.
"""

import re

import nh3

_MATH = {"math", "merror", "mfrac", "mi", "mn", "mo", "mover", "mpadded", "mphantom", "mroot", "mrow",
         "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr",
         "munder", "munderover"}  # fmt: skip
_DRAWN = {"svg", "g", "path", "circle", "ellipse", "line", "polyline", "polygon", "rect", "text", "tspan"}
_OF_MATH = {"accent", "accentunder", "alttext", "depth", "display", "displaystyle", "fence", "form",
            "height", "largeop", "linethickness", "lspace", "mathvariant", "maxsize", "minsize",
            "movablelimits", "rspace", "scriptlevel", "separator", "stretchy", "symmetric", "voffset",
            "width"}  # fmt: skip
_OF_DRAWN = {"cx", "cy", "d", "dx", "dy", "fill", "fill-opacity", "fill-rule", "font-family", "font-size",
             "font-weight", "height", "opacity", "points", "preserveAspectRatio", "r", "rx", "ry", "stroke",
             "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-opacity", "stroke-width",
             "text-anchor", "transform", "viewBox", "width", "x", "x1", "x2", "y", "y1", "y2"}  # fmt: skip
_OF_ALL = {"class", "id", "title", "role", "lang", "dir", "style"}
# No position and no transform: nothing leaves its place in the page
_LOOKS = {"background", "background-color", "border", "border-bottom", "border-collapse", "border-color",
          "border-left", "border-radius", "border-right", "border-spacing", "border-style", "border-top",
          "border-width", "color", "font-family", "font-size", "font-style", "font-weight",
          "letter-spacing", "line-height", "margin", "margin-bottom", "margin-left", "margin-right", "margin-top",
          "max-height", "max-width", "min-width", "overflow-wrap", "overflow-x", "padding",
          "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align", "text-decoration",
          "vertical-align", "white-space", "width"}  # fmt: skip
_CALLS = {"var", "rgb", "rgba", "hsl", "hsla", "translate", "rotate", "scale", "matrix"}  # url( would ask another host
_CALL = re.compile(r"([\w-]*)\(")
_NEGATIVE = re.compile(r"-[\d.]")
_PICTURE = re.compile(r"\s*data:image/", re.I)
_DATA = re.compile(r"\s*data:", re.I)


def safe(html):
    """The markup without what could run, lead astray or cover the page; its words stay."""
    return _CLEANER.clean(html)


def _kept(tag, name, value):
    """The attribute's value, or None where it may not stand."""
    if name == "style":
        return ";".join(part for part in value.split(";") if _is_look(part)) or None
    if name == "src":
        return value if _PICTURE.match(value) or not _DATA.match(value) else None
    if name in ("href", "cite"):
        return None if _DATA.match(value) else value
    return value if tag not in _DRAWN or _is_plain(value) else None


def _is_look(declaration):
    name, _, value = declaration.partition(":")
    name = name.strip().lower()
    return name in _LOOKS and _is_plain(value) and not (name.startswith("margin") and _NEGATIVE.search(value))


def _is_plain(value):
    return "\\" not in value and "/*" not in value and {call.lower() for call in _CALL.findall(value)} <= _CALLS


_CLEANER = nh3.Cleaner(
    tags=nh3.ALLOWED_TAGS | _MATH | _DRAWN | {"details", "summary"},
    clean_content_tags={"script", "style", "title"},
    attributes={
        **nh3.ALLOWED_ATTRIBUTES,
        **dict.fromkeys(_MATH, _OF_MATH),
        **dict.fromkeys(_DRAWN, _OF_DRAWN),
        "details": {"open"},
        "*": _OF_ALL,
    },
    generic_attribute_prefixes={"aria-"},
    attribute_filter=_kept,
    url_schemes={"http", "https", "mailto", "data"},
    link_rel=None,
)
