"""Standard MIDI files event by event: a reader that is as tolerant as players are.

symusic reads ordinary files an order of magnitude faster and is tried first (`midi.read_score`).
This reader is used if symusic rejects a file or loses notes: hits without note-offs, unusual
headers and chunks, SMPTE time, format 2, data bytes above 127, an event that is cut off at the end.
It also reads events that a score does not represent, such as lyrics in old encodings and system
messages.
"""

import re
import struct
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import symusic

from workbench.errors import BrokenFileError
from workbench.music.channel import note_events
from workbench.music.timeline import TEMPO_RANGE

MAX_EVENTS = 1_500_000  # three for each note within the limit
MAX_TRACKS = 65_535  # the largest number in a header
LAST_TICK = 2**31 - 1  # of a score
LATE_HIT = 0.25  # beats that a drum hit without a note-off lasts at most
_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # system common messages, which no file should hold
TEXT, TRACK_NAME, INSTRUMENT_NAME, LYRIC, MARKER, END = 0x01, 0x03, 0x04, 0x05, 0x06, 0x2F
TEMPO, METER, KEY = 0x51, 0x58, 0x59
PORTS = (0x21, 0x09)  # a port's number, a device's name


class Event(NamedTuple):
    """One message: `tick` from the start of its track; `status` 0x80..0xEF, 0xF0, 0xF7 or 0xFF;
    `data`: its bytes, of a meta event (0xFF) the type and then the content."""

    tick: int
    status: int
    data: bytes


@dataclass
class MidiFile:
    """The events of a file. division: as in the header (negative high byte: SMPTE time); ends:
    the tick at which each track ends; faults: descriptions of what was wrong."""

    format: int
    division: int
    tracks: list[list[Event]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def unwrapped(data: bytes) -> bytes:
    """Return the MIDI file within `data`: the "data" chunk of a RIFF wrapper (RMID), the part from
    MThd on, or `data` itself. Empty if there is none."""
    if data[:4] == b"MThd":
        return data
    if data[:4] == b"RIFF" and data[8:12] != b"RMID":
        return b""  # sound, a picture, a SoundFont
    at = data.find(b"MThd", 0, len(data) if data[:4] == b"RIFF" else 4096)
    return data[at:] if at >= 0 else b""


def read_events(data: bytes) -> MidiFile:
    """Return all events of a MIDI file that begins with MThd, as far as they can be read. Raises
    BrokenFileError for more than MAX_EVENTS.

    A track ends at its end-of-track event, at the length of its chunk, or, if no chunk begins
    there, before the next track. Unknown chunks are skipped.
    """
    head = data[8:14].ljust(6, b"\0")
    form, claimed, division = struct.unpack(">HHh", head)
    file = MidiFile(form, division)
    place = 8 + int.from_bytes(data[4:8], "big")
    if not _chunk_at(data, place):
        place = _next_track(data, 8)
    while place < len(data) and len(file.tracks) < MAX_TRACKS:
        tag, length = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "big")
        begin, end = place + 8, place + 8 + length
        if tag == b"MThd":
            file.faults.append("holds a second MIDI file after its end, which was left out")
            break
        if tag != b"MTrk":
            place = end if _chunk_at(data, end) else _next_track(data, begin)
            continue
        finished = data[end - 3 : end] == b"\xff\x2f\x00"
        trusted = _chunk_at(data, end) and (finished or data[end : end + 4] in (b"MTrk", b""))
        if not trusted:
            end = _next_track(data, begin)
        if not _read_track(data, begin, end, file) and not trusted:
            file.faults.append("is cut short")
        place = end
    if len(file.tracks) < claimed:
        file.faults.append(f"is cut short ({len(file.tracks)} of {claimed} tracks)")
    return file


def _chunk_at(data: bytes, place: int) -> bool:
    """Return whether a chunk begins, or the file ends, at a position."""
    tag = data[place : place + 4]
    return place == len(data) or (len(tag) == 4 and all(32 <= byte < 127 for byte in tag))


