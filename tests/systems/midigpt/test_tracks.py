"""Tracks of a song: what they are called, and where notes go that were written."""

import numpy as np
import pytest

from tests.systems.midigpt.test_system import band
from workbench.music.clip import Clip
from workbench.systems.midigpt.tracks import called_as, homes


def test_notes_go_where_they_are_played_nearest():
    """Against the assignment that a search through all of them finds."""
    score = band()
    tracks = [0, 1, 3]  # bass: one note at once; strings, organ: two
    at = np.array([[0, 1, pitch, 64] for pitch in (35, 51, 54, 61, 66)], dtype=float)
    assert homes(score, tracks, at).tolist() == [0, 3, 3, 1, 1]
    low = np.array([[0, 1, pitch, 64] for pitch in (35, 37, 38)], dtype=float)
    where = homes(score, tracks, low).tolist()
    assert where.count(0) == 1  # the bass has one finger
    assert where.count(3) == 2  # and the organ is nearer than the strings


@pytest.mark.parametrize(("program", "part"), [(73, 25), (40, 25), (56, 25), (48, 0), (33, 0)])
def test_an_added_solo_instrument_is_a_part_of_single_notes(program, part):
    clip = Clip(band())
    count = len(clip.score.tracks)
    assert called_as(clip, [count], [program], {53, 25, 0})[count] == part
