"""The programs of a song's tracks in the tokens."""

import pytest
import symusic

from tests.systems.midigpt.test_system import band
from workbench.music.clip import Clip
from workbench.systems.midigpt.tracks import called_as


@pytest.mark.parametrize(("program", "part"), [(73, 25), (40, 25), (56, 25), (48, 0), (33, 0)])
def test_an_added_solo_instrument_is_a_part_of_single_notes(program, part):
    clip = Clip(band())
    count = len(clip.score.tracks)
    assert called_as(clip, [count], [program], {53, 25, 0})[count] == part


SONGS = {-1, 0, 1, 4, 16, 24, 25, 33, 48, 53, 61, 80, 89}  # programs as of a larger checkpoint


def tracks(*programs: int) -> Clip:
    """A song with a track for each program, two notes at a time."""
    score = symusic.Score(480)
    for program in programs:
        score.tracks.append(symusic.Track("", program))
        score.tracks[-1].notes = [
            symusic.Note(480 * beat, 240, pitch, 64) for beat in range(8) for pitch in (60, 64)
        ]
    return Clip(score)


def test_instruments_that_training_lacked_have_a_program_each():
    """Synthesizers of game music; all of them as one piano, most would be silent."""
    clip = tracks(62, 81, 90, 103, 17, 0)
    called = called_as(clip, range(6), [], SONGS)
    assert called[:3] == [61, 80, 89]  # of the same family
    assert called[4:] == [16, 0]
    assert len(set(called)) == 6


def test_tracks_to_write_are_apart_and_those_that_stay_keep_their_program():
    clip = tracks(0, 0, 33)
    assert called_as(clip, range(3), [], SONGS) == [0, 1, 33]
    assert called_as(clip, [2], [], SONGS) == [0, 0, 33]
    assert called_as(clip, [0, 1], [], {0})[:2] == [0, 0]  # there is no other
