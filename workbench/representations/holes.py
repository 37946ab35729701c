"""Fill-in-the-middle for music (Bavarian et al. 2022, arXiv 2207.14255), at bar lines.

A song with a hole becomes one sequence that a decoder-only transformer reads from left to right:

    BOS  HOLE bar  HOLE bar   bars after   Program …   bars before   FILL  bars that fill  END
         └─ what is known ─┘              └ tracks ┘                 └ asked here, the answer ┘

A bar of the hole keeps, after its HOLE, the notes of the tracks that are not to be replaced; so
the number of bars to write, their metres and what the other tracks play are known. What is before
the hole comes last: so the answer goes on from it, as in any song, and what is after was read
earlier (the paper's SPM order). A hole at the end or the beginning is a continuation or an
introduction; without any hole the sequence is BOS bars EOS, plain language modelling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from workbench.representations.remi import RemiSong, ids_of
from workbench.representations.tokens import BOS, END, EOS, FILL, HOLE, Vocabulary

BAR, PROGRAM, PITCH = 0, 2, 3  # columns of a note table


@dataclass(frozen=True)
class Hole:
    """Bars `first` to `last` (exclusive) of a song, in all tracks or in those of `programs`
    (ids of Program tokens)."""

    first: int
    last: int
    programs: tuple[int, ...] | None = None

    def covers(self, song: RemiSong) -> np.ndarray:
        """Which notes lie in the hole: (notes,) bool."""
        inside = (song.notes[:, BAR] >= self.first) & (song.notes[:, BAR] < self.last)
        if self.programs is not None:
            inside &= np.isin(song.notes[:, PROGRAM], self.programs)
        return inside

    def asked(self, song: RemiSong) -> np.ndarray:
        """The tracks to write, ascending ids of Program tokens: those named, or all of the song."""
        if self.programs is not None:
            return np.array(sorted(self.programs))
        return np.unique(song.notes[:, PROGRAM])


def part(song: RemiSong, first: int, last: int) -> RemiSong:
    """Bars `first` to `last` (exclusive) as a song of its own."""
    notes = song.notes[(song.notes[:, BAR] >= first) & (song.notes[:, BAR] < last)].copy()
    notes[:, BAR] -= first
    return replace(song, notes=notes, bars=song.bars[first:last])


def bars_of(song: RemiSong, vocabulary: Vocabulary) -> list[np.ndarray]:
    """Each bar's ids."""
    return [vocabulary.encode(bar) for bar in vocabulary.bars(ids_of(song))]


def tokens_a_bar(song: RemiSong, vocabulary: Vocabulary) -> list[int]:
    """Ids in each bar."""
    return [len(bar) for bar in bars_of(song, vocabulary)]


def question(song: RemiSong, hole: Hole, vocabulary: Vocabulary) -> np.ndarray:
    """Everything up to the bars that fill: ids. The song must hold the hole."""
    rest = replace(song, notes=song.notes[~hole.covers(song)])
    bars = bars_of(rest, vocabulary)
    inside = [part for bar in bars[hole.first : hole.last] for part in ([HOLE], bar)]
    return np.concatenate(
        [[BOS], *inside, *bars[hole.last :], hole.asked(song), *bars[: hole.first], [FILL]]
    ).astype(np.int64)


def answer(song: RemiSong, hole: Hole, vocabulary: Vocabulary) -> np.ndarray:
    """The bars that filled the hole, and END: ids."""
    removed = replace(song, notes=song.notes[hole.covers(song)])
    return np.concatenate([*bars_of(part(removed, hole.first, hole.last), vocabulary), [END]])


def plain(song: RemiSong, vocabulary: Vocabulary, *, ends: bool) -> np.ndarray:
    """BOS, all bars, and EOS where the song `ends` here: ids."""
    return np.concatenate([[BOS], *bars_of(song, vocabulary), [EOS] if ends else []]).astype(int)


def window(
    sizes: Sequence[int] | np.ndarray, hole: Hole, room: int, share: float = 0.5
) -> tuple[int, int]:
    """Bars around a hole that fit into `room` tokens: (first, last exclusive), hole included.

    sizes: tokens of each bar, 0 for those of the hole. share: how much of the room goes to what
    is before; what one side does not need the other may take.
    """
    before = int(np.sum(sizes[: hole.first]))
    after = int(np.sum(sizes[hole.last :]))
    left = min(before, max(round(room * share), room - after))
    right = min(after, room - left)
    first = hole.first
    while first > 0 and left >= sizes[first - 1]:
        first -= 1
        left -= sizes[first]
    last = hole.last
    while last < len(sizes) and right >= sizes[last]:
        right -= sizes[last]
        last += 1
    return first, last


def transpose(song: RemiSong, semitones: int, vocabulary: Vocabulary) -> RemiSong:
    """All but the drums moved by semitones; notes that would leave the pitch range come
    back by octaves."""
    low, high = vocabulary.id("Pitch_21"), vocabulary.id("Pitch_109")
    notes = song.notes.copy()
    pitch = notes[:, PITCH]
    tuned = (pitch >= low) & (pitch <= high)
    moved = pitch[tuned] + semitones
    moved -= 12 * np.ceil(np.maximum(moved - high, 0) / 12).astype(moved.dtype)
    moved += 12 * np.ceil(np.maximum(low - moved, 0) / 12).astype(moved.dtype)
    pitch[tuned] = moved
    return replace(song, notes=notes)
