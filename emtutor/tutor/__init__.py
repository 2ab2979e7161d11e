"""check, hint, solution, progress: the tutor that names the mistake. `register`: for your own exercises."""

import sys

from emtutor import worker
from emtutor.tutor.check import check
from emtutor.tutor.exercise import Exercise, Mistake, register
from emtutor.tutor.guide import hint, progress, solution

__all__ = ["Exercise", "Mistake", "check", "hint", "progress", "register", "solution"]

if "ipykernel" in sys.modules:  # the process that runs answers is ready when the first one comes
    worker.warm()
