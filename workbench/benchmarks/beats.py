"""How well beats are detected, and how exactly BAM aligns two pieces.

    workbench evaluate beats --dataset groove+pop909+builtin-songs --out beats.json

Only rendered music is measured, because its beats are known. F-measure: within 70 ms (mir_eval).
Both trackers are measured if BeatNet's weights are here (data_scripts/beatnet.py).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import mir_eval
import numpy as np

from workbench.benchmarks.command import parser_of, run_command
from workbench.datasets.audio import AudioCollection
from workbench.datasets.sounds import collect
from workbench.errors import MissingDataError, WorkbenchError
from workbench.evaluation.intervals import mean_interval
from workbench.evaluation.table import Report
from workbench.options import seed, whole
from workbench.representations.beat_tracking import Tracker, dynamic_programming
from workbench.representations.beatnet import BeatNetTracker
from workbench.representations.mixup import Beats, align, group_by_tempo, octave_near
from workbench.systems.registry import datasets


@dataclass
class Excerpt:
    """Sound that begins anywhere in a bar; its true beats, those of each tracker by its name; the
    name of its set."""

    sound: np.ndarray
    truth: Beats
    tracked: dict[str, Beats]
    name: str


def trackers() -> dict[str, Tracker]:
    """The trackers that can be measured on this machine."""
    known: dict[str, Tracker] = {"librosa": dynamic_programming}
    try:
        known["BeatNet"] = BeatNetTracker()
    except MissingDataError as error:
        print(f"only librosa is measured: {error}")
    return known


def excerpts(audio: AudioCollection, rows: Sequence[int], seed: int) -> list[Excerpt]:
    """Pieces without up to two seconds of their beginning. Rendered pieces begin at a bar line,
    which a tracker could guess."""
    random, made, known = np.random.default_rng(seed), [], trackers()
    for i in rows:
        start = float(random.uniform(0, 2))
        sound = audio[i][:, round(start * audio.rate) :]
        truth = Beats.read(audio.items[i].labels).moved(start, 1.0)
        name = str(audio.items[i].labels.get("set", ""))
        tracked = {which: find(sound, audio.rate) for which, find in known.items()}
        made.append(Excerpt(sound, truth, tracked, name))
    return made


def tracking(pieces: Sequence[Excerpt], report: Report) -> None:
    """F-measure of each tracker's beats and downbeats by data set."""
    table = []
    for name in [*sorted({piece.name for piece in pieces}), "all"]:
        own = [piece for piece in pieces if name in ("all", piece.name)]
        for which in own[0].tracked:
            found = [(p.truth, p.tracked[which]) for p in own]
            beats = np.array([_f(truth.times, b.times) for truth, b in found])
            downs = np.array([_f(truth.downbeats, b.downbeats) for truth, b in found])
            octaves = np.mean([_octave_right(truth.tempo, b.tempo) for truth, b in found])
            sure = [mean_interval(v) for v in (beats, downs)]
            label = f"{name}, {which}"
            table.append([label, len(own), beats.mean(), sure[0], downs.mean(), sure[1], octaves])
    report.table(
        "tracking",
        f"Beat tracking of {len(pieces)} rendered excerpts",
        ["", "excerpts", "beats, F", "95 %", "downbeats, F", "95 %", "correct tempo"],
        table,
        [
            "librosa: dynamic programming, four beats per bar, downbeats where the lows are "
            "loudest. BeatNet: its network, and a bar pointer of three or four beats per bar. F: "
            "within 70 ms. Correct tempo: within 4 %, an octave apart or not."
        ],
    )


def _f(truth: np.ndarray, found: np.ndarray) -> float:
    return float(mir_eval.beat.f_measure(truth, found)) if len(truth) and len(found) else 0.0


def _octave_right(truth: float, found: float) -> bool:
    return bool(np.isfinite(found) and abs(octave_near(found, truth) / truth - 1) < 0.04)


def alignment(pieces: Sequence[Excerpt], rate: int, report: Report, seed: int) -> None:
    """Milliseconds between the beats of two aligned pieces: by known and by tracked beats."""
    random = np.random.default_rng(seed)
    pairs: list[tuple[Excerpt, Excerpt]] = []
    for group in group_by_tempo([piece.truth.tempo for piece in pieces]):
        order = [pieces[i] for i in random.permutation(group)]
        pairs += list(zip(order[::2], order[1::2], strict=False))
    table = []
    for name in ("known beats", *(pieces[0].tracked if pieces else ())):

        def beats_of(piece: Excerpt, name: str = name) -> Beats:
            return piece.tracked.get(name, piece.truth)

        apart = [_apart(a, beats_of(a), b, beats_of(b), rate) for a, b in pairs]
        values = np.array([v for v in apart if v is not None] or [np.nan])
        table.append(
            [
                name,
                len(pairs),
                apart.count(None),
                float(np.median(values)),
                float(np.quantile(values, 0.9)),
                float(np.mean(values < 50)),
            ]
        )
    report.table(
        "alignment",
        "BAM: distance of the two pieces' true beats after alignment",
        ["aligned by", "pairs", "without beats", "median, ms", "90 %, ms", "below 50 ms"],
        table,
        [
            "Pairs of one tempo group. Each true beat of one piece to the nearest of the other; "
            "the median over beats is a pair's value, so a wrong phase counts fully. A "
            "whole piece has one tempo: where players hurry or slow down, beats drift apart."
        ],
    )


def _apart(a: Excerpt, beats_a: Beats, b: Excerpt, beats_b: Beats, rate: int) -> float | None:
    """Median ms between the true beats of two pieces, aligned by the given beats."""
    try:
        align(a.sound, beats_a, b.sound, beats_b, rate)
    except WorkbenchError:
        return None
    own = octave_near(beats_b.tempo, beats_a.tempo)
    tempo = np.sqrt(beats_a.tempo * own)
    moved = [
        piece.truth.moved(float(beats.downbeats[0]), tempo / speed).times
        for piece, beats, speed in ((a, beats_a, beats_a.tempo), (b, beats_b, own))
    ]
    if not all(len(times) for times in moved):
        return None
    few, many = sorted(moved, key=len)
    few = few[few <= many[-1]]
    return float(1000 * np.median(np.abs(few[:, None] - many[None]).min(1))) if len(few) else None


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = parser_of("beats", __doc__)
    options.add_argument("--dataset", type=datasets, default="builtin-songs")
    options.add_argument("--n", type=whole(1), default=200, help="excerpts (default 200)")
    options.add_argument("--seed", type=seed, default=0)
    options.add_argument("--quick", action="store_true", help="few excerpts")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Print both tables, write the JSON."""
    return run_command(parser(), measure, argv)


def measure(args: argparse.Namespace) -> None:
    """The requested tables."""
    audio = collect(args.dataset, 16_000, limit=20 if args.quick else None)
    rows = [i for i in range(len(audio)) if len(Beats.read(audio.items[i].labels).times) > 3]
    chosen = np.random.default_rng(args.seed).permutation(rows)[: 12 if args.quick else args.n]
    report = Report(benchmark="beats", dataset=args.dataset, n=len(chosen), seed=args.seed)
    pieces = excerpts(audio, [int(i) for i in chosen], args.seed)
    sections: dict[str, Callable[[Report], None]] = {
        "tracking": partial(tracking, pieces),
        "alignment": partial(alignment, pieces, audio.rate, seed=args.seed),
    }
    report.run(sections, report, out=args.out)


if __name__ == "__main__":
    sys.exit(main())
