"""The example exam: `paper = exam.sit(seed)`, `paper.show(5)`, `exam.submit()`, `paper.model_answers()`.

Part one has ten questions, sixty points, sixty minutes; part two five more, for thirty. Nothing is marked before the
paper is handed in. The wording of the questions is in the notebook; their numbers and what is known of wrong answers
in `updates.py`, `divergences.py`, `families.py`, `statements.py` and `listing.py`; how answers are read in
`reading.py`, how they are marked in `marking.py`.
"""

from emtutor.exam.paper import Paper, Report, functions, sit, submit

__all__ = ["Paper", "Report", "functions", "sit", "submit"]
