"""Exercises of lesson 00, start here."""

from __future__ import annotations

import numpy as np

from workbench.course.teaching.core import Task, exercise


@exercise(
    "00.1",
    points=1,
    hints=(
        "The tempo is beats a minute: how many of them pass in one second?",
        "Work out how long one beat lasts first; a faster tempo must make it shorter.",
    ),
)
def check_length(random: np.random.Generator) -> Task:
    """Lesson 00: how many seconds so many beats last at a tempo in beats a minute."""
    cases = [(float(4 * random.integers(2, 12)), float(random.integers(61, 180))) for _ in range(4)]
    return Task(
        lambda beats, tempo: beats * 60 / tempo,
        cases,
        [
            ("those are minutes: a minute has 60 seconds", lambda b, t: b / t),
            ("a faster tempo must make it shorter: divide by the tempo", lambda b, t: b * t / 60),
            ("that is how long one beat lasts: there are more of them", lambda b, t: 60 / t),
            ("those are milliseconds", lambda b, t: b * 60_000 / t),
            ("the number is of beats, not of bars", lambda b, t: 4 * b * 60 / t),
        ],
    )


@exercise(
    "00.2",
    points=1,
    hints=(
        "How many hits are there in all, and how many steps?",
        "A row is a step, and four steps are a beat: how many beats does the roll have?",
    ),
)
def check_density(random: np.random.Generator) -> Task:
    """Lesson 00: hits a beat of a roll of hits (steps, 9), four steps a beat."""
    cases = [(random.random((16 * bars, 9)) < 0.3,) for bars in (1, 2, 8)]
    return Task(
        lambda hits: hits.sum() / (len(hits) / 4),
        cases,
        [
            ("that is hits a step; a beat has four steps", lambda h: h.sum() / len(h)),
            ("that counts all hits; divide by the number of beats", lambda h: h.sum()),
            ("that is the share of filled cells, not hits a beat", lambda h: h.mean()),
            ("that is hits a bar; a bar has four beats", lambda h: h.sum() / (len(h) / 16)),
        ],
    )


def superiority(first: np.ndarray, second: np.ndarray) -> float:
    """Share of all pairs in which the first is larger; a tie counts half (McGraw & Wong 1992)."""
    apart = np.asarray(first)[:, None] - np.asarray(second)[None]
    return float((apart > 0).mean() + 0.5 * (apart == 0).mean())


@exercise(
    "00.3",
    points=2,
    hints=(
        "Every number of the first is compared with every number of the second.",
        "An axis of length 1 in each of the two makes the table of all pairs in one comparison.",
        "What should come out if both are the same numbers? Then a tie is worth …",
    ),
)
def check_superiority(random: np.random.Generator) -> Task:
    """Lesson 00: how often a number of the first beats one of the second, over all pairs."""
    cases = [
        (random.integers(3, 9, 8) / 2, random.integers(lowest, lowest + 5, size) / 2)
        for size, lowest in ((8, 1), (5, 2), (8, 3))
    ] + [(np.arange(6) / 2, np.arange(6) / 2)]

    def paired(first: np.ndarray, second: np.ndarray) -> float:
        size = min(len(first), len(second))
        apart = first[:size] - second[:size]
        return float((apart > 0).mean() + 0.5 * (apart == 0).mean())

    return Task(
        superiority,
        cases,
        [
            (
                "compare every loop of the first with every loop of the second, not only "
                "those at the "
                "same place",
                paired,
            ),
            (
                "a tie is no win and no loss: count it half",
                lambda a, b: (a[:, None] > b[None]).mean(),
            ),
            ("a tie is not a win: count it half", lambda a, b: (a[:, None] >= b[None]).mean()),
            (
                "the other way round: how often is the first the larger one?",
                lambda a, b: superiority(b, a),
            ),
            (
                "that compares the means only: it cannot say how often",
                lambda a, b: float(a.mean() > b.mean()),
            ),
            (
                "that is the factor between the means, not a share of pairs",
                lambda a, b: a.mean() / b.mean(),
            ),
        ],
    )
