"""Scaling laws: how a loss falls with size, by a power law above an irreducible loss.

    L(N) = L∞ + (N₀ / N)^α

N is the number of parameters or of training songs. L∞ contains the entropy of the data and all else
that does not depend on N, such as too few training steps.

Source: Kaplan et al. 2020, arXiv 2001.08361; Hoffmann et al. 2022, arXiv 2203.15556, equation 2
(with L∞).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import f as f_distribution

from workbench.arguments import floats
from workbench.errors import WorkbenchError

Ends = tuple[float, float]


@dataclass(frozen=True)
class PowerLaw:
    """A fitted power law.

    Args:
        floor: L∞, in the unit of the losses.
        exponent: α, above 0.
        scale: N₀, in the unit of the sizes.
        r2: Share of the losses' variance that the law explains.
        floor_interval: 95 % interval; an end is infinite if the losses do not bound it.
        exponent_interval: The same.
    """

    floor: float
    exponent: float
    scale: float
    r2: float
    floor_interval: Ends
    exponent_interval: Ends

    def __call__(self, sizes: ArrayLike) -> np.ndarray:
        """The loss at sizes of any shape."""
        return self.floor + (self.scale / floats(sizes, "sizes")) ** self.exponent


def power_law(sizes: ArrayLike, losses: ArrayLike) -> PowerLaw:
    """Least-squares fit of a power law.

    The intervals are profile intervals: they contain each value for which the best law fits no
    worse than an F test allows. With only three or four sizes they are wide, as they should be.

    Args:
        sizes: (n,), above 0; a size may occur several times. At least four different ones.
        losses: (n,).

    Returns:
        The law.

    Raises:
        WorkbenchError: for too few sizes, sizes that are not above 0, and NaN.
    """
    sizes, losses = floats(sizes, "sizes"), floats(losses, "losses")
    fit = sizes.size and sizes.shape == losses.shape and np.isfinite([sizes, losses]).all()
    if not fit or sizes.min() <= 0:
        raise WorkbenchError("sizes and losses must be finite and equally many, and sizes above 0")
    if len(np.unique(sizes)) < 4:
        raise WorkbenchError(
            f"a power law has three unknowns; {len(np.unique(sizes))} sizes, give four or more"
        )
    middle = np.exp(np.log(sizes).mean())  # keeps (middle / N)^α near 1
    spread = np.ptp(losses) + 1e-12
    exponents = np.geomspace(0.01, 10, 350)
    falling = (middle / sizes) ** exponents[:, None]  # (exponents, n)
    floors = losses.min() - spread * np.concatenate(
        [np.linspace(-0.2, 1, 300), np.geomspace(1.01, 20, 200)]
    )
    above = losses - floors[:, None]  # (floors, n)
    cross, power = falling @ above.T, (falling**2).sum(1)[:, None]  # (exponents, floors)
    height = np.maximum(cross / power, 0)  # (N₀ / middle)^α, the best for each pair
    missed = (above**2).sum(1) - 2 * height * cross + height**2 * power
    i, j = np.unravel_index(missed.argmin(), missed.shape)
    freedom = max(1, len(losses) - 3)
    most = missed[i, j] * (1 + f_distribution.ppf(0.95, 1, freedom) / freedom)
    return PowerLaw(
        float(floors[j]),
        float(exponents[i]),
        float(middle * height[i, j] ** (1 / exponents[i])),
        float(1 - missed[i, j] / ((losses - losses.mean()) ** 2).sum()),
        _inside(floors, missed.min(0) <= most, -np.inf),
        _inside(exponents, missed.min(1) <= most, 0.0),
    )


def _inside(values: np.ndarray, kept: np.ndarray, least: float) -> Ends:
    """Smallest and largest value kept; `least` or infinity where the grid itself ends."""
    order = np.argsort(values)
    values, kept = values[order], kept[order]
    inside = values[kept]
    return (least if kept[0] else float(inside[0])), (np.inf if kept[-1] else float(inside[-1]))
