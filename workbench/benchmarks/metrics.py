"""Metrics and their references: each measure is compared with an independent reference.

    workbench evaluate metrics --out metrics.json
    workbench evaluate metrics --only references speed

Exit status 1 when a metric and its reference disagree, or a distance does not grow with noise.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

import numpy as np

from workbench.benchmarks import (
    metric_checks,
    metric_checks_notes,
    metric_figures,
    metric_properties,
)
from workbench.benchmarks.command import run_command, sections_parser
from workbench.benchmarks.metric_checks import Check, MetricsRun
from workbench.errors import WorkbenchError
from workbench.evaluation.table import Report

GROUPS = (
    metric_checks.frechet,
    metric_checks.kernels,
    metric_checks.wasserstein,
    metric_checks.sets,
    metric_checks.sound,
    metric_checks_notes.notes,
    metric_checks_notes.histograms,
    metric_checks_notes.patterns,
    metric_checks_notes.likelihood,
)


def checks(seed: int = 0) -> list[Check]:
    """All checks."""
    return [check for group in GROUPS for check in group(np.random.default_rng(seed))]


def references(run: MetricsRun) -> None:
    """The table of metrics beside their references."""
    found = checks(run.seed)
    run.report.table(
        "references",
        "Metrics and their references",
        ["", "ours", "reference", "difference", "agree", "by"],
        [
            [
                c.metric,
                f"{c.ours:.6g}",
                f"{c.theirs:.6g}",
                f"{c.difference:.1e}",
                c.agrees,
                c.reference,
            ]
            for c in found
        ],
        [
            "Difference: absolute. Where a closed form speaks of a distribution, or a mean "
            "of samples, the allowed difference is the scatter of so many samples; elsewhere it is "
            "rounding."
        ],
        disagree=[c.metric for c in found if not c.agrees],
    )


SECTIONS: dict[str, Callable[[MetricsRun], None]] = {
    "references": references,
    "properties": metric_properties.properties,
    "speed": metric_properties.speed,
    "notes": metric_figures.notes,
    "sound": metric_figures.sound,
}


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    return sections_parser("metrics", __doc__, SECTIONS, quick="fewer clips")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sections, print their tables, write the JSON."""
    return run_command(parser(), measure, argv)


def measure(args: argparse.Namespace) -> None:
    """The requested tables; WorkbenchError where a metric fails its check."""
    report = Report(benchmark="metrics", **vars(args))
    run = MetricsRun(report, args.seed, args.quick)
    report.run(SECTIONS, run, args.only, args.out)
    wrong = report.sections.get("references", {}).get("disagree", [])
    grows = report.sections.get("properties", {}).get("grows", {})
    wrong = [*wrong, *(name for name, held in grows.items() if not held)]
    if wrong:
        raise WorkbenchError(f"these metrics fail their checks: {', '.join(wrong)}")


if __name__ == "__main__":
    sys.exit(main())
