"""Beats as channels along the time of a latent: what a network of sound receives of the position
in the beat and in the bar.

    beats = Beats.read(item.labels)                       # exact for rendered music
    channels = beat_channels(beats, frames=256, step=0.032)          # (CHANNELS, 256)

A beat is the unit of the metre's lower number: a quarter in 4/4, an eighth in 6/8, as in the labels
of rendered music.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from workbench.errors import PromptError
from workbench.representations.mixup import Beats

CHANNELS = 8
USUAL = 120.0  # beats per minute at which the channel of the tempo is 0


def beat_channels(
    beats: Beats, frames: int, step: float, *, start: float = 0.0, end: float = np.inf
) -> Tensor:
    """Return what the beats are at each frame.

    Between two beats the position rises evenly. Before the first beat and after the last one it
    goes on as in the nearest beat. Frame i stands for the second `start` + i · `step`.

    Args:
        beats: Beats and downbeats of a piece, in seconds. Fewer than two beats: unknown.
        frames: Number of frames.
        step: Seconds from one frame to the next, above 0.
        start: Second of the piece at the first frame.
        end: Second at which the piece ends. The beat of later frames is unknown.

    Returns:
        float32 (CHANNELS, frames):

            0, 1  cos and sin of the phase in the beat, 0 at each beat
            2, 3  cos and sin of the phase in the bar; both 0 with fewer than two downbeats
            4     impulses at beats: 1 at a beat that falls on a frame, shared by two frames
                  in proportion to their nearness otherwise
            5     the same at downbeats
            6     log2 of the tempo relative to 120 beats per minute
            7     1: the beat is known

        All are 0 where the beat is unknown.

    Raises:
        PromptError: If `step` is not above 0.
    """
    if not step > 0:
        raise PromptError(f"step: must be above 0 seconds, got {step:g}")
    out = np.zeros((CHANNELS, frames), dtype=np.float32)
    if len(beats.times) < 2:
        return torch.from_numpy(out)
    at = start + np.arange(frames) * step
    out[:2], out[4], gap = _cycle(at, beats.times, step)
    if len(beats.downbeats) > 1:
        out[2:4], out[5], _ = _cycle(at, beats.downbeats, step)
    out[6] = np.log2(60 / gap / USUAL)
    out[7] = 1.0
    out[:, at >= end - 1e-9] = 0.0
    return torch.from_numpy(out)


def regular_beats(seconds: float, tempo: float, meter: tuple[int, int]) -> Beats:
    """Return the beats of music at one tempo that begins at a downbeat.

    Args:
        seconds: Length; at least two bars are returned.
        tempo: Quarter notes per minute, above 0.
        meter: Metre, such as (4, 4).
    """
    beat = 240 / tempo / meter[1]
    bars = max(2, int(np.ceil(seconds / (beat * meter[0]))))
    times = beat * np.arange(bars * meter[0])
    return Beats(times, times[:: meter[0]])


def _cycle(
    at: np.ndarray, times: np.ndarray, step: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cos and sin (2, frames) of the phase between `times`, impulses at `times` (frames,),
    and seconds between the two times around each frame (frames,)."""
    low = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
    gap = times[low + 1] - times[low]
    phase = (at - times[low]) / gap
    away = np.abs(phase - np.round(phase)) * gap / step  # frames to the nearest of `times`
    turn = 2 * np.pi * phase
    return np.stack([np.cos(turn), np.sin(turn)]), np.maximum(0.0, 1 - away), gap
