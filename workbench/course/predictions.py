"""Predictions: what will the next cells show, and how sure are you?

    predict("05.1", [0.25, 0.5, 0.75], unit="of noise")
    …
    reveal("05.1", measured)

`predict` asks; its answer and the student's confidence go into the student's record. `reveal`
stands after the run that decides, and shows the right answer. Where nobody can answer, as in a
report, both show plain text.
"""

from __future__ import annotations

import bisect
import html
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.arguments import listed, shown, text_of
from workbench.arguments import number as number_of
from workbench.course.record import NUMBER, Predicted, attended, read_record
from workbench.errors import BrokenFileError, PromptError

if TYPE_CHECKING:
    from workbench.course.widgets.prediction import Prediction

CONFIDENCES = (40, 65, 80, 95)  # percent; beside them a guess
MOST = 8  # choices
_asked: dict[str, Question] = {}  # of this kernel, by number


@dataclass
class Question:
    """What `predict` asks. edges: bounds of numeric choices; widget: what shows it, if anybody can
    answer. As the last line of a cell it displays itself."""

    number: str
    choices: list[str]
    edges: list[float]
    unit: str
    widget: Prediction | None = None

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


def predict(number: str, choices: Sequence[str] | Sequence[float], *, unit: str = "") -> Question:
    """Ask for a prediction and for the confidence in it.

    Args:
        number: "NN.N", lesson and number within it.
        choices: 2 to 8 texts; or increasing numbers, the bounds of ranges: [3, 6] gives "fewer
            than 3", "3 to 5" and "6 or more", [0.5] gives "below 0.5" and "0.5 or more".
        unit: Of the numbers.

    Returns:
        The question, which displays itself as the last line of a cell.

    Raises:
        PromptError: for another number, and for choices that are too few, too many or equal.
    """
    question = question_of(number, choices, unit)
    if attended():
        from workbench.course.widgets.prediction import Prediction  # anywidget

        question.widget = Prediction(question, _kept(question))
    _asked[question.number] = question
    return question


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
    unit = f" {unit}" if unit else ""
    texts = [f"{'fewer than' if whole else 'below'} {edges[0]:g}{unit}"]
    for low, high in itertools.pairwise(edges):
        last = high - whole
        texts.append(f"{low:g}{unit}" if whole and last == low else f"{low:g} to {last:g}{unit}")
    return [*texts, f"{edges[-1]:g}{unit} or more"]


def _kept(question: Question) -> Predicted | None:
    """The student's earlier answer to the same question."""
    try:
        known = read_record().predictions.get(question.number)
    except (BrokenFileError, OSError):
        return None
    return known if known and known.choices == question.choices else None


def reveal(number: str, right: str | float, why: str = "") -> None:
    """Show the right answer of a prediction beside the student's own.

    Args:
        number: Of the prediction.
        right: The text of the right choice, or for numeric choices the measured value.
        why: What the run measured, in a few words.

    Raises:
        PromptError: if `right` is not a choice.
    """
    why = text_of(why, "why")
    value = "" if isinstance(right, str) else f"{number_of(right, 'right'):.3g}"
    question = _asked.get(number)
    if question is None:  # the cell that asks was not run
        _say([f"Prediction {number}: the run gives {value or right}.", why])
        return
    place = question.place(right)
    choice = f"“{question.choices[place]}”"
    measured = " ".join(filter(None, [value, question.unit]))
    lines = [f"Prediction {number}: the run gives {f'{measured}: {choice}' if value else choice}."]
    if question.widget is not None:
        lines.append(question.widget.decide(place))
    _say([*lines, why])


def _say(parts: Sequence[str]) -> None:
    """Sentences as a line that screen readers announce."""
    from workbench.course.lesson import show

    text = " ".join(filter(None, parts))
    show(f"<p class='wb-reveal' role='status'>{html.escape(text)}</p>", text)


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
