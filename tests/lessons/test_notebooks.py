"""All notebooks of the course: what nbval does not see, their solved form, and what a learner's mistakes do to them.

That a re-run gives the committed outputs is nbval's part of `make test`. The rules stand in emtutor/desk/rules.py, the
lessons' own in notebook_rules.py; below, each of them is shown a notebook that breaks it.
"""

from collections import Counter
from pathlib import Path

import nbformat
import notebook_rules as course
import pytest
from nbformat import v4

from emtutor import exam
from emtutor.desk import checked, notebooks, rules
from emtutor.figures import start

FOLDER = Path(__file__).parents[2] / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)

# Wrong in the four ways in which answers are wrong: nothing, an exception, the wrong type, no number.
WRONG = (
    "return None",
    "raise ValueError('not yet right')",
    "return 0.0",
    "import numpy\nreturn numpy.full((3, 2), numpy.nan)",
)


def records():
    from emtutor.tutor.exercise import exercises

    return exercises()


@each_notebook
@pytest.mark.parametrize("rule", course.OF_A_NOTEBOOK, ids=lambda rule: rule.__name__)
def test_a_notebook_keeps(rule, path):
    assert list(rule(notebooks.read(path))) == []


@each_notebook
@pytest.mark.parametrize("rule", course.OF_A_FILE, ids=lambda rule: rule.__name__)
def test_a_file_keeps(rule, path):
    assert list(rule(notebooks.read(path), path)) == []


@pytest.mark.skipif(not PATHS, reason="there are no notebooks")
def test_every_stub_has_a_record_and_every_record_of_a_lesson_stands_in_it_once():
    standing = Counter((path.stem, stub.name) for path in PATHS for stub in notebooks.stubs(notebooks.read(path)))
    lessons = {path.stem for path in PATHS}
    wanted = Counter((record.lesson, name) for name, record in records().items() if record.lesson in lessons)
    wanted.update(("12-exam", name) for name in exam.functions() if "12-exam" in lessons)
    assert standing == wanted


def test_the_course_is_counted_and_drawn_as_it_is():
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    assert f"{len(PATHS)} notebooks, {len(records())} exercises," in readme
    assert set(start.LESSONS) == {path.stem.split("-")[0] for path in PATHS} - {"00"}


def _ran(notebook, folder):
    """Run `notebook`: its checks in order, [(exercise, status), ...], and complaints about the counts that it shows."""
    watch = f"import sys\nsys.path.insert(0, {str(Path(__file__).parents[1])!r})\nimport counting\ncounting.watch()"
    return checked.checks(notebook, folder, before=watch, value="counting.shown")


@each_notebook
def test_the_solved_form_runs_every_check_says_correct_and_no_count_hangs_on_rounding(path, tmp_path):
    notebook = notebooks.read(path)
    names = {stub.name for stub in notebooks.stubs(notebook)}
    solved, replaced = notebooks.solve(notebook)
    assert names <= set(replaced)
    assert notebooks.stubs(solved) == []
    checks, counts = _ran(solved, tmp_path)
    assert [check for check in checks if check[1] != "correct"] == []
    assert {name for name, _ in checks} == names - set(exam.functions())  # those are handed in: tests/exam/test_exam.py
    assert counts == []


