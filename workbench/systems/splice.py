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
from typing import TYPE_CHECKING, Any

import numpy as np
import symusic
import torch

from workbench.arguments import whole
from workbench.datasets.pop909 import PROGRAMS as TRAINED_NAMES
from workbench.errors import PromptError
from workbench.representations.grammar import PROGRAMS, TOGETHER
from workbench.representations.holes import BAR, PITCH, PROGRAM, Hole
from workbench.representations.remi import Grid, RemiSong
from workbench.representations.tokens import Vocabulary

if TYPE_CHECKING:
    from workbench.music.clip import Clip

SAME = {"2/2", "3/2"}  # as long as 4/4 and 6/4, which tokens call them
KNOWN_BY = 8  # notes outside a hole from which it is known how many a track strikes at once
LONGEST_SIDE = 64  # bars that may be added before or after a song at once


def with_bars(clip: Clip, first: int, last: int) -> tuple[Clip, int, int]:
    """The clip with empty bars added where the hole reaches beyond it, and the hole in it."""
    if not clip.has_score:
        raise PromptError("clip: holds a waveform; give one that was read from a MIDI file")
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


def _later(clip: Clip, bars: int) -> Clip:
    """The clip after `bars` empty bars in its first metre."""
    from workbench.music.timeline import meter_map

    top, bottom = meter_map(clip.score)[1][0].tolist()
    beats = bars * 4 * top / bottom
    shift = round(beats * clip.score.tpq)
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
    tempo = clip.tempo if clip.tempo_known and clip.steady else None
    return type(clip)(
        score, tempo=tempo, beats=clip.beats + beats, caption=clip.caption, source=clip.source,
        labels=clip.labels, extra_events=extra,
    )  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """A clip as the network reads it.

    Every track has a Program token of its own, so that what is written for it finds its way back.

    grid: the network's bars; hole: in them; song: all notes; tokens: of each track of the score,
    then of each track to add; added: MIDI programs of these (−1: drums).
    """

    grid: Grid
    song: RemiSong
    hole: Hole
    tokens: list[int]
    added: list[int]

    def names(self, clip: Clip) -> list[str]:
        """The tracks to write: by name, or by number; those to add by program."""
        own = clip.score.tracks
        return [
            (own[i].name or f"#{i + 1}") if i < len(own)
            else "drums" if self.added[i - len(own)] < 0
            else f"program {self.added[i - len(own)]}"
            for i, token in enumerate(self.tokens) if token in (self.hole.programs or ())
        ]  # fmt: skip

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
        chosen = places[np.isin(rest[:, PROGRAM], self.hole.programs)]
        return most, max(TOGETHER, _crowd(chosen))


def _crowd(places: np.ndarray) -> int:
    """How often the most frequent place occurs."""
    return int(np.unique(places, return_counts=True)[1].max()) if len(places) else 0


def read(
    clip: Clip, first: int, last: int, tracks: Sequence[int | str] | None, vocabulary: Vocabulary
) -> Reading:
    """The clip, and the hole of bars `first` to `last` (exclusive) in it, as the network reads
    them. Raises PromptError where no track is named or known."""
    from workbench.music.timeline import meters_at

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
    chosen, added = chosen_tracks(clip, tracks)
    tokens = _tokens(clip, added, learned_programs, vocabulary)
    programs = tuple(sorted({tokens[i] for i in chosen}))
    song = grid.table(
        clip.score, _programs(tokens[: len(clip.score.tracks)], vocabulary), (begin, end)
    )
    if tracks is None and not len(clip.notes):
        raise PromptError("clip: has no notes, so no instrument is known; name the tracks")
    if -1 in _programs(programs, vocabulary) and -1 not in learned_programs:
        _say(
            "tracks: this checkpoint was trained without drums, so what it writes for them is "
            "hardly music; DrumLDM.inpaint regenerates bars of a drum loop"
        )
    return Reading(grid, song, Hole(begin, end, programs), tokens, added)


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


def chosen_tracks(clip: Clip, tracks: Sequence[int | str] | None) -> tuple[list[int], list[int]]:
    """(indices of the tracks to write, programs of tracks to add, which count on from there).

    tracks: MIDI programs, "drums", names, or numbers such as "#2" in the order of the file; None
    for all that have notes. Raises PromptError for one that is none of these.
    """
    score = clip.score
    if tracks is None:
        return [i for i, track in enumerate(score.tracks) if len(track.notes)], []
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
                    f"tracks: {track!r} is no MIDI program (0 to 127), not 'drums' and no track of "
                    f"this clip ({known or 'it has none'})"
                )
            program = -1
        else:
            found, program = [], whole(track, "tracks")
            if not 0 <= program <= 127:
                raise PromptError(f"tracks: {track!r} is no MIDI program (0 to 127), nor 'drums'")
        found = found or [i for i, kind in enumerate(kinds) if kind == program]
        if not found and program not in added:
            added.append(program)
        chosen += found or [len(kinds) + added.index(program)]
    if not chosen:
        raise PromptError("tracks: is empty; name tracks, programs or 'drums', or None for all")
    return chosen, added


