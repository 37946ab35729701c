"""The bar pointer: beats and bars from probabilities of each frame, by dynamic programming.

A hidden Markov model whose state is the position in a bar and the tempo. A beat that lasts τ frames
has τ positions, through which the pointer moves one per frame; only where a beat begins may the
tempo change, and small changes are likelier. Viterbi's algorithm finds the likeliest path.

Source:
    Krebs, Böck and Widmer 2015, "An efficient state-space model for joint tempo and meter
    tracking" (ISMIR), sections 3 and 4; observations as in Böck, Krebs and Widmer 2016, "Joint
    beat and downbeat tracking with recurrent neural networks" (ISMIR), section 2.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.arguments import floats
from workbench.representations.mixup import Beats

SLOWEST, FASTEST = 55.0, 215.0  # BPM
CHANGE = 100.0  # λ of p(τ' | τ) ∝ exp(−λ |τ'/τ − 1|): how rarely the tempo changes
SHARE = 16  # the first sixteenth of a beat is "on the beat"
LEAST = 0.05  # frames before the first and after the last probability above this have no beats
TINY = 1e-10


def decode(probabilities: np.ndarray, fps: float, meters: Sequence[int] = (3, 4)) -> Beats:
    """Return the likeliest beats and downbeats.

    Beats last a whole number of frames. At 50 frames per second, a steady beat above 180 BPM whose
    duration is between two of these may be found at half or a third of its tempo.

    Args:
        probabilities: (frames, 2): of a beat that begins no bar, and of a downbeat.
        fps: Frames per second.
        meters: Beats per bar that are tried; the likelier one is taken for the whole piece.

    Returns:
        Beats in seconds, each where the probability is highest within a sixteenth of a beat.
    """
    probabilities = floats(probabilities, "probabilities").reshape(-1, 2)
    near = np.flatnonzero(probabilities.max(1) >= LEAST)
    if not len(near):
        return Beats(np.empty(0), np.empty(0))
    inside = probabilities[near[0] : near[-1] + 1]
    _, frames, numbers = max((_viterbi(inside, fps, meter) for meter in meters), key=lambda x: x[0])
    times = (frames + near[0]) / fps
    return Beats(times, times[numbers == 0])


def _viterbi(p: np.ndarray, fps: float, meter: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the log-likelihood of the best path, the frames of its beats and their numbers in the
    bar."""
    tau = np.arange(round(60 * fps / FASTEST), round(60 * fps / SLOWEST) + 1)  # (tempi,)
    ends = np.cumsum(tau) - 1  # the last position of each tempo
    starts = ends - tau + 1
    position = np.concatenate([np.arange(n) / n for n in tau])  # (positions,)
    change = -CHANGE * np.abs(tau[None] / tau[:, None] - 1)  # (from, to)
    change -= np.log(np.exp(change).sum(1, keepdims=True))
    on_beat = position < 1 / SHARE
    neither = np.log(np.maximum(1 - p.sum(1), TINY) / (SHARE - 1))
    beat, down = np.log(np.maximum(p, TINY)).T
    best = np.full((meter, len(position)), -np.log(meter * len(position)))
    tempo_before = np.zeros((len(p), meter, len(tau)), dtype=np.int16)
    for t in range(len(p)):
        if t:
            arriving = (
                np.roll(best[:, ends], 1, axis=0)[:, :, None] + change
            )  # from the beat before
            tempo_before[t] = arriving.argmax(1)
            best[:, 1:] = best[:, :-1].copy()
            best[:, starts] = arriving.max(1)
        best[0] += np.where(on_beat, down[t], neither[t])
        best[1:] += np.where(on_beat, beat[t], neither[t])
    number, state = np.unravel_index(best.argmax(), best.shape)
    likelihood = float(best[number, state])
    i = int(np.searchsorted(ends, state))
    begin, found = len(p) - 1 - int(state - starts[i]), []
    while True:  # from beat to beat, backwards; the first one may have begun before the sound
        first, width = max(begin, 0), max(1, int(np.ceil(tau[i] / SHARE)))
        region = p[first : max(begin + width, 0)].sum(1)
        if len(region):
            found.append((first + int(region.argmax()), int(number)))
        if begin <= 0:
            break
        i, number = int(tempo_before[begin, number, i]), (number - 1) % meter
        begin -= int(tau[i])
    frames, numbers = np.array(found[::-1], dtype=int).reshape(-1, 2).T
    return likelihood, frames, numbers
