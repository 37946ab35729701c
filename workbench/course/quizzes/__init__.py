"""The questions of the lessons' quizzes: choices, each right or wrong for a reason.

The questions of a lesson are in the file NN.toml beside this module, one table per question:

    [[question]]
    ask = "What does the sampler start from?"
    right = ["pure noise", "It removes noise step by step, so it begins with noise only."]
    wrong = [
      ["a training loop", "No loop of the data is read when the system generates."],
      …
    ]
"""

from __future__ import annotations

import hashlib
import html
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.arguments import shown
from workbench.errors import PromptError

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Choice:
    """A choice of a question. why: what to say to a person who takes it."""

    text: str
    why: str
    right: bool


@dataclass(frozen=True)
class Item:
    """A question of a quiz. number: "05.2", lesson and number within its quiz."""

    number: str
    ask: str
    choices: tuple[Choice, ...]

    @property
    def right(self) -> int:
        """Place of the right choice."""
        return next(place for place, choice in enumerate(self.choices) if choice.right)


def lessons() -> list[str]:
    """The numbers of the lessons that have a quiz."""
    return sorted(path.stem for path in FOLDER.glob("[0-9][0-9].toml"))


def number_of(lesson: str | int) -> str:
    """The number of a lesson with a quiz in two digits, also of "5" or 5.

    Raises:
        PromptError: for a lesson without a quiz.
    """
    number = str(lesson).zfill(2)
    if number not in lessons():
        raise PromptError(
            f"lesson={shown(lesson)}: has no quiz; choose from {', '.join(lessons())}"
        )
    return number


def items(lesson: str | int) -> list[Item]:
    """The questions of a lesson. The order of choices depends on their texts only, so that it is
    the same in every run and says nothing about which one is right.

    Raises:
        PromptError: for a lesson without a quiz.
    """
    lesson = number_of(lesson)
    content = tomllib.loads((FOLDER / f"{lesson}.toml").read_text(encoding="utf-8"))
    asked = enumerate(content["question"], 1)
    return [Item(f"{lesson}.{n}", one["ask"], tuple(_choices(one))) for n, one in asked]


def _choices(question: dict[str, Any]) -> list[Choice]:
    text, why = question["right"]
    given = [Choice(text, why, right=True)]
    given += [Choice(text, why, right=False) for text, why in question["wrong"]]
    return sorted(given, key=lambda choice: hashlib.sha256(choice.text.encode()).digest())


def letter(place: int) -> str:
    """The letter of a choice: a, b, c, …"""
    return "abcdefgh"[place]


def lines(asked: list[Item]) -> Iterator[str]:
    """The questions as text, without answers."""
    for n, item in enumerate(asked, 1):
        yield f"{n}. {item.ask}"
        for place, choice in enumerate(item.choices):
            yield f"   {letter(place)}) {choice.text}"


def page(asked: list[Item]) -> str:
    """The questions as HTML without controls; the answers are folded."""
    parts = []
    for item in asked:
        texts = "".join(f"<li>{html.escape(choice.text)}</li>" for choice in item.choices)
        whys = "".join(
            f"<li>{'<strong>Right.</strong>' if choice.right else 'Wrong.'} "
            f"{html.escape(choice.why)}</li>"
            for choice in item.choices
        )
        parts.append(
            f"<li style='margin-bottom:1em'><p>{html.escape(item.ask)}</p>"
            f"<ol type='a'>{texts}</ol>"
            f"<details><summary>Answers</summary><ol type='a'>{whys}</ol></details></li>"
        )
    return f"<div class='wb-quiz-page'><p>Quiz:</p><ol>{''.join(parts)}</ol></div>"
