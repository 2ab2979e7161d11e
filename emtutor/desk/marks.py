"""The verdicts on one collected notebook: `python -m emtutor.desk.marks NOTEBOOK` prints them as JSON.

A process of its own for each notebook, with a store of its own: nobody's progress is read or written, and what one
notebook does to its worker reaches no other.
"""

import contextlib
import json
import os
import sys
from pathlib import Path

from emtutor.desk import answers, notebooks
from emtutor.tutor.check import judged
from emtutor.tutor.exercise import exercises

LARGEST = 50 << 20  # bytes of a notebook
MEMORY = 4 << 30  # bytes that this process may take; the worker has a limit of its own


def marks(path):
    """{exercise: {status, mistake, message, source, note}} of a notebook's answers; ValueError if it cannot be read."""
    if Path(path).stat().st_size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20} MB")
    found = {}
    for name, answer in answers.answers(notebooks.read(path), exercises()).items():
        mark = {"status": "error", "mistake": None, "message": "", "source": answer.source, "note": answer.note}
        if answer.function is not None:
            try:
                said = judged(answer.function, name)
                mark |= {"status": said.status, "mistake": said.mistake, "message": said.message}
            except Exception as error:  # whatever an answer does, the others are judged
                mark["message"] = f"It could not be judged: {type(error).__name__}."
        found[name] = mark
    return found


def _limit_memory():
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


def main(path):
    out = os.dup(1)
    os.dup2(2, 1)  # what anybody prints is no verdict
    try:
        said = {"marks": marks(path)}
    except Exception as error:
        said = {"note": f"cannot be read: {str(error).replace(str(path), 'it')[:300]}"}
    with os.fdopen(out, "w", encoding="utf-8") as stream:
        json.dump(said, stream)


if __name__ == "__main__":
    _limit_memory()
    main(sys.argv[1])
