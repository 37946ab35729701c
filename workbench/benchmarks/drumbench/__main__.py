"""Score a drum system on DrumBench.

    python -m workbench.benchmarks.drumbench drums-groove-bert --split validation
    python -m workbench.benchmarks.drumbench FOLDER

FOLDER: a checkpoint, or MIDI files of another system, named by the prompts' ids (--list shows
them): style-01-1.mid, style-01-2.mid, …, or style-01/….mid; eight takes of eight bars of each
prompt, with tempo and metre.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from workbench.benchmarks.command import parser_of, run_command
from workbench.benchmarks.drumbench.score import TAKES, Folder, Loaded, System, score, write
from workbench.benchmarks.drumbench.table import SPLITS, prompts, table
from workbench.errors import WorkbenchError
from workbench.evaluation.table import Report
from workbench.options import add_seed, nonempty, whole
from workbench.systems.registry import from_pretrained


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = parser_of("drumbench", __doc__)
    options.prog = "python -m workbench.benchmarks.drumbench"
    add = options.add_argument
    add("system", nargs="?", type=nonempty, help="name or folder of a checkpoint, or of MIDI files")
    add("--split", choices=SPLITS, help="default: both; choose on validation, report test")
    add("--takes", type=whole(1), default=TAKES, help="loops per prompt")
    add_seed(options)
    add("--list", action="store_true", help="print id and prompt of each, and stop")
    return options


def system_of(name: str, *, takes: int = TAKES, seed: int = 0) -> System:
    """A checkpoint by name or folder, or a folder of MIDI files."""
    folder = Path(name)
    if folder.is_dir() and not (folder / "config.json").is_file():
        return Folder(folder)
    return Loaded(from_pretrained(name), takes, seed)


def measure(args: argparse.Namespace) -> None:
    """Print the prompts, or score the system."""
    if args.list:
        for id, text in [(p.id, p.text) for p in prompts(args.split)] + [
            (id, text) for text, id in table()[1].items()
        ]:
            print(f"{id}\t{text}")
        return
    if args.system is None:
        raise WorkbenchError("system: name a checkpoint or a folder of MIDI files")
    report = Report(benchmark="drumbench", system=args.system, takes=args.takes, seed=args.seed)
    system = system_of(args.system, takes=args.takes, seed=args.seed)
    write(report, Path(args.system).name, score(system, args.split, args.seed))
    if args.out:
        report.write(args.out)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    return run_command(parser(), measure, argv)


if __name__ == "__main__":
    sys.exit(main())
