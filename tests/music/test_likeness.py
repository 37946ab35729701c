"""The Jaccard similarity of bars, against Python's sets."""

import numpy as np
from hypothesis import given
from hypothesis.extra import numpy as hnp

from workbench.music.likeness import jaccard


@given(a=hnp.arrays(bool, (3, 10)), b=hnp.arrays(bool, (4, 10)))
def test_it_is_that_of_sets(a, b):
    found = jaccard(a[:, None], b[None])
    for i, row in enumerate(a):
        for j, other in enumerate(b):
            one, two = set(np.flatnonzero(row)), set(np.flatnonzero(other))
            wanted = len(one & two) / len(one | two) if one | two else 1.0
            assert found[i, j] == wanted
