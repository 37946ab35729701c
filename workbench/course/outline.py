"""What a lesson's notebook asks of a student: exercises, by their headings, and predictions, by the
calls of `predict`. Nothing of the notebook is run."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.course.notebooks import ROOT
from workbench.course.question import question_of

HEADING = re.compile(r"(?m)^## (?:Exercise (\d+)|Mini-project) · (.+?)(?: \(([^()]*)\))?$")
_QUESTION = re.compile(r"\*Predict:\* (.+?)(?=\n\s*\n|\Z)", re.S)
_TITLE = re.compile(r"(?m)^# (?:\d\d · )?(.+)$")


@dataclass(frozen=True)
class Asked:
    """A prediction that a lesson asks for."""

    number: str
    question: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Outline:
    """A lesson. exercises: title by number."""

    number: str
    title: str
    file: str
    exercises: dict[str, str]
    predictions: tuple[Asked, ...]


def outlines(root: Path = ROOT) -> list[Outline]:
    """The lessons whose notebooks are in a folder, in order."""
    found = []
    for path in sorted(root.glob("[0-9][0-9]_*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        number = path.name[:2]
        texts = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
        prose = "\n\n".join(text for kind, text in texts if kind == "markdown")
        title = _TITLE.search(prose)
        headings = HEADING.findall(prose)
        exercises = {f"{number}.{n}": name for n, name, _ in headings if n}
        asked = tuple(predictions_of(texts))
        found.append(Outline(number, title[1] if title else number, path.name, exercises, asked))
    return found


def predictions_of(cells: Iterable[tuple[str, str]]) -> Iterator[Asked]:
    """The predictions of a notebook's cells, (type, source) each. The question of a prediction is
    the last one in the text before it."""
    question = ""
    for kind, text in cells:
        if kind == "markdown":
            for words in _QUESTION.findall(text):
                question = " ".join(words.split())
        elif kind == "code" and "predict(" in text:
            for number, choices, unit in _calls(text):
                asked = question_of(number, choices, unit)
                yield Asked(number, question, tuple(asked.choices))


def _calls(source: str) -> Iterator[tuple[str, list[str] | list[float], str]]:
    """The arguments of each `predict(…)` of a cell. Lessons write them as literals."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a line of IPython's own
        return
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Name("predict"), [ast.Constant(str(number)), choices], more):
                unit = next((word.value for word in more if word.arg == "unit"), None)
                given = "" if unit is None else ast.literal_eval(unit)
                yield number, ast.literal_eval(choices), given
