"""Distances between two sets of embeddings: Fréchet distance, kernel distance and MAUVE; and the
true distance of two distributions whose probabilities are known.

x and y are finite numbers (n, d) and (m, d), at least two rows each. Report the embedder, n and m
with every value, because they affect it. Notebook: `notebooks/03_contrastive_pretraining.ipynb`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import choice, floats, number, random_generator, seed_of, whole
from workbench.errors import WorkbenchError
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


def total_variation(log_p: ArrayLike, log_q: ArrayLike) -> float:
    """Total variation distance of two distributions whose probabilities are known: the largest
    difference between the probabilities that they give to the same event.

    It is estimated on samples of q, as the mean of max(0, 1 − p/q). The best possible judge
    recognises the distribution of a sample with probability (1 + distance) / 2.

    Args:
        log_p: ln p(x) of n samples x of q, (n,); −inf where p is 0.
        log_q: ln q(x) of the same samples, (n,), finite.

    Returns:
        0 (equal) to 1 (nothing in common).

    Raises:
        WorkbenchError: for NaN, for different lengths, and for a sample that q cannot give.

    Source:
        Levin, Peres and Wilmer 2009, Markov Chains and Mixing Times, section 4.1.
    """
    log_p, log_q = floats(log_p, "log_p"), floats(log_q, "log_q")
    if log_p.shape != log_q.shape or log_p.ndim != 1 or not len(log_p):
        raise WorkbenchError(
            f"log_p has shape {log_p.shape} and log_q {log_q.shape}; give (n,), one per sample"
        )
    if np.isnan(log_p).any() or not np.isfinite(log_q).all():
        raise WorkbenchError("log_p holds NaN, or log_q a value that is not finite; leave that out")
    return float(1 - np.exp(np.minimum(log_p - log_q, 0)).mean())


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
    low, high = _interval(frechet_distance, x, y, times, seed, level)
    return max(0.0, low), high


def kernel_interval(
    x: ArrayLike, y: ArrayLike, *, times: int = 50, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Interval of the kernel distance by resampling rows of both sets (`intervals.centred`).

    Args:
        x: (n, d).
        y: (m, d).
        times: Bootstrap samples.
        seed: Of the resampling.
        level: Of confidence, 0 to 1.

    Returns:
        (low, high); an interval that contains 0 shows no difference.
    """
    return _interval(kernel_distance, x, y, times, seed, level)


def _interval(
    distance: Callable[[np.ndarray, np.ndarray], float],
    x: ArrayLike,
    y: ArrayLike,
    times: int,
    seed: int,
    level: float,
) -> tuple[float, float]:
    x, y = _pair(x, y)
    random, times = random_generator(seed), whole(times, "times", 1, MOST_TIMES)
    value = distance(x, y)
    drawn = [
        distance(x[random.integers(len(x), size=len(x))], y[random.integers(len(y), size=len(y))])
        for _ in range(times)
    ]
    return centred(value, drawn, level)


def mauve(
    x: ArrayLike, y: ArrayLike, clusters: int | None = None, *, scale: float = 5.0, seed: int = 0
) -> float:
    """MAUVE: the area below the divergence frontier of two sets of rows.

    Both sets are quantised by k-means on all rows (standardised, in the directions that hold 90 %
    of the variance) to histograms P and Q. The frontier has the points (exp(−c KL(Q ‖ R)),
    exp(−c KL(P ‖ R))) for mixtures R = λ P + (1 − λ) Q. It falls if y lacks what x has, and if x
    lacks what y has.

    Args:
        x: (n, d).
        y: (m, d).
        clusters: Cells of the histograms; default: a tenth of the smaller set, at least 2.
        scale: c.
        seed: Of k-means.

    Returns:
        From near 0, if no cell is shared, to 1, if the histograms are equal.

    Source:
        Pillutla et al. 2021, arXiv 2102.02454, sections 2 and 3.
    """
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    x, y = _pair(x, y)
    fewest = min(len(x), len(y))
    scale = number(scale, "scale", 0)
    clusters = max(2, fewest // 10) if clusters is None else whole(clusters, "clusters", 2, fewest)
    both = np.concatenate([x, y])
    if len(np.unique(both, axis=0)) < 2:
        return 1.0
    both = PCA(0.9).fit_transform((both - both.mean(0)) / np.maximum(both.std(0), 1e-12))
    cells = KMeans(clusters, n_init=5, random_state=seed_of(seed) % 2**32).fit_predict(both)
    p, q = (
        np.bincount(part, minlength=clusters) / len(part)
        for part in (cells[: len(x)], cells[len(x) :])
    )
    share = np.linspace(1e-6, 1 - 1e-6, 101)[::-1, None]
    mixtures = share * p + (1 - share) * q

    def closeness(own: np.ndarray) -> np.ndarray:
        logs = np.log(np.where(own > 0, own / np.maximum(mixtures, 1e-300), 1))
        return np.exp(-scale * (own * logs).sum(1))

    across = np.concatenate([[0], closeness(q), [1]])  # rises, because R comes nearer to Q
    up = np.concatenate([[1], closeness(p), [0]])
    return float(np.trapezoid(up, across).clip(0, 1))


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
