"""All systems in one table: the figures of their cards, beside real music and the papers.

    workbench evaluate systems
    workbench evaluate systems --checkpoints my-drums my-music --out systems.json

Nothing is measured here: `workbench evaluate drums|songs|piano|sound|music` does that, and
`python -m workbench.benchmarks.cards` stores it with the checkpoint. Notebook:
`notebooks/10_evaluation.ipynb`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any

from workbench.benchmarks.cards import MEASURED
from workbench.benchmarks.command import parser_of, run_command
from workbench.benchmarks.table import Figure, Report
from workbench.errors import MissingDataError
from workbench.files import UNREADABLE, load_json
from workbench.options import nonempty, path
from workbench.systems.registry import SYSTEMS, find, resolve
from workbench.systems.storage import folder_of

COLUMNS = ["system", "figure", "ours", "real music", "trivial baseline", "paper"]
NOTES = [
    "↑ more is better, ↓ less is better. Real music: other real music, measured in the same way; "
    "the best value to expect. Trivial baseline: shuffled prompts or words, a Markov chain, "
    "decoded noise, the sound of another caption.",
    "The papers use other data and other embedders: compare how far a figure is from its floor, "
    "never the raw values. (rebuilt): the paper's method on our data.",
]


def shipped_checkpoints() -> list[str]:
    """The shipped checkpoint of each system."""
    return [entry.checkpoint for entry in SYSTEMS.values()]


def figures_of(benchmark: str) -> tuple[Figure, ...]:
    """The lines of a system, in the order of the table."""
    return resolve(find(benchmark).benchmark).FIGURES


def rows_of(checkpoints: Sequence[str] | None = None) -> list[list[Any]]:
    """The table's rows: system, figure, ours, real music, trivial baseline, paper. None where
    something was not measured or does not exist. checkpoints: the shipped ones by default.
    MissingDataError for a checkpoint without measurements."""
    rows = []
    for name in shipped_checkpoints() if checkpoints is None else checkpoints:
        path = folder_of(name) / MEASURED
        try:
            measured = load_json(path)
            kind, sections = measured["benchmark"], measured["sections"]
        except (OSError, KeyError, TypeError, *UNREADABLE) as error:
            raise MissingDataError(
                f"{path}: no measurements ({error}); run workbench evaluate, then python -m "
                "workbench.benchmarks.cards"
            ) from None
        title = find(kind).name
        rows += [[title, *_row(figure, sections)] for figure in figures_of(kind)]
    return rows


def _row(figure: Figure, sections: dict[str, Any]) -> list[Any]:
    def at(row_id: str) -> Any:
        return _cell(sections.get(figure.section), figure.column, row_id)

    own, real, trivial = at(figure.own), at(figure.real), at(figure.trivial)
    if share := at(figure.over):
        own, real, trivial = (v if v is None else v / share for v in (own, real, trivial))
    rebuilt = at(figure.rebuilt)
    paper = figure.paper or (f"{rebuilt:.3f} (rebuilt)" if rebuilt is not None else None)
    return [figure.name, own, real, trivial, paper]


def _cell(table: dict[str, Any] | None, column: str, row_id: str) -> Any:
    """Of the row with that id; None where the section was not measured or has no such row. Older
    cards have columns such as "nats a token"."""
    row = (table or {}).get("ids", {}).get(row_id)
    if table is None or row is None:
        return None
    names = [re.sub(r"^(.*\b(?:nats|bits)) a ", r"\1 per ", name) for name in table["columns"]]
    return table["rows"][row][names.index(column)] if column in names else None


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = parser_of("systems", __doc__)
    options.add_argument(
        "--checkpoints", type=nonempty, nargs="+", default=shipped_checkpoints(), metavar="NAME"
    )
    options.add_argument("--out", type=path, help="JSON file for the table")
    return options


def _print(args: argparse.Namespace) -> None:
    report = Report(benchmark="systems", checkpoints=args.checkpoints)
    report.table("systems", "Five systems", COLUMNS, rows_of(args.checkpoints), NOTES)
    if args.out:
        report.write(args.out)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return run_command(parser(), _print, argv)


if __name__ == "__main__":
    sys.exit(main())
