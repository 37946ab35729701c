"""Rhythm in numbers: density, syncopation, swing, microtiming, and where drums fall in the bar.

Rolls are arrays (n, steps, 27) of hits | velocity | offset, on sixteenths, 16 steps a bar; each
measure returns one value a loop, (n,), unless it says otherwise.
"""

from __future__ import annotations

import numpy as np

from workbench.arguments import whole
from workbench.errors import PromptError
from workbench.evaluation.checks import drum_rolls
from workbench.evaluation.fillings import jensen_shannon as divergence

N, BAR = 9, 16
ACCENT = 0.43  # velocity, 0 to 1: a snare from here on is a backbeat, below it a ghost note
OFFBEAT = (0.42, 0.75)  # of a beat: where the note that divides it lies

# Metrical weight of each sixteenth of a bar of 4/4: 0 the downbeat, −1 beat three, −2 beats two
# and four, −3 the other eighths, −4 the other sixteenths (Longuet-Higgins and Lee, 1984).
WEIGHTS = np.array([0, -4, -3, -4, -2, -4, -3, -4, -1, -4, -3, -4, -2, -4, -3, -4])


def hits_of(rolls: np.ndarray) -> np.ndarray:
    """(n, steps, 9) bool."""
    return rolls[..., :N] > 0.5


def density(rolls: np.ndarray) -> np.ndarray:
    """Hits a beat."""
    rolls = drum_rolls(rolls)
    return hits_of(rolls).sum((1, 2)) / (rolls.shape[1] / 4)


def syncopation(onsets: np.ndarray) -> np.ndarray:
    """Longuet-Higgins and Lee's syncopation a bar, of (n, steps) bool, the loop closed to a ring.

    A note that is held over a silent place of greater weight is syncopated by the difference
    (Music Perception 1(4), 1984). 0 for notes on strong places only.
    """
    onsets = np.atleast_2d(onsets).astype(bool)
    steps = onsets.shape[1]
    weight = np.tile(WEIGHTS, _bars(onsets).shape[1])
    total = np.zeros(len(onsets))
    for row, pattern in enumerate(onsets):
        places = np.flatnonzero(pattern)
        if len(places) == 0:
            continue
        following = np.append(places[1:], places[0] + steps)
        for place, end in zip(places, following, strict=True):
            silent = weight[np.arange(place + 1, end) % steps]
            if len(silent):
                total[row] += max(0, int(silent.max()) - int(weight[place]))
    return total / (steps / BAR)


def kick_and_snare(rolls: np.ndarray) -> np.ndarray:
    """Onsets of bass drum and of accented snare together: (n, steps) bool. What is syncopated."""
    rolls = drum_rolls(rolls)
    hits = hits_of(rolls)
    return hits[..., 0] | (hits[..., 1] & (rolls[..., N + 1] >= ACCENT))


def swing_ratio(rolls: np.ndarray) -> np.ndarray:
    """`swing_of` the hits of each loop."""
    rolls = drum_rolls(rolls)
    steps = np.arange(rolls.shape[1])[None, :, None]
    place = ((steps + rolls[..., 2 * N :]) / 4) % 1
    return np.array([swing_of(p[h]) for p, h in zip(place, hits_of(rolls), strict=True)])


def swing_of(place: np.ndarray) -> float:
    """How a beat is divided by its off-beat note: 1 even eighths, 2 triplet swing; NaN if none.

    The median p of all places within the beat (0 to 1) that lie between 0.42 and 0.75, as
    p / (1 − p).
    """
    off = place[(place > OFFBEAT[0]) & (place < OFFBEAT[1])]
    if len(off) == 0:
        return float("nan")
    middle = np.median(off)
    return float(middle / (1 - middle))


def microtiming(rolls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the hits' offset from the grid, in steps."""
    rolls = drum_rolls(rolls)
    return _moments(rolls[..., 2 * N :], hits_of(rolls))


def velocity(rolls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the hits' velocity, 0 to 1."""
    rolls = drum_rolls(rolls)
    return _moments(rolls[..., N : 2 * N], hits_of(rolls))


def positions(rolls: np.ndarray) -> np.ndarray:
    """How often each drum is hit on each sixteenth of the bar: (n, 9, 16), 0 to 1."""
    rolls = drum_rolls(rolls)
    return hits_of(_bars(rolls)).mean(1).transpose(0, 2, 1)


def position_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Jensen–Shannon distance between two sets' histograms of drum and place in the bar."""
    return jensen_shannon(positions(a).sum(0).ravel(), positions(b).sum(0).ravel())


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """√(Jensen–Shannon divergence to base 2) of two histograms: 0 the same, 1 without overlap."""
    return float(np.sqrt(max(0.0, divergence(p / p.sum(), q / q.sum()))))


def repetition(rolls: np.ndarray, bars: int) -> np.ndarray:
    """Mean overlap (intersection over union of hits) of each bar with the one `bars` later."""
    rolls, bars = drum_rolls(rolls), whole(bars, "bars", 1)
    per_bar = hits_of(_bars(rolls)).reshape(len(rolls), -1, BAR * N)
    a, b = per_bar[:, :-bars], per_bar[:, bars:]
    either = (a | b).sum(-1)
    return np.where(either > 0, (a & b).sum(-1) / np.maximum(1, either), 1.0).mean(1)


def _moments(values: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the masked cells of each loop; 0 where there are none."""
    count = np.maximum(1, mask.sum((1, 2)))
    mean = (values * mask).sum((1, 2)) / count
    square = ((values - mean[:, None, None]) ** 2 * mask).sum((1, 2)) / count
    return mean, np.sqrt(square)


def downbeats(rolls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of bars with a bass drum on beat one, and with one on beat two or four: (n,) each."""
    rolls = drum_rolls(rolls)
    kick = _on_beats(hits_of(rolls)[..., 0])
    return kick[..., 0].mean(1), (kick[..., 1] | kick[..., 3]).mean(1)


def backbeats(rolls: np.ndarray, *, half_time: bool = False) -> np.ndarray:
    """Share of bars with a snare on both beats two and four, in half-time on beat three: (n,)."""
    rolls = drum_rolls(rolls)
    snare = _on_beats(hits_of(rolls)[..., 1])
    return (snare[..., 2] if half_time else snare[..., 1] & snare[..., 3]).mean(1)


def _on_beats(hits: np.ndarray) -> np.ndarray:
    """(n, steps) bool → (n, bars, 4) bool: is the beat's own sixteenth struck?"""
    return _bars(hits).reshape(len(hits), -1, 4, 4)[..., 0]


def _bars(values: np.ndarray) -> np.ndarray:
    """(n, steps, …) → (n, bars, 16, …); PromptError where they are no whole bars of 4/4."""
    if values.shape[1] % BAR:
        raise PromptError(
            f"rolls: {values.shape[1]} steps are not whole bars of 4/4, {BAR} sixteenths each; cut "
            "loops in 4/4 with datasets.cut_loops(clips, bars=…)"
        )
    return values.reshape(len(values), -1, BAR, *values.shape[2:])
