"""The order of notes in a window of words, as a chain from which whole sequences are sampled.

Within a bar, positions do not descend; at a position, pitches ascend. Both together are a Markov
chain over (bar begins, position, pitch) of the notes. A forward pass sums, for each value of a
note, the weights of all ordered sequences up to it, and a backward pass samples one of them. Some
words may be given: their weights leave no other.

Source: Rabiner 1989, "A tutorial on hidden Markov models", section III, for both passes; the
likeliest sequence is Viterbi's.
"""

from __future__ import annotations

import numpy as np

ROWS = 64  # sequences at a time, for the sake of memory
BREAK = -1e12  # log weight of a step that is not in order, which only given words can enforce


def sample_chain(
    places: np.ndarray, pitches: np.ndarray, uniform: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Sample positions and pitches of notes, or find the likeliest.

    Args:
        places: Log weights (n, notes, 2, positions), with the first note of a bar last on the third
            axis; −∞ where impossible. Each note has at least one that is possible.
        pitches: Log weights (n, notes, pitches), likewise.
        uniform: Uniform numbers (n, notes, 2), one per place and pitch; None: the likeliest.

    Returns:
        Place (bar begins · positions + position) and pitch of each note: (n, notes) each. They are
        in order wherever the given words permit it.
    """
    places = places - places.max((2, 3), keepdims=True)
    pitches = pitches - pitches.max(2, keepdims=True)
    found = np.empty((2, *places.shape[:2]), dtype=int)
    for start in range(0, len(places), ROWS):
        rows = slice(start, start + ROWS)
        if uniform is None:
            found[:, rows] = _likeliest(places[rows], pitches[rows])
        else:
            found[:, rows] = _sampled(places[rows], pitches[rows], uniform[rows])
    return found[0], found[1]


def _sampled(places: np.ndarray, pitches: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Sample (2, n, notes): places and pitches. Where all probabilities underflow, such as at
    temperature 0, the likeliest sequence is taken."""
    p, q = np.exp(places), np.exp(pitches)
    within, fine = _forward(p, q, np.add, np.multiply, 0.0)
    found = np.zeros((2, *p.shape[:2]), dtype=int)
    if fine.any():
        found[:, fine] = _backward(p[fine], q[fine], within[fine], uniform[fine])
    if not fine.all():
        found[:, ~fine] = _likeliest(places[~fine], pitches[~fine])
    return found


def _likeliest(places: np.ndarray, pitches: np.ndarray) -> np.ndarray:
    """Return the likeliest (2, n, notes): places and pitches."""
    within, _ = _forward(places, pitches, np.maximum, np.add, -np.inf)
    return _backward(places, pitches, within, None)


def _forward(
    places: np.ndarray, pitches: np.ndarray, add: np.ufunc, times: np.ufunc, none: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weight of all beginnings that permit each position and pitch of a note within a
    bar, over that of all beginnings, which is what a note that begins a bar has: (n, notes,
    positions, pitches); and whether no row's weights vanish, (n,).

    add, times, none: sum, product and zero of probabilities, or maximum, sum and −∞ of logarithms.
    """
    likeliest = add is np.maximum
    outset = BREAK if likeliest else none  # a window begins with a bar
    within = np.full((*places.shape[:2], places.shape[3], pitches.shape[2]), outset)
    fine = np.ones(len(places), dtype=bool)
    for t in range(1, places.shape[1]):
        inside = times(places[:, t - 1, 0, :, None], within[:, t - 1])
        reached = add(inside, places[:, t - 1, 1, :, None])
        reached = times(reached, pitches[:, t - 1, None])
        upto = add.accumulate(reached, axis=2)  # by pitch
        before = add.accumulate(upto[:, :, -1], axis=1)  # by position
        total = before[:, -1, None, None]
        now = within[:, t]
        now[:] = none
        now[:, 1:] = before[:, :-1, None]
        now[:, :, 1:] = add(now[:, :, 1:], upto[:, :, :-1])
        if likeliest:
            np.maximum(now - total, BREAK, out=now)
        else:
            fine &= total[:, 0, 0] > 0
            now /= np.maximum(total, np.finfo(float).tiny)
    last = places[:, -1, 0, :, None], within[:, -1], places[:, -1, 1, :, None]
    end = times(add(times(*last[:2]), last[2]), pitches[:, -1, None])
    return within, fine & (end > 0).any((1, 2))


def _backward(
    places: np.ndarray, pitches: np.ndarray, within: np.ndarray, uniform: np.ndarray | None
) -> np.ndarray:
    """Return (2, n, notes), places and pitches, from the last note to the first. Weights are
    probabilities with uniform numbers, and logarithms without, of which the largest is taken."""
    (n, notes, _, positions), rows = places.shape, np.arange(len(places))
    times = np.add if uniform is None else np.multiply
    found = np.empty((2, n, notes), dtype=int)
    last = None
    for t in reversed(range(notes)):
        weights = np.empty((n, 2, positions, pitches.shape[2]))
        times(places[:, t, 0, :, None], within[:, t], out=weights[:, 0])
        weights[:, 1] = places[:, t, 1, :, None]
        weights = times(weights, pitches[:, t, None, None]).reshape(n, 2 * positions, -1)
        if last is not None:
            weights = _leading(weights, *last, times)
        if uniform is None:
            place = weights.max(2).argmax(1)
            pitch = weights[rows, place].argmax(1)
        else:
            place = inverse(weights.sum(2), uniform[:, t, 0])
            pitch = inverse(weights[rows, place], uniform[:, t, 1])
        found[:, :, t] = place, pitch
        last = place, pitch
    return found


def _leading(
    weights: np.ndarray, place: np.ndarray, pitch: np.ndarray, times: np.ufunc
) -> np.ndarray:
    """Return the weights (n, places, pitches) of a note before one with this place and pitch, (n,)
    each: 0, or BREAK for logarithms, where the two are not in order."""
    positions = weights.shape[1] // 2
    at = np.arange(weights.shape[1])[:, None] % positions
    position = (place % positions)[:, None, None]
    lower = np.arange(weights.shape[2]) < pitch[:, None, None]
    fits = (at < position) | ((at == position) & lower) | (place >= positions)[:, None, None]
    return weights * fits if times is np.multiply else weights + np.where(fits, 0.0, BREAK)


def inverse(p: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Return the index of the class that each uniform number (…) falls on: weights (…, classes) →
    (…)."""
    up_to = p.cumsum(-1)
    return (up_to <= uniform[..., None] * up_to[..., -1:]).sum(-1).clip(max=p.shape[-1] - 1)
