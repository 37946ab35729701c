"""Insert new notes into a score: on which tracks, and between which notes. All systems that edit
songs and loops share it.

New notes replace those of a region in the clip's own score, and in its file if there is one. All
other events stay unchanged: the tempo map, metres, controllers, texts, other tracks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.arguments import shown, whole
from workbench.errors import PromptError
from workbench.music.columns import NAMES, Columns, columns_of, joined, picked
from workbench.music.midi import read_score
from workbench.music.patching import finer, later
from workbench.music.timeline import LATE, meter_map
from workbench.representations.grammar import TOGETHER

if TYPE_CHECKING:
    from workbench.music.clip import Clip

FINE = 96  # ticks per quarter note at which rounding is inaudible
NEAR = 4  # bars around a region: tracks that are silent there stay silent
SPREAD = 3.0  # bandwidth in semitones of a track's pitch density


# --- the clip that is edited ------------------------------------------------------------------


def needs_score(clip: Clip, name: str = "clip") -> None:
    """Raise PromptError for a waveform."""
    if not clip.has_score:
        raise PromptError(f"{name}: is a waveform; give a clip that was read from a MIDI file")


def with_fine_ticks(clip: Clip) -> Clip:
    """Return the clip with ticks fine enough for all positions that a system generates: at least
    96 per quarter note, and a multiple of the clip's own ticks."""
    tpq = clip.score.tpq
    factor = lcm(tpq, FINE) // tpq
    if tpq >= FINE or factor == 1:
        return clip
    if data := clip.file:
        return _of_file(finer(data, factor), clip)
    extra = [event._replace(tick=event.tick * factor) for event in clip.extra_events]
    return _with(clip, clip.score.resample(tpq * factor), extra_events=extra)


def _of_file(data: bytes, clip: Clip, **fields: Any) -> Clip:
    """Return the clip as read from its changed file."""
    return _with(clip, read_score(data), extra_events=data, **fields)


def _with(clip: Clip, score: Any, **fields: Any) -> Clip:
    """Return the clip with another score. fields: other attributes to change."""
    same = {name: getattr(clip, name) for name in ("beats", "caption", "source", "labels")}
    tempo = clip.tempo if clip.tempo_known and clip.steady else None
    copy = type(clip)(score, tempo=tempo, **(same | fields))
    copy.rings_on = clip.rings_on
    return copy


def with_bars_before(clip: Clip, bars: int) -> Clip:
    """Return the clip with `bars` empty bars inserted before it, in its first metre."""
    top, bottom = meter_map(clip.score)[1][0].tolist()
    return with_beats_before(clip, bars * 4 * top / bottom)


def with_beats_before(clip: Clip, beats: float) -> Clip:
    """Return the clip with a silence inserted before it, in quarter notes."""
    shift = round(beats * clip.score.tpq)
    if data := clip.file:
        return _of_file(later(data, shift), clip, beats=clip.beats + beats)
    score = clip.score.shift_time(shift)
    for name in ("tempos", "time_signatures", "key_signatures"):
        events = getattr(score, name)
        if len(events) and events[0].time - shift <= LATE * score.tpq:
            events[0].time = 0  # initial events move to the new beginning
    extra = [
        # a system message, copyright or name at the start stays there
        event._replace(tick=event.tick + shift)
        if event.tick or (event.data[0] == 0xFF and event.data[1] not in (2, 3))
        else event
        for event in clip.extra_events
    ]
    return _with(clip, score, beats=clip.beats + beats, extra_events=extra)


# --- tracks -----------------------------------------------------------------------------------


def tracks_near(clip: Clip, first: int, last: int, *, drums: bool) -> list[int]:
    """Return the tracks with notes in bars `first` to `last` or within NEAR bars of them; if there
    are none, all tracks with notes. Drums are included only if `drums`, or if nothing else has
    notes."""
    tracks, lines = clip.score.tracks, clip.bar_lines
    begin, end = lines[max(0, first - NEAR)], lines[min(len(lines) - 1, last + NEAR)]
    notes = [track.notes.numpy()["time"] / clip.score.tpq for track in tracks]
    sounding = [i for i, time in enumerate(notes) if len(time)]
    sounding = [i for i in sounding if drums or not tracks[i].is_drum] or sounding
    near = [i for i in sounding if ((notes[i] >= begin) & (notes[i] < end)).any()]
    return near or sounding


