"""Between a song's score and its bars of tokens: finding the hole, and putting an answer into it.

Only notes are written. Tempo map, metres, controllers, texts, system messages, other tracks and
all notes that begin outside the hole stay as they are, to the byte.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np
import symusic
import torch
from scipy.optimize import linear_sum_assignment

from workbench.arguments import whole
from workbench.datasets.sets.pop909 import PROGRAMS as TRAINED_NAMES
from workbench.errors import PromptError
from workbench.music.channel import note_events
from workbench.music.midi import read_score
from workbench.music.patching import finer, later
from workbench.music.timeline import meter_map, meters_at
from workbench.representations.grammar import PROGRAMS, TOGETHER
from workbench.representations.holes import BAR, PITCH, PROGRAM, Hole
from workbench.representations.remi import Grid, RemiSong
from workbench.representations.tokens import Vocabulary

if TYPE_CHECKING:
    from workbench.music.clip import Clip

SAME = {"2/2", "3/2"}  # as long as 4/4 and 6/4, which tokens call them
LOWEST_LEAD = 52  # middle pitch below which a track of single notes is a bass
NEAR = 4  # bars before and after a hole: tracks that are silent there stay so
SPREAD = 3.0  # semitones around a track's notes that are its own, too
KNOWN_BY = 8  # notes outside a hole from which it is known how many a track strikes at once
FINE = 96  # ticks a quarter note from which on rounding to them is not heard
LONGEST_SIDE = 64  # bars that may be added before or after a song at once


def with_bars(clip: Clip, first: int, last: int) -> tuple[Clip, int, int]:
    """The clip with empty bars added where the hole reaches beyond it, and the hole in it."""
    if not clip.has_score:
        raise PromptError("clip: holds a waveform; give one that was read from a MIDI file")
    clip = _fine(clip)
    if not first < last:
        raise PromptError(f"bars: ({first}, {last}) is empty; give (first, last), last exclusive")
    if first < -LONGEST_SIDE or last > clip.bars + LONGEST_SIDE or first > clip.bars or last < 0:
        raise PromptError(
            f"bars: ({first}, {last}) is not at this clip of {clip.bars} bars, nor up to "
            f"{LONGEST_SIDE} bars before or after it"
        )
    lines = clip.bar_lines
    if first < 0:
        clip, last, first = _later(clip, -first), last - first, 0
        lines = clip.bar_lines
    if last > clip.bars:
        size = lines[-1] - lines[-2]
        clip = clip.with_(beats=float(lines[-1] + size * (last - clip.bars)))
    return clip, first, last


def _fine(clip: Clip) -> Clip:
    """The clip with so many ticks a quarter note that what is written falls on them."""
    tpq = clip.score.tpq
    factor = lcm(tpq, FINE) // tpq
    if tpq >= FINE or factor == 1:
        return clip
    if data := clip.file:
        return _of_file(finer(data, factor), clip)
    extra = [event._replace(tick=event.tick * factor) for event in clip.extra_events]
    return _with(clip, clip.score.resample(tpq * factor), extra_events=extra)


def _of_file(data: bytes, clip: Clip, **fields: Any) -> Clip:
    """The clip as it is read from its changed file."""
    return _with(clip, read_score(data), extra_events=data, **fields)


def _with(clip: Clip, score: Any, **fields: Any) -> Clip:
    """The clip with another score; fields: what else changes."""
    same = {name: getattr(clip, name) for name in ("beats", "caption", "source", "labels")}
    tempo = clip.tempo if clip.tempo_known and clip.steady else None
    copy = type(clip)(score, tempo=tempo, **(same | fields))
    copy.rings_on = clip.rings_on
    return copy


def _later(clip: Clip, bars: int) -> Clip:
    """The clip after `bars` empty bars in its first metre."""
    top, bottom = meter_map(clip.score)[1][0].tolist()
    beats = bars * 4 * top / bottom
    shift = round(beats * clip.score.tpq)
    if data := clip.file:
        return _of_file(later(data, shift), clip, beats=clip.beats + beats)
    score = clip.score.shift_time(shift)
    for name in ("tempos", "time_signatures", "key_signatures"):
        events = getattr(score, name)
        if len(events):
            events[0].time = 0  # what the song begins with holds from the new beginning on
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

    grid: the network's bars; hole: in them; song: all notes; called: the program (−1: drums) that
    each track of the score, then each track to add, has in the tokens, None where it is not read;
    chosen: those to write, none of which is called as one that is kept; added: MIDI programs of the
    tracks to add (−1: drums); places: the track of the clip's file and the channel of each track,
    None where it is unknown.
    """

    grid: Grid
    song: RemiSong
    hole: Hole
    called: list[int | None]
    chosen: list[int]
    added: list[int]
    places: list[Any]

    def beside(self, track: int) -> list[int]:
        """The tracks, this one among them, that are one track and channel of the clip's file."""
        place = self.places[track] if track < len(self.places) else None
        if place is None:
            return [track]
        return [i for i, other in enumerate(self.places) if other == place]

    def names(self, clip: Clip) -> list[str]:
        """The tracks to write: by name, or by number; those to add by program."""
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
        """Notes that each program may strike at one place, drums first, and that all may together:
        as many as anywhere outside the hole, each at most TOGETHER, TOGETHER where it is unknown
        and together at least that many."""
        rest = self.song.notes[~self.hole.covers(self.song)].astype(np.int64)
        places = rest[:, BAR] * 1000 + rest[:, 1]
        most = torch.full((PROGRAMS,), TOGETHER)
        for token in self.hole.programs or ():
            own = places[rest[:, PROGRAM] == token]
            if len(own) >= KNOWN_BY:
                number = int(vocabulary.names[token].split("_")[1]) + 1
                most[number] = min(TOGETHER, _crowd(own))
        chosen = places[np.isin(rest[:, PROGRAM], self.hole.programs or ())]
        return most, max(TOGETHER, _crowd(chosen))


