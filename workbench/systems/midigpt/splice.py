"""Convert between a song's score and its bars of tokens: locate the hole, and insert the answer.

Only notes are written. Tempo map, metres, controllers, texts, system messages, other tracks and
all notes that begin outside the hole stay unchanged, byte for byte.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np
import symusic
import torch

from workbench.errors import PromptError
from workbench.music.channel import note_events
from workbench.music.columns import NAMES, Columns, add_notes, columns_of, joined, picked
from workbench.music.midi import read_score
from workbench.music.patching import finer, later
from workbench.music.timeline import LATE, meter_map, meters_at
from workbench.representations.grammar import PROGRAMS, TOGETHER
from workbench.representations.holes import BAR, PITCH, PROGRAM, Hole
from workbench.representations.remi import Grid, RemiSong
from workbench.representations.tokens import Vocabulary
from workbench.systems.midigpt import polyphony
from workbench.systems.midigpt.polyphony import Most
from workbench.systems.midigpt.tracks import called_as, chosen_tracks, homes, learned, playing

if TYPE_CHECKING:
    from workbench.music.clip import Clip

SAME = {"2/2", "3/2"}  # encoded as 4/4 and 6/4, which are as long
FINE = 96  # ticks per quarter note at which rounding is inaudible
LONGEST_SIDE = 64  # bars that may be added before or after a song at once


def with_bars(clip: Clip, first: int, last: int) -> tuple[Clip, int, int]:
    """Return the clip, extended by empty bars if the hole reaches beyond it, and the hole in it."""
    if not clip.has_score:
        raise PromptError("clip: is a waveform; give a clip that was read from a MIDI file")
    clip = fine(clip)
    if not first < last:
        raise PromptError(f"bars: ({first}, {last}) is empty; give (first, last) with first < last")
    if first < -LONGEST_SIDE or last > clip.bars + LONGEST_SIDE or first > clip.bars or last < 0:
        raise PromptError(
            f"bars: ({first}, {last}) must lie in this clip of {clip.bars} bars or within "
            f"{LONGEST_SIDE} bars before or after it"
        )
    lines = clip.bar_lines
    if first < 0:
        clip, last, first = _later(clip, -first), last - first, 0
        lines = clip.bar_lines
    if last > clip.bars:
        length = lines[-1] - lines[-2]
        clip = clip.with_(beats=float(lines[-1] + length * (last - clip.bars)))
    return clip, first, last


def fine(clip: Clip) -> Clip:
    """Return the clip with a resolution, in ticks per quarter note, that represents the tokens."""
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


def _later(clip: Clip, bars: int) -> Clip:
    """Return the clip with `bars` empty bars inserted before it, in its first metre."""
    top, bottom = meter_map(clip.score)[1][0].tolist()
    beats = bars * 4 * top / bottom
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


@dataclass(frozen=True)
class Reading:
    """A clip as the network reads it.

    Args:
        grid: The bars of the network.
        song: All notes.
        hole: The hole, in bars of the grid.
        called: Program (−1: drums) in the tokens of each track of the score, then of each track to
            add; None for a track that is not encoded.
        chosen: The tracks to write; none shares its program with a track that is kept.
        added: MIDI programs of the tracks to add (−1: drums).
        places: For each track, its track in the clip's file and its channel; None if unknown.
        unknown: Limits of the tracks to write that have no other notes.
    """

    grid: Grid
    song: RemiSong
    hole: Hole
    called: list[int | None]
    chosen: list[int]
    added: list[int]
    places: list[Any]
    unknown: dict[int, Most]

    def names(self, clip: Clip) -> list[str]:
        """Return the tracks to write by name or number, and those to add by program."""
        own = clip.score.tracks
        return [
            (own[i].name or f"#{i + 1}")
            if i < len(own)
            else "drums"
            if self.added[i - len(own)] < 0
            else f"program {self.added[i - len(own)]}"
            for i in self.chosen
        ]

    def most(self, vocabulary: Vocabulary) -> tuple[torch.Tensor, int]:
        """Return how many notes each program, drums first, may strike at one position, and how many
        all may strike together: the largest number outside the hole, and the usual one for tracks
        without other notes."""
        rest = self.song.notes[~self.hole.covers(self.song)].astype(np.int64)
        places = rest[:, BAR] * 1000 + rest[:, 1]
        most = torch.full((PROGRAMS,), TOGETHER)
        for token in self.hole.programs or ():
            program = int(vocabulary.names[token].split("_")[1])
            new = polyphony.total(m for i, m in self.unknown.items() if self.called[i] == program)
            own = polyphony.crowd(places[rest[:, PROGRAM] == token])
            most[program + 1] = min(TOGETHER, own + new.struck)
        chosen = places[np.isin(rest[:, PROGRAM], self.hole.programs or ())]
        more = polyphony.total(self.unknown.values()).struck
        return most, polyphony.crowd(chosen) + more


def read(
    clip: Clip, first: int, last: int, tracks: Sequence[int | str] | None, vocabulary: Vocabulary
) -> Reading:
    """Return the clip as the network reads it, with a hole from bar `first` to `last` (exclusive).
    Raises PromptError if no track is named or known."""
    learned_metres, learned_programs = learned(vocabulary)
    lines = clip.bar_lines
    meters = meters_at(clip.score, lines[:-1])
    kept = sorted({*_joined(lines, meters, first, last, learned_metres), len(meters)})
    joined = [meters[a] if b == a + 1 else (4, 4) for a, b in pairwise(kept)]
    grid = Grid.of(lines[kept], joined)
    named = np.array(kept)[grid.bars]
    inside = np.array(joined)[grid.bars][(named >= first) & (named < last)]
    new = sorted({f"{t}/{b}" for t, b in inside.tolist()} - learned_metres - SAME)
    if new:
        _warn(
            f"bars {first + 1} to {last}: this checkpoint was hardly trained on {', '.join(new)} "
            f"(but on {', '.join(sorted(learned_metres))}), so the result may be worse"
        )
    grid = replace(grid, bars=named)
    begin, end = (int(np.searchsorted(named, bar)) for bar in (first, last))
    if tracks is None:
        if not len(clip.notes):
            raise PromptError("clip: has no notes, so its instruments are unknown; name the tracks")
        added: list[int] = []
        chosen = playing(clip, first, last, drums=-1 in learned_programs)
        # the others are silent in the hole, so they may share a program
        same = [i for i, t in enumerate(clip.score.tracks) if i in chosen or not t.is_drum]
        called = called_as(clip, same, [], learned_programs)
    else:
        chosen, added = chosen_tracks(clip, tracks)
        called = called_as(clip, chosen, added, learned_programs)
    programs = sorted({vocabulary.id(f"Program_{called[i]}") for i in chosen})
    song = grid.table(clip.score, called[: len(clip.score.tracks)], (begin, end))
    if -1 not in learned_programs and vocabulary.id("Program_-1") in programs:
        _warn(
            "tracks: this checkpoint was trained without drums, so the drums that it generates are "
            "poor; DrumLDM.inpaint regenerates bars of a drum loop"
        )
    elif tracks is None and {*playing(clip, first, last, drums=True)} - {*chosen}:
        _warn(
            "tracks: drums stay unchanged, because this checkpoint was trained without them; "
            'tracks=[..., "drums"] regenerates them nevertheless'
        )
    hole, places = Hole(begin, end, tuple(programs)), clip.places_in_file
    ticks = (round(lines[bar] * clip.score.tpq) for bar in (first, last))
    unknown = _unknown(clip, chosen, added, called, *ticks)
    return Reading(grid, song, hole, called, chosen, added, places, unknown)


def _unknown(
    clip: Clip,
    chosen: Sequence[int],
    added: Sequence[int],
    called: Sequence[int | None],
    begin: int,
    end: int,
) -> dict[int, Most]:
    """Return the usual limits of those chosen tracks that have no notes outside the hole."""
    own = clip.score.tracks
    limits: dict[int, Most] = {}
    for i in chosen:
        if i >= len(own):
            limits[i] = polyphony.usual(added[i - len(own)], called[i])
            continue
        outside = _outside(columns_of(own[i]), begin, end)
        if not len(outside["time"]):
            limits[i] = polyphony.usual(-1 if own[i].is_drum else own[i].program, called[i])
    return limits


def _outside(notes: Columns, begin: int, end: int) -> Columns:
    return picked(notes, (notes["time"] < begin) | (notes["time"] >= end))


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=5)


def _joined(
    lines: np.ndarray, meters: Sequence[tuple[int, int]], first: int, last: int, metres: set[str]
) -> list[int]:
    """Return the bars at which a bar of the network begins: all bars. If 1/4 and 2/4 are not in the
    training data, such bars are joined to bars of 4/4, but not across an edge of the hole."""
    starts: list[int] = [first, last]
    for begin, end, backwards in (
        (0, first, True),
        (first, last, False),
        (last, len(meters), False),
    ):
        at = end if backwards else begin
        while begin < at if backwards else at < end:
            top, bottom = meters[at - 1 if backwards else at]
            count = 1
            if bottom == 4 and top in (1, 2) and f"{top}/4" not in metres:
                group = slice(at - 4 // top, at) if backwards else slice(at, at + 4 // top)
                inside = begin <= group.start and group.stop <= end
                if inside and set(meters[group]) == {(top, bottom)}:
                    whole = abs(lines[group.stop] - lines[group.start] - 4) < 1e-6
                    count = 4 // top if whole else 1
            at += -count if backwards else count
            starts.append(at)
    return starts


def notes_of(song: RemiSong, lines: np.ndarray, vocabulary: Vocabulary) -> dict[int, np.ndarray]:
    """Return notes by MIDI program (−1: drums): (n, 4) of onset and duration in quarter notes,
    pitch, velocity. lines: onsets of the bars in quarter notes."""
    names = vocabulary.names
    n = song.notes
    value = np.array([_value(name) for name in names])
    signature = np.array([names[i].split("_")[1].split("/") for i in song.bars], dtype=int)
    unit = 4 / signature.reshape(-1, 2)[n[:, BAR], 1]  # quarter notes per beat of the metre
    drums = n[:, 5] < 0
    rows = np.stack(
        [
            lines[n[:, BAR]] + n[:, 1] / 12 * unit,
            np.where(drums, 0.25, value[np.maximum(n[:, 5], 0)] * unit),
            value[n[:, PITCH]],
            value[n[:, 4]],
        ],
        axis=1,
    )
    programs = value[n[:, PROGRAM]].astype(int)
    return {int(p): rows[programs == p] for p in np.unique(programs)}


def _value(name: str) -> float:
    """Return the number that a base token represents: a pitch, a program, a duration in beats."""
    kind, _, rest = name.partition("_")
    if kind == "Duration":
        beats, fraction, steps = (int(part) for part in rest.split("."))
        return beats + fraction / steps
    try:
        return float(rest)
    except ValueError:
        return 0.0


def splice(clip: Clip, song: RemiSong, reading: Reading, vocabulary: Vocabulary) -> Clip:
    """Return the clip with its notes in the hole replaced by those of `song`, each on the track of
    its Program token."""
    score: Any = clip.score.copy()
    hole, lines = reading.hole, reading.grid.starts
    begin, end = (round(lines[i] * score.tpq) for i in (hole.first, hole.last))
    for i in reading.chosen:
        if i >= len(score.tracks):
            program = reading.added[i - len(clip.score.tracks)]
            drums = program < 0
            track = symusic.Track(program=max(program, 0), is_drum=drums, ttype="tick")
            score.tracks.append(track)
        kept = _outside(columns_of(score.tracks[i]), begin, end)
        score.tracks[i].notes = note_events(**kept)
    inside = replace(song, notes=song.notes[hole.covers(song)])
    fresh: dict[int, Columns] = {}
    for program, rows in notes_of(inside, lines, vocabulary).items():
        # not on the bar line after the hole
        ticks = np.clip(np.round(rows[:, 0] * score.tpq), begin, max(end - 1, begin))
        length = np.maximum(1, np.round(rows[:, 1] * score.tpq))
        length = np.minimum(length, max(end, 1) + 4 * score.tpq - ticks)
        where = homes(score, [i for i in reading.chosen if reading.called[i] == program], rows)
        columns = np.stack([ticks, length, rows[:, 2], rows[:, 3]]).astype(np.int64)
        new = dict(zip(NAMES, columns, strict=True))
        for i in np.unique(where).tolist():
            own = picked(new, where == i)
            fresh[i] = fitted(score, i, own, fresh, reading.places, end)
    channels = {tuple(j for j, _ in _beside(reading.places, i)) for i in fresh}
    polyphony.thin(score, fresh, reading.unknown, sorted(channels))
    for i, notes in fresh.items():
        add_notes(score.tracks[i], notes)
    return clip.with_score(score)


def fitted(
    score: Any,
    track: int,
    new: Columns,
    fresh: Mapping[int, Columns],
    places: Sequence[Any],
    end: int,
) -> Columns:
    """Return new notes of a track so that they do not end notes on the same channel, and are not
    ended by them.

    Args:
        score: The score without the new notes.
        track: The track that they are for.
        new: The new notes.
        fresh: New notes that already fit, by track.
        places: For each track, its track in the clip's file and its channel; None if unknown.
        end: The tick at which the hole ends.
    """
    others = []
    for j, side in _beside(places, track):
        there = joined([columns_of(score.tracks[j]), *([fresh[j]] if j in fresh else [])])
        others.append(there | {"side": np.full(len(there["time"]), side)})
    there = {name: np.concatenate([o[name] for o in others]) for name in others[0]}
    return _between(new, there, end, score.tpq // 4)


def _beside(places: Sequence[Any], track: int) -> list[tuple[int, int]]:
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


def _between(new: Columns, there: Columns, end: int, far: int) -> Columns:
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
    return picked(new, new["duration"] > 0)  # of two notes at one tick one is left
