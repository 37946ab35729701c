"""Which tempo and metre hold where the music is."""

import numpy as np
import pytest
import symusic

from workbench.datasets import load
from workbench.datasets.captions import facts_of
from workbench.datasets.loops import cut_loops
from workbench.errors import WorkbenchError
from workbench.music import midi, timeline
from workbench.music.clip import Clip
from workbench.representations.drum_roll import DrumRoll
from workbench.representations.remi import encode


def beat(tempi=(), meters=(), start=0.0, beats=16, drums=True):
    """A score with a hit on each of `beats` beats from `start` on; tempi (beat, BPM), meters
    (beat, beats per bar, unit)."""
    rows = [(start + i, 0.1, (36, 38)[i % 2], 90) for i in range(beats)]
    score = midi.score_of(midi.as_notes(rows, drums), 120)
    score.tempos = type(score.tempos)(
        [symusic.Tempo(round(at * 480), bpm, ttype="tick") for at, bpm in tempi]
    )
    score.time_signatures = type(score.time_signatures)(
        [
            symusic.TimeSignature(round(at * 480), top, unit, ttype="tick")
            for at, top, unit in meters
        ]
    )
    return score


TICK = 1 / 480
TEMPI = {
    "none": ([], 120),
    "one": ([(0, 100)], 100),
    "a default first, at the same tick": ([(0, 120), (0, 100)], 100),
    "three at the same tick": ([(0, 120), (0, 60), (0, 100)], 100),
    "a tick late": ([(TICK, 100)], 100),
    "a default, then the real one a tick late": ([(0, 120), (TICK, 100)], 100),
    "late by a sixteenth": ([(0, 120), (0.25, 100)], 100),
    "with a slow last bar": ([(0, 100), (14, 80), (15, 60)], 100),
    "with a slow first beat": ([(0, 50), (1, 100)], 100),
}


@pytest.mark.parametrize("name", TEMPI)
def test_the_tempo_is_the_one_that_holds_where_the_music_is(name, tmp_path):
    tempi, right = TEMPI[name]
    data = beat(tempi).dumps_midi()
    clip = Clip.read_midi(data)
    assert clip.tempo == pytest.approx(right, abs=1e-3)
    assert DrumRoll.from_clip(clip).tempo == clip.tempo
    assert facts_of(clip).tempo == clip.tempo
    (tmp_path / "beat.mid").write_bytes(data)
    assert DrumRoll.read(tmp_path / "beat.mid").tempo == pytest.approx(right, abs=1e-3)
    loaded = load(tmp_path)[0]
    assert loaded.tempo == clip.tempo
    assert {loop.tempo for loop in cut_loops([loaded], bars=2)} == {clip.tempo}


def test_an_empty_bar_at_another_tempo_is_not_the_piece():
    clip = Clip.read_midi(beat([(0, 120), (4, 90)], start=4).dumps_midi())
    assert clip.tempo == pytest.approx(90, abs=1e-3)
    assert clip.seconds_at(8) == pytest.approx(2 + 4 * 60 / 90)
    assert clip.duration == pytest.approx(2 + 16 * 60 / 90)


def test_a_late_only_tempo_leaves_the_time_before_it_alone():
    clip = Clip.read_midi(beat([(8, 60)], beats=32).dumps_midi())
    assert clip.tempo == 60
    assert clip.duration == pytest.approx(8 * 0.5 + 24)
    assert clip.seconds_at(8) == 4


def test_a_rubato_has_its_middle_tempo():
    clip = Clip.read_midi(beat([(i, 90 + (7 * i) % 16) for i in range(16)]).dumps_midi())
    assert 95 <= clip.tempo <= 100


def test_a_clip_with_its_own_tempo_keeps_its_map():
    clip = Clip.read_midi(beat([(0, 50), (1, 100)]).dumps_midi())
    copy = clip.with_(caption="a copy")
    assert len(copy.score.tempos) == 2
    assert copy.duration == clip.duration
    assert clip.with_(tempo=50.0).duration == pytest.approx(16 * 60 / 50)


METERS = {
    "a default first, at the same tick": ([(0, 4, 4), (0, 3, 4)], (3, 4)),
    "a tick late": ([(TICK, 3, 4)], (3, 4)),
    "a default, then the real one a tick late": ([(0, 4, 4), (TICK, 3, 4)], (3, 4)),
    "6/8 after a default": ([(0, 4, 4), (0, 6, 8)], (6, 8)),
    "the same one again": ([(0, 3, 4), (6, 3, 4)], (3, 4)),
}


@pytest.mark.parametrize("name", METERS)
def test_the_metre_is_the_one_that_holds(name, tmp_path):
    meters, right = METERS[name]
    data = beat(meters=meters, beats=12).dumps_midi()
    clip = Clip.read_midi(data)
    assert clip.meter == right
    assert clip.bar_lines.tolist() == [0, 3, 6, 9, 12]
    assert f"{right[0]}-{right[1]}" == facts_of(clip).meter
    (tmp_path / "beat.mid").write_bytes(data)
    loaded = load(tmp_path)[0]
    assert loaded.meter == right
    assert len(cut_loops([loaded], bars=2, hop_bars=2, meter=right)) == 2
    plain = Clip.read_midi(beat(meters=[(0, *right)], beats=12).dumps_midi())
    np.testing.assert_array_equal(encode(clip), encode(plain))
    np.testing.assert_array_equal(encode(midi.read_score(data)), encode(plain))


