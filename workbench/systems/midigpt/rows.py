"""Training sequences that are transposed as they are used.

Where the pieces of a vocabulary hold no pitches of tuned instruments (`Vocabulary.train(apart=
True)`), a transposed sequence is the same one with other pitches. So a few sequences serve in all
twelve keys. Of the controls, chords move by their root, and registers by their mean pitch, which
the sequences hold instead of its class.

    rows = sequences_of(songs, vocabulary, …, controls=Means(vocabulary), shift=False)
    stored = Rows.of(rows)              # compact, and small when it is compressed
    Transposition.of(vocabulary)(stored.table()[:8], torch.randint(-5, 7, (8,)))
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from workbench.representations.controls import CHORDS, FREE, KINDS, LIMITS, Controls
from workbench.representations.hints import ECHO
from workbench.representations.tokens import Vocabulary

REGISTER = KINDS.index("register")
PITCHES = 128  # ids of mean pitches, after all others


class Means(Controls):
    """Controls whose registers are mean pitches, rounded down, with ids of their own after all
    others; for sequences that a `Transposition` reads."""

    def classes(self, notes: np.ndarray) -> np.ndarray:
        found = super().classes(notes)
        if found[REGISTER] != FREE:
            mean = int(self.values(notes)["register"] + 1e-9)
            found[REGISTER] = mean + int(self.starts[-1]) + len(CHORDS) - int(self.starts[REGISTER])
        return found


@dataclass(frozen=True)
class Transposition:
    """Transposes sequences.

    Args:
        low: Id of the lowest pitch; those of the others follow.
        high: Id of the highest pitch.
        register: First id of the classes of registers.
        chords: First id of the chords; after them come the mean pitches of `Means`.
    """

    low: int
    high: int
    register: int
    chords: int

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> Transposition:
        """Return that of a vocabulary, which must have its pitches apart."""
        pitches = np.flatnonzero(vocabulary.kinds == "Pitch")
        starts = Controls(vocabulary).starts
        return cls(int(pitches[0]), int(pitches[-1]), int(starts[REGISTER]), int(starts[-1]))

    def __call__(self, rows: Tensor, by: Tensor) -> Tensor:
        """Transpose rows (n, time, 4) of ids and hints, or of ids (n, time), by semitones (n,), −12
        to 12. Pitches outside of the range are moved back by an octave."""
        if rows.ndim == 2:
            return self._moved(rows, by[:, None])
        ids, *hints = rows.unbind(-1)
        hints[ECHO] = self._moved(hints[ECHO], by[:, None])
        return torch.stack([self._moved(ids, by[:, None]), *hints], -1)

    def _moved(self, ids: Tensor, by: Tensor) -> Tensor:
        pitch = ids + by
        pitch = pitch - 12 * (pitch > self.high) + 12 * (pitch < self.low)
        moved = torch.where((ids >= self.low) & (ids <= self.high), pitch, ids)
        chord = ids - self.chords
        turned = self.chords + chord // 12 * 12 + (chord % 12 + by) % 12
        moved = torch.where((chord >= 0) & (chord < len(CHORDS)), turned, moved)
        limits = torch.tensor(LIMITS["register"], device=ids.device)
        mean = chord - len(CHORDS) + by
        register = self.register + torch.bucketize(mean, limits, right=True)
        return torch.where(chord >= len(CHORDS), register, moved)


@dataclass(frozen=True)
class Rows:
    """Sequences of ids and hints (n, time, 4) as columns (n, time) that repeat wherever the music
    does, so that they compress well: echoes are 0 where they are the next id, and times are the
    steps from one token to the next."""

    ids: Tensor
    echo: Tensor
    reach: Tensor
    step: Tensor

    @classmethod
    def of(cls, table: Tensor) -> Rows:
        """Return the columns of a table (n, time, 4)."""
        ids, echo, reach, time = table.unbind(-1)
        stored = torch.where(echo == _next(ids), torch.zeros_like(echo), echo)
        return cls(ids.clone(), stored, reach.to(torch.uint8), _steps(time))

    def table(self) -> Tensor:
        """Return the table of ids and hints, (n, time, 4) int16."""
        hit = (self.reach > 0) & (self.echo == 0)
        echo = torch.where(hit, _next(self.ids), self.echo)
        time = self.step.long().cumsum(1).short()
        return torch.stack([self.ids, echo, self.reach.short(), time], -1)


def _next(ids: Tensor) -> Tensor:
    return torch.cat([ids[:, 1:], torch.zeros_like(ids[:, :1])], 1)


def _steps(time: Tensor) -> Tensor:
    return torch.cat([time[:, :1], time.diff(dim=1)], 1)
