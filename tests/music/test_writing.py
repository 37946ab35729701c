"""MIDI files that a DAW takes: exact length, nothing lost at the edges, names and channels."""

import io
import warnings

import mido
import numpy as np
import pretty_midi
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import MusicFileWarning
from workbench.music.clip import NOTE, Clip
from workbench.music.synth import NumpySynth
from workbench.music.writing import file_stem
from workbench.representations.drum_roll import DrumRoll


def read(clip):
    return mido.MidiFile(file=io.BytesIO(clip.midi_bytes()))


def timed(track):
    tick = 0
    for message in track:
        tick += message.time
        yield tick, message


def lengths(file):
    return {sum(message.time for message in track) for track in file.tracks}


def onsets(file):
    return sorted(
        (tick, m.note) for track in file.tracks for tick, m in timed(track) if m.type == "note_on"
    )


def roll_of(cells, steps=64, **fields):
    """cells: (step, drum, offset)."""
    hits, offset = np.zeros((steps, 9), bool), np.zeros((steps, 9), np.float32)
    for step, drum, late in cells:
        hits[step, drum], offset[step, drum] = True, late
    return DrumRoll(hits, hits * np.float32(0.7), offset, **fields)


def test_an_early_first_beat_is_on_tick_0_and_still_loops():
    roll = roll_of([(0, 0, -0.4), (0, 2, 0.3), (32, 1, -0.4), (63, 2, 0.4)])
    clip = roll.to_clip("rock")
    file = read(clip)
    assert lengths(file) == {4 * 4 * 480}
    ticks = {(note, tick) for tick, note in onsets(file)}
    assert ticks == {(36, 0), (42, 36), (38, 3840 - 48), (42, 63 * 120 + 48)}
    # the player has the kick before the end of the round, as the roll has it
    assert clip.notes["time"][-1] == pytest.approx(16 - 0.1)
    back = DrumRoll.from_clip(clip)
    np.testing.assert_allclose(back.to_array(), roll.to_array(), atol=0.01)
    assert read(clip.with_(caption="b", tempo=90)).tracks[1] == file.tracks[1]
    # half of the loop has its first beat, too
    assert (36, 0) in {(n, t) for t, n in onsets(read(clip.excerpt(0, 8)))}
    whole = clip.excerpt(0, 16)
    np.testing.assert_array_equal(whole.notes, clip.notes)
    assert read(whole).tracks[1] == file.tracks[1]
    # what is no loop keeps its last hit where it is
    late = Clip.from_notes([(15.95, 0.1, 36, 90)], beats=16)
    assert onsets(read(late)) == [(round(15.95 * 480), 36)]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 31), st.integers(0, 8), st.integers(-50, 49)),
        max_size=30,
        unique_by=lambda cell: cell[:2],
    ),
    st.sampled_from([4, 12]),
)
def test_every_roll_is_written_with_all_hits_in_exactly_its_length(cells, steps_per_beat):
    cells = [(step, drum, percent / 100) for step, drum, percent in cells]
    roll = roll_of(cells, steps=8 * steps_per_beat, steps_per_beat=steps_per_beat)
    file = read(roll.to_clip())
    assert lengths(file) == {8 * 480}
    assert len(onsets(file)) == len(cells)
    offs = [t for track in file.tracks for t, m in timed(track) if m.type == "note_off"]
    assert len(offs) == len(cells)
    assert all(0 < tick <= 8 * 480 for tick in offs)


@pytest.mark.parametrize(("meter", "bars"), [((4, 4), 3), ((3, 4), 5), ((6, 8), 2), ((7, 8), 1)])
def test_a_clip_of_so_many_bars_lasts_as_long(meter, bars):
    beats = bars * 4 * meter[0] / meter[1]
    rows = [(0, 40, 60, 90), (beats - 0.25, 8, 64, 90), (beats, 1, 67, 90)]
    clip = Clip.from_notes(rows, meter=meter, tempo=97, beats=beats, drums=False, program=40)
    file = read(clip)
    assert lengths(file) == {round(beats * 480)}
    assert len(onsets(file)) == 2  # what begins after the end is not in the clip
    assert file.length == pytest.approx(clip.duration, abs=1e-4)
    first = [(tick, m.type) for tick, m in timed(file.tracks[0])]
    assert {(0, "set_tempo"), (0, "time_signature")} <= set(first)
    other = pretty_midi.PrettyMIDI(io.BytesIO(clip.midi_bytes()))
    assert other.get_end_time() <= clip.duration + 1e-3
    signature = other.time_signature_changes[0]
    assert (signature.numerator, signature.denominator, signature.time) == (*meter, 0)
    assert other.get_tempo_changes()[1][0] == pytest.approx(97, abs=1e-3)


