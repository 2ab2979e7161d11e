"""Which change of the right answer explains this wrong one? Hypotheses as data, one loop, nothing claimed untried.

>>> find(answer, truth, problems)[0].sentence
'Right whenever all pi_j are equal, and wrong wherever else it was tried: where does pi enter?'

`find(answer, truth, problems, *, notation=None, out=None, name="result", ask=None)` -> list of `Finding`, best
first; [] if the answer is right or nothing is known. answer and truth are called with a problem's arguments by
position; either may raise. A hypothesis is a function that may have been written in the place of the truth, with a
cause and a subject. Tables make them: rewrites of the truth's source, other values in an argument's place, maps of the
output. `ask` are a record's questions, by cause or by cause
and subject, `{"sign": "...", "inverse:Sigma": "..."}`; the causes are the keys of `FAMILIES`. What equals the answer
everywhere comes before what equals it up to a constant, and that before properties; then the fewer changes, then the
order of the tables. Special cases and properties are asked only where no hypothesis fits.

`special_cases(f, g, problems, ...)` -> the weakest cases in which two functions agree; `agree(a, b)` -> equal to the
eye of a computer. Sentences are made last, by `wording`, for "your r" and for "line 3".
"""

from emtutor.causes.families import FAMILIES, question, unknown
from emtutor.causes.findings import Finding, agree
from emtutor.causes.search import find, special_cases
from emtutor.problems.problem import NOTATION, Problem, Quantity, quantity

__all__ = [
    "FAMILIES",
    "NOTATION",
    "Finding",
    "Problem",
    "Quantity",
    "agree",
    "find",
    "quantity",
    "question",
    "special_cases",
    "unknown",
]
