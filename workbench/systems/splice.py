"""Between a song's score and its bars of tokens: finding the hole, and putting an answer into it.

Only notes are written. Tempo map, metres, controllers, other tracks and all notes that begin
outside the hole stay as they are, to the byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import symusic

from workbench.errors import PromptError
from workbench.representations.holes import BAR, PITCH, PROGRAM, Hole
from workbench.representations.remi import RemiSong
from workbench.representations.tokens import Vocabulary

if TYPE_CHECKING:
    from workbench.music.clip import Clip

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
    score = clip.score.shift_time(round(beats * clip.score.tpq))
    for name in ("tempos", "time_signatures", "key_signatures"):
        events = getattr(score, name)
        if len(events):
            events[0].time = 0  # what the song begins with holds from the new beginning on
    tempo = clip.tempo if clip.tempo_known and clip.steady else None
    return type(clip)(
        score, tempo=tempo, beats=clip.beats + beats, caption=clip.caption, source=clip.source,
        labels=clip.labels,
    )  # fmt: skip


def metres_of(clip: Clip) -> list[tuple[int, int]]:
    """(beats, unit) of each bar of the clip; a bar cut short by the next metre has what it has."""
    from workbench.music.timeline import meter_map

    times, meters = meter_map(clip.score)
    index = np.searchsorted(times, clip.bar_lines[:-1] + 1e-6, side="right") - 1
    return [(int(top), int(bottom)) for top, bottom in meters[index]]


def complete_bars(clip: Clip, song: RemiSong, vocabulary: Vocabulary) -> RemiSong:
    """The note table with one entry in `bars` for each bar of the clip, empty ones as well.

    Raises PromptError where a metre cannot be said in tokens.
    """
    ids = []
    for number, (top, bottom) in enumerate(metres_of(clip)):
        name = "TimeSig_4/4" if (top, bottom) == (2, 2) else f"TimeSig_{top}/{bottom}"
        if name not in vocabulary.names:
            raise PromptError(
                f"bar {number + 1} is in {top}/{bottom}, which this vocabulary cannot say; "
                "it knows " + ", ".join(n[8:] for n in vocabulary.names if n.startswith("TimeSig"))
            )
        ids.append(vocabulary.id(name))
    agreed = np.array(ids[: len(song.bars)]) == np.asarray(song.bars[: len(ids)])
    if len(song.bars) > len(ids) or not agreed.all():
        wrong = int(np.argmin(agreed)) + 1 if len(agreed) else 1
        raise PromptError(
            f"bar {wrong}: the metre changes off a bar line; set the time signatures right in an "
            "editor first"
        )
    return replace(song, bars=np.array(ids))


def track_tokens(
    clip: Clip, song: RemiSong, tracks: Sequence[int | str] | None, vocabulary: Vocabulary
) -> tuple[int, ...] | None:
    """Ids of the Program tokens of the named tracks; None stays None (all tracks)."""
    if tracks is None:
        return None
    tokens = []
    for track in tracks:
        program = -1 if track == "drums" else track
        name = f"Program_{program}"
        if isinstance(program, str) or name not in vocabulary.names:
            raise PromptError(f"tracks: {track!r} is no MIDI program (0 to 127) and not 'drums'")
        tokens.append(vocabulary.id(name))
    if not tokens:
        raise PromptError("tracks: is empty; name MIDI programs or 'drums', or None for all")
    return tuple(sorted(set(tokens)))


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


def splice(clip: Clip, song: RemiSong, hole: Hole, vocabulary: Vocabulary) -> Clip:
    """The clip with the notes of `song` in the hole in place of its own."""
    score: Any = clip.score.copy()
    lines = clip.bar_lines
    begin, end = (round(lines[i] * score.tpq) for i in (hole.first, hole.last))
    names = vocabulary.names
    chosen = None
    if hole.programs is not None:
        chosen = {int(names[i].split("_")[1]) for i in hole.programs}
    for track in score.tracks:
        if chosen is None or (-1 if track.is_drum else track.program) in chosen:
            track.notes = [n for n in track.notes if not begin <= n.time < end]
    inside = replace(song, notes=song.notes[hole.covers(song)])
    for program, rows in notes_of(inside, lines, vocabulary).items():
        track = _track(score, program)
        ticks = np.round(rows[:, 0] * score.tpq).astype(np.int32)
        length = np.maximum(1, np.round(rows[:, 1] * score.tpq)).astype(np.int32)
        length = np.minimum(length, max(end, 1) + 4 * score.tpq - ticks)
        new = symusic.Note.from_numpy(
            ticks, length, rows[:, 2].astype(np.int8), rows[:, 3].astype(np.int8), ttype="tick"
        )
        track.notes.extend(new)
        track.notes.sort(key=lambda note: note.time)
    tempo = clip.tempo if clip.tempo_known and clip.steady else None
    return type(clip)(
        score, tempo=tempo, beats=clip.beats, caption=clip.caption, source=clip.source,
        labels=clip.labels,
    )  # fmt: skip


def _track(score: Any, program: int) -> Any:
    """The first track of a program, a new one where there is none."""
    drums = program < 0
    for track in score.tracks:
        if track.is_drum == drums and (drums or track.program == program):
            return track
    score.tracks.append(symusic.Track(program=max(program, 0), is_drum=drums, ttype="tick"))
    return score.tracks[-1]
