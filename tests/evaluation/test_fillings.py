"""Measures of fillings: closed forms and properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from workbench.evaluation.fillings import (
    copy_rate,
    density_distance,
    grams,
    jensen_shannon,
    key_of,
    melodic_step,
    most_at_once,
    pitch_class_distance,
    pitch_classes,
    repeat_rate,
    same_key,
)


def notes(*rows):
    return np.array(rows, dtype=float).reshape(-1, 3)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=12, max_size=12),
    st.lists(st.integers(0, 9), min_size=12, max_size=12),
)
def test_jensen_shannon_is_scipys(a, b):
    p, q = np.array(a) + 1e-9, np.array(b) + 1e-9
    p, q = p / p.sum(), q / q.sum()
    assert jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-9)


def test_pitch_classes_leave_drums_out():
    found = pitch_classes(notes((0, 60, 0), (1, 72, 0), (2, 67, 0), (3, 36, -1)))
    assert found[0] == pytest.approx(2 / 3)
    assert found[7] == pytest.approx(1 / 3)
    assert pitch_classes(notes()).tolist() == [1 / 12] * 12


def test_the_same_harmony_is_near_and_another_key_far():
    c = notes(*((i, p, 0) for i, p in enumerate((60, 64, 67, 72, 76))))
    assert pitch_class_distance(c, np.add(c, [0, 12, 0])) == 0
    assert pitch_class_distance(c, np.add(c, [0, 6, 0])) == pytest.approx(1.0)


def test_density_of_chords_counts_onsets():
    chords = notes((0, 60, 0), (0, 64, 0), (2, 60, 0), (2, 64, 0))
    assert density_distance(chords, chords, 1, 1) == 0
    assert density_distance(chords, chords, 1, 2) == pytest.approx(np.log(2))
    assert np.isfinite(density_distance(notes(), chords, 1, 1))


def test_a_join_is_measured_within_a_part():
    before = notes((3.0, 60, 0), (3.5, 40, 33), (3.5, 38, -1))
    after = notes((4.0, 62, 0), (4.0, 45, 33), (4.0, 38, -1), (9.0, 100, 0))
    assert melodic_step(before, after, 4.0) == pytest.approx((2 + 5) / 2)
    assert np.isnan(melodic_step(before, notes((4, 62, 5)), 4.0))
    assert np.isnan(melodic_step(notes((1.0, 60, 0)), after, 4.0))  # too long before


def test_repeats_within_a_passage():
    bar = np.array([[0, 60, 0], [1, 62, 0], [2, 64, 0], [3, 67, 0]], float)
    twice = np.concatenate([bar, bar + np.array([4, 0, 0])])
    assert repeat_rate(twice) == pytest.approx(1 / 5)  # of five figures, one occurs twice
    other = bar + np.array([0, 0, 9])  # of another instrument
    assert repeat_rate(np.concatenate([twice, other])) == pytest.approx(1 / 6)
    assert repeat_rate(bar) == 0
    assert np.isnan(repeat_rate(bar[:3]))


def test_copying_is_found_wherever_it_stands_in_time():
    tune = notes(*((i / 2, 60 + i, 0) for i in range(6)))
    assert copy_rate(np.add(tune, [32, 0, 0]), tune) == 1
    assert copy_rate(np.add(tune, [0, 20, 0]), tune) == 0
    assert copy_rate(tune * [2, 1, 1], tune) == 0  # another rhythm
    assert np.isnan(copy_rate(tune[:3], tune))
    assert len(grams(tune)) == 3


def scale(tonic, steps=(0, 2, 4, 5, 7, 9, 11, 12, 0, 4, 7)):
    return notes(*[(i / 2, 60 + tonic + step, 0) for i, step in enumerate(steps)])


@pytest.mark.parametrize("tonic", range(12))
def test_a_scale_with_its_triad_is_in_its_key(tonic):
    assert key_of(scale(tonic)) == tonic
    minor = scale(tonic, (0, 2, 3, 5, 7, 8, 10, 12, 0, 3, 7))
    assert key_of(minor) == 12 + tonic
    assert same_key(minor, scale((tonic + 3) % 12)) == 1  # its relative major
    assert same_key(scale(tonic), scale((tonic + 1) % 12)) == 0


def test_no_notes_are_in_no_key():
    assert key_of(notes()) == -1
    assert np.isnan(same_key(notes(), scale(0)))
    assert key_of(notes(*[(i, 60 + i, 0) for i in range(12)])) == -1
    assert key_of(notes((0, 36, -1), (1, 38, -1))) == -1  # drums


def test_a_wall_is_counted_where_densities_see_one_place():
    chord = [(1.0, 60 + i, 0) for i in range(14)]
    wall, melody = notes(*chord, (0, 60, 0)), notes((0, 60, 0), (1, 62, 0))
    assert most_at_once(wall) == 14
    assert most_at_once(melody) == 1
    assert most_at_once(notes()) == 0
    assert density_distance(wall, melody, 1, 1) == 0
    spread = notes(*[(1 + i / 1000, 60 + i, 0) for i in range(3)])
    assert most_at_once(spread) == 3  # struck together by a hand
