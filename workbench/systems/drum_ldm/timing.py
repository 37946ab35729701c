"""Timing that a chart asks for: a snare that lies behind the kick, hits that keep to the grid.

The denoiser is conditioned on both and meets them on average only; here each bar meets them.
"""

from __future__ import annotations

import numpy as np

from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import DrumChart, bar_steps

N = len(DRUMS)
_BD, _SD = DRUMS.index("BD"), DRUMS.index("SD")
LEAST_SCALE = 0.25  # of the offsets of a bar
MOST = 0.45  # sixteenths; no offset becomes larger: at one half a hit is of the next cell
EDGE = 0.49  # of second hits
SWUNG = 0.5  # from this share of triplets on, offsets are the swing and stay


def timed(roll: np.ndarray, chart: DrumChart) -> np.ndarray:
    """Return a roll whose straight bars have the looseness and the lay that the chart asks.

    Args:
        roll: (steps, 27 · slots) of the chart's bars.
        chart: `loose`: offsets are scaled until this is their standard deviation in the bar;
            `lay`: the snare is shifted until it is so far behind the kick. Bars where they are NaN
            stay as they are, and so do bars that swing.

    Returns:
        A copy with the same hits and velocities. Offsets grow to MOST at the most.
    """
    size, made = bar_steps(chart.meter), roll.copy()
    asked = ~(np.isnan(chart.loose) & np.isnan(chart.lay))
    if not asked.any():
        return made
    swing = np.nan_to_num(DrumChart.measure(roll, chart.meter).swing)
    for bar in np.flatnonzero(asked & (swing < SWUNG)):
        cells = made[bar * size : (bar + 1) * size].reshape(size, -1, 3, N)  # (…, slots, 3, drums)
        struck, first = cells[:, 0, 0] > 0.5, cells[:, 0, 2].copy()
        _loosen(first, struck, chart.loose[bar])
        _lay_back(first, struck, chart.lay[bar])
        # the hits of a flam keep their distance
        cells[:, :, 2] += ((first - cells[:, 0, 2]) * struck)[:, None] * (cells[:, :, 0] > 0.5)
        cells[:, 1:, 2] = cells[:, 1:, 2].clip(-EDGE, EDGE)
    return made


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
