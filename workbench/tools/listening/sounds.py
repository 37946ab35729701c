"""Make clips comparable: raters must not recognise a source by length, loudness or coding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from workbench.arguments import random_generator
from workbench.errors import WorkbenchError
from workbench.music.audio import checked, encode
from workbench.music.loudness import matched

if TYPE_CHECKING:
    from workbench.music.clip import Clip

RATE = 24000  # Hz
LEAST_SECONDS = 1.0
FADE = 0.25  # seconds of fade-out at the end, because clips are cut
QUALITY = 0.4  # of MP3, from 0 (best) to 1 (smallest): about 6 kB per second


def comparable(
    clips: Sequence[Clip], names: Sequence[str], seconds: float
) -> tuple[list[np.ndarray], list[float]]:
    """Clips as mono sounds (1, samples) at 24 kHz, and the gains in dB that were applied.

    All are cut to the length of the shortest, at most `seconds`, fade out, and get the same
    loudness, so that neither length nor level reveals a source. Raises WorkbenchError for a clip
    that is silent or shorter than a second.
    """
    for clip, name in zip(clips, names, strict=True):
        if clip.duration < LEAST_SECONDS:
            raise WorkbenchError(
                f"{name} lasts {clip.duration:.2f} s; a clip to rate needs {LEAST_SECONDS:g} s"
            )
    length = round(min(seconds, *(clip.duration for clip in clips)) * RATE)
    fade = np.ones(length)
    fade[-round(FADE * RATE) :] = np.linspace(1, 0, round(FADE * RATE))
    sounds = []
    for clip, name in zip(clips, names, strict=True):
        sound = checked(clip.waveform(RATE, loop=False), name).mean(0, keepdims=True)
        sounds.append(sound[:, :length] * fade)
    return matched(sounds, RATE, names)


def coded(sound: np.ndarray) -> bytes:
    """A sound (1, samples) as MP3, which every browser plays, without metadata."""
    return encode(sound, RATE, "mp3", quality=QUALITY)


def tones(count: int, like: np.ndarray, seed: int = 0) -> np.ndarray:
    """The sound of the check trial, (1, samples): `count` tones as loud as the clips, each 0.3 s
    long, every 0.6 s. It shows whether a rater listens and whether the sound works."""
    pitch = float(random_generator(seed).uniform(400, 800))
    time = np.arange(round(0.6 * RATE)) / RATE
    shape = np.sin(np.pi * np.minimum(time / 0.3, 1)) ** 2
    sound = np.tile(np.sin(2 * np.pi * pitch * time) * shape, count)[None]
    return sound * np.sqrt((like**2).mean() / (sound**2).mean())
