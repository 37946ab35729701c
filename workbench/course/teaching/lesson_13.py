"""Exercises of lesson 13, the listening test."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from workbench.course.teaching.core import Task, exercise
from workbench.evaluation.paired import holm


@exercise(
    "13.1",
    points=2,
    hints=(
        "A gain in dB is added to both level and peak. By how much may each clip be raised "
        "at most?",
        "The common level is the smallest of −20 and the levels that the clips can reach.",
        "Each clip's gain is the common level minus its own.",
    ),
)
def check_gains(random: np.random.Generator) -> Task:
    """Lesson 13: gains in dB to a common loudness, with no peak above −1 dB."""
    cases = []
    for loud in (False, True):  # with room for −20 LUFS, and without
        levels = random.uniform(-30, -15, 5)
        crest = random.uniform(8, 14, 5) + 12 * loud
        cases.append((levels, np.minimum(levels + crest, 0)))

    def right(levels: np.ndarray, peaks: np.ndarray) -> np.ndarray:
        return min(-20.0, (-1 - peaks + levels).min()) - levels

    return Task(
        right,
        cases,
        [
            (
                "that makes the peaks equal; we perceive loudness, so make the levels equal",
                lambda levels, peaks: -1 - peaks,
            ),
            (
                "some peaks exceed −1 dB: lower the common level for all",
                lambda levels, peaks: -20 - levels,
            ),
            (
                "each clip is limited separately, so the levels differ: use one common level",
                lambda levels, peaks: np.minimum(-20 - levels, -1 - peaks),
            ),
            (
                "the result is factors: return dB",
                lambda levels, peaks: 10 ** (right(levels, peaks) / 20),
            ),
            (
                "the sign is wrong: a clip that is too loud needs a negative gain",
                lambda levels, peaks: -right(levels, peaks),
            ),
        ],
    )


@exercise(
    "13.2",
    points=2,
    hints=(
        "Compute the mean of the differences, then one mean per row of signs.",
        "The test is two-sided: compare absolute values.",
        "p is the share of rows with a mean at least as large as the observed one.",
    ),
)
def check_flip_p(random: np.random.Generator) -> Task:
    """Lesson 13: two-sided p of differences (raters,) from rows of signs (flips, raters)."""
    cases = []
    for raters in (6, 9, 12):
        differences = random.integers(-3, 6, raters) / 2
        differences[0] += 0.5 if differences.sum() == 0 else 0  # so that there is a sign to miss
        flips = random.choice((-1.0, 1.0), (400, raters))
        flips[0] = 1.0
        cases.append((differences, flips))

    def means(d: np.ndarray, flips: np.ndarray) -> np.ndarray:
        return flips @ d

    return Task(
        lambda d, flips: (np.abs(means(d, flips)) >= abs(d.sum()) - 1e-9).mean(),
        cases,
        [
            (
                "that is one-sided: a difference of the other sign counts, too",
                lambda d, flips: (means(d, flips) >= abs(d.sum()) - 1e-9).mean(),
            ),
            (
                "count equal differences, too: ≥, not >",
                lambda d, flips: (np.abs(means(d, flips)) > abs(d.sum()) + 1e-9).mean(),
            ),
            (
                "that is the share of smaller means; p is the share of those at least as large",
                lambda d, flips: (np.abs(means(d, flips)) < abs(d.sum()) - 1e-9).mean(),
            ),
            (
                "that is a count: divide by the number of flips",
                lambda d, flips: (np.abs(means(d, flips)) >= abs(d.sum()) - 1e-9).sum(),
            ),
        ],
    )


@exercise(
    "13.3",
    points=2,
    hints=(
        "Sort first: multiply the smallest p by m, the next by m − 1, and so on.",
        "In that order, no corrected p may be smaller than its predecessor or larger than 1.",
        "Restore the original order (`np.argsort` of the order does this).",
    ),
)
def check_holm(random: np.random.Generator) -> Task:
    """Lesson 13: Holm's corrected p values, in the order given."""
    cases = []
    for m in (5, 6, 9):
        p = np.sort(random.uniform(0.001, 0.6 / m, m))
        p[1:3] = p[0] * np.array([1.1, 1.05])  # the third must be lifted to the second
        p[-2:] = random.uniform(0.6, 0.9, 2)  # twice that exceeds 1
        cases.append((random.permutation(p),))

    def stepped(p: np.ndarray) -> np.ndarray:
        made = np.empty_like(p)
        made[np.argsort(p)] = np.sort(p) * np.arange(len(p), 0, -1)
        return made

    def hochberg(p: np.ndarray) -> np.ndarray:
        made = np.empty_like(p)
        ordered = np.sort(p) * len(p) / np.arange(1, len(p) + 1)
        made[np.argsort(p)] = np.minimum.accumulate(ordered[::-1])[::-1]
        return np.minimum(1, made)

    return Task(
        holm,
        cases,
        [
            (
                "that is Bonferroni's correction, every p times m; Holm's factors are m, m − 1, …",
                lambda p: np.minimum(1, p * len(p)),
            ),
            (
                "a corrected p must not be smaller than its predecessor: take the running maximum",
                lambda p: np.minimum(1, stepped(p)),
            ),
            (
                "the values are correct, but sorted: restore the original order",
                lambda p: np.sort(holm(p)),
            ),
            (
                "clip at 1: a p value cannot exceed it",
                lambda p: np.maximum.accumulate(stepped(p)[np.argsort(p)])[
                    np.argsort(np.argsort(p))
                ],
            ),
            (
                "the factors depend on the rank of the p values, not on their position",
                lambda p: np.minimum(1, np.maximum.accumulate(p * np.arange(len(p), 0, -1))),
            ),
            (
                "that is the Benjamini–Hochberg procedure, which controls the false discovery rate",
                hochberg,
            ),
        ],
    )


