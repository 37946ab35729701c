"""How far a decoded sound's spectrogram is from the real one's, and what a blur alone would cost.

Sounds are (n, samples) or (samples,), all of one length. Notebook: `notebooks/06_vae_gan.ipynb`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from workbench.arguments import floats, whole
from workbench.errors import WorkbenchError

WINDOW = 1024  # samples
FLOOR = -80.0  # dB below a full-scale sine; all below it counts as silence


def spectrogram(sound: ArrayLike, window: int = WINDOW) -> np.ndarray:
    """Power (n, window / 2 + 1, frames), a quarter of a window a frame; a full-scale sine in the
    middle of a bin has power 1. WorkbenchError names what cannot be measured."""
    sound = np.atleast_2d(floats(sound, "sound"))
    window = whole(window, "window", 8, 1 << 24)
    if sound.ndim != 2 or sound.shape[1] < window:
        raise WorkbenchError(
            f"sound has shape {sound.shape}; give (n, samples) with {window} samples or more"
        )
    if not np.isfinite(sound).all():
        row = np.flatnonzero(~np.isfinite(sound).all(1))[0]
        raise WorkbenchError(f"sound: row {row} holds NaN or infinity; leave it out")
    shape = hann(window, sym=False)
    stft = ShortTimeFFT(shape, window // 4, fs=1.0, scale_to=None)
    found = stft.stft(sound, p0=2, p1=max(3, (sound.shape[1] - window // 2) // (window // 4)))
    return np.abs(found * 2 / shape.sum()) ** 2


def decibels(power: np.ndarray) -> np.ndarray:
    """Of a power spectrogram, nothing below `FLOOR`."""
    return 10 * np.log10(np.maximum(floats(power, "power"), 10 ** (FLOOR / 10)))


def log_spectral_distance(real: np.ndarray, made: np.ndarray) -> np.ndarray:
    """dB for each of n sounds, from power spectrograms of one shape (n, bins, frames): the root
    mean square over bins of the difference in level, mean over frames (Gray and Markel 1976).
    0 for the same spectrogram, 6.02 where one sound is twice as loud."""
    real, made = floats(real, "real"), floats(made, "made")
    if real.shape != made.shape:
        raise WorkbenchError(f"made has shape {made.shape} and real {real.shape}; give equal ones")
    apart = decibels(real) - decibels(made)
    return np.sqrt((apart**2).mean(-2)).mean(-1)


def blurred(power: np.ndarray) -> np.ndarray:
    """A spectrogram at half of its size in time and frequency, stretched back: LDMG's baseline, in
    its strong form. Means of 2 × 2 fields, drawn apart by straight lines."""
    import torch
    import torch.nn.functional as F

    whole = torch.from_numpy(np.ascontiguousarray(power))[:, None]
    half = F.interpolate(whole, scale_factor=0.5, mode="area")
    return F.interpolate(half, power.shape[1:], mode="bilinear", align_corners=False)[:, 0].numpy()


def decimated(power: np.ndarray) -> np.ndarray:
    """The same baseline in its plain form: every second bin and frame, said twice."""
    some = power[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2)
    return some[:, : power.shape[1], : power.shape[2]]
