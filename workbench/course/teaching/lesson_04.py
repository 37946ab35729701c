"""Exercises of lesson 04, the MRLSTM autoencoder."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise


@exercise(
    "04.1",
    points=1,
    hints=(
        "With a stride of 4, phase 0 holds the steps 0, 4, 8, …; which ones does phase 1 hold?",
        "A slice with a start and a step is one phase: stack one for each start.",
    ),
)
def check_phases(random: np.random.Generator) -> Task:
    """Lesson 04: split (time, channels) into its phases at a stride: (stride, time/stride, c)."""
    cases = [(random.normal(size=(16, 2)), 4), (random.normal(size=(8, 3)), 2)]
    return Task(
        lambda x, r: np.stack([x[phase::r] for phase in range(r)]),
        cases,
        [
            (
                "those are neighbouring chunks; a phase takes every `stride`-th step",
                lambda x, r: x.reshape(r, -1, x.shape[1]),
            ),
            (
                "that is (time/stride, stride, channels): exchange the first two axes",
                lambda x, r: x.reshape(-1, r, x.shape[1]),
            ),
            ("that is one phase; there are `stride` of them", lambda x, r: x[::r]),
        ],
    )


@exercise(
    "04.2",
    points=1,
    hints=(
        "Three counts: hits in both, hits that were played, hits that were rebuilt.",
        "Precision and recall share what is above the line. What is below it in each?",
        "Their harmonic mean is twice what both have, over what the one and the other have.",
    ),
)
def check_f1(random: np.random.Generator) -> Task:
    """Lesson 04: F1 of rebuilt hits against true ones, both (steps, 9) of True and False."""
    cases = []
    for missed, invented in ((0.3, 0.05), (0.1, 0.2), (0.5, 0.1)):
        true = random.random((32, 9)) < 0.3
        kept = true & (random.random(true.shape) > missed)
        cases.append((true, kept | (random.random(true.shape) < invented)))

    def parts(true: np.ndarray, made: np.ndarray) -> tuple[float, float]:
        both = (true & made).sum()
        return both / made.sum(), both / true.sum()

    return Task(
        lambda true, made: 2 * (true & made).sum() / (true.sum() + made.sum()),
        cases,
        [
            (
                "that is accuracy: most cells are empty, so an empty loop would do well",
                lambda true, made: (true == made).mean(),
            ),
            ("that is recall: hits that were invented cost nothing", lambda t, m: parts(t, m)[1]),
            ("that is precision: hits that were missed cost nothing", lambda t, m: parts(t, m)[0]),
            (
                "the harmonic mean, not the usual one: with one of the two at 0 it must be 0",
                lambda t, m: sum(parts(t, m)) / 2,
            ),
            (
                "twice what both have: a perfect copy must reach 1",
                lambda t, m: (t & m).sum() / (t.sum() + m.sum()),
            ),
            (
                "that divides by hits in either, which is the Jaccard index",
                lambda t, m: (t & m).sum() / (t | m).sum(),
            ),
        ],
    )


@exercise(
    "04.3",
    points=2,
    hints=(
        "PyTorch has the binary cross-entropy from logits; look at its `reduction`.",
        "Sum over all cells, those without a hit as well.",
        "What is the sum divided by, so that a loop with few hits counts as much as a dense one?",
    ),
)
def check_hit_loss(random: np.random.Generator) -> Task:
    """Lesson 04: binary cross-entropy of hit logits, summed over cells, a true hit."""
    import torch
    import torch.nn.functional as F

    def case() -> tuple[Any, Any]:
        logits, hits = random.normal(size=(5, 9)), random.random((5, 9)) < 0.4
        return torch.from_numpy(logits).float(), torch.from_numpy(hits).float()

    def total(logits: Any, hits: Any) -> Any:
        return F.binary_cross_entropy_with_logits(logits, hits, reduction="sum")

    return Task(
        lambda x, h: total(x, h) / h.sum(),
        [case(), case()],
        [
            (
                "that is the mean over all cells; divide the sum by the number of true hits",
                lambda x, h: total(x, h) / h.numel(),
            ),
            ("that is the sum; divide it by the number of true hits", total),
            ("the sign: a loss is minus the log-probability", lambda x, h: -total(x, h) / h.sum()),
            (
                "that only looks at the cells with a hit; a hit that is not there costs, too",
                lambda x, h: (F.softplus(-x) * h).sum() / h.sum(),
            ),
        ],
    )
