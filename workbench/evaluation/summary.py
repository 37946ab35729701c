"""A figure never stands alone: value, interval, the floor of real music, and a trivial baseline.

A measure is a plain function of rows; what it compares with is given beside them:

    measured(frechet_distance, made, real=other_real, baseline=noise, reference=real)
    measured(paired_kl, (real_p, made_p), real=(real_p, again_p), baseline=(real_p, shuffled_p))
    measured(inception_score, made_p, real=real_p, baseline=noise_p)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import floats, random_generator, whole
from workbench.errors import WorkbenchError
from workbench.evaluation.intervals import MOST_TIMES, centred, resampled

Parts = ArrayLike | tuple[ArrayLike, ...]  # rows, or several tables whose rows belong together


@dataclass(frozen=True)
class Measured:
    """interval: 95 %, all sets resampled; floor: the same measure on real music; baseline: on
    something trivial; n: rows of made, real, baseline and reference (0 for none)."""

    value: float
    interval: tuple[float, float]
    floor: float
    baseline: float
    n: tuple[int, int, int, int]


def measured(
    measure: Callable[..., float],
    made: Parts,
    *,
    real: Parts | None,
    baseline: Parts,
    reference: ArrayLike | None = None,
    groups: np.ndarray | None = None,
    times: int = 50,
    seed: int = 0,
    level: float = 0.95,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Measured:
    """`measure(*made)`, or `measure(*made, reference)`, beside real and trivial rows in its place.

    made, real, baseline: a table of rows (n, …), or a tuple of tables whose row i belongs to one
    clip. real: held-out music that is not in `reference`; None: halves of the reference are
    compared with each other. real and baseline are cut, at random, to as many rows as `made` has,
    since many measures depend on their number; where they have fewer, `n` says so. groups: labels
    of made's rows, drawn as wholes for the interval (the reference's rows are drawn one by one).
    bounds: what the measure can be at all, such as (0, 1) of a share; the interval ends there.
    """
    made = _parts(made, "made")
    random = random_generator(seed)
    n = len(made[0])
    fixed = None if reference is None else np.asarray(reference)

    def of(parts: tuple[np.ndarray, ...], other: np.ndarray | None = fixed) -> float:
        return float(measure(*parts) if other is None else measure(*parts, other))

    value = of(made)
    draw, times = resampled(n, random, groups), whole(times, "times", 1, MOST_TIMES)
    drawn = []
    for _ in range(times):
        chosen = draw()
        other = None if fixed is None else fixed[random.integers(len(fixed), size=len(fixed))]
        drawn.append(of(tuple(part[chosen] for part in made), other))
    trivial = _cut(_parts(baseline, "baseline"), n, random)
    if real is not None:
        held = _cut(_parts(real, "real"), n, random)
        floor, held_n = of(held), len(held[0])
    elif fixed is not None:
        floor, held_n = halves(measure, fixed, most=n, seed=seed), min(n, len(fixed) // 2)
    else:
        raise WorkbenchError("real is None and there is no reference to halve; give real clips")
    low, high = np.clip(centred(value, drawn, level), *bounds).tolist()
    return Measured(
        value,
        (low, high),
        floor,
        of(trivial),
        (n, held_n, len(trivial[0]), 0 if fixed is None else len(fixed)),
    )


def halves(
    measure: Callable[..., float],
    real: ArrayLike,
    *,
    groups: np.ndarray | None = None,
    most: int | None = None,
    times: int = 20,
    seed: int = 0,
) -> float:
    """Floor: mean of `measure` between random halves of one set (n, …), the least that a system
    can be expected to reach.

    groups: labels (n,); whole groups go to one half. Each half has n/2 rows, or `most`, so a
    measure of two sets of so many is to be held against it.
    """
    real, random = np.atleast_1d(np.asarray(real)), random_generator(seed)
    times = whole(times, "times", 1, MOST_TIMES)
    most = None if most is None else whole(most, "most", 1)
    if len(real) < 4:
        raise WorkbenchError(f"real has too few rows: {len(real)}; two halves need 4 or more")
    labels = np.arange(len(real)) if groups is None else np.unique(groups, return_inverse=True)[1]
    if labels.max() < 1:
        raise WorkbenchError("groups names one group only; two halves need two or more")
    values = []
    for _ in range(times):
        order = random.permutation(labels.max() + 1)
        first = np.isin(labels, order[: len(order) // 2])
        here, there = np.flatnonzero(first), np.flatnonzero(~first)
        if most is not None:
            here, there = random.permutation(here)[:most], random.permutation(there)[:most]
        values.append(measure(real[here], real[there]))
    return float(np.mean(values))


def mean_of_known(values: np.ndarray) -> float:
    """Mean of per-clip values (n,), those without an answer (NaN) left out; NaN for none."""
    known = floats(values, "values")
    known = known[~np.isnan(known)]
    return float(known.mean()) if len(known) else float("nan")


def _parts(given: Parts, name: str) -> tuple[np.ndarray, ...]:
    parts = tuple(np.asarray(part) for part in (given if isinstance(given, tuple) else (given,)))
    if len({len(part) for part in parts}) != 1:
        raise WorkbenchError(
            f"{name} has tables of {', '.join(str(len(part)) for part in parts)} rows; "
            "row i of all must belong to one clip"
        )
    if len(parts[0]) < 2:
        raise WorkbenchError(
            f"{name} has too few rows: {len(parts[0])}; give 2 or more, an interval comes from "
            "what differs between clips"
        )
    return parts


def _cut(
    parts: tuple[np.ndarray, ...], n: int, random: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """At most n rows, the same of each part."""
    chosen = random.permutation(len(parts[0]))[:n]
    return tuple(part[chosen] for part in parts)
