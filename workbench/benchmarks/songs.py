"""Benchmarks of MidiGPT on held-out songs: prints tables and writes them as JSON.

workbench evaluate songs --checkpoint songs-gpt --out songs.json
workbench evaluate songs --checkpoint my-songs --only inpainting --quick
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from workbench.benchmarks import (
    song_bands,
    song_builtin,
    song_context,
    song_control,
    song_inpainting,
    song_likelihood,
    song_many,
    song_other,
    song_shapes,
    song_speed,
)
from workbench.benchmarks.command import add_checkpoint, run_command, sections_parser
from workbench.benchmarks.song_data import SongBench
from workbench.evaluation.table import Report
from workbench.options import whole
from workbench.systems.midigpt import MidiGPT
from workbench.systems.registry import datasets

SECTIONS: dict[str, Callable[[SongBench], None]] = {
    "likelihood": song_likelihood.likelihood,
    "lstm": song_likelihood.lstm,
    "inpainting": song_inpainting.inpainting,
    "context": song_context.context,
    "control": song_control.control,
    "bands": song_bands.bands,
    "shapes": song_shapes.shapes,
    "many": song_many.many,
    "other": song_other.other,
    "builtin": song_builtin.builtin,
    "speed": song_speed.speed,
}


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = sections_parser(
        "songs", __doc__, SECTIONS, quick="fewer songs, holes and training steps"
    )
    add_checkpoint(options, "songs-gpt")
    add = options.add_argument
    add(
        "--dataset",
        type=datasets,
        default="pop909",
        help='a name, a folder, or several joined by "+"',
    )
    add("--songs", type=whole(1), default=60, help="held-out songs (default 60)")
    add("--cases", type=whole(1), default=60, help="holes to fill (default 60)")
    add("--fillings", type=whole(1), default=500, help="fillings of section many (default 500)")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sections, print their tables, write the JSON."""
    return run_command(parser(), measure, argv)


def measure(args: argparse.Namespace) -> None:
    """The requested tables."""
    bench = SongBench(
        MidiGPT.from_pretrained(args.checkpoint),
        args.dataset,
        Report(benchmark="songs", **vars(args)),
        songs=args.songs,
        cases=min(args.cases, 8) if args.quick else args.cases,
        fillings=min(args.fillings, 14) if args.quick else args.fillings,
        seed=args.seed,
        quick=args.quick,
    )
    bench.report.run(SECTIONS, bench, args.only, args.out)


if __name__ == "__main__":
    sys.exit(main())
