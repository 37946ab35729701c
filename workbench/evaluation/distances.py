"""Distances between two sets of embeddings: Fréchet and kernel distance.

x and y are finite numbers (n, d) and (m, d), at least two rows each. Report the embedder, n and m
with every value, because they affect it. Notebook: `notebooks/03_contrastive_pretraining.ipynb`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import choice, number, random_generator, whole
from workbench.evaluation.checks import labels, rows, same_width
from workbench.evaluation.intervals import MOST_TIMES, centred

WELL = 1e-3  # smallest / largest diagonal element of a Cholesky factor with 10 exact digits


def frechet_distance(x: ArrayLike, y: ArrayLike) -> float:
    """Squared Fréchet distance of the normal distributions fitted to two sets of rows.

    |μx − μy|² + tr Σx + tr Σy − 2 tr (Σx^½ Σy Σx^½)^½, in float64.

    The last trace is the nuclear norm of Xc Ycᵀ/√((n−1)(m−1)), where Xc and Yc are the centred
    rows; this equals the nuclear norm of R Sᵀ for Xc = Q R and Yc = P S. Nothing is squared before
    the root is taken, so small singular values keep their digits. Nothing becomes complex, as the
    square root of the product Σx Σy can.

    Args:
        x: (n, d).
        y: (m, d).

    Returns:
        0 or more, in squared units of the rows.

    Raises:
        WorkbenchError: for fewer than two rows, NaN, and different widths.

    Source:
        Dowson and Landau 1982; Heusel et al. 2017, arXiv 1706.08500 (FID).
    """
    x, y = _pair(x, y)
    xc, yc = x - x.mean(0), y - y.mean(0)
    xc, yc = xc / np.sqrt(len(x) - 1), yc / np.sqrt(len(y) - 1)
    gap = x.mean(0) - y.mean(0)
    cross = np.linalg.svd(_short(xc) @ _short(yc).T, compute_uv=False).sum()
    value = gap @ gap + (xc**2).sum() + (yc**2).sum() - 2 * cross
    return float(max(0.0, value))


def _short(rows: np.ndarray) -> np.ndarray:
    """R of the rows' QR decomposition: at most as many rows as columns, with the same singular
    values.

    R is the Cholesky factor of XᵀX, which is three times as fast and as exact, unless a column
    almost depends on the others. In that case it is computed from the rows themselves.
    """
    if len(rows) <= rows.shape[1]:
        return rows
    try:
        factor = np.linalg.cholesky(rows.T @ rows).T
        size = np.diag(factor)
        if size.min() > WELL * size.max():
            return factor
    except np.linalg.LinAlgError:
        pass
    return np.asarray(np.linalg.qr(rows, mode="r"))


def kernel_distance(
    x: ArrayLike,
    y: ArrayLike,
    kernel: Literal["gaussian", "polynomial"] = "gaussian",
    bandwidth: float | None = None,
) -> float:
    """Unbiased estimate of the squared maximum mean discrepancy (MMD).

    Unlike that of the Fréchet distance, its expectation does not depend on the number of rows. It
    is about 0, or slightly negative, for two samples of one distribution.

    Args:
        x: (n, d).
        y: (m, d), the reference.
        kernel: "gaussian", exp(−|a − b|² / (2 bandwidth²)), or "polynomial", (a·b/d + 1)³.
        bandwidth: Of the Gaussian kernel, above 0; None for the median distance between rows of y.

    Returns:
        No unit; at most 2 for "gaussian".

    Raises:
        WorkbenchError: for fewer than two rows, NaN, different widths, and an unknown kernel.

    Source:
        Gretton et al. 2012, equation 3; KAD, arXiv 2502.15602 (Gaussian); KID, arXiv 1801.01401
        (polynomial).
    """
    x, y = _pair(x, y)
    n, m = len(x), len(y)
    choice(kernel, "kernel", ("gaussian", "polynomial"))
    bandwidth = None if bandwidth is None else number(bandwidth, "bandwidth", 0)
    if kernel == "polynomial":
        kxx, kyy, kxy = (((a @ b.T) / x.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    else:
        dyy = _squares(y, y)
        width2 = bandwidth**2 if bandwidth else np.median(dyy[np.triu_indices(m, 1)])
        width2 = max(float(width2), 1e-12)
        kxx, kyy, kxy = (np.exp(-d / (2 * width2)) for d in (_squares(x, x), dyy, _squares(x, y)))
    within = (kxx.sum() - np.trace(kxx)) / (n * (n - 1))
    within += (kyy.sum() - np.trace(kyy)) / (m * (m - 1))
    return float(within - 2 * kxy.mean())


def frechet_interval(
    x: ArrayLike, y: ArrayLike, *, times: int = 50, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Interval of the Fréchet distance by resampling rows of both sets (`intervals.centred`).

    Args:
        x: (n, d).
        y: (m, d).
        times: Bootstrap samples.
        seed: Of the resampling.
        level: Of confidence, 0 to 1.

    Returns:
        (low, high), 0 or more.
    """
    x, y = _pair(x, y)
    random, times = random_generator(seed), whole(times, "times", 1, MOST_TIMES)
    value = frechet_distance(x, y)
    drawn = [
        frechet_distance(
            x[random.integers(len(x), size=len(x))], y[random.integers(len(y), size=len(y))]
        )
        for _ in range(times)
    ]
    low, high = centred(value, drawn, level)
    return max(0.0, low), high


def diversity(x: ArrayLike, groups: ArrayLike) -> float:
    """Diversity within groups: the root mean square distance of two rows of one group, mean over
    groups.

    Beside the value of real music it shows whether takes of one request vary as much as those of
    people. A system that always gives the same answer has 0.

    Args:
        x: (n, d).
        groups: Label of each row, (n,); groups of one row are ignored.

    Returns:
        0 or more, in the unit of the rows; NaN without a group of two rows.
    """
    x = rows(x, "x")
    groups = labels(groups, "groups", len(x))
    parts = [x[groups == group] for group in np.unique(groups)]
    spreads = [np.sqrt(2 * part.var(0, ddof=1).sum()) for part in parts if len(part) > 1]
    return float(np.mean(spreads)) if spreads else float("nan")


spread = diversity  # the old name


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    x, y = rows(x, "x", 2), rows(y, "y", 2)
    same_width(x, y, ("x", "y"))
    return x, y


def _squares(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances (n, m)."""
    return ((x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T).clip(min=0)
