"""What a rater hands in, as a record: one sheet, and an answer to each question."""

from __future__ import annotations

import re
from dataclasses import dataclass

FORMAT = "workbench listening answers 1"
TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Answer:
    """One answer. value: 1 to 5; for preferences the index of the clip chosen in the key's trial.
    place: of the trial in the rater's order, from 0."""

    rater: str
    trial: str
    scale: str
    value: int
    place: int = 0
    seconds: float = 0.0
    swapped: bool = False


@dataclass
class Sheet:
    """What one rater handed in. started, saved: ISO times; origin: the file it came from."""

    rater: str
    token: str
    started: str
    finished: bool
    answers: list[Answer]
    origin: str = ""
    saved: str = ""
