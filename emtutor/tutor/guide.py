"""hint, solution and progress: what the tutor gives besides a verdict."""

import inspect
import textwrap
from html import escape

from emtutor.tutor import store
from emtutor.tutor.display import show_waiting, shown
from emtutor.tutor.exercise import Exercise, exercises, find
from emtutor.tutor.feedback import BAR, BOX, Said
from emtutor.tutor.sealed import Sealed


def hint(name):
    """The next hint for an exercise, from a nudge to nearly the answer; after the last one, the way on.

    name: "e_step", the function, or an `Exercise`. Which hints were shown is remembered; a name that nobody knows gets
    a sentence.
    """
    show_waiting()  # the hint before this one counts only then
    exercise, trouble = _exercise(name)
    return shown(trouble or Hint(exercise, *store.entry(exercise.name)))


class Hint(Said):
    """One hint, or all of them when the last one was read. It counts as read when it is shown."""

    def __init__(self, exercise, entry, note=""):
        self.exercise, self.note = exercise.name, note
        count, number = len(exercise.hints), entry.hints + 1
        self.counts = number <= count
        if not self.counts:
            head, text, asides = f"all {count} hints", _numbered(exercise.hints), _ways_on(exercise)
        else:
            last = [_read(exercise), "That was the last. Once more `hint` shows them all, and the ways on."]
            head, text, asides = f"hint {number} of {count}", exercise.hints[number - 1], last * (number == count)
        super().__init__(f"{exercise.name}: {head}", text, asides=[*asides, note])

    def show(self):
        if self.counts and not self.seen:
            note = store.count_hint(self.exercise)
            self.asides += (note,) if note and note != self.note else ()
        super().show()


def solution(name, sure=False):
    """The reference code of an exercise: at once if you have solved it, else after `solution(name, sure=True)`.

    name: "e_step", the function, or an `Exercise`; one that nobody knows gets a sentence.
    """
    exercise, trouble = _exercise(name)
    if trouble:
        return shown(trouble)
    if isinstance(exercise.solution, Sealed):
        return shown(Said(f"{exercise.name}: its solution is not here", "Your lecturer has kept the solutions back."))
    entry, note = store.entry(exercise.name)
    if not (sure or entry.solved or entry.shown):
        left = len(exercise.hints) - entry.hints
        hints = f"There {'is' if left == 1 else 'are'} {left} hint{'s' * (left != 1)} left. " if left > 0 else ""
        return shown(
            Said(
                f"{exercise.name}: look at the solution?",
                f"{hints}If you want to read it now, run `solution('{exercise.name}', sure=True)`.",
                asides=[note],
            )
        )
    note = store.count_solution(exercise.name) or note
    source = textwrap.dedent(inspect.getsource(exercise.solution)).strip()
    after = "" if entry.solved else "Close it and write it once more from memory; then check yours."
    return shown(Said(f"{exercise.name}: one solution among others", code=source, asides=[after, note]))


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
            f'<div style="{BOX.format(bar=BAR[""])}"><div style="font-weight:600">{self.solved} of {self.total} '
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


def _exercise(name):
    """(the exercise, None) or (None, what to say of its name)."""
    if isinstance(name, Exercise):
        return name, None
    name = getattr(name, "__name__", name) if callable(name) else name
    try:
        return find(name), None
    except ValueError as error:
        text = str(error)
        return None, Said(f"{str(name)[:60]}: no exercise", text[0].upper() + text[1:] + "." * (not text.endswith("?")))


def _numbered(hints):
    return "\n".join(f"{i}. {text}" for i, text in enumerate(hints, 1))


def _read(exercise):
    """The derivation of the formula, where there is one."""
    return f"Read the derivation `derivations.{exercise.chain}.unfold()`." if exercise.chain else ""


def _ways_on(exercise):
    """Where to go when the hints are used up."""
    return [
        _read(exercise),
        f"Read: notebook {exercise.lesson} from its question up to this exercise, with pencil and paper.",
        f"By hand: {exercise.by_hand}" if exercise.by_hand else "",
        ""
        if isinstance(exercise.solution, Sealed)
        else f"Or read the solution, `solution('{exercise.name}')`, close it, and write it from memory.",
    ]
