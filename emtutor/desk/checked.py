"""A notebook, run: what its calls of `check` say."""

import json

from nbformat import v4

from emtutor.desk import notebooks

_RECORD = """import emtutor, emtutor.tutor
_asked, _real_check = [], emtutor.tutor.check
def _recording(*args, **kwargs):
    feedback = _real_check(*args, **kwargs)
    _asked.append((feedback.exercise, feedback.status))
    return feedback
emtutor.check = emtutor.tutor.check = _recording
"""


def checks(notebook, folder=".", before="", value="None"):
    """Run a copy of the notebook in `folder`: [(exercise, status), ...] of its checks in order, and a value at the end.

    before: code that runs first. value: an expression that JSON can hold. Raises CellExecutionError where a cell does.
    """
    first = v4.new_code_cell(f"{before}\n{_RECORD}")
    last = v4.new_code_cell(f"import json\nprint(json.dumps([_asked, {value}]))")
    whole = v4.new_notebook(cells=[first, *notebook.cells, last])
    run = notebooks.normalise(notebooks.execute(whole, folder))
    asked, found = json.loads(run.cells[-1].outputs[0].text)
    return [tuple(pair) for pair in asked], found


def not_right(notebook, folder="."):
    """Sentences on what is not right in the solved form: solutions put in, every check must say correct."""
    names = {stub.name for stub in notebooks.stubs(notebook)}
    solved, _ = notebooks.solve(notebook)
    for stub in notebooks.stubs(solved):
        yield f"the stub {stub.name} is no exercise's that is known: is the package installed that has it?"
    asked, _ = checks(solved, folder)
    yield from (f"with its solution put in, {name} is {status}" for name, status in asked if status != "correct")
    yield from (f"{name} is never checked" for name in sorted(names - {name for name, _ in asked}))
