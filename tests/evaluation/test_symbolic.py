"""Measures of notes: MusPy's published values, counts by hand, a slow reading, properties."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.datasets import builtin, builtin_songs
from workbench.errors import WorkbenchError
from workbench.evaluation import rhythm, symbolic
from workbench.music.clip import Clip
from workbench.representations.drum_roll import rolls_of

# Beethoven's Für Elise, the first three bars of 3/8: the piece of MusPy's own tests (test.json)
ELISE = [(i / 2, 0.5, pitch, 127) for i, pitch in enumerate([76, 75, 76, 75, 76, 71, 74, 72, 69])]
SILENT = Clip.from_notes([], drums=False, beats=8)


def piano(rows, **fields) -> Clip:
    return Clip.from_notes(rows, drums=False, **fields)


def test_muspys_published_values():
    """tests/test_metrics.py of MusPy 0.5.0 states these of Für Elise, exactly."""
    clip = piano(ELISE, meter=(3, 8))
    assert symbolic.pitches_used(clip) == 6
    assert (symbolic.pitch_class_histogram(clip) > 0).sum() == 6
    assert symbolic.pitch_range(clip) == 7
    assert symbolic.empty_bar_rate(clip) == 0
    assert symbolic.polyphony(clip) == 1
    assert symbolic.polyphony_rate(clip) == 0
    assert symbolic.scale_consistency(clip) == pytest.approx(7 / 9)


def test_no_phantom_bar_follows_the_last_one():
    """MusPy counts a fourth, empty bar, since the last note ends on its bar line: it publishes a
    groove consistency of 5/6 for three bars of one rhythm. With that bar written out ours agrees;
    and then it is empty, which MusPy's inclusive end hides."""
    clip = piano(ELISE, meter=(3, 8))
    assert clip.bars == 3
    assert symbolic.groove_consistency(clip) == 1
    longer = piano(ELISE, meter=(3, 8), beats=6)
    assert symbolic.groove_consistency(longer) == pytest.approx(5 / 6)
    assert symbolic.empty_bar_rate(longer) == 0.25


def test_pitch_by_hand():
    clip = piano([(0, 1, 60, 90), (0, 1, 72, 90), (1, 1, 64, 90), (2, 1, 61, 90)])
    assert symbolic.pitch_histogram(clip)[[60, 61, 64, 72]].tolist() == [0.25] * 4
    assert symbolic.pitch_class_histogram(clip)[[0, 1, 4]].tolist() == [0.5, 0.25, 0.25]
    assert symbolic.pitch_class_entropy(clip) == 1.5
    chromatic = piano([(i, 1, 60 + i, 90) for i in range(12)])
    assert symbolic.scale_consistency(chromatic) == pytest.approx(7 / 12)
    assert symbolic.pitch_class_entropy(chromatic) == pytest.approx(math.log2(12))
    minor = piano([(i, 1, p, 90) for i, p in enumerate([57, 59, 60, 62, 64, 65, 67])])
    assert symbolic.scale_consistency(minor) == pytest.approx(1)


def test_time_by_hand():
    clip = piano([(0, 0.5, 60, 90), (0.01, 0.5, 64, 90), (0.5, 0.5, 62, 90), (1.5, 2.5, 60, 90)])
    assert symbolic.onsets(clip.notes).tolist() == [0, 0.5, 1.5]
    assert symbolic.onset_density(clip) == 0.75
    assert symbolic.inter_onset_intervals(clip).tolist() == [0.5, 1.0]
    shares = dict(zip(symbolic.NAMES, symbolic.inter_onset_histogram(clip), strict=True))
    assert (shares["8th"], shares["quarter"]) == (0.5, 0.5)
    lengths = dict(zip(symbolic.NAMES, symbolic.duration_histogram(clip), strict=True))
    assert (lengths["8th"], lengths["half"]) == (0.75, 0.25)  # of 2 and 3, 2.5 counts as 2


