"""Exercises of lesson 01, looking at the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise, variants_of


def bits(counts: np.ndarray) -> float:
    """Entropy in bits of the shares of counts."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


@exercise(
    "01.1",
    points=1,
    hints=(
        "First convert counts to shares: what do they add up to?",
        "The base-2 logarithm of a share below 1 is negative, but an entropy is not.",
        "A style that never occurs contributes nothing, but log(0) is undefined: leave it out.",
    ),
)
def check_entropy(random: np.random.Generator) -> Task:
    """Lesson 01: entropy in bits of a histogram's counts."""
    cases = [(random.integers(1, 40, 6),) for _ in range(3)]
    cases += [(np.append(random.integers(1, 40, 4), [0, 0]),)]  # styles that never occur

    def blind(counts: np.ndarray) -> float:
        shares = counts / counts.sum()
        return float(-(shares * np.log2(shares)).sum())  # 0 · log 0 is not a number

    def known(counts: np.ndarray) -> np.ndarray:
        return counts[counts > 0]

    return Task(
        bits,
        cases,
        [
            ("correct unless a count is 0: leave those out, log₂ 0 is undefined", blind, 3),
            (
                "the result is in nats: use the logarithm to base 2",
                lambda c: bits(c) * np.log(2),
                2,
            ),
            (
                "the sign is wrong: shares are below 1, so their logarithms are negative",
                lambda c: -bits(c),
                2,
            ),
            (
                "that is 2 to the power of the entropy: return the exponent",
                lambda c: 2 ** bits(c),
                2,
            ),
            (
                "first convert the counts to shares: they must add up to 1",
                lambda c: -(known(c) * np.log2(known(c))).sum(),
                1,
            ),
            (
                "weight each logarithm by its share: a plain mean ignores how common a style is",
                lambda c: -np.log2(known(c) / c.sum()).mean(),
                1,
            ),
        ],
    )


@exercise(
    "01.2",
    points=2,
    hints=(
        "Take the column of that drum: one number per step.",
        "Reshape it into rows of 16, one row per bar.",
        "A mean over which axis leaves one number for each of the 16 steps?",
    ),
)
def check_onset_histogram(random: np.random.Generator) -> Task:
    """Lesson 01: share of bars in which a drum is hit on each of the 16 steps."""
    cases = [(random.random((16 * bars, 9)) < 0.3, drum) for bars, drum in ((4, 0), (8, 1), (2, 5))]
    return Task(
        lambda hits, drum: hits[:, drum].reshape(-1, 16).mean(0),
        cases,
        [
            (
                "those are counts; divide by the number of bars",
                lambda h, d: h[:, d].reshape(-1, 16).sum(0),
                3,
            ),
            (
                "the bars are mixed up: reshape to (bars, 16), not (16, bars)",
                lambda h, d: h[:, d].reshape(16, -1).mean(1),
                2,
            ),
            (
                "those shares add up to 1; compute the share of bars for each step",
                lambda h, d: h[:, d].reshape(-1, 16).sum(0) / max(1, h[:, d].sum()),
                3,
            ),
        ],
    )


def swing(
    onsets: np.ndarray,
    *,
    place_of: Callable[[np.ndarray], np.ndarray] = lambda onsets: onsets % 1,
    chosen: Callable[[np.ndarray], np.ndarray] = lambda place: (place > 0.42) & (place < 0.75),
    ratio: Callable[[np.ndarray], Any] = lambda off: off.mean() / (1 - off.mean()),
    nothing: float = float("nan"),
) -> float:
    """Swing ratio of onsets in beats. The keywords make the typical mistakes.

    Args:
        onsets: (hits,).
        place_of: The positions within the beat.
        chosen: Which of these are off-beats.
        ratio: Of the off-beats.
        nothing: The ratio without off-beats.
    """
    place = place_of(onsets)
    off = place[chosen(place)]
    return float(ratio(off)) if len(off) else nothing


