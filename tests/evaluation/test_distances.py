"""Distances against POT, SciPy's matrix root, closed forms, and their properties."""

import numpy as np
import ot
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.stats import norm

from workbench.errors import WorkbenchError
from workbench.evaluation.distances import (
    diversity,
    frechet_distance,
    frechet_interval,
    kernel_distance,
    kernel_interval,
    mauve,
    total_variation,
)
from workbench.evaluation.summary import halves


def cloud(n: int, d: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    mix = random.normal(size=(d, d)) / d**0.5
    return shift + scale * random.normal(size=(n, d)) @ mix


@pytest.mark.parametrize(("n", "m", "d"), [(200, 150, 8), (500, 20, 32)])
def test_frechet_is_bures_wasserstein(n, m, d):
    """A ridge keeps POT from roots of tiny negative numbers where rows are few."""
    x, y = cloud(n, d, 0), cloud(m, d, 1, shift=0.3)
    ridge = 1e-9 * np.eye(d)
    theirs = ot.gaussian.bures_wasserstein_distance(
        x.mean(0), y.mean(0), np.cov(x.T) + ridge, np.cov(y.T) + ridge
    )
    assert frechet_distance(x, y) == pytest.approx(float(theirs) ** 2, rel=1e-3)


def test_frechet_is_the_textbook_formula():
    x, y = cloud(300, 6, 2), cloud(300, 6, 3, scale=2.0)
    a, b = np.cov(x.T), np.cov(y.T)
    gap = x.mean(0) - y.mean(0)
    textbook = gap @ gap + np.trace(a) + np.trace(b) - 2 * np.trace(sqrtm(a @ b)).real
    assert frechet_distance(x, y) == pytest.approx(textbook, rel=1e-6)


@pytest.mark.parametrize(("n", "m", "d"), [(20, 30, 64), (39, 60, 40), (40, 60, 40)])
def test_the_nuclear_norm_and_the_eigenvalues_agree(n, m, d):
    """Fewer rows than dimensions go one way, more the other; eigenvalues serve both."""
    x, y = cloud(n, d, 4), cloud(m, d, 5, shift=0.2)
    a, b = np.cov(x.T), np.cov(y.T)
    gap = x.mean(0) - y.mean(0)
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ b @ root).clip(min=0)).sum()
    other = gap @ gap + np.trace(a) + np.trace(b) - 2 * cross
    assert frechet_distance(x, y) == pytest.approx(other, rel=1e-5)


@pytest.mark.parametrize("spread", [1e-1, 1e-2, 1e-4, 1e-8, 0.0])
def test_columns_that_follow_from_others_cost_no_digits(spread):
    """From well apart to singular, through the change from Cholesky's factor to Householder's.
    In axes of their own, two normal distributions have a closed form."""
    random = np.random.default_rng(3)
    rows = random.normal(size=(50, 4))
    base = np.linalg.qr(rows - rows.mean(0))[0] * 7  # mean 0, covariance 1
    turn = np.linalg.qr(random.normal(size=(4, 4)))[0]
    a, b = np.array([1, 2, 3, spread]), np.array([2, 2, 1, 3 * spread])
    made = frechet_distance(base * a @ turn, 1 + base * b @ turn)
    assert made == pytest.approx(4 + ((a - b) ** 2).sum(), rel=1e-9)


def test_shifts_and_scales_have_closed_forms():
    x = cloud(400, 5, 6)
    assert frechet_distance(x, x + 2.0) == pytest.approx(5 * 4.0, rel=1e-6)
    centred = x - x.mean(0)
    spread = (centred**2).sum() / (len(x) - 1)
    assert frechet_distance(centred, 3 * centred) == pytest.approx(4 * spread, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 30), st.integers(2, 30), st.integers(1, 20), st.integers(0, 99))
@example(21, 2, 20, 64)
def test_frechet_is_zero_on_itself_symmetric_and_real(n, m, d, seed):
    x, y = cloud(n, d, seed), cloud(m, d, seed + 1, shift=1.0)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-8)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-6, abs=1e-9)


def test_distances_grow_with_noise():
    x, noise = cloud(400, 8, 7), np.random.default_rng(8).normal(size=(400, 8))
    for measure in (frechet_distance, kernel_distance):
        values = [measure(x + level * noise, x) for level in (0.2, 0.6, 1.5)]
        assert values == sorted(values)