def test_note_values_are_found_in_tune_and_slightly_out():
    for name, length in zip(symbolic.NAMES, symbolic.LENGTHS, strict=True):
        for played in (length, length - 0.02, length + 0.02):
            shares = symbolic.note_values([played])
            assert symbolic.NAMES[int(shares.argmax())] == name
    assert np.isnan(symbolic.note_values([])).all()


def test_touch_and_melody_by_hand():
    clip = piano([(0, 1, 60, 80), (0, 2, 72, 100), (1, 0.5, 76, 90), (2, 0.5, 74, 90)])
    assert symbolic.velocity_spread(clip) == pytest.approx(np.std([80, 100, 90, 90]))
    assert symbolic.mean_length(clip) == 1
    assert symbolic.leap(clip) == 3  # the top line is 72, 76, 74
    assert math.isnan(symbolic.leap(piano([(0, 1, 60, 80), (0.01, 1, 64, 80)])))
    for measure in (symbolic.velocity_spread, symbolic.mean_length, symbolic.leap):
        assert math.isnan(measure(SILENT))


def test_clashes_are_pairs_a_semitone_apart_by_how_long_they_sound():
    chord = [(0, 1, pitch, 90) for pitch in (60, 64, 67)]
    assert symbolic.clash_rate(piano(chord)) == 0
    assert symbolic.clash_rate(piano([*chord, (0, 1, 61, 90)])) == pytest.approx(1 / 6)
    # beat 0: one pair that clashes; beats 1 to 3: one pair that does not
    later = piano([(0, 1, 60, 90), (0, 4, 61, 90), (1, 3, 65, 90)])
    assert symbolic.clash_rate(later) == pytest.approx(1 / 4)
    assert symbolic.clash_rate(piano([(0, 1, 60, 90), (1, 1, 61, 90)])) == 0  # one after the other
    assert symbolic.clash_rate(SILENT) == 0


def test_polyphony_by_hand():
    clip = piano([(0, 2, 60, 90), (1, 2, 64, 90), (1, 1, 60, 90), (3.5, 0.5, 67, 90)], beats=8)
    # 0–1 one pitch, 1–2 two (60 struck again), 2–3 one, 3.5–4 one, then silence
    assert symbolic.polyphony(clip) == pytest.approx(4.5 / 3.5)
    assert symbolic.polyphony_rate(clip) == pytest.approx(1 / 8)
    assert symbolic.polyphony_rate(clip, voices=3) == 0
    triad = piano([(0, 4, p, 90) for p in (60, 64, 67)])
    assert (symbolic.polyphony(triad), symbolic.polyphony_rate(triad, 3)) == (3, 1)


def slow_polyphony(clip: Clip, tick: float = 1 / 48) -> tuple[float, float]:
    """By looking at every 48th of a quarter note in its middle."""
    tuned = clip.notes[~clip.notes["is_drum"]]
    moments = np.arange(tick / 2, clip.beats, tick)
    count = [
        len({int(n["pitch"]) for n in tuned if n["time"] <= t < n["time"] + n["duration"]})
        for t in moments
    ]
    sounding = [c for c in count if c]
    return np.mean(sounding), np.mean([c >= 2 for c in count])


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(1, 40), st.integers(50, 60)),
        min_size=1,
        max_size=12,
    )
)
def test_polyphony_is_what_a_slow_look_finds(rows):
    clip = piano([(t / 8, n / 8, pitch, 90) for t, n, pitch in rows])
    mean, rate = slow_polyphony(clip)
    assert symbolic.polyphony(clip) == pytest.approx(mean)
    assert symbolic.polyphony_rate(clip) == pytest.approx(rate)


def test_empty_bars_by_hand():
    clip = piano([(0, 4, 60, 90), (12.5, 2, 60, 90)], beats=20)  # bars 1 and 4 of 5 sound
    assert symbolic.empty_bar_rate(clip) == pytest.approx(3 / 5)
    held = piano([(0, 9, 60, 90)], beats=16)  # over two bar lines
    assert symbolic.empty_bar_rate(held) == pytest.approx(1 / 4)
    drums = Clip.from_notes([(4, 0.1, 38, 90)], beats=8)
    assert symbolic.empty_bar_rate(drums) == 0.5


