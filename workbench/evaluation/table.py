"""Aligned tables on the screen, and the same figures in one JSON file."""

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
    """A cell as text: three significant places for floats, "low – high" for intervals."""
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
    """A table as text: title, underlined head, first column left, the others right."""
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
    """Collects tables: prints each as it comes and writes all of them as JSON."""

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
        """Print one table with its notes; keep it, with named `figures`, under `name`.

        ids: for rows that something reads back, an id that stays when the label is reworded, and
        the label. ValueError where no row, or more than one, has that label.
        """
        labels = [row[0] for row in rows]
        for row_id, label in (ids or {}).items():
            if labels.count(label) != 1:
                raise ValueError(f"{name}: {row_id} is the row {label!r}, which is not one row")
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
        """Run the sections, those named by `only` or all, and keep the seconds that each took. out:
        written after each section, so that a run cut short leaves what it has."""
        seconds = self.about.setdefault("seconds", {})
        for name in only or sections:
            started = time.perf_counter()
            sections[name](bench)
            seconds[name] = round(time.perf_counter() - started, 1)
            print(f"  [{name}: {seconds[name]:.0f} s]", flush=True)
            if out:
                self.write(out)

    def write(self, path: str | Path) -> None:
        """The whole report as JSON, written whole or not at all."""
        with atomic_write(path) as beside:
            text = json.dumps(plain({**self.about, "sections": self.sections}), indent=1)
            beside.write_text(text + "\n", encoding="utf-8")


def plain(value: Any) -> Any:
    """JSON's own types; NaN, which JSON does not have, as null."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if hasattr(value, "item"):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def cell(section: Mapping[str, Any] | None, row_id: str, column: str) -> Any:
    """A cell of a report's section by the row's id; None where the section was not measured, or has
    no such row or column."""
    row = (section or {}).get("ids", {}).get(row_id)
    if section is None or row is None or column not in section["columns"]:
        return None
    return section["rows"][row][section["columns"].index(column)]
