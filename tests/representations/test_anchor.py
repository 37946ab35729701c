"""The place of a song that is most like a hole, and its echo."""

from dataclasses import replace

import numpy as np
import pytest

from tests.representations.test_holes import song_clip, vocabulary_apart
from workbench.representations.anchor import SURE, Anchor, Where, place_like
from workbench.representations.control_rule import ControlTables
from workbench.representations.grammar import TokenGrammar
from workbench.representations.holes import BAR, PITCH, PROGRAM, Hole, answer, transpose
from workbench.representations.remi import RemiSong, table_of
from workbench.representations.tokens import END, Vocabulary


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return vocabulary_apart()


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


def test_the_place_most_like_a_hole_is_its_repetition(vocabulary):
    song = twice()
    place = place_like(song, Hole(10, 12), vocabulary)
    assert (place.first, place.shift) == (2, 0)
    assert place.likeness == pytest.approx(1.0, abs=0.26)
    assert place_like(song, Hole(2, 4), vocabulary).first == 10


@pytest.mark.parametrize("steps", [-3, 2, 6])
def test_a_repetition_in_another_key_is_transposed(vocabulary, steps):
    song = twice()
    moved = transpose(song, steps, vocabulary).notes
    again = song.notes[:, BAR] >= 8
    other = replace(song, notes=np.where(again[:, None], moved, song.notes))
    place, same = (place_like(one, Hole(10, 12), vocabulary) for one in (other, song))
    assert (place.first, place.shift) == (2, steps)
    # the bars before the repetition are in the old key; nearly all others are compared
    assert place.tuned == pytest.approx(same.tuned, abs=0.1)


def test_drums_say_nothing_about_the_key(vocabulary):
    """Drums that are the same in all bars, and a track that never repeats."""
    song = table_of(song_clip())
    drums = vocabulary.id("Program_-1")
    note = song.notes[song.notes[:, PROGRAM] != drums][:1]
    rows = []
    for bar in range(12):
        melody = note.copy()
        melody[0, [BAR, 1]] = bar, bar % 12
        melody[0, PITCH] += bar * (bar + 1) // 2
        rows.append(melody)
        for position in range(0, 48, 4):
            hit = note.copy()
            hit[0, [BAR, 1, PROGRAM]] = bar, position, drums
            hit[0, PITCH] = vocabulary.id("PitchDrum_36")
            rows.append(hit)
    place = place_like(
        RemiSong(np.concatenate(rows), np.full(12, song.bars[0])), Hole(5, 7), vocabulary
    )
    assert place.likeness > SURE > place.tuned


def test_the_hole_itself_is_not_compared(vocabulary):
    song = twice()
    notes = song.notes.copy()
    inside = (notes[:, BAR] >= 10) & (notes[:, BAR] < 12)
    notes[inside, PITCH] += 1
    hole = Hole(10, 12)
    assert place_like(replace(song, notes=notes), hole, vocabulary) == place_like(
        song, hole, vocabulary
    )


def test_other_tracks_in_the_hole_are_compared(vocabulary):
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
    assert place_like(alike, Hole(8, 9, (first,)), vocabulary).first == 3


def test_a_place_has_the_metres_of_the_hole(vocabulary):
    song = twice()
    bars = song.bars.copy()
    bars[2] += 1  # another metre
    assert place_like(replace(song, bars=bars), Hole(10, 12), vocabulary).first != 2
    assert place_like(song, Hole(0, 16), vocabulary).likeness == 0


def test_what_follows_its_echoes_is_the_place(vocabulary, events):
    song, hole = twice(), Hole(10, 12)
    anchor, where = Anchor(song, hole, 2, vocabulary, events), Where()
    found: list[int] = []
    while not found or found[-1] != END:
        found.append(anchor.after(where))
        where.add(events[found[-1]] if found[-1] != END else ())
    assert found == answer(song, hole, vocabulary).tolist()


def test_a_place_in_another_key_is_followed_in_this_one(vocabulary, events):
    song, hole = twice(), Hole(10, 12)
    anchor, where = Anchor(song, hole, 2, vocabulary, events, shift=3), Where()
    true = answer(transpose(song, 3, vocabulary), hole, vocabulary).tolist()
    for token in true[:-1]:
        assert anchor.after(where) == token
        where.add(events[token])


def test_a_filling_that_left_the_place_still_has_its_echo(vocabulary, events):
    """Each tuned note has another pitch. What follows a pitch is as at the place nevertheless."""
    song, hole = twice(), Hole(10, 12)
    notes = song.notes.copy()
    tuned = notes[:, PROGRAM] != vocabulary.id("Program_-1")
    moved = (notes[:, BAR] >= 10) & (notes[:, BAR] < 12) & tuned
    notes[moved, PITCH] += 1
    other = answer(replace(song, notes=notes), hole, vocabulary).tolist()
    true = answer(song, hole, vocabulary).tolist()
    anchor, where, hits = Anchor(song, hole, 2, vocabulary, events), Where(), []
    for token, original in zip(other, true, strict=True):
        hits.append(anchor.after(where) == original)
        where.add(events[token] if token != END else ())
    different = np.array(other) != np.array(true)
    assert different.sum() == moved.sum()  # the pitches
    assert np.mean(np.array(hits)[~different]) == 1


def test_an_accompaniment_that_stays_the_same_says_nothing_about_a_melody(vocabulary):
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
    assert place_like(alone, Hole(6, 8, (first,)), vocabulary).likeness == 0
    # A third of the notes in three quarters of the bars beside; none in the hole's other track.
    other = place_like(alone, Hole(6, 8, (second,)), vocabulary)
    assert other.likeness == pytest.approx(1 / 3 * 3 / 4 / 2)
