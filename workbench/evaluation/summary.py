"""A metric with its context: value, interval, the floor of real music, and a trivial baseline.

A metric is a plain function of rows; what it is compared with is passed beside it:

    measured(frechet_distance, made, real=other_real, baseline=noise, reference=real)
    measured(paired_kl, (real_p, made_p), real=(real_p, again_p), baseline=(real_p, shuffled_p))
    measured(inception_score, made_p, real=real_p, baseline=noise_p)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import floats, function_of, random_generator, renamed, whole
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import labels
from workbench.evaluation.intervals import MOST_TIMES, centred, resampled

Parts = ArrayLike | tuple[ArrayLike, ...]  # rows, or several tables whose rows belong together


@dataclass(frozen=True)
class Measured:
    """A metric with its context, in the unit of the metric.

    Args:
        value: Of the generated clips.
        interval: 95 %, by resampling all sets.
        floor: The same metric of real music.
        baseline: The same metric of trivial clips.
        n: Rows of generated, real, baseline and reference (0 for none).
    """

    value: float
    interval: tuple[float, float]
    floor: float
    baseline: float
    n: tuple[int, int, int, int]


@renamed(made="generated")
def measured(
    measure: Callable[..., float],
    generated: Parts,
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
    """`measure(*generated)`, or `measure(*generated, reference)`, beside its values for real and
    trivial rows.

    Args:
        measure: A function of tables of rows.
        generated: Of generated clips: a table (n, …), or a tuple of tables; row i of all is one
            clip's.
        real: The same of held-out music that is not in `reference`. None: halves of the reference
            are compared with each other.
        baseline: The same of trivial clips. Of real and baseline, n random rows are used, because
            many metrics depend on n; if there are fewer, `n` of the result says so.
        reference: (m, …), passed to `measure` last.
        groups: Labels (n,) of the generated rows. Whole groups are resampled for the interval; the
            reference's rows are resampled one by one.
        times: Bootstrap samples.
        seed: Of the resampling.
        level: Of confidence, 0 to 1.
        bounds: Range of the metric, such as (0, 1) for a share; it limits the interval.

    Returns:
        The value with its context.

    Raises:
        WorkbenchError: for fewer than two rows, and tables of different lengths.
    """
    function_of(measure, "measure", needed=True)
    generated = _parts(generated, "generated")
    random = random_generator(seed)
    n = len(generated[0])
    fixed = None if reference is None else _parts(reference, "reference")[0]
    groups = None if groups is None else labels(groups, "groups", n)

    def of(parts: tuple[np.ndarray, ...], other: np.ndarray | None = fixed) -> float:
        return float(measure(*parts) if other is None else measure(*parts, other))

    value = of(generated)
    draw, times = resampled(n, random, groups), whole(times, "times", 1, MOST_TIMES)
    drawn = []
    for _ in range(times):
        chosen = draw()
        other = None if fixed is None else fixed[random.integers(len(fixed), size=len(fixed))]
        drawn.append(of(tuple(part[chosen] for part in generated), other))
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
    """The floor: mean of `measure` between random halves of one set, the best value that a system
    can be expected to reach.

    Args:
        measure: A function of two tables of rows.
        real: (n, …), four rows or more.
        groups: Labels (n,); all rows of a group are in the same half.
        most: Rows of each half; None for n / 2. Compare the result with a metric of as many rows.
        times: Number of random divisions.
        seed: Of the divisions.

    Returns:
        In the unit of the metric.

    Raises:
        WorkbenchError: for fewer than four rows or two groups.
    """
    function_of(measure, "measure", needed=True)
    real, random = np.atleast_1d(np.asarray(real)), random_generator(seed)
    times = whole(times, "times", 1, MOST_TIMES)
    most = None if most is None else whole(most, "most", 1)
    if len(real) < 4:
        raise WorkbenchError(f"real has too few rows: {len(real)}; two halves need 4 or more")
    group = np.arange(len(real))
    if groups is not None:
        group = np.unique(labels(groups, "groups", len(real)), return_inverse=True)[1]
    if group.max() < 1:
        raise WorkbenchError("groups names one group only; two halves need two or more")
    values = []
    for _ in range(times):
        order = random.permutation(group.max() + 1)
        first = np.isin(group, order[: len(order) // 2])
        here, there = np.flatnonzero(first), np.flatnonzero(~first)
        if most is not None:
            here, there = random.permutation(here)[:most], random.permutation(there)[:most]
        values.append(measure(real[here], real[there]))
    return float(np.mean(values))


def mean_of_known(values: np.ndarray) -> float:
    """Mean of values (n,) per clip without NaN (no answer); NaN if none is left."""
    known = floats(values, "values")
    known = known[~np.isnan(known)]
    return float(known.mean()) if len(known) else float("nan")


def _parts(given: Parts, name: str) -> tuple[np.ndarray, ...]:
    parts = tuple(np.asarray(part) for part in (given if isinstance(given, tuple) else (given,)))
    if not all(part.ndim for part in parts):
        raise WorkbenchError(f"{name}: give a table of rows, or a tuple of tables")
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
    """At most n random rows, the same of each part."""
    chosen = random.permutation(len(parts[0]))[:n]
    return tuple(part[chosen] for part in parts)
