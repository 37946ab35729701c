"""All systems in one table: the figures of their cards, beside real music and the papers.

    workbench evaluate systems
    workbench evaluate systems --checkpoints my-drums my-music --out systems.json

Nothing is measured here: `workbench evaluate SYSTEM` does that, and
`python -m workbench.benchmarks.cards` stores it with the checkpoint. Notebook:
`notebooks/12_evaluation.ipynb`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from workbench.benchmarks.command import parser_of, run_command
from workbench.evaluation.table import Report
from workbench.options import nonempty
from workbench.systems.figures import COLUMNS, NOTES, rows_of, shipped_checkpoints


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = parser_of("systems", __doc__)
    options.add_argument(
        "--checkpoints", type=nonempty, nargs="+", default=shipped_checkpoints(), metavar="NAME"
    )
    return options


def _print(args: argparse.Namespace) -> None:
    def table(report: Report) -> None:
        report.table("systems", "All systems", COLUMNS, rows_of(args.checkpoints), NOTES)

    report = Report(benchmark="systems", checkpoints=args.checkpoints)
    report.run({"systems": table}, report, out=args.out)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return run_command(parser(), _print, argv)


if __name__ == "__main__":
    sys.exit(main())
