"""Beats of music without a score: by BeatNet, if its weights are here, otherwise by librosa.

A tracker is a function (sound (channels, samples), rate) → `Beats`. Functions with an argument
`tracker` accept any such function. `data_scripts/beatnet.py` downloads BeatNet's weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.files import cache_dir
from workbench.music.audio import SILENT, checked, turned_down
from workbench.representations.beatnet import FILE, BeatNetTracker
from workbench.representations.mixup import Beats

if TYPE_CHECKING:
    from workbench.datasets.audio import AudioCollection
    from workbench.music.clip import Clip

Tracker = Callable[[np.ndarray, int], Beats]
HOP = 256  # samples per frame of the onset envelope
LOW = (30.0, 130.0)  # Hz: bass drum and bass, which mark the beginning of a bar
ATTACK = 0.5  # smallest rise in dB at an onset, mean over bands; music has more than 2
NONE = Beats(np.empty(0), np.empty(0))
NO_BEATS = "none"  # label of a piece in which the tracker found none
TRACKED = "tracked"  # label of a piece whose beats a tracker found


def track(sound: np.ndarray, rate: int, *, meter: int | None = None) -> Beats:
    """Return the beats of sound: by BeatNet, if its weights are in the cache folder, otherwise by
    librosa's dynamic programming. Silence has no beats.

    Args:
        sound: (channels, samples).
        rate: Sample rate in Hz.
        meter: Beats per bar; None: 3 or 4, whichever is likelier (BeatNet), 4 (librosa).
    """
    weights = cache_dir() / FILE
    if not weights.is_file():
        return dynamic_programming(sound, rate, meter=meter or 4)
    return _beatnet(weights)(sound, rate, meter=meter)


_beatnet = cache(BeatNetTracker)


def dynamic_programming(sound: np.ndarray, rate: int, *, meter: int = 4) -> Beats:
    """Return the beats of sound by librosa's dynamic programming.

    Downbeats are every `meter`-th beat, at the phase where low frequencies are loudest. Silence and
    single sounds have no beats.

    Args:
        sound: (channels, samples).
        rate: Sample rate in Hz.
        meter: Beats per bar.

    Source: Ellis 2007, "Beat tracking by dynamic programming".
    """
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
    magnitude = np.abs(librosa.stft(mono, n_fft=2048, hop_length=HOP))
    pitch = librosa.fft_frequencies(sr=rate, n_fft=2048)
    low = magnitude[(pitch >= LOW[0]) & (pitch < LOW[1])].sum(0)
    loudness = np.array([low[max(0, f - 1) : f + 5].max(initial=0.0) for f in frames])
    phase = int(
        np.argmax([loudness[start::meter].mean() for start in range(min(meter, len(loudness)))])
    )
    times = librosa.frames_to_time(frames, sr=rate, hop_length=HOP)
    return Beats(times, times[phase::meter])


def onset_times(sound: np.ndarray, rate: int) -> np.ndarray:
    """Return the onsets of sound in seconds, (n,), by librosa's peaks of the spectral flux.

    Args:
        sound: (channels, samples).
        rate: Sample rate in Hz.

    Source: Böck, Krebs and Schedl 2012, "Evaluating the online capabilities of onset detection".
    """
    import librosa

    mono = turned_down(checked(sound)).mean(0, dtype=np.float32)
    if not np.abs(mono).max(initial=0) > SILENT:
        return np.empty(0)
    hop = HOP // 2
    # the flux of the first frame has nothing before it, so silence goes before the sound
    before = rate // 10
    padded = np.concatenate([np.zeros(before, np.float32), mono])
    times = librosa.onset.onset_detect(y=padded, sr=rate, hop_length=hop, units="time")
    return np.maximum(times - before / rate, 0.0)


def _attacks(onsets: np.ndarray) -> np.ndarray:
    """Return the frames of onsets: the peaks of an onset envelope without the faintest."""
    from scipy.signal import find_peaks

    height = max(ATTACK, 0.2 * float(onsets.max(initial=0.0)))
    return find_peaks(np.pad(onsets, 1), height=height)[0] - 1


def beats_of_clip(clip: Clip, rate: int, tracker: Tracker = track) -> Beats:
    """Return the beats of a clip from its labels, else from its score, else from the tracker."""
    known = Beats.read(clip.labels)
    if len(known.times):
        return known
    if clip.has_score:
        return _counted(clip, clip.bar_lines[:-1])
    return tracker(clip.waveform(rate, loop=False), rate)


def known_beats_of_clip(clip: Clip) -> Beats:
    """Return the beats of a clip from its labels, if they are exact, else from its score or its
    known tempo; none for other clips."""
    known = known_beats(clip.labels)
    if len(known.times) or not (clip.has_score or clip.tempo_known):
        return known
    return _counted(clip, clip.bar_lines)  # with the end of the last bar, for a clip of one bar


def _counted(clip: Clip, lines: np.ndarray) -> Beats:
    """Return the beats of a clip with a score or a tempo. lines: its bar lines in beats."""
    return Beats(
        np.asarray(clip.seconds_at(np.arange(0, clip.beats, 4 / clip.meter[1]))),
        np.asarray(clip.seconds_at(lines)),
    )


def beats_of(audio: AudioCollection, number: int, tracker: Tracker = track) -> Beats:
    """Return the beats of a piece from its labels, which rendered music has, else from the
    tracker."""
    labels = audio.items[number].labels
    if labels.get("beats") == NO_BEATS:
        return NONE
    known = Beats.read(labels)
    return known if len(known.times) else tracker(audio[number], audio.rate)


def known_beats(labels: Mapping[str, Any]) -> Beats:
    """Return the beats in a piece's labels that are exact, as those of rendered music are; none if
    `with_beats` has tracked them. A piece of one bar, such as a fill, has one downbeat; if its
    label of the metre tells how long the bar is, the next downbeat is added."""
    if labels.get(TRACKED):
        return NONE
    beats = Beats.read(dict(labels))
    top = str(labels.get("meter", "")).partition("/")[0]
    if len(beats.downbeats) != 1 or not top.isdecimal() or not int(top):
        return beats
    first = float(beats.downbeats[0])
    return Beats(beats.times, np.array([first, first + int(top) * 60 / beats.tempo]))


def with_beats(audio: AudioCollection, rows: Sequence[int]) -> AudioCollection:
    """Return the collection with the beats of some of its pieces in their labels, so that
    `beats_of` needs no tracker. Beats that were tracked are labelled as such."""
    found: dict[int, dict[str, str]] = {}
    for i in rows:
        exact = len(known_beats(audio.items[i].labels).times) > 0
        beats = beats_of(audio, i)
        values = {"beats": beats.times, "downbeats": beats.downbeats}
        texts = {name: " ".join(map(repr, times.tolist())) for name, times in values.items()}
        found[i] = texts if len(beats.times) > 1 else {"beats": NO_BEATS}
        if not exact:
            found[i][TRACKED] = "yes"
    return audio.labelled(found)


def with_clicks(sound: np.ndarray, beats: Beats, rate: int) -> np.ndarray:
    """Return sound (channels, samples) with a short click on every beat and a higher one on
    downbeats, to check the beats by ear. It is scaled down if it would clip."""
    out = checked(sound).astype(np.float32, copy=True)
    time = np.arange(round(0.03 * rate)) / rate
    for times, pitch in ((beats.times, 1000.0), (beats.downbeats, 2000.0)):
        click = 0.4 * np.sin(2 * np.pi * pitch * time) * np.exp(-time / 0.006)
        for at in np.round(times[times >= 0] * rate).astype(int):
            part = out[:, at : at + len(click)]
            part += click[: part.shape[1]]
    return turned_down(out)
