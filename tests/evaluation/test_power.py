"""Power: published figures, and formula and simulation held against each other."""

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.evaluation.power import (
    Raters,
    power_of,
    raters_needed,
    simulate_ratings,
    simulated_power,
)


def test_published_numbers_of_subjects():
    """G*Power, t test of matched pairs, two-sided: d_z 0.5 needs 34 pairs for 0.8, d_z 0.2 needs
    199, d_z 0.8 needs 15 (Faul et al., 2007; Cohen, 1988)."""
    assert raters_needed(0.5, 1.0) == 34
    assert raters_needed(0.2, 1.0) == 199
    assert raters_needed(0.8, 1.0) == 15


def test_without_an_effect_power_is_alpha():
    assert power_of(0, 1, 20) == pytest.approx(0.05)
    assert power_of(0, 1, 20, alpha=0.01) == pytest.approx(0.01)


def test_the_number_is_the_smallest_that_suffices():
    n = raters_needed(0.3, 0.9, power=0.9, alpha=0.05 / 18)
    assert power_of(0.3, 0.9, n, alpha=0.05 / 18) >= 0.9
    assert power_of(0.3, 0.9, n - 1, alpha=0.05 / 18) < 0.9


@pytest.mark.parametrize(("effect", "raters"), [(0.3, 12), (0.5, 20), (0.0, 15)])
def test_formula_and_simulation_agree(effect, raters):
    how = Raters(clips=0)
    simulated = simulated_power(effect, raters, 4, how, studies=400, points=None)
    assert simulated == pytest.approx(power_of(effect, how.sd(4), raters), abs=0.07)


def test_the_spread_is_that_of_the_simulation():
    how = Raters(clips=0)
    made = simulate_ratings(np.array([3.0, 3.0]), 20_000, 5, how, points=None).mean(2)
    assert (made[:, 1] - made[:, 0]).std() == pytest.approx(how.sd(5), rel=0.02)


def test_few_clips_fake_an_effect():
    """A test over raters finds what lies in the clips, though the sources are equal."""
    how = Raters(taste=0.2, clips=0.6)
    assert simulated_power(0, 25, 2, how, studies=100) > 0.3


def test_answers_are_points_of_the_scale():
    made = simulate_ratings(np.array([1.0, 3.0, 5.0]), 10, 4, Raters())
    assert set(np.unique(made)) <= {1, 2, 3, 4, 5}
    assert made.shape == (10, 3, 4)


def test_what_is_refused():
    with pytest.raises(WorkbenchError, match="2 raters"):
        power_of(0.5, 1, 1)
    with pytest.raises(WorkbenchError, match="look for a larger"):
        raters_needed(0.0001, 1, most=1000)


def test_the_old_name_of_the_standard_deviation_is_understood():
    with pytest.warns(DeprecationWarning, match=r"spread: .*sd"):
        assert raters_needed(0.5, spread=1.0) == 34
