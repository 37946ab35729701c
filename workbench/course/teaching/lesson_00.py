"""Exercises of lesson 00, start here."""

from __future__ import annotations

import numpy as np

from workbench.course.teaching.core import Task, exercise


@exercise(
    "00.1",
    points=1,
    hints=(
        "The tempo is in beats per minute: how many beats pass in one second?",
        "First compute how long one beat lasts; a faster tempo makes it shorter.",
    ),
)
def check_length(random: np.random.Generator) -> Task:
    """Lesson 00: the length in seconds of a number of beats at a tempo in BPM."""
    cases = [(float(4 * random.integers(2, 12)), float(random.integers(61, 180))) for _ in range(4)]
    return Task(
        lambda beats, tempo: beats * 60 / tempo,
        cases,
        [
            ("the result is in minutes: a minute has 60 seconds", lambda b, t: b / t, 1),
            ("a faster tempo makes it shorter: divide by the tempo", lambda b, t: b * t / 60, 2),
            (
                "that is the length of one beat: multiply by the number of beats",
                lambda b, t: 60 / t,
            ),
            ("the result is in milliseconds", lambda b, t: b * 60_000 / t, 1),
            ("the argument is a number of beats, not of bars", lambda b, t: 4 * b * 60 / t),
        ],
    )


@exercise(
    "00.2",
    points=1,
    hints=(
        "How many hits are there in total, and how many steps?",
        "A row is a step, and a beat has four steps: how many beats does the roll have?",
    ),
)
def check_density(random: np.random.Generator) -> Task:
    """Lesson 00: hits per beat of a roll of hits (steps, 9), four steps per beat."""
    cases = [(random.random((16 * bars, 9)) < 0.3,) for bars in (1, 2, 8)]
    return Task(
        lambda hits: hits.sum() / (len(hits) / 4),
        cases,
        [
            ("that is hits per step; a beat has four steps", lambda h: h.sum() / len(h), 2),
            ("that counts all hits; divide by the number of beats", lambda h: h.sum(), 2),
            ("that is the share of filled cells, not hits per beat", lambda h: h.mean(), 1),
            ("that is hits per bar; a bar has four beats", lambda h: h.sum() / (len(h) / 16), 2),
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
        "Compare every number of the first group with every number of the second.",
        "With an axis of length 1 in each, broadcasting compares all pairs at once.",
        "What is the result if both groups are equal? How much must a tie count, then?",
    ),
)
def check_superiority(random: np.random.Generator) -> Task:
    """Lesson 00: share of pairs in which the number of the first group is larger."""
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
                "compare every loop of the first group with every loop of the second, not only "
                "those at the same index",
                paired,
                1,
            ),
            (
                "a tie is neither a win nor a loss: count it half",
                lambda a, b: (a[:, None] > b[None]).mean(),
                3,
            ),
            ("a tie is not a win: count it half", lambda a, b: (a[:, None] >= b[None]).mean(), 3),
            ("reversed: how often is the first one larger?", lambda a, b: superiority(b, a)),
            (
                "that compares only the means, not all pairs",
                lambda a, b: float(a.mean() > b.mean()),
                1,
            ),
            (
                "that is the ratio of the means, not a share of pairs",
                lambda a, b: a.mean() / b.mean(),
                1,
            ),
        ],
    )
