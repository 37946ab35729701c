"""Beats of music whose score is not known: librosa's tracker, or any other in its place.

A tracker is a function (sound (channels, samples), rate) → `Beats`; whatever takes one takes yours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from workbench.music.audio import SILENT, checked, turned_down
from workbench.representations.mixup import Beats

if TYPE_CHECKING:
    from workbench.datasets.audio import AudioCollection
    from workbench.music.clip import Clip

Tracker = Callable[[np.ndarray, int], Beats]
HOP = 256  # samples an onset envelope's frame
LOW = (30.0, 130.0)  # Hz: bass drum and bass say where a bar begins
ATTACK = 0.5  # dB, mean over bands, that the sound rises where something begins; music: above 2
NONE = Beats(np.empty(0), np.empty(0))


def track(sound: np.ndarray, rate: int, *, meter: int = 4) -> Beats:
    """Beats by librosa's dynamic programming (Ellis 2007); downbeats are every `meter`-th beat, at
    the phase where the lows are loudest. Silence and single sounds have none."""
    import librosa

    mono = turned_down(checked(sound)).mean(0, dtype=np.float32)
    if len(mono) < rate // 2 or not np.abs(mono).max() > SILENT:
        return NONE
    onsets = librosa.onset.onset_strength(y=mono, sr=rate, hop_length=HOP)
    if len(_attacks(onsets)) < 2:
        return NONE
    _, frames = librosa.beat.beat_track(
        onset_envelope=onsets, sr=rate, hop_length=HOP, trim=False, units="frames"
    )
    frames = np.unique(np.asarray(frames, dtype=int))
    if len(frames) < 2:
        return NONE
    size = np.abs(librosa.stft(mono, n_fft=2048, hop_length=HOP))
    pitch = librosa.fft_frequencies(sr=rate, n_fft=2048)
    low = size[(pitch >= LOW[0]) & (pitch < LOW[1])].sum(0)
    near = np.array([low[max(0, f - 1) : f + 5].max(initial=0.0) for f in frames])
    phase = int(np.argmax([near[start::meter].mean() for start in range(min(meter, len(near)))]))
    times = librosa.frames_to_time(frames, sr=rate, hop_length=HOP)
    return Beats(times, times[phase::meter])


def _attacks(onsets: np.ndarray) -> np.ndarray:
    """Frames of an onset envelope where something begins: its peaks, but for the faintest."""
    from scipy.signal import find_peaks

    height = max(ATTACK, 0.2 * float(onsets.max(initial=0.0)))
    return find_peaks(np.pad(onsets, 1), height=height)[0] - 1


def beats_of_clip(clip: Clip, rate: int, tracker: Tracker = track) -> Beats:
    """Beats of a clip: those in its labels, those of its score, else the tracker's."""
    known = Beats.read(clip.labels)
    if len(known.times):
        return known
    if clip.has_score:
        return Beats(
            np.asarray(clip.seconds_at(np.arange(0, clip.beats, 4 / clip.meter[1]))),
            np.asarray(clip.seconds_at(clip.bar_lines[:-1])),
        )
    return tracker(clip.waveform(rate, loop=False), rate)


def beats_of(audio: AudioCollection, number: int, tracker: Tracker = track) -> Beats:
    """Beats of a piece: those that are known of rendered music, else the tracker's."""
    known = Beats.read(audio.items[number].labels)
    return known if len(known.times) else tracker(audio[number], audio.rate)


def with_clicks(sound: np.ndarray, beats: Beats, rate: int) -> np.ndarray:
    """Sound (channels, samples) with a short click on every beat, a higher one on downbeats, so
    that one hears whether they are right; turned down where it would clip."""
    out = checked(sound).astype(np.float32, copy=True)
    time = np.arange(round(0.03 * rate)) / rate
    for times, pitch in ((beats.times, 1000.0), (beats.downbeats, 2000.0)):
        click = 0.4 * np.sin(2 * np.pi * pitch * time) * np.exp(-time / 0.006)
        for at in np.round(times[times >= 0] * rate).astype(int):
            part = out[:, at : at + len(click)]
            part += click[: part.shape[1]]
    return turned_down(out)
