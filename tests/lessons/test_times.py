"""A lesson takes as long as it promises, by the count of what there is to read and to do."""

from pathlib import Path

import pytest
from nbformat import v4

from emtutor.desk import notebooks, times

PATHS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
md, code = v4.new_markdown_cell, v4.new_code_cell


def lesson(*cells):
    return v4.new_notebook(cells=list(cells))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_lesson_keeps_its_promise_and_no_core_is_above_an_hour(path):
    notebook = notebooks.read(path)
    promise, time = times.promised(notebook), times.counted(notebook)
    if promise is None:
        pytest.skip(f"promises nothing in the common form; core {time.core:.0f}, more {time.more:.0f} minutes")
    assert promise == pytest.approx(time, abs=5)
    assert time.core <= 60


def test_words_and_tasks_are_counted_where_they_stand():
    notebook = lesson(
        md("# Title of five words here\n\n*Core: about 50 minutes; more: about 20.*"),
        md("## Do you remember?\n\nOne?\n\n<details><summary>Answer</summary>\n\nTwo.\n\n</details>"),
        md("## On\n\nA formula $a b c$ is a word.\n\n$$not = \\text{read}$$\n\n| nor | a table |"),
        md("<details><summary>For those who have the slides</summary>\n\nNot read.\n\n</details>"),
        code("predict('x')"),
        code("def e_step(x):\n    ..."),
        code("check(e_step)\nderivations.bayes.unfold()\nderivations.bayes.run()\nplay(scenes.em(x))"),
        md("Why?\n\n<details><summary>Answer</summary>\n\nSo.\n\n</details>\n\n## More\n\nthree words more"),
        code("play(film)"),
        md("## What we saw\n\nend"),
    )
    core, more = times.parts(notebook).values()
    assert core == {
        "words": 5 + 7 + 6 + 1 + 6 + 1 + 1 + 1 + 3 + 1,
        "exercises": 1,
        "predictions": 1,
        "chains": 1,
        "shown": 1,
        "films": 1,
        "pencil": 1,
        "recall": 1,
    }
    assert {what: n for what, n in more.items() if n} == {"words": 1 + 3, "films": 1}
    assert times.promised(notebook) == (50, 20)
    time = times.counted(notebook)
    assert time == pytest.approx((core["words"] / 130 + 6 + 1.5 + 3 + 1 + 3 + 4 + 1.5, 4 / 130 + 3))


@pytest.mark.parametrize(
    "line", ["*About 40 minutes; an hour on paper.*", "About 40 minutes.", "*Slides. About 9 min.*"]
)
def test_another_form_promises_nothing(line):
    assert times.promised(lesson(md(f"# A\n\n{line}"))) is None
    assert times.promised(lesson(md("# A\n\n*About 40 minutes.*\n\nB"))) == (40, 0)
    assert times.promised(lesson()) is None


def test_the_table_names_each_notebook(capsys):
    times.main([str(path) for path in PATHS[:2]])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == [p.stem for p in PATHS[:2]]
