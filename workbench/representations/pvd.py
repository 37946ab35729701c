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
from functools import cached_property
from typing import Any

import numpy as np

from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.music.notes import NOTE, without_drums
from workbench.music.timeline import check_meter, other_meters
from workbench.representations.note_chain import inverse, sample_chain

PAD, CLS, SEP = range(3)
ENDS = (CLS, SEP)  # words that say nothing about the music
WORDS = 128
LENGTH = WORDS + 2
LOW, HIGH = 28, 100  # E1 to E7
VELOCITIES = 8  # bins of 16
DURATIONS = np.array([1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32])  # sixteenths
POSITIONS = 24  # sixteenths in the longest bar, 6/4
BAR = 16  # sixteenths in a bar of 4/4
NEVER = 10**6  # sixteenths, later than any note
ROUNDS = 30  # trials to find notes that do not begin while their pitch sounds


@dataclass(frozen=True)
class Bars:
    """Where the bars of a window lie, in sixteenths: the start of the bar of each note, (notes,),
    or None if bars of `length` follow each other."""

    length: int = BAR
    start: np.ndarray | None = None


BAR_LINES = Bars()


@dataclass(frozen=True)
class PVD:
    """The encoding, with or without rhythm. The ids are the special words, then p, v, d, then o and
    b. Bars without notes are not encoded."""

    rhythm: bool = True

    @cached_property
    def names(self) -> list[str]:
        """The word of each id."""
        words = ["[PAD]", "[CLS]", "[SEP]"]
        words += [f"p{pitch}" for pitch in range(LOW, HIGH + 1)]
        words += [f"v{bin}" for bin in range(VELOCITIES)]
        words += [f"d{length}" for length in DURATIONS]
        if self.rhythm:
            words += [f"{kind}{place}" for kind in "ob" for place in range(POSITIONS)]
        return words

    @property
    def size(self) -> int:
        """Number of ids."""
        return len(self.names)

    @cached_property
    def kinds(self) -> np.ndarray:
        """The kind of each word: p, v, d, o, b, or [ for special words: (size,)."""
        return np.array([name[0] for name in self.names])

    @cached_property
    def positions(self) -> np.ndarray:
        """The sixteenth of the bar of each o and b word, −1 for other words: (size,)."""
        return np.array([int(name[1:]) if name[0] in "ob" else -1 for name in self.names])

    @cached_property
    def first(self) -> dict[str, int]:
        """The first id of each kind of word: p, v, d, o and b."""
        return {kind: int(np.argmax(self.kinds == kind)) for kind in "pvdob"}

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

    def in_order(self, ids: np.ndarray) -> np.ndarray:
        """Return which sequences have positions and pitches in order: (n,) for ids (n, time) whose
        kinds are in order."""
        notes = Notes(self, ids, BAR_LINES)
        same_bar = ~notes.begins[:, 1:]
        step, rise = np.diff(notes.position), np.diff(notes.pitch)
        wrong = same_bar & ((step < 0) | ((step == 0) & (rise <= 0)))
        wrong &= notes.real[:, 1:] & notes.real[:, :-1]
        return ~wrong.any(1) & (notes.begins[:, 0] | ~notes.real[:, 0])

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
        return self._choose(logits, None, bars, None)

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
        return self._choose(logits, uniform, bars, before)

    def _choose(
        self, logits: np.ndarray, uniform: np.ndarray | None, bars: Bars, before: np.ndarray | None
    ) -> np.ndarray:
        """Sample, or with `uniform` None find the likeliest: see `sample` and `round`."""
        possible = np.isfinite(logits)
        given = possible.sum(-1) == 1
        possible &= self.cycle(logits.shape[1]) | given[..., None]
        logits = np.where(possible, logits, -np.inf).astype(float)
        ids = logits.argmax(-1)
        if uniform is not None:  # the words that depend on no other
            part = slice(3, -1, 4) if self.rhythm else slice(1, -1)
            ids[:, part] = _pick(logits[:, part], uniform[:, part])
        return self._notes(ids, logits, given, uniform, bars, before) if self.rhythm else ids

    def cycle(self, length: int) -> np.ndarray:
        """Return which kinds of words may stand where: bool (length, words)."""
        order = ("ob", "p", "v", "d") if self.rhythm else ("p", "v", "d")
        kinds = np.array([np.isin(self.kinds, list(kind)) for kind in order])
        allowed = kinds[(np.arange(length) - 1) % len(order)]
        allowed[[0, -1]] = False
        allowed[0, CLS] = allowed[-1, SEP] = True
        return allowed

    def _notes(
        self,
        ids: np.ndarray,
        logits: np.ndarray,
        given: np.ndarray,
        uniform: np.ndarray | None,
        bars: Bars,
        before: np.ndarray | None,
    ) -> np.ndarray:
        """Choose positions, pitches and durations of the notes of ids (n, time)."""
        places, pitches = self._weights(logits)
        numbers = None if uniform is None else _by_note(uniform)
        lasting = logits[:, 4:-1:4, self.first["d"] :][..., : len(DURATIONS)]
        rows, own = np.arange(len(ids)), _by_note(given)
        best = ids if before is None else before
        for trial in range(ROUNDS):
            pair = None if numbers is None else numbers[rows, :, :2]
            place, pitch = sample_chain(places[rows], pitches[rows], pair)
            kind = np.where(place >= places.shape[3], self.first["b"], self.first["o"])
            now = ids[rows]
            _fill(now[:, 1:-1:4], own[rows, :, 0], kind + place % places.shape[3])
            _fill(now[:, 2:-1:4], own[rows, :, 1], self.first["p"] + pitch)
            gap = Notes(self, now, bars).gap
            short = np.where(np.maximum(gap, 1)[..., None] >= DURATIONS, lasting[rows], -np.inf)
            length = _pick(short, None if numbers is None else numbers[rows, :, 3])
            _fill(now[:, 4:-1:4], own[rows, :, 3], self.first["d"] + length)
            ids[rows] = now
            if trial == 0 and before is None:
                best = ids.copy()
            struck = self._forbid(Notes(self, now, bars), rows, own, places, pitches)
            struck |= ~self.in_order(now) & self.in_order(best[rows])
            rows = rows[struck]
            if not len(rows):
                return ids
        ids[rows] = best[rows]
        return ids

    def _weights(self, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return log weights of the places (n, notes, 2, positions) and pitches (n, notes, pitches)
        of notes. A note that a short sequence does not have begins a bar."""
        first = self.first
        places = logits[:, 1:-1:4, first["o"] :][..., : 2 * POSITIONS]
        places = places.reshape(*places.shape[:2], 2, POSITIONS).copy()
        places[..., 1, 0][~np.isfinite(places).any((2, 3))] = 0.0
        longest = int(np.flatnonzero(np.isfinite(places).any((0, 1, 2)))[-1]) + 1
        pitches = logits[:, 2:-1:4, first["p"] :][..., : HIGH - LOW + 1].copy()
        pitches[..., 0][~np.isfinite(pitches).any(2)] = 0.0
        return places[..., :longest].copy(), pitches

    def _forbid(
        self,
        notes: Notes,
        rows: np.ndarray,
        given: np.ndarray,
        places: np.ndarray,
        pitches: np.ndarray,
    ) -> np.ndarray:
        """Forbid, in the weights, the pitch of a note that is struck while it sounds, or the places
        of one of both notes that are too near. Returns which of `rows` have such notes that are
        free: (rows,)."""
        end = notes.onset + notes.duration
        start = notes.onset - notes.position
        struck = np.zeros(len(rows), dtype=bool)
        for i, j, k in zip(
            *np.nonzero(notes.later & (notes.onset[:, None] < end[:, :, None])), strict=True
        ):
            own, row = given[rows[i]], rows[i]
            between = np.flatnonzero(~own[:k, 0] & ~notes.begins[i, :k])
            if not own[[j, k], 1].all():
                free = j if own[k, 1] else k
                struck[i] |= _exclude(pitches[row, free], notes.pitch[i, free])
            elif not own[k, 0]:
                early = slice(max(0, int(end[i, j] - start[i, k])))
                struck[i] |= _exclude(places[row, k], (int(notes.begins[i, k]), early))
            elif not own[j, 0]:
                late = slice(
                    max(0, int(notes.onset[i, k] - end[i, j] + notes.position[i, j]) + 1), None
                )
                struck[i] |= _exclude(places[row, j], (int(notes.begins[i, j]), late))
            elif (between > j).any():  # a bar may begin between them
                struck[i] |= _exclude(places[row, between[-1]], 0)
        return struck

    def transpose(self, ids: np.ndarray, semitones: int) -> np.ndarray:
        """Return ids with all pitches moved by semitones and clamped to the range."""
        low, high = self.first["p"], self.first["p"] + HIGH - LOW
        moved = np.clip(ids + semitones, low, high)
        return np.where((ids >= low) & (ids <= high), moved, ids)

    def check(self, ids: np.ndarray) -> None:
        """Raise PromptError for an id that this encoding does not have."""
        if len(ids) and not 0 <= np.min(ids) <= np.max(ids) < self.size:
            raise PromptError(f"id {np.max(ids)} is not a word of the {self.size} of this encoding")


class Notes:
    """The notes of sequences (n, time): whether a bar begins, position and duration in sixteenths,
    onset in sixteenths from the first bar, pitch above the lowest: (n, notes) each.

    later: which notes (n, notes, notes) come after a note and have its pitch; gap: sixteenths to
    the nearest of them, (n, notes).
    """

    def __init__(self, code: PVD, ids: np.ndarray, bars: Bars) -> None:
        words, first = _by_note(ids), code.first
        kinds = code.kinds[words]
        self.begins = kinds[..., 0] == "b"
        self.position = np.maximum(code.positions[words[..., 0]], 0)
        self.pitch = words[..., 1] - first["p"]
        self.duration = DURATIONS[(words[..., 3] - first["d"]).clip(0, len(DURATIONS) - 1)]
        start = bars.start
        if start is None:
            start = bars.length * np.maximum(self.begins.cumsum(1) - 1, 0)
        self.onset = start + self.position
        self.real = real = (self.begins | (kinds[..., 0] == "o")) & (kinds[..., 1] == "p")
        real &= kinds[..., 3] == "d"
        self.later = self.pitch[:, :, None] == self.pitch[:, None]
        self.later &= real[:, :, None] & real[:, None]
        self.later &= np.triu(np.ones(self.later.shape[1:], dtype=bool), 1)
        ahead = self.onset[:, None] - self.onset[:, :, None]
        self.gap = np.where(self.later, ahead, NEVER).min(2, initial=NEVER)


def _exclude(weights: np.ndarray, part: Any) -> bool:
    """Set a part of log weights to −∞, unless nothing else is possible; return whether it was
    possible."""
    possible = np.isfinite(weights)
    if not possible[part].any():
        return False
    others = possible.copy()
    others[part] = False
    if others.any():
        weights[part] = -np.inf
    return True


def _fill(words: np.ndarray, given: np.ndarray, fresh: np.ndarray) -> None:
    """Write fresh words where none is given: (n, notes) each."""
    np.copyto(words, fresh, where=~given)


def _by_note(values: np.ndarray) -> np.ndarray:
    """Values of words, (n, 2 + 4 notes), by note: (n, notes, 4)."""
    return values[:, 1:-1].reshape(len(values), -1, 4)


def _pick(logits: np.ndarray, uniform: np.ndarray | None) -> np.ndarray:
    """Sample a class for each uniform number (…), or without them take the likeliest: logits
    (…, classes) → (…)."""
    if uniform is None:
        return logits.argmax(-1)
    top = logits.max(-1, keepdims=True)
    return inverse(np.exp(logits - np.where(np.isfinite(top), top, 0.0)), uniform)
