"""What fillings follow of their song, and how much they leave free."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.representations.test_holes import song_clip, vocabulary_apart
from workbench.representations.control_rule import ControlTables
from workbench.representations.grammar import TokenGrammar
from workbench.representations.hints import Hints
from workbench.representations.holes import BAR, PITCH, PROGRAM, Hole, answer, memory, question
from workbench.representations.remi import RemiSong, table_of
from workbench.representations.tokens import Vocabulary
from workbench.systems.midigpt import echoing
from workbench.systems.midigpt.echoing import ECHO, SUREST, SongEchoes, foreign, freedom

HOLE = Hole(10, 12)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return vocabulary_apart()


@pytest.fixture(scope="module")
def events(vocabulary):
    return ControlTables(TokenGrammar(vocabulary), vocabulary).events


@pytest.fixture(scope="module")
def song() -> RemiSong:
    """A song that is played twice."""
    once = table_of(song_clip())
    once = RemiSong(once.notes[once.notes[:, BAR] < 8], once.bars[:8])
    again = once.notes.copy()
    again[:, BAR] += 8
    return RemiSong(np.concatenate([once.notes, again]), np.tile(once.bars, 2))


def followed(song, vocabulary, events, rates, **place):
    """Return the tokens of the true bars, and of each row the echoes and their reach before each
    of them: (tokens,), (tokens, rows), (tokens, rows). place: what is changed in the place."""
    echoes = SongEchoes.of(song, HOLE, vocabulary, events)
    echoes = replace(echoes, place=replace(echoes.place, **place))
    known, asked = memory(song, HOLE, vocabulary), question(song, HOLE, vocabulary)
    pull = echoes.pull(Hints(vocabulary), asked, known, song, HOLE, range(len(rates)), rates)
    true, last, found = answer(song, HOLE, vocabulary), None, []
    for token in true.tolist():
        found.append(pull(last))
        last = torch.full((len(rates),), token)
    tokens, reach = (torch.stack(part).numpy() for part in zip(*found, strict=True))
    return true, tokens, reach


def test_a_repetition_is_followed(song, vocabulary, events):
    true, tokens, reach = followed(song, vocabulary, events, [0.0])
    assert (tokens[:, 0] == true).all()
    assert reach.min() > 0.7 * SUREST / ECHO


def test_a_free_version_has_no_echo_and_another_one_has_some(song, vocabulary, events):
    _, _, reach = followed(song, vocabulary, events, [0.0, 0.5, 1.0])
    share = (reach > 0).mean(0)
    assert share[0] == 1
    assert 0.1 < share[1] < 0.9
    assert share[2] == 0


def test_what_is_free_depends_on_the_seed_alone():
    one, two = freedom([3, 4], [0.4, 0.4], 8), freedom([4], [0.4], 8)
    assert (one[1] == two[0]).all()
    assert (one[0] != one[1]).any()
    assert one.mean() == pytest.approx(0.4, abs=0.05)
    assert (freedom([3], [0.2], 8)[0] <= one[0]).all()  # a higher rate leaves more free


def test_pitch_classes_that_are_not_around_are_foreign(song, vocabulary, events):
    notes = song.notes.copy()
    tuned = notes[:, PROGRAM] != vocabulary.id("Program_-1")
    notes[tuned, PITCH] = vocabulary.id("Pitch_60")
    inside = tuned & HOLE.covers(song)
    notes[inside, PITCH] = vocabulary.id("Pitch_61")  # does not count
    found = foreign(replace(song, notes=notes), HOLE, vocabulary, events)
    for token, own in enumerate(events):
        pitches = [value for kind, value in own if kind == "Pitch"]
        assert found[token] == any(pitch % 12 for pitch in pitches), token
    assert not foreign(replace(song, notes=notes[~tuned]), HOLE, vocabulary, events).any()


def test_foreign_pitches_are_followed_only_where_the_place_is_alike_beyond_doubt(
    song, vocabulary, events, monkeypatch
):
    away = np.array([any(kind == "Pitch" for kind, _ in own) for own in events])
    monkeypatch.setattr(echoing, "foreign", lambda *_: away)
    shares = []
    for tuned in (0.4, 0.9):
        _, tokens, reach = followed(song, vocabulary, events, [0.0], tuned=tuned)
        shares.append(float(away[tokens[reach > 0]].mean()))
    assert shares[0] == 0 < shares[1]


def test_the_first_version_leaves_less_free(song, vocabulary, events):
    echoes = SongEchoes.of(song, HOLE, vocabulary, events)
    rates = echoes.rates(3, 2)
    assert len(rates) == 6
    assert 0 < max(rates[:2]) < min(rates[2:])
    assert echoes.rates(2, 2) == rates[:4]


def test_the_network_is_shown_no_foreign_echoes(song, vocabulary, events):
    """What the hints of the question say stays."""
    hints, known = Hints(vocabulary), memory(song, HOLE, vocabulary)
    echoes = SongEchoes.of(song, HOLE, vocabulary, events)
    away = np.array([any(kind == "Pitch" for kind, _ in own) for own in events])
    asked, true = question(song, HOLE, vocabulary), answer(song, HOLE, vocabulary)
    shown, all_ = (
        [follow(None), *(follow(torch.tensor([token])) for token in true.tolist())]
        for follow in (
            replace(echoes, foreign=away).near(hints.follow(asked, 1, known)),
            hints.follow(asked, 1, known),
        )
    )
    assert torch.equal(shown[0], all_[0])
    one, other = (torch.cat(part[1:], 1)[0].numpy() for part in (shown, all_))
    pitched = away[other[:, 0]]
    assert pitched.any()
    assert (one[pitched, :2] == 0).all()
    assert (one[~pitched] == other[~pitched]).all()
    assert (one[:, 2] == other[:, 2]).all()  # the time


def test_foreign_tokens_are_less_likely_unless_a_chord_is_asked_for(song, vocabulary, events):
    echoes = SongEchoes.of(song, HOLE, vocabulary, events)
    echoes = replace(echoes, foreign=np.arange(len(events)) == 9)
    bias = echoes.bias()
    assert bias[9] < 0
    assert (bias != 0).sum() == 1
    assert not echoes.in_any_key().bias().any()