def _crowd(places: np.ndarray) -> int:
    """How often the most frequent place occurs."""
    return int(np.unique(places, return_counts=True)[1].max()) if len(places) else 0


def read(
    clip: Clip, first: int, last: int, tracks: Sequence[int | str] | None, vocabulary: Vocabulary
) -> Reading:
    """The clip, and the hole of bars `first` to `last` (exclusive) in it, as the network reads
    them. Raises PromptError where no track is named or known."""
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
        _say(
            f"bars {first + 1} to {last}: this checkpoint was hardly trained on {', '.join(new)} "
            f"(it learned {', '.join(sorted(learned_metres))}), so expect less of them"
        )
    grid = replace(grid, bars=named)
    begin, end = (int(np.searchsorted(named, bar)) for bar in (first, last))
    if tracks is None:
        if not len(clip.notes):
            raise PromptError("clip: has no notes, so no instrument is known; name the tracks")
        added: list[int] = []
        chosen = _playing(clip, first, last, drums=-1 in learned_programs)
        # the others are silent in the hole, so they may be called the same
        same = [i for i, t in enumerate(clip.score.tracks) if i in chosen or not t.is_drum]
        called = _called(clip, same, [], learned_programs)
    else:
        chosen, added = chosen_tracks(clip, tracks)
        called = _called(clip, chosen, added, learned_programs)
    programs = sorted({vocabulary.id(f"Program_{called[i]}") for i in chosen})
    song = grid.table(clip.score, called[: len(clip.score.tracks)], (begin, end))
    if -1 not in learned_programs and vocabulary.id("Program_-1") in programs:
        _say(
            "tracks: this checkpoint was trained without drums, so what it writes for them is "
            "hardly music; DrumLDM.inpaint regenerates bars of a drum loop"
        )
    elif tracks is None and {*_playing(clip, first, last, drums=True)} - {*chosen}:
        _say(
            "tracks: drums stay as they are, because this checkpoint was trained without them; "
            'tracks=[..., "drums"] regenerates them all the same'
        )
    hole, places = Hole(begin, end, tuple(programs)), clip.places_in_file
    return Reading(grid, song, hole, called, chosen, added, places)


def _say(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=5)


def learned(vocabulary: Vocabulary) -> tuple[set[str], set[int]]:
    """Metres and programs (−1: drums) that were frequent in training: byte-pair encoding made
    pieces of them. All of them for a vocabulary that has no such pieces."""
    names = [vocabulary.names[b] for p in vocabulary.pieces if len(p) > 1 for b in p]
    names = names or vocabulary.names
    metres = {name[8:] for name in names if name.startswith("TimeSig")}
    programs = {int(name[8:]) for name in names if name.startswith("Program")}
    return metres, programs


