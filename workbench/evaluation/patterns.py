"""Distances between single loops, as in the drum paper: Hamming on hits, Euclidean on latents.

The paper's tables (arXiv 2408.02711, section 5) ask: are loops of one bucket (same keywords)
nearer to each other than loops of any two; are generated loops nearer to data of their bucket; do
they vary; do they copy? Its binariser compared uint8 values after an overflow, so its threshold
did nothing; this one is tested.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import random_generator
from workbench.evaluation.checks import drum_rolls

THRESHOLD = 5 / 127  # a cell counts as hit above velocity 5 of 127
N = 9


def binarise(velocity: np.ndarray) -> np.ndarray:
    """Which cells are hit: velocity above 5 of 127. bool, same shape.

    velocity: floats 0 to 1, or MIDI velocities 0 to 127 of any integer type.
    """
    if np.issubdtype(velocity.dtype, np.integer):
        return velocity > 5
    return velocity > THRESHOLD + 1e-6


def bits(rolls: np.ndarray) -> np.ndarray:
    """Rolls (n, steps, 27) as rows of cells: (n, steps · 9) bool; 1,152 for eight bars."""
    rolls = drum_rolls(rolls)
    return binarise(rolls[..., N : 2 * N]).reshape(len(rolls), -1)


def hamming(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Number of cells that differ, for every pair of rows: (n, cells), (m, cells) → (n, m)."""
    x, y = a.astype(np.float32), b.astype(np.float32)
    both = x @ y.T
    return (x.sum(1)[:, None] + y.sum(1) - 2 * both).round().astype(np.int64)


def euclidean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """L2 distance for every pair of rows: (n, …), (m, …) → (n, m)."""
    x = a.reshape(len(a), -1).astype(np.float64)
    y = b.reshape(len(b), -1).astype(np.float64)
    squares = (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T
    return np.sqrt(squares.clip(min=0))


def bucket_pairs(
    buckets: ArrayLike, groups: ArrayLike, n: int = 1000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Row pairs (n, 2) within a bucket, and (n, 2) of different buckets, drawn with replacement.

    Never two loops of one group (performance): a take resembles itself whatever its caption.
    """
    buckets, groups = np.asarray(buckets), np.asarray(groups)
    other = groups[:, None] != groups[None, :]
    alike = buckets[:, None] == buckets[None, :]
    random = random_generator(seed)
    drawn = []
    for allowed in (other & alike, other & ~alike):
        pairs = np.argwhere(allowed)
        if len(pairs) == 0:
            drawn.append(np.zeros((0, 2), int))
        else:
            drawn.append(pairs[random.integers(len(pairs), size=n)])
    return drawn[0], drawn[1]


def smallest(distances: np.ndarray, share: float = 0.01) -> float:
    """Mean of the smallest `share` of all pairs: the paper's novelty."""
    flat = np.sort(distances, axis=None)
    return float(flat[: max(1, round(share * flat.size))].mean())


def nearest(a: np.ndarray, b: np.ndarray, batch: int = 256) -> np.ndarray:
    """Of each row of bits in `a` the Hamming distance to its nearest row of `b`: (n,)."""
    parts = [hamming(a[i : i + batch], b).min(1) for i in range(0, len(a), batch)]
    return np.concatenate(parts)
