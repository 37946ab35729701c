"""The place in a song that is most like a hole, as an echo that keeps time.

The echoes of `hints.py` are found by the last tokens. A filling that has left the way of the song
by one note loses them for a while, and in music for many tracks it soon does. An *anchor* is as
many bars elsewhere in the song, chosen by the bars beside them. Its echo is found by the time in
the bar, the track and the pitch, so a filling that differs from it in some notes still has it.

How alike the bars beside both places are, 0 to 1, predicts how alike the bars in them are:

    likeness    below 0.1   0.1–0.2   0.2–0.35   0.35–0.5   0.5–0.7   0.7–0.9   above 0.9
    holes              46        13         24         30        56        37          34
    true bars        0.06      0.14       0.24       0.41      0.67      0.88        0.96

(240 holes of four bars in validation songs of six collections, by the bars beside them alone; the
mean share of notes that two bars have in common; correlation 0.87.) So by default the echo of an
anchor receives its likeness as its share of the probability. A place in another key is compared,
and echoed, in that of the hole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.music.likeness import common_share
from workbench.representations.holes import PROGRAM, Hole, bars_of, part, transpose
from workbench.representations.remi import RemiSong
from workbench.representations.tokens import END, Vocabulary

WEIGHTS = (1.0, 0.5, 0.25, 0.25)  # of the bars beside a hole, from the nearest one on
SHIFTS = tuple(shift for shift in range(-6, 7) if shift)  # semitones
SURE = 0.5  # likeness above which no other key is tried
MARGIN = 0.2  # by which a place in another key must be more alike
BAR_ALONE, TRACK = 1, 3  # entries of a state that must agree: the bar, or also time and track
Note = tuple[int, ...]  # position, program, pitch
State = tuple[int, int, int, int]  # bar, position, program, pitch; −1 before the first of each
Events = Sequence[Sequence[tuple[str, float]]]  # base tokens of each id, see `ControlTables`
Bars = list[set[Note]]


@dataclass(frozen=True)
class Place:
    """A place in a song that is like a hole.

    Args:
        first: Its first bar.
        likeness: How alike they are, 0 to 1.
        tuned: The same for the tuned notes of the hole's tracks alone, at most `likeness`; for
            holes in drums, `likeness`.
        shift: Semitones by which the place must be transposed.
    """

    first: int = 0
    likeness: float = 0.0
    tuned: float = 0.0
    shift: int = 0

    @property
    def rank(self) -> float:
        return self.likeness + self.tuned


def place_like(song: RemiSong, hole: Hole, vocabulary: Vocabulary) -> Place:
    """Return the place that is most like a hole. How alike they are is the mean share of common
    notes of the bars beside them, and of the hole's other tracks, but at most that of the hole's
    own tracks in the bars beside them. An accompaniment that stays the same says nothing about a
    melody that does not, and drums nothing about the key.

    Songs also repeat in another key. Where no place is much alike, places are compared in all
    transpositions. The likeness is 0 if there is no other place."""
    beside = _Layers.of(song, song, hole, vocabulary)
    best = max(_places(song, hole, beside, beside, 0), key=_rank, default=Place())
    if best.tuned >= SURE or not any(beside.tuned):
        return best
    for shift in SHIFTS:
        moved = _Layers.of(transpose(song, shift, vocabulary), song, hole, vocabulary)
        other = max(_places(song, hole, beside, moved, shift), key=_rank, default=Place())
        if other.rank > best.rank + (0 if best.shift else 2 * MARGIN):
            best = other
    return best


def _rank(place: Place) -> float:
    return place.rank


@dataclass(frozen=True)
class _Layers:
    """The notes of each bar: all, those of the hole's tracks, the tuned ones of these, those of the
    other tracks; without the notes of the hole."""

    all: Bars
    own: Bars
    tuned: Bars
    others: Bars

    @classmethod
    def of(cls, song: RemiSong, original: RemiSong, hole: Hole, vocabulary: Vocabulary) -> _Layers:
        """song: the original, or a transposition of it."""
        rest, tracks = song.notes[~hole.covers(original)], hole.tracks(original)
        own = np.isin(rest[:, PROGRAM], tracks)
        tuned = own & (rest[:, PROGRAM] != vocabulary.id("Program_-1"))
        layers = (np.ones(len(rest), dtype=bool), own, tuned, ~own)
        return cls(*(_notes_by_bar(rest[which], len(song.bars)) for which in layers))


def _places(
    song: RemiSong, hole: Hole, beside: _Layers, there: _Layers, shift: int
) -> Iterator[Place]:
    """Yield the places of a song. there: its layers transposed by `shift`."""
    length = hole.last - hole.first
    inner, tuned = any(beside.others[hole.first : hole.last]), any(beside.tuned)
    for first in range(len(song.bars) - length + 1):
        last = first + length
        apart = last <= hole.first or first >= hole.last
        if not apart or (song.bars[first:last] != song.bars[hole.first : hole.last]).any():
            continue
        found = _likeness_beside(beside.all, there.all, hole, first)
        if inner:
            pairs = zip(
                beside.others[hole.first : hole.last], there.others[first:last], strict=True
            )
            found = (found + float(np.mean([common_share(*pair) for pair in pairs]))) / 2
        found = min(found, _likeness_beside(beside.own, there.own, hole, first))
        melody = _likeness_beside(beside.tuned, there.tuned, hole, first) if tuned else found
        yield Place(first, found, min(found, melody), shift)


def _notes_by_bar(notes: np.ndarray, count: int) -> Bars:
    found: Bars = [set() for _ in range(count)]
    for bar, *note in notes[:, :4].tolist():
        found[bar].add(tuple(note))
    return found


def _likeness_beside(bars: Bars, there: Bars, hole: Hole, first: int) -> float:
    """Return the weighted mean share of common notes of the bars beside the hole and of those
    `there`, beside the place that begins at bar `first`; a bar beyond the song has none."""
    last, found = first + hole.last - hole.first, 0.0
    for i, weight in enumerate(WEIGHTS):
        for a, b in ((hole.first - 1 - i, first - 1 - i), (hole.last + i, last + i)):
            if 0 <= a < len(bars) and 0 <= b < len(bars):
                found += weight * common_share(bars[a], there[b])
    return found / (2 * sum(WEIGHTS))


@dataclass
class Where:
    """Where a sequence is."""

    state: State = (-1, -1, -1, -1)
    kind: str = ""  # type of the last base token; "Duration" after a drum, which has none

    def add(self, events: Sequence[tuple[str, float]]) -> None:
        bar, position, program, pitch = self.state
        for kind, value in events:
            if kind == "Bar":
                bar, position, program, pitch = bar + 1, -1, -1, -1
            elif kind == "Position":
                position, program, pitch = int(value), -1, -1
            elif kind == "Program":
                pitch = pitch if value == program else -1
                program = int(value)
            elif kind in ("Pitch", "PitchDrum"):
                pitch = int(value)
            self.kind = "Duration" if kind == "Velocity" and program == 0 else kind
        self.state = (bar, position, program, pitch)


class Anchor:
    """The echo of a place in a song.

    Args:
        song: The song.
        hole: The hole, or a part of it.
        first: The first bar of the place.
        shift: Semitones by which it is transposed.
        vocabulary: The vocabulary.
        events: The base tokens of each of its ids.
    """

    def __init__(
        self,
        song: RemiSong,
        hole: Hole,
        first: int,
        vocabulary: Vocabulary,
        events: Events,
        shift: int = 0,
    ) -> None:
        own = RemiSong(song.notes[np.isin(song.notes[:, PROGRAM], hole.tracks(song))], song.bars)
        place_bars = part(own, first, first + hole.last - hole.first)
        bars = bars_of(transpose(place_bars, shift, vocabulary), vocabulary)
        place = Where()
        rows: dict[str, list[tuple[State, int]]] = {}
        for token in np.concatenate(bars).tolist():
            rows.setdefault(place.kind, []).append((place.state, token))
            place.add(events[token])
        rows.setdefault(place.kind, []).append((place.state, END))
        for pairs in rows.values():
            pairs.sort(key=lambda pair: pair[0])
        # by type of the last base token: the states, ascending, and the token after each
        self.known = {
            kind: ([state for state, _ in pairs], [token for _, token in pairs])
            for kind, pairs in rows.items()
        }

    def after(self, place: Where) -> int:
        """Return the token that followed at this time, track and pitch, or at the last ones before
        them; 0 if there is none. A pitch is only that of the same time and track."""
        states, tokens = self.known.get(place.kind, ([], []))
        at = bisect_right(states, place.state) - 1
        agree = TRACK if place.kind == "Program" else BAR_ALONE
        return tokens[at] if at >= 0 and states[at][:agree] == place.state[:agree] else 0
