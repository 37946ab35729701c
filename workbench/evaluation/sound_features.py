"""Simple features of sound, for classifiers that judge it: timbre, loudness, onsets, pulse."""

from __future__ import annotations

import numpy as np

from workbench.evaluation.checks import rows
from workbench.evaluation.pulse import HOP, clarity, onset_envelopes
from workbench.music.audio import check_rate

COEFFICIENTS = 20  # of the mel cepstrum
QUANTILES = (0.1, 0.5, 0.9)
LOWEST = 1e-5  # amplitude, −100 dB


def sound_features(sounds: np.ndarray, rate: int) -> tuple[np.ndarray, list[str]]:
    """Return features of sounds and their names.

    For each series over time (mel cepstrum and its change, spectral centroid, rolloff, flatness,
    zero crossings, level in dB, onset strength) the mean, standard deviation and quantiles; the
    share of percussive energy; pulse clarity.

    Args:
        sounds: (n, samples), at least half a second.
        rate: Sample rate in Hz.

    Returns:
        (n, features), finite.

    Raises:
        WorkbenchError: For another shape and NaN.

    Source:
        Tzanetakis and Cook 2002 (timbre and rhythm features); Fitzgerald 2010 (percussive part).
    """
    import librosa

    sounds, rate = rows(sounds, "sounds", 1), check_rate(rate, "rate")
    table, names = [], list[str]()
    for sound, onset in zip(sounds, onset_envelopes(sounds, rate), strict=True):
        spectrum = librosa.stft(sound.astype(np.float32), n_fft=1024, hop_length=HOP)
        values = {"pulse": clarity(onset, rate), "percussive": _percussive(spectrum)}
        for name, series in (_series(sound, spectrum, rate) | {"onset": onset}).items():
            values |= {f"{name} mean": series.mean(), f"{name} sd": series.std()}
            for q in QUANTILES:
                values[f"{name} q{q:g}"] = np.quantile(series, q)
        names = list(values)
        table.append([float(v) for v in values.values()])
    return np.nan_to_num(np.array(table)), names


def _series(sound: np.ndarray, transform: np.ndarray, rate: int) -> dict[str, np.ndarray]:
    import librosa

    spectrum = np.abs(transform) + 1e-9
    mel = librosa.feature.melspectrogram(S=spectrum**2, sr=rate, n_mels=64)
    cepstrum = librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=None), n_mfcc=COEFFICIENTS)
    change = np.abs(np.diff(cepstrum, axis=1, prepend=cepstrum[:, :1]))
    level = librosa.feature.rms(y=sound, frame_length=1024, hop_length=HOP)[0]
    return {
        **{f"mfcc {i}": row for i, row in enumerate(cepstrum)},
        **{f"mfcc {i} change": row for i, row in enumerate(change)},
        "centroid": librosa.feature.spectral_centroid(S=spectrum, sr=rate)[0],
        "rolloff": librosa.feature.spectral_rolloff(S=spectrum, sr=rate)[0],
        "flatness": np.log(librosa.feature.spectral_flatness(S=spectrum)[0]),
        "crossings": librosa.feature.zero_crossing_rate(sound, hop_length=HOP)[0],
        "level": 20 * np.log10(level + LOWEST),
    }


def _percussive(spectrum: np.ndarray) -> float:
    """Return the share of energy in the percussive part."""
    import librosa

    tonal, hit = (float((np.abs(part) ** 2).sum()) for part in librosa.decompose.hpss(spectrum))
    return hit / (tonal + hit + 1e-12)
