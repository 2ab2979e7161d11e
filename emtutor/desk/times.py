"""How long a lesson takes: counted from what there is to read and to do, core and more apart.

`python -m emtutor.desk.times FILES` prints a table. A lesson promises its time under its title, in one of two forms,

    *About 45 minutes.*
    *Core: about 50 minutes; more: about 20.*

and a test holds the promise to the count. What stands under the heading `## More`, up to the next `##`, is more.
Tables and remarks for those who have the slides are looked up, not read, and count nothing.
"""

import ast
import re
import sys
from pathlib import Path
from typing import NamedTuple

from emtutor.desk import notebooks

WORDS_A_MINUTE = 130
MINUTES = {"exercises": 6, "predictions": 1.5, "chains": 3, "shown": 1, "films": 3, "pencil": 4, "recall": 1.5}
RECALL, READY, MORE = "## Do you remember?", "## Am I ready?", "## More"

_PROMISE = re.compile(r"^\*(?:About (\d+) minutes\.|Core: about (\d+) minutes; more: about (\d+)\.)\*$", re.M)
_SLIDES = re.compile(r"<details><summary>For those who have the slides</summary>.*?</details>", re.S)
_ANSWER = "<summary>Answer</summary>"
_UNREAD = re.compile(r"\$\$.*?\$\$|<[^>]*>|^\|.*$|^```.*?^```", re.S | re.M)
_WORD = re.compile(r"\$[^$]+\$|[^\W_][\w'’-]*")  # a formula within a line is read as a word


class Time(NamedTuple):
    """Minutes of a lesson, as counted or as promised."""

    core: float
    more: float


def promised(notebook):
    """The Time that the lesson's first cell promises; None where it has neither form."""
    found = _PROMISE.search(notebook.cells[0].source) if notebook.cells else None
    if not found:
        return None
    about, core, more = found.groups(default="0")
    return Time(float(about) + float(core), float(more))


def counted(notebook):
    """The Time that the notebook's words and tasks take."""
    minutes = {part: sum(MINUTES.get(what, 1 / WORDS_A_MINUTE) * n for what, n in counts.items())
               for part, counts in parts(notebook).items()}  # fmt: skip
    return Time(minutes["core"], minutes["more"])


def parts(notebook):
    """{"core": counts, "more": counts}, the counts being {"words": n, "exercises": n, ..}."""
    total = {part: dict.fromkeys(("words", *MINUTES), 0) for part in ("core", "more")}
    exercises = [stub.cell for stub in notebooks.stubs(notebook)]
    heading = ""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            for section in re.split(r"^(?=## )", cell.source, flags=re.M):
                heading = section.split("\n")[0].strip() if section.startswith("## ") else heading
                read = _SLIDES.sub("", section)
                counts = total[_part(heading)]
                counts["words"] += len(_WORD.findall(_UNREAD.sub(" ", read)))
                counts["recall" if heading in (RECALL, READY) else "pencil"] += read.count(_ANSWER)
        elif cell.cell_type == "code":
            counts = total[_part(heading)]
            counts["exercises"] += exercises.count(index)
            for what in _tasks(cell.source):
                counts[what] += 1
    return total


def _part(heading):
    return "more" if heading == MORE else "core"


def _tasks(source):
    """What the calls of a cell ask of the reader."""
    for node in (n for statement in notebooks.parsed(source) for n in ast.walk(statement)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in ("predict", "play"):
                yield {"predict": "predictions", "play": "films"}[called]
            elif chain := re.fullmatch(r"derivations\.\w+\.(unfold|run)", called):
                yield {"unfold": "chains", "run": "shown"}[chain[1]]  # line by line, or all at once


def main(arguments=None):
    """Print what is counted and what is promised in each notebook named."""
    print(f"{'':22s}{'core':>6s}{'more':>6s}   promised")
    for path in map(Path, sys.argv[1:] if arguments is None else arguments):
        notebook = notebooks.read(path)
        time, promise = counted(notebook), promised(notebook)
        told = "nothing" if promise is None else f"{promise.core:.0f} and {promise.more:.0f}"
        of = ", ".join(f"{n} {what}" for what, n in parts(notebook)["core"].items() if n)
        print(f"{path.stem:22s}{time.core:6.0f}{time.more:6.0f}   {told:10s} core: {of}")


if __name__ == "__main__":
    main()
