"""Notes matched before and after a round trip, against cases by hand and all assignments."""

import itertools

import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.music.clip import Clip
from workbench.music.midi import NOTE
from workbench.representations.losses import Losses, losses, match, total


def notes(*rows) -> np.ndarray:
    """Rows (time, pitch), and more fields in NOTE's order if given: (time, pitch, duration, …)."""
    full = [
        (
            row[0],
            row[2] if len(row) > 2 else 1,
            row[1],
            row[3] if len(row) > 3 else 64,
            row[4] if len(row) > 4 else 0,
            row[5] if len(row) > 5 else False,
        )
        for row in rows
    ]
    return np.array(full, dtype=NOTE)


def pairs(before, after):
    return list(zip(*(x.tolist() for x in match(before, after)), strict=True))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([(0, 60), (1, 60)], [(0.1, 60), (1.1, 60)], [(0, 0), (1, 1)]),
        ([(0, 60), (1, 60)], [(0.9, 60)], [(1, 0)]),
        ([(1, 60)], [(0, 60), (0.9, 60), (3, 60)], [(0, 1)]),
        ([(0, 60)], [(0, 61)], []),
        ([(0, 36)], [(0, 36, 1, 64, 0, True)], []),  # a drum is no note of that pitch
        # the nearest first would pair 1 with 0.9 and leave 0 with 5, 4.9 further than this
        ([(0, 60), (1, 60)], [(0.9, 60), (5, 60)], [(0, 0), (1, 1)]),
        # doubled by two tracks, one of which is gone
        ([(0, 60, 1, 64, 3), (0, 60, 4, 64, 9)], [(0, 60, 4, 64, 9)], [(1, 0)]),
        ([(0, 60, 1), (0, 60, 4)], [(0, 60, 3)], [(1, 0)]),
        ([], [(0, 60)], []),
    ],
)
def test_by_hand(before, after, expected):
    assert pairs(notes(*before), notes(*after)) == expected


times = st.lists(st.integers(0, 40).map(lambda n: n / 4), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None)
@given(times, times)
def test_no_assignment_moves_onsets_less(before, after):
    a, b = (notes(*((t, 60) for t in sorted(side))) for side in (before, after))
    found = match(a, b)
    moved = np.abs(a["time"][found[0]] - b["time"][found[1]]).sum()
    short, long = sorted((a["time"], b["time"]), key=len)
    least = min(
        np.abs(short - np.array(some)).sum() for some in itertools.permutations(long, len(short))
    )
    assert len(set(found[0])) == len(set(found[1])) == len(short)
    assert moved == pytest.approx(least)


def clip_of(rows, tempos=((0, 120.0),), programs=(0,)) -> Clip:
    score = symusic.Score(480)
    for beat, tempo in tempos:
        score.tempos.append(symusic.Tempo(beat * 480, tempo, ttype="tick"))
    for index, program in enumerate(programs):
        track = symusic.Track(program=program)
        for time, duration, pitch, velocity in rows[index :: len(programs)]:
            start, length = round(time * 480), round(duration * 480)
            track.notes.append(symusic.Note(start, length, pitch, velocity, "tick"))
        score.tracks.append(track)
    return Clip(score)


def test_what_is_lost():
    before = clip_of(
        [(0, 1, 60, 64), (2, 1, 62, 80), (4, 1, 64, 96)], [(0, 60.0), (2, 120.0)], (0, 5)
    )
    after = clip_of([(0.5, 1.5, 60, 60), (2.5, 1, 62, 90)])
    lost = losses(before, after)
    assert lost == Losses(
        notes=3,
        lost=1,
        matched=2,
        tuned=2,
        onset=pytest.approx(500 + 250),
        tracks=1,
        tempos=1,
        duration=pytest.approx(0.5),
        velocity=4 + 10,
    )
    assert lost.means() == pytest.approx((1 / 3, 375, 0.25, 7))
    assert total([lost, lost]).means() == pytest.approx((1 / 3, 375, 0.25, 7))
    assert total([lost, lost]).tracks == 2


def test_nothing_is_lost_by_doing_nothing():
    clip = clip_of([(0, 1, 60, 64), (0, 2, 60, 70), (1, 1, 60, 64)], programs=(0, 1))
    assert losses(clip, clip) == Losses(notes=3, matched=3, tuned=3)
    assert np.isnan(total([]).means()).all()
