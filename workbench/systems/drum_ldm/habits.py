"""How drummers play a pattern that is requested: they leave it where the groove changes.

A drummer who is to play eighths on the hi-hat plays most of them, and leaves them for a change. In
the loops of Groove that are captioned so, 73 % of the eighths are struck, and a quarter of the bars
has all of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import DrumChart, bar_steps

TIMEKEEPERS = [DRUMS.index(name) for name in ("CH", "RD")]
LEAST = 4  # a pattern with fewer hits per bar does not keep time
KEPT = 0.85  # share of a pattern's hits that stay asked
_CH, _OH = DRUMS.index("CH"), DRUMS.index("OH")


def relaxed(chart: DrumChart, random: np.random.Generator) -> DrumChart:
    """Return a chart in which patterns that keep time are requested as drummers play them.

    A pattern of the hi-hat or ride that is the same in all bars is requested only in the bars of
    the commonest letter, and there only in part; the denoiser completes it. Where the hi-hat is to
    be open and closed in the same sixteenth, it is closed. Everything else stays.
    """
    size = bar_steps(chart.meter)
    hits = chart.hits.reshape(chart.bars, size, len(DRUMS)).copy()
    groove = _groove(chart.letter)
    hits[:, :, _OH][(hits[:, :, _OH] == 1) & (hits[:, :, _CH] == 1)] = np.nan
    for drum in TIMEKEEPERS:
        pattern = hits[:, :, drum]
        struck = np.nan_to_num(pattern) > 0
        if chart.bars == 1 or struck[0].sum() < LEAST or not (struck == struck[0]).all():
            continue
        pattern[~groove] = np.nan
        pattern[struck & (random.random(struck.shape) >= KEPT)] = np.nan
    return chart.with_(hits=hits.reshape(-1, len(DRUMS)))


def _groove(letters: np.ndarray) -> NDArray[np.bool_]:
    """Return which bars have the commonest letter, or all bars if letters are unknown."""
    known = letters[~np.isnan(letters)].astype(int)
    if not len(known):
        return np.ones(len(letters), dtype=bool)
    return letters == np.bincount(known).argmax()
