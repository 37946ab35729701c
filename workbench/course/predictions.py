"""Predictions: what will the next cells show, and how sure are you?

    predict("05.1", [0.25, 0.5, 0.75], unit="of noise")
    …
    reveal("05.1", measured)

`predict` asks; its answer and the student's confidence go into the student's record. `reveal`
stands after the run that decides, and shows the right answer. Where nobody can answer, as in a
report, both show plain text.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from workbench.arguments import number as number_of
from workbench.arguments import text_of
from workbench.course import widgets
from workbench.course.accessible import show
from workbench.course.question import Question, question_of
from workbench.course.record import Predicted, attended, read_record
from workbench.errors import BrokenFileError

_asked: dict[str, Question] = {}  # of this kernel, by number


def predict(number: str, choices: Sequence[str] | Sequence[float], *, unit: str = "") -> Question:
    """Ask for a prediction and for the confidence in it.

    Args:
        number: "NN.N", lesson and number within it.
        choices: 2 to 8 texts; or increasing numbers, the bounds of ranges: [3, 6] gives "fewer
            than 3", "3 to 5" and "6 or more", [0.5] gives "below 0.5" and "0.5 or more". A last
            text that begins with "another " stands for every other answer.
        unit: Of the numbers.

    Returns:
        The question, which displays itself as the last line of a cell.

    Raises:
        PromptError: for another number, and for choices that are too few, too many or equal.
    """
    question = question_of(number, choices, unit)
    if attended():
        question.widget = widgets.Prediction(question, _kept(question))
    _asked[question.number] = question
    return question


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
    value = right if isinstance(right, str) else f"{number_of(right, 'right'):.3g}"
    question = _asked.get(number)
    if question is None:  # the cell that asks was not run
        _say([f"Prediction {number}: the run gives {value}.", why])
        return
    place = question.place(right)
    choice = question.choices[place]
    measured = " ".join(filter(None, [value, question.unit]))
    what = f"“{choice}”" if measured == choice else f"{measured}: “{choice}”"
    lines = [f"Prediction {number}: the run gives {what}."]
    if question.widget is not None:
        lines.append(question.widget.decide(place))
    _say([*lines, why])


def _say(parts: Sequence[str]) -> None:
    """Sentences as a line that screen readers announce."""
    text = " ".join(filter(None, parts))
    show(f"<p class='wb-reveal' role='status'>{html.escape(text)}</p>", text)
