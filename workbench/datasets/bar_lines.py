"""Checking whether a performance's bar lines agree with the drummer's beat one.

Groove counts beats from the start of each recording. If the drummer started late, every bar that is
cut from the performance begins on the wrong beat, and a system learns a shifted beat from it.
`audit` finds such performances by measurement; those in Groove are listed in `MOVED` and `OFF` of
`sets/groove.py`:

    python -m workbench.datasets.sets.groove

Only styles with a backbeat are checked (bass drum on one, snare on two and four). Other styles,
such as ijexá, songo, one drop or swing, may leave beat one empty. So may half-time, and a "push":
bass drum and crash half a beat before the bar line.
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
LEAST_BARS = 8  # fewer are not enough
NEAR = 0.125  # beats: a hit at most this far from a beat is on it
ACCENT = 55  # least velocity of a snare that can be a backbeat
EMPTY, FULL = 0.35, 0.55  # share of bars with the bass drum on one, before and after moving
SNARE, ONE_SNARE = 0.5, 0.75  # backbeat after moving: on both beats, or on one of them
CRASH = 0.05  # how much more often the crash must mark the new bar line than the old one
SWAPPED = 0.75  # share of bars with the bass drum on another beat
HARDLY = 0.1  # share of bars with the bass drum on beat one, at most


@dataclass(frozen=True)
class Beats:
    """Share of bars with a hit on each of the four beats, (4,) per drum.

    Args:
        bars: Number of bars.
        kick: Bass drum.
        snare: Accented snare.
        hats: Hi-hats and ride.
        crash: Crash.
        pushes: Crash half a beat before each beat.
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
    """A performance with wrong bar lines. beats: how many beats later they must be; None if no move
    helps."""

    performance: str
    style: str
    split: str
    beats: int | None
    before: Beats
    after: Beats


def beats_of(notes: np.ndarray, bars: int | None = None) -> Beats:
    """Beats of drum notes in 4/4 (times in beats, bar lines every four from 0)."""
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
    """Beats by which the bar lines must move, for a performance in a style with a backbeat: 0 if
    they are right, None if no move helps."""
    if beats.bars < LEAST_BARS or beats.kick[0] > EMPTY:
        return 0
    for move in (2, 1, 3):
        after = beats.moved(move)
        back = after.snare[[1, 3]]
        # a move by two beats maps the backbeat to itself, so the crash must decide
        held = back.min() >= SNARE and _marked(after) > _marked(beats) + CRASH
        swung = back.max() >= ONE_SNARE and after.kick[0] >= SWAPPED and beats.kick[0] <= HARDLY
        if after.kick[0] >= FULL and (held if move == 2 else swung):
            return move
    # half-time has its snare on three and needs no bass drum on one
    half_time = beats.snare[2] >= SNARE and beats.snare[[1, 3]].max() < SNARE
    if beats.kick[0] <= HARDLY and beats.kick[[1, 3]].max() >= SWAPPED and not half_time:
        return None
    return 0


def _marked(beats: Beats) -> float:
    """How often the crash marks beat one, on it or as a push before it."""
    return float(beats.crash[0] + beats.pushes[0])


def audit(clips: Iterable[Clip]) -> list[Finding]:
    """Performances in 4/4 with wrong bar lines. clips: whole performances with labels."""
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