POISSON = (
    "from emtutor import data, em, examples, gaussian, old_faithful\nimport numpy as np\n"
    "start = examples.poisson.Theta(np.array([0.3, 0.7]), np.array([1.0, 2.5]))\n"
    "run = lambda **how: em.fit(examples.poisson.model, data.times_deaths(), start, **how)"
)
FAITHFUL = (
    "x = old_faithful()\n"
    "gaussian.fit(x, gaussian.random_start(x, 2, np.random.default_rng(0)), tol=1e-11, max_iter=9000).iterations"
)


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        ("print(f'after {run(tol=1e-12, max_iter=6000).iterations} iterations')", "spacings of log p"),
        ("fit = run(tol=1e-12, max_iter=6000)\nprint('half is', fit.iterations // 2)", "spacings of log p"),
        ("fit = run(tol=1e-12, max_iter=6000)\nfit.iterations", "spacings of log p"),
        (
            "path = run(tol=0, max_iter=30).log_likelihoods\nprint(run(tol=path[11] - path[10]).iterations)",
            "spacings from it",
        ),
        ("print(run(tol=1e-12, max_iter=6000).theta.rate.round(2))", ""),
        ("print(run(tol=1e-6).iterations)", ""),
        ("print(run(tol=0, max_iter=50).iterations)", ""),
        ("print(run(tol=1e-12, max_iter=50).iterations)", ""),
        (FAITHFUL, "spacings of log p"),
    ],
)
def test_a_count_that_hangs_on_rounding_is_seen_where_it_is_shown(cell, complaint, tmp_path):
    _, counts = _ran(v4.new_notebook(cells=[v4.new_code_cell(POISSON), v4.new_code_cell(cell)]), tmp_path)
    assert [complaint in count for count in counts] == [True] * bool(complaint)


@pytest.mark.mutation
@each_notebook
def test_with_wrong_answers_it_still_runs_to_the_end_and_none_is_called_correct(path, tmp_path):
    notebook = notebooks.read(path)
    names = {stub.name for stub in notebooks.stubs(notebook)}
    if not names:
        pytest.skip("this lesson has no exercises")
    first = PATHS.index(path) % len(WRONG)  # another kind of wrong begins in each lesson
    checks, _ = _ran(notebooks.break_(notebook, *WRONG[first:], *WRONG[:first]), tmp_path)
    assert {status for _, status in checks} <= {
        "incorrect",
        "error",
        "unattempted",
    }  # `return None` compiles as `...` does
    assert {name for name, _ in checks} == names - set(exam.functions())


# The rules themselves, each on the smallest notebook that breaks it.


def lesson(*sources, output="told"):
    cells = [v4.new_markdown_cell("# A lesson")]
    for source in sources:
        if source.startswith("md:"):
            cells.append(v4.new_markdown_cell(source[3:]))
        else:
            shown = [v4.new_output("stream", name="stdout", text=output)] if output else []
            cells.append(v4.new_code_cell(source, outputs=shown))
    return notebooks.normalise(v4.new_notebook(cells=cells))


def shows(**data):
    notebook = lesson("1 + 1")
    notebook.cells[1].outputs = [
        v4.new_output("display_data", {key.replace("_", "/", 1): v for key, v in data.items()})
    ]
    return notebook


def uncounted():
    notebook = lesson("x = 1", "x")
    notebook.cells[2].execution_count = 7
    return notebook


def stderr():
    notebook = lesson("1 + 1")
    notebook.cells[1].outputs[0].name = "stderr"
    return notebook


def common(*sources):
    """A lesson in the common form."""
    notebook = lesson(*sources)
    notebook.cells[0].source = "# A lesson\n\n*About 40 minutes.*"
    return notebook


def folded(notebook):
    notebook.cells[1].metadata = nbformat.from_dict({"jupyter": {"source_hidden": True}})
    return notebook


