"""A paper with the numbers of one seed, its report, and the model answers afterwards."""

import inspect
import re
import sys
import textwrap
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from emtutor.derivations.engine.plain_math import plain
from emtutor.exam.marking import Mark
from emtutor.exam.questions import DRAWS, FIRST
from emtutor.exam.reading import is_open
from emtutor.tutor.feedback import Said, Table
from emtutor.worker.outcomes import failure, file_of


class Marked(NamedTuple):
    """One part of a paper that was handed in."""

    name: str  # "answer_2a"
    points: float
    of: int
    status: str  # "correct", "incorrect", "unattempted"
    note: str


class Sheet:
    """Markdown with formulas where a notebook shows it, plain text elsewhere."""

    def __init__(self, markdown):
        self.markdown = markdown

    def _repr_markdown_(self):
        return self.markdown

    def __repr__(self):
        text = re.sub(r"\$([^$]+)\$", lambda formula: plain(formula[1]), self.markdown)
        text = re.sub(r"\*\*(\S[^*\n]*)\*\*|\[([^\]]+)\]\([^)]+\.ipynb\)", lambda found: found[1] or found[2], text)
        return re.sub(r"^```\w*\n?", "", text, flags=re.MULTILINE)


class Tables(NamedTuple):
    """Several tables, shown where one is expected."""

    tables: tuple[Table, ...]

    def text(self):
        """One below the other."""
        return "\n\n".join(table.text() for table in self.tables)

    def html(self):
        """The same in HTML."""
        return "".join(table.html() for table in self.tables)


class Report(Said):
    """What `submit` says: points by question, each with its lesson; `marks` has one entry for each part."""

    def __init__(self, paper, marks):
        self.marks = tuple(marks)
        self.points = sum(mark.points for mark in marks)
        self.by_question = {q.number: sum(m.points for m in marks if m.name in _names(q)) for q in paper.questions}
        attempted = [mark for mark in marks if mark.status != "unattempted"]
        tables = [Table(("question", "about", "points", "lesson"), tuple(self._rows(paper)))]
        notes = [(m.name, f"{m.points:g} of {m.of}", repr(Sheet(m.note))) for m in attempted if m.note]
        if notes:
            tables.append(Table(("answer", "points", "what went wrong"), tuple(notes)))
        left = [mark.name.removeprefix("answer_") for mark in marks if mark.status == "unattempted"]
        super().__init__(
            f"Example exam, seed {paper.seed}: {self.points:g} of {paper.points} points",
            self._parts(paper) if attempted else "Nothing was answered yet. An answer that is still `...` counts zero.",
            status="correct" if self.points == paper.points else "",
            table=Tables(tuple(tables)),
            asides=[
                f"Left open: {', '.join(left)}." if attempted and left else "",
                "`paper.model_answers()` shows the model answers." if attempted else "",
            ],
        )

    def _parts(self, paper):
        earned = [sum(p for n, p in self.by_question.items() if (n > FIRST) == second) for second in (False, True)]
        of = [sum(q.points for q in paper.questions if (q.number > FIRST) == second) for second in (False, True)]
        return f"Part one {earned[0]:g} of {of[0]}, part two {earned[1]:g} of {of[1]}."

    def _rows(self, paper):
        tried = {mark.name for mark in self.marks if mark.status != "unattempted"}
        for q in paper.questions:
            points = f"{self.by_question[q.number]:g} of {q.points}"
            points += "" if tried & set(_names(q)) else ", not attempted"
            yield str(q.number), repr(Sheet(q.title)), points, q.lesson

    def _repr_html_(self):
        lesson = r"(?<![\w\"/.-])(\d\d-[a-z][a-z0-9-]*)(?![\w.-])"
        return re.sub(lesson, r'<a href="\1.ipynb">\1</a>', super()._repr_html_())


