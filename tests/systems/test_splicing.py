"""Where new notes go in a score, and how they fit between the notes that are there."""

import numpy as np
import pytest

from tests.systems.midigpt.test_system import band
from workbench.music.columns import NAMES
from workbench.systems.splicing import assign_tracks, fit_between

END, FAR = 3840, 120


def columns(rows, side=None):
    """Notes from (onset, duration, pitch), each with its side where one is given."""
    table = np.array([(*row[:3], 64) for row in rows], dtype=np.int64).reshape(-1, 4)
    found = dict(zip(NAMES, table.T, strict=True))
    return found if side is None else found | {"side": np.full(len(table), side)}


def fitted(new, there, side=0):
    """(onset, duration, pitch) of the new notes as they fit beside those that are there."""
    found = fit_between(columns(new), columns(there, side), END, FAR)
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


def test_notes_go_where_they_are_played_nearest():
    """Against the assignment that a search through all of them finds."""
    score = band()
    tracks = [0, 1, 3]  # bass: one note at once; strings, organ: two
    at = np.array([[0, 1, pitch, 64] for pitch in (35, 51, 54, 61, 66)], dtype=float)
    assert assign_tracks(score, tracks, at).tolist() == [0, 3, 3, 1, 1]
    low = np.array([[0, 1, pitch, 64] for pitch in (35, 37, 38)], dtype=float)
    where = assign_tracks(score, tracks, low).tolist()
    assert where.count(0) == 1  # the bass has one finger
    assert where.count(3) == 2  # and the organ is nearer than the strings
