"""The widget of `predict`: choices, a confidence, and after the run the right answer."""

from __future__ import annotations

from typing import Any

import traitlets as t

from workbench.course.question import MIME, Question, choices_html
from workbench.course.record import Predicted, keep_prediction
from workbench.course.widgets.base import MusicWidget, module, style


class Prediction(MusicWidget):
    """Radio buttons for the choices and the confidence, and a button that keeps both.

    The answer goes into the student's record and, for the class page, into the notebook. Until the
    run has decided, it can be changed.

    Args:
        question: What is asked.
        known: An earlier answer to it.
    """

    _esm = module("prediction")
    _css = style("prediction")

    number = t.Unicode("").tag(sync=True)
    choices = t.List(t.Unicode()).tag(sync=True)
    confidences = t.List(t.Int()).tag(sync=True)  # percent, that of a guess first
    choice = t.Int(-1).tag(sync=True)  # -1: none yet
    confidence = t.Int(0).tag(sync=True)
    right = t.Int(-1).tag(sync=True)  # -1: no run has decided

    def __init__(self, question: Question, known: Predicted | None = None) -> None:
        self.question = question
        super().__init__(
            number=question.number, choices=question.choices, confidences=question.confidences
        )
        if known is not None:
            self.choice, self.confidence = known.choice, known.confidence
            self.right = -1 if known.right is None else known.right
            self.say = self._kept()

    def on_predict(self, message: dict[str, Any]) -> None:
        """The button: keep a choice and a confidence."""
        choice, confidence = message.get("choice"), message.get("confidence")
        if self.right >= 0:
            self.say = "The run has decided; a prediction afterwards does not count."
        elif not (isinstance(choice, int) and 0 <= choice < len(self.choices)) or (
            confidence not in self.confidences
        ):
            self.say = "Choose an answer, and how sure you are."
        else:
            self.choice, self.confidence = choice, confidence
            self.say = f"{self._kept()} Run the next cells to see."
            self._redraw()
            self._keep()

    def decide(self, right: int) -> str:
        """Show the right choice, and keep it beside the answer. Returns a sentence on it."""
        self.right = right
        if self.choice < 0:
            self.say = "You made no prediction. Next time choose before you run the next cells."
            self._redraw()
            return self.say
        verdict = "correct" if self.choice == right else "not what the run gave"
        self.say = f"{self._kept()} That was {verdict}."
        self._redraw()
        self._kindly(self._keep)
        return self.say

    def _kept(self) -> str:
        return f"Your prediction: “{self.choices[self.choice]}”, {self.confidence} % sure."

    def _answer(self) -> Predicted:
        right = None if self.right < 0 else self.right
        return Predicted(list(self.choices), self.choice, self.confidence, right)

    def _keep(self) -> None:
        keep_prediction(self.number, self._answer())

    def _still(self) -> dict[str, Any]:
        page = choices_html(self.question, self.choice, self.confidence, self.right)
        about = {
            "number": self.number,
            "choices": list(self.choices),
            "choice": self.choice,
            "confidence": self.confidence,
            "right": self.right,
        }
        return {"text/plain": repr(self.question), "text/html": self.as_still(page), MIME: about}
