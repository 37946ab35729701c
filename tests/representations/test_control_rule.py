"""The rule that keeps controls, on sequences sampled without any network."""

import numpy as np
import pytest
import torch

from tests.systems.midigpt.test_system import song
from workbench.music.clip import Clip
from workbench.representations.control_rule import ControlRule, ControlTables, limits_of
from workbench.representations.controls import (
    CHORDS,
    FREE,
    KINDS,
    LIMITS,
    Classes,
    Controls,
    class_of,
)
from workbench.representations.grammar import HoleRule, TokenGrammar
from workbench.representations.holes import Hole
from workbench.representations.remi import RemiSong, ids_of, table_of
from workbench.representations.tokens import END, Vocabulary

BARS = 3


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    tables = [table_of(Clip(song(seed=seed)).score) for seed in range(8)]
    return Vocabulary.train([ids_of(table) for table in tables], 700, apart=True)


@pytest.fixture(scope="module")
def facts(vocabulary):
    grammar = TokenGrammar(vocabulary)
    return grammar, ControlTables(grammar, vocabulary), Controls(vocabulary)


def sampled(vocabulary, facts, names, classes: Classes | None, n: int, seed: int, **more):
    """Fillings by a model to which all tokens are alike, as (Hole, songs)."""
    grammar, tables, _ = facts
    metre = vocabulary.id("TimeSig_4/4")
    programs = [vocabulary.id(f"Program_{name}") for name in names]
    arguments = (grammar, n, [metre] * BARS, programs)
    if classes is None:
        rule = HoleRule(*arguments)
    else:
        rule = ControlRule(tables, classes, *arguments, vocabulary.names, **more)
    random, last, rows = torch.Generator().manual_seed(seed), None, []
    for _ in range(1200):
        last = torch.multinomial(rule(last).float(), 1, generator=random).squeeze(1)
        rows.append(last)
        if (last == END).all():
            break
    songs = []
    for row in torch.stack(rows, 1).tolist():
        ids = vocabulary.decode(row[: row.index(END)] if END in row else row)
        songs.append(RemiSong.from_ids(ids))
    return Hole(0, BARS, tuple(programs)), songs


def kept(kind: str, hole: Hole, songs, classes: Classes, controls: Controls) -> float:
    """The share of tracks and bars that have the requested class."""
    right, count, at = 0, 0, KINDS.index(kind)
    for made in songs:
        found = controls.of(made, hole).tracks[..., at]
        given = classes.tracks[..., at] != FREE
        right += int((found == classes.tracks[..., at])[given].sum())
        count += int(given.sum())
    return right / count


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [0, 1, 3])
def test_what_is_requested_of_a_track_is_kept(vocabulary, facts, kind, number):
    number = min(number, len(LIMITS[kind]) - 1) + (3 if kind == "register" else 0)
    classes = Classes.free(BARS, 2)
    classes.tracks[:, 0, KINDS.index(kind)] = number
    hole, songs = sampled(vocabulary, facts, ("0", "53"), classes, 6, seed=1)
    _, free = sampled(vocabulary, facts, ("0", "53"), None, 6, seed=1)
    controls = facts[2]
    right, by_chance = (kept(kind, hole, made, classes, controls) for made in (songs, free))
    assert right >= max(0.85, by_chance)
    assert by_chance < 0.7 or number == 0  # single notes come by themselves


def test_two_tracks_keep_all_their_requests_at_once(vocabulary, facts):
    classes = Classes.free(BARS, 2)
    classes.tracks[:, 0] = (3, 1, 5, 1)
    classes.tracks[:, 1] = (1, 0, 7, 2)
    hole, songs = sampled(vocabulary, facts, ("0", "53"), classes, 6, seed=2)
    for kind in KINDS:
        assert kept(kind, hole, songs, classes, facts[2]) >= 0.75, kind


@pytest.mark.parametrize("chord", ["C", "F#m"])
def test_a_bar_has_the_sound_of_its_chord(vocabulary, facts, chord):
    classes = Classes(np.full((BARS, 1, len(KINDS)), FREE), np.full(BARS, CHORDS.index(chord)))
    hole, songs = sampled(vocabulary, facts, ("0",), classes, 6, seed=3)
    found = np.concatenate([facts[2].of(made, hole).chords for made in songs])
    _, free = sampled(vocabulary, facts, ("0",), None, 6, seed=3)
    by_chance = np.concatenate([facts[2].of(made, hole).chords for made in free])
    assert (found == CHORDS.index(chord)).mean() >= 0.7
    assert (by_chance == CHORDS.index(chord)).mean() <= 0.2


