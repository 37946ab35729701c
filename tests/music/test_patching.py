"""A file with other notes: what is not exchanged comes back event for event, as mido reads it."""

import io
import warnings
from collections import Counter, defaultdict

import mido
import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.music.channel import note_events
from workbench.music.clip import Clip
from workbench.music.midi import read_score
from workbench.music.patching import finer, later, lines_of, with_notes

BEGIN, END = 1920, 3840  # the second bar, in which notes are exchanged


def hits(channel, pitch, times, length=100, off=64):
    """Note-ons and note-offs at ticks."""
    rows = []
    for time in times:
        rows.append((time, mido.Message("note_on", channel=channel, note=pitch, velocity=80)))
        row = mido.Message("note_off", channel=channel, note=pitch, velocity=off)
        rows.append((time + length, row))
    return rows


def control(channel, number, value):
    return mido.Message("control_change", channel=channel, control=number, value=value)


def file_of(*tracks, format=1, tpq=480):
    """The bytes of a file; each track: (tick, message)."""
    file = mido.MidiFile(type=format, ticks_per_beat=tpq)
    for rows in tracks:
        now, track = 0, mido.MidiTrack()
        for tick, message in sorted(rows, key=lambda row: row[0]):
            track.append(message.copy(time=tick - now))
            now = tick
        file.tracks.append(track)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def outside(data, begin=BEGIN, end=END):
    """Of each track all but the notes that begin in [begin, end), in its order, with the tick at
    which the note of a note-off began; the tick of the end of the track."""
    tracks = []
    for track in mido.MidiFile(file=io.BytesIO(data)).tracks:
        now, rows, sounding = 0, [], defaultdict(list)
        for message in track:
            now += message.time
            onset = None
            if message.type == "note_on" and message.velocity:
                onset = now
                sounding[message.channel, message.note].append(now)
            elif message.type in ("note_on", "note_off"):
                held = sounding[message.channel, message.note]
                onset = held.pop(0) if held else None
            if onset is None or not begin <= onset < end:
                rows.append((now, str(message.copy(time=0)), onset))
        tracks.append(rows)
    return tracks


def exchanged(data, new, track=0, **more):
    """The file with the notes `new` (time, duration, pitch) in the second bar of a track."""
    score = read_score(data)
    rows = [row_of(n) for n in score.tracks[track].notes if not BEGIN <= n.time < END]
    rows += [(*row, 90) for row in new]
    columns = np.array(sorted(rows), dtype=np.int32).reshape(-1, 4).T
    score.tracks[track].notes = note_events(*columns)
    return with_notes(data, score, **more), score


def rich():
    """All kinds of events, inside and outside of the second bar."""
    head = [
        (0, mido.MetaMessage("track_name", name="song")),
        (0, mido.MetaMessage("set_tempo", tempo=400_000)),
        (2000, mido.MetaMessage("set_tempo", tempo=300_000)),
        (0, mido.MetaMessage("time_signature", numerator=4, denominator=4)),
        (0, mido.MetaMessage("key_signature", key="Eb")),
        (0, mido.MetaMessage("smpte_offset", hours=1)),
        (2400, mido.MetaMessage("marker", text="B")),
        (2500, mido.Message("sysex", data=[1, 2, 3])),
        (2600, mido.MetaMessage("sequencer_specific", data=[1, 2])),
    ]
    lead = [
        (0, mido.MetaMessage("track_name", name="lead")),
        (0, mido.MetaMessage("midi_port", port=1)),
        (0, mido.MetaMessage("key_signature", key="F")),  # of a transposing instrument
        (0, mido.Message("program_change", channel=3, program=40)),
        (0, control(3, 10, 111)),
        (0, control(3, 10, 80)),
        *((0, control(3, number, value)) for number, value in ((101, 0), (100, 0), (6, 12))),
        (2500, mido.Message("aftertouch", channel=3, value=9)),
        (2500, mido.Message("polytouch", channel=3, note=60, value=9)),
        (2500, mido.Message("pitchwheel", channel=3, pitch=77)),
        (2501, mido.MetaMessage("lyrics", text="caf\xe9")),
        *hits(3, 60, range(0, 7680, 240), off=11),
        *hits(3, 64, [1800], 4000),
    ]
    changing = [
        (0, mido.Message("program_change", channel=4, program=5)),
        (2880, mido.Message("program_change", channel=4, program=6)),
        *hits(4, 50, range(0, 7680, 480)),
    ]
    silent = [
        (0, mido.MetaMessage("track_name", name="empty")),
        (0, mido.Message("program_change", channel=5, program=7)),
        (2000, control(5, 7, 90)),
    ]
    beat = [(0, mido.Message("program_change", channel=9, program=8)), *hits(9, 36, [0, 2000])]
    return file_of(head, lead, changing, silent, beat)


