"""Metrics of rhythm on drum rolls: density, syncopation, swing, microtiming, positions in the bar.

Rolls are arrays (n, steps, 27) of hits | velocity | offset on sixteenths, 16 steps per bar. Each
metric returns one value per loop, (n,), unless stated otherwise.
"""

from __future__ import annotations

import numpy as np

from workbench.arguments import floats, whole
from workbench.errors import PromptError
from workbench.evaluation.checks import array, drum_rolls
from workbench.evaluation.fillings import jensen_shannon as divergence
from workbench.music.likeness import jaccard

N, BAR = 9, 16
ACCENT = 0.43  # velocity, 0 to 1: a snare is a backbeat from here on and a ghost note below
OFFBEAT = (0.42, 0.75)  # range of an off-beat's position within its beat

# Metrical weight of each sixteenth of a bar of 4/4: 0 the downbeat, −1 beat three, −2 beats two
# and four, −3 the other eighths, −4 the other sixteenths (Longuet-Higgins and Lee, 1984).
WEIGHTS = np.array([0, -4, -3, -4, -2, -4, -3, -4, -1, -4, -3, -4, -2, -4, -3, -4])


def hits_of(rolls: np.ndarray) -> np.ndarray:
    """Cells with a hit: rolls (…, 27) → (…, 9) bool."""
    return array(rolls, "rolls", "(…, 27)")[..., :N] > 0.5


def density(rolls: np.ndarray) -> np.ndarray:
    """Hits per beat of rolls (n, steps, 27): (n,), 0 or more."""
    rolls = drum_rolls(rolls)
    return hits_of(rolls).sum((1, 2)) / (rolls.shape[1] / 4)


def syncopation(onsets: np.ndarray) -> np.ndarray:
    """Syncopation of loops. A note that lasts over a silent position of greater metrical weight
    contributes the difference of the weights. The loop is closed to a ring.

    Args:
        onsets: (n, steps) or (steps,), bool, whole bars of 4/4 in sixteenths.

    Returns:
        Sum of the contributions per bar, (n,): 0 for notes on strong positions only.

    Raises:
        PromptError: for steps that are not whole bars.

    Source:
        Longuet-Higgins and Lee 1984, "The rhythmic interpretation of monophonic music", Music
        Perception 1(4).
    """
    onsets = array(np.atleast_2d(floats(onsets, "onsets")), "onsets", "(n, steps)") > 0
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
    """Onsets whose syncopation is measured: bass drum and accented snare (velocity 0.43 or more) of
    rolls (n, steps, 27), as (n, steps) bool."""
    rolls = drum_rolls(rolls)
    hits = hits_of(rolls)
    return hits[..., 0] | (hits[..., 1] & (rolls[..., N + 1] >= ACCENT))


def swing_ratio(rolls: np.ndarray) -> np.ndarray:
    """`swing_of` the hits of each loop, rolls (n, steps, 27) → (n,)."""
    rolls = drum_rolls(rolls)
    steps = np.arange(rolls.shape[1])[None, :, None]
    place = ((steps + rolls[..., 2 * N :]) / 4) % 1
    return np.array([swing_of(p[h]) for p, h in zip(place, hits_of(rolls), strict=True)])


def swing_of(place: np.ndarray) -> float:
    """Swing ratio p / (1 − p), with p the median position of the notes on off-beats.

    Args:
        place: Positions of notes within their beat, 0 to 1; those from 0.42 to 0.75 count.

    Returns:
        1 for even eighths, 2 for triplet swing; NaN without off-beats.

    Source:
        Friberg and Sundström 2002, "Swing ratios and ensemble timing in jazz performance" (ratio).
    """
    place = array(place, "place", "(notes,)")
    off = place[(place > OFFBEAT[0]) & (place < OFFBEAT[1])]
    if len(off) == 0:
        return float("nan")
    middle = np.median(off)
    return float(middle / (1 - middle))


