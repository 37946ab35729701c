"""How sure a figure is: intervals for shares and, by resampling, for anything else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def share_interval(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval for a share of `hits` in `n` trials (95 % at z = 1.96).

    Unlike hits/n ± z·σ it stays within 0 to 1 and has a width at 0 and at n (Wilson, 1927).
    """
    if n == 0:
        return 0.0, 1.0
    share = hits / n
    centre = share + z**2 / (2 * n)
    spread = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = (centre - spread) / (1 + z**2 / n), (centre + spread) / (1 + z**2 / n)
    return float(max(0.0, low)), float(min(1.0, high))


def bootstrap(
    measure: Callable[[np.ndarray], float], n: int, *, groups: np.ndarray | None = None,
    times: int = 200, seed: int = 0, level: float = 0.95,
) -> tuple[float, float]:  # fmt: skip
    """Percentile interval of `measure(rows)` under resampling of `n` rows with replacement.

    groups: (n,) labels; whole groups are drawn, since loops of one performance are not
    independent of each other, and drawing single loops makes intervals too narrow.
    """
    random = np.random.default_rng(seed)
    if groups is None:
        drawn = (random.integers(n, size=n) for _ in range(times))
    else:
        _, label = np.unique(groups, return_inverse=True)
        members = [np.flatnonzero(label == g) for g in range(label.max() + 1)]
        drawn = (
            np.concatenate([members[g] for g in random.integers(len(members), size=len(members))])
            for _ in range(times)
        )
    values = [measure(rows) for rows in drawn]
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
