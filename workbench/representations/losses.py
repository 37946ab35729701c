"""The losses of a round trip through an encoding: notes before and after are matched."""

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
    """Counts, and sums of absolute errors over the matched notes; `+` adds those of several pieces.

    Args:
        notes: Notes before the round trip.
        lost: Notes without a match.
        matched: Notes with a match.
        tuned: Matched notes that are not drums.
        onset: Sum of the onset errors in ms.
        duration: Sum of the duration errors in quarter notes, over the `tuned` notes.
        velocity: Sum of the velocity errors, 0 to 127 each.
        tracks: Tracks with notes that are lost.
        tempos: Tempo changes that are lost.
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
        """Return the share of lost notes and the mean errors of onset, duration and velocity; NaN
        if there are no notes."""
        counts = (self.notes, self.matched, self.tuned, self.matched)
        sums = (self.lost, self.onset, self.duration, self.velocity)
        share, onset, duration, velocity = (
            s / n if n else float("nan") for s, n in zip(sums, counts, strict=True)
        )
        return share, onset, duration, velocity


def losses(clip: Clip, back: Clip) -> Losses:
    """Return the losses of `back`, the clip after a round trip.

    The onset error of a note is measured in seconds of the original clip, with its tempo changes.
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
    """Return the sum over all pieces."""
    return sum(pieces, Losses())


def match(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Match notes (dtype NOTE) and return their indices in `before` and `after`, (pairs,) each.

    Notes with the same pitch are paired, drums only with drums. As many pairs as possible are
    formed, with the smallest sum of onset differences; ties are resolved by program and duration.
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
    """Assign one of m ≥ n notes to each of n notes, all sorted by time: indices (n,).

    On a line, the cheapest assignment has no crossings. The k-th note is therefore assigned one of
    the k-th to the (k + m − n)-th. Dynamic programming over that band takes O(n (m − n + 1)).
    """
    n, band = len(short), len(long) - len(short) + 1
    best = np.zeros(band)
    choice = np.empty((n, band), dtype=int)
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
        choice[k] = np.maximum.accumulate(np.where(is_best, np.arange(band), 0))
    chosen, column = np.empty(n, dtype=int), band - 1
    for k in range(n - 1, -1, -1):
        column = choice[k, column]
        chosen[k] = k + column
    return chosen


def _tracks(clip: Clip) -> int:
    return sum(len(track.notes) > 0 for track in clip.score.tracks)


def _tempo_changes(clip: Clip) -> int:
    return int((np.abs(np.diff(tempo_map(clip.score)[1])) > 1e-3).sum())
