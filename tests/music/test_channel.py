"""State of MIDI channels: heard by every engine, held by excerpts, forgotten between pieces."""

import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.music.channel import FOREVER, Channel, Lane
from workbench.music.clip import Clip
from workbench.music.synth import NumpySynth, SoundFontSynth, bundled_soundfont

RATE = 22050
TPQ = 480
FLUTE, ORGAN, PIANO = 73, 19, 0


def track_of(notes, controls=(), bends=(), program=FLUTE, drums=False):
    """notes: (tick, duration, pitch[, velocity]); controls: (tick, number, value)."""
    track = symusic.Track("", program, drums, ttype="tick")
    for time, duration, pitch, *velocity in notes:
        track.notes.append(symusic.Note(time, duration, pitch, *(velocity or [100]), ttype="tick"))
    for event in controls:
        track.controls.append(symusic.ControlChange(*event, ttype="tick"))
    for event in bends:
        track.pitch_bends.append(symusic.PitchBend(*event, ttype="tick"))
    return track


def clip_of(*tracks, **fields):
    score = symusic.Score(TPQ)
    score.tracks.extend(tracks)
    return Clip(score, tempo=120, **fields)


def one(*args, beats=4, **fields):
    return clip_of(track_of(*args, **fields), beats=beats)


def parameter(number, high, low=0, tick=0):
    return [(tick, 101, 0), (tick, 100, number), (tick, 6, high), (tick, 38, low)]


@pytest.fixture(params=["tinysoundfont", "numpy"])
def engine(request):
    if request.param == "numpy":
        return NumpySynth()
    if not bundled_soundfont():
        pytest.skip("no SoundFont is installed")
    pytest.importorskip("tinysoundfont")
    return SoundFontSynth()


def span(clip, engine, begin, end):
    sound = clip.waveform(RATE, engine, loop=False)
    return sound[:, int(begin * RATE) : int(end * RATE)].astype(float)


def rms(sound):
    return float(np.sqrt((sound**2).mean()))


def semitone(sound, near):
    """The pitch of a steady tone, by the strongest line within a fourth of `near` (semitones)."""
    mono = sound.mean(axis=0) * np.hanning(sound.shape[1])
    spectrum = np.abs(np.fft.rfft(mono, 1 << 19))
    pitch = 69 + 12 * np.log2(np.maximum(np.fft.rfftfreq(1 << 19, 1 / RATE), 1e-3) / 440)
    close = np.abs(pitch - near) < 5
    return pitch[close][np.argmax(spectrum[close])]


