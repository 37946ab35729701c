"""Benchmarks of LDMG on pieces kept out of training: tables on the screen, and JSON.

    workbench evaluate sound --checkpoint sound-ldmg --out sound.json
    workbench evaluate sound --checkpoint my-sound --only coding frechet --quick
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from workbench.benchmarks import sound_coding, sound_drawing, sound_speed
from workbench.benchmarks.command import parser_of, run_command
from workbench.benchmarks.sound_data import SoundBench
from workbench.benchmarks.table import Report
from workbench.datasets.sounds import collect

SECTIONS: dict[str, Callable[[SoundBench], None]] = {
    "coding": sound_coding.coding,
    "players": sound_coding.players,
    "frechet": sound_drawing.frechet,
    "wasserstein": sound_drawing.wasserstein,
    "samplers": sound_drawing.samplers,
    "asked": sound_drawing.asked,
    "speed": sound_speed.speed,
}


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = parser_of("sound", __doc__)
    add = options.add_argument
    add("--checkpoint", default="sound-ldmg", metavar="NAME_OR_FOLDER")
    add("--dataset", help="by default the one that the checkpoint was trained on")
    add("--only", nargs="+", choices=list(SECTIONS), metavar="SECTION", help=", ".join(SECTIONS))
    add("--out", type=Path, help="JSON file for all tables")
    add("--n", type=int, default=200, help="clips in each compared set (default 200)")
    add("--steps", type=int, default=25, help="of the sampler (default 25)")
    add("--seed", type=int, default=0)
    add("--quick", action="store_true", help="fewer clips and training steps")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sections, print their tables, write the JSON."""
    return run_command(parser(), measure, argv)


def measure(args: argparse.Namespace) -> None:
    """The tables that were asked for."""
    from workbench.systems.ldmg import LDMG
    from workbench.systems.storage import trained_on

    system = LDMG.from_pretrained(args.checkpoint)
    dataset = args.dataset or trained_on(args.checkpoint)
    bench = SoundBench(
        system, collect(dataset, system.config.rate, limit=20 if args.quick else None),
        Report(benchmark="sound", **vars(args)), n=min(args.n, 12) if args.quick else args.n,
        steps=min(args.steps, 4) if args.quick else args.steps, seed=args.seed, quick=args.quick,
    )  # fmt: skip
    bench.report.run(SECTIONS, bench, args.only, args.out)


if __name__ == "__main__":
    sys.exit(main())
