"""Distance between the spectrograms of a decoded and a real sound, and a baseline that only blurs.

Sounds are (n, samples) or (samples,), all of one length. Notebook: `notebooks/06_vae_gan.ipynb`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from workbench.arguments import floats, renamed, whole
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import array

WINDOW = 1024  # samples
FLOOR = -80.0  # dB re a full-scale sine; everything below counts as silence


def spectrogram(sound: ArrayLike, window: int = WINDOW) -> np.ndarray:
    """Power spectrogram with a Hann window and a hop of a quarter window.

    Args:
        sound: (n, samples) or (samples,), at least one window long.
        window: Samples per window, 8 or more.

    Returns:
        (n, window / 2 + 1, frames), 0 or more; a full-scale sine at a bin's centre has power 1.

    Raises:
        WorkbenchError: for another shape, and NaN.
    """
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
    """10 log₁₀ of a power spectrogram of any shape, at least `FLOOR` (−80 dB)."""
    return 10 * np.log10(np.maximum(floats(power, "power"), 10 ** (FLOOR / 10)))


@renamed(made="generated")
def log_spectral_distance(real: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """Log-spectral distance: root mean square over bins of the difference in level, mean over
    frames.

    Args:
        real: Power spectrograms, (n, bins, frames).
        generated: The same shape.

    Returns:
        (n,) in dB: 0 if equal, 6.02 if one sound has twice the amplitude.

    Raises:
        WorkbenchError: for different shapes, and NaN.

    Source:
        Gray and Markel 1976, "Distance measures for speech processing".
    """
    real = array(real, "real", "(…, bins, frames)")
    generated = array(generated, "generated", "(…, bins, frames)")
    if real.shape != generated.shape:
        raise WorkbenchError(
            f"generated has shape {generated.shape} and real {real.shape}; give equal ones"
        )
    difference = decibels(real) - decibels(generated)
    return np.sqrt((difference**2).mean(-2)).mean(-1)


def blurred(power: np.ndarray) -> np.ndarray:
    """LDMG's baseline in its strong form: a spectrogram at half its resolution in time and
    frequency (means of 2 × 2 cells), interpolated linearly to its original size.

    Args:
        power: (n, bins, frames).

    Returns:
        The same shape.
    """
    import torch
    import torch.nn.functional as F

    power = np.ascontiguousarray(array(power, "power", "(n, bins, frames)"))
    full = torch.from_numpy(power)[:, None]
    half = F.interpolate(full, scale_factor=0.5, mode="area")
    return F.interpolate(half, power.shape[1:], mode="bilinear", align_corners=False)[:, 0].numpy()


def decimated(power: np.ndarray) -> np.ndarray:
    """LDMG's baseline in its simple form: every second bin and frame, repeated twice.

    Args:
        power: (n, bins, frames).

    Returns:
        The same shape.
    """
    power = array(power, "power", "(n, bins, frames)")
    repeated = power[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2)
    return repeated[:, : power.shape[1], : power.shape[2]]