def test_all_that_is_not_exchanged_stays():
    data = rich()
    result, score = exchanged(data, [(1920, 300, 71), (2880, 4000, 72)])
    assert outside(result) == outside(data)
    lead, again = score.tracks[0], read_score(result).tracks[0]
    assert Counter(map(row_of, again.notes)) == Counter(map(row_of, lead.notes))
    result, score = exchanged(data, [(2880, 9000, 72)], last=7680)  # rings past the last bar
    assert max(n.time + n.duration for n in read_score(result).tracks[0].notes) == 7680


def row_of(note):
    return note.time, note.duration, note.pitch, note.velocity


def test_two_notes_of_a_pitch_may_end_at_one_tick():
    """The one that was there keeps its own note-off."""
    data = file_of(hits(0, 60, [480, 4800], 2000, off=11))
    result, _ = exchanged(data, [(2000, 480, 60)])
    assert outside(result) == outside(data)
    assert {(2000, 480, 60, 90), (480, 2000, 60, 80)} <= {
        row_of(note) for note in read_score(result).tracks[0].notes
    }


def test_a_track_without_notes_keeps_its_name_and_program():
    data = file_of(
        [
            (0, mido.MetaMessage("track_name", name="once")),
            (0, mido.Message("program_change", channel=2, program=33)),
            *hits(2, 40, [2000, 2400]),
        ],
        hits(1, 60, range(0, 7680, 480)),
    )
    result, _ = exchanged(data, [])
    assert outside(result) == outside(data)
    assert "name='once'" in str(outside(result))
    assert "program=33" in str(outside(result))


@pytest.mark.parametrize("program", [5, 6])
def test_new_notes_sound_in_the_program_of_their_track(program):
    """Also where the channel is set to another one meanwhile; it is set back at once."""
    data = rich()
    before = read_score(data)
    number = [track.program for track in before.tracks].index(program)
    result, _ = exchanged(data, [(2000, 100, 90), (3400, 100, 91)], number)
    again = {track.program: track for track in read_score(result).tracks}
    assert {(n.time, n.pitch) for n in again[program].notes} >= {(2000, 90), (3400, 91)}
    for track in before.tracks:
        kept = {(n.time, n.pitch) for n in track.notes if not BEGIN <= n.time < END}
        assert kept <= {(n.time, n.pitch) for n in again[track.program].notes}


@pytest.mark.parametrize("format", [0, 1])
def test_more_tracks_than_channels_and_all_in_one_track(format):
    rows = [
        [
            (0, mido.Message("program_change", channel=n % 9, program=n)),
            *hits(n % 9, 30 + n, range(0, 7680, 480)),
        ]
        for n in range(9 if format == 0 else 60)
    ]
    rows = [[row for track in rows for row in track]] if format == 0 else rows
    data = file_of(*rows, format=format)
    result, _ = exchanged(data, [(2000, 100, 99)], 5)
    assert mido.MidiFile(file=io.BytesIO(result)).type == format
    changes = ("program_change", f"channel={5}")
    kept = [
        [row for row in track if not (BEGIN <= row[0] < END and all(c in row[1] for c in changes))]
        for track in outside(result)
    ]
    assert kept == outside(data)
    assert 99 in {n.pitch for n in read_score(result).tracks[5].notes}


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_notes_can_be_exchanged(draw):
    """Crowded, overlapping, repeated, with and without note-offs."""
    number = st.integers(0, 7600)
    rows = []
    for pitch in (60, 61):
        for time in draw.draw(st.lists(number, min_size=1, max_size=8, unique=True)):
            pair = hits(0, pitch, [time], draw.draw(st.integers(1, 3000)))
            rows += pair if draw.draw(st.booleans()) else pair[:1]
    data = file_of(sorted(rows, key=lambda row: (row[0], row[1].type != "note_off")))
    new = draw.draw(st.lists(st.integers(BEGIN, END - 1), max_size=5, unique=True))
    result, _ = exchanged(data, [(time, 50, 72) for time in new])
    old = {(n.time, n.pitch) for n in read_score(data).tracks[0].notes}
    found = {(n.time, n.pitch) for track in read_score(result).tracks for n in track.notes}
    assert found == {row for row in old if not BEGIN <= row[0] < END} | {(t, 72) for t in new}


