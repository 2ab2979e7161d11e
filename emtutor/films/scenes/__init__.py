"""From steps, bounds and simplices to films: each scene is a pure function that returns a `film.Film`."""

from emtutor.films.scenes.bound import bound
from emtutor.films.scenes.branching import branching
from emtutor.films.scenes.constraint import simplex
from emtutor.films.scenes.gradient import gradient
from emtutor.films.scenes.hard import kmeans
from emtutor.films.scenes.jensen import jensen
from emtutor.films.scenes.lemma import decomposition, temperature
from emtutor.films.scenes.mixture import em
from emtutor.films.scenes.softness import softness
from emtutor.films.scenes.surface import surface

__all__ = [
    "bound",
    "branching",
    "decomposition",
    "em",
    "gradient",
    "jensen",
    "kmeans",
    "simplex",
    "softness",
    "surface",
    "temperature",
]
