"""State of a channel reaches all tracks of a file that use it; mido is the independent reader."""

import io
import warnings

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.music import midi
from workbench.music.clip import Clip
from workbench.music.sharing import channel_events
from workbench.music.synth import NumpySynth
from workbench.representations.drum_roll import DrumRoll


def message(kind, time=0, **fields):
    return mido.Message(kind, time=time, **fields)


def note(pitch=60, length=480, time=0, channel=0):
    return [
        message("note_on", time, note=pitch, velocity=90, channel=channel),
        message("note_off", length, note=pitch, velocity=0, channel=channel),
    ]


def control(number, value, time=0, channel=0):
    return message("control_change", time, control=number, value=value, channel=channel)


def program(number, time=0, channel=0):
    return message("program_change", time, program=number, channel=channel)


def bytes_of(*tracks, form=1):
    file = mido.MidiFile(type=form, ticks_per_beat=480)
    for messages in tracks:
        file.tracks.append(mido.MidiTrack(messages))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def sent(track):
    return [(c.time, c.number, c.value) for c in track.controls]


messages = st.lists(
    st.one_of(
        st.builds(
            lambda kind, t, c, a, b: mido.Message.from_bytes([kind | c, a, b], time=t),
            st.sampled_from([0x80, 0x90, 0xA0, 0xB0, 0xE0]),
            st.sampled_from([0, 1, 127, 128, 20_000, 3_000_000]),
            st.integers(0, 15),
            st.integers(0, 127),
            st.integers(0, 127),
        ),
        st.builds(
            lambda kind, t, c, a: mido.Message.from_bytes([kind | c, a], time=t),
            st.sampled_from([0xC0, 0xD0]),
            st.integers(0, 300),
            st.integers(0, 15),
            st.integers(0, 127),
        ),
        st.builds(
            lambda text, t: mido.MetaMessage("text", text=text, time=t),
            st.sampled_from(["", "words", "ü" * 90]),
            st.integers(0, 300),
        ),
        st.builds(
            lambda data, t: mido.Message("sysex", data=data, time=t),
            st.lists(st.integers(0, 127), max_size=200),
            st.integers(0, 300),
        ),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(st.lists(messages, min_size=1, max_size=4))
def test_events_agree_with_mido(tracks):
    data = bytes_of(*tracks)  # mido writes no running status
    expected = []
    for number, track in enumerate(tracks):
        tick = 0
        for event in track:
            tick += event.time
            if not event.is_meta and event.type != "sysex":
                expected.append([number, tick, *event.bytes(), 0][:5])
    assert channel_events(data).tolist() == expected


def test_events_agree_with_mido_on_files(fixtures_root):
    """Files by many programs, with running status."""
    compared = 0
    for path in sorted(fixtures_root.rglob("*.mid"))[::3]:
        data = path.read_bytes()
        try:
            file = mido.MidiFile(file=io.BytesIO(data))
        except (OSError, ValueError, EOFError, IndexError):
            continue
        expected = []
        for number, track in enumerate(file.tracks):
            tick = 0
            for event in track:
                tick += event.time
                if not event.is_meta and event.type != "sysex":
                    expected.append([number, tick, *event.bytes(), 0][:5])
        assert channel_events(data).tolist() == expected, path.name
        compared += 1
    assert compared > 10


def test_what_stands_in_another_track_counts():
    setup = [program(73), control(7, 30), control(64, 127, time=100), control(64, 0, time=800)]
    bend = [message("pitchwheel", 50, pitch=4000)]
    clip = Clip.read_midi(bytes_of(setup, note(), bend, note(67), note(40, channel=1)))
    first, second, other = clip.score.tracks
    for track in (first, second):
        assert track.program == 73
        assert sent(track) == [(0, 7, 30), (100, 64, 127), (900, 64, 0)]
        assert [(b.time, b.value) for b in track.pitch_bends] == [(50, 4000)]
        assert [(p.time, p.duration) for p in track.pedals] == [(100, 800)]
    assert other.program == 0
    assert not sent(other)
    assert not len(other.pitch_bends)


def test_what_was_sent_under_another_program_counts():
    """symusic keeps controllers with the program they were sent under, or drops them."""
    track = [program(5), control(7, 30), program(73), *note(), program(40), control(10, 9), *note()]
    for form in (0, 1):
        flute, violin = sorted(
            Clip.read_midi(bytes_of(track, form=form)).score.tracks, key=lambda t: -t.program
        )
        assert (flute.program, violin.program) == (73, 40)
        assert sent(flute) == sent(violin) == [(0, 7, 30), (480, 10, 9)]


def test_a_program_change_in_another_track_splits_a_track():
    changes = [program(73), program(40, time=480), program(12, time=480, channel=3)]
    clip = Clip.read_midi(bytes_of([*note(60), *note(62), *note(64)], changes))
    assert [(n["pitch"], n["program"]) for n in clip.notes] == [(60, 73), (62, 40), (64, 40)]


def test_at_one_tick_the_tracks_own_messages_come_last():
    tracks = [[program(n), control(7, 10 * n), *note(50 + n)] for n in (1, 2)]
    clip = Clip.read_midi(bytes_of(*tracks))
    assert [(t.program, sent(t)[-1]) for t in clip.score.tracks] == [
        (1, (0, 7, 10)),
        (2, (0, 7, 20)),
    ]


def test_the_pieces_of_format_2_share_nothing():
    clip = Clip.read_midi(bytes_of([control(7, 30), *note()], note(62), form=2))
    assert sum(len(track.controls) for track in clip.score.tracks) == 1


def test_a_file_of_several_tracks_sounds_as_the_same_messages_in_one():
    tracks = [
        [program(19), control(101, 0), control(100, 0), control(6, 12)],
        [*note(60, 900), *note(62, 900)],
        [message("pitchwheel", 480, pitch=-4096), control(7, 60, time=700)],
        [program(80, channel=2), *note(45, 1800, channel=2)],
    ]
    file = mido.MidiFile(file=io.BytesIO(bytes_of(*tracks)))
    one = bytes_of(list(mido.merge_tracks(file.tracks))[:-1], form=0)
    several, merged = (
        Clip.read_midi(data).waveform(22050, NumpySynth()) for data in (bytes_of(*tracks), one)
    )
    np.testing.assert_allclose(several, merged, atol=1e-6)
    assert np.abs(several).max() > 0.01


@pytest.mark.parametrize("cut", [30, 50, 70])
def test_a_broken_end_is_no_obstacle(cut):
    data = bytes_of([control(7, 30), *note()], note(62), [*note(64), control(7, 9)])
    assert len(channel_events(data[:cut])) < len(channel_events(data))


def test_reading_notes_only_reads_the_same_notes(tmp_path):
    path = tmp_path / "drums.mid"
    path.write_bytes(bytes_of([control(7, 9, channel=9)], note(38, channel=9)))
    with_state, without = midi.read_score(path), midi.read_score(path, notes_only=True)
    assert sent(with_state.tracks[0]) == [(0, 7, 9)]
    assert not sent(without.tracks[0])
    np.testing.assert_array_equal(
        DrumRoll.read(path).to_array(), DrumRoll.from_clip(Clip.read_midi(path)).to_array()
    )


def ported(number, *messages):
    return [mido.MetaMessage("midi_port", port=number), *messages]


def device(name, *messages):
    return [mido.MetaMessage("device_name", name=name), *messages]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ported(0), ported(1)),
        ([], ported(1)),
        (ported(3), []),
        (device("Left"), device("Right")),
        ([], device("Synth")),
        (ported(1, *device("A")), ported(1, *device("B"))),
    ],
)
def test_each_port_has_channels_of_its_own(first, second):
    bend = [message("pitchwheel", 50, pitch=4000)]
    tracks = [
        [*first, program(5), control(7, 30), *note(60)],
        [*second, program(9), control(7, 90), *note(62)],
        [*first, *note(64)],
        [*second, *bend, *note(65)],
    ]
    tracks = Clip.read_midi(bytes_of(*tracks)).score.tracks
    assert [(t.program, sent(t)) for t in tracks] == [
        (5, [(0, 7, 30)]),
        (9, [(0, 7, 90)]),
        (5, [(0, 7, 30)]),
        (9, [(0, 7, 90)]),
    ]
    assert [len(t.pitch_bends) for t in tracks] == [0, 1, 0, 1]


