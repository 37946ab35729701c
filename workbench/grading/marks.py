"""`workbench grade`: what was handed in → marks.csv, a page of feedback a student, and results that
`workbench report --submissions` compares.

Each exercise is asked in a process of its own (see `sandbox`) and judged here, by the instructor's
copy of the check, on inputs drawn from one seed for the whole class. Nothing that a submission
defines or changes takes part in the judging. What remains possible: to copy an answer from the
library, which is open to all; the notes name the modules of it that a solution imports.

Guaranteed where Linux gives namespaces: no network; no file of the machine changed, and of others'
only Python, the packages and the data folder read; all processes ended with the exercise. Without
them Python itself refuses sockets, programs and writes, which determined C code gets past; the
first line printed says which of the two holds. To grade a class you do not know on such a machine,
use a virtual one.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.errors import MissingDataError
from workbench.files import atomic_write
from workbench.grading.feedback import write_feedback
from workbench.grading.lessons import Asked, Lesson, lessons
from workbench.grading.sandbox import PACKAGE, Limits, Question, Reply, Sandbox
from workbench.grading.submissions import Handed, Student, collect
from workbench.notebooks import ROOT
from workbench.teaching import exercises

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
    root: Path = ROOT,
) -> list[Record]:
    """Grade a folder of submissions; returns a record for each student and lesson.

    numbers: lessons of the assignment; by default those that anyone handed in. seed: of the
    inputs; by default drawn once and kept in `out`. What is in `out` already and would come out the
    same is not graded again. weak: see `Sandbox`; root: of the trusted notebooks.
    """
    folder, out = Path(folder), Path(out)
    known = lessons(root=root)
    students = collect(folder, known)
    wanted = numbers or sorted({number for student in students for number in student.lessons})
    if not wanted:
        why = "; ".join(note for student in students for note in student.notes)[:300]
        raise MissingDataError(f"{folder}: no notebook of a lesson in it: {why}")
    asked = lessons(wanted, root)
    limits = limits or Limits()
    seed = _seed(out, seed)
    sandbox = Sandbox(limits, closed=[folder.resolve(), out.resolve()], weak=weak)
    shut_in = isolation(sandbox)
    print(f"isolation: {shut_in}", flush=True)
    rules = f"{seed} {limits} {notebook_seconds} {bool(sandbox.weak)} {_checks()}"
    pairs = [(student, lesson) for student in students for lesson in asked]

    def one(pair: tuple[Student, Lesson]) -> Record:
        student, lesson = pair
        handed = student.lessons.get(lesson.number)
        place = out / "results" / _place(student.name, lesson.number)
        key = hashlib.sha256(f"{rules} {_content(handed)}".encode()).hexdigest()
        record = _kept(place, key)
        if record is None:
            try:
                record = _grade(student, lesson, handed, sandbox, seed, notebook_seconds)
            except Exception as error:  # a fault here must not stop the class; next time again
                key = ""
                record = _blank(student, lesson, f"could not be graded: {error!r:.200}")
            with atomic_write(place) as path:
                path.write_text(json.dumps({**record, "key": key}, indent=1), encoding="utf-8")
        record["notes"] = [*student.notes, *record["notes"]]
        print(f"{student.name} {lesson.number}: {record['points']:g} of {record['of']:g}, "
              f"{record['state']}", flush=True)  # fmt: skip
        return record

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with ThreadPoolExecutor(jobs or max(1, (cores or 2) // 2)) as pool:
        records = list(pool.map(one, pairs))
    write_marks(out / "marks.csv", records)
    about = {
        "version": __version__, "seed": seed, "isolation": shut_in,
        "lessons": [lesson.number for lesson in asked],
        "results": [_place(record["student"], record["lesson"]) for record in records],
    }  # fmt: skip
    with atomic_write(out / "grading.json") as path:
        path.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    for student in students:
        theirs = [record for record in records if record["student"] == student.name]
        write_feedback(out / "feedback" / f"{slug(student.name)}.html", student.name, theirs)
    return records


def isolation(sandbox: Sandbox) -> str:
    """Which of the two ways holds on this machine; asks a first function to find out."""
    if not sandbox.weak:
        sandbox.ask(Question(["def probe():\n    return 1"], "probe", [()]))
    if sandbox.weak:
        return f"weak, Python refuses sockets, programs and writes ({sandbox.weak})"
    root = "; better not as root, whose processes are not counted" * (os.geteuid() == 0)
    return f"Linux namespaces: no network, a file system of its own{root}"


def _grade(
    student: Student, lesson: Lesson, handed: Handed | None, sandbox: Sandbox, seed: int,
    seconds: float,
) -> Record:  # fmt: skip
    """One notebook; whatever is wrong with it is in the record."""
    if handed is None:
        return _blank(student, lesson, "not handed in")
    if handed.problem:
        return _blank(student, lesson, f"cannot be read: {handed.problem}")
    record = {**_blank(student, lesson, "graded"), "file": handed.path.name, "exercises": []}
    left = seconds
    for asked in lesson.marked:
        mine = replace(sandbox.limits, seconds=min(sandbox.limits.seconds, left))
        entry, reply = _ask(asked, handed, replace(sandbox, limits=mine), seed)
        left = max(0.1, left - reply.seconds)
        record["exercises"].append(entry)
        library = [name for name in reply.imports if name.startswith("workbench")]
        if library:
            record["notes"].append(f"{asked.number} imports {', '.join(library)}: look at it")
    record["points"] = sum(entry["points"] for entry in record["exercises"])
    return record


def _blank(student: Student, lesson: Lesson, state: str) -> Record:
    return {
        "student": student.name, "lesson": lesson.number, "title": lesson.title, "file": "",
        "state": state, "notes": [], "points": 0.0, "of": lesson.points,
        "exercises": [_entry(asked, "not handed in") for asked in lesson.marked],
    }  # fmt: skip


def _ask(asked: Asked, handed: Handed, sandbox: Sandbox, seed: int) -> tuple[Record, Reply]:
    check = exercises()[asked.number]
    home = handed.ids.index(asked.cell) if asked.cell in handed.ids else None
    cases = check.draw(seed).cases
    reply = sandbox.ask(Question(handed.cells, asked.function, cases, home, handed.files))
    if reply.missing:
        entry = _entry(asked, "missing", reply.missing)
    elif reply.stopped:
        entry = _entry(asked, "stopped", reply.stopped)
    elif reply.problem:
        entry = _entry(asked, "not yet", reply.problem)
    else:
        result = check.judge(reply.answers, seed)
        entry = _entry(asked, result.state, result.message, result.points)
        if result.state == "not yet":
            entry["hints"] = list(check.hints)
    return {**entry, "seconds": reply.seconds, "memory_mb": reply.memory_mb}, reply


def _entry(asked: Asked, state: str, message: str = "", points: float = 0.0) -> Record:
    return {"number": asked.number, "title": asked.title, "state": state, "message": message,
            "points": points, "of": asked.points, "hints": []}  # fmt: skip


def write_marks(path: Path, records: Sequence[Record]) -> None:
    """A row a student: points of each exercise, their sum, the sum possible, state and notes.
    UTF-8 with a mark at its beginning, by which spreadsheets know it."""
    numbers = sorted({entry["number"] for record in records for entry in record["exercises"]})
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["student", *numbers, "points", "of", "state", "notes"])
    for name in sorted({record["student"] for record in records}):
        theirs = [record for record in records if record["student"] == name]
        entries = {e["number"]: e for record in theirs for e in record["exercises"]}
        points = [f"{entries[n]['points']:g}" if n in entries else "" for n in numbers]
        states = sorted({record["state"] for record in theirs})
        trouble = [f"{e['number']} {e['state']}: {e['message']}" for e in entries.values()
                   if e["state"] in ("missing", "stopped")]  # fmt: skip
        notes = dict.fromkeys([*trouble, *(note for record in theirs for note in record["notes"])])
        rows.writerow(map(_cell, [
            name, *points, f"{sum(r['points'] for r in theirs):g}",
            f"{sum(r['of'] for r in theirs):g}", "; ".join(states), "; ".join(notes),
        ]))  # fmt: skip
    with atomic_write(path) as target:
        target.write_text(text.getvalue(), encoding="utf-8-sig")


def _cell(text: str) -> str:
    """A student's words must not be taken for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def slug(name: str) -> str:
    """A file name for a student's name; two names never share one."""
    plain = re.sub(r"[^\w-]+", "-", name).strip("-")[:60]
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _place(student: str, lesson: str) -> str:
    return f"{slug(student)}-{lesson}.json"


def _seed(out: Path, seed: int | None) -> int:
    """The given one, that of an earlier run into the same folder, or a fresh one, kept at once."""
    place = out / "seed.txt"
    if seed is None and place.exists():
        return int(place.read_text())
    seed = secrets.randbits(31) if seed is None else seed
    with atomic_write(place) as path:
        path.write_text(f"{seed}\n")
    return seed


def _checks() -> str:
    """A fingerprint of the code that judges."""
    digest = hashlib.sha256()
    for path in sorted([*PACKAGE.glob("teaching/*.py"), *PACKAGE.glob("grading/*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _content(handed: Handed | None) -> str:
    if handed is None:
        return "nothing"
    digest = hashlib.sha256(handed.path.read_bytes())
    for path in sorted(handed.files.rglob("*")) if handed.files else ():
        if path.is_file() and not path.is_symlink():
            digest.update(f"{path.name} {path.stat().st_size} {path.stat().st_mtime}".encode())
    return digest.hexdigest()


def _kept(place: Path, key: str) -> Record | None:
    try:
        record = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if record.pop("key", None) == key else None
