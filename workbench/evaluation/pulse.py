"""Whether a sound has a beat, and its tempo, from the periodicity of its onsets.

Notebook: `notebooks/12_evaluation.ipynb`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.arguments import floats, number, renamed
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import rows
from workbench.music.audio import check_rate

HOP = 256  # samples per frame of the onset envelope
SLOWEST, FASTEST = 40.0, 240.0  # BPM, range in which a pulse is searched
NEAR = 0.05  # seconds around a beat that belong to it
OCTAVES = (0.5, 1.0, 2.0)  # a tempo at half or twice the speed is the same beat


def onset_envelopes(sounds: np.ndarray, rate: int) -> np.ndarray:
    """Spectral flux: the rise of each mel band from one frame to the next, mean over bands.

    Args:
        sounds: (n, samples).
        rate: Sample rate in Hz.

    Returns:
        (n, frames) in dB, 0 or more, one frame per 256 samples.

    Raises:
        WorkbenchError: for another shape, NaN, and no samples.

    Source:
        librosa's `onset_strength`; Böck and Widmer 2013.
    """
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
    """Pulse clarity: the highest autocorrelation of the onset envelope at lags of 40 to 240 BPM,
    relative to its power.

    Args:
        sounds: (n, samples).
        rate: Sample rate in Hz.

    Returns:
        (n,), near 1 for a metronome, about 0.1 for irregular onsets, 0 for silence.

    Source:
        Lartillot et al. 2008, "Multi-feature modeling of pulse clarity" (maximum of the
        autocorrelation).
    """
    return np.array([clarity(envelope, rate) for envelope in onset_envelopes(sounds, rate)])


def clarity(envelope: np.ndarray, rate: int) -> float:
    """Pulse clarity of an onset envelope (frames,), see `pulse`."""
    centred = envelope - envelope.mean()
    power = float((centred**2).sum())
    lags = np.arange(round(60 / FASTEST * rate / HOP), round(60 / SLOWEST * rate / HOP) + 1)
    lags = lags[lags < len(centred)]
    if power < 1e-9 or not len(lags):
        return 0.0
    size = 2 * len(centred)
    spectrum = np.abs(np.fft.rfft(centred, size)) ** 2
    return float(np.fft.irfft(spectrum, size)[lags].max() / power)


def tempo(sounds: np.ndarray, rate: int) -> np.ndarray:
    """Tempo of each sound by librosa's tempogram.

    Args:
        sounds: (n, samples).
        rate: Sample rate in Hz.

    Returns:
        (n,) in BPM.
    """
    import librosa

    return np.array(
        [
            float(np.ravel(librosa.feature.tempo(onset_envelope=e, sr=rate, hop_length=HOP))[0])
            for e in onset_envelopes(sounds, rate)
        ]
    )


def on_the_beat(sounds: np.ndarray, beats: Sequence[np.ndarray], rate: int) -> np.ndarray:
    """Onset strength within 50 ms of the beats, relative to that of the whole sound. Unlike pulse
    and tempo, it tells whether the beats are where they should be.

    Args:
        sounds: (n, samples).
        beats: n arrays of seconds; beats outside of the sound do not count.
        rate: Sample rate in Hz.

    Returns:
        (n,): 1 for onsets anywhere; at most the whole time divided by the time around beats, 5 for
        beats of 0.5 s. NaN for a sound without onsets or without beats.

    Raises:
        WorkbenchError: If there are more or fewer arrays than sounds.
    """
    envelopes = onset_envelopes(sounds, rate)
    if len(beats) != len(envelopes):
        raise WorkbenchError(f"beats: one array per sound, got {len(beats)} for {len(envelopes)}")
    at, found = np.arange(envelopes.shape[1]) * HOP / rate, []
    for envelope, times in zip(envelopes, beats, strict=True):
        away = np.abs(at[:, None] - np.asarray(times, dtype=float)[None])
        near = (away <= NEAR).any(1)
        usable = near.any() and envelope.mean() > 1e-6
        found.append(envelope[near].mean() / envelope.mean() if usable else np.nan)
    return np.array(found)


@renamed(found="measured", asked="requested")
def tempo_is(measured: np.ndarray, requested: np.ndarray, tolerance: float = 0.08) -> np.ndarray:
    """Whether tempi match the requested ones; half and double tempo count as a match.

    Args:
        measured: Measured tempi, (n,) in BPM.
        requested: Requested tempi, (n,) in BPM, above 0.
        tolerance: Largest relative error; 0.08 is 8 %.

    Returns:
        (n,), bool.
    """
    measured, requested = (
        np.atleast_1d(floats(measured, "measured")),
        floats(requested, "requested"),
    )
    tolerance = number(tolerance, "tolerance", 0)
    ratio = measured[:, None] / np.outer(requested, OCTAVES)
    return np.any(np.abs(ratio - 1) <= tolerance, axis=1)
