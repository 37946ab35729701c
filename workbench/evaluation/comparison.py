"""mgeval's comparison: do generated clips differ from real ones as real ones do from each other?

For one feature (a number or a histogram per clip), the distances within the real set, within the
generated set and between the sets are smoothed to densities, which are compared by their
Kullback–Leibler divergence and their overlapping area (Yang and Lerch 2020, "On the evaluation of
generative models in music", section 4; the features themselves are in
`workbench.evaluation.symbolic`). Both densities are evaluated on a common grid. The
authors' code uses a separate grid for each, so it compares values at different positions: two sets
that are far apart then have a divergence of 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import floats, renamed
from workbench.errors import WorkbenchError

GRID = 2048  # places at which both densities are evaluated
SMALLEST = 1e-9  # share of a density in one place: keeps a divergence below about 21 nats


@dataclass(frozen=True)
class Comparison:
    """How two sets differ in one feature; distances are in its unit.

    Args:
        within_real: Mean distance of two real clips.
        within_made: Mean distance of two generated clips.
        between: Mean distance of a real and a generated clip.
        overlap: Overlapping area of the densities of within_real and between, 0 to 1.
        kl: KL divergence of the same densities in nats, 0 to about 21.
        spread: Overlapping area of the densities of within_real and within_made, 0 to 1.
        n: Clips with an answer, real and generated.
    """

    within_real: float
    within_made: float
    between: float
    overlap: float
    kl: float
    spread: float
    n: tuple[int, int]


@renamed(made="generated")
def compare(real: ArrayLike, generated: ArrayLike) -> Comparison:
    """Compare one feature of real and generated clips by Euclidean distances.

    An overlap of 1 and a KL divergence of 0 mean that a generated clip is as far from real ones as
    another real clip, not that it is good.

    Args:
        real: (n,) or (n, bins).
        generated: (m,) or (m, bins). Clips with NaN are ignored.

    Returns:
        The comparison.

    Raises:
        WorkbenchError: for fewer than three clips in a set, and features that do not match.
    """
    real, generated = _known(real, "real"), _known(generated, "generated")
    if real.shape[1] != generated.shape[1]:
        raise WorkbenchError(
            f"real has {real.shape[1]} values per clip and generated has {generated.shape[1]}; "
            "give the same feature of both"
        )
    own, theirs = _pairs(real), _pairs(generated)
    between = _distances(real, generated).ravel()
    near, far = densities(own, between)
    return Comparison(
        float(own.mean()),
        float(theirs.mean()),
        float(between.mean()),
        _overlap(near, far),
        _kl(near, far),
        overlap_area(own, theirs),
        (len(real), len(generated)),
    )


def overlap_area(a: ArrayLike, b: ArrayLike) -> float:
    """Overlapping area ∫ min(p, q) of the densities of two sets of numbers.

    Args:
        a: Any shape, two or more finite numbers.
        b: The same.

    Returns:
        0 (disjoint) to 1 (equal).

    Source:
        Yang and Lerch 2020, section 4.
    """
    return _overlap(*densities(a, b))


def kl_divergence(a: ArrayLike, b: ArrayLike) -> float:
    """KL divergence ∫ p ln(p / q) of the densities of two sets of numbers. It is not symmetric.

    Args:
        a: Any shape, two or more finite numbers.
        b: The same.

    Returns:
        Nats, from 0 (equal) to about 21 (disjoint).

    Source:
        Yang and Lerch 2020, section 4.
    """
    return _kl(*densities(a, b))


def densities(a: ArrayLike, b: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Kernel densities of two sets of numbers on a common grid.

    Gaussian kernels of Scott's width, n^(−1/5) standard deviations, at least one grid step wide,
    so that equal numbers have a density, too. The grid extends four widths beyond the values. Each
    number is first divided between its two nearest grid points, so time grows with their number
    and not with its product with the grid's size.

    Args:
        a: Any shape, two or more finite numbers.
        b: The same.

    Returns:
        Shares of each of the 2,048 grid points, (2048,) each, sum 1.

    Source:
        Scott 1992, "Multivariate density estimation".
    """
    from scipy.ndimage import gaussian_filter1d

    sets = [_numbers(values, name) for values, name in ((a, "a"), (b, "b"))]
    widths = [values.std(ddof=1) * len(values) ** -0.2 for values in sets]
    low, high = min(v.min() for v in sets), max(v.max() for v in sets)
    reach = 4 * max(widths) or max(abs(low), 1.0) * 1e-3
    places = np.linspace(low - reach, high + reach, GRID)
    step = places[1] - places[0]
    found = []
    for values, width in zip(sets, widths, strict=True):
        at = (values - places[0]) / step
        left = np.minimum(at.astype(int), GRID - 2)
        share = np.bincount(left, 1 - (at - left), GRID) + np.bincount(left + 1, at - left, GRID)
        smooth = gaussian_filter1d(share, max(1.0, width / step), mode="constant", truncate=8)
        found.append(smooth / smooth.sum())
    return found[0], found[1]


def _overlap(p: np.ndarray, q: np.ndarray) -> float:
    return float(np.minimum(p, q).sum())


def _kl(p: np.ndarray, q: np.ndarray) -> float:
    p, q = np.maximum(p, SMALLEST), np.maximum(q, SMALLEST)
    p, q = p / p.sum(), q / q.sum()
    return float(max(0.0, (p * np.log(p / q)).sum()))


def _pairs(values: np.ndarray) -> np.ndarray:
    """Distances of all pairs of one set, each pair once."""
    return _distances(values, values)[np.triu_indices(len(values), 1)]


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import cdist

    return cdist(a, b)


def _known(values: ArrayLike, name: str) -> np.ndarray:
    """As (n, bins), without rows with NaN; at least three."""
    table = floats(values, name)
    if table.ndim not in (1, 2):
        raise WorkbenchError(f"{name} has shape {table.shape}; give (n,) or (n, bins)")
    table = table.reshape(len(table), -1) if table.size else np.zeros((0, 1))
    if np.isinf(table).any():
        raise WorkbenchError(f"{name} holds infinity; leave that clip out")
    known = table[~np.isnan(table).any(1)]
    if len(known) < 3:
        raise WorkbenchError(
            f"{name} has {len(known)} clips with an answer of {len(table)}; distances between "
            "them need 3 or more"
        )
    return known


def _numbers(values: ArrayLike, name: str) -> np.ndarray:
    found = floats(values, name).ravel()
    if len(found) < 2 or not np.isfinite(found).all():
        raise WorkbenchError(f"{name}: give two or more finite numbers; it has {len(found)}")
    return found