@exercise(
    "01.3",
    points=2,
    hints=(
        "`onsets % 1` is the position within the beat. Select by a boolean array.",
        "Let the beat have length 1. The off-beat divides it into two parts.",
        "The first part is as long as the position of the off-beat. How long is the rest?",
        "`np.nan`, if no position is selected.",
    ),
)
def check_swing_ratio(random: np.random.Generator) -> Task:
    """Lesson 01: swing ratio from the onsets of all hits, in beats."""

    def case(beats: int, low: float, high: float) -> tuple[np.ndarray]:
        on = np.arange(beats) + random.uniform(0, 0.08, beats)
        off = random.permutation(beats)[: 2 * beats // 3] + random.uniform(
            low, high, 2 * beats // 3
        )
        fourth = np.arange(0, beats, 3) + random.uniform(0.77, 0.97, len(range(0, beats, 3)))
        return (np.sort(np.concatenate([on, off, fourth])),)

    changed = variants_of(swing)

    without = np.arange(6) + random.uniform(0, 0.3, 6)
    return Task(
        swing,
        [case(16, 0.44, 0.74), case(9, 0.55, 0.74), case(12, 0.43, 0.6), (without,)],
        [
            (
                "that is short over long: take the inverse",
                changed(ratio=lambda off: (1 - off.mean()) / off.mean()),
                3,
            ),
            (
                "that is only the long part: divide by the short one",
                changed(ratio=lambda off: off.mean()),
                3,
            ),
            (
                "that compares with half a beat: long is the position, short is 1 − position",
                changed(ratio=lambda off: off.mean() / 0.5),
                2,
            ),
            (
                "take the mean position first: a mean of ratios is biased towards large ones",
                changed(ratio=lambda off: np.mean(off / (1 - off))),
                2,
            ),
            (
                "take the mean of the positions, as the exercise says, not their median",
                changed(ratio=lambda off: np.median(off) / (1 - np.median(off))),
                2,
            ),
            (
                "every hit counts: select those between 0.42 and 0.75 of their beat",
                changed(chosen=lambda place: place >= 0),
                1,
            ),
            (
                "hits after 0.75 are no off-beats: they are early beats or fourth sixteenths",
                changed(chosen=lambda place: place > 0.42),
                1,
            ),
            (
                "hits before 0.42 are no off-beats: they are near the beat or its second sixteenth",
                changed(chosen=lambda place: place < 0.75),
                1,
            ),
            (
                "only the first beat counts: take each onset within its own beat",
                changed(place_of=lambda onsets: onsets),
                1,
            ),
            ("without off-beats return NaN, not 0", changed(nothing=0.0), 4),
            ("without off-beats return NaN: 1 would mean straight time", changed(nothing=1.0), 4),
        ],
    )


def copied(melodies: list[np.ndarray], n: int, least: float) -> float:
    """Share of melodies that share at least `least` of the smaller set of runs with another."""
    runs = [_runs(np.diff(melody), n) for melody in melodies]
    return _share_of_pairs(runs, least, min)


def _runs(steps: np.ndarray, n: int) -> set[tuple[int, ...]]:
    """All runs of n neighbours."""
    return {tuple(steps[i : i + n].tolist()) for i in range(len(steps) - n + 1)}


def _share_of_pairs(runs: list[set[tuple[int, ...]]], least: float, size: Any) -> float:
    """Share of sets that overlap with another by `least` of `size` of both lengths."""
    found = [
        any(a is not b and a and b and len(a & b) >= least * size(len(a), len(b)) for b in runs)
        for a in runs
    ]
    return sum(found) / len(runs)


