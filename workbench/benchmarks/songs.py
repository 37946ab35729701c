"""Benchmarks of MidiGPT on songs kept out of training: tables on the screen, and JSON.

    workbench evaluate songs --checkpoint songs-gpt --out songs.json
    workbench evaluate songs --checkpoint my-songs --only inpainting --quick
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from workbench.benchmarks import song_builtin, song_inpainting, song_likelihood, song_speed
from workbench.benchmarks.song_data import SongBench
from workbench.benchmarks.table import Report
from workbench.errors import WorkbenchError

SECTIONS: dict[str, Callable[[SongBench], None]] = {
    "likelihood": song_likelihood.likelihood,
    "inpainting": song_inpainting.inpainting,
    "builtin": song_builtin.builtin,
    "speed": song_speed.speed,
}


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = argparse.ArgumentParser(
        prog="workbench evaluate songs",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = options.add_argument
    add("--checkpoint", default="songs-gpt", metavar="NAME_OR_FOLDER")
    add("--dataset", default="pop909", help='a name, a folder, or several joined by "+"')
    add("--only", nargs="+", choices=list(SECTIONS), metavar="SECTION", help=", ".join(SECTIONS))
    add("--out", type=Path, help="JSON file for all tables")
    add("--songs", type=int, default=60, help="held-out songs (default 60)")
    add("--cases", type=int, default=60, help="holes to fill (default 60)")
    add("--seed", type=int, default=0)
    add("--quick", action="store_true", help="fewer songs, holes and training steps")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sections, print their tables, write the JSON."""
    args = parser().parse_args(argv)
    try:
        from workbench.systems.midigpt import MidiGPT

        about = {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items()}
        bench = SongBench(
            MidiGPT.from_pretrained(args.checkpoint), args.dataset,
            Report(benchmark="songs", **about), songs=args.songs,
            cases=min(args.cases, 8) if args.quick else args.cases, seed=args.seed,
            quick=args.quick,
        )  # fmt: skip
        for name in args.only or SECTIONS:
            started = time.monotonic()
            SECTIONS[name](bench)
            bench.times[name] = round(time.monotonic() - started, 1)
            if args.out:  # after each section, so that a run cut short leaves what it has
                bench.report.about["seconds"] = bench.times
                bench.report.write(args.out)
    except WorkbenchError as error:
        print(f"workbench evaluate songs: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
