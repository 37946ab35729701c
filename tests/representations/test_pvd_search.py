"""The search for notes: valid, likeliest, and sampled with the right probability."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.representations.pvd import LENGTH, PAD, PVD, Bars

WITH = PVD(rhythm=True)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_rounding_by_the_grammar_is_valid_and_keeps_what_is(seed, rhythm):
    code = PVD(rhythm)
    random = np.random.default_rng(seed)
    drawn = code.round(random.normal(size=(3, LENGTH, code.size)))
    assert code.validity(drawn) == (1.0, 1.0)
    logits = np.where(np.eye(code.size, dtype=bool)[drawn], 1.0, 0.0)
    assert (code.round(logits) == drawn).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_rounding_is_the_likeliest_of_all(seed):
    """Against every sequence of positions of three notes, one by one."""
    code = PVD(True)
    logits = np.random.default_rng(seed).normal(size=(1, 14, code.size))
    logits[:, 2::4] += 100 * np.eye(code.size)[code.first["p"] + np.arange(3)]  # they ascend
    found = code.round(logits)
    assert code.validity(found) == (1.0, 1.0)
    o, b = code.first["o"], code.first["b"]
    best = -np.inf
    for first in range(24):
        for second in range(48):
            for third in range(48):
                places = [first, second % 24, third % 24]
                new = [True, second >= 24, third >= 24]
                if any(not new[i] and places[i] < places[i - 1] for i in (1, 2)):
                    continue
                ids = [(b if n else o) + p for n, p in zip(new, places, strict=True)]
                best = max(best, sum(logits[0, 1 + 4 * i, w] for i, w in enumerate(ids)))
    score = sum(logits[0, 1 + 4 * i, found[0, 1 + 4 * i]] for i in range(3))
    assert score == pytest.approx(best)


@pytest.mark.parametrize("rhythm", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_sampling_by_the_grammar_is_valid_and_keeps_what_is_given(seed, rhythm):
    code, random = PVD(rhythm=rhythm), np.random.default_rng(seed)
    logits = random.normal(size=(4, LENGTH, code.size))
    ids = code.sample(logits, random.random((4, LENGTH)))
    assert code.validity(ids) == (1.0, 1.0)
    given = np.where(random.random(ids.shape) < 0.3, ids, -1)
    given[:, [0, -1]] = ids[:, [0, -1]]
    fixed = (given >= 0)[..., None] & (np.arange(code.size) != given[..., None])
    again = code.sample(np.where(fixed, -np.inf, logits), random.random((4, LENGTH)))
    assert code.validity(again) == (1.0, 1.0)
    assert (again[given >= 0] == given[given >= 0]).all()
    assert (again != ids).any()


def test_positions_are_sampled_with_the_probability_of_grammatical_ones():
    """Against all pairs of positions of the first two notes, weighted and listed."""
    code, random = WITH, np.random.default_rng(2)
    o, b = code.first["o"], code.first["b"]
    some = [o, o + 3, o + 5, b, b + 3, b + 5]
    logits = np.full((14, code.size), -30.0)
    logits[:, some] = random.normal(size=(14, len(some)))
    logits[9::4, :] = -30.0
    logits[9::4, b] = 0.0  # a bar line after two notes: nothing beyond it matters
    logits[[2, 6], code.first["p"] + np.arange(2)] = 100.0  # pitches that may have one onset
    weight = {
        (x, y): np.exp(logits[1, x] + logits[5, y])
        for x in some
        for y in some
        if x >= b and (y >= b or y - o >= x - b)
    }
    n = 4000
    ids = code.sample(np.broadcast_to(logits, (n, *logits.shape)), random.random((n, 14)))
    found = dict.fromkeys(weight, 0)
    for pair in ids[:, [1, 5]].tolist():
        found[tuple(pair)] += 1  # a KeyError is a pair that the grammar forbids
    total = sum(weight.values())
    for pair, count in found.items():
        assert count / n == pytest.approx(weight[pair] / total, abs=0.03)


def test_words_that_are_given_stay_even_where_the_grammar_forbids_them():
    code, random = WITH, np.random.default_rng(0)
    logits = np.full((1, LENGTH, code.size), 0.0)
    given = {1: code.first["o"] + 5, 5: code.first["o"] + 2, 60: PAD, 129: PAD}
    for place, word in given.items():
        logits[0, place, np.arange(code.size) != word] = -np.inf
    ids = code.sample(logits, random.random((1, LENGTH)))
    assert {place: int(ids[0, place]) for place in given} == given


def ids_of(words: str) -> np.ndarray:
    return np.array([[WITH.names.index(word) for word in words.split()]])


def test_repeated_notes_are_counted():
    words = "[CLS] b0 p60 v4 d8 o0 p64 v4 d4 o4 p64 v4 d1 o6 p60 v4 d4 o6 p60 v4 d4 b0 p60 v4 d1"
    assert WITH.repeated(ids_of(words + " [SEP]")) == (1, 1)
    late = "[CLS] b12 p60 v4 d8 b2 p60 v4 d1 [SEP]"
    assert WITH.repeated(ids_of(late)) == (0, 1)
    assert WITH.repeated(ids_of(late), Bars(24)) == (0, 0)  # a longer bar
    assert WITH.repeated(ids_of(late), Bars(start=np.array([0, 32]))) == (0, 0)  # a silent bar
    assert WITH.repeated(np.full((2, LENGTH), PAD))[0].tolist() == [0, 0]


@pytest.mark.parametrize("scale", [0.0, 1.0, 30.0, 1e8])
def test_no_note_is_sampled_twice_or_struck_while_it_sounds(scale):
    """Also where each note would have the same likeliest words, and where some words are given."""
    code, random = WITH, np.random.default_rng(1)
    logits = np.broadcast_to(scale * random.normal(size=(1, 4, code.size)), (6, 4, code.size))
    logits = np.concatenate([np.tile(logits, (1, 32, 1)), np.zeros((6, 2, code.size))], axis=1)
    logits = np.roll(logits, 1, axis=1)
    ids = code.sample(logits, random.random((6, LENGTH)))
    rounded = code.round(logits)
    for rows in (ids, rounded):
        assert code.validity(rows) == (1.0, 1.0)
        assert not np.any(code.repeated(rows))
    for share in (0.2, 0.5, 0.9):
        given = np.where(random.random(ids.shape) < share, ids, -1)
        given[:, [0, -1]] = ids[:, [0, -1]]
        fixed = (given >= 0)[..., None] & (np.arange(code.size) != given[..., None])
        again = code.sample(
            np.where(fixed, -np.inf, logits), random.random((6, LENGTH)), before=ids
        )
        assert code.validity(again) == (1.0, 1.0)
        assert not np.any(code.repeated(again))
        assert (again[given >= 0] == given[given >= 0]).all()


def test_given_notes_on_both_sides_are_respected():
    """The pitch of a free note between two that hold and strike the only other pitches."""
    code = WITH
    words = "[CLS] b0 p60 v4 d8 o4 p61 v4 d8 o6 p62 v4 d2 o7 p61 v4 d4 [SEP]".replace("o7", "b0")
    ids = np.repeat(ids_of(words), 40, axis=0)
    free = np.isin(np.arange(ids.shape[1]), [10, 12])  # pitch and duration of the third note
    fixed = ~free[:, None] & (np.arange(code.size) != ids[0][:, None])
    logits = np.where(fixed, -np.inf, 0.0)
    some = code.first["p"] + np.array([60, 61, 63]) - 28
    logits[10, np.isin(np.arange(code.size), some, invert=True)] = -np.inf
    random = np.random.default_rng(0).random(ids.shape)
    found = code.sample(np.broadcast_to(logits, (40, *logits.shape)), random)
    assert set(found[:, 10]) == {some[2]}
    logits[10, some[2]] = -np.inf  # then nothing fits, and what was there before stays
    found = code.sample(np.broadcast_to(logits, (40, *logits.shape)), random, before=ids)
    assert (found == ids).all()


@pytest.mark.parametrize(
    ("words", "place", "fits"),
    [
        # the third note has a given pitch, which the first one holds for eight sixteenths
        ("b0 p60 v4 d8 o2 p62 v4 d1 o9 p60 v4 d1", 9, lambda place: place >= 8 or place < 0),
        # the first note may only end before the second begins
        ("b0 p60 v4 d4 o12 p60 v4 d4", 1, lambda place: -100 <= place <= -92),
        # only a bar line between them separates the first from the third
        ("b0 p60 v4 d12 o4 p62 v4 d4 o2 p60 v4 d4", 5, lambda place: -100 <= place <= -98),
    ],
)
def test_free_places_keep_clear_of_sounding_notes(words, place, fits):
    code, n = WITH, 60
    ids = ids_of(f"[CLS] {words} [SEP]")[0]
    logits = np.where(np.arange(code.size) != ids[:, None], -np.inf, 0.0)
    logits[place] = np.where((code.positions >= 0) & (code.positions < 16), 0.0, -np.inf)
    random = np.random.default_rng(0).random((n, len(ids)))
    found = code.sample(np.broadcast_to(logits, (n, *logits.shape)), random)
    assert code.validity(found) == (1.0, 1.0)
    assert not np.any(code.repeated(found))
    bars = code.kinds[found[:, place]] == "b"
    chosen = code.positions[found[:, place]] - 100 * bars
    assert all(fits(value) for value in chosen)
    assert len(set(chosen)) > 1
