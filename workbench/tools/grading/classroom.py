"""`workbench report --submissions`: the results of a class on one page, which opens from disk."""

from __future__ import annotations

import html
from collections import Counter
from pathlib import Path
from typing import Any

from workbench.course.accessible import table
from workbench.errors import MissingDataError
from workbench.files import UNREADABLE, atomic_write, load_json, write_text
from workbench.tools.grading.feedback import SIGNS, page
from workbench.tools.grading.marks import Record, slug

STATES = (
    "correct",
    "not yet",
    "not attempted",
    "missing",
    "stopped",
    "unreadable",
    "not handed in",
)
FILTER = """<script>
const box = document.querySelector('#filter'), rows = document.querySelectorAll('#class tbody tr');
box.addEventListener('input', () => {
  let shown = 0;
  for (const row of rows) {
    row.hidden = !row.textContent.toLowerCase().includes(box.value.toLowerCase());
    shown += !row.hidden;
  }
  document.querySelector('#shown').textContent = `${shown} of ${rows.length} students`;
});
</script>"""


def compare(marks: Path, out: Path | None = None) -> Path:
    """Write class.html from the results of `workbench grade`, and copy the students' pages.

    Args:
        marks: Folder that `workbench grade` wrote.
        out: Folder of the page; default: `marks`.

    Returns:
        Path of the page.

    Raises:
        MissingDataError: if `marks` contains no results.
    """
    marks, out = Path(marks), Path(out or marks)
    try:
        about = load_json(marks / "grading.json")
        names, shut_in = about["results"], str(about.get("isolation", "not recorded"))
        records = [load_json(marks / "results" / name) for name in names]
    except (OSError, AttributeError, KeyError, TypeError, *UNREADABLE) as error:
        raise MissingDataError(
            f"{marks}: contains no marks; run: workbench grade SUBMISSIONS --out {marks}"
        ) from error
    students = sorted({record["student"] for record in records})
    totals = {
        name: (
            sum(r["points"] for r in records if r["student"] == name),
            sum(r["of"] for r in records if r["student"] == name),
        )
        for name in students
    }
    body = (
        f"<main><h1>{len(students)} students</h1><p>Isolation: {html.escape(shut_in)}</p>"
        f"{_spread(totals)}{_exercises(records)}{_mistakes(records)}"
        f"{_predictions(records)}"
        f"{_students(students, records, totals, marks)}</main>{FILTER}"
    )
    if out.resolve() != marks.resolve():
        for name in students:
            own = Path("feedback", f"{slug(name)}.html")
            if (marks / own).exists():
                with atomic_write(out / own) as path:
                    path.write_bytes((marks / own).read_bytes())
    write_text(out / "class.html", page("Music workbench: the class", body))
    return out / "class.html"


def _spread(totals: dict[str, tuple[float, float]]) -> str:
    """Histogram of the share of points."""
    tenths = Counter(min(9, int(10 * got / of)) if of else 0 for got, of in totals.values())
    most = max(tenths.values())
    rows = [
        [f"{10 * part}–{10 * part + 10} %", str(tenths[part]), _bar(tenths[part] / most, "")]
        for part in range(10)
    ]
    return table(["points reached", "students", "share of students"], rows, "Share of the points")


def _exercises(records: list[Record]) -> str:
    """Number of students by exercise and state."""
    rows = []
    for number, entries in _by_number(records).items():
        count = Counter(entry["state"] for entry in entries)
        share = count["correct"] / len(entries)
        cells = [str(count[state] or "") for state in STATES]
        name = html.escape(f"{number} {entries[0]['title']}")
        rows.append([name, *cells, _bar(share, f"{share:.0%} correct")])
    return table(["exercise", *STATES, "share correct"], rows, "Exercises")


def _mistakes(records: list[Record]) -> str:
    """The most frequent messages of failed exercises."""
    rows = []
    for number, entries in _by_number(records).items():
        said = Counter(
            entry["message"]
            for entry in entries
            if entry["state"] in ("not yet", "missing", "stopped")
        )
        for message, times in said.most_common(5):
            rows.append([times, number, message])
    rows.sort(key=lambda row: -row[0])
    shown = [[number, str(times), html.escape(message)] for times, number, message in rows[:20]]
    return table(["exercise", "students", "message"], shown, "Most frequent mistakes")


def _predictions(records: list[Record]) -> str:
    """The spread of each prediction: students and confidence by choice, and what runs gave."""
    by_number: dict[str, list[Any]] = {}
    for record in records:
        for entry in record.get("predictions", ()):  # older results have none
            by_number.setdefault(entry["number"], []).append(entry)
    parts = []
    for number, entries in sorted(by_number.items()):
        rows = []
        for place, text in enumerate(entries[0]["choices"]):
            chosen = [entry["confidence"] for entry in entries if entry["choice"] == place]
            share = len(chosen) / len(entries)
            sure = f"{sum(chosen) / len(chosen):.0f} %" if chosen else ""
            gave = sum(entry["right"] == place for entry in entries)
            cells = [html.escape(text), str(len(chosen)), _bar(share, f"{share:.0%}"), sure]
            rows.append([*cells, str(gave or "")])
        decided = [entry for entry in entries if entry["right"] is not None]
        correct = sum(entry["choice"] == entry["right"] for entry in decided)
        columns = ["choice", "students", "share of students", "mean confidence", "runs gave it"]
        said = f"{number} {entries[0]['question']} ({correct} of {len(decided)} correct)"
        parts.append(table(columns, rows, said))
    return f"<h2>Predictions</h2>{''.join(parts)}" if parts else ""


def _students(
    names: list[str], records: list[Record], totals: dict[str, tuple[float, float]], marks: Path
) -> str:
    numbers = list(_by_number(records))
    rows = []
    for name in names:
        theirs = [record for record in records if record["student"] == name]
        entries = {e["number"]: e for record in theirs for e in record["exercises"]}
        cells = []
        for number in numbers:
            entry = entries.get(number)
            words = f"{entry['state']}: {entry['message']}" if entry else "not handed in"
            sign = SIGNS.get(entry["state"] if entry else "not handed in", "·")
            text = html.escape(words)
            cells.append(f"<span title='{text}'>{sign}</span><span hidden>{text}</span>")
        own = f"feedback/{slug(name)}.html"
        link = f"<a href='{own}'>{html.escape(name)}</a>"
        first = link if (marks / own).exists() else html.escape(name)
        got, of = totals[name]
        rows.append([first, *cells, f"{got:g} of {of:g}"])
    legend = ", ".join(f"{SIGNS.get(state, '·')} {state}" for state in STATES)
    return (
        "<p><label>Show students or mistakes with <input id='filter' type='search'></label> "
        f"<output id='shown' aria-live='polite'></output></p><p>{legend}</p>"
        f"<div id='class'>{table(['student', *numbers, 'points'], rows, 'Students')}</div>"
    )


def _by_number(records: list[Record]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for record in records:
        for entry in record["exercises"]:
            found.setdefault(entry["number"], []).append(entry)
    return dict(sorted(found.items()))


def _bar(share: float, label: str) -> str:
    return (
        f"<span class='share'><svg width='160' height='14' role='img' "
        f"aria-label='{share:.0%}'><rect width='{160 * share:.1f}' height='14' "
        f"fill='currentColor' opacity='.55'/></svg> "
        f"{label}</span>"
    )
