"""REMI as a note table: songs between their tokens and their notes, all at once.

A `RemiSong` holds what the tokens say in columns, so that songs are cut, transposed and joined by
array operations and turned into tokens at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from workbench.representations.tokens import Vocabulary


@dataclass(frozen=True)
class RemiSong:
    """notes: (n, 6) int32, columns bar, position, and the token ids of program, pitch, velocity,
    duration (−1 for drums, which have none), in the order of the tokens. bars: the token id of
    each bar's time signature."""

    notes: np.ndarray
    bars: np.ndarray

    @classmethod
    def from_ids(cls, ids: np.ndarray) -> RemiSong:
        """The table of base ids. Notes that are not complete are left out."""
        about = _facts()
        ids = np.asarray(ids, dtype=np.int64)
        kind = about.kind[ids]
        bar = np.cumsum(kind == BAR) - 1
        signature = np.full(max(0, int(bar[-1]) + 1 if len(ids) else 0), -1, dtype=np.int32)
        metre = (kind == TIME_SIGNATURE) & (bar >= 0)
        signature[bar[metre]] = ids[metre]
        # a position holds until the next one or the next bar
        place = np.maximum.accumulate(
            np.where((kind == POSITION) | (kind == BAR), np.arange(len(ids)), -1)
        )
        padded = np.concatenate([ids, [0, 0, 0]])
        after = about.kind[padded]
        at = np.flatnonzero(kind == PROGRAM)
        drums = after[at + 1] == DRUM
        whole = (drums | (after[at + 1] == PITCH)) & (after[at + 2] == VELOCITY)
        whole &= drums | (after[at + 3] == DURATION)
        whole &= (bar[at] >= 0) & (place[at] >= 0) & (kind[place[at]] == POSITION)
        at, drums = at[whole], drums[whole]
        notes = np.stack([
            bar[at], about.position[ids[place[at]]], ids[at], padded[at + 1], padded[at + 2],
            np.where(drums, -1, padded[at + 3]),
        ], axis=1).astype(np.int32)  # fmt: skip
        return cls(notes, signature)


def ids_of(song: RemiSong) -> np.ndarray:
    """The song's base ids: (tokens,) int64."""
    about, n = _facts(), song.notes
    new = np.ones(len(n), dtype=bool)
    new[1:] = (n[1:, 0] != n[:-1, 0]) | (n[1:, 1] != n[:-1, 1])
    rows = np.full((len(song.bars) + len(n), 5), -1, dtype=np.int64)
    rows[: len(song.bars), 0] = about.bar
    rows[: len(song.bars), 1] = song.bars
    rows[len(song.bars) :, 0] = np.where(new, about.position_id[n[:, 1]], -1)
    rows[len(song.bars) :, 1:] = n[:, 2:6]
    order = np.argsort(
        np.concatenate([2 * np.arange(len(song.bars)), 2 * n[:, 0] + 1]), kind="stable"
    )
    flat = rows[order].ravel()
    return flat[flat >= 0]


def table_of(song: Any) -> RemiSong:
    """The note table of a symusic score or a clip."""
    score = getattr(song, "score", song)
    return RemiSong.from_ids(np.array(_facts().midi.encode(score, encode_ids=False).ids))


BAR, TIME_SIGNATURE, POSITION, PROGRAM, PITCH, DRUM, VELOCITY, DURATION = range(8)
_KINDS = ("Bar", "TimeSig", "Position", "Program", "Pitch", "PitchDrum", "Velocity", "Duration")


class _Facts:
    """Lookups by base id, made once."""

    def __init__(self) -> None:
        vocabulary = Vocabulary()
        self.midi = vocabulary.midi
        names = vocabulary.names
        kinds = [name.split("_")[0] for name in names]
        self.kind = np.array([_KINDS.index(k) if k in _KINDS else -1 for k in kinds])
        self.bar = vocabulary.id("Bar_None")
        self.position = np.full(len(names), -1)
        places = np.flatnonzero(self.kind == POSITION)
        self.position[places] = [int(names[i].split("_")[1]) for i in places]
        self.position_id = np.full(self.position.max() + 1, -1)
        self.position_id[self.position[places]] = places


@lru_cache(maxsize=1)
def _facts() -> _Facts:
    return _Facts()
