"""The fifteen questions: each draw takes a random generator and gives a `Question` with numbers of its own.

Their wording stands in the notebook; here are the numbers, lines and choices, in Markdown, and the answers.
"""

from emtutor.exam.divergences import draw_6, draw_7, draw_11, draw_14
from emtutor.exam.families import draw_12, draw_13, draw_15
from emtutor.exam.listing import draw_9
from emtutor.exam.statements import draw_8
from emtutor.exam.updates import draw_1, draw_2, draw_3, draw_4, draw_5, draw_10

DRAWS = (draw_1, draw_2, draw_3, draw_4, draw_5, draw_6, draw_7, draw_8, draw_9, draw_10,
         draw_11, draw_12, draw_13, draw_14, draw_15)  # fmt: skip
FIRST = 10  # questions of the first part, an exam by themselves
