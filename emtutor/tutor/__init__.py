"""check, hint, solution, progress: the tutor that names the mistake."""

from emtutor.tutor.guide import hint, progress, solution
from emtutor.tutor.judge import check

__all__ = ["check", "hint", "progress", "solution"]
