"""What `predict` asks: the choices, as texts or as ranges of numbers, and the confidences."""

from __future__ import annotations

import bisect
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from workbench.arguments import listed, shown, text_of
from workbench.arguments import number as number_of
from workbench.course.record import NUMBER
from workbench.errors import PromptError

CONFIDENCES = (40, 65, 80, 95)  # percent; beside them a guess
MOST = 8  # choices
MIME = "application/vnd.music-workbench.prediction+json"  # of the answer, in the notebook


@dataclass
class Question:
    """What `predict` asks. edges: bounds of numeric choices; widget: what shows it, if anybody can
    answer. As the last line of a cell it displays itself."""

    number: str
    choices: list[str]
    edges: list[float]
    unit: str
    widget: Any = None

    @property
    def confidences(self) -> list[int]:
        """Percent that can be chosen: that of a guess first."""
        guess = round(100 / len(self.choices))
        return [guess, *(percent for percent in CONFIDENCES if percent > guess + 10)]

    def place(self, right: str | float) -> int:
        """Number of the choice that a text or a value is.

        Raises:
            PromptError: if there is no such choice.
        """
        if isinstance(right, str):
            if right not in self.choices and self.choices[-1].startswith("another "):
                return len(self.choices) - 1
            if right not in self.choices:
                raise PromptError(
                    f"right={shown(right)}: is not a choice of prediction {self.number}; these are "
                    + ", ".join(map(repr, self.choices))
                )
            return self.choices.index(right)
        if not self.edges:
            raise PromptError(f"right={shown(right)}: give the text of a choice")
        return bisect.bisect_right(self.edges, number_of(right, "right"))

    def __repr__(self) -> str:
        return f"Prediction {self.number}: {' | '.join(self.choices)}"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": choices_html(self)}

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if self.widget is None:
            display(self._repr_mimebundle_(), raw=True)
        else:
            display(self.widget)


def question_of(number: str, choices: Sequence[str] | Sequence[float], unit: str = "") -> Question:
    """The question of `predict`, without asking it."""
    if not isinstance(number, str) or not NUMBER.fullmatch(number):
        raise PromptError(f'number={shown(number)}: give a lesson and a number, such as "05.1"')
    unit = text_of(unit, "unit")
    given = listed(choices, "choices", "texts or numbers")
    if all(isinstance(choice, str) for choice in given):
        texts, edges = [" ".join(choice.split()) for choice in given], []
    else:
        edges = _edges(given)
        texts = _ranges(edges, unit)
    if not 2 <= len(texts) <= MOST or len(set(texts)) < len(texts) or not all(texts):
        raise PromptError(f"choices={shown(choices)}: give 2 to {MOST} different ones")
    return Question(number, texts, edges, unit)


def _edges(given: Sequence[Any]) -> list[float]:
    """Bounds as int if all are whole numbers, else as float."""
    edges = [number_of(edge, "choices") for edge in given]
    if edges != sorted(set(edges)):
        raise PromptError(f"choices={shown(list(given))}: numbers must increase")
    whole = all(isinstance(edge, int) for edge in given)
    return [int(edge) for edge in edges] if whole else edges


def _ranges(edges: Sequence[float], unit: str) -> list[str]:
    """The ranges between bounds, in words. Ranges of whole numbers do not share their bounds."""
    whole = all(isinstance(edge, int) for edge in edges)
    texts = [f"{'fewer than' if whole else 'below'} {_counted(edges[0], unit)}"]
    for low, high in pairwise(edges):
        last = high - whole
        start = "" if whole and last == low else f"{low:g} to "
        texts.append(start + _counted(last, unit))
    return [*texts, f"{_counted(edges[-1], unit)} or more"]


def _counted(number: float, unit: str) -> str:
    """A number and its unit: 1 hour, 2 hours, 1 standard deviation, 1 %."""
    words = unit.split()
    plural = [i for i, word in enumerate(words) if re.fullmatch(r"(?!times)[a-z]{3,}s", word)]
    if number == 1 and plural:
        words[plural[0]] = words[plural[0]].removesuffix("s")
    return " ".join([f"{number:g}", *words])


def choices_html(question: Question, choice: int = -1, confidence: int = 0, right: int = -1) -> str:
    """The choices as a list without controls: the student's own and the right one are marked."""
    rows = []
    for place, text in enumerate(question.choices):
        own = f" — your prediction, {confidence} % sure" if place == choice else ""
        decided = " — what the run gave" if place == right else ""
        sign = "◉" if place == choice else "○"
        rows.append(f"<li>{sign} {html.escape(text)}{own}{decided}</li>")
    return (
        f"<div class='wb-choices'><p>Your prediction {question.number}:</p>"
        f"<ul style='list-style:none;margin:0;padding-left:1em'>{''.join(rows)}</ul></div>"
    )
