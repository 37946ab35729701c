"""Drum roll: exact on the grid, triplets kept, early downbeats kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workbench.errors import PromptError
from workbench.music.clip import NOTE, Clip
from workbench.music.kit import DRUMS, READ_MAP, WRITE_PITCH
from workbench.representations.drum_roll import DrumRoll, rolls_of, tile


def notes_at(times: list[float], pitches: list[int], velocities: list[int]) -> np.ndarray:
    notes = np.zeros(len(times), NOTE)
    notes["time"], notes["pitch"], notes["velocity"] = times, pitches, velocities
    notes["is_drum"] = True
    return notes


@given(
    hits=hnp.arrays(bool, (32, 9)),
    levels=hnp.arrays(np.int16, (32, 9), elements=st.integers(1, 127)),
)
def test_everything_on_the_grid_comes_back_exactly(hits, levels):
    velocity = (levels / 127 * hits).astype(np.float32)
    roll = DrumRoll(hits, velocity, np.zeros((32, 9), np.float32), tempo=100.0)
    clip = roll.to_clip()
    back = DrumRoll.from_clip(clip)
    assert np.array_equal(back.hits, roll.hits)
    assert np.array_equal(np.rint(back.velocity * 127), levels * hits)
    assert np.abs(back.offset).max() == 0
    assert clip.tempo == pytest.approx(100, abs=0.01)


def test_offsets_come_back_within_a_tick():
    generator = np.random.default_rng(0)
    hits = generator.random((128, 9)) < 0.3
    offset = generator.uniform(-0.5, 0.49, (128, 9)) * hits
    roll = DrumRoll(hits, 0.5 * hits.astype(np.float32), offset.astype(np.float32))
    back = DrumRoll.from_clip(roll.to_clip())
    tick = 4 / 480  # steps
    # A hit within a tick of the border between two cells may change sides.
    clear = np.abs(offset) < 0.5 - 2 * tick
    assert np.array_equal(back.hits & clear, hits & clear)
    assert np.abs(back.offset - offset)[hits & clear & back.hits].max() <= tick
    # a file does not loop: there, the early hits of the first cell stand on its line
    read = DrumRoll.from_clip(Clip.read_midi(roll.to_clip().midi_bytes(), beats=32))
    assert np.array_equal(read.hits & clear, hits & clear)
    first = np.maximum(offset[0], 0)
    assert np.abs(read.offset[0] - first)[hits[0] & clear[0]].max() <= tick
    assert np.array_equal(read.offset[1:][clear[1:]], back.offset[1:][clear[1:]])


def test_eighth_triplets_survive_on_sixteenths():
    times = [beat + third / 3 for beat in range(4) for third in range(3)]
    notes = notes_at(times, [42] * 12, [90] * 12)
    roll = DrumRoll.from_notes(notes, beats=4)
    assert roll.hits.sum() == 12
    assert np.allclose(np.sort(roll.to_notes()["time"]), times, atol=1e-6)


def test_sixteenth_triplets_need_the_finer_grid():
    times = [k / 6 for k in range(24)]
    notes = notes_at(times, [42] * 24, [90] * 24)
    assert DrumRoll.from_notes(notes, beats=4).hits.sum() < 24
    fine = DrumRoll.from_notes(notes, beats=4, steps_per_beat=12)
    assert fine.hits.sum() == 24
    assert np.abs(fine.offset).max() < 1e-6


def test_an_early_downbeat_at_the_end_becomes_the_next_one():
    notes = notes_at([3.95], [36], [100])
    roll = DrumRoll.from_notes(notes, beats=4)
    assert roll.hits[0, 0]
    assert roll.offset[0, 0] == pytest.approx(-0.2, abs=1e-6)
    assert roll.to_notes()["time"][0] == pytest.approx(3.95)


def test_a_hit_on_the_downbeat_is_not_displaced_by_an_early_one():
    notes = notes_at([0.0, 3.95], [36, 36], [60, 120])
    roll = DrumRoll.from_notes(notes, beats=4)
    assert roll.velocity[0, 0] == pytest.approx(60 / 127)


def test_of_two_hits_in_a_cell_the_louder_stays():
    notes = notes_at([0.0, 0.05], [38, 40], [100, 40])
    roll = DrumRoll.from_notes(notes, beats=1)
    assert roll.hits.sum() == 1
    assert roll.velocity[0, 1] == pytest.approx(100 / 127)


def test_read_map_covers_the_paper_and_the_td11():
    for code, pitch in WRITE_PITCH.items():
        assert DRUMS[READ_MAP[pitch]] == code
    td11 = {22: "CH", 26: "OH", 40: "SD", 44: "CH", 50: "HT", 55: "CR", 58: "LT", 59: "RD"}
    assert {pitch: DRUMS[READ_MAP[pitch]] for pitch in td11} == td11


def test_reading_a_file_at_once_gives_the_clips_roll(groove_root):
    paths = sorted(groove_root.rglob("*.mid"))[::40]
    for path in paths:
        at_once, by_clip = DrumRoll.read(path), DrumRoll.from_clip(Clip.read_midi(path))
        assert np.array_equal(at_once.to_array(), by_clip.to_array()), path
        assert at_once.tempo == pytest.approx(by_clip.tempo, rel=1e-5)


def test_reading_at_once_serves_odd_metres_and_files_without_drums(tmp_path):
    notes = notes_at([0, 5.5], [36, 38], [90, 90])
    for name, meter, drums in (("waltz", (3, 4), True), ("piano", (4, 4), False)):
        notes["is_drum"] = drums
        clip = Clip.from_notes(notes, tempo=90, meter=meter, drums=drums)
        clip.write_midi(tmp_path / f"{name}.mid")
        roll = DrumRoll.read(tmp_path / f"{name}.mid")
        assert roll.hits.sum() == 2 * drums
        assert roll.beats == Clip.read_midi(tmp_path / f"{name}.mid").beats


def test_every_pitch_of_groove_is_a_kit_voice(groove_root):
    from workbench.datasets import load

    pitches = {int(p) for clip in load(groove_root) for p in np.unique(clip.notes["pitch"])}
    assert pitches <= READ_MAP.keys()


def test_rolls_of_refuses_unequal_lengths():
    clips = [DrumRoll.from_array(np.zeros((16 * k, 27), np.float32)).to_clip() for k in (1, 2)]
    with pytest.raises(PromptError, match="cut_loops"):
        rolls_of(clips)


def test_from_array_refuses_another_shape():
    with pytest.raises(PromptError, match=r"\(16, 9\)"):
        DrumRoll.from_array(np.zeros((16, 9)))


def test_tile_repeats_and_cuts():
    array = np.arange(6).reshape(3, 2)
    assert np.array_equal(tile(array, 7), np.concatenate([array, array, array[:1]]))


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.float16])
def test_lengths_in_small_numbers(kind):
    clip = Clip.from_notes([(i, 0.1, 36, 90) for i in range(100)], beats=100)
    roll = DrumRoll.from_notes(clip.notes, kind(100), steps_per_beat=kind(4))
    assert roll.steps == 400
    np.testing.assert_array_equal(roll.to_array(), DrumRoll.from_clip(clip).to_array())


@pytest.mark.parametrize("odd", [0, -4, 2.5, "4", None, 961, 10**9, np.nan])
def test_odd_grids(odd):
    clip = Clip.from_notes([(0, 0.1, 36, 90)])
    with pytest.raises(PromptError, match="steps_per_beat="):
        DrumRoll.from_clip(clip, odd)
    with pytest.raises(PromptError, match="beats="):
        DrumRoll.from_notes(clip.notes, 1e9)


def test_two_hits_in_a_cell_come_back_with_two_slots():
    """Flams and drags: pairs of one drum in a cell, apart by at least a thirtieth of a step."""
    generator = np.random.default_rng(1)
    cells = generator.choice(32 * 9, 60, replace=False)
    offsets = np.sort(generator.uniform(-0.45, 0.45, (60, 2)), axis=1)
    offsets[:, 1] = np.maximum(offsets[:, 1], offsets[:, 0] + 0.03)
    loud = generator.integers(60, 128, 60)
    soft = generator.integers(1, 60, 60)
    times = (cells // 9)[:, None] / 4 + offsets / 4 + 1  # not at the loop's edge
    pitches = [WRITE_PITCH[DRUMS[drum]] for drum in cells % 9]
    notes = notes_at([*times[:, 0], *times[:, 1]], pitches * 2, [*soft, *loud])
    roll = DrumRoll.from_notes(notes, 10.0, slots=2)
    assert roll.hits.sum() == roll.second.hits.sum() == 60
    assert DrumRoll.from_notes(notes, 10.0).to_array().shape == (40, 27)
    again = DrumRoll.from_array(roll.to_array())
    assert np.allclose(again.to_array(), roll.to_array())
    back = again.to_notes()
    order = np.lexsort((notes["pitch"], notes["time"]))
    assert np.array_equal(back["pitch"], notes["pitch"][order])
    assert np.array_equal(back["velocity"], notes["velocity"][order])
    assert np.abs(back["time"] - notes["time"][order]).max() < 1e-6


def test_a_hit_written_twice_is_no_second_hit():
    notes = notes_at([1.0, 1.0], [38, 40], [90, 80])  # the head and the rim of one stroke
    assert not DrumRoll.from_notes(notes, 4.0, slots=2).second.hits.any()


def test_two_slots_keep_what_drummers_play(groove_root):
    from workbench.datasets.sets.groove import load_groove

    clips = load_groove(groove_root, limit=20).clips
    struck = kept = 0
    for clip in clips:
        drums = clip.notes[clip.notes["is_drum"]]
        place = np.floor(drums["time"] * 16 + 0.5).astype(int) * 128 + drums["pitch"]
        struck += len(np.unique(place))
        roll = DrumRoll.from_clip(clip, slots=2)
        kept += roll.hits.sum() + roll.second.hits.sum()
    assert kept > 0.97 * struck


def test_arrays_of_two_slots_need_a_first_hit():
    array = np.zeros((16, 54), np.float32)
    array[3, 27] = 1
    assert not DrumRoll.from_array(array).second.hits.any()
