"""The exercises of the lessons, from the trusted notebooks in notebooks/src."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.course.notebooks import ROOT, build, scripts
from workbench.course.outline import HEADING, Asked, predictions_of
from workbench.course.teaching import exercises
from workbench.errors import MissingDataError


@dataclass(frozen=True)
class LessonExercise:
    """An exercise of a notebook, or its mini-project. function: name of the function that the
    student writes, "" for an open exercise that people grade; cell: the id of its cell."""

    number: str
    title: str
    time: str
    function: str = ""
    check: str = ""
    points: float = 0.0
    cell: str = ""


@dataclass(frozen=True)
class Lesson:
    number: str
    name: str  # of the file, without its suffix
    title: str
    notebook: Any  # the student version, see `assign`
    exercises: tuple[LessonExercise, ...]
    predictions: tuple[Asked, ...] = ()

    @property
    def marked(self) -> tuple[LessonExercise, ...]:
        """The exercises that have a check."""
        return tuple(exercise for exercise in self.exercises if exercise.check)

    @property
    def points(self) -> float:
        return sum(exercise.points for exercise in self.exercises)


def lessons(numbers: Sequence[str] = (), root: Path = ROOT) -> list[Lesson]:
    """The lessons with these numbers, or all, without solutions."""
    found = [_lesson(path) for path in scripts(root) if not numbers or path.stem[:2] in numbers]
    missing = sorted(set(numbers) - {lesson.number for lesson in found})
    if missing:
        have = ", ".join(script.stem[:2] for script in scripts(root))
        raise MissingDataError(f"no notebook {missing[0]}; there are: {have}")
    return found


def _lesson(script: Path) -> Lesson:
    notebook = build(script)
    notebook.cells = [c for c in notebook.cells if "solution" not in c.metadata.get("tags", [])]
    title = re.search(r"(?m)^# (.+)$", notebook.cells[0].source)
    number = script.stem[:2]
    return Lesson(
        number,
        script.stem,
        title[1] if title else script.stem,
        notebook,
        tuple(_exercises(number, notebook.cells)),
        tuple(predictions_of((cell.cell_type, cell.source) for cell in notebook.cells)),
    )


def _exercises(lesson: str, cells: list[Any]) -> list[LessonExercise]:
    """The exercises: each heading with the stub and the check that follow it."""
    found: list[LessonExercise] = []
    stub = ""
    for cell in cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown":
            for number, title, time in HEADING.findall(cell.source):
                found.append(
                    LessonExercise(f"{lesson}.{number}" if number else "project", title, time)
                )
        elif "stub" in tags:
            stub = cell["id"]
        elif "check" in tags and found:
            check, function = _call(cell.source)
            last = found.pop()
            points = exercises()[last.number].points
            found.append(
                LessonExercise(last.number, last.title, last.time, function, check, points, stub)
            )
    return found


def _call(source: str) -> tuple[str, str]:
    """The two names in a call such as check_density(density)."""
    for node in ast.parse(source).body:
        match node:
            case ast.Expr(ast.Call(ast.Name(check), [ast.Name(function)])) if check.startswith(
                "check_"
            ):
                return check, function
    raise MissingDataError(f"a check cell without `check_…(function)`: {source[:60]!r}")
