"""Channel state that the tracks of a MIDI file share.

symusic gives each track only the controllers of its own chunk, drops those of a track without
notes, and does not keep the channel of a track. This module reads the file's channel messages
again, as arrays, and gives each track all messages of its channel.
"""

import re
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from workbench.errors import BrokenFileError
from workbench.music.channel import bend_events, control_events, note_events, pedal_list
from workbench.music.smf import PORTS, Event, port_of

MAX_SHARED = 3_000_000  # controllers and bends of all tracks together
LAST_TICK = 2**31 - 1  # of a score
TRACK, TICK, STATUS, FIRST, SECOND = range(5)  # columns of the table of events

_DELTA = rb"[\x80-\xff]{0,3}+[\x00-\x7f]"  # a delta time's last byte is below 128
_PAST_DELTA = re.compile(_DELTA)
_TWO = re.compile(rb"(?:" + _DELTA + rb"[\x80-\xbf\xe0-\xef]?+[\x00-\x7f]{2})++")
_ONE = re.compile(rb"(?:" + _DELTA + rb"[\xc0-\xdf]?+[\x00-\x7f])++")
_PROGRAM = re.compile(rb"[\xc0-\xcf](?=([\x00-\x7f])" + _DELTA + rb"[\x80-\xff])")
_NO_MARK = bytes((*range(0x90), *range(0xD0, 0xE0), *range(0xF0, 0x100)))
_META = 1  # bytes below 128 per event; of a meta or system message only the delta time is kept


def channel_events(data: bytes) -> np.ndarray:
    """Return the channel messages of a MIDI file (bytes from MThd on) in file order: (n, 5) int64
    of track, tick, status byte, first and second data byte.

    A truncated or faulty track yields the messages before the fault.
    """
    pieces: dict[int, list[bytes]] = {_META: [], 2: [], 3: []}
    numbers: dict[int, list[int]] = {_META: [], 2: [], 3: []}
    tracks: list[int] = []
    for track, (begin, end) in enumerate(_tracks(data)):
        for width, first, last in _stretches(data, begin, end):
            pieces[width].append(data[first:last])
            numbers[width].append(len(tracks))
            tracks.append(track)
    table = np.concatenate([_decode(pieces[width], numbers[width], width) for width in pieces])
    table = table[np.argsort(table[:, TRACK], kind="stable")]  # here still the stretch
    if not len(table):
        return table
    table[:, TRACK] = np.array(tracks)[table[:, TRACK]]
    time = np.append(0, np.cumsum(table[:, TICK]))
    starts = np.searchsorted(table[:, TRACK], np.arange(table[-1, TRACK] + 1))
    table[:, TICK] = time[1:] - time[starts][table[:, TRACK]]
    return table[table[:, STATUS] > 0]


def _tracks(data: bytes) -> list[tuple[int, int]]:
    place, found = 8 + int.from_bytes(data[4:8], "big"), []
    while place + 8 <= len(data):
        end = place + 8 + int.from_bytes(data[place + 4 : place + 8], "big")
        if data[place : place + 4] == b"MThd":  # another file
            break
        if data[place : place + 4] == b"MTrk":
            found.append((place + 8, min(end, len(data))))
        place = end
    return found


def _stretches(data: bytes, place: int, end: int) -> list[tuple[int, int, int]]:
    """Return (bytes below 128 per event, begin, end) of runs of similar events."""
    found, width = [], 0
    while place < end:
        delta = _PAST_DELTA.match(data, place, end)
        if delta is None or delta.end() >= end:
            break
        at, byte = delta.end(), data[delta.end()]
        if byte >= 0xF0:
            found.append((_META, place, at))
            if byte not in (0xF0, 0xF7, 0xFF):
                break
            at, size, more = at + 1 + (byte == 0xFF), 0, 128
            while more >= 128 and at < end:
                more, at = data[at], at + 1
                size = size << 7 | more & 127
            place = at + size
            continue
        if byte >= 0x80:
            width = 2 if 0xC0 <= byte < 0xE0 else 3
        stretch = (_ONE if width == 2 else _TWO).match(data, place, end) if width else None
        if stretch is None:
            break
        found.append((width, place, stretch.end()))
        place = stretch.end()
    return found


