"""The place of a song that is most like a hole, and its echo."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.representations.test_holes import song_clip
from workbench.representations.anchor import Anchor, place_like
from workbench.representations.control_rule import ControlTables
from workbench.representations.grammar import TokenGrammar
from workbench.representations.holes import BAR, PITCH, PROGRAM, Hole, answer
from workbench.representations.remi import RemiSong, ids_of, table_of
from workbench.representations.tokens import END, Vocabulary


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    songs = [ids_of(table_of(song_clip(seed=seed))) for seed in range(8)]
    return Vocabulary.train(songs, 640, apart=True)  # pitches are tokens of their own


@pytest.fixture(scope="module")
def events(vocabulary):
    return ControlTables(TokenGrammar(vocabulary), vocabulary).events


def twice(seed: int = 0, bars: int = 8) -> RemiSong:
    """A song that is played twice."""
    once = table_of(song_clip(seed=seed))
    once = RemiSong(once.notes[once.notes[:, BAR] < bars], once.bars[:bars])
    again = once.notes.copy()
    again[:, BAR] += bars
    return RemiSong(np.concatenate([once.notes, again]), np.tile(once.bars, 2))


def test_the_place_most_like_a_hole_is_its_repetition():
    song = twice()
    assert place_like(song, Hole(10, 12)) == (2, pytest.approx(1.0, abs=0.26))
    assert place_like(song, Hole(2, 4))[0] == 10


def test_the_hole_itself_is_not_compared():
    song = twice()
    notes = song.notes.copy()
    inside = (notes[:, BAR] >= 10) & (notes[:, BAR] < 12)
    notes[inside, PITCH] += 1
    assert place_like(replace(song, notes=notes), Hole(10, 12)) == place_like(song, Hole(10, 12))


def test_other_tracks_in_the_hole_are_compared():
    """Where the bars beside are alike everywhere, the other track shows the place."""
    song = twice()
    first, second = np.unique(song.notes[:, PROGRAM])[:2].tolist()
    one = song.notes[(song.notes[:, PROGRAM] == first) & (song.notes[:, BAR] == 0)]
    rows = []
    for bar in range(12):
        row = one.copy()
        row[:, BAR] = bar
        rows.append(row)
        if bar in (3, 8):
            mark = one[:1].copy()
            mark[:, [BAR, PROGRAM]] = bar, second
            rows.append(mark)
    notes = np.concatenate(rows)
    notes = notes[np.lexsort((notes[:, PROGRAM], notes[:, 1], notes[:, BAR]))]
    alike = RemiSong(notes, np.full(12, song.bars[0]))
    assert place_like(alike, Hole(8, 9, (first,)))[0] == 3


def test_a_place_has_the_metres_of_the_hole():
    song = twice()
    bars = song.bars.copy()
    bars[2] += 1  # another metre
    assert place_like(replace(song, bars=bars), Hole(10, 12))[0] != 2
    assert place_like(song, Hole(0, 16)) == (0, 0.0)


def test_what_follows_its_echoes_is_the_place(vocabulary, events):
    song, hole = twice(), Hole(10, 12)
    follow = Anchor(song, hole, 2, vocabulary, events).follow(2, 0.7)
    last, found = None, []
    while not found or found[-1] != END:
        tokens, reach = follow(last)
        assert reach.tolist() == pytest.approx([0.7, 0.7])
        assert tokens[0] == tokens[1]
        found.append(int(tokens[0]))
        last = tokens
    assert found == answer(song, hole, vocabulary).tolist()


def test_a_filling_that_left_the_place_still_has_its_echo(vocabulary, events):
    """Each tuned note has another pitch. What follows a pitch is as at the place nevertheless."""
    song, hole = twice(), Hole(10, 12)
    notes = song.notes.copy()
    tuned = notes[:, PROGRAM] != vocabulary.id("Program_-1")
    moved = (notes[:, BAR] >= 10) & (notes[:, BAR] < 12) & tuned
    notes[moved, PITCH] += 1
    other = answer(replace(song, notes=notes), hole, vocabulary).tolist()
    true = answer(song, hole, vocabulary).tolist()
    follow = Anchor(song, hole, 2, vocabulary, events).follow(1, 1.0)
    last, hits = None, []
    for token, original in zip(other, true, strict=True):
        hits.append(int(follow(last)[0][0]) == original)
        last = torch.tensor([token])
    different = np.array(other) != np.array(true)
    assert different.sum() == moved.sum()  # the pitches
    assert np.mean(np.array(hits)[~different]) == 1


def test_an_accompaniment_that_stays_the_same_says_nothing_about_a_melody():
    """A melody without repetition over one track that is the same in all bars."""
    song = table_of(song_clip())
    first, second = np.unique(song.notes[:, PROGRAM])[:2].tolist()
    note = song.notes[song.notes[:, PROGRAM] == first][:1]
    rows = []
    for bar in range(12):
        melody, still = note.copy(), note.copy()
        melody[0, BAR], still[0, [BAR, PROGRAM]] = bar, (bar, second)
        melody[0, PITCH] += bar
        rows += [melody, still]
    alone = RemiSong(np.concatenate(rows), np.full(12, song.bars[0]))
    assert place_like(alone, Hole(6, 8, (first,)))[1] == 0.0
    # A third of the notes in three quarters of the bars beside; none in the hole's other track.
    assert place_like(alone, Hole(6, 8, (second,)))[1] == pytest.approx(1 / 3 * 3 / 4 / 2)
