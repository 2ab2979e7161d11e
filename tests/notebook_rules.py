"""What a lesson of this course owes its readers besides the rules that any notebook keeps (`emtutor.desk.rules`)."""

import re

from nbformat import v4

from emtutor.desk import notebooks, rules, times
from emtutor.desk.rules import code_cells, markdown

CODE_WIDTH = 88  # no scrolling on a laptop
NO_LESSON = ("00-", "12-", "13-", "numpy-clinic")  # nothing to recall before these, and no way to go on in them


def in_common_form(rule):
    """The rule, for lessons that promise their time in the form which `times` reads."""

    def rule_of_lessons(notebook, *path):
        if times.promised(notebook) is not None:
            yield from rule(notebook, *path)

    rule_of_lessons.__name__ = rule.__name__
    return rule_of_lessons


@in_common_form
def code_lines_are_short(notebook):
    for where, cell in code_cells(notebook):
        for line in cell.source.split("\n"):
            if len(line) > CODE_WIDTH:
                yield f"{where} has a line of {len(line)} characters, more than {CODE_WIDTH}: {line!r}"


@in_common_form
def folded_text_opens_and_closes(notebook):
    """Markdown within <details> is read as such only after a blank line, and what is not closed folds all the rest."""
    for where, source in markdown(notebook):
        if source.count("<details>") != source.count("</details>"):
            yield f"{where}: a <details> is not closed"
        for summary in re.findall(r"<details>(?!<summary>[^<\n]+</summary>\n\n).{0,60}", source, flags=re.DOTALL):
            yield f"{where}: write <details><summary>..</summary>, a blank line, the text: {summary!r}"
        for end in re.findall(r".{0,30}[^\n]\n?</details>", source):
            yield f"{where}: a blank line belongs before </details>: {end!r}"


@in_common_form
def only_drawing_is_folded(notebook):
    for where, cell in code_cells(notebook):
        if notebooks.is_folded(cell) and (notebooks.functions(v4.new_notebook(cells=[cell])) or not _has_picture(cell)):
            yield f"{where} is folded and draws nothing, or defines a function that a reader should see"


def _has_picture(cell):
    return any(kind in out.get("data", {}) for out in cell.outputs for kind in rules.IMAGES)


@in_common_form
def three_questions_recall_the_last_lesson(notebook, path):
    asked = times.parts(notebook)["core"]["recall"]
    if asked != 3 and not path.stem.startswith(NO_LESSON):
        yield f"{asked} questions with a folded answer under {times.RECALL!r}, not 3"


@in_common_form
def progress_is_shown_on_the_way(notebook, path):
    shown = sum(f'progress("{path.stem}")' in cell.source for _, cell in code_cells(notebook))
    if shown < 2 and not path.stem.startswith(NO_LESSON):
        yield f'progress("{path.stem}") stands {shown} times: once inside the lesson, and at its end'


@in_common_form
def chains_unfold(notebook, path):
    for where, cell in code_cells(notebook):
        if re.search(r"derivations\.\w+\.run\(", cell.source) and not path.stem.startswith("13-"):
            yield f"{where} runs a chain: `.unfold()` lets her go line by line"


OF_A_NOTEBOOK = (
    *rules.OF_A_NOTEBOOK,
    code_lines_are_short,
    folded_text_opens_and_closes,
    only_drawing_is_folded,
)
OF_A_FILE = (
    *rules.OF_A_FILE,
    three_questions_recall_the_last_lesson,
    progress_is_shown_on_the_way,
    chains_unfold,
)
