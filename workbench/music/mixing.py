"""Mixing one-shots on a time line: the part that all synthesizers share.

A one-shot is the sound of one hit or one note, rendered once, shape (samples, 2) float32.
Interleaved channels keep each addition in one run of memory.
"""

from dataclasses import dataclass

import numpy as np

PEAK = 0.97  # louder mixes are scaled down to this
SILENCE = 10 ** (-66 / 20)
CHOKE_SECONDS = 0.012  # how fast a closing hi-hat stops the open one
FADE_SECONDS = 0.02
CLOSED_HATS, OPEN_HATS = (22, 42, 44), (26, 46)


@dataclass(frozen=True)
class Hit:
    """A one-shot in the mix: its onset, gain and the time after which it is stopped."""

    start: int  # sample
    shot: np.ndarray  # (n, 2) float32
    gain: float | np.ndarray = 1.0  # or one for left and one for right, or (n, 2) through time
    stop: int | None = None  # samples after which it fades out
    fade: int = 0  # length of that fade in samples


def mix(hits: list[Hit], samples: int, loop: bool) -> np.ndarray:
    """Add up the hits. Returns float32 (2, samples).

    With `loop`, sound past the end is added at the start, repeatedly if necessary; without, it is
    cut.
    """
    longest = max((len(hit.shot) for hit in hits), default=0)
    sound = np.zeros((samples + longest, 2), dtype=np.float32)
    for hit in hits:
        if 0 <= hit.start < samples:
            shot, gain = _stopped(hit), np.asarray(hit.gain, dtype=np.float32)
            shot = shot * (gain[: len(shot)] if gain.ndim == 2 else gain)
            sound[hit.start : hit.start + len(shot)] += shot
    return fold(sound, samples) if loop else _by_channel(sound[:samples])


def _stopped(hit: Hit) -> np.ndarray:
    if hit.stop is None or hit.stop + hit.fade >= len(hit.shot):
        return hit.shot
    shot = hit.shot[: hit.stop + hit.fade].copy()
    shot[hit.stop :] *= np.linspace(1, 0, hit.fade, dtype=np.float32)[:, None]
    return shot


def retuned(shot: np.ndarray, semitones: np.ndarray) -> np.ndarray:
    """Return the one-shot (n, 2) transposed by `semitones` (m,), one value per sample of the result
    (m, 2)."""
    ratio = 2 ** (np.asarray(semitones, dtype=np.float64) / 12)
    place = np.cumsum(ratio) - ratio
    place = place[place < len(shot)]
    grid = np.arange(len(shot))
    sides = [np.interp(place, grid, side, right=0) for side in shot.T]
    return np.stack(sides, axis=1).astype(np.float32)


def fold(sound: np.ndarray, samples: int) -> np.ndarray:
    """Wrap (n, 2) sound around a loop of `samples`; returns (2, samples)."""
    folded = np.zeros((samples, 2), dtype=sound.dtype)
    for start in range(0, len(sound), samples):
        part = sound[start : start + samples]
        folded[: len(part)] += part
    return _by_channel(folded)


def _by_channel(sound: np.ndarray) -> np.ndarray:
    """Return (n, 2) sound as (2, n), a copy of each channel in a run of memory."""
    channels = np.empty(sound.shape[::-1], dtype=sound.dtype)
    for channel, samples in zip(channels, sound.T, strict=True):
        channel[:] = samples
    return channels


def finish(sound: np.ndarray, sample_rate: int, loop: bool) -> np.ndarray:
    """Fade out the end unless it is a loop, and scale down to a peak of at most PEAK; (2, n)."""
    if not loop:
        fade_out(sound, sample_rate)
    peak = float(max(sound.max(initial=0), -sound.min(initial=0)))
    return sound * np.float32(PEAK / peak) if peak > PEAK else sound


def fade_out(sound: np.ndarray, sample_rate: int) -> None:
    """Fade out the last FADE_SECONDS of (2, n) in place."""
    n = min(round(FADE_SECONDS * sample_rate), sound.shape[1])
    sound[:, sound.shape[1] - n :] *= np.linspace(1, 0, n, dtype=np.float32)


def trim(shot: np.ndarray) -> np.ndarray:
    """Cut a one-shot (n, 2) where it has become silent, with a short fade to avoid a click."""
    left, right = np.abs(shot.T)
    loud = np.flatnonzero((left > SILENCE) | (right > SILENCE))
    if not len(loud):
        return np.zeros((0, 2), dtype=np.float32)
    end = min(loud[-1] + 1, len(shot))
    fade = min(256, end)
    shot = np.array(shot[:end], dtype=np.float32)
    shot[end - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    return shot


def choke_times(starts: np.ndarray, pitches: np.ndarray, samples: int, loop: bool) -> np.ndarray:
    """Return the samples after which each hit is stopped; −1 if it rings on.

    An open hi-hat rings until the next closed or pedalled one; in a loop that may be one at the
    beginning of the next repetition.
    """
    stops = np.full(len(starts), -1, dtype=np.int64)
    closed = np.sort(starts[np.isin(pitches, CLOSED_HATS)])
    opened = np.flatnonzero(np.isin(pitches, OPEN_HATS))
    if not len(closed) or not len(opened):
        return stops
    if loop:
        closed = np.concatenate([closed, closed + samples])
    following = np.searchsorted(closed, starts[opened], side="right")
    found = following < len(closed)
    stops[opened[found]] = closed[following[found]] - starts[opened[found]]
    return stops
