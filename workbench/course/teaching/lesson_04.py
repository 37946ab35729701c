"""Exercises of lesson 04, the MRLSTM autoencoder."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise


@exercise(
    "04.1",
    points=1,
    hints=(
        "With a stride of 4, phase 0 contains steps 0, 4, 8, …; which ones does phase 1 contain?",
        "A slice with a start and a step is one phase: stack one per start.",
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
                "those are contiguous chunks; a phase takes every `stride`-th step",
                lambda x, r: x.reshape(r, -1, x.shape[1]),
                1,
            ),
            (
                "that is (time/stride, stride, channels): swap the first two axes",
                lambda x, r: x.reshape(-1, r, x.shape[1]),
                2,
            ),
            ("that is only one phase; there are `stride` of them", lambda x, r: x[::r], 2),
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

    def changed(**how: Any) -> Any:
        return lambda *case: read(*case, **how)

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


@exercise(
    "04.4",
    points=1,
    hints=(
        "You need three counts: hits in both, hits played, hits reconstructed.",
        "Precision and recall have the same numerator. What is the denominator of each?",
        "F1 is twice the hits in both, divided by the sum of the two other counts.",
    ),
)
def check_f1(random: np.random.Generator) -> Task:
    """Lesson 04: F1 of reconstructed hits against true ones, both (steps, 9) booleans."""
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
                "that is accuracy: most cells are empty, so an empty loop would score well",
                lambda true, made: (true == made).mean(),
                1,
            ),
            ("that is recall: it ignores hits that were added", lambda t, m: parts(t, m)[1], 2),
            ("that is precision: it ignores hits that were missed", lambda t, m: parts(t, m)[0], 2),
            (
                "use the harmonic mean: if one of the two is 0, F1 is 0",
                lambda t, m: sum(parts(t, m)) / 2,
                3,
            ),
            (
                "use twice the hits in both: a perfect copy must reach 1",
                lambda t, m: (t & m).sum() / (t.sum() + m.sum()),
                3,
            ),
            (
                "that divides by hits in either, which is the Jaccard index",
                lambda t, m: (t & m).sum() / (t | m).sum(),
                3,
            ),
        ],
    )
