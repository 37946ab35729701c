"""Confidence intervals: of shares in closed form, of other metrics by resampling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import floats, function_of, number, random_generator, whole
from workbench.evaluation.checks import array, labels

MOST_TIMES = 1_000_000  # resamples; more would take too long


def share_interval(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval for a share.

    Unlike hits/n ± z·σ, it stays within 0 to 1 and has a positive width at 0 and n hits.

    Args:
        hits: Successes.
        n: Trials.
        z: Quantile of the normal distribution; 1.96 for 95 %.

    Returns:
        (low, high); (0, 1) for no trials.

    Source:
        Wilson, 1927.
    """
    n = whole(n, "n", 0)
    hits, z = whole(hits, "hits", 0, n), number(z, "z", 0)
    if n == 0:
        return 0.0, 1.0
    share = hits / n
    centre = share + z**2 / (2 * n)
    spread = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = (centre - spread) / (1 + z**2 / n), (centre + spread) / (1 + z**2 / n)
    return float(max(0.0, low)), float(min(1.0, high))


def centred(value: float, drawn: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Interval of `value`: the spread of bootstrap values about their mean, placed around it.

    For metrics that resampling shifts: a resampled set has fewer distinct rows, which increases a
    distance between sets. This removes the shift and keeps the spread.

    Args:
        value: The metric of the original rows.
        drawn: The metric of each bootstrap sample; NaN is ignored.
        level: Of confidence, 0 to 1.

    Returns:
        (low, high).
    """
    value = number(value, "value")
    drawn, level = floats(drawn, "drawn"), number(level, "level", 0, 1)
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2]) - np.nanmean(drawn)
    return value + float(low), value + float(high)


def resampled(
    n: int, random: np.random.Generator, groups: np.ndarray | None = None
) -> Callable[[], np.ndarray]:
    """A function that resamples row indices with replacement.

    Args:
        n: Number of rows.
        random: The random generator.
        groups: Labels (n,). Whole groups are resampled, because clips of one performance or song
            are not independent, and resampling single clips makes intervals too narrow.

    Returns:
        A function without arguments that returns row indices; n of them without groups.
    """
    if groups is None:
        return lambda: random.integers(n, size=n)
    _, label = np.unique(labels(groups, "groups", n), return_inverse=True)
    members = [np.flatnonzero(label == g) for g in range(label.max() + 1)]
    return lambda: np.concatenate(
        [members[g] for g in random.integers(len(members), size=len(members))]
    )


def t_interval(values: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Student's interval of the mean of a few independent values, such as one per seed.

    mean ± t(n−1)·s/√n. It assumes approximately normal values; for shares close to 0 or 1 it may
    exceed these bounds.

    Args:
        values: At least two.
        level: Of confidence.

    Returns:
        (low, high); NaN for fewer than two values, or if one is NaN.
    """
    from scipy.stats import t

    values, level = np.atleast_1d(floats(values, "values")), number(level, "level", 0, 1)
    n = len(values)
    if n < 2:
        return float("nan"), float("nan")
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1)) / n**0.5
    reach = float(t.ppf((1 + level) / 2, n - 1)) * error
    return mean - reach, mean + reach


def bootstrap(
    measure: Callable[[np.ndarray], float],
    n: int,
    *,
    groups: np.ndarray | None = None,
    times: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of `measure(rows)` under resampling of rows with replacement.

    Args:
        measure: Function of row indices.
        n: Number of rows.
        groups: Labels (n,): whole groups are resampled.
        times: Bootstrap samples.
        seed: Of the resampling.
        level: Of confidence.

    Returns:
        (low, high).
    """
    function_of(measure, "measure", needed=True)
    n, times = whole(n, "n", 1), whole(times, "times", 1, MOST_TIMES)
    level = number(level, "level", 0, 1)
    sample = resampled(n, random_generator(seed), groups)
    values = [measure(sample()) for _ in range(times)]
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mean_interval(
    values: np.ndarray, *, groups: np.ndarray | None = None, times: int = 200, seed: int = 0
) -> tuple[float, float]:
    """The `bootstrap` interval of the mean of values (n,), in their unit."""
    values = array(values, "values", "(n, …)")
    return bootstrap(
        lambda rows: float(values[rows].mean()), len(values), groups=groups, times=times, seed=seed
    )
