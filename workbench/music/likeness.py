"""How alike two bars, or two sets of notes, are."""

from __future__ import annotations

from collections.abc import Set

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


def common_share(a: Set[object], b: Set[object]) -> float:
    """Return the same of two Python sets; 1 for two empty ones."""
    return len(a & b) / len(a | b) if a or b else 1.0