def _decode(pieces: list[bytes], numbers: list[int], width: int) -> np.ndarray:
    """(events, 5): stretch, delta time, status (0 for none), first and second data byte."""
    data = np.frombuffer(b"".join(pieces), dtype=np.uint8).astype(np.int64)
    low = np.flatnonzero(data < 128).reshape(-1, width)
    table = np.zeros((len(low), 5), dtype=np.int64)
    if not len(low):
        return table
    ends = np.cumsum([len(piece) for piece in pieces])
    table[:, 0] = np.array(numbers)[np.searchsorted(ends, low[:, 0], side="right")]
    before = np.append(-1, low[:-1, -1])  # the last byte of the event before
    table[:, 1] = data[low[:, 0]]
    for byte in (1, 2, 3):
        place = np.maximum(low[:, 0] - byte, 0)
        table[:, 1] += np.where(low[:, 0] - byte > before, (data[place] & 127) << (7 * byte), 0)
    if width > _META:
        given = low[:, 1] - low[:, 0] == 2  # a status byte between delta time and data
        latest = np.maximum.accumulate(np.where(given, np.arange(len(low)), 0))
        table[:, 2] = data[low[:, 1] - 1][latest] * given[latest]
        table[:, 3 : 2 + width] = data[low[:, 1:]]
    return table


def track_ports(data: bytes) -> list[int]:
    """Return the port of each track of a MIDI file, numbered from 0."""
    numbers: dict[bytes, int] = {}
    ports = []
    for begin, end in _tracks(data):
        found = []
        if any(b"\xff" + bytes([kind]) in data[begin:end] for kind in PORTS):
            for width, _, at in _stretches(data, begin, end):
                kind, size = data[at + 1 : at + 2], data[at + 2 : at + 3]
                if width == _META and data[at] == 0xFF and size and kind[0] in PORTS:
                    found.append(Event(0, 0xFF, kind + data[at + 3 : at + 3 + size[0]]))
        ports.append(numbers.setdefault(port_of(found), len(numbers)))
    return ports


def share_channels(score: Any, data: bytes, name: str) -> None:
    """Give each track of the score, read from `data`, all messages of its channel in the file.

    Controllers, pitch bends and program changes apply from any track with the same MIDI port; at
    one tick the track's own come last, in their order among its notes. A track whose program is
    changed by another track is split.
    Raises BrokenFileError for more than MAX_SHARED controllers and bends.
    """
    for track in score.tracks:
        if len(track.pedals):  # symusic moves those of most channels to tick 0
            track.pedals = pedal_list(track)
    if data[9:10] == b"\x02" or _nothing_to_share(data):
        return  # the tracks of format 2 are separate pieces
    events = channel_events(data)
    ports = np.array(track_ports(data), dtype=np.int64)
    kind, channels = events[:, STATUS] >> 4, events[:, STATUS] & 15
    changes, notes = kind == 0xC, (kind == 0x9) & (events[:, SECOND] > 0)
    pairs = events[:, TRACK] * 16 + channels
    channels += 16 * ports[events[:, TRACK]]  # each port has channels of its own
    users, first = np.unique(pairs, return_index=True)
    programs = np.unique(pairs[changes] * 128 + events[changes, FIRST])
    if (
        len(np.unique(channels[first])) == len(users)
        and len(np.unique(programs >> 7)) == len(programs)
        and len(np.unique(pairs[notes])) == len(score.tracks)
    ):
        return  # no channel is used by two tracks of the file, nor under two programs
    owners = _owners(score, events[notes | changes])
    chosen = changes | (kind == 0xB) | (kind == 0xE)
    state, on = events[chosen], channels[chosen]
    homes = [None if owner is None else int(16 * ports[owner[0]] + owner[1]) for owner in owners]
    sent = {home: state[on == home] for home in {*homes} - {None}}
    if sum(len(sent[home]) for home in homes if home is not None) > MAX_SHARED:
        raise BrokenFileError(
            f"{name} has more than {MAX_SHARED:,} controllers; cut it into shorter files"
        )
    tracks: list[Any] = []
    for track, owner, home in zip(score.tracks, owners, homes, strict=True):
        if owner is None:
            tracks.append(track)
            continue
        number = owner[0]
        own = sent[home][:, TRACK] == number
        rows = sent[home][np.lexsort((own, sent[home][:, TICK]))]
        _give_state(track, rows)
        if ((rows[:, STATUS] >> 4 == 0xC) & (rows[:, TRACK] != number)).any():
            line = (channels == home) & (changes | notes & (events[:, TRACK] == number))
            tracks += _with_programs(track, events[line], number)
        else:
            tracks.append(track)
    score.tracks = type(score.tracks)(tracks)


@cache
def _status(mark: int) -> re.Pattern[bytes]:
    """Return a pattern of a status byte and its data bytes."""
    return re.compile(rb"\x%02x[\x00-\x7f]{%d}" % (mark, 1 if mark >> 4 == 0xC else 2))


