"""A figure with its interval, floor and baseline: on measures whose answers are known."""

import numpy as np
import pytest
from scipy.stats import norm

from workbench.errors import WorkbenchError
from workbench.evaluation.audio_sets import inception_score, paired_kl, relevance
from workbench.evaluation.distances import frechet_distance, kernel_distance
from workbench.evaluation.intervals import centred, resampled
from workbench.evaluation.summary import Measured, halves, mean_of_known, measured


def normal(n: int, d: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return shift + np.random.default_rng(seed).normal(size=(n, d))


def test_a_distance_beside_its_floor_and_baseline():
    reference, made = normal(150, 4, 0), normal(100, 4, 1, shift=0.5)
    found = measured(
        frechet_distance,
        made,
        real=normal(300, 4, 2),
        baseline=normal(80, 4, 3, shift=3.0),
        reference=reference,
    )
    assert found.value == frechet_distance(made, reference)
    assert found.n == (100, 100, 80, 150)
    assert found.floor < found.interval[0] < found.value < found.interval[1] < found.baseline
    assert found.baseline == pytest.approx(4 * 9, rel=0.2)


@pytest.mark.parametrize("measure", [frechet_distance, kernel_distance])
def test_without_other_real_rows_the_floor_is_of_halves(measure):
    reference = normal(200, 4, 0)
    found = measured(
        measure,
        normal(60, 4, 1, shift=1.0),
        real=None,
        baseline=normal(60, 4, 2, shift=5.0),
        reference=reference,
    )
    assert found.n == (60, 60, 60, 200)
    assert found.floor == halves(measure, reference, most=60)
    assert found.floor < found.interval[0]


def test_rows_that_belong_together_are_drawn_together():
    """Paired rows that agree have a divergence of 0 whatever is drawn; broken pairs would not."""
    p = np.random.default_rng(0).dirichlet(np.ones(5), size=40)
    shuffled = p[np.random.default_rng(1).permutation(40)]
    found = measured(paired_kl, (p, p), real=(p, p), baseline=(p, shuffled))
    assert (found.value, found.floor, found.interval) == (0, 0, (0, 0))
    assert found.baseline > 0.5
    text = normal(40, 8, 2)
    said = measured(relevance, (text, text + 0.5), real=(text, text), baseline=(text, -text))
    assert said.baseline == pytest.approx(-1)
    assert said.value < said.floor == pytest.approx(1)


def test_a_mean_has_the_interval_of_the_textbook():
    values = np.random.default_rng(3).normal(size=400)
    found = measured(np.mean, values, real=values + 1, baseline=np.zeros(400), times=2000)
    half = norm.ppf(0.975) * values.std(ddof=1) / 20
    assert found.interval == pytest.approx((found.value - half, found.value + half), abs=0.01)
    assert found.floor == pytest.approx(found.value + 1)
    groups = np.repeat(np.arange(8), 50)
    wide = measured(np.mean, groups * 1.0, real=values, baseline=values, groups=groups)
    narrow = measured(np.mean, groups * 1.0, real=values, baseline=values)
    assert wide.interval[1] - wide.interval[0] > 3 * (narrow.interval[1] - narrow.interval[0])


def test_the_interval_of_a_distance_holds_its_long_run_mean():
    """Basic percentiles would lie above it: resampled rows repeat, which lengthens a distance."""
    values = [
        frechet_distance(normal(60, 4, s), normal(60, 4, s + 1000, shift=1.0)) for s in range(200)
    ]
    held = 0
    for seed in range(20):
        x, y = normal(60, 4, seed), normal(60, 4, seed + 1000, shift=1.0)
        low, high = measured(
            frechet_distance, x, real=y, baseline=y, reference=y, times=40
        ).interval
        held += low <= np.mean(values) <= high
    assert held >= 16


def test_a_score_of_one_set_needs_no_reference():
    sure = np.eye(4)[np.arange(60) % 4]
    found = measured(inception_score, sure, real=sure[:30], baseline=np.full((60, 4), 0.25))
    assert isinstance(found, Measured)
    assert found.baseline == pytest.approx(1)
    assert found.value == pytest.approx(4, rel=1e-3)
    assert found.n == (60, 30, 60, 0)


def test_centred_takes_out_the_shift_and_keeps_the_spread():
    low, high = centred(2.0, np.linspace(9, 11, 1001))
    assert (low, high) == pytest.approx((1.05, 2.95))
    assert centred(1.0, [np.nan, 5.0, 5.0]) == (1.0, 1.0)


def test_an_interval_ends_where_the_measure_does():
    share = np.r_[np.ones(4), np.zeros(20)]
    plain = measured(np.mean, share, real=share, baseline=share)
    assert plain.interval[0] < 0.1
    ended = measured(np.mean, share, real=share, baseline=share, bounds=(0.1, 1))
    assert ended.interval == (0.1, plain.interval[1])


def test_groups_are_drawn_whole():
    groups = np.repeat([0, 1, 2], [2, 3, 5])
    draw = resampled(10, np.random.default_rng(0), groups)
    for _ in range(20):
        counts = np.bincount(draw(), minlength=10)
        assert all(len(set(counts[groups == g])) == 1 for g in range(3))


def test_values_without_an_answer_are_left_out():
    assert mean_of_known(np.array([1.0, np.nan, 3.0])) == 2
    assert np.isnan(mean_of_known(np.array([np.nan])))


def test_what_cannot_be_measured_is_named():
    x = normal(10, 2, 0)
    with pytest.raises(WorkbenchError, match="generated has too few rows: 1"):
        measured(frechet_distance, x[:1], real=x, baseline=x, reference=x)
    with pytest.raises(WorkbenchError, match="generated has tables of 10, 9 rows"):
        measured(relevance, (x, x[:9]), real=(x, x), baseline=(x, x))
    with pytest.raises(WorkbenchError, match="real is None and there is no reference"):
        measured(np.mean, x[:, 0], real=None, baseline=x[:, 0])
    with pytest.raises(WorkbenchError, match="x holds NaN or infinity in row 0"):
        measured(frechet_distance, x * np.nan, real=x, baseline=x, reference=x)
    with pytest.raises(WorkbenchError, match="groups names one group only"):
        halves(frechet_distance, x, groups=np.zeros(10))
