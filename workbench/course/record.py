"""The student's record: exercises, predictions and quizzes, in one file that stays on the student's
machine.

Checks, predictions and quizzes write it, the end of a lesson and `workbench progress` read it.
Nothing is written while a tool runs a notebook, so that a report does not change with the person
who makes it.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from workbench.errors import BrokenFileError, WorkbenchError
from workbench.files import UNREADABLE, load_json, locked, write_text

NUMBER = re.compile(r"\d\d\.\d{1,2}")  # "05.1": a lesson, and a number within it


@dataclass
class Attempt:
    """An exercise. tries: wrong answers before the first correct one; hints: most shown at once."""

    solved: bool = False
    tries: int = 0
    hints: int = 0


@dataclass
class Predicted:
    """A prediction. choice: number of the student's choice, from 0; confidence: in percent; right:
    number of the right choice, or None as long as no run has decided."""

    choices: list[str]
    choice: int
    confidence: int
    right: int | None = None

    @property
    def correct(self) -> bool:
        return self.choice == self.right


@dataclass
class Answered:
    """A question of a quiz. wrong: wrong answers before the right one."""

    solved: bool = False
    wrong: int = 0


@dataclass
class Record:
    """The record, by number of the exercise, prediction or question."""

    exercises: dict[str, Attempt] = field(default_factory=dict)
    predictions: dict[str, Predicted] = field(default_factory=dict)
    questions: dict[str, Answered] = field(default_factory=dict)

    def decided(self, lesson: str = "") -> list[Predicted]:
        """The predictions that a run has decided, of one lesson or of all."""
        known = sorted(self.predictions.items())
        return [p for key, p in known if p.right is not None and key.startswith(lesson)]


def attended() -> bool:
    """Whether somebody runs the cells one by one and can answer: not with papermill, nbconvert or
    `workbench report`, which all refuse input from the keyboard."""
    if os.environ.get("WORKBENCH_RUN_FILE") or "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    return bool(getattr(kernel, "_allow_stdin", False))


def record_file() -> Path:
    """Path of the record: `WORKBENCH_RECORD`, or record.json in the user's data folder."""
    named = os.environ.get("WORKBENCH_RECORD")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("music-workbench", appauthor=False) / "record.json"


def read_record(path: Path | None = None) -> Record:
    """The record; an empty one if there is no file.

    Raises:
        BrokenFileError: if the file is not a record.
    """
    path = path or record_file()
    try:
        content = load_json(path)
        exercises = {key: Attempt(**entry) for key, entry in content["exercises"].items()}
        predictions = {key: Predicted(**entry) for key, entry in content["predictions"].items()}
        asked = content.get("questions", {})  # records of before have none
        questions = {key: Answered(**entry) for key, entry in asked.items()}
        counts = [n for entry in exercises.values() for n in (entry.tries, entry.hints)]
        counts += [entry.wrong for entry in questions.values()]
        if not all(map(sound, predictions.values())) or not all(isinstance(n, int) for n in counts):
            raise ValueError("a value outside its range")
    except FileNotFoundError:
        return Record()
    except (KeyError, TypeError, AttributeError, *UNREADABLE) as error:
        raise BrokenFileError(
            f"{path}: is not a record of the workbench; remove it, and a new one is begun"
        ) from error
    return Record(exercises, predictions, questions)


def sound(entry: Predicted) -> bool:
    """Whether all values of a prediction that was read from a file are within their ranges."""
    texts = isinstance(entry.choices, list) and all(isinstance(c, str) for c in entry.choices)
    numbers = [entry.choice, entry.confidence, 0 if entry.right is None else entry.right]
    if not texts or not all(type(n) is int for n in numbers):
        return False
    choice, confidence, right = numbers
    places = range(len(entry.choices))
    return choice in places and right in places and 0 <= confidence <= 100


def keep_attempt(numbers: Sequence[str], *, solved: bool, hints: int) -> None:
    """Add the result of a check to the record. A record that cannot be read or written does not
    disturb the check."""
    if not attended():
        return
    with suppress(WorkbenchError, OSError), _changing() as record:
        for number in numbers:
            entry = record.exercises.setdefault(number, Attempt())
            entry.tries += not (solved or entry.solved)
            entry.solved |= solved
            entry.hints = max(entry.hints, hints)


def keep_answer(number: str, *, right: bool) -> None:
    """Add an answer to a quiz's question to the record, until it is solved. A record that cannot be
    read or written does not disturb the quiz."""
    if not attended():
        return
    with suppress(WorkbenchError, OSError), _changing() as record:
        entry = record.questions.setdefault(number, Answered())
        entry.wrong += not (right or entry.solved)
        entry.solved |= right


def keep_prediction(number: str, prediction: Predicted) -> None:
    """Replace a prediction in the record.

    Raises:
        WorkbenchError: if the record cannot be read or written.
    """
    with _changing() as record:
        record.predictions[number] = prediction


@contextmanager
def _changing() -> Iterator[Record]:
    """Read the record, let the block change it, and write it; two kernels wait for each other."""
    path = record_file()
    with locked(path.with_name(f"{path.name}.lock"), f"{path}: a change", wait=True):
        record = read_record(path)
        yield record
        write_text(path, json.dumps(asdict(record), indent=1) + "\n")
