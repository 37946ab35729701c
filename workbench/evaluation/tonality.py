"""Is there one key, and do the notes agree? Measures of sound by its spectrum.

Chroma, the key profiles of Krumhansl and Kessler, the share of the sound in one scale, and the
roughness of partials that lie close together. None of them knows a system, or hears a score.
Notebook: `notebooks/experiments/musicldm_key.ipynb`.
"""

from __future__ import annotations

import numpy as np

from workbench.errors import WorkbenchError
from workbench.evaluation.checks import rows
from workbench.music.audio import check_rate
from workbench.music.keys import in_scales

LOWEST, HIGHEST = 65.0, 2100.0  # Hz: C2 to C7, where notes are told apart
SECONDS = 0.256  # of a spectrum's window: 4 Hz wide, a semitone at C2
FAINT = 0.03  # of the loudest bin
# How well each pitch class fits a key on C, as listeners rated (Krumhansl & Kessler 1982, table 1).
MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


def spectra(sounds: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Magnitudes (n, frames, bins) of sounds (n, samples), windows half over each other, and the
    Hz of each bin, from LOWEST to HIGHEST."""
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
    """How much of each pitch class is heard: (n, samples) → (n, 12), C first, rows summing to 1.

    Magnitudes of spectral peaks, each added to the nearest note of A = 440 Hz; of silence all
    classes alike.
    """
    size, pitch = spectra(sounds, rate)
    note = np.round(12 * np.log2(pitch / 440) + 9).astype(int) % 12
    size = np.where(_peaks(size), size, 0.0).sum(1)
    found = np.stack([size[:, note == k].sum(1) for k in range(12)], axis=1)
    total = found.sum(1, keepdims=True)
    return np.where(total > 1e-9, found / np.maximum(total, 1e-9), 1 / 12)


def scales(chroma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 12) → the tonic (n,) of the major scale that most of the sound lies in, and that share
    (n,): 1 where all notes are of one scale, 7/12 where all classes are heard alike. A minor key
    has the scale, and the signature, of a major one."""
    chroma = rows(chroma, "chroma")
    share = in_scales(chroma) / np.maximum(chroma.sum(1, keepdims=True), 1e-12)
    return share.argmax(1), share.max(1)


def clarity(chroma: np.ndarray) -> np.ndarray:
    """(n, 12) → how clear the key is (n,): the highest correlation with the profiles of the 24
    keys, 1 where the sound is a profile, 0 for silence (Krumhansl & Schmuckler)."""
    chroma = rows(chroma, "chroma")
    profiles = np.stack([np.roll(p, k) for p in (MAJOR, MINOR) for k in range(12)])
    return (_unit(chroma) @ _unit(profiles).T).max(1)


def roughness(sounds: np.ndarray, rate: int, partials: int = 16) -> np.ndarray:
    """How rough the loudest partials sound together: (n, samples) → (n,), 0 for one pure tone.

    Of every two partials a₁, a₂ at f₁ < f₂: a₁a₂ (e^(−3.5 s d) − e^(−5.75 s d)), d = f₂ − f₁, s =
    0.24 / (0.021 f₁ + 19) (Plomp & Levelt 1965, as Sethares 1993 fits it), summed and divided by
    the sum of squares, so that loudness does not count; then the mean over windows.
    """
    size, pitch = spectra(sounds, rate)
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
    """Where a magnitude is above both neighbours, and no side lobe of the window's: those are 31 dB
    below."""
    padded = np.pad(size, ((0, 0), (0, 0), (1, 1)))
    loud = size > FAINT * size.max(-1, keepdims=True)
    return loud & (size > padded[..., :-2]) & (size >= padded[..., 2:])


def _unit(values: np.ndarray) -> np.ndarray:
    """Rows with mean 0 and length 1; 0 where all numbers are the same."""
    centred = values - values.mean(1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.where(length > 1e-12, centred / np.maximum(length, 1e-12), 0.0)