def microtiming(rolls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the hits' offsets from the grid, (n,) each, in sixteenths:
    below 0 is early. 0 for a loop without hits."""
    rolls = drum_rolls(rolls)
    return _moments(rolls[..., 2 * N :], hits_of(rolls))


def velocity(rolls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the hits' velocities, (n,) each, 0 to 1; 0 for a loop
    without hits."""
    rolls = drum_rolls(rolls)
    return _moments(rolls[..., N : 2 * N], hits_of(rolls))


def positions(rolls: np.ndarray) -> np.ndarray:
    """Share of bars in which each drum is hit on each sixteenth: (n, 9, 16), 0 to 1."""
    rolls = drum_rolls(rolls)
    return hits_of(_bars(rolls)).mean(1).transpose(0, 2, 1)


def position_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Jensen–Shannon distance between the histograms over drum and position in the bar of two
    sets of rolls, (n, steps, 27) and (m, steps, 27): 0 (equal) to 1 (no overlap)."""
    return jensen_shannon(positions(a).sum(0).ravel(), positions(b).sum(0).ravel())


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """Jensen–Shannon distance: the square root of the divergence in bits.

    Args:
        p: A histogram (k,), 0 or more, with a positive sum; it is normalised.
        q: The same, (k,).

    Returns:
        0 (equal) to 1 (no overlap).

    Source:
        Endres and Schindelin 2003, "A new metric for probability distributions".
    """
    p, q = array(p, "p", "(k,)"), array(q, "q", "(k,)")
    return float(np.sqrt(max(0.0, divergence(p / p.sum(), q / q.sum()))))


def repetition(rolls: np.ndarray, bars: int) -> np.ndarray:
    """Similarity of bars at a distance: mean intersection over union of the hits of each bar and
    the bar `bars` later.

    Args:
        rolls: (n, steps, 27), whole bars, more than `bars` of them.
        bars: Distance, 1 or more.

    Returns:
        (n,), 0 to 1; two silent bars count as 1.
    """
    rolls, bars = drum_rolls(rolls), whole(bars, "bars", 1)
    per_bar = hits_of(_bars(rolls)).reshape(len(rolls), -1, BAR * N)
    return jaccard(per_bar[:, :-bars], per_bar[:, bars:]).mean(1)


def _moments(values: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the masked cells of each loop; 0 without such cells."""
    count = np.maximum(1, mask.sum((1, 2)))
    mean = (values * mask).sum((1, 2)) / count
    square = ((values - mean[:, None, None]) ** 2 * mask).sum((1, 2)) / count
    return mean, np.sqrt(square)


def downbeats(rolls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of bars with a bass drum on beat one, and share with one on beat two or four: (n,)
    each, 0 to 1."""
    rolls = drum_rolls(rolls)
    kick = _on_beats(hits_of(rolls)[..., 0])
    return kick[..., 0].mean(1), (kick[..., 1] | kick[..., 3]).mean(1)


def backbeats(rolls: np.ndarray, *, half_time: bool = False) -> np.ndarray:
    """Share of bars with a snare on both beats two and four, 0 to 1; half_time: on beat three."""
    rolls = drum_rolls(rolls)
    snare = _on_beats(hits_of(rolls)[..., 1])
    return (snare[..., 2] if half_time else snare[..., 1] & snare[..., 3]).mean(1)


def _on_beats(hits: np.ndarray) -> np.ndarray:
    """(n, steps) bool → (n, bars, 4) bool: whether the sixteenth on each beat is hit."""
    return _bars(hits).reshape(len(hits), -1, 4, 4)[..., 0]


def _bars(values: np.ndarray) -> np.ndarray:
    """(n, steps, …) → (n, bars, 16, …); PromptError unless steps are whole bars of 4/4."""
    if values.shape[1] % BAR:
        raise PromptError(
            f"rolls: {values.shape[1]} steps are not whole bars of 4/4, {BAR} sixteenths each; cut "
            "loops in 4/4 with datasets.cut_loops(clips, bars=…)"
        )
    return values.reshape(len(values), -1, BAR, *values.shape[2:])
