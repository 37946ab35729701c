"""How much tracks may play in a hole, counted in the bars around it."""

import numpy as np

from workbench.representations.holes import Hole
from workbench.representations.remi import RemiSong
from workbench.systems.midigpt.neighbours import usual_counts

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
