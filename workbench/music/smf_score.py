"""A score from the events of a MIDI file: notes, maps, controllers and texts.

`smf` reads the events. A score is made of them in symusic's layout, as tolerantly as players do it:
hits without note-offs last until the next one, and texts in old encodings are decoded.
"""

import re
from collections import defaultdict
from typing import Any

import numpy as np

from workbench.errors import BrokenFileError
from workbench.late import late
from workbench.music.channel import SUSTAIN, bend_events, control_events, note_events
from workbench.music.smf import (
    KEY,
    LAST_TICK,
    LYRIC,
    MARKER,
    METER,
    TEMPO,
    TRACK_NAME,
    Event,
    MidiFile,
    time_base,
)
from workbench.music.timeline import TEMPO_RANGE

symusic = late("symusic")

LATE_HIT = 0.25  # beats that a drum hit without a note-off lasts at most


def score_of_file(file: MidiFile) -> Any:
    """Return the events as a symusic score in ticks, in symusic's layout: for each track of the
    file, one track per channel and program that has notes.

    A note-off ends the earliest open note of its channel and pitch. If a pitch has fewer note-offs
    than note-ons, each of its notes ends at the next note-on or note-off of that pitch, and the
    last one at the end of its track (a drum hit after a sixteenth). SMPTE time becomes a constant
    tempo. The sequences of a format 2 file are concatenated at bar lines.
    """
    tpq, constant = time_base(file.division)
    if not tpq:
        raise BrokenFileError("no ticks per quarter note; export it again")
    longest = sum(file.ends) if file.format == 2 else max(file.ends, default=0)
    if longest + len(file.ends) * 1024 * tpq > LAST_TICK:
        raise BrokenFileError("note times beyond all music; export it again")
    score: Any = symusic.Score(tpq)
    start = 0
    odd = 0
    for events, end in zip(file.tracks, file.ends, strict=True):
        if file.format == 2:
            score.tempos.append(symusic.Tempo(start, 120.0, ttype="tick"))
            score.time_signatures.append(symusic.TimeSignature(start, 4, 4, ttype="tick"))
        meter, passed = _read_meta(score, events, start, tempi=constant is None)
        odd += passed
        _read_notes(score, events, start, end)
        if file.format == 2:
            bar = max(round(4 * tpq * meter[0] / meter[1]), 1)
            start += -(-end // bar) * bar
    if odd:
        file.faults.append(f"holds {odd} impossible tempo or metre events")
    if constant is not None:
        score.tempos.append(symusic.Tempo(0, mspq=constant, ttype="tick"))
    for name in ("tempos", "time_signatures", "key_signatures", "markers"):
        rows = sorted(getattr(score, name), key=lambda row: row.time)  # stable: the last one holds
        setattr(score, name, type(getattr(score, name))(rows))
    return score


def _read_meta(
    score: Any, events: list[Event], start: int, *, tempi: bool
) -> tuple[tuple[int, int], int]:
    """Add tempo, metre, key and markers of a track; return the last metre, and the number of
    impossible tempo and metre events that were skipped."""
    meter, passed = (4, 4), 0
    for tick, status, data in events:
        if status != 0xFF:
            continue
        kind, content = data[0], data[1:]
        if kind == TEMPO:
            micros = int.from_bytes(content[:3], "big")
            if len(content) < 3 or not possible_tempo(micros):
                passed += 1
            elif tempi:
                score.tempos.append(symusic.Tempo(start + tick, mspq=micros, ttype="tick"))
        elif kind == METER:
            if len(content) < 2 or not content[0] or content[1] > 6:
                passed += 1
                continue
            meter = (content[0], 1 << content[1])
            score.time_signatures.append(symusic.TimeSignature(start + tick, *meter, ttype="tick"))
        elif kind == KEY and len(content) >= 2:
            sharps = content[0] - 256 if content[0] > 127 else content[0]
            if abs(sharps) <= 7 and content[1] <= 1:
                score.key_signatures.append(
                    symusic.KeySignature(start + tick, sharps, content[1], ttype="tick")
                )
        elif kind == MARKER and (text := text_of(content)):
            score.markers.append(symusic.TextMeta(start + tick, text, ttype="tick"))
    return meter, passed


def possible_tempo(micros: int) -> bool:
    """Return whether a number of microseconds per quarter note is a possible tempo."""
    return micros > 0 and TEMPO_RANGE[0] <= 60e6 / micros <= TEMPO_RANGE[1]


def text_of(content: bytes) -> str:
    """Decode a text of a MIDI file, which does not name its encoding: UTF-8 or UTF-16 if possible,
    otherwise the most plausible of Japanese (CP932), Cyrillic (Windows-1251) and Western European
    (Windows-1252)."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace").replace("\0", "")
    if len(content) > 2 and len(content) % 2 == 0 and b"\0" in content:
        for half, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            if not any(content[half::2]) and all(content[1 - half :: 2]):
                return content.decode(encoding)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = _decoded(content)
    return text.replace("\0", "")


def _decoded(content: bytes) -> str:
    """Decode a text that is not UTF-8."""
    try:
        text = content.decode("cp932")
    except UnicodeDecodeError:
        text = ""
    if _JAPANESE.search(text) and not _PRIVATE.search(text):
        return text
    letters = bytes(byte for byte in content if chr(byte).isalpha())
    if len(letters) > 2 and min(letters) >= 0xC0:  # Western words have few accented letters
        return content.decode("cp1251", "replace")
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")


# kana, or two Chinese characters side by side: an accent and the letter after it may look like one
_JAPANESE = re.compile("[\u3041-\u30fa]|[\uff66-\uff9f]{3}|[\u4e00-\u9fff\u3005]{2}")
_PRIVATE = re.compile("[\ue000-\uf8ff\x80-\x9f]")


class _Part:
    """The notes of one channel with one program."""

    def __init__(self) -> None:
        self.notes: list[list[int]] = []  # onset, end (−1: still open), pitch, velocity
        self.controls: list[tuple[int, int, int]] = []
        self.bends: list[tuple[int, int]] = []
        self.lyrics: list[tuple[int, str]] = []


def _read_notes(score: Any, events: list[Event], start: int, end: int) -> None:
    """Append the tracks of a track's events to the score."""
    parts: dict[tuple[int, int], _Part] = {}
    waiting: dict[int, _Part] = defaultdict(_Part)  # what comes before a channel's first note
    programs = [0] * 16
    name = ""
    sounding: dict[tuple[int, int], list[list[int]]] = defaultdict(list)  # in order of onset
    open_from: dict[tuple[int, int], int] = defaultdict(int)  # the earliest open one among them
    offs: dict[tuple[int, int], list[int]] = defaultdict(list)

    def playing(channel: int) -> _Part:
        key = (channel, programs[channel])
        if key not in parts:
            parts[key] = waiting.pop(channel) if channel in waiting else _Part()
        return parts[key]

    for tick, status, data in events:
        tick += start
        kind, channel = status & 0xF0, status & 0x0F
        if status == 0xFF:
            if data[0] == TRACK_NAME:
                name = text_of(data[1:])
            elif data[0] == LYRIC and (text := text_of(data[1:])):
                playing(15).lyrics.append((tick, text))
        elif kind == 0x90 and data[1]:
            note = [tick, -1, data[0], data[1]]
            playing(channel).notes.append(note)
            sounding[channel, data[0]].append(note)
        elif kind in (0x80, 0x90):
            key = (channel, data[0])
            offs[key].append(tick)
            if open_from[key] < len(sounding[key]):
                sounding[key][open_from[key]][1] = tick
                open_from[key] += 1
        elif kind == 0xC0:
            programs[channel] = data[0]
        elif kind in (0xB0, 0xE0):
            part = parts.get((channel, programs[channel])) or waiting[channel]
            if kind == 0xB0:
                part.controls.append((tick, data[0], data[1]))
            else:
                part.bends.append((tick, (data[0] | data[1] << 7) - 8192))
    for (channel, pitch), notes in sounding.items():
        if open_from[channel, pitch] < len(notes):
            _end_open(notes, offs[channel, pitch], start + end, score.tpq if channel == 9 else 0)
    for channel, program in sorted(parts):
        track = _track(parts[channel, program], name, program, channel == 9)
        score.tracks.append(track)


def _end_open(notes: list[list[int]], offs: list[int], end: int, tpq: int) -> None:
    """End the notes of a pitch that has too few note-offs (tpq: of a drum, 0 for others)."""
    onsets = np.array([note[0] for note in notes])
    ends = np.unique(np.r_[onsets, offs, end].astype(np.int64))
    after = np.searchsorted(ends, onsets, side="right")
    for note, onset, index in zip(notes, onsets.tolist(), after.tolist(), strict=True):
        until = int(ends[index]) if index < len(ends) else max(end, onset + 1)
        note[1] = min(until, onset + max(round(LATE_HIT * tpq), 1)) if tpq else until


def _track(part: _Part, name: str, program: int, is_drum: bool) -> Any:
    track: Any = symusic.Track(name, program, is_drum, ttype="tick")
    rows = np.array(part.notes, dtype=np.int64).reshape(-1, 4)
    track.notes = note_events(rows[:, 0], rows[:, 1] - rows[:, 0], rows[:, 2], rows[:, 3])
    controls = np.array(part.controls, dtype=np.int64).reshape(-1, 3)
    track.controls = control_events(*controls.T)
    bends = np.array(part.bends, dtype=np.int64).reshape(-1, 2)
    track.pitch_bends = bend_events(*bends.T)
    for time, text in part.lyrics:
        track.lyrics.append(symusic.TextMeta(time, text, ttype="tick"))
    pressed = -1
    for time, number, value in part.controls:
        if number == SUSTAIN and value >= 64 and pressed < 0:
            pressed = time
        elif number == SUSTAIN and value < 64 and pressed >= 0:
            track.pedals.append(symusic.Pedal(pressed, time - pressed, ttype="tick"))
            pressed = -1
    return track
