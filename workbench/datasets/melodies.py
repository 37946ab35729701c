"""Detection of songs with nearly the same melody, independent of key, tempo and rhythm.

A melody is represented by its set of runs of eight consecutive intervals. Two songs whose sets
overlap by more than 30 % (`NEAR`) of the smaller set are regarded as versions of one song. Among
742 songs of POP909, the two pairs of versions share 75 % and 100 %, and no other pair more than 9
%.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from workbench.datasets.dataset import SPLITS

LENGTH = 8  # intervals per run
NEAR = 0.3  # share of the smaller set
WIDEST = 24  # semitones; wider intervals count as this wide
COMMON = 30  # a run in that many songs is common in the style, and is ignored


def interval_runs(onsets: np.ndarray, pitches: np.ndarray) -> frozenset[int]:
    """The runs of `LENGTH` intervals of a melody, each as one number.

    Args:
        onsets: (notes,), of any unit.
        pitches: (notes,), MIDI pitches.
    """
    line = pitches[np.argsort(onsets, kind="stable")].astype(np.int64)
    steps = np.clip(np.diff(line), -WIDEST, WIDEST) + WIDEST
    if len(steps) < LENGTH:
        return frozenset()
    windows = np.lib.stride_tricks.sliding_window_view(steps, LENGTH)
    return frozenset((windows @ (2 * WIDEST + 1) ** np.arange(LENGTH)).tolist())


def together(splits: Sequence[str], groups: Sequence[Sequence[int]]) -> list[str]:
    """The splits, with all members of a group in one: train if any of them is in train, otherwise
    validation, otherwise test. So versions are only ever added to the training set."""
    result = list(splits)
    for group in groups:
        split = next(split for split in SPLITS if split in {splits[index] for index in group})
        for index in group:
            result[index] = split
    return result


def versions(melodies: Sequence[frozenset[int]]) -> list[list[int]]:
    """Groups of indices of nearly equal melodies, each sorted. A song without versions is in no
    group; versions of versions are in one group."""
    songs_with: dict[int, list[int]] = defaultdict(list)
    for index, runs in enumerate(melodies):
        for run in runs:
            songs_with[run].append(index)
    shared: Counter[tuple[int, int]] = Counter()
    for songs in songs_with.values():
        if 1 < len(songs) < COMMON:
            shared.update(combinations(songs, 2))
    group = {index: {index} for index in range(len(melodies))}
    for (a, b), count in shared.items():
        if count > NEAR * min(len(melodies[a]), len(melodies[b])) and group[a] is not group[b]:
            group[a] |= group[b]
            for index in group[b]:
                group[index] = group[a]
    found = {id(members): sorted(members) for members in group.values() if len(members) > 1}
    return sorted(found.values())
