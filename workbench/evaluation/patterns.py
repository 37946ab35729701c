"""Distances between drum loops, as in the drum paper: Hamming for hits, Euclidean for latents.

The paper's tables ask four questions: Are loops of one bucket (with the same keywords) nearer to
each other than random loops? Are generated loops near the data of their bucket? Do they vary? Do
they copy? The authors' binarisation compares uint8 values after an overflow, so their threshold has
no effect; the one here is tested.

Source: arXiv 2408.02711.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import listed, number, random_generator, whole
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import array, drum_rolls, labels, same_width

THRESHOLD = 5 / 127  # a cell with a velocity above 5 of 127 is a hit
N = 9


def binarise(velocity: np.ndarray) -> np.ndarray:
    """Cells with a hit: velocity above 5 of 127.

    Args:
        velocity: Floats 0 to 1, or MIDI velocities 0 to 127 of an integer type; any shape.

    Returns:
        bool, the same shape.
    """
    velocity = array(velocity, "velocity", "(…)")
    if np.issubdtype(velocity.dtype, np.integer):
        return velocity > 5
    return velocity > THRESHOLD + 1e-6


def binary_cells(rolls: np.ndarray) -> np.ndarray:
    """Drum rolls (n, steps, 27) as binary cells (n, steps · 9), bool; 1,152 for eight bars."""
    rolls = drum_rolls(rolls)
    return binarise(rolls[..., N : 2 * N]).reshape(len(rolls), -1)


bits = binary_cells  # the old name


def hamming(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Number of different cells of every pair of rows.

    Args:
        a: (n, cells), bool or 0 and 1.
        b: (m, cells).

    Returns:
        (n, m), whole numbers from 0 to `cells`.
    """
    x = array(a, "a", "(n, cells)").astype(np.float32)
    y = array(b, "b", "(m, cells)").astype(np.float32)
    same_width(x, y, ("a", "b"))
    both = x @ y.T
    return (x.sum(1)[:, None] + y.sum(1) - 2 * both).round().astype(np.int64)


def euclidean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Euclidean distance of every pair of rows.

    Args:
        a: (n, …); the other axes are flattened.
        b: (m, …).

    Returns:
        (n, m), in the unit of the rows.
    """
    a, b = array(a, "a", "(n, …)"), array(b, "b", "(m, …)")
    x = a.reshape(len(a), -1).astype(np.float64)
    y = b.reshape(len(b), -1).astype(np.float64)
    same_width(x, y, ("a", "b"))
    squares = (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T
    return np.sqrt(squares.clip(min=0))


def bucket_pairs(
    buckets: ArrayLike, groups: ArrayLike, n: int = 1000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Random pairs of loops within one bucket, and of different buckets.

    Two loops of one group (a performance) never form a pair, because they are similar whatever
    their captions are.

    Args:
        buckets: Label of each loop's bucket, (rows,).
        groups: Label of each loop's group, (rows,).
        n: Pairs of each kind, sampled with replacement.
        seed: Of the sampling.

    Returns:
        Row indices (n, 2) within buckets and (n, 2) between them; (0, 2) if there is no such pair.
    """
    buckets = labels(buckets, "buckets", len(listed(buckets, "buckets", "labels")))
    groups, n = labels(groups, "groups", len(buckets)), whole(n, "n", 0)
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
    """Mean of the smallest distances: the paper's novelty.

    Args:
        distances: Of any shape.
        share: Share of the distances to average, above 0 to 1; at least one distance counts.

    Returns:
        In the unit of the distances.

    Source:
        arXiv 2408.02711.
    """
    flat = np.sort(array(distances, "distances", "(…)"), axis=None)
    share = number(share, "share", 0, 1)
    if not len(flat):
        raise WorkbenchError("distances is empty; give one or more")
    return float(flat[: max(1, round(share * flat.size))].mean())


def nearest(a: np.ndarray, b: np.ndarray, batch: int = 256) -> np.ndarray:
    """Hamming distance of each row of `a` to the nearest row of `b`.

    Args:
        a: (n, cells), bool.
        b: (m, cells), bool.
        batch: Rows of `a` compared at once.

    Returns:
        (n,), whole numbers.
    """
    a, b = array(a, "a", "(n, cells)"), array(b, "b", "(m, cells)")
    if not len(a) or not len(b):
        raise WorkbenchError(f"a has {len(a)} rows and b has {len(b)}; give one or more of both")
    batch = whole(batch, "batch", 1)
    parts = [hamming(a[i : i + batch], b).min(1) for i in range(0, len(a), batch)]
    return np.concatenate(parts)
