"""Trivial drum loops. A useful metric must distinguish them from those of drummers."""

from __future__ import annotations

import numpy as np

from workbench.arguments import random_generator, whole
from workbench.evaluation.checks import drum_rolls

N, BAR = 9, 16


def independent_cells(rolls: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """Loops with independent cells: correct marginals, but no music.

    Args:
        rolls: Real loops, (m, steps, 27).
        n: Number of loops.
        seed: Of the sampling.

    Returns:
        (n, steps, 27): each cell has the hit rate of its drum and position in the bar, and velocity
        and offset of a real hit there.
    """
    rolls, n, random = drum_rolls(rolls), whole(n, "n", 0), random_generator(seed)
    steps = rolls.shape[1]
    folded = rolls.reshape(-1, BAR, 3 * N)
    rate = folded[..., :N].mean(0)  # (16, 9)
    made = np.zeros((n, steps, 3 * N), np.float32)
    hits = random.random((n, steps // BAR, BAR, N)) < rate
    for place in range(BAR):
        for drum in range(N):
            real = folded[folded[:, place, drum] > 0.5, place]
            if len(real) == 0:
                continue
            here = hits[:, :, place, drum]
            pick = real[random.integers(len(real), size=here.shape)]
            view = made.reshape(n, steps // BAR, BAR, 3 * N)[:, :, place]
            for channel in (drum, N + drum, 2 * N + drum):
                view[..., channel] = np.where(here, pick[..., channel], 0)
    return made


def shuffled_bars(rolls: np.ndarray, seed: int = 0) -> np.ndarray:
    """Loops of the same shape with bars from different loops: real bars, but no form."""
    rolls, random = drum_rolls(rolls), random_generator(seed)
    bars = rolls.reshape(len(rolls), -1, BAR, 3 * N)
    mixed = np.stack([bars[random.permutation(len(bars)), i] for i in range(bars.shape[1])], axis=1)
    return mixed.reshape(rolls.shape)


def flat_touch(rolls: np.ndarray) -> np.ndarray:
    """The same hits on the grid, with the mean velocity of each drum, like a drum machine."""
    rolls = drum_rolls(rolls)
    hits = rolls[..., :N]
    count = np.maximum(1, hits.sum(1, keepdims=True))
    mean = (rolls[..., N : 2 * N] * hits).sum(1, keepdims=True) / count
    return np.concatenate([hits, hits * mean, 0 * hits], axis=-1).astype(np.float32)
