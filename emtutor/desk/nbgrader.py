"""A release as an assignment of nbgrader: cells with its marks, and the settings that these need.

Stubs become cells of solutions, and after each check stands a locked cell worth one point. It asks the tutor anew, so
what a notebook has printed counts for nothing, and it keeps no progress. nbgrader itself is not needed here.
"""

import ast
import textwrap

from nbformat import from_dict, v4

from emtutor.desk import files, notebooks

ASSIGNMENT = "emtutor"
SCHEMA = 3  # of the cells' metadata, since nbgrader 0.6
CONFIG = '''"""nbgrader's settings for this course: run its commands in this folder."""

import os
import tempfile

os.environ["EMTUTOR_HOME"] = tempfile.mkdtemp(prefix="emtutor-")  # what students solve is not your progress
c = get_config()
c.CourseDirectory.course_id = "emtutor"
c.ClearSolutions.code_stub = {"python": "..."}  # what the tutor knows as not written yet
c.ExecutePreprocessor.timeout = 600
'''
POINTS = """# {points} point if it is right
from emtutor.tutor.check import judged

1 if judged({name}) else 0"""


def write(folder, plain, asked, solution_of):
    """Write {name: notebook} as source/emtutor/ and the settings; returns what to say. solution_of: None for none."""
    source = folder / "source" / ASSIGNMENT
    source.mkdir(parents=True)
    for stem, notebook in plain.items():
        notebooks.write(assigned(notebook, asked, solution_of), source / f"{stem}.ipynb")
    files.write(folder / "nbgrader_config.py", CONFIG.encode())
    return [
        f"{folder} is a course of nbgrader with the assignment {ASSIGNMENT}, {len(asked)} points.",
        f"Go on there: nbgrader generate_assignment {ASSIGNMENT}",
    ]


def assigned(notebook, asked, solution_of):
    """The notebook with nbgrader's marks; the solutions, if any, between nbgrader's lines."""
    cells: list = []
    waiting = {stub.name: stub for stub in notebooks.stubs(notebook) if stub.name in asked}
    for number, cell in enumerate(notebook.cells):
        cells.append(cell)
        of_cell = [stub for stub in waiting.values() if stub.cell == number]
        for stub in reversed(of_cell):
            if source := solution_of and solution_of(stub.name):
                cell.source = _with_solution(cell.source, stub, source)
        if of_cell:
            _mark(cell, of_cell[0].name, solution=True)
        for name in (n for s in notebooks.parsed(cell.source) if (n := notebooks.checked(s)) in waiting):
            points = v4.new_code_cell(POINTS.format(points=1, name=name), id=f"{name.replace('_', '-')}-points")
            cells.append(_mark(points, f"{name}-points", grade=True, locked=True, points=1))
    notebook.cells = cells
    return notebook


def _with_solution(text, stub, source):
    """The stub's own head and docstring, then the solution's body."""
    function = ast.parse(source).body[0]
    first = function.body[1] if ast.get_docstring(function) is not None else function.body[0]
    body = textwrap.dedent("\n".join(source.split("\n")[first.lineno - 1 : function.end_lineno]))
    lines = text.split("\n")
    start, column = stub.node.body[-1].lineno - 1, stub.node.body[-1].col_offset
    head = [line for line in [lines[start][:column].rstrip()] if line]  # of `def f(x): ...`
    region = textwrap.indent(f"### BEGIN SOLUTION\n{body}\n### END SOLUTION", "    ").split("\n")
    lines[start : stub.end] = head + region
    return "\n".join(lines)


def _mark(cell, name, **marks):
    plain = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": SCHEMA}
    cell.metadata["nbgrader"] = from_dict({**plain, "grade_id": name, **marks})
    return cell
