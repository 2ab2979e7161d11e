"""The data of the course: Old Faithful, carried with the package."""

from importlib.resources import files

import numpy as np

FAITHFUL_COLUMNS = ("eruption duration (min)", "waiting time to the next eruption (min)")


def old_faithful():
    """272 eruptions of Old Faithful, (272, 2): duration and waiting time to the next, both in minutes.

    A fresh array each time. R's `datasets::faithful`; Haerdle (1991), Azzalini and Bowman (1990). Not MASS::geyser,
    which is another recording of 299 eruptions.
    """
    return np.loadtxt(files("emtutor.data") / "faithful.csv", delimiter=",", skiprows=1)
