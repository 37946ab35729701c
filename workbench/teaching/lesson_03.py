"""Exercises of lesson 03, contrastive pretraining."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.teaching.core import Task, exercise


@exercise("03.1", points=1, hints=(
    "The mask is 1 at a real piece and 0 at padding: what does a product with it leave?",
    "The mask has one axis less than the hidden states.",
    "The sum goes over pieces; the divisor is how many real ones that row has.",
))  # fmt: skip
def check_masked_mean(random: np.random.Generator) -> Task:
    """Lesson 03: mean over real word pieces; hidden (n, pieces, dim), mask (n, pieces)."""
    import torch

    def case(n: int, pieces: int) -> tuple[Any, Any]:
        mask = np.arange(pieces) < random.integers(1, pieces, (n, 1))
        hidden = random.normal(size=(n, pieces, 3)).astype(np.float32)
        return torch.from_numpy(hidden), torch.from_numpy(mask.astype(np.int64))

    return Task(
        lambda h, m: (h * m[..., None]).sum(1) / m.sum(1, keepdim=True),
        [case(4, 6), case(2, 9)],
        [
            ("that averages padding in: divide by the number of real pieces, not by all",
             lambda h, m: (h * m[..., None]).mean(1)),
            ("that is the mean over padding, too: use the mask", lambda h, m: h.mean(1)),
            ("that is the sum; divide by the number of real pieces",
             lambda h, m: (h * m[..., None]).sum(1)),
        ],
    )  # fmt: skip


@exercise("03.2", points=2, hints=(
    "The cosines of all a with all b are one matrix product.",
    "Row i should choose column i: that is a cross-entropy with the targets 0, 1, 2, …",
    "Columns choose rows, too. What is the matrix for that?",
))  # fmt: skip
def check_info_nce(random: np.random.Generator) -> Task:
    """Lesson 03: symmetric InfoNCE of unit vectors a, b (n, dim) at a scale."""
    import torch
    import torch.nn.functional as F

    from workbench.models.contrastive import info_nce

    def pair(n: int) -> tuple[Any, Any, float]:
        both = torch.from_numpy(random.normal(size=(2, n, 5)).astype(np.float32))
        return *F.normalize(both, dim=-1), 5.0

    def one_way(a: Any, b: Any, s: float) -> Any:
        return F.cross_entropy(s * a @ b.T, torch.arange(len(a)))

    return Task(
        info_nce,
        [pair(6), pair(9)],
        [
            ("that asks only rows for columns; ask columns for rows, too, and take the mean",
             one_way),
            ("that asks only columns for rows; take the mean of both ways",
             lambda a, b, s: one_way(b, a, s)),
            ("the two ways are added; take their mean", lambda a, b, s: 2 * info_nce(a, b, s)),
            ("the scale is missing: multiply the cosines by it",
             lambda a, b, s: info_nce(a, b, 1.0)),
            ("divide by the temperature or multiply by the scale: here `scale` multiplies",
             lambda a, b, s: info_nce(a, b, 1 / s)),
        ],
    )  # fmt: skip