def test_bars_are_counted_from_the_first_full_one_after_a_pickup(tmp_path):
    """A pickup of one beat: kicks on 1 and 3 are kicks on 1 and 3 of the loops as well."""
    data = beat(meters=[(0, 1, 4), (1, 4, 4)], beats=33).dumps_midi()
    clip = Clip.read_midi(data)
    assert clip.meter == (4, 4)
    assert clip.bar_lines.tolist() == [0, 1, *range(5, 34, 4)]
    (tmp_path / "beat.mid").write_bytes(data)
    loaded = load(tmp_path)[0]
    loops = cut_loops([loaded], bars=4, hop_bars=4)
    assert [loop.labels["start_bar"] for loop in loops] == [1, 5]
    for loop in loops:
        snare = loop.notes["time"][loop.notes["pitch"] == 38]
        assert sorted(snare.tolist()) == list(range(0, 16, 2))  # as in the file: beats 1, 3, …


def test_loops_come_from_the_stretches_in_their_metre():
    """A bar of 2/4 in the middle: no loop goes over it."""
    meters = [(0, 4, 4), (16, 2, 4), (18, 4, 4)]
    clip = Clip(beat(meters=meters, beats=18 + 16))
    loops = cut_loops([clip], bars=2, hop_bars=2)
    assert [loop.labels["start_bar"] for loop in loops] == [0, 2, 5, 7]
    assert len(cut_loops([clip], bars=8)) == 1  # none is so long: the longest is repeated


def test_a_settled_score_is_left_alone():
    score = beat([(0, 100), (4, 90)], [(0, 3, 4)])
    assert timeline.settled(score) is score
    odd = beat([(0, 120), (0, 100)], [(TICK, 3, 4)])
    before = odd.dumps_midi()
    settled = timeline.settled(odd)
    assert odd.dumps_midi() == before
    assert [t.qpm for t in settled.tempos] == [pytest.approx(100)]
    assert [(m.time, m.numerator) for m in settled.time_signatures] == [(0, 3)]


@pytest.mark.parametrize("mode", [1, 2, 255])
def test_an_excerpt_of_music_in_an_impossible_key_keeps_it(mode):
    clip = Clip.from_notes([(0, 1, 60, 90), (3, 1, 62, 90)], drums=False, beats=4)
    data = bytearray(clip.midi_bytes())
    at = data.index(b"MTrk") + 8
    key = b"\x00\xff\x59\x02\x02" + bytes([mode])
    length = int.from_bytes(data[at - 4 : at], "big") + len(key)
    data[at - 4 : at] = length.to_bytes(4, "big")
    data[at:at] = key
    found = Clip.read_midi(bytes(data))
    part = found.excerpt(1.0, 3.0)
    assert [k.time for k in part.score.key_signatures] == [0] * len(found.score.key_signatures)
    assert len(part.midi_bytes())


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.float16, list])
def test_positions_in_small_numbers(kind):
    steady = Clip(beat([(0, 120)], beats=128), tempo=120)
    turning = Clip(beat([(0, 120), (50, 60)], beats=128))
    for clip in (steady, turning):
        places = [0, 3, 99, 126]
        given = places if kind is list else np.array(places, dtype=kind)
        np.testing.assert_allclose(clip.seconds_at(given), [clip.seconds_at(p) for p in places])
        if kind is not list:
            assert clip.seconds_at(kind(100)) == clip.seconds_at(100.0)
            cut = timeline.excerpt(clip.score, kind(100), kind(100))
            assert [n.time for n in cut.tracks[0].notes] == [480 * i for i in range(28)]
    assert steady.seconds_at(np.int8(100)) == 50


@pytest.mark.parametrize("bpm", [3.57, 3.5, 1, 0.1, 2000.1, 1e6])
def test_a_tempo_that_no_file_can_say_is_refused(bpm):
    with pytest.raises(WorkbenchError, match="tempo"):
        Clip.from_notes([(0, 1, 36, 90)], tempo=bpm)
    score = beat()
    score.tempos = type(score.tempos)([symusic.Tempo(0, mspq=round(60e6 / bpm), ttype="tick")])
    with pytest.raises(WorkbenchError, match="tempo="):
        Clip(score)


@pytest.mark.parametrize("bpm", [60e6 / (2**24 - 1), 3.58, 5, 2000])
def test_every_tempo_that_is_taken_is_written(bpm):
    clip = Clip.from_notes([(0, 1, 36, 90)], tempo=bpm)
    assert Clip.read_midi(clip.midi_bytes()).tempo == pytest.approx(bpm, rel=1e-3)


@pytest.mark.parametrize("meter", [(0, 4), (4, 3), (4, 0), (4, 128)])
def test_a_score_in_a_metre_that_no_file_can_say_is_refused(meter):
    score = beat()
    score.time_signatures = type(score.time_signatures)(
        [symusic.TimeSignature(0, *meter, ttype="tick")]
    )
    with pytest.raises(WorkbenchError, match="meter="):
        Clip(score)


def test_an_excerpt_beyond_all_ticks_is_silent():
    score = beat()
    clip = Clip(score.resample(32_767))
    assert len(clip.excerpt(999_999, 1).notes) == 0
    assert len(clip.excerpt(0, 1_000_000).notes) == 16


@pytest.mark.parametrize("beats", [1.1e6, 1e300, np.inf])
def test_endless_clips_are_refused(beats):
    with pytest.raises(WorkbenchError, match="beats="):
        Clip.from_notes([(0, 1, 36, 90)], beats=beats)


@pytest.mark.parametrize("odd", ["x", [1, "a"], 1j, [[1, 2], [3]], object()])
def test_positions_that_are_none(odd):
    for tempi in ([(0, 120)], [(0, 120), (4, 60)]):
        with pytest.raises(WorkbenchError, match="beats"):
            Clip(beat(tempi)).seconds_at(odd)
