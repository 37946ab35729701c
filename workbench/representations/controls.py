"""Controls of the music that fills a hole: density, polyphony, register and note length of each
track in each bar, and the chord of each bar.

MIDI-GPT has such controls per track and bar (Pasquier et al. 2025, arXiv 2501.17011). A value is
put into one of few classes, and its token stands after HOLE in the bar of the question:

    HOLE  Chord  Program Density Polyphony Register Length  Program Density …   bar

All are optional: in training most are left out at random, so that a network can learn to follow
those that are given and to choose the others itself. Their ids come after those of the vocabulary,
because they are never sampled. Checkpoints that were trained without them refuse them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from workbench.arguments import number, shown
from workbench.errors import PromptError
from workbench.music.keys import SPELLED, TONICS
from workbench.representations.holes import BAR, PITCH, PROGRAM, Hole, part
from workbench.representations.remi import RemiSong
from workbench.representations.tokens import Vocabulary, value_of

# Lower limits of all classes but the first, of the values of a track in a bar.
LIMITS: dict[str, tuple[float, ...]] = {
    "density": (2, 3, 5, 7, 10, 14),  # positions with a note
    "polyphony": (1.25, 1.75, 2.5, 3.5),  # notes struck together, mean over positions
    "register": (36, 42, 48, 54, 60, 66, 72, 78, 84),  # mean MIDI pitch
    "length": (0.375, 0.75, 1.5, 3),  # median length of a note in beats
}
KINDS = tuple(LIMITS)
TRIADS = ((0, 4, 7), (0, 3, 7))  # major, minor
CHORDS = (*TONICS, *(f"{tonic}m" for tonic in TONICS))
CLEAR = 0.7  # share of a bar's sound that its triad must have to be called its chord
FREE = -1  # class of a value that is not controlled
SILENT = -2  # class of a density of 0


@dataclass(frozen=True)
class Control:
    """A wish for bars of a filling; None leaves a value to the system.

    Args:
        density: Positions with a note in a bar; 0: the track is silent.
        polyphony: Notes struck together, mean over positions, from 1.
        register: Mean MIDI pitch, 0 to 127.
        length: Median length of a note in beats of the metre, eighths in 6/8.
        chord: Of all tracks together: a triad such as "C", "F#m" or "Bb".
        tracks: The tracks that it applies to, named as in a `Region`; None: all that are written.
        bars: (first, last) of the clip, last exclusive, as in a `Region`; None: all of the hole.

    Raises:
        PromptError: If a value is out of range, or a chord unknown.
    """

    density: float | None = None
    polyphony: float | None = None
    register: float | None = None
    length: float | None = None
    chord: str | None = None
    tracks: Sequence[int | str] | None = None
    bars: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name, low, high in (
            ("density", 0, 200),
            ("polyphony", 1, 10),
            ("register", 0, 127),
            ("length", 0.01, 16),
        ):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, number(value, name, low, high))
        if self.chord is not None:
            chord_number(self.chord)
        if self.tracks is not None and not isinstance(self.tracks, Sequence):
            raise PromptError(f"tracks={shown(self.tracks)}: give a list of tracks")
        if self.bars is not None:
            self._check_bars()

    def _check_bars(self) -> None:
        pair = self.bars if isinstance(self.bars, Sequence) else ()
        whole = all(isinstance(bar, int | np.integer) for bar in pair)
        if len(pair) != 2 or not whole or not pair[0] < pair[1]:
            raise PromptError(
                f"bars={shown(self.bars)}: give two whole numbers, (first, last) with first < last"
            )

    @classmethod
    def read(cls, text: str) -> Control:
        """Return the control that a text such as "density=6 chord=Am tracks=#1,drums bars=9-12"
        describes, with bars counted from 1 as in the commands; bar 0 is the one before the song, −1
        the one before that, as in "bars=-3-0". Raises PromptError for another text."""
        given: dict[str, Any] = {}
        names = [field.name for field in fields(cls)]
        for word in text.split():
            name, equals, value = word.partition("=")
            if name not in names or not equals or not value or name in given:
                raise PromptError(
                    f"controls: {shown(word)} of {shown(text)}; write NAME=VALUE, once each, with "
                    f"{', '.join(names)}"
                )
            if name == "bars":
                found = re.fullmatch(r"(-?\d{1,6})(?:-(-?\d{1,6}))?", value)
                if not found:
                    raise PromptError(f"controls: bars={shown(value)}; write FIRST-LAST, from 1")
                given[name] = (int(found[1]) - 1, int(found[2] or found[1]))
            elif name == "tracks":
                given[name] = [
                    int(track) if track.isdecimal() else track for track in value.split(",")
                ]
            elif name == "chord":
                given[name] = value
            else:
                try:
                    given[name] = float(value)
                except ValueError:
                    raise PromptError(f"controls: {name}={shown(value)} is not a number") from None
        return cls(**given)

    def __str__(self) -> str:
        """The text that `read` turns into this control."""
        words = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if field.name == "bars":
                value = f"{value[0] + 1}-{value[1]}"
            elif field.name == "tracks":
                value = ",".join(map(str, [value] if isinstance(value, str) else value))
            elif not isinstance(value, str):
                value = f"{value:g}"
            words.append(f"{field.name}={value}")
        return " ".join(words)

    def classes(self) -> np.ndarray:
        """The class of each of KINDS, FREE where none is asked for, SILENT for a density of 0:
        (4,)."""
        if self.density == 0:
            return np.array([SILENT, FREE, FREE, FREE])
        values = [getattr(self, kind) for kind in KINDS]
        return np.array(
            [
                FREE if value is None else class_of(kind, value)
                for kind, value in zip(KINDS, values, strict=True)
            ]
        )


@dataclass(frozen=True)
class Classes:
    """Classes of controls in a hole, FREE where there is none, SILENT for a density of 0.

    Args:
        tracks: (bars, tracks, 4), in the order of KINDS.
        chords: (bars,), numbers in CHORDS.
    """

    tracks: np.ndarray
    chords: np.ndarray

    @classmethod
    def free(cls, bars: int, tracks: int) -> Classes:
        """Return no controls."""
        return cls(np.full((bars, tracks, len(KINDS)), FREE), np.full(bars, FREE))

    def thinned(self, rng: np.random.Generator) -> Classes:
        """Return a random part of them: nothing at all for half of the calls; else each kind with
        probability 1/2, of it a random share of tracks and bars."""
        bars, tracks, kinds = self.tracks.shape
        if rng.random() < 0.5:
            return Classes.free(bars, tracks)
        keep = rng.random((bars, tracks, kinds)) < rng.random() * 1.3
        keep &= rng.random(kinds) < 0.5
        chords = (rng.random(bars) < rng.random() * 1.3) & (rng.random() < 0.5)
        return Classes(np.where(keep, self.tracks, FREE), np.where(chords, self.chords, FREE))


class Controls:
    """The tokens of controls beside a vocabulary: ids from `vocabulary.size` on."""

    size = sum(len(limits) + 1 for limits in LIMITS.values()) + len(CHORDS)

    def __init__(self, vocabulary: Vocabulary) -> None:
        starts = np.cumsum([0, *(len(limits) + 1 for limits in LIMITS.values())])
        self.starts = vocabulary.size + starts  # of each kind, then of chords
        self.pitch = np.zeros(vocabulary.base)
        self.beats = np.full(vocabulary.base, 0.25)  # a drum has no length
        for base, name in enumerate(vocabulary.names):
            kind = name.partition("_")[0]
            if kind == "Pitch":
                self.pitch[base] = value_of(name)
            elif kind == "Duration":
                self.beats[base] = value_of(name)

    def of(self, song: RemiSong, hole: Hole) -> Classes:
        """Return the classes of the notes in a hole; those of a silent track are FREE."""
        programs = hole.tracks(song)
        found = Classes.free(hole.last - hole.first, len(programs))
        inside = part(song, hole.first, hole.last).notes
        for bar in range(len(found.chords)):
            notes = inside[inside[:, BAR] == bar]
            found.chords[bar] = self.chord(notes)
            for track, program in enumerate(programs.tolist()):
                own = notes[notes[:, PROGRAM] == program]
                if len(own):
                    found.tracks[bar, track] = self.classes(own)
        return found

    def values(self, notes: np.ndarray) -> dict[str, float]:
        """Return the value of each kind for the notes of a track in a bar, rows of a `RemiSong`; of
        drums only density and polyphony."""
        positions = len(np.unique(notes[:, 1]))
        found: dict[str, float] = {"density": positions, "polyphony": len(notes) / positions}
        if notes[0, 5] >= 0:
            found["register"] = float(self.pitch[notes[:, PITCH]].mean())
            found["length"] = float(np.median(self.beats[notes[:, 5]]))
        return found

    def classes(self, notes: np.ndarray) -> np.ndarray:
        """Return the classes of the notes of a track in a bar: (4,)."""
        values = self.values(notes)
        return np.array([class_of(k, values[k]) if k in values else FREE for k in KINDS])

    def chord(self, notes: np.ndarray) -> int:
        """Return the triad with most of the sound of a bar's tuned notes, as a number in CHORDS;
        FREE if its share is below CLEAR."""
        tuned = notes[notes[:, 5] >= 0]
        if not len(tuned):
            return FREE
        sound = np.zeros(12)
        np.add.at(sound, self.pitch[tuned[:, PITCH]].astype(int) % 12, self.beats[tuned[:, 5]])
        shares = [
            sound[[(root + step) % 12 for step in triad]].sum()
            for triad in TRIADS
            for root in range(12)
        ]
        best = int(np.argmax(shares))
        return best if shares[best] >= CLEAR * sound.sum() else FREE

    def ids(self, classes: Classes, programs: Sequence[int]) -> list[np.ndarray]:
        """Return the tokens of each bar. programs: ids of the tracks' Program tokens."""
        lines = []
        for tracks, chord in zip(classes.tracks, classes.chords.tolist(), strict=True):
            line = [int(self.starts[-1]) + chord] if chord != FREE else []
            for program, kinds in zip(programs, tracks, strict=True):
                given = np.flatnonzero(kinds >= 0)  # neither free nor silent
                if len(given):
                    line += [int(program), *(self.starts[given] + kinds[given]).tolist()]
            lines.append(np.array(line, dtype=np.int64))
        return lines


def class_of(kind: str, value: float) -> int:
    """Return the class of a value."""
    return int(np.searchsorted(LIMITS[kind], value + 1e-9, side="right"))


def chord_number(name: str) -> int:
    """Return the number of a triad in CHORDS. Raises PromptError for an unknown name."""
    tonic = name.removesuffix("m") if isinstance(name, str) else ""
    tonic = tonic[:1].upper() + tonic[1:]
    tonic = SPELLED.get(tonic, tonic)
    if tonic not in TONICS:
        raise PromptError(f"chord={shown(name)}: write a triad such as C, F#m or Bb")
    return TONICS.index(tonic) + (12 if name.endswith("m") else 0)
