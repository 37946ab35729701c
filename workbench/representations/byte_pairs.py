"""Byte-pair encoding step by step: the most frequent pair of neighbours becomes one id (lesson 02).

Source: Sennrich et al. 2016, arXiv 1508.07909, algorithm 1.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise


def commonest_pair(ids: list[int]) -> tuple[int, int]:
    """Return the most frequent pair of neighbours; of equally frequent ones the smallest."""
    counts = Counter(pairwise(ids))
    return min(counts, key=lambda pair: (-counts[pair], pair))


def merge(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
    """Return ids with all occurrences of a pair, from left to right, replaced by a new id."""
    out, i = [], 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == tuple(pair):
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out
