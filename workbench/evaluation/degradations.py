"""Gradual degradations of real sound, to test what a metric responds to.

    worse = degrade(sounds, 16000, "low-pass", 0.5)

Sounds are (n, samples). Strength runs from 0, no change, to 1; `DEGRADATIONS` gives its meaning in
the unit of each. Kilgour et al. 2019 (arXiv 1812.08466) chose the Fréchet audio
distance by such a test. Notebook: `notebooks/12_evaluation.ipynb`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workbench.arguments import choice, number, random_generator
from workbench.music.audio import check_rate, checked
from workbench.representations.mixup import transpose

GAP = 0.1  # seconds, the shortest silence


@dataclass(frozen=True)
class Degradation:
    """work(sounds, rate, level, random) → sounds of the same shape. level_of: strength above 0 and
    rate → level; unit: of the level, with what it is."""

    work: Callable[[np.ndarray, int, float, np.random.Generator], np.ndarray]
    level_of: Callable[[float, int], float]
    unit: str


def degrade(
    sounds: np.ndarray, rate: int, kind: str, strength: float, *, seed: int = 0
) -> np.ndarray:
    """Degrade sounds.

    Args:
        sounds: (n, samples).
        rate: Sample rate in Hz.
        kind: A key of `DEGRADATIONS`.
        strength: 0 (no change) to 1.
        seed: Of degradations that use noise.

    Returns:
        float32 of the same shape.

    Raises:
        PromptError: for an unknown kind, and a strength that is out of range.
    """
    kind, rate = choice(kind, "kind", DEGRADATIONS), check_rate(rate, "rate")
    strength = number(strength, "strength", 0, 1)
    sounds = checked(sounds, "sounds").astype(np.float32)
    if strength == 0 or not sounds.shape[1]:
        return sounds
    way, random = DEGRADATIONS[kind], random_generator(seed)
    return way.work(sounds, rate, way.level_of(strength, rate), random).astype(np.float32)


def level(kind: str, strength: float, rate: int) -> str:
    """The meaning of a strength, such as "cut above 2,000 Hz"; "original" for 0."""
    kind, rate = choice(kind, "kind", DEGRADATIONS), check_rate(rate, "rate")
    strength = number(strength, "strength", 0, 1)
    if strength == 0:
        return "original"
    way = DEGRADATIONS[kind]
    return way.unit.format(way.level_of(strength, rate))


def noisy(
    sounds: np.ndarray, rate: int, decibels: float, random: np.random.Generator
) -> np.ndarray:
    """Add white noise at a signal-to-noise ratio in decibels; silence stays silent."""
    power = (sounds**2).mean(1, keepdims=True) / 10 ** (decibels / 10)
    return sounds + np.sqrt(power) * random.standard_normal(sounds.shape)


def low_passed(
    sounds: np.ndarray, rate: int, hertz: float, random: np.random.Generator
) -> np.ndarray:
    """Remove frequencies above `hertz`: Butterworth filter of order 6, forwards and backwards."""
    from scipy.signal import butter, sosfiltfilt

    sections = butter(6, min(hertz, 0.49 * rate), fs=rate, output="sos")
    around = min(3 * (2 * len(sections) + 1), sounds.shape[1] - 1)  # SciPy's own, or all there is
    return sosfiltfilt(sections, sounds, axis=1, padlen=around)


def reverberant(
    sounds: np.ndarray, rate: int, seconds: float, random: np.random.Generator
) -> np.ndarray:
    """Add reverberation as strong as the sound, by decaying noise that falls by 60 dB in `seconds`
    (Moorer 1979). Each sound keeps its root mean square."""
    from scipy.signal import fftconvolve

    time = np.arange(1, max(1, round(seconds * rate)) + 1) / rate
    tail = random.standard_normal(len(time)) * 10 ** (-3 * time / seconds)
    room = np.concatenate([[1.0], tail / np.sqrt((tail**2).sum())])
    wet = fftconvolve(sounds, room[None], axes=1)[:, : sounds.shape[1]]
    before, after = ((s**2).mean(1, keepdims=True) for s in (sounds, wet))
    return wet * np.sqrt(before / np.maximum(after, 1e-12))


def transposed(
    sounds: np.ndarray, rate: int, semitones: float, random: np.random.Generator
) -> np.ndarray:
    """Transpose by `semitones`, with the same length."""
    return np.concatenate([transpose(sound[None], semitones, rate) for sound in sounds])


def gapped(sounds: np.ndarray, rate: int, share: float, random: np.random.Generator) -> np.ndarray:
    """Silence a share of the sound, in pieces of a tenth of a second with soft edges."""
    step = max(1, round(GAP * rate))
    pieces = -(-sounds.shape[1] // step)
    kept = np.ones((len(sounds), pieces))
    for row in kept:
        row[random.permutation(pieces)[: round(share * pieces)]] = 0
    mask = kept.repeat(step, axis=1)[:, : sounds.shape[1]]
    edge = np.hanning(max(3, min(round(0.005 * rate), sounds.shape[1])))
    if len(edge) > sounds.shape[1]:
        return sounds * mask
    return sounds * np.apply_along_axis(np.convolve, 1, mask, edge / edge.sum(), "same")


DEGRADATIONS = {
    "noise": Degradation(noisy, lambda s, rate: 50 - 50 * s, "noise {:.0f} dB below the sound"),
    "low-pass": Degradation(
        low_passed, lambda s, rate: rate / 2 * (500 / rate) ** s, "cut above {:,.0f} Hz"
    ),
    "reverb": Degradation(reverberant, lambda s, rate: 4 * s, "a room of {:.1f} s"),
    "pitch": Degradation(transposed, lambda s, rate: 7 * s, "{:.1f} semitones higher"),
    "silence": Degradation(gapped, lambda s, rate: 0.9 * s, "{:.0%} of it silent"),
}
