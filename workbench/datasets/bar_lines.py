"""Checking whether a performance's bar lines agree with the drummer's beat one.

Groove counts beats from the start of each recording. Where a drummer came in late, every bar that
is cut from the performance begins on the wrong beat, and a system that learns from it plays the
beat turned round. `audit` finds such performances by measurement; those in Groove are listed
in `MOVED` and `OFF` of `sets/groove.py`:

    python -m workbench.datasets.sets.groove

Only styles with a backbeat are checked: bass drum on one, snare on two and four. Elsewhere an
ijexá, a songo, a one drop or a swing leaves the one free and is right as it is. So is half-time,
and so is a "push": bass drum and crash half a beat before the bar line, the one itself empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.music.kit import DRUMS, read_lookup

if TYPE_CHECKING:
    from workbench.music.clip import Clip

BACKBEAT_STYLES = frozenset(
    {"rock", "pop", "punk", "funk", "hip hop", "soul", "country", "gospel", "dance"}
)
LEAST_BARS = 8  # fewer say too little
NEAR = 0.125  # beats: a hit so near to a beat is on it
ACCENT = 55  # velocity of the snare from which it can be a backbeat
EMPTY, FULL = 0.35, 0.55  # share of bars with the bass drum on one, before and after moving
SNARE, ONE_SNARE = 0.5, 0.75  # backbeat after moving: on both beats, or on one of them
CRASH = 0.05  # by so much more often the crash marks the new bar line than the old one
SWAPPED = 0.75  # share of bars with the bass drum on another beat and hardly ever on one
HARDLY = 0.1


@dataclass(frozen=True)
class Beats:
    """Share of bars with a hit on each of the four beats. bars: how many were counted.

    pushes: share of bars with a crash half a beat before each beat.
    """

    bars: int
    kick: np.ndarray
    snare: np.ndarray
    hats: np.ndarray
    crash: np.ndarray
    pushes: np.ndarray

    def moved(self, beats: int) -> Beats:
        """Return the same performance with its bar lines `beats` beats later."""
        parts = (self.kick, self.snare, self.hats, self.crash, self.pushes)
        return Beats(self.bars, *(np.roll(part, -beats) for part in parts))


@dataclass(frozen=True)
class Finding:
    """A performance whose bar lines are wrong. beats: how much later they must come; None where no
    move helps."""

    performance: str
    style: str
    split: str
    beats: int | None
    before: Beats
    after: Beats


def beats_of(notes: np.ndarray, bars: int | None = None) -> Beats:
    """Measure the beats of drum notes in 4/4 (times in beats, bar lines every four from 0)."""
    drum = read_lookup()[notes["pitch"] & 127]
    time, loud = notes["time"], notes["velocity"]
    n = bars or max(1, int(np.ceil((time.max(initial=0) + NEAR) / 4 - 1e-6)))

    def shares(chosen: np.ndarray, early: float = 0.0) -> np.ndarray:
        at = time[chosen] + early
        beat = np.round(at).astype(int)
        beat = beat[(np.abs(at - beat) < NEAR) & (beat >= 0) & (beat < 4 * n)]
        struck = np.zeros(4 * n)
        struck[beat] = 1
        return struck.reshape(n, 4).mean(0)

    is_drum = {code: drum == i for i, code in enumerate(DRUMS)}
    return Beats(
        n,
        shares(is_drum["BD"]),
        shares(is_drum["SD"] & (loud >= ACCENT)),
        shares(is_drum["CH"] | is_drum["OH"] | is_drum["RD"]),
        shares(is_drum["CR"]),
        shares(is_drum["CR"], 0.5),
    )


def fault_of(beats: Beats) -> int | None:
    """Beats by which the bar lines must move: 0 where they are right, None where no move helps.

    For a performance in a style with a backbeat.
    """
    if beats.bars < LEAST_BARS or beats.kick[0] > EMPTY:
        return 0
    for move in (2, 1, 3):
        after = beats.moved(move)
        back = after.snare[[1, 3]]
        # by two beats the backbeat falls on itself, so that the crash must decide
        held = back.min() >= SNARE and _marked(after) > _marked(beats) + CRASH
        swung = back.max() >= ONE_SNARE and after.kick[0] >= SWAPPED and beats.kick[0] <= HARDLY
        if after.kick[0] >= FULL and (held if move == 2 else swung):
            return move
    # half-time keeps its snare on three and is right without a bass drum on one
    half_time = beats.snare[2] >= SNARE and beats.snare[[1, 3]].max() < SNARE
    if beats.kick[0] <= HARDLY and beats.kick[[1, 3]].max() >= SWAPPED and not half_time:
        return None
    return 0


def _marked(beats: Beats) -> float:
    """How often the crash marks the one, on it or as a push before it."""
    return float(beats.crash[0] + beats.pushes[0])


def audit(clips: Iterable[Clip]) -> list[Finding]:
    """Performances in 4/4 whose bar lines are wrong. clips: whole performances with labels."""
    found = []
    for clip in clips:
        labels = clip.labels or {}
        judged = labels.get("kind") == "beat" and labels.get("style") in BACKBEAT_STYLES
        if not judged or tuple(clip.meter) != (4, 4):
            continue
        before = beats_of(clip.notes[clip.notes["is_drum"]])
        move = fault_of(before)
        if move != 0:
            found.append(
                Finding(
                    labels["performance"],
                    labels["style"],
                    labels.get("split", ""),
                    move,
                    before,
                    before.moved(move or 0),
                )
            )
    return found
