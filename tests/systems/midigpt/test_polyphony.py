"""Notes that are held to what a song sounds at once, counted tick by tick."""

import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.music.columns import NAMES
from workbench.systems.midigpt.polyphony import Most, reached, thin, thinned, usual

NOTES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 30), st.integers(40, 80)), min_size=1, max_size=12
)


def columns(rows):
    """Notes from (onset, duration, pitch)."""
    table = np.array([(*row, 64) for row in rows], dtype=np.int64).reshape(-1, 4)
    return dict(zip(NAMES, table.T, strict=True))


def sounding(rows, tick):
    return sum(onset <= tick < onset + length for onset, length, *_ in rows)


def struck(rows, tick):
    return sum(onset == tick for onset, *_ in rows)


@given(NOTES)
@settings(max_examples=50, deadline=None)
def test_what_is_reached_is_counted_tick_by_tick(rows):
    most = reached(columns(rows))
    assert most.sounding == max(sounding(rows, tick) for tick in range(100))
    assert most.struck == max(struck(rows, tick) for tick in range(100))


@given(NOTES, NOTES, st.integers(1, 4), st.integers(1, 6))
@settings(max_examples=80, deadline=None)
def test_no_more_than_allowed_are_struck_or_sound(there, new, hits, voices):
    """But what stays anyhow; and where there is room for all nothing changes."""
    keep, lengths = thinned(columns(there), columns(new), Most(hits, voices))
    rows = zip(new, keep.tolist(), lengths.tolist(), strict=True)
    after = [(onset, length, pitch) for (onset, _, pitch), kept, length in rows if kept]
    for tick in range(100):
        assert sounding(there + after, tick) <= max(voices, sounding(there, tick))
        assert struck(there + after, tick) <= max(hits, struck(there, tick))
    assert all(1 <= length <= row[1] for row, length in zip(new, lengths.tolist(), strict=True))
    both = [(sounding(there + new, t), struck(there + new, t)) for t in range(100)]
    if all(a <= voices and b <= hits for a, b in both):
        assert after == new


@pytest.mark.parametrize(
    ("seats", "left"), [(0, []), (1, [72]), (2, [48, 72]), (3, [48, 67, 72]), (4, [48, 60, 67, 72])]
)
def test_of_a_chord_the_outer_notes_stay(seats, left):
    chord = columns([(0, 9, pitch) for pitch in (60, 48, 72, 67)])
    keep, _ = thinned(columns([]), chord, Most(seats, 9))
    assert sorted(chord["pitch"][keep].tolist()) == left


def score_of(*tracks):
    score = symusic.Score(480)
    for rows, drums in tracks:
        score.tracks.append(symusic.Track("", 0, drums))
        for onset, length, pitch in rows:
            score.tracks[-1].notes.append(symusic.Note(onset, length, pitch, 64))
    return score


SCALE = [(480 * i, 480, 60 + i) for i in range(8)]
BASS = [(960 * i, 960, 40 + i) for i in range(4)]
CHORD = columns([(4000, 300, pitch) for pitch in range(70, 80)])


def test_tracks_together_reach_no_more_than_ever():
    """Each alone might have more: two voices here, that never play more than two notes."""
    score = score_of((SCALE, False), ([(0, 4800, 50), *BASS], False))
    fresh = {0: CHORD}
    thin(score, fresh, {})
    assert len(fresh[0]["time"]) == 1  # a track of single notes
    score = score_of((SCALE, False), (BASS, False))
    score.tracks[1].notes.append(symusic.Note(3840, 960, 44, 64))
    score.tracks[0].notes.append(symusic.Note(0, 100, 80, 64))  # two voices, once
    fresh = {0: columns([(4000, 300, 70), (4000, 300, 75)])}
    thin(score, fresh, {})
    assert len(fresh[0]["time"]) == 2  # as three sound at the beginning
    fresh = {1: columns([(4000, 300, 30), (4000, 300, 35)])}
    thin(score, fresh, {})
    assert len(fresh[1]["time"]) == 0  # the bass plays one note, and one is held


def test_drums_are_held_to_what_they_strike():
    score = score_of((SCALE, False), ([(240 * i, 60, 36 + i % 2) for i in range(16)], True))
    fresh = {1: columns([(4000, 60, pitch) for pitch in range(36, 48)])}
    thin(score, fresh, {})
    assert len(fresh[1]["time"]) == 1


def test_one_channel_is_one_instrument():
    """Of two staves on a channel, that together never play more than a note at once."""
    score = score_of(([(0, 480, 60), (960, 480, 62)], False), ([(480, 480, 50)] * 1, False))
    score.tracks[1].notes.append(symusic.Note(3900, 480, 52, 64))
    score.tracks.append(symusic.Track("", 0, False))
    for onset in (0, 3900):  # elsewhere there is more
        for pitch in (30, 33, 37):
            score.tracks[2].notes.append(symusic.Note(onset, 480, pitch, 64))
    fresh = {0: columns([(4000, 100, 64), (4400, 100, 65)])}
    thin(score, fresh, {}, [(0, 1)])
    assert fresh[0]["time"].tolist() == [4400]


def test_what_nothing_is_known_of_does_what_is_usual():
    score = score_of((SCALE, False), ([], False), ([], False))
    fresh = {1: CHORD}
    thin(score, fresh, {1: usual(40, 0)})
    assert 1 <= len(fresh[1]["time"]) <= 2
    fresh = {2: CHORD}
    thin(score, fresh, {2: usual(0, 0)})
    assert 1 <= len(fresh[2]["time"]) <= 1 + usual(0, 0).struck
    empty = score_of(([], False))
    fresh = {0: CHORD}
    thin(empty, fresh, {0: usual(0, 0)})
    assert len(fresh[0]["time"]) == usual(0, 0).struck
    assert usual(73, 25) == Most(1, 1)  # a flute
    assert usual(-1, -1).struck <= 4  # two hands, two feet


def test_an_added_track_adds_its_own_limit():
    """Beside a piano that plays as many as the song ever has, an added flute plays all its notes,
    also where the piano strikes."""
    chords = [(1920 * i, 1920, pitch) for i in range(8) for pitch in (48, 52, 55)]
    score = score_of((chords, False), ([], False))
    fresh = {1: columns([(1920 + 480 * i, 480, 72 + i) for i in range(4)])}
    thin(score, fresh, {1: Most(1, 1)})
    assert len(fresh[1]["time"]) == 4