def test_three_tracks_keep_their_density_in_a_short_bar(vocabulary, facts):
    """Each needs five of a beat's twelve places, and only four notes may be struck at one."""
    grammar, tables, controls = facts
    names, n = ("0", "25", "53"), 6
    programs = [vocabulary.id(f"Program_{name}") for name in names]
    classes = Classes.free(1, 3)
    classes.tracks[:, :, 0] = 3
    rule = ControlRule(
        tables,
        classes,
        grammar,
        n,
        [vocabulary.id("TimeSig_4/4")],
        programs,
        vocabulary.names,
        lengths=[12],
        together=4,
    )
    random, last, rows = torch.Generator().manual_seed(6), None, []
    for _ in range(600):
        last = torch.multinomial(rule(last).float(), 1, generator=random).squeeze(1)
        rows.append(last)
        if (last == END).all():
            break
    hole = Hole(0, 1, tuple(programs))
    songs = [
        RemiSong.from_ids(vocabulary.decode(row[: row.index(END)] if END in row else row))
        for row in torch.stack(rows, 1).tolist()
    ]
    assert kept("density", hole, songs, classes, controls) >= 0.8


def test_drums_keep_their_density(vocabulary, facts):
    classes = Classes.free(BARS, 1)
    classes.tracks[:, 0, 0] = 4
    hole, songs = sampled(vocabulary, facts, ("-1",), classes, 4, seed=4)
    assert kept("density", hole, songs, classes, facts[2]) >= 0.9


def test_drums_are_struck_together_as_often_as_is_usual(vocabulary, facts):
    """Six positions and six notes at most; where these are used up, single notes may follow."""
    found = []
    for most in (6, 0):
        usual = np.tile([2, 6, most], (BARS, 1, 1))
        _, songs = sampled(vocabulary, facts, ["-1"], Classes.free(BARS, 1), 8, seed=4, usual=usual)
        places = [np.unique(song.notes[:, :2], axis=0)[:, 0] for song in songs]
        counts = [np.bincount(one, minlength=BARS) for one in places]
        assert all((one <= 6).all() for one in counts)
        assert not any((one[:-1] + one[1:] == 0).any() for one in counts)  # no two silent bars
        notes = [np.bincount(song.notes[:, 0], minlength=BARS).max() for song in songs]
        found.append(max(notes))
    assert found[0] <= 7 < found[1]


def test_without_requests_it_is_the_rule_of_the_hole(vocabulary, facts):
    names = ("0", "-1")
    _, free = sampled(vocabulary, facts, names, None, 3, seed=5)
    _, same = sampled(vocabulary, facts, names, Classes.free(BARS, 2), 3, seed=5)
    for a, b in zip(free, same, strict=True):
        assert np.array_equal(a.notes, b.notes)


@pytest.mark.parametrize("kind", KINDS)
def test_the_limits_of_a_class_are_those_by_which_it_is_found(kind):
    for number in range(len(LIMITS[kind]) + 1):
        low, high = limits_of(kind, number)
        assert class_of(kind, low) == number
        assert class_of(kind, min(high, 1e6) - 1e-3) == number


def test_a_track_may_rest_for_a_bar_and_must_then_play(vocabulary, facts):
    """Nothing is requested; the usual least number of positions is 2."""
    grammar, tables, _ = facts
    metre, own = vocabulary.id("TimeSig_4/4"), vocabulary.id("Program_0")
    bar = torch.tensor([vocabulary.id("Bar_None")])
    usual = np.tile([2, 0, 0], (BARS, 1, 1))
    rest = (grammar, 1, [metre] * BARS, [own], vocabulary.names)
    rule = ControlRule(tables, Classes.free(BARS, 1), *rest, usual=usual)
    may_end = []
    for _ in range(2):
        rule(bar)
        may_end.append(rule(torch.tensor([metre]))[0, bar].item())
    assert may_end == [True, False]  # the first bar may stay empty, the second may not
    asked = Classes.free(BARS, 1)
    asked.tracks[:, 0, KINDS.index("density")] = class_of("density", 2)
    rule = ControlRule(tables, asked, *rest)
    rule(bar)
    assert not rule(torch.tensor([metre]))[0, bar].item()  # what is requested holds in each bar
