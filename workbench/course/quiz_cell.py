"""The quiz at the end of a lesson.

    quiz("05")

asks the lesson's questions, and says why a choice is right or wrong.
"""

from __future__ import annotations

from typing import Any

from workbench.course import widgets
from workbench.course.accessible import show
from workbench.course.quizzes import items, lines, number_of, page
from workbench.course.record import attended


class Quiz:
    """The result of `quiz`; displays itself as the last line of a cell. widget: what shows it, or
    None where nobody can answer."""

    def __init__(self, lesson: str | int) -> None:
        self.lesson, self.items = number_of(lesson), items(lesson)
        self.widget = widgets.QuizBox(self.lesson, self.items) if attended() else None

    def __repr__(self) -> str:
        return f"Quiz of lesson {self.lesson}: {len(self.items)} questions"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return {"text/plain": "\n".join(lines(self.items)), "text/html": page(self.items)}

    def _ipython_display_(self) -> None:
        if self.widget is None:
            show(page(self.items), "\n".join(lines(self.items)))
        else:
            from IPython.display import display

            display(self.widget)


def quiz(lesson: str | int) -> Quiz:
    """The quiz of a lesson: answer, and read why a choice is right or wrong.

    Args:
        lesson: Its number, such as "05" or 5.

    Returns:
        The quiz, which displays itself as the last line of a cell. Where nobody can answer, as in
        an exported page, the answers can be unfolded.

    Raises:
        PromptError: for a lesson without a quiz.
    """
    return Quiz(lesson)
