"""What the benchmarks of systems that generate sound share: windows of real music, and a tagger."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.benchmarks.command import add_checkpoint, sections_parser
from workbench.datasets.audio import AudioCollection, genre_of
from workbench.datasets.sounds import collect
from workbench.evaluation.table import Report
from workbench.evaluation.tagger import Tagger, cache_folder, tagger_of
from workbench.options import path, whole
from workbench.representations.beat_tracking import known_beats
from workbench.representations.mixup import Beats
from workbench.systems.registry import datasets
from workbench.systems.storage import trained_on

if TYPE_CHECKING:
    from workbench.systems.ldmg import LDMG
    from workbench.systems.musicldm import MusicLDM

CHUNK = 16  # clips generated at once


@dataclass
class AudioBench:
    """One run of a benchmark.

    Args:
        system: The system to measure.
        audio: The data.
        report: Receives the tables.
        n: Clips in each compared set.
        steps: Sampling steps.
        seed: Seed of all samples.
        quick: Whether to make everything smaller.
        folder: Folder of the networks that are trained for a comparison.
        training_steps: Training steps of each of these networks; None for the section's own number.
    """

    system: LDMG | MusicLDM
    audio: AudioCollection
    report: Report
    n: int = 200
    steps: int = 25
    seed: int = 0
    quick: bool = False
    folder: Path = Path("runs/ablation")
    training_steps: int | None = None

    @property
    def length(self) -> int:
        """Number of samples of a window, as in the system's training."""
        return round(self.system.config.seconds * self.audio.rate)

    def pieces(self, split: str) -> list[int]:
        """The pieces of a split from which windows are taken."""
        return self.audio.split(split)

    def windows(self, split: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """`n` windows of a split, mono (n, samples), and the piece of each (n,).

        Genres have the same shares as in the training split, because otherwise a distance between
        splits would also measure their different mixtures of genres. Within a genre, pieces have
        equal weight.
        """
        pieces, starts = self._places(split, seed)
        return self.audio.cut(pieces, starts, self.length).mean(1), pieces

    def _places(self, split: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """The piece and the first sample of each of the `windows`, (n,) both."""
        random = np.random.default_rng([self.seed, seed])
        share: dict[str, float] = {}
        for i in self.pieces("train"):
            name = genre_of(self.audio.items[i].labels)
            share[name] = share.get(name, 0.0) + self.audio.lengths[i]
        pieces: dict[str, list[int]] = {}
        for i in random.permutation(self.pieces(split)):
            name = genre_of(self.audio.items[int(i)].labels)
            if name in share:
                pieces.setdefault(name, []).append(int(i))
        names = sorted(pieces)
        odds = np.array([share[name] for name in names])
        chosen = random.choice(len(names), self.n, p=odds / odds.sum())
        rows, starts = [], []
        for number in chosen:
            queue = pieces[names[number]]
            rows.append(queue[0])
            queue.append(queue.pop(0))
        for row in rows:
            number = int(random.integers(1 << 30))
            starts.append(self.audio.crop_positions(1, self.length, seed=number, rows=[row])[1][0])
        return np.array(rows), np.array(starts)

    @cached_property
    def real(self) -> tuple[np.ndarray, np.ndarray]:
        """Windows of held-out pieces."""
        return self.windows("test")

    @cached_property
    def real_beats(self) -> list[Beats]:
        """The exact beats of the windows of held-out pieces, from their start; none where they are
        not known."""
        pieces, starts = self._places("test", 0)
        return [
            known_beats(self.audio.items[int(i)].labels).shifted(start / self.audio.rate, 1.0)
            for i, start in zip(pieces, starts, strict=True)
        ]

    def rebuilt(self, sounds: np.ndarray) -> np.ndarray:
        """Sounds (n, samples) through the system's encoder and decoder."""
        raise NotImplementedError

    @cached_property
    def reconstructions(self) -> np.ndarray:
        """The held-out windows through encoder and decoder."""
        return self.rebuilt(self.real[0])

    @cached_property
    def tagger(self) -> Tagger:
        """The tagger, trained once on the training split and cached."""
        return tagger_of(self.audio, self.length, steps=20 if self.quick else 600)

    def cache_folder(self, judge: str) -> str:
        """Cache folder of a network that judges windows of this data."""
        return cache_folder(judge, self.audio, self.length)

    def predict(self, sounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The tagger's embeddings (n, width) and genre probabilities (n, genres)."""
        return self.tagger.predict(sounds.astype(np.float32))

    @cached_property
    def real_predictions(self) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings and genre probabilities of `real`."""
        return self.predict(self.real[0])


def sets_of(bench: AudioBench) -> np.ndarray:
    """The name of the data set of each of the held-out windows, (n,)."""
    labels = [bench.audio.items[int(i)].labels for i in bench.real[1]]
    return np.array([str(own.get("set") or "recordings") for own in labels])


Sections = Mapping[str, Callable[[Any], None]]  # each takes the run


def options_of(
    name: str, doc: str | None, sections: Sections, checkpoint: str, n: int
) -> argparse.ArgumentParser:
    """The options of `workbench evaluate NAME`. checkpoint, n: their defaults."""
    options = sections_parser(name, doc, sections, quick="fewer clips and training steps")
    add_checkpoint(options, checkpoint)
    add = options.add_argument
    add("--dataset", type=datasets, help="default: the training data set of the checkpoint")
    add("--n", type=whole(1), default=n, help=f"clips in each compared set (default {n})")
    add("--steps", type=whole(1), default=25, help="sampling steps (default 25)")
    add(
        "--folder",
        type=path,
        default=Path(f"runs/{name}-ablation"),
        help="networks that are trained for a comparison; a stopped training continues from it",
    )
    add(
        "--training-steps",
        type=whole(1),
        help="steps of each of these networks (default: the section's number)",
    )
    return options


def measure(
    args: argparse.Namespace,
    name: str,
    system: type[LDMG | MusicLDM],
    bench: type[AudioBench],
    sections: Sections,
    *,
    pieces: int,
    steps: int,
) -> None:
    """Run the requested sections. pieces, steps: training clips per set and sampling steps with
    --quick."""
    loaded = system.from_pretrained(args.checkpoint)
    dataset = args.dataset or trained_on(args.checkpoint)
    run = bench(
        loaded,
        collect(dataset, loaded.config.rate, limit=pieces if args.quick else None),
        Report(benchmark=name, **vars(args)),
        n=min(args.n, 12) if args.quick else args.n,
        steps=min(args.steps, steps) if args.quick else args.steps,
        seed=args.seed,
        quick=args.quick,
        folder=args.folder,
        training_steps=args.training_steps,
    )
    run.report.run(sections, run, args.only, args.out)
