"""Krippendorff's alpha: published examples, a second way to compute it, properties."""

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.evaluation.agreement import alpha_interval, krippendorff_alpha

X = np.nan
FOUR = [  # Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), example C
    [1, 2, 3, 3, 2, 1, 4, 1, 2, X, X, X],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, X, 3],
    [X, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, X],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, X],
]
THREE = [  # the worked example of Wikipedia's article on Krippendorff's alpha
    [X, X, X, X, X, 3, 4, 1, 2, 1, 1, 3, 3, X, 3],
    [1, X, 2, 1, 3, 3, 4, 3, X, X, X, X, X, X, X],
    [X, X, 2, 1, 3, 4, 4, X, 2, 1, 1, 3, 3, X, 4],
]
TWO = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]  # the same, example A


@pytest.mark.parametrize(
    ("ratings", "level", "published"),
    [
        (FOUR, "nominal", 0.743),
        (FOUR, "ordinal", 0.815),
        (FOUR, "interval", 0.849),
        (THREE, "nominal", 0.691),
        (THREE, "interval", 0.811),
        (TWO, "nominal", 0.095),
    ],
)
def test_published_examples(ratings, level, published):
    assert krippendorff_alpha(ratings, level) == pytest.approx(published, abs=5e-4)


def by_pairs(table):
    """The interval alpha by its definition: squared differences over all pairs in a unit, and over
    all pairs of pairable values."""
    units = [[v for v in column if np.isfinite(v)] for column in np.asarray(table).T]
    units = [u for u in units if len(u) > 1]
    values = [v for u in units for v in u]
    n = len(values)
    inside = sum((a - b) ** 2 / (len(u) - 1) for u in units for a in u for b in u) / n
    outside = sum((a - b) ** 2 for a in values for b in values) / (n * (n - 1))
    return 1 - inside / outside


def test_interval_alpha_is_its_definition():
    random = np.random.default_rng(0)
    table = random.integers(1, 6, (7, 9)).astype(float)
    table[random.random(table.shape) < 0.3] = np.nan
    assert krippendorff_alpha(table, "interval") == pytest.approx(by_pairs(table))


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_full_agreement_chance_and_opposition(level):
    same = np.tile([1.0, 2, 3, 4, 5], (6, 1))
    assert krippendorff_alpha(same, level) == pytest.approx(1)
    strangers = np.random.default_rng(1).integers(1, 6, (30, 60)).astype(float)
    assert abs(krippendorff_alpha(strangers, level)) < 0.02
    assert krippendorff_alpha([[1, 5, 1, 5], [5, 1, 5, 1]], level) < -0.5


def test_nothing_to_tell():
    assert np.isnan(krippendorff_alpha([[3, 3], [3, 3]]))  # nothing varies
    assert np.isnan(krippendorff_alpha([[1, X], [X, 2]]))  # no clip has two ratings
    assert np.isnan(alpha_interval([[3, 3], [3, 3]])[0])


def test_the_interval_holds_alpha_and_shrinks_with_clips():
    random = np.random.default_rng(2)

    def width(clips):
        true = random.normal(3, 1, clips)
        table = (true + random.normal(0, 1, (10, clips))).round().clip(1, 5)
        low, high = alpha_interval(table, times=200)
        assert low < krippendorff_alpha(table) < high
        return high - low

    assert width(200) < 0.5 * width(12)


def test_what_is_refused():
    with pytest.raises(WorkbenchError, match="choose one of nominal"):
        krippendorff_alpha(FOUR, "ratio")
    with pytest.raises(WorkbenchError, match="raters, units"):
        krippendorff_alpha([1, 2, 3])
