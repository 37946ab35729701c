"""A MIDI file with other notes: what is not exchanged stays in it event for event.

A score has no place for much that a file holds: aftertouch, the order of controllers at one tick,
tracks without notes, several tracks on one channel. So a piece of which some notes were written
anew is not written from its score: those notes are exchanged among the events of its own file.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from workbench.errors import BrokenFileError
from workbench.music import midi, smf
from workbench.music.smf import Event, MidiFile
from workbench.music.writing import CHANNELS, DRUM_CHANNEL, instrument_name

_BEFORE, _THERE, _AFTER = range(3)  # place at a tick among the events that are there
_WITH_THE_MUSIC = {1, 5, 6, 7}  # text, lyrics, markers and cues
_MAPS = (smf.TEMPO, smf.METER, smf.KEY)
Key = tuple[int, int, int]  # tick, pitch, velocity
Line = tuple[int, int]  # track of the file, and channel


class _Note(NamedTuple):
    """A note of a file. on, off: places of its messages in its track (off −1: it has none)."""

    on: int
    off: int
    end: int


def with_notes(
    data: bytes, score: Any, *, last: int = 0, end: int = 0, texts: Sequence[str] = ()
) -> bytes | None:
    """The MIDI file `data` with the notes of `score`, and `texts` at its beginning.

    score: as `read_score(data)` gives it, but for notes and for tracks added after its own. last:
    the tick at which notes that were added end at the latest, unless the file goes on. end: the
    tick up to which the file lasts at least. None where the score differs in more, or notes are
    not found in the file.
    """
    try:
        before, file = midi.read_score(data), smf.read_events(data)
    except BrokenFileError:
        return None
    if file.format == 2 or not file.tracks or not _same_but_notes(before, score):
        return None
    exchange = _Exchange(file)
    if not exchange.take([_rows(track) for track in before.tracks], before, score, last):
        return None
    for text in texts:
        content = bytes([smf.TEXT]) + text.encode("utf-8", "replace")
        exchange.added[0].append((0, _THERE, Event(0, 0xFF, content)))
    return exchange.bytes(end)


def later(data: bytes, ticks: int) -> bytes:
    """The MIDI file with its music so many ticks later. What stands at its start and holds from
    there on stays: names, programs, controllers, system messages, and the first tempo, metre, key.
    """
    file = smf.read_events(data)
    maps = dict.fromkeys(_MAPS, smf.LAST_TICK)  # the first tick of each
    for tick, status, content in (event for events in file.tracks for event in events):
        if status == 0xFF and content[0] in maps:
            maps[content[0]] = min(tick, maps[content[0]])

    def place(event: Event) -> int:
        tick, status, content = event
        if status == 0xFF and content[0] in maps:
            return 0 if tick == maps[content[0]] else tick + ticks
        music = status < 0xA0 or (status == 0xFF and content[0] in _WITH_THE_MUSIC)
        return tick + ticks if tick or music else tick

    for number, events in enumerate(file.tracks):
        file.tracks[number] = sorted(
            (event._replace(tick=place(event)) for event in events), key=lambda event: event.tick
        )
        file.ends[number] += ticks
    return smf.file_bytes(file)


def finer(data: bytes, factor: int) -> bytes:
    """The MIDI file in so many times as many ticks a quarter note."""
    file = smf.read_events(data)
    file.division *= factor
    file.ends = [end * factor for end in file.ends]
    file.tracks = [[e._replace(tick=e.tick * factor) for e in events] for events in file.tracks]
    return smf.file_bytes(file)


def lines_of(data: bytes, score: Any) -> list[Line | None]:
    """For each track of the score that was read from `data` the file's track and the channel of
    its notes; None for one without notes, or whose notes are not found."""
    try:
        file = smf.read_events(data)
    except BrokenFileError:
        return [None] * len(score.tracks)
    pools = _Exchange(file).pools
    return [_line(pools, _rows(track), track.is_drum)[0] for track in score.tracks]


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


def _rows(track: Any) -> list[tuple[int, int, int, int]]:
    """The notes of a track: (time, duration, pitch, velocity)."""
    columns = track.notes.numpy()
    names = ("time", "duration", "pitch", "velocity")
    return list(zip(*(columns[name].tolist() for name in names), strict=True))


def _line(
    pools: dict[Line, dict[Key, list[_Note]]], rows: Sequence[Any], is_drum: bool
) -> tuple[Line | None, dict[tuple[int, int, int, int], list[_Note]]]:
    """The track of the file and channel that hold the notes of a track of the score, and these
    notes, which are taken out of the pools."""
    wanted = Counter((time, pitch, velocity) for time, _, pitch, velocity in rows)
    best, most = None, 0
    for line, pool in pools.items():
        if (line[1] == DRUM_CHANNEL) == is_drum:
            found = sum(min(number, len(pool.get(key, ()))) for key, number in wanted.items())
            if found > most:
                best, most = line, found
            if most == len(rows):
                break
    taken: dict[tuple[int, int, int, int], list[_Note]] = defaultdict(list)
    for row in rows if best else ():
        time, duration, pitch, velocity = row
        there = pools[best].get((time, pitch, velocity), []) if best else []
        if there:
            fitting = [n for n, note in enumerate(there) if note.end == time + duration]
            taken[row].append(there.pop(fitting[0] if fitting else 0))
    return best, taken


class _Exchange:
    """The events of a file, and what is taken out of it and put in."""

    def __init__(self, file: MidiFile) -> None:
        self.file = file
        self.dropped: list[set[int]] = [set() for _ in file.tracks]
        self.added: list[list[tuple[int, int, Event]]] = [[] for _ in file.tracks]
        self.pools: dict[Line, dict[Key, list[_Note]]] = {}
        self.open_ended: set[tuple[int, int, int]] = set()  # track, channel, pitch
        self.programs: dict[int, list[tuple[int, int, int]]] = defaultdict(list)  # of channels
        self.used: set[int] = set()  # channels
        self.offs: set[tuple[int, int, int, int]] = set()  # track, tick, channel, pitch
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
                self.offs.add((number, tick, channel, data[0]))
                if sounding[channel, data[0]]:
                    ends[sounding[channel, data[0]].pop(0)] = place
            elif kind == 0xC0:
                self.programs[channel].append((tick, number, data[0]))
        self.open_ended |= {(number, *key) for key, places in sounding.items() if places}
        for on, off in ends.items():
            tick, status, data = events[on]
            pool = self.pools.setdefault((number, status & 0x0F), defaultdict(list))
            pool[tick, data[0], data[1]].append(
                _Note(on, off, events[off].tick if off >= 0 else -1)
            )

    def take(self, rows: Sequence[Any], before: Any, after: Any, last: int) -> bool:
        """Exchange the notes in which two scores differ; whether they were found in the file."""
        last = max(last, *self.file.ends)
        for number, track in enumerate(after.tracks):
            old = Counter(rows[number]) if number < len(rows) else Counter()
            new = Counter(_rows(track))
            line: Line | None = None
            taken: dict[tuple[int, int, int, int], list[_Note]] = {}
            if old:
                line, taken = _line(self.pools, rows[number], track.is_drum)
            for row, times in (old - new).items():
                if len(taken.get(row, ())) < times:
                    return False
                for note in taken[row][:times]:
                    self._drop(line, note)
            put = sorted((new - old).elements())
            if put:
                self._put(line or self._new_line(track, put), track.program, put, last)
        return True

    def _drop(self, line: Line | None, note: _Note) -> None:
        assert line is not None
        number, channel = line
        tick, _, data = self.file.tracks[number][note.on]
        self.dropped[number].add(note.on)
        if (number, channel, data[0]) in self.open_ended:
            # it ended the note before it, and a note-off that is there ends another one
            off = Event(tick, 0x80 | channel, bytes([data[0], 64]))
            self.added[number].append((tick, _BEFORE, off))
        else:
            self.dropped[number].add(note.off)

    def _put(self, line: Line, program: int, rows: Sequence[Any], last: int) -> None:
        number, channel = line
        added = self.added[number]
        for at, (time, duration, pitch, velocity) in enumerate(rows):
            stop = max(min(time + duration, last), time + 1)
            playing = self._program(line, time)
            first = at == 0 or rows[at - 1][0] < time
            if playing != program and first:
                added.append((time, _AFTER, Event(time, 0xC0 | channel, bytes([program]))))
            added.append((time, _AFTER, Event(time, 0x90 | channel, bytes([pitch, velocity]))))
            # of two notes of a pitch that end at one tick the one that is there ends first
            place = _THERE if (number, stop, channel, pitch) in self.offs else _BEFORE
            added.append((stop, place, Event(stop, 0x80 | channel, bytes([pitch, 64]))))
            if playing != program and (at + 1 == len(rows) or rows[at + 1][0] > time):
                added.append((time, _AFTER, Event(time, 0xC0 | channel, bytes([playing]))))

    def _program(self, line: Line, tick: int) -> int:
        """The program in force on a channel; of changes at one tick the track's own is the last."""
        number, channel = line
        before = [
            (time, track == number, place, program)
            for place, (time, track, program) in enumerate(self.programs[channel])
            if time <= tick
        ]
        return max(before)[-1] if before else 0

    def _new_line(self, track: Any, rows: Sequence[Any]) -> Line:
        """A track, and a channel: a free one, or the one that has the fewest notes meanwhile."""
        number = 0
        if self.file.format:
            number = len(self.file.tracks)
            name = track.name or instrument_name(track.program, track.is_drum)
            self.file.tracks.append([Event(0, 0xFF, bytes([smf.TRACK_NAME]) + name.encode())])
            self.file.ends.append(0)
            self.added.append([])
            self.dropped.append(set())
        begin, end = rows[0][0], max(time + duration for time, duration, *_ in rows)
        notes = Counter(
            channel
            for (_, channel), pool in self.pools.items()
            for (tick, *_), there in pool.items()
            for note in there
            if tick < end and note.end > begin
        )
        choice = (DRUM_CHANNEL,) if track.is_drum else CHANNELS
        channel = min(choice, key=lambda c: (c in self.used, notes[c]))
        if channel not in self.used:
            self.used.add(channel)
            self.programs[channel].append((0, number, track.program))
            change = Event(0, 0xC0 | channel, bytes([track.program]))
            self.added[number].append((0, _BEFORE, change))
        return number, channel

    def bytes(self, end: int) -> bytes:
        """The file with the exchange done, as long as it was, and at least up to `end`."""
        tracks = []
        for events, dropped, added in zip(self.file.tracks, self.dropped, self.added, strict=True):
            rows = [(e.tick, _THERE, e) for n, e in enumerate(events) if n not in dropped] + added
            tracks.append([event for *_, event in sorted(rows, key=lambda row: row[:2])])
        ends = [max(self.file.ends[0], end), *self.file.ends[1:]]
        return smf.file_bytes(MidiFile(self.file.format, self.file.division, tracks, ends))
