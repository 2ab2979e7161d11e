"""From steps, bounds and simplices to films: each scene is a pure function that returns a `film.Film`."""

from emtutor.scenes.ascent import bound, surface
from emtutor.scenes.clusters import branching, kmeans
from emtutor.scenes.constraint import simplex
from emtutor.scenes.lemma import decomposition, jensen, temperature
from emtutor.scenes.mixture import em

__all__ = ["bound", "branching", "decomposition", "em", "jensen", "kmeans", "simplex", "surface", "temperature"]