def test_a_song_keeps_its_last_notes_and_ends_on_a_bar_line():
    clip = Clip.from_notes([(0, 1, 60, 90), (3, 6, 64, 90)], drums=False)
    assert clip.beats == 4
    for written in (clip, clip.with_(caption="a"), Clip.read_midi(clip.midi_bytes())):
        file = read(written)
        assert lengths(file) == {12 * 480}
        assert Clip.read_midi(written.midi_bytes()).notes["duration"].tolist() == [1, 6]
    assert lengths(read(clip.with_(beats=4.0))) == {4 * 480}


def test_names_marker_and_texts():
    score = symusic.Score(480)
    for name, program, drums in (("Lead", 73, False), ("", 0, False), ("", 0, True)):
        track = symusic.Track(name, program, drums, ttype="tick")
        track.notes.append(symusic.Note(0, 480, 60, 90, ttype="tick"))
        track.lyrics.append(symusic.TextMeta(240, "là", ttype="tick"))
        score.tracks.append(track)
    score.markers.append(symusic.TextMeta(480, "chorus", ttype="tick"))
    score.key_signatures.append(symusic.KeySignature(0, -3, 1, ttype="tick"))
    clip = Clip(score, caption="slow funk", source="DrumLDM, seed 3, take 1")
    file = mido.MidiFile(file=io.BytesIO(clip.midi_bytes()), charset="utf-8")
    metas = [[(t, m.type, m.dict()) for t, m in timed(track) if m.is_meta] for track in file.tracks]
    names = [[d["name"] for _, kind, d in rows if kind == "track_name"] for rows in metas]
    assert names == [["slow funk"], ["Lead"], ["Acoustic Grand Piano"], ["Drums"]]
    instruments = [d["name"] for rows in metas for _, kind, d in rows if kind == "instrument_name"]
    assert instruments == ["Flute", "Acoustic Grand Piano", "Drums"]
    markers = [(t, d["text"]) for t, kind, d in metas[0] if kind == "marker"]
    assert markers == [(0, "slow funk"), (480, "chorus")]
    assert [d["text"] for _, kind, d in metas[0] if kind == "text"] == ["DrumLDM, seed 3, take 1"]
    assert [d["key"] for _, kind, d in metas[0] if kind == "key_signature"] == ["Cm"]
    assert [(t, d["text"]) for t, kind, d in metas[1] if kind == "lyrics"] == [(240, "là")]
    again = Clip.read_midi(clip.midi_bytes()).with_(caption="slow funk")
    assert [m.text for m in Clip.read_midi(again.midi_bytes()).score.markers] == [
        "slow funk",
        "chorus",
    ]
    for source in ("/home/me/song.mid", "filling of C:\\home\\me\\song.mid by MidiGPT, seed 1"):
        data = clip.with_(source=source).midi_bytes()
        assert b"home" not in data
        assert b"song.mid" in data
    assert b"groove/drummer1" in clip.with_(source="groove/drummer1").midi_bytes()


def test_the_name_of_a_file_has_words_tempo_seed_and_take():
    def stem(caption, tempo=120.0, words=None, **labels):
        clip = Clip.from_notes([(0, 1, 36, 90)], tempo=tempo, caption=caption, labels=labels)
        return file_stem(clip, words)

    assert stem("samba", seed=0, take=1) == "samba_120bpm_s0_1"
    assert stem("Slow FUNK, 92 bpm!", 91.7, seed=2**64 - 1, take=12) == (
        "slow-funk_92bpm_s18446744073709551615_12"
    )
    assert stem("", seed=0, take=1) == "clip_120bpm_s0_1"
    assert stem("../../etc/passwd") == "etc-passwd_120bpm"
    assert stem("ijexá <script>", action="variation", seed=4) == "ijexá-script_120bpm_variation_s4"
    assert stem("rock", words="my song bars 9-12", action="generation") == (
        "my-song-bars-9-12_120bpm"
    )
    long = stem("x" * 300), stem("many words " * 300)
    assert all(len(name) <= 60 for name in long)


def track_of(program, notes, controls=(), bends=(), drums=False):
    track = symusic.Track("", program, drums, ttype="tick")
    for row in notes:
        track.notes.append(symusic.Note(*row, ttype="tick"))
    for row in controls:
        track.controls.append(symusic.ControlChange(*row, ttype="tick"))
    for row in bends:
        track.pitch_bends.append(symusic.PitchBend(*row, ttype="tick"))
    return track


