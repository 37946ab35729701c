"""The training data of LDMG and MusicLDM: a collection of sound, its splits, random crops."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from workbench.datasets.audio import AudioCollection
from workbench.datasets.sounds import collect, credits_of
from workbench.errors import MissingDataError, PromptError
from workbench.representations.beat_tracking import known_beats
from workbench.representations.text import TextTable

RESCALE = (
    1.0  # of guidance (see `guided`): with 0.7, strong guidance still clips a third of a piano
)


@dataclass
class Data:
    """A collection with its splits. rows: its pieces for training; validation: those for
    validation; texts: their captions, as a frozen BERT reads them."""

    audio: AudioCollection
    rows: list[int]
    validation: list[int]
    texts: TextTable | None = None

    @classmethod
    def of(cls, dataset: AudioCollection | str, rate: int, limit: int | None = None) -> Self:
        """Prepare a collection, or a data set by name, for training at a sample rate in Hz. limit:
        training clips per data set. Raises PromptError for another rate and MissingDataError if a
        split is missing."""
        audio = collect(dataset, rate, limit=limit) if isinstance(dataset, str) else dataset
        if audio.rate != rate:
            raise PromptError(
                f"dataset: must have a rate of {rate} Hz for this profile, got {audio.rate}; "
                "prepare it again"
            )
        data = cls(audio, audio.split("train"), audio.split("validation") or audio.split("test"))
        if not data.rows or not data.validation:
            raise MissingDataError(f"{audio.folder}: needs a train and a validation or test split")
        return data

    def with_texts(self, *, pieces: bool = False) -> Self:
        """Return the data with its captions read by the packaged BERT. pieces: each word piece."""
        captions = (self.audio.items[i].caption for i in (*self.rows, *self.validation))
        return replace(self, texts=TextTable.of(captions, pieces=pieces))

    def sounds(self, n: int, length: int, seed: int, validation: bool = False) -> Tensor:
        """Return random mono crops of a split: (n, length) at the collection's rate."""
        rows = self.validation if validation else self.rows
        return torch.from_numpy(self.audio.crops(n, length, seed=seed, rows=rows)[0].mean(1))

    def with_known_beats(self) -> int:
        """Return the number of training pieces whose beats are known exactly."""
        items = (self.audio.items[i] for i in self.rows)
        return sum(len(known_beats(item.labels).times) > 0 for item in items)

    def record(self, dataset: AudioCollection | str) -> dict[str, Any]:
        """Return the entries of a training record. dataset: the argument of `of`."""
        audio = self.audio
        return {
            "dataset": dataset if isinstance(dataset, str) else audio.folder.name,
            "pieces": len(self.rows),
            "minutes_of_sound": int(audio.lengths[self.rows].sum()) / audio.rate / 60,
            "credits": credits_of([audio.items[i] for i in self.rows]),
        }
