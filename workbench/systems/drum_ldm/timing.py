"""Timing that a chart asks for: a snare that lies behind the kick, hits that keep to the grid, and
hits that are struck together.

The denoiser is conditioned on the first two and meets them on average only; here each bar meets
them. It samples the offsets of two drums more independently than a drummer plays them: a kick and a
hi-hat that are struck together are early or late together.
"""

from __future__ import annotations

import numpy as np

from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import DrumChart, bar_steps, swing_of

N = len(DRUMS)
_BD, _SD = DRUMS.index("BD"), DRUMS.index("SD")
LEAST_SCALE = 0.25  # of the offsets of a bar
MOST = 0.45  # sixteenths; no offset becomes larger: at one half a hit is of the next cell
EDGE = 0.49  # of second hits
# Sixteen quantiles of `together_of` over the training loops of Groove, at most 60 of a session.
TOGETHER = (
    *(0.287, 0.421, 0.486, 0.535, 0.587, 0.644, 0.693, 0.731),
    *(0.778, 0.825, 0.877, 0.927, 0.982, 1.070, 1.168, 1.394),
)
NEAR = 0.3  # sixteenths; larger offsets are triplets
FEWEST = 5  # cells with hits of two drums or more, from which `together_of` is known
TOGETHER_SCALE = (0.35, 1.6)  # of the offsets of hits that are struck together
SWUNG = 0.5  # from this share of triplets on, offsets are the swing, and looseness stays


def timed(roll: np.ndarray, chart: DrumChart) -> np.ndarray:
    """Return a roll whose bars have the looseness and the lay that the chart asks.

    Args:
        roll: (steps, 27 · slots) of the chart's bars.
        chart: `loose`: offsets are scaled until this is their standard deviation in the bar, if it
            does not swing; `lay`: the snare is shifted until it is so far behind the kick, without
            hits on triplets. Bars where they are NaN stay as they are. `together`: hits that are
            struck together are moved towards each other, or apart, until this is their range.

    Returns:
        A copy with the same hits and velocities. Offsets grow to MOST at the most.
    """
    size, made = bar_steps(chart.meter), roll.copy()
    asked = ~(np.isnan(chart.loose) & np.isnan(chart.lay))
    if not asked.any():
        return _drawn_together(made, chart.together)
    parts = roll.reshape(-1, size, roll.shape[1] // N, N)  # (bars, size, 3 · slots, drums)
    swing = np.nan_to_num(swing_of(parts[:, :, 0] > 0.5, parts[:, :, 2], chart.meter))
    for bar in np.flatnonzero(asked):
        cells = made[bar * size : (bar + 1) * size].reshape(size, -1, 3, N)  # (…, slots, 3, drums)
        struck, first = cells[:, 0, 0] > 0.5, cells[:, 0, 2].copy()
        if swing[bar] < SWUNG:
            _loosen(first, struck, chart.loose[bar])
        _lay_back(first, struck & (np.abs(first) < NEAR), chart.lay[bar])
        # the hits of a flam keep their distance
        cells[:, :, 2] += ((first - cells[:, 0, 2]) * struck)[:, None] * (cells[:, :, 0] > 0.5)
        cells[:, 1:, 2] = cells[:, 1:, 2].clip(-EDGE, EDGE)
    return _drawn_together(made, chart.together)


def sampled_together(random: np.random.Generator) -> float:
    """Return how near a drummer's hits lie that are struck together, see `DrumChart.together`."""
    places = (np.arange(len(TOGETHER)) + 0.5) / len(TOGETHER)
    return float(np.interp(random.random(), places, TOGETHER))


def together_of(roll: np.ndarray) -> float:
    """Return the mean range of the offsets of hits in one sixteenth, divided by the standard
    deviation of all offsets; NaN for fewer than FEWEST such sixteenths. Offsets beyond NEAR, which
    are triplets, do not count.

    Args:
        roll: (steps, 27 · slots).
    """
    offset, near = _near(roll)
    several = near.sum(1) > 1
    if several.sum() < FEWEST:
        return float("nan")
    high = np.where(near, offset, -1).max(1)
    low = np.where(near, offset, 1).min(1)
    return float((high - low)[several].mean() / max(offset[near].std(), 1e-3))


def _near(roll: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the offsets of first hits and which of them are near the grid: each (steps, 9)."""
    offset = roll[:, 2 * N : 3 * N]
    return offset, (roll[:, :N] > 0.5) & (np.abs(offset) < NEAR)


def _drawn_together(roll: np.ndarray, together: float) -> np.ndarray:
    """Scale offsets about the mean of their sixteenth, in place."""
    now = together_of(roll)
    if np.isnan(together) or np.isnan(now):
        return roll
    offset, near = _near(roll)
    mean = (offset * near).sum(1, keepdims=True) / np.maximum(near.sum(1, keepdims=True), 1)
    scale = np.clip(together / max(now, 1e-3), *TOGETHER_SCALE)
    change = ((scale - 1) * (offset - mean) * near).astype(roll.dtype)
    cells = roll.reshape(len(roll), -1, 3, N)  # (…, slots, 3, drums); a flam keeps its distance
    cells[:, :, 2] += change[:, None] * (cells[:, :, 0] > 0.5)
    cells[:, :, 2] = cells[:, :, 2].clip(-EDGE, EDGE)
    return roll


def _loosen(offset: np.ndarray, struck: np.ndarray, loose: float) -> None:
    if np.isnan(loose) or struck.sum() <= 3:
        return
    most = max(1.0, MOST / max(np.abs(offset[struck]).max(), 1e-6))
    scale = loose / max(offset[struck].std(), 1e-6)
    offset[struck] *= np.clip(scale, LEAST_SCALE, most)


def _lay_back(offset: np.ndarray, struck: np.ndarray, lay: float) -> None:
    kick, snare = (offset[struck[:, drum], drum] for drum in (_BD, _SD))
    if np.isnan(lay) or not len(kick) or not len(snare):
        return
    room = min(0.0, -MOST - snare.min()), max(0.0, MOST - snare.max())
    offset[struck[:, _SD], _SD] += np.clip(lay - snare.mean() + kick.mean(), *room)
