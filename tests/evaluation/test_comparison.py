"""mgeval's comparison on one grid: against SciPy's kernels, closed forms, and properties."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.spatial.distance import cdist, pdist
from scipy.stats import entropy, gaussian_kde, norm

from workbench.errors import WorkbenchError
from workbench.evaluation.comparison import compare, densities, kl_divergence, overlap_area


def sample(n: int, shift: float = 0.0, scale: float = 1.0, seed: int = 0) -> np.ndarray:
    return shift + scale * np.random.default_rng(seed).normal(size=n)


def test_overlap_is_the_integral_over_scipys_densities():
    a, b = sample(120), sample(90, 1.0, 1.5, seed=1)
    p, q = gaussian_kde(a), gaussian_kde(b)
    theirs = quad(lambda x: min(p(x)[0], q(x)[0]), -12, 12, limit=200)[0]
    assert overlap_area(a, b) == pytest.approx(theirs, abs=1e-3)


def test_kl_is_scipys_on_one_grid():
    a, b = sample(150), sample(100, 0.7, 1.3, seed=1)
    grid = np.linspace(-8, 8, 4000)
    theirs = entropy(gaussian_kde(a)(grid), gaussian_kde(b)(grid))
    assert kl_divergence(a, b) == pytest.approx(theirs, abs=2e-3)


def test_normal_distributions_have_closed_forms():
    """Overlap 2 Φ(−|Δ| / 2σ), KL Δ² / 2σ²; σ² holds the kernels' own width, n^(−2/5)."""
    a, b = sample(200_000), sample(200_000, 1.0, seed=1)
    wide = np.sqrt(1 + 200_000**-0.4)
    assert overlap_area(a, b) == pytest.approx(2 * norm.cdf(-0.5 / wide), abs=0.01)
    assert kl_divergence(a, b) == pytest.approx(0.5 / wide**2, abs=0.02)


def test_the_same_numbers_are_the_same_and_far_ones_are_far():
    """A grid for each set, as the authors' code has it, would call the far ones equal: here is
    that way, and it does."""
    a = sample(80)
    assert overlap_area(a, a) == pytest.approx(1)
    assert kl_divergence(a, a) == pytest.approx(0, abs=1e-12)
    far = a + 1000
    assert overlap_area(a, far) == pytest.approx(0, abs=1e-9)
    assert kl_divergence(a, far) > 15
    own = [np.linspace(v.min(), v.max(), 1000) for v in (a, far)]
    theirs = entropy(gaussian_kde(a)(own[0]), gaussian_kde(far)(own[1]))
    assert theirs == pytest.approx(0, abs=1e-6)


def test_overlap_is_symmetric_and_blind_to_unit_and_zero():
    a, b = sample(60), sample(70, 0.5, 2.0, seed=2)
    assert overlap_area(a, b) == pytest.approx(overlap_area(b, a))
    assert overlap_area(10 * a + 7, 10 * b + 7) == pytest.approx(overlap_area(a, b), abs=1e-6)
    assert kl_divergence(10 * a + 7, 10 * b + 7) == pytest.approx(kl_divergence(a, b), abs=1e-4)


def test_it_grows_with_the_shift():
    overlaps = [overlap_area(sample(200), sample(200, s, seed=1)) for s in (0, 0.5, 1, 2, 4)]
    assert overlaps == sorted(overlaps, reverse=True)
    divergences = [kl_divergence(sample(200), sample(200, s, seed=1)) for s in (0, 0.5, 1, 2, 4)]
    assert divergences == sorted(divergences)


def test_numbers_that_are_all_the_same_have_a_density():
    ones = np.ones(10)
    assert overlap_area(ones, ones) == pytest.approx(1)
    assert overlap_area(ones, 2 * ones) == pytest.approx(0, abs=1e-6)
    assert overlap_area(ones, sample(50)) < 0.1
    for p in densities(ones, sample(50)):
        assert p.sum() == pytest.approx(1)


def test_distances_within_and_between_are_scipys():
    real, made = (
        np.random.default_rng(s).dirichlet(np.ones(12), size=n) for s, n in ((0, 20), (1, 15))
    )
    found = compare(real, made)
    assert found.within_real == pytest.approx(pdist(real).mean())
    assert found.within_made == pytest.approx(pdist(made).mean())
    assert found.between == pytest.approx(cdist(real, made).mean())
    assert found.overlap == pytest.approx(overlap_area(pdist(real), cdist(real, made).ravel()))
    assert found.kl == pytest.approx(kl_divergence(pdist(real), cdist(real, made).ravel()))
    assert found.n == (20, 15)


def test_a_set_of_the_same_kind_overlaps_and_another_does_not():
    real, same, other = sample(60), sample(60, seed=1), sample(60, 4.0, seed=2)
    alike, apart = compare(real, same), compare(real, other)
    assert alike.overlap > 0.9 > 0.5 > apart.overlap
    assert alike.kl < 0.1 < apart.kl
    narrow = compare(real, sample(60, 0, 0.1, seed=3))  # no variety: near to all, yet alike
    assert narrow.within_made < 0.2 * narrow.within_real
    assert narrow.spread < 0.3


def test_clips_without_an_answer_are_left_out_and_counted():
    real = np.r_[sample(10), np.nan]
    assert compare(real, sample(8, seed=1)).n == (10, 8)
    assert compare(real, sample(8, seed=1)) == compare(real[:10], sample(8, seed=1))
    with pytest.raises(WorkbenchError, match="generated has 2 clips with an answer of 5"):
        compare(real, [1, 2, np.nan, np.nan, np.nan])
    with pytest.raises(WorkbenchError, match="real has 12 values per clip and generated has 1"):
        compare(np.ones((5, 12)), np.ones(5))
    with pytest.raises(WorkbenchError, match="generated holds infinity"):
        compare(real, [1, np.inf, 2])
    with pytest.raises(WorkbenchError, match="b: give two or more finite numbers"):
        overlap_area([1, 2], [1])
    with pytest.raises(WorkbenchError, match=r"real has shape \(2, 2, 2\)"):
        compare(np.ones((2, 2, 2)), np.ones(5))
