"""Plays a film in the notebook: `play(film)`, or `play(make, k=[1, 2], start=[..])` with choices.

In the browser the whole film is there at once and stepping never waits for the kernel; only a choice that was not
computed yet asks it. Where no browser runs the player, the same output holds a picture and the film in words.
"""

import itertools
import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import anywidget
import traitlets

from emtutor.films import film as films

EVERYTHING = "EMTUTOR_ALL_FILMS"  # set by `emtutor export`: compute choices beforehand, for a page without a kernel
ENOUGH = 4_000_000  # characters of film in one exported player
_HERE = Path(__file__).parent
SCRIPT = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("picture.js", "hands.js", "player.js"))
RANDOM = re.compile(r"random \d+")  # a start that `gaussian.named_starts` makes when it is asked for
LOOKS = (_HERE / "player.css").read_text(encoding="utf-8")
KEPT = 20  # films that went on from a hand


class Player(anywidget.AnyWidget):
    """A widget that plays the films of a family; made by `play`."""

    _esm = SCRIPT
    _css = LOOKS
    films = traitlets.Dict(help="JSON of each film computed so far that a page needs at once").tag(sync=True)
    choices = traitlets.Dict(help="{name: [values in words]}").tag(sync=True)
    chosen = traitlets.Dict(help="{name: index} at the start").tag(sync=True)

    def __init__(self, film_of, choices):
        """film_of: (*values) -> Film. choices: {name: list of values}; the first of each is shown."""
        self._names, self._values = list(choices), list(choices.values())
        self._made = lru_cache(maxsize=None)(lambda key: film_of(*self._values_of(key)))
        self._onward = {}  # key: a film that went on from a hand
        first = "/".join("0" for _ in choices)
        self.first = self._film_of(first)
        shown = {first: films.encode(self.first)}
        if os.environ.get(EVERYTHING):
            shown = self._all(shown)
        super().__init__(
            films=shown,
            choices={name: [str(v) for v in values] for name, values in choices.items()},
            chosen=dict.fromkeys(choices, 0),
        )
        self.on_msg(self._answer)

    def _film_of(self, key):
        return self._onward[key] if key in self._onward else self._made(key)

    def _values_of(self, key):
        parts = key.split("/") if key else []
        return [self._value_of(*pair) for pair in zip(self._names, self._values, parts, strict=True)]

    @staticmethod
    def _value_of(name, values, part):
        """An index, or the name of a random start that the browser has drawn."""
        return part if name == "start" and RANDOM.fullmatch(part) else values[int(part)]

    def _all(self, shown):
        for index in itertools.product(*(range(len(values)) for values in self._values)):
            key = "/".join(map(str, index))
            if key not in shown and sum(map(len, shown.values())) < ENOUGH:
                shown[key] = films.encode(self._film_of(key))
        return shown

    def _answer(self, _, content, buffers):
        self.receive(content)

    def receive(self, content):
        """Answer what a browser asks: another film, or a hand."""
        if "hand" in content:
            self.send(self._by_hand(content))
        elif "want" in content:
            self.send(self._wanted(content))

    def _wanted(self, content):
        key = content["want"]
        try:
            if "onward" in content:
                self._onward[key] = self._film_of(content["onward"]).onward(content["frame"], content["places"])
                while len(self._onward) > KEPT:
                    del self._onward[next(iter(self._onward))]
            return {"key": key, "film": films.encode(self._film_of(key))}
        except Exception as error:  # it is shown in the player: a traceback would go nowhere
            return {"key": key, "error": f"This film could not be made: {told(error)}"}

    def _by_hand(self, content):
        i = content["frame"]
        reply = {name: content[name] for name in ("hand", "view", "film", "frame")}
        try:
            film = self._film_of(content["film"])
            return reply | films.delta(film, i, film.hand(i, content["places"], content["held"]))
        except Exception as error:
            return reply | {"error": f"This place has no answer: {told(error)}"}

    def __repr__(self):
        others = "".join(f"\nChoose {name}: {', '.join(values)}." for name, values in self.choices.items())
        return films.in_words(self.first) + others

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        data = {**data, "text/plain": repr(self), "image/png": films.png(self.first)}
        return data, {**metadata, "image/png": {"alt": self.first.frames[self.first.poster].words}}


def play(film, **choices):
    """A player for a film, for {name: film}, or for a function of choices: `play(make, k=[1, 2], start=["a", "b"])`.

    A mapping's values may be films or functions without arguments. `make(k=.., start=..)` is called when a choice is
    first made. Returns a widget; as the last line of a cell it shows itself.
    """
    if isinstance(film, films.Film):
        _no_choices(choices)
        return Player(lambda: film, {})
    if isinstance(film, Mapping):
        _no_choices(choices)
        if not film:
            raise ValueError("film must hold at least one film, got an empty mapping")
        return Player(lambda name: _made(film[name]), {"film": list(film)})
    if not isinstance(film, Callable):
        raise ValueError(f"film must be a film, a mapping of films or a function, got {type(film).__name__}")
    empty = [name for name, values in choices.items() if not list(values)]
    if empty:
        raise ValueError(f"{empty[0]} must list at least one value to choose from, got none")
    names = list(choices)
    return Player(
        lambda *values: film(**dict(zip(names, values, strict=True))), {k: list(v) for k, v in choices.items()}
    )


def told(error):
    """An exception in words for the one who sees the player."""
    return f"{type(error).__name__}: {error}"


def _made(film):
    return film if isinstance(film, films.Film) else film()


def _no_choices(choices):
    if choices:
        raise ValueError(f"choices ({', '.join(choices)}) need a function that makes the film: play(make, k=[1, 2])")
