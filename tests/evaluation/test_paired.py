"""Paired tests, corrections and Bradley–Terry: closed forms, SciPy, properties."""

import numpy as np
import pytest
from scipy import optimize, stats

from workbench.errors import WorkbenchError
from workbench.evaluation.paired import holm, sign_flip_test
from workbench.evaluation.preference import bradley_terry


def test_all_on_one_side_is_two_flips_of_all():
    for n in (3, 6, 10):
        assert sign_flip_test(np.ones(n)) == pytest.approx(2 / 2**n)


def test_the_exact_test_is_scipys():
    d = np.random.default_rng(0).normal(0.4, 1, 10)
    theirs = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert sign_flip_test(d) == pytest.approx(theirs.pvalue)


def test_the_drawn_test_nears_the_t_test_for_normal_differences():
    d = np.random.default_rng(1).normal(0.3, 1, 60)
    assert sign_flip_test(d) == pytest.approx(stats.ttest_1samp(d, 0).pvalue, abs=0.01)


def test_on_ranks_it_is_wilcoxons():
    d = np.random.default_rng(2).normal(0.5, 1, 12)
    ranks = np.sign(d) * stats.rankdata(np.abs(d))
    assert sign_flip_test(ranks) == pytest.approx(stats.wilcoxon(d, method="exact").pvalue)


def test_under_no_difference_p_is_uniform():
    random = np.random.default_rng(3)
    p = [sign_flip_test(random.normal(size=20), draws=400, seed=i) for i in range(400)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_missing_pairs_and_none():
    assert sign_flip_test([1, np.nan, 1, 1]) == pytest.approx(0.25)
    assert np.isnan(sign_flip_test([np.nan, np.nan]))
    assert sign_flip_test([0, 0, 0]) == 1
    with pytest.raises(WorkbenchError, match="differences"):
        sign_flip_test([[1, 2]])


def test_holm_by_hand():
    """In order: 0.005 · 4, 0.01 · 3, 0.03 · 2, and 0.04 · 1, lifted to the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])
    assert holm([0.01, np.nan, 0.2])[[0, 2]] == pytest.approx([0.02, 0.2])
    with pytest.raises(WorkbenchError, match="0 to 1"):
        holm([1.2])


def test_holm_keeps_the_chance_of_any_error():
    random = np.random.default_rng(4)
    studies = random.random((4000, 12))
    assert np.mean([(p < 0.05).any() for p in studies]) > 0.4
    assert np.mean([(holm(p) < 0.05).any() for p in studies]) < 0.06


def test_two_are_told_apart_by_the_log_of_their_wins():
    strong, weak = bradley_terry([[0, 9], [3, 0]], prior=0)
    assert strong - weak == pytest.approx(np.log(3))
    assert strong + weak == pytest.approx(0)


def test_bradley_terry_maximises_the_likelihood():
    wins = np.random.default_rng(5).integers(1, 12, (4, 4)).astype(float)
    np.fill_diagonal(wins, 0)

    def loss(s):
        return float((wins * np.log1p(np.exp(s[None, :] - s[:, None]))).sum())

    best = optimize.minimize(loss, np.zeros(4), tol=1e-12).x
    assert bradley_terry(wins, prior=0) == pytest.approx(best - best.mean(), abs=1e-4)


def test_a_prior_keeps_the_undefeated_finite():
    assert np.isfinite(bradley_terry([[0, 8, 8], [0, 0, 4], [0, 4, 0]])).all()
    with pytest.raises(WorkbenchError, match="linked"):
        bradley_terry([[0, 8], [0, 0]], prior=0)
    with pytest.raises(WorkbenchError, match="linked"):
        bradley_terry(np.kron(np.eye(2), [[0, 1], [1, 0]]))
