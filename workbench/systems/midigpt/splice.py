"""Convert between a song's score and its bars of tokens: locate the hole, and insert the answer.

Only notes are written. Tempo map, metres, controllers, texts, system messages, other tracks and
all notes that begin outside the hole stay unchanged, byte for byte.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from workbench.errors import PromptError
from workbench.late import late
from workbench.music.channel import note_events
from workbench.music.columns import Columns, add_notes, columns_of
from workbench.music.timeline import meters_at
from workbench.representations.grammar import PROGRAMS, TOGETHER
from workbench.representations.holes import BAR, PITCH, PROGRAM, Hole
from workbench.representations.remi import Grid, RemiSong
from workbench.representations.tokens import Vocabulary, value_of
from workbench.systems.midigpt import polyphony
from workbench.systems.midigpt.config import Known
from workbench.systems.midigpt.polyphony import Most
from workbench.systems.midigpt.tracks import called_as, learned
from workbench.systems.splicing import (
    chosen_tracks,
    fit_notes,
    largest_chord,
    needs_score,
    notes_outside,
    same_channel,
    tracks_near,
    with_bars_before,
    with_fine_ticks,
)

if TYPE_CHECKING:
    from workbench.music.clip import Clip

symusic = late("symusic")

SAME = {"2/2", "3/2"}  # encoded as 4/4 and 6/4, which are as long
LOWEST, HIGHEST = 21, 108  # pitches with a token
LONGEST_SIDE = 64  # bars that may be added before or after a song at once


def with_bars(clip: Clip, first: int, last: int) -> tuple[Clip, int, int]:
    """Return the clip, extended by empty bars if the hole reaches beyond it, and the hole in it."""
    needs_score(clip)
    clip = with_fine_ticks(clip)
    if not first < last:
        raise PromptError(f"bars: ({first}, {last}) is empty; give (first, last) with first < last")
    if first < -LONGEST_SIDE or last > clip.bars + LONGEST_SIDE or first > clip.bars or last < 0:
        raise PromptError(
            f"bars: ({first}, {last}) must lie in this clip of {clip.bars} bars or adjoin it, "
            f"up to {LONGEST_SIDE} bars before or after"
        )
    lines = clip.bar_lines
    if first < 0:
        clip, last, first = with_bars_before(clip, -first), last - first, 0
        lines = clip.bar_lines
    if last > clip.bars:
        length = lines[-1] - lines[-2]
        clip = clip.with_(beats=float(lines[-1] + length * (last - clip.bars)))
    return clip, first, last


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
            own = largest_chord(places[rest[:, PROGRAM] == token])
            most[program + 1] = min(TOGETHER, own + new.struck)
        chosen = places[np.isin(rest[:, PROGRAM], self.hole.programs or ())]
        more = polyphony.total(self.unknown.values()).struck
        return most, largest_chord(chosen) + more


def read(
    clip: Clip,
    first: int,
    last: int,
    tracks: Sequence[int | str] | None,
    vocabulary: Vocabulary,
    known: Known | None = None,
) -> Reading:
    """Return the clip as the network reads it, with a hole from bar `first` to `last` (exclusive).
    known: what the checkpoint has learned; by default, what its vocabulary shows. Raises
    PromptError if no track is named or known."""
    learned_metres, learned_programs = learned(vocabulary)
    if known is not None and known.programs:
        learned_metres, learned_programs = {*known.metres}, {*map(int, known.programs)}
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
        chosen = tracks_near(clip, first, last, drums=-1 in learned_programs)
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
    elif tracks is None and {*tracks_near(clip, first, last, drums=True)} - {*chosen}:
        _warn(
            "tracks: drums stay unchanged, because this checkpoint was trained without them; "
            'tracks=[..., "drums"] regenerates them nevertheless'
        )
    _warn_of_far_pitches(clip, chosen)
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
        outside = notes_outside(columns_of(own[i]), begin, end)
        if not len(outside["time"]):
            limits[i] = polyphony.usual(-1 if own[i].is_drum else own[i].program, called[i])
    return limits


def _warn_of_far_pitches(clip: Clip, chosen: Sequence[int]) -> None:
    """Warn of tracks most of whose notes have no token."""
    for i in chosen:
        track = clip.score.tracks[i] if i < len(clip.score.tracks) else None
        if track is None or track.is_drum or not len(track.notes):
            continue
        pitch = columns_of(track)["pitch"]
        far = int(((pitch < LOWEST) | (pitch > HIGHEST)).sum())
        if 2 * far > len(pitch):
            _warn(
                f"tracks: {far} of {len(pitch)} notes of {track.name or f'#{i + 1}'} lie outside "
                "of a piano's keys, which the tokens do not reach; transpose them first"
            )


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=5)


def _joined(
    lines: np.ndarray, meters: Sequence[tuple[int, int]], first: int, last: int, metres: set[str]
) -> list[int]:
    """Return the bars at which a bar of the network begins: all bars. Bars of 1/4, in which files
    without a known metre are written, are joined to bars of 4/4, and so are bars of 2/4 if the
    training data have none; but not across an edge of the hole."""
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
            if (top, bottom) == (1, 4) or ((top, bottom) == (2, 4) and "2/4" not in metres):
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
    value = np.array([value_of(name) for name in names])
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


def splice(
    clip: Clip, song: RemiSong, reading: Reading, vocabulary: Vocabulary, free: Collection[int] = ()
) -> Clip:
    """Return the clip with its notes in the hole replaced by those of `song`, each on the track of
    its Program token. free: tracks whose notes are not thinned."""
    score: Any = clip.score.copy()
    hole, lines = reading.hole, reading.grid.starts
    begin, end = (round(lines[i] * score.tpq) for i in (hole.first, hole.last))
    for i in reading.chosen:
        if i >= len(score.tracks):
            program = reading.added[i - len(clip.score.tracks)]
            drums = program < 0
            track = symusic.Track(program=max(program, 0), is_drum=drums, ttype="tick")
            score.tracks.append(track)
        kept = notes_outside(columns_of(score.tracks[i]), begin, end)
        score.tracks[i].notes = note_events(**kept)
    inside = replace(song, notes=song.notes[hole.covers(song)])
    fresh: dict[int, Columns] = {}
    latest = max(end, 1) + 4 * score.tpq
    for program, rows in notes_of(inside, lines, vocabulary).items():
        tracks = [i for i in reading.chosen if reading.called[i] == program]
        fit_notes(score, tracks, rows, (begin, end), latest, reading.places, fresh)
    channels = {tuple(j for j, _ in same_channel(reading.places, i)) for i in fresh}
    polyphony.thin(score, fresh, reading.unknown, sorted(channels), free)
    for i, notes in fresh.items():
        add_notes(score.tracks[i], notes)
    return clip.with_score(score)