class Paper:
    """Fifteen questions with the numbers of one seed: ten of part one, five of part two."""

    def __init__(self, seed):
        self.seed = seed
        self.questions = tuple(draw(np.random.default_rng([seed, i])) for i, draw in enumerate(DRAWS))
        self.report: Report | None = None

    @property
    def points(self):
        """Of the whole paper."""
        return sum(q.points for q in self.questions)

    def show(self, number):
        """The numbers, lines and choices of one question, 1 to 15."""
        whole = isinstance(number, (int, np.integer)) and not isinstance(number, bool)
        if not whole or not 1 <= number <= len(self.questions):
            known = f"from 1 to {len(self.questions)}, such as paper.show(5)"
            raise ValueError(f"number must be a question {known}, got {_short(number)}")
        return Sheet(self.questions[number - 1].shown)

    def model_answers(self, sure=False):
        """All model answers, once something was handed in; `sure=True` shows them before."""
        if not isinstance(sure, bool):
            raise ValueError(f"sure must be True or False, got {_short(sure)}")
        handed_in = self.report is not None and any(mark.status != "unattempted" for mark in self.report.marks)
        if not (handed_in or sure):
            return Said(
                "The model answers follow when you have handed in something",
                "To read them without sitting the exam, run `paper.model_answers(sure=True)`.",
            )
        return Sheet("\n\n".join([f"**Model answers, seed {self.seed}**", *map(_model, self.questions)]))

    def __repr__(self):
        size = f"{len(self.questions)} questions, {self.points} points, {self.points} minutes"
        return f"Example exam, seed {self.seed}: {size}."


_LAST: list[Paper] = []  # the paper that was sat last


def sit(seed):
    """The paper whose numbers are drawn with `seed`, a whole number not below zero."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be a whole number not below zero, such as exam.sit(7), got {_short(seed)}")
    _LAST[:] = [Paper(int(seed))]
    return _LAST[0]


def submit(paper=None, answers=None):
    """Mark a paper: a `Report` with points by question.

    paper: by default the one that was sat last. answers: a mapping with the names `answer_1a` and so on, by default
    the notebook's own. What is missing in it counts zero, and so does what cannot be read; no answer makes it raise.
    """
    if paper is None and not _LAST:
        raise ValueError("there is no paper yet: sit one first, paper = exam.sit(7)")
    paper = _LAST[0] if paper is None else paper
    if not isinstance(paper, Paper):
        raise ValueError(f"paper must be a paper from exam.sit(seed), got {type(paper).__name__}")
    answers = vars(sys.modules["__main__"]) if answers is None else answers
    if not isinstance(answers, Mapping):
        raise ValueError(f'answers must be a dict such as {{"answer_2b": 1.75}}, got {type(answers).__name__}')
    given = {name: answers.get(name, ...) for q in paper.questions for name in _names(q)}
    paper.report = Report(paper, [_marked(part, given) for q in paper.questions for part in q.parts])
    return paper.report


def functions() -> dict[str, Any]:
    """{name: model answer} of all functions that the exam asks for; they are the same for every seed."""
    return {f"answer_{part.name}": part.right for q in Paper(0).questions for part in q.parts if part.is_function}


def _marked(part, given):
    name = f"answer_{part.name}"
    answer = given[name]
    try:
        if is_open(answer):
            return Marked(name, 0, part.points, "unattempted", "")
        mark = part.mark(answer, given)
    except Exception as error:  # an answer of a kind that nobody thought of is wrong, and the exam goes on
        mark = Mark(0, failure(error, file_of(answer)).text)
    return Marked(name, mark.points, part.points, "correct" if mark.points == part.points else "incorrect", mark.note)


def _short(value):
    """Its repr, cut."""
    try:
        text = repr(value)
    except Exception:
        text = f"an object of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:60]}..."


def _names(question):
    return [f"answer_{part.name}" for part in question.parts]


def _model(question):
    link = f"[{question.lesson}]({question.lesson}.ipynb)"
    blocks = [f"**Question {question.number} · {question.title}** ({question.points} points, lesson {link})"]
    for part in question.parts:
        code = f"answer_{part.name} = {_written(part.right)}"
        if part.is_function:
            code = textwrap.dedent(inspect.getsource(part.right)).strip()
        blocks += [f"```python\n{code}\n```", part.model]
    return "\n\n".join(block for block in blocks if block)


def _written(value):
    if isinstance(value, list):
        return "[" + ", ".join(f"{v:.4g}" for v in value) + "]"
    return f"{value:.4g}" if isinstance(value, float) else repr(value)
