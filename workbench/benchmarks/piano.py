"""Benchmarks of DiffusionLM on held-out songs: prints tables and writes them as JSON.

workbench evaluate piano --checkpoint piano-masked --out piano.json
workbench evaluate piano --checkpoint my-piano --only control --quick
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from workbench.benchmarks import piano_control, piano_likelihood, piano_notes, piano_sampling
from workbench.benchmarks.command import add_checkpoint, run_command, sections_parser
from workbench.benchmarks.piano_data import PianoBench
from workbench.evaluation.table import Report
from workbench.options import whole
from workbench.systems.diffusion_lm import DiffusionLM
from workbench.systems.registry import datasets

SECTIONS: dict[str, Callable[[PianoBench], None]] = {
    "bits": piano_likelihood.bits,
    "samples": piano_likelihood.samples,
    "notes": piano_notes.notes,
    "fillings": piano_notes.fillings,
    "music": piano_likelihood.music,
    "sampling": piano_sampling.sampling,
    "control": piano_control.control,
    "steps": piano_likelihood.few_steps,
    "backbones": piano_control.backbones,
}


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = sections_parser("piano", __doc__, SECTIONS, quick="fewer samples and training steps")
    add_checkpoint(options, "piano-masked")
    add = options.add_argument
    add(
        "--dataset",
        type=datasets,
        default="pop909+openscore-lieder",
        help='names or folders, joined by "+"',
    )
    add("--n", type=whole(1), default=128, help="samples and held-out windows (default 128)")
    add("--steps", type=whole(1), default=100, help="sampling steps (default 100)")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sections, print their tables, write the JSON."""
    return run_command(parser(), measure, argv)


def measure(args: argparse.Namespace) -> None:
    """The requested tables."""
    bench = PianoBench(
        DiffusionLM.from_pretrained(args.checkpoint),
        args.dataset,
        Report(benchmark="piano", **vars(args)),
        n=min(args.n, 8) if args.quick else args.n,
        steps=min(args.steps, 10) if args.quick else args.steps,
        seed=args.seed,
        quick=args.quick,
    )
    bench.report.run(SECTIONS, bench, args.only, args.out)


if __name__ == "__main__":
    sys.exit(main())