@pytest.mark.parametrize("opened", [ported(0), ported(2), device("A"), []])
def test_tracks_of_one_port_share_its_channels(opened):
    tracks = [[*opened, control(7, 30)], [*opened, *note()], [*opened, program(9), *note(62)]]
    tracks = Clip.read_midi(bytes_of(*tracks)).score.tracks
    assert [sent(t) for t in tracks] == [[(0, 7, 30)]] * 2
    assert {t.program for t in tracks} == {9}


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_file_that_ends_within_a_port_is_no_obstacle(cut):
    data = bytes_of([control(7, 30), *note()], [*note(62), *ported(1)])
    with warnings.catch_warnings(category=UserWarning, action="ignore"):
        tracks = Clip.read_midi(data[:-cut]).score.tracks
    assert sent(tracks[0]) == [(0, 7, 30)]


def test_port_0_is_the_port_of_tracks_that_name_none():
    tracks = [[control(7, 30)], ported(0, *note())]
    assert sent(Clip.read_midi(bytes_of(*tracks)).score.tracks[0]) == [(0, 7, 30)]


def test_a_note_has_the_program_before_it_in_its_track_at_one_tick():
    own = [program(1, 480), *note(60, 0), program(99), *note(62)]
    others = ([], [program(7)], [program(7, 480)], [program(7), *note(50, 100)])
    for other in others:
        for tracks in ([own, other], [other, own]):
            notes = Clip.read_midi(bytes_of(*tracks)).notes
            assert [n["program"] for n in notes if n["pitch"] >= 60] == [1, 99], (other, tracks)


events = st.lists(
    st.tuples(st.integers(0, 1), st.one_of(st.none(), st.integers(0, 3))), min_size=1, max_size=12
)


@settings(deadline=None, max_examples=200)
@given(st.lists(events, min_size=1, max_size=3))
def test_programs_agree_with_a_walk_through_the_messages(tracks):
    """events: (beats later, program or None for a note). All notes are told apart by velocity and
    pitch; of messages at one tick, a note's own track comes last."""
    files, expected, pitch = [], [], 20
    walked = []  # tick, track, index, program
    for number, rows in enumerate(tracks):
        tick, waiting, messages = 0, 0, []
        for index, (later, value) in enumerate(rows):
            tick, waiting = tick + 480 * later, waiting + 480 * later
            if value is None:
                messages += note(pitch, 0, waiting)
                expected.append((pitch, tick, number, index))
                pitch += 1
            else:
                messages.append(program(value, waiting))
                walked.append((tick, number, index, value))
            waiting = 0
        files.append(messages)
    result = {}
    for key, tick, number, index in expected:
        before = [
            (t, track == number, track, at, value)
            for t, track, at, value in walked
            if t < tick or (t == tick and (track != number or at < index))
        ]
        result[key] = max(before)[-1] if before else 0
    notes = Clip.read_midi(bytes_of(*files)).notes if expected else []
    assert {int(n["pitch"]): int(n["program"]) for n in notes} == result
