"""Byte-pair encoding step by step: the most frequent pair of neighbours becomes one id (lesson 02).

Source: Sennrich et al. 2016, arXiv 1508.07909, algorithm 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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


def encode(ids: list[int], merges: Sequence[tuple[tuple[int, int], int]]) -> list[int]:
    """Return ids after all merges, each a pair and its new id, in the order of their learning."""
    for pair, new in merges:
        ids = merge(ids, pair, new)
    return list(ids)