@exercise(
    "13.4",
    points=2,
    hints=(
        "You need mean squared differences of two ratings: of the same clip, and of any clips.",
        "Observed: the mean over pairs of raters for each clip, then the mean over clips.",
        "Expected: the mean over all pairs of different ratings in the table.",
    ),
)
def check_alpha(random: np.random.Generator) -> Task:
    """Lesson 13: interval alpha of a full table (raters, clips)."""
    cases = []
    for raters, clips in ((3, 5), (5, 8), (4, 4)):
        liked = random.uniform(1, 5, clips)
        table = (liked + random.normal(0, 0.8, (raters, clips))).round().clip(1, 5)
        table[0, :2] = 1, 5  # never all the same
        cases.append((table,))

    def apart(values: np.ndarray, power: int = 2) -> float:
        return float(np.mean([abs(a - b) ** power for a, b in combinations(values, 2)]))

    def observed(table: np.ndarray, power: int = 2) -> float:
        return float(np.mean([apart(column, power) for column in table.T]))

    return Task(
        lambda t: 1 - observed(t) / apart(t.ravel()),
        cases,
        [
            (
                "that is the ratio of disagreements; alpha is 1 minus this ratio",
                lambda t: observed(t) / apart(t.ravel()),
            ),
            (
                "the expected disagreement must not pair a rating with itself: exclude those pairs",
                lambda t: 1 - observed(t) / (2 * t.var()),
            ),
            (
                "an interval scale uses squared differences",
                lambda t: 1 - observed(t, 1) / apart(t.ravel(), 1),
            ),
            (
                "the observed disagreement is between raters of a clip: use columns, not rows",
                lambda t: 1 - observed(t.T) / apart(t.ravel()),
            ),
            (
                "the observed disagreement must not pair a rater with themselves",
                lambda t: 1 - 2 * t.var(0).mean() / apart(t.ravel()),
            ),
        ],
    )
