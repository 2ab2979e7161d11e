"""From notebooks to the folder of a site."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from emtutor.desk import cells, deliver, notebooks, page
from emtutor.desk.site import frame, links, search, ways
from emtutor.desk.site.keep import beside, lazily
from emtutor.figures.start import course_map
from emtutor.films import player

_HERE = Path(__file__).parent
START, GLOSSARY = "00-start", "glossary"
WORDS = ("The symbols", "Glossary")  # the sections of the start lesson that make the glossary


class SiteError(Exception):
    """The site cannot be built; the message says why."""


class Lesson(NamedTuple):
    """One lesson, run: its notebook with outputs, and {model id: state} of its widgets."""

    stem: str
    notebook: object
    states: dict

    @property
    def title(self):
        found = re.search(r"^# (.+?) *$", self._text(), re.M)
        return found[1] if found else self.stem

    @property
    def gives(self):
        """What a reader will be able to do, as Markdown; "" where the lesson does not say it."""
        found = re.search(r"\*\*You will be able to\*\*\s*\n((?:\s*- .*\n?)+)", self._text())
        return found[1].strip() if found else ""

    def tables(self, heading):
        """The tables below this heading, as Markdown."""
        found = re.search(rf"^## {re.escape(heading)} *\n(.*?)(?=^## |\Z)", self._text(), re.M | re.S)
        if not found:
            raise SiteError(f"lesson {self.stem} has no section {heading!r}")
        return "\n".join(line for line in found[1].splitlines() if line.startswith("|"))

    def _text(self):
        return "\n\n".join(cell.source for cell in self.notebook.cells if cell.cell_type == "markdown")


def build(folder, *, repository="", lite="", lessons=None):
    """Write the site to `folder`, which has to be empty or absent. Raises SiteError.

    repository: "OWNER/NAME" at GitHub, for the ways to Binder and Colab. lite: where, seen from `folder`, the course is
    that runs in the browser. lessons: those to show, a list of Lesson; by default all, run now.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SiteError(f"{folder} is not an empty folder: choose another place for the site")
    lessons = run(sorted(deliver.lessons().glob("*.ipynb"))) if lessons is None else lessons
    folder.mkdir(parents=True, exist_ok=True)
    open_in = ways.Ways(repository, lite)
    _write_looks(folder)
    contents = {"index": "Start"} | {lesson.stem: lesson.title for lesson in lessons}
    if START in contents:
        contents[GLOSSARY] = "Glossary"
    sections = []
    for at, lesson in enumerate(lessons):
        keep = beside(folder, lesson.stem)
        body = "\n".join(cells.cell(cell, lesson.states, keep) for cell in lesson.notebook.cells)
        near = [lessons[i].stem if 0 <= i < len(lessons) else None for i in (at - 1, at + 1)]
        text = frame.lesson(lesson.stem, contents, lazily(links.to_pages(body), folder), near, open_in)
        (folder / f"{lesson.stem}.html").write_text(text, encoding="utf-8")
        texts = [cells.markdown(cell.source) for cell in lesson.notebook.cells if cell.cell_type == "markdown"]
        sections += search.sections(f"{lesson.stem}.html", lesson.title, texts)
    _write_front(folder, lessons, contents, open_in)
    (folder / "search.js").write_text(search.index(sections), encoding="utf-8")
    if repository:
        _write_for_colab(folder / ways.COLAB, lessons, open_in)
    outside = {address for lesson in lessons for _, address in open_in.of(f"{lesson.stem}.ipynb")}
    if lost := links.dead(folder, tuple(outside)):
        raise SiteError(f"{len(lost)} links lead nowhere: {'; '.join(lost[:20])}")


def run(paths):
    """The lessons of these notebooks, run on all cores, films with all their choices. Raises SiteError."""

    def ran(path):
        return Lesson(path.stem, *page.run(notebooks.read(path), path.resolve().parent))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        lessons = list(pool.map(ran, paths))
    for lesson in lessons:
        for number, cell in enumerate(lesson.notebook.cells, 1):
            if error := next((out for out in cell.get("outputs", []) if out.output_type == "error"), None):
                raise SiteError(f"cell {number} of {lesson.stem} raises {error.ename}: {error.evalue[:200]}")
    return lessons


def _write_front(folder, lessons, contents, open_in):
    """The start page, and the glossary."""
    picture = course_map()
    (folder / "map.png").write_bytes(picture.png)
    gives = {lesson.stem: links.to_pages(cells.markdown(lesson.gives)) for lesson in lessons}
    (folder / "index.html").write_text(frame.start(contents, gives, picture.words, open_in), encoding="utf-8")
    for start in (lesson for lesson in lessons if lesson.stem == START):
        text = "\n\n".join(f"## {heading}\n\n{start.tables(heading)}" for heading in WORDS)
        body = links.to_pages(cells.markdown(text))
        (folder / f"{GLOSSARY}.html").write_text(frame.plain(GLOSSARY, contents, body), encoding="utf-8")


def _write_for_colab(folder, lessons, open_in):
    folder.mkdir()
    for lesson in lessons:
        notebook = notebooks.normalise(ways.for_colab(lesson.notebook, open_in))
        notebooks.write(notebook, folder / f"{lesson.stem}.ipynb")


def _write_looks(folder):
    """The style, the font, and the script with the player: classic, for a browser loads no module from a disk."""
    (folder / page.FONT.name).write_bytes(page.FONT.read_bytes())
    style = page.style(page.FONT.name) + (_HERE / "site.css").read_text(encoding="utf-8")
    (folder / "site.css").write_text(style, encoding="utf-8")
    played = re.sub(r"^export default .*$|^export ", "", player.SCRIPT, flags=re.M)
    ours = (_HERE / "site.js").read_text(encoding="utf-8")
    (folder / "site.js").write_text(f"(() => {{\n{played}\n{ours}\n}})();\n", encoding="utf-8")