def chosen_tracks(clip: Clip, tracks: Sequence[int | str]) -> tuple[list[int], list[int]]:
    """Return the indices of the tracks to write and the programs of tracks to add. Added tracks are
    numbered after those of the clip.

    tracks: MIDI programs, "drums", names, or numbers such as "#2" in the order of the file. Raises
    PromptError for anything else.
    """
    score = clip.score
    if isinstance(tracks, str):
        tracks = [tracks]
    kinds = [-1 if track.is_drum else int(track.program) for track in score.tracks]
    names = [track.name.strip().lower() for track in score.tracks]
    chosen: list[int] = []
    added: list[int] = []
    for track in tracks:
        if isinstance(track, str):
            word = track.strip().lower()
            number = re.fullmatch(r"(?:#|track\s*)(\d+)", word)
            found = [i for i, name in enumerate(names) if name == word]
            if not found and number and 1 <= int(number[1]) <= len(names):
                found = [int(number[1]) - 1]
            if not found and word != "drums":
                known = ", ".join(f"#{i} {t.name}".strip() for i, t in enumerate(score.tracks, 1))
                raise PromptError(
                    f"tracks: {track!r} is not a MIDI program (0 to 127), 'drums' or a track of "
                    f"this clip ({known or 'it has none'})"
                )
            program = -1
        else:
            found, program = [], whole(track, "tracks")
            if not 0 <= program <= 127:
                raise PromptError(
                    f"tracks: must be a MIDI program from 0 to 127 or 'drums', got {shown(track)}"
                )
        found = found or [i for i, kind in enumerate(kinds) if kind == program]
        if not found and program not in added:
            added.append(program)
        chosen += found or [len(kinds) + added.index(program)]
    if not chosen:
        raise PromptError("tracks: is empty; name tracks, programs or 'drums', or None for all")
    return chosen, added


def assign_tracks(score: Any, tracks: Sequence[int], rows: np.ndarray) -> np.ndarray:
    """Return the track of each new note.

    A note goes to the track whose own notes are nearest in pitch; among drum tracks, to the one
    that plays its pitch most often. If a track would get more notes at one position than it plays
    together elsewhere, the notes are divided between the tracks.

    Args:
        score: The score without the new notes.
        tracks: The tracks that the notes may go to.
        rows: Onset and duration in quarter notes, pitch and velocity of each note: (n, 4).
    """
    if len(tracks) == 1:
        return np.full(len(rows), tracks[0])
    counts = np.stack(
        [
            np.bincount(score.tracks[i].notes.numpy()["pitch"].astype(int), minlength=128)[:128]
            for i in tracks
        ]
    ).astype(float)
    pitches = rows[:, 2].astype(int)
    if score.tracks[tracks[0]].is_drum:
        return np.array(tracks)[counts[:, pitches].argmax(0)]
    # slow to import, and needed only to write new notes into tracks
    from scipy.optimize import linear_sum_assignment

    steps = np.arange(128)
    density = counts @ np.exp(-np.abs(steps[:, None] - steps) / SPREAD) + 1e-99
    cost = -np.log(density / density.sum(1, keepdims=True))[:, pitches].T  # (notes, tracks)
    most = [largest_chord(score.tracks[i].notes.numpy()["time"]) or 1 for i in tracks]
    seats = np.repeat(np.arange(len(tracks)), np.minimum(most, TOGETHER))
    home = cost.argmin(1)
    for place in np.unique(rows[:, 0]):
        here = np.flatnonzero(rows[:, 0] == place)
        note, seat = linear_sum_assignment(cost[here][:, seats])
        home[here[note]] = seats[seat]
    return np.array(tracks)[home]


def largest_chord(places: np.ndarray) -> int:
    """Return the largest number of notes at one position. places: the position of each note."""
    return int(np.unique(places, return_counts=True)[1].max()) if len(places) else 0


# --- notes ------------------------------------------------------------------------------------


def notes_outside(notes: Columns, begin: int, end: int) -> Columns:
    """Return the notes that begin outside the ticks from `begin` to `end` (exclusive)."""
    return picked(notes, (notes["time"] < begin) | (notes["time"] >= end))