def _joined(
    lines: np.ndarray, meters: Sequence[tuple[int, int]], first: int, last: int, metres: set[str]
) -> list[int]:
    """Bars at which a bar of the network begins: all, but where training had no 1/4 or 2/4, so many
    of them are one bar of 4/4 as do not cross an edge of the hole."""
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


def _playing(clip: Clip, first: int, last: int, *, drums: bool) -> list[int]:
    """The tracks that have notes in bars `first` to `last` or within NEAR bars of them; all that
    have notes, where none has any there. Drums are among them only if `drums`, or where nothing
    else has notes."""
    tracks, lines = clip.score.tracks, clip.bar_lines
    begin, end = lines[max(0, first - NEAR)], lines[min(len(lines) - 1, last + NEAR)]
    notes = [track.notes.numpy()["time"] / clip.score.tpq for track in tracks]
    found = [i for i, time in enumerate(notes) if len(time)]
    found = [i for i in found if drums or not tracks[i].is_drum] or found
    return [i for i in found if ((notes[i] >= begin) & (notes[i] < end)).any()] or found


def chosen_tracks(clip: Clip, tracks: Sequence[int | str]) -> tuple[list[int], list[int]]:
    """(indices of the tracks to write, programs of tracks to add, which count on from there).

    tracks: MIDI programs, "drums", names, or numbers such as "#2" in the order of the file. Raises
    PromptError for one that is none of these.
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
                    f"tracks: {track!r} is neither a MIDI program (0 to 127) nor 'drums'"
                )
        found = found or [i for i, kind in enumerate(kinds) if kind == program]
        if not found and program not in added:
            added.append(program)
        chosen += found or [len(kinds) + added.index(program)]
    if not chosen:
        raise PromptError("tracks: is empty; name tracks, programs or 'drums', or None for all")
    return chosen, added


def _called(
    clip: Clip, chosen: Sequence[int], added: Sequence[int], known: set[int]
) -> list[int | None]:
    """The program that each track, and each to add, is called in the tokens (−1: drums).

    Tracks are called what training had: by a name that it had, by their own program, or by their
    part. Of the others the highest tracks of single notes are the melody and the bridge, the rest
    is the piano, or the nearest program that training had. Several tracks may be called the same,
    but none to write as one to keep. Drums are None, not read, where training had none and they
    are not to be written.
    """
    own = clip.score.tracks
    kinds = [-1 if track.is_drum else int(track.program) for track in own] + [*added]
    names = [track.name.strip().upper() for track in own] + [""] * len(added)
    called: dict[int, int | None] = {
        i: -1 if i in chosen or -1 in known else None for i, kind in enumerate(kinds) if kind < 0
    }
    tuned = [i for i, kind in enumerate(kinds) if kind >= 0]
    for side in ([i for i in tuned if i in chosen], [i for i in tuned if i not in chosen]):
        free = set(range(128)) - set(called.values())
        rest: list[int] = []
        for i in side:
            program = TRAINED_NAMES.get(names[i], kinds[i])
            if program in known & free:
                called[i] = program
            else:
                rest.append(i)
        single = {i: _single(own[i]) for i in rest if i < len(own)}
        leads = sorted((i for i in rest if single.get(i, 0)), key=lambda i: -single[i])
        parts = {TRAINED_NAMES["MELODY"], TRAINED_NAMES["BRIDGE"]} & known & free
        parts -= {called.get(i) for i in side}
        for i, part in zip(leads, sorted(parts, reverse=True), strict=False):
            called[i] = part
        near = known & free or free
        near = {TRAINED_NAMES["PIANO"]} & near or near
        for i in set(rest) - set(called):
            called[i] = min(near, key=lambda p: abs(p - kinds[i]), default=kinds[i])
    return [called[i] for i in range(len(kinds))]


def _single(track: Any) -> float:
    """The middle pitch of a track that plays single notes above the bass, 0 for any other."""
    notes = track.notes.numpy()
    if not len(notes["time"]):
        return 0
    middle = float(np.median(notes["pitch"]))
    alone = len(np.unique(notes["time"])) / len(notes["time"])
    return middle if alone >= 0.8 and middle >= LOWEST_LEAD else 0


def notes_of(song: RemiSong, lines: np.ndarray, vocabulary: Vocabulary) -> dict[int, np.ndarray]:
    """Notes by MIDI program (−1: drums): (n, 4) of onset and duration in quarter notes, pitch,
    velocity. lines: quarter notes at which the bars begin."""
    names = vocabulary.names
    n = song.notes
    value = np.array([_value(name) for name in names])
    signature = np.array([names[i].split("_")[1].split("/") for i in song.bars], dtype=int)
    unit = 4 / signature.reshape(-1, 2)[n[:, BAR], 1]  # quarters a beat of the metre
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
    """The number that a base token stands for: a pitch, a program, a length in beats."""
    kind, _, rest = name.partition("_")
    if kind == "Duration":
        beats, fraction, steps = (int(part) for part in rest.split("."))
        return beats + fraction / steps
    try:
        return float(rest)
    except ValueError:
        return 0.0


def splice(clip: Clip, song: RemiSong, reading: Reading, vocabulary: Vocabulary) -> Clip:
    """The clip with the notes of `song` in the hole in place of its own, each on the track that
    its Program token stands for."""
    score: Any = clip.score.copy()
    hole, lines = reading.hole, reading.grid.starts
    begin, end = (round(lines[i] * score.tpq) for i in (hole.first, hole.last))
    for i in reading.chosen:
        if i >= len(score.tracks):
            program = reading.added[i - len(clip.score.tracks)]
            drums = program < 0
            track = symusic.Track(program=max(program, 0), is_drum=drums, ttype="tick")
            score.tracks.append(track)
        columns = score.tracks[i].notes.numpy()
        outside = (columns["time"] < begin) | (columns["time"] >= end)
        score.tracks[i].notes = note_events(**{name: c[outside] for name, c in columns.items()})
    inside = replace(song, notes=song.notes[hole.covers(song)])
    fresh: dict[int, dict[str, np.ndarray]] = {}

    def beside(track: int) -> dict[str, np.ndarray]:
        """What is on the track's line of the file, but its own new notes."""
        others = reading.beside(track)
        parts = [score.tracks[j].notes.numpy() for j in others]
        return _joined_columns(parts + [fresh[j] for j in others if j in fresh and j != track])

    for program, rows in notes_of(inside, lines, vocabulary).items():
        ticks = np.round(rows[:, 0] * score.tpq).astype(np.int32)
        ticks = np.clip(ticks, begin, max(end - 1, begin))  # not onto the bar line after the hole
        length = np.maximum(1, np.round(rows[:, 1] * score.tpq)).astype(np.int32)
        length = np.minimum(length, max(end, 1) + 4 * score.tpq - ticks)
        homes = _homes(score, [i for i in reading.chosen if reading.called[i] == program], rows)
        for i in np.unique(homes).tolist():
            own = np.flatnonzero(homes == i)
            # two that fall on one tick are one
            own = own[
                np.unique(np.stack([ticks, rows[:, 2]])[:, own], axis=1, return_index=True)[1]
            ]
            new = {
                "time": ticks[own],
                "duration": length[own],
                "pitch": rows[own, 2],
                "velocity": rows[own, 3],
            }
            there = beside(i)
            free = _held(there, new) == 0
            new = {name: column[free] for name, column in new.items()}
            new["duration"] = _cut(_joined_columns([new, there]))[: len(new["time"])]
            fresh[i] = new
    _thin(score, fresh)
    for i, new in fresh.items():
        held = _held(beside(i), new)
        new["duration"] = np.where(held > 0, held - new["time"], new["duration"]).astype(np.int32)
    for i, new in fresh.items():
        both = _joined_columns([score.tracks[i].notes.numpy(), new])
        order = np.argsort(both["time"], kind="stable")
        score.tracks[i].notes = note_events(**{name: c[order] for name, c in both.items()})
    return clip.with_score(score)


