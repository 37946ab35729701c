"""Distances between two sets of embeddings: Fréchet and kernel distance.

x, y: finite numbers (n, d) and (m, d), at least two rows each. Report the encoder, n and m with
every value, because they affect it.
Notebook: `notebooks/03_contrastive_pretraining.ipynb`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import random_generator, whole
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import rows, same_width
from workbench.evaluation.intervals import MOST_TIMES, centred

WELL = 1e-3  # smallest over largest diagonal of a Cholesky factor that keeps 10 digits


def frechet_distance(x: ArrayLike, y: ArrayLike) -> float:
    """Squared Fréchet distance of the normal distributions fitted to two sets of rows.

    |μx − μy|² + tr Σx + tr Σy − 2 tr (Σx^½ Σy Σx^½)^½ (Dowson and Landau, 1982), in float64.

    The last trace is the nuclear norm of Xc Ycᵀ/√((n−1)(m−1)), Xc and Yc being the centred rows,
    and so of R Sᵀ where Xc = Q R and Yc = P S. Nothing is squared before the root is taken, so that
    small singular values keep their digits, and nothing can become complex, as the square root of
    the product Σx Σy can.
    """
    x, y = _pair(x, y)
    xc, yc = x - x.mean(0), y - y.mean(0)
    xc, yc = xc / np.sqrt(len(x) - 1), yc / np.sqrt(len(y) - 1)
    gap = x.mean(0) - y.mean(0)
    cross = np.linalg.svd(_short(xc) @ _short(yc).T, compute_uv=False).sum()
    value = gap @ gap + (xc**2).sum() + (yc**2).sum() - 2 * cross
    return float(max(0.0, value))


def _short(rows: np.ndarray) -> np.ndarray:
    """At most as many rows as columns, with the same singular values: R of the rows' QR.

    R is the Cholesky factor of XᵀX, which comes three times as fast, and as exactly where no column
    all but follows from the others; else it is taken from the rows themselves.
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
    """Unbiased squared maximum mean discrepancy (Gretton et al. 2012, eq. 3).

    Its expectation does not depend on the number of rows, as the Fréchet distance's does, so it is
    about 0, also slightly negative, for two samples of one distribution. "gaussian": bandwidth is
    the median distance between rows of `y`, the reference, unless given (KAD, arXiv 2502.15602).
    "polynomial": (x·y/d + 1)³ (KID, arXiv 1801.01401).
    """
    x, y = _pair(x, y)
    n, m = len(x), len(y)
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
    """Interval of the Fréchet distance by resampling rows of both sets, `intervals.centred`."""
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


def spread(x: ArrayLike, groups: ArrayLike) -> float:
    """How far apart rows of one group lie: the root mean square distance of two rows, (n, d) and
    the group of each (n,), mean over the groups of two rows or more; NaN without such a group.

    Set beside that of real music it says whether takes of one request vary as people do: a system
    that obeys by always giving the same answer has 0.
    """
    x, groups = rows(x, "x"), np.asarray(groups)
    if groups.shape != (len(x),):
        raise WorkbenchError(f"groups has shape {groups.shape}; give one for each of {len(x)} rows")
    parts = [x[groups == group] for group in np.unique(groups)]
    found = [np.sqrt(2 * part.var(0, ddof=1).sum()) for part in parts if len(part) > 1]
    return float(np.mean(found)) if found else float("nan")


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    x, y = rows(x, "x", 2), rows(y, "y", 2)
    same_width(x, y, ("x", "y"))
    return x, y


def _squares(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances (n, m)."""
    return ((x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T).clip(min=0)
