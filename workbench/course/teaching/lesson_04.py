"""Exercises of lesson 04, the MRLSTM autoencoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise, variants_of


def phases(
    x: np.ndarray,
    stride: int,
    *,
    missing: Callable[[int, int], int] = lambda time, stride: -time % stride,
    filled: Callable[..., np.ndarray] = lambda x, n: np.pad(x, ((0, n), (0, 0))),
    split: Callable[..., np.ndarray] = lambda x, stride: x.reshape(-1, stride, x.shape[1]).swapaxes(
        0, 1
    ),
) -> np.ndarray:
    """(stride, steps per phase, channels). The keywords make the typical mistakes.

    Args:
        x: (time, channels).
        stride: Number of phases.
        missing: Number of steps to add, from the length and the stride.
        filled: x with this number of steps added.
        split: The phases of an array whose length is a multiple of the stride.
    """
    return split(filled(x, missing(len(x), stride)), stride)


@exercise(
    "04.1",
    points=2,
    hints=(
        "With a stride of 4, phase 0 contains steps 0, 4, 8, …; which ones does phase 1 contain?",
        "A slice with a start and a step is one phase: stack one per start.",
        "All phases must be equally long. `-len(x) % stride` is the number of missing steps.",
    ),
)
def check_phases(random: np.random.Generator) -> Task:
    """Lesson 04: split (time, channels) into its phases at a stride, filled with silence."""
    sizes = ((16, 2, 4), (10, 3, 4), (9, 2, 2), (13, 4, 4), (8, 3, 3))
    cases = [(random.normal(size=(time, channels)), stride) for time, channels, stride in sizes]

    changed = variants_of(phases)

    return Task(
        phases,
        cases,
        [
            (
                "those are contiguous chunks; a phase takes every `stride`-th step",
                changed(split=lambda x, r: x.reshape(r, -1, x.shape[1])),
                1,
            ),
            (
                "that is (steps per phase, stride, channels): swap the first two axes",
                changed(split=lambda x, r: x.reshape(-1, r, x.shape[1])),
                2,
            ),
            (
                "that is only one phase; there are `stride` of them",
                changed(split=lambda x, r: x[::r]),
                2,
            ),
            (
                "no step is left out: add silence instead of cutting the end off",
                lambda x, r: phases(x[: len(x) // r * r], r),
                3,
            ),
            (
                "a length that is a multiple of the stride needs no silence",
                changed(missing=lambda time, r: r - time % r),
                3,
            ),
            (
                "the silence belongs at the end: at the beginning it moves every step to another "
                "phase",
                changed(filled=lambda x, n: np.pad(x, ((n, 0), (0, 0)))),
                3,
            ),
            (
                "add silence, not the last step again",
                changed(filled=lambda x, n: np.pad(x, ((0, n), (0, 0)), mode="edge")),
                3,
            ),
            (
                "add silence, not the beginning again",
                changed(filled=lambda x, n: np.pad(x, ((0, n), (0, 0)), mode="wrap")),
                3,
            ),
        ],
    )


@exercise(
    "04.2",
    points=3,
    hints=(
        "Each of the four is a function of W @ x_t + U @ h + b; only their squashing differs.",
        "The three gates use the logistic function; the new values g use tanh.",
        "First the new c: the forget gate multiplies the old c, the input gate the new values g. "
        "Then h: the output gate multiplies tanh of the new c.",
        "Each step begins with the h and the c of the step before it; collect the h of all steps.",
    ),
)
def check_lstm(random: np.random.Generator) -> Task:
    """Lesson 04: an LSTM over a sequence, from the weights of its four parts."""

    def case(time: int, inputs: int, hidden: int) -> tuple[Any, ...]:
        weights = {
            name: [
                random.normal(size=(hidden, inputs)),
                random.normal(size=(hidden, hidden)),
                random.normal(size=hidden),
            ]
            for name in ("forget", "input", "output", "cell")
        }
        return (
            random.normal(size=(time, inputs)),
            random.normal(size=hidden),
            random.normal(size=hidden),
            weights,
        )

    def sigmoid(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    def read(
        x: Any,
        h: Any,
        c: Any,
        weights: Any,
        *,
        squash: Any = np.tanh,
        show: Any = np.tanh,
        bias: float = 1.0,
        order: tuple[str, str] = ("forget", "input"),
        gate: Any = sigmoid,
        recurrent: float = 1.0,
        old: Any = lambda c, new: new,
        carry: tuple[bool, bool] = (True, True),
        part: Any = lambda h, c: h,
    ) -> Any:
        first = h, c
        outputs = []
        for x_t in x:
            h, c = (now if keep else at for now, at, keep in zip((h, c), first, carry, strict=True))
            parts = {}
            for name, (W, U, b) in weights.items():
                parts[name] = W @ x_t + recurrent * (U @ h) + bias * b
            f, i = (gate(parts[name]) for name in order)
            new = f * c + i * squash(parts["cell"])
            h, c = gate(parts["output"]) * show(old(c, new)), new
            outputs.append(part(h, c))
        return np.stack(outputs)

    changed = variants_of(read)

    return Task(
        read,
        [case(4, 3, 2), case(3, 2, 5)],
        [
            ("forget and input gate are swapped", changed(order=("input", "forget")), 3),
            ("the new values g use tanh, not the sigmoid", changed(squash=sigmoid), 2),
            ("the gates use the sigmoid, not tanh", changed(gate=np.tanh), 2),
            ("h is o times tanh(c): the tanh is missing", changed(show=lambda c: c), 3),
            ("the biases are missing", changed(bias=0.0), 1),
            ("U @ h is missing: the gates also depend on the last h", changed(recurrent=0.0), 1),
            ("h is computed from the old c; use the new one", changed(old=lambda c, new: c), 3),
            (
                "every step begins with the first h: carry it from step to step",
                changed(carry=(False, True)),
                4,
            ),
            (
                "every step begins with the first c: carry it from step to step",
                changed(carry=(True, False)),
                4,
            ),
            (
                "every step begins with the first state: carry h and c from step to step",
                changed(carry=(False, False)),
                4,
            ),
            ("those are the states c: return the outputs h", changed(part=lambda h, c: c), 3),
            (
                "that is the last h alone: return the h of every step, (time, hidden)",
                lambda *case: read(*case)[-1],
                4,
            ),
            (
                "the first h is the one after the first step, not the one that is given",
                lambda x, h, c, w: np.concatenate([h[None], read(x, h, c, w)[:-1]]),
                4,
            ),
        ],
    )


@exercise(
    "04.3",
    points=2,
    hints=(
        "PyTorch has a binary cross-entropy from logits; look at its `reduction`.",
        "Sum over all cells, including those without a hit.",
        "By what must the sum be divided so that sparse and dense loops count equally?",
    ),
)
def check_hit_loss(random: np.random.Generator) -> Task:
    """Lesson 04: binary cross-entropy of hit logits, summed over cells, per true hit."""
    import torch
    import torch.nn.functional as F

    def case(large: float = 0.0) -> tuple[Any, Any]:
        """Logits and hits; a few logits are as large as `large`, and wrong."""
        logits, hits = random.normal(size=(5, 9)), random.random((5, 9)) < 0.4
        hits[0, :2] = (True, False)
        if large:
            logits[0, :2] = (-large, large)
        return torch.from_numpy(logits).float(), torch.from_numpy(hits).float()

    def total(logits: Any, hits: Any) -> Any:
        return F.binary_cross_entropy_with_logits(logits, hits, reduction="sum")

    def by_logarithms(p: Any, hits: Any) -> Any:
        return -(hits * torch.log(p) + (1 - hits) * torch.log(1 - p)).sum() / hits.sum()

    return Task(
        lambda x, h: total(x, h) / h.sum(),
        [case(), case(40.0)],
        [
            (
                "that is the mean over all cells; divide the sum by the number of true hits",
                lambda x, h: total(x, h) / h.numel(),
                3,
            ),
            ("that is the sum: divide it by the number of true hits", total, 3),
            (
                "the sign is wrong: a loss is the negative log-probability",
                lambda x, h: -total(x, h) / h.sum(),
            ),
            (
                "that counts only cells with a hit; a predicted hit in an empty cell costs, too",
                lambda x, h: (F.softplus(-x) * h).sum() / h.sum(),
                2,
            ),
            (
                "that takes the logarithm of logits: turn them into probabilities by the sigmoid",
                by_logarithms,
                1,
            ),
            (
                "right for small logits; at 40 the sigmoid is 1 in 32 bits, and log(1 − p) is not "
                "finite: use softplus, or binary_cross_entropy_with_logits",
                lambda x, h: by_logarithms(torch.sigmoid(x), h),
                1,
            ),
            (
                "clamping the probability makes large mistakes cheap: use softplus, or "
                "binary_cross_entropy_with_logits",
                lambda x, h: by_logarithms(torch.sigmoid(x).clamp(1e-7, 1 - 1e-7), h),
                1,
            ),
        ],
    )


def _f1_of(both: Any, true: Any, made: Any, cells: Any) -> Any:
    return 2 * both / (true + made)


def two_f1(
    true: np.ndarray,
    made: np.ndarray,
    *,
    score: Callable[..., Any] = _f1_of,
    overall: Callable[..., Any] | None = None,
    axis: tuple[int, int] = (0, 1),
    mean: Callable[..., Any] = lambda scores, occurs: scores[occurs].mean(),
) -> tuple[float, float]:
    """F1 of all cells, and the mean of the drums' own. The keywords make the typical mistakes.

    Args:
        true, made: (loops, steps, drums) of True and False.
        score: From the numbers of right, played, reconstructed hits and of cells.
        overall: The first number from both arrays, instead of `score`.
        axis: Over which the hits of a drum are counted.
        mean: Of the drums' scores, from these and from which drums occur.
    """
    counts = [x.sum(axis) for x in (true & made, true, made, np.ones_like(true))]
    scores, occurs = score(*counts), counts[1] + counts[2] > 0
    first = overall(true, made) if overall else score(*(n.sum() for n in counts))
    return float(first), float(mean(scores, occurs))


@exercise(
    "04.4",
    points=2,
    hints=(
        "You need three counts: hits in both, hits played, hits reconstructed.",
        "Precision and recall have the same numerator. What is the denominator of each?",
        "F1 is twice the hits in both, divided by the sum of the two other counts.",
        "Count each drum by `sum((0, 1))`. The sum of these counts gives the first number.",
        "Divide only where a drum occurs: select those drums by a boolean array.",
    ),
)
def check_f1(random: np.random.Generator) -> Task:
    """Lesson 04: F1 of reconstructed hits over all cells, and the mean of the drums' own."""
    cases: list[tuple[Any, ...]] = []
    for loops, drums, missed, invented in ((3, 9, 0.3, 0.05), (2, 7, 0.1, 0.2), (4, 9, 0.5, 0.1)):
        often = np.linspace(0.5, 0.1, drums)
        true = random.random((loops, 16, drums)) < often
        kept = true & (random.random(true.shape) > missed)
        made = kept | (random.random(true.shape) < invented * often)
        true[0, 0] = made[0, 0] = True  # each drum occurs and has a right hit, except these two:
        if len(cases) != 1:
            true[..., 2] = made[..., 2] = False  # a drum that does not occur
        if len(cases) != 0:
            made[..., 4] = False  # a drum of which nothing is reconstructed
        if len(cases) == 2:
            true[..., 5] = False  # a drum that is reconstructed and was not played
        cases.append((true, made))

    changed = variants_of(two_f1)

    def by_parts(both: Any, true: Any, made: Any, cells: Any) -> Any:
        precision, recall = both / made, both / true
        return 2 * precision * recall / (precision + recall)

    def of_loops(true: np.ndarray, made: np.ndarray) -> float:
        pairs = zip(true, made, strict=True)
        return float(np.mean([_f1_of((a & b).sum(), a.sum(), b.sum(), 0) for a, b in pairs]))

    return Task(
        two_f1,
        cases,
        [
            (
                "that is accuracy: most cells are empty, so an empty loop would score well",
                lambda t, m: ((t == m).mean(), (t == m).mean((0, 1))[(t | m).any((0, 1))].mean()),
                1,
            ),
            (
                "that is recall: it ignores hits that were added",
                changed(score=lambda both, t, m, _: both / t),
                2,
            ),
            (
                "that is precision: it ignores hits that were missed",
                changed(score=lambda both, t, m, _: both / m),
                2,
            ),
            (
                "use the harmonic mean: if one of the two is 0, F1 is 0",
                changed(score=lambda both, t, m, _: (both / t + both / m) / 2),
                3,
            ),
            (
                "use twice the hits in both: a perfect copy must reach 1",
                changed(score=lambda both, t, m, _: both / (t + m)),
                3,
            ),
            (
                "that divides by hits in either, which is the Jaccard index",
                changed(score=lambda both, t, m, _: both / (t + m - both)),
                3,
            ),
            (
                "a drum without a right hit gives 0/0 for precision, recall or their mean, but its "
                "F1 is 0: compute F1 from the counts",
                changed(score=by_parts),
                3,
            ),
            (
                "a drum that is played but never reconstructed has the F1 0: do not leave it out",
                changed(mean=lambda scores, occurs: scores[scores > 0].mean()),
                5,
            ),
            (
                "a drum that does not occur is left out, not counted as 0",
                changed(mean=lambda scores, occurs: np.where(occurs, scores, 0).mean()),
                5,
            ),
            (
                "a drum that does not occur is left out, not counted as 1",
                changed(mean=lambda scores, occurs: np.where(occurs, scores, 1).mean()),
                5,
            ),
            (
                "a drum that does not occur gives 0/0: leave it out of the mean",
                changed(mean=lambda scores, occurs: scores.mean()),
                5,
            ),
            (
                "the first number counts the cells of all loops together, not loop by loop",
                changed(overall=of_loops),
                4,
            ),
            (
                "the second number is a mean over drums, which are the last axis",
                changed(axis=(1, 2)),
                4,
            ),
            ("return two numbers, not only the first", lambda t, m: two_f1(t, m)[0], 4),
            ("the two numbers are swapped", lambda t, m: two_f1(t, m)[::-1], 4),
        ],
    )
