"""Exercises of lesson 08, MusicLDM."""

from __future__ import annotations

import numpy as np

from workbench.course.teaching.core import Task, exercise


def octave(tempo: float, reference: float) -> float:
    """The tempo doubled or halved until its ratio to the reference is nearest to 1."""
    return float(tempo * 2.0 ** np.round(np.log2(reference / tempo)))


@exercise(
    "08.1",
    points=1,
    hints=(
        "In base-2 logarithms, an octave is 1.",
        "How many octaves lie between the tempo and the reference? Round that number.",
    ),
)
def check_octave(random: np.random.Generator) -> Task:
    """Lesson 08: tempi that differ by octaves."""
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
    "08.2",
    points=1,
    hints=(
        "What is the variance of λa + (1 − λ)b for independent a and b of variance 1?",
        "Divide by the square root of that variance.",
    ),
)
def check_mix(random: np.random.Generator) -> Task:
    """Lesson 08: mixup that keeps the variance."""
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


def copies(generated: np.ndarray, training: np.ndarray, threshold: float) -> float:
    """Share of generated vectors whose largest cosine with a training vector exceeds it."""
    return float((_cosines(generated, training).max(axis=1) > threshold).mean())


def _cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n, d), (m, d) → (n, m)."""
    a = a / np.linalg.norm(a, axis=1, keepdims=True)
    return np.asarray(a @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T)


@exercise(
    "08.3",
    points=2,
    hints=(
        "The cosine is the dot product of two vectors that were divided by their lengths.",
        "All cosines form a table (n, m). Each generated sound has one nearest training window.",
        "The mean of an array of truth values is the share of those that are true.",
    ),
)
def check_copies(random: np.random.Generator) -> Task:
    """Lesson 08: SIM_AA of generated (n, d) and training (m, d) vectors at a threshold."""
    cases = []
    for n, m, copied in ((8, 5, 3), (10, 7, 4), (9, 4, 2)):
        training = random.normal(size=(m, 6)) * random.uniform(0.3, 3, size=(m, 1))
        generated = random.normal(size=(n, 6)) * random.uniform(0.3, 3, size=(n, 1))
        source = random.integers(0, 2, size=copied)  # of the first two windows only
        generated[:copied] = training[source] * random.uniform(0.5, 2, size=(copied, 1))
        # halfway between two values, so that rounding decides nothing
        best = np.unique(_cosines(generated[copied:], training).max(axis=1))
        cases.append((generated, training, float((best[-1] + best[-2]) / 2)))

    def share(values: np.ndarray, threshold: float) -> float:
        return float((values > threshold).mean())

    return Task(
        copies,
        cases,
        [
            (
                "the dot product depends on the lengths: divide each vector by its own",
                lambda a, b, t: share((a @ b.T).max(axis=1), t),
            ),
            (
                "that is the share of training windows with a similar sound: take the maximum for "
                "each generated sound",
                lambda a, b, t: share(_cosines(a, b).max(axis=0), t),
            ),
            (
                "that is the share of all pairs: only the nearest window of each sound counts",
                lambda a, b, t: share(_cosines(a, b), t),
            ),
            (
                "the mean cosine hides a copy: take the maximum for each generated sound",
                lambda a, b, t: share(_cosines(a, b).mean(axis=1), t),
            ),
            (
                "that is a count: divide by the number of generated sounds",
                lambda a, b, t: float((_cosines(a, b).max(axis=1) > t).sum()),
            ),
            ("that is the share of those that are not copies", lambda a, b, t: 1 - copies(a, b, t)),
        ],
    )
