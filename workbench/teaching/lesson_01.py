"""Exercises of lesson 01, looking at the data."""

from __future__ import annotations

import numpy as np

from workbench.teaching.core import Task, exercise


@exercise("01.1", points=2, hints=(
    "Take the column of that drum: one number a step.",
    "Fold it into rows of 16, one row a bar.",
    "A mean over which axis leaves one number for each of the 16 steps?",
))  # fmt: skip
def check_onset_histogram(random: np.random.Generator) -> Task:
    """Lesson 01: share of bars in which a drum is hit on each of the 16 steps."""
    cases = [(random.random((16 * bars, 9)) < 0.3, drum) for bars, drum in ((4, 0), (8, 1), (2, 5))]
    return Task(
        lambda hits, drum: hits[:, drum].reshape(-1, 16).mean(0),
        cases,
        [
            ("those are counts; divide by the number of bars",
             lambda h, d: h[:, d].reshape(-1, 16).sum(0)),
            ("the bars got mixed: reshape to (bars, 16), not (16, bars)",
             lambda h, d: h[:, d].reshape(16, -1).mean(1)),
            ("those shares add up to 1; asked is the share of bars, step by step",
             lambda h, d: h[:, d].reshape(-1, 16).sum(0) / max(1, h[:, d].sum())),
        ],
    )  # fmt: skip


@exercise("01.2", points=1, hints=(
    "The beat is 1 long. The off-beat cuts it into a first and a second part.",
    "The first part is as long as the place of the off-beat. How long is what is left?",
))  # fmt: skip
def check_swing_ratio(random: np.random.Generator) -> Task:
    """Lesson 01: long over short, from where the off-beat falls between two beats (0 to 1)."""
    cases = [(random.uniform(0.4, 0.75, 50),) for _ in range(3)] + [(np.full(4, 2 / 3),)]
    return Task(
        lambda place: np.mean(place) / (1 - np.mean(place)),
        cases,
        [
            ("that is short over long: turn it round", lambda p: (1 - p.mean()) / p.mean()),
            ("that is only the long part; divide by the short one", lambda p: p.mean()),
            ("that compares with the beat's middle: long is `place`, short is `1 − place`",
             lambda p: p.mean() / 0.5),
            ("take the mean place first: a mean of ratios leans to the large ones",
             lambda p: np.mean(p / (1 - p))),
        ],
    )  # fmt: skip