def _joined_columns(parts: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    names = ("time", "duration", "pitch", "velocity")
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _thin(score: Any, fresh: dict[int, dict[str, np.ndarray]]) -> None:
    """Shorten new notes, by track, so that each track, and all together, sound no more notes at
    once than they ever do in the score, where that is known. No note is left out."""
    tuned = [i for i in fresh if not score.tracks[i].is_drum]
    others = {
        i: track.notes.numpy()
        for i, track in enumerate(score.tracks)
        if not track.is_drum and len(track.notes)
    }
    for group in [[i] for i in tuned] + [tuned]:
        rest = [others[i] for i in (group if len(group) == 1 else others) if i in others]
        there = _joined_columns(rest) if rest else None
        if not group or there is None or len(there["time"]) < KNOWN_BY:
            continue
        new = _joined_columns([fresh[i] for i in group])
        most = _voices(there["time"], there["time"] + there["duration"])
        lengths = _shortened(there, new, most)
        for i, own in zip(
            group,
            np.split(lengths, np.cumsum([len(fresh[i]["time"]) for i in group])),
            strict=False,
        ):
            fresh[i]["duration"] = own


def _voices(onset: np.ndarray, stop: np.ndarray) -> int:
    """The most notes that sound at once; one that ends where another begins is over."""
    step = np.repeat([-1, 1], [len(stop), len(onset)])
    order = np.lexsort((step, np.concatenate([stop, onset])))
    return int(step[order].cumsum().max(initial=0))


def _shortened(there: dict[str, np.ndarray], new: dict[str, np.ndarray], most: int) -> np.ndarray:
    """Durations of the new notes, of which the oldest end where otherwise more than `most` notes
    would sound."""
    onset, stop = new["time"].astype(np.int64), new["time"] + new["duration"].astype(np.int64)
    held = there["time"].astype(np.int64)
    until = held + there["duration"]
    near = (held < stop.max(initial=0)) & (until > onset.min(initial=0))
    held, until = held[near], until[near]
    for tick in np.unique(np.concatenate([onset, held])).tolist():
        sounding = np.flatnonzero((onset <= tick) & (stop > tick))
        over = len(sounding) + int(((held <= tick) & (until > tick)).sum()) - most
        if over > 0:
            older = sounding[onset[sounding] < tick]
            older = older[np.argsort(onset[older], kind="stable")]
            stop[older[:over]] = tick
    return (stop - onset).astype(np.int32)


def _held(there: dict[str, np.ndarray], new: dict[str, np.ndarray]) -> np.ndarray:
    """For each new note the tick up to which another one of its pitch is held while it begins and
    ends, 0 where none is: in a file its end would be that note's."""
    onset = new["time"].astype(np.int64)
    begin = there["time"].astype(np.int64)
    stop = begin + there["duration"]
    near = (begin <= onset.max(initial=0)) & (stop > onset.min(initial=0))
    inside = (onset[:, None] >= begin[near]) & (
        ((onset + new["duration"])[:, None] < stop[near]) | (onset[:, None] == begin[near])
    )
    inside &= new["pitch"][:, None] == there["pitch"][near]
    return np.where(inside, stop[near], 0).max(1, initial=0)


def _cut(notes: dict[str, np.ndarray]) -> np.ndarray:
    """Durations that end where the track strikes the pitch again: a file cannot say which of two
    notes of one pitch and channel a note-off ends."""
    order = np.lexsort((notes["time"], notes["pitch"]))
    time, pitch, length = (notes[name][order] for name in ("time", "pitch", "duration"))
    gap = np.diff(time)
    again = np.flatnonzero((np.diff(pitch) == 0) & (gap > 0))
    length[again] = np.minimum(length[again], gap[again])
    out = np.empty_like(length)
    out[order] = length
    return out


def _homes(score: Any, tracks: Sequence[int], rows: np.ndarray) -> np.ndarray:
    """The track of each note, rows (n, 4) of `notes_of`, where several are called the same: the
    one whose notes outside the hole lie nearest in pitch, of drums the one that plays this pitch
    most. What a place has too much for one track goes to the others."""
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
    steps = np.arange(128)
    density = counts @ np.exp(-np.abs(steps[:, None] - steps) / SPREAD) + 1e-99
    cost = -np.log(density / density.sum(1, keepdims=True))[:, pitches].T  # (notes, tracks)
    most = [_crowd(score.tracks[i].notes.numpy()["time"]) or 1 for i in tracks]
    seats = np.repeat(np.arange(len(tracks)), np.minimum(most, TOGETHER))
    homes = cost.argmin(1)
    for place in np.unique(rows[:, 0]):
        here = np.flatnonzero(rows[:, 0] == place)
        note, seat = linear_sum_assignment(cost[here][:, seats])
        homes[here[note]] = seats[seat]
    return np.array(tracks)[homes]
