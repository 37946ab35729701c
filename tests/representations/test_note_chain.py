"""The chain of positions and pitches, against every sequence of a small window, one by one."""

from itertools import pairwise, product

import numpy as np
import pytest

from workbench.representations.note_chain import sample_chain

POSITIONS, PITCHES = 3, 3


def ordered(notes) -> bool:
    """Whether notes (bar begins, position, pitch) may follow each other."""
    later = (
        bar or position > before[1] or (position == before[1] and pitch > before[2])
        for before, (bar, position, pitch) in pairwise(notes)
    )
    return bool(notes[0][0]) and all(later)


def everything(places, pitches):
    """All ordered sequences and their log weights; places (notes, 2, 3), pitches (notes, 3)."""
    note = list(product(range(2), range(POSITIONS), range(PITCHES)))
    found = {}
    for notes in product(note, repeat=len(places)):
        if ordered(notes):
            found[notes] = sum(
                places[t, bar, position] + pitches[t, pitch]
                for t, (bar, position, pitch) in enumerate(notes)
            )
    return found


def chain(places, pitches, n, uniform=None):
    """Sequences as tuples of (bar begins, position, pitch)."""
    repeated = (np.repeat(values[None], n, axis=0) for values in (places, pitches))
    place, pitch = sample_chain(*repeated, uniform)
    rows = np.stack([place // POSITIONS, place % POSITIONS, pitch], axis=2).tolist()
    return [tuple(map(tuple, row)) for row in rows]


def weights(seed, notes=3, scale=1.0):
    random = np.random.default_rng(seed)
    return scale * random.normal(size=(notes, 2, POSITIONS)), scale * random.normal(
        size=(notes, PITCHES)
    )


def test_sequences_have_the_probability_of_ordered_ones():
    places, pitches = weights(0)
    found = everything(places, pitches)
    p = np.exp(list(found.values()))
    exact = dict(zip(found, p / p.sum(), strict=True))
    n = 40_000
    uniform = np.random.default_rng(1).random((n, 3, 2))
    counts = dict.fromkeys(exact, 0)
    for notes in chain(places, pitches, n, uniform):
        counts[notes] += 1  # a KeyError is a sequence that is not in order
    distance = sum(abs(counts[notes] / n - exact[notes]) for notes in exact) / 2
    assert distance < 0.1
    likely = [notes for notes in exact if exact[notes] > 0.005]
    assert len(likely) > 10
    for notes in likely:
        assert counts[notes] / n == pytest.approx(exact[notes], rel=0.35)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("scale", [1.0, 1e7])
def test_the_likeliest_of_all(seed, scale):
    places, pitches = weights(seed, scale=scale)
    found = everything(places, pitches)
    best = max(found, key=found.__getitem__)
    assert chain(places, pitches, 1) == [best]
    if scale > 1:  # so cold that nothing else is left, and probabilities underflow
        uniform = np.random.default_rng(seed).random((5, 3, 2))
        assert chain(places, pitches, 5, uniform) == [best] * 5


def test_impossible_words_are_left_out_and_given_ones_stay():
    places, pitches = weights(3, notes=4)
    pitches[1, [0, 2]] = -np.inf  # the middle pitch is given
    places[2] = np.where(np.eye(2 * POSITIONS)[1].reshape(2, POSITIONS), 0, -np.inf)  # o1
    uniform = np.random.default_rng(4).random((300, 4, 2))
    for notes in chain(places, pitches, 300, uniform):
        assert ordered(notes)
        assert (notes[1][2], notes[2][:2]) == (1, (0, 1))
    pitches[2, [1, 2]] = -np.inf
    places[1] = np.where(np.eye(2 * POSITIONS)[1].reshape(2, POSITIONS), 0, -np.inf)
    for notes in chain(places, pitches, 5, uniform[:5]):  # given words in a wrong order
        assert (notes[1], notes[2]) == ((0, 1, 1), (0, 1, 0))
        assert ordered(notes[:2])
