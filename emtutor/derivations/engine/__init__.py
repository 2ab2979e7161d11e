"""Executable derivations: a chain of lines, each of them LaTeX and a function, tried on many problems.

>>> derivations.grad_mu.run()                        # every "=" with the largest relative error seen
>>> derivations.grad_mu.run(x=x, theta=theta)        # on your own data
>>> derivations.grad_mu.with_line(r"\\sum_i r_{ij} (x_i - \\mu_j)", my_function).run()

A tick says: equal, on so many problems, to so many digits. That is evidence and not a proof; but a false identity
passes only if it is true of every one of these problems, and they are made to differ in all that may matter.

Relations of a line to the last line that can be trusted (a wrong line does not condemn the one after it):
    "start"      the definition, or a numerical derivative of it: nothing to compare with
    "="          equal
    "<=", ">="   an inequality; in the case that `tight` makes, an equality
    "therefore"  a root: put into the line before it gives zero, everything derived (such as r) held fixed
    "tends to"   the limit of the line before as a small number goes to zero, with the order that is observed
    "maximises"  no feasible step that was tried, near or far, makes the objective larger

A result is true if every line holds: `bool(result)` is False where a line breaks, and also where one was left out.
`derivations.grad_mu.unfold()` opens a chain line by line; `derivations.grad_mu.try_line(7, "...")` judges yours.
"""

from emtutor.derivations.engine.chain import Derivation, Result
from emtutor.derivations.engine.line import RELATIONS, Checked, Line, Numerical, Skip, call
from emtutor.derivations.engine.try_line import Tried
from emtutor.derivations.engine.unfold import Unfolding
from emtutor.problems.problem import Problem

__all__ = [
    "RELATIONS",
    "Checked",
    "Derivation",
    "Line",
    "Numerical",
    "Problem",
    "Result",
    "Skip",
    "Tried",
    "Unfolding",
    "call",
]
