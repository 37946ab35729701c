"""How alike two bars of drums are."""

from __future__ import annotations

import numpy as np


def jaccard(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the Jaccard similarity |A ∩ B| / |A ∪ B| of sets of hits.

    Args:
        a: (…, cells) bool, whether a cell is struck.
        b: The same, of a shape that broadcasts with that of `a`.

    Returns:
        (…), 0 to 1; 1 for two empty bars.
    """
    either = (a | b).sum(-1)
    return np.where(either > 0, (a & b).sum(-1) / np.maximum(either, 1), 1.0)
