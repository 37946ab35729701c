"""Sample positions of a score's events, and its drum hits: the part that all engines share."""

from typing import Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.music.channel import FOREVER, MODULATION, Channel, Lane
from workbench.music.mixing import CHOKE_SECONDS, Hit, choke_times, retuned
from workbench.music.timeline import seconds_at

MAX_RENDER_MINUTES = 30.0
TAIL_SECONDS = 3.0
VIBRATO_HZ, VIBRATO_SEMITONES = 8.176, 0.5  # the standard's for a modulation wheel
VIBRATO_STEP = 0.005  # seconds


def samples_at(score: Any, ticks: Any, sample_rate: int) -> np.ndarray:
    """Return the sample at each tick, int64."""
    beats = np.asarray(ticks, dtype=np.float64) / score.tpq
    return np.rint(seconds_at(score, beats) * sample_rate).astype(np.int64)


def note_spans(score: Any, channel: Channel, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples at which each note of the channel's track begins and stops sounding."""
    notes = channel.track.notes.numpy()
    begin = notes["time"].astype(np.int64)
    end = channel.note_ends(begin, begin + np.maximum(notes["duration"], 1), notes["pitch"])
    return samples_at(score, begin, sample_rate), samples_at(score, end, sample_rate)


def pitch_in_samples(
    score: Any, channel: Channel, sample_rate: int, begin: np.ndarray, end: np.ndarray
) -> Lane:
    """Return the channel's pitch offset in semitones at samples: pitch wheel, tuning, and vibrato.

    begin, end: samples between which notes sound; vibrato is computed only there.
    """
    pitch, wheel = channel.pitch, channel.controller(MODULATION)
    places = samples_at(score, pitch.ticks, sample_rate)
    steady = Lane(places, pitch.at(pitch.ticks), 0)
    if wheel.constant or not len(begin):
        return steady
    depth = Lane(samples_at(score, wheel.ticks, sample_rate), wheel.at(wheel.ticks) / 127, 0)
    step = max(round(VIBRATO_STEP * sample_rate), 1)
    grid = np.arange(begin.min() // step, end.max() // step + 1) * step
    sounding = np.searchsorted(np.sort(begin), grid, side="right") - np.searchsorted(
        np.sort(end), grid, side="right"
    )
    grid = grid[(sounding > 0) & (depth.at(grid) > 0)]
    times = np.unique(np.concatenate([places, depth.ticks, grid]))
    swing = np.sin(2 * np.pi * VIBRATO_HZ * times / sample_rate)
    return Lane(times, steady.at(times) + VIBRATO_SEMITONES * depth.at(times) * swing, 0)


def drum_hits(score: Any, sample_rate: int, samples: int, loop: bool, shot_of: Any) -> list[Hit]:
    """Return every drum note as a one-shot at its exact position, with its channel's volume, pan
    and pitch. `shot_of(pitch, velocity, rate, kit)` returns a one-shot and a gain."""
    rows = []
    for track in score.tracks:
        if not track.is_drum or not len(track.notes):
            continue
        channel, notes = Channel(track), track.notes.numpy()
        onset = notes["time"].astype(np.int64)
        off = channel.sound_off(onset)
        stop = samples_at(score, off, sample_rate) - samples_at(score, onset, sample_rate)
        levels = channel.gain.at(onset)[:, None] * channel.balance(onset)
        columns = (
            samples_at(score, onset, sample_rate),
            notes["pitch"].astype(int),
            notes["velocity"].astype(int),
            np.full(len(onset), track.program),
            np.where(off < FOREVER, stop, np.inf),
            channel.pitch.at(onset),
            *levels.T,
        )
        rows.append(np.stack(columns, axis=1))
    if not rows:
        return []
    table = np.concatenate(rows)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    stops = choke_times(table[:, 0].astype(int), table[:, 1].astype(int), samples, loop)
    stops = np.where(stops < 0, np.inf, stops)
    stops = np.minimum(stops, table[:, 4])
    fade = round(CHOKE_SECONDS * sample_rate)
    hits = []
    for row, stop in zip(table.tolist(), stops.tolist(), strict=True):
        start, pitch, velocity, kit = (int(value) for value in row[:4])
        shot, gain = shot_of(pitch, velocity, sample_rate, kit)
        if row[5]:
            shot = retuned(shot, np.full(len(shot), row[5]))
        levels = gain if row[6] == row[7] == 1 else gain * np.array(row[6:8])
        hits.append(Hit(start, shot, levels, int(stop) if stop < np.inf else None, fade))
    return hits


def check_length(seconds: float, source: str) -> None:
    """Raise WorkbenchError if a piece is too long to be rendered in memory."""
    if seconds > MAX_RENDER_MINUTES * 60:
        raise WorkbenchError(
            f"{source or 'the clip'} lasts {seconds / 60:.0f} minutes, more than the "
            f"{MAX_RENDER_MINUTES:g} rendered at once; take .excerpt(start_beat, n_beats)"
        )


def natural_length(score: Any, sample_rate: int) -> int:
    """Return the number of samples up to the end of the last note plus a tail.

    A pedal that is never released sustains its notes up to the last event.
    """
    last, ends = 0, [0]
    for track in score.tracks:
        if not len(track.notes):
            continue
        notes = track.notes.numpy()
        onset, end = notes["time"].astype(np.int64), notes["time"] + notes["duration"]
        if not track.is_drum:
            last = max(last, int(end.max()), int(track.controls.numpy()["time"].max(initial=0)))
            end = Channel(track).note_ends(onset, end, notes["pitch"])
        ends.append(int(end.max()))
    end = max(last if end == FOREVER else end for end in ends)
    return int(samples_at(score, end, sample_rate)) + round(TAIL_SECONDS * sample_rate)
