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


def octave(tempo: float, reference: float) -> float:
    """The tempo doubled or halved until its ratio to the reference is nearest to 1."""
    return float(tempo * 2.0 ** np.round(np.log2(reference / tempo)))


@exercise(
    "07.4",
    points=1,
    hints=(
        "In base-2 logarithms, an octave is 1.",
        "How many octaves lie between the tempo and the reference? Round that number.",
    ),
)
def check_octave(random: np.random.Generator) -> Task:
    """Lesson 07: tempi that differ by octaves."""
    # 102 / 70 lies between √2 and 1.5: the next octave is nearer by ratio, not by difference
    cases = [
        (70.0, 102.0),
        (42.0, 120.0),
        (250.0, 61.0),
        (float(random.uniform(40, 60)), float(random.uniform(170, 230))),
    ]
    return Task(
        octave,
        cases,
        [
            (
                "doubling once is not always enough: the tempi may be two octaves apart",
                lambda t, r: min((t / 2, t, 2 * t), key=lambda x: abs(np.log2(x / r))),
            ),
            (
                "the nearest is meant by ratio, not by difference: compare logarithms",
                lambda t, r: min((t * 2.0**k for k in range(-4, 5)), key=lambda x: abs(x - r)),
            ),
            (
                "use octaves, which are powers of 2, rather than integer multiples",
                lambda t, r: t * max(1, round(r / t)),
            ),
            (
                "the ratio is inverted: double slow tempi and halve fast ones",
                lambda t, r: t * 2.0 ** np.round(np.log2(t / r)),
            ),
            (
                "round to the nearest octave, not down",
                lambda t, r: t * 2.0 ** np.floor(np.log2(r / t)),
            ),
        ],
    )


def mixed(first: np.ndarray, second: np.ndarray, lam: float) -> np.ndarray:
    """λ of the first and 1 − λ of the second, with the variance of independent parts."""
    return (lam * first + (1 - lam) * second) / np.sqrt(lam**2 + (1 - lam) ** 2)


@exercise(
    "07.5",
    points=1,
    hints=(
        "What is the variance of λa + (1 − λ)b for independent a and b of variance 1?",
        "Divide by the square root of that variance.",
    ),
)
def check_mix(random: np.random.Generator) -> Task:
    """Lesson 07: mixup that keeps the variance."""
    cases = [
        (random.normal(size=6), random.normal(size=6), float(random.uniform(0.15, 0.4)))
        for _ in range(3)
    ]

    def plain(a: np.ndarray, b: np.ndarray, lam: float) -> np.ndarray:
        return lam * a + (1 - lam) * b

    return Task(
        mixed,
        cases,
        [
            ("that is the weighted mean: divide it so that the variance stays 1", plain),
            (
                "the divisor is the square root of the variance",
                lambda a, b, lam: plain(a, b, lam) / (lam**2 + (1 - lam) ** 2),
            ),
            ("λ belongs to the first piece", lambda a, b, lam: mixed(b, a, lam)),
        ],
    )
