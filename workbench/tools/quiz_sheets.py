"""The command `workbench quiz`: quizzes to print, and for the import of a learning platform.

GIFT is a text format that Moodle, Canvas (through a converter) and others import: one block per
question, with a reply to each choice. Source: Moodle documentation, "GIFT format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from workbench.course.outline import outlines
from workbench.course.quizzes import Item, items, lessons, letter, lines, number_of

_SPECIAL = re.compile(r"([\\~=#{}:])")


def sheets(numbers: Sequence[str] = (), *, answers: bool = False, gift: bool = False) -> str:
    """The quizzes of some lessons as text.

    Args:
        numbers: Lessons, such as ("05",) or ("5",); default: all.
        answers: Whether the answers follow each quiz.
        gift: The GIFT format, which always contains the answers.

    Raises:
        PromptError: for a lesson without a quiz.
    """
    titles = {outline.number: outline.title for outline in outlines()}
    parts = []
    for number in dict.fromkeys(map(number_of, numbers or lessons())):
        title = f"{number} {titles.get(number, '')}".strip()
        asked = items(number)
        rows = _gift(title, asked) if gift else _sheet(title, asked, answers)
        parts.append("\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _sheet(title: str, asked: list[Item], answers: bool) -> Iterator[str]:
    """A quiz to print."""
    yield from (title, "")
    yield from lines(asked)
    if not answers:
        return
    yield from ("", "Answers")
    for n, item in enumerate(asked, 1):
        for place, choice in enumerate(item.choices):
            yield f"{n}{letter(place)} {'right' if choice.right else 'wrong'}: {choice.why}"


def _gift(title: str, asked: list[Item]) -> Iterator[str]:
    """A quiz in GIFT: "=" before the right choice, "~" before others, "#" before the reply."""
    yield f"$CATEGORY: music-workbench/{title.replace('/', ' ')}"
    for item in asked:
        yield f"\n::{item.number}:: {_escaped(item.ask)} {{"
        for choice in item.choices:
            sign = "=" if choice.right else "~"
            yield f"  {sign}{_escaped(choice.text)} #{_escaped(choice.why)}"
        yield "}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
