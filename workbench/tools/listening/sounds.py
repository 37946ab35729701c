"""Clips made comparable before raters hear them: what is not music must not tell them apart."""

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
FADE = 0.25  # seconds at the end, since clips are cut
QUALITY = 0.4  # of MP3, 0 best to 1 smallest: about 6 kB a second


def comparable(
    clips: Sequence[Clip], names: Sequence[str], seconds: float
) -> tuple[list[np.ndarray], list[float]]:
    """Clips as mono sounds (1, samples) at 24 kHz, and the gains in dB that were needed.

    All are cut to the length of the shortest, at most `seconds`, fade out, and have one loudness:
    neither length nor level tells who made a clip. Raises WorkbenchError naming a clip that is
    silent or shorter than a second.
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
    """A sound as MP3, which every browser plays; the file holds no word about it."""
    return encode(sound, RATE, "mp3", quality=QUALITY)


def tones(count: int, like: np.ndarray, seed: int = 0) -> np.ndarray:
    """So many tones in a row, (1, samples), as loud as the clips: the trial that shows whether
    someone listens and whether the sound works. They last 0.3 s every 0.6 s."""
    pitch = float(random_generator(seed).uniform(400, 800))
    time = np.arange(round(0.6 * RATE)) / RATE
    shape = np.sin(np.pi * np.minimum(time / 0.3, 1)) ** 2
    sound = np.tile(np.sin(2 * np.pi * pitch * time) * shape, count)[None]
    return sound * np.sqrt((like**2).mean() / (sound**2).mean())
