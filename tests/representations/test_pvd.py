"""p/v/d words: what they keep, what they lose, and what counts as grammatical."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.music.midi import NOTE
from workbench.representations.pvd import CLS, DURATIONS, LENGTH, PAD, PVD, SEP

WITH, WITHOUT = PVD(rhythm=True), PVD(rhythm=False)

grid_notes = st.lists(
    st.tuples(
        st.integers(0, 63),
        st.sampled_from(DURATIONS.tolist()),
        st.integers(28, 100),
        st.integers(0, 7),
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda n: (n[0], n[2]),
)


def clip_of(rows) -> Clip:
    notes = np.array([(t / 4, d / 4, p, 16 * v + 8, 0, False) for t, d, p, v in rows], dtype=NOTE)
    return Clip.from_notes(np.sort(notes, order=["time", "pitch"]), drums=False)


@settings(max_examples=60, deadline=None)
@given(grid_notes)
def test_with_rhythm_nothing_on_the_grid_is_lost(rows):
    clip = clip_of(rows)
    ids = np.concatenate(WITH.words(clip))
    assert len(ids) == 4 * len(rows)
    back = WITH.notes(ids)
    for name in ("duration", "pitch", "velocity"):
        assert back[name].tolist() == clip.notes[name].tolist(), name
    assert (back["time"] % 4).tolist() == (clip.notes["time"] % 4).tolist()
    bars = np.unique(clip.notes["time"] // 4)  # those without a note are not said
    assert (back["time"] // 4).tolist() == np.searchsorted(bars, clip.notes["time"] // 4).tolist()


@settings(max_examples=30, deadline=None)
@given(grid_notes)
def test_without_rhythm_pitches_stay_and_onsets_do_not(rows):
    clip = clip_of(rows)
    ids = np.concatenate(WITHOUT.words(clip))
    assert len(ids) == 3 * len(rows)
    back = WITHOUT.notes(ids)
    order = np.lexsort((clip.notes["pitch"], clip.notes["time"]))
    assert sorted(back["pitch"]) == sorted(clip.notes["pitch"][order])
    assert back["time"].tolist() == [0, *np.cumsum(back["duration"])[:-1]]


@settings(max_examples=40, deadline=None)
@given(grid_notes, st.booleans())
def test_windows_are_130_long_and_grammatical(rows, rhythm):
    code = PVD(rhythm=rhythm)
    windows = code.windows(clip_of(rows), hop=1)
    assert windows.shape[1] == LENGTH
    for row in windows:
        assert row[0] == CLS
        end = int(np.flatnonzero(row == SEP)[0])
        assert (row[end + 1 :] == PAD).all()
        assert (row[1:end] != PAD).all()
    if len(windows):
        assert code.validity(windows) == (1.0, 1.0)


def test_pitches_are_clamped_and_velocities_binned():
    clip = clip_of([(0, 4, 28, 0), (4, 4, 100, 7)])
    far = Clip.from_notes(
        np.array([(0, 1, 5, 1, 0, False), (1, 1, 120, 127, 0, False)], dtype=NOTE), drums=False
    )
    assert [x.tolist() for x in WITH.words(far)] == [x.tolist() for x in WITH.words(clip)]


@pytest.mark.parametrize(
    ("words", "share"),
    [
        ("[CLS] b0 p60 v4 d4 [SEP]", 1.0),
        ("[CLS] b0 p60 v4 d4 o0 p64 v4 d4 o4 p60 v4 d4 b2 p60 v4 d4 o2 p61 v4 d4 [SEP]", 1.0),
        ("[CLS] o0 p60 v4 d4 [SEP]", 4 / 5),  # no bar before the position
        ("[CLS] b4 p60 v4 d4 o2 p60 v4 d4 [SEP]", 8 / 9),  # back in time
        ("[CLS] b4 p60 v4 d4 o4 p60 v4 d4 [SEP]", 8 / 9),  # the same note twice
        ("[CLS] b4 p62 v4 d4 o4 p60 v4 d4 o4 p61 v4 d4 [SEP]", 12 / 13),  # a lower one after it
        ("[CLS] b4 p62 v4 d4 b4 p60 v4 d4 o5 p60 v4 d4 o6 p50 v4 d4 [SEP]", 1.0),
        ("[CLS] b0 p60 d4 v4 [SEP]", 2 / 5),
        ("[CLS] [CLS] b0", 1 / 2),
    ],
)
def test_grammar(words, share):
    ids = np.array([[WITH.names.index(w) for w in words.split()]])
    assert WITH.validity(ids)[0] == pytest.approx(share)
    assert WITH.validity(ids)[1] == float(share == 1)


def test_words_that_make_no_note_are_skipped():
    words = "b1 v3 o2 d4 p60 v4 o3 p61 v4 d4 p62 v1"
    ids = [WITH.names.index(w) for w in words.split()]
    back = WITH.notes(ids)
    assert back["pitch"].tolist() == [61]
    assert back["time"].tolist() == [0.75]
    assert len(WITH.decode([PAD, CLS]).notes) == 0


def test_transposing_keeps_the_range():
    ids = np.array([WITH.names.index(w) for w in ("p60", "v4", "d4", "p99", "[SEP]")])
    moved = [WITH.names[i] for i in WITH.transpose(ids, 3)]
    assert moved == ["p63", "v4", "d4", "p100", "[SEP]"]
    with pytest.raises(PromptError, match="not a word of the"):
        WITH.check(np.array([3, 10_000]))
