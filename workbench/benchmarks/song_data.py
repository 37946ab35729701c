"""What the benchmarks of songs share: held-out songs as note tables, the models, the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from workbench.errors import MissingDataError
from workbench.evaluation.table import Report
from workbench.models.markov import MarkovChain
from workbench.music.clip import Clip
from workbench.representations.holes import song_ids, transpose
from workbench.representations.remi import RemiSong, table_of
from workbench.representations.tokens import EOS, PAD, Vocabulary
from workbench.systems.midigpt import MidiGPT
from workbench.systems.midigpt.sequences import held_out, split
from workbench.systems.midigpt.training import songs_of

ORDERS = (1, 2, 3, 4)
SHIFTS = range(-5, 7)  # the transpositions of MidiGPT's training


@dataclass
class SongBench:
    """One run of MidiGPT's benchmarks.

    Args:
        system: The system.
        dataset: Names or folders.
        report: Receives the tables.
        songs: Number of held-out songs.
        cases: Number of holes.
        fillings: Number of fillings of many songs.
        seed: Of all samples.
        quick: Whether to make everything smaller.
    """

    system: MidiGPT
    dataset: str
    report: Report
    songs: int = 60
    cases: int = 60
    fillings: int = 500
    seed: int = 0
    quick: bool = False

    @property
    def vocabulary(self) -> Vocabulary:
        return self.system.vocabulary

    @cached_property
    def train(self) -> list[RemiSong]:
        return [table for _, table in self._songs("train", 40 if self.quick else None)]

    @cached_property
    def held(self) -> list[tuple[Clip, RemiSong]]:
        """Held-out songs, and their note tables."""
        return self._songs("test", 8 if self.quick else self.songs)

    @property
    def test(self) -> list[RemiSong]:
        return [table for _, table in self.held]

    def _songs(self, split: str, limit: int | None) -> list[tuple[Clip, RemiSong]]:
        clips = songs_of(self.dataset, split, limit)
        songs = [(clip, table) for clip in clips if len((table := table_of(clip)).notes)]
        if not songs:
            raise MissingDataError(f"{self.dataset}: no songs in its split {split!r}")
        return songs

    @cached_property
    def rows(self) -> torch.Tensor:
        """The test songs concatenated and divided into rows: (rows, context), with the hints of a
        system that reads them (rows, context, 4)."""
        context, hints = self.system.config.gpt.context, self.system.hints
        return held_out(self.test, self.vocabulary, context, hints)

    @cached_property
    def notes(self) -> int:
        """Notes in the test songs."""
        return sum(len(song.notes) for song in self.test)

    @property
    def shifts(self) -> Sequence[int]:
        """Transpositions of the songs that the Markov chains are trained on."""
        return (0,) if self.quick else SHIFTS

    @cached_property
    def chains(self) -> dict[int, MarkovChain]:
        """Markov chains of the training songs in their transpositions, by order."""
        lines = [
            song_ids(transpose(song, shift, self.vocabulary), self.vocabulary, ends=True)
            for song in self.train
            for shift in self.shifts
        ]
        return {k: MarkovChain(k, self.vocabulary.size).fit(lines) for k in ORDERS}

    @cached_property
    def best(self) -> MarkovChain:
        """The chain of the order with the lowest held-out nats per token."""
        return min(self.chains.values(), key=lambda chain: self.per_token(chain).mean())

    def per_token(self, chain: MarkovChain) -> np.ndarray:
        """−ln p of every token of the test rows except the first of each."""
        return np.concatenate([chain.nll(row)[1:] for row in unpadded(self.rows)])


def unpadded(rows: torch.Tensor) -> list[np.ndarray]:
    """Rows without their padding and hints, as arrays of ids."""
    return [row[row != PAD].numpy() for row in split(rows)[0]]


def until_end(ids: Sequence[int] | np.ndarray, end: int = EOS) -> np.ndarray:
    """Ids up to the first `end`, without it."""
    ids = np.asarray(ids)
    stop = np.flatnonzero(ids == end)
    return ids[: stop[0]] if len(stop) else ids
