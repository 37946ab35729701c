"""Exercises of lesson 03, contrastive pretraining."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise
from workbench.models.contrastive import info_nce


@exercise(
    "03.1",
    points=1,
    hints=(
        "The mask is 1 for a real piece and 0 for padding: what remains after multiplying by it?",
        "The mask has one axis fewer than the hidden states.",
        "Sum over pieces; divide by the number of real pieces in that row.",
    ),
)
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
            (
                "that includes padding in the mean: divide by the number of real pieces",
                lambda h, m: (h * m[..., None]).mean(1),
                3,
            ),
            ("that averages over padding, too: use the mask", lambda h, m: h.mean(1), 1),
            (
                "that is the sum: divide by the number of real pieces",
                lambda h, m: (h * m[..., None]).sum(1),
                3,
            ),
        ],
    )


@exercise(
    "03.2",
    points=2,
    hints=(
        "One matrix product gives the cosines of all a with all b.",
        "Row i should select column i: a cross-entropy with targets 0, 1, 2, …",
        "Columns select rows, too. Which matrix does that need?",
    ),
)
def check_info_nce(random: np.random.Generator) -> Task:
    """Lesson 03: symmetric InfoNCE of unit vectors a, b (n, dim) at a scale."""
    import torch
    import torch.nn.functional as F

    def pair(n: int) -> tuple[Any, Any, float]:
        both = torch.from_numpy(random.normal(size=(2, n, 5)).astype(np.float32))
        return *F.normalize(both, dim=-1), 5.0

    def one_way(a: Any, b: Any, s: float) -> Any:
        return F.cross_entropy(s * a @ b.T, torch.arange(len(a)))

    def both_ways(a: Any, b: Any, s: float, change: Any, **how: Any) -> Any:
        """The loss with changed logits."""
        logits, own = s * a @ b.T, torch.arange(len(a))
        each = [F.cross_entropy(change(part), own, **how) for part in (logits, logits.T)]
        return (each[0] + each[1]) / 2

    return Task(
        info_nce,
        [pair(6), pair(9)],
        [
            (
                "that is only rows selecting columns; add the other direction and take the mean",
                one_way,
                3,
            ),
            (
                "that is only columns selecting rows; take the mean of both directions",
                lambda a, b, s: one_way(b, a, s),
                2,
            ),
            (
                "the two directions are added; take their mean",
                lambda a, b, s: 2 * info_nce(a, b, s),
                3,
            ),
            (
                "the scale is missing: multiply the cosines by it",
                lambda a, b, s: info_nce(a, b, 1.0),
                1,
            ),
            (
                "dividing is for a temperature; here `scale` multiplies",
                lambda a, b, s: info_nce(a, b, 1 / s),
                1,
            ),
            (
                "cross_entropy does the softmax itself: give it logits, not probabilities",
                lambda a, b, s: both_ways(a, b, s, lambda x: x.softmax(1)),
                2,
            ),
            (
                "that is the sum over the pairs: take the mean (reduction='mean', the default)",
                lambda a, b, s: both_ways(a, b, s, lambda x: x, reduction="sum"),
            ),
            (
                "the sign is reversed: a loss is the negative log-probability",
                lambda a, b, s: -info_nce(a, b, s),
                1,
            ),
        ],
    )


@exercise(
    "03.3",
    points=3,
    hints=(
        "Start with the logarithm of the softmax over each row: all texts are in its denominator.",
        "Keep the entries where `alike` is 1. How many are there in each row?",
        "The choice of a row is its largest logit. It is right where `alike` is 1 in that column.",
        "The columns are the rows of the transposed matrices.",
    ),
)
def check_several_positives(random: np.random.Generator) -> Task:
    """Lesson 03: contrastive loss and accuracy where several texts may suit a loop."""
    import torch
    import torch.nn.functional as F

    def case(n: int) -> tuple[Any, ...]:
        both = torch.from_numpy(random.normal(size=(2, n, 5)).astype(np.float32))
        groups = random.permutation(np.arange(n) // 3)  # groups of three, and a smaller one
        alike = torch.from_numpy((groups[:, None] == groups).astype(np.float32))
        both[1, : n // 2] = both[0, : n // 2] + 0.3 * both[1, : n // 2]  # some find their own text
        return *F.normalize(both, dim=-1), 4.0, alike

    def of_rows(a: Any, b: Any, s: float, alike: Any) -> Any:
        log_p = torch.log_softmax(s * a @ b.T, 1)
        return -((log_p * alike).sum(1) / alike.sum(1)).mean()

    def right(a: Any, b: Any, s: float, alike: Any) -> Any:
        return (alike * F.one_hot((a @ b.T).argmax(1), len(b))).sum(1).mean()

    def own(a: Any, b: Any, s: float, alike: Any) -> Any:
        return ((a @ b.T).argmax(1) == torch.arange(len(a))).float().mean()

    def twice(rows: Any) -> Any:
        return lambda a, b, s, alike: (rows(a, b, s, alike) + rows(b, a, s, alike.T)) / 2

    def with_accuracy(loss: Any, accuracy: Any = None) -> Any:
        share = accuracy or twice(right)
        return lambda *case: (loss(*case), share(*case))

    def sum_over_mates(a: Any, b: Any, s: float, alike: Any) -> Any:
        return -(torch.log_softmax(s * a @ b.T, 1) * alike).sum(1).mean()

    def mean_over_all(a: Any, b: Any, s: float, alike: Any) -> Any:
        return -(torch.log_softmax(s * a @ b.T, 1) * alike).mean()

    def log_of_the_sum(a: Any, b: Any, s: float, alike: Any) -> Any:
        return -torch.log(((s * a @ b.T).softmax(1) * alike).sum(1)).mean()

    loss = twice(of_rows)
    of_losses = [
        (
            "that counts only the own text: use all entries where `alike` is 1",
            lambda a, b, s, alike: info_nce(a, b, s),
            2,
        ),
        ("the two directions are added; take their mean", lambda *case: 2 * loss(*case), 4),
        (
            "that is the sum over the texts that suit: divide by their number in each row",
            twice(sum_over_mates),
            2,
        ),
        (
            "that divides by the number of all texts: divide by the number that suit",
            twice(mean_over_all),
            2,
        ),
        (
            "that is the log of the summed probabilities; take the mean of the logs",
            twice(log_of_the_sum),
            2,
        ),
        (
            "the scale is missing: multiply the cosines by it",
            lambda a, b, s, alike: loss(a, b, 1.0, alike),
            1,
        ),
        (
            "the sign is reversed: a loss is the negative log-probability",
            lambda *case: -loss(*case),
            1,
        ),
        ("that is only the rows: the columns choose, too", of_rows, 4),
    ]
    return Task(
        with_accuracy(loss),
        [case(8), case(16), case(25)],
        [
            *((words, with_accuracy(wrong), hint) for words, wrong, hint in of_losses),
            ("that is only the rows: the columns choose, too", with_accuracy(of_rows, right), 4),
            (
                "the two directions are added; take their mean",
                lambda *case: tuple(2 * x for x in with_accuracy(loss)(*case)),
                4,
            ),
            (
                "the accuracy counts only the own text: every text that suits is right",
                with_accuracy(loss, twice(own)),
                3,
            ),
            (
                "the accuracy is that of the rows alone: the columns choose, too",
                with_accuracy(loss, right),
                4,
            ),
            (
                "the accuracies of the two directions are added; take their mean",
                with_accuracy(loss, lambda *case: 2 * twice(right)(*case)),
                4,
            ),
            (
                "that returns the accuracy first: return the loss, then the accuracy",
                lambda *case: with_accuracy(loss)(*case)[::-1],
                3,
            ),
            ("that is the loss alone: return the accuracy, too", loss, 3),
        ],
    )


def recall(scores: np.ndarray, k: int) -> float:
    """Share of rows whose own column (the diagonal) is among the k with the largest scores."""
    better = (scores > np.diag(scores)[:, None]).sum(1)
    return float((better < k).mean())


@exercise(
    "03.4",
    points=2,
    hints=(
        "The match of row i is column i: its score is on the diagonal.",
        "How many columns of the row have a higher score?",
        "With none, it ranks first. How many may be higher for it to rank among the first k?",
    ),
)
def check_recall(random: np.random.Generator) -> Task:
    """Lesson 03: recall at k from similarities (texts, loops) with the matches on the diagonal."""

    def similarities(n: int, k: int) -> np.ndarray:
        """Rows whose matches rank first, at k, just after k, or anywhere. One row is similar to all
        loops: each ranks it before its own text."""
        places = np.where(random.random(n) < 0.3, 0, random.integers(0, n, n))
        places[:4] = (0, 0, k - 1, k)
        ordered = -np.sort(-random.normal(size=(n, n)))
        others = [
            random.permutation(np.delete(row, at)) for row, at in zip(ordered, places, strict=True)
        ]
        own = ordered[np.arange(n), places]
        table = np.stack([np.insert(row, i, own[i]) for i, row in enumerate(others)])
        return table + 20 * (np.arange(n) == 0)[:, None]

    cases = [(similarities(n, k), k) for n, k in ((12, 1), (12, 3), (16, 5))]

    return Task(
        recall,
        cases,
        [
            (
                "that uses the first k + 1: a match with no higher score already ranks first",
                lambda s, k: recall(s, k + 1),
                3,
            ),
            (
                "that searches a text for every loop: each row is a text, and its match is a loop",
                lambda s, k: recall(s.T, k),
                1,
            ),
            (
                "the nearest have the largest similarities, not the smallest",
                lambda s, k: recall(-s, k),
                2,
            ),
            ("that is recall at 1 for every k", lambda s, k: recall(s, 1), 3),
            ("there is one match, not k: do not divide by k", lambda s, k: recall(s, k) / k, 1),
            ("that is a count: divide by the number of texts", lambda s, k: recall(s, k) * len(s)),
        ],
    )