@exercise(
    "01.4",
    points=3,
    hints=(
        "np.diff gives the intervals of a melody. They are the same in every key.",
        "Collect the runs of a melody in a set of tuples: steps[i : i + n] for each i. How many "
        "are there?",
        "For sets a and b, len(a & b) counts the runs that both have. Divide by the smaller of "
        "their lengths.",
        "Compare each melody with all others but itself, and count a melody once, however many "
        "copies it has.",
    ),
)
def check_song_copies(random: np.random.Generator) -> Task:
    """Lesson 01: share of melodies that have a copy, by runs of intervals."""

    def case(n: int, least: float, more: int) -> tuple[list[np.ndarray], int, float]:
        tune = [random.integers(55, 80, size) for size in (24, 20, 26, 22, 25)]
        melodies = [
            *tune,
            tune[0] + 5,  # the same in another key
            np.concatenate([tune[1][:11], random.integers(55, 80, 9)]),  # about a half is the same
            np.concatenate([random.integers(55, 80, 40), tune[2][:14]]),  # a small part of a long
            np.append(tune[0], tune[0][:6]) - 2,  # a third one
            np.repeat(60, 15),  # one run, again and again
            # more than half is the same
            np.append(tune[3][: n + round(0.55 * (22 - n))], random.integers(55, 80, 22))[:22],
            *[tune[2] + 7 + i for i in range(more)],
            *[130 - tune[4]] * (1 - more % 2),  # upside down, which is another melody
            random.integers(55, 80, 3),  # without a run
            random.integers(55, 80, 3),
        ]
        order = random.permutation(len(melodies))
        return [melodies[i] for i in order], n, least

    def by(runs_of: Any, size: Any = min) -> Any:
        def share(melodies: list[np.ndarray], n: int, least: float) -> float:
            return _share_of_pairs([runs_of(melody, n) for melody in melodies], least, size)

        return share

    def with_itself(melodies: list[np.ndarray], n: int, least: float) -> float:
        return float(np.mean([bool(_runs(np.diff(m), n)) for m in melodies]))

    def pairs(melodies: list[np.ndarray], n: int, least: float) -> float:
        runs = [_runs(np.diff(m), n) for m in melodies]
        alike = [
            bool(a and b) and len(a & b) >= least * min(len(a), len(b))
            for i, a in enumerate(runs)
            for b in runs[:i]
        ]
        return sum(alike) / len(alike)

    def one_of_each(melodies: list[np.ndarray], n: int, least: float) -> float:
        runs = [_runs(np.diff(m), n) for m in melodies]
        return sum(
            any(a and b and len(a & b) >= least * min(len(a), len(b)) for b in runs[:i])
            for i, a in enumerate(runs)
        ) / len(runs)

    def of_nothing(melodies: list[np.ndarray], n: int, least: float) -> float:
        runs = [_runs(np.diff(m), n) for m in melodies]
        found = [
            any(i != j and len(a & b) >= least * min(len(a), len(b)) for j, b in enumerate(runs))
            for i, a in enumerate(runs)
        ]
        return sum(found) / len(runs)

    def number(melodies: list[np.ndarray], n: int, least: float) -> float:
        return copied(melodies, n, least) * len(melodies)

    return Task(
        copied,
        [case(4, 0.45, 0), case(5, 0.42, 1), case(8, 0.3, 2), case(3, 0.48, 3)],
        [
            ("that compares each melody with itself, too, which is always a copy", with_itself),
            (
                "that compares pitches: a copy in another key has other pitches, but the same "
                "intervals, np.diff",
                by(_runs),
            ),
            (
                "divide by the number of runs of the smaller set: a short tune within a long one "
                "is a copy, too",
                by(lambda m, n: _runs(np.diff(m), n), max),
            ),
            (
                "that divides by the runs of both together: divide by those of the smaller set",
                _of_union,
            ),
            ("that is the share of pairs, not of melodies that have a copy", pairs),
            (
                "that leaves out the first one of each group of copies: compare each melody with "
                "all others, before and after it",
                one_of_each,
            ),
            (
                "a melody without a run shares 0 of 0 runs with every other: it is not a copy",
                of_nothing,
            ),
            ("that is the number of melodies; divide by how many there are", number),
            (
                "the runs are one interval too short or too long: a run has n intervals, which "
                "are n + 1 notes",
                by(lambda m, n: _runs(np.diff(m), n - 1)),
            ),
            (
                "keep the sign of the intervals: a melody upside down is another melody",
                by(lambda m, n: _runs(np.abs(np.diff(m)), n)),
            ),
        ],
    )


def _of_union(melodies: list[np.ndarray], n: int, least: float) -> float:
    runs = [_runs(np.diff(m), n) for m in melodies]
    found = [
        any(i != j and a and b and len(a & b) >= least * len(a | b) for j, b in enumerate(runs))
        for i, a in enumerate(runs)
    ]
    return sum(found) / len(runs)
