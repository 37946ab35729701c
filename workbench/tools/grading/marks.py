"""`workbench grade`: from submissions to marks.csv, a page of feedback per student, and results
that `workbench report --submissions` compares.

Each exercise runs in its own process (see `sandbox`) and is judged here, by the instructor's copy
of the check, on inputs from one seed for the whole class. Nothing that a submission defines or
changes affects the judging. A student can still copy an answer from the library, which is public;
the notes list the modules of the library that a solution imports, unless it hides them.

Guaranteed with bubblewrap or Linux namespaces: no network; no file of the machine is changed, and
only Python, the packages and the data folder can be read; nothing runs as root; all processes end
with the exercise, or with the grader. Without them, Python refuses sockets, programs and writes;
C code can bypass Python, and on Linux the kernel then enforces the rules of `seal`. The first line
printed, each row of marks.csv and each stored answer name the kind of isolation. Without
bubblewrap or namespaces, grade unknown students in a virtual machine. A sandbox that cannot start
is an error, never a mark.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import secrets
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from workbench.course.notebooks import ROOT
from workbench.course.teaching import exercises
from workbench.errors import MissingDataError, WorkbenchError
from workbench.files import UNREADABLE, atomic_write, load_json, write_text
from workbench.tools.grading import similarity
from workbench.tools.grading.feedback import write_feedback
from workbench.tools.grading.lessons import Lesson, LessonExercise, lessons
from workbench.tools.grading.sandbox import SECRET, Limits, Question, Reply, Sandbox, SandboxError
from workbench.tools.grading.submissions import Handed, Student, collect
from workbench.tools.grading.tree import shown, walk
from workbench.version import __version__

Record = dict[str, Any]


def grade(
    folder: Path,
    out: Path,
    numbers: Sequence[str] = (),
    *,
    seed: int | None = None,
    limits: Limits | None = None,
    notebook_seconds: float = 120,
    jobs: int | None = None,
    weak: str = "",
    similar: bool = False,
    root: Path = ROOT,
) -> list[Record]:
    """Grade a folder of submissions. Results in `out` that are still valid are not computed again.

    Args:
        folder: One folder per student, or notebooks or zip files.
        out: Folder for marks and feedback, outside of `folder`.
        numbers: Lessons of the assignment; default: those that anyone handed in.
        seed: Of the inputs; default: chosen once and stored in `out`.
        limits: Of an exercise.
        notebook_seconds: For all exercises of a notebook.
        jobs: Exercises at a time.
        weak: See `Sandbox`.
        similar: Whether to write similar.csv, pairs of answers that are alike.
        root: Folder of the trusted notebooks.

    Returns:
        A record per student and lesson.

    Raises:
        MissingDataError: for a folder without notebooks of a lesson.
        SandboxError: for a sandbox that cannot start; no mark is stored then.
    """
    folder, out = Path(folder), Path(out)
    check_apart(folder, out)
    known = lessons(root=root)
    students = collect(folder, known)
    wanted = numbers or sorted({number for student in students for number in student.lessons})
    if not wanted:
        why = "; ".join(note for student in students for note in student.notes)[:300]
        raise MissingDataError(f"{folder}: contains no notebook of a lesson: {why}")
    chosen = lessons(wanted, root)
    limits = limits or Limits()
    seed = _seed(out, seed)
    closed = [path.resolve() for path in (folder, out, Path(root))]
    sandbox = Sandbox(limits, closed=closed, weak=weak)
    shut_in = sandbox.isolation
    print(f"isolation: {shut_in}", flush=True)
    rules = f"{seed} {limits} {notebook_seconds} {sandbox.way} {_checks()}"
    pairs = [(student, lesson) for student in students for lesson in chosen]

    def one(pair: tuple[Student, Lesson]) -> Record:
        student, lesson = pair
        handed = student.lessons.get(lesson.number)
        place = out / "results" / _place(student.name, lesson.number)
        key = hashlib.sha256(f"{rules} {_content(handed)}".encode()).hexdigest()
        record = _kept(place, key)
        if record is None:
            try:
                record = _grade(student, lesson, handed, sandbox, seed, notebook_seconds)
            except SandboxError:
                raise
            except Exception as error:  # must not stop the class; retried next time
                key = ""
                record = _blank(
                    student,
                    lesson,
                    f"could not be graded: {shown(repr(error))[:200]}",
                    "not graded",
                )
            write_text(place, json.dumps({**record, "key": key}, indent=1))
        record["notes"] = [*student.notes, *record["notes"]]
        line = f"{student.name} {lesson.number}: {record['points']:g} of {record['of']:g}, "
        line += str(record["state"])
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        print(line.encode(encoding, "backslashreplace").decode(encoding), flush=True)
        return record

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with ThreadPoolExecutor(jobs or max(1, (cores or 2) // 2)) as pool:
        records = list(pool.map(one, pairs))
    write_marks(out / "marks.csv", records)
    if participants := {one.name: one.participant for one in students if one.participant}:
        write_worksheet(out / "moodle.csv", records, participants)
    if similar:
        write_similar(out / "similar.csv", list(similarity.similar(students, chosen, root)))
    about = {
        "version": __version__,
        "seed": seed,
        "isolation": shut_in,
        "lessons": [lesson.number for lesson in chosen],
        "results": [_place(record["student"], record["lesson"]) for record in records],
    }
    write_text(out / "grading.json", json.dumps(about, indent=1) + "\n")
    for student in students:
        theirs = [record for record in records if record["student"] == student.name]
        write_feedback(out / "feedback" / f"{slug(student.name)}.html", student.name, theirs)
    return records


def check_apart(folder: Path, out: Path) -> None:
    """Raise WorkbenchError if `out` is within the submissions, where a student could have placed
    marks."""
    if out.resolve().is_relative_to(folder.resolve()):
        raise WorkbenchError(
            f"--out {out}: is within the submissions, {folder}; choose a folder outside of it"
        )


def _grade(
    student: Student,
    lesson: Lesson,
    handed: Handed | None,
    sandbox: Sandbox,
    seed: int,
    seconds: float,
) -> Record:
    """Grade one notebook; the record contains every problem."""
    if handed is None:
        return _blank(student, lesson, "not handed in")
    if handed.problem:
        return _blank(student, lesson, f"cannot be read: {handed.problem}", "unreadable")
    record = {**_blank(student, lesson, "graded"), "file": handed.name, "exercises": []}
    left = seconds
    left_out: dict[str, None] = {}
    for exercise in lesson.marked:
        mine = replace(sandbox.limits, seconds=min(sandbox.limits.seconds, left))
        entry, reply = _ask(exercise, handed, replace(sandbox, limits=mine), seed)
        left = max(0.1, left - max(reply.seconds, reply.clock / 5))
        if reply.left_out:
            few = ", ".join(reply.left_out[:3]) + ", …" * (len(reply.left_out) > 3)
            left_out.setdefault(f"files not used, too large or unreadable: {few}")
        record["exercises"].append(entry)
        library = [name for name in reply.imports if name.startswith("workbench")]
        if library:
            record["notes"].append(f"{exercise.number} imports {', '.join(library)}: check it")
    record["notes"] += left_out
    record["predictions"] = [
        {"question": asked.question, "number": asked.number, **asdict(answer)}
        for asked in lesson.predictions
        if (answer := handed.predictions.get(asked.number))
        and tuple(answer.choices) == asked.choices  # not an edited question
    ]
    record["points"] = sum(entry["points"] for entry in record["exercises"])
    record["state"] = _state(record["exercises"], handed)
    return record


def _state(entries: Sequence[Record], handed: Handed) -> str:
    """Whether the notebook is correct, partly correct, wrong, or empty."""
    states = {entry["state"] for entry in entries}
    if not any(cell.strip() for cell in handed.cells) or states == {"not attempted"}:
        return "handed in empty"
    if "correct" not in states:
        return "graded: wrong"
    return "graded: correct" if states == {"correct"} else "graded: partly"


def _blank(student: Student, lesson: Lesson, state: str, each: str = "not handed in") -> Record:
    return {
        "student": student.name,
        "lesson": lesson.number,
        "title": lesson.title,
        "file": "",
        "state": state,
        "notes": [],
        "points": 0.0,
        "of": lesson.points,
        "exercises": [_entry(exercise, each) for exercise in lesson.marked],
        "predictions": [],
    }


def _ask(
    exercise: LessonExercise, handed: Handed, sandbox: Sandbox, seed: int
) -> tuple[Record, Reply]:
    check = exercises()[exercise.number]
    home = handed.ids.index(exercise.cell) if exercise.cell in handed.ids else None
    cases = check.draw(seed).cases
    reply = sandbox.ask(Question(handed.cells, exercise.function, cases, home, handed.files))
    if reply.missing:
        entry = _entry(exercise, "missing", reply.missing)
    elif reply.stopped:
        entry = _entry(exercise, "stopped", reply.stopped)
    elif reply.problem:
        entry = _entry(exercise, "not yet", reply.problem)
    else:
        result = check.judge(reply.answers, seed)
        entry = _entry(exercise, result.state, result.message, result.points)
        if result.state == "not yet":
            entry["hints"] = list(check.hints)
    about = {"seconds": reply.seconds, "memory_mb": reply.memory_mb}
    return {**entry, **about, "isolation": sandbox.isolation}, reply


def _entry(exercise: LessonExercise, state: str, message: str = "", points: float = 0.0) -> Record:
    return {
        "number": exercise.number,
        "title": exercise.title,
        "state": state,
        "message": shown(message),
        "points": points,
        "of": exercise.points,
        "hints": [],
    }


def write_marks(path: Path, records: Sequence[Record]) -> None:
    """Write a row per student: points of each exercise, their sum and maximum, state and notes, the
    state of each exercise, and the kind of isolation. UTF-8 with a byte order mark, which
    spreadsheets need."""
    numbers = sorted({entry["number"] for record in records for entry in record["exercises"]})
    several = len({record["lesson"] for record in records}) > 1
    rows = [
        [
            "student",
            *numbers,
            "points",
            "of",
            "state",
            "notes",
            *(f"{number} state" for number in numbers),
            "isolation",
        ]
    ]
    for name in sorted({record["student"] for record in records}):
        theirs = [record for record in records if record["student"] == name]
        entries = {e["number"]: e for record in theirs for e in record["exercises"]}
        points = [f"{entries[n]['points']:g}" if n in entries else "" for n in numbers]
        states = [f"{r['lesson']} {r['state']}" if several else r["state"] for r in theirs]
        trouble = [
            f"{e['number']} {e['state']}: {e['message']}"
            for e in entries.values()
            if e["state"] in ("missing", "stopped")
        ]
        notes = dict.fromkeys([*trouble, *(note for record in theirs for note in record["notes"])])
        ways = dict.fromkeys(e["isolation"] for e in entries.values() if e.get("isolation"))
        rows.append(
            [
                name,
                *points,
                f"{sum(r['points'] for r in theirs):g}",
                f"{sum(r['of'] for r in theirs):g}",
                "; ".join(states),
                "; ".join(notes),
                *(entries[n]["state"] if n in entries else "" for n in numbers),
                "; ".join(ways),
            ]
        )
    _write_table(path, rows)


def write_worksheet(path: Path, records: Sequence[Record], participants: dict[str, str]) -> None:
    """Write a grading worksheet, which Moodle takes back under "Upload grading worksheet". Students
    are known by the numbers in the names of the folders that Moodle exported."""
    rows = [["Identifier", "Full name", "Grade", "Maximum grade", "Last modified (grade)"]]
    for name, number in sorted(participants.items()):
        theirs = [record for record in records if record["student"] == name]
        points, of = (f"{sum(record[key] for record in theirs):g}" for key in ("points", "of"))
        rows.append([f"Participant {number}", name, points, of, ""])
    _write_table(path, rows, encoding="utf-8")


def write_similar(path: Path, pairs: Sequence[similarity.Pair]) -> None:
    """Write a row per pair of answers that are alike, as `write_marks` does."""
    rows = [["exercise", "one", "other", "likeness", "to the letter"]]
    for pair in pairs:
        letters = "yes" if pair.letters else "no"
        likeness = f"{pair.likeness:.2f}"
        rows.append([pair.exercise, pair.one, pair.other, likeness, letters])
    _write_table(path, rows)


def _write_table(path: Path, rows: Sequence[Sequence[str]], *, encoding: str = "utf-8-sig") -> None:
    """Write a head and rows as CSV. Only the rows may hold a student's text."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(rows[0])
    table.writerows([_cell(value) for value in row] for row in rows[1:])
    with atomic_write(path) as target:
        target.write_text(text.getvalue(), encoding=encoding)