CASES = {
    "wheel up by the default tone": ([], [(0, 8191)], 2),
    "wheel down": ([], [(0, -8192)], -2),
    "range 12, whole": (parameter(0, 12), [(0, 8191)], 12),
    "range 12, a quarter": (parameter(0, 12), [(0, 2048)], 3),
    "range 24, a twelfth down": (parameter(0, 24), [(0, -683)], -2),
    "range 1 semitone and 50 cents": (parameter(0, 1, 50), [(0, 8191)], 1.5),
    "fine tuning, half a semitone up": (parameter(1, 96), [], 0.5),
    "fine tuning, a quarter down": (parameter(1, 48), [], -0.25),
    "coarse tuning down an octave": (parameter(2, 52), [], -12),
    "both tunings and a bend": (
        parameter(1, 96) + parameter(2, 67) + parameter(0, 4),
        [(0, 4096)],
        5.5,
    ),
    "no parameter chosen": (
        [*parameter(0, 2), (0, 101, 127), (0, 100, 127), (0, 6, 12)],
        [(0, 8191)],
        2,
    ),
    "an unregistered parameter": ([(0, 99, 0), (0, 98, 0), (0, 6, 12)], [(0, 8191)], 2),
    "low byte of the choice first": ([(0, 100, 0), (0, 101, 0), (0, 6, 7)], [(0, 8191)], 7),
    "reset lets go of the wheel": ([(10, 121, 0)], [(0, 8191)], 0),
    "reset keeps range and tuning": (
        [*parameter(0, 7), *parameter(2, 65), (10, 121, 0)],
        [(20, 8191)],
        8,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_pitch_is_right_within_three_cents(engine, name):
    controls, bends, expected = CASES[name]
    plain = one([(0, 1900, 72)], program=ORGAN)
    bent = one([(0, 1900, 72)], controls, bends, program=ORGAN)
    zero = semitone(span(plain, engine, 0.3, 1.8), 72)
    heard = semitone(span(bent, engine, 0.3, 1.8), 72 + expected)
    assert heard - zero == pytest.approx(expected, abs=0.03)


def test_a_bend_moves_a_note_that_sounds(engine):
    clip = one([(0, 1900, 69)], parameter(0, 12), [(960, 8191)], program=ORGAN)
    zero = semitone(span(one([(0, 1900, 69)], program=ORGAN), engine, 0.1, 0.9), 69)
    assert semitone(span(clip, engine, 0.1, 0.9), 69) == pytest.approx(zero, abs=0.03)
    assert semitone(span(clip, engine, 1.1, 1.9), 81) == pytest.approx(zero + 12, abs=0.03)


def test_modulation_is_a_vibrato_and_ends(engine):
    notes = [(0, 1900, 69)]
    plain, moved, ended = (
        span(one(notes, controls, program=ORGAN), engine, 0.3, 1.9)
        for controls in ([], [(0, 1, 127)], [(0, 1, 127), (0, 1, 0)])
    )
    np.testing.assert_array_equal(plain, ended)

    def width(sound):  # cents between the extremes of the pitch in windows of 60 ms
        n = int(0.06 * RATE)
        pieces = sound[:, : sound.shape[1] // n * n].reshape(2, -1, n).transpose(1, 0, 2)
        heard = [semitone(piece, 69) for piece in pieces]
        return 100 * (np.percentile(heard, 95) - np.percentile(heard, 5))

    assert width(plain) < 10
    assert 30 < width(moved) < 110


@pytest.mark.parametrize("number", [7, 11])
@pytest.mark.parametrize("drums", [False, True])
def test_volume_and_expression_set_the_level(engine, number, drums):
    notes = [(0, 900, 42 if drums else 60)]
    default = {7: 100, 11: 127}[number]
    plain, same, half, none, later = (
        rms(span(one(notes, controls, program=0, drums=drums), engine, 0, 1))
        for controls in (
            [],
            [(0, number, default)],
            [(0, number, default // 2)],
            [(0, number, 0)],
            [(0, number, 0), (0, number, default)],
        )
    )
    assert same == plain == later > 0
    assert 0.05 < half / plain < 0.5
    assert none < 1e-3 * plain


@pytest.mark.parametrize("drums", [False, True])
def test_pan(engine, drums):
    notes = [(0, 900, 38 if drums else 60)]
    left, right = (
        span(one(notes, [(0, 10, value)], program=0, drums=drums), engine, 0, 1)
        for value in (0, 127)
    )
    for near, far in (left, right[::-1]):
        assert rms(far) < 0.5 * rms(near)


def test_drums_follow_tuning_kit_and_sound_off():
    if not bundled_soundfont():
        pytest.skip("no SoundFont is installed")
    pytest.importorskip("tinysoundfont")
    engine = SoundFontSynth()
    tom = [(0, 100, 45)]
    zero, octave = (
        span(one(tom, controls, program=0, drums=True), engine, 0, 0.4)
        for controls in ([], parameter(2, 76))
    )
    power = [np.abs(np.fft.rfft(s.mean(axis=0), 1 << 16)) for s in (zero, octave)]
    lines = [int(np.argmax(p)) for p in power]
    assert lines[1] / lines[0] == pytest.approx(2, abs=0.1)
    standard, electronic = (
        span(one([(0, 100, 38)], program=kit, drums=True), engine, 0, 1) for kit in (0, 24)
    )
    assert rms(standard - electronic) > 0.1 * rms(standard)
    crash = one([(0, 100, 49)], [(480, 120, 0)], program=0, drums=True)
    assert rms(span(crash, engine, 0.3, 0.48)) > 0.003
    assert rms(span(crash, engine, 0.6, 2)) < 1e-4


def test_pedal_holds_released_notes(engine):
    note = [(0, 240, 60)]

    def level(controls, begin=1.0, end=1.8):
        return rms(span(one(note, controls, program=ORGAN), engine, begin, end))

    held = rms(span(one([(0, 1920, 60)], program=ORGAN), engine, 1.0, 1.8))
    assert level([]) < 0.01 * held
    assert level([(0, 64, 127), (1920, 64, 0)]) == pytest.approx(held, rel=0.02)
    assert level([(0, 64, 64), (1920, 64, 63)]) == pytest.approx(held, rel=0.02)
    assert level([(0, 64, 63)]) < 0.01 * held  # half a pedal is none
    assert level([(0, 64, 127), (480, 64, 0)]) < 0.01 * held
    assert level([(0, 64, 127), (480, 121, 0)]) < 0.01 * held
    assert level([(241, 64, 127)]) < 0.01 * held  # too late for this note
    assert level([(0, 64, 127), (100, 64, 0), (200, 64, 127)]) == pytest.approx(held, rel=0.02)
    assert level([(0, 64, 127), (480, 120, 0)]) < 0.01 * held
    assert level([(0, 64, 127), (480, 123, 0)]) == pytest.approx(held, rel=0.02)
    assert level([(240, 66, 127)]) < 0.01 * held  # the key was up already
    assert level([(100, 66, 127)]) == pytest.approx(held, rel=0.02)
    assert level([(100, 66, 127), (480, 66, 0)]) < 0.01 * held


def ends(notes, controls):
    track = track_of(notes, controls)
    columns = track.notes.numpy()
    onset = columns["time"].astype(int)
    got = Channel(track).note_ends(onset, onset + columns["duration"], columns["pitch"])
    return got.tolist()


def test_note_ends():
    down, up = (0, 64, 127), (1000, 64, 0)
    assert ends([(0, 100, 60)], []) == [100]
    assert ends([(0, 100, 60), (50, 2000, 62)], [down, up]) == [1000, 2050]
    assert ends([(0, 100, 60)], [down]) == [FOREVER]
    # a key struck again ends the ringing note, but not one whose key is still down
    assert ends([(0, 100, 60), (300, 100, 60)], [down, up]) == [300, 1000]
    assert ends([(0, 500, 60), (300, 100, 60)], [down, up]) == [1000, 1000]
    assert ends([(0, 100, 60), (300, 100, 61)], [down, up]) == [1000, 1000]
    # all keys are released, the pedal still holds
    assert ends([(0, 900, 60)], [(200, 123, 0)]) == [200]
    assert ends([(0, 900, 60)], [down, (200, 123, 0), up]) == [1000]
    assert ends([(200, 900, 60)], [(200, 123, 0)]) == [1100]  # sent before the note
    assert ends([(0, 900, 60)], [down, (300, 120, 0)]) == [300]
    # sostenuto, then the sustain pedal
    both = [(50, 66, 127), (300, 66, 0), (200, 64, 127), (700, 64, 0)]
    assert ends([(0, 100, 60), (80, 40, 64)], both) == [700, 120]


def slow_ends(notes, controls):
    """The same by a walk through time, one tick after the other, for each note."""
    result = []
    for onset, duration, pitch in notes:
        pedal = sostenuto = caught = False
        for tick in range(200):
            key = onset <= tick < onset + duration
            for _, number, value in (event for event in controls if event[0] == tick):
                if number == 64:
                    pedal = value >= 64
                else:
                    caught = value >= 64 and (caught or (key and not sostenuto))
                    sostenuto = value >= 64
            released = tick >= onset + duration
            again = any(time == tick and p == pitch for time, _, p in notes)
            if released and (again or not (pedal or caught)):
                break
        result.append(tick if tick < 199 else FOREVER)
    return result


@settings(max_examples=100, deadline=None)
@given(
    st.lists(  # notes begin and end at even ticks, the pedals move at odd ones
        st.tuples(
            st.integers(0, 40).map(lambda t: 2 * t),
            st.integers(1, 20).map(lambda t: 2 * t),
            st.sampled_from([60, 62]),
        ),
        min_size=1,
        max_size=6,
        unique=True,
    ).map(sorted),
    st.lists(
        st.tuples(
            st.integers(0, 60).map(lambda t: 2 * t + 1),
            st.sampled_from([64, 66]),
            st.sampled_from([0, 100]),
        ),
        max_size=8,
        unique_by=lambda event: event[0],
    ).map(sorted),
)
def test_note_ends_agree_with_a_walk_through_time(notes, controls):
    assert ends(notes, controls) == slow_ends(notes, controls)


def test_lane():
    lane = Lane([0, 5, 5, 9], [1, 2, 3, 0], 0)
    assert lane.at([-1, 0, 4, 5, 8, 9, 100]).tolist() == [0, 1, 1, 3, 3, 0, 0]
    assert not lane.constant
    assert Lane([3], [0], 0).constant


def rich(program=ORGAN):
    """A piece that uses everything and leaves everything turned."""
    controls = [
        *parameter(0, 12),
        *parameter(1, 80),
        *parameter(2, 66),
        (0, 7, 70),
        (0, 10, 20),
        (0, 11, 90),
        (200, 1, 80),
        (300, 64, 127),
        (350, 66, 127),
    ]
    notes = [(i * 240, 200, 55 + i) for i in range(8)]
    return one(notes, controls, [(100, 3000), (1500, -8192)], program=program)


def test_a_piece_sounds_the_same_after_any_other(engine):
    pieces = [
        one([(0, 900, 60), (960, 900, 64)], program=FLUTE),
        rich(),
        one([(0, 400, 60)], [(0, 64, 127)], program=48),
        clip_of(*[track_of([(0, 1900, 40 + i)], program=i) for i in range(20)], beats=4),
    ]
    for piece in pieces:
        expected = piece.waveform(RATE, type(engine)())
        for before in pieces:
            before.waveform(RATE, engine)
            np.testing.assert_array_equal(piece.waveform(RATE, engine), expected)


def test_an_excerpt_restates_what_holds():
    controls = [
        *parameter(0, 12),
        *parameter(1, 80, 5),
        (0, 7, 10),
        (10, 7, 30),
        (20, 91, 44),
        (100, 64, 100),
        (3000, 10, 5),
    ]
    clip = one([(0, 1900, 60), (1920, 1900, 60)], controls, [(0, 100), (50, -50)], beats=8)
    part = clip.excerpt(4, 4)
    (track,) = part.score.tracks
    sent = [(c.time, c.number, c.value) for c in track.controls]
    assert sent[-1] == (3000 - 1920, 10, 5)
    assert [s for s in sent if s[1] in (7, 64, 91)] == [(0, 7, 30), (0, 91, 44), (0, 64, 100)]
    assert [(b.time, b.value) for b in track.pitch_bends] == [(0, -50)]
    np.testing.assert_allclose(
        Channel(track).pitch.at([0, 900]), Channel(clip.score.tracks[0]).pitch.at([1920, 2820])
    )
    again = part.excerpt(0, 4).excerpt(0, 4).score.tracks[0]
    assert [(c.time, c.number, c.value) for c in again.controls] == sent
    unpedalled = one([(0, 1900, 60)], [(0, 64, 127), (5, 7, 9), (9, 121, 0)], [(1, 7)], beats=8)
    (track,) = unpedalled.excerpt(4, 4).score.tracks
    assert [(c.time, c.number, c.value) for c in track.controls] == [(0, 7, 9)]
    assert not len(track.pitch_bends)


@pytest.mark.parametrize(
    ("controls", "bends"),
    [
        ([(100, 7, 40), (200, 11, 60)], []),
        ([(50, 10, 0)], []),
        ([], [(500, 8191)]),
        (parameter(0, 12), [(500, -5000)]),
        (parameter(1, 100), []),
        ([(7, 121, 0)], [(3, 999)]),
        ([*parameter(0, 5), (2000, 6, 7)], [(0, 8191)]),
        ([(0, 64, 127), (3840, 64, 0)], []),
    ],
)
def test_an_excerpt_sounds_as_the_same_span_of_the_whole(engine, controls, bends):
    """Of steady notes: those of the whole that begin at the excerpt's start."""
    notes = [(0, 1800, 60), (1920, 1000, 60), (3840, 960, 60)]
    clip = one(notes, controls, bends, program=ORGAN, beats=12)
    part = clip.excerpt(4, 4)
    whole, alone = span(clip, engine, 2.4, 3.9), span(part, engine, 0.4, 1.9)
    n = min(whole.shape[1], alone.shape[1])
    assert rms(whole[:, :n] - alone[:, :n]) < 0.02 * rms(whole) + 1e-6


def test_a_loop_with_state_equals_the_second_round_of_three(engine):
    notes = [(0, 200, 60), (960, 300, 64), (1700, 220, 67)]
    controls = [(0, 7, 80), (0, 11, 127), *parameter(0, 12), (900, 64, 127), (1600, 64, 0)]
    bends = [(0, 0), (1000, 2000)]
    once = one(notes, controls, bends, program=ORGAN)
    rounds = [
        [(event[0] + 1920 * k, *event[1:]) for k in range(3) for event in events]
        for events in (notes, controls, bends)
    ]
    three = one(*rounds, program=ORGAN, beats=12)
    loop = once.waveform(RATE, engine)
    long = three.waveform(RATE, engine, loop=False)
    n = loop.shape[1]
    quiet = slice(int(0.15 * n), n)  # the tail of the last round keeps its bend, so not from 0
    assert rms(long[:, n : 2 * n][:, quiet] - loop[:, quiet]) < 0.03 * rms(loop)


def bend_range(*controls):
    clip = one([(0, 900, 60)], controls, [(0, 8191)])
    return float(Channel(clip.score.tracks[0]).pitch.at(899))


def steps(number, count, start=1):
    return [(start + i, number, 0) for i in range(count)]


@pytest.mark.parametrize(
    ("controls", "expected"),
    [
        ([*parameter(0, 2), *steps(96, 1)], 2.01),
        ([*parameter(0, 2), *steps(97, 1)], 1.99),
        ([*parameter(0, 2, 99), *steps(96, 1)], 3),
        ([(0, 101, 0), (0, 100, 0), *steps(96, 150)], 3.5),  # from the 2 semitones of the start
        ([*parameter(0, 0), *steps(97, 3)], 0),
        ([*parameter(0, 127, 99), *steps(96, 3)], 127.99),
        ([*parameter(0, 2), (1, 96, 127)], 2.01),  # the value means nothing
        ([*parameter(2, 64), *steps(96, 3)], 5),
        ([*parameter(2, 64), *steps(97, 70)], -62),
        ([*parameter(1, 64), *steps(96, 2)], 2 + 2 / 8192),
        ([*parameter(1, 64), *steps(97, 1)], 2 - 1 / 8192),
        ([*parameter(0, 2), (1, 101, 127), (1, 100, 127), *steps(96, 5, 2)], 2),
        ([(0, 99, 1), (0, 98, 8), *steps(96, 5)], 2),
        ([*parameter(0, 2), (1, 121, 0), *steps(96, 5, 2)], 0),  # a reset chooses no parameter
    ],
)
def test_data_increment_and_decrement(controls, expected):
    assert bend_range(*controls) == pytest.approx(expected, abs=1e-3 * max(expected, 1))


def test_an_excerpt_keeps_what_was_incremented():
    controls = [*parameter(0, 2), *steps(96, 30), *steps(97, 10, 1500)]
    clip = one([(0, 900, 60), (1000, 900, 60)], controls, [(0, 8191)])
    whole, cut = clip.score, clip.excerpt(1000 / TPQ, 2).score
    for tick in (0, 100, 505, 800):
        assert Channel(cut.tracks[0]).pitch.at(tick) == pytest.approx(
            Channel(whole.tracks[0]).pitch.at(1000 + tick)
        )
