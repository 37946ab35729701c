"""Sliced Wasserstein distance: two clouds of points compared along many directions.

Rabin et al. 2012; Bonneel et al. 2015. Notebook: `notebooks/07_audio_diffusion.ipynb`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import random_generator, whole
from workbench.evaluation.checks import rows, same_width


def sliced_wasserstein(
    x: ArrayLike, y: ArrayLike, *, directions: int = 512, seed: int = 0
) -> float:
    """Root mean square, over random directions, of the 2-Wasserstein distance between the
    projections of rows (n, d) and (m, d); in the unit of the rows.

    On a line the optimal plan sorts both. With n ≠ m the sorted values are compared as functions of
    the share of points below them, exactly. Two samples of one distribution are a little apart:
    show `summary.halves` beside it.
    """
    x, y = rows(x, "x", 2), rows(y, "y", 2)
    directions = whole(directions, "directions", 1, 1_000_000)
    same_width(x, y, ("x", "y"))
    unit = random_generator(seed).normal(size=(x.shape[1], directions))
    unit /= np.linalg.norm(unit, axis=0)
    a, b = np.sort(x @ unit, 0), np.sort(y @ unit, 0)  # (n, directions), (m, directions)
    ends = np.union1d(np.arange(1, len(a) + 1) / len(a), np.arange(1, len(b) + 1) / len(b))
    width = np.diff(ends, prepend=0.0)
    middle = ends - width / 2
    apart = a[(middle * len(a)).astype(int)] - b[(middle * len(b)).astype(int)]
    return float(np.sqrt((width[:, None] * apart**2).sum(0).mean()))


def standardised(reference: ArrayLike, *others: ArrayLike) -> list[np.ndarray]:
    """All sets with the reference's mean and standard deviation of each column taken out: what a
    normalised distance compares. A shared scale, so a difference of scale is still seen."""
    table = rows(reference, "reference", 2)
    mean, spread = table.mean(0), np.maximum(table.std(0), 1e-12)
    return [(rows(values, "values") - mean) / spread for values in (reference, *others)]
