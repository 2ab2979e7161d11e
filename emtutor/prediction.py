"""A prediction before the reveal: a choice of plain ipywidgets, each answer met by what it would imply."""

from html import escape


def predict(question, replies, right):
    """Show `question` with one radio button an answer; on a choice, say what that answer would imply.

    replies: {answer: what it would imply}, two or more. right: the answer that holds. Returns a widget whose plain
    text is the question with its answers, so that a terminal, a screen reader and the notebook tests have it too.
    """
    if len(replies) < 2 or not all(isinstance(reply, str) and reply for reply in replies.values()):
        raise ValueError(f"replies must map two or more answers to a sentence each, got {replies!r}")
    if right not in replies:
        raise ValueError(f"right must be one of {list(replies)}, got {right!r}")
    return _prediction()(question, dict(replies), right)


def _prediction():
    """The widget's class, made at first use: importing emtutor loads no ipywidgets."""
    global _Prediction
    if _Prediction is None:
        import ipywidgets

        class Prediction(ipywidgets.VBox):
            def __init__(self, question, replies, right):
                self.question, self.replies, self.right = question, replies, right
                wide = ipywidgets.Layout(width="auto")
                self.asked = ipywidgets.HTML(f"<b>Predict.</b> {escape(question)}")
                self.choice = ipywidgets.RadioButtons(options=list(replies), value=None, layout=wide)
                self.reply = ipywidgets.HTML("<i>Choose before you read on.</i>")
                self.choice.observe(self._answer, names="value")
                super().__init__([self.asked, self.choice, self.reply])

            def _answer(self, change):
                held = "That is what happens." if change.new == self.right else "Not so."
                self.reply.value = f"<b>{held}</b> {escape(self.replies.get(change.new, ''))}"

            def __repr__(self):
                answers = "\n".join(f"  ( ) {answer}" for answer in self.replies)
                return f"Predict. {self.question}\n{answers}"

            def _repr_mimebundle_(self, **kwargs):
                bundle = super()._repr_mimebundle_(**kwargs)
                bundle["text/plain"] = repr(self)
                return bundle

        _Prediction = Prediction
    return _Prediction


_Prediction = None
