"""The loops of the drum benchmarks: held-out sessions and training sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from workbench.datasets import cut_loops, load
from workbench.datasets.dataset import evenly_spaced
from workbench.evaluation.features import judge_features, style_features
from workbench.representations.drum_roll import rolls_of

if TYPE_CHECKING:
    from workbench.music.clip import Clip

BARS = 8


@dataclass
class LoopSet:
    """Loops with everything that metrics read, computed at first access."""

    clips: list[Clip]

    def __len__(self) -> int:
        return len(self.clips)

    def take(self, rows: Sequence[int] | np.ndarray) -> LoopSet:
        return LoopSet([self.clips[int(i)] for i in rows])

    def spread(self, n: int) -> LoopSet:
        """At most `n` of them, at even distances."""
        return LoopSet(evenly_spaced(self.clips, n))

    def labels(self, name: str) -> np.ndarray:
        return np.array([str(clip.labels.get(name, "")) for clip in self.clips])

    @property
    def captions(self) -> list[str]:
        return [clip.caption for clip in self.clips]

    @property
    def performances(self) -> np.ndarray:
        return self.labels("performance")

    @cached_property
    def rolls(self) -> np.ndarray:
        return rolls_of(self.clips)

    def rolls_of(self, slots: int) -> np.ndarray:
        """Rolls with so many hits of a drum in a cell: (n, steps, 27 · slots)."""
        return self.rolls if slots == 1 else rolls_of(self.clips, slots=slots)

    @cached_property
    def judged(self) -> np.ndarray:
        return judge_features(self.rolls)[0]

    @cached_property
    def styled(self) -> np.ndarray:
        return style_features(self.rolls)[0]


@dataclass
class DrumData:
    """Loops of eight bars of a data set."""

    name: str
    limit: int | None = None

    def loops(self, split: str, hop: int = BARS) -> LoopSet:
        """Loops of a split. hop: bars from one window to the next."""
        return LoopSet(cut_loops(load(self.name, split=split, limit=self.limit), BARS, hop))

    @cached_property
    def train(self) -> LoopSet:
        return self.loops("train")

    @cached_property
    def test(self) -> LoopSet:
        return self.loops("test")

    @cached_property
    def unheard(self) -> LoopSet:
        """Test and validation loops: all sessions that are not in the training data."""
        return LoopSet([*self.test.clips, *self.loops("validation").clips])

    def sessions(self, n: int) -> tuple[LoopSet, np.ndarray]:
        """Loops of all sessions for judges, and which of them (bools) are held out.

        At most `n` are of the sessions that were not trained on, and about as many of those that
        were, as evenly as their lengths allow. A judge that learns from all of them knows many
        drummers; its accuracy is measured on those held out.
        """
        held_out = self.unheard.spread(n).clips
        by: dict[str, list[Clip]] = {}
        for clip in self.train.clips:
            by.setdefault(str(clip.labels["session"]), []).append(clip)
        most = -(-n // max(1, len(by)))
        others = [clip for clips in by.values() for clip in evenly_spaced(clips, most)]
        mask = np.arange(len(held_out) + len(others)) < len(held_out)
        return LoopSet([*held_out, *others]), mask

    @cached_property
    def styles(self) -> list[str]:
        """The six styles with the most training performances of beats, the most frequent first."""
        seen = {
            (clip.labels["performance"], clip.labels["style"])
            for clip in self.train.clips
            if clip.labels.get("kind") == "beat" and clip.labels.get("style")
        }
        return [style for style, _ in Counter(style for _, style in seen).most_common(6)]


def beats_of(loops: LoopSet, styles: Sequence[str]) -> LoopSet:
    """Loops of beats (not fills) in one of these styles."""
    return LoopSet(
        [c for c in loops.clips if c.labels.get("kind") == "beat" and c.labels["style"] in styles]
    )
