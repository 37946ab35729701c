"""Coherence of generated sound over time: seams, level and repetition of clips (n, samples).

None of these metrics is good or bad by itself, because music also changes and repeats: compare with
real music of the same length.
Notebook: `notebooks/experiments/ldmg_length.ipynb`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.arguments import floats, listed, whole
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import rows

FRAME = 512  # samples per spectrum
FLOOR = 1e-3  # of a full-scale sine's magnitude, −60 dB: quieter changes are inaudible


def level(sounds: np.ndarray, length: int) -> np.ndarray:
    """Level of consecutive windows.

    Args:
        sounds: (n, samples).
        length: Samples per window, 1 or more.

    Returns:
        (n, windows): RMS in dB re full scale, at least −80.

    Raises:
        WorkbenchError: for another shape, NaN, and sounds that are shorter than a window.
    """
    sounds, length = rows(sounds, "sounds"), whole(length, "length", 1)
    count = sounds.shape[1] // length
    if not count:
        raise WorkbenchError(
            f"sounds: {sounds.shape[1]} samples, shorter than a window of {length}"
        )
    parts = sounds[:, : count * length].reshape(len(sounds), count, length)
    return 20 * np.log10(np.maximum(np.sqrt((parts**2).mean(2)), 1e-4))


def change(sounds: np.ndarray, places: Sequence[int] | np.ndarray) -> np.ndarray:
    """Spectral change at given samples: the mean over bins of |log S after − log S before|, of 512
    samples on either side.

    Args:
        sounds: (n, samples).
        places: Samples, 512 or more from both ends.

    Returns:
        (n, places), 0 or more, in nepers (8.7 dB).

    Raises:
        WorkbenchError: for another shape, NaN, and places near the ends.
    """
    sounds = rows(sounds, "sounds")
    places = [whole(place, "places") for place in listed(places, "places", "samples", 1)]
    for place in places:
        if not FRAME <= place <= sounds.shape[1] - FRAME:
            raise WorkbenchError(f"places: {place}; give {FRAME} to {sounds.shape[1] - FRAME}")
    window = np.hanning(FRAME)

    def log_size(first: int) -> np.ndarray:
        size = np.abs(np.fft.rfft(sounds[:, first : first + FRAME] * window)) / window.sum()
        return np.log(np.maximum(size, FLOOR))

    steps = [np.abs(log_size(p) - log_size(p - FRAME)).mean(1) for p in places]
    return np.stack(steps, axis=1)


def seams(sounds: np.ndarray, every: int) -> float:
    """Audibility of seams: mean spectral change at multiples of `every` samples, divided by the
    mean change at eight positions between each two of them.

    Args:
        sounds: (n, samples).
        every: Samples from one seam to the next.

    Returns:
        About 1 without audible seams, more with them; NaN if nothing changes between them.

    Raises:
        WorkbenchError: for sounds without a seam.
    """
    sounds, every = rows(sounds, "sounds"), whole(every, "every", 1)
    at = np.arange(every, sounds.shape[1] - every // 2, every)
    if not len(at):
        raise WorkbenchError(
            f"sounds: {sounds.shape[1]} samples have no multiple of {every} inside"
        )
    between = (at[:, None] + (every * np.arange(1, 9) / 18).astype(int)).ravel()
    there, elsewhere = change(sounds, at).mean(), change(sounds, between).mean()
    return float(there / elsewhere) if elsewhere > 0 else float("nan")


def recurrence(features: np.ndarray, last: int, stride: int = 4) -> np.ndarray:
    """Repetition: how similar the end of a clip is to an earlier part.

    The last frames are correlated with the frames that begin at every `stride`-th earlier frame.
    Each clip's mean over time is subtracted first, because constant content would count as
    repetition. The maximum rises with the number of positions: compare clips of one length.

    Args:
        features: (n, frames, bands), such as log mel spectrograms.
        last: Frames of the end, at most half of all.
        stride: Frames between the positions compared.

    Returns:
        The highest correlation, (n,), −1 to 1; 1 for a loop.

    Raises:
        WorkbenchError: for another shape and too few frames.
    """
    features = floats(features, "features")
    last, stride = whole(last, "last", 1), whole(stride, "stride", 1)
    if features.ndim != 3 or features.shape[1] < 2 * last:
        raise WorkbenchError(
            f"features: shape {features.shape}; give (n, frames, bands) with {2 * last} frames or "
            "more, twice as many as `last`"
        )
    found = []
    for clip in features - features.mean(1, keepdims=True):
        end = clip[-last:].ravel()
        starts = range(0, len(clip) - 2 * last + 1, stride)
        parts = np.stack([clip[s : s + last].ravel() for s in starts])
        length = np.linalg.norm(parts, axis=1) * np.linalg.norm(end)
        likeness = np.divide(parts @ end, length, out=np.zeros(len(parts)), where=length > 1e-9)
        found.append(likeness.max())
    return np.array(found)
