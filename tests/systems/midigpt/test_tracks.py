"""The programs of a song's tracks in the tokens."""

import pytest

from tests.systems.midigpt.test_system import band
from workbench.music.clip import Clip
from workbench.systems.midigpt.tracks import called_as


@pytest.mark.parametrize(("program", "part"), [(73, 25), (40, 25), (56, 25), (48, 0), (33, 0)])
def test_an_added_solo_instrument_is_a_part_of_single_notes(program, part):
    clip = Clip(band())
    count = len(clip.score.tracks)
    assert called_as(clip, [count], [program], {53, 25, 0})[count] == part
