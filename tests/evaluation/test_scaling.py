"""Power laws: known ones are found again, and their intervals hold the truth as often as said."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit

from workbench.errors import WorkbenchError
from workbench.evaluation.scaling import power_law

SIZES = np.repeat(np.geomspace(1e3, 4e5, 6), 3)


def law(n, floor, scale, exponent):
    return floor + (scale / n) ** exponent


def test_a_law_without_noise_is_found_again():
    found = power_law(SIZES, law(SIZES, 0.44, 3e4, 0.5))
    assert found.floor == pytest.approx(0.44, abs=0.05)
    assert found.exponent == pytest.approx(0.5, abs=0.02)
    assert found.r2 > 0.9999
    assert found(1e5) == pytest.approx(law(1e5, 0.44, 3e4, 0.5), abs=0.02)


def test_it_is_the_nearest_law_as_scipy_finds_it():
    losses = law(SIZES, 0.5, 2e4, 0.4) + np.random.default_rng(0).normal(0, 0.05, len(SIZES))
    found = power_law(SIZES, losses)
    scipys, _ = curve_fit(law, SIZES, losses, p0=(0.5, 1e4, 0.5), maxfev=20_000)
    missed = ((losses - law(SIZES, *scipys)) ** 2).sum()
    assert ((losses - found(SIZES)) ** 2).sum() == pytest.approx(missed, rel=0.01)
    assert (found.floor, found.exponent) == pytest.approx((scipys[0], scipys[2]), abs=0.05)


def test_intervals_hold_the_truth_as_often_as_they_say():
    random = np.random.default_rng(1)
    floors = exponents = 0
    for _ in range(60):
        found = power_law(SIZES, law(SIZES, 0.5, 2e4, 0.5) + random.normal(0, 0.05, len(SIZES)))
        floors += found.floor_interval[0] <= 0.5 <= found.floor_interval[1]
        exponents += found.exponent_interval[0] <= 0.5 <= found.exponent_interval[1]
    assert min(floors, exponents) >= 51  # fewer in 1 of 1000 such tests


def test_what_does_not_bend_does_not_bound_the_floor():
    sizes = np.array([10.0, 20, 40, 80])
    assert power_law(sizes, 5 - np.log(sizes)).floor_interval[0] == -np.inf


@pytest.mark.parametrize(
    ("sizes", "losses"),
    [
        ([1, 2, 3], [3, 2, 1]),
        ([1, 1, 2, 3], [4, 3, 2, 1]),
        ([0, 1, 2, 3], [4, 3, 2, 1]),
        ([1, 2, 3, 4], [4, 3, 2, np.nan]),
        ([1, 2, 3, 4], [4, 3, 2]),
    ],
)
def test_too_few_or_broken_sizes_are_refused(sizes, losses):
    with pytest.raises(WorkbenchError, match="sizes"):
        power_law(sizes, losses)
