"""What inpainting and variation leave of a clip: every event that was not to be exchanged."""

import io
import warnings

import mido
import numpy as np
import pytest

from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.representations.drum_roll import DrumRoll
from workbench.systems.drum_ldm.splice import Cells, cells_of, left_out, with_cells
from workbench.systems.region import Region

TPQ = 480


def track_of(rows, channel, *others):
    """A track of notes (beat, length, pitch, velocity)."""
    events = [(0, message) for message in others]
    for beat, length, pitch, velocity in rows:
        on = round(beat * TPQ)
        about = {"channel": channel, "note": pitch}
        events.append((on, mido.Message("note_on", velocity=velocity, **about)))
        events.append((on + round(length * TPQ), mido.Message("note_off", **about)))
    track, now = mido.MidiTrack(), 0
    for tick, message in sorted(events, key=lambda event: event[0]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


@pytest.fixture(scope="module")
def song() -> bytes:
    """Four bars with a piano, flams, a whistle, early hits, a long crash and a ritardando."""
    drums = [(beat, 0.1, 36, 90) for beat in (0, 2, 3.98, 6, 7.99, 10, 12, 14)]
    drums += [(beat + d, 0.05, 38, v) for beat in range(1, 16, 2) for d, v in ((0, 99), (0.05, 40))]
    drums += [(beat, 0.1, 71, 80) for beat in (0.5, 5.5, 9.5)]  # a whistle is none of the voices
    drums += [(3, 4.5, 49, 100)]
    piano = [(beat, 1.0, 60 + beat, 70) for beat in range(16)]
    meta = [
        mido.MetaMessage("set_tempo", tempo=500_000),
        mido.MetaMessage("time_signature", numerator=4, denominator=4),
    ]
    slower = mido.MetaMessage("set_tempo", tempo=800_000, time=8 * TPQ)
    file = mido.MidiFile(ticks_per_beat=TPQ)
    file.tracks.append(mido.MidiTrack([*meta, slower]))
    volume = mido.Message("control_change", control=7, value=90)
    file.tracks.append(track_of(piano, 0, mido.Message("program_change", program=4), volume))
    file.tracks.append(track_of(drums, 9, mido.MetaMessage("track_name", name="Kit")))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def events_of(data):
    """Notes (track, onset and length in ticks, channel, pitch, velocity), and all other events but
    texts and the ends of tracks, which follow the last note."""
    file = mido.MidiFile(file=io.BytesIO(data))
    assert file.ticks_per_beat == TPQ
    notes, others = [], []
    for number, track in enumerate(file.tracks):
        now, sounding = 0, {}
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                key = message.channel, message.note
                sounding.setdefault(key, []).append((now, message.velocity))
            elif message.type in ("note_on", "note_off"):
                key = message.channel, message.note
                on, velocity = sounding[key].pop(0)
                notes.append((number, on, now - on, *key, velocity))
            elif message.type not in ("text", "end_of_track"):
                others.append((number, now, str(message.copy(time=0))))
        assert not any(sounding.values())
    return sorted(notes), sorted(others)


SECONDS = (2.1, 4.9)  # beats 4.2 to 9.125, across the change of tempo


@pytest.mark.parametrize(
    ("region", "begin", "end"),
    [
        (Region(bars=(1, 2)), 4, 8),
        (Region(bars=(0, 1)), 0, 4),
        (Region(bars=(2, 4)), 8, 16),
        (Region(seconds=SECONDS), 4.2, 9.125),
    ],
)
def test_bars_and_seconds_leave_all_other_events_of_the_file(system, song, region, begin, end):
    clip = Clip.read_midi(song)
    assert clip.beats_at(np.array(SECONDS)) == pytest.approx([4.2, 9.125])
    notes, others = events_of(song)

    def kept(found):
        inside = range(int(np.ceil(begin * TPQ)), int(np.ceil(end * TPQ)))
        return [n for n in found if n[3] != 9 or n[4] == 71 or n[1] not in inside]

    for made in system.inpaint(clip, region, 2, steps=2):
        assert kept(events_of(made.midi_bytes())[0]) == kept(notes)
        assert events_of(made.midi_bytes())[1] == others
        assert made.duration == pytest.approx(clip.duration)


def test_a_hit_before_the_bar_line_stays_with_either_bar(system, song):
    """The bass drum at beat 3.98 is cell 0 of bar 2 in the grid and in bar 1 in time."""
    clip = Clip.read_midi(song)
    for bars in ((0, 1), (1, 2)):
        cells = cells_of(clip, Region(bars=bars), 64)
        assert not cells.mask[16, 0]
        [made] = system.inpaint(clip, Region(bars=bars), steps=2)
        early = made.notes[(made.notes["pitch"] == 36) & (abs(made.notes["time"] - 3.98) < 0.01)]
        assert early["velocity"].tolist() == [90]
    assert cells_of(clip, Region(bars=(0, 2)), 64).mask[16, 0]


def test_cells_and_voices_are_exchanged_alone(system, song):
    clip = Clip.read_midi(song)
    mask = np.zeros((64, 9), bool)
    mask[20, 1] = True  # the snare of beat 5, with its flam
    roll = np.zeros((64, 27), np.float32)
    notes, others = events_of(song)
    made = events_of(with_cells(clip, Cells(mask), roll).midi_bytes())
    assert sorted(set(notes) - set(made[0])) == [
        (2, 5 * TPQ, 24, 9, 38, 99),
        (2, round(5.05 * TPQ), 24, 9, 38, 40),
    ]
    assert (set(made[0]) - set(notes), made[1]) == (set(), others)
    [made] = system.inpaint(clip, Region(bars=(0, 4), tracks=["SD"]), steps=2)
    rest = [n for n in events_of(made.midi_bytes())[0] if n[3:5] != (9, 38)]
    assert rest == [n for n in notes if n[3:5] != (9, 38)]


def test_new_hits_sound_as_the_clips_own_and_end_no_held_note(song):
    clip = Clip.read_midi(song)
    mask, roll = np.zeros((64, 9), bool), np.zeros((64, 27), np.float32)
    mask[20:24] = True
    for step, voice, offset in ((20, 5, 0.25), (21, 1, -0.5), (22, 6, 0)):
        roll[step, [voice, voice + 9, voice + 18]] = 1, 0.5, offset
    notes = events_of(song)[0]
    made = events_of(with_cells(clip, Cells(mask), roll).midi_bytes())[0]
    new = sorted(set(made) - set(notes))
    # crash, snare and low tom; the crash before it is held up to beat 7.5
    assert [(on, pitch, velocity) for _, on, _, _, pitch, velocity in new] == [
        (round(5.0625 * TPQ), 49, 64),
        (round(5.125 * TPQ), 38, 64),
        (round(5.5 * TPQ), 41, 64),
    ]
    assert (2, 3 * TPQ, round(4.5 * TPQ), 9, 49, 100) in made
    rim = [(*note[:4], 40 if note[4] == 38 else note[4], note[5]) for note in notes if note[0] == 2]
    plain = Clip.from_notes([(t / TPQ, d / TPQ, p, v) for _, t, d, _, p, v in rim], beats=16)
    put = with_cells(plain, Cells(mask), roll).notes
    assert 40 in put["pitch"][(put["time"] > 5.1) & (put["time"] < 5.2)], "its own snare"


def test_a_variation_varies_the_drums_alone(system, song):
    clip = Clip.read_midi(song)
    notes, others = events_of(song)
    for strength in (0, 0.5, 1):
        [made] = system.vary(clip, strength=strength, steps=2)
        found = events_of(made.midi_bytes())
        assert [n for n in found[0] if n[0] == 1] == [n for n in notes if n[0] == 1]
        assert [n for n in found[0] if n[4] == 71] == [n for n in notes if n[4] == 71]
        assert found[1] == others
        assert "original" in made.labels


def test_an_interpolation_says_what_it_leaves_out(system, song):
    clip = Clip.read_midi(song)
    said = "16 of other instruments, 3 of percussion outside the nine voices"
    assert left_out(clip).startswith(f"{said}, 8 that share a cell")
    assert left_out(clip, slots=2) == said
    plain = system.generate("rock", bars=4, steps=2)[0]
    with pytest.warns(UserWarning, match=rf"b: .*{said}"):
        system.interpolate(plain, clip, 2, steps=2)
    assert left_out(plain, slots=2) == ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        system.interpolate(plain, plain, 2, steps=2)


def test_a_loop_keeps_its_early_hits_of_beat_one(system):
    roll = np.zeros((32, 27), np.float32)
    for step in range(0, 32, 4):
        roll[step, [0, 9, 18]] = 1, 0.8, -0.2
    loop = DrumRoll.from_array(roll).to_clip("rock")
    assert loop.notes["time"].max() == pytest.approx(7.95)
    [made] = system.inpaint(loop, Region(bars=(1, 2)), steps=2)
    assert made.anticipation == loop.anticipation
    assert made.notes["time"].max() == pytest.approx(7.95)
    before, after = (DrumRoll.from_clip(c).to_array()[:16] for c in (loop, made))
    np.testing.assert_array_equal(before, after)


def test_a_part_bar_is_lengthened_never_cut(system):
    rows = [(beat, 0.1, 36, 90) for beat in (0, 1, 2, 3, 4, 4.25)]
    clip = Clip.from_notes(rows, beats=4.3)
    [made] = system.inpaint(clip, Region(bars=(0, 1)), steps=2)
    assert made.beats == 8
    assert {4.0, 4.25} <= set(made.notes["time"].tolist())


def test_a_waveform_is_refused_by_name(system):
    sound = Clip(audio=np.zeros(100), sample_rate=100, source="hum.wav")
    with pytest.raises(PromptError, match=r"hum\.wav.*waveform"):
        system.inpaint(sound, Region(bars=(0, 1)))
