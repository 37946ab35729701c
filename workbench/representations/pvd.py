"""Piano music as words: p□□ v□□ d□□, the encoding of "Adapting Diffusion-LM to Discrete Music".

Each note is three words: pitch, velocity and duration. Simultaneous notes follow each other, lowest
first; very low and very high pitches are clamped. A sequence has 128 words between [CLS] and [SEP],
130 in all. Onsets are lost. With `rhythm`, a fourth word before the pitch keeps them: o□□ is a
position in the bar in sixteenths, and b□□ is the same at the first note of a new bar. Each position
in a sequence thus has a fixed kind of word, which a model that samples all words at once learns
quickly.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.music.notes import NOTE, without_drums
from workbench.music.timeline import check_meter, other_meters

PAD, CLS, SEP = range(3)
WORDS = 128
LENGTH = WORDS + 2
LOW, HIGH = 28, 100  # E1 to E7
VELOCITIES = 8  # bins of 16
DURATIONS = np.array([1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32])  # sixteenths
POSITIONS = 24  # sixteenths in the longest bar, 6/4


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
        """Return which words may follow the word before them: (n, time − 1) bool for ids (n, time).
        Padding counts as correct. Positions must not descend within a bar."""
        ids = np.atleast_2d(ids)
        kind = np.where(ids == CLS, "c", np.where(ids == SEP, "s", self.kinds[ids]))
        pairs = np.char.add(kind[:, :-1].astype("U1"), kind[:, 1:].astype("U1"))
        starts = ("cb", "bp", "op", "do", "db") if self.rhythm else ("cp", "dp", "ps", "vs")
        fine = np.isin(pairs, [*starts, "pv", "vd", "ds"])
        if self.rhythm:
            last = np.zeros(len(ids), dtype=int)
            for t in range(1, ids.shape[1]):
                place = ids[:, t] - self.first["o"]
                later = kind[:, t] == "o"
                fine[:, t - 1] &= ~later | (place >= last)
                last = np.where(later, place, last)
                last = np.where(kind[:, t] == "b", ids[:, t] - self.first["b"], last)
        return fine | (ids[:, 1:] == PAD)

    def validity(self, ids: np.ndarray) -> tuple[float, float]:
        """Return the share of words that are grammatical, and the share of sequences without an
        error."""
        fine = self.grammatical(ids)
        real = np.atleast_2d(ids)[:, 1:] != PAD
        return float(fine[real].mean()), float(fine.all(1).mean())

    def round(self, logits: np.ndarray) -> np.ndarray:
        """Return the likeliest grammatical sequence: logits (n, 130, words) → ids (n, 130).

        Kinds of words follow each other in a fixed cycle, so only positions depend on each other.
        They are found by a Viterbi search over (o or b, position) of the notes.
        """
        ids = np.where(self._cycle(logits.shape[1]), logits, -np.inf).argmax(-1)
        if self.rhythm:
            ids[:, 1:-1:4] = self._places(logits[:, 1:-1:4])
        return ids

    def sample(self, logits: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Sample a grammatical sequence, its words otherwise independent of each other.

        Positions are sampled together, by forward filtering and backward sampling. A word that is
        given, by logits that leave no other, stays even where it is not grammatical.

        Args:
            logits: (n, 130, words).
            uniform: Uniform numbers (n, 130), one per word.

        Returns:
            Ids (n, 130).
        """
        logits = np.where(self._cycle(logits.shape[1]), logits, np.minimum(logits - 1e8, -1e8))
        p = np.exp(logits - logits.max(-1, keepdims=True))
        ids = _inverse(p, uniform)
        if self.rhythm:
            ids[:, 1:-1:4] = self._sample_places(p[:, 1:-1:4], uniform[:, 1:-1:4])
        return ids

    def _cycle(self, length: int) -> np.ndarray:
        """Return which kinds of words may stand where: bool (length, words)."""
        order = ("ob", "p", "v", "d") if self.rhythm else ("p", "v", "d")
        kinds = np.array([np.isin(self.kinds, list(kind)) for kind in order])
        allowed = kinds[(np.arange(length) - 1) % len(order)]
        allowed[[0, -1]] = False
        allowed[0, CLS] = allowed[-1, SEP] = True
        return allowed

    def _sample_places(self, p: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Sample position words that begin with a bar and never descend within one: weights
        (n, notes, words), uniform numbers (n, notes) → ids (n, notes)."""
        first, bars = self.first["o"], np.arange(2 * POSITIONS) >= POSITIONS
        at = np.arange(2 * POSITIONS) % POSITIONS
        follows = np.where(bars | (at[:, None] <= at), 1.0, 1e-30)  # (before, after)
        p = p[..., first : first + 2 * POSITIONS].astype(float)
        # behind the end of a short sequence: any word may come before the first of a bar
        p = np.where(p.sum(-1, keepdims=True) > 0, p, np.eye(2 * POSITIONS)[POSITIONS])
        reached = p.copy()  # p(word, words before it are grammatical), up to a factor
        reached[:, 0] *= np.where(bars, 1.0, 1e-30)
        for t in range(1, p.shape[1]):
            before = reached[:, t - 1] / reached[:, t - 1].sum(-1, keepdims=True)
            reached[:, t] *= before @ follows
        ids = np.empty(p.shape[:2], dtype=int)
        ids[:, -1] = _inverse(reached[:, -1], uniform[:, -1])
        for t in reversed(range(p.shape[1] - 1)):
            ids[:, t] = _inverse(reached[:, t] * follows[:, ids[:, t + 1]].T, uniform[:, t])
        return ids + first

    def _places(self, logits: np.ndarray) -> np.ndarray:
        """Return the likeliest position words that begin with a bar and never descend within one:
        logits (n, notes, words) → ids (n, notes)."""
        o, b = (logits[..., self.first[kind] :][..., :POSITIONS] for kind in "ob")
        best, notes = (
            b[:, 0],
            logits.shape[1],
        )  # (n, positions): score of the best path to each position
        chosen, came = np.zeros(
            (2, notes, *best.shape), dtype=int
        )  # whether a bar begins; the position before
        chosen[0] = 1
        for t in range(1, notes):
            at = np.arange(POSITIONS)
            reached = np.maximum.accumulate(
                best, axis=1
            )  # the best path to this position or an earlier one
            source = np.maximum.accumulate(np.where(best == reached, at, 0), axis=1)
            top = best.argmax(1)[:, None]
            same_bar, new_bar = reached + o[:, t], best.max(1)[:, None] + b[:, t]
            chosen[t] = new_bar > same_bar
            came[t] = np.where(chosen[t], top, source)
            best = np.maximum(same_bar, new_bar)
        ids = np.empty(logits.shape[:2], dtype=int)
        place, row = best.argmax(1), np.arange(len(best))
        for t in reversed(range(notes)):
            kind = np.where(chosen[t, row, place] == 1, self.first["b"], self.first["o"])
            ids[:, t] = kind + place
            place = came[t, row, place]
        return ids

    def transpose(self, ids: np.ndarray, semitones: int) -> np.ndarray:
        """Return ids with all pitches moved by semitones and clamped to the range."""
        low, high = self.first["p"], self.first["p"] + HIGH - LOW
        moved = np.clip(ids + semitones, low, high)
        return np.where((ids >= low) & (ids <= high), moved, ids)

    def check(self, ids: np.ndarray) -> None:
        """Raise PromptError for an id that this encoding does not have."""
        if len(ids) and not 0 <= np.min(ids) <= np.max(ids) < self.size:
            raise PromptError(f"id {np.max(ids)} is not a word of the {self.size} of this encoding")


def _inverse(p: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Return the index of the class that each uniform number (…) falls on: weights (…, classes) →
    (…)."""
    up_to = p.cumsum(-1)
    return (up_to <= uniform[..., None] * up_to[..., -1:]).sum(-1).clip(max=p.shape[-1] - 1)