def _tokens(clip: Clip, added: Sequence[int], known: set[int], vocabulary: Vocabulary) -> list[int]:
    """A Program token for each track, and for those to add: one of its own as long as there are
    any, its own program's where that is free. Tracks of one program, or of one that training did
    not have, are called what training called a track of that name."""
    kinds = [-1 if track.is_drum else int(track.program) for track in clip.score.tracks]
    kinds += added
    names = [track.name.strip().upper() for track in clip.score.tracks] + [""] * len(added)
    taken: dict[int, int] = {}
    for i, (kind, name) in enumerate(zip(kinds, names, strict=True)):
        called = TRAINED_NAMES.get(name, -2)
        if (kinds.count(kind) > 1 or kind not in known) and called in known - set(taken.values()):
            taken[i] = called
    for i, kind in enumerate(kinds):
        if i not in taken and (kind < 0 or kind not in taken.values()):
            taken[i] = kind
    for i, kind in enumerate(kinds):
        if i not in taken:
            free = set(range(128)) - set(taken.values())
            near = sorted(free, key=lambda p: (p not in known, abs(p - kind)))
            taken[i] = near[0] if near else kind
    return [vocabulary.id(f"Program_{taken[i]}") for i in range(len(kinds))]


def _programs(tokens: Sequence[int], vocabulary: Vocabulary) -> list[int]:
    return [int(vocabulary.names[token].split("_")[1]) for token in tokens]


def notes_of(song: RemiSong, lines: np.ndarray, vocabulary: Vocabulary) -> dict[int, np.ndarray]:
    """Notes by MIDI program (−1: drums): (n, 4) of onset and duration in quarter notes, pitch,
    velocity. lines: quarter notes at which the bars begin."""
    names = vocabulary.names
    n = song.notes
    value = np.array([_value(name) for name in names])
    signature = np.array([names[i].split("_")[1].split("/") for i in song.bars], dtype=int)
    unit = 4 / signature.reshape(-1, 2)[n[:, BAR], 1]  # quarters a beat of the metre
    drums = n[:, 5] < 0
    rows = np.stack([
        lines[n[:, BAR]] + n[:, 1] / 12 * unit,
        np.where(drums, 0.25, value[np.maximum(n[:, 5], 0)] * unit),
        value[n[:, PITCH]],
        value[n[:, 4]],
    ], axis=1)  # fmt: skip
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
    index: dict[int, list[int]] = {}
    for i, token in enumerate(reading.tokens):
        if token in (hole.programs or ()):
            index.setdefault(int(vocabulary.names[token].split("_")[1]), []).append(i)
    for i in sorted(i for found in index.values() for i in found):
        if i >= len(score.tracks):
            program = reading.added[i - len(clip.score.tracks)]
            drums = program < 0
            new = symusic.Track(program=max(program, 0), is_drum=drums, ttype="tick")
            score.tracks.append(new)
        score.tracks[i].notes = [n for n in score.tracks[i].notes if not begin <= n.time < end]
    inside = replace(song, notes=song.notes[hole.covers(song)])
    for program, rows in notes_of(inside, lines, vocabulary).items():
        ticks = np.round(rows[:, 0] * score.tpq).astype(np.int32)
        length = np.maximum(1, np.round(rows[:, 1] * score.tpq)).astype(np.int32)
        length = np.minimum(length, max(end, 1) + 4 * score.tpq - ticks)
        homes = _homes(score, index[program], rows[:, 2])
        for i in np.unique(homes).tolist():
            own = homes == i
            new = symusic.Note.from_numpy(
                ticks[own], length[own], rows[own, 2].astype(np.int8),
                rows[own, 3].astype(np.int8), ttype="tick",
            )  # fmt: skip
            score.tracks[i].notes.extend(new)
            score.tracks[i].notes.sort(key=lambda note: note.time)
    tempo = clip.tempo if clip.tempo_known and len(score.tempos) <= 1 else None
    return type(clip)(
        score, tempo=tempo, beats=clip.beats, caption=clip.caption, source=clip.source,
        labels=clip.labels, extra_events=clip.extra_events,
    )  # fmt: skip


def _homes(score: Any, tracks: Sequence[int], pitches: np.ndarray) -> np.ndarray:
    """The track of each note where several share a token, as drums on several tracks do: the one
    that plays its pitch most often, the first one for a pitch that none plays."""
    counts = np.stack([
        np.bincount(score.tracks[i].notes.numpy()["pitch"].astype(int), minlength=128)
        for i in tracks
    ])  # fmt: skip
    return np.array(tracks)[counts[:, pitches.astype(int)].argmax(0)]
