"""Exercises of lesson 01, looking at the data."""

from __future__ import annotations

import numpy as np

from workbench.course.teaching.core import Task, exercise


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


@exercise(
    "01.3",
    points=1,
    hints=(
        "How many milliseconds does a beat last at that tempo?",
        "A sixteenth is a quarter of a beat, and the offset is a fraction of a sixteenth.",
    ),
)
def check_milliseconds(random: np.random.Generator) -> Task:
    """Lesson 01: offsets in sixteenths as milliseconds, at a tempo in BPM."""
    cases = [(random.uniform(-0.5, 0.5, 5), float(random.integers(61, 180))) for _ in range(3)]
    return Task(
        lambda offset, tempo: offset * 60_000 / tempo / 4,
        cases,
        [
            (
                "that treats the offset as a fraction of a beat: a beat has four sixteenths",
                lambda o, t: o * 60_000 / t,
            ),
            (
                "the result is in seconds: a second has 1000 milliseconds",
                lambda o, t: o * 60 / t / 4,
            ),
            (
                "the faster the tempo, the shorter a sixteenth: divide by the tempo",
                lambda o, t: o * t / 60 * 1000 / 4,
            ),
            ("a sixteenth is a quarter of a beat, not four beats", lambda o, t: o * 240_000 / t),
            (
                "early hits have negative offsets: keep the sign",
                lambda o, t: np.abs(o) * 60_000 / t / 4,
            ),
        ],
    )


@exercise(
    "01.4",
    points=1,
    hints=(
        "Let the beat have length 1. The off-beat divides it into two parts.",
        "The first part is as long as the position of the off-beat. How long is the rest?",
    ),
)
def check_swing_ratio(random: np.random.Generator) -> Task:
    """Lesson 01: swing ratio, from the positions of off-beats between two beats (0 to 1)."""
    cases = [(random.uniform(0.4, 0.75, 50),) for _ in range(3)] + [(np.full(4, 2 / 3),)]
    return Task(
        lambda place: np.mean(place) / (1 - np.mean(place)),
        cases,
        [
            ("that is short over long: take the inverse", lambda p: (1 - p.mean()) / p.mean(), 2),
            ("that is only the long part: divide by the short one", lambda p: p.mean(), 2),
            (
                "that compares with half a beat: long is `place`, short is `1 − place`",
                lambda p: p.mean() / 0.5,
                1,
            ),
            (
                "take the mean position first: a mean of ratios is biased towards large ones",
                lambda p: np.mean(p / (1 - p)),
            ),
        ],
    )