def test_kernel_distance_is_the_sum_over_pairs():
    x, y = cloud(7, 3, 9), cloud(5, 3, 10)

    def k(a, b):
        return float(np.exp(-((a - b) ** 2).sum() / (2 * 1.5**2)))

    within = sum(k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j) / 42
    within += sum(k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j) / 20
    across = 2 * sum(k(a, b) for a in x for b in y) / 35
    assert kernel_distance(x, y, bandwidth=1.5) == pytest.approx(within - across)


@pytest.mark.parametrize("kernel", ["gaussian", "polynomial"])
def test_kernel_distance_is_unbiased(kernel):
    """Its mean over small samples of one distribution is zero; Fréchet's is far from it."""
    draws = [np.random.default_rng(s).normal(size=(20, 6)) for s in range(300)]
    values = [kernel_distance(a, b, kernel) for a, b in zip(draws[::2], draws[1::2], strict=True)]
    error = np.std(values) / len(values) ** 0.5
    assert abs(np.mean(values)) < 4 * error
    assert np.mean([frechet_distance(a, b) for a, b in zip(draws[::2], draws[1::2])]) > 0.5  # noqa: B905


def test_the_interval_holds_the_value_and_narrows():
    x, y = cloud(60, 4, 11), cloud(60, 4, 12, shift=1.0)
    low, high = frechet_interval(x, y)
    assert low < frechet_distance(x, y) < high
    wide = cloud(600, 4, 11), cloud(600, 4, 12, shift=1.0)
    narrow = frechet_interval(*wide)
    assert narrow[1] - narrow[0] < high - low


def test_halves_of_one_set_are_near_and_groups_stay_whole():
    x = cloud(200, 4, 13)
    far = np.concatenate([x, x + 50])
    groups = np.repeat([0, 1], 200)
    assert halves(frechet_distance, x) < 0.3
    assert halves(frechet_distance, far, groups=groups) > 1000


def test_a_set_of_equal_rows_is_measured():
    """What a generator that fell silent gives: no spread, and everything the same."""
    silent, other = np.full((20, 4), 0.7), cloud(30, 4, 14)
    spread = ((other - other.mean(0)) ** 2).sum() / 29
    gap = ((other.mean(0) - 0.7) ** 2).sum()
    assert frechet_distance(silent, other) == pytest.approx(gap + spread)
    assert frechet_distance(silent, silent) == 0
    for kernel in ("gaussian", "polynomial"):
        assert kernel_distance(silent, silent, kernel) == pytest.approx(0, abs=1e-9)
        assert np.isfinite(kernel_distance(other, silent, kernel))
    assert np.isfinite(frechet_interval(silent, other, times=4)).all()


@pytest.mark.parametrize(
    "measure", [frechet_distance, kernel_distance, frechet_interval, kernel_interval, mauve]
)
def test_what_cannot_be_measured_is_named(measure):
    good = cloud(5, 3, 0)
    for x, y, said in (
        (good[:1], good, "x has too few rows: 1"),
        (good, good[:0], "y has too few rows: 0"),
        (good, np.where(np.eye(5, 3, -2), np.nan, good), "y holds NaN or infinity in row 2"),
        (np.where(np.eye(5, 3), np.inf, good), good, "x holds NaN or infinity in row 0"),
        (good, good[:, :2], "x has 3 columns and y has 2"),
        (good[0], good, "x has shape"),
    ):
        with pytest.raises(WorkbenchError, match=said):
            measure(x, y)
    with pytest.raises(WorkbenchError, match="real has too few rows: 0"):
        halves(measure, good[:0])


def test_spread_is_the_mean_over_pairs_written_out():
    random = np.random.default_rng(0)
    x, groups = random.normal(size=(11, 3)), np.array([0] * 5 + [1] * 4 + [2] * 1 + [1])
    slow = []
    for group in (0, 1):
        part = x[groups == group]
        pairs = [((a - b) ** 2).sum() for i, a in enumerate(part) for b in part[:i]]
        slow.append(np.sqrt(np.mean(pairs)))
    assert diversity(x, groups) == pytest.approx(np.mean(slow))
    assert diversity(np.ones((4, 2)), [0, 0, 1, 1]) == 0
    assert np.isnan(diversity(x, np.arange(11)))


