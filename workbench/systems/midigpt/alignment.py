"""Songs whose notes do not lie on the beats of their file.

A song that was played to a click, or written down from a recording, often has the right tempo but
begins anywhere: its sixteenths lie between those of the file, and its bars begin in the middle of
the file's. MidiGPT reads positions in bars, so such a song costs it almost twice as much per note.
"""

from __future__ import annotations

import numpy as np

from workbench.arguments import number
from workbench.errors import PromptError
from workbench.music.clip import Clip, clip_of
from workbench.music.notes import without_drums
from workbench.music.timeline import meters_at
from workbench.systems.splicing import needs_score, with_beats_before, with_fine_ticks

FEWEST = 32  # notes that show a grid
STEADY = 0.5  # least strength of a grid to be believed
OFF = 0.04  # quarter notes that a grid may lie off the file's, a sixth of a sixteenth
GRIDS = (4, 3)  # positions per quarter note: sixteenths, triplets of eighths


def grid_of(clip: Clip) -> tuple[float, float]:
    """Return how well the notes lie on a grid of sixteenths or triplets, 0 (not at all) to 1, and
    how far that grid lies after the file's, in quarter notes (at most half a step either way).

    The strength is the length of the mean of exp(2πi · onset · steps), and the offset its angle.

    Source: N. I. Fisher 1993, "Statistical Analysis of Circular Data", section 2.3.
    """
    times = _played(clip)["time"]
    if len(times) < FEWEST:
        return 1.0, 0.0
    means = [np.exp(2j * np.pi * steps * times).mean() for steps in GRIDS]
    best = int(np.argmax(np.abs(means).round(9)))  # the sixteenths if both fit equally well
    return float(abs(means[best])), float(np.angle(means[best]) / (2 * np.pi * GRIDS[best]))


def off_the_beat(clip: Clip) -> str:
    """Return in words how the notes of a clip miss the beats of its file; "" if they do not."""
    strength, offset = grid_of(clip)
    if strength < STEADY:
        return (
            "its notes lie on no grid of its beats, so what is written for it will not fit; set "
            "its tempo right in an editor first"
        )
    if abs(offset) > OFF:
        return (
            f"its notes lie {abs(offset):.2f} quarter notes {'after' if offset > 0 else 'before'} "
            "the beats of the file, so what is written will not fit; move them first, with "
            "workbench.systems.midigpt.alignment.aligned(clip)"
        )
    return ""


def aligned(clip: Clip, first_bar: float | None = None) -> Clip:
    """Return the clip with a silence before it, so that its bars begin at bar lines.

    Args:
        clip: A clip with a score, at one tempo and metre.
        first_bar: The time in quarter notes at which one of its bars begins. None estimates it:
            the sixteenth of the bar at which most of the sound of the lowest notes begins, each
            note by its length.

    Returns:
        The clip, longer by less than a bar.

    Raises:
        PromptError: If the clip is a waveform; if the notes lie on no grid, and `first_bar` is not
            given.
    """
    clip = clip_of(clip)
    needs_score(clip)
    clip = with_fine_ticks(clip)
    top, bottom = meters_at(clip.score, np.zeros(1))[0]
    bar = 4 * top / bottom
    if first_bar is None:
        strength, offset = grid_of(clip)
        if strength < STEADY:
            raise PromptError("clip: its notes lie on no grid of its beats; give first_bar")
        first_bar = offset + downbeat(clip, offset, bar)
    silence = -number(first_bar, "first_bar", -1e6, 1e6) % bar
    return clip if min(silence, bar - silence) < 1e-6 else with_beats_before(clip, silence)


def downbeat(clip: Clip, offset: float, bar: float) -> float:
    """Return the estimated time of a bar line in quarter notes after `offset`, below `bar`."""
    notes = _played(clip)
    places = np.rint((notes["time"] - offset) * 4).astype(int)
    weight = np.minimum(notes["duration"], bar) * np.clip(84 - notes["pitch"], 4, 48) / 48
    size = max(1, round(4 * bar))
    sound = np.bincount(places % size, weights=weight, minlength=size)
    return float(np.argmax(sound)) / 4


def _played(clip: Clip) -> np.ndarray:
    """Return the tuned notes; all notes if there are no tuned ones."""
    notes = clip.notes
    tuned = without_drums(notes)
    return tuned if len(tuned) else notes
