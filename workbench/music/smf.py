"""Standard MIDI files event by event: a reader that is as tolerant as players are.

symusic reads ordinary files an order of magnitude faster and is tried first (`midi.read_score`).
This reader is used if symusic rejects a file or loses notes: hits without note-offs, unusual
headers and chunks, SMPTE time, format 2, data bytes above 127, an event that is cut off at the end.
It also reads events that a score does not represent, such as lyrics in old encodings and system
messages. `smf_score` makes a score of the events.
"""

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.errors import BrokenFileError

MAX_EVENTS = 1_500_000  # three for each note within the limit
MAX_TRACKS = 65_535  # the largest number in a header
LAST_TICK = 2**31 - 1  # of a score
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


def time_base(division: int) -> tuple[int, int | None]:
    """Return ticks per quarter note, and microseconds per quarter note if the header uses SMPTE
    time: those of 120 BPM, or of 60 BPM if only that gives whole ticks."""
    if division >= 0:
        return division, None
    frames, ticks = -(division >> 8), division & 0xFF
    rate = (30 if frames == 29 else frames) * ticks
    micros = 500_500 if frames == 29 else 500_000  # 29 stands for 29.97 frames per second
    return (rate, 2 * micros) if rate % 2 else (rate // 2, micros)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Names that were here and are in `smf_score` now."""
        if name in ("LATE_HIT", "possible_tempo", "score_of_file", "text_of"):
            return getattr(import_module("workbench.music.smf_score"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
