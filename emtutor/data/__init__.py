"""The data of the course, carried with the package. Each function returns a fresh array."""

from importlib.resources import files

import numpy as np

FAITHFUL_COLUMNS = ("eruption duration (min)", "waiting time to the next eruption (min)")


def old_faithful():
    """272 eruptions of Old Faithful, (272, 2): duration and waiting time to the next, both in minutes.

    R's `datasets::faithful`; Haerdle (1991), Azzalini and Bowman (1990). Not MASS::geyser, which is another recording
    of 299 eruptions.
    """
    return _csv("faithful.csv")


def geyser_with_gaps():
    """Old Faithful as a careless logbook has it, (272, 2) with NaN where an entry is missing, by a fixed rule.

    After every second eruption longer than 4.2 minutes nobody waited for the next one: the waiting time is missing,
    because of what is seen. Of every ninth row the duration is missing, whatever it was. Where both rules meet, the
    second counts alone.
    """
    x = old_faithful()
    row = np.arange(len(x))
    lost = row % 9 == 4
    x[(x[:, 0] > 4.2) & (row % 2 == 0) & ~lost, 1] = np.nan
    x[lost, 0] = np.nan
    return x


def earthquakes():
    """Earthquakes of magnitude 7 or more in the world, one count a year from 1900 to 2006, (107,).

    Zucchini, MacDonald and Langrock (2016), Hidden Markov Models for Time Series, table 1.1.
    """
    return _csv("earthquakes.csv")


def times_deaths():
    """Deaths of women of 80 and over in The Times, 1910 to 1912: (10, 2), deaths a day and on how many of 1096 days.

    Hasselblad (1969), J. Amer. Statist. Assoc. 64, 1459-1471.
    """
    return np.column_stack([np.arange(10.0), [162, 267, 271, 185, 111, 61, 27, 8, 3, 1]])


def coin_flips():
    """Five rounds of ten tosses, each with one of two coins, (5, 2): heads and flips. Do and Batzoglou (2008)."""
    return np.array([[5.0, 10], [9, 10], [8, 10], [4, 10], [7, 10]])


def linkage_counts():
    """197 animals in four genetic classes, (4,). Rao (1965); Dempster, Laird and Rubin (1977)."""
    return np.array([125.0, 18, 20, 34])


def blood_groups():
    """521 people by blood group A, B, AB, O, (4,). Clarke et al. (1959), British Medical Journal 1, 603-607."""
    return np.array([186.0, 38, 13, 284])


def murray():
    """Twelve pairs, eight with one entry missing (NaN), (12, 2). Murray (1977), in Dempster, Laird and Rubin (1977)."""
    nan = np.nan
    both = [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    return np.array(both + [[a, nan] for a in (2.0, 2, -2, -2)] + [[nan, a] for a in (2.0, 2, -2, -2)])


def _csv(name):
    return np.loadtxt(files("emtutor.data") / name, delimiter=",", skiprows=1)