def _next_track(data: bytes, begin: int) -> int:
    """Return the position at which the next track, or another file, begins."""
    found = _HEAD.search(data, begin)
    return found.start() if found else len(data)


_HEAD = re.compile(rb"MTrk|MThd\0\0\0\x06")


def _read_track(data: bytes, place: int, end: int, file: MidiFile) -> bool:
    """Append the events of one track's bytes to `file`; return whether its end was marked."""
    events: list[Event] = []
    tick = status = odd = 0
    finished = False
    try:
        while place < end and not finished:
            if len(events) > MAX_EVENTS:
                raise BrokenFileError(f"more than {MAX_EVENTS:,} events; cut it into shorter files")
            delta, place = _variable(data, place)
            tick += delta
            byte = data[place]
            if byte >= 0x80:
                place += 1
            if byte == 0xFF:
                size, begin = _variable(data, place + 1)
                if begin + size > end:
                    raise IndexError
                finished = data[place] == END
                content = data[place : place + 1] + data[begin : begin + size]
                events.append(Event(tick, 0xFF, content))
                place = begin + size
                continue
            if byte in (0xF0, 0xF7):
                size, begin = _variable(data, place)
                if begin + size > end:
                    raise IndexError
                events.append(Event(tick, byte, data[begin : begin + size]))
                place = begin + size
                continue
            if byte >= 0xF0:
                place += _SYSTEM_BYTES.get(byte, 0)
                odd += 1
                continue
            if byte >= 0x80:
                status = byte
            elif not status:
                place += 1
                odd += 1
                continue
            size = _DATA_BYTES[status & 0xF0]
            message = data[place : place + size]
            if place + size > end:
                raise IndexError
            if max(message) > 127:
                odd += 1
                message = bytes(min(value, 127) for value in message)
            events.append(Event(tick, status, message))
            place += size
    except IndexError:
        file.faults.append("ends within an event")
    if odd:
        file.faults.append(f"holds {odd} bytes that belong to no event")
    if finished and any(data[place:end]):
        file.faults.append("holds something after the end of a track, which was left out")
    file.tracks.append(events)
    file.ends.append(tick)
    return finished


def port_of(events: Iterable[Event]) -> bytes:
    """Return the identity of the MIDI port of a track: a number (meta event 0x21), the name of a
    device (0x09), both or neither. Each port has 16 channels of its own."""
    found: dict[int, bytes] = {}
    for event in events:
        if event.status == 0xFF and event.data[0] in PORTS:
            found.setdefault(event.data[0], event.data)  # a track has one port
    if found.get(PORTS[0]) == bytes([PORTS[0], 0]):
        del found[PORTS[0]]  # by default the first
    return b"".join(found[kind] for kind in sorted(found))


def _variable(data: bytes, place: int) -> tuple[int, int]:
    """Read a variable-length number of 7 bits per byte; return it and the position after it."""
    value = 0
    while True:
        byte = data[place]
        place += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place


# --- what a score has no place for ---


class ExtraEvent(NamedTuple):
    """An event that a score does not represent. track: number of its track in the file; data: the
    message's bytes, from its status byte on."""

    tick: int
    track: int
    data: bytes


def may_have_extras(data: bytes) -> bool:
    """Return quickly whether `extra_events` may find any."""
    return _EXTRA.search(data) is not None


_EXTRA = re.compile(rb"[\xf0\xf7]|\xff[\x01\x02\x05-\x0f\x7f]")


def extra_events(data: bytes) -> tuple[ExtraEvent, ...]:
    """Return text, copyright, cues, sequencer-specific and system messages, and lyrics and markers
    that are not UTF-8, byte for byte; also the name of a track that has such events but no notes.
    `data`: a MIDI file from MThd on. Format 2 yields none, because its tracks become one."""
    try:
        file = read_events(data)
    except BrokenFileError:  # too many events to look through
        return ()
    if file.format == 2:
        return ()
    found = []
    for number, events in enumerate(file.tracks):
        extras = [event for event in events if _is_extra(event)]
        silent = not any(status >> 4 == 9 for _, status, _ in events)
        if extras and number and silent:
            names = [e for e in events if e.status == 0xFF and e.data[0] == TRACK_NAME]
            extras = [e._replace(tick=0) for e in names[-1:]] + extras
        found += [ExtraEvent(tick, number, _message(status, data)) for tick, status, data in extras]
    return tuple(found)


