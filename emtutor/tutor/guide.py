"""hint, solution and progress: what the tutor gives besides a verdict."""

import inspect
import textwrap
from html import escape

from emtutor.tutor import store
from emtutor.tutor.exercise import exercises, find
from emtutor.tutor.feedback import _BAR, _BOX, Said


def hint(name):
    """The next hint for an exercise, from a nudge to nearly the answer; after the last one, the way on.

    name: "e_step" or the function. Which hints were read is remembered. Raises ValueError for an unknown exercise.
    """
    exercise = find(_name(name))
    entry, note = store.entry(exercise.name)
    count = len(exercise.hints)
    if entry.hints >= count:
        return Said(
            f"{exercise.name}: all {count} hints", _numbered(exercise.hints), asides=[*_ways_on(exercise), note]
        )
    note = store.count_hint(exercise.name) or note
    after = "" if entry.hints + 1 < count else "That was the last. Once more `hint` shows them all, and the ways on."
    return Said(
        f"{exercise.name}: hint {entry.hints + 1} of {count}", exercise.hints[entry.hints], asides=[after, note]
    )


def solution(name, sure=False):
    """The reference code of an exercise: at once if you have solved it, else after `solution(name, sure=True)`.

    Raises ValueError for an unknown exercise.
    """
    exercise = find(_name(name))
    entry, note = store.entry(exercise.name)
    if not (sure or entry.solved or entry.shown):
        left = len(exercise.hints) - entry.hints
        hints = f"There {'is' if left == 1 else 'are'} {left} hint{'s' * (left != 1)} left. " if left > 0 else ""
        return Said(
            f"{exercise.name}: look at the solution?",
            f"{hints}If you want to read it now, run `solution('{exercise.name}', sure=True)`.",
            asides=[note],
        )
    note = store.count_solution(exercise.name) or note
    source = textwrap.dedent(inspect.getsource(exercise.solution)).strip()
    after = "" if entry.solved else "Close it and write it once more from memory; then check yours."
    return Said(f"{exercise.name}: one solution among others", code=source, asides=[after, note])


def progress(lesson=None):
    """What is done, lesson by lesson (or in one lesson, "05-em"): a table with bars, in HTML and in text."""
    entries, note = store.entries()
    lessons: dict[str, list] = {}
    for exercise in exercises().values():
        if lesson not in (None, exercise.lesson):
            continue
        lessons.setdefault(exercise.lesson, []).append(entries.get(exercise.name, store.Entry(exercise.name)))
    if not lessons:
        known = ", ".join(dict.fromkeys(e.lesson for e in exercises().values()))
        raise ValueError(f"lesson must be one of {known}, got {lesson!r}")
    return Progress(lessons, note)


_SQUARES = {"solved": "■", "tried": "◧", "open": "□"}


class Progress:
    """The table that `progress()` shows. lessons: {lesson: [store.Entry, ...]}."""

    def __init__(self, lessons, note=""):
        self.lessons, self.note = lessons, note

    @property
    def solved(self):
        return sum(e.solved is not None for entries in self.lessons.values() for e in entries)

    @property
    def total(self):
        return sum(map(len, self.lessons.values()))

    def __str__(self):
        width = max(map(len, self.lessons), default=0)
        lines = [f"{self.solved} of {self.total} exercises solved"]
        for lesson, entries in self.lessons.items():
            done = sum(e.solved is not None for e in entries)
            bar = "#" * done + "." * (len(entries) - done)
            lines.append(
                f"{lesson.ljust(width)}  {bar.ljust(10)}  {done} of {len(entries)}{_open(entries, '  next: ')}"
            )
        return "\n".join([*lines, *([self.note] if self.note else [])])

    __repr__ = __str__

    def _repr_html_(self):
        cell = "padding:.15em 1em .15em 0;text-align:left;border:0;background:transparent"
        rows = ""
        for lesson, entries in self.lessons.items():
            done = sum(e.solved is not None for e in entries)
            rows += (
                f'<tr><td style="{cell}">{escape(lesson)}</td><td style="{cell}">{_bar(entries)}</td>'
                f'<td style="{cell}">{done} of {len(entries)}</td>'
                f'<td style="{cell};color:var(--jp-content-font-color2,inherit)">{escape(_open(entries))}</td></tr>'
            )
        head = "".join(
            f'<th scope="col" style="{cell};font-weight:600">{h}</th>'
            for h in ("lesson", "exercises", "solved", "next")
        )
        return (
            f'<div style="{_BOX.format(bar=_BAR[""])}"><div style="font-weight:600">{self.solved} of {self.total} '
            f'exercises solved</div><table style="border-collapse:collapse;font-size:inherit;color:inherit"><thead><tr>'
            f"{head}</tr></thead><tbody>{rows}</tbody></table>{escape(self.note)}</div>"
        )


def _bar(entries):
    """One square an exercise: full if solved, half if tried, empty if not. Text, since Jupyter takes SVG out of pages
    that nobody has run yet."""
    squares = ""
    for e in entries:
        state = "solved" if e.solved else "tried" if e.attempts else "open"
        squares += f'<span title="{escape(e.exercise)}: {state}">{_SQUARES[state]}</span>'
    done = sum(e.solved is not None for e in entries)
    return f'<span role="img" aria-label="{done} of {len(entries)} solved">{squares}</span>'


def _open(entries, lead=""):
    """The first exercise that is not solved yet, in a lesson that was begun or not."""
    left = next((e.exercise for e in entries if not e.solved), None)
    return f"{lead}{left}" if left else ""


def _name(name):
    return getattr(name, "__name__", name) if callable(name) else name


def _numbered(hints):
    return "\n".join(f"{i}. {text}" for i, text in enumerate(hints, 1))


def _ways_on(exercise):
    """Where to go when the hints are used up."""
    return [
        f"Read: the derivation in notebook {exercise.lesson}, line by line, and run it on other numbers.",
        f"By hand: {exercise.by_hand}" if exercise.by_hand else "",
        f"Or read the solution, `solution('{exercise.name}')`, close it, and write it from memory.",
    ]
