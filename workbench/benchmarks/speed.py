"""Speed: prompt to sound, few steps against many, MIDI to drum roll, import, training.

    workbench evaluate speed --checkpoint drums-groove-bert --out speed.json
    workbench evaluate speed --only training

Times are medians of several runs on this machine; ratios come from one run. Prompt to sound is also
measured beside matrix products, MIDI reading in processor time, both in alternation.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from workbench.benchmarks.command import run_command, sections_parser
from workbench.benchmarks.throughput import training
from workbench.datasets import load
from workbench.evaluation.table import Report
from workbench.evaluation.timing import in_turn, timed
from workbench.music.kit import READ_MAP
from workbench.options import nonempty, whole
from workbench.representations.drum_roll import DrumRoll
from workbench.systems.drum_ldm import DrumLDM
from workbench.systems.registry import datasets

if TYPE_CHECKING:
    from workbench.datasets.dataset import Dataset

PROMPT = "slow funk with ghost notes, 92 bpm"
LONGEST = 0.3  # seconds from a prompt to four rendered clips, on two cores
PRODUCT, PRODUCTS = 1000, 8  # size of the matrices; products in a row


def prompt_to_sound(system: DrumLDM, report: Report, runs: int) -> None:
    """Four clips of eight bars, from the text to samples; in seconds, and beside matrix products
    that are run in turn with it, so that other programs slow down both."""
    clips = system.generate(PROMPT, n=4, bars=8)
    factor = torch.randn(PRODUCT, PRODUCT, generator=torch.Generator().manual_seed(0))

    def products() -> None:
        for _ in range(PRODUCTS):
            factor @ factor

    def everything() -> None:
        for clip in system.generate(PROMPT, n=4, bars=8):
            clip.waveform()

    parts: dict[str, Callable[[], object]] = {
        "reading the prompt": lambda: system.embed_text([PROMPT]),
        "generating 4 × 8 bars": lambda: system.generate(PROMPT, n=4),
        "rendering": lambda: [clip.waveform() for clip in clips],
        "prompt to four rendered clips": everything,
    }
    rows = []
    for name, part in parts.items():
        seconds, product = in_turn(part, products, runs)
        processor, own = in_turn(part, products, runs, time.process_time)
        target = LONGEST if part is everything else None
        ratios = (PRODUCTS * seconds / product, PRODUCTS * processor / own)
        rows.append((name, seconds, target, processor, *ratios))
    threads = torch.get_num_threads()
    report.table(
        "prompt",
        "Prompt to sound, warm",
        ["", "seconds", "target ≤", "processor seconds", "÷ product", "÷ product, processor"],
        rows,
        [
            f"÷ product: divided by the time of a product of two {PRODUCT} × {PRODUCT} matrices in "
            "single precision, run in turn with it. The seconds of a machine with other work on it "
            f"say little, the ratios more. PyTorch had {threads} thread{'s' * (threads > 1)}."
        ],
    )


def samplers(system: DrumLDM, report: Report, runs: int) -> None:
    """The few-step sampler against the ancestral one."""

    def draw(sampler: str, steps: int) -> None:
        system.generate(PROMPT, n=4, bars=8, sampler=sampler, steps=steps)

    few = timed(lambda: draw("dpm++", 20), runs, warm=True)
    many = timed(lambda: draw("ddpm", 999))
    rows = [("dpm++, 20 steps", few, None, None), ("ddpm, 999 steps", many, many / few, 20.0)]
    columns = ["", "seconds", "× slower", "target ≥"]
    report.table("samplers", "Generating four loops of eight bars", columns, rows)


def midi_to_roll(report: Report, clips: Dataset, runs: int) -> None:
    """MIDI file to drum roll: the workbench's reader against pretty_midi on the same grid."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i, clip in enumerate(clips):
            paths.append(Path(folder) / f"{i}.mid")
            clip.write_midi(paths[-1])
        ours, theirs = in_turn(
            lambda: [DrumRoll.read(p) for p in paths],
            lambda: [_by_pretty_midi(p) for p in paths],
            runs,
            time.process_time,
        )
    rows = [
        ("workbench", 1000 * ours / len(paths), None, None),
        ("pretty_midi", 1000 * theirs / len(paths), theirs / ours, 50.0),
    ]
    title = f"MIDI file to drum roll, {len(paths)} performances of {clips.name}"
    report.table("midi", title, ["", "ms per file", "× slower", "target ≥"], rows)


def _by_pretty_midi(path: Path) -> np.ndarray:
    """The same roll with pretty_midi: its note objects, placed on the grid one by one."""
    import pretty_midi

    midi = pretty_midi.PrettyMIDI(str(path))
    tempo = midi.get_tempo_changes()[1]
    beat = 60 / (tempo[0] if len(tempo) else 120)
    roll = np.zeros((16 + 4 * int(np.ceil(midi.get_end_time() / beat)), 27), np.float32)
    for instrument in midi.instruments:
        if not instrument.is_drum:
            continue
        for note in instrument.notes:
            drum = READ_MAP.get(note.pitch)
            position = 4 * note.start / beat
            cell = int(np.floor(position + 0.5))
            if drum is not None and roll[cell, 9 + drum] <= note.velocity / 127:
                roll[cell, [drum, 9 + drum, 18 + drum]] = 1, note.velocity / 127, position - cell
    return roll


def import_time(report: Report, runs: int) -> None:
    """`import workbench` in a new interpreter, minus the interpreter's own start."""

    def start(code: str) -> float:
        command = [sys.executable, "-c", code]
        return timed(lambda: subprocess.run(command, check=True), runs, warm=True)

    seconds = max(0.0, start("import workbench") - start("pass"))
    report.table("import", "import workbench", ["", "seconds", "target ≤"], [("", seconds, 0.3)])


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = sections_parser("speed", __doc__, SECTIONS, quick="trainings of profile smoke")
    options.add_argument("--checkpoint", type=nonempty, default="drums-groove-bert")
    options.add_argument("--dataset", type=datasets, default="groove")
    options.add_argument("--files", type=whole(1), default=100, help="MIDI files to read")
    options.add_argument("--runs", type=whole(1), default=5)
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables, write the JSON."""
    return run_command(parser(), measure, argv)


def measure(args: argparse.Namespace) -> None:
    """All tables."""
    import torch

    about = {"checkpoint": args.checkpoint, "runs": args.runs, "threads": torch.get_num_threads()}
    bench = Bench(args, Report(benchmark="speed", **about))
    bench.report.run(SECTIONS, bench, args.only, args.out)


@dataclass(frozen=True)
class Bench:
    """What the sections share; a section loads what it needs before it measures."""

    args: argparse.Namespace
    report: Report

    @cached_property
    def clips(self) -> Dataset:
        """The MIDI files to read."""
        return load(self.args.dataset, limit=self.args.files)

    @cached_property
    def system(self) -> DrumLDM:
        """The system whose speed is measured."""
        return DrumLDM.from_pretrained(self.args.checkpoint)

    @property
    def runs(self) -> int:
        """Number of runs of each measurement."""
        return self.args.runs


SECTIONS: dict[str, Callable[[Bench], None]] = {
    "prompt": lambda bench: prompt_to_sound(bench.system, bench.report, bench.runs),
    "samplers": lambda bench: samplers(bench.system, bench.report, bench.runs),
    "midi": lambda bench: midi_to_roll(bench.report, bench.clips, bench.runs),
    "import": lambda bench: import_time(bench.report, bench.runs),
    "training": lambda bench: training(
        bench.report, bench.runs, profile="smoke" if bench.args.quick else "laptop"
    ),
}


if __name__ == "__main__":
    sys.exit(main())
