"""What the tutor says is seen: also where it is not the last expression of a cell."""

import sys

_waiting: list = []  # said and not shown yet, in order
_shells: set[int] = set()  # notebooks and terminals that show what is left when a cell has run


def shown(said):
    """The same; in a notebook it is shown at the latest when its cell has run, and what was said before it first."""
    shell = _shell()
    if shell is None:
        return said
    if id(shell) not in _shells:
        shell.events.register("post_run_cell", show_waiting)
        _shells.add(id(shell))
    show_waiting()
    _waiting.append(said)
    return said


def show_waiting(*_):
    """Show what was said before, if nobody has seen it yet."""
    if not _waiting:
        return
    from IPython.display import display

    while _waiting:
        said = _waiting.pop(0)
        if not said.seen:
            display(said)


def _shell():
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
