"""Speed of tokenising songs: the workbench and MidiTok in one run, and the time for all of Lakh.

workbench evaluate tokens path/to/midi --limit 100
workbench evaluate tokens path/to/midi --prepare prepared --workers 8
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from workbench.benchmarks.command import parser_of, run_command
from workbench.datasets.dataset import evenly_spaced
from workbench.datasets.folder import files_under
from workbench.errors import BrokenFileError, MissingDataError
from workbench.evaluation.table import Report
from workbench.files import MIDI_SUFFIXES
from workbench.music.midi import read_score
from workbench.options import path, whole
from workbench.representations import remi
from workbench.representations.collection import prepare
from workbench.representations.tokens import Vocabulary

LAKH = 176_581  # files of lmd_full


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = parser_of("tokens", __doc__)
    add = options.add_argument
    add("folder", type=path, help="a folder of MIDI files")
    add("--limit", type=whole(1), default=100, help="files to measure (default 100)")
    add("--prepare", type=path, metavar="OUT", help="keep the prepared collection in this folder")
    add("--workers", type=whole(1), default=os.cpu_count() or 1)
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write."""
    return run_command(parser(), measure, argv)


def measure(args: argparse.Namespace) -> None:
    """The requested tables."""
    files = evenly_spaced(files_under(args.folder, MIDI_SUFFIXES), args.limit)
    if not files:
        raise MissingDataError(f"{args.folder}: holds no MIDI files (.mid, .midi)")
    report = Report(benchmark="tokens", files=len(files))
    with tempfile.TemporaryDirectory() as spare:
        sections: dict[str, Callable[[Report], None]] = {
            "encoders": partial(encoders, files),
            "prepare": partial(preparing, files, args.prepare or Path(spare), args.workers),
        }
        report.run(sections, report, out=args.out)


def encoders(files: Sequence[Path], report: Report) -> None:
    """Reading, MidiTok and the workbench, alternating file by file."""
    midi = Vocabulary().midi
    seconds: dict[str, list[float]] = {"reading": [], "MidiTok": [], "ours": []}
    equal = slow = notes = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of metres the tokeniser does not know
        for file in files:
            try:
                began = time.perf_counter()
                score = read_score(file)
                read = time.perf_counter()
                ours = remi.encode(score)
                coded = time.perf_counter()
                theirs = np.array(midi.encode(score, encode_ids=False).ids)
                ended = time.perf_counter()
            except BrokenFileError:
                continue
            for name, spent in (
                ("reading", read - began),
                ("ours", coded - read),
                ("MidiTok", ended - coded),
            ):
                seconds[name].append(spent)
            equal += len(ours) == len(theirs) and bool((ours == theirs).all())
            slow += remi._fast_table(score) is None
            notes += sum(len(track.notes) for track in score.tracks)
    count = len(seconds["ours"])
    if not count:
        raise MissingDataError("none of the files can be read")
    rows = []
    for name, label in (
        ("MidiTok", "MidiTok's REMI"),
        ("ours", "ours, the same ids"),
        ("reading", "reading the file alone"),
    ):
        rate = count / sum(seconds[name])
        rows.append([label, rate, sum(seconds["MidiTok"]) / sum(seconds[name]), LAKH / rate / 3600])
    report.table(
        "encoders",
        f"{count} files, {notes:,} notes, one process",
        ["", "songs per second", "times MidiTok", "hours for all of Lakh"],
        rows,
        [
            f"Ids equal to MidiTok's in {equal} of {count} files; {slow} used MidiTok's code, "
            "because they mix metres of quarters and of eighths."
        ],
        equal=equal,
        count=count,
        ratio=sum(seconds["MidiTok"]) / sum(seconds["ours"]),
    )


def preparing(files: Sequence[Path], out: Path, workers: int, report: Report) -> None:
    """The complete preparation into one memory-mapped file."""
    began = time.perf_counter()
    made = prepare(files, out, workers=workers, quiet=True)
    spent = time.perf_counter() - began
    rate = len(files) / spent
    report.table(
        "prepare",
        f"Prepared with {workers} processes: {made!r}",
        ["", "files per second", "hours for all of Lakh"],
        [["read, encode, write, join", rate, LAKH / rate / 3600]],
        ["Starting the processes takes seconds, which counts if there are few files."],
        rate=rate,
        songs=len(made),
        skipped=len(made.skipped),
        duplicates=len(made.duplicates),
    )


if __name__ == "__main__":
    sys.exit(main())
