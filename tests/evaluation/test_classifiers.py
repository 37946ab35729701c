"""Judges: they tell apart what differs, not what is the same, and never learn a group by heart."""

import numpy as np
import pytest

from tests.evaluation.test_measures import rolls
from workbench.errors import WorkbenchError
from workbench.evaluation import baselines
from workbench.evaluation.classifiers import balanced_accuracy, candidates, choose, separability
from workbench.evaluation.features import judge_features, style_features


def test_balanced_accuracy_is_the_mean_over_classes():
    assert balanced_accuracy(["a"] * 9 + ["b"], ["a"] * 10) == 0.5


def test_a_judge_sees_a_shift_and_nothing_where_there_is_nothing():
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 120, 5))
    groups = np.arange(120) // 4
    same = separability(a, b, groups, groups + 100)
    apart = separability(a, b + 1.5, groups, groups + 100)
    assert same.interval[0] < 0.55
    assert same.accuracy < 0.65
    assert apart.accuracy > 0.9
    assert apart.n == (120, 120)


def test_groups_are_not_learned_by_heart():
    """Each group has its own mark; between sets there is no difference. A judge that sees other
    rows of a group would be right every time."""
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(24), 8)
    marks = random.normal(size=(48, 6))
    a, b = marks[groups], marks[24 + groups]
    verdict = separability(a, b, groups, 24 + groups)
    assert verdict.accuracy < 0.75


def test_the_best_candidate_is_chosen_on_training_groups():
    random = np.random.default_rng(2)
    y = np.array(["rock", "jazz"])[random.integers(2, size=160)]
    x = np.stack([(y == "rock") + 0.3 * random.normal(size=160), random.normal(size=160)], axis=1)
    chosen = choose(x, y, np.arange(160) // 4)
    assert chosen.scores[chosen.name] == max(chosen.scores.values()) > 0.85
    assert (chosen.predict(x) == y).mean() > 0.85


def test_too_few_groups_are_named():
    with pytest.raises(WorkbenchError, match="two groups"):
        separability(np.zeros((4, 2)), np.ones((4, 2)), ["a"] * 4, ["a"] * 4)


def test_a_row_with_nan_is_named():
    bad = np.ones((4, 2))
    bad[3, 1] = np.inf
    with pytest.raises(WorkbenchError, match="b holds NaN or infinity in row 3"):
        separability(np.zeros((4, 2)), bad, range(4), range(4))
    with pytest.raises(WorkbenchError, match="a has 2 columns and b has 3"):
        separability(np.zeros((4, 2)), np.zeros((4, 3)), range(4), range(4))


def test_features_are_finite_named_and_blind_to_nothing_obvious():
    real = rolls(12, steps=128)
    empty = np.zeros((1, 128, 27), np.float32)
    for features in (style_features, judge_features):
        values, names = features(np.concatenate([real, empty]))
        assert values.shape == (13, len(names))
        assert len(set(names)) == len(names)
        assert np.isfinite(values).all()
        assert not np.allclose(features(baselines.flat_touch(real))[0], values[:12])


def linear(seed):
    return {"linear": candidates(seed)["logistic"]}


def test_only_measured_rows_count_but_all_are_learned_from():
    """The sets differ in the rows that are not measured, and there alone."""
    random = np.random.default_rng(2)
    a, b = random.normal(size=(2, 160, 5))
    groups, counted = np.arange(160) // 4, np.arange(160) < 80
    b[~counted] += 3
    parts, others = (
        separability(a, b, groups, groups, measured=(mask, mask), judges=linear)
        for mask in (counted, ~counted)
    )
    assert parts.n == others.n == (80, 80)
    assert parts.accuracy < 0.7
    assert others.accuracy > 0.9


def test_the_interval_resamples_what_it_is_asked_to():
    random = np.random.default_rng(3)
    a, b = random.normal(size=(2, 120, 4))
    b[:, 0] += 1.2
    groups, rows = np.arange(120) // 40, np.arange(120)
    coarse = separability(a, b, groups, groups, folds=3, judges=linear)
    fine = separability(a, b, groups, groups, folds=3, judges=linear, resampled=(rows, rows))
    assert coarse.accuracy == fine.accuracy
    assert coarse.interval != fine.interval
