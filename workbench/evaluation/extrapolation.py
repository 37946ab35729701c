"""The Fréchet distance of infinitely many clips, from what it is for fewer and fewer of them.

A Fréchet distance from N clips is too long by about C/N, with a C that depends on the generator:
two systems compared at one N may stand in the wrong order (Chong and Forsyth 2020, "Effectively
unbiased FID", arXiv 1911.07023). So it is computed at several N, and the straight line through the
values over 1/N is followed to 1/N = 0.
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

FEWEST = 20  # rows of each set, whatever d
NEEDED = 3  # rows a dimension; with 2 of them the line ends 17 to 25 % too high (d 32 and 64)
ENOUGH = 8  # rows a dimension for an error of a few per cent without a tendency


@dataclass(frozen=True)
class Extrapolated:
    """value: at 1/N = 0, also a little below 0 for two samples of one distribution; r2: of the
    line; slope: C; n: rows of the smaller set; d: columns; sizes, values: what the line goes
    through; warning: why the value is not to be trusted, "" where it is."""

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
    """Fréchet distance of rows (n, d) and (m, d), extrapolated to infinitely many rows of both.

    At each of `points` sizes N, evenly spaced in 1/N from a quarter of the smaller set to all of
    it, N rows of both sets are drawn *without* replacement, `times` over. (Drawn with replacement,
    as in fadtk and FMD, samples repeat rows, and the line ends at the biased value again.) A
    WorkbenchError says how many rows are needed where there are fewer than 3 d; below 8 d a
    UserWarning says so, and `warning` holds it.
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
            f"{n} rows in {d} dimensions are {n / d:.1f} for each; below {ENOUGH} a dimension the "
            f"distance does not fall as 1/N, so give {ENOUGH * d} rows"
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