def clip_of(tracks, **fields):
    score = symusic.Score(480)
    score.tracks.extend(tracks)
    return Clip(score, tempo=120, **fields)


def sounded(data):
    """(tick, program then in force on the channel, pitch) of every note, as a synthesiser hears."""
    file = mido.MidiFile(file=io.BytesIO(data))
    programs, heard, tick = [0] * 16, [], 0
    for message in mido.merge_tracks(file.tracks):
        tick += message.time
        if message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type == "note_on" and message.velocity:
            drums = message.channel == 9
            heard.append((tick, drums, programs[message.channel], message.note))
    return sorted(heard)


@pytest.mark.parametrize("count", [1, 15, 16, 40])
def test_more_instruments_than_channels_keep_their_programs(count):
    tracks = [
        track_of((7 * n) % 128, [(480 * k + 10 * n, 5, 30 + n, 90) for k in range(3)])
        for n in range(count)
    ]
    tracks += [
        track_of(kit, [(7, 9, 36, 90), (500, 9, 38 + kit, 90)], drums=True) for kit in (0, 8)
    ]
    clip = clip_of(tracks)
    expected = sorted((n.time, t.is_drum, t.program, n.pitch) for t in tracks for n in t.notes)
    got = sounded(clip.midi_bytes())
    assert [row for row in got if not row[1]] == [row for row in expected if not row[1]]
    assert sorted(row[3] for row in got) == sorted(row[3] for row in expected)
    again = Clip.read_midi(clip.midi_bytes())
    np.testing.assert_array_equal(
        np.sort(again.notes, order=NOTE.names), np.sort(clip.notes, order=NOTE.names)
    )


def test_tracks_of_one_channel_come_back_to_one_channel():
    """Twenty instruments, of which ten share a state that moves: it is written once."""
    state = [(0, 7, 30), (480, 10, 9)]
    tracks = [track_of(n, [(100 * n, 90, 60, 90)], state) for n in range(10)]
    tracks += [track_of(n, [(100 * n, 90, 72, 90)], [(0, 7, n)]) for n in range(10, 20)]
    data = clip_of(tracks).midi_bytes()
    file = mido.MidiFile(file=io.BytesIO(data))
    sent = [m for track in file.tracks for m in track if m.type == "control_change"]
    assert len(sent) == 2 + 10
    assert [row[2] for row in sounded(data)] == list(range(20))


def test_state_survives_writing():
    """Write, read, render: the same sound, also with the state of one channel in several tracks."""
    wheel = [(0, 101, 0), (0, 100, 0), (0, 6, 12), (0, 38, 0), (0, 7, 60), (0, 64, 127)]
    wheel += [(700, 64, 0), (0, 1, 50), (0, 11, 100)]
    clip = clip_of(
        [
            track_of(19, [(0, 300, 60, 90), (960, 300, 64, 90)], wheel, [(0, 0), (500, 2000)]),
            track_of(73, [(480, 900, 67, 90)], [(0, 10, 5)], [(0, -8192)]),
            track_of(0, [(0, 20, 36, 90), (960, 20, 38, 90)], [(0, 7, 50)], drums=True),
        ],
        beats=4,
    )
    sound = clip.waveform(22050, NumpySynth())
    for other in (
        Clip.read_midi(clip.midi_bytes(), beats=4),
        Clip.read_midi(clip.with_(caption="c").midi_bytes(), beats=4),
        clip.excerpt(0, 4),
        Clip.read_midi(clip.excerpt(0, 4).midi_bytes(), beats=4),
    ):
        np.testing.assert_allclose(other.waveform(22050, NumpySynth()), sound, atol=1e-6)


def test_a_pedal_does_not_hang_after_the_end():
    clip = clip_of([track_of(0, [(0, 100, 60, 90)], [(0, 64, 127), (5000, 64, 0)])], beats=4)
    (_, track) = read(clip).tracks
    pedal = [(tick, m.value) for tick, m in timed(track) if m.type == "control_change"]
    assert pedal == [(0, 127), (1920, 0)]
    assert lengths(read(clip)) == {1920}