def test_a_score_that_differs_in_more_is_not_the_files():
    data = rich()
    for change in ("tempo", "name", "control", "notes"):
        score = read_score(data)
        if change == "tempo":
            score.tempos[0].time = 10
        elif change == "name":
            score.tracks[0].name = "other"
        elif change == "control":
            score.tracks[0].controls[0].value = 3
        assert (with_notes(data, score) is None) == (change != "notes")


def test_a_track_is_added_on_a_free_channel():
    data = rich()
    score = read_score(data)
    track = symusic.Track("flute", 73, ttype="tick")
    track.notes.append(symusic.Note(2000, 300, 77, 90, ttype="tick"))
    score.tracks.append(track)
    result = with_notes(data, score)
    assert outside(result)[:5] == outside(data)
    new = mido.MidiFile(file=io.BytesIO(result)).tracks[5]
    assert {m.channel for m in new if not m.is_meta}.isdisjoint({3, 4, 5, 9})
    assert [t.program for t in read_score(result).tracks].count(73) == 1


def test_later_keeps_what_holds_from_the_start():
    data = later(rich(), 1920)
    before, after = outside(rich(), 0, 0), outside(data, 0, 0)
    for old, new in zip(before, after, strict=True):
        still = [row for row in new if row[0] == 0]
        assert [r[1] for r in still] == [r[1] for r in old if r[0] == 0 and "note_" not in r[1]]
        assert [(t + 1920, m) for t, m, _ in old if t or "note_" in m or "end_of" in m] == (
            [(t, m) for t, m, _ in new if t]
        )


def test_finer_is_the_same_music():
    clip, fine = Clip.read_midi(rich()), Clip.read_midi(finer(rich(), 3))
    assert fine.score.tpq == 1440
    assert fine.notes.tolist() == clip.notes.tolist()
    assert [t.time for t in fine.score.tempos] == [3 * t.time for t in clip.score.tempos]


def with_program(channel, program, rows):
    return [(0, mido.Message("program_change", channel=channel, program=program)), *rows]


@pytest.mark.parametrize("programs", [(73, 40), (40, 73), (40, 40)])
@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("every", [240, 480, 960])
@pytest.mark.parametrize("format", [0, 1])
def test_channels_in_unison_are_told_apart(programs, number, every, format):
    """Two channels, 5 before 1 in the file, of which one plays the other's notes, or every second
    or fourth of them; the notes of one alone are exchanged."""
    one = with_program(5, programs[0], hits(5, 60, range(0, 7680, 240)))
    two = with_program(1, programs[1], hits(1, 60, range(0, 7680, every)))
    mixed = sorted(one + two, key=lambda row: row[0])
    data = file_of(mixed) if format == 0 else file_of(one, two)
    score = read_score(data)
    channel = 1 if (number == 0) == (format == 0) else 5  # in the order of the reader
    assert len(score.tracks) == 2
    assert score.tracks[number].program == programs[channel == 1]
    assert [line[1] for line in lines_of(data, score)][number] == channel
    result, changed = exchanged(data, [(2000, 100, 90)], number)
    assert [line[1] for line in lines_of(data, changed)][number] == channel
    for old, new in zip(outside(data), outside(result), strict=True):
        other = 6 - channel
        assert [r for r in new if f"channel={other} " in r[1]] == (
            [r for r in old if f"channel={other} " in r[1]]
        )
    inside = [
        (message.channel, message.note)
        for track in mido.MidiFile(file=io.BytesIO(result)).tracks
        for tick, message in timed(track)
        if message.type == "note_on" and message.velocity and BEGIN <= tick < END
    ]
    assert inside.count((channel, 90)) == 1
    assert inside.count((channel, 60)) == 0
    assert inside.count((6 - channel, 60)) == 1920 // (every if channel == 5 else 240)


def timed(track):
    now = 0
    for message in track:
        now += message.time
        yield now, message


@pytest.mark.parametrize("channels", [1, 3, 9])
def test_a_channel_that_changes_its_program_in_unison_with_others(channels):
    rows = []
    for channel in range(channels):
        for tick, program in ((0, 10), (3840, 20)):
            change = mido.Message("program_change", channel=channel, program=program)
            rows.append((tick, change))
        rows += hits(channel, 60, range(0, 7680, 480))
    data = file_of(sorted(rows, key=lambda row: row[0]), format=0)
    score = read_score(data)
    assert [line[1] for line in lines_of(data, score)] == (
        [channel for channel in range(channels) for _ in range(2)]
    )
    for number, track in enumerate(score.tracks):
        result, _ = exchanged(data, [(2000, 100, 90)] if track.program == 10 else [], number)
        assert result is not None
        heard = read_score(result)
        assert [len(t.notes) for t in heard.tracks] == [
            len(t.notes) - 3 * (n == number and t.program == 10) for n, t in enumerate(score.tracks)
        ]