def _nothing_to_share(data: bytes) -> bool:
    """Return whether each channel with messages other than notes is used by only one track and one
    program, so that nothing has to be shared.

    The test reads raw bytes: delta times and texts that look like status bytes can only make an
    unused channel seem used.
    """
    used: set[int] = set()
    sent: set[int] = set()
    twice: set[int] = set()
    for begin, end in _tracks(data):
        chunk = data[begin:end]
        marks = {
            mark for mark in set(chunk.translate(None, _NO_MARK)) if _status(mark).search(chunk)
        }
        own = {mark & 15 for mark in marks}
        twice |= used & own
        used |= own
        sent |= {mark & 15 for mark in marks if mark >= 0xB0}
        for mark in marks:
            if mark >> 4 == 0xC and {mark - 16, mark + 32} & marks:  # with controllers or bends
                place, note = chunk.find(mark), chunk.find(mark - 48)
                again = chunk.find(mark, place + 1) >= 0 or not _PROGRAM.match(chunk, place)
                if again or 0 <= note < place:
                    return False
    return not sent & twice


def _owners(score: Any, events: np.ndarray) -> list[tuple[int, int] | None]:
    """Return the file's track and channel of each track of the score.

    events: note-ons and program changes. A track of the score has the notes of one track of the
    file, one channel and one program, in the order of these three.
    """
    pair = events[:, TRACK] * 16 + (events[:, STATUS] & 15)
    order = np.argsort(pair, kind="stable")
    pair, events = pair[order], events[order]
    change = events[:, STATUS] >> 4 == 0xC
    starts = np.flatnonzero(np.append(True, pair[1:] != pair[:-1]))[: len(pair)]
    found = []
    for begin, end in pairwise([*starts, len(pair)]):
        chosen = events[begin:end]
        program = _in_force(chosen, change[begin:end])
        notes = ~change[begin:end]
        for value in np.unique(program[notes]).tolist():
            tick = int(chosen[notes & (program == value), TICK].min())
            found.append((divmod(int(pair[begin]), 16), value, tick))
    owners: list[tuple[int, int] | None] = []
    place = 0
    for track in score.tracks:
        onset = int(track.notes.numpy()["time"].min()) if len(track.notes) else -1
        alike = [
            (tick != onset, index)  # the first note may be one that was left out
            for index, (owner, program, tick) in enumerate(found[place:], start=place)
            if program == track.program and (owner[1] == 9) == track.is_drum
        ]
        if alike:
            place = min(alike)[1] + 1
        owners.append(found[place - 1][0] if alike else None)
    return owners


def _in_force(events: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """Return the program (events,) in force at each event after the program changes before it, at
    first 0. changes: which events change it."""
    latest = np.maximum.accumulate(np.where(changes, np.arange(len(events)), -1))
    return np.where(latest < 0, 0, events[latest, FIRST])


def _give_state(track: Any, rows: np.ndarray) -> None:
    """Set the track's controllers and bends to `rows`, the state messages of its channel."""
    controls, bends = (rows[rows[:, STATUS] >> 4 == kind] for kind in (0xB, 0xE))
    if len(controls) > len(track.controls):
        ticks = np.minimum(controls[:, TICK], LAST_TICK)
        track.controls = control_events(ticks, controls[:, FIRST], controls[:, SECOND])
        track.pedals = pedal_list(track)
    if len(bends) > len(track.pitch_bends):
        value = bends[:, FIRST] + 128 * bends[:, SECOND] - 8192
        track.pitch_bends = bend_events(np.minimum(bends[:, TICK], LAST_TICK), value)


def _with_programs(track: Any, events: np.ndarray, number: int) -> list[Any]:
    """Split the track by the programs in force at its notes.

    events: the program changes of its channel and the note-ons of track `number` of the file, which
    has its notes, in file order.
    """
    own = events[:, TRACK] == number
    order = np.lexsort((own, events[:, TICK]))
    events, own = events[order], own[order]
    change = events[:, STATUS] >> 4 == 0xC
    # of the file's track, the notes that symusic put into this track of the score
    chosen = ~change & (_in_force(events, change & own) == track.program)
    if not chosen.any():
        return [track]
    keys = _keys(events[chosen, TICK], events[chosen, FIRST], events[chosen, SECOND])
    order = np.argsort(keys, kind="stable")
    columns = track.notes.numpy()
    wanted = _keys(*(columns[name].astype(np.int64) for name in ("time", "pitch", "velocity")))
    place = np.maximum(np.searchsorted(keys[order], wanted, side="right") - 1, 0)
    program = _in_force(events, change)[chosen][order][place]
    parts = []
    for value in np.unique(program).tolist():
        part = track.copy()
        part.program = int(value)
        rows = program == value
        part.notes = note_events(**{name: column[rows] for name, column in columns.items()})
        parts.append(part)
    return parts


def _keys(tick: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Return one number per note, ascending with these three in turn."""
    return (tick << 14) + (pitch << 7) + velocity
