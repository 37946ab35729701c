"""Agreement between raters: Krippendorff's alpha."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import choice, floats
from workbench.errors import WorkbenchError
from workbench.evaluation.intervals import bootstrap

LEVELS = ("nominal", "ordinal", "interval")


def krippendorff_alpha(ratings: ArrayLike, level: str = "ordinal") -> float:
    """Krippendorff's alpha: 1 − observed / expected disagreement.

    Args:
        ratings: (raters, units); NaN if a rater gave none.
        level: "nominal" counts differences, "interval" squares them, "ordinal" squares the number
            of ratings in between.

    Returns:
        1 for full agreement, 0 for chance with the same shares of values, below 0 for systematic
        disagreement. Units with fewer than two ratings are ignored. NaN if all ratings are equal,
        or no unit has two.

    Raises:
        WorkbenchError: for another shape or level.

    Source:
        Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011.
    """
    table = _table(ratings)
    level = choice(level, "level", LEVELS)
    values, counts = _counts(table)
    return _alpha(counts, values, level)


def alpha_interval(
    ratings: ArrayLike, level: str = "ordinal", *, times: int = 500, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of alpha by bootstrap over units (clips).

    It does not resample raters, because a rater who is sampled twice agrees with themselves, which
    would raise alpha.

    Args:
        ratings, level: As of `krippendorff_alpha`.
        times: Bootstrap samples.
        seed: Of the resampling.

    Returns:
        (low, high); NaN for fewer than two units.
    """
    level = choice(level, "level", LEVELS)
    values, counts = _counts(_table(ratings))
    if len(counts) < 2:
        return np.nan, np.nan

    def measure(rows: np.ndarray) -> float:
        return _alpha(counts[rows], values, level)

    if not np.isfinite(measure(np.arange(len(counts)))):
        return np.nan, np.nan
    return bootstrap(measure, len(counts), times=times, seed=seed)


def _table(ratings: ArrayLike) -> np.ndarray:
    table = floats(ratings, "ratings")
    if table.ndim != 2 or not table.size:
        raise WorkbenchError(f"ratings have shape {table.shape}; give (raters, units)")
    return table


def _counts(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values, and how often each was given, (units, values); only units with two ratings."""
    values = np.unique(table[np.isfinite(table)])
    counts = (table.T[:, :, None] == values).sum(1)
    return values, counts[counts.sum(1) >= 2]


def _alpha(counts: np.ndarray, values: np.ndarray, level: str) -> float:
    of_unit = counts.sum(1, keepdims=True)  # (units, 1)
    together = (counts / (of_unit - 1)).T @ counts - np.diag((counts / (of_unit - 1)).sum(0))
    total = counts.sum(0).astype(float)  # of each value
    apart = _distances(values, total, level)
    n, expected = total.sum(), float((np.outer(total, total) * apart).sum())
    if expected == 0:
        return np.nan
    return float(1 - (n - 1) * (together * apart).sum() / expected)


def _distances(values: np.ndarray, total: np.ndarray, level: str) -> np.ndarray:
    """Squared difference of each pair of values."""
    if level == "nominal":
        return 1.0 - np.eye(len(values))
    place = values if level == "interval" else np.cumsum(total) - total / 2
    return (place[:, None] - place[None, :]) ** 2
