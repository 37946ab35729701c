"""Attribution: whose data does a result depend on? By training again without each person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import ArrayLike

from workbench.errors import WorkbenchError


def leave_one_out(
    cost: Callable[[list[str]], ArrayLike], people: Sequence[str]
) -> dict[str, np.ndarray]:
    """Cost of results under a model that was trained without a person, minus that under the model
    trained on all.

    Args:
        cost: Trains on the data of these people, and returns the cost of each result, such as
            −log p: (results,).
        people: Two or more names.

    Returns:
        By name, (results,); positive if the result becomes less likely without the person.

    Raises:
        WorkbenchError: for fewer than two people.

    Source:
        Feldman and Zhang 2020 (arXiv 2008.03703), section 1.1, for one training per subset.
    """
    names = list(dict.fromkeys(people))
    if len(names) < 2:
        raise WorkbenchError(f"people must name at least 2, got {len(names)}")
    everyone = np.asarray(cost(names), dtype=float)
    return {
        name: np.asarray(cost([other for other in names if other != name]), dtype=float) - everyone
        for name in names
    }


def shapley(value: Mapping[frozenset[str], float], people: Sequence[str]) -> dict[str, float]:
    """Shapley values: what each person adds, averaged over all orders in which people may join.

    Args:
        value: Of every subset of the people, the empty one included.
        people: Names.

    Returns:
        By name; the values add up to the value of all minus that of nobody.

    Raises:
        WorkbenchError: if the value of a subset is missing.

    Source:
        Shapley 1953; Ghorbani and Zou 2019 (arXiv 1904.02868), eq. 1.
    """
    names = list(dict.fromkeys(people))
    shares = {}
    for name in names:
        others = [other for other in names if other != name]
        total = 0.0
        for size in range(len(names)):
            weight = factorial(size) * factorial(len(names) - size - 1) / factorial(len(names))
            for joined in combinations(others, size):
                without, having = frozenset(joined), frozenset((*joined, name))
                for subset in (without, having):
                    if subset not in value:
                        inside = ", ".join(sorted(subset)) or "nobody"
                        raise WorkbenchError(f"value: has no entry for the subset of {inside}")
                total += weight * (value[having] - value[without])
        shares[name] = total
    return shares
