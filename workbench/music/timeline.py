"""The time line of a score: tempo map, metres, bar lines, and cutting a piece out of it.

Positions are in beats (quarter notes) from the start of the score.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.arguments import floats, number, shown, whole
from workbench.errors import PromptError
from workbench.late import late
from workbench.music.channel import Channel, bend_events, control_events, note_events, pedal_list

if TYPE_CHECKING:
    from workbench.music.clip import Clip

symusic = late("symusic")

SLOWEST = 2**24 - 1  # microseconds per quarter note that a MIDI file can say
TEMPO_RANGE = (60e6 / SLOWEST, 2000.0)  # BPM, from 3.58
LATE = 0.125  # beats after the start of a piece at which its metre may come and is still its first


def check_tempo(tempo: Any) -> float:
    """Return the tempo in BPM as a float; raise PromptError unless a MIDI file can hold it."""
    return number(tempo, "tempo", *TEMPO_RANGE)


def settled(score: Any) -> Any:
    """Return the score, or a copy without ineffective events. Of several tempi, metres or keys at
    one tick the last one counts (files often have a default first), and a first metre up to LATE
    beats after the start applies to the first bar."""
    changed = {}
    for name in ("tempos", "time_signatures", "key_signatures"):
        events = getattr(score, name)
        if len(events) == 0 or (len(events) == 1 and events[0].time == 0):
            continue
        late = LATE * score.tpq if name == "time_signatures" else 0
        last = {(0 if event.time <= late else event.time): event for event in events}
        if len(last) == len(events) and all(time == event.time for time, event in last.items()):
            continue
        kept = []
        for time, event in sorted(last.items()):
            event = event.copy()
            event.time = time
            kept.append(event)
        changed[name] = type(events)(kept)
    if changed:
        score = score.copy()
        for name, events in changed.items():
            setattr(score, name, events)
    return score


def main_tempo(score: Any, notes: np.ndarray) -> float:
    """Return the main tempo in BPM: the median over the beats from the first note (dtype NOTE,
    sorted) to the last."""
    if len(score.tempos) == 1 and score.tempos[0].time <= 0:
        return 60e6 / float(score.tempos[0].mspq)
    times, tempi = tempo_map(score)
    order = np.argsort(tempi, kind="stable")
    reached = np.cumsum(_held(times, notes)[order])
    return float(tempi[order][np.searchsorted(reached, reached[-1] / 2 - 1e-9)])


def main_meter(score: Any, notes: np.ndarray) -> tuple[int, int]:
    """Return the metre of most of the music, from the first note (dtype NOTE, sorted) to the last;
    of two equally long metres the earlier one."""
    signs = score.time_signatures
    if len(signs) == 1 and signs[0].time <= 0:
        return int(signs[0].numerator), int(signs[0].denominator)
    times, meters = meter_map(score)
    lengths: dict[tuple[int, int], float] = {}
    for (top, bottom), length in zip(meters.tolist(), _held(times, notes).tolist(), strict=True):
        lengths[top, bottom] = lengths.get((top, bottom), 0.0) + length
    return max(lengths, key=lambda meter: lengths[meter])


def _held(times: np.ndarray, notes: np.ndarray) -> np.ndarray:
    """Return how many beats of the music lie in each section that begins at `times`."""
    first, last = (float(notes["time"][i]) for i in (0, -1)) if len(notes) else (0.0, 0.0)
    ends = np.r_[times[1:], np.inf]
    last = max(last, first + 2 * LATE)  # of a single note: what holds from a little after it
    return np.maximum(np.minimum(ends, last) - np.maximum(times, first), 0.0)


def tempo_map(score: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return times in beats (ascending, from 0) and the tempo in BPM from each time on."""
    if not len(score.tempos):
        return np.zeros(1), np.full(1, 120.0)
    columns = score.tempos.numpy()
    order = np.argsort(columns["time"], kind="stable")
    times = columns["time"][order] / score.tpq
    with np.errstate(divide="ignore"):
        tempi = 60e6 / columns["mspq"][order].astype(np.float64)
    if times[0] > 0:  # the MIDI standard's 120 BPM holds until the first tempo event
        times, tempi = np.r_[0.0, times], np.r_[120.0, tempi]
    return times, tempi


