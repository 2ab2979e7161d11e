"""A prediction before the reveal: a choice of plain ipywidgets, each answer met by what it would imply.

The texts stand in `emtutor/lessons/lNN/predictions.py`, so that the cell `predict("halfway")` does
not show the answer above the question. A module is found by being there, another package's by its entry point.
"""

from functools import cache
from html import escape
from typing import NamedTuple

from emtutor.tutor import lessons


class Prediction(NamedTuple):
    """A question, its answers with what each would imply, and the answer that holds."""

    question: str
    replies: dict[str, str]
    right: str

    @property
    def words(self):
        """The question and its answers as plain text."""
        return "\n".join([f"Predict. {self.question}", *(f"  ( ) {answer}" for answer in self.replies)])

    def met(self, answer):
        """(whether it holds, in words; what it would imply)."""
        return "That is what happens." if answer == self.right else "Not so.", self.replies.get(answer, "")


@cache
def predictions():
    """{name: Prediction} of all lessons, then those of other packages."""
    found: dict[str, Prediction] = {}
    for module in lessons.modules("predictions"):
        _add(module.PREDICTIONS, found)
    for module, others in lessons.of_others("PREDICTIONS"):
        try:
            _add(others, found)
        except Exception as error:
            lessons.unusable(module, error)
    return found


def _add(some, found):
    for name, prediction in some.items():
        if name in found:
            raise ValueError(f"two predictions are called {name!r}")
        if len(prediction.replies) < 2 or prediction.right not in prediction.replies:
            raise ValueError(f"prediction {name!r} needs two or more replies, the right answer among them")
        found[name] = prediction


def predict(name, replies=None, right=None):
    """Ask the question of that name, one radio button an answer; a choice is met by what it would imply.

    Returns a widget whose plain text is the question with its answers, so that a terminal, a screen reader and the
    notebook tests have it too.
    """
    if replies is not None:
        return _asking()(Prediction(name, replies, right))
    if name not in predictions():
        raise ValueError(f"name must be one of {', '.join(predictions())}, got {name!r}")
    return _asking()(predictions()[name])


@cache
def _asking():
    """The widget's class, made at first use: importing emtutor loads no ipywidgets."""
    import ipywidgets

    class Asking(ipywidgets.VBox):
        def __init__(self, prediction):
            self.prediction = prediction
            self.choice = ipywidgets.RadioButtons(
                options=list(prediction.replies), value=None, layout=ipywidgets.Layout(width="auto")
            )
            self.reply = ipywidgets.HTML("<i>Choose before you read on.</i>")
            self.choice.observe(self._answer, names="value")
            asked = ipywidgets.HTML(f"<b>Predict.</b> {escape(prediction.question)}")
            super().__init__([asked, self.choice, self.reply])

        def _answer(self, change):
            held, implied = self.prediction.met(change.new)
            self.reply.value = f"<b>{held}</b> {escape(implied)}"

        def __repr__(self):
            return self.prediction.words

        def _repr_mimebundle_(self, **kwargs):
            bundle = super()._repr_mimebundle_(**kwargs)
            bundle["text/plain"] = repr(self)
            return bundle

    return Asking
