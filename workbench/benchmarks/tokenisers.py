"""Tokenisers on the same songs: length of the sequences, and the loss of a round trip.

    workbench evaluate tokenisers --dataset pop909 --limit 20 --out tokenisers.json

REMI, REMI with byte-pair encoding, MidiTok's TSD, MIDI-Like, Structured and Octuple (12 positions
per beat and 16 velocities, as in REMI), the p/v/d words of piano music with and without rhythm,
MMM.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from workbench.benchmarks.command import parser_of, run_command
from workbench.datasets import load
from workbench.errors import MissingDataError
from workbench.evaluation.table import Report
from workbench.music.clip import Clip
from workbench.options import whole
from workbench.representations.losses import losses, total
from workbench.representations.tokenisers import BPE, Tokeniser, tokenisers
from workbench.systems.registry import datasets

COLUMNS = (
    "",
    "tokens per note",
    "tokens per bar",
    "vocabulary",
    "notes lost %",
    "onset error ms",
    "duration error beats",
    "velocity error",
    "tracks lost",
    "tempo changes lost",
)
NOTES = (
    "Errors are means over the notes that come back; notes are matched by pitch and onset.",
    "Onset errors are in the song's own time. Durations of drums are left out.",
    "Octuple: a token is one of 7 parts, so each step has 7; its vocabulary is their sum.",
    "It writes a metre only with a note: an empty bar of another metre moves all that follows.",
    "Structured writes a rest as one duration, so the rounding errors of long rests add up.",
    "p/v/d is one piano without drums and without a metre: its bars are read back as 4/4. Without",
    "rhythm it has no onsets: notes are read back one after the other.",
)


def measure(kinds: Sequence[Tokeniser], clips: Sequence[Clip], report: Report) -> None:
    """One row per tokeniser, into the report's table "tokenisers"."""
    notes, bars = sum(len(clip.notes) for clip in clips), sum(clip.bars for clip in clips)
    rows = []
    for kind in kinds:
        trips = [kind.round_trip(clip) for clip in clips]
        tokens = sum(count for count, _ in trips)
        lost = total(losses(clip, back) for clip, (_, back) in zip(clips, trips, strict=True))
        share, onset, duration, velocity = lost.means()
        rows.append(
            [
                kind.name,
                tokens / notes,
                tokens / bars,
                kind.size,
                100 * share,
                onset,
                duration,
                velocity,
                lost.tracks,
                lost.tempos,
            ]
        )
    title = f"Tokenisers: {len(clips)} songs, {notes:,} notes, {bars:,} bars"
    report.table("tokenisers", title, COLUMNS, rows, NOTES)


def songs_of(name: str, split: str, limit: int | None) -> list[Clip]:
    """Songs with notes, of a data set or of a folder of MIDI files."""
    clips = [clip for clip in load(name, split, limit=limit, songs=True) if len(clip.notes)]
    if not clips:
        raise MissingDataError(f"{name}: no songs in its split {split!r}; give a larger set")
    return clips


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = parser_of("tokenisers", __doc__)
    add = options.add_argument
    add("--dataset", type=datasets, default="pop909", help="a name, or a folder of MIDI files")
    add("--limit", type=whole(1), default=20, help="songs kept out of training (default 20)")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the JSON."""
    return run_command(parser(), measure_songs, argv)


def measure_songs(args: argparse.Namespace) -> None:
    """The requested tables."""
    report = Report(benchmark="tokenisers", dataset=args.dataset, limit=args.limit, bpe=BPE)
    clips = songs_of(args.dataset, "test", args.limit)
    training = songs_of(args.dataset, "train", 2 * args.limit)
    kinds = tokenisers(training, max(clip.bars for clip in clips))
    report.run({"tokenisers": partial(measure, kinds, clips)}, report, out=args.out)


if __name__ == "__main__":
    sys.exit(main())
