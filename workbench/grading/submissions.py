"""What was handed in: whose it is, which lesson, and its code cells. Nothing in it is run here."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import MissingDataError
from workbench.grading.lessons import Lesson

LARGEST = 50 * 2**20  # bytes of a notebook, and of all that lies beside it
SKIPPED = ("__MACOSX", ".ipynb_checkpoints")
MOODLE = re.compile(r"_\d+_assignsubmission_.*$")  # what Moodle puts behind a name


@dataclass
class Handed:
    """A notebook that came in. cells: the code cells' text; ids: their ids, "" where none; files:
    the folder beside it; problem: why it cannot be read."""

    path: Path
    cells: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    lesson: str = ""
    files: Path | None = None
    problem: str = ""


@dataclass
class Student:
    """All that one student handed in; notes: what an instructor should know of it."""

    name: str
    lessons: dict[str, Handed] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def collect(folder: Path, known: Sequence[Lesson]) -> list[Student]:
    """The students of a folder, by name. A subfolder is a student, named by it; so is a notebook
    that lies in the folder itself, named by what its name has besides the lesson's. Links are not
    followed. Of several notebooks for one lesson the last changed counts."""
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingDataError(f"{folder}: no such folder of submissions")
    students: dict[str, Student] = {}
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name.startswith(".") or path.name in SKIPPED:
            continue
        if path.is_dir():
            name = MOODLE.sub("", path.name)
            student = students.setdefault(name, Student(name))
            found = _notebooks(path)
            _take(student, [_read(one, known, one.parent) for one in found])
            if not found:
                student.notes.append(f"no notebook in {path.name}")
        elif path.suffix == ".ipynb":
            name = _owner(path, known)
            _take(students.setdefault(name, Student(name)), [_read(path, known, None)])
    if not students:
        raise MissingDataError(
            f"{folder}: no submissions; put one folder a student into it, or notebooks named "
            "NAME_05_latent_diffusion.ipynb"
        )
    return sorted(students.values(), key=lambda student: student.name)


def _notebooks(folder: Path) -> list[Path]:
    return [
        path for path in sorted(folder.rglob("*.ipynb"))
        if path.is_file() and not path.is_symlink()
        and not any(part.startswith(".") or part in SKIPPED
                    for part in path.relative_to(folder).parts)
    ]  # fmt: skip


def _owner(path: Path, known: Sequence[Lesson]) -> str:
    name = path.stem
    for lesson in known:
        name = name.replace(lesson.name, "")
    return name.strip(" _-.") or path.stem


def _take(student: Student, found: list[Handed]) -> None:
    """Of several notebooks of a lesson the last changed; the others are noted."""
    for handed in sorted(found, key=lambda one: (one.path.stat().st_mtime, one.path.name)):
        before = student.lessons.get(handed.lesson)
        if not handed.lesson:
            student.notes.append(f"{handed.path.name}: {handed.problem}")
            continue
        if before:
            if before.path.stat().st_mtime > handed.path.stat().st_mtime:
                before, handed = handed, before
            student.notes.append(
                f"several notebooks for lesson {handed.lesson}: {handed.path.name}, the last "
                f"changed, counts, not {before.path.name}"
            )
        student.lessons[handed.lesson] = handed


def _read(path: Path, known: Sequence[Lesson], files: Path | None) -> Handed:
    handed = Handed(path, files=files, lesson=_named(path.name, known))
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"larger than {LARGEST >> 20} MB")
        content = json.loads(path.read_text(encoding="utf-8"))
        cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        handed.cells = ["".join(cell["source"]) for cell in cells]
        handed.ids = [str(cell.get("id", "")) for cell in cells]
        marked = _marked(content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        odd = isinstance(error, KeyError | TypeError | AttributeError)
        handed.problem = "it is no notebook of format 4" if odd else str(error)[:200]
        return handed
    if marked in {lesson.number for lesson in known}:
        handed.lesson = marked
    if not handed.lesson:
        handed.problem = "which lesson it is cannot be told; is it another notebook?"
    return handed


def _marked(content: dict[str, Any]) -> str:
    """The lesson that `workbench assign` wrote into the notebook."""
    about = content.get("metadata", {}).get("workbench", {})
    return str(about.get("lesson", "")) if isinstance(about, dict) else ""


def _named(name: str, known: Sequence[Lesson]) -> str:
    found = [lesson.number for lesson in known if lesson.name in name]
    return found[0] if found else ""