def fit_notes(
    score: Any,
    tracks: Sequence[int],
    rows: np.ndarray,
    region: tuple[int, int],
    last: int,
    places: Sequence[Any],
    fresh: dict[int, Columns],
) -> None:
    """Distribute new notes over tracks and fit them between the notes of their channels.

    Args:
        score: The score without the new notes.
        tracks: The tracks that the notes may go to.
        rows: Onset and duration in quarter notes, pitch and velocity of each note: (n, 4).
        region: First and last tick of the region, last exclusive. Notes begin within it.
        last: Latest tick at which a note may end.
        places: For each track, its track in the clip's file and its channel; None if unknown.
        fresh: New notes that already fit, by track; the new notes are added to it.
    """
    begin, end = region
    onset = np.clip(np.rint(rows[:, 0] * score.tpq), begin, max(end - 1, begin))
    duration = np.minimum(np.maximum(np.rint(rows[:, 1] * score.tpq), 1), last - onset)
    columns = np.stack([onset, duration, np.rint(rows[:, 2]), np.rint(rows[:, 3])])
    new = dict(zip(NAMES, columns.astype(np.int64), strict=True))
    home = assign_tracks(score, tracks, rows)
    for track in np.unique(home).tolist():
        own = picked(new, home == track)
        fresh[track] = _fit_track(score, track, own, fresh, places, end)


def _fit_track(
    score: Any,
    track: int,
    new: Columns,
    fresh: Mapping[int, Columns],
    places: Sequence[Any],
    end: int,
) -> Columns:
    """Return the new notes of one track so that they neither end other notes on their channel nor
    are ended by them. end: the tick at which the region ends."""
    others = []
    for j, side in same_channel(places, track):
        there = joined([columns_of(score.tracks[j]), *([fresh[j]] if j in fresh else [])])
        others.append(there | {"side": np.full(len(there["time"]), side)})
    there = {name: np.concatenate([o[name] for o in others]) for name in others[0]}
    return fit_between(new, there, end, score.tpq // 4)


def same_channel(places: Sequence[Any], track: int) -> list[tuple[int, int]]:
    """Return the tracks on the same channel of the clip's file, this one included, each with its
    side: −1 and 1 for a track whose messages come earlier and later at the same tick."""
    place = places[track] if track < len(places) else None
    if place is None:
        return [(track, 0)]
    return [
        (i, int(np.sign(other[0] - place[0])))
        for i, other in enumerate(places)
        if other is not None and other[1] == place[1]
    ]


def fit_between(new: Columns, there: Columns, end: int, far: int) -> Columns:
    """Fit new notes between the notes of the same pitch on their channel, because files and
    synthesizers cannot tell which of two such notes a note-off ends.

    A note that begins while another is held is delayed until that ends, if this is before `end` and
    at most `far` ticks later; otherwise it is dropped. It ends where its pitch is struck again. The
    side of `there` is −1 if it precedes and 1 if it follows the new notes at the same tick.
    """
    begin, side = there["time"], there["side"]
    onset = new["time"].copy()
    stop = onset + new["duration"]
    near = (begin <= stop.max(initial=0)) & (begin + there["duration"] >= onset.min(initial=0))
    begin, side = begin[near], side[near]
    over = begin + there["duration"][near] + (side > 0)
    same = new["pitch"][:, None] == there["pitch"][near]

    def held() -> np.ndarray:
        """Return the tick up to which each note's pitch is held, 0 if it is free."""
        inside = same & (begin <= onset[:, None]) & (onset[:, None] < np.maximum(over, begin + 1))
        return np.where(inside, np.maximum(over, begin + 1), 0).max(1, initial=0)

    fits = ~(same & (begin == onset[:, None])).any(1)
    onset = np.maximum(onset, held())
    again = np.where(same & (begin > onset[:, None]), begin - (side < 0), np.iinfo(np.int64).max)
    stop = np.minimum(stop, again.min(1, initial=np.iinfo(np.int64).max))
    fits &= (held() == 0) & (onset - new["time"] <= far) & (onset < np.minimum(stop, end))
    new = picked(new | {"time": onset, "duration": stop - onset}, fits)
    order = np.lexsort((new["time"], new["pitch"]))
    new = picked(new, order)
    gap, repeated = np.diff(new["time"]), np.diff(new["pitch"]) == 0
    shorter = np.minimum(new["duration"][:-1], gap)
    new["duration"][:-1] = np.where(repeated, shorter, new["duration"][:-1])
    return picked(new, new["duration"] > 0)  # of two equal notes at one tick, one remains