def test_the_kernels_interval_holds_the_value_and_zero_only_for_equal_sets():
    x, y, far = cloud(300, 4, 0), cloud(300, 4, 0)[::-1] + 0.0, cloud(300, 4, 0, shift=0.5)
    low, high = kernel_interval(x, far)
    assert 0 < low < kernel_distance(x, far) < high
    low, high = kernel_interval(x, y)
    assert low <= 0 <= high


def test_mauve_of_two_cells_is_the_integral_written_out():
    """Rows at 0 and 100 are two cells whatever k-means does: P = (¾, ¼), Q = (¼, ¾)."""
    x = np.repeat([[0.0], [100.0]], [30, 10], axis=0)
    y = np.repeat([[0.0], [100.0]], [10, 30], axis=0)
    points = []
    for share in np.linspace(0, 1, 2001):
        r = share * np.array([0.75, 0.25]) + (1 - share) * np.array([0.25, 0.75])
        kl = [
            sum(a * np.log(a / b) for a, b in zip(own, r, strict=True))
            for own in ((0.25, 0.75), (0.75, 0.25))
        ]
        points.append(np.exp(-5 * np.array(kl)))
    points = np.array(points)[::-1]  # across rises
    area = np.sum(np.diff(points[:, 0]) * (points[1:, 1] + points[:-1, 1]) / 2)
    area += points[0, 0] * (1 + points[0, 1]) / 2  # from (0, 1) to the frontier's first point
    assert mauve(x, y, 2) == pytest.approx(area, abs=2e-3)


def test_mauve_falls_as_sets_part():
    x = cloud(200, 5, 0)
    values = [mauve(x, cloud(200, 5, 0) + shift) for shift in (0.0, 1.0, 8.0)]
    assert values[0] == pytest.approx(1)
    assert values == sorted(values, reverse=True)
    assert values[2] < 0.05
    assert mauve(x, x[:100]) == pytest.approx(mauve(x[:100], x), abs=0.05)
    assert mauve(x[:5] * 0, x[:4] * 0) == 1


def test_total_variation_is_half_the_sum_of_differences():
    """Every outcome as often as q gives it, so that the mean over samples is exact."""
    p, q = np.array([4, 0, 3, 1]) / 8, np.array([1, 2, 4, 1]) / 8
    samples = np.repeat(np.arange(4), [1, 2, 4, 1])
    with np.errstate(divide="ignore"):
        found = total_variation(np.log(p)[samples], np.log(q)[samples])
    assert found == pytest.approx(np.abs(p - q).sum() / 2)
    assert total_variation(np.log(q), np.log(q)) == 0
    assert total_variation([-np.inf, -np.inf], [0.0, -1.0]) == 1


def test_total_variation_of_two_normals_and_the_best_judge():
    x = np.random.default_rng(0).normal(1, 1, 100_000)
    found = total_variation(norm(0, 1).logpdf(x), norm(1, 1).logpdf(x))
    assert found == pytest.approx(2 * norm.cdf(0.5) - 1, abs=0.005)
    best = norm.cdf(0.5)  # of the judge that decides at the middle between the means
    assert (1 + found) / 2 == pytest.approx(best, abs=0.003)


def test_total_variation_grows_with_the_share_that_is_exchanged():
    """Of a mixture it is the share times that of the whole; the kernel distance, its square."""
    random = np.random.default_rng(0)
    x, other = random.normal(0, 1, (4000, 1)), random.normal(3, 1, (2000, 1))
    half = np.concatenate([x[2000:], other])
    log_p, log_q = norm(0, 1).logpdf(half[:, 0]), norm(3, 1).logpdf(half[:, 0])
    whole = 2 * norm.cdf(1.5) - 1
    assert total_variation(log_p, np.logaddexp(log_p, log_q) - np.log(2)) == pytest.approx(
        whole / 2, abs=0.01
    )
    assert kernel_distance(half, x[:2000]) / kernel_distance(other, x[:2000]) == pytest.approx(
        0.25, abs=0.02
    )


def test_total_variation_refuses_what_is_no_pair_of_log_probabilities():
    with pytest.raises(WorkbenchError, match="log_p has shape"):
        total_variation([0.0], [0.0, 1.0])
    with pytest.raises(WorkbenchError, match="log_p holds NaN"):
        total_variation([np.nan], [0.0])
    with pytest.raises(WorkbenchError, match="log_q a value that is not finite"):
        total_variation([0.0], [-np.inf])
