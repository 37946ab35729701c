"""Which of several fillings costs less."""

import numpy as np
import pytest

from tests.representations.test_holes import song_clip
from workbench.representations.holes import BAR, PITCH, Hole
from workbench.representations.remi import RemiSong, ids_of, table_of
from workbench.representations.tokens import Vocabulary
from workbench.systems.midigpt import ranking
from workbench.systems.midigpt.ranking import APART, JOIN, STEP, choose, circles, leap, misfit


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.train([ids_of(table_of(song_clip(seed=seed))) for seed in range(8)], 640)


@pytest.fixture(scope="module")
def song(vocabulary) -> RemiSong:
    """One part that plays the same four notes in each of eight bars."""
    note = table_of(song_clip()).notes[0]
    rows = []
    for bar in range(8):
        for place, pitch in zip(range(0, 48, 12), (60, 64, 67, 62), strict=True):
            row = note.copy()
            row[[BAR, 1, 2]] = bar, place, vocabulary.id("Program_0")
            row[PITCH] = vocabulary.id(f"Pitch_{pitch}")
            rows.append(row)
    return RemiSong(np.array(rows), np.full(8, vocabulary.id("TimeSig_4/4")))


def moved(song: RemiSong, bars: list[int], steps: int) -> RemiSong:
    """The song with some bars higher."""
    notes = song.notes.copy()
    notes[np.isin(notes[:, BAR], bars), PITCH] += steps
    return RemiSong(notes, song.bars)


def test_a_leap_is_that_of_both_joins(song, vocabulary):
    """The notes of two beats are compared with the nearest of two beats before: 60, 64 with 67, 62.
    An octave higher, 72, 76 follow 67, 62, and 60, 64 follow 79, 74."""
    assert leap(song, 3, 5, vocabulary) == pytest.approx(np.log(3.0))  # 2 semitones at both joins
    octave = leap(moved(song, [3, 4], 12), 3, 5, vocabulary)
    assert octave == pytest.approx((np.log1p((5 + 9) / 2) + np.log1p((14 + 10) / 2)) / 2)


def test_a_join_without_notes_has_a_usual_step(song, vocabulary):
    hole = song.notes[:, BAR] >= 6  # to the end: no bar follows
    silent = RemiSong(song.notes[~hole], song.bars)
    assert leap(silent, 6, 8, vocabulary) == pytest.approx(np.log1p(STEP))


def test_fillings_that_leap_cost_more(song, vocabulary):
    """An octave higher, pitch classes and key are the same; figures are unknown in both."""
    hole = Hole(3, 5)
    near, far = (misfit(moved(song, [3, 4], n), hole, 5, vocabulary) for n in (12, 24))
    assert far > near + JOIN / 4


def test_fillings_with_figures_of_the_song_cost_less(song, vocabulary):
    hole = Hole(3, 5)
    own, other = (misfit(one, hole, 5, vocabulary) for one in (song, moved(song, [3, 4], 12)))
    assert own < other


def test_circles_are_repeats_beyond_those_of_the_bars_beside(song, vocabulary):
    """All bars are alike: of the 29 figures of eight bars 4 differ, of the 5 of two bars 4."""
    hole = Hole(4, 6)
    assert circles(song, hole, 6, vocabulary) == 0  # as before
    steps = song.notes.copy()
    steps[:, PITCH] += steps[:, BAR]  # each bar is a semitone higher, so that none repeats another
    rising = RemiSong(steps, song.bars)
    assert circles(rising, hole, 6, vocabulary) == 0
    still = steps.copy()
    still[still[:, BAR] == 5, PITCH] -= 1  # the second bar is like the first
    assert circles(RemiSong(still, song.bars), hole, 6, vocabulary) == pytest.approx(1 / 5)
    silent = RemiSong(song.notes[~np.isin(song.notes[:, BAR], [4, 5])], song.bars)
    assert circles(silent, hole, 6, vocabulary) == 0


def test_a_second_version_is_another_one(song, vocabulary):
    """It may cost more, but not for a few notes' difference."""
    hole = Hole(3, 5)
    near, far = moved(song, [4], 1), moved(song, [3, 4], 1)
    assert choose([song, far, song, far], [0.0, 0.1, 0.0, 0.1], 2, hole) == [song, far]
    dear = APART + 0.2
    assert choose([song, far, near, far], [0.0, 0.1, 0.0, dear], 2, hole) == [song, near]
    assert choose([song, far, song, song], [0.0, 0.1, 0.0, 0.0], 2, hole) == [song, song]


def test_a_version_does_not_depend_on_how_many_follow(song):
    hole, costs = Hole(3, 5), [0.3, 0.1, 0.2, 0.0, 0.0, 0.5]
    songs = [moved(song, [3 + i % 2], i) for i in range(6)]
    three = choose(songs, costs, 2, hole)
    assert three[:2] == choose(songs[:4], costs[:4], 2, hole)
    assert three[0] is songs[1]


def test_the_key_of_either_side_will_do_where_it_changes(song, vocabulary):
    """C major before the hole, an augmented fourth higher after it."""
    hole = Hole(3, 5)
    after = moved(song, [5, 6, 7], 6)
    old, new, between = (
        misfit(moved(after, [3, 4], steps), hole, 5, vocabulary) for steps in (0, 6, 3)
    )
    joins = [leap(moved(after, [3, 4], steps), 3, 5, vocabulary) for steps in (0, 6, 3)]
    figures = ranking.ECHO  # three semitones higher they occur nowhere else
    costs = [cost - JOIN * join for cost, join in zip((old, new, between), joins, strict=True)]
    assert costs[0] == pytest.approx(costs[1])
    assert costs[2] - figures > costs[0] + ranking.KEY / 2
