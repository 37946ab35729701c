"""Tables: aligned on the screen, and together in one JSON file."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from workbench.files import atomic_write

T = TypeVar("T")  # what the sections of a benchmark share


def show(value: Any) -> str:
    """A cell as text: floats with three digits (one from 10 on), intervals as "low – high"."""
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return " – ".join(show(v) for v in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if math.isnan(value):
            return "–"
        return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
    return str(value)


def render(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table as text: title, underlined head, first column left-aligned, the others right."""
    body = [[show(cell) for cell in row] for row in rows]
    for row in body:
        if len(row) != len(columns):
            raise ValueError(f"{title}: a row of {len(row)} cells under {len(columns)} columns")
    wide = [max(len(line[i]) for line in [list(columns), *body]) for i in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            c.ljust(w) if i == 0 else c.rjust(w)
            for i, (c, w) in enumerate(zip(cells, wide, strict=True))
        ]
        return "  ".join(padded).rstrip()

    rule = "  ".join("─" * w for w in wide)
    return "\n".join([title, line(columns), rule, *(line(row) for row in body)])


class Report:
    """Collects tables: prints each one and writes all of them as JSON."""

    def __init__(self, **about: Any) -> None:
        self.about = about
        self.sections: dict[str, dict[str, Any]] = {}

    def table(
        self,
        name: str,
        title: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        notes: Sequence[str] = (),
        ids: Mapping[str, str] | None = None,
        **figures: Any,
    ) -> None:
        """Print a table with its notes, and store it, with named `figures`, under `name`.

        Args:
            name: Key of the section.
            title: First line.
            columns: Heads.
            rows: Cells, one list per row.
            notes: Lines below the table.
            ids: For rows that a program reads: an id, which stays if the label is reworded, and
                the label.
            figures: Further values to store.

        Raises:
            ValueError: If not exactly one row has the label of an id.
        """
        labels = [row[0] for row in rows]
        for row_id, label in (ids or {}).items():
            if labels.count(label) != 1:
                raise ValueError(
                    f"{name}: {row_id} is the row {label!r}, but {labels.count(label)} rows are"
                )
        print("\n" + render(title, columns, rows), flush=True)
        for note in notes:
            print(f"  {note}", flush=True)
        self.sections[name] = {
            "title": title,
            "columns": list(columns),
            "rows": [list(row) for row in rows],
            "notes": list(notes),
            "ids": {row_id: labels.index(label) for row_id, label in (ids or {}).items()},
            **figures,
        }

    def run(
        self,
        sections: Mapping[str, Callable[[T], None]],
        bench: T,
        only: Sequence[str] | None = None,
        out: str | Path | None = None,
    ) -> None:
        """Run sections, and store the seconds that each took.

        Args:
            sections: Functions of `bench` by name.
            bench: Their argument.
            only: Names to run; None for all.
            out: JSON file, written after each section, so an interrupted run leaves results.
        """
        seconds = self.about.setdefault("seconds", {})
        for name in only or sections:
            started = time.perf_counter()
            sections[name](bench)
            seconds[name] = round(time.perf_counter() - started, 1)
            print(f"  [{name}: {seconds[name]:.0f} s]", flush=True)
            if out:
                self.write(out)

    def write(self, path: str | Path) -> None:
        """Write the report as JSON, atomically."""
        with atomic_write(path) as beside:
            text = json.dumps(json_value({**self.about, "sections": self.sections}), indent=1)
            beside.write_text(text + "\n", encoding="utf-8")


def json_value(value: Any) -> Any:
    """Convert to JSON's types; NaN, which JSON does not have, becomes null."""
    if isinstance(value, dict):
        return {str(k): json_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(v) for v in value]
    if hasattr(value, "item"):
        return json_value(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def cell(section: Mapping[str, Any] | None, row_id: str, column: str) -> Any:
    """A cell of a section by the row's id; None if it was not measured."""
    row = (section or {}).get("ids", {}).get(row_id)
    if section is None or row is None or column not in section["columns"]:
        return None
    return section["rows"][row][section["columns"].index(column)]
