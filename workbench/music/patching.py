"""Replace notes in a MIDI file; every other event stays unchanged.

A score does not represent everything in a file: aftertouch, the order of controllers at one tick,
tracks without notes, several tracks on one channel. A piece with some changed notes is therefore
not written from its score; the notes are replaced among the events of its own file.
"""

import warnings
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from workbench.errors import BrokenFileError, MusicFileWarning
from workbench.music import midi, smf
from workbench.music.smf import Event, MidiFile
from workbench.music.timeline import LATE
from workbench.music.writing import CHANNELS, DRUM_CHANNEL, instrument_name, possible_key

_BEFORE, _THERE, _AFTER = range(3)  # order among the events at one tick
_WITH_THE_MUSIC = {1, 5, 6, 7}  # text, lyrics, markers and cues
_MAPS = (smf.TEMPO, smf.METER, smf.KEY)
Key = tuple[int, int, int]  # tick, pitch, velocity
Row = tuple[int, int, int, int]  # tick, duration, pitch, velocity
Line = tuple[int, int]  # track of the file, and channel
Home = tuple[bytes, int]  # port of the file, and channel
Part = tuple[int, int, int]  # track of the file, channel, and program in force


class _Note(NamedTuple):
    """A note of a file. on, off: indices of its messages in its track (off is −1 if there is
    none)."""

    on: int
    off: int
    end: int


def with_notes(
    data: bytes,
    score: Any,
    *,
    last: int = 0,
    end: int = 0,
    texts: Sequence[str] = (),
    sound: bool = False,
) -> bytes | None:
    """Return the MIDI file `data` with the notes of `score`, and `texts` at its beginning.

    Args:
        data: The bytes of the file.
        score: A score as returned by `read_score(data)`, with changed notes and with tracks added
            after its own.
        texts: Texts to add.
        last: Latest end tick of added notes, unless the file is longer.
        end: Tick up to which the file must last, 0 for any.
        sound: Whether to reject a damaged file, one whose notes lack note-offs, and one that lasts
            longer than `end`.

    Returns:
        The bytes, or None if the file is rejected, the score differs in more than notes, or notes
        are not found in the file.
    """
    try:
        with warnings.catch_warnings(category=MusicFileWarning, action="ignore"):
            before = midi.read_score(data)  # reading the clip has already warned of it
        file = smf.read_events(data)
    except BrokenFileError:
        return None
    if file.format == 2 or not file.tracks or not _same_but_notes(before, score):
        return None
    exchange = _Exchange(file)
    wrong = file.faults or exchange.open_ended or not all(map(possible_key, before.key_signatures))
    if sound and (wrong or 0 < end < max(file.ends)):
        return None
    same = [track.notes for track in before.tracks] == [track.notes for track in score.tracks]
    if not same and not exchange.exchange(before, score, last):
        return None
    contents = [bytes([smf.TEXT]) + text.encode("utf-8", "replace") for text in texts]
    there = {event.data for event in file.tracks[0] if event.status == 0xFF and not event.tick}
    for content in contents:
        if content in there:  # from the previous time that it was written
            continue
        exchange.added[0].append((0, _THERE, len(file.tracks[0]), Event(0, 0xFF, content)))
    return exchange.bytes(end)


def later(data: bytes, ticks: int) -> bytes:
    """Return the MIDI file with its music delayed by a number of ticks. Initial events stay at the
    start: names, programs, controllers, system messages, and the first tempo, metre and key, even
        if
    they come up to LATE beats late.
    """
    file = smf.read_events(data)
    late = LATE * smf.time_base(file.division)[0]
    maps = dict.fromkeys(_MAPS, smf.LAST_TICK)  # the first tick of each
    for tick, status, content in (event for events in file.tracks for event in events):
        if status == 0xFF and content[0] in maps:
            maps[content[0]] = min(tick, maps[content[0]])

    def place(event: Event) -> int:
        tick, status, content = event
        if status == 0xFF and content[0] in maps:
            return 0 if tick == maps[content[0]] <= late else tick + ticks
        music = status < 0xA0 or (status == 0xFF and content[0] in _WITH_THE_MUSIC)
        return tick + ticks if tick or music else tick

    for number, events in enumerate(file.tracks):
        file.tracks[number] = sorted(
            (event._replace(tick=place(event)) for event in events), key=lambda event: event.tick
        )
        file.ends[number] += ticks
    return smf.file_bytes(file)