def test_groove_by_hand():
    rows = [(0, 1, 60, 90), (2, 1, 60, 90), (4, 1, 60, 90), (6.25, 1, 60, 90)]
    assert symbolic.groove_consistency(piano(rows)) == pytest.approx(1 - 2 / 16)
    early = piano([*rows[:3], (7.95, 1, 60, 90)])  # rounds to the next round's downbeat
    assert symbolic.groove_consistency(early) == pytest.approx(1 - 1 / 16)
    assert math.isnan(symbolic.groove_consistency(piano(rows[:2])))


def test_rhythm_is_that_of_the_drum_roll():
    """On loops of the built-in corpus the roll's measures and the notes' are one idea."""
    loops = [c for c in builtin.sample(40, seed=5) if c.beats == 32][:12]
    rolls = rolls_of(loops)
    assert [symbolic.syncopation(c) for c in loops] == pytest.approx(
        rhythm.syncopation(rhythm.kick_and_snare(rolls)).tolist()
    )
    mean, spread = rhythm.microtiming(rolls)
    assert [symbolic.microtiming(c)[0] for c in loops] == pytest.approx(mean.tolist(), abs=0.02)
    assert [symbolic.microtiming(c)[1] for c in loops] == pytest.approx(spread.tolist(), abs=0.02)


def test_swing_and_lateness_by_hand():
    swung = piano([(t + d, 0.3, 60, 90) for t in range(4) for d in (0, 2 / 3)])
    assert symbolic.swing_ratio(swung) == pytest.approx(2, rel=0.01)
    late = piano([(t + 0.025, 0.5, 60, 90) for t in range(4)])
    assert symbolic.microtiming(late) == pytest.approx((0.1, 0), abs=0.005)
    assert math.isnan(symbolic.swing_ratio(late))
    waltz = piano([(0, 1, 60, 90)], meter=(3, 4))
    assert math.isnan(symbolic.syncopation(waltz))


def test_transposition_changes_pitches_and_nothing_else():
    clip = builtin_songs.sample(1, seed=3)[0]
    notes = clip.notes.copy()
    notes["pitch"][~notes["is_drum"]] += 3
    moved = Clip.from_notes(notes, beats=clip.beats, tempo=clip.tempo)
    before, after = (symbolic.measures([c]) for c in (clip, moved))
    for name, values in before.items():
        assert after[name] == pytest.approx(values, nan_ok=True), name
    here, there = (symbolic.pitch_class_histogram(c) for c in (clip, moved))
    assert np.roll(here, 3) == pytest.approx(there)


def test_silence_has_answers():
    table = symbolic.measures([SILENT])
    known = {
        "pitches used": 0,
        "onset density": 0,
        "polyphony rate": 0,
        "empty bar rate": 1,
        "groove consistency": 1,
        "clash rate": 0,
    }
    for name, value in table.items():
        assert value[0] == known[name] if name in known else np.isnan(value[0]), name
    for name, shares in symbolic.histograms([SILENT]).items():
        assert np.isnan(shares).all(), name


def test_drums_have_a_rhythm_and_no_pitch():
    table = symbolic.measures([clip for clip in builtin.sample(9, seed=1) if clip.bars > 1])
    assert np.isnan(table["scale consistency"]).all()
    assert np.isfinite(table["groove consistency"]).all()


def test_notes_past_the_end_are_not_counted():
    cut = piano([(0, 1, 60, 90), (4, 1, 61, 90)], beats=4)
    assert symbolic.pitches_used(cut) == 1
    assert symbolic.polyphony_rate(cut, voices=1) == 0.25


def test_a_waveform_is_refused_by_name():
    clip = Clip(audio=np.zeros(100), sample_rate=8000, source="rain.wav")
    with pytest.raises(WorkbenchError, match=r"rain\.wav: holds a waveform"):
        symbolic.measures([clip])
