"""A small synthesizer in NumPy, which needs no SoundFont.

Drums are filtered noise and falling sines; pitched notes are a few decaying harmonics. The sound is
simple, but all voices are distinguishable and all pitches are correct.
"""

import threading
from functools import cache
from typing import Any

import numpy as np

from workbench.music.channel import PAN, Channel, Lane
from workbench.music.kit import DRUMS, read_lookup
from workbench.music.mixing import Hit, finish, mix, retuned, trim
from workbench.music.placing import (
    drum_hits,
    natural_length,
    note_spans,
    pitch_in_samples,
    samples_at,
)

NOTE_SECONDS = 4.0
RELEASE_SECONDS = 0.08


class NumpySynth:
    """Drums by filtered noise and sines, pitched notes by additive synthesis."""

    name = "numpy"
    sound = "built-in synthesizer"

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def render(
        self, score: Any, sample_rate: int, samples: int | None = None, *, loop: bool = True
    ) -> np.ndarray:
        """Sound of the score, float32 (2, samples), peak ≤ 1; see synth.Synth.render."""
        if samples is None:
            samples, loop = natural_length(score, sample_rate), False
        hits = drum_hits(score, sample_rate, samples, loop, self.drum_shot)
        for track in score.tracks:
            if not track.is_drum and len(track.notes):
                hits += _tone_hits(score, track, sample_rate, samples)
        return finish(mix(hits, samples, loop), sample_rate, loop)

    def drum_shot(
        self, pitch: int, velocity: int, sample_rate: int, kit: int = 0
    ) -> tuple[np.ndarray, float]:
        """Return the voice's one-shot (n, 2) and the gain for the velocity; there is only one
        kit."""
        return drum_shot(pitch, sample_rate), (velocity / 127) ** 1.3


def _tone_hits(score: Any, track: Any, sample_rate: int, samples: int) -> list[Hit]:
    """Return the notes of a track; pitch and balance follow its channel's state over time."""
    channel, notes, family = Channel(track), track.notes.numpy(), _family(track.program)
    starts, ends = note_spans(score, channel, sample_rate)
    pitch = pitch_in_samples(score, channel, sample_rate, starts, np.minimum(ends, samples))
    ticks = np.unique(
        np.concatenate([channel.gain.ticks, channel.controller(PAN).ticks]).astype(np.int64)
    )
    levels = channel.gain.at(ticks)[:, None] * channel.balance(ticks)
    sides = [Lane(samples_at(score, ticks, sample_rate), level, 1) for level in levels.T]
    still = pitch.constant and all(side.constant for side in sides)
    stops = np.maximum(np.minimum(ends, samples) - starts, round(0.03 * sample_rate))
    fade = round(RELEASE_SECONDS * sample_rate)
    hits = []
    columns = (starts, stops, notes["pitch"], notes["velocity"])
    for start, stop, key, velocity in zip(*(c.tolist() for c in columns), strict=True):
        shot, gain = tone(key, family, sample_rate), 0.4 * velocity / 127
        if not still:
            time = start + np.arange(min(stop + fade + 1, len(shot)))
            shot = retuned(shot, pitch.at(time)) if not pitch.constant else shot[: len(time)]
            gain = gain * np.stack([side.at(time[: len(shot)]) for side in sides], axis=1)
        hits.append(Hit(start, shot, gain, stop, fade))
    return hits


def _family(program: int) -> str:
    """ "sustained" for organs, strings, winds and pads; "plucked" for decaying sounds."""
    held = 16 <= program < 24 or 40 <= program < 46 or 48 <= program < 104
    return "sustained" if held else "plucked"


