"""How much tracks may play in a hole, counted in the bars around it."""

import numpy as np

from tests.representations.test_holes import song_clip
from workbench.representations.holes import Hole
from workbench.representations.remi import RemiSong, ids_of, table_of
from workbench.representations.tokens import Vocabulary
from workbench.systems.midigpt.neighbours import FIFTH, pitches, usual_counts

DRUMS, PIANO, METRE = 3, 4, 7


def song(hits: list[int]) -> RemiSong:
    """Each bar has four places; drums strike `hits` notes at each, the piano one."""
    rows = [
        (bar, 12 * beat, program, pitch, 0, 0)
        for bar, count in enumerate(hits)
        for beat in range(4)
        for program, notes in ((DRUMS, count), (PIANO, 1))
        for pitch in range(notes)
    ]
    return RemiSong(notes=np.array(rows), bars=np.full(len(hits), METRE))


def test_positions_and_hits_are_those_of_the_bars_around():
    """Bars farther than four away, and the hole itself, do not count."""
    played = song([9, 1, 1, 1, 2, 9, 9, 2, 2, 2, 3, 9])
    found = usual_counts(played, Hole(5, 7, (DRUMS, PIANO)), DRUMS)
    assert found.tolist() == [[[1, 4, 8], [1, 4, 0]]] * 2


def pitched(heights: list[list[int]], vocabulary: Vocabulary) -> RemiSong:
    """One track of the piano with these pitches in each bar."""
    piano, metre = vocabulary.id("Program_0"), vocabulary.id("TimeSig_4/4")
    rows = [
        (bar, place, piano, vocabulary.id(f"Pitch_{pitch}"), 0, 0)
        for bar, own in enumerate(heights)
        for place, pitch in enumerate(own)
    ]
    return RemiSong(notes=np.array(rows), bars=np.full(len(heights), metre))


def test_pitches_are_those_of_the_song_and_near_those_beside_the_hole():
    songs = [ids_of(table_of(song_clip(seed=seed))) for seed in range(8)]
    vocabulary = Vocabulary.train(songs, 640)
    beside = [60, 62, 64, 65]
    song = pitched([[40] * 16, *[beside] * 8, [90], *[beside] * 8, [70] * 16], vocabulary)
    found = pitches(song, Hole(9, 10), vocabulary)  # bars 0 and 18 are farther than eight bars
    low, high = np.flatnonzero(found[1].numpy())[[0, -1]]
    assert (low, high) == (60 - FIFTH, 65 + FIFTH)  # less than from 40 to 72
    assert found[[0, *range(2, 129)]].all()
    few = pitches(pitched([beside, [90], beside], vocabulary), Hole(1, 2), vocabulary)
    assert few.all()  # eight notes show no range
