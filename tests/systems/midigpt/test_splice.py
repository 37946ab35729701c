"""What a filling does to a file: nothing but notes, and no kept note is cut or silenced."""

import mido
import pytest

from tests.music.test_patching import file_of, hits
from workbench.music.clip import Clip
from workbench.systems.midigpt.splice import with_bars


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