@cache
def tone(pitch: int, family: str, sample_rate: int) -> np.ndarray:
    """One note of up to 4 s: harmonics k of 440·2^((pitch − 69)/12) Hz with amplitude 1/k^1.5.

    Higher harmonics decay faster when plucked. Returns (n, 2) float32.
    """
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    time = np.arange(round(NOTE_SECONDS * sample_rate)) / sample_rate
    count = int(min(8, max(1, 0.45 * sample_rate // frequency)))
    sound = np.zeros(len(time))
    for k in range(1, count + 1):
        decay = 0.0 if family == "sustained" else (1.2 + 0.8 * (k - 1)) * (frequency / 262) ** 0.4
        sound += np.sin(2 * np.pi * k * frequency * time) * np.exp(-decay * time) / k**1.5
    sound *= np.minimum(time / (0.03 if family == "sustained" else 0.003), 1) * 0.6
    if family == "sustained":
        sound *= np.minimum((NOTE_SECONDS - time) / 0.3, 1)
    return np.repeat(sound[:, None], 2, axis=1).astype(np.float32)


@cache
def drum_shot(pitch: int, sample_rate: int) -> np.ndarray:
    """Return the one-shot of a drum pitch at full velocity, float32 (n, 2); an unknown pitch sounds
    as a low tom."""
    voice = int(read_lookup()[pitch])
    code = DRUMS[voice] if voice >= 0 else "LT"
    mono = _VOICES[code](sample_rate)
    left, right = _PANS[code]
    return trim(np.stack([mono * left, mono * right], axis=1).astype(np.float32))


_PANS = {
    "BD": (1.0, 1.0),
    "SD": (1.0, 1.0),
    "CH": (0.8, 1.0),
    "OH": (0.8, 1.0),
    "RD": (1.0, 0.7),
    "CR": (0.75, 1.0),
    "LT": (1.0, 0.65),
    "MT": (0.9, 0.9),
    "HT": (0.65, 1.0),
}


def _time(seconds: float, rate: int) -> np.ndarray:
    return np.arange(max(round(seconds * rate), 1)) / rate


def _noise(time: np.ndarray, rate: int, low: float, high: float, seed: int) -> np.ndarray:
    """Return white noise, band-limited to `low`–`high` Hz, with peak 1; the same for the same
    seed."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(len(time)))
    frequency = np.fft.rfftfreq(len(time), 1 / rate)
    spectrum *= 1 / (1 + (low / np.maximum(frequency, 1)) ** 8)
    spectrum *= 1 / (1 + (frequency / high) ** 8)
    sound = np.fft.irfft(spectrum, len(time))
    return sound / np.abs(sound).max()


def _sweep(time: np.ndarray, start: float, end: float, speed: float) -> np.ndarray:
    """Return a sine that falls from `start` to `end` Hz."""
    phase = end * time + (start - end) * (1 - np.exp(-speed * time)) / speed
    return np.sin(2 * np.pi * phase)


def _bass_drum(rate: int) -> np.ndarray:
    time = _time(0.45, rate)
    body = _sweep(time, 160, 48, 30) * np.exp(-9 * time)
    return 0.85 * body + 0.15 * _noise(time, rate, 800, 5000, 1) * np.exp(-150 * time)


def _snare(rate: int) -> np.ndarray:
    time = _time(0.35, rate)
    rattle = _noise(time, rate, 1200, 9000, 2) * np.exp(-16 * time)
    return 0.5 * rattle + 0.35 * _sweep(time, 260, 180, 40) * np.exp(-22 * time)


def _hat(rate: int, seconds: float, decay: float) -> np.ndarray:
    time = _time(seconds, rate)
    return 0.35 * _noise(time, rate, 7000, 0.49 * rate, 3) * np.exp(-decay * time)


def _cymbal(rate: int, seconds: float, decay: float, partials: Any, seed: int) -> np.ndarray:
    time = _time(seconds, rate)
    ring = sum(np.sin(2 * np.pi * f * time + i) for i, f in enumerate(partials)) / len(partials)
    wash = _noise(time, rate, 3500, 14000, seed)
    attack = 1 + 1.5 * np.exp(-60 * time)
    return 0.16 * (wash + 0.7 * ring) * attack * np.exp(-decay * time)


def _tom(rate: int, frequency: float) -> np.ndarray:
    time = _time(0.7, rate)
    body = _sweep(time, 1.5 * frequency, frequency, 25) * np.exp(-6 * time)
    return 0.65 * body + 0.08 * _noise(time, rate, 500, 4000, 5) * np.exp(-80 * time)


_VOICES = {
    "BD": _bass_drum,
    "SD": _snare,
    "CH": lambda rate: _hat(rate, 0.12, 45),
    "OH": lambda rate: _hat(rate, 0.9, 5),
    "RD": lambda rate: _cymbal(rate, 1.6, 3, (3150, 4460, 5230), 6),
    "CR": lambda rate: _cymbal(rate, 2.4, 2, (523, 871, 1403, 2210), 7),
    "LT": lambda rate: _tom(rate, 85),
    "MT": lambda rate: _tom(rate, 125),
    "HT": lambda rate: _tom(rate, 180),
}