def _is_extra(event: Event) -> bool:
    if event.status in (0xF0, 0xF7):
        return True
    if event.status != 0xFF:
        return False
    kind = event.data[0]
    if kind in (LYRIC, MARKER):
        return not _is_utf8(event.data[1:])
    return kind in (1, 2, 0x7F) or 7 <= kind <= 15


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _message(status: int, data: bytes) -> bytes:
    kind, content = (data[:1], data[1:]) if status == 0xFF else (b"", data)
    return bytes([status]) + kind + variable(len(content)) + content


def file_bytes(file: MidiFile) -> bytes:
    """Return the bytes of a MIDI file with these events; each track ends at its tick in `ends` or
    with its last event."""
    tracks = [
        track_chunk(
            (
                (tick, _message(status, data) if status >= 0xF0 else bytes([status]) + data)
                for tick, status, data in events
                if status != 0xFF or data[0] != END
            ),
            end,
        )
        for events, end in zip(file.tracks, file.ends, strict=True)
    ]
    head = header_chunk(file.format, len(tracks), file.division & 0xFFFF)
    return head + b"".join(tracks)


def header_chunk(form: int, tracks: int, division: int) -> bytes:
    """Return the header chunk of a file."""
    return b"MThd" + struct.pack(">LHHH", 6, form, tracks, division)


def track_chunk(messages: Iterable[tuple[int, bytes]], end: int) -> bytes:
    """Return a track chunk: messages with their ticks in order, ending at `end` or with the last
    one."""
    parts: list[bytes] = []
    now = 0
    for tick, message in messages:
        parts += (variable(tick - now), message)
        now = tick
    body = b"".join(parts) + variable(max(end - now, 0)) + b"\xff\x2f\x00"
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def variable(number: int) -> bytes:
    """Return a number in variable length, 7 bits per byte."""
    data = [number & 127]
    while number := number >> 7:
        data.append(number & 127 | 128)
    return bytes(reversed(data))


# --- to a score -------------------------------------------------------------------------------


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


def time_base(division: int) -> tuple[int, int | None]:
    """Return ticks per quarter note, and microseconds per quarter note if the header uses SMPTE
    time: those of 120 BPM, or of 60 BPM if only that gives whole ticks."""
    if division >= 0:
        return division, None
    frames, ticks = -(division >> 8), division & 0xFF
    rate = (30 if frames == 29 else frames) * ticks
    micros = 500_500 if frames == 29 else 500_000  # 29 stands for 29.97 frames per second
    return (rate, 2 * micros) if rate % 2 else (rate // 2, micros)


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
    track.controls = symusic.ControlChange.from_numpy(
        controls[:, 0].astype(np.int32),
        controls[:, 1].astype(np.uint8),
        controls[:, 2].astype(np.uint8),
        ttype="tick",
    )
    bends = np.array(part.bends, dtype=np.int64).reshape(-1, 2)
    track.pitch_bends = symusic.PitchBend.from_numpy(
        bends[:, 0].astype(np.int32), bends[:, 1].astype(np.int32), ttype="tick"
    )
    for time, text in part.lyrics:
        track.lyrics.append(symusic.TextMeta(time, text, ttype="tick"))
    pressed = -1
    for time, number, value in part.controls:
        if number == 64 and value >= 64 and pressed < 0:
            pressed = time
        elif number == 64 and value < 64 and pressed >= 0:
            track.pedals.append(symusic.Pedal(pressed, time - pressed, ttype="tick"))
            pressed = -1
    return track
