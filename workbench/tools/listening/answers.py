"""Answers: checked rows from the files that raters send in and from a server's database.

An answer is one row: rater, trial, scale and value; the place in the rater's order, the seconds
spent on the trial, and whether A and B were exchanged. Answers that cannot be used are left out and
listed with the reason.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import count
from pathlib import Path
from typing import Any

from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.files import UNREADABLE, atomic_write, load_json
from workbench.tables import Row, read_table
from workbench.tools.listening.records import FORMAT, TOKEN, Answer, Sheet
from workbench.tools.listening.store import stored

MOST_BYTES = 2_000_000
DATABASES = (".sqlite", ".db")


@dataclass
class Merged:
    """All answers. left_out: (origin, reason); conflicts: notes on names that several raters used;
    half_rated: (rater, answers, expected answers) of incomplete tests."""

    answers: list[Answer] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    half_rated: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def raters(self) -> list[str]:
        return list(dict.fromkeys(answer.rater for answer in self.answers))

    def summary(self) -> str:
        """Raters, half-rated tests, conflicts and what was left out, as text."""
        lines = [f"{len(self.raters)} raters, {len(self.answers)} answers"]
        lines += [f"incomplete: {name}, {n} of {of} answers" for name, n, of in self.half_rated]
        lines += [f"shared name: {conflict}" for conflict in self.conflicts]
        lines += [f"not used: {origin}: {reason}" for origin, reason in self.left_out]
        return "\n".join(lines)


def questions(key: dict[str, Any]) -> dict[tuple[str, str], range]:
    """Every (trial, scale) that a rater of this test answers, with the permitted values."""
    points = {}
    for name, trial in key["trials"].items():
        scales = ["tones"] if trial["kind"] == "check" else key["scales"]
        for scale in scales:
            points[name, scale] = range(2) if scale == "preference" else range(1, 6)
    return points


def clean_name(name: Any) -> str:
    """A rater's name on one line of at most 60 characters that no spreadsheet reads as a formula;
    "" if it is not a name."""
    if not isinstance(name, str):
        return ""
    text = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return text.lstrip("=+-@ ")[:60].strip()


def _plain(value: Any) -> str:
    """Text of at most 40 characters that UTF-8 can encode; lone surrogates become "?"."""
    return str(value)[:40].encode("utf-8", "replace").decode("utf-8")


def read_sheet(record: Any, key: dict[str, Any], origin: str) -> Sheet:
    """A rater's record, checked against the test's key. Raises BrokenFileError if anything in it is
    wrong; then none of its answers is used."""

    def wrong(reason: str) -> BrokenFileError:
        return BrokenFileError(f"{origin} {reason}; save the answers again from this test's page")

    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise wrong("is not a file of answers")
    if record.get("test") != key["test"]:
        raise wrong("has answers to another test")
    rater, token = clean_name(record.get("rater")), record.get("token")
    if not rater or not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise wrong("names no rater")
    rows = record.get("answers")
    if not isinstance(rows, list):
        raise wrong("has no list of answers")
    allowed, answers = questions(key), {}
    for row in rows:
        answer = _read_row(row, rater, allowed)
        if answer is None:
            raise wrong(f"has an answer that is not possible ({ascii(row)[:80]})")
        answers[answer.trial, answer.scale] = answer
    started, saved = (_plain(record.get(when, "")) for when in ("started", "saved"))
    finished = record.get("finished") is True
    return Sheet(rater, token, started, finished, list(answers.values()), origin, saved)


def _read_row(row: Any, rater: str, allowed: dict[tuple[str, str], range]) -> Answer | None:
    if not isinstance(row, dict):
        return None
    trial, scale, value = row.get("trial"), row.get("scale"), row.get("value")
    if not isinstance(trial, str) or not isinstance(scale, str) or type(value) is not int:
        return None
    if value not in allowed.get((trial, scale), ()):
        return None
    place, seconds = row.get("place", 0), row.get("seconds", 0)
    if type(place) is not int or not 0 <= place < 10_000 or type(seconds) not in (int, float):
        return None
    if not 0 <= seconds < 1e6:
        return None
    return Answer(rater, trial, scale, value, place, float(seconds), row.get("swapped") is True)


# ------------------------------------------------------------------------------ many of them


def merge(paths: Sequence[str | os.PathLike[str]], key: dict[str, Any]) -> Merged:
    """Answers of files (.json), databases of a server (.sqlite) and folders of both.

    A broken file, or one of another test, is left out and listed. Two sheets with the same private
    token are from one rater: the more complete one counts, or else the later one. Two tokens with
    the same name become "Anna" and "Anna (2)", in the order in which they began, and are listed,
    because only the instructor can know whether they are two people.
    Raises MissingDataError if a path does not exist.
    """
    merged, sheets = Merged(), []
    for path in _files(paths):
        try:
            for record in _records(path, key["test"]):
                sheets.append(read_sheet(record, key, str(path)))
        except (WorkbenchError, OSError) as error:
            merged.left_out.append((str(path), str(error).removeprefix(f"{path} ")))
    best: dict[str, Sheet] = {}
    for sheet in sheets:
        before = best.get(sheet.token, sheet)
        fuller = (len(sheet.answers), sheet.saved) > (len(before.answers), before.saved)
        best[sheet.token] = sheet if fuller else before
    for sheet in sheets:
        if sheet is not best[sheet.token]:
            reason = f"the same rater's answers as in {best[sheet.token].origin}"
            merged.left_out.append((sheet.origin, reason))
    _name_raters(list(best.values()), merged, len(questions(key)))
    return merged


def _name_raters(sheets: list[Sheet], merged: Merged, questions: int) -> None:
    groups: dict[str, list[Sheet]] = {}
    for sheet in sorted(sheets, key=lambda s: (s.rater.casefold(), s.started, s.token)):
        groups.setdefault(sheet.rater.casefold(), []).append(sheet)
    taken = set(groups)
    for group in groups.values():
        names = [group[0].rater]
        for sheet in group[1:]:
            numbered = (f"{sheet.rater} ({i})" for i in count(2))
            names.append(next(name for name in numbered if name.casefold() not in taken))
            taken.add(names[-1].casefold())
        for name, sheet in zip(names, group, strict=True):
            merged.answers += [replace(answer, rater=name) for answer in sheet.answers]
            if not sheet.answers:
                merged.left_out.append((sheet.origin, f"{name} gave no answers"))
            elif len(sheet.answers) < questions:
                merged.half_rated.append((name, len(sheet.answers), questions))
        if len(group) > 1:
            where = ", ".join(dict.fromkeys(sheet.origin for sheet in group))
            merged.conflicts.append(
                f"{group[0].rater}, used by {len(group)} raters ({where}); kept apart as "
                f"{', '.join(names)}. If they are one person, delete all but one"
            )


def _files(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = (p for p in path.iterdir() if p.suffix.lower() in (".json", *DATABASES))
            found += sorted(p for p in inside if p.name != "key.json")
        elif path.exists():
            found.append(path)
        else:
            raise MissingDataError(f"{path} does not exist; give answer files, or their folder")
    return list(dict.fromkeys(found))


def _records(path: Path, test: str) -> list[Any]:
    """The records of a file or database, not yet checked."""
    if path.suffix.lower() in DATABASES:
        return stored(path, test)
    if path.stat().st_size > MOST_BYTES:
        raise BrokenFileError(f"{path} is larger than any file of answers; ask for it again")
    try:
        return [load_json(path)]
    except UNREADABLE as error:
        raise BrokenFileError(f"{path} is not valid JSON ({error}); ask for it again") from error


# ------------------------------------------------------------------------------ one table

COLUMNS = tuple(f.name for f in fields(Answer))


def write_answers(path: str | os.PathLike[str], answers: Sequence[Answer]) -> None:
    """Write answers as CSV, one row each. They name trials, not the sources of the clips."""
    with atomic_write(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(asdict(answer) | {"swapped": int(answer.swapped)} for answer in answers)


def read_answers(path: str | os.PathLike[str], key: dict[str, Any]) -> list[Answer]:
    """Read the answers that `write_answers` wrote, also after a spreadsheet saved them. Raises
    BrokenFileError with line and column."""
    allowed = questions(key)
    found: dict[tuple[str, str, str], tuple[Answer, Row]] = {}
    for row in read_table(path, needs=COLUMNS).rows:
        answer = _answer_of(row, allowed)
        before = found.setdefault((answer.rater, answer.trial, answer.scale), (answer, row))
        if before[0] != answer:
            raise row.error(
                "value",
                f"answers again, and otherwise, what line {before[1].line} "
                "answers; keep one of the two lines",
            )
    if not found:
        raise BrokenFileError(f"{path} contains no answers; run `workbench listen merge`")
    return [answer for answer, _ in found.values()]


def _answer_of(row: Row, allowed: dict[tuple[str, str], range]) -> Answer:
    if not row["rater"]:
        raise row.error("rater", "names nobody")
    values = allowed.get((row["trial"], row["scale"]))
    if values is None:
        named = row["trial"] in {trial for trial, _ in allowed}
        column = "scale" if named else "trial"
        raise row.error(column, f"{row[column][:60]!r} is not in this test; give its own key.json")
    swapped = {"0": False, "false": False, "1": True, "true": True}.get(row["swapped"].lower())
    if swapped is None:
        raise row.error("swapped", f"must be 0 or 1, got {row['swapped'][:60]!r}")
    return Answer(
        row["rater"],
        row["trial"],
        row["scale"],
        row.whole("value", values[0], values[-1]),
        row.whole("place", 0, 9999),
        row.number("seconds", 0, 1e6),
        swapped,
    )
