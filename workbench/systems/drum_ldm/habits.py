"""How drummers play a pattern that is requested: they leave it where the groove changes.

A drummer who is to play a rock groove strikes the snare on 2 and 4 in the bars of the groove, and
not in a fill. Of eighths on the hi-hat most are played, and some are left out for a change: in the
loops of Groove that are captioned so, 73 % of the eighths are struck, and a quarter of the bars has
all of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import DrumChart, bar_steps

TIMEKEEPERS = [DRUMS.index(name) for name in ("CH", "RD")]
LEAST = 4  # a pattern with fewer hits per bar does not keep time
KEPT = 0.85  # share of the hits of a pattern that keeps time which stay requested
_CH, _OH = DRUMS.index("CH"), DRUMS.index("OH")


def relaxed(chart: DrumChart, implied: NDArray[np.bool_], random: np.random.Generator) -> DrumChart:
    """Return a chart in which patterns are requested as drummers play them.

    Hits that only a style implies are requested only in the bars of the commonest letter. So is a
    pattern of the hi-hat or ride that keeps time, the same in all bars, and there only in part,
    unless the request says where it rests, too. The denoiser completes them. Where the hi-hat is to
    be open and closed in the same sixteenth, it is closed. Everything else stays.

    Args:
        chart: What is requested, with the letters of a form.
        implied: (steps, 9) the hits that only a style implies.
        random: Chooses which hits of a pattern stay requested.
    """
    size = bar_steps(chart.meter)
    hits = chart.hits.reshape(chart.bars, size, len(DRUMS)).copy()
    groove = _groove(chart.letter)
    hits[implied.reshape(hits.shape) & ~groove[:, None, None]] = np.nan
    hits[:, :, _OH][(hits[:, :, _OH] == 1) & (hits[:, :, _CH] == 1)] = np.nan
    for drum in TIMEKEEPERS:
        pattern = hits[:, :, drum]
        struck = pattern == 1
        rests = bool((pattern == 0).any()) and not np.isnan(pattern).any()
        if chart.bars == 1 or rests or struck[0].sum() < LEAST or not (struck == struck[0]).all():
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
