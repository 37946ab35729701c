"""Hints: echoes by their definition, times by the bars of the song, and both token by token."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.representations.test_holes import song_clip
from workbench.representations.hints import ECHO, ORDERS, REACH, TIME, Hints, _echoes_after
from workbench.representations.holes import Hole, answer, bars_of, memory, part, question, song_ids
from workbench.representations.remi import RemiSong, ids_of, table_of
from workbench.representations.tokens import BOS, END, FILL, Vocabulary


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.train([ids_of(table_of(song_clip(seed=seed))) for seed in range(20)], 640)


@pytest.fixture(scope="module")
def song() -> RemiSong:
    table = table_of(song_clip(bars=6, seed=99))
    again = table.notes.copy()  # the same six bars twice, so that there is something to repeat
    again[:, 0] += 6
    return RemiSong(np.concatenate([table.notes, again]), np.tile(table.bars[:6], 2))


def by_definition(ids: list[int]) -> list[tuple[int, int]]:
    """The echo after each token, by comparing all tails with all earlier ones."""
    found = []
    for end in range(1, len(ids) + 1):
        best = (0, 0)
        for level, order in enumerate(ORDERS, 1):
            places = [i for i in range(order, end) if ids[i - order : i] == ids[end - order : end]]
            if end >= order and places:
                best = (ids[places[-1]], level)
        found.append(best)
    return found


@settings(max_examples=60, deadline=None)
@given(
    known=st.lists(st.integers(1, 3), min_size=1, max_size=40),
    new=st.lists(st.integers(1, 3), max_size=40),
)
def test_echoes_by_their_definition(known, new):
    expected = by_definition([*known, *new])[len(known) - 1 :]
    assert _echoes_after(known, np.array(new, dtype=int)).tolist() == [list(e) for e in expected]


def test_what_stands_before_an_answer_may_be_outside_the_memory(vocabulary):
    """The tail 8, 9 occurs in the memory, where 7 follows; the memory's own end would give 8."""
    known = [7, 8, 9, 7, 9, 9, 8, 7]
    hints = Hints(vocabulary)
    echo, reach = hints.recall([BOS, FILL], 1, known, [9, 8, 9])(None)
    assert (echo.item(), reach.item()) == (7, 1 / len(ORDERS))
    assert hints.recall([BOS, FILL], 1, known)(None)[0].item() == 0


@settings(max_examples=60, deadline=None)
@given(
    known=st.lists(st.integers(7, 9), min_size=1, max_size=40),
    new=st.lists(st.integers(7, 9), max_size=30),
)
def test_what_is_recalled_is_in_the_memory_alone(vocabulary, known, new):
    """By comparing all tails with those of the memory that have a successor in it."""
    recall = Hints(vocabulary).recall([BOS, FILL], 2, memory=known)
    for count in range(len(new) + 1):
        last = torch.tensor([new[count - 1]] * 2) if count else None
        ids, best = [*known, *new[:count]], (0, 0)
        for level, order in enumerate(ORDERS, 1):
            ends = range(order, len(known))
            places = [i for i in ends if known[i - order : i] == ids[len(ids) - order :]]
            if len(ids) >= order and places:
                best = (known[places[-1]], level)
        echo, reach = recall(last)
        assert echo.tolist() == [best[0]] * 2
        assert reach.tolist() == [best[1] / len(ORDERS)] * 2


def test_a_repeated_section_is_its_own_echo(vocabulary, song):
    ids = song_ids(song, vocabulary, ends=False)
    hints = Hints(vocabulary).of(ids)
    half = 1 + sum(len(bar) for bar in bars_of(song, vocabulary)[:6])
    late = slice(half + ORDERS[-1], len(ids) - 1)
    assert (hints[late, ECHO] == ids[half + ORDERS[-1] + 1 :]).all()
    assert (hints[late, REACH] == len(ORDERS)).all()


def test_times_are_those_of_the_song(vocabulary, song):
    hints, hole = Hints(vocabulary), Hole(4, 7, (vocabulary.id("Program_53"),))
    asked, filled = question(song, hole, vocabulary), answer(song, hole, vocabulary)
    times = hints.times(np.concatenate([asked, filled]))
    sizes = [len(bar) for bar in bars_of(part(song, 0, 4), vocabulary)]
    before = times[len(asked) - 1 - sum(sizes) : len(asked) - 1]
    for number, own in enumerate(np.split(before, np.cumsum(sizes)[:-1])):
        assert own.min() == 48 * (number - 4)
        assert own.max() < 48 * (number - 3)
        assert (np.diff(own) >= 0).all()
    assert times[len(asked) - 1] == 0
    inside = part(song, 4, 7).notes
    inside = inside[inside[:, 2] == vocabulary.id("Program_53")]
    last = inside[-1]
    assert times[-1] == 48 * last[0] + last[1]  # of END
    after = sum(len(bar) for bar in bars_of(part(song, 7, 12), vocabulary))
    end = len(asked) - 1 - sum(sizes) - 1  # the list has one track
    assert times[end - after : end].min() == 3 * 48
    assert 7 * 48 <= times[end - after : end].max() < 8 * 48


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
def test_token_by_token_is_the_same(vocabulary, song, share, known):
    hints, hole = Hints(vocabulary), Hole(4, 7)
    shown = part(song, 2, 10)
    asked = question(shown, Hole(2, 5), vocabulary)
    filled = answer(shown, Hole(2, 5), vocabulary)
    whole = memory(song, hole, vocabulary) if known else None
    plain = song_ids(part(song, 3, 9), vocabulary, ends=True)
    before = np.concatenate([[BOS], *bars_of(song, vocabulary)[:3]]) if known else None
    for ids, start, music in (
        (np.concatenate([asked, filled]), len(asked), whole),
        (plain, 1, before),
    ):
        cut = start + int(share * (len(ids) - start))
        follow = hints.follow(ids[:cut], 2, music)
        rows = [follow(None), *(follow(torch.tensor([i, i])) for i in ids[cut:].tolist())]
        assert (torch.cat(rows, 1).numpy() == hints.of(ids, music)).all()


def test_an_answer_hears_the_whole_song_and_nothing_of_itself(vocabulary, song):
    hints, hole = Hints(vocabulary), Hole(7, 9)  # the bars 1 and 2 of the first half
    shown = part(song, 6, 10)
    asked = question(shown, Hole(1, 3), vocabulary)
    filled = answer(shown, Hole(1, 3), vocabulary)
    ids = np.concatenate([asked, filled])
    heard = hints.of(ids, memory(song, hole, vocabulary))[len(asked) - 1 : -2]
    assert (heard[:, ECHO] == filled[:-1]).mean() > 0.9
    alone = hints.of(ids)[len(asked) - 1 : -2]
    assert (alone[:, ECHO] == filled[:-1]).mean() < 0.5
    bars = [*bars_of(song, vocabulary)[9:], [BOS], *bars_of(song, vocabulary)[:7]]
    assert (memory(song, hole, vocabulary) == np.concatenate(bars)).all()
    assert END not in memory(song, hole, vocabulary)
    assert FILL not in memory(song, hole, vocabulary)
    assert hints.of(ids)[0, TIME] == 0
