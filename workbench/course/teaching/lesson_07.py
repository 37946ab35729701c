"""Exercises of lesson 07, audio diffusion."""

from __future__ import annotations

import numpy as np

from workbench.course.teaching.core import Task, exercise


def on_the_line(x0: np.ndarray, noise: np.ndarray, t: float) -> np.ndarray:
    """(2, …): the point at time t between x0 and noise, and the velocity there."""
    return np.stack([(1 - t) * x0 + t * noise, noise - x0])


@exercise(
    "07.1",
    points=1,
    hints=(
        "At t = 0 the point is x₀, at t = 1 the noise; in between it lies on the line.",
        "The velocity is the derivative of the point with respect to t.",
    ),
)
def check_flow(random: np.random.Generator) -> Task:
    """Lesson 07: rectified flow's point and velocity."""
    cases = [
        (random.normal(size=4), random.normal(size=4), float(random.uniform(0.1, 0.9)))
        for _ in range(3)
    ]
    return Task(
        on_the_line,
        cases,
        [
            (
                "reversed: t = 0 is music, t = 1 is noise",
                lambda x, e, t: np.stack([t * x + (1 - t) * e, e - x]),
            ),
            (
                "the velocity points in the direction of increasing t: from music to noise",
                lambda x, e, t: np.stack([(1 - t) * x + t * e, x - e]),
            ),
            (
                "the path is straight: (1 − t) and t, without square roots",
                lambda x, e, t: np.stack([np.sqrt(1 - t) * x + np.sqrt(t) * e, e - x]),
            ),
        ],
    )


def modulated(h: np.ndarray, shift: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(time, width): the normalised h, scaled by 1 + scale and shifted."""
    h = (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + 1e-5)
    return h * (1 + scale) + shift


@exercise(
    "07.2",
    points=1,
    hints=(
        "First normalise each frame to mean 0 and variance 1 over its width; use keepdims.",
        "If shift and scale are 0, the result is the normalised frame.",
    ),
)
def check_modulate(random: np.random.Generator) -> Task:
    """Lesson 07: adaptive layer norm."""
    cases = [
        (3 * random.normal(size=(5, 8)), random.normal(size=8), random.normal(size=8))
        for _ in range(3)
    ]

    def normal(h: np.ndarray, axis: int = -1) -> np.ndarray:
        return (h - h.mean(axis, keepdims=True)) / np.sqrt(h.var(axis, keepdims=True) + 1e-5)

    return Task(
        modulated,
        cases,
        [
            (
                "multiply by 1 + scale: if both are zero, the result is the normalised h",
                lambda h, a, b: normal(h) * b + a,
            ),
            (
                "normalise each frame over its width, not each channel over time",
                lambda h, a, b: normal(h, 0) * (1 + b) + a,
            ),
            (
                "normalise first: mean 0 and variance 1 over the width",
                lambda h, a, b: h * (1 + b) + a,
            ),
            ("scale before you shift", lambda h, a, b: (normal(h) + a) * (1 + b)),
        ],
        tolerance=1e-3,
    )


def blend(parts: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """(length,): windows (n, frames) laid at their starts, averaged with triangular weights."""
    frames = parts.shape[1]
    weight = 1 - np.abs(np.linspace(-1, 1, frames + 2)[1:-1])
    total, share = np.zeros(length), np.zeros(length)
    for part, start in zip(parts, starts, strict=True):
        total[start : start + frames] += weight * part
        share[start : start + frames] += weight
    return total / share


@exercise(
    "07.3",
    points=2,
    hints=(
        "Each frame of a window has a weight: small at the ends, largest in the middle.",
        "Keep two sums: of weight times value, and of the weights.",
        "Add each window at its start; divide at the end.",
    ),
)
def check_blend(random: np.random.Generator) -> Task:
    """Lesson 07: overlapping windows averaged."""
    cases = [(random.normal(size=(3, 8)), np.array([0, 4, 8]), 16) for _ in range(3)]
    weight = 1 - np.abs(np.linspace(-1, 1, 10)[1:-1])

    def flat(parts: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
        count = blend(np.ones_like(parts), starts, length) * 0
        total = np.zeros(length)
        for part, start in zip(parts, starts, strict=True):
            total[start : start + 8] += part
            count[start : start + 8] += 1
        return total / count

    def undivided(parts: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
        total = np.zeros(length)
        for part, start in zip(parts, starts, strict=True):
            total[start : start + 8] += weight * part
        return total

    def last(parts: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
        total = np.zeros(length)
        for part, start in zip(parts, starts, strict=True):
            total[start : start + 8] = part
        return total

    return Task(
        blend,
        cases,
        [
            ("divide by the sum of the weights at each frame", undivided),
            ("equal weights cause jumps where a window begins: use triangular weights", flat),
            ("later windows overwrite earlier ones: add them", last),
        ],
    )
