"""Functions that somebody else wrote are run in a process of their own, and what they do stays there.

>>> call(lambda a: a + 1, 2)
Returned(value=3, wrote=())

`call(function, *args)` and `calls(function, list_of_args)` answer with `Returned` or `Failed`, whatever the function
does: raise, hang, crash Python, take all memory. `session(function)` keeps a function for many calls. The process is
started once (`warm()` does it early) and used again as long as nobody has changed anything in it. What cannot travel,
and everything where no process can be started, runs in place with a smaller guard.
"""

from emtutor.worker.outcomes import Failed, Report, Returned
from emtutor.worker.plain import Other, plain
from emtutor.worker.sessions import SECONDS, call, calls, can_start, session, warm

__all__ = ["SECONDS", "Failed", "Other", "Report", "Returned", "call", "calls", "can_start", "plain", "session", "warm"]