def test_order_at_one_tick():
    """A bank before its program, a repeated note's end before its beginning, a note of no length
    is one tick long."""
    notes = [(0, 480, 60, 90), (480, 480, 60, 80), (480, 0, 62, 70)]
    track = track_of(5, notes, [(0, 7, 9), (0, 0, 1), (0, 32, 2)])
    kinds = [
        (t, m.type, getattr(m, "control", None) or getattr(m, "note", None))
        for t, m in timed(read(clip_of([track])).tracks[1])
        if not m.is_meta
    ]
    assert kinds == [
        (0, "control_change", None),
        (0, "control_change", 32),
        (0, "program_change", None),
        (0, "control_change", 7),
        (0, "note_on", 60),
        (480, "note_off", 60),
        (480, "note_on", 60),
        (480, "note_on", 62),
        (481, "note_off", 62),
        (960, "note_off", 60),
    ]


def test_real_files_come_back_with_all_notes(fixtures_root):
    compared = 0
    for path in sorted(fixtures_root.rglob("*.mid"))[::4]:
        try:
            clip = Clip.read(path)
        except Exception:  # broken ones are another test's matter
            continue
        again = Clip.read_midi(clip.midi_bytes())
        fields = ["time", "pitch", "velocity", "program", "is_drum"]
        np.testing.assert_array_equal(
            np.sort(again.notes[fields], order=fields), np.sort(clip.notes[fields], order=fields)
        )
        assert again.beats == clip.beats, path.name
        compared += 1
    assert compared > 5


@pytest.mark.parametrize(("sharps", "mode"), [(1, 255), (8, 0), (128, 1), (2, 7)])
def test_a_key_that_is_none_is_read_past_and_not_written(sharps, mode):
    track = b"\x00\xff\x59\x02" + bytes([sharps, mode]) + b"\x00\x90\x3c\x40\x60\x80\x3c\x40"
    track += b"\x00\xff\x2f\x00"
    data = b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(track).to_bytes(4, "big") + track
    again = Clip.read_midi(Clip.read_midi(data).midi_bytes())
    assert again.notes["pitch"].tolist() == [60]
    assert not len(again.score.key_signatures)


def test_a_track_without_notes_keeps_its_name_and_program():
    """Also of many; those that find no free channel keep the name."""
    for count in (2, 20):
        tracks = [track_of(3, [(0, 100, 60, 90)])] + [track_of(n, []) for n in range(1, count)]
        for number, track in enumerate(tracks):
            track.name = f"part {number}"
        clip = clip_of(tracks)
        file = read(clip)
        names = [track.name for track in file.tracks]
        assert names[-count:] == [f"part {number}" for number in range(count)]
        programs = [[m for m in track if m.type == "program_change"] for track in file.tracks]
        assert [m.program for row in programs for m in row] == [3, *range(1, count)][:15]
        assert len({m.channel for row in programs for m in row}) == min(count, 15)
        again = Clip.read_midi(clip.midi_bytes())
        assert again.notes.tolist() == clip.notes.tolist()


@pytest.mark.parametrize("beats", [4, 1 / 3, 2.0001, 0.9])
@pytest.mark.parametrize("back", [1e-9, 1e-5, 4e-4, 9e-4, 1.1e-3])
def test_a_hit_just_before_the_end_is_written_before_it(beats, back):
    clip = Clip.from_notes([(0, 0.1, 36, 90), (beats - back, 0.1, 38, 90)], beats=beats)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        file = read(clip)
    (end,) = lengths(file)
    assert end == int(np.ceil(beats * 480 - 1e-6))
    found = {note: tick for tick, note in onsets(file)}
    assert found[36] == 0
    assert end - 2 <= found[38] < end


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 40), st.floats(0.01, 20), st.integers(0, 2**32 - 1))
def test_every_hit_of_an_excerpt_is_written(start, length, seed):
    times = np.sort(np.random.default_rng(seed).uniform(0, 40, 300))
    whole = Clip.from_notes([(t, 0.1, 36, 90) for t in times], beats=40)
    cut = whole.excerpt(start, length)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(onsets(read(cut))) == len(cut.notes)


@pytest.mark.parametrize(("late", "count"), [([4.0], 1), ([4.0, 4.5, 100], 3), ([5], 1)])
def test_notes_at_the_end_or_later_are_not_written_but_told(late, count):
    clip = Clip.from_notes([(t, 1, 36, 90) for t in [0, 3.9, *late]], beats=4)
    with pytest.warns(MusicFileWarning, match=f": {count} notes .* 4 beats"):
        file = read(clip)
    assert len(onsets(file)) == 2
    assert lengths(file) == {4 * 480}


def banked(events, notes, program=5):
    """A track: controllers (tick, number, value), notes at ticks."""
    track = symusic.Track("", program, False, ttype="tick")
    for tick in notes:
        track.notes.append(symusic.Note(tick, 100, 60, 90, ttype="tick"))
    for event in events:
        track.controls.append(symusic.ControlChange(*event, ttype="tick"))
    return track


