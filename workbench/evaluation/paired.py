"""Paired tests of ratings by the same raters, and the correction for several tests."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import floats, random_generator, whole
from workbench.errors import WorkbenchError
from workbench.evaluation.intervals import MOST_TIMES

EXACT = 14  # raters; up to this number all 2ⁿ sign flips are evaluated


def sign_flip_test(differences: ArrayLike, *, draws: int = 20_000, seed: int = 0) -> float:
    """Fisher's permutation test: the share of sign flips with a mean at least as far from 0.

    Args:
        differences: (raters,); NaN (raters without a pair) is ignored.
        draws: Random flips for more than 14 raters; with fewer, all flips are evaluated.
        seed: Of the random flips.

    Returns:
        Two-sided p. It is never 0, because the observed signs are counted; NaN without raters.

    Raises:
        WorkbenchError: for another shape.
    """
    d = floats(differences, "differences")
    if d.ndim != 1:
        raise WorkbenchError(f"differences have shape {d.shape}; give one number per rater")
    d = d[np.isfinite(d)]
    if not len(d):
        return np.nan
    far = abs(d.sum()) - 1e-9 * np.abs(d).sum()  # equal sums count despite rounding
    if len(d) <= EXACT:
        signs = np.array(list(product((-1.0, 1.0), repeat=len(d))))
        return float((np.abs(signs @ d) >= far).mean())
    random, draws = random_generator(seed), whole(draws, "draws", 1, MOST_TIMES)
    signs = random.choice((-1.0, 1.0), size=(draws, len(d)))
    return float((1 + (np.abs(signs @ d) >= far).sum()) / (draws + 1))


def holm(p_values: ArrayLike) -> np.ndarray:
    """p values corrected for multiple tests by Holm's step-down method.

    The smallest is multiplied by m, the next by m − 1, and so on; none is smaller than its
    predecessor. Rejecting those below 0.05 gives a false positive in at most 5 % of studies.

    Args:
        p_values: (m,), 0 to 1; NaN stays NaN and is not counted.

    Returns:
        (m,), in the same order.

    Raises:
        WorkbenchError: for values outside 0 to 1.

    Source:
        Holm, 1979.
    """
    p = np.atleast_1d(floats(p_values, "p_values"))
    if p.ndim != 1:
        raise WorkbenchError(f"p_values has shape {p.shape}; give one number per test")
    if ((p < 0) | (p > 1)).any():
        raise WorkbenchError("p_values: must be from 0 to 1")
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    corrected = np.full(p.shape, np.nan)
    stepped = p[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1, np.maximum.accumulate(stepped))
    return corrected
