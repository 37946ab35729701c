"""Tonality of sounds, from their spectra: is there one key, and are the notes consonant?

Chroma, the key profiles of Krumhansl and Kessler, the share of the sound in one scale, and the
roughness of partials that are close together. None of these metrics uses a system or a score.
Notebook: `notebooks/experiments/musicldm_key.ipynb`.
"""

from __future__ import annotations

import numpy as np

from workbench.arguments import whole
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import array, rows
from workbench.music.audio import check_rate
from workbench.music.keys import in_scales

LOWEST, HIGHEST = 65.0, 2100.0  # Hz: C2 to C7, where semitones can be resolved
SECONDS = 0.256  # of a window: a resolution of 4 Hz, a semitone at C2
FAINT = 0.03  # of the loudest bin
# Listeners' ratings of how well each pitch class fits a key on C (Krumhansl and Kessler 1982).
MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


def spectra(sounds: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Magnitude spectra of half-overlapping Hann windows of 0.256 s.

    Args:
        sounds: (n, samples), at least one window long.
        rate: Sample rate in Hz.

    Returns:
        Magnitudes (n, frames, bins), and the frequency of each bin in Hz, 65 to 2,100.

    Raises:
        WorkbenchError: for another shape, NaN, and sounds that are too short.
    """
    sounds, rate = rows(sounds, "sounds", 1), check_rate(rate, "rate")
    length = max(2, round(SECONDS * rate))
    if sounds.shape[1] < length:
        raise WorkbenchError(
            f"sounds: {sounds.shape[1]} samples; a spectrum needs {length}, {SECONDS} s"
        )
    pitch = np.fft.rfftfreq(2 * length, 1 / rate)
    inside = (pitch >= LOWEST) & (pitch <= HIGHEST)
    parts = np.lib.stride_tricks.sliding_window_view(sounds, length, axis=1)[:, :: length // 2]
    window = np.hanning(length)
    size = [np.abs(np.fft.rfft(part * window, 2 * length))[:, inside] for part in parts]
    return np.stack(size), pitch[inside]


def chroma(sounds: np.ndarray, rate: int) -> np.ndarray:
    """Chroma: the magnitudes of spectral peaks, each added to the pitch class of its nearest note
    (A = 440 Hz).

    Args:
        sounds: (n, samples).
        rate: Sample rate in Hz.

    Returns:
        (n, 12), C first, rows sum to 1; uniform for silence.
    """
    size, pitch = spectra(sounds, rate)
    note = np.round(12 * np.log2(pitch / 440) + 9).astype(int) % 12
    size = np.where(_peaks(size), size, 0.0).sum(1)
    classes = np.stack([size[:, note == k].sum(1) for k in range(12)], axis=1)
    total = classes.sum(1, keepdims=True)
    return np.where(total > 1e-9, classes / np.maximum(total, 1e-9), 1 / 12)


def scales(chroma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The major scale that contains most of the sound. A minor key has the scale, and the key
    signature, of its relative major.

    Args:
        chroma: (n, 12), C first.

    Returns:
        Its tonic (n,), 0 to 11, and its share of the sound (n,): from 7/12 (uniform) to 1.
    """
    chroma = array(chroma, "chroma", "(n, 12)")
    share = in_scales(chroma) / np.maximum(chroma.sum(1, keepdims=True), 1e-12)
    return share.argmax(1), share.max(1)


def clarity(chroma: np.ndarray) -> np.ndarray:
    """Key clarity: the highest correlation of a chroma with the profiles of the 24 keys.

    Args:
        chroma: (n, 12), C first.

    Returns:
        (n,), up to 1 (equal to a profile); 0 for silence.

    Source:
        Krumhansl and Kessler 1982; Krumhansl 1990 (the Krumhansl–Schmuckler algorithm).
    """
    chroma = array(chroma, "chroma", "(n, 12)")
    profiles = np.stack([np.roll(p, k) for p in (MAJOR, MINOR) for k in range(12)])
    return (_unit(chroma) @ _unit(profiles).T).max(1)


def roughness(sounds: np.ndarray, rate: int, partials: int = 16) -> np.ndarray:
    """Sensory dissonance of the loudest partials, mean over windows.

    Each pair of partials with amplitudes a₁, a₂ at f₁ < f₂ contributes
    a₁a₂ (e^(−3.5 s d) − e^(−5.75 s d)), with d = f₂ − f₁ and s = 0.24 / (0.021 f₁ + 19). The sum is
    divided by the sum of the squared amplitudes, so loudness has no effect.

    Args:
        sounds: (n, samples).
        rate: Sample rate in Hz.
        partials: Number of loudest partials per window, 2 or more.

    Returns:
        (n,), 0 or more; 0 for a pure tone.

    Source:
        Plomp and Levelt 1965; Sethares 1993, "Local consonance and the relationship between timbre
        and scale" (the formula).
    """
    size, pitch = spectra(sounds, rate)
    partials = whole(partials, "partials", 2)
    size = np.where(_peaks(size), size, 0.0)
    chosen = np.argsort(size, axis=2)[:, :, -partials:]
    chosen.sort(axis=2)
    a, f = np.take_along_axis(size, chosen, 2), pitch[chosen]
    first, second = np.triu_indices(chosen.shape[2], 1)
    apart = 0.24 * (f[..., second] - f[..., first]) / (0.021 * f[..., first] + 19)
    beating = np.exp(-3.5 * apart) - np.exp(-5.75 * apart)
    found = (a[..., first] * a[..., second] * beating).sum(2)
    return (found / np.maximum((a**2).sum(2), 1e-12)).mean(1)


def _peaks(size: np.ndarray) -> np.ndarray:
    """Where a magnitude is larger than both neighbours, and not a side lobe of the window: those
    are 31 dB below."""
    padded = np.pad(size, ((0, 0), (0, 0), (1, 1)))
    loud = size > FAINT * size.max(-1, keepdims=True)
    return loud & (size > padded[..., :-2]) & (size >= padded[..., 2:])


def _unit(values: np.ndarray) -> np.ndarray:
    """Rows with mean 0 and length 1; 0 for constant rows."""
    centred = values - values.mean(1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.where(length > 1e-12, centred / np.maximum(length, 1e-12), 0.0)