BROKEN = [
    (rules.outputs_are_present, lesson("x = 1", output="")),
    (rules.outputs_are_present, lesson("for i in range(2):\n    print(i)", output="")),
    (rules.counts_are_sequential, uncounted()),
    (rules.no_widget_that_nbval_cannot_run, lesson("from ipywidgets import interact")),
    (rules.no_widget_that_nbval_cannot_run, lesson("import ipywidgets\nipywidgets.Output()")),
    (rules.no_trailing_semicolon, lesson("plot(x);  # quietly")),
    (rules.code_is_python, lesson("def e_step(x):")),
    (rules.pictures_have_words, lesson("x", "md:![](a.png)")),
    (rules.pictures_have_words, lesson("x", "md:<img src='a.png'>")),
    (rules.pictures_have_words, shows(image_png="iVBOR", text_plain="<Figure size 640x480 with 1 Axes>")),
    (rules.pictures_have_words, shows(image_png="iVBOR")),
    (rules.pictures_have_words, shows(text_html="<svg width='3'></svg>")),
    (rules.quoted_formulas_stand_on_one_line, lesson("x", "md:> $$a\n> b$$")),
    (rules.cells_are_short, lesson("\n".join(f"x{i} = {i}" for i in range(11)))),
    (rules.outputs_are_stable, lesson("x", output="/home/ada/x.py")),
    (rules.outputs_are_stable, lesson("x", output="C:\\Users\\ada")),
    (rules.outputs_are_stable, lesson("x", output="<f at 0x7f3a2b4c5d6e>")),
    (rules.outputs_are_stable, lesson("x", output="np.float64(3.0)")),
    (rules.outputs_are_stable, lesson("x", output="took 31 ms")),
    (rules.outputs_are_stable, stderr()),
    (rules.stubs_are_checked, lesson("def e_step(x):\n    ...", "x", "check(e_step)")),
    (course.code_lines_are_short, common("x = 1" + " + 1" * 22)),
    (course.folded_text_opens_and_closes, common("x", "md:<details><summary>Answer</summary>\n\nYes.")),
    (course.folded_text_opens_and_closes, common("x", "md:<details><summary>Answer</summary>\nYes.\n\n</details>")),
    (course.folded_text_opens_and_closes, common("x", "md:<details><summary>Answer</summary>\n\nYes.\n</details>")),
    (course.folded_text_opens_and_closes, common("x", "md:<details>\n<summary>Answer</summary>\n\nYes.\n\n</details>")),
    (course.only_drawing_is_folded, folded(common("x"))),
    (course.only_drawing_is_folded, folded(common("def f(x):\n    return x\nx"))),
]


@pytest.mark.parametrize(("rule", "notebook"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_a_rule_sees_the_notebook_that_breaks_it(rule, notebook):
    assert list(rule(notebook))


def test_every_rule_has_a_notebook_that_breaks_it():
    assert {rule for rule, _ in BROKEN} == set(course.OF_A_NOTEBOOK)


def test_the_rules_leave_a_good_notebook_alone(tmp_path):
    long_docstring = "\n    ".join(["One line."] * 12)
    recalled = "\n\n".join(["## Do you remember?", *["What?\n\n" + ANSWER] * 3])
    notebook = common(
        "%matplotlib inline\nimport numpy as np",
        "md:" + recalled,
        'progress("05-em")',
        'progress("05-em")',
        "derivations.bayes.unfold()",
        f'def e_step(x):\n    """{long_docstring}"""\n    ...',
        "check(e_step)",
        "\n".join(f"# {i}\nx{i} = {i}\n" for i in range(10)),
        "md:## Next steps\n\n![Two clouds of points](cloud.svg) [here](#Next-steps) [there](https://example.org)",
    )
    (tmp_path / "cloud.svg").write_text("<svg/>")
    notebook = notebooks.normalise(notebook)
    notebooks.write(notebook, tmp_path / "05-em.ipynb")
    assert [list(rule(notebook)) for rule in course.OF_A_NOTEBOOK] == [[]] * len(course.OF_A_NOTEBOOK)
    assert [list(rule(notebook, tmp_path / "05-em.ipynb")) for rule in course.OF_A_FILE] == [[]] * len(course.OF_A_FILE)


ANSWER = "<details><summary>Answer</summary>\n\nYes.\n\n</details>"


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (course.three_questions_recall_the_last_lesson, f"md:## Do you remember?\n\nWhat?\n\n{ANSWER}"),
        (course.three_questions_recall_the_last_lesson, f"md:## Elsewhere\n\n{ANSWER}\n\n{ANSWER}\n\n{ANSWER}"),
        (course.progress_is_shown_on_the_way, 'progress("05-em")'),
        (course.chains_unfold, "derivations.bayes.run()"),
    ],
)
def test_what_a_lesson_in_the_common_form_owes_is_seen_there_and_asked_of_no_other(tmp_path, rule, source):
    path = tmp_path / "05-em.ipynb"
    assert list(rule(common("x", source), path))
    assert list(rule(lesson("x", source), path)) == []
    assert list(rule(common("x", source), tmp_path / "13-slides-run.ipynb")) == []


