"""Coherence of generated sound over time: seams, level and repetition of clips (n, samples).

None of these metrics is good or bad by itself, because music also changes and repeats: compare with
real music of the same length.
Notebook: `notebooks/experiments/ldmg_length.ipynb`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.arguments import floats, whole
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import rows

FRAME = 512  # samples of a spectrum
FLOOR = 1e-3  # of a full-scale sine's magnitude, −60 dB: quieter changes are not heard


def level(sounds: np.ndarray, length: int) -> np.ndarray:
    """Loudness of the windows of `length` samples end to end: (n, samples) → (n, windows) in dB
    (RMS of full scale; silence counts as −80)."""
    sounds = rows(sounds, "sounds")
    count = sounds.shape[1] // length
    if not count:
        raise WorkbenchError(f"sounds: {sounds.shape[1]} samples are shorter than one of {length}")
    parts = sounds[:, : count * length].reshape(len(sounds), count, length)
    return 20 * np.log10(np.maximum(np.sqrt((parts**2).mean(2)), 1e-4))


def change(sounds: np.ndarray, places: Sequence[int] | np.ndarray) -> np.ndarray:
    """How much the spectrum changes at samples: (n, samples) → (n, places), the mean over bins of
    |log S after − log S before| of the 512 samples on either side."""
    sounds = rows(sounds, "sounds")
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
    """Mean change at multiples of `every` samples over the mean change elsewhere: about 1 where
    nothing marks them, more where windows were joined there. Elsewhere: eight places between each
    two."""
    at = np.arange(every, np.shape(sounds)[1] - every // 2, every)
    if not len(at):
        raise WorkbenchError(
            f"sounds: {np.shape(sounds)[1]} samples have no multiple of {every} inside"
        )
    between = (at[:, None] + (every * np.arange(1, 9) / 18).astype(int)).ravel()
    there, elsewhere = change(sounds, at).mean(), change(sounds, between).mean()
    return float(there / elsewhere) if elsewhere > 0 else float("nan")


def recurrence(features: np.ndarray, last: int, stride: int = 4) -> np.ndarray:
    """How well the end of a clip is found again earlier in it: features (n, frames, bands), such as
    log mel → (n,), the highest correlation of the last `last` frames with as many frames that begin
    at any `stride`-th frame before them. 1 for a loop. Each clip's mean over time is taken away, or
    all that is steady would count. It rises with the number of places: clips of one length
    compare."""
    features = floats(features, "features")
    last, stride = whole(last, "last", 1), whole(stride, "stride", 1)
    if features.ndim != 3 or features.shape[1] < 2 * last:
        raise WorkbenchError(
            f"features: shape {features.shape}; give (n, frames, bands) with {2 * last} frames or "
            "more, twice as many as are looked for"
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
