"""The Fréchet distance of infinitely many clips, extrapolated from smaller and smaller sets.

A Fréchet distance of N clips is too large by about C/N, and C depends on the generator. Two systems
compared at one N can therefore be in the wrong order. So the distance is computed at several N, and
the straight line through the values over 1/N is extrapolated to 1/N = 0.

Source: Chong and Forsyth 2020, "Effectively unbiased FID", arXiv 1911.07023.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import random_generator, whole
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import rows, same_width
from workbench.evaluation.distances import frechet_distance
from workbench.evaluation.intervals import MOST_TIMES

FEWEST = 20  # rows of each set, for any d
NEEDED = 3  # rows per dimension; with 2 the line ends 17 to 25 % too high (d = 32 and 64)
ENOUGH = 8  # rows per dimension for an error of a few per cent without bias


@dataclass(frozen=True)
class Extrapolated:
    """A Fréchet distance extrapolated to infinitely many rows.

    Args:
        value: The line at 1/N = 0; for two samples of one distribution it can be slightly below 0.
        r2: Coefficient of determination of the line.
        slope: C, the slope of the line over 1/N.
        n: Rows of the smaller set.
        d: Columns.
        sizes: The values of N.
        values: The distance at each N.
        warning: Why the value is not reliable; "" if it is.
    """

    value: float
    r2: float
    slope: float
    n: int
    d: int
    sizes: tuple[int, ...]
    values: tuple[float, ...]
    warning: str


def frechet_extrapolated(
    x: ArrayLike, y: ArrayLike, *, points: int = 8, times: int = 16, seed: int = 0
) -> Extrapolated:
    """Fréchet distance of two sets of rows, extrapolated to infinitely many rows of both.

    At each of several sizes N, evenly spaced in 1/N from a quarter of the smaller set to all of it,
    N rows of both sets are sampled *without* replacement. (Sampling with replacement, as in fadtk
    and FMD, repeats rows, and the line ends at the biased value again.)

    Args:
        x: (n, d).
        y: (m, d).
        points: Number of sizes N, 3 or more.
        times: Samples per size.
        seed: Of the sampling.

    Returns:
        The value in squared units of the rows, its line, and a warning below 8 d rows, which is
        also given as a UserWarning.

    Raises:
        WorkbenchError: for fewer than 3 d (or 20) rows.

    Source:
        Chong and Forsyth 2020, arXiv 1911.07023.
    """
    x, y = rows(x, "x"), rows(y, "y")
    same_width(x, y, ("x", "y"))
    n, d = min(len(x), len(y)), x.shape[1]
    if n < (least := max(FEWEST, NEEDED * d)):
        raise WorkbenchError(
            f"an extrapolation in {d} dimensions needs {least} rows of both sets, better "
            f"{max(FEWEST, ENOUGH * d)}, and the smaller one has {n}; use kernel_distance, whose "
            "expectation does not depend on N"
        )
    points = whole(points, "points", 3, 1000)  # a line and its R² need three
    times = whole(times, "times", 1, MOST_TIMES)
    warning = (
        ""
        if n >= ENOUGH * d
        else (
            f"{n} rows in {d} dimensions are {n / d:.1f} per dimension; below {ENOUGH} the "
            f"distance does not fall as 1/N; give {ENOUGH * d} rows"
        )
    )
    if warning:
        warnings.warn(warning, UserWarning, stacklevel=2)
    random = random_generator(seed)
    sizes = np.unique(np.round(1 / np.linspace(4 / n, 1 / n, points)).astype(int))
    values = np.array(
        [
            np.mean(
                [
                    frechet_distance(random.permutation(x)[:size], random.permutation(y)[:size])
                    for _ in range(1 if size == len(x) == len(y) else times)
                ]
            )
            for size in sizes
        ]
    )
    slope, value = np.polyfit(1 / sizes, values, 1)
    spread = ((values - values.mean()) ** 2).sum()
    missed = ((values - value - slope / sizes) ** 2).sum()
    return Extrapolated(
        float(value),
        float(1 - missed / spread) if spread > 0 else 1.0,
        float(slope),
        n,
        d,
        tuple(sizes.tolist()),
        tuple(values.tolist()),
        warning,
    )
