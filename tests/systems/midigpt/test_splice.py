"""What a filling does to a file: nothing but notes, and no kept note is cut or silenced."""

import mido
import numpy as np
import pytest
import symusic

from tests.music.test_patching import file_of, hits
from workbench.music.clip import Clip
from workbench.representations.anchor import place_like
from workbench.representations.tokens import Vocabulary
from workbench.systems.midigpt.config import Known
from workbench.systems.midigpt.splice import read, with_bars


@pytest.mark.parametrize("ticks", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("frames", [24, 25, 29, 30])
def test_smpte_time_is_made_finer_and_lasts_as_long(frames, ticks):
    data = bytearray(file_of(hits(0, 60, range(0, 40 * ticks, 2 * ticks), ticks)))
    data[12:14] = 256 - frames, ticks
    clip = Clip.read_midi(bytes(data))
    fine, *_ = with_bars(clip, 0, 1)
    again = Clip.read_midi(fine.file)
    for other in (fine, again):
        assert other.score.tpq >= 96
        assert other.tempo == clip.tempo
        assert other.notes["time"] == pytest.approx(clip.notes["time"])
        assert other.notes["duration"] == pytest.approx(clip.notes["duration"])
        assert other.duration == pytest.approx(clip.duration)


@pytest.mark.parametrize("kind", ["set_tempo", "time_signature"])
@pytest.mark.parametrize("tick", [0, 20, 480, 1920])
def test_bars_before_a_late_first_tempo_or_metre_leave_it_where_it_was(kind, tick):
    """One up to an eighth of a beat late holds from the beginning, as where it is read."""
    value = {"tempo": 400_000} if kind == "set_tempo" else {"numerator": 3, "denominator": 4}
    event = mido.MetaMessage(kind, **value)
    data = file_of([(tick, event)], hits(0, 60, range(0, 7680, 240)))
    clip = Clip.read_midi(data)
    longer, first, last = with_bars(clip, -2, 0)
    assert (first, last) == (0, 2)
    name = "tempos" if kind == "set_tempo" else "time_signatures"
    shift = longer.score.tracks[0].notes[0].time
    for score in (longer.score, Clip.read_midi(longer.file).score):
        assert [e.time for e in getattr(score, name)] == [0 if tick <= 60 else tick + shift]
    plain = Clip(clip.score)  # without a file the same
    assert [e.time for e in getattr(with_bars(plain, -2, 0)[0].score, name)] == (
        [0 if tick <= 60 else tick + shift]
    )
    assert shift / 480 == 2 * (3 if kind == "time_signature" and tick <= 60 else 4)


def in_metre(top):
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, top, 4))
    score.tracks.append(symusic.Track("piano", 0, False))
    for step in range(10 * 16):
        score.tracks[0].notes.append(symusic.Note(120 * step, 120, 50 + step * 7 % 30, 64))
    return Clip(score)


@pytest.mark.parametrize(("top", "as_one"), [(1, True), (2, False)])
def test_bars_of_one_beat_are_read_as_bars_of_four_though_training_had_some(top, as_one):
    vocabulary = Vocabulary()
    known = Known(("0",), ("1/4", "2/4", "4/4"))
    fours = read(in_metre(4), 4, 6, None, vocabulary, known)
    short = read(in_metre(top), 16 // top, 24 // top, None, vocabulary, known)
    assert np.array_equal(short.song.notes, fours.song.notes) == as_one
    assert (len(short.song.bars) == len(fours.song.bars) == 10) == as_one


def test_two_beats_too_many_stay_a_bar_each():
    reading = read(in_metre(1), 16, 22, None, Vocabulary(), Known(("0",), ("1/4", "4/4")))
    names = [Vocabulary().names[i] for i in reading.song.bars[reading.hole.first :][:3]]
    assert names == ["TimeSig_4/4", "TimeSig_1/4", "TimeSig_1/4"]


@pytest.mark.parametrize("beat", range(4))
def test_a_hole_at_any_beat_of_bars_of_one_beat_finds_its_repetition(beat):
    """The joined bars begin at the hole, and so do those of the place that is like it."""
    clip = in_metre(1)
    score = clip.score.copy()
    score.tracks[0].notes = [
        symusic.Note(120 * step, 120, 50 + step % 128 * 7 % 30, 64) for step in range(3 * 128)
    ]  # 32 beats, three times
    again = Clip(score)
    first = 44 + beat
    reading = read(again, first, first + 8, None, Vocabulary(), Known(("0",), ("1/4", "4/4")))
    place = place_like(reading.song, reading.hole, Vocabulary())
    assert place.likeness > 0.9
    assert int(reading.grid.bars[place.first]) in (first - 32, first + 32)
