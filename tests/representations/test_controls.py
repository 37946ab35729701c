"""Controls: classes of known bars, their tokens, and the texts that name them."""

import numpy as np
import pytest

from tests.representations.test_holes import song_clip
from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.music.notes import NOTE
from workbench.representations.controls import (
    CHORDS,
    FREE,
    KINDS,
    LIMITS,
    Classes,
    Control,
    Controls,
    class_of,
)
from workbench.representations.holes import Hole, answer, question
from workbench.representations.remi import ids_of, table_of
from workbench.representations.tokens import HOLE, Vocabulary


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.train([ids_of(table_of(song_clip(seed=seed))) for seed in range(20)], 640)


def two_bars() -> Clip:
    """A piano's A minor triad on four beats and a drum on eighths; then a bass on F and C."""
    notes = [(beat, 1.0, pitch, 80, 0, False) for beat in range(4) for pitch in (57, 60, 64)]
    notes += [(step / 2, 0.25, 42, 80, 0, True) for step in range(8)]
    notes += [(4 + beat, 2.0, pitch, 80, 33, False) for beat, pitch in ((0, 29), (2, 36))]
    array = np.array(notes, dtype=NOTE)
    return Clip.from_notes(array[np.argsort(array["time"], kind="stable")], tempo=100)


def test_classes_of_known_bars(vocabulary):
    song = table_of(two_bars())
    controls = Controls(vocabulary)
    hole = Hole(0, 2)
    programs = [vocabulary.names[i][8:] for i in hole.tracks(song)]
    found = controls.of(song, hole)
    piano, bass, drums = (programs.index(name) for name in ("0", "33", "-1"))
    expected = [class_of(k, v) for k, v in zip(KINDS, (4, 3, 181 / 3, 1), strict=True)]
    assert found.tracks[0, piano].tolist() == expected
    assert found.tracks[1, bass].tolist() == [
        class_of(k, v) for k, v in zip(KINDS, (2, 1, 32.5, 2), strict=True)
    ]
    assert found.tracks[0, drums].tolist()[:2] == [class_of("density", 8), class_of("polyphony", 1)]
    assert found.tracks[0, drums].tolist()[2:] == [FREE, FREE]
    assert (found.tracks[1, piano] == FREE).all()
    assert [CHORDS[i] for i in found.chords] == ["Am", "F"]


def test_tokens_say_each_class_once_and_are_no_tokens_of_music(vocabulary):
    song, controls, hole = table_of(two_bars()), Controls(vocabulary), Hole(0, 2)
    programs = hole.tracks(song).tolist()
    lines = controls.ids(controls.of(song, hole), programs)
    both = np.concatenate(lines)
    new = both[both >= vocabulary.size]
    assert len(new) == 2 + 4 + 2 + 4  # two chords, piano, drums, bass
    assert new.max() < vocabulary.size + Controls.size
    assert set(both[both < vocabulary.size]) == set(programs)
    every = [
        Controls(vocabulary).ids(Classes(np.array([[[c, c, c, c]]]), np.array([c])), [5])[0]
        for c in range(min(len(limits) + 1 for limits in LIMITS.values()))
    ]
    ids = np.concatenate(every)
    ids = ids[ids >= vocabulary.size]
    assert len(set(ids.tolist())) == len(ids)
    assert [len(line) for line in controls.ids(Classes.free(2, 3), programs)] == [0, 0]


def test_a_question_holds_them_after_each_hole_and_the_answer_stays(vocabulary):
    song, controls, hole = table_of(two_bars()), Controls(vocabulary), Hole(0, 2)
    lines = controls.ids(controls.of(song, hole), hole.tracks(song).tolist())
    asked = question(song, hole, vocabulary, lines)
    for place, line in zip(np.flatnonzero(asked == HOLE), lines, strict=True):
        assert asked[place + 1 : place + 1 + len(line)].tolist() == line.tolist()
    music = asked[asked < vocabulary.size]
    assert len(asked) - len(question(song, hole, vocabulary)) == sum(map(len, lines))
    assert len(music) == len(asked) - 12
    assert (answer(song, hole, vocabulary) < vocabulary.size).all()


def test_thinning_leaves_out_and_never_adds():
    full = Classes(np.ones((8, 3, 4), dtype=int), np.ones(8, dtype=int))
    kept = [full.thinned(np.random.default_rng(seed)) for seed in range(200)]
    assert all(set(np.unique(one.tracks)) <= {FREE, 1} for one in kept)
    bare = sum((one.tracks == FREE).all() and (one.chords == FREE).all() for one in kept)
    assert 60 < bare < 160
    assert any((one.tracks[:, :, 0] == 1).all() for one in kept)


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("density=6", Control(density=6)),
        ("chord=F#m bars=9-12", Control(chord="F#m", bars=(8, 12))),
        ("register=72.5 tracks=#1,drums,0", Control(register=72.5, tracks=["#1", "drums", 0])),
        ("polyphony=2 length=0.5 bars=3", Control(polyphony=2, length=0.5, bars=(2, 3))),
        ("density=0 bars=-3-0", Control(density=0, bars=(-4, 0))),  # before the song
        ("register=60 bars=-3--2", Control(register=60, bars=(-4, -2))),
    ],
)
def test_texts_and_controls_are_the_same(text, control):
    assert Control.read(text) == control
    assert Control.read(str(control)) == control


@pytest.mark.parametrize(
    "text",
    [
        "density",
        "density=x",
        "loudness=3",
        "bars=2-0",
        "bars=x",
        "chord=H",
        "density=-1",
        "length=1 length=2",
    ],
)
def test_other_texts_are_refused(text):
    with pytest.raises(PromptError):
        Control.read(text)
