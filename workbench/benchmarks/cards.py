"""Write measured tables into a checkpoint's model card.

    workbench evaluate SYSTEM --checkpoint FOLDER --out results.json
    python -m workbench.benchmarks.cards FOLDER results.json

Several results, of sections that were run separately, are merged; if a section occurs more than
once, the last one counts. The numbers of a card are stored beside it as `measured.json`, which is
itself a result: name it first to replace some of its sections.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.errors import MissingDataError
from workbench.evaluation.table import render
from workbench.files import UNREADABLE, atomic_write, load_json
from workbench.systems.figures import MEASURED
from workbench.systems.registry import find, resolve


def tables(sections: dict[str, Any]) -> str:
    """Sections of a benchmark's JSON as Markdown, with the tables as printed."""
    parts = ["## Measured"]
    for section in sections.values():
        text = render(section["title"], section["columns"], section["rows"])
        notes = "\n".join(section["notes"])
        parts.append(f"```text\n{text}\n{notes}".rstrip() + "\n```")
    return "\n\n".join(parts)


def write_card(folder: Path, *results: Path) -> Path:
    """Write README.md and measured.json of `folder` from its training.json and benchmark
    results."""
    read = []
    for path in (folder / "training.json", *results):
        try:
            read.append(load_json(path))
        except (OSError, *UNREADABLE) as error:
            raise MissingDataError(f"{path}: cannot be read ({error})") from None
    try:
        sections = {name: section for one in read[1:] for name, section in one["sections"].items()}
        name = str(read[1].get("benchmark") or "drums")  # the first benchmark had no name
        text = tables(sections)
    except (AttributeError, KeyError, TypeError) as error:
        files = ", ".join(map(str, results))
        raise MissingDataError(
            f"{files}: not a result of workbench evaluate ({error} is missing)"
        ) from None
    # words that the drum benchmark found to have too little effect
    low = (sections.get("downbeats") or {}).get("low", [])
    made = resolve(find(name).card)({**read[0], "low": low}, text)
    with atomic_write(folder / MEASURED) as beside:
        about = {"benchmark": name, "sections": sections}
        beside.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    with atomic_write(folder / "README.md") as beside:
        beside.write_text(made, encoding="utf-8")
    return folder / "README.md"


def main(argv: Sequence[str]) -> int:
    """FOLDER RESULTS.json [MORE.json …]"""
    if len(argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    print(write_card(Path(argv[0]), *map(Path, argv[1:])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
