"""The example exam: `paper = exam.sit(seed)`, `paper.show(5)`, `exam.submit()`, `paper.model_answers()`.

Ten questions, sixty points, sixty minutes. Nothing is marked before the paper is handed in. The numbers of the
questions stand in `questions.py`, their wording in the notebook, how answers are marked in `marking.py`.
"""

from emtutor.exam.paper import Paper, Report, functions, sit, submit

__all__ = ["Paper", "Report", "functions", "sit", "submit"]
