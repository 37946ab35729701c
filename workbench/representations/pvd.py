"""Piano music as words: p□□ v□□ d□□, the encoding of "Adapting Diffusion-LM to Discrete Music".

Each note is three words: pitch, velocity and duration. Simultaneous notes follow each other, lowest
first and none twice; very low and very high pitches are clamped. A sequence has 128 words between
[CLS] and [SEP], 130 in all. Onsets are lost. With `rhythm`, a fourth word before the pitch keeps
them: o□□ is a position in the bar in sixteenths, and b□□ is the same at the first note of a new
bar. Each position in a sequence thus has a fixed kind of word, which a model that samples all words
at once learns quickly.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.music.clip import Clip
from workbench.music.notes import NOTE, without_drums
from workbench.music.timeline import check_meter, other_meters
from workbench.representations.pvd_search import Notes, choose
from workbench.representations.pvd_words import (
    BAR,
    BAR_LINES,
    CLS,
    DURATIONS,
    ENDS,
    HIGH,
    LENGTH,
    LOW,
    PAD,
    POSITIONS,
    SEP,
    VELOCITIES,
    WORDS,
    Bars,
    Words,
)

__all__ = [
    "BAR",
    "BAR_LINES",
    "CLS",
    "DURATIONS",
    "ENDS",
    "HIGH",
    "LENGTH",
    "LOW",
    "PAD",
    "POSITIONS",
    "PVD",
    "SEP",
    "VELOCITIES",
    "WORDS",
    "Bars",
]


@dataclass(frozen=True)
class PVD(Words):
    """The encoding, with or without rhythm. Bars without notes are not encoded."""

    # --- notes → ids --------------------------------------------------------------------------

    @staticmethod
    def keys(time: np.ndarray, pitch: np.ndarray, lines: np.ndarray) -> np.ndarray:
        """Return bar, sixteenth in the bar and clamped pitch of notes, (n, 3) int64. Notes with
        equal rows are one note in this encoding. time, lines: onsets and bar lines in quarter
        notes. A note slightly before a bar line belongs to the bar after it."""
        step = np.round(time * 4) / 4
        bar = np.clip(np.searchsorted(lines, step + 1e-6, side="right") - 1, 0, len(lines) - 2)
        place = np.round((step - lines[bar]) * 4)
        return np.stack([bar, place, np.clip(pitch, LOW, HIGH)], axis=1).astype(np.int64)

    def words(self, clip: Clip) -> list[np.ndarray]:
        """Return the ids of a clip's notes except drums, one array per bar, without [CLS] and
        [SEP]."""
        notes = without_drums(clip.notes)
        lines = clip.bar_lines
        bar, place, pitch = self.keys(notes["time"], notes["pitch"].astype(int), lines).T
        if (place >= POSITIONS).any():
            warnings.warn(
                f"clip: has bars of {other_meters(clip)}; notes beyond a bar's {POSITIONS} "
                "sixteenths are encoded at the last one",
                UserWarning,
                stacklevel=2,
            )
        place = np.clip(place, 0, POSITIONS - 1)
        order = np.lexsort((pitch, place, bar))
        # notes that are equal in this encoding are encoded once
        key = (bar * POSITIONS + place)[order] * 128 + pitch[order]
        order = order[np.concatenate([[True], np.diff(key) > 0])] if len(key) else order
        length = np.maximum(notes["duration"][order] * 4, 0.5)
        nearest = np.abs(length[:, None] - DURATIONS).argmin(1)
        f = self.first
        rows = np.stack(
            [
                f["o"] + place[order],
                f["p"] + pitch[order] - LOW,
                f["v"] + notes["velocity"][order].astype(int) * VELOCITIES // 128,
                f["d"] + nearest,
            ],
            axis=1,
        )
        bar = bar[order]
        if self.rhythm and len(rows):
            opens = np.concatenate([[True], np.diff(bar) > 0])
            rows[opens, 0] += f["b"] - f["o"]
        rows = rows if self.rhythm else rows[:, 1:]
        return [rows[bar == number].ravel() for number in range(len(lines) - 1)]

    def windows(self, clip: Clip, hop: int = 2) -> np.ndarray:
        """Return windows of 130 ids that begin at every `hop`-th bar line: (windows, 130) int64.

        A window has up to 128 words and may end within a bar. At the end of a song it is padded
        with [PAD] after [SEP]. Windows of fewer than 16 words are left out.
        """
        bars = self.words(clip)
        starts = np.concatenate([[0], np.cumsum([len(bar) for bar in bars])])
        ids = np.concatenate(bars) if bars else np.empty(0, dtype=np.int64)
        windows = []
        for start in np.unique(starts[: len(bars) : hop]):
            cut = ids[start : start + WORDS]
            if len(cut) >= 16:
                row = np.full(LENGTH, PAD)
                row[: len(cut) + 2] = [CLS, *cut, SEP]
                windows.append(row)
        return np.stack(windows) if windows else np.empty((0, LENGTH), dtype=np.int64)

    # --- ids → notes --------------------------------------------------------------------------

    def decode(
        self, ids: Sequence[int] | np.ndarray, tempo: float = 90.0, meter: tuple[int, int] = (4, 4)
    ) -> Clip:
        """A clip of the whole notes in a sequence; words that make no note are skipped.

        meter: of all bars, which the words do not say: for words of a waltz give (3, 4). Without
        rhythm, notes follow each other, each as long as it says: all that is left.
        """
        meter = check_meter(meter)
        notes, bar = self.notes(ids, meter), 4 * meter[0] / meter[1]
        bars = max(1, int(np.ceil((notes["time"].max(initial=0) + 0.01) / bar)))
        return Clip.from_notes(notes, tempo=tempo, meter=meter, beats=bar * bars, drums=False)

    def notes(self, ids: Sequence[int] | np.ndarray, meter: tuple[int, int] = (4, 4)) -> np.ndarray:
        """Return the complete notes of a sequence in bars of this metre, dtype NOTE."""
        ids, kinds, f = np.asarray(ids), self.kinds, self.first
        rows, bar, place, clock = [], -1, 0, 0.0
        i = 0
        while i < len(ids):
            kind = kinds[ids[i]]
            if kind in "ob":
                bar += int(kind == "b")
                place = int(ids[i]) - f[str(kind)]
            elif kind == "p" and "".join(kinds[ids[i : i + 3]]) == "pvd":
                pitch, velocity, length = (int(x) for x in ids[i : i + 3])
                beats = DURATIONS[length - f["d"]] / 4
                time = max(bar, 0) * 4 * meter[0] / meter[1] + place / 4 if self.rhythm else clock
                rows.append(
                    (time, beats, pitch - f["p"] + LOW, (velocity - f["v"]) * 16 + 8, 0, False)
                )
                clock += beats
                i += 2
            i += 1
        notes = np.array(rows, dtype=NOTE)
        return notes[np.lexsort((notes["pitch"], notes["time"]))] if len(notes) else notes

    # --- grammar ------------------------------------------------------------------------------

    def grammatical(self, ids: np.ndarray) -> np.ndarray:
        """Return which words may follow the words before them: (n, time − 1) bool for ids (n,
        time). Padding counts as correct. Within a bar positions must not descend, and at a position
        pitches must ascend."""
        ids = np.atleast_2d(ids)
        kind = np.where(ids == CLS, "c", np.where(ids == SEP, "s", self.kinds[ids]))
        pairs = np.char.add(kind[:, :-1].astype("U1"), kind[:, 1:].astype("U1"))
        starts = ("cb", "bp", "op", "do", "db") if self.rhythm else ("cp", "dp", "ps", "vs")
        fine = np.isin(pairs, [*starts, "pv", "vd", "ds"])
        if self.rhythm:
            last, highest = np.zeros((2, len(ids)), dtype=int)
            for t in range(1, ids.shape[1]):
                place, pitch = self.positions[ids[:, t]], ids[:, t]
                bar, later, note = (kind[:, t] == letter for letter in "bop")
                fine[:, t - 1] &= ~later | (place >= last)
                fine[:, t - 1] &= ~note | (pitch > highest)
                highest = np.where(bar | (later & (place != last)), 0, highest)
                highest = np.where(note, pitch, highest)
                last = np.where(bar | later, place, last)
        return fine | (ids[:, 1:] == PAD)

    def validity(self, ids: np.ndarray) -> tuple[float, float]:
        """Return the share of words that are grammatical, and the share of sequences without an
        error."""
        fine = self.grammatical(ids)
        real = np.atleast_2d(ids)[:, 1:] != PAD
        return float(fine[real].mean()), float(fine.all(1).mean())

    def repeated(self, ids: np.ndarray, bars: Bars = BAR_LINES) -> tuple[np.ndarray, np.ndarray]:
        """Return how many notes of each sequence (n, time) are at the onset and pitch of an earlier
        one, and how many begin while an earlier one of their pitch still sounds: (n,) each."""
        notes = Notes(self, np.atleast_2d(ids), bars)
        earlier = notes.later.swapaxes(1, 2)
        gap = notes.onset[:, :, None] - notes.onset[:, None]  # (n, notes, earlier notes)
        held = (gap > 0) & (gap < notes.duration[:, None])
        twice = (earlier & (gap == 0)).any(2)
        return twice.sum(1), ((earlier & held).any(2) & ~twice).sum(1)

    def round(self, logits: np.ndarray, bars: Bars = BAR_LINES) -> np.ndarray:
        """Return the likeliest grammatical sequence: logits (n, 130, words) → ids (n, 130).

        Kinds of words follow each other in a fixed cycle, so only positions and pitches depend on
        each other, which a Viterbi search solves; see `note_chain`. No note begins while its pitch
        still sounds: the duration of the earlier note is the likeliest that is short enough.
        """
        return choose(self, logits, None, bars, None)

    def sample(
        self,
        logits: np.ndarray,
        uniform: np.ndarray,
        bars: Bars = BAR_LINES,
        before: np.ndarray | None = None,
    ) -> np.ndarray:
        """Sample a grammatical sequence, its words otherwise independent of each other.

        Positions and pitches are sampled together, see `note_chain`. A note lasts at most until its
        pitch is struck again. Where a duration is given and the pitch is struck too early, that
        pitch is forbidden and the notes are sampled again.

        Args:
            logits: (n, 130, words), −∞ for a word that is not possible. A word that is given, by
                logits that leave no other, stays even where it is not grammatical.
            uniform: Uniform numbers (n, 130), one per word.
            bars: Where the bars lie.
            before: Ids (n, 130) that have the given words, too; they are returned for a row in
                which no better ones are found.

        Returns:
            Ids (n, 130).
        """
        return choose(self, logits, uniform, bars, before)
