"""The verdicts on one collected notebook: `python -m emtutor.desk.marks NOTEBOOK` prints them as JSON.

With a seed after it the notebook is an exam's, sat with that seed, or with its own for "own".

A process of its own for each notebook, with a store of its own: nobody's progress is read or written, and what one
notebook does to its worker reaches no other.
"""

import ast
import contextlib
import json
import os
import sys
from pathlib import Path

from emtutor import exam
from emtutor.desk import answers, notebooks
from emtutor.tutor.check import judged
from emtutor.tutor.exercise import exercises

OWN = "own"  # the seed that a notebook itself has sat
LARGEST = 50 << 20  # bytes of a notebook
MEMORY = 4 << 30  # bytes that this process may take; the worker has a limit of its own


def marks(path):
    """{exercise: {status, mistake, message, source, note}} of a notebook's answers; ValueError if it cannot be read."""
    found = {}
    for name, answer in answers.answers(_read(path), exercises()).items():
        mark = {"status": "error", "mistake": None, "message": "", "source": answer.source, "note": answer.note}
        if answer.function is not None:
            try:
                said = judged(answer.function, name)
                mark |= {"status": said.status, "mistake": said.mistake, "message": said.message}
            except Exception as error:  # whatever an answer does, the others are judged
                mark["message"] = f"It could not be judged: {type(error).__name__}."
        found[name] = mark
    return found


def _read(path):
    if Path(path).stat().st_size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20} MB")
    return notebooks.read(path)


def of_an_exam(path, seed):
    """{seed, points, of, marks, notes} of an exam's notebook; marks: {part: points, of, status, note}.

    seed: a number, or OWN. ValueError if it cannot be read.
    """
    notebook = _read(path)
    own = own_seed(notebook)
    sat = own if seed == OWN else int(seed)
    if sat is None:
        raise ValueError("there is no exam.sit(seed=...) with a number in it")
    paper = exam.sit(sat)
    names = [f"answer_{part.name}" for question in paper.questions for part in question.parts]
    functions = answers.answers(notebook, names)
    given, notes = answers.values(notebook, names)
    given |= {name: answer.function for name, answer in functions.items() if answer.function is not None}
    notes += [f"{name}: {answer.note}" for name, answer in functions.items() if answer.note]
    if own != sat:
        notes.insert(0, f"It was sat with seed {own}, and is marked with {sat}.")
    report = exam.submit(paper, given)
    marks = {mark.name.removeprefix("answer_"): mark._asdict() for mark in report.marks}
    return {"seed": sat, "points": report.points, "of": paper.points, "exam": marks, "notes": notes}


def own_seed(notebook):
    """The number in the notebook's exam.sit(seed=7); None if there is none, or no number."""
    for cell in notebook.cells:
        for node in (n for s in notebooks.parsed(cell.source) for n in ast.walk(s) if cell.cell_type == "code"):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("exam.sit", "sit"):
                seed = [*node.args, *(k.value for k in node.keywords if k.arg == "seed")]
                value = getattr(seed[0], "value", None) if seed else None
                return value if type(value) is int and value >= 0 else None
    return None


def _limit_memory():
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


def main(path, seed=None):
    out = os.dup(1)
    os.dup2(2, 1)  # what anybody prints is no verdict
    try:
        said = {"marks": marks(path)} if seed is None else of_an_exam(path, seed)
    except Exception as error:
        said = {"note": f"cannot be read: {str(error).replace(str(path), 'it')[:300]}"}
    with os.fdopen(out, "w", encoding="utf-8") as stream:
        json.dump(said, stream)


if __name__ == "__main__":
    _limit_memory()
    main(*sys.argv[1:])
