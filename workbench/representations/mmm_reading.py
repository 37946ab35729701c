"""From MMM's tokens, in any order, to a clip; `MMM.decode` states the rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.music.clip import Clip

TPQ = 480
STEPS = 12  # steps per quarter note
WHOLE = 4 * STEPS  # steps of a 4/4 bar, and of the longest TIME_DELTA
LONGEST = 4 * WHOLE  # steps of the longest bar; invalid sequences may be longer
VELOCITY = 96

Events = list[tuple[str, int]]


@dataclass
class Track:
    """inst: MIDI program, 128 for drums. bars: the events of each bar."""

    inst: int = 0
    bars: list[Events] = field(default_factory=list)


def tracks_of(tokens: Events) -> list[Track]:
    """(kind, number) of each token → tracks; each filling replaces its placeholder."""
    tracks: list[Track] = []
    holes: list[Events] = []
    fillings: list[Events] = []
    bar: Events | None = None  # the bar or filling of the current events
    inside = False  # within a track
    for kind, number in tokens:
        if kind == "TRACK_START":
            tracks.append(Track())
            bar, inside = None, True
        elif kind in ("PIECE_START", "TRACK_END"):
            bar, inside = None, False
        elif kind == "INST" and inside and bar is None:
            tracks[-1].inst = number
        elif kind in ("BAR_START", "FILL_PLACEHOLDER") and inside:
            bar = []
            tracks[-1].bars.append(bar)
            if kind == "FILL_PLACEHOLDER":
                holes.append(bar)
                bar = None
        elif kind == "FILL_START":
            bar, inside = [], False
            fillings.append(bar)
        elif kind in ("BAR_END", "FILL_END"):
            bar = None
        elif bar is not None and kind in ("NOTE_ON", "NOTE_OFF", "TIME_DELTA"):
            bar.append((kind, number))
    for hole, filling in zip(holes, fillings, strict=False):
        hole += filling
    return tracks


def lengths_of(tracks: list[Track]) -> list[int]:
    """Return the steps of each bar: those of 4/4, or the sum of its TIME_DELTAs if that is longer
    or the bar ends with one."""
    lengths = []
    for number in range(max((len(track.bars) for track in tracks), default=0)):
        bars = [track.bars[number] for track in tracks if number < len(track.bars)]
        ends_waiting = any(bar and bar[-1][0] == "TIME_DELTA" for bar in bars)
        longest = max(sum(n for kind, n in bar if kind == "TIME_DELTA") for bar in bars)
        lengths.append(min(longest if ends_waiting else max(longest, WHOLE), LONGEST))
    return lengths


def notes_of(track: Track, lines: np.ndarray) -> list[tuple[int, int, int]]:
    """Return (start, duration, pitch) of a track's notes in steps. lines: (bars + 1,), the steps at
    which bars begin."""
    sounding: dict[int, int] = {}
    notes: list[tuple[int, int, int]] = []

    def end(pitch: int, step: int) -> None:
        start = sounding.pop(pitch, step)
        if step > start:  # notes without duration are left out
            notes.append((start, step - start, pitch))

    for bar, begin, stop in zip(track.bars, lines[:-1].tolist(), lines[1:].tolist(), strict=False):
        now = begin
        for kind, number in bar:
            if kind == "TIME_DELTA":
                now = min(now + number, stop)
                continue
            end(number, now)
            if kind == "NOTE_ON":
                sounding[number] = now
    for pitch in list(sounding):
        end(pitch, int(lines[-1]))
    return sorted(notes)


def clip_of(tracks: list[Track], tempo: float) -> Clip:
    """Return the tracks as a clip; without bars it is an empty 4/4 bar."""
    import symusic

    lengths = lengths_of(tracks) or [WHOLE]
    lines = np.concatenate([[0], np.cumsum(lengths)])
    score: Any = symusic.Score(TPQ)
    before = 0
    for begin, length in zip(lines.tolist(), lengths, strict=False):
        unit = next((unit for unit in (4, 8, 16) if length % (WHOLE // unit) == 0), 0)
        if (
            length != before and unit
        ):  # for other lengths there is no metre; the next one cuts the bar
            top = length * unit // WHOLE
            score.time_signatures.append(
                symusic.TimeSignature(begin * TPQ // STEPS, top, unit, ttype="tick")
            )
        before = length
    for track in tracks:
        notes = notes_of(track, lines)
        part: Any = symusic.Track(program=track.inst % 128, is_drum=track.inst == 128)
        for start, steps, pitch in notes:
            part.notes.append(
                symusic.Note(start * TPQ // STEPS, steps * TPQ // STEPS, pitch, VELOCITY, "tick")
            )
        if notes:
            score.tracks.append(part)
    return Clip(score, tempo=tempo, beats=float(lines[-1]) / STEPS)
