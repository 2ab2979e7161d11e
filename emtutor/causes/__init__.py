"""In which special cases is this wrong answer right, and how is it related to the truth? In one true sentence.

>>> find(answer, truth, problems)[0].sentence
'Right whenever all pi_j are equal, wrong otherwise: where does pi enter?'

answer and truth are functions of a problem's arguments, called by position in the problem's order. One engine for
derivations and tutor; nothing is claimed that was not tried.
"""

from emtutor.causes.engine import agree, find, special_cases
from emtutor.causes.findings import Finding
from emtutor.problems.problem import NOTATION, Problem, Quantity, quantity

__all__ = ["NOTATION", "Finding", "Problem", "Quantity", "agree", "find", "quantity", "special_cases"]
