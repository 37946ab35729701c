"""Loudness by ITU-R BS.1770-4, and scaling sounds to equal loudness.

Each channel passes a filter that approximates the sensitivity of the ear (K-weighting: a shelf for
the head and a high-pass). The power of blocks of 0.4 s is then averaged without nearly silent
blocks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.errors import WorkbenchError
from workbench.music.bus import mastered

BLOCK, HOP = 0.4, 0.1  # seconds
SILENCE, QUIET = -70.0, -10.0  # gates: LUFS, and LU below the mean of what passes the first
OFFSET = -0.691  # dB, so that a sine of 997 Hz at full scale in one channel has −3.01 LUFS
TARGET, TOP = -20.0, -1.0  # LUFS; dB of full scale that no peak exceeds
PLAYBACK = -16.0  # LUFS of waveforms in players, as of podcasts and music services
MOST_GAIN = 20.0  # dB: sound that is softer is meant to be, or is noise


def k_weighting(rate: int) -> np.ndarray:
    """Return second-order sections (2, 6) at a sample rate in Hz; at 48 kHz the tables of
    BS.1770-4.

    For other rates, the analogue filters behind these tables are converted by the bilinear
    transform (as in libebur128; De Man, "Evaluation of implementations of the EBU R128 loudness
    measurement", 2014).
    """
    k, q = np.tan(np.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    rest = [2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
    shelf = [
        (high + band * k / q + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / q + k * k) / a0,
        1.0,
        *rest,
    ]
    k, q = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    a0 = 1 + k / q + k * k
    low_cut = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
    return np.array([shelf, low_cut])


def loudness(sound: np.ndarray, rate: int) -> float:
    """Return the integrated loudness in LUFS of (channels, samples), one or two channels; −inf for
    silence.

    Raises WorkbenchError for sound shorter than a block of 0.4 s.
    """
    from scipy.signal import sosfilt

    sound = np.atleast_2d(np.asarray(sound, np.float64))
    length, hop = round(BLOCK * rate), round(HOP * rate)
    if sound.shape[1] < length:
        raise WorkbenchError(
            f"loudness needs {BLOCK} s of sound; got {sound.shape[1] / rate:.2f} s"
        )
    weighted = sosfilt(k_weighting(rate), sound, axis=1)
    sums = np.concatenate([[0.0], np.cumsum((weighted**2).sum(0))])
    starts = np.arange(0, sound.shape[1] - length + 1, hop)
    power = np.maximum(sums[starts + length] - sums[starts], 0) / length  # a block's mean square
    power = power[_lufs(power) > SILENCE]
    if not len(power):
        return -np.inf
    return float(_lufs(power[_lufs(power) > _lufs(power.mean()) + QUIET].mean()))


def for_playback(sound: np.ndarray, rate: int, loop: bool) -> np.ndarray:
    """Return sound (2, samples) at PLAYBACK LUFS and with a true peak of at most −1 dB of full
    scale.

    Sound that is more than MOST_GAIN too soft is raised by MOST_GAIN. Sound with high peaks stays
    softer, because the limiter takes at most 4 dB. Silence, and sound shorter than a block of
    0.4 s, are only limited. loop: whether the end continues at the start.
    """
    level = _level(sound, rate)
    if level == -np.inf:
        return mastered(_raised(sound, 0.0), rate, loop)
    gain = min(PLAYBACK - level, MOST_GAIN)
    made = mastered(_raised(sound, gain), rate, loop)
    missing = PLAYBACK - loudness(made, rate)
    if missing > 0 and gain < MOST_GAIN:  # what the limiter took, once more
        made = mastered(_raised(sound, gain + min(missing, 3.0)), rate, loop)
    return made


def settled(sound: np.ndarray, rate: int) -> np.ndarray:
    """Return sound (channels, samples) at TARGET LUFS, or softer so that no peak exceeds TOP.

    Nothing is limited or clipped. Silence, and sound shorter than a block of 0.4 s, stay.
    """
    level = _level(sound, rate)
    if level == -np.inf:
        return sound
    return _raised(sound, min(TARGET - level, _headroom(sound)))


def _level(sound: np.ndarray, rate: int) -> float:
    """Return the loudness in LUFS; −inf for silence, and for sound shorter than a block."""
    return loudness(sound, rate) if sound.shape[1] >= round(BLOCK * rate) else -np.inf


def _headroom(sound: np.ndarray) -> float:
    """Return the gain in dB that brings the highest peak to TOP."""
    return float(TOP - 20 * np.log10(np.abs(sound).max()))


def _raised(sound: np.ndarray, gain: float) -> np.ndarray:
    return np.asarray(sound * 10 ** (gain / 20), np.float32)


def _lufs(power: np.ndarray) -> np.ndarray:
    return OFFSET + 10 * np.log10(np.maximum(power, 1e-20))


def matched(
    sounds: Sequence[np.ndarray], rate: int, names: Sequence[str] | None = None
) -> tuple[list[np.ndarray], list[float]]:
    """Scale sounds (channels, samples) to equal loudness; return them and their gains in dB.

    The common loudness is TARGET, or lower so that no peak exceeds TOP; nothing is limited or
    clipped. Raises WorkbenchError that names a silent sound.
    """
    levels = [loudness(sound, rate) for sound in sounds]
    for i, level in enumerate(levels):
        if level == -np.inf:
            name = names[i] if names else f"sound {i + 1}"
            raise WorkbenchError(f"{name} is silent; omit it")
    room = [_headroom(sound) + level for sound, level in zip(sounds, levels, strict=True)]
    target = min([TARGET, *room])
    gains = [float(target - level) for level in levels]
    return [s * 10 ** (gain / 20) for s, gain in zip(sounds, gains, strict=True)], gains
