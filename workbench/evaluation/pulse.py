"""Is there a beat in a sound, and how fast is it? By the repetition of its onsets.

Notebook: `notebooks/10_evaluation.ipynb`.
"""

from __future__ import annotations

import numpy as np

from workbench.arguments import floats
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import rows
from workbench.music.audio import check_rate

HOP = 256  # samples per frame of the onset envelope
SLOWEST, FASTEST = 40.0, 240.0  # BPM between which a pulse is looked for
OCTAVES = (0.5, 1.0, 2.0)  # a tempo at half or twice the speed is the same beat


def onset_envelopes(sounds: np.ndarray, rate: int) -> np.ndarray:
    """How much each frame rises above the one before, in dB, mean over mel bands (spectral flux):
    sounds (n, samples) → (n, frames)."""
    import librosa

    sounds, rate = rows(sounds, "sounds", 1), check_rate(rate, "rate")
    if not sounds.shape[1]:
        raise WorkbenchError("sounds: hold no sample; give (n, samples)")
    return np.stack(
        [
            librosa.onset.onset_strength(y=sound.astype(np.float32), sr=rate, hop_length=HOP)
            for sound in sounds
        ]
    )


def pulse(sounds: np.ndarray, rate: int) -> np.ndarray:
    """How regular the onsets are: the highest autocorrelation of the onset envelope at the lags of
    40 to 240 BPM, (n, samples) → (n,). Near 1 for a metronome, about 0.1 for irregular onsets, 0
    for silence."""
    found = []
    for envelope in onset_envelopes(sounds, rate):
        centred = envelope - envelope.mean()
        power = float((centred**2).sum())
        lags = np.arange(round(60 / FASTEST * rate / HOP), round(60 / SLOWEST * rate / HOP) + 1)
        lags = lags[lags < len(centred)]
        if power < 1e-9 or not len(lags):
            found.append(0.0)
            continue
        size = 2 * len(centred)
        spectrum = np.abs(np.fft.rfft(centred, size)) ** 2
        found.append(float(np.fft.irfft(spectrum, size)[lags].max() / power))
    return np.array(found)


def tempo(sounds: np.ndarray, rate: int) -> np.ndarray:
    """BPM of each sound by librosa's tempogram, (n, samples) → (n,)."""
    import librosa

    return np.array(
        [
            float(np.ravel(librosa.feature.tempo(onset_envelope=e, sr=rate, hop_length=HOP))[0])
            for e in onset_envelopes(sounds, rate)
        ]
    )


def tempo_is(found: np.ndarray, asked: np.ndarray, tolerance: float = 0.08) -> np.ndarray:
    """Which tempi are the requested ones within a share of them, octaves allowed: (n,) bool."""
    found, asked = np.atleast_1d(floats(found, "found")), floats(asked, "asked")
    ratio = found[:, None] / np.outer(asked, OCTAVES)
    return np.any(np.abs(ratio - 1) <= tolerance, axis=1)
