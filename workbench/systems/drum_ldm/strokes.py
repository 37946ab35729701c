"""What a prompt asks of strokes and neither a drum roll nor a chart holds.

These are cross-sticks, and how loud single drums are.
"""

from __future__ import annotations

import numpy as np

from workbench.music.clip import Clip
from workbench.music.kit import CROSS_STICK, DRUMS, WRITE_PITCH
from workbench.representations.drum_chart import bar_steps
from workbench.systems.drum_ldm.request import DrumRequest

LEAST, MOST = 0.35, 2.0  # factors on velocities: a roll of ghost notes stays one


def with_strokes(clip: Clip, request: DrumRequest) -> Clip:
    """Return a loop with the cross-sticks and the loudness of single drums that a request asks for.

    Args:
        clip: A loop as it is made from a drum roll.
        request: Bars and metre are those of the loop.

    Returns:
        The loop with the same hits; the clip itself if nothing is asked. In the bars of a request,
        the velocities of a drum are scaled to the mean that is asked, by LEAST to MOST.
    """
    if request.sticks is None and request.volumes is None:
        return clip
    notes = clip.notes.copy()
    beats = bar_steps(request.meter) / 4
    bar = np.floor((notes["time"] + 0.125) / beats).astype(int)  # early hits count
    bar %= request.chart.bars
    if request.volumes is not None:
        for code, levels in zip(DRUMS, request.volumes.T, strict=True):
            _scale(notes, notes["pitch"] == WRITE_PITCH[code], levels[bar])
    if request.sticks is not None:
        struck = request.sticks[bar] & (notes["pitch"] == WRITE_PITCH["SD"])
        notes["pitch"][struck] = CROSS_STICK
    return Clip.from_notes(
        notes,
        tempo=clip.tempo,
        meter=clip.meter,
        beats=clip.beats,
        drums=True,
        anticipation=clip.anticipation,
    )


def _scale(notes: np.ndarray, drum: np.ndarray, levels: np.ndarray) -> None:
    """Scale the velocities of a drum's notes to the level of their bars; of one level together."""
    for level in np.unique(levels[drum & ~np.isnan(levels)]):
        chosen = drum & (levels == level)
        factor = np.clip(127 * level / notes["velocity"][chosen].mean(), LEAST, MOST)
        notes["velocity"][chosen] = np.clip(factor * notes["velocity"][chosen], 1, 127).round()