def instruments(file):
    """(tick, bank high, bank low, program) of each note as a synthesiser takes them: a bank counts
    from the next program change on."""
    bank, playing, found = {}, {}, []
    for message_tick, m in timed(mido.merge_tracks(file.tracks)):
        if m.type == "control_change" and m.control in (0, 32):
            bank[m.channel, m.control] = m.value
        elif m.type == "program_change":
            high, low = (bank.get((m.channel, number), 0) for number in (0, 32))
            playing[m.channel] = (high, low, m.program)
        elif m.type == "note_on" and m.velocity:
            found.append((message_tick, *playing[m.channel]))
    return found


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([(0, 0, 1)], [(0, 1, 0, 5), (480, 1, 0, 5), (960, 1, 0, 5)]),
        ([(0, 32, 3), (0, 0, 1)], [(0, 1, 3, 5), (480, 1, 3, 5), (960, 1, 3, 5)]),
        ([(0, 0, 1), (480, 0, 2)], [(0, 1, 0, 5), (480, 2, 0, 5), (960, 2, 0, 5)]),
        (
            [(0, 0, 1), (300, 0, 2), (310, 32, 7), (960, 0, 0)],
            [(0, 1, 0, 5), (480, 2, 7, 5), (960, 0, 7, 5)],
        ),
        ([(480, 7, 90), (480, 0, 8), (480, 10, 3)], [(0, 0, 0, 5), (480, 8, 0, 5), (960, 8, 0, 5)]),
    ],
)
@pytest.mark.parametrize("others", [0, 15, 40])
def test_a_bank_is_in_force_at_the_notes_after_it(events, expected, others):
    score = symusic.Score(480)
    score.tracks.append(banked(events, [0, 480, 960]))
    for number in range(others):  # so many that channels are shared
        score.tracks.append(banked([(0, 7, number)], [5000 + number], program=number))
    found = instruments(read(Clip(score)))
    assert [row for row in found if row[0] < 5000] == expected
    if others < 15:
        cut = Clip(score).excerpt(1, 4)
        assert instruments(read(cut)) == [(tick - 480, *row) for tick, *row in expected[1:]]


def test_tracks_of_one_program_and_two_banks_keep_them():
    score = symusic.Score(480)
    score.tracks.extend([banked([(0, 0, n)], [240 * n, 2000 + n]) for n in range(3)])
    assert sorted(instruments(read(Clip(score)))) == sorted(
        (tick, n, 0, 5) for n in range(3) for tick in (240 * n, 2000 + n)
    )


@pytest.mark.parametrize("meter", [(4, 4), (3, 4), (7, 8)])
@pytest.mark.parametrize("bars", [0, 1, 3])
def test_a_last_note_of_no_length_on_a_bar_line_is_written(meter, bars):
    length = 4 * meter[0] / meter[1]
    rows = [(0, 0.5, 36, 90), (bars * length, 0, 49, 100)]
    made = Clip.from_notes(rows, meter=meter)
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack(
        [
            mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1]),
            mido.Message("note_on", channel=9, note=49, time=round(bars * length * 480)),
            mido.Message("note_off", channel=9, note=49),
        ]
    )
    file.tracks.append(track)
    out = io.BytesIO()
    file.save(file=out)
    found = Clip.read_midi(out.getvalue())
    for clip in (made, made.with_(tempo=100), found.with_(tempo=100)):
        written = read(clip)
        assert onsets(written) == [(round(t * 480), p) for t, p in clip.notes[["time", "pitch"]]]
        assert lengths(written) == {round((bars + 1) * length * 480)}
        again = Clip.read_midi(clip.midi_bytes())
        assert again.bars == clip.bars == bars + 1
        assert again.notes["duration"][-1] == 1 / 480


@settings(deadline=None, max_examples=60)
@given(st.data(), st.sampled_from([3, 16, 20]))
def test_tracks_that_share_channels_keep_their_programs_at_one_tick(data, count):
    """Notes on a coarse grid, so that many tracks begin notes at the same ticks."""
    tracks = []
    for _ in range(count):
        program = data.draw(st.integers(0, 40))
        ticks = data.draw(st.sets(st.integers(0, 4), min_size=1))
        tracks.append(track_of(program, [(480 * t, 240, 60, 90) for t in sorted(ticks)]))
    clip = clip_of(tracks)
    again = Clip.read_midi(clip.midi_bytes())
    np.testing.assert_array_equal(
        np.sort(again.notes, order=NOTE.names), np.sort(clip.notes, order=NOTE.names)
    )
