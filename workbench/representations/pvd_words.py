"""The words of the p/v/d encoding: their names, kinds and order. See `pvd.py`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.errors import PromptError

PAD, CLS, SEP = range(3)
ENDS = (CLS, SEP)  # words that say nothing about the music
WORDS = 128
LENGTH = WORDS + 2
LOW, HIGH = 28, 100  # E1 to E7
VELOCITIES = 8  # bins of 16
DURATIONS = np.array([1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32])  # sixteenths
POSITIONS = 24  # sixteenths in the longest bar, 6/4
BAR = 16  # sixteenths in a bar of 4/4


@dataclass(frozen=True)
class Bars:
    """Where the bars of a window lie, in sixteenths: the start of the bar of each note, (notes,),
    or None if bars of `length` follow each other."""

    length: int = BAR
    start: np.ndarray | None = None


BAR_LINES = Bars()


@dataclass(frozen=True)
class Words:
    """The words, with or without those of rhythm. The ids are the special words, then p, v, d, then
    o and b."""

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

    def cycle(self, length: int) -> np.ndarray:
        """Return which kinds of words may stand where: bool (length, words)."""
        order = ("ob", "p", "v", "d") if self.rhythm else ("p", "v", "d")
        kinds = np.array([np.isin(self.kinds, list(kind)) for kind in order])
        allowed = kinds[(np.arange(length) - 1) % len(order)]
        allowed[[0, -1]] = False
        allowed[0, CLS] = allowed[-1, SEP] = True
        return allowed

    def transpose(self, ids: np.ndarray, semitones: int) -> np.ndarray:
        """Return ids with all pitches moved by semitones and clamped to the range."""
        low, high = self.first["p"], self.first["p"] + HIGH - LOW
        moved = np.clip(ids + semitones, low, high)
        return np.where((ids >= low) & (ids <= high), moved, ids)

    def check(self, ids: np.ndarray) -> None:
        """Raise PromptError for an id that this encoding does not have."""
        if len(ids) and not 0 <= np.min(ids) <= np.max(ids) < self.size:
            raise PromptError(f"id {np.max(ids)} is not a word of the {self.size} of this encoding")