@pytest.mark.parametrize("off_first", [True, False])
def test_a_note_off_comes_before_the_note_on_at_its_tick(off_first):
    """A synthesizer that is sent it afterwards would silence the note that begins."""
    key = (lambda row: (row[0], row[1].type != "note_off")) if off_first else lambda row: row[0]
    data = file_of(sorted(hits(0, 60, range(0, 7680, 480), 480), key=key))
    for new in ([(2400, 1440, 60)], [(1920, 960, 60), (2880, 960, 60)], [(3000, 2000, 72)]):
        result, _ = exchanged(data, new)
        played = mido.MidiFile(file=io.BytesIO(result)).tracks[0]
        at = [m.type for tick, m in timed(played) if tick == END and m.type[:4] == "note"]
        assert at[-1] == "note_on"
        assert outside(result) == outside(data)


def test_a_late_tempo_alone_is_no_reason_to_write_a_file_anew():
    """Also when what was added moves the middle of the music."""
    tempo = mido.MetaMessage("set_tempo", tempo=1_000_000)
    touch = [(tick, mido.Message("aftertouch", channel=0, value=9)) for tick in range(0, 7680, 50)]
    for tick in (1, 480, 4800, 7600):
        data = file_of([(tick, tempo)], touch + hits(0, 60, range(0, 7680, 240)))
        clip = Clip.read_midi(data).with_(beats=32)
        score = clip.score.copy()
        for time in range(7680, 15360, 240):
            score.tracks[0].notes.append(symusic.Note(time, 200, 62, 90, ttype="tick"))
        version = clip.with_score(score)
        result = version.midi_bytes()
        assert result.count(mido.Message("aftertouch", channel=0, value=9).bin()) == len(touch)
        assert [t.time for t in version.score.tempos] == [tick]
        assert [t.time for t in read_score(result).tempos] == [tick]


def everything():
    """A file with all kinds of messages, each in a track of its own kind of trouble."""
    return file_of(
        [
            (0, mido.MetaMessage("track_name", name="song")),
            (0, mido.MetaMessage("copyright", text="me")),
            (0, mido.MetaMessage("smpte_offset", hours=1)),
            (0, mido.MetaMessage("set_tempo", tempo=400_000)),
            (960, mido.Message("sysex", data=[1, 2, 3])),
        ],
        [
            (0, mido.MetaMessage("midi_port", port=1)),
            (0, control(3, 0, 2)),
            (0, control(3, 32, 5)),
            (0, mido.Message("program_change", channel=3, program=40)),
            (100, mido.Message("aftertouch", channel=3, value=9)),
            (130, mido.Message("polytouch", channel=3, note=60, value=70)),
            (480, control(3, 0, 4)),
            (480, mido.Message("program_change", channel=3, program=40)),
            (500, mido.Message("aftertouch", channel=3, value=0)),
            *hits(3, 60, [0, 480, 960], off=33),
        ],
        [(0, mido.MetaMessage("track_name", name="silent")), (700, control(9, 7, 20))],
    )


def messages_of(data):
    """(track, tick, message) of all but the ends of tracks and texts."""
    rows = []
    for number, track in enumerate(mido.MidiFile(file=io.BytesIO(data)).tracks):
        now = 0
        for message in track:
            now += message.time
            if message.type not in ("end_of_track", "text"):
                rows.append((number, now, str(message.copy(time=0))))
    return rows


def test_a_clip_is_written_as_the_file_that_it_was_read_from():
    data = everything()
    clip = Clip.read_midi(data)
    for copy in (clip, clip.with_(caption="slow", source="a.mid"), clip.with_(labels={"a": 1})):
        assert messages_of(copy.midi_bytes()) == messages_of(data)
    once = clip.with_(caption="slow", source="a.mid").midi_bytes()
    twice = Clip.read_midi(once).with_(caption="slow", source="a.mid").midi_bytes()
    assert twice == once  # what is said at the start is said once


