"""Exercises of lesson 11, the diffusion language model."""

from __future__ import annotations

import numpy as np

from workbench.course.teaching.core import Task, exercise


@exercise(
    "11.1",
    points=1,
    hints=(
        "t / T increases from nearly 0 to 1.",
        "The constant under the root keeps ᾱ below 1 at the first step.",
    ),
)
def check_sqrt_schedule(random: np.random.Generator) -> Task:
    """Lesson 11: ᾱ of Diffusion-LM's schedule, 1 − √(t/T + s), for an array of steps t."""
    cases = [(np.arange(1, 9.0), 10.0, 1e-4), (np.arange(1, 99, 7.0), 100.0, 1e-2)]
    return Task(
        lambda t, steps, s: 1 - np.sqrt(t / steps + s),
        cases,
        [
            (
                "the root is taken of the noise: subtract it from 1",
                lambda t, steps, s: np.sqrt(1 - t / steps - s),
            ),
            (
                "s belongs under the root: it is the noise at the first step",
                lambda t, steps, s: 1 - np.sqrt(t / steps) - s,
            ),
            ("t counts from 1 to T: divide by T", lambda t, steps, s: 1 - np.sqrt(t + s)),
        ],
        tolerance=1e-6,
    )


@exercise(
    "11.2",
    points=1,
    hints=(
        "The squared distances of all vectors to all embeddings form a table.",
        "With an axis of length 1 in each, broadcasting computes it in one subtraction.",
    ),
)
def check_rounding(random: np.random.Generator) -> Task:
    """Lesson 11: the nearest embedding of each vector."""
    cases = []
    for _ in range(4):
        table = random.normal(size=(9, 3)) * random.uniform(0.3, 3, size=(9, 1))
        cases.append((random.normal(size=(5, 3)), table))

    def nearest(x: np.ndarray, table: np.ndarray) -> np.ndarray:
        return np.square(x[:, None] - table[None]).sum(-1).argmin(1)

    return Task(
        nearest,
        cases,
        [
            (
                "the largest dot product favours long embeddings: take the smallest distance",
                lambda x, table: (x @ table.T).argmax(1),
            ),
            (
                "take the smallest distance, not the largest",
                lambda x, table: np.square(x[:, None] - table[None]).sum(-1).argmax(1),
            ),
            (
                "the cosine depends only on the direction; embeddings also differ in length",
                lambda x, table: (x @ table.T / np.linalg.norm(table, axis=1)).argmax(1),
            ),
        ],
    )


@exercise(
    "11.3",
    points=2,
    hints=(
        "The signal-to-noise ratio at a step is ᾱ / (1 − ᾱ).",
        "The previous step is less noisy. Which difference of the two ratios is positive?",
        "The squared error is summed, not averaged; a nat is 1 / ln 2 bits.",
    ),
)
def check_kl(random: np.random.Generator) -> Task:
    """Lesson 11: one denoising term of the bound, ½(SNR_s − SNR_t)·‖x₀ − x̂₀‖², in bits."""
    cases = []
    for _ in range(4):
        now, before = np.sort(random.uniform(0.05, 0.95, 2))
        cases.append((random.normal(size=6), random.normal(size=6), now, before))

    def nats(x: np.ndarray, guess: np.ndarray, now: float, before: float) -> float:
        snr = before / (1 - before) - now / (1 - now)
        return float(0.5 * snr * np.square(x - guess).sum())

    return Task(
        lambda *case: nats(*case) / np.log(2),
        cases,
        [
            ("the result is in nats: divide by ln 2", nats),
            (
                "the signal-to-noise ratio is ᾱ/(1 − ᾱ), not ᾱ",
                lambda x, g, now, before: 0.5 * (before - now) * np.square(x - g).sum() / np.log(2),
            ),
            (
                "the previous step is less noisy: its ratio is larger",
                lambda *case: -nats(*case) / np.log(2),
            ),
            (
                "sum over all numbers instead of taking the mean",
                lambda x, g, now, before: nats(x, g, now, before) / np.log(2) / len(x),
            ),
        ],
    )
