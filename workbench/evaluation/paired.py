"""Do two ways differ, judged by the same raters? Paired tests, and many of them at once."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import floats, random_generator, whole
from workbench.errors import WorkbenchError
from workbench.evaluation.intervals import MOST_TIMES

EXACT = 14  # up to so many raters all 2ⁿ sign flips are tried


def sign_flip_test(differences: ArrayLike, *, draws: int = 20_000, seed: int = 0) -> float:
    """Two-sided p of the hypothesis that differences (raters,) are as likely negative as positive.

    If nothing differs, each rater's difference might as well have the other sign: p is the share of
    sign flips whose mean is at least as far from 0 (Fisher's permutation test). All flips of up to
    14 raters are tried; of more, `draws` random ones, the true one counted in, so p is never 0.
    NaN entries (raters without a pair) are left out; NaN is returned where none is left.
    """
    d = floats(differences, "differences")
    if d.ndim != 1:
        raise WorkbenchError(f"differences have shape {d.shape}; give one number a rater")
    d = d[np.isfinite(d)]
    if not len(d):
        return np.nan
    far = abs(d.sum()) - 1e-9 * np.abs(d).sum()  # equal sums shall count, rounding or not
    if len(d) <= EXACT:
        signs = np.array(list(product((-1.0, 1.0), repeat=len(d))))
        return float((np.abs(signs @ d) >= far).mean())
    random, draws = random_generator(seed), whole(draws, "draws", 1, MOST_TIMES)
    signs = random.choice((-1.0, 1.0), size=(draws, len(d)))
    return float((1 + (np.abs(signs @ d) >= far).sum()) / (draws + 1))


def holm(p_values: ArrayLike) -> np.ndarray:
    """p values corrected for their number, by Holm's step-down method (1979).

    The smallest is multiplied by m, the next by m − 1 …, and none falls below the one before: to
    call those under 0.05 different then errs anywhere at all in at most 5 % of studies. NaN stays
    NaN and does not count.
    """
    p = np.atleast_1d(floats(p_values, "p_values"))
    if ((p < 0) | (p > 1)).any():
        raise WorkbenchError("p values lie from 0 to 1")
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    corrected = np.full(p.shape, np.nan)
    stepped = p[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1, np.maximum.accumulate(stepped))
    return corrected