@pytest.mark.parametrize(
    "target", ["nowhere.ipynb", "#No-such-heading", "05-em.ipynb#No-such-heading", "images/none.png"]
)
def test_a_link_that_leads_nowhere_is_seen(tmp_path, target):
    notebook = lesson("x", f"md:[a link]({target})")
    notebooks.write(notebook, tmp_path / "05-em.ipynb")
    assert list(rules.links_resolve(notebook, tmp_path / "05-em.ipynb"))


def test_a_file_that_is_not_in_normal_form_is_seen(tmp_path):
    notebook = lesson("x")
    notebook.cells[1].metadata["execution"] = {"iopub.execute_input": "2020-01-01T00:00:00Z"}
    notebooks.write(notebook, tmp_path / "05-em.ipynb")
    assert list(rules.form_is_normal(notebook, tmp_path / "05-em.ipynb"))


# Normal form, solving and running.


def test_the_normal_form_keeps_what_is_read_and_drops_what_changes_from_run_to_run():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "ab12"}}
    cell = v4.new_code_cell("play(film)  ", execution_count=31, metadata={"scrolled": True, "tags": ["film"]})
    cell.metadata["execution"] = {"iopub.execute_input": "2020-01-01T00:00:00Z"}
    cell.outputs = [
        v4.new_output("stream", name="stdout", text="one\n"),
        v4.new_output("stream", name="stdout", text="two\n"),
        v4.new_output("display_data", {**view}),
        v4.new_output("execute_result", {**view, "image/png": "iVBOR", "text/plain": "Frame 1"}, execution_count=31),
    ]
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# One"), v4.new_code_cell(""), cell])
    notebook.metadata = nbformat.from_dict(
        {"widgets": {"state": {}}, "language_info": {"name": "python", "version": "3.9"}}
    )
    cell.metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}
    notebook.cells[0].metadata["jupyter"] = {"source_hidden": True}
    normal = notebooks.normalise(notebook)
    stream, result = normal.cells[2].outputs
    assert stream.text == "one\ntwo\n"
    assert dict(result.data) == {"image/png": "iVBOR", "text/plain": "Frame 1"}
    assert [c.get("execution_count") for c in normal.cells] == [None, None, 1]
    assert result.execution_count == 1
    assert normal.cells[2].metadata == {"tags": ["film"], "jupyter": {"source_hidden": True}}
    assert normal.cells[0].metadata == {}
    assert normal.cells[2].source == "play(film)"
    assert normal.metadata == notebooks.METADATA
    assert notebooks.text(notebooks.normalise(normal)) == notebooks.text(normal)
    nbformat.validate(normal)
    assert cell.execution_count == 31  # the argument is left as it was


def test_cell_ids_are_distinct_and_stay_when_a_cell_is_put_between():
    before = [cell.id for cell in lesson("x", "y", "x").cells]
    after = [cell.id for cell in lesson("x", "between", "y", "x").cells]
    assert len(set(before)) == 4
    assert [id for id in after if id in before] == before


SOLUTIONS = {"e_step": "def e_step(x, pi):\n    # Bayes\n    return x * pi\n", "kl": "def kl(q, p):\n    return 0.0\n"}


