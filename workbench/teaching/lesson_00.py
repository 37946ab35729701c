"""Exercises of lesson 00, start here."""

from __future__ import annotations

import numpy as np

from workbench.teaching.core import Task, exercise


@exercise("00.1", points=1, hints=(
    "How many hits are there in all, and how many steps?",
    "A row is a step, and four steps are a beat: how many beats does the roll have?",
))  # fmt: skip
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
