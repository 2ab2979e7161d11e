"""Pictures and films of a site as files of their own, so that the text of a page is there at once."""

import base64
import hashlib
import json
import re
from html import escape
from io import BytesIO
from itertools import count
from pathlib import Path

from PIL import Image

from emtutor.desk.cells import Keep

SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/svg+xml": "svg"}


def beside(folder, stem):
    """The Keep that writes what is large to `folder`/pictures and `folder`/films, for the page `stem`.

    A film is a script: a browser fetches one from a disk too, where it refuses any other file.
    """
    folder, numbers = Path(folder), count(1)
    for name in ("pictures", "films"):
        (folder / name).mkdir(parents=True, exist_ok=True)

    def picture(kind, content):
        raw = base64.b64decode(content)
        raw = _light(raw) if kind == "image/png" else raw
        name = f"pictures/{stem}-{hashlib.sha256(raw).hexdigest()[:10]}.{SUFFIXES[kind]}"
        (folder / name).write_bytes(raw)
        return name

    def film(state):
        base = f"films/{stem}-{next(numbers)}"
        for key, text in state["films"].items():
            quoted = json.dumps(text, ensure_ascii=False)
            name = address(base, key)
            (folder / name).write_text(f"emtutorFilm({json.dumps(name)},{quoted})", encoding="utf-8")
        about = {**state, "films": dict.fromkeys(state["films"], ""), "base": base}
        return f'<template data-about="{escape(json.dumps(about, ensure_ascii=False), quote=True)}"></template>'

    return Keep(film, picture)


def _light(png):
    """The same picture in at most 256 colours, which a plot does not exceed by much: a third of the bytes. What is
    transparent stays so: the page may be dark.
    """
    picture, file = Image.open(BytesIO(png)).convert("RGBA"), BytesIO()
    if picture.getextrema()[3][0] == 255:
        few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    else:
        few = picture.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(file, "png", optimize=True)
    return min(png, file.getvalue(), key=len)


def address(base, key):
    """The file of the film of choice `key`, "1/0" say; site.js knows it too."""
    return "-".join([base, *key.split("/")]).rstrip("-") + ".js"


def lazily(html, folder):
    """The HTML with its pictures fetched only when they come near; the room for them is there before."""

    def sized(match):
        raw = (Path(folder) / match[1]).read_bytes()
        width, height = int.from_bytes(raw[16:20]), int.from_bytes(raw[20:24])
        return f'src="{match[1]}" width="{width}" height="{height}" loading="lazy"'

    return re.sub(r'src="(pictures/[^"]+\.png)"', sized, html)
