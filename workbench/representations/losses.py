"""What a round trip through an encoding loses: notes before and after, matched to each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.music.timeline import tempo_map

if TYPE_CHECKING:
    from workbench.music.clip import Clip


@dataclass(frozen=True)
class Losses:
    """Counts and sums of absolute errors over the matched notes; `+` adds pieces up.

    onset: ms; duration: beats, over the `tuned` matched notes (of drums it says nothing);
    velocity: MIDI units. tracks, tempos: how many tracks with notes and tempo changes are gone.
    """

    notes: int = 0
    lost: int = 0
    matched: int = 0
    tuned: int = 0
    onset: float = 0.0
    duration: float = 0.0
    velocity: float = 0.0
    tracks: int = 0
    tempos: int = 0

    def __add__(self, other: Losses) -> Losses:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Losses(*(a + b for a, b in pairs))

    def means(self) -> tuple[float, float, float, float]:
        """Share of notes lost, mean errors of onset, duration, velocity; NaN where no note is."""
        counts = (self.notes, self.matched, self.tuned, self.matched)
        sums = (self.lost, self.onset, self.duration, self.velocity)
        share, onset, duration, velocity = (
            s / n if n else float("nan") for s, n in zip(sums, counts, strict=True)
        )
        return share, onset, duration, velocity


def losses(clip: Clip, back: Clip) -> Losses:
    """What `back`, the clip after a round trip, has lost.

    The onset error is how far a note is moved in the clip's own time, tempo changes included.
    """
    before, after = clip.notes, back.notes
    old, new = match(before, after)
    a, b = before[old], after[new]
    moved = np.abs(clip.seconds_at(a["time"]) - clip.seconds_at(b["time"]))
    tuned = ~a["is_drum"]
    return Losses(
        notes=len(before),
        lost=len(before) - len(a),
        matched=len(a),
        tuned=int(tuned.sum()),
        onset=float(1000 * moved.sum()),
        duration=float(np.abs(a["duration"] - b["duration"])[tuned].sum()),
        velocity=float(np.abs(a["velocity"].astype(int) - b["velocity"]).sum()),
        tracks=max(0, _tracks(clip) - _tracks(back)),
        tempos=max(0, _tempo_changes(clip) - _tempo_changes(back)),
    )


def total(pieces: Iterable[Losses]) -> Losses:
    """All pieces as one."""
    return sum(pieces, Losses())


def match(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of notes (dtype NOTE) that belong together, each note in one pair at most.

    Notes of one pitch, drums apart, are paired, as many as there are on both sides, so that the
    onsets are moved least in sum; of equal ones, those of the same program and duration.
    """
    pairs = []
    old, new = (notes["pitch"] + 128 * notes["is_drum"].astype(int) for notes in (before, after))
    for key in np.intersect1d(old, new):
        i, j = np.flatnonzero(old == key), np.flatnonzero(new == key)
        short, long = (i, j) if len(i) <= len(j) else (j, i)
        ours, theirs = (before, after) if len(i) <= len(j) else (after, before)
        short = short[np.argsort(ours[short], order=("time", "program", "duration"))]
        long = long[np.argsort(theirs[long], order=("time", "program", "duration"))]
        chosen = long[_align(ours[short], theirs[long])]
        pairs.append((short, chosen) if len(i) <= len(j) else (chosen, short))
    if not pairs:
        return np.empty(0, dtype=int), np.empty(0, dtype=int)
    first, second = (np.concatenate(side) for side in zip(*pairs, strict=True))
    order = np.argsort(first)
    return first[order], second[order]


def _align(short: np.ndarray, long: np.ndarray) -> np.ndarray:
    """For each of n notes one of m ≥ n, sorted by time all: indices (n,).

    On a line the cheapest assignment never crosses, so the k-th note takes one of the k-th to the
    (k + m − n)-th: dynamic programming over that band, O(n (m − n + 1)).
    """
    n, band = len(short), len(long) - len(short) + 1
    best = np.zeros(band)
    took = np.empty((n, band), dtype=int)
    for k in range(n):
        other = long[k : k + band]
        cost = (
            np.abs(other["time"] - short["time"][k])
            + 1e-5 * (other["program"] != short["program"][k])
            + 1e-6 * np.abs(other["duration"] - short["duration"][k])
            + best
        )
        best = np.minimum.accumulate(cost)
        is_best = cost == best
        took[k] = np.maximum.accumulate(np.where(is_best, np.arange(band), 0))
    chosen, place = np.empty(n, dtype=int), band - 1
    for k in range(n - 1, -1, -1):
        place = took[k, place]
        chosen[k] = k + place
    return chosen


def _tracks(clip: Clip) -> int:
    return sum(len(track.notes) > 0 for track in clip.score.tracks)


def _tempo_changes(clip: Clip) -> int:
    return int((np.abs(np.diff(tempo_map(clip.score)[1])) > 1e-3).sum())
