"""From steps, bounds and simplices to films: one file a scene, each a pure function that returns a `film.Film`."""

from emtutor.scenes.mixture import em

__all__ = ["em"]
