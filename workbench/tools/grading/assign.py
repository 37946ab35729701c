"""`workbench assign`: the student versions of notebooks, and release notes for instructors.

The same checkout gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.course.notebooks import ROOT, text_of
from workbench.errors import WorkbenchError
from workbench.files import write_text
from workbench.tools.grading.lessons import Lesson, lessons
from workbench.version import __version__

NOTES = "RELEASE_NOTES.md"


def assign(numbers: Sequence[str], out: Path, *, root: Path = ROOT) -> list[Path]:
    """Write the student versions and the release notes into `out`; returns their paths."""
    out = Path(out)
    if out.resolve() in (root.resolve(), (root / "src").resolve()):
        raise WorkbenchError(f"{out}: contains the notebooks themselves; choose another folder")
    chosen = lessons(numbers, root)
    written = []
    for lesson in chosen:
        target = out / f"{lesson.name}.ipynb"
        write_text(target, text_of(student_version(lesson)))
        written.append(target)
    write_text(out / NOTES, notes(chosen))
    return [*written, out / NOTES]


def student_version(lesson: Lesson) -> Any:
    """The notebook without solutions. Its checks cannot be edited or deleted, and its exercises
    cannot be deleted."""
    notebook = lesson.notebook
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "stub" in tags:
            cell.metadata["deletable"] = False
        if "check" in tags:
            cell.metadata |= {"deletable": False, "editable": False}
    notebook.metadata["workbench"] = {
        "lesson": lesson.number,
        "name": lesson.name,
        "version": __version__,
    }
    return notebook


def notes(chosen: Sequence[Lesson]) -> str:
    """Exercises, points, requirements, and how to grade the submissions."""
    lines = [
        "# Release notes",
        "",
        f"Made from workbench {__version__}; students need this version or a later one. "
        "Solutions are not included.",
        "",
    ]
    for lesson in chosen:
        head = ["| exercise | title | time | function | points |", "|---|---|---|---|---:|"]
        lines += [f"## {lesson.name}.ipynb", "", lesson.title, "", *head]
        for exercise in lesson.exercises:
            function = f"`{exercise.function}`" if exercise.check else "open, graded by people"
            points = f"{exercise.points:g}" if exercise.check else "–"
            cells = (exercise.number, exercise.title, exercise.time, function, points)
            lines.append(f"| {' | '.join(cells)} |")
        lines += [f"| | sum | | | {lesson.points:g} |", ""]
    numbers = " ".join(lesson.number for lesson in chosen)
    lines += [
        f"Total points: {sum(lesson.points for lesson in chosen):g}.",
        "",
        "Students complete the functions, keep their names, and hand in the notebooks. Put the "
        "submissions into one folder per student, or into one folder as `NAME_05_latent_diffusion"
        ".ipynb`, and run",
        "",
        f"    workbench grade SUBMISSIONS {numbers} --out marks",
        "    workbench report --submissions marks",
        "",
        "The checks in the notebook and the grader use new inputs each time; a function that only "
        "works for particular inputs earns no points.",
        "",
    ]
    return "\n".join(lines)