@pytest.mark.parametrize(
    ("cell", "solved"),
    [
        ("def e_step(x, pi):\n    ...", SOLUTIONS["e_step"].rstrip()),
        (
            "a = 1\n\n\ndef e_step(x, pi):\n    '''r.'''\n    ...\n\n\nb = 2",
            "a = 1\n\n\n" + SOLUTIONS["e_step"] + "\n\nb = 2",
        ),
        ("%time\ndef kl(q, p): ...\ncheck(kl)", "%time\n" + SOLUTIONS["kl"] + "check(kl)"),
        ("@cached\ndef kl(q, p):\n    ...\nkl?", SOLUTIONS["kl"] + "kl?"),
        ("def kl(q, p):\n    ...\ndef e_step(x):\n    return 3", SOLUTIONS["kl"] + SOLUTIONS["e_step"].rstrip()),
        ("def other(x):\n    def kl(q, p):\n        ...", None),
        ("%%html\ndef kl(q, p):\n    ...", None),
        ("kl = 3", None),
        ("def kl(q, p) ...", None),
    ],
)
def test_solving_replaces_exactly_the_function(cell, solved):
    notebook, names = notebooks.solve(v4.new_notebook(cells=[v4.new_code_cell(cell)]), SOLUTIONS.get)
    assert notebook.cells[0].source == (solved or cell)
    assert bool(names) == (solved is not None)


def test_solving_clears_outputs_that_belonged_to_the_code_before():
    solved, names = notebooks.solve(lesson("def kl(q, p):\n    ...", "print(kl(1, 2))"), SOLUTIONS.get)
    assert names == ["kl"]
    assert [(cell.outputs, cell.execution_count) for cell in solved.cells if cell.cell_type == "code"] == [
        ([], None)
    ] * 2


def test_every_solution_of_the_tutor_can_stand_in_a_notebook():
    for name in records():
        solved, _ = notebooks.solve(v4.new_notebook(cells=[v4.new_code_cell(f"def {name}():\n    ...")]))
        assert [function.name for function in notebooks.functions(solved)] == [name]
        assert notebooks.stubs(solved) == []


def test_breaking_puts_the_wrong_bodies_in_turn_into_stubs_and_nothing_else():
    notebook = lesson("def kl(q, p=1):\n    '''Doc.'''\n    ...", "def own(x):\n    return x", "def e_step(x): ...")
    broken = notebooks.break_(notebook, "return None", "raise ValueError")
    assert [cell.source for cell in broken.cells[1:]] == [
        "def kl(q, p=1):\n    return None",
        "def own(x):\n    return x",
        "def e_step(x):\n    raise ValueError",
    ]


def test_running_uses_this_python_keeps_progress_away_and_leaves_the_argument_alone(tmp_path):
    notebook = lesson(
        "import os, sys\nprint(sys.executable)\nprint(os.environ['EMTUTOR_HOME'])\nprint(os.getcwd())", output=""
    )
    run = notebooks.normalise(notebooks.execute(notebook, tmp_path))
    python, home, folder = run.cells[1].outputs[0].text.split("\n")[:3]
    assert Path(python).exists()
    assert not Path(home).exists()  # gone with the run
    assert Path(folder).resolve() == tmp_path.resolve()
    assert notebook.cells[1].outputs == []


def test_a_second_refresh_changes_nothing(tmp_path):
    path = tmp_path / "05-em.ipynb"
    notebooks.write(v4.new_notebook(cells=[v4.new_code_cell("print('a')\nprint('b')\n3")]), path)
    assert notebooks.refresh(path)[0]
    assert not notebooks.refresh(path)[0]
    assert [out.output_type for out in notebooks.read(path).cells[0].outputs] == ["stream", "execute_result"]


def test_a_notebook_that_raises_is_named_and_not_written(tmp_path, capsys):
    path = tmp_path / "05-em.ipynb"
    notebooks.write(v4.new_notebook(cells=[v4.new_code_cell("1 / 0")]), path)
    before = path.read_bytes()
    assert notebooks.main([str(tmp_path)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_what_is_no_notebook_is_said(tmp_path):
    (tmp_path / "a.ipynb").write_text("{}")
    with pytest.raises(ValueError, match=r"a\.ipynb is not a notebook"):
        notebooks.read(tmp_path / "a.ipynb")
    with pytest.raises(FileNotFoundError):
        notebooks.read(tmp_path / "b.ipynb")
