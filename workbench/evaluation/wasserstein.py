"""Sliced Wasserstein distance: two sets of points compared along many directions.

Notebook: `notebooks/07_audio_diffusion.ipynb`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import random_generator, whole
from workbench.evaluation.checks import rows, same_width


def sliced_wasserstein(
    x: ArrayLike, y: ArrayLike, *, directions: int = 512, seed: int = 0
) -> float:
    """Sliced 2-Wasserstein distance: (mean over directions u of W₂²(xᵀu, yᵀu))^½.

    In one dimension the optimal transport sorts both sets. For n ≠ m, the quantile functions are
    compared exactly. Two samples of one distribution have a small positive distance: show
    `summary.halves` beside it.

    Args:
        x: (n, d).
        y: (m, d).
        directions: Number of random unit vectors u.
        seed: Of the directions.

    Returns:
        0 or more, in the unit of the rows.

    Raises:
        WorkbenchError: for fewer than two rows, NaN, and different widths.

    Source:
        Rabin et al. 2012, "Wasserstein barycenter and its application to texture mixing"; Bonneel
        et al. 2015, "Sliced and Radon Wasserstein barycenters of measures".
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
    difference = a[(middle * len(a)).astype(int)] - b[(middle * len(b)).astype(int)]
    return float(np.sqrt((width[:, None] * difference**2).sum(0).mean()))


def standardised(reference: ArrayLike, *others: ArrayLike) -> list[np.ndarray]:
    """All sets standardised by the mean and standard deviation of the reference's columns, for a
    normalised distance. The scale is shared, so a difference of scale remains visible.

    Args:
        reference: (n, d), two rows or more.
        others: (m, d) each.

    Returns:
        The reference and the others, standardised.
    """
    table = rows(reference, "reference", 2)
    mean, spread = table.mean(0), np.maximum(table.std(0), 1e-12)
    return [(rows(values, "values") - mean) / spread for values in (reference, *others)]
