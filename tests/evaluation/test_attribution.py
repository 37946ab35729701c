"""Leaving people out, and Shapley values: against orders of joining, and their axioms."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import WorkbenchError
from workbench.evaluation.attribution import leave_one_out, shapley

PEOPLE = ["a", "b", "c"]
SUBSETS = [frozenset(s) for n in range(4) for s in combinations(PEOPLE, n)]
VALUES = st.lists(st.floats(-10, 10), min_size=8, max_size=8)


@given(VALUES)
def test_shapley_is_the_mean_over_all_orders(values):
    value = dict(zip(SUBSETS, values, strict=True))
    mean = dict.fromkeys(PEOPLE, 0.0)
    for order in permutations(PEOPLE):
        for place, name in enumerate(order):
            before = frozenset(order[:place])
            mean[name] += (value[before | {name}] - value[before]) / 6
    got = shapley(value, PEOPLE)
    assert got == pytest.approx(mean, abs=1e-9)
    assert sum(got.values()) == pytest.approx(value[SUBSETS[-1]] - value[SUBSETS[0]], abs=1e-9)


def test_two_people_with_the_same_data_share():
    """Leaving one of them out changes nothing; Shapley values see both."""
    value = {s: float(bool(s & {"a", "b"})) for s in SUBSETS}
    assert shapley(value, PEOPLE) == pytest.approx({"a": 0.5, "b": 0.5, "c": 0.0})
    left = leave_one_out(lambda names: [-value[frozenset(names)]], PEOPLE)
    assert {name: float(v[0]) for name, v in left.items()} == {"a": 0, "b": 0, "c": 0}


def test_who_is_missed_has_a_positive_cost():
    calls = []

    def cost(names):
        calls.append(names)
        return np.array([0.0 if "b" in names else 2.0, 1.0])

    left = leave_one_out(cost, PEOPLE)
    assert left["b"].tolist() == [2, 0]
    assert left["a"].tolist() == [0, 0]
    assert len(calls) == 4


def test_what_is_missing_is_named():
    with pytest.raises(WorkbenchError, match="people must name at least 2, got 1"):
        leave_one_out(lambda names: [0], ["a"])
    with pytest.raises(WorkbenchError, match="nobody"):
        shapley({frozenset("a"): 1.0}, ["a"])
