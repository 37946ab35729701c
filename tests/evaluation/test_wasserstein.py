"""Sliced Wasserstein distance against POT, SciPy, a closed form, and its properties."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance_nd

from workbench.errors import WorkbenchError
from workbench.evaluation.summary import halves
from workbench.evaluation.wasserstein import sliced_wasserstein, standardised


def cloud(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


@pytest.mark.parametrize(("n", "m"), [(50, 50), (50, 80), (7, 100)])
def test_it_is_pots_along_the_same_directions(n, m):
    ot = pytest.importorskip("ot")
    x, y = cloud(n, 5), 1.5 * cloud(m, 5, seed=1) + 0.3
    unit = np.random.default_rng(3).normal(size=(5, 64))
    unit /= np.linalg.norm(unit, axis=0)
    theirs = ot.sliced_wasserstein_distance(x, y, projections=unit, p=2)
    assert sliced_wasserstein(x, y, directions=64, seed=3) == pytest.approx(theirs)


def test_a_shift_has_a_closed_form():
    """Along direction u a shift by v moves all points by u·v: the mean square is |v|²/d."""
    x, shift = cloud(200, 4), np.array([3.0, 0.0, 4.0, 0.0])
    assert sliced_wasserstein(x, x + shift, directions=20_000) == pytest.approx(2.5, rel=0.02)


def test_it_is_below_the_true_distance_and_zero_on_itself():
    x, y = cloud(40, 3), cloud(40, 3, seed=1) + 1
    assert 0 < sliced_wasserstein(x, y) < np.sqrt(3) * wasserstein_distance_nd(x, y)
    assert sliced_wasserstein(x, x) == 0
    assert sliced_wasserstein(x, y) == pytest.approx(sliced_wasserstein(y, x))


def test_order_and_rotation_do_not_matter():
    x, y = cloud(60, 6), cloud(60, 6, seed=1) * 2
    turn = np.linalg.qr(cloud(6, 6, seed=2))[0]
    plain = sliced_wasserstein(x, y, directions=4000)
    assert sliced_wasserstein(x[::-1], y, directions=4000) == pytest.approx(plain)
    assert sliced_wasserstein(x @ turn, y @ turn, directions=4000) == pytest.approx(plain, rel=0.05)


def test_the_floor_shrinks_with_more_points():
    many, few = (halves(sliced_wasserstein, cloud(n, 4), times=5) for n in (2000, 100))
    assert many < 0.5 * few
    other = sliced_wasserstein(cloud(1000, 4), cloud(1000, 4, seed=1) + 0.5)
    assert many < 0.3 * other


def test_a_shared_scale_keeps_a_difference_of_scale():
    x = cloud(500, 3) * [1, 10, 100]
    here, there = standardised(x, 2 * x)
    assert here.std(0) == pytest.approx([1, 1, 1])
    assert there.std(0) == pytest.approx([2, 2, 2])


def test_what_cannot_be_measured_is_named():
    with pytest.raises(WorkbenchError, match="x has 3 columns and y has 4"):
        sliced_wasserstein(cloud(5, 3), cloud(5, 4))
    with pytest.raises(WorkbenchError, match="y has too few rows: 1"):
        sliced_wasserstein(cloud(5, 3), cloud(1, 3))
