"""The records of a rater: a sheet, and an answer to each question."""

from __future__ import annotations

import re
from dataclasses import dataclass

FORMAT = "workbench listening answers 1"
TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Answer:
    """One answer. value: 1 to 5, or for preferences the index of the chosen clip in the key's
    trial; place: index of the trial in the rater's order."""

    rater: str
    trial: str
    scale: str
    value: int
    place: int = 0
    seconds: float = 0.0
    swapped: bool = False


@dataclass
class Sheet:
    """The answers that one rater handed in. started, saved: ISO times; origin: their file."""

    rater: str
    token: str
    started: str
    finished: bool
    answers: list[Answer]
    origin: str = ""
    saved: str = ""
