"""What a filling does to a file: nothing but notes, and no kept note is cut or silenced."""

import mido
import numpy as np
import pytest

from tests.music.test_patching import file_of, hits
from workbench.music.clip import Clip
from workbench.music.columns import NAMES
from workbench.systems.midigpt.splice import _between, with_bars

END, FAR = 3840, 120


def columns(rows, side=None):
    """Notes from (onset, duration, pitch), each with its side where one is given."""
    table = np.array([(*row[:3], 64) for row in rows], dtype=np.int64).reshape(-1, 4)
    found = dict(zip(NAMES, table.T, strict=True))
    return found if side is None else found | {"side": np.full(len(table), side)}


def fitted(new, there, side=0):
    """(onset, duration, pitch) of the new notes as they fit beside those that are there."""
    found = _between(columns(new), columns(there, side), END, FAR)
    return sorted(zip(*(found[name].tolist() for name in NAMES[:3]), strict=True))


@pytest.mark.parametrize(
    ("new", "there", "side", "left"),
    [
        ((2000, 400, 60), (0, 3000, 60), 0, []),  # held far on
        ((2000, 400, 60), (0, 3000, 61), 0, [(2000, 400, 60)]),
        ((2000, 400, 60), (0, 2100, 60), 0, [(2100, 300, 60)]),  # held a little
        ((2000, 400, 60), (0, 2100, 60), 1, [(2101, 299, 60)]),  # its off comes after the on
        ((2000, 400, 60), (0, 2000, 60), 0, [(2000, 400, 60)]),
        ((2000, 400, 60), (0, 2000, 60), 1, [(2001, 399, 60)]),
        ((2000, 400, 60), (0, 2000, 60), -1, [(2000, 400, 60)]),
        ((2000, 80, 60), (0, 2100, 60), 0, []),
        ((2000, 400, 60), (2000, 100, 60), 0, []),  # struck already
        ((2000, 400, 60), (2200, 900, 60), 0, [(2000, 200, 60)]),
        ((2000, 400, 60), (2200, 900, 60), -1, [(2000, 199, 60)]),
        ((2000, 400, 60), (2400, 900, 60), -1, [(2000, 399, 60)]),
        ((2000, 400, 60), (2400, 900, 60), 1, [(2000, 400, 60)]),
        ((3830, 400, 60), (0, 3850, 60), 0, []),  # it would begin after the hole
    ],
)
def test_a_new_note_fits_between_those_of_its_pitch(new, there, side, left):
    assert fitted([new], [there], side) == left


def test_of_new_notes_each_ends_where_the_next_of_its_pitch_begins():
    new = [(2000, 900, 60), (2400, 100, 60), (2000, 900, 62)]
    assert fitted(new, []) == [(2000, 400, 60), (2000, 900, 62), (2400, 100, 60)]
    # two that wait for the same one are one
    assert len(fitted([(2000, 400, 60), (2010, 400, 60)], [(0, 2100, 60)])) == 1


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