def _cell(text: str) -> str:
    """Text of a student must not become a formula, whatever separates the columns."""
    return re.sub(r"(^|[;,|\t\r\n])(\s*)(?=[=+\-@＝＋－＠\t\r])", r"\1\2'", shown(text))


def slug(name: str) -> str:
    """A file name for a student's name, different for different names."""
    plain = re.sub(r"[^\w-]+", "-", name).strip("-").encode()[:100].decode(errors="ignore")
    digest = hashlib.sha256(name.encode(errors="backslashreplace")).hexdigest()[:6]
    return plain if plain == name else f"{plain}-{digest}"


def _place(student: str, lesson: str) -> str:
    return f"{slug(student)}-{lesson}.json"


def _seed(out: Path, seed: int | None) -> int:
    """The given seed, that of an earlier run into the folder, or a new one, which is stored."""
    place = out / "seed.txt"
    if seed is None and place.exists():
        return int(place.read_text())
    seed = secrets.randbits(31) if seed is None else seed
    with atomic_write(place) as path:
        path.write_text(f"{seed}\n")
    return seed


def _checks() -> str:
    """A fingerprint of the code that asks and judges."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in SECRET for path in folder.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _content(handed: Handed | None) -> str:
    if handed is None:
        return "nothing"
    about = [handed.problem, json.dumps([handed.cells, handed.ids]), repr(handed.predictions)]
    for one in walk(handed.files).files if handed.files else ():
        about.append(f"{os.fsencode(one.name)!r} {one.size} {one.changed}")
    return hashlib.sha256("\n".join(about).encode(errors="backslashreplace")).hexdigest()


def _kept(place: Path, key: str) -> Record | None:
    try:
        record = load_json(place)
        return record if record.pop("key", None) == key else None
    except (OSError, AttributeError, TypeError, *UNREADABLE):
        return None
