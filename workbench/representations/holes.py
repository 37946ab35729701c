"""Fill-in-the-middle for music at bar lines (Bavarian et al. 2022, arXiv 2207.14255).

A song with a hole becomes one sequence for a decoder-only transformer:

    BOS  HOLE bar  HOLE bar   bars after   Program …   bars before   FILL  bars that fill  END
         └─── context ────┘              └ tracks ┘                 └─── the answer ───┘

A bar of the hole contains, after HOLE, the notes of the tracks that are not replaced. The number of
bars, their metres and the other tracks are therefore given; controls of what is to be written may
stand before them (`representations/controls.py`). The bars before the hole come last, so that the
answer continues them, as in any song (the paper's SPM order). A hole at the end is a continuation,
a hole at the beginning an introduction. Without a hole the sequence is BOS bars EOS, as in ordinary
language modelling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from workbench.representations.remi import RemiSong, ids_of
from workbench.representations.tokens import BOS, END, EOS, FILL, HOLE, Vocabulary

BAR, PROGRAM, PITCH = 0, 2, 3  # columns of a note table
MEMORY = 8192  # tokens


@dataclass(frozen=True)
class Hole:
    """Bars `first` to `last` (exclusive) of a song, in all tracks or in those of `programs`
    (ids of Program tokens)."""

    first: int
    last: int
    programs: tuple[int, ...] | None = None

    def covers(self, song: RemiSong) -> np.ndarray:
        """Return which notes are in the hole: (notes,) bool."""
        inside = (song.notes[:, BAR] >= self.first) & (song.notes[:, BAR] < self.last)
        if self.programs is not None:
            inside &= np.isin(song.notes[:, PROGRAM], self.programs)
        return inside

    def tracks(self, song: RemiSong) -> np.ndarray:
        """Return the tracks of the hole as ascending ids of Program tokens: `programs`, or all
        tracks of the song."""
        if self.programs is not None:
            return np.array(sorted(self.programs))
        return np.unique(song.notes[:, PROGRAM])


def part(song: RemiSong, first: int, last: int) -> RemiSong:
    """Return bars `first` to `last` (exclusive) as a song."""
    notes = song.notes[(song.notes[:, BAR] >= first) & (song.notes[:, BAR] < last)].copy()
    notes[:, BAR] -= first
    return replace(song, notes=notes, bars=song.bars[first:last])


def bars_of(song: RemiSong, vocabulary: Vocabulary) -> list[np.ndarray]:
    """Return the ids of each bar, (tokens,) each."""
    return [vocabulary.encode(bar) for bar in vocabulary.bars(ids_of(song))]


def tokens_a_bar(song: RemiSong, vocabulary: Vocabulary) -> list[int]:
    """Return the number of ids of each bar."""
    return [len(bar) for bar in bars_of(song, vocabulary)]


def question(
    song: RemiSong, hole: Hole, vocabulary: Vocabulary, controls: Sequence[np.ndarray] = ()
) -> np.ndarray:
    """Return the ids up to FILL, (tokens,). The hole must be within the song. controls: ids that
    follow the HOLE of each bar, see `Controls.ids`."""
    rest = replace(song, notes=song.notes[~hole.covers(song)])
    bars = bars_of(rest, vocabulary)
    given = controls or [np.empty(0, dtype=np.int64)] * (hole.last - hole.first)
    inside = [
        part
        for bar, control in zip(bars[hole.first : hole.last], given, strict=True)
        for part in ([HOLE], control, bar)
    ]
    return np.concatenate(
        [[BOS], *inside, *bars[hole.last :], hole.tracks(song), *bars[: hole.first], [FILL]]
    ).astype(np.int64)


def answer(song: RemiSong, hole: Hole, vocabulary: Vocabulary) -> np.ndarray:
    """Return the ids of the bars in the hole, and END: (tokens,)."""
    removed = replace(song, notes=song.notes[hole.covers(song)])
    return np.concatenate([*bars_of(part(removed, hole.first, hole.last), vocabulary), [END]])


def memory(song: RemiSong, hole: Hole, vocabulary: Vocabulary) -> np.ndarray:
    """Return the music that an answer may repeat, as ids (tokens,): the tracks of the hole in the
    bars after it, BOS, and in the bars before it. In this order the answer continues it. On each
    side at most MEMORY tokens that are near the hole, which is most or all of a song."""
    own = song
    if hole.programs is not None:
        own = replace(song, notes=song.notes[np.isin(song.notes[:, PROGRAM], hole.programs)])
    bars = bars_of(own, vocabulary)
    nothing = np.empty(0, dtype=np.int64)
    after = np.concatenate([nothing, *bars[hole.last :]])[:MEMORY]
    before = np.concatenate([nothing, *bars[: hole.first]])
    return np.concatenate([after, [BOS], before[max(0, len(before) - MEMORY) :]])


def song_ids(song: RemiSong, vocabulary: Vocabulary, *, ends: bool) -> np.ndarray:
    """Return BOS, all bars, and EOS if the song `ends` here: ids (tokens,)."""
    return np.concatenate([[BOS], *bars_of(song, vocabulary), [EOS] if ends else []]).astype(int)


plain = song_ids  # the old name


def window(
    sizes: Sequence[int] | np.ndarray, hole: Hole, room: int, share: float = 0.5
) -> tuple[int, int]:
    """Return the bars around a hole that fit into `room` tokens: (first, last exclusive), including
    the hole.

    Args:
        sizes: Tokens of each bar, 0 for those of the hole.
        hole: The hole.
        room: Number of tokens.
        share: Share of the room for the bars before the hole, 0 to 1. What one side does not need,
            the other may use.
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
    """Transpose all notes but the drums by semitones. Notes outside the pitch range are moved back
    by octaves."""
    low, high = vocabulary.id("Pitch_21"), vocabulary.id("Pitch_109")
    notes = song.notes.copy()
    pitch = notes[:, PITCH]
    tuned = (pitch >= low) & (pitch <= high)
    moved = pitch[tuned] + semitones
    moved -= 12 * np.ceil(np.maximum(moved - high, 0) / 12).astype(moved.dtype)
    moved += 12 * np.ceil(np.maximum(low - moved, 0) / 12).astype(moved.dtype)
    pitch[tuned] = moved
    return replace(song, notes=notes)
