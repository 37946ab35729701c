"""Exercises of lesson 13, the listening test."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from workbench.course.teaching.core import Task, exercise
from workbench.evaluation.paired import holm
from workbench.evaluation.preference import bradley_terry


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
                2,
            ),
            (
                "some peaks exceed −1 dB: lower the common level for all",
                lambda levels, peaks: -20 - levels,
                2,
            ),
            (
                "each clip is limited separately, so the levels differ: use one common level",
                lambda levels, peaks: np.minimum(-20 - levels, -1 - peaks),
                2,
            ),
            (
                "the result is factors: return dB",
                lambda levels, peaks: 10 ** (right(levels, peaks) / 20),
            ),
            (
                "the sign is wrong: a clip that is too loud needs a negative gain",
                lambda levels, peaks: -right(levels, peaks),
                3,
            ),
        ],
    )


@exercise(
    "13.2",
    points=2,
    hints=(
        "Compute the sum of the differences, then one sum per row of signs.",
        "The test is two-sided: compare absolute values.",
        "p is the share of rows whose sum is at least as far from 0 as the observed one.",
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
                2,
            ),
            (
                "count equal differences, too: ≥, not >",
                lambda d, flips: (np.abs(means(d, flips)) > abs(d.sum()) + 1e-9).mean(),
                3,
            ),
            (
                "that is the share of smaller sums; p is the share of those at least as large",
                lambda d, flips: (np.abs(means(d, flips)) < abs(d.sum()) - 1e-9).mean(),
                3,
            ),
            (
                "that is a count: divide by the number of flips",
                lambda d, flips: (np.abs(means(d, flips)) >= abs(d.sum()) - 1e-9).sum(),
                3,
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
                1,
            ),
            (
                "a corrected p must not be smaller than its predecessor: take the running maximum",
                lambda p: np.minimum(1, stepped(p)),
                2,
            ),
            (
                "the values are correct, but sorted: restore the original order",
                lambda p: np.sort(holm(p)),
                3,
            ),
            (
                "clip at 1: a p value cannot exceed it",
                lambda p: np.maximum.accumulate(stepped(p)[np.argsort(p)])[
                    np.argsort(np.argsort(p))
                ],
                2,
            ),
            (
                "the factors depend on the rank of the p values, not on their position",
                lambda p: np.minimum(1, np.maximum.accumulate(p * np.arange(len(p), 0, -1))),
                1,
            ),
            (
                "that is the Benjamini–Hochberg procedure, which controls the false discovery rate",
                hochberg,
                1,
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
                1,
            ),
            (
                "the expected disagreement must not pair a rating with itself: exclude those pairs",
                lambda t: 1 - observed(t) / (2 * t.var()),
                3,
            ),
            (
                "an interval scale uses squared differences",
                lambda t: 1 - observed(t, 1) / apart(t.ravel(), 1),
                1,
            ),
            (
                "the observed disagreement is between raters of a clip: use columns, not rows",
                lambda t: 1 - observed(t.T) / apart(t.ravel()),
                2,
            ),
            (
                "the observed disagreement must not pair a rater with themselves",
                lambda t: 1 - 2 * t.var(0).mean() / apart(t.ravel()),
                2,
            ),
        ],
    )


@exercise(
    "13.5",
    points=4,
    hints=(
        "Count first: a table (k, k) of how often each was chosen over each other.",
        "Two sources met as often as the table and its transpose say together.",
        "In each round, compute all new strengths from the old ones before you replace them.",
        "At the end, take logarithms and subtract their mean.",
    ),
)
def check_strengths(random: np.random.Generator) -> Task:
    """Lesson 13: Bradley–Terry strengths (k,) from answers (n, 2) of chosen and other."""
    cases = []
    for k in (3, 4, 5):
        truth = np.linspace(-0.7, 0.9, k) + random.normal(0, 0.1, k)
        answers = []
        for i in range(k):
            for j in range(i):
                met = int(random.integers(10, 41))  # some pairs meet more often than others
                won = round(met / (1 + np.exp(truth[j] - truth[i])))
                won = min(max(won, 1), met - 1)  # nobody wins always
                answers += [(i, j)] * won + [(j, i)] * (met - won)
        cases.append((random.permutation(np.array(answers)), k))

    def wins(answers: np.ndarray, k: int) -> np.ndarray:
        table = np.zeros((k, k))
        np.add.at(table, (answers[:, 0], answers[:, 1]), 1)
        return table

    def fitted(answers: np.ndarray, k: int, prior: float = 0.0) -> np.ndarray:
        return bradley_terry(wins(answers, k), prior=prior)

    def share_of_wins(answers: np.ndarray, k: int) -> np.ndarray:
        won = wins(answers, k)
        share = won.sum(1) / (won + won.T).sum(1)
        odds = np.log(share / (1 - share))
        return np.asarray(odds - odds.mean())

    def rounds_of(won: np.ndarray, games: np.ndarray, rounds: int = 500) -> np.ndarray:
        strength = np.ones(len(won))
        for _ in range(rounds):
            strength = won.sum(1) / (games / (strength[:, None] + strength)).sum(1)
            strength /= strength.mean()
        return np.asarray(np.log(strength) - np.log(strength).mean())

    def one_round(answers: np.ndarray, k: int) -> np.ndarray:
        won = wins(answers, k)
        return rounds_of(won, won + won.T, rounds=1)

    def per_pair(answers: np.ndarray, k: int) -> np.ndarray:
        won = wins(answers, k)
        return rounds_of(won, (won + won.T > 0).astype(float))

    not_centred = "only differences of strengths count: subtract the mean of the logarithms"
    return Task(
        fitted,
        cases,
        [
            (
                "the signs are reversed: the first of each pair is the one that was chosen",
                lambda answers, k: -fitted(answers, k),
                1,
            ),
            ("one round is not enough: repeat until the strengths no longer change", one_round, 3),
            (
                "that is the share of wins, in logits; whoever met strong sources needs more "
                "strength for the same share",
                share_of_wins,
                1,
            ),
            ("n_ij is how often the two met, not 1 for each pair that met", per_pair, 2),
            (
                "these are the strengths p: return their logarithms, minus the mean",
                lambda answers, k: np.exp(fitted(answers, k)) / np.exp(fitted(answers, k)).mean(),
                4,
            ),
            (
                "these are the strengths p: return their logarithms, minus the mean",
                lambda answers, k: np.exp(fitted(answers, k)) / np.exp(fitted(answers, k)).sum(),
                4,
            ),
            (
                not_centred,
                lambda answers, k: fitted(answers, k) - np.log(np.exp(fitted(answers, k)).mean()),
            ),
            (not_centred, lambda answers, k: fitted(answers, k) - fitted(answers, k)[0]),
            (
                not_centred,
                lambda answers, k: fitted(answers, k) - np.log(np.exp(fitted(answers, k)).sum()),
            ),
            (
                "count only what was answered: no wins are added",
                lambda answers, k: fitted(answers, k, prior=0.5),
                1,
            ),
            (
                "n_ij counts the games that i won and those that it lost",
                lambda answers, k: rounds_of(wins(answers, k), wins(answers, k)),
                2,
            ),
        ],
    )