def finer(data: bytes, factor: int) -> bytes:
    """Return the MIDI file with its ticks per quarter note multiplied by a factor. In SMPTE time,
    the nearest factor is used that the header can express and that keeps the tempo."""
    file = smf.read_events(data)
    division = file.division * factor
    if file.division < 0:
        tpq, micros = smf.time_base(file.division)
        frame = file.division & 0xFF
        factor = min(factor, 255 // frame)
        division = file.division + frame * (factor - 1)
        if smf.time_base(division) != (tpq * factor, micros):
            factor, division = factor - 1, division - frame
    file.division = division
    file.ends = [end * factor for end in file.ends]
    file.tracks = [[e._replace(tick=e.tick * factor) for e in events] for events in file.tracks]
    return smf.file_bytes(file)


def lines_of(data: bytes, score: Any) -> list[Line | None]:
    """Return, for each track of a score that was read from `data` and then edited, the file's track
    and the channel of its notes; None for a track without notes or whose notes are not found."""
    try:
        file, before = smf.read_events(data), midi.read_score(data)
    except BrokenFileError:
        return [None] * len(score.tracks)
    lines = [line for line, _ in _Exchange(file).found(before)] if file.format != 2 else []
    added = len(score.tracks) - len(lines)
    return [*lines, *[None] * added][: len(score.tracks)]


def _same_but_notes(before: Any, after: Any) -> bool:
    names = ("tempos", "time_signatures", "key_signatures", "markers")
    if before.tpq != after.tpq or len(before.tracks) > len(after.tracks):
        return False
    if any(getattr(before, name) != getattr(after, name) for name in names):
        return False
    return all(
        (old.name, old.program, old.is_drum) == (new.name, new.program, new.is_drum)
        and all(
            getattr(old, name) == getattr(new, name)
            for name in ("controls", "pitch_bends", "lyrics")
        )
        for old, new in zip(before.tracks, after.tracks, strict=False)
    )


def _rows(track: Any) -> list[Row]:
    """Return the notes of a track: (time, duration, pitch, velocity)."""
    columns = track.notes.numpy()
    names = ("time", "duration", "pitch", "velocity")
    return list(zip(*(columns[name].tolist() for name in names), strict=True))


class _Exchange:
    """The events of a file, with those to remove and to insert."""

    def __init__(self, file: MidiFile) -> None:
        self.file = file
        self.dropped: list[set[int]] = [set() for _ in file.tracks]
        self.added: list[list[tuple[int, int, float, Event]]] = [[] for _ in file.tracks]
        self.pools: dict[Part, dict[Key, list[_Note]]] = {}
        self.open_ended: set[tuple[int, int, int]] = set()  # track, channel, pitch
        # of channels: program changes as (tick, track, place, program)
        self.programs: dict[Home, list[tuple[int, int, int, int]]] = defaultdict(list)
        self.ports = [smf.port_of(events) for events in file.tracks]
        self.spans: dict[int, list[tuple[int, int]]] = defaultdict(list)  # of channels' notes
        self.used: set[int] = set()  # channels
        # (track, tick, channel, pitch) → places of note-offs
        self.offs: dict[tuple[int, int, int, int], list[int]] = defaultdict(list)
        for number, events in enumerate(file.tracks):
            for place, (tick, status, data) in enumerate(events):
                if status & 0xF0 == 0xC0:
                    self.programs[self._home((number, status & 0x0F))].append(
                        (tick, number, place, data[0])
                    )
        for number, events in enumerate(file.tracks):
            self._read(number, events)

    def _read(self, number: int, events: Sequence[Event]) -> None:
        """Find the notes of a track: a note-off ends the earliest open one of its pitch."""
        sounding: dict[tuple[int, int], list[int]] = defaultdict(list)
        ends: dict[int, int] = {}
        for place, (tick, status, data) in enumerate(events):
            kind, channel = status & 0xF0, status & 0x0F
            if kind == 0xF0:
                continue
            self.used.add(channel)
            if kind == 0x90 and data[1]:
                sounding[channel, data[0]].append(place)
                ends[place] = -1
            elif kind in (0x80, 0x90):
                self.offs[number, tick, channel, data[0]].append(place)
                if sounding[channel, data[0]]:
                    ends[sounding[channel, data[0]].pop(0)] = place
        self.open_ended |= {(number, *key) for key, places in sounding.items() if places}
        changes = {
            channel: self._changes((number, channel))
            for port, channel in self.programs
            if port == self.ports[number]
        }
        for on, off in ends.items():
            tick, status, data = events[on]
            channel = status & 0x0F
            at = bisect(changes.get(channel, ()), (tick, True, on)) - 1
            part = (number, channel, changes[channel][at][-1] if at >= 0 else 0)
            end = events[off].tick if off >= 0 else -1
            pool = self.pools.setdefault(part, defaultdict(list))
            pool[tick, data[0], data[1]].append(_Note(on, off, end))
            self.spans[channel].append((tick, end))

    def _changes(self, line: Line) -> list[tuple[int, bool, int, int]]:
        """Return a channel's program changes as (tick, whether in this track, index, program); at
        one tick the track's own come last."""
        number = line[0]
        return sorted(
            (tick, track == number, place, program)
            for tick, track, place, program in self.programs[self._home(line)]
        )

    def _home(self, line: Line) -> Home:
        """Return the channel of a line; each port has its own sixteen."""
        return self.ports[line[0]], line[1]

    def found(self, score: Any) -> list[tuple[Line | None, dict[Row, list[_Note]]]]:
        """Return, for each track of the score, its line in the file and the notes of its rows.

        Two channels may play the same notes, or one a subset of the other. All tracks are
        therefore assigned together: by common notes, then by program, then in the reader's order.
        """
        # slow to import, and needed only to replace notes
        from scipy.optimize import linear_sum_assignment

        parts, tracks = sorted(self.pools), [_rows(track) for track in score.tracks]
        where: dict[Key, list[tuple[int, int]]] = defaultdict(list)
        for j, part in enumerate(parts):
            for key, notes in self.pools[part].items():
                where[key].append((j, len(notes)))
        common = np.zeros((len(tracks), len(parts)))
        for i, rows in enumerate(tracks):
            wanted = Counter((tick, pitch, velocity) for tick, _, pitch, velocity in rows)
            for key, times in wanted.items():
                for j, number in where.get(key, ()):
                    common[i, j] += min(times, number)
        is_drum = np.array([part[1] == DRUM_CHANNEL for part in parts], dtype=bool)
        common *= np.array([[track.is_drum] for track in score.tracks]).reshape(-1, 1) == is_drum
        program = np.array([[track.program] for track in score.tracks]).reshape(-1, 1)
        alike = program == np.array([part[2] for part in parts])
        steps = [(np.arange(size) + 0.5) / max(size, 1) for size in common.shape]
        apart = (steps[0][:, None] - steps[1]) ** 2  # below 1
        chosen = dict(
            zip(*linear_sum_assignment(4 * common + 2 * alike - apart, True), strict=True)
        )
        result: list[tuple[Line | None, dict[Row, list[_Note]]]] = []
        pools = {part: {k: list(n) for k, n in pool.items()} for part, pool in self.pools.items()}
        for i, rows in enumerate(tracks):
            taken: dict[Row, list[_Note]] = defaultdict(list)
            if i not in chosen or not common[i, chosen[i]]:
                result.append((None, taken))
                continue
            line, own = parts[chosen[i]][:2], [pools[parts[chosen[i]]]]
            own += [pool for part, pool in pools.items() if part[:2] == line]
            for time, duration, pitch, velocity in rows:
                key = time, pitch, velocity
                there = next((pool[key] for pool in own if pool.get(key)), [])
                if there:
                    fitting = [n for n, note in enumerate(there) if note.end == time + duration]
                    note = there.pop(fitting[0] if fitting else 0)
                    taken[time, duration, pitch, velocity].append(note)
            result.append((line, taken))
        return result

    def exchange(self, before: Any, after: Any, last: int) -> bool:
        """Replace the notes in which two scores differ; return whether they were found in the
        file."""
        last = max(last, *self.file.ends)
        found = self.found(before)
        added: list[tuple[Line | None, Any, list[Row]]] = []
        for number, track in enumerate(after.tracks):
            old = Counter(_rows(before.tracks[number])) if number < len(found) else Counter()
            line, taken = found[number] if number < len(found) else (None, {})
            new = Counter(_rows(track))
            for row, times in (old - new).items():
                if line is None or len(taken.get(row, ())) < times:
                    return False
                for note in taken[row][:times]:
                    self._drop(line, note)
            added.append((line, track, sorted((new - old).elements())))
        for line, track, rows in added:
            if rows:
                self._put(line or self._new_line(track, rows), track.program, rows, last)
        return True

    def _drop(self, line: Line, note: _Note) -> None:
        number, channel = line
        tick, _, data = self.file.tracks[number][note.on]
        self.dropped[number].add(note.on)
        if (number, channel, data[0]) in self.open_ended:
            # it ended the previous note, and the note-off here ends another one
            self._add(number, tick, _BEFORE, 0x80 | channel, data[0], 64)
        else:
            self.dropped[number].add(note.off)

    def _add(
        self, number: int, tick: int, place: int, status: int, *data: int, after: float = 0
    ) -> None:
        """Insert a message at a tick. after: index of the event that it follows there."""
        self.added[number].append((tick, place, after, Event(tick, status, bytes(data))))

    def _put(self, line: Line, program: int, rows: Sequence[Row], last: int) -> None:
        number, channel = line
        changes = self._changes(line)
        for at, (time, duration, pitch, velocity) in enumerate(rows):
            stop = max(min(time + duration, last), time + 1)
            # the current program: at one tick the track's own change is the last
            latest = bisect(changes, (time, True, len(self.file.tracks[number]))) - 1
            playing = changes[latest][-1] if latest >= 0 else 0
            if playing != program and (at == 0 or rows[at - 1][0] < time):
                self._add(number, time, _AFTER, 0xC0 | channel, program)
            self._add(number, time, _AFTER, 0x90 | channel, pitch, velocity)
            # of two notes of a pitch that end at one tick the one that is there ends first; a note
            # that begins there begins after that, or a synthesizer would not play it
            places = self.offs.get((number, stop, channel, pitch), ())
            kept = [place for place in places if place not in self.dropped[number]]
            self._add(
                number,
                stop,
                _THERE if kept else _BEFORE,
                0x80 | channel,
                pitch,
                64,
                after=max(kept, default=0) + 0.5,
            )
            if playing != program and (at + 1 == len(rows) or rows[at + 1][0] > time):
                self._add(number, time, _AFTER, 0xC0 | channel, playing)

    def _new_line(self, track: Any, rows: Sequence[Row]) -> Line:
        """Return a track and a channel: a free one, or the one with the fewest simultaneous
        notes."""
        number = 0
        if self.file.format:
            number = len(self.file.tracks)
            name = track.name or instrument_name(track.program, track.is_drum)
            self.file.tracks.append([Event(0, 0xFF, bytes([smf.TRACK_NAME]) + name.encode())])
            self.file.ends.append(0)
            self.ports.append(b"")
            self.added.append([])
            self.dropped.append(set())
        begin, end = rows[0][0], max(time + duration for time, duration, *_ in rows)
        notes = {
            channel: sum(onset < end and stop > begin for onset, stop in self.spans[channel])
            for channel in CHANNELS
        }
        choice = (DRUM_CHANNEL,) if track.is_drum else CHANNELS
        channel = min(choice, key=lambda c: (c in self.used, notes.get(c, 0)))
        self.spans[channel].append((begin, end))
        if channel not in self.used:
            self.used.add(channel)
            self.programs[self._home((number, channel))].append((0, number, -1, track.program))
            self._add(number, 0, _BEFORE, 0xC0 | channel, track.program)
        return number, channel

    def bytes(self, end: int) -> bytes:
        """Return the changed file, as long as before and at least up to `end`."""
        tracks = []
        for events, dropped, added in zip(self.file.tracks, self.dropped, self.added, strict=True):
            rows = [(e.tick, _THERE, n, e) for n, e in enumerate(events) if n not in dropped]
            ordered = sorted([*rows, *added], key=lambda row: row[:3])
            tracks.append([event for *_, event in ordered])
        ends = [max(self.file.ends[0], end), *self.file.ends[1:]]
        return smf.file_bytes(MidiFile(self.file.format, self.file.division, tracks, ends))
