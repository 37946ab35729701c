"""The widget of `quiz`: questions with choices; each answer is explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets as t

from workbench.course.quizzes import Item, lines, page
from workbench.course.record import keep_answer
from workbench.course.widgets.base import MusicWidget, module, style


class QuizBox(MusicWidget):
    """A group of radio buttons per question, and a button that checks the answer.

    A wrong answer is explained and can be changed. The count is that of first answers. Answers go
    into the student's record.

    Args:
        lesson: Number of the lesson.
        items: Its questions.
    """

    _esm = module("quiz")
    _css = style("quiz")

    lesson = t.Unicode("").tag(sync=True)
    questions = t.List(t.Dict()).tag(sync=True)  # {"ask": text, "choices": [text, …]}
    # the explained choices of each question, first answer first: [place, whether right, why]
    answers: t.List[Any] = t.List().tag(sync=True)

    def __init__(self, lesson: str, items: Sequence[Item]) -> None:
        self.items = list(items)
        super().__init__(
            lesson=lesson,
            questions=[
                {"ask": item.ask, "choices": [choice.text for choice in item.choices]}
                for item in items
            ],
            answers=[[] for _ in items],
        )

    def on_answer(self, message: dict[str, Any]) -> None:
        """The button of a question: explain the choice."""
        number, place = message.get("question"), message.get("choice")
        if not (isinstance(number, int) and 0 <= number < len(self.items)):
            return
        item = self.items[number]
        if not (isinstance(place, int) and 0 <= place < len(item.choices)):
            self.say = "Choose an answer first."
            return
        choice, given = item.choices[place], self.answers[number]
        if not any(right for _, right, _ in given) and place not in [p for p, _, _ in given]:
            entry = [place, choice.right, choice.why]
            self.answers = [
                [*row, entry] if n == number else row for n, row in enumerate(self.answers)
            ]
            keep_answer(item.number, right=choice.right)
        verdict = "right" if choice.right else "not right"
        self.say = f"Question {number + 1}: {verdict}. {choice.why} {self._total()}".strip()

    def _total(self) -> str:
        """A sentence once all questions are solved."""
        if not all(row and row[-1][1] for row in self.answers):
            return ""
        first = sum(row[0][1] for row in self.answers)
        return f"All solved: {first} of {len(self.answers)} at the first answer."

    def _still(self) -> dict[str, Any]:
        return {
            "text/plain": "\n".join(lines(self.items)),
            "text/html": self.as_still(page(self.items)),
        }
