"""The command `workbench progress`: what a student has done of the course, and what comes next."""

from __future__ import annotations

import html
from pathlib import Path

from workbench.course import calibration
from workbench.course.accessible import table
from workbench.course.notebooks import ROOT
from workbench.course.outline import Outline, outlines
from workbench.course.quizzes import items
from workbench.course.quizzes import lessons as quiz_lessons
from workbench.course.record import Record, read_record, record_file
from workbench.errors import MissingDataError
from workbench.files import write_text
from workbench.tools.grading.feedback import page

COLUMNS = [
    "lesson",
    "exercises solved",
    "hints",
    "predictions made",
    "correct",
    "quiz solved",
    "at first answer",
]


def show_progress(out: Path | None = None) -> None:
    """Print the table, and write the page if a path is given."""
    lessons, record = outlines(), read_record()
    if not lessons:
        raise MissingDataError(f"{ROOT}: contains no notebooks of the course")
    print(text_of(lessons, record))
    if out:
        write_text(out, page("Your progress", body_of(lessons, record)))
        print(f"page: {out}")


def rows_of(lessons: list[Outline], record: Record) -> list[list[str]]:
    """A row per lesson, with the columns COLUMNS, and one for the whole course."""
    counts = [(_counts(one, record), _quiz_counts(one, record)) for one in lessons]
    total = tuple(tuple(map(sum, zip(*part, strict=True))) for part in zip(*counts, strict=True))
    names = [*(f"{one.number} {one.title}" for one in lessons), "all lessons"]
    return [
        [
            name,
            f"{solved} of {exercises}" if exercises else "–",
            str(hints or "–"),
            f"{made} of {asked}" if asked else "–",
            f"{correct} of {decided}" if decided else "–",
            f"{answered} of {questions}" if questions else "–",
            f"{first} of {answered}" if answered else "–",
        ]
        for name, (
            (solved, exercises, hints, made, asked, correct, decided),
            (answered, questions, first),
        ) in zip(names, [*counts, total], strict=True)
    ]


def _counts(lesson: Outline, record: Record) -> tuple[int, ...]:
    """Exercises solved and all, hints, predictions made and all, correct and decided."""
    known = [entry for n, entry in record.exercises.items() if n in lesson.exercises]
    numbers = [one.number for one in lesson.predictions]
    made = [entry for n, entry in record.predictions.items() if n in numbers]
    decided = [entry for entry in made if entry.right is not None]
    return (
        sum(entry.solved for entry in known),
        len(lesson.exercises),
        sum(entry.hints for entry in known),
        len(made),
        len(numbers),
        sum(entry.correct for entry in decided),
        len(decided),
    )


def _quiz_counts(lesson: Outline, record: Record) -> tuple[int, ...]:
    """Questions of the quiz solved and all, and those solved at the first answer."""
    asked = items(lesson.number) if lesson.number in quiz_lessons() else []
    entries = [record.questions[one.number] for one in asked if one.number in record.questions]
    solved = [entry for entry in entries if entry.solved]
    return len(solved), len(asked), sum(not entry.wrong for entry in solved)


def next_step(lessons: list[Outline], record: Record) -> str:
    """The exercise to do next: one that was tried, or the first that is not solved."""
    todo = [
        (number, title, lesson.file)
        for lesson in lessons
        for number, title in lesson.exercises.items()
        if not (number in record.exercises and record.exercises[number].solved)
    ]
    if not todo:
        return "All exercises are solved. Each lesson ends with a mini-project."
    tried = [one for one in todo if one[0] in record.exercises]
    number, title, file = (tried or todo)[0]
    more = f", which you have tried {_times(record.exercises[number].tries)}" if tried else ""
    return f"Next: exercise {number}, {title}{more}, in {file}."


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def text_of(lessons: list[Outline], record: Record) -> str:
    """The table, the calibration and the next step for a terminal."""
    rows = [COLUMNS, *rows_of(lessons, record)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    return "\n".join([*lines, "", _calibration(record), next_step(lessons, record)])


def _calibration(record: Record) -> str:
    decided = record.decided()
    if not decided:
        return "No prediction has been decided by a run yet."
    return calibration.in_words(decided)


def body_of(lessons: list[Outline], record: Record) -> str:
    """The same as the body of a page, with the calibration plot and every exercise."""
    rows = [[html.escape(cell) for cell in row] for row in rows_of(lessons, record)]
    parts = [
        f"<p>{html.escape(next_step(lessons, record))}</p>",
        table(COLUMNS, rows, "Lessons"),
        f"<h2>Predictions</h2><p>{html.escape(_calibration(record))}</p>",
        calibration.picture(record.decided()),
        _predictions(lessons, record),
        "<h2>Exercises</h2>",
        _exercises(lessons, record),
        _questions(lessons, record),
        f"<p>This page is made from {html.escape(str(record_file()))}.</p>",
    ]
    return f"<main><h1>Your progress</h1>{''.join(parts)}</main>"


def _exercises(lessons: list[Outline], record: Record) -> str:
    rows = []
    for lesson in lessons:
        for number, title in lesson.exercises.items():
            entry = record.exercises.get(number)
            state = "not begun" if entry is None else "solved" if entry.solved else "not yet"
            tries, hints = ("", "") if entry is None else (str(entry.tries), str(entry.hints))
            rows.append([html.escape(f"{number} {title}"), state, tries, hints])
    return table(["exercise", "state", "wrong answers", "hints"], rows, "Every exercise")


def _predictions(lessons: list[Outline], record: Record) -> str:
    """Every prediction that was made."""
    rows = []
    for asked in (one for lesson in lessons for one in lesson.predictions):
        entry = record.predictions.get(asked.number)
        if entry is None:
            continue
        right = "" if entry.right is None else entry.choices[entry.right]
        cells = [f"{asked.number} {asked.question}", entry.choices[entry.choice]]
        rows.append([html.escape(cell) for cell in (*cells, f"{entry.confidence} %", right)])
    columns = ["prediction", "yours", "confidence", "the run gave"]
    return table(columns, rows, "Every prediction") if rows else ""


def _questions(lessons: list[Outline], record: Record) -> str:
    """Every question of a quiz that was answered, with its right answer once it is solved."""
    rows = []
    for lesson in lessons:
        for one in items(lesson.number) if lesson.number in quiz_lessons() else []:
            entry = record.questions.get(one.number)
            if entry is None:
                continue
            answer = one.choices[one.right].text if entry.solved else "not yet"
            cells = (f"{one.number} {one.ask}", answer, str(entry.wrong))
            rows.append([html.escape(cell) for cell in cells])
    if not rows:
        return ""
    columns = ["question", "right answer", "wrong answers"]
    return f"<h2>Quizzes</h2>{table(columns, rows, 'Every question that was answered')}"
