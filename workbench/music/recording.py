"""Sound as if it had been recorded elsewhere: another room, tone colour, compression and level."""

from __future__ import annotations

import numpy as np

from workbench.music.bus import compressed

DECAY = (0.15, 1.2)  # seconds in which a room's sound falls by 60 dB
WET = (-34.0, -9.0)  # dB of the room relative to the direct sound
TILT = (-1.5, 1.5)  # dB per octave around 1 kHz, up to three octaves
COMPRESSED = 0.4  # share of sounds that are compressed
PEAK = (-14.0, -0.5)  # dB of full scale


def recorded(sound: np.ndarray, sample_rate: int, random: np.random.Generator) -> np.ndarray:
    """Return sound (2, samples) with a random room, tone colour, compression and level, of the same
    length and in time with the original."""
    from scipy.fft import irfft, next_fast_len, rfft

    n = next_fast_len(sound.shape[1] + round(DECAY[1] * sample_rate), real=True)
    response = _response(n, sample_rate, random)
    out = irfft(rfft(sound, n) * response.astype(np.complex64), n)
    out = out[:, : sound.shape[1]].astype(np.float32)
    peak = float(np.abs(out).max(initial=0))
    if not peak:
        return sound
    out /= peak
    if random.random() < COMPRESSED:
        out = compressed(out, sample_rate, False)
    level = 10 ** (random.uniform(*PEAK) / 20)
    return out * np.float32(level / np.abs(out).max())


def _response(n: int, sample_rate: int, random: np.random.Generator) -> np.ndarray:
    """Return the frequency response of room and tone colour for a transform of n samples: (2,
    n // 2 + 1) complex."""
    decay, wet = random.uniform(*DECAY), 10 ** (random.uniform(*WET) / 20)
    time = np.arange(round(decay * sample_rate)) / sample_rate
    tail = random.standard_normal((2, len(time))) * 10 ** (-3 * time / decay)
    tail *= wet / np.sqrt(np.square(tail).sum(1, keepdims=True))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(n, 1 / sample_rate), 1.0) / 1000)
    tilt = 10 ** (random.uniform(*TILT) * np.clip(octaves, -3, 3) / 20)
    return (1 + np.fft.rfft(tail, n)) * tilt