def meter_map(score: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return times in beats (ascending, from 0) and (numerator, denominator) from each time on."""
    if not len(score.time_signatures):
        return np.zeros(1), np.array([[4, 4]])
    columns = score.time_signatures.numpy()
    order = np.argsort(columns["time"], kind="stable")
    times = columns["time"][order] / score.tpq
    meters = np.stack([columns["numerator"], columns["denominator"]], axis=1)[order].astype(int)
    if times[0] > 0:
        times, meters = np.r_[0.0, times], np.r_[[[4, 4]], meters]
    return times, meters


def meters_at(score: Any, beats: np.ndarray) -> list[tuple[int, int]]:
    """Return the metre (numerator, denominator) at each position in beats."""
    times, meters = meter_map(score)
    index = np.searchsorted(times, beats + 1e-6, side="right") - 1
    return [(int(top), int(bottom)) for top, bottom in meters[index]]


def other_meters(clip: Clip) -> str:
    """Return the metres of a clip's bars that are not 4/4, such as "3/4, 6/8"; "" if all are
    4/4."""
    met = [tuple(clip.meter)] if clip.score is None else meters_at(clip.score, clip.bar_lines[:-1])
    return ", ".join(sorted({f"{top}/{bottom}" for top, bottom in met} - {"4/4"}))


def meter_names(meters: Iterable[tuple[int, ...]]) -> str:
    """Return metres as a text: "4/4, 6/8"."""
    return ", ".join(f"{top}/{bottom}" for top, bottom in meters)


def needs_one_meter(
    clip: Clip, name: str = "clip", meters: Sequence[tuple[int, int]] = ((4, 4),)
) -> None:
    """Raise PromptError for a clip whose bars do not all have one of these metres."""
    met = set(meters_at(clip.score, clip.bar_lines[:-1]))
    others = met - set(meters)
    if len(met) == 1 and not others:
        return
    named = meter_names(sorted(others or met))
    if not others:
        raise PromptError(
            f"{name}: has bars of {named}; cut bars of one metre out of it with datasets.cut_loops"
        )
    raise PromptError(
        f"{name}: has bars of {named}, and only {meter_names(meters)} can be generated; cut 4/4 "
        "out of it with datasets.cut_loops, or write it in bars of 4/4 with "
        "clip.with_(meter=(4, 4))"
    )


def tick_at(beat: float, tpq: int) -> int:
    """Return the tick nearest to a position in beats. Halves are rounded up, not to even ticks, so
    that a range of beats has the same number of ticks everywhere, up to an incomplete one."""
    return math.floor(beat * tpq + 0.5)


def end_tick(beats: float, tpq: int) -> int:
    """Return the tick at which a piece of `beats` ends; an incomplete tick is included."""
    return max(math.ceil(beats * tpq - 1e-6), 1)


def seconds_at(score: Any, beats: Any) -> np.ndarray:
    """Convert positions in beats to seconds from the start, with all tempo changes."""
    beats = floats(beats, "beats")
    times, tempi = tempo_map(score)
    starts = np.r_[0.0, np.cumsum(np.diff(times) * 60 / tempi[:-1])]
    index = np.maximum(np.searchsorted(times, beats, side="right") - 1, 0)
    return starts[index] + (beats - times[index]) * 60 / tempi[index]


def beats_at(score: Any, seconds: Any) -> np.ndarray:
    """Convert seconds from the start to positions in beats: the inverse of `seconds_at`."""
    seconds = floats(seconds, "seconds")
    times, tempi = tempo_map(score)
    starts = seconds_at(score, times)
    index = np.maximum(np.searchsorted(starts, seconds, side="right") - 1, 0)
    return times[index] + (seconds - starts[index]) * tempi[index] / 60


def bar_lines(score: Any, until: float) -> np.ndarray:
    """Return the bar lines in beats, up to the first one at or after `until`; at least one bar."""
    times, meters = meter_map(score)
    lines: list[np.ndarray] = []
    for index, (start, (top, bottom)) in enumerate(zip(times, meters, strict=True)):
        length = 4 * top / bottom
        end = times[index + 1] if index + 1 < len(times) else np.inf
        stop = min(end, max(until, length))
        if start >= stop:
            continue
        lines.append(start + length * np.arange(np.ceil((stop - start) / length - 1e-9)))
        if end >= until:
            lines.append(np.array([min(lines[-1][-1] + length, end)]))
            break
    return np.unique(np.concatenate(lines))


def natural_beats(score: Any, notes: np.ndarray) -> float:
    """Return the length in beats up to the end of the last bar in which a note (dtype NOTE, sorted)
    begins."""
    until = (float(notes["time"][-1]) if len(notes) else 0.0) + 1e-6  # on a line it opens a bar
    meters = score.time_signatures
    if len(meters) == 1 and meters[0].time <= 0:
        length = 4 * meters[0].numerator / meters[0].denominator
        return length * max(math.ceil(until / length - 1e-9), 1)
    return float(bar_lines(score, until)[-1])


def check_maps(score: Any) -> None:
    """Raise WorkbenchError for a tempo or metre of the score that a MIDI file cannot hold."""
    for micros in np.unique(score.tempos.numpy()["mspq"]).tolist() if len(score.tempos) else ():
        check_tempo(60e6 / micros if micros else math.inf)
    for sign in score.time_signatures:
        check_meter((sign.numerator, sign.denominator))


def with_tempo_and_meter(
    score: Any, tempo: float | None = None, meter: tuple[int, int] | None = None
) -> Any:
    """Return the score, or a copy whose tempo map or time signatures are replaced by these."""
    if tempo is None and meter is None:
        return score
    score = score.copy()
    if tempo is not None:
        check_tempo(tempo)
        score.tempos = type(score.tempos)([symusic.Tempo(0, float(tempo), ttype="tick")])
    if meter is not None:
        signature = symusic.TimeSignature(0, *check_meter(meter), ttype="tick")
        score.time_signatures = type(score.time_signatures)([signature])
    return score


def check_meter(meter: Any) -> tuple[int, int]:
    """Return a metre as a pair of ints; raise PromptError unless it is 1 to 255 over a power of two
    up to 64."""
    try:
        top, bottom = (whole(part, "meter", 1, 255) for part in meter)
    except (PromptError, TypeError, ValueError):
        top, bottom = 0, 0
    if bottom not in (1, 2, 4, 8, 16, 32, 64):
        raise PromptError(f"meter={shown(meter)}: give a pair such as (4, 4) or (6, 8)")
    return top, bottom


def excerpt(score: Any, start: float, length: float) -> Any:
    """Return the notes that begin in [start, start + length) beats, shifted to begin at 0 and cut
    at the end.

    Tempo, metre, controllers, tuning and pitch wheel begin with their values at `start`, followed
    by later changes in the range.
    """
    start, length = float(start), float(length)
    begin, end = (min(tick_at(beat, score.tpq), 2**31 - 1) for beat in (start, start + length))
    result: Any = symusic.Score(score.tpq)
    times, tempi = tempo_map(score)
    for time, tempo in _within(times, tempi, start, start + length):
        tick = round(time * score.tpq)
        result.tempos.append(symusic.Tempo(tick, float(tempo), ttype="tick"))
    times, meters = meter_map(score)
    for time, meter in _within(times, meters, start, start + length):
        tick = round(time * score.tpq)
        result.time_signatures.append(
            symusic.TimeSignature(tick, int(meter[0]), int(meter[1]), ttype="tick")
        )
    keys = [key for key in score.key_signatures if key.time <= begin][-1:]
    keys += [key for key in score.key_signatures if begin < key.time < end]
    for key in keys:
        moved = key.copy()  # also an impossible one, which symusic reads but would not make
        moved.time = max(key.time - begin, 0)
        result.key_signatures.append(moved)
    for marker in score.markers:
        if begin <= marker.time < end:
            tick = marker.time - begin
            result.markers.append(symusic.TextMeta(tick, marker.text, ttype="tick"))
    for old in score.tracks:
        track = old.clip(begin, end).shift_time(-begin)
        columns = old.notes.numpy()
        inside = (columns["time"] >= begin) & (columns["time"] < end)
        onset, duration = columns["time"][inside], columns["duration"][inside]
        track.notes = note_events(
            onset - begin,
            np.minimum(duration, end - onset),
            columns["pitch"][inside],
            columns["velocity"][inside],
        )
        controls, bend = Channel(old).in_force(begin)
        columns = old.controls.numpy()
        inside = (columns["time"] >= begin) & (columns["time"] < end)
        track.controls = control_events(
            np.r_[np.zeros(len(controls), np.int32), columns["time"][inside] - np.int32(begin)],
            np.r_[np.array([n for n, _ in controls], np.uint8), columns["number"][inside]],
            np.r_[np.array([v for _, v in controls], np.uint8), columns["value"][inside]],
        )
        columns = old.pitch_bends.numpy()
        inside = (columns["time"] >= begin) & (columns["time"] < end)
        held = np.zeros(int(bend != 0), np.int32)
        track.pitch_bends = bend_events(
            np.r_[held, columns["time"][inside] - np.int32(begin)],
            np.r_[held + np.int32(bend), columns["value"][inside]],
        )
        track.pedals = pedal_list(track)
        result.tracks.append(track)
    return result


def anticipated_to_start(score: Any, begin: float) -> Any:
    """Return a copy in which drum hits at or after `begin` (beats) are moved to the start."""
    score = score.copy()
    for track in score.tracks:
        if track.is_drum:
            columns = track.notes.numpy()
            time = np.where(columns["time"] >= round(begin * score.tpq), 0, columns["time"])
            order = np.argsort(time, kind="stable")
            columns["time"] = time
            track.notes = note_events(**{name: column[order] for name, column in columns.items()})
    return score


def _within(times: np.ndarray, values: np.ndarray, start: float, end: float) -> list[Any]:
    """Return (time from start, value) of the current value at `start` and of changes before
    `end`."""
    first = max(int(np.searchsorted(times, start, side="right")) - 1, 0)
    stop = max(int(np.searchsorted(times, end, side="left")), first + 1)
    moved = np.maximum(times[first:stop] - start, 0)
    return list(zip(moved, values[first:stop], strict=True))