def test_a_changed_clip_is_written_from_its_score():
    clip = Clip.read_midi(everything())
    kept = [row for row in messages_of(clip.midi_bytes()) if "touch" in row[2]]
    assert len(kept) == 3
    for changed in (clip.with_(tempo=90), clip.excerpt(0, 4), clip.with_(beats=2)):
        rows = messages_of(changed.midi_bytes())
        assert not [row for row in rows if "touch" in row[2]]
        assert [row[1] for row in rows if "note_on" in row[2]][:2] == [0, 480]


@pytest.mark.parametrize("trouble", ["cut short", "a note without its end", "a wrong key"])
def test_a_file_with_something_wrong_is_not_written_again(trouble):
    data = everything()
    if trouble == "cut short":
        data = data[:-4]
    elif trouble == "a note without its end":
        data = file_of([(0, mido.Message("note_on", note=60)), (0, control(0, 7, 9))])
    else:
        key = bytes([0xFF, 0x59, 2, 9, 0])
        data = file_of([(0, mido.MetaMessage("key_signature", key="C")), *hits(0, 60, [0])])
        data = data.replace(bytes([0xFF, 0x59, 2, 0, 0]), key)
    with warnings.catch_warnings(category=UserWarning, action="ignore"):
        clip = Clip.read_midi(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        written = clip.midi_bytes()
        again = Clip.read_midi(written)
    file = mido.MidiFile(file=io.BytesIO(written))
    kinds = Counter(message.type for track in file.tracks for message in track)
    assert kinds["note_on"] == kinds["note_off"] == len(again.notes) == len(clip.notes)
    assert not kinds["key_signature"]
    assert {sum(message.time for message in track) for track in file.tracks} == {
        round(4 * clip.score.tpq * clip.bars)
    }


def test_a_channel_of_another_port_has_its_own_programs():
    port = [[(0, mido.MetaMessage("midi_port", port=number))] for number in range(2)]
    change = [[(0, mido.Message("program_change", channel=3, program=p))] for p in (5, 9)]
    tracks = [[*port[n], *change[n], *hits(3, 60 + n, range(0, 7680, 480))] for n in range(2)]
    result, score = exchanged(file_of(*tracks), [(2000, 300, 65)], track=0)
    assert [t.program for t in score.tracks] == [5, 9]
    written = read_score(result)
    assert [t.program for t in written.tracks] == [5, 9]
    rows = [row for row in messages_of(result) if "program_change" in row[2]]
    assert len(rows) == 2  # none between the notes


@pytest.mark.parametrize("onset", [3840, 5000, 5750])
@pytest.mark.parametrize("duration", [200, 1200, 5000])
def test_a_new_last_note_is_written_as_long_as_the_clip_holds_it(onset, duration):
    clip = Clip.read_midi(file_of(hits(2, 50, range(0, 5760, 480)), hits(9, 36, [0])))
    assert clip.rings_on
    score = clip.score.copy()
    rows = [row_of(n) for n in score.tracks[0].notes] + [(onset, duration, 70, 90)]
    score.tracks[0].notes = note_events(*np.array(sorted(rows), dtype=np.int32).T)
    filled = clip.with_score(score)
    for data in (filled.midi_bytes(), filled.file, filled.with_(caption="c").midi_bytes()):
        again = Clip.read_midi(data).notes
        assert again[["time", "duration", "pitch"]].tolist() == (
            filled.notes[["time", "duration", "pitch"]].tolist()
        )
        tracks = mido.MidiFile(file=io.BytesIO(data)).tracks
        assert max(sum(m.time for m in track) for track in tracks) >= onset + duration
    short = filled.with_(beats=12)  # a given length ends all notes
    assert Clip.read_midi(short.midi_bytes()).notes["duration"][-1] <= 12 - onset / 480 + 1e-9


def test_new_notes_keep_their_program_on_a_channel_that_another_track_changes():
    """At the tick of a new note its track changes to its program and back."""
    data = file_of(
        [(0, mido.Message("program_change", program=5)), *hits(0, 60, range(0, 3840, 480))],
        [(1920, mido.Message("program_change", program=48)), *hits(0, 70, range(1920, 3840, 480))],
    )
    score = read_score(data)
    number = [(t.program, t.notes[0].time) for t in score.tracks].index((48, 1920))
    result, score = exchanged(data, [(1920, 100, 80), (2500, 100, 81)], number)
    found = {(t.program, n.time, n.pitch) for t in read_score(result).tracks for n in t.notes}
    assert found == {(t.program, n.time, n.pitch) for t in score.tracks for n in t.notes}
