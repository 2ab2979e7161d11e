"""From steps, bounds and simplices to films: each scene is a pure function that returns a `film.Film`."""

from emtutor.films.scenes.ascent import bound, surface
from emtutor.films.scenes.clusters import branching, kmeans
from emtutor.films.scenes.constraint import simplex
from emtutor.films.scenes.lemma import decomposition, jensen, temperature
from emtutor.films.scenes.mixture import em

__all__ = ["bound", "branching", "decomposition", "em", "jensen", "kmeans", "simplex", "surface", "temperature"]
